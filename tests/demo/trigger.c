/* trigger: asks the kernel to crash, as root of the guest; how the harness reports a panic is tried
 * with it. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);

	return fd < 0 || write(fd, "c", 1) != 1;
}
