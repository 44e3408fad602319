/* SPDX-License-Identifier: Apache-2.0 */
/* Block metadata: hashes, digests, tags and their record. */
#include "wombatkv/metadata.h"

#include "base/bytes.h"
#include "base/text.h"

#if WMBT_CFG_METADATA

WMBT_STATIC_ASSERT(sizeof(wmbt_block_meta) == 96, "every field, no padding");

const wmbt_block_hash wmbt_block_hash_zero = {{0}};
const wmbt_model_digest wmbt_model_digest_zero = {{0}};
const wmbt_layout_tag wmbt_layout_tag_zero = {{0}};

bool wmbt_block_hash_is_zero(const wmbt_block_hash *hash)
{
    return wmbt_bytes_all_zero(hash->bytes, WMBT_BLOCK_HASH_BYTES);
}

bool wmbt_block_hash_equal(const wmbt_block_hash *a, const wmbt_block_hash *b)
{
    return wmbt_bytes_equal(a->bytes, b->bytes, WMBT_BLOCK_HASH_BYTES);
}

wmbt_status wmbt_block_hash_from_hex(wmbt_view text, wmbt_block_hash *hash)
{
    return wmbt_text_unhex(text, true, hash->bytes, WMBT_BLOCK_HASH_BYTES);
}

void wmbt_block_hash_to_hex(const wmbt_block_hash *hash, uint8_t out[WMBT_BLOCK_HASH_HEX_BYTES])
{
    wmbt_text_hex(wmbt_view_of(hash->bytes, WMBT_BLOCK_HASH_BYTES), out);
}

bool wmbt_model_digest_is_zero(const wmbt_model_digest *digest)
{
    return wmbt_bytes_all_zero(digest->bytes, WMBT_MODEL_DIGEST_BYTES);
}

bool wmbt_model_digest_equal(const wmbt_model_digest *a, const wmbt_model_digest *b)
{
    return wmbt_bytes_equal(a->bytes, b->bytes, WMBT_MODEL_DIGEST_BYTES);
}

void wmbt_model_digest_from_sha256(const uint8_t sha256[32], wmbt_model_digest *digest)
{
    wmbt_bytes_copy(digest->bytes, sha256, WMBT_MODEL_DIGEST_BYTES);
}

wmbt_status wmbt_model_digest_from_hex(wmbt_view text, wmbt_model_digest *digest)
{
    return wmbt_text_unhex(text, true, digest->bytes, WMBT_MODEL_DIGEST_BYTES);
}

void wmbt_model_digest_to_hex(const wmbt_model_digest *digest,
                              uint8_t out[WMBT_MODEL_DIGEST_HEX_BYTES])
{
    wmbt_text_hex(wmbt_view_of(digest->bytes, WMBT_MODEL_DIGEST_BYTES), out);
}

bool wmbt_layout_tag_is_zero(const wmbt_layout_tag *tag)
{
    return wmbt_bytes_all_zero(tag->bytes, WMBT_LAYOUT_TAG_BYTES);
}

bool wmbt_layout_tag_equal(const wmbt_layout_tag *a, const wmbt_layout_tag *b)
{
    return wmbt_bytes_equal(a->bytes, b->bytes, WMBT_LAYOUT_TAG_BYTES);
}

/* The number of visible ASCII characters that the text begins with. */
static size_t wmbt_layout_tag_visible(const uint8_t *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] > 0x20u && text[n] < 0x7Fu) {
        n++;
    }
    return n;
}

wmbt_status wmbt_layout_tag_from_text(wmbt_view text, wmbt_layout_tag *tag)
{
    if (wmbt_view_is_bad(text)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (text.len == 0u || text.len > WMBT_LAYOUT_TAG_BYTES) {
        return WMBT_NOT_REPRESENTABLE;
    }
    if (wmbt_layout_tag_visible(text.data, text.len) != text.len) {
        return WMBT_BAD_TEXT;
    }
    wmbt_bytes_move(tag->bytes, text.data, text.len);
    wmbt_bytes_fill(tag->bytes + text.len, 0, WMBT_LAYOUT_TAG_BYTES - text.len);
    return WMBT_OK;
}

wmbt_status wmbt_layout_tag_to_text(const wmbt_layout_tag *tag, wmbt_view *text)
{
    size_t n = wmbt_layout_tag_visible(tag->bytes, WMBT_LAYOUT_TAG_BYTES);
    if (!wmbt_bytes_all_zero(tag->bytes + n, WMBT_LAYOUT_TAG_BYTES - n)) {
        return WMBT_BAD_TAG;
    }
    *text = wmbt_view_of(tag->bytes, n);
    return WMBT_OK;
}

uint32_t wmbt_layout_tag_family(const wmbt_layout_tag *tag)
{
    static const wmbt_layout_tag ds4_v1 = {"ds4-v1"}, sglang_page_v1 = {"sglang-page-v1"};
    if (wmbt_layout_tag_is_zero(tag)) {
        return WMBT_LAYOUT_UNKNOWN;
    }
    if (wmbt_layout_tag_equal(tag, &ds4_v1)) {
        return WMBT_LAYOUT_DS4_V1;
    }
    return wmbt_layout_tag_equal(tag, &sglang_page_v1) ? WMBT_LAYOUT_SGLANG_PAGE_V1
                                                       : WMBT_LAYOUT_OTHER;
}

void wmbt_block_meta_init_root(wmbt_block_meta *meta, uint64_t payload_bytes,
                               const wmbt_model_digest *model, const wmbt_layout_tag *layout,
                               uint64_t now_ns)
{
    wmbt_block_meta_init_successor(meta, &wmbt_block_hash_zero, 0, payload_bytes, model, layout,
                                   now_ns);
}

void wmbt_block_meta_init_successor(wmbt_block_meta *meta, const wmbt_block_hash *parent,
                                    uint32_t block_seq, uint64_t payload_bytes,
                                    const wmbt_model_digest *model, const wmbt_layout_tag *layout,
                                    uint64_t now_ns)
{
    /* Moves: the arguments may point into *meta. */
    wmbt_bytes_move(meta->parent_hash.bytes, parent->bytes, WMBT_BLOCK_HASH_BYTES);
    wmbt_bytes_move(meta->model_digest.bytes, model->bytes, WMBT_MODEL_DIGEST_BYTES);
    wmbt_bytes_move(meta->layout_tag.bytes, layout->bytes, WMBT_LAYOUT_TAG_BYTES);
    meta->payload_bytes = payload_bytes;
    meta->last_access_ns = now_ns;
    meta->block_seq = block_seq;
    meta->ext_flags = 0;
}

void wmbt_block_meta_touch(wmbt_block_meta *meta, uint64_t now_ns)
{
    meta->last_access_ns = now_ns;
}

void wmbt_block_meta_copy(wmbt_block_meta *to, const wmbt_block_meta *from)
{
    wmbt_bytes_move((uint8_t *)to, (const uint8_t *)from, sizeof *to);
}

bool wmbt_block_meta_has_parent(const wmbt_block_meta *meta)
{
    return !wmbt_block_hash_is_zero(&meta->parent_hash);
}

bool wmbt_block_meta_is_root(const wmbt_block_meta *meta)
{
    return !wmbt_block_meta_has_parent(meta) && meta->block_seq == 0u;
}

wmbt_status wmbt_block_meta_check_step(const wmbt_block_meta *child,
                                       const wmbt_block_hash *parent_hash,
                                       const wmbt_block_meta *parent)
{
    if (wmbt_block_hash_is_zero(parent_hash)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_block_hash_equal(&child->parent_hash, parent_hash) || child->block_seq == 0u ||
        child->block_seq - 1u != parent->block_seq) {
        return WMBT_WRONG_BLOCK;
    }
    return WMBT_OK;
}

#endif
