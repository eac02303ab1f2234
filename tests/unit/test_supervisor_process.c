/* links: base event ipc audit policy service programs/supervisor */
#include "supervisor_doubles.h"

#include "service_policy.h"

static void tell_admitted(const struct message_head *about, const struct policy *policy)
{
	struct message_admitted m = {.head = *about, .version = "1.0", .epoch = 1, .uid = 10000};
	int fd = fd_sealed_memfd("policy", policy, sizeof(*policy));

	m.head.type = M_ADMITTED;
	(void)str_copy(m.name, sizeof(m.name), policy->name);
	assert_int_equal(channel_send(&launcher_side, &m, &fd, 1), 0);
	(void)close(fd);
}

/* Both sides have told what they know: one service in slot 3. */
static void greet(bool autostart)
{
	tell_plain(&init_side, M_ALIVE_END);
	tell_name(3, "web", autostart, NULL);
	tell_plain(&launcher_side, M_NAMED_END);
}

/* From ADMIT to START with this generation, which is returned. */
static struct message_head admit(uint32_t generation)
{
	struct message_head head = expect(&launcher_side, M_ADMIT)->head;

	assert_int_equal(head.subject, 3);
	assert_string_equal(got.message.name.name, "web");
	tell_admitted(&head, valid_policy("web"));
	tell_done(&head, 0, NULL);
	head = expect(&launcher_side, M_START)->head;
	assert_int_equal(head.subject, 3);
	assert_int_equal(head.generation, generation);
	return head;
}

static void run_it(uint32_t generation)
{
	struct message_head head = admit(generation);

	tell_with_pidfd(&launcher_side, M_RUNNING, &head);
	tell_done(&head, 0, NULL);
}

static void expect_ack(uint16_t subject, uint32_t generation)
{
	const union message *m = expect(&init_side, M_ACK);

	assert_int_equal(m->head.subject, subject);
	assert_int_equal(m->head.generation, generation);
}

static void expect_signal(uint32_t generation, uint32_t signal)
{
	const union message *m = expect(&init_side, M_SIGNAL);

	assert_int_equal(m->head.subject, 3);
	assert_int_equal(m->head.generation, generation);
	assert_int_equal(m->signal.signal, signal);
}

/* Until the exit code of `status` is this one: messages of two links have no common order. */
static void wait_for_status(int exit)
{
	int seen = -1;

	for (int i = 0; i < 100 && seen != exit; i++) {
		seen = answer(ask(VERB_STATUS, "web"));
		if (seen != exit)
			(void)poll(NULL, 0, 20);
	}
	assert_int_equal(seen, exit);
}

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

/* Fills every byte of the saved state with what was taken from somewhere else. */
static void test_garbage_in_saved_state(void **state)
{
	static uint8_t garbage[64 * 1024];
	uint32_t seed = 1;

	(void)state;
	kill_supervisor();
	for (uint32_t round = 0; round < 4; round++) {
		for (size_t i = 0; i < sizeof(garbage); i++) {
			seed = seed * 1664525u + 1013904223u;
			garbage[i] = round == 0 ? 0xff : (uint8_t)(seed >> 24);
		}
		assert_int_equal(pwrite(state_fd, garbage, sizeof(garbage), 0),
				 (ssize_t)sizeof(garbage));
		start_supervisor(2 + round);
		tell_plain(&init_side, M_ALIVE_END);
		tell_name(3, "web", true, NULL);
		tell_plain(&launcher_side, M_NAMED_END);
		(void)admit((2 + round) << 20);
		kill_supervisor();
	}
	start_supervisor(9);
}

/* A record with a good check and bad contents: whoever wrote it knew how. */
static void test_forged_record(void **state)
{
	struct {
		uint32_t magic, check, sequence;
		char name[NAME_SIZE];
		uint8_t wanted, phase, padding;
		uint32_t generation, leaf, failures, restarts;
		int32_t last[2];
	} record = {.magic = 0x42535631u, .sequence = 8, .name = "web", .wanted = 1, .phase = 2};
	const uint8_t *at = (const uint8_t *)&record;
	uint32_t sum;

	(void)state;
	kill_supervisor();
	for (int round = 0; round < 4; round++) {
		record.generation = round == 0 ? UINT32_MAX : 5;
		record.leaf = round == 1 ? 6 : 5;
		record.phase = round == 2 ? 3 : 2;
		sum = 2166136261u;
		for (size_t i = 8; i < sizeof(record); i++)
			sum = (sum ^ at[i]) * 16777619u;
		record.check =
			round == 3 ? ~sum : sum; /* and one that was torn while being written */
		assert_int_equal(
			pwrite(state_fd, &record, sizeof(record), (off_t)(6 * sizeof(record))),
			(ssize_t)sizeof(record));
		start_supervisor(2);
		tell_plain(&init_side, M_ALIVE_END);
		tell_name(3, "web", true, NULL);
		tell_plain(&launcher_side, M_NAMED_END);
		(void)admit(2u << 20); /* as if nothing was known: not 6, not 0 */
		kill_supervisor();
	}
	start_supervisor(9);
}

static void send_raw(int fd, const void *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Messages that no row allows, and legal ones that answer nothing. */
static void test_hostile_links(void **state)
{
	static uint8_t bytes[2048];
	struct message_head head = {.subject = 3, .generation = 1, .request = 77};

	(void)state;
	greet(true);
	for (uint16_t type = 0; type < M_COUNT + 3; type++) {
		memcpy(bytes, &type, sizeof(type));
		send_raw(launcher_side.fd, bytes, sizeof(bytes));
		send_raw(launcher_side.fd, bytes, 3);
		send_raw(init_side.fd, bytes, sizeof(struct message_head) + 1);
		(void)poll(NULL, 0, 2); /* the queue of a socket holds few messages */
	}
	head.request = 0;
	tell_done(&head, 0, NULL);
	tell_with_pidfd(&launcher_side, M_RUNNING, &head);
	tell_with_pidfd(&launcher_side, M_PROBING, &head);
	head.subject = 0xffff;
	tell_done(&head, EPERM, "forged");
	head.subject = 0x4003;
	tell_exited(0x4003, 1, CLD_EXITED, 0);
	expect_ack(0x4003, 1);
	tell_exited(3, 1, CLD_KILLED, 9);
	expect_ack(3, 1);
	tell_exited(999, 1, CLD_KILLED, 9);
	expect_ack(999, 1);
	(void)admit(1);
	assert_true(count_events(EVENT_MESSAGE_REFUSED) > 50);
}

static void test_control_refuses(void **state)
{
	struct message_control m = {.head = {.type = M_CONTROL, .subject = SUBJECT_NONE},
				    .verb = VERB_STATUS};
	int fd;

	(void)state;
	greet(true);
	(void)expect(&launcher_side, M_ADMIT);
	assert_int_equal(answer(ask(VERB_COUNT, "")), 4);
	assert_int_equal(answer(ask(0xffffffff, "web")), 4);
	assert_int_equal(answer(ask(VERB_STATUS, "")), 4);
	assert_int_equal(answer(ask(VERB_STATUS, "../web")), 4);
	assert_int_equal(last_err.code, EINVAL);
	assert_int_equal(answer(ask(VERB_PS, "web")), 4); /* it takes no name */
	fd = ask(VERB_START, "web");
	memset(m.name, 'a', sizeof(m.name)); /* no terminator */
	send_raw(fd, &m, sizeof(m));         /* a second question */
	assert_int_equal(answer(fd), -1);
	fd = ask(VERB_START, "web");
	send_raw(fd, &m, 1);
	assert_int_equal(answer(fd), -1);
	assert_int_equal(count_events(EVENT_CONTROL_REFUSED), 2);
	assert_int_equal(answer(ask(VERB_STATUS, "web")), 3);
}

/* One more than there are places is turned away; the others are still served. */
static void test_too_many_clients(void **state)
{
	int fds[16];

	(void)state;
	greet(true);
	(void)expect(&launcher_side, M_ADMIT);
	for (int i = 0; i < 16; i++)
		fds[i] = ask(VERB_START, "web");
	(void)poll(NULL, 0, 100);
	assert_int_equal(answer(ask(VERB_STATUS, "web")), -1);
	for (int i = 0; i < 15; i++)
		(void)close(fds[i]);
	wait_for_status(3);
	(void)close(fds[15]);
	assert_true(count_events(EVENT_CONTROL_REFUSED) >= 1);
}

/* Another user, who somehow got past the mode of the socket. */
static void test_other_users_are_refused(void **state)
{
	int status = 0;
	pid_t other;
	char directory[sizeof(control_address.sun_path)];

	(void)state;
	greet(true);
	(void)expect(&launcher_side, M_ADMIT);
	(void)str_copy(directory, sizeof(directory), control_address.sun_path);
	*strrchr(directory, '/') = '\0';
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(chmod(control_address.sun_path, 0666), 0);
	other = fork();
	if (other == 0) {
		if (setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(answer(ask(VERB_STATUS, "web")) == -1 ? 0 : 2);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(count_events(EVENT_CONTROL_REFUSED), 1);
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_starts_and_shows),
		TEST(test_nothing_starts_by_itself),
		TEST(test_waits_for_both),
		TEST(test_crash_is_restarted_after_a_delay),
		TEST(test_repeated_exit_counts_once),
		TEST(test_killed_supervisor_touches_nothing),
		TEST(test_stop_survives),
		TEST(test_start_in_the_middle_is_repeated),
		TEST(test_death_while_nobody_was_here),
		TEST(test_delay_does_not_outrun_init),
		TEST(test_requests_are_repeated),
		TEST(test_refusals_are_told),
		TEST(test_policy_of_another_form_is_refused),
		TEST(test_poweroff_stops_first),
		TEST(test_shutdown_by_init),
		TEST(test_garbage_in_saved_state),
		TEST(test_forged_record),
		TEST(test_hostile_links),
		TEST(test_control_refuses),
		TEST(test_too_many_clients),
		TEST(test_other_users_are_refused),
		TEST(test_lost_link_ends_it),
	};

	/* The supervisor answers root only, so this has to be run by root, as all of `make test`
	 * is. */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
