#include "spool/line.h"

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
	char text[SPOOL_TIME_SIZE];

	if (!real_us || real_us > SPOOL_TIME_MAX_US) {
		TEXT_ADD(t, ",\"t\":null");
		return;
	}
	spool_time_write(text, real_us);
	TEXT_ADD(t, ",\"t\":\"");
	text_add_bytes(t, text, sizeof(text));
	TEXT_ADD(t, "\"");
}

/* The service a record is about is APP-NAME at the collector: only a name of the form that services
 * have counts. */
static void add_service(struct text *t, const struct audit_decoded *record)
{
	char name[NAME_SIZE];

	TEXT_ADD(t, ",\"s\":\"");
	for (size_t i = 0; i < record->count; i++) {
		size_t length = record->values[i].length;

		if (!str_equal(record->def->fields[i], "service") ||
		    audit_field_type(record->def, i) != AUDIT_STRING || length >= sizeof(name))
			continue;
		memcpy(name, record->values[i].string, length);
		name[length] = '\0';
		if (strlen(name) != length || !str_is_name(name))
			continue;
		text_add_bytes(t, name, length);
		TEXT_ADD(t, "\"");
		return;
	}
	TEXT_ADD(t, "bartizan\"");
}

static void add_field(struct text *t, const struct audit_decoded *record, size_t i)
{
	char hex[2 * 32 + 1];

	text_add(t, i ? ",\"" : "\"");
	text_add(t, record->def->fields[i]);
	TEXT_ADD(t, "\":");
	switch (audit_field_type(record->def, i)) {
	case AUDIT_STRING:
		text_add_json_string(t, record->values[i].string, record->values[i].length);
		break;
	case AUDIT_NUMBER:
		text_add_u64(t, record->values[i].number);
		break;
	case AUDIT_HASH:
		str_hex(hex, record->values[i].hash, 32);
		TEXT_ADD(t, "\"");
		text_add_bytes(t, hex, 64);
		TEXT_ADD(t, "\"");
		break;
	case AUDIT_END:
		break;
	}
}

/* Every key stands as it is written here and in the table of events: nothing of them needs an
 * escape. */
#define ADD_NUMBER(t, key, number)                                                                 \
	do {                                                                                       \
		TEXT_ADD(t, ",\"" key "\":");                                                      \
		text_add_u64(t, number);                                                           \
	} while (0)

static void add_head(struct text *t, const struct spool_line *line,
		     const struct audit_decoded *record)
{
	uint8_t boot[8];
	char hex[2 * sizeof(boot) + 1];

	for (unsigned int i = 0; i < sizeof(boot); i++)
		boot[i] = (uint8_t)(line->boot >> (56 - 8 * i));
	str_hex(hex, boot, sizeof(boot));
	TEXT_ADD(t, "{\"v\":1");
	ADD_NUMBER(t, "n", line->n);
	TEXT_ADD(t, ",\"b\":\"");
	text_add_bytes(t, hex, sizeof(hex) - 1);
	TEXT_ADD(t, "\"");
	ADD_NUMBER(t, "m", record->head.boot_us);
	add_time(t, line->real_us);
	ADD_NUMBER(t, "q", line->synced);
	ADD_NUMBER(t, "p", line->facility * 8u + audit_severity_of(record));
	add_service(t, record);
	TEXT_ADD(t, ",\"e\":\"");
	text_add(t, record->def->name);
	TEXT_ADD(t, "\"");
	if (line->origin >= ORIGIN_COUNT)
		return;
	TEXT_ADD(t, ",\"o\":\"");
	text_add(t, spool_origin_name(line->origin));
	TEXT_ADD(t, "\"");
	ADD_NUMBER(t, "sn", line->sn);
}

void spool_line_format(struct text *t, const struct spool_line *line,
		       const struct audit_decoded *record)
{
	add_head(t, line, record);
	if (line->context) {
		TEXT_ADD(t, ",\"x\":");
		text_add(t, line->context);
	}
	TEXT_ADD(t, ",\"d\":{");
	for (size_t i = 0; i < record->count; i++)
		add_field(t, record, i);
	TEXT_ADD(t, "}");
}

void spool_line_close(struct text *t, const uint8_t *hash)
{
	char hex[2 * 32 + 1];

	if (hash) {
		str_hex(hex, hash, 32);
		TEXT_ADD(t, ",\"h\":\"");
		text_add_bytes(t, hex, sizeof(hex) - 1);
		TEXT_ADD(t, "\"");
	}
	TEXT_ADD(t, "}\n");
}
