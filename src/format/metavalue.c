/* SPDX-License-Identifier: Apache-2.0 */
/* Stored block metadata: values and keys. docs/FORMATS.md, "Metadata values". */
#include "wombatkv/metavalue.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "base/text.h"

#if WMBT_CFG_METAVALUE

#    define WMBT_METAVALUE_TAG_BYTES 4u
#    define WMBT_METAVALUE_ARCHIVE_BYTES (WMBT_METAVALUE_BYTES - WMBT_METAVALUE_TAG_BYTES)
#    define WMBT_METAVALUE_ALIGNMENT 8u

static const uint8_t wmbt_metavalue_tag[] = "v001";

/* --- values ----------------------------------------------------------------------------------- */

/* The archive proper, all bytes of which are there. Returns what should be zero. */
static uint32_t wmbt_metavalue_take(wmbt_cursor *c, wmbt_block_meta *meta)
{
    uint32_t after_seq = 0, after_flags = 0;
    WMBT_ASSERT(c->left == WMBT_METAVALUE_ARCHIVE_BYTES);
    (void)wmbt_cursor_copy(c, meta->parent_hash.bytes, WMBT_BLOCK_HASH_BYTES);
    (void)wmbt_cursor_u32(c, &meta->block_seq);
    (void)wmbt_cursor_u32(c, &after_seq);
    (void)wmbt_cursor_u64(c, &meta->payload_bytes);
    (void)wmbt_cursor_u64(c, &meta->last_access_ns);
    (void)wmbt_cursor_copy(c, meta->model_digest.bytes, WMBT_MODEL_DIGEST_BYTES);
    (void)wmbt_cursor_copy(c, meta->layout_tag.bytes, WMBT_LAYOUT_TAG_BYTES);
    (void)wmbt_cursor_u32(c, &meta->ext_flags);
    (void)wmbt_cursor_u32(c, &after_flags);
    WMBT_ASSERT(c->left == 0u);
    return after_seq | after_flags;
}

/* Passes over the tag and over what stands before the archive's root, of which all bytes are
 * there. */
static wmbt_status wmbt_metavalue_find_root(wmbt_cursor *c, bool compat)
{
    uint8_t tag[WMBT_METAVALUE_TAG_BYTES];
    if (!wmbt_cursor_copy(c, tag, sizeof tag)) {
        return WMBT_TRUNCATED;
    }
    if (!wmbt_bytes_equal(tag, wmbt_metavalue_tag, sizeof tag)) {
        return tag[0] == wmbt_metavalue_tag[0] ? WMBT_UNSUPPORTED_VERSION : WMBT_BAD_MAGIC;
    }
    if (c->left < WMBT_METAVALUE_ARCHIVE_BYTES) {
        return WMBT_TRUNCATED;
    }
    size_t before = c->left - WMBT_METAVALUE_ARCHIVE_BYTES;
    if (before != 0u && !compat) {
        return WMBT_TRAILING_BYTES;
    }
    if ((before & (WMBT_METAVALUE_ALIGNMENT - 1u)) != 0u) {
        return WMBT_BAD_LENGTH;
    }
    (void)wmbt_cursor_skip(c, before);
    return WMBT_OK;
}

wmbt_status wmbt_metavalue_read(wmbt_view value, uint32_t flags, wmbt_block_meta *meta)
{
    if (wmbt_view_is_bad(value) || (flags & ~WMBT_METAVALUE_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    bool compat = (flags & WMBT_METAVALUE_COMPAT) != 0u;
    wmbt_cursor c = wmbt_cursor_of(value);
    wmbt_status status = wmbt_metavalue_find_root(&c, compat);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_block_meta found;
    if (wmbt_metavalue_take(&c, &found) != 0u && !compat) {
        return WMBT_BAD_FIELD;
    }
    wmbt_block_meta_copy(meta, &found);
    return WMBT_OK;
}

#    if WMBT_CFG_WRITERS
void wmbt_metavalue_write(const wmbt_block_meta *meta, uint8_t out[WMBT_METAVALUE_BYTES])
{
    wmbt_writer w = wmbt_writer_of(wmbt_buf_of(out, WMBT_METAVALUE_BYTES));
    wmbt_writer_bytes(&w, wmbt_view_of(wmbt_metavalue_tag, WMBT_METAVALUE_TAG_BYTES));
    wmbt_writer_bytes(&w, wmbt_view_of(meta->parent_hash.bytes, WMBT_BLOCK_HASH_BYTES));
    wmbt_writer_u32(&w, meta->block_seq);
    wmbt_writer_u32(&w, 0);
    wmbt_writer_u64(&w, meta->payload_bytes);
    wmbt_writer_u64(&w, meta->last_access_ns);
    wmbt_writer_bytes(&w, wmbt_view_of(meta->model_digest.bytes, WMBT_MODEL_DIGEST_BYTES));
    wmbt_writer_bytes(&w, wmbt_view_of(meta->layout_tag.bytes, WMBT_LAYOUT_TAG_BYTES));
    wmbt_writer_u32(&w, meta->ext_flags);
    wmbt_writer_u32(&w, 0);
}
#    endif

/* --- keys ------------------------------------------------------------------------------------- */

#    define WMBT_METAVALUE_SEQ_BYTES 4u

/* Takes the text before the next '/' and that '/' off the cursor. */
static bool wmbt_metavalue_take_segment(wmbt_cursor *c, wmbt_view *segment)
{
    size_t n = 0;
    while (n < c->left && c->data[n] != (uint8_t)'/') {
        n++;
    }
    if (n == c->left) {
        return false;
    }
    wmbt_view_set(segment, wmbt_view_of(c->data, n));
    c->data += n + 1u;
    c->left -= n + 1u;
    return true;
}

/* Reads a field of lower-case hex digits. */
static wmbt_status wmbt_metavalue_unhex(const uint8_t *text, size_t len, uint8_t *out, size_t bytes)
{
    return wmbt_text_unhex(wmbt_view_of(text, len), false, out, bytes);
}

static bool wmbt_metavalue_has_slash(wmbt_view text)
{
    wmbt_cursor c = wmbt_cursor_of(text);
    wmbt_view segment;
    return wmbt_metavalue_take_segment(&c, &segment);
}

/* "NAMESPACE/MODEL/SEQ/", which follows "t/". */
static wmbt_status wmbt_metavalue_parse_path(wmbt_cursor *c, wmbt_metavalue_key *key)
{
    wmbt_view model, seq;
    if (!wmbt_metavalue_take_segment(c, &key->name_space) || key->name_space.len == 0u ||
        !wmbt_metavalue_take_segment(c, &model) || !wmbt_metavalue_take_segment(c, &seq) ||
        wmbt_metavalue_has_slash(wmbt_view_of(c->data, c->left))) {
        return WMBT_BAD_SYNTAX;
    }
    uint8_t big_endian[WMBT_METAVALUE_SEQ_BYTES];
    wmbt_status status = wmbt_metavalue_unhex(model.data, model.len, key->model_digest.bytes,
                                              WMBT_MODEL_DIGEST_BYTES);
    if (status == WMBT_OK) {
        status = wmbt_metavalue_unhex(seq.data, seq.len, big_endian, sizeof big_endian);
    }
    if (status != WMBT_OK) {
        return status;
    }
    key->block_seq = (uint32_t)big_endian[0] << 24 | (uint32_t)big_endian[1] << 16 |
                     (uint32_t)big_endian[2] << 8 | big_endian[3];
    return wmbt_text_is_utf8(key->name_space) ? WMBT_OK : WMBT_BAD_TEXT;
}

wmbt_status wmbt_metavalue_key_parse(wmbt_view text, wmbt_metavalue_key *key)
{
    if (wmbt_view_is_bad(text)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_metavalue_key found;
    wmbt_bytes_fill((uint8_t *)&found, 0, sizeof found);
    wmbt_cursor c = wmbt_cursor_of(text);
    wmbt_status status = WMBT_OK;
    if (wmbt_cursor_expect(&c, WMBT_VIEW_LITERAL("h/"))) {
        found.kind = WMBT_METAVALUE_KEY_HASH;
    } else if (wmbt_cursor_expect(&c, WMBT_VIEW_LITERAL("t/"))) {
        found.kind = WMBT_METAVALUE_KEY_TOPOLOGICAL;
        status = wmbt_metavalue_parse_path(&c, &found);
    } else {
        status = WMBT_BAD_SYNTAX;
    }
    if (status == WMBT_OK) {
        status = wmbt_metavalue_unhex(c.data, c.left, found.hash.bytes, WMBT_BLOCK_HASH_BYTES);
    }
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(key, &found);
    }
    return status;
}

static void wmbt_metavalue_put_path(wmbt_writer *w, const wmbt_metavalue_key *key)
{
    uint8_t big_endian[WMBT_METAVALUE_SEQ_BYTES];
    big_endian[0] = (uint8_t)(key->block_seq >> 24);
    big_endian[1] = (uint8_t)(key->block_seq >> 16);
    big_endian[2] = (uint8_t)(key->block_seq >> 8);
    big_endian[3] = (uint8_t)key->block_seq;
    wmbt_writer_bytes(w, key->name_space);
    wmbt_writer_u8(w, (uint8_t)'/');
    wmbt_writer_hex(w, wmbt_view_of(key->model_digest.bytes, WMBT_MODEL_DIGEST_BYTES));
    wmbt_writer_u8(w, (uint8_t)'/');
    wmbt_writer_hex(w, wmbt_view_of(big_endian, sizeof big_endian));
    wmbt_writer_u8(w, (uint8_t)'/');
}

wmbt_status wmbt_metavalue_key_build(const wmbt_metavalue_key *key, wmbt_buf out, size_t *len)
{
    bool topological = key->kind == WMBT_METAVALUE_KEY_TOPOLOGICAL;
    wmbt_view name_space = key->name_space;
    if (wmbt_buf_is_bad(out) ||
        (topological ? wmbt_view_is_bad(name_space) : key->kind != WMBT_METAVALUE_KEY_HASH)) {
        return WMBT_BAD_ARGUMENT;
    }
    size_t fixed = WMBT_METAVALUE_HASH_KEY_BYTES, more = 0;
    if (topological) {
        if (name_space.len == 0u || wmbt_metavalue_has_slash(name_space) ||
            !wmbt_text_is_utf8(name_space)) {
            return WMBT_NOT_REPRESENTABLE;
        }
        fixed = WMBT_METAVALUE_TOPOLOGICAL_KEY_BYTES((size_t)0);
        more = name_space.len;
    }
    if (out.len < fixed || out.len - fixed < more) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_writer_bytes(&w, topological ? WMBT_VIEW_LITERAL("t/") : WMBT_VIEW_LITERAL("h/"));
    if (topological) {
        wmbt_metavalue_put_path(&w, key);
    }
    wmbt_writer_hex(&w, wmbt_view_of(key->hash.bytes, WMBT_BLOCK_HASH_BYTES));
    *len = fixed + more;
    return WMBT_OK;
}

#endif
