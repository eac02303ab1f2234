/* links: base crypto ipc audit spool export mbedtls */
/* A record made from the input goes the whole way, into a line, into messages, and back through a
 * reader of RFC 5424 and one of JSON that know nothing of ours: every field is what was put in. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "export/syslog.h"
#include "rfc5424.h"

#define HOST "gateway"
#define CONTEXT                                                                                    \
	"{\"tag\":\"edge/web:1.0\",\"l.site\":\"hall \\\"2\\\" \\\\ "                              \
	"]\",\"l.a-b\":\"\",\"e.TZ\":\"UTC\"}"
#define TEXT_MAX  16384u
#define LINE_SIZE (SPOOL_LINE_SIZE + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct input {
	const uint8_t *at;
	size_t left;
};

static uint64_t take_number(struct input *in, size_t bytes)
{
	uint64_t number = 0;

	for (; bytes && in->left; bytes--, in->left--)
		number = number << 8 | *in->at++;
	return number;
}

/* ---- what is expected of the message */

static bool is(struct syslog_span span, const char *text)
{
	return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

static const struct syslog_param *param(const struct syslog_message *m, const char *id,
					const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (is(m->params[i].id, id) && is(m->params[i].name, name))
			return &m->params[i];
	return NULL;
}

static void must_be_text(const struct syslog_message *m, const char *id, const char *name,
			 const char *text)
{
	const struct syslog_param *p = param(m, id, name);
	size_t used = 0;

	must(p != NULL);
	for (size_t i = 0; i < p->value.size; i++, used++) {
		i += p->value.at[i] == '\\';
		must(text[used] == p->value.at[i]);
	}
	must(!text[used]);
}

static void must_be_number(const struct syslog_message *m, const char *id, const char *name,
			   uint64_t number)
{
	char digits[24];
	struct text t = TEXT_IN(digits);

	text_add_u64(&t, number);
	must_be_text(m, id, name, digits);
}

/* ---- MSG, read by hand */

static uint32_t code_point(const char *at, size_t size)
{
	uint32_t c = (uint8_t)at[0];

	if (size == 1)
		return c;
	c &= 0xffu >> (size + 1);
	for (size_t i = 1; i < size; i++)
		c = c << 6 | ((uint8_t)at[i] & 0x3f);
	return c;
}

static uint32_t next_of_json(struct syslog_input *in)
{
	size_t run = syslog_utf8(in->at, (size_t)(in->end - in->at));
	uint32_t c = 0;

	must(run && (uint8_t)*in->at >= 0x20);
	if (*in->at != '\\') {
		c = code_point(in->at, run);
		in->at += run;
		return c;
	}
	must(in->end - in->at >= 2);
	in->at += 2;
	if (in->at[-1] != 'u') {
		must(in->at[-1] && strchr("\"\\nt", in->at[-1]));
		return in->at[-1] == 'n' ? '\n' : in->at[-1] == 't' ? '\t' : (uint8_t)in->at[-1];
	}
	must(in->end - in->at >= 4);
	for (int i = 0; i < 4; i++, in->at++) {
		const char *hex = "0123456789abcdef";
		const char *digit = *in->at ? strchr(hex, *in->at) : NULL;

		must(digit != NULL);
		c = c << 4 | (uint32_t)(digit - hex);
	}
	return c;
}

/* Every byte that is no UTF-8 stands for itself. */
static void must_be_string(struct syslog_input *in, const char *at, size_t size)
{
	must(syslog_char(in, '"'));
	while (size) {
		size_t run = syslog_utf8(at, size);
		uint32_t wanted = run ? code_point(at, run) : (uint8_t)*at;

		run += run == 0;
		must(next_of_json(in) == wanted);
		at += run;
		size -= run;
	}
	must(syslog_char(in, '"'));
}

static void must_be_literal(struct syslog_input *in, const char *text)
{
	for (; *text; text++)
		must(syslog_char(in, *text));
}

static void check_fields(const struct audit_decoded *record, struct syslog_input in)
{
	char digits[24];
	char hex[65];

	for (size_t i = 0; i < record->count; i++) {
		struct text t = TEXT_IN(digits);

		must(syslog_char(&in, i ? ',' : '{'));
		must_be_string(&in, record->def->fields[i], strlen(record->def->fields[i]));
		must(syslog_char(&in, ':'));
		switch (audit_field_type(record->def, i)) {
		case AUDIT_STRING:
			must_be_string(&in, record->values[i].string, record->values[i].length);
			break;
		case AUDIT_NUMBER:
			text_add_u64(&t, record->values[i].number);
			must_be_literal(&in, digits);
			break;
		case AUDIT_HASH:
			str_hex(hex, record->values[i].hash, 32);
			must_be_string(&in, hex, 64);
			break;
		case AUDIT_END:
			abort();
		}
	}
	must(syslog_char(&in, '}') && in.at == in.end);
}

/* ---- the header and the structured data of one part */

struct made {
	struct audit_decoded record;
	struct spool_line line;
	uint8_t hash[32];
	bool has_hash;
};

static void check_service(const struct made *made, const struct syslog_message *m)
{
	const struct audit_decoded *r = &made->record;
	char name[NAME_SIZE] = "bartizan";

	for (size_t i = 0; i < r->count; i++) {
		char text[NAME_SIZE] = "";

		if (!str_equal(r->def->fields[i], "service") || r->values[i].length >= sizeof(text))
			continue;
		memcpy(text, r->values[i].string, r->values[i].length);
		if (strlen(text) == r->values[i].length && str_is_name(text))
			(void)str_copy(name, sizeof(name), text);
		break;
	}
	must(is(m->app, made->line.context ? "edge/web:1.0" : name));
}

static void check_pid(const struct made *made, const struct syslog_message *m)
{
	const struct audit_decoded *r = &made->record;
	char digits[24] = "-";
	struct text t = TEXT_IN(digits);

	for (size_t i = 0; i < r->count; i++)
		if (str_equal(r->def->fields[i], "pid") && r->values[i].number &&
		    r->values[i].number < 10000000000u)
			text_add_u64(&t, r->values[i].number);
	must(is(m->procid, digits));
}

static void check_head(const struct made *made, const struct syslog_message *m)
{
	static const uint8_t severities[EVENT_COUNT] = {
#define AUDIT_EVENT(id, lane, severity, help, ...) SEVERITY_##severity,
#include "audit/events.def"
#undef AUDIT_EVENT
	};
	size_t event = (size_t)(made->record.def - audit_events);

	must(m->pri == made->line.facility * 8u + severities[event]);
	must(is(m->host, HOST) && is(m->msgid, made->record.def->name));
	if (!made->line.real_us || made->line.real_us > SPOOL_TIME_MAX_US)
		must(is(m->time, "-"));
	else
		must(m->time.size == SPOOL_TIME_SIZE &&
		     spool_time_read(m->time.at, m->time.size) == made->line.real_us);
	check_service(made, m);
	check_pid(made, m);
}

static void check_data(const struct made *made, const struct syslog_message *m)
{
	char hex[65];
	char boot[17];
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(made->line.boot >> (56 - 8 * i));
	str_hex(boot, bytes, sizeof(bytes));
	str_hex(hex, made->hash, 32);
	must_be_text(m, "timeQuality", "tzKnown", "1");
	must_be_number(m, "timeQuality", "isSynced", made->line.synced);
	must_be_number(m, "meta", "sysUpTime", made->record.head.boot_us / 10000 % 4294967296u);
	must_be_number(m, "bartizan@32473", "n", made->line.n);
	must_be_number(m, "bartizan@32473", "m", made->record.head.boot_us);
	must_be_text(m, "bartizan@32473", "b", boot);
	if (made->line.origin < ORIGIN_COUNT) {
		must_be_text(m, "bartizan@32473", "producer", spool_origin_name(made->line.origin));
		must_be_number(m, "bartizan@32473", "sn", made->line.sn);
	}
	if (made->has_hash)
		must_be_text(m, "bartizan@32473", "h", hex);
	must(!param(m, "bartizan@32473", "h") == !made->has_hash);
	if (!made->line.context)
		return;
	must_be_text(m, "label@32473", "site", "hall \"2\" \\ ]");
	must_be_text(m, "label@32473", "a-b", "");
	must_be_text(m, "env@32473", "TZ", "UTC");
}

static void check_wire(const struct made *made, const struct spool_view *view)
{
	static char whole[SPOOL_LINE_SIZE];
	char memory[EXPORT_SYSLOG_SIZE + 1];
	struct text t = TEXT_IN(memory);
	size_t used = 0;
	size_t offset = 0;

	for (unsigned int part = 1; offset < view->fields.size; part++) {
		struct syslog_message m;
		size_t next = export_syslog_format(&t, view, HOST, offset, part);

		must(!t.cut && t.used <= EXPORT_SYSLOG_SIZE && syslog_read(t.at, t.used, &m));
		must(syslog_is_utf8(m.msg.at, m.msg.size));
		check_head(made, &m);
		check_data(made, &m);
		if (part == 1 && next == view->fields.size) {
			must(!param(&m, "bartizan@32473", "part"));
		} else {
			must_be_number(&m, "bartizan@32473", "part", part);
			must_be_number(&m, "bartizan@32473", "total", view->fields.size);
		}
		must(next > offset && next - offset == m.msg.size &&
		     used + m.msg.size <= sizeof(whole));
		memcpy(whole + used, m.msg.at, m.msg.size);
		used += m.msg.size;
		offset = next;
	}
	check_fields(&made->record, (struct syslog_input){whole, whole + used});
}

/* ---- the record */

static void make(struct made *made, struct input *in)
{
	enum audit_event event = (enum audit_event)(take_number(in, 1) % EVENT_COUNT);
	uint64_t flags = take_number(in, 1);
	struct audit_decoded *r = &made->record;

	*made = (struct made){.record.def = &audit_events[event], .has_hash = flags & 1};
	made->line = (struct spool_line){
		.n = take_number(in, 8),
		.boot = take_number(in, 8),
		.real_us = take_number(in, 8),
		.synced = flags >> 1 & 1,
		.facility = (uint8_t)(take_number(in, 1) % 24),
		.origin = (enum spool_origin)(take_number(in, 1) % (ORIGIN_COUNT + 1)),
		.sn = take_number(in, 8),
		.context = flags & 4 ? CONTEXT : NULL};
	made->line.n += made->line.n == 0;
	r->head.boot_us = take_number(in, 8);
	for (; audit_field_type(r->def, r->count) != AUDIT_END; r->count++) {
		size_t i = r->count;

		if (audit_field_type(r->def, i) == AUDIT_NUMBER) {
			r->values[i].number = take_number(in, 8);
		} else if (audit_field_type(r->def, i) == AUDIT_HASH) {
			memset(r->values[i].hash, (int)take_number(in, 1), 32);
		} else {
			size_t size = (size_t)take_number(in, 2) % (TEXT_MAX + 1);

			size = size < in->left ? size : in->left;
			r->values[i].string = (const char *)in->at;
			r->values[i].length = size;
			in->at += size;
			in->left -= size;
		}
	}
	memset(made->hash, (int)take_number(in, 1), sizeof(made->hash));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[LINE_SIZE];
	struct text t = TEXT_IN(memory);
	struct input in = {data, size};
	struct spool_view view;
	struct made made;

	make(&made, &in);
	spool_line_format(&t, &made.line, &made.record);
	spool_line_close(&t, made.has_hash ? made.hash : NULL);
	if (t.cut) /* more than any record of a service or of ours */
		return 0;
	must(t.at[t.used - 1] == '\n' && !memchr(t.at, '\n', t.used - 1));
	must(spool_line_parse(t.at, t.used - 1, &view) == 0);
	check_wire(&made, &view);
	return 0;
}
