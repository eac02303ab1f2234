#ifndef SERVICE_MACHINE_H
#define SERVICE_MACHINE_H

#include "service/table.h"

/*
 * The life of a service. Every function that can change a state ends with service_settle(), so a
 * caller need not know who waits for whom. Answers and deaths that do not fit the state (late,
 * repeated, forged) change nothing.
 */
void service_table_init(struct service_table *t, const struct service_ops *ops);

#define SERVICE_EXIT_REFUSED                                                                       \
	125 /* of a process that stopped before its program (sandbox/child.h) */

/* What operator, boot and shutdown want. */
void service_want(struct service_table *t,
		  struct service *s); /* -> RUNNING, dependencies first; forgets earlier failures */
void service_resume(struct service_table *t,
		    struct service *s); /* as before this supervisor started: failures count on */
void service_unwant(struct service_table *t, struct service *s); /* -> STOPPED */
void service_renew(struct service_table *t, struct service *s); /* stop it if it runs, then start */
void service_stop_all(struct service_table *t); /* in reverse order of dependencies; final */
bool service_all_down(const struct service_table *t);

/* The launcher says that another version is to run: one that is wanted begins anew, also out of
 * FAILED and REFUSED. */
void service_reversion(struct service_table *t, struct service *s);

/* What init tells. */
void service_adopt(struct service_table *t, struct service *s, uint32_t generation, int32_t pid);
void service_exited(struct service_table *t, struct service *s, uint32_t generation,
		    const struct service_exit *how);
void service_standby_exited(struct service_table *t, struct service *s, uint32_t generation,
			    const struct service_exit *how);
void service_probe_exited(struct service_table *t, struct service *s, uint32_t probe,
			  const struct service_exit *how);

/* What the launcher tells: the rows of an answer, then the end of the request of @type for
 * @generation (M_PROBE: the request's number). */
void service_forbid(struct service_table *t, struct service *s,
		    const struct err *why); /* refused without being asked */
void service_admitted(struct service *s, const struct service_identity *identity,
		      const struct policy *policy);
void service_running(struct service_table *t, struct service *s, uint32_t generation, int32_t pid);
/* The service itself said that it is ready; from any life, which may be over. */
void service_told_ready(struct service_table *t, struct service *s, uint32_t generation);
bool service_is_ready(const struct service *s);
void service_probing(struct service_table *t, struct service *s, uint32_t probe);
void service_held(struct service_table *t, struct service *s, enum hold hold, uint32_t generation);
bool service_is_held(const struct service *s); /* its life does not run: it is frozen */
void service_answer(struct service_table *t, struct service *s, uint16_t type, uint32_t generation,
		    const struct err *err);

/* What the clock tells. */
void service_due(struct service_table *t, struct service *s);
void service_health_timer(struct service_table *t, struct service *s);

/* Inside this directory. */
int service_apply(struct service_table *t, struct service *s,
		  enum service_event on); /* -EINVAL: no such row, nothing happened */
void service_settle(struct service_table *t);
void service_fail(struct service_table *t,
		  struct service *s); /* climb the ladder: delay or give up; s->why says why */
void service_release(struct service_table *t, struct service *s);
void service_probe_failed(struct service_table *t, struct service *s, uint32_t probe);
/*
 * It left its closed gate: a launcher that died in the middle of a start is not the service's
 * failure, the next generation follows at once. There is no more of this than launchers die.
 */
bool service_lost(const struct service_exit *how);
/* standby.c: number of the next life, which may be parked already; park one, or hold none. */
uint32_t service_next_life(struct service_table *t, struct service *s);
void service_park(struct service_table *t, struct service *s);
void service_unpark(struct service_table *t, struct service *s);
/* The launcher answered M_PARK for @generation. */
void service_parked(struct service_table *t, struct service *s, uint32_t generation,
		    const struct err *err);
void service_finish(struct service_table *t, struct service *s, const struct service_exit *how);

#endif
