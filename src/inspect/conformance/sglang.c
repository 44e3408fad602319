/* SPDX-License-Identifier: Apache-2.0 */
/* Files of SGLang. */
#include "conformance/rows.h"

/* The dialects, by bigram and wide. */
static const wmbt_dialect *const pages[2][2] = {
    {&wmbt_dialect_sglang_hicache, &wmbt_dialect_sglang_hicache_wide},
    {&wmbt_dialect_sglang_hicache_bigram, &wmbt_dialect_sglang_hicache_bigram_wide}};
static const wmbt_dialect *const events[2][2] = {
    {&wmbt_dialect_sglang_events, &wmbt_dialect_sglang_events_wide},
    {&wmbt_dialect_sglang_events_bigram, &wmbt_dialect_sglang_events_bigram_wide}};

/* Numbers with a sign. */
static void expect_signed(struct kit *k, const char *column, const struct kit_hashes *h)
{
    kit_text_begin(k);
    for (size_t i = 0; i < h->count; i++) {
        uint64_t v = kit_load_be64(h->hash[i].bytes);
        kit_put(k, i == 0 ? "" : ",");
        if (v >> 63 != 0) {
            kit_put(k, "-");
            v = 0 - v;
        }
        kit_put_number(k, v);
    }
    kit_put(k, h->count == 0 ? "empty" : "");
    kit_expect(k, column, kit_text_end(k));
}

void kit_sglang_hicache(struct kit *k)
{
    static const struct kit_preimage sha256 = {KIT_SHA256, 0, 0, false};
    const bool bigram = kit_cell_is(k, "form", "bigram");
    wmbt_engine_config c = {0};
    struct kit_hashes h;
    if (!bigram && !kit_cell_is(k, "form", "plain")) {
        kit_unknown(k, "unknown form");
        return;
    }
    const struct kit_tokens none = {NULL, 0, false};
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    uint32_t page = (uint32_t)kit_cell_number(k, "page_size");
    wmbt_view prior = kit_cell_bytes(k, "prior");
    c.dialect = pages[bigram][tokens.wide];
    c.extra_key = kit_cell_bytes(k, "extra_key");
    c.salt = kit_cell_bytes(k, "cache_salt");
    if (!kit_hash_tokens(k, &c, 1, 0, false, &none, "seed", &h)) {
        return;
    }
    if (h.root.len == 0) {
        kit_expect_text(k, "seed", "none");
    } else {
        kit_expect_hex(k, "seed", h.root);
    }
    if (prior.data != NULL) { /* then the namespace is not used; an empty one is no parent */
        c.parent = prior.len != 0 ? prior : c.parent;
        c.extra_key = wmbt_view_of(NULL, 0);
        c.salt = wmbt_view_of(NULL, 0);
    }
    if (kit_hash_tokens(k, &c, page, bigram, true, &tokens, "hashes", &h)) {
        kit_expect_hashes(k, "hashes", &h);
        kit_expect_preimages(k, "preimages", &sha256, &h);
    }
    if (kit_cell_is(k, "event_hashes", "none")) {
        return;
    }
    c.dialect = events[bigram][tokens.wide];
    c.extra_key = wmbt_view_of(NULL, 0);
    if (kit_hash_tokens(k, &c, page, bigram, true, &tokens, "event_hashes", &h)) {
        kit_expect_hashes(k, "event_hashes", &h);
        expect_signed(k, "event_i64", &h);
    }
}
