#include "policy/words.h"

#include <errno.h>
#include <string.h>

#define WORDS_MAX                                                                                  \
	256 /* far below what execve(2) takes; keeps every walk over a hostile struct short */

int policy_words_add(struct policy_words *words, char *buffer, size_t size, const char *word,
		     struct err *err)
{
	size_t count = strlen(word);

	if (words->count >= WORDS_MAX)
		return err_set(err, E2BIG, "more than %d words", WORDS_MAX);
	if (count >= size - words->used)
		return err_set(err, E2BIG, "longer than %zu bytes in all", size);
	memcpy(buffer + words->used, word, count);
	buffer[words->used + count] = '\0';
	words->used = (uint16_t)(words->used + count + 1);
	words->count++;
	return 0;
}

const char *policy_words_at(const struct policy_words *words, const char *buffer,
			    unsigned int index)
{
	const char *at = buffer;

	if (index >= words->count)
		return NULL;
	while (index--)
		at += strlen(at) + 1;
	return at;
}

int policy_words_valid(const struct policy_words *words, const char *buffer, size_t size,
		       struct err *err)
{
	size_t terminators = 0;

	if (words->count > WORDS_MAX || words->used > size)
		return err_set(err, EBADMSG, "word list is out of its bounds");
	for (size_t i = 0; i < words->used; i++) {
		if (buffer[i] == '\0')
			terminators++;
		else if (buffer[i] < 0x20 || buffer[i] > 0x7e)
			return err_set(err, EBADMSG,
				       "word list holds a byte that is not printable");
	}
	if (terminators != words->count || (words->used && buffer[words->used - 1]))
		return err_set(err, EBADMSG, "word list does not hold the words it counts");
	for (size_t i = words->used; i < size; i++)
		if (buffer[i])
			return err_set(err, EBADMSG, "word list has bytes behind its end");
	return 0;
}

/* One word into @word (as long as the line at most); returns where it ended, NULL when a quote
 * stays open. */
static const char *take_word(const char *at, char *word, size_t *length)
{
	char quote = '\0';

	*length = 0;
	for (; *at && (quote || *at != ' '); at++) {
		if (quote && *at == quote)
			quote = '\0';
		else if (!quote && (*at == '\'' || *at == '"'))
			quote = *at;
		else
			word[(*length)++] = *at;
	}
	return quote ? NULL : at;
}

int policy_words_split(struct policy_words *words, char *buffer, size_t size, const char *line,
		       struct err *err)
{
	char word[POLICY_ARGV_BYTES];
	size_t length;
	int r;

	if (strlen(line) >= sizeof(word))
		return err_set(err, E2BIG, "longer than %zu bytes", sizeof(word) - 1);
	while (*line) {
		if (*line == ' ') {
			line++;
			continue;
		}
		line = take_word(line, word, &length);
		if (!line)
			return err_set(err, EINVAL, "a quote is not closed");
		word[length] = '\0';
		r = policy_words_add(words, buffer, size, word, err);
		if (r)
			return r;
	}
	return 0;
}
