#ifndef LAUNCHER_ADMISSION_H
#define LAUNCHER_ADMISSION_H

#include "programs/launcher/authenticate.h"
#include "programs/launcher/images.h"
#include "programs/launcher/launcher.h"

/*
 * The verification order of images.md on one descriptor, for an image that shall run (admit.c) and
 * for one that shall be installed (install.c). Whoever begins an admission ends it; what is to stay
 * is taken out of it before.
 */
struct admission {
	struct service *service;
	const struct device_service *device;
	bool damaged;            /* the file was put out of the way: there is another one */
	struct image_file which; /* of the files of that name */
	int file_fd;
	uint64_t file_size;
	struct authentication image;
	struct note note;
	int template_fd;
	int policy_fd;
	int filter_fd;
	struct policy policy;
	struct err *err;
};

void admission_begin(struct admission *a, struct service *s, struct err *err);
void admission_end(struct admission *a); /* unmaps and closes what nobody took */

/* Steps 2 to 8 on a->file_fd; the template is mounted. With @keep it is an installation: expiry
 * counts, the mapping has a name of its own, and on success @keep is the conversation with
 * `verify`, which the caller closes. */
int admission_map(struct admission *a, struct talk *keep);

/* Step 9 and the launcher's own comparisons; the template is then executable. */
int admission_decide(struct admission *a);

#endif
