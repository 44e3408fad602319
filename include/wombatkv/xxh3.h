/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XXH3 of 64 and of 128 bits, with a seed and the default secret: the block hash of some engines
 * (dialects.h). Finds accidents, not attackers. Which code computes it is WMBT_CFG_XXH_KERNEL
 * (config.h). Source of the rules: the xxHash specification, "XXH3 algorithm description".
 */
#ifndef WOMBATKV_XXH3_H
#define WOMBATKV_XXH3_H

#include "wombatkv/base.h"

#if WMBT_CFG_XXH3

WMBT_BEGIN_DECLS

#    define WMBT_XXH3_128_BYTES 16u /**< of a hash of 128 bits */

/**
 * A hash under way: 336 bytes, no pointers, copyable byte by byte. Keep out of its fields. Both
 * lengths come from the same state.
 */
typedef struct wmbt_xxh3 {
    uint64_t total;      /* bytes taken */
    uint64_t seed;       /* as given */
    uint64_t acc[8];     /* of the bytes that left the buffer */
    uint8_t buffer[256]; /* the latest 1 to 256 bytes, at its end the last 64 before them */
} wmbt_xxh3;

/** Starts a hash, or starts over. */
WMBT_API void wmbt_xxh3_init(wmbt_xxh3 *x, uint64_t seed);

/** Takes more bytes, in any split. An empty view changes nothing; nor does NULL with a length. */
WMBT_API void wmbt_xxh3_update(wmbt_xxh3 *x, wmbt_view bytes);

/** The hash of 64 bits of the bytes so far. The state is not used up: more can be taken. */
WMBT_API uint64_t wmbt_xxh3_final64(const wmbt_xxh3 *x);

/** The hash of 128 bits in its canonical order: the high half first, each with its highest byte
 * first. */
WMBT_API void wmbt_xxh3_final128(const wmbt_xxh3 *x, uint8_t out[WMBT_XXH3_128_BYTES]);

/** init, update and final64 in one call: 400 bytes of stack. */
WMBT_API uint64_t wmbt_xxh3_once64(wmbt_view bytes, uint64_t seed);

/** init, update and final128 in one call: 400 bytes of stack. */
WMBT_API void wmbt_xxh3_once128(wmbt_view bytes, uint64_t seed, uint8_t out[WMBT_XXH3_128_BYTES]);

WMBT_END_DECLS

#endif

#endif
