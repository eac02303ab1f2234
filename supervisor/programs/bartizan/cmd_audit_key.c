/* The auditor's key: made, read and used on the host only. On a device there is nothing to do with
 * it, and its curve is not linked there. */
#ifdef BARTIZAN_HOST

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/fd.h"
#include "base/str.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "crypto/ecies.h"

#define PATH_SIZE 512

/* A new file: a key that is there is never overwritten. */
static int write_new(const char *path, mode_t mode, const char *text, struct err *err)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	return r ? err_sys(err, -r, "%s", path) : 0;
}

static int write_pair(const char *name, struct err *err)
{
	struct p256_pair pair = {.secret = {0}};
	char path[PATH_SIZE];
	char pem[P256_PEM_SIZE];
	int r = ecies_make_key(&pair);

	if (r)
		return err_sys(err, -r, "a key");
	str_join(path, sizeof(path), name, ".key", "");
	p256_write_private(pem, &pair);
	r = write_new(path, 0600, pem, err);
	explicit_bzero(pem, sizeof(pem));
	explicit_bzero(pair.secret, sizeof(pair.secret));
	str_join(path, sizeof(path), name, ".pem", "");
	p256_write_public(pem, pair.point);
	return r ? r : write_new(path, 0644, pem, err);
}

int audit_key_main(int argc, char **argv)
{
	static const struct usage usage = {
		.synopsis = "audit key NAME",
		.summary = "Make the auditor's key pair: NAME.key stays with the auditor, NAME.pem "
			   "goes "
			   "into the firmware\nbeside supervisor.conf, whose [audit] key names it.",
		.least = 1,
		.most = 1};
	struct operands operands;
	struct err err = {0};
	int r = options_read(&usage, argc, argv, &operands);

	if (r)
		return OPTIONS_EXIT(r);
	if (strlen(operands.at[0]) > PATH_SIZE - 8) {
		(void)fprintf(stderr, "bartizan: audit key: the name is too long\n");
		return EXIT_USAGE;
	}
	return write_pair(operands.at[0], &err) ? terminal_fail("audit key", &err) : EXIT_OK;
}

int auditor_read(const char *path, struct p256_pair *pair, struct err *err)
{
	char pem[P256_PEM_SIZE + 64];
	ssize_t size = fd_read_file(AT_FDCWD, path, pem, sizeof(pem));
	int r;

	if (size < 0)
		return err_sys(err, (int)-size, "%s", path);
	r = p256_read_private(pem, pair);
	explicit_bzero(pem, sizeof(pem));
	return r ? err_set(err, EINVAL, "%s: not an unencrypted private key of P-256", path) : 0;
}

int auditor_open_box(void *context, uint64_t boot, const struct seal_key *key, uint8_t secret[32])
{
	uint8_t bound_to[SEAL_CONTEXT_SIZE];

	seal_context(boot, key->epoch, bound_to);
	return ecies_open(context, bound_to, sizeof(bound_to), key->box, secret);
}

#endif
