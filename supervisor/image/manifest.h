#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include "image/stage.h"

/* What goes into [image], from the command line. */
struct manifest {
	const char *name;
	const char *version;
	const char *epoch;
	const char *arch;
	const char *oci_digest;  /* "": none */
	const char *sbom_sha256; /* of the list of packages; "": none */
	const char *lint_allow;  /* as --allow has it; "": none */
};

struct manifest_text {
	char *bytes; /* the caller frees it */
	size_t size;
};

/*
 * Read and check the service file at @path, put [image] in front and check the whole as the device
 * will. Gives the text and the policy that it means.
 */
int manifest_make(const struct manifest *m, const char *path, struct manifest_text *text,
		  struct policy *policy, struct err *err);

#endif
