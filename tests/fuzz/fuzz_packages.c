/* links: base ipc crypto trust seccomp audit policy cli image mbedtls seccomp inih */
/* A package database: what comes out are names and versions that go into JSON and URLs as they are.
 * The other bytes feed the search for secrets, which may find anything but must stay inside. */
#include <stdlib.h>
#include <string.h>

#include "image/packages.h"
#include "image/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	if (strnlen(text, size) == size)
		abort();
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package_text text = {.bytes = (const char *)data + 1};
	struct package p;

	if (size < 1)
		return 0;
	text.size = size - 1;
	while (package_next(data[0] & 1 ? &package_apk : &package_deb, &text, &p)) {
		if (!p.name[0] || !p.version[0] || text.at > text.size)
			abort();
		check_text(p.name, sizeof(p.name));
		check_text(p.version, sizeof(p.version));
		check_text(p.arch, sizeof(p.arch));
	}
	(void)scan_secrets((const char *)data, size);
	return 0;
}
