#ifndef TRUST_SCOPE_H
#define TRUST_SCOPE_H

#include "ipc/proto.h"
#include "policy/trust_policy.h"

/*
 * The launcher's half of trust: `verify` says which keys signed, this says whether they may for
 * this name. No cryptography here. The policy must have passed policy_validate_trust(), which also
 * refuses scopes of two signers that overlap.
 */

/*
 * Is the content not revoked, and did enough distinct, unrevoked keys of the one signer whose scope
 * covers @name sign it?
 * *@row gets that signer's row. -EKEYREJECTED: revoked; -EACCES: not allowed for this name, or too
 * few. Both with the reason.
 */
int trust_scope_check(const struct trust_policy *policy, const struct verdict *verdict,
		      const char *name, uint32_t *row, struct err *err);

/* Is @epoch at or above the signer's min_epoch and the device's @floor for the name? -ESTALE when
 * below. */
int trust_epoch_check(const struct trust_policy *policy, uint32_t row, uint32_t floor,
		      uint32_t epoch, struct err *err);

#endif
