#include "control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/report.h"

#define START_PATIENCE_MS 60000u
#define STOP_SLACK_MS     15000u

const struct stranger *control_stranger(const char *name)
{
	for (size_t i = 0; i < STRANGERS_MAX; i++)
		if (*name && str_equal(supervisor.strangers[i].name, name))
			return &supervisor.strangers[i];
	return NULL;
}

/* What an operator sees: a held service is in no state that it could be left in by itself. */
static const char *state_word(const struct service *s)
{
	if (s->hold == HOLD_ISOLATED || (s->state == SERVICE_RUNNING && service_is_held(s)))
		return hold_name(s->hold);
	return service_state_name(s->state);
}

static void fill_service(const struct service *s, struct message_row_service *row)
{
	*row = (struct message_row_service){
		.head = {.type = M_ROW_SERVICE,
			 .subject = SUBJECT_OF_SERVICE(s->slot),
			 .generation = s->generation},
		.pid = s->pid,
		.uid = s->identity.uid,
		.restarts = s->ladder.restarts,
		.epoch = s->identity.epoch,
		.exit_code = s->last.code,
		.exit_status = s->last.status,
		.since_ms = s->since_ms,
		.why = s->why,
	};
	memcpy(row->name, s->name, sizeof(row->name));
	memcpy(row->version, s->identity.version, sizeof(row->version));
	memcpy(row->root_hash, s->identity.root_hash, sizeof(row->root_hash));
	(void)str_copy(row->state, sizeof(row->state), state_word(s));
	(void)str_copy(row->health, sizeof(row->health), service_health_name(s->health.state));
}

static void fill_stranger(const struct stranger *one, struct message_row_service *row)
{
	*row = (struct message_row_service){
		.head = {.type = M_ROW_SERVICE, .subject = SUBJECT_NONE}, .why = one->why};
	memcpy(row->name, one->name, sizeof(row->name));
	(void)str_copy(row->state, sizeof(row->state), service_state_name(SERVICE_REFUSED));
	(void)str_copy(row->health, sizeof(row->health), service_health_name(HEALTH_NONE));
}

static bool row_ps(const struct client *c, uint32_t index, union message *row)
{
	(void)c;
	for (uint32_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		if (!supervisor.table.services[i].known || index-- > 0)
			continue;
		fill_service(&supervisor.table.services[i], &row->row_service);
		return true;
	}
	for (size_t i = 0; i < STRANGERS_MAX; i++) {
		if (!*supervisor.strangers[i].name || index-- > 0)
			continue;
		fill_stranger(&supervisor.strangers[i], &row->row_service);
		return true;
	}
	return false;
}

static void begin_ps(struct client *c)
{
	if (supervisor.begun)
		return;
	c->end.exit = CONTROL_AWAY;
	(void)err_set(&c->end.err, EAGAIN, "the supervisor is still gathering what runs");
}

/* What `status` exits with. */
static int exit_of(const struct service *s)
{
	switch (s->state) {
	case SERVICE_RUNNING:
		if (service_is_held(s))
			return CONTROL_NOT_RUNNING;
		return s->health.state == HEALTH_UNHEALTHY ? CONTROL_FAILED : CONTROL_OK;
	case SERVICE_REFUSED:
		return CONTROL_REFUSED;
	case SERVICE_FAILED:
		return CONTROL_FAILED;
	case SERVICE_STOPPED:
	case SERVICE_ADMITTING:
	case SERVICE_WAITING:
	case SERVICE_STARTING:
	case SERVICE_STOPPING:
	case SERVICE_BACKOFF:
	case SERVICE_STATE_COUNT:
		break;
	}
	return CONTROL_NOT_RUNNING;
}

static void begin_status(struct client *c)
{
	c->end.exit = exit_of(c->service);
}

static bool row_status(const struct client *c, uint32_t index, union message *row)
{
	if (index > 0)
		return false;
	fill_service(c->service, &row->row_service);
	return true;
}

static bool goes_down(struct client *c)
{
	if (!supervisor_power_begun())
		return false;
	c->end.exit = CONTROL_BUSY;
	(void)err_set(&c->end.err, ESHUTDOWN, "the device is going down");
	return true;
}

static void begin_start(struct client *c)
{
	if (goes_down(c))
		return;
	service_want(&supervisor.table, c->service);
	c->phase = CLIENT_WAITING;
}

static void begin_restart(struct client *c)
{
	if (goes_down(c))
		return;
	service_renew(&supervisor.table, c->service);
	c->phase = CLIENT_WAITING;
}

static void begin_stop(struct client *c)
{
	service_unwant(&supervisor.table, c->service);
	c->phase = CLIENT_WAITING;
}

static bool settled_up(struct client *c)
{
	switch (c->service->state) {
	case SERVICE_RUNNING:
	case SERVICE_REFUSED:
	case SERVICE_FAILED:
	case SERVICE_BACKOFF:
	case SERVICE_STOPPED:
		c->end.exit =
			c->service->state == SERVICE_BACKOFF ? CONTROL_FAILED : exit_of(c->service);
		if (c->end.exit != CONTROL_OK)
			c->end.err = c->service->why;
		return true;
	case SERVICE_ADMITTING:
	case SERVICE_WAITING:
	case SERVICE_STARTING:
	case SERVICE_STOPPING:
	case SERVICE_STATE_COUNT:
		break;
	}
	return false;
}

static bool settled_down(struct client *c)
{
	/* REFUSED has no process either; nothing was to be done. */
	c->end.exit = CONTROL_OK;
	return c->service->state == SERVICE_STOPPED || c->service->state == SERVICE_REFUSED;
}

static uint64_t patience_down(const struct client *c)
{
	return c->service->plan.stop_timeout_ms + STOP_SLACK_MS;
}

static uint64_t patience_up(const struct client *c)
{
	return c->service->state == SERVICE_STOPPING ? patience_down(c) + START_PATIENCE_MS
						     : START_PATIENCE_MS;
}

/* policy_report() calls back for every key; the client takes them one at a time. */
struct wanted_row {
	uint32_t index;
	uint32_t at;
	struct message_row_text *row;
	bool found;
};

static void take_row(void *context, const char *key, const char *value)
{
	struct wanted_row *wanted = context;

	if (wanted->at++ != wanted->index)
		return;
	wanted->found = true;
	*wanted->row =
		(struct message_row_text){.head = {.type = M_ROW_TEXT, .subject = SUBJECT_NONE}};
	str_join(wanted->row->key, sizeof(wanted->row->key), key, "", "");
	str_join(wanted->row->value, sizeof(wanted->row->value), value, "", "");
}

static void begin_inspect(struct client *c)
{
	if (c->service->has_plan && supervisor.policies[c->service->slot].magic == POLICY_MAGIC)
		return;
	c->end.exit = c->service->state == SERVICE_REFUSED ? CONTROL_REFUSED : CONTROL_NOT_RUNNING;
	c->end.err = c->service->why;
	if (!c->end.err.code)
		(void)err_set(&c->end.err, ENOENT, "%s was not admitted since the supervisor runs",
			      c->service->name);
}

static void take_number(struct wanted_row *wanted, const char *key, uint32_t number)
{
	char text[12];

	(void)snprintf(text, sizeof(text), "%u", number);
	take_row(wanted, key, text);
}

/* The options; then what the admission of the image took. */
static bool row_inspect(const struct client *c, uint32_t index, union message *row)
{
	struct wanted_row wanted = {.index = index, .row = &row->row_text};

	if (c->end.err.code)
		return false;
	policy_report(&supervisor.policies[c->service->slot], take_row, &wanted);
	take_number(&wanted, "verify_us", c->service->identity.verify_us);
	take_number(&wanted, "map_us", c->service->identity.map_us);
	return wanted.found;
}

static bool row_helpers(const struct client *c, uint32_t index, union message *row)
{
	struct message_row_text *text = &row->row_text;
	const struct service_exit *last;

	(void)c;
	if (index >= HELPER_COUNT)
		return false;
	last = &supervisor.helpers[index].last;
	*text = (struct message_row_text){
		.head = {.type = M_ROW_TEXT, .subject = (uint16_t)SUBJECT_OF_HELPER(index)}};
	(void)str_copy(text->key, sizeof(text->key), helper_name((enum helper)index));
	if (index == HELPER_SUPERVISOR)
		(void)snprintf(text->value, sizeof(text->value), "answers, generation %u",
			       supervisor.generation);
	else if (!supervisor.helpers[index].deaths)
		(void)snprintf(text->value, sizeof(text->value), "no death seen");
	else
		(void)snprintf(text->value, sizeof(text->value), "%u deaths seen, last: %s %d",
			       supervisor.helpers[index].deaths,
			       last->code == CLD_EXITED ? "exit status" : "signal", last->status);
	return true;
}

static void begin_poweroff(struct client *c)
{
	(void)c;
	supervisor_power_begin(POWER_OFF);
}

static void begin_reboot(struct client *c)
{
	(void)c;
	supervisor_power_begin(POWER_REBOOT);
}

static void begin_resend(struct client *c)
{
	if (c->number && supervisor_launcher_resend(c->number - 1) == 0)
		return;
	c->end.exit = c->number ? CONTROL_AWAY : CONTROL_FAILED;
	(void)err_set(&c->end.err, c->number ? ENOTCONN : EINVAL,
		      c->number ? "the launcher is away" : "records are counted from 1");
}

/* clang-format off */
static const struct verb_row verbs[] = {
	{VERB_PS,       "ps",       false, false, begin_ps,       row_ps,      NULL,         NULL},
	{VERB_STATUS,   "status",   true,  false, begin_status,   row_status,  NULL,         NULL},
	{VERB_START,    "start",    true,  true,  begin_start,    NULL,        settled_up,   patience_up},
	{VERB_STOP,     "stop",     true,  true,  begin_stop,     NULL,        settled_down, patience_down},
	{VERB_RESTART,  "restart",  true,  true,  begin_restart,  NULL,        settled_up,   patience_up},
	{VERB_INSPECT,  "inspect",  true,  false, begin_inspect,  row_inspect, NULL,         NULL},
	{VERB_HELPERS,  "helpers",  false, false, NULL,           row_helpers, NULL,         NULL},
	{VERB_POWEROFF, "poweroff", false, true,  begin_poweroff, NULL,        NULL,         NULL},
	{VERB_REBOOT,   "reboot",   false, true,  begin_reboot,   NULL,        NULL,         NULL},
	{VERB_RESEND,   "resend",   false, true,  begin_resend,   NULL,        NULL,         NULL},
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(verbs) == VERB_COUNT, "one row per verb");

const struct verb_row *control_verb(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if ((uint32_t)verbs[i].number == number)
			return &verbs[i];
	return NULL;
}
