/* links: base event ipc audit policy service programs/supervisor */
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <time.h>

#include "supervisor_doubles.h"

static void test_starts_and_shows(void **state)
{
	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	assert_string_equal(last_row.state, "running");
	assert_int_equal(last_row.pid, 4711);
	assert_int_equal(last_row.uid, 10000);
	assert_string_equal(last_row.version, "1.0");
	assert_int_equal(answer(ask(VERB_PS, "")), 0);
	assert_string_equal(last_row.name, "web");
	assert_int_equal(answer(ask(VERB_INSPECT, "web")), 0);
	assert_string_equal(last_texts[0].key, "verify_us");
	assert_string_equal(last_texts[0].value, "1200");
	assert_string_equal(last_texts[1].key, "map_us");
	assert_string_equal(last_texts[1].value, "3400");
	assert_int_equal(answer(ask(VERB_HELPERS, "")), 0);
	assert_int_equal(count_events(EVENT_READY), 1);
}

static void test_nothing_starts_by_itself(void **state)
{
	(void)state;
	greet(false);
	wait_for_status(3);
	expect_silence(&launcher_side, 100);
}

/* Nothing is decided on half of the facts: what runs already must not be started again. */
static void test_waits_for_both(void **state)
{
	(void)state;
	tell_name(3, "web", true, NULL);
	tell_plain(&launcher_side, M_NAMED_END);
	expect_silence(&launcher_side, 100);
	assert_int_equal(answer(ask(VERB_PS, "")), 7);
	assert_int_equal(answer(ask(VERB_START, "web")), 7);
	expect_silence(&launcher_side, 100);
	tell_plain(&init_side, M_ALIVE_END);
	(void)expect(&launcher_side, M_ADMIT);
}

static void test_crash_is_restarted_after_a_delay(void **state)
{
	struct message_head head;

	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	tell_exited(3, 1, CLD_KILLED, SIGSEGV);
	expect_ack(3, 1);
	head = expect(&launcher_side, M_RELEASE)->head;
	assert_int_equal(head.generation, 1);
	tell_done(&head, 0, NULL);
	expect_silence(&launcher_side, 700);
	wait_for_status(3);
	assert_string_equal(last_row.state, "backoff");
	assert_string_equal(last_row.why.msg, "killed by signal 11");
	run_it(2);
	wait_for_status(0);
	assert_int_equal(last_row.restarts, 1);
	assert_int_equal(count_events(EVENT_RESTART), 1);
}

/* init repeats what was not acknowledged; the second hearing is acknowledged and changes nothing.
 */
static void test_repeated_exit_counts_once(void **state)
{
	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	tell_exited(3, 1, CLD_EXITED, 1);
	tell_exited(3, 1, CLD_EXITED, 1);
	expect_ack(3, 1);
	expect_ack(3, 1);
	assert_int_equal(count_events(EVENT_RESTART), 1);
}

static void test_killed_supervisor_touches_nothing(void **state)
{
	struct message_head alive = {.subject = 3, .generation = 1};

	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	kill_supervisor();
	start_supervisor(2);
	tell_with_pidfd(&init_side, M_ALIVE, &alive);
	greet(true);
	alive = expect(&launcher_side, M_ADMIT)->head;
	tell_admitted(&alive, valid_policy("web"));
	tell_done(&alive, 0, NULL);
	expect_silence(&launcher_side, 200);
	expect_silence(&init_side, 0);
	wait_for_status(0);
	assert_int_equal(last_row.head.generation, 1);
}

/* critical = yes: init hears when the service falls ill, and when it is well again; not of others.
 */
static void test_critical(void **state)
{
	struct message_head head;

	(void)state;
	tell_plain(&init_side, M_ALIVE_END);
	tell_name(3, "vital", true, NULL);
	tell_plain(&launcher_side, M_NAMED_END);
	head = expect(&launcher_side, M_ADMIT)->head;
	expect_silence(&init_side, 0);
	tell_done(&head, EBADMSG, "bad image");
	assert_int_equal(expect(&init_side, M_VITAL)->kind.kind, 0);
	assert_int_equal(count_events(EVENT_WATCHDOG_HELD), 1);
	/* Asked for again: on its way up it is given the time that the watchdog has. */
	(void)ask(VERB_START, "vital");
	(void)expect(&launcher_side, M_ADMIT);
	assert_int_equal(expect(&init_side, M_VITAL)->kind.kind, 1);
}

static int tell_readiness(uint32_t generation, uint32_t kind)
{
	struct message_kind m = {
		.head = {.type = M_READINESS, .subject = 3, .generation = generation},
		.kind = kind};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(channel_send(&launcher_side, &m, &pair[0], 1), 0);
	(void)close(pair[0]);
	return pair[1];
}

/* And it was taken out of the queue: what follows from it has happened before any later answer. */
static void say(int fd, const char *text)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int unread = 1;

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	for (int i = 0; i < 500 && unread; i++) {
		assert_int_equal(ioctl(fd, SIOCOUTQ, &unread), 0);
		(void)nanosleep(&pause, NULL);
	}
	assert_int_equal(unread, 0);
}

/* Until nobody listens any more: EPIPE, not a queue that fills up. */
static void expect_hung_up(int fd)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	for (int i = 0; i < 500; i++) {
		if (send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
			return;
		(void)nanosleep(&pause, NULL);
	}
	fail_msg("it still listens");
}

static void start_notifying(uint8_t ready)
{
	static struct policy policy;
	struct message_head head;

	policy = *valid_policy("web");
	policy.ready = ready;
	policy.ready_fd = ready == READY_FD ? 3 : 0;
	greet(true);
	head = expect(&launcher_side, M_ADMIT)->head;
	tell_admitted(&head, &policy);
	tell_done(&head, 0, NULL);
	head = expect(&launcher_side, M_START)->head;
	tell_with_pidfd(&launcher_side, M_RUNNING, &head);
	tell_done(&head, 0, NULL);
	wait_for_status(0);
}

static void test_readiness(void **state)
{
	int fd;

	(void)state;
	start_notifying(READY_NOTIFY);
	fd = tell_readiness(1, READY_NOTIFY);
	say(fd, "STATUS=READY=1");
	say(fd, "READY=10\nXREADY=1\n");
	wait_for_status(0);
	assert_int_equal(count_events(EVENT_READY), 0);
	say(fd, "STATUS=up\nREADY=1");
	expect_hung_up(fd);
	wait_for_status(0);
	assert_int_equal(count_events(EVENT_READY), 1);
	(void)close(fd);
	/* The next supervisor knows it, and listens to nobody. */
	kill_supervisor();
	start_supervisor(2);
	fd = tell_readiness(1, READY_NOTIFY);
	expect_hung_up(fd);
	(void)close(fd);
}

/* A flood is bounded, and is not readiness. */
static void test_readiness_flood(void **state)
{
	int fd;

	(void)state;
	start_notifying(READY_FD);
	fd = tell_readiness(1, READY_FD);
	expect_hung_up(fd); /* by pieces without a newline */
	wait_for_status(0);
	assert_int_equal(count_events(EVENT_MESSAGE_REFUSED), 1);
	(void)close(fd);
	/* Kinds that are none are not listened to. */
	fd = tell_readiness(1, READY_EXEC);
	expect_hung_up(fd);
	(void)close(fd);
}

static void test_readiness_by_number(void **state)
{
	int fd;

	(void)state;
	start_notifying(READY_FD);
	fd = tell_readiness(1, READY_FD);
	say(fd, "READY=1");
	say(fd, "\n");
	expect_hung_up(fd);
	wait_for_status(0);
	assert_int_equal(count_events(EVENT_READY), 1);
	(void)close(fd);
}

/* What the operator stopped stays stopped, though it is an autostart service. */
static void test_stop_survives(void **state)
{
	struct message_head head;
	int client;

	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	client = ask(VERB_STOP, "web");
	expect_signal(1, SIGTERM);
	tell_exited(3, 1, CLD_KILLED, SIGTERM);
	expect_ack(3, 1);
	assert_int_equal(answer(client), 0);
	head = expect(&launcher_side, M_RELEASE)->head;
	tell_done(&head, 0, NULL);
	kill_supervisor();
	start_supervisor(2);
	greet(true);
	wait_for_status(3);
	expect_silence(&launcher_side, 100);
}

static void test_start_in_the_middle_is_repeated(void **state)
{
	(void)state;
	greet(true);
	(void)admit(1);
	kill_supervisor();
	start_supervisor(2);
	greet(true);
	run_it(1); /* the same number: the launcher may have begun */
	wait_for_status(0);
}

static void test_death_while_nobody_was_here(void **state)
{
	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	kill_supervisor();
	start_supervisor(2);
	tell_exited(3, 1, CLD_KILLED, SIGKILL);
	greet(true);
	expect_ack(3, 1);
	wait_for_status(3);
	assert_string_equal(last_row.state, "backoff");
}

/* Its delay is over before init has told what runs: still nothing is asked. */
static void test_delay_does_not_outrun_init(void **state)
{
	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	kill_supervisor();
	start_supervisor(2);
	tell_exited(3, 1, CLD_KILLED, SIGKILL);
	expect_ack(3, 1);
	tell_name(3, "web", true, NULL);
	tell_plain(&launcher_side, M_NAMED_END);
	expect_silence(&launcher_side, 1500);
	tell_plain(&init_side, M_ALIVE_END);
	assert_int_equal(expect(&launcher_side, M_RELEASE)->head.generation, 1);
	(void)expect(&launcher_side, M_ADMIT);
}

static void test_requests_are_repeated(void **state)
{
	struct message_head first;
	struct message_head again;

	(void)state;
	greet(true);
	first = expect(&launcher_side, M_ADMIT)->head;
	tell_plain(&init_side, M_LAUNCHER_UP);
	again = expect(&launcher_side, M_ADMIT)->head;
	assert_memory_equal(&first, &again, sizeof(first));
	/* Both get an answer; the second one is nobody's. */
	tell_admitted(&first, valid_policy("web"));
	tell_done(&first, 0, NULL);
	tell_done(&again, EACCES, "late");
	(void)expect(&launcher_side, M_START);
	expect_silence(&launcher_side, 50);
}

static void test_refusals_are_told(void **state)
{
	struct message_head head;
	int client;

	(void)state;
	tell_name(SUBJECT_NONE, "stranger", false, "the device policy does not name it");
	tell_name(4, "bad", true, "no image");
	greet(false);
	wait_for_status(3);
	client = ask(VERB_START, "web");
	head = expect(&launcher_side, M_ADMIT)->head;
	tell_done(&head, EKEYREJECTED, "signed by an unknown CA");
	assert_int_equal(answer(client), 5);
	assert_string_equal(last_err.msg, "signed by an unknown CA");
	wait_for_status(5);
	assert_string_equal(last_row.why.msg, "signed by an unknown CA");
	assert_int_equal(answer(ask(VERB_STATUS, "stranger")), 5);
	assert_int_equal(answer(ask(VERB_START, "stranger")), 5);
	assert_string_equal(last_err.msg, "the device policy does not name it");
	assert_int_equal(answer(ask(VERB_STATUS, "bad")), 5);
	assert_int_equal(answer(ask(VERB_STATUS, "nobody")), 4);
	expect_silence(&launcher_side, 50); /* none of these is asked for by itself */
}

static void test_policy_of_another_form_is_refused(void **state)
{
	static struct policy policy;
	struct message_head head;
	struct message_admitted m;
	int fd;

	(void)state;
	greet(true);
	head = expect(&launcher_side, M_ADMIT)->head;
	policy = *valid_policy("web");
	policy.depends_count = 255;
	tell_admitted(&head, &policy);
	tell_done(&head, 0, NULL);
	wait_for_status(5);
	/* One byte short, though sealed. */
	fd = ask(VERB_START, "web");
	head = expect(&launcher_side, M_ADMIT)->head;
	m = (struct message_admitted){.head = head, .name = "web"};
	m.head.type = M_ADMITTED;
	{
		CLEAN_FD int less = fd_sealed_memfd("policy", &policy, sizeof(policy) - 1);

		assert_int_equal(channel_send(&launcher_side, &m, &less, 1), 0);
	}
	tell_done(&head, 0, NULL);
	assert_int_equal(answer(fd), 5);
	expect_silence(&launcher_side, 50);
	assert_int_equal(count_events(EVENT_MESSAGE_REFUSED), 2);
}

static void test_poweroff_stops_first(void **state)
{
	int client;

	(void)state;
	greet(true);
	run_it(1);
	wait_for_status(0);
	client = ask(VERB_POWEROFF, "");
	assert_int_equal(answer(client), 0);
	expect_signal(1, SIGTERM);
	expect_silence(&init_side, 100);
	tell_exited(3, 1, CLD_KILLED, SIGTERM);
	assert_int_equal(expect(&init_side, M_POWER)->kind.kind, POWER_OFF);
	assert_int_equal(answer(ask(VERB_START, "web")), 6);
}

static void test_shutdown_by_init(void **state)
{
	struct message_kind m = {.head = {.type = M_SHUTDOWN}, .kind = POWER_REBOOT};

	(void)state;
	greet(false);
	wait_for_status(3);
	assert_int_equal(channel_send(&init_side, &m, NULL, 0), 0);
	assert_int_equal(expect(&init_side, M_POWER)->kind.kind, POWER_REBOOT);
}

/* init or launcher hung up: it ends in order, and not at once, so that nothing spins. */
static void test_lost_link_ends_it(void **state)
{
	int status = 0;

	(void)state;
	greet(false);
	wait_for_status(3);
	fd_close(&launcher_side.fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == ENDED_WELL);
	close_links();
	start_supervisor(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_starts_and_shows),
		TEST(test_nothing_starts_by_itself),
		TEST(test_waits_for_both),
		TEST(test_crash_is_restarted_after_a_delay),
		TEST(test_repeated_exit_counts_once),
		TEST(test_killed_supervisor_touches_nothing),
		TEST(test_critical),
		TEST(test_readiness),
		TEST(test_readiness_flood),
		TEST(test_readiness_by_number),
		TEST(test_stop_survives),
		TEST(test_start_in_the_middle_is_repeated),
		TEST(test_death_while_nobody_was_here),
		TEST(test_delay_does_not_outrun_init),
		TEST(test_requests_are_repeated),
		TEST(test_refusals_are_told),
		TEST(test_policy_of_another_form_is_refused),
		TEST(test_poweroff_stops_first),
		TEST(test_shutdown_by_init),
		TEST(test_lost_link_ends_it),
	};

	/* The supervisor answers root only, so this has to be run by root, as all of `make test`
	 * is. */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
