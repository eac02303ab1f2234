#ifndef LAUNCHER_AUTHENTICATE_H
#define LAUNCHER_AUTHENTICATE_H

#include "ipc/proto.h"
#include "policy/trust_policy.h"

struct note;
struct talk;

/* One file, and the trust by which it is judged. All descriptors stay the caller's. */
struct authentication {
	const char *name; /* that its signers must be allowed for */
	uint16_t subject;
	int file_fd; /* checked: images_open(), images_check() */
	uint64_t file_size;
	const struct trust_policy *trust;
	int anchors_fd; /* sealed struct trust_anchors, one entry per signer of @trust */
	uint32_t anchor_count;
	const uint8_t *digest; /* the one root hash that the device policy allows; NULL: any */
	bool check_expiry;     /* as at installation */
	struct talk *keep; /* not NULL: gets the conversation when all went well, and the mapping
			      lies beside what runs, under a name of its own */
	/* the answer */
	struct verdict verdict;
	uint32_t signer;    /* row of @trust */
	uint32_t verify_us; /* signatures: from the question to the verdict */
	uint32_t map_us;    /* loop device, dm-verity, superblock, mount */
};

/* Who signed it, and are they enough? Nothing is mapped. -errno of verify, trust_scope_check(). */
int authenticate_signers(struct authentication *a, struct err *err);

/*
 * The same, then the content behind dm-verity: the descriptor of a detached mount, or -errno. @note
 * gets root hash, mapping and node; when it names a node the caller removes the mapping, also after
 * a failure.
 */
int authenticate_image(struct authentication *a, struct note *note, struct err *err);

/* Seconds since 1970 by which certificates are judged: trust/now.h. */
uint64_t authenticate_now_s(void);

#endif
