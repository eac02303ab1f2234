/* links: base event ipc audit spool programs/recorder */
/* An audit record of the kernel about names that a service chose: whatever it is, strings end. */
#include <stdlib.h>
#include <string.h>

#include "programs/recorder/recorder.h"

const char syscall_names[] = "";
const unsigned int syscall_name_count = 0;
const uint32_t syscall_arch = 0;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct apparmor_denial d;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (apparmor_parse(text, &d) == 0 &&
	    (!str_terminated(d.operation, sizeof(d.operation)) ||
	     !str_terminated(d.profile, sizeof(d.profile)) ||
	     !str_terminated(d.name, sizeof(d.name)) || !str_terminated(d.mask, sizeof(d.mask))))
		abort();
	free(text);
	return 0;
}
