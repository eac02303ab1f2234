#ifndef SECCOMP_QUIET_H
#define SECCOMP_QUIET_H

/*
 * What a recording (seccomp_recording) allows without a word, so that a busy service does not drown
 * the rest, and what the profile that comes out of it therefore always holds. NULL at the end.
 */
extern const char *const seccomp_quiet[];

#endif
