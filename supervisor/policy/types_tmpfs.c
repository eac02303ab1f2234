#include <errno.h>
#include <string.h>

#include "policy/key.h"
#include "policy/mount_point.h"

/* tmpfs = /path[:option,option]: Docker's words; what Docker would let through and is not safe is
 * refused with its reason. */

#define TMPFS_INODES     4096
#define TMPFS_INODES_MAX (1u << 20)
#define TMPFS_MODE       0700
#define TMPFS_SIZE_MAX   (1ULL << 40)

static const struct {
	const char *word;
	const char *why; /* NULL: this is how every tmpfs is mounted anyway */
} tmpfs_flags[] = {
	{"rw", NULL},
	{"noexec", NULL},
	{"nosuid", NULL},
	{"nodev", NULL},
	{"ro", "an empty read-only directory holds nothing"},
	{"exec", "programs come from the signed image only"},
	{"suid", "set-user-id programs have no place in a sandbox"},
	{"dev", "devices are given by name, not by mknod"},
	{"swap", "memory of a service is not written to a disk"},
};

/* "key=value" that Linux or Docker know, and why not. */
static const struct {
	const char *word;
	const char *why;
} tmpfs_settings[] = {
	{"uid=", "the owner is always the service itself"},
	{"gid=", "the owner is always the service itself"},
	{"mpol=", "the kernel places memory"},
	{"huge=", "memory is counted in pages"},
	{"nr_blocks=", "written as size="},
};

static int take_size(struct policy_tmpfs *row, const char *value, struct err *err)
{
	if (strchr(value, '%'))
		return err_set(
			err, EINVAL,
			"size must be in bytes: a share of the device's memory is not a bound");
	if (str_bytes(value, 4096, TMPFS_SIZE_MAX, &row->size))
		return err_set(err, EINVAL, "size=%s is not a size of 4k or more", value);
	return 0;
}

static int take_tmpfs_option(struct policy_tmpfs *row, const char *option, struct err *err)
{
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(tmpfs_flags); i++) {
		if (!str_equal(option, tmpfs_flags[i].word))
			continue;
		return tmpfs_flags[i].why
			       ? err_set(err, EPERM, "%s: %s", option, tmpfs_flags[i].why)
			       : 0;
	}
	if (str_starts(option, "size="))
		return take_size(row, option + 5, err);
	if (str_starts(option, "mode=")) {
		if (str_octal(option + 5, 01777, &number))
			return err_set(err, EINVAL, "%s is not an octal mode up to 1777", option);
		row->mode = (uint32_t)number;
		return 0;
	}
	if (str_starts(option, "nr_inodes=")) {
		if (str_u64(option + 10, 1, TMPFS_INODES_MAX, &number))
			return err_set(err, EINVAL, "%s is not 1 to %u", option, TMPFS_INODES_MAX);
		row->inodes = (uint32_t)number;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tmpfs_settings); i++)
		if (str_starts(option, tmpfs_settings[i].word))
			return err_set(err, EPERM, "%s: %s", option, tmpfs_settings[i].why);
	(void)err_set(err, EINVAL, "\"%s\" is not an option of tmpfs here", option);
	return err_hint(err,
			"known: size= mode= nr_inodes=; the owner is always the service itself");
}

static int take_options(struct policy_tmpfs *row, char *options, struct err *err)
{
	while (options) {
		char *comma = strchr(options, ',');
		int r;

		if (comma)
			*comma++ = '\0';
		r = take_tmpfs_option(row, options, err);
		if (r)
			return r;
		options = comma;
	}
	return 0;
}

int policy_parse_tmpfs(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	struct policy *policy = base;
	/* size 0: policy_resolve() puts 8m or a quarter of the memory there. */
	struct policy_tmpfs row = {.inodes = TMPFS_INODES, .mode = TMPFS_MODE};
	char text[256];
	char *options;
	int r;

	if (policy->tmpfs_count >= POLICY_TMPFS_MAX)
		return err_set(err, E2BIG, "more than %d tmpfs", POLICY_TMPFS_MAX);
	if (str_copy(text, sizeof(text), value))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	options = strchr(text, ':');
	if (options)
		*options++ = '\0';
	if (strlen(text) >= sizeof(row.path))
		return err_set(err, EINVAL, "the mount point is longer than %zu characters",
			       sizeof(row.path) - 1);
	memcpy(row.path, text, strlen(text));
	r = policy_mount_point_check(row.path, err);
	if (!r)
		r = policy_mount_point_free(policy, row.path, err);
	if (!r)
		r = take_options(&row, options, err);
	if (!r)
		policy->tmpfs[policy->tmpfs_count++] = row;
	return r;
}

static bool print_tmpfs(const struct policy_key *key, const void *base, unsigned int index,
			struct text *out)
{
	const struct policy *policy = base;
	const struct policy_tmpfs *row = &policy->tmpfs[index];

	(void)key;
	if (index >= policy->tmpfs_count)
		return false;
	text_add(out, row->path);
	text_add(out, ":size=");
	policy_print_size(out, row->size);
	text_add(out, ",mode=");
	for (unsigned int shift = 12; shift; shift -= 3) {
		char digit = (char)('0' + (row->mode >> (shift - 3) & 7));

		text_add_bytes(out, &digit, 1);
	}
	text_add(out, ",nr_inodes=");
	text_add_u64(out, row->inodes);
	return true;
}

static int valid_tmpfs(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;

	if (policy->tmpfs_count > POLICY_TMPFS_MAX)
		return err_set(err, EBADMSG, "%s counts more rows than there are", key->name);
	for (unsigned int i = 0; i < policy->tmpfs_count; i++) {
		const struct policy_tmpfs *row = &policy->tmpfs[i];

		if (!str_terminated(row->path, sizeof(row->path)) ||
		    policy_mount_point_check(row->path, err))
			return err_set(err, EBADMSG, "tmpfs has a mount point that is not allowed");
		if (row->size < 4096 || row->size > TMPFS_SIZE_MAX || !row->inodes ||
		    row->inodes > TMPFS_INODES_MAX || row->mode > 01777)
			return err_set(err, EBADMSG, "tmpfs %s is out of its range", row->path);
	}
	return 0;
}

const struct policy_type policy_type_tmpfs = {
	.syntax = "/path or /path:size=8m,mode=0700,nr_inodes=4096",
	.print = print_tmpfs,
	.valid = valid_tmpfs,
};
