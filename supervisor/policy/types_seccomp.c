#include <errno.h>
#include <string.h>

#include "policy/key.h"

/*
 * seccomp = builtin:strict, builtin:moby, or a file of the image. Fills seccomp and, right behind
 * it, seccomp_file.
 */
_Static_assert(offsetof(struct policy, seccomp_file) ==
		       offsetof(struct policy, seccomp) + sizeof(uint8_t),
	       "seccomp_file must follow seccomp");

static const char *const builtins[] = {"builtin:strict", "builtin:moby"};

static const char *file_of(const struct policy_key *key, const void *base)
{
	return (const char *)base + key->offset + 1;
}

static uint8_t *kind_of(const struct policy_key *key, void *base)
{
	return (uint8_t *)base + key->offset;
}

static const char *check_file(const char *text)
{
	if (text[0] != '/' || strstr(text, "//") || strstr(text, "/./") || strstr(text, "/../") ||
	    str_ends(text, "/") || str_ends(text, "/.."))
		return "not a plain absolute path of the image";
	if (!str_ends(text, ".json"))
		return "the file's name does not end in .json";
	return strlen(text) < POLICY_PATH_SIZE ? NULL : "path is too long";
}

int policy_parse_seccomp(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	const char *wrong;

	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		if (str_equal(value, builtins[i])) {
			*kind_of(key, base) = (uint8_t)i;
			memset((char *)base + key->offset + 1, 0, POLICY_PATH_SIZE);
			return 0;
		}
	if (str_equal(value, "unconfined")) {
		(void)err_set(err, EPERM, "every service has a filter");
		return err_hint(err, "leave it out, or name what the program needs in a profile");
	}
	if (value[0] != '/') {
		(void)err_set(err, EINVAL,
			      "not builtin:strict, builtin:moby or a file of the image");
		return err_hint(err, "a profile lies in the image: seccomp = /etc/profile.json");
	}
	wrong = check_file(value);
	if (wrong)
		return err_set(err, EINVAL, "%s", wrong);
	*kind_of(key, base) = SECCOMP_FILE;
	memset((char *)base + key->offset + 1, 0, POLICY_PATH_SIZE);
	memcpy((char *)base + key->offset + 1, value, strlen(value));
	return 0;
}

static bool print_seccomp(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	uint8_t kind = *((const uint8_t *)base + key->offset);

	if (index)
		return false;
	text_add(out, kind < ARRAY_SIZE(builtins) ? builtins[kind] : file_of(key, base));
	return true;
}

static int valid_seccomp(const struct policy_key *key, const void *base, struct err *err)
{
	uint8_t kind = *((const uint8_t *)base + key->offset);
	const char *file = file_of(key, base);

	if (!str_terminated(file, POLICY_PATH_SIZE))
		return err_set(err, EBADMSG, "%s is not terminated", key->name);
	if (kind < SECCOMP_FILE && !*file)
		return 0;
	if (kind != SECCOMP_FILE || check_file(file))
		return err_set(err, EBADMSG, "%s is neither a builtin profile nor a file",
			       key->name);
	return 0;
}

const struct policy_type policy_type_seccomp = {
	.syntax = "builtin:strict, builtin:moby or a file of the image: /etc/profile.json",
	.print = print_seccomp,
	.valid = valid_seccomp,
};
