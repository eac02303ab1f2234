#include "trust/image.h"

#include <string.h>

#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "trust/ecdsa.h"
#include "trust/envelope.h"
#include "trust/pkcs7.h"
#include "trust/refuse.h"
#include "trust/verity.h"

#define HINT_KEY "name it in trust.conf: [signer NAME] spki = sha256:..."

struct judgement {
	const struct trust_request *request;
	struct authorities authorities;
	char content[PKCS7_CONTENT_SIZE + 1];
	struct verdict verdict;
};

/* Two certificates of one key, or one signature twice, are one signer. */
static void add_signer(struct verdict *v, const struct verdict_signer *signer)
{
	for (uint32_t i = 0; i < v->signer_count; i++)
		if (memcmp(v->signers[i].spki, signer->spki, sizeof(signer->spki)) == 0)
			return;
	v->signers[v->signer_count++] = *signer;
}

/* What systemd and the kernel would show as the signer must be the signer. */
static int check_fingerprint(const struct signature_set *set, const struct verdict_signer *signer,
			     struct err *err)
{
	if (set->has_fingerprint &&
	    memcmp(set->fingerprint, signer->certificate, sizeof(set->fingerprint)) != 0)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "certificate fingerprint does not belong to the signature");
	return 0;
}

static int find_spki(const struct trust_anchors *a, const uint8_t spki[TRUST_DIGEST_SIZE],
		     uint32_t *anchor)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (a->anchors[i].kind == ANCHOR_SPKI &&
		    memcmp(a->bytes + a->anchors[i].offset, spki, TRUST_DIGEST_SIZE) == 0) {
			*anchor = i;
			return 0;
		}
	return -ENOKEY;
}

/* A bare key is known by its digest or not at all: no certificate says what it may do. */
static int judge_key(struct judgement *j, const struct signature_text *text, struct err *err)
{
	uint8_t signature[ECDSA_SIGNATURE_MAX];
	uint8_t key[ECDSA_KEY_SIZE];
	struct ecdsa_job job = {.key = key,
				.signature = signature,
				.content = j->content,
				.content_size = PKCS7_CONTENT_SIZE};
	struct verdict_signer signer = {0};
	int r;

	if (base64_decode(text->text, text->length, signature, sizeof(signature),
			  &job.signature_size) ||
	    base64_decode(text->key, text->key_length, key, sizeof(key), &job.key_size))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "key or its signature is not base64 of ECDSA P-256");
	sha256_of(key, job.key_size, signer.spki);
	if (find_spki(j->request->anchors, signer.spki, &signer.anchor))
		return REFUSE(err, ENOKEY, HINT_KEY, "signature by a key that no signer names");
	r = ecdsa_verify(&job, err);
	if (!r)
		add_signer(&j->verdict, &signer);
	return r;
}

static int judge_signature(struct judgement *j, const struct signature_set *set, uint32_t index,
			   struct err *err)
{
	static uint8_t der[SIGNATURE_DER_MAX];
	const struct signature_text *text = &set->signatures[index];
	struct pkcs7_job job = {
		.der = der,
		.content = j->content,
		.authorities = &j->authorities,
		.request = j->request,
	};
	struct verdict_signer signer = {0};
	int binding;
	int r;

	if (text->format == SIGNATURE_ECDSA)
		return judge_key(j, text, err);
	r = base64_decode(text->text, text->length, der, sizeof(der), &job.size);
	if (r)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "signature %u is not base64 of at most 8 KiB", index + 1);
	r = pkcs7_verify(&job, &signer, err);
	if (r && r != -ENOKEY)
		return r;
	binding = index == 0 ? check_fingerprint(set, &signer, err) : 0;
	if (binding)
		return binding;
	if (!r)
		add_signer(&j->verdict, &signer);
	return r;
}

/*
 * A signature under an authority we do not know says nothing, and another device may know it: it is
 * not counted. Every other fault refuses the image, so a broken signature cannot hide behind a good
 * one.
 */
static int judge_signatures(struct judgement *j, const struct signature_set *set, struct err *err)
{
	struct err first = {0};

	str_hex(j->content, set->root_hash, sizeof(set->root_hash));
	for (uint32_t i = set->signatures[0].text ? 0 : 1; i < set->count; i++) {
		struct err why = {0};
		int r = judge_signature(j, set, i, &why);

		if (r && r != -ENOKEY) {
			*err = why;
			return r;
		}
		if (r && !first.code)
			first = why;
	}
	if (j->verdict.signer_count)
		return 0;
	*err = first;
	return -ENOKEY;
}

static int judge_image(struct judgement *j, int fd, struct err *err)
{
	static struct envelope
		e; /* 64 KiB: too much for a stack, and there is one image per process */
	struct verdict *v = &j->verdict;
	struct verity_place place;
	struct verity_shape shape;
	struct verity verity;
	int r = envelope_read(fd, j->request->arch, &e, err);

	r = r ? r : judge_signatures(j, &e.signatures, err);
	if (r)
		return r;
	place = envelope_verity_place(&e.gpt);
	r = verity_read(fd, &place, &verity, err);
	if (r)
		return r;
	if (verity_shape(verity.data_blocks, &shape))
		return REFUSE(err, EBADMSG, HINT_BUILD, "image is empty or too large");
	memcpy(v->root_hash, e.signatures.root_hash, sizeof(v->root_hash));
	memcpy(v->salt, verity.salt, sizeof(v->salt));
	v->salt_size = verity.salt_size;
	v->arch = j->request->arch;
	v->data_offset = e.gpt.parts[PART_ROOT].offset;
	v->data_blocks = verity.data_blocks;
	v->hash_offset = e.gpt.parts[PART_VERITY].offset;
	v->hash_blocks = shape.total;
	return 0;
}

int trust_image_verify(int fd, const struct trust_request *request, struct verdict *verdict,
		       struct err *err)
{
	struct judgement j = {.request = request};
	struct err why = {0}; /* always there, so that no refusal depends on the caller wanting to
				 know the reason */
	int r = trust_anchors_validate(request->anchors, &why);

	if (!r) {
		r = certificate_authorities_parse(&j.authorities, request->anchors, &why);
		r = r ? r : judge_image(&j, fd, &why);
		certificate_authorities_free(&j.authorities);
	}
	if (!r)
		*verdict = j.verdict;
	else if (err)
		*err = why;
	return r;
}

int trust_image_check_anchors(const struct trust_anchors *anchors, struct err *err)
{
	struct authorities authorities;
	int r = trust_anchors_validate(anchors, err);

	if (r)
		return r;
	r = certificate_authorities_parse(&authorities, anchors, err);
	certificate_authorities_free(&authorities);
	return r;
}
