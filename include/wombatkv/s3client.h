/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of S3 for a reader, without I/O: a reader's want becomes request bytes, and the bytes
 * that come back become the reader's found, feed, fail, retry and restart, in one pass and without
 * a copy. Source of the rules: docs/FORMATS.md, "S3".
 *
 *     want = wmbt_reader_next_want(r)      kinds memory and step: the caller's, as without a client
 *     wait = wmbt_s3client_wait(c, want)   not 0: keep the want so long
 *     wmbt_s3client_ask(c, conn, r, want)  -> bytes to send on a connection
 *     wmbt_s3client_receive(c, conn, r, bytes that came), until it says end: the want is answered
 *     wmbt_s3client_lost(c, conn, r)       the connection has ended, or nothing came in time
 *
 * A connection carries one request at a time; several connections serve several wants. Presence
 * questions are answered by "ask for the objects": a listing costs more than the first bytes of the
 * few blocks that are missing, and the 404 of a HEAD does not tell a missing key from wrong
 * credentials. Each object is pinned to the ETag and size of its first answer: they are sent as
 * If-Match and compared with every answer, and another object under the same key starts over. Time
 * and randomness are arguments. A failure of the store is never a miss: objects that it does not
 * give are settled with WMBT_S3CLIENT_REFUSED + the meaning of its answer (s3.h).
 */
#ifndef WOMBATKV_S3CLIENT_H
#define WOMBATKV_S3CLIENT_H

#include "wombatkv/reader.h"
#include "wombatkv/s3.h"

#if WMBT_CFG_S3CLIENT

WMBT_BEGIN_DECLS

/** Statuses that wants fail with: this and WMBT_S3_DENIED, ... */
#    define WMBT_S3CLIENT_REFUSED 128

/** Memory for one field line of a connection; the caller's limit of what is looked at. */
#    define WMBT_S3CLIENT_MIN_LINE_BYTES 128u

#    define WMBT_S3CLIENT_MAX_WAIT_MS 60000u /**< of Retry-After */

/** Zero it first: fields may be added. It is copied; what it points to is kept. */
typedef struct wmbt_s3client_config {
    const wmbt_s3_store *store; /**< kept: bucket, host, region, credentials */
    uint32_t in_flight;         /**< the reader's config.in_flight */
    uint32_t attempts;          /**< of a want, 0: 5 */
    uint32_t base_ms;           /**< of the backoff, 0: 100; doubled with each attempt */
    uint32_t cap_ms;            /**< of the backoff, 0: 10,000 */
    uint32_t denied_is_missing; /**< 1: 403 AccessDenied is a missing object */
} wmbt_s3client_config;

/** What was done so far. */
typedef struct wmbt_s3client_counts {
    uint64_t asked_bytes;    /**< of objects */
    uint64_t received_bytes; /**< of objects, as far as the reader took them */
    uint64_t wasted_bytes;   /**< of objects, not taken: beyond a want, before it, of a dead one */
    uint32_t requests;
    uint32_t retries;
    uint32_t refused; /**< answers that must not be believed */
    uint32_t by_meaning[WMBT_S3_REDIRECT + 1u];
} wmbt_s3client_counts;

/** What is known of the object in a slot of the reader. Keep out of the fields. */
typedef struct wmbt_s3client_slot {
    uint64_t size;
    uint64_t not_before; /* ms */
    uint32_t object;     /* its number + 1 */
    uint32_t has_size;
    uint32_t attempts;
    uint32_t restarts;
    uint32_t etag_len;
    uint32_t reserved;
    uint8_t etag[WMBT_S3_ETAG_BYTES];
} wmbt_s3client_slot;

/** A client. Keep out of the fields but the counts. */
typedef struct wmbt_s3client {
    wmbt_s3client_config config;
    wmbt_s3client_counts counts;
    wmbt_s3client_slot *slots; /* the caller's */
    int64_t clock_offset;      /* seconds */
    uint32_t clock_set;
    uint32_t region_len; /* not 0: one that the store named */
    uint8_t region[WMBT_S3_REGION_BYTES];
} wmbt_s3client;

/** A connection: about 0.6 KB and its line memory. Keep out of the fields. */
typedef struct wmbt_s3conn {
    wmbt_s3_answer answer;
    wmbt_want want;
    wmbt_buf line;
    uint32_t state;
    uint32_t reusable;
    uint32_t found;     /* has been said */
    uint32_t delivered; /* bytes of this answer that the reader took */
    uint32_t reused;    /* an answer came on this connection before */
    wmbt_status fed;    /* by the reader's last call */
} wmbt_s3conn;

/** All memory of a client with so many objects in flight and connections, lines of so many bytes:
 * a constant expression. What it counts may lie anywhere. */
#    define WMBT_S3CLIENT_BYTES(in_flight, connections, line_bytes)                  \
        (sizeof(wmbt_s3client) + WMBT_SIZE(in_flight) * sizeof(wmbt_s3client_slot) + \
         WMBT_SIZE(connections) * (sizeof(wmbt_s3conn) + WMBT_SIZE(line_bytes)))

/**
 * Makes a client; `slots` are config->in_flight of them and stay its own.
 * bad-argument: no store, no slots.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_init(wmbt_s3client *client,
                                                        const wmbt_s3client_config *config,
                                                        wmbt_s3client_slot *slots);

/** Makes a connection, not yet in use. `line` stays its own; less than
 * WMBT_S3CLIENT_MIN_LINE_BYTES: buffer-too-small. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3conn_init(wmbt_s3conn *conn, wmbt_buf line);

/** Milliseconds that this want has to wait, for the backoff of its object: 0, ask now. */
WMBT_API uint32_t wmbt_s3client_wait(const wmbt_s3client *client, const wmbt_want *want,
                                     uint64_t now_ms);

/**
 * Writes the request for a want of kind object or range: send it on the connection. `time` is in
 * seconds since 1970. Presence questions are answered at once: end, nothing is sent.
 *
 * ok: *written bytes are to be sent
 * end: a presence question is answered; also a want that cannot be asked for (its key, or the time)
 *   has failed
 * stale: the want is dead
 * bad-state: the connection is busy, or the want is of another kind
 * buffer-too-small: `out`, which needs what wmbt_s3_write_get() does and 1,024 bytes for the key
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_ask(wmbt_s3client *client, wmbt_s3conn *conn,
                                                       wmbt_reader *reader, const wmbt_want *want,
                                                       uint64_t time, wmbt_buf out,
                                                       size_t *written);

/** Time and chance. */
typedef struct wmbt_s3client_now {
    uint64_t ms;     /**< of a clock that never goes back */
    uint64_t time;   /**< seconds since 1970, as far as known: what was given to ask() */
    uint32_t random; /**< a fresh random number */
} wmbt_s3client_now;

/**
 * Takes bytes that came on the connection. *reader_said, if not NULL, is set with end: the status
 * of the last call of the reader (wmbt_reader_settles() tells whether the object is settled). Stale
 * if the want was dead before its answer was complete, which is no error: what came after that was
 * dropped, and the client is done with it. With WMBT_READER_LATE_WRITES wmbt_reader_quiet() stays
 * the caller's to call.
 *
 * need-more: took all, waits for more
 * end: the want is answered, as the reader was told; ask next_want() again. The connection can
 *   carry the next request if wmbt_s3conn_is_reusable(), else close it. What is left of `bytes` is
 *   nobody's
 * bad-state: nothing was asked
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_receive(wmbt_s3client *client, wmbt_s3conn *conn,
                                                           wmbt_reader *reader, wmbt_view bytes,
                                                           const wmbt_s3client_now *now,
                                                           wmbt_status *reader_said);

/** The connection has ended, or is to be closed since nothing came in time. Returns end: the want
 * is answered or withdrawn; bad-state if nothing was asked. The connection begins anew. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_lost(wmbt_s3client *client, wmbt_s3conn *conn,
                                                        wmbt_reader *reader,
                                                        const wmbt_s3client_now *now,
                                                        wmbt_status *reader_said);

/** True if the connection may carry the next request. */
WMBT_API bool wmbt_s3conn_is_reusable(const wmbt_s3conn *conn);

WMBT_END_DECLS

#endif

#endif
