#ifndef IMAGE_SBOM_H
#define IMAGE_SBOM_H

#include "image/manifest.h"

#define SBOM_PATH "usr/lib/bartizan/sbom.json"

struct sbom {
	const char *form;                /* "spdx" (2.3) or "cyclonedx" (1.5) */
	uint64_t date_s;                 /* the document's time, seconds since 1970 */
	char digest[POLICY_DIGEST_TEXT]; /* filled in: "sha256:" of the document */
	uint32_t packages;               /* filled in */
};

/*
 * List the packages that the databases below @stage name, as SBOM_PATH below it. -ENOENT: there is
 * no database; -EFBIG: more than can be listed; -errno.
 */
int sbom_write(struct sbom *s, const struct manifest *m, const char *stage, struct err *err);

#endif
