#include <errno.h>
#include <string.h>

#include "policy/key.h"

/* landlock and apparmor: the walls behind the others. */

#define BOARDS_OWN "board"

static bool is_off(const char *value)
{
	static const char *const words[] = {"no", "off", "none", "0", "unconfined"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_equal(value, words[i]))
			return true;
	return false;
}

/* landlock: 0 is what the board declares, other numbers are the least that will do. */
int policy_parse_landlock(const struct policy_key *key, const char *value, void *base,
			  struct err *err)
{
	uint64_t abi = 0;

	if (is_off(value)) {
		(void)err_set(err, EPERM, "every service has it where the board declares it");
		return err_hint(err, "a path that the program needs is a tmpfs or a volume");
	}
	if (!str_equal(value, BOARDS_OWN) && str_u64(value, key->min, key->max, &abi))
		return err_set(err, EINVAL, "neither board nor an ABI from 1 to %u",
			       (unsigned int)key->max);
	policy_number_set(key, base, abi);
	return 0;
}

static bool print_landlock(const struct policy_key *key, const void *base, unsigned int index,
			   struct text *out)
{
	uint64_t abi = policy_number(key, base);

	if (index)
		return false;
	if (abi)
		text_add_u64(out, abi);
	else
		text_add(out, BOARDS_OWN);
	return true;
}

static int valid_landlock(const struct policy_key *key, const void *base, struct err *err)
{
	return policy_number(key, base) <= key->max
		       ? 0
		       : err_set(err, EBADMSG, "%s is no ABI", key->name);
}

const struct policy_type policy_type_landlock = {
	.syntax = "board, or the least ABI: 1 to 6",
	.print = print_landlock,
	.valid = valid_landlock,
};

/* apparmor: the name of a profile that the firmware loaded; empty: not named. What the kernel reads
 * behind "changeprofile" is one word of these characters, nothing else. */
static bool is_profile(const char *name)
{
	static const char more[] = "-._";

	if (!*name || strchr(more, *name))
		return false;
	for (; *name; name++)
		if (!(*name >= 'a' && *name <= 'z') && !(*name >= 'A' && *name <= 'Z') &&
		    !(*name >= '0' && *name <= '9') && !strchr(more, *name))
			return false;
	return true;
}

int policy_parse_apparmor(const struct policy_key *key, const char *value, void *base,
			  struct err *err)
{
	char *to = (char *)base + key->offset;

	if (is_off(value)) {
		(void)err_set(err, EPERM, "no service is unconfined");
		return err_hint(err, "leave it out, or name a profile that the firmware loads");
	}
	if (str_equal(value, "docker-default"))
		value = POLICY_APPARMOR_BUILTIN;
	if (!is_profile(value))
		return err_set(err, EINVAL, "not the name of a profile: letters, digits, - . _");
	if (strlen(value) >= key->width)
		return err_set(err, E2BIG, "longer than %u characters", key->width - 1u);
	memset(to, 0, key->width);
	memcpy(to, value, strlen(value) + 1);
	return 0;
}

static bool print_apparmor(const struct policy_key *key, const void *base, unsigned int index,
			   struct text *out)
{
	const char *name = (const char *)base + key->offset;

	if (index || !*name)
		return false;
	text_add(out, name);
	return true;
}

static int valid_apparmor(const struct policy_key *key, const void *base, struct err *err)
{
	const char *name = (const char *)base + key->offset;

	if (!str_terminated(name, key->width) || (*name && (!is_profile(name) || is_off(name))))
		return err_set(err, EBADMSG, "%s is no name of a profile", key->name);
	return 0;
}

const struct policy_type policy_type_apparmor = {
	.syntax = "builtin, or the name of a profile that the firmware loads",
	.print = print_apparmor,
	.valid = valid_apparmor,
};
