#ifndef LAUNCHER_LAUNCHER_H
#define LAUNCHER_LAUNCHER_H

#include "audit/refusals.h"
#include "event/loop.h"
#include "generated/autoconf.h"
#include "ipc/channel.h"
#include "policy/policy.h"
#include "policy/trust_policy.h"
#include "programs/launcher/ids.h"
#include "programs/launcher/limits.h"
#include "programs/launcher/rollbacks.h"
#include "sandbox/child.h"
#include "trust/floors.h"

/* The only code between init and a service. One instance, one thread, no waiting without deadline:
 * see README.md for the order of things. */

#define PROGRAMS     "/usr/lib/bartizan/"
#define CONF_DIR     "/etc/bartizan"
#define CONTROL_PATH "/run/bartizan/control"
#define DESK_PATH    "/run/bartizan/launcher"
#define IMAGES_PATH  "/run/bartizan/images"

/* How long a helper, a child or init may take to answer; then the request is refused. */
#define ANSWER_MS 10000
#define READY_MS  10000

#define NODE_SIZE     32
#define MAP_NAME_SIZE 96

/*
 * What is known of an admitted image besides its policy. Kept in init's store (STORE_RECORD), so
 * the next launcher goes on where this one stopped.
 */
#define NOTE_MAGIC 0x424e4f33u /* "BNO3" */
struct note {
	uint32_t magic;
	uint32_t size;
	char name[NAME_SIZE];
	char node[NODE_SIZE];         /* "/dev/dm-3" */
	char map_name[MAP_NAME_SIZE]; /* of the dm device: by root hash */
	uint8_t root_hash[32];
	uint32_t epoch;
	uint32_t uid;
	uint32_t gid;
	uint32_t generation; /* of the last life that was begun or parked: never a second time */
	uint64_t counted[LIMIT_COUNT];     /* by the kernel before this life, limits.c */
	uint64_t limits_told[LIMIT_COUNT]; /* counts of this life whose LIMIT record is out */
	uint64_t file_device; /* which file it was, so that a replaced one is verified anew */
	uint64_t file_inode;
	int64_t file_changed_ns; /* st_ctim */
	uint32_t trust_version;  /* under which it was judged: a newer one judges anew */
	uint32_t trial;          /* 1: this version is not confirmed */
	uint32_t healthy;        /* generation that passed its health check; 0: none */
	uint32_t recording;      /* 1: this life has a filter that records, recording.c */
	uint32_t verify_us;      /* what its admission took, as in IMAGE_VERIFIED */
	uint32_t map_us;
};

/* The next life of a service, proven and held before its exec; gone with this launcher. */
struct standby {
	uint32_t generation; /* 0: none */
	struct child child;
	int output_fd[2]; /* read ends */
	int secrets_fd;
};

/* How a life ended, as the supervisor tells it: words for a rollback, nothing is decided by it. */
struct ended {
	uint32_t generation;
	int32_t code;
	int32_t status;
	char why[120];
};

/* recording.c; that a life is recorded stands in its note. */
struct recording {
	bool wanted; /* the next life shall be */
	bool over;   /* the supervisor was asked to end this one */
	uint32_t seconds;
	struct timer end;
};

/* One row per slot of the ids file; a service of the device policy has a name here. */
struct service {
	char name[NAME_SIZE]; /* empty: no such service */
	uint16_t slot;
	uint32_t uid; /* its automatic one */
	bool autostart;
	bool critical;
	bool admitted;
	struct note note;
	struct policy policy; /* valid while admitted */
	int policy_fd;        /* sealed, as `compile` made it */
	int filter_fd;
	int template_fd; /* detached mount of the image */
	int userns_fd;
	struct pool pool;
	bool proven; /* its last start went well, so what is prepared is good and its filter bites
		      */
	int output_fd[2];    /* read ends of stdout, stderr */
	int ready_fd;        /* where it says that it is ready; -1: nobody is to hear it */
	int log_fd;          /* our end of its /dev/log; -1: it has none */
	int secrets_fd;      /* writable mount of its /run/secrets, to wipe it; -1: none */
	int pidfd;           /* of @generation */
	uint32_t generation; /* of the last start; 0: none */
	uint32_t begun;      /* the highest number of a life, parked ones too */
	struct standby standby;
	dev_t image_device;      /* of the files of its image */
	uint64_t watched_s;      /* in this second ... */
	uint32_t watched;        /* ... so much was seen of it (watch.c) */
	uint32_t device_program; /* the kernel's number of its filter of devices; 0: none */
	struct timer confirm;    /* then its version is good, and its epoch becomes the floor */
	struct timer renew; /* armed: the supervisor is to hear that another version runs now */
	struct ended ended;
	struct recording recording;
	bool damaged; /* dm-verity has met a wrong block of what is mapped; known already */
	struct limit_watch limits;
};

struct link {
	struct channel channel;
	struct watch watch;
	struct refusals refusals;
	struct timer refused; /* armed while some are unrecorded */
};

struct launcher {
	struct loop loop;
	uint32_t generation;
	char locked[80];  /* why no service may start; empty: they may */
	bool boot_locked; /* init says so: the kernel may lack what the board declares */
	char boot_id[17];
	enum policy_arch arch; /* of this device */

	struct link init;
	struct link supervisor;
	struct link recorder;
	struct link shipper;

	int proc_fd;   /* private procfs */
	int state_fd;  /* /state */
	int images_fd; /* /state/images */
	int conf_fd;   /* /etc/bartizan */
	int null_fd;
	int control_fd; /* listener */
	int desk_fd;    /* listener of our own */
	int update_fd;  /* another one, for images */
	int limits_fd;  /* inotify */
	int watch_fd;   /* fanotify; -1: none */
	int audit_fd;   /* NETLINK_AUDIT, AUDIT_NLGRP_READLOG; -1: the kernel has none */

	bool policies; /* the four below are valid */
	struct device_policy device;
	struct trust_policy trust;
	int device_fd;
	int anchors_fd;
	uint32_t anchor_count;
	uint64_t trust_since_s; /* CLOCK_BOOTTIME since which @trust is in force, at the latest */

	struct ids ids;
	struct floors floors;
	struct rollbacks rollbacks;
	struct service services[CONFIG_SERVICES_MAX];
};

extern struct launcher launcher;

/* main.c */
struct service *launcher_find(const char *name);    /* NULL: no such service */
struct service *launcher_service(uint16_t subject); /* NULL: no service of the device policy */
/* Console line and audit record of a refused image. */
void launcher_refuse_image(const char *name, const struct err *err);

/* init_link.c */
int init_link_open(int fd);
/* Waits for room; ends the process when init does not take it: init never is that slow. */
void init_send(const void *message, const int *fds, int fd_count);
void init_store(uint16_t subject, enum store_kind kind, int fd); /* fd stays the caller's */
void init_drop(uint16_t subject, enum store_kind kind);          /* STORE_KIND_COUNT: all */
/* Announce @child and wait until init has its row: only then it may be released. */
int init_announce(const struct plan *plan, const struct child *child, struct err *err);
/* It has executed its program: init looks for itself and writes the START record. */
void init_started(uint16_t subject, uint32_t generation);
/* The parked life becomes the service's: not waited for, init kills one that cannot be. */
void init_promote(uint16_t subject, uint32_t generation);
/* The next message, whatever it is: for the greeting, before the loop runs. */
int init_receive(struct received *received, struct err *err);
void init_run_pending(void);

/* restore.c: take over what init kept. */
int restore_run(struct err *err);
void restore_policies(void);
void restore_services(void); /* after the names of the device policy have their slots */
void restore_links(void);

/* policies.c */
void policies_open(void);
int policies_adopt(int device_fd, int trust_fd, struct err *err);

/* trust.c: which trust policy is in force. */
#define TRUST_BUNDLE_MAX (4u << 20)
int trust_firmware(const struct trust_policy *policy, struct err *err);
int trust_take_over(int fd, struct err *err); /* what the launcher before this one kept */
void trust_follow(void);                      /* the stored bundles, as far as they are valid */
/* A bundle on @from_fd: stored and in force, or refused (audited) and nothing has changed. */
int trust_install(int from_fd, struct err *err);

/* auditor.c: the key of [audit] below @directory; refused when the trail is to be sealed and there
 * is none. */
int auditor_load(const struct device_policy *device, int directory, struct err *err);
/* What the recorder is told: firmware, trust version, command line, auditor. Static memory. */
void auditor_arguments(char *argv[4]);

/* process.c: start any process by its plan. @step gets the name of the row that failed. */
int process_start(struct plan *plan, struct child *child, char step[24], struct err *err);
/* The same up to the closed gate: proven, attested, not executed. */
int process_park(struct plan *plan, struct child *child, char step[24], struct err *err);
int process_execute(struct child *child, char step[24], struct err *err);
void process_defaults(struct plan *plan);
void process_close_mounts(struct plan *plan);
void process_sweep(const char *cgroup); /* remove the empty leaves below it */

/* helpers.c */
void helpers_handle(struct received *received); /* M_HELPER* */
struct helper_fds {
	int fds[PLAN_FDS_MAX]; /* become 3, 4, ... */
	unsigned int count;
};
int helpers_start(enum helper which, uint32_t generation, const struct helper_fds *fds,
		  struct child *child, struct err *err);

/* talk.c: one conversation with a fresh `verify` or `compile`. */
struct talk {
	enum helper which;
	struct channel channel;
	struct child child;
};
int talk_open(enum helper which, struct talk *talk, struct err *err);
int talk_send(struct talk *talk, const void *message, const int *fds, int fd_count,
	      struct err *err);
/* The answer of type @wanted; a refusal becomes its own error, everything else and silence too. */
int talk_receive(struct talk *talk, uint16_t wanted, struct received *received, struct err *err);
/* What it said is of the right form and no honest one says it: MESSAGE_REFUSED with @err's text. */
void talk_refuse(const struct talk *talk, const struct err *err);
/* Before talk_close(), of one that is in the middle of something: it ends at once. */
void talk_kill(struct talk *talk);
void talk_close(struct talk *talk);

/* admit.c */
int admit_service(struct service *s, struct err *err);
void admit_forget(struct service *s); /* not admitted any more: unmap, drop what init keeps */

int note_store(const struct service *s, struct err *err); /* to init */

/* map.c */
/* @aside: beside what runs, under a name of its own; what an earlier one left goes. */
int map_image(const struct verdict *verdict, int file_fd, bool aside, struct note *note,
	      struct err *err);
void map_remove(const struct note *note);
/* -EIO when dm-verity met a block that does not match (audited), 0 otherwise. */
int map_check(const struct service *s, struct err *err);
int map_mount(const struct note *note, uint32_t attributes, struct err *err); /* fd or -errno */

/* start.c */
int start_service(struct service *s, uint32_t generation, char step[24], struct err *err);
void start_release(struct service *s); /* it has ended: what was for this life only goes */
bool start_is_alive(const struct service *s);
int start_pid(int pidfd);
int start_plan(struct service *s, struct plan *plan, struct err *err);
/* Everything about the life of number s->begun. */
int start_build(struct service *s, struct plan *plan, bool parked, char step[24], struct err *err);
int start_pipes(int read_fds[2], int write_fds[2], struct err *err);
/* The limits of its cgroup; without memory.high while that is lifted for a life that runs. */
int start_limits(struct service *s, bool memory_high, struct err *err);
int start_conclude(struct service *s, int r, struct err *err); /* a start that ended with @r */
/* As start_plan() and what a start adds to it, of the life that runs now: nothing is made. */
int start_describe(struct service *s, struct plan *plan, struct err *err);
int start_program(int root_fd, const char *path, struct err *err);
int start_mounts(struct service *s, struct plan *plan, struct err *err);
struct plan_mount *start_mount(struct plan *plan, int fd, const char *path, uint32_t attributes,
			       const char *type);

/* standby.c: the next life, parked before its exec. */
int standby_park(struct service *s, uint32_t generation, char step[24], struct err *err);
int standby_start(struct service *s, char step[24], struct err *err);
void standby_drop(struct service *s);           /* it never runs */
void standby_secrets_changed(const char *name); /* drop: it was given the earlier ones */

/* state_dirs.c: the state partition, through no link and no mount. fd or -errno. */
#define SECRETS_DIR "secrets"
int state_open(int dir_fd, const char *name, int flags);
int state_directory(int dir_fd, const char *name, bool make);
int state_place(const char *kind, const char *service, bool make); /* KIND/SERVICE */

/* secrets.c: /run/secrets of one life; provision.c: the store. */
int secrets_add(struct service *s, struct plan *plan, struct err *err);
void secrets_wipe(struct service *s, bool parked);
void secrets_overwrite(int dir_fd, const char *name);
void secrets_overwrite_all(int parent_fd, const char *name); /* every file of a directory */
int secrets_copy(int from_fd, int to_fd, uint64_t size);
void provision_secret(struct received *received); /* M_SECRET_* */
void provision_trust(struct received *received);  /* M_TRUST_* */

/* desk.c: the launcher's own socket. Root asks one question, gets rows and an end. -EAGAIN: the
 * client has to read first. */
void desk_open(void);
int desk_send(const void *message);
int desk_end(int exit_code, const struct err *err);
struct ucred;
const struct ucred *desk_peer(void);

/* hold.c: freeze, isolate, let go; read from the kernel and the state partition */
enum hold hold_of(const struct service *s);
int hold_check_start(const struct service *s, struct err *err); /* -EACCES: it is isolated */
void hold_tell(const struct service *s);                        /* M_HELD */
void hold_handle(struct received *received);                    /* M_HOLD */

/* recording.c: seccomp record. */
/* The filter that records instead of the service's own, if this life shall have it. */
int recording_plan(struct service *s, struct plan *plan, struct err *err);
void recording_begin(struct service *s,
		     bool runs);                  /* the start is over; the note is stored later */
void recording_end(struct service *s);            /* this life has ended */
void recording_restore(struct service *s);        /* of a life that another launcher began */
void recording_handle(struct received *received); /* M_RECORD */

/* report.c: M_CHECK; more until it returns something else than -EAGAIN */
void report_handle(struct received *received);
int report_more(void);

/* damage.c: wrong blocks while services run */
void damage_open(void);
void damage_look(void);

/* watch.c: which programs services run, which files with passwords they open */
void watch_open(void);
void watch_image(struct service *s);          /* it is admitted */
void watch_outside(int directory_fd);         /* a file system that no program may come from */
void watch_act(const struct message_kind *m); /* M_MONITOR */

/* pressure.c: what tasks of the whole device stand still for */
void pressure_open(void);

/* update.c: the socket over which root installs images and chooses among them. */
void update_open(void);

/* volumes.c: the directories of the state partition that the service has. */
int volumes_add(const struct service *s, struct plan *plan, struct err *err);

/* parts.c: /dev/shm, one attribute of /sys, the ways to say "ready" */
int parts_add(struct service *s, struct plan *plan, struct err *err);
void parts_close(struct plan *plan);
void parts_forget_ready(struct service *s);

/* context.c: M_CONTEXT for a service whose lines carry more than its name. False: there is none. */
bool context_send(const struct service *s);

/* prepared.c: what every life of a service shares; made at the first start, kept by init. */
int prepared_user(struct service *s, struct plan *plan, struct err *err);
int prepared_root(struct service *s, struct plan *plan, struct err *err);
void prepared_drop(struct service *s);

/* walls.c: does the board declare what the service asks of Landlock and AppArmor? */
int walls_check(const struct policy *p, struct err *err);
const char *walls_profile(const struct policy *p); /* of AppArmor; NULL: the board has none */

/* devices.c: the nodes that the service file names; -ENOENT when there is no such device here */
int devices_find(const struct policy *policy, struct plan *plan, struct err *err);

/* limits.c: LIMIT records as limits are hit; memory.high makes room for memory.max. */
int limits_open(const char *directory, struct err *err); /* of the services' cgroups */
void limits_begin(struct service *s);  /* a life, in its cgroup; then store its note */
void limits_resume(struct service *s); /* one that another launcher began */
void limits_end(struct service *s);    /* nobody lives there any more */

/* probe.c */
int probe_service(struct service *s, uint32_t request, struct child *child, char step[24],
		  struct err *err);

/* requests.c: the supervisor */
void requests_link(int fd);             /* a new or taken-over link: greets with the names */
void requests_renew(struct service *s); /* after this turn: another version is to run */
void requests_names(bool tell); /* @tell: console and audit of images that no policy names */

/*
 * link.c: to supervisor, recorder, shipper. None of them is ever waited for: what does not fit into
 * a full socket means that the peer does not read; then the link is cut, the peer ends and its
 * successor gets everything anew.
 */
void link_open(struct link *link, enum peer peer, int fd,
	       void (*ready)(struct loop *, struct watch *, uint32_t));
void link_cut(struct link *link);
void link_send(struct link *link, const void *message, const int *fds, int fd_count);
bool link_take(struct link *link, struct received *received); /* false: nothing to handle */
void link_refuse(struct link *link, const char *reason);

/* peers.c: recorder and shipper */
void peers_recorder(int fd, bool fresh);
void peers_shipper(int fd, bool fresh);
void peers_output(struct service *s);

/* confirm.c */
void confirm_begin(struct service *s);
void confirm_end(struct service *s);
void confirm_healthy(struct service *s, uint32_t generation);
/* The version that runs is good from now on, and older epochs are refused. -ESRCH: none runs. */
int confirm_now(struct service *s, const char *how, struct err *err);

#endif
