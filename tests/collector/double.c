/*
 * A double for init and launcher, so that the real recorder and shipper can be tested against a
 * real collector on one machine: makes the rings, starts both programs with their start descriptors
 * in a root of their own, starts them again whenever they die, connects sockets, writes records and
 * service output as told on standard input. One JSON line answers each command.
 *
 * double ROOT RECORDER SHIPPER PORT BOOT-ID [AUDITOR [FIRMWARE]]
 *
 * limit RATE BURST drop|block (before start) | records N RATE | raw TEXT | hex BYTES | output N
 * RATE SIZE | wait | kill recorder|shipper | stop recorder|shipper | hold recorder | mark | rewind
 * | deafen | part TEXT | start recorder|shipper | status
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "ipc/channel.h"
#include "policy/policy.h"

#define RINGS 3

struct child {
	const char *path;
	const char *name;
	pid_t pid;
	unsigned int generation;
	bool wanted;
	struct channel link;
};

static struct {
	const char *root;
	const char *boot;
	const char *auditor;
	const char *firmware;
	uint16_t port;
	int ring[RINGS];
	int ring_ro[RINGS];
	int cursor[RINGS];
	int bell[RINGS][2];
	struct ring_producer producer[RINGS];
	int policy_fd;
	int output[2];
	struct child recorder;
	struct child shipper;
	uint64_t records_left, records_rate, records_done;
	uint64_t output_left, output_rate, output_done, output_size;
	uint64_t start_ms;
	uint64_t marked[RINGS];
	uint32_t rate;
	uint32_t burst;
	uint8_t overflow;
	char rest[32768];
	size_t rest_size;
} d;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void make_rings(void)
{
	for (int i = 0; i < RINGS; i++) {
		if (ring_create(&d.ring[i], &d.cursor[i]) ||
		    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, d.bell[i]))
			die("rings");
		d.ring_ro[i] = ring_read_only(d.ring[i]);
		if (ring_producer_open(&d.producer[i], d.ring[i], d.cursor[i], d.bell[i][0]))
			die("producer");
	}
}

static void make_policy(void)
{
	static struct device_policy p = {
		.magic = DEVICE_MAGIC, .size = sizeof(p), .name = "gateway"};

	p.audit_max_size = 10u << 20;
	p.audit_max_file = 8;
	p.syslog.configured = true;
	p.syslog.port = d.port;
	(void)str_copy(p.syslog.address, sizeof(p.syslog.address), "127.0.0.1");
	(void)str_copy(p.syslog.name, sizeof(p.syslog.name), "collector");
	(void)str_copy(p.syslog.ca, sizeof(p.syslog.ca), "collector-ca.pem");
	(void)str_copy(p.syslog.cert, sizeof(p.syslog.cert), "client.pem");
	(void)str_copy(p.syslog.key, sizeof(p.syslog.key), "client.key");
	d.policy_fd = fd_sealed_memfd("device-policy", &p, sizeof(p));
}

/* In the child: @fds become 3, 4, ...; everything else is close-on-exec. */
static void place_fds(const int *fds, int count)
{
	int high[16];

	for (int i = 0; i < count; i++)
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < count; i++)
		if (dup2(high[i], 3 + i) < 0)
			_exit(126);
}

static void run(struct child *h, const int *fds, int count)
{
	char generation[16];
	const char *argv[] = {h->name, generation, d.boot,    d.firmware,
			      "7",     "quiet ro", d.auditor, NULL};
	char *envp[] = {NULL};
	int program = open(h->path, O_RDONLY | O_CLOEXEC);

	(void)snprintf(generation, sizeof(generation), "%u", ++h->generation);
	h->pid = fork();
	if (h->pid) {
		fd_close(&program);
		return;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	program = fcntl(program, F_DUPFD_CLOEXEC, 200);
	place_fds(fds, count);
	if (geteuid() != 0 && unshare(CLONE_NEWUSER))
		_exit(125);
	if (chroot(d.root) || chdir("/"))
		_exit(124);
	if (h == &d.shipper)
		argv[3] = NULL;
	(void)fexecve(program, (char **)(uintptr_t)argv, envp);
	_exit(127);
}

/* A new link with @h as peer; returns the helper's end. */
static int new_link(struct child *h, enum peer peer)
{
	int pair[2];

	fd_close(&h->link.fd);
	if (channel_pair(pair))
		die("pair");
	h->link = (struct channel){.fd = pair[0], .self = PEER_LAUNCHER, .peer = peer};
	return pair[1];
}

static void send_output(void)
{
	struct message_output m = {
		.head = {.type = M_OUTPUT, .subject = SUBJECT_OF_SERVICE(0), .generation = 1},
		.stream = STREAM_STDOUT,
		.name = "web",
		.rate = d.rate ? d.rate : 100000,
		.burst = d.burst ? d.burst : 200000,
		.facility = 3,
		.overflow = d.overflow,
		.max_size = 50u << 20,
		.max_file = 3};

	if (d.recorder.link.fd >= 0)
		(void)channel_send(&d.recorder.link, &m, &d.output[0], 1);
}

static void link_both(void)
{
	struct message_plain to_recorder = {.head.type = M_LINK_SHIPPER};
	struct message_plain to_shipper = {.head.type = M_LINK_RECORDER};
	int pair[2];

	if (d.recorder.link.fd < 0 || d.shipper.link.fd < 0 || channel_pair(pair))
		return;
	(void)channel_send(&d.recorder.link, &to_recorder, &pair[0], 1);
	(void)channel_send(&d.shipper.link, &to_shipper, &pair[1], 1);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void start_recorder(void)
{
	int end = new_link(&d.recorder, PEER_RECORDER);
	int fds[11] = {end,          d.ring_ro[0], d.cursor[0],  d.bell[0][1],
		       d.ring_ro[1], d.cursor[1],  d.bell[1][1], d.ring_ro[2],
		       d.cursor[2],  d.bell[2][1], d.policy_fd};

	run(&d.recorder, fds, 11);
	fd_close(&end);
	d.recorder.wanted = true;
	send_output();
	link_both();
}

static void start_shipper(void)
{
	int end = new_link(&d.shipper, PEER_SHIPPER);
	int fds[2] = {end, d.policy_fd};

	run(&d.shipper, fds, 2);
	fd_close(&end);
	d.shipper.wanted = true;
	link_both();
}

static void dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(d.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct message_plain m = {.head.type = M_DIALED};
	CLEAN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS) {
		struct message_done failed = {.head.type = M_DIAL_FAILED};

		(void)err_sys(&failed.err, errno, "connect");
		(void)channel_send(&d.shipper.link, &failed, NULL, 0);
		return;
	}
	(void)channel_send(&d.shipper.link, &m, &fd, 1);
}

static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (pid == d.recorder.pid) {
			d.recorder.pid = 0;
			if (d.recorder.wanted)
				start_recorder();
		} else if (pid == d.shipper.pid) {
			d.shipper.pid = 0;
			if (d.shipper.wanted)
				start_shipper();
		}
	}
}

static uint64_t due(uint64_t rate, uint64_t done)
{
	uint64_t wanted = (clock_monotonic_ms() - d.start_ms) * rate / 1000;

	return wanted > done ? wanted - done : 0;
}

/* The pipe is full while there is no recorder: what did not go in is kept. */
static bool write_rest(void)
{
	ssize_t n = d.rest_size ? write(d.output[1], d.rest, d.rest_size) : 0;

	if (n < 0)
		return false;
	d.rest_size -= (size_t)n;
	memmove(d.rest, d.rest + n, d.rest_size);
	return d.rest_size == 0;
}

static void produce(void)
{
	uint64_t count = due(d.records_rate, d.records_done);
	char *line = d.rest;

	for (; count && d.records_left; count--, d.records_left--, d.records_done++) {
		audit_open(&d.producer[d.records_done % RINGS]);
		audit_emit(EVENT_STATE, AUDIT_S("web"), AUDIT_N(d.records_done),
			   AUDIT_S("starting"), AUDIT_S("running"),
			   AUDIT_S("because \"it\" ] was \\ told"));
	}
	count = due(d.output_rate, d.output_done);
	if (!write_rest())
		return;
	for (; count && d.output_left; count--) {
		int size = snprintf(line, sizeof(d.rest), "line %llu ",
				    (unsigned long long)d.output_done);

		while (size < (int)d.output_size)
			line[size] = (char)('a' + size % 26), size++;
		line[size++] = '\n';
		d.rest_size = (size_t)size;
		d.output_left--;
		d.output_done++;
		if (!write_rest())
			return;
	}
}

/* Pid 0 would be everybody in our group. */
static void signal_helper(const struct child *h, int number)
{
	if (h->pid > 0)
		(void)kill(h->pid, number);
}

static struct child *helper_of(const char *name)
{
	return strcmp(name, "recorder") == 0 ? &d.recorder : &d.shipper;
}

static void status(void)
{
	printf("{\"recorder\":%d,\"shipper\":%d,\"put\":[%llu,%llu,%llu],\"dropped\":[%llu,%llu,%"
	       "llu],\"left\":%llu,\"output\":%llu}\n",
	       d.recorder.pid, d.shipper.pid, (unsigned long long)d.producer[0].number,
	       (unsigned long long)d.producer[1].number, (unsigned long long)d.producer[2].number,
	       (unsigned long long)d.producer[0].drops[0],
	       (unsigned long long)d.producer[1].drops[0],
	       (unsigned long long)d.producer[2].drops[0],
	       (unsigned long long)(d.records_left + d.output_left),
	       (unsigned long long)d.output_done);
	(void)fflush(stdout);
}

/* A line of any bytes; the pipe may be too small for it at once. */
static void write_hex(const char *text)
{
	size_t size = strlen(text) / 2;
	char *line = malloc(size + 1);

	for (size_t i = 0; i < size; i++) {
		unsigned int byte = 0;

		(void)sscanf(text + 2 * i, "%2x", &byte);
		line[i] = (char)byte;
	}
	line[size++] = '\n';
	for (size_t at = 0; at < size;) {
		ssize_t n = write(d.output[1], line + at, size - at);

		if (n > 0)
			at += (size_t)n;
		else
			(void)poll(NULL, 0, 5);
	}
	free(line);
}

static void command(const char *text)
{
	char name[32] = "";
	unsigned long long a, b, c;

	if (sscanf(text, "records %llu %llu", &a, &b) == 2) {
		d.records_left = a;
		d.records_rate = b;
		d.records_done = 0;
		d.start_ms = clock_monotonic_ms();
	} else if (sscanf(text, "output %llu %llu %llu", &a, &b, &c) == 3) {
		d.output_left = a;
		d.output_rate = b;
		d.output_size = c < 32000 ? c : 32000;
		d.output_done = 0;
		d.start_ms = clock_monotonic_ms();
	} else if (sscanf(text, "kill %31s", name) == 1) {
		signal_helper(helper_of(name), SIGKILL);
	} else if (sscanf(text, "stop %31s", name) == 1) {
		helper_of(name)->wanted = false;
		signal_helper(helper_of(name), SIGTERM);
	} else if (sscanf(text, "limit %llu %llu %31s", &a, &b, name) == 3) {
		d.rate = (uint32_t)a;
		d.burst = (uint32_t)b;
		d.overflow = strcmp(name, "block") == 0 ? OVERFLOW_BLOCK : OVERFLOW_DROP;
	} else if (strcmp(text, "hold recorder") == 0) {
		d.recorder.wanted = false;
		signal_helper(&d.recorder, SIGKILL);
	} else if (strcmp(text, "deafen") == 0) {
		for (int i = 0; i < RINGS; i++)
			(void)shutdown(d.bell[i][1], SHUT_RD);
	} else if (strcmp(text, "mark") == 0) {
		for (int i = 0; i < RINGS; i++)
			(void)pread(d.cursor[i], &d.marked[i], sizeof(d.marked[i]), 0);
	} else if (strcmp(text, "rewind") == 0) {
		for (int i = 0; i < RINGS; i++)
			(void)pwrite(d.cursor[i], &d.marked[i], sizeof(d.marked[i]), 0);
	} else if (strncmp(text, "part ", 5) == 0) {
		(void)dprintf(d.output[1], "%s", text + 5);
	} else if (strncmp(text, "hex ", 4) == 0) {
		write_hex(text + 4);
	} else if (strncmp(text, "raw ", 4) == 0) {
		(void)dprintf(d.output[1], "%s\n", text + 4);
	} else if (strcmp(text, "start recorder") == 0) {
		start_recorder();
	} else if (strcmp(text, "start shipper") == 0) {
		start_shipper();
	} else if (strcmp(text, "quit") == 0) {
		exit(0);
	}
	status();
}

static void read_commands(void)
{
	static char buffer[1 << 18];
	static size_t used;
	ssize_t n = read(0, buffer + used, sizeof(buffer) - 1 - used);
	char *end;

	if (n <= 0)
		exit(0);
	used += (size_t)n;
	while ((end = memchr(buffer, '\n', used))) {
		*end = '\0';
		command(buffer);
		used -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, used);
	}
}

static void turn(void)
{
	bool busy = d.records_left || d.output_left;
	struct pollfd fds[] = {{.fd = 0, .events = POLLIN},
			       {.fd = d.shipper.link.fd, .events = POLLIN}};
	struct received in;

	(void)poll(fds, 2, busy ? 2 : 50);
	if (fds[0].revents)
		read_commands();
	if (d.shipper.link.fd >= 0 && channel_receive(&d.shipper.link, &in, NULL) == 0) {
		if (in.message.head.type == M_DIAL)
			dial();
		channel_message_close(&in);
	}
	reap();
	produce();
}

int main(int argc, char **argv)
{
	if (argc < 6 || argc > 8)
		return 2;
	d.root = argv[1];
	d.recorder = (struct child){.path = argv[2], .name = "recorder", .link.fd = -1};
	d.shipper = (struct child){.path = argv[3], .name = "shipper", .link.fd = -1};
	d.port = (uint16_t)strtoul(argv[4], NULL, 10);
	d.boot = argv[5];
	d.auditor = argc > 6 ? argv[6] : "-";
	d.firmware = argc > 7 ? argv[7] : "1767225600";
	(void)signal(SIGPIPE, SIG_IGN);
	make_rings();
	make_policy();
	if (pipe2(d.output, O_CLOEXEC) || fcntl(d.output[1], F_SETFL, O_NONBLOCK))
		die("pipe");
	for (;;)
		turn();
}
