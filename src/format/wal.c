/* SPDX-License-Identifier: Apache-2.0 */
/* WAL objects and their keys. docs/FORMATS.md, "WAL". */
#include "wombatkv/wal.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "base/text.h"
#include "wombatkv/fnv1a.h"

#if WMBT_CFG_WAL

#    define WMBT_WAL_MAGIC_BYTES 12u
#    define WMBT_WAL_LENGTH_BYTES 4u /* before each record of a batch */

static const uint8_t wmbt_wal_record_magic[] = "WMBT_KV_WAL1";
static const uint8_t wmbt_wal_batch_magic[] = "WMBT_KV_WB01";

/* --- objects ---------------------------------------------------------------------------------- */

static bool wmbt_wal_is(const uint8_t *head, const uint8_t *magic)
{
    return wmbt_bytes_equal(head, magic, WMBT_WAL_MAGIC_BYTES);
}

/* Ends a batch, well or not: its checksum covers all bytes and is judged before everything else. */
static wmbt_status wmbt_wal_finish_batch(wmbt_wal_reader *reader, wmbt_status status)
{
    uint32_t sum = wmbt_fnv1a32(reader->sum, wmbt_view_of(reader->data, reader->left));
    return sum != reader->info.checksum ? WMBT_BAD_CHECKSUM : status;
}

static wmbt_status wmbt_wal_check_numbers(const wmbt_wal_info *info, uint32_t flags)
{
    bool descends = info->start_seq > info->end_seq;
    uint64_t above = descends ? 0u : info->end_seq - info->start_seq;
    if (info->record_count == 0u || above != info->record_count - 1u) {
        return WMBT_BAD_COUNT;
    }
    return descends && (flags & WMBT_WAL_COMPAT) == 0u ? WMBT_BAD_ORDER : WMBT_OK;
}

/* The head of a batch after its magic. */
static wmbt_status wmbt_wal_open_batch(wmbt_wal_reader *reader, wmbt_cursor *c)
{
    wmbt_wal_info *info = &reader->info;
    info->kind = WMBT_WAL_BATCH;
    if (!wmbt_cursor_u64(c, &info->start_seq) || !wmbt_cursor_u64(c, &info->end_seq) ||
        !wmbt_cursor_u32(c, &info->record_count) || !wmbt_cursor_u32(c, &info->checksum)) {
        return WMBT_TRUNCATED;
    }
    reader->data = c->data;
    reader->left = c->left;
    wmbt_status status = wmbt_wal_check_numbers(info, reader->flags);
    return status == WMBT_OK ? WMBT_OK : wmbt_wal_finish_batch(reader, status);
}

/* The rest of a record's head. */
static wmbt_status wmbt_wal_open_record(wmbt_wal_reader *reader, wmbt_cursor *c)
{
    wmbt_wal_info *info = &reader->info;
    info->kind = WMBT_WAL_RECORD;
    info->record_count = 1;
    info->start_seq = 0;
    info->end_seq = 0;
    if (!wmbt_cursor_copy(c, reader->head + WMBT_WAL_MAGIC_BYTES,
                          WMBT_WAL_RECORD_HEADER_BYTES - WMBT_WAL_MAGIC_BYTES)) {
        return WMBT_TRUNCATED;
    }
    info->checksum = wmbt_load_le32(reader->head + 20);
    reader->data = c->data;
    reader->left = c->left;
    return wmbt_wal_is(reader->head, wmbt_wal_record_magic) ? WMBT_OK : WMBT_BAD_MAGIC;
}

wmbt_status wmbt_wal_open(wmbt_wal_reader *reader, wmbt_view object, uint32_t flags)
{
    if (wmbt_view_is_bad(object) || (flags & ~WMBT_WAL_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_wal_reader opened;
    wmbt_bytes_fill((uint8_t *)&opened, 0, sizeof opened);
    opened.flags = flags;
    opened.sum = WMBT_FNV1A32_INIT;
    wmbt_cursor c = wmbt_cursor_of(object);
    if (!wmbt_cursor_copy(&c, opened.head, WMBT_WAL_MAGIC_BYTES)) {
        return WMBT_TRUNCATED;
    }
    wmbt_status status = wmbt_wal_is(opened.head, wmbt_wal_batch_magic)
                             ? wmbt_wal_open_batch(&opened, &c)
                             : wmbt_wal_open_record(&opened, &c);
    if (status == WMBT_OK) {
        wmbt_bytes_copy((uint8_t *)reader, (const uint8_t *)&opened, sizeof opened);
    }
    return status;
}

/* A record whose 24 bytes stand in `head` and whose rest is `rest`. */
static wmbt_status wmbt_wal_read_body(const uint8_t *head, wmbt_view rest, uint32_t flags,
                                      wmbt_wal_record *record)
{
    uint32_t key_bytes = wmbt_load_le16(head + 12);
    uint32_t meta_bytes = wmbt_load_le16(head + 14);
    uint64_t body_bytes = (uint64_t)key_bytes + meta_bytes + wmbt_load_le32(head + 16);
    wmbt_cursor c = wmbt_cursor_of(rest);
    wmbt_view body;
    if (!wmbt_cursor_bytes(&c, body_bytes, &body)) {
        return WMBT_TRUNCATED;
    }
    if (wmbt_fnv1a32(WMBT_FNV1A32_INIT, body) != wmbt_load_le32(head + 20)) {
        return WMBT_BAD_CHECKSUM;
    }
    if (c.left != 0u && (flags & WMBT_WAL_COMPAT) == 0u) {
        return WMBT_TRAILING_BYTES;
    }
    c = wmbt_cursor_of(body);
    bool cut = wmbt_cursor_bytes(&c, key_bytes, &record->key) &&
               wmbt_cursor_bytes(&c, meta_bytes, &record->meta) &&
               wmbt_cursor_bytes(&c, c.left, &record->payload);
    return cut ? WMBT_OK : WMBT_TRUNCATED;
}

/* The bytes of the next record of a batch: adds them to the batch's sum, copies its head. */
static wmbt_status wmbt_wal_take_slot(wmbt_wal_reader *reader, wmbt_view *rest)
{
    wmbt_cursor c;
    c.data = reader->data;
    c.left = reader->left;
    uint32_t bytes;
    wmbt_view slot;
    if (!wmbt_cursor_u32(&c, &bytes)) {
        return WMBT_TRUNCATED;
    }
    uint8_t length[WMBT_WAL_LENGTH_BYTES];
    wmbt_store_le32(length, bytes);
    uint32_t sum = wmbt_fnv1a32(reader->sum, wmbt_view_of(length, sizeof length));
    reader->sum = sum;
    reader->data = c.data;
    reader->left = c.left;
    if (!wmbt_cursor_bytes(&c, bytes, &slot) || slot.len < WMBT_WAL_RECORD_HEADER_BYTES) {
        return WMBT_TRUNCATED;
    }
    wmbt_cursor inner = wmbt_cursor_of(slot);
    if (!wmbt_cursor_copy(&inner, reader->head, WMBT_WAL_RECORD_HEADER_BYTES)) {
        return WMBT_TRUNCATED;
    }
    *rest = wmbt_view_of(inner.data, inner.left);
    sum = wmbt_fnv1a32(sum, wmbt_view_of(reader->head, WMBT_WAL_RECORD_HEADER_BYTES));
    reader->sum = wmbt_fnv1a32(sum, *rest);
    reader->data = c.data;
    reader->left = c.left;
    return wmbt_wal_is(reader->head, wmbt_wal_record_magic) ? WMBT_OK : WMBT_BAD_MAGIC;
}

wmbt_status wmbt_wal_next(wmbt_wal_reader *reader, wmbt_wal_record *record)
{
    if (reader->status != WMBT_OK) {
        return reader->status;
    }
    bool batch = reader->info.kind == WMBT_WAL_BATCH;
    wmbt_status status = WMBT_OK;
    wmbt_view rest = wmbt_view_of(reader->data, reader->left);
    wmbt_wal_record found;
    if (reader->taken == reader->info.record_count) {
        status = batch && reader->left != 0u ? WMBT_TRAILING_BYTES : WMBT_END;
    } else if (batch) {
        status = wmbt_wal_take_slot(reader, &rest);
    }
    if (status == WMBT_OK) {
        status = wmbt_wal_read_body(reader->head, rest, reader->flags, &found);
    }
    if (status != WMBT_OK) {
        reader->status = batch ? wmbt_wal_finish_batch(reader, status) : status;
        return reader->status;
    }
    reader->taken++;
    wmbt_bytes_copy((uint8_t *)record, (const uint8_t *)&found, sizeof found);
    return WMBT_OK;
}

wmbt_status wmbt_wal_verify(wmbt_view object, uint32_t flags, wmbt_wal_info *info)
{
    wmbt_wal_reader reader;
    wmbt_wal_record record;
    wmbt_status status = wmbt_wal_open(&reader, object, flags);
    while (status == WMBT_OK) {
        status = wmbt_wal_next(&reader, &record);
    }
    if (status != WMBT_END) {
        return status;
    }
    wmbt_bytes_copy((uint8_t *)info, (const uint8_t *)&reader.info, sizeof reader.info);
    return WMBT_OK;
}

wmbt_status wmbt_wal_read_record(wmbt_view bytes, uint32_t flags, wmbt_wal_record *record)
{
    if (wmbt_view_is_bad(bytes) || (flags & ~WMBT_WAL_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    uint8_t head[WMBT_WAL_RECORD_HEADER_BYTES];
    wmbt_cursor c = wmbt_cursor_of(bytes);
    if (!wmbt_cursor_copy(&c, head, sizeof head)) {
        return WMBT_TRUNCATED;
    }
    if (!wmbt_wal_is(head, wmbt_wal_record_magic)) {
        return WMBT_BAD_MAGIC;
    }
    wmbt_wal_record found;
    wmbt_status status = wmbt_wal_read_body(head, wmbt_view_of(c.data, c.left), flags, &found);
    if (status == WMBT_OK) {
        wmbt_bytes_copy((uint8_t *)record, (const uint8_t *)&found, sizeof found);
    }
    return status;
}

#    if WMBT_CFG_WRITERS
static wmbt_status wmbt_wal_check_record(const wmbt_wal_record *record)
{
    if (wmbt_view_is_bad(record->key) || wmbt_view_is_bad(record->meta) ||
        wmbt_view_is_bad(record->payload)) {
        return WMBT_BAD_ARGUMENT;
    }
    /* By subtraction: size_t may have 32 bits. */
    return record->key.len > UINT16_MAX || record->meta.len > UINT16_MAX ||
                   record->payload.len > UINT32_MAX
               ? WMBT_TOO_LARGE
               : WMBT_OK;
}

static uint64_t wmbt_wal_record_bytes(const wmbt_wal_record *record)
{
    return (uint64_t)WMBT_WAL_RECORD_HEADER_BYTES + record->key.len + record->meta.len +
           record->payload.len;
}

static void wmbt_wal_put_record(wmbt_writer *w, const wmbt_wal_record *record)
{
    uint32_t sum = wmbt_fnv1a32(WMBT_FNV1A32_INIT, record->key);
    sum = wmbt_fnv1a32(sum, record->meta);
    sum = wmbt_fnv1a32(sum, record->payload);
    wmbt_writer_bytes(w, wmbt_view_of(wmbt_wal_record_magic, WMBT_WAL_MAGIC_BYTES));
    wmbt_writer_u16(w, (uint16_t)record->key.len);
    wmbt_writer_u16(w, (uint16_t)record->meta.len);
    wmbt_writer_u32(w, (uint32_t)record->payload.len);
    wmbt_writer_u32(w, sum);
    wmbt_writer_bytes(w, record->key);
    wmbt_writer_bytes(w, record->meta);
    wmbt_writer_bytes(w, record->payload);
}

wmbt_status wmbt_wal_write_record(const wmbt_wal_record *record, wmbt_buf out, size_t *written)
{
    if (wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_wal_check_record(record);
    if (status != WMBT_OK) {
        return status;
    }
    uint64_t bytes = wmbt_wal_record_bytes(record);
    if (bytes > SIZE_MAX) {
        return WMBT_TOO_LARGE;
    }
    if (bytes > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_wal_put_record(&w, record);
    *written = w.needed;
    return WMBT_OK;
}

/* Bytes of a batch of such records. */
static wmbt_status wmbt_wal_measure(const wmbt_wal_record *records, size_t count, size_t *bytes)
{
    size_t all = WMBT_WAL_BATCH_HEADER_BYTES;
    for (size_t i = 0; i < count; i++) {
        wmbt_status status = wmbt_wal_check_record(&records[i]);
        if (status != WMBT_OK) {
            return status;
        }
        uint64_t one = wmbt_wal_record_bytes(&records[i]);
        if (one > UINT32_MAX || one + WMBT_WAL_LENGTH_BYTES > SIZE_MAX - all) {
            return WMBT_TOO_LARGE;
        }
        all += (size_t)one + WMBT_WAL_LENGTH_BYTES;
    }
    *bytes = all;
    return WMBT_OK;
}

wmbt_status wmbt_wal_write_batch(uint64_t start_seq, const wmbt_wal_record *records, size_t count,
                                 wmbt_buf out, size_t *written)
{
    if (wmbt_buf_is_bad(out) || records == NULL || count == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (count > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    if (count - 1u > UINT64_MAX - start_seq) {
        return WMBT_NOT_REPRESENTABLE;
    }
    size_t bytes;
    wmbt_status status = wmbt_wal_measure(records, count, &bytes);
    if (status != WMBT_OK) {
        return status;
    }
    if (bytes > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer body = wmbt_writer_of(
        wmbt_buf_of(out.data + WMBT_WAL_BATCH_HEADER_BYTES, bytes - WMBT_WAL_BATCH_HEADER_BYTES));
    for (size_t i = 0; i < count; i++) {
        wmbt_writer_u32(&body, (uint32_t)wmbt_wal_record_bytes(&records[i]));
        wmbt_wal_put_record(&body, &records[i]);
    }
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_writer_bytes(&w, wmbt_view_of(wmbt_wal_batch_magic, WMBT_WAL_MAGIC_BYTES));
    wmbt_writer_u64(&w, start_seq);
    wmbt_writer_u64(&w, start_seq + (count - 1u));
    wmbt_writer_u32(&w, (uint32_t)count);
    wmbt_writer_u32(&w, wmbt_fnv1a32(WMBT_FNV1A32_INIT, wmbt_view_of(body.data, body.needed)));
    *written = bytes;
    return WMBT_OK;
}

void wmbt_wal_group_init(wmbt_wal_group *group, uint32_t max_records, uint64_t max_bytes)
{
    group->max_bytes = max_bytes;
    group->bytes = 0;
    group->max_records = max_records;
    group->records = 0;
}

static void wmbt_wal_group_empty(wmbt_wal_group *group)
{
    group->bytes = 0;
    group->records = 0;
}

uint32_t wmbt_wal_group_add(wmbt_wal_group *group, uint64_t record_bytes)
{
    uint32_t flush = 0;
    /* What is collected stays below max_bytes. */
    if (group->records != 0u && record_bytes > group->max_bytes - group->bytes) {
        flush = WMBT_WAL_FLUSH_BEFORE;
        wmbt_wal_group_empty(group);
    }
    group->records++;
    group->bytes += record_bytes;
    if (group->records >= group->max_records || group->bytes >= group->max_bytes) {
        flush |= WMBT_WAL_FLUSH_AFTER;
        wmbt_wal_group_empty(group);
    }
    return flush;
}
#    endif

/* --- keys ------------------------------------------------------------------------------------- */

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

/* Bytes before the first or the last c; text.len if there is none. */
static size_t wmbt_wal_find_first(wmbt_view text, char c)
{
    size_t at = 0;
    while (at < text.len && text.data[at] != (uint8_t)c) {
        at++;
    }
    return at;
}

static size_t wmbt_wal_find_last(wmbt_view text, char c)
{
    for (size_t at = text.len; at != 0u; at--) {
        if (text.data[at - 1u] == (uint8_t)c) {
            return at - 1u;
        }
    }
    return text.len;
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
    size_t at = wmbt_wal_find_last(*text, '-');
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
    size_t slash = wmbt_wal_find_first(rest, '/');
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
    wmbt_bytes_copy((uint8_t *)key, (const uint8_t *)&found, sizeof found);
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
    size_t cut = wmbt_wal_find_last(text, '/');
    if (cut == text.len) {
        return WMBT_BAD_SYNTAX;
    }
    wmbt_view head = wmbt_wal_first(text, cut);
    size_t before = wmbt_wal_find_last(head, '/');
    uint64_t epoch_ms;
    if (before != head.len &&
        wmbt_text_parse_u64(wmbt_wal_after(head, before + 1u), false, &epoch_ms)) {
        head = wmbt_wal_first(head, before);
    }
    wmbt_status status = wmbt_wal_key_parse(text, head, key);
    if (status == WMBT_OK) {
        *prefix = head;
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

#endif
