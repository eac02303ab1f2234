#ifndef POLICY_TRUST_POLICY_H
#define POLICY_TRUST_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Who may sign what: trust.conf of the verified firmware, compiled once at boot, sealed,
 * pointer-free. Only the launcher decides with it (scope, threshold, floors, deny list); `verify`
 * sees nothing of it but the anchors' certificates.
 */
#define TRUST_MAGIC       0x42545232u /* "BTR2" */
#define TRUST_SIGNERS_MAX 16
#define TRUST_SCOPES_MAX  8
#define TRUST_REVOKED_MAX 64
#define TRUST_FILE_SIZE   64
#define TRUST_DIGEST_SIZE 32

/* Where a trust bundle holds what it brings. */
#define POLICY_BUNDLE_CONF    "etc/bartizan/trust.conf"
#define POLICY_BUNDLE_RELEASE "etc/extension-release.d/extension-release.trust"

enum trust_expiry { EXPIRY_INSTALL, EXPIRY_ALWAYS, EXPIRY_NEVER, EXPIRY_COUNT };
enum trust_revoked_kind { REVOKED_SPKI, REVOKED_CERTIFICATE, REVOKED_ROOT_HASH, REVOKED_COUNT };

struct trust_signer {
	char name[NAME_SIZE];
	char anchor[TRUST_FILE_SIZE]; /* PEM file below /etc/bartizan, or empty */
	bool has_spki;
	uint8_t spki[TRUST_DIGEST_SIZE]; /* SHA-256 of SubjectPublicKeyInfo */
	uint32_t threshold;              /* distinct keys that must have signed */
	uint32_t min_epoch;
	uint8_t scope_count;
	char scopes[TRUST_SCOPES_MAX][NAME_SIZE + 8]; /* globs: "acme.*" */
};

struct trust_revoked {
	uint8_t kind; /* enum trust_revoked_kind */
	uint8_t digest[TRUST_DIGEST_SIZE];
};

struct trust_policy {
	uint32_t magic;
	uint32_t size;
	uint32_t version;
	uint32_t threshold;
	uint32_t time;  /* when it was signed, seconds since 1970; 0: not said */
	uint8_t expiry; /* enum trust_expiry */
	uint8_t signer_count;
	struct trust_signer signers[TRUST_SIGNERS_MAX];
	uint16_t revoked_count;
	struct trust_revoked revoked[TRUST_REVOKED_MAX];
};

#endif
