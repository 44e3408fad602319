/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3 of 64 and 128 bits. */
#include "wombatkv/xxh3.h"

#include "base/bytes.h"
#include "base/le.h"
#include "hash/mul64.h"

#if WMBT_CFG_XXH3

#    define WMBT_XXH3_P32_1 UINT32_C(0x9E3779B1)
#    define WMBT_XXH3_P32_2 UINT32_C(0x85EBCA77)
#    define WMBT_XXH3_P32_3 UINT32_C(0xC2B2AE3D)
#    define WMBT_XXH3_P64_1 UINT64_C(0x9E3779B185EBCA87)
#    define WMBT_XXH3_P64_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#    define WMBT_XXH3_P64_3 UINT64_C(0x165667B19E3779F9)
#    define WMBT_XXH3_P64_4 UINT64_C(0x85EBCA77C2B2AE63)
#    define WMBT_XXH3_P64_5 UINT64_C(0x27D4EB2F165667C5)
#    define WMBT_XXH3_MIX_1 UINT64_C(0x165667919E3779F9)
#    define WMBT_XXH3_MIX_2 UINT64_C(0x9FB21C651E98DF25)

#    define WMBT_XXH3_STRIPE_BYTES 64u
#    define WMBT_XXH3_BUFFER_BYTES 256u
#    define WMBT_XXH3_LAST (192u - 64u - 7u) /* where the secret of the last stripe begins */
#    define WMBT_XXH3_MAX_SHORT_BYTES 240u   /* longer input goes by stripes */

/* The default secret, of the specification. */
static const uint8_t wmbt_xxh3_secret[192] = {
    // clang-format off
    0xB8, 0xFE, 0x6C, 0x39, 0x23, 0xA4, 0x4B, 0xBE, 0x7C, 0x01, 0x81, 0x2C, 0xF7, 0x21, 0xAD, 0x1C,
    0xDE, 0xD4, 0x6D, 0xE9, 0x83, 0x90, 0x97, 0xDB, 0x72, 0x40, 0xA4, 0xA4, 0xB7, 0xB3, 0x67, 0x1F,
    0xCB, 0x79, 0xE6, 0x4E, 0xCC, 0xC0, 0xE5, 0x78, 0x82, 0x5A, 0xD0, 0x7D, 0xCC, 0xFF, 0x72, 0x21,
    0xB8, 0x08, 0x46, 0x74, 0xF7, 0x43, 0x24, 0x8E, 0xE0, 0x35, 0x90, 0xE6, 0x81, 0x3A, 0x26, 0x4C,
    0x3C, 0x28, 0x52, 0xBB, 0x91, 0xC3, 0x00, 0xCB, 0x88, 0xD0, 0x65, 0x8B, 0x1B, 0x53, 0x2E, 0xA3,
    0x71, 0x64, 0x48, 0x97, 0xA2, 0x0D, 0xF9, 0x4E, 0x38, 0x19, 0xEF, 0x46, 0xA9, 0xDE, 0xAC, 0xD8,
    0xA8, 0xFA, 0x76, 0x3F, 0xE3, 0x9C, 0x34, 0x3F, 0xF9, 0xDC, 0xBB, 0xC7, 0xC7, 0x0B, 0x4F, 0x1D,
    0x8A, 0x51, 0xE0, 0x4B, 0xCD, 0xB4, 0x59, 0x31, 0xC8, 0x9F, 0x7E, 0xC9, 0xD9, 0x78, 0x73, 0x64,
    0xEA, 0xC5, 0xAC, 0x83, 0x34, 0xD3, 0xEB, 0xC3, 0xC5, 0x81, 0xA0, 0xFF, 0xFA, 0x13, 0x63, 0xEB,
    0x17, 0x0D, 0xDD, 0x51, 0xB7, 0xF0, 0xDA, 0x49, 0xD3, 0x16, 0x55, 0x26, 0x29, 0xD4, 0x68, 0x9E,
    0x2B, 0x16, 0xBE, 0x58, 0x7D, 0x47, 0xA1, 0xFC, 0x8F, 0xF8, 0xB8, 0xD1, 0x7A, 0xD0, 0x31, 0xCE,
    0x45, 0xCB, 0x3A, 0x8F, 0x95, 0x16, 0x04, 0x28, 0xAF, 0xD7, 0xFB, 0xCA, 0xBB, 0x4B, 0x40, 0x7E,
    // clang-format on
};

/* Products: a call where one takes several instructions and text is scarcer than time. */
#    if WMBT_WIDE_REGISTERS || WMBT_CFG_XXH_KERNEL == 2
static inline uint64_t wmbt_xxh3_times(uint64_t a, uint64_t b)
#    else
static WMBT_NOINLINE uint64_t wmbt_xxh3_times(uint64_t a, uint64_t b)
#    endif
{
    return wmbt_mul64(a, b);
}

static WMBT_NOINLINE uint64_t wmbt_xxh3_wide(uint64_t a, uint64_t b, uint64_t *high)
{
    return wmbt_mul64_wide(a, b, high);
}

static uint64_t wmbt_xxh3_fold(uint64_t a, uint64_t b)
{
    uint64_t high;
    uint64_t low = wmbt_xxh3_wide(a, b, &high);
    return low ^ high;
}

static uint32_t wmbt_xxh3_swap32(uint32_t v)
{
    return v << 24 | (v & 0xFF00u) << 8 | (v >> 8 & 0xFF00u) | v >> 24;
}

static uint64_t wmbt_xxh3_swap64(uint64_t v)
{
    return (uint64_t)wmbt_xxh3_swap32((uint32_t)v) << 32 | wmbt_xxh3_swap32((uint32_t)(v >> 32));
}

static uint64_t wmbt_xxh3_secret64(unsigned offset)
{
    return wmbt_load_le64(wmbt_xxh3_secret + offset);
}

/* Words of the secret that only meet in one place. */
static uint64_t wmbt_xxh3_pair(unsigned offset)
{
    return wmbt_xxh3_secret64(offset) ^ wmbt_xxh3_secret64(offset + 8u);
}

static WMBT_NOINLINE uint64_t wmbt_xxh3_avalanche(uint64_t h)
{
    h = wmbt_xxh3_times(h ^ h >> 37, WMBT_XXH3_MIX_1);
    return h ^ h >> 32;
}

/* XXH64's. */
static WMBT_NOINLINE uint64_t wmbt_xxh3_avalanche64(uint64_t h)
{
    h = wmbt_xxh3_times(h ^ h >> 33, WMBT_XXH3_P64_2);
    h = wmbt_xxh3_times(h ^ h >> 29, WMBT_XXH3_P64_3);
    return h ^ h >> 32;
}

static WMBT_NOINLINE uint64_t wmbt_xxh3_mix16(const uint8_t *p, unsigned offset, uint64_t seed)
{
    return wmbt_xxh3_fold(wmbt_load_le64(p) ^ (wmbt_xxh3_secret64(offset) + seed),
                          wmbt_load_le64(p + 8) ^ (wmbt_xxh3_secret64(offset + 8u) - seed));
}

/* --- up to 240 bytes: 64 bits ----------------------------------------------------------------- */

/* 1 to 3 bytes as one number. */
static uint32_t wmbt_xxh3_few(const uint8_t *p, uint32_t n)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[n >> 1] << 24 | p[n - 1u] | n << 8;
}

static uint64_t wmbt_xxh3_seed_4to8(uint64_t seed)
{
    return seed ^ (uint64_t)wmbt_xxh3_swap32((uint32_t)seed) << 32;
}

static uint64_t wmbt_xxh3_64_upto16(const uint8_t *p, uint32_t n, uint64_t seed)
{
    if (n > 8u) {
        uint64_t low = wmbt_load_le64(p) ^ (wmbt_xxh3_pair(24) + seed);
        uint64_t high = wmbt_load_le64(p + n - 8u) ^ (wmbt_xxh3_pair(40) - seed);
        return wmbt_xxh3_avalanche(n + wmbt_xxh3_swap64(low) + high + wmbt_xxh3_fold(low, high));
    }
    if (n >= 4u) {
        uint64_t both = wmbt_load_le32(p + n - 4u) + ((uint64_t)wmbt_load_le32(p) << 32);
        uint64_t h = both ^ (wmbt_xxh3_pair(8) - wmbt_xxh3_seed_4to8(seed));
        h ^= (h << 49 | h >> 15) ^ (h << 24 | h >> 40);
        h = wmbt_xxh3_times(h, WMBT_XXH3_MIX_2);
        h = wmbt_xxh3_times(h ^ ((h >> 35) + n), WMBT_XXH3_MIX_2);
        return h ^ h >> 28;
    }
    if (n != 0u) {
        uint64_t pair = wmbt_load_le32(wmbt_xxh3_secret) ^ wmbt_load_le32(wmbt_xxh3_secret + 4);
        return wmbt_xxh3_avalanche64(wmbt_xxh3_few(p, n) ^ (pair + seed));
    }
    return wmbt_xxh3_avalanche64(seed ^ wmbt_xxh3_pair(56));
}

static uint64_t wmbt_xxh3_64_short(const uint8_t *p, uint32_t n, uint64_t seed)
{
    if (n <= 16u) {
        return wmbt_xxh3_64_upto16(p, n, seed);
    }
    uint64_t h = wmbt_xxh3_times(n, WMBT_XXH3_P64_1);
    if (n <= 128u) { /* pieces of 16 bytes from both ends towards the middle */
        for (uint32_t i = (n - 1u) / 32u + 1u; i-- != 0u;) {
            h += wmbt_xxh3_mix16(p + 16u * i, 32u * i, seed);
            h += wmbt_xxh3_mix16(p + n - 16u * (i + 1u), 32u * i + 16u, seed);
        }
        return wmbt_xxh3_avalanche(h);
    }
    for (uint32_t i = 0; i < n / 16u; i++) {
        h += wmbt_xxh3_mix16(p + 16u * i, i < 8u ? 16u * i : 16u * (i - 8u) + 3u, seed);
        if (i == 7u) {
            h = wmbt_xxh3_avalanche(h);
        }
    }
    return wmbt_xxh3_avalanche(h + wmbt_xxh3_mix16(p + n - 16u, 136u - 17u, seed));
}

/* --- up to 240 bytes: 128 bits, h[0] is the low half ------------------------------------------ */

static void wmbt_xxh3_128_9to16(const uint8_t *p, uint32_t n, uint64_t seed, uint64_t h[2])
{
    uint64_t low = wmbt_load_le64(p), high = wmbt_load_le64(p + n - 8u);
    uint64_t m[2];
    m[0] = wmbt_xxh3_wide(low ^ high ^ (wmbt_xxh3_pair(32) - seed), WMBT_XXH3_P64_1, &m[1]);
    m[0] += (uint64_t)(n - 1u) << 54;
    high ^= wmbt_xxh3_pair(48) + seed;
    m[1] += high + wmbt_mul32_wide((uint32_t)high, WMBT_XXH3_P32_2 - 1u);
    m[0] ^= wmbt_xxh3_swap64(m[1]);
    h[0] = wmbt_xxh3_wide(m[0], WMBT_XXH3_P64_2, &h[1]);
    h[1] += wmbt_xxh3_times(m[1], WMBT_XXH3_P64_2);
    h[0] = wmbt_xxh3_avalanche(h[0]);
    h[1] = wmbt_xxh3_avalanche(h[1]);
}

static void wmbt_xxh3_128_4to8(const uint8_t *p, uint32_t n, uint64_t seed, uint64_t h[2])
{
    uint64_t both = wmbt_load_le32(p) + ((uint64_t)wmbt_load_le32(p + n - 4u) << 32);
    uint64_t keyed = both ^ (wmbt_xxh3_pair(16) + wmbt_xxh3_seed_4to8(seed));
    h[0] = wmbt_xxh3_wide(keyed, WMBT_XXH3_P64_1 + (n << 2), &h[1]);
    h[1] += h[0] << 1;
    h[0] ^= h[1] >> 3;
    h[0] = wmbt_xxh3_times(h[0] ^ h[0] >> 35, WMBT_XXH3_MIX_2);
    h[0] ^= h[0] >> 28;
    h[1] = wmbt_xxh3_avalanche(h[1]);
}

static void wmbt_xxh3_128_upto3(const uint8_t *p, uint32_t n, uint64_t seed, uint64_t h[2])
{
    if (n == 0u) {
        h[0] = wmbt_xxh3_avalanche64(seed ^ wmbt_xxh3_pair(64));
        h[1] = wmbt_xxh3_avalanche64(seed ^ wmbt_xxh3_pair(80));
        return;
    }
    const uint8_t *s = wmbt_xxh3_secret;
    uint32_t few = wmbt_xxh3_few(p, n), turned = wmbt_xxh3_swap32(few);
    turned = turned << 13 | turned >> 19;
    uint64_t flip = wmbt_load_le32(s) ^ wmbt_load_le32(s + 4);
    uint64_t flip2 = wmbt_load_le32(s + 8) ^ wmbt_load_le32(s + 12);
    h[0] = wmbt_xxh3_avalanche64(few ^ (flip + seed));
    h[1] = wmbt_xxh3_avalanche64(turned ^ (flip2 - seed));
}

static void wmbt_xxh3_mix32(uint64_t h[2], const uint8_t *p, const uint8_t *q, unsigned offset,
                            uint64_t seed)
{
    h[0] += wmbt_xxh3_mix16(p, offset, seed);
    h[0] ^= wmbt_load_le64(q) + wmbt_load_le64(q + 8);
    h[1] += wmbt_xxh3_mix16(q, offset + 16u, seed);
    h[1] ^= wmbt_load_le64(p) + wmbt_load_le64(p + 8);
}

static void wmbt_xxh3_128_short(const uint8_t *p, uint32_t n, uint64_t seed, uint64_t h[2])
{
    if (n <= 16u) {
        if (n > 8u) {
            wmbt_xxh3_128_9to16(p, n, seed, h);
        } else if (n >= 4u) {
            wmbt_xxh3_128_4to8(p, n, seed, h);
        } else {
            wmbt_xxh3_128_upto3(p, n, seed, h);
        }
        return;
    }
    h[0] = wmbt_xxh3_times(n, WMBT_XXH3_P64_1);
    h[1] = 0;
    if (n <= 128u) {
        for (uint32_t i = (n - 1u) / 32u + 1u; i-- != 0u;) {
            wmbt_xxh3_mix32(h, p + 16u * i, p + n - 16u * (i + 1u), 32u * i, seed);
        }
    } else {
        for (uint32_t i = 0; i < n / 32u; i++) {
            unsigned offset = i < 4u ? 32u * i : 32u * (i - 4u) + 3u;
            wmbt_xxh3_mix32(h, p + 32u * i, p + 32u * i + 16u, offset, seed);
            if (i == 3u) {
                h[0] = wmbt_xxh3_avalanche(h[0]);
                h[1] = wmbt_xxh3_avalanche(h[1]);
            }
        }
        wmbt_xxh3_mix32(h, p + n - 16u, p + n - 32u, 136u - 17u - 16u, 0u - seed);
    }
    uint64_t low = h[0] + h[1];
    uint64_t high = wmbt_xxh3_times(h[0], WMBT_XXH3_P64_1) +
                    wmbt_xxh3_times(h[1], WMBT_XXH3_P64_4) +
                    wmbt_xxh3_times(n - seed, WMBT_XXH3_P64_2);
    h[0] = wmbt_xxh3_avalanche(low);
    h[1] = 0u - wmbt_xxh3_avalanche(high);
}

/* --- stripes ---------------------------------------------------------------------------------- */

/* A word of the secret as the seed changes it: words at even places by +seed, at odd ones by -seed.
 * The offset is of any alignment. */
static uint64_t wmbt_xxh3_seeded(unsigned offset, uint64_t seed)
{
    uint8_t words[16];
    unsigned word = offset & ~7u;
    uint64_t flip = (word & 8u) != 0u ? 0u - seed : seed;
    wmbt_store_le64(words, wmbt_xxh3_secret64(word) + flip);
    if (word != offset) {
        wmbt_store_le64(words + 8, wmbt_xxh3_secret64(word + 8u) - flip);
    }
    return wmbt_load_le64(words + (offset - word));
}

/* One lane of a stripe. */
static inline void wmbt_xxh3_lane(uint64_t *acc, const uint8_t *p, unsigned i, uint64_t key)
{
    uint64_t value = wmbt_load_le64(p + 8u * i);
    uint64_t keyed = value ^ key;
    acc[i ^ 1u] += value;
    acc[i] += wmbt_mul32_wide((uint32_t)keyed, (uint32_t)(keyed >> 32));
}

/* A stripe with the words of the secret from `offset` on. */
static WMBT_NOINLINE void wmbt_xxh3_stripe(uint64_t acc[8], const uint8_t *p, unsigned offset,
                                           uint64_t seed)
{
    for (unsigned i = 0; i < 8u; i++) {
        wmbt_xxh3_lane(acc, p, i, wmbt_xxh3_seeded(offset + 8u * i, seed));
    }
}

/* `count` stripes, of which the first is number `first` of its block of 16. */
#    if WMBT_CFG_XXH_KERNEL == 1
static void wmbt_xxh3_stripes(uint64_t acc[8], const uint8_t *p, unsigned first, unsigned count,
                              uint64_t seed)
{
    for (unsigned n = 0; n < count; n++) {
        wmbt_xxh3_stripe(acc, p + WMBT_XXH3_STRIPE_BYTES * n, 8u * (first + n), seed);
    }
}
#    else
static WMBT_NOINLINE void wmbt_xxh3_stripes(uint64_t *restrict acc, const uint8_t *restrict p,
                                            unsigned first, unsigned count, uint64_t seed)
{
    uint64_t key[8]; /* for compilers that make vectors of the lanes */
    for (unsigned n = first; n < first + count; n++, p += WMBT_XXH3_STRIPE_BYTES) {
        for (unsigned i = 0; i < 8u; i++) {
            key[i] = wmbt_xxh3_secret64(8u * (n + i)) + (((n + i) & 1u) != 0u ? 0u - seed : seed);
        }
        for (unsigned i = 0; i < 8u; i++) {
            wmbt_xxh3_lane(acc, p, i, key[i]);
        }
    }
}
#    endif

static void wmbt_xxh3_scramble(uint64_t acc[8], uint64_t seed)
{
    for (unsigned i = 0; i < 8u; i++) {
        uint64_t v = acc[i] ^ acc[i] >> 47 ^ wmbt_xxh3_seeded(128u + 8u * i, seed);
        acc[i] = wmbt_xxh3_times(v, WMBT_XXH3_P32_1);
    }
}

/* Four stripes that are followed by more bytes; `before` bytes went before. */
static void wmbt_xxh3_consume(wmbt_xxh3 *x, const uint8_t *p, uint64_t before)
{
    unsigned first = (unsigned)(before / WMBT_XXH3_STRIPE_BYTES) & 15u;
    wmbt_xxh3_stripes(x->acc, p, first, 4, x->seed);
    if (first == 12u) {
        wmbt_xxh3_scramble(x->acc, x->seed);
    }
}

static uint64_t wmbt_xxh3_merge(const uint64_t acc[8], unsigned offset, uint64_t start,
                                uint64_t seed)
{
    for (unsigned i = 0; i < 8u; i += 2u) {
        start += wmbt_xxh3_fold(acc[i] ^ wmbt_xxh3_seeded(offset + 8u * i, seed),
                                acc[i + 1u] ^ wmbt_xxh3_seeded(offset + 8u * i + 8u, seed));
    }
    return wmbt_xxh3_avalanche(start);
}

/* --- the interface ---------------------------------------------------------------------------- */

void wmbt_xxh3_init(wmbt_xxh3 *x, uint64_t seed)
{
    x->total = 0;
    x->seed = seed;
    x->acc[0] = WMBT_XXH3_P32_3;
    x->acc[1] = WMBT_XXH3_P64_1;
    x->acc[2] = WMBT_XXH3_P64_2;
    x->acc[3] = WMBT_XXH3_P64_3;
    x->acc[4] = WMBT_XXH3_P64_4;
    x->acc[5] = WMBT_XXH3_P32_2;
    x->acc[6] = WMBT_XXH3_P64_5;
    x->acc[7] = WMBT_XXH3_P32_1;
}

/* Bytes in the buffer: it is emptied only when more come. */
static uint32_t wmbt_xxh3_buffered(const wmbt_xxh3 *x)
{
    return x->total == 0u ? 0u : (uint32_t)((x->total - 1u) & (WMBT_XXH3_BUFFER_BYTES - 1u)) + 1u;
}

void wmbt_xxh3_update(wmbt_xxh3 *x, wmbt_view bytes)
{
    const uint8_t *p = bytes.data;
    size_t left = p == NULL ? 0u : bytes.len;
    while (left != 0u) {
        size_t fill = wmbt_xxh3_buffered(x), n = WMBT_XXH3_BUFFER_BYTES - fill;
        if (n == 0u) {
            wmbt_xxh3_consume(x, x->buffer, x->total - WMBT_XXH3_BUFFER_BYTES);
            fill = 0;
            n = WMBT_XXH3_BUFFER_BYTES;
#    if WMBT_CFG_XXH_KERNEL == 2 /* whole ones as they lie, the last one by the buffer */
            for (; left > 2u * WMBT_XXH3_BUFFER_BYTES; left -= n, p += n) {
                wmbt_xxh3_consume(x, p, x->total);
                x->total += n;
            }
#    endif
        }
        n = left < n ? left : n;
        wmbt_bytes_copy(x->buffer + fill, p, n);
        x->total += n;
        p += n;
        left -= n;
    }
}

/* What is left in the buffer after stripes were taken from it. */
static void wmbt_xxh3_end(const wmbt_xxh3 *x, uint64_t acc[8])
{
    uint32_t left = wmbt_xxh3_buffered(x);
    unsigned stripes = (left - 1u) / WMBT_XXH3_STRIPE_BYTES;
    unsigned first = (unsigned)((x->total - left) / WMBT_XXH3_STRIPE_BYTES) & 15u;
    for (unsigned i = 0; i < 8u; i++) {
        acc[i] = x->acc[i];
    }
    wmbt_xxh3_stripes(acc, x->buffer, first, stripes, x->seed);
    if (left >= WMBT_XXH3_STRIPE_BYTES) {
        wmbt_xxh3_stripe(acc, x->buffer + left - WMBT_XXH3_STRIPE_BYTES, WMBT_XXH3_LAST, x->seed);
    } else { /* it begins in what went before, which still stands at the buffer's end */
        uint8_t stripe[WMBT_XXH3_STRIPE_BYTES];
        wmbt_bytes_copy(stripe, x->buffer + WMBT_XXH3_BUFFER_BYTES - WMBT_XXH3_STRIPE_BYTES + left,
                        WMBT_XXH3_STRIPE_BYTES - left);
        wmbt_bytes_copy(stripe + WMBT_XXH3_STRIPE_BYTES - left, x->buffer, left);
        wmbt_xxh3_stripe(acc, stripe, WMBT_XXH3_LAST, x->seed);
    }
}

uint64_t wmbt_xxh3_final64(const wmbt_xxh3 *x)
{
    if (x->total <= WMBT_XXH3_MAX_SHORT_BYTES) {
        return wmbt_xxh3_64_short(x->buffer, (uint32_t)x->total, x->seed);
    }
    uint64_t acc[8];
    wmbt_xxh3_end(x, acc);
    return wmbt_xxh3_merge(acc, 11, wmbt_xxh3_times(x->total, WMBT_XXH3_P64_1), x->seed);
}

void wmbt_xxh3_final128(const wmbt_xxh3 *x, uint8_t out[WMBT_XXH3_128_BYTES])
{
    uint64_t h[2];
    if (x->total <= WMBT_XXH3_MAX_SHORT_BYTES) {
        wmbt_xxh3_128_short(x->buffer, (uint32_t)x->total, x->seed, h);
    } else {
        uint64_t acc[8];
        wmbt_xxh3_end(x, acc);
        h[0] = wmbt_xxh3_merge(acc, 11, wmbt_xxh3_times(x->total, WMBT_XXH3_P64_1), x->seed);
        h[1] = wmbt_xxh3_merge(acc, 192u - 64u - 11u, ~wmbt_xxh3_times(x->total, WMBT_XXH3_P64_2),
                               x->seed);
    }
    wmbt_store_le64(out, wmbt_xxh3_swap64(h[1]));
    wmbt_store_le64(out + 8, wmbt_xxh3_swap64(h[0]));
}

uint64_t wmbt_xxh3_once64(wmbt_view bytes, uint64_t seed)
{
    wmbt_xxh3 x;
    wmbt_xxh3_init(&x, seed);
    wmbt_xxh3_update(&x, bytes);
    return wmbt_xxh3_final64(&x);
}

void wmbt_xxh3_once128(wmbt_view bytes, uint64_t seed, uint8_t out[WMBT_XXH3_128_BYTES])
{
    wmbt_xxh3 x;
    wmbt_xxh3_init(&x, seed);
    wmbt_xxh3_update(&x, bytes);
    wmbt_xxh3_final128(&x, out);
}

#endif
