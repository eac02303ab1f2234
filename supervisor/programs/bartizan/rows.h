#ifndef BARTIZAN_ROWS_H
#define BARTIZAN_ROWS_H

#include <stdbool.h>

#include "ipc/proto.h"

/* How rows of the control socket look: for people in columns, for programs as JSON. */
#define ROWS_MAX                                                                                   \
	272 /* services of the largest build, and images that the device policy does not name */

struct rows {
	int count;
	struct message_row_service at[ROWS_MAX];
};

void rows_print_table(const struct rows *rows);
void rows_print_one(const struct message_row_service *row);  /* every field, a line each */
void rows_print_json(const struct message_row_service *row); /* one object, no line end */

/* Key and value of a text row as a JSON object, no line end. */
void rows_print_text_json(const struct message_row_text *row);

#endif
