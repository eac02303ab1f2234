#include <errno.h>
#include <stddef.h>

#include "seccomp/profile.h"
#include "seccomp/quiet.h"

/*
 * builtin:moby: what Docker's default list lets a container without capabilities do, on top of what
 * builtin:strict allows. Left out, because nothing may have it here: ptrace and process_vm_* (which
 * Docker allows since Linux 4.8), and clone3, which answers ENOSYS as in Docker. The socket
 * families are Docker's: all up to 45 but DECnet, Econet, ATMSVC, IRDA, WANPIPE, ISDN, CAIF, ALG
 * and VSOCK.
 */
/* clang-format off */
static const char *const more[] = {
	"adjtimex", "clock_adjtime", "clock_adjtime64", "epoll_ctl_old", "epoll_wait_old", "execveat",
	"fanotify_mark", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "getxattrat",
	"listxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
	"get_thread_area", "set_thread_area", "io_setup", "io_submit", "io_cancel", "io_destroy",
	"io_getevents", "io_pgetevents", "io_pgetevents_time64", "ioprio_set", "ipc", "listmount",
	"statmount", "memfd_secret", "mknod", "mknodat", "name_to_handle_at", "process_mrelease",
	"remap_file_pages", "socketcall", "socketpair", "sync", "modify_ldt", "uretprobe",
	NULL,
};

#define ALL_BITS UINT64_MAX
#define FAMILY(number) {.name = "socket", COMPARES({0, VALUE_FIXED, ALL_BITS, number})}
#define PERSONALITY(value) {.name = "personality", COMPARES({0, VALUE_FIXED, ALL_BITS, value})}

static const struct seccomp_rule rules[] = {
	{.name = "clone3", .refuse = ENOSYS},
	{.name = "clone", COMPARES({0, VALUE_FIXED, CLONE_NEW_ALL, 0})},
	{.name = "socket", COMPARES({0, VALUE_LT, ALL_BITS, 12})},
	FAMILY(13), FAMILY(14), FAMILY(15), FAMILY(16), FAMILY(17), FAMILY(18), FAMILY(21), FAMILY(22),
	FAMILY(24), FAMILY(26), FAMILY(27), FAMILY(28), FAMILY(29), FAMILY(30), FAMILY(31), FAMILY(32),
	FAMILY(33), FAMILY(35), FAMILY(36), FAMILY(39), FAMILY(41), FAMILY(42), FAMILY(43), FAMILY(44),
	FAMILY(45),
	/* PER_LINUX and PER_LINUX32, each with UNAME26, and "which is it?" */
	PERSONALITY(0), PERSONALITY(0x8), PERSONALITY(0x20000), PERSONALITY(0x20008),
	PERSONALITY(0xffffffff),
	{.name = NULL},
};
/* clang-format on */

const struct seccomp_profile seccomp_moby = {
	.name = "builtin:moby",
	.allow = {seccomp_usual_files, seccomp_usual_memory, seccomp_usual_processes,
		  seccomp_usual_time, seccomp_usual_sockets, more},
	.rules = {rules, seccomp_memory_rules, seccomp_shm_rules},
};

const struct seccomp_profile seccomp_recording = {
	.name = "recording",
	.allow = {seccomp_usual_files, seccomp_usual_memory, seccomp_usual_processes,
		  seccomp_usual_time, seccomp_usual_sockets, more},
	.rules = {rules, seccomp_memory_rules, seccomp_shm_rules},
	.quiet = seccomp_quiet,
};
