/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chain's memory holds, and how chain.c reaches the code of another engine's dialect: by the
 * pointers of its constant, so that a program that names no such constant links none of it.
 */
#ifndef WMBT_SRC_IDENTITY_CHAIN_STATE_H
#define WMBT_SRC_IDENTITY_CHAIN_STATE_H

#include "wombatkv/chain.h"

#if WMBT_CFG_CHAIN

/* core and ds4: BLAKE3's state follows in the same memory. */
struct wmbt_chain {
    uint32_t dialect;
    uint32_t block_tokens; /* 0: announced */
    uint32_t room_tokens;  /* largest block that the hash has room for */
    uint32_t blocks;       /* blocks done */
    uint32_t lacking;      /* tokens that the open block lacks */
    uint32_t open;         /* 1 between begin and end of a block */
    wmbt_block_hash seed;
    wmbt_block_hash parent; /* hash of the block before, or the seed */
};

/*
 * The calls of another engine's dialect. Each is made by the function of chain.h of that name,
 * which has checked the arguments but for what is said here.
 */
typedef struct wmbt_engine_calls {
    wmbt_status (*init)(wmbt_buf memory, const wmbt_chain_config *config, wmbt_chain **x);
    void (*reset)(wmbt_chain *x);
    /* Checks `tokens` itself, and sets what the block lacks. */
    wmbt_status (*begin_block)(wmbt_chain *x, uint32_t tokens);
    /* What the block lacks is set by the caller. */
    void (*add)(wmbt_chain *x, const uint32_t *tokens, size_t count);
    wmbt_status (*end_block)(wmbt_chain *x, wmbt_block_hash *hash);
    /* NULL, or all of wmbt_chain_push(). */
    wmbt_status (*push)(wmbt_chain *x, const uint32_t *tokens, size_t count, size_t *taken,
                        wmbt_block_hash *hash);
} wmbt_engine_calls;

#endif

#endif
