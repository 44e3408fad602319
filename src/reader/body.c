/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a plain object, in any order. Shape and block size say where everything lies and what
 * every number must be, so each byte is checked when it comes. Each run of bytes has a CRC of its
 * own: one that grows at its end costs nothing beyond its bytes, one that grows towards the front a
 * product a piece, and a hole that is closed a combination.
 */
#include "base/bytes.h"
#include "format/rawtail.h"
#include "reader/state.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_READER

/* The CRC32C of any bytes followed by their own CRC32C, little-endian. */
#    define WMBT_READER_CRC_OF_BOTH 0x48674BC7u

/* --- runs ------------------------------------------------------------------------------------- */

/* The bytes of a claim go on where a run ends, or they may stand elsewhere. */
static bool wmbt_reader_may_join(const wmbt_reader *r, const wmbt_reader_slot *s,
                                 const wmbt_reader_claim *claim)
{
    bool in_order = wmbt_reader_is_bound(s) && s->phase == WMBT_SLOT_PLAIN;
    return claim->before != NULL ||
           (!in_order && (claim->after != NULL || s->runs < r->config.runs));
}

wmbt_status wmbt_reader_claim_range(const wmbt_reader *r, wmbt_reader_slot *s, uint32_t from,
                                    size_t len, wmbt_reader_claim *claim)
{
    uint32_t end = wmbt_min_u32(s->ask_to, s->limit);
    if (from >= end && from < s->ask_to) {
        return s->phase == WMBT_SLOT_HEADER ? WMBT_FULL : WMBT_BAD_ARGUMENT;
    }
    claim->before = NULL;
    claim->after = NULL;
    for (uint32_t i = 0; i < s->runs; i++) {
        wmbt_reader_run *run = &s->run[i];
        if (run->from > from) {
            if (run->from <= end) {
                end = run->from;
                claim->after = run;
            }
        } else if (run->to > from) {
            return WMBT_BAD_ARGUMENT;
        } else if (run->to == from) {
            claim->before = run;
        }
    }
    if (from >= end) {
        return WMBT_BAD_ARGUMENT;
    }
    claim->from = from;
    claim->to = from + (len < end - from ? (uint32_t)len : end - from);
    if (claim->after != NULL && claim->after->from != claim->to) {
        claim->after = NULL; /* does not touch */
    }
    return wmbt_reader_may_join(r, s, claim) ? WMBT_OK : WMBT_FULL;
}

/* A run's CRC as it is said everywhere else. */
static void wmbt_reader_turn_forwards(wmbt_reader_run *run)
{
    if (run->backwards != 0u) {
        run->backwards = 0;
        run->crc = wmbt_crc32c_combine(run->crc, 0, run->to - run->from);
    }
}

/* A run gets longer towards the front, by bytes with this CRC. Bytes that come from the last to the
 * first cost one product a piece this way; the shift is kept, for most pieces have one length. */
static void wmbt_reader_prepend(wmbt_reader *r, wmbt_reader_run *run, uint32_t from, uint32_t crc)
{
    uint32_t bytes = run->from - from;
    if (run->backwards == 0u) {
        run->backwards = 1;
        run->crc = wmbt_crc32c_combine_shift(run->crc, 0, wmbt_crc32c_unshift(run->to - run->from));
    }
    if (r->back.bytes != bytes) {
        r->back.bytes = bytes;
        r->back.shift = wmbt_crc32c_unshift(bytes);
    }
    run->crc = wmbt_crc32c_combine_shift(run->crc ^ crc, 0, r->back.shift);
}

/* Joins the run behind a hole that is closed. */
static void wmbt_reader_append(wmbt_reader_run *run, const wmbt_reader_run *after)
{
    uint32_t crc = run->crc, behind = after->crc;
    if (after->backwards != 0u) {
        crc ^= behind;
        behind = 0;
    }
    run->crc = wmbt_crc32c_combine(crc, behind, after->to - after->from);
}

void wmbt_reader_join(wmbt_reader *r, wmbt_reader_slot *s, const wmbt_reader_claim *claim,
                      uint32_t crc)
{
    bool sums = s->phase == WMBT_SLOT_PLAIN; /* collected bytes are summed in order */
    wmbt_reader_run *run = claim->before, *after = claim->after;
    if (run == NULL && after != NULL) {
        if (sums) {
            wmbt_reader_prepend(r, after, claim->from, crc);
        }
        after->from = claim->from;
        run = after;
    } else {
        if (run == NULL) {
            WMBT_ASSERT(s->runs < r->config.runs); /* claim_range() saw to it */
            run = &s->run[s->runs];
            s->runs++;
            run->from = claim->from;
            run->backwards = 0;
        }
        run->crc = crc;
        run->to = claim->to;
        if (after != NULL) {
            run->to = after->to;
            if (sums) {
                wmbt_reader_append(run, after);
            }
        }
    }
    wmbt_reader_walk_keep(s, run);
    if (run != after && after != NULL) { /* the last one takes the place of the run that is gone */
        s->runs--;
        wmbt_bytes_copy((uint8_t *)after, (const uint8_t *)&s->run[s->runs], sizeof *after);
    }
}

/* --- the header ------------------------------------------------------------------------------- */

static wmbt_status wmbt_reader_block_header(const wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_kvblock_expect expect;
    wmbt_kvblock_info info;
    expect.shape = r->config.shape;
    expect.block_tokens = r->block_tokens;
    expect.block_seq = s->object;
    bool possible = wmbt_shape_allows_block_tokens(expect.shape, expect.block_tokens);
    expect.flags = possible ? 0u : WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS;
    wmbt_status status = wmbt_kvblock_read_header(wmbt_reader_first(s), &expect, &info);
    if (status != WMBT_OK) {
        return status;
    }
    if (!possible) {
        return WMBT_WRONG_BLOCK; /* the shape allows no block of this size: any is another */
    }
    s->end = wmbt_reader_walk_start(r, s->object, &s->walk);
    if (s->end == 0u) {
        return WMBT_TOO_LARGE;
    }
    if (info.body_bytes != s->end - WMBT_KVBLOCK_HEADER_BYTES - WMBT_KVBLOCK_TRAILER_BYTES) {
        s->fault = WMBT_BAD_LENGTH;
    }
    return WMBT_OK;
}

/* Does the tail fit, and lie as one does that goes on where the usable blocks end? One that does
 * not fit may have more rows than there is room for: its rows are not placed. */
static bool wmbt_reader_tail_lies_well(wmbt_reader *r, wmbt_reader_slot *s)
{
    r->now.tail.block_end = r->now.usable * r->block_tokens; /* at most the prompt's tokens */
    r->now.tail.flags = WMBT_RAWTAIL_ROWS_AGREE;             /* to be seen as the numbers come */
    return wmbt_rawtail_fits(&r->now.tail, r->config.shape, r->block_tokens, r->now.tail.block_end,
                             r->now.tokens) == WMBT_OK &&
           wmbt_reader_walk_start(r, s->object, &s->walk) == s->end;
}

/* It is not known where the tail's numbers and rows lie. It may be intact: its CRC will say so, and
 * then the fault is what it is settled with. Who does not check for its own sake need not read on.
 */
static wmbt_status wmbt_reader_tail_is_opaque(wmbt_reader *r, wmbt_reader_slot *s,
                                              wmbt_status fault)
{
    r->now.tail_fits = 0;
    s->fault = (uint8_t)fault;
    s->opaque = 1;
    return wmbt_reader_audits(r) ? WMBT_OK : fault;
}

/* Envelope first, then length: what the CRC must vouch for (the numbers) is said after it. */
static wmbt_status wmbt_reader_tail_header(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_rawtail_expect expect;
    expect.shape = r->config.shape;
    expect.flags = 0;
    wmbt_status status = wmbt_rawtail_read_header(wmbt_reader_first(s), &expect, &r->now.tail);
    if (status == WMBT_TRUNCATED || status == WMBT_BAD_MAGIC ||
        status == WMBT_UNSUPPORTED_VERSION) {
        return status;
    }
    uint32_t body = wmbt_rawtail_body_bytes(s->header);
    uint32_t has = s->plain_bytes - WMBT_RAWTAIL_ENVELOPE_BYTES;
    if (s->plain_bytes < WMBT_RAWTAIL_MIN_BYTES && has <= body) {
        return WMBT_TRUNCATED;
    }
    if (has != body) {
        return WMBT_BAD_LENGTH;
    }
    s->end = s->plain_bytes;
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
    s->fault = WMBT_OK;
    s->opaque = 0;
    wmbt_status status = tail ? wmbt_reader_tail_header(r, s) : wmbt_reader_block_header(r, s);
    if (status != WMBT_OK) {
        return status;
    }
    s->limit = wmbt_min_u32(s->plain_bytes, s->end);
    wmbt_reader_claim claim;
    claim.from = tail ? WMBT_RAWTAIL_ENVELOPE_BYTES : WMBT_KVBLOCK_HEADER_BYTES;
    claim.to = wmbt_min_u32(s->limit, WMBT_READER_HEADER_BYTES);
    claim.before = s->run;
    claim.after = NULL;
    wmbt_reader_bound_start(r, s);
    wmbt_reader_bound_take(r, s, s->header, claim.from);
    if (s->opaque == 0u) {
        wmbt_reader_walk_keep(s, s->run);
    }
    return wmbt_reader_body_take(r, s, &claim, s->header + claim.from);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* The walk goes to where the nearest run left it. */
static void wmbt_reader_go_near(wmbt_reader_slot *s, const wmbt_reader_claim *claim)
{
    const wmbt_reader_run *near = claim->before != NULL ? claim->before : claim->after;
    if (near != NULL && s->opaque == 0u) {
        wmbt_reader_walk_return(s, near);
    }
}

/* What the byte at `offset` belongs to. Returns bytes from there to its end. */
static uint32_t wmbt_reader_find_part(wmbt_reader_slot *s, uint32_t offset, wmbt_body_part *part)
{
    if (s->opaque != 0u) {
        wmbt_reader_set_field(part, 0, s->end);
    } else {
        wmbt_reader_walk_find(&s->walk, s->object, offset, part);
    }
    return part->extent.bytes - (offset - (uint32_t)part->extent.offset);
}

/* A number is not what must stand there. */
static wmbt_status wmbt_reader_mismatch(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status)
{
    if (s->object != WMBT_READER_TAIL) {
        return status;
    }
    /* by another count of rows, rows lie elsewhere than in a tail that fits */
    return wmbt_reader_tail_is_opaque(r, s, status == WMBT_BAD_COUNT ? WMBT_DOES_NOT_FIT : status);
}

/* Where bytes `past` the beginning of a part go in the reader's memory; NULL if they do not. */
static uint8_t *wmbt_reader_memory_of(const wmbt_reader *r, const wmbt_reader_slot *s,
                                      const wmbt_body_part *part, uint32_t past)
{
    uint64_t place;
    uint32_t page = wmbt_reader_record_of(r, s->object)->page; /* of one in flight it is known */
    if (r->config.memory.len == 0u || !wmbt_reader_place_of(r, page, &part->extent, &place)) {
        return NULL;
    }
    return r->config.memory.data + (size_t)place + past;
}

/* Checks and copies bytes of one part, `past` bytes behind its beginning. */
static wmbt_status wmbt_reader_take_part(wmbt_reader *r, wmbt_reader_slot *s,
                                         const wmbt_body_part *part, uint32_t past, wmbt_view bytes,
                                         uint32_t *crc)
{
    uint8_t number[4];
    uint32_t left = s->plain_bytes - (uint32_t)part->extent.offset - past;
    /* a number that the object is cut off within is not one */
    bool is_number = part->mismatch != WMBT_OK && part->extent.bytes - past <= left;
    uint8_t *dst = is_number ? number : wmbt_reader_memory_of(r, s, part, past);
    *crc = dst == NULL ? wmbt_crc32c(*crc, bytes) : wmbt_crc32c_copy(*crc, dst, bytes);
    if (dst != NULL && dst != number) {
        wmbt_bytes_expect(dst + bytes.len, bytes.len, part->extent.bytes - past - bytes.len);
    }
    wmbt_reader_bound_take(r, s, dst == NULL ? bytes.data : dst, (uint32_t)bytes.len);
    for (uint32_t i = 0; dst == number && i < bytes.len; i++) {
        if (number[i] != (uint8_t)(part->value >> (8u * (past + i)))) {
            return wmbt_reader_mismatch(r, s, part->mismatch);
        }
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s,
                                  const wmbt_reader_claim *claim, const uint8_t *bytes)
{
    uint32_t crc = 0;
    wmbt_reader_go_near(s, claim);
    if (claim->before != NULL) {
        wmbt_reader_turn_forwards(claim->before);
        crc = claim->before->crc;
    }
    for (uint32_t offset = claim->from; offset < claim->to;) {
        wmbt_body_part part;
        uint32_t n = wmbt_min_u32(wmbt_reader_find_part(s, offset, &part), claim->to - offset);
        wmbt_status status = wmbt_reader_take_part(
            r, s, &part, offset - (uint32_t)part.extent.offset, wmbt_view_of(bytes, n), &crc);
        if (status != WMBT_OK) {
            return status;
        }
        offset += n;
        bytes += n;
    }
    wmbt_reader_join(r, s, claim, crc);
    return WMBT_OK;
}

bool wmbt_reader_body_is_rows(const wmbt_reader *r, wmbt_reader_slot *s,
                              const wmbt_reader_claim *claim)
{
    wmbt_body_part part;
    wmbt_reader_go_near(s, claim);
    uint32_t left = wmbt_reader_find_part(s, claim->from, &part);
    return claim->to - claim->from <= left && part.extent.kind != WMBT_EXTENT_FIELD &&
           (!wmbt_reader_is_bound(s) || wmbt_reader_memory_of(r, s, &part, 0) != NULL);
}

void wmbt_reader_body_placed(wmbt_reader *r, wmbt_reader_slot *s, const wmbt_reader_claim *claim,
                             uint32_t crc)
{
    if (wmbt_reader_is_bound(s)) {
        wmbt_body_part part;
        (void)wmbt_reader_find_part(s, claim->from, &part);
        uint32_t past = claim->from - (uint32_t)part.extent.offset;
        wmbt_reader_bound_take(r, s, wmbt_reader_memory_of(r, s, &part, past),
                               claim->to - claim->from);
    }
    if (claim->before != NULL) {
        uint32_t bytes = claim->to - claim->from;
        if (r->ahead.bytes != bytes) {
            r->ahead.bytes = bytes;
            r->ahead.shift = wmbt_crc32c_shift(bytes);
        }
        wmbt_reader_turn_forwards(claim->before);
        crc = wmbt_crc32c_combine_shift(claim->before->crc, crc, r->ahead.shift);
    }
    wmbt_reader_join(r, s, claim, crc);
}

/* --- the last checks -------------------------------------------------------------------------- */

wmbt_status wmbt_reader_body_finish(const wmbt_reader *r, wmbt_reader_slot *s)
{
    bool tail = s->object == WMBT_READER_TAIL;
    WMBT_ASSERT(s->run[0].from == 0u && s->run[0].to >= s->limit && s->run[0].backwards == 0u);
    /* A block's length is checked once its body is there, even if the CRC is cut off. */
    if (!tail && s->fault != WMBT_OK && s->plain_bytes >= s->end - WMBT_KVBLOCK_TRAILER_BYTES) {
        return s->fault;
    }
    if (s->plain_bytes < s->end) {
        return WMBT_TRUNCATED;
    }
    /* a block's trailer is summed with what it is the CRC of */
    uint32_t expected_crc = tail ? wmbt_rawtail_crc(s->header) : WMBT_READER_CRC_OF_BOTH;
    if (s->run[0].crc != expected_crc) {
        return WMBT_BAD_CHECKSUM;
    }
    if (s->fault != WMBT_OK) {
        return s->fault;
    }
    if (s->plain_bytes > s->end) {
        return WMBT_TRAILING_BYTES;
    }
    return wmbt_reader_bound_agrees(r, s) ? WMBT_END : WMBT_BAD_DIGEST;
}

#endif
