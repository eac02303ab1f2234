/*
 * fault PROGRAM record              the calls of one launch of each kind: "order who n nr" lines
 * fault PROGRAM try <FAULTS         one launch for every "order who n value" line, each followed by
 * one without a fault
 *
 * Every fault must end in a refused launch without an exec, or in a process that is, as the kernel
 * shows it at its exec, the same as without a fault; and after the launch without a fault nothing
 * more may be left than before. x86_64 alone: the tracer writes registers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"

#define TASKS_MAX  64
#define FAULTS_MAX 20000
#define PATIENCE   30 /* seconds in which a launch must have come to an end */
#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct task {
	pid_t pid;
	int who;
	int n;
	bool pending; /* the result of the call that it is in is ours */
	bool gave;    /* that result */
	long value;
	bool known; /* whose child it is */
	bool waits; /* stopped until that is known */
};

/* What came of one launch. */
struct outcome {
	long result;
	bool died; /* the launching process */
	int clones, execs, hit, hit_nr;
	long left[3];
	char facts[FACTS_MAX];
};

static struct task tasks[TASKS_MAX];
static struct outcome outcome;
static struct fault fault;
static pid_t launching, parent;
static bool counting, recording, ended;
static struct task *held; /* the launching process, until its clone has executed or ended */
static enum order order;
static const char *program;
static int proc_fd = -1;

static struct task *get(pid_t pid)
{
	struct task *free_one = NULL;

	for (int i = 0; i < TASKS_MAX; i++) {
		if (tasks[i].pid == pid)
			return &tasks[i];
		if (!tasks[i].pid)
			free_one = &tasks[i];
	}
	if (free_one)
		*free_one = (struct task){.pid = pid, .who = -1};
	return free_one;
}

/* ---- calls */

/* They return no more, or say what no kernel can say without having done it: "you are the child",
 * or an address. */
static bool can_fail(long nr)
{
	switch (nr) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_restart_syscall:
		return false;
	case SYS_clone:
	case SYS_clone3:
	case SYS_fork:
	case SYS_vfork:
	case SYS_mmap:
	case SYS_brk:
		return fault.value != LIE;
	default:
		return true;
	}
}

static void answer_with(struct task *t, long value)
{
	t->pending = true;
	t->value = value;
}

static void skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return;
	regs.orig_rax = SYS_getpid; /* every filter allows it */
	(void)ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static void set_result(struct task *t)
{
	struct user_regs_struct regs;

	t->pending = false;
	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &regs))
		return;
	regs.rax = (unsigned long)t->value;
	(void)ptrace(PTRACE_SETREGS, t->pid, NULL, &regs);
}

static void at_mark(struct task *t, const __u64 *args)
{
	switch ((enum mark)args[1]) {
	case MARK_ASK:
		answer_with(t, order);
		return;
	case MARK_BEGIN:
		counting = true;
		t->n = 0;
		t->who = 0;
		return;
	case MARK_END:
		counting = false;
		outcome.result = (long)args[2];
		/* The end of the report is seen before the exec is complete. */
		if (outcome.result == 0 && !outcome.execs)
			held = t;
		return;
	case MARK_LEFT:
		for (int i = 0; i < 3; i++)
			outcome.left[i] = (long)args[2 + i];
		ended = true;
		return;
	}
}

static void enter_call(struct task *t, long nr, const __u64 *args)
{
	bool wanted = fault.who == t->who && fault.n == t->n;

	if (t->pid == launching && nr == SYS_getppid && args[0] == MAGIC) {
		at_mark(t, args);
		return;
	}
	if (!counting || t->who < 0)
		return;
	if (recording)
		printf("%d %d %d %ld\n", order, t->who, t->n, nr);
	t->n++;
	if (!wanted || outcome.hit || !can_fail(nr))
		return;
	outcome.hit = 1;
	outcome.hit_nr = (int)nr;
	answer_with(t, -fault.value);
	/* A descriptor is gone after close(2), whatever it says. */
	if (nr != SYS_close)
		skip_call(t->pid);
}

static void at_call(struct task *t)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(t, (long)info.entry.nr, info.entry.args);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->pending)
		set_result(t);
}

/* ---- processes */

static void go_on(struct task *t, int signal)
{
	(void)ptrace(PTRACE_SYSCALL, t->pid, NULL, (long)signal);
}

static void at_clone(struct task *t)
{
	unsigned long pid;
	struct task *child;

	if (ptrace(PTRACE_GETEVENTMSG, t->pid, NULL, &pid))
		return;
	child = get((pid_t)pid);
	if (!child)
		return;
	child->known = true;
	child->who = counting ? ++outcome.clones : -1;
	if (child->waits)
		go_on(child, 0);
}

static void at_exec(struct task *t)
{
	outcome.execs++;
	facts_read(proc_fd, t->pid, outcome.facts, sizeof(outcome.facts));
	(void)ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
	t->pid = 0;
}

static void release(void)
{
	struct task *t = held;

	held = NULL;
	if (t)
		go_on(t, 0);
}

static void handle(pid_t pid, int status)
{
	struct task *t = get(pid);
	int event = status >> 16, signal = WSTOPSIG(status), pass = 0;

	if (!t)
		return;
	if (!WIFSTOPPED(status)) {
		if (pid == launching)
			outcome.died = ended = true;
		if (pid == launching || t->who == outcome.clones)
			release();
		t->pid = 0;
		return;
	}
	if (signal == (SIGTRAP | 0x80)) {
		at_call(t);
	} else if (event == PTRACE_EVENT_EXEC) {
		at_exec(t);
		release();
		return;
	} else if (event == PTRACE_EVENT_STOP && !t->known) {
		t->waits = true;
		return;
	} else if (event && event != PTRACE_EVENT_STOP) {
		at_clone(t);
	} else if (!event) {
		pass = signal;
	}
	if (t != held)
		go_on(t, pass);
}

static void out_of_time(int signal)
{
	(void)signal; /* waitpid(2) returns with EINTR */
}

/* Until the launch has come to its end, or the launching process to its own. */
static void follow(void)
{
	int status;
	pid_t pid;

	outcome = (struct outcome){.result = 1};
	ended = counting = false;
	held = NULL;
	(void)alarm(PATIENCE);
	while (!ended) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0)
			break;
		if (pid != parent)
			handle(pid, status);
	}
	if (!ended) {
		outcome.died = true;
		outcome.result = -ETIMEDOUT;
	}
	(void)alarm(0);
}

/* ---- the launching process */

static void begin(void)
{
	int tell[2], go[2];

	if (pipe2(tell, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		exit(2);
	memset(tasks, 0, sizeof(tasks));
	(void)fflush(stdout);
	parent = fork();
	if (parent == 0) {
		(void)close(tell[0]);
		(void)close(go[1]);
		launching_run(program, tell[1], go[0]);
	}
	(void)close(tell[1]);
	(void)close(go[0]);
	if (read(tell[0], &launching, sizeof(launching)) != (ssize_t)sizeof(launching) ||
	    ptrace(PTRACE_SEIZE, launching, NULL, (long)OPTIONS) ||
	    ptrace(PTRACE_INTERRUPT, launching, NULL, NULL))
		exit(3);
	get(launching)->known = true;
	(void)!write(go[1], "g", 1);
	(void)close(tell[0]);
	(void)close(go[1]);
}

/* Kill and reap whatever there is of it. */
static void finish(void)
{
	int status;

	(void)kill(launching, SIGKILL);
	(void)kill(parent, SIGKILL);
	for (int i = 0; i < TASKS_MAX; i++)
		if (tasks[i].pid)
			(void)kill(tasks[i].pid, SIGKILL);
	while (waitpid(-1, &status, __WALL) > 0)
		;
}

static void cycle(enum order what, const struct fault *f)
{
	fault = *f;
	order = what;
	follow();
}

static const struct fault none = {.who = -1};

/* A new process and the kind of launch that is asked for before. */
static void begin_anew(void)
{
	begin();
	for (int i = 0; i < 3; i++)
		cycle(ORDER_WARM, &none);
}

/* ---- judging */

static char wanted_facts[FACTS_MAX];
static long wanted_left[3];
static int tried, met, refused, harmless, wrong, died;

static const char *differing_fact(void)
{
	static char text[400];
	size_t i = 0, line = 0;

	for (; wanted_facts[i] && wanted_facts[i] == outcome.facts[i]; i++)
		if (wanted_facts[i] == '\n')
			line = i + 1;
	if (!wanted_facts[i] && !outcome.facts[i])
		return NULL;
	(void)snprintf(text, sizeof(text), "runs, but: %.*s instead of %.*s",
		       (int)strcspn(outcome.facts + line, "\n"), outcome.facts + line,
		       (int)strcspn(wanted_facts + line, "\n"), wanted_facts + line);
	return text;
}

static const char *left_behind(void)
{
	static char text[200];

	/* Fewer: who was lied to about a descriptor has closed number 0. */
	if (outcome.left[0] <= wanted_left[0] && outcome.left[1] <= wanted_left[1] &&
	    outcome.left[2] <= wanted_left[2])
		return NULL;
	(void)snprintf(text, sizeof(text),
		       "left: %ld descriptors, %ld mounts, %ld cgroups; before: %ld, %ld, %ld",
		       outcome.left[0], outcome.left[1], outcome.left[2], wanted_left[0],
		       wanted_left[1], wanted_left[2]);
	return text;
}

static const char *judge_faulty(void)
{
	/* A clock that fails reads 0: the time is up at once, and the launch is refused for it. */
	if (outcome.result == -ETIMEDOUT && outcome.hit_nr != SYS_clock_gettime)
		return "the launch hangs";
	if (outcome.execs)
		return differing_fact();
	return outcome.result == 0 && !outcome.died ? "said to run, and nothing runs" : NULL;
}

static void try_one(const struct fault *f)
{
	const char *problem;
	int nr, execs;
	long result;
	bool dead;

	cycle((enum order)f->order, f);
	nr = outcome.hit_nr;
	execs = outcome.execs;
	result = outcome.result;
	dead = outcome.died;
	problem = judge_faulty();
	tried++;
	met += outcome.hit;
	refused += outcome.hit && !execs;
	harmless += outcome.hit && execs;
	died += dead;
	if (dead) {
		finish();
		begin_anew();
	} else {
		/* Twice: the first may have to prepare what the second keeps. */
		cycle(ORDER_WARM, &none);
		cycle(ORDER_WARM, &none);
		if (!problem && (outcome.result || outcome.died || !outcome.execs))
			problem = "no launch works any more";
		problem = problem ? problem : left_behind();
	}
	if (!problem)
		return;
	wrong++;
	printf("wrong %d %d %d %d nr %d result %ld execs %d: %s\n", f->order, f->who, f->n,
	       f->value, nr, result, execs, problem);
	if (!dead) {
		finish();
		begin_anew();
	}
}

static int try_all(void)
{
	static struct fault all[FAULTS_MAX];
	int count = 0;

	/* All at once: the processes that are forked from here share the place in the file. */
	while (count < FAULTS_MAX && scanf("%d %d %d %d", &all[count].order, &all[count].who,
					   &all[count].n, &all[count].value) == 4)
		count++;
	begin_anew();
	memcpy(wanted_facts, outcome.facts, sizeof(wanted_facts));
	memcpy(wanted_left, outcome.left, sizeof(wanted_left));
	if (!outcome.execs || outcome.result) {
		(void)fprintf(stderr,
			      "a launch without a fault: result %ld, %d programs executed\n",
			      outcome.result, outcome.execs);
		return 3;
	}
	for (int i = 0; i < count; i++)
		try_one(&all[i]);
	cycle(ORDER_END, &none);
	finish();
	printf("total tried %d met %d refused %d harmless %d wrong %d died %d\n", tried, met,
	       refused, harmless, wrong, died);
	return fflush(stdout) ? 1 : 0;
}

static int record(void)
{
	begin_anew();
	recording = true;
	cycle(ORDER_WARM, &none);
	cycle(ORDER_COLD, &none);
	recording = false;
	cycle(ORDER_END, &none);
	finish();
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = out_of_time};

	if (argc != 3)
		return 2;
	program = argv[1];
	(void)sigaction(SIGALRM, &action, NULL);
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (strcmp(argv[2], "record") == 0)
		return record();
	return strcmp(argv[2], "try") == 0 ? try_all() : 2;
}
