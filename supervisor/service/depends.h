#ifndef SERVICE_DEPENDS_H
#define SERVICE_DEPENDS_H

#include "service/table.h"

/* The service of this name, NULL when the launcher never named it. */
struct service *service_find(struct service_table *t, const char *name);

/*
 * May @s start as far as its dependencies go? 0: yes. -EAGAIN: not yet, @why says for whom it
 * waits. -EINVAL: never (a name that the device does not know; "healthy" of a service without a
 * health check).
 */
int service_depends_check(struct service_table *t, const struct service *s, struct err *why);

/* -ELOOP when @s depends on itself through the plans known so far; @why names the path. */
int service_depends_cycle(struct service_table *t, const struct service *s, struct err *why);

/* Does a service that has or may get a process depend on @s? Then @s is stopped after it. */
bool service_depends_held(struct service_table *t, const struct service *s);

#endif
