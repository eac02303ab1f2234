/* links: base ipc crypto trust seccomp audit policy cli image mbedtls seccomp inih */
/* The JSON of container images; the first byte says which. What is accepted keeps what its readers
 * rely on. */
#include <stdlib.h>
#include <string.h>

#include "image/oci_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_digest(const char *digest)
{
	if (!oci_is_digest(digest, NULL) || strlen(digest) != OCI_DIGEST_SIZE - 1)
		abort();
}

static void check_index(const struct oci_text *text)
{
	static struct oci_index index;
	struct err err;

	if (oci_index_read(text, &index, &err))
		return;
	for (uint32_t i = 0; i < index.count; i++)
		check_digest(index.manifests[i].digest);
}

static void check_manifest(const struct oci_text *text)
{
	static struct oci_manifest manifest;
	struct err err;

	if (oci_manifest_read(text, &manifest, &err))
		return;
	check_digest(manifest.config.digest);
	for (uint32_t i = 0; i < manifest.count; i++)
		check_digest(manifest.layers[i].digest);
}

static void check_config(const struct oci_text *text)
{
	static struct oci_config config;
	struct err err;

	if (oci_config_read(text, &config, &err))
		return;
	for (uint32_t i = 0; i < config.count; i++)
		check_digest(config.diff_ids[i]);
}

static void check_docker(const struct oci_text *text)
{
	static struct docker_manifest manifest;
	struct err err;

	if (docker_manifest_read(text, &manifest, &err) == 0 &&
	    (!manifest.count || !manifest.config[0]))
		abort();
}

static void check_payload(const struct oci_text *text)
{
	char digest[OCI_DIGEST_SIZE];
	struct err err;

	if (oci_payload_read(text, digest, &err) == 0)
		check_digest(digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const struct oci_text *) = {
		check_index, check_manifest, check_config, check_docker, check_payload};
	struct oci_text text = {.name = "x"};

	if (size < 1)
		return 0;
	text.bytes = (const char *)data + 1;
	text.size = size - 1;
	readers[data[0] % 5](&text);
	return 0;
}
