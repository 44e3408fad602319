/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a plain object, in any order. Shape and block size say where everything lies and what
 * every number must be, so each byte is checked when it comes, and the CRC is put together from
 * runs: the CRC of a whole is the sum of those of its parts, each shifted over the bytes that
 * follow it.
 */
#include "base/bytes.h"
#include "base/le.h"
#include "use/reader/state.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_READER

/* The CRC32C of any bytes followed by their own CRC32C, little-endian. */
#    define WMBT_READER_CRC_OF_BOTH 0x48674BC7u

#    define WMBT_READER_TAIL_LEAST 40u /* bytes: a head and an end marker */

/* --- geometry -----------------------------------------------------------------------------------
 */

wmbt_status wmbt_reader_walk_start(const wmbt_reader *r, uint32_t object, wmbt_reader_walk *walk,
                                   uint64_t *end)
{
    const wmbt_rawtail_info *tail = &r->now.tail;
    wmbt_status status;
    if (object == WMBT_READER_TAIL) {
        status = wmbt_rawtail_walk_init(&walk->tail, r->config.shape, tail->total_tokens,
                                        tail->raw_rows, tail->block_end);
        if (status == WMBT_OK) {
            *end = walk->tail.end;
        }
    } else {
        status =
            wmbt_kvblock_walk_init(&walk->block, r->config.shape, r->config.chain.block_tokens);
        if (status == WMBT_OK) {
            *end = walk->block.end + WMBT_KVBLOCK_TRAILER_BYTES;
        }
    }
    return status;
}

void wmbt_reader_walk_item(wmbt_reader_walk *walk, uint32_t object, uint32_t offset, uint64_t end,
                           wmbt_item *item)
{
    bool tail = object == WMBT_READER_TAIL;
    wmbt_status status = tail ? wmbt_rawtail_walk_seek(&walk->tail, offset, item)
                              : wmbt_kvblock_walk_seek(&walk->block, offset, item);
    if (status != WMBT_OK) {
        uint32_t head = tail ? WMBT_RAWTAIL_HEAD_BYTES : WMBT_KVBLOCK_HEADER_BYTES;
        item->extent.offset = offset;
        item->extent.bytes = (offset < head ? head : (uint32_t)end) - offset;
        item->extent.layer = 0;
        item->extent.kind = WMBT_EXTENT_FIELD;
        item->mismatch = WMBT_OK;
    }
}

/* --- the head -----------------------------------------------------------------------------------
 */

static wmbt_status wmbt_reader_block_head(const wmbt_reader *r, wmbt_reader_slot *s,
                                          wmbt_view first)
{
    wmbt_kvblock_expect expect;
    wmbt_kvblock_info info;
    expect.shape = r->config.shape;
    expect.block_tokens = r->config.chain.block_tokens;
    expect.block_seq = s->object;
    expect.flags = 0;
    wmbt_status status = wmbt_kvblock_read_head(first, &expect, &info);
    if (status != WMBT_OK) {
        /* the argument is good: the shape allows no block of this size */
        return status == WMBT_BAD_ARGUMENT ? WMBT_WRONG_BLOCK : status;
    }
    uint64_t end = 0;
    status = wmbt_reader_walk_start(r, s->object, &s->walk, &end);
    if (status != WMBT_OK || end > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    s->end = (uint32_t)end;
    s->want_crc = WMBT_READER_CRC_OF_BOTH; /* the trailer is summed with what it is the CRC of */
    if (info.body_bytes != s->end - WMBT_KVBLOCK_HEADER_BYTES - WMBT_KVBLOCK_TRAILER_BYTES) {
        s->fault = WMBT_BAD_LENGTH;
    }
    return WMBT_OK;
}

/* Does the tail fit, and lie as one does that goes on where the usable blocks end? One that does
 * not fit may have more rows than there is room for: its rows are not placed. */
static bool wmbt_reader_tail_lies_well(wmbt_reader *r, wmbt_reader_slot *s)
{
    uint64_t end = 0;
    uint32_t block_tokens = r->config.chain.block_tokens;
    r->now.tail.block_end = r->now.usable * block_tokens; /* at most the prompt's tokens */
    r->now.tail.flags = WMBT_RAWTAIL_ROWS_AGREE;          /* to be seen as the numbers come */
    return wmbt_rawtail_fits(&r->now.tail, r->config.shape, block_tokens, r->now.tail.block_end,
                             r->now.tokens) == WMBT_OK &&
           wmbt_reader_walk_start(r, s->object, &s->walk, &end) == WMBT_OK && end == s->end;
}

/* Envelope first, then length: what the CRC must vouch for (the numbers) is said after it. */
static wmbt_status wmbt_reader_tail_head(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first)
{
    wmbt_rawtail_expect expect;
    expect.shape = r->config.shape;
    expect.flags = 0;
    r->now.tail_known = 0;
    r->now.tail_fits = 0;
    wmbt_status status = wmbt_rawtail_read_head(first, &expect, &r->now.tail);
    if (status != WMBT_OK && status != WMBT_BAD_SHAPE && status != WMBT_BAD_COUNT &&
        status != WMBT_BAD_LENGTH) {
        return status;
    }
    uint32_t body = wmbt_load_le32(first.data + 8);
    uint32_t has = s->plain_bytes - WMBT_RAWTAIL_ENVELOPE_BYTES;
    if (s->plain_bytes < WMBT_READER_TAIL_LEAST && has <= body) {
        return WMBT_TRUNCATED;
    }
    if (has != body) {
        return WMBT_BAD_LENGTH;
    }
    s->end = s->plain_bytes;
    s->want_crc = wmbt_load_le32(first.data + 12);
    if (status == WMBT_OK) {
        r->now.tail_known = 1;
        if (wmbt_reader_tail_lies_well(r, s)) {
            r->now.tail_fits = 1;
            return WMBT_OK;
        }
        status = WMBT_DOES_NOT_FIT;
    }
    s->opaque = 1;
    s->fault = status;
    /* Whoever does not judge for its own sake need not read on. */
    return wmbt_reader_audits(r) ? WMBT_OK : status;
}

uint32_t wmbt_reader_body_limit(const wmbt_reader_slot *s)
{
    return wmbt_reader_min(s->plain_bytes, s->end);
}

wmbt_status wmbt_reader_body_start(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first,
                                   uint32_t plain_bytes)
{
    bool tail = s->object == WMBT_READER_TAIL;
    s->plain_bytes = plain_bytes;
    s->item.extent.offset = 0;
    s->item.extent.bytes = 0; /* covers nothing */
    s->crc = 0;
    s->run_crc = 0;
    s->opaque = 0;
    s->fault = WMBT_OK;
    wmbt_status status =
        tail ? wmbt_reader_tail_head(r, s, first) : wmbt_reader_block_head(r, s, first);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t from = tail ? WMBT_RAWTAIL_ENVELOPE_BYTES : WMBT_KVBLOCK_HEADER_BYTES;
    uint32_t to = wmbt_reader_min((uint32_t)first.len, wmbt_reader_body_limit(s));
    s->run_end = from;
    return wmbt_reader_body_take(r, s, from, wmbt_view_of(first.data + from, to - from));
}

/* --- bytes --------------------------------------------------------------------------------------
 */

/* Puts the run that grew to its place in the sum. */
static void wmbt_reader_crc_fold(wmbt_reader_slot *s)
{
    s->crc ^= wmbt_crc32c_combine(s->run_crc, 0, s->end - s->run_end);
    s->run_crc = 0;
}

/* The next bytes are at `offset`. Bytes in order cost no fold. */
static void wmbt_reader_crc_at(wmbt_reader_slot *s, uint32_t offset)
{
    if (offset != s->run_end) {
        wmbt_reader_crc_fold(s);
        s->run_end = offset;
    }
}

/* s->item is what the byte at `offset` belongs to. Returns bytes from there to its end. */
static uint32_t wmbt_reader_find_item(wmbt_reader_slot *s, uint32_t offset)
{
    wmbt_item *item = &s->item;
    uint32_t past = offset - (uint32_t)item->extent.offset; /* wraps if it is before it */
    if (past >= item->extent.bytes) {
        if (s->opaque != 0u) {
            item->extent.offset = offset;
            item->extent.bytes = s->end - offset;
            item->extent.kind = WMBT_EXTENT_FIELD;
            item->mismatch = WMBT_OK;
        } else {
            wmbt_reader_walk_item(&s->walk, s->object, offset, s->end, item);
        }
        past = offset - (uint32_t)item->extent.offset;
    }
    return item->extent.bytes - past;
}

/* A number is not what must stand there. */
static wmbt_status wmbt_reader_mismatch(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->object != WMBT_READER_TAIL) {
        return s->item.mismatch;
    }
    /* Where the tail's rows lie is not what it seemed. It may be intact: its CRC says so. */
    s->fault = s->item.mismatch == WMBT_BAD_COUNT ? WMBT_DOES_NOT_FIT : s->item.mismatch;
    s->opaque = 1;
    r->now.tail_fits = 0;
    return wmbt_reader_audits(r) ? WMBT_OK : s->fault;
}

wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                  wmbt_view bytes)
{
    while (bytes.len != 0u) {
        uint32_t left = wmbt_reader_find_item(s, offset);
        uint32_t past = s->item.extent.bytes - left;
        wmbt_view piece = wmbt_view_of(bytes.data, bytes.len < left ? bytes.len : left);
        uint8_t number[4];
        /* a number that the object is cut off within is not one */
        bool is_number = s->item.mismatch != WMBT_OK && left <= s->plain_bytes - offset;
        uint8_t *dst = is_number ? number : NULL;
        uint64_t place;
        if (r->config.memory.len != 0u &&
            wmbt_reader_place_of(r, s->object, &s->item.extent, &place)) {
            dst = r->config.memory.data + (size_t)place + past;
        }
        wmbt_reader_crc_at(s, offset);
        s->run_crc =
            dst == NULL ? wmbt_crc32c(s->run_crc, piece) : wmbt_crc32c_copy(s->run_crc, dst, piece);
        s->run_end += (uint32_t)piece.len;
        for (uint32_t i = 0; dst == number && i < piece.len; i++) {
            if (number[i] != (uint8_t)(s->item.value >> (8u * (past + i)))) {
                wmbt_status status = wmbt_reader_mismatch(r, s);
                if (status != WMBT_OK) {
                    return status;
                }
            }
        }
        offset += (uint32_t)piece.len;
        bytes.data += piece.len;
        bytes.len -= piece.len;
    }
    return WMBT_OK;
}

bool wmbt_reader_body_is_rows(wmbt_reader_slot *s, uint32_t offset, uint32_t len)
{
    uint32_t left = wmbt_reader_find_item(s, offset);
    return len <= left && s->item.extent.kind != WMBT_EXTENT_FIELD;
}

void wmbt_reader_body_placed(wmbt_reader_slot *s, uint32_t offset, uint32_t len, uint32_t crc)
{
    wmbt_reader_crc_at(s, offset);
    s->run_crc = wmbt_crc32c_combine(s->run_crc, crc, len);
    s->run_end += len;
}

/* --- the last checks ----------------------------------------------------------------------------
 */

wmbt_status wmbt_reader_body_finish(wmbt_reader_slot *s)
{
    /* A block's length is judged once its body is there, even if the CRC is cut off. */
    if (s->object != WMBT_READER_TAIL && s->fault != WMBT_OK &&
        s->plain_bytes >= s->end - WMBT_KVBLOCK_TRAILER_BYTES) {
        return s->fault;
    }
    if (s->plain_bytes < s->end) {
        return WMBT_TRUNCATED;
    }
    wmbt_reader_crc_fold(s);
    if (s->crc != s->want_crc) {
        return WMBT_BAD_CHECKSUM;
    }
    if (s->fault != WMBT_OK) {
        return s->fault;
    }
    return s->plain_bytes > s->end ? WMBT_TRAILING_BYTES : WMBT_END;
}

#endif
