/*
 * A double for init and launcher: makes the rings, starts recorder and shipper in their root, again
 * whenever they die, writes as told on standard input. One JSON line answers each command.
 *
 * double ROOT RECORDER SHIPPER PORT[,PORT...] BOOT-ID [AUDITOR [FIRMWARE]]
 *
 * urgent N | single (before start), both, device log | patient | limit RATE BURST drop|block,
 * context JSON, local (before start) | records N RATE | raw TEXT | hex BYTES | syslog HEX |
 * output|other N RATE SIZE | kernel | kill|stop|start HELPER | hold recorder | mark | rewind |
 * deafen | part TEXT | resend N | status
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
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
#include "printer.h"

#define RINGS    3
#define PRINTERS 2 /* services that print: web, other */

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
	uint16_t ports[DEVICE_COLLECTORS_MAX];
	uint32_t port_count;
	int ring[RINGS];
	int ring_ro[RINGS];
	int cursor[RINGS];
	int bell[RINGS][2];
	struct ring_producer producer[RINGS];
	int policy_fd;
	struct printer printers[PRINTERS];
	int kernel_fd;     /* audit netlink, -1: not asked for */
	int device_log[2]; /* of the first: the recorder's end, the service's */
	struct child recorder;
	struct child shipper;
	uint64_t records_left, records_rate, records_done;
	uint64_t start_ms;
	uint64_t marked[RINGS];
	uint32_t rate;
	uint32_t burst;
	uint8_t overflow;
	bool local;
	bool patient;
	bool single;                    /* the second service is not there yet */
	struct message_context context; /* of the first service; empty: none */
} d;

/* With it the fields of a record take about 200 bytes. */
static const char long_reason[] =
	"because of something that takes a hundred bytes to say, as reasons of programs often do, "
	"and then some more";

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
	p.audit_max_file = (uint32_t)atoi(getenv("DOUBLE_SEGMENTS") ?: "8");
	p.syslog.configured = true;
	for (p.syslog.count = 0; p.syslog.count < d.port_count; p.syslog.count++) {
		p.syslog.at[p.syslog.count].port = d.ports[p.syslog.count];
		(void)str_copy(p.syslog.at[p.syslog.count].address, DEVICE_ADDRESS_SIZE,
			       "127.0.0.1");
	}
	if (!getenv("DOUBLE_PIN_ALONE")) {
		(void)str_copy(p.syslog.name, sizeof(p.syslog.name), "collector");
		(void)str_copy(p.syslog.ca, sizeof(p.syslog.ca), "collector-ca.pem");
	}
	for (const char *pin = getenv("DOUBLE_PINS"); pin && strlen(pin) >= 64; pin += 65) {
		char hex[65] = "";

		memcpy(hex, pin, 64);
		if (str_unhex(hex, p.syslog.pins.at[p.syslog.pins.count++], 32))
			die("pin");
		if (!pin[64])
			break;
	}
	p.syslog.retry_max_ms =
		getenv("DOUBLE_RETRY_MS") ? (uint32_t)atoi(getenv("DOUBLE_RETRY_MS")) : 2000;
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

/* The pipes, and the kernel's records. Limits are those of the first service. */
static void send_sources(void)
{
	struct message_kind bound = {.head.type = M_BOUND, .kind = BOUND_AUDIT_NETLINK};

	for (unsigned int i = 0; i < (d.single ? 1 : PRINTERS) && d.recorder.link.fd >= 0; i++) {
		struct message_output m = {.head = {.type = M_OUTPUT,
						    .subject = SUBJECT_OF_SERVICE(i),
						    .generation = 1},
					   .stream = STREAM_STDOUT,
					   .rate = i == 0 && d.rate ? d.rate : 100000,
					   .burst = i == 0 && d.burst ? d.burst : 200000,
					   .facility = 3,
					   .overflow = i == 0 ? d.overflow : OVERFLOW_DROP,
					   .max_size = 50u << 20,
					   .max_file = 3,
					   .local = i == 0 && d.local,
					   .context = i == 0 && *d.context.text != '\0'};

		d.context.head =
			(struct message_head){.type = M_CONTEXT, .subject = m.head.subject};
		if (m.context)
			(void)channel_send(&d.recorder.link, &d.context, NULL, 0);
		(void)str_copy(m.name, sizeof(m.name), d.printers[i].name);
		(void)channel_send(&d.recorder.link, &m, &d.printers[i].pipe[0], 1);
		m.head.type = M_DEVICE_LOG;
		m.stream = STREAM_DEVICE_LOG;
		if (i == 0 && d.device_log[0] >= 0)
			(void)channel_send(&d.recorder.link, &m, &d.device_log[0], 1);
	}
	if (d.recorder.link.fd >= 0 && d.kernel_fd >= 0)
		(void)channel_send(&d.recorder.link, &bound, &d.kernel_fd, 1);
}

/* What the launcher opens: the kernel's audit records, one way. */
static void open_kernel(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK,
				   .nl_groups = 1u << (AUDIT_NLGRP_READLOG - 1)};

	d.kernel_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	if (d.kernel_fd >= 0 && bind(d.kernel_fd, (struct sockaddr *)&self, sizeof(self)))
		fd_close(&d.kernel_fd);
	send_sources();
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
	send_sources();
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

static void dial(uint32_t index)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(d.ports[index % DEVICE_COLLECTORS_MAX]),
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

/* Whoever measures throughput waits for room, what a program of ours never does. */
static bool room_for_more(unsigned int ring)
{
	uint64_t tail = 0;

	return !d.patient || (pread(d.cursor[ring], &tail, sizeof(tail), 0) == sizeof(tail) &&
			      d.producer[ring].head - tail < RING_BYTES / 2);
}

static void produce(void)
{
	uint64_t count = printer_due(d.start_ms, d.records_rate, d.records_done);

	for (; count && d.records_left; count--, d.records_left--, d.records_done++) {
		if (!room_for_more(d.records_done % RINGS))
			break;
		audit_open(&d.producer[d.records_done % RINGS]);
		audit_emit(EVENT_STATE, AUDIT_S("web"), AUDIT_N(d.records_done),
			   AUDIT_S("starting"), AUDIT_S("running"),
			   AUDIT_S(d.patient ? long_reason : "because \"it\" ] was \\ told"));
	}
	for (int i = 0; i < PRINTERS; i++)
		printer_turn(&d.printers[i]);
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
	       (unsigned long long)(d.records_left + d.printers[0].left + d.printers[1].left +
				    d.printers[0].rest_size + d.printers[1].rest_size),
	       (unsigned long long)d.printers[0].done);
	(void)fflush(stdout);
}

static bool helper_command(const char *text)
{
	char name[32] = "";

	if (sscanf(text, "kill %31s", name) == 1) {
		signal_helper(helper_of(name), SIGKILL);
	} else if (sscanf(text, "stop %31s", name) == 1) {
		helper_of(name)->wanted = false;
		signal_helper(helper_of(name), SIGTERM);
	} else if (strcmp(text, "hold recorder") == 0) {
		d.recorder.wanted = false;
		signal_helper(&d.recorder, SIGKILL);
	} else if (strcmp(text, "start recorder") == 0) {
		start_recorder();
	} else if (strcmp(text, "start shipper") == 0) {
		start_shipper();
	} else {
		return false;
	}
	return true;
}

static bool describe_service(const char *text) /* what its file would say */
{
	if (str_starts(text, "context "))
		return str_copy(d.context.text, sizeof(d.context.text), text + 8) == 0;
	if (str_equal(text, "local"))
		d.local = true;
	else if (!str_equal(text, "device log") ||
		 socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, d.device_log))
		return false;
	return true;
}

static void command(const char *text)
{
	char name[32] = "";
	unsigned long long a, b;

	if (sscanf(text, "records %llu %llu", &a, &b) == 2) {
		d.records_left = a;
		d.records_rate = b;
		d.records_done = 0;
		d.start_ms = clock_monotonic_ms();
	} else if (strcmp(text, "kernel") == 0) {
		open_kernel();
	} else if (sscanf(text, "limit %llu %llu %31s", &a, &b, name) == 3) {
		d.rate = (uint32_t)a;
		d.burst = (uint32_t)b;
		d.overflow = strcmp(name, "block") == 0 ? OVERFLOW_BLOCK : OVERFLOW_DROP;
	} else if (describe_service(text)) { /* done */
	} else if (strncmp(text, "syslog ", 7) == 0) {
		printer_datagram(d.device_log[1], text + 7);
	} else if (strcmp(text, "deafen") == 0) {
		for (int i = 0; i < RINGS; i++)
			(void)shutdown(d.bell[i][1], SHUT_RD);
	} else if (strcmp(text, "single") == 0 || strcmp(text, "both") == 0) {
		d.single = *text == 's';
		send_sources();
	} else if (strcmp(text, "patient") == 0) {
		d.patient = true;
	} else if (strcmp(text, "mark") == 0) {
		for (int i = 0; i < RINGS; i++)
			(void)pread(d.cursor[i], &d.marked[i], sizeof(d.marked[i]), 0);
	} else if (strcmp(text, "rewind") == 0) {
		for (int i = 0; i < RINGS; i++)
			(void)pwrite(d.cursor[i], &d.marked[i], sizeof(d.marked[i]), 0);
	} else if (sscanf(text, "resend %llu", &a) == 1) {
		struct message_shipped m = {.head.type = M_RESEND, .n = a - 1};

		(void)channel_send(&d.recorder.link, &m, NULL, 0);
	} else if (sscanf(text, "urgent %llu", &a) == 1) {
		audit_open(&d.producer[0]);
		audit_emit(EVENT_UPLINK_FAILED, AUDIT_S("eth0"), AUDIT_S(text));
	} else if (printer_command(d.printers, text) || helper_command(text)) { /* done */
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
	bool busy = d.records_left || d.printers[0].left || d.printers[1].left ||
		    d.printers[0].rest_size || d.printers[1].rest_size;
	struct pollfd fds[] = {{.fd = 0, .events = POLLIN},
			       {.fd = d.shipper.link.fd, .events = POLLIN}};
	struct received in;

	(void)poll(fds, 2, busy ? 2 : 50);
	if (fds[0].revents)
		read_commands();
	if (d.shipper.link.fd >= 0 && channel_receive(&d.shipper.link, &in, NULL) == 0) {
		if (in.message.head.type == M_DIAL)
			dial(in.message.head.request);
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
	for (char *at = argv[4]; *at && d.port_count < DEVICE_COLLECTORS_MAX; at += *at == ',')
		d.ports[d.port_count++] = (uint16_t)strtoul(at, &at, 10);
	d.boot = argv[5];
	d.auditor = argc > 6 ? argv[6] : "-";
	d.firmware = argc > 7 ? argv[7] : "1767225600";
	(void)signal(SIGPIPE, SIG_IGN);
	make_rings();
	make_policy();
	d.kernel_fd = -1;
	d.device_log[0] = -1;
	d.printers[0].name = "web";
	d.printers[1].name = "other";
	for (int i = 0; i < PRINTERS; i++)
		if (pipe2(d.printers[i].pipe, O_CLOEXEC) ||
		    fcntl(d.printers[i].pipe[1], F_SETFL, O_NONBLOCK))
			die("pipe");
	for (;;)
		turn();
}
