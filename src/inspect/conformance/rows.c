/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of other engines, driven from a row. */
#include "conformance/rows.h"

static wmbt_chain *begin_chain(struct kit *k, const wmbt_engine_config *config,
                               uint32_t block_tokens, const char *column)
{
    wmbt_chain_config c = {0};
    wmbt_chain *x = NULL;
    c.dialect = WMBT_CHAIN_ENGINE;
    c.block_tokens = block_tokens;
    c.engine = config;
    wmbt_status status = wmbt_engine_check(config, block_tokens, NULL);
    if (status == WMBT_OK) {
        size_t bytes = wmbt_engine_bytes(config, block_tokens);
        uint8_t *memory = kit_alloc(k, bytes);
        if (memory == NULL) {
            return NULL;
        }
        status = wmbt_chain_init(wmbt_buf_of(memory, bytes), &c, &x);
    }
    if (status != WMBT_OK) { /* what the library says instead of a result */
        kit_expect_text(k, column, wmbt_status_name(status));
        kit_fail(k, KIT_NOT_RUN, "refused by the library");
        return NULL;
    }
    return x;
}

static void add_hash(struct kit_hashes *out, const wmbt_chain *x, const wmbt_block_hash *hash)
{
    struct kit_hash *h = &out->hash[out->count++];
    for (unsigned i = 0; i < 32u; i++) {
        h->bytes[i] = hash->bytes[i];
    }
    h->block = wmbt_chain_block_number(x);
}

/* Words from *at on, in pieces as the kit wants them, up to `end`. */
static size_t piece_end(const struct kit *k, size_t at, size_t end)
{
    size_t to = at + 1;
    while (to < end && (k->cuts >> ((to - 1) % 32u) & 1u) == 0) {
        to++;
    }
    return to;
}

/* Full blocks. */
static bool push_all(struct kit *k, wmbt_chain *x, const uint32_t *words, size_t count, size_t most,
                     struct kit_hashes *out)
{
    for (size_t at = 0; at < count;) {
        size_t end = piece_end(k, at, count);
        while (at < end) {
            wmbt_block_hash hash;
            size_t taken = 0;
            wmbt_status status = wmbt_chain_push(x, words + at, end - at, &taken, &hash);
            at += taken;
            if (status == WMBT_OK && out->count < most) {
                add_hash(out, x, &hash);
            } else if (status != WMBT_NEED_MORE || taken == 0) {
                kit_fail(k, KIT_NOT_RUN, "the library hashes no further block");
                return false;
            }
        }
    }
    return true;
}

/* One announced block. */
static bool add_block(struct kit *k, wmbt_chain *x, uint32_t tokens, const uint32_t *words,
                      size_t count, struct kit_hashes *out)
{
    wmbt_block_hash hash;
    if (wmbt_chain_begin_block(x, tokens) != WMBT_OK) {
        kit_fail(k, KIT_NOT_RUN, "the library does not begin the block");
        return false;
    }
    for (size_t at = 0; at < count;) {
        size_t end = piece_end(k, at, count);
        if (wmbt_chain_add(x, words + at, end - at) != WMBT_OK) {
            kit_fail(k, KIT_NOT_RUN, "the library does not take the tokens");
            return false;
        }
        at = end;
    }
    if (wmbt_chain_end_block(x, &hash) != WMBT_OK) {
        kit_fail(k, KIT_NOT_RUN, "the library does not end the block");
        return false;
    }
    add_hash(out, x, &hash);
    return true;
}

bool kit_hash_tokens(struct kit *k, const wmbt_engine_config *config, uint32_t block_tokens,
                     uint32_t ahead, bool short_last, const struct kit_tokens *tokens,
                     const char *column, struct kit_hashes *out)
{
    const size_t each = tokens->wide ? 2 : 1;
    size_t units = tokens->count > ahead ? tokens->count - ahead : 0;
    size_t most = block_tokens == 0 ? 1 : units / block_tokens + 2;
    if (wmbt_dialect_from_name(WMBT_VIEW_LITERAL("aibrix-gateway")) == config->dialect) {
        most = block_tokens == 0 ? 1 : 4 * tokens->count / block_tokens + 1; /* blocks of bytes */
    }
    out->count = 0;
    out->hash = kit_alloc(k, most * sizeof *out->hash);
    wmbt_chain *x = k->outcome == KIT_AGREES ? begin_chain(k, config, block_tokens, column) : NULL;
    if (x == NULL || out->hash == NULL) {
        return false;
    }
    out->bytes = wmbt_chain_hash_bytes(x);
    out->root = wmbt_chain_root(x);
    out->salt_hash = wmbt_chain_salt_hash(x);
    if (block_tokens == 0) {
        size_t count = units == 0 ? 0 : tokens->count;
        return add_block(k, x, (uint32_t)units, tokens->token, count * each, out);
    }
    size_t full = units / block_tokens, rest = units % block_tokens;
    if (!short_last || rest == 0) {
        return push_all(k, x, tokens->token, tokens->count * each, most, out);
    }
    size_t pushed = full == 0 ? 0 : full * block_tokens + ahead;
    return push_all(k, x, tokens->token, pushed * each, most, out) &&
           add_block(k, x, (uint32_t)rest, tokens->token + pushed * each,
                     (tokens->count - pushed) * each, out);
}

/* --- lists ------------------------------------------------------------------------------------ */

enum list_form { LIST_HEX, LIST_NUMBER, LIST_BLOCK };

uint64_t kit_load_be64(const uint8_t *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8u; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void expect_list(struct kit *k, const char *column, const struct kit_hashes *h,
                        enum list_form form)
{
    kit_text_begin(k);
    for (size_t i = 0; i < h->count; i++) {
        if (i != 0) {
            kit_put(k, ",");
        }
        if (form == LIST_HEX) {
            kit_put_hex(k, h->hash[i].bytes, h->bytes);
        } else {
            kit_put_number(k,
                           form == LIST_BLOCK ? h->hash[i].block : kit_load_be64(h->hash[i].bytes));
        }
    }
    if (h->count == 0) {
        kit_put(k, "empty");
    }
    kit_expect(k, column, kit_text_end(k));
}

void kit_expect_hashes(struct kit *k, const char *column, const struct kit_hashes *h)
{
    expect_list(k, column, h, LIST_HEX);
}

void kit_expect_numbers(struct kit *k, const char *column, const struct kit_hashes *h)
{
    expect_list(k, column, h, LIST_NUMBER);
}

void kit_expect_block_numbers(struct kit *k, const char *column, const struct kit_hashes *h)
{
    expect_list(k, column, h, LIST_BLOCK);
}

/* --- cells ------------------------------------------------------------------------------------ */

void kit_unknown(struct kit *k, const char *what)
{
    kit_fail(k, KIT_NOT_RUN, what);
}

const wmbt_dialect_item *kit_text_items(struct kit *k, const char *column, size_t *count)
{
    wmbt_view list = kit_cell(k, column);
    size_t n = kit_parts(list, ',');
    wmbt_dialect_item *items = n == 0 ? NULL : kit_alloc(k, n * sizeof *items);
    *count = items == NULL ? 0 : n;
    for (size_t i = 0; i < *count; i++) {
        wmbt_view element = kit_part(&list, ',');
        items[i].identifier = kit_bytes(k, kit_part(&element, ':'));
        items[i].offset = kit_number(k, kit_part(&element, ':'));
        items[i].length = kit_number(k, element);
    }
    return items;
}

wmbt_view kit_digests(struct kit *k, const char *column)
{
    wmbt_view list = kit_cell(k, column);
    size_t n = kit_parts(list, ',');
    uint8_t *all = n == 0 ? NULL : kit_alloc(k, 32 * n);
    if (all == NULL) {
        return wmbt_view_of(NULL, 0);
    }
    for (size_t i = 0; i < n; i++) {
        wmbt_view digest = kit_bytes(k, kit_part(&list, ','));
        if (digest.len != 32) {
            kit_fail(k, KIT_BAD_TABLE, "not a digest of 32 bytes");
            return wmbt_view_of(NULL, 0);
        }
        for (unsigned b = 0; b < 32u; b++) {
            all[32 * i + b] = digest.data[b];
        }
    }
    return wmbt_view_of(all, 32 * n);
}

/* --- metas ------------------------------------------------------------------------------------ */

#if WMBT_CFG_METADATA

void kit_read_hash(struct kit *k, wmbt_view hex, wmbt_block_hash *hash)
{
    if (wmbt_block_hash_from_hex(hex, hash) != WMBT_OK) {
        kit_fail(k, KIT_BAD_TABLE, "no hash of 64 hex digits");
    }
}

void kit_read_digest(struct kit *k, wmbt_view hex, wmbt_model_digest *digest)
{
    if (wmbt_model_digest_from_hex(hex, digest) != WMBT_OK) {
        kit_fail(k, KIT_BAD_TABLE, "no digest of 48 hex digits");
    }
}

#endif
