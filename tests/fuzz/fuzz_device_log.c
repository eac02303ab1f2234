/* links: base crypto event ipc audit spool programs/recorder mbedtls */
/* A message to /dev/log: whatever it is, its text is within it, and what it claims is within
 * bounds.
 */
#include <stdlib.h>

#include "programs/recorder/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(const char *at, size_t count, const uint8_t *data, size_t size)
{
	const char *start = (const char *)data;

	if (count && (at < start || count > size || at > start + size - count))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device_log m;

	device_log_parse((const char *)data, size, &m);
	within(m.tag, m.tag_size, data, size);
	within(m.text, m.text_size, data, size);
	if (m.facility < 1 || m.facility > 23 || m.severity > 7 || m.tag_size > 48)
		abort();
	for (size_t i = 0; i < m.tag_size; i++)
		if (m.tag[i] == ' ')
			abort();
	return 0;
}
