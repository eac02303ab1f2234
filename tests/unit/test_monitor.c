/* links: base audit ipc */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/events.h"
#include "audit/monitor.h"

static bool find(const struct monitor_rules *rules, enum monitor_on on, const char *text,
		 struct monitor_rule *rule, uint32_t *index)
{
	const struct monitor_text texts[] = {{"", 0}, {text, strlen(text)}};
	const struct monitor_question q = {on, "web", texts, 2};

	return monitor_find(rules, &q, rule, index);
}

static void test_builtin(void **state)
{
	static const struct {
		enum monitor_on on;
		const char *text;
		const char *rule;
	} cases[] = {
		{MONITOR_SECCOMP, "ptrace", "ptrace"},
		{MONITOR_SECCOMP, "ptrac", NULL},
		{MONITOR_SECCOMP, "ptracee", NULL},
		{MONITOR_SECCOMP, "finit_module", "kernel-module"},
		{MONITOR_EXEC, "ptrace", NULL},
		{MONITOR_EXEC, "mkfs.ext4", "wipe"},
		{MONITOR_EXEC, "<socket>", "socket-stdio"},
		{MONITOR_OUTSIDE, "/dev/shm/a", "shared-memory"},
		{MONITOR_OUTSIDE, "/dev/shmx", "outside"},
		{MONITOR_OUTSIDE, "", NULL},
		{MONITOR_LIMIT, "memory", NULL},
	};
	const struct monitor_rules none = {NULL, 0};
	struct monitor_rule rule;
	uint32_t index;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(find(&none, cases[i].on, cases[i].text, &rule, &index),
				 cases[i].rule != NULL);
		if (cases[i].rule)
			assert_string_equal(rule.name, cases[i].rule);
	}
}

/* The device's rules come first; one of a built-in's name takes its place, enabled or not. */
static void test_of_the_device(void **state)
{
	struct monitor_rule own[] = {
		{.name = "ptrace", .service = "*", .match = "ptrace", .enabled = false},
		{.name = "other", .service = "db", .match = "socket", .enabled = true},
		{.name = "mine",
		 .service = "w*",
		 .match = "x|socket",
		 .enabled = true,
		 .action = MONITOR_KILL},
	};
	const struct monitor_rules rules = {own, 3};
	struct monitor_rule rule;
	uint32_t index;

	(void)state;
	assert_false(find(&rules, MONITOR_SECCOMP, "ptrace", &rule, &index));
	assert_true(find(&rules, MONITOR_SECCOMP, "socket", &rule, &index));
	assert_string_equal(rule.name, "mine");
	assert_int_equal(index, 2);
	assert_false(find(&rules, MONITOR_EXEC, "x", &rule, &index)); /* "mine" is of calls */
	assert_true(find(&rules, MONITOR_SECCOMP, "mount", &rule, &index));
	assert_int_equal(index, 3);
	assert_int_equal(rule.action, MONITOR_LOG);
}

/* However long a text is, and wherever it ends. */
static void test_long(void **state)
{
	char text[4096];
	const struct monitor_rules none = {NULL, 0};
	struct monitor_rule rule;
	uint32_t index;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_false(find(&none, MONITOR_EXEC, text, &rule, &index));
	assert_true(find(&none, MONITOR_OUTSIDE, text, &rule, &index));
	assert_true(monitor_builtin("outside", &rule));
	assert_int_equal(rule.severity, SEVERITY_CRITICAL);
	assert_false(monitor_builtin("inside", &rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_of_the_device),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
