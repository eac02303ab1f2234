#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/validate.h"
#include "programs/launcher/bundle.h"
#include "programs/launcher/images.h"
#include "programs/launcher/launcher.h"
#include "trust/refuse.h"

/*
 * Which trust policy is in force. At boot the firmware's, then every stored bundle that follows it:
 * each was signed by the roots before it, so a chain from the firmware is all that the state disk
 * can add, and nothing on it can go back behind the firmware.
 */
#define DIRECTORY "trust"
#define CANDIDATE "new"
#define FILE_SIZE 24
#define TRIES     3

static struct trusted candidate;

static void name_file(uint32_t version, char file[FILE_SIZE])
{
	(void)snprintf(file, FILE_SIZE, "%u.raw", version);
}

/* ---- in force */

static int take(const struct trusted *t, struct err *err)
{
	CLEAN_FD int anchors_fd = fd_sealed_memfd("anchors", &t->anchors, sizeof(t->anchors));

	if (anchors_fd < 0)
		return err_sys(err, -anchors_fd, "trust anchors");
	fd_close(&launcher.anchors_fd);
	launcher.anchors_fd = take_fd(&anchors_fd);
	launcher.anchor_count = t->anchors.count;
	launcher.trust = t->policy;
	launcher.trust_since_s = clock_boot_us() / 1000000u;
	return 0;
}

/* For the launcher after this one. */
static int keep(const struct trusted *t, struct err *err)
{
	CLEAN_FD int fd = fd_sealed_memfd("trust", t, sizeof(*t));

	if (fd < 0)
		return err_sys(err, -fd, "trust policy");
	init_store(SUBJECT_NONE, STORE_RECORD, fd);
	return 0;
}

int trust_firmware(const struct trust_policy *policy, struct err *err)
{
	int r = trust_anchors_load(&candidate.anchors, launcher.conf_fd, policy, err);

	if (r)
		return r;
	candidate.policy = *policy;
	r = take(&candidate, err);
	launcher.trust_since_s = 0;
	return r ? r : keep(&candidate, err);
}

int trust_take_over(int fd, struct err *err)
{
	int r = fd_read_sealed(fd, &candidate, sizeof(candidate));

	if (r)
		return err_sys(err, -r, "stored trust policy");
	r = policy_validate_trust(&candidate.policy, err);
	r = r ? r : trust_anchors_validate(&candidate.anchors, err);
	return r ? r : take(&candidate, err);
}

/* ---- what follows */

static void refused(const struct err *err)
{
	log_line("trust bundle refused: %s%s%s%s", err->msg, *err->hint ? " (" : "", err->hint,
		 *err->hint ? ")" : "");
	audit_emit(EVENT_TRUST_REFUSED, AUDIT_N(launcher.trust.version), AUDIT_S(err->msg),
		   AUDIT_S(err->hint));
}

static int judge(int directory_fd, const char *file, struct bundle *b, struct err *err)
{
	CLEAN_FD int file_fd = state_open(directory_fd, file, O_RDONLY);
	int r = file_fd < 0 ? err_sys(err, -file_fd, "trust bundle") : 0;

	r = r ? r : images_check(file_fd, &b->file_size, err);
	b->file_fd = file_fd;
	/* A helper that was killed is no verdict on the bundle. */
	for (int i = 0; !r && i < TRIES; i++) {
		r = bundle_judge(b, err);
		if (r != -ECONNRESET && r != -ETIMEDOUT && r != -ECHILD)
			break;
		r = i + 1 < TRIES ? 0 : r;
	}
	b->file_fd = -1;
	return r;
}

/* Floors remember under which trust they were raised: a stored bundle was taken away since. */
static void compare_with_floors(void)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < launcher.floors.count; i++)
		if (seen < launcher.floors.floors[i].trust_version)
			seen = launcher.floors.floors[i].trust_version;
	if (seen > launcher.trust.version)
		audit_emit(EVENT_TRUST_LOST, AUDIT_N(launcher.trust.version), AUDIT_N(seen));
}

/* What the firmware has overtaken, and what a power cut left of an installation. */
static void clean(int directory_fd)
{
	char file[FILE_SIZE];

	(void)unlinkat(directory_fd, CANDIDATE, 0);
	for (uint32_t version = launcher.trust.version; version; version--) {
		name_file(version, file);
		if (unlinkat(directory_fd, file, 0))
			return;
	}
}

void trust_follow(void)
{
	CLEAN_FD int directory_fd = state_directory(launcher.state_fd, DIRECTORY, false);
	struct bundle b = {.trusted = &candidate};
	char file[FILE_SIZE];
	struct err err = {0};

	if (directory_fd >= 0)
		clean(directory_fd);
	while (directory_fd >= 0) {
		name_file(launcher.trust.version + 1, file);
		if (faccessat(directory_fd, file, F_OK, AT_SYMLINK_NOFOLLOW))
			break;
		if (judge(directory_fd, file, &b, &err) || take(&candidate, &err) ||
		    keep(&candidate, &err)) {
			refused(&err);
			break;
		}
		launcher.trust_since_s = 0;
	}
	compare_with_floors();
}

/* ---- installation */

static int copy(int directory_fd, int from_fd, struct err *err)
{
	CLEAN_FD int fd = -1;
	struct stat st;
	int r;

	if (fstat(from_fd, &st) || st.st_size < 1 || st.st_size > (off_t)TRUST_BUNDLE_MAX)
		return err_set(err, EFBIG, "a trust bundle has at most %u bytes", TRUST_BUNDLE_MAX);
	(void)unlinkat(directory_fd, CANDIDATE, 0);
	fd = openat(directory_fd, CANDIDATE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "trust bundle");
	r = secrets_copy(from_fd, fd, (uint64_t)st.st_size);
	if (!r && fsync(fd))
		r = -errno;
	return r ? err_sys(err, -r, "the trust bundle cannot be stored") : 0;
}

/* On the disk first: what is in force must be so after the next boot. */
static int put_in_force(int directory_fd, struct err *err)
{
	char file[FILE_SIZE];
	int r = 0;

	name_file(candidate.policy.version, file);
	if (renameat(directory_fd, CANDIDATE, directory_fd, file) || fsync(directory_fd))
		r = err_sys(err, errno, "the trust bundle cannot be stored");
	r = r ? r : take(&candidate, err);
	if (r) /* what was answered with a refusal is not in force at the next boot */
		(void)unlinkat(directory_fd, file, 0);
	return r;
}

int trust_install(int from_fd, struct err *err)
{
	CLEAN_FD int directory_fd = state_directory(launcher.state_fd, DIRECTORY, true);
	struct bundle b = {.trusted = &candidate, .installing = true};
	int r;

	if (!launcher.policies)
		return err_set(err, EPERM, "no trust policy is in force that could judge it");
	if (directory_fd < 0)
		return err_sys(err, -directory_fd, "trust of the state partition");
	r = copy(directory_fd, from_fd, err);
	r = r ? r : judge(directory_fd, CANDIDATE, &b, err);
	r = r ? r : put_in_force(directory_fd, err);
	if (r) {
		(void)unlinkat(directory_fd, CANDIDATE, 0);
		refused(err);
		return r;
	}
	audit_emit(EVENT_TRUST_INSTALLED, AUDIT_N(launcher.trust.version), AUDIT_H(b.root_hash));
	log_line("trust version %u is in force", launcher.trust.version);
	return keep(&candidate, err);
}
