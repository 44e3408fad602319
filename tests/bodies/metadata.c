/* SPDX-License-Identifier: Apache-2.0 */
/* metadata: hashes, digests, tags, records. */
#include "wombatkv/metadata.h"

#include "base/bytes.h"
#include "../support/test.h"

#define BLOCK_META "golden/vectors/radix_block_meta.tsv"

/* The row's record: parent:seq:payload:access:digest:tag:flags. */
static void read_meta(wmbt_test *t, wmbt_view cell, wmbt_block_meta *meta)
{
    wmbt_view part = wmbt_cell_part(&cell, ':');
    T_EQ(t, wmbt_block_hash_from_hex(part, &meta->parent_hash), WMBT_OK);
    meta->block_seq = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    meta->payload_bytes = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    meta->last_access_ns = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    part = wmbt_cell_part(&cell, ':');
    T_EQ(t, wmbt_model_digest_from_hex(part, &meta->model_digest), WMBT_OK);
    wmbt_view tag = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ':'));
    T_EQ(t, tag.len, WMBT_LAYOUT_TAG_BYTES);
    wmbt_bytes_copy(meta->layout_tag.bytes, tag.data, tag.len);
    meta->ext_flags = (uint32_t)wmbt_cell_u64(t, cell);
}

static bool same_meta(const wmbt_block_meta *a, const wmbt_block_meta *b)
{
    return wmbt_block_hash_equal(&a->parent_hash, &b->parent_hash) &&
           wmbt_model_digest_equal(&a->model_digest, &b->model_digest) &&
           wmbt_layout_tag_equal(&a->layout_tag, &b->layout_tag) &&
           a->payload_bytes == b->payload_bytes && a->last_access_ns == b->last_access_ns &&
           a->block_seq == b->block_seq && a->ext_flags == b->ext_flags;
}

struct columns {
    uint32_t op, parent, seq, payload, digest, tag, input, now, result;
};

static void run_row(wmbt_test *t, const struct columns *at, const wmbt_view *cells)
{
    wmbt_block_meta got, want;
    wmbt_bytes_fill((uint8_t *)&got, 0xA5, sizeof got);
    wmbt_view op = cells[at->op];
    if (wmbt_test_view_is(op, "zero_hash")) {
        wmbt_view bytes = wmbt_cell_bytes(t, cells[at->result]);
        T_EQ(t, bytes.len, WMBT_BLOCK_HASH_BYTES);
        T_BYTES(t, bytes.data, wmbt_block_hash_zero.bytes, bytes.len);
        return;
    }
    uint64_t now = wmbt_cell_u64(t, cells[at->now]);
    T_CALL(t, read_meta(t, cells[at->result], &want));
    if (wmbt_test_view_is(op, "touch")) {
        T_CALL(t, read_meta(t, cells[at->input], &got));
        wmbt_block_meta_touch(&got, now);
        T_CHECK(t, same_meta(&got, &want));
        return;
    }
    uint64_t payload = wmbt_cell_u64(t, cells[at->payload]);
    wmbt_model_digest digest;
    wmbt_layout_tag tag;
    T_EQ(t, wmbt_model_digest_from_hex(cells[at->digest], &digest), WMBT_OK);
    wmbt_view bytes = wmbt_cell_bytes(t, cells[at->tag]);
    T_EQ(t, bytes.len, WMBT_LAYOUT_TAG_BYTES);
    wmbt_bytes_copy(tag.bytes, bytes.data, bytes.len);
    if (wmbt_test_view_is(op, "new_root")) {
        wmbt_block_meta_init_root(&got, payload, &digest, &tag, now);
        T_CHECK(t, wmbt_block_meta_is_root(&got) && !wmbt_block_meta_has_parent(&got));
    } else {
        T_CHECK(t, wmbt_test_view_is(op, "new_successor"));
        wmbt_block_hash parent;
        T_EQ(t, wmbt_block_hash_from_hex(cells[at->parent], &parent), WMBT_OK);
        uint32_t seq = (uint32_t)wmbt_cell_u64(t, cells[at->seq]);
        wmbt_block_meta_init_successor(&got, &parent, seq, payload, &digest, &tag, now);
        T_EQ(t, wmbt_block_meta_has_parent(&got), !wmbt_block_hash_is_zero(&parent));
        T_EQ(t, wmbt_block_meta_is_root(&got), wmbt_block_hash_is_zero(&parent) && seq == 0);
    }
    T_CHECK(t, same_meta(&got, &want));
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text;
    T_CHECK(t, wmbt_test_data(t, BLOCK_META, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    struct columns at;
    at.op = wmbt_table_column(t, &table, "op");
    at.parent = wmbt_table_column(t, &table, "parent_hex");
    at.seq = wmbt_table_column(t, &table, "block_seq");
    at.payload = wmbt_table_column(t, &table, "payload_bytes");
    at.digest = wmbt_table_column(t, &table, "model_digest_hex");
    at.tag = wmbt_table_column(t, &table, "layout_tag_hex");
    at.input = wmbt_table_column(t, &table, "input_meta");
    at.now = wmbt_table_column(t, &table, "now");
    at.result = wmbt_table_column(t, &table, "result");
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        T_CALL(t, run_row(t, &at, cells));
    }
    T_EQ(t, table.row, 121);
}

/* The README's example. */
static void test_root_of_128_kib(wmbt_test *t)
{
    wmbt_block_meta meta;
    wmbt_block_meta_init_root(&meta, 128 * 1024, &wmbt_model_digest_zero, &wmbt_layout_tag_zero, 7);
    T_EQ(t, meta.payload_bytes, 131072);
    T_EQ(t, meta.block_seq, 0);
    T_EQ(t, meta.ext_flags, 0);
    T_EQ(t, meta.last_access_ns, 7);
    T_CHECK(t, !wmbt_block_meta_has_parent(&meta) && wmbt_block_meta_is_root(&meta));
    T_CHECK(t, wmbt_model_digest_is_zero(&meta.model_digest));
    T_CHECK(t, wmbt_layout_tag_is_zero(&meta.layout_tag));
}

static void test_has_parent_looks_at_every_byte(wmbt_test *t)
{
    wmbt_block_meta meta;
    for (size_t bit = 0; bit < 256; bit++) {
        wmbt_block_meta_init_root(&meta, 1, &wmbt_model_digest_zero, &wmbt_layout_tag_zero, 0);
        meta.parent_hash.bytes[bit / 8] = (uint8_t)(1u << bit % 8);
        T_CHECK(t, wmbt_block_meta_has_parent(&meta) && !wmbt_block_meta_is_root(&meta));
    }
    wmbt_block_meta_init_root(&meta, 1, &wmbt_model_digest_zero, &wmbt_layout_tag_zero, 0);
    meta.block_seq = 1;
    T_CHECK(t, !wmbt_block_meta_has_parent(&meta) && !wmbt_block_meta_is_root(&meta));
}

static void test_step(wmbt_test *t)
{
    wmbt_block_hash hash, other;
    wmbt_bytes_fill(hash.bytes, 0x11, sizeof hash.bytes);
    wmbt_block_meta parent, child;
    wmbt_block_meta_init_root(&parent, 9, &wmbt_model_digest_zero, &wmbt_layout_tag_zero, 0);
    static const uint32_t numbers[] = {0, 1, 2, 77, UINT32_MAX - 1, UINT32_MAX};
    for (size_t p = 0; p < 6; p++) {
        for (size_t c = 0; c < 6; c++) {
            parent.block_seq = numbers[p];
            wmbt_block_meta_init_successor(&child, &hash, numbers[c], 9, &wmbt_model_digest_zero,
                                           &wmbt_layout_tag_zero, 0);
            bool follows = (uint64_t)numbers[p] + 1u == numbers[c];
            T_EQ(t, wmbt_block_meta_check_step(&child, &hash, &parent),
                 follows ? WMBT_OK : WMBT_WRONG_BLOCK);
        }
    }
    parent.block_seq = 4;
    child.block_seq = 5;
    for (size_t bit = 0; bit < 256; bit++) {
        wmbt_bytes_copy(other.bytes, hash.bytes, sizeof hash.bytes);
        other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        T_EQ(t, wmbt_block_meta_check_step(&child, &other, &parent), WMBT_WRONG_BLOCK);
    }
    /* A zero hash is no block: not even a child without a parent follows it. */
    wmbt_bytes_fill(child.parent_hash.bytes, 0, WMBT_BLOCK_HASH_BYTES);
    T_EQ(t, wmbt_block_meta_check_step(&child, &wmbt_block_hash_zero, &parent), WMBT_BAD_ARGUMENT);
}

static void test_record_moves(wmbt_test *t)
{
    wmbt_block_meta a, b;
    wmbt_block_hash hash;
    wmbt_bytes_fill(hash.bytes, 0x3C, sizeof hash.bytes);
    wmbt_bytes_fill((uint8_t *)&b, 0xFF, sizeof b);
    wmbt_block_meta_init_successor(&a, &hash, 3, UINT64_MAX, &wmbt_model_digest_zero,
                                   &wmbt_layout_tag_zero, 5);
    wmbt_block_meta_copy(&b, &a);
    T_CHECK(t, same_meta(&a, &b));
    /* Arguments that lie in the record itself. */
    wmbt_block_meta_init_successor(&b, &b.parent_hash, 4, 1, &b.model_digest, &b.layout_tag, 6);
    T_CHECK(t, wmbt_block_hash_equal(&b.parent_hash, &hash) && b.block_seq == 4);
}

static void test_hex(wmbt_test *t)
{
    static const char lower[] = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
    static const char upper[] = "00112233445566778899AABBCCDDEEFF0123456789ABCDEFFEDCBA9876543210";
    wmbt_block_hash a, b;
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_test_text(lower), &a), WMBT_OK);
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_test_text(upper), &b), WMBT_OK);
    T_CHECK(t, wmbt_block_hash_equal(&a, &b) && a.bytes[1] == 0x11 && a.bytes[31] == 0x10);
    uint8_t text[65];
    text[64] = '!';
    wmbt_block_hash_to_hex(&a, text);
    T_CHECK(t, wmbt_test_same(text, (const uint8_t *)lower, 64) && text[64] == '!');
    wmbt_model_digest d;
    T_EQ(t, wmbt_model_digest_from_hex(wmbt_view_of(upper, 48), &d), WMBT_OK);
    wmbt_model_digest_to_hex(&d, text);
    T_CHECK(t, wmbt_test_same(text, (const uint8_t *)lower, 48));
    /* Every length but the right one, and every wrong character at every place. */
    wmbt_bytes_fill(a.bytes, 0xEE, 32);
    wmbt_bytes_fill(d.bytes, 0xEE, 24);
    for (size_t n = 0; n < 64; n++) {
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_view_of(lower, n), &a), WMBT_BAD_LENGTH);
        T_EQ(t, wmbt_model_digest_from_hex(wmbt_view_of(lower, n), &d),
             n == 48 ? WMBT_OK : WMBT_BAD_LENGTH);
        wmbt_bytes_fill(d.bytes, 0xEE, 24);
        wmbt_bytes_copy(text, (const uint8_t *)lower, 64);
        text[n] = (uint8_t)"gG/:@`x\0"[n % 8];
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_view_of(text, 64), &a), WMBT_BAD_TEXT);
        T_EQ(t, wmbt_model_digest_from_hex(wmbt_view_of(text, 48), &d),
             n < 48 ? WMBT_BAD_TEXT : WMBT_OK);
        if (n < 48) {
            T_CHECK(t, d.bytes[0] == 0xEE && d.bytes[23] == 0xEE);
        }
    }
    T_CHECK(t, a.bytes[0] == 0xEE && a.bytes[31] == 0xEE);
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_view_of(NULL, 64), &a), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_view_of(NULL, 0), &a), WMBT_BAD_LENGTH);
}

static void test_digest(wmbt_test *t)
{
    uint8_t sha[32];
    for (size_t i = 0; i < 32; i++) {
        sha[i] = (uint8_t)(i + 1);
    }
    wmbt_model_digest a, b;
    T_CHECK(t, wmbt_model_digest_is_zero(&wmbt_model_digest_zero));
    wmbt_model_digest_from_sha256(sha, &a);
    T_CHECK(t, wmbt_test_same(a.bytes, sha, 24));
    for (size_t i = 0; i < 24; i++) {
        wmbt_bytes_fill(b.bytes, 0, 24);
        b.bytes[i] = 0x80;
        T_CHECK(t, !wmbt_model_digest_is_zero(&b));
        wmbt_bytes_copy(b.bytes, a.bytes, 24);
        T_CHECK(t, wmbt_model_digest_equal(&a, &b));
        b.bytes[i] ^= 1;
        T_CHECK(t, !wmbt_model_digest_equal(&a, &b));
    }
    /* The engine's fingerprint of 24 characters is not a digest. */
    T_EQ(t, wmbt_model_digest_from_hex(WMBT_VIEW_LITERAL("5f1c0a9be2d74c38a6b01e92"), &a),
         WMBT_BAD_LENGTH);
}

static void test_tag_text(wmbt_test *t)
{
    static const uint8_t characters[17] = "sglang-page-v1xyz";
    wmbt_layout_tag tag;
    wmbt_view text;
    for (size_t n = 1; n <= 16; n++) {
        wmbt_bytes_fill(tag.bytes, 0xEE, 16);
        T_EQ(t, wmbt_layout_tag_from_text(wmbt_view_of(characters, n), &tag), WMBT_OK);
        T_CHECK(t, wmbt_test_same(tag.bytes, characters, n));
        T_CHECK(t, wmbt_bytes_all_zero(tag.bytes + n, 16 - n));
        T_EQ(t, wmbt_layout_tag_to_text(&tag, &text), WMBT_OK);
        T_CHECK(t, text.data == tag.bytes && text.len == n);
    }
    wmbt_bytes_fill(tag.bytes, 0xEE, 16);
    T_EQ(t, wmbt_layout_tag_from_text(wmbt_view_of(NULL, 0), &tag), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_layout_tag_from_text(wmbt_view_of(characters, 17), &tag), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_layout_tag_from_text(wmbt_view_of(NULL, 3), &tag), WMBT_BAD_ARGUMENT);
    for (uint32_t c = 0; c < 256; c++) {
        uint8_t one[3] = {'a', (uint8_t)c, 'b'};
        T_EQ(t, wmbt_layout_tag_from_text(wmbt_view_of(one, 3), &tag),
             c > 0x20 && c < 0x7F ? WMBT_OK : WMBT_BAD_TEXT);
    }
    /* Stored tags can hold anything. */
    for (size_t i = 0; i < 16; i++) {
        for (uint32_t c = 0; c < 256; c++) {
            wmbt_bytes_fill(tag.bytes, 0, 16);
            tag.bytes[i] = (uint8_t)c;
            bool good = c == 0 || (i == 0 && c > 0x20 && c < 0x7F);
            text = wmbt_view_of(characters, 99);
            T_EQ(t, wmbt_layout_tag_to_text(&tag, &text), good ? WMBT_OK : WMBT_BAD_TAG);
            T_EQ(t, text.len, !good ? 99 : c == 0 ? 0 : 1);
            T_EQ(t, wmbt_layout_tag_family(&tag), c == 0 ? WMBT_LAYOUT_UNKNOWN : WMBT_LAYOUT_OTHER);
            T_EQ(t, wmbt_layout_tag_is_zero(&tag), c == 0);
        }
    }
}

static void test_tag_family(wmbt_test *t)
{
    static const struct {
        const char *text;
        uint32_t family;
    } rows[] = {
        {"ds4-v1", WMBT_LAYOUT_DS4_V1},         {"sglang-page-v1", WMBT_LAYOUT_SGLANG_PAGE_V1},
        {"ds4-v2", WMBT_LAYOUT_OTHER},          {"ds4-v", WMBT_LAYOUT_OTHER},
        {"ds4-v11", WMBT_LAYOUT_OTHER},         {"DS4-V1", WMBT_LAYOUT_OTHER},
        {"sglang-page-v10", WMBT_LAYOUT_OTHER}, {"0", WMBT_LAYOUT_OTHER},
    };
    wmbt_layout_tag tag;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        T_EQ(t, wmbt_layout_tag_from_text(wmbt_test_text(rows[i].text), &tag), WMBT_OK);
        T_EQ(t, wmbt_layout_tag_family(&tag), rows[i].family);
    }
    T_EQ(t, wmbt_layout_tag_from_text(WMBT_VIEW_LITERAL("ds4-v1"), &tag), WMBT_OK);
    for (size_t i = 0; i < 128; i++) {
        tag.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        T_EQ(t, wmbt_layout_tag_family(&tag), WMBT_LAYOUT_OTHER);
        T_CHECK(t, !wmbt_layout_tag_equal(&tag, &wmbt_layout_tag_zero));
        tag.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static const wmbt_case cases[] = {
    {"golden: constructors and touch", test_golden, 256, BLOCK_META},
    {"a root of 128 KiB", test_root_of_128_kib, 0, NULL},
    {"has-parent looks at every byte", test_has_parent_looks_at_every_byte, 0, NULL},
    {"chain step: parent and number", test_step, 0, NULL},
    {"records are copied and rebuilt in place", test_record_moves, 0, NULL},
    {"hex", test_hex, 0, NULL},
    {"model digest", test_digest, 0, NULL},
    {"layout tag: text", test_tag_text, 0, NULL},
    {"layout tag: families", test_tag_family, 0, NULL},
};
WMBT_SUITE(metadata, cases);
