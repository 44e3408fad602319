/* SPDX-License-Identifier: Apache-2.0 */
/* Objects for the model of the reader. */
#include "stock.h"

#include <stdlib.h>
#include <string.h>

static uint32_t below(stock *s, uint32_t n)
{
    return (wmbt_test_random(&s->state) >> 8) % n;
}

static void need(bool condition)
{
    if (!condition) {
        abort(); /* a fault of this file */
    }
}

static uint8_t *room(stock *s, size_t n)
{
    need(n <= sizeof s->arena - s->used);
    uint8_t *p = s->arena + s->used;
    s->used += n;
    return p;
}

/* --- plain objects ---------------------------------------------------------------------------- */

static uint8_t *noise(stock *s, size_t n)
{
    uint8_t *p = room(s, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(wmbt_test_random(&s->state) >> 9);
    }
    return p;
}

uint32_t stock_block_bytes(const stock_judge *judge)
{
    wmbt_kvblock_walk walk;
    return wmbt_kvblock_walk_init(&walk, judge->shape, judge->block_tokens) == WMBT_OK
               ? (uint32_t)walk.end + WMBT_KVBLOCK_TRAILER_BYTES
               : 0u;
}

static wmbt_view make_block(stock *s, const stock_judge *judge, uint32_t seq)
{
    size_t n = stock_block_bytes(judge);
    if (n == 0u) {
        return wmbt_view_of(noise(s, 200), 200);
    }
    uint8_t *p = noise(s, n);
    need(wmbt_kvblock_seal(wmbt_buf_of(p, n), judge->shape, judge->block_tokens, seq, &n) ==
         WMBT_OK);
    return wmbt_view_of(p, n);
}

/* A tail at `boundary`: most of them fit there. */
static wmbt_view make_tail(stock *s, const stock_judge *judge, uint32_t boundary)
{
    uint32_t total = boundary + below(s, judge->block_tokens);
    uint32_t block_end = boundary;
    uint32_t how = below(s, 12);
    if (how == 0u) {
        total = boundary + below(s, 3u * judge->block_tokens);
    } else if (how == 1u) {
        block_end = boundary - judge->block_tokens;
    } else if (how == 2u) {
        total = boundary;
    }
    uint32_t raw = total < judge->shape->window ? total : judge->shape->window;
    raw = how == 3u ? below(s, raw + 1u) : raw;
    wmbt_rawtail_walk walk;
    size_t n = 0;
    if (wmbt_rawtail_walk_init(&walk, judge->shape, total, raw, block_end) != WMBT_OK) {
        return wmbt_view_of(noise(s, 200), 200);
    }
    n = (size_t)walk.end;
    uint8_t *p = noise(s, n);
    need(wmbt_rawtail_seal(wmbt_buf_of(p, n), judge->shape, total, raw, block_end, &n) == WMBT_OK);
    return wmbt_view_of(p, n);
}

/* --- how they are stored ---------------------------------------------------------------------- */

static void put_u32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4u; i++) {
        p[i] = (uint8_t)(v >> (8u * i));
    }
}

/* "WBZ1", algorithm, level, length; for zstd a frame of one raw block (RFC 8878, 3.1.1), now and
 * then after so many empty ones that the frame is longer than zstd makes any. */
static wmbt_view wrap(stock *s, wmbt_view plain, bool zstd)
{
    size_t empty = zstd && below(s, 8) == 0u ? 40u : 0u;
    size_t head = WMBT_COMPRESSED_HEADER_BYTES + (zstd ? 12u + 3u * empty : 0u);
    uint8_t *p = room(s, head + plain.len);
    memcpy(p, "WBZ1", 4);
    p[4] = zstd ? 1 : 0;
    p[5] = 3;
    put_u32(p + 6, (uint32_t)plain.len);
    if (zstd) {
        put_u32(p + 10, 0xFD2FB528u);
        p[14] = 0xA0; /* content size in 4 bytes, single segment */
        put_u32(p + 15, (uint32_t)plain.len);
        memset(p + 19, 0, 3u * empty);
        /* last, raw, size; its top byte is 0 */
        put_u32(p + 19 + 3u * empty, 1u | (uint32_t)plain.len << 3);
    }
    memcpy(p + head, plain.data, plain.len);
    return wmbt_view_of(p, head + plain.len);
}

/* Damages a copy in one of several ways. */
static wmbt_view damage(stock *s, wmbt_view v)
{
    uint8_t *p = room(s, v.len + 8u);
    memcpy(p, v.data, v.len);
    memset(p + v.len, 0, 8);
    uint32_t n = (uint32_t)v.len;
    switch (below(s, 5)) {
    case 0: return wmbt_view_of(p, below(s, n));
    case 1: return wmbt_view_of(p, n + 1u + below(s, 7));
    case 2: p[below(s, 48) % n] ^= (uint8_t)(1u << below(s, 8)); break;
    default: p[below(s, n)] ^= (uint8_t)(1u << below(s, 8)); break;
    }
    return wmbt_view_of(p, n);
}

static wmbt_view make_manifest(stock *s, size_t total)
{
    uint8_t *text = room(s, WMBT_LARGEVALUE_MAX_TEXT);
    size_t len = 0;
    uint8_t id[32];
    for (size_t i = 0; i < sizeof id; i++) {
        id[i] = (uint8_t)wmbt_test_random(&s->state);
    }
    need(wmbt_largevalue_write(id, total, wmbt_buf_of(text, WMBT_LARGEVALUE_MAX_TEXT), &len) ==
         WMBT_OK);
    return wmbt_view_of(text, len);
}

static void put(stock *s, stock_object *o, wmbt_view plain, uint32_t rot)
{
    uint32_t fault = below(s, 256) < rot ? below(s, 5) : 99u;
    wmbt_view none = {NULL, 0};
    o->source[0] = none;
    o->source[1] = none;
    if (fault == 0u) {
        return;
    }
    plain = fault == 1u ? damage(s, plain) : plain;
    uint32_t form = below(s, 10);
    wmbt_view bytes = plain;
    if (form < 2u && plain.len != 0u) {
        uint32_t how = below(s, 3);
        wmbt_view chunk = how != 0u ? wrap(s, plain, how == 1u) : plain;
        chunk = fault == 2u ? damage(s, chunk) : chunk;
        o->source[1] = fault == 3u ? none : chunk;
        bytes = make_manifest(s, plain.len);
        how = below(s, 4);
        bytes = how < 2u ? wrap(s, bytes, how == 1u) : bytes;
    } else if (form < 6u) {
        bytes = wrap(s, plain, form != 2u);
    }
    o->source[0] = fault == 4u ? damage(s, bytes) : bytes;
}

void stock_fill(stock *s, const stock_judge *judge, uint32_t seed, uint32_t rot)
{
    s->used = 0;
    s->state = seed * 2654435761u | 1u;
    for (uint32_t i = 0; i < STOCK_BLOCKS; i++) {
        uint32_t seq = below(s, 256) * 8u < rot ? i + 1u : i;
        put(s, &s->block[i], make_block(s, judge, seq), rot);
        put(s, &s->tail[i], make_tail(s, judge, (i + 1u) * judge->block_tokens), rot);
    }
}

/* --- judgement -------------------------------------------------------------------------------- */

wmbt_status stock_unwrap(wmbt_view source, const stock_judge *judge, uint32_t must,
                         wmbt_view *plain)
{
    static uint8_t out[STOCK_OBJECT_BYTES];
    wmbt_compressed_info info;
    if (source.len == 0u) {
        return WMBT_TRUNCATED;
    }
    if (source.len > judge->max_object_bytes) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status = wmbt_compressed_probe(source, true, &info);
    if (status != WMBT_OK) {
        return status;
    }
    bool wrapped = info.kind != WMBT_COMPRESSED_PLAIN;
    bool zstd = info.algorithm == WMBT_COMPRESSED_ZSTD;
    size_t raw = zstd ? info.plain_bytes
                      : source.len - (wrapped ? (size_t)WMBT_COMPRESSED_HEADER_BYTES : 0u);
    if (zstd && judge->codec->decode == NULL) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    if (must != 0u && raw != must) {
        return WMBT_BAD_LENGTH;
    }
    if (raw == 0u) {
        return WMBT_TRUNCATED;
    }
    if (raw > judge->max_object_bytes || raw > sizeof out) {
        return WMBT_TOO_LARGE;
    }
    wmbt_compressed_plain result;
    status = wmbt_compressed_unwrap(source, judge->codec, wmbt_buf_of(out, raw), 0, &result);
    if (status != WMBT_OK) {
        if (wmbt_status_is_caller(status) || status == WMBT_FULL) {
            return WMBT_UNSUPPORTED_ALGORITHM; /* reader.h, of the codec */
        }
        return wmbt_status_is_error(status) && status <= 255 ? status : WMBT_BAD_BITSTREAM;
    }
    *plain = result.bytes;
    return WMBT_OK;
}

void stock_read_plain(wmbt_view plain, const stock_judge *judge, uint32_t block, bool tail,
                      stock_truth *truth)
{
    truth->plain = plain;
    if (tail) {
        wmbt_rawtail_expect expect = {judge->shape, 0};
        truth->status = wmbt_rawtail_read(plain, &expect, &truth->tail);
        return;
    }
    wmbt_kvblock_expect expect = {judge->shape, judge->block_tokens, block, 0};
    wmbt_kvblock_info info;
    truth->status = wmbt_kvblock_read(plain, &expect, &info);
    if (truth->status == WMBT_BAD_ARGUMENT) {
        /* the shape allows no block of this size: one that is a block is another */
        expect.flags = WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS;
        truth->status = wmbt_kvblock_read_header(plain, &expect, &info);
        truth->status = truth->status == WMBT_OK ? WMBT_WRONG_BLOCK : truth->status;
    }
}

void stock_read(const stock_object *object, const stock_judge *judge, uint32_t block, bool tail,
                stock_truth *truth)
{
    memset(truth, 0, sizeof *truth);
    truth->status = WMBT_MISSING;
    if (object->source[0].data == NULL) {
        return;
    }
    wmbt_view plain;
    wmbt_largevalue manifest;
    truth->status = stock_unwrap(object->source[0], judge, 0, &plain);
    if (truth->status != WMBT_OK) {
        return;
    }
    wmbt_status large = wmbt_largevalue_parse(plain, 0, &manifest);
    if (large == WMBT_OK) {
        uint64_t total = manifest.total_bytes; /* its text goes with the next unwrapping */
        if (total > judge->max_object_bytes || total > STOCK_OBJECT_BYTES) {
            truth->status = WMBT_TOO_LARGE;
        } else if (object->source[1].data == NULL || total == 0u) {
            truth->status = WMBT_TRUNCATED;
        } else {
            truth->status = stock_unwrap(object->source[1], judge, (uint32_t)total, &plain);
        }
    } else if (large != WMBT_BAD_MAGIC) {
        truth->status = large;
    }
    if (truth->status == WMBT_OK) {
        stock_read_plain(plain, judge, block, tail, truth);
    }
}
