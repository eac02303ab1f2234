#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "image/commands.h"
#include "image/manifest.h"
#include "image/signatures.h"
#include "image/source.h"
#include "policy/load.h"

struct inspection {
	struct source source;
	struct policy policy;
	struct err manifest_err; /* code 0: the manifest was read */
	struct signatures signatures;
	char manifest[MANIFEST_MAX + 1];
};

/* A manifest that cannot be read is worth showing too: the rest of the image
 * still says something. */
static void read_manifest(struct inspection *i)
{
	size_t length;

	if (!source_manifest(&i->source, i->manifest, &length, &i->manifest_err))
		(void)policy_load_service(&(struct policy_text){MANIFEST_NAME, i->manifest, length},
					  true, &i->policy, &i->manifest_err);
}

static void print_field(const char *name, const char *value)
{
	(void)printf("%-12s ", name);
	terminal_print_safe(value);
	(void)putchar('\n');
}

static void print_signers(const struct inspection *i)
{
	char hex[65];

	if (!i->signatures.count)
		print_field("signer", "none: unsigned");
	for (uint32_t n = 0; n < i->signatures.count; n++) {
		const struct description *d = &i->signatures.by[n];

		print_field("signer", d->subject);
		print_field("  issuer", d->issuer);
		print_field("  not after", d->not_after);
		str_hex(hex, d->spki, sizeof(d->spki));
		print_field("  spki", hex);
		str_hex(hex, d->certificate, sizeof(d->certificate));
		print_field("  cert", hex);
	}
}

static void print_text(const struct inspection *i)
{
	const struct gpt_partition *p = i->source.gpt.parts;
	char hex[65];

	if (i->manifest_err.code) {
		print_field("label", p[PART_ROOT].name);
		print_field("manifest", i->manifest_err.msg);
	} else {
		print_field("name", i->policy.name);
		print_field("version", i->policy.version);
		(void)printf("%-12s %" PRIu32 "\n", "epoch", i->policy.epoch);
	}
	print_field("arch", trust_arch_name(i->source.arch));
	str_hex(hex, i->source.signatures.root_hash, sizeof(i->source.signatures.root_hash));
	print_field("root hash", hex);
	str_hex(hex, i->source.verity.salt, i->source.verity.salt_size);
	print_field("salt", hex);
	(void)printf("%-12s %" PRIu64 " bytes at %" PRIu64 "\n", "content", p[PART_ROOT].size,
		     p[PART_ROOT].offset);
	(void)printf("%-12s %" PRIu64 " bytes at %" PRIu64 "\n", "hash tree", p[PART_VERITY].size,
		     p[PART_VERITY].offset);
	(void)printf("%-12s %" PRIu64 " bytes at %" PRIu64 "\n", "signatures",
		     p[PART_SIGNATURE].size, p[PART_SIGNATURE].offset);
	print_signers(i);
	(void)printf("Nothing of this is verified: `bartizan image verify --trust` "
		     "does that.\n");
}

static void add_signer(struct text *t, const struct description *d)
{
	char hex[65];

	text_add(t, "{");
	text_add_json_member(t, "subject", d->subject);
	text_add_json_member(t, "issuer", d->issuer);
	text_add_json_member(t, "notAfter", d->not_after);
	str_hex(hex, d->spki, sizeof(d->spki));
	text_add_json_member(t, "spki", hex);
	str_hex(hex, d->certificate, sizeof(d->certificate));
	text_add_json_member(t, "certificate", hex);
	text_add(t, "}");
}

static void add_manifest(struct text *t, const struct inspection *i)
{
	if (i->manifest_err.code) {
		text_add_json_member(t, "label", i->source.gpt.parts[PART_ROOT].name);
		text_add_json_member(t, "manifestError", i->manifest_err.msg);
		return;
	}
	text_add_json_member(t, "name", i->policy.name);
	text_add_json_member(t, "version", i->policy.version);
	text_add_json_u64(t, "epoch", i->policy.epoch);
}

static void print_json(const struct inspection *i)
{
	static char json[16384];
	struct text t = TEXT_IN(json);
	const struct gpt_partition *p = i->source.gpt.parts;
	char hex[65];

	text_add(&t, "{");
	add_manifest(&t, i);
	text_add_json_member(&t, "arch", trust_arch_name(i->source.arch));
	str_hex(hex, i->source.signatures.root_hash, sizeof(i->source.signatures.root_hash));
	text_add_json_member(&t, "rootHash", hex);
	str_hex(hex, i->source.verity.salt, i->source.verity.salt_size);
	text_add_json_member(&t, "salt", hex);
	text_add_json_u64(&t, "dataOffset", p[PART_ROOT].offset);
	text_add_json_u64(&t, "dataSize", p[PART_ROOT].size);
	text_add_json_u64(&t, "hashOffset", p[PART_VERITY].offset);
	text_add_json_u64(&t, "hashSize", p[PART_VERITY].size);
	text_add_json_u64(&t, "signatureOffset", p[PART_SIGNATURE].offset);
	text_add_json_key(&t, "signers");
	text_add(&t, "[");
	for (uint32_t n = 0; n < i->signatures.count; n++) {
		text_add(&t, n ? "," : "");
		add_signer(&t, &i->signatures.by[n]);
	}
	text_add(&t, "]}");
	(void)puts(json);
}

int image_inspect_command(int argc, char **argv)
{
	static struct inspection i = {.source = {.fd = -1}};
	bool json = false;
	const struct option options[] = {
		{.name = "json", .help = "as one JSON object", .flag = &json},
		{0},
	};
	const struct usage usage = {
		.synopsis = "image inspect FILE [--json]",
		.summary = "Shows what an image says about itself. Verifies nothing.",
		.options = options,
		.least = 1,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	r = source_open(&i.source, operands.at[0], &err);
	r = r ? r : signatures_take(&i.signatures, &i.source.signatures, &err);
	if (!r)
		read_manifest(&i);
	source_close(&i.source);
	if (r)
		return terminal_fail(operands.at[0], &err);
	if (json)
		print_json(&i);
	else
		print_text(&i);
	return EXIT_OK;
}
