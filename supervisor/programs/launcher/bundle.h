#ifndef LAUNCHER_BUNDLE_H
#define LAUNCHER_BUNDLE_H

#include "policy/trust_policy.h"
#include "trust/anchors.h"

/* Everything by which signatures are judged; kept by init in one sealed memfd, so that no launcher
 * ever takes over the policy of one version with the anchors of another. */
struct trusted {
	struct trust_policy policy;
	struct trust_anchors anchors;
};

struct bundle {
	int file_fd; /* checked: images_check() */
	uint64_t file_size;
	bool installing; /* certificates must not have expired */
	/* the answer */
	uint8_t root_hash[32];
	struct trusted *trusted;
};

/*
 * May it follow the trust that is in force: signed for "trust" by enough keys of the old and of the
 * new policy, and of exactly the next version? Nothing stays mapped. -ESTALE: another version; else
 * -errno of verify, compile, trust_scope_check(). *@b->trusted is unspecified on failure.
 */
int bundle_judge(struct bundle *b, struct err *err);

#endif
