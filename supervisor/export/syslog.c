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

	for (; *host && added < HOST_MAX; host++) {
		if (*host <= ' ' || *host > '~')
			continue;
		text_add_bytes(t, host, 1);
		added++;
	}
	if (!added)
		text_add(t, "-");
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
	struct spool_span pid;

	if (spool_line_member(v, "pid", &pid) || !is_number(pid))
		text_add(t, "-");
	else
		add_span(t, pid);
}

/* PARAM-VALUE: '"', '\' and ']' are escaped (section 6.3.3). */
static void add_param(struct text *t, const char *name, struct spool_span value)
{
	text_add(t, " ");
	text_add(t, name);
	text_add(t, "=\"");
	for (size_t i = 0; i < value.size; i++) {
		if (strchr("\"\\]", value.at[i]) && value.at[i])
			text_add(t, "\\");
		text_add_bytes(t, value.at + i, 1);
	}
	text_add(t, "\"");
}

static void add_number(struct text *t, const char *name, uint64_t number)
{
	char digits[24];
	struct text text = TEXT_IN(digits);

	text_add_u64(&text, number);
	add_param(t, name, (struct spool_span){digits, text.used});
}

static void add_hex(struct text *t, const char *name, const uint8_t *bytes, size_t count)
{
	char hex[65];

	str_hex(hex, bytes, count);
	add_param(t, name, (struct spool_span){hex, 2 * count});
}

static void add_structured_data(struct text *t, const struct spool_view *v, unsigned int part)
{
	uint8_t boot[8];

	for (unsigned int i = 0; i < sizeof(boot); i++)
		boot[i] = (uint8_t)(v->boot >> (56 - 8 * i));
	text_add(t, "[timeQuality tzKnown=\"1\"");
	add_number(t, "isSynced", v->synced);
	text_add(t, "][meta");
	add_number(t, "sequenceId", (v->n - 1) % SEQUENCE_MAX + 1);
	add_number(t, "sysUpTime",
		   v->boot_us / 10000 %
			   (1ull << 32)); /* hundredths of a second, TimeTicks of RFC 3418 */
	text_add(t, "][bartizan@32473");
	add_number(t, "n", v->n);
	add_hex(t, "b", boot, sizeof(boot));
	add_number(t, "m", v->boot_us);
	if (v->origin.size) {
		add_param(t, "producer", v->origin);
		add_number(t, "sn", v->sn);
	}
	if (v->has_hash)
		add_hex(t, "h", v->hash, sizeof(v->hash));
	if (part) {
		add_number(t, "part", part);
		add_number(t, "total", v->fields.size);
	}
	text_add(t, "] \xef\xbb\xbf");
}

static void add_head(struct text *t, const struct spool_view *v, const char *host,
		     unsigned int part)
{
	t->used = 0;
	t->cut = false;
	text_add(t, "<");
	text_add_u64(t, v->pri);
	text_add(t, ">1 ");
	if (v->time.size)
		add_span(t, v->time);
	else
		text_add(t, "-");
	text_add(t, " ");
	add_host(t, host);
	text_add(t, " ");
	add_span(t, v->service);
	text_add(t, " ");
	add_pid(t, v);
	text_add(t, " ");
	add_span(t, v->event);
	text_add(t, " ");
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
	text_add(&whole, " ");
	text_add_bytes(&whole, message->at, message->used);
	if (whole.cut) {
		t->at[t->used] = '\0';
		return false;
	}
	*t = whole;
	return true;
}
