#include "programs/launcher/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/install.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static struct image_set set; /* of the name that is asked about; 3 KiB */

/* ---- finding */

bool slots_is_mapped(const struct service *s, const struct image_file *f)
{
	return s->admitted && f->inode == s->note.file_inode;
}

static int scan(const struct service *s, struct err *err)
{
	int r = images_scan(launcher.images_fd, s->name, &set);

	return r ? err_sys(err, -r, "images of %s", s->name) : 0;
}

/* The file that is mapped for @s, whatever it is called by now. */
static const struct image_file *mapped(const struct service *s)
{
	for (uint32_t i = 0; i < set.count; i++)
		if (slots_is_mapped(s, &set.files[i]))
			return &set.files[i];
	return NULL;
}

static const struct image_file *find(const char *version)
{
	for (uint32_t i = 0; i < set.count; i++)
		if (str_equal(set.files[i].version, version))
			return &set.files[i];
	return NULL;
}

/* What runs next; NULL: nothing can. */
static const struct image_file *active(void)
{
	return set.count && set.files[0].standing < IMAGE_BAD ? &set.files[0] : NULL;
}

static const struct image_file *second(const struct image_file *first)
{
	for (uint32_t i = 0; i < set.count; i++)
		if (&set.files[i] != first && set.files[i].standing < IMAGE_BAD)
			return &set.files[i];
	return NULL;
}

/* ---- one change */

/* The file is still the one that was verified, though the change of its name changed its ctime. */
static void keep_current(struct service *s, int directory_fd, const char *file)
{
	struct stat st;
	struct err err = {0};

	if (!s->admitted || fstatat(directory_fd, file, &st, AT_SYMLINK_NOFOLLOW) ||
	    st.st_ino != s->note.file_inode)
		return;
	s->note.file_changed_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	if (note_store(s, &err))
		log_line("launcher: %s: %s", s->name, err.msg);
}

static int rename_to(struct service *s, const struct image_file *f, const char *to, struct err *err)
{
	CLEAN_FD int directory_fd = images_directory(launcher.images_fd, s->name, false);

	if (directory_fd < 0)
		return err_sys(err, -directory_fd, "images of %s", s->name);
	/* Not over another file: a name that is taken says that somebody else was here. */
	if (syscall(SYS_renameat2, directory_fd, f->file, directory_fd, to, RENAME_NOREPLACE))
		return err_sys(err, errno, "%s cannot become %s", f->file, to);
	if (fsync(directory_fd))
		return err_sys(err, errno, "images of %s", s->name);
	keep_current(s, directory_fd, to);
	return 0;
}

static int mark(struct service *s, const struct image_file *f, struct image_count count,
		struct err *err)
{
	char to[IMAGES_FILE_SIZE];
	int r;

	if (f->standing == IMAGE_DAMAGED)
		return err_set(err, EBADMSG, "version %s is damaged", f->version);
	r = images_rename(f, &count, to);
	if (r)
		return err_sys(err, -r, "%s", f->file);
	return str_equal(to, f->file) ? 0 : rename_to(s, f, to, err);
}

static int mark_bad(struct service *s, const struct image_file *f, struct err *err)
{
	return mark(s, f, (struct image_count){IMAGE_BAD, 0, f->done ? f->done : 1}, err);
}

static int remove_file(const struct service *s, const struct image_file *f, struct err *err)
{
	CLEAN_FD int directory_fd = images_directory(launcher.images_fd, s->name, false);

	if (directory_fd < 0 || unlinkat(directory_fd, f->file, 0) || fsync(directory_fd))
		return err_sys(err, errno, "%s cannot be removed", f->file);
	audit_emit(EVENT_IMAGE_REMOVED, AUDIT_S(s->name), AUDIT_S(f->version));
	return 0;
}

/* ---- trials */

int slots_begin_try(struct service *s, struct err *err)
{
	const struct image_file *f;
	uint32_t left;
	int r = scan(s, err);

	if (r)
		return r;
	f = mapped(s);
	/* Another one was activated since: to be admitted first. */
	if (!f || (f != active() && f->standing < IMAGE_BAD))
		return err_set(err, ESTALE, "another version is to run");
	if (f->standing == IMAGE_GOOD)
		return 0;
	if (f->standing >= IMAGE_BAD)
		return err_set(err, ESTALE, "version %s has no try left", f->version);
	/* One that was set aside begins anew. */
	left = f->standing == IMAGE_TRIAL ? f->left : IMAGES_TRIES;
	s->note.trial = true;
	/* Nothing to go back to: its last try is not counted. Three power cuts in a row must not
	 * leave a name without a version. */
	if (left == 1 && !second(f))
		return 0;
	return mark(s, f,
		    (struct image_count){left > 1 ? IMAGE_TRIAL : IMAGE_BAD, left - 1, f->done + 1},
		    err);
}

int slots_confirm(const struct service *s, struct err *err)
{
	struct service *own = launcher_service(s->slot);
	const struct image_file *f;
	int r = scan(s, err);

	if (r)
		return r;
	f = mapped(s);
	if (!f || !own)
		return err_set(err, ESTALE, "the image that runs is gone");
	own->note.trial = false;
	return mark(own, f, (struct image_count){IMAGE_GOOD, 0, 0}, err);
}

/* ---- rollbacks */

static void record(struct service *s, const struct image_file *f, const char *why)
{
	struct rollback *one = &launcher.rollbacks.of[s->slot];
	const struct image_file *next;
	bool ran = slots_is_mapped(s, f) && s->ended.generation;

	*one = (struct rollback){.at_us = clock_real_us()};
	if (ran) {
		one->generation = s->ended.generation;
		one->code = s->ended.code;
		one->status = s->ended.status;
	}
	str_join(one->name, sizeof(one->name), s->name, "", "");
	str_join(one->version, sizeof(one->version), f->version, "", "");
	str_join(one->why, sizeof(one->why), why, "", "");
	if (rollbacks_store(launcher.state_fd, &launcher.rollbacks))
		log_line("launcher: %s: the reason of its rollback cannot be stored", s->name);
	next = second(f);
	log_line("%s: version %s is given up: %s", s->name, f->version, why);
	audit_emit(EVENT_ROLLBACK, AUDIT_S(s->name), AUDIT_S(f->version),
		   AUDIT_S(next ? next->version : ""), AUDIT_N(one->generation),
		   AUDIT_N((uint32_t)one->code), AUDIT_N((uint32_t)one->status), AUDIT_S(why));
}

void slots_note_bad(struct service *s)
{
	const struct rollback *known = &launcher.rollbacks.of[s->slot];
	struct err err = {0};

	if (scan(s, &err))
		return;
	/* The best of them: there is room for one on record. */
	for (uint32_t i = 0; i < set.count; i++) {
		const struct image_file *f = &set.files[i];

		if (f->standing != IMAGE_BAD)
			continue;
		if (str_equal(known->name, s->name) && str_equal(known->version, f->version))
			return;
		record(s, f,
		       slots_is_mapped(s, f) && *s->ended.why
			       ? s->ended.why
			       : "its last try was cut short: the device went down");
		return;
	}
}

static int give_up(struct service *s, const struct image_file *f, const char *why, struct err *err)
{
	int r = mark_bad(s, f, err);

	if (!r)
		record(s, f, why);
	return r;
}

int slots_give_up(struct service *s, const char *why, struct err *err)
{
	const struct image_file *f;
	int r = scan(s, err);

	if (r)
		return r;
	f = mapped(s);
	if (!f || !s->note.trial || !second(f))
		return err_set(err, ENOENT, "no earlier version to go back to");
	return give_up(s, f, why, err);
}

int slots_refuse(struct service *s, const struct image_file *which, const struct err *why)
{
	const struct image_file *f;
	struct err err = {0};

	if (scan(s, &err))
		return -ENOENT;
	f = find(which->version);
	if (!f || !second(f))
		return -ENOENT;
	return give_up(s, f, why->msg, &err);
}

int slots_take_back(struct service *s, const struct image_file *which, const struct err *why)
{
	struct err err = {0};

	if (scan(s, &err))
		return -ENOENT;
	for (uint32_t i = 0; i < set.count; i++) {
		const struct image_file *f = &set.files[i];
		int r;

		if ((f->standing != IMAGE_ASIDE && f->standing != IMAGE_BAD) ||
		    images_compare_versions(f->version, which->version) <= 0)
			continue;
		log_line("%s: no way back to version %s: %s", s->name, which->version, why->msg);
		r = mark(s, f, (struct image_count){IMAGE_TRIAL, IMAGES_TRIES, 0}, &err);
		if (r)
			log_line("launcher: %s: %s", s->name, err.msg);
		else
			audit_emit(EVENT_ROLLBACK, AUDIT_S(s->name), AUDIT_S(which->version),
				   AUDIT_S(f->version), AUDIT_N(0), AUDIT_N(0), AUDIT_N(0),
				   AUDIT_S(why->msg));
		return r;
	}
	return -ENOENT;
}

bool slots_quarantine(struct service *s)
{
	const struct image_file *f;
	char to[IMAGES_FILE_SIZE];
	struct err err = {0};

	if (scan(s, &err))
		return false;
	f = mapped(s);
	if (!f || f->standing == IMAGE_DAMAGED)
		return active() != NULL;
	str_join(to, sizeof(to), f->file, IMAGES_DAMAGED, "");
	if (rename_to(s, f, to, &err)) {
		log_line("launcher: %s: %s", s->name, err.msg);
		return false;
	}
	audit_emit(EVENT_QUARANTINED, AUDIT_S(s->name), AUDIT_S(f->version),
		   AUDIT_H(s->note.root_hash));
	return second(f) != NULL;
}

/* ---- by an operator */

int slots_activate(struct service *s, const char *version, struct err *err)
{
	const struct image_file *wanted, *now;
	int r = scan(s, err);

	if (r)
		return r;
	wanted = find(version);
	now = active();
	if (!wanted)
		return err_set(err, ENOENT, "%s has no version %s", s->name, version);
	if (wanted->standing == IMAGE_DAMAGED)
		return err_set(err, EBADMSG, "version %s is damaged: install it again", version);
	if (wanted->standing != IMAGE_GOOD)
		r = mark(s, wanted, (struct image_count){IMAGE_TRIAL, IMAGES_TRIES, 0}, err);
	/* Only now: until then the old one is the answer. It stays what can be gone back to. */
	if (!r && now && now != wanted && images_compare_versions(now->version, version) > 0)
		r = mark(s, now, (struct image_count){IMAGE_ASIDE, 0, 0}, err);
	if (r)
		return r;
	audit_emit(EVENT_IMAGE_ACTIVATED, AUDIT_S(s->name), AUDIT_S(version));
	if (!slots_is_mapped(s, wanted))
		requests_renew(s);
	return 0;
}

int slots_roll_back(struct service *s, struct err *err)
{
	const struct image_file *now;
	int r = scan(s, err);

	if (r)
		return r;
	/* What runs in its last try is no longer what would run next. */
	now = mapped(s) && start_is_alive(s) ? mapped(s) : active();
	if (!now || !second(now))
		return err_set(err, ENOENT, "%s has no other version to go back to", s->name);
	r = give_up(s, now, "an operator asked for it", err);
	if (!r)
		requests_renew(s);
	return r;
}

static bool is_meant(const struct image_file *f, const char *version)
{
	return !*version || str_equal(f->version, version);
}

/* Before the first one goes: a service that runs keeps what it could go back to as well. */
static int check_unused(const struct service *s, const char *version, struct err *err)
{
	for (uint32_t i = 0; i < set.count && start_is_alive(s); i++) {
		const struct image_file *f = &set.files[i];

		if (!is_meant(f, version) || (!slots_is_mapped(s, f) && f != active()))
			continue;
		(void)err_set(err, EBUSY, "version %s is the active one", f->version);
		return err_hint(err, "stop %s first, or activate another version", s->name);
	}
	return 0;
}

/* What an installation left that was cut short; not one that is under way. */
static bool remove_partial(const struct service *s)
{
	CLEAN_FD int directory_fd = images_directory(launcher.images_fd, s->name, false);
	char partial[NAME_SIZE + sizeof(IMAGES_PARTIAL)];

	str_join(partial, sizeof(partial), s->name, IMAGES_PARTIAL, "");
	return directory_fd >= 0 && !install_is_of(s->name) && !unlinkat(directory_fd, partial, 0);
}

int slots_remove(struct service *s, const char *version, struct err *err)
{
	bool found = false;
	int r = scan(s, err);

	r = r ? r : check_unused(s, version, err);
	for (uint32_t i = set.count; i > 0 && !r; i--) {
		const struct image_file *f = &set.files[i - 1];

		if (!is_meant(f, version))
			continue;
		found = true;
		if (slots_is_mapped(s, f))
			admit_forget(s);
		r = remove_file(s, f, err);
	}
	if (!r && !*version)
		found |= remove_partial(s);
	if (!r && !found)
		return err_set(err, ENOENT, "%s has no version%s%s", s->name, *version ? " " : "",
			       version);
	return r;
}

int slots_make_room(struct service *s, const char *version, struct err *err)
{
	const struct image_file *now;
	int r = scan(s, err);

	if (r)
		return r;
	now = active();
	if (now && str_equal(now->version, version))
		return err_set(err, EEXIST, "version %s is installed and active", version);
	if (mapped(s) && start_is_alive(s) && s->note.trial)
		now = mapped(s);
	if (now && now->standing != IMAGE_GOOD && second(now)) {
		(void)err_set(err, EBUSY, "version %s is on trial", now->version);
		return err_hint(err, "bartizan image confirm %s, or rollback", s->name);
	}
	for (uint32_t i = 0; i < set.count && !r; i++)
		if (&set.files[i] != now)
			r = remove_file(s, &set.files[i], err);
	return r;
}
