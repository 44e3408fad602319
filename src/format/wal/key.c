/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of WAL objects, their order and what an audit counts. docs/FORMATS.md, "WAL". */
#include "wombatkv/wal.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"

#if WMBT_CFG_WAL

#    define WMBT_WAL_RECORD_NAME "chunk-"
#    define WMBT_WAL_BATCH_NAME "batch-"
#    define WMBT_WAL_NAME_END ".bin"
#    define WMBT_WAL_DEFAULT_NODE "node-local"
#    define WMBT_WAL_SEQ_DIGITS 20u

/* The first n bytes, and what follows them; n is at most text.len. */
static wmbt_view wmbt_wal_first(wmbt_view text, size_t n)
{
    return wmbt_view_of(text.data, n);
}

static wmbt_view wmbt_wal_after(wmbt_view text, size_t n)
{
    return n == text.len ? wmbt_view_of(NULL, 0) : wmbt_view_of(text.data + n, text.len - n);
}

/* Takes `mark` off the front of *text. */
static bool wmbt_wal_take_mark(wmbt_view *text, wmbt_view mark)
{
    if (text->len < mark.len || !wmbt_bytes_equal(text->data, mark.data, mark.len)) {
        return false;
    }
    *text = wmbt_wal_after(*text, mark.len);
    return true;
}

/* Takes "-NUMBER" off the end of *text. */
static bool wmbt_wal_take_number(wmbt_view *text, uint64_t *number)
{
    size_t at = wmbt_text_find_last(*text, (uint8_t)'-');
    if (at == text->len || !wmbt_text_parse_u64(wmbt_wal_after(*text, at + 1u), true, number)) {
        return false;
    }
    *text = wmbt_wal_first(*text, at);
    return true;
}

/* Takes ".bin" off the end of *text. */
static bool wmbt_wal_take_end(wmbt_view *text)
{
    const size_t n = sizeof WMBT_WAL_NAME_END - 1u;
    if (text->len < n ||
        !wmbt_bytes_equal(text->data + (text->len - n), (const uint8_t *)WMBT_WAL_NAME_END, n)) {
        return false;
    }
    *text = wmbt_wal_first(*text, text->len - n);
    return true;
}

/* "chunk-NODE-SEQ.bin" or "batch-NODE-FIRST-LAST.bin" */
static bool wmbt_wal_parse_name(wmbt_view name, wmbt_wal_key *key)
{
    if (!wmbt_wal_take_end(&name)) {
        return false;
    }
    if (wmbt_wal_take_mark(&name, WMBT_VIEW_LITERAL(WMBT_WAL_RECORD_NAME))) {
        key->kind = WMBT_WAL_RECORD;
        if (!wmbt_wal_take_number(&name, &key->first_seq)) {
            return false;
        }
        key->last_seq = key->first_seq;
    } else if (wmbt_wal_take_mark(&name, WMBT_VIEW_LITERAL(WMBT_WAL_BATCH_NAME))) {
        key->kind = WMBT_WAL_BATCH;
        if (!wmbt_wal_take_number(&name, &key->last_seq) ||
            !wmbt_wal_take_number(&name, &key->first_seq)) {
            return false;
        }
    } else {
        return false;
    }
    key->node = name;
    return name.len != 0u;
}

/* "chunk-SEQ.bin" */
static bool wmbt_wal_parse_bare_name(wmbt_view name, wmbt_wal_key *key)
{
    if (!wmbt_wal_take_end(&name) ||
        !wmbt_wal_take_mark(&name, WMBT_VIEW_LITERAL(WMBT_WAL_RECORD_NAME)) ||
        !wmbt_text_parse_u64(name, true, &key->first_seq)) {
        return false;
    }
    key->kind = WMBT_WAL_RECORD;
    key->last_seq = key->first_seq;
    key->node = WMBT_VIEW_LITERAL(WMBT_WAL_DEFAULT_NODE);
    return true;
}

/* What follows the prefix and '/'. */
static bool wmbt_wal_parse_rest(wmbt_view rest, wmbt_wal_key *key)
{
    size_t slash = wmbt_text_find_first(rest, (uint8_t)'/');
    key->layout = WMBT_WAL_CANONICAL;
    if (slash != rest.len &&
        wmbt_text_parse_u64(wmbt_wal_first(rest, slash), false, &key->epoch_ms) &&
        wmbt_wal_parse_name(wmbt_wal_after(rest, slash + 1u), key)) {
        return true;
    }
    key->epoch_ms = 0;
    key->layout = WMBT_WAL_LEGACY;
    if (wmbt_wal_parse_name(rest, key)) {
        return true;
    }
    key->layout = WMBT_WAL_LEGACY_NO_NODE;
    return wmbt_wal_parse_bare_name(rest, key);
}

bool wmbt_wal_key_belongs(wmbt_view text, wmbt_view prefix, uint32_t flags)
{
    if (wmbt_view_is_bad(text) || wmbt_view_is_bad(prefix) || !wmbt_wal_take_mark(&text, prefix)) {
        return false;
    }
    return (flags & WMBT_WAL_COMPAT) != 0u || wmbt_wal_take_mark(&text, WMBT_VIEW_LITERAL("/"));
}

wmbt_status wmbt_wal_key_parse(wmbt_view text, wmbt_view prefix, wmbt_wal_key *key)
{
    if (wmbt_view_is_bad(text) || wmbt_view_is_bad(prefix)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_wal_key_belongs(text, prefix, 0)) {
        return WMBT_MISSING;
    }
    if (!wmbt_text_is_utf8(text)) {
        return WMBT_BAD_TEXT;
    }
    wmbt_wal_key found;
    wmbt_bytes_fill((uint8_t *)&found, 0, sizeof found);
    if (!wmbt_wal_parse_rest(wmbt_wal_after(text, prefix.len + 1u), &found)) {
        return WMBT_BAD_SYNTAX;
    }
    WMBT_COPY_STRUCT(key, &found);
    return WMBT_OK;
}

wmbt_status wmbt_wal_key_guess(wmbt_view text, wmbt_view *prefix, wmbt_wal_key *key)
{
    if (wmbt_view_is_bad(text)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_text_is_utf8(text)) {
        return WMBT_BAD_TEXT;
    }
    size_t slash = wmbt_text_find_last(text, (uint8_t)'/');
    if (slash == text.len) {
        return WMBT_BAD_SYNTAX;
    }
    wmbt_view folder = wmbt_wal_first(text, slash);
    size_t before = wmbt_text_find_last(folder, (uint8_t)'/');
    uint64_t epoch_ms;
    if (before != folder.len &&
        wmbt_text_parse_u64(wmbt_wal_after(folder, before + 1u), false, &epoch_ms)) {
        folder = wmbt_wal_first(folder, before);
    }
    wmbt_status status = wmbt_wal_key_parse(text, folder, key);
    if (status == WMBT_OK) {
        *prefix = folder;
    }
    return status;
}

void wmbt_wal_entry_init(wmbt_wal_entry *entry, wmbt_view text, wmbt_view prefix)
{
    wmbt_wal_key key;
    entry->key = wmbt_view_is_bad(text) ? wmbt_view_of(NULL, 0) : text;
    entry->known = wmbt_wal_key_parse(text, prefix, &key) == WMBT_OK ? 1u : 0u;
    entry->first_seq = entry->known != 0u ? key.first_seq : 0u;
}

int wmbt_wal_entry_compare(const wmbt_wal_entry *a, const wmbt_wal_entry *b)
{
    if (a->known != b->known) {
        return a->known != 0u ? -1 : 1;
    }
    if (a->first_seq != b->first_seq) {
        return a->first_seq < b->first_seq ? -1 : 1;
    }
    return wmbt_bytes_compare(a->key, b->key);
}

void wmbt_wal_audit_add(wmbt_wal_audit *audit, wmbt_view text, wmbt_view prefix)
{
    wmbt_wal_key key;
    if (!wmbt_wal_key_belongs(text, prefix, 0)) {
        return;
    }
    audit->total++;
    if (wmbt_wal_key_parse(text, prefix, &key) != WMBT_OK) {
        audit->unknown++;
    } else if (key.layout == WMBT_WAL_CANONICAL) {
        audit->canonical++;
    } else {
        audit->legacy++;
    }
}

void wmbt_wal_next_seq_add(uint64_t *next, wmbt_view text, wmbt_view prefix, wmbt_view node)
{
    wmbt_wal_key key;
    if (wmbt_view_is_bad(node) || wmbt_wal_key_parse(text, prefix, &key) != WMBT_OK ||
        !wmbt_view_equal(key.node, node)) {
        return;
    }
    if (key.last_seq >= *next) {
        *next = key.last_seq == UINT64_MAX ? UINT64_MAX : key.last_seq + 1u;
    }
}

/* True for the characters that a node id keeps. */
static bool wmbt_wal_is_node_character(uint8_t c)
{
    return wmbt_text_is_digit(c) || (c >= (uint8_t)'a' && c <= (uint8_t)'z') ||
           (c >= (uint8_t)'A' && c <= (uint8_t)'Z') || c == (uint8_t)'-';
}

/* True for the second and later bytes of a UTF-8 character. */
static bool wmbt_wal_is_continuation(uint8_t c)
{
    return (c & 0xC0u) == 0x80u;
}

wmbt_status wmbt_wal_node(wmbt_view id, wmbt_buf out, size_t *len)
{
    if (wmbt_view_is_bad(id) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_text_is_utf8(id)) {
        return WMBT_BAD_TEXT;
    }
    if (id.len == 0u) {
        id = WMBT_VIEW_LITERAL(WMBT_WAL_DEFAULT_NODE);
    }
    size_t needed = 0;
    for (size_t i = 0; i < id.len; i++) {
        needed += wmbt_wal_is_continuation(id.data[i]) ? 0u : 1u;
    }
    if (needed > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];
        if (!wmbt_wal_is_continuation(c)) {
            wmbt_writer_u8(&w, wmbt_wal_is_node_character(c) ? c : (uint8_t)'-');
        }
    }
    *len = needed;
    return WMBT_OK;
}

#    if WMBT_CFG_WRITERS
static bool wmbt_wal_is_node(wmbt_view node)
{
    for (size_t i = 0; i < node.len; i++) {
        if (!wmbt_wal_is_node_character(node.data[i])) {
            return false;
        }
    }
    return node.len != 0u;
}

static void wmbt_wal_put_key(wmbt_writer *w, const wmbt_wal_key *key, wmbt_view prefix)
{
    bool batch = key->kind == WMBT_WAL_BATCH;
    wmbt_writer_bytes(w, prefix);
    wmbt_writer_u8(w, (uint8_t)'/');
    wmbt_writer_decimal(w, key->epoch_ms, WMBT_WAL_SEQ_DIGITS);
    wmbt_writer_u8(w, (uint8_t)'/');
    wmbt_writer_bytes(w, batch ? WMBT_VIEW_LITERAL(WMBT_WAL_BATCH_NAME)
                               : WMBT_VIEW_LITERAL(WMBT_WAL_RECORD_NAME));
    wmbt_writer_bytes(w, key->node);
    wmbt_writer_u8(w, (uint8_t)'-');
    wmbt_writer_decimal(w, key->first_seq, WMBT_WAL_SEQ_DIGITS);
    if (batch) {
        wmbt_writer_u8(w, (uint8_t)'-');
        wmbt_writer_decimal(w, key->last_seq, WMBT_WAL_SEQ_DIGITS);
    }
    wmbt_writer_bytes(w, WMBT_VIEW_LITERAL(WMBT_WAL_NAME_END));
}

wmbt_status wmbt_wal_key_build(const wmbt_wal_key *key, wmbt_view prefix, uint32_t flags,
                               wmbt_buf out, size_t *len)
{
    if (wmbt_view_is_bad(prefix) || wmbt_view_is_bad(key->node) || wmbt_buf_is_bad(out) ||
        (flags & ~WMBT_WAL_COMPAT) != 0u ||
        (key->kind != WMBT_WAL_RECORD && key->kind != WMBT_WAL_BATCH)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_writer measure = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    wmbt_wal_put_key(&measure, key, prefix);
    if ((flags & WMBT_WAL_COMPAT) == 0u &&
        (measure.needed > WMBT_WAL_KEY_MAX_BYTES || !wmbt_wal_is_node(key->node) ||
         !wmbt_text_is_utf8(prefix) ||
         (key->kind == WMBT_WAL_BATCH && key->first_seq > key->last_seq))) {
        return WMBT_NOT_REPRESENTABLE;
    }
    if (measure.needed > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_wal_put_key(&w, key, prefix);
    *len = w.needed;
    return WMBT_OK;
}
#    endif

/* --- keys of upstream's core crate ------------------------------------------------------------ */

wmbt_status wmbt_wal_chunk_key(wmbt_view tenant, wmbt_view fingerprint, uint64_t epoch_ms,
                               wmbt_view node, uint64_t seq, wmbt_buf out, size_t *len)
{
    if (wmbt_view_is_bad(tenant) || wmbt_view_is_bad(fingerprint) || wmbt_view_is_bad(node) ||
        wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_text_is_utf8(tenant) || !wmbt_text_is_utf8(fingerprint) || !wmbt_text_is_utf8(node)) {
        return WMBT_NOT_REPRESENTABLE;
    }
    /* First measured, then written: on an error nothing is. */
    wmbt_writer w = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    for (uint32_t pass = 0; pass < 2u; pass++) {
        wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL("wal/"));
        wmbt_writer_bytes(&w, tenant);
        wmbt_writer_u8(&w, '/');
        wmbt_writer_bytes(&w, fingerprint);
        wmbt_writer_u8(&w, '/');
        wmbt_writer_decimal(&w, epoch_ms, 1);
        wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL("/chunk-"));
        wmbt_writer_bytes(&w, node);
        wmbt_writer_u8(&w, '-');
        wmbt_writer_decimal(&w, seq, 1);
        wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL(".bin"));
        if (w.needed > out.len) {
            return WMBT_BUFFER_TOO_SMALL;
        }
        if (pass == 0u) {
            w.data = out.data;
            w.capacity = out.len;
            w.needed = 0;
        }
    }
    *len = w.needed;
    return WMBT_OK;
}

#endif
