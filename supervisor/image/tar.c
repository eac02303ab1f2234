#include "image/tar.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "trust/refuse.h"

#define PAX_MAX     65536
#define HINT_TAR    "make the archive again"
#define HINT_INSIDE "an archive may name only what lies below its own root"

/* POSIX 1003.1-1988, "ustar Interchange Format". */
enum {
	AT_NAME = 0,
	NAME_LENGTH = 100,
	AT_MODE = 100,
	AT_SIZE = 124,
	AT_CHECKSUM = 148,
	CHECKSUM_LENGTH = 8,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	PREFIX_LENGTH = 155,
};

/* What the headers in front of an entry said about it. */
struct extra {
	bool has_path;
	bool has_link;
	bool has_size;
	bool capability;
	uint64_t size;
	char path[TAR_PATH];
	char link[TAR_PATH];
};

static int bad(struct err *err, const char *what)
{
	return REFUSE(err, EBADMSG, HINT_TAR, "archive: %s", what);
}

static int read_exact(struct tar *tar, void *buffer, size_t size, struct err *err)
{
	ssize_t n = fd_read_up_to(tar->fd, buffer, size);

	if (n < 0)
		return err_sys(err, (int)-n, "cannot read the archive");
	return (size_t)n == size ? 0 : bad(err, "it is cut off");
}

static int skip(struct tar *tar, struct err *err)
{
	uint8_t dropped[TAR_BLOCK * 16];
	uint64_t left = tar->left + tar->pad;

	while (left) {
		size_t count = left < sizeof(dropped) ? (size_t)left : sizeof(dropped);
		int r = read_exact(tar, dropped, count, err);

		if (r)
			return r;
		left -= count;
	}
	tar->left = 0;
	tar->pad = 0;
	return 0;
}

/* Octal digits between spaces, or GNU's binary form. */
static int read_number(const uint8_t *at, size_t length, uint64_t *number)
{
	uint64_t value = 0;
	size_t i = 0;

	if (at[0] & 0x80) {
		for (i = 0; i < length; i++) {
			if (value >> 55)
				return -ERANGE;
			value = value << 8 | (i == 0 ? at[i] & 0x7f : at[i]);
		}
		*number = value;
		return 0;
	}
	while (i < length && at[i] == ' ')
		i++;
	for (; i < length && at[i] >= '0' && at[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(at[i] - '0'); /* at most 12 digits: 36 bits */
	for (; i < length; i++)
		if (at[i] != ' ' && at[i] != '\0')
			return -EINVAL;
	*number = value;
	return 0;
}

static bool checksum_matches(const uint8_t block[TAR_BLOCK])
{
	uint64_t stored;
	uint64_t sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= AT_CHECKSUM && i < AT_CHECKSUM + CHECKSUM_LENGTH ? ' ' : block[i];
	return !read_number(block + AT_CHECKSUM, CHECKSUM_LENGTH, &stored) && stored == sum;
}

/* One value of a pax record into @to. A zero byte inside would hide what follows from every later
 * check. */
static int take_text(const char *value, size_t length, char to[TAR_PATH], struct err *err)
{
	if (length == 0 || length >= TAR_PATH || memchr(value, '\0', length))
		return bad(err, "a name is empty, too long, or holds a zero byte");
	memcpy(to, value, length);
	to[length] = '\0';
	return 0;
}

struct pax {
	const char *key;
	size_t key_length;
	const char *value;
	size_t length;
};

static bool key_is(const struct pax *p, const char *key)
{
	return p->key_length == strlen(key) && memcmp(p->key, key, p->key_length) == 0;
}

static int take_size(const struct pax *p, struct extra *x, struct err *err)
{
	char text[24];

	if (p->length >= sizeof(text))
		return bad(err, "a size is no number");
	memcpy(text, p->value, p->length);
	text[p->length] = '\0';
	x->has_size = true;
	return str_u64(text, 0, INT64_MAX, &x->size) ? bad(err, "a size is no number") : 0;
}

static int take_record(const struct pax *p, struct extra *x, struct err *err)
{
	if (key_is(p, "path")) {
		x->has_path = true;
		return take_text(p->value, p->length, x->path, err);
	}
	if (key_is(p, "linkpath")) {
		x->has_link = true;
		return take_text(p->value, p->length, x->link, err);
	}
	if (key_is(p, "size"))
		return take_size(p, x, err);
	if (key_is(p, "SCHILY.xattr.security.capability"))
		x->capability = true;
	if (p->key_length > 11 && memcmp(p->key, "GNU.sparse.", 11) == 0)
		return REFUSE(err, EINVAL, "make the archive without --sparse",
			      "archive: sparse files are not read");
	return 0;
}

/* "LENGTH KEY=VALUE\n", LENGTH counting all of it. Gives what is left behind it in *@text, *@size.
 */
static int next_record(const char **text, size_t *size, struct pax *p, struct err *err)
{
	size_t digits = 0;
	size_t length = 0;
	const char *equals;

	while (digits < *size && digits < 6 && (*text)[digits] >= '0' && (*text)[digits] <= '9')
		length = length * 10 + (size_t)((*text)[digits++] - '0');
	if (digits == 0 || digits == *size || (*text)[digits] != ' ' || length > *size ||
	    length < digits + 3 || (*text)[length - 1] != '\n')
		return bad(err, "malformed extended header");
	p->key = *text + digits + 1;
	equals = memchr(p->key, '=', length - digits - 2);
	if (!equals)
		return bad(err, "malformed extended header");
	p->key_length = (size_t)(equals - p->key);
	p->value = equals + 1;
	p->length = (size_t)(*text + length - 1 - p->value);
	*text += length;
	*size -= length;
	return 0;
}

static int read_pax(struct tar *tar, bool global, struct extra *x, struct err *err)
{
	static char text[PAX_MAX];
	const char *at = text;
	size_t size = (size_t)tar->left;
	int r;

	if (tar->left > sizeof(text))
		return bad(err, "extended header of more than 64 KiB");
	r = read_exact(tar, text, size, err);
	tar->left = 0;
	while (!r && !global && size) {
		struct pax p;

		r = next_record(&at, &size, &p, err);
		r = r ? r : take_record(&p, x, err);
	}
	return r;
}

static int read_long_name(struct tar *tar, bool *has, char to[TAR_PATH], struct err *err)
{
	char text[TAR_PATH + 1];
	size_t size = (size_t)tar->left;
	int r;

	if (tar->left > sizeof(text) || !tar->left)
		return bad(err, "a name is empty, too long, or holds a zero byte");
	r = read_exact(tar, text, size, err);
	tar->left = 0;
	if (r)
		return r;
	*has = true;
	return take_text(text, strnlen(text, size), to, err);
}

/* Without "./" in front and slashes at the end; each name between must be one. */
static int clean_path(const char *from, char to[TAR_PATH], struct err *err)
{
	size_t used = 0;

	if (from[0] == '/')
		return REFUSE(err, EINVAL, HINT_INSIDE, "archive: %.100s is an absolute name",
			      from);
	while (*from) {
		size_t length = strcspn(from, "/");

		if (length == 2 && memcmp(from, "..", 2) == 0)
			return REFUSE(err, EINVAL, HINT_INSIDE,
				      "archive: a name leads through \"..\"");
		if (length && !(length == 1 && from[0] == '.')) {
			if (used + length + 2 > TAR_PATH)
				return bad(err, "a name is too long");
			if (used)
				to[used++] = '/';
			memcpy(to + used, from, length);
			used += length;
		}
		from += length;
		from += *from == '/';
	}
	to[used] = '\0';
	return 0;
}

/* Where a relative symbolic link leads, counted in directories below the root. Absolute ones are
 * resolved below the service's own root and stay inside. */
static int check_symlink(const struct tar_entry *e, struct err *err)
{
	const char *at = e->link;
	long depth = 0;

	for (const char *p = e->path; *p; p++)
		depth += *p == '/';
	if (!*at)
		return bad(err, "a link without target");
	while (*at && e->link[0] != '/') {
		size_t length = strcspn(at, "/");

		if (length == 2 && memcmp(at, "..", 2) == 0)
			depth--;
		else if (length && !(length == 1 && at[0] == '.'))
			depth++;
		if (depth < 0)
			return REFUSE(err, EINVAL, HINT_INSIDE,
				      "archive: %.80s links out of the root", e->path);
		at += length;
		at += *at == '/';
	}
	return 0;
}

static const struct {
	char code;
	enum tar_type type;
} types[] = {
	{'0', TAR_FILE},     {'\0', TAR_FILE},   {'7', TAR_FILE},
	{'1', TAR_HARDLINK}, {'2', TAR_SYMLINK}, {'3', TAR_SPECIAL},
	{'4', TAR_SPECIAL},  {'6', TAR_SPECIAL}, {'5', TAR_DIRECTORY},
};

static int find_type(char code, enum tar_type *type, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].code == code) {
			*type = types[i].type;
			return 0;
		}
	return REFUSE(err, EINVAL, "make the archive in pax or GNU form",
		      "archive: an entry of unknown type %d", code);
}

static void raw_text(const uint8_t *at, size_t length, char *to)
{
	memcpy(to, at, length);
	to[length] = '\0';
}

static int fill_names(const uint8_t *block, struct extra *x, struct tar_entry *e, struct err *err)
{
	char name[PREFIX_LENGTH + 1 + NAME_LENGTH + 1];
	char base[NAME_LENGTH + 1];
	char link[NAME_LENGTH + 1];
	char prefix[PREFIX_LENGTH + 1] = "";
	int r;

	raw_text(block + AT_NAME, NAME_LENGTH, base);
	raw_text(block + AT_LINK, NAME_LENGTH, link);
	if (memcmp(block + AT_MAGIC, "ustar\0", 6) == 0)
		raw_text(block + AT_PREFIX, PREFIX_LENGTH, prefix);
	str_join(name, sizeof(name), prefix, prefix[0] ? "/" : "", base);
	if (!x->has_path && !name[0])
		return bad(err, "an entry without name");
	r = clean_path(x->has_path ? x->path : name, e->path, err);
	if (r)
		return r;
	e->link[0] = '\0';
	if (e->type == TAR_HARDLINK)
		return clean_path(x->has_link ? x->link : link, e->link, err);
	if (e->type != TAR_SYMLINK)
		return 0;
	(void)str_copy(e->link, sizeof(e->link), x->has_link ? x->link : link);
	return check_symlink(e, err);
}

static int fill_entry(struct tar *tar, const uint8_t *block, struct extra *x, struct tar_entry *e,
		      struct err *err)
{
	uint64_t mode;
	int r = find_type((char)block[AT_TYPE], &e->type, err);

	r = r ? r : fill_names(block, x, e, err);
	if (r)
		return r;
	if (read_number(block + AT_MODE, 8, &mode))
		return bad(err, "a mode is no number");
	e->mode = (uint32_t)mode & 07777;
	e->capability = x->capability;
	if (e->type != TAR_FILE && tar->left)
		return bad(err, "content of something that is no file");
	e->size = tar->left;
	return 0;
}

/* Sizes of the entry that @block begins: the pax record counts for entries, the header for what
 * stands in front. */
static int begin(struct tar *tar, const uint8_t *block, const struct extra *x, struct err *err)
{
	bool in_front = strchr("xgLK", block[AT_TYPE]) && block[AT_TYPE];
	uint64_t size;

	if (!checksum_matches(block))
		return bad(err, "a header's checksum is wrong");
	if (read_number(block + AT_SIZE, 12, &size) || size > INT64_MAX)
		return bad(err, "a size is no number");
	tar->left = x->has_size && !in_front ? x->size : size;
	tar->pad = (uint32_t)(-tar->left % TAR_BLOCK);
	return 0;
}

static int read_in_front(struct tar *tar, char type, struct extra *x, struct err *err)
{
	switch (type) {
	case 'x':
	case 'g':
		return read_pax(tar, type == 'g', x, err);
	case 'L':
		return read_long_name(tar, &x->has_path, x->path, err);
	default:
		return read_long_name(tar, &x->has_link, x->link, err);
	}
}

static bool is_zero(const uint8_t block[TAR_BLOCK])
{
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

int tar_next(struct tar *tar, struct tar_entry *entry, struct err *err)
{
	static struct extra x;
	uint8_t block[TAR_BLOCK];

	memset(&x, 0, sizeof(x));
	for (;;) {
		int r = skip(tar, err);

		r = r ? r : read_exact(tar, block, sizeof(block), err);
		if (r)
			return r;
		if (is_zero(block))
			return 0;
		r = begin(tar, block, &x, err);
		if (r)
			return r;
		if (!block[AT_TYPE] || !strchr("xgLK", block[AT_TYPE])) {
			r = fill_entry(tar, block, &x, entry, err);
			return r ? r : 1;
		}
		r = read_in_front(tar, (char)block[AT_TYPE], &x, err);
		if (r)
			return r;
	}
}

ssize_t tar_read(struct tar *tar, void *buffer, size_t size, struct err *err)
{
	size_t count = tar->left < size ? (size_t)tar->left : size;
	int r = read_exact(tar, buffer, count, err);

	if (r)
		return r;
	tar->left -= count;
	return (ssize_t)count;
}
