/* SPDX-License-Identifier: Apache-2.0 */
/* Large values: manifest, chunk keys, assembly, id. docs/FORMATS.md, "Large values". */
#include "wombatkv/largevalue.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "base/text.h"

#if WMBT_CFG_LARGEVALUE

#    define WMBT_LARGEVALUE_MARK WMBT_VIEW_LITERAL("WMBT_KV_SHM_LARGE_V1")
#    define WMBT_LARGEVALUE_FOLDER WMBT_VIEW_LITERAL("__wmbt_kv_shm_large")
#    define WMBT_LARGEVALUE_INDEX_DIGITS 8u

/* --- manifest --------------------------------------------------------------------------------- */

/* The next line, without its line end (LF, or CRLF). False if nothing is left. */
static bool wmbt_largevalue_line(wmbt_cursor *text, wmbt_view *line, bool *ends)
{
    if (text->left == 0u) {
        return false;
    }
    size_t n = 0;
    while (n < text->left && text->data[n] != (uint8_t)'\n') {
        n++;
    }
    *ends = n < text->left;
    (void)wmbt_cursor_bytes(text, n, line);
    if (*ends) {
        (void)wmbt_cursor_skip(text, 1);
    }
    return true;
}

/* As upstream's reader has it: CR before LF belongs to the line end. */
static void wmbt_largevalue_drop_cr(wmbt_view *line, bool ends)
{
    if (ends && line->len != 0u && line->data[line->len - 1u] == (uint8_t)'\r') {
        line->len--;
    }
}

/* Views by pointer here: a small target copies those that are parameters of inlined functions with
 * memcpy. */
static bool wmbt_largevalue_id_is_digest(const wmbt_view *id)
{
    uint8_t digest[32];
    return wmbt_text_unhex(wmbt_view_of(id->data, id->len), false, digest, sizeof digest) ==
           WMBT_OK;
}

/* A number as the writer writes it: no sign, no needless zero. A copy is checked: the text may
 * change meanwhile. */
static bool wmbt_largevalue_number(const wmbt_view *text, uint64_t *out)
{
    uint8_t digits[20]; /* of 2^64 - 1 */
    if (text->len > sizeof digits) {
        return false;
    }
    wmbt_bytes_copy(digits, text->data, text->len);
    if (text->len > 1u && digits[0] == (uint8_t)'0') {
        return false;
    }
    return wmbt_text_parse_u64(wmbt_view_of(digits, text->len), false, out);
}

/* Total / chunk size, rounded up, by doubling and halving: no 64-bit division. */
static uint64_t wmbt_largevalue_chunks_of(uint64_t total)
{
    uint64_t unit = WMBT_LARGEVALUE_CHUNK_BYTES, step = 1, chunks = 0;
    while (total >= unit && total - unit >= unit) {
        unit += unit;
        step += step;
    }
    for (; step != 0u; unit >>= 1, step >>= 1) {
        if (total >= unit) {
            total -= unit;
            chunks += step;
        }
    }
    return total != 0u ? chunks + 1u : chunks;
}

/* What follows the first line, as the writer writes it. */
static wmbt_status wmbt_largevalue_parse_strict(wmbt_cursor *text, wmbt_largevalue *m)
{
    wmbt_view id, total, count;
    bool ends = true;
    if (!wmbt_largevalue_line(text, &id, &ends) || !wmbt_largevalue_line(text, &total, &ends) ||
        !wmbt_largevalue_line(text, &count, &ends) || !ends) {
        return WMBT_TRUNCATED;
    }
    if (!wmbt_largevalue_id_is_digest(&id)) {
        return WMBT_BAD_TEXT;
    }
    if (!wmbt_largevalue_number(&total, &m->total_bytes) ||
        !wmbt_largevalue_number(&count, &m->chunks)) {
        return WMBT_BAD_NUMBER;
    }
    if (m->chunks != wmbt_largevalue_chunks_of(m->total_bytes)) {
        return WMBT_BAD_COUNT;
    }
    m->id.data = id.data;
    m->id.len = id.len;
    return text->left != 0u ? WMBT_TRAILING_BYTES : WMBT_OK;
}

/* What follows the first line, as upstream reads it. */
static wmbt_status wmbt_largevalue_parse_compat(wmbt_cursor *text, wmbt_largevalue *m)
{
    wmbt_view id, total, count;
    bool id_ends = false, total_ends = false, count_ends = false;
    if (!wmbt_largevalue_line(text, &id, &id_ends) ||
        !wmbt_largevalue_line(text, &total, &total_ends) ||
        !wmbt_largevalue_line(text, &count, &count_ends)) {
        return WMBT_TRUNCATED;
    }
    wmbt_largevalue_drop_cr(&id, id_ends);
    wmbt_largevalue_drop_cr(&total, total_ends);
    wmbt_largevalue_drop_cr(&count, count_ends);
    if (!wmbt_text_parse_u64(total, true, &m->total_bytes) ||
        !wmbt_text_parse_u64(count, true, &m->chunks)) {
        return WMBT_BAD_NUMBER;
    }
    m->id.data = id.data;
    m->id.len = id.len;
    return WMBT_OK;
}

wmbt_status wmbt_largevalue_parse(wmbt_view text, uint32_t flags, wmbt_largevalue *manifest)
{
    if (wmbt_view_is_bad(text) || (flags & ~WMBT_LARGEVALUE_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_cursor rest = wmbt_cursor_of(text);
    if (!wmbt_cursor_expect(&rest, WMBT_LARGEVALUE_MARK)) {
        return WMBT_BAD_MAGIC;
    }
    wmbt_view more = wmbt_view_of(NULL, 0); /* of the first line: nothing, or the CR before LF */
    bool ends = false;
    (void)wmbt_largevalue_line(&rest, &more, &ends);
    bool crlf = ends && more.len != 0u;
    wmbt_largevalue_drop_cr(&more, ends);
    if (more.len != 0u) {
        return WMBT_BAD_MAGIC;
    }
    wmbt_largevalue m;
    wmbt_status status;
    if ((flags & WMBT_LARGEVALUE_COMPAT) != 0u) {
        if (!wmbt_text_is_utf8(text)) {
            return WMBT_BAD_TEXT;
        }
        status = wmbt_largevalue_parse_compat(&rest, &m);
    } else {
        if (crlf) {
            return WMBT_BAD_TEXT;
        }
        status = wmbt_largevalue_parse_strict(&rest, &m);
    }
    if (status == WMBT_OK) {
        manifest->id.data = m.id.data;
        manifest->id.len = m.id.len;
        manifest->total_bytes = m.total_bytes;
        manifest->chunks = m.chunks;
        manifest->flags = flags;
    }
    return status;
}

/* True if the text can stand as one segment of a path that stays where it is. */
static bool wmbt_largevalue_is_segment(wmbt_view id)
{
    if (id.len == 0u || wmbt_view_equal(id, WMBT_VIEW_LITERAL(".")) ||
        wmbt_view_equal(id, WMBT_VIEW_LITERAL(".."))) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];
        if (c < 0x20u || c == 0x7Fu || c == (uint8_t)'/' || c == (uint8_t)'\\' ||
            c == (uint8_t)':') {
            return false;
        }
    }
    return true;
}

/* Writes the key, and says where its id begins. */
static size_t wmbt_largevalue_put_key(wmbt_writer *w, const wmbt_largevalue *m,
                                      const wmbt_view *prefix, const wmbt_view *name_space,
                                      uint64_t index)
{
    wmbt_writer_bytes(w, *prefix);
    wmbt_writer_u8(w, (uint8_t)'/');
    if (name_space->len != 0u) {
        wmbt_writer_bytes(w, *name_space);
        wmbt_writer_u8(w, (uint8_t)'/');
    }
    wmbt_writer_bytes(w, WMBT_LARGEVALUE_FOLDER);
    wmbt_writer_u8(w, (uint8_t)'/');
    size_t id_at = w->needed;
    wmbt_writer_bytes(w, m->id);
    wmbt_writer_u8(w, (uint8_t)'/');
    wmbt_writer_decimal(w, index, WMBT_LARGEVALUE_INDEX_DIGITS);
    return id_at;
}

wmbt_status wmbt_largevalue_chunk_key(const wmbt_largevalue *manifest, wmbt_view prefix,
                                      wmbt_view name_space, uint64_t index, wmbt_buf out,
                                      size_t *len)
{
    if (wmbt_view_is_bad(manifest->id) || wmbt_view_is_bad(prefix) ||
        wmbt_view_is_bad(name_space) || wmbt_buf_is_bad(out) || prefix.len == 0u ||
        index >= manifest->chunks) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_writer measure = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    (void)wmbt_largevalue_put_key(&measure, manifest, &prefix, &name_space, index);
    if (measure.needed > WMBT_LARGEVALUE_MAX_KEY) {
        return WMBT_NOT_REPRESENTABLE;
    }
    if (measure.needed > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    size_t id_at = wmbt_largevalue_put_key(&w, manifest, &prefix, &name_space, index);
    /* The copy is checked, not the text, which may have changed since. */
    if (!wmbt_largevalue_is_segment(wmbt_view_of(out.data + id_at, manifest->id.len))) {
        wmbt_bytes_fill(out.data, 0, w.needed);
        return WMBT_NOT_REPRESENTABLE;
    }
    *len = w.needed;
    return WMBT_OK;
}

/* --- assembly --------------------------------------------------------------------------------- */

wmbt_status wmbt_largevalue_join_init(wmbt_largevalue_join *join, const wmbt_largevalue *manifest,
                                      uint64_t max_bytes, uint64_t max_chunks)
{
    if (manifest->total_bytes > max_bytes || manifest->chunks > max_chunks) {
        return WMBT_TOO_LARGE;
    }
    join->total_bytes = manifest->total_bytes;
    join->chunks = manifest->chunks;
    join->index = 0;
    join->offset = 0;
    join->flags = manifest->flags;
    return WMBT_OK;
}

wmbt_status wmbt_largevalue_join_next(const wmbt_largevalue_join *join,
                                      wmbt_largevalue_place *place)
{
    if (join->index >= join->chunks) {
        return WMBT_END;
    }
    uint64_t rest = join->total_bytes - join->offset;
    bool exact = (join->flags & WMBT_LARGEVALUE_COMPAT) == 0u;
    place->index = join->index;
    place->offset = join->offset;
    place->bytes = exact && rest > WMBT_LARGEVALUE_CHUNK_BYTES ? WMBT_LARGEVALUE_CHUNK_BYTES : rest;
    return WMBT_OK;
}

wmbt_status wmbt_largevalue_join_chunk(wmbt_largevalue_join *join, uint64_t bytes)
{
    wmbt_largevalue_place place;
    if (wmbt_largevalue_join_next(join, &place) != WMBT_OK) {
        return WMBT_BAD_STATE;
    }
    bool exact = (join->flags & WMBT_LARGEVALUE_COMPAT) == 0u;
    if (bytes > place.bytes || (exact && bytes != place.bytes)) {
        return WMBT_BAD_LENGTH;
    }
    join->index++;
    join->offset += bytes;
    return WMBT_OK;
}

wmbt_status wmbt_largevalue_join_finish(const wmbt_largevalue_join *join)
{
    if (join->index != join->chunks) {
        return WMBT_TRUNCATED;
    }
    return join->offset == join->total_bytes ? WMBT_OK : WMBT_BAD_LENGTH;
}

/* --- id --------------------------------------------------------------------------------------- */

#    if WMBT_CFG_BLAKE3

/* A text and the zero that separates it from what follows. */
static wmbt_status wmbt_largevalue_hash_text(wmbt_blake3 *x, wmbt_view text)
{
    const uint8_t zero = 0;
    wmbt_status status = wmbt_blake3_update(x, text);
    return status == WMBT_OK ? wmbt_blake3_update(x, wmbt_view_of(&zero, 1)) : status;
}

wmbt_status wmbt_largevalue_id_begin(wmbt_blake3 *x, wmbt_view name_space, wmbt_view key,
                                     uint64_t total_bytes)
{
    if (wmbt_view_is_bad(name_space) || wmbt_view_is_bad(key)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_blake3_reset(x);
    uint8_t length[sizeof total_bytes];
    wmbt_store_le64(length, total_bytes);
    wmbt_status status = wmbt_largevalue_hash_text(x, WMBT_VIEW_LITERAL("wombatkv-shm-large-v1"));
    WMBT_ASSERT(status == WMBT_OK); /* any state takes a chunk */
    status = wmbt_largevalue_hash_text(x, name_space);
    if (status == WMBT_OK) {
        status = wmbt_largevalue_hash_text(x, key);
    }
    return status == WMBT_OK ? wmbt_blake3_update(x, wmbt_view_of(length, sizeof length)) : status;
}

wmbt_status wmbt_largevalue_id_is(const wmbt_largevalue *manifest, const wmbt_blake3 *x)
{
    uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES];
    uint8_t id[WMBT_BLAKE3_DIGEST_BYTES];
    wmbt_blake3_final(x, digest);
    if (wmbt_text_unhex(manifest->id, false, id, sizeof id) != WMBT_OK ||
        !wmbt_bytes_equal(id, digest, sizeof id)) {
        return WMBT_BAD_DIGEST;
    }
    return WMBT_OK;
}

#    endif

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS

static void wmbt_largevalue_put_text(wmbt_writer *w, const uint8_t *id, uint64_t total_bytes)
{
    wmbt_writer_bytes(w, WMBT_LARGEVALUE_MARK);
    wmbt_writer_u8(w, (uint8_t)'\n');
    wmbt_writer_hex(w, wmbt_view_of(id, WMBT_LARGEVALUE_ID_DIGITS / 2u));
    wmbt_writer_u8(w, (uint8_t)'\n');
    wmbt_writer_decimal(w, total_bytes, 1);
    wmbt_writer_u8(w, (uint8_t)'\n');
    wmbt_writer_decimal(w, wmbt_largevalue_chunks_of(total_bytes), 1);
    wmbt_writer_u8(w, (uint8_t)'\n');
}

wmbt_status wmbt_largevalue_write(const uint8_t id[32], uint64_t total_bytes, wmbt_buf out,
                                  size_t *len)
{
    if (id == NULL || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_writer measure = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    wmbt_largevalue_put_text(&measure, id, total_bytes);
    if (measure.needed > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_largevalue_put_text(&w, id, total_bytes);
    *len = w.needed;
    return WMBT_OK;
}

#    endif

#endif
