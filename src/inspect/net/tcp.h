/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a host: names are looked up, its addresses tried one after the other. */
#ifndef INSPECT_TCP_H
#define INSPECT_TCP_H

#include <stdbool.h>

#define TCP_HOST_BYTES 300

struct addrinfo;

struct tcp {
    int fd;          /* -1: there is none */
    bool connecting; /* wait until it can be written to, then tcp_finish() */
    struct addrinfo *found, *next;
    char host[TCP_HOST_BYTES];
};

/* No connection. */
void tcp_init(struct tcp *tcp);

/* True if it leads to this host already. */
bool tcp_leads_to(const struct tcp *tcp, const char *host);

/* Begins to connect to a host, named as in the Host field of HTTP; what was before is closed.
 * False: *why says why not. */
bool tcp_open(struct tcp *tcp, const char *host, const char **why);

/* Whether it is connected now, or with the next address still connecting. False: with none. */
bool tcp_finish(struct tcp *tcp, const char **why);

void tcp_close(struct tcp *tcp);

#endif
