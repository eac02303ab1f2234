#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"

#define GOODBYE_MS 1000

/* Instances of one launcher; the numbers of its predecessor cannot meet them: each life has its own
 * range. */
static uint32_t instances;

static uint32_t next_generation(void)
{
	return (launcher.generation & 0xfffu) << 20 | (++instances & 0xfffffu);
}

int talk_open(enum helper which, struct talk *talk, struct err *err)
{
	struct helper_fds fds = {.count = 1};
	int ends[2];
	int r = channel_pair(ends);

	*talk = (struct talk){.which = which, .channel = {.fd = -1}, .child = CHILD_NONE};
	if (r)
		return err_sys(err, -r, "%s: socket pair", helper_name(which));
	fds.fds[0] = ends[1];
	r = helpers_start(which, next_generation(), &fds, &talk->child, err);
	fd_close(&ends[1]);
	if (r) {
		fd_close(&ends[0]);
		return r;
	}
	talk->channel = (struct channel){
		.fd = ends[0],
		.self = PEER_LAUNCHER,
		.peer = which == HELPER_VERIFY ? PEER_VERIFY : PEER_COMPILE,
	};
	return 0;
}

int talk_send(struct talk *talk, const void *message, const int *fds, int fd_count, struct err *err)
{
	int r = channel_send(&talk->channel, message, fds, fd_count);

	return r ? err_sys(err, -r, "%s took no question", helper_name(talk->which)) : 0;
}

void talk_refuse(const struct talk *talk, const struct err *err)
{
	audit_emit(EVENT_MESSAGE_REFUSED, AUDIT_S(helper_name(talk->which)), AUDIT_S(err->msg));
}

static int refusal(struct talk *talk, struct received *received, struct err *err)
{
	uint16_t type = received->message.head.type;

	if (type == M_VERIFY_REFUSED || type == M_COMPILE_REFUSED) {
		*err = received->message.done.err;
		err_sanitize(err);
		channel_message_close(received);
		return -err->code;
	}
	channel_message_close(received);
	(void)err_set(err, EPROTO, "%s answered out of turn with %s", helper_name(talk->which),
		      message_name(type));
	talk_refuse(talk, err);
	return -EPROTO;
}

int talk_receive(struct talk *talk, uint16_t wanted, struct received *received, struct err *err)
{
	int r = channel_wait(&talk->channel, received, ANSWER_MS, err);

	if (r == -ECONNRESET)
		return err_set(err, ECONNRESET, "%s died before it answered",
			       helper_name(talk->which));
	if (r == -EBADMSG)
		talk_refuse(talk, err);
	if (r)
		return r;
	if (received->message.head.type != wanted)
		return refusal(talk, received, err);
	return 0;
}

/* It was asked nothing more, so nothing more may have come. */
static void check_silence(struct talk *talk)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct err err = {0};
	int r = channel_receive(&talk->channel, &received, &err);

	if (!r)
		(void)err_set(&err, EPROTO, "%s says %s, which nobody asked for",
			      helper_name(talk->which), message_name(received.message.head.type));
	if (!r || r == -EBADMSG)
		talk_refuse(talk, &err);
}

void talk_kill(struct talk *talk)
{
	if (talk->child.pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, talk->child.pidfd, SIGKILL, NULL, 0);
}

void talk_close(struct talk *talk)
{
	char cgroup[32];
	struct pollfd end = {.fd = talk->child.pidfd, .events = POLLIN};

	if (talk->channel.fd >= 0)
		check_silence(talk);
	fd_close(&talk->channel.fd);
	if (talk->child.pidfd < 0)
		return;
	/* It ends when the link does; whoever does not is stopped. */
	if (poll(&end, 1, GOODBYE_MS) != 1) {
		(void)syscall(SYS_pidfd_send_signal, talk->child.pidfd, SIGKILL, NULL, 0);
		(void)poll(&end, 1, GOODBYE_MS);
	}
	sandbox_child_close(&talk->child);
	str_join(cgroup, sizeof(cgroup), "helpers/", helper_name(talk->which), "");
	process_sweep(cgroup);
}
