#include "programs/shipper/shipper.h"

void backoff_reset(struct backoff *b)
{
	b->delay_ms = BACKOFF_MIN_MS;
	b->not_before_ms = 0;
}

void backoff_failed(struct backoff *b, uint64_t most_ms, uint64_t now_ms, uint32_t random)
{
	uint64_t delay_ms = b->delay_ms < most_ms ? b->delay_ms : most_ms;

	b->not_before_ms = now_ms + delay_ms / 2 + random % (delay_ms + 1);
	b->delay_ms = delay_ms * 2;
}
