#include "service/state.h"

#include <stddef.h>

#include "base/str.h"

/* clang-format off */
static const struct service_transition transitions[] = {
	/* Every way up begins with admission: the launcher answers at once for an image that it holds, so nothing is verified twice. */
	{SERVICE_STOPPED,   ON_WANT,     SERVICE_ADMITTING, DO_ADMIT},
	{SERVICE_BACKOFF,   ON_WANT,     SERVICE_ADMITTING, DO_ADMIT}, /* the operator does not wait for delays */
	{SERVICE_FAILED,    ON_WANT,     SERVICE_ADMITTING, DO_ADMIT},
	{SERVICE_REFUSED,   ON_WANT,     SERVICE_ADMITTING, DO_ADMIT}, /* another image may lie there now */
	{SERVICE_BACKOFF,   ON_DUE,      SERVICE_ADMITTING, DO_ADMIT},
	{SERVICE_FAILED,    ON_DUE,      SERVICE_ADMITTING, DO_ADMIT},

	{SERVICE_ADMITTING, ON_ADMITTED, SERVICE_WAITING,   DO_WAIT},
	{SERVICE_ADMITTING, ON_REFUSED,  SERVICE_REFUSED,   DO_REFUSE},
	{SERVICE_ADMITTING, ON_TROUBLE,  SERVICE_BACKOFF,   DO_DELAY}, /* the verifying process was killed */
	{SERVICE_ADMITTING, ON_GIVE_UP,  SERVICE_FAILED,    DO_GIVE_UP},
	{SERVICE_ADMITTING, ON_UNWANT,   SERVICE_STOPPED,   DO_REST}, /* the answer, when it comes, is only noted */
	{SERVICE_ADMITTING, ON_WANT,     SERVICE_ADMITTING, DO_NOTHING},

	{SERVICE_WAITING,   ON_CLEAR,    SERVICE_STARTING,  DO_START},
	{SERVICE_WAITING,   ON_REFUSED,  SERVICE_REFUSED,   DO_REFUSE}, /* a dependency that can never be met */
	{SERVICE_WAITING,   ON_UNWANT,   SERVICE_STOPPED,   DO_REST},
	{SERVICE_WAITING,   ON_WANT,     SERVICE_WAITING,   DO_NOTHING},

	/* A start cannot be called back: its outcome is awaited, then settle.c stops what is not wanted. */
	{SERVICE_STARTING,  ON_STARTED,  SERVICE_RUNNING,   DO_RUN},
	{SERVICE_STARTING,  ON_REFUSED,  SERVICE_REFUSED,   DO_REFUSE},
	{SERVICE_STARTING,  ON_TROUBLE,  SERVICE_BACKOFF,   DO_DELAY},
	{SERVICE_STARTING,  ON_GIVE_UP,  SERVICE_FAILED,    DO_GIVE_UP},
	{SERVICE_STARTING,  ON_ENDED,    SERVICE_STOPPED,   DO_REST}, /* it failed and nobody wants it any more */
	{SERVICE_STARTING,  ON_AGAIN,    SERVICE_ADMITTING, DO_ADMIT}, /* the launcher died in the middle */
	{SERVICE_STARTING,  ON_UNWANT,   SERVICE_STARTING,  DO_NOTHING},
	{SERVICE_STARTING,  ON_WANT,     SERVICE_STARTING,  DO_NOTHING},

	{SERVICE_RUNNING,   ON_UNWANT,   SERVICE_STOPPING,  DO_STOP},
	{SERVICE_RUNNING,   ON_SICK,     SERVICE_STOPPING,  DO_STOP},
	{SERVICE_RUNNING,   ON_ENDED,    SERVICE_STOPPED,   DO_REST}, /* exit status 0 */
	{SERVICE_RUNNING,   ON_TROUBLE,  SERVICE_BACKOFF,   DO_DELAY},
	{SERVICE_RUNNING,   ON_GIVE_UP,  SERVICE_FAILED,    DO_GIVE_UP},
	{SERVICE_RUNNING,   ON_AGAIN,    SERVICE_ADMITTING, DO_ADMIT}, /* so it never did */
	{SERVICE_RUNNING,   ON_WANT,     SERVICE_RUNNING,   DO_NOTHING},
	{SERVICE_RUNNING,   ON_ADMITTED, SERVICE_RUNNING,   DO_RUN}, /* adopted: now its plan is known */

	{SERVICE_STOPPING,  ON_ENDED,    SERVICE_STOPPED,   DO_REST},
	{SERVICE_STOPPING,  ON_AGAIN,    SERVICE_ADMITTING, DO_ADMIT},
	{SERVICE_STOPPING,  ON_TROUBLE,  SERVICE_BACKOFF,   DO_DELAY}, /* it was stopped because it was sick */
	{SERVICE_STOPPING,  ON_GIVE_UP,  SERVICE_FAILED,    DO_GIVE_UP},
	{SERVICE_STOPPING,  ON_WANT,     SERVICE_STOPPING,  DO_NOTHING},
	{SERVICE_STOPPING,  ON_UNWANT,   SERVICE_STOPPING,  DO_NOTHING},

	{SERVICE_BACKOFF,   ON_UNWANT,   SERVICE_STOPPED,   DO_REST},
	{SERVICE_FAILED,    ON_UNWANT,   SERVICE_STOPPED,   DO_REST},
	{SERVICE_REFUSED,   ON_UNWANT,   SERVICE_REFUSED,   DO_NOTHING}, /* the reason stays to be seen */
	{SERVICE_STOPPED,   ON_UNWANT,   SERVICE_STOPPED,   DO_NOTHING},

	{SERVICE_STOPPED,   ON_ADOPT,    SERVICE_RUNNING,   DO_NOTHING},
	{SERVICE_STOPPED,   ON_REFUSED,  SERVICE_REFUSED,   DO_REFUSE}, /* the launcher says so without being asked */
};
/* clang-format on */

const struct service_transition *service_transition_find(enum service_state from,
							 enum service_event on)
{
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++)
		if (transitions[i].from == from && transitions[i].on == on)
			return &transitions[i];
	return NULL;
}

static const char *word(const char *const *words, size_t count, unsigned int index)
{
	return index < count ? words[index] : "?";
}

const char *service_state_name(enum service_state state)
{
	static const char *const words[] = {"stopped",  "admitting", "waiting",
					    "starting", "running",   "stopping",
					    "backoff",  "failed",    "refused"};

	_Static_assert(ARRAY_SIZE(words) == SERVICE_STATE_COUNT, "one word per state");
	return word(words, ARRAY_SIZE(words), state);
}

const char *service_event_name(enum service_event event)
{
	static const char *const words[] = {"want",  "unwant", "admitted", "clear",   "started",
					    "ended", "again",  "trouble",  "give-up", "refused",
					    "due",   "sick",   "adopt"};

	_Static_assert(ARRAY_SIZE(words) == SERVICE_EVENT_COUNT, "one word per event");
	return word(words, ARRAY_SIZE(words), event);
}

const char *service_health_name(enum service_health_state state)
{
	static const char *const words[] = {"none", "starting", "healthy", "unhealthy"};

	_Static_assert(ARRAY_SIZE(words) == HEALTH_STATE_COUNT, "one word per health state");
	return word(words, ARRAY_SIZE(words), state);
}
