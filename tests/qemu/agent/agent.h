#ifndef AGENT_H
#define AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The wire between the harness and the agent: a frame is this head and `size` bytes, both ways,
 * little-endian. */
struct frame {
	uint32_t size;
	uint32_t id; /* chosen by who asks, repeated in the answer */
	uint32_t op;
	int32_t value;
};

enum op {
	OP_HELLO = 1, /* agent -> harness, once: init has its final root */
	OP_RUN, /* value: time limit in ms; words: argv. Answer: value exit status, body: ms, length
		   of stdout, stdout, stderr */
	OP_KILL,  /* value: signal; words: program, index. Answer: value 0 or errno, body: pid as
		     text */
	OP_HUNT,  /* value: signal (0: only watch); words: program, delay us, limit ms. Answer like
		     OP_RUN */
	OP_READ,  /* words: path. Answer: value 0 or errno, body: contents */
	OP_WRITE, /* words: path, contents (to the end of the frame) */
	OP_PROCS, /* Answer: a line per process, tabs between pid ppid uid start comm exe cgroup */
	OP_LIST,  /* words: path. Answer: a name per line */
	OP_LINK,  /* words: path. Answer: where the link leads */
};

#define FRAME_MAX (8u << 20)
#define WORDS_MAX 64

/* The words of a request: pointers into its body, each terminated. */
struct words {
	char *word[WORDS_MAX + 1];
	size_t count;
	size_t offset[WORDS_MAX + 1]; /* where each begins in the body */
};

/* A growing answer. */
struct answer {
	char *bytes;
	size_t size;
	size_t room;
};

void answer_add(struct answer *answer, const void *bytes, size_t size);
void answer_text(struct answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void answer_free(struct answer *answer);

uint64_t now_us(void);

/* 0 or errno. */
int procs_list(struct answer *answer);
/* The n-th oldest process whose executable's last path component is @program, or -1. @above: only
 * pids above it. */
pid_t procs_find(const char *program, unsigned int nth, pid_t above);
int procs_kill(const char *program, unsigned int nth, int sig, struct answer *answer);
/* Wait in a process of its own until a new process of @program appears, then @delay_us more, then
 * kill it. Never returns. */
_Noreturn void procs_hunt(const char *program, int sig, unsigned int delay_us,
			  unsigned int limit_ms);

int files_read(const char *path, struct answer *answer);
int files_write(const char *path, const char *bytes, size_t size);
int files_list(const char *path, struct answer *answer);
int files_link(const char *path, struct answer *answer);

/* Jobs: programs that run for the harness. */
#define JOBS_MAX  24
#define JOB_POLLS 3
struct pollfd;
int jobs_start(uint32_t id, const struct words *words, int limit_ms);
int jobs_hunt(uint32_t id, const struct words *words, int sig);
/* Fill @polls (JOBS_MAX * JOB_POLLS) for all jobs; the count. */
size_t jobs_poll(struct pollfd *polls);
/* Read what there is, end what is over; every ended job is sent. ms until the next time limit, -1:
 * none. */
int jobs_step(void);

void port_send(uint32_t id, enum op op, int value, const struct answer *answer);

#endif
