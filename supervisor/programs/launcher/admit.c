#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"
#include "base/fd.h"
#include "base/log.h"
#include "policy/check.h"
#include "programs/launcher/admission.h"
#include "programs/launcher/launcher.h"
#include "programs/launcher/slots.h"
#include "trust/refuse.h"

/*
 * A name's file -> an admitted image, kept by init. A version on trial that is refused gives way to
 * the one before it; a confirmed one does not: an older image must not be the answer to a file that
 * somebody made unusable.
 */

/* ---- step 1: the file */

static int open_file(struct admission *a)
{
	struct stat st;
	int r = images_open(launcher.images_fd, a->service->name, &a->which, &a->file_fd, a->err);

	if (r)
		return r;
	a->file_size = a->which.size;
	if (fstat(a->file_fd, &st))
		return err_sys(a->err, errno, "image file");
	a->note.file_device = st.st_dev;
	a->note.file_inode = st.st_ino;
	a->note.file_changed_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	return 0;
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
	a->note.trial = a->which.standing != IMAGE_GOOD;
	a->note.verify_us = a->image.verify_us;
	a->note.map_us = a->image.map_us;
	str_join(a->note.name, sizeof(a->note.name), s->name, "", "");
	s->note = a->note;
	a->note = (struct note){0}; /* what is mapped is the service's now */
	s->policy = a->policy;
	s->policy_fd = take_fd(&a->policy_fd);
	s->filter_fd = take_fd(&a->filter_fd);
	s->template_fd = take_fd(&a->template_fd);
	s->admitted = true;
	watch_image(s);
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
		   AUDIT_N(a->policy.epoch), AUDIT_H(a->service->note.root_hash),
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
	s->admitted = s->damaged = false;
	s->note = (struct note){0};
}

static int verify_anew(struct admission *a)
{
	int r = admission_map(a, NULL);

	r = r ? r : admission_decide(a);
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
	if (is_current(a)) {
		r = map_check(a->service, a->err);
		a->damaged = r == -EBADMSG && slots_quarantine(a->service);
		if (r)
			admit_forget(a->service);
		return r;
	}
	admit_forget(a->service);
	r = verify_anew(a);
	if (!r)
		tell(a);
	return r;
}

/* A file that was damaged is gone after this, and a version on trial that was refused by a decision
 * is bad: then there is something else to try. */
static bool gives_way(const struct admission *a)
{
	if (a->damaged)
		return true;
	return a->which.standing != IMAGE_GOOD && !err_is_accident(a->err->code) &&
	       slots_refuse(a->service, &a->which, a->err) == 0;
}

/* An older version that may not run any more, because a newer one has: then that one, again. Once:
 * it may be refused as well. Where no version could be chosen, there is none to go back from: what
 * was given up stays so until it is activated. */
static bool goes_back(const struct admission *a, bool *gone_back)
{
	if (*gone_back || a->err->code != ESTALE || !*a->which.version)
		return false;
	*gone_back = true;
	return slots_take_back(a->service, &a->which, a->err) == 0;
}

int admit_service(struct service *s, struct err *err)
{
	static struct admission a; /* holds a whole policy */
	bool gone_back = false;
	int r = 0;

	if (*launcher.locked) {
		(void)err_set(err, EPERM, "no service starts on this boot: %s", launcher.locked);
		return err_hint(err, "bartizan events shows what differs from the board");
	}
	/* It runs: what was true at its start is what counts until it ends. */
	if (s->admitted && start_is_alive(s))
		return 0;
	if (!policy_device_service(&launcher.device, s->name))
		return REFUSE(err, EACCES, "add [service NAME] to supervisor.conf of the firmware",
			      "the device policy does not name it");
	slots_note_bad(s);
	do {
		admission_begin(&a, s, err);
		r = admit(&a);
		admission_end(&a);
	} while (r && (gives_way(&a) || goes_back(&a, &gone_back)));
	return r;
}
