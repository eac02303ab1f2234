#include "programs/launcher/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "generated/autoconf.h"
#include "trust/refuse.h"

#define TEMPORARY "ids.new"
#define HINT_IDS                                                                                   \
	"the file \"ids\" of the state partition is damaged: restore it; without it services may " \
	"get each other's files"
#define HINT_FULL "build with a larger CONFIG_SERVICES_MAX"

_Static_assert(CONFIG_SERVICES_MAX <= IDS_MAX, "one row per service");

/* Every name is one, and none stands twice: two services must never share a uid. */
static int check(const struct ids *ids)
{
	if (ids->magic != IDS_MAGIC || ids->size != sizeof(*ids))
		return -EBADMSG;
	for (int i = 0; i < IDS_MAX; i++) {
		if (!str_terminated(ids->names[i], NAME_SIZE))
			return -EBADMSG;
		if (ids->names[i][0] && !str_is_name(ids->names[i]))
			return -EBADMSG;
		for (int j = 0; ids->names[i][0] && j < i; j++)
			if (str_equal(ids->names[i], ids->names[j]))
				return -EBADMSG;
	}
	return 0;
}

int ids_load(int state_dir, struct ids *ids, struct err *err)
{
	CLEAN_FD int file_fd =
		openat(state_dir, IDS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	static struct ids found;
	struct stat st;
	int r;

	if (file_fd < 0 && errno == ENOENT) {
		memset(ids, 0, sizeof(*ids));
		ids->magic = IDS_MAGIC;
		ids->size = sizeof(*ids);
		return 0;
	}
	if (file_fd < 0 || fstat(file_fd, &st) < 0)
		return err_sys(err, errno, "cannot open %s", IDS_FILE);
	if (!S_ISREG(st.st_mode) || st.st_size != (off_t)sizeof(found))
		return REFUSE(err, EBADMSG, HINT_IDS, "ids file has the wrong size");
	r = fd_pread_exact(file_fd, &found, sizeof(found), 0);
	if (r)
		return err_sys(err, -r, "cannot read %s", IDS_FILE);
	if (check(&found))
		return REFUSE(err, EBADMSG, HINT_IDS, "ids file is malformed");
	*ids = found;
	return 0;
}

static int write_temporary(int state_dir, const struct ids *ids)
{
	CLEAN_FD int file_fd = openat(state_dir, TEMPORARY,
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (file_fd < 0)
		return -errno;
	r = fd_write_all(file_fd, ids, sizeof(*ids));
	if (r)
		return r;
	return fsync(file_fd) < 0 ? -errno : 0;
}

/* Whole or not at all: a uid that was handed out must be there after a power cut. */
static int store(int state_dir, const struct ids *ids, struct err *err)
{
	int r = write_temporary(state_dir, ids);

	if (!r && renameat(state_dir, TEMPORARY, state_dir, IDS_FILE) < 0)
		r = -errno;
	if (!r && fsync(state_dir) < 0)
		r = -errno;
	return r ? err_sys(err, -r, "cannot write %s", IDS_FILE) : 0;
}

static int find(const struct ids *ids, const char *name)
{
	for (int i = 0; i < IDS_MAX; i++)
		if (str_equal(ids->names[i], name))
			return i;
	return -1;
}

static int give(int state_dir, struct ids *ids, const char *name, struct err *err)
{
	int slot = find(ids, "");
	int r;

	if (slot < 0 || slot >= CONFIG_SERVICES_MAX)
		return REFUSE(err, ENOSPC, HINT_FULL, "no slot is left for another service: %d",
			      CONFIG_SERVICES_MAX);
	memcpy(ids->names[slot], name, strlen(name));
	r = store(state_dir, ids, err);
	if (r) {
		memset(ids->names[slot], 0, NAME_SIZE);
		return r;
	}
	return slot;
}

int ids_get(int state_dir, struct ids *ids, const char *name, uint16_t *slot, struct err *err)
{
	int found;

	if (!str_is_name(name))
		return REFUSE(err, EINVAL, "", "not a name");
	found = find(ids, name);
	if (found < 0)
		found = give(state_dir, ids, name, err);
	if (found < 0)
		return found;
	/* A file of a build with more services: its names keep their slots, and do not run here. */
	if (found >= CONFIG_SERVICES_MAX)
		return REFUSE(err, ENOSPC, HINT_FULL, "%s has slot %d, this build has %d", name,
			      found, CONFIG_SERVICES_MAX);
	*slot = (uint16_t)found;
	return 0;
}

bool ids_has(const struct ids *ids, const char *name)
{
	return *name && find(ids, name) >= 0;
}

int ids_drop(int state_dir, struct ids *ids, const char *name, struct err *err)
{
	char kept[NAME_SIZE];
	int slot, r;

	if (!ids_has(ids, name))
		return 0;
	slot = find(ids, name);
	memcpy(kept, ids->names[slot], NAME_SIZE);
	memset(ids->names[slot], 0, NAME_SIZE);
	r = store(state_dir, ids, err);
	if (r)
		memcpy(ids->names[slot], kept, NAME_SIZE);
	return r;
}
