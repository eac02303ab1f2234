/* links: base crypto ipc audit spool export mbedtls */
/* A line of the spool, by a recorder that was taken over: what parses must give messages of legal
 * form that hold the whole record. */
#include <stdlib.h>
#include <string.h>

#include "export/syslog.h"
#include "rfc5424.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a reader of its own sees it: nothing of a service can end the message or forge a field. */
static void check_message(const struct text *t, struct spool_span fields)
{
	struct syslog_message m;

	if (t->cut || t->used > EXPORT_SYSLOG_SIZE || !syslog_read(t->at, t->used, &m))
		abort();
	if (fields.size != m.msg.size || memcmp(fields.at, m.msg.at, fields.size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char memory[EXPORT_SYSLOG_SIZE + 1];
	struct text t = TEXT_IN(memory);
	struct spool_view view;
	size_t offset = 0;

	if (spool_line_parse((const char *)data, size, &view))
		return 0;
	for (unsigned int part = 1; offset < view.fields.size; part++) {
		size_t next = export_syslog_format(&t, &view, "gateway", offset, part);

		if (next <= offset || next > view.fields.size)
			abort();
		check_message(&t, (struct spool_span){view.fields.at + offset, next - offset});
		offset = next;
	}
	return 0;
}
