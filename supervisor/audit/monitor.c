#include "audit/monitor.h"

#include <string.h>

#include "audit/events.h"

/*
 * What the stable rules of Falco watch, as far as a service can do it here or try; README.md says
 * rule by rule how it is seen. One row each; the order decides where two match.
 */
static const struct {
	const char *name;
	const char *match;
	uint8_t on;
	uint8_t severity;
} builtin[] = {
#define RULE(name, on, severity, match) {name, match, MONITOR_##on, SEVERITY_##severity},
#include "audit/monitor.def"
#undef RULE
};

/* One of the globs in @match. */
static bool matches(const char *match, const char *text)
{
	char glob[MONITOR_MATCH_SIZE];

	while (*match) {
		size_t size = strcspn(match, "|");

		memcpy(glob, match, size);
		glob[size] = '\0';
		if (str_glob(glob, text))
			return true;
		match += size + (match[size] == '|');
	}
	return false;
}

static bool any_matches(const char *match, const struct monitor_question *q)
{
	char text[256];

	for (size_t i = 0; i < q->count; i++) {
		size_t size =
			q->texts[i].size < sizeof(text) - 1 ? q->texts[i].size : sizeof(text) - 1;

		memcpy(text, q->texts[i].at, size);
		text[size] = '\0';
		if (*text && matches(match, text))
			return true;
	}
	return false;
}

static void take(struct monitor_rule *rule, size_t row)
{
	*rule = (struct monitor_rule){.service = "*",
				      .on = builtin[row].on,
				      .severity = builtin[row].severity,
				      .enabled = true};
	(void)str_copy(rule->name, sizeof(rule->name), builtin[row].name);
	(void)str_copy(rule->match, sizeof(rule->match), builtin[row].match);
}

static bool is_named(const struct monitor_rules *rules, const char *name)
{
	for (uint32_t i = 0; i < rules->count; i++)
		if (str_equal(rules->rules[i].name, name))
			return true;
	return false;
}

bool monitor_find(const struct monitor_rules *rules, const struct monitor_question *q,
		  struct monitor_rule *found, uint32_t *index)
{
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct monitor_rule *rule = &rules->rules[i];

		if (!rule->enabled || rule->on != q->on || !str_glob(rule->service, q->service) ||
		    !any_matches(rule->match, q))
			continue;
		*found = *rule;
		*index = i;
		return true;
	}
	*index = rules->count;
	for (size_t i = 0; i < ARRAY_SIZE(builtin); i++) {
		if (builtin[i].on != q->on || !any_matches(builtin[i].match, q) ||
		    is_named(rules, builtin[i].name))
			continue;
		take(found, i);
		return true;
	}
	return false;
}

bool monitor_builtin(const char *name, struct monitor_rule *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtin); i++) {
		if (!str_equal(builtin[i].name, name))
			continue;
		take(rule, i);
		return true;
	}
	return false;
}
