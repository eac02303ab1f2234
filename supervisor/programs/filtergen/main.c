#include <stdio.h>

#include "base/str.h"
#include "seccomp/helper_filters.h"
#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

/*
 * filtergen ARCH: the filters of the helpers as C, on standard output. seccomp_profile_build()
 * proves each against its tables and the never-list: one that fails fails the build.
 * filtergen ARCH names: the names of system calls in the order of their numbers, for the recorder.
 */
static const char *const arches[ARCH_COUNT] = {"x86_64", "aarch64", "armv7", "riscv64"};

static int find_arch(const char *name)
{
	for (int i = 0; i < ARCH_COUNT; i++)
		if (str_equal(arches[i], name))
			return i;
	return -1;
}

/* What a service runs under while it is recorded; with mdwe = no. */
#define RECORDING     "recording"
#define RECORDING_JIT "recording_jit"

static void write_code(const char *name, const struct seccomp_filter *filter)
{
	printf("\nstatic const struct sock_filter %s_code[] = {\n", name);
	for (uint32_t i = 0; i < filter->count; i++)
		printf("\t{0x%02x, %u, %u, 0x%08x},\n", filter->code[i].code, filter->code[i].jt,
		       filter->code[i].jf, filter->code[i].k);
	printf("};\n");
}

static void write_row(const char *name)
{
	printf("\t{\"%s\", sizeof(%s_code) / sizeof(%s_code[0]), %s_code},\n", name, name, name,
	       name);
}

static void write_table(void)
{
	printf("\nconst struct helper_filter helper_filters[] = {\n");
	for (size_t i = 0; i < seccomp_helper_count; i++)
		write_row(seccomp_helpers[i].name);
	write_row(RECORDING);
	write_row(RECORDING_JIT);
	printf("};\nconst size_t helper_filter_count = %zu;\n", seccomp_helper_count + 2);
}

static void write_names(enum policy_arch arch)
{
	printf("#include \"programs/recorder/recorder.h\"\n\nconst char syscall_names[] =\n");
	for (int number = 0; number <= SECCOMP_NEWEST; number++)
		printf("\t\"%s\\0\" /* %d */\n", seccomp_number_name(number, arch), number);
	printf("\t\"\";\nconst unsigned int syscall_name_count = %d;\n", SECCOMP_NEWEST + 1);
	printf("const uint32_t syscall_arch = 0x%08x;\n", seccomp_audit_arch(arch));
}

static int write_filter(const char *name, const struct seccomp_profile *profile, bool mdwe,
			enum policy_arch arch)
{
	const struct seccomp_values values = {.exec_fd = HELPER_EXEC_FD, .mdwe = mdwe};
	static struct seccomp_filter filter;
	struct err err = {0};

	if (seccomp_profile_build(profile, &values, arch, &filter, &err)) {
		fprintf(stderr, "filtergen: %s: %s\n", name, err.msg);
		return -1;
	}
	write_code(name, &filter);
	return 0;
}

static int write_filters(enum policy_arch arch)
{
	int r = 0;

	printf("#include \"seccomp/helper_filters.h\"\n");
	for (size_t i = 0; i < seccomp_helper_count && !r; i++)
		r = write_filter(seccomp_helpers[i].name, &seccomp_helpers[i], true, arch);
	r = r ? r : write_filter(RECORDING, &seccomp_recording, true, arch);
	r = r ? r : write_filter(RECORDING_JIT, &seccomp_recording, false, arch);
	if (!r)
		write_table();
	return r;
}

int main(int argc, char **argv)
{
	int arch = argc == 2 || argc == 3 ? find_arch(argv[1]) : -1;
	bool names = argc == 3 && str_equal(argv[2], "names");

	if (arch < 0 || (argc == 3 && !names)) {
		fprintf(stderr, "usage: filtergen x86_64|aarch64|armv7|riscv64 [names]\n");
		return 2;
	}
	printf("/* Made by filtergen %s. */\n", argv[1]);
	if (names)
		write_names((enum policy_arch)arch);
	else if (write_filters((enum policy_arch)arch))
		return 1;
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
