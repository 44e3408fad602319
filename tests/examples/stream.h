/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that never waits, for s3_epoll.c: over TCP (stream_tcp.c) or TLS (stream_tls.c).
 */
#ifndef WMBT_EXAMPLES_STREAM_H
#define WMBT_EXAMPLES_STREAM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct stream stream;

#define STREAM_OVER (-1L) /**< it has ended, or could not be opened */

/* Once, before the first one: false if that fails (no certificates to trust). */
bool stream_begin(void);

/* Begins to open one. NULL: there is no such host, no memory. */
stream *stream_open(const char *host, const char *port);
void stream_close(stream *s);

/* For epoll; whether to wait for room to write as well as for bytes. */
int stream_fd(const stream *s);
bool stream_wants_room(const stream *s);

/* Bytes moved; 0: none now; STREAM_OVER. receive() until it says 0: TLS keeps bytes back. */
long stream_send(stream *s, const void *bytes, size_t n);
long stream_receive(stream *s, void *bytes, size_t n);

/* An open socket that does not wait, connected or on its way to be; -1: none (stream_tcp.c). */
int tcp_open(const char *host, const char *port);

#endif
