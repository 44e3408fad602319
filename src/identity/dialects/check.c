/* SPDX-License-Identifier: Apache-2.0 */
/* Which field of a configuration belongs to which dialect. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"
#include "base/text.h"

#if WMBT_CFG_DIALECTS

/* Fields that are views, texts first. */
typedef struct wmbt_engine_view_field {
    uint16_t offset;
    uint16_t bit;
} wmbt_engine_view_field;

#    define WMBT_ENGINE_TEXTS 6u
#    define WMBT_ENGINE_VIEWS 9u

/* Field i and its bit. One copy for all callers. */
static WMBT_NOINLINE wmbt_view wmbt_engine_view(const wmbt_engine_config *c, unsigned i,
                                                uint32_t *bit)
{
    static const wmbt_engine_view_field fields[WMBT_ENGINE_VIEWS] = {
        {offsetof(wmbt_engine_config, seed_text), WMBT_ENGINE_SEED_TEXT},
        {offsetof(wmbt_engine_config, model), WMBT_ENGINE_MODEL},
        {offsetof(wmbt_engine_config, lora_name), WMBT_ENGINE_LORA_NAME},
        {offsetof(wmbt_engine_config, lora_path), WMBT_ENGINE_LORA_PATH},
        {offsetof(wmbt_engine_config, salt), WMBT_ENGINE_SALT},
        {offsetof(wmbt_engine_config, extra_key), WMBT_ENGINE_EXTRA_KEY},
        {offsetof(wmbt_engine_config, parent), WMBT_ENGINE_PARENT},
        {offsetof(wmbt_engine_config, embeds), WMBT_ENGINE_EMBEDS},
        {offsetof(wmbt_engine_config, extras), WMBT_ENGINE_EXTRAS},
    };
    const uint8_t *at = (const uint8_t *)c + fields[i].offset;
    *bit = fields[i].bit;
    return *(const wmbt_view *)(const void *)at;
}

/* The fields that are given. */
static uint32_t wmbt_engine_given(const wmbt_engine_config *c)
{
    uint32_t given = (c->seed != 0u ? WMBT_ENGINE_SEED : 0u) |
                     (c->first_block != 0u ? WMBT_ENGINE_FIRST_BLOCK : 0u) |
                     (c->lookahead != 0u ? WMBT_ENGINE_LOOKAHEAD : 0u) |
                     (c->lora_id != NULL ? WMBT_ENGINE_LORA_ID : 0u) |
                     (c->salt_id != NULL ? WMBT_ENGINE_SALT_ID : 0u) |
                     (c->items != NULL || c->item_count != 0u ? WMBT_ENGINE_ITEMS : 0u);
    for (unsigned i = 0; i < WMBT_ENGINE_VIEWS; i++) {
        uint32_t bit;
        wmbt_view v = wmbt_engine_view(c, i, &bit);
        given |= v.data != NULL || v.len != 0u ? bit : 0u;
    }
    return given;
}

static bool wmbt_engine_has_length(unsigned kind)
{
    return kind == WMBT_ITEMS_TEXT || kind == WMBT_ITEMS_RUN;
}

/* Does an item have what its kind has, and nothing else? */
static bool wmbt_engine_item_is_of(const wmbt_dialect_item *item, unsigned kind)
{
    if (wmbt_view_is_bad(item->identifier) ||
        (!wmbt_engine_has_length(kind) && item->length != 0u)) {
        return false;
    }
    if (kind == WMBT_ITEMS_RUN || kind == WMBT_ITEMS_NUMBER) {
        return item->identifier.len == 0u;
    }
    return item->hash == 0u &&
           (kind == WMBT_ITEMS_TEXT || item->identifier.len == WMBT_BLOCK_HASH_BYTES);
}

/* One item, which may begin at `from` at the earliest; *from becomes its end. */
static wmbt_status wmbt_engine_check_item(const wmbt_dialect_item *item, unsigned kind,
                                          uint64_t total_tokens, uint64_t *from)
{
    if (!wmbt_engine_item_is_of(item, kind)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (kind == WMBT_ITEMS_RUN && item->length == 0u) {
        return WMBT_BAD_LENGTH;
    }
    if (item->length > UINT64_MAX - item->offset) {
        return WMBT_BAD_NUMBER;
    }
    if (item->offset + item->length > total_tokens) {
        return WMBT_BAD_OFFSET;
    }
    if (item->offset < *from) {
        return WMBT_BAD_ORDER;
    }
    *from = item->offset + item->length;
    if (kind == WMBT_ITEMS_DIGEST) { /* a place has one */
        *from += item->offset != UINT64_MAX;
    }
    return kind != WMBT_ITEMS_TEXT || wmbt_text_is_utf8(item->identifier) ? WMBT_OK : WMBT_BAD_TEXT;
}

wmbt_status wmbt_dialect_check_items(const wmbt_dialect *dialect, const wmbt_dialect_item *items,
                                     size_t count, uint64_t total_tokens)
{
    uint64_t from = 0;
    if (items == NULL || (dialect->may & WMBT_ENGINE_ITEMS) == 0u) {
        return count != 0u ? WMBT_BAD_ARGUMENT : WMBT_OK;
    }
    if ((uint64_t)count >= UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        wmbt_status status = wmbt_engine_check_item(&items[i], dialect->items, total_tokens, &from);
        if (status != WMBT_OK) {
            return status;
        }
    }
    return WMBT_OK;
}

/* Texts, and views that are NULL with a length. */
static wmbt_status wmbt_engine_check_views(const wmbt_engine_config *c, uint32_t *field)
{
    for (unsigned i = 0; i < WMBT_ENGINE_VIEWS; i++) {
        if (wmbt_view_is_bad(wmbt_engine_view(c, i, field))) {
            return WMBT_BAD_ARGUMENT;
        }
    }
    for (unsigned i = 0; i < WMBT_ENGINE_TEXTS; i++) {
        if (!wmbt_text_is_utf8(wmbt_engine_view(c, i, field))) {
            return WMBT_BAD_TEXT;
        }
    }
    *field = 0;
    return WMBT_OK;
}

/* A set of fields at fault, of which the lowest is named. */
static uint32_t wmbt_engine_wrong_fields(const wmbt_engine_config *c, uint32_t given)
{
    const wmbt_dialect *d = c->dialect;
    const uint32_t lora = WMBT_ENGINE_LORA_NAME | WMBT_ENGINE_LORA_PATH;
    const uint32_t extras = lora | WMBT_ENGINE_SALT | WMBT_ENGINE_ITEMS | WMBT_ENGINE_EMBEDS;
    uint32_t wrong = given & ~(uint32_t)d->may;
    if (wrong != 0u) {
        return wrong;
    }
    if ((given & WMBT_ENGINE_PARENT) != 0u) {
        wrong = given & d->of_root;
    } else {
        wrong = (d->needed & ~given) | (given & WMBT_ENGINE_FIRST_BLOCK);
    }
    if ((d->may & WMBT_ENGINE_LORA_PATH) != 0u && (given & lora) != 0u) {
        wrong |= lora & ~given;
    }
    if ((given & WMBT_ENGINE_EXTRAS) != 0u) {
        wrong |= given & extras;
    }
    return wrong;
}

/* Rules of a single field's value: the one at fault, or 0. */
static uint32_t wmbt_engine_wrong_value(const wmbt_engine_config *c, uint32_t given)
{
    const wmbt_dialect *d = c->dialect;
    if ((given & WMBT_ENGINE_PARENT) != 0u) {
        const bool any = (d->flags & WMBT_DIALECT_ANY_PARENT) != 0u;
        const bool number = (d->flags & WMBT_DIALECT_NUMBER_PARENT) != 0u;
        if ((any ? c->parent.len == 0u : c->parent.len != d->parent_bytes) ||
            (number && wmbt_bytes_all_zero(c->parent.data, c->parent.len))) {
            return WMBT_ENGINE_PARENT;
        }
    }
    if (c->embeds.len % WMBT_BLOCK_HASH_BYTES != 0u) {
        return WMBT_ENGINE_EMBEDS;
    }
    return (given & WMBT_ENGINE_EXTRAS) != 0u && c->extras.len == 0u ? WMBT_ENGINE_EXTRAS : 0u;
}

/* Block sizes: those that cannot be announced, and those that are too large. */
static bool wmbt_engine_block_is_bad(const wmbt_engine_config *c, uint32_t block_tokens)
{
    const uint32_t fixed = WMBT_DIALECT_WHOLE | WMBT_DIALECT_BYTES | WMBT_DIALECT_FIXED;
    return block_tokens > WMBT_ENGINE_MAX_BLOCK_TOKENS ||
           (block_tokens == 0u && ((c->dialect->flags & fixed) != 0u || c->first_block != 0u));
}

wmbt_status wmbt_engine_check(const wmbt_engine_config *config, uint32_t block_tokens,
                              uint32_t *field)
{
    uint32_t unused;
    field = field != NULL ? field : &unused;
    *field = 0;
    if (config == NULL || config->dialect == NULL) {
        return WMBT_BAD_ARGUMENT;
    }
    const uint32_t given = wmbt_engine_given(config);
    uint32_t wrong = wmbt_engine_wrong_fields(config, given);
    wrong = wrong != 0u ? wrong : wmbt_engine_wrong_value(config, given);
    if (wrong != 0u) {
        *field = wrong & (0u - wrong);
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_engine_check_views(config, field);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_engine_block_is_bad(config, block_tokens)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (config->lookahead > WMBT_ENGINE_MAX_LOOKAHEAD) {
        *field = WMBT_ENGINE_LOOKAHEAD;
        return WMBT_TOO_LARGE;
    }
    if (config->dialect->check_items != NULL) {
        status = config->dialect->check_items(config->dialect, config->items, config->item_count,
                                              UINT64_MAX);
    }
    if (status != WMBT_OK) {
        *field = WMBT_ENGINE_ITEMS;
    }
    return status;
}

const char *wmbt_engine_field_name(uint32_t field)
{
    static const char names[WMBT_ENGINE_FIELDS][12] = {
        "seed_text", "seed",      "parent",    "first_block", "lookahead",
        "model",     "lora_name", "lora_path", "lora_id",     "salt",
        "salt_id",   "extra_key", "items",     "embeds",      "extras",
    };
    for (unsigned i = 0; i < WMBT_ENGINE_FIELDS; i++) {
        if (field == UINT32_C(1) << i) {
            return names[i];
        }
    }
    return "";
}

#endif
