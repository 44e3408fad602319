/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restore over the client of S3 from a model of a store, which answers from a bucket in memory
 * and misbehaves as it is told: over one connection or several, in parts, with several requests at
 * once on each, in many splits.
 */
#ifndef WMBT_TESTS_LIVE_H
#define WMBT_TESTS_LIVE_H

#include "drive.h"
#include "wombatkv/s3client.h"

#if WMBT_CFG_S3CLIENT

#    define LIVE_ROOM 4096u
#    define LIVE_OUT_BYTES 12288u
#    define LIVE_LINE_BYTES 128u
#    define LIVE_IN_FLIGHT 4u
#    define LIVE_MAX_CONNS 3u

/* A connection, from the store's side: what it has sent and nobody has read. */
typedef struct live_wire {
    uint8_t out[LIVE_OUT_BYTES];
    size_t len, at;
    bool closes;
} live_wire;

/* What the store does, for so many answers; then it is as it should be. */
typedef struct live_store {
    wmbt_test *t;
    const bucket *b;
    uint32_t busy, cut, garbage, no_range, denied, clock, region, changing, short_206, no_206;
    uint32_t silent, head_404, hang_up, replaced;
    uint32_t answers, heads;
    live_wire *w; /* the one that is written to */
    /* Called before each answer and after it, with where it begins in w->out; or NULL. */
    void (*meddle)(struct live_store *s, size_t from, bool after);
    void *context;
} live_store;

/* --- a restore over some connections ---------------------------------------------------------- */

typedef struct live {
    drive *d;
    live_store *s;
    wmbt_s3_store at;
    wmbt_s3client client;
    wmbt_s3client_slot slots[LIVE_IN_FLIGHT];
    wmbt_s3conn conn[LIVE_MAX_CONNS];
    live_wire wires[LIVE_MAX_CONNS];
    uint8_t line[LIVE_MAX_CONNS][LIVE_LINE_BYTES], request[LIVE_ROOM];
    uint8_t lent[2][DRIVE_MAX_BYTES];
    wmbt_s3client_now now;
    wmbt_s3client_config config;
    uint32_t conns;
    uint32_t way;
    uint32_t splits;  /* state of the splits */
    uint32_t regions; /* requests signed for the region that the store named */
    uint32_t at_once; /* requests under way at once, at most */
    uint32_t waited;  /* ms */
} live;

/* A reader of a bucket whose object under test is stored in a form (drive.h), with one connection;
 * what x->s and x->config say may be changed before live_begin(). NULL if the test has failed. */
live *live_prepare_as(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form, uint32_t first_bytes,
                      uint32_t in_flight);
live *live_prepare(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form);

/* Makes the client and starts the prompt. */
void live_begin(wmbt_test *t, live *x);

/* The same over the connections as they are. */
void live_start(wmbt_test *t, live *x);

/* The store behaves from now on, and all connections have ended. */
void live_recover(live *x);

/* Until all is settled. */
void live_restore(wmbt_test *t, live *x);

/* The steps of that: takes all wants (true: the reader has come to an end), sends what connection
 * `i` can carry, gives some of what came on it (false: nothing). */
bool live_take(wmbt_test *t, live *x);
void live_send(wmbt_test *t, live *x, uint32_t i);
bool live_give(wmbt_test *t, live *x, uint32_t i);

/* The object under test is verified and its rows lie where they belong. */
void live_check_restored(wmbt_test *t, live *x, const drive_bucket *b);

#endif

#endif
