/* faulty: stands for a helper with a fault in it: it lives for a second, then touches memory that
 * is not there. */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

int main(int argc, char **argv)
{
	(void)argv;
	(void)poll(NULL, 0, 1000);
	/* argc is never 0 here, which the compiler cannot know: an address that nothing is mapped
	 * at. */
	return *(volatile int *)(uintptr_t)(unsigned int)(argc - argc % 4);
}
