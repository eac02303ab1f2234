#include "seccomp/prefix.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "seccomp/neverlist.h"
#include "seccomp/profile.h"

#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))
#define X32_BIT      0x40000000u
#define ARM_PRIVATE  0x000f0000u /* __ARM_NR_BASE: set_tls, cacheflush */
#define COMMAND_LOW  24          /* offset of the low half of args[1] */

/* TIOCSTI TIOCLINUX TIOCSETD: the same numbers on our four architectures (asm-generic/ioctls.h). */
const uint32_t seccomp_ioctls_refused[SECCOMP_IOCTLS] = {0x5412, 0x541c, 0x5423};

static const uint16_t ioctl_number[ARCH_COUNT] = {16, 29, 54, 29};

struct writer {
	struct sock_filter *code;
	uint32_t count;
};

static void put(struct writer *w, uint16_t opcode, uint32_t k, uint8_t jt, uint8_t jf)
{
	w->code[w->count++] = (struct sock_filter){.code = opcode, .jt = jt, .jf = jf, .k = k};
}

static void put_load(struct writer *w, size_t offset)
{
	put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct writer *w, uint32_t action)
{
	put(w, BPF_RET | BPF_K, action, 0, 0);
}

static void put_x32(struct writer *w)
{
	/* -1 is how a tracer cancels a call, and a common mistake: no reason to kill. */
	put(w, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1);
	put_return(w, REFUSE(ENOSYS));
	put(w, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1);
	put_return(w, SECCOMP_RET_KILL_PROCESS);
}

static void put_ioctl(struct writer *w, enum policy_arch arch)
{
	put(w, BPF_JMP | BPF_JEQ | BPF_K, ioctl_number[arch], 0, SECCOMP_IOCTLS + 2);
	put_load(w, COMMAND_LOW);
	for (uint8_t i = 0; i < SECCOMP_IOCTLS; i++) {
		uint8_t to_return = (uint8_t)(SECCOMP_IOCTLS - 1 - i);
		uint8_t past_return = to_return ? 0 : 1;

		put(w, BPF_JMP | BPF_JEQ | BPF_K, seccomp_ioctls_refused[i], to_return,
		    past_return);
	}
	put_return(w, REFUSE(EPERM));
}

uint32_t seccomp_prefix(struct sock_filter *code, enum policy_arch arch, uint32_t newest)
{
	struct writer w = {code, 0};

	put_load(&w, offsetof(struct seccomp_data, arch));
	put(&w, BPF_JMP | BPF_JEQ | BPF_K, seccomp_audit_arch(arch), 1, 0);
	put_return(&w, SECCOMP_RET_KILL_PROCESS);
	put_load(&w, offsetof(struct seccomp_data, nr));
	if (arch == ARCH_X86_64)
		put_x32(&w);
	if (arch == ARCH_ARMV7)
		put(&w, BPF_JMP | BPF_JGE | BPF_K, ARM_PRIVATE, 2, 0);
	put(&w, BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1);
	put_return(&w, REFUSE(ENOSYS));
	put_ioctl(&w, arch);
	return w.count;
}
