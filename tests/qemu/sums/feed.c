/* feed FILE PROGRAM WORD...: the program with the file behind a pipe as its standard input. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int ends[2];
	int fd = argc > 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || pipe(ends))
		return 125;
	switch (fork()) {
	case -1:
		return 125;
	case 0:
		close(ends[0]);
		while (sendfile(ends[1], fd, NULL, 1 << 16) > 0)
			;
		return 0;
	default:
		close(ends[1]);
		dup2(ends[0], 0);
		close(ends[0]);
		execv(argv[2], argv + 2);
		return 126;
	}
}
