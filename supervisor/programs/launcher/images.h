#ifndef LAUNCHER_IMAGES_H
#define LAUNCHER_IMAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * The image files of the state partition: images/NAME.raw.v/NAME_VERSION_ARCH[+LEFT-DONE].raw, the
 * names of systemd.v(7). Nothing here is trusted: a file's name only chooses what is verified next.
 */
#define IMAGES_SIZE_MIN     4096u
#define IMAGES_SIZE_MAX     ((uint64_t)4 << 30)
#define IMAGES_FILE_SIZE    256 /* NAME_MAX and its terminator */
#define IMAGES_VERSION_SIZE 64
#define IMAGES_PER_NAME     8 /* the best so many are seen; installing keeps two */
#define IMAGES_TRIES        3
#define IMAGES_DIRECTORY    ".raw.v" /* NAME.raw.v */
#define IMAGES_DAMAGED      ".bad"
#define IMAGES_PARTIAL      ".partial" /* NAME.partial: what is being installed */

/* What the counter in a file's name says. Better ones first: the first of a set is the active one
 * unless it is BAD or worse; of equal standing the newest version. */
enum image_standing {
	IMAGE_GOOD,    /* no counter: it was confirmed, or put there by hand */
	IMAGE_TRIAL,   /* LEFT tries are left */
	IMAGE_ASIDE,   /* +0-0: never chosen while there is one of the others */
	IMAGE_BAD,     /* +0-DONE: tried and failed, or rolled back by an operator; never chosen */
	IMAGE_DAMAGED, /* .raw.bad: dm-verity found a wrong block in it; never chosen */
	IMAGE_STANDING_COUNT
};

struct image_file {
	char file[IMAGES_FILE_SIZE];
	char version[IMAGES_VERSION_SIZE];
	enum image_standing standing;
	uint32_t left;
	uint32_t done;
	ino_t inode;
	uint64_t size; /* bytes, once it was opened */
};

struct image_set {
	uint32_t count;
	struct image_file files[IMAGES_PER_NAME];
};

/* Is @file one of @name's, and what does it say? @inode stays 0. */
bool images_parse(const char *file, const char *name, struct image_file *to);

/* What a counter says; with IMAGE_GOOD there is none. */
struct image_count {
	enum image_standing standing;
	uint32_t left;
	uint32_t done;
};

/* The name of the same file with another counter. -ENAMETOOLONG. */
int images_rename(const struct image_file *from, const struct image_count *count,
		  char to[IMAGES_FILE_SIZE]);

/* The directory of a name, through no link and no mount. fd or -errno. */
int images_directory(int images_dir, const char *name, bool make);

/* Everything installed under a name, best first; an empty set when there is no directory. -errno */
int images_scan(int images_dir, const char *name, struct image_set *set);

/*
 * Open the active image of @name below @images_dir for reading, and check that it is a regular file
 * that only root can have written. Path resolution stays beneath, without links (openat2(2)).
 * @which gets its row. -ENOENT: none is installed; -EPERM: owner, mode or links; -EFBIG, -EBADMSG:
 * size; -EINVAL: not a regular file; else -errno.
 */
int images_open(int images_dir, const char *name, struct image_file *which, int *fd,
		struct err *err);

/* The same checks of one file below a name's directory. */
int images_open_file(int directory, const char *file, int *fd, uint64_t *size, struct err *err);

/* That check alone, of an open file; *@size gets its bytes. */
int images_check(int fd, uint64_t *size, struct err *err);

/* Call @each with every name that has a NAME.raw.v directory. Stops at and returns its first
 * non-zero result; -errno when the directory cannot be read. */
int images_walk(int images_dir, int (*each)(void *context, const char *name), void *context);

/*
 * Order of two version texts by the UAPI version format specification (UAPI.10): <0, 0, >0. Numbers
 * compare as numbers, '~' is older than the end of the text, '^' newer.
 */
int images_compare_versions(const char *a, const char *b);

#endif
