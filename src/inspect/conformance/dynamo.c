/* SPDX-License-Identifier: Apache-2.0 */
/* Files of Dynamo and of Mooncake. */
#include "conformance/rows.h"
#include "wombatkv/enginekeys.h"
#include "wombatkv/lineage.h"

/* Numbers with "none" for one that is not there. */
static const uint64_t *optional(struct kit *k, const char *column, uint64_t *room)
{
    if (kit_cell_is(k, column, "none")) {
        return NULL;
    }
    *room = kit_cell_number(k, column);
    return room;
}

static void sort_by_offset(wmbt_dialect_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        wmbt_dialect_item item = items[i];
        size_t at = i;
        for (; at != 0 && items[at - 1].offset > item.offset; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

/* mm_hash:offset:length */
static wmbt_dialect_item *runs(struct kit *k, size_t *count)
{
    wmbt_view list = kit_cell(k, "mm");
    size_t n = kit_parts(list, ',');
    wmbt_dialect_item *items = n == 0 ? NULL : kit_alloc(k, n * sizeof *items);
    *count = items == NULL ? 0 : n;
    for (size_t i = 0; i < *count; i++) {
        wmbt_view element = kit_part(&list, ',');
        items[i].hash = kit_number(k, kit_part(&element, ':'));
        items[i].offset = kit_number(k, kit_part(&element, ':'));
        items[i].length = kit_number(k, element);
    }
    sort_by_offset(items, *count);
    return items;
}

static const char *outcome_of_runs(wmbt_status status)
{
    switch (status) {
    case WMBT_OK: return "ok";
    case WMBT_BAD_LENGTH: return "err:empty_run";
    case WMBT_BAD_NUMBER: return "err:overflow";
    case WMBT_BAD_OFFSET: return "err:out_of_bounds";
    case WMBT_BAD_ORDER: return "err:overlap";
    default: return wmbt_status_name(status);
    }
}

void kit_dynamo_request(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    uint32_t block = (uint32_t)kit_cell_number(k, "block_size");
    c.dialect = &wmbt_dialect_dynamo_request_v1_6;
    c.lora_name = kit_cell_bytes(k, "lora_name");
    c.salt = kit_cell_bytes(k, "salt");
    c.items = runs(k, &c.item_count);
    wmbt_status status = wmbt_dialect_check_items(c.dialect, c.items, c.item_count, tokens.count);
    kit_expect_text(k, "outcome", outcome_of_runs(status));
    if (status != WMBT_OK || block == 0 ||
        !kit_hash_tokens(k, &c, block, 0, false, &tokens, "sequence_hashes", &h)) {
        return;
    }
    const struct kit_preimage xxh3 = {KIT_XXH3_64, h.salt_hash, 0, true};
    kit_expect_number(k, "salt_hash", h.salt_hash);
    kit_expect_preimages(k, "preimages", &xxh3, &h);
    kit_expect_block_numbers(k, "block_hashes", &h);
    kit_expect_numbers(k, "sequence_hashes", &h);
    c.dialect = &wmbt_dialect_dynamo_plh_v1_6;
    if (kit_hash_tokens(k, &c, block, 0, false, &tokens, "plh", &h)) {
        kit_expect_hashes(k, "plh", &h);
    }
}

/* Block index : mm_hash : mm_hash ...; an item stands at the block's first token. */
static wmbt_dialect_item *router_items(struct kit *k, uint32_t block, size_t *count)
{
    wmbt_view list = kit_cell(k, "mm");
    size_t most = kit_parts(list, ',') == 0 ? 0 : kit_parts(list, ':') + kit_parts(list, ',');
    wmbt_dialect_item *items = most == 0 ? NULL : kit_alloc(k, most * sizeof *items);
    *count = 0;
    while (items != NULL && list.data != NULL) {
        wmbt_view element = kit_part(&list, ',');
        uint64_t index = kit_number(k, kit_part(&element, ':'));
        while (element.data != NULL) {
            items[*count].hash = kit_number(k, kit_part(&element, ':'));
            items[(*count)++].offset = index * block;
        }
    }
    sort_by_offset(items, *count);
    return items;
}

void kit_dynamo_router(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h = {NULL, 0, 8, {NULL, 0}, 0};
    bool eagle = kit_cell_is(k, "eagle", "1");
    if (!eagle && !kit_cell_is(k, "eagle", "0") && !kit_cell_is(k, "eagle", "none")) {
        kit_unknown(k, "unknown eagle");
        return;
    }
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    uint32_t block = (uint32_t)kit_cell_number(k, "block_size");
    c.dialect = eagle ? &wmbt_dialect_dynamo_router_eagle_v1_6 : &wmbt_dialect_dynamo_router_v1_6;
    c.lora_name = kit_cell_bytes(k, "lora_name");
    c.salt = kit_cell_bytes(k, "cache_namespace");
    c.items = router_items(k, block, &c.item_count);
    if (block == 0) { /* gives nothing, but has a seed */
        struct kit_tokens none = {NULL, 0, false};
        c.items = NULL;
        c.item_count = 0;
        tokens = none;
    }
    if (kit_hash_tokens(k, &c, block == 0 ? 1 : block, eagle, false, &tokens, "sequence_hashes",
                        &h)) {
        kit_expect_number(k, "seed", h.salt_hash);
        kit_expect_block_numbers(k, "local_hashes", &h);
        kit_expect_numbers(k, "sequence_hashes", &h);
    }
}

void kit_dynamo_tokens_v1_2(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    uint32_t block = (uint32_t)kit_cell_number(k, "block_size");
    uint64_t salt = 0;
    (void)optional(k, "salt_hash", &salt);
    c.dialect = &wmbt_dialect_dynamo_tokens_v1_2;
    c.seed = salt;
    if (kit_hash_tokens(k, &c, block, 0, false, &tokens, "sequence_hashes", &h)) {
        kit_expect_block_numbers(k, "block_hashes", &h);
        kit_expect_numbers(k, "sequence_hashes", &h);
    }
    c.dialect = &wmbt_dialect_dynamo_plh_v1_2;
    if (kit_hash_tokens(k, &c, block, 0, false, &tokens, "plh", &h)) {
        kit_expect_hashes(k, "plh", &h);
    }
}

/* --- positional hashes ------------------------------------------------------------------------ */

/* A position that has no place is refused. */
static bool position_of(struct kit *k, uint32_t *position)
{
    uint64_t v = kit_cell_number(k, "position");
    *position = (uint32_t)v;
    if (v > UINT32_MAX) {
        kit_unknown(k, "a position of more than 32 bits");
        return false;
    }
    return true;
}

void kit_dynamo_plh(struct kit *k)
{
    uint8_t plh[WMBT_LINEAGE_BYTES], text[WMBT_LINEAGE_MAX_TEXT_BYTES];
    uint64_t parent, child, fragment;
    uint32_t position;
    size_t length;
    wmbt_lineage x;
    if (!position_of(k, &position)) {
        return;
    }
    wmbt_status status = wmbt_lineage_pack(kit_cell_number(k, "current"),
                                           optional(k, "parent", &parent), position, plh);
    if (status != WMBT_OK || wmbt_lineage_unpack(plh, &x) != WMBT_OK ||
        wmbt_lineage_text(plh, text, &length) != WMBT_OK) {
        kit_expect_text(k, "plh", wmbt_status_name(status));
        return;
    }
    kit_expect_hex(k, "plh", wmbt_view_of(plh, sizeof plh));
    kit_expect_number(k, "mode", x.mode);
    kit_expect_number(k, "got_position", x.position);
    kit_expect_number(k, "got_current", x.current);
    kit_expect_number(k, "parent_fragment", x.fragment);
    kit_expect(k, "text", wmbt_view_of(text, length));
    child = kit_cell_is(k, "child_block_hash", "none") ? 0 : kit_cell_number(k, "child_block_hash");
    if (wmbt_lineage_child_fragment(plh, &fragment) == WMBT_OK) {
        kit_expect_number(k, "child_fragment", fragment);
    } else {
        kit_expect_text(k, "child_fragment", "none");
    }
    if (wmbt_lineage_extend(plh, child, plh) == WMBT_OK) {
        kit_expect_hex(k, "extended", wmbt_view_of(plh, sizeof plh));
    } else {
        kit_expect_text(k, "extended", "none");
    }
}

void kit_dynamo_plh_v1_2(struct kit *k)
{
    uint8_t plh[WMBT_LINEAGE_BYTES];
    uint64_t parent;
    uint32_t position;
    wmbt_lineage x;
    if (!position_of(k, &position)) {
        return;
    }
    wmbt_status status = wmbt_lineage_v1_2_pack(kit_cell_number(k, "current"),
                                                optional(k, "parent", &parent), position, plh);
    if (status != WMBT_OK || wmbt_lineage_v1_2_unpack(plh, &x) != WMBT_OK) {
        kit_expect_text(k, "plh", wmbt_status_name(status));
        return;
    }
    kit_expect_hex(k, "plh", wmbt_view_of(plh, sizeof plh));
    kit_expect_number(k, "mode", x.mode);
    kit_expect_number(k, "got_position", x.position);
    kit_expect_number(k, "current_part", x.current);
    kit_expect_number(k, "parent_part", x.fragment);
}

void kit_dynamo_psh(struct kit *k)
{
    uint8_t psh[WMBT_LINEAGE_BYTES];
    uint32_t position;
    wmbt_lineage x;
    if (!position_of(k, &position)) {
        return;
    }
    wmbt_status status = wmbt_lineage_sequence_pack(
        kit_cell_number(k, "sequence_hash"), kit_cell_number(k, "block_hash"), position, psh);
    if (status != WMBT_OK) {
        kit_expect_text(k, "psh", wmbt_status_name(status));
        return;
    }
    wmbt_lineage_sequence_unpack(psh, &x);
    kit_expect_hex(k, "psh", wmbt_view_of(psh, sizeof psh));
    kit_expect_number(k, "mode", x.mode);
    kit_expect_number(k, "got_position", x.position);
    kit_expect_number(k, "got_sequence_hash", x.current);
    kit_expect_number(k, "got_block_hash", x.fragment);
}

void kit_dynamo_mm_ids(struct kit *k)
{
    uint64_t hash = 0;
    wmbt_status status = wmbt_dynamo_item_hash(kit_cell_bytes(k, "identifier"), &hash);
    if (status == WMBT_MISSING) {
        kit_expect_text(k, "mm_hash", "none");
        kit_expect_text(k, "pad_value", "none");
    } else if (status != WMBT_OK) {
        kit_expect_text(k, "mm_hash", wmbt_status_name(status));
    } else {
        kit_expect_number(k, "mm_hash", hash);
        kit_expect_number(k, "pad_value", wmbt_dynamo_pad_token(hash));
    }
}

/* --- Mooncake --------------------------------------------------------------------------------- */

void kit_mooncake_conductor(struct kit *k)
{
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    c.dialect = &wmbt_dialect_mooncake_conductor;
    c.seed = kit_cell_number(k, "seed");
    if (kit_hash_tokens(k, &c, (uint32_t)kit_cell_number(k, "block_size"), 0, false, &tokens,
                        "sequence_hashes", &h)) {
        kit_expect_block_numbers(k, "local_hashes", &h);
        kit_expect_numbers(k, "sequence_hashes", &h);
    }
}

void kit_mooncake_nvme_kv(struct kit *k)
{
    uint8_t key[WMBT_MOONCAKE_KEY_BYTES], verify[WMBT_MOONCAKE_VERIFY_BYTES];
    wmbt_view logical = kit_cell_bytes(k, "logical_key");
    uint64_t number = 0;
    const bool is_chunk = optional(k, "chunk", &number) != NULL;
    const uint32_t chunk = (uint32_t)number;
    if (wmbt_mooncake_physical_key(logical, (uint32_t)kit_cell_number(k, "slot"),
                                   is_chunk ? &chunk : NULL, key) != WMBT_OK ||
        wmbt_mooncake_verify_hash(logical, verify) != WMBT_OK) {
        kit_unknown(k, "refused by the library");
        return;
    }
    kit_expect_hex(k, "physical_key", wmbt_view_of(key, sizeof key));
    kit_expect_hex(k, "verify_hash", wmbt_view_of(verify, sizeof verify));
    for (unsigned i = 0; i < 4u; i++) { /* numbers, here with their lowest byte first */
        const struct kit_preimage xxh64 = {KIT_XXH64, i, 0, false};
        uint8_t hash[8];
        for (unsigned b = 0; b < 8u; b++) {
            hash[b] = verify[8u * i + 7u - b];
        }
        kit_expect_preimage(k, "identity", &xxh64, wmbt_view_of(hash, sizeof hash));
        for (unsigned b = 0; b < 8u && i < 2u; b++) {
            hash[b] = key[8u * i + 7u - b];
        }
        if (i < 2u) {
            kit_expect_preimage(k, "input", &xxh64, wmbt_view_of(hash, sizeof hash));
        }
    }
}
