#include <errno.h>
#include <string.h>

#include "programs/recorder/recorder.h"

static unsigned int hex_digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (unsigned int)(at - digits) : 16;
}

/*
 * The value behind @key, cut to @size. The kernel writes what others chose in quotes, or as hex
 * digits when it holds a quote, a blank or a control character (audit_log_untrustedstring()), so
 * no value can imitate a key.
 */
static void take_value(const char *text, const char *key, char *to, size_t size)
{
	const char *at = strstr(text, key);
	size_t used = 0;

	to[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	if (*at == '"') {
		for (at++; *at && *at != '"' && used + 1 < size; at++)
			to[used++] = *at;
	} else {
		for (; hex_digit(at[0]) < 16 && hex_digit(at[1]) < 16 && used + 1 < size; at += 2) {
			char byte = (char)(hex_digit(at[0]) << 4 | hex_digit(at[1]));

			to[used] = '?';
			if (byte)
				to[used] = byte;
			used++;
		}
	}
	to[used] = '\0';
}

int apparmor_parse(const char *text, struct apparmor_denial *d)
{
	if (!strstr(text, " apparmor=\"DENIED\" "))
		return -ENOENT;
	*d = (struct apparmor_denial){.uid = APPARMOR_NO_UID, .pid = audit_number(text, " pid=")};
	if (strstr(text, " fsuid="))
		d->uid = audit_number(text, " fsuid=");
	take_value(text, " operation=", d->operation, sizeof(d->operation));
	take_value(text, " profile=", d->profile, sizeof(d->profile));
	take_value(text, " name=", d->name, sizeof(d->name));
	take_value(text, " denied_mask=", d->mask, sizeof(d->mask));
	if (!*d->name)
		take_value(text, " capname=", d->name, sizeof(d->name));
	if (!*d->name)
		take_value(text, " family=", d->name, sizeof(d->name));
	return 0;
}
