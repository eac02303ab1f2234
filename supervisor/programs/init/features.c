#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "boot.h"
#include "cgroups.h"
#include "init.h"
#include "sys/board.h"

#define LANDLOCK_VERSION_FLAG 1u /* LANDLOCK_CREATE_RULESET_VERSION, landlock_create_ruleset(2) */

/*
 * The board declares what its kernel gives, and the defaults of every service are resolved against
 * that declaration, never against what happens to work. So a kernel that gives less must not run
 * services at all.
 */
static int lacks(const char *feature, const char *wanted, const char *found, struct err *err)
{
	log_line("features: %s: %s is declared, found: %s", feature, wanted, found);
	audit_emit(EVENT_FEATURES, AUDIT_S(feature), AUDIT_S(wanted), AUDIT_S(found));
	return err_set(err, ENOTSUP, "the kernel lacks %s %s, which the board declares", feature,
		       wanted);
}

/* @word in a list separated by @separators. */
static bool has_word(const char *list, const char *word, const char *separators)
{
	size_t length = strlen(word);

	while (*list) {
		size_t n = strcspn(list, separators);

		if (n == length && memcmp(list, word, n) == 0)
			return true;
		list += n;
		list += strspn(list, separators);
	}
	return false;
}

/* All of @words in the list that is in @path. */
static int check_list(const char *feature, const char *path, const char *const *words,
		      struct err *err)
{
	char list[512];
	ssize_t n = fd_read_file(AT_FDCWD, path, list, sizeof(list));
	int r = 0;

	if (n < 0)
		(void)snprintf(list, sizeof(list), "(%s: %s)", path, err_text((int)-n));
	for (; *words; words++)
		if (n < 0 || !has_word(list, *words, ", \n"))
			r = lacks(feature, *words, list, err);
	return r;
}

static int check_namespaces(struct err *err)
{
	int r = 0;

	for (const char *const *name = board.namespaces; *name; name++) {
		char path[64];

		str_join(path, sizeof(path), "/proc/self/ns/", *name, "");
		if (access(path, F_OK))
			r = lacks("namespace", *name, "none", err);
	}
	return r;
}

static int check_landlock(struct err *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
	char wanted[24];
	char found[24];

	if (abi >= (long)board.landlock_abi)
		return 0;
	(void)snprintf(wanted, sizeof(wanted), "ABI %u", board.landlock_abi);
	(void)snprintf(found, sizeof(found), "%ld", abi);
	return board.landlock_abi ? lacks("landlock", wanted, found, err) : 0;
}

int boot_features(struct init *init, struct err *err)
{
	int r[4];

	(void)init;
	/* All of them, so that one boot tells everything that is missing. */
	r[0] = check_list("LSM", "/sys/kernel/security/lsm", board.lsms, err);
	r[1] = check_list("cgroup controller", CGROUP_ROOT "/cgroup.controllers", board.controllers,
			  err);
	r[2] = check_namespaces(err);
	r[3] = check_landlock(err);
	return r[0] || r[1] || r[2] || r[3] ? -ENOTSUP : 0;
}

int boot_cgroups(struct init *init, struct err *err)
{
	(void)init;
	return cgroups_make(err);
}
