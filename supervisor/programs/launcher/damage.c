#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"

/*
 * Blocks that do not match while a service runs. dm-verity tells it by a uevent of its device
 * (drivers/md/dm-verity-target.c, verity_handle_err()); whatever is in that message, what counts is
 * the state of the mapping, which is asked for.
 */
#define UEVENT_GROUP 1 /* what the kernel itself says, before any device manager */
#define WORD         "DM_VERITY_ERR_BLOCK_NR="
#define ONCE         16 /* messages for each turn of the loop */

static struct watch uevents = {.fd = -1};

void damage_look(void)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &launcher.services[i];
		struct err err = {0};

		if (!s->admitted || s->damaged || map_check(s, &err) != -EBADMSG)
			continue;
		s->damaged = true;
		log_line("%s: %s", s->name, err.msg);
		if (slots_quarantine(s))
			requests_renew(s);
	}
}

static bool is_about_verity(const char *message, size_t size)
{
	return memmem(message, size, WORD, strlen(WORD)) != NULL;
}

/* "add@/module/NAME": modules are loaded before this program is there, none after it. */
static void look_for_module(const char *message, size_t size)
{
	static const char head[] = "add@/module/";
	char name[64];

	if (size < sizeof(head) || memcmp(message, head, sizeof(head) - 1) != 0)
		return;
	(void)snprintf(name, sizeof(name), "%.*s",
		       (int)strnlen(message, size) - (int)sizeof(head) + 1,
		       message + sizeof(head) - 1);
	audit_emit(EVENT_MODULE_LOADED, AUDIT_S(name));
}

static void ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	bool look = false;

	(void)loop;
	(void)events;
	for (int i = 0; i < ONCE; i++) {
		char message[2048];
		struct sockaddr_nl from = {0};
		struct iovec part = {.iov_base = message, .iov_len = sizeof(message)};
		struct msghdr m = {.msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &part,
				   .msg_iovlen = 1};
		ssize_t n = recvmsg(watch->fd, &m, MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS)
			look = true; /* some were lost */
		else if (n < 0)
			break;
		else if (from.nl_pid == 0) {
			look |= is_about_verity(message, (size_t)n);
			look_for_module(message, (size_t)n);
		}
	}
	if (look)
		damage_look();
}

void damage_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP};
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	uevents.ready = ready;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    loop_add(&launcher.loop, &uevents, fd, EPOLLIN)) {
		/* The next start of each service looks as well. */
		log_line("launcher: damaged images are seen late: %s", err_text(errno));
		fd_close(&fd);
	}
	damage_look();
}
