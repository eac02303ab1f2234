#include <string.h>

#include "programs/recorder/recorder.h"

uint64_t audit_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	char digits[24] = "";
	uint64_t number = 0;

	if (!at)
		return 0;
	at += strlen(key);
	for (size_t i = 0; i + 1 < sizeof(digits) && at[i] >= '0' && at[i] <= '9'; i++)
		digits[i] = at[i];
	return str_u64(digits, 0, UINT64_MAX, &number) ? 0 : number;
}

/* The number that the kernel writes in lower-case hex behind @key. */
static uint32_t hex_number(const char *text, const char *key)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strstr(text, key);
	uint32_t number = 0;

	for (at = at ? at + strlen(key) : ""; *at && strchr(digits, *at); at++)
		number = number << 4 | (uint32_t)(strchr(digits, *at) - digits);
	return number;
}

static const char *name_of(uint64_t number)
{
	const char *at = syscall_names;

	if (number >= syscall_name_count)
		return "";
	for (; number; number--)
		at += strlen(at) + 1;
	return at;
}

void syscall_describe(const char *text, char *to, size_t size)
{
	uint64_t number = audit_number(text, " syscall=");
	uint32_t arch = hex_number(text, " arch=");
	struct text out = {.at = to, .size = size};
	const char *name = arch == syscall_arch ? name_of(number) : "";

	to[0] = '\0';
	if (*name) {
		text_add(&out, name);
		return;
	}
	if (arch != syscall_arch) {
		text_add(&out, "architecture ");
		text_add_u64(&out, arch);
		text_add(&out, " call ");
	}
	text_add_u64(&out, number);
}
