/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE3 by lanes: a vector holds one word of each of 4, 8 or 16 messages. Included with
 *
 *   WMBT_LANES_NAME, WMBT_LANES_TARGET, WMBT_LANES_COUNT (messages), WMBT_LANES_V (a vector of the
 *   intrinsics), WMBT_LANES_N (the same as a vector of numbers), WMBT_LANES_LOW32, _HIGH32, _LOW64,
 *   _HIGH64 (unpacking), WMBT_LANES_LOAD(p, at): 16 bytes of every fourth message,
 *   WMBT_LANES_STORE(p, v, group), WMBT_LANES_LATE(v): hides from the compiler how v was made,
 *   WMBT_BLAKE3_ROTATE
 *
 * which are undefined again at the end. Message 4 x g + i is lane i of the 128 bits number g.
 */

#define WMBT_LANES_PASTE2(a, b) a##b
#define WMBT_LANES_PASTE(a, b) WMBT_LANES_PASTE2(a, b)
#define WMBT_LANES_FN(name) WMBT_LANES_PASTE(WMBT_LANES_NAME, name)

typedef WMBT_LANES_N WMBT_LANES_FN(_any) __attribute__((__may_alias__, __aligned__(4)));

/* Rows of four words of a message become vectors of a word, in each 128 bits, and back again. */
WMBT_LANES_TARGET
static inline void WMBT_LANES_FN(_turn)(WMBT_LANES_N m[4])
{
    WMBT_LANES_V low01 = WMBT_LANES_LOW32((WMBT_LANES_V)m[0], (WMBT_LANES_V)m[1]);
    WMBT_LANES_V low23 = WMBT_LANES_LOW32((WMBT_LANES_V)m[2], (WMBT_LANES_V)m[3]);
    WMBT_LANES_V high01 = WMBT_LANES_HIGH32((WMBT_LANES_V)m[0], (WMBT_LANES_V)m[1]);
    WMBT_LANES_V high23 = WMBT_LANES_HIGH32((WMBT_LANES_V)m[2], (WMBT_LANES_V)m[3]);
    m[0] = (WMBT_LANES_N)WMBT_LANES_LOW64(low01, low23);
    m[1] = (WMBT_LANES_N)WMBT_LANES_HIGH64(low01, low23);
    m[2] = (WMBT_LANES_N)WMBT_LANES_LOW64(high01, high23);
    m[3] = (WMBT_LANES_N)WMBT_LANES_HIGH64(high01, high23);
}

/* Four words of each message. */
WMBT_LANES_TARGET
static inline void WMBT_LANES_FN(_load)(WMBT_LANES_N m[4], const uint8_t *const p[WMBT_LANES_COUNT],
                                        size_t at)
{
    m[0] = (WMBT_LANES_N)WMBT_LANES_LOAD(p, at);
    m[1] = (WMBT_LANES_N)WMBT_LANES_LOAD(p + 1, at);
    m[2] = (WMBT_LANES_N)WMBT_LANES_LOAD(p + 2, at);
    m[3] = (WMBT_LANES_N)WMBT_LANES_LOAD(p + 3, at);
    WMBT_LANES_FN(_turn)(m);
}

WMBT_LANES_TARGET
static inline WMBT_LANES_N WMBT_LANES_FN(_same)(uint32_t word)
{
    return (WMBT_LANES_N){0} + word;
}

/* One block of each message. */
WMBT_LANES_TARGET
static inline void WMBT_LANES_FN(_block)(WMBT_LANES_N cv[8],
                                         const uint8_t *const p[WMBT_LANES_COUNT], size_t at,
                                         const WMBT_LANES_N counter[2], uint32_t bytes,
                                         uint32_t flags)
{
    WMBT_LANES_N m[16];
    WMBT_LANES_FN(_load)(m, p, at);
    WMBT_LANES_FN(_load)(m + 4, p, at + 16u);
    WMBT_LANES_FN(_load)(m + 8, p, at + 32u);
    WMBT_LANES_FN(_load)(m + 12, p, at + 48u);
    const WMBT_LANES_N m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3], m4 = m[4], m5 = m[5];
    const WMBT_LANES_N m6 = m[6], m7 = m[7], m8 = m[8], m9 = m[9], m10 = m[10], m11 = m[11];
    const WMBT_LANES_N m12 = m[12], m13 = m[13], m14 = m[14], m15 = m[15];
    WMBT_LANES_N v0 = cv[0], v1 = cv[1], v2 = cv[2], v3 = cv[3];
    WMBT_LANES_N v4 = cv[4], v5 = cv[5], v6 = cv[6], v7 = cv[7];
    WMBT_LANES_N v8 = WMBT_LANES_FN(_same)(WMBT_BLAKE3_IV0);
    WMBT_LANES_N v9 = WMBT_LANES_FN(_same)(WMBT_BLAKE3_IV1);
    WMBT_LANES_N va = WMBT_LANES_FN(_same)(WMBT_BLAKE3_IV2);
    WMBT_LANES_N vb = WMBT_LANES_FN(_same)(WMBT_BLAKE3_IV3);
    WMBT_LANES_N vc = counter[0], vd = counter[1];
    WMBT_LANES_N ve = WMBT_LANES_FN(_same)(bytes), vf = WMBT_LANES_FN(_same)(flags);
    WMBT_BLAKE3_ROUNDS4(WMBT_LANES_LATE);
    cv[0] = v0 ^ v8;
    cv[1] = v1 ^ v9;
    cv[2] = v2 ^ va;
    cv[3] = v3 ^ vb;
    cv[4] = v4 ^ vc;
    cv[5] = v5 ^ vd;
    cv[6] = v6 ^ ve;
    cv[7] = v7 ^ vf;
}

/* Messages `at` to at + used - 1 of the run. */
WMBT_LANES_TARGET
static void WMBT_LANES_NAME(const wmbt_blake3_run *run, size_t at, size_t used)
{
    const uint8_t *p[WMBT_LANES_COUNT], *kept[WMBT_LANES_COUNT];
    uint32_t low[WMBT_LANES_COUNT], high[WMBT_LANES_COUNT];
    WMBT_LANES_N cv[8], counter[2];
    for (size_t i = 0; i < WMBT_LANES_COUNT; i++) {
        size_t from = at + (i < used ? i : 0u);
        uint64_t number = run->counter + (run->counts ? from : 0u);
        kept[i] = (const uint8_t *)run->cv[from];
        low[i] = (uint32_t)number;
        high[i] = (uint32_t)(number >> 32);
    }
    counter[0] = *(const WMBT_LANES_FN(_any) *)(const void *)low;
    counter[1] = *(const WMBT_LANES_FN(_any) *)(const void *)high;
    WMBT_LANES_FN(_load)(cv, kept, 0);
    WMBT_LANES_FN(_load)(cv + 4, kept, 16);
    uint32_t flags = run->flags | run->flags_first;
    size_t left = wmbt_blake3_run_blocks(run);
    for (size_t part = 0; part < WMBT_BLAKE3_PARTS; part++) {
        size_t blocks;
        const uint8_t *const *parts = wmbt_blake3_part(run, part, &blocks);
        for (size_t i = 0; i < WMBT_LANES_COUNT && blocks != 0u; i++) {
            p[i] = parts[at + (i < used ? i : 0u)];
        }
        for (size_t block = 0; block < blocks; block++, left--) {
            WMBT_LANES_FN(_block)(cv, p, WMBT_BLAKE3_BLOCK_BYTES * block, counter,
                                  left == 1u ? run->last_bytes : WMBT_BLAKE3_BLOCK_BYTES,
                                  flags | (left == 1u ? run->flags_last : 0u));
            flags = run->flags;
        }
    }
    WMBT_LANES_FN(_turn)(cv);
    WMBT_LANES_FN(_turn)(cv + 4);
    for (size_t i = 0; i < used; i++) {
        WMBT_LANES_STORE(run->cv[at + i], cv[i & 3u], i >> 2);
        WMBT_LANES_STORE(run->cv[at + i] + 4, cv[4u + (i & 3u)], i >> 2);
    }
}

#undef WMBT_LANES_NAME
#undef WMBT_LANES_TARGET
#undef WMBT_LANES_COUNT
#undef WMBT_LANES_V
#undef WMBT_LANES_N
#undef WMBT_LANES_LOW32
#undef WMBT_LANES_HIGH32
#undef WMBT_LANES_LOW64
#undef WMBT_LANES_HIGH64
#undef WMBT_LANES_LOAD
#undef WMBT_LANES_STORE
#undef WMBT_LANES_LATE
#undef WMBT_LANES_FN
#undef WMBT_LANES_PASTE
#undef WMBT_LANES_PASTE2
