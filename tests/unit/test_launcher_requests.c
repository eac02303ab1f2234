/* links: base ipc programs/launcher */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "policy/check.h"
#include "programs/launcher/images.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"

/* What the supervisor may ask, with doubles for everything that would be done. */
struct launcher launcher;

static void (*ready)(struct loop *, struct watch *, uint32_t);
static struct received question;
static union message sent[8];
static unsigned int sent_count, refused, admitted, started, probed, released, images_refused;
static unsigned int parked, let_go, dropped;
static int result;
static struct service *asked_service;

struct service *launcher_service(uint16_t subject)
{
	if (subject >= CONFIG_SERVICES_MAX || !*launcher.services[subject].name)
		return NULL;
	return &launcher.services[subject];
}

void launcher_refuse_image(const char *name, const struct err *err)
{
	(void)name;
	assert_true(err->code != 0);
	images_refused++;
}

void link_open(struct link *link, enum peer peer, int fd,
	       void (*callback)(struct loop *, struct watch *, uint32_t))
{
	assert_ptr_equal(link, &launcher.supervisor);
	assert_int_equal(peer, PEER_SUPERVISOR);
	assert_int_equal(fd, 77);
	ready = callback;
}

void link_send(struct link *link, const void *message, const int *fds, int fd_count)
{
	uint16_t type;

	(void)fds;
	(void)fd_count;
	assert_ptr_equal(link, &launcher.supervisor);
	assert_true(sent_count < ARRAY_SIZE(sent));
	memcpy(&type, message, sizeof(type));
	memset(&sent[sent_count], 0, sizeof(sent[0]));
	memcpy(&sent[sent_count++], message,
	       type == M_DONE                           ? sizeof(struct message_done)
	       : type == M_ADMITTED                     ? sizeof(struct message_admitted)
	       : type == M_NAMED                        ? sizeof(struct message_name)
	       : type == M_NAMED_END || type == M_RENEW ? sizeof(struct message_plain)
	       : type == M_READINESS                    ? sizeof(struct message_kind)
							: sizeof(struct message_running));
}

void link_refuse(struct link *link, const char *why)
{
	(void)link;
	(void)why;
	refused++;
}

bool link_take(struct link *link, struct received *received)
{
	(void)link;
	*received = question;
	return true;
}

void init_run_pending(void) {}

static int act(struct service *s, struct err *err)
{
	asked_service = s;
	return result ? err_set(err, -result, "no") : 0;
}

int admit_service(struct service *s, struct err *err)
{
	admitted++;
	return act(s, err);
}

int start_service(struct service *s, uint32_t generation, char step[24], struct err *err)
{
	started++;
	(void)str_copy(step, 24, "clone");
	s->generation = generation;
	return act(s, err);
}

int standby_park(struct service *s, uint32_t generation, char step[24], struct err *err)
{
	parked++;
	(void)str_copy(step, 24, "standby");
	if (!result)
		s->standby.generation = s->begun = generation;
	return act(s, err);
}

int standby_start(struct service *s, char step[24], struct err *err)
{
	let_go++;
	(void)str_copy(step, 24, "exec");
	s->generation = s->standby.generation;
	s->standby.generation = 0;
	return act(s, err);
}

void standby_drop(struct service *s)
{
	dropped++;
	s->standby.generation = 0;
}

bool start_is_alive(const struct service *s)
{
	return s->pidfd >= 0;
}

#include "versions_doubles.h"

int start_pid(int pidfd)
{
	return pidfd + 1000;
}

enum hold hold_of(const struct service *s)
{
	(void)s;
	return HOLD_NONE;
}

void hold_tell(const struct service *s)
{
	(void)s;
	fail();
}

void start_release(struct service *s)
{
	released++;
	asked_service = s;
}

int probe_service(struct service *s, uint32_t request, struct child *child, char step[24],
		  struct err *err)
{
	probed++;
	child->pid = (int)request;
	(void)str_copy(step, 24, "join");
	return act(s, err);
}

void sandbox_child_close(struct child *child)
{
	(void)child;
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	(void)values;
	(void)count;
	assert_true(event == EVENT_START_REFUSED || event == EVENT_STANDBY_REFUSED);
}

const struct device_service *policy_device_service(const struct device_policy *device,
						   const char *name)
{
	return str_equal(name, "web") ? &device->services[0] : NULL;
}

int images_walk(int directory, int (*found)(void *context, const char *name), void *context)
{
	(void)directory;
	(void)found(context, "web");
	return found(context, "stranger");
}

static int setup(void **state)
{
	(void)state;
	memset(&launcher, 0, sizeof(launcher));
	for (uint16_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		launcher.services[i].slot = i;
		launcher.services[i].pidfd = launcher.services[i].policy_fd = -1;
		launcher.services[i].ready_fd = -1;
	}
	(void)str_copy(launcher.services[2].name, NAME_SIZE, "web");
	(void)str_copy(launcher.services[5].name, NAME_SIZE, "mqtt");
	launcher.images_fd = 3;
	launcher.policies = true;
	healthy = given_up = 0;
	sent_count = refused = admitted = started = probed = released = images_refused = 0;
	parked = let_go = dropped = 0;
	result = 0;
	asked_service = NULL;
	requests_link(77);
	return 0;
}

static void ask(uint16_t type, uint16_t subject, uint32_t generation, const char *name)
{
	memset(&question, 0, sizeof(question));
	question.message.head = (struct message_head){
		.type = type, .subject = subject, .generation = generation, .request = 9};
	if (name)
		memcpy(question.message.name.name, name, strnlen(name, NAME_SIZE));
	sent_count = 0;
	ready(&launcher.loop, &launcher.supervisor.watch, 0);
}

static unsigned int done_nothing(void)
{
	return !admitted && !started && !probed && !released && !parked && !let_go && !dropped &&
	       !healthy && !given_up;
}

static void expect_done(int code)
{
	const struct message_done *m = &sent[sent_count - 1].done;

	assert_true(sent_count > 0);
	assert_int_equal(m->head.type, M_DONE);
	assert_int_equal(m->head.request, 9);
	assert_int_equal(m->err.code, code);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(sent_count, 4);
	assert_int_equal(sent[0].head.type, M_NAMED);
	assert_int_equal(sent[0].head.subject, SUBJECT_OF_SERVICE(2));
	assert_string_equal(sent[1].name.name, "mqtt");
	/* An image that lies there without being named: told with its reason, and no slot. */
	assert_string_equal(sent[2].name.name, "stranger");
	assert_int_equal(sent[2].head.subject, SUBJECT_NONE);
	assert_int_equal(sent[2].name.why.code, EACCES);
	assert_int_equal(sent[3].head.type, M_NAMED_END);
	requests_names(true);
	assert_int_equal(images_refused, 1);
	/* Without a policy nobody is a stranger: everything is refused for another reason. */
	launcher.policies = false;
	requests_names(true);
	assert_int_equal(images_refused, 1);
}

static void test_not_named(void **state)
{
	static const uint16_t types[] = {M_ADMIT, M_START,   M_PROBE,  M_RELEASE,
					 M_PARK,  M_HEALTHY, M_GAVE_UP};
	static const uint16_t subjects[] = {
		SUBJECT_OF_SERVICE(3), CONFIG_SERVICES_MAX,   SUBJECT_NONE,
		SUBJECT_OF_PROBE(2),   SUBJECT_OF_STANDBY(2), SUBJECT_OF_HELPER(HELPER_RECORDER)};
	unsigned int expected = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (size_t j = 0; j < ARRAY_SIZE(subjects); j++) {
			ask(types[i], subjects[j], 1, "web");
			assert_true(done_nothing());
			assert_int_equal(refused, ++expected);
			expect_done(EACCES);
		}
}

static void test_wrong_name(void **state)
{
	char endless[NAME_SIZE];

	(void)state;
	memset(endless, 'w', sizeof(endless));
	ask(M_ADMIT, 2, 0, "mqtt");
	ask(M_ADMIT, 2, 0, "");
	ask(M_ADMIT, 2, 0, "web2");
	ask(M_ADMIT, 2, 0, endless);
	assert_true(done_nothing());
	assert_int_equal(refused, 4);
	expect_done(EACCES);
	launcher.services[2].note.verify_us = 1200;
	launcher.services[2].note.map_us = 3400;
	ask(M_ADMIT, 2, 0, "web");
	assert_int_equal(admitted, 1);
	assert_ptr_equal(asked_service, &launcher.services[2]);
	assert_int_equal(sent[0].head.type, M_ADMITTED);
	assert_int_equal(sent[0].admitted.verify_us, 1200);
	assert_int_equal(sent[0].admitted.map_us, 3400);
	expect_done(0);
}

static void test_admit_fails(void **state)
{
	(void)state;
	result = -EBADMSG;
	ask(M_ADMIT, 2, 0, "web");
	assert_int_equal(sent_count, 1); /* no ADMITTED */
	assert_int_equal(images_refused, 1);
	expect_done(EBADMSG);
}

/* One life per generation, however often it is asked for. */
static void test_start_once(void **state)
{
	(void)state;
	ask(M_START, 2, 4, NULL);
	assert_int_equal(started, 1);
	assert_int_equal(sent[0].head.type, M_RUNNING);
	launcher.services[2].pidfd = 50;
	ask(M_START, 2, 4, NULL);
	assert_int_equal(started, 1);
	assert_int_equal(sent[0].head.type, M_RUNNING);
	assert_int_equal(sent[0].running.pid, 1050);
	/* It ended, or a launcher died over it. */
	launcher.services[2].pidfd = -1;
	ask(M_START, 2, 4, NULL);
	assert_int_equal(started, 1);
	assert_int_equal(sent_count, 1);
	expect_done(ESTALE);
	result = -EPERM;
	ask(M_START, 2, 5, NULL);
	assert_int_equal(started, 2);
	assert_int_equal(sent_count, 1);
	expect_done(EPERM);
	assert_string_equal(sent[0].done.step, "clone");
}

/* The life that is parked is started by its number and no other; one that did not last is never
 * begun again. */
/* What a trust policy before this one admitted must be admitted again first. */
static void test_start_under_new_trust(void **state)
{
	struct service *s = &launcher.services[2];

	(void)state;
	s->admitted = true;
	launcher.trust.version = s->note.trust_version + 1;
	ask(M_START, 2, 4, NULL);
	expect_done(ESTALE);
	assert_int_equal(started, 0);
	s->note.trust_version = launcher.trust.version;
	ask(M_START, 2, 4, NULL);
	assert_int_equal(started, 1);
	s->admitted = false;
}

static void test_park_and_start(void **state)
{
	struct service *s = &launcher.services[2];

	(void)state;
	ask(M_START, 2, 4, NULL);
	s->pidfd = 50;
	s->begun = 4;
	ask(M_PARK, 2, 5, NULL);
	assert_int_equal(parked, 1);
	assert_int_equal(sent_count, 1);
	expect_done(0);
	ask(M_START, 2, 4, NULL);
	assert_int_equal(let_go, 0);
	assert_int_equal(sent[0].head.type, M_RUNNING);
	s->pidfd = -1;
	ask(M_START, 2, 5, NULL);
	assert_int_equal(let_go, 1);
	assert_int_equal(started, 1);
	assert_int_equal(sent[0].head.type, M_RUNNING);
	ask(M_PARK, 2, 6, NULL);
	ask(M_PARK, 2, 0, NULL);
	assert_int_equal(dropped, 1);
	expect_done(0);
	ask(M_START, 2, 6, NULL);
	assert_int_equal(let_go + started, 2);
	expect_done(ESTALE);
	ask(M_START, 2, 7, NULL);
	assert_int_equal(started, 2);
	result = -EPERM;
	ask(M_PARK, 2, 8, NULL);
	expect_done(EPERM);
	assert_string_equal(sent[0].done.step, "standby");
}

/* Where it says that it is ready: told with its start, and to every supervisor while it lives. */
static void test_readiness(void **state)
{
	struct service *s = &launcher.services[2];

	(void)state;
	s->pidfd = 50;
	s->generation = 4;
	s->admitted = true;
	s->policy.ready = READY_NOTIFY;
	ask(M_START, 2, 4, NULL);
	assert_int_equal(sent_count, 2);
	s->ready_fd = 51;
	ask(M_START, 2, 4, NULL);
	assert_int_equal(sent_count, 3);
	assert_int_equal(sent[1].head.type, M_READINESS);
	assert_int_equal(sent[1].head.generation, 4);
	assert_int_equal(sent[1].kind.kind, READY_NOTIFY);
	sent_count = 0;
	requests_link(77);
	assert_int_equal(sent[sent_count - 2].head.type, M_READINESS);
	s->pidfd = -1;
	sent_count = 0;
	requests_link(77);
	for (size_t i = 0; i < sent_count; i++)
		assert_int_not_equal(sent[i].head.type, M_READINESS);
}

static void test_probe_and_release(void **state)
{
	(void)state;
	ask(M_PROBE, 5, 1, NULL);
	assert_int_equal(probed, 1);
	assert_int_equal(sent[0].head.type, M_PROBING);
	assert_int_equal(sent[0].running.pid, 9);
	result = -ESRCH;
	ask(M_PROBE, 5, 1, NULL);
	assert_int_equal(sent_count, 1);
	expect_done(ESRCH);
	memset(&question, 0, sizeof(question));
	ask(M_RELEASE, 5, 1, NULL);
	assert_int_equal(released, 1);
	assert_ptr_equal(asked_service, &launcher.services[5]);
	expect_done(0);
	/* Types of other rows are nobody's here. */
	ask(M_NAMED_END, 5, 1, NULL);
	assert_int_equal(sent_count, 0);
}

/* A version on trial gives way when the ladder has ended, never while it runs. */
static void test_gave_up(void **state)
{
	struct service *s = &launcher.services[5];

	(void)state;
	s->pidfd = 50; /* start_is_alive() of this test */
	ask(M_GAVE_UP, 5, 7, NULL);
	assert_int_equal(given_up, 0);
	expect_done(EBUSY);
	s->pidfd = -1;
	(void)str_copy(s->ended.why, sizeof(s->ended.why), "exit status 3");
	ask(M_GAVE_UP, 5, 7, NULL);
	assert_int_equal(given_up, 1);
	assert_string_equal(given_up_why, "exit status 3");
	expect_done(0);
	assert_true(s->renew.armed);
	s->renew.armed = false;
	result = -ENOENT; /* there is no other version */
	ask(M_GAVE_UP, 5, 7, NULL);
	expect_done(ENOENT);
	assert_false(s->renew.armed);
	/* The news goes out after the answer. */
	result = 0;
	requests_renew(s);
	sent_count = 0;
	s->renew.due(&launcher.loop, &s->renew);
	assert_int_equal(sent[0].head.type, M_RENEW);
	assert_int_equal(sent[0].head.subject, SUBJECT_OF_SERVICE(5));
	ask(M_HEALTHY, 5, 7, NULL);
	assert_int_equal(healthy, 1);
	expect_done(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_gave_up, setup),
		cmocka_unit_test_setup(test_names, setup),
		cmocka_unit_test_setup(test_not_named, setup),
		cmocka_unit_test_setup(test_wrong_name, setup),
		cmocka_unit_test_setup(test_admit_fails, setup),
		cmocka_unit_test_setup(test_start_once, setup),
		cmocka_unit_test_setup(test_start_under_new_trust, setup),
		cmocka_unit_test_setup(test_park_and_start, setup),
		cmocka_unit_test_setup(test_readiness, setup),
		cmocka_unit_test_setup(test_probe_and_release, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
