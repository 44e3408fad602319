/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of kinds: chains of other engines, driven from a row. */
#ifndef INSPECT_CONFORMANCE_ROWS_H
#define INSPECT_CONFORMANCE_ROWS_H

#include "conformance/kit.h"
#include "wombatkv/dialects.h"
#include "wombatkv/index.h"

/* A hash of a block. */
struct kit_hash {
    uint8_t bytes[32];
    uint64_t block; /* Dynamo: the block's own */
};

/* All hashes of a row's prompt. */
struct kit_hashes {
    struct kit_hash *hash;
    size_t count;
    uint32_t bytes; /* of a hash */
    wmbt_view root;
    uint64_t salt_hash;
};

/*
 * Hashes the full blocks, and with `short_last` what is left as well. block_tokens 0 is one block
 * of all tokens; `ahead` tokens are read beyond a block. A configuration that the library refuses
 * fails the row: the status is what was computed for `column`. False: the row has failed.
 */
bool kit_hash_tokens(struct kit *k, const wmbt_engine_config *config, uint32_t block_tokens,
                     uint32_t ahead, bool short_last, const struct kit_tokens *tokens,
                     const char *column, struct kit_hashes *out);

/* Lists of hashes: hex, decimal numbers, the blocks' own numbers; "empty" without any. */
void kit_expect_hashes(struct kit *k, const char *column, const struct kit_hashes *h);
void kit_expect_numbers(struct kit *k, const char *column, const struct kit_hashes *h);
void kit_expect_block_numbers(struct kit *k, const char *column, const struct kit_hashes *h);

/* How the bytes below a hash become it. */
enum kit_digest { KIT_SHA256, KIT_BLAKE3, KIT_XXH3_128, KIT_XXH3_64, KIT_XXH64, KIT_FNV64 };
struct kit_preimage {
    enum kit_digest digest;
    uint64_t seed;
    uint32_t from; /* first byte of the digest that is the hash's */
    bool of_block; /* Dynamo: of the block's own hash */
};

/*
 * A preimage is compared by its hash: the bytes of the column must have this one. A file may lack
 * the column, and a row may leave it out (none). `preimages` are those of the first two blocks.
 */
void kit_expect_preimage(struct kit *k, const char *column, const struct kit_preimage *how,
                         wmbt_view hash);
void kit_expect_preimages(struct kit *k, const char *column, const struct kit_preimage *how,
                          const struct kit_hashes *h);

uint64_t kit_load_be64(const uint8_t *p);

/* Fields of a list's element, "identifier:offset:length", in order of offset. */
const wmbt_dialect_item *kit_text_items(struct kit *k, const char *column, size_t *count);
/* Hex digests one after the other; {NULL, 0} without any. */
wmbt_view kit_digests(struct kit *k, const char *column);

/* Hex digits of a hash or a model digest; on others the row fails. */
void kit_read_hash(struct kit *k, wmbt_view hex, wmbt_block_hash *hash);
void kit_read_digest(struct kit *k, wmbt_view hex, wmbt_model_digest *digest);

#if WMBT_CFG_INDEX
/* An index in the arena; false: the row has failed. */
bool kit_index(struct kit *k, uint32_t capacity, uint32_t contexts, wmbt_index_writer *w);
#endif

/* Fails the row as not run. */
void kit_unknown(struct kit *k, const char *what);

/* The kinds, in the files of their engines. */
void kit_vllm_request(struct kit *k, const wmbt_dialect *dialect);
void kit_vllm_sha256_cbor(struct kit *k);
void kit_vllm_xxhash_cbor(struct kit *k);
void kit_vllm_pickle(struct kit *k);
void kit_vllm_untagged(struct kit *k);
void kit_vllm_block(struct kit *k);
void kit_vllm_coarse(struct kit *k);
void kit_sglang_hicache(struct kit *k);
void kit_dynamo_request(struct kit *k);
void kit_dynamo_router(struct kit *k);
void kit_dynamo_plh(struct kit *k);
void kit_dynamo_plh_v1_2(struct kit *k);
void kit_dynamo_psh(struct kit *k);
void kit_dynamo_mm_ids(struct kit *k);
void kit_dynamo_tokens_v1_2(struct kit *k);
void kit_mooncake_conductor(struct kit *k);
void kit_mooncake_nvme_kv(struct kit *k);
void kit_lmcache_mp(struct kit *k);
void kit_lmcache_chunk(struct kit *k);
void kit_llmd_cbor_fnv(struct kit *k);
void kit_llmd_cbor_sha256(struct kit *k);
void kit_llmd_router(struct kit *k);
void kit_aibrix_gateway(struct kit *k);
void kit_trtllm_v2(struct kit *k);
void kit_core_chain(struct kit *k);
void kit_daemon_envelope(struct kit *k);
void kit_daemon_batches(struct kit *k);
void kit_daemon_blockops(struct kit *k);
void kit_daemon_wire(struct kit *k);
void kit_format_wal_record(struct kit *k);
void kit_format_wal_batch(struct kit *k);
void kit_store_wal_keys(struct kit *k);
void kit_format_segment(struct kit *k);
void kit_format_segment_range(struct kit *k);
void kit_core_manifest_json(struct kit *k);
void kit_core_delta_json(struct kit *k);
void kit_core_replay(struct kit *k);
void kit_core_facts(struct kit *k);
void kit_core_lookup(struct kit *k);
void kit_node_wbz1(struct kit *k);
void kit_cabi(struct kit *k);
void kit_radix_block_meta(struct kit *k);
void kit_radix_metavalue(struct kit *k);
void kit_radix_metadata_index(struct kit *k);
void kit_radix_residency(struct kit *k);
void kit_radix_key_encoder(struct kit *k);
void kit_radix_guardrail(struct kit *k);
void kit_node_prefetch_score(struct kit *k);
void kit_node_prefetch(struct kit *k);
void kit_node_evict(struct kit *k);

#endif
