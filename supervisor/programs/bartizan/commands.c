#include "commands.h"

#include <stddef.h>

#include "generated/autoconf.h"

#ifdef BARTIZAN_HOST
#include "image/commands.h"
#define HOST(function)       function
#define DEVICE(function)     NULL
#define EITHER(host, device) host
#else
#define HOST(function)       NULL
#define DEVICE(function)     function
#define EITHER(host, device) device
#endif

/* clang-format off */
const struct command commands[] = {
	{"image", EITHER(image_command, cmd_image), "images: build and sign on the host, install and choose on the device", ON_BOTH},
	{"explain", HOST(explain_command), "explain the keys of the configuration files", ON_HOST},
	{"lint", cmd_lint, "check a service file, alone or against a device policy", ON_BOTH},
	{"seccomp", cmd_seccomp, "show what a system call filter answers, or how two differ", ON_BOTH},
	{"ps", DEVICE(cmd_ps), "list the services and what they are doing", ON_DEVICE},
	{"status", DEVICE(cmd_status), "show one service; the exit code says its state", ON_DEVICE},
	{"start", DEVICE(cmd_start), "start a service and what it depends on", ON_DEVICE},
	{"stop", DEVICE(cmd_stop), "stop a service", ON_DEVICE},
	{"restart", DEVICE(cmd_restart), "stop a service and start it again", ON_DEVICE},
	{"inspect", DEVICE(cmd_inspect), "print every option of a service as the device enforces it", ON_DEVICE},
	{"logs", DEVICE(cmd_logs), "print what a service wrote", ON_DEVICE},
	{"events", DEVICE(cmd_events), "print the audit records of this device", ON_DEVICE},
	{"audit", cmd_audit, "verify, show and resend the audit trail", ON_BOTH},
	{"helpers", DEVICE(cmd_helpers), "list Bartizan's own processes and their deaths", ON_DEVICE},
	{"check", DEVICE(cmd_check), "read the protections of running services back, and score them", ON_DEVICE},
	{"freeze", DEVICE(cmd_freeze), "let no process of a service run", ON_DEVICE},
	{"isolate", DEVICE(cmd_isolate), "freeze a service, and let it not start again", ON_DEVICE},
	{"unfreeze", DEVICE(cmd_unfreeze), "let a frozen or isolated service go", ON_DEVICE},
	{"secret", DEVICE(cmd_secret), "store, list and remove secrets of services", ON_DEVICE},
	{"trust", EITHER(trust_command, cmd_trust), "trust bundles: build on the host, show and install on the device", ON_BOTH},
	{"poweroff", DEVICE(cmd_poweroff), "stop the services, then switch off", ON_DEVICE},
	{"reboot", DEVICE(cmd_reboot), "stop the services, then start again", ON_DEVICE},
#ifdef CONFIG_CONSOLE
	{"console", DEVICE(cmd_console), "a prompt over these commands", ON_DEVICE},
#endif
	{NULL, NULL, NULL, ON_BOTH},
};
/* clang-format on */
