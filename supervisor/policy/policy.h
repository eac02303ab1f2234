#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/monitor.h"
#include "base/str.h"

/*
 * What a service may do and have. `compile` fills it in from the authenticated service file, seals
 * it into a memfd; the launcher copies it out, validates every field (policy_validate) and compares
 * it with the device policy (policy_check_bounds). Pointer-free and fixed-size, because it crosses
 * processes; all times in milliseconds, all sizes in bytes.
 */

#define POLICY_MAGIC         0x4250567bu /* "{VPB": changes with every change of the struct */
#define POLICY_DIGEST_TEXT   72          /* "sha256:" and 64 hex digits */
#define POLICY_ARGV_BYTES    2048
#define POLICY_ENV_BYTES     4096
#define POLICY_PATH_SIZE     128
#define POLICY_TMPFS_MAX     8
#define POLICY_VOLUMES_MAX   8
#define POLICY_SECRETS_MAX   8
#define POLICY_SECRET_BYTES  (512u * 1024) /* of one secret at most */
#define POLICY_DEPENDS_MAX   8
#define POLICY_LABELS_BYTES  1024
#define POLICY_VERSION_SIZE  33
#define POLICY_SYSCTL_BYTES  1024
#define POLICY_DEVICE_NAME   32
#define POLICY_DEVICES_MAX   8
#define POLICY_SYSFS_SIZE    112 /* with "/sys/" in front it is a path of POLICY_PATH_SIZE */
#define POLICY_READY_FD_MIN  3
#define POLICY_READY_FD_MAX  9
#define POLICY_KEYS_MAX      112 /* rows of [service] */
#define POLICY_PROFILE_SIZE  32
#define POLICY_TAG_SIZE      64
#define POLICY_LOG_ENV_BYTES 256
#define POLICY_HOST_SIZE     65 /* HOST_NAME_MAX and its terminator */

/* Strings one after another, each with its terminator: argv, environment. @used bytes hold @count
 * strings. */
struct policy_words {
	uint16_t count;
	uint16_t used;
};

/* "/dev/ttyS1:rw" strings. */
struct policy_device_list {
	struct policy_words words;
	char text[POLICY_DEVICES_MAX * (POLICY_DEVICE_NAME + 10)];
};

enum policy_arch { ARCH_X86_64, ARCH_AARCH64, ARCH_ARMV7, ARCH_RISCV64, ARCH_COUNT };
enum policy_restart { RESTART_NO, RESTART_ON_FAILURE, RESTART_COUNT };
enum policy_ready { READY_EXEC, READY_NOTIFY, READY_FD, READY_COUNT };
enum policy_overflow { OVERFLOW_DROP, OVERFLOW_BLOCK, OVERFLOW_COUNT };
enum policy_driver { DRIVER_SYSLOG, DRIVER_SPOOL, DRIVER_COUNT };
enum policy_on_fail { ON_FAIL_RESTART, ON_FAIL_STOP, ON_FAIL_NONE, ON_FAIL_COUNT };
enum policy_depend { DEPEND_STARTED, DEPEND_HEALTHY, DEPEND_COUNT };
enum policy_seccomp { SECCOMP_STRICT, SECCOMP_MOBY, SECCOMP_FILE, SECCOMP_COUNT };

/* The profile that every firmware with AppArmor loads. */
#define POLICY_APPARMOR_BUILTIN "builtin"

/* The 16 resource limits of getrlimit(2), in kernel numbering (RLIMIT_*); UINT64_MAX = no limit
 * (RLIM_INFINITY). */
#define POLICY_RLIMITS 16
struct policy_rlimit {
	uint64_t soft;
	uint64_t hard;
};

struct policy_tmpfs {
	char path[POLICY_PATH_SIZE];
	uint64_t size;
	uint32_t inodes;
	uint32_t mode;
};

/* A directory of the state partition: volumes/SERVICE/NAME. */
struct policy_volume {
	char name[NAME_SIZE];
	char owner[NAME_SIZE]; /* the service whose it is; empty: the service's own */
	char path[POLICY_PATH_SIZE];
	uint64_t size;    /* quota in bytes; 0 for a volume of another service */
	uint8_t writable; /* 0 or 1 */
	uint8_t shared;   /* 0 or 1: more than one service may have it */
};

/* A file in /run/secrets, provisioned as secrets/SERVICE/NAME of the state partition. */
struct policy_secret {
	char name[NAME_SIZE];
};

struct policy_depends {
	char name[NAME_SIZE];
	uint8_t on; /* enum policy_depend */
};

struct policy {
	uint32_t magic;
	uint32_t size; /* sizeof(struct policy) */

	/* [image]: written by `bartizan image build`, covered by the signature; the launcher
	 * compares all four with what it knows. */
	char name[NAME_SIZE];
	char version[POLICY_VERSION_SIZE];
	uint8_t arch; /* enum policy_arch */
	uint32_t epoch;
	char compatible[POLICY_HOST_SIZE]; /* board the image is made for; empty: any board of this
					      arch */
	char oci_digest[POLICY_DIGEST_TEXT];  /* of the container image it was made from; for people
					       */
	char sbom_sha256[POLICY_DIGEST_TEXT]; /* of its list of packages, SBOM_PATH of image/sbom.h
					       */
	char lint_allow[POLICY_PATH_SIZE];    /* what its builder accepted; for people */

	/* [service] */
	struct policy_words command;
	char argv[POLICY_ARGV_BYTES];
	struct policy_words env;
	char environment[POLICY_ENV_BYTES];
	char working_dir[POLICY_PATH_SIZE];
	char hostname[POLICY_HOST_SIZE]; /* empty: the service's name */
	uint32_t umask;
	uint32_t uid; /* 0: the launcher's automatic uid of the name */
	uint32_t gid;

	uint64_t memory;
	uint64_t memory_high;
	uint8_t memory_high_lifts; /* not 0: a default, which gives way when reclaim does not help
				    */
	uint64_t memory_swap;      /* total of memory and swap, as Docker counts; memory.swap.max =
				      memory_swap - memory */
	uint64_t memory_reservation;
	uint32_t cpus_thousandths;
	uint32_t cpu_shares;
	uint32_t cpu_weight; /* 0: from cpu_shares */
	uint64_t cpuset;     /* a bit per CPU; 0: all */
	uint32_t pids_limit;
	struct policy_rlimit rlimits[POLICY_RLIMITS];

	uint8_t tmpfs_count;
	struct policy_tmpfs tmpfs[POLICY_TMPFS_MAX];
	uint64_t shm_size;             /* of /dev/shm; 0: there is none */
	char sysfs[POLICY_SYSFS_SIZE]; /* an attribute below /sys; empty: none */
	uint8_t volume_count;
	struct policy_volume volumes[POLICY_VOLUMES_MAX];
	uint8_t secret_count;
	struct policy_secret secrets[POLICY_SECRETS_MAX];

	uint32_t caps; /* POLICY_CAP_* */
	struct policy_words sysctls;
	char sysctl_text[POLICY_SYSCTL_BYTES]; /* "kernel.msgmax=65536" strings */
	struct policy_device_list devices;

	uint8_t seccomp;                     /* enum policy_seccomp */
	char seccomp_file[POLICY_PATH_SIZE]; /* in the image; empty for a builtin profile */
	bool mdwe;
	uint8_t landlock;                   /* the least ABI; 0: the board's */
	char apparmor[POLICY_PROFILE_SIZE]; /* empty: builtin where the board declares it */

	uint8_t restart; /* enum policy_restart */
	uint32_t restart_max;
	uint8_t ready;    /* enum policy_ready */
	uint8_t ready_fd; /* of READY_FD: the number that the program writes a newline to */
	bool init;        /* a minimal init of ours is process 1 of the namespace */
	bool standby;     /* the next life waits, proven, before its exec */
	uint32_t stop_signal;
	uint32_t stop_timeout_ms;
	uint8_t depends_count;
	struct policy_depends depends[POLICY_DEPENDS_MAX];

	struct policy_words health; /* health_cmd, empty: no probe */
	char health_argv[POLICY_ARGV_BYTES];
	uint32_t health_interval_ms;
	uint32_t health_timeout_ms;
	uint32_t health_start_period_ms;
	uint32_t health_retries;
	uint8_t on_fail; /* enum policy_on_fail */

	uint32_t log_rate;    /* lines per second */
	uint32_t log_burst;   /* lines */
	uint8_t log_overflow; /* enum policy_overflow */
	uint64_t log_max_size;
	uint32_t log_max_file;
	uint8_t log_facility;          /* RFC 5424 table 1, 0..23 */
	uint8_t log_driver;            /* enum policy_driver */
	bool device_log;               /* /dev/log is there */
	char log_tag[POLICY_TAG_SIZE]; /* template of APP-NAME, policy/log_tag.h */
	struct policy_words log_env;
	char log_env_text[POLICY_LOG_ENV_BYTES]; /* names of variables */

	struct policy_words labels;
	char label_text[POLICY_LABELS_BYTES]; /* "K=V" strings */

	/* Line of service.ini where each row of the key table was last set, 0: the default. So the
	 * launcher can name file and line of what it does not grant. */
	uint16_t lines[POLICY_KEYS_MAX];
};

/*
 * Device policy: supervisor.conf of the verified firmware, compiled once at boot. [policy] holds
 * maxima for every service, [service NAME] for one. A service that is not named here does not exist
 * for the device.
 */
#define DEVICE_MAGIC        0x4244437au /* "BDCz": changes with every change of the struct */
#define DEVICE_SERVICES_MAX 256
#define DEVICE_ADDRESS_SIZE 46 /* INET6_ADDRSTRLEN */
#define DEVICE_SHARED_BYTES 160

struct device_bounds {
	uint64_t memory;
	uint64_t memory_swap;
	uint64_t memory_reservation;
	uint64_t tmpfs_size;  /* all tmpfs mounts of one service together */
	uint64_t volume_size; /* all volumes of one service together */
	uint32_t cpus_thousandths;
	uint32_t cpu_shares;
	uint32_t cpu_weight;
	uint64_t cpuset; /* 0: all */
	uint32_t caps;   /* POLICY_CAP_* */
	uint32_t nice;   /* how far below 0; 0: SYS_NICE is not granted */
	uint32_t rtprio;
	uint32_t pids_limit;
	uint32_t nofile;
	uint32_t log_rate;
	uint32_t log_burst;
	uint64_t log_max_size;
	uint32_t log_max_file;
	uint32_t stop_timeout_ms;
	char apparmor[POLICY_PROFILE_SIZE]; /* a profile besides builtin; empty: none */
	bool allow_jit;                     /* mdwe = no */
	bool allow_moby;                    /* seccomp = builtin:moby */
	bool allow_seccomp_file;            /* seccomp = a file of the image */
};

struct device_service {
	struct device_bounds bounds; /* [service NAME] over [policy]; first, so that one table of
					keys serves both sections */
	char name[NAME_SIZE];
	bool has_digest;
	uint8_t image_digest[32];
	bool start;    /* start at boot (default yes) */
	bool critical; /* the hardware watchdog is fed only while it is well */

	/* Volumes that cross to another service: "OWNER/NAME" or "OWNER/NAME:rw", in the section of
	 * both. */
	struct policy_words shared;
	char shared_text[DEVICE_SHARED_BYTES];
	bool allow_shell;
	bool seccomp_record; /* `bartizan seccomp record` may let it run under a filter that logs */
	char min_version[POLICY_VERSION_SIZE]; /* empty: any */
	struct policy_device_list devices;     /* those that the service may ask for */
	char sysfs[POLICY_SYSFS_SIZE];         /* the attribute that it may ask for; empty: none */
};

/* Where records go: the first one that answers, in this order. */
#define DEVICE_COLLECTORS_MAX 4
struct device_collector {
	char address[DEVICE_ADDRESS_SIZE]; /* numeric: no DNS trust */
	uint16_t port;
};

/* SHA-256 of certificates, one of which the collector's must be: the next one is named before the
 * last one goes. */
#define DEVICE_PINS_MAX 4
struct device_pins {
	uint32_t count;
	uint8_t at[DEVICE_PINS_MAX][32];
};

struct device_syslog {
	bool configured;
	uint32_t count;
	struct device_collector at[DEVICE_COLLECTORS_MAX];
	struct device_pins pins;
	char name[POLICY_HOST_SIZE]; /* expected in the collector's certificate */
	char ca[POLICY_PATH_SIZE];   /* file names below /etc/bartizan */
	char cert[POLICY_PATH_SIZE];
	char key[POLICY_PATH_SIZE];
	uint32_t retry_max_ms; /* longest wait between two attempts, without its jitter */
};

/* deny.NAME and require.NAME of [policy]. */
#define DEVICE_RULES_MAX 16
enum device_rule_kind { RULE_DENY, RULE_REQUIRE, RULE_COUNT };
struct device_rule {
	char name[NAME_SIZE];
	uint8_t kind;     /* enum device_rule_kind */
	uint8_t key;      /* row of [service] */
	uint8_t any;      /* 1: whether it is set at all counts, not its value */
	char pattern[96]; /* of str_glob(), over values as the file writes them */
};
struct device_rules {
	uint32_t count;
	struct device_rule at[DEVICE_RULES_MAX];
};

struct device_policy {
	uint32_t magic;
	uint32_t size;
	char name[POLICY_HOST_SIZE]; /* HOSTNAME of RFC 5424 records */
	struct device_syslog syslog;
	uint64_t audit_max_size; /* per segment */
	uint32_t audit_max_file;
	bool overcommit;         /* the services together may ask for more memory than there is */
	uint64_t memory_reserve; /* that no service gets */
	char audit_key[POLICY_PATH_SIZE]; /* file below /etc/bartizan; empty: none is named */
	bool audit_seal;
	struct device_bounds bounds;
	struct device_rules rules;
	uint32_t monitor_count;
	struct monitor_rule monitors[MONITOR_RULES_MAX];
	uint32_t service_count;
	struct device_service services[DEVICE_SERVICES_MAX];
};

#endif
