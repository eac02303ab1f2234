#include <errno.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"

/*
 * After an image has run for its window, no older epoch of it may: the launcher's own measurement,
 * because a supervisor that was taken over could claim health and lock good images out. Where the
 * image brings a health check, that must have passed as well: the supervisor runs it and says so,
 * and can do no worse than withhold it.
 */
static int raise_floor(struct service *s, struct err *err)
{
	static struct floors next;
	int r;

	next = launcher.floors;
	r = floors_raise(&next, s->name, s->note.epoch, launcher.trust.version, err);
	if (r <= 0)
		return r;
	r = floors_store(launcher.state_fd, &next, err);
	if (!r) /* one that is not on the disk is tried again */
		launcher.floors = next;
	return r;
}

int confirm_now(struct service *s, const char *how, struct err *err)
{
	bool trial = s->note.trial;
	int r;

	if (!s->admitted || !start_is_alive(s))
		return err_set(err, ESRCH, "%s does not run", s->name);
	/* The counter first: a floor above what a power cut leaves active would leave nothing. */
	r = slots_confirm(s, err);
	r = r ? r : raise_floor(s, err);
	if (!r && trial)
		audit_emit(EVENT_IMAGE_CONFIRMED, AUDIT_S(s->name), AUDIT_S(s->policy.version),
			   AUDIT_N(s->note.epoch), AUDIT_S(how));
	return r;
}

static bool is_healthy(const struct service *s)
{
	return !s->policy.health.count || s->note.healthy == s->generation;
}

static void try_confirm(struct service *s)
{
	struct err err = {0};

	if (s->confirm.armed || !start_is_alive(s) || !is_healthy(s))
		return;
	if (confirm_now(s, "window", &err))
		log_line("launcher: %s: cannot be confirmed: %s", s->name, err.msg);
}

static void window_over(struct loop *loop, struct timer *timer)
{
	(void)loop;
	try_confirm(container_of(timer, struct service, confirm));
}

void confirm_begin(struct service *s)
{
	s->confirm.due = window_over;
	loop_timer_set(&launcher.loop, &s->confirm,
		       clock_monotonic_ms() + CONFIG_CONFIRM_SECONDS * 1000u);
}

void confirm_end(struct service *s)
{
	loop_timer_clear(&launcher.loop, &s->confirm);
}

void confirm_healthy(struct service *s, uint32_t generation)
{
	struct err err = {0};

	if (!s->admitted || !generation || generation != s->generation)
		return;
	s->note.healthy = generation;
	if (note_store(s, &err))
		log_line("launcher: %s: %s", s->name, err.msg);
	try_confirm(s);
}
