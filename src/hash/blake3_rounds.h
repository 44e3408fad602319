/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3's seven rounds, for numbers and for vectors of them. WMBT_BLAKE3_ROTATE(v, right) is
 * defined by who includes this. */
#ifndef WMBT_SRC_HASH_BLAKE3_ROUNDS_H
#define WMBT_SRC_HASH_BLAKE3_ROUNDS_H

#define WMBT_BLAKE3_STEP(a, b, c, d, x, y) \
    a += b + (x);                          \
    d = WMBT_BLAKE3_ROTATE(d ^ a, 16);     \
    c += d;                                \
    b = WMBT_BLAKE3_ROTATE(b ^ c, 12);     \
    a += b + (y);                          \
    d = WMBT_BLAKE3_ROTATE(d ^ a, 8);      \
    c += d;                                \
    b = WMBT_BLAKE3_ROTATE(b ^ c, 7)

/* Columns, then diagonals; the arguments are the words of the block in the round's order. */
#define WMBT_BLAKE3_ROUND(x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb, xc, xd, xe, xf) \
    WMBT_BLAKE3_STEP(v0, v4, v8, vc, x0, x1);                                             \
    WMBT_BLAKE3_STEP(v1, v5, v9, vd, x2, x3);                                             \
    WMBT_BLAKE3_STEP(v2, v6, va, ve, x4, x5);                                             \
    WMBT_BLAKE3_STEP(v3, v7, vb, vf, x6, x7);                                             \
    WMBT_BLAKE3_STEP(v0, v5, va, vf, x8, x9);                                             \
    WMBT_BLAKE3_STEP(v1, v6, vb, vc, xa, xb);                                             \
    WMBT_BLAKE3_STEP(v2, v7, v8, vd, xc, xd);                                             \
    WMBT_BLAKE3_STEP(v3, v4, v9, ve, xe, xf)

/* The same on four columns in step, for vectors: that is the order in which a machine can start
 * them. `b` is late, so it is added last; LATE keeps compilers from adding it to the word first. */
#define WMBT_BLAKE3_ADD4(LATE, b0, b1, b2, b3, x0, x1, x2, x3) \
    v0 += (x0);                                                \
    v1 += (x1);                                                \
    v2 += (x2);                                                \
    v3 += (x3);                                                \
    LATE(v0);                                                  \
    LATE(v1);                                                  \
    LATE(v2);                                                  \
    LATE(v3);                                                  \
    v0 += b0;                                                  \
    v1 += b1;                                                  \
    v2 += b2;                                                  \
    v3 += b3

#define WMBT_BLAKE3_MIX4(a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, right_a, right_b) \
    a0 = WMBT_BLAKE3_ROTATE(a0 ^ v0, right_a);                                             \
    a1 = WMBT_BLAKE3_ROTATE(a1 ^ v1, right_a);                                             \
    a2 = WMBT_BLAKE3_ROTATE(a2 ^ v2, right_a);                                             \
    a3 = WMBT_BLAKE3_ROTATE(a3 ^ v3, right_a);                                             \
    c0 += a0;                                                                              \
    c1 += a1;                                                                              \
    c2 += a2;                                                                              \
    c3 += a3;                                                                              \
    b0 = WMBT_BLAKE3_ROTATE(b0 ^ c0, right_b);                                             \
    b1 = WMBT_BLAKE3_ROTATE(b1 ^ c1, right_b);                                             \
    b2 = WMBT_BLAKE3_ROTATE(b2 ^ c2, right_b);                                             \
    b3 = WMBT_BLAKE3_ROTATE(b3 ^ c3, right_b)

#define WMBT_BLAKE3_ROUND4(LATE, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb, xc, xd, xe, xf) \
    WMBT_BLAKE3_ADD4(LATE, v4, v5, v6, v7, x0, x2, x4, x6);                                      \
    WMBT_BLAKE3_MIX4(vc, vd, ve, vf, v4, v5, v6, v7, v8, v9, va, vb, 16, 12);                    \
    WMBT_BLAKE3_ADD4(LATE, v4, v5, v6, v7, x1, x3, x5, x7);                                      \
    WMBT_BLAKE3_MIX4(vc, vd, ve, vf, v4, v5, v6, v7, v8, v9, va, vb, 8, 7);                      \
    WMBT_BLAKE3_ADD4(LATE, v5, v6, v7, v4, x8, xa, xc, xe);                                      \
    WMBT_BLAKE3_MIX4(vf, vc, vd, ve, v5, v6, v7, v4, va, vb, v8, v9, 16, 12);                    \
    WMBT_BLAKE3_ADD4(LATE, v5, v6, v7, v4, x9, xb, xd, xf);                                      \
    WMBT_BLAKE3_MIX4(vf, vc, vd, ve, v5, v6, v7, v4, va, vb, v8, v9, 8, 7)

/* All seven rounds on variables v0 to vf and m0 to m15, of numbers or of vectors. */
#define WMBT_BLAKE3_ROUNDS()                                                                 \
    WMBT_BLAKE3_ROUND(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15); \
    WMBT_BLAKE3_ROUND(m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, m8); \
    WMBT_BLAKE3_ROUND(m3, m4, m10, m12, m13, m2, m7, m14, m6, m5, m9, m0, m11, m15, m8, m1); \
    WMBT_BLAKE3_ROUND(m10, m7, m12, m9, m14, m3, m13, m15, m4, m0, m11, m2, m5, m8, m1, m6); \
    WMBT_BLAKE3_ROUND(m12, m13, m9, m11, m15, m10, m14, m8, m7, m2, m5, m3, m0, m1, m6, m4); \
    WMBT_BLAKE3_ROUND(m9, m14, m11, m5, m8, m12, m15, m1, m13, m3, m0, m10, m2, m6, m4, m7); \
    WMBT_BLAKE3_ROUND(m11, m15, m5, m0, m1, m9, m8, m6, m14, m10, m2, m12, m3, m4, m7, m13)
#define WMBT_BLAKE3_ROUNDS4(LATE)                                                              \
    WMBT_BLAKE3_ROUND4(LATE, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14,  \
                       m15);                                                                   \
    WMBT_BLAKE3_ROUND4(LATE, m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, \
                       m8);                                                                    \
    WMBT_BLAKE3_ROUND4(LATE, m3, m4, m10, m12, m13, m2, m7, m14, m6, m5, m9, m0, m11, m15, m8, \
                       m1);                                                                    \
    WMBT_BLAKE3_ROUND4(LATE, m10, m7, m12, m9, m14, m3, m13, m15, m4, m0, m11, m2, m5, m8, m1, \
                       m6);                                                                    \
    WMBT_BLAKE3_ROUND4(LATE, m12, m13, m9, m11, m15, m10, m14, m8, m7, m2, m5, m3, m0, m1, m6, \
                       m4);                                                                    \
    WMBT_BLAKE3_ROUND4(LATE, m9, m14, m11, m5, m8, m12, m15, m1, m13, m3, m0, m10, m2, m6, m4, \
                       m7);                                                                    \
    WMBT_BLAKE3_ROUND4(LATE, m11, m15, m5, m0, m1, m9, m8, m6, m14, m10, m2, m12, m3, m4, m7, m13)

#endif
