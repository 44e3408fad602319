/* SPDX-License-Identifier: Apache-2.0 */
/* Files of LMCache, llm-d, AIBrix and TensorRT-LLM. */
#include "conformance/rows.h"
#include "wombatkv/enginekeys.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/xxh64.h"

static const struct kit_preimage of_sha256 = {KIT_SHA256, 0, 0, false};
static const struct kit_preimage of_sha256_end = {KIT_SHA256, 0, 24, false};
static const struct kit_preimage of_blake3 = {KIT_BLAKE3, 0, 0, false};
static const struct kit_preimage of_xxh3 = {KIT_XXH3_128, 0, 0, false};
static const struct kit_preimage of_xxh64 = {KIT_XXH64, 0, 0, false};
static const struct kit_preimage of_fnv = {KIT_FNV64, 0, 0, false};

/* --- LMCache, multiprocess -------------------------------------------------------------------- */

static void expect_text_hex(struct kit *k, const char *column, wmbt_status status, const uint8_t *p,
                            size_t length)
{
    if (status == WMBT_OK) {
        kit_expect_hex(k, column, wmbt_view_of(p, length));
    } else {
        kit_expect_text(k, column, "none");
    }
}

/* Both texts of the key of the first hash. */
static void mp_keys(struct kit *k, const uint8_t *hash)
{
    wmbt_lmcache_mp_key key = {{NULL, 0}, 0, 0, {0}, {NULL, 0}};
    wmbt_view of = kit_cell(k, "kv_rank_of");
    uint32_t rank[4];
    size_t s3_length = 0, file_length = 0;
    for (unsigned i = 0; i < 4u; i++) {
        rank[i] = (uint32_t)kit_number(k, kit_part(&of, ':'));
    }
    key.model = kit_cell_bytes(k, "model");
    key.salt = kit_cell_bytes(k, "salt");
    key.group = (uint32_t)kit_cell_number(k, "group");
    key.kv_rank = wmbt_lmcache_mp_kv_rank(rank[0], rank[1], rank[2], rank[3]);
    for (unsigned i = 0; i < 32u && hash != NULL; i++) {
        key.chunk_hash[i] = hash[i];
    }
    size_t room = 5 * key.model.len + key.salt.len + 128;
    uint8_t *s3 = kit_alloc(k, room), *file = kit_alloc(k, room);
    if (s3 == NULL || file == NULL) {
        return;
    }
    wmbt_status status = wmbt_lmcache_mp_s3_key(&key, wmbt_buf_of(s3, room), &s3_length);
    wmbt_status file_status =
        wmbt_lmcache_mp_file_name(&key, wmbt_buf_of(file, room), &file_length);
    kit_expect_text(k, "key_outcome", status == WMBT_OK ? "ok" : "err:key");
    expect_text_hex(k, "s3_key", status, s3, s3_length);
    expect_text_hex(k, "fs_name", file_status, file, file_length);
}

void kit_lmcache_mp(struct kit *k)
{
    const bool blake3 = kit_cell_is(k, "hash", "blake3");
    const struct kit_tokens none = {NULL, 0, false};
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    if (!blake3 && !kit_cell_is(k, "hash", "sha256_cbor")) {
        kit_unknown(k, "unknown hash");
        return;
    }
    uint32_t chunk = (uint32_t)kit_cell_number(k, "chunk_size");
    c.dialect = blake3 ? &wmbt_dialect_lmcache_mp_blake3 : &wmbt_dialect_lmcache_mp_sha256_cbor;
    c.seed_text = blake3 ? c.seed_text : kit_cell_bytes(k, "seed");
    if (!kit_hash_tokens(k, &c, chunk, 0, false, &none, "hashes", &h)) {
        return;
    }
    kit_expect_hex(k, "none_hash", h.root);
    c.parent = kit_cell_bytes(k, "prefix");
    if (c.parent.data != NULL) {
        c.seed_text = wmbt_view_of(NULL, 0);
    }
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    uint64_t start = kit_cell_number(k, "start");
    if (!kit_cell_is(k, "end", "none") && kit_cell_number(k, "end") < tokens.count) {
        tokens.count = (size_t)kit_cell_number(k, "end");
    }
    if (!kit_hash_tokens(k, &c, chunk, 0, false, &tokens, "hashes", &h)) {
        return;
    }
    kit_expect_preimages(k, "preimages", blake3 ? &of_blake3 : &of_sha256, &h);
    size_t skipped = (size_t)(start / chunk) < h.count ? (size_t)(start / chunk) : h.count;
    h.hash += skipped;
    h.count -= skipped;
    kit_expect_hashes(k, "hashes", &h);
    mp_keys(k, h.count == 0 ? NULL : h.hash[0].bytes);
}

/* --- LMCache, in-process ---------------------------------------------------------------------- */

static const wmbt_lmcache_tag *tags_of(struct kit *k, size_t *count)
{
    wmbt_view list = kit_cell(k, "tags");
    size_t n = kit_parts(list, ',');
    wmbt_lmcache_tag *tags = n == 0 ? NULL : kit_alloc(k, n * sizeof *tags);
    *count = tags == NULL ? 0 : n;
    for (size_t i = 0; i < *count; i++) {
        wmbt_view element = kit_part(&list, ',');
        tags[i].name = kit_bytes(k, kit_part(&element, ':'));
        tags[i].value = kit_bytes(k, element);
    }
    return tags;
}

/* The first two keys, and the first one for layer 2. */
static void chunk_keys(struct kit *k, const struct kit_hashes *h)
{
    static const uint32_t layer = 2;
    wmbt_lmcache_key key = {{NULL, 0}, 0, 0, 0, {NULL, 0}, false, NULL, NULL, 0};
    size_t length;
    key.model = kit_cell_bytes(k, "model");
    key.world_size = (uint32_t)kit_cell_number(k, "world_size");
    key.worker_id = (uint32_t)kit_cell_number(k, "worker_id");
    key.dtype = kit_cell(k, "dtype");
    key.mla = kit_cell_is(k, "mla", "1");
    key.tags = tags_of(k, &key.tag_count);
    size_t room = key.model.len + key.dtype.len + 128;
    for (size_t i = 0; i < key.tag_count; i++) {
        room += key.tags[i].name.len + key.tags[i].value.len + 2;
    }
    uint8_t *text = kit_alloc(k, room);
    if (text == NULL) {
        return;
    }
    kit_text_begin(k);
    for (size_t i = 0; i < h->count && i < 2; i++) {
        key.chunk_hash = kit_load_be64(h->hash[i].bytes);
        if (wmbt_lmcache_key_text(&key, wmbt_buf_of(text, room), &length) != WMBT_OK) {
            kit_unknown(k, "refused by the library");
            return;
        }
        kit_put(k, i == 0 ? "" : ",");
        kit_put_hex(k, text, length);
    }
    kit_put(k, h->count == 0 ? "empty" : "");
    kit_expect(k, "keys", kit_text_end(k));
    if (h->count == 0) {
        kit_expect_text(k, "layer_key", "none");
        return;
    }
    key.chunk_hash = kit_load_be64(h->hash[0].bytes);
    key.layer = &layer;
    if (wmbt_lmcache_key_text(&key, wmbt_buf_of(text, room), &length) == WMBT_OK) {
        kit_expect_hex(k, "layer_key", wmbt_view_of(text, length));
    }
}

void kit_lmcache_chunk(struct kit *k)
{
    const bool sha256 = kit_cell_is(k, "hash", "sha256_cbor");
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    if (!sha256 && !kit_cell_is(k, "hash", "xxhash_cbor")) {
        kit_unknown(k, "unknown hash");
        return;
    }
    c.dialect = sha256 ? &wmbt_dialect_lmcache_sha256_cbor : &wmbt_dialect_lmcache_xxhash_cbor;
    c.seed_text = kit_cell_bytes(k, "seed");
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    if (kit_hash_tokens(k, &c, (uint32_t)kit_cell_number(k, "chunk_size"), 0,
                        kit_cell_is(k, "save_unfull", "1"), &tokens, "hashes", &h)) {
        kit_expect_number(k, "none_hash", kit_load_be64(h.root.data));
        kit_expect_numbers(k, "hashes", &h);
        kit_expect_preimages(k, "preimages", sha256 ? &of_sha256 : &of_xxh3, &h);
        chunk_keys(k, &h);
    }
}

/* --- llm-d ------------------------------------------------------------------------------------ */

/* Root and keys. A parent of 0 is none; with one, seed and model have no influence. */
static void llmd(struct kit *k, const wmbt_dialect *dialect, const struct kit_preimage *how,
                 bool items)
{
    const struct kit_tokens none = {NULL, 0, false};
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    uint8_t parent[8];
    uint64_t number = kit_cell_number(k, "parent");
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    uint32_t block = (uint32_t)kit_cell_number(k, "block_size");
    c.dialect = dialect;
    c.seed_text = kit_cell_bytes(k, "hash_seed");
    c.model = kit_cell_bytes(k, "model");
    if (!kit_hash_tokens(k, &c, block, 0, false, &none, "root", &h)) {
        return;
    }
    kit_expect_number(k, "root", kit_load_be64(h.root.data));
    kit_expect_preimage(k, "root_preimage", how, h.root);
    if (number != 0) {
        for (unsigned i = 0; i < 8u; i++) {
            parent[i] = (uint8_t)(number >> (56u - 8u * i));
        }
        c.parent = wmbt_view_of(parent, sizeof parent);
        c.seed_text = wmbt_view_of(NULL, 0);
        c.model = wmbt_view_of(NULL, 0);
    }
    if (items) {
        c.items = kit_text_items(k, "mm", &c.item_count);
    }
    if (kit_hash_tokens(k, &c, block, 0, false, &tokens, "keys", &h)) {
        kit_expect_numbers(k, "keys", &h);
        kit_expect_preimages(k, "preimages", how, &h);
    }
}

void kit_llmd_cbor_fnv(struct kit *k)
{
    kit_expect_number(k, "seed_hash",
                      wmbt_fnv1a64(WMBT_FNV1A64_INIT, kit_cell_bytes(k, "hash_seed")));
    llmd(k, &wmbt_dialect_llmd_fnv_cbor, &of_fnv, false);
}

void kit_llmd_router(struct kit *k)
{
    wmbt_view seed = kit_cell_bytes(k, "hash_seed");
    if (kit_cell_is(k, "form", "xxh64")) {
        kit_expect_number(k, "seed_hash", wmbt_xxh64_once(seed, 0));
        llmd(k, &wmbt_dialect_llmd_router_xxh64, &of_xxh64, true);
        return;
    }
    kit_expect_number(k, "seed_hash", wmbt_fnv1a64(WMBT_FNV1A64_INIT, seed));
    if (kit_cell_is(k, "form", "fnv_mm")) {
        llmd(k, &wmbt_dialect_llmd_router_fnv, &of_fnv, true);
    } else if (kit_cell_is(k, "form", "fnv_mm_offset")) {
        llmd(k, &wmbt_dialect_llmd_kvcache_fnv, &of_fnv, true);
    } else {
        k->outcome = KIT_AGREES;
        kit_unknown(k, "unknown form");
    }
}

void kit_llmd_cbor_sha256(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    c.dialect = &wmbt_dialect_llmd_sha256_cbor_v0_4;
    c.seed_text = kit_cell_bytes(k, "hash_seed");
    if (kit_hash_tokens(k, &c, (uint32_t)kit_cell_number(k, "block_size"), 0, false, &tokens,
                        "keys", &h)) {
        kit_expect_hex(k, "root", h.root);
        kit_expect_numbers(k, "keys", &h);
        kit_expect_preimages(k, "preimages", &of_sha256_end, &h);
    }
}

/* --- AIBrix and TensorRT-LLM ------------------------------------------------------------------ */

void kit_aibrix_gateway(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    c.dialect = &wmbt_dialect_aibrix_gateway;
    c.seed = kit_cell_number(k, "seed");
    if (kit_hash_tokens(k, &c, (uint32_t)kit_cell_number(k, "block_bytes"), 0, false, &tokens,
                        "hashes", &h)) {
        const struct kit_preimage xxh64 = {KIT_XXH64, c.seed, 0, false};
        kit_expect_numbers(k, "hashes", &h);
        kit_expect_preimages(k, "preimages", &xxh64, &h);
    }
}

void kit_trtllm_v2(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    uint64_t lora = 0, salt = 0;
    wmbt_view list = kit_cell(k, "mm");
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    size_t n = kit_parts(list, ',');
    wmbt_dialect_item *items = n == 0 ? NULL : kit_alloc(k, n * sizeof *items);
    c.dialect = &wmbt_dialect_trtllm_v2;
    if (!kit_cell_is(k, "lora_id", "none")) {
        lora = kit_cell_number(k, "lora_id");
        c.lora_id = &lora;
    }
    if (!kit_cell_is(k, "salt", "none")) {
        salt = kit_cell_number(k, "salt");
        c.salt_id = &salt;
    }
    for (size_t i = 0; i < n && items != NULL; i++) {
        wmbt_view element = kit_part(&list, ',');
        items[i].offset = kit_number(k, kit_part(&element, ':'));
        items[i].identifier = kit_bytes(k, element);
    }
    c.items = items;
    c.item_count = items == NULL ? 0 : n;
    if (kit_hash_tokens(k, &c, (uint32_t)kit_cell_number(k, "tokens_per_block"), 0, true, &tokens,
                        "keys", &h)) {
        kit_expect_hex(k, "root", h.root);
        kit_expect_hashes(k, "keys", &h);
        kit_expect_preimage(k, "scope_bytes", &of_sha256, h.root);
        kit_expect_preimages(k, "preimages", &of_sha256, &h);
    }
}
