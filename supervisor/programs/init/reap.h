#ifndef INIT_REAP_H
#define INIT_REAP_H

#include <stdbool.h>
#include <sys/types.h>

struct init;
struct child;

/* Reap at most 64 processes; what is left comes in the next turn of the loop. */
void reap_some(struct init *init);

/* If the process of the newly announced @child was reaped already, do now what its exit asks for.
 */
bool reap_was_reaped(struct init *init, pid_t pid);
void reap_late(struct init *init, struct child *child);

/*
 * The START record of a service, once, as soon as it has executed its program: told by M_STARTED,
 * found when it is reaped, and looked for once a second in case its launcher died in between. So
 * there is one for every program that ran, whoever was killed when, and none for a start that was
 * refused.
 */
void reap_tell_start(struct child *child);

/* A row's process died: record it, and let everybody know who has to. */
void reap_handle_exit(struct init *init, struct child *child);

#endif
