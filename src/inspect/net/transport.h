/* SPDX-License-Identifier: Apache-2.0 */
/* What carries a request and its answer: a socket of ours, or libcurl. */
#ifndef INSPECT_TRANSPORT_H
#define INSPECT_TRANSPORT_H

#include "wombatkv/s3.h"

struct transport;

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
};

/* How an exchange ended. */
enum transport_result {
    TRANSPORT_DONE,    /* the answer is complete, or as much of it as was wanted */
    TRANSPORT_REFUSED, /* the answer was refused: *status */
    TRANSPORT_FAILED   /* the connection: *why */
};

struct transport *transport_open(bool curl, unsigned timeout_seconds);
void transport_close(struct transport *transport);

/* False: built without libcurl. */
bool transport_has_curl(void);

enum transport_result transport_run(struct transport *transport, struct exchange *exchange,
                                    wmbt_status *status, const char **why);

#endif
