#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include "image/stage.h"

/* What goes into [image], from the command line. */
struct manifest {
	const char *name;
	const char *version;
	const char *epoch;
	const char *arch;
};

/*
 * Read and check the service file at @path, put [image] in front and check the whole as the device
 * will. Gives the text in memory that the caller frees, and the policy it means.
 */
int manifest_make(const struct manifest *m, const char *path, char **text, size_t *size,
		  struct policy *policy, struct err *err);

#endif
