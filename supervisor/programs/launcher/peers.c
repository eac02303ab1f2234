#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "programs/launcher/dial.h"
#include "programs/launcher/launcher.h"

/*
 * Recorder and shipper. Neither is ever waited for.
 */
#define DIAL_GAP_MS 100 /* a shipper that was taken over cannot make a flood of connections */

/* ---- recorder */

static void recorder_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};

	(void)loop;
	(void)watch;
	(void)events;
	if (link_take(&launcher.recorder, &received) && received.message.head.type == M_MONITOR)
		watch_act(&received.message.kind);
}

static void send_stream(const struct service *s, uint16_t type, enum stream stream, bool context,
			int fd)
{
	struct message_output m = {
		.head = {.type = type,
			 .subject = SUBJECT_OF_SERVICE(s->slot),
			 .generation = s->generation},
		.stream = stream,
		.rate = s->policy.log_rate,
		.burst = s->policy.log_burst,
		.overflow = s->policy.log_overflow,
		.facility = s->policy.log_facility,
		.max_size = s->policy.log_max_size,
		.max_file = s->policy.log_max_file,
		.local = s->policy.log_driver == DRIVER_SPOOL,
		.context = context,
	};

	if (fd < 0)
		return;
	str_join(m.name, sizeof(m.name), s->name, "", "");
	link_send(&launcher.recorder, &m, &fd, 1);
}

void peers_output(struct service *s)
{
	bool context = context_send(s);

	send_stream(s, M_OUTPUT, STREAM_STDOUT, context, s->output_fd[0]);
	send_stream(s, M_OUTPUT, STREAM_STDERR, context, s->output_fd[1]);
	send_stream(s, M_DEVICE_LOG, STREAM_DEVICE_LOG, context, s->log_fd);
}

static void send_bound(void)
{
	struct message_kind m = {.head = {.type = M_BOUND, .subject = SUBJECT_NONE},
				 .kind = BOUND_AUDIT_NETLINK};

	if (launcher.audit_fd >= 0)
		link_send(&launcher.recorder, &m, &launcher.audit_fd, 1);
}

/* A fresh pair between the two, whenever one of them is new. */
static void join_peers(void)
{
	struct message_plain to_recorder = {.head = {.type = M_LINK_SHIPPER}};
	struct message_plain to_shipper = {.head = {.type = M_LINK_RECORDER}};
	int ends[2];

	if (launcher.recorder.channel.fd < 0 || launcher.shipper.channel.fd < 0 ||
	    channel_pair(ends))
		return;
	link_send(&launcher.recorder, &to_recorder, &ends[0], 1);
	link_send(&launcher.shipper, &to_shipper, &ends[1], 1);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

void peers_recorder(int fd, bool fresh)
{
	link_open(&launcher.recorder, PEER_RECORDER, fd, recorder_ready);
	if (!fresh)
		return;
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		peers_output(&launcher.services[i]);
	send_bound();
	join_peers();
}

/* ---- shipper */

static void dial(const struct message_head *asked)
{
	static uint64_t last_ms;
	struct message_plain dialed = {.head = *asked};
	struct message_done failed = {.head = *asked};
	CLEAN_FD int fd = -1;
	uint64_t now = clock_monotonic_ms();
	int r;

	if (last_ms && now < last_ms + DIAL_GAP_MS) {
		r = err_set(&failed.err, EAGAIN, "asked again too soon");
	} else {
		last_ms = now;
		r = dial_collector(&launcher.device.syslog, asked->request, &fd, &failed.err);
	}
	dialed.head.type = M_DIALED;
	failed.head.type = M_DIAL_FAILED;
	if (r)
		link_send(&launcher.shipper, &failed, NULL, 0);
	else
		link_send(&launcher.shipper, &dialed, &fd, 1);
}

static void shipper_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};

	(void)loop;
	(void)watch;
	(void)events;
	if (link_take(&launcher.shipper, &received) && received.message.head.type == M_DIAL)
		dial(&received.message.head);
}

void peers_shipper(int fd, bool fresh)
{
	link_open(&launcher.shipper, PEER_SHIPPER, fd, shipper_ready);
	if (fresh)
		join_peers();
}
