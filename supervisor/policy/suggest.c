#include "policy/suggest.h"

#include <string.h>

#define NAME_MAX_LENGTH 32
#define NEAR            2

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's edit distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LENGTH + 1];
	size_t length = strlen(b);

	if (strlen(a) > NAME_MAX_LENGTH || length > NAME_MAX_LENGTH)
		return NAME_MAX_LENGTH;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t next = least(row[j] + 1, row[j - 1] + 1,
					    diagonal + (a[i - 1] != b[j - 1]));

			diagonal = row[j];
			row[j] = next;
		}
	}
	return row[length];
}

const char *policy_suggest_key(const struct policy_section *section, const char *name)
{
	const char *best = NULL;
	size_t best_distance = NEAR + 1;

	for (size_t i = 0; i < section->count; i++) {
		size_t d = distance(name, section->keys[i].name);

		if (d < best_distance && d < strlen(name)) {
			best = section->keys[i].name;
			best_distance = d;
		}
	}
	return best;
}
