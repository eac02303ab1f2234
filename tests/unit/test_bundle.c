/* links: base trust programs/launcher */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "policy/validate.h"
#include "programs/launcher/authenticate.h"
#include "programs/launcher/bundle.h"
#include "programs/launcher/launcher.h"

/* Who has to sign a trust bundle: the keys before it and the keys in it. */
struct launcher launcher;

static struct trusted answer;
static struct err err;
static bool old_refuse, new_refuse, other_hash;
static uint32_t version; /* inside the bundle */
static unsigned int asked_old, asked_new, mapped;

static int opened(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* By the policy that is in force, and by its anchors. */
int authenticate_image(struct authentication *a, struct note *note, struct err *e)
{
	asked_old++;
	assert_string_equal(a->name, "trust");
	assert_ptr_equal(a->trust, &launcher.trust);
	assert_int_equal(a->anchors_fd, launcher.anchors_fd);
	assert_int_equal(a->anchor_count, 1);
	(void)str_copy(note->map_name, sizeof(note->map_name), "mapped");
	mapped++;
	memset(a->verdict.root_hash, 7, sizeof(a->verdict.root_hash));
	return old_refuse ? err_set(e, EKEYREJECTED, "old") : opened();
}

/* By the policy of the bundle, with the certificates that it brings. */
int authenticate_signers(struct authentication *a, struct err *e)
{
	static struct trust_anchors anchors;

	asked_new++;
	assert_string_equal(a->name, "trust");
	assert_ptr_equal(a->trust, &answer.policy);
	assert_int_equal(a->anchor_count, 2);
	assert_int_equal(fd_read_sealed(a->anchors_fd, &anchors, sizeof(anchors)), 0);
	assert_int_equal(anchors.count, 2);
	memset(a->verdict.root_hash, other_hash ? 8 : 7, sizeof(a->verdict.root_hash));
	return new_refuse ? err_set(e, EKEYREJECTED, "new") : 0;
}

void map_remove(const struct note *note)
{
	assert_string_equal(note->map_name, "mapped");
	mapped--;
}

int talk_open(enum helper which, struct talk *talk, struct err *e)
{
	(void)talk;
	(void)e;
	assert_int_equal(which, HELPER_COMPILE);
	return 0;
}

int talk_send(struct talk *talk, const void *message, const int *fds, int fd_count, struct err *e)
{
	(void)talk;
	(void)message;
	(void)fds;
	(void)e;
	assert_int_equal(fd_count, 1);
	return 0;
}

int talk_receive(struct talk *talk, uint16_t wanted, struct received *received, struct err *e)
{
	static struct trust_policy policy;

	(void)talk;
	(void)e;
	assert_int_equal(wanted, M_COMPILED_TRUST);
	policy.version = version;
	received->fds[0] = fd_sealed_memfd("trust", &policy, sizeof(policy));
	received->fd_count = 1;
	return 0;
}

void talk_refuse(const struct talk *talk, const struct err *e)
{
	(void)talk;
	(void)e;
}

void talk_close(struct talk *talk)
{
	(void)talk;
}

int policy_validate_trust(const struct trust_policy *p, struct err *e)
{
	(void)p;
	(void)e;
	return 0;
}

int state_open(int dir_fd, const char *name, int flags)
{
	(void)dir_fd;
	(void)flags;
	assert_string_equal(name, "etc/bartizan");
	return opened();
}

int trust_anchors_load(struct trust_anchors *a, int directory, const struct trust_policy *policy,
		       struct err *e)
{
	(void)directory;
	(void)policy;
	(void)e;
	a->count = 2;
	return 0;
}

void channel_message_close(struct received *received)
{
	for (int i = 0; i < received->fd_count; i++)
		fd_close(&received->fds[i]);
	received->fd_count = 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&launcher, 0, sizeof(launcher));
	memset(&answer, 0, sizeof(answer));
	launcher.trust.version = 4;
	launcher.anchors_fd = 1234;
	launcher.anchor_count = 1;
	old_refuse = new_refuse = other_hash = false;
	version = 5;
	asked_old = asked_new = mapped = 0;
	return 0;
}

static int judge(void)
{
	struct bundle b = {.file_fd = -1, .trusted = &answer};
	int r = bundle_judge(&b, &err);

	assert_int_equal(mapped, 0); /* whatever it says */
	assert_int_equal(launcher.trust.version, 4);
	return r;
}

static void test_both(void **state)
{
	(void)state;
	assert_int_equal(judge(), 0);
	assert_int_equal(answer.policy.version, 5);
	assert_true(asked_old == 1 && asked_new == 1);
}

/* Nobody reads what the old keys have not signed. */
static void test_new_alone(void **state)
{
	(void)state;
	old_refuse = true;
	assert_int_equal(judge(), -EKEYREJECTED);
	assert_int_equal(asked_new, 0);
}

static void test_old_alone(void **state)
{
	(void)state;
	new_refuse = true;
	assert_int_equal(judge(), -EKEYREJECTED);
}

/* `verify` was asked twice: both answers are about one image. */
static void test_two_images(void **state)
{
	(void)state;
	other_hash = true;
	assert_int_equal(judge(), -EPROTO);
}

static void test_version(void **state)
{
	static const uint32_t wrong[] = {0, 3, 4, 6, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		version = wrong[i];
		assert_int_equal(judge(), -ESTALE);
	}
	assert_int_equal(asked_new, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both, setup),
		cmocka_unit_test_setup(test_new_alone, setup),
		cmocka_unit_test_setup(test_old_alone, setup),
		cmocka_unit_test_setup(test_two_images, setup),
		cmocka_unit_test_setup(test_version, setup),
	};

	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
