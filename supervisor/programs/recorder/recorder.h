#ifndef RECORDER_RECORDER_H
#define RECORDER_RECORDER_H

#include <sys/types.h>

#include "audit/monitor.h"
#include "ipc/channel.h"
#include "ipc/ring.h"
#include "programs/recorder/store.h"

#define RINGS 3

/* What the recorder notes in the read index of init's ring, which outlives it. */
enum note { NOTE_SN, NOTE_SHIPPER_SN, NOTE_HELD, NOTE_FLOOR };

/* One producer: its ring, and the end of its doorbell. */
struct producer {
	struct recorder *recorder;
	struct ring_consumer ring;
	struct watch bell;
	enum spool_origin origin;
	uint64_t known_sn; /* already in the spool: the recorder was killed between write and
			      release */
};

/* Lines per second with a reserve, in thousandths of a line. */
struct bucket {
	int64_t tokens;
	uint64_t filled_ms;
	uint32_t rate;
	uint32_t burst;
};
void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ms);
bool bucket_take(struct bucket *b, uint64_t now_ms); /* false: empty */

/*
 * Take one even if that makes a debt. Returns the milliseconds until the debt is paid, 0: none.
 */
uint64_t bucket_owe(struct bucket *b, uint64_t now_ms);

/* One output pipe. */
struct source {
	struct source *next;
	struct recorder *recorder;
	struct service *service;
	struct watch watch;
	struct timer timer; /* overflow=block: when to read on; overflow=drop: when to tell what was
			       dropped */
	int fd;
	uint64_t inode; /* of the pipe: the launcher repeats M_OUTPUT after its restart */
	uint32_t stream;
	uint8_t overflow;
	struct bucket bucket;
	uint64_t dropped_lines;
	uint64_t dropped_bytes;
	char *partial; /* OUTPUT_LINE_MAX bytes while a line is unfinished, else NULL */
	size_t partial_size;
	uint64_t part; /* of a line longer than OUTPUT_LINE_MAX; 0: a whole line */
};

/* Which of the kernel's audit events were seen. */
struct kernel_serials {
	uint64_t last;
	uint64_t greatest;
	uint64_t missing; /* below greatest, not counted as lost */
	bool overran;     /* the queue was full once */
};

struct recorder {
	struct loop loop;
	struct store store;
	struct producer producers[RINGS];
	struct timer look_timer; /* armed in a flood and when a doorbell is dead */
	bool bell_lost;
	struct source *sources;
	struct channel launcher;
	struct channel shipper;
	struct watch launcher_watch;
	struct watch shipper_watch;
	struct watch signal_watch;
	struct watch kernel_watch;
	struct watch clock_watch;
	int kernel_fd;
	struct bucket kernel_bucket;
	uint64_t kernel_dropped;
	struct kernel_serials kernel_serials;
	struct bucket shipper_bucket; /* what the shipper may cause to be written */
	struct bucket resend_bucket;
	bool resend_due;            /* the cursor went back and the shipper does not know */
	uint64_t unrecorded;        /* refused messages of the shipper */
	struct timer refused_timer; /* armed while there are any */
	struct timer notify_timer;  /* armed while the shipper is to be told of what was written */
	uint64_t notified_ms;
	uint32_t generation;
	struct monitor_rules rules;
	struct message_context context; /* the last that the launcher told */
};

/* rings.c */
int producer_open(struct recorder *r, unsigned int index, int ring_fd, int cursor_fd, int bell_fd);
void producer_drain_all(struct recorder *r); /* and write out */
void producer_release_all(struct recorder *r);

/* device_log.c: one message of syslog(3) or of RFC 5424, of a service that may write anything. */
struct device_log {
	unsigned int facility; /* 1..23: kern is the kernel's */
	unsigned int severity;
	const char *tag; /* what it calls itself; not terminated */
	size_t tag_size;
	const char *text;
	size_t text_size;
};
void device_log_parse(const char *bytes, size_t size, struct device_log *message);
ssize_t device_log_read(struct source *s); /* one message: its size, -errno */

/* output.c */
/* May one more be kept? Counts it as dropped when not. */
bool output_admit(struct source *s, size_t size);
int output_add(struct recorder *r, const struct message_output *message, int *pipe_fd,
	       struct err *err);
void output_drain_all(struct recorder *r); /* what lies in the pipes at the end */

/* kernel.c */
int kernel_bind(struct recorder *r, int *netlink_fd);

/*
 * Names of system calls in the order of their numbers, each with its terminator, empty where there
 * is none; made by programs/filtergen for the one architecture of the build.
 */
extern const char syscall_names[];
extern const unsigned int syscall_name_count;
extern const uint32_t syscall_arch; /* AUDIT_ARCH_* */

/* syscall.c: the number after @key in an audit record, 0 when there is none. The kernel writes
 * names that others chose in quotes or as hex, so none can contain a blank and imitate a key. */
uint64_t audit_number(const char *text, const char *key);

/* The call of an audit record: its name; its number when it has none, with the architecture when
 * that is a foreign one. */
void syscall_describe(const char *text, char *to, size_t size);

/*
 * apparmor.c: what AppArmor refused. Its records name the uid for files only; a mount, a
 * capability, a family of sockets, a signal has none.
 */
#define APPARMOR_NO_UID 4294967295u
struct apparmor_denial {
	uint64_t uid;
	uint64_t pid;
	char operation[24]; /* "open", "mount" */
	char profile[64];
	char name[256]; /* the path, capability or family */
	char mask[24];  /* "r", "wc"; "trace" */
};
/* 0, or -ENOENT when @text, an AUDIT_AVC record, is no denial of AppArmor. */
int apparmor_parse(const char *text, struct apparmor_denial *d);

/* monitor.c: is this record an alarm? */
void monitor_look(struct store *store, const struct audit_decoded *record);

/* peers.c */
int peers_open(struct recorder *r);
void peers_notify(struct recorder *r, bool hurry);

#endif
