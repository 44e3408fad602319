/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The score of prefetching against the formula in doubles, as upstream computes it: the score of
 * 10^6 random blocks of ages up to 30 days, and the order of as many pairs. Where two doubles
 * differ by no more than 2 units in the last place the order is not asked: two mathematical
 * libraries may disagree there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/prefetch.h"

#define BLOCKS 1000000u

static uint64_t state = 88172645463325252u;

static uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static double formula(uint64_t age, bool is_first, bool is_active)
{
    const double ln2 = 0.693147180559945309417232121458;
    return 1.0 * exp(-(ln2 / 600e9) * (double)age) + 0.3 * (is_first ? 1.0 : 0.0) +
           0.2 * (is_active ? 1.0 : 0.0);
}

/* Ages of all sizes, many of them of one half-life or near another's. */
static uint64_t age_of(uint64_t last)
{
    const uint64_t day = UINT64_C(86400000000000);
    switch (random_number() % 4u) {
    case 0: return random_number() % (30u * day);
    case 1: return random_number() % (day / 2u);
    case 2: return random_number() >> (14u + random_number() % 50u);
    default: return last + random_number() % 5u;
    }
}

int main(void)
{
    wmbt_model_digest active, other;
    uint64_t last = 0, last_want = 0, last_got = 0, exact = 0, asked = 0;
    memset(active.bytes, 1, sizeof active.bytes);
    memset(other.bytes, 2, sizeof other.bytes);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        const uint64_t now = UINT64_C(1700000000000000000);
        wmbt_block_meta meta;
        memset(&meta, 0, sizeof meta);
        uint64_t age = age_of(last);
        bool is_first = random_number() % 2u == 0u, is_active = random_number() % 2u == 0u;
        meta.block_seq = is_first ? 0u : 1u;
        meta.model_digest = is_active ? active : other;
        meta.last_access_ns = now - age;
        uint64_t got = wmbt_prefetch_score(&meta, &active, now);
        uint64_t want = bits_of(formula(age, is_first, is_active));
        exact += got == want ? 1u : 0u;
        if (got - want + 2u > 4u) { /* one in the exponential can become two in a sum */
            (void)fprintf(stderr, "age %llu first %d active %d: %016llx, not %016llx\n",
                          (unsigned long long)age, is_first, is_active, (unsigned long long)got,
                          (unsigned long long)want);
            return 1;
        }
        if (want - last_want + 2u >
            4u) { /* of numbers, the difference is units in the last place */
            asked++;
            if ((want > last_want) != (got > last_got) || got == last_got) {
                (void)fprintf(stderr, "ages %llu and %llu: another order\n",
                              (unsigned long long)last, (unsigned long long)age);
                return 1;
            }
        }
        last = age;
        last_want = want;
        last_got = got;
    }
    if (asked < BLOCKS / 2u || exact < BLOCKS / 100u * 99u) {
        return 1;
    }
    (void)printf("1..1\nok 1 - %llu of %u the same bits, %llu orders\n", (unsigned long long)exact,
                 BLOCKS, (unsigned long long)asked);
    return 0;
}
