#include "commands.h"

#include <stddef.h>

#ifdef BARTIZAN_HOST
#include "image/commands.h"
#define HOST(function) function
#define DEVICE(function) NULL
#else
#define HOST(function) NULL
#define DEVICE(function) function
#endif

/* clang-format off */
const struct command commands[] = {
	{"image", HOST(image_command), "build, sign, verify and inspect images", ON_HOST},
	{NULL, NULL, NULL, ON_BOTH},
};
/* clang-format on */
