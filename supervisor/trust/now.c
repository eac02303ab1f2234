#include "trust/now.h"

uint64_t trust_now_s(const struct trust_clock *clock)
{
	uint64_t now = clock->signed_s ? clock->signed_s + clock->counted_s : 0;

	if (now < clock->build_s)
		now = clock->build_s;
	return now < clock->real_s ? clock->real_s : now;
}
