/* links: base ipc crypto trust mbedtls */
/* The text of the signature partition, and the base64 in it. */
#include <stdlib.h>

#include "crypto/base64.h"
#include "trust/signature_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t der[SIGNATURE_DER_MAX];
	struct signature_set set;
	const char *text = (const char *)data;
	size_t count;

	if (signature_json_read(text, size, &set, NULL))
		return 0;
	if (set.count < 1 || set.count > SIGNATURES_MAX)
		abort();
	if (!set.signatures[0].text && set.count < 2)
		abort();
	for (uint32_t i = set.signatures[0].text ? 0 : 1; i < set.count; i++) {
		if (set.signatures[i].text < text ||
		    set.signatures[i].text + set.signatures[i].length > text + size)
			abort();
		if (set.signatures[i].format == SIGNATURE_ECDSA &&
		    (set.signatures[i].key < text ||
		     set.signatures[i].key + set.signatures[i].key_length > text + size))
			abort();
		(void)base64_decode(set.signatures[i].text, set.signatures[i].length, der,
				    sizeof(der), &count);
	}
	return 0;
}
