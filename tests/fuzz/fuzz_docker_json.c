/* links: base audit policy seccomp seccomp */
/* A seccomp profile in Docker's JSON: whatever it says, what is accepted is a filter that our
 * interpreter has found to do what the file says, within the never-list. */
#include <errno.h>
#include <stdlib.h>

#include "seccomp/docker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct seccomp_values values = {.exec_fd = 1024, .mdwe = true};
	const struct seccomp_text text = {"profile.json", (const char *)data, size};
	static struct seccomp_listing listing;
	static struct seccomp_filter filter;
	enum policy_arch arch = (enum policy_arch)(size % ARCH_COUNT);
	struct err err = {0};
	int r = seccomp_docker_read(&text, arch, values.mdwe, &listing, &err);

	if (r) {
		if (!err.msg[0])
			abort();
		return 0;
	}
	r = seccomp_profile_build(&listing.profile, &values, arch, &filter, &err);
	/* Too many rules for one filter is the only reason left. */
	if (r && r != -E2BIG)
		abort();
	return 0;
}
