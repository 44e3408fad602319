/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader's presence questions answered by ListObjectsV2, beside a client (s3client.h), without
 * I/O. It pays where a bucket's namespace has few blocks and many of a prompt's are missing: a page
 * tells of 1,000 keys. Without it, or if a listing fails, the objects are asked for, which always
 * is right. Source of the rules: docs/FORMATS.md, "S3", "Listings".
 *
 *     a want of kind presence: wmbt_s3presence_take(p, r, want) instead of wmbt_s3client_take()
 *     wmbt_s3presence_ask(p, c, r, ...) -> bytes to send on a connection of its own
 *     wmbt_s3presence_receive(p, c, r, bytes that came) until it says end: the reader has been
 *       told; or ok: ask() for the next page, or once more for this one
 *     wmbt_s3presence_lost(p, c, r)   the connection has ended, could not be opened, or nothing
 *       came in time
 *
 * A page that fails as a want may (the connection ends, the store is busy or its answer must not be
 * believed, the clock is wrong) is asked for again, with the attempts, the backoff, the budget and
 * the deadline of the client. Whatever else fails ends the question, and its blocks are asked for.
 */
#ifndef WOMBATKV_S3PRESENCE_H
#define WOMBATKV_S3PRESENCE_H

#include "wombatkv/s3client.h"

#if WMBT_CFG_S3PRESENCE

WMBT_BEGIN_DECLS

#    define WMBT_S3PRESENCE_LINE_BYTES 256u
#    define WMBT_S3PRESENCE_KEY_BYTES 1152u /**< longer keys of the listing end the question */
#    define WMBT_S3PRESENCE_TOKEN_BYTES 1200u

/** Memory for questions about so many blocks: the reader's config.presence_blocks. */
#    define WMBT_S3PRESENCE_BYTES(blocks)                         \
        (WMBT_S3PRESENCE_LINE_BYTES + WMBT_S3PRESENCE_KEY_BYTES + \
         2u * WMBT_S3PRESENCE_TOKEN_BYTES + (WMBT_SIZE(blocks) + 7u) / 8u)

/** A question at a time. Keep out of the fields. */
typedef struct wmbt_s3presence {
    wmbt_s3_answer answer;
    wmbt_s3_page page;
    wmbt_want want;
    wmbt_buf memory; /* the caller's */
    size_t token_len;
    uint32_t max_pages;
    uint32_t pages; /* that have been asked for */
    uint32_t attempts;
    uint64_t not_before; /* ms */
    uint64_t heard_ms;   /* when something was sent or came */
    uint8_t is_open;
    uint8_t is_asked;
    uint8_t reused;  /* an answer came on this connection before, and it can carry another one */
    uint8_t learned; /* the client's, when it was signed */
} wmbt_s3presence;

/** `memory` stays its own; `max_pages` of a listing are read at most, 0: 16.
 * buffer-too-small: less than WMBT_S3PRESENCE_BYTES(0); bad-argument: NULL with a length. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3presence_init(wmbt_s3presence *p, wmbt_buf memory,
                                                          uint32_t max_pages);

/**
 * Takes a presence question.
 * ok: ask(); need-more: it has been answered by "ask for the objects" (a question is open, or the
 * memory is too small for its blocks); bad-state: another kind of want
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3presence_take(wmbt_s3presence *p, wmbt_reader *reader,
                                                          const wmbt_want *want);

/**
 * Writes the request for the next page.
 * ok: *written bytes are to be sent; need-more: a backoff lasts (wmbt_s3presence_wait()); end:
 * there is no question, or it has just been given up (the deadline, the time, a key that cannot be
 * asked for); buffer-too-small: wmbt_s3_write_list() needs more, nothing changed; bad-state: a page
 * is under way
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3presence_ask(wmbt_s3presence *p, wmbt_s3client *client,
                                                         wmbt_reader *reader,
                                                         const wmbt_s3client_now *now, wmbt_buf out,
                                                         size_t *written);

/** Milliseconds until the backoff ends: then ask(). 0: none lasts. */
WMBT_API uint32_t wmbt_s3presence_wait(const wmbt_s3presence *p, uint64_t now_ms);

/** Milliseconds after which lost() is due if nothing comes until then (timeout, deadline); 0: now.
 * UINT32_MAX: nothing was asked. */
WMBT_API uint32_t wmbt_s3presence_left(const wmbt_s3presence *p, const wmbt_s3client *client,
                                       uint64_t now_ms);

/**
 * Takes bytes that came.
 * need-more: took all, waits for more; ok: ask() for the next page, or for this one again, on this
 * connection if wmbt_s3presence_is_reusable(), else on a new one; end: the question is answered or
 * given up; bad-state: nothing was asked; NULL with a length; the question is another reader's,
 * which is found out by its number of blocks only
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3presence_receive(wmbt_s3presence *p,
                                                             wmbt_s3client *client,
                                                             wmbt_reader *reader, wmbt_view bytes,
                                                             const wmbt_s3client_now *now);

/** The connection has ended, could not be opened, or is to be closed since nothing came in time.
 * end: the question is answered or given up; ok: ask() again; bad-state: nothing was asked. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3presence_lost(wmbt_s3presence *p, wmbt_s3client *client,
                                                          wmbt_reader *reader,
                                                          const wmbt_s3client_now *now);

/** True if the connection may carry the next request: after ok and end, unless more came than the
 * answer. */
WMBT_API bool wmbt_s3presence_is_reusable(const wmbt_s3presence *p);

WMBT_END_DECLS

#endif

#endif
