/* check harden: does the kernel hold what init has set? Reads the same table that init applies. */
#include "check.h"

#include <stdio.h>

#include "base/str.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "sys/harden.h"

struct finding {
	const struct harden *row;
	enum harden_state state;
	char wanted[HARDEN_TEXT];
	char found[HARDEN_TEXT];
};

/* A row that this build has switched off is not held either: the report must not look complete. */
static bool is_good(enum harden_state state)
{
	return state == HARDEN_HELD || state == HARDEN_OLD || state == HARDEN_LACKED;
}

static void print_row(const struct finding *f)
{
	enum colour colour = f->state == HARDEN_HELD ? COLOUR_GOOD : COLOUR_DIM;

	if (!is_good(f->state))
		colour = COLOUR_BAD;
	(void)printf("%s%-8s%s %-46s ", terminal_colour(colour), harden_state_name(f->state),
		     terminal_colour(COLOUR_NONE), f->row->path);
	terminal_print_safe(f->found);
	if (f->state == HARDEN_DIFFERS)
		(void)printf(" instead of %s", f->wanted);
	(void)printf("\n");
}

static void print_json(const struct finding *f, bool first)
{
	char line[1024] = "";
	struct text t = TEXT_IN(line);

	text_add(&t, first ? "[{" : ",\n {");
	text_add_json_member(&t, "path", f->row->path);
	text_add_json_member(&t, "state", harden_state_name(f->state));
	text_add_json_member(&t, "wanted", f->wanted);
	text_add_json_member(&t, "found", f->found);
	text_add_json_member(&t, "why", f->row->why);
	text_add(&t, "}");
	(void)printf("%s", line);
}

int check_harden(bool as_json)
{
	unsigned int held = 0;
	unsigned int excused = 0;
	unsigned int bad = 0;

	for (size_t i = 0; i < harden_count; i++) {
		struct finding f = {.row = &harden_rows[i]};

		harden_wanted(f.row, f.wanted);
		f.state = harden_read(f.row, f.found);
		held += f.state == HARDEN_HELD;
		bad += !is_good(f.state);
		excused += is_good(f.state) && f.state != HARDEN_HELD;
		if (as_json)
			print_json(&f, i == 0);
		else
			print_row(&f);
	}
	if (as_json)
		(void)printf("]\n");
	else
		(void)printf("%u held, %u not held, %u that this kernel does not have\n", held, bad,
			     excused);
	return bad ? EXIT_FAILED : EXIT_OK;
}
