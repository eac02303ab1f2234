/*
 * The harness's hand in the guest. It stands at /init of the initramfs; the untouched init lies at
 * /tests/init. It forks once: the parent becomes init, as PID 1 and with the arguments the kernel
 * gave; the child serves the virtio-serial port. Neither init nor any program of the product knows
 * of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

static int port_fd = -1;

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

void answer_add(struct answer *answer, const void *bytes, size_t size)
{
	if (size == 0 || answer->size + size > FRAME_MAX)
		return;
	if (answer->size + size > answer->room) {
		size_t room = answer->room * 2 + size + 256;
		char *grown = realloc(answer->bytes, room);

		if (!grown)
			return;
		answer->bytes = grown;
		answer->room = room;
	}
	memcpy(answer->bytes + answer->size, bytes, size);
	answer->size += size;
}

void answer_text(struct answer *answer, const char *format, ...)
{
	char line[4096];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (length > 0)
		answer_add(answer, line,
			   (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

void answer_free(struct answer *answer)
{
	free(answer->bytes);
	memset(answer, 0, sizeof(*answer));
}

static void pause_ms(unsigned int ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&time, NULL);
}

static void write_all(const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t done = write(port_fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			pause_ms(5);
			continue;
		}
		at += done;
		size -= (size_t)done;
	}
}

void port_send(uint32_t id, enum op op, int value, const struct answer *answer)
{
	struct frame head = {
		.size = answer ? (uint32_t)answer->size : 0, .id = id, .op = op, .value = value};

	write_all(&head, sizeof(head));
	if (head.size)
		write_all(answer->bytes, answer->size);
}

/* Blocks until all is there: the harness never sends half a frame and waits. */
static void read_all(void *bytes, size_t size)
{
	char *at = bytes;

	while (size > 0) {
		ssize_t done = read(port_fd, at, size);

		if (done > 0) {
			at += done;
			size -= (size_t)done;
		} else {
			pause_ms(5);
		}
	}
}

static void split_words(char *body, size_t size, struct words *words)
{
	size_t at = 0;

	memset(words, 0, sizeof(*words));
	while (at < size && words->count < WORDS_MAX) {
		words->offset[words->count] = at;
		words->word[words->count++] = body + at;
		at += strlen(body + at) + 1;
	}
}

static int write_file(char *body, size_t size, const struct words *words)
{
	size_t start = strlen(words->word[0]) + 1;

	return start > size ? EINVAL : files_write(words->word[0], body + start, size - start);
}

static unsigned int number(const struct words *words, size_t index)
{
	return index < words->count ? (unsigned int)strtoul(words->word[index], NULL, 10) : 0;
}

static void serve(const struct frame *head, char *body)
{
	struct answer answer = {0};
	struct words words;
	int result = EINVAL;

	split_words(body, head->size, &words);
	if (head->op == OP_PROCS) {
		result = procs_list(&answer);
	} else if (words.count == 0) {
		result = EINVAL;
	} else if (head->op == OP_RUN || head->op == OP_HUNT) {
		result = head->op == OP_RUN ? jobs_start(head->id, &words, head->value)
					    : jobs_hunt(head->id, &words, head->value);
		if (result == 0)
			return; /* answered when it ends */
	} else if (head->op == OP_KILL) {
		result = procs_kill(words.word[0], number(&words, 1), head->value, &answer);
	} else if (head->op == OP_READ) {
		result = files_read(words.word[0], &answer);
	} else if (head->op == OP_WRITE) {
		result = write_file(body, head->size, &words);
	} else if (head->op == OP_LIST) {
		result = files_list(words.word[0], &answer);
	} else if (head->op == OP_LINK) {
		result = files_link(words.word[0], &answer);
	}
	port_send(head->id, (enum op)head->op, result, &answer);
	answer_free(&answer);
}

static void take_request(void)
{
	struct frame head;
	char *body;

	read_all(&head, sizeof(head));
	body = head.size <= FRAME_MAX ? malloc((size_t)head.size + 1) : NULL;
	if (!body)
		_exit(1);
	read_all(body, head.size);
	body[head.size] = 0;
	serve(&head, body);
	free(body);
}

static void serve_for_ever(void)
{
	struct pollfd polls[1 + JOBS_MAX * JOB_POLLS];

	for (;;) {
		int wait_ms = jobs_step();
		size_t count = 1 + jobs_poll(polls + 1);

		polls[0] = (struct pollfd){.fd = port_fd, .events = POLLIN};
		if (poll(polls, count, wait_ms) > 0 && (polls[0].revents & POLLIN))
			take_request();
	}
}

/*
 * A mount of @type that is attached nowhere: what init does with its own mounts cannot take it
 * away, and it is in nobody's mount table.
 */
static int detached(const char *type)
{
	int context = (int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
	int mount_fd;

	if (context < 0)
		return -1;
	syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
	mount_fd = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
	close(context);
	return mount_fd;
}

static int open_port_in(int dev_fd)
{
	int copy = openat(dev_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "vport", 5) == 0)
			fd = openat(dev_fd, entry->d_name, O_RDWR | O_CLOEXEC);
	if (dir)
		closedir(dir);
	return fd;
}

/* The port appears when init has loaded the driver. */
static void wait_for_port(void)
{
	int dev_fd = -1;

	while (port_fd < 0) {
		if (dev_fd < 0)
			dev_fd = detached("devtmpfs");
		port_fd = dev_fd < 0 ? -1 : open_port_in(dev_fd);
		if (port_fd < 0)
			pause_ms(10);
	}
	close(dev_fd);
}

/*
 * Until init has moved its tmpfs over the initramfs, "/" and "/.." are one directory. Afterwards
 * ".." at the root steps onto the mount that lies on top: init's root.
 */
static void enter_final_root(void)
{
	struct stat old, top, proc;

	for (;;) {
		if (stat("/", &old) == 0 && stat("/..", &top) == 0 && old.st_dev != top.st_dev &&
		    stat("/../proc/self/stat", &proc) == 0)
			break;
		pause_ms(10);
	}
	if (chroot("/..") != 0 || chdir("/") != 0)
		_exit(1);
}

static void agent(void)
{
	struct answer answer = {0};
	struct utsname name;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	wait_for_port();
	enter_final_root();
	uname(&name);
	answer_text(&answer, "%s", name.release);
	port_send(0, OP_HELLO, 0, &answer);
	answer_free(&answer);
	serve_for_ever();
}

int main(int argc, char **argv, char **environment)
{
	pid_t child = fork();

	(void)argc;
	if (child == 0) {
		agent();
		return 1;
	}
	execve("/tests/init", argv, environment);
	return 1;
}
