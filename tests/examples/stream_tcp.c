/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over TCP. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"

struct stream {
    int fd;
    bool wants_room;
};

bool stream_begin(void)
{
    return true;
}

stream *stream_open(const char *host, const char *port)
{
    stream *s = malloc(sizeof *s);
    int fd = s != NULL ? tcp_open(host, port) : -1;
    if (fd < 0) {
        free(s);
        return NULL;
    }
    s->fd = fd;
    s->wants_room = true;
    return s;
}

void stream_close(stream *s)
{
    (void)close(s->fd);
    free(s);
}

int stream_fd(const stream *s)
{
    return s->fd;
}

bool stream_wants_room(const stream *s)
{
    return s->wants_room;
}

static long moved(ssize_t n)
{
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : STREAM_OVER;
    }
    return (long)n;
}

long stream_send(stream *s, const void *bytes, size_t n)
{
    long sent = moved(send(s->fd, bytes, n, MSG_NOSIGNAL));
    s->wants_room = sent >= 0 && (size_t)sent < n;
    return sent;
}

long stream_receive(stream *s, void *bytes, size_t n)
{
    ssize_t got = recv(s->fd, bytes, n, 0);
    return got == 0 ? STREAM_OVER : moved(got);
}
