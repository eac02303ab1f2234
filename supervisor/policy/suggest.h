#ifndef POLICY_SUGGEST_H
#define POLICY_SUGGEST_H

#include "policy/key.h"

/* The key of @section that @name was probably meant to be, NULL when none is near. */
const char *policy_suggest_key(const struct policy_section *section, const char *name);

#endif
