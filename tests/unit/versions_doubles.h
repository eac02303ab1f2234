#ifndef UNIT_VERSIONS_DOUBLES_H
#define UNIT_VERSIONS_DOUBLES_H

/* What test_launcher_requests.c needs in the place of confirm.c, slots.c and the loop's timers; its
 * act() stands before. */

static unsigned int healthy, given_up;
static char given_up_why[120];

void confirm_healthy(struct service *s, uint32_t generation)
{
	assert_int_equal(generation, 7);
	asked_service = s;
	healthy++;
}

int slots_give_up(struct service *s, const char *why, struct err *err)
{
	given_up++;
	(void)str_copy(given_up_why, sizeof(given_up_why), why);
	return act(s, err);
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	(void)loop;
	timer->at_ms = at_ms;
	timer->armed = true;
}

#endif
