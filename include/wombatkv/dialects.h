/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dialects: the block hashes of other engines, behind the calls of chain.h.
 *
 *     static const wmbt_engine_config engine = {.dialect = &wmbt_dialect_vllm_sha256_cbor};
 *     wmbt_chain_config config = {.dialect = WMBT_CHAIN_ENGINE, .block_tokens = 16,
 *                                 .engine = &engine};
 *     wmbt_chain_init(memory, &config, &chain);      then wmbt_chain_push() and so on
 *
 * Each dialect is a constant of its own: a program that names one links its code and no other's.
 * docs/DIALECTS.md gives every preimage byte by byte, what it identifies and what it does not.
 * A hash is only as good as its preimage: 64-bit hashes that anybody can compute find blocks, they
 * do not prove that a block is the one that was asked for.
 *
 * Source of the rules: docs/DIALECTS.md, with the engine's version beside each.
 */
#ifndef WOMBATKV_DIALECTS_H
#define WOMBATKV_DIALECTS_H

#include "wombatkv/chain.h"

#if WMBT_CFG_DIALECTS

WMBT_BEGIN_DECLS

/** A rule by which an engine hashes its blocks. */
typedef struct wmbt_dialect wmbt_dialect;

/* vLLM. Hashes of 32 bytes (sha256) or 16 (xxhash). The plain names are 0.31 and later; a hash does
 * not tell its version, so keep it with the key. */
extern const wmbt_dialect wmbt_dialect_vllm_sha256_cbor;       /**< "vllm-sha256-cbor" */
extern const wmbt_dialect wmbt_dialect_vllm_xxhash_cbor;       /**< "vllm-xxhash-cbor" */
extern const wmbt_dialect wmbt_dialect_vllm_sha256;            /**< "vllm-sha256", of a pickle */
extern const wmbt_dialect wmbt_dialect_vllm_xxhash;            /**< "vllm-xxhash", of a pickle */
extern const wmbt_dialect wmbt_dialect_vllm_sha256_cbor_v0_30; /**< "vllm-sha256-cbor-0.30" */
extern const wmbt_dialect wmbt_dialect_vllm_xxhash_cbor_v0_30; /**< "vllm-xxhash-cbor-0.30" */
extern const wmbt_dialect wmbt_dialect_vllm_sha256_cbor_v0_28; /**< "vllm-sha256-cbor-0.28" */
extern const wmbt_dialect wmbt_dialect_vllm_xxhash_cbor_v0_28; /**< "vllm-xxhash-cbor-0.28" */
extern const wmbt_dialect wmbt_dialect_vllm_sha256_cbor_v0_18; /**< "vllm-sha256-cbor-0.18" */
extern const wmbt_dialect wmbt_dialect_vllm_xxhash_cbor_v0_18; /**< "vllm-xxhash-cbor-0.18" */

/* SGLang. Hashes of 32 bytes. A bigram block of n tokens reads one token more. The wide ones take
 * tokens of 64 bits (below 2^63), each as two numbers, the low half first; block_tokens counts
 * tokens. The events' chain is what cache events publish. */
extern const wmbt_dialect wmbt_dialect_sglang_hicache;               /**< "sglang-hicache" */
extern const wmbt_dialect wmbt_dialect_sglang_hicache_bigram;        /**< "sglang-hicache-bigram" */
extern const wmbt_dialect wmbt_dialect_sglang_hicache_wide;          /**< "sglang-hicache-wide" */
extern const wmbt_dialect wmbt_dialect_sglang_hicache_bigram_wide;   /**< "...-bigram-wide" */
extern const wmbt_dialect wmbt_dialect_sglang_hicache_v0_5_6;        /**< "sglang-hicache-0.5.6" */
extern const wmbt_dialect wmbt_dialect_sglang_hicache_bigram_v0_5_6; /**< "...-bigram-0.5.6" */
extern const wmbt_dialect wmbt_dialect_sglang_events;                /**< "sglang-events" */
extern const wmbt_dialect wmbt_dialect_sglang_events_bigram;         /**< "sglang-events-bigram" */
extern const wmbt_dialect wmbt_dialect_sglang_events_wide;           /**< "sglang-events-wide" */
extern const wmbt_dialect wmbt_dialect_sglang_events_bigram_wide;    /**< "...-bigram-wide" */

/* Dynamo. Sequence hashes of 8 bytes, or positional lineage hashes (plh) of 16; the block's own
 * hash is wmbt_chain_block_number(). An eagle block of n tokens reads one token more. */
extern const wmbt_dialect wmbt_dialect_dynamo_request_v1_6;      /**< "dynamo-request-1.6" */
extern const wmbt_dialect wmbt_dialect_dynamo_plh_v1_6;          /**< "dynamo-plh-1.6" */
extern const wmbt_dialect wmbt_dialect_dynamo_router_v1_6;       /**< "dynamo-router-1.6" */
extern const wmbt_dialect wmbt_dialect_dynamo_router_eagle_v1_6; /**< "dynamo-router-eagle-1.6" */
extern const wmbt_dialect wmbt_dialect_dynamo_tokens_v1_2;       /**< "dynamo-tokens-1.2" */
extern const wmbt_dialect wmbt_dialect_dynamo_plh_v1_2;          /**< "dynamo-plh-1.2" */

/* LMCache: of its multiprocess mode (mp, 32 bytes), and of its in-process mode (8 bytes). */
extern const wmbt_dialect wmbt_dialect_lmcache_mp_blake3;      /**< "lmcache-mp-blake3" */
extern const wmbt_dialect wmbt_dialect_lmcache_mp_sha256_cbor; /**< "lmcache-mp-sha256-cbor" */
extern const wmbt_dialect wmbt_dialect_lmcache_sha256_cbor;    /**< "lmcache-sha256-cbor" */
extern const wmbt_dialect wmbt_dialect_lmcache_xxhash_cbor;    /**< "lmcache-xxhash-cbor" */

/* llm-d. Keys of 8 bytes. The three last ones are derived from a description: trust them less. */
extern const wmbt_dialect wmbt_dialect_llmd_fnv_cbor;         /**< "llmd-fnv-cbor", from 0.5 on */
extern const wmbt_dialect wmbt_dialect_llmd_sha256_cbor_v0_4; /**< "llmd-sha256-cbor-0.4" */
extern const wmbt_dialect wmbt_dialect_llmd_router_xxh64;     /**< "llmd-router-xxh64" */
extern const wmbt_dialect wmbt_dialect_llmd_router_fnv;       /**< "llmd-router-fnv" */
extern const wmbt_dialect wmbt_dialect_llmd_kvcache_fnv;      /**< "llmd-kvcache-fnv" */

/* Derived from a description, too. AIBrix counts a block in bytes; TensorRT-LLM hashes a shorter
 * last block. Hashes of 8, 32 and 8 bytes. */
extern const wmbt_dialect wmbt_dialect_aibrix_gateway;     /**< "aibrix-gateway" */
extern const wmbt_dialect wmbt_dialect_trtllm_v2;          /**< "trtllm-v2" */
extern const wmbt_dialect wmbt_dialect_mooncake_conductor; /**< "mooncake-conductor" */

/* Kinds of items that a dialect has. */
#    define WMBT_ITEMS_TEXT 1u   /**< a run of tokens with a text: vLLM, llm-d */
#    define WMBT_ITEMS_DIGEST 2u /**< a place with 32 bytes: TensorRT-LLM */
#    define WMBT_ITEMS_RUN 3u    /**< a run with a number: Dynamo's requests */
#    define WMBT_ITEMS_NUMBER 4u /**< a number of the block that a place is in: Dynamo's router */

/** What stands at a place of the prompt instead of text: an image, say. */
typedef struct wmbt_dialect_item {
    uint64_t offset;      /**< its first token, from the prompt's beginning */
    uint64_t length;      /**< tokens, vLLM, llm-d: maybe 0; TensorRT-LLM, Dynamo's router: 0 */
    uint64_t hash;        /**< Dynamo: the item's hash; others: 0 */
    wmbt_view identifier; /**< vLLM, llm-d: UTF-8; TensorRT-LLM: 32 bytes; Dynamo: empty */
} wmbt_dialect_item;

/* Fields of a configuration, as bits. */
#    define WMBT_ENGINE_SEED_TEXT 0x0001u
#    define WMBT_ENGINE_SEED 0x0002u
#    define WMBT_ENGINE_PARENT 0x0004u
#    define WMBT_ENGINE_FIRST_BLOCK 0x0008u
#    define WMBT_ENGINE_LOOKAHEAD 0x0010u
#    define WMBT_ENGINE_MODEL 0x0020u
#    define WMBT_ENGINE_LORA_NAME 0x0040u
#    define WMBT_ENGINE_LORA_PATH 0x0080u
#    define WMBT_ENGINE_LORA_ID 0x0100u
#    define WMBT_ENGINE_SALT 0x0200u
#    define WMBT_ENGINE_SALT_ID 0x0400u
#    define WMBT_ENGINE_EXTRA_KEY 0x0800u
#    define WMBT_ENGINE_ITEMS 0x1000u
#    define WMBT_ENGINE_EMBEDS 0x2000u
#    define WMBT_ENGINE_EXTRAS 0x4000u
#    define WMBT_ENGINE_FIELDS 15u /**< number of them */

/**
 * What another engine's chain starts from. Zero it first: fields may be added, and zero is "not
 * given". A view is given if its data is not NULL: {"", 0} is a text that is there and empty, which
 * some engines tell from one that is not. Text is UTF-8. It stays, with all that it points to,
 * unchanged as long as the chain is used. Which field belongs to which dialect:
 * wmbt_dialect_fields(), and docs/DIALECTS.md.
 */
typedef struct wmbt_engine_config {
    const wmbt_dialect *dialect; /**< not NULL */
    wmbt_view seed_text;         /**< vLLM, LMCache: PYTHONHASHSEED; llm-d: its hash seed */
    uint64_t seed;               /**< AIBrix, Mooncake: the hash's seed; dynamo 1.2: salt hash */
    wmbt_view parent;            /**< what the first block follows instead of the dialect's root */
    uint32_t first_block;        /**< number of the first block; needs `parent` unless 0 */
    uint32_t lookahead;          /**< vLLM: tokens hashed beyond a block, at most ..._MAX_... */
    wmbt_view model;             /**< llm-d: the model's name */
    wmbt_view lora_name;         /**< vLLM, Dynamo */
    wmbt_view lora_path;         /**< vLLM from 0.31 on: with lora_name */
    const uint64_t *lora_id;     /**< TensorRT-LLM */
    wmbt_view salt;              /**< cache salt; Dynamo: salt, or the router's cache namespace */
    const uint64_t *salt_id;     /**< TensorRT-LLM: the salt as a number */
    wmbt_view extra_key;         /**< SGLang */
    const wmbt_dialect_item *items; /**< sorted by offset, not overlapping */
    size_t item_count;
    wmbt_view embeds; /**< vLLM: SHA-256 of each block's prompt embeddings, and of those ahead */
    wmbt_view extras; /**< vLLM CBOR: the extras of every block as CBOR, instead of all others */
} wmbt_engine_config;

/** Most tokens of a lookahead. */
#    define WMBT_ENGINE_MAX_LOOKAHEAD 0xFFFFu

/**
 * Bytes of memory of a chain, a constant expression if the arguments are: for any dialect of this
 * header (lmcache-mp-blake3: blocks of up to 16,384 tokens) that keeps `kept_tokens` tokens. Those
 * are 0, but 1 for bigram and eagle (2 if wide), the lookahead for vLLM's CBOR, and block_tokens
 * plus lookahead for its pickles. wmbt_engine_bytes() says exactly what a configuration takes.
 */
#    define WMBT_ENGINE_BYTES(kept_tokens) (576u + 8u * (((kept_tokens) + 1u) / 2u))

/** Bytes of memory for a configuration that wmbt_engine_check() accepts; block_tokens as there. */
WMBT_API size_t wmbt_engine_bytes(const wmbt_engine_config *config, uint32_t block_tokens);

/**
 * Checks what belongs to which, as wmbt_chain_init() does, and names the field at fault in *field
 * (one of the bits above; 0: the dialect or block_tokens; may be NULL).
 *
 * bad-argument: no dialect; NULL with a length; a field that the dialect does not use is given, or
 *     one is not given that it needs; a field's own rule (docs/DIALECTS.md);
 * bad-text: a text that is not UTF-8;
 * too-large: a lookahead above WMBT_ENGINE_MAX_LOOKAHEAD;
 * as wmbt_dialect_check_items() of a prompt of any length.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_engine_check(const wmbt_engine_config *config,
                                                       uint32_t block_tokens, uint32_t *field);

/**
 * Checks items of a prompt of `total_tokens` tokens (UINT64_MAX: of any length), one after the
 * other and each in this order:
 *
 * bad-argument: NULL with a count or with a length; a dialect without items; an identifier, a hash
 *     or a length that its items do not have;
 * bad-length: Dynamo: a run of no tokens; bad-number: an end above 2^64 - 1;
 * bad-offset: an end beyond the prompt; bad-order: a start before the end of the one before;
 * bad-text: an identifier that is not UTF-8; too-large: 2^32 - 1 items or more.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_dialect_check_items(const wmbt_dialect *dialect,
                                                              const wmbt_dialect_item *items,
                                                              size_t count, uint64_t total_tokens);

/** The name of a field's bit ("seed_text", ...), or "". Static, NUL-terminated. */
WMBT_API const char *wmbt_engine_field_name(uint32_t field);

/** The name of a dialect, static, NUL-terminated. */
WMBT_API const char *wmbt_dialect_name(const wmbt_dialect *dialect);

/** Bytes of a dialect's hashes: 8, 16 or 32. */
WMBT_API uint32_t wmbt_dialect_hash_bytes(const wmbt_dialect *dialect);

/** Fields that may be given, as bits; *needed: those that must be. */
WMBT_API uint32_t wmbt_dialect_fields(const wmbt_dialect *dialect, uint32_t *needed);

/** The kind of items of a dialect, WMBT_ITEMS_..., or 0 if it has none. */
WMBT_API uint32_t wmbt_dialect_items(const wmbt_dialect *dialect);

/** Tokens that a block reads beyond its own: 1 for bigram and eagle, else 0 (a lookahead comes on
 * top). */
WMBT_API uint32_t wmbt_dialect_reads_ahead(const wmbt_dialect *dialect);

/** True if a shorter last block may be announced. */
WMBT_API bool wmbt_dialect_hashes_short_last(const wmbt_dialect *dialect);

/** True if tokens have 64 bits and come as two numbers. */
WMBT_API bool wmbt_dialect_is_wide(const wmbt_dialect *dialect);

/** True if blocks have hashes of their own: wmbt_chain_block_number(). */
WMBT_API bool wmbt_dialect_hashes_blocks(const wmbt_dialect *dialect);

/** True if no published package was run to prove the dialect: it follows a description. */
WMBT_API bool wmbt_dialect_is_derived(const wmbt_dialect *dialect);

/** The dialect number `index`, from 0 in the order above, or NULL. Links all of them. */
WMBT_API const wmbt_dialect *wmbt_dialect_at(size_t index);

/** The dialect of a name, or NULL. Links all of them. */
WMBT_API const wmbt_dialect *wmbt_dialect_from_name(wmbt_view name);

/**
 * What the chain of an engine starts from: vLLM's NONE_HASH, say; the length is that of what its
 * blocks are chained by, 0 if there is none. It lies in the chain's memory.
 */
WMBT_API wmbt_view wmbt_chain_root(const wmbt_chain *x);

/** The last hash as a number, where hashes have 8 bytes (their first byte is the highest); 0 where
 * they are longer or no block is done. */
WMBT_API uint64_t wmbt_chain_number(const wmbt_chain *x);

/** Dynamo and Mooncake: the last block's own hash, which does not depend on the blocks before. */
WMBT_API uint64_t wmbt_chain_block_number(const wmbt_chain *x);

/** Dynamo's salt_hash: the seed of a request's block hashes. */
WMBT_API uint64_t wmbt_chain_salt_hash(const wmbt_chain *x);

WMBT_END_DECLS

#endif

#endif
