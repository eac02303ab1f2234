/* links: base trust programs/launcher */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"

/* When a version has proven itself: what it takes, and that the floor comes last. */
struct launcher launcher;

static char directory[] = "/tmp/bartizan-confirm.XXXXXX";
static struct service *web = &launcher.services[2];
static bool alive;
static int slots_result;
static unsigned int confirmed, events;
static uint32_t floor_when_confirmed;
static struct err err;

bool start_is_alive(const struct service *s)
{
	(void)s;
	return alive;
}

/* The counter goes first: a power cut behind it leaves a version that is good under the old floor.
 */
int slots_confirm(const struct service *s, struct err *e)
{
	(void)s;
	confirmed++;
	floor_when_confirmed = floors_epoch(&launcher.floors, "web");
	return slots_result ? err_set(e, -slots_result, "no") : 0;
}

int note_store(const struct service *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	assert_int_equal(event, EVENT_IMAGE_CONFIRMED);
	events++;
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	(void)loop;
	timer->at_ms = at_ms;
	timer->armed = true;
}

void loop_timer_clear(struct loop *loop, struct timer *timer)
{
	(void)loop;
	timer->armed = false;
}

static uint32_t stored_floor(void)
{
	static struct floors stored;

	assert_int_equal(floors_load(launcher.state_fd, &stored, &err), 0);
	return floors_epoch(&stored, "web");
}

static void window_over(void)
{
	assert_true(web->confirm.armed);
	web->confirm.armed = false;
	web->confirm.due(&launcher.loop, &web->confirm);
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(strrchr(directory, '.'), ".XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	memset(&launcher, 0, sizeof(launcher));
	launcher.state_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)floors_load(launcher.state_fd, &launcher.floors, &err);
	(void)str_copy(web->name, NAME_SIZE, "web");
	web->admitted = alive = true;
	web->generation = 7;
	web->note.epoch = 5;
	web->note.trial = 1;
	confirmed = events = floor_when_confirmed = 0;
	slots_result = 0;
	confirm_begin(web);
	return launcher.state_fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlinkat(launcher.state_fd, FLOORS_FILE, 0);
	(void)close(launcher.state_fd);
	return rmdir(directory);
}

static void test_window(void **state)
{
	(void)state;
	assert_int_equal(confirmed, 0);
	window_over();
	assert_int_equal(confirmed, 1);
	assert_int_equal(floor_when_confirmed, 0);
	assert_int_equal(stored_floor(), 5);
	assert_int_equal(events, 1);
}

/* It could not be confirmed: nothing is remembered that would refuse what stays. */
static void test_not_confirmed(void **state)
{
	(void)state;
	slots_result = -EIO;
	window_over();
	assert_int_equal(confirmed, 1);
	assert_int_equal(floors_epoch(&launcher.floors, "web"), 0);
	assert_int_equal(stored_floor(), 0);
	assert_int_equal(events, 0);
}

static void test_dead(void **state)
{
	(void)state;
	alive = false;
	window_over();
	assert_int_equal(confirm_now(web, "operator", &err), -ESRCH);
	alive = true;
	web->admitted = false;
	assert_int_equal(confirm_now(web, "operator", &err), -ESRCH);
	assert_int_equal(confirmed, 0);
	assert_int_equal(stored_floor(), 0);
}

/* Both: its window is over and its own check of this life has passed, in either order. */
static void test_health(void **state)
{
	(void)state;
	web->policy.health.count = 1;
	window_over();
	assert_int_equal(confirmed, 0);
	confirm_healthy(web, 6); /* of the life before */
	confirm_healthy(web, 0);
	assert_int_equal(confirmed, 0);
	confirm_healthy(web, 7);
	assert_int_equal(confirmed, 1);
	assert_int_equal(stored_floor(), 5);
}

static void test_health_first(void **state)
{
	(void)state;
	web->policy.health.count = 1;
	confirm_healthy(web, 7);
	confirm_healthy(web, 6); /* late news of the life before change nothing */
	assert_int_equal(confirmed, 0);
	assert_int_equal(stored_floor(), 0);
	window_over();
	assert_int_equal(confirmed, 1);
}

/* What could not be written is written the next time. */
static void test_floor_not_stored(void **state)
{
	int good = launcher.state_fd;

	(void)state;
	launcher.state_fd = -1;
	assert_int_not_equal(confirm_now(web, "operator", &err), 0);
	assert_int_equal(events, 0);
	launcher.state_fd = good;
	assert_int_equal(confirm_now(web, "operator", &err), 0);
	assert_int_equal(stored_floor(), 5);
}

int main(void)
{
#define CASE(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_window), CASE(test_not_confirmed), CASE(test_dead),
		CASE(test_health), CASE(test_health_first),  CASE(test_floor_not_stored),
	};

	return cmocka_run_group_tests_name("confirm", tests, NULL, NULL);
}
