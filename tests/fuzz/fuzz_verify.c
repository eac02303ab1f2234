/* links: base crypto ipc audit spool mbedtls */
/* Two segments and a collector's file of any content, separated by NUL bytes: the verifier ends,
 * counts every line once, and never calls a trail whole that holds a line it could not read. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "spool/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/fuzz-verify-XXXXXX";
static int dir_fd = -1;
static const char *const names[] = {"00000001.log", "00000002.log", "collector"};

static void remove_dir(void)
{
	for (size_t i = 0; i < 3; i++)
		(void)unlinkat(dir_fd, names[i], 0);
	(void)rmdir(path);
}

static int write_file(const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd_write_all(fd, data, size) || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

/* A box that opens: the tags are then computed, and wrong. */
static int open_box(void *context, uint64_t boot, const struct seal_key *key, uint8_t secret[32])
{
	(void)context;
	memset(secret, (int)boot, 32);
	return key->epoch % 3 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct anchor anchor = {0};
	struct verify v = {.open_box = open_box, .anchor = &anchor};
	uint64_t bad = 0;

	if (dir_fd < 0) {
		if (!mkdtemp(path))
			abort();
		dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)atexit(remove_dir);
	}
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *end = memchr(data, 0, size);
		size_t part = end ? (size_t)(end - data) : size;
		CLEAN_FD int fd = write_file(names[i], data, part);

		if (i == 2 && anchor_read(&anchor, fd))
			abort();
		data += part + (end != NULL);
		size -= part + (end != NULL);
	}
	if (verify_run(&v, dir_fd, NULL) == 0) {
		for (size_t i = 0; i < VERIFY_KIND_COUNT; i++)
			bad += verify_rows[i].bad && v.found[i].count;
		if (!v.records || v.proven > v.seals || (bad == 0) != verify_holds(&v) ||
		    (v.found[VERIFY_LINE].count && verify_holds(&v)))
			abort();
	}
	anchor_free(&anchor);
	return 0;
}
