/* SPDX-License-Identifier: Apache-2.0 */
/* Files of vLLM. */
#include "conformance/rows.h"
#include "wombatkv/enginekeys.h"

static const struct kit_preimage sha256 = {KIT_SHA256, 0, 0, false};
static const struct kit_preimage xxh3 = {KIT_XXH3_128, 0, 0, false};

/* A request: vllm_sha256_cbor, vllm_xxhash_cbor, vllm_pickle, vllm_untagged. */
static void request(struct kit *k, const wmbt_dialect *dialect, bool newest)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    c.dialect = dialect;
    c.seed_text = kit_cell_bytes(k, "seed");
    c.lora_name = kit_cell_bytes(k, "lora_name");
    c.salt = kit_cell_bytes(k, "cache_salt");
    c.items = kit_text_items(k, "mm", &c.item_count);
    c.embeds = kit_digests(k, "embeds");
    if (newest) {
        c.lora_path = kit_cell_bytes(k, "lora_path");
        c.lookahead = (uint32_t)kit_cell_number(k, "lookahead");
    }
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    if (kit_hash_tokens(k, &c, (uint32_t)kit_cell_number(k, "block_size"), c.lookahead, false,
                        &tokens, "hashes", &h)) {
        kit_expect_hex(k, "none_hash", h.root);
        kit_expect_hashes(k, "hashes", &h);
        kit_expect_preimages(k, "preimages", h.bytes == 32 ? &sha256 : &xxh3, &h);
    }
}

void kit_vllm_sha256_cbor(struct kit *k)
{
    request(k, &wmbt_dialect_vllm_sha256_cbor, true);
}

void kit_vllm_xxhash_cbor(struct kit *k)
{
    request(k, &wmbt_dialect_vllm_xxhash_cbor, true);
}

void kit_vllm_pickle(struct kit *k)
{
    if (kit_cell_is(k, "hash", "sha256")) {
        request(k, &wmbt_dialect_vllm_sha256, true);
    } else if (kit_cell_is(k, "hash", "xxhash")) {
        request(k, &wmbt_dialect_vllm_xxhash, true);
    } else {
        kit_unknown(k, "unknown hash");
    }
}

void kit_vllm_untagged(struct kit *k)
{
    static const struct {
        const char *version, *hash;
        const wmbt_dialect *dialect;
    } known[] = {
        {"0.18.1", "sha256_cbor", &wmbt_dialect_vllm_sha256_cbor_v0_18},
        {"0.18.1", "xxhash_cbor", &wmbt_dialect_vllm_xxhash_cbor_v0_18},
        {"0.28.0", "sha256_cbor", &wmbt_dialect_vllm_sha256_cbor_v0_28},
        {"0.28.0", "xxhash_cbor", &wmbt_dialect_vllm_xxhash_cbor_v0_28},
        {"0.30.0", "sha256_cbor", &wmbt_dialect_vllm_sha256_cbor_v0_30},
        {"0.30.0", "xxhash_cbor", &wmbt_dialect_vllm_xxhash_cbor_v0_30},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (kit_cell_is(k, "version", known[i].version) && kit_cell_is(k, "hash", known[i].hash)) {
            request(k, known[i].dialect, false);
            return;
        }
    }
    kit_unknown(k, "unknown version or hash");
}

/* One block, with any parent and with extras as they are. */
void kit_vllm_block(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    bool is_sha256 = kit_cell_is(k, "hash", "sha256_cbor");
    if (!is_sha256 && !kit_cell_is(k, "hash", "xxhash_cbor")) {
        kit_unknown(k, "unknown hash");
        return;
    }
    c.dialect = is_sha256 ? &wmbt_dialect_vllm_sha256_cbor : &wmbt_dialect_vllm_xxhash_cbor;
    c.extras = kit_cell_bytes(k, "extras_cbor");
    c.seed_text = kit_cell_bytes(k, "seed");
    struct kit_tokens none = {NULL, 0, false};
    if (!kit_hash_tokens(k, &c, 1, 0, false, &none, "digest", &h)) {
        return;
    }
    kit_expect_hex(k, "none_hash", h.root);
    c.parent = kit_cell_bytes(k, "parent");
    if (c.parent.len != 0) {
        c.seed_text = wmbt_view_of(NULL, 0);
    } else { /* an empty parent is none */
        c.parent = wmbt_view_of(NULL, 0);
    }
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    if (!kit_hash_tokens(k, &c, 0, 0, false, &tokens, "digest", &h)) {
        return;
    }
    wmbt_view digest = wmbt_view_of(h.hash[0].bytes, h.bytes);
    uint8_t key[36];
    size_t length = 0;
    uint64_t number = 0;
    kit_expect_hex(k, "digest", digest);
    kit_expect_preimage(k, "preimage", is_sha256 ? &sha256 : &xxh3, digest);
    uint32_t group = (uint32_t)kit_cell_number(k, "group_id");
    if (wmbt_vllm_group_key(digest, group, wmbt_buf_of(key, sizeof key), &length) != WMBT_OK ||
        wmbt_vllm_event_number(digest, &number) != WMBT_OK) {
        kit_fail(k, KIT_NOT_RUN, "refused by the library");
    }
    kit_expect_hex(k, "group_key", wmbt_view_of(key, length));
    kit_expect_number(k, "event_u64", number);
}

/* The last hash of each group, or before 0.22 all of them joined. */
void kit_vllm_coarse(struct kit *k)
{
    bool joined = kit_cell_is(k, "version", "0.18.1");
    wmbt_view fine = kit_cell(k, "hashes");
    uint32_t scale = 0, count = 0;
    if (!joined && !kit_cell_is(k, "version", "0.28.0") && !kit_cell_is(k, "version", "0.33.0")) {
        kit_unknown(k, "unknown version");
        return;
    }
    if (wmbt_vllm_coarse((uint32_t)kit_cell_number(k, "hash_block_size"),
                         (uint32_t)kit_cell_number(k, "target_block_size"), kit_parts(fine, ','),
                         &scale, &count) != WMBT_OK) {
        kit_expect_text(k, "length", wmbt_status_name(WMBT_BAD_ARGUMENT));
        return;
    }
    kit_expect_number(k, "length", count);
    kit_text_begin(k);
    for (uint32_t i = 0; i < count; i++) {
        kit_put(k, i == 0 ? "" : ",");
        for (uint32_t j = 0; j < scale; j++) {
            wmbt_view hash = kit_part(&fine, ',');
            if (joined || j + 1 == scale) {
                kit_put_view(k, hash);
            }
        }
    }
    kit_put(k, count == 0 ? "empty" : "");
    kit_expect(k, "coarse_hashes", kit_text_end(k));
}
