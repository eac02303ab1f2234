#ifndef INIT_DIRECTORY_H
#define INIT_DIRECTORY_H

#include <stddef.h>

/* Reading a directory without the heap that readdir(3) takes. */
struct directory {
	int fd;
	int type; /* DT_* of the name returned last */
	size_t at;
	size_t end;
	_Alignas(8) char buffer[1024];
};

/* -errno of openat(2); symbolic links are not followed. */
int directory_open(struct directory *d, int at_fd, const char *path);

/* The next name of @type (DT_DIR ...; -1: any) but "." and "..", valid until the next call; NULL at
 * the end. */
const char *directory_next(struct directory *d, int type);

void directory_close(struct directory *d);

#endif
