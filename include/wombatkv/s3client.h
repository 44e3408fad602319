/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of S3 for a reader, without I/O: a reader's wants become requests, and the bytes that
 * come back become the reader's found, feed, fail, and restart, in one pass and without a copy.
 * Source of the rules: docs/FORMATS.md, "S3".
 *
 *     wmbt_reader_start(r, ...), wmbt_s3client_start(c, deadline)
 *     for each want of wmbt_reader_next_want(r): kinds memory and step are the caller's, as without
 *       a client; the others wmbt_s3client_take(c, r, want)
 *     for each connection that is free: wmbt_s3client_ask(c, conn, r, ...) -> bytes to send on it
 *     wmbt_s3client_receive(c, conn, r, bytes that came)
 *     wmbt_s3client_lost(c, conn, r)   it has ended, could not be opened, or nothing came in time
 *     and again from the second line, until next_want() says end
 *
 * A want is fetched in parts (config.part_bytes), each on one connection, several at once; a
 * connection carries config.depth of them. A part that failed stays with its connection, which asks
 * for the rest of it again after a backoff. Each object is pinned to the ETag and size of its first
 * answer: they are sent as If-Match and compared with every answer, and another object under the
 * same key starts over. Time and randomness are arguments. A failure of the store is never a miss:
 * objects that it does not give are settled with WMBT_S3CLIENT_REFUSED + the meaning of its answer
 * (s3.h). Presence questions are answered by "ask for the objects": a listing (s3presence.h) mostly
 * costs more than the first bytes of the few blocks that are missing, and the 404 of a HEAD does
 * not tell a missing key from wrong credentials.
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

/** Room for a request is this and what wmbt_s3_write_get() needs: the key, while it is encoded. */
#    define WMBT_S3CLIENT_KEY_BYTES 1024u

#    define WMBT_S3CLIENT_MAX_WAIT_MS 60000u  /**< of Retry-After */
#    define WMBT_S3CLIENT_MAX_DEPTH 4u        /**< requests on a connection at once */
#    define WMBT_S3CLIENT_SKIP_BYTES 1048576u /**< read for nothing at most, see part_bytes */
#    define WMBT_S3CLIENT_RETRY_COST 5u       /**< of the budget for retries */

/** Zero it first: fields may be added. It is copied; what it points to is kept. */
typedef struct wmbt_s3client_config {
    const wmbt_s3_store *store; /**< kept: bucket, host, region, credentials */
    uint32_t in_flight;         /**< the reader's config.in_flight */
    /** Of a want without a byte between them, 0: 5. An object that changes starts over less often
     * than that, and three times at most. */
    uint32_t attempts;
    uint32_t base_ms;           /**< of the backoff, 0: 100; doubled with each attempt */
    uint32_t cap_ms;            /**< of the backoff, 0: 10,000 */
    uint32_t denied_is_missing; /**< 1: 403 AccessDenied is a missing object */
    /** Of a request at most, and no less than WMBT_READER_HEADER_BYTES; 0: a want is one request.
     * With less than a want several connections fetch one object, and the reader's config.runs must
     * be more than they are. A store that ignores ranges is asked for the rest of a want at once;
     * what it sends before that is skipped if it is at most WMBT_S3CLIENT_SKIP_BYTES or as much as
     * is wanted, else the want fails. */
    uint32_t part_bytes;
    uint32_t depth; /**< requests on a connection at once, 1 to WMBT_S3CLIENT_MAX_DEPTH, 0: 1 */
    uint32_t timeout_ms; /**< of a connection without a byte, 0: 30,000 */
    /** Budget of a prompt for retries, over all wants, 0: 500: a retry takes
     * WMBT_S3CLIENT_RETRY_COST of it, an answer with bytes gives 1 back, and if it is spent, wants
     * fail instead. */
    uint32_t retry_budget;
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
    wmbt_want want;
    uint64_t size;
    uint64_t not_before; /* ms */
    uint32_t next;       /* first byte of the want that no part has */
    uint32_t end;        /* behind its last byte, as far as known */
    uint32_t attempts;
    uint32_t restarts;
    uint8_t is_open;  /* the want lives, as far as known */
    uint8_t found;    /* has been said to the reader */
    uint8_t has_size; /* size */
    uint8_t unsure;   /* the size must be asked for: HEAD */
    uint8_t whole;    /* ranges are ignored */
    uint8_t etag_len;
    uint8_t etag[WMBT_S3_ETAG_BYTES];
} wmbt_s3client_slot;

/** A client. Keep out of the fields but the counts. */
typedef struct wmbt_s3client {
    wmbt_s3client_config config;
    wmbt_s3client_counts counts;
    wmbt_s3client_slot *slots; /* the caller's */
    uint64_t deadline;         /* ms; 0: none */
    int64_t clock_offset;      /* seconds */
    uint32_t budget;           /* for retries */
    uint8_t learned;           /* clock and region: how often */
    uint8_t clock_set;
    uint8_t region_len; /* not 0: one that the store named */
    uint8_t region[WMBT_S3_REGION_BYTES];
} wmbt_s3client;

/* A part of a want. */
typedef struct wmbt_s3part {
    uint64_t serial; /* of the want */
    uint32_t slot;
    uint32_t next; /* first byte that has not come */
    uint32_t end;
    uint8_t is_head; /* its size alone is asked for */
    uint8_t learned; /* the client's, when it was signed */
} wmbt_s3part;

/** A connection: about 0.6 KB and its line memory. Keep out of the fields. */
typedef struct wmbt_s3conn {
    wmbt_s3_answer answer; /* to the first part, if it has been asked for */
    wmbt_buf line;
    uint64_t heard_ms; /* when something was sent or came */
    wmbt_s3part part[WMBT_S3CLIENT_MAX_DEPTH];
    uint32_t parts;     /* that it has: */
    uint32_t asked;     /* so many have been asked for, the others are to be asked for again */
    uint32_t delivered; /* bytes of this answer that the reader took */
    uint8_t is_open;
    uint8_t reused;   /* an answer came on this connection before */
    wmbt_status said; /* by the reader's last call */
} wmbt_s3conn;

/** All memory of a client with so many objects in flight and connections, lines of so many bytes:
 * a constant expression. What it counts may lie anywhere. */
#    define WMBT_S3CLIENT_BYTES(in_flight, connections, line_bytes)                  \
        (sizeof(wmbt_s3client) + WMBT_SIZE(in_flight) * sizeof(wmbt_s3client_slot) + \
         WMBT_SIZE(connections) * (sizeof(wmbt_s3conn) + WMBT_SIZE(line_bytes)))

/** Time and chance. */
typedef struct wmbt_s3client_now {
    uint64_t ms;     /**< of a clock that never goes back */
    uint64_t time;   /**< seconds since 1970, as far as known */
    uint32_t random; /**< a fresh random number */
} wmbt_s3client_now;

/**
 * Makes a client; `slots` are config->in_flight of them and stay its own.
 * bad-argument: no store, no slots or none of them, depth above WMBT_S3CLIENT_MAX_DEPTH.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_init(wmbt_s3client *client,
                                                        const wmbt_s3client_config *config,
                                                        wmbt_s3client_slot *slots);

/** A prompt begins: all wants are forgotten, the budget for retries is whole. From `deadline_ms` on
 * (as wmbt_s3client_now.ms; 0: never) wants fail with WMBT_S3CLIENT_REFUSED + WMBT_S3_BUSY. Until
 * the first call there is no deadline. */
WMBT_API void wmbt_s3client_start(wmbt_s3client *client, uint64_t deadline_ms);

/** Makes a connection, not yet in use. `line` stays its own; less than
 * WMBT_S3CLIENT_MIN_LINE_BYTES: buffer-too-small. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3conn_init(wmbt_s3conn *conn, wmbt_buf line);

/**
 * Takes a want of the reader; it need not be kept.
 * ok: it will be asked for; need-more: a presence question, answered at once: there are more wants;
 * bad-state: another kind, a slot that the client does not have
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_take(wmbt_s3client *client, wmbt_reader *reader,
                                                        const wmbt_want *want);

/**
 * Writes the next request that this connection can carry: send it there. If there is no connection,
 * open one now, and if that fails: wmbt_s3client_lost().
 *
 * ok: *written bytes are to be sent
 * need-more: nothing now: no want has bytes that nobody asked for, or a backoff lasts
 *   (wmbt_s3client_wait()), or the connection carries as many requests as it may. Wants may have
 *   failed meanwhile (deadline; a key or a time that cannot be asked with): next_want()
 * buffer-too-small: `out`, see WMBT_S3CLIENT_KEY_BYTES
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_ask(wmbt_s3client *client, wmbt_s3conn *conn,
                                                       wmbt_reader *reader,
                                                       const wmbt_s3client_now *now, wmbt_buf out,
                                                       size_t *written);

/** Milliseconds until the first backoff ends: then ask() may have something. 0: none lasts;
 * UINT32_MAX: so many or more. */
WMBT_API uint32_t wmbt_s3client_wait(const wmbt_s3client *client, uint64_t now_ms);

/** Milliseconds after which lost() is due if nothing comes until then (timeout, deadline); 0: now.
 * UINT32_MAX: nothing was asked. */
WMBT_API uint32_t wmbt_s3client_left(const wmbt_s3client *client, const wmbt_s3conn *conn,
                                     uint64_t now_ms);

/**
 * Takes bytes that came on the connection. *reader_said, if not NULL, is set to the status of the
 * last call of the reader (wmbt_reader_settles() tells whether the object is settled); need-more if
 * there was none. Stale if the want was dead before its answer was complete, which is no error:
 * what came after that was dropped. Wants may have been answered whatever is returned: ask
 * next_want() again. With WMBT_READER_LATE_WRITES wmbt_reader_quiet() stays the caller's to call.
 *
 * need-more: took all, waits for more
 * end: nothing is under way on the connection. It can carry the next request if
 *   wmbt_s3conn_is_reusable(), else close it; parts that it owes it asks for after that. What is
 *   left of `bytes` is nobody's
 * bad-state: nothing was asked, so the connection is to be closed; NULL with a length
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_receive(wmbt_s3client *client, wmbt_s3conn *conn,
                                                           wmbt_reader *reader, wmbt_view bytes,
                                                           const wmbt_s3client_now *now,
                                                           wmbt_status *reader_said);

/** The connection has ended, could not be opened, or is to be closed since nothing came in time.
 * Returns end: what it carried was answered, or is owed, or has failed; bad-state if nothing was
 * asked. The connection begins anew. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3client_lost(wmbt_s3client *client, wmbt_s3conn *conn,
                                                        wmbt_reader *reader,
                                                        const wmbt_s3client_now *now,
                                                        wmbt_status *reader_said);

/** True if the connection may carry the next request. */
WMBT_API bool wmbt_s3conn_is_reusable(const wmbt_s3conn *conn);

/** The answer at hand, or after receive() and lost() said end the last one, for who wants to say
 * what the store said: of meaning WMBT_S3_OPEN if it did not come whole or must not be believed.
 * Until the next ask(); with depth 1 only, as others begin anew with each answer. */
WMBT_API const wmbt_s3_answer *wmbt_s3conn_answer(const wmbt_s3conn *conn);

WMBT_END_DECLS

#endif

#endif
