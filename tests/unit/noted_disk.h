#ifndef UNIT_NOTED_DISK_H
#define UNIT_NOTED_DISK_H

#include <errno.h>
#include <sys/stat.h>

#include "noted_calls.h"

/* f: fsync of a file, r: a rename, d: fsync of a directory, which fails when the disk is full. */
static bool disk_full;

int fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	note_call(S_ISDIR(st.st_mode) ? 'd' : 'f');
	errno = ENOSPC;
	return disk_full && S_ISDIR(st.st_mode) ? -1 : 0;
}

int renameat(int from, const char *old, int to, const char *new)
{
	int (*real)(int, const char *, int, const char *);

	*(void **)&real = next_of("renameat");
	note_call('r');
	return real(from, old, to, new);
}

#endif
