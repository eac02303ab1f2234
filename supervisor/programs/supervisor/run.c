#include "supervisor.h"

#include <errno.h>
#include <poll.h>

#include "audit/audit.h"

struct supervisor supervisor;

struct service *supervisor_service(uint16_t slot)
{
	return slot < CONFIG_SERVICES_MAX ? &supervisor.table.services[slot] : NULL;
}

static void begin_one(struct service *s)
{
	if (s->state == SERVICE_RUNNING) {
		/* It goes on; the launcher's answer, from its table, tells how to stop and probe
		 * it. */
		(void)supervisor_launcher_request(s, M_ADMIT, 0);
	} else if (s->state != SERVICE_STOPPED) {
		return; /* it died while nobody was here, and its delay runs; or it is refused */
	} else if (supervisor.had_record[s->slot]) {
		if (s->wanted)
			service_resume(&supervisor.table, s);
	} else if (s->autostart) {
		service_want(&supervisor.table, s);
	}
}

void supervisor_begin(void)
{
	if (supervisor.begun || !supervisor.alive_known || !supervisor.names_known)
		return;
	supervisor.begun = true;
	for (uint16_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (supervisor.table.services[i].known)
			begin_one(&supervisor.table.services[i]);
	service_settle(&supervisor.table);
	supervisor_launcher_flush();
}

static int open_audit(void)
{
	static struct ring_producer ring;
	int r = ring_producer_open(&ring, FD_RING, FD_CURSOR, FD_BELL);

	if (!r)
		audit_open(&ring);
	return r;
}

static int open_all(void)
{
	int r = open_audit();

	if (!r)
		r = loop_open(&supervisor.loop);
	if (!r)
		r = supervisor_memory_open(FD_STATE);
	if (r)
		return r;
	service_table_init(&supervisor.table, &supervisor_ops);
	/* Without saved state the numbers of earlier lives are unknown: begin above any that an
	 * earlier supervisor can have used. */
	if (supervisor.generation > 1)
		supervisor.table.fresh_generation = (supervisor.generation & 0x3ffu) << 20;
	supervisor_memory_load();
	r = supervisor_init_open(FD_INIT);
	if (!r)
		r = supervisor_launcher_open(FD_LAUNCHER);
	return r ? r : supervisor_control_open(FD_CONTROL, &supervisor.loop);
}

int supervisor_run(uint32_t generation)
{
	supervisor.generation = generation;
	if (open_all())
		return 1;
	(void)loop_run(&supervisor.loop);
	/* A link is gone. A breath, so that init does not start supervisors as fast as they find
	 * that out. */
	(void)poll(NULL, 0, 1000);
	return 1;
}
