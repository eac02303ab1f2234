#ifndef FUZZ_RFC5424_H
#define FUZZ_RFC5424_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A reader of RFC 5424 messages, rule by rule from the ABNF of its section 6 and nothing else: it
 * shares no line with export/. Where the RFC leaves a choice to senders (MSG-ANY, a NILVALUE as
 * structured data) only what we send is taken: MSG-UTF8 behind at least one element.
 */
#define SYSLOG_PARAMS 96

struct syslog_span {
	const char *at;
	size_t size;
};

struct syslog_param {
	struct syslog_span id; /* of its element */
	struct syslog_span name;
	struct syslog_span value; /* escapes not yet undone */
};

struct syslog_message {
	unsigned int pri;
	struct syslog_span time, host, app, procid, msgid;
	struct syslog_param params[SYSLOG_PARAMS];
	size_t count;
	struct syslog_span msg; /* behind the BOM */
};

struct syslog_input {
	const char *at;
	const char *end;
};

static inline bool syslog_char(struct syslog_input *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

/* At least @least and at most @most characters of PRINTUSASCII (%d33-126), none of @but. */
static inline bool syslog_word(struct syslog_input *in, size_t most, const char *but,
			       struct syslog_span *word)
{
	word->at = in->at;
	while (in->at < in->end && *in->at >= 33 && *in->at <= 126 && !strchr(but, *in->at))
		in->at++;
	word->size = (size_t)(in->at - word->at);
	return word->size >= 1 && word->size <= most;
}

/* Exactly or at most so many digits, in a range. */
static inline bool syslog_digits(struct syslog_input *in, size_t least, size_t most,
				 unsigned int low, unsigned int high, unsigned int *number)
{
	size_t count = 0;

	*number = 0;
	for (; in->at < in->end && count < most && *in->at >= '0' && *in->at <= '9';
	     in->at++, count++)
		*number = *number * 10 + (unsigned int)(*in->at - '0');
	return count >= least && *number >= low && *number <= high;
}

/* PRI = "<" PRIVAL ">"; PRIVAL = 1*3DIGIT ; range 0 .. 191. VERSION = "1" here. */
static inline bool syslog_pri(struct syslog_input *in, unsigned int *pri)
{
	return syslog_char(in, '<') && syslog_digits(in, 1, 3, 0, 191, pri) &&
	       syslog_char(in, '>') && syslog_char(in, '1');
}

static inline unsigned int syslog_days(unsigned int year, unsigned int month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* TIMESTAMP = NILVALUE / FULL-DATE "T" FULL-TIME, with TIME-OFFSET = "Z" here. */
static inline bool syslog_time(struct syslog_input *in, struct syslog_span *time)
{
	unsigned int year;
	unsigned int month;
	unsigned int n;

	time->at = in->at;
	if (syslog_char(in, '-')) {
		time->size = 1;
		return true;
	}
	if (!syslog_digits(in, 4, 4, 0, 9999, &year) || !syslog_char(in, '-') ||
	    !syslog_digits(in, 2, 2, 1, 12, &month) || !syslog_char(in, '-') ||
	    !syslog_digits(in, 2, 2, 1, syslog_days(year, month), &n) || !syslog_char(in, 'T') ||
	    !syslog_digits(in, 2, 2, 0, 23, &n) || !syslog_char(in, ':') ||
	    !syslog_digits(in, 2, 2, 0, 59, &n) || !syslog_char(in, ':') ||
	    !syslog_digits(in, 2, 2, 0, 59, &n))
		return false;
	if (syslog_char(in, '.') && !syslog_digits(in, 1, 6, 0, 999999, &n))
		return false;
	if (!syslog_char(in, 'Z'))
		return false;
	time->size = (size_t)(in->at - time->at);
	return true;
}

/* Bytes of the well-formed sequence of UTF-8 at @at (RFC 3629 section 4); 0: none. */
static inline size_t syslog_utf8(const char *at, size_t left)
{
	static const struct {
		uint8_t low, high, second_low, second_high;
		size_t size;
	} forms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		     {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		     {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		     {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		     {0xf4, 0xf4, 0x80, 0x8f, 4}};
	const uint8_t *b = (const uint8_t *)at;

	for (size_t i = 0; left && i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t size = forms[i].size;

		if (b[0] < forms[i].low || b[0] > forms[i].high)
			continue;
		if (size > left ||
		    (size > 1 && (b[1] < forms[i].second_low || b[1] > forms[i].second_high)))
			return 0;
		for (size_t k = 2; k < size; k++)
			if (b[k] < 0x80 || b[k] > 0xbf)
				return 0;
		return size;
	}
	return 0;
}

static inline bool syslog_is_utf8(const char *at, size_t size)
{
	for (size_t run; size; at += run, size -= run) {
		run = syslog_utf8(at, size);
		if (!run)
			return false;
	}
	return true;
}

/* PARAM-VALUE = UTF-8-STRING ; characters '"', '\' and ']' MUST be escaped. */
static inline bool syslog_value(struct syslog_input *in, struct syslog_span *value)
{
	value->at = in->at;
	while (in->at < in->end && *in->at != '"') {
		size_t run = syslog_utf8(in->at, (size_t)(in->end - in->at));

		if (!run || *in->at == ']')
			return false;
		if (*in->at == '\\' &&
		    (in->end - in->at < 2 || !in->at[1] || !strchr("\"\\]", in->at[1])))
			return false;
		in->at += *in->at == '\\' ? 2 : run;
	}
	value->size = (size_t)(in->at - value->at);
	return true;
}

/* SD-ELEMENT = "[" SD-ID *(SP SD-PARAM) "]"; an SD-ID only once in a message. */
static inline bool syslog_element(struct syslog_input *in, struct syslog_message *m)
{
	struct syslog_span id;

	if (!syslog_char(in, '[') || !syslog_word(in, 32, "= ]\"", &id))
		return false;
	for (size_t i = 0; i < m->count; i++)
		if (m->params[i].id.size == id.size &&
		    memcmp(m->params[i].id.at, id.at, id.size) == 0)
			return false;
	while (syslog_char(in, ' ')) {
		struct syslog_param *p = &m->params[m->count];

		if (m->count == SYSLOG_PARAMS)
			return false;
		p->id = id;
		if (!syslog_word(in, 32, "= ]\"", &p->name) || !syslog_char(in, '=') ||
		    !syslog_char(in, '"') || !syslog_value(in, &p->value) || !syslog_char(in, '"'))
			return false;
		m->count++;
	}
	return syslog_char(in, ']');
}

/* SYSLOG-MSG. False: not of this form in every byte up to MSG. */
static inline bool syslog_read(const char *bytes, size_t size, struct syslog_message *m)
{
	struct syslog_input in = {bytes, bytes + size};

	m->count = 0;
	if (!syslog_pri(&in, &m->pri) || !syslog_char(&in, ' ') || !syslog_time(&in, &m->time) ||
	    !syslog_char(&in, ' ') || !syslog_word(&in, 255, "", &m->host) ||
	    !syslog_char(&in, ' ') || !syslog_word(&in, 48, "", &m->app) ||
	    !syslog_char(&in, ' ') || !syslog_word(&in, 128, "", &m->procid) ||
	    !syslog_char(&in, ' ') || !syslog_word(&in, 32, "", &m->msgid) ||
	    !syslog_char(&in, ' '))
		return false;
	do
		if (!syslog_element(&in, m))
			return false;
	while (in.at < in.end && *in.at == '[');
	if (!syslog_char(&in, ' ') || in.end - in.at < 3 || memcmp(in.at, "\xef\xbb\xbf", 3) != 0)
		return false;
	m->msg.at = in.at + 3;
	m->msg.size = (size_t)(in.end - m->msg.at);
	return true;
}

#endif
