#include "sandbox/sysctls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "sandbox/step.h"

/* "kernel.msgmax=65536" -> "sys/kernel/msgmax" and "65536". */
static void split(const char *pair, char *path, size_t size, const char **value)
{
	size_t length = strcspn(pair, "=");

	str_join(path, size, "sys/", pair, "");
	path[strlen("sys/") + length < size ? strlen("sys/") + length : size - 1] = '\0';
	for (char *at = path; *at; at++)
		if (*at == '.')
			*at = '/';
	*value = pair + length + 1;
}

int sysctls_write(const struct plan *p, enum sysctl_place place, struct err *err)
{
	const char *pair = p->sysctl_text;

	for (unsigned int i = 0; i < p->sysctl_count; i++, pair += strlen(pair) + 1) {
		const struct policy_sysctl *row = policy_sysctl_check(pair, err);
		const char *value;
		char path[96];
		int r;

		if (!row)
			return -EBADMSG;
		if (row->place != place)
			continue;
		split(pair, path, sizeof(path), &value);
		r = fd_write_file(p->proc_fd, path, value);
		if (r)
			return err_sys(err, -r, "sysctl.%s", pair);
	}
	return 0;
}

/* The kernel puts tabs between numbers. */
static int compare(const struct plan *p, const char *pair, struct err *err)
{
	const char *value;
	char path[96];
	char found[96];
	ssize_t n;

	split(pair, path, sizeof(path), &value);
	n = fd_read_file(p->proc_fd, path, found, sizeof(found));
	if (n < 0)
		return err_sys(err, (int)-n, "sysctl.%s", pair);
	found[strcspn(found, "\n")] = '\0';
	for (char *at = found; *at; at++)
		if (*at == '\t')
			*at = ' ';
	if (!str_equal(found, value))
		return err_set(err, EPERM, "sysctl.%s reads back as %s", pair, found);
	return 0;
}

int sysctls_prove(const struct plan *p, enum sysctl_place place, struct err *err)
{
	const char *pair = p->sysctl_text;
	int r = 0;

	for (unsigned int i = 0; !r && i < p->sysctl_count; i++, pair += strlen(pair) + 1) {
		const struct policy_sysctl *row = policy_sysctl_check(pair, err);

		if (!row)
			return -EBADMSG;
		r = row->place == place ? compare(p, pair, err) : 0;
	}
	return r;
}

/* Segments that nobody has attached any more are gone: none outlives its service (row 51). */
#define ALWAYS "sys/kernel/shm_rmid_forced"

int step_ipc_apply(struct plan *p, struct err *err)
{
	/* Kept for the proof: the file of a new namespace is looked up slowly. */
	p->ipc_fd = openat(p->proc_fd, ALWAYS, O_RDWR | O_CLOEXEC);
	if (p->ipc_fd < 0 || write(p->ipc_fd, "1", 1) != 1)
		return err_sys(err, errno, ALWAYS " = 1");
	return sysctls_write(p, SYSCTL_IPC, err);
}

int step_ipc_prove(const struct plan *p, struct err *err)
{
	char found[8] = "";
	ssize_t n = pread(p->ipc_fd, found, sizeof(found), 0);
	int fd = p->ipc_fd;

	fd_close(&fd);
	if (n != 2 || found[0] != '1')
		return err_set(err, EPERM, ALWAYS " is not 1");
	return sysctls_prove(p, SYSCTL_IPC, err);
}
