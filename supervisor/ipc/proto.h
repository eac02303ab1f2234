#ifndef IPC_PROTO_H
#define IPC_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "ipc/checks.h"
#include "ipc/delivery.h"
#include "ipc/images.h"

/*
 * Every message between the programs of Bartizan. SOCK_SEQPACKET, one fixed-size struct each,
 * native byte order (one machine, one build). messages.def holds one row per message: who sends it,
 * who takes it, its exact size, how many descriptors of which kinds. ipc_receive() refuses whatever
 * does not match its row, and closes every descriptor that came with it.
 */

enum peer {
	PEER_INIT,
	PEER_LAUNCHER,
	PEER_SUPERVISOR,
	PEER_VERIFY,
	PEER_COMPILE,
	PEER_RECORDER,
	PEER_SHIPPER,
	PEER_CONTROL, /* the command line, over the control socket */
	PEER_COUNT
};

/* What init restarts, in start order. */
enum helper {
	HELPER_LAUNCHER,
	HELPER_RECORDER,
	HELPER_SHIPPER,
	HELPER_SUPERVISOR,
	HELPER_CONSOLE,
	HELPER_VERIFY,
	HELPER_COMPILE,
	HELPER_COUNT
};

/*
 * A subject says whose process, descriptor or record something is: a service by its slot, the
 * health probe of a service, its parked next life, or a helper. Slots are given once per name by
 * the launcher (state/ids) and are below CONFIG_SERVICES_MAX.
 */
#define SUBJECT_STANDBY             0x2000u
#define SUBJECT_PROBE               0x4000u
#define SUBJECT_HELPER              0x8000u
#define SUBJECT_KIND(subject)       ((subject)&0xe000u)
#define SUBJECT_SLOT(subject)       ((uint16_t)((subject)&0x1fffu))
#define SUBJECT_OF_SERVICE(slot)    ((uint16_t)(slot))
#define SUBJECT_OF_STANDBY(slot)    ((uint16_t)(SUBJECT_STANDBY | (slot)))
#define SUBJECT_OF_PROBE(slot)      ((uint16_t)(SUBJECT_PROBE | (slot)))
#define SUBJECT_OF_HELPER(helper)   ((uint16_t)(SUBJECT_HELPER | (helper)))
#define SUBJECT_IS_HELPER(subject)  (((subject)&SUBJECT_HELPER) != 0)
#define SUBJECT_IS_PROBE(subject)   (SUBJECT_KIND(subject) == SUBJECT_PROBE)
#define SUBJECT_IS_STANDBY(subject) (SUBJECT_KIND(subject) == SUBJECT_STANDBY)
#define SUBJECT_NONE                0xffffu

/* What init keeps for others and never reads, writes or maps; one fd per (subject, kind). */
enum store_kind {
	STORE_PIDFD,
	STORE_STDOUT, /* read end */
	STORE_STDERR, /* read end */
	STORE_CGROUP, /* directory of the subject's cgroup (the persistent parent) */
	STORE_USERNS,
	STORE_NETNS,
	STORE_TEMPLATE, /* detached mount of the verified image */
	STORE_POLICY,   /* sealed memfd: struct policy, or struct device_policy for SUBJECT_NONE */
	STORE_FILTER,   /* sealed memfd: struct seccomp_filter */
	STORE_RECORD,   /* sealed memfd: the launcher's notes on an image; NONE: struct trusted */
	STORE_LINK,     /* the launcher's end of its socket to a helper */
	STORE_LISTENER, /* control socket */
	STORE_AUDIT_NETLINK,
	STORE_MOUNTS,          /* mount namespace that every life copies */
	STORE_SECRETS,         /* writable mount of /run/secrets, to be wiped */
	STORE_STANDBY_SECRETS, /* that of a parked life */
	STORE_READY,           /* where the service says that it is ready */
	STORE_PROC,            /* procfs for the sysctls of its namespaces */
	STORE_DEVICE_LOG,      /* our end of its /dev/log */
	STORE_WATCH,           /* fanotify group */
	STORE_KIND_COUNT
};

enum power { POWER_OFF, POWER_REBOOT, POWER_HALT, POWER_COUNT };
enum stream { STREAM_STDOUT, STREAM_STDERR, STREAM_PROBE, STREAM_DEVICE_LOG, STREAM_COUNT };
enum bound_kind { BOUND_AUDIT_NETLINK, BOUND_COUNT };

enum message_type {
	/* init -> launcher */
	M_STORED = 1, /* one stored fd, at each launcher start */
	M_LIVE,       /* one child that is alive, at each launcher start */
	M_STORED_END,
	M_CHILD_ACK, /* the child of M_CHILD is in init's table: it may go on */
	M_HELPER,    /* start shipper, console */
	M_HELPER_SUPERVISOR,
	M_HELPER_RECORDER,
	/* launcher -> init */
	M_STORE,
	M_DROP,
	M_CHILD,
	M_LAUNCHER_READY, /* policies compiled, stored descriptors taken over: start helpers */
	M_HELPER_FAILED,
	M_STARTED, /* the service of this subject and generation has executed its program */
	/* init -> supervisor */
	M_EXITED, /* repeated until acknowledged */
	M_HELPER_DIED,
	M_LAUNCHER_UP,
	M_ALIVE, /* one service that is alive, at each supervisor start */
	M_ALIVE_END,
	M_SHUTDOWN, /* init was told (ctrl-alt-del, SIGTERM, SIGINT, power key): stop the services,
		       answer M_POWER */
	/* supervisor -> init */
	M_ACK,
	M_SIGNAL,
	M_POWER,
	M_CLOCK,
	/* supervisor -> launcher */
	M_ADMIT, /* verify, map and compile the image of this name */
	M_START,
	M_PROBE,   /* run the service's health_cmd in its namespaces */
	M_RELEASE, /* the service is dead: remove its leaf cgroup and pipes, keep what is pooled */
	/* launcher -> supervisor */
	M_NAMED, /* one name of the device policy, or an image that it does not name (refused) */
	M_NAMED_END,
	M_ADMITTED,
	M_RUNNING,
	M_PROBING,
	M_DONE, /* the end of any request; err.code 0 = success */
	/* launcher -> recorder */
	M_OUTPUT,
	M_BOUND,
	M_LINK_SHIPPER, /* the recorder's end of a new socket to the shipper */
	/* launcher <-> shipper */
	M_LINK_RECORDER,
	M_DIAL,
	M_DIALED,
	M_DIAL_FAILED,
	/* shipper -> recorder */
	M_SHIPPED,
	/* launcher <-> verify */
	M_VERIFY,
	M_VERDICT,
	M_VERIFY_REFUSED,
	M_CHECK_FS,
	M_FS_OK,
	/* launcher <-> compile */
	M_COMPILE_SERVICE,
	M_COMPILE_DEVICE,
	M_COMPILED_SERVICE,
	M_COMPILED_DEVICE,
	M_COMPILE_REFUSED,
	/* control */
	M_CONTROL,
	M_ROW_SERVICE,
	M_ROW_TEXT,
	M_END,
	/* recorder <-> shipper */
	M_RESEND,    /* from the supervisor on: send what follows n once more */
	M_SPOOLED,   /* there is something new in the spool; request 1: urgent */
	M_COLLECTOR, /* the state of the session with the collector changed */
	/* the command line -> launcher */
	M_SECRET_ADD, /* + the value */
	M_SECRET_RM,
	M_SECRET_LS,
	M_TRUST_SHOW,
	M_TRUST_INSTALL, /* + the bundle's file */
	/* launcher <-> compile */
	M_COMPILE_TRUST,
	M_COMPILED_TRUST,
	/* supervisor -> launcher */
	M_PARK, /* hold the life of this generation ready, proven and before its exec; 0: none any
		   more */
	/* launcher -> init */
	M_PROMOTE,   /* the parked life of this generation is the service's now: its gate opens */
	M_READINESS, /* launcher -> supervisor: where this life says that it is ready */
	M_VITAL,     /* supervisor -> init: are all critical services well? */
	/* the command line <-> launcher */
	M_CHECK,     /* how the sandbox of a service is now, or of all that run */
	M_ROW_CHECK, /* the answer, one protection each */
	M_HOLD,      /* freeze, isolate or let go */
	M_RECORD,    /* let the next life of a service run under a filter that records */
	/* launcher -> supervisor */
	M_HELD, /* how a service is held now; kind: enum hold */
	/* supervisor -> launcher */
	M_HEALTHY, /* the service of this generation passed its health check */
	M_GAVE_UP, /* its restart ladder is at its end: go back to the version before, if it is on
		      trial */
	/* launcher -> supervisor */
	M_RENEW, /* another version of this service is to run: stop it and begin anew */
	/* the command line -> launcher */
	M_IMAGE,         /* verbs that need no stream */
	M_IMAGE_INSTALL, /* + read end of a pipe */
	M_IMAGE_SENT,    /* all of it is in the pipe */
	/* launcher -> the command line */
	M_IMAGE_PROGRESS,
	M_ROW_IMAGE,
	/* launcher <-> verify */
	M_CHECK_ALL,    /* read every block through dm-verity */
	M_APPLY,        /* make an image from a block file and the old image */
	M_CHECKED,      /* so many bytes are good; all of them: the end */
	M_CONTEXT,      /* launcher -> recorder: what lines carry, before M_OUTPUT */
	M_DEVICE_LOG,   /* launcher -> recorder: as M_OUTPUT, + its /dev/log */
	M_MONITOR,      /* recorder -> launcher: a rule that acts; kind: which of the device's */
	M_MONITOR_STOP, /* launcher -> supervisor: stop this service for good */
	M_CERTIFICATE,  /* shipper -> recorder: one of a session is new, or ends soon */
	M_COUNT
};

/* Messages that are only a head: STORED_END CHILD_ACK LAUNCHER_READY LAUNCHER_UP ALIVE ALIVE_END
 * LIVE ACK NAMED_END HELPER* (subject says which helper) START PROBE LINK_* DIALED SPOOLED STARTED
 * PARK COMPILED_TRUST TRUST_* PROMOTE HEALTHY GAVE_UP RENEW MONITOR_STOP. */
struct message_plain {
	struct message_head head;
};

struct message_kind { /* STORED STORE DROP BOUND SHUTDOWN POWER READINESS VITAL HELD */
	struct message_head head;
	uint32_t kind; /* enum store_kind (STORE_KIND_COUNT in DROP = all of the subject),
			  bound_kind, power, policy_ready or hold; VITAL: 1 = feed the watchdog */
};

struct message_child { /* + pidfd */
	struct message_head head;
	int32_t pid; /* in init's pid namespace */
	uint32_t uid;
	uint32_t stop_ms; /* stop_timeout of a service */
	char name[NAME_SIZE];
	char cgroup[96]; /* below /sys/fs/cgroup/bartizan, e.g. "services/web/3": where init writes
			    cgroup.kill */
};

struct message_exited { /* EXITED (services and probes) and HELPER_DIED */
	struct message_head head;
	int32_t code;    /* si_code: CLD_EXITED, CLD_KILLED, CLD_DUMPED */
	int32_t status;  /* exit status or signal */
	uint32_t unborn; /* 1: a service that had not executed its program */
	uint64_t user_us;
	uint64_t system_us;
	uint64_t peak_kib;
};

struct message_signal {
	struct message_head head;
	uint32_t signal; /* SIGTERM SIGHUP SIGINT SIGUSR1 SIGUSR2 SIGQUIT: pidfd; SIGKILL:
			    cgroup.kill of the leaf */
};

struct message_clock {
	struct message_head head;
	int64_t realtime_ns;
};

struct message_name { /* ADMIT (name), NAMED (name, why = refused at once) */
	struct message_head head;
	char name[NAME_SIZE];
	uint8_t autostart;
	uint8_t critical; /* NAMED */
	struct err why;   /* NAMED: code 0, or why this image cannot be admitted */
};

struct message_running { /* RUNNING and PROBING + pidfd */
	struct message_head head;
	int32_t pid;
};

struct message_done { /* DONE HELPER_FAILED DIAL_FAILED VERIFY_REFUSED COMPILE_REFUSED */
	struct message_head head;
	char step[24]; /* name of the step that failed, or "" */
	struct err err;
};

struct message_output { /* OUTPUT + read end of a pipe, DEVICE_LOG + socket */
	struct message_head head;
	uint32_t stream; /* enum stream */
	char name[NAME_SIZE];
	uint32_t rate;  /* lines per second */
	uint32_t burst; /* lines */
	uint8_t overflow;
	uint8_t facility;
	uint64_t max_size;
	uint32_t max_file;
	uint8_t local, context; /* 1: not shipped; 1: the M_CONTEXT before it is this service's */
};

struct message_context {
	struct message_head head;
	char text[1024]; /* JSON object of strings: tag, l.LABEL, e.VARIABLE */
};

struct message_verify { /* + image file, + sealed memfd of struct trust_anchors (trust/anchors.h) */
	struct message_head head;
	uint64_t anchors_size; /* bytes of the memfd */
	uint64_t now_s;        /* trusted_now, seconds since 1970 */
	uint8_t arch;          /* enum policy_arch of this device */
	uint8_t check_expiry;
};

/* The verdict of `verify`: trust/verdict.h gives it meaning and validates it. */
#define VERDICT_SIGNERS_MAX 8
struct verdict_signer {
	uint8_t spki[32];
	uint8_t certificate[32];
	uint32_t anchor;  /* index into the anchors that were sent */
	uint32_t expired; /* 1: by the time that was sent, its certificate has expired */
};
struct verdict {
	uint8_t root_hash[32];
	uint8_t salt[32];
	uint32_t salt_size;
	uint32_t arch;
	uint64_t data_offset; /* bytes in the file */
	uint64_t data_blocks; /* of 4096 bytes */
	uint64_t hash_offset; /* bytes in the file, of the verity superblock */
	uint64_t hash_blocks; /* superblock block and tree */
	uint32_t signer_count;
	uint32_t padding;
	struct verdict_signer signers[VERDICT_SIGNERS_MAX];
};

struct message_verdict {
	struct message_head head;
	struct verdict verdict;
};

struct message_check_fs { /* CHECK_FS + the dm node, read-only; FS_OK without fd */
	struct message_head head;
	uint64_t bytes;
};

struct message_compile { /* COMPILE_SERVICE, COMPILE_TRUST + detached mount; COMPILE_DEVICE +
			    supervisor.conf, trust.conf */
	struct message_head head;
	char name[NAME_SIZE];
	uint8_t arch;
};

/* Control verbs: one row each in service/control.c. */
enum verb {
	VERB_PS,
	VERB_STATUS,
	VERB_START,
	VERB_STOP,
	VERB_RESTART,
	VERB_INSPECT,
	VERB_HELPERS,
	VERB_POWEROFF,
	VERB_REBOOT,
	VERB_RESEND,
	VERB_COUNT
};

struct message_control {
	struct message_head head;
	uint32_t verb; /* enum verb */
	char name[NAME_SIZE];
	uint64_t number; /* RESEND: the first record; else 0 */
};

struct message_secret { /* SECRET_ADD + sealed memfd; SECRET_RM; SECRET_LS without name */
	struct message_head head;
	char service[NAME_SIZE];
	char name[NAME_SIZE];
};

/* Reply rows. States as the words of service/state.h. */
struct message_row_service {
	struct message_head head;
	char name[NAME_SIZE];
	char version[NAME_SIZE];
	char state[16];
	char health[16];
	int32_t pid; /* 0 when it does not run */
	uint32_t uid;
	uint32_t restarts;
	uint32_t epoch;
	int32_t exit_code; /* last exit: si_code and status as in message_exited */
	int32_t exit_status;
	uint64_t since_ms; /* CLOCK_MONOTONIC of the last state change */
	uint8_t root_hash[32];
	struct err why; /* refused, failed: the reason */
};

struct message_row_text { /* inspect: key and value; lines of start/stop progress */
	struct message_head head;
	char key[48];
	char value[256];
};

struct message_end {
	struct message_head head;
	int32_t exit; /* exit code of the command line, services.md */
	struct err err;
};

union message {
	struct message_head head;
	struct message_plain plain;
	struct message_kind kind;
	struct message_child child;
	struct message_exited exited;
	struct message_signal signal;
	struct message_clock clock;
	struct message_name name;
	struct message_admitted admitted;
	struct message_running running;
	struct message_done done;
	struct message_output output;
	struct message_context context;
	struct message_shipped shipped;
	struct message_collector collector;
	struct message_certificate certificate;
	struct message_verify verify;
	struct message_verdict verdict;
	struct message_check_fs check_fs;
	struct message_compile compile;
	struct message_control control;
	struct message_secret secret;
	struct message_check check;
	struct message_hold hold;
	struct message_record record;
	struct message_row_check row_check;
	struct message_row_service row_service;
	struct message_row_text row_text;
	struct message_end end;
	struct message_release release;
	struct message_image image;
	struct message_image_install image_install;
	struct message_image_sent image_sent;
	struct message_image_progress image_progress;
	struct message_row_image row_image;
	struct message_checked checked;
};

enum fd_kind {
	FD_NONE,
	FD_ANY,      /* init's store: kept, never looked at */
	FD_SOCKET,   /* AF_UNIX SOCK_SEQPACKET */
	FD_DOORBELL, /* AF_UNIX SOCK_DGRAM */
	FD_TCP,      /* AF_INET/AF_INET6 SOCK_STREAM */
	FD_NETLINK,
	FD_LISTENER, /* AF_UNIX SOCK_SEQPACKET, listening */
	FD_SEALED,   /* memfd with the four seals */
	FD_MEMORY,   /* memfd sealed SHRINK|GROW|SEAL: ring, state */
	FD_PIPE,
	FD_PIDFD,
	FD_FILE,   /* regular file, not open for writing */
	FD_OUTPUT, /* regular file, open for writing only */
	FD_BLOCK,  /* block device, not open for writing */
	FD_MOUNT,  /* directory opened O_PATH: root of a detached mount */
	FD_KIND_COUNT
};

#define IPC_FDS_MAX 10

/* One row of messages.def. */
struct message_def {
	uint8_t type;     /* enum message_type */
	uint8_t from : 4; /* enum peer */
	uint8_t to : 4;
	uint16_t size;
	uint16_t fds[3]; /* ask message_fd() */
};

/* The row of a message that @from may send to @to, or NULL. Some types have a row per direction. */
const struct message_def *message_find(uint16_t type, enum peer from, enum peer to);
/* How many descriptors it brings, and of which kind number @index is: FD_NONE beyond them. */
unsigned int message_fd_count(const struct message_def *def);
enum fd_kind message_fd(const struct message_def *def, unsigned int index);
const char *message_name(uint16_t type); /* without M_; "?" when unknown */
const char *peer_name(enum peer peer);
const char *hold_name(enum hold hold);       /* "frozen"; "" for HOLD_NONE, "?" when unknown */
const char *helper_name(enum helper helper); /* also the program's file name */

#endif
