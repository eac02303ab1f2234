#include "sandbox/sysctls.h"

#include <errno.h>
#include <string.h>

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
#define ALWAYS "kernel.shm_rmid_forced=1"

int step_ipc_apply(struct plan *p, struct err *err)
{
	int r = fd_write_file(p->proc_fd, "sys/kernel/shm_rmid_forced", "1");

	if (r)
		return err_sys(err, -r, ALWAYS);
	return sysctls_write(p, SYSCTL_IPC, err);
}

int step_ipc_prove(const struct plan *p, struct err *err)
{
	int r = compare(p, ALWAYS, err);

	return r ? r : sysctls_prove(p, SYSCTL_IPC, err);
}
