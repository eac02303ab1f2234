#ifndef IPC_HEAD_H
#define IPC_HEAD_H

#include <stdint.h>

struct message_head {
	uint16_t type; /* enum message_type */
	uint16_t subject;
	uint32_t generation; /* which life of the subject; 0 where it has no meaning */
	uint32_t
		request; /* chosen by who asks, repeated in the answer; 0 where it has no meaning */
};

#endif
