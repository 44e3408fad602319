/* SPDX-License-Identifier: Apache-2.0 */
/* Presence questions by ListObjectsV2. docs/FORMATS.md, "S3", "Listings". */
#include "wombatkv/s3presence.h"

#include "base/text.h"
#include "client/client.h"

#if WMBT_CFG_S3PRESENCE

#    define WMBT_S3PRESENCE_PAGES 16u
#    define WMBT_S3PRESENCE_KEY_AT WMBT_S3PRESENCE_LINE_BYTES
#    define WMBT_S3PRESENCE_TOKEN_AT (WMBT_S3PRESENCE_KEY_AT + WMBT_S3PRESENCE_KEY_BYTES)
#    define WMBT_S3PRESENCE_BITS_AT (WMBT_S3PRESENCE_TOKEN_AT + 2u * WMBT_S3PRESENCE_TOKEN_BYTES)
#    define WMBT_S3PRESENCE_HEX_BYTES 64u /* of a hash, at the end of a block's key */

wmbt_status wmbt_s3presence_init(wmbt_s3presence *p, wmbt_buf memory, uint32_t max_pages)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (memory.len < WMBT_S3PRESENCE_BYTES(0)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_bytes_fill((uint8_t *)p, 0, sizeof *p);
    p->memory.data = memory.data;
    p->memory.len = memory.len;
    p->max_pages = max_pages != 0u ? max_pages : WMBT_S3PRESENCE_PAGES;
    return WMBT_OK;
}

bool wmbt_s3presence_is_reusable(const wmbt_s3presence *p)
{
    return p->is_asked == 0u && p->reused != 0u;
}

static wmbt_buf wmbt_s3presence_token(const wmbt_s3presence *p, uint32_t page)
{
    return wmbt_buf_of(p->memory.data + WMBT_S3PRESENCE_TOKEN_AT +
                           (page & 1u) * WMBT_S3PRESENCE_TOKEN_BYTES,
                       WMBT_S3PRESENCE_TOKEN_BYTES);
}

static wmbt_status wmbt_s3presence_give_up(wmbt_s3presence *p, wmbt_reader *reader)
{
    p->is_open = p->is_asked = 0;
    wmbt_s3client_refuse_question(reader, &p->want);
    return WMBT_END;
}

wmbt_status wmbt_s3presence_take(wmbt_s3presence *p, wmbt_reader *reader, const wmbt_want *want)
{
    if (want->kind != WMBT_WANT_PRESENCE) {
        return WMBT_BAD_STATE;
    }
    size_t bytes = ((size_t)want->blocks + 7u) / 8u;
    if (p->is_open != 0u || bytes > p->memory.len - WMBT_S3PRESENCE_BITS_AT) {
        wmbt_s3client_refuse_question(reader, want);
        return WMBT_NEED_MORE;
    }
    WMBT_COPY_STRUCT(&p->want, want);
    wmbt_bytes_fill(p->memory.data + WMBT_S3PRESENCE_BITS_AT, 0, bytes);
    p->token_len = 0;
    p->pages = 0;
    p->attempts = 0;
    p->not_before = 0;
    p->is_asked = 0;
    p->is_open = 1;
    return WMBT_OK;
}

/* Starts reading the answer to the request that has been written. Nothing is refused: all memory
 * was checked by init(). */
static WMBT_NOINLINE void wmbt_s3presence_await(wmbt_s3presence *p)
{
    wmbt_s3_expected expected;
    wmbt_http_limits limits;
    wmbt_bytes_fill((uint8_t *)&expected, 0, sizeof expected);
    wmbt_http_limits_init(&limits);
    wmbt_status status = wmbt_s3_answer_init(
        &p->answer, &expected, &limits, wmbt_buf_of(p->memory.data, WMBT_S3PRESENCE_LINE_BYTES));
    WMBT_ASSERT(status == WMBT_OK);
    status = wmbt_s3_page_init(
        &p->page, wmbt_view_of(wmbt_s3presence_token(p, p->pages).data, p->token_len),
        wmbt_buf_of(p->memory.data + WMBT_S3PRESENCE_KEY_AT, WMBT_S3PRESENCE_KEY_BYTES),
        wmbt_s3presence_token(p, p->pages + 1u));
    WMBT_ASSERT(status == WMBT_OK);
    (void)status;
}

/* Writes the request for the next page. */
static wmbt_status wmbt_s3presence_write(wmbt_s3presence *p, const wmbt_s3client *client,
                                         const wmbt_reader *reader, uint64_t time, wmbt_buf out,
                                         size_t *written)
{
    wmbt_view region;
    wmbt_s3_list list;
    size_t len = 0;
    uint8_t *key = p->memory.data + WMBT_S3PRESENCE_KEY_AT;
    wmbt_status status = wmbt_reader_object_key(reader, p->want.object,
                                                wmbt_buf_of(key, WMBT_S3PRESENCE_KEY_BYTES), &len);
    WMBT_ASSERT(status != WMBT_BUFFER_TOO_SMALL);
    if (status != WMBT_OK) {
        return status;
    }
    WMBT_ASSERT(len >= WMBT_S3PRESENCE_HEX_BYTES); /* a block's key ends with its hash */
    wmbt_s3client_region(client, &region);
    list.prefix = wmbt_view_of(key, len - WMBT_S3PRESENCE_HEX_BYTES);
    list.start_after = wmbt_view_of(NULL, 0);
    list.token = wmbt_view_of(wmbt_s3presence_token(p, p->pages).data, p->token_len);
    list.max_keys = 0;
    list.url_encoding = false;
    return wmbt_s3_write_list_for(client->config.store, &region, &list,
                                  time + (uint64_t)client->clock_offset, NULL, out, written);
}

wmbt_status wmbt_s3presence_ask(wmbt_s3presence *p, wmbt_s3client *client, wmbt_reader *reader,
                                const wmbt_s3client_now *now, wmbt_buf out, size_t *written)
{
    if (p->is_asked != 0u) {
        return WMBT_BAD_STATE;
    }
    if (p->is_open == 0u) {
        return WMBT_END;
    }
    if (wmbt_s3client_is_late(client, now->ms)) {
        return wmbt_s3presence_give_up(p, reader);
    }
    if (p->not_before > now->ms) {
        return WMBT_NEED_MORE;
    }
    wmbt_status status = wmbt_s3presence_write(p, client, reader, now->time,
                                               wmbt_buf_of(out.data, out.len), written);
    if (status == WMBT_BUFFER_TOO_SMALL) {
        return status;
    }
    if (status != WMBT_OK) {
        return wmbt_s3presence_give_up(p, reader);
    }
    wmbt_s3presence_await(p);
    client->counts.requests++;
    p->learned = client->learned;
    p->heard_ms = now->ms;
    p->pages++;
    p->is_asked = 1;
    return WMBT_OK;
}

uint32_t wmbt_s3presence_wait(const wmbt_s3presence *p, uint64_t now_ms)
{
    return p->is_open != 0u && p->is_asked == 0u && p->not_before > now_ms
               ? wmbt_s3client_ms(p->not_before - now_ms)
               : 0u;
}

uint32_t wmbt_s3presence_left(const wmbt_s3presence *p, const wmbt_s3client *client,
                              uint64_t now_ms)
{
    return p->is_asked != 0u ? wmbt_s3client_until(client, p->heard_ms, now_ms) : UINT32_MAX;
}

/* A key of the listing: is it that of a block that is asked about? A key of something else that
 * ends in the same digits makes the reader ask for an object that is not there, no more. */
static void wmbt_s3presence_key(const wmbt_s3presence *p, const wmbt_reader *reader, wmbt_view key)
{
    uint8_t *bits = p->memory.data + WMBT_S3PRESENCE_BITS_AT;
    wmbt_block_hash stored, asked;
    if (key.len < WMBT_S3PRESENCE_HEX_BYTES) {
        return;
    }
    const uint8_t *digits = key.data + key.len - WMBT_S3PRESENCE_HEX_BYTES;
    if (wmbt_text_unhex(wmbt_view_of(digits, WMBT_S3PRESENCE_HEX_BYTES), false, stored.bytes,
                        sizeof stored.bytes) != WMBT_OK) {
        return;
    }
    for (uint32_t i = 0; i < p->want.blocks; i++) {
        if (wmbt_reader_block_hash(reader, p->want.object + i, &asked) == WMBT_OK &&
            wmbt_bytes_equal(stored.bytes, asked.bytes, sizeof asked.bytes)) {
            bits[i / 8u] = (uint8_t)(bits[i / 8u] | 1u << i % 8u);
        }
    }
}

/* Takes bytes of the document. */
static bool wmbt_s3presence_document(wmbt_s3presence *p, const wmbt_reader *reader, wmbt_view piece)
{
    wmbt_status status = WMBT_OK;
    while (status == WMBT_OK) {
        wmbt_s3_entry entry;
        size_t taken = 0;
        status = wmbt_s3_page_feed(&p->page, piece, &taken, &entry);
        piece = wmbt_view_of(piece.data + taken, piece.len - taken);
        if (status == WMBT_OK) {
            wmbt_s3presence_key(p, reader, entry.key);
        }
    }
    return status == WMBT_NEED_MORE;
}

/* The page that was asked for is asked for again, or its question is given up. */
static wmbt_status wmbt_s3presence_again(wmbt_s3presence *p, wmbt_s3client *client,
                                         wmbt_reader *reader, const wmbt_s3client_now *now)
{
    p->is_asked = 0;
    p->pages--; /* its token lies where it was: the answer's goes elsewhere */
    return wmbt_s3client_retries(client, &p->answer, &p->attempts, &p->not_before, now)
               ? WMBT_OK
               : wmbt_s3presence_give_up(p, reader);
}

/* All pages are there. */
static wmbt_status wmbt_s3presence_tell(wmbt_s3presence *p, wmbt_reader *reader)
{
    p->is_open = 0;
    wmbt_view bits =
        wmbt_view_of(p->memory.data + WMBT_S3PRESENCE_BITS_AT, ((size_t)p->want.blocks + 7u) / 8u);
    return wmbt_status_is_error(wmbt_reader_presence(reader, &p->want, bits)) ? WMBT_BAD_STATE
                                                                              : WMBT_END;
}

/* The answer is complete. */
static wmbt_status wmbt_s3presence_conclude(wmbt_s3presence *p, wmbt_s3client *client,
                                            wmbt_reader *reader, const wmbt_s3client_now *now)
{
    wmbt_view token;
    uint32_t meaning = wmbt_s3_answer_meaning(&p->answer);
    client->counts.by_meaning[meaning]++;
    p->is_asked = 0;
    if (meaning == WMBT_S3_BUSY) {
        return wmbt_s3presence_again(p, client, reader, now);
    }
    if (wmbt_s3client_mend(client, &p->answer, p->learned, now)) {
        client->counts.retries++;
        p->pages--;
        return WMBT_OK;
    }
    if (meaning != WMBT_S3_OBJECT || wmbt_s3_page_finish(&p->page) != WMBT_OK) {
        return wmbt_s3presence_give_up(p, reader);
    }
    if (!wmbt_s3_page_next(&p->page, &token)) {
        return wmbt_s3presence_tell(p, reader);
    }
    p->token_len = token.len; /* it lies where the next request expects it */
    p->attempts = 0;
    return p->pages < p->max_pages ? WMBT_OK : wmbt_s3presence_give_up(p, reader);
}

wmbt_status wmbt_s3presence_receive(wmbt_s3presence *p, wmbt_s3client *client, wmbt_reader *reader,
                                    wmbt_view bytes, const wmbt_s3client_now *now)
{
    wmbt_view piece;
    uint64_t offset = 0;
    if (p->is_asked == 0u || wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_STATE;
    }
    p->heard_ms = now->ms;
    p->reused = 0;
    for (;;) {
        size_t taken = 0;
        wmbt_status status = wmbt_s3_answer_feed(&p->answer, bytes, &taken, &piece, &offset);
        if (status == WMBT_NEED_MORE) {
            return WMBT_NEED_MORE;
        }
        if (status == WMBT_END) {
            p->reused = taken == bytes.len && wmbt_http_reusable(wmbt_s3_answer_http(&p->answer));
            return wmbt_s3presence_conclude(p, client, reader, now);
        }
        if (status != WMBT_OK) {
            client->counts.refused++;
            return wmbt_s3presence_again(p, client, reader, now);
        }
        if (!wmbt_s3presence_document(p, reader, piece)) {
            return wmbt_s3presence_give_up(p, reader);
        }
        bytes = wmbt_view_of(bytes.data + taken, bytes.len - taken);
    }
}

wmbt_status wmbt_s3presence_lost(wmbt_s3presence *p, wmbt_s3client *client, wmbt_reader *reader,
                                 const wmbt_s3client_now *now)
{
    bool idle = p->reused != 0u; /* no byte of an answer came */
    p->reused = 0;
    if (p->is_asked == 0u) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_s3_answer_finish(&p->answer) == WMBT_END) {
        return wmbt_s3presence_conclude(p, client, reader, now);
    }
    if (idle) { /* it was closed before the request came, which is no attempt */
        p->is_asked = 0;
        p->pages--;
        return WMBT_OK;
    }
    return wmbt_s3presence_again(p, client, reader, now);
}

#endif
