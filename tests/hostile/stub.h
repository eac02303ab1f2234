#ifndef STUB_H
#define STUB_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/proto.h"

/* Sends what channel_send() would never send: any bytes, any descriptors, to anybody. Failures are
 * of no interest. What the other side has said meanwhile is thrown away, so that it never cuts a
 * link on which nobody reads. */
void stub_send(int fd, const void *bytes, size_t size, const int *fds, int fd_count);

/* A message that is a head and then @size - sizeof(head) bytes of @filler. */
void stub_send_head(int fd, struct message_head head, size_t size, int filler);

/* Everything that no row allows, whoever listens on @fd: each size, each type, each kind of
 * descriptor. */
void stub_send_nonsense(int fd);

/* Wait for one message; its size, or -1. Descriptors are put into @fds (room for IPC_FDS_MAX), the
 * rest to -1. */
long stub_receive(int fd, void *bytes, size_t size, int *fds);

/* Descriptor number @kind of the wrong kinds; -1: this process may not make that one. */
#define STUB_ODD_KINDS 14
int stub_odd_fd(unsigned int kind);

/* A memfd with @size bytes and these seals. */
int stub_memory(const void *bytes, size_t size, int seals);

void stub_pause_ms(unsigned int ms);
_Noreturn void stub_stay(void);

#endif
