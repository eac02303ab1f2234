#ifndef POLICY_LOG_TAG_H
#define POLICY_LOG_TAG_H

#include "base/err.h"
#include "policy/policy.h"

/*
 * log_tag: the APP-NAME of a service's lines at the collector, with Docker's fields. A tag can
 * never be the name of another service, nor ours: it is {{.Name}}, or it holds a character that no
 * name has.
 */
#define POLICY_TAG_NAME "{{.Name}}"
#define POLICY_TAG_MAX  48 /* of APP-NAME, RFC 5424 section 6 */

enum policy_tag_field {
	TAG_NAME,
	TAG_IMAGE_NAME, /* NAME:VERSION, so it holds such a character */
	TAG_ID,         /* number of this life */
	TAG_IMAGE_ID,   /* first twelve digits of the root hash */
	TAG_DAEMON_NAME,
	TAG_FIELDS
};

/* What is wrong with a template; NULL: nothing. */
const char *policy_tag_check(const char *template);

/* @values of the fields into @tag, cut to its size. @template has passed the check. */
void policy_tag_expand(const char *template, const char *const values[TAG_FIELDS],
		       char tag[POLICY_TAG_MAX + 1]);

/* "NAME=VALUE" of the environment; NULL: not set. */
const char *policy_log_variable(const struct policy *p, const char *name);

/*
 * What labels and log_env add to each line as structured data must leave room for the line itself.
 * 0, or -E2BIG, or -ENOENT: a name of log_env that no env sets; *key and *index say which.
 */
#define POLICY_LOG_DATA_MAX 512
int policy_log_check(const struct policy *policy, const char **key, unsigned int *index,
		     struct err *err);

#endif
