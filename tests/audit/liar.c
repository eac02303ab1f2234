/*
 * A recorder that was taken over and rewrites the past. It is started as the recorder is, in the
 * device's root, and has what a recorder has: the spool, the auditor's public key, no old seal key.
 * /lie says what it does; then it waits to be stopped.
 *
 * resign: a record of the past is another one, all hashes and seals are made anew under a key of
 * its own, which is encrypted to the auditor. reseal: the same, from the middle, under the keys
 * that are there. drop, reorder: a record goes, two change places, hashes made anew. hash: the hash
 * of one record is another one.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/ecies.h"
#include "crypto/sha256.h"
#include "spool/line.h"
#include "spool/seal.h"

#define SEGMENT   "/spool/audit/00000001.log"
#define LINES_MAX 20000

static char text[8 << 20];
static char *lines[LINES_MAX];
static size_t count;

static struct {
	bool own_keys;
	size_t from; /* lines before are left as they are */
	uint8_t key[32];
	uint8_t previous[32];
	uint8_t auditor[65];
} lie;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void read_lines(void)
{
	ssize_t size = fd_read_file(AT_FDCWD, SEGMENT, text, sizeof(text));

	if (size < 0)
		die(SEGMENT);
	for (char *at = strtok(text, "\n"); at && count < LINES_MAX; at = strtok(NULL, "\n"))
		lines[count++] = at;
}

static bool is(const char *line, const char *event)
{
	char word[64];

	(void)snprintf(word, sizeof(word), "\"e\":\"%s\"", event);
	return strstr(line, word) != NULL;
}

/* The value of a member of this line is overwritten by one of the same length. */
static void put(char *line, const char *name, const char *value)
{
	char word[64];
	char *at;

	(void)snprintf(word, sizeof(word), "\"%s\":\"", name);
	at = strstr(line, word);
	if (at)
		memcpy(at + strlen(word), value, strlen(value));
}

static void put_hash(char *line, const char *name, const uint8_t hash[32])
{
	char hex[65];

	str_hex(hex, hash, 32);
	put(line, name, hex);
}

static void make_key(char *line, const struct spool_view *view)
{
	uint8_t context[SEAL_CONTEXT_SIZE];
	uint8_t box[ECIES_BOX_SIZE];
	char boxed[SEAL_KEY_TEXT];
	struct seal_key key;

	if (seal_key_read(view, &key))
		die("SEAL_KEY");
	seal_context(view->boot, key.epoch, context);
	if (ecies_seal(lie.auditor, context, sizeof(context), lie.key, box))
		die("auditor's key");
	(void)base64_encode(boxed, box, sizeof(box));
	put(line, "key", boxed);
}

static void make_seal(char *line, struct spool_view *view, const uint8_t head[32])
{
	struct seal seal;
	uint8_t tag[32];

	put_hash(line, "head", head);
	put_hash(line, "previous", lie.previous);
	if (seal_read(view, &seal, tag))
		die("SEAL");
	seal_tag(lie.key, &seal, tag);
	put_hash(line, "tag", tag);
	memcpy(lie.previous, tag, sizeof(tag));
	seal_evolve(lie.key);
}

/* Hashes, and with own keys seals, from line @from on. */
static void chain_anew(void)
{
	uint8_t head[32] = {0};

	for (size_t i = 0; i < count; i++) {
		struct spool_view view;
		struct sha256 hash;

		if (spool_line_parse(lines[i], strlen(lines[i]), &view))
			die("a line");
		if (i < lie.from) {
			memcpy(head, view.hash, sizeof(head));
			if (is(lines[i], "SEAL"))
				(void)spool_line_hash(&view, "tag", lie.previous);
			continue;
		}
		if (is(lines[i], "SEAL_KEY")) {
			put_hash(lines[i], "previous", head);
			if (lie.own_keys)
				make_key(lines[i], &view);
		} else if (is(lines[i], "SEAL")) {
			make_seal(lines[i], &view, head);
		}
		sha256_init(&hash);
		sha256_update(&hash, head, sizeof(head));
		sha256_update(&hash, lines[i], view.hashed);
		sha256_final(&hash, head);
		put_hash(lines[i], "h", head);
	}
}

/* The first record of a service behind line @from. */
static size_t victim(size_t from)
{
	while (from < count && !is(lines[from], "STATE"))
		from++;
	if (from + 2 >= count)
		die("no record to lie about");
	return from;
}

static void tell(const char *what)
{
	size_t at = victim(count / 2);
	char *kept = lines[at];

	if (str_equal(what, "resign")) {
		lie.own_keys = true;
		put(lines[at], "to", "stopped");
	} else if (str_equal(what, "reseal")) {
		lie.from = at;
		put(lines[at], "to", "stopped");
	} else if (str_equal(what, "drop")) {
		lie.from = at;
		memmove(lines + at, lines + at + 1, (--count - at) * sizeof(*lines));
	} else if (str_equal(what, "reorder")) {
		lie.from = at;
		lines[at] = lines[at + 1];
		lines[at + 1] = kept;
	} else if (str_equal(what, "hash")) {
		put_hash(lines[at], "h", lie.key);
		return;
	} else {
		die(what);
	}
	chain_anew();
}

int main(int argc, char **argv)
{
	char what[32] = "";
	sigset_t wanted;
	FILE *out;
	int got;

	(void)sigemptyset(&wanted);
	(void)sigaddset(&wanted, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &wanted, NULL);
	if (argc != 7 || str_unhex(argv[6], lie.auditor, sizeof(lie.auditor)) ||
	    fd_read_file(AT_FDCWD, "/lie", what, sizeof(what)) < 0 ||
	    getrandom(lie.key, sizeof(lie.key), 0) != (ssize_t)sizeof(lie.key))
		die("start");
	if (*what) {
		read_lines();
		tell(what);
		out = fopen(SEGMENT, "w");
		for (size_t i = 0; out && i < count; i++)
			(void)fprintf(out, "%s\n", lines[i]);
		if (!out || fclose(out))
			die(SEGMENT);
		(void)rename("/lie", "/lied");
	}
	(void)sigwait(&wanted, &got);
	return 0;
}
