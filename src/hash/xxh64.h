/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64 with seed 0: the content checksum of zstd frames (its low 32 bits). */
#ifndef WMBT_SRC_HASH_XXH64_H
#define WMBT_SRC_HASH_XXH64_H

#include "wombatkv/base.h"

#if WMBT_CFG_ZSTD

/* 72 bytes, no pointers, copyable byte by byte. */
typedef struct wmbt_xxh64 {
    uint64_t total;    /* bytes taken */
    uint64_t acc[4];   /* of the whole blocks */
    uint8_t block[32]; /* the open block */
} wmbt_xxh64;

void wmbt_xxh64_init(wmbt_xxh64 *x);

/** Takes more bytes, in any split. {NULL, 0} is fine; NULL with a length is not. */
void wmbt_xxh64_update(wmbt_xxh64 *x, wmbt_view bytes);

/** The hash of the bytes so far; the state is not used up. */
uint64_t wmbt_xxh64_final(const wmbt_xxh64 *x);

#endif

#endif
