#ifndef IPC_IMAGES_H
#define IPC_IMAGES_H

#include <stdint.h>

#include "base/str.h"
#include "ipc/head.h"

/* What the command line, the launcher and the supervisor say to each other about images: part of
 * proto.h. */

enum image_verb {
	IMAGE_LIST,
	IMAGE_ACTIVATE,
	IMAGE_CONFIRM,
	IMAGE_ROLLBACK,
	IMAGE_REMOVE,
	IMAGE_PURGE, /* and all that the service has */
	IMAGE_VERB_COUNT
};

#define IMAGE_VERSION_SIZE 64

struct message_image { /* LIST: all names when @name is empty; @version where the verb takes one */
	struct message_head head;
	uint32_t verb;
	char name[NAME_SIZE];
	char version[IMAGE_VERSION_SIZE];
};

enum image_flag {
	IMAGE_RESUME = 1,    /* go on behind what an earlier stream left */
	IMAGE_STAGE = 2,     /* put it there, do not activate it */
	IMAGE_DOWNGRADE = 4, /* an operator wants an older version of the same epoch */
	IMAGE_DELTA = 8,     /* the stream is a block file against the active version */
};

struct message_image_install {
	struct message_head head;
	char name[NAME_SIZE];
	uint32_t flags;
	uint64_t size; /* bytes of the whole file; 0: the stream's end will tell */
};

struct message_image_sent {
	struct message_head head;
	uint64_t size; /* bytes of the whole file, also of what was there already */
};

enum image_phase { IMAGE_COPYING, IMAGE_CHECKING, IMAGE_PHASE_COUNT };

struct message_image_progress { /* the first one: begin to send at @done */
	struct message_head head;
	uint32_t phase;
	uint64_t done; /* bytes */
	uint64_t total;
};

struct message_row_image {
	struct message_head head;
	char name[NAME_SIZE];
	char version[IMAGE_VERSION_SIZE];
	char state[16]; /* active trial good aside bad quarantined partial */
	uint8_t active; /* runs next */
	uint8_t running;
	uint32_t left;
	uint32_t done;
	uint64_t size;
	char why[120]; /* bad: the reason */
	uint32_t generation;
	int32_t exit_code; /* si_code */
	int32_t exit_status;
	uint64_t at_us;
};

struct message_checked { /* CHECK_ALL + the dm node; APPLY + block file, old dm node, new file;
			    CHECKED: so far */
	struct message_head head;
	uint64_t bytes;
	uint64_t total;            /* APPLY: at most */
	uint8_t old_root_hash[32]; /* APPLY: of the old image */
};

struct message_release { /* how the life ended, in words for whoever asks why a version was given up
			  */
	struct message_head head;
	int32_t code; /* si_code and status as in message_exited */
	int32_t status;
	char why[120];
};

struct message_admitted { /* + sealed memfd with struct policy */
	struct message_head head;
	char name[NAME_SIZE];
	char version[NAME_SIZE];
	uint32_t epoch;
	uint8_t root_hash[32];
	uint32_t uid;
	uint8_t trial;      /* this version is not confirmed */
	uint32_t verify_us; /* microseconds: signatures; loop device, dm-verity and mount */
	uint32_t map_us;
};

#endif
