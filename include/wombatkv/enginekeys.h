/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and keys under which other engines keep or publish a block whose hash dialects.h computes.
 * Texts go into a buffer of the caller's; *length says how long they are. They are unchanged on an
 * error: buffer-too-small if there is no room, bad-argument for NULL with a length.
 * Source of the rules: docs/DIALECTS.md, "Keys", with the engine's version beside each.
 */
#ifndef WOMBATKV_ENGINEKEYS_H
#define WOMBATKV_ENGINEKEYS_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_DIALECTS

WMBT_BEGIN_DECLS

/* --- vLLM ------------------------------------------------------------------------------------- */

/** A block's hash with the number of its cache group, highest byte first: 4 bytes more. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_vllm_group_key(wmbt_view hash, uint32_t group,
                                                         wmbt_buf out, size_t *length);

/** Longest hash in a file's name. */
#    define WMBT_VLLM_MAX_HASH_BYTES 64u

/** What stands in the name of a file or an object to which a block is offloaded. */
typedef struct wmbt_vllm_file {
    wmbt_view base; /**< root, model and 12 digits: the folder that has the run's config.json */
    uint32_t rank;
    uint32_t group;
    wmbt_view hash;
} wmbt_vllm_file;

/**
 * base_rRANK/HHH/HH_gGROUP/HASH.bin, HASH in hex, its first digits once more as folders.
 * bad-length: a hash of fewer than 3 bytes or more than WMBT_VLLM_MAX_HASH_BYTES.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_vllm_file_name(const wmbt_vllm_file *file, wmbt_buf out,
                                                         size_t *length);

/** The number that cache events publish of a hash: its last 8 bytes. bad-length: fewer. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_vllm_event_number(wmbt_view hash, uint64_t *number);

/**
 * Coarse blocks that `count` fine ones make, and *scale of them each; a coarse block's hash is that
 * of its last fine one (0.22 and later), or all of them joined (before). bad-argument: the coarse
 * size is no multiple of the fine one, or the fine one is 0.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_vllm_coarse(uint32_t fine_tokens, uint32_t coarse_tokens,
                                                      uint32_t count, uint32_t *scale,
                                                      uint32_t *coarse_count);

/* --- Dynamo ----------------------------------------------------------------------------------- */

/** The hash of a multimodal identifier. missing: an empty one, which has none (*hash is 0). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_dynamo_item_hash(wmbt_view identifier, uint64_t *hash);

/** The token that stands for an item of this hash. */
WMBT_API uint32_t wmbt_dynamo_pad_token(uint64_t hash);

/* --- LMCache, in-process ---------------------------------------------------------------------- */

/** A name and a value that a request was tagged with. */
typedef struct wmbt_lmcache_tag {
    wmbt_view name;
    wmbt_view value;
} wmbt_lmcache_tag;

/** What stands in the key of a chunk. Zero it first: fields may be added. */
typedef struct wmbt_lmcache_key {
    wmbt_view model;
    uint32_t world_size;
    uint32_t worker_id;
    uint64_t chunk_hash;
    wmbt_view dtype;       /**< torch's name, "bfloat16", "float16", ... */
    bool mla;              /**< all workers hold the same: the world size is written as 1 */
    const uint32_t *layer; /**< of one layer only; NULL: of all */
    const wmbt_lmcache_tag *tags;
    size_t tag_count;
} wmbt_lmcache_key;

/** model@world_size@worker_id@hash@dtype[@layer][@name%value]... */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lmcache_key_text(const wmbt_lmcache_key *key,
                                                           wmbt_buf out, size_t *length);

/** The file of a chunk on a local disk: the key's text with '/' as '-', and ".pt". */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lmcache_file_name(const wmbt_lmcache_key *key,
                                                            wmbt_buf out, size_t *length);

/* --- LMCache, multiprocess -------------------------------------------------------------------- */

/** What stands in the key of an object. Zero it first: fields may be added. */
typedef struct wmbt_lmcache_mp_key {
    wmbt_view model; /**< no '@' */
    uint64_t kv_rank;
    uint32_t group;
    uint8_t chunk_hash[32];
    wmbt_view salt; /**< may be empty; at most 128 characters, no '@', '/', '\' and NUL */
} wmbt_lmcache_mp_key;

/**
 * A rank as one number: the four are joined at bits 24, 16, 8 and 0. As upstream does it: one of
 * 256 and more reaches into the next, and the number may have more than 32 bits.
 */
WMBT_API uint64_t wmbt_lmcache_mp_kv_rank(uint32_t world_size, uint32_t global_rank,
                                          uint32_t local_world_size, uint32_t local_rank);

/** The key in S3, and the file's name. bad-text: a model or a salt that upstream refuses. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lmcache_mp_s3_key(const wmbt_lmcache_mp_key *key,
                                                            wmbt_buf out, size_t *length);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lmcache_mp_file_name(const wmbt_lmcache_mp_key *key,
                                                               wmbt_buf out, size_t *length);

/* --- SGLang: read in its source, not run ------------------------------------------------------ */

/** What stands in a page's file name. Zero it first: fields may be added. */
typedef struct wmbt_sglang_file {
    uint8_t hash[32];
    wmbt_view model; /**< '/' is written '-' */
    uint32_t tp_rank, tp_size;
    bool mla;                  /**< without the tensor-parallel rank and size */
    uint32_t pp_rank, pp_size; /**< written if pp_size is above 1 */
    uint32_t cp_rank, cp_size; /**< written if cp_size is above 1 */
} wmbt_sglang_file;

WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sglang_file_name(const wmbt_sglang_file *file,
                                                           wmbt_buf out, size_t *length);

/* --- Mooncake on NVMe key-value devices: derived from a description --------------------------- */

#    define WMBT_MOONCAKE_KEY_BYTES 16u
#    define WMBT_MOONCAKE_VERIFY_BYTES 32u
#    define WMBT_MOONCAKE_SLOTS 64u /**< that upstream tries, one after the other */

/**
 * The key of a device for a logical key: of its root (`chunk` NULL) or of one of its chunks, in a
 * slot. Two logical keys may share one: what lies there is only believed if its verify hash, of 256
 * bits, is that of the logical key.
 *
 * bad-argument: NULL with a length; too-large: a logical key of 2^32 bytes or more.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_mooncake_physical_key(
    wmbt_view logical, uint32_t slot, const uint32_t *chunk, uint8_t out[WMBT_MOONCAKE_KEY_BYTES]);

/** The verify hash of a logical key. Statuses as above. */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_mooncake_verify_hash(wmbt_view logical, uint8_t out[WMBT_MOONCAKE_VERIFY_BYTES]);

WMBT_END_DECLS

#endif

#endif
