#include "base/clock.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"

/*
 * After an image has run for its window, no older epoch of it may: the launcher's own measurement,
 * because a supervisor that was taken over could claim health and lock good images out.
 */
static void confirmed(struct loop *loop, struct timer *timer)
{
	struct service *s = container_of(timer, struct service, confirm);
	struct err err = {0};
	int r;

	(void)loop;
	if (!start_is_alive(s))
		return;
	r = floors_raise(&launcher.floors, s->name, s->note.epoch, launcher.trust.version, &err);
	if (r > 0)
		r = floors_store(launcher.state_fd, &launcher.floors, &err);
	if (r < 0)
		log_line("launcher: %s: the floor cannot be raised: %s", s->name, err.msg);
}

void confirm_begin(struct service *s)
{
	s->confirm.due = confirmed;
	loop_timer_set(&launcher.loop, &s->confirm,
		       clock_monotonic_ms() + CONFIG_CONFIRM_SECONDS * 1000u);
}

void confirm_end(struct service *s)
{
	loop_timer_clear(&launcher.loop, &s->confirm);
}
