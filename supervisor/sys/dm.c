#include "sys/dm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define PREFETCH      "/sys/module/dm_verity/parameters/prefetch_cluster"
#define CONTROL       "/dev/mapper/control"
#define SECTOR        512u
#define BLOCK         4096u
#define TEXT_OF_TABLE 1024

/* One request as the kernel reads it: head, target, parameters (linux/dm-ioctl.h). */
struct request {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char text[TEXT_OF_TABLE];
};

static int prepare(struct request *q, const char *name, uint32_t flags)
{
	memset(q, 0, sizeof(*q));
	q->head.version[0] = DM_VERSION_MAJOR;
	q->head.data_size = sizeof(*q);
	q->head.data_start = offsetof(struct request, target);
	q->head.flags = flags;
	return str_copy(q->head.name, sizeof(q->head.name), name);
}

static int request(unsigned long command, struct request *q)
{
	CLEAN_FD int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* ioctl(2) itself: the libraries disagree on the type of the request. */
	return syscall(SYS_ioctl, fd, command, q) ? -errno : 0;
}

static int simple(unsigned long command, const char *name, uint32_t flags, struct request *q)
{
	int r = prepare(q, name, flags);

	return r ? r : request(command, q);
}

static void write_node(const struct request *q, char node[DM_NODE_SIZE])
{
	(void)snprintf(node, DM_NODE_SIZE, "/dev/dm-%u", minor(q->head.dev));
}

int dm_verity_text(const struct dm_verity *v, char *to, size_t size)
{
	char hash[2 * DM_DIGEST_SIZE + 1];
	char salt[2 * DM_DIGEST_SIZE + 1] = "-";
	int length;

	if (v->salt_size > DM_DIGEST_SIZE)
		return -EINVAL;
	str_hex(hash, v->root_hash, DM_DIGEST_SIZE);
	if (v->salt_size)
		str_hex(salt, v->salt, v->salt_size);
	length = snprintf(to, size, "1 %s %s %u %u %llu %llu sha256 %s %s", v->device, v->device,
			  BLOCK, BLOCK, (unsigned long long)v->data_blocks,
			  (unsigned long long)v->hash_start, hash, salt);
	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static int load(const char *name, const struct dm_verity *v)
{
	struct request q;
	int r = prepare(&q, name, DM_READONLY_FLAG);

	r = r ? r : dm_verity_text(v, q.text, sizeof(q.text));
	if (r)
		return r;
	q.head.target_count = 1;
	q.target.length = v->data_blocks * (BLOCK / SECTOR);
	(void)str_copy(q.target.target_type, sizeof(q.target.target_type), "verity");
	return request(DM_TABLE_LOAD, &q);
}

int dm_verity_read_exactly(void)
{
	return fd_write_file(AT_FDCWD, PREFETCH, "0");
}

int dm_verity_create(const char *name, const struct dm_verity *v, char node[DM_NODE_SIZE],
		     struct err *err)
{
	struct request q;
	int r = simple(DM_DEV_CREATE, name, DM_READONLY_FLAG, &q);

	if (r)
		return err_sys(err, -r, "device mapper: %s cannot be made", name);
	write_node(&q, node);
	r = load(name, v);
	/* Resume puts the loaded table in force. */
	r = r ? r : simple(DM_DEV_SUSPEND, name, DM_READONLY_FLAG, &q);
	if (r) {
		(void)dm_remove(name);
		return err_sys(err, -r, "dm-verity refuses the table of %s", name);
	}
	return 0;
}

int dm_verity_corrupt(const char *name, bool *corrupt)
{
	struct request q;
	int r = simple(DM_TABLE_STATUS, name, 0, &q);

	if (r)
		return r;
	if (q.head.target_count != 1 || (q.head.flags & DM_BUFFER_FULL_FLAG))
		return -EBADMSG;
	/* "V": every block read so far was right; "C": one was not. Anything else is no verity. */
	if (q.text[0] != 'V' && q.text[0] != 'C')
		return -EBADMSG;
	*corrupt = q.text[0] == 'C';
	return 0;
}

int dm_find(const char *name, char node[DM_NODE_SIZE])
{
	struct request q;
	int r = simple(DM_DEV_STATUS, name, 0, &q);

	if (!r)
		write_node(&q, node);
	return r;
}

int dm_remove(const char *name)
{
	struct request q;

	return simple(DM_DEV_REMOVE, name, DM_DEFERRED_REMOVE, &q);
}
