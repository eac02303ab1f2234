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

/*
 * A system call of which not every bit is known. One entry per 32-bit word of struct seccomp_data
 * as a filter loads them: 0 number, 1 architecture, 2-3 instruction pointer, 4 + 2 * i and 5 + 2 *
 * i the low and high half of argument i. A bit counts only where @known is set.
 */
#define SECCOMP_WORDS       16
#define SECCOMP_WORD_NR     0
#define SECCOMP_WORD_ARCH   1
#define SECCOMP_WORD_ARG(i) (4 + 2 * (i))

struct seccomp_word {
	uint32_t value;
	uint32_t known;
};

struct seccomp_question {
	struct seccomp_word words[SECCOMP_WORDS];
};

/*
 * May a checked program let such a call pass (any answer but KILL, TRAP and ERRNO)? An
 * over-approximation: false is a proof for all values of the unknown bits, true may be wrong.
 * -EBADMSG as seccomp_run().
 */
int seccomp_may_pass(const struct sock_filter *code, size_t count,
		     const struct seccomp_question *question, bool *may);

/* Would the kernel go on with the call after this answer of a filter? */
bool seccomp_action_passes(uint32_t action);

#endif
