#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/assemble.h"
#include "image/commands.h"
#include "image/stage.h"
#include "policy/load.h"
#include "policy/validate.h"
#include "trust/anchors.h"
#include "trust/image.h"

/*
 * `bartizan trust build`: trust.conf and the certificates that it names as an image called "trust",
 * which the launcher takes when old and new roots have signed it. Further roots sign it as any
 * other image, with `bartizan image sign`.
 */
#define NAME     "trust"
#define CONF_MAX 65536
#define RELEASE  "ID=_any\n" /* UAPI.2: fits every system */

struct bundle {
	const char *conf;
	const char *anchors;
	const char *arch;
	const char *key;
	const char *certificate;
	const char *output;
	struct trust_policy policy;
	struct assembly assembly;
};

/* What a device would refuse is not built. */
static int check_anchors(const struct bundle *b, int directory_fd, struct err *err)
{
	static struct trust_anchors anchors;
	int r = trust_anchors_load(&anchors, directory_fd, &b->policy, err);

	return r ? r : trust_image_check_anchors(&anchors, err);
}

static int stage_anchors(const struct bundle *b, const char *stage, int directory_fd,
			 struct err *err)
{
	static char pem[ANCHORS_BYTES];
	char path[POLICY_PATH_SIZE];
	int r = 0;

	for (uint32_t i = 0; !r && i < b->policy.signer_count; i++) {
		const char *file = b->policy.signers[i].anchor;
		ssize_t size;

		if (!*file)
			continue;
		size = fd_read_file(directory_fd, file, pem, sizeof(pem));
		if (size < 0)
			return err_sys(err, (int)-size, "%s/%s", b->anchors, file);
		(void)snprintf(path, sizeof(path), "etc/bartizan/%s", file);
		r = stage_file(stage, path, pem, (size_t)size, err);
	}
	return r;
}

static int fill_stage(struct bundle *b, const char *stage, struct err *err)
{
	CLEAN_FD int directory_fd = open(b->anchors, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text = NULL;
	size_t size;
	int r;

	if (directory_fd < 0)
		return err_sys(err, errno, "%s", b->anchors);
	if (mkdir(stage, 0755) < 0)
		return err_sys(err, errno, "%s", stage);
	r = workdir_read_file(b->conf, CONF_MAX, &text, &size, err);
	if (r)
		return r;
	r = policy_load_trust(&(struct policy_text){b->conf, text, size}, &b->policy, err);
	r = r ? r : policy_validate_trust(&b->policy, err);
	r = r ? r : check_anchors(b, directory_fd, err);
	r = r ? r : stage_file(stage, POLICY_BUNDLE_CONF, text, size, err);
	free(text);
	r = r ? r : stage_file(stage, POLICY_BUNDLE_RELEASE, RELEASE, strlen(RELEASE), err);
	return r ? r : stage_anchors(b, stage, directory_fd, err);
}

static int build(struct bundle *b, struct err *err)
{
	struct assembly *a = &b->assembly;
	char stage[WORKDIR_PATH];
	char data[WORKDIR_PATH];
	char version[16];
	int r = workdir_join(&a->workdir, "root", stage, err);

	r = r ? r : workdir_join(&a->workdir, "erofs", data, err);
	r = r ? r : fill_stage(b, stage, err);
	r = r ? r
	      : stage_pack(&a->workdir,
			   &(struct packing){.stage = stage, .output = data, .compress = "spread"},
			   err);
	r = r ? r : assemble_file(a, data, err);
	r = r ? r : assemble_hash(a, NAME, err);
	r = r ? r : signatures_make(&a->signatures, &a->workdir, b->key, b->certificate, err);
	a->layout.arch = (uint32_t)trust_arch_find(b->arch);
	(void)snprintf(version, sizeof(version), "%u", b->policy.version);
	layout_label(&a->layout, NAME, version);
	return r ? r : assemble_finish(a, err);
}

static struct bundle chosen;

/* clang-format off */
static const struct option options[] = {
	{.name = "conf", .argument = "FILE", .help = "the new trust.conf",
	 .value = &chosen.conf, .required = true},
	{.name = "anchors", .argument = "DIR", .help = "where the certificates that it names lie",
	 .value = &chosen.anchors, .required = true},
	{.name = "arch", .argument = "A", .help = "of the devices: x86_64, aarch64, armv7 or riscv64",
	 .value = &chosen.arch, .required = true},
	{.name = "key", .argument = "KEY", .help = "private key of the first root, as openssl takes it",
	 .value = &chosen.key, .required = true},
	{.name = "cert", .argument = "FILE", .help = "its certificate (codeSigning)",
	 .value = &chosen.certificate, .required = true},
	{.name = "output", .letter = 'o', .argument = "FILE", .help = "the bundle",
	 .value = &chosen.output, .required = true},
	{0},
};
/* clang-format on */

static int build_command(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "trust build --conf FILE --anchors DIR --arch A --key K --cert C -o "
			    "FILE",
		.summary = "Makes a trust bundle, which replaces a device's trust.conf when it has "
			   "the next version\n"
			   "and old and new roots (the signers allowed for the name trust) have "
			   "signed it. `bartizan\n"
			   "image sign` adds the signatures of the others.",
		.options = options,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (trust_arch_find(chosen.arch) < 0) {
		(void)err_set(&err, EINVAL, "--arch %s: must be x86_64, aarch64, armv7 or riscv64",
			      chosen.arch);
		(void)terminal_fail("trust build", &err);
		return EXIT_USAGE;
	}
	r = assemble_open(&chosen.assembly, chosen.output, &err);
	r = r ? r : build(&chosen, &err);
	assemble_close(&chosen.assembly);
	if (r)
		return terminal_fail("trust build", &err);
	(void)fprintf(stderr, "%s: trust version %u for %s, signed by %s\n", chosen.output,
		      chosen.policy.version, chosen.arch, chosen.assembly.signatures.by[0].subject);
	return EXIT_OK;
}

int trust_command(int argc, char **argv)
{
	if (argc > 1 && str_equal(argv[1], "build"))
		return build_command(argc - 1, argv + 1);
	(void)fprintf(argc > 1 && str_equal(argv[1], "--help") ? stdout : stderr,
		      "usage: bartizan trust build [--help] ...\n"
		      "`trust show` and `trust install` are commands of the device\n");
	return argc > 1 && str_equal(argv[1], "--help") ? EXIT_OK : EXIT_USAGE;
}
