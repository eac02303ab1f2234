/* Attestation: the mounts that the process sees. */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "sandbox/attest_view.h"
#include "sys/mounts.h"

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

static int prove_attributes(const struct attest_view *v, const struct mount_line *m,
			    const char *type, uint32_t attributes)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {{MOUNT_RDONLY, "ro"},
		     {MOUNT_NOSUID, "nosuid"},
		     {MOUNT_NODEV, "nodev"},
		     {MOUNT_NOEXEC, "noexec"},
		     {MOUNT_NOSYMFOLLOW, "nosymfollow"}};

	if (!str_equal(m->type, type))
		return err_set(v->err, EPERM, "%s is %s instead of %s", m->point, m->type, type);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if ((attributes & words[i].bit) && !has_word(m->options, words[i].word))
			return err_set(v->err, EPERM, "%s is not mounted %s", m->point,
				       words[i].word);
	return 0;
}

/* What the plan says of the mount at @m. */
static int prove_planned(const struct attest_view *v, const struct mount_line *m)
{
	for (unsigned int i = 0; i < v->plan->mount_count; i++) {
		const struct plan_mount *p = &v->plan->mounts[i];

		if (!str_equal(p->path, m->point))
			continue;
		if (!str_equal(m->root, *p->root ? p->root : "/"))
			return err_set(v->err, EPERM, "%s shows %s instead of %s", m->point,
				       m->root, *p->root ? p->root : "/");
		return prove_attributes(v, m, p->type, p->attributes);
	}
	return err_set(v->err, EPERM, "%s is mounted and not planned", m->point);
}

static int prove_root(const struct attest_view *v, const struct mount_line *m)
{
	return str_equal(m->point, "/")
		       ? prove_attributes(v, m, v->plan->root_type,
					  MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV)
		       : 0;
}

static int prove_mount(const struct attest_view *v, const struct mount_line *m)
{
	return str_equal(m->point, "/") ? 0 : prove_planned(v, m);
}

static int prove_private(const struct attest_view *v, const struct mount_line *m)
{
	return m->shared ? err_set(v->err, EPERM, "%s shares its mounts", m->point) : 0;
}

/* Every line by @prove; there are as many as the plan has, and its root. */
static int walk(const struct attest_view *v,
		int (*prove)(const struct attest_view *v, const struct mount_line *m))
{
	struct mount_line line;
	const char *at = v->mounts;
	unsigned int count = 0;
	int r;

	if (v->plan->join_pidfd >= 0)
		return 0;
	while ((r = mountinfo_next(&at, &line)) > 0) {
		r = prove(v, &line);
		if (r)
			return r;
		count++;
	}
	if (r < 0)
		return err_set(v->err, EBADMSG, "/proc/%d/mountinfo cannot be understood", v->pid);
	if (count != v->plan->mount_count + 1)
		return err_set(v->err, EPERM, "%u mounts instead of %u", count,
			       v->plan->mount_count + 1);
	return 0;
}

int attest_root(const struct attest_view *v, int argument)
{
	(void)argument;
	return walk(v, prove_root);
}

int attest_mounts(const struct attest_view *v, int argument)
{
	(void)argument;
	return walk(v, prove_mount);
}

int attest_propagation(const struct attest_view *v, int argument)
{
	(void)argument;
	return walk(v, prove_private);
}
