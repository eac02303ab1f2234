#include <string.h>

#include "audit/monitor.h"
#include "base/clock.h"
#include "programs/recorder/recorder.h"

/*
 * [monitor] rules over the records as they are stored. One event a second for a rule and a service;
 * what comes in between has its own record anyway and is counted in the next one. What a rule asks
 * for besides the record is the launcher's to do, which looks at its own copy of the rule.
 */
#define QUIET_MS 1000u

/* What a rule calls it: enum monitor_on. */
static const uint8_t events[MONITOR_ON_COUNT] = {
	EVENT_SECCOMP, EVENT_EXEC,     EVENT_EXEC_OUTSIDE,  EVENT_FILE_OPENED,  EVENT_APPARMOR,
	EVENT_LIMIT,   EVENT_PRESSURE, EVENT_MODULE_LOADED, EVENT_IMAGE_CORRUPT};

static struct told {
	char rule[NAME_SIZE];
	char service[NAME_SIZE];
	uint64_t at_ms;
	uint64_t count; /* since */
} told[32];

/* The row of this rule and service, or that of the one that was told longest ago. */
static struct told *row_of(const char *rule, const char *service)
{
	struct told *oldest = told;

	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (str_equal(told[i].rule, rule) && str_equal(told[i].service, service))
			return &told[i];
		if (told[i].at_ms < oldest->at_ms)
			oldest = &told[i];
	}
	*oldest = (struct told){.at_ms = 0};
	str_join(oldest->rule, sizeof(oldest->rule), rule, "", "");
	str_join(oldest->service, sizeof(oldest->service), service, "", "");
	return oldest;
}

static void put(struct store *store, const struct monitor_rule *rule, const struct told *row,
		const struct audit_decoded *seen, struct monitor_text what)
{
	static const char *const actions[MONITOR_ACTION_COUNT] = {"log", "kill", "stop"};
	struct audit_decoded record = {.def = &audit_events[EVENT_MONITOR],
				       .raised = (uint8_t)(rule->severity + 1),
				       .head.boot_us = seen->head.boot_us,
				       .count = 7};
	const char *const texts[] = {row->service, rule->name, seen->def->name};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		record.values[i].string = texts[i];
		record.values[i].length = strlen(texts[i]);
	}
	record.values[3].string = what.at;
	record.values[3].length = what.size;
	for (size_t i = 0; i < seen->count; i++)
		if (str_equal(seen->def->fields[i], "pid"))
			record.values[4].number = seen->values[i].number;
	record.values[5].string = actions[rule->action];
	record.values[5].length = strlen(actions[rule->action]);
	record.values[6].number = row->count;
	if (store_prepare(store, NULL))
		store->own_lost++;
	else
		store_add(store, ORIGIN_RECORDER, ++store->sn[ORIGIN_RECORDER], &record);
}

static void act(struct recorder *r, uint32_t index, const char *service)
{
	struct message_kind m = {.head = {.type = M_MONITOR, .subject = SUBJECT_NONE},
				 .kind = index};

	for (const struct service *s = r->store.services; s; s = s->next)
		if (str_equal(s->name, service))
			m.head.subject = SUBJECT_OF_SERVICE(s->subject);
	(void)channel_send(&r->launcher, &m, NULL, 0);
}

/* Texts of the record; the service's name goes to @service. */
static size_t texts_of(const struct audit_decoded *record, struct monitor_text *texts,
		       char service[NAME_SIZE])
{
	size_t count = 0;

	for (size_t i = 0; i < record->count; i++) {
		const char *at = record->values[i].string;
		size_t size = record->values[i].length;

		if (audit_field_type(record->def, i) != AUDIT_STRING)
			continue;
		if (!str_equal(record->def->fields[i], "service"))
			texts[count++] = (struct monitor_text){at, size};
		else if (size < NAME_SIZE)
			memcpy(service, at, size);
	}
	return count;
}

/* What a rule may be about: a kind of record. */
static bool kind_of(const struct audit_decoded *record, enum monitor_on *kind)
{
	for (unsigned int on = 0; on < MONITOR_ON_COUNT; on++) {
		if (&audit_events[events[on]] != record->def)
			continue;
		*kind = (enum monitor_on)on;
		return true;
	}
	return false;
}

static void judge(struct recorder *r, enum monitor_on on, const struct audit_decoded *record)
{
	struct monitor_text texts[AUDIT_FIELDS_MAX];
	char service[NAME_SIZE] = "";
	struct monitor_question question = {.on = on, .service = service, .texts = texts};
	struct monitor_rule rule;
	struct told *row;
	uint32_t index;
	uint64_t now;

	question.count = texts_of(record, texts, service);
	if (!monitor_find(&r->rules, &question, &rule, &index))
		return;
	now = clock_monotonic_ms();
	row = row_of(rule.name, service);
	row->count++;
	if (row->at_ms && now < row->at_ms + QUIET_MS)
		return;
	put(&r->store, &rule, row, record,
	    question.count ? texts[0] : (struct monitor_text){"", 0});
	row->at_ms = now;
	row->count = 0;
	if (rule.action != MONITOR_LOG)
		act(r, index, service);
}

void monitor_look(struct store *store, const struct audit_decoded *record)
{
	enum monitor_on on;

	if (kind_of(record, &on))
		judge(container_of(store, struct recorder, store), on, record);
}
