#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"

#define CGROUPS "/sys/fs/cgroup/bartizan/services/"

/*
 * Which counter of the kernel says that a service ran into a limit (cgroup-v2.rst). The directory
 * lasts as long as the limits do, so what the counters were before a life is noted.
 */
static const struct counter {
	const char *file;
	const char *key;
	const char *limit; /* of the record, as the option is called */
} counters[LIMIT_COUNTERS] = {
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

static uint64_t read_counter(const struct service *s, const struct counter *c)
{
	char path[160];
	char text[512];

	(void)snprintf(path, sizeof(path), CGROUPS "%s/%s", s->name, c->file);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	return value_of(text, c->key);
}

void limits_begin(struct service *s)
{
	for (size_t i = 0; i < LIMIT_COUNTERS; i++)
		s->note.counted[i] = read_counter(s, &counters[i]);
}

void limits_tell(const struct service *s)
{
	for (size_t i = 0; i < LIMIT_COUNTERS; i++) {
		uint64_t count = read_counter(s, &counters[i]);

		if (count > s->note.counted[i])
			audit_emit(EVENT_LIMIT, AUDIT_S(s->name), AUDIT_S(counters[i].limit),
				   AUDIT_N(count - s->note.counted[i]));
	}
}
