#include "sys/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/str.h"
#include "generated/autoconf.h"
#include "sys/board.h"

#define PROC "/proc/sys/"
#define SYS  "/sys/kernel/security/"

/* The most random bits that the architecture's kernels take with 4 KiB pages (mm:
 * ARCH_MMAP_RND_BITS_MAX). */
#if defined(__x86_64__)
#define MMAP_RND_BITS "32"
#elif defined(__aarch64__)
#define MMAP_RND_BITS "33"
#elif defined(__arm__)
#define MMAP_RND_BITS "16"
#else
#define MMAP_RND_BITS "24"
#endif

/* Per service its own, and that of the `compile` whose sealed memory files are its policy and
 * filter: an open file keeps the namespace of who opened it. Helpers have one each; the one being
 * replaced may linger until its last process is reaped. */
#define USER_NAMESPACES (2 * CONFIG_SERVICES_MAX + 16)

#define ROW(file, text, kernel, reason)                                                            \
	{                                                                                          \
		.path = (file), .value = (text), .since = (kernel), .off = !SYSCTLS,               \
		.why = (reason)                                                                    \
	}
#define SYSCTLS IS_ENABLED(CONFIG_HARDEN_SYSCTL)

/* clang-format off */
const struct harden harden_rows[] = {
	/* First: the knobs that could be used to undo the others. */
	{.path = SYS "lockdown", .value = "integrity", .off = !IS_ENABLED(CONFIG_HARDEN_LOCKDOWN),
	 .why = "root cannot change the running kernel: no /dev/mem, unsigned modules, ports, kprobes that write"},
	{.path = PROC "kernel/kexec_load_disabled", .value = "1", .off = !IS_ENABLED(CONFIG_HARDEN_KEXEC_DISABLED),
	 .why = "no other kernel can be started from this one"},
	ROW(PROC "kernel/modprobe", "", 0, "the kernel never starts a program to load a module"),
	ROW(PROC "kernel/usermodehelper/bset", "0 0", 0, "a program that the kernel starts has no capability"),
	ROW(PROC "kernel/usermodehelper/inheritable", "0 0", 0, "nor can it inherit one"),
	ROW(PROC "kernel/core_pattern", "core", 0, "no pipe to a root program: the core size limit is 0"),
	ROW(PROC "fs/suid_dumpable", "0", 0, "a program that changed its rights leaves no memory image"),
	ROW(PROC "kernel/yama/ptrace_scope", "3", 0, "nobody attaches to anybody, root included, until the next boot"),
	ROW(PROC "kernel/kptr_restrict", "2", 0, "kernel addresses read as 0 for everybody"),
	ROW(PROC "kernel/dmesg_restrict", "1", 0, "the kernel log leaks addresses and what others do"),
	ROW(PROC "kernel/perf_event_paranoid", "3", 0, "perf is a large attack surface and a side channel"),
	ROW(PROC "kernel/unprivileged_bpf_disabled", "1", 0, "the verifier has been broken often; one-way"),
	ROW(PROC "net/core/bpf_jit_harden", "2", 0, "constants in BPF programs are blinded, for root too"),
	ROW(PROC "kernel/io_uring_disabled", "2", HARDEN_SINCE(6, 6), "io_uring bypasses seccomp and is broken often"),
	ROW(PROC "vm/memfd_noexec", "2", HARDEN_SINCE(6, 3), "no code runs from anonymous memory files"),
	ROW(PROC "vm/unprivileged_userfaultfd", "0", 0, "it lets an exploit win kernel races"),
	ROW(PROC "kernel/sysrq", "0", 0, "no commands from keyboard or serial line"),
	ROW(PROC "kernel/panic_on_oops", "1", 0, "an attack on the kernel that fails once must not be tried again"),
	ROW(PROC "kernel/oops_limit", "1", HARDEN_SINCE(6, 2), "reference counts cannot be overflowed by oopsing"),
	ROW(PROC "fs/protected_symlinks", "1", 0, "links in shared writable directories are not followed for others"),
	ROW(PROC "fs/protected_hardlinks", "1", 0, "no hard links to what one cannot write"),
	ROW(PROC "fs/protected_fifos", "2", 0, "no opening of others' fifos in shared directories"),
	ROW(PROC "fs/protected_regular", "2", 0, "nor of their files, for writing"),
	ROW(PROC "dev/tty/ldisc_autoload", "0", 0, "line disciplines are old code that opening a tty must not load"),
	ROW(PROC "dev/tty/legacy_tiocsti", "0", HARDEN_SINCE(6, 2), "nobody types into another's terminal"),
	ROW(PROC "kernel/randomize_va_space", "2", 0, "address randomisation includes the heap"),
	ROW(PROC "vm/mmap_rnd_bits", MMAP_RND_BITS, 0, "as much randomisation as the architecture has"),
	{.path = PROC "user/max_user_namespaces", .number = USER_NAMESPACES, .off = !SYSCTLS,
	 .why = "as many as services and helpers need, so that nobody else can make one"},
	/* Last: what the rows above may still have needed to load is loaded. */
	{.path = PROC "kernel/modules_disabled", .value = "1", .off = !IS_ENABLED(CONFIG_HARDEN_MODULES_DISABLED),
	 .why = "nothing enters the kernel after boot; one-way"},
};
/* clang-format on */
const size_t harden_count = ARRAY_SIZE(harden_rows);

void harden_wanted(const struct harden *row, char text[HARDEN_TEXT])
{
	if (row->value)
		(void)str_copy(text, HARDEN_TEXT, row->value);
	else
		(void)snprintf(text, HARDEN_TEXT, "%u", row->number);
}

int harden_write(const struct harden *row)
{
	char text[HARDEN_TEXT];
	size_t length;

	harden_wanted(row, text);
	/* The newline makes an empty value a write of one byte: write(2) of none would change
	 * nothing. */
	length = strlen(text);
	text[length] = '\n';
	text[length + 1] = '\0';
	return fd_write_file(AT_FDCWD, row->path, text);
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\n')
		at++;
	return at;
}

static size_t word_length(const char *at)
{
	return strcspn(at, " \t\n");
}

bool harden_same(const char *wanted, const char *found)
{
	const char *chosen = strchr(found, '[');

	/* A choice marks the one in force by brackets. */
	if (chosen) {
		size_t length = strlen(wanted);

		return strncmp(chosen + 1, wanted, length) == 0 && chosen[1 + length] == ']';
	}
	for (;;) {
		size_t length;

		wanted = skip_blanks(wanted);
		found = skip_blanks(found);
		length = word_length(wanted);
		if (length != word_length(found) || memcmp(wanted, found, length) != 0)
			return false;
		if (length == 0)
			return true;
		wanted += length;
		found += length;
	}
}

bool harden_is_old(const struct harden *row, const char *release)
{
	unsigned int part[2] = {0, 0};

	for (int i = 0; i < 2; i++) {
		for (; *release >= '0' && *release <= '9' && part[i] < 256; release++)
			part[i] = part[i] * 10 + (unsigned int)(*release - '0');
		if (i == 0 && *release++ != '.')
			return false;
	}
	return (part[0] << 8 | part[1]) < row->since;
}

/* "kernel.yama.ptrace_scope", as sysctl(8) and board.conf write it. */
static bool has_name(const struct harden *row, const char *name)
{
	const char *path = row->path + strlen(str_starts(row->path, PROC) ? PROC : SYS);

	for (; *path && *name; path++, name++)
		if (*path != *name && !(*path == '/' && *name == '.'))
			return false;
	return *path == *name;
}

bool harden_is_lacked(const struct harden *row, const char *const *absent)
{
	for (; *absent; absent++)
		if (has_name(row, *absent))
			return true;
	return false;
}

static enum harden_state why_absent(const struct harden *row)
{
	struct utsname kernel;

	if (harden_is_lacked(row, board.harden_absent))
		return HARDEN_LACKED;
	if (uname(&kernel) == 0 && harden_is_old(row, kernel.release))
		return HARDEN_OLD;
	return HARDEN_DIFFERS;
}

enum harden_state harden_read(const struct harden *row, char found[HARDEN_TEXT])
{
	char wanted[HARDEN_TEXT];
	ssize_t n;

	if (row->off) {
		(void)str_copy(found, HARDEN_TEXT, "switched off in this build");
		return HARDEN_OFF;
	}
	n = fd_read_file(AT_FDCWD, row->path, found, HARDEN_TEXT);
	if (n < 0) {
		str_join(found, HARDEN_TEXT, "(", err_text((int)-n), ")");
		return n == -ENOENT ? why_absent(row) : HARDEN_DIFFERS;
	}
	harden_wanted(row, wanted);
	while (n > 0 && (found[n - 1] == '\n' || found[n - 1] == ' '))
		found[--n] = '\0';
	return harden_same(wanted, found) ? HARDEN_HELD : HARDEN_DIFFERS;
}

const char *harden_state_name(enum harden_state state)
{
	static const char *const names[] = {"held", "differs", "kernel too old",
					    "lacked by this board's kernel", "off"};

	_Static_assert(ARRAY_SIZE(names) == HARDEN_STATE_COUNT, "one name per state");
	return (unsigned int)state < HARDEN_STATE_COUNT ? names[state] : "?";
}
