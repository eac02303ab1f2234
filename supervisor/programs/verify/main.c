/*
 * verify: one image, one conversation, then exit. It reads bytes that anybody may have written and
 * says whose keys signed what; it decides nothing. A new process for each image, with its own uid
 * and empty namespaces, so a fault in a parser reaches no other image.
 *
 * launcher: M_VERIFY + image + anchors      -> M_VERDICT or M_VERIFY_REFUSED and exit
 * launcher: M_CHECK_FS + the mapped device  -> M_FS_OK or M_VERIFY_REFUSED, exit
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "trust/filesystem.h"
#include "trust/image.h"

#define LAUNCHER_FD 3
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

/* 1: a verdict was sent and the file system is to be checked next; 0: refused; -errno. */
static int verify_image(const struct channel *c)
{
	CLEAN_RECEIVED struct received received = {0};
	struct message_verdict answer = {0};
	struct err err = {0};
	int r = wait_for(c, &received, M_VERIFY);

	if (r)
		return r;
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
	return channel_send(c, &answer, NULL, 0);
}

int main(void)
{
	struct channel c = {.fd = LAUNCHER_FD, .self = PEER_VERIFY, .peer = PEER_LAUNCHER};
	int r;

	log_open(STDERR_FILENO, "verify");
	r = verify_image(&c);
	if (r > 0)
		r = check_filesystem(&c);
	if (r == -ECONNRESET) /* the launcher has decided without us, or is gone: it asks again */
		return 0;
	if (r)
		log_line("conversation with the launcher failed: %s", err_text(-r));
	return r ? 1 : 0;
}
