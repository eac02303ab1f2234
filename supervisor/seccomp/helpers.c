#include <errno.h>
#include <stddef.h>

#include "base/str.h"
#include "seccomp/profile.h"

/*
 * What our own helpers may call: static musl programs that are started by execveat of E and then
 * work on descriptors they were given. None can signal, trace, open a socket of its own (the
 * console reaches the control socket) or make a process. The lists were compared with strace.
 */
/* clang-format off */
static const char *const base[] = {
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
	"pwritev2", "close", "lseek", "_llseek", "fstat", "fstat64", "newfstatat", "fstatat64", "statx",
	"fstatfs", "fstatfs64", "fcntl", "fcntl64", "dup", "dup2", "dup3", "umask", "brk", "munmap",
	"mremap", "madvise", "membarrier", "mlock", "munlock", "mlockall", "munlockall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigtimedwait_time64",
	"rt_sigpending", "sigaltstack", "sigreturn", "signalfd4", "futex", "futex_time64", "getpid",
	"gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getuid32", "geteuid32",
	"getgid32", "getegid32", "getrlimit", "ugetrlimit", "clock_gettime", "clock_gettime64",
	"clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64",
	"nanosleep", "gettimeofday", "set_tid_address", "set_robust_list", "rseq", "arch_prctl",
	"set_tls", "cacheflush", "riscv_flush_icache", "getrandom", "poll", "ppoll", "ppoll_time64",
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_create",
	"timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "eventfd2",
	"sendmsg", "recvmsg", "sendto", "recvfrom", "send", "recv", "getsockopt", "sched_yield",
	"sched_getaffinity", "uname", "sysinfo", "getrusage", "restart_syscall", "exit", "exit_group",
	NULL,
};

static const char *const read_files[] = {
	"open", "openat", "openat2", "getdents64", "readlink", "readlinkat", "access", "faccessat",
	"faccessat2", "stat", "lstat", "stat64", "lstat64", "statfs", "statfs64", "chdir", "fchdir",
	"getcwd", "flock",
	NULL,
};

static const char *const write_files[] = {
	"mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2",
	"ftruncate", "ftruncate64", "fallocate", "fsync", "fdatasync", "syncfs", "fchmod", "fchmodat",
	"utimensat", "utimensat_time64",
	NULL,
};

/* Asking whether the clock is synchronised; setting it needs CAP_SYS_TIME, which no helper has. */
static const char *const ask_clock[] = {"adjtimex", "clock_adjtime", "clock_adjtime64", NULL};

static const char *const make_memfd[] = {"memfd_create", "ftruncate", "ftruncate64", "fchmod", NULL};

/* A stream that somebody else connected. */
static const char *const use_stream[] = {"shutdown", "setsockopt", "getpeername", "getsockname", NULL};

static const char *const use_listener[] = {
	"accept", "accept4", "shutdown", "setsockopt", "getpeername", "getsockname", NULL,
};

static const char *const use_terminal[] = {
	"connect", "shutdown", "setsockopt", "getpeername", "getsockname", "select", "_newselect",
	"pselect6", "pselect6_time64", "ioctl", "pipe2", "inotify_init1", "inotify_add_watch",
	"inotify_rm_watch", "setrlimit", "getpgid", "getpgrp",
	NULL,
};

#define ALL_BITS 0xffffffffu
#define ONE_VALUE(call, arg, value) {.name = call, COMPARES({arg, VALUE_FIXED, ALL_BITS, value})}

static const struct seccomp_rule base_rules[] = {
	ONE_VALUE("prctl", 0, 1),  /* PR_SET_PDEATHSIG */
	ONE_VALUE("prctl", 0, 3),  /* PR_GET_DUMPABLE */
	/* PR_SET_DUMPABLE to 0 only: nobody of the same uid may look inside. */
	{.name = "prctl", COMPARES({0, VALUE_FIXED, ALL_BITS, 4}, {1, VALUE_FIXED, ALL_BITS, 0})},
	ONE_VALUE("prctl", 0, 15), /* PR_SET_NAME */
	ONE_VALUE("prctl", 0, 16), /* PR_GET_NAME */
	ONE_VALUE("prctl", 0, 21), /* PR_GET_SECCOMP */
	ONE_VALUE("prctl", 0, 38), /* PR_SET_NO_NEW_PRIVS */
	ONE_VALUE("prctl", 0, 39), /* PR_GET_NO_NEW_PRIVS */
	/* Of itself: pid 0. */
	ONE_VALUE("prlimit64", 0, 0),
	{.name = "clone3", .refuse = ENOSYS},
	{.name = NULL},
};

static const struct seccomp_rule few_ioctls[] = {
	ONE_VALUE("ioctl", 1, 0x5413),     /* TIOCGWINSZ: what stdio asks of standard output */
	ONE_VALUE("ioctl", 1, 0x541b),     /* FIONREAD */
	ONE_VALUE("ioctl", 1, 0x5421),     /* FIONBIO */
	ONE_VALUE("ioctl", 1, 0x80081272), /* BLKGETSIZE64, 64 bit */
	ONE_VALUE("ioctl", 1, 0x80041272), /* BLKGETSIZE64, 32 bit */
	{.name = NULL},
};

static const struct seccomp_rule unix_socket[] = {
	ONE_VALUE("socket", 0, 1), /* AF_UNIX */
	{.name = NULL},
};

/* Programs that are not helpers by init's count have no row: init has its own fate, and a filter on the launcher would be
 * inherited by every service (README.md). */
const struct seccomp_profile seccomp_helpers[] = {
	{
		.name = "recorder",
		.allow = {base, read_files, write_files, make_memfd, ask_clock},
		.rules = {base_rules, few_ioctls, seccomp_memory_rules, seccomp_exec_rules},
	}, {
		.name = "shipper",
		.allow = {base, read_files, use_stream},
		.rules = {base_rules, few_ioctls, seccomp_memory_rules, seccomp_exec_rules},
	}, {
		.name = "supervisor",
		.allow = {base, make_memfd, use_listener},
		.rules = {base_rules, few_ioctls, seccomp_memory_rules, seccomp_exec_rules},
	}, {
		.name = "verify",
		.allow = {base},
		.rules = {base_rules, few_ioctls, seccomp_memory_rules, seccomp_exec_rules},
	}, {
		/* libseccomp asks for the CPU and writes its program to a memfd; service.ini is opened below a mount fd. */
		.name = "compile",
		.allow = {base, read_files, make_memfd},
		.rules = {base_rules, few_ioctls, seccomp_memory_rules, seccomp_exec_rules},
	}, {
		.name = "console",
		.allow = {base, read_files, use_terminal, make_memfd},
		.rules = {base_rules, unix_socket, seccomp_memory_rules, seccomp_exec_rules},
	},
};
/* clang-format on */
const size_t seccomp_helper_count = ARRAY_SIZE(seccomp_helpers);
