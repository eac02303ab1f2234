/* bartizan audit verify: exit 0 when everything holds, 1 when something bad was found, 2 when
 * nothing could be judged. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"

#define EXIT_NOT_JUDGED 2

static bool as_json;
static const char *key_path;
static const char *anchor_path;

static void print_json(const struct verify *v)
{
	char buffer[16384];
	struct text t = TEXT_IN(buffer);

	text_add(&t, "{");
	text_add_json_member(&t, "verdict", verify_holds(v) ? "holds" : "broken");
	text_add_json_u64(&t, "records", v->records);
	text_add_json_u64(&t, "segments", v->segments);
	text_add_json_u64(&t, "boots", v->boots);
	text_add_json_u64(&t, "first_n", v->first_n);
	text_add_json_u64(&t, "last_n", v->last_n);
	text_add_json_u64(&t, "undated", v->undated);
	text_add_json_u64(&t, "seals", v->seals);
	text_add_json_u64(&t, "proven", v->proven);
	text_add_json_u64(&t, "unsealed", v->unsealed);
	text_add_json_u64(&t, "collector", v->anchor ? v->anchor->count : 0);
	text_add_json_key(&t, "findings");
	text_add(&t, "[");
	for (size_t i = 0; i < VERIFY_KIND_COUNT; i++) {
		char boot[17];

		if (!v->found[i].count)
			continue;
		(void)snprintf(boot, sizeof(boot), "%016" PRIx64, v->found[i].boot);
		text_add(&t, t.at[t.used - 1] == '[' ? "{" : ",{");
		text_add_json_member(&t, "kind", verify_rows[i].name);
		text_add_json_u64(&t, "bad", verify_rows[i].bad);
		text_add_json_u64(&t, "count", v->found[i].count);
		text_add_json_u64(&t, "n", v->found[i].n);
		text_add_json_member(&t, "b", boot);
		text_add(&t, "}");
	}
	text_add(&t, "]}\n");
	(void)fputs(t.at, stdout);
}

static void print_findings(const struct verify *v, bool bad)
{
	for (size_t i = 0; i < VERIFY_KIND_COUNT; i++) {
		const struct verify_row *row = &verify_rows[i];

		if (!v->found[i].count || row->bad != bad)
			continue;
		(void)printf("%s%-16s%s %" PRIu64 ", first at n=%" PRIu64 " of boot %016" PRIx64
			     ": %s\n",
			     terminal_colour(bad ? COLOUR_BAD : COLOUR_DIM), row->name,
			     terminal_colour(COLOUR_NONE), v->found[i].count, v->found[i].n,
			     v->found[i].boot, row->help);
	}
}

static void print_text(const struct verify *v)
{
	print_findings(v, true);
	print_findings(v, false);
	(void)printf("%" PRIu64 " records in %" PRIu32 " segments, n=%" PRIu64 "..%" PRIu64
		     ", %" PRIu64 " boots; %" PRIu64 " seals, %" PRIu64 " proven, %" PRIu64
		     " records behind the last one\n",
		     v->records, v->segments, v->first_n, v->last_n, v->boots, v->seals, v->proven,
		     v->unsealed);
	if (v->anchor)
		(void)printf("compared with %zu records of the collector\n", v->anchor->count);
	(void)printf("%s%s%s\n", terminal_colour(verify_holds(v) ? COLOUR_GOOD : COLOUR_BAD),
		     verify_holds(v) ? "the trail holds" : "the trail is broken",
		     terminal_colour(COLOUR_NONE));
}

static int use_key(struct verify *v, struct err *err)
{
#ifdef BARTIZAN_HOST
	static struct p256_pair auditor;
	int r = auditor_read(key_path, &auditor, err);

	v->open_box = auditor_open_box;
	v->context = &auditor;
	return r;
#else
	(void)v;
	(void)err_set(err, ENOTSUP, "--key is not in this build");
	return err_hint(err, "an auditor's private key does not belong on a device: host/bartizan");
#endif
}

static int use_anchor(struct verify *v, struct err *err)
{
	static struct anchor anchor;
	CLEAN_FD int fd = open(anchor_path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : anchor_read(&anchor, fd);

	v->anchor = &anchor;
	if (r)
		return err_sys(err, -r, "%s", anchor_path);
	return anchor.count ? 0
			    : err_set(err, ENODATA, "%s: no audit record of a device is in it",
				      anchor_path);
}

static int judge(struct verify *v, const char *path, struct err *err)
{
	CLEAN_FD int dir_fd = audit_open_dir(path);
	int r = dir_fd < 0 ? err_sys(err, -dir_fd, "%s", path ? path : "the spool") : 0;

	if (!r && key_path)
		r = use_key(v, err);
	if (!r && anchor_path)
		r = use_anchor(v, err);
	r = r ? r : audit_drop(err);
	return r ? r : verify_run(v, dir_fd, err);
}

int audit_verify_main(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "key",
		 .argument = "FILE",
		 .help = "the auditor's private key: prove the seals",
		 .value = &key_path},
		{.name = "anchor",
		 .argument = "FILE",
		 .help = "what the collector received",
		 .value = &anchor_path},
		{.name = "json", .help = "print the verdict as JSON", .flag = &as_json},
		{.name = NULL},
	};
	static const struct usage usage = {
		.synopsis = "audit verify [--key FILE] [--anchor FILE] [--json] [DIR]",
		.summary = "Judge an audit trail. DIR is a spool; this device's when it is left "
			   "out. Exit code "
			   "0: it holds, 1: broken,\n2: it could not be judged. Without the key a "
			   "seal is "
			   "compared with what it seals, not proven; without the\ncollector's copy "
			   "a trail that "
			   "was cut, or written anew from its last fresh key on, looks whole.",
		.options = options,
		.most = 1};
	struct verify v = {.open_box = NULL};
	struct operands operands;
	struct err err = {0};
	int r;

	as_json = false;
	key_path = NULL;
	anchor_path = NULL;
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	if (judge(&v, operands.count ? operands.at[0] : NULL, &err)) {
		(void)terminal_fail("audit verify", &err);
		return EXIT_NOT_JUDGED;
	}
	if (as_json)
		print_json(&v);
	else
		print_text(&v);
	if (v.anchor)
		anchor_free(v.anchor);
	return verify_holds(&v) ? EXIT_OK : EXIT_FAILED;
}
