#include "sys/machine.h"

#include <errno.h>
#include <sys/reboot.h>
#include <unistd.h>

int reboot_by_child(enum reboot_how how)
{
	static const int commands[] = {RB_POWER_OFF, RB_AUTOBOOT, (int)RB_HALT_SYSTEM};
	pid_t pid;

	_Static_assert(sizeof(commands) / sizeof(commands[0]) == REBOOT_HOW_COUNT,
		       "one command each");
	if ((unsigned int)how >= REBOOT_HOW_COUNT)
		return -EINVAL;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)reboot(commands[how]);
		_exit(1);
	}
	return 0;
}

int reboot_disable_keys(void)
{
	return reboot(RB_DISABLE_CAD) ? -errno : 0;
}
