#include "directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/* getdents64(2) */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

int directory_open(struct directory *d, int at_fd, const char *path)
{
	int fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	d->fd = fd;
	d->at = 0;
	d->end = 0;
	return 0;
}

static const struct entry *next_entry(struct directory *d)
{
	const struct entry *entry;

	if (d->at >= d->end) {
		long n = syscall(SYS_getdents64, d->fd, d->buffer, sizeof(d->buffer));

		if (n <= 0)
			return NULL;
		d->at = 0;
		d->end = (size_t)n;
	}
	entry = (const struct entry *)(const void *)(d->buffer + d->at);
	d->at += entry->size;
	return entry;
}

const char *directory_next(struct directory *d, int type)
{
	const struct entry *entry;

	while ((entry = next_entry(d)) != NULL) {
		if (str_equal(entry->name, ".") || str_equal(entry->name, ".."))
			continue;
		if (type >= 0 && entry->type != type)
			continue;
		d->type = entry->type;
		return entry->name;
	}
	return NULL;
}

void directory_close(struct directory *d)
{
	fd_close(&d->fd);
}
