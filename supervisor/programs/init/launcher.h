#ifndef INIT_LAUNCHER_H
#define INIT_LAUNCHER_H

struct init;

/* Start the launcher: the one program that init executes. On failure it is tried again, later and
 * later. */
void launcher_start(struct init *init);

/* It died: take what it still had said, and forget what it was asked for. */
void launcher_gone(struct init *init);

#endif
