#include "policy/mount_point.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Paths that are the sandbox's own; a mount at or below them would cover what was proven. "/"
 * stands for itself only. */
static const char *const own_paths[] = {"/proc",        "/sys",        "/dev",
					"/run/secrets", "/run/notify", "/usr/lib/bartizan"};

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return str_starts(path, above) && (path[length] == '\0' || path[length] == '/');
}

int policy_mount_point_check(const char *path, struct err *err)
{
	if (path[0] != '/' || !path[1])
		return err_set(err, EINVAL,
			       "the mount point must be an absolute path other than /");
	if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../") ||
	    str_ends(path, "/") || str_ends(path, "/.") || str_ends(path, "/.."))
		return err_set(err, EINVAL,
			       "the mount point must be a plain path: no //, /./, /../");
	for (size_t i = 0; i < ARRAY_SIZE(own_paths); i++)
		if (is_below(path, own_paths[i]) || is_below(own_paths[i], path))
			return err_set(err, EPERM, "the mount point would cover %s", own_paths[i]);
	return 0;
}

/* Number @index of all mount points, NULL past the last. */
static const char *point_of(const struct policy *policy, unsigned int index)
{
	if (index < policy->tmpfs_count)
		return policy->tmpfs[index].path;
	index -= policy->tmpfs_count;
	return index < policy->volume_count ? policy->volumes[index].path : NULL;
}

static int check_before(const struct policy *policy, const char *path, unsigned int end,
			struct err *err)
{
	const char *other;

	for (unsigned int i = 0; i < end && (other = point_of(policy, i)); i++)
		if (is_below(path, other) || is_below(other, path))
			return err_set(err, EEXIST, "%s and %s overlap", other, path);
	return 0;
}

int policy_mount_point_free(const struct policy *policy, const char *path, struct err *err)
{
	return check_before(policy, path, UINT32_MAX, err);
}

int policy_mount_points_check(const struct policy *policy, struct err *err)
{
	const char *path;
	int r = 0;

	for (unsigned int i = 0; !r && (path = point_of(policy, i)); i++)
		r = check_before(policy, path, i, err);
	return r;
}
