#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/confine.h"
#include "image/spawn.h"
#include "image/unpack.h"

#define PADDING_MAX (1 << 20)

/* How a compressed archive begins, and who reads it. One row to add a form. */
struct form {
	size_t size;
	uint8_t magic[6];
	const char *argv[4];
	const char *package;
};

static const struct form forms[] = {
	{2, {0x1f, 0x8b}, {"gzip", "-dc", NULL}, "gzip"},
	{4, {0x28, 0xb5, 0x2f, 0xfd}, {"zstd", "-dcq", NULL}, "zstd"},
	{6, {0xfd, '7', 'z', 'X', 'Z', 0}, {"xz", "-dcq", NULL}, "xz-utils"},
};

static const struct form *find_form(int fd)
{
	uint8_t start[6] = {0};

	if (pread(fd, start, sizeof(start), 0) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (memcmp(start, forms[i].magic, forms[i].size) == 0)
			return &forms[i];
	return NULL;
}

static int run_form(void *argument, struct err *err)
{
	const struct form *form = argument;
	int r = spawn_exec(form->argv);

	(void)err_sys(err, -r, "cannot run %s", form->argv[0]);
	return err_hint(err, "install it: apt install %s", form->package);
}

/* Zero blocks stand behind the end; who writes them must not find the pipe closed. */
static int read_padding(struct err *err)
{
	static uint8_t padding[PADDING_MAX + 1];
	ssize_t n = fd_read_up_to(STDIN_FILENO, padding, sizeof(padding));

	if (n < 0)
		return err_sys(err, (int)-n, "cannot read the archive");
	if (n > PADDING_MAX)
		return err_set(err, EBADMSG, "archive: more than 1 MiB behind its end");
	return 0;
}

static int run_unpack(void *argument, struct err *err)
{
	CLEAN_FD int root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root_fd < 0)
		return err_sys(err, errno, "/");
	r = unpack_tar(argument, STDIN_FILENO, root_fd, err);
	return r ? r : read_padding(err);
}

/* Both ends at once: the decompressor writes into the pipe that the unpacker reads. What the
 * unpacker says counts first: the other dies of SIGPIPE when it stops. */
static int unpack_compressed(const struct form *form, struct confine *unpacker, int fd,
			     struct err *err)
{
	struct confine decompressor = {
		.input_fd = fd, .run = run_form, .argument = (void *)(uintptr_t)form};
	struct confined first;
	struct confined second;
	struct err why = {0};
	int ends[2];
	int r;
	int other;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	decompressor.output_fd = ends[1];
	unpacker->input_fd = ends[0];
	r = confine_start(&decompressor, &first, err);
	fd_close(&ends[1]);
	if (r) {
		fd_close(&ends[0]);
		return r;
	}
	r = confine_start(unpacker, &second, err);
	fd_close(&ends[0]);
	r = r ? r : confine_wait(&second, err);
	other = confine_wait(&first, &why);
	if (r && !(other && r == -EBADMSG))
		return r;
	if (other && why.code == EIO)
		return err_set(err, EBADMSG, "archive: %s cannot read it whole", form->argv[0]);
	if (other)
		*err = why;
	return other;
}

int unpack_archive(enum unpack_mode mode, int fd, const char *root, struct err *err)
{
	struct unpack u = {.mode = mode};
	struct confine unpacker = {
		.root = root, .input_fd = fd, .output_fd = -1, .run = run_unpack, .argument = &u};
	const struct form *form = find_form(fd);
	struct confined child;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "archive");
	if (form)
		return unpack_compressed(form, &unpacker, fd, err);
	r = confine_start(&unpacker, &child, err);
	return r ? r : confine_wait(&child, err);
}
