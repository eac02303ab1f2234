/* More than the share: processes, memory, files, space. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 80 /* pids_limit of these services is 64 */
#define MEGABYTES 40 /* memory is 24m */

static bool fork_bomb(void)
{
	int pids[PROCESSES];
	int count = 0;

	while (count < PROCESSES) {
		pids[count] = (int)tried("fork", -1, idle_child());
		if (pids[count] < 0)
			break;
		count++;
	}
	for (int i = 0; i < count; i++)
		end_child(pids[i]);
	return count == PROCESSES;
}

static bool memory_bomb(void)
{
	for (int i = 0; i < MEGABYTES; i++) {
		volatile char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (block == MAP_FAILED)
			return refused("mmap", errno);
		for (int at = 0; at < 1 << 20; at += 4096)
			block[at] = 1;
	}
	return true;
}

/* /tmp is 1 MiB. */
static bool fill_space(void)
{
	static char block[65536];
	int fd = open("/tmp/big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int blocks = 0;

	while (blocks < 32 &&
	       tried("write", SYS_write, write(fd, block, sizeof(block))) == sizeof(block))
		blocks++;
	/* A short write is the last that had room. */
	if (blocks < 32)
		(void)tried("write", SYS_write, write(fd, block, sizeof(block)));
	close(fd);
	unlink("/tmp/big");
	return blocks == 32;
}

#define FILES 4096

static bool fill_inodes(void)
{
	char path[32];
	int made = 0;

	for (; made < FILES; made++) {
		int fd;

		snprintf(path, sizeof(path), "/tmp/f%d", made);
		fd = (int)tried("open", SYS_openat,
				open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		if (fd < 0)
			break;
		close(fd);
	}
	for (int i = 0; i < made; i++) {
		snprintf(path, sizeof(path), "/tmp/f%d", i);
		unlink(path);
	}
	return made == FILES;
}

static bool all_descriptors(void)
{
	struct rlimit limit;
	int fd;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	do
		fd = (int)tried("dup", SYS_dup, dup(0));
	while (fd >= 0 && fd < 5000);
	return fd >= 5000;
}

static bool raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max = limit.rlim_max + 1;
	return tried("setrlimit", SYS_prlimit64, setrlimit(RLIMIT_NOFILE, &limit)) == 0;
}

static bool core_file(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	return tried("setrlimit", SYS_prlimit64, setrlimit(RLIMIT_CORE, &limit)) == 0;
}

static bool lock_memory(void)
{
	void *block =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return CALL(mlock, A(block), 1 << 20) == 0;
}

const struct attack resource_attacks[] = {
	{"fork-bomb", fork_bomb},
	{"memory-bomb", memory_bomb},
	{"tmpfs-fill", fill_space},
	{"inode-fill", fill_inodes},
	{"fd-exhaustion", all_descriptors},
	{"raise-nofile", raise_limit},
	{"core-limit", core_file},
	{"memlock", lock_memory},
	{0},
};
