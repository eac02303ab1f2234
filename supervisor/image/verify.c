#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/commands.h"
#include "image/manifest.h"
#include "image/source.h"
#include "policy/load.h"
#include "policy/validate.h"
#include "trust/image.h"
#include "trust/scope.h"

#define TRUST_CONF     "trust.conf"
#define TRUST_CONF_MAX 65536

struct verification {
	const char *trust;
	bool check_expiry;
	bool json;
	struct source source;
	struct trust_policy policy; /* a directory's; signer_count 0 with a PEM file:
				       no names, scopes or floors to check */
	struct trust_anchors anchors;
	struct verdict verdict;
	struct policy service;
	char manifest[MANIFEST_MAX + 1];
};

static int load_pem(struct verification *v, struct err *err)
{
	char *pem;
	size_t size;
	int r = workdir_read_file(v->trust, ANCHORS_BYTES, &pem, &size, err);

	if (r)
		return r;
	trust_anchors_init(&v->anchors);
	r = trust_anchors_add(&v->anchors, ANCHOR_PEM, pem, size, err);
	free(pem);
	return r;
}

/* A device's own directory: trust.conf and the files that it names. */
static int load_directory(struct verification *v, int directory_fd, struct err *err)
{
	static char text[TRUST_CONF_MAX];
	ssize_t size = fd_read_file(directory_fd, TRUST_CONF, text, sizeof(text));
	int r;

	if (size < 0)
		return err_sys(err, (int)-size, "%s/" TRUST_CONF, v->trust);
	r = policy_load_trust(&(struct policy_text){TRUST_CONF, text, (size_t)size}, &v->policy,
			      err);
	r = r ? r : policy_validate_trust(&v->policy, err);
	return r ? r : trust_anchors_load(&v->anchors, directory_fd, &v->policy, err);
}

static int load_trust(struct verification *v, struct err *err)
{
	CLEAN_FD int trust_fd = open(v->trust, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (trust_fd < 0 || fstat(trust_fd, &st) < 0)
		return err_sys(err, errno, "%s", v->trust);
	r = S_ISDIR(st.st_mode) ? load_directory(v, trust_fd, err) : load_pem(v, err);
	return r ? r : trust_image_check_anchors(&v->anchors, err);
}

static int check_manifest(struct verification *v, struct err *err)
{
	size_t length;
	int r = source_manifest(&v->source, v->manifest, &length, err);

	r = r ? r
	      : policy_load_service(&(struct policy_text){MANIFEST_NAME, v->manifest, length}, true,
				    &v->service, err);
	if (!r && v->service.arch != v->source.arch)
		return err_set(err, ENOEXEC, "manifest is for %s, the partitions are for %s",
			       trust_arch_name(v->service.arch), trust_arch_name(v->source.arch));
	return r;
}

static int check_policy(struct verification *v, struct err *err)
{
	uint32_t row;
	int r;

	if (!v->policy.signer_count)
		return 0;
	r = trust_scope_check(&v->policy, &v->verdict, v->service.name, &row, err);
	return r ? r : trust_epoch_check(&v->policy, row, 0, v->service.epoch, err);
}

/* The device's order (trust/README.md), and then all of the content, which a
 * device reads block by block only as it is used. */
static int verify(struct verification *v, const char *path, struct err *err)
{
	struct trust_request request = {
		.now_s = (uint64_t)time(NULL),
		.check_expiry = v->check_expiry,
		.anchors = &v->anchors,
	};
	struct tree tree;
	int r = load_trust(v, err);

	r = r ? r : source_open(&v->source, path, err);
	if (r)
		return r;
	request.arch = v->source.arch;
	r = trust_image_verify(v->source.fd, &request, &v->verdict, err);
	if (r)
		return r;
	tree = source_tree(&v->source, "verifying");
	r = tree_check(&tree, v->verdict.root_hash, err);
	r = r ? r : check_manifest(v, err);
	return r ? r : check_policy(v, err);
}

static void report(const struct verification *v, const char *path)
{
	char hash[65];
	char line[1024] = "";
	struct text t = TEXT_IN(line);

	str_hex(hash, v->verdict.root_hash, sizeof(v->verdict.root_hash));
	if (!v->json) {
		(void)printf("%sverified%s %s: %s %s, epoch %" PRIu32 ", %s, %" PRIu32
			     " signer%s, root hash %s\n",
			     terminal_colour(COLOUR_GOOD), terminal_colour(COLOUR_NONE), path,
			     v->service.name, v->service.version, v->service.epoch,
			     trust_arch_name(v->verdict.arch), v->verdict.signer_count,
			     v->verdict.signer_count == 1 ? "" : "s", hash);
		return;
	}
	text_add(&t, "{");
	text_add_json_key(&t, "verified");
	text_add(&t, "true");
	text_add_json_member(&t, "name", v->service.name);
	text_add_json_member(&t, "version", v->service.version);
	text_add_json_u64(&t, "epoch", v->service.epoch);
	text_add_json_member(&t, "arch", trust_arch_name(v->verdict.arch));
	text_add_json_member(&t, "rootHash", hash);
	text_add_json_u64(&t, "signers", v->verdict.signer_count);
	text_add(&t, "}");
	(void)puts(line);
}

static int report_refusal(const struct verification *v, const char *path, const struct err *err)
{
	char line[1024] = "";
	struct text t = TEXT_IN(line);

	if (v->json) {
		text_add(&t, "{");
		text_add_json_key(&t, "verified");
		text_add(&t, "false");
		text_add_json_member(&t, "reason", err->msg);
		text_add_json_member(&t, "hint", err->hint);
		text_add(&t, "}");
		(void)puts(line);
	}
	return terminal_fail(path, err);
}

int image_verify_command(int argc, char **argv)
{
	static struct verification v = {.source = {.fd = -1}};
	const struct option options[] = {
		{.name = "trust",
		 .argument = "PATH",
		 .help = "a PEM file of CA certificates, or a directory with trust.conf",
		 .value = &v.trust,
		 .required = true},
		{.name = "expiry",
		 .help = "refuse expired certificates, as at install",
		 .flag = &v.check_expiry},
		{.name = "json", .help = "answer as one JSON object", .flag = &v.json},
		{0},
	};
	const struct usage usage = {
		.synopsis = "image verify FILE --trust PATH [--json]",
		.summary = "Checks an image as a device does, and every block of its "
			   "content. With a directory also names,\n"
			   "thresholds, revocations and min-epoch of its trust.conf. "
			   "Exit code 5: refused.",
		.options = options,
		.least = 1,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	r = verify(&v, operands.at[0], &err);
	source_close(&v.source);
	if (r)
		return report_refusal(&v, operands.at[0], &err);
	report(&v, operands.at[0]);
	return EXIT_OK;
}
