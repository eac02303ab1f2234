/* Programs that run for the harness: several at once, each with a time limit, their output kept
 * apart. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

struct job {
	bool used;
	uint32_t id;
	enum op op;
	pid_t pid;
	int pid_fd;
	int out_fd;
	int err_fd;
	uint64_t start_us;
	uint64_t limit_us; /* 0: none */
	bool timed_out;
	struct answer out;
	struct answer err;
};

static struct job jobs[JOBS_MAX];

static struct job *free_job(void)
{
	for (size_t i = 0; i < JOBS_MAX; i++)
		if (!jobs[i].used)
			return &jobs[i];
	return NULL;
}

static _Noreturn void run_program(const struct words *words, int out_fd, int err_fd)
{
	static char search[] = "PATH=/usr/bin", plain[] = "NO_COLOR=1", terminal[] = "TERM=dumb";
	char *const environment[] = {search, plain, terminal, NULL};
	int null_fd = open("/dev/null", O_RDWR);
	char path[256];

	dup2(null_fd < 0 ? out_fd : null_fd, 0);
	dup2(out_fd, 1);
	dup2(err_fd, 2);
	snprintf(path, sizeof(path), "%s%s", strchr(words->word[0], '/') ? "" : "/usr/bin/",
		 words->word[0]);
	execve(path, words->word, environment);
	dprintf(2, "agent: %s: %s\n", path, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static _Noreturn void child_main(const struct words *words, enum op op, int sig, const int *pipes)
{
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	if (op == OP_RUN)
		run_program(words, pipes[1], pipes[3]);
	dup2(pipes[1], 1);
	dup2(pipes[3], 2);
	procs_hunt(words->word[0], sig, (unsigned int)strtoul(words->word[1], NULL, 10),
		   (unsigned int)strtoul(words->word[2], NULL, 10));
}

static int start(uint32_t id, const struct words *words, enum op op, int value)
{
	struct job *job = free_job();
	int pipes[4];

	if (!job)
		return EBUSY;
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return errno;
	if (pipe2(pipes + 2, O_CLOEXEC) != 0)
		return errno;
	*job = (struct job){.used = true,
			    .id = id,
			    .op = op,
			    .start_us = now_us(),
			    .out_fd = pipes[0],
			    .err_fd = pipes[2]};
	if (op == OP_RUN && value > 0)
		job->limit_us = job->start_us + (uint64_t)value * 1000u;
	job->pid = fork();
	if (job->pid == 0)
		child_main(words, op, value, pipes);
	job->pid_fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	close(pipes[1]);
	close(pipes[3]);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	fcntl(pipes[2], F_SETFL, O_NONBLOCK);
	return 0;
}

int jobs_start(uint32_t id, const struct words *words, int limit_ms)
{
	return start(id, words, OP_RUN, limit_ms);
}

int jobs_hunt(uint32_t id, const struct words *words, int sig)
{
	return words->count == 3 ? start(id, words, OP_HUNT, sig) : EINVAL;
}

size_t jobs_poll(struct pollfd *polls)
{
	size_t count = 0;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (!jobs[i].used)
			continue;
		polls[count++] = (struct pollfd){.fd = jobs[i].out_fd, .events = POLLIN};
		polls[count++] = (struct pollfd){.fd = jobs[i].err_fd, .events = POLLIN};
		polls[count++] = (struct pollfd){.fd = jobs[i].pid_fd, .events = POLLIN};
	}
	return count;
}

/* A closed pipe leaves the poll set, or poll would return for ever. */
static void drain(int *fd, struct answer *answer)
{
	char bytes[16384];
	ssize_t got;

	while (*fd >= 0 && (got = read(*fd, bytes, sizeof(bytes))) >= 0) {
		if (got == 0) {
			close(*fd);
			*fd = -1;
		} else {
			answer_add(answer, bytes, (size_t)got);
		}
	}
}

static void finish(struct job *job, int status)
{
	int value = job->timed_out      ? 124
		    : WIFEXITED(status) ? WEXITSTATUS(status)
					: 128 + WTERMSIG(status);
	uint32_t numbers[2] = {(uint32_t)((now_us() - job->start_us) / 1000u), 0};
	struct answer answer = {0};

	drain(&job->out_fd, &job->out);
	drain(&job->err_fd, &job->err);
	numbers[1] = (uint32_t)job->out.size;
	answer_add(&answer, numbers, sizeof(numbers));
	answer_add(&answer, job->out.bytes, job->out.size);
	answer_add(&answer, job->err.bytes, job->err.size);
	port_send(job->id, job->op, value, &answer);
	answer_free(&answer);
	answer_free(&job->out);
	answer_free(&job->err);
	if (job->out_fd >= 0)
		close(job->out_fd);
	if (job->err_fd >= 0)
		close(job->err_fd);
	close(job->pid_fd);
	job->used = false;
}

static void step(struct job *job, uint64_t now)
{
	int status = 0;

	drain(&job->out_fd, &job->out);
	drain(&job->err_fd, &job->err);
	if (job->limit_us && now >= job->limit_us && !job->timed_out) {
		job->timed_out = true;
		kill(-job->pid, SIGKILL);
	}
	if (waitpid(job->pid, &status, WNOHANG) == job->pid)
		finish(job, status);
}

int jobs_step(void)
{
	uint64_t now = now_us();
	int wait_ms = -1;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		int left_ms;

		if (jobs[i].used)
			step(&jobs[i], now);
		if (!jobs[i].used || !jobs[i].limit_us)
			continue;
		left_ms = jobs[i].timed_out || now >= jobs[i].limit_us
				  ? 5
				  : (int)((jobs[i].limit_us - now) / 1000u) + 1;
		if (wait_ms < 0 || left_ms < wait_ms)
			wait_ms = left_ms;
	}
	return wait_ms;
}
