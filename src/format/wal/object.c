/* SPDX-License-Identifier: Apache-2.0 */
/* WAL objects: one record, or a batch of records. docs/FORMATS.md, "WAL". */
#include "wombatkv/wal.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "wombatkv/fnv1a.h"

#if WMBT_CFG_WAL

#    define WMBT_WAL_MAGIC_BYTES 12u
#    define WMBT_WAL_LENGTH_BYTES 4u /* before each record of a batch */

static const uint8_t wmbt_wal_record_magic[] = "WMBT_KV_WAL1";
static const uint8_t wmbt_wal_batch_magic[] = "WMBT_KV_WB01";

/* --- objects ---------------------------------------------------------------------------------- */

static bool wmbt_wal_is(const uint8_t *header, const uint8_t *magic)
{
    return wmbt_bytes_equal(header, magic, WMBT_WAL_MAGIC_BYTES);
}

/* Ends a batch, well or not: its checksum covers all bytes and is checked before everything
 * else. */
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

/* The header of a batch after its magic. */
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

/* The rest of a record's header. */
static wmbt_status wmbt_wal_open_record(wmbt_wal_reader *reader, wmbt_cursor *c)
{
    wmbt_wal_info *info = &reader->info;
    info->kind = WMBT_WAL_RECORD;
    info->record_count = 1;
    if (!wmbt_cursor_copy(c, reader->header + WMBT_WAL_MAGIC_BYTES,
                          WMBT_WAL_RECORD_HEADER_BYTES - WMBT_WAL_MAGIC_BYTES)) {
        return WMBT_TRUNCATED;
    }
    info->checksum = wmbt_load_le32(reader->header + WMBT_WAL_RECORD_AT_CHECKSUM);
    reader->data = c->data;
    reader->left = c->left;
    return wmbt_wal_is(reader->header, wmbt_wal_record_magic) ? WMBT_OK : WMBT_BAD_MAGIC;
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
    if (!wmbt_cursor_copy(&c, opened.header, WMBT_WAL_MAGIC_BYTES)) {
        return WMBT_TRUNCATED;
    }
    wmbt_status status = wmbt_wal_is(opened.header, wmbt_wal_batch_magic)
                             ? wmbt_wal_open_batch(&opened, &c)
                             : wmbt_wal_open_record(&opened, &c);
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(reader, &opened);
    }
    return status;
}

/* A record whose 24 bytes stand in `header` and whose rest is `rest`. */
static wmbt_status wmbt_wal_read_body(const uint8_t *header, wmbt_view rest, uint32_t flags,
                                      wmbt_wal_record *record)
{
    uint32_t key_bytes = wmbt_load_le16(header + WMBT_WAL_RECORD_AT_KEY_BYTES);
    uint32_t meta_bytes = wmbt_load_le16(header + WMBT_WAL_RECORD_AT_META_BYTES);
    uint64_t body_bytes = (uint64_t)key_bytes + meta_bytes +
                          wmbt_load_le32(header + WMBT_WAL_RECORD_AT_PAYLOAD_BYTES);
    wmbt_cursor c = wmbt_cursor_of(rest);
    wmbt_view body;
    if (!wmbt_cursor_bytes(&c, body_bytes, &body)) {
        return WMBT_TRUNCATED;
    }
    if (wmbt_fnv1a32(WMBT_FNV1A32_INIT, body) !=
        wmbt_load_le32(header + WMBT_WAL_RECORD_AT_CHECKSUM)) {
        return WMBT_BAD_CHECKSUM;
    }
    if (c.left != 0u && (flags & WMBT_WAL_COMPAT) == 0u) {
        return WMBT_TRAILING_BYTES;
    }
    /* the body is as long as the three together */
    const size_t payload_at = (size_t)key_bytes + meta_bytes;
    wmbt_view_set(&record->key, wmbt_view_of(body.data, key_bytes));
    wmbt_view_set(&record->meta, wmbt_view_of(body.data + key_bytes, meta_bytes));
    wmbt_view_set(&record->payload, wmbt_view_of(body.data + payload_at, body.len - payload_at));
    return WMBT_OK;
}

/* The bytes of the next record of a batch: adds them to the batch's sum, copies its header. */
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
    if (!wmbt_cursor_bytes(&c, bytes, &slot)) {
        return WMBT_TRUNCATED;
    }
    wmbt_cursor inner = wmbt_cursor_of(slot);
    if (!wmbt_cursor_copy(&inner, reader->header, WMBT_WAL_RECORD_HEADER_BYTES)) {
        return WMBT_TRUNCATED;
    }
    *rest = wmbt_view_of(inner.data, inner.left);
    sum = wmbt_fnv1a32(sum, wmbt_view_of(reader->header, WMBT_WAL_RECORD_HEADER_BYTES));
    reader->sum = wmbt_fnv1a32(sum, *rest);
    reader->data = c.data;
    reader->left = c.left;
    return wmbt_wal_is(reader->header, wmbt_wal_record_magic) ? WMBT_OK : WMBT_BAD_MAGIC;
}

wmbt_status wmbt_wal_next(wmbt_wal_reader *reader, wmbt_wal_record *record)
{
    if (reader->status != WMBT_OK) {
        return reader->status;
    }
    bool batch = reader->info.kind == WMBT_WAL_BATCH;
    WMBT_ASSERT(reader->records_read <= reader->info.record_count);
    wmbt_status status = WMBT_OK;
    wmbt_view rest = wmbt_view_of(reader->data, reader->left);
    wmbt_wal_record found;
    if (reader->records_read == reader->info.record_count) {
        status = batch && reader->left != 0u ? WMBT_TRAILING_BYTES : WMBT_END;
    } else if (batch) {
        status = wmbt_wal_take_slot(reader, &rest);
    }
    if (status == WMBT_OK) {
        status = wmbt_wal_read_body(reader->header, rest, reader->flags, &found);
    }
    if (status != WMBT_OK) {
        reader->status = batch ? wmbt_wal_finish_batch(reader, status) : status;
        return reader->status;
    }
    reader->records_read++;
    WMBT_COPY_STRUCT(record, &found);
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
    WMBT_COPY_STRUCT(info, &reader.info);
    return WMBT_OK;
}

wmbt_status wmbt_wal_read_record(wmbt_view bytes, uint32_t flags, wmbt_wal_record *record)
{
    if (wmbt_view_is_bad(bytes) || (flags & ~WMBT_WAL_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    uint8_t header[WMBT_WAL_RECORD_HEADER_BYTES];
    wmbt_cursor c = wmbt_cursor_of(bytes);
    if (!wmbt_cursor_copy(&c, header, sizeof header)) {
        return WMBT_TRUNCATED;
    }
    if (!wmbt_wal_is(header, wmbt_wal_record_magic)) {
        return WMBT_BAD_MAGIC;
    }
    wmbt_wal_record found;
    wmbt_status status = wmbt_wal_read_body(header, wmbt_view_of(c.data, c.left), flags, &found);
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(record, &found);
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
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_writer_bytes(&w, wmbt_view_of(wmbt_wal_batch_magic, WMBT_WAL_MAGIC_BYTES));
    wmbt_writer_u64(&w, start_seq);
    wmbt_writer_u64(&w, start_seq + (count - 1u));
    wmbt_writer_u32(&w, (uint32_t)count);
    wmbt_writer_u32(&w, 0); /* the checksum, of all that follows */
    for (size_t i = 0; i < count; i++) {
        wmbt_writer_u32(&w, (uint32_t)wmbt_wal_record_bytes(&records[i]));
        wmbt_wal_put_record(&w, &records[i]);
    }
    wmbt_view body =
        wmbt_view_of(out.data + WMBT_WAL_BATCH_HEADER_BYTES, bytes - WMBT_WAL_BATCH_HEADER_BYTES);
    wmbt_store_le32(out.data + WMBT_WAL_BATCH_AT_CHECKSUM, wmbt_fnv1a32(WMBT_FNV1A32_INIT, body));
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

#endif
