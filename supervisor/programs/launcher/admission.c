#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/fd.h"
#include "policy/check.h"
#include "policy/room.h"
#include "policy/validate.h"
#include "programs/launcher/admission.h"
#include "programs/launcher/launcher.h"
#include "seccomp/filter.h"
#include "sys/board.h"
#include "sys/mounts.h"
#include "trust/arch.h"
#include "trust/refuse.h"
#include "trust/scope.h"

/*
 * From a file to an admitted image, in the order of images.md. `verify` and `compile` say what they
 * see, nothing here believes more than that: every decision is the launcher's own, with the
 * device's policies in hand, and any error on the way leaves nothing behind.
 */
#define HINT_TARGET "install the image that was built for this device"

/* ---- steps 2 to 8: whose keys signed which content, and that content behind dm-verity */

int admission_map(struct admission *a, struct talk *keep)
{
	const struct device_service *d = a->device;

	a->image = (struct authentication){
		.name = a->service->name,
		.subject = a->service->slot,
		.file_fd = a->file_fd,
		.file_size = a->file_size,
		.trust = &launcher.trust,
		.anchors_fd = launcher.anchors_fd,
		.anchor_count = launcher.anchor_count,
		.digest = d->has_digest ? d->image_digest : NULL,
		/* Expiry is judged at installation; a clock that lies must not stop a device. */
		.check_expiry = launcher.trust.expiry == EXPIRY_ALWAYS ||
				(keep && launcher.trust.expiry == EXPIRY_INSTALL),
		.keep = keep,
	};
	a->template_fd = authenticate_image(&a->image, &a->note, a->err);
	return a->template_fd < 0 ? a->template_fd : 0;
}

/* ---- step 9: what the authenticated service file asks for */

static int take_policy(struct admission *a, struct received *received)
{
	static struct seccomp_filter filter;
	int r = fd_read_sealed(received->fds[0], &a->policy, sizeof(a->policy));

	r = r ? r : fd_read_sealed(received->fds[1], &filter, sizeof(filter));
	if (r)
		return err_sys(a->err, -r, "compile sent no sealed policy and filter");
	r = policy_validate(&a->policy, a->err);
	r = r ? r : seccomp_filter_validate(&filter, launcher.arch, a->err);
	if (r)
		return r;
	a->policy_fd = take_fd(&received->fds[0]);
	a->filter_fd = take_fd(&received->fds[1]);
	return 0;
}

static int ask_policy(struct admission *a)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct message_compile question = {
		.head = {.type = M_COMPILE_SERVICE, .subject = a->service->slot},
		.arch = (uint8_t)launcher.arch,
	};
	struct talk talk;
	int r = talk_open(HELPER_COMPILE, &talk, a->err);

	if (r)
		return r;
	str_join(question.name, sizeof(question.name), a->service->name, "", "");
	r = talk_send(&talk, &question, &a->template_fd, 1, a->err);
	r = r ? r : talk_receive(&talk, M_COMPILED_SERVICE, &received, a->err);
	if (!r) {
		r = take_policy(a, &received);
		if (r)
			talk_refuse(&talk, a->err);
	}
	talk_close(&talk);
	return r;
}

/* ---- the launcher's own comparisons */

static int check_identity(struct admission *a)
{
	const struct policy *p = &a->policy;
	const char *name = a->service->name;

	if (!str_equal(p->name, name)) {
		(void)err_set(a->err, EACCES, "the image is named %s, not %s", p->name, name);
		return err_hint(a->err, "the file's place does not decide what an image is");
	}
	if (p->arch != launcher.arch)
		return REFUSE(a->err, ENOEXEC, HINT_TARGET, "image is for %s, this device is %s",
			      trust_arch_name(p->arch), trust_arch_name(launcher.arch));
	if (*p->compatible && !str_equal(p->compatible, board.name))
		return REFUSE(a->err, ENOEXEC, HINT_TARGET, "image is for board %s, this is %s",
			      p->compatible, board.name);
	if (*a->device->min_version &&
	    images_compare_versions(p->version, a->device->min_version) < 0)
		return REFUSE(a->err, ESTALE, "install a newer version",
			      "version %s is below min_version %s of the device policy", p->version,
			      a->device->min_version);
	return trust_epoch_check(&launcher.trust, a->image.signer,
				 floors_epoch(&launcher.floors, name), p->epoch, a->err);
}

/* One uid, one service: limits, signals and file ownership count on it. */
static int choose_uid(struct admission *a)
{
	struct service *own = a->service;

	a->note.uid = a->policy.uid ? a->policy.uid : own->uid;
	a->note.gid = a->policy.uid ? a->policy.gid : own->uid;
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];
		bool same = *s->name &&
			    (s->uid == a->note.uid || (s->admitted && s->note.uid == a->note.uid));

		if (s != own && same)
			return REFUSE(a->err, EACCES,
				      "leave user out: the device gives each service its own",
				      "user = %u belongs to service %s", a->note.uid, s->name);
	}
	return 0;
}

static int check_room(struct admission *a)
{
	struct policy_room room = {.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN)};
	struct sysinfo memory;

	if (sysinfo(&memory))
		return err_sys(a->err, errno, "memory of the device");
	room.ram = (uint64_t)memory.totalram * memory.mem_unit;
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		const struct service *s = &launcher.services[i];

		if (s == a->service || !s->admitted)
			continue;
		room.memory += s->policy.memory;
		room.reservation += s->policy.memory_reservation;
	}
	return policy_check_room(&a->policy, &launcher.device, &room, "service.ini", a->err);
}

int admission_decide(struct admission *a)
{
	int r = ask_policy(a);

	r = r ? r : check_identity(a);
	r = r ? r
	      : policy_check_bounds(&a->policy, &launcher.device, a->device, "service.ini", a->err);
	r = r ? r : check_room(a);
	r = r ? r : walls_check(&a->policy, a->err);
	r = r ? r : choose_uid(a);
	if (!r && mounts_change(a->template_fd, 0, MOUNT_NOEXEC))
		r = err_sys(a->err, errno, "image cannot be made executable");
	a->note.epoch = a->policy.epoch;
	return r;
}

void admission_begin(struct admission *a, struct service *s, struct err *err)
{
	*a = (struct admission){
		.service = s,
		.device = policy_device_service(&launcher.device, s->name),
		.file_fd = -1,
		.template_fd = -1,
		.policy_fd = -1,
		.filter_fd = -1,
		.err = err,
	};
}

void admission_end(struct admission *a)
{
	fd_close(&a->file_fd);
	fd_close(&a->template_fd);
	fd_close(&a->policy_fd);
	fd_close(&a->filter_fd);
	if (*a->note.node)
		map_remove(&a->note);
	a->note = (struct note){0};
}
