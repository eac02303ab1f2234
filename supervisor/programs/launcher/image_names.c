/* What the name of an image file says: NAME_VERSION_ARCH[+LEFT[-DONE]].raw, as in systemd.v(7). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "programs/launcher/images.h"

#define FILE_END  ".raw"
#define COUNT_MAX 999u

/* The '+' of "+LEFT" or "+LEFT-DONE" at the end of @text; NULL: no counter. */
static const char *find_counter(const char *text, uint32_t *left, uint32_t *done)
{
	const char *plus = strrchr(text, '+');
	const char *dash = plus ? strchr(plus, '-') : NULL;
	char number[8] = "";
	uint64_t l, d = 0;
	size_t length;

	if (!plus)
		return NULL;
	length = dash ? (size_t)(dash - plus - 1) : strlen(plus + 1);
	if (length >= sizeof(number))
		return NULL;
	memcpy(number, plus + 1, length);
	if (str_u64(number, 0, COUNT_MAX, &l) || (dash && str_u64(dash + 1, 0, COUNT_MAX, &d)))
		return NULL;
	*left = (uint32_t)l;
	*done = (uint32_t)d;
	return plus;
}

static enum image_standing standing_of(uint32_t left, uint32_t done)
{
	if (left)
		return IMAGE_TRIAL;
	return done ? IMAGE_BAD : IMAGE_ASIDE;
}

bool images_parse(const char *file, const char *name, struct image_file *to)
{
	struct image_file one = {.standing = IMAGE_GOOD};
	bool damaged = str_ends(file, FILE_END IMAGES_DAMAGED);
	const char *end = damaged ? FILE_END IMAGES_DAMAGED : FILE_END;
	size_t start = strlen(name) + 1, length = strlen(file), version;
	const char *arch, *counter = NULL;
	char stem[IMAGES_FILE_SIZE];

	if (!str_starts(file, name) || !str_ends(file, end) || length >= sizeof(stem) ||
	    length <= start + strlen(end) || file[start - 1] != '_')
		return false;
	length -= strlen(end) + start;
	memcpy(stem, file + start, length);
	stem[length] = '\0';
	/* A version may hold a '+', an architecture does not: only behind one is it a counter. */
	arch = strchr(stem, '_');
	if (arch)
		counter = find_counter(arch, &one.left, &one.done);
	if (counter)
		one.standing = standing_of(one.left, one.done);
	if (damaged)
		one.standing = IMAGE_DAMAGED;
	version = arch ? (size_t)(arch - stem) : length;
	if (!version || version >= sizeof(one.version))
		return false;
	memcpy(one.version, stem, version);
	(void)str_copy(one.file, sizeof(one.file), file);
	*to = one;
	return true;
}

int images_rename(const struct image_file *from, const struct image_count *count,
		  char to[IMAGES_FILE_SIZE])
{
	size_t length = strlen(from->file) - strlen(FILE_END);
	char counter[16] = "";
	int n;

	if (from->standing != IMAGE_GOOD)
		length = (size_t)(strrchr(from->file, '+') - from->file);
	if (count->standing != IMAGE_GOOD)
		(void)snprintf(counter, sizeof(counter), "+%u-%u", count->left, count->done);
	n = snprintf(to, IMAGES_FILE_SIZE, "%.*s%s" FILE_END, (int)length, from->file, counter);
	return n < IMAGES_FILE_SIZE ? 0 : -ENAMETOOLONG;
}
