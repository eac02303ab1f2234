#include "spool/line.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const char *spool_origin_name(enum spool_origin origin)
{
	static const char *const names[] = {"init", "launcher", "supervisor", "recorder",
					    "shipper"};

	_Static_assert(ARRAY_SIZE(names) == ORIGIN_COUNT, "one name per origin");
	return (unsigned int)origin < ORIGIN_COUNT ? names[origin] : "";
}

static void add_time(struct text *t, uint64_t real_us)
{
	char text[SPOOL_TIME_SIZE + 2];

	text_add_json_key(t, "t");
	if (!real_us || real_us > SPOOL_TIME_MAX_US) {
		text_add(t, "null");
		return;
	}
	text[0] = '"';
	spool_time_write(text + 1, real_us);
	text[sizeof(text) - 1] = '"';
	text_add_bytes(t, text, sizeof(text));
}

/* The service a record is about is APP-NAME at the collector: only a name of the form that services
 * have counts. */
static void add_service(struct text *t, const struct audit_decoded *record)
{
	char name[NAME_SIZE];

	text_add_json_key(t, "s");
	for (size_t i = 0; i < record->count; i++) {
		size_t length = record->values[i].length;

		if (!str_equal(record->def->fields[i].name, "service") ||
		    record->def->fields[i].type != AUDIT_STRING || length >= sizeof(name))
			continue;
		memcpy(name, record->values[i].string, length);
		name[length] = '\0';
		if (strlen(name) != length || !str_is_name(name))
			continue;
		text_add_json_string(t, name, length);
		return;
	}
	text_add(t, "\"bartizan\"");
}

static void add_field(struct text *t, const struct audit_decoded *record, size_t i)
{
	char hex[2 * 32 + 1];

	text_add_json_key(t, record->def->fields[i].name);
	switch (record->def->fields[i].type) {
	case AUDIT_STRING:
		text_add_json_string(t, record->values[i].string, record->values[i].length);
		break;
	case AUDIT_NUMBER:
		text_add_u64(t, record->values[i].number);
		break;
	case AUDIT_HASH:
		str_hex(hex, record->values[i].hash, 32);
		text_add_json_string(t, hex, 64);
		break;
	case AUDIT_END:
		break;
	}
}

void spool_line_format(struct text *t, const struct spool_line *line,
		       const struct audit_decoded *record)
{
	char boot[17];

	(void)snprintf(boot, sizeof(boot), "%016llx", (unsigned long long)line->boot);
	text_add(t, "{\"v\":1");
	text_add_json_u64(t, "n", line->n);
	text_add_json_member(t, "b", boot);
	text_add_json_u64(t, "m", record->head.boot_us);
	add_time(t, line->real_us);
	text_add_json_u64(t, "q", line->synced);
	text_add_json_u64(t, "p", line->facility * 8u + (uint64_t)record->def->severity);
	add_service(t, record);
	text_add_json_member(t, "e", record->def->name);
	if (line->origin < ORIGIN_COUNT) {
		text_add_json_member(t, "o", spool_origin_name(line->origin));
		text_add_json_u64(t, "sn", line->sn);
	}
	text_add_json_key(t, "d");
	text_add(t, "{");
	for (size_t i = 0; i < record->count; i++)
		add_field(t, record, i);
	text_add(t, "}");
}

void spool_line_close(struct text *t, const uint8_t *hash)
{
	char hex[2 * 32 + 1];

	if (hash) {
		str_hex(hex, hash, 32);
		text_add_json_member(t, "h", hex);
	}
	text_add(t, "}\n");
}
