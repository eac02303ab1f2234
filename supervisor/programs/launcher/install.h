#ifndef LAUNCHER_INSTALL_H
#define LAUNCHER_INSTALL_H

#include "programs/launcher/launcher.h"

#define EXIT_BUSY 6 /* of the command line: not now */

/*
 * One installation at a time: bytes from a pipe into NAME.partial, then the whole verification
 * order on that file and every block of it, then one rename. It waits for nobody: the loop drives
 * it, and what stands still too long is given up. What was copied stays for --resume; what was
 * refused goes.
 */

/* @pipe_fd is taken. -EBUSY: one is under way; -ENOENT: no such service; -ENOSPC ... *start gets
 * the byte that the stream has to begin with. */
int install_begin(const struct message_image_install *m, int *pipe_fd, uint64_t *start,
		  struct err *err);

/* The sender says that all @size bytes are in the pipe. */
void install_sent(uint64_t size);

/* Is an image of this name being installed? */
bool install_is_of(const char *name);

/* Whoever asked is gone. */
void install_abort(void);

/* update.c, called by the installation: to whoever asked for it. */
void update_progress(enum image_phase phase, uint64_t done, uint64_t total);
void update_installed(int exit_code, const char *version, const struct err *err);

#endif
