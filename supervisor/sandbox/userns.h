#ifndef SANDBOX_USERNS_H
#define SANDBOX_USERNS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * A user namespace in which exactly @uid and @gid exist, mapped onto themselves, and from which no
 * further namespace can be made (user.max_*_namespaces = 0, written from inside). Maps and limits
 * are read back. @proc_fd is a procfs of the initial pid namespace. Returns its descriptor or
 * -errno. user_namespaces(7)
 */
int userns_make(int proc_fd, uid_t uid, gid_t gid, struct err *err);

/*
 * As above; with sees_root uid 0 exists inside as well, mapped onto itself. Only for a process that
 * has to recognise root at the other end of a socket: SO_PEERCRED shows an unmapped uid as 65534.
 * Without capabilities it cannot become that uid, which the capabilities row proves.
 */
struct userns_ids {
	uid_t uid;
	gid_t gid;
	bool sees_root;
};
int userns_make_for(int proc_fd, const struct userns_ids *ids, struct err *err);

/*
 * A user namespace for an idmapped mount (mount_setattr(2)): files that belong to @from on the disk
 * are @to's where the mount is seen, and what @to makes there belongs to @from.
 */
int userns_make_idmap(int proc_fd, const struct userns_ids *from, const struct userns_ids *to,
		      struct err *err);

#endif
