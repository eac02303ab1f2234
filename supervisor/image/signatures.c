#include "image/signatures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "image/keys.h"
#include "image/spawn.h"
#include "trust/refuse.h"

/* A second signature of one key would count for nothing. */
static int add_described(struct signatures *s, const struct description *d, struct err *err)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (memcmp(s->by[i].spki, d->spki, sizeof(d->spki)) == 0)
			return REFUSE(err, EEXIST, "a second signature needs a second key",
				      "this key has signed the image already");
	s->by[s->count] = *d;
	return 0;
}

static int describe(struct signatures *s, const uint8_t *der, size_t size, struct err *err)
{
	struct description d;
	int r = describe_signature(der, size, &d, err);

	if (r == -ENOENT)
		return REFUSE(err, EBADMSG, "sign without -nocerts",
			      "signature carries no certificate");
	return r ? r : add_described(s, &d, err);
}

static int check_room(const struct signatures *s, struct err *err)
{
	if (s->count == SIGNATURES_MAX)
		return err_set(err, ENOSPC, "an image holds at most %d signatures", SIGNATURES_MAX);
	return 0;
}

int signatures_add(struct signatures *s, const uint8_t *der, size_t size, struct err *err)
{
	int r;

	if (check_room(s, err))
		return -ENOSPC;
	if (size == 0 || size > SIGNATURE_DER_MAX)
		return err_set(err, EBADMSG, "signature is empty or larger than 8 KiB");
	r = describe(s, der, size, err);
	if (r)
		return r;
	s->format[s->count] = SIGNATURE_PKCS7;
	(void)base64_encode(s->text[s->count++], der, size);
	return 0;
}

/* A bare signature with its key, both in DER. */
static int add_ecdsa(struct signatures *s, const struct ecdsa_job *job, struct err *err)
{
	static const char naming[] = "key sha256:";
	struct description d = {.issuer = "none: a bare key"};
	int r = check_room(s, err);

	r = r ? r : ecdsa_verify(job, err);
	if (r)
		return r;
	sha256_of(job->key, job->key_size, d.spki);
	memcpy(d.subject, naming, sizeof(naming));
	str_hex(d.subject + strlen(naming), d.spki, sizeof(d.spki));
	r = add_described(s, &d, err);
	if (r)
		return r;
	s->format[s->count] = SIGNATURE_ECDSA;
	(void)base64_encode(s->key[s->count], job->key, job->key_size);
	(void)base64_encode(s->text[s->count++], job->signature, job->signature_size);
	return 0;
}

int signatures_add_bare(struct signatures *s, const char *bytes, size_t size,
			const char *public_key, struct err *err)
{
	uint8_t decoded[ECDSA_SIGNATURE_MAX];
	uint8_t key[ECDSA_KEY_SIZE];
	char hash[2 * sizeof(s->root_hash) + 1];
	struct ecdsa_job job = {.key = key,
				.key_size = sizeof(key),
				.content = hash,
				.content_size = sizeof(hash) - 1,
				.signature = (const uint8_t *)bytes,
				.signature_size = size};
	int r = key_read_public(public_key, key, err);

	str_hex(hash, s->root_hash, sizeof(s->root_hash));
	while (size && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
		size--;
	if (base64_decode(bytes, size, decoded, sizeof(decoded), &job.signature_size) == 0)
		job.signature = decoded;
	return r ? r : add_ecdsa(s, &job, err);
}

static int take_ecdsa(struct signatures *s, const struct signature_text *text, struct err *err)
{
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	uint8_t key[ECDSA_KEY_SIZE];
	char hash[2 * sizeof(s->root_hash) + 1];
	struct ecdsa_job job = {.key = key,
				.signature = signature,
				.content = hash,
				.content_size = sizeof(hash) - 1};

	str_hex(hash, s->root_hash, sizeof(s->root_hash));
	if (base64_decode(text->text, text->length, signature, sizeof(signature),
			  &job.signature_size) ||
	    base64_decode(text->key, text->key_length, key, sizeof(key), &job.key_size))
		return err_set(err, EBADMSG, "a bare signature or its key is not base64");
	return add_ecdsa(s, &job, err);
}

int signatures_take(struct signatures *s, const struct signature_set *set, struct err *err)
{
	static uint8_t der[SIGNATURE_DER_MAX];

	memset(s, 0, sizeof(*s));
	memcpy(s->root_hash, set->root_hash, sizeof(s->root_hash));
	for (uint32_t i = 0; i < set->count; i++) {
		size_t size;
		int r;

		if (!set->signatures[i].text)
			continue;
		if (set->signatures[i].format == SIGNATURE_ECDSA) {
			r = take_ecdsa(s, &set->signatures[i], err);
			if (r)
				return r;
			continue;
		}
		if (base64_decode(set->signatures[i].text, set->signatures[i].length, der,
				  sizeof(der), &size))
			return err_set(err, EBADMSG, "signature %u is not base64", i + 1);
		r = signatures_add(s, der, size, err);
		if (r)
			return r;
	}
	return 0;
}

int signatures_make(struct signatures *s, const struct workdir *w, const char *key,
		    const char *certificate, struct err *err)
{
	char content[WORKDIR_PATH];
	char made[WORKDIR_PATH];
	char hash[2 * sizeof(s->root_hash) + 1];
	const char *const argv[] = {
		"openssl",   "smime",    "-sign", "-binary", "-noattr", "-md",
		"sha256",    "-outform", "DER",   "-in",     content,   "-signer",
		certificate, "-inkey",   key,     "-out",    made,      NULL,
	};
	char *der;
	size_t size;
	int r = workdir_join(w, "root-hash", content, err);

	r = r ? r : workdir_join(w, "signature", made, err);
	str_hex(hash, s->root_hash, sizeof(s->root_hash));
	r = r ? r : workdir_write_file(content, hash, strlen(hash), err);
	r = r ? r : spawn_run(argv, "openssl", err);
	r = r ? r : workdir_read_file(made, SIGNATURE_DER_MAX, &der, &size, err);
	if (r)
		return r;
	r = signatures_add(s, (const uint8_t *)der, size, err);
	free(der);
	return r;
}

static void print_one(const struct signatures *s, uint32_t i, struct text *t)
{
	char id[2 * sizeof(s->by[i].spki) + 1];

	str_hex(id, s->by[i].spki, sizeof(s->by[i].spki));
	text_add(t, "{");
	text_add_json_member(t, "format",
			     s->format[i] == SIGNATURE_ECDSA ? "ecdsa-p256-sha256" : "pkcs7");
	text_add_json_member(t, "keyId", id);
	if (s->format[i] == SIGNATURE_ECDSA)
		text_add_json_member(t, "key", s->key[i]);
	text_add_json_member(t, "data", s->text[i]);
	text_add(t, "}");
}

/* All but the one that stands in "signature". */
static void print_more(const struct signatures *s, uint32_t first, struct text *t)
{
	bool some = false;

	text_add_json_key(t, "x-bartizan-signatures");
	text_add(t, "[");
	for (uint32_t i = 0; i < s->count; i++) {
		if (i == first)
			continue;
		text_add(t, some ? "," : "");
		print_one(s, i, t);
		some = true;
	}
	text_add(t, "]");
}

/* The one that systemd and the kernel read: the first in their format. */
static uint32_t find_first(const struct signatures *s)
{
	uint32_t i = 0;

	while (i < s->count && s->format[i] != SIGNATURE_PKCS7)
		i++;
	return i;
}

ssize_t signatures_print(const struct signatures *s, char *text, size_t size)
{
	struct text t = {.at = text, .size = size};
	char hex[2 * sizeof(s->root_hash) + 1];
	uint32_t first = find_first(s);

	str_hex(hex, s->root_hash, sizeof(s->root_hash));
	text_add(&t, "{");
	text_add_json_member(&t, "rootHash", hex);
	if (first < s->count) {
		str_hex(hex, s->by[first].certificate, sizeof(s->by[first].certificate));
		text_add_json_member(&t, "certificateFingerprint", hex);
		text_add_json_member(&t, "signature", s->text[first]);
	}
	if (s->count > (first < s->count))
		print_more(s, first, &t);
	text_add(&t, "}");
	return t.cut ? -E2BIG : (ssize_t)t.used;
}
