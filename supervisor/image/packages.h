#ifndef IMAGE_PACKAGES_H
#define IMAGE_PACKAGES_H

#include <stdbool.h>
#include <stddef.h>

/* The package databases that root file systems carry: stanzas of "Key: value" lines with an empty
 * line between. */
struct package_form {
	const char *ecosystem; /* of a package URL: "deb" */
	const char *name;      /* key of each field */
	const char *version;
	const char *arch;
	const char *status; /* must end in "installed"; NULL: all are */
};

extern const struct package_form package_deb; /* dpkg: /var/lib/dpkg/status */
extern const struct package_form package_apk; /* Alpine: /lib/apk/db/installed */

struct package {
	char name[128];
	char version[128];
	char arch[32];
};

struct package_text {
	const char *bytes;
	size_t size;
	size_t at;
};

/* The next installed package: true, or false at the end. What is too long or has odd characters is
 * skipped: it is no package. */
bool package_next(const struct package_form *form, struct package_text *text, struct package *p);

#endif
