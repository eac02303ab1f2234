#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"

/* The program is looked at through procfs as the launcher does; a host in hybrid mode puts the old
 * hierarchies before the line that every device has alone. */
ssize_t __real_fd_read_file(int directory, const char *path, char *buffer, size_t size);
ssize_t __wrap_fd_read_file(int directory, const char *path, char *buffer, size_t size);
ssize_t __wrap_fd_read_file(int directory, const char *path, char *buffer, size_t size)
{
	char text[2048];
	const char *line;
	ssize_t n;

	if (!str_ends(path, "cgroup"))
		return __real_fd_read_file(directory, path, buffer, size);
	n = __real_fd_read_file(directory, path, text, sizeof(text));
	line = n < 0 ? NULL : strstr(text, "0::");
	if (!line)
		return n < 0 ? n : -ENOENT;
	str_join(buffer, size, line, "", "");
	return (ssize_t)strlen(buffer);
}
