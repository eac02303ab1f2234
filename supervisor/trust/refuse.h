#ifndef TRUST_REFUSE_H
#define TRUST_REFUSE_H

#include <errno.h>

#include "base/err.h"

/*
 * Reason and hint in one step. The value is always -code, also without a struct err: err_hint()
 * alone would return 0 for NULL, and a refusal that reads as success is the one mistake this
 * directory must not make.
 */
#define REFUSE(err, code, hint, ...)                                                               \
	(err_set((err), (code), __VA_ARGS__), err_hint((err), "%s", (hint)), -(code))

#define HINT_BUILD "build the image again with `bartizan image build`"
#define HINT_COPY  "the file is damaged or incomplete: copy it again"

#endif
