#ifndef IMAGE_KEYS_H
#define IMAGE_KEYS_H

#include "base/err.h"
#include "trust/ecdsa.h"

/* The P-256 key in the PEM file @path ("BEGIN PUBLIC KEY", as cosign.pub is) in DER. -EBADMSG:
 * none; -errno. */
int key_read_public(const char *path, uint8_t key[ECDSA_KEY_SIZE], struct err *err);

#endif
