/* links: base crypto ipc audit spool export mbedtls */
/* A line of the spool, by a recorder that was taken over: what parses must give messages of legal
 * form that hold the whole record. */
#include <stdlib.h>
#include <string.h>

#include "export/syslog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct text *t)
{
	const char *bom = memmem(t->at, t->used, "] \xef\xbb\xbf", 5);

	if (t->cut || t->used > EXPORT_SYSLOG_SIZE || t->at[0] != '<' || !bom)
		abort();
	/* Up to MSG: printable ASCII only, so nothing of a service can end the message or forge a
	 * field. */
	for (const char *at = t->at; at < bom; at++)
		if (*at < ' ' || *at > '~')
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

		check_message(&t);
		if (next <= offset || next > view.fields.size)
			abort();
		offset = next;
	}
	return 0;
}
