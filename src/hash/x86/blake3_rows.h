/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE3 by rows: a message's state is four vectors of four words, so the four columns of a round
 * are one step. For few messages: one, two or four, each in 128 bits of a vector. Included with
 *
 *   WMBT_ROWS_NAME, WMBT_ROWS_TARGET, WMBT_ROWS_COUNT (messages), WMBT_ROWS_V (vector)
 *   and the operations of that vector: ADD XOR ROTATE SHUFFLE SHUFFLE2 BLEND HIGH SAME LOAD STORE,
 *   and LATE and NOW: the compiler makes no sum across it, and makes it there and not later
 *
 * each as WMBT_ROWS_X, which are undefined again at the end.
 *
 * Before the diagonals, rows a, c and d are turned, not b: b is what a step computes last. Lane j
 * then holds diagonal j - 1, and the words of the second half of the block are kept in that order.
 */

#define WMBT_ROWS_PASTE2(a, b) a##b
#define WMBT_ROWS_PASTE(a, b) WMBT_ROWS_PASTE2(a, b)
#define WMBT_ROWS_FN(name) WMBT_ROWS_PASTE(WMBT_ROWS_NAME, name)

/* The sum without the row b, which is late, is made first: compilers would add b to the word. */
#define WMBT_ROWS_STEP(word, right_d, right_b)                   \
    s->a = WMBT_ROWS_ADD(s->a, word);                            \
    WMBT_ROWS_LATE(s->a);                                        \
    s->a = WMBT_ROWS_ADD(s->a, s->b);                            \
    s->d = WMBT_ROWS_ROTATE(WMBT_ROWS_XOR(s->d, s->a), right_d); \
    s->c = WMBT_ROWS_ADD(s->c, s->d);                            \
    s->b = WMBT_ROWS_ROTATE(WMBT_ROWS_XOR(s->b, s->c), right_b)

typedef struct WMBT_ROWS_FN(_state) {
    WMBT_ROWS_V a, b, c, d;
    WMBT_ROWS_V x0; /* words 0 2 4 6 in a round's order */
    WMBT_ROWS_V x1; /* 1 3 5 7 */
    WMBT_ROWS_V x2; /* 14 8 10 12 */
    WMBT_ROWS_V x3; /* 15 9 11 13 */
} WMBT_ROWS_FN(_state);

/*
 * A round and, unless it is the last, the words in the order of the next one: word i is what was
 * word P(i), P = 2 6 3 10 7 0 4 13 1 11 12 5 9 14 15 8. They are moved between the steps: all at
 * the end they would take the ports that the next round waits for.
 */
WMBT_TARGET(WMBT_ROWS_TARGET)
static inline void WMBT_ROWS_FN(_round)(WMBT_ROWS_FN(_state) * s, bool last)
{
    const WMBT_ROWS_V x0 = s->x0, x1 = s->x1, x2 = s->x2, x3 = s->x3;
    WMBT_ROWS_STEP(x0, 16, 12);
    if (!last) { /* 2 4 3 7 */
        s->x0 = WMBT_ROWS_SHUFFLE2(x0, x1, _MM_SHUFFLE(3, 1, 2, 1));
        WMBT_ROWS_NOW(s->x0);
    }
    WMBT_ROWS_STEP(x1, 8, 7);
    s->a = WMBT_ROWS_SHUFFLE(s->a, _MM_SHUFFLE(2, 1, 0, 3));
    s->c = WMBT_ROWS_SHUFFLE(s->c, _MM_SHUFFLE(0, 3, 2, 1));
    s->d = WMBT_ROWS_SHUFFLE(s->d, _MM_SHUFFLE(1, 0, 3, 2));
    if (!last) { /* 2 3 7 4; 6 0 10 13 */
        s->x0 = WMBT_ROWS_SHUFFLE(s->x0, _MM_SHUFFLE(1, 3, 2, 0));
        s->x1 = WMBT_ROWS_SHUFFLE2(x0, WMBT_ROWS_BLEND(x2, x3), _MM_SHUFFLE(3, 2, 0, 3));
        WMBT_ROWS_NOW(s->x0);
        WMBT_ROWS_NOW(s->x1);
    }
    WMBT_ROWS_STEP(x2, 16, 12);
    if (!last) { /* 6 10 0 13; 15 9 1 12 */
        s->x1 = WMBT_ROWS_SHUFFLE(s->x1, _MM_SHUFFLE(3, 1, 2, 0));
        s->x2 = WMBT_ROWS_SHUFFLE2(x3, WMBT_ROWS_BLEND(x1, x2), _MM_SHUFFLE(3, 0, 1, 0));
        WMBT_ROWS_NOW(s->x1);
        WMBT_ROWS_NOW(s->x2);
    }
    WMBT_ROWS_STEP(x3, 8, 7);
    s->a = WMBT_ROWS_SHUFFLE(s->a, _MM_SHUFFLE(0, 3, 2, 1));
    s->c = WMBT_ROWS_SHUFFLE(s->c, _MM_SHUFFLE(2, 1, 0, 3));
    s->d = WMBT_ROWS_SHUFFLE(s->d, _MM_SHUFFLE(1, 0, 3, 2));
    if (!last) { /* 15 1 12 9; 8 14 11 5, then 8 11 5 14 */
        s->x2 = WMBT_ROWS_SHUFFLE(s->x2, _MM_SHUFFLE(1, 3, 2, 0));
        s->x3 = WMBT_ROWS_SHUFFLE2(x2, WMBT_ROWS_HIGH(x3, x1), _MM_SHUFFLE(1, 0, 0, 1));
        s->x3 = WMBT_ROWS_SHUFFLE(s->x3, _MM_SHUFFLE(1, 3, 2, 0));
    }
}

WMBT_TARGET(WMBT_ROWS_TARGET)
static inline void WMBT_ROWS_FN(_load)(WMBT_ROWS_FN(_state) * s,
                                       const uint8_t *const p[WMBT_ROWS_COUNT], size_t at)
{
    WMBT_ROWS_V m0 = WMBT_ROWS_LOAD(p, at), m4 = WMBT_ROWS_LOAD(p, at + 16u);
    WMBT_ROWS_V m8 = WMBT_ROWS_LOAD(p, at + 32u), m12 = WMBT_ROWS_LOAD(p, at + 48u);
    s->x0 = WMBT_ROWS_SHUFFLE2(m0, m4, _MM_SHUFFLE(2, 0, 2, 0));
    s->x1 = WMBT_ROWS_SHUFFLE2(m0, m4, _MM_SHUFFLE(3, 1, 3, 1));
    s->x2 = WMBT_ROWS_SHUFFLE2(m8, m12, _MM_SHUFFLE(2, 0, 2, 0));
    s->x3 = WMBT_ROWS_SHUFFLE2(m8, m12, _MM_SHUFFLE(3, 1, 3, 1));
    s->x2 = WMBT_ROWS_SHUFFLE(s->x2, _MM_SHUFFLE(2, 1, 0, 3));
    s->x3 = WMBT_ROWS_SHUFFLE(s->x3, _MM_SHUFFLE(2, 1, 0, 3));
}

/* The rows a, b and d and a block become those a and b of the next chaining value. */
WMBT_TARGET(WMBT_ROWS_TARGET)
static inline void WMBT_ROWS_FN(_compress)(WMBT_ROWS_FN(_state) * s)
{
    s->c = WMBT_ROWS_SAME(WMBT_BLAKE3_IV0, WMBT_BLAKE3_IV1, WMBT_BLAKE3_IV2, WMBT_BLAKE3_IV3);
    for (int round = 0; round < 6; round++) {
        WMBT_ROWS_FN(_round)(s, false);
    }
    WMBT_ROWS_FN(_round)(s, true);
    s->a = WMBT_ROWS_XOR(s->a, s->c);
    s->b = WMBT_ROWS_XOR(s->b, s->d);
}

/* Messages `at` to at + used - 1 of the run. */
WMBT_TARGET(WMBT_ROWS_TARGET)
static void WMBT_ROWS_NAME(const wmbt_blake3_run *run, size_t at, size_t used)
{
    WMBT_ROWS_FN(_state) s;
    const uint8_t *p[WMBT_ROWS_COUNT], *kept[WMBT_ROWS_COUNT];
    uint32_t last_row[WMBT_ROWS_COUNT][4]; /* counter, bytes, flags */
    const uint8_t *rows[WMBT_ROWS_COUNT];
    for (size_t i = 0; i < WMBT_ROWS_COUNT; i++) {
        size_t from = at + (i < used ? i : 0u);
        uint64_t counter = run->counter + (run->counts ? from : 0u);
        kept[i] = (const uint8_t *)run->cv[from];
        rows[i] = (const uint8_t *)last_row[i];
        wmbt_x86_store(last_row[i], _mm_set_epi64x(WMBT_BLAKE3_BLOCK_BYTES, (long long)counter));
    }
    const WMBT_ROWS_V plain_row = WMBT_ROWS_LOAD(rows, 0);
    s.a = WMBT_ROWS_LOAD(kept, 0);
    s.b = WMBT_ROWS_LOAD(kept, 16);
    uint32_t flags = run->flags | run->flags_first;
    size_t left = wmbt_blake3_run_blocks(run);
    for (size_t part = 0; part < WMBT_BLAKE3_PARTS; part++) {
        size_t blocks;
        const uint8_t *const *parts = wmbt_blake3_part(run, part, &blocks);
        for (size_t i = 0; i < WMBT_ROWS_COUNT; i++) {
            p[i] = blocks != 0u ? parts[at + (i < used ? i : 0u)] : NULL;
        }
        for (size_t block = 0; block < blocks; block++, left--) {
            WMBT_ROWS_FN(_load)(&s, p, WMBT_BLAKE3_BLOCK_BYTES * block);
            flags |= left == 1u ? run->flags_last : 0u;
            uint32_t short_by = left == 1u ? WMBT_BLAKE3_BLOCK_BYTES - run->last_bytes : 0u;
            s.d = WMBT_ROWS_ADD(plain_row, WMBT_ROWS_SAME(0, 0, 0u - short_by, flags));
            WMBT_ROWS_FN(_compress)(&s);
            flags = run->flags;
        }
    }
    for (size_t i = 0; i < used; i++) {
        WMBT_ROWS_STORE(run->cv[at + i], s.a, i);
        WMBT_ROWS_STORE(run->cv[at + i] + 4, s.b, i);
    }
}

#undef WMBT_ROWS_NAME
#undef WMBT_ROWS_TARGET
#undef WMBT_ROWS_COUNT
#undef WMBT_ROWS_V
#undef WMBT_ROWS_ADD
#undef WMBT_ROWS_XOR
#undef WMBT_ROWS_ROTATE
#undef WMBT_ROWS_SHUFFLE
#undef WMBT_ROWS_SHUFFLE2
#undef WMBT_ROWS_BLEND
#undef WMBT_ROWS_HIGH
#undef WMBT_ROWS_SAME
#undef WMBT_ROWS_LOAD
#undef WMBT_ROWS_STORE
#undef WMBT_ROWS_STEP
#undef WMBT_ROWS_NOW
#undef WMBT_ROWS_LATE
#undef WMBT_ROWS_FN
#undef WMBT_ROWS_PASTE
#undef WMBT_ROWS_PASTE2
