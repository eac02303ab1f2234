/*
 * An init that takes nothing away from its launcher: for what the kernel's own switches and the
 * launcher's reduced rights refuse. Built with the HARDEN_ options of Kconfig switched off, and
 * with --wrap around prctl(2). Test build only.
 */
#include <stdarg.h>
#include <sys/prctl.h>

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	unsigned long a[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	/* Nothing is dropped and nothing is said to be left. */
	if (option == PR_CAPBSET_READ || option == PR_CAPBSET_DROP || option == PR_SET_NO_NEW_PRIVS)
		return 0;
	if (option == PR_GET_NO_NEW_PRIVS)
		return 1;
	return __real_prctl(option, a[0], a[1], a[2], a[3]);
}
