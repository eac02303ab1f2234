#include "export/syslog.h"

#include <string.h>

#include "base/str.h"

#define SEQUENCE_MAX 2147483647u /* RFC 5424 section 7.3.1 */
#define HOST_MAX     255u        /* section 6 */

static void add_span(struct text *t, struct spool_span span)
{
	text_add_bytes(t, span.at, span.size);
}

/* HOSTNAME is printable ASCII without blanks; anything else of a name is left out. */
static void add_host(struct text *t, const char *host)
{
	size_t added = 0;

	while (*host && added < HOST_MAX) {
		size_t run = 0;

		while (host[run] > ' ' && host[run] <= '~' && added + run < HOST_MAX)
			run++;
		text_add_bytes(t, host, run);
		added += run;
		host += run ? run : 1;
	}
	if (!added)
		TEXT_ADD(t, "-");
}

static bool is_number(struct spool_span span)
{
	for (size_t i = 0; i < span.size; i++)
		if (span.at[i] < '0' || span.at[i] > '9')
			return false;
	return span.size > 0 && span.size <= 10 && *span.at != '0';
}

/* PROCID: the process the record is about, when it names one. A text of that name is a service's
 * words and has no place in a header. */
static void add_pid(struct text *t, const struct spool_view *v)
{
	if (is_number(v->pid))
		add_span(t, v->pid);
	else
		TEXT_ADD(t, "-");
}

/* PARAM-VALUE: '"', '\' and ']' are escaped (section 6.3.3); numbers, hex and words have none. */
#define ADD_NUMBER(t, name, number)                                                                \
	do {                                                                                       \
		TEXT_ADD(t, name "=\"");                                                           \
		text_add_u64(t, number);                                                           \
		TEXT_ADD(t, "\"");                                                                 \
	} while (0)

/* ---- what the service file adds */

/* Behind this much of a message no more is added: there is room for its text. */
#define CONTEXT_END 1600u

static bool is_header_word(struct spool_span span, size_t limit)
{
	for (size_t i = 0; i < span.size; i++)
		if (span.at[i] <= ' ' || span.at[i] > '~' || strchr("=]\"\\", span.at[i]))
			return false;
	return span.size > 0 && span.size <= limit;
}

/* The text of a JSON string: both escapes of printable bytes are undone, others stay visible. */
static void add_text_param(struct text *t, struct spool_span name, struct spool_span value)
{
	text_add(t, " ");
	add_span(t, name);
	text_add(t, "=\"");
	for (size_t i = 0; i < value.size; i++) {
		const char *at = value.at + i;

		if (*at == '\\' && i + 1 < value.size && strchr("\"\\", at[1])) {
			at++;
			i++;
		}
		if (strchr("\"\\]", *at))
			text_add(t, "\\");
		text_add_bytes(t, (unsigned char)*at < 0x7f ? at : "?", 1);
	}
	text_add(t, "\"");
}

static void add_element(struct text *t, const struct spool_view *v, const char *prefix,
			const char *id)
{
	struct spool_span rest = v->context;
	struct spool_span key;
	struct spool_span value;
	bool open = false;

	while (spool_object_next(&rest, &key, &value)) {
		struct spool_span name = {key.at + 2, key.size - 2};

		if (key.size < 3 || memcmp(key.at, prefix, 2) != 0 || !is_header_word(name, 32) ||
		    t->used + 2 * value.size + 64 > CONTEXT_END)
			continue;
		text_add(t, open ? "" : id);
		open = true;
		add_text_param(t, name, value);
	}
	text_add(t, open ? "]" : "");
}

/* APP-NAME: what the service file says, else the service. */
static void add_app(struct text *t, const struct spool_view *v)
{
	struct spool_span rest = v->context;
	struct spool_span key;
	struct spool_span value;

	if (spool_object_next(&rest, &key, &value) && spool_span_equal(key, "tag") &&
	    is_header_word(value, 48))
		add_span(t, value);
	else
		add_span(t, v->service);
}

static void add_structured_data(struct text *t, const struct spool_view *v, unsigned int part)
{
	ADD_NUMBER(t, "[timeQuality tzKnown=\"1\" isSynced", v->synced);
	ADD_NUMBER(t, "][meta sequenceId", (v->n - 1) % SEQUENCE_MAX + 1);
	/* hundredths of a second, TimeTicks of RFC 3418 */
	ADD_NUMBER(t, " sysUpTime", v->boot_us / 10000 % (1ull << 32));
	ADD_NUMBER(t, "][bartizan@32473 n", v->n);
	TEXT_ADD(t, " b=\"");
	add_span(t, v->boot_text);
	ADD_NUMBER(t, "\" m", v->boot_us);
	if (v->origin.size) {
		TEXT_ADD(t, " producer=\"");
		add_span(t, v->origin);
		ADD_NUMBER(t, "\" sn", v->sn);
	}
	if (v->has_hash) {
		TEXT_ADD(t, " h=\"");
		add_span(t, v->hash_text);
		TEXT_ADD(t, "\"");
	}
	if (part) {
		ADD_NUMBER(t, " part", part);
		ADD_NUMBER(t, " total", v->fields.size);
	}
	TEXT_ADD(t, "]");
	add_element(t, v, "l.", "[label@32473");
	add_element(t, v, "e.", "[env@32473");
	TEXT_ADD(t, " \xef\xbb\xbf");
}

static void add_head(struct text *t, const struct spool_view *v, const char *host,
		     unsigned int part)
{
	t->used = 0;
	t->cut = false;
	TEXT_ADD(t, "<");
	text_add_u64(t, v->pri);
	TEXT_ADD(t, ">1 ");
	if (v->time.size)
		add_span(t, v->time);
	else
		TEXT_ADD(t, "-");
	TEXT_ADD(t, " ");
	add_host(t, host);
	TEXT_ADD(t, " ");
	add_app(t, v);
	TEXT_ADD(t, " ");
	add_pid(t, v);
	TEXT_ADD(t, " ");
	add_span(t, v->event);
	TEXT_ADD(t, " ");
	add_structured_data(t, v, part);
}

/* Not in the middle of a UTF-8 sequence: each part is valid text of its own. */
static size_t cut_before(const char *text, size_t size)
{
	size_t end = size;

	while (end > size - 4 && end > 1 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	return end;
}

size_t export_syslog_format(struct text *t, const struct spool_view *v, const char *host,
			    size_t offset, unsigned int part)
{
	size_t left = v->fields.size - offset;
	size_t room;

	add_head(t, v, host, 0);
	if (offset == 0 && t->used + left <= EXPORT_SYSLOG_SIZE) {
		text_add_bytes(t, v->fields.at, left);
		return v->fields.size;
	}
	add_head(t, v, host, part);
	room = EXPORT_SYSLOG_SIZE - t->used;
	if (left > room)
		left = cut_before(v->fields.at + offset, room);
	text_add_bytes(t, v->fields.at + offset, left);
	return offset + left;
}

bool export_syslog_frame(struct text *t, const struct text *message)
{
	struct text whole = *t;

	text_add_u64(&whole, message->used);
	TEXT_ADD(&whole, " ");
	text_add_bytes(&whole, message->at, message->used);
	if (whole.cut) {
		t->at[t->used] = '\0';
		return false;
	}
	*t = whole;
	return true;
}
