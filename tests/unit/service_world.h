/* A world of our own around service/: its clock, and a diary of what it asked for. Included by one
 * test program each. */
#ifndef TESTS_SERVICE_WORLD_H
#define TESTS_SERVICE_WORLD_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "service/depends.h"
#include "service/machine.h"

static struct service_table table;
static uint64_t now;
static char diary[4096];
static uint64_t timer_at[CONFIG_SERVICES_MAX];
static uint64_t health_at[CONFIG_SERVICES_MAX];
static uint32_t number;

static inline uint64_t fake_now(void)
{
	return now;
}

static inline uint32_t fake_random(void)
{
	return 0;
}

static inline void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void note(const char *format, ...)
{
	size_t used = strlen(diary);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(diary + used, sizeof(diary) - used, format, args);
	va_end(args);
}

static inline uint32_t fake_request(struct service *s, uint16_t type, uint32_t generation)
{
	note("%s(%s,%u) ", message_name(type), s->name, generation);
	return ++number;
}

static inline void fake_signal(uint16_t subject, uint32_t generation, uint32_t signal)
{
	note("%s%s(%s,%u) ", SUBJECT_IS_PROBE(subject) ? "probe-" : "", service_signal_name(signal),
	     table.services[SUBJECT_SLOT(subject)].name, generation);
}

static inline void fake_timer(struct service *s, uint64_t at_ms)
{
	timer_at[s->slot] = at_ms;
}

static inline void fake_health_timer(struct service *s, uint64_t at_ms)
{
	health_at[s->slot] = at_ms;
}

static inline void fake_changed(struct service *s)
{
	(void)s;
}

static const struct service_ops ops = {fake_now,   fake_random,       fake_request, fake_signal,
				       fake_timer, fake_health_timer, fake_changed};

/* What happened since the last look. */
#define assert_diary(text)                                                                         \
	do {                                                                                       \
		assert_string_equal(diary, text);                                                  \
		diary[0] = '\0';                                                                   \
	} while (0)

static inline int fresh(void **state)
{
	(void)state;
	service_table_init(&table, &ops);
	now = 1000;
	number = 0;
	diary[0] = '\0';
	return 0;
}

static inline struct service *add(uint16_t slot, const char *name)
{
	struct service *s = &table.services[slot];

	(void)str_copy(s->name, sizeof(s->name), name);
	s->known = true;
	return s;
}

static inline struct policy *policy_of(const struct service *s)
{
	static struct policy policy;

	policy = (struct policy){.stop_signal = SIGTERM,
				 .stop_timeout_ms = 10000,
				 .restart = RESTART_ON_FAILURE,
				 .restart_max = 5,
				 .health_interval_ms = 30000,
				 .health_timeout_ms = 5000,
				 .health_retries = 3};
	(void)str_copy(policy.name, sizeof(policy.name), s->name);
	return &policy;
}

static const struct err fine;

static inline void admit(struct service *s, const struct policy *policy)
{
	struct service_identity identity = {.version = "1", .epoch = 1, .uid = 10000};

	service_admitted(s, &identity, policy);
	service_answer(&table, s, M_ADMIT, 0, &fine);
}

static inline void run_it(struct service *s)
{
	service_running(&table, s, s->generation, 100 + s->slot);
	service_answer(&table, s, M_START, s->generation, &fine);
}

static inline void die(struct service *s, int32_t code, int32_t status)
{
	struct service_exit how = {.code = code, .status = status};

	service_exited(&table, s, s->generation, &how);
}

static inline void released(struct service *s)
{
	service_answer(&table, s, M_RELEASE, s->leaf, &fine);
}

static inline void needs(struct policy *policy, const char *name, enum policy_depend on)
{
	struct policy_depends *need = &policy->depends[policy->depends_count++];

	(void)str_copy(need->name, sizeof(need->name), name);
	need->on = (uint8_t)on;
}

#endif
