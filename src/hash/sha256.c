/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, FIPS 180-4, and its portable kernel: rolled, for where what is hashed is small. */
#include "wombatkv/sha256.h"

#include "base/bytes.h"
#include "hash/hmac.h"
#include "hash/kernel.h"

#if WMBT_CFG_SHA256

#    define WMBT_SHA256_BLOCK_BYTES 64u
#    define WMBT_SHA256_LENGTH_AT 56u /* of the length field in the last block */
#    define WMBT_SHA256_LIMIT (UINT64_C(1) << 61)

/* FIPS 180-4, 4.2.2. */
const uint32_t wmbt_sha256_k[64] = {
    0x428A2F98u, 0x71374491u, 0xB5C0FBCFu, 0xE9B5DBA5u, 0x3956C25Bu, 0x59F111F1u, 0x923F82A4u,
    0xAB1C5ED5u, 0xD807AA98u, 0x12835B01u, 0x243185BEu, 0x550C7DC3u, 0x72BE5D74u, 0x80DEB1FEu,
    0x9BDC06A7u, 0xC19BF174u, 0xE49B69C1u, 0xEFBE4786u, 0x0FC19DC6u, 0x240CA1CCu, 0x2DE92C6Fu,
    0x4A7484AAu, 0x5CB0A9DCu, 0x76F988DAu, 0x983E5152u, 0xA831C66Du, 0xB00327C8u, 0xBF597FC7u,
    0xC6E00BF3u, 0xD5A79147u, 0x06CA6351u, 0x14292967u, 0x27B70A85u, 0x2E1B2138u, 0x4D2C6DFCu,
    0x53380D13u, 0x650A7354u, 0x766A0ABBu, 0x81C2C92Eu, 0x92722C85u, 0xA2BFE8A1u, 0xA81A664Bu,
    0xC24B8B70u, 0xC76C51A3u, 0xD192E819u, 0xD6990624u, 0xF40E3585u, 0x106AA070u, 0x19A4C116u,
    0x1E376C08u, 0x2748774Cu, 0x34B0BCB5u, 0x391C0CB3u, 0x4ED8AA4Au, 0x5B9CCA4Fu, 0x682E6FF3u,
    0x748F82EEu, 0x78A5636Fu, 0x84C87814u, 0x8CC70208u, 0x90BEFFFAu, 0xA4506CEBu, 0xBEF9A3F7u,
    0xC67178F2u,
};

/* 5.3.3. */
static const uint32_t wmbt_sha256_start[8] = {
    0x6A09E667u, 0xBB67AE85u, 0x3C6EF372u, 0xA54FF53Au,
    0x510E527Fu, 0x9B05688Cu, 0x1F83D9ABu, 0x5BE0CD19u,
};

static inline void wmbt_sha256_store(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void wmbt_sha256_copy(uint32_t to[8], const uint32_t from[8])
{
#    if defined(WMBT_SHA256_KERNEL) && (WMBT_ON_X86 || WMBT_ON_AARCH64)
    /* As kernels load it: a load waits for stores that are narrower than it. */
    typedef uint32_t any __attribute__((__vector_size__(16), __aligned__(4), __may_alias__));
    *(any *)(void *)to = *(const any *)(const void *)from;
    *(any *)(void *)(to + 4) = *(const any *)(const void *)(from + 4);
#    else
    wmbt_bytes_copy((uint8_t *)to, (const uint8_t *)from, 32);
#    endif
}

#    if !defined(WMBT_SHA256_KERNEL) || WMBT_CFG_DISPATCH

static inline uint32_t wmbt_sha256_rotate(uint32_t v, unsigned right)
{
    return v >> right | v << (32u - right);
}

static inline uint32_t wmbt_sha256_load(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

/* The schedule's word t, which takes the place of word t - 16 (6.2.2, step 1). */
static inline uint32_t wmbt_sha256_extend(uint32_t w[16], unsigned t)
{
    uint32_t w15 = w[(t + 1u) & 15u];
    uint32_t w2 = w[(t + 14u) & 15u];
    uint32_t s0 = wmbt_sha256_rotate(w15, 7) ^ wmbt_sha256_rotate(w15, 18) ^ w15 >> 3;
    uint32_t s1 = wmbt_sha256_rotate(w2, 17) ^ wmbt_sha256_rotate(w2, 19) ^ w2 >> 10;
    w[t & 15u] += s0 + w[(t + 9u) & 15u] + s1;
    return w[t & 15u];
}

static void wmbt_sha256_block(uint32_t hash[8], const uint8_t *block)
{
    uint32_t w[16];
    for (unsigned t = 0; t < 16u; t++) {
        w[t] = wmbt_sha256_load(block + 4u * t);
    }
    uint32_t s[8]; /* a to h */
    wmbt_sha256_copy(s, hash);
    for (unsigned t = 0; t < 64u; t++) {
        uint32_t word = t < 16u ? w[t] : wmbt_sha256_extend(w, t);
        uint32_t a = s[0], e = s[4];
        uint32_t s1 =
            wmbt_sha256_rotate(e, 6) ^ wmbt_sha256_rotate(e, 11) ^ wmbt_sha256_rotate(e, 25);
        uint32_t t1 = s[7] + s1 + (s[6] ^ (e & (s[5] ^ s[6]))) + wmbt_sha256_k[t] + word;
        uint32_t s0 =
            wmbt_sha256_rotate(a, 2) ^ wmbt_sha256_rotate(a, 13) ^ wmbt_sha256_rotate(a, 22);
        uint32_t t2 = s0 + ((a & s[1]) | (s[2] & (a | s[1])));
        s[7] = s[6];
        s[6] = s[5];
        s[5] = e;
        s[4] = s[3] + t1;
        s[3] = s[2];
        s[2] = s[1];
        s[1] = a;
        s[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8u; i++) {
        hash[i] += s[i];
    }
}

#    endif

#    if WMBT_CFG_DISPATCH
void wmbt_sha256_rolled(uint32_t hash[8], const uint8_t *blocks, size_t count)
{
    for (; count != 0u; count--, blocks += WMBT_SHA256_BLOCK_BYTES) {
        wmbt_sha256_block(hash, blocks);
    }
}
#    endif

#    ifdef WMBT_SHA256_KERNEL
#        define WMBT_SHA256_TAKE(hash, block) WMBT_SHA256_KERNEL(hash, block, 1)
#    else
#        define WMBT_SHA256_TAKE(hash, block) wmbt_sha256_block(hash, block)
#    endif

void wmbt_sha256_init(wmbt_sha256 *x)
{
    x->total = 0;
    wmbt_sha256_copy(x->h, wmbt_sha256_start);
}

wmbt_status wmbt_sha256_update(wmbt_sha256 *x, wmbt_view bytes)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (bytes.len >= WMBT_SHA256_LIMIT - x->total) {
        return WMBT_TOO_LARGE;
    }
    const uint8_t *p = bytes.data;
    size_t left = bytes.len;
    size_t fill = (size_t)(x->total & (WMBT_SHA256_BLOCK_BYTES - 1u));
    x->total += left;
    if (fill != 0u) {
        size_t room = WMBT_SHA256_BLOCK_BYTES - fill;
        size_t n = left < room ? left : room;
        wmbt_bytes_copy(x->block + fill, p, n);
        if (n < room) {
            return WMBT_OK;
        }
        WMBT_SHA256_TAKE(x->h, x->block);
        p += n;
        left -= n;
    }
#    ifdef WMBT_SHA256_KERNEL
    if (left >= WMBT_SHA256_BLOCK_BYTES) {
        WMBT_SHA256_KERNEL(x->h, p, left / WMBT_SHA256_BLOCK_BYTES);
        p += left & ~(size_t)(WMBT_SHA256_BLOCK_BYTES - 1u);
        left &= WMBT_SHA256_BLOCK_BYTES - 1u;
    }
#    else
    for (; left >= WMBT_SHA256_BLOCK_BYTES; left -= WMBT_SHA256_BLOCK_BYTES) {
        wmbt_sha256_block(x->h, p);
        p += WMBT_SHA256_BLOCK_BYTES;
    }
#    endif
    wmbt_bytes_copy(x->block, p, left);
    return WMBT_OK;
}

void wmbt_sha256_take_block(wmbt_sha256 *x)
{
    x->total += WMBT_SHA256_BLOCK_BYTES;
    WMBT_SHA256_TAKE(x->h, x->block);
}

void wmbt_sha256_finish(wmbt_sha256 *x, uint8_t out[WMBT_SHA256_DIGEST_BYTES])
{
    size_t fill = (size_t)(x->total & (WMBT_SHA256_BLOCK_BYTES - 1u));
    x->block[fill++] = 0x80;
    wmbt_bytes_fill(x->block + fill, 0, WMBT_SHA256_BLOCK_BYTES - fill);
    if (fill > WMBT_SHA256_LENGTH_AT) {
        WMBT_SHA256_TAKE(x->h, x->block);
        wmbt_bytes_fill(x->block, 0, WMBT_SHA256_LENGTH_AT);
    }
    uint64_t bits = x->total << 3;
    wmbt_sha256_store(x->block + WMBT_SHA256_LENGTH_AT, (uint32_t)(bits >> 32));
    wmbt_sha256_store(x->block + WMBT_SHA256_LENGTH_AT + 4u, (uint32_t)bits);
    WMBT_SHA256_TAKE(x->h, x->block);
    for (unsigned i = 0; i < 8u; i++) {
        uint32_t word = x->h[i];
        WMBT_HIDE_NUMBER(word); /* or all words are taken apart in vectors */
        wmbt_sha256_store(out + 4u * i, word);
    }
}

void wmbt_sha256_final(const wmbt_sha256 *x, uint8_t out[WMBT_SHA256_DIGEST_BYTES])
{
    wmbt_sha256 copy;
    copy.total = x->total;
    wmbt_sha256_copy(copy.h, x->h);
    wmbt_bytes_copy(copy.block, x->block, (size_t)(x->total & (WMBT_SHA256_BLOCK_BYTES - 1u)));
    wmbt_sha256_finish(&copy, out);
}

wmbt_status wmbt_sha256_once(wmbt_view bytes, uint8_t out[WMBT_SHA256_DIGEST_BYTES])
{
    wmbt_sha256 x;
    wmbt_sha256_init(&x);
    wmbt_status status = wmbt_sha256_update(&x, bytes);
    if (status == WMBT_OK) {
        wmbt_sha256_finish(&x, out);
    }
    return status;
}

#endif
