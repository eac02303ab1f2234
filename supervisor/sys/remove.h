#ifndef SYS_REMOVE_H
#define SYS_REMOVE_H

/*
 * Remove @name below @directory and all that is in it, a piece at a time, so that whoever is in a
 * loop can do other things meanwhile. No link is followed, no other file system is entered, and
 * neither depth nor names of what is there matter: each directory is moved up until it is empty.
 * Nobody else may write there. *@budget: entries that may be touched now, counted down. 0: nothing
 * is there (any more); -EAGAIN: there is more; else -errno of openat2(2), unlinkat(2),
 * renameat2(2).
 */
int remove_some(int directory, const char *name, unsigned int *budget);

#endif
