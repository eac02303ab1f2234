/*
 * What mbedtls/gcm.h includes for MBEDTLS_GCM_ALT: the context of gcm_bearssl.c, which is BearSSL's and allocated there.
 */
#ifndef BARTIZAN_GCM_ALT_H
#define BARTIZAN_GCM_ALT_H

struct gcm_state;

typedef struct mbedtls_gcm_context {
	struct gcm_state *state;
} mbedtls_gcm_context;

#endif
