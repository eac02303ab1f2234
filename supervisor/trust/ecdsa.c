#include "trust/ecdsa.h"

#include <mbedtls/ecdsa.h>
#include <string.h>

#include "crypto/sha256.h"
#include "trust/der.h"
#include "trust/refuse.h"

#define HINT_KEY "sign with a P-256 key: cosign generate-key-pair, or openssl genpkey -algorithm EC"

/* Everything of a P-256 key in front of its point. */
static const uint8_t key_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
				   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

static int read_key(const struct ecdsa_job *job, mbedtls_ecdsa_context *context)
{
	mbedtls_ecp_group *group = &context->MBEDTLS_PRIVATE(grp);
	mbedtls_ecp_point *point = &context->MBEDTLS_PRIVATE(Q);

	if (job->key_size != ECDSA_KEY_SIZE || memcmp(job->key, key_head, sizeof(key_head)) != 0 ||
	    mbedtls_ecp_group_load(group, MBEDTLS_ECP_DP_SECP256R1) ||
	    mbedtls_ecp_point_read_binary(group, point, job->key + sizeof(key_head),
					  job->key_size - sizeof(key_head)) ||
	    mbedtls_ecp_check_pubkey(group, point))
		return -EBADMSG;
	return 0;
}

int ecdsa_verify(const struct ecdsa_job *job, struct err *err)
{
	mbedtls_ecdsa_context context;
	uint8_t digest[SHA256_SIZE];
	int r;

	if (job->signature_size > ECDSA_SIGNATURE_MAX)
		return REFUSE(err, EBADMSG, HINT_KEY,
			      "signature is larger than one of ECDSA P-256");
	r = der_check(job->signature, job->signature_size, err);
	if (r)
		return r;
	mbedtls_ecdsa_init(&context);
	sha256_of(job->content, job->content_size, digest);
	if (read_key(job, &context))
		r = REFUSE(err, EBADMSG, HINT_KEY, "key is no ECDSA P-256 key");
	else if (mbedtls_ecdsa_read_signature(&context, digest, sizeof(digest), job->signature,
					      job->signature_size))
		r = REFUSE(err, EKEYREJECTED, HINT_KEY, "signature does not match the root hash");
	mbedtls_ecdsa_free(&context);
	return r;
}
