#include "image/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/blob.h"
#include "image/cosign.h"
#include "image/unpack.h"
#include "trust/arch.h"
#include "trust/refuse.h"

/* What an OCI platform calls our architectures (Go's GOARCH and GOARM). */
static const struct {
	uint32_t arch;
	const char *name;
	const char *variants[3]; /* that run on it; an empty one is none */
} platforms[] = {
	{ARCH_X86_64, "amd64", {"", "v1", NULL}},
	{ARCH_AARCH64, "arm64", {"", "v8", NULL}},
	{ARCH_ARMV7, "arm", {"v7", "v6", ""}},
	{ARCH_RISCV64, "riscv64", {"", NULL, NULL}},
};

static bool runs_on(uint32_t arch, const char *os, const char *name, const char *variant)
{
	for (size_t i = 0; i < ARRAY_SIZE(platforms); i++) {
		if (platforms[i].arch != arch || !str_equal(os, "linux") ||
		    !str_equal(name, platforms[i].name))
			continue;
		for (size_t v = 0; v < 3 && platforms[i].variants[v]; v++)
			if (str_equal(variant, platforms[i].variants[v]))
				return true;
	}
	return false;
}

struct choice {
	struct input *in;
	int directory_fd;
	uint32_t found;
	struct oci_descriptor top;    /* as index.json names it */
	struct oci_manifest image;    /* for the architecture asked for */
	char digest[OCI_DIGEST_SIZE]; /* of that manifest */
	uint32_t signature_count;
	struct oci_manifest signatures[OCI_MANIFESTS_MAX / 8];
};

static int check_config(struct choice *c, const struct oci_manifest *manifest,
			struct oci_config *config, struct err *err)
{
	struct oci_text text;
	int r = blob_read(c->directory_fd, &manifest->config, &text, err);

	if (r)
		return r;
	r = oci_config_read(&text, config, err);
	blob_free(&text);
	if (r)
		return r;
	return runs_on(c->in->arch, config->os, config->arch, config->variant) ? 0 : -ENOEXEC;
}

/* A manifest with content, or one of the things that cosign and others store beside it. */
static int take_manifest(struct choice *c, const struct oci_descriptor *top,
			 const struct oci_descriptor *d, struct err *err)
{
	static struct oci_manifest manifest;
	static struct oci_config config;
	struct oci_text text;
	int r = blob_read(c->directory_fd, d, &text, err);

	if (r)
		return r;
	r = oci_manifest_read(&text, &manifest, err);
	blob_free(&text);
	if (r)
		return r;
	if (str_equal(manifest.layers[0].media_type, COSIGN_PAYLOAD_TYPE)) {
		if (c->signature_count == ARRAY_SIZE(c->signatures))
			return err_set(err, E2BIG, "container image: too many signatures");
		c->signatures[c->signature_count++] = manifest;
		return 0;
	}
	if (!strstr(manifest.layers[0].media_type, ".tar"))
		return 0;
	r = check_config(c, &manifest, &config, err);
	if (r)
		return r == -ENOEXEC ? 0 : r;
	if (c->found++)
		return REFUSE(err, EINVAL, "copy one image into a layout of its own",
			      "container image: several images fit this architecture");
	c->top = *top;
	c->image = manifest;
	(void)str_copy(c->digest, sizeof(c->digest), d->digest);
	c->in->says_how_to_run = config.says_how_to_run;
	return 0;
}

static bool is_index(const struct oci_descriptor *d)
{
	return strstr(d->media_type, "image.index") || strstr(d->media_type, "manifest.list");
}

/* The images of several platforms: only those that say they fit are opened, the others may not be
 * there. */
static int take_index(struct choice *c, const struct oci_descriptor *top, struct err *err)
{
	static struct oci_index index;
	struct oci_text text;
	int r = blob_read(c->directory_fd, top, &text, err);

	if (r)
		return r;
	r = oci_index_read(&text, &index, err);
	blob_free(&text);
	for (uint32_t i = 0; !r && i < index.count; i++)
		if (runs_on(c->in->arch, index.manifests[i].os, index.manifests[i].arch,
			    index.manifests[i].variant))
			r = take_manifest(c, top, &index.manifests[i], err);
	return r;
}

static int choose(struct choice *c, struct err *err)
{
	static struct oci_index index;
	struct oci_text text;
	int r = blob_read_path(c->directory_fd, "index.json", &text, err);

	if (r)
		return r;
	r = oci_index_read(&text, &index, err);
	blob_free(&text);
	for (uint32_t i = 0; !r && i < index.count; i++)
		r = is_index(&index.manifests[i])
			    ? take_index(c, &index.manifests[i], err)
			    : take_manifest(c, &index.manifests[i], &index.manifests[i], err);
	if (!r && !c->found)
		return REFUSE(err, ENOEXEC, "pull it for the platform of --arch",
			      "container image: none for this architecture");
	return r;
}

static int check_cosign(struct choice *c, struct err *err)
{
	const struct cosign_job job = {.directory_fd = c->directory_fd,
				       .key_path = c->in->cosign_key,
				       .digests = {c->top.digest, c->digest}};
	int r = -ENOKEY;

	if (!c->in->cosign_key)
		return 0;
	for (uint32_t i = 0; r == -ENOKEY && i < c->signature_count; i++)
		r = cosign_check(&job, &c->signatures[i], err);
	if (r == -ENOKEY)
		return REFUSE(err, EKEYREJECTED, "store image and signatures with `cosign save`",
			      "container image: no signature by %.100s", c->in->cosign_key);
	return r;
}

static int unpack_layer(int fd, const char *stage, struct err *err)
{
	int r = unpack_archive(UNPACK_WHITEOUTS, fd, stage, err);

	return r ? r : unpack_archive(UNPACK_LAYER, fd, stage, err);
}

static int unpack_layers(struct choice *c, const char *stage, struct err *err)
{
	for (uint32_t i = 0; i < c->image.count; i++) {
		CLEAN_FD int fd = blob_open(c->directory_fd, &c->image.layers[i], err);
		int r = fd < 0 ? fd : unpack_layer(fd, stage, err);

		if (r)
			return r;
	}
	return 0;
}

int oci_unpack(struct input *in, const char *path, const char *stage, struct err *err)
{
	static struct choice c;
	CLEAN_FD int directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (directory_fd < 0)
		return err_sys(err, errno, "%s", path);
	memset(&c, 0, sizeof(c));
	c.in = in;
	c.directory_fd = directory_fd;
	r = choose(&c, err);
	r = r ? r : check_cosign(&c, err);
	r = r ? r : unpack_layers(&c, stage, err);
	if (!r)
		(void)str_copy(in->digest, sizeof(in->digest), c.top.digest);
	return r;
}

/* The configuration is called by its digest: "HEX.json", or "blobs/sha256/HEX". */
static int read_docker_config(int directory_fd, const char *path, struct oci_config *config,
			      struct err *err)
{
	CLEAN_FD int fd = blob_open_path(directory_fd, path, err);
	const char *slash = strrchr(path, '/');
	char digest[OCI_PATH_SIZE];
	struct oci_text text;
	int r;

	if (fd < 0)
		return fd;
	str_join(digest, sizeof(digest), "sha256:", slash ? slash + 1 : path, "");
	if (str_ends(digest, ".json"))
		digest[strlen(digest) - strlen(".json")] = '\0';
	r = blob_check(fd, digest, path, err);
	r = r ? r : blob_read_path(directory_fd, path, &text, err);
	if (r)
		return r;
	r = oci_config_read(&text, config, err);
	blob_free(&text);
	return r;
}

static int unpack_docker_layers(int directory_fd, const struct docker_manifest *m,
				const struct oci_config *config, const char *stage, struct err *err)
{
	if (config->count != m->count)
		return err_set(err, EBADMSG,
			       "container image: %u layers, its configuration names %u", m->count,
			       config->count);
	for (uint32_t i = 0; i < m->count; i++) {
		CLEAN_FD int fd = blob_open_path(directory_fd, m->layers[i], err);
		int r = fd < 0 ? fd : blob_check(fd, config->diff_ids[i], m->layers[i], err);

		r = r ? r : unpack_layer(fd, stage, err);
		if (r)
			return r;
	}
	return 0;
}

int docker_unpack(struct input *in, const char *path, const char *stage, struct err *err)
{
	static struct docker_manifest manifest;
	static struct oci_config config;
	CLEAN_FD int directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct oci_text text;
	int r;

	if (directory_fd < 0)
		return err_sys(err, errno, "%s", path);
	if (in->cosign_key)
		return REFUSE(err, EKEYREJECTED, "store image and signatures with `cosign save`",
			      "container image: this form of archive holds no signatures");
	r = blob_read_path(directory_fd, "manifest.json", &text, err);
	if (r)
		return r;
	r = docker_manifest_read(&text, &manifest, err);
	blob_free(&text);
	r = r ? r : read_docker_config(directory_fd, manifest.config, &config, err);
	if (r)
		return r;
	if (!runs_on(in->arch, config.os, config.arch, config.variant))
		return REFUSE(err, ENOEXEC, "pull it for the platform of --arch",
			      "container image: it is for %s %s", config.os, config.arch);
	in->says_how_to_run = config.says_how_to_run;
	return unpack_docker_layers(directory_fd, &manifest, &config, stage, err);
}
