#include "control_client.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "ipc/channel.h"
#include "privilege.h"

int control_connect(const char *path, enum peer peer, struct err *err)
{
	const char *who = peer_name(peer);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(err, errno, "cannot make a socket");
	str_join(address.sun_path, sizeof(address.sun_path), path, "", "");
	/* Non-blocking: a full backlog means that nobody has accepted for a while, and then waiting
	 * here would be for ever. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		int code = errno;

		(void)err_sys(err, code, "cannot reach the %s", who);
		return err_hint(err, code == EACCES ? "only root may ask it"
						    : "it is started by init: try again");
	}
	return take_fd(&fd);
}

void control_make_printable(union message *m)
{
	if (m->head.type == M_ROW_SERVICE) {
		str_sanitize(m->row_service.name, sizeof(m->row_service.name));
		str_sanitize(m->row_service.version, sizeof(m->row_service.version));
		str_sanitize(m->row_service.state, sizeof(m->row_service.state));
		str_sanitize(m->row_service.health, sizeof(m->row_service.health));
		if (m->row_service.why.code)
			err_sanitize(&m->row_service.why);
	} else if (m->head.type == M_ROW_IMAGE) {
		str_sanitize(m->row_image.name, sizeof(m->row_image.name));
		str_sanitize(m->row_image.version, sizeof(m->row_image.version));
		str_sanitize(m->row_image.state, sizeof(m->row_image.state));
		str_sanitize(m->row_image.why, sizeof(m->row_image.why));
	} else if (m->head.type == M_ROW_TEXT) {
		str_sanitize(m->row_text.key, sizeof(m->row_text.key));
		str_sanitize(m->row_text.value, sizeof(m->row_text.value));
	} else if (m->head.type == M_ROW_CHECK) {
		str_sanitize(m->row_check.service, sizeof(m->row_check.service));
		str_sanitize(m->row_check.item, sizeof(m->row_check.item));
		str_sanitize(m->row_check.guide, sizeof(m->row_check.guide));
		str_sanitize(m->row_check.cis, sizeof(m->row_check.cis));
		str_sanitize(m->row_check.text, sizeof(m->row_check.text));
	} else if (m->head.type == M_END && m->end.err.code) {
		err_sanitize(&m->end.err);
	}
}

static int receive_all(const struct channel *channel, const struct control_question *question,
		       struct err *err)
{
	for (;;) {
		struct received received;
		int r = channel_wait(channel, &received, question->patience_ms, err);

		if (r == -ECONNRESET) {
			(void)err_set(err, ECONNRESET, "the %s went away before it had answered",
				      peer_name(channel->peer));
			(void)err_hint(err, "init starts it again: repeat the command");
		}
		if (r)
			return EXIT_AWAY;
		control_make_printable(&received.message);
		if (received.message.head.type == M_END) {
			*err = received.message.end.err;
			return received.message.end.exit;
		}
		if (question->row)
			question->row(question->context, &received.message);
	}
}

int control_exchange(const struct control_exchange *x, const struct control_question *question,
		     struct err *err)
{
	CLEAN_FD int fd = control_connect(x->path, x->peer, err);
	struct channel channel = {.fd = fd, .self = PEER_CONTROL, .peer = x->peer};

	if (fd < 0)
		return EXIT_AWAY;
	if (privilege_drop(err))
		return EXIT_FAILED;
	if (channel_send(&channel, x->message, &x->value_fd, x->value_fd >= 0)) {
		(void)err_set(err, EPIPE, "the %s hung up", peer_name(x->peer));
		return EXIT_AWAY;
	}
	return receive_all(&channel, question, err);
}

int control_ask_number(const struct control_question *question, uint64_t number, struct err *err)
{
	struct message_control m = {.head = {.type = M_CONTROL, .subject = SUBJECT_NONE},
				    .verb = question->verb,
				    .number = number};

	if (str_copy(m.name, sizeof(m.name), question->name)) {
		(void)err_set(err, EINVAL, "no service has a name that long");
		return EXIT_UNKNOWN;
	}
	return control_exchange(
		&(const struct control_exchange){CONTROL_PATH, PEER_SUPERVISOR, &m, -1}, question,
		err);
}

int control_ask(const struct control_question *question, struct err *err)
{
	return control_ask_number(question, 0, err);
}
