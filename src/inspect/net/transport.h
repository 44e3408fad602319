/* SPDX-License-Identifier: Apache-2.0 */
/* What carries requests and their answers, several at once: sockets of ours, or libcurl. */
#ifndef INSPECT_TRANSPORT_H
#define INSPECT_TRANSPORT_H

#include "wombatkv/s3.h"

struct transport;

/* How an exchange ended. */
enum transport_result {
    TRANSPORT_OPEN,    /* not yet */
    TRANSPORT_DONE,    /* the answer is complete, or as much of it as was wanted */
    TRANSPORT_REFUSED, /* the answer was refused: `status` */
    TRANSPORT_FAILED   /* the connection: `why` */
};

/* A request on its way. */
struct exchange {
    const char *scheme; /* "http" or "https" */
    const char *host;   /* as in the Host field */
    wmbt_view request;  /* complete, as wmbt_s3_write_...() wrote it */
    bool is_head;
    wmbt_s3_answer *answer; /* begun */
    /* Takes a piece; false: no more is wanted. */
    bool (*take)(void *context, uint64_t offset, wmbt_view piece);
    void *context;

    enum transport_result result;
    wmbt_status status;
    char why[256];
    bool is_final; /* FAILED, and it would again */

    struct exchange *next; /* the transport's */
    void *lane;            /* the transport's */
};

/* At most `connections` requests are on their way at once. `ca_bundle`: a file of certificates that
 * libcurl trusts, or NULL. */
struct transport *transport_open(bool curl, unsigned timeout_seconds, unsigned connections,
                                 const char *ca_bundle);
void transport_close(struct transport *transport);

/* False: built without libcurl. */
bool transport_has_curl(void);

/* Sends a request as soon as there is room. The exchange, and what it points to, has to stay until
 * its result is not OPEN or it is cancelled. */
void transport_begin(struct transport *transport, struct exchange *exchange);
void transport_cancel(struct transport *transport, struct exchange *exchange);

/* Brings all exchanges further. Waits for at most so many milliseconds if nothing has come. */
void transport_turn(struct transport *transport, unsigned max_ms);

/* Milliseconds of a clock that never goes back. */
uint64_t transport_now(void);

#endif
