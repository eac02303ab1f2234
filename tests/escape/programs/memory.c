/* Code that was data. */
#include "escape.h"

#include <errno.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#ifdef SYS_mmap
#define MMAP SYS_mmap
#else
#define MMAP SYS_mmap2
#endif

static bool map_both(void)
{
	return tried("mmap", MMAP,
		     mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
			     ? -1
			     : 0) == 0;
}

static bool make_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)page = 1;
	return CALL(mprotect, A(page), 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool make_by_key(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return CALL(pkey_mprotect, A(page), 4096, PROT_READ | PROT_EXEC, -1) == 0;
}

static bool shared_executable(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0700);
	bool out = id >= 0 &&
		   tried("shmat", SYS_shmat, shmat(id, NULL, SHM_EXEC) == (void *)-1 ? -1 : 0) == 0;

	shmctl(id, IPC_RMID, NULL);
	return out;
}

const struct attack memory_attacks[] = {
	{"mmap-wx", map_both},
	{"mprotect-x", make_executable},
	{"pkey-mprotect", make_by_key},
	{"shm-exec", shared_executable},
	{0},
};
