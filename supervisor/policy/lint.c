#include "policy/lint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "policy/check.h"
#include "policy/load.h"

#ifdef BARTIZAN_HOST
#define DEVICE_CONF NULL
#else
#define DEVICE_CONF "/etc/bartizan/supervisor.conf"
#endif
#define TEXT_MAX 65536

/* What is judged: a service file and, unless NULL, the supervisor.conf whose bounds must hold, for
 * the service of that name or for every one (NULL). */
struct policy_lint {
	const char *service;
	const char *device;
	const char *name;
};

static char text[TEXT_MAX + 1];

/* A whole file, wherever its author keeps it: links are followed. */
static int read_text(const char *path, size_t *size, struct err *err)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -errno : fd_read_up_to(fd, text, sizeof(text));

	if (n < 0)
		return err_sys(err, (int)-n, "%s", path);
	if (n > TEXT_MAX)
		return err_set(err, EFBIG, "%s: larger than 64 KiB", path);
	*size = (size_t)n;
	return 0;
}

static int check_device(const struct policy_lint *what, const struct policy *policy,
			struct err *err)
{
	static struct device_policy device;
	static struct device_service any;
	const struct device_service *row = &any;
	size_t size = 0;
	int r = read_text(what->device, &size, err);

	r = r ? r
	      : policy_load_device(&(struct policy_text){what->device, text, size}, &device, err);
	if (r)
		return r;
	any.bounds = device.bounds;
	if (what->name)
		row = policy_device_service(&device, what->name);
	if (!row)
		return err_set(err, EACCES, "%s does not name %s", what->device, what->name);
	return policy_check_bounds(policy, &device, row, what->service, err);
}

static int lint(const struct policy_lint *what, struct policy *policy, struct err *err)
{
	size_t size = 0;
	int r = read_text(what->service, &size, err);

	r = r ? r
	      : policy_load_service(&(struct policy_text){what->service, text, size}, false, policy,
				    err);
	return !r && what->device ? check_device(what, policy, err) : r;
}

/* FILE:LINE: [section] key = value: reason; hint, alone on its line, as a compiler says it. */
static int complain(const struct err *err)
{
	struct err safe = *err;

	err_sanitize(&safe);
	(void)fprintf(stderr, "%s%s%s\n", safe.msg, safe.hint[0] ? "; " : "", safe.hint);
	return terminal_exit(&safe);
}

int policy_lint_command(int argc, char **argv)
{
	static struct policy policy;
	struct policy_lint what = {0};
	const struct option options[] = {
		{.name = "device",
		 .argument = "FILE",
		 .help = "supervisor.conf whose bounds must hold",
		 .value = &what.device},
		{.name = "name",
		 .argument = "NAME",
		 .help = "service name there",
		 .value = &what.name},
		{0},
	};
	const struct usage usage = {
		.synopsis = "lint FILE [--device FILE] [--name NAME]",
		.summary = "Checks a service file as `image build` and the device do.\n"
			   "Exits 1 when the file is wrong, 5 when the device does not grant what "
			   "it asks for.",
		.options = options,
		.least = 1,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	what.service = operands.at[0];
	if (what.name && !what.device)
		what.device = DEVICE_CONF;
	if (lint(&what, &policy, &err))
		return complain(&err);
	(void)printf("%s: no mistake found\n", what.service);
	return EXIT_OK;
}
