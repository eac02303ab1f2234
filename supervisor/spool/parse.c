#include "spool/line.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/*
 * The reader of lines takes the canonical form only: fixed keys in fixed order, no space. It looks
 * at each byte once and never behind the end, whatever the bytes are: the shipper and the command
 * line read files that a compromised recorder may have written.
 */
struct scan {
	const char *at;
	const char *end;
	bool bad;
};

static inline void expect(struct scan *s, const char *text)
{
	size_t size = strlen(text);

	if (s->bad || (size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0)
		s->bad = true;
	else
		s->at += size;
}

static inline bool next_is(const struct scan *s, const char *text)
{
	size_t size = strlen(text);

	return !s->bad && (size_t)(s->end - s->at) >= size && memcmp(s->at, text, size) == 0;
}

static uint64_t number(struct scan *s)
{
	const char *start = s->at;
	uint64_t sum = 0;

	for (; !s->bad && s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
		if (__builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*s->at - '0'), &sum))
			s->bad = true;
	/* One number, one text: no leading zero. */
	if (s->at == start || (*start == '0' && s->at - start > 1))
		s->bad = true;
	return sum;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Size of the escape at @s->at, 0 when it is none of those that text_add_json_string() writes. */
static size_t escape(const struct scan *s)
{
	size_t left = (size_t)(s->end - s->at);

	if (left >= 2 && strchr("\"\\nt", s->at[1]) && s->at[1])
		return 2;
	if (left < 6 || s->at[1] != 'u')
		return 0;
	for (size_t i = 2; i < 6; i++)
		if (!is_hex(s->at[i]))
			return 0;
	return 6;
}

/* A JSON string; the span is what lies between the quotes. */
static struct spool_span string(struct scan *s)
{
	struct spool_span span = {.at = s->at + 1};

	expect(s, "\"");
	while (!s->bad && s->at < s->end && *s->at != '"') {
		size_t size = str_plain(s->at, (size_t)(s->end - s->at));

		if (!size)
			size = *s->at == '\\' ? escape(s) : (unsigned char)*s->at > 0x7f;
		s->bad = !size;
		s->at += size;
	}
	if (!s->bad)
		span.size = (size_t)(s->at - span.at);
	expect(s, "\"");
	return span;
}

static struct spool_span hex_string(struct scan *s, uint8_t *bytes, size_t count)
{
	struct spool_span span = string(s);

	s->bad = s->bad || span.size != 2 * count || str_unhex_bytes(span.at, bytes, count);
	return span;
}

/* A name of letters that may stand in a syslog header. */
static struct spool_span word(struct scan *s, const char *more, size_t limit)
{
	struct spool_span span = string(s);

	if (!s->bad && (span.size == 0 || span.size > limit))
		s->bad = true;
	for (size_t i = 0; !s->bad && i < span.size; i++) {
		char c = span.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
		    !(c && strchr(more, c)))
			s->bad = true;
	}
	return span;
}

static struct spool_span timestamp(struct scan *s)
{
	struct spool_span span = {0};

	if (next_is(s, "null")) {
		expect(s, "null");
		return span;
	}
	span = string(s);
	/* It goes into a syslog header as it is, so it has to be a time. */
	if (s->bad || span.size != SPOOL_TIME_SIZE || !spool_time_read(span.at, span.size))
		s->bad = true;
	return span;
}

static void value(struct scan *s, struct spool_span *found)
{
	if (next_is(s, "\"")) {
		*found = string(s);
		return;
	}
	found->at = s->at;
	(void)number(s);
	found->size = (size_t)(s->at - found->at);
}

/* An object of strings and numbers, one level deep. With @name: *found is the value of the first
 * member of that name, if there is one. */
static struct spool_span object(struct scan *s, const char *name, struct spool_span *found)
{
	struct spool_span span = {.at = s->at};

	expect(s, "{");
	while (!s->bad && !next_is(s, "}")) {
		struct spool_span key;
		struct spool_span is = {0};

		key = string(s);
		expect(s, ":");
		value(s, &is);
		if (name && !s->bad && !found->at && spool_span_equal(key, name))
			*found = is;
		if (next_is(s, ",\""))
			expect(s, ",");
		else if (!next_is(s, "}"))
			s->bad = true;
	}
	expect(s, "}");
	span.size = (size_t)(s->at - span.at);
	return span;
}

static void boot_id(struct scan *s, struct spool_view *v)
{
	uint8_t bytes[8] = {0};

	v->boot_text = hex_string(s, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		v->boot = v->boot << 8 | bytes[i];
}

static void head(struct scan *s, struct spool_view *v)
{
	uint64_t small;

	expect(s, "{\"v\":1,\"n\":");
	v->n = number(s);
	expect(s, ",\"b\":");
	boot_id(s, v);
	expect(s, ",\"m\":");
	v->boot_us = number(s);
	expect(s, ",\"t\":");
	v->time = timestamp(s);
	expect(s, ",\"q\":");
	small = number(s);
	if (small > 1)
		s->bad = true;
	v->synced = small == 1;
	expect(s, ",\"p\":");
	small = number(s);
	if (small > 191) /* RFC 5424 section 6.2.1 */
		s->bad = true;
	v->pri = (uint8_t)small;
	expect(s, ",\"s\":");
	v->service = word(s, "-.", NAME_SIZE - 1);
	expect(s, ",\"e\":");
	v->event = word(s, "_", 32);
}

int spool_line_parse(const char *bytes, size_t size, struct spool_view *view)
{
	struct scan s = {.at = bytes, .end = bytes + size};
	struct spool_view v = {0};

	if (size > SPOOL_LINE_SIZE)
		return -EBADMSG;
	head(&s, &v);
	if (next_is(&s, ",\"o\":")) {
		expect(&s, ",\"o\":");
		v.origin = word(&s, "", 32);
		expect(&s, ",\"sn\":");
		v.sn = number(&s);
	}
	if (next_is(&s, ",\"x\":")) {
		expect(&s, ",\"x\":");
		v.context = object(&s, NULL, NULL);
	}
	expect(&s, ",\"d\":");
	v.fields = object(&s, "pid", &v.pid);
	v.hashed = (size_t)(s.at - bytes);
	v.has_hash = next_is(&s, ",\"h\":");
	if (v.has_hash) {
		expect(&s, ",\"h\":");
		v.hash_text = hex_string(&s, v.hash, sizeof(v.hash));
	}
	expect(&s, "}");
	if (s.bad || s.at != s.end || v.n == 0)
		return -EBADMSG;
	*view = v;
	return 0;
}

int spool_line_member(const struct spool_view *view, const char *name, struct spool_span *found)
{
	struct scan s = {.at = view->fields.at, .end = view->fields.at + view->fields.size};
	struct spool_span is = {0};

	(void)object(&s, name, &is);
	if (!is.at)
		return -ENOENT;
	*found = is;
	return 0;
}

bool spool_object_next(struct spool_span *rest, struct spool_span *key, struct spool_span *found)
{
	struct scan s;

	/* A line without the object has a span without a place. */
	if (!rest->size)
		return false;
	s = (struct scan){.at = rest->at, .end = rest->at + rest->size};
	if (!next_is(&s, "{\"") && !next_is(&s, ",\""))
		return false;
	s.at++;
	*key = string(&s);
	expect(&s, ":");
	value(&s, found);
	rest->at = s.at;
	rest->size = (size_t)(s.end - s.at);
	return !s.bad;
}

bool spool_object_is(const char *text)
{
	struct scan s = {.at = text, .end = text + strlen(text)};

	(void)object(&s, NULL, NULL);
	return !s.bad && s.at == s.end;
}

bool spool_span_equal(struct spool_span span, const char *text)
{
	return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

int spool_line_number(const struct spool_view *view, const char *name, uint64_t *number)
{
	struct spool_span span;
	uint64_t sum = 0;

	if (spool_line_member(view, name, &span) || !span.size)
		return -ENOENT;
	for (size_t i = 0; i < span.size; i++)
		if (span.at[i] < '0' || span.at[i] > '9' ||
		    __builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(span.at[i] - '0'), &sum))
			return -ENOENT;
	*number = sum;
	return 0;
}

int spool_line_hash(const struct spool_view *view, const char *name, uint8_t hash[32])
{
	struct spool_span span;

	if (spool_line_member(view, name, &span) || span.size != 64 ||
	    str_unhex_bytes(span.at, hash, 32))
		return -ENOENT;
	return 0;
}
