#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/options.h"
#include "cli/terminal.h"
#include "image/commands.h"
#include "image/stage.h"
#include "policy/check.h"
#include "policy/load.h"

#define DEVICE_MAX 65536

static int load_service(const char *path, struct policy *policy, struct err *err)
{
	char *text;
	size_t size;
	int r = workdir_read_file(path, MANIFEST_MAX, &text, &size, err);

	if (r)
		return r;
	r = policy_load_service(&(struct policy_text){path, text, size}, false, policy, err);
	free(text);
	return r;
}

/* Against the bounds that a device grants to every service, or to the one that is named. */
static int check_device(const char *path, const char *name, const struct policy *policy,
			struct err *err)
{
	static struct device_policy device;
	static struct device_service any;
	const struct device_service *row;
	char *text;
	size_t size;
	int r = workdir_read_file(path, DEVICE_MAX, &text, &size, err);

	if (r)
		return r;
	r = policy_load_device(&(struct policy_text){path, text, size}, &device, err);
	free(text);
	if (r)
		return r;
	any.bounds = device.bounds;
	row = name ? policy_device_service(&device, name) : &any;
	if (!row)
		return err_set(err, EACCES, "%s does not name %s", path, name);
	return policy_check_bounds(policy, &device, row, err);
}

int image_lint_command(int argc, char **argv)
{
	static struct policy policy;
	const char *device = NULL;
	const char *name = NULL;
	const struct option options[] = {
		{.name = "device",
		 .argument = "FILE",
		 .help = "supervisor.conf whose bounds must hold",
		 .value = &device},
		{.name = "name", .argument = "NAME", .help = "service name there", .value = &name},
		{0},
	};
	const struct usage usage = {
		.synopsis = "image lint FILE [--device FILE [--name NAME]]",
		.summary = "Checks a service file as `image build` and the device do.",
		.options = options,
		.least = 1,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	r = load_service(operands.at[0], &policy, &err);
	if (!r && device)
		r = check_device(device, name, &policy, &err);
	if (r)
		return terminal_fail("image lint", &err);
	(void)printf("%s: no mistake found\n", operands.at[0]);
	return EXIT_OK;
}
