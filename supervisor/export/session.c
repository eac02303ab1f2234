#include "export/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <psa/crypto.h>

#include "base/fd.h"
#include "crypto/sha256.h"
#include "export/suites.h"
#include "spool/line.h"

#define PEM_MAX       32768
#define SOCKET_FAILED (-0x004c) /* MBEDTLS_ERR_NET_RECV_FAILED: any value mbedTLS hands through */

struct export_session {
	int fd;
	bool connected;
	bool want_write;
	bool more; /* follows */
	bool notify_sent;
	bool shut;
	bool notify_seen;
	uint64_t peer_until_s;
	const struct export_identity *identity;
	int socket_errno; /* of the last failed send or recv */
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt ca;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
};

static uint64_t (*clock_us)(void);

static mbedtls_time_t trusted_time(mbedtls_time_t *out)
{
	uint64_t seconds = clock_us() / 1000000u;
	mbedtls_time_t now =
		(mbedtls_time_t)(seconds > SPOOL_CLOCK_FLOOR_S ? seconds : SPOOL_CLOCK_FLOOR_S);

	if (out)
		*out = now;
	return now;
}

int export_session_init(uint64_t (*real_us)(void))
{
	clock_us = real_us;
	if (mbedtls_platform_set_time(trusted_time) || psa_crypto_init() != PSA_SUCCESS)
		return -EIO;
	return 0;
}

static int random_bytes(void *context, unsigned char *bytes, size_t size)
{
	(void)context;
	while (size) {
		ssize_t n = getrandom(bytes, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return SOCKET_FAILED;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static int send_bytes(void *context, const unsigned char *bytes, size_t size)
{
	struct export_session *s = context;
	ssize_t n =
		send(s->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL | (s->more ? MSG_MORE : 0));

	if (n >= 0)
		return (int)n;
	if (errno == EAGAIN || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	s->socket_errno = errno;
	return SOCKET_FAILED;
}

static int receive_bytes(void *context, unsigned char *bytes, size_t size)
{
	struct export_session *s = context;
	ssize_t n = recv(s->fd, bytes, size, MSG_DONTWAIT);

	if (n >= 0)
		return (int)n;
	if (errno == EAGAIN || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_READ;
	s->socket_errno = errno;
	return SOCKET_FAILED;
}

/* When a certificate ends, in seconds since 1970. */
static uint64_t until_s(const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_time *t = &crt->valid_to;
	char text[32];
	int size = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", t->year, t->mon,
			    t->day, t->hour, t->min, t->sec);

	return size > 0 && (size_t)size < sizeof(text)
		       ? spool_time_read(text, (size_t)size) / 1000000u
		       : 0;
}

static void earlier(uint64_t *least_s, uint64_t other_s)
{
	if (!*least_s || (other_s && other_s < *least_s))
		*least_s = other_s;
}

/* A certificate that is not valid yet says something about the clock, which is at least the time of
 * the firmware, but may have stood still since: a collector that renews its certificate must not
 * lose every device without a battery. */
static int judge_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct export_session *s = context;
	const struct export_identity *id = s->identity;
	uint8_t hash[32];
	bool pinned = false;

	earlier(&s->peer_until_s, until_s(crt));
	*flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_FUTURE;
	if (depth || !id->pin_count)
		return 0;
	sha256_of(crt->raw.p, crt->raw.len, hash);
	for (size_t i = 0; i < id->pin_count; i++)
		pinned |= memcmp(hash, id->pins[i], sizeof(hash)) == 0;
	if (!pinned)
		*flags |= MBEDTLS_X509_BADCERT_OTHER;
	else if (!*id->ca)
		*flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
	return 0;
}

static int parse_chain(int directory_fd, const char *name, mbedtls_x509_crt *chain, struct err *err)
{
	char *pem = malloc(PEM_MAX);
	ssize_t size = pem ? fd_read_file(directory_fd, name, pem, PEM_MAX) : -ENOMEM;
	int r = 0;

	if (size < 0)
		r = err_sys(err, (int)-size, "%s", name);
	/* The terminator counts: that is how mbedTLS tells PEM from DER. A positive result is a
	 * file of which a part was unreadable. */
	else if (mbedtls_x509_crt_parse(chain, (unsigned char *)pem, (size_t)size + 1))
		r = err_set(err, EINVAL, "%s: not a PEM certificate", name);
	free(pem);
	return r;
}

static int parse_key(int directory_fd, const char *name, mbedtls_pk_context *key, struct err *err)
{
	char *pem = malloc(PEM_MAX);
	ssize_t size = pem ? fd_read_file(directory_fd, name, pem, PEM_MAX) : -ENOMEM;
	int r = 0;

	if (size < 0)
		r = err_sys(err, (int)-size, "%s", name);
	else if (mbedtls_pk_parse_key(key, (unsigned char *)pem, (size_t)size + 1, NULL, 0,
				      random_bytes, NULL))
		r = err_set(err, EINVAL, "%s: not a PEM private key", name);
	if (pem)
		mbedtls_platform_zeroize(pem, PEM_MAX);
	free(pem);
	return r;
}

static int load_identity(struct export_session *s, const struct export_identity *id,
			 struct err *err)
{
	int r = *id->ca ? parse_chain(id->directory_fd, id->ca, &s->ca, err) : 0;

	if (!r)
		r = parse_chain(id->directory_fd, id->cert, &s->cert, err);
	if (!r)
		r = parse_key(id->directory_fd, id->key, &s->key, err);
	if (!r && mbedtls_pk_check_pair(&s->cert.pk, &s->key, random_bytes, NULL))
		r = err_set(err, EINVAL, "%s does not belong to %s", id->key, id->cert);
	return r;
}

static int configure(struct export_session *s, const struct export_identity *id, struct err *err)
{
	mbedtls_ssl_config *c = &s->config;

	if (mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT))
		return err_set(err, ENOMEM, "TLS defaults");
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
	/* mbedTLS wants some anchor. Ours can sign nothing, and without a pin that matches nobody
	 * passes. */
	mbedtls_ssl_conf_ca_chain(c, *id->ca ? &s->ca : &s->cert, NULL);
	mbedtls_ssl_conf_verify(c, judge_certificate, s);
	mbedtls_ssl_conf_rng(c, random_bytes, NULL);
	mbedtls_ssl_conf_min_tls_version(c, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(c, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_ciphersuites(c, export_suites());
	if (mbedtls_ssl_conf_own_cert(c, &s->cert, &s->key) || mbedtls_ssl_setup(&s->ssl, c) ||
	    mbedtls_ssl_set_hostname(&s->ssl, *id->name ? id->name : NULL))
		return err_set(err, ENOMEM, "TLS session");
	mbedtls_ssl_set_bio(&s->ssl, s, send_bytes, receive_bytes, NULL);
	return 0;
}

/* Death of a path without a word is noticed within 30 s idle or not; small batches leave at once.
 */
static void tune_socket(int fd)
{
	static const struct {
		int level;
		int name;
		int value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
				 sizeof(options[i].value));
}

struct export_session *export_session_open(int fd, const struct export_identity *identity,
					   struct err *err)
{
	struct export_session *s = calloc(1, sizeof(*s));

	if (!s) {
		fd_close(&fd);
		(void)err_sys(err, ENOMEM, "TLS session");
		return NULL;
	}
	s->fd = fd;
	s->identity = identity;
	mbedtls_ssl_init(&s->ssl);
	mbedtls_ssl_config_init(&s->config);
	mbedtls_x509_crt_init(&s->ca);
	mbedtls_x509_crt_init(&s->cert);
	mbedtls_pk_init(&s->key);
	tune_socket(fd);
	if (load_identity(s, identity, err) || configure(s, identity, err)) {
		export_session_close(s);
		return NULL;
	}
	return s;
}

void export_session_close(struct export_session *s)
{
	if (!s)
		return;
	mbedtls_ssl_free(&s->ssl);
	mbedtls_ssl_config_free(&s->config);
	mbedtls_x509_crt_free(&s->ca);
	mbedtls_x509_crt_free(&s->cert);
	mbedtls_pk_free(&s->key);
	fd_close(&s->fd);
	free(s);
}

/* -EAGAIN for the two codes that mean "later", else what the socket or TLS said. */
static int result(struct export_session *s, int code)
{
	s->want_write = code == MBEDTLS_ERR_SSL_WANT_WRITE;
	if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -EAGAIN;
	if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || code == MBEDTLS_ERR_SSL_CONN_EOF)
		return -EPIPE;
	return s->socket_errno ? -s->socket_errno : -EPROTO;
}

static const char *certificate_fault(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} faults[] = {
		{MBEDTLS_X509_BADCERT_CN_MISMATCH, "its certificate carries another name"},
		{MBEDTLS_X509_BADCERT_NOT_TRUSTED, "its certificate is not from the collector CA"},
		{MBEDTLS_X509_BADCERT_EXPIRED, "its certificate has expired"},
		{MBEDTLS_X509_BADCERT_OTHER, "its certificate is none of those that are pinned"},
		{MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, "its certificate is not for a server"},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (flags & faults[i].flag)
			return faults[i].text;
	return "its certificate was refused";
}

static int handshake_failed(struct export_session *s, int code, struct err *err)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&s->ssl);

	if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE)
		return err_set(err, EACCES, "%s", certificate_fault(flags));
	if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		return err_set(err, EACCES, "it refused the handshake by a TLS alert");
	if (s->socket_errno)
		return err_sys(err, s->socket_errno, "handshake");
	if (code == MBEDTLS_ERR_SSL_CONN_EOF)
		return err_set(err, EPIPE, "it closed the connection during the handshake");
	return err_set(err, EPROTO, "TLS handshake failed (-0x%04x)", (unsigned int)-code);
}

static int finish_connect(struct export_session *s, struct err *err)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);
	socklen_t error_size = sizeof(int);
	int error = 0;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &error_size))
		error = errno;
	if (error)
		return err_sys(err, error, "connect");
	/* SO_ERROR is 0 while the connection is still being made, too. */
	if (getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return err_sys(err, errno, "connect");
	if (info.tcpi_state == TCP_SYN_SENT || info.tcpi_state == TCP_SYN_RECV)
		return -EAGAIN;
	s->connected = true;
	return 0;
}

int export_session_handshake(struct export_session *s, struct err *err)
{
	int r = s->connected ? 0 : finish_connect(s, err);

	s->want_write = r == -EAGAIN;
	if (r)
		return r;
	r = mbedtls_ssl_handshake(&s->ssl);
	if (r == 0)
		return 0;
	if (result(s, r) == -EAGAIN)
		return -EAGAIN;
	return handshake_failed(s, r, err);
}

uint32_t export_session_events(const struct export_session *s)
{
	return s->want_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

int export_session_fd(const struct export_session *s)
{
	return s->fd;
}

ssize_t export_session_write(struct export_session *s, const void *bytes, size_t size, bool more)
{
	int n;

	s->more = more;
	n = mbedtls_ssl_write(&s->ssl, bytes, size);
	s->more = false;
	if (n > 0) {
		s->want_write = false;
		return n;
	}
	return result(s, n);
}

int export_session_drain(struct export_session *s)
{
	bool want_write = s->want_write;
	unsigned char scratch[256];
	int n;

	do
		n = mbedtls_ssl_read(&s->ssl, scratch, sizeof(scratch));
	while (n > 0);
	if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return -EPIPE;
	n = result(s, n);
	s->want_write |= want_write;
	return n == -EAGAIN ? 0 : n;
}

/* After close_notify nothing more is said in TLS: what counts is FIN without RST. */
static int wait_for_fin(struct export_session *s)
{
	char byte;
	ssize_t n = recv(s->fd, &byte, 1, MSG_DONTWAIT);

	if (n == 0)
		return 0;
	if (n > 0)
		return -EPROTO;
	return errno == EINTR ? -EAGAIN : -errno;
}

static int send_close(struct export_session *s)
{
	int r;

	if (!s->notify_sent) {
		r = mbedtls_ssl_close_notify(&s->ssl);
		if (r)
			return result(s, r);
		s->notify_sent = true;
	}
	if (!s->shut && shutdown(s->fd, SHUT_WR))
		return -errno;
	s->shut = true;
	s->want_write = false;
	return 0;
}

int export_session_finish(struct export_session *s, bool *proven)
{
	unsigned char scratch[256];
	int n = send_close(s);

	if (n)
		return n;
	while (!s->notify_seen) {
		n = mbedtls_ssl_read(&s->ssl, scratch, sizeof(scratch));
		if (n > 0)
			continue;
		if (n == MBEDTLS_ERR_SSL_CONN_EOF || n == 0) {
			*proven = false;
			return 0;
		}
		if (n != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
			return result(s, n);
		s->notify_seen = true;
	}
	n = wait_for_fin(s);
	if (!n)
		*proven = true;
	return n;
}

uint64_t export_session_own_until(const struct export_session *s)
{
	uint64_t least_s = 0;

	for (const mbedtls_x509_crt *crt = &s->cert; crt && crt->version; crt = crt->next)
		earlier(&least_s, until_s(crt));
	return least_s;
}

uint64_t export_session_peer_until(const struct export_session *s)
{
	return s->peer_until_s;
}

const char *export_session_protocol(const struct export_session *s)
{
	return mbedtls_ssl_get_version(&s->ssl);
}

const char *export_session_suite(const struct export_session *s)
{
	const char *suite = mbedtls_ssl_get_ciphersuite(&s->ssl);

	return suite ? suite : "";
}
