#include "programs/launcher/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "programs/launcher/admission.h"
#include "programs/launcher/images.h"
#include "programs/launcher/purge.h"
#include "programs/launcher/slots.h"
#include "trust/arch.h"
#include "trust/refuse.h"

#define STALL_MS   60000u
#define STEP       ((size_t)1 << 20)
#define FLUSH      ((uint64_t)4 << 20) /* so that the fsync at the end is short */
#define RESERVE    ((uint64_t)4 << 20) /* of the state partition, for spool and small files */
#define HINT_AGAIN "repeat it with --resume"
#define HINT_SPACE "bartizan image remove NAME VERSION"

enum stage { IDLE, COPYING, APPLYING, CHECKING };

static void pipe_ready(struct loop *loop, struct watch *watch, uint32_t events);
static void answer_ready(struct loop *loop, struct watch *watch, uint32_t events);
static void stalled(struct loop *loop, struct timer *timer);

static struct job {
	enum stage stage;
	struct service *service;
	uint32_t flags;
	uint64_t size; /* of the whole file; 0: not known yet */
	uint64_t done;
	uint64_t flushed;
	bool sent;
	int directory_fd;
	int file_fd;
	int pipe_fd;
	struct watch pipe;
	struct watch answer;
	struct timer stall;
	struct talk talk;
	struct err err;
} job = {
	.directory_fd = -1,
	.file_fd = -1,
	.pipe_fd = -1,
	.pipe = {.fd = -1, .ready = pipe_ready},
	.answer = {.fd = -1, .ready = answer_ready},
	.stall = {.due = stalled},
};

/* Not in the job: 17 KB that begin as zeros take no room in the file. */
static struct admission candidate;

static void partial_name(char to[NAME_SIZE + sizeof(IMAGES_PARTIAL)])
{
	str_join(to, NAME_SIZE + sizeof(IMAGES_PARTIAL), job.service->name, IMAGES_PARTIAL, "");
}

static void keep_waiting(void)
{
	loop_timer_set(&launcher.loop, &job.stall, clock_monotonic_ms() + STALL_MS);
}

/* ---- the end */

static void close_job(void)
{
	loop_timer_clear(&launcher.loop, &job.stall);
	loop_remove(&launcher.loop, &job.pipe);
	loop_remove(&launcher.loop, &job.answer);
	if (job.stage == APPLYING || job.stage == CHECKING) {
		talk_kill(&job.talk);
		talk_close(&job.talk);
	}
	if (job.stage == CHECKING)
		admission_end(&candidate);
	fd_close(&job.pipe_fd);
	fd_close(&job.file_fd);
	fd_close(&job.directory_fd);
	job.stage = IDLE;
}

/* A decision against this content: nothing of it stays. An accident: what is there can be used. */
static void fail(void)
{
	char partial[NAME_SIZE + sizeof(IMAGES_PARTIAL)];
	bool accident = err_is_accident(job.err.code) && job.err.code != ENOSPC;
	bool later = accident || job.err.code == ENOSPC;

	if (!accident) {
		partial_name(partial);
		(void)unlinkat(job.directory_fd, partial, 0);
		launcher_refuse_image(job.service->name, &job.err);
	}
	close_job();
	update_installed(job.err.code == EBUSY ? EXIT_BUSY : later ? 1 : 5, "", &job.err);
}

static void stalled(struct loop *loop, struct timer *timer)
{
	(void)loop;
	(void)timer;
	(void)err_set(&job.err, ETIMEDOUT, "nothing happened for %u s", STALL_MS / 1000);
	(void)err_hint(&job.err, HINT_AGAIN);
	fail();
}

bool install_is_of(const char *name)
{
	return job.stage != IDLE && str_equal(job.service->name, name);
}

void install_abort(void)
{
	if (job.stage != IDLE)
		close_job();
}

/* ---- in place */

static int check_version(struct err *err)
{
	const struct service *s = job.service;
	const struct policy *p = &candidate.policy;
	uint32_t epoch = s->admitted ? s->note.epoch : floors_epoch(&launcher.floors, s->name);
	static struct image_set set;

	if (job.flags & IMAGE_DOWNGRADE || images_scan(launcher.images_fd, s->name, &set) ||
	    !set.count || set.files[0].standing >= IMAGE_BAD)
		return 0;
	if (p->epoch > epoch || images_compare_versions(p->version, set.files[0].version) >= 0)
		return 0;
	(void)err_set(err, ESTALE, "version %s is older than %s, which is installed", p->version,
		      set.files[0].version);
	return err_hint(err, "--downgrade, when that is meant");
}

/* Visible by one rename of what is on the disk by then. */
static int place(struct err *err)
{
	const struct policy *p = &candidate.policy;
	char partial[NAME_SIZE + sizeof(IMAGES_PARTIAL)], file[IMAGES_FILE_SIZE];
	int r = check_version(err);

	r = r ? r : slots_make_room(job.service, p->version, err);
	if (r)
		return r;
	(void)snprintf(file, sizeof(file), "%s_%s_%s+0-0.raw", p->name, p->version,
		       trust_arch_name(p->arch));
	partial_name(partial);
	if (fsync(candidate.file_fd) ||
	    renameat(job.directory_fd, partial, job.directory_fd, file) || fsync(job.directory_fd))
		return err_sys(err, errno, "image cannot be put in place");
	audit_emit(EVENT_IMAGE_INSTALLED, AUDIT_S(p->name), AUDIT_S(p->version), AUDIT_N(p->epoch),
		   AUDIT_H(candidate.image.verdict.root_hash),
		   AUDIT_H(candidate.image.verdict.signers[0].spki));
	return job.flags & IMAGE_STAGE ? 0 : slots_activate(job.service, p->version, err);
}

static void conclude(void)
{
	char version[POLICY_VERSION_SIZE];
	int r;

	loop_remove(&launcher.loop, &job.answer);
	talk_close(&job.talk);
	job.talk = (struct talk){.channel = {.fd = -1}, .child = CHILD_NONE};
	r = admission_decide(&candidate);
	r = r ? r : place(&job.err);
	if (r) {
		fail();
		return;
	}
	str_join(version, sizeof(version), candidate.policy.version, "", "");
	close_job();
	update_installed(0, version, &job.err);
}

static int check_room(uint64_t more)
{
	struct statvfs fs;

	if (fstatvfs(job.directory_fd, &fs))
		return err_sys(&job.err, errno, "state partition");
	if (more + RESERVE <= (uint64_t)fs.f_bavail * fs.f_frsize)
		return 0;
	return REFUSE(&job.err, ENOSPC, HINT_SPACE, "no room for it on the state partition");
}

/* ---- every block, by a process without rights */

static int ask_for_all(void)
{
	CLEAN_FD int node_fd = open(candidate.note.node, O_RDONLY | O_CLOEXEC);
	struct message_checked question = {
		.head = {.type = M_CHECK_ALL, .subject = job.service->slot},
		.total = candidate.image.verdict.data_blocks * 4096,
	};

	if (node_fd < 0)
		return err_sys(&job.err, errno, "%s", candidate.note.node);
	return talk_send(&job.talk, &question, &node_fd, 1, &job.err);
}

static int wait_for_answer(uint64_t total)
{
	job.done = 0;
	job.size = total;
	keep_waiting();
	return loop_add(&launcher.loop, &job.answer, job.talk.channel.fd, EPOLLIN);
}

static int open_partial(void)
{
	char partial[NAME_SIZE + sizeof(IMAGES_PARTIAL)];

	partial_name(partial);
	return images_open_file(job.directory_fd, partial, &candidate.file_fd, &candidate.file_size,
				&job.err);
}

static void begin_check(void)
{
	int r;

	loop_remove(&launcher.loop, &job.pipe);
	fd_close(&job.pipe_fd);
	fd_close(&job.file_fd); /* nobody can write it any more */
	job.talk = (struct talk){.channel = {.fd = -1}, .child = CHILD_NONE};
	admission_begin(&candidate, job.service, &job.err);
	r = open_partial();
	r = r ? r : admission_map(&candidate, &job.talk);
	if (r) {
		talk_close(&job.talk);
		admission_end(&candidate);
		job.stage = IDLE;
		fail();
		return;
	}
	job.stage = CHECKING;
	r = ask_for_all();
	if (!r && wait_for_answer(candidate.image.verdict.data_blocks * 4096))
		r = err_set(&job.err, ENOMEM, "no room to wait for verify");
	if (r)
		fail();
}

static void applied(void)
{
	loop_remove(&launcher.loop, &job.answer);
	talk_kill(&job.talk); /* it holds the file open for writing */
	talk_close(&job.talk);
	begin_check();
}

/* Counts rise and end at the size that was agreed; of a new image the process says it, once. */
static int take_count(const struct message_checked *m)
{
	if (job.stage == APPLYING && !job.size && m->total <= IMAGES_SIZE_MAX) {
		job.size = m->total;
		if (check_room(job.size))
			return -job.err.code;
	}
	if (m->bytes > job.done && m->bytes <= job.size && m->total == job.size) {
		job.done = m->bytes;
		return 0;
	}
	(void)err_set(&job.err, EPROTO, "verify counts %llu of %llu bytes",
		      (unsigned long long)m->bytes, (unsigned long long)m->total);
	talk_refuse(&job.talk, &job.err);
	return -EPROTO;
}

static void answer_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};

	(void)loop;
	(void)watch;
	(void)events;
	if (talk_receive(&job.talk, M_CHECKED, &received, &job.err) ||
	    take_count(&received.message.checked)) {
		fail();
		return;
	}
	keep_waiting();
	update_progress(job.stage == APPLYING ? IMAGE_COPYING : IMAGE_CHECKING, job.done, job.size);
	if (job.done == job.size && job.stage == APPLYING)
		applied();
	else if (job.done == job.size)
		conclude();
}

/* ---- the stream */

/* Behind what was written lately the disk can begin to write: never a whole image at once. */
static int flush(void)
{
	if (job.done - job.flushed < FLUSH)
		return 0;
	(void)sync_file_range(job.file_fd, (off_t)job.flushed, (off_t)(job.done - job.flushed),
			      SYNC_FILE_RANGE_WRITE);
	job.flushed = job.done;
	update_progress(IMAGE_COPYING, job.done, job.size);
	return check_room(0);
}

static void check_copied(void)
{
	if (!job.sent || job.stage != COPYING)
		return;
	if (job.done == job.size) {
		begin_check();
	} else if (job.done > job.size) {
		(void)err_set(&job.err, EMSGSIZE, "the stream is longer than its sender says");
		fail();
	}
}

/* splice(2): the bytes pass the launcher by, unread. */
static void pipe_ready(struct loop *loop, struct watch *watch, uint32_t events)
{
	ssize_t n = splice(job.pipe_fd, NULL, job.file_fd, NULL, STEP,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	int r = 0;

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		r = err_sys(&job.err, errno, "image cannot be written");
	} else if (n == 0) {
		loop_remove(loop, watch); /* its end; whoever sends says whether all came */
	} else {
		job.done += (uint64_t)n;
		keep_waiting();
		r = job.done > IMAGES_SIZE_MAX
			    ? err_set(&job.err, EFBIG, "image is larger than 4 GiB")
			    : flush();
	}
	if (r)
		fail();
	else
		check_copied();
}

void install_sent(uint64_t size)
{
	if (job.stage != COPYING || job.sent)
		return;
	job.sent = true;
	job.size = size;
	check_copied();
}

/* ---- the beginning */

/*
 * What of the file is sure to hold what was written. The power may have gone while its size was on
 * the disk already and blocks before that were not: ext4 has allocated those and never marked them
 * as written, and says that they are a hole (lseek(2), SEEK_HOLE; a file system that has none says
 * the size). What waits in memory to be written is none.
 */
static int cut_lost_end(struct stat *st)
{
	off_t hole = lseek(job.file_fd, 0, SEEK_HOLE);

	if (hole < 0 || hole >= st->st_size)
		return 0;
	if (ftruncate(job.file_fd, hole))
		return err_sys(&job.err, errno, "the end of a copy that was lost");
	st->st_size = hole;
	return 0;
}

static int open_target(uint64_t *start)
{
	char partial[NAME_SIZE + sizeof(IMAGES_PARTIAL)];
	struct stat st;

	partial_name(partial);
	if (!(job.flags & IMAGE_RESUME))
		(void)unlinkat(job.directory_fd, partial, 0);
	job.file_fd = openat(job.directory_fd, partial,
			     O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (job.file_fd < 0 || fstat(job.file_fd, &st))
		return err_sys(&job.err, errno, "%s", partial);
	if (!S_ISREG(st.st_mode) || st.st_uid || st.st_nlink != 1)
		return err_set(&job.err, EINVAL, "%s is not what installing left", partial);
	if (cut_lost_end(&st))
		return -job.err.code;
	if (lseek(job.file_fd, 0, SEEK_END) < 0)
		return err_sys(&job.err, errno, "%s", partial);
	*start = job.done = job.flushed = (uint64_t)st.st_size;
	if (!job.size)
		return check_room(0);
	if (job.done > job.size)
		return err_set(&job.err, EINVAL, "more is there than this image has");
	return check_room(job.size - job.done);
}

static int begin_delta(void)
{
	CLEAN_FD int node_fd = -1;
	struct message_checked question = {.head = {.type = M_APPLY, .subject = job.service->slot},
					   .total = IMAGES_SIZE_MAX};
	int fds[3];
	int r;

	/* The old blocks come through dm-verity, as what runs gets them. */
	r = admit_service(job.service, &job.err);
	if (r)
		return r;
	node_fd = open(job.service->note.node, O_RDONLY | O_CLOEXEC);
	if (node_fd < 0)
		return err_sys(&job.err, errno, "%s", job.service->note.node);
	memcpy(question.old_root_hash, job.service->note.root_hash, sizeof(question.old_root_hash));
	r = talk_open(HELPER_VERIFY, &job.talk, &job.err);
	if (r)
		return r;
	job.stage = APPLYING;
	fds[0] = job.pipe_fd;
	fds[1] = node_fd;
	fds[2] = job.file_fd;
	r = talk_send(&job.talk, &question, fds, 3, &job.err);
	fd_close(&job.pipe_fd);
	fd_close(&job.file_fd);
	if (!r && wait_for_answer(job.size))
		r = err_set(&job.err, ENOMEM, "no room to wait for verify");
	return r;
}

static int begin(uint64_t *start)
{
	int r;

	job.directory_fd = images_directory(launcher.images_fd, job.service->name, true);
	if (job.directory_fd < 0)
		return err_sys(&job.err, -job.directory_fd, "images of %s", job.service->name);
	r = open_target(start);
	if (r)
		return r;
	if (job.flags & IMAGE_DELTA)
		return begin_delta();
	job.stage = COPYING;
	keep_waiting();
	r = loop_add(&launcher.loop, &job.pipe, job.pipe_fd, EPOLLIN);
	return r ? err_sys(&job.err, -r, "cannot watch the stream") : 0;
}

int install_begin(const struct message_image_install *m, int *pipe_fd, uint64_t *start,
		  struct err *err)
{
	struct service *s = NULL;
	int r;

	if (*launcher.locked || !launcher.policies)
		return err_set(err, EPERM, "nothing is installed on this boot: %s",
			       *launcher.locked ? launcher.locked : "no policy");
	if (job.stage != IDLE)
		return err_set(err, EBUSY, "another image is being installed");
	if (m->flags & IMAGE_DELTA && (m->flags & IMAGE_RESUME || m->size))
		return err_set(err, EINVAL, "a block file comes whole");
	for (size_t i = 0; i < CONFIG_SERVICES_MAX; i++)
		if (*m->name && str_equal(launcher.services[i].name, m->name))
			s = &launcher.services[i];
	if (!s)
		return err_set(err, ENOENT, "the device policy does not name %s", m->name);
	if (purge_is_of(m->name))
		return err_set(err, EBUSY, "%s is being purged", m->name);
	job.service = s;
	job.flags = m->flags;
	job.size = m->size;
	job.sent = false;
	job.err = (struct err){0};
	job.pipe_fd = take_fd(pipe_fd);
	r = begin(start);
	if (r) {
		*err = job.err;
		close_job();
	}
	return r;
}
