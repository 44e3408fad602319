/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefetching: the score, and a heap of the best. The score is what doubles give for
 *     exp(-(ln 2 / 600e9) * age) + 0.3 * is_first + 0.2 * is_active
 * from left to right: the factor and the product are rounded as they are there, and the exponential
 * to the nearest double.
 */
#include "wombatkv/prefetch.h"

#include <stddef.h>

#include "base/bytes.h"
#include "index/heap.h"
#include "index/table.h"
#include "index/wide.h"

#if WMBT_CFG_PREFETCH

WMBT_STATIC_ASSERT(sizeof(wmbt_prefetch_block) == WMBT_HEAP_ITEM_BYTES, "an item of a heap");
WMBT_STATIC_ASSERT(offsetof(wmbt_prefetch_block, score) == WMBT_HEAP_KEY_OFFSET, "its key");

/* --- score ------------------------------------------------------------------------------------ */

/* ln 2 / 600e9 as a double: this number divided by 2^92. */
#    define WMBT_PREFETCH_RATE UINT64_C(0x1452C32689EAB3)

/* An age whose exponential is 0 as a double: less than exp(-746). */
#    define WMBT_PREFETCH_FORGOTTEN_NS UINT64_C(645750300301900)

/* ln 2, 92 bits behind the point: all but the last 64, and these. */
#    define WMBT_PREFETCH_LN2_HIGH UINT64_C(0xB17217F)
#    define WMBT_PREFETCH_LN2_LOW UINT64_C(0x7D1CF79ABC9E3B39)

/* 2^69 / 600e9, cut off. */
#    define WMBT_PREFETCH_PER_HALF_LIFE UINT64_C(983826350)

/* 0.3 and 0.2 as doubles, 63 bits behind the point. */
#    define WMBT_PREFETCH_FIRST (UINT64_C(0x13333333333333) << 9)
#    define WMBT_PREFETCH_ACTIVE (UINT64_C(0x1999999999999A) << 8)

/* The least exponent of a normal double, and of any, without their signs. */
#    define WMBT_PREFETCH_NORMAL 1022u
#    define WMBT_PREFETCH_LEAST 1074u

/* 1 / n!, 63 bits behind the point. The next one is too small to count for z < ln 2. */
static const uint64_t wmbt_prefetch_terms[] = {
    UINT64_C(0x8000000000000000), UINT64_C(0x8000000000000000), UINT64_C(0x4000000000000000),
    UINT64_C(0x1555555555555555), UINT64_C(0x0555555555555555), UINT64_C(0x0111111111111111),
    UINT64_C(0x002D82D82D82D82E), UINT64_C(0x0006806806806807), UINT64_C(0x0000D00D00D00D01),
    UINT64_C(0x0000171DE3A556C7), UINT64_C(0x0000024FC9F6EF14), UINT64_C(0x00000035CC8ACFEB),
    UINT64_C(0x000000047BB63BFE), UINT64_C(0x000000005849184F), UINT64_C(0x00000000064E5D2A),
    UINT64_C(0x00000000006B9FD0), UINT64_C(0x000000000006B9FD), UINT64_C(0x000000000000654B),
    UINT64_C(0x00000000000005A1), UINT64_C(0x000000000000004C)};

/* exp(-z), z with 64 bits behind the point and less than 0.7; 63 bits behind the point. */
static uint64_t wmbt_prefetch_exp(uint64_t z)
{
    size_t n = sizeof wmbt_prefetch_terms / sizeof wmbt_prefetch_terms[0] - 1u;
    uint64_t sum = wmbt_prefetch_terms[n];
    while (n-- > 0u) {
        wmbt_wide product;
        wmbt_wide_multiply(sum, z, &product);
        sum = wmbt_prefetch_terms[n] - product.high;
    }
    return sum;
}

/* rate * age - n ln 2, 64 bits behind the point. It is not negative and hardly more than ln 2 where
 * n half-lives are the age or a little less. */
static uint64_t wmbt_prefetch_reduce(uint64_t age_ns, uint32_t n)
{
    wmbt_wide p, whole;
    wmbt_wide_multiply(age_ns, WMBT_PREFETCH_RATE, &p);
    wmbt_wide_round(&p, 0); /* the product as a double */
    wmbt_wide_multiply(WMBT_PREFETCH_LN2_LOW, n, &whole);
    whole.high += WMBT_PREFETCH_LN2_HIGH * n;
    uint64_t high = p.high - whole.high - (p.low < whole.low ? 1u : 0u);
    return high << 36 | (p.low - whole.low) >> 28;
}

/* v as a double: rounded, and at least to a multiple of 2^places. */
static uint64_t wmbt_prefetch_rounded(uint64_t v, uint32_t places)
{
    wmbt_wide wide = {0, v};
    wmbt_wide_round(&wide, places);
    return wide.low;
}

static uint64_t wmbt_prefetch_value(uint64_t age, bool is_first, bool is_active)
{
    uint64_t v = 0; /* the score is v / 2^(63 + n) */
    uint32_t n = 0;
    if (age < WMBT_PREFETCH_FORGOTTEN_NS) {
        n = (uint32_t)((age >> 16) * WMBT_PREFETCH_PER_HALF_LIFE >> 53);
        v = wmbt_prefetch_exp(wmbt_prefetch_reduce(age, n));
        /* The least double is 2^-1074. */
        const uint32_t exact = WMBT_PREFETCH_LEAST - 63u;
        v = wmbt_prefetch_rounded(v, n > exact ? n - exact : 0u);
    }
    if (is_first || is_active) {
        for (; n != 0u; n--) { /* what is lost shows in the last bit */
            v = v >> 1 | (v & 1u);
        }
    }
    if (is_first) {
        v = wmbt_prefetch_rounded(v + WMBT_PREFETCH_FIRST, 0);
    }
    if (is_active) {
        v = wmbt_prefetch_rounded(v + WMBT_PREFETCH_ACTIVE, 0);
    }
    /* Its bits: the leading one at the top, or as far as it gets. */
    for (; n < WMBT_PREFETCH_NORMAL && v >> 63 == 0u; n++) {
        v <<= 1;
    }
    for (; n > WMBT_PREFETCH_NORMAL; n--) {
        v >>= 1;
    }
    return ((uint64_t)(WMBT_PREFETCH_NORMAL - n) << 52) + (v >> 11);
}

static uint64_t wmbt_prefetch_age(uint64_t now_ns, uint64_t last_access_ns)
{
    return now_ns > last_access_ns ? now_ns - last_access_ns : 0u;
}

uint64_t wmbt_prefetch_score(const wmbt_block_meta *meta, const wmbt_model_digest *active,
                             uint64_t now_ns)
{
    return wmbt_prefetch_value(wmbt_prefetch_age(now_ns, meta->last_access_ns),
                               meta->block_seq == 0u,
                               wmbt_model_digest_equal(&meta->model_digest, active));
}

/* --- selection -------------------------------------------------------------------------------- */

void wmbt_prefetch_begin(wmbt_prefetch *p, wmbt_prefetch_block *blocks, uint32_t room,
                         const wmbt_model_digest *active, uint64_t now_ns, uint32_t ties)
{
    p->count = 0;
    p->scored = 0;
    p->room = room;
    p->blocks = blocks;
    wmbt_bytes_copy(p->active.bytes, active->bytes, WMBT_MODEL_DIGEST_BYTES);
    p->now_ns = now_ns;
    /* The worst is on top. */
    p->ties = ties == WMBT_PREFETCH_TIES_BY_OFFER ? WMBT_HEAP_LARGER_OTHER : WMBT_HEAP_LARGER_HASH;
}

static void wmbt_prefetch_copy(wmbt_prefetch_block *to, const wmbt_prefetch_block *from)
{
    wmbt_bytes_copy((uint8_t *)to, (const uint8_t *)from, sizeof *to);
}

/* Keeps a block whose hash and score are there, if it is good enough. */
static void wmbt_prefetch_take(wmbt_prefetch *p, wmbt_prefetch_block *block)
{
    block->number = p->scored++;
    if (p->count < p->room) { /* an array until it is full */
        wmbt_prefetch_copy(&p->blocks[p->count++], block);
        if (p->count == p->room) {
            wmbt_heap_make(p->blocks, p->count, p->ties);
        }
    } else if (p->room != 0u && wmbt_heap_is_above(&p->blocks[0], block, p->ties)) {
        wmbt_prefetch_copy(&p->blocks[0], block);
        wmbt_heap_sink(p->blocks, p->count, 0, p->ties);
    }
}

void wmbt_prefetch_offer(wmbt_prefetch *p, const wmbt_block_hash *hash, const wmbt_block_meta *meta)
{
    wmbt_prefetch_block block;
    wmbt_bytes_copy(block.hash.bytes, hash->bytes, WMBT_BLOCK_HASH_BYTES);
    block.score = wmbt_prefetch_score(meta, &p->active, p->now_ns);
    wmbt_prefetch_take(p, &block);
}

/* Reads a slot's hash, and scores it. False if it holds no block, or changes all the while. */
static WMBT_NOINLINE bool wmbt_prefetch_read(const wmbt_prefetch *p, const wmbt_index *x,
                                             uint32_t slot, wmbt_prefetch_block *block)
{
    const wmbt_index_word *record = wmbt_index_record(x, slot);
    for (uint32_t n = 0; n < WMBT_INDEX_TRIES; n++) {
        uint32_t state = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
        uint32_t context = (state & WMBT_INDEX_CONTEXT_MASK) - 1u;
        if (context >= x->context_count) {
            break;
        }
        const wmbt_index_word *of = wmbt_index_context(x, context);
        uint32_t differ = 0;
        wmbt_index_copy_words(block->hash.bytes, record, WMBT_INDEX_HASH_WORDS);
        for (uint32_t i = 0; i < WMBT_MODEL_DIGEST_BYTES / 4u; i++) {
            differ |= wmbt_index_load(of + i) ^ wmbt_load_le32(p->active.bytes + (size_t)4u * i);
        }
        uint64_t age =
            wmbt_prefetch_age(p->now_ns, wmbt_index_load64(record + WMBT_INDEX_RECORD_STAMP));
        bool is_first = wmbt_index_load(record + WMBT_INDEX_RECORD_SEQ) == 0u;
        if (wmbt_index_is_whole(record, state)) {
            block->score = wmbt_prefetch_value(age, is_first, differ == 0u);
            return true;
        }
    }
    return false;
}

void wmbt_prefetch_offer_index(wmbt_prefetch *p, const wmbt_index *x)
{
    uint32_t used = wmbt_index_used(x);
    for (uint32_t slot = 0; slot < used; slot++) {
        wmbt_prefetch_block block;
        if (wmbt_prefetch_read(p, x, slot, &block)) {
            wmbt_prefetch_take(p, &block);
        }
    }
}

void wmbt_prefetch_end(wmbt_prefetch *p)
{
    if (p->count < p->room) {
        wmbt_heap_make(p->blocks, p->count, p->ties);
    }
    for (uint32_t left = p->count; left > 1u; left--) {
        wmbt_heap_pop(p->blocks, left, p->ties);
    }
}

#endif
