#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define SEAL_EXEC 0x0020 /* F_SEAL_EXEC of linux/fcntl.h since 6.3 */

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_duplicate(int fd, int least)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, least);

	if (copy < 0)
		return -errno;
	return copy < least ? -EBADF : copy;
}

void fd_raise(int *fd)
{
	int high = fd_duplicate(*fd, FD_HIGH);

	if (high < 0)
		return;
	fd_close(fd);
	*fd = high;
}

int fd_pread_exact(int fd, void *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

int fd_write_all(int fd, const void *buffer, size_t size)
{
	const char *at = buffer;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_up_to(int fd, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)buffer + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t fd_read_file(int directory, const char *path, char *buffer, size_t size)
{
	/* O_NONBLOCK: a pipe in the file's place must not hold anybody up. */
	CLEAN_FD int fd =
		openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fd_read_up_to(fd, buffer, size);
	if (n < 0)
		return n;
	if ((size_t)n == size)
		return -EFBIG;
	buffer[n] = '\0';
	return n;
}

int fd_write_file(int directory, const char *path, const char *text)
{
	CLEAN_FD int fd = openat(directory, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int fd_sealed_memfd(const char *name, const void *data, size_t size)
{
	CLEAN_FD int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	/* 0600: a memfd is born 0777 and could be reopened for writing through /proc/self/fd by
	 * another uid. */
	if (fchmod(fd, 0600))
		return -errno;
	r = fd_write_all(fd, data, size);
	if (r)
		return r;
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		return -errno;
	return take_fd(&fd);
}

int fd_seals(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals < 0 ? -errno : seals & ~SEAL_EXEC;
}

int fd_check_sealed(int fd, size_t size)
{
	struct stat st;

	if (fd_seals(fd) != ALL_SEALS)
		return -EBADMSG;
	if (fstat(fd, &st) || st.st_size != (off_t)size)
		return -EBADMSG;
	return 0;
}

int fd_read_sealed(int fd, void *buffer, size_t size)
{
	int r = fd_check_sealed(fd, size);

	return r ? r : fd_pread_exact(fd, buffer, size, 0);
}
