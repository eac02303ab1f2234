#ifndef PKI_FIXTURE_H
#define PKI_FIXTURE_H

/* Runs tests/unit/fixtures once into a directory of its own and reads files of it. */
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char pki_directory[] = "/tmp/bartizan-pki.XXXXXX";

static int pki_setup(void **state)
{
	static char script[] = BARTIZAN_TEST_SOURCES "/tests/unit/fixtures";
	char *argv[] = {script, pki_directory, NULL};
	int status;
	pid_t pid;

	(void)state;
	if (!mkdtemp(pki_directory) || posix_spawn(&pid, script, NULL, NULL, argv, environ))
		return -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int pki_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int pki_teardown(void **state)
{
	(void)state;
	return nftw(pki_directory, pki_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static size_t pki_read(const char *name, const char *suffix, uint8_t *bytes, size_t size)
{
	char path[256];
	FILE *file;
	size_t count;

	(void)snprintf(path, sizeof(path), "%s/%s%s", pki_directory, name, suffix);
	file = fopen(path, "rb");
	assert_non_null(file);
	count = fread(bytes, 1, size, file);
	(void)fclose(file);
	assert_true(count > 0 && count < size);
	return count;
}

#endif
