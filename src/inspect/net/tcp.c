/* SPDX-License-Identifier: Apache-2.0 */
/* Connections. */
#include "net/tcp.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void tcp_init(struct tcp *tcp)
{
    memset(tcp, 0, sizeof *tcp);
    tcp->fd = -1;
}

bool tcp_leads_to(const struct tcp *tcp, const char *host)
{
    return tcp->fd >= 0 && strcmp(tcp->host, host) == 0;
}

static void close_fd(struct tcp *tcp)
{
    if (tcp->fd >= 0) {
        close(tcp->fd);
    }
    tcp->fd = -1;
    tcp->connecting = false;
}

void tcp_close(struct tcp *tcp)
{
    close_fd(tcp);
    if (tcp->found != NULL) {
        freeaddrinfo(tcp->found);
    }
    tcp->found = tcp->next = NULL;
}

/* Begins to connect to the next address. False: there is none. */
static bool connect_next(struct tcp *tcp, const char **why)
{
    while (tcp->next != NULL) {
        const struct addrinfo *a = tcp->next;
        tcp->next = a->ai_next;
        tcp->fd =
            socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (tcp->fd >= 0 &&
            (connect(tcp->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)) {
            tcp->connecting = true;
            return true;
        }
        *why = strerror(errno);
        close_fd(tcp);
    }
    return false;
}

bool tcp_open(struct tcp *tcp, const char *host, const char **why)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char name[TCP_HOST_BYTES];
    const char *colon = strrchr(host, ':'), *bracket = strchr(host, ']');
    bool has_port = colon != NULL && (bracket == NULL || colon > bracket);
    size_t len = has_port ? (size_t)(colon - host) : strlen(host);
    bool literal = len > 2 && host[0] == '[' && host[len - 1] == ']';
    tcp_close(tcp);
    if (strlen(host) >= sizeof name) {
        *why = "the name of the host is too long";
        return false;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(literal ? len - 2 : len),
                   literal ? host + 1 : host);
    strcpy(tcp->host, host);
    int error = getaddrinfo(name, has_port ? colon + 1 : "80", &hints, &tcp->found);
    if (error != 0) {
        tcp->found = NULL;
        *why = gai_strerror(error);
        return false;
    }
    tcp->next = tcp->found;
    return connect_next(tcp, why);
}

bool tcp_finish(struct tcp *tcp, const char **why)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error == 0) {
        tcp->connecting = false;
        return true;
    }
    *why = strerror(error);
    close_fd(tcp);
    return connect_next(tcp, why);
}
