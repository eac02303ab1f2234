#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "policy/check.h"
#include "policy/room.h"
#include "policy/validate.h"
#include "programs/launcher/authenticate.h"
#include "programs/launcher/images.h"
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

struct admission {
	struct service *service;
	const struct device_service *device;
	int file_fd;
	uint64_t file_size;
	struct authentication image;
	struct note note;
	int template_fd;
	int policy_fd;
	int filter_fd;
	struct policy policy;
	struct err *err;
};

/* ---- step 1: the file */

static int open_file(struct admission *a)
{
	struct stat st;
	int r = images_open(launcher.images_fd, a->service->name, &a->file_fd, &a->file_size,
			    a->err);

	if (r)
		return r;
	if (fstat(a->file_fd, &st))
		return err_sys(a->err, errno, "image file");
	a->note.file_device = st.st_dev;
	a->note.file_inode = st.st_ino;
	a->note.file_changed_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	return 0;
}

/* ---- steps 2 to 8: whose keys signed which content, and that content behind dm-verity */

static int verify_and_map(struct admission *a)
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
		.check_expiry = launcher.trust.expiry == EXPIRY_ALWAYS,
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

static int compile(struct admission *a)
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

static int decide(struct admission *a)
{
	int r = check_identity(a);

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

/* ---- done, or undone */

int note_store(const struct service *s, struct err *err)
{
	CLEAN_FD int fd = fd_sealed_memfd("note", &s->note, sizeof(s->note));

	if (fd < 0)
		return err_sys(err, -fd, "note");
	init_store(s->slot, STORE_RECORD, fd);
	return 0;
}

static int keep(struct admission *a)
{
	struct service *s = a->service;

	a->note.magic = NOTE_MAGIC;
	a->note.size = sizeof(a->note);
	a->note.generation = s->begun;
	a->note.trust_version = launcher.trust.version;
	str_join(a->note.name, sizeof(a->note.name), s->name, "", "");
	s->note = a->note;
	s->policy = a->policy;
	s->policy_fd = take_fd(&a->policy_fd);
	s->filter_fd = take_fd(&a->filter_fd);
	s->template_fd = take_fd(&a->template_fd);
	s->admitted = true;
	init_store(s->slot, STORE_TEMPLATE, s->template_fd);
	init_store(s->slot, STORE_POLICY, s->policy_fd);
	init_store(s->slot, STORE_FILTER, s->filter_fd);
	/* Last: a note says that everything else is there. */
	return note_store(s, a->err);
}

static void tell(const struct admission *a)
{
	const struct verdict *v = &a->image.verdict;

	audit_emit(EVENT_IMAGE_VERIFIED, AUDIT_S(a->service->name), AUDIT_S(a->policy.version),
		   AUDIT_N(a->policy.epoch), AUDIT_H(a->note.root_hash),
		   AUDIT_H(v->signers[0].spki),
		   AUDIT_S(launcher.trust.signers[a->image.signer].name),
		   AUDIT_N(a->image.verify_us), AUDIT_N(a->image.map_us));
	for (uint32_t i = 0; i < v->signer_count; i++)
		if (v->signers[i].expired)
			audit_emit(EVENT_CERTIFICATE_EXPIRED, AUDIT_S(a->service->name),
				   AUDIT_H(v->signers[i].spki));
}

/* A parked life has the volumes of other services mounted as those were owned then. */
static void drop_borrowers(const struct service *owner)
{
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++) {
		struct service *s = &launcher.services[i];

		for (unsigned int n = 0; s->standby.generation && n < s->policy.volume_count; n++)
			if (str_equal(s->policy.volumes[n].owner, owner->name))
				standby_drop(s);
	}
}

void admit_forget(struct service *s)
{
	static const enum store_kind kinds[] = {STORE_RECORD, STORE_TEMPLATE, STORE_POLICY,
						STORE_FILTER};

	standby_drop(s);
	drop_borrowers(s);
	prepared_drop(s);
	fd_close(&s->template_fd);
	fd_close(&s->policy_fd);
	fd_close(&s->filter_fd);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		init_drop(s->slot, kinds[i]);
	if (s->admitted)
		map_remove(&s->note);
	s->admitted = false;
	s->note = (struct note){0};
}

static int verify_anew(struct admission *a)
{
	int r = verify_and_map(a);

	r = r ? r : compile(a);
	r = r ? r : decide(a);
	return r ? r : keep(a);
}

/* The same file and the same trust as when it was admitted: its content is held by dm-verity, so
 * there is nothing to verify again. */
static bool is_current(const struct admission *a)
{
	const struct note *n = &a->service->note;

	return a->service->admitted && n->trust_version == launcher.trust.version &&
	       n->file_device == a->note.file_device && n->file_inode == a->note.file_inode &&
	       n->file_changed_ns == a->note.file_changed_ns;
}

static int admit(struct admission *a)
{
	int r = open_file(a);

	if (r)
		return r;
	if (!is_current(a)) {
		admit_forget(a->service);
		r = verify_anew(a);
		if (r)
			fd_close(&a->template_fd);
		if (r && *a->note.node)
			map_remove(&a->note);
		if (!r)
			tell(a);
		return r;
	}
	r = map_check(a->service, a->err);
	if (r)
		admit_forget(a->service);
	return r;
}

int admit_service(struct service *s, struct err *err)
{
	static struct admission a; /* holds a whole policy */
	int r;

	if (*launcher.locked) {
		(void)err_set(err, EPERM, "no service starts on this boot: %s", launcher.locked);
		return err_hint(err, "bartizan events shows what differs from the board");
	}
	/* It runs: what was true at its start is what counts until it ends. */
	if (s->admitted && start_is_alive(s))
		return 0;
	a = (struct admission){
		.service = s,
		.device = policy_device_service(&launcher.device, s->name),
		.file_fd = -1,
		.template_fd = -1,
		.policy_fd = -1,
		.filter_fd = -1,
		.err = err,
	};
	if (!a.device)
		return REFUSE(err, EACCES, "add [service NAME] to supervisor.conf of the firmware",
			      "the device policy does not name it");
	r = admit(&a);
	fd_close(&a.file_fd);
	fd_close(&a.template_fd);
	fd_close(&a.policy_fd);
	fd_close(&a.filter_fd);
	return r;
}
