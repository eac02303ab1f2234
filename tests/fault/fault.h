#ifndef FAULT_H
#define FAULT_H

#include <stdint.h>
#include <sys/types.h>

/*
 * The launching process (launching.c) runs the launcher's own code and is traced (tracer.c) with
 * everything that it clones. It speaks to its tracer by a call that nobody else makes:
 * getppid(MAGIC, what, ...); what the tracer answers is the result of that call.
 */
#define MAGIC 0xfa017u

enum mark {
	MARK_ASK,   /* answer: enum order */
	MARK_BEGIN, /* calls count from here */
	MARK_END,   /* + result of the launch */
	MARK_LEFT,  /* + descriptors, mounts, cgroups, children that are still there */
};

enum order { ORDER_WARM, ORDER_COLD, ORDER_END };

#define FACTS_MAX 12000
#define LIE       0 /* the call returns 0 and does nothing; other values: an errno */

struct fault {
	int who;   /* 0: the launching process; 1..: its clones in their order; -1: nobody */
	int n;     /* which of its calls */
	int value; /* LIE or an errno */
	int order; /* enum order */
};

/* Says its pid into @tell_fd and goes on when @go_fd answers. */
_Noreturn void launching_run(const char *program, int tell_fd, int go_fd);
/* What the kernel says about a process, without what differs from start to start. */
void facts_read(int proc_fd, pid_t pid, char *text, size_t size);

#endif
