/* A board without modules, state, watchdog or uplink: what there is in a namespace. */
#include "sys/board.h"

static const char *const none[] = {NULL};

const struct board board = {
	.name = "namespace",
	.command_line = "not the command line of this machine",
	.console = "/dev/console",
	.modules = none,
	.lsms = none,
	.controllers = none,
	.namespaces = none,
	.harden_absent = none,
	.build = "tests/ns",
};
