#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

/*
 * One program = one way out of the sandbox. It returns true when it got out. Every call that could
 * do it goes through CALL (or says with tried() what it was), so that the report names the call
 * that refused, with its errno; the last one counts.
 */
struct attack {
	const char *name;
	bool (*run)(void);
};

extern const struct attack mount_attacks[];
extern const struct attack namespace_attacks[];
extern const struct attack process_attacks[];
extern const struct attack kernel_attacks[];
extern const struct attack device_attacks[];
extern const struct attack procfs_attacks[];
extern const struct attack file_attacks[];
extern const struct attack socket_attacks[];
extern const struct attack privilege_attacks[];
extern const struct attack memory_attacks[];
extern const struct attack resource_attacks[];

/* What another service is known by: a name in the abstract namespace, a System V key. */
#define VICTIM_SOCKET "escape-victim"
#define VICTIM_KEY    0x0e5ca9e

#define A(value)        ((long)(intptr_t)(value))
#define CALL(name, ...) escape_call(#name, SYS_##name, (const long[6]){__VA_ARGS__})

/* The call of that number; its result and errno. */
long escape_call(const char *name, long number, const long arguments[6]);

/* The same book-keeping for what is no plain call: @result < 0 is a refusal with errno. */
long tried(const char *name, long number, long result);

/* A refusal that is no errno of a call: nothing was found, the answer was harmless. */
bool refused(const char *name, int error);

/* A child that does nothing until it is ended; -1 with errno. */
int idle_child(void);
void end_child(int pid);

#endif
