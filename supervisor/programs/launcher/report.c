#include <errno.h>
#include <stdio.h>

#include "audit/audit.h"
#include "programs/launcher/launcher.h"
#include "sandbox/attest.h"

/*
 * How the sandboxes are that run now: the rows of attest.c once more, on the live process, and what
 * is known of a service besides its process. One service at a time is looked at; its rows are sent
 * as the client reads them.
 */
#define ROWS_MAX         48
#define EXIT_NOT_RUNNING 3
#define EXIT_UNKNOWN     4
#define RESTARTS_MOST    5 /* CIS 5.15 */

static struct {
	struct message_row_check rows[ROWS_MAX];
	unsigned int count;
	unsigned int sent;
	size_t next; /* service that is looked at next */
	bool one;    /* only that one */
	unsigned int looked_at;
	int exit_code;
	struct err err;
} report;

/* What is looked at: its plan says what the device policy granted. */
struct subject {
	const struct service *service;
	const struct plan *plan;
};

/* ---- granted on purpose, and still weaker than the default */

static bool has_caps(const struct subject *of)
{
	return of->plan->caps != 0;
}

static bool is_wide(const struct subject *of)
{
	return of->service->policy.seccomp == SECCOMP_MOBY;
}

static bool may_jit(const struct subject *of)
{
	return !of->service->policy.mdwe;
}

static bool has_devices(const struct subject *of)
{
	return of->plan->device_count != 0;
}

static const struct weakness {
	const char *item;
	bool (*is_there)(const struct subject *of);
	const char *text;
} weaknesses[] = {
	{"capabilities", has_caps, "capabilities are granted by the device policy"},
	{"seccomp", is_wide, "builtin:moby allows more than builtin:strict"},
	{"seccomp", may_jit, "memory may be writable and executable (mdwe = no)"},
	{"devices", has_devices, "devices are granted by the device policy"},
};

/* ---- what is no state of the process */

static int prove_image(const struct subject *of, struct err *err)
{
	return map_check(of->service, err);
}

static int prove_health(const struct subject *of, struct err *err)
{
	if (of->service->policy.health.count)
		return 0;
	(void)err_set(err, ENOENT, "no health_cmd");
	return 1;
}

static int prove_restart(const struct subject *of, struct err *err)
{
	const struct policy *p = &of->service->policy;

	if (p->restart == RESTART_NO || p->restart_max <= RESTARTS_MOST)
		return 0;
	(void)err_set(err, ERANGE, "restart = on-failure:%u", p->restart_max);
	return 1;
}

/* 0: pass; 1: a warning, with @err; -errno: fail. */
static const struct fact {
	struct attest_row row;
	int (*prove)(const struct subject *of, struct err *err);
} facts[] = {
	/* dm-verity checks every block against the root hash that was signed. */
	{{.item = "image", .guide = "49-59, 524-533", .cis = "4.5 5.28"}, prove_image},
	{{.item = "health-check", .guide = "473", .cis = "5.27"}, prove_health},
	{{.item = "restart", .guide = "", .cis = "5.15"}, prove_restart},
};

/* ---- one service */

static void add(const struct subject *of, const struct attest_row *row, enum check_verdict verdict,
		const char *text)
{
	struct message_row_check *m;

	if (report.count == ROWS_MAX)
		return; /* cannot be: a unit test counts the rows */
	m = &report.rows[report.count++];
	*m = (struct message_row_check){
		.head = {.type = M_ROW_CHECK, .subject = SUBJECT_OF_SERVICE(of->service->slot)},
		.verdict = (uint8_t)verdict};
	str_join(m->service, sizeof(m->service), of->service->name, "", "");
	str_join(m->item, sizeof(m->item), row->item, "", "");
	str_join(m->guide, sizeof(m->guide), row->guide, "", "");
	str_join(m->cis, sizeof(m->cis), row->cis, "", "");
	str_join(m->text, sizeof(m->text), text, "", "");
	if (verdict == CHECK_FAIL)
		audit_emit(EVENT_CHECK_FAILED, AUDIT_S(of->service->name), AUDIT_S(row->item),
			   AUDIT_S(text));
}

static void tell(void *context, const struct attest_row *row, int result, const struct err *err)
{
	const struct subject *of = context;

	for (size_t i = 0; i < ARRAY_SIZE(weaknesses) && !result; i++) {
		if (!str_equal(weaknesses[i].item, row->item) || !weaknesses[i].is_there(of))
			continue;
		add(of, row, CHECK_WARN, weaknesses[i].text);
		return;
	}
	add(of, row, result ? CHECK_FAIL : CHECK_PASS, err->msg);
}

/* No row could be looked at: that is no pass of any of them. */
static void tell_blind(const struct subject *of, const struct err *err)
{
	static const struct attest_row row = {.item = "process", .guide = "", .cis = ""};

	add(of, &row, CHECK_FAIL, err->msg);
}

static void look(struct service *s)
{
	static struct plan plan;
	struct subject of = {s, &plan};
	struct err err = {0};
	int r = s->admitted ? start_describe(s, &plan, &err)
			    : err_set(&err, ENODATA, "its policy is not known any more");

	r = r ? r
	      : sandbox_attest_live(launcher.proc_fd, &plan, start_pid(s->pidfd),
				    &(const struct attest_listener){tell, &of}, &err);
	if (r)
		tell_blind(&of, &err);
	for (size_t i = 0; i < ARRAY_SIZE(facts) && !r; i++) {
		struct err found = {0};
		int result = facts[i].prove(&of, &found);

		add(&of, &facts[i].row,
		    result == 0  ? CHECK_PASS
		    : result > 0 ? CHECK_WARN
				 : CHECK_FAIL,
		    found.msg);
	}
}

/* The rows of the next service that runs; false: there is none. What was read of a process that
 * ended meanwhile may be of another with its number: it counts for nothing. */
static bool look_at_next(void)
{
	while (report.next < CONFIG_SERVICES_MAX) {
		struct service *s = &launcher.services[report.next++];

		if (report.one)
			report.next = CONFIG_SERVICES_MAX;
		report.count = report.sent = 0;
		if (!*s->name || !start_is_alive(s))
			continue;
		look(s);
		if (!start_is_alive(s))
			continue;
		report.looked_at++;
		return true;
	}
	return false;
}

/* ---- the question */

int report_more(void)
{
	int r = 0;

	while (!report.exit_code) {
		while (report.sent < report.count && !r) {
			r = desk_send(&report.rows[report.sent]);
			report.sent += !r;
		}
		if (r)
			return r;
		if (!look_at_next())
			break;
	}
	if (!report.exit_code && !report.looked_at) {
		report.exit_code = EXIT_NOT_RUNNING;
		(void)err_set(&report.err, ESRCH,
			      report.one ? "it does not run" : "no service runs");
	}
	return desk_end(report.exit_code, &report.err);
}

static void find(const char *name)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (str_equal(launcher.services[i].name, name)) {
			report.next = i;
			return;
		}
	report.exit_code = EXIT_UNKNOWN;
	(void)err_set(&report.err, ENOENT, "no such service");
	(void)err_hint(&report.err, "`bartizan ps` lists them");
}

void report_handle(struct received *received)
{
	struct message_check *m = &received->message.check;

	report.count = report.sent = report.looked_at = 0;
	report.next = 0;
	report.exit_code = 0;
	report.err = (struct err){0};
	str_sanitize(m->service, sizeof(m->service));
	report.one = *m->service != '\0';
	if (report.one)
		find(m->service);
}
