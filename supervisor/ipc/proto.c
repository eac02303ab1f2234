#include "ipc/proto.h"

/* clang-format off */
static const struct message_def messages[] = {
#define PLAIN sizeof(struct message_plain)
#define KIND sizeof(struct message_kind)
#define ROW(type, from, to, size, count, ...) {type, PEER_##from, PEER_##to, (uint16_t)(size), count, {__VA_ARGS__}, #type}
	ROW(M_STORED, INIT, LAUNCHER, KIND, 1, FD_ANY),
	ROW(M_LIVE, INIT, LAUNCHER, PLAIN, 0, 0),
	ROW(M_STORED_END, INIT, LAUNCHER, PLAIN, 0, 0),
	ROW(M_CHILD_ACK, INIT, LAUNCHER, PLAIN, 0, 0),
	ROW(M_HELPER, INIT, LAUNCHER, PLAIN, 0, 0),
	/* link to init, own audit ring, its read index, doorbell, state */
	ROW(M_HELPER_SUPERVISOR, INIT, LAUNCHER, PLAIN, 5, FD_SOCKET, FD_MEMORY, FD_MEMORY, FD_DOORBELL, FD_MEMORY),
	/* init's, the launcher's and the supervisor's ring (read-only), read index and doorbell */
	ROW(M_HELPER_RECORDER, INIT, LAUNCHER, PLAIN, 9, FD_MEMORY, FD_MEMORY, FD_DOORBELL,
	    FD_MEMORY, FD_MEMORY, FD_DOORBELL, FD_MEMORY, FD_MEMORY, FD_DOORBELL),
	ROW(M_STORE, LAUNCHER, INIT, KIND, 1, FD_ANY),
	ROW(M_DROP, LAUNCHER, INIT, KIND, 0, 0),
	ROW(M_CHILD, LAUNCHER, INIT, sizeof(struct message_child), 1, FD_PIDFD),
	ROW(M_LAUNCHER_READY, LAUNCHER, INIT, PLAIN, 0, 0),
	ROW(M_HELPER_FAILED, LAUNCHER, INIT, sizeof(struct message_done), 0, 0),
	ROW(M_STARTED, LAUNCHER, INIT, PLAIN, 0, 0),
	ROW(M_PROMOTE, LAUNCHER, INIT, PLAIN, 0, 0),
	ROW(M_EXITED, INIT, SUPERVISOR, sizeof(struct message_exited), 0, 0),
	ROW(M_HELPER_DIED, INIT, SUPERVISOR, sizeof(struct message_exited), 0, 0),
	ROW(M_LAUNCHER_UP, INIT, SUPERVISOR, PLAIN, 0, 0),
	ROW(M_ALIVE, INIT, SUPERVISOR, sizeof(struct message_running), 1, FD_PIDFD),
	ROW(M_ALIVE_END, INIT, SUPERVISOR, PLAIN, 0, 0),
	ROW(M_SHUTDOWN, INIT, SUPERVISOR, KIND, 0, 0),
	ROW(M_ACK, SUPERVISOR, INIT, PLAIN, 0, 0),
	ROW(M_SIGNAL, SUPERVISOR, INIT, sizeof(struct message_signal), 0, 0),
	ROW(M_POWER, SUPERVISOR, INIT, KIND, 0, 0),
	ROW(M_VITAL, SUPERVISOR, INIT, KIND, 0, 0),
	ROW(M_CLOCK, SUPERVISOR, INIT, sizeof(struct message_clock), 0, 0),
	ROW(M_ADMIT, SUPERVISOR, LAUNCHER, sizeof(struct message_name), 0, 0),
	ROW(M_START, SUPERVISOR, LAUNCHER, PLAIN, 0, 0),
	ROW(M_PROBE, SUPERVISOR, LAUNCHER, PLAIN, 0, 0),
	ROW(M_PARK, SUPERVISOR, LAUNCHER, PLAIN, 0, 0),
	ROW(M_RELEASE, SUPERVISOR, LAUNCHER, sizeof(struct message_release), 0, 0),
	ROW(M_NAMED, LAUNCHER, SUPERVISOR, sizeof(struct message_name), 0, 0),
	ROW(M_NAMED_END, LAUNCHER, SUPERVISOR, PLAIN, 0, 0),
	ROW(M_ADMITTED, LAUNCHER, SUPERVISOR, sizeof(struct message_admitted), 1, FD_SEALED),
	ROW(M_RUNNING, LAUNCHER, SUPERVISOR, sizeof(struct message_running), 1, FD_PIDFD),
	ROW(M_READINESS, LAUNCHER, SUPERVISOR, KIND, 1, FD_DOORBELL),
	ROW(M_PROBING, LAUNCHER, SUPERVISOR, sizeof(struct message_running), 1, FD_PIDFD),
	ROW(M_DONE, LAUNCHER, SUPERVISOR, sizeof(struct message_done), 0, 0),
	ROW(M_OUTPUT, LAUNCHER, RECORDER, sizeof(struct message_output), 1, FD_PIPE),
	ROW(M_BOUND, LAUNCHER, RECORDER, KIND, 1, FD_NETLINK),
	ROW(M_LINK_SHIPPER, LAUNCHER, RECORDER, PLAIN, 1, FD_SOCKET),
	ROW(M_LINK_RECORDER, LAUNCHER, SHIPPER, PLAIN, 1, FD_SOCKET),
	ROW(M_DIAL, SHIPPER, LAUNCHER, PLAIN, 0, 0),
	ROW(M_DIALED, LAUNCHER, SHIPPER, PLAIN, 1, FD_TCP),
	ROW(M_DIAL_FAILED, LAUNCHER, SHIPPER, sizeof(struct message_done), 0, 0),
	ROW(M_SHIPPED, SHIPPER, RECORDER, sizeof(struct message_shipped), 0, 0),
	ROW(M_COLLECTOR, SHIPPER, RECORDER, sizeof(struct message_collector), 0, 0),
	ROW(M_SPOOLED, RECORDER, SHIPPER, PLAIN, 0, 0),
	ROW(M_VERIFY, LAUNCHER, VERIFY, sizeof(struct message_verify), 2, FD_FILE, FD_SEALED),
	ROW(M_VERDICT, VERIFY, LAUNCHER, sizeof(struct message_verdict), 0, 0),
	ROW(M_VERIFY_REFUSED, VERIFY, LAUNCHER, sizeof(struct message_done), 0, 0),
	ROW(M_CHECK_FS, LAUNCHER, VERIFY, sizeof(struct message_check_fs), 1, FD_BLOCK),
	ROW(M_FS_OK, VERIFY, LAUNCHER, sizeof(struct message_check_fs), 0, 0),
	ROW(M_COMPILE_SERVICE, LAUNCHER, COMPILE, sizeof(struct message_compile), 1, FD_MOUNT),
	ROW(M_COMPILE_DEVICE, LAUNCHER, COMPILE, sizeof(struct message_compile), 2, FD_FILE, FD_FILE),
	ROW(M_COMPILE_TRUST, LAUNCHER, COMPILE, sizeof(struct message_compile), 1, FD_MOUNT),
	ROW(M_COMPILED_TRUST, COMPILE, LAUNCHER, PLAIN, 1, FD_SEALED),
	ROW(M_COMPILED_SERVICE, COMPILE, LAUNCHER, PLAIN, 2, FD_SEALED, FD_SEALED),
	ROW(M_COMPILED_DEVICE, COMPILE, LAUNCHER, PLAIN, 2, FD_SEALED, FD_SEALED),
	ROW(M_COMPILE_REFUSED, COMPILE, LAUNCHER, sizeof(struct message_done), 0, 0),
	ROW(M_CONTROL, CONTROL, SUPERVISOR, sizeof(struct message_control), 0, 0),
	ROW(M_ROW_SERVICE, SUPERVISOR, CONTROL, sizeof(struct message_row_service), 0, 0),
	ROW(M_ROW_TEXT, SUPERVISOR, CONTROL, sizeof(struct message_row_text), 0, 0),
	ROW(M_END, SUPERVISOR, CONTROL, sizeof(struct message_end), 0, 0),
	ROW(M_RESEND, SUPERVISOR, LAUNCHER, sizeof(struct message_shipped), 0, 0),
	ROW(M_RESEND, LAUNCHER, RECORDER, sizeof(struct message_shipped), 0, 0),
	ROW(M_RESEND, RECORDER, SHIPPER, sizeof(struct message_shipped), 0, 0),
	ROW(M_SECRET_ADD, CONTROL, LAUNCHER, sizeof(struct message_secret), 1, FD_SEALED),
	ROW(M_SECRET_RM, CONTROL, LAUNCHER, sizeof(struct message_secret), 0, 0),
	ROW(M_SECRET_LS, CONTROL, LAUNCHER, sizeof(struct message_secret), 0, 0),
	ROW(M_TRUST_SHOW, CONTROL, LAUNCHER, PLAIN, 0, 0),
	ROW(M_TRUST_INSTALL, CONTROL, LAUNCHER, PLAIN, 1, FD_FILE),
	ROW(M_ROW_TEXT, LAUNCHER, CONTROL, sizeof(struct message_row_text), 0, 0),
	ROW(M_END, LAUNCHER, CONTROL, sizeof(struct message_end), 0, 0),
	ROW(M_CHECK, CONTROL, LAUNCHER, sizeof(struct message_check), 0, 0),
	ROW(M_HOLD, CONTROL, LAUNCHER, sizeof(struct message_hold), 0, 0),
	ROW(M_HELD, LAUNCHER, SUPERVISOR, KIND, 0, 0),
	ROW(M_ROW_CHECK, LAUNCHER, CONTROL, sizeof(struct message_row_check), 0, 0),
	ROW(M_HEALTHY, SUPERVISOR, LAUNCHER, PLAIN, 0, 0),
	ROW(M_GAVE_UP, SUPERVISOR, LAUNCHER, PLAIN, 0, 0),
	ROW(M_RENEW, LAUNCHER, SUPERVISOR, PLAIN, 0, 0),
	ROW(M_IMAGE, CONTROL, LAUNCHER, sizeof(struct message_image), 0, 0),
	ROW(M_IMAGE_INSTALL, CONTROL, LAUNCHER, sizeof(struct message_image_install), 1, FD_PIPE),
	ROW(M_IMAGE_SENT, CONTROL, LAUNCHER, sizeof(struct message_image_sent), 0, 0),
	ROW(M_IMAGE_PROGRESS, LAUNCHER, CONTROL, sizeof(struct message_image_progress), 0, 0),
	ROW(M_ROW_IMAGE, LAUNCHER, CONTROL, sizeof(struct message_row_image), 0, 0),
	ROW(M_CHECK_ALL, LAUNCHER, VERIFY, sizeof(struct message_checked), 1, FD_BLOCK),
	ROW(M_APPLY, LAUNCHER, VERIFY, sizeof(struct message_checked), 3, FD_PIPE, FD_BLOCK, FD_OUTPUT),
	ROW(M_CHECKED, VERIFY, LAUNCHER, sizeof(struct message_checked), 0, 0),
#undef ROW
#undef KIND
#undef PLAIN
};
/* clang-format on */

const struct message_def *message_find(uint16_t type, enum peer from, enum peer to)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].type == type && messages[i].from == from && messages[i].to == to)
			return &messages[i];
	return NULL;
}

const char *message_name(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].type == type)
			return messages[i].name + 2; /* without "M_" */
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
