/*
 * verify: one image, one conversation, then exit. It reads bytes that anybody may have written and
 * says whose keys signed what; it decides nothing. A new process for each image, with its own uid
 * and empty namespaces, so a fault in a parser reaches no other image.
 *
 * launcher: M_VERIFY + image + anchors      -> M_VERDICT or M_VERIFY_REFUSED and exit
 * launcher: M_CHECK_FS + the mapped device  -> M_FS_OK or M_VERIFY_REFUSED
 * launcher: M_CHECK_ALL + the same            -> M_CHECKED ... or M_VERIFY_REFUSED, exit
 * or, instead of all that, what is no verification at all and needs the same lack of rights:
 * launcher: M_APPLY + block file + old + new -> M_CHECKED ... or M_VERIFY_REFUSED, exit
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/program.h"
#include "ipc/channel.h"
#include "trust/apply.h"
#include "trust/filesystem.h"
#include "trust/image.h"
#include "trust/refuse.h"

#define LAUNCHER_FD 3
#define PIECE       ((size_t)256 << 10)
#define TOLD        ((uint64_t)4 << 20)
#define WAIT_MS                                                                                    \
	60000 /* the launcher has its own, shorter deadline: this one only ends a forgotten        \
		 process */

static struct trust_anchors anchors;

static int refuse(const struct channel *c, const struct message_head *asked, const char *step,
		  const struct err *err)
{
	struct message_done m = {.head = *asked, .err = *err};

	m.head.type = M_VERIFY_REFUSED;
	str_join(m.step, sizeof(m.step), step, "", "");
	return channel_send(c, &m, NULL, 0);
}

static int wait_for(const struct channel *c, struct received *received, uint16_t type)
{
	struct err err;
	int r = channel_wait(c, received, WAIT_MS, &err);

	if (r)
		return r;
	return received->message.head.type == type ? 0 : -EPROTO;
}

/* ---- counting */

struct count {
	const struct channel *channel;
	struct message_checked message;
};

/* Of counts before the last one nobody misses any. */
static void tell(void *context, uint64_t done, uint64_t total)
{
	struct count *count = context;

	count->message.head.type = M_CHECKED;
	count->message.bytes = done;
	count->message.total = total;
	(void)channel_send(count->channel, &count->message, NULL, 0);
}

/* Every block, so that dm-verity looks at it. */
static int read_all(int fd, uint64_t total, struct count *count, struct err *err)
{
	static uint8_t buffer[PIECE];
	uint64_t told = 0;

	for (uint64_t at = 0; at < total;) {
		size_t piece = total - at < PIECE ? (size_t)(total - at) : PIECE;
		int r = fd_pread_exact(fd, buffer, piece, at);

		if (r == -EIO)
			return REFUSE(err, EBADMSG, "copy the image again",
				      "content does not match the signed root hash near byte %llu",
				      (unsigned long long)at);
		if (r)
			return err_sys(err, -r, "cannot read the image");
		at += piece;
		/* The last count says that all is good: only once it is. */
		if (at - told >= TOLD || at == total) {
			told = at;
			tell(count, at, total);
		}
	}
	return 0;
}

static int judge(const struct received *received, struct verdict *verdict, struct err *err)
{
	const struct message_verify *m = &received->message.verify;
	struct trust_request request = {
		.arch = m->arch,
		.now_s = m->now_s,
		.check_expiry = m->check_expiry != 0,
		.anchors = &anchors,
	};
	int r;

	if (m->anchors_size != sizeof(anchors))
		return err_set(err, EBADMSG, "trust anchors have the wrong size");
	r = fd_read_sealed(received->fds[1], &anchors, sizeof(anchors));
	if (r)
		return err_sys(err, -r, "cannot read the trust anchors");
	return trust_image_verify(received->fds[0], &request, verdict, err);
}

static int apply(const struct channel *c, const struct received *received)
{
	struct count count = {.channel = c, .message = received->message.checked};
	const struct apply a = {
		.blocks_fd = received->fds[0],
		.old_fd = received->fds[1],
		.new_fd = received->fds[2],
		.size_max = received->message.checked.total,
		.old_root_hash = received->message.checked.old_root_hash,
		.progress = tell,
		.context = &count,
	};
	struct err err = {0};

	if (apply_run(&a, &err))
		return refuse(c, &received->message.head, "delta", &err);
	return 0;
}

/* 1: a verdict was sent and the file system is to be checked next; 0: that was all; -errno. */
static int verify_image(const struct channel *c)
{
	CLEAN_RECEIVED struct received received = {0};
	struct message_verdict answer = {0};
	struct err err = {0};
	int r = channel_wait(c, &received, WAIT_MS, &err);

	if (r)
		return r;
	if (received.message.head.type == M_APPLY)
		return apply(c, &received);
	if (received.message.head.type != M_VERIFY)
		return -EPROTO;
	answer.head = received.message.head;
	answer.head.type = M_VERDICT;
	if (judge(&received, &answer.verdict, &err))
		return refuse(c, &received.message.head, "verify", &err);
	r = channel_send(c, &answer, NULL, 0);
	return r ? r : 1;
}

static int check_filesystem(const struct channel *c)
{
	CLEAN_RECEIVED struct received received = {0};
	struct message_check_fs answer;
	struct err err = {0};
	int r = wait_for(c, &received, M_CHECK_FS);

	if (r)
		return r;
	answer = received.message.check_fs;
	answer.head.type = M_FS_OK;
	if (filesystem_check(received.fds[0], 0, answer.bytes, &err))
		return refuse(c, &received.message.head, "filesystem", &err);
	r = channel_send(c, &answer, NULL, 0);
	return r ? r : 1;
}

static int check_all(const struct channel *c)
{
	CLEAN_RECEIVED struct received received = {0};
	struct count count = {.channel = c};
	struct err err = {0};
	int r = wait_for(c, &received, M_CHECK_ALL);

	if (r)
		return r;
	count.message = received.message.checked;
	if (read_all(received.fds[0], count.message.total, &count, &err))
		return refuse(c, &received.message.head, "content", &err);
	return 0;
}

int PROGRAM_MAIN(int argc, char **argv)
{
	struct channel c = {.fd = LAUNCHER_FD, .self = PEER_VERIFY, .peer = PEER_LAUNCHER};
	int r;

	(void)argc;
	(void)argv;
	log_open(STDERR_FILENO, "verify");
	r = verify_image(&c);
	if (r > 0)
		r = check_filesystem(&c);
	if (r > 0)
		r = check_all(&c);
	if (r == -ECONNRESET) /* the launcher has decided without us, or is gone: it asks again */
		return 0;
	if (r)
		log_line("conversation with the launcher failed: %s", err_text(-r));
	return r ? 1 : 0;
}
