#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "programs/recorder/recorder.h"

/*
 * /dev/log of a service: a datagram socket in its /dev, which nobody else sees, so the socket says
 * whose message it is; whatever a message claims is text in a record of its own kind. RFC 3164 as
 * syslog(3) writes it, and RFC 5424; what is neither is kept as it came.
 */
#define MESSAGE_MAX   16384u
#define TAG_MAX       48u
#define TIME_SIZE     16u /* "Jan  1 00:00:00 " */
#define PRI_MAX       191u
#define FACILITY_USER 1u
#define NOTICE        5u

struct rest {
	const char *at;
	size_t size;
};

static void skip(struct rest *r, size_t count)
{
	count = count < r->size ? count : r->size;
	r->at += count;
	r->size -= count;
}

static bool next_is(const struct rest *r, char c)
{
	return r->size && *r->at == c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "<13>": false and nothing taken when it is not of that form. */
static bool take_pri(struct rest *r, unsigned int *pri)
{
	unsigned int number = 0;
	size_t i = 1;

	if (!next_is(r, '<'))
		return false;
	for (; i < r->size && i <= 3 && is_digit(r->at[i]); i++)
		number = number * 10 + (unsigned int)(r->at[i] - '0');
	if (i == 1 || i >= r->size || r->at[i] != '>' || number > PRI_MAX)
		return false;
	skip(r, i + 1);
	*pri = number;
	return true;
}

/* Up to the next blank, which is taken too. */
static struct rest take_word(struct rest *r)
{
	const char *end = memchr(r->at, ' ', r->size);
	struct rest word = {r->at, end ? (size_t)(end - r->at) : r->size};

	skip(r, word.size + 1);
	return word;
}

/* Structured data of RFC 5424 is passed over: nothing of it is believed. False: it has no end. */
static bool skip_data(struct rest *r)
{
	bool quoted = false;

	if (next_is(r, '-'))
		skip(r, 1);
	while (next_is(r, '[')) {
		for (skip(r, 1); r->size && (quoted || *r->at != ']'); skip(r, 1)) {
			if (quoted && *r->at == '\\')
				skip(r, 1);
			else if (*r->at == '"')
				quoted = !quoted;
			if (!r->size)
				return false;
		}
		if (!r->size)
			return false;
		skip(r, 1);
	}
	return !r->size || next_is(r, ' ');
}

static bool read_5424(struct rest *r, struct device_log *m)
{
	struct rest rest = *r;
	struct rest tag;

	if (rest.size < 2 || memcmp(rest.at, "1 ", 2) != 0)
		return false;
	skip(&rest, 2);
	(void)take_word(&rest); /* time and host: we know them better */
	(void)take_word(&rest);
	tag = take_word(&rest);
	(void)take_word(&rest);
	(void)take_word(&rest);
	if (!tag.size || !skip_data(&rest))
		return false;
	skip(&rest, 1);
	if (rest.size >= 3 && memcmp(rest.at, "\xef\xbb\xbf", 3) == 0)
		skip(&rest, 3);
	m->tag = tag.at;
	m->tag_size = tag.size < TAG_MAX ? tag.size : TAG_MAX;
	*r = rest;
	return true;
}

static bool is_time(const struct rest *r)
{
	static const char form[] = "aaa dd dd:dd:dd ";

	if (r->size < TIME_SIZE)
		return false;
	for (size_t i = 0; i < TIME_SIZE; i++) {
		char c = r->at[i];

		if (form[i] == 'd'   ? !is_digit(c) && !(i == 4 && c == ' ')
		    : form[i] == 'a' ? c < 'A' || c > 'z'
				     : c != form[i])
			return false;
	}
	return true;
}

/* "tag[123]: text" */
static void read_3164(struct rest *r, struct device_log *m)
{
	size_t i = 0;
	size_t size;

	if (is_time(r))
		skip(r, TIME_SIZE);
	while (i < r->size && i < TAG_MAX && r->at[i] > ' ' && r->at[i] < 0x7f &&
	       !strchr("[:", r->at[i]))
		i++;
	size = i;
	if (i < r->size && r->at[i] == '[') {
		while (i < r->size && r->at[i] > ' ' && r->at[i] != ']')
			i++;
		i++;
	}
	if (!size || i >= r->size || r->at[i] != ':')
		return;
	m->tag = r->at;
	m->tag_size = size;
	skip(r, i + 1);
	skip(r, next_is(r, ' '));
}

void device_log_parse(const char *bytes, size_t size, struct device_log *m)
{
	struct rest r = {bytes, size};
	unsigned int pri = FACILITY_USER * 8 + NOTICE;

	while (r.size && (r.at[r.size - 1] == '\n' || !r.at[r.size - 1]))
		r.size--;
	*m = (struct device_log){.tag = ""};
	if (take_pri(&r, &pri) && !read_5424(&r, m))
		read_3164(&r, m);
	m->severity = pri % 8;
	m->facility = pri / 8 ? pri / 8 : FACILITY_USER;
	m->text = r.at;
	m->text_size = r.size;
}

static void keep(struct source *s, const char *bytes, size_t size, size_t whole)
{
	struct audit_decoded record = {
		.def = &audit_events[EVENT_SYSLOG], .head.boot_us = clock_boot_us(), .count = 6};
	struct device_log m;

	device_log_parse(bytes, size, &m);
	record.values[0].string = s->service->name;
	record.values[0].length = strlen(s->service->name);
	record.values[1].number = m.facility;
	record.values[2].number = m.severity;
	record.values[3].string = m.tag;
	record.values[3].length = m.tag_size;
	record.values[4].string = m.text;
	record.values[4].length = m.text_size;
	record.values[5].number = whole - size;
	store_add(&s->recorder->store, ORIGIN_COUNT, 0, &record);
}

ssize_t device_log_read(struct source *s)
{
	static char bytes[MESSAGE_MAX];
	/* The whole size comes back even when it did not fit (recv(2), MSG_TRUNC). */
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	if (output_admit(s, (size_t)n))
		keep(s, bytes, (size_t)n < sizeof(bytes) ? (size_t)n : sizeof(bytes), (size_t)n);
	return n;
}
