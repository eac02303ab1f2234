#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "policy/validate.h"
#include "programs/launcher/authenticate.h"
#include "programs/launcher/bundle.h"
#include "programs/launcher/launcher.h"
#include "trust/refuse.h"

/*
 * One trust bundle (images.md): an image named "trust" with trust.conf and its certificates inside.
 * Whoever was trusted until now must say so, and whoever will be from now on (TUF section 5.3.4):
 * the threshold of the scope that covers the name "trust", by the old policy and by the new one.
 */
#define NAME   "trust"
#define INSIDE "etc/bartizan"

static struct authentication with(const struct bundle *b, const struct trust_policy *trust,
				  int anchors_fd, uint32_t anchor_count)
{
	return (struct authentication){
		.name = NAME,
		.subject = SUBJECT_NONE,
		.file_fd = b->file_fd,
		.file_size = b->file_size,
		.trust = trust,
		.anchors_fd = anchors_fd,
		.anchor_count = anchor_count,
		.check_expiry = b->installing && trust->expiry != EXPIRY_NEVER,
	};
}

/* trust.conf is read by `compile`, and only after it was authenticated. */
static int compile(struct bundle *b, int mount_fd, struct err *err)
{
	CLEAN_RECEIVED struct received received = {.fd_count = 0};
	struct message_compile question = {
		.head = {.type = M_COMPILE_TRUST, .subject = SUBJECT_NONE},
		.name = NAME,
		.arch = (uint8_t)launcher.arch,
	};
	struct trust_policy *policy = &b->trusted->policy;
	struct talk talk;
	int r = talk_open(HELPER_COMPILE, &talk, err);

	if (r)
		return r;
	r = talk_send(&talk, &question, &mount_fd, 1, err);
	r = r ? r : talk_receive(&talk, M_COMPILED_TRUST, &received, err);
	if (!r) {
		r = fd_read_sealed(received.fds[0], policy, sizeof(*policy));
		r = r ? err_sys(err, -r, "compile sent no sealed trust policy")
		      : policy_validate_trust(policy, err);
		if (r)
			talk_refuse(&talk, err);
	}
	talk_close(&talk);
	return r;
}

/* One step at a time: a skipped version could have taken a key away, a repeated one could bring it
 * back. */
static int check_version(const struct bundle *b, struct err *err)
{
	if (b->trusted->policy.version != launcher.trust.version + 1)
		return REFUSE(err, ESTALE, "install the bundles one after the other",
			      "trust bundle has version %u, only %u may follow %u",
			      b->trusted->policy.version, launcher.trust.version + 1,
			      launcher.trust.version);
	return 0;
}

static int ask_new_roots(struct bundle *b, struct err *err)
{
	CLEAN_FD int anchors_fd =
		fd_sealed_memfd("anchors", &b->trusted->anchors, sizeof(b->trusted->anchors));
	struct authentication a =
		with(b, &b->trusted->policy, anchors_fd, b->trusted->anchors.count);
	int r;

	if (anchors_fd < 0)
		return err_sys(err, -anchors_fd, "trust anchors");
	r = authenticate_signers(&a, err);
	if (!r && memcmp(a.verdict.root_hash, b->root_hash, sizeof(b->root_hash)) != 0)
		r = REFUSE(err, EPROTO, "install it again",
			   "verify names two root hashes for one trust bundle");
	return r;
}

static int read_content(struct bundle *b, int mount_fd, struct err *err)
{
	CLEAN_FD int directory_fd = -1;
	int r = compile(b, mount_fd, err);

	r = r ? r : check_version(b, err);
	if (r)
		return r;
	directory_fd = state_open(mount_fd, INSIDE, O_RDONLY | O_DIRECTORY);
	if (directory_fd < 0)
		return err_sys(err, -directory_fd, "/" INSIDE " of the trust bundle");
	return trust_anchors_load(&b->trusted->anchors, directory_fd, &b->trusted->policy, err);
}

int bundle_judge(struct bundle *b, struct err *err)
{
	struct authentication a =
		with(b, &launcher.trust, launcher.anchors_fd, launcher.anchor_count);
	struct note note = {.magic = 0};
	CLEAN_FD int mount_fd = authenticate_image(&a, &note, err);
	int r = mount_fd < 0 ? mount_fd : 0;

	if (!r) {
		memcpy(b->root_hash, a.verdict.root_hash, sizeof(b->root_hash));
		r = read_content(b, mount_fd, err);
	}
	fd_close(&mount_fd);
	map_remove(&note);
	return r ? r : ask_new_roots(b, err);
}
