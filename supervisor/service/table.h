#ifndef SERVICE_TABLE_H
#define SERVICE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "generated/autoconf.h"
#include "ipc/proto.h"
#include "service/health.h"
#include "service/plan.h"
#include "service/restart.h"
#include "service/state.h"
#include "service/stop.h"

/* How a process ended: si_code and status of message_exited; code 0 = it never did. */
struct service_exit {
	int32_t code;
	int32_t status;
	uint32_t unborn; /* it had not executed its program yet */
};

/* What the launcher found in the image; only shown. */
struct service_identity {
	char version[NAME_SIZE];
	uint32_t epoch;
	uint32_t uid;
	uint8_t root_hash[32];
	bool trial;         /* this version is not confirmed */
	uint32_t verify_us; /* microseconds: signatures; loop device, dm-verity and mount */
	uint32_t map_us;
};

struct service {
	char name[NAME_SIZE]; /* "" until the launcher or the saved state names the slot */
	uint16_t slot;
	bool known; /* the launcher named it: it may be asked for */
	bool autostart;
	bool critical;
	bool wanted;
	bool pull; /* this start also starts the dependencies: set by operator and boot, not by the
		      restart ladder */
	bool sick; /* stopping because its health check failed */
	bool repeat; /* the START of this generation may have got lost with an earlier supervisor:
			ask for the same again */
	bool releasing;
	bool again; /* another version is to run, as soon as this start is over */
	bool has_plan;
	enum service_state state;
	uint64_t since_ms;         /* of the last change of state */
	uint64_t started_ms;       /* when this life began to run; 0: it did not */
	uint32_t generation;       /* of the last life begun; strictly rising */
	uint32_t begun;            /* the highest number given away, to parked lives too */
	uint32_t parked;           /* generation of the life that waits before its exec; 0: none */
	uint32_t lost;             /* parked lives in a row that did not last */
	uint64_t parked_ms;        /* when @parked was asked for */
	uint32_t ready_generation; /* of the last life that said it was ready */
	uint32_t leaf; /* generation whose cgroup and pipes the launcher still keeps; 0: none */
	int32_t pid;
	uint64_t delay_ms;
	uint32_t probe; /* request number, and so the generation, of the probe under way */
	struct service_plan plan;
	struct service_identity identity;
	struct service_ladder ladder;
	struct service_health health;
	struct service_stop stop;
	enum hold hold;            /* by root, as the launcher says */
	uint32_t hold_generation;  /* the life that is frozen */
	struct service_exit early; /* its death was heard of before its start: the two links have no
				      common order */
	struct service_exit last;
	struct err admission; /* code 0: the admission under way brought a usable policy */
	struct err why;       /* refused, backoff, failed: the reason; waiting: for what */
};

/* Everything that reaches outside. A timer holds one time per service, 0 = off. */
struct service_ops {
	uint64_t (*now_ms)(void);
	uint32_t (*random)(void);
	/* Ask the launcher (M_ADMIT M_START M_PROBE M_RELEASE M_PARK M_HEALTHY M_GAVE_UP); the same
	 * question that is still open is not asked twice, but a probe is always a new one. Returns
	 * the request's number.
	 */
	uint32_t (*request)(struct service *s, uint16_t type, uint32_t generation);
	void (*signal)(uint16_t subject, uint32_t generation, uint32_t signal);
	void (*timer)(struct service *s, uint64_t at_ms);
	void (*health_timer)(struct service *s, uint64_t at_ms);
	void (*changed)(struct service *s); /* something worth saving and showing */
};

struct service_table {
	struct service services[CONFIG_SERVICES_MAX]; /* by slot */
	const struct service_ops *ops;
	uint32_t fresh_generation; /* first generation of a service without history */
	bool stopping;             /* the device goes down: nothing starts any more */
};

#endif
