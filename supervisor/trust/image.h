#ifndef TRUST_IMAGE_H
#define TRUST_IMAGE_H

#include "ipc/proto.h"
#include "trust/anchors.h"

/* Steps 2, 3, 5 and 6 of the verification order (trust/README.md): everything that `verify` does
 * before the image is mapped. */
struct trust_request {
	uint32_t arch;     /* enum policy_arch of the device */
	uint64_t now_s;    /* trusted time, seconds since 1970; used only with check_expiry */
	bool check_expiry; /* refuse certificates whose notAfter has passed (install); notBefore is
			      never looked at */
	const struct trust_anchors *anchors;
};

/*
 * Read the image on @fd and say whose keys signed which content. It decides nothing about names,
 * thresholds or floors. -EBADMSG: malformed; -ENOEXEC: for another architecture; -ENOKEY: unsigned,
 * or by authorities that are not in the request; -EKEYREJECTED: signature or certificate refused;
 * -EINVAL: anchors that cannot be read; else -errno of pread(2), fstat(2).
 * *@verdict is untouched on failure.
 */
int trust_image_verify(int fd, const struct trust_request *request, struct verdict *verdict,
		       struct err *err);

/* Is this PEM text a set of CA certificates that `verify` would take as an anchor? For the command
 * line, before it is trusted. */
int trust_image_check_anchors(const struct trust_anchors *anchors, struct err *err);

#endif
