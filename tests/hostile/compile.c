/*
 * A compile that was taken over after the device policy was made: that one it compiles honestly
 * (its real code is linked in), every service file it answers with an attack, another one for every
 * slot. Nothing of it may start: not a policy beyond the device's bounds, not an open filter, not a
 * memfd that can still change.
 */
#undef main /* the real compile's main() is called compile_main() in this build */
#include "stub.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "policy/load.h"
#include "seccomp/build.h"
#include "seccomp/filter.h"

enum { LAUNCHER_FD = 3 };
#define SEALS        (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define FUTURE_WRITE 0x10 /* F_SEAL_FUTURE_WRITE: who has mapped it may go on writing */

int compile_main(int argc, char **argv);

static struct policy policy;
static struct seccomp_filter filter;
static struct message_head asked;

/* What the service file could have said: valid in everything, so that one spoiled field is what is
 * refused. */
static void fill(const struct message_compile *question)
{
	static const char *const arches[] = {"x86_64", "aarch64", "armv7", "riscv64"};
	char text[512];
	struct err err;
	int length =
		snprintf(text, sizeof(text),
			 "[image]\nname = %.32s\nversion = 1.0\nepoch = 1\narch = %s\n"
			 "[service]\ncommand = /bin/probe polite\nmemory = 8m\npids_limit = 4\n",
			 question->name, arches[question->arch % 4]);

	if (policy_load_service(&(struct policy_text){"service.ini", text, (size_t)length}, true,
				&policy, &err) ||
	    seccomp_build(&policy, NULL, (enum policy_arch)question->arch, &filter, &err))
		_exit(9);
}

static void send_pair(int first, int second)
{
	struct message_plain m = {.head = asked};
	const int fds[2] = {first, second};

	m.head.type = M_COMPILED_SERVICE;
	stub_send(LAUNCHER_FD, &m, sizeof(m), fds, 2);
}

static void send_both(void)
{
	send_pair(stub_memory(&policy, sizeof(policy), SEALS),
		  stub_memory(&filter, sizeof(filter), SEALS));
}

/* ---- what no honest compile says */

static void wrong_magic(unsigned int unused)
{
	(void)unused;
	policy.magic++;
	send_both();
}

static void all_ones(unsigned int unused)
{
	(void)unused;
	memset(&policy, 0xff, sizeof(policy));
	send_both();
}

static void long_command(unsigned int unused)
{
	(void)unused;
	policy.command.used = 0xffff;
	send_both();
}

static void many_tmpfs(unsigned int unused)
{
	(void)unused;
	policy.tmpfs_count = 255;
	send_both();
}

static void endless_command(unsigned int unused)
{
	(void)unused;
	memset(policy.argv, 'a', sizeof(policy.argv));
	policy.command.used = sizeof(policy.argv);
	send_both();
}

static void open_filter(unsigned int unused)
{
	(void)unused;
	memset(filter.code, 0, sizeof(filter.code));
	filter.count = 1;
	filter.code[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	send_both();
}

static void wild_jump(unsigned int unused)
{
	(void)unused;
	filter.code[0] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0xfffffff0u);
	send_both();
}

static void endless_filter(unsigned int unused)
{
	(void)unused;
	filter.count = 0xffffffff;
	send_both();
}

static void foreign_filter(unsigned int unused)
{
	(void)unused;
	filter.arch = (filter.arch + 1) % 4;
	send_both();
}

/* Change, shrink and grow what was handed over, for as long as the launcher may be looking. */
static void change_after(unsigned int seals)
{
	int first = stub_memory(&policy, sizeof(policy), 0);
	int second = stub_memory(&filter, sizeof(filter), SEALS);
	struct policy *mapped =
		mmap(NULL, sizeof(policy), PROT_READ | PROT_WRITE, MAP_SHARED, first, 0);

	if (seals)
		fcntl(first, F_ADD_SEALS, (int)seals);
	send_pair(first, second);
	for (int i = 0; i < 2000; i++) {
		ssize_t done = pwrite(first, &i, sizeof(i), 8);

		(void)done;
		done = ftruncate(first, i % 3 ? (off_t)sizeof(policy) * (i % 3) : 0);
		if (mapped != MAP_FAILED && seals & F_SEAL_SHRINK)
			mapped->memory = i % 2 ? UINT64_MAX : 8u << 20;
	}
}

static void wrong_size(unsigned int size)
{
	static unsigned char bytes[sizeof(policy) + 1];

	memcpy(bytes, &policy, sizeof(policy));
	send_pair(stub_memory(bytes, size, SEALS), stub_memory(&filter, sizeof(filter), SEALS));
}

static void swapped(unsigned int unused)
{
	(void)unused;
	send_pair(stub_memory(&filter, sizeof(filter), SEALS),
		  stub_memory(&policy, sizeof(policy), SEALS));
}

static void twice_the_same(unsigned int unused)
{
	int fd = stub_memory(&policy, sizeof(policy), SEALS);

	(void)unused;
	send_pair(fd, fd);
}

static void odd_kind(unsigned int kind)
{
	send_pair(stub_odd_fd(kind), stub_memory(&filter, sizeof(filter), SEALS));
}

static void nonsense(unsigned int unused)
{
	(void)unused;
	stub_send_nonsense(LAUNCHER_FD);
}

/* ---- what is of the right form, and refused all the same */

static void other_name(unsigned int unused)
{
	(void)unused;
	memset(policy.name, 0, sizeof(policy.name));
	memcpy(policy.name, "polite", 6);
	send_both();
}

static void above_bound(unsigned int unused)
{
	(void)unused;
	policy.memory = policy.memory_swap = (uint64_t)1 << 40;
	send_both();
}

/* The automatic one of the service in slot 0. */
static void other_user(unsigned int unused)
{
	(void)unused;
	policy.uid = policy.gid = 10000;
	send_both();
}

static void refuse_with_noise(unsigned int unused)
{
	struct message_done refused;

	(void)unused;
	memset(&refused, 0x1b, sizeof(refused)); /* escape characters, no terminator */
	refused.head = asked;
	refused.head.type = M_COMPILE_REFUSED;
	stub_send(LAUNCHER_FD, &refused, sizeof(refused), NULL, 0);
}

static void silence(unsigned int unused)
{
	(void)unused;
	stub_stay();
}

/* One row a slot. `run` counts on the first MALFORMED rows to leave a MESSAGE_REFUSED. */
static const struct {
	void (*play)(unsigned int argument);
	unsigned int argument;
} attacks[] = {
	{wrong_magic, 0},
	{all_ones, 0},
	{long_command, 0},
	{many_tmpfs, 0},
	{endless_command, 0},
	{open_filter, 0},
	{wild_jump, 0},
	{endless_filter, 0},
	{foreign_filter, 0},
	{change_after, 0},
	{change_after, F_SEAL_SEAL},
	{change_after, FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL},
	{wrong_size, sizeof(struct policy) - 1},
	{wrong_size, sizeof(struct policy) + 1},
	{swapped, 0},
	{twice_the_same, 0},
	{odd_kind, 0},
	{odd_kind, 1},
	{odd_kind, 3},
	{odd_kind, 4},
	{odd_kind, 5},
	{odd_kind, 6},
	{odd_kind, 8},
	{odd_kind, 12},
	{nonsense, 0},
	{other_name, 0},
	{above_bound, 0},
	{other_user, 0},
	{refuse_with_noise, 0},
	{silence, 0},
};

int main(void)
{
	struct pollfd wait = {.fd = LAUNCHER_FD, .events = POLLIN};
	struct message_head head = {0};
	union message question;
	int fds[IPC_FDS_MAX];
	unsigned int slot;

	poll(&wait, 1, -1);
	if (recv(LAUNCHER_FD, &head, sizeof(head), MSG_PEEK | MSG_TRUNC) > 0 &&
	    head.type == M_COMPILE_DEVICE)
		return compile_main(0, NULL);
	if (stub_receive(LAUNCHER_FD, &question, sizeof(question), fds) < 0)
		return 1;
	asked = question.head;
	fill(&question.compile);
	slot = asked.subject % ARRAY_SIZE(attacks);
	attacks[slot].play(attacks[slot].argument);
	stub_pause_ms(200);
	return 0;
}
