#ifndef BARTIZAN_AUDIT_H
#define BARTIZAN_AUDIT_H

#include "crypto/p256.h"
#include "spool/verify.h"

/* `bartizan audit ...`: one row in cmd_audit.c each. */
int audit_key_main(int argc, char **argv);
int audit_verify_main(int argc, char **argv);
int audit_show_main(int argc, char **argv);
int audit_status_main(int argc, char **argv);
int audit_resend_main(int argc, char **argv);

/* The auditor's pair; host build. -errno with @err. */
int auditor_read(const char *path, struct p256_pair *pair, struct err *err);
int auditor_open_box(void *pair, uint64_t boot, const struct seal_key *key, uint8_t secret[32]);

/* The directory of the audit segments: @path itself, or audit/ in it; NULL: this device's. -errno.
 */
int audit_open_dir(const char *path);

/* On a device: become nobody before a byte of the trail is read. */
int audit_drop(struct err *err);

#endif
