#ifndef SECCOMP_SHAPE_H
#define SECCOMP_SHAPE_H

#include "seccomp/docker.h"

/*
 * Append @rule unless the listing says the same already, or it allows what the never-list forbids
 * (Debian's list allows and refuses setns: that is no contradiction here). -EPROTO: another rule
 * answers some call differently, and nothing says which counts; -E2BIG.
 */
int seccomp_listing_add(struct seccomp_listing *listing, const struct seccomp_rule *rule);

/*
 * Turn what a file asks for into what a service may have: clone, clone3, execveat, W^X.
 * -EINVAL: the program could not be started, or W^X cannot be laid over argument rules.
 */
int seccomp_listing_shape(struct seccomp_listing *listing, bool mdwe, struct err *err);

#endif
