#include "seccomp/filter.h"

#include <errno.h>
#include <string.h>

#include "seccomp/neverlist.h"

int seccomp_filter_validate(const struct seccomp_filter *filter, enum policy_arch arch,
			    struct err *err)
{
	static const struct sock_filter zero;

	if (filter->magic != SECCOMP_FILTER_MAGIC || filter->size != sizeof(*filter))
		return err_set(err, EBADMSG, "this is not a filter");
	if (filter->arch != arch)
		return err_set(err, EBADMSG, "filter is for another architecture");
	if (filter->count == 0 || filter->count > SECCOMP_FILTER_MAX)
		return err_set(err, EBADMSG, "filter has %u instructions", filter->count);
	for (uint32_t i = filter->count; i < SECCOMP_FILTER_MAX; i++)
		if (memcmp(&filter->code[i], &zero, sizeof(zero)) != 0)
			return err_set(err, EBADMSG, "filter has instructions behind its end");
	return seccomp_check_never(filter->code, filter->count, arch, err);
}
