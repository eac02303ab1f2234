#include "service/machine.h"

#include "service/restart.h"

/*
 * The next life of a service that runs, which the launcher holds ready before its exec (standby =
 * yes). Its number is given away when it is parked, so that no two processes ever have the same
 * one; the start that needs it asks for that number, and if it did not last, is told so (ESTALE)
 * and takes the next.
 */
static uint32_t fresh_number(const struct service_table *t, struct service *s)
{
	uint32_t last = s->generation > s->begun ? s->generation : s->begun;

	s->begun = last ? last + 1 : t->fresh_generation;
	return s->begun;
}

uint32_t service_next_life(struct service_table *t, struct service *s)
{
	uint32_t parked = s->parked;

	s->parked = 0;
	return parked ? parked : fresh_number(t, s);
}

void service_park(struct service_table *t, struct service *s)
{
	if (!s->plan.standby || t->stopping || !s->wanted || s->state != SERVICE_RUNNING)
		return;
	/* Taken over from an earlier supervisor: the launcher says whether it is still there. */
	if (!s->parked)
		s->parked = fresh_number(t, s);
	s->parked_ms = t->ops->now_ms();
	/* On record before the launcher hears of it, as for a start. */
	t->ops->changed(s);
	(void)t->ops->request(s, M_PARK, s->parked);
}

void service_unpark(struct service_table *t, struct service *s)
{
	if (!s->parked)
		return;
	s->parked = 0;
	(void)t->ops->request(s, M_PARK, 0);
}

/* Whatever ends parked lives again and again (a limit that leaves no room for them) must not keep
 * the launcher busy. */
static void lose(struct service_table *t, struct service *s)
{
	bool lasted = t->ops->now_ms() - s->parked_ms >= RESTART_FORGET_MS;

	s->parked = 0;
	if (lasted || s->lost < UINT32_MAX)
		s->lost = lasted ? 1 : s->lost + 1;
	if (s->state == SERVICE_RUNNING)
		t->ops->timer(s,
			      t->ops->now_ms() + service_ladder_delay(s->lost, t->ops->random()));
}

void service_parked(struct service_table *t, struct service *s, uint32_t generation,
		    const struct err *err)
{
	/* Of one that is not wanted any more, or that a start has asked for. */
	if (!generation || generation != s->parked)
		return;
	if (err->code)
		lose(t, s);
}

void service_standby_exited(struct service_table *t, struct service *s, uint32_t generation,
			    const struct service_exit *how)
{
	if (generation == s->parked) {
		lose(t, s);
		t->ops->changed(s);
	} else {
		/* The service's own by now, if init had no place for it as such. */
		service_exited(t, s, generation, how);
	}
}
