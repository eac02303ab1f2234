#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "event/loop.h"
#include "ipc/channel.h"
#include "policy/policy.h"
#include "service/machine.h"

/* Descriptors at the start (supervisor/ipc/proto.h, M_HELPER_SUPERVISOR). */
enum start_fd { FD_INIT = 3, FD_RING, FD_CURSOR, FD_BELL, FD_STATE, FD_LAUNCHER, FD_CONTROL };

/* An image that lies on the device and has no slot, because the device policy does not name it. */
#define STRANGERS_MAX 16
struct stranger {
	char name[NAME_SIZE];
	struct err why;
};

struct supervisor {
	struct loop loop;
	uint32_t generation; /* of this process */
	struct service_table table;
	struct timer timers[CONFIG_SERVICES_MAX];
	struct timer health_timers[CONFIG_SERVICES_MAX];
	struct policy policies[CONFIG_SERVICES_MAX]; /* for inspect; written once per admission */
	struct stranger strangers[STRANGERS_MAX];
	bool had_record[CONFIG_SERVICES_MAX]; /* the state memfd knew it: autostart was decided
						 before */
	bool starting[CONFIG_SERVICES_MAX];   /* ... and was in the middle of a start, or running */
	bool alive_known;                     /* init has told all that runs */
	bool names_known;                     /* the launcher has told all names */
	bool begun;
	struct {
		uint32_t deaths;
		struct service_exit last;
	} helpers[HELPER_COUNT];
};

/* The process's one object: callbacks of the loop and of service/ have no other way to it. */
extern struct supervisor supervisor;

extern const struct service_ops supervisor_ops;

/* Everything but argv: takes up what runs, then the loop. Returns when a link is gone; the exit
 * status. */
int supervisor_run(uint32_t generation);

struct service *supervisor_service(uint16_t slot); /* NULL: no such slot */

/* Both init and the launcher have told what they know: decide about every service. Harmless until
 * then and afterwards. */
void supervisor_begin(void);

int supervisor_init_open(int fd);
void supervisor_init_signal(uint16_t subject, uint32_t generation, uint32_t signal);
void supervisor_init_power(enum power how);
void supervisor_init_vital(bool well);

int supervisor_launcher_open(int fd);
uint32_t supervisor_launcher_request(struct service *s, uint16_t type, uint32_t generation);
void supervisor_launcher_forget(const struct service *s,
				uint16_t type); /* its answer is of no interest any more */
void supervisor_launcher_flush(void);           /* send what could not be sent so far */
/* Records behind @n go to the collector again. */
int supervisor_launcher_resend(uint64_t n);
void supervisor_launcher_repeat(void); /* the launcher is a new process: ask everything again */

/* -EBADMSG: not a memfd of the agreed size. */
int supervisor_memory_open(int fd);
void supervisor_memory_load(
	void); /* fills in the table; nothing is believed that is not in range */
void supervisor_memory_save(const struct service *s);

int supervisor_control_open(int listener_fd, struct loop *loop);
void supervisor_control_changed(struct service *s); /* tell the clients that wait for it */

/* readiness.c: @fd is taken over. */
void supervisor_readiness_take(struct service *s, uint32_t generation, uint32_t kind, int *fd);
void supervisor_readiness_changed(const struct service *s);

void supervisor_vital_check(
	void); /* vital.c: tell init when what is critical falls ill, or is well again */

void supervisor_power_begin(enum power how);
void supervisor_power_check(void); /* anything left to stop? */
bool supervisor_power_begun(void);

#endif
