#ifndef IMAGE_STAGE_H
#define IMAGE_STAGE_H

#include "image/workdir.h"
#include "policy/policy.h"

/*
 * A copy of the service's root file system, made the same for everybody: modes 0755 and 0644
 * whatever the umask was, nothing that an image must not have (setuid, device nodes, sockets), the
 * manifest written, a directory at every place where the launcher mounts.
 */
int stage_copy(const char *rootfs, const char *stage, struct err *err);
/* A file of the image's own at @path below @stage, whatever was there before. */
int stage_file(const char *stage, const char *path, const void *bytes, size_t size,
	       struct err *err);
int stage_normalise(const char *stage, struct err *err);
int stage_manifest(const char *stage, const char *text, size_t size, struct err *err);
int stage_mount_points(const char *stage, const struct policy *policy, struct err *err);

struct packing {
	const char *stage;
	const char *output;
	const char *compress; /* "none", "lz4", or "spread" for less than a block of small files */
	uint64_t date_s;      /* of all files, seconds since 1970 */
};

/* The staged tree into an erofs file: same tree, same bytes. */
int stage_pack(const struct workdir *w, const struct packing *p, struct err *err);

#define MANIFEST_DIRECTORY "usr/lib/bartizan"
#define MANIFEST_NAME      "service.ini"
#define MANIFEST_MAX       65536

#endif
