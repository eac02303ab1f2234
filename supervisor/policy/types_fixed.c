#include <errno.h>
#include <string.h>

#include "policy/key.h"

/* Keys whose value is settled: written down by people who know them from elsewhere, and refused
 * when they ask for less. */

int policy_parse_implied(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	(void)base;
	if (str_equal(value, key->words[0]))
		return 0;
	(void)err_set(err, EPERM, "this is always %s", key->words[0]);
	return err_hint(err, "%s", key->limit.reason);
}

static bool print_implied(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	(void)base;
	if (index)
		return false;
	text_add(out, key->words[0]);
	return true;
}

const struct policy_type policy_type_implied = {
	.syntax = "the one value",
	.print = print_implied,
};

/* network: none is what every service has. */
int policy_parse_network(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	(void)key;
	(void)base;
	if (str_equal(value, "none"))
		return 0;
	if (str_equal(value, "host")) {
		(void)err_set(err, EPERM, "the host's network is never shared");
		return err_hint(err, "network = none: loopback and nothing else");
	}
	if (str_starts(value, "container:")) {
		(void)err_set(err, EPERM, "every service has a network of its own");
		return err_hint(err, "network = none: loopback and nothing else");
	}
	(void)err_set(err, EINVAL, "not built in");
	return err_hint(err, "network = none: loopback and nothing else");
}

static bool print_network(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	(void)key;
	(void)base;
	if (index)
		return false;
	text_add(out, "none");
	return true;
}

const struct policy_type policy_type_network = {.syntax = "none", .print = print_network};
