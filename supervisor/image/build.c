#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/assemble.h"
#include "image/commands.h"
#include "image/input.h"
#include "image/manifest.h"
#include "image/sbom.h"
#include "image/scan.h"
#include "policy/key.h"

struct build {
	struct manifest manifest;
	struct input input;
	const char *service;
	const char *key;
	const char *certificate;
	const char *output;
	const char *compress;
	const char *allow;
	const char *date;
	struct scan scan;
	struct sbom sbom;
	bool no_signature;
	bool json;
	struct assembly assembly;
};

static int check_input(const struct input *in, struct err *err)
{
	if (!!in->rootfs + !!in->tar + !!in->docker + !!in->oci != 1)
		return err_set(err, EINVAL, "one of --rootfs, --tar, --docker and --oci is needed");
	if (in->cosign_key && !in->oci && !in->docker)
		return err_set(err, EINVAL, "--cosign-key goes with --oci or --docker");
	return 0;
}

/* By the row of the key that it becomes. */
static int check_version(const char *version, struct err *err)
{
	static struct policy policy;
	const struct policy_table *table = &policy_image_table;
	struct err why = {0};

	if (!*version)
		return err_set(err, EINVAL, "--version: must not be empty");
	if (policy_parse_version(policy_key_find(table->keys, table->count, "version"), version,
				 &policy, &why))
		return err_set(err, EINVAL, "--version %s: %s", version, why.msg);
	return 0;
}

static int check_choice(struct build *b, struct err *err)
{
	uint64_t epoch;

	b->manifest.lint_allow = b->allow ? b->allow : "";
	if (scan_accept(&b->scan, b->allow, err))
		return -EINVAL;
	if (b->date && str_u64(b->date, 0, UINT32_MAX, &b->sbom.date_s))
		return err_set(err, EINVAL, "--source-date-epoch %s: must be seconds since 1970",
			       b->date);
	if (b->sbom.form && !str_equal(b->sbom.form, "spdx") &&
	    !str_equal(b->sbom.form, "cyclonedx"))
		return err_set(err, EINVAL, "--sbom %s: must be spdx or cyclonedx", b->sbom.form);
	if (trust_arch_find(b->manifest.arch) < 0)
		return err_set(err, EINVAL, "--arch %s: must be x86_64, aarch64, armv7 or riscv64",
			       b->manifest.arch);
	if (!str_is_name(b->manifest.name))
		return err_set(err, EINVAL, "--name %s: must be [a-z][a-z0-9.-]{0,31}",
			       b->manifest.name);
	if (check_version(b->manifest.version, err))
		return -EINVAL;
	if (str_u64(b->manifest.epoch, 0, UINT32_MAX, &epoch))
		return err_set(err, EINVAL, "--epoch %s: must be a number", b->manifest.epoch);
	if (!str_equal(b->compress, "none") && !str_equal(b->compress, "lz4"))
		return err_set(err, EINVAL, "--compress %s: must be none or lz4", b->compress);
	if (b->no_signature && (b->key || b->certificate))
		return err_set(err, EINVAL, "--unsigned takes neither --key nor --cert");
	if (!b->no_signature && (!b->key || !b->certificate))
		return err_set(err, EINVAL, "--key and --cert are needed, or --unsigned");
	return check_input(&b->input, err);
}

/* Twice: before anything is unpacked, so that a mistake in the service file shows at once, and with
 * what unpacking has found. */
static int check_manifest(const struct build *b, struct err *err)
{
	static struct policy policy;
	struct manifest_text text;
	int r = manifest_make(&b->manifest, b->service, &text, &policy, err);

	if (!r)
		free(text.bytes);
	return r;
}

static int write_manifest(const struct build *b, const char *stage, struct err *err)
{
	static struct policy policy;
	struct manifest_text text;
	int r = manifest_make(&b->manifest, b->service, &text, &policy, err);

	if (r)
		return r;
	r = stage_manifest(stage, text.bytes, text.size, err);
	free(text.bytes);
	return r ? r : stage_mount_points(stage, &policy, err);
}

static int fill_stage(struct build *b, const char *stage, struct err *err)
{
	int r;

	b->manifest.oci_digest = b->input.digest; /* filled in by input_unpack() */
	b->manifest.sbom_sha256 = b->sbom.digest; /* and by sbom_write() */
	r = check_manifest(b, err);
	b->input.arch = (uint32_t)trust_arch_find(b->manifest.arch);
	r = r ? r : input_unpack(&b->input, &b->assembly.workdir, stage, err);
	r = r ? r : scan_tree(&b->scan, stage, err);
	r = r ? r : stage_normalise(stage, err);
	if (!r && b->sbom.form)
		r = sbom_write(&b->sbom, &b->manifest, stage, err);
	return r ? r : write_manifest(b, stage, err);
}

static int build(struct build *b, struct err *err)
{
	struct assembly *a = &b->assembly;
	char stage[WORKDIR_PATH];
	char data[WORKDIR_PATH];
	const struct packing packing = {
		.stage = stage, .output = data, .compress = b->compress, .date_s = b->sbom.date_s};
	int r = workdir_join(&a->workdir, "root", stage, err);

	r = r ? r : workdir_join(&a->workdir, "erofs", data, err);
	r = r ? r : fill_stage(b, stage, err);
	r = r ? r : stage_pack(&a->workdir, &packing, err);
	r = r ? r : assemble_file(a, data, err);
	r = r ? r : assemble_hash(a, b->manifest.name, err);
	if (!r && !b->no_signature)
		r = signatures_make(&a->signatures, &a->workdir, b->key, b->certificate, err);
	a->layout.arch = (uint32_t)trust_arch_find(b->manifest.arch);
	layout_label(&a->layout, b->manifest.name, b->manifest.version);
	return r ? r : assemble_finish(a, err);
}

static void report(const struct build *b)
{
	const struct signatures *s = &b->assembly.signatures;
	char hash[2 * sizeof(s->root_hash) + 1];
	char line[1024] = "";
	struct text t = TEXT_IN(line);

	str_hex(hash, s->root_hash, sizeof(s->root_hash));
	if (b->input.says_how_to_run)
		(void)fprintf(stderr,
			      "%s: the container image says how to run it (command, user, "
			      "environment): that was "
			      "not taken over,\n  the service file alone decides\n",
			      b->output);
	if (b->json) {
		text_add(&t, "{");
		text_add_json_member(&t, "event", "built");
		text_add_json_member(&t, "file", b->output);
		text_add_json_member(&t, "name", b->manifest.name);
		text_add_json_member(&t, "version", b->manifest.version);
		text_add_json_member(&t, "rootHash", hash);
		text_add_json_u64(&t, "size", b->assembly.layout.file_size);
		text_add_json_u64(&t, "signatures", s->count);
		text_add(&t, "}");
		(void)puts(line);
		return;
	}
	(void)puts(hash);
	if (s->count)
		(void)fprintf(stderr, "%s: %s %s for %s, signed by %s\n", b->output,
			      b->manifest.name, b->manifest.version, b->manifest.arch,
			      s->by[0].subject);
	else
		(void)fprintf(stderr,
			      "%s: unsigned. Sign the root hash, 64 characters without line end, "
			      "with\n"
			      "  openssl smime -sign -binary -noattr -md sha256 -outform DER ...\n"
			      "and add it with `bartizan image sign --signature`\n",
			      b->output);
}

/* There is one command line, so the options can point at what they fill in. */
static struct build chosen = {.compress = "none"};

/* clang-format off */
static const struct option options[] = {
	{.name = "rootfs", .argument = "DIR", .help = "what the service sees as /: a directory",
	 .value = &chosen.input.rootfs},
	{.name = "tar", .argument = "FILE", .help = "or an archive of it, also gzip, zstd or xz",
	 .value = &chosen.input.tar},
	{.name = "docker", .argument = "FILE", .help = "or what `docker save` wrote",
	 .value = &chosen.input.docker},
	{.name = "oci", .argument = "DIR", .help = "or a directory in OCI image layout",
	 .value = &chosen.input.oci},
	{.name = "cosign-key", .argument = "FILE", .help = "refuse an OCI image that this key has not signed",
	 .value = &chosen.input.cosign_key},
	{.name = "service", .argument = "FILE", .help = "its service file",
	 .value = &chosen.service, .required = true},
	{.name = "name", .argument = "NAME", .help = "image and service name",
	 .value = &chosen.manifest.name, .required = true},
	{.name = "version", .argument = "V", .help = "version, for people",
	 .value = &chosen.manifest.version, .required = true},
	{.name = "epoch", .argument = "N", .help = "raised when older images must not run any more",
	 .value = &chosen.manifest.epoch, .required = true},
	{.name = "arch", .argument = "A", .help = "x86_64, aarch64, armv7 or riscv64",
	 .value = &chosen.manifest.arch, .required = true},
	{.name = "key", .argument = "KEY", .help = "signer's private key, as openssl takes it",
	 .value = &chosen.key},
	{.name = "cert", .argument = "FILE", .help = "signer's certificate (codeSigning)",
	 .value = &chosen.certificate},
	{.name = "unsigned", .help = "print the root hash to sign it elsewhere",
	 .flag = &chosen.no_signature},
	{.name = "allow", .argument = "RULE,...", .help = "accept what these rules of `image lint` refuse",
	 .value = &chosen.allow},
	{.name = "sbom", .argument = "FORM", .help = "list the packages in it: spdx or cyclonedx",
	 .value = &chosen.sbom.form},
	{.name = "source-date-epoch", .argument = "S", .help = "time of all files, seconds since 1970 (0)",
	 .value = &chosen.date},
	{.name = "compress", .argument = "HOW", .help = "none (default) or lz4",
	 .value = &chosen.compress},
	{.name = "json", .help = "progress and result as JSON, a line each", .flag = &chosen.json},
	{.name = "output", .letter = 'o', .argument = "FILE", .help = "the image",
	 .value = &chosen.output, .required = true},
	{0},
};
/* clang-format on */

static const struct usage usage = {
	.synopsis = "image build (--rootfs DIR | --tar FILE | --docker FILE | --oci DIR) --service "
		    "FILE --name N --version V "
		    "--epoch E --arch A "
		    "(--key K --cert C | --unsigned) -o FILE",
	.summary = "Makes one image file: erofs, dm-verity tree, signature. Prints "
		   "the root hash. The same\n"
		   "input gives the same bytes, but for the random number in an EC "
		   "signature.",
	.options = options,
};

int image_build_command(int argc, char **argv)
{
	struct build *b = &chosen;
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (check_choice(b, &err)) {
		(void)terminal_fail("image build", &err);
		return EXIT_USAGE;
	}
	if (b->json)
		terminal_progress_as_events();
	r = assemble_open(&b->assembly, b->output, &err);
	r = r ? r : build(b, &err);
	assemble_close(&b->assembly);
	if (r)
		return terminal_fail("image build", &err);
	report(b);
	return EXIT_OK;
}
