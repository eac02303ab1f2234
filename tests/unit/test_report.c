/* links: base ipc audit programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "programs/launcher/launcher.h"
#include "sandbox/attest.h"

/* The report on running services, with doubles for what is looked at and for the client. */
struct launcher launcher;

const struct attest_row attest_rows[] = {
	{.item = "user", .when = ATTEST_BORN | ATTEST_LIVE, .guide = "63-87", .cis = "4.1"},
	{.item = "capabilities", .when = ATTEST_BORN | ATTEST_LIVE, .guide = "", .cis = "5.4"},
	{.item = "seccomp", .when = ATTEST_BORN | ATTEST_LIVE, .guide = "", .cis = "5.22"},
	{.item = "descriptors", .when = ATTEST_BORN, .guide = "", .cis = ""},
	{.item = "devices", .when = ATTEST_LIVE, .guide = "", .cis = "5.18"},
};
const size_t attest_row_count = ARRAY_SIZE(attest_rows);

static struct message_row_check sent[64];
static unsigned int sent_count, room, ended;
static int exit_code, blind, described, image;
static bool ends_meanwhile;
static const char *failing; /* item */
static struct plan granted;

bool start_is_alive(const struct service *s)
{
	return s->pidfd >= 0;
}

int start_pid(int pidfd)
{
	return pidfd + 1000;
}

int start_describe(struct service *s, struct plan *plan, struct err *err)
{
	(void)s;
	*plan = granted;
	return described ? err_set(err, described, "a device is gone") : 0;
}

int map_check(const struct service *s, struct err *err)
{
	(void)s;
	return image ? err_set(err, image, "data does not match the signed root hash") : 0;
}

int sandbox_attest_live(int proc_fd, const struct plan *plan, pid_t pid,
			const struct attest_listener *listener, struct err *err)
{
	(void)proc_fd;
	(void)plan;
	if (blind)
		return err_set(err, blind, "/proc/%d", pid);
	for (size_t i = 0; i < attest_row_count; i++) {
		struct err found = {0};
		bool fails = failing && str_equal(failing, attest_rows[i].item);

		if (!(attest_rows[i].when & ATTEST_LIVE))
			continue;
		if (fails)
			(void)err_set(&found, EPERM, "it is not");
		listener->tell(listener->context, &attest_rows[i], fails ? -EPERM : 0, &found);
	}
	if (ends_meanwhile)
		launcher.services[pid - 1000].pidfd = -1;
	return 0;
}

int desk_send(const void *message)
{
	if (room == 0)
		return -EAGAIN;
	room--;
	assert_true(sent_count < ARRAY_SIZE(sent));
	memcpy(&sent[sent_count++], message, sizeof(sent[0]));
	return 0;
}

int desk_end(int code, const struct err *err)
{
	if (room == 0)
		return -EAGAIN;
	assert_int_equal(code != 0, err->code != 0);
	ended++;
	exit_code = code;
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	memset(&launcher, 0, sizeof(launcher));
	for (int i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &launcher.services[i];

		s->slot = (uint16_t)i;
		s->pidfd = -1;
		s->admitted = true;
		s->policy.mdwe = true;
		s->policy.health.count = 1;
		s->policy.restart = RESTART_ON_FAILURE;
		s->policy.restart_max = 5;
	}
	str_join(launcher.services[0].name, NAME_SIZE, "web", "", "");
	str_join(launcher.services[2].name, NAME_SIZE, "bridge", "", "");
	str_join(launcher.services[3].name, NAME_SIZE, "stopped", "", "");
	launcher.services[0].pidfd = 0;
	launcher.services[2].pidfd = 2;
	granted = (struct plan){.join_pidfd = -1};
	failing = NULL;
	ends_meanwhile = false;
	sent_count = ended = 0;
	room = 1000;
	exit_code = -1;
	blind = described = image = 0;
	return 0;
}

static void ask(const char *name)
{
	struct received received = {.fd_count = 0};

	received.message.head.type = M_CHECK;
	str_join(received.message.check.service, NAME_SIZE, name, "", "");
	report_handle(&received);
}

static unsigned int count(enum check_verdict verdict, const char *item)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < sent_count; i++)
		found += sent[i].verdict == verdict && (!item || str_equal(sent[i].item, item));
	return found;
}

static unsigned int rows_of_one(void)
{
	unsigned int rows = 3; /* image, health-check, restart */

	for (size_t i = 0; i < attest_row_count; i++)
		rows += (attest_rows[i].when & ATTEST_LIVE) != 0;
	return rows;
}

static void test_all(void **state)
{
	(void)state;
	ask("");
	assert_int_equal(report_more(), 0);
	assert_int_equal(exit_code, 0);
	assert_int_equal(sent_count, 2 * rows_of_one());
	assert_int_equal(count(CHECK_PASS, NULL), sent_count);
	assert_string_equal(sent[0].service, "web");
	assert_string_equal(sent[sent_count - 1].service, "bridge");
}

/* A client that reads slowly: nothing is lost, nothing comes twice, and the end comes once. */
static void test_slow_client(void **state)
{
	unsigned int turns = 0;

	(void)state;
	ask("");
	room = 0;
	while (report_more() == -EAGAIN) {
		assert_int_equal(ended, 0);
		assert_true(turns++ < 1000);
		room = 1;
	}
	assert_int_equal(sent_count, 2 * rows_of_one());
	assert_int_equal(count(CHECK_PASS, "user"), 2);
	assert_int_equal(ended, 1);
}

static void test_one(void **state)
{
	(void)state;
	ask("bridge");
	assert_int_equal(report_more(), 0);
	assert_int_equal(sent_count, rows_of_one());
	assert_string_equal(sent[0].service, "bridge");
}

static void test_none(void **state)
{
	(void)state;
	ask("stopped");
	assert_int_equal(report_more(), 0);
	assert_int_equal(exit_code, 3);
	ask("nobody");
	assert_int_equal(report_more(), 0);
	assert_int_equal(exit_code, 4);
	launcher.services[0].pidfd = launcher.services[2].pidfd = -1;
	ask("");
	assert_int_equal(report_more(), 0);
	assert_int_equal(exit_code, 3);
	assert_int_equal(sent_count, 0);
}

static void test_granted(void **state)
{
	(void)state;
	granted.caps = 1u << 13;
	granted.device_count = 1;
	launcher.services[0].policy.mdwe = false;
	launcher.services[0].policy.restart_max = 6;
	launcher.services[0].policy.health.count = 0;
	ask("web");
	assert_int_equal(report_more(), 0);
	assert_int_equal(count(CHECK_WARN, NULL), 5);
	assert_int_equal(count(CHECK_WARN, "capabilities") + count(CHECK_WARN, "devices") +
				 count(CHECK_WARN, "seccomp") + count(CHECK_WARN, "restart") +
				 count(CHECK_WARN, "health-check"),
			 5);
	assert_int_equal(count(CHECK_FAIL, NULL), 0);
	/* What is granted and not even so is no warning. */
	failing = "capabilities";
	sent_count = 0;
	ask("web");
	assert_int_equal(report_more(), 0);
	assert_int_equal(count(CHECK_FAIL, "capabilities"), 1);
}

static void test_fails(void **state)
{
	(void)state;
	failing = "seccomp";
	image = EBADMSG;
	ask("web");
	assert_int_equal(report_more(), 0);
	assert_int_equal(count(CHECK_FAIL, "seccomp"), 1);
	assert_int_equal(count(CHECK_FAIL, "image"), 1);
	assert_int_equal(count(CHECK_FAIL, NULL), 2);
}

/* What cannot be looked at is a failure, not an empty report. */
static void test_blind(void **state)
{
	int *const reasons[] = {&blind, &described};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		*reasons[i] = ENOENT;
		sent_count = 0;
		ask("web");
		assert_int_equal(report_more(), 0);
		assert_int_equal(sent_count, 1);
		assert_int_equal(count(CHECK_FAIL, "process"), 1);
		*reasons[i] = 0;
	}
	launcher.services[0].admitted = false;
	sent_count = 0;
	ask("web");
	assert_int_equal(report_more(), 0);
	assert_int_equal(count(CHECK_FAIL, "process"), 1);
}

/* Its number may be another's by now. */
static void test_ended_meanwhile(void **state)
{
	(void)state;
	ends_meanwhile = true;
	ask("web");
	assert_int_equal(report_more(), 0);
	assert_int_equal(sent_count, 0);
	assert_int_equal(exit_code, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all, fresh),
		cmocka_unit_test_setup(test_slow_client, fresh),
		cmocka_unit_test_setup(test_one, fresh),
		cmocka_unit_test_setup(test_none, fresh),
		cmocka_unit_test_setup(test_granted, fresh),
		cmocka_unit_test_setup(test_fails, fresh),
		cmocka_unit_test_setup(test_blind, fresh),
		cmocka_unit_test_setup(test_ended_meanwhile, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
