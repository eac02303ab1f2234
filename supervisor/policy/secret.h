#ifndef POLICY_SECRET_H
#define POLICY_SECRET_H

#include <stdbool.h>

/* Is it the name of a secret: a letter or digit, then letters, digits and _ - . without "..", at
 * most 32 characters? So it is never a path, nor a file of the store that is being written. */
bool policy_is_secret_name(const char *name);

#endif
