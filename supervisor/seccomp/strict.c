#include <errno.h>
#include <stddef.h>

#include "seccomp/profile.h"

/*
 * builtin:strict. Written for services that compute, read their image, talk over sockets and run
 * their own children: dynamic glibc, static musl, Python, Go, and Node with `mdwe = no`. Against
 * Docker's default list it leaves out ptrace and process_vm_*, io_uring and the old AIO,
 * name_to_handle_at, fanotify, adjtimex and clock_adjtime, sync, setxattr, mknod of anything but
 * FIFOs, clone with any namespace, execveat of anything but the program itself, memfd_secret,
 * modify_ldt, ioprio_set and socket families other than UNIX, INET, INET6 and NETLINK_ROUTE.
 * A name that an architecture does not have is skipped for it; one that none has is an error.
 */
/* clang-format off */
const char *const seccomp_usual_files[] = {
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
	"pwritev2", "open", "openat", "openat2", "creat", "close", "close_range", "lseek", "_llseek",
	"stat", "fstat", "lstat", "stat64", "fstat64", "lstat64", "newfstatat", "fstatat64", "statx",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64",
	"getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
	"renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod",
	"fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "chown32", "fchown32",
	"lchown32", "umask", "truncate", "ftruncate", "truncate64", "ftruncate64", "fallocate",
	"fadvise64", "fadvise64_64", "arm_fadvise64_64", "readahead", "sync_file_range",
	"sync_file_range2", "arm_sync_file_range", "fsync", "fdatasync", "syncfs", "statfs",
	"statfs64", "fstatfs", "fstatfs64", "flock", "fcntl", "fcntl64", "dup", "dup2", "dup3",
	"pipe", "pipe2", "sendfile", "sendfile64", "splice", "tee", "vmsplice", "copy_file_range",
	"utime", "utimes", "futimesat", "utimensat", "utimensat_time64", "getxattr", "lgetxattr",
	"fgetxattr", "listxattr", "llistxattr", "flistxattr", "inotify_init", "inotify_init1",
	"inotify_add_watch", "inotify_rm_watch", "ioctl", "memfd_create", "cachestat",
	NULL,
};

const char *const seccomp_usual_memory[] = {
	"brk", "munmap", "mremap", "madvise", "mincore", "msync", "mlock", "mlock2", "munlock",
	"mlockall", "munlockall", "membarrier", "mseal", "pkey_alloc", "pkey_free",
	"map_shadow_stack", "shmget", "shmdt", "shmctl", "semget", "semop", "semtimedop",
	"semtimedop_time64", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open",
	"mq_unlink", "mq_timedsend", "mq_timedsend_time64", "mq_timedreceive",
	"mq_timedreceive_time64", "mq_notify", "mq_getsetattr",
	NULL,
};

const char *const seccomp_usual_processes[] = {
	"exit", "exit_group", "fork", "vfork", "execve", "wait4", "waitid", "waitpid", "kill", "tkill",
	"tgkill", "pidfd_open", "pidfd_send_signal", "getpid", "getppid", "gettid", "getpgid",
	"setpgid", "getpgrp", "getsid", "setsid", "getuid", "geteuid", "getgid", "getegid",
	"getresuid", "getresgid", "getgroups", "getuid32", "geteuid32", "getgid32", "getegid32",
	"getresuid32", "getresgid32", "getgroups32", "setuid", "setgid", "setreuid", "setregid",
	"setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "setuid32", "setgid32",
	"setreuid32", "setregid32", "setresuid32", "setresgid32", "setgroups32", "setfsuid32",
	"setfsgid32", "capget", "capset", "prctl", "seccomp", "landlock_create_ruleset",
	"landlock_add_rule", "landlock_restrict_self", "getrusage", "times", "getrlimit",
	"ugetrlimit", "setrlimit", "prlimit64", "getpriority", "setpriority", "ioprio_get",
	"sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_setparam",
	"sched_getscheduler", "sched_setscheduler", "sched_getattr", "sched_setattr",
	"sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval",
	"sched_rr_get_interval_time64", "getcpu", "sysinfo", "uname", "arch_prctl", "set_tls",
	"cacheflush", "breakpoint", "riscv_flush_icache", "riscv_hwprobe", "set_tid_address",
	"set_robust_list", "get_robust_list", "rseq", "restart_syscall", "futex", "futex_time64",
	"futex_waitv", "futex_wait", "futex_wake", "futex_requeue", "getrandom",
	NULL,
};

const char *const seccomp_usual_time[] = {
	"time", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres",
	"clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "alarm",
	"pause", "getitimer", "setitimer", "timer_create", "timer_delete", "timer_getoverrun",
	"timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create",
	"timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack",
	"sigreturn", "sigaction", "sigprocmask", "sigsuspend", "sigpending", "signalfd", "signalfd4",
	"eventfd", "eventfd2", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "poll", "ppoll", "ppoll_time64", "select", "_newselect",
	"pselect6", "pselect6_time64",
	NULL,
};

const char *const seccomp_usual_sockets[] = {
	"bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt",
	"setsockopt", "shutdown", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom",
	"recvmsg", "recvmmsg", "recvmmsg_time64",
	NULL,
};

#define ALL_BITS 0xffffffffu
#define CLONE_SIBLING 0x00008000u  /* CLONE_PARENT: a child that looks like one of somebody else */
#define TYPE_BITS 0170000u
#define FIFO 0010000u
#define PROT_W 2u
#define PROT_X 4u
#define SHM_X 0100000u

static const struct seccomp_rule strict_rules[] = {
	/* The C library falls back to clone, whose flags a filter can see. */
	{.name = "clone3", .refuse = ENOSYS},
	{.name = "clone", COMPARES({0, VALUE_FIXED, CLONE_NEW_ALL | CLONE_SIBLING, 0})},
	{.name = "socket", COMPARES({0, VALUE_FIXED, ALL_BITS, 1})},  /* AF_UNIX */
	{.name = "socket", COMPARES({0, VALUE_FIXED, ALL_BITS, 2})},  /* AF_INET */
	{.name = "socket", COMPARES({0, VALUE_FIXED, ALL_BITS, 10})}, /* AF_INET6 */
	/* AF_NETLINK with NETLINK_ROUTE: getifaddrs(3) */
	{.name = "socket", COMPARES({0, VALUE_FIXED, ALL_BITS, 16}, {2, VALUE_FIXED, ALL_BITS, 0})},
	{.name = "socketpair", COMPARES({0, VALUE_FIXED, ALL_BITS, 1})},
	/* PER_LINUX and "which is it?": READ_IMPLIES_EXEC and ADDR_NO_RANDOMIZE undo protections. */
	{.name = "personality", COMPARES({0, VALUE_FIXED, ALL_BITS, 0})},
	{.name = "personality", COMPARES({0, VALUE_FIXED, ALL_BITS, ALL_BITS})},
	{.name = "mknod", COMPARES({1, VALUE_FIXED, TYPE_BITS, FIFO})},
	{.name = "mknodat", COMPARES({2, VALUE_FIXED, TYPE_BITS, FIFO})},
	{.name = NULL},
};

/* EACCES is what PR_SET_MDWE answers (mm/mmap.c, mm/mprotect.c), on kernels that have it. */
#define MDWE_MMAP(call) \
	{.name = call, .when = WHEN_JIT}, \
	{.name = call, .when = WHEN_MDWE, .refuse = EACCES, COMPARES({2, VALUE_FIXED, PROT_W | PROT_X, PROT_W | PROT_X})}, \
	{.name = call, .when = WHEN_MDWE, COMPARES({2, VALUE_FIXED, PROT_W | PROT_X, PROT_W})}, \
	{.name = call, .when = WHEN_MDWE, COMPARES({2, VALUE_FIXED, PROT_W | PROT_X, PROT_X})}, \
	{.name = call, .when = WHEN_MDWE, COMPARES({2, VALUE_FIXED, PROT_W | PROT_X, 0})}
#define MDWE_MPROTECT(call) \
	{.name = call, .when = WHEN_JIT}, \
	{.name = call, .when = WHEN_MDWE, .refuse = EACCES, COMPARES({2, VALUE_FIXED, PROT_X, PROT_X})}, \
	{.name = call, .when = WHEN_MDWE, COMPARES({2, VALUE_FIXED, PROT_X, 0})}

const struct seccomp_rule seccomp_memory_rules[] = {
	MDWE_MMAP("mmap"),
	MDWE_MMAP("mmap2"),
	MDWE_MPROTECT("mprotect"),
	MDWE_MPROTECT("pkey_mprotect"),
	{.name = NULL},
};

const struct seccomp_rule seccomp_shm_rules[] = {
	/* shmat(SHM_EXEC) would be memory that is written and run. */
	{.name = "shmat", .when = WHEN_MDWE, COMPARES({2, VALUE_FIXED, SHM_X, 0})},
	{.name = "shmat", .when = WHEN_JIT},
	{.name = NULL},
};

/* AT_EMPTY_PATH on E only: no other descriptor can be run, and E is gone after the exec. G needs no
 * rule of its own: read(2) is allowed everywhere. */
const struct seccomp_rule seccomp_exec_rules[] = {
	{.name = "execveat", COMPARES({0, VALUE_EXEC_FD, ALL_BITS, 0}, {4, VALUE_FIXED, ALL_BITS, 0x1000})},
	{.name = NULL},
};

const struct seccomp_profile seccomp_strict = {
	.name = "builtin:strict",
	.allow = {seccomp_usual_files, seccomp_usual_memory, seccomp_usual_processes, seccomp_usual_time, seccomp_usual_sockets},
	.rules = {strict_rules, seccomp_memory_rules, seccomp_shm_rules, seccomp_exec_rules},
};
/* clang-format on */
