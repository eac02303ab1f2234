#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "policy/key.h"

/* user, restart, stop_signal, ulimit. */

#define UID_MIN_PINNED 10000
#define UID_MAX_PINNED 59999

int policy_parse_user(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	struct policy *policy = base;
	const char *colon = strchr(value, ':');
	char uid_text[8];
	uint64_t uid;
	uint64_t gid;

	if (!colon || (size_t)(colon - value) >= sizeof(uid_text))
		return err_set(err, EINVAL,
			       "not of the form \"%s\": names are not looked up in an image",
			       key->type->syntax);
	memcpy(uid_text, value, (size_t)(colon - value));
	uid_text[colon - value] = '\0';
	if (str_u64(uid_text, key->min, key->max, &uid) ||
	    str_u64(colon + 1, key->min, key->max, &gid))
		return err_set(err, ERANGE, "uid and gid must be numbers from %d to %d",
			       UID_MIN_PINNED, UID_MAX_PINNED);
	policy->uid = (uint32_t)uid;
	policy->gid = (uint32_t)gid;
	return 0;
}

static bool print_user(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	const struct policy *policy = base;

	(void)key;
	if (index || !policy->uid)
		return false;
	text_add_u64(out, policy->uid);
	text_add(out, ":");
	text_add_u64(out, policy->gid);
	return true;
}

static int valid_user(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;

	if (!policy->uid && !policy->gid)
		return 0;
	if (policy->uid < key->min || policy->uid > key->max || policy->gid < key->min ||
	    policy->gid > key->max)
		return err_set(err, EBADMSG, "user is out of its range");
	return 0;
}

const struct policy_type policy_type_user = {
	.syntax = "UID:GID, both 10000 to 59999",
	.print = print_user,
	.valid = valid_user,
};

int policy_parse_restart(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	struct policy *policy = base;
	uint64_t count;

	if (str_equal(value, "no")) {
		policy->restart = RESTART_NO;
		policy->restart_max = 0;
		return 0;
	}
	if (str_equal(value, "always") || str_equal(value, "unless-stopped") ||
	    str_equal(value, "on-failure")) {
		(void)err_set(err, EINVAL,
			      "a restart without limit hides a service that cannot work");
		return err_hint(err,
				"write on-failure:5; a failed service is retried every 10 minutes");
	}
	if (!str_starts(value, "on-failure:") || str_u64(value + 11, key->min, key->max, &count))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	policy->restart = RESTART_ON_FAILURE;
	policy->restart_max = (uint32_t)count;
	return 0;
}

static bool print_restart(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	const struct policy *policy = base;

	(void)key;
	if (index)
		return false;
	text_add(out, policy->restart == RESTART_NO ? "no" : "on-failure:");
	if (policy->restart != RESTART_NO)
		text_add_u64(out, policy->restart_max);
	return true;
}

static int valid_restart(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;
	bool counted = policy->restart_max >= key->min && policy->restart_max <= key->max;

	if (policy->restart >= RESTART_COUNT || (policy->restart == RESTART_ON_FAILURE) != counted)
		return err_set(err, EBADMSG, "restart is out of its range");
	return 0;
}

const struct policy_type policy_type_restart = {
	.syntax = "no or on-failure:COUNT",
	.print = print_restart,
	.valid = valid_restart,
};

/* ready = exec, notify or fd:N: the number lies behind the word. */
static_assert(offsetof(struct policy, ready_fd) == offsetof(struct policy, ready) + 1,
	      "ready_fd must follow ready");

int policy_parse_ready(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	struct policy *policy = base;
	uint64_t fd = 0;

	(void)key;
	if (str_starts(value, "fd:")) {
		if (str_u64(value + 3, POLICY_READY_FD_MIN, POLICY_READY_FD_MAX, &fd))
			return err_set(err, ERANGE, "the descriptor must be %d to %d",
				       POLICY_READY_FD_MIN, POLICY_READY_FD_MAX);
		policy->ready = READY_FD;
	} else if (str_equal(value, "notify")) {
		policy->ready = READY_NOTIFY;
	} else if (str_equal(value, "exec")) {
		policy->ready = READY_EXEC;
	} else {
		return err_set(err, EINVAL, "neither exec nor notify nor fd:N");
	}
	policy->ready_fd = (uint8_t)fd;
	return 0;
}

static bool print_ready(const struct policy_key *key, const void *base, unsigned int index,
			struct text *out)
{
	const struct policy *policy = base;

	(void)key;
	if (index)
		return false;
	if (policy->ready == READY_FD) {
		text_add(out, "fd:");
		text_add_u64(out, policy->ready_fd);
	} else {
		text_add(out, policy->ready == READY_NOTIFY ? "notify" : "exec");
	}
	return true;
}

static int valid_ready(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;
	bool numbered =
		policy->ready_fd >= POLICY_READY_FD_MIN && policy->ready_fd <= POLICY_READY_FD_MAX;

	if (policy->ready >= READY_COUNT ||
	    (policy->ready == READY_FD ? !numbered : policy->ready_fd != 0))
		return err_set(err, EBADMSG, "%s is out of its range", key->name);
	return 0;
}

const struct policy_type policy_type_ready = {
	.syntax = "exec, notify or fd:3 to fd:9",
	.print = print_ready,
	.valid = valid_ready,
};

static const struct {
	const char *name;
	uint32_t number;
} stop_signals[] = {
	{"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT},
	{"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
};

int policy_parse_signal(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	const char *name = str_starts(value, "SIG") ? value + 3 : value;

	for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++) {
		if (!str_equal(name, stop_signals[i].name))
			continue;
		policy_number_set(key, base, stop_signals[i].number);
		return 0;
	}
	(void)err_set(err, EINVAL, "not one of TERM INT QUIT HUP USR1 USR2");
	if (str_equal(name, "KILL"))
		(void)err_hint(err, "KILL follows by itself when stop_timeout is over");
	return -EINVAL;
}

static bool print_signal(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	for (size_t i = 0; !index && i < ARRAY_SIZE(stop_signals); i++) {
		if (stop_signals[i].number != policy_number(key, base))
			continue;
		text_add(out, stop_signals[i].name);
		return true;
	}
	return false;
}

static int valid_signal(const struct policy_key *key, const void *base, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(stop_signals); i++)
		if (stop_signals[i].number == policy_number(key, base))
			return 0;
	return err_set(err, EBADMSG, "%s is not a signal a service may be stopped with", key->name);
}

const struct policy_type policy_type_signal = {
	.syntax = "TERM INT QUIT HUP USR1 or USR2",
	.print = print_signal,
	.valid = valid_signal,
};

const char *const policy_rlimit_names[POLICY_RLIMITS] = {
	"cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
	"memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
};

/* What may be asked for at most, where the kernel's own ceiling is not the service's sandbox.
 * UINT64_MAX: anything. */
static const struct {
	uint64_t max;
	bool bytes; /* value takes k m g */
	const char *why;
} rlimit_rules[POLICY_RLIMITS] = {
	[0] = {UINT64_MAX, false, NULL},
	[1] = {UINT64_MAX, true, NULL},
	[2] = {UINT64_MAX, true, NULL},
	[3] = {UINT64_MAX, true, NULL},
	[4] = {0, true, "core files would carry memory out of the sandbox"},
	[5] = {UINT64_MAX, true, NULL},
	[6] = {4096, false, "processes are bounded by pids_limit, 4096 at most"},
	[7] = {1048576, false, "open files must have a bound"},
	[8] = {64 << 20, true, "locked memory must have a bound"},
	[9] = {UINT64_MAX, true, NULL},
	[10] = {UINT64_MAX, false, NULL},
	[11] = {65536, false, "queued signals must have a bound"},
	[12] = {819200, true, "message queues must have a bound"},
	[13] = {40, false, "nice counts from 0 (nice 20) to 40 (nice -20)"},
	[14] = {99, false, "real-time priorities end at 99"},
	[15] = {UINT64_MAX, false, NULL},
};

static int parse_one_limit(unsigned int which, const char *text, uint64_t *value, struct err *err)
{
	int r;

	if (str_equal(text, "unlimited") || str_equal(text, "-1")) {
		*value = UINT64_MAX;
		r = 0;
	} else if (rlimit_rules[which].bytes) {
		r = str_bytes(text, 0, UINT64_MAX - 1, value);
	} else {
		r = str_u64(text, 0, UINT64_MAX - 1, value);
	}
	if (r)
		return err_set(err, EINVAL, "\"%s\" is not a limit", text);
	if (*value > rlimit_rules[which].max)
		return err_set(err, ERANGE, "%s", rlimit_rules[which].why);
	return 0;
}

static int find_rlimit(const char *name)
{
	for (int i = 0; i < POLICY_RLIMITS; i++)
		if (str_equal(policy_rlimit_names[i], name))
			return i;
	return -ENOENT;
}

int policy_parse_ulimit(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	struct policy *policy = base;
	struct policy_rlimit limit = {0};
	char text[64];
	char *soft;
	char *hard;
	int which;

	if (str_copy(text, sizeof(text), value) || !(soft = strchr(text, '=')))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	*soft++ = '\0';
	which = find_rlimit(text);
	if (which < 0)
		return err_set(err, EINVAL, "\"%s\" is not a resource limit", text);
	hard = strchr(soft, ':');
	if (hard)
		*hard++ = '\0';
	if (parse_one_limit((unsigned int)which, soft, &limit.soft, err) ||
	    parse_one_limit((unsigned int)which, hard ? hard : soft, &limit.hard, err))
		return err ? -err->code : -EINVAL;
	if (limit.soft > limit.hard)
		return err_set(err, EINVAL, "the soft limit is above the hard limit");
	policy->rlimits[which] = limit;
	return 0;
}

static void print_one_limit(struct text *out, unsigned int which, uint64_t value)
{
	if (value == UINT64_MAX)
		text_add(out, "unlimited");
	else if (rlimit_rules[which].bytes)
		policy_print_size(out, value);
	else
		text_add_u64(out, value);
}

static bool print_ulimit(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const struct policy *policy = base;

	(void)key;
	if (index >= POLICY_RLIMITS)
		return false;
	text_add(out, policy_rlimit_names[index]);
	text_add(out, "=");
	print_one_limit(out, index, policy->rlimits[index].soft);
	text_add(out, ":");
	print_one_limit(out, index, policy->rlimits[index].hard);
	return true;
}

static int valid_ulimit(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy *policy = base;

	(void)key;
	for (unsigned int i = 0; i < POLICY_RLIMITS; i++)
		if (policy->rlimits[i].soft > policy->rlimits[i].hard ||
		    policy->rlimits[i].hard > rlimit_rules[i].max)
			return err_set(err, EBADMSG, "ulimit %s is out of its range",
				       policy_rlimit_names[i]);
	return 0;
}

const struct policy_type policy_type_ulimit = {
	.syntax = "NAME=SOFT or NAME=SOFT:HARD",
	.print = print_ulimit,
	.valid = valid_ulimit,
};
