#ifndef SYS_HARDEN_H
#define SYS_HARDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Kernel knobs that every boot sets and reads back: one row each, in this order. init applies them,
 * `bartizan check harden` reads the same rows, so that report and behaviour cannot disagree.
 */
struct harden {
	const char *path;
	const char *value; /* words; NULL: @number */
	uint32_t number;
	uint16_t since; /* HARDEN_SINCE(major, minor): an older kernel may lack the file, a newer
			   one may not */
	bool off; /* switched off at build time (CONFIG_ALLOW_WEAKENING, or the board cannot) */
	const char *why;
};

#define HARDEN_SINCE(major, minor) ((uint16_t)((major) << 8 | (minor)))
#define HARDEN_TEXT                128

enum harden_state {
	HARDEN_HELD,
	HARDEN_DIFFERS, /* reads back as something else, or cannot be read */
	HARDEN_OLD,     /* the kernel is older than the knob: nothing to hold */
	HARDEN_LACKED,  /* the board declares that its kernel lacks the knob */
	HARDEN_OFF,     /* switched off at build time */
	HARDEN_STATE_COUNT
};

extern const struct harden harden_rows[];
extern const size_t harden_count;

/* What the row wants, as text. */
void harden_wanted(const struct harden *row, char text[HARDEN_TEXT]);

/* Set the row. 0, or -errno of the write; whether it took is for harden_read() to say. */
int harden_write(const struct harden *row);

/* Read the row back: @found gets the words found, or why nothing could be read. */
enum harden_state harden_read(const struct harden *row, char found[HARDEN_TEXT]);

/* "held", "differs", ... */
const char *harden_state_name(enum harden_state state);

/* Does the machine have what the row needs? The two reasons that excuse an absent file, for tests:
 * release as of uname(2). */
bool harden_is_old(const struct harden *row, const char *release);
bool harden_is_lacked(const struct harden *row, const char *const *absent);

/* True when @found says what @wanted wants: word by word, and "none [integrity] confidentiality" is
 * "integrity". */
bool harden_same(const char *wanted, const char *found);

#endif
