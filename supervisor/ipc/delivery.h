#ifndef IPC_DELIVERY_H
#define IPC_DELIVERY_H

#include <stdint.h>

#include "base/err.h"
#include "ipc/head.h"

/* How far the collector has read, and who it is: part of proto.h. */

struct message_shipped { /* SHIPPED; RESEND without boot */
	struct message_head head;
	uint64_t boot; /* boot id of the record */
	uint64_t n;    /* every record up to this one was read by the collector */
};

struct message_collector {
	struct message_head head;
	uint8_t connected;
	char collector[72]; /* address and port */
	char protocol[16];  /* "TLSv1.3" */
	char suite[64];
	struct err why; /* not connected: the reason */
};

struct message_certificate {
	struct message_head head;
	uint64_t until_s; /* since 1970 */
	uint32_t days;    /* left */
	uint8_t soon;     /* 1: that is worth a warning */
	char whose[72];   /* "client", or address and port of the collector */
};

#endif
