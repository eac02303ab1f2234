/* seccomp record, on the device: a service runs for a while under a filter that logs what it calls;
 * a profile of that comes out. The launcher begins and ends it, whatever happens to this command.
 */
#ifndef BARTIZAN_HOST
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "commands.h"
#include "control_client.h"
#include "privilege.h"
#include "seccomp/quiet.h"
#include "spool/reader.h"

#define DEFAULT_TIME "60s"
#define ASK_MS       10000
#define LOOK_MS      100
#define LATE_MS      630000 /* a service may take its stop_timeout twice: to begin and to end */
#define QUIET_MS     500    /* the kernel's records come another way than the launcher's word */
#define NAMES_MAX    512

static const char *time_text;
static bool as_list;

static struct recorded {
	const char *service;
	bool begun;
	bool ended;
	bool failed;
	uint64_t seen; /* records of its calls */
	uint64_t lost; /* records of the kernel; at least one where it does not say how many */
	unsigned int count;
	char names[NAMES_MAX][32];
} recorded;

/* ---- what the trail says */

static bool is_of(const struct spool_view *v, const char *event, const char *field,
		  const char *value)
{
	struct spool_span span;

	return spool_span_equal(v->event, event) && !spool_line_member(v, field, &span) &&
	       spool_span_equal(span, value);
}

static bool has(const char *name)
{
	for (const char *const *quiet = seccomp_quiet; *quiet; quiet++)
		if (str_equal(*quiet, name))
			return true;
	for (unsigned int i = 0; i < recorded.count; i++)
		if (str_equal(recorded.names[i], name))
			return true;
	return false;
}

static void take_name(struct spool_span span)
{
	char name[32];

	if (span.size >= sizeof(name) || recorded.count == NAMES_MAX) {
		recorded.lost++;
		return;
	}
	memcpy(name, span.at, span.size);
	name[span.size] = '\0';
	/* A number stands for a call that we have no name for, which no profile can hold. */
	if (!str_is_name(name) || (name[0] >= '0' && name[0] <= '9'))
		recorded.lost++;
	else if (!has(name))
		memcpy(recorded.names[recorded.count++], name, sizeof(name));
}

static void take_record(const struct spool_view *v)
{
	struct spool_span span = {"", 0};
	uint64_t count = 0;

	if (is_of(v, "RECORDING", "service", recorded.service)) {
		(void)spool_line_member(v, "state", &span);
		recorded.begun |= spool_span_equal(span, "begun");
		recorded.failed |= spool_span_equal(span, "failed");
		recorded.ended |= recorded.begun && spool_span_equal(span, "ended");
	} else if (is_of(v, "SYSCALL_USED", "service", recorded.service)) {
		recorded.seen++;
		if (!spool_line_member(v, "syscall", &span))
			take_name(span);
	} else if (recorded.begun && is_of(v, "GAP", "producer", "kernel")) {
		(void)spool_line_number(v, "count", &count);
		recorded.lost += count ? count : 1;
	}
}

/* What is there, and what comes within @patience_ms. */
static void read_for(struct spool_reader *reader, uint64_t patience_ms)
{
	uint64_t end = clock_monotonic_ms() + patience_ms;

	do {
		while (spool_reader_peek(reader) == 1) {
			take_record(&reader->view);
			spool_reader_next(reader);
		}
	} while (clock_monotonic_ms() < end && poll(NULL, 0, LOOK_MS) == 0);
}

/* Until no call is told for a while: other records may come all the time, also of this service. */
static void read_rest(struct spool_reader *reader)
{
	uint64_t seen;

	do {
		seen = recorded.seen;
		read_for(reader, QUIET_MS);
	} while (recorded.seen != seen);
}

static int watch(struct spool_reader *reader, uint64_t seconds, struct err *err)
{
	uint64_t end = clock_monotonic_ms() + seconds * 1000 + LATE_MS;

	while (!recorded.ended && !recorded.failed && clock_monotonic_ms() < end)
		read_for(reader, LOOK_MS);
	if (recorded.failed) {
		(void)err_set(err, ECANCELED,
			      "the service did not start under the filter that records");
		return err_hint(err, "bartizan events -n 20 says why");
	}
	if (!recorded.ended)
		return err_set(err, ETIMEDOUT, "the launcher does not say that it ended");
	read_rest(reader);
	return 0;
}

/* ---- what comes out */

/* What builtin:strict compares. The record of a call has no arguments, so a profile allows no more
 * of these than that. */
static const struct {
	const char *name;
	const char *args;
} compared[] = {
	{"socket", "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}"},
	{"socket", "{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}"},
	{"socket", "{\"index\":0,\"value\":10,\"op\":\"SCMP_CMP_EQ\"}"},
	{"socket", "{\"index\":0,\"value\":16,\"op\":\"SCMP_CMP_EQ\"},"
		   "{\"index\":2,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}"},
	{"personality", "{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}"},
	{"personality", "{\"index\":0,\"value\":4294967295,\"op\":\"SCMP_CMP_EQ\"}"},
};

static bool is_compared(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(compared); i++)
		if (str_equal(compared[i].name, name))
			return true;
	return false;
}

static void print_names(const char *before, const char *between)
{
	for (const char *const *quiet = seccomp_quiet; *quiet; quiet++) {
		(void)printf("%s\"%s\"", before, *quiet);
		before = between;
	}
	for (unsigned int i = 0; i < recorded.count; i++)
		if (as_list || !is_compared(recorded.names[i]))
			(void)printf("%s\"%s\"", before, recorded.names[i]);
}

static void print_profile(void)
{
	(void)printf("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[\n {\"names\":[");
	print_names("\n  ", ",\n  ");
	(void)printf("],\n  \"action\":\"SCMP_ACT_ALLOW\"}");
	for (size_t i = 0; i < ARRAY_SIZE(compared); i++)
		if (has(compared[i].name))
			(void)printf(",\n {\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\","
				     "\"args\":[%s]}",
				     compared[i].name, compared[i].args);
	(void)printf("\n]}\n");
}

static void print_list(void)
{
	(void)printf("{\"service\":\"%s\",\"lost\":%llu,\"syscalls\":[", recorded.service,
		     (unsigned long long)recorded.lost);
	print_names("", ",");
	(void)printf("]}\n");
}

/* ---- the command */

static int read_seconds(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	size_t length = strlen(text);
	char digits[8] = "";

	if (length < 2 || length > sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, length - 1);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (text[length - 1] == units[i].unit) {
			int r = str_u64(digits, 1, 3600 / units[i].seconds, seconds);

			*seconds *= units[i].seconds;
			return r;
		}
	return -EINVAL;
}

static int ask(uint64_t seconds, struct err *err)
{
	struct message_record m = {.head = {.type = M_RECORD, .subject = SUBJECT_NONE},
				   .seconds = (uint32_t)seconds};
	const struct control_question question = {.patience_ms = ASK_MS};

	if (str_copy(m.service, sizeof(m.service), recorded.service)) {
		(void)err_set(err, EINVAL, "no service has a name that long");
		return EXIT_UNKNOWN;
	}
	return control_exchange(
		&(const struct control_exchange){LAUNCHER_PATH, PEER_LAUNCHER, &m, -1}, &question,
		err);
}

static int record(uint64_t seconds, struct err *err)
{
	struct spool_reader reader;
	int fd = open_audit_spool();
	int r;

	if (fd < 0) {
		(void)err_sys(err, -fd, "the audit records");
		return EXIT_FAILED;
	}
	spool_reader_open(&reader, fd, 0);
	/* What is there already is of earlier times. */
	read_for(&reader, 0);
	recorded = (struct recorded){.service = recorded.service};
	r = ask(seconds, err);
	if (r == EXIT_OK && watch(&reader, seconds, err))
		r = EXIT_FAILED;
	spool_reader_close(&reader);
	if (r == EXIT_OK)
		(as_list ? print_list : print_profile)();
	if (r == EXIT_OK && recorded.lost) {
		(void)err_set(err, ENOBUFS, "%llu records of calls are lost: the list is not whole",
			      (unsigned long long)recorded.lost);
		(void)err_hint(err, "record again, or look at what is refused under this profile");
		r = EXIT_FAILED;
	}
	return r;
}

int cmd_record(int argc, char **argv)
{
	static const struct option options[] = {
		{.name = "for",
		 .argument = "TIME",
		 .help = "1s to 1h; " DEFAULT_TIME " unless given",
		 .value = &time_text},
		{.name = "json", .help = "a list of names instead of a profile", .flag = &as_list},
		{.name = NULL},
	};
	static const struct usage usage = {
		.synopsis = "seccomp record SERVICE [--for TIME] [--json]",
		.summary = "Start a service anew under a filter that logs what it calls, for a "
			   "while or until it is\n"
			   "stopped, and print a profile that allows this, in Docker's JSON. Where "
			   "the device\n"
			   "policy says seccomp_record = yes.",
		.options = options,
		.least = 1,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	uint64_t seconds;
	int r;

	time_text = DEFAULT_TIME;
	as_list = false;
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	if (read_seconds(time_text, &seconds)) {
		(void)err_set(&err, EINVAL, "--for %.32s: 1s to 3600s, 1m to 60m or 1h", time_text);
		(void)terminal_fail("seccomp", &err);
		return EXIT_USAGE;
	}
	recorded.service = operands.at[0];
	r = record(seconds, &err);
	if (err.code)
		(void)terminal_fail(operands.at[0], &err);
	return r;
}
#endif
