#define MBEDTLS_ALLOW_PRIVATE_ACCESS    /* the one signer's digest, issuer and signature have no   \
					   accessors in mbedTLS 3.6 */
#include "trust/pkcs7.h"

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pkcs7.h>
#include <string.h>

#include "crypto/sha256.h"
#include "trust/der.h"
#include "trust/refuse.h"

#define HINT_SIGN "sign with `openssl smime -sign -binary -noattr -md sha256 -outform DER`"

static bool buf_equal(const mbedtls_asn1_buf *a, const mbedtls_asn1_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static bool made_by(const mbedtls_pkcs7_signer_info *info, const mbedtls_x509_crt *crt)
{
	return buf_equal(&info->issuer_raw, &crt->issuer_raw) &&
	       buf_equal(&info->serial, &crt->serial);
}

/* The signer's certificate: from the signature itself, or, when it carries none, from the anchors.
 */
static const mbedtls_x509_crt *find_certificate(const mbedtls_pkcs7_signed_data *data,
						const struct authorities *a)
{
	if (data->no_of_certs == 1)
		return made_by(&data->signers, &data->certs) ? &data->certs : NULL;
	for (uint32_t i = 0; i < a->anchors->count; i++)
		for (const mbedtls_x509_crt *crt = &a->chains[i]; crt && crt->raw.p;
		     crt = crt->next)
			if (made_by(&data->signers, crt))
				return crt;
	return NULL;
}

static int find_digest(const mbedtls_pkcs7_signed_data *data, mbedtls_md_type_t *md,
		       struct err *err)
{
	if (mbedtls_oid_get_md_alg(&data->digest_alg_identifiers, md) ||
	    (*md != MBEDTLS_MD_SHA256 && *md != MBEDTLS_MD_SHA384))
		return REFUSE(err, EKEYREJECTED, HINT_SIGN,
			      "signature uses a digest other than SHA-256 and SHA-384");
	return 0;
}

/* What the signature says of itself must be what it is: mbedTLS goes by the key alone and would let
 * the field be anything. */
static int check_algorithm(const mbedtls_pkcs7_signed_data *data, const mbedtls_x509_crt *leaf,
			   mbedtls_md_type_t md, struct err *err)
{
	const mbedtls_asn1_buf *field = &data->signers.sig_alg_identifier;
	mbedtls_md_type_t named_md = md; /* rsaEncryption names no digest */
	mbedtls_pk_type_t named_pk;

	if (mbedtls_oid_get_sig_alg(field, &named_md, &named_pk) &&
	    mbedtls_oid_get_pk_alg(field, &named_pk))
		named_pk = MBEDTLS_PK_NONE;
	if (named_md != md || named_pk == MBEDTLS_PK_NONE ||
	    !mbedtls_pk_can_do(&leaf->pk, named_pk))
		return REFUSE(err, EKEYREJECTED, HINT_SIGN,
			      "signature names an algorithm that its key does not have");
	return 0;
}

/*
 * Not mbedtls_pkcs7_signed_data_verify(): it judges the dates by a clock of its own and takes any
 * of several signers.
 */
static int check_signature(const struct pkcs7_job *job, const mbedtls_pkcs7_signed_data *data,
			   const mbedtls_x509_crt *leaf, struct err *err)
{
	mbedtls_pk_context key = leaf->pk; /* mbedTLS takes it without const */
	uint8_t digest[MBEDTLS_MD_MAX_SIZE];
	const mbedtls_md_info_t *info;
	mbedtls_md_type_t md;
	int r = find_digest(data, &md, err);

	r = r ? r : check_algorithm(data, leaf, md, err);
	if (r)
		return r;
	info = mbedtls_md_info_from_type(md);
	if (!info ||
	    mbedtls_md(info, (const unsigned char *)job->content, PKCS7_CONTENT_SIZE, digest))
		return REFUSE(err, EKEYREJECTED, HINT_SIGN,
			      "digest of the signature is not built in");
	if (mbedtls_pk_verify(&key, md, digest, mbedtls_md_get_size(info), data->signers.sig.p,
			      data->signers.sig.len))
		return REFUSE(err, EKEYREJECTED, HINT_SIGN,
			      "signature does not match the root hash");
	return 0;
}

static int verify_parsed(const struct pkcs7_job *job, const mbedtls_pkcs7_signed_data *data,
			 struct verdict_signer *signer, struct err *err)
{
	const mbedtls_x509_crt *leaf;
	int r;

	if (data->no_of_signers != 1)
		return REFUSE(err, EBADMSG, HINT_SIGN, "signature has %d signers, must have one",
			      data->no_of_signers);
	leaf = find_certificate(data, job->authorities);
	if (!leaf && data->no_of_certs == 1)
		return REFUSE(err, EBADMSG, HINT_SIGN,
			      "signature carries the certificate of somebody else");
	if (!leaf)
		return REFUSE(err, ENOKEY, HINT_SIGN,
			      "signature without certificate, by an unknown signer");
	sha256_of(leaf->raw.p, leaf->raw.len, signer->certificate);
	sha256_of(leaf->pk_raw.p, leaf->pk_raw.len, signer->spki);
	r = certificate_check(job->authorities, job->request, leaf, signer, err);
	return r ? r : check_signature(job, data, leaf, err);
}

/* mbedTLS also takes a bare SignedData without its ContentInfo: one signature, one form, so the
 * outer OID must be there. */
static bool has_content_type(const uint8_t *der, size_t size)
{
	static const uint8_t oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				      0xf7, 0x0d, 0x01, 0x07, 0x02};

	size_t at = size < 2        ? 0
		    : der[1] & 0x80 ? 2 + (size_t)(der[1] & 0x7f)
				    : 2; /* der_check() has seen this length */

	return size > at + sizeof(oid) && memcmp(der + at, oid, sizeof(oid)) == 0;
}

int pkcs7_verify(const struct pkcs7_job *job, struct verdict_signer *signer, struct err *err)
{
	mbedtls_pkcs7 parsed;
	int r = der_check(job->der, job->size, err);

	if (r)
		return r;
	if (!has_content_type(job->der, job->size))
		return REFUSE(err, EBADMSG, HINT_SIGN, "signature is not PKCS#7 signedData");
	mbedtls_pkcs7_init(&parsed);
	if (mbedtls_pkcs7_parse_der(&parsed, job->der, job->size) != MBEDTLS_PKCS7_SIGNED_DATA)
		r = REFUSE(
			err, EBADMSG, HINT_SIGN,
			"signature is not detached PKCS#7 with one certificate and no attributes");
	else
		r = verify_parsed(job, &parsed.signed_data, signer, err);
	mbedtls_pkcs7_free(&parsed);
	return r;
}
