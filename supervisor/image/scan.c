#include "image/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "trust/refuse.h"

#define WALK_FDS   16
#define CHUNK      65536
#define LARGE      (64ULL << 20)
#define HINT_ALLOW "remove it, or accept it with --allow RULE: the image then says so"

/* nftw(3) hands nothing through to its callback. */
static struct {
	struct scan *scan;
	struct err *err;
	size_t root_length;
} walk;

static int find_rule(const char *name, size_t length)
{
	for (unsigned int i = 0; i < scan_rule_count; i++)
		if (strlen(scan_rules[i].name) == length &&
		    memcmp(scan_rules[i].name, name, length) == 0)
			return (int)i;
	return -ENOENT;
}

int scan_accept(struct scan *s, const char *names, struct err *err)
{
	while (names && *names) {
		size_t length = strcspn(names, ",");
		int row = find_rule(names, length);

		if (row < 0)
			return REFUSE(err, EINVAL, "`bartizan image lint --rules` lists them",
				      "--allow %.*s: no such rule", (int)length, names);
		if (scan_rules[row].fixed)
			return err_set(err, EINVAL, "--allow %s: no image can hold that",
				       scan_rules[row].name);
		s->accepted |= 1u << row;
		names += length;
		names += *names == ',';
	}
	return 0;
}

static void print_finding(const struct scan *s, const struct scan_rule *rule, bool refuses,
			  const char *path)
{
	static char line[2 * SCAN_PATH_MAX];
	struct text t = TEXT_IN(line);

	if (!s->json) {
		(void)fprintf(stderr, "%s: %s: %s %s (%s)\n", refuses ? "refused" : "warning",
			      rule->name, path, rule->what, rule->hint);
		return;
	}
	text_add(&t, "{");
	text_add_json_member(&t, "rule", rule->name);
	text_add_json_member(&t, "severity", refuses ? "error" : "warning");
	text_add_json_member(&t, "path", path);
	text_add_json_member(&t, "what", rule->what);
	text_add_json_member(&t, "hint", rule->hint);
	text_add(&t, "}");
	(void)puts(line);
}

static int read_secrets(const char *path, uint32_t *secrets)
{
	static char chunk[CHUNK];
	CLEAN_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t kept = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = fd_read_up_to(fd, chunk + kept, sizeof(chunk) - kept)) > 0) {
		size_t size = kept + (size_t)n;

		*secrets |= scan_secrets(chunk, size);
		kept = size < SCAN_OVERLAP ? size : SCAN_OVERLAP;
		memmove(chunk, chunk + size - kept, kept);
	}
	return (int)n;
}

static void apply_rules(const struct scan_file *f)
{
	struct scan *s = walk.scan;

	for (unsigned int i = 0; i < scan_rule_count; i++) {
		const struct scan_rule *rule = &scan_rules[i];
		bool refuses = rule->refuses && !(s->accepted & 1u << i);

		if (!rule->matches(f) || (!refuses && (s->accepted & 1u << i)))
			continue;
		print_finding(s, rule, refuses, f->path);
		s->findings++;
		if (refuses && !s->refused++)
			(void)snprintf(s->first, sizeof(s->first), "%.180s %s", f->path,
				       rule->what);
	}
}

static int look_at(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct scan_file f = {.path = path + walk.root_length, .name = path + at->base, .st = st};
	int r = 0;

	if (type == FTW_NS || type == FTW_DNR)
		return err_set(walk.err, EACCES, "%s cannot be read", path);
	if (!*f.path)
		return 0;
	f.path++;
	if (S_ISREG(st->st_mode)) {
		f.capability = lgetxattr(path, "security.capability", NULL, 0) > 0;
		walk.scan->bytes += (uint64_t)st->st_size;
		r = read_secrets(path, &f.secrets);
	}
	if (r)
		return err_sys(walk.err, -r, "%s", path);
	apply_rules(&f);
	return 0;
}

int scan_tree(struct scan *s, const char *root, struct err *err)
{
	int r;

	walk.scan = s;
	walk.err = err;
	walk.root_length = strlen(root);
	r = nftw(root, look_at, WALK_FDS, FTW_PHYS);
	if (r < 0 && !err->code)
		return err_sys(err, errno, "%s", root);
	if (!r && s->bytes > LARGE && !s->json)
		(void)fprintf(stderr, "warning: size: %" PRIu64 " MiB (build in another stage)\n",
			      s->bytes >> 20);
	if (!r && s->refused)
		return REFUSE(err, EINVAL, HINT_ALLOW, "%s%s", s->first,
			      s->refused > 1 ? " (and more)" : "");
	return r;
}
