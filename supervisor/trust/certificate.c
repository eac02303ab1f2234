#include "trust/certificate.h"

#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <string.h>
#include <time.h>

#include "crypto/sha256.h"
#include "trust/refuse.h"

#define HINT_LEAF                                                                                  \
	"the signer's certificate needs codeSigning, digitalSignature and a P-256, P-384 or "      \
	"RSA-3072 key"
#define HINT_ANCHORS "an anchor is a PEM file of CA certificates"
#define RSA_BITS_MIN 3072

/* Ours, not mbedTLS's default, which allows RSA-2048 and more curves. PSS is left out: one padding,
 * one verifier. */
static const mbedtls_x509_crt_profile profile = {
	.allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
	.allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
	.allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
			  MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1),
	.rsa_min_bitlen = RSA_BITS_MIN,
};

static bool same_name(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* mbedTLS ends a chain at the first anchor and looks no further up: an intermediate that its own
 * root (in the same file) did not allow would pass. It stores pathlen + 1. */
static bool breaks_path_length(const mbedtls_x509_crt *chain, const mbedtls_x509_crt *crt)
{
	if (same_name(&crt->subject_raw, &crt->issuer_raw))
		return false;
	for (const mbedtls_x509_crt *up = chain; up && up->raw.p; up = up->next)
		if (same_name(&up->subject_raw, &crt->issuer_raw) &&
		    up->MBEDTLS_PRIVATE(max_pathlen) == 1)
			return true;
	return false;
}

/* An anchor vouches for others: mbedTLS would also take a certificate that may not, when it is the
 * signer's own. */
static int check_authorities(const mbedtls_x509_crt *chain, uint32_t number, struct err *err)
{
	for (const mbedtls_x509_crt *crt = chain; crt && crt->raw.p; crt = crt->next) {
		if (!crt->MBEDTLS_PRIVATE(ca_istrue) ||
		    mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_KEY_CERT_SIGN))
			return REFUSE(err, EINVAL, "pin a signer's own key with spki=",
				      "trust anchor %u is no certificate authority", number);
		if (breaks_path_length(chain, crt))
			return REFUSE(err, EINVAL, HINT_ANCHORS,
				      "trust anchor %u breaks the path length of its root", number);
	}
	return 0;
}

int certificate_authorities_parse(struct authorities *a, const struct trust_anchors *anchors,
				  struct err *err)
{
	int r = 0;

	a->anchors = anchors;
	for (uint32_t i = 0; i < TRUST_SIGNERS_MAX; i++)
		mbedtls_x509_crt_init(&a->chains[i]);
	for (uint32_t i = 0; !r && i < anchors->count; i++) {
		const struct trust_anchor *one = &anchors->anchors[i];

		if (one->kind != ANCHOR_PEM)
			continue;
		/* A positive result counts certificates that were skipped: an anchor that was meant
		 * and is missing. */
		if (mbedtls_x509_crt_parse(&a->chains[i], anchors->bytes + one->offset,
					   one->length))
			return REFUSE(err, EINVAL, HINT_ANCHORS, "trust anchor %u is not readable",
				      i + 1);
		r = check_authorities(&a->chains[i], i + 1, err);
	}
	return r;
}

void certificate_authorities_free(struct authorities *a)
{
	for (uint32_t i = 0; i < TRUST_SIGNERS_MAX; i++)
		mbedtls_x509_crt_free(&a->chains[i]);
}

static int check_key(const mbedtls_x509_crt *leaf, struct err *err)
{
	mbedtls_pk_type_t type = mbedtls_pk_get_type(&leaf->pk);
	const mbedtls_ecp_keypair *pair = type == MBEDTLS_PK_ECKEY ? mbedtls_pk_ec(leaf->pk) : NULL;
	mbedtls_ecp_group_id curve = pair ? pair->MBEDTLS_PRIVATE(grp).id : MBEDTLS_ECP_DP_NONE;

	if (type == MBEDTLS_PK_RSA && mbedtls_pk_get_bitlen(&leaf->pk) >= RSA_BITS_MIN)
		return 0;
	if (curve == MBEDTLS_ECP_DP_SECP256R1 || curve == MBEDTLS_ECP_DP_SECP384R1)
		return 0;
	return REFUSE(err, EKEYREJECTED, HINT_LEAF,
		      "signer's key is too weak or of an unknown kind (%s, %zu bits)",
		      mbedtls_pk_get_name(&leaf->pk), mbedtls_pk_get_bitlen(&leaf->pk));
}

static bool has_purpose(const mbedtls_x509_crt *leaf, const char *oid, size_t size)
{
	for (const mbedtls_x509_sequence *s = &leaf->ext_key_usage; s; s = s->next)
		if (s->buf.len == size && memcmp(s->buf.p, oid, size) == 0)
			return true;
	return false;
}

/* mbedTLS's own checks answer yes when the extension is absent, and "any" counts as every purpose:
 * both are refused here. */
static int check_purpose(const mbedtls_x509_crt *leaf, struct err *err)
{
	if (leaf->MBEDTLS_PRIVATE(ca_istrue))
		return REFUSE(err, EKEYREJECTED, HINT_LEAF,
			      "image is signed with a certificate authority's own key");
	if (!mbedtls_x509_crt_has_ext_type(leaf, MBEDTLS_X509_EXT_KEY_USAGE) ||
	    mbedtls_x509_crt_check_key_usage(leaf, MBEDTLS_X509_KU_DIGITAL_SIGNATURE))
		return REFUSE(err, EKEYREJECTED, HINT_LEAF,
			      "certificate lacks the digitalSignature key usage");
	if (!mbedtls_x509_crt_has_ext_type(leaf, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE) ||
	    !has_purpose(leaf, MBEDTLS_OID_CODE_SIGNING,
			 MBEDTLS_OID_SIZE(MBEDTLS_OID_CODE_SIGNING)))
		return REFUSE(err, EKEYREJECTED, HINT_LEAF,
			      "certificate lacks the codeSigning extended key usage");
	if (has_purpose(leaf, MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE,
			MBEDTLS_OID_SIZE(MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE)))
		return REFUSE(err, EKEYREJECTED, HINT_LEAF,
			      "certificate is for any purpose, codeSigning alone is wanted");
	return 0;
}

/* YYYYMMDDhhmmss as one number, so that two times compare as such. */
static uint64_t as_digits(const mbedtls_x509_time *t)
{
	uint64_t day = ((uint64_t)t->year * 100 + (uint64_t)t->mon) * 100 + (uint64_t)t->day;

	return ((day * 100 + (uint64_t)t->hour) * 100 + (uint64_t)t->min) * 100 + (uint64_t)t->sec;
}

static bool has_expired(const mbedtls_x509_crt *crt, uint64_t now_s)
{
	time_t seconds = (time_t)now_s;
	mbedtls_x509_time now = {0};
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return true;
	now.year = tm.tm_year + 1900;
	now.mon = tm.tm_mon + 1;
	now.day = tm.tm_mday;
	now.hour = tm.tm_hour;
	now.min = tm.tm_min;
	now.sec = tm.tm_sec;
	return as_digits(&crt->valid_to) < as_digits(&now);
}

struct chain_walk {
	uint64_t now_s;
	bool expired; /* the certificate, or one above it */
};

/*
 * mbedTLS judges dates by a clock of its own choice. A gateway's clock may be anything, so its
 * verdict is wiped and ours is taken: notBefore never, notAfter only when asked.
 */
static int judge_dates(void *data, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct chain_walk *walk = data;

	(void)depth;
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	if (has_expired(crt, walk->now_s))
		walk->expired = true;
	return 0;
}

/* 0, -ENOKEY: this anchor does not vouch for @leaf, -EKEYREJECTED: it does, but something on the
 * way is too weak or has expired. */
static int check_chain(mbedtls_x509_crt *chain, struct chain_walk *walk,
		       const mbedtls_x509_crt *leaf, struct err *err)
{
	mbedtls_x509_crt copy;
	uint32_t flags = 0;
	int r;

	/* mbedTLS wants a leaf it may write to, and would follow leaf->next as intermediates: give
	 * it one certificate alone. */
	mbedtls_x509_crt_init(&copy);
	if (mbedtls_x509_crt_parse_der(&copy, leaf->raw.p, leaf->raw.len)) {
		mbedtls_x509_crt_free(&copy);
		return REFUSE(err, EKEYREJECTED, HINT_LEAF, "signer's certificate cannot be read");
	}
	r = mbedtls_x509_crt_verify_with_profile(&copy, chain, NULL, &profile, NULL, &flags,
						 judge_dates, walk);
	mbedtls_x509_crt_free(&copy);
	if (r && r != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return REFUSE(err, EKEYREJECTED, HINT_LEAF, "certificate chain cannot be checked");
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return -ENOKEY;
	if (flags)
		return REFUSE(err, EKEYREJECTED, HINT_LEAF,
			      "certificate chain uses a weak key or digest");
	return 0;
}

static int check_one_anchor(const struct authorities *a, struct chain_walk *walk,
			    const mbedtls_x509_crt *leaf, uint32_t index, struct err *err)
{
	const struct trust_anchor *one = &a->anchors->anchors[index];
	mbedtls_x509_crt chain =
		a->chains[index]; /* mbedTLS takes it without const and does not change it */
	uint8_t spki[SHA256_SIZE];

	if (one->kind == ANCHOR_PEM)
		return check_chain(&chain, walk, leaf, err);
	sha256_of(leaf->pk_raw.p, leaf->pk_raw.len, spki);
	if (memcmp(spki, a->anchors->bytes + one->offset, sizeof(spki)) != 0)
		return -ENOKEY;
	walk->expired = has_expired(leaf, walk->now_s);
	return 0;
}

int certificate_check(const struct authorities *a, const struct trust_request *request,
		      const mbedtls_x509_crt *leaf, struct verdict_signer *signer, struct err *err)
{
	struct chain_walk walk = {.now_s = request->now_s};
	uint32_t index;
	int r = -ENOKEY;

	for (index = 0; index < a->anchors->count; index++) {
		walk.expired = false;
		r = check_one_anchor(a, &walk, leaf, index, err);
		if (r != -ENOKEY)
			break;
	}
	if (r == -ENOKEY)
		return REFUSE(
			err, ENOKEY,
			"its certificate authority must be an anchor of a [signer] in trust.conf",
			"signature by an unknown certificate authority");
	if (!r && walk.expired && request->check_expiry)
		r = REFUSE(err, EKEYREJECTED, "sign the image again with a current certificate",
			   "certificate has expired");
	r = r ? r : check_key(leaf, err);
	r = r ? r : check_purpose(leaf, err);
	if (r)
		return r;
	signer->anchor = index;
	signer->expired = walk.expired;
	return 0;
}
