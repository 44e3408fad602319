/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash chains: a hash for each block of a prompt's tokens, which depends on all tokens up to the
 * block's end. Dialects that share no hash; which one a bucket holds must be known.
 *
 *     core    wombatkv-core's chain of raw hashes, by tenant and a fingerprint of 32 bytes; each
 *             block's length is hashed before its tokens
 *     ds4     the ds4 engine's chain of hex texts, by a fingerprint text and the weights' bits
 *     engine  the chain of another engine (vLLM, SGLang, Dynamo, ...), which dialects.h describes;
 *             a program that names none of them links none of their code
 *
 * Blocks of one size: wmbt_chain_push() takes tokens in any split and hands out a hash whenever a
 * block is full. Blocks of different sizes (core only): wmbt_chain_begin_block() announces a block,
 * then come its tokens in any split, then wmbt_chain_end_block(). Tokens are hashed as they come,
 * none is kept. Source of the rules: docs/FORMATS.md, "Hash chains".
 */
#ifndef WOMBATKV_CHAIN_H
#define WOMBATKV_CHAIN_H

#include "wombatkv/blake3.h"
#include "wombatkv/metadata.h"

/* A prompt of the reader names its dialect, also if it brings hashes and there is no chain. */
#if WMBT_CFG_CHAIN || WMBT_CFG_READER

/* Dialects. Values are pinned. */
#    define WMBT_CHAIN_CORE 1u
#    define WMBT_CHAIN_DS4 2u
#    define WMBT_CHAIN_ENGINE 3u /**< another engine's: config.engine says which (dialects.h) */

/** ds4 hashes at most so many blocks of a prompt, as its engine does. */
#    define WMBT_CHAIN_DS4_MAX_BLOCKS 512u

struct wmbt_engine_config; /* dialects.h */

/**
 * What a chain starts from. Zero it first: fields may be added. Views are not kept; an engine's
 * configuration is, with all that it points to, as long as the chain is used.
 */
typedef struct wmbt_chain_config {
    uint32_t dialect;      /**< WMBT_CHAIN_... */
    uint32_t block_tokens; /**< tokens of every block; 0: blocks are announced (not ds4) */
    wmbt_view tenant;      /**< core: UTF-8, may be empty; others: must be empty */
    wmbt_view fingerprint; /**< core: 32 bytes; ds4: text, not empty, no NUL; engine: empty */
    uint32_t quant_bits;   /**< ds4: bits of the routed experts' weights; others: must be 0 */
    const struct wmbt_engine_config *engine; /**< engine: not NULL; others: must be NULL */
} wmbt_chain_config;

#endif

#if WMBT_CFG_CHAIN

WMBT_BEGIN_DECLS

/** Bytes of core's fingerprint. */
#    define WMBT_CHAIN_CORE_FINGERPRINT_BYTES 32u

/** ds4's block_tokens is a multiple of the first, and at most the second. */
#    define WMBT_CHAIN_DS4_BLOCK_STEP 128u
#    define WMBT_CHAIN_DS4_MAX_BLOCK_TOKENS 8192u

/** ds4's seed text, "WMBTBLK1|fingerprint|qBITS|ds4-v1", is at most so long. */
#    define WMBT_CHAIN_DS4_MAX_SEED_BYTES 127u

/** Largest block of any dialect, in tokens. */
#    define WMBT_CHAIN_MAX_BLOCK_TOKENS 0x1FFFFFF0u

/** Alignment of the state's memory. */
#    define WMBT_CHAIN_ALIGN WMBT_MEMORY_ALIGN

/**
 * Bytes of memory of core and ds4 for blocks of up to `max_block_tokens` tokens, a constant
 * expression if that is one: 200 for 128 tokens, 392 for 8,192. Other engines': dialects.h.
 */
#    define WMBT_CHAIN_BYTES(max_block_tokens) \
        (88u + WMBT_BLAKE3_BYTES(64u + 4u * WMBT_U64(max_block_tokens)))

/** A chain under way. A copy of its bytes to aligned memory is a clone. */
typedef struct wmbt_chain wmbt_chain;

/** The dialect of a name ("core", "ds4"), or 0. Engines' names: dialects.h. */
WMBT_API uint32_t wmbt_chain_dialect_from_name(wmbt_view name);

/** The name of core and ds4, else "unknown"; static, NUL-terminated. */
WMBT_API const char *wmbt_chain_dialect_name(uint32_t dialect);

/**
 * Starts a chain in `memory`, which it occupies until it is no longer used; *x is that memory. Work
 * is bounded by the length of the tenant. In this order:
 *
 * bad-argument: NULL with a length; a dialect that is not listed; a field that the dialect does not
 *     use is set; block_tokens against the dialect's rule or above WMBT_CHAIN_MAX_BLOCK_TOKENS;
 *     core: a fingerprint that is not 32 bytes; ds4: an empty fingerprint, quant_bits above 2^31-1;
 * not-representable: ds4: a seed text above WMBT_CHAIN_DS4_MAX_SEED_BYTES (the engine then hashes
 *     no blocks);
 * bad-text: core: the tenant is not UTF-8; ds4: a NUL in the fingerprint;
 * buffer-too-small: less than WMBT_CHAIN_BYTES(block_tokens); buffer-misaligned: not a multiple of
 *     WMBT_CHAIN_ALIGN;
 * too-large: core: a tenant that the memory has no room for. Up to 960 bytes always fit, and
 *     4 x n bytes fit in WMBT_CHAIN_BYTES(n).
 *
 * An engine's: as wmbt_engine_check() (dialects.h), buffer-too-small: less than
 * wmbt_engine_bytes().
 *
 * *x is then unchanged; the memory may be overwritten.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_chain_init(wmbt_buf memory,
                                                     const wmbt_chain_config *config,
                                                     wmbt_chain **x);

/** Starts over at the first block, with the same configuration. */
WMBT_API void wmbt_chain_reset(wmbt_chain *x);

/**
 * Announces a block of `tokens` tokens; 0 is legal for core.
 *
 * bad-state: a block is open; bad-argument: another size than a block_tokens that is not 0 (some
 * engines hash a shorter last block); end: no further block is hashed (ds4 after
 * WMBT_CHAIN_DS4_MAX_BLOCKS, an engine after a shorter block); too-large: more tokens than the
 * memory has room for, or 2^32 - 1 blocks done. The state is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_chain_begin_block(wmbt_chain *x, uint32_t tokens);

/**
 * Takes tokens of the open block, in any split.
 *
 * bad-state: no block is open; bad-argument: NULL with a count, or more tokens than the block still
 * lacks. Nothing is taken then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_chain_add(wmbt_chain *x, const uint32_t *tokens,
                                                    size_t count);

/**
 * Ends the open block and gives its hash. An engine's hash may be shorter than *hash: it stands at
 * the beginning and zeros follow; wmbt_chain_hash_bytes() says how long it is.
 *
 * bad-state: no block is open, or tokens are missing; of vLLM's: bad-argument: `embeds` has no
 * digest for this block; too-large: in a pickle, a text or a parent of 4 GiB or more. *hash and the
 * state are then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_chain_end_block(wmbt_chain *x, wmbt_block_hash *hash);

/**
 * Blocks of one size: takes tokens up to the end of the current block at most, so the work of a
 * call is bounded by block_tokens. *taken says how many; call again with the rest.
 *
 * ok: a block is full, *hash is its hash. Otherwise *hash is unchanged:
 * need-more: all tokens were taken, the block is not full;
 * end: no further block is hashed (see begin_block), nothing was taken;
 * bad-state: block_tokens is 0; bad-argument: NULL with a count; too-large: 2^32 - 1 blocks done.
 * *taken is unchanged by these two bands of errors, 0 with end.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_chain_push(wmbt_chain *x, const uint32_t *tokens,
                                                     size_t count, size_t *taken,
                                                     wmbt_block_hash *hash);

/** What wmbt_chain_push_many() does with one of several chains. */
typedef struct wmbt_chain_step {
    wmbt_chain *chain;      /**< in: each chain stands in one step only */
    const uint32_t *tokens; /**< in */
    size_t count;           /**< in: of tokens */
    size_t taken;           /**< out, as the other two: see wmbt_chain_push() */
    wmbt_block_hash hash;
    wmbt_status status;
} wmbt_chain_step;

/**
 * wmbt_chain_push() for several prompts: status, taken and hash of each step are what that call
 * gives for it. Where kernels for instruction sets are in use (docs/KERNELS.md), steps with all
 * tokens of a block that is not begun are hashed side by side, 16 at once, as long as chains have
 * the same dialect (core or ds4) and a block_tokens of at most 240: eight prompts then take little
 * longer than two. Needs about 5 KB of stack then.
 */
WMBT_API void wmbt_chain_push_many(wmbt_chain_step *step, size_t steps);

/** Blocks done so far. */
WMBT_API uint32_t wmbt_chain_blocks(const wmbt_chain *x);

/** Bytes of this chain's hashes: 32 for core and ds4, 8, 16 or 32 for an engine. */
WMBT_API uint32_t wmbt_chain_hash_bytes(const wmbt_chain *x);

WMBT_END_DECLS

#endif

#endif
