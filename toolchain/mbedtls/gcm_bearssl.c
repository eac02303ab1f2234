/*
 * AES-GCM of mbedTLS by BearSSL's implementation, for x86: mbedTLS's own passes each block of 16 bytes through its
 * cipher layer and gives a tenth of the speed (README.md). Nothing is computed here. Constant time either way: AES-NI
 * and PCLMULQDQ where the CPU has them, else bitsliced.
 *
 * The functions are those of mbedtls/gcm.h; the interface below is described in bearssl_aead.h and bearssl_block.h.
 */
#include <string.h>

#include <mbedtls/constant_time.h>
#include <mbedtls/gcm.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>

#include <bearssl_aead.h>
#include <bearssl_block.h>
#include <bearssl_hash.h>

struct gcm_state {
	br_gcm_context gcm;
	br_aes_gen_ctr_keys key;
	int encrypt;
	int in_text; /* the additional data has ended */
};

void mbedtls_gcm_init(mbedtls_gcm_context *ctx)
{
	ctx->state = NULL;
}

void mbedtls_gcm_free(mbedtls_gcm_context *ctx)
{
	if (ctx && ctx->state)
		mbedtls_zeroize_and_free(ctx->state, sizeof(*ctx->state));
	if (ctx)
		ctx->state = NULL;
}

int mbedtls_gcm_setkey(mbedtls_gcm_context *ctx, mbedtls_cipher_id_t cipher, const unsigned char *key, unsigned int bits)
{
	const br_block_ctr_class *aes = br_aes_x86ni_ctr_get_vtable();
	br_ghash ghash = br_ghash_pclmul_get();

	if (cipher != MBEDTLS_CIPHER_ID_AES || bits != 128)
		return MBEDTLS_ERR_GCM_BAD_INPUT;
	if (!ctx->state)
		ctx->state = mbedtls_calloc(1, sizeof(*ctx->state));
	if (!ctx->state)
		return MBEDTLS_ERR_CIPHER_ALLOC_FAILED;
	if (!aes)
		aes = &br_aes_ct64_ctr_vtable;
	aes->init(&ctx->state->key.vtable, key, bits / 8);
	br_gcm_init(&ctx->state->gcm, &ctx->state->key.vtable, ghash ? ghash : br_ghash_ctmul64);
	return 0;
}

int mbedtls_gcm_starts(mbedtls_gcm_context *ctx, int mode, const unsigned char *iv, size_t iv_len)
{
	if (!ctx->state || !iv_len)
		return MBEDTLS_ERR_GCM_BAD_INPUT;
	ctx->state->encrypt = mode == MBEDTLS_GCM_ENCRYPT;
	ctx->state->in_text = 0;
	br_gcm_reset(&ctx->state->gcm, iv, iv_len);
	return 0;
}

int mbedtls_gcm_update_ad(mbedtls_gcm_context *ctx, const unsigned char *add, size_t add_len)
{
	if (!ctx->state || ctx->state->in_text)
		return MBEDTLS_ERR_GCM_BAD_INPUT;
	br_gcm_aad_inject(&ctx->state->gcm, add, add_len);
	return 0;
}

static void begin_text(struct gcm_state *state)
{
	if (!state->in_text)
		br_gcm_flip(&state->gcm);
	state->in_text = 1;
}

int mbedtls_gcm_update(mbedtls_gcm_context *ctx, const unsigned char *input, size_t input_length, unsigned char *output,
		       size_t output_size, size_t *output_length)
{
	if (output_size < input_length)
		return MBEDTLS_ERR_GCM_BUFFER_TOO_SMALL;
	if (!ctx->state)
		return MBEDTLS_ERR_GCM_BAD_INPUT;
	*output_length = input_length;
	if (!input_length)
		return 0;
	begin_text(ctx->state);
	if (output != input)
		memmove(output, input, input_length);
	br_gcm_run(&ctx->state->gcm, ctx->state->encrypt, output, input_length);
	return 0;
}

int mbedtls_gcm_finish(mbedtls_gcm_context *ctx, unsigned char *output, size_t output_size, size_t *output_length,
		       unsigned char *tag, size_t tag_len)
{
	(void)output;
	(void)output_size;
	if (!ctx->state || tag_len < 4 || tag_len > 16)
		return MBEDTLS_ERR_GCM_BAD_INPUT;
	*output_length = 0;
	begin_text(ctx->state);
	br_gcm_get_tag_trunc(&ctx->state->gcm, tag, tag_len);
	return 0;
}

int mbedtls_gcm_crypt_and_tag(mbedtls_gcm_context *ctx, int mode, size_t length, const unsigned char *iv, size_t iv_len,
			      const unsigned char *add, size_t add_len, const unsigned char *input, unsigned char *output,
			      size_t tag_len, unsigned char *tag)
{
	size_t done = 0;
	int r = mbedtls_gcm_starts(ctx, mode, iv, iv_len);

	if (!r)
		r = mbedtls_gcm_update_ad(ctx, add, add_len);
	if (!r)
		r = mbedtls_gcm_update(ctx, input, length, output, length, &done);
	return r ? r : mbedtls_gcm_finish(ctx, NULL, 0, &done, tag, tag_len);
}

int mbedtls_gcm_auth_decrypt(mbedtls_gcm_context *ctx, size_t length, const unsigned char *iv, size_t iv_len,
			     const unsigned char *add, size_t add_len, const unsigned char *tag, size_t tag_len,
			     const unsigned char *input, unsigned char *output)
{
	unsigned char own[16];
	int r = mbedtls_gcm_crypt_and_tag(ctx, MBEDTLS_GCM_DECRYPT, length, iv, iv_len, add, add_len, input, output,
					  tag_len, own);

	if (r)
		return r;
	if (mbedtls_ct_memcmp(tag, own, tag_len) == 0)
		return 0;
	mbedtls_platform_zeroize(output, length);
	return MBEDTLS_ERR_GCM_AUTH_FAILED;
}
