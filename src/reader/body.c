/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a plain object, in any order. Shape and block size say where everything lies and what
 * every number must be, so each byte is checked when it comes, and the CRC is put together from
 * runs: the CRC of a whole is the sum of those of its parts, each shifted over the bytes that
 * follow it.
 */
#include "base/bytes.h"
#include "format/rawtail.h"
#include "reader/state.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_READER

/* The CRC32C of any bytes followed by their own CRC32C, little-endian. */
#    define WMBT_READER_CRC_OF_BOTH 0x48674BC7u

#    define WMBT_READER_MIN_TAIL_BYTES 40u /* bytes: a head and an end marker */

/* --- geometry --------------------------------------------------------------------------------- */

/* --- the head --------------------------------------------------------------------------------- */

static wmbt_status wmbt_reader_block_header(const wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_kvblock_expect expect;
    wmbt_kvblock_info info;
    expect.shape = r->config.shape;
    expect.block_tokens = r->config.chain.block_tokens;
    expect.block_seq = s->object;
    expect.flags = 0;
    wmbt_status status = wmbt_kvblock_read_header(wmbt_reader_first(s), &expect, &info);
    if (status == WMBT_BAD_ARGUMENT) { /* the shape allows no block of this size: any is another */
        expect.flags = WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS;
        status = wmbt_kvblock_read_header(wmbt_reader_first(s), &expect, &info);
        return status == WMBT_OK ? WMBT_WRONG_BLOCK : status;
    }
    if (status != WMBT_OK) {
        return status;
    }
    s->end = wmbt_reader_walk_start(r, s->object, &s->walk);
    if (s->end == 0u) {
        return WMBT_TOO_LARGE;
    }
    s->expected_crc =
        WMBT_READER_CRC_OF_BOTH; /* the trailer is summed with what it is the CRC of */
    if (info.body_bytes != s->end - WMBT_KVBLOCK_HEADER_BYTES - WMBT_KVBLOCK_TRAILER_BYTES) {
        s->fault = WMBT_BAD_LENGTH;
    }
    return WMBT_OK;
}

/* Does the tail fit, and lie as one does that goes on where the usable blocks end? One that does
 * not fit may have more rows than there is room for: its rows are not placed. */
static bool wmbt_reader_tail_lies_well(wmbt_reader *r, wmbt_reader_slot *s)
{
    uint32_t block_tokens = r->config.chain.block_tokens;
    r->now.tail.block_end = r->now.usable * block_tokens; /* at most the prompt's tokens */
    r->now.tail.flags = WMBT_RAWTAIL_ROWS_AGREE;          /* to be seen as the numbers come */
    return wmbt_rawtail_fits(&r->now.tail, r->config.shape, block_tokens, r->now.tail.block_end,
                             r->now.tokens) == WMBT_OK &&
           wmbt_reader_walk_start(r, s->object, &s->walk) == s->end;
}

/* It is not known where the tail's numbers and rows lie. It may be intact: its CRC will say so, and
 * then the fault is what it is settled with. Who does not judge for its own sake need not read on.
 */
static wmbt_status wmbt_reader_tail_is_opaque(wmbt_reader *r, wmbt_reader_slot *s,
                                              wmbt_status fault)
{
    r->now.tail_fits = 0;
    s->fault = fault;
    wmbt_reader_set_field(&s->part, 0, s->end); /* and no other will be looked for */
    return wmbt_reader_audits(r) ? WMBT_OK : fault;
}

/* Envelope first, then length: what the CRC must vouch for (the numbers) is said after it. */
static wmbt_status wmbt_reader_tail_header(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_rawtail_expect expect;
    expect.shape = r->config.shape;
    expect.flags = 0;
    r->now.tail_known = 0;
    r->now.tail_fits = 0;
    wmbt_status status = wmbt_rawtail_read_header(wmbt_reader_first(s), &expect, &r->now.tail);
    if (status == WMBT_TRUNCATED || status == WMBT_BAD_MAGIC ||
        status == WMBT_UNSUPPORTED_VERSION) {
        return status;
    }
    uint32_t body = wmbt_rawtail_body_bytes(s->header);
    uint32_t has = s->plain_bytes - WMBT_RAWTAIL_ENVELOPE_BYTES;
    if (s->plain_bytes < WMBT_READER_MIN_TAIL_BYTES && has <= body) {
        return WMBT_TRUNCATED;
    }
    if (has != body) {
        return WMBT_BAD_LENGTH;
    }
    s->end = s->plain_bytes;
    s->expected_crc = wmbt_rawtail_crc(s->header);
    if (status == WMBT_OK) {
        r->now.tail_known = 1;
        if (wmbt_reader_tail_lies_well(r, s)) {
            r->now.tail_fits = 1;
            return WMBT_OK;
        }
        status = WMBT_DOES_NOT_FIT;
    }
    return wmbt_reader_tail_is_opaque(r, s, status);
}

wmbt_status wmbt_reader_body_start(wmbt_reader *r, wmbt_reader_slot *s)
{
    bool tail = s->object == WMBT_READER_TAIL;
    wmbt_reader_set_field(&s->part, 0, 0); /* covers nothing */
    s->crc = 0;
    s->run_crc = 0;
    s->fault = WMBT_OK;
    wmbt_status status = tail ? wmbt_reader_tail_header(r, s) : wmbt_reader_block_header(r, s);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_enter(s, WMBT_SLOT_PLAIN, wmbt_reader_min(s->plain_bytes, s->end));
    uint32_t from = tail ? WMBT_RAWTAIL_ENVELOPE_BYTES : WMBT_KVBLOCK_HEADER_BYTES;
    s->run_end = from;
    return wmbt_reader_body_take(r, s, from, s->header + from,
                                 wmbt_reader_min(s->limit, WMBT_READER_HEADER_BYTES) - from);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Puts the run that grew to its place in the sum. */
static void wmbt_reader_crc_fold(wmbt_reader_slot *s)
{
    s->crc ^= wmbt_crc32c_combine(s->run_crc, 0, s->end - s->run_end);
    s->run_crc = 0;
}

/* The next bytes are `n` at `offset`. Bytes in order cost no fold. */
static void wmbt_reader_crc_at(wmbt_reader_slot *s, uint32_t offset, uint32_t n)
{
    if (offset != s->run_end) {
        wmbt_reader_crc_fold(s);
    }
    s->run_end = offset + n;
}

/* s->part is what the byte at `offset` belongs to. Returns bytes from there to its end. */
static uint32_t wmbt_reader_find_part(wmbt_reader_slot *s, uint32_t offset)
{
    wmbt_body_part *part = &s->part;
    if (offset - (uint32_t)part->extent.offset >= part->extent.bytes) { /* wraps if before it */
        wmbt_reader_walk_part(&s->walk, s->object, offset, part);
    }
    return part->extent.bytes - (offset - (uint32_t)part->extent.offset);
}

/* A number is not what must stand there. */
static wmbt_status wmbt_reader_mismatch(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_status status = s->part.mismatch;
    if (s->object != WMBT_READER_TAIL) {
        return status;
    }
    /* by another count of rows, rows lie elsewhere than in a tail that fits */
    return wmbt_reader_tail_is_opaque(r, s, status == WMBT_BAD_COUNT ? WMBT_DOES_NOT_FIT : status);
}

wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                  const uint8_t *bytes, uint32_t n)
{
    while (n != 0u) {
        uint32_t left = wmbt_reader_find_part(s, offset);
        uint32_t past = s->part.extent.bytes - left;
        wmbt_view piece = wmbt_view_of(bytes, wmbt_reader_min(n, left));
        uint8_t number[4];
        /* a number that the object is cut off within is not one */
        bool is_number = s->part.mismatch != WMBT_OK && left <= s->plain_bytes - offset;
        uint8_t *dst = is_number ? number : NULL;
        uint64_t place;
        if (r->config.memory.len != 0u &&
            wmbt_reader_place_of(r, s->object, &s->part.extent, &place)) {
            dst = r->config.memory.data + (size_t)place + past;
        }
        wmbt_reader_crc_at(s, offset, (uint32_t)piece.len);
        s->run_crc =
            dst == NULL ? wmbt_crc32c(s->run_crc, piece) : wmbt_crc32c_copy(s->run_crc, dst, piece);
        for (uint32_t i = 0; dst == number && i < piece.len; i++) {
            if (number[i] != (uint8_t)(s->part.value >> (8u * (past + i)))) {
                wmbt_status status = wmbt_reader_mismatch(r, s);
                if (status != WMBT_OK) {
                    return status;
                }
                break;
            }
        }
        offset += (uint32_t)piece.len;
        bytes += piece.len;
        n -= (uint32_t)piece.len;
    }
    return WMBT_OK;
}

bool wmbt_reader_body_is_rows(wmbt_reader_slot *s, uint32_t offset, uint32_t len)
{
    uint32_t left = wmbt_reader_find_part(s, offset);
    return len <= left && s->part.extent.kind != WMBT_EXTENT_FIELD;
}

void wmbt_reader_body_placed(wmbt_reader_slot *s, uint32_t offset, uint32_t len, uint32_t crc)
{
    wmbt_reader_crc_at(s, offset, len);
    s->run_crc = wmbt_crc32c_combine(s->run_crc, crc, len);
}

/* --- the last checks -------------------------------------------------------------------------- */

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
    if (s->crc != s->expected_crc) {
        return WMBT_BAD_CHECKSUM;
    }
    if (s->fault != WMBT_OK) {
        return s->fault;
    }
    return s->plain_bytes > s->end ? WMBT_TRAILING_BYTES : WMBT_END;
}

#endif
