/* Version order of the UAPI version format specification, section "Version Comparison". */
#include <stdbool.h>
#include <string.h>

#include "programs/launcher/images.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Only these characters count; all others separate. */
static bool is_valid(char c)
{
	return is_digit(c) || is_letter(c) || (c && strchr("~-^.", c));
}

/* @mark on both sides or on neither: 0 and both move on. On one side: that side is @one_sided. */
static int compare_mark(const char **a, const char **b, char mark, int one_sided)
{
	if ((**a == mark) != (**b == mark))
		return **a == mark ? one_sided : -one_sided;
	if (**a == mark) {
		(*a)++;
		(*b)++;
	}
	return 0;
}

static size_t run_length(const char *text, bool (*in)(char))
{
	size_t length = 0;

	while (in(text[length]))
		length++;
	return length;
}

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

/* A longer number without leading zeros is the larger one; no number is the smallest. */
static int compare_numbers(const char **a, const char **b)
{
	size_t left, right;
	const char *at_a, *at_b;

	while (**a == '0' && is_digit((*a)[1]))
		(*a)++;
	while (**b == '0' && is_digit((*b)[1]))
		(*b)++;
	left = run_length(*a, is_digit);
	right = run_length(*b, is_digit);
	at_a = *a;
	at_b = *b;
	*a += left;
	*b += right;
	if (left != right)
		return left > right ? 1 : -1;
	return sign(memcmp(at_a, at_b, left));
}

static int compare_letters(const char **a, const char **b)
{
	size_t left = run_length(*a, is_letter), right = run_length(*b, is_letter);
	int r = memcmp(*a, *b, left < right ? left : right);

	*a += left;
	*b += right;
	if (r)
		return sign(r);
	return (left > right) - (left < right);
}

static void skip_others(const char **at)
{
	while (**at && !is_valid(**at))
		(*at)++;
}

static int compare_part(const char **a, const char **b)
{
	int r = compare_mark(a, b, '~', -1);

	if (r)
		return r;
	/* What ends first is older, but for "~" that came before. */
	if (!**a || !**b)
		return (**a != 0) - (**b != 0);
	r = compare_mark(a, b, '-', -1);
	if (!r)
		r = compare_mark(a, b, '^', -1);
	if (!r)
		r = compare_mark(a, b, '.', -1);
	if (r)
		return r;
	if (is_digit(**a) || is_digit(**b))
		return compare_numbers(a, b);
	return compare_letters(a, b);
}

int images_compare_versions(const char *a, const char *b)
{
	while (*a || *b) {
		int r;

		skip_others(&a);
		skip_others(&b);
		r = compare_part(&a, &b);
		if (r)
			return r;
	}
	return 0;
}
