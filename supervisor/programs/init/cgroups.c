#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "children.h"
#include "directory.h"
#include "sys/board.h"

#define LAUNCHER_PARENT "helpers/launcher"

/* Directories in the order of their making; controllers reach down to where the launcher makes a
 * cgroup per service. */
static const struct place {
	const char *path;
	bool hands_down;
} places[] = {
	{CGROUP_ROOT, true},
	{CGROUP_OURS, true},
	{CGROUP_OURS "/init", false},
	{CGROUP_OURS "/helpers", true},
	{CGROUP_OURS "/helpers/launcher", false},
	{CGROUP_OURS "/services", true},
};

/* Who goes first when there is not enough for all: init and the helpers, not the services
 * (security.md). */
static const struct share {
	const char *path;
	const char *value;
	const char *controller;
} shares[] = {
	{CGROUP_OURS "/memory.min", "32M", "memory"},
	{CGROUP_OURS "/init/memory.min", "4M", "memory"},
	{CGROUP_OURS "/helpers/memory.min", "24M", "memory"},
	{CGROUP_OURS "/init/cpu.weight", "1000", "cpu"},
	{CGROUP_OURS "/helpers/cpu.weight", "1000", "cpu"},
};

static int hand_down(const char *path, struct err *err)
{
	char file[128];
	char word[32];

	str_join(file, sizeof(file), path, "/cgroup.subtree_control", "");
	for (const char *const *controller = board.controllers; *controller; controller++) {
		int r;

		str_join(word, sizeof(word), "+", *controller, "");
		r = fd_write_file(AT_FDCWD, file, word);
		if (r)
			return err_sys(err, -r, "%s: %s", file, word);
	}
	return 0;
}

static bool has_controller(const char *name)
{
	for (const char *const *controller = board.controllers; *controller; controller++)
		if (str_equal(*controller, name))
			return true;
	return false;
}

int cgroups_make(struct err *err)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (mkdir(places[i].path, 0755) && errno != EEXIST)
			return err_sys(err, errno, "%s", places[i].path);
		if (places[i].hands_down && hand_down(places[i].path, err))
			return -err->code;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		if (!has_controller(shares[i].controller))
			continue;
		r = fd_write_file(AT_FDCWD, shares[i].path, shares[i].value);
		if (r)
			return err_sys(err, -r, "%s = %s", shares[i].path, shares[i].value);
	}
	r = fd_write_file(AT_FDCWD, CGROUP_OURS "/init/cgroup.procs", "0");
	return r ? err_sys(err, -r, "init cannot move to its cgroup") : 0;
}

int cgroup_kill(const char *cgroup)
{
	char path[160];

	str_join(path, sizeof(path), CGROUP_OURS "/", cgroup, "/cgroup.kill");
	return fd_write_file(AT_FDCWD, path, "1");
}

int cgroups_launcher_leaf(unsigned int generation, char *name, unsigned int size)
{
	char path[160];

	/* Of the one before; EBUSY while something of it is still dying, then the next start
	 * removes nothing and that is all. */
	if (generation > 1) {
		(void)snprintf(path, sizeof(path), CGROUP_OURS "/" LAUNCHER_PARENT "/%u",
			       generation - 1);
		(void)rmdir(path);
	}
	(void)snprintf(name, size, LAUNCHER_PARENT "/%u", generation);
	str_join(path, sizeof(path), CGROUP_OURS, "/", name);
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

/* ---- strays */

static bool is_populated(const char *cgroup)
{
	char path[160];
	char text[128];

	str_join(path, sizeof(path), CGROUP_OURS "/", cgroup, "/cgroup.events");
	return fd_read_file(AT_FDCWD, path, text, sizeof(text)) > 0 &&
	       strstr(text, "populated 1") != NULL;
}

static void kill_if_stray(struct children *children, const char *cgroup)
{
	if (children_by_cgroup(children, cgroup) || !is_populated(cgroup))
		return;
	log_line("cgroup %s has no known child and is killed", cgroup);
	audit_emit(EVENT_STRAY_KILLED, AUDIT_S(cgroup));
	(void)cgroup_kill(cgroup);
}

/* The leaves of one service or helper, such as "services/web". */
static void scan_leaves(struct children *children, const char *parent)
{
	struct directory directory;
	char path[160];
	char leaf[96];
	const char *name;

	str_join(path, sizeof(path), CGROUP_OURS, "/", parent);
	if (directory_open(&directory, AT_FDCWD, path))
		return;
	while ((name = directory_next(&directory, DT_DIR)) != NULL) {
		str_join(leaf, sizeof(leaf), parent, "/", name);
		kill_if_stray(children, leaf);
	}
	directory_close(&directory);
}

static void scan_parents(struct children *children, const char *kind)
{
	struct directory directory;
	char path[64];
	char parent[64];
	const char *name;

	str_join(path, sizeof(path), CGROUP_OURS, "/", kind);
	if (directory_open(&directory, AT_FDCWD, path))
		return;
	while ((name = directory_next(&directory, DT_DIR)) != NULL) {
		str_join(parent, sizeof(parent), kind, "/", name);
		scan_leaves(children, parent);
	}
	directory_close(&directory);
}

void cgroups_kill_strays(struct children *children)
{
	scan_parents(children, "services");
	scan_parents(children, "helpers");
}
