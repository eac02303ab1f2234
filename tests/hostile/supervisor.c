/*
 * A supervisor that was taken over. It may stop services: that is its job. It must not start one
 * that the device policy does not name, start one twice, signal what is no service, pretend to be
 * another, hurt init, the launcher or the recorder, or get anything out of the descriptors it
 * holds.
 */
#include "stub.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "audit/audit.h"
#include "base/str.h"

enum { INIT_FD = 3, RING_FD, CURSOR_FD, DOORBELL_FD, STATE_FD, LAUNCHER_FD, LISTENER_FD };

static void signals(void)
{
	static const uint16_t subjects[] = {SUBJECT_OF_HELPER(HELPER_LAUNCHER),
					    SUBJECT_OF_HELPER(HELPER_RECORDER),
					    SUBJECT_NONE,
					    SUBJECT_OF_SERVICE(0x3fff),
					    SUBJECT_OF_PROBE(0),
					    0xc000};
	static const uint32_t numbers[] = {SIGKILL, SIGTERM, SIGSTOP, 0, 64, 0xffffffff};

	for (size_t s = 0; s < ARRAY_SIZE(subjects); s++)
		for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
			struct message_signal m = {
				.head = {.type = M_SIGNAL, .subject = subjects[s], .generation = 1},
				.signal = numbers[n]};

			stub_send(INIT_FD, &m, sizeof(m), NULL, 0);
		}
}

static void clocks(void)
{
	static const int64_t times[] = {INT64_MAX, INT64_MIN, 0, -1};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct message_clock m = {.head = {.type = M_CLOCK}, .realtime_ns = times[i]};

		stub_send(INIT_FD, &m, sizeof(m), NULL, 0);
	}
}

/* Acknowledged exits are forgotten: of who lives, of helpers, of nobody. */
static void acknowledgements(uint16_t polite)
{
	const uint16_t subjects[] = {polite, SUBJECT_OF_HELPER(HELPER_LAUNCHER),
				     SUBJECT_OF_HELPER(HELPER_RECORDER), SUBJECT_NONE};

	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		for (uint32_t generation = 0; generation < 4; generation++) {
			struct message_plain m = {.head = {.type = M_ACK,
							   .subject = subjects[i],
							   .generation = generation}};

			stub_send(INIT_FD, &m, sizeof(m), NULL, 0);
		}
}

static void powers(void)
{
	static const uint32_t kinds[] = {POWER_COUNT, 0xffffffff, 0x80000000};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct message_kind m = {.head = {.type = M_POWER}, .kind = kinds[i]};

		stub_send(INIT_FD, &m, sizeof(m), NULL, 0);
	}
}

/* Names that the device policy does not have, or that are no names. */
static void admissions(void)
{
	static const char *const names[] = {"not-named",           "../../etc", "/bin", "",
					    "polite/../not-named", "POLITE",    "\n",   "."};
	struct message_name m = {.head = {.type = M_ADMIT, .request = 1}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		memset(m.name, 0, sizeof(m.name));
		str_join(m.name, sizeof(m.name), names[i], "", "");
		for (uint16_t slot = 0; slot < 4; slot++) {
			m.head.subject = SUBJECT_OF_SERVICE(slot);
			m.head.request++;
			stub_send(LAUNCHER_FD, &m, sizeof(m), NULL, 0);
		}
	}
	memset(m.name, 'a', sizeof(m.name)); /* no terminator */
	stub_send(LAUNCHER_FD, &m, sizeof(m), NULL, 0);
}

/* What the launcher says at the start: the subject of a name that may run. */
static uint16_t subject_of(const char *name)
{
	union message message;
	int fds[IPC_FDS_MAX];

	while (stub_receive(LAUNCHER_FD, &message, sizeof(message), fds) > 0 &&
	       message.head.type != M_NAMED_END)
		if (message.head.type == M_NAMED && str_equal(message.name.name, name))
			return message.head.subject;
	return 0;
}

/* One legal start first, so that a second one would be seen; then everything, again and again. */
static void starts(uint16_t polite)
{
	static const uint16_t verbs[] = {M_START, M_PROBE, M_HEALTHY, M_GAVE_UP, M_START};
	const uint16_t subjects[] = {
		polite,
		1,
		31,
		32,
		0x3fff,
		SUBJECT_OF_PROBE(0),
		SUBJECT_OF_HELPER(HELPER_LAUNCHER),
		SUBJECT_NONE,
	};
	struct message_name admit = {.head = {.type = M_ADMIT, .subject = polite, .request = 100},
				     .name = "polite"};
	struct message_plain start = {
		.head = {.type = M_START, .subject = polite, .generation = 1, .request = 101}};
	uint32_t request = 1000;

	stub_send(LAUNCHER_FD, &admit, sizeof(admit), NULL, 0);
	stub_pause_ms(6000);
	stub_send(LAUNCHER_FD, &start, sizeof(start), NULL, 0);
	stub_pause_ms(2000);
	for (uint32_t round = 0; round < 20; round++)
		for (size_t v = 0; v < ARRAY_SIZE(verbs); v++)
			for (size_t s = 0; s < ARRAY_SIZE(subjects); s++) {
				struct message_plain m = {.head = {.type = verbs[v],
								   .subject = subjects[s],
								   .generation = round * 7919u,
								   .request = request++}};

				struct message_release over = {.head = m.head};

				over.head.type = M_RELEASE;
				memset(over.why, 0x1b, sizeof(over.why)); /* and no terminator */
				stub_send(LAUNCHER_FD, &m, sizeof(m), NULL, 0);
				stub_send(LAUNCHER_FD, &over, sizeof(over), NULL, 0);
			}
}

/* Records that pretend to be of init and of the launcher: what is in this ring is this program's
 * word. */
static void forge_records(void)
{
	static struct ring_producer own;

	if (ring_producer_open(&own, RING_FD, CURSOR_FD, DOORBELL_FD))
		return;
	audit_open(&own);
	audit_emit(EVENT_START, AUDIT_S("forged"), AUDIT_N(1), AUDIT_N(1), AUDIT_N(0));
	audit_emit(EVENT_EXIT, AUDIT_S("forged"), AUDIT_N(1), AUDIT_N(1), AUDIT_N(1), AUDIT_N(0));
	stub_pause_ms(2000); /* until they are read */
}

/* Every index and length that can be written is written; the doorbell is filled and then shut. */
static void ring(void)
{
	unsigned char *bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, RING_FD, 0);

	if (bytes != MAP_FAILED)
		for (int filler = 0; filler < 256; filler += 51) {
			memset(bytes, filler, 4096);
			for (int i = 0; i < 2000; i++)
				send(DOORBELL_FD, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
			stub_pause_ms(300);
		}
	shutdown(DOORBELL_FD, SHUT_RDWR);
	bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, CURSOR_FD, 0);
	if (bytes != MAP_FAILED)
		memset(bytes, 0xee, 4096); /* must not be possible: it is the recorder's */
}

static void state(void)
{
	unsigned char *bytes = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, STATE_FD, 0);

	if (bytes != MAP_FAILED)
		memset(bytes, 0xa5, 65536);
}

int main(void)
{
	uint16_t polite = subject_of("polite");

	signals();
	clocks();
	powers();
	stub_send_nonsense(INIT_FD);
	starts(polite);
	acknowledgements(polite);
	admissions();
	stub_send_nonsense(LAUNCHER_FD);
	forge_records();
	ring();
	state();
	shutdown(LISTENER_FD, SHUT_RDWR);
	stub_stay();
}
