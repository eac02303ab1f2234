#include "programs/launcher/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "trust/refuse.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t size;
};

static int parse(const struct device_collector *syslog, struct address *address)
{
	memset(address, 0, sizeof(*address));
	if (!str_terminated(syslog->address, sizeof(syslog->address)) || syslog->port == 0)
		return -EINVAL;
	if (inet_pton(AF_INET, syslog->address, &address->at.v4.sin_addr) == 1) {
		address->at.v4.sin_family = AF_INET;
		address->at.v4.sin_port = htons(syslog->port);
		address->size = sizeof(address->at.v4);
		return 0;
	}
	if (inet_pton(AF_INET6, syslog->address, &address->at.v6.sin6_addr) == 1) {
		address->at.v6.sin6_family = AF_INET6;
		address->at.v6.sin6_port = htons(syslog->port);
		address->size = sizeof(address->at.v6);
		return 0;
	}
	return -EINVAL;
}

int dial_collector(const struct device_syslog *syslog, uint32_t index, int *fd, struct err *err)
{
	CLEAN_FD int socket_fd = -1;
	struct address address;

	if (!syslog->configured)
		return REFUSE(err, EDESTADDRREQ, "add [syslog] to supervisor.conf",
			      "no collector is configured");
	if (index >= syslog->count || index >= DEVICE_COLLECTORS_MAX ||
	    parse(&syslog->at[index], &address))
		return REFUSE(err, EINVAL, "", "the collector's address is not numeric");
	socket_fd = socket(address.at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (socket_fd < 0)
		return err_sys(err, errno, "cannot make a socket");
	if (connect(socket_fd, &address.at.any, address.size) < 0 && errno != EINPROGRESS)
		return err_sys(err, errno, "cannot connect to %s", syslog->at[index].address);
	*fd = take_fd(&socket_fd);
	return 0;
}
