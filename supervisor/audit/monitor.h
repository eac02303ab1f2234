#ifndef AUDIT_MONITOR_H
#define AUDIT_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * [monitor] rules: which records are an alarm. The recorder writes a MONITOR record behind one that
 * a rule names; the launcher asks the same rules which programs and files are worth a record at
 * all. The first rule that matches counts, those of the device before the built-in ones, so a
 * trigger makes one event.
 */
enum monitor_on {
	MONITOR_SECCOMP, /* a refused system call */
	MONITOR_EXEC,    /* a program of the image is run */
	MONITOR_OUTSIDE, /* a file that is not of the image is to be run */
	MONITOR_OPEN,    /* a file with passwords or keys is opened */
	MONITOR_APPARMOR,
	MONITOR_LIMIT,
	MONITOR_PRESSURE,
	MONITOR_MODULE,
	MONITOR_DAMAGE, /* dm-verity met a wrong block */
	MONITOR_ON_COUNT
};
enum monitor_action { MONITOR_LOG, MONITOR_KILL, MONITOR_STOP, MONITOR_ACTION_COUNT };

#define MONITOR_RULES_MAX  32
#define MONITOR_MATCH_SIZE 128
struct monitor_rule {
	char name[NAME_SIZE];
	char service[NAME_SIZE];        /* glob */
	char match[MONITOR_MATCH_SIZE]; /* globs with '|' between them, for any text of the record
					 */
	uint8_t on;                     /* enum monitor_on */
	uint8_t severity;               /* RFC 5424 */
	uint8_t action;                 /* enum monitor_action */
	bool enabled;
};

/* A text of a record, not terminated. */
struct monitor_text {
	const char *at;
	size_t size;
};

/* What is asked of the rules. */
struct monitor_question {
	enum monitor_on on;
	const char *service;
	const struct monitor_text *texts;
	size_t count;
};

/* The rules of a device: its own in @rules, and the built-in ones it says nothing of. */
struct monitor_rules {
	const struct monitor_rule *rules;
	uint32_t count;
};

/* The rule that matches. False: none. *index: which of the device's own; its count: a built-in. */
bool monitor_find(const struct monitor_rules *rules, const struct monitor_question *question,
		  struct monitor_rule *found, uint32_t *index);

/* The built-in rule of this name. */
bool monitor_builtin(const char *name, struct monitor_rule *rule);

#endif
