/* The stream of `image install`: a file or standard input into a pipe that the launcher empties. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "control_client.h"
#include "image_device.h"
#include "ipc/channel.h"
#include "privilege.h"

#define SILENCE_MS 120000 /* the launcher gives up earlier and says so */

struct sending {
	const struct image_stream *s;
	struct channel channel;
	int from_fd;
	int pipe_fd; /* -1: all is sent, or the launcher wants no more */
	bool begun;
	uint64_t skip; /* of a stream that cannot seek: what is there already */
	uint64_t sent; /* offset in the whole file */
	size_t used;   /* of buffer */
	size_t at;
	int exit_code; /* -1: not over */
};

static uint8_t buffer[65536];

/* NAME of NAME_VERSION_ARCH.raw. */
static int choose_name(const struct image_stream *s, char name[NAME_SIZE], struct err *err)
{
	const char *base = strrchr(s->file, '/');
	const char *end;

	if (s->name)
		return str_copy(name, NAME_SIZE, s->name)
			       ? err_set(err, EINVAL, "no service has a name that long")
			       : 0;
	base = base ? base + 1 : s->file;
	end = strchr(base, '_');
	if (!end || (size_t)(end - base) >= NAME_SIZE)
		return err_set(err, EINVAL, "whose image is it? --name NAME");
	memcpy(name, base, (size_t)(end - base));
	name[end - base] = '\0';
	return 0;
}

static int open_source(struct sending *x, uint64_t *size, struct err *err)
{
	struct stat st;

	*size = 0;
	x->from_fd = str_equal(x->s->file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						: open(x->s->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (x->from_fd < 0 || fstat(x->from_fd, &st))
		return err_sys(err, errno, "%s", x->s->file);
	if (S_ISREG(st.st_mode) && !(x->s->flags & IMAGE_DELTA))
		*size = (uint64_t)st.st_size;
	return 0;
}

static int ask(struct sending *x, struct err *err)
{
	struct message_image_install m = {
		.head = {.type = M_IMAGE_INSTALL, .subject = SUBJECT_NONE}, .flags = x->s->flags};
	CLEAN_FD int read_fd = -1;
	int ends[2];
	int r = choose_name(x->s, m.name, err);

	r = r ? r : open_source(x, &m.size, err);
	if (r)
		return EXIT_USAGE;
	x->channel.fd = control_connect(IMAGES_PATH, PEER_LAUNCHER, err);
	if (x->channel.fd < 0)
		return EXIT_AWAY;
	if (privilege_drop(err))
		return EXIT_FAILED;
	if (pipe2(ends, O_CLOEXEC)) {
		(void)err_sys(err, errno, "pipe");
		return EXIT_FAILED;
	}
	read_fd = ends[0];
	x->pipe_fd = ends[1];
	(void)fcntl(x->pipe_fd, F_SETFL, O_NONBLOCK);
	if (channel_send(&x->channel, &m, &read_fd, 1)) {
		(void)err_set(err, EPIPE, "the launcher hung up");
		return EXIT_AWAY;
	}
	return EXIT_OK;
}

static void show(const struct sending *x, const struct message_image_progress *m)
{
	static const char *const words[] = {"copying", "checking"};
	const char *word = words[m->phase == IMAGE_CHECKING];

	if (!x->s->json) {
		terminal_progress(word, m->done, m->total);
		return;
	}
	(void)printf("{\"event\":\"%s\",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}\n", word,
		     m->done, m->total);
	(void)fflush(stdout);
}

static void begin(struct sending *x, uint64_t start)
{
	x->begun = true;
	x->sent = start;
	if (start && lseek(x->from_fd, (off_t)start, SEEK_SET) < 0)
		x->skip = start;
}

static void finish(struct sending *x)
{
	struct message_image_sent m = {.head = {.type = M_IMAGE_SENT, .subject = SUBJECT_NONE},
				       .size = x->sent};

	fd_close(&x->pipe_fd);
	(void)channel_send(&x->channel, &m, NULL, 0);
}

/* 0 or -errno of the source; the launcher's refusal is no error here: it says why. */
static int pump(struct sending *x)
{
	ssize_t n;

	if (x->at == x->used) {
		n = read(x->from_fd, buffer, sizeof(buffer));
		if (n < 0)
			return errno == EINTR || errno == EAGAIN ? 0 : -errno;
		if (n == 0) {
			finish(x);
			return 0;
		}
		x->used = (size_t)n;
		x->at = x->skip < x->used ? (size_t)x->skip : x->used;
		x->skip -= x->at;
		return 0;
	}
	n = write(x->pipe_fd, buffer + x->at, x->used - x->at);
	if (n > 0) {
		x->at += (size_t)n;
		x->sent += (uint64_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		fd_close(&x->pipe_fd);
	}
	return 0;
}

static void take(struct sending *x, union message *m, struct err *err)
{
	control_make_printable(m);
	if (m->head.type == M_IMAGE_PROGRESS) {
		if (!x->begun)
			begin(x, m->image_progress.done);
		show(x, &m->image_progress);
	} else if (m->head.type == M_ROW_TEXT && x->s->json) {
		(void)printf("{\"event\":\"%s\",\"version\":\"%s\"}\n", m->row_text.key,
			     m->row_text.value);
	} else if (m->head.type == M_ROW_TEXT) {
		(void)printf("%s %s\n", m->row_text.key, m->row_text.value);
	} else if (m->head.type == M_END) {
		*err = m->end.err;
		x->exit_code = m->end.exit;
	}
}

static int turn(struct sending *x, struct err *err)
{
	bool empty = x->at == x->used;
	bool sends = x->begun && x->pipe_fd >= 0;
	struct pollfd fds[2] = {
		{.fd = x->channel.fd, .events = POLLIN},
		{.fd = !sends  ? -1
		       : empty ? x->from_fd
			       : x->pipe_fd,
		 .events = empty ? POLLIN : POLLOUT},
	};
	struct received received;
	int n = poll(fds, 2, SILENCE_MS);
	int r;

	if (n == 0)
		return err_set(err, ETIMEDOUT, "the launcher says nothing");
	if (n < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "poll");
	if (fds[1].revents) {
		r = pump(x);
		if (r)
			return err_sys(err, -r, "%s", x->s->file);
	}
	if (!fds[0].revents)
		return 0;
	r = channel_receive(&x->channel, &received, err);
	if (r == 0)
		take(x, &received.message, err);
	else if (r == -ECONNRESET)
		(void)err_set(err, ECONNRESET, "the launcher went away: repeat it with --resume");
	return r == -EAGAIN ? 0 : r;
}

static void say_failed(const struct sending *x, const struct err *err)
{
	if (!x->s->json || !err->code)
		return;
	/* Printable by now; quotes would end the text. */
	(void)printf("{\"event\":\"failed\",\"reason\":\"");
	for (const char *at = err->msg; *at; at++)
		(void)printf(*at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
	(void)printf("\"}\n");
}

int image_send(const struct image_stream *s, struct err *err)
{
	struct sending x = {.s = s,
			    .channel = {.fd = -1, .self = PEER_CONTROL, .peer = PEER_LAUNCHER},
			    .from_fd = -1,
			    .pipe_fd = -1,
			    .exit_code = -1};
	sigset_t broken;
	int exit_code;

	(void)sigemptyset(&broken);
	(void)sigaddset(&broken, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &broken, NULL);
	exit_code = ask(&x, err);
	while (exit_code == EXIT_OK && x.exit_code < 0)
		if (turn(&x, err))
			exit_code = EXIT_AWAY;
	if (exit_code == EXIT_OK)
		exit_code = x.exit_code;
	if (exit_code != EXIT_OK)
		say_failed(&x, err);
	fd_close(&x.pipe_fd);
	fd_close(&x.from_fd);
	fd_close(&x.channel.fd);
	return exit_code;
}
