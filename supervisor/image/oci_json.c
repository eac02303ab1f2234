#include "image/oci_json.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "seccomp/json.h"

#define KEY_SIZE  256
#define DEPTH_MAX 32

/* A member that is read: into where, by what. One row to read one more. */
struct member {
	const char *key;
	int (*read)(struct json *json, void *to);
	size_t offset;
};

static int skip_value(struct json *json);

static int read_members(struct json *json, const struct member *members, size_t count, void *to)
{
	uint64_t seen = 0;
	bool first = true;
	char key[KEY_SIZE];
	int more;

	while ((more = json_object_next(json, &first, key, sizeof(key))) > 0) {
		size_t i = 0;
		int r;

		while (i < count && !str_equal(members[i].key, key))
			i++;
		if (i < count && (seen & 1ULL << i))
			return json_fail(json, "\"%s\" stands twice", key);
		seen |= i < count ? 1ULL << i : 0;
		r = i < count ? members[i].read(json, (char *)to + members[i].offset)
			      : skip_value(json);
		if (r)
			return r;
	}
	return more;
}

#define READ_MEMBERS(json, members, to) read_members((json), (members), ARRAY_SIZE(members), (to))

/* Where the elements of an array go, and how each is read. */
struct list {
	const char *what;
	int (*read)(struct json *json, void *to);
	uint32_t *count; /* how many are there already */
	uint32_t max;
	void *elements;
	size_t size; /* of one */
};

static int read_list(struct json *json, const struct list *list)
{
	bool first = true;
	int more;

	while ((more = json_array_next(json, &first)) > 0) {
		int r;

		if (*list->count == list->max)
			return json_fail(json, "more than %u %s", list->max, list->what);
		r = list->read(json, (char *)list->elements + *list->count * list->size);
		if (r)
			return r;
		++*list->count;
	}
	return more;
}

#define READ_LIST(json, what, read, count, elements)                                               \
	read_list((json), &(const struct list){(what), (read), &(count), ARRAY_SIZE(elements),     \
					       (elements), sizeof((elements)[0])})

/* The brackets that are open. */
struct nesting {
	size_t depth;
	char closing[DEPTH_MAX];
};

static void skip_while(struct json *json, const char *bytes)
{
	while (json->at < json->size && json->text[json->at] && strchr(bytes, json->text[json->at]))
		json->at++;
}

static int skip_bracket(struct json *json, struct nesting *n)
{
	static const char pairs[] = "{}[]";
	char c = json->text[json->at];
	const char *pair = strchr(pairs, c);

	if (n->depth && c == n->closing[n->depth - 1]) {
		n->depth--;
	} else if (pair == pairs || pair == pairs + 2) {
		if (n->depth == DEPTH_MAX)
			return json_fail(json, "nested too deeply");
		n->closing[n->depth++] = pair[1];
	} else {
		return json_fail(json, "a bracket that closes nothing");
	}
	json->at++;
	return 0;
}

static int skip_token(struct json *json, struct nesting *n)
{
	char c = '\0';

	if (json->at < json->size)
		c = json->text[json->at];
	if (c == '"')
		return json_skip_string(json);
	if (c && strchr("{}[]", c))
		return skip_bracket(json, n);
	if (!c || !strchr("-0123456789tfn", c))
		return json_fail(json, "expected a value");
	skip_while(json, "+-.0123456789eEtrufalsn");
	return 0;
}

/* Any value, dropped: strings are strings, brackets match, nothing else is looked at. */
static int skip_value(struct json *json)
{
	struct nesting n = {0};
	int r;

	do {
		skip_while(json, n.depth ? " \t\r\n,:" : " \t\r\n");
		r = skip_token(json, &n);
	} while (!r && n.depth);
	return r;
}

bool oci_is_digest(const char *text, uint8_t hash[32])
{
	uint8_t dropped[32];

	return str_starts(text, "sha256:") && str_unhex(text + 7, hash ? hash : dropped, 32) == 0;
}

static int read_digest(struct json *json, void *to)
{
	int r = json_word(json, to, OCI_DIGEST_SIZE);

	if (!r && !oci_is_digest(to, NULL))
		return json_fail(json, "a digest must be sha256: and 64 lower-case hex digits");
	return r;
}

static int read_word_16(struct json *json, void *to)
{
	return json_word(json, to, 16);
}

static int read_word_32(struct json *json, void *to)
{
	return json_word(json, to, 32);
}

static int read_word_128(struct json *json, void *to)
{
	return json_word(json, to, 128);
}

static int read_path(struct json *json, void *to)
{
	return json_word(json, to, OCI_PATH_SIZE);
}

static int read_size(struct json *json, void *to)
{
	return json_number(json, INT64_MAX, to);
}

static int read_signature(struct json *json, void *to)
{
	return json_word(json, to, sizeof(((struct oci_descriptor *)0)->signature));
}

#define DESCRIPTOR(member) offsetof(struct oci_descriptor, member)

static int read_platform(struct json *json, void *to)
{
	static const struct member members[] = {
		{"os", read_word_32, DESCRIPTOR(os)},
		{"architecture", read_word_32, DESCRIPTOR(arch)},
		{"variant", read_word_16, DESCRIPTOR(variant)},
	};

	return READ_MEMBERS(json, members, to);
}

static int read_annotations(struct json *json, void *to)
{
	static const struct member members[] = {
		{"dev.cosignproject.cosign/signature", read_signature, DESCRIPTOR(signature)},
	};

	return READ_MEMBERS(json, members, to);
}

static int read_descriptor(struct json *json, void *to)
{
	static const struct member members[] = {
		{"mediaType", read_word_128, DESCRIPTOR(media_type)},
		{"digest", read_digest, DESCRIPTOR(digest)},
		{"size", read_size, DESCRIPTOR(size)},
		{"platform", read_platform, 0},
		{"annotations", read_annotations, 0},
	};
	struct oci_descriptor *d = to;
	int r = READ_MEMBERS(json, members, to);

	if (!r && !d->digest[0])
		return json_fail(json, "a descriptor without digest");
	return r;
}

static int read_manifests(struct json *json, void *to)
{
	struct oci_index *index = to;

	return READ_LIST(json, "manifests", read_descriptor, index->count, index->manifests);
}

static int read_layers(struct json *json, void *to)
{
	struct oci_manifest *manifest = to;

	return READ_LIST(json, "layers", read_descriptor, manifest->count, manifest->layers);
}

static int read_diff_ids(struct json *json, void *to)
{
	struct oci_config *config = to;

	return READ_LIST(json, "layers", read_digest, config->count, config->diff_ids);
}

static int read_rootfs(struct json *json, void *to)
{
	static const struct member members[] = {{"diff_ids", read_diff_ids, 0}};

	return READ_MEMBERS(json, members, to);
}

static int note_run(struct json *json, void *to)
{
	((struct oci_config *)to)->says_how_to_run = true;
	return skip_value(json);
}

static int read_run(struct json *json, void *to)
{
	static const struct member members[] = {
		{"Entrypoint", note_run, 0}, {"Cmd", note_run, 0},        {"Env", note_run, 0},
		{"User", note_run, 0},       {"WorkingDir", note_run, 0},
	};

	return json_null(json) ? 0 : READ_MEMBERS(json, members, to);
}

static int read_docker_layers(struct json *json, void *to)
{
	struct docker_manifest *manifest = to;

	return READ_LIST(json, "layers", read_path, manifest->count, manifest->layers);
}

static int read_payload_image(struct json *json, void *to)
{
	static const struct member members[] = {{"docker-manifest-digest", read_digest, 0}};

	return READ_MEMBERS(json, members, to);
}

static int read_payload_critical(struct json *json, void *to)
{
	static const struct member members[] = {{"image", read_payload_image, 0}};

	return READ_MEMBERS(json, members, to);
}

static struct json begin(const struct oci_text *text, struct err *err)
{
	return (struct json){
		.name = text->name, .text = text->bytes, .size = text->size, .err = err};
}

int oci_index_read(const struct oci_text *text, struct oci_index *index, struct err *err)
{
	static const struct member members[] = {{"manifests", read_manifests, 0}};
	struct json json = begin(text, err);
	int r;

	memset(index, 0, sizeof(*index));
	r = READ_MEMBERS(&json, members, index);
	r = r ? r : json_end(&json);
	if (!r && !index->count)
		return err_set(err, EINVAL, "%s: names no image", text->name);
	return r;
}

int oci_manifest_read(const struct oci_text *text, struct oci_manifest *manifest, struct err *err)
{
	static const struct member members[] = {
		{"config", read_descriptor, offsetof(struct oci_manifest, config)},
		{"layers", read_layers, 0},
	};
	struct json json = begin(text, err);
	int r;

	memset(manifest, 0, sizeof(*manifest));
	r = READ_MEMBERS(&json, members, manifest);
	r = r ? r : json_end(&json);
	if (!r && (!manifest->count || !manifest->config.digest[0]))
		return err_set(err, EINVAL, "%s: has no layers or no configuration", text->name);
	return r;
}

int oci_config_read(const struct oci_text *text, struct oci_config *config, struct err *err)
{
	static const struct member members[] = {
		{"os", read_word_32, offsetof(struct oci_config, os)},
		{"architecture", read_word_32, offsetof(struct oci_config, arch)},
		{"variant", read_word_16, offsetof(struct oci_config, variant)},
		{"rootfs", read_rootfs, 0},
		{"config", read_run, 0},
	};
	struct json json = begin(text, err);
	int r;

	memset(config, 0, sizeof(*config));
	r = READ_MEMBERS(&json, members, config);
	return r ? r : json_end(&json);
}

int docker_manifest_read(const struct oci_text *text, struct docker_manifest *manifest,
			 struct err *err)
{
	static const struct member members[] = {
		{"Config", read_path, offsetof(struct docker_manifest, config)},
		{"Layers", read_docker_layers, 0},
	};
	struct json json = begin(text, err);
	bool first = true;
	int images = 0;
	int more;

	memset(manifest, 0, sizeof(*manifest));
	while ((more = json_array_next(&json, &first)) > 0) {
		int r;

		if (images++)
			return json_fail(&json, "more than one image: save one at a time");
		r = READ_MEMBERS(&json, members, manifest);
		if (r)
			return r;
	}
	more = more ? more : json_end(&json);
	if (!more && (!manifest->count || !manifest->config[0]))
		return err_set(err, EINVAL, "%s: has no layers or no configuration", text->name);
	return more;
}

int oci_payload_read(const struct oci_text *text, char digest[OCI_DIGEST_SIZE], struct err *err)
{
	static const struct member members[] = {{"critical", read_payload_critical, 0}};
	struct json json = begin(text, err);
	int r;

	digest[0] = '\0';
	r = READ_MEMBERS(&json, members, digest);
	r = r ? r : json_end(&json);
	if (!r && !digest[0])
		return err_set(err, EINVAL, "%s: signs no image", text->name);
	return r;
}
