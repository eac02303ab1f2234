/*
 * init, launcher and operator around the real supervisor, which runs in a child with its start
 * descriptors. Included by one test program each; every assert_ names what was waited for.
 */
#ifndef TESTS_SUPERVISOR_DOUBLES_H
#define TESTS_SUPERVISOR_DOUBLES_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/str.h"
#include "ipc/channel.h"
#include "ipc/ring.h"
#include "policy/policy.h"
#include "programs/supervisor/supervisor.h"
#include "service_policy.h"

#define PATIENCE_MS 5000
#define ENDED_WELL                                                                                 \
	42 /* what the child makes of a lost link; a sanitizer's exit is another status */

static struct channel init_side;
static struct channel launcher_side;
static struct received got; /* the last message taken */
static struct ring_consumer ring;
static int state_fd;
static int listener_fd;
static int ring_fd;
static int cursor_fd;
static pid_t child;
static struct sockaddr_un control_address;

static inline int memory(size_t size)
{
	int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	return fd;
}

/* Descriptors 3 to 9 in the order of enum start_fd. */
static inline void become_supervisor(const int *fds, uint32_t generation)
{
	int high[7];

	for (int i = 0; i < 7; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 64);
	for (int i = 0; i < 7; i++)
		(void)dup2(high[i], FD_INIT + i);
	(void)syscall(SYS_close_range, 10u, ~0u, 0u);
	_exit(supervisor_run(generation) == 1 ? ENDED_WELL : 43);
}

static inline void start_supervisor(uint32_t generation)
{
	int to_init[2];
	int to_launcher[2];
	int bell[2];

	assert_int_equal(channel_pair(to_init), 0);
	assert_int_equal(channel_pair(to_launcher), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, bell),
			 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		become_supervisor((const int[]){to_init[1], ring_fd, cursor_fd, bell[1], state_fd,
						to_launcher[1], listener_fd},
				  generation);
	(void)close(to_init[1]);
	(void)close(to_launcher[1]);
	(void)close(bell[0]);
	(void)close(bell[1]);
	init_side = (struct channel){.fd = to_init[0], .self = PEER_INIT, .peer = PEER_SUPERVISOR};
	launcher_side = (struct channel){
		.fd = to_launcher[0], .self = PEER_LAUNCHER, .peer = PEER_SUPERVISOR};
}

static inline void close_links(void)
{
	channel_message_close(&got);
	fd_close(&init_side.fd);
	fd_close(&launcher_side.fd);
}

/* kill -9, as check-crash does. */
static inline void kill_supervisor(void)
{
	int status = 0;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* it lived until now */
	close_links();
}

static inline void open_listener(void)
{
	char directory[] = "/tmp/supervisor-test-XXXXXX";

	assert_non_null(mkdtemp(directory));
	control_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	str_join(control_address.sun_path, sizeof(control_address.sun_path), directory, "/control",
		 "");
	listener_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(listener_fd, (struct sockaddr *)&control_address, sizeof(control_address)), 0);
	assert_int_equal(listen(listener_fd, 32), 0);
}

static inline int set_up(void **state)
{
	(void)state;
	got.fd_count = 0;
	assert_int_equal(ring_create(&ring_fd, &cursor_fd), 0);
	assert_int_equal(ring_consumer_open(&ring, ring_fd, cursor_fd), 0);
	state_fd = memory(64 * 1024);
	open_listener();
	start_supervisor(1);
	return 0;
}

/* Whatever a test did to it: it still lives, so no sanitizer and no signal ended it. */
static inline int tear_down(void **state)
{
	char *slash;

	(void)state;
	kill_supervisor();
	(void)unlink(control_address.sun_path);
	slash = strrchr(control_address.sun_path, '/');
	*slash = '\0';
	(void)rmdir(control_address.sun_path);
	(void)close(listener_fd);
	(void)close(state_fd);
	(void)close(ring_fd);
	(void)close(cursor_fd);
	return 0;
}

/* The next message of the supervisor, which must be of this type. */
static inline const union message *expect(const struct channel *from, uint16_t type)
{
	struct err err = {0};

	channel_message_close(&got);
	assert_int_equal(channel_wait(from, &got, PATIENCE_MS, &err), 0);
	assert_string_equal(message_name(got.message.head.type), message_name(type));
	return &got.message;
}

static inline void expect_silence(const struct channel *from, int ms)
{
	struct err err = {0};

	channel_message_close(&got);
	assert_int_equal(channel_wait(from, &got, ms, &err), -ETIMEDOUT);
}

static inline void tell_plain(const struct channel *to, uint16_t type)
{
	struct message_plain m = {.head = {.type = type, .subject = SUBJECT_NONE}};

	assert_int_equal(channel_send(to, &m, NULL, 0), 0);
}

static inline void tell_name(uint16_t slot, const char *name, bool autostart, const char *why)
{
	struct message_name m = {.head = {.type = M_NAMED, .subject = slot},
				 .autostart = autostart,
				 .critical = str_equal(name, "vital")};

	(void)str_copy(m.name, sizeof(m.name), name);
	if (why)
		(void)err_set(&m.why, EACCES, "%s", why);
	assert_int_equal(channel_send(&launcher_side, &m, NULL, 0), 0);
}

static inline void tell_with_pidfd(const struct channel *to, uint16_t type,
				   const struct message_head *about)
{
	struct message_running m = {.head = *about, .pid = 4711};
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	m.head.type = type;
	assert_int_equal(channel_send(to, &m, &pidfd, 1), 0);
	(void)close(pidfd);
}

static inline void tell_done(const struct message_head *about, int code, const char *text)
{
	struct message_done m = {.head = *about};

	m.head.type = M_DONE;
	if (code)
		(void)err_set(&m.err, code, "%s", text);
	assert_int_equal(channel_send(&launcher_side, &m, NULL, 0), 0);
}

static inline void tell_exited(uint16_t subject, uint32_t generation, int32_t code, int32_t status)
{
	struct message_exited m = {
		.head = {.type = M_EXITED, .subject = subject, .generation = generation},
		.code = code,
		.status = status};

	assert_int_equal(channel_send(&init_side, &m, NULL, 0), 0);
}

/* ---- the operator */

static inline int ask(uint32_t verb, const char *name)
{
	struct message_control m = {.head = {.type = M_CONTROL, .subject = SUBJECT_NONE},
				    .verb = verb};
	struct channel channel = {.self = PEER_CONTROL, .peer = PEER_SUPERVISOR};

	channel.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(channel.fd, (struct sockaddr *)&control_address, sizeof(control_address)),
		0);
	(void)str_copy(m.name, sizeof(m.name), name);
	(void)channel_send(&channel, &m, NULL,
			   0); /* it may have hung up already: answer() shows that */
	return channel.fd;
}

/* Rows up to the end; the last row of a service is kept. Returns the exit code, -1 when the
 * connection was cut. */
static struct message_row_service last_row;
static struct message_row_text last_texts[2]; /* the newest last */
static struct err last_err;
static inline int answer(int fd)
{
	struct channel channel = {.fd = fd, .self = PEER_CONTROL, .peer = PEER_SUPERVISOR};
	struct err err = {0};
	int result = -1;

	for (;;) {
		struct received row;

		if (channel_wait(&channel, &row, PATIENCE_MS, &err))
			break;
		if (row.message.head.type == M_ROW_SERVICE)
			last_row = row.message.row_service;
		if (row.message.head.type == M_ROW_TEXT) {
			last_texts[0] = last_texts[1];
			last_texts[1] = row.message.row_text;
		}
		if (row.message.head.type != M_END)
			continue;
		result = row.message.end.exit;
		last_err = row.message.end.err;
		break;
	}
	(void)close(fd);
	return result;
}

/* How many records of this event lie in the ring; takes all of them. */
static inline int count_events(enum audit_event event)
{
	static uint8_t record[RING_RECORD_MAX];
	struct audit_decoded decoded;
	int count = 0;
	int size;

	while ((size = ring_peek(&ring, record)) > 0) {
		assert_int_equal(audit_decode(record, (size_t)size, &decoded), 0);
		count += decoded.head.event == event;
	}
	ring_release(&ring);
	return count;
}

static inline void tell_admitted(const struct message_head *about, const struct policy *policy)
{
	struct message_admitted m = {.head = *about,
				     .version = "1.0",
				     .epoch = 1,
				     .uid = 10000,
				     .verify_us = 1200,
				     .map_us = 3400};
	int fd = fd_sealed_memfd("policy", policy, sizeof(*policy));

	m.head.type = M_ADMITTED;
	(void)str_copy(m.name, sizeof(m.name), policy->name);
	assert_int_equal(channel_send(&launcher_side, &m, &fd, 1), 0);
	(void)close(fd);
}

/* Both sides have told what they know: one service in slot 3. */
static inline void greet(bool autostart)
{
	tell_plain(&init_side, M_ALIVE_END);
	tell_name(3, "web", autostart, NULL);
	tell_plain(&launcher_side, M_NAMED_END);
}

/* From ADMIT to START with this generation, which is returned. */
static inline struct message_head admit(uint32_t generation)
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

static inline void run_it(uint32_t generation)
{
	struct message_head head = admit(generation);

	tell_with_pidfd(&launcher_side, M_RUNNING, &head);
	tell_done(&head, 0, NULL);
}

static inline void expect_ack(uint16_t subject, uint32_t generation)
{
	const union message *m = expect(&init_side, M_ACK);

	assert_int_equal(m->head.subject, subject);
	assert_int_equal(m->head.generation, generation);
}

static inline void expect_signal(uint32_t generation, uint32_t signal)
{
	const union message *m = expect(&init_side, M_SIGNAL);

	assert_int_equal(m->head.subject, 3);
	assert_int_equal(m->head.generation, generation);
	assert_int_equal(m->signal.signal, signal);
}

/* Until the exit code of `status` is this one: messages of two links have no common order. */
static inline void wait_for_status(int exit)
{
	int seen = -1;

	for (int i = 0; i < 100 && seen != exit; i++) {
		seen = answer(ask(VERB_STATUS, "web"));
		if (seen != exit)
			(void)poll(NULL, 0, 20);
	}
	assert_int_equal(seen, exit);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
