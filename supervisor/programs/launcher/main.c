#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/program.h"
#include "programs/launcher/launcher.h"
#include "sandbox/root_parts.h"
#include "sys/dm.h"
#include "trust/arch.h"

#define FD_INIT   3
#define FD_RING   4
#define FD_CURSOR 5
#define FD_BELL   6
#define OPEN_FILES                                                                                 \
	1048576 /* fs.nr_open: above the hard limit of any service, see sandbox.md step 11 */
#define SPOOL_ID      903
#define READLOG_GROUP 1 /* AUDIT_NLGRP_READLOG of linux/audit.h as a bit */

struct launcher launcher; /* no initialiser: 0.5 MiB of tables stay out of the file */

static struct ring_producer producer;

struct service *launcher_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (*name && str_equal(launcher.services[i].name, name))
			return &launcher.services[i];
	return NULL;
}

struct service *launcher_service(uint16_t subject)
{
	struct service *s;

	if (subject >= CONFIG_SERVICES_MAX)
		return NULL;
	s = &launcher.services[subject];
	return *s->name ? s : NULL;
}

void launcher_refuse_image(const char *name, const struct err *err)
{
	log_line("%s: refused: %s%s%s%s", name, err->msg, *err->hint ? " (" : "", err->hint,
		 *err->hint ? ")" : "");
	audit_emit(EVENT_IMAGE_REFUSED, AUDIT_S(name), AUDIT_S(err->msg), AUDIT_S(err->hint));
}

/* Every descriptor that is not there yet is -1: 0 would be a descriptor. */
static void clear(void)
{
	int *const none[] = {&launcher.proc_fd,  &launcher.state_fd,   &launcher.images_fd,
			     &launcher.conf_fd,  &launcher.null_fd,    &launcher.control_fd,
			     &launcher.desk_fd,  &launcher.audit_fd,   &launcher.device_fd,
			     &launcher.watch_fd, &launcher.anchors_fd, &launcher.limits_fd,
			     &launcher.update_fd};
	struct link *const links[] = {&launcher.init, &launcher.supervisor, &launcher.recorder,
				      &launcher.shipper};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		*none[i] = -1;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		links[i]->channel.fd = links[i]->watch.fd = -1;
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &launcher.services[i];

		s->slot = (uint16_t)i;
		s->policy_fd = s->filter_fd = s->template_fd = s->userns_fd = s->pidfd = -1;
		s->secrets_fd = s->standby.secrets_fd = -1;
		s->standby.child = (struct child)CHILD_NONE;
		s->ready_fd = s->log_fd = -1;
		s->pool = POOL_NONE;
		s->output_fd[0] = s->output_fd[1] = -1;
		s->standby.output_fd[0] = s->standby.output_fd[1] = -1;
	}
}

static int read_arguments(int argc, char **argv)
{
	uint64_t generation;

	if (argc != 3 || str_u64(argv[1], 1, UINT32_MAX, &generation))
		return -EINVAL;
	launcher.generation = (uint32_t)generation;
	if (str_equal(argv[2], "-"))
		return 0;
	if (!str_starts(argv[2], "no-services:"))
		return -EINVAL;
	launcher.boot_locked = true;
	str_join(launcher.locked, sizeof(launcher.locked), argv[2] + strlen("no-services:"), "",
		 "");
	return 0;
}

static int protect(struct err *err)
{
	const struct rlimit files = {OPEN_FILES, OPEN_FILES};
	sigset_t pipe;

	(void)umask(0); /* modes are given in full */
	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	/* Blocked, not ignored: what is ignored stays ignored in every service. */
	if (sigprocmask(SIG_BLOCK, &pipe, NULL) || prctl(PR_SET_DUMPABLE, 0))
		return err_sys(err, errno, "signals");
	if (setrlimit(RLIMIT_NOFILE, &files))
		return err_sys(err, errno, "limit of open files");
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return err_sys(err, errno, "memory cannot be locked");
	return 0;
}

/* "f81d4fae-7dec-..." -> the first sixteen digits: enough to tell boots apart. */
static int read_boot_id(struct err *err)
{
	char text[64];
	size_t used = 0;
	ssize_t n = fd_read_file(launcher.proc_fd, "sys/kernel/random/boot_id", text, sizeof(text));

	if (n < 0)
		return err_sys(err, (int)-n, "boot id");
	for (const char *at = text; *at && used < sizeof(launcher.boot_id) - 1; at++)
		if (*at != '-' && *at != '\n')
			launcher.boot_id[used++] = *at;
	return used == sizeof(launcher.boot_id) - 1 ? 0 : err_set(err, EBADMSG, "boot id");
}

static int open_directory(int at, const char *path, mode_t mode)
{
	(void)mkdirat(at, path, mode);
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int open_state(struct err *err)
{
	CLEAN_FD int spool_fd = -1;

	launcher.state_fd = open("/state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (launcher.state_fd < 0)
		return err_sys(err, errno, "/state");
	launcher.images_fd = open_directory(launcher.state_fd, "images", 0755);
	spool_fd = open_directory(launcher.state_fd, "spool", 0755);
	/* The mode too: a directory that was there already may be closed to the shipper. */
	if (launcher.images_fd < 0 || spool_fd < 0 || fchown(spool_fd, SPOOL_ID, SPOOL_ID) ||
	    fchmod(spool_fd, 0755))
		return err_sys(err, errno, "directories of the state partition");
	return 0;
}

static int open_places(struct err *err)
{
	int r = sandbox_open(err);

	if (r)
		return r;
	launcher.proc_fd = procfs_open(err);
	if (launcher.proc_fd < 0)
		return launcher.proc_fd;
	launcher.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	launcher.conf_fd = open(CONF_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (launcher.null_fd < 0 || launcher.conf_fd < 0)
		return err_sys(err, errno, "/dev/null, " CONF_DIR);
	r = fd_write_file(launcher.proc_fd, "self/oom_score_adj", "-900");
	if (r)
		return err_sys(err, -r, "oom_score_adj");
	r = read_boot_id(err);
	return r ? r : open_state(err);
}

/* Made once per boot: clients that wait in its queue survive supervisor and launcher. */
static int open_listener(const char *path, uint16_t subject, int *listener_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEAN_FD int fd = -1;

	if (*listener_fd >= 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	str_join(address.sun_path, sizeof(address.sun_path), path, "", "");
	(void)unlink(path);
	(void)umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16)) {
		(void)umask(0);
		return err_sys(err, errno, "%s", path);
	}
	(void)umask(0);
	*listener_fd = take_fd(&fd);
	init_store(subject, STORE_LISTENER, *listener_fd);
	return 0;
}

static int open_control(struct err *err)
{
	int r = open_listener(CONTROL_PATH, SUBJECT_NONE, &launcher.control_fd, err);

	r = r ? r
	      : open_listener(DESK_PATH, SUBJECT_OF_HELPER(HELPER_LAUNCHER), &launcher.desk_fd,
			      err);
	return r ? r
		 : open_listener(IMAGES_PATH, SUBJECT_OF_HELPER(HELPER_VERIFY), &launcher.update_fd,
				 err);
}

/* Records of refused system calls. Opened here because only the initial network namespace has them;
 * a kernel without audit is told by its declared features, not here. */
static void open_kernel_audit(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = READLOG_GROUP};
	CLEAN_FD int fd = -1;

	if (launcher.audit_fd >= 0)
		return;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		log_line("launcher: no kernel audit records: %s", err_text(errno));
		return;
	}
	launcher.audit_fd = take_fd(&fd);
	init_store(SUBJECT_NONE, STORE_AUDIT_NETLINK, launcher.audit_fd);
}

/* Each name of the device policy gets its slot. One that finds none is refused like an image. */
static void name_services(void)
{
	for (uint32_t i = 0; i < launcher.device.service_count && launcher.policies; i++) {
		const struct device_service *d = &launcher.device.services[i];
		struct service *s;
		struct err err = {0};
		uint16_t slot;

		if (ids_get(launcher.state_fd, &launcher.ids, d->name, &slot, &err)) {
			launcher_refuse_image(d->name, &err);
			continue;
		}
		s = &launcher.services[slot];
		str_join(s->name, sizeof(s->name), d->name, "", "");
		s->uid = ids_uid(slot);
		s->autostart = d->start;
		s->critical = d->critical;
	}
}

/* The floors are made with the first ids, empty: where there are ids and no floors, somebody has
 * taken them away, and what holds is min_epoch of the firmware. */
static void guard_floors(void)
{
	struct err err = {0};
	uint32_t known = 0;

	if (faccessat(launcher.state_fd, FLOORS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	for (size_t i = 0; i < IDS_MAX; i++)
		known += *launcher.ids.names[i] != '\0';
	if (known)
		audit_emit(EVENT_FLOORS_LOST, AUDIT_N(known));
	if (floors_store(launcher.state_fd, &launcher.floors, &err))
		log_line("launcher: %s", err.msg);
}

/* A file of ours that cannot be understood is no reason to start from nothing: that would forget
 * floors and hand out uids again. */
static void load_state(void)
{
	struct err err = {0};

	rollbacks_load(launcher.state_fd, &launcher.rollbacks);
	if (ids_load(launcher.state_fd, &launcher.ids, &err) == 0 &&
	    floors_load(launcher.state_fd, &launcher.floors, &err) == 0) {
		guard_floors();
		return;
	}
	log_line("launcher: no service starts: %s", err.msg);
	audit_emit(EVENT_LOCKED_DOWN, AUDIT_S(err.msg));
	if (!*launcher.locked)
		str_join(launcher.locked, sizeof(launcher.locked), "state", "", "");
}

static int open_all(struct err *err)
{
	int r = protect(err);

	r = r ? r : open_places(err);
	if (r)
		return r;
	r = loop_open(&launcher.loop);
	r = r ? r : init_link_open(FD_INIT);
	r = r ? r : ring_producer_open(&producer, FD_RING, FD_CURSOR, FD_BELL);
	if (r)
		return err_sys(err, -r, "start descriptors");
	audit_open(&producer);
	launcher.arch = (enum policy_arch)trust_arch_find(CONFIG_ARCH);
	r = limits_open("/sys/fs/cgroup/bartizan/services", err);
	return r ? r : restore_run(err);
}

static int begin(struct err *err)
{
	struct message_plain up = {
		.head = {.type = M_LAUNCHER_READY, .generation = launcher.generation}};
	int r = open_control(err);

	if (r)
		return r;
	open_kernel_audit();
	r = dm_verity_read_exactly();
	if (r)
		log_line("launcher: starts of large images will read more: %s", err_text(-r));
	load_state();
	watch_open();
	restore_policies();
	policies_open();
	name_services();
	restore_services();
	restore_links();
	desk_open();
	update_open();
	damage_open();
	pressure_open();
	init_send(&up, NULL, 0);
	init_run_pending();
	/* Once per boot, before anything runs: what lies there and is nobody's. */
	if (launcher.generation == 1)
		requests_names(true);
	return 0;
}

int PROGRAM_MAIN(int argc, char **argv)
{
	struct err err = {0};
	int r;

	log_open(STDERR_FILENO, "");
	clear();
	if (read_arguments(argc, argv)) {
		log_line("launcher: usage: launcher GENERATION -|no-services:WORD");
		return 2;
	}
	r = open_all(&err);
	r = r ? r : begin(&err);
	if (r) {
		log_line("launcher: %s", err.msg);
		return 1;
	}
	return loop_run(&launcher.loop) ? 1 : 0;
}
