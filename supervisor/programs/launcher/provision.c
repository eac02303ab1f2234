#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "policy/check.h"
#include "policy/report.h"
#include "policy/secret.h"
#include "programs/launcher/launcher.h"

/*
 * The store of secrets and the trust bundles. Root asks over the launcher's own socket (desk.c):
 * the supervisor, over whose socket every other command goes, never holds a descriptor of a value.
 */
#define TEMPORARY            ".new" /* no name of a secret begins with a dot */
#define EXIT_UNKNOWN_SERVICE 4
#define EXIT_REFUSED_BY_US   5

static int send_row(const char *key, const char *value)
{
	struct message_row_text row = {.head = {.type = M_ROW_TEXT, .subject = SUBJECT_NONE}};

	str_join(row.key, sizeof(row.key), key, "", "");
	str_join(row.value, sizeof(row.value), value, "", "");
	return desk_send(&row);
}

/* ---- the store */

static int write_value(int place_fd, int value_fd, struct err *err)
{
	CLEAN_FD int fd = -1;
	struct stat st;
	int r;

	if (fstat(value_fd, &st) || st.st_size < 1 || st.st_size > (off_t)POLICY_SECRET_BYTES)
		return err_set(err, EFBIG, "a secret holds 1 to %u bytes", POLICY_SECRET_BYTES);
	r = fd_check_sealed(value_fd, (size_t)st.st_size);
	(void)unlinkat(place_fd, TEMPORARY, 0);
	if (!r)
		fd = openat(place_fd, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!r && fd < 0)
		r = -errno;
	r = r ? r : secrets_copy(value_fd, fd, (uint64_t)st.st_size);
	if (!r && fsync(fd))
		r = -errno;
	if (fd >= 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return r ? err_sys(err, -r, "the secret cannot be stored") : 0;
}

/* Whole or not at all; what was there before is overwritten, then gone. */
static int add(const struct message_secret *m, int value_fd, struct err *err)
{
	CLEAN_FD int place_fd = state_place(SECRETS_DIR, m->service, true);
	int r;

	if (place_fd < 0)
		return err_sys(err, -place_fd, "store of secrets");
	r = write_value(place_fd, value_fd, err);
	if (r)
		return r;
	secrets_overwrite(place_fd, m->name);
	if (renameat(place_fd, TEMPORARY, place_fd, m->name) || fsync(place_fd))
		return err_sys(err, errno, "the secret cannot be stored");
	return 0;
}

static int take_away(const struct message_secret *m, struct err *err)
{
	CLEAN_FD int place_fd = state_place(SECRETS_DIR, m->service, false);

	if (place_fd >= 0)
		secrets_overwrite(place_fd, m->name);
	if (place_fd < 0 || unlinkat(place_fd, m->name, 0))
		return err_set(err, ENOENT, "%s has no secret %s", m->service, m->name);
	return fsync(place_fd) ? err_sys(err, errno, "store of secrets") : 0;
}

/* Names only. */
static int list(const struct message_secret *m, struct err *err)
{
	int place_fd = state_place(SECRETS_DIR, m->service, false);
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (place_fd == -ENOENT)
		return 0;
	dir = place_fd < 0 ? NULL : fdopendir(place_fd);
	if (!dir) {
		r = err_sys(err, place_fd < 0 ? -place_fd : errno, "store of secrets");
		fd_close(&place_fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (policy_is_secret_name(entry->d_name))
			r = send_row(entry->d_name, "");
	(void)closedir(dir);
	return r ? err_sys(err, -r, "the list does not fit") : 0;
}

static void answer(const char *verb, const struct message_secret *m, int exit_code,
		   const struct err *err)
{
	const struct ucred *peer = desk_peer();

	if (!str_equal(verb, "ls"))
		audit_emit(EVENT_SECRET, AUDIT_S(m->service), AUDIT_S(verb), AUDIT_S(m->name),
			   AUDIT_N(peer->uid), AUDIT_N((uint32_t)peer->pid),
			   AUDIT_N((uint32_t)exit_code));
	(void)desk_end(exit_code, err);
}

static bool is_sound(struct message_secret *m, bool with_name)
{
	str_sanitize(m->service, sizeof(m->service));
	str_sanitize(m->name, sizeof(m->name));
	return str_is_name(m->service) && (with_name ? policy_is_secret_name(m->name) : !*m->name);
}

void provision_secret(struct received *received)
{
	struct message_secret *m = &received->message.secret;
	bool adds = m->head.type == M_SECRET_ADD;
	bool lists = m->head.type == M_SECRET_LS;
	const char *verb = adds ? "add" : lists ? "ls" : "rm";
	struct err err = {0};
	int r;

	if (!is_sound(m, !lists)) {
		(void)err_set(&err, EINVAL, "not the name of a service, or not one of a secret");
		answer(verb, m, 2, &err);
		return;
	}
	if (!launcher.policies || !policy_device_service(&launcher.device, m->service)) {
		(void)err_set(&err, ENOENT, "the device policy does not name %s", m->service);
		answer(verb, m, EXIT_UNKNOWN_SERVICE, &err);
		return;
	}
	if (adds)
		r = add(m, received->fds[0], &err);
	else
		r = lists ? list(m, &err) : take_away(m, &err);
	if (!r && !lists)
		standby_secrets_changed(m->service);
	answer(verb, m, r ? 1 : 0, &err);
}

static void show_row(void *context, const char *key, const char *value)
{
	int *r = context;

	*r = *r ? *r : send_row(key, value);
}

static int show_trust(struct err *err)
{
	int r = 0;

	if (!launcher.policies)
		return err_set(err, EPERM, "no trust policy is in force");
	policy_report_trust(&launcher.trust, show_row, &r);
	return r ? err_sys(err, -r, "the list does not fit") : 0;
}

void provision_trust(struct received *received)
{
	struct err err = {0};
	int r;

	if (received->message.head.type == M_TRUST_SHOW)
		r = show_trust(&err);
	else
		r = trust_install(received->fds[0], &err);
	(void)desk_end(r ? EXIT_REFUSED_BY_US : 0, &err);
}
