#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/validate.h"
#include "programs/launcher/launcher.h"

#define COMPILE_TRIES 3

/*
 * Device and trust policy: compiled once per boot from the verified root, kept by init. Without
 * them no service starts; control and records go on, so that somebody can find out why.
 */

static int read_device(int device_fd, struct device_policy *device, struct err *err)
{
	int r = fd_read_sealed(device_fd, device, sizeof(*device));

	if (r)
		return err_sys(err, -r, "compiled device policy");
	r = policy_validate_device(device, err);
	return r ? r : auditor_load(device, launcher.conf_fd, err);
}

int policies_adopt(int device_fd, int trust_fd, struct err *err)
{
	static struct device_policy device;
	int r = read_device(device_fd, &device, err);

	r = r ? r : trust_take_over(trust_fd, err);
	if (r)
		return r;
	launcher.device = device;
	launcher.policies = true;
	return 0;
}

/* As `compile` made them of the firmware's files. */
static int take_firmware(const struct received *received, struct err *err)
{
	static struct device_policy device;
	static struct trust_policy trust;
	int r = read_device(received->fds[0], &device, err);

	r = r ? r : fd_read_sealed(received->fds[1], &trust, sizeof(trust));
	if (r)
		return *err->msg ? r : err_sys(err, -r, "compiled trust policy");
	r = policy_validate_trust(&trust, err);
	r = r ? r : trust_firmware(&trust, err);
	if (r)
		return r;
	launcher.device = device;
	launcher.policies = true;
	return 0;
}

static int open_files(int fds[2], struct err *err)
{
	static const char *const names[2] = {"supervisor.conf", "trust.conf"};

	for (int i = 0; i < 2; i++) {
		fds[i] = openat(launcher.conf_fd, names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fds[i] < 0)
			return err_sys(err, errno, CONF_DIR "/%s", names[i]);
	}
	return 0;
}

static int converse(struct talk *talk, struct received *received, struct err *err)
{
	struct message_compile question = {.head = {.type = M_COMPILE_DEVICE},
					   .arch = (uint8_t)launcher.arch};
	int fds[2] = {-1, -1};
	int r = open_files(fds, err);

	r = r ? r : talk_send(talk, &question, fds, 2, err);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	return r ? r : talk_receive(talk, M_COMPILED_DEVICE, received, err);
}

static int compile(struct err *err)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct talk talk;
	int r = talk_open(HELPER_COMPILE, &talk, err);

	if (r)
		return r;
	r = converse(&talk, &received, err);
	talk_close(&talk);
	r = r ? r : take_firmware(&received, err);
	if (r)
		return r;
	init_store(SUBJECT_NONE, STORE_POLICY, received.fds[0]);
	launcher.device_fd = take_fd(&received.fds[0]);
	return 0;
}

/* A helper that was killed or is slow is not a verdict on the policies: nobody asks again later. */
static int compile_patiently(struct err *err)
{
	int r;

	for (int i = 0; i < COMPILE_TRIES; i++) {
		r = compile(err);
		if (r != -ECONNRESET && r != -ETIMEDOUT && r != -ECHILD)
			break;
	}
	return r;
}

void policies_open(void)
{
	struct err err = {0};

	if (launcher.policies)
		return;
	if (compile_patiently(&err)) {
		log_line("launcher: no service starts: %s%s%s", err.msg, *err.hint ? "; " : "",
			 err.hint);
		audit_emit(EVENT_POLICY_REFUSED, AUDIT_S(err.msg), AUDIT_S(err.hint));
		if (!*launcher.locked)
			str_join(launcher.locked, sizeof(launcher.locked), "policy", "", "");
		return;
	}
	trust_follow();
	audit_emit(EVENT_POLICY_LOADED, AUDIT_N(launcher.device.service_count),
		   AUDIT_N(launcher.trust.version), AUDIT_S(launcher.device.name));
}
