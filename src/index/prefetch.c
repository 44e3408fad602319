/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefetching: the score, and a heap of the best. The score is what doubles give for
 *     exp(-(ln 2 / 600e9) * age) + 0.3 * is_first + 0.2 * is_active
 * from left to right: the factor and the product are rounded as they are there, and the exponential
 * to the nearest double.
 */
#include "wombatkv/prefetch.h"

#include "base/bytes.h"
#include "index/wide.h"

#if WMBT_CFG_PREFETCH

/* --- score ------------------------------------------------------------------------------------ */

/* ln 2 / 600e9 as a double: this number divided by 2^92. */
#    define WMBT_PREFETCH_RATE UINT64_C(0x1452C32689EAB3)
#    define WMBT_PREFETCH_RATE_SHIFT 92u

/* An age whose exponential is 0 as a double: less than exp(-746). */
#    define WMBT_PREFETCH_FORGOTTEN_NS UINT64_C(645750300301900)

/* ln 2: 64 bits behind the point, and the next 32; and 1 / ln 2, 30 bits behind the point. */
#    define WMBT_PREFETCH_LN2 UINT64_C(0xB17217F7D1CF79AB)
#    define WMBT_PREFETCH_LN2_REST UINT64_C(0xC9E3B398)
#    define WMBT_PREFETCH_PER_LN2 UINT64_C(1549082004)

/* 0.3 and 0.2 as doubles, 62 bits behind the point. */
#    define WMBT_PREFETCH_FIRST (UINT64_C(0x13333333333333) << 8)
#    define WMBT_PREFETCH_ACTIVE (UINT64_C(0x1999999999999A) << 7)
#    define WMBT_PREFETCH_POINT 62u

#    define WMBT_PREFETCH_BIAS 1023u

/* 1 / n!, 63 bits behind the point. The next one is too small to count for z < ln 2. */
static const uint64_t wmbt_prefetch_terms[] = {
    UINT64_C(0x8000000000000000), UINT64_C(0x8000000000000000), UINT64_C(0x4000000000000000),
    UINT64_C(0x1555555555555555), UINT64_C(0x0555555555555555), UINT64_C(0x0111111111111111),
    UINT64_C(0x002D82D82D82D82E), UINT64_C(0x0006806806806807), UINT64_C(0x0000D00D00D00D01),
    UINT64_C(0x0000171DE3A556C7), UINT64_C(0x0000024FC9F6EF14), UINT64_C(0x00000035CC8ACFEB),
    UINT64_C(0x000000047BB63BFE), UINT64_C(0x000000005849184F), UINT64_C(0x00000000064E5D2A),
    UINT64_C(0x00000000006B9FD0), UINT64_C(0x000000000006B9FD), UINT64_C(0x000000000000654B),
    UINT64_C(0x00000000000005A1), UINT64_C(0x000000000000004C)};

/* exp(-z), z with 64 bits behind the point and less than ln 2; 63 bits behind the point. */
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

/* *z = rate * age - n ln 2, 64 bits behind the point, 0 <= *z < ln 2; returns n. */
static uint32_t wmbt_prefetch_reduce(uint64_t age_ns, uint64_t *z)
{
    wmbt_wide p, whole;
    wmbt_wide_multiply(age_ns, WMBT_PREFETCH_RATE, &p);
    uint32_t places = wmbt_wide_excess(&p);
    wmbt_wide_round(&p, places); /* the product as a double */
    for (; places > WMBT_PREFETCH_RATE_SHIFT - 64u; places--) {
        p.high = p.high << 1 | p.low >> 63;
        p.low <<= 1;
    }
    wmbt_wide_round(&p, WMBT_PREFETCH_RATE_SHIFT - 64u - places);
    /* 20 bits behind the point are enough to tell n, or one less. */
    uint32_t n = (uint32_t)(((p.high << 20 | p.low >> 44) * WMBT_PREFETCH_PER_LN2) >> 32 >> 18);
    n = n == 0u ? 0u : n - 1u;
    for (;;) {
        wmbt_wide_multiply(WMBT_PREFETCH_LN2, n, &whole);
        uint64_t rest = WMBT_PREFETCH_LN2_REST * n >> 32;
        whole.low += rest;
        whole.high += whole.low < rest ? 1u : 0u;
        uint64_t low = p.low - whole.low;
        uint64_t high = p.high - whole.high - (p.low < whole.low ? 1u : 0u);
        if (high == 0u && low < WMBT_PREFETCH_LN2) {
            *z = low;
            return n;
        }
        n++;
    }
}

/* Rounds a sum, 62 bits behind the point, to a double's precision. */
static uint64_t wmbt_prefetch_rounded(uint64_t sum)
{
    wmbt_wide v = {0, sum};
    uint32_t places = wmbt_wide_excess(&v);
    wmbt_wide_round(&v, places);
    for (; places != 0u; places--) {
        v.low <<= 1;
    }
    return v.low;
}

/* The bits of a double that is exactly v / 2^62, 0.2 <= v < 2. */
static uint64_t wmbt_prefetch_bits(uint64_t v)
{
    wmbt_wide wide = {0, v};
    uint32_t places = wmbt_wide_excess(&wide);
    wmbt_wide_round(&wide, places);
    uint64_t exponent = WMBT_PREFETCH_BIAS + (WMBT_WIDE_PRECISION - 1u) - WMBT_PREFETCH_POINT;
    return ((exponent + places - 1u) << (WMBT_WIDE_PRECISION - 1u)) + wide.low;
}

uint64_t wmbt_prefetch_score(const wmbt_block_meta *meta, const wmbt_model_digest *active,
                             uint64_t now_ns)
{
    uint64_t age = now_ns > meta->last_access_ns ? now_ns - meta->last_access_ns : 0u;
    bool is_first = meta->block_seq == 0u;
    bool is_active = wmbt_model_digest_equal(&meta->model_digest, active);
    uint64_t z, bits = 0, sum = 0;
    if (age < WMBT_PREFETCH_FORGOTTEN_NS) {
        uint32_t n = wmbt_prefetch_reduce(age, &z);
        wmbt_wide v = {0, wmbt_prefetch_exp(z)};
        const uint32_t drop = 63u - WMBT_WIDE_PRECISION, normal = WMBT_PREFETCH_BIAS - 1u;
        /* exp(-z) / 2^n; below the normal numbers a double keeps fewer bits. */
        wmbt_wide_round(&v, n < normal ? drop : drop + 1u + n - normal);
        bits = n < normal ? ((uint64_t)(normal - n - 1u) << 52) + v.low : v.low;
        sum = v.low << 9;
        for (; n != 0u && sum > 1u; n--) { /* what is lost shows in the last bit */
            sum = sum >> 1 | (sum & 1u);
        }
    }
    if (!is_first && !is_active) {
        return bits;
    }
    if (is_first) {
        sum = wmbt_prefetch_rounded(sum + WMBT_PREFETCH_FIRST);
    }
    if (is_active) {
        sum = wmbt_prefetch_rounded(sum + WMBT_PREFETCH_ACTIVE);
    }
    return wmbt_prefetch_bits(sum);
}

/* --- selection -------------------------------------------------------------------------------- */

static bool wmbt_prefetch_is_worse(const wmbt_prefetch *p, const wmbt_prefetch_block *a,
                                   const wmbt_prefetch_block *b)
{
    if (a->score != b->score) {
        return a->score < b->score;
    }
    if (p->ties == WMBT_PREFETCH_TIES_BY_OFFER) {
        return a->number > b->number;
    }
    return wmbt_bytes_compare(wmbt_view_of(a->hash.bytes, WMBT_BLOCK_HASH_BYTES),
                              wmbt_view_of(b->hash.bytes, WMBT_BLOCK_HASH_BYTES)) > 0;
}

static void wmbt_prefetch_copy(wmbt_prefetch_block *to, const wmbt_prefetch_block *from)
{
    wmbt_bytes_copy(to->hash.bytes, from->hash.bytes, WMBT_BLOCK_HASH_BYTES);
    to->score = from->score;
    to->number = from->number;
}

/* Puts `block`, which is none of the array, on top of the first `count` or below: the worst is on
 * top. */
static void wmbt_prefetch_sink(const wmbt_prefetch *p, uint32_t count,
                               const wmbt_prefetch_block *block)
{
    wmbt_prefetch_block *blocks = p->blocks;
    uint32_t at = 0;
    while (at < count / 2u) {
        uint32_t child = 2u * at + 1u;
        if (child + 1u < count && wmbt_prefetch_is_worse(p, &blocks[child + 1u], &blocks[child])) {
            child++;
        }
        if (!wmbt_prefetch_is_worse(p, &blocks[child], block)) {
            break;
        }
        wmbt_prefetch_copy(&blocks[at], &blocks[child]);
        at = child;
    }
    wmbt_prefetch_copy(&blocks[at], block);
}

void wmbt_prefetch_begin(wmbt_prefetch *p, wmbt_prefetch_block *blocks, uint32_t room,
                         const wmbt_model_digest *active, uint64_t now_ns, uint32_t ties)
{
    p->count = 0;
    p->scored = 0;
    p->room = room;
    p->blocks = blocks;
    wmbt_bytes_copy(p->active.bytes, active->bytes, WMBT_MODEL_DIGEST_BYTES);
    p->now_ns = now_ns;
    p->ties = ties;
}

void wmbt_prefetch_offer(wmbt_prefetch *p, const wmbt_block_hash *hash, const wmbt_block_meta *meta)
{
    wmbt_prefetch_block block;
    wmbt_bytes_copy(block.hash.bytes, hash->bytes, WMBT_BLOCK_HASH_BYTES);
    block.score = wmbt_prefetch_score(meta, &p->active, p->now_ns);
    block.number = p->scored++;
    if (p->count < p->room) {
        uint32_t at = p->count++;
        while (at != 0u && wmbt_prefetch_is_worse(p, &block, &p->blocks[(at - 1u) / 2u])) {
            wmbt_prefetch_copy(&p->blocks[at], &p->blocks[(at - 1u) / 2u]);
            at = (at - 1u) / 2u;
        }
        wmbt_prefetch_copy(&p->blocks[at], &block);
    } else if (p->room != 0u && wmbt_prefetch_is_worse(p, &p->blocks[0], &block)) {
        wmbt_prefetch_sink(p, p->count, &block);
    }
}

void wmbt_prefetch_offer_index(wmbt_prefetch *p, const wmbt_index *x)
{
    wmbt_status status = WMBT_OK;
    for (uint32_t slot = 0; status != WMBT_END; slot++) {
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        status = wmbt_index_at(x, slot, &hash, &meta);
        if (status == WMBT_OK) {
            wmbt_prefetch_offer(p, &hash, &meta);
        }
    }
}

void wmbt_prefetch_end(wmbt_prefetch *p)
{
    for (uint32_t left = p->count; left > 1u; left--) {
        wmbt_prefetch_block last;
        wmbt_prefetch_copy(&last, &p->blocks[left - 1u]);
        wmbt_prefetch_copy(&p->blocks[left - 1u], &p->blocks[0]);
        wmbt_prefetch_sink(p, left - 1u, &last);
    }
}

#endif
