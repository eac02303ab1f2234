/*
 * check: how the sandboxes are that run, as the launcher reads them back from the kernel now. The
 * rows are its own (sandbox/attest.c): here they are sorted by profile, counted and printed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "check.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"

#define PATIENCE_MS 30000
#define ROWS_MAX    64 /* of one service */

/* One line of the answer, whatever the profile. */
struct line {
	const char *item;
	const char *reference; /* lines of the guide, title of a number */
	enum check_verdict verdict;
	const char *text;
};

static struct {
	bool as_json;
	bool cis;
	uint64_t threshold; /* 0: none */
	struct message_row_check rows[ROWS_MAX];
	unsigned int count;
	unsigned int tally[CHECK_VERDICTS]; /* of this service */
	unsigned int lines;
	unsigned int services;
	bool bad;
} check;

static const char *const words[] = {"PASS", "WARN", "FAIL"};

static void print_json_line(const struct line *l)
{
	char text[1024] = "";
	struct text t = TEXT_IN(text);

	text_add(&t, check.lines++ ? ",\n   {" : "\n   {");
	text_add_json_member(&t, "item", l->item);
	text_add_json_member(&t, check.cis ? "title" : "guide", l->reference);
	text_add_json_member(&t, "verdict", words[l->verdict]);
	text_add_json_member(&t, "reason", l->text);
	text_add(&t, "}");
	(void)printf("%s", text);
}

static void print_line(const struct line *l)
{
	static const enum colour colours[] = {COLOUR_GOOD, COLOUR_DIM, COLOUR_BAD};

	check.tally[l->verdict]++;
	if (check.as_json) {
		print_json_line(l);
		return;
	}
	(void)printf("  %s%s%s  %-18s %s%s", terminal_colour(colours[l->verdict]),
		     words[l->verdict], terminal_colour(COLOUR_NONE), l->item, l->reference,
		     *l->text ? ": " : "");
	terminal_print_safe(l->text);
	(void)printf("\n");
}

/* The worst of the rows that name the number; a number that no row names was not looked at. */
static void print_cis(const struct cis_item *item)
{
	struct line line = {item->number, item->title, CHECK_PASS, ""};
	bool found = false;

	for (unsigned int i = 0; i < check.count; i++) {
		const struct message_row_check *row = &check.rows[i];

		if (!cis_names(row->cis, item->number))
			continue;
		if (!found || row->verdict > (uint8_t)line.verdict) {
			line.verdict = (enum check_verdict)row->verdict;
			line.text = row->text;
		}
		found = true;
	}
	if (!found) {
		line.verdict = CHECK_FAIL;
		line.text = check.count == 1 ? check.rows[0].text : "was not looked at";
	}
	print_line(&line);
}

static void print_guide(const struct message_row_check *row)
{
	const struct line line = {row->item, row->guide, (enum check_verdict)row->verdict,
				  row->text};

	print_line(&line);
}

static void print_lines(void)
{
	for (size_t i = 0; check.cis && i < cis_item_count; i++)
		if (!cis_items[i].reason)
			print_cis(&cis_items[i]);
	for (unsigned int i = 0; !check.cis && i < check.count; i++)
		print_guide(&check.rows[i]);
}

/* Everything about one service has come. */
static void end_service(void)
{
	const unsigned int *tally = check.tally;
	unsigned int score;

	if (!check.count)
		return;
	memset(check.tally, 0, sizeof(check.tally));
	check.lines = 0;
	if (check.as_json)
		(void)printf("%s\n  {\"service\":\"%s\",\"items\":[", check.services ? "," : "",
			     check.rows[0].service);
	else
		(void)printf("%s\n", check.rows[0].service);
	print_lines();
	score = check_score(tally[CHECK_PASS], tally[CHECK_WARN], tally[CHECK_FAIL]);
	(void)printf(check.as_json ? "],\n   \"pass\":%u,\"warn\":%u,\"fail\":%u,\"score\":%u}"
				   : "  %u passed, %u warnings, %u failed: score %u of 100\n",
		     tally[CHECK_PASS], tally[CHECK_WARN], tally[CHECK_FAIL], score);
	check.bad |= tally[CHECK_FAIL] || score < check.threshold;
	check.services++;
	check.count = 0;
}

static void keep(void *context, const union message *message)
{
	const struct message_row_check *row = &message->row_check;

	(void)context;
	if (row->head.type != M_ROW_CHECK)
		return;
	if (check.count && !str_equal(row->service, check.rows[0].service))
		end_service();
	if (check.count == ROWS_MAX)
		return;
	check.rows[check.count] = *row;
	/* What is no verdict of this release is no pass. */
	if (row->verdict >= CHECK_VERDICTS)
		check.rows[check.count].verdict = CHECK_FAIL;
	check.count++;
}

/* Numbers that no running service can answer: once, for the device. */
static void print_elsewhere(void)
{
	bool first = true;

	(void)printf(check.as_json ? ",\n \"elsewhere\":[" : "not a matter of running services\n");
	for (size_t i = 0; i < cis_item_count; i++) {
		const struct cis_item *item = &cis_items[i];

		if (!item->reason)
			continue;
		(void)printf(check.as_json
				     ? "%s\n  {\"item\":\"%s\",\"title\":\"%s\",\"reason\":\"%s\"}"
				     : "%s  -     %-18s %s: %s\n",
			     check.as_json && !first ? "," : "", item->number, item->title,
			     item->reason);
		first = false;
	}
	if (check.as_json)
		(void)printf("]");
}

static int check_services(const char *name)
{
	struct message_check m = {.head = {.type = M_CHECK, .subject = SUBJECT_NONE}};
	const struct control_question question = {.patience_ms = PATIENCE_MS, .row = keep};
	struct err err = {0};
	int r;

	if (str_copy(m.service, sizeof(m.service), name)) {
		(void)err_set(&err, EINVAL, "no service has a name that long");
		(void)terminal_fail("check", &err);
		return EXIT_UNKNOWN;
	}
	if (check.as_json)
		(void)printf("{\"profile\":\"%s\",\"threshold\":%u,\"services\":[",
			     check.cis ? "cis" : "guide", (unsigned int)check.threshold);
	r = control_exchange(&(const struct control_exchange){LAUNCHER_PATH, PEER_LAUNCHER, &m, -1},
			     &question, &err);
	end_service();
	if (check.as_json)
		(void)printf("]");
	if (check.cis && r == EXIT_OK)
		print_elsewhere();
	if (check.as_json)
		(void)printf("}\n");
	if (err.code)
		(void)terminal_fail(*name ? name : "check", &err);
	return r == EXIT_OK && check.bad ? EXIT_FAILED : r;
}

static int usage_error(const char *text, const char *more)
{
	(void)fprintf(stderr, "bartizan: check: %s%s\n", text, more);
	return EXIT_USAGE;
}

/* 0, or the exit code. */
static int read_profile(const char *profile, const char *threshold)
{
	static const char *const later[] = {"iec62443", "etsi303645", "cra"};

	for (size_t i = 0; profile && i < ARRAY_SIZE(later); i++)
		if (str_equal(profile, later[i]))
			return usage_error("not built in: --profile ", profile);
	if (profile && !str_equal(profile, "guide") && !str_equal(profile, "cis"))
		return usage_error("no such profile, known are guide and cis: ", profile);
	check.cis = profile && str_equal(profile, "cis");
	if (threshold && str_u64(threshold, 0, 100, &check.threshold))
		return usage_error("not a score of 0 to 100: ", threshold);
	return 0;
}

int cmd_check(int argc, char **argv)
{
	static bool as_json;
	static const char *profile;
	static const char *threshold;
	static const struct option options[] = {
		{.name = "profile",
		 .argument = "guide|cis",
		 .help = "the hardening guide (default), or the CIS Docker Benchmark 1.6.0",
		 .value = &profile},
		{.name = "threshold",
		 .argument = "N",
		 .help = "exit 1 as well when a score is below N of 100",
		 .value = &threshold},
		{.name = "json", .help = "print JSON instead of columns", .flag = &as_json},
		{.name = NULL},
	};
	static const struct usage usage = {
		.synopsis = "check [SERVICE] | check harden",
		.summary =
			"Read the protections of every service that runs, or of one, back from the "
			"kernel.\nharden: the knobs that init has set instead. Exits 0 when "
			"nothing fails, 1 when something\ndoes, 3 when nothing runs, 4 for an "
			"unknown service. WARN is what the device policy grants on\npurpose; it "
			"counts half of a PASS in the score.",
		.options = options,
		.most = 1};
	struct operands operands;
	int r;

	as_json = false; /* the console runs many commands in one process */
	profile = threshold = NULL;
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	memset(&check, 0, sizeof(check));
	check.as_json = as_json;
	if (operands.count && str_equal(operands.at[0], "harden"))
		return profile || threshold
			       ? usage_error("harden has no profile and no threshold", "")
			       : check_harden(as_json);
	r = read_profile(profile, threshold);
	return r ? r : check_services(operands.count ? operands.at[0] : "");
}
