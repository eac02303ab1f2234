#include "base/str.h"
#include "seccomp/helper_filters.h"

const struct helper_filter *helper_filter_find(const char *name)
{
	for (size_t i = 0; i < helper_filter_count; i++)
		if (str_equal(helper_filters[i].name, name))
			return &helper_filters[i];
	return NULL;
}
