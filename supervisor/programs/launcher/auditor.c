#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "crypto/p256.h"
#include "programs/launcher/launcher.h"
#include "sys/board.h"
#include "trust/refuse.h"

#define HINT "`bartizan audit key` makes a pair; or say seal = no"

/*
 * What the recorder cannot see: the auditor's key, the kernel's command line, versions. A trail
 * that cannot be sealed as the policy asks is refused here, before any service is: seals that are
 * missing could not be told from seals that were removed.
 */
static char command_line[4096];
static char firmware[24];
static char trust_version[24];
static char auditor[2 * P256_POINT_SIZE + 1] = "-";

int auditor_load(const struct device_policy *device, int directory, struct err *err)
{
	uint8_t point[P256_POINT_SIZE];
	char pem[P256_PEM_SIZE];
	ssize_t size;

	if (!device->audit_seal)
		return 0;
	if (!device->audit_key[0])
		return REFUSE(err, EINVAL, HINT, "supervisor.conf: [audit] key is missing");
	size = fd_read_file(directory, device->audit_key, pem, sizeof(pem));
	if (size < 0)
		return err_sys(err, (int)-size, "supervisor.conf: [audit] key = %s",
			       device->audit_key);
	if (p256_read_public(pem, point))
		return REFUSE(
			err, EINVAL, HINT,
			"supervisor.conf: [audit] key = %s: not the public half of a P-256 key",
			device->audit_key);
	str_hex(auditor, point, sizeof(point));
	return 0;
}

void auditor_arguments(char *argv[4])
{
	ssize_t size =
		fd_read_file(launcher.proc_fd, "cmdline", command_line, sizeof(command_line));

	if (size > 0 && command_line[size - 1] == '\n')
		command_line[size - 1] = '\0';
	(void)snprintf(firmware, sizeof(firmware), "%" PRIu64, (uint64_t)board.build_time_s);
	(void)snprintf(trust_version, sizeof(trust_version), "%" PRIu64,
		       (uint64_t)launcher.trust.version);
	argv[0] = firmware;
	argv[1] = trust_version;
	argv[2] = command_line;
	argv[3] = auditor;
}
