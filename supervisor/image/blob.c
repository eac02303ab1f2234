#include "image/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "crypto/sha256.h"
#include "trust/refuse.h"

int blob_open_path(int directory_fd, const char *path, struct err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "container image: %.100s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fd_close(&fd);
		return err_set(err, EBADMSG, "container image: %.100s is no file", path);
	}
	return fd;
}

int blob_check(int fd, const char *digest, const char *name, struct err *err)
{
	static uint8_t chunk[1 << 20];
	uint8_t wanted[SHA256_SIZE];
	uint8_t found[SHA256_SIZE];
	struct sha256 s;
	ssize_t n;

	sha256_init(&s);
	while ((n = fd_read_up_to(fd, chunk, sizeof(chunk))) > 0)
		sha256_update(&s, chunk, (size_t)n);
	sha256_final(&s, found);
	if (n < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, n < 0 ? (int)-n : errno, "container image: %.100s", name);
	if (!oci_is_digest(digest, wanted) || memcmp(wanted, found, sizeof(found)) != 0)
		return REFUSE(err, EBADMSG, HINT_COPY,
			      "container image: %.90s is not what its digest says", name);
	return 0;
}

int blob_open(int directory_fd, const struct oci_descriptor *d, struct err *err)
{
	char path[OCI_PATH_SIZE];
	CLEAN_FD int fd = -1;
	struct stat st;
	int r;

	str_join(path, sizeof(path), "blobs/sha256/", d->digest + strlen("sha256:"), "");
	fd = blob_open_path(directory_fd, path, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || (d->size && (uint64_t)st.st_size != d->size))
		return REFUSE(err, EBADMSG, HINT_COPY, "container image: %s has another size",
			      path);
	r = blob_check(fd, d->digest, path, err);
	return r ? r : take_fd(&fd);
}

static int read_text(int fd, const char *name, struct oci_text *text, struct err *err)
{
	char *bytes = malloc(OCI_JSON_MAX + 1);
	ssize_t n;

	if (!bytes)
		return err_sys(err, ENOMEM, "%s", name);
	n = fd_read_up_to(fd, bytes, OCI_JSON_MAX + 1);
	if (n < 0 || n > (ssize_t)OCI_JSON_MAX) {
		free(bytes);
		return n < 0 ? err_sys(err, (int)-n, "%s", name)
			     : err_set(err, EFBIG, "container image: %.100s has more than 1 MiB",
				       name);
	}
	*text = (struct oci_text){.name = name, .bytes = bytes, .size = (size_t)n};
	return 0;
}

int blob_read(int directory_fd, const struct oci_descriptor *d, struct oci_text *text,
	      struct err *err)
{
	CLEAN_FD int fd = blob_open(directory_fd, d, err);

	return fd < 0 ? fd : read_text(fd, d->digest, text, err);
}

int blob_read_path(int directory_fd, const char *path, struct oci_text *text, struct err *err)
{
	CLEAN_FD int fd = blob_open_path(directory_fd, path, err);

	return fd < 0 ? fd : read_text(fd, path, text, err);
}

void blob_free(struct oci_text *text)
{
	free((void *)(uintptr_t)text->bytes);
	text->bytes = NULL;
}
