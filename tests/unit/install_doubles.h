#ifndef UNIT_INSTALL_DOUBLES_H
#define UNIT_INSTALL_DOUBLES_H

/* What test_install.c needs in the place of talk.c: `verify` says what @answer holds. */
static union message answer;
static unsigned int asked_all;

int talk_open(enum helper which, struct talk *talk, struct err *e)
{
	(void)which;
	(void)talk;
	return err_set(e, ECHILD, "no");
}

int talk_send(struct talk *talk, const void *message, const int *fds, int fd_count, struct err *e)
{
	const struct message_checked *m = message;

	(void)talk;
	(void)fds;
	(void)e;
	assert_int_equal(m->head.type, M_CHECK_ALL);
	assert_int_equal(m->total, BLOCKS * 4096);
	assert_int_equal(fd_count, 1);
	asked_all++;
	return 0;
}

int talk_receive(struct talk *talk, uint16_t wanted, struct received *received, struct err *e)
{
	(void)talk;
	assert_int_equal(wanted, M_CHECKED);
	received->message = answer;
	return answer.head.type == M_CHECKED ? 0 : err_set(e, EBADMSG, "a block is damaged");
}

void talk_refuse(const struct talk *talk, const struct err *e)
{
	(void)talk;
	(void)e;
}

void talk_kill(struct talk *talk)
{
	(void)talk;
}

void talk_close(struct talk *talk)
{
	(void)talk;
}

void channel_message_close(struct received *received)
{
	(void)received;
}

#endif
