#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "boot.h"
#include "init.h"
#include "policy/policy.h"
#include "sys/board.h"

#define PROFILES "/usr/lib/bartizan/apparmor.bin"
#define LOAD     "/sys/kernel/security/apparmor/.load"
#define LOADED   "/sys/kernel/security/apparmor/profiles"
#define LOCK     "/sys/module/apparmor/parameters/lock_policy"

/* One write(2), or the kernel takes it for two policies. What the bytes mean is the kernel's to
 * say: they come from the same verified firmware as this program. */
static int load(struct err *err)
{
	CLEAN_FD int from_fd = open(PROFILES, O_RDONLY | O_CLOEXEC);
	CLEAN_FD int to_fd = open(LOAD, O_WRONLY | O_CLOEXEC);
	struct stat st = {0};
	ssize_t written = -1;
	void *bytes;

	if (from_fd < 0 || fstat(from_fd, &st))
		return err_sys(err, errno, PROFILES);
	if (to_fd < 0)
		return err_sys(err, errno, LOAD);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, from_fd, 0);
	if (bytes == MAP_FAILED)
		return err_sys(err, errno, PROFILES);
	written = write(to_fd, bytes, (size_t)st.st_size);
	if (written != (ssize_t)st.st_size)
		(void)err_sys(err, written < 0 ? errno : EIO, "the kernel refuses " PROFILES);
	(void)munmap(bytes, (size_t)st.st_size);
	return written == (ssize_t)st.st_size ? 0 : -err->code;
}

/* From now on nobody loads, replaces or removes a profile until the next boot. */
static int lock(struct err *err)
{
	char found[8] = "";
	int r = fd_write_file(AT_FDCWD, LOCK, "1");

	if (!r && (fd_read_file(AT_FDCWD, LOCK, found, sizeof(found)) < 0 || found[0] != 'Y'))
		r = -EPERM;
	return r ? err_sys(err, -r, LOCK) : 0;
}

/* Takes the whole lines off the front of @text. True: one of them is the profile. */
static bool take_lines(char *text)
{
	const char *at = text;
	bool found = false;

	for (char *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		found |= str_equal(at, POLICY_APPARMOR_BUILTIN " (enforce)");
	}
	memmove(text, at, strlen(at) + 1);
	return found;
}

/* A firmware may have many more profiles, so the list is read piece by piece. A line that does not
 * fit ends it: then the profile was not seen. */
static bool is_in_force(void)
{
	CLEAN_FD int fd = open(LOADED, O_RDONLY | O_CLOEXEC);
	char text[1024] = "";
	size_t used = 0;
	bool found = false;
	ssize_t n;

	while (!found && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0) {
		text[used + (size_t)n] = '\0';
		found = take_lines(text);
		used = strlen(text);
	}
	return found;
}

int boot_apparmor(struct init *init, struct err *err)
{
	int r;

	(void)init;
	if (!board_declares_lsm("apparmor"))
		return 0;
	r = load(err);
	if (r)
		return r;
	if (!is_in_force())
		return err_set(err, EPERM,
			       "the profile " POLICY_APPARMOR_BUILTIN " is not in force");
	return lock(err);
}
