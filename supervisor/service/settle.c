#include "service/machine.h"

#include <errno.h>

#include "service/depends.h"

/* A start by operator or boot brings up what it needs; the restart ladder does not, or a dependency
 * that was stopped on purpose would come back with the next crash of another service. */
static bool pull_dependencies(struct service_table *t, struct service *s)
{
	bool moved = false;

	if (!s->pull)
		return false;
	s->pull = false;
	for (uint32_t i = 0; i < s->plan.depends_count; i++) {
		struct service *other = service_find(t, s->plan.depends[i].name);

		if (!other || other->state != SERVICE_STOPPED)
			continue;
		other->wanted = true;
		other->pull = true;
		moved |= service_apply(t, other, ON_WANT) == 0;
	}
	return moved;
}

/* True when the state changed. */
static bool try_start(struct service_table *t, struct service *s)
{
	struct err why = {0};
	bool moved = pull_dependencies(t, s);
	int r = service_depends_check(t, s, &why);

	s->why = why;
	if (r == -EAGAIN)
		return moved;
	if (r)
		return service_apply(t, s, ON_REFUSED) == 0 || moved;
	if (s->leaf && !s->repeat) {
		service_release(t, s); /* service_answer() comes back here */
		return moved;
	}
	return service_apply(t, s, ON_CLEAR) == 0 || moved;
}

static bool try_stop(struct service_table *t, struct service *s)
{
	if (t->stopping && service_depends_held(t, s))
		return false;
	return service_apply(t, s, ON_UNWANT) == 0;
}

/*
 * Queue-like instead of recursive: pass over all services until nothing moves any more. It ends
 * because every move goes one step along waiting -> starting, stopped -> admitting or running ->
 * stopping, and none of these leads back here without news from outside.
 */
void service_settle(struct service_table *t)
{
	bool moved;

	do {
		moved = false;
		for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
			struct service *s = &t->services[i];

			if (s->state == SERVICE_WAITING)
				moved |= try_start(t, s);
			else if (s->state == SERVICE_RUNNING && !s->wanted)
				moved |= try_stop(t, s);
		}
	} while (moved);
}

void service_stop_all(struct service_table *t)
{
	t->stopping = true;
	for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &t->services[i];

		s->wanted = false;
		/* What runs waits in service_settle() until nobody who needs it runs any more. */
		if (s->state != SERVICE_RUNNING)
			(void)service_apply(t, s, ON_UNWANT);
	}
	service_settle(t);
}

bool service_all_down(const struct service_table *t)
{
	for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		enum service_state state = t->services[i].state;

		if (state == SERVICE_STARTING || state == SERVICE_RUNNING ||
		    state == SERVICE_STOPPING)
			return false;
	}
	return true;
}
