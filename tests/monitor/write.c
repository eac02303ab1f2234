/* write FILE TEXT: what a shell would do with echo. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd;

	if (argc < 3)
		return 2;
	fd = open(argv[1], O_WRONLY);
	return write(fd, argv[2], strlen(argv[2])) < 0;
}
