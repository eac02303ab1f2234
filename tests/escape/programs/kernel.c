/* The kernel: code into it, its own interfaces, the machine it runs. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/reboot.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static bool bpf_map(void)
{
	/* BPF_MAP_CREATE: an array with one int */
	const uint32_t attributes[16] = {2, 4, 4, 1};

	return CALL(bpf, 0, A(attributes), sizeof(attributes)) >= 0;
}

static bool perf(void)
{
	/* PERF_TYPE_SOFTWARE, size, PERF_COUNT_SW_TASK_CLOCK; exclude_kernel and exclude_hv */
	uint64_t attributes[16] = {1 | 128ULL << 32, 1, 0, 0, 0, 1 << 5 | 1 << 6};

	return CALL(perf_event_open, A(attributes), 0, -1, -1, 0) >= 0;
}

static bool io_ring(void)
{
	uint32_t parameters[30] = {0};

	return CALL(io_uring_setup, 1, A(parameters)) >= 0;
}

static bool old_aio(void)
{
	long context = 0;

	return CALL(io_setup, 1, A(&context)) == 0;
}

static bool user_fault(void)
{
	return CALL(userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */) >= 0;
}

static bool key_control(void)
{
	return CALL(keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* session */, 1) >= 0;
}

static bool key_add(void)
{
	return CALL(add_key, A("user"), A("escape"), A("x"), 1, -2 /* process */) >= 0;
}

static bool fanotify(void)
{
	/* FAN_CLASS_NOTIF | FAN_REPORT_FID: what an unprivileged process may ask for */
	return CALL(fanotify_init, 0x200, O_RDONLY) >= 0;
}

static bool handle_make(void)
{
	uint32_t handle[36] = {128};
	int mount = 0;

	return CALL(name_to_handle_at, AT_FDCWD, A("/tmp"), A(handle), A(&mount), 0) == 0;
}

/* A file by its number instead of its path, whatever mount hides it. */
static bool handle_open(void)
{
	uint32_t handle[36] = {128};
	int mount = 0;
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)!syscall(SYS_name_to_handle_at, AT_FDCWD, "/tmp", handle, &mount, 0);
	return CALL(open_by_handle_at, fd, A(handle), O_RDONLY) >= 0;
}

static bool kexec(void)
{
	/* No segment: what was loaded is unloaded. */
	return CALL(kexec_load, 0, 0, 0, 0) == 0;
}

static bool module_remove(void)
{
	return CALL(delete_module, A("veth"), O_NONBLOCK) == 0;
}

/* A module that is none: whoever may load is told that it is no ELF file. */
static bool module_load(void)
{
	static const char junk[64];

	if (CALL(init_module, A(junk), sizeof(junk), A("")) == 0)
		return true;
	return errno == ENOEXEC;
}

static bool ctrl_alt_del(void)
{
	return CALL(reboot, (long)0xfee1dead, 0x28121969, RB_DISABLE_CAD, 0) == 0;
}

static bool clock_set(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return CALL(clock_settime, CLOCK_REALTIME, A(&now)) == 0;
}

static bool day_set(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return CALL(settimeofday, A(&now), 0) == 0;
}

static bool clock_adjust(void)
{
	struct timex change = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = 0};

	return CALL(adjtimex, A(&change)) >= 0;
}

static bool randomize_off(void)
{
	return CALL(personality, ADDR_NO_RANDOMIZE) >= 0;
}

static bool read_implies_exec(void)
{
	return CALL(personality, READ_IMPLIES_EXEC) >= 0;
}

static bool quota(void)
{
	/* Q_SYNC of all file systems */
	return CALL(quotactl, (long)0x80000100, 0, 0, 0) == 0;
}

static bool accounting(void)
{
	return CALL(acct, 0) == 0;
}

static bool kernel_log(void)
{
	char text[64];

	return CALL(syslog, 3 /* read all */, A(text), sizeof(text)) >= 0;
}

static bool hang_up(void)
{
	return CALL(vhangup, 0) == 0;
}

static bool swap_off(void)
{
	/* Whoever may is told that this is no swap area. */
	return CALL(swapoff, A("/tmp")) == 0 || (errno != EPERM && errno != ENOSYS);
}

#ifdef SYS_iopl
static bool all_ports(void)
{
	return CALL(iopl, 3) == 0;
}

static bool one_port(void)
{
	return CALL(ioperm, 0x80, 1, 1) == 0;
}

static bool segments(void)
{
	char table[64];

	return CALL(modify_ldt, 0, A(table), sizeof(table)) >= 0;
}
#endif

#ifdef __x86_64__
/* The 32-bit table has other numbers: 20 is getpid there and writev here. */
static bool int_0x80(void)
{
	long result;

	tried("int-0x80", 20, 0);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "r8", "r9", "r10", "r11", "memory");
	if (result < 0)
		errno = (int)-result;
	return tried("int-0x80", 20, result < 0 ? -1 : 0) == 0;
}

static bool x32(void)
{
	/* getpid with the bit of the x32 table */
	return escape_call("x32", 0x40000000 | SYS_getpid, (const long[6]){0}) >= 0;
}
#endif

const struct attack kernel_attacks[] = {
	{"bpf", bpf_map},
	{"perf", perf},
	{"io-uring", io_ring},
	{"io-setup", old_aio},
	{"userfaultfd", user_fault},
	{"keyctl", key_control},
	{"add-key", key_add},
	{"fanotify", fanotify},
	{"name-to-handle", handle_make},
	{"open-by-handle", handle_open},
	{"kexec", kexec},
	{"delete-module", module_remove},
	{"init-module", module_load},
	{"reboot", ctrl_alt_del},
	{"clock-settime", clock_set},
	{"settimeofday", day_set},
	{"adjtimex", clock_adjust},
	{"personality", randomize_off},
	{"read-implies-exec", read_implies_exec},
	{"quotactl", quota},
	{"acct", accounting},
	{"syslog", kernel_log},
	{"vhangup", hang_up},
	{"swapoff", swap_off},
#ifdef SYS_iopl
	{"iopl", all_ports},
	{"ioperm", one_port},
	{"modify-ldt", segments},
#endif
#ifdef __x86_64__
	{"int-0x80", int_0x80},
	{"x32", x32},
#endif
	{0},
};
