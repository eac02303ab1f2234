/* links: base crypto ipc audit spool mbedtls */
/* A record in a ring, by a producer that was taken over: what decodes must give a line that parses
 * again. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "spool/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[SPOOL_LINE_SIZE];
	struct text t = TEXT_IN(memory);
	struct spool_line line = {.n = 1,
				  .boot = 2,
				  .real_us = 1790000000000000ull,
				  .facility = 13,
				  .origin = ORIGIN_SUPERVISOR};
	struct audit_decoded record;
	struct spool_view view;

	if (size > RING_RECORD_MAX || audit_decode(data, size, &record))
		return 0;
	line.sn = record.head.sn;
	spool_line_format(&t, &line, &record);
	spool_line_close(&t, NULL);
	if (t.cut || memchr(memory, '\n', t.used) != memory + t.used - 1)
		abort();
	if (spool_line_parse(memory, t.used - 1, &view) || view.sn != record.head.sn)
		abort();
	return 0;
}
