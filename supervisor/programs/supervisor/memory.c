#include "supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/*
 * What must survive this process, in a memfd that init keeps. Whoever took an earlier supervisor
 * over has written here too, so nothing is believed that is out of range, and nothing in it can do
 * more than the supervisor may do anyway.
 *
 * Each service has two records, written in turn: a process killed in the middle of one leaves the
 * other.
 */
#define MEMORY_BYTES (64u * 1024u)
#define MEMORY_MAGIC 0x42535633u /* "BSV3": changes with every change of struct record */

enum phase { PHASE_IDLE, PHASE_STARTING, PHASE_RUNNING, PHASE_COUNT };

struct record {
	uint32_t magic;
	uint32_t check;    /* of all that follows */
	uint32_t sequence; /* the higher one is the newer one */
	char name[NAME_SIZE];
	uint8_t wanted;
	uint8_t phase;
	uint8_t ready; /* this generation has said so */
	uint32_t generation;
	uint32_t begun;
	uint32_t parked;
	uint32_t leaf;
	uint32_t failures;
	uint32_t restarts;
	struct service_exit last;
};

_Static_assert(2 * sizeof(struct record) * CONFIG_SERVICES_MAX <= MEMORY_BYTES,
	       "two records per service fit");

static int memory_fd = -1;
static uint32_t sequences[CONFIG_SERVICES_MAX];
static struct record written[CONFIG_SERVICES_MAX];

/* FNV-1a: against torn writes. It keeps nobody from forging, and need not. */
static uint32_t check_of(const struct record *record)
{
	const uint8_t *at = (const uint8_t *)record;
	uint32_t sum = 2166136261u;

	for (size_t i = offsetof(struct record, sequence); i < sizeof(*record); i++)
		sum = (sum ^ at[i]) * 16777619u;
	return sum;
}

static uint64_t place(uint16_t slot, uint32_t sequence)
{
	return (2u * (uint64_t)slot + sequence % 2u) * sizeof(struct record);
}

int supervisor_memory_open(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size != (off_t)MEMORY_BYTES)
		return -EBADMSG;
	memory_fd = fd;
	return 0;
}

static bool is_sound(const struct record *record)
{
	if (record->magic != MEMORY_MAGIC || record->check != check_of(record))
		return false;
	if (!str_terminated(record->name, sizeof(record->name)) ||
	    (*record->name && !str_is_name(record->name)))
		return false;
	if (record->wanted > 1 || record->ready > 1 || record->phase >= PHASE_COUNT ||
	    record->leaf > record->generation)
		return false;
	/* The generation still has to rise: one near the end of its range would stop the service
	 * for good. */
	return record->generation < UINT32_MAX / 2 && record->begun < UINT32_MAX / 2 &&
	       (!record->parked ||
		(record->parked <= record->begun && record->parked > record->generation)) &&
	       (record->phase == PHASE_IDLE || record->generation > 0);
}

static bool read_newest(uint16_t slot, struct record *newest)
{
	bool found = false;

	for (uint32_t i = 0; i < 2; i++) {
		struct record record;

		if (fd_pread_exact(memory_fd, &record, sizeof(record), place(slot, i)) ||
		    !is_sound(&record))
			continue;
		if (found && (int32_t)(record.sequence - newest->sequence) < 0)
			continue;
		*newest = record;
		found = true;
	}
	return found;
}

void supervisor_memory_load(void)
{
	for (uint16_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &supervisor.table.services[i];
		struct record record;

		if (!read_newest(i, &record))
			continue;
		memcpy(s->name, record.name, sizeof(s->name));
		s->wanted = record.wanted;
		s->generation = record.generation;
		s->begun = record.begun;
		s->parked = record.parked;
		s->leaf = record.leaf;
		s->ready_generation = record.ready ? record.generation : 0;
		s->ladder.failures = record.failures;
		s->ladder.restarts = record.restarts;
		s->last = record.last;
		s->repeat = record.phase == PHASE_STARTING;
		supervisor.had_record[i] = true;
		supervisor.starting[i] = record.phase != PHASE_IDLE;
		sequences[i] = record.sequence;
		written[i] = record;
	}
}

static enum phase phase_of(const struct service *s)
{
	if (s->repeat || (s->state == SERVICE_STARTING && !s->early.code))
		return PHASE_STARTING;
	return s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING ? PHASE_RUNNING
									   : PHASE_IDLE;
}

void supervisor_memory_save(const struct service *s)
{
	struct record record;

	memset(&record, 0, sizeof(record)); /* padding is part of the check */
	record.magic = MEMORY_MAGIC;
	memcpy(record.name, s->name, sizeof(record.name));
	record.wanted = s->wanted;
	record.phase = (uint8_t)phase_of(s);
	record.generation = s->generation;
	record.begun = s->begun;
	record.parked = s->parked;
	record.leaf = s->leaf;
	record.ready = s->ready_generation == s->generation && s->generation;
	record.failures = s->ladder.failures;
	record.restarts = s->ladder.restarts;
	record.last = s->last;
	record.sequence = sequences[s->slot];
	record.check = written[s->slot].check;
	if (memcmp(&record, &written[s->slot], sizeof(record)) == 0)
		return;
	record.sequence = ++sequences[s->slot];
	record.check = check_of(&record);
	/* Cannot fail: the pages of a memfd of fixed size, written before. If it did, the next
	 * supervisor would know less. */
	(void)pwrite(memory_fd, &record, sizeof(record), (off_t)place(s->slot, record.sequence));
	written[s->slot] = record;
}
