#include <errno.h>
#include <string.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "programs/launcher/launcher.h"
#include "sys/dm.h"
#include "sys/loop.h"
#include "sys/mounts.h"
#include "trust/verdict.h"

#define NAMES_MAX 10
#define ASIDE     "install"

/* By root hash, so what is mapped under a name is what that hash says; numbered, because a device
 * that is on its way out keeps its name until its last user is gone. */
static void name_map(const char *first, unsigned int number, struct note *note)
{
	const char digit[2] = {(char)('0' + number), '\0'};

	str_join(note->map_name, sizeof(note->map_name), first, "-", digit);
}

static int check_unmapped(const struct verdict *verdict, struct err *err)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];

		if (s->admitted && memcmp(s->note.root_hash, verdict->root_hash, 32) == 0)
			return err_set(err, EEXIST, "this image is mapped for service %s", s->name);
	}
	return 0;
}

/* Left over from a launcher that died in the middle: nobody's, so they go. */
static void remove_leftovers(const char *first, struct note *note)
{
	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		name_map(first, i, note);
		(void)dm_remove(note->map_name);
	}
}

static int create(const char *first, const struct dm_verity *verity, struct note *note,
		  struct err *err)
{
	int r = -EEXIST;

	for (unsigned int i = 0; i < NAMES_MAX && r == -EEXIST; i++) {
		name_map(first, i, note);
		r = dm_verity_create(note->map_name, verity, note->node, err);
	}
	return r;
}

int map_image(const struct verdict *verdict, int file_fd, bool aside, struct note *note,
	      struct err *err)
{
	CLEAN_FD int loop_fd = -1;
	char node[LOOP_NODE_SIZE], first[2 * sizeof(verdict->root_hash) + 1] = ASIDE;
	const struct loop_window window = {.offset = verdict->data_offset,
					   .size = verdict_loop_size(verdict)};
	const struct dm_verity verity = {
		.device = node,
		.data_blocks = verdict->data_blocks,
		.hash_start = verdict_hash_start(verdict),
		.root_hash = verdict->root_hash,
		.salt = verdict->salt,
		.salt_size = verdict->salt_size,
	};
	int r = check_unmapped(verdict, err);

	if (r)
		return r;
	if (!aside)
		str_hex(first, verdict->root_hash, sizeof(verdict->root_hash));
	remove_leftovers(first, note);
	r = loop_attach(file_fd, &window, &loop_fd, node, err);
	r = r ? r : create(first, &verity, note, err);
	if (r) /* whoever sees the note must not unmap what was not mapped */
		*note->map_name = *note->node = '\0';
	return r;
}

void map_remove(const struct note *note)
{
	if (*note->map_name)
		(void)dm_remove(note->map_name);
}

int map_check(const struct service *s, struct err *err)
{
	bool corrupt = false;
	int r = dm_verity_corrupt(s->note.map_name, &corrupt);

	if (r)
		return err_sys(err, -r, "state of the image's device");
	if (!corrupt)
		return 0;
	audit_emit(EVENT_IMAGE_CORRUPT, AUDIT_S(s->name), AUDIT_H(s->note.root_hash));
	(void)err_set(err, EBADMSG, "data does not match the signed root hash");
	return err_hint(err, "the file is damaged: copy the image again");
}

int map_mount(const struct note *note, uint32_t attributes, struct err *err)
{
	const struct mount_option options[] = {{"source", note->node}, {"ro", NULL}, {NULL, NULL}};

	return mounts_new("erofs", options, attributes, err);
}
