#ifndef SANDBOX_USERNS_H
#define SANDBOX_USERNS_H

#include <sys/types.h>

#include "base/err.h"

/*
 * A user namespace in which exactly @uid and @gid exist, mapped onto themselves, and from which no
 * further namespace can be made (user.max_*_namespaces = 0, written from inside). Maps and limits
 * are read back. @proc_fd is a procfs of the initial pid namespace. Returns its descriptor or
 * -errno. user_namespaces(7)
 */
int userns_make(int proc_fd, uid_t uid, gid_t gid, struct err *err);

#endif
