#include "trust/envelope.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "trust/refuse.h"

static int read_signatures(int fd, struct envelope *e, struct err *err)
{
	const struct gpt_partition *p = &e->gpt.parts[PART_SIGNATURE];
	int r;

	if (p->size > sizeof(e->text))
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "signature partition has %" PRIu64
			      " bytes, at most 65536 are allowed",
			      p->size);
	r = fd_pread_exact(fd, e->text, (size_t)p->size, p->offset);
	if (r)
		return err_sys(err, -r, "cannot read the signature partition");
	return signature_json_read(e->text, (size_t)p->size, &e->signatures, err);
}

/* The partition UUIDs are the halves of the root hash (UAPI.3): a tree or signature taken from
 * another image shows at once. */
static int check_binding(const struct envelope *e, struct err *err)
{
	const uint8_t *hash = e->signatures.root_hash;

	if (memcmp(e->gpt.parts[PART_ROOT].uuid, hash, 16) != 0 ||
	    memcmp(e->gpt.parts[PART_VERITY].uuid, hash + 16, 16) != 0)
		return REFUSE(err, EBADMSG, HINT_BUILD,
			      "signature is for other content: root hash and partition ids differ");
	return 0;
}

int envelope_read(int fd, uint32_t arch, struct envelope *e, struct err *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "fstat");
	if (!S_ISREG(st.st_mode))
		return REFUSE(err, EBADMSG, "", "image is not a regular file");
	e->file_size = (uint64_t)st.st_size;
	r = gpt_read(fd, e->file_size, arch, &e->gpt, err);
	if (r)
		return r;
	r = read_signatures(fd, e, err);
	return r ? r : check_binding(e, err);
}

struct verity_place envelope_verity_place(const struct gpt *gpt)
{
	struct verity_place place = {
		.offset = gpt->parts[PART_VERITY].offset,
		.data_size = gpt->parts[PART_ROOT].size,
		.hash_size = gpt->parts[PART_VERITY].size,
	};

	return place;
}
