#ifndef INIT_STORE_H
#define INIT_STORE_H

#include "generated/autoconf.h"
#include "ipc/proto.h"

/*
 * The descriptors that outlive the launcher. A fixed table with one place per (subject, kind): the
 * size is the quota, nothing is ever evicted for something else, and init never reads, writes or
 * maps what lies there.
 */
#define STORE_SUBJECTS (CONFIG_SERVICES_MAX + HELPER_COUNT + 1)

struct store {
	int fds[STORE_SUBJECTS][STORE_KIND_COUNT];
};

void store_init(struct store *s);

/* Keep *fd for (subject, kind), in place of what was there; *fd is -1 afterwards. -EINVAL: no such
 * place; *fd is then untouched. */
int store_put(struct store *s, uint16_t subject, uint32_t kind, int *fd);

/* Close one kind of @subject, or all of them for STORE_KIND_COUNT. -EINVAL: no such place. */
int store_drop(struct store *s, uint16_t subject, uint32_t kind);

/* Close everything: the file systems behind the descriptors are going to be unmounted. */
void store_clear(struct store *s);

/* Walk: the next descriptor at or after *place, which is a position to start from 0; -1 at the end.
 * *place is then that of the descriptor returned. */
int store_next(const struct store *s, uint32_t *place, uint16_t *subject, uint32_t *kind);

#endif
