#ifndef IMAGE_SCAN_H
#define IMAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

/*
 * What a root file system should not hold (services.md rows 1, 7 and 43): every file is looked at
 * by every rule of one table (scan_rules.c), which also prints the reference. A rule that refuses
 * can be accepted by name; that is then written into [image].
 */
#define SCAN_RULES_MAX 32
#define SCAN_PATH_MAX  4096

enum scan_secret {
	SECRET_PRIVATE_KEY = 1,
	SECRET_TOKEN = 2,
	SECRET_RANDOM = 4, /* KEY=a long value that looks random */
};

struct scan_file {
	const char *path; /* below the root, without '/' in front */
	const char *name; /* its last part */
	const struct stat *st;
	bool capability;
	uint32_t secrets; /* enum scan_secret bits found in its content */
};

struct scan_rule {
	const char *name;
	bool refuses;
	bool fixed; /* cannot be accepted */
	const char *what;
	const char *hint;
	bool (*matches)(const struct scan_file *f);
};

extern const struct scan_rule scan_rules[];
extern const unsigned int scan_rule_count;

struct scan {
	uint32_t accepted; /* bits by row */
	bool json;
	uint32_t findings;
	uint32_t refused;
	uint64_t bytes;
	char first[256]; /* the first that refuses */
};

/* Read "shell,setuid" into s->accepted. -EINVAL: no such rule, or one that cannot be accepted. */
int scan_accept(struct scan *s, const char *names, struct err *err);

/* Look at everything below @root and print what is found: text on standard error, or one JSON
 * object per line on standard output. -EINVAL when something refuses. */
int scan_tree(struct scan *s, const char *root, struct err *err);

/* enum scan_secret bits of @size bytes of content; the last SCAN_OVERLAP of one piece begin the
 * next. */
#define SCAN_OVERLAP 128
uint32_t scan_secrets(const char *bytes, size_t size);

#endif
