#include "seccomp/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "seccomp/docker.h"

#define EXEC_FD     4096 /* the default hard limit of open files */
#define ANSWER_SIZE 2048

static const char *const arches[ARCH_COUNT] = {"x86_64", "aarch64", "armv7", "riscv64"};

/* What one operand names, with everything it was read from. */
struct subject {
	struct seccomp_listing listing;
	char text[SECCOMP_JSON_MAX + 1];
	const struct seccomp_profile *profile;
};

struct request {
	enum policy_arch arch;
	struct seccomp_values values;
	const char *arch_name;
	bool jit;
	bool json;
	bool program;
};

static struct request request;

static enum policy_arch own_arch(void)
{
#if defined(__aarch64__)
	return ARCH_AARCH64;
#elif defined(__arm__)
	return ARCH_ARMV7;
#elif defined(__riscv)
	return ARCH_RISCV64;
#else
	return ARCH_X86_64;
#endif
}

static int take_arch(struct err *err)
{
	request.arch = own_arch();
	for (int i = 0; request.arch_name && i < ARCH_COUNT; i++)
		if (str_equal(arches[i], request.arch_name)) {
			request.arch = (enum policy_arch)i;
			return 0;
		}
	if (!request.arch_name)
		return 0;
	(void)err_set(err, EINVAL, "%s: no such architecture", request.arch_name);
	return err_hint(err, "x86_64, aarch64, armv7 or riscv64");
}

static int read_file(const char *path, struct subject *subject, struct err *err)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -errno : fd_read_up_to(fd, subject->text, sizeof(subject->text));
	struct seccomp_text text = {path, subject->text, (size_t)n};
	int r;

	if (n < 0) {
		(void)err_sys(err, (int)-n, "%s", path);
		return err_hint(err, "builtin:strict, builtin:moby or a file in Docker's JSON");
	}
	r = seccomp_docker_read(&text, request.arch, request.values.mdwe, &subject->listing, err);
	subject->profile = &subject->listing.profile;
	return r;
}

static int find(const char *name, struct subject *subject, struct seccomp_filter *filter,
		struct err *err)
{
	int r = 0;

	if (str_equal(name, seccomp_strict.name))
		subject->profile = &seccomp_strict;
	else if (str_equal(name, seccomp_moby.name))
		subject->profile = &seccomp_moby;
	else
		r = read_file(name, subject, err);
	/* The proof is part of it: what is shown is what the filter does. */
	return r ? r
		 : seccomp_profile_build(subject->profile, &request.values, request.arch, filter,
					 err);
}

static void describe(const struct subject *subject, int number, char *answer)
{
	struct text out = {.at = answer, .size = ANSWER_SIZE};

	answer[0] = '\0';
	seccomp_describe(subject->profile, &request.values, request.arch, number, &out);
}

static void print_call(int number, const char *name, const char *answer, bool first)
{
	char line[2 * ANSWER_SIZE] = "";
	struct text out = TEXT_IN(line);

	if (!request.json) {
		(void)printf("%4d %-28s %s\n", number, name, answer);
		return;
	}
	text_add(&out, first ? "{" : ",\n {");
	text_add_json_u64(&out, "number", (uint64_t)number);
	text_add_json_member(&out, "name", name);
	text_add_json_member(&out, "answer", answer);
	text_add(&out, "}");
	(void)printf("%s", line);
}

static void print_all(const struct subject *subject, uint32_t instructions)
{
	char answer[ANSWER_SIZE];
	bool first = true;

	if (request.json)
		(void)printf(
			"{\"profile\":\"%s\",\"arch\":\"%s\",\"instructions\":%u,\"newest\":%u,"
			"\"forbidden\":%u,\"calls\":[",
			subject->profile->name, arches[request.arch], instructions,
			seccomp_newest(subject->profile), subject->listing.never);
	for (int number = 0; number <= SECCOMP_NEWEST; number++) {
		const char *name = seccomp_number_name(number, request.arch);

		if (!*name)
			continue;
		describe(subject, number, answer);
		print_call(number, name, answer, first);
		first = false;
	}
	if (request.json) {
		(void)printf("]}\n");
		return;
	}
	(void)printf("%s on %s: %u instructions; newer calls than %u answer ENOSYS\n",
		     subject->profile->name, arches[request.arch], instructions,
		     seccomp_newest(subject->profile));
	if (subject->listing.never)
		(void)printf("%u names are allowed by the file and forbidden to every service\n",
			     subject->listing.never);
}

static const struct option options[] = {
	{.name = "arch",
	 .argument = "ARCH",
	 .help = "default: this machine's",
	 .value = &request.arch_name},
	{.name = "jit", .help = "as with mdwe = no", .flag = &request.jit},
	{.name = "json", .help = "print JSON", .flag = &request.json},
	{.name = "bpf",
	 .help = "the program itself (struct sock_filter)",
	 .flag = &request.program},
	{.name = NULL},
};

static int show(const char *name, struct err *err)
{
	static struct subject subject;
	static struct seccomp_filter filter;
	int r = find(name, &subject, &filter, err);

	if (r)
		return r;
	if (!request.program) {
		print_all(&subject, filter.count);
		return 0;
	}
	r = fd_write_all(STDOUT_FILENO, filter.code, filter.count * sizeof(filter.code[0]));
	return r ? err_sys(err, -r, "standard output") : 0;
}

static int diff(const char *const names[2], struct err *err)
{
	static struct subject subjects[2];
	static struct seccomp_filter filter;
	char answers[2][ANSWER_SIZE];
	unsigned int count = 0;

	for (int i = 0; i < 2; i++) {
		int r = find(names[i], &subjects[i], &filter, err);

		if (r)
			return r;
	}
	for (int number = 0; number <= SECCOMP_NEWEST; number++) {
		const char *name = seccomp_number_name(number, request.arch);

		for (int i = 0; i < 2; i++)
			describe(&subjects[i], number, answers[i]);
		if (!*name || str_equal(answers[0], answers[1]))
			continue;
		count++;
		(void)printf("%-28s %s | %s\n", name, answers[0], answers[1]);
	}
	(void)printf("%s | %s: %u calls differ\n", names[0], names[1], count);
	return 0;
}

/* A service has to run for it. */
static int refuse_record(void)
{
	struct err err = {0};

	(void)err_set(&err, ENOTSUP, "only a device records");
	(void)err_hint(&err, "bartizan seccomp record SERVICE on the board of a developer");
	(void)terminal_fail("seccomp", &err);
	return EXIT_USAGE;
}

int seccomp_command(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "seccomp show PROFILE | seccomp diff PROFILE PROFILE",
		.summary =
			"What a system call filter answers, call by call, or in what two differ.\n"
			"On a device: seccomp record SERVICE [--for TIME] [--json].\n"
			"PROFILE: builtin:strict, builtin:moby or a file in Docker's JSON.",
		.options = options,
		.least = 2,
		.most = 3,
	};
	struct operands operands;
	struct err err = {0};
	int r;

	request = (struct request){0};
	r = options_read(&usage, argc, argv, &operands);
	if (r)
		return OPTIONS_EXIT(r);
	if (str_equal(operands.at[0], "record"))
		return refuse_record();
	request.values = (struct seccomp_values){.exec_fd = EXEC_FD, .mdwe = !request.jit};
	r = take_arch(&err);
	if (!r && operands.count == 2 && str_equal(operands.at[0], "show"))
		r = show(operands.at[1], &err);
	else if (!r && operands.count == 3 && str_equal(operands.at[0], "diff"))
		r = diff(&operands.at[1], &err);
	else if (!r)
		r = err_set(&err, EINVAL, "show takes one profile, diff two");
	return r ? terminal_fail("seccomp", &err) : EXIT_OK;
}
