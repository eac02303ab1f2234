/* sleeper: stands for a helper that was started and then does nothing at all. */
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
