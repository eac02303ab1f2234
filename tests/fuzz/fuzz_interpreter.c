/* links: base audit policy seccomp seccomp */
/* A filter from a `compile` that was taken over: whatever the launcher's checks accept must be safe
 * to walk, and what they call impossible must not happen when the program really runs. */
#include <stdlib.h>
#include <string.h>

#include "seccomp/interpreter.h"
#include "seccomp/neverlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROGRAM_MAX 64

/* The call is the last 64 bytes of the input; the program what stands before it. */
static void compare(const struct sock_filter *code, size_t count, const struct seccomp_data *call)
{
	struct seccomp_question question;
	uint32_t words[SECCOMP_WORDS];
	uint32_t action;
	bool may;

	if (seccomp_run(code, count, call, &action))
		abort();
	memcpy(words, call, sizeof(words));
	for (uint32_t known = 0; known < 4; known++) {
		for (unsigned int i = 0; i < SECCOMP_WORDS; i++)
			question.words[i] = (struct seccomp_word){
				words[i], known == 0   ? UINT32_MAX
					  : known == 1 ? 0
						       : words[i] ^ (known * 0x11111111u)};
		if (seccomp_may_pass(code, count, &question, &may))
			abort();
		if (!may && seccomp_action_passes(action))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_filter code[PROGRAM_MAX];
	struct seccomp_data call;
	size_t count;

	if (size < sizeof(call))
		return 0;
	count = (size - sizeof(call)) / sizeof(code[0]);
	if (count == 0 || count > PROGRAM_MAX)
		return 0;
	memcpy(code, data, count * sizeof(code[0]));
	memcpy(&call, data + size - sizeof(call), sizeof(call));
	if (seccomp_program_check(code, count, NULL)) {
		(void)seccomp_check_never(code, count, ARCH_X86_64, NULL);
		return 0;
	}
	compare(code, count, &call);
	/* A filter that passed is one that does not let this call of the never-list through. */
	if (seccomp_check_never(code, count, ARCH_X86_64, NULL) == 0) {
		uint32_t action;

		call.nr = 101; /* ptrace */
		call.arch = seccomp_audit_arch(ARCH_X86_64);
		if (seccomp_run(code, count, &call, &action) || seccomp_action_passes(action))
			abort();
	}
	return 0;
}
