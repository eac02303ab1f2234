/* term: the signal that a power button gives to init. */
#include <signal.h>

int main(void)
{
	return kill(1, SIGTERM) != 0;
}
