/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XXH64: the content checksum of zstd frames (its low 32 bits, seed 0), and the block hash of some
 * engines (dialects.h). Finds accidents, not attackers.
 * Source of the rules: the xxHash specification, "XXH64 algorithm description".
 */
#ifndef WOMBATKV_XXH64_H
#define WOMBATKV_XXH64_H

#include "wombatkv/base.h"

#if WMBT_CFG_XXH64

WMBT_BEGIN_DECLS

/** A hash under way: 72 bytes, no pointers, copyable byte by byte. Keep out of its fields. */
typedef struct wmbt_xxh64 {
    uint64_t total;    /* bytes taken */
    uint64_t acc[4];   /* of the whole blocks */
    uint8_t block[32]; /* the open block */
} wmbt_xxh64;

/** Starts a hash, or starts over. */
WMBT_API void wmbt_xxh64_init(wmbt_xxh64 *x, uint64_t seed);

/** Takes more bytes, in any split. An empty view changes nothing; nor does NULL with a length. */
WMBT_API void wmbt_xxh64_update(wmbt_xxh64 *x, wmbt_view bytes);

/** The hash of the bytes so far. The state is not used up: more can be taken. */
WMBT_API uint64_t wmbt_xxh64_final(const wmbt_xxh64 *x);

/** init, update and final in one call. */
WMBT_API uint64_t wmbt_xxh64_once(wmbt_view bytes, uint64_t seed);

WMBT_END_DECLS

#endif

#endif
