#include "crypto/ecies.h"

#include <errno.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecp.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/hmac.h"

/* One computation with a key pair: ours, and the point of the other side. */
struct curve {
	mbedtls_ecp_group group;
	mbedtls_mpi secret;
	mbedtls_ecp_point own;
	mbedtls_ecp_point other;
};

struct derived {
	uint8_t pad[ECIES_SECRET_SIZE];
	uint8_t mac[SHA256_SIZE];
};

static int fill_random(void *context, unsigned char *bytes, size_t size)
{
	(void)context;
	/* Up to 256 bytes come whole or not at all, getrandom(2). */
	return size <= 256 && getrandom(bytes, size, 0) == (ssize_t)size
		       ? 0
		       : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

static void curve_free(struct curve *c)
{
	mbedtls_ecp_point_free(&c->other);
	mbedtls_ecp_point_free(&c->own);
	mbedtls_mpi_free(&c->secret);
	mbedtls_ecp_group_free(&c->group);
}

static int curve_open(struct curve *c)
{
	mbedtls_ecp_group_init(&c->group);
	mbedtls_mpi_init(&c->secret);
	mbedtls_ecp_point_init(&c->own);
	mbedtls_ecp_point_init(&c->other);
	return mbedtls_ecp_group_load(&c->group, MBEDTLS_ECP_DP_SECP256R1) ? -EIO : 0;
}

static int make_pair(struct curve *c, uint8_t point[P256_POINT_SIZE])
{
	size_t size;

	if (mbedtls_ecp_gen_keypair(&c->group, &c->secret, &c->own, fill_random, NULL) ||
	    mbedtls_ecp_point_write_binary(&c->group, &c->own, MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
					   point, P256_POINT_SIZE))
		return -EIO;
	return 0;
}

static int read_point(struct curve *c, const uint8_t point[P256_POINT_SIZE])
{
	if (mbedtls_ecp_point_read_binary(&c->group, &c->other, point, P256_POINT_SIZE) ||
	    mbedtls_ecp_check_pubkey(&c->group, &c->other))
		return -EINVAL;
	return 0;
}

/* HKDF: extract with a salt of our own, expand to two blocks; both points are part of the info. */
static void derive(const uint8_t x[32], const uint8_t *ephemeral, const uint8_t *receiver,
		   struct derived *out)
{
	static const char salt[] = "bartizan seal key 1";
	uint8_t *const blocks[2] = {out->pad, out->mac};
	uint8_t key[SHA256_SIZE];

	hmac_of(salt, sizeof(salt) - 1, x, 32, key);
	for (uint8_t i = 0; i < 2; i++) {
		const uint8_t number = (uint8_t)(i + 1);
		struct hmac h;

		hmac_init(&h, key, sizeof(key));
		if (i)
			hmac_update(&h, blocks[0], SHA256_SIZE);
		hmac_update(&h, ephemeral, P256_POINT_SIZE);
		hmac_update(&h, receiver, P256_POINT_SIZE);
		hmac_update(&h, &number, 1);
		hmac_final(&h, blocks[i]);
	}
	explicit_bzero(key, sizeof(key));
}

/* ECDH of c->secret with c->other, then the two keys. */
static int agree(struct curve *c, const uint8_t *ephemeral, const uint8_t *receiver,
		 struct derived *out)
{
	uint8_t x[32];
	mbedtls_mpi shared;
	int r;

	mbedtls_mpi_init(&shared);
	r = mbedtls_ecdh_compute_shared(&c->group, &shared, &c->other, &c->secret, fill_random,
					NULL);
	r = r ? r : mbedtls_mpi_write_binary(&shared, x, sizeof(x));
	mbedtls_mpi_free(&shared);
	if (!r)
		derive(x, ephemeral, receiver, out);
	explicit_bzero(x, sizeof(x));
	return r ? -EIO : 0;
}

static void tag_of(const struct derived *d, const void *context, size_t context_size,
		   const uint8_t *box, uint8_t tag[SHA256_SIZE])
{
	struct hmac h;

	hmac_init(&h, d->mac, sizeof(d->mac));
	hmac_update(&h, box, P256_POINT_SIZE + ECIES_SECRET_SIZE);
	hmac_update(&h, context, context_size);
	hmac_final(&h, tag);
}

static void mask(uint8_t *to, const uint8_t *from, const uint8_t *pad)
{
	for (size_t i = 0; i < ECIES_SECRET_SIZE; i++)
		to[i] = from[i] ^ pad[i];
}

int ecies_seal(const uint8_t point[P256_POINT_SIZE], const void *context, size_t context_size,
	       const uint8_t secret[ECIES_SECRET_SIZE], uint8_t box[ECIES_BOX_SIZE])
{
	struct derived d = {.pad = {0}};
	struct curve c;
	int r = curve_open(&c);

	r = r ? r : read_point(&c, point);
	r = r ? r : make_pair(&c, box);
	r = r ? r : agree(&c, box, point, &d);
	if (!r) {
		mask(box + P256_POINT_SIZE, secret, d.pad);
		tag_of(&d, context, context_size, box, box + P256_POINT_SIZE + ECIES_SECRET_SIZE);
	}
	explicit_bzero(&d, sizeof(d));
	curve_free(&c);
	return r;
}

int ecies_open(const struct p256_pair *pair, const void *context, size_t context_size,
	       const uint8_t box[ECIES_BOX_SIZE], uint8_t secret[ECIES_SECRET_SIZE])
{
	struct derived d = {.pad = {0}};
	uint8_t tag[SHA256_SIZE];
	struct curve c;
	int r = curve_open(&c);

	if (!r && (mbedtls_mpi_read_binary(&c.secret, pair->secret, P256_SECRET_SIZE) ||
		   mbedtls_ecp_check_privkey(&c.group, &c.secret) || read_point(&c, box)))
		r = -EBADMSG;
	r = r ? r : agree(&c, box, pair->point, &d);
	if (!r) {
		tag_of(&d, context, context_size, box, tag);
		if (!hmac_equal(tag, box + P256_POINT_SIZE + ECIES_SECRET_SIZE))
			r = -EBADMSG;
	}
	if (!r)
		mask(secret, box + P256_POINT_SIZE, d.pad);
	explicit_bzero(&d, sizeof(d));
	curve_free(&c);
	return r;
}

int ecies_make_key(struct p256_pair *pair)
{
	struct curve c;
	int r = curve_open(&c);

	r = r ? r : make_pair(&c, pair->point);
	if (!r && mbedtls_mpi_write_binary(&c.secret, pair->secret, P256_SECRET_SIZE))
		r = -EIO;
	curve_free(&c);
	return r;
}
