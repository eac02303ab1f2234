#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/log_tag.h"
#include "policy/trust_policy.h"

/* Each check returns what is wrong with a text, NULL when nothing is. */

static bool only(const char *text, const char *more)
{
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		      (*text >= '0' && *text <= '9') || strchr(more, *text)))
			return false;
	return true;
}

static const char *check_name(const char *text)
{
	return str_is_name(text)
		       ? NULL
		       : "not a name: a-z first, then a-z 0-9 . - and at most 32 characters";
}

static const char *check_host(const char *text)
{
	if (!only(text, "-."))
		return "holds a character other than a-z A-Z 0-9 - .";
	if (strchr("-.", text[0]) || strchr("-.", text[strlen(text) - 1]) || strstr(text, ".."))
		return "labels must begin and end with a letter or digit";
	return NULL;
}

/* As the directories of board/ are called. */
static const char *check_board(const char *text)
{
	return only(text, "-._") ? NULL : "holds a character other than a-z A-Z 0-9 - . _";
}

/* Names of rules with commas between, as `bartizan image build --allow` takes them. */
static const char *check_accepted(const char *text)
{
	return only(text, "-,") ? NULL : "holds a character other than a-z A-Z 0-9 - ,";
}

/* A digest that is kept as it was written. */
static const char *check_origin(const char *text)
{
	uint8_t bytes[32];

	return str_starts(text, "sha256:") && !str_unhex(text + 7, bytes, sizeof(bytes))
		       ? NULL
		       : "not sha256: and 64 lower-case hex digits";
}

static const char *check_version(const char *text)
{
	/* No '_': it separates name and version in NAME_VERSION. */
	return only(text, ".+~^-") ? NULL : "holds a character other than a-z A-Z 0-9 . + ~ ^ -";
}

static const char *check_path(const char *text)
{
	size_t length = strlen(text);

	if (text[0] != '/')
		return "not an absolute path";
	if (strstr(text, "//") || strstr(text, "/./") || str_ends(text, "/.") ||
	    (length > 1 && text[length - 1] == '/'))
		return "not a plain path: no //, /. or / at the end";
	if (strstr(text, "/../") || str_ends(text, "/.."))
		return "leads upwards with ..";
	return NULL;
}

static const char *check_file(const char *text)
{
	if (text[0] == '.' || !only(text, "._-"))
		return "not a plain file name";
	return NULL;
}

/* Below /sys. What is there at all is the kernel's and the board's; the launcher looks. */
static const char *check_sysfs(const char *text)
{
	if (!only(text, "-_.:,@+/"))
		return "holds a character other than a-z A-Z 0-9 - _ . : , @ + /";
	if (text[0] == '/' || strstr(text, "//") || str_ends(text, "/") || !strchr(text, '/'))
		return "not the path of an attribute below /sys";
	if (strstr(text, "/./") || strstr(text, "/../") || text[0] == '.' || str_ends(text, "/.") ||
	    str_ends(text, "/.."))
		return "not a plain path: no . and .. on the way";
	return NULL;
}

static const char *check_glob(const char *text)
{
	return only(text, ".-*") ? NULL : "holds a character other than a-z A-Z 0-9 . - *";
}

static const char *check_match(const char *text)
{
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~')
			return "holds a blank, a control character or one outside of ASCII";
	return text[0] == '|' || str_ends(text, "|") || strstr(text, "||") ? "a glob is empty"
									   : NULL;
}

static const char *check_tag(const char *text)
{
	return policy_tag_check(text);
}

static int parse_text(const struct policy_key *key, const char *value, void *base,
		      const char *wrong, struct err *err)
{
	if (wrong)
		return err_set(err, EINVAL, "%s", wrong);
	if (strlen(value) >= key->width)
		return err_set(err, ERANGE, "longer than %d characters", key->width - 1);
	memset((char *)base + key->offset, 0, key->width);
	memcpy((char *)base + key->offset, value, strlen(value));
	return 0;
}

static bool print_text(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	const char *text = (const char *)base + key->offset;

	if (index || !*text)
		return false;
	text_add(out, text);
	return true;
}

static int valid_text(const struct policy_key *key, const void *base,
		      const char *(*check)(const char *), struct err *err)
{
	const char *text = (const char *)base + key->offset;

	if (!str_terminated(text, key->width))
		return err_set(err, EBADMSG, "%s is not terminated", key->name);
	if (!*text)
		return key->required ? err_set(err, EBADMSG, "%s is empty", key->name) : 0;
	if (check(text))
		return err_set(err, EBADMSG, "%s: %s", key->name, check(text));
	return 0;
}

/* clang-format off */
#define TEXT_TYPE(NAME, SYNTAX) \
int policy_parse_##NAME(const struct policy_key *key, const char *value, void *base, struct err *err) \
{ \
	return parse_text(key, value, base, check_##NAME(value), err); \
} \
static int valid_##NAME(const struct policy_key *key, const void *base, struct err *err) \
{ \
	return valid_text(key, base, check_##NAME, err); \
} \
const struct policy_type policy_type_##NAME = { \
	.syntax = SYNTAX, .print = print_text, .valid = valid_##NAME}

TEXT_TYPE(name, "name: web-ui");
TEXT_TYPE(host, "host name: gateway-7");
TEXT_TYPE(board, "board: qemu-x86_64");
TEXT_TYPE(version, "version: 1.4.2");
TEXT_TYPE(accepted, "rules: shell,setuid");
TEXT_TYPE(origin, "sha256:<64 hex digits>");
TEXT_TYPE(path, "absolute path: /var/lib/data");
TEXT_TYPE(sysfs, "attribute below /sys: class/thermal/thermal_zone0/temp");
TEXT_TYPE(glob, "services: web-*");
TEXT_TYPE(match, "globs: init_module|finit_module");
TEXT_TYPE(tag, "text, {{.Name}} {{.ImageName}} {{.ID}} {{.ImageID}} {{.DaemonName}}");
TEXT_TYPE(file, "file below /etc/bartizan: ca.pem");
/* clang-format on */

/* A digest field is a flag and, right behind it, 32 bytes. */
static_assert(offsetof(struct device_service, image_digest) ==
		      offsetof(struct device_service, has_digest) + 1,
	      "image_digest must follow has_digest");
static_assert(offsetof(struct trust_signer, spki) == offsetof(struct trust_signer, has_spki) + 1,
	      "spki must follow has_spki");

int policy_parse_digest(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	uint8_t digest[32];

	if (!str_starts(value, "sha256:"))
		return err_set(err, EINVAL,
			       "not of the form \"%s\": no other digest and no tag is a pin",
			       key->type->syntax);
	if (str_unhex(value + 7, digest, sizeof(digest)))
		return err_set(err, EINVAL, "sha256: must be followed by 64 lower-case hex digits");
	policy_number_set(&(struct policy_key){.offset = key->offset, .width = 1}, base, true);
	memcpy((uint8_t *)base + key->offset + 1, digest, sizeof(digest));
	return 0;
}

static bool print_digest(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const uint8_t *field = (const uint8_t *)base + key->offset;
	char hex[65];

	if (index || !field[0])
		return false;
	str_hex(hex, field + 1, 32);
	text_add(out, "sha256:");
	text_add(out, hex);
	return true;
}

static int valid_digest(const struct policy_key *key, const void *base, struct err *err)
{
	if (*((const uint8_t *)base + key->offset) > 1)
		return err_set(err, EBADMSG, "%s is neither there nor absent", key->name);
	return 0;
}

const struct policy_type policy_type_digest = {
	.syntax = "sha256:<64 hex digits>",
	.print = print_digest,
	.valid = valid_digest,
};
