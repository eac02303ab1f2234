#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "init.h"
#include "launcher.h"
#include "links.h"

#define STATE_BYTES       (64 * 1024)
#define STATE_DEATHS_MS   60000
#define CRASH_FIRST_MS    10000u
#define CRASH_MOST_MS     600000u
#define CRASH_FORGIVEN_MS 600000u
#define FAILED_FIRST_MS   1000u
#define FAILED_MOST_MS    60000u
#define QUICK_MS          1000u
#define QUICK_EXIT_MS     10000u /* who gives up by itself may wait a moment before it says so */
#define QUICK_FREE                                                                                 \
	3u /* quick deaths that cost nothing: a campaign that kills on purpose, or one bad input   \
	    */
#define QUICK_FIRST_MS 100u
#define QUICK_MOST_MS  10000u

/* How init asks for a helper; what is not here is the launcher's business. */
struct resident {
	enum helper helper;
	uint16_t message;
	bool built; /* exists in this build */
};

static const struct resident residents[] = {
	{HELPER_RECORDER, M_HELPER_RECORDER, true},
	{HELPER_SHIPPER, M_HELPER, true},
	{HELPER_SUPERVISOR, M_HELPER_SUPERVISOR, true},
	{HELPER_CONSOLE, M_HELPER, IS_ENABLED(CONFIG_CONSOLE)},
};

static const struct resident *find_resident(enum helper helper)
{
	for (size_t i = 0; i < ARRAY_SIZE(residents); i++)
		if (residents[i].helper == helper && residents[i].built)
			return &residents[i];
	return NULL;
}

bool helper_is_resident(enum helper helper)
{
	return find_resident(helper) != NULL;
}

bool helper_is_attack(int code, int status)
{
	/* What memory errors, assertions of hardened libraries and seccomp leave behind. */
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGSYS, SIGFPE, SIGTRAP};

	if (code == CLD_EXITED)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i] == status)
			return true;
	return false;
}

static uint32_t doubled(uint32_t ms, uint32_t most)
{
	return ms > most / 2 ? most : ms * 2;
}

uint32_t helper_delay(int code, int status, uint32_t *crash_ms, uint32_t *quick, uint64_t lived_ms)
{
	uint32_t delay = 0;
	uint32_t quick_ms = code == CLD_EXITED ? QUICK_EXIT_MS : QUICK_MS;

	if (helper_is_attack(code, status)) {
		if (*crash_ms == 0 || lived_ms >= CRASH_FORGIVEN_MS)
			*crash_ms = CRASH_FIRST_MS;
		delay = *crash_ms;
		*crash_ms = doubled(delay, CRASH_MOST_MS);
		return delay;
	}
	if (lived_ms >= quick_ms) {
		*quick = 0;
		return 0;
	}
	if (++*quick <= QUICK_FREE)
		return 0;
	delay = QUICK_FIRST_MS;
	for (uint32_t i = QUICK_FREE + 1; i < *quick && delay < QUICK_MOST_MS; i++)
		delay = doubled(delay, QUICK_MOST_MS);
	return delay;
}

/* ---- the supervisor's memory */

static int make_state_memory(void)
{
	CLEAN_FD int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) || ftruncate(fd, STATE_BYTES) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return take_fd(&fd);
}

/* Three crashes in a minute: perhaps what it remembers kills it. It then starts from init's table
 * of who lives. */
static void judge_state(struct helpers *h, const struct message_exited *exited)
{
	uint64_t now = clock_monotonic_ms();
	int fresh;

	if (exited->code != CLD_EXITED && (exited->status == SIGKILL || exited->status == SIGTERM))
		return;
	memmove(&h->state_deaths[0], &h->state_deaths[1], 2 * sizeof(h->state_deaths[0]));
	h->state_deaths[2] = now;
	if (!h->state_deaths[0] || now - h->state_deaths[0] > STATE_DEATHS_MS)
		return;
	fresh = make_state_memory();
	if (fresh < 0)
		return;
	fd_close(&h->state_fd);
	h->state_fd = fresh;
	memset(h->state_deaths, 0, sizeof(h->state_deaths));
	log_line("supervisor: three crashes in a minute, it starts with an empty memory");
}

/* ---- asking */

static int ask_supervisor(struct init *init, const struct message_plain *m)
{
	const struct producer_ring *ring = &init->producers.rings[PRODUCER_SUPERVISOR];
	int pair[2];
	int fds[5];
	int r = channel_pair(pair);

	if (r)
		return r;
	fds[0] = pair[1];
	fds[1] = ring->ring_fd;
	fds[2] = ring->index_read_fd;
	fds[3] = ring->bell_fd;
	fds[4] = init->helpers.state_fd;
	r = channel_send(&init->launcher.channel, m, fds, 5);
	fd_close(&pair[1]);
	/* Every life of the supervisor gets a new socket: what the last one left in the old one is
	 * not mixed up with it. */
	if (!r)
		r = link_open(init, &init->supervisor, PEER_SUPERVISOR, &pair[0]);
	fd_close(&pair[0]);
	if (r)
		return r;
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		init->children.rows[i].told = false;
	init->launcher_up_due = false;
	init->power.shutdown_due = init->power.stage == STAGE_ASKING;
	return 0;
}

static int ask_recorder(struct init *init, const struct message_plain *m)
{
	int fds[3 * PRODUCER_COUNT];

	producers_renew_bell(&init->producers);
	for (size_t i = 0; i < PRODUCER_COUNT; i++) {
		const struct producer_ring *ring = &init->producers.rings[i];

		fds[3 * i] = ring->ring_read_fd;
		fds[3 * i + 1] = ring->index_fd;
		fds[3 * i + 2] = ring->bell_receive_fd;
	}
	return channel_send(&init->launcher.channel, m, fds, 3 * PRODUCER_COUNT);
}

static int ask(struct init *init, const struct resident *resident)
{
	struct helper_row *row = &init->helpers.rows[resident->helper];
	struct message_plain m = {.head = {.type = resident->message,
					   .subject = SUBJECT_OF_HELPER(resident->helper),
					   .generation = row->generation + 1}};
	int r;

	if (resident->message == M_HELPER_SUPERVISOR)
		r = ask_supervisor(init, &m);
	else if (resident->message == M_HELPER_RECORDER)
		r = ask_recorder(init, &m);
	else
		r = channel_send(&init->launcher.channel, &m, NULL, 0);
	if (r)
		return r;
	row->generation++;
	row->state = HELPER_ASKED;
	return 1;
}

int helpers_ask_next(struct init *init)
{
	if (!init->launcher_ready || power_is_ending(init))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(residents); i++)
		if (residents[i].built &&
		    init->helpers.rows[residents[i].helper].state == HELPER_DUE)
			return ask(init, &residents[i]);
	return 0;
}

/* ---- fates */

static void set_due(struct loop *loop, struct timer *timer)
{
	struct helper_row *row = container_of(timer, struct helper_row, timer);
	struct init *init = row->init;

	(void)loop;
	row->state = HELPER_DUE;
	if (row == &init->helpers.rows[HELPER_LAUNCHER])
		launcher_start(init);
	links_pump(init);
}

static void start_after(struct init *init, struct helper_row *row, uint32_t delay_ms)
{
	row->state = HELPER_WAITING;
	loop_timer_set(&init->loop, &row->timer, clock_monotonic_ms() + delay_ms);
}

void helpers_start(struct init *init)
{
	struct helpers *h = &init->helpers;

	for (size_t i = 0; i < HELPER_COUNT; i++) {
		h->rows[i].init = init;
		h->rows[i].timer.due = set_due;
	}
	h->state_fd = make_state_memory();
	if (h->state_fd < 0)
		log_line("supervisor: no memory: %s", err_text(-h->state_fd));
	launcher_start(init);
}

void helpers_launcher_ready(struct init *init)
{
	for (size_t i = 0; i < ARRAY_SIZE(residents); i++) {
		struct helper_row *row = &init->helpers.rows[residents[i].helper];

		if (row->state == HELPER_WAITING && !row->timer.armed)
			row->state = HELPER_DUE;
	}
}

void helpers_launcher_gone(struct init *init)
{
	for (size_t i = 0; i < ARRAY_SIZE(residents); i++) {
		struct helper_row *row = &init->helpers.rows[residents[i].helper];

		if (row->state == HELPER_ASKED)
			row->state = HELPER_DUE;
	}
}

static bool was_asked(const struct helper_row *row, enum helper helper, uint32_t generation)
{
	return helper_is_resident(helper) && row->state == HELPER_ASKED &&
	       row->generation == generation;
}

int helpers_started(struct init *init, enum helper helper, uint32_t generation, pid_t pid)
{
	struct helper_row *row = &init->helpers.rows[helper];

	if (helper != HELPER_LAUNCHER && !was_asked(row, helper, generation))
		return -ESTALE;
	row->state = HELPER_RUNNING;
	row->started_ms = clock_monotonic_ms();
	row->failed_ms = 0;
	audit_emit(EVENT_HELPER_START, AUDIT_S(helper_name(helper)), AUDIT_N(generation),
		   AUDIT_N(pid));
	return 0;
}

int helpers_failed(struct init *init, enum helper helper, uint32_t generation,
		   const struct err *err)
{
	struct helper_row *row = &init->helpers.rows[helper];

	if (helper != HELPER_LAUNCHER && !was_asked(row, helper, generation))
		return -ESTALE;
	row->failed_ms = row->failed_ms ? doubled(row->failed_ms, FAILED_MOST_MS) : FAILED_FIRST_MS;
	log_line("%s cannot be started: %s; again in %u ms", helper_name(helper), err->msg,
		 row->failed_ms);
	start_after(init, row, row->failed_ms);
	return 0;
}

static void tell_supervisor(struct init *init, struct helper_row *row,
			    const struct message_exited *exited)
{
	row->died = *exited;
	row->died.head.type = M_HELPER_DIED;
	row->died_due = row != &init->helpers.rows[HELPER_SUPERVISOR];
}

void helpers_died(struct init *init, enum helper helper, const struct message_exited *exited)
{
	struct helper_row *row = &init->helpers.rows[helper];
	bool attack = helper_is_attack(exited->code, exited->status);
	uint32_t delay = 0;

	/* verify and compile end after each conversation; only how they fail is worth a record. */
	if (helper != HELPER_LAUNCHER && !helper_is_resident(helper)) {
		if (exited->code == CLD_EXITED && exited->status == 0)
			return;
	} else {
		delay = helper_delay(exited->code, exited->status, &row->crash_ms, &row->quick,
				     clock_monotonic_ms() - row->started_ms);
	}
	log_line("%s died: %s %d; again in %u ms", helper_name(helper),
		 exited->code == CLD_EXITED ? "exit" : "signal", exited->status, delay);
	audit_emit(attack ? EVENT_HELPER_CRASH : EVENT_HELPER_EXIT, AUDIT_S(helper_name(helper)),
		   AUDIT_N(exited->head.generation), AUDIT_N(exited->code), AUDIT_N(exited->status),
		   AUDIT_N(delay));
	if (helper == HELPER_SUPERVISOR) {
		link_drain_and_close(init, &init->supervisor);
		judge_state(&init->helpers, exited);
	}
	if (helper == HELPER_LAUNCHER)
		launcher_gone(init);
	else
		tell_supervisor(init, row, exited);
	if (helper == HELPER_LAUNCHER || helper_is_resident(helper))
		start_after(init, row, delay);
}
