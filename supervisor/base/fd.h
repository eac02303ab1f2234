#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor variable that is closed when it leaves its scope; ownership moves on by
 * take_fd(&fd). */
#define CLEAN_FD __attribute__((cleanup(fd_close)))

/* Close *fd if it is open and set it to -1. errno is kept. */
void fd_close(int *fd);

/* Give the descriptor away: returns *fd and leaves -1 behind. */
int take_fd(int *fd);

/* A close-on-exec duplicate of @fd, which stays open, numbered @least or higher: fcntl(2),
 * F_DUPFD_CLOEXEC. -EBADF where @fd is none or the answer is a number below, else -errno. */
int fd_duplicate(int fd, int least);

/* @fd by a number from FD_HIGH up, where it can be; else it stays as it is. What is kept for long
 * makes room so: a child is given what lies low (sandbox/child.c). */
#define FD_HIGH 512
void fd_raise(int *fd);

/* Exactly @size bytes at @offset. -EIO on a short file, else -errno. */
int fd_pread_exact(int fd, void *buffer, size_t size, uint64_t offset);

/* All of @size bytes, restarting after signals and short writes. -errno on failure. */
int fd_write_all(int fd, const void *buffer, size_t size);

/* Up to @size bytes until end of file. Returns the count or -errno. */
ssize_t fd_read_up_to(int fd, void *buffer, size_t size);

/*
 * A whole small file into @buffer with a terminator. Returns its length, -EFBIG when it has @size
 * bytes or more, else -errno.
 * @directory as for openat(2); symbolic links are not followed at the last component.
 */
ssize_t fd_read_file(int directory, const char *path, char *buffer, size_t size);

/* Write @text to an existing file in one write(2): what procfs, sysfs and cgroupfs want. -errno on
 * failure. */
int fd_write_file(int directory, const char *path, const char *text);

/* A memfd with @size bytes of @data, mode 0600, sealed WRITE|SHRINK|GROW|SEAL. Returns the fd or
 * -errno. memfd_create(2) */
int fd_sealed_memfd(const char *name, const void *data, size_t size);

/*
 * The seals of memfd @fd, -errno when it has none (not a memfd). F_SEAL_EXEC is left out: with
 * vm.memfd_noexec, which the harden table sets, the kernel (6.3 and later) puts it on every memfd
 * at birth, and it only ever takes rights away.
 */
int fd_seals(int fd);

/* 0 if @fd is a memfd with exactly the four seals above and @size bytes; -EBADMSG otherwise. */
int fd_check_sealed(int fd, size_t size);

/* fd_check_sealed() and then a private copy into @buffer: nobody can change what was validated. */
int fd_read_sealed(int fd, void *buffer, size_t size);

#endif
