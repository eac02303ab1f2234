/* links: base ipc audit */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "audit/refusals.h"
#include "base/fd.h"

static struct ring_producer producer;
static struct ring_consumer consumer;
static uint8_t record[RING_RECORD_MAX];
static const uint8_t hash[32] = {1, 2, 3, [31] = 9};

static int open_ring(void **state)
{
	int ring_fd = -1;
	int cursor_fd = -1;
	int r;

	(void)state;
	if (ring_create(&ring_fd, &cursor_fd))
		return -1;
	r = ring_producer_open(&producer, ring_fd, cursor_fd, -1) |
	    ring_consumer_open(&consumer, ring_fd, cursor_fd);
	fd_close(&ring_fd);
	fd_close(&cursor_fd);
	audit_open(&producer);
	return r;
}

static void emit_image(void)
{
	audit_emit(EVENT_IMAGE_VERIFIED, AUDIT_S("web"), AUDIT_S("1.2"), AUDIT_N(7), AUDIT_H(hash),
		   AUDIT_H(hash), AUDIT_S("acme.*"), AUDIT_N(1500), AUDIT_N(2500));
}

static void test_round_trip(void **state)
{
	struct audit_decoded d;
	int size;

	(void)state;
	emit_image();
	size = ring_peek(&consumer, record);
	assert_int_equal(audit_decode(record, (size_t)size, &d), 0);
	assert_string_equal(d.def->name, "IMAGE_VERIFIED");
	assert_int_equal(d.head.sn, 1);
	assert_int_equal(d.count, 8);
	assert_int_equal(d.values[0].length, 3);
	assert_memory_equal(d.values[0].string, "web", 3);
	assert_int_equal(d.values[2].number, 7);
	assert_memory_equal(d.values[4].hash, hash, 32);
	assert_memory_equal(d.values[5].string, "acme.*", 6);
	assert_int_equal(d.values[7].number, 2500);
}

/* Wrong values do not make a record of another form: missing, NULL, of another type, too long. */
static void test_odd_values(void **state)
{
	static char longest[2000];
	struct audit_decoded d;
	int size;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	audit_emit(EVENT_IMAGE_VERIFIED, AUDIT_S(longest), AUDIT_S(NULL), AUDIT_S("no number"),
		   AUDIT_H(NULL));
	size = ring_peek(&consumer, record);
	assert_int_equal(audit_decode(record, (size_t)size, &d), 0);
	assert_int_equal(d.values[0].length, AUDIT_STRING_MAX);
	assert_int_equal(d.values[1].length, 0);
	assert_int_equal(d.values[2].number, 0);
	assert_int_equal(d.values[5].length, 0);
	audit_emit(EVENT_READY, ((struct audit_value){.type = AUDIT_NUMBER, .string = "x"}),
		   ((struct audit_value){.type = AUDIT_STRING, .number = 9}));
	size = ring_peek(&consumer, record);
	assert_int_equal(audit_decode(record, (size_t)size, &d), 0);
	assert_int_equal(d.values[0].length, 0);
	assert_int_equal(d.values[1].number, 0);
}

static void test_every_event(void **state)
{
	struct audit_decoded d;

	(void)state;
	for (unsigned int event = 0; event < EVENT_COUNT; event++) {
		int size;

		audit_put((enum audit_event)event, NULL, 0);
		size = ring_peek(&consumer, record);
		assert_true(size > 0);
		assert_int_equal(audit_decode(record, (size_t)size, &d), 0);
		assert_ptr_equal(d.def, &audit_events[event]);
		assert_int_equal(d.head.sn, event + 1);
		assert_true(d.count <= AUDIT_FIELDS_MAX);
		ring_release(&consumer);
	}
}

/* Every cut and every changed byte of the frame is noticed; no byte is read outside the record
 * (ASan watches). */
static void test_hostile_records(void **state)
{
	struct audit_decoded d = {.count = 77};
	int size;

	(void)state;
	emit_image();
	size = ring_peek(&consumer, record);
	for (int cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? (size_t)cut : 1);

		memcpy(exact, record, (size_t)cut);
		assert_int_equal(audit_decode(exact, (size_t)cut, &d), -EBADMSG);
		if ((size_t)cut >= sizeof(struct audit_record)) {
			((struct audit_record *)(void *)exact)->size = (uint16_t)cut;
			assert_int_equal(audit_decode(exact, (size_t)cut, &d), -EBADMSG);
		}
		free(exact);
	}
	assert_int_equal(d.count, 0);
	((struct audit_record *)(void *)record)->size = (uint16_t)(size + 1);
	assert_int_equal(audit_decode(record, (size_t)size + 1, &d),
			 -EBADMSG); /* one byte that no field explains */
}

static void test_hostile_head(void **state)
{
	struct audit_record *head = (struct audit_record *)(void *)record;
	struct audit_decoded d;
	int size;

	(void)state;
	emit_image();
	size = ring_peek(&consumer, record);
	head->event = EVENT_COUNT;
	assert_int_equal(audit_decode(record, (size_t)size, &d), -EBADMSG);
	head->event = EVENT_READY;
	assert_int_equal(audit_decode(record, (size_t)size, &d), -EBADMSG);
	head->event = EVENT_IMAGE_VERIFIED;
	head->padding = 1;
	assert_int_equal(audit_decode(record, (size_t)size, &d), -EBADMSG);
	head->padding = 0;
	head->sn = 0;
	assert_int_equal(audit_decode(record, (size_t)size, &d), -EBADMSG);
	head->sn = 5;
	head->size--;
	assert_int_equal(audit_decode(record, (size_t)size, &d), -EBADMSG);
	head->size++;
	assert_int_equal(audit_decode(record, (size_t)size, &d), 0);
	memset(record + sizeof(*head), 0xff, 2); /* length of the first string */
	assert_int_equal(audit_decode(record, (size_t)size, &d), -EBADMSG);
}

/* A string that is longer than any that is put. */
static void test_hostile_string(void **state)
{
	struct audit_record head = {.event = EVENT_READY, .sn = 1};
	struct audit_decoded d;

	(void)state;
	for (uint16_t length = AUDIT_STRING_MAX; length <= AUDIT_STRING_MAX + 1; length++) {
		size_t size = sizeof(head) + sizeof(length) + length + sizeof(uint64_t);

		head.size = (uint16_t)size;
		memset(record, 'x', sizeof(record));
		memcpy(record, &head, sizeof(head));
		memcpy(record + sizeof(head), &length, sizeof(length));
		assert_int_equal(audit_decode(record, size, &d),
				 length > AUDIT_STRING_MAX ? -EBADMSG : 0);
	}
}

/* Nonsense without end fills no ring: eight a second, the rest as a number. */
static void test_refusals(void **state)
{
	struct refusals r = {.recorded = 0};
	uint64_t records = 0;
	uint64_t before;

	(void)state;
	audit_refuse_rest(&r, "shipper");
	assert_int_equal(ring_peek(&consumer, record), 0);
	for (int i = 0; i < 100; i++)
		audit_refuse(&r, "shipper", "nonsense");
	while (ring_peek(&consumer, record) > 0)
		records++;
	assert_true(records >= 8 && records <= 16); /* a second may have passed */
	before = r.unrecorded;
	assert_true(before > 0);
	audit_refuse_rest(&r, "shipper");
	assert_int_equal(ring_peek(&consumer, record), 0); /* not in the same second */
	r.second = 0;
	audit_refuse_rest(&r, "shipper");
	assert_true(ring_peek(&consumer, record) > 0);
	assert_int_equal(r.unrecorded, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_round_trip, open_ring),
		cmocka_unit_test_setup(test_odd_values, open_ring),
		cmocka_unit_test_setup(test_every_event, open_ring),
		cmocka_unit_test_setup(test_hostile_records, open_ring),
		cmocka_unit_test_setup(test_hostile_head, open_ring),
		cmocka_unit_test_setup(test_hostile_string, open_ring),
		cmocka_unit_test_setup(test_refusals, open_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
