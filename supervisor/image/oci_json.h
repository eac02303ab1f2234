#ifndef IMAGE_OCI_JSON_H
#define IMAGE_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The JSON of container images (OCI image-spec 1.1: image-layout.md, image-index.md, manifest.md,
 * config.md; the manifest.json of `docker save`; cosign's simple signing payload). Bounded and
 * strict about what is used; what is not used is skipped. All readers: -EINVAL with name, line and
 * column.
 */
#define OCI_JSON_MAX      (1u << 20) /* bytes of one document */
#define OCI_LAYERS_MAX    127        /* as overlayfs had it, and Docker has */
#define OCI_MANIFESTS_MAX 64
#define OCI_DIGEST_SIZE   72 /* "sha256:" and 64 hex digits, terminated */
#define OCI_PATH_SIZE     256

struct oci_text {
	const char *name; /* for messages */
	const char *bytes;
	size_t size;
};

struct oci_descriptor {
	char media_type[128];
	char digest[OCI_DIGEST_SIZE]; /* checked: sha256 in lower-case hex */
	uint64_t size;
	char os[32];
	char arch[32];
	char variant[16];
	char signature[2048]; /* annotation dev.cosignproject.cosign/signature, "" without */
};

struct oci_index {
	uint32_t count;
	struct oci_descriptor manifests[OCI_MANIFESTS_MAX];
};

struct oci_manifest {
	struct oci_descriptor config;
	uint32_t count;
	struct oci_descriptor layers[OCI_LAYERS_MAX];
};

struct oci_config {
	char os[32];
	char arch[32];
	char variant[16];
	bool says_how_to_run; /* Entrypoint, Cmd, Env, User or WorkingDir: never taken silently */
	uint32_t count;
	char diff_ids[OCI_LAYERS_MAX][OCI_DIGEST_SIZE];
};

/* manifest.json of `docker save`, which must hold one image. */
struct docker_manifest {
	char config[OCI_PATH_SIZE];
	uint32_t count;
	char layers[OCI_LAYERS_MAX][OCI_PATH_SIZE];
};

int oci_index_read(const struct oci_text *text, struct oci_index *index, struct err *err);
int oci_manifest_read(const struct oci_text *text, struct oci_manifest *manifest, struct err *err);
int oci_config_read(const struct oci_text *text, struct oci_config *config, struct err *err);
int docker_manifest_read(const struct oci_text *text, struct docker_manifest *manifest,
			 struct err *err);

/* critical.image.docker-manifest-digest of cosign's payload. */
int oci_payload_read(const struct oci_text *text, char digest[OCI_DIGEST_SIZE], struct err *err);

/* "sha256:" and 64 lower-case hex digits? The bytes go to @hash when it is not NULL. */
bool oci_is_digest(const char *text, uint8_t hash[32]);

#endif
