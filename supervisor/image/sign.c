#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/terminal.h"
#include "image/assemble.h"
#include "image/commands.h"
#include "image/source.h"

struct sign {
	const char *key;
	const char *certificate;
	const char *public_key;
	const char *signature;
	const char *output;
	struct source source;
	struct assembly assembly;
};

/* A signature made elsewhere must be by the certificate that is named: a mistake is found here and
 * not on the device. */
static int add_signature(struct sign *s, struct err *err)
{
	struct signatures *all = &s->assembly.signatures;
	struct description wanted;
	char *bytes;
	size_t size;
	int r = workdir_read_file(s->certificate, 65536, &bytes, &size, err);

	if (r)
		return r;
	r = describe_certificate(bytes, size + 1, &wanted, err);
	free(bytes);
	r = r ? r : workdir_read_file(s->signature, SIGNATURE_DER_MAX, &bytes, &size, err);
	if (r)
		return r;
	r = signatures_add(all, (const uint8_t *)bytes, size, err);
	free(bytes);
	if (!r && memcmp(all->by[all->count - 1].certificate, wanted.certificate,
			 sizeof(wanted.certificate)) != 0)
		return err_set(err, EKEYREJECTED, "%s was not made with %s", s->signature,
			       s->certificate);
	return r;
}

static int add_bare(struct sign *s, struct err *err)
{
	char *bytes;
	size_t size;
	int r = workdir_read_file(s->signature, SIGNATURE_DER_MAX, &bytes, &size, err);

	if (r)
		return r;
	r = signatures_add_bare(&s->assembly.signatures, bytes, size, s->public_key, err);
	free(bytes);
	return r;
}

/* Content, tree and table are laid out anew; the tree is checked against the content before
 * anything is signed. */
static int sign(struct sign *s, struct err *err)
{
	struct assembly *a = &s->assembly;
	const struct gpt_partition *root = &s->source.gpt.parts[PART_ROOT];
	struct tree tree = source_tree(&s->source, "checking");
	uint8_t hash[VERITY_DIGEST];
	int r = tree_check(&tree, s->source.signatures.root_hash, err);

	r = r ? r : signatures_take(&a->signatures, &s->source.signatures, err);
	r = r ? r : assemble_data(a, s->source.fd, root->offset, root->size, err);
	if (r)
		return r;
	tree.fd = a->fd;
	tree.data_offset = LAYOUT_DATA_AT;
	tree.hash_offset = a->layout.hash_offset;
	tree.what = "hashing";
	r = tree_write(&tree, s->source.verity.salt, hash, err);
	if (!r && memcmp(hash, a->signatures.root_hash, sizeof(hash)) != 0)
		r = err_set(err, EBADMSG, "image changed while it was read");
	if (!r && s->public_key)
		r = add_bare(s, err);
	else if (!r && s->signature)
		r = add_signature(s, err);
	else if (!r)
		r = signatures_make(&a->signatures, &a->workdir, s->key, s->certificate, err);
	a->layout.arch = s->source.arch;
	memcpy(a->layout.label, root->name, sizeof(a->layout.label));
	return r ? r : assemble_finish(a, err);
}

static int sign_file(struct sign *s, const char *path, struct err *err)
{
	int r = source_open(&s->source, path, err);

	if (!r) {
		r = assemble_open(&s->assembly, s->output, err);
		r = r ? r : sign(s, err);
		assemble_close(&s->assembly);
	}
	source_close(&s->source);
	return r;
}

int image_sign_command(int argc, char **argv)
{
	static struct sign s = {.source = {.fd = -1}};
	const struct option options[] = {
		{.name = "key",
		 .argument = "KEY",
		 .help = "private key, as openssl takes it",
		 .value = &s.key},
		{.name = "signature",
		 .argument = "FILE",
		 .help = "made elsewhere: detached PKCS#7 in DER, or with --public-key a bare one",
		 .value = &s.signature},
		{.name = "cert",
		 .argument = "FILE",
		 .help = "the signer's certificate",
		 .value = &s.certificate},
		{.name = "public-key",
		 .argument = "FILE",
		 .help = "P-256 key of `cosign sign-blob` or `openssl dgst -sha256 -sign`, in PEM",
		 .value = &s.public_key},
		{.name = "output",
		 .letter = 'o',
		 .argument = "FILE",
		 .help = "the signed image",
		 .value = &s.output,
		 .required = true},
		{0},
	};
	const struct usage usage = {
		.synopsis = "image sign FILE ((--key KEY | --signature FILE) --cert FILE | "
			    "--signature FILE "
			    "--public-key FILE) -o FILE",
		.summary = "Adds a signature to an image that is unsigned or signed by others. "
			   "What is signed are the 64\n"
			   "characters of the root hash, without line end.",
		.options = options,
		.least = 1,
		.most = 1,
	};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (!s.key == !s.signature || !s.certificate == !s.public_key || (s.key && s.public_key)) {
		(void)fprintf(
			stderr,
			"bartizan: image sign: --key with --cert, or --signature with --cert or "
			"--public-key is needed\n");
		return EXIT_USAGE;
	}
	r = sign_file(&s, operands.at[0], &err);
	if (r)
		return terminal_fail("image sign", &err);
	(void)fprintf(stderr, "%s: signed by %s\n", s.output,
		      s.assembly.signatures.by[s.assembly.signatures.count - 1].subject);
	return EXIT_OK;
}
