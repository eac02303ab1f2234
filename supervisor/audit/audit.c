#include "audit/audit.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

static struct ring_producer *own_ring;

void audit_open(struct ring_producer *producer)
{
	own_ring = producer;
}

/* The values of a record on the stack. The largest row fits by construction, see the assertion in
 * audit_put(). */
struct body {
	uint8_t bytes[AUDIT_FIELDS_MAX * (sizeof(uint16_t) + AUDIT_STRING_MAX)];
	size_t used;
};

static void add(struct body *body, const void *bytes, size_t size)
{
	memcpy(body->bytes + body->used, bytes, size);
	body->used += size;
}

static void add_string(struct body *body, const char *string)
{
	uint16_t length = string ? (uint16_t)strnlen(string, AUDIT_STRING_MAX) : 0;

	add(body, &length, sizeof(length));
	if (length)
		add(body, string, length);
}

static void add_value(struct body *body, enum audit_type type, const struct audit_value *value)
{
	static const uint8_t no_hash[32];
	uint64_t number;

	/* A value of another type than its row is a bug of the caller; the record is kept in the
	 * row's form, with an empty value. */
	if (value && value->type != type)
		value = NULL;
	switch (type) {
	case AUDIT_STRING:
		add_string(body, value ? value->string : NULL);
		break;
	case AUDIT_NUMBER:
		number = value ? value->number : 0;
		add(body, &number, sizeof(number));
		break;
	case AUDIT_HASH:
		add(body, value && value->hash ? value->hash : no_hash, sizeof(no_hash));
		break;
	case AUDIT_END:
		break;
	}
}

void audit_put(enum audit_event event, const struct audit_value *values, size_t count)
{
	const struct audit_shape *shape = &audit_shapes[event];
	struct audit_record head = {.event = (uint16_t)event, .boot_us = clock_boot_us()};
	struct body body = {.used = 0};

	_Static_assert(sizeof(head) + sizeof(body.bytes) <= RING_RECORD_MAX,
		       "every record fits into a ring");
	_Static_assert(32 <= AUDIT_STRING_MAX, "a hash needs no more room than a string");
	if (!own_ring)
		return;
	for (size_t i = 0; shape->types[i] != AUDIT_END; i++)
		add_value(&body, (enum audit_type)shape->types[i], i < count ? &values[i] : NULL);
	head.size = (uint16_t)(sizeof(head) + body.used);
	head.sn = ring_next_number(own_ring);
	(void)ring_put(
		own_ring, (unsigned int)shape->lane,
		(const struct ring_piece[2]){{&head, sizeof(head)}, {body.bytes, body.used}});
}

struct input {
	const uint8_t *at;
	size_t left;
};

static int take(struct input *in, void *to, size_t size)
{
	if (in->left < size)
		return -EBADMSG;
	memcpy(to, in->at, size);
	in->at += size;
	in->left -= size;
	return 0;
}

static int take_string(struct input *in, struct audit_decoded *decoded, size_t i)
{
	uint16_t length;

	if (take(in, &length, sizeof(length)) || length > AUDIT_STRING_MAX || length > in->left)
		return -EBADMSG;
	decoded->values[i].string = (const char *)in->at;
	decoded->values[i].length = length;
	in->at += length;
	in->left -= length;
	return 0;
}

static int take_value(struct input *in, struct audit_decoded *decoded, size_t i)
{
	decoded->values[i].string = NULL;
	decoded->values[i].length = 0;
	decoded->values[i].number = 0;
	switch (audit_field_type(decoded->def, i)) {
	case AUDIT_STRING:
		return take_string(in, decoded, i);
	case AUDIT_NUMBER:
		return take(in, &decoded->values[i].number, sizeof(decoded->values[i].number));
	case AUDIT_HASH:
		return take(in, decoded->values[i].hash, sizeof(decoded->values[i].hash));
	case AUDIT_END:
		break;
	}
	return -EBADMSG;
}

int audit_decode(const void *bytes, size_t size, struct audit_decoded *decoded)
{
	struct input in = {.at = bytes, .left = size};
	struct audit_decoded *d = decoded;

	size_t count = 0;

	d->raised = 0;
	d->count = 0;
	if (take(&in, &d->head, sizeof(d->head)) || d->head.event >= EVENT_COUNT ||
	    d->head.size != size || d->head.padding != 0 || d->head.sn == 0)
		return -EBADMSG;
	d->def = &audit_events[d->head.event];
	for (; audit_field_type(d->def, count) != AUDIT_END; count++)
		if (take_value(&in, d, count))
			return -EBADMSG;
	if (in.left)
		return -EBADMSG;
	d->count = count;
	return 0;
}
