/* SPDX-License-Identifier: Apache-2.0 */
/* dialects: what belongs to which, errors that change nothing, memory, and calls around them. */
#include "../support/test.h"

#include "wombatkv/dialects.h"
#include "wombatkv/enginekeys.h"
#include "identity/dialects/dialect.h"
#include "wombatkv/lineage.h"

static const uint64_t one = 1;
static const uint8_t hash32[32] = {1, 2, 3};
static const wmbt_dialect_item text_item = {0, 2, 0, {(const uint8_t *)"id", 2}};
static const wmbt_dialect_item digest_item = {0, 0, 0, {hash32, 32}};
static const wmbt_dialect_item run_item = {0, 2, 7, {NULL, 0}};
static const wmbt_dialect_item number_item = {0, 0, 7, {NULL, 0}};

static const wmbt_dialect_item *item_of(const wmbt_dialect *d)
{
    switch (wmbt_dialect_items(d)) {
    case WMBT_ITEMS_TEXT: return &text_item;
    case WMBT_ITEMS_DIGEST: return &digest_item;
    case WMBT_ITEMS_RUN: return &run_item;
    default: return &number_item;
    }
}

/* Gives a field. */
static void give(wmbt_engine_config *c, uint32_t field)
{
    const wmbt_view text = wmbt_view_of("x", 1);
    switch (field) {
    case WMBT_ENGINE_SEED_TEXT: c->seed_text = text; break;
    case WMBT_ENGINE_SEED: c->seed = 5; break;
    case WMBT_ENGINE_PARENT: c->parent = wmbt_view_of(hash32, 32); break;
    case WMBT_ENGINE_FIRST_BLOCK: c->first_block = 1; break;
    case WMBT_ENGINE_LOOKAHEAD: c->lookahead = 1; break;
    case WMBT_ENGINE_MODEL: c->model = text; break;
    case WMBT_ENGINE_LORA_NAME: c->lora_name = text; break;
    case WMBT_ENGINE_LORA_PATH: c->lora_path = text; break;
    case WMBT_ENGINE_LORA_ID: c->lora_id = &one; break;
    case WMBT_ENGINE_SALT: c->salt = text; break;
    case WMBT_ENGINE_SALT_ID: c->salt_id = &one; break;
    case WMBT_ENGINE_EXTRA_KEY: c->extra_key = text; break;
    case WMBT_ENGINE_ITEMS:
        c->items = item_of(c->dialect);
        c->item_count = 1;
        break;
    case WMBT_ENGINE_EMBEDS: c->embeds = wmbt_view_of(hash32, 32); break;
    default: c->extras = wmbt_view_of("\xf6", 1); break;
    }
}

/* Only what is needed. */
static wmbt_engine_config least(const wmbt_dialect *d)
{
    wmbt_engine_config c = {0};
    uint32_t needed;
    c.dialect = d;
    (void)wmbt_dialect_fields(d, &needed);
    for (uint32_t i = 0; i < WMBT_ENGINE_FIELDS; i++) {
        if ((needed >> i & 1u) != 0) {
            give(&c, UINT32_C(1) << i);
        }
    }
    return c;
}

/* Every field with every dialect: its own are taken, any other is refused by its name. */
static void test_fields(wmbt_test *t)
{
    const wmbt_dialect *d;
    size_t count = 0;
    for (; (d = wmbt_dialect_at(count)) != NULL; count++) {
        uint32_t needed, may = wmbt_dialect_fields(d, &needed);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        T_CHECK(t, wmbt_dialect_from_name(wmbt_test_text(wmbt_dialect_name(d))) == d);
        T_EQ(t, needed & ~may, 0);
        wmbt_engine_config c = least(d);
        uint32_t field = 99;
        T_EQ(t, wmbt_engine_check(&c, 4, &field), WMBT_OK);
        T_EQ(t, field, 0);
        for (uint32_t i = 0; i < WMBT_ENGINE_FIELDS; i++) {
            const uint32_t bit = UINT32_C(1) << i;
            c = least(d);
            give(&c, bit);
            if ((may & bit) == 0) {
                T_EQ(t, wmbt_engine_check(&c, 4, &field), WMBT_BAD_ARGUMENT);
                T_EQ(t, field, bit);
            } else if ((needed & bit) != 0) {
                wmbt_engine_config without = {0};
                without.dialect = d;
                T_EQ(t, wmbt_engine_check(&without, 4, &field), WMBT_BAD_ARGUMENT);
                T_CHECK(t, (field & needed) != 0);
            }
        }
    }
    T_EQ(t, count, 38);
    T_CHECK(t, wmbt_dialect_from_name(wmbt_test_text("vllm")) == NULL);
    T_CHECK(t, wmbt_dialect_from_name(wmbt_view_of(NULL, 0)) == NULL);
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_engine_field_name(WMBT_ENGINE_LORA_ID)),
                                 "lora_id"));
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_engine_field_name(0)), ""));
}

static void refuse(wmbt_test *t, const wmbt_engine_config *c, uint32_t block, wmbt_status want,
                   uint32_t want_field)
{
    uint32_t field = 99;
    T_EQ(t, wmbt_engine_check(c, block, &field), want);
    T_EQ(t, field, want_field);
}

static void test_values(wmbt_test *t)
{
    const wmbt_dialect *vllm = &wmbt_dialect_vllm_sha256_cbor;
    wmbt_engine_config c = least(vllm);
    c.parent = wmbt_view_of(hash32, 32);
    c.seed_text = wmbt_view_of("", 0); /* given, though empty */
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_SEED_TEXT));
    c = least(vllm);
    c.parent = wmbt_view_of("", 0);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_PARENT));
    c = least(vllm);
    c.first_block = 1; /* of what? */
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_FIRST_BLOCK));
    c.parent = wmbt_view_of(hash32, 32);
    T_CALL(t, refuse(t, &c, 0, WMBT_BAD_ARGUMENT, 0));
    c = least(vllm);
    c.lora_name = wmbt_view_of("", 0);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_LORA_PATH));
    c = least(vllm);
    c.lora_path = wmbt_view_of("", 0);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_LORA_NAME));
    c = least(vllm);
    c.extras = wmbt_view_of("\xf6", 1);
    c.salt = wmbt_view_of("s", 1);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_SALT));
    c = least(vllm);
    c.salt = wmbt_view_of("\xff", 1);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_TEXT, WMBT_ENGINE_SALT));
    c.salt = wmbt_view_of(NULL, 1);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_SALT));
    c = least(vllm);
    c.embeds = wmbt_view_of(hash32, 31);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_EMBEDS));
    c = least(vllm);
    c.lookahead = WMBT_ENGINE_MAX_LOOKAHEAD + 1;
    T_CALL(t, refuse(t, &c, 4, WMBT_TOO_LARGE, WMBT_ENGINE_LOOKAHEAD));
    c = least(&wmbt_dialect_sglang_hicache);
    c.parent = wmbt_view_of(hash32, 31);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_PARENT));
    c = least(&wmbt_dialect_llmd_fnv_cbor);
    c.model = wmbt_view_of(NULL, 0);
    c.parent = wmbt_view_of(hash32 + 8, 8); /* zeros: no parent */
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_PARENT));
    c = least(&wmbt_dialect_aibrix_gateway);
    T_CALL(t, refuse(t, &c, 0, WMBT_BAD_ARGUMENT, 0));
    c = least(&wmbt_dialect_vllm_sha256);
    T_CALL(t, refuse(t, &c, 0, WMBT_BAD_ARGUMENT, 0));
    T_CALL(t, refuse(t, &c, UINT32_MAX, WMBT_BAD_ARGUMENT, 0));
    c.dialect = NULL;
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, 0));
    T_CALL(t, refuse(t, NULL, 4, WMBT_BAD_ARGUMENT, 0));
}

/* The name of each field, all bytes of it; no other number has one. */
static void test_field_names(wmbt_test *t)
{
    static const char *const names[] = {
        "seed_text", "seed",      "parent",    "first_block", "lookahead",
        "model",     "lora_name", "lora_path", "lora_id",     "salt",
        "salt_id",   "extra_key", "items",     "embeds",      "extras",
    };
    T_EQ(t, sizeof names / sizeof names[0], WMBT_ENGINE_FIELDS);
    for (uint32_t i = 0; i < WMBT_ENGINE_FIELDS; i++) {
        const char *name = wmbt_engine_field_name(UINT32_C(1) << i);
        T_CHECK(t, wmbt_test_view_is(wmbt_test_text(name), names[i]));
    }
    for (uint32_t i = WMBT_ENGINE_FIELDS; i < 32u; i++) {
        T_EQ(t, wmbt_engine_field_name(UINT32_C(1) << i)[0], '\0');
    }
    T_EQ(t, wmbt_engine_field_name(3)[0], '\0');
}

static wmbt_view *view_of(wmbt_engine_config *c, uint32_t field)
{
    switch (field) {
    case WMBT_ENGINE_SEED_TEXT: return &c->seed_text;
    case WMBT_ENGINE_PARENT: return &c->parent;
    case WMBT_ENGINE_MODEL: return &c->model;
    case WMBT_ENGINE_LORA_NAME: return &c->lora_name;
    case WMBT_ENGINE_LORA_PATH: return &c->lora_path;
    case WMBT_ENGINE_SALT: return &c->salt;
    case WMBT_ENGINE_EXTRA_KEY: return &c->extra_key;
    case WMBT_ENGINE_EMBEDS: return &c->embeds;
    case WMBT_ENGINE_EXTRAS: return &c->extras;
    default: return NULL;
    }
}

/* Each view that a dialect may have, NULL with a length, and each text that is none. */
static void test_views(wmbt_test *t)
{
    const uint32_t lora = WMBT_ENGINE_LORA_NAME | WMBT_ENGINE_LORA_PATH;
    const uint32_t plain = WMBT_ENGINE_PARENT | WMBT_ENGINE_EMBEDS | WMBT_ENGINE_EXTRAS;
    static const wmbt_engine_config no_engine;
    const wmbt_dialect *d;
    uint32_t seen = 0;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        uint32_t needed, may = wmbt_dialect_fields(d, &needed);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        for (uint32_t bit = 1; bit < UINT32_C(1) << WMBT_ENGINE_FIELDS; bit += bit) {
            wmbt_engine_config c = least(d);
            wmbt_view *v = view_of(&c, bit);
            if (v == NULL || (may & bit) == 0u) {
                continue;
            }
            if ((bit & lora) != 0u && (may & WMBT_ENGINE_LORA_PATH) != 0u) { /* go together */
                give(&c, WMBT_ENGINE_LORA_NAME);
                give(&c, WMBT_ENGINE_LORA_PATH);
            }
            if (bit == WMBT_ENGINE_PARENT) { /* of all others none is needed, and some are wrong */
                wmbt_test_copy((uint8_t *)&c, (const uint8_t *)&no_engine, sizeof c);
                c.dialect = d;
            }
            seen |= bit;
            *v = wmbt_view_of(NULL, bit == WMBT_ENGINE_EMBEDS ? 32 : 1);
            T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, bit));
            if ((bit & plain) == 0u) {
                *v = wmbt_view_of("\xff", 1);
                T_CALL(t, refuse(t, &c, 4, WMBT_BAD_TEXT, bit));
            }
        }
    }
    T_EQ(t, seen, 0x6AE5u); /* all nine of them */
}

/* Of several fields at fault the lowest is named; what is at a limit is taken. */
static void test_first_of_faults(wmbt_test *t)
{
    static const uint32_t others[] = {WMBT_ENGINE_LORA_NAME, WMBT_ENGINE_SALT, WMBT_ENGINE_ITEMS,
                                      WMBT_ENGINE_EMBEDS};
    const wmbt_dialect *vllm = &wmbt_dialect_vllm_sha256_cbor;
    wmbt_engine_config c;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        c = least(vllm);
        give(&c, WMBT_ENGINE_EXTRAS);
        give(&c, others[i]);
        if (others[i] == WMBT_ENGINE_LORA_NAME) {
            give(&c, WMBT_ENGINE_LORA_PATH);
        }
        T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, others[i]));
    }
    c = least(vllm);
    give(&c, WMBT_ENGINE_PARENT);
    give(&c, WMBT_ENGINE_SEED_TEXT); /* of the root only */
    give(&c, WMBT_ENGINE_LORA_NAME); /* without its path */
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_SEED_TEXT));
    c.lora_name = wmbt_view_of(NULL, 0);
    give(&c, WMBT_ENGINE_SALT);
    give(&c, WMBT_ENGINE_EXTRAS);
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_SEED_TEXT));
    c = least(vllm);
    c.lookahead = WMBT_ENGINE_MAX_LOOKAHEAD;
    T_CALL(t, refuse(t, &c, WMBT_ENGINE_MAX_BLOCK_TOKENS, WMBT_OK, 0));
    T_CALL(t, refuse(t, &c, WMBT_ENGINE_MAX_BLOCK_TOKENS + 1u, WMBT_BAD_ARGUMENT, 0));
    c = least(&wmbt_dialect_sglang_hicache); /* has no items: neither a list nor a count */
    c.items = &digest_item;
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_ITEMS));
    c.items = NULL;
    c.item_count = 1;
    T_CALL(t, refuse(t, &c, 4, WMBT_BAD_ARGUMENT, WMBT_ENGINE_ITEMS));
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_sglang_hicache, &digest_item, 1, 9),
         WMBT_BAD_ARGUMENT);
}

/* A place has one digest, also the last place that there is. */
static void test_places_of_digests(wmbt_test *t)
{
    static const struct {
        uint64_t first, second;
        wmbt_status status;
    } rows[] = {
        {3, 4, WMBT_OK},
        {3, 3, WMBT_BAD_ORDER},
        {4, 3, WMBT_BAD_ORDER},
        {UINT64_MAX - 1u, UINT64_MAX, WMBT_OK},
        {UINT64_MAX, 0, WMBT_BAD_ORDER},
        {UINT64_MAX, 3, WMBT_BAD_ORDER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_dialect_item items[2] = {digest_item, digest_item};
        items[0].offset = rows[i].first;
        items[1].offset = rows[i].second;
        T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_trtllm_v2, items, 2, UINT64_MAX),
             rows[i].status);
    }
}

static void test_items(wmbt_test *t)
{
    const wmbt_dialect *d = &wmbt_dialect_dynamo_request_v1_6;
    wmbt_dialect_item items[2] = {run_item, run_item};
    T_EQ(t, wmbt_dialect_check_items(d, items, 1, 2), WMBT_OK);
    T_EQ(t, wmbt_dialect_check_items(d, items, 1, 1), WMBT_BAD_OFFSET);
    T_EQ(t, wmbt_dialect_check_items(d, items, 2, 9), WMBT_BAD_ORDER);
    items[1].offset = 2;
    T_EQ(t, wmbt_dialect_check_items(d, items, 2, 9), WMBT_OK);
    items[1].length = 0;
    T_EQ(t, wmbt_dialect_check_items(d, items, 2, 9), WMBT_BAD_LENGTH);
    items[1].length = UINT64_MAX;
    T_EQ(t, wmbt_dialect_check_items(d, items, 2, UINT64_MAX), WMBT_BAD_NUMBER);
    items[1] = text_item;
    items[1].offset = 5;
    T_EQ(t, wmbt_dialect_check_items(d, items, 2, 9), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_dialect_check_items(d, NULL, 2, 9), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_dialect_check_items(d, NULL, 0, 9), WMBT_OK);
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_sglang_hicache, items, 1, 9), WMBT_BAD_ARGUMENT);
    items[0] = digest_item;
    items[0].identifier.len = 31;
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_trtllm_v2, items, 1, 9), WMBT_BAD_ARGUMENT);
    items[0] = text_item;
    items[0].length = 0; /* a text may stand for no tokens, and for the same place as the next */
    items[1] = text_item;
    items[1].offset = items[0].offset;
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_vllm_sha256, items, 2, 9), WMBT_OK);
    items[0].identifier = wmbt_view_of("\xff", 1);
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_vllm_sha256, items, 1, 9), WMBT_BAD_TEXT);
}

/* A chain of a dialect in exactly the memory that it says, whatever that held before. */
static wmbt_chain *start(wmbt_test *t, const wmbt_engine_config *c, uint32_t block)
{
    wmbt_chain_config config = {0};
    wmbt_chain *x = NULL;
    const size_t bytes = wmbt_engine_bytes(c, block);
    uint8_t *memory = wmbt_test_alloc(t, bytes);
    if (memory == NULL) {
        return NULL;
    }
    wmbt_test_fill(memory, bytes);
    config.dialect = WMBT_CHAIN_ENGINE;
    config.block_tokens = block;
    config.engine = c;
    T_ALSO(t, wmbt_chain_init(wmbt_buf_of(memory, bytes - 1), &config, &x) == WMBT_BUFFER_TOO_SMALL,
           "one byte less is too small");
    T_ALSO(t, wmbt_chain_init(wmbt_buf_of(memory, bytes), &config, &x) == WMBT_OK, "starts");
    return x;
}

/* All dialects: memory, a hash's length, a clone, starting over, and calls out of order. */
static void test_calls(wmbt_test *t)
{
    static const uint32_t tokens[40] = {1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11, 0};
    const wmbt_dialect *d;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        wmbt_block_hash first, again;
        size_t taken = 0, more = 0;
        wmbt_test_reset(t);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        wmbt_engine_config c = least(d);
        const uint32_t keeps =
            (d == &wmbt_dialect_vllm_sha256 || d == &wmbt_dialect_vllm_xxhash ? 4u : 0u) +
            wmbt_dialect_reads_ahead(d) * (wmbt_dialect_is_wide(d) ? 2u : 1u);
        T_CHECK(t, wmbt_engine_bytes(&c, 4) <= WMBT_ENGINE_BYTES(keeps));
        const size_t state = d->hash->state_bytes + (d->hash->room != NULL ? d->hash->room(4) : 0u);
        T_EQ(t, wmbt_engine_bytes(&c, 4), sizeof(wmbt_engine) + state + (keeps + 1u) / 2u * 8u);
        wmbt_chain *x = start(t, &c, 4);
        T_CHECK(t, x != NULL);
        T_EQ(t, wmbt_chain_hash_bytes(x), wmbt_dialect_hash_bytes(d));
        T_EQ(t, wmbt_chain_number(x), 0);
        T_EQ(t, wmbt_chain_add(x, tokens, 1), WMBT_BAD_STATE);
        T_EQ(t, wmbt_chain_end_block(x, &first), WMBT_BAD_STATE);
        T_EQ(t, wmbt_chain_push(x, NULL, 1, &taken, &first), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_chain_begin_block(x, 5),
             d == &wmbt_dialect_aibrix_gateway ? WMBT_BAD_STATE : WMBT_BAD_ARGUMENT);
        if (!wmbt_dialect_hashes_short_last(d)) {
            T_EQ(t, wmbt_chain_begin_block(x, 3),
                 d == &wmbt_dialect_aibrix_gateway ? WMBT_BAD_STATE : WMBT_BAD_ARGUMENT);
        }
        T_EQ(t, wmbt_chain_push(x, tokens, 40, &taken, &first), WMBT_OK);
        T_EQ(t, wmbt_chain_blocks(x), 1);
        for (uint32_t b = wmbt_dialect_hash_bytes(d); b < 32; b++) {
            T_EQ(t, first.bytes[b], 0);
        }
        T_EQ(t, wmbt_chain_number(x) != 0, wmbt_dialect_hash_bytes(d) == 8);
        T_EQ(t, wmbt_chain_block_number(x) != 0, wmbt_dialect_hashes_blocks(d));
        const size_t root_bytes = wmbt_chain_root(x).len;
        T_CHECK(t, root_bytes == 0 || root_bytes == d->parent_bytes);
        /* A clone goes on as its origin does. */
        const size_t bytes = wmbt_engine_bytes(&c, 4);
        uint8_t *copy = wmbt_test_alloc(t, bytes);
        wmbt_test_copy(copy, (const uint8_t *)x, bytes);
        wmbt_chain *clone = (wmbt_chain *)(void *)copy;
        wmbt_block_hash theirs;
        T_EQ(t, wmbt_chain_push(x, tokens + taken, 40 - taken, &more, &again), WMBT_OK);
        T_EQ(t, wmbt_chain_push(clone, tokens + taken, 40 - taken, &more, &theirs), WMBT_OK);
        T_BYTES(t, again.bytes, theirs.bytes, 32);
        T_CHECK(t, !wmbt_test_same(first.bytes, again.bytes, 32));
        wmbt_chain_reset(x);
        T_EQ(t, wmbt_chain_push(x, tokens, 40, &taken, &again), WMBT_OK);
        T_BYTES(t, first.bytes, again.bytes, 32);
    }
}

/* BLAKE3's state has 32 bytes more for each doubling of 1 KiB that a block with the hash before it
 * passes, and no more. */
static void test_room_of_blake3(wmbt_test *t)
{
    const wmbt_dialect *d;
    uint32_t seen = 0;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        if (d->hash != &wmbt_engine_blake3 || (d->flags & WMBT_DIALECT_WHOLE) != 0u) {
            continue;
        }
        wmbt_engine_config c = least(d);
        const size_t smallest = wmbt_engine_bytes(&c, 1);
        seen++;
        for (uint32_t block = 1; block <= 9000u; block++) {
            size_t more = 0;
            for (uint32_t reach = 1024; reach < 32u + 4u * block; reach *= 2u) {
                more += 32u;
            }
            T_EQ(t, wmbt_engine_bytes(&c, block), smallest + more);
        }
    }
    T_CHECK(t, seen != 0u);
}

/* Gives all tokens: the hashes of the blocks that they fill. */
static uint32_t push_all(wmbt_chain *x, const uint32_t *tokens, size_t count, wmbt_block_hash *hash)
{
    uint32_t blocks = 0;
    wmbt_status status = WMBT_OK;
    while (status == WMBT_OK && count != 0u) {
        size_t taken = 0;
        status = wmbt_chain_push(x, tokens, count, &taken, &hash[blocks]);
        blocks += status == WMBT_OK;
        tokens += taken;
        count -= taken;
    }
    return blocks;
}

/* Starts over: the hashes are those that it had first. */
static void start_over(wmbt_test *t, wmbt_chain *x, const uint32_t tokens[24], uint32_t blocks,
                       const wmbt_block_hash *first)
{
    wmbt_block_hash again[24];
    wmbt_chain_reset(x);
    T_EQ(t, push_all(x, tokens, 24, again), blocks);
    for (uint32_t b = 0; b < blocks; b++) {
        T_BYTES(t, again[b].bytes, first[b].bytes, WMBT_BLOCK_HASH_BYTES);
    }
    wmbt_chain_reset(x);
}

/* From wherever a chain is, in a block, in a token or between two blocks, with an item in the first
 * or without: it starts over. */
static void test_starting_over(wmbt_test *t)
{
    static const uint32_t tokens[24] = {1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11, 0, 13, 0, 15};
    const wmbt_dialect *d;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        for (uint32_t with_item = 0; with_item < 2u; with_item++) {
            wmbt_block_hash first[24], again[24];
            uint32_t needed, may = wmbt_dialect_fields(d, &needed);
            wmbt_engine_config c = least(d);
            if (with_item != 0u && (may & WMBT_ENGINE_ITEMS) == 0u) {
                continue;
            }
            wmbt_test_reset(t);
            wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
            if (with_item != 0u) {
                give(&c, WMBT_ENGINE_ITEMS);
            }
            wmbt_chain *x = start(t, &c, 5);
            T_CHECK(t, x != NULL);
            const uint32_t blocks = push_all(x, tokens, 24, first);
            T_CHECK(t, blocks >= 2u && wmbt_chain_blocks(x) == blocks);
            for (size_t n = 0; n <= 24u; n++) {
                wmbt_chain_reset(x);
                T_EQ(t, wmbt_chain_blocks(x), 0);
                T_EQ(t, wmbt_chain_number(x), 0);
                T_EQ(t, wmbt_chain_block_number(x), 0);
                (void)push_all(x, tokens, n, again);
                T_CALL(t, start_over(t, x, tokens, blocks, first));
                size_t taken = 0;
                wmbt_status status = wmbt_chain_push(x, tokens + n, 24 - n, &taken, again);
                T_CHECK(t, status == WMBT_OK || status == WMBT_NEED_MORE);
                T_CALL(t, start_over(t, x, tokens, blocks, first));
            }
        }
    }
}

/* An item that ends with a block is in no later one: that goes on as one without items does. */
static void test_item_at_the_end(wmbt_test *t)
{
    static const uint32_t tokens[24] = {1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11, 0, 13, 0, 15};
    const uint32_t fields = WMBT_ENGINE_ITEMS | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK;
    const wmbt_dialect *d;
    uint32_t kinds = 0;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        wmbt_block_hash hashes[24], after[24];
        uint32_t needed, may = wmbt_dialect_fields(d, &needed);
        if ((may & fields) != fields || d->hash_bytes != d->parent_bytes) {
            continue;
        }
        wmbt_test_reset(t);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        wmbt_engine_config c = least(d), plain = {0};
        wmbt_dialect_item item = *item_of(d);
        item.length = item.length != 0u ? 1u : 0u;
        item.offset = 3;
        c.items = &item;
        c.item_count = 1;
        wmbt_chain *x = start(t, &c, 4);
        T_CHECK(t, x != NULL && push_all(x, tokens, 24, hashes) >= 3u);
        plain.dialect = d;
        plain.parent = wmbt_view_of(hashes[0].bytes, d->parent_bytes);
        plain.first_block = 1;
        x = start(t, &plain, 4);
        T_CHECK(t, x != NULL && !t->failed && push_all(x, tokens + 4, 20, after) >= 2u);
        T_BYTES(t, after[0].bytes, hashes[1].bytes, WMBT_BLOCK_HASH_BYTES);
        T_BYTES(t, after[1].bytes, hashes[2].bytes, WMBT_BLOCK_HASH_BYTES);
        kinds |= 1u << wmbt_dialect_items(d);
    }
    T_EQ(t, kinds, 0x1Eu);
}

/* No block comes after a shorter one; embeddings for each block; lengths of 32 bits in pickles. */
static void test_ends(wmbt_test *t)
{
    static uint32_t tokens[40];
    wmbt_block_hash hash;
    size_t taken;
    wmbt_test_fill(&hash, sizeof hash);
    wmbt_engine_config c = least(&wmbt_dialect_trtllm_v2);
    wmbt_chain *x = start(t, &c, 4);
    T_EQ(t, wmbt_chain_begin_block(x, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_begin_block(x, 3), WMBT_OK);
    T_EQ(t, wmbt_chain_begin_block(x, 3), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_add(x, tokens, 4), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_add(x, tokens, 3), WMBT_OK);
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_OK);
    T_EQ(t, wmbt_chain_begin_block(x, 4), WMBT_END);
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_END);
    T_EQ(t, taken, 0);
    wmbt_chain_reset(x);
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);

    c = least(&wmbt_dialect_vllm_sha256_cbor);
    c.embeds = wmbt_view_of(hash32, 32); /* of one block */
    x = start(t, &c, 4);
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
    T_EQ(t, wmbt_chain_push(x, tokens, 3, &taken, &hash), WMBT_NEED_MORE);
    wmbt_test_fill(&hash, sizeof hash);
    T_EQ(t, wmbt_chain_push(x, tokens, 1, &taken, &hash), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&hash, sizeof hash));
    wmbt_chain_reset(x); /* what has failed has not failed for good */
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
    wmbt_test_fill(&hash, sizeof hash);

#if SIZE_MAX > UINT32_MAX
    /* A pickle has no place for more than 32 bits of length: nothing is read. */
    c = least(&wmbt_dialect_vllm_sha256);
    c.parent = wmbt_view_of(hash32, (size_t)UINT32_MAX + 1);
    x = start(t, &c, 4);
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_test_is_filled(&hash, sizeof hash));
#endif
}

/* Integers of every length in a pickle: an item that began `before` tokens before the block. The
 * hashes are SHA-256 of what CPython 3.11 writes (pickle.dumps(..., protocol=5)) of a tuple of 32
 * zero bytes, `block` sevens, and (("mm", "id", -before),): the first 32 digits. */
static void test_pickled_integers(wmbt_test *t)
{
    static const uint8_t zeros[32];
    static const struct {
        uint64_t before;
        uint32_t block;
        const char *hex;
    } rows[] = {
        {1, 16, "cec2cae3fc12bd9f3cbb11fda00450f8"},
        {128, 16, "cd41cbe2cfcb457b7b79b3e077646772"},
        {129, 16, "930daaf79cdc61929a8cc8b8a285ef00"},
        {32769, 16, "758770f07cd8b845bb555769635e89a1"},
        {UINT64_C(2147483648), 16, "ce34f09e9519e5a6fd5ab33c485e042b"},
        {UINT64_C(2147483649), 16, "3325de1d4a375200b64c0ed6054c7307"},
        {UINT64_C(4294967296), 16, "ae49a1b27aea1dd424407639d8ac0211"},
        {UINT64_C(549755813888), 256, "3077c8bc001ae33209c272c71e870b84"},
        {UINT64_C(549755813889), 256, "9d3826a3fad0d6013cb6ce7375eaaa39"},
        {UINT64_C(8796093022213), 4096, "d0fd2125afc92578103fca7d9adeca31"},
        {UINT64_C(140737488355328), 33000, "44f3ab486f5846781a045187d3709490"},
        {UINT64_C(140737488355329), 33000, "97f843f16649a79e1a2a7eb582c45e40"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static const uint32_t seven = 7;
        wmbt_dialect_item item = text_item;
        wmbt_block_hash hash;
        uint8_t hex[WMBT_BLOCK_HASH_HEX_BYTES];
        size_t taken;
        wmbt_engine_config c = least(&wmbt_dialect_vllm_sha256);
        wmbt_test_reset(t);
        c.parent = wmbt_view_of(zeros, sizeof zeros);
        c.first_block = (uint32_t)((rows[i].before + rows[i].block - 1) / rows[i].block);
        item.identifier = wmbt_test_text("id");
        item.offset = (uint64_t)c.first_block * rows[i].block - rows[i].before;
        item.length = rows[i].before + 1;
        c.items = &item;
        c.item_count = 1;
        wmbt_chain *x = start(t, &c, rows[i].block);
        T_CHECK(t, x != NULL);
        for (uint32_t n = 1; n < rows[i].block; n++) {
            T_EQ(t, wmbt_chain_push(x, &seven, 1, &taken, &hash), WMBT_NEED_MORE);
        }
        T_EQ(t, wmbt_chain_push(x, &seven, 1, &taken, &hash), WMBT_OK);
        wmbt_block_hash_to_hex(&hash, hex);
        T_BYTES(t, hex, (const uint8_t *)rows[i].hex, 32);
    }
}

/* Parents as long as a length of one byte tells, longer ones, and those that stand between frames:
 * SHA-256 of what CPython 3.11 writes (pickle.dumps(..., protocol=5)) of a tuple of so many zero
 * bytes, (1, 2, 3, 4) and None. */
static void test_pickled_parents(wmbt_test *t)
{
    static const uint32_t tokens[] = {1, 2, 3, 4};
    static const struct {
        uint32_t bytes;
        const char *hex;
    } rows[] = {
        {255, "913165e5de01c1118027a6aeacf69b5e133b826e8dec637776dbce89d95c056d"},
        {256, "63a9f63cfbcd1343c0c97385fa8b5542d2617dca14c12b914d6356a5ea55cac3"},
        {65535, "3bb7fd6fb666a5c29ca0b9e51563cb5711a125c3c6380a6a51a3dc88703da4b8"},
        {65536, "6c2a0e3b28975ede2e58109d4cb215f3707713eac8bd7d60e03f457ca47be276"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_block_hash hash;
        uint8_t hex[WMBT_BLOCK_HASH_HEX_BYTES];
        size_t taken;
        wmbt_engine_config c = least(&wmbt_dialect_vllm_sha256);
        wmbt_test_reset(t);
        uint8_t *parent = wmbt_test_alloc(t, rows[i].bytes);
        T_CHECK(t, parent != NULL);
        c.parent = wmbt_view_of(parent, rows[i].bytes);
        wmbt_chain *x = start(t, &c, 4);
        T_CHECK(t, x != NULL && !t->failed);
        T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
        wmbt_block_hash_to_hex(&hash, hex);
        T_BYTES(t, hex, (const uint8_t *)rows[i].hex, sizeof hex);
    }
}

/* The hashes of 24 tokens, where chain and tokens lie at the end of memory, one of them last. */
static uint32_t hash_at_end(wmbt_test *t, const wmbt_engine_config *c, uint32_t block,
                            bool tokens_last, wmbt_block_hash *hash)
{
    static const uint32_t values[24] = {1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11, 0, 13, 0, 15};
    wmbt_chain_config config = {0};
    wmbt_chain *x = NULL;
    const size_t bytes = wmbt_engine_bytes(c, block);
    uint8_t *end = t->arena.data + t->arena.len;
    uint8_t *tokens = end - sizeof values - (tokens_last ? 0 : bytes);
    uint8_t *memory = end - bytes - (tokens_last ? sizeof values : 0);
    wmbt_test_copy(tokens, (const uint8_t *)values, sizeof values);
    wmbt_test_fill(memory, bytes);
    config.dialect = WMBT_CHAIN_ENGINE;
    config.block_tokens = block;
    config.engine = c;
    if (wmbt_chain_init(wmbt_buf_of(memory, bytes), &config, &x) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "starts");
        return 0;
    }
    const uint32_t blocks = push_all(x, (const uint32_t *)(const void *)tokens, 24, hash);
    T_ALSO(t, wmbt_test_same(tokens, (const uint8_t *)values, sizeof values), "tokens stay");
    return blocks;
}

/* All dialects, with an item and without, and tokens ahead: nothing is read or written behind the
 * memory of the chain or behind the tokens. */
static void test_ends_of_memory(wmbt_test *t)
{
    const wmbt_dialect *d;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        uint32_t needed, may = wmbt_dialect_fields(d, &needed);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        for (uint32_t how = 0; how < 6u; how++) {
            const uint32_t ahead = how / 2u;
            const bool with_item = how % 2u != 0u;
            if ((with_item && (may & WMBT_ENGINE_ITEMS) == 0u) ||
                (ahead != 0u && (may & WMBT_ENGINE_LOOKAHEAD) == 0u)) {
                continue;
            }
            /* one of bytes has no more hashes than tokens */
            uint32_t block = (d->flags & WMBT_DIALECT_BYTES) != 0u ? 4u : 1u;
            for (; block < 9u; block++) {
                wmbt_block_hash first[24], again[24];
                wmbt_engine_config c = least(d);
                c.lookahead = ahead;
                if (with_item) {
                    give(&c, WMBT_ENGINE_ITEMS);
                }
                const uint32_t blocks = hash_at_end(t, &c, block, false, first);
                T_CHECK(t, !t->failed && blocks != 0u);
                T_EQ(t, hash_at_end(t, &c, block, true, again), blocks);
                for (uint32_t b = 0; b < blocks; b++) {
                    T_BYTES(t, again[b].bytes, first[b].bytes, WMBT_BLOCK_HASH_BYTES);
                }
            }
        }
    }
}

/* Blocks that are announced, all of one size, are those of a chain that has it. */
static void test_announced_blocks(wmbt_test *t)
{
    static const uint32_t tokens[40] = {1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11, 0};
    const wmbt_dialect *d;
    uint32_t tried = 0;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        wmbt_block_hash fixed[40], hash;
        wmbt_engine_config c = least(d);
        const uint32_t words = wmbt_dialect_is_wide(d) ? 6u : 3u;
        size_t at = 0;
        wmbt_test_reset(t);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        if (wmbt_engine_check(&c, 0, NULL) != WMBT_OK) {
            continue;
        }
        wmbt_chain *x = start(t, &c, 3);
        T_CHECK(t, x != NULL && push_all(x, tokens, 40, fixed) >= 3u);
        x = start(t, &c, 0);
        T_CHECK(t, x != NULL && !t->failed);
        for (uint32_t b = 0; b < 3u; b++) {
            const size_t n = words + (b == 0u ? d->ahead : 0u); /* which are kept afterwards */
            T_EQ(t, wmbt_chain_begin_block(x, 3), WMBT_OK);
            T_EQ(t, wmbt_chain_add(x, tokens + at, n), WMBT_OK);
            T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_OK);
            T_BYTES(t, hash.bytes, fixed[b].bytes, WMBT_BLOCK_HASH_BYTES);
            at += n;
        }
        tried++;
    }
    T_CHECK(t, tried > 20u);
    T_EQ(t, wmbt_dialect_reads_ahead(&wmbt_dialect_sglang_hicache), 0);
    T_EQ(t, wmbt_dialect_reads_ahead(&wmbt_dialect_sglang_hicache_wide), 0);
    T_EQ(t, wmbt_dialect_reads_ahead(&wmbt_dialect_sglang_hicache_bigram), 1);
    T_EQ(t, wmbt_dialect_reads_ahead(&wmbt_dialect_sglang_hicache_bigram_wide), 1);
}

/* What is too much for a dialect is refused when a block is announced. */
static void test_limits(wmbt_test *t)
{
    static const uint32_t tokens[4] = {1, 2, 3, 4};
    wmbt_block_hash hash;
    size_t taken = 9;
    wmbt_engine_config c = least(&wmbt_dialect_dynamo_plh_v1_6);
    c.parent = wmbt_view_of(hash32, 8);
    c.first_block = WMBT_LINEAGE_POSITIONS - 1;
    wmbt_chain *x = start(t, &c, 4);
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_chain_begin_block(x, 4), WMBT_TOO_LARGE);
    c = least(&wmbt_dialect_vllm_sha256_cbor);
    x = start(t, &c, 0);
    T_EQ(t, wmbt_chain_begin_block(x, WMBT_CHAIN_MAX_BLOCK_TOKENS / 2 + 1), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_chain_begin_block(x, WMBT_CHAIN_MAX_BLOCK_TOKENS / 2), WMBT_OK);
}

/* Without an engine there is no such dialect, and an engine belongs to no other. */
static void test_wrong_dialect(wmbt_test *t)
{
    wmbt_engine_config c = least(&wmbt_dialect_vllm_sha256_cbor);
    wmbt_chain_config config = {0};
    wmbt_chain *x = NULL;
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, 2048), 2048);
    config.dialect = WMBT_CHAIN_ENGINE;
    config.block_tokens = 4;
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT);
    config.engine = &c;
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_OK);
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory.data + 4, 2000), &config, &x),
         WMBT_BUFFER_MISALIGNED);
    config.quant_bits = 2;
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT);
    config.quant_bits = 0;
    config.tenant = wmbt_view_of("t", 1);
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT);
    config.tenant = wmbt_view_of(NULL, 0);
    config.dialect = WMBT_CHAIN_CORE;
    config.fingerprint = wmbt_view_of(hash32, 32);
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT);
    config.engine = NULL;
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_OK);
    T_EQ(t, wmbt_chain_number(x), 0);
    T_EQ(t, wmbt_chain_block_number(x), 0);
    T_EQ(t, wmbt_chain_salt_hash(x), 0);
    T_EQ(t, wmbt_chain_root(x).len, 32);
    T_EQ(t, wmbt_dialect_is_derived(&wmbt_dialect_trtllm_v2), true);
    T_EQ(t, wmbt_dialect_is_derived(&wmbt_dialect_sglang_hicache), false);
    T_EQ(t, wmbt_dialect_hashes_short_last(&wmbt_dialect_sglang_hicache), true);
    T_EQ(t, wmbt_dialect_hashes_short_last(&wmbt_dialect_vllm_sha256), false);
}

/* Items that began long before a block: their offset in it is negative. Digests by CPython,
 * sha256(pickle.dumps((parent, (1, 2, 3, 4), (("mm", "id", offset),)), 5)): of offset -2^31, which
 * is a number of 32 bits, and of -2^31 - 4 and -2^33, which are not. */
static void test_negative_offsets(wmbt_test *t)
{
    static const struct {
        uint32_t first_block;
        uint8_t digest[32];
    } rows[] = {
        {0x20000000u, {0xa1, 0xba, 0xf3, 0xea, 0x29, 0x71, 0x71, 0xf2, 0xf3, 0x11, 0x09,
                       0xaa, 0xad, 0x14, 0xe3, 0xaa, 0x12, 0x88, 0x9c, 0x72, 0x15, 0x0f,
                       0x15, 0x5e, 0x84, 0x08, 0x58, 0x06, 0x4b, 0x97, 0x05, 0x82}},
        {0x20000001u, {0x08, 0xda, 0x8a, 0x04, 0xf0, 0x51, 0xc3, 0x39, 0xcb, 0x27, 0x4d,
                       0xed, 0x9e, 0x81, 0x67, 0x8c, 0x5d, 0x24, 0xaa, 0x48, 0xb6, 0xfd,
                       0x6d, 0x8e, 0x89, 0xd8, 0x0f, 0xeb, 0x67, 0x33, 0x16, 0x88}},
        {0x80000000u, {0x3a, 0x08, 0x1c, 0xba, 0x30, 0x67, 0xd8, 0xec, 0x39, 0x98, 0x25,
                       0x62, 0x29, 0x44, 0x04, 0xd0, 0xc5, 0xe6, 0xcd, 0x16, 0xd8, 0x08,
                       0xb5, 0x8d, 0x20, 0x2f, 0xa2, 0x1d, 0x36, 0x77, 0xf7, 0x26}},
    };
    static const uint32_t tokens[] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_dialect_item item = text_item;
        wmbt_engine_config c = least(&wmbt_dialect_vllm_sha256);
        wmbt_block_hash hash;
        size_t taken = 0;
        item.length = UINT64_MAX;
        give(&c, WMBT_ENGINE_PARENT);
        c.first_block = rows[i].first_block;
        c.items = &item;
        c.item_count = 1;
        wmbt_chain *x = start(t, &c, 4);
        T_CHECK(t, x != NULL && !t->failed);
        T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
        T_BYTES(t, hash.bytes, rows[i].digest, sizeof rows[i].digest);
    }
}

/* A chain that has had almost as many blocks as can be numbered takes one more of them, and no
 * further one. Blocks of any size are taken up to the most that a chain has room for. */
static void test_most_blocks(wmbt_test *t)
{
    static const uint32_t tokens[4] = {0};
    const wmbt_dialect *d;
    uint32_t lineages = 0, any_size = 0;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        wmbt_test_reset(t);
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        wmbt_engine_config c = least(d);
        wmbt_block_hash hash;
        size_t taken = 7;
        wmbt_chain *x = start(t, &c, 4);
        T_CHECK(t, x != NULL && !t->failed);
        const bool lineage = (d->flags & WMBT_DIALECT_LINEAGE) != 0u;
        const uint32_t most = lineage ? WMBT_LINEAGE_POSITIONS : UINT32_MAX;
        x->blocks = most - 1u; /* as if they had been hashed */
        wmbt_status status = wmbt_chain_push(x, tokens, 4, &taken, &hash);
        while (status == WMBT_NEED_MORE && wmbt_chain_blocks(x) != most) { /* some look ahead */
            status = wmbt_chain_push(x, tokens, 1, &taken, &hash);
            T_CHECK(t, taken != 0u);
        }
        T_EQ(t, wmbt_chain_blocks(x), most);
        T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_chain_blocks(x), most);
        lineages += lineage;
        if (wmbt_engine_check(&c, 0, NULL) == WMBT_OK) {
            x = start(t, &c, 0);
            T_CHECK(t, x != NULL && !t->failed);
            T_EQ(t, wmbt_chain_begin_block(x, WMBT_ENGINE_MAX_BLOCK_TOKENS + 1u), WMBT_TOO_LARGE);
            T_EQ(t, wmbt_chain_begin_block(x, WMBT_ENGINE_MAX_BLOCK_TOKENS), WMBT_OK);
            any_size++;
        }
    }
    T_CHECK(t, lineages != 0u && any_size != 0u);
}

/* Positions at the borders of each mode, and what has no place. */
static void test_lineage(wmbt_test *t)
{
    uint8_t out[WMBT_LINEAGE_BYTES];
    uint8_t text[WMBT_LINEAGE_MAX_TEXT_BYTES];
    uint64_t fragment;
    size_t length = 0;
    wmbt_lineage x;
    T_EQ(t, wmbt_lineage_pack(5, &one, WMBT_LINEAGE_POSITIONS - 1, out), WMBT_OK);
    T_EQ(t, wmbt_lineage_unpack(out, &x), WMBT_OK);
    T_CHECK(t, x.current == 5 && x.fragment == 1 && x.mode == 2);
    T_EQ(t, x.position, WMBT_LINEAGE_POSITIONS - 1);
    T_EQ(t, wmbt_lineage_text(out, text, &length), WMBT_OK);
    T_EQ(t, wmbt_lineage_child_fragment(out, &fragment), WMBT_END);
    T_EQ(t, wmbt_lineage_extend(out, 1, out), WMBT_END);
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_lineage_pack(5, NULL, WMBT_LINEAGE_POSITIONS, out), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_lineage_v1_2_pack(5, NULL, WMBT_LINEAGE_POSITIONS, out), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_lineage_sequence_pack(5, 6, WMBT_LINEAGE_SEQUENCE_POSITIONS, out), WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_test_is_filled(out, sizeof out));
    T_EQ(t, wmbt_lineage_sequence_pack(5, 6, WMBT_LINEAGE_SEQUENCE_POSITIONS - 1, out), WMBT_OK);
    wmbt_lineage_sequence_unpack(out, &x);
    T_CHECK(t, x.mode == 3 && x.current == 5 && x.fragment == 6);
    T_EQ(t, wmbt_lineage_unpack(out, &x), WMBT_BAD_FIELD);
    T_EQ(t, wmbt_lineage_v1_2_unpack(out, &x), WMBT_BAD_FIELD);
    T_EQ(t, wmbt_lineage_text(out, text, &length), WMBT_BAD_FIELD);
    T_EQ(t, wmbt_lineage_extend(out, 1, out), WMBT_BAD_FIELD);
    T_EQ(t, wmbt_lineage_child_fragment(out, &fragment), WMBT_BAD_FIELD);
}

/* Numbers as they are written: the shortest and the longest, each zero byte in front a digit. */
static void test_lineage_texts(wmbt_test *t)
{
    static const struct {
        uint64_t current, parent;
        uint32_t position;
        const char *text;
    } rows[] = {
        {0, 0, 0, "0:11111111"},
        {0, 0, 5, "5:11111111:11111111"},
        {57, 58, 1, "1:1111111z:111111121"},
        {UINT64_MAX, 0, 0, "0:jpXCZedGfVQ"},
        {UINT64_MAX, UINT64_MAX, 1, "1:jpXCZedGfVQ:13RfkhhsepN"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[WMBT_LINEAGE_BYTES], text[WMBT_LINEAGE_MAX_TEXT_BYTES];
        size_t length = 0;
        wmbt_test_where(t, wmbt_test_text(rows[i].text));
        T_EQ(t, wmbt_lineage_pack(rows[i].current, &rows[i].parent, rows[i].position, out),
             WMBT_OK);
        T_EQ(t, wmbt_lineage_text(out, text, &length), WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(wmbt_view_of(text, length), rows[i].text));
    }
}

static bool text_is(const uint8_t *text, size_t length, const char *want)
{
    return wmbt_test_view_is(wmbt_view_of(text, length), want);
}

/* Room, and what no golden row has: SGLang's file names, as its source makes them. */
static void test_keys(wmbt_test *t)
{
    uint8_t out[200];
    size_t length = 0;
    uint64_t number = 0;
    uint32_t scale = 0, count = 0;
    wmbt_sglang_file file = {{0}, {(const uint8_t *)"a/b", 3}, 1, 8, false, 0, 1, 0, 1};
    wmbt_buf all = wmbt_buf_of(out, sizeof out);
#define DIGITS "0000000000000000000000000000000000000000000000000000000000"
#define ZEROS "000000" DIGITS
    T_EQ(t, wmbt_sglang_file_name(&file, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, ZEROS "_a-b_1_8.bin"));
    file.pp_size = 4;
    file.pp_rank = 2;
    file.cp_size = 2;
    T_EQ(t, wmbt_sglang_file_name(&file, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, ZEROS "_a-b_1_8_4_2_cp0_2.bin"));
    file.mla = true;
    file.pp_size = file.cp_size = 1;
    T_EQ(t, wmbt_sglang_file_name(&file, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, ZEROS "_a-b.bin"));
    size_t needed = length;
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_sglang_file_name(&file, wmbt_buf_of(out, needed - 1), &length),
         WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, wmbt_test_is_filled(out, sizeof out) && length == needed);
    T_EQ(t, wmbt_vllm_group_key(wmbt_view_of(hash32, 32), 1, wmbt_buf_of(out, 35), &length),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_vllm_event_number(wmbt_view_of(hash32, 7), &number), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_vllm_coarse(16, 40, 5, &scale, &count), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_vllm_coarse(0, 16, 5, &scale, &count), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_vllm_coarse(16, 48, 5, &scale, &count), WMBT_OK);
    T_CHECK(t, scale == 3 && count == 1);
    wmbt_lmcache_key key = {{NULL, 0}, 2, 1, 0, {NULL, 0}, false, NULL, NULL, 1};
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BAD_ARGUMENT);
    key.tag_count = 0;
    T_EQ(t, wmbt_lmcache_key_text(&key, wmbt_buf_of(out, 6), &length), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_lmcache_key_text(&key, wmbt_buf_of(out, 7), &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, "@2@1@0@"));
    key.dtype = WMBT_VIEW_LITERAL("float8_e4m3fnuz");
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, "@2@1@0@fp8_e4m3fnuz"));
    wmbt_lmcache_mp_key mp = {{(const uint8_t *)"m@", 2}, 0, 0, {0}, {NULL, 0}};
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_TEXT);
    T_EQ(t, wmbt_lmcache_mp_file_name(&mp, all, &length), WMBT_BAD_TEXT);
    T_EQ(t, wmbt_lmcache_mp_kv_rank(1, 2, 3, 4), 0x01020304u);
    T_EQ(t, wmbt_lmcache_mp_kv_rank(256, 256, 1, 0), UINT64_C(0x101000100));
    mp.model.len = 1;
    mp.kv_rank = UINT64_C(0x101000100);
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_OK);
    T_CHECK(t, length > 13 && text_is(out, 13, "m@101000100@0"));
    T_EQ(t, wmbt_dynamo_item_hash(wmbt_view_of(NULL, 1), &number), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_dynamo_item_hash(wmbt_view_of(NULL, 0), &number), WMBT_MISSING);
    T_EQ(t, wmbt_dynamo_item_hash(wmbt_test_text("ABCDEF" DIGITS), &number), WMBT_OK);
    T_EQ(t, number, UINT64_C(0xABCDEF0000000000)); /* digits are a number already */
    T_EQ(t, wmbt_dynamo_pad_token(UINT64_C(0xFFFFFFFF40000001)), 1000001);
    T_EQ(t, wmbt_mooncake_physical_key(wmbt_view_of(NULL, 1), 0, NULL, out), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_mooncake_verify_hash(wmbt_view_of(NULL, 1), out), WMBT_BAD_ARGUMENT);
}

/* NULL with a length and no room, at each place of a key. */
/* Files in which engines keep blocks. */
static void test_files(wmbt_test *t)
{
    uint8_t out[200];
    size_t length = 0;
    const wmbt_buf all = wmbt_buf_of(out, sizeof out);
    /* as FileMapper.get_file_name() of vLLM 0.33.0 returned them */
    static const uint8_t hash16[16] = {0xAB, 0xCD, 0xEF, 1, 0x23, 0x45, 0x67, 0x89,
                                       0xAB, 0xCD, 0xEF, 1, 0x23, 0x45, 0x67, 0x89};
    wmbt_vllm_file stored = {WMBT_VIEW_INIT("/kv/meta-llama_Llama-3.1-8B_37257a5aeb5e"),
                             3,
                             UINT32_MAX,
                             {hash16, sizeof hash16}};
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length,
                       "/kv/meta-llama_Llama-3.1-8B_37257a5aeb5e_r3/abc/de_g4294967295/"
                       "abcdef0123456789abcdef0123456789.bin"));
    T_EQ(t, wmbt_vllm_file_name(&stored, wmbt_buf_of(out, length - 1), &length),
         WMBT_BUFFER_TOO_SMALL);
    stored.hash.len = 2;
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_BAD_LENGTH);
    stored.hash = wmbt_view_of(out, 65);
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_BAD_LENGTH);
    wmbt_lmcache_key key = {{NULL, 0}, 2, 1, 0, {NULL, 0}, false, NULL, NULL, 0};
    key.model = WMBT_VIEW_LITERAL("a/b/c");
    T_EQ(t, wmbt_lmcache_file_name(&key, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, "a-b-c@2@1@0@.pt"));
    T_EQ(t, wmbt_lmcache_file_name(&key, wmbt_buf_of(out, length - 1), &length),
         WMBT_BUFFER_TOO_SMALL);
}

/* What is written ends where it says, and so do the limits of what is taken. */
static void test_limits_of_keys(wmbt_test *t)
{
    uint8_t out[256];
    uint64_t number = 99;
    size_t length = 99;
    static const uint8_t bytes[64] = {0xAB, 0xCD, 0xEF, 1, 2, 3, 4, 5};
    const wmbt_buf all = wmbt_buf_of(out, sizeof out);
    for (size_t n = 0; n <= 32u; n++) {
        wmbt_test_fill(out, sizeof out);
        T_EQ(t,
             wmbt_vllm_group_key(wmbt_view_of(bytes, n), 0x01020304u, wmbt_buf_of(out, n + 3u),
                                 &length),
             WMBT_BUFFER_TOO_SMALL);
        T_CHECK(t, wmbt_test_is_filled(out, sizeof out));
        T_EQ(t,
             wmbt_vllm_group_key(wmbt_view_of(bytes, n), 0x01020304u, wmbt_buf_of(out, n + 4u),
                                 &length),
             WMBT_OK);
        T_EQ(t, length, n + 4u);
        T_BYTES(t, out, bytes, n);
        T_BYTES(t, out + n, (const uint8_t *)"\1\2\3\4", 4);
        T_CHECK(t, wmbt_test_is_filled(out + length, sizeof out - length));
    }
    wmbt_vllm_file stored = {WMBT_VIEW_INIT("a"), 1, 2, {bytes, 3}};
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, "a_r1/abc/de_g2/abcdef.bin"));
    stored.hash.len = sizeof bytes;
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_OK);
    T_EQ(t, length, 15u + 2u * sizeof bytes + 4u);
    T_EQ(t, wmbt_vllm_event_number(wmbt_view_of(bytes, 8), &number), WMBT_OK);
    T_EQ(t, number, UINT64_C(0xABCDEF0102030405));
    T_EQ(t, wmbt_dynamo_item_hash(wmbt_view_of(NULL, 0), &number), WMBT_MISSING);
    T_EQ(t, number, 0);
    /* a name is as long as it is, and no byte behind it is looked at */
    wmbt_lmcache_tag tags[2] = {{{NULL, 0}, {NULL, 0}}, {{NULL, 1}, {NULL, 0}}};
    wmbt_lmcache_key key = {{NULL, 0}, 2, 1, 0, {NULL, 0}, false, NULL, tags, 2};
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BAD_ARGUMENT);
    key.tag_count = 0;
    key.dtype = wmbt_view_of(out, SIZE_MAX); /* what comes behind it fits again */
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BUFFER_TOO_SMALL);
    key.dtype = wmbt_view_of(NULL, 0);
    key.model = wmbt_test_text("/a/");
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (uint8_t)'/';
    }
    T_EQ(t, wmbt_lmcache_file_name(&key, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, "-a-@2@1@0@.pt"));
    T_EQ(t, out[length], '/');
    wmbt_sglang_file file = {{0}, {NULL, 0}, 1, 8, true, 0, 1, 0, 1};
    file.pp_size = 2;
    file.pp_rank = 1;
    T_EQ(t, wmbt_sglang_file_name(&file, all, &length), WMBT_OK);
    T_CHECK(t, text_is(out, length, ZEROS "__2_1.bin"));
}

/* Texts of LMCache's keys: a mark at either end of a model, characters of a salt; and keys of
 * Mooncake, which have so many bytes and no more. */
static void test_texts_of_keys(wmbt_test *t)
{
    uint8_t out[700], salt[2u * 129u];
    size_t length = 99;
    const wmbt_buf all = wmbt_buf_of(out, sizeof out);
    wmbt_lmcache_mp_key mp = {{(const uint8_t *)"@m", 2}, 0, 0, {0}, {NULL, 0}};
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_TEXT);
    mp.model = wmbt_test_text("m");
    for (size_t i = 0; i < sizeof salt; i += 2u) { /* letters of two bytes, of all second ones */
        salt[i] = 0xC3;
        salt[i + 1u] = (uint8_t)(0x80u + i / 2u % 64u);
    }
    mp.salt = wmbt_view_of(salt, 2u * 128u);
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_OK);
    mp.salt = wmbt_view_of(salt, 2u * 129u);
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_TEXT);
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_mooncake_physical_key(mp.model, 1, NULL, out), WMBT_OK);
    T_CHECK(t, wmbt_test_is_filled(out + WMBT_MOONCAKE_KEY_BYTES, 64));
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_mooncake_verify_hash(mp.model, out), WMBT_OK);
    T_CHECK(t, wmbt_test_is_filled(out + WMBT_MOONCAKE_VERIFY_BYTES, 64));
}

static void test_bad_keys(wmbt_test *t)
{
    uint8_t out[200];
    size_t length = 99;
    uint64_t number = 99;
    uint32_t scale = 99, count = 99;
    const wmbt_view bad = wmbt_view_of(NULL, 1), none = wmbt_view_of(NULL, 0);
    const wmbt_view text = wmbt_test_text("a"), no_text = wmbt_test_text("\xC3");
    const wmbt_buf all = wmbt_buf_of(out, sizeof out), no_memory = wmbt_buf_of(NULL, 9);
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_vllm_group_key(bad, 1, all, &length), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_vllm_group_key(text, 1, no_memory, &length), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_vllm_group_key(none, 1, wmbt_buf_of(out, 3), &length), WMBT_BUFFER_TOO_SMALL);
    wmbt_vllm_file stored = {bad, 0, 0, {hash32, 32}};
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_BAD_ARGUMENT);
    stored.base = none;
    T_EQ(t, wmbt_vllm_file_name(&stored, no_memory, &length), WMBT_BAD_ARGUMENT);
    stored.hash = bad;
    T_EQ(t, wmbt_vllm_file_name(&stored, all, &length), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_vllm_event_number(bad, &number), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_vllm_coarse(16, 8, 5, &scale, &count), WMBT_BAD_ARGUMENT);
    wmbt_lmcache_tag tag = {{NULL, 0}, {NULL, 0}};
    wmbt_lmcache_key key = {{NULL, 0}, 2, 1, 0, {NULL, 0}, false, NULL, NULL, 0};
    key.tags = &tag;
    key.tag_count = 1;
    key.model = bad;
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BAD_ARGUMENT);
    key.model = wmbt_view_of(out, SIZE_MAX); /* counted before it is looked at */
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BUFFER_TOO_SMALL);
    key.model = none;
    key.dtype = bad;
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BAD_ARGUMENT);
    key.dtype = none;
    tag.name = bad;
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BAD_ARGUMENT);
    tag.name = none;
    tag.value = bad;
    T_EQ(t, wmbt_lmcache_key_text(&key, all, &length), WMBT_BAD_ARGUMENT);
    tag.value = none;
    T_EQ(t, wmbt_lmcache_key_text(&key, no_memory, &length), WMBT_BAD_ARGUMENT);
    wmbt_sglang_file file = {{0}, {NULL, 1}, 1, 8, false, 0, 1, 0, 1};
    T_EQ(t, wmbt_sglang_file_name(&file, all, &length), WMBT_BAD_ARGUMENT);
    wmbt_lmcache_mp_key mp = {{NULL, 0}, 0, 0, {0}, {NULL, 0}};
    mp.model = bad;
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_ARGUMENT);
    mp.model = no_text;
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_TEXT);
    mp.model = text;
    mp.salt = bad;
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_ARGUMENT);
    mp.salt = no_text;
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, all, &length), WMBT_BAD_TEXT);
    mp.salt = none;
    T_EQ(t, wmbt_lmcache_mp_s3_key(&mp, wmbt_buf_of(out, 9), &length), WMBT_BUFFER_TOO_SMALL);
#if SIZE_MAX > UINT32_MAX
    T_EQ(t, wmbt_mooncake_verify_hash(wmbt_view_of(out, (size_t)UINT32_MAX + 1u), out),
         WMBT_TOO_LARGE);
#endif
    T_CHECK(t, wmbt_test_is_filled(out, sizeof out));
    T_CHECK(t, length == 99u && number == 99u && scale == 99u && count == 99u);
}

/* What an item of each kind may not have. */
static void test_items_of_kinds(wmbt_test *t)
{
    const wmbt_dialect *d;
    uint32_t kinds = 0;
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_sglang_hicache, NULL, 0, 9), WMBT_OK);
    T_EQ(t, wmbt_dialect_check_items(&wmbt_dialect_sglang_hicache, NULL, 1, 9), WMBT_BAD_ARGUMENT);
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        const wmbt_dialect_item *good = item_of(d);
        if (wmbt_dialect_items(d) == 0u) {
            continue;
        }
        uint32_t kind = wmbt_dialect_items(d), field = 99;
        wmbt_dialect_item item = *good;
        kinds |= 1u << kind;
        T_EQ(t, wmbt_dialect_check_items(d, &item, 1, 9), WMBT_OK);
        item.identifier = wmbt_view_of(NULL, 1);
        T_EQ(t, wmbt_dialect_check_items(d, &item, 1, 9), WMBT_BAD_ARGUMENT);
        wmbt_engine_config c = least(d);
        c.items = &item;
        c.item_count = 1;
        T_EQ(t, wmbt_engine_check(&c, 16, &field), WMBT_BAD_ARGUMENT);
        T_EQ(t, field, WMBT_ENGINE_ITEMS);
        c.items = NULL;
        T_EQ(t, wmbt_engine_check(&c, 16, &field), WMBT_BAD_ARGUMENT);
        T_EQ(t, field, WMBT_ENGINE_ITEMS);
        item = *good;
        if (kind == WMBT_ITEMS_DIGEST || kind == WMBT_ITEMS_NUMBER) { /* at one place */
            item.length = 1;
        } else if (kind == WMBT_ITEMS_TEXT) {
            item.hash = 1;
        } else {
            item.identifier = wmbt_test_text("a");
        }
        T_EQ(t, wmbt_dialect_check_items(d, &item, 1, 9), WMBT_BAD_ARGUMENT);
#if SIZE_MAX > UINT32_MAX
        T_EQ(t, wmbt_dialect_check_items(d, &item, UINT32_MAX, 9), WMBT_TOO_LARGE);
#endif
    }
    T_EQ(t, kinds, 0x1Eu);
}

/* A parent that is given is the root of each dialect that takes one. */
static void test_parents(wmbt_test *t)
{
    const wmbt_dialect *d;
    uint32_t field, needed, tried = 0;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        wmbt_engine_config c = {0};
        wmbt_test_where(t, wmbt_test_text(wmbt_dialect_name(d)));
        if ((wmbt_dialect_fields(d, &needed) & WMBT_ENGINE_PARENT) == 0u) {
            continue;
        }
        c.dialect = d;
        c.parent = wmbt_view_of(hash32, 32);
        if (wmbt_engine_check(&c, 16, &field) != WMBT_OK) {
            c.parent.len = 16;
        }
        if (wmbt_engine_check(&c, 16, &field) != WMBT_OK) {
            c.parent.len = 8;
        }
        T_EQ(t, wmbt_engine_check(&c, 16, &field), WMBT_OK);
        wmbt_test_reset(t);
        wmbt_chain *x = start(t, &c, 16);
        T_CHECK(t, x != NULL && !t->failed);
        wmbt_view root = wmbt_chain_root(x);
        T_EQ(t, root.len, c.parent.len);
        T_BYTES(t, root.data, hash32, root.len);
        size_t taken = 99;
        wmbt_block_hash hash;
        T_EQ(t, wmbt_chain_push(x, NULL, 0, &taken, &hash), WMBT_NEED_MORE);
        T_EQ(t, taken, 0);
        tried++;
    }
    T_CHECK(t, tried > 20u);
}

/* What chain_init() refuses of an engine, before it looks at the memory. */
static void test_bad_engines(wmbt_test *t)
{
    wmbt_engine_config c = {0};
    wmbt_chain_config config = {0};
    wmbt_chain *x = NULL;
    uint32_t field = 99;
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, 1024), 1024);
    config.dialect = WMBT_CHAIN_ENGINE;
    config.block_tokens = 16;
    config.engine = &c;
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT); /* no dialect */
    c.dialect = &wmbt_dialect_sglang_hicache;
    config.fingerprint = wmbt_view_of(hash32, 32);
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT);
    config.fingerprint = wmbt_view_of(NULL, 0);
    c.model = wmbt_test_text("m"); /* of another dialect */
    T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_BAD_ARGUMENT);
    c.model = wmbt_view_of(NULL, 0);
    T_CHECK(t, x == NULL);
    c.dialect = &wmbt_dialect_vllm_sha256_cbor;
    c.extras = wmbt_view_of(hash32, 0);
    T_EQ(t, wmbt_engine_check(&c, 16, &field), WMBT_BAD_ARGUMENT);
    T_EQ(t, field, WMBT_ENGINE_EXTRAS);
}

static const wmbt_case cases[] = {
    {"which field belongs to which dialect", test_fields, 0, NULL},
    {"values of fields", test_values, 0, NULL},
    {"items", test_items, 0, NULL},
    {"memory, clones and calls of every dialect", test_calls, 4096, NULL},
    {"ends: shorter blocks, embeddings, long parents", test_ends, 8192, NULL},
    {"integers of every length in pickles", test_pickled_integers, 160 * 1024, NULL},
    {"parents of every length in pickles", test_pickled_parents, 80 * 1024, NULL},
    {"ends of memory", test_ends_of_memory, 8192, NULL},
    {"blocks that are announced", test_announced_blocks, 8192, NULL},
    {"numbers of lineage hashes as texts", test_lineage_texts, 0, NULL},
    {"limits of blocks", test_limits, 8192, NULL},
    {"an engine and the other dialects", test_wrong_dialect, 4096, NULL},
    {"items that began long before", test_negative_offsets, 4096, NULL},
    {"as many blocks as there can be", test_most_blocks, 65536, NULL},
    {"lineage hashes at their borders", test_lineage, 0, NULL},
    {"keys", test_keys, 0, NULL},
    {"files of blocks", test_files, 0, NULL},
    {"arguments of keys", test_bad_keys, 0, NULL},
    {"items of each kind", test_items_of_kinds, 0, NULL},
    {"limits of keys", test_limits_of_keys, 0, NULL},
    {"texts of keys", test_texts_of_keys, 0, NULL},
    {"names of fields", test_field_names, 0, NULL},
    {"views of each field", test_views, 0, NULL},
    {"the first of several faults", test_first_of_faults, 0, NULL},
    {"places of digests", test_places_of_digests, 0, NULL},
    {"room of BLAKE3", test_room_of_blake3, 0, NULL},
    {"starting over", test_starting_over, 20000, NULL},
    {"an item at the end of a block", test_item_at_the_end, 8192, NULL},
    {"parents", test_parents, 200000, NULL},
    {"engines that no chain has", test_bad_engines, 2048, NULL},
};
WMBT_SUITE(dialects_rules, cases);
