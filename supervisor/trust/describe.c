#define MBEDTLS_ALLOW_PRIVATE_ACCESS    /* the certificate inside a PKCS#7 has no accessor in      \
					   mbedTLS 3.6 */
#include "trust/describe.h"

#include <mbedtls/pkcs7.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/sha256.h"
#include "trust/der.h"
#include "trust/refuse.h"

static void describe_name(char *to, size_t size, const mbedtls_x509_name *name)
{
	if (mbedtls_x509_dn_gets(to, size, name) < 0)
		str_join(to, size, "?", "", "");
	str_sanitize(to, size);
}

static void describe(const mbedtls_x509_crt *crt, struct description *d)
{
	const mbedtls_x509_time *end = &crt->valid_to;

	memset(d, 0, sizeof(*d));
	describe_name(d->subject, sizeof(d->subject), &crt->subject);
	describe_name(d->issuer, sizeof(d->issuer), &crt->issuer);
	(void)snprintf(d->not_after, sizeof(d->not_after), "%04u-%02u-%02uT%02u:%02u:%02uZ",
		       (unsigned)end->year % 10000, (unsigned)end->mon % 100,
		       (unsigned)end->day % 100, (unsigned)end->hour % 100,
		       (unsigned)end->min % 100, (unsigned)end->sec % 100);
	sha256_of(crt->pk_raw.p, crt->pk_raw.len, d->spki);
	sha256_of(crt->raw.p, crt->raw.len, d->certificate);
}

int describe_certificate(const char *pem, size_t size, struct description *d, struct err *err)
{
	mbedtls_x509_crt crt;
	int r = 0;

	mbedtls_x509_crt_init(&crt);
	if (mbedtls_x509_crt_parse(&crt, (const unsigned char *)pem, size))
		r = REFUSE(err, EBADMSG, "a certificate is a PEM file",
			   "certificate cannot be read");
	else
		describe(&crt, d);
	mbedtls_x509_crt_free(&crt);
	return r;
}

int describe_signature(const uint8_t *der, size_t size, struct description *d, struct err *err)
{
	mbedtls_pkcs7 parsed;
	int r = der_check(der, size, err);

	if (r)
		return r;
	mbedtls_pkcs7_init(&parsed);
	if (mbedtls_pkcs7_parse_der(&parsed, der, size) != MBEDTLS_PKCS7_SIGNED_DATA)
		r = REFUSE(
			err, EBADMSG,
			"sign with `openssl smime -sign -binary -noattr -md sha256 -outform DER`",
			"signature is not detached PKCS#7 with one certificate and no attributes");
	else if (parsed.signed_data.no_of_certs != 1)
		r = REFUSE(err, ENOENT, "", "signature carries no certificate");
	else
		describe(&parsed.signed_data.certs, d);
	mbedtls_pkcs7_free(&parsed);
	return r;
}
