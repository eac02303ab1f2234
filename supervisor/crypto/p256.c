#include "crypto/p256.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/base64.h"

#define DER_MAX  160u
#define LINE_MAX 64u /* characters of a PEM line, RFC 7468 section 2 */

/* What stands before secret and point in each form; the point is the end of all of them. */
#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})
#define OID_KEY    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01       /* id-ecPublicKey */
#define OID_CURVE  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 /* prime256v1 */
#define POINT_TAG  0xa1, 0x44, 0x03, 0x42, 0x00

struct form {
	const char *label;
	const uint8_t *before; /* the secret; of a public key: the point */
	size_t before_size;
	const uint8_t *between;
	size_t between_size;
	bool secret;
};

/* clang-format off */
#define PART(...) BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__))
static const struct form forms[] = {
	{"PUBLIC KEY", PART(0x30, 0x59, 0x30, 0x13, OID_KEY, OID_CURVE, 0x03, 0x42, 0x00), NULL, 0, false},
	{"EC PRIVATE KEY", PART(0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20), PART(0xa0, 0x0a, OID_CURVE, POINT_TAG), true},
	{"PRIVATE KEY", PART(0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, OID_KEY, OID_CURVE, 0x04, 0x6d, 0x30, 0x6b,
			     0x02, 0x01, 0x01, 0x04, 0x20), PART(POINT_TAG), true},
};
/* clang-format on */

/* The base64 text between the two lines of @label, line ends taken out. -EINVAL. */
static int read_body(const char *pem, const char *label, uint8_t *der, size_t *size)
{
	char text[BASE64_TEXT_SIZE(DER_MAX)];
	char first[64];
	char last[64];
	size_t used = 0;

	str_join(first, sizeof(first), "-----BEGIN ", label, "-----\n");
	str_join(last, sizeof(last), "-----END ", label, "-----\n");
	if (!str_starts(pem, first))
		return -EINVAL;
	pem += strlen(first);
	for (; *pem && *pem != '-'; pem++) {
		if (*pem == '\n')
			continue;
		if (used == sizeof(text) - 1)
			return -EINVAL;
		text[used++] = *pem;
	}
	if (!str_equal(pem, last))
		return -EINVAL;
	return base64_decode(text, used, der, DER_MAX, size) ? -EINVAL : 0;
}

static int read_form(const char *pem, const struct form *form, uint8_t *secret, uint8_t *point)
{
	size_t middle = form->before_size + (form->secret ? P256_SECRET_SIZE : 0);
	size_t whole = middle + form->between_size + P256_POINT_SIZE;
	uint8_t der[DER_MAX];
	size_t size = 0;
	int r = read_body(pem, form->label, der, &size);

	if (!r &&
	    (size != whole || memcmp(der, form->before, form->before_size) != 0 ||
	     (form->between_size && memcmp(der + middle, form->between, form->between_size) != 0) ||
	     der[middle + form->between_size] != 0x04))
		r = -EINVAL;
	if (!r && form->secret)
		memcpy(secret, der + form->before_size, P256_SECRET_SIZE);
	if (!r)
		memcpy(point, der + middle + form->between_size, P256_POINT_SIZE);
	explicit_bzero(der, sizeof(der));
	return r;
}

static void write_form(char *pem, const struct form *form, const uint8_t *secret,
		       const uint8_t *point)
{
	char text[BASE64_TEXT_SIZE(DER_MAX)];
	uint8_t der[DER_MAX];
	size_t size = form->before_size;
	size_t used = 0;

	memcpy(der, form->before, size);
	if (form->secret) {
		memcpy(der + size, secret, P256_SECRET_SIZE);
		size += P256_SECRET_SIZE;
		memcpy(der + size, form->between, form->between_size);
		size += form->between_size;
	}
	memcpy(der + size, point, P256_POINT_SIZE);
	(void)base64_encode(text, der, size + P256_POINT_SIZE);
	used = (size_t)snprintf(pem, P256_PEM_SIZE, "-----BEGIN %s-----\n", form->label);
	for (size_t at = 0; at < strlen(text); at += LINE_MAX)
		used += (size_t)snprintf(pem + used, P256_PEM_SIZE - used, "%.*s\n", (int)LINE_MAX,
					 text + at);
	(void)snprintf(pem + used, P256_PEM_SIZE - used, "-----END %s-----\n", form->label);
	explicit_bzero(der, sizeof(der));
	explicit_bzero(text, sizeof(text));
}

int p256_read_public(const char *pem, uint8_t point[P256_POINT_SIZE])
{
	return read_form(pem, &forms[0], NULL, point);
}

void p256_write_public(char pem[P256_PEM_SIZE], const uint8_t point[P256_POINT_SIZE])
{
	write_form(pem, &forms[0], NULL, point);
}

int p256_read_private(const char *pem, struct p256_pair *pair)
{
	int r = read_form(pem, &forms[1], pair->secret, pair->point);

	return r ? read_form(pem, &forms[2], pair->secret, pair->point) : 0;
}

void p256_write_private(char pem[P256_PEM_SIZE], const struct p256_pair *pair)
{
	write_form(pem, &forms[1], pair->secret, pair->point);
}
