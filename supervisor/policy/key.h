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

	/* Write value number @index, as the parser takes it. False when there is no such value. */
	bool (*print)(const struct policy_key *key, const void *base, unsigned int index,
		      struct text *out);

	/* Is the stored field one that the parser could have made? Bytes come from another process.
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
	int (*check)(const struct policy *policy, const struct device_policy *device,
		     const struct device_service *service, struct err *err);
	const char *reason; /* NULL on the device, but for keys with one value */
	uint16_t offset;
	uint8_t width;
	uint8_t kind; /* enum policy_limit_kind */
};

/*
 * The half of a row that only readers of text and of the reference need. It is NULL in the tables
 * that the launcher walks (tables.c), so that neither parsers nor texts are linked into it.
 */
struct policy_doc {
	/* Parse one value and store it (a `many` key: append it). -EINVAL, -ERANGE, -E2BIG; nothing
	 * is stored then. */
	int (*parse)(const struct policy_key *key, const char *value, void *base, struct err *err);
	const char *dflt;  /* as it would stand in the file; NULL: none */
	const char *guide; /* row of the option reference, benchmark item; NULL on the device */
	const char *help;
};

struct policy_key {
	const char
		*name; /* ends in '.' when the rest of the key is part of the value: label.K = V */
	const struct policy_type *type;
	const char *const *words; /* of an enumeration, max + 1 of them */
	const struct policy_doc *doc;
	uint64_t min; /* of the number that is stored */
	uint64_t max;
	struct policy_limit limit;
	uint16_t offset;
	uint16_t width : 14;
	uint16_t many : 1; /* may be repeated, one value per line; no key takes a list */
	uint16_t required : 1;
};

/* A value that does not go with others: the row's name, and which of its values. */
struct policy_culprit {
	const char *key; /* NULL: no single one */
	unsigned int index;
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

	/* At the end of the section: where the file set each row of the table, 0: nowhere. May be
	 * NULL. */
	void (*close)(void *base, const uint16_t lines[POLICY_KEYS_MAX]);
};

/* A whole file format. */
struct policy_format {
	const struct policy_section *sections;
	size_t count;

	/* After the last line: what is computed from other keys, and what must hold between keys.
	 * @culprit: which value of the last section is wrong; may stay as it is. */
	int (*finish)(void *root, struct policy_culprit *culprit, struct err *err);
};

/* Rows without their doc (tables.c), in the order of the formats below. */
struct policy_table {
	const struct policy_key *keys;
	size_t count;
};
extern const struct policy_table policy_image_table;
extern const struct policy_table policy_service_table;
extern const struct policy_table policy_device_table;
extern const struct policy_table policy_syslog_table;
extern const struct policy_table policy_audit_table;
extern const struct policy_table policy_bounds_table;
extern const struct policy_table policy_rules_table;
extern const struct policy_table policy_named_table;
extern const struct policy_table policy_monitor_table; /* base: struct monitor_rule */
extern const struct policy_table policy_trust_table;
extern const struct policy_table policy_signer_table;
extern const struct policy_table policy_revoke_table;

extern const struct policy_format policy_service_format; /* root: struct policy; with [image] */
extern const struct policy_format policy_input_format;   /* root: struct policy; [image] refused */
extern const struct policy_format policy_device_format;  /* root: struct device_policy */
extern const struct policy_format policy_trust_format;   /* root: struct trust_policy */

/* Row of @name in a table, NULL when there is none. "label.site" finds "label.". */
const struct policy_key *policy_key_find(const struct policy_key *keys, size_t count,
					 const char *name);

/* Types of types_*.c and their parsers: POLICY_TYPE(size) declares policy_type_size and
 * policy_parse_size. */
#define POLICY_TYPE(name)                                                                          \
	extern const struct policy_type policy_type_##name;                                        \
	int policy_parse_##name(const struct policy_key *key, const char *value, void *base,       \
				struct err *err)
POLICY_TYPE(address);
POLICY_TYPE(apparmor);
POLICY_TYPE(landlock);
POLICY_TYPE(network);
POLICY_TYPE(cap_drop);
POLICY_TYPE(device);
POLICY_TYPE(weight);
POLICY_TYPE(cpuset);
POLICY_TYPE(sysctl);
POLICY_TYPE(sysfs);
POLICY_TYPE(board);
POLICY_TYPE(origin);
POLICY_TYPE(accepted);
POLICY_TYPE(cap_add);
POLICY_TYPE(command);
POLICY_TYPE(count);
POLICY_TYPE(cpus);
POLICY_TYPE(depends);
POLICY_TYPE(digest);
POLICY_TYPE(env);
POLICY_TYPE(file);
POLICY_TYPE(flag);
POLICY_TYPE(glob);
POLICY_TYPE(host);
POLICY_TYPE(implied);
POLICY_TYPE(label);
POLICY_TYPE(logged);
POLICY_TYPE(match);
POLICY_TYPE(name);
POLICY_TYPE(octal);
POLICY_TYPE(path);
POLICY_TYPE(pin);
POLICY_TYPE(rate);
POLICY_TYPE(ready);
POLICY_TYPE(restart);
POLICY_TYPE(revoked);
POLICY_TYPE(rule);
POLICY_TYPE(scope);
POLICY_TYPE(seccomp);
POLICY_TYPE(secret);
POLICY_TYPE(shared);
POLICY_TYPE(signal);
POLICY_TYPE(size);
POLICY_TYPE(tag);
POLICY_TYPE(time);
POLICY_TYPE(tmpfs);
POLICY_TYPE(ulimit);
POLICY_TYPE(user);
POLICY_TYPE(version);
POLICY_TYPE(volume);
POLICY_TYPE(word);

/* The number at key->offset of @base, whatever its width. */
uint64_t policy_number(const struct policy_key *key, const void *base);
void policy_number_set(const struct policy_key *key, void *base, uint64_t number);

/* CPUs of a mask as people write them: "0,2-3". */
void policy_print_cpus(struct text *out, uint64_t mask);

/* Sizes as people write them: "64m". */
void policy_print_size(struct text *out, uint64_t bytes);

/* Names of RLIMIT_* in kernel numbering. */
extern const char *const policy_rlimit_names[POLICY_RLIMITS];

/* clang-format off */
#define POLICY_FIELD(base, member) .offset = offsetof(struct base, member), .width = sizeof(((struct base *)0)->member)
/* clang-format on */

#endif
