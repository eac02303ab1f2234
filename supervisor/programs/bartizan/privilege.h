#ifndef BARTIZAN_PRIVILEGE_H
#define BARTIZAN_PRIVILEGE_H

#include "base/err.h"

/*
 * From here on nobody: what is still to come only reads what others wrote and prints it. Called
 * after the one thing that needs root (connecting, opening the spool). -errno when any part of it
 * fails: the command then does not go on.
 */
int privilege_drop(struct err *err);

/* For the console: it has no capability from the start, so it could not change its uid, and it has
 * to connect again for its next line. */
void privilege_keep(void);

#endif
