#include "net/uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/* A netlink request under construction: header, the message of its type, attributes. */
struct request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	} body;
	char attributes[128];
};

struct answer {
	struct nlmsghdr head;
	struct nlmsgerr error;
	char rest[512]; /* the request again, and extended acknowledgement */
};

struct ip {
	uint8_t family;
	uint8_t size;
	uint8_t bytes[16];
};

static int parse_ip(const char *text, struct ip *ip, struct err *err)
{
	if (inet_pton(AF_INET, text, ip->bytes) == 1) {
		ip->family = AF_INET;
		ip->size = 4;
		return 0;
	}
	if (inet_pton(AF_INET6, text, ip->bytes) == 1) {
		ip->family = AF_INET6;
		ip->size = 16;
		return 0;
	}
	return err_set(err, EINVAL, "%s: not an address", text);
}

static void request_begin(struct request *r, uint16_t type, uint16_t flags, size_t body)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

/* @size is at most 16: two attributes always fit. */
static void request_attribute(struct request *r, uint16_t type, const void *value, size_t size)
{
	struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = type};
	char *at = (char *)r + NLMSG_ALIGN(r->head.nlmsg_len);

	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + RTA_LENGTH(0), value, size);
	r->head.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(attribute.rta_len));
}

static int request_send(const struct request *r)
{
	const struct timeval patience = {.tv_sec = 2};
	CLEAN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct answer answer;
	ssize_t n;

	if (fd < 0)
		return -errno;
	/* The kernel answers within the call; the limit is there because PID 1 waits for nobody
	 * without one. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return -errno;
	if (send(fd, r, r->head.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(answer.head) + sizeof(answer.error.error) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error == -EEXIST ? 0 : answer.error.error;
}

static int find_interface(const char *name, unsigned int *index, struct err *err)
{
	*index = if_nametoindex(name);
	if (*index == 0)
		return err_sys(err, errno, "%s", name);
	return 0;
}

int net_link_up(const char *interface, struct err *err)
{
	struct request r;
	unsigned int index;
	int result = find_interface(interface, &index, err);

	if (result)
		return result;
	request_begin(&r, RTM_NEWLINK, 0, sizeof(r.body.link));
	r.body.link.ifi_index = (int)index;
	r.body.link.ifi_flags = IFF_UP;
	r.body.link.ifi_change = IFF_UP;
	result = request_send(&r);
	return result ? err_sys(err, -result, "%s: cannot bring the link up", interface) : 0;
}

int net_address_add(const char *interface, const char *address, uint32_t prefix, struct err *err)
{
	struct request r;
	struct ip ip;
	unsigned int index;
	int result = parse_ip(address, &ip, err);

	if (result)
		return result;
	if (prefix > ip.size * 8u)
		return err_set(err, EINVAL, "%s/%u: prefix too long", address, prefix);
	result = find_interface(interface, &index, err);
	if (result)
		return result;
	request_begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(r.body.address));
	r.body.address.ifa_family = ip.family;
	r.body.address.ifa_prefixlen = (uint8_t)prefix;
	r.body.address.ifa_index = index;
	request_attribute(&r, IFA_LOCAL, ip.bytes, ip.size);
	request_attribute(&r, IFA_ADDRESS, ip.bytes, ip.size);
	result = request_send(&r);
	return result ? err_sys(err, -result, "%s: cannot add %s/%u", interface, address, prefix)
		      : 0;
}

int net_route_default(const char *interface, const char *gateway, struct err *err)
{
	struct request r;
	struct ip ip;
	unsigned int index;
	int result = parse_ip(gateway, &ip, err);

	if (!result)
		result = find_interface(interface, &index, err);
	if (result)
		return result;
	request_begin(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(r.body.route));
	r.body.route.rtm_family = ip.family;
	r.body.route.rtm_table = RT_TABLE_MAIN;
	r.body.route.rtm_protocol = RTPROT_STATIC;
	r.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
	r.body.route.rtm_type = RTN_UNICAST;
	request_attribute(&r, RTA_GATEWAY, ip.bytes, ip.size);
	request_attribute(&r, RTA_OIF, &index, sizeof(index));
	result = request_send(&r);
	return result ? err_sys(err, -result, "%s: cannot route by %s", interface, gateway) : 0;
}
