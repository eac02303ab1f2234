#include "programs/launcher/rollbacks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define TEMPORARY "rollbacks.new"

static bool is_sound(const struct rollbacks *all)
{
	if (all->magic != ROLLBACKS_MAGIC || all->size != sizeof(*all))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(all->of); i++)
		if (!str_terminated(all->of[i].name, sizeof(all->of[i].name)) ||
		    !str_terminated(all->of[i].version, sizeof(all->of[i].version)) ||
		    !str_terminated(all->of[i].why, sizeof(all->of[i].why)))
			return false;
	return true;
}

void rollbacks_load(int state_dir, struct rollbacks *all)
{
	CLEAN_FD int fd =
		openat(state_dir, ROLLBACKS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && fd_pread_exact(fd, all, sizeof(*all), 0) == 0 && is_sound(all))
		return;
	memset(all, 0, sizeof(*all));
	all->magic = ROLLBACKS_MAGIC;
	all->size = sizeof(*all);
}

int rollbacks_store(int state_dir, const struct rollbacks *all)
{
	CLEAN_FD int fd = openat(state_dir, TEMPORARY,
				 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, all, sizeof(*all));

	if (!r && (fsync(fd) || renameat(state_dir, TEMPORARY, state_dir, ROLLBACKS_FILE) ||
		   fsync(state_dir)))
		r = -errno;
	return r;
}
