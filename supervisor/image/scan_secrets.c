#include <string.h>

#include "base/str.h"
#include "image/scan.h"

/* Keys that services hand out in a form of their own: what they begin with, and how many characters
 * follow. */
static const struct {
	const char *prefix;
	size_t length;
} tokens[] = {
	{"AKIA", 16},        {"ASIA", 16},   {"ghp_", 36},
	{"github_pat_", 22}, {"glpat-", 20}, {"xoxb-", 24},
};

#define RANDOM_LENGTH   32
#define RANDOM_DISTINCT 18

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

/* PEM (RFC 7468) and what stands in it: programs that read keys hold the first line alone. */
static bool has_private_key(const char *at, size_t size)
{
	static const char mark[] = "PRIVATE KEY-----";
	size_t used = strlen(mark);

	if (size < used || memcmp(at, mark, used) != 0)
		return false;
	while (used < size && (at[used] == '\r' || at[used] == '\n'))
		used++;
	if (used == strlen(mark))
		return false;
	for (size_t i = 0; i < 40; i++)
		if (used + i >= size || !is_base64(at[used + i]))
			return false;
	return true;
}

static bool has_token(const char *at, size_t size, bool begins)
{
	for (size_t i = 0; begins && i < ARRAY_SIZE(tokens); i++) {
		size_t prefix = strlen(tokens[i].prefix);
		size_t length = 0;

		if (size < prefix || memcmp(at, tokens[i].prefix, prefix) != 0)
			continue;
		while (prefix + length < size && is_word(at[prefix + length]))
			length++;
		if (length == tokens[i].length)
			return true;
	}
	return false;
}

/* Upper case, lower case, digits, and hardly one twice, behind '=' or ':'. */
static bool is_random(const char *at, size_t size)
{
	bool seen[256] = {false};
	unsigned int distinct = 0;
	unsigned int kinds = 0;
	size_t i = 1;

	if (at[0] != '=' && at[0] != ':')
		return false;
	while (i < size && i < 4 && strchr(" \"'", at[i]) && at[i])
		i++;
	for (size_t end = i + RANDOM_LENGTH; i < end; i++) {
		if (i >= size || !is_base64(at[i]))
			return false;
		distinct += !seen[(unsigned char)at[i]];
		seen[(unsigned char)at[i]] = true;
		kinds |= at[i] >= 'a' ? 1u : at[i] >= 'A' ? 2u : at[i] >= '0' ? 4u : 0u;
	}
	return distinct >= RANDOM_DISTINCT && kinds == 7;
}

uint32_t scan_secrets(const char *bytes, size_t size)
{
	uint32_t found = 0;

	for (size_t i = 0; i < size; i++) {
		const char *at = bytes + i;

		if (*at == 'P' && has_private_key(at, size - i))
			found |= SECRET_PRIVATE_KEY;
		if ((*at == 'A' || *at == 'g' || *at == 'x') &&
		    has_token(at, size - i, i == 0 || !is_word(at[-1])))
			found |= SECRET_TOKEN;
		if ((*at == '=' || *at == ':') && is_random(at, size - i))
			found |= SECRET_RANDOM;
	}
	return found;
}
