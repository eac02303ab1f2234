#ifndef TRUST_DER_H
#define TRUST_DER_H

#include <stddef.h>

#include "base/err.h"

/*
 * Are these bytes one value in DER (X.690 section 10), nothing behind it? Definite lengths in their
 * shortest form, tags in one byte, each constructed value filled exactly. mbedTLS also takes BER's
 * longer lengths; one signature must have one encoding. -EBADMSG.
 */
int der_check(const uint8_t *bytes, size_t size, struct err *err);

#endif
