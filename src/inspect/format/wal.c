/* SPDX-License-Identifier: Apache-2.0 */
/* WAL objects and segments for `show` and `verify`. */
#include "format/fmt.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/segment.h"
#include "wombatkv/wal.h"

static void add_record(struct json *row, const wmbt_wal_record *record)
{
    json_add_number(row, "key_len", record->key.len);
    json_add_number(row, "meta_len", record->meta.len);
    json_add_number(row, "payload_len", record->payload.len);
    json_add_hex(row, "key_hex", record->key);
    json_add_hex(row, "meta_hex", record->meta);
    json_add_hex(row, "payload_hex", record->payload);
}

/* The records of an object that was verified, one after the other. */
struct wal_rows {
    wmbt_view bytes;
    uint32_t flags;
    uint64_t seq;
    wmbt_wal_reader reader;
    wmbt_status status;
};

static void begin_records(void *context)
{
    struct wal_rows *rows = context;
    rows->status = wmbt_wal_open(&rows->reader, rows->bytes, rows->flags);
    rows->seq = rows->reader.info.start_seq;
}

static bool next_record(void *context, struct json *row)
{
    struct wal_rows *rows = context;
    wmbt_wal_record record;
    if (rows->status == WMBT_OK) {
        rows->status = wmbt_wal_next(&rows->reader, &record);
    }
    if (rows->status != WMBT_OK) {
        return false;
    }
    json_add_number(row, "seq", rows->seq++);
    add_record(row, &record);
    return true;
}

static void add_wal(struct json *fields, const wmbt_wal_info *info, wmbt_view bytes, uint32_t flags)
{
    bool batch = info->kind == WMBT_WAL_BATCH;
    json_add_text(fields, "magic", batch ? "WMBT_KV_WB01" : "WMBT_KV_WAL1");
    json_add_number(fields, "fnv32", info->checksum);
    if (batch) {
        struct wal_rows *rows = tool_alloc(sizeof *rows);
        *rows = (struct wal_rows){.bytes = bytes, .flags = flags};
        json_add_number(fields, "start_seq", info->start_seq);
        json_add_number(fields, "end_seq", info->end_seq);
        json_add_number(fields, "record_count", info->record_count);
        json_add_rows(fields, "records", (struct json_rows){begin_records, next_record, rows});
        return;
    }
    wmbt_wal_record record;
    if (wmbt_wal_read_record(bytes, flags, &record) == WMBT_OK) {
        add_record(fields, &record);
    }
}

wmbt_status format_read_wal(wmbt_view bytes, struct reading *reading)
{
    uint32_t flags = reading->compat ? WMBT_WAL_COMPAT : 0;
    wmbt_wal_info info;
    wmbt_status status = wmbt_wal_verify(bytes, flags, &info);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail =
        info.kind == WMBT_WAL_BATCH
            ? tool_format("batch of %s, %llu to %llu",
                          out_count(info.record_count, "record", "records"),
                          (unsigned long long)info.start_seq, (unsigned long long)info.end_seq)
            : "one record";
    if (reading->fields != NULL) {
        add_wal(reading->fields, &info, bytes, flags);
    }
    return WMBT_OK;
}

struct segment_rows {
    wmbt_view bytes;
    uint32_t flags;
    wmbt_segment_index index;
    wmbt_status status;
};

static void begin_entries(void *context)
{
    struct segment_rows *rows = context;
    rows->status = wmbt_segment_open(&rows->index, rows->bytes, rows->flags);
}

static bool next_entry(void *context, struct json *row)
{
    struct segment_rows *rows = context;
    wmbt_segment_entry entry;
    if (rows->status == WMBT_OK) {
        rows->status = wmbt_segment_next(&rows->index, &entry);
    }
    if (rows->status != WMBT_OK) {
        return false;
    }
    json_add_number(row, "key_len", entry.key.len);
    json_add_hex(row, "key_hex", entry.key);
    json_add_number(row, "payload_offset", entry.payload_offset);
    json_add_number(row, "payload_len", entry.payload_bytes);
    return true;
}

static void add_segment(struct json *fields, const wmbt_segment_layout *layout, wmbt_view bytes,
                        uint32_t flags)
{
    struct segment_rows *rows = tool_alloc(sizeof *rows);
    *rows = (struct segment_rows){.bytes = bytes, .flags = flags};
    json_add_text(fields, "magic", "WMBT_KV_SGV1");
    json_add_number(fields, "block_count", layout->block_count);
    json_add_number(fields, "index_offset", layout->index_offset);
    json_add_number(fields, "index_len", layout->index_bytes);
    json_add_number(fields, "fnv32", layout->checksum);
    json_add_rows(fields, "entries", (struct json_rows){begin_entries, next_entry, rows});
}

wmbt_status format_read_segment(wmbt_view bytes, struct reading *reading)
{
    uint32_t flags = reading->compat ? WMBT_SEGMENT_COMPAT : 0;
    wmbt_segment_layout layout;
    wmbt_status status = wmbt_segment_verify(bytes, flags, &layout);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("%s, index of %s (no checksum covers the blocks)",
                                  out_count(layout.block_count, "block", "blocks"),
                                  out_count(layout.index_bytes, "byte", "bytes"));
    if (reading->fields != NULL) {
        add_segment(reading->fields, &layout, bytes, flags);
    }
    return WMBT_OK;
}
