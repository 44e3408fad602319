/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XXH64 and XXH3 against Debian's libxxhash: every length from 0 to 5,000 with every class of seed,
 * in one piece and in random pieces, and longer ones around the blocks of 1,024 bytes. FNV-1a of 64
 * bits against its definition.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "wombatkv/fnv1a.h"
#include "wombatkv/xxh3.h"
#include "wombatkv/xxh64.h"

enum { ALL_LENGTHS = 5000, MOST = 300000 };

static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void wrong(const char *what, size_t n, uint64_t seed)
{
    printf("not ok 1 - %s: %zu bytes, seed %" PRIu64 "\n", what, n, seed);
    exit(1);
}

static void check_128(const char *what, const uint8_t got[16], const uint8_t *p, size_t n,
                      uint64_t seed)
{
    XXH128_canonical_t want;
    XXH128_canonicalFromHash(&want, XXH3_128bits_withSeed(p, n, seed));
    if (memcmp(got, want.digest, 16) != 0) {
        wrong(what, n, seed);
    }
}

static void check(const uint8_t *p, size_t n, uint64_t seed)
{
    uint8_t got[16];
    const wmbt_view all = wmbt_view_of(p, n);
    if (wmbt_xxh64_once(all, seed) != XXH64(p, n, seed)) {
        wrong("XXH64", n, seed);
    }
    if (wmbt_xxh3_once64(all, seed) != XXH3_64bits_withSeed(p, n, seed)) {
        wrong("XXH3-64", n, seed);
    }
    wmbt_xxh3_once128(all, seed, got);
    check_128("XXH3-128", got, p, n, seed);

    wmbt_xxh64 x64;
    wmbt_xxh3 x3;
    wmbt_xxh64_init(&x64, seed);
    wmbt_xxh3_init(&x3, seed);
    const size_t most = random64() % 4u == 0u ? n + 1u : 1u + random64() % 600u;
    for (size_t at = 0; at < n;) {
        size_t piece = random64() % (most + 1u);
        piece = piece < n - at ? piece : n - at;
        wmbt_xxh64_update(&x64, wmbt_view_of(p + at, piece));
        wmbt_xxh3_update(&x3, wmbt_view_of(p + at, piece));
        (void)wmbt_xxh3_final64(&x3); /* looking changes nothing */
        at += piece;
    }
    if (wmbt_xxh64_final(&x64) != XXH64(p, n, seed)) {
        wrong("XXH64 in pieces", n, seed);
    }
    if (wmbt_xxh3_final64(&x3) != XXH3_64bits_withSeed(p, n, seed)) {
        wrong("XXH3-64 in pieces", n, seed);
    }
    wmbt_xxh3_final128(&x3, got);
    check_128("XXH3-128 in pieces", got, p, n, seed);
}

static void check_fnv(const uint8_t *p)
{
    uint64_t want = UINT64_C(14695981039346656037);
    for (size_t n = 0; n <= ALL_LENGTHS; n++) {
        size_t cut = n == 0u ? 0u : random64() % n;
        uint64_t got = wmbt_fnv1a64(WMBT_FNV1A64_INIT, wmbt_view_of(p, cut));
        if (wmbt_fnv1a64(got, wmbt_view_of(p + cut, n - cut)) != want) {
            wrong("FNV-1a", n, 0);
        }
        want = (want ^ p[n]) * UINT64_C(1099511628211);
    }
}

int main(void)
{
    /* Zero, one, the fields that a seed is cut into, all bits, those that engines use, any. */
    uint64_t seeds[] = {0,
                        1,
                        2,
                        1337,
                        0xFFFFFFFFu,
                        UINT64_C(0x100000000),
                        UINT64_C(0x8000000000000000),
                        UINT64_MAX,
                        random64(),
                        random64()};
    uint8_t *p = malloc(MOST);
    if (p == NULL) {
        return 1;
    }
    for (size_t i = 0; i < MOST; i++) {
        p[i] = (uint8_t)(random64() >> 23);
    }
    printf("TAP version 13\n1..1\n");
    for (size_t s = 0; s < sizeof seeds / sizeof seeds[0]; s++) {
        for (size_t n = 0; n <= ALL_LENGTHS; n++) {
            check(p + n % 17u, n, seeds[s]);
        }
        for (size_t n = 1024; n + 18u < MOST; n += n / 3u / 1024u * 1024u + 1024u) {
            for (size_t near = n - 1u; near <= n + 1u; near++) {
                check(p + near % 17u, near, seeds[s]);
            }
        }
    }
    check_fnv(p);
    free(p);
    printf("ok 1 - every length, every class of seed\n");
    return 0;
}
