#include "record_filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define AGO_MAX_MS (100ull * 366u * 86400u * 1000u)

static const char *const severities[] = {"emerg",   "alert",  "crit", "err",
					 "warning", "notice", "info", "debug"};

static bool is_text(struct spool_span span, const struct record_term *term)
{
	return span.size == term->size && memcmp(span.at, term->value, term->size) == 0;
}

static bool match_event(const struct spool_view *view, const struct record_term *term)
{
	return is_text(view->event, term);
}

static bool match_service(const struct spool_view *view, const struct record_term *term)
{
	return is_text(view->service, term);
}

static bool match_producer(const struct spool_view *view, const struct record_term *term)
{
	return is_text(view->origin, term);
}

/* At least as severe. */
static bool match_severity(const struct spool_view *view, const struct record_term *term)
{
	size_t wanted = 0;

	while (wanted < ARRAY_SIZE(severities) &&
	       !is_text((struct spool_span){severities[wanted], strlen(severities[wanted])}, term))
		wanted++;
	return (view->pri & 7u) <= wanted;
}

static bool is_severity(const struct record_term *term)
{
	for (size_t i = 0; i < ARRAY_SIZE(severities); i++)
		if (strlen(severities[i]) == term->size &&
		    memcmp(severities[i], term->value, term->size) == 0)
			return true;
	return false;
}

static bool is_any(const struct record_term *term)
{
	return term->size > 0;
}

static const struct {
	const char *name;
	bool (*legal)(const struct record_term *term);
	bool (*match)(const struct spool_view *view, const struct record_term *term);
} kinds[] = {
	{"event", is_any, match_event},
	{"service", is_any, match_service},
	{"severity", is_severity, match_severity},
	{"producer", is_any, match_producer},
};

static int mistake(const char *option, const char *text, const char *wanted)
{
	(void)fprintf(stderr, "bartizan: %s %.100s: want %s\n", option, text, wanted);
	return -EINVAL;
}

static int read_time(const char *option, const char *text, uint64_t *real_us)
{
	uint64_t now_us = clock_real_us();
	uint64_t ago_ms = 0;

	if (!text)
		return 0;
	*real_us = spool_time_read(text, strlen(text));
	if (*real_us)
		return 0;
	if (str_milliseconds(text, 0, AGO_MAX_MS, &ago_ms))
		return mistake(option, text, "2026-11-23T22:00:00Z, or how long ago: 10m");
	*real_us = now_us > ago_ms * 1000u ? now_us - ago_ms * 1000u : 1;
	return 0;
}

static int read_term(struct record_filter *f, const char *at, size_t size)
{
	const char *equals = memchr(at, '=', size);
	struct record_term term = {.value = equals ? equals + 1 : at};

	if (!equals || f->term_count == RECORD_TERMS)
		return -EINVAL;
	term.size = size - (size_t)(term.value - at);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strlen(kinds[i].name) != (size_t)(equals - at) ||
		    memcmp(kinds[i].name, at, (size_t)(equals - at)) != 0)
			continue;
		term.what = (int)i;
		if (!kinds[i].legal(&term))
			return -EINVAL;
		f->terms[f->term_count++] = term;
		return 0;
	}
	return -EINVAL;
}

int record_filter_read(struct record_filter *f, const char *since, const char *until,
		       const char *terms)
{
	*f = (struct record_filter){0};
	if (read_time("--since", since, &f->since_us) || read_time("--until", until, &f->until_us))
		return -EINVAL;
	for (const char *at = terms; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (read_term(f, at, strcspn(at, ",")))
			return mistake(
				"--filter", terms,
				"event=, service=, severity= or producer=, with commas between");
	return 0;
}

bool record_filter_match(const struct record_filter *f, const struct spool_view *view)
{
	uint64_t at = view->time.size ? spool_time_read(view->time.at, view->time.size) : 0;

	if (at && ((f->since_us && at < f->since_us) || (f->until_us && at > f->until_us)))
		return false;
	for (int i = 0; i < f->term_count; i++)
		if (!kinds[f->terms[i].what].match(view, &f->terms[i]))
			return false;
	return true;
}
