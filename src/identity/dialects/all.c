/* SPDX-License-Identifier: Apache-2.0 */
/* All dialects by number and name: for tools. A program that calls neither does not link it. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"

#if WMBT_CFG_DIALECTS

static const wmbt_dialect *const wmbt_dialects_all[] = {
    &wmbt_dialect_vllm_sha256_cbor,
    &wmbt_dialect_vllm_xxhash_cbor,
    &wmbt_dialect_vllm_sha256,
    &wmbt_dialect_vllm_xxhash,
    &wmbt_dialect_vllm_sha256_cbor_v0_30,
    &wmbt_dialect_vllm_xxhash_cbor_v0_30,
    &wmbt_dialect_vllm_sha256_cbor_v0_28,
    &wmbt_dialect_vllm_xxhash_cbor_v0_28,
    &wmbt_dialect_vllm_sha256_cbor_v0_18,
    &wmbt_dialect_vllm_xxhash_cbor_v0_18,
    &wmbt_dialect_sglang_hicache,
    &wmbt_dialect_sglang_hicache_bigram,
    &wmbt_dialect_sglang_hicache_wide,
    &wmbt_dialect_sglang_hicache_bigram_wide,
    &wmbt_dialect_sglang_hicache_v0_5_6,
    &wmbt_dialect_sglang_hicache_bigram_v0_5_6,
    &wmbt_dialect_sglang_events,
    &wmbt_dialect_sglang_events_bigram,
    &wmbt_dialect_sglang_events_wide,
    &wmbt_dialect_sglang_events_bigram_wide,
    &wmbt_dialect_dynamo_request_v1_6,
    &wmbt_dialect_dynamo_plh_v1_6,
    &wmbt_dialect_dynamo_router_v1_6,
    &wmbt_dialect_dynamo_router_eagle_v1_6,
    &wmbt_dialect_dynamo_tokens_v1_2,
    &wmbt_dialect_dynamo_plh_v1_2,
    &wmbt_dialect_lmcache_mp_blake3,
    &wmbt_dialect_lmcache_mp_sha256_cbor,
    &wmbt_dialect_lmcache_sha256_cbor,
    &wmbt_dialect_lmcache_xxhash_cbor,
    &wmbt_dialect_llmd_fnv_cbor,
    &wmbt_dialect_llmd_sha256_cbor_v0_4,
    &wmbt_dialect_llmd_router_xxh64,
    &wmbt_dialect_llmd_router_fnv,
    &wmbt_dialect_llmd_kvcache_fnv,
    &wmbt_dialect_aibrix_gateway,
    &wmbt_dialect_trtllm_v2,
    &wmbt_dialect_mooncake_conductor,
};

#    define WMBT_DIALECTS_ALL (sizeof wmbt_dialects_all / sizeof wmbt_dialects_all[0])

const wmbt_dialect *wmbt_dialect_at(size_t index)
{
    return index < WMBT_DIALECTS_ALL ? wmbt_dialects_all[index] : NULL;
}

const wmbt_dialect *wmbt_dialect_from_name(wmbt_view name)
{
    for (size_t i = 0; i < WMBT_DIALECTS_ALL; i++) {
        const wmbt_dialect *dialect = wmbt_dialects_all[i];
        if (wmbt_view_equal(name, wmbt_view_of(dialect->name, dialect->name_bytes))) {
            return dialect;
        }
    }
    return NULL;
}

#endif
