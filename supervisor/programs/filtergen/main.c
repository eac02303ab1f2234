#include <stdio.h>

#include "base/str.h"
#include "seccomp/helper_filters.h"
#include "seccomp/profile.h"

/*
 * filtergen ARCH: the filters of the helpers as C, on standard output. seccomp_profile_build()
 * proves each against its tables and the never-list: one that fails fails the build.
 */
static const char *const arches[ARCH_COUNT] = {"x86_64", "aarch64", "armv7", "riscv64"};

static int find_arch(const char *name)
{
	for (int i = 0; i < ARCH_COUNT; i++)
		if (str_equal(arches[i], name))
			return i;
	return -1;
}

static void write_code(const struct seccomp_profile *profile, const struct seccomp_filter *filter)
{
	printf("\nstatic const struct sock_filter %s_code[] = {\n", profile->name);
	for (uint32_t i = 0; i < filter->count; i++)
		printf("\t{0x%02x, %u, %u, 0x%08x},\n", filter->code[i].code, filter->code[i].jt,
		       filter->code[i].jf, filter->code[i].k);
	printf("};\n");
}

static void write_table(void)
{
	printf("\nconst struct helper_filter helper_filters[] = {\n");
	for (size_t i = 0; i < seccomp_helper_count; i++)
		printf("\t{\"%s\", sizeof(%s_code) / sizeof(%s_code[0]), %s_code},\n",
		       seccomp_helpers[i].name, seccomp_helpers[i].name, seccomp_helpers[i].name,
		       seccomp_helpers[i].name);
	printf("};\nconst size_t helper_filter_count = %zu;\n", seccomp_helper_count);
}

int main(int argc, char **argv)
{
	static const struct seccomp_values values = {.exec_fd = HELPER_EXEC_FD, .mdwe = true};
	static struct seccomp_filter filter;
	struct err err = {0};
	int arch = argc == 2 ? find_arch(argv[1]) : -1;

	if (arch < 0) {
		fprintf(stderr, "usage: filtergen x86_64|aarch64|armv7|riscv64\n");
		return 2;
	}
	printf("/* Made by filtergen %s from seccomp/helpers.c. */\n", argv[1]);
	printf("#include \"seccomp/helper_filters.h\"\n");
	for (size_t i = 0; i < seccomp_helper_count; i++) {
		if (seccomp_profile_build(&seccomp_helpers[i], &values, (enum policy_arch)arch,
					  &filter, &err)) {
			fprintf(stderr, "filtergen: %s: %s\n", seccomp_helpers[i].name, err.msg);
			return 1;
		}
		write_code(&seccomp_helpers[i], &filter);
	}
	write_table();
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
