/*
 * The supervisor: everything that is policy over time. Started by the launcher, again after every
 * death; argv: the generation. Descriptors: 3 init, 4 own audit ring, 5 its read index, 6 its
 * doorbell, 7 state memfd, 8 launcher, 9 control listener.
 */
#include <sys/prctl.h>

#include "base/program.h"
#include "base/str.h"
#include "supervisor.h"

int PROGRAM_MAIN(int argc, char **argv)
{
	uint64_t generation;

	if (argc != 2 || str_u64(argv[1], 1, UINT32_MAX, &generation))
		return 2;
	/* execve(2) made the process dumpable again. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return 1;
	return supervisor_run((uint32_t)generation);
}
