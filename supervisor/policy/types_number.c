#include <errno.h>
#include <string.h>

#include "policy/key.h"

uint64_t policy_number(const struct policy_key *key, const void *base)
{
	const char *field = (const char *)base + key->offset;
	uint64_t number = 0;

	/* All targets are little-endian: the low bytes come first whatever the width. */
	memcpy(&number, field, key->width < sizeof(number) ? key->width : sizeof(number));
	return number;
}

void policy_number_set(const struct policy_key *key, void *base, uint64_t number)
{
	memcpy((char *)base + key->offset, &number,
	       key->width < sizeof(number) ? key->width : sizeof(number));
}

void policy_print_size(struct text *out, uint64_t bytes)
{
	static const char units[] = {'g', 'm', 'k'};
	unsigned int shift = 30;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++, shift -= 10) {
		if (!bytes || bytes & ((1ULL << shift) - 1))
			continue;
		text_add_u64(out, bytes >> shift);
		text_add_bytes(out, &units[i], 1);
		return;
	}
	text_add_u64(out, bytes);
}

static int store(const struct policy_key *key, void *base, int r, uint64_t number, struct err *err)
{
	if (r == -ERANGE) {
		char low[24] = "";
		char high[24] = "";
		struct text low_text = TEXT_IN(low);
		struct text high_text = TEXT_IN(high);
		uint64_t field = 0;
		struct policy_key scratch = *key;

		scratch.offset = 0;
		scratch.width = sizeof(field);
		field = key->min;
		(void)key->type->print(&scratch, &field, 0, &low_text);
		field = key->max;
		(void)key->type->print(&scratch, &field, 0, &high_text);
		return err_set(err, ERANGE, "out of range: %s to %s", low, high);
	}
	if (r)
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	policy_number_set(key, base, number);
	return 0;
}

static int valid_number(const struct policy_key *key, const void *base, struct err *err)
{
	uint64_t number = policy_number(key, base);

	if (number < key->min || number > key->max)
		return err_set(err, EBADMSG, "%s is out of its range", key->name);
	return 0;
}

int policy_parse_size(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	uint64_t number = 0;
	int r = str_bytes(value, key->min, key->max, &number);

	return store(key, base, r, number, err);
}

static bool print_size(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	if (index)
		return false;
	policy_print_size(out, policy_number(key, base));
	return true;
}

int policy_parse_time(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	uint64_t number = 0;
	int r = str_milliseconds(value, key->min, key->max, &number);

	return store(key, base, r, number, err);
}

static bool print_time(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	uint64_t ms = policy_number(key, base);

	if (index)
		return false;
	text_add_u64(out, ms % 1000 ? ms : ms / 1000);
	if (ms)
		text_add(out, ms % 1000 ? "ms" : "s");
	return true;
}

int policy_parse_count(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	uint64_t number = 0;
	int r = str_u64(value, key->min, key->max, &number);

	return store(key, base, r, number, err);
}

static bool print_count(const struct policy_key *key, const void *base, unsigned int index,
			struct text *out)
{
	if (index)
		return false;
	text_add_u64(out, policy_number(key, base));
	return true;
}

/* "1000/s": the unit may be left out, another one may not stand there. */
int policy_parse_rate(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	char digits[24];
	size_t length = strlen(value);
	uint64_t number = 0;
	int r = -EINVAL;

	if (length >= 2 && str_ends(value, "/s"))
		length -= 2;
	if (length < sizeof(digits)) {
		memcpy(digits, value, length);
		digits[length] = '\0';
		r = str_u64(digits, key->min, key->max, &number);
	}
	return store(key, base, r, number, err);
}

static bool print_rate(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	if (!print_count(key, base, index, out))
		return false;
	text_add(out, "/s");
	return true;
}

int policy_parse_cpus(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	uint64_t number = 0;
	int r = str_thousandths(value, key->min, key->max, &number);

	if (!r && number % 10)
		return err_set(err, EINVAL, "finer than a hundredth of a CPU");
	return store(key, base, r, number, err);
}

static bool print_cpus(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	uint64_t number = policy_number(key, base);
	char hundredths[3] = {(char)('0' + number / 100 % 10), (char)('0' + number / 10 % 10),
			      '\0'};

	if (index)
		return false;
	text_add_u64(out, number / 1000);
	text_add(out, ".");
	text_add(out, hundredths);
	return true;
}

int policy_parse_flag(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	bool flag;

	if (str_bool(value, &flag))
		return err_set(err, EINVAL, "neither yes nor no");
	policy_number_set(key, base, flag);
	return 0;
}

static bool print_flag(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	if (index)
		return false;
	text_add(out, policy_number(key, base) ? "yes" : "no");
	return true;
}

static int valid_flag(const struct policy_key *key, const void *base, struct err *err)
{
	if (policy_number(key, base) > 1)
		return err_set(err, EBADMSG, "%s is neither yes nor no", key->name);
	return 0;
}

#define WORDS_NUMBERED 16 /* so many words or more have numbers that people know */

int policy_parse_word(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	char all[112] = "";
	struct text list = TEXT_IN(all);
	uint64_t number;

	for (uint64_t i = 0; i <= key->max; i++) {
		if (str_equal(value, key->words[i])) {
			policy_number_set(key, base, i);
			return 0;
		}
		text_add(&list, i ? " " : "");
		text_add(&list, key->words[i]);
	}
	/* Numbers only where the words are names of numbers (RFC 5424, table 1). */
	if (key->max >= WORDS_NUMBERED && str_u64(value, 0, key->max, &number) == 0) {
		policy_number_set(key, base, number);
		return 0;
	}
	(void)err_set(err, EINVAL, "not one of the words for it");
	return err_hint(err, "%s", list.cut ? "`bartizan explain` lists them" : all);
}

static bool print_word(const struct policy_key *key, const void *base, unsigned int index,
		       struct text *out)
{
	uint64_t number = policy_number(key, base);

	if (index || number > key->max)
		return false;
	text_add(out, key->words[number]);
	return true;
}

int policy_parse_octal(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	uint64_t number = 0;
	int r;

	/* The leading 0 is part of the form: 77 would be read as decimal by half of the readers. */
	if (value[0] != '0' || strlen(value) < 4)
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	r = str_octal(value, key->max, &number);
	return store(key, base, r, number, err);
}

static bool print_octal(const struct policy_key *key, const void *base, unsigned int index,
			struct text *out)
{
	uint64_t number = policy_number(key, base);
	char digits[5] = {'0', (char)('0' + (number >> 6 & 7)), (char)('0' + (number >> 3 & 7)),
			  (char)('0' + (number & 7)), '\0'};

	if (index)
		return false;
	text_add(out, digits);
	return true;
}

/* clang-format off */
const struct policy_type policy_type_size = {
	.syntax = "bytes: 512k 64m 1g", .print = print_size, .valid = valid_number};
const struct policy_type policy_type_time = {
	.syntax = "time: 500ms 10s 5m 1h", .print = print_time, .valid = valid_number};
const struct policy_type policy_type_count = {
	.syntax = "number: 64", .print = print_count, .valid = valid_number};
const struct policy_type policy_type_rate = {
	.syntax = "per second: 1000/s", .print = print_rate, .valid = valid_number};
const struct policy_type policy_type_cpus = {
	.syntax = "CPUs: 0.5", .print = print_cpus, .valid = valid_number};
const struct policy_type policy_type_flag = {
	.syntax = "yes or no", .print = print_flag, .valid = valid_flag};
const struct policy_type policy_type_word = {
	.syntax = "word", .print = print_word, .valid = valid_number};
const struct policy_type policy_type_octal = {
	.syntax = "octal: 0077", .print = print_octal, .valid = valid_number};
/* clang-format on */
