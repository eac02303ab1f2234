/* links: base crypto ipc audit spool mbedtls */
/* A newest segment of any content: recovery ends, cuts at a line's end, and finds nothing to cut
 * the second time. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "spool/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/fuzz-spool-XXXXXX";
static int dir_fd = -1;

static void remove_dir(void)
{
	(void)unlinkat(dir_fd, "00000001.log", 0);
	(void)rmdir(path);
}

static struct spool_found open_once(void)
{
	struct spool s = {.chained = true, .max_size = 4096, .max_file = 2};
	struct spool_found found = {.last_boot = 1};

	if (spool_open(&s, fcntl(dir_fd, F_DUPFD_CLOEXEC, 0), 1, &found, NULL))
		abort();
	spool_close(&s);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_FD int fd = -1;
	struct spool_found first;
	struct spool_found second;
	struct stat st;

	if (dir_fd < 0) {
		if (!mkdtemp(path))
			abort();
		dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)atexit(remove_dir);
	}
	fd = openat(dir_fd, "00000001.log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd_write_all(fd, data, size))
		abort();
	first = open_once();
	if (fstat(fd, &st) || (uint64_t)st.st_size + first.cut_bytes != size)
		abort();
	if (st.st_size && data[st.st_size - 1] != '\n')
		abort();
	second = open_once();
	if (second.cut_bytes || second.last_n != first.last_n)
		abort();
	return 0;
}
