#ifndef SECCOMP_INTERPRETER_H
#define SECCOMP_INTERPRETER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Classic BPF as the kernel's seccomp runs it (kernel/seccomp.c seccomp_check_filter(),
 * net/core/filter.c bpf_check_classic()), written without libseccomp: whoever checks a filter must
 * not share code with who made it.
 */

/*
 * -EBADMSG unless every instruction is one that a seccomp filter may hold, loads stay inside struct
 * seccomp_data and are aligned, jumps stay inside the program, and the last instruction returns.
 */
int seccomp_program_check(const struct sock_filter *code, size_t count, struct err *err);

/* Run a checked program. 0 with the action, -EBADMSG when the program was not checked. */
int seccomp_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data,
		uint32_t *action);

/* A system call of which not everything is known: which of its words may have any value. */
struct seccomp_question {
	struct seccomp_data data;
	bool any_nr;
	bool any_arg[6]; /* all 64 bits of it */
};

/*
 * May a checked program let such a call pass (any answer but KILL, TRAP and ERRNO)? An
 * over-approximation: "no" is a proof for all values, "yes" may be wrong. -EBADMSG as seccomp_run().
 */
int seccomp_may_pass(const struct sock_filter *code, size_t count,
		     const struct seccomp_question *question, bool *may);

#endif
