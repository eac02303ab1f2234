/* links: base ipc crypto trust mbedtls */
/* A signature from outside, with nothing trusted: whatever it says, the answer is no. */
#include <stdlib.h>

#include "trust/describe.h"
#include "trust/pkcs7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trust_anchors anchors;
	static struct authorities authorities;
	struct trust_request request = {.check_expiry = true, .anchors = &anchors};
	struct pkcs7_job job = {
		.der = data,
		.size = size,
		.content = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.authorities = &authorities,
		.request = &request,
	};
	struct verdict_signer signer;
	struct description d;

	trust_anchors_init(&anchors);
	(void)trust_anchors_add(&anchors, ANCHOR_SPKI, "0123456789abcdef0123456789abcdef", 32,
				NULL);
	if (certificate_authorities_parse(&authorities, &anchors, NULL))
		abort();
	if (pkcs7_verify(&job, &signer, NULL) == 0)
		abort();
	(void)describe_signature(data, size, &d, NULL);
	return 0;
}
