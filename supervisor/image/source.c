#include "image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "image/erofs.h"
#include "image/stage.h"
#include "trust/filesystem.h"

/* The architecture is not known yet: the table itself says which one is there. */
static int read_table(struct source *s, uint64_t size, struct err *err)
{
	int r = -ENOEXEC;

	for (s->arch = 0; s->arch < ARCH_COUNT; s->arch++) {
		r = gpt_read(s->fd, size, s->arch, &s->gpt, err);
		if (r != -ENOEXEC)
			return r;
	}
	return r;
}

int source_open(struct source *s, const char *path, struct err *err)
{
	const struct gpt_partition *p = s->gpt.parts;
	struct verity_place place;
	struct stat st;
	int r;

	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EBADMSG, "%s is not a regular file", path);
	r = read_table(s, (uint64_t)st.st_size, err);
	if (r)
		return r;
	if (p[PART_SIGNATURE].size > sizeof(s->text))
		return err_set(err, EBADMSG, "signature partition is larger than 64 KiB");
	r = fd_pread_exact(s->fd, s->text, (size_t)p[PART_SIGNATURE].size,
			   p[PART_SIGNATURE].offset);
	if (r)
		return err_sys(err, -r, "%s", path);
	r = signature_json_read_unsigned(s->text, (size_t)p[PART_SIGNATURE].size, &s->signatures,
					 err);
	if (r)
		return r;
	place = envelope_verity_place(&s->gpt);
	return verity_read(s->fd, &place, &s->verity, err);
}

void source_close(struct source *s)
{
	fd_close(&s->fd);
}

struct tree source_tree(const struct source *s, const char *what)
{
	struct tree t = {
		.fd = s->fd,
		.data_offset = s->gpt.parts[PART_ROOT].offset,
		.hash_offset = s->gpt.parts[PART_VERITY].offset,
		.verity = s->verity,
		.what = what,
	};

	return t;
}

int source_manifest(const struct source *s, char *buffer, size_t *length, struct err *err)
{
	const struct gpt_partition *p = &s->gpt.parts[PART_ROOT];
	struct erofs_text text = {.bytes = buffer, .size = MANIFEST_MAX + 1};
	struct erofs erofs;
	int r = filesystem_check(s->fd, p->offset, p->size, err);

	r = r ? r : erofs_open(&erofs, s->fd, p->offset, p->size, err);
	r = r ? r : erofs_read_file(&erofs, MANIFEST_DIRECTORY "/" MANIFEST_NAME, &text, err);
	if (!r)
		*length = text.length;
	return r;
}
