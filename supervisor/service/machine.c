#include "service/machine.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "audit/audit.h"

void service_table_init(struct service_table *t, const struct service_ops *ops)
{
	*t = (struct service_table){.ops = ops, .fresh_generation = 1};
	for (uint16_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		t->services[i].slot = i;
		service_plan_default(&t->services[i].plan);
	}
}

void service_release(struct service_table *t, struct service *s)
{
	if (s->leaf && !s->releasing) {
		s->releasing = true;
		(void)t->ops->request(s, M_RELEASE, s->leaf);
	}
}

static void do_admit(struct service_table *t, struct service *s)
{
	t->ops->timer(s, 0);
	/* Stands until M_ADMITTED brings a policy: an answer of success without one is none. */
	(void)err_set(&s->admission, EPROTO, "the launcher admitted it without a policy");
	(void)t->ops->request(s, M_ADMIT, 0);
}

static void do_start(struct service_table *t, struct service *s)
{
	t->ops->timer(s, 0);
	if (!s->repeat)
		s->generation = service_next_life(t, s);
	s->repeat = false;
	s->leaf = s->generation;
	s->early = (struct service_exit){0};
	s->why = (struct err){0};
	/* On record before the launcher hears of it: a supervisor that dies here must not use the
	 * number for another life. */
	t->ops->changed(s);
	(void)t->ops->request(s, M_START, s->generation);
}

bool service_is_held(const struct service *s)
{
	return s->hold != HOLD_NONE && s->hold_generation == s->generation;
}

/* A frozen process answers no probe, and that is no sickness. */
static void begin_health(struct service_table *t, struct service *s)
{
	if (service_is_held(s))
		return;
	service_health_begin(&s->health, &s->plan, t->ops->now_ms());
	t->ops->health_timer(s, s->health.due_ms);
}

static void do_run(struct service_table *t, struct service *s)
{
	if (!s->started_ms)
		s->started_ms = t->ops->now_ms();
	begin_health(t, s);
	service_park(t, s);
}

static void end_health(struct service_table *t, struct service *s)
{
	/* Only one that is known to run is killed: init would take a signal for an unknown process
	 * as an offence. */
	if (s->health.asked && s->health.due_ms)
		t->ops->signal(SUBJECT_OF_PROBE(s->slot), s->probe, SIGKILL);
	service_health_end(&s->health);
	t->ops->health_timer(s, 0);
}

static void do_stop(struct service_table *t, struct service *s)
{
	uint32_t signal = service_stop_begin(&s->stop, &s->plan, t->ops->now_ms());

	/* It could not hear it, and an isolated one shall run no instruction more. The kernel ends
	 * frozen processes too (cgroup-v2.rst, cgroup.freeze). */
	if (service_is_held(s))
		signal = SIGKILL;
	end_health(t, s);
	audit_emit(EVENT_STOP, AUDIT_S(s->name), AUDIT_N(s->generation),
		   AUDIT_S(service_signal_name(signal)),
		   AUDIT_S(s->sick       ? "unhealthy"
			   : t->stopping ? "shutdown"
					 : "asked"));
	t->ops->signal(SUBJECT_OF_SERVICE(s->slot), s->generation, signal);
	t->ops->timer(s, s->stop.due_ms);
}

static void do_delay(struct service_table *t, struct service *s)
{
	audit_emit(EVENT_RESTART, AUDIT_S(s->name), AUDIT_N(s->generation),
		   AUDIT_N(s->ladder.failures), AUDIT_N(s->delay_ms));
	t->ops->timer(s, t->ops->now_ms() + s->delay_ms);
}

/* Nothing more is tried with this version: is there another one? */
static void give_up_version(struct service_table *t, struct service *s)
{
	if (s->identity.trial && s->wanted)
		(void)t->ops->request(s, M_GAVE_UP, s->generation);
}

static void do_give_up(struct service_table *t, struct service *s)
{
	service_unpark(t, s);
	audit_emit(EVENT_FAILED, AUDIT_S(s->name), AUDIT_N(s->generation),
		   AUDIT_N(s->ladder.failures), AUDIT_S(s->why.msg));
	t->ops->timer(s, s->delay_ms ? t->ops->now_ms() + s->delay_ms : 0);
	give_up_version(t, s);
}

static void do_refuse(struct service_table *t, struct service *s)
{
	t->ops->timer(s, 0);
	if (s->generation) /* a start was refused; of an admission the launcher knows itself */
		give_up_version(t, s);
}

static void act(struct service_table *t, struct service *s, enum service_action action)
{
	switch (action) {
	case DO_NOTHING:
	case DO_WAIT: /* service_settle() looks after the waiting */
		break;
	case DO_ADMIT:
		do_admit(t, s);
		break;
	case DO_START:
		do_start(t, s);
		break;
	case DO_RUN:
		do_run(t, s);
		break;
	case DO_STOP:
		do_stop(t, s);
		break;
	case DO_DELAY:
		do_delay(t, s);
		break;
	case DO_GIVE_UP:
		do_give_up(t, s);
		break;
	case DO_REST:
		t->ops->timer(s, 0);
		service_unpark(t, s);
		break;
	case DO_REFUSE:
		do_refuse(t, s);
		break;
	}
}

static void move(struct service_table *t, struct service *s, const struct service_transition *row)
{
	bool bad = row->to == SERVICE_BACKOFF || row->to == SERVICE_FAILED ||
		   row->to == SERVICE_REFUSED;

	s->state = row->to;
	s->since_ms = t->ops->now_ms();
	if (!bad)
		s->why = (struct err){0};
	audit_emit(EVENT_STATE, AUDIT_S(s->name), AUDIT_N(s->generation),
		   AUDIT_S(service_state_name(row->from)), AUDIT_S(service_state_name(row->to)),
		   AUDIT_S(bad ? s->why.msg : service_event_name(row->on)));
}

int service_apply(struct service_table *t, struct service *s, enum service_event on)
{
	const struct service_transition *row = service_transition_find(s->state, on);

	if (!row)
		return -EINVAL;
	if (row->to != row->from)
		move(t, s, row);
	act(t, s, row->action);
	t->ops->changed(s);
	return 0;
}

void service_fail(struct service_table *t, struct service *s)
{
	bool at_once = s->parked && !s->ladder.failures;
	int given_up = service_ladder_fail(&s->ladder, &s->plan, t->ops->random(), &s->delay_ms);

	if (at_once && !given_up && service_apply(t, s, ON_AGAIN) == 0) {
		/* What waits for this very moment is not made to wait; the second failure in a row
		 * meets the ladder. */
		audit_emit(EVENT_RESTART, AUDIT_S(s->name), AUDIT_N(s->generation),
			   AUDIT_N(s->ladder.failures), AUDIT_N(0));
		return;
	}
	(void)service_apply(t, s, given_up ? ON_GIVE_UP : ON_TROUBLE);
}

static bool failed(const struct service_exit *how)
{
	return how->code != CLD_EXITED || how->status != 0;
}

bool service_lost(const struct service_exit *how)
{
	return how->unborn && how->code == CLD_EXITED && how->status == SERVICE_EXIT_REFUSED;
}

static void explain(struct service *s, const struct service_exit *how)
{
	if (s->sick)
		(void)err_set(&s->why, ETIME, "its health check failed %u times",
			      s->plan.health_retries);
	else if (how->code == CLD_EXITED)
		(void)err_set(&s->why, ECHILD, "exit status %d", how->status);
	else
		(void)err_set(&s->why, ECHILD, "killed by signal %d", how->status);
}

void service_finish(struct service_table *t, struct service *s, const struct service_exit *how)
{
	enum service_state state = s->state;
	bool sick = s->sick;

	if (state != SERVICE_STOPPING)
		end_health(t, s);
	t->ops->timer(s, 0);
	s->last = *how;
	s->pid = 0;
	if (s->started_ms)
		service_ladder_ran(&s->ladder, t->ops->now_ms() - s->started_ms);
	s->started_ms = 0;
	explain(s, how); /* goes to the launcher with the release */
	service_release(t, s);
	s->sick = false;
	if (!s->wanted) {
		(void)service_apply(t, s, ON_ENDED);
	} else if ((state == SERVICE_STOPPING && !sick) || service_lost(how)) {
		(void)service_apply(t, s, ON_AGAIN);
	} else if (!sick && !failed(how)) {
		/* restart = on-failure: exit status 0 is an end, as with Docker. */
		s->wanted = false;
		(void)service_apply(t, s, ON_ENDED);
	} else {
		service_fail(t, s);
	}
}

void service_due(struct service_table *t, struct service *s)
{
	if (s->state == SERVICE_STOPPING) {
		uint32_t signal = service_stop_due(&s->stop, t->ops->now_ms());

		if (s->stop.kills == 1)
			audit_emit(EVENT_STOP, AUDIT_S(s->name), AUDIT_N(s->generation),
				   AUDIT_S(service_signal_name(signal)), AUDIT_S("stop_timeout"));
		t->ops->signal(SUBJECT_OF_SERVICE(s->slot), s->generation, signal);
		t->ops->timer(s, s->stop.due_ms);
	} else if (s->state == SERVICE_RUNNING) {
		service_park(t, s);
	} else if (service_apply(t, s, ON_DUE)) {
		/* In every other state the timer means that a release was answered with an error.
		 */
		service_release(t, s);
	}
	service_settle(t);
}

void service_held(struct service_table *t, struct service *s, enum hold hold, uint32_t generation)
{
	bool held = service_is_held(s);

	s->hold = hold;
	s->hold_generation = generation;
	if (s->state == SERVICE_RUNNING && !held && service_is_held(s))
		end_health(t, s);
	else if (s->state == SERVICE_RUNNING && held && !service_is_held(s))
		begin_health(t, s);
	t->ops->changed(s);
}

/* on_fail. One that is only recorded is probed on and may get well again. */
static void fall_sick(struct service_table *t, struct service *s)
{
	if (s->plan.on_fail == ON_FAIL_NONE)
		return;
	s->sick = true;
	if (s->plan.on_fail == ON_FAIL_STOP)
		s->wanted = false;
	(void)service_apply(t, s, ON_SICK);
}

static void health_news(struct service_table *t, struct service *s)
{
	if (s->health.state == HEALTH_HEALTHY) {
		audit_emit(EVENT_HEALTHY, AUDIT_S(s->name), AUDIT_N(s->generation));
		(void)t->ops->request(s, M_HEALTHY, s->generation);
	} else {
		audit_emit(EVENT_UNHEALTHY, AUDIT_S(s->name), AUDIT_N(s->generation),
			   AUDIT_N(s->health.failures));
		fall_sick(t, s);
	}
	t->ops->changed(s);
	service_settle(t);
}

static void probe_over(struct service_table *t, struct service *s, bool passed)
{
	bool news = service_health_result(&s->health, &s->plan, t->ops->now_ms(), passed);

	t->ops->health_timer(s, s->health.due_ms);
	if (news)
		health_news(t, s);
}

void service_health_timer(struct service_table *t, struct service *s)
{
	switch (service_health_due(&s->health, t->ops->now_ms())) {
	case HEALTH_IDLE:
		return;
	case HEALTH_PROBE:
		s->probe = t->ops->request(s, M_PROBE, s->generation);
		break;
	case HEALTH_KILL:
		t->ops->signal(SUBJECT_OF_PROBE(s->slot), s->probe, SIGKILL);
		break;
	}
	t->ops->health_timer(s, s->health.due_ms);
}

void service_probing(struct service_table *t, struct service *s, uint32_t probe)
{
	if (!s->health.asked || probe != s->probe)
		return;
	service_health_probing(&s->health, &s->plan, t->ops->now_ms());
	t->ops->health_timer(s, s->health.due_ms);
}

void service_probe_exited(struct service_table *t, struct service *s, uint32_t probe,
			  const struct service_exit *how)
{
	if (s->health.asked && probe == s->probe)
		probe_over(t, s, !failed(how));
}

void service_probe_failed(struct service_table *t, struct service *s, uint32_t probe)
{
	if (s->health.asked && probe == s->probe)
		probe_over(t, s, false);
}
