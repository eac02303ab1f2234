#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include "base/err.h"
#include "policy/policy.h"

/* Lists of strings in a fixed buffer: argv, environment, labels. */

/* Append @word. -E2BIG when the buffer of @size bytes is full, or there are too many words. */
int policy_words_add(struct policy_words *words, char *buffer, size_t size, const char *word,
		     struct err *err);

/* Word number @index, NULL past the end. */
const char *policy_words_at(const struct policy_words *words, const char *buffer,
			    unsigned int index);

/* -EBADMSG unless @used bytes of @buffer are exactly @count terminated strings of printable ASCII,
 * and the rest is zero. */
int policy_words_valid(const struct policy_words *words, const char *buffer, size_t size,
		       struct err *err);

/*
 * Split a command line on spaces; '...' and "..." keep spaces and lose their quotes; nothing is
 * expanded and there is no escape character. -EINVAL: a quote is not closed; -E2BIG.
 */
int policy_words_split(struct policy_words *words, char *buffer, size_t size, const char *line,
		       struct err *err);

#endif
