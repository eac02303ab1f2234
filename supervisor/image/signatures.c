#include "image/signatures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "image/spawn.h"
#include "trust/refuse.h"

static int describe(struct signatures *s, const uint8_t *der, size_t size, struct err *err)
{
	struct description d;
	int r = describe_signature(der, size, &d, err);

	if (r == -ENOENT)
		return REFUSE(err, EBADMSG, "sign without -nocerts",
			      "signature carries no certificate");
	if (r)
		return r;
	for (uint32_t i = 0; i < s->count; i++)
		if (memcmp(s->by[i].spki, d.spki, sizeof(d.spki)) == 0)
			return REFUSE(err, EEXIST, "a second signature needs a second key",
				      "this key has signed the image already");
	s->by[s->count] = d;
	return 0;
}

int signatures_add(struct signatures *s, const uint8_t *der, size_t size, struct err *err)
{
	int r;

	if (s->count == SIGNATURES_MAX)
		return err_set(err, ENOSPC, "an image holds at most %d signatures", SIGNATURES_MAX);
	if (size == 0 || size > SIGNATURE_DER_MAX)
		return err_set(err, EBADMSG, "signature is empty or larger than 8 KiB");
	r = describe(s, der, size, err);
	if (r)
		return r;
	(void)base64_encode(s->text[s->count++], der, size);
	return 0;
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

static void print_more(const struct signatures *s, struct text *t)
{
	text_add_json_key(t, "x-bartizan-signatures");
	text_add(t, "[");
	for (uint32_t i = 1; i < s->count; i++) {
		char key[2 * sizeof(s->by[i].spki) + 1];

		str_hex(key, s->by[i].spki, sizeof(s->by[i].spki));
		text_add(t, i > 1 ? ",{" : "{");
		text_add_json_member(t, "format", "pkcs7");
		text_add_json_member(t, "keyId", key);
		text_add_json_member(t, "data", s->text[i]);
		text_add(t, "}");
	}
	text_add(t, "]");
}

ssize_t signatures_print(const struct signatures *s, char *text, size_t size)
{
	struct text t = {.at = text, .size = size};
	char hex[2 * sizeof(s->root_hash) + 1];

	str_hex(hex, s->root_hash, sizeof(s->root_hash));
	text_add(&t, "{");
	text_add_json_member(&t, "rootHash", hex);
	if (s->count) {
		str_hex(hex, s->by[0].certificate, sizeof(s->by[0].certificate));
		text_add_json_member(&t, "certificateFingerprint", hex);
		text_add_json_member(&t, "signature", s->text[0]);
	}
	if (s->count > 1)
		print_more(s, &t);
	text_add(&t, "}");
	return t.cut ? -E2BIG : (ssize_t)t.used;
}
