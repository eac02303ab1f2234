/* links: base service audit ipc policy */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "service/state.h"

/*
 * The table once more, by hand and in another form: per state, "event>state" for every event that
 * is legal. A row that is lost, added or bent in state.c has to be written here too.
 */
static const struct {
	const char *from;
	const char *moves;
} expected[] = {
	{"stopped", "want>admitting unwant>stopped refused>refused adopt>running"},
	{"admitting", "want>admitting unwant>stopped admitted>waiting trouble>backoff "
		      "give-up>failed refused>refused"},
	{"waiting", "want>waiting unwant>stopped clear>starting refused>refused"},
	{"starting", "want>starting unwant>starting started>running ended>stopped again>admitting "
		     "trouble>backoff "
		     "give-up>failed "
		     "refused>refused"},
	{"running", "want>running unwant>stopping admitted>running ended>stopped again>admitting "
		    "trouble>backoff "
		    "give-up>failed "
		    "sick>stopping"},
	{"stopping", "want>stopping unwant>stopping ended>stopped again>admitting trouble>backoff "
		     "give-up>failed"},
	{"backoff", "want>admitting unwant>stopped due>admitting"},
	{"failed", "want>admitting unwant>stopped due>admitting"},
	{"refused", "want>admitting unwant>refused"},
};

_Static_assert(ARRAY_SIZE(expected) == SERVICE_STATE_COUNT, "one row per state");

static void legal_moves(enum service_state from, char *to, size_t size)
{
	to[0] = '\0';
	for (unsigned int on = 0; on < SERVICE_EVENT_COUNT; on++) {
		const struct service_transition *row =
			service_transition_find(from, (enum service_event)on);
		char before[512];
		char move[64];

		if (!row)
			continue;
		assert_int_equal(row->from, from);
		assert_int_equal(row->on, on);
		(void)str_copy(before, sizeof(before), to);
		str_join(move, sizeof(move), service_event_name(row->on), ">",
			 service_state_name(row->to));
		str_join(to, size, before, before[0] ? " " : "", move);
	}
}

static void test_all_pairs(void **state)
{
	(void)state;
	for (unsigned int from = 0; from < SERVICE_STATE_COUNT; from++) {
		char moves[512];

		assert_string_equal(service_state_name((enum service_state)from),
				    expected[from].from);
		legal_moves((enum service_state)from, moves, sizeof(moves));
		assert_string_equal(moves, expected[from].moves);
	}
}

/* A process exists exactly in starting, running and stopping: no row may jump over the launcher or
 * over init's EXITED. */
static void test_processes_are_not_forgotten(void **state)
{
	(void)state;
	for (unsigned int from = 0; from < SERVICE_STATE_COUNT; from++) {
		const struct service_transition *clear =
			service_transition_find((enum service_state)from, ON_CLEAR);

		assert_true((clear != NULL) == (from == SERVICE_WAITING));
	}
	assert_ptr_equal(service_transition_find(SERVICE_RUNNING, ON_DUE), NULL);
	assert_ptr_equal(service_transition_find(SERVICE_RUNNING, ON_REFUSED), NULL);
	assert_ptr_equal(service_transition_find(SERVICE_STOPPING, ON_DUE), NULL);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(service_state_name(SERVICE_STATE_COUNT), "?");
	assert_string_equal(service_event_name(SERVICE_EVENT_COUNT), "?");
	assert_string_equal(service_health_name(HEALTH_UNHEALTHY), "unhealthy");
	assert_string_equal(service_health_name(HEALTH_STATE_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_processes_are_not_forgotten),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
