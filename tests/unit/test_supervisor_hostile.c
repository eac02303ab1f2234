/* links: base event ipc audit policy service programs/supervisor */
#include "supervisor_doubles.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_garbage_in_saved_state), TEST(test_forged_record),
		TEST(test_hostile_links),          TEST(test_control_refuses),
		TEST(test_too_many_clients),       TEST(test_other_users_are_refused),
	};

	/* By root, like test_supervisor_process. */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
