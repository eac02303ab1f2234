#include "policy/rules.h"

#include <errno.h>
#include <string.h>

#include "policy/check.h"
#include "policy/key.h"

/* deny.NAME and require.NAME of [policy]: rules over the values of the service's own keys, compared
 * as the file would write them. */

static const char *const kind_words[RULE_COUNT] = {"denies", "requires"};

/* "KEY" or "KEY PATTERN"; of sysctl.NAME and label.NAME the pattern becomes "NAME=PATTERN". */
static int take_condition(struct device_rule *rule, char *text, struct err *err)
{
	const struct policy_table *table = &policy_service_table;
	char *space = strchr(text, ' ');
	const char *pattern = space ? space + 1 : NULL;
	const struct policy_key *key;
	const char *rest = "";
	size_t length;

	if (space)
		*space = '\0';
	key = policy_key_find(table->keys, table->count, text);
	if (!key) {
		(void)err_set(err, EINVAL, "%s is not a key of [service]", text);
		return err_hint(err, "`bartizan explain` lists them");
	}
	length = strlen(key->name);
	if (key->name[length - 1] == '.')
		rest = text + length;
	rule->key = (uint8_t)(key - table->keys);
	rule->any = !*rest && !pattern;
	if (!pattern)
		pattern = "*";
	if (strlen(rest) + strlen(pattern) + 2 > sizeof(rule->pattern))
		return err_set(err, E2BIG, "the pattern is longer than %zu characters",
			       sizeof(rule->pattern) - 1);
	str_join(rule->pattern, sizeof(rule->pattern), rest, *rest ? "=" : "", pattern);
	return 0;
}

static struct device_rules *rules_of(const struct policy_key *key, const void *base)
{
	return (struct device_rules *)((uintptr_t)base + key->offset);
}

/* The loader hands over "NAME=KEY PATTERN". */
int policy_parse_rule(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	struct device_rules *rules = rules_of(key, base);
	struct device_rule rule = {.kind = (uint8_t)key->max};
	char text[160];
	char *equals;
	int r;

	if (rules->count >= DEVICE_RULES_MAX)
		return err_set(err, E2BIG, "more than %d rules", DEVICE_RULES_MAX);
	if (str_copy(text, sizeof(text), value) || !(equals = strchr(text, '=')))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	*equals = '\0';
	if (str_copy(rule.name, sizeof(rule.name), text) || !str_is_name(rule.name))
		return err_set(err, EINVAL, "\"%.32s\" is not a name for a rule", text);
	for (uint32_t i = 0; i < rules->count; i++)
		if (str_equal(rules->at[i].name, rule.name))
			return err_set(err, EEXIST, "the rule %s is there already", rule.name);
	r = take_condition(&rule, equals + 1, err);
	if (!r)
		rules->at[rules->count++] = rule;
	return r;
}

static bool print_rule(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	const struct device_rules *rules = rules_of(key, base);

	for (uint32_t i = 0; i < rules->count; i++) {
		const struct device_rule *rule = &rules->at[i];

		if (rule->kind != key->max || index-- > 0)
			continue;
		text_add(out, policy_service_table.keys[rule->key].name);
		if (!rule->any) {
			text_add(out, " ");
			text_add(out, rule->pattern);
		}
		return true;
	}
	return false;
}

static int valid_rule(const struct policy_key *key, const void *base, struct err *err)
{
	const struct device_rules *rules = rules_of(key, base);

	if (rules->count > DEVICE_RULES_MAX)
		return err_set(err, EBADMSG, "%s counts more rules than there are", key->name);
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct device_rule *rule = &rules->at[i];

		if (rule->kind >= RULE_COUNT || rule->key >= policy_service_table.count ||
		    rule->any > 1 || !str_terminated(rule->pattern, sizeof(rule->pattern)) ||
		    !str_terminated(rule->name, sizeof(rule->name)) || !str_is_name(rule->name))
			return err_set(err, EBADMSG, "%s is malformed", key->name);
	}
	return 0;
}

const struct policy_type policy_type_rule = {
	.syntax = "KEY or KEY PATTERN: cap_add NET_*",
	.print = print_rule,
	.valid = valid_rule,
};

/* Number of the first value that matches, written to @value; -ENOENT. */
static int find_value(const struct policy *policy, const struct device_rule *rule, char *value,
		      size_t size)
{
	const struct policy_key *key = &policy_service_table.keys[rule->key];

	for (unsigned int i = 0;; i++) {
		struct text text = {.at = value, .size = size};

		value[0] = '\0';
		if (!key->type->print(key, policy, i, &text))
			return -ENOENT;
		if (str_glob(rule->pattern, value))
			return 0;
	}
}

static int break_rule(const struct policy *policy, const struct device_rule *rule,
		      const char *value, const char *file, struct err *err)
{
	const struct policy_key *key = &policy_service_table.keys[rule->key];

	if (rule->any)
		(void)err_set(err, EACCES, "%s: the rule %s %s it", value, rule->name,
			      kind_words[rule->kind]);
	else
		(void)err_set(err, EACCES, "%s: the rule %s %s %s", value, rule->name,
			      kind_words[rule->kind], key->type->secret ? "it" : rule->pattern);
	(void)err_hint(err, "[policy] of supervisor.conf holds the rule");
	return policy_locate(policy, rule->key, file, err);
}

static int check_rule(const struct policy *policy, const struct device_rule *rule, const char *file,
		      struct err *err)
{
	const struct policy_key *key = &policy_service_table.keys[rule->key];
	char value[POLICY_ENV_BYTES];
	struct text first = {.at = value, .size = sizeof(value)};
	bool has = rule->any ? policy->lines[rule->key] != 0
			     : find_value(policy, rule, value, sizeof(value)) == 0;

	if (has == (rule->kind == RULE_REQUIRE))
		return 0;
	if (rule->any || !has) {
		value[0] = '\0';
		if (!key->type->print(key, policy, 0, &first))
			str_join(value, sizeof(value), "none", "", "");
	}
	value[48] = '\0';
	return break_rule(policy, rule, key->type->secret ? "(not shown)" : value, file, err);
}

int policy_check_rules(const struct policy *policy, const struct device_policy *device,
		       const char *file, struct err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < device->rules.count; i++)
		r = check_rule(policy, &device->rules.at[i], file, err);
	return r;
}
