#ifndef INIT_CHILDREN_H
#define INIT_CHILDREN_H

#include <sys/resource.h>
#include <sys/types.h>

#include "generated/autoconf.h"
#include "ipc/proto.h"

/*
 * Who lives, and who died without the supervisor having said that it knows. An exit status is kept
 * in the row of its process until it is acknowledged, so there is no queue that could run full: a
 * process that finds no row is never let past its gate.
 */
enum child_state { CHILD_FREE, CHILD_ALIVE, CHILD_EXITED };

struct child {
	enum child_state state;
	uint16_t subject;
	uint32_t generation;
	pid_t pid;
	int pidfd;
	char name[NAME_SIZE];
	char cgroup[96];
	uint64_t since_ms; /* CLOCK_MONOTONIC of its announcement */
	uint32_t request;  /* of M_CHILD, repeated in M_CHILD_ACK */
	uint32_t uid;
	uint32_t stop_ms; /* how long its end may take */
	bool start_told;  /* its START record is out */
	bool ack_due;     /* M_CHILD_ACK is still to be sent */
	bool told;        /* M_ALIVE or M_EXITED went to the supervisor of now */
	struct message_exited exited;
};

/* A service, its probe and its parked next life with two rows each, one of them possibly dead but
 * unacknowledged; one more, because a parked life becomes the service's while two of the service's
 * own are unacknowledged; helpers, of which verify and compile come in numbers. */
#define CHILDREN_HELPERS_MAX       24
#define CHILDREN_OF_ONE_HELPER_MAX 8
#define CHILDREN_MAX               (7 * CONFIG_SERVICES_MAX + CHILDREN_HELPERS_MAX)

struct children {
	struct child rows[CHILDREN_MAX];
};

/* The launcher is root, yet what it says about a child is checked before it becomes a row.
 * -EBADMSG: not a legal subject, name or cgroup; -EEXIST: this subject lives already; -ENOSPC: too
 * many of that helper, or exits of the subject are unacknowledged. */
int children_check(const struct children *c, const struct message_child *m, struct err *err);

/* Take over a checked child. @pidfd becomes the row's. Never fails after children_check(). */
struct child *children_add(struct children *c, const struct message_child *m, int pidfd);

/*
 * The parked life of this generation becomes the life of service @subject. -EBADMSG: no service;
 * -ESRCH: no such life is parked; -EEXIST: the service lives. Nothing is changed then.
 */
int children_promote(struct children *c, uint16_t subject, uint32_t generation, struct err *err);

struct child *children_find(struct children *c, uint16_t subject, uint32_t generation);
struct child *children_alive(struct children *c, uint16_t subject);
struct child *children_by_pid(struct children *c, pid_t pid);
struct child *children_by_cgroup(struct children *c, const char *cgroup);

/* The row's process was reaped: @status of wait4(2). */
void children_set_exited(struct child *child, int status, const struct rusage *usage);

void children_free(struct child *child);

/* How long the slowest living service may take to stop, at most CONFIG_STOP_TIMEOUT_MAX_S. */
uint32_t children_stop_ms(const struct children *c);

/* True while any service or probe lives. */
bool children_services_alive(const struct children *c);

#endif
