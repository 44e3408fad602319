/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 kernel for RISC-V with Zknh: its four mixing functions are instructions. */
#include "hash/kernel.h"

#if WMBT_CFG_SHA256 && WMBT_SHA256_ZKNH

/* FIPS 180-4, 4.1.2. */
#    define WMBT_ZKNH_FUNCTION(name, instruction)                                 \
        static inline uint32_t name(uint32_t v)                                   \
        {                                                                         \
            unsigned long mixed;                                                  \
            __asm__(instruction " %0, %1" : "=r"(mixed) : "r"((unsigned long)v)); \
            return (uint32_t)mixed;                                               \
        }
WMBT_ZKNH_FUNCTION(wmbt_zknh_sum0, "sha256sum0")
WMBT_ZKNH_FUNCTION(wmbt_zknh_sum1, "sha256sum1")
WMBT_ZKNH_FUNCTION(wmbt_zknh_sig0, "sha256sig0")
WMBT_ZKNH_FUNCTION(wmbt_zknh_sig1, "sha256sig1")

static inline uint32_t wmbt_zknh_load(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

/* One round; instead of moving eight words, the caller turns their names. */
#    define WMBT_ZKNH_ROUND(a, b, c, d, e, f, g, h, t)                      \
        h += wmbt_zknh_sum1(e) + (g ^ (e & (f ^ g))) + k[t] + w[(t) & 15u]; \
        d += h;                                                             \
        h += wmbt_zknh_sum0(a) + ((a & b) | (c & (a | b)))

#    define WMBT_ZKNH_ROUNDS(t)                            \
        WMBT_ZKNH_ROUND(a, b, c, d, e, f, g, h, (t));      \
        WMBT_ZKNH_ROUND(h, a, b, c, d, e, f, g, (t) + 1u); \
        WMBT_ZKNH_ROUND(g, h, a, b, c, d, e, f, (t) + 2u); \
        WMBT_ZKNH_ROUND(f, g, h, a, b, c, d, e, (t) + 3u); \
        WMBT_ZKNH_ROUND(e, f, g, h, a, b, c, d, (t) + 4u); \
        WMBT_ZKNH_ROUND(d, e, f, g, h, a, b, c, (t) + 5u); \
        WMBT_ZKNH_ROUND(c, d, e, f, g, h, a, b, (t) + 6u); \
        WMBT_ZKNH_ROUND(b, c, d, e, f, g, h, a, (t) + 7u)

static void wmbt_zknh_block(uint32_t hash[8], const uint8_t *block)
{
    uint32_t w[16];
    const uint32_t *k = wmbt_sha256_k;
    for (unsigned i = 0; i < 16u; i++) {
        w[i] = wmbt_zknh_load(block + 4u * i);
    }
    uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3];
    uint32_t e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (unsigned t = 0;; k += 16) {
        WMBT_ZKNH_ROUNDS(0u);
        WMBT_ZKNH_ROUNDS(8u);
        t += 16u;
        if (t == 64u) {
            break;
        }
        for (unsigned i = 0; i < 16u; i++) {
            w[i] += wmbt_zknh_sig0(w[(i + 1u) & 15u]) + w[(i + 9u) & 15u] +
                    wmbt_zknh_sig1(w[(i + 14u) & 15u]);
        }
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
    hash[5] += f;
    hash[6] += g;
    hash[7] += h;
}

void wmbt_sha256_zknh(uint32_t hash[8], const uint8_t *blocks, size_t count)
{
    for (; count != 0u; count--, blocks += 64) {
        wmbt_zknh_block(hash, blocks);
    }
}

#endif
