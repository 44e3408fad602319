/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a plain object, in any order. Shape and block size say where everything lies and what
 * every number must be, so each byte is checked when it comes, and the CRC is put together from runs:
 * the CRC of a whole is the sum of those of its parts, each shifted over the bytes that follow it.
 */
#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "use/reader/state.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_READER

/* --- the head -----------------------------------------------------------------------------------
 */

static void wmbt_reader_body_reset(wmbt_reader_slot *s)
{
    s->item.extent.offset = 0;
    s->item.extent.bytes = 0; /* covers nothing */
    s->crc = 0;
    s->run_crc = 0;
    s->run_end = 0;
    s->opaque = 0;
    s->fault = WMBT_OK;
}

static wmbt_status wmbt_reader_block_head(const wmbt_reader *r, wmbt_reader_slot *s,
                                          wmbt_view first)
{
    wmbt_kvblock_expect expect;
    wmbt_kvblock_info info;
    expect.shape = r->shape;
    expect.block_tokens = r->block_tokens;
    expect.block_seq = s->object;
    expect.flags = r->has_geometry != 0u ? 0u : WMBT_KVBLOCK_ANY_TOKENS;
    wmbt_status status = wmbt_kvblock_read_head(first, &expect, &info);
    if (status == WMBT_OK && r->has_geometry == 0u) {
        status = WMBT_WRONG_BLOCK; /* no block of the wanted size exists */
    }
    if (status == WMBT_OK) {
        status = wmbt_kvblock_walk_init(&s->walk.block, r->shape, r->block_tokens);
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (s->walk.block.end > UINT32_MAX - WMBT_KVBLOCK_TRAILER_BYTES) {
        return WMBT_TOO_LARGE;
    }
    s->crc_end = (uint32_t)s->walk.block.end;
    s->end = s->crc_end + WMBT_KVBLOCK_TRAILER_BYTES;
    s->body_bytes = info.body_bytes;
    return WMBT_OK;
}

/* Does the tail fit, and lie as one does that goes on where the usable blocks end? One that does not
 * fit may have more rows than there is room for: its rows are not placed. */
static bool wmbt_reader_tail_lies_well(const wmbt_reader *r, wmbt_reader_slot *s)
{
    uint32_t boundary = wmbt_reader_boundary(r);
    return wmbt_rawtail_fits(&r->tail, r->shape, r->block_tokens, boundary, r->tokens) == WMBT_OK &&
           wmbt_rawtail_walk_init(&s->walk.tail, r->shape, r->tail.total_tokens, r->tail.raw_rows,
                                  boundary) == WMBT_OK &&
           s->walk.tail.end == s->plain_bytes;
}

/* Envelope first, then length: what the CRC must vouch for (the numbers) is said after it. */
static wmbt_status wmbt_reader_tail_head(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first)
{
    wmbt_rawtail_expect expect;
    expect.shape = r->shape;
    expect.flags = 0;
    wmbt_status status = wmbt_rawtail_read_head(first, &expect, &r->tail);
    if (status != WMBT_OK && status != WMBT_BAD_SHAPE && status != WMBT_BAD_COUNT) {
        return status;
    }
    s->body_bytes = wmbt_load_le32(first.data + 8);
    s->want_crc = wmbt_load_le32(first.data + 12);
    if (s->plain_bytes - WMBT_RAWTAIL_ENVELOPE_BYTES != s->body_bytes) {
        return WMBT_BAD_LENGTH;
    }
    s->end = s->plain_bytes;
    s->crc_end = s->plain_bytes;
    s->fault = status;
    r->tail_known = status == WMBT_OK ? 1u : 0u;
    r->tail_fits = 0;
    if (status == WMBT_OK) {
        r->tail.block_end = wmbt_reader_boundary(r);
        r->tail.flags = WMBT_RAWTAIL_ROWS_AGREE; /* to be seen as the numbers come */
        if (wmbt_reader_tail_lies_well(r, s)) {
            r->tail_fits = 1;
        } else {
            s->fault = WMBT_DOES_NOT_FIT;
        }
    }
    s->opaque = r->tail_fits != 0u ? 0u : 1u;
    /* Whoever does not judge for its own sake need not read on. */
    return wmbt_reader_audits(r) ? WMBT_OK : s->fault;
}

wmbt_status wmbt_reader_body_head(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first)
{
    wmbt_reader_body_reset(s);
    return s->object == WMBT_READER_TAIL ? wmbt_reader_tail_head(r, s, first)
                                         : wmbt_reader_block_head(r, s, first);
}

uint32_t wmbt_reader_body_limit(const wmbt_reader_slot *s)
{
    return s->plain_bytes < s->end ? s->plain_bytes : s->end;
}

/* --- checksum -----------------------------------------------------------------------------------
 */

/* Puts the run that grew to its place in the sum. */
static void wmbt_reader_crc_fold(wmbt_reader_slot *s)
{
    if (s->run_crc != 0u) { /* 0 stays 0 */
        s->crc ^= wmbt_crc32c_combine(s->run_crc, 0, s->crc_end - s->run_end);
        s->run_crc = 0;
    }
}

/* The next bytes are at `offset`. Bytes in order cost no fold. */
static void wmbt_reader_crc_at(wmbt_reader_slot *s, uint32_t offset)
{
    if (offset != s->run_end) {
        wmbt_reader_crc_fold(s);
        s->run_end = offset;
    }
}

/* --- bytes --------------------------------------------------------------------------------------
 */

/* What the byte at `offset` belongs to, in s->item; an extent of kind WMBT_EXTENT_KINDS is neither
 * number nor rows: head, CRC, or a body whose geometry is not known. */
static void wmbt_reader_find_item(wmbt_reader_slot *s, uint32_t offset)
{
    const wmbt_extent *e = &s->item.extent;
    if (offset >= e->offset && offset - e->offset < e->bytes) {
        return;
    }
    bool tail = s->object == WMBT_READER_TAIL;
    wmbt_status status = WMBT_MISSING;
    if (s->opaque == 0u) {
        status = tail ? wmbt_rawtail_walk_seek(&s->walk.tail, offset, &s->item)
                      : wmbt_kvblock_walk_seek(&s->walk.block, offset, &s->item);
    }
    if (status == WMBT_OK) {
        return;
    }
    uint32_t end = s->crc_end; /* of a run of bytes that are treated alike */
    if (!tail) {
        end = offset < WMBT_KVBLOCK_HEADER_BYTES ? WMBT_KVBLOCK_HEADER_BYTES : s->end;
    } else if (offset < WMBT_RAWTAIL_ENVELOPE_BYTES) {
        end = WMBT_RAWTAIL_ENVELOPE_BYTES;
    } else if (offset < WMBT_RAWTAIL_HEAD_BYTES) {
        end = WMBT_RAWTAIL_HEAD_BYTES;
    }
    s->item.extent.offset = offset;
    s->item.extent.bytes = end - offset;
    s->item.extent.kind = WMBT_EXTENT_KINDS;
}

/* A number's bytes, each compared with what must stand there. */
static wmbt_status wmbt_reader_take_field(wmbt_reader *r, wmbt_reader_slot *s, wmbt_cursor *in,
                                          uint32_t offset, uint32_t n)
{
    uint32_t first = offset - (uint32_t)s->item.extent.offset;
    bool same = true;
    for (uint32_t i = first; i < first + n; i++) {
        uint8_t byte = 0;
        (void)wmbt_cursor_u8(in, &byte);
        s->run_crc = wmbt_crc32c(s->run_crc, wmbt_view_of(&byte, 1));
        same = same && byte == (uint8_t)(s->item.value >> (8u * i));
    }
    s->run_end += n;
    if (same) {
        return WMBT_OK;
    }
    if (s->object != WMBT_READER_TAIL) {
        return s->item.mismatch;
    }
    /* Where the tail's rows lie is not what it seemed. It may be intact: its CRC says so. */
    s->fault = s->item.mismatch == WMBT_BAD_COUNT ? WMBT_DOES_NOT_FIT : s->item.mismatch;
    s->opaque = 1;
    r->tail_fits = 0;
    return WMBT_OK;
}

static void wmbt_reader_take_rows(const wmbt_reader *r, wmbt_reader_slot *s, wmbt_view bytes,
                                  uint32_t offset)
{
    uint64_t place;
    if (s->item.extent.kind < WMBT_EXTENT_KINDS && r->memory.len != 0u &&
        wmbt_reader_place_of(r, s->object, &s->item.extent, &place)) {
        size_t at = (size_t)(place + (offset - s->item.extent.offset));
        s->run_crc = wmbt_crc32c_copy(s->run_crc, r->memory.data + at, bytes);
    } else {
        s->run_crc = wmbt_crc32c(s->run_crc, bytes);
    }
    s->run_end += (uint32_t)bytes.len;
}

/* Bytes that are neither number nor rows. */
static void wmbt_reader_take_other(const wmbt_reader *r, wmbt_reader_slot *s, wmbt_view bytes,
                                   uint32_t offset)
{
    if (s->object == WMBT_READER_TAIL) {
        if (offset >= WMBT_RAWTAIL_ENVELOPE_BYTES) {
            wmbt_reader_crc_at(s, offset);
            wmbt_reader_take_rows(r, s, bytes, offset);
        }
    } else if (offset >= s->crc_end) {
        wmbt_bytes_copy(s->trailer + (offset - s->crc_end), bytes.data, bytes.len);
    }
}

wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                  wmbt_view bytes)
{
    wmbt_cursor in = wmbt_cursor_of(bytes);
    while (in.left != 0u) {
        wmbt_reader_find_item(s, offset);
        const wmbt_extent *e = &s->item.extent;
        uint32_t left = e->bytes - (offset - (uint32_t)e->offset);
        uint32_t n = in.left < left ? (uint32_t)in.left : left;
        if (e->kind == WMBT_EXTENT_FIELD) {
            wmbt_reader_crc_at(s, offset);
            wmbt_status status = wmbt_reader_take_field(r, s, &in, offset, n);
            if (status != WMBT_OK) {
                return status;
            }
            if (s->fault != WMBT_OK && !wmbt_reader_audits(r)) {
                return s->fault;
            }
        } else {
            wmbt_view piece;
            (void)wmbt_cursor_bytes(&in, n, &piece);
            if (e->kind == WMBT_EXTENT_KINDS) {
                wmbt_reader_take_other(r, s, piece, offset);
            } else {
                wmbt_reader_crc_at(s, offset);
                wmbt_reader_take_rows(r, s, piece, offset);
            }
        }
        offset += n;
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_body_placed(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                    uint32_t len, uint32_t crc)
{
    (void)r;
    wmbt_reader_find_item(s, offset);
    const wmbt_extent *e = &s->item.extent;
    if (e->kind == WMBT_EXTENT_FIELD || e->kind == WMBT_EXTENT_KINDS ||
        len > e->bytes - (offset - (uint32_t)e->offset)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_crc_at(s, offset);
    s->run_crc = wmbt_crc32c_combine(s->run_crc, crc, len);
    s->run_end += len;
    return WMBT_OK;
}

/* --- the last checks ----------------------------------------------------------------------------
 */

wmbt_status wmbt_reader_body_finish(wmbt_reader *r, wmbt_reader_slot *s)
{
    (void)r;
    if (s->plain_bytes < s->end) {
        return WMBT_TRUNCATED;
    }
    wmbt_reader_crc_fold(s);
    if (s->object == WMBT_READER_TAIL) {
        return s->crc == s->want_crc ? s->fault : WMBT_BAD_CHECKSUM;
    }
    if (s->body_bytes != s->crc_end - WMBT_KVBLOCK_HEADER_BYTES) {
        return WMBT_BAD_LENGTH;
    }
    if (s->crc != wmbt_load_le32(s->trailer)) {
        return WMBT_BAD_CHECKSUM;
    }
    return s->plain_bytes > s->end ? WMBT_TRAILING_BYTES : WMBT_OK;
}

#endif
