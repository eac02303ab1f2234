/*
 * A compile that was taken over after the device policy was made: that one it compiles honestly
 * (its real code is linked in), every service file it answers with an attack, chosen by its uid.
 * Nothing of it may start: not an unbounded policy, not an open filter, not a memfd that can still
 * change.
 */
#undef main /* the real compile's main() is called compile_main() in this build */
#include "stub.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy.h"
#include "seccomp/filter.h"

enum { LAUNCHER_FD = 3 };
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int compile_main(int argc, char **argv);

static struct policy policy;
static struct seccomp_filter filter;

static int memory(const void *bytes, size_t size, int seals)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t done = write(fd, bytes, size);

	(void)done;
	fchmod(fd, 0600);
	if (seals)
		fcntl(fd, F_ADD_SEALS, seals);
	return fd;
}

/* What a signer might have written, but with everything allowed. */
static void fill(const struct message_compile *question)
{
	memset(&policy, 0, sizeof(policy));
	policy.magic = POLICY_MAGIC;
	policy.size = sizeof(policy);
	memcpy(policy.name, question->name, sizeof(policy.name));
	memcpy(policy.version, "1.0", 4);
	policy.arch = question->arch;
	policy.epoch = 1;
	memcpy(policy.argv, "/bin/probe\0polite", 18);
	policy.command.count = 2;
	policy.command.used = 18;
	policy.memory = 8u << 20;
	policy.pids_limit = 4;
	filter.magic = SECCOMP_FILTER_MAGIC;
	filter.count = 1;
	filter.code[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static void spoil(unsigned int attack)
{
	if (attack == 0)
		policy.uid = policy.gid = 0;
	if (attack == 1)
		policy.memory = UINT64_MAX;
	if (attack == 2)
		memcpy(policy.name, "other", 6);
	if (attack == 3)
		memset(&policy, 0xff, sizeof(policy));
	if (attack == 4)
		policy.command.used = 0xffff;
	if (attack == 5)
		filter.code[0] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0xfffffff0u);
	if (attack == 6)
		filter.count = 0xffffffff;
	if (attack == 7)
		policy.tmpfs_count = 255;
}

static void send_pair(const struct message_head *asked, int first, int second)
{
	struct message_plain m = {.head = *asked};
	const int fds[2] = {first, second};

	m.head.type = M_COMPILED_SERVICE;
	stub_send(LAUNCHER_FD, &m, sizeof(m), fds, 2);
}

static void odd_memory(const struct message_head *asked, unsigned int attack)
{
	int first = memory(&policy, sizeof(policy),
			   attack == 8   ? 0
			   : attack == 9 ? F_SEAL_SEAL
					 : SEALS);
	int second = memory(&filter, sizeof(filter), SEALS);
	int shorter = memory(&policy, sizeof(policy) - 1, SEALS);
	int odd[8];

	if (attack == 10) {
		send_pair(asked, shorter, second);
	} else if (attack == 11) {
		send_pair(asked, second, first);
	} else if (attack == 12 && stub_odd_fds(odd, 8) >= 2) {
		send_pair(asked, odd[0], odd[1]);
	} else {
		send_pair(asked, first, second);
		for (int i = 0; i < 500; i++) { /* change and shrink what was handed over */
			ssize_t done = pwrite(first, &i, sizeof(i), 8);

			(void)done;
			if (ftruncate(first, i % 2 ? (off_t)sizeof(policy) : 0) != 0)
				break;
		}
	}
}

static void answer(const struct message_compile *question, unsigned int attack)
{
	struct message_done refused;

	if (attack < 8) {
		spoil(attack);
		send_pair(&question->head, memory(&policy, sizeof(policy), SEALS),
			  memory(&filter, sizeof(filter), SEALS));
	} else if (attack < 13) {
		odd_memory(&question->head, attack);
	} else if (attack == 13) {
		memset(&refused, 0x1b, sizeof(refused));
		refused.head = question->head;
		refused.head.type = M_COMPILE_REFUSED;
		stub_send(LAUNCHER_FD, &refused, sizeof(refused), NULL, 0);
	} else if (attack == 14) {
		stub_send_nonsense(LAUNCHER_FD);
	} else {
		stub_stay();
	}
}

int main(void)
{
	struct pollfd wait = {.fd = LAUNCHER_FD, .events = POLLIN};
	struct message_head head = {0};
	union message question;
	int fds[IPC_FDS_MAX];

	poll(&wait, 1, -1);
	if (recv(LAUNCHER_FD, &head, sizeof(head), MSG_PEEK | MSG_TRUNC) > 0 &&
	    head.type == M_COMPILE_DEVICE)
		return compile_main(0, NULL);
	if (stub_receive(LAUNCHER_FD, &question, sizeof(question), fds) < 0)
		return 1;
	fill(&question.compile);
	answer(&question.compile, getuid() % 16);
	stub_pause_ms(500);
	return 0;
}
