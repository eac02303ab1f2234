#include "spool/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void spool_merge_open(struct spool_merge *m, int spool_fd, uint64_t n)
{
	m->spool_fd = spool_fd;
	m->svc_fd = -1;
	m->n = n;
	m->svc_changed_ns = -1;
	m->count = 0;
	m->current = NULL;
}

void spool_merge_close(struct spool_merge *m)
{
	for (size_t i = 0; i < m->count; i++)
		spool_reader_close(&m->readers[i]);
	m->count = 0;
	fd_close(&m->svc_fd);
}

static void add_reader(struct spool_merge *m, int at, const char *path, const char *name)
{
	int fd;

	if (m->count == SPOOL_MERGE_MAX)
		return;
	fd = open_dir(at, path);
	if (fd < 0)
		return;
	spool_reader_open(&m->readers[m->count], fd, m->n);
	(void)str_copy(m->names[m->count], NAME_SIZE, name);
	m->count++;
}

static bool is_known(const struct spool_merge *m, const char *name)
{
	for (size_t i = 1; i < m->count; i++)
		if (str_equal(m->names[i], name))
			return true;
	return false;
}

/* Services that got a spool since the last look: the directory's mtime tells whether there can be
 * any. */
static void find_services(struct spool_merge *m)
{
	struct stat st;
	int64_t changed;
	DIR *dir;
	int fd;

	if (m->svc_fd < 0)
		m->svc_fd = open_dir(m->spool_fd, "svc");
	if (m->svc_fd < 0 || fstat(m->svc_fd, &st))
		return;
	changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (changed == m->svc_changed_ns)
		return;
	fd = open_dir(m->svc_fd, ".");
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return;
	}
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (str_is_name(entry->d_name) && !is_known(m, entry->d_name))
			add_reader(m, m->svc_fd, entry->d_name, entry->d_name);
	(void)closedir(dir);
	/* Several changes of one clock tick look the same: a young stamp is not remembered. */
	if (clock_real_us() > (uint64_t)changed / 1000u + 1000000u)
		m->svc_changed_ns = changed;
}

/* The reader with the smallest next n. */
static bool smallest(struct spool_merge *m)
{
	if (m->count == 0)
		add_reader(m, m->spool_fd, "audit", "");
	if (m->count)
		find_services(m);
	m->current = NULL;
	for (size_t i = 0; i < m->count; i++) {
		int r = spool_reader_peek(&m->readers[i]);

		/* One unreadable file holds up no other service's records. */
		if (r == 1 && (!m->current || m->readers[i].view.n < m->current->view.n))
			m->current = &m->readers[i];
	}
	return m->current != NULL;
}

bool spool_merge_peek(struct spool_merge *m)
{
	bool found;

	/* Contiguous: nothing can come before it. */
	if (m->current && m->current->size && m->current->view.n == m->n + 1)
		return true;
	found = smallest(m);
	/* A reader that was empty when it was looked at may have got a smaller n before the one
	 * found was written. */
	if (found && m->current->view.n != m->n + 1)
		found = smallest(m);
	return found;
}

void spool_merge_next(struct spool_merge *m)
{
	m->n = m->current->view.n;
	spool_reader_next(m->current);
	/* Most records follow each other in one file: look there first. */
	if (spool_reader_peek(m->current) != 1 || m->current->view.n != m->n + 1)
		m->current = NULL;
}
