#include "image/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/confine.h"
#include "image/source.h"
#include "image/spawn.h"

static int copy_content(const struct source *s, const char *path, struct err *err)
{
	static uint8_t chunk[1 << 20];
	const struct gpt_partition *root = &s->gpt.parts[PART_ROOT];
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : 0;

	for (uint64_t at = 0; !r && at < root->size; at += sizeof(chunk)) {
		size_t count =
			root->size - at < sizeof(chunk) ? (size_t)(root->size - at) : sizeof(chunk);

		r = fd_pread_exact(s->fd, chunk, count, root->offset + at);
		r = r ? r : fd_write_all(fd, chunk, count);
	}
	return r ? err_sys(err, -r, "%s", path) : confine_own(path, err);
}

static int run_fsck(void *argument, struct err *err)
{
	const char *const *argv = argument;

	(void)err_sys(err, -spawn_exec(argv), "cannot run %s", argv[0]);
	return err_hint(err, "install it: apt install erofs-utils");
}

static int run_confined(const char *const argv[], struct err *err)
{
	CLEAN_FD int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct confine c = {.writable = true,
			    .input_fd = null_fd,
			    .output_fd = -1,
			    .run = run_fsck,
			    .argument = (void *)(uintptr_t)argv};
	struct confined child;
	int r = null_fd < 0 ? err_sys(err, errno, "/dev/null") : confine_start(&c, &child, err);

	r = r ? r : confine_wait(&child, err);
	return r == -EIO ? err_set(err, EBADMSG, "fsck.erofs cannot read the file system") : r;
}

int extract_image(const char *path, const struct workdir *w, const char *root, struct err *err)
{
	static struct source s = {.fd = -1};
	char data[WORKDIR_PATH];
	char option[WORKDIR_PATH + 16];
	const char *const argv[] = {"fsck.erofs", "--preserve-perms", option, data, NULL};
	struct tree tree;
	int r = source_open(&s, path, err);

	r = r ? r : workdir_join(w, "data", data, err);
	if (!r) {
		tree = source_tree(&s, "checking");
		r = tree_check(&tree, s.signatures.root_hash, err);
	}
	r = r ? r : copy_content(&s, data, err);
	source_close(&s);
	r = r ? r : confine_own(w->path, err);
	str_join(option, sizeof(option), "--extract=", root, "");
	return r ? r : run_confined(argv, err);
}
