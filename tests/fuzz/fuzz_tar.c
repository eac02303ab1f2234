/* links: base ipc crypto trust seccomp audit policy cli image mbedtls seccomp inih */
/* An archive: whatever it holds, every name that comes out is clean and no content is larger than
 * was read. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *path)
{
	const char *at = path;

	if (strnlen(path, TAR_PATH) == TAR_PATH || *at == '/')
		abort();
	while (*at) {
		size_t length = strcspn(at, "/");

		if (length == 0 || (length == 1 && at[0] == '.') ||
		    (length == 2 && memcmp(at, "..", 2) == 0))
			abort();
		at += length;
		if (*at && !at[1])
			abort();
		at += *at == '/';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static struct tar_entry e;
	static uint8_t chunk[1024];
	struct tar tar;
	struct err err;

	if (fd < 0)
		fd = memfd_create("tar", MFD_CLOEXEC);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	tar = (struct tar){.fd = fd};
	for (size_t count = 0; tar_next(&tar, &e, &err) > 0; count++) {
		check_clean(e.path);
		if (e.type == TAR_HARDLINK)
			check_clean(e.link);
		if (count > size / TAR_BLOCK || (e.type != TAR_FILE && e.size))
			abort();
		if (count % 2 && tar_read(&tar, chunk, sizeof(chunk), &err) > (ssize_t)size)
			abort();
	}
	return 0;
}
