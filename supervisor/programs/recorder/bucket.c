#include "programs/recorder/recorder.h"

#define PER_LINE 1000

void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ms)
{
	*b = (struct bucket){
		.rate = rate ? rate : 1, .burst = burst ? burst : 1, .filled_ms = now_ms};
	b->tokens = (int64_t)b->burst * PER_LINE;
}

/* @rate lines per second are @rate thousandths per millisecond. */
static void refill(struct bucket *b, uint64_t now_ms)
{
	uint64_t passed = now_ms > b->filled_ms ? now_ms - b->filled_ms : 0;
	int64_t limit = (int64_t)b->burst * PER_LINE;

	if (passed > 3600000)
		passed = 3600000;
	b->tokens += (int64_t)passed * b->rate;
	if (b->tokens > limit)
		b->tokens = limit;
	b->filled_ms = now_ms;
}

bool bucket_take(struct bucket *b, uint64_t now_ms)
{
	refill(b, now_ms);
	if (b->tokens < PER_LINE)
		return false;
	b->tokens -= PER_LINE;
	return true;
}

uint64_t bucket_owe(struct bucket *b, uint64_t now_ms)
{
	refill(b, now_ms);
	b->tokens -= PER_LINE;
	return b->tokens >= 0 ? 0 : (uint64_t)(-b->tokens) / b->rate + 1;
}
