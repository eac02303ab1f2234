#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"

#define CGROUPS "/sys/fs/cgroup/bartizan/services/"

/*
 * Which counter of the kernel says that a service ran into a limit (cgroup-v2.rst). The directory
 * is made anew for every life, so a counter is about this one.
 */
static const struct counter {
	const char *file;
	const char *key;
	const char *limit; /* of the record, as the option is called */
} counters[] = {
	{"memory.events", "oom_kill", "memory"},
	{"pids.events", "max", "pids_limit"},
};

/* "key 12" on a line of its own; 0 when there is none. */
static uint64_t value_of(char *text, const char *key)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t length = strlen(key);
		uint64_t value;

		if (strncmp(line, key, length) == 0 && line[length] == ' ' &&
		    str_u64(line + length + 1, 0, UINT64_MAX, &value) == 0)
			return value;
	}
	return 0;
}

void limits_tell(const struct service *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		const struct counter *c = &counters[i];
		char path[160];
		char text[512];
		uint64_t count;

		(void)snprintf(path, sizeof(path), CGROUPS "%s/%s", s->name, c->file);
		if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
			continue;
		count = value_of(text, c->key);
		if (count)
			audit_emit(EVENT_LIMIT, AUDIT_S(s->name), AUDIT_S(c->limit),
				   AUDIT_N(count));
	}
}
