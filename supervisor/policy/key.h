#ifndef POLICY_KEY_H
#define POLICY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "policy/policy.h"

/*
 * One row per option of a configuration file. The row is parser, default, device bound, reference
 * and explanation at once, so what the program does and what it says about itself cannot drift
 * apart.
 */
struct policy_key;

/* How a value is written and kept. @base is the struct that the section fills; the field lies at
 * key->offset in it. */
struct policy_type {
	const char *syntax; /* for people: "bytes: 512k, 64m, 1g" */
	bool secret;        /* values may be confidential: messages name the key, never the value */

	/* Parse one value and store it (a `many` key: append it). -EINVAL, -ERANGE, -E2BIG; nothing
	 * is stored then. */
	int (*parse)(const struct policy_key *key, const char *value, void *base, struct err *err);

	/* Write value number @index, as parse() takes it. False when there is no such value. */
	bool (*print)(const struct policy_key *key, const void *base, unsigned int index,
		      struct text *out);

	/* Is the stored field one that parse() could have made? Bytes come from another process.
	 * NULL: nothing is stored. */
	int (*valid)(const struct policy_key *key, const void *base, struct err *err);
};

enum policy_limit_kind {
	LIMIT_MISSING, /* what a row without a limit would have: refused by the compiler and by
			  test_keys */
	LIMIT_MAX,     /* at most what the device grants */
	LIMIT_SUBSET,  /* only what the device lists */
	LIMIT_EQUAL,   /* exactly what the launcher knows */
	LIMIT_FREE /* costs and reaches nothing outside the service's own sandbox: the reason says
		      why */
};

/* How the device policy bounds an option. MAX compares with the field of struct device_bounds at
 * @offset unless there is a @check. */
struct policy_limit {
	enum policy_limit_kind kind;
	uint16_t offset;
	uint8_t width;
	int (*check)(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err);
	const char *reason;
};

struct policy_key {
	const char *section;
	const char
		*name; /* ends in '.' when the rest of the key is part of the value: label.K = V */
	const struct policy_type *type;
	uint16_t offset;
	uint16_t width;
	bool many; /* may be repeated, one value per line; no key takes a list */
	bool required;
	uint64_t min; /* of the number that is stored */
	uint64_t max;
	const char *const *words; /* of an enumeration, max + 1 of them */
	const char *dflt;         /* as it would stand in the file; NULL: none */
	struct policy_limit limit;
	const char *guide; /* row of the option reference, benchmark item */
	const char *help;
};

/* A name that people will try, and why it is not there. */
struct policy_refusal {
	const char *name;
	const char *reason;
	const char *hint;
};

struct policy_section {
	const char *name;
	bool named; /* [signer NAME] */
	bool required;
	bool inherits; /* open() filled in the defaults */
	const struct policy_key *keys;
	size_t count;
	const struct policy_refusal *refusals;
	size_t refusal_count;

	/* The struct that the keys of this section fill, or NULL with @err. @argument: the NAME, ""
	 * for plain sections. */
	void *(*open)(void *root, const char *argument, struct err *err);

	/* At the end of the section: which rows of the table the file set itself. May be NULL. */
	void (*close)(void *base, const uint64_t seen[2]);
};

/* A whole file format. */
struct policy_format {
	const struct policy_section *sections;
	size_t count;

	/* After the last line: what is computed from other keys, and what must hold between keys.
	 */
	int (*finish)(void *root, struct err *err);
};

extern const struct policy_key policy_image_keys[];
extern const size_t policy_image_key_count;
extern const struct policy_key policy_service_keys[];
extern const size_t policy_service_key_count;
extern const struct policy_refusal policy_service_refusals[];
extern const size_t policy_service_refusal_count;
extern const struct policy_format policy_service_format; /* root: struct policy; with [image] */
extern const struct policy_format policy_input_format;   /* root: struct policy; [image] refused */
extern const struct policy_format policy_device_format;  /* root: struct device_policy */
extern const struct policy_format policy_trust_format;   /* root: struct trust_policy */

/* Row of @name in a table, NULL when there is none. "label.site" finds "label.". */
const struct policy_key *policy_key_find(const struct policy_key *keys, size_t count,
					 const char *name);

/* Types of types_*.c. */
extern const struct policy_type policy_type_size;
extern const struct policy_type policy_type_time;
extern const struct policy_type policy_type_count;
extern const struct policy_type policy_type_rate;
extern const struct policy_type policy_type_cpus;
extern const struct policy_type policy_type_flag;
extern const struct policy_type policy_type_word;
extern const struct policy_type policy_type_octal;
extern const struct policy_type policy_type_name;
extern const struct policy_type policy_type_host;
extern const struct policy_type policy_type_board;
extern const struct policy_type policy_type_version;
extern const struct policy_type policy_type_path;
extern const struct policy_type policy_type_file;
extern const struct policy_type policy_type_digest;
extern const struct policy_type policy_type_address;
extern const struct policy_type policy_type_command;
extern const struct policy_type policy_type_env;
extern const struct policy_type policy_type_label;
extern const struct policy_type policy_type_depends;
extern const struct policy_type policy_type_user;
extern const struct policy_type policy_type_restart;
extern const struct policy_type policy_type_signal;
extern const struct policy_type policy_type_ulimit;
extern const struct policy_type policy_type_tmpfs;
extern const struct policy_type policy_type_volume;
extern const struct policy_type policy_type_shared;
extern const struct policy_type
	policy_type_implied; /* accepts its default and nothing else; stores nothing */
extern const struct policy_type policy_type_cap_add;

/* The number at key->offset of @base, whatever its width. */
uint64_t policy_number(const struct policy_key *key, const void *base);
void policy_number_set(const struct policy_key *key, void *base, uint64_t number);

/* Sizes as people write them: "64m". */
void policy_print_size(struct text *out, uint64_t bytes);

/* Names of RLIMIT_* in kernel numbering. */
extern const char *const policy_rlimit_names[POLICY_RLIMITS];

/* clang-format off */
#define POLICY_FIELD(base, member) .offset = offsetof(struct base, member), .width = sizeof(((struct base *)0)->member)
/* A reason that is no reason does not compile. */
#define POLICY_REASON(text) .reason = &(text)[0 * sizeof(char[sizeof(text) > 12 ? 1 : -1])]
#define POLICY_LIMIT_MAX(member, text) {.kind = LIMIT_MAX, POLICY_FIELD(device_bounds, member), POLICY_REASON(text)}
#define POLICY_LIMIT_CHECK(kind_, check_, text) {.kind = kind_, .check = check_, POLICY_REASON(text)}
#define POLICY_LIMIT_LAUNCHER(text) {.kind = LIMIT_EQUAL, POLICY_REASON(text)}
#define POLICY_LIMIT_FREE(text) {.kind = LIMIT_FREE, POLICY_REASON(text)}
/* clang-format on */

#endif
