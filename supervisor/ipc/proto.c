#include "ipc/proto.h"

#include <string.h>

/* clang-format off */
/* Four bits for each kind of descriptor; what a row does not name is FD_NONE. */
#define FDS(a, b, c, d, e, f, g, h, i, j, ...) \
	{(a) | (b) << 4 | (c) << 8 | (d) << 12, (e) | (f) << 4 | (g) << 8 | (h) << 12, (i) | (j) << 4}
_Static_assert(FD_KIND_COUNT <= 16 && IPC_FDS_MAX == 10 && PEER_COUNT <= 16 && M_COUNT <= 256, "fields of a row");

static const struct message_def messages[] = {
#define ROW(type, from, to, size, count, ...) \
	{M_##type, PEER_##from, PEER_##to, (uint16_t)(size), FDS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
#include "ipc/messages.def"
};

/* In the order of the rows. */
static const char message_names[] =
#define ROW(type, ...) #type "\0"
#include "ipc/messages.def"
;

/* The count is there for whoever reads a row; it must be that of the kinds. */
#define ROW(type, from, to, size, count, ...) \
	_Static_assert((count) == 0 || sizeof((char[]){__VA_ARGS__}) == (count), "descriptors of M_" #type);
#include "ipc/messages.def"
/* clang-format on */

const struct message_def *message_find(uint16_t type, enum peer from, enum peer to)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].type == type && messages[i].from == from && messages[i].to == to)
			return &messages[i];
	return NULL;
}

unsigned int message_fd_count(const struct message_def *def)
{
	unsigned int count = 0;

	while (count < IPC_FDS_MAX && message_fd(def, count) != FD_NONE)
		count++;
	return count;
}

enum fd_kind message_fd(const struct message_def *def, unsigned int index)
{
	return (enum fd_kind)(def->fds[index / 4] >> index % 4 * 4 & 15);
}

const char *message_name(uint16_t type)
{
	const char *name = message_names;

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++, name += strlen(name) + 1)
		if (messages[i].type == type)
			return name;
	return "?";
}

const char *peer_name(enum peer peer)
{
	static const char *const names[] = {"init",    "launcher", "supervisor", "verify",
					    "compile", "recorder", "shipper",    "control"};

	_Static_assert(ARRAY_SIZE(names) == PEER_COUNT, "one name per peer");
	return (unsigned int)peer < PEER_COUNT ? names[peer] : "?";
}

const char *hold_name(enum hold hold)
{
	static const char *const names[] = {"", "frozen", "isolated"};

	_Static_assert(ARRAY_SIZE(names) == HOLD_COUNT, "one name per hold");
	return (unsigned int)hold < HOLD_COUNT ? names[hold] : "?";
}

const char *helper_name(enum helper helper)
{
	static const char *const names[] = {"launcher", "recorder", "shipper", "supervisor",
					    "console",  "verify",   "compile"};

	_Static_assert(ARRAY_SIZE(names) == HELPER_COUNT, "one name per helper");
	return (unsigned int)helper < HELPER_COUNT ? names[helper] : "?";
}
