/* Other processes: looked into, stopped, signalled. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIDS 1024

/*
 * A process that is none of ours and may be signalled: ours are the first of this pid namespace,
 * our parent and ourselves. 0: there is none, and errno says what the last one answered.
 */
static int somebody(void)
{
	int best = ESRCH;

	for (int pid = 1; pid < PIDS; pid++) {
		if (pid == getpid() || pid == getppid())
			continue;
		if (kill(pid, 0) == 0)
			return pid;
		best = errno == EPERM ? EPERM : best;
	}
	errno = best;
	return 0;
}

static bool signal_others(void)
{
	int pid = somebody();

	return pid ? CALL(kill, pid, SIGCONT) == 0 : refused("kill", errno);
}

static bool signal_by_pidfd(void)
{
	int pid = somebody();
	long fd = CALL(pidfd_open, pid ? pid : 2 * PIDS, 0);

	return fd >= 0 && CALL(pidfd_send_signal, fd, SIGCONT, 0, 0) == 0;
}

/* Process 1 of the host is never this service's own first process. */
static bool stop_init(void)
{
	if (getppid() == 1)
		return refused("kill", ESRCH);
	return CALL(kill, 1, SIGCONT) == 0;
}

static bool trace_child(void)
{
	int pid = idle_child();
	bool out = CALL(ptrace, PTRACE_SEIZE, pid, 0, 0) == 0;

	end_child(pid);
	return out;
}

static bool trace_others(void)
{
	int pid = somebody();

	return CALL(ptrace, PTRACE_SEIZE, pid ? pid : 2 * PIDS, 0, 0) == 0;
}

static bool read_memory(void)
{
	static char here;
	char copy;
	struct iovec to = {&copy, 1};
	struct iovec from = {&here, 1};
	int pid = idle_child();
	bool out = CALL(process_vm_readv, pid, A(&to), 1, A(&from), 1, 0) == 1;

	end_child(pid);
	return out;
}

static bool write_memory(void)
{
	static char there;
	char value = 1;
	struct iovec from = {&value, 1};
	struct iovec to = {&there, 1};
	int pid = idle_child();
	bool out = CALL(process_vm_writev, pid, A(&from), 1, A(&to), 1, 0) == 1;

	end_child(pid);
	return out;
}

static bool steal_descriptor(void)
{
	int pid = idle_child();
	long fd = syscall(SYS_pidfd_open, pid, 0);
	bool out = CALL(pidfd_getfd, fd, 0, 0) >= 0;

	end_child(pid);
	return out;
}

static bool compare_processes(void)
{
	int pid = idle_child();
	bool out = CALL(kcmp, getpid(), pid, 1 /* KCMP_VM */, 0, 0) >= 0;

	end_child(pid);
	return out;
}

static bool advise_others(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct iovec range = {page, sizeof(page)};
	int pid = idle_child();
	long fd = syscall(SYS_pidfd_open, pid, 0);
	bool out = CALL(process_madvise, fd, A(&range), 1, 20 /* MADV_COLD */, 0) >= 0;

	end_child(pid);
	return out;
}

static bool read_host_memory(void)
{
	char path[32];
	int pid = somebody();

	snprintf(path, sizeof(path), "/proc/%d/mem", pid ? pid : 2 * PIDS);
	return tried("open", SYS_openat, open(path, O_RDWR | O_CLOEXEC)) >= 0;
}

/* What would make the machine listen to this process first. */
static bool be_nice(void)
{
	errno = 0;
	return CALL(setpriority, PRIO_PROCESS, 0, -20) == 0;
}

static bool be_realtime(void)
{
	const int priority = 50;

	return CALL(sched_setscheduler, 0, SCHED_FIFO, A(&priority)) == 0;
}

static bool disk_first(void)
{
	return CALL(ioprio_set, 1, 0, 1 << 13 /* class realtime */) == 0;
}

static bool outlive_memory(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return refused("open", errno);
	return tried("write", SYS_write, write(fd, "-1000", 5)) == 5;
}

const struct attack process_attacks[] = {
	{"kill-others", signal_others},
	{"kill-pidfd", signal_by_pidfd},
	{"kill-init", stop_init},
	{"ptrace-child", trace_child},
	{"ptrace-others", trace_others},
	{"process-vm-readv", read_memory},
	{"process-vm-writev", write_memory},
	{"pidfd-getfd", steal_descriptor},
	{"kcmp", compare_processes},
	{"process-madvise", advise_others},
	{"proc-mem", read_host_memory},
	{"priority", be_nice},
	{"realtime", be_realtime},
	{"ioprio", disk_first},
	{"oom-score", outlive_memory},
	{0},
};
