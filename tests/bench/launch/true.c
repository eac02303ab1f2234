#include <unistd.h>

/* The service of every measurement: nothing, or with an argument asleep until it is killed. */
int main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 ? pause() : 0;
}
