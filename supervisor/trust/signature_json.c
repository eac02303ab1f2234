#include "trust/signature_json.h"

#include <string.h>

#include "base/str.h"
#include "trust/refuse.h"

#define KEYS_MAX               16
#define KEY_SIZE               48
#define SIGNATURE_KEY_TEXT_MAX 256 /* a P-256 key has 124 */

struct slice {
	const char *at;
	size_t length;
};

struct reader {
	const char *bytes;
	size_t size; /* without the NUL bytes at the end */
	size_t at;
	struct err *err;
};

/* Keys of one object, to refuse repeats: two readers would choose differently between two values.
 */
struct keys {
	uint32_t count;
	struct slice names[KEYS_MAX];
};

struct signature_fields {
	struct slice format;
	struct slice data;
	struct slice key;
};

static int bad(struct reader *r, const char *what)
{
	return REFUSE(r->err, EBADMSG, HINT_BUILD, "signature partition: %s at byte %zu", what,
		      r->at);
}

static void skip_space(struct reader *r)
{
	while (r->at < r->size && (r->bytes[r->at] == ' ' || r->bytes[r->at] == '\t' ||
				   r->bytes[r->at] == '\n' || r->bytes[r->at] == '\r'))
		r->at++;
}

/* The next byte that is no space, without taking it; '\0' at the end. */
static char peek(struct reader *r)
{
	skip_space(r);
	if (r->at == r->size)
		return '\0';
	return r->bytes[r->at];
}

static int expect(struct reader *r, char byte, const char *what)
{
	if (peek(r) != byte)
		return bad(r, what);
	r->at++;
	return 0;
}

/* ASCII without escapes: every value that means something to us is hex or base64, and a key with
 * escapes could hide a repeat. */
static int read_string(struct reader *r, struct slice *s)
{
	int result = expect(r, '"', "a string is expected");
	size_t start = r->at;

	if (result)
		return result;
	for (; r->at < r->size && r->bytes[r->at] != '"'; r->at++)
		if (r->bytes[r->at] < 0x20 || r->bytes[r->at] > 0x7e || r->bytes[r->at] == '\\')
			return bad(r, "control character, escape or non-ASCII byte in a string");
	if (r->at == r->size)
		return bad(r, "string without end");
	s->at = r->bytes + start;
	s->length = r->at - start;
	r->at++;
	return 0;
}

static bool slice_is(const struct slice *s, const char *text)
{
	return s->length == strlen(text) && memcmp(s->at, text, s->length) == 0;
}

static int read_key(struct reader *r, struct keys *keys, struct slice *key)
{
	int result = read_string(r, key);

	if (result)
		return result;
	for (uint32_t i = 0; i < keys->count; i++)
		if (keys->names[i].length == key->length &&
		    !memcmp(keys->names[i].at, key->at, key->length))
			return bad(r, "key is repeated");
	if (keys->count == KEYS_MAX || key->length >= KEY_SIZE)
		return bad(r, "too many or too long keys");
	keys->names[keys->count++] = *key;
	return expect(r, ':', "':' is expected");
}

/* After one member: 1 = another follows, 0 = @end was taken. */
static int next_or_end(struct reader *r, char end)
{
	char byte = peek(r);

	if (byte != ',' && byte != end)
		return bad(r, "',' or the end of the list is expected");
	r->at++;
	return byte == ',';
}

static int read_digest(struct reader *r, uint8_t digest[32])
{
	char text[65];
	struct slice s;
	int result = read_string(r, &s);

	if (result)
		return result;
	if (s.length != 64)
		return bad(r, "a digest must have 64 characters");
	memcpy(text, s.at, 64);
	text[64] = '\0';
	if (str_unhex(text, digest, 32))
		return bad(r, "a digest must be lowercase hex");
	return 0;
}

static int add_signature(struct reader *r, struct signature_set *set, const struct slice *s,
			 uint32_t index)
{
	if (index >= SIGNATURES_MAX)
		return bad(r, "more than 8 signatures");
	if (s->length == 0 || s->length > (SIGNATURE_DER_MAX + 2) / 3 * 4)
		return bad(r, "signature is empty or larger than 8 KiB");
	set->signatures[index].text = s->at;
	set->signatures[index].length = s->length;
	return 0;
}

static int read_signature_object(struct reader *r, struct signature_fields *fields)
{
	struct keys keys = {0};
	int more = expect(r, '{', "'{' is expected");

	if (more)
		return more;
	do {
		struct slice key;
		struct slice value;
		int result = read_key(r, &keys, &key);

		result = result ? result : read_string(r, &value);
		if (result)
			return result;
		if (slice_is(&key, "format"))
			fields->format = value;
		if (slice_is(&key, "data"))
			fields->data = value;
		if (slice_is(&key, "key"))
			fields->key = value;
		more = next_or_end(r, '}');
	} while (more > 0);
	return more;
}

static int find_format(struct reader *r, const struct signature_fields *fields,
		       struct signature_text *text)
{
	if (slice_is(&fields->format, "pkcs7"))
		return 0;
	if (!slice_is(&fields->format, "ecdsa-p256-sha256"))
		return bad(r, "signature format is not built in (pkcs7 and ecdsa-p256-sha256 are)");
	if (fields->key.length == 0 || fields->key.length > SIGNATURE_KEY_TEXT_MAX)
		return bad(r, "signature without its key, or with one that is too large");
	text->format = SIGNATURE_ECDSA;
	text->key = fields->key.at;
	text->key_length = fields->key.length;
	return 0;
}

/* The first place of @set is kept for "signature", which may come later in the text. */
static int read_more_signatures(struct reader *r, struct signature_set *set)
{
	int more = expect(r, '[', "'[' is expected");

	if (more)
		return more;
	do {
		struct signature_fields fields = {0};
		int result = read_signature_object(r, &fields);

		if (result)
			return result;
		result = add_signature(r, set, &fields.data, set->count);
		result = result ? result : find_format(r, &fields, &set->signatures[set->count]);
		if (result)
			return result;
		set->count++;
		more = next_or_end(r, ']');
	} while (more > 0);
	return more;
}

static int read_member(struct reader *r, struct signature_set *set, const struct slice *key,
		       bool *has_hash)
{
	struct slice value;
	int result;

	if (slice_is(key, "rootHash")) {
		*has_hash = true;
		return read_digest(r, set->root_hash);
	}
	if (slice_is(key, "certificateFingerprint")) {
		set->has_fingerprint = true;
		return read_digest(r, set->fingerprint);
	}
	if (slice_is(key, "x-bartizan-signatures"))
		return read_more_signatures(r, set);
	result = read_string(r, &value);
	if (result || !slice_is(key, "signature"))
		return result;
	return add_signature(r, set, &value, 0);
}

static int read_object(struct reader *r, struct signature_set *set)
{
	struct keys keys = {0};
	bool has_hash = false;
	int more = expect(r, '{', "'{' is expected");

	if (more)
		return more;
	do {
		struct slice key;
		int result = read_key(r, &keys, &key);

		result = result ? result : read_member(r, set, &key, &has_hash);
		if (result)
			return result;
		more = next_or_end(r, '}');
	} while (more > 0);
	if (more)
		return more;
	if (peek(r) != '\0')
		return bad(r, "text behind the object");
	if (!has_hash)
		return bad(r, "rootHash is missing");
	if (set->has_fingerprint && !set->signatures[0].text && set->count > 1)
		return bad(r, "certificateFingerprint without signature");
	return 0;
}

int signature_json_read_unsigned(const char *bytes, size_t size, struct signature_set *set,
				 struct err *err)
{
	const char *end = memchr(bytes, '\0', size);
	struct reader r = {.bytes = bytes, .size = end ? (size_t)(end - bytes) : size, .err = err};
	struct signature_set found = {.count = 1};
	int result;

	if (size > SIGNATURE_JSON_MAX)
		return bad(&r, "larger than 64 KiB");
	for (size_t i = r.size; i < size; i++)
		if (bytes[i])
			return bad(&r, "bytes behind a NUL");
	result = read_object(&r, &found);
	if (result)
		return result;
	*set = found;
	return 0;
}

int signature_json_read(const char *bytes, size_t size, struct signature_set *set, struct err *err)
{
	struct signature_set found;
	int r = signature_json_read_unsigned(bytes, size, &found, err);

	if (r)
		return r;
	if (!found.signatures[0].text && found.count == 1)
		return REFUSE(err, ENOKEY, "sign it with `bartizan image sign`",
			      "signature partition has no signature: image is unsigned");
	*set = found;
	return 0;
}
