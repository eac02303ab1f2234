/*
 * A verify that was taken over. It plays another attack for the image of every slot. None of its
 * answers may lead to a mapped image whose content does not have the root hash it claims, and none
 * may hurt the launcher.
 */
#include "stub.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LAUNCHER_FD = 3 };

static struct message_verdict verdict_for(const struct message_head *asked)
{
	struct message_verdict m = {.head = *asked};

	m.head.type = M_VERDICT;
	memset(m.verdict.root_hash, 0x5a, sizeof(m.verdict.root_hash));
	m.verdict.salt_size = 32;
	m.verdict.data_offset = 20480;
	m.verdict.data_blocks = 4;
	m.verdict.hash_offset = 20480 + 4 * 4096;
	m.verdict.hash_blocks = 2;
	m.verdict.signer_count = 1;
	return m;
}

static void send_verdict(const struct message_verdict *m)
{
	stub_send(LAUNCHER_FD, m, sizeof(*m), NULL, 0);
}

static void refuse_with_noise(const struct message_head *asked)
{
	struct message_done m;

	memset(&m, 0x1b, sizeof(m)); /* escape characters, no terminator */
	m.head = *asked;
	m.head.type = M_VERIFY_REFUSED;
	stub_send(LAUNCHER_FD, &m, sizeof(m), NULL, 0);
}

static void wild_numbers(struct message_verdict *m, unsigned int attack)
{
	struct verdict *v = &m->verdict;

	if (attack == 0)
		v->signer_count = 0;
	if (attack == 1)
		v->signer_count = 9999;
	if (attack == 2)
		v->data_offset = UINT64_MAX - 4095;
	if (attack == 3)
		v->data_blocks = UINT64_MAX / 4096;
	if (attack == 4)
		v->arch = 77;
	if (attack == 5)
		v->signers[0].anchor = 0xffffffff;
	if (attack == 6)
		v->salt_size = 4096;
	if (attack == 7)
		v->hash_offset = v->data_offset;
	send_verdict(m);
}

static void other_words(struct message_verdict *m, unsigned int attack)
{
	struct message_check_fs fs = {.head = m->head, .bytes = 4096};
	int odd = stub_odd_fd(4);

	fs.head.type = M_FS_OK;
	if (attack == 8) { /* an answer before the question */
		stub_send(LAUNCHER_FD, &fs, sizeof(fs), NULL, 0);
		send_verdict(m);
	} else if (attack == 9) { /* two answers */
		send_verdict(m);
		send_verdict(m);
		stub_send(LAUNCHER_FD, &fs, sizeof(fs), NULL, 0);
	} else if (attack == 10) {
		stub_send(LAUNCHER_FD, m, sizeof(*m), &odd, 1);
	} else if (attack == 11) {
		stub_send(LAUNCHER_FD, m, sizeof(*m) / 2, NULL, 0);
	} else if (attack == 12) {
		stub_send_nonsense(LAUNCHER_FD);
	} else if (attack == 13) { /* vouches for what is not there */
		send_verdict(m);
		stub_pause_ms(200);
		stub_send(LAUNCHER_FD, &fs, sizeof(fs), NULL, 0);
	} else if (attack == 14) {
		refuse_with_noise(&m->head);
	} else {
		stub_stay(); /* says nothing: the launcher's deadline ends it */
	}
}

/* Of the right form, about an image that may exist: whose name it is, how many keys are enough and
 * what is revoked is not for verify to say (trust.conf of `run`). */
static void wrong_signers(struct message_verdict *m, unsigned int attack)
{
	struct verdict *v = &m->verdict;

	if (attack == 16) /* somebody else's scope */
		v->signers[0].anchor = 2;
	if (attack == 17) { /* one key twice, for a threshold of two */
		v->signer_count = 2;
		v->signers[0].anchor = v->signers[1].anchor = 1;
		v->signers[1].certificate[0] = 1;
	}
	if (attack == 18)
		memset(v->signers[0].spki, 0x11, sizeof(v->signers[0].spki));
	if (attack == 19)
		memset(v->signers[0].certificate, 0x22, sizeof(v->signers[0].certificate));
	if (attack == 20)
		memset(v->root_hash, 0x77, sizeof(v->root_hash));
	send_verdict(m);
}

int main(void)
{
	union message question;
	int fds[IPC_FDS_MAX];
	struct message_verdict m;
	unsigned int attack;

	if (stub_receive(LAUNCHER_FD, &question, sizeof(question), fds) < 0)
		return 1;
	/* `run` counts on attacks 0 to 12 to leave a MESSAGE_REFUSED. */
	attack = question.head.subject % 21;
	m = verdict_for(&question.head);
	m.verdict.arch = question.verify.arch;
	if (attack < 8)
		wild_numbers(&m, attack);
	else if (attack < 16)
		other_words(&m, attack);
	else
		wrong_signers(&m, attack);
	stub_pause_ms(200);
	return 0;
}
