#include "image/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base64.h"
#include "image/workdir.h"
#include "trust/refuse.h"

#define PEM_MAX 4096

/* Letters between the two lines, without line ends (RFC 7468). */
static int decode_pem(const char *pem, uint8_t key[ECDSA_KEY_SIZE], size_t *size)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----";
	static const char end[] = "-----END PUBLIC KEY-----";
	const char *at = strstr(pem, begin);
	const char *stop = at ? strstr(at, end) : NULL;
	char text[PEM_MAX];
	size_t length = 0;

	if (!stop)
		return -EBADMSG;
	for (at += strlen(begin); at < stop; at++)
		if (*at != '\n' && *at != '\r')
			text[length++] = *at; /* @pem has at most PEM_MAX bytes */
	return base64_decode(text, length, key, ECDSA_KEY_SIZE, size);
}

int key_read_public(const char *path, uint8_t key[ECDSA_KEY_SIZE], struct err *err)
{
	char *pem;
	size_t size;
	int r = workdir_read_file(path, PEM_MAX, &pem, &size, err);

	if (r)
		return r;
	r = decode_pem(pem, key, &size);
	free(pem);
	if (r || size != ECDSA_KEY_SIZE)
		return REFUSE(err, EBADMSG,
			      "as `cosign generate-key-pair` and `openssl pkey -pubout` write it",
			      "%s is no P-256 public key in PEM", path);
	return 0;
}
