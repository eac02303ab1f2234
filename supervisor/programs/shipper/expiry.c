#include "base/clock.h"
#include "programs/shipper/shipper.h"
#include "spool/line.h"

#define DAY_S 86400u

/* The least of 30, 7, 1, 0 days that @left_s is not above; 0 is a stage of its own: it is over. */
static enum expiry_stage stage_of(uint64_t left_s)
{
	static const struct {
		uint64_t most_s;
		enum expiry_stage stage;
	} stages[] = {
		{0, EXPIRY_OVER},
		{1u * DAY_S, EXPIRY_DAY},
		{7u * DAY_S, EXPIRY_WEEK},
		{30u * DAY_S, EXPIRY_MONTH},
	};

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (left_s <= stages[i].most_s)
			return stages[i].stage;
	return EXPIRY_FAR;
}

bool expiry_news(const struct expiry *told, struct expiry *now, uint64_t now_s)
{
	uint64_t left_s = now->until_s > now_s ? now->until_s - now_s : 0;

	now->stage = stage_of(left_s);
	now->days = (uint32_t)(left_s / DAY_S < UINT32_MAX ? left_s / DAY_S : UINT32_MAX);
	return now->until_s && (now->until_s != told->until_s || now->stage > told->stage);
}

/* The clock as far as it can be believed, as certificates are judged by (export/session.c). */
static uint64_t now_s(void)
{
	uint64_t seconds = clock_real_us() / 1000000u;

	return seconds > SPOOL_CLOCK_FLOOR_S ? seconds : SPOOL_CLOCK_FLOOR_S;
}

static void look(struct shipper *s, struct expiry *told, uint64_t until_s, const char *whose)
{
	struct message_certificate m = {.head.type = M_CERTIFICATE, .until_s = until_s};
	struct expiry now = {.until_s = until_s};

	if (!expiry_news(told, &now, now_s()))
		return;
	m.soon = now.stage != EXPIRY_FAR;
	m.days = now.days;
	str_join(m.whose, sizeof(m.whose), whose, "", "");
	/* No recorder at present: with the next look. */
	if (channel_send(&s->recorder, &m, NULL, 0) == 0)
		*told = now;
}

void expiry_own(struct shipper *s, const struct export_session *session)
{
	look(s, &s->own_expiry, export_session_own_until(session), "client");
}

void expiry_peer(struct shipper *s, struct target *target, const struct export_session *session)
{
	look(s, &target->expiry, export_session_peer_until(session), target->text);
}

/* A session may live for weeks when there is nothing to send. */
static void look_due(struct loop *loop, struct timer *timer)
{
	struct shipper *s = container_of(timer, struct shipper, expiry_timer);

	look(s, &s->own_expiry, s->own_expiry.until_s, "client");
	for (size_t i = 0; i < s->target_count; i++)
		look(s, &s->targets[i].expiry, s->targets[i].expiry.until_s, s->targets[i].text);
	loop_timer_set(loop, timer, clock_monotonic_ms() + EXPIRY_LOOK_MS);
}

void expiry_init(struct shipper *s)
{
	s->expiry_timer.due = look_due;
	loop_timer_set(&s->loop, &s->expiry_timer, clock_monotonic_ms() + EXPIRY_LOOK_MS);
}
