#ifndef TRAIL_FIXTURE_H
#define TRAIL_FIXTURE_H

/* An audit trail in a directory of its own, written with keys that the test knows. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/ecies.h"
#include "scratch.h"
#include "spool/spool.h"
#include "spool/verify.h"

#define BOOT    0x1122334455667788ull
#define RECORDS 40 /* a seal behind every tenth */

static char root[64];
static int dir_fd;
static struct p256_pair auditor;

/* What the recorder knows at some moment. */
struct writer {
	struct spool spool;
	uint64_t n;
	uint64_t boot;
	uint64_t epoch;
	uint8_t key[32];
	uint8_t previous[32];
	bool wrong_head;
	bool key_head; /* of the next key: another one */
	bool no_seals;
};

static inline int make_root(void **state)
{
	(void)state;
	(void)str_copy(root, sizeof(root), "/tmp/verify-XXXXXX");
	if (!mkdtemp(root) || ecies_make_key(&auditor))
		return -1;
	dir_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static inline int remove_root(void **state)
{
	(void)state;
	fd_close(&dir_fd);
	return scratch_remove(root);
}

static inline void put(struct writer *w, enum audit_event event, const struct audit_value *values)
{
	struct audit_decoded record = {.def = &audit_events[event]};
	struct spool_line line = {.n = ++w->n,
				  .boot = w->boot,
				  .facility = 13,
				  .origin = ORIGIN_RECORDER,
				  .sn = w->n};
	char memory[4096];
	struct text t = TEXT_IN(memory);
	uint64_t evicted = 0;

	record.head.boot_us = w->n * 1000;
	for (; audit_field_type(record.def, record.count) != AUDIT_END; record.count++) {
		size_t i = record.count;

		record.values[i].string = values[i].string ? values[i].string : "";
		record.values[i].length = strlen(record.values[i].string);
		record.values[i].number = values[i].number;
		if (values[i].hash)
			memcpy(record.values[i].hash, values[i].hash, 32);
	}
	spool_line_format(&t, &line, &record);
	spool_chain(&w->spool, &t, 0);
	assert_int_equal(spool_write(&w->spool, &t, 0, &evicted), 0);
}

static inline void put_key(struct writer *w, const char *kind, uint64_t previous_n)
{
	uint8_t context[SEAL_CONTEXT_SIZE];
	uint8_t box[ECIES_BOX_SIZE];
	uint8_t head[32];
	char text[SEAL_KEY_TEXT];

	seal_context(w->boot, w->epoch, context);
	assert_int_equal(ecies_seal(auditor.point, context, sizeof(context), w->key, box), 0);
	(void)base64_encode(text, box, sizeof(box));
	memcpy(head, w->spool.head, 32);
	head[0] ^= w->key_head;
	put(w, EVENT_SEAL_KEY,
	    (const struct audit_value[]){AUDIT_S(kind), AUDIT_N(1), AUDIT_N(w->epoch),
					 AUDIT_N(previous_n), AUDIT_H(head), AUDIT_N(0), AUDIT_N(0),
					 AUDIT_H(head), AUDIT_S(text)});
}

static inline void put_seal(struct writer *w)
{
	struct seal seal = {.boot = w->boot, .n = w->n + 1, .epoch = w->epoch};
	uint8_t tag[32];

	memcpy(seal.head, w->spool.head, 32);
	memcpy(seal.previous, w->previous, 32);
	if (w->wrong_head)
		seal.head[0] ^= 1;
	seal_tag(w->key, &seal, tag);
	put(w, EVENT_SEAL,
	    (const struct audit_value[]){AUDIT_S("test"), AUDIT_N(w->epoch), AUDIT_H(seal.head),
					 AUDIT_H(seal.previous), AUDIT_N(0), AUDIT_N(0),
					 AUDIT_H(tag)});
	memcpy(w->previous, tag, 32);
	seal_evolve(w->key);
	w->epoch++;
}

static inline void put_ready(struct writer *w, const char *service)
{
	put(w, EVENT_READY, (const struct audit_value[]){AUDIT_S(service), AUDIT_N(1)});
}

static inline struct writer writer_open(uint64_t max_size)
{
	struct writer w = {.spool = {.chained = true, .max_size = max_size, .max_file = 100},
			   .boot = BOOT,
			   .key = {1, 2, 3}};
	struct spool_found found;

	assert_int_equal(
		spool_open(&w.spool, fcntl(dir_fd, F_DUPFD_CLOEXEC, 0), BOOT, &found, NULL), 0);
	return w;
}

/* RECORDS records, sealed; @w stays open for more. */
static inline struct writer make_trail(uint64_t max_size)
{
	struct writer w = writer_open(max_size);

	put_key(&w, "boot", 0);
	for (int i = 1; i <= RECORDS; i++) {
		put_ready(&w, "web");
		if (i % 10 == 0)
			put_seal(&w);
	}
	return w;
}

static inline int open_box(void *context, uint64_t boot, const struct seal_key *key,
			   uint8_t secret[32])
{
	uint8_t bound_to[SEAL_CONTEXT_SIZE];

	(void)context;
	seal_context(boot, key->epoch, bound_to);
	return ecies_open(&auditor, bound_to, sizeof(bound_to), key->box, secret);
}

static inline struct verify judge(struct anchor *anchor)
{
	struct verify v = {.open_box = open_box, .anchor = anchor};

	assert_int_equal(verify_run(&v, dir_fd, NULL), 0);
	return v;
}

static inline void expect_bad(enum verify_kind kind)
{
	struct verify v = judge(NULL);

	if (!v.found[kind].count)
		print_error("%s was not found\n", verify_rows[kind].name);
	assert_true(v.found[kind].count > 0);
	assert_false(verify_holds(&v));
}

static inline void expect_good(void)
{
	struct verify v = judge(NULL);

	for (size_t i = 0; i < VERIFY_KIND_COUNT; i++)
		if (verify_rows[i].bad && v.found[i].count)
			print_error("found %s\n", verify_rows[i].name);
	assert_true(verify_holds(&v));
	assert_int_equal(v.proven, v.seals);
	assert_true(v.seals > 0);
}

/* ---- a trail as text */

static char text[1 << 20];
static size_t text_size;

static inline void load(const char *name)
{
	ssize_t size = fd_read_file(dir_fd, name, text, sizeof(text));

	assert_true(size > 0);
	text_size = (size_t)size;
}

static inline void store(const char *name)
{
	CLEAN_FD int fd = openat(dir_fd, name, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(fd_write_all(fd, text, text_size), 0);
}

static inline char *line_at(size_t index)
{
	char *at = text;

	while (index--)
		at = strchr(at, '\n') + 1;
	return at;
}

static inline void cut_out(char *from, char *to)
{
	memmove(from, to, (size_t)(text + text_size - to));
	text_size -= (size_t)(to - from);
	text[text_size] = '\0';
}

#define SEGMENT "00000001.log"

static inline void close_writer(struct writer *w)
{
	spool_close(&w->spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

#endif
