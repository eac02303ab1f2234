#ifndef IPC_CHECKS_H
#define IPC_CHECKS_H

#include <stdint.h>

#include "base/str.h"
#include "ipc/head.h"

/* Checking and holding what runs: part of proto.h. */

/* What root holds a service back with. */
enum hold {
	HOLD_NONE,
	HOLD_FROZEN,   /* no process of this life runs */
	HOLD_ISOLATED, /* nor does another begin, until it is let go */
	HOLD_COUNT
};

struct message_hold { /* HOLD */
	struct message_head head;
	uint32_t hold; /* enum hold */
	char service[NAME_SIZE];
};

struct message_record { /* RECORD */
	struct message_head head;
	uint32_t seconds;
	char service[NAME_SIZE];
};

struct message_check { /* CHECK */
	struct message_head head;
	char service[NAME_SIZE]; /* empty: all that run */
};

enum check_verdict {
	CHECK_PASS,
	CHECK_WARN, /* granted by the device policy, weaker than the default */
	CHECK_FAIL,
	CHECK_VERDICTS
};

struct message_row_check {
	struct message_head head;
	char service[NAME_SIZE];
	char item[24];   /* "seccomp" */
	char guide[24];  /* lines of the hardening guide */
	char cis[24];    /* numbers of the CIS Docker Benchmark */
	uint8_t verdict; /* enum check_verdict */
	char text[200];  /* why it is not PASS */
};

#endif
