#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "programs/launcher/authenticate.h"
#include "programs/launcher/launcher.h"
#include "sys/board.h"
#include "sys/mounts.h"
#include "trust/anchors.h"
#include "trust/now.h"
#include "trust/refuse.h"
#include "trust/scope.h"
#include "trust/verdict.h"

/*
 * Steps 2 to 8 of the verification order (images.md), the same for the image of a service and for a
 * trust bundle. `verify` says what it sees; what follows from that is decided here, and every
 * number that the kernel gets comes from its checked verdict, none from the file.
 */

uint64_t authenticate_now_s(void)
{
	const struct trust_clock clock = {
		.real_s = clock_real_us() / 1000000u,
		.build_s = board.build_time_s,
		.signed_s = launcher.trust.time,
		.counted_s = clock_boot_us() / 1000000u - launcher.trust_since_s,
	};

	return trust_now_s(&clock);
}

/* ---- steps 2 to 6: whose keys signed which content */

static int ask_verdict(struct authentication *a, struct talk *talk, struct err *err)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct message_verify question = {
		.head = {.type = M_VERIFY, .subject = a->subject},
		.anchors_size = sizeof(struct trust_anchors),
		.now_s = authenticate_now_s(),
		.arch = (uint8_t)launcher.arch,
		.check_expiry = a->check_expiry,
	};
	const int fds[2] = {a->file_fd, a->anchors_fd};
	uint64_t began = clock_boot_us();
	int r = talk_send(talk, &question, fds, 2, err);

	r = r ? r : talk_receive(talk, M_VERDICT, &received, err);
	if (r)
		return r;
	a->verify_us = (uint32_t)(clock_boot_us() - began);
	a->verdict = received.message.verdict.verdict;
	r = verdict_validate(&a->verdict, a->file_size, launcher.arch, a->anchor_count, err);
	if (r)
		talk_refuse(talk, err);
	return r;
}

static int judge_verdict(struct authentication *a, struct err *err)
{
	int r = trust_scope_check(a->trust, &a->verdict, a->name, &a->signer, err);

	if (!r && a->digest && memcmp(a->digest, a->verdict.root_hash, 32) != 0)
		r = REFUSE(err, EACCES, "image_digest in [service NAME] of supervisor.conf",
			   "the device policy pins another image digest");
	return r;
}

/* ---- steps 7 and 8: map it; the file system is looked at through dm-verity before the kernel does
 */

static int check_filesystem(const struct authentication *a, struct talk *talk,
			    const struct note *note, struct err *err)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	CLEAN_FD int node_fd = open(note->node, O_RDONLY | O_CLOEXEC);
	struct message_check_fs question = {
		.head = {.type = M_CHECK_FS, .subject = a->subject},
		.bytes = a->verdict.data_blocks * 4096,
	};
	int r;

	if (node_fd < 0)
		return err_sys(err, errno, "%s", note->node);
	r = talk_send(talk, &question, &node_fd, 1, err);
	return r ? r : talk_receive(talk, M_FS_OK, &received, err);
}

int authenticate_signers(struct authentication *a, struct err *err)
{
	struct talk talk;
	int r = talk_open(HELPER_VERIFY, &talk, err);

	if (r)
		return r;
	r = ask_verdict(a, &talk, err);
	r = r ? r : judge_verdict(a, err);
	talk_close(&talk);
	return r;
}

/* A mount descriptor or -errno. noexec for as long as only `compile` looks at it. */
static int map_and_mount(struct authentication *a, struct talk *talk, struct note *note,
			 struct err *err)
{
	uint64_t began = clock_boot_us();
	int r = map_image(&a->verdict, a->file_fd, a->keep != NULL, note, err);

	r = r ? r : check_filesystem(a, talk, note, err);
	if (!r)
		r = map_mount(note, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, err);
	a->map_us = (uint32_t)(clock_boot_us() - began);
	return r;
}

int authenticate_image(struct authentication *a, struct note *note, struct err *err)
{
	struct talk talk;
	int r = talk_open(HELPER_VERIFY, &talk, err);

	if (r)
		return r;
	r = ask_verdict(a, &talk, err);
	r = r ? r : judge_verdict(a, err);
	if (!r) {
		memcpy(note->root_hash, a->verdict.root_hash, sizeof(note->root_hash));
		r = map_and_mount(a, &talk, note, err);
	}
	if (r >= 0 && a->keep)
		*a->keep = talk;
	else
		talk_close(&talk);
	return r;
}
