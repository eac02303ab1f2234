#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/log.h"
#include "base/str.h"
#include "boot.h"
#include "sys/board.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* linux/mount.h, since 5.10 */
#endif

#define SAFE           (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define STATE_WAIT_MS  10000
#define STATE_PAUSE_MS 20

/* In order: a mount point may lie on the one before. */
static const struct mount_row {
	const char *target;
	const char *type;
	unsigned long flags;
	const char *options;
} mounts[] = {
	{"/proc", "proc", SAFE, NULL},
	{"/sys", "sysfs", SAFE, NULL},
	{"/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755"},
	{"/run", "tmpfs", SAFE, "mode=0755,size=1m,nr_inodes=256"},
	{"/sys/kernel/security", "securityfs", SAFE, NULL},
	/* nsdelegate: a process that is root in its own cgroup namespace cannot leave it or change
	   its limits. */
	{"/sys/fs/cgroup", "cgroup2", SAFE, "nsdelegate,memory_recursiveprot"},
};

int boot_mounts(struct init *init, struct err *err)
{
	int failed = 0;

	(void)init;
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		(void)mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			  mounts[i].options))
			failed = err_sys(err, errno, "%s", mounts[i].target);
	}
	if (mkdir("/run/bartizan", 0755) && errno != EEXIST)
		failed = err_sys(err, errno, "/run/bartizan");
	return failed;
}

static int wait_for_device(const char *path)
{
	const struct timespec pause = {.tv_nsec = STATE_PAUSE_MS * 1000000};
	struct stat st;

	for (int waited = 0; waited < STATE_WAIT_MS; waited += STATE_PAUSE_MS) {
		if (stat(path, &st) == 0)
			return S_ISBLK(st.st_mode) ? 0 : -ENOTBLK;
		(void)nanosleep(&pause, NULL);
	}
	return -ENXIO;
}

static int mount_state(struct err *err)
{
	int r;

	if (!board.state_device)
		return err_set(err, ENODEV, "this board has no state partition");
	r = wait_for_device(board.state_device);
	if (r)
		return err_sys(err, -r, "%s", board.state_device);
	/* Never formatted here: an empty one is a mistake that a person has to look at. */
	if (mount(board.state_device, "/state", "ext4", SAFE | MS_NOSYMFOLLOW | MS_NOATIME,
		  "errors=remount-ro"))
		return err_sys(err, errno, "%s cannot be mounted", board.state_device);
	return 0;
}

int boot_state(struct init *init, struct err *err)
{
	int r;

	(void)init;
	(void)mkdir("/state", 0755);
	r = mount_state(err);
	if (!r) {
		log_line("state is %s", board.state_device);
		audit_emit(EVENT_STATE_MOUNTED, AUDIT_S(board.state_device));
		return 0;
	}
	audit_emit(EVENT_STATE_MISSING, AUDIT_S(board.state_device ? board.state_device : ""),
		   AUDIT_S(err->msg));
	/* The audit trail goes on, in memory. */
	if (mount("state", "/state", "tmpfs", SAFE | MS_NOSYMFOLLOW,
		  "mode=0755,size=4m,nr_inodes=256"))
		log_line("no memory for the audit spool: %s", err_text(errno));
	return r;
}
