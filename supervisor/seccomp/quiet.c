#include "seccomp/quiet.h"

#include <stddef.h>

/* clang-format off */
/* Concerns only the memory, time and open descriptors of who calls, is called all the time, and no
 * program of any C library does without most of it. */
const char *const seccomp_quiet[] = {
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close", "lseek", "_llseek", "fstat",
	"fstat64", "brk", "mmap", "mmap2", "munmap", "mprotect", "madvise", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "restart_syscall", "futex",
	"futex_time64", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6",
	"pselect6_time64", "epoll_wait", "epoll_pwait", "clock_gettime", "clock_gettime64",
	"gettimeofday", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "sched_yield",
	"getpid", "gettid", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg",
	"set_tid_address", "set_robust_list", "rseq", "arch_prctl", "set_tls", "cacheflush",
	"riscv_flush_icache", "exit", "exit_group", "execve", "execveat",
	NULL,
};
/* clang-format on */
