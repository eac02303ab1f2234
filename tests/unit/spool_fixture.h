#ifndef SPOOL_FIXTURE_H
#define SPOOL_FIXTURE_H

/* A directory of spools, and records that follow each other in it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "scratch.h"
#include "spool/spool.h"

#define BOOT 0x1122334455667788ull

static char root[64];
static int root_fd;
static uint64_t n;

static inline int make_root(void **state)
{
	(void)state;
	(void)str_copy(root, sizeof(root), "/tmp/spool-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = 0;
	return mkdirat(root_fd, "audit", 0755) || mkdirat(root_fd, "svc", 0755) ? -1 : 0;
}

static inline int remove_root(void **state)
{
	(void)state;
	fd_close(&root_fd);
	return scratch_remove(root);
}

static inline int dir(const char *path)
{
	(void)mkdirat(root_fd, path, 0755);
	return openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline struct spool_found open_spool(struct spool *s, const char *path, bool chained)
{
	struct spool_found found = {0};
	struct err err = {0};

	s->chained = chained;
	s->max_size = 4096;
	s->max_file = 3;
	assert_int_equal(spool_open(s, dir(path), BOOT, &found, &err), 0);
	return found;
}

/* One record of event @event about @service with the next n. */
static inline void add_line(struct spool *s, struct text *t, enum audit_event event,
			    const char *service)
{
	struct spool_line line = {.n = ++n,
				  .boot = BOOT,
				  .real_us = 1790000000123456ull,
				  .facility = 13,
				  .origin = ORIGIN_INIT,
				  .sn = n};
	struct audit_decoded record = {.def = &audit_events[event], .head.boot_us = 5000 + n};
	size_t start = t->used;

	if (!s->chained)
		line.origin = ORIGIN_COUNT;
	for (; audit_field_type(record.def, record.count) != AUDIT_END; record.count++) {
		record.values[record.count].string = service;
		record.values[record.count].length = strlen(service);
	}
	spool_line_format(t, &line, &record);
	spool_chain(s, t, start);
	assert_false(t->cut);
}

static inline uint64_t put(struct spool *s, size_t count)
{
	uint64_t evicted = 0;

	for (size_t i = 0; i < count; i++) {
		char memory[2048];
		struct text t = TEXT_IN(memory);

		add_line(s, &t, EVENT_READY, "web");
		assert_int_equal(spool_write(s, &t, 0, &evicted), 0);
	}
	return evicted;
}

static inline off_t size_of(const char *path)
{
	struct stat st;

	return fstatat(root_fd, path, &st, 0) ? -1 : st.st_size;
}

static inline void set_size(const char *path, off_t size)
{
	CLEAN_FD int fd = openat(root_fd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
}

static inline void change_byte(const char *path, off_t offset, char byte)
{
	CLEAN_FD int fd = openat(root_fd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

#endif
