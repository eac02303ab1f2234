#ifndef LAUNCHER_SLOTS_H
#define LAUNCHER_SLOTS_H

#include "programs/launcher/images.h"
#include "programs/launcher/launcher.h"

/*
 * The versions of one name and what becomes of them. All of it is in the names of the files: each
 * change is one renameat2(2) and an fsync of the directory, so a power cut leaves the old state or
 * the new one. Every function returns 0 or -errno with *err filled in.
 */

/* Before each start: a version that was not confirmed loses one of its tries. */
int slots_begin_try(struct service *s, struct err *err);

/* It has proven itself: no counter any more. *version gets its row. */
int slots_confirm(const struct service *s, struct err *err);

/* dm-verity found a wrong block in the file that is mapped: out of the way, as NAME.raw.bad. True:
 * there is another version to run. */
bool slots_quarantine(struct service *s);

/* The version that @s has admitted, or that @which names, is not tried again; recorded with the
 * reason. -ENOENT: it is on no trial. */
int slots_give_up(struct service *s, const char *why, struct err *err);
int slots_refuse(struct service *s, const struct image_file *which, const struct err *why);

/* @which is refused for its age, @why says so: the newest version that is newer and was set aside
 * for it, or else was given up, by an operator or after its tries, has all its tries again. With
 * none the device would have nothing to run, for ever. -ENOENT: there is no such version. */
int slots_take_back(struct service *s, const struct image_file *which, const struct err *why);

/* Bad versions that nobody has recorded yet: what ended the last try is known, or the power went.
 */
void slots_note_bad(struct service *s);

/* By an operator. -ENOENT: there is no such version, or none to go back to. */
int slots_activate(struct service *s, const char *version, struct err *err);
int slots_roll_back(struct service *s, struct err *err);
/* -EBUSY: it runs, or it would be the next to run while the service does. An empty @version: all.
 */
int slots_remove(struct service *s, const char *version, struct err *err);

/* Make room for @version beside the active one. -EEXIST: it is the active one; -EBUSY: the active
 * one is on trial, and what it would fall back to is needed. */
int slots_make_room(struct service *s, const char *version, struct err *err);

/* Is this the file that is mapped for @s? */
bool slots_is_mapped(const struct service *s, const struct image_file *f);

#endif
