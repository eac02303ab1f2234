#include "image/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/load.h"

#define HEAD_MAX 1024

static void add_key(struct text *t, const char *key, const char *value)
{
	if (!*value)
		return;
	text_add(t, key);
	text_add(t, " = ");
	text_add(t, value);
	text_add(t, "\n");
}

/* [image] and an empty line. Returns the length, or -EINVAL when it does not fit. */
static int print_head(const struct manifest *m, char *head, size_t size, struct err *err)
{
	struct text t = {.at = head, .size = size};

	text_add(&t, "[image]\n");
	add_key(&t, "name", m->name);
	add_key(&t, "version", m->version);
	add_key(&t, "epoch", m->epoch);
	add_key(&t, "arch", m->arch);
	add_key(&t, "oci_digest", m->oci_digest);
	add_key(&t, "sbom_sha256", m->sbom_sha256);
	add_key(&t, "lint_allow", m->lint_allow);
	text_add(&t, "\n");
	if (t.cut)
		return err_set(err, EINVAL, "a value of [image] is too long");
	return (int)t.used;
}

/* @head in front of the @size bytes of @input, in new memory. */
static char *join(const char *head, size_t head_size, const char *input, size_t size)
{
	char *whole = malloc(head_size + size + 1);

	if (!whole)
		return NULL;
	memcpy(whole, head, head_size);
	memcpy(whole + head_size, input, size);
	whole[head_size + size] = '\0';
	return whole;
}

static int read_input(const char *path, char **input, size_t *size, struct policy *policy,
		      struct err *err)
{
	int r = workdir_read_file(path, MANIFEST_MAX - HEAD_MAX, input, size, err);

	if (r)
		return r;
	/* As it was written, so that a mistake is reported with the author's line
	 * numbers. */
	r = policy_load_service(&(struct policy_text){path, *input, *size}, false, policy, err);
	if (r)
		free(*input);
	return r;
}

int manifest_make(const struct manifest *m, const char *path, struct manifest_text *text,
		  struct policy *policy, struct err *err)
{
	char head[HEAD_MAX];
	char *input;
	char *whole;
	size_t size;
	int length = print_head(m, head, sizeof(head), err);
	int r = length < 0 ? length : read_input(path, &input, &size, policy, err);

	if (r)
		return r;
	whole = join(head, (size_t)length, input, size);
	free(input);
	if (!whole)
		return err_sys(err, ENOMEM, "manifest");
	size += (size_t)length;
	r = policy_load_service(&(struct policy_text){"[image]", whole, size}, true, policy, err);
	if (r) {
		free(whole);
		return r;
	}
	text->bytes = whole;
	text->size = size;
	return 0;
}
