/* MB per second of CPU time of each SHA-256 engine, and of streaming as the products do it: one
 * line "NAME MB/S" each. */
#include <stdio.h>
#include <time.h>

#include "crypto/sha256.h"
#include "crypto/sha256_engine.h"

#define CHUNK    16384
#define ROUND_NS 200000000L

static uint8_t data[CHUNK];

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void report(const char *name, long chunks, long ns)
{
	printf("%s %ld\n", name, chunks * CHUNK * 1000 / ns);
}

static void run_engine(const struct sha256_engine *e)
{
	uint32_t state[8] = {0};
	long start = now_ns();
	long chunks = 0;

	for (; now_ns() - start < ROUND_NS; chunks++)
		e->blocks(state, data, CHUNK / SHA256_BLOCK);
	report(e->name, chunks, now_ns() - start);
}

int main(void)
{
	struct sha256 s;
	uint8_t digest[SHA256_SIZE];
	long start;
	long chunks = 0;

	for (size_t i = 0; i < sha256_engine_count; i++)
		if (sha256_engines[i].usable())
			run_engine(&sha256_engines[i]);
	sha256_init(&s);
	for (start = now_ns(); now_ns() - start < ROUND_NS; chunks++)
		sha256_update(&s, data, CHUNK);
	sha256_final(&s, digest);
	report("stream", chunks, now_ns() - start);
	return 0;
}
