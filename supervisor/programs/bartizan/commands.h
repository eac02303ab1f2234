#ifndef BARTIZAN_COMMANDS_H
#define BARTIZAN_COMMANDS_H

/*
 * One row per command, one file per command: `int cmd_NAME(int argc, char **argv)` with argv[0] the
 * command's name; it returns the exit code. A command of the other build has its row too, without
 * function, so that the program can say where to find it.
 */
enum where { ON_DEVICE, ON_HOST, ON_BOTH };

struct command {
	const char *name;
	int (*function)(int argc, char **argv);
	const char *help;
	enum where where;
};

extern const struct command commands[]; /* ends with a row without name */

int cmd_lint(int argc, char **argv);
int cmd_seccomp(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_helpers(int argc, char **argv);
int cmd_poweroff(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_secret(int argc, char **argv);
int cmd_trust(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_freeze(int argc, char **argv);
int cmd_unfreeze(int argc, char **argv);
int cmd_isolate(int argc, char **argv);
int cmd_console(int argc, char **argv);

/* cmd_logs.c: the directory of the audit records, or -errno. */
int open_audit_spool(void);

/* cmd_record.c: `seccomp record`, on the device. */
int cmd_record(int argc, char **argv);

/* cmd_lint.c, on the device: the program `compile` as the command argv[0]; its exit code. */
int run_compile(char **argv);

#endif
