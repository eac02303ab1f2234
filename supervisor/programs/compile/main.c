/*
 * compile: one configuration, one conversation, then exit. It reads text that was authenticated,
 * but whose author is not trusted further than that: the launcher validates every field of what
 * comes out and compares it with the device policy. A new process each time, with its own uid and
 * empty namespaces.
 *
 * M_COMPILE_SERVICE + mount of an image                -> M_COMPILED_SERVICE + policy, filter
 * M_COMPILE_DEVICE + supervisor.conf and trust.conf     -> M_COMPILED_DEVICE + device, trust policy
 * M_COMPILE_TRUST + mount of a trust bundle             -> M_COMPILED_TRUST + trust policy
 * or M_COMPILE_REFUSED.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/program.h"
#include "ipc/channel.h"
#include "policy/lint.h"
#include "policy/load.h"
#include "seccomp/build.h"
#include "seccomp/show.h"

#define LAUNCHER_FD 3
#define WAIT_MS                                                                                    \
	60000 /* the launcher has its own, shorter deadline: this one only ends a forgotten        \
		 process */
#define TEXT_MAX 65536
#define MANIFEST "usr/lib/bartizan/service.ini"

static char text[TEXT_MAX + 1];
static char profile[SECCOMP_JSON_MAX + 1];

/* What is sent back: sealed descriptors. */
struct answer {
	uint16_t type;
	int count;
	int fds[2];
};

static int refuse(const struct channel *c, const struct message_head *asked, const struct err *err)
{
	struct message_done m = {.head = *asked, .err = *err};

	m.head.type = M_COMPILE_REFUSED;
	str_join(m.step, sizeof(m.step), "compile", "", "");
	return channel_send(c, &m, NULL, 0);
}

/* A whole configuration file; the launcher has authenticated what is in it, not how long it is. */
static int read_text(int fd, const char *name, size_t *size, struct err *err)
{
	ssize_t n = fd_read_up_to(fd, text, sizeof(text));

	if (n < 0)
		return err_sys(err, (int)-n, "cannot read %s", name);
	if ((size_t)n > TEXT_MAX)
		return err_set(err, EFBIG, "%s is larger than 64 KiB", name);
	*size = (size_t)n;
	return 0;
}

/*
 * A file of the image, through no link and no other file system: what was signed is what is read. A
 * symbolic link would be signed too, but it would point into the namespace of this process.
 */
static int open_inside(int mount_fd, const char *path, struct err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV |
			   RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, mount_fd, path, &how, sizeof(how));

	if (fd < 0)
		return err_sys(err, errno, "image has no readable /%s", path);
	return (int)fd;
}

/* The filter profile that the image brings along, if the policy names one. */
static int read_profile(int mount_fd, const struct policy *policy, struct seccomp_text *file,
			struct err *err)
{
	CLEAN_FD int fd = -1;
	ssize_t n;

	if (policy->seccomp != SECCOMP_FILE)
		return 0;
	fd = open_inside(mount_fd, policy->seccomp_file + 1, err);
	if (fd < 0)
		return fd;
	n = fd_read_up_to(fd, profile, sizeof(profile));
	if (n < 0)
		return err_sys(err, (int)-n, "cannot read %s", policy->seccomp_file);
	*file = (struct seccomp_text){policy->seccomp_file, profile, (size_t)n};
	return 0;
}

static int seal(const char *name, const void *data, size_t size, int *fd, struct err *err)
{
	*fd = fd_sealed_memfd(name, data, size);
	return *fd < 0 ? err_sys(err, -*fd, "memfd %s", name) : 0;
}

static int compile_service(const struct received *received, struct answer *answer, struct err *err)
{
	static struct policy policy;
	static struct seccomp_filter filter;
	enum policy_arch arch = (enum policy_arch)received->message.compile.arch;
	struct seccomp_text file = {0};
	CLEAN_FD int file_fd = -1;
	size_t size = 0;
	int r;

	if (received->message.compile.arch >= ARCH_COUNT)
		return err_set(err, EINVAL, "no such architecture: %u",
			       received->message.compile.arch);
	file_fd = open_inside(received->fds[0], MANIFEST, err);
	if (file_fd < 0)
		return file_fd;
	r = read_text(file_fd, "service.ini", &size, err);
	r = r ? r
	      : policy_load_service(&(struct policy_text){"service.ini", text, size}, true, &policy,
				    err);
	r = r ? r : read_profile(received->fds[0], &policy, &file, err);
	r = r ? r : seccomp_build(&policy, file.name ? &file : NULL, arch, &filter, err);
	r = r ? r : seal("policy", &policy, sizeof(policy), &answer->fds[0], err);
	answer->type = M_COMPILED_SERVICE;
	answer->count = 2;
	return r ? r : seal("filter", &filter, sizeof(filter), &answer->fds[1], err);
}

static int compile_device(const struct received *received, struct answer *answer, struct err *err)
{
	static struct device_policy device;
	static struct trust_policy trust;
	size_t size = 0;
	int r = read_text(received->fds[0], "supervisor.conf", &size, err);

	r = r ? r
	      : policy_load_device(&(struct policy_text){"supervisor.conf", text, size}, &device,
				   err);
	r = r ? r : read_text(received->fds[1], "trust.conf", &size, err);
	r = r ? r : policy_load_trust(&(struct policy_text){"trust.conf", text, size}, &trust, err);
	r = r ? r : seal("device", &device, sizeof(device), &answer->fds[0], err);
	answer->type = M_COMPILED_DEVICE;
	answer->count = 2;
	return r ? r : seal("trust", &trust, sizeof(trust), &answer->fds[1], err);
}

/* A bundle says what it is by the file that UAPI.2 wants in an extension image of that name: no
 * image of a service can be taken for one. */
static int compile_trust(const struct received *received, struct answer *answer, struct err *err)
{
	static struct trust_policy trust;
	CLEAN_FD int release_fd = open_inside(received->fds[0], POLICY_BUNDLE_RELEASE, err);
	CLEAN_FD int file_fd = -1;
	size_t size = 0;
	int r;

	if (release_fd < 0)
		return release_fd;
	file_fd = open_inside(received->fds[0], POLICY_BUNDLE_CONF, err);
	if (file_fd < 0)
		return file_fd;
	r = read_text(file_fd, "trust.conf", &size, err);
	r = r ? r : policy_load_trust(&(struct policy_text){"trust.conf", text, size}, &trust, err);
	answer->type = M_COMPILED_TRUST;
	answer->count = 1;
	return r ? r : seal("trust", &trust, sizeof(trust), &answer->fds[0], err);
}

static int answer_request(const struct channel *c, const struct received *received)
{
	struct answer answer = {.fds = {-1, -1}};
	struct message_plain m = {.head = received->message.head};
	struct err err = {0};
	int r;

	if (m.head.type == M_COMPILE_SERVICE)
		r = compile_service(received, &answer, &err);
	else if (m.head.type == M_COMPILE_TRUST)
		r = compile_trust(received, &answer, &err);
	else
		r = compile_device(received, &answer, &err);
	m.head.type = answer.type;
	r = r ? refuse(c, &received->message.head, &err)
	      : channel_send(c, &m, answer.fds, answer.count);
	fd_close(&answer.fds[0]);
	fd_close(&answer.fds[1]);
	return r;
}

int PROGRAM_MAIN(int argc, char **argv)
{
	struct channel c = {.fd = LAUNCHER_FD, .self = PEER_COMPILE, .peer = PEER_LAUNCHER};
	CLEAN_RECEIVED struct received received = {0};
	struct err err = {0};
	int r;

	/* Started by the command line, for its caller: the same reader, no launcher (cmd_lint.c).
	 */
	if (argc > 0 && str_equal(argv[0], "lint"))
		return policy_lint_command(argc, argv);
	if (argc > 0 && str_equal(argv[0], "seccomp"))
		return seccomp_command(argc, argv);
	log_open(STDERR_FILENO, "compile");
	r = channel_wait(&c, &received, WAIT_MS, &err);
	if (!r)
		r = answer_request(&c, &received);
	if (r == -ECONNRESET) /* the launcher has decided without us, or is gone: it asks again */
		return 0;
	if (r)
		log_line("conversation with the launcher failed: %s", err_text(-r));
	return r ? 1 : 0;
}
