#include "store.h"

#include <errno.h>

#include "base/fd.h"

void store_init(struct store *s)
{
	for (size_t i = 0; i < STORE_SUBJECTS; i++)
		for (size_t k = 0; k < STORE_KIND_COUNT; k++)
			s->fds[i][k] = -1;
}

/* Services by slot, then helpers, then what belongs to nobody. -1: no row (probes keep nothing). */
static int row_of(uint16_t subject)
{
	uint16_t slot = SUBJECT_SLOT(subject);

	if (subject == SUBJECT_NONE)
		return CONFIG_SERVICES_MAX + HELPER_COUNT;
	if (slot < HELPER_COUNT && subject == SUBJECT_OF_HELPER(slot))
		return CONFIG_SERVICES_MAX + slot;
	if (slot < CONFIG_SERVICES_MAX && subject == SUBJECT_OF_SERVICE(slot))
		return slot;
	return -1;
}

static uint16_t subject_of(size_t row)
{
	if (row == CONFIG_SERVICES_MAX + HELPER_COUNT)
		return SUBJECT_NONE;
	if (row >= CONFIG_SERVICES_MAX)
		return SUBJECT_OF_HELPER(row - CONFIG_SERVICES_MAX);
	return SUBJECT_OF_SERVICE(row);
}

int store_put(struct store *s, uint16_t subject, uint32_t kind, int *fd)
{
	int row = row_of(subject);

	if (row < 0 || kind >= STORE_KIND_COUNT)
		return -EINVAL;
	fd_close(&s->fds[row][kind]);
	s->fds[row][kind] = take_fd(fd);
	return 0;
}

int store_drop(struct store *s, uint16_t subject, uint32_t kind)
{
	int row = row_of(subject);

	if (row < 0 || kind > STORE_KIND_COUNT)
		return -EINVAL;
	for (uint32_t k = 0; k < STORE_KIND_COUNT; k++)
		if (kind == STORE_KIND_COUNT || kind == k)
			fd_close(&s->fds[row][k]);
	return 0;
}

void store_clear(struct store *s)
{
	for (size_t i = 0; i < STORE_SUBJECTS; i++)
		for (size_t k = 0; k < STORE_KIND_COUNT; k++)
			fd_close(&s->fds[i][k]);
}

int store_next(const struct store *s, uint32_t *place, uint16_t *subject, uint32_t *kind)
{
	for (; *place < STORE_SUBJECTS * STORE_KIND_COUNT; (*place)++) {
		size_t row = *place / STORE_KIND_COUNT;

		*kind = *place % STORE_KIND_COUNT;
		*subject = subject_of(row);
		if (s->fds[row][*kind] >= 0)
			return s->fds[row][*kind];
	}
	return -1;
}
