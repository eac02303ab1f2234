/* Sockets: families that nobody needs, other services, the control socket, the network. */
#include "escape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAMILY(name, ...)                                                                          \
	static bool name(void)                                                                     \
	{                                                                                          \
		return CALL(socket, __VA_ARGS__) >= 0;                                             \
	}
FAMILY(alg, AF_ALG, SOCK_SEQPACKET, 0)
FAMILY(vsock, 40 /* AF_VSOCK */, SOCK_STREAM, 0)
FAMILY(audit, AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */)
FAMILY(netfilter, AF_NETLINK, SOCK_RAW, 12 /* NETLINK_NETFILTER */)
FAMILY(uevents, AF_NETLINK, SOCK_DGRAM, 15 /* NETLINK_KOBJECT_UEVENT */)
FAMILY(xdp, 44 /* AF_XDP */, SOCK_RAW, 0)
FAMILY(packet, AF_PACKET, SOCK_RAW, 0)
FAMILY(raw, AF_INET, SOCK_RAW, IPPROTO_TCP)

static bool abstract(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, VICTIM_SOCKET, strlen(VICTIM_SOCKET));
	return CALL(connect, fd, A(&address),
		    offsetof(struct sockaddr_un, sun_path) + 1 + strlen(VICTIM_SOCKET)) == 0;
}

static bool control(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/bartizan/control"};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return CALL(connect, fd, A(&address), sizeof(address)) == 0;
}

/* A datagram socket needs nobody at the other end: a route is enough. */
static bool uplink(void)
{
	struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "10.0.2.2", &host.sin_addr);
	return CALL(connect, fd, A(&host), sizeof(host)) == 0;
}

static bool low_port(void)
{
	struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons(81)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return CALL(bind, fd, A(&self), sizeof(self)) == 0;
}

/* RTM_NEWLINK: takes the loopback interface down. */
static bool link_down(void)
{
	struct {
		uint32_t size;
		uint16_t type, flags;
		uint32_t sequence, port;
		uint8_t family, padding;
		uint16_t device;
		int32_t index;
		uint32_t set, mask;
	} request = {.size = sizeof(request), .type = 16, .flags = 5, .index = 1, .mask = IFF_UP};
	struct {
		uint32_t size;
		uint16_t type, flags;
		uint32_t sequence, port;
		int32_t error;
		char more[256];
	} answer = {.error = -EIO};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 20)
		return refused("netlink", errno);
	return answer.error ? refused("netlink", -answer.error) : true;
}

/* Shared memory of another service by its well-known key. */
static bool shared_memory(void)
{
	return CALL(shmget, VICTIM_KEY, 4096, 0666) >= 0;
}

const struct attack socket_attacks[] = {
	{"af-alg", alg},
	{"af-vsock", vsock},
	{"netlink-audit", audit},
	{"netlink-nft", netfilter},
	{"netlink-uevent", uevents},
	{"af-packet", packet},
	{"af-xdp", xdp},
	{"raw-socket", raw},
	{"abstract-socket", abstract},
	{"control-socket", control},
	{"uplink", uplink},
	{"low-port", low_port},
	{"link-down", link_down},
	{"sysv-ipc", shared_memory},
	{0},
};
