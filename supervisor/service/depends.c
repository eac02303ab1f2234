#include "service/depends.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "service/machine.h"

struct service *service_find(struct service_table *t, const char *name)
{
	for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (t->services[i].known && str_equal(t->services[i].name, name))
			return &t->services[i];
	return NULL;
}

static int check_one(struct service_table *t, const struct policy_depends *need, struct err *why)
{
	const struct service *other = service_find(t, need->name);

	if (!other) {
		(void)err_set(why, EINVAL,
			      "depends_on names %s, which the device policy does not name",
			      need->name);
		return err_hint(why, "add [service %s] to supervisor.conf or remove the dependency",
				need->name);
	}
	if (need->on == DEPEND_HEALTHY && other->has_plan && !other->plan.probed) {
		(void)err_set(why, EINVAL, "depends_on = %s:healthy, but %s has no health_cmd",
			      need->name, need->name);
		return err_hint(why, "write depends_on = %s:started", need->name);
	}
	if (other->state != SERVICE_RUNNING)
		return err_set(why, EAGAIN, "waits for %s, which is %s", need->name,
			       service_state_name(other->state));
	/* Adopted: how it says that it is ready is known when it is admitted again, or refused. */
	if (!other->has_plan && !other->why.code)
		return err_set(why, EAGAIN, "waits for %s, which is admitted anew", need->name);
	if (!service_is_ready(other))
		return err_set(why, EAGAIN, "waits for %s, which has not said that it is ready",
			       need->name);
	if (need->on == DEPEND_HEALTHY && other->health.state != HEALTH_HEALTHY)
		return err_set(why, EAGAIN, "waits for %s, whose health is %s", need->name,
			       service_health_name(other->health.state));
	return 0;
}

int service_depends_check(struct service_table *t, const struct service *s, struct err *why)
{
	int result = 0;

	/* All are looked at even if one is not ready: what can never be met shall be said now, not
	 * in ten minutes. */
	for (uint32_t i = 0; i < s->plan.depends_count; i++) {
		struct err one = {0};
		int r = check_one(t, &s->plan.depends[i], &one);

		if (r && (!result || r == -EINVAL)) {
			result = r;
			*why = one;
		}
		if (r == -EINVAL)
			break;
	}
	return result;
}

/* A walk without recursion: the path so far and, per service on it, which of its dependencies comes
 * next. */
struct walk {
	const struct service *path[CONFIG_SERVICES_MAX];
	uint32_t next[CONFIG_SERVICES_MAX];
	uint32_t depth;
	bool seen[CONFIG_SERVICES_MAX];
};

static void enter(struct walk *walk, const struct service *s)
{
	walk->path[walk->depth] = s;
	walk->next[walk->depth] = 0;
	walk->depth++;
	walk->seen[s->slot] = true;
}

static int name_path(const struct walk *walk, struct err *why)
{
	char names[sizeof(why->msg) - 24];
	struct text text = TEXT_IN(names);

	for (uint32_t i = 0; i < walk->depth; i++) {
		text_add(&text, walk->path[i]->name);
		text_add(&text, " -> ");
	}
	text_add(&text, walk->path[0]->name);
	(void)err_set(why, ELOOP, "depends_on is a circle: %s%s", names, text.cut ? " ..." : "");
	return err_hint(why, "remove one of these depends_on lines");
}

int service_depends_cycle(struct service_table *t, const struct service *s, struct err *why)
{
	struct walk walk = {.depth = 0};

	enter(&walk, s);
	while (walk.depth > 0) {
		const struct service *at = walk.path[walk.depth - 1];
		uint32_t i = walk.next[walk.depth - 1]++;
		const struct service *other;

		if (!at->has_plan || i >= at->plan.depends_count) {
			walk.depth--;
			continue;
		}
		other = service_find(t, at->plan.depends[i].name);
		if (other == s)
			return name_path(&walk, why);
		if (other && !walk.seen[other->slot])
			enter(&walk, other);
	}
	return 0;
}

static bool has_process(const struct service *s)
{
	return s->state == SERVICE_STARTING || s->state == SERVICE_RUNNING ||
	       s->state == SERVICE_STOPPING;
}

bool service_depends_held(struct service_table *t, const struct service *s)
{
	for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *other = &t->services[i];

		if (other == s || !has_process(other) || !other->has_plan)
			continue;
		for (uint32_t n = 0; n < other->plan.depends_count; n++)
			if (str_equal(other->plan.depends[n].name, s->name))
				return true;
	}
	return false;
}
