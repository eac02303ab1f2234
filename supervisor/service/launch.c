#include "service/machine.h"

#include <errno.h>
#include <string.h>

#include "audit/audit.h"
#include "base/err.h"
#include "base/str.h"
#include "service/depends.h"

/* The same as service_lost(), when no process was left to say so. */
static bool lost_start(const struct err *err)
{
	return err->code == ESTALE;
}

static void turn_down(struct service_table *t, struct service *s, const struct err *err)
{
	s->why = *err;
	if (!s->wanted)
		(void)service_apply(t, s, ON_ENDED);
	else if (lost_start(err) && s->state == SERVICE_STARTING)
		(void)service_apply(t, s, ON_AGAIN);
	else if (err_is_accident(err->code))
		service_fail(t, s);
	else
		(void)service_apply(t, s, ON_REFUSED);
}

void service_want(struct service_table *t, struct service *s)
{
	if (t->stopping)
		return;
	if (s->state != SERVICE_RUNNING && s->state != SERVICE_STARTING)
		s->ladder.failures = 0;
	s->wanted = true;
	s->pull = true;
	s->sick = false;
	(void)service_apply(t, s, ON_WANT);
	service_settle(t);
}

void service_resume(struct service_table *t, struct service *s)
{
	if (t->stopping)
		return;
	s->wanted = true;
	(void)service_apply(t, s, ON_WANT);
	service_settle(t);
}

void service_unwant(struct service_table *t, struct service *s)
{
	s->wanted = false;
	(void)service_apply(t, s, ON_UNWANT);
	service_settle(t);
}

void service_renew(struct service_table *t, struct service *s)
{
	if (t->stopping)
		return;
	if (s->state != SERVICE_RUNNING) {
		service_want(t, s);
		return;
	}
	/* Still wanted: so its death on the way down leads to ON_AGAIN and not to rest. */
	s->ladder.failures = 0;
	s->wanted = true;
	(void)service_apply(t, s, ON_UNWANT);
	service_settle(t);
}

void service_reversion(struct service_table *t, struct service *s)
{
	if (!s->wanted)
		return;
	/* What is being started is perhaps the old one, and cannot be called back. */
	s->again = s->state == SERVICE_WAITING || s->state == SERVICE_STARTING;
	if (!s->again)
		service_renew(t, s);
}

void service_adopt(struct service_table *t, struct service *s, uint32_t generation, int32_t pid)
{
	if (service_apply(t, s, ON_ADOPT))
		return;
	/* Nobody knows what it said to whom: those who wait for it shall not wait for ever. */
	if (!s->generation)
		s->ready_generation = generation;
	if (generation > s->generation)
		s->generation = generation;
	if (s->parked <= s->generation)
		s->parked = 0;
	s->leaf = generation;
	s->pid = pid;
	s->repeat = false;
	s->started_ms = t->ops->now_ms();
	t->ops->changed(s);
}

void service_exited(struct service_table *t, struct service *s, uint32_t generation,
		    const struct service_exit *how)
{
	if (generation != s->generation)
		return;
	if (s->state == SERVICE_STARTING)
		/* Either it failed to start and M_DONE will say why, or it started, died, and
		 * M_RUNNING is still on its way. */
		s->early = *how;
	else if (s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING)
		service_finish(t, s, how);
	else
		s->repeat = false; /* a start that the last supervisor asked for is over: the next
				      one is another */
	t->ops->changed(s);
	service_settle(t);
}

void service_forbid(struct service_table *t, struct service *s, const struct err *why)
{
	s->why = *why;
	(void)service_apply(t, s, ON_REFUSED);
}

void service_admitted(struct service *s, const struct service_identity *identity,
		      const struct policy *policy)
{
	struct service_plan plan;
	struct err err = {0};

	if (!str_equal(policy->name, s->name))
		(void)err_set(&err, EPROTO, "the launcher admitted it with the policy of %s",
			      policy->name);
	else
		(void)service_plan_copy(&plan, policy, &err);
	s->admission = err;
	if (err.code)
		return;
	s->plan = plan;
	s->has_plan = true;
	s->identity = *identity;
}

static void admission_over(struct service_table *t, struct service *s, const struct err *err)
{
	struct err why = err->code ? *err : s->admission;

	if (s->state == SERVICE_RUNNING) {
		/* Adopted. Whatever the answer, it goes on: nothing stops a running service because
		 * a helper was restarted. */
		if (why.code)
			s->why = why;
		else if (s->health.state == HEALTH_NONE)
			(void)service_apply(t, s, ON_ADMITTED);
		return;
	}
	if (s->state != SERVICE_ADMITTING)
		return;
	if (!why.code)
		(void)service_depends_cycle(t, s, &why);
	if (why.code)
		turn_down(t, s, &why);
	else
		(void)service_apply(t, s, ON_ADMITTED);
}

void service_running(struct service_table *t, struct service *s, uint32_t generation, int32_t pid)
{
	struct service_exit early = s->early;

	if (s->state != SERVICE_STARTING || generation != s->generation)
		return;
	s->early = (struct service_exit){0};
	if (!service_lost(&early)) {
		s->pid = pid;
		(void)service_apply(t, s, ON_STARTED);
		if (service_is_ready(s))
			audit_emit(EVENT_READY, AUDIT_S(s->name), AUDIT_N(generation));
	}
	if (early.code)
		service_finish(t, s, &early);
	else if (s->again)
		service_renew(t, s);
	s->again = false;
	service_settle(t);
}

bool service_is_ready(const struct service *s)
{
	return s->state == SERVICE_RUNNING &&
	       (!s->plan.says_ready || s->ready_generation == s->generation);
}

void service_told_ready(struct service_table *t, struct service *s, uint32_t generation)
{
	if (s->ready_generation == generation)
		return;
	s->ready_generation = generation;
	/* Before M_RUNNING it is only noted: the two come on different ways. */
	if (s->state == SERVICE_RUNNING && s->generation == generation && s->plan.says_ready)
		audit_emit(EVENT_READY, AUDIT_S(s->name), AUDIT_N(generation));
	t->ops->changed(s);
	service_settle(t);
}

static void start_over(struct service_table *t, struct service *s, uint32_t generation,
		       const struct err *err)
{
	struct err why = *err;

	if (generation != s->generation)
		return;
	if (s->state == SERVICE_RUNNING && why.code)
		s->why = why;
	if (s->state != SERVICE_STARTING)
		return;
	if (!why.code)
		(void)err_set(&why, EPROTO, "the launcher started it without naming its process");
	/* The exit of the child that did not get through (125) is the same failure: it must not be
	 * counted twice. */
	if (s->early.code)
		s->last = s->early;
	s->early = (struct service_exit){0};
	turn_down(t, s, &why);
	service_release(t, s);
}

static void release_over(struct service_table *t, struct service *s, uint32_t generation,
			 const struct err *err)
{
	s->releasing = false;
	if (!err->code && s->leaf == generation)
		s->leaf = 0;
	/* States whose timer is free; from the others the next start asks again. */
	if (err->code && (s->state == SERVICE_WAITING || s->state == SERVICE_STOPPED ||
			  s->state == SERVICE_REFUSED))
		t->ops->timer(s, t->ops->now_ms() + RESTART_FIRST_MS);
}

void service_answer(struct service_table *t, struct service *s, uint16_t type, uint32_t generation,
		    const struct err *err)
{
	if (type == M_ADMIT)
		admission_over(t, s, err);
	else if (type == M_START)
		start_over(t, s, generation, err);
	else if (type == M_RELEASE)
		release_over(t, s, generation, err);
	else if (type == M_PARK)
		service_parked(t, s, generation, err);
	else if (type == M_PROBE && err->code)
		service_probe_failed(t, s, generation);
	t->ops->changed(s);
	service_settle(t);
}
