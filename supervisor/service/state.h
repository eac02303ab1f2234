#ifndef SERVICE_STATE_H
#define SERVICE_STATE_H

/* What a service is doing. Health is apart: it has a meaning only while RUNNING. */
enum service_state {
	SERVICE_STOPPED,   /* no process, none wanted */
	SERVICE_ADMITTING, /* the launcher verifies, maps and compiles the image */
	SERVICE_WAITING, /* admitted; dependencies or the remains of the last life are in the way */
	SERVICE_STARTING, /* the launcher builds and proves the sandbox */
	SERVICE_RUNNING,
	SERVICE_STOPPING, /* signalled, not dead yet */
	SERVICE_BACKOFF,  /* failed, started again after a delay */
	SERVICE_FAILED,   /* failed too often, tried again after ten minutes */
	SERVICE_REFUSED,  /* policy or verification said no */
	SERVICE_STATE_COUNT
};

enum service_health_state {
	HEALTH_NONE,
	HEALTH_STARTING,
	HEALTH_HEALTHY,
	HEALTH_UNHEALTHY,
	HEALTH_STATE_COUNT
};

/* What can happen to a service. */
enum service_event {
	ON_WANT,     /* it shall run */
	ON_UNWANT,   /* it shall not run */
	ON_ADMITTED, /* the launcher has verified it */
	ON_CLEAR,    /* nothing is in the way of its start any more */
	ON_STARTED,  /* the launcher executed it */
	ON_ENDED,    /* its process is gone and that is what was wanted */
	ON_AGAIN,    /* its process is gone and another is wanted at once */
	ON_TROUBLE,  /* admission, start or life failed: try again later */
	ON_GIVE_UP,  /* the same, once too often */
	ON_REFUSED,  /* admission or start failed by a decision, not by accident */
	ON_DUE,      /* the delay is over */
	ON_SICK,     /* its health check failed too often */
	ON_ADOPT,    /* it ran before this supervisor did */
	SERVICE_EVENT_COUNT
};

enum service_action {
	DO_NOTHING,
	DO_ADMIT,
	DO_WAIT,
	DO_START,
	DO_RUN,
	DO_STOP,
	DO_REST,
	DO_DELAY,
	DO_GIVE_UP,
	DO_REFUSE
};

/* One row per legal change. */
struct service_transition {
	enum service_state from;
	enum service_event on;
	enum service_state to;
	enum service_action action;
};

/* The row for @on in state @from, NULL when that cannot happen: the caller then changes nothing. */
const struct service_transition *service_transition_find(enum service_state from,
							 enum service_event on);

const char *service_state_name(enum service_state state);
const char *service_event_name(enum service_event event);
const char *service_health_name(enum service_health_state state);

#endif
