/* SPDX-License-Identifier: Apache-2.0 */
/* All kinds of golden files. docs/CONFORMANCE.md describes their columns. */
#include "conformance/rows.h"

#define VLLM_COLUMNS "seed block_size tokens lora_name cache_salt mm embeds none_hash hashes"

const struct kit_kind kit_kinds[] = {
    {"vllm_sha256_cbor", VLLM_COLUMNS " lora_path lookahead", kit_vllm_sha256_cbor},
    {"vllm_xxhash_cbor", VLLM_COLUMNS " lora_path lookahead", kit_vllm_xxhash_cbor},
    {"vllm_pickle", VLLM_COLUMNS " lora_path lookahead hash", kit_vllm_pickle},
    {"vllm_untagged", VLLM_COLUMNS " version hash", kit_vllm_untagged},
    {"vllm_block",
     "hash seed none_hash parent tokens extras_cbor digest group_id group_key event_u64",
     kit_vllm_block},
    {"vllm_coarse", "version hash_block_size target_block_size hashes length coarse_hashes",
     kit_vllm_coarse},
    {"sglang_hicache",
     "form page_size tokens prior extra_key cache_salt seed hashes event_hashes event_i64",
     kit_sglang_hicache},
    {"dynamo_request",
     "block_size tokens lora_name salt mm outcome salt_hash block_hashes sequence_hashes plh",
     kit_dynamo_request},
    {"dynamo_router",
     "block_size tokens lora_name cache_namespace eagle mm seed local_hashes sequence_hashes",
     kit_dynamo_router},
    {"dynamo_plh",
     "current parent position child_block_hash plh mode got_position got_current parent_fragment "
     "text extended child_fragment",
     kit_dynamo_plh},
    {"dynamo_plh_v1_2", "current parent position plh mode got_position current_part parent_part",
     kit_dynamo_plh_v1_2},
    {"dynamo_psh",
     "sequence_hash position block_hash psh mode got_position got_sequence_hash got_block_hash",
     kit_dynamo_psh},
    {"dynamo_mm_ids", "identifier mm_hash pad_value", kit_dynamo_mm_ids},
    {"dynamo_tokens_v1_2", "block_size tokens salt_hash block_hashes sequence_hashes plh",
     kit_dynamo_tokens_v1_2},
    {"lmcache_mp",
     "hash seed chunk_size tokens prefix start end model kv_rank_of group salt none_hash hashes "
     "key_outcome s3_key fs_name",
     kit_lmcache_mp},
    {"lmcache_chunk",
     "hash seed chunk_size save_unfull tokens model world_size worker_id dtype mla tags none_hash "
     "hashes keys layer_key",
     kit_lmcache_chunk},
    {"llmd_cbor_fnv", "hash_seed block_size tokens model parent seed_hash root keys root_preimage",
     kit_llmd_cbor_fnv},
    {"llmd_cbor_sha256", "hash_seed block_size tokens root keys", kit_llmd_cbor_sha256},
    {"llmd_router_derived", "form hash_seed model parent block_size tokens mm seed_hash root keys",
     kit_llmd_router},
    {"aibrix_gateway_derived", "seed block_bytes tokens hashes", kit_aibrix_gateway},
    {"trtllm_v2_derived", "tokens_per_block tokens lora_id salt mm root keys", kit_trtllm_v2},
    {"mooncake_conductor_derived", "seed block_size tokens local_hashes sequence_hashes",
     kit_mooncake_conductor},
    {"mooncake_nvme_kv_derived", "logical_key slot chunk physical_key verify_hash",
     kit_mooncake_nvme_kv},
#if WMBT_CFG_CHAIN
    {"core_chain", "tenant_hex fingerprint_hex token_seed block_lens tokens_hex hashes",
     kit_core_chain},
#endif
#if WMBT_CFG_ENVELOPE && WMBT_CFG_WRITERS
    {"daemon_envelope", "op wire_hex body_hex outcome crc len", kit_daemon_envelope},
#endif
#if WMBT_CFG_RPC && WMBT_CFG_WRITERS
    {"daemon_batches", "kind op wire_hex outcome items", kit_daemon_batches},
    {"daemon_wire", "kind op wire_hex outcome id op_code status text1_hex text2_hex payload_hex",
     kit_daemon_wire},
    {"daemon_blockops", "kind op wire_hex outcome namespace_hex hashes payloads number error_hex",
     kit_daemon_blockops},
    {"daemon_blockops_mutants",
     "kind op wire_hex outcome namespace_hex hashes payloads number error_hex",
     kit_daemon_blockops},
#endif
#if WMBT_CFG_WAL && WMBT_CFG_WRITERS
    {"format_wal_record", "op wire_hex outcome key_hex meta_hex payload_hex",
     kit_format_wal_record},
#endif
#if WMBT_CFG_RESIDENCY && WMBT_CFG_PREFETCH && WMBT_CFG_EVICT
    {"radix_key_encoder", "op fingerprint_hex block_index depths keys", kit_radix_key_encoder},
    {"radix_guardrail", "host reserved pct overhead count budget entry_bytes index_bytes",
     kit_radix_guardrail},
    {"node_prefetch_score",
     "block_seq last_access_ns model_digest_hex now_ns active_digest_hex score_bits",
     kit_node_prefetch_score},
    {"node_prefetch", "top_k active_digest_hex entries scored selected", kit_node_prefetch},
    {"node_evict",
     "budget entries script scanned total over freed bytes skipped failures deleted remaining",
     kit_node_evict},
#endif
#if __STDC_HOSTED__ /* boards run the kinds above; the rest would be dead weight in their images */
#    if WMBT_CFG_WAL && WMBT_CFG_WRITERS
    {"format_wal_batch", "wire_hex outcome records", kit_format_wal_batch},
    {"store_wal_keys", "op ns_hex node_hex n1 n2 n3 keys result", kit_store_wal_keys},
#    endif
#    if WMBT_CFG_SEGMENT && WMBT_CFG_WRITERS
    {"format_segment", "op wire_hex aux_hex outcome entries", kit_format_segment},
    {"format_segment_range",
     "wire_hex key_start_hex key_end_hex outcome round_trips entries window_hex",
     kit_format_segment_range},
#    endif
#    if WMBT_CFG_REPLAY && WMBT_CFG_WAL && WMBT_CFG_DEFAULTS && WMBT_CFG_REUSE
    {"core_manifest_json",
     "json_hex v1 v1_detail dispatch dispatch_detail schema_version epoch_ms checksum32 entries",
     kit_core_manifest_json},
    {"core_delta_json",
     "json_hex v1 v1_detail dispatch dispatch_detail schema_version epoch_ms seq tenant_id_hex "
     "fingerprint_hex prefix_hash_hex payload_digest_hex write_id_hex",
     kit_core_delta_json},
    {"core_replay", "deltas n_winners idempotent conflict winners conflict_rows", kit_core_replay},
    {"core_facts", "op a1 a2 a3 a4 a5 result", kit_core_facts},
#    endif
#    if WMBT_CFG_METAVALUE && WMBT_CFG_WRITERS && WMBT_CFG_RESIDENCY && WMBT_CFG_PREFETCH && \
        WMBT_CFG_EVICT
    {"radix_block_meta",
     "op parent_hex block_seq payload_bytes model_digest_hex layout_tag_hex input_meta now result",
     kit_radix_block_meta},
    {"radix_metavalue", "op ns_hex hash_hex meta value_hex outcome", kit_radix_metavalue},
    {"radix_metadata_index", "script op now hashes metas number result", kit_radix_metadata_index},
    {"radix_residency", "script op keys block_index residency guard result handles prefetch",
     kit_radix_residency},
#    endif
#    if WMBT_CFG_STORE && WMBT_CFG_CHAIN
    {"core_lookup",
     "script op tenant_hex fingerprint_hex blocks payloads key_hash_hex key_index result matched "
     "got missing",
     kit_core_lookup},
#    endif
#    if WMBT_CFG_COMPRESSED && WMBT_CFG_ZSTD
    {"node_wbz1", "op algo raw wire_hex outcome magic", kit_node_wbz1},
#    endif
#    if WMBT_CFG_BLAKE3 && WMBT_CFG_CRC32C
    {"cabi", "op input_hex split length output", kit_cabi},
#    endif
#endif
    {NULL, NULL, NULL},
};
