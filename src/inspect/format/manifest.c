/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest snapshots and delta facts (JSON) for `show` and `verify`. */
#include <stdlib.h>
#include <string.h>

#include "format/fmt.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/manifest.h"

/* Where and what, in words. */
static const char *describe(const wmbt_json_error *error)
{
    const char *field = wmbt_field_name_cstr(error->field);
    switch (error->kind) {
    case WMBT_JSON_DOCUMENT:
        return field[0] != '\0' ? tool_format("at byte %zu: field %s", error->offset, field)
                                : tool_format("at byte %zu", error->offset);
    case WMBT_JSON_SCHEMA: return tool_format("schema_version %u, not 1", error->version);
    case WMBT_JSON_EMPTY_FIELD:
        return error->field >= WMBT_FIELD_OBJECT_ID && error->field <= WMBT_FIELD_KEY_RANGE_END
                   ? tool_format("field %s of entry %zu is empty", field, error->entry)
                   : tool_format("field %s is empty", field);
    case WMBT_JSON_MISSING_FIELD: return tool_format("field %s is missing", field);
    case WMBT_JSON_WRONG_TYPE:
        return tool_format("field %s is not an integer from 0 to 65535", field);
    default: return NULL;
    }
}

/* Memory for the texts of a document that hold escapes; never NULL. */
static wmbt_buf room_for(size_t bytes)
{
    return wmbt_buf_of(tool_alloc(bytes + 1), bytes);
}

struct manifest_rows {
    wmbt_manifest manifest;
    wmbt_manifest_walk walk;
    wmbt_buf room;
    wmbt_status status;
};

static void begin_entries(void *context)
{
    struct manifest_rows *rows = context;
    wmbt_manifest_walk_init(&rows->walk, &rows->manifest, wmbt_buf_of(NULL, 0));
    rows->status = WMBT_OK;
}

static bool next_entry(void *context, struct json *row)
{
    struct manifest_rows *rows = context;
    wmbt_manifest_entry entry;
    if (rows->status == WMBT_OK) {
        rows->status = wmbt_manifest_walk_next(&rows->walk, rows->room, &entry, NULL);
    }
    if (rows->status != WMBT_OK) {
        return false;
    }
    json_add_view(row, "object_id", entry.object_id);
    json_add_view(row, "key_range_start", entry.key_range_start);
    json_add_view(row, "key_range_end", entry.key_range_end);
    return true;
}

static void add_manifest(struct json *fields, const wmbt_manifest *manifest)
{
    struct manifest_rows *rows = tool_alloc(sizeof *rows);
    rows->manifest = *manifest;
    rows->room = room_for(manifest->strings_bytes);
    json_add_number(fields, "schema_version", manifest->schema_version);
    json_add_number(fields, "epoch_ms", manifest->epoch_ms);
    json_add_number(fields, "checksum32", manifest->checksum32);
    json_add_rows(fields, "entries", (struct json_rows){begin_entries, next_entry, rows});
}

wmbt_status format_read_manifest(wmbt_view bytes, struct reading *reading)
{
    wmbt_json_error error;
    wmbt_manifest manifest;
    wmbt_status status = wmbt_manifest_read(bytes, &manifest, &error);
    if (status != WMBT_OK) {
        reading->detail = describe(&error);
        return status;
    }
    reading->detail = out_count(manifest.entry_count, "entry", "entries");
    if (reading->fields != NULL) {
        add_manifest(reading->fields, &manifest);
    }
    return WMBT_OK;
}

void fmt_add_delta(struct json *fields, const wmbt_delta *delta)
{
    json_add_number(fields, "schema_version", delta->schema_version);
    json_add_number(fields, "epoch_ms", delta->epoch_ms);
    json_add_number(fields, "seq", delta->seq);
    json_add_view(fields, "tenant_id", delta->tenant_id);
    json_add_view(fields, "fingerprint", delta->fingerprint);
    json_add_view(fields, "prefix_hash", delta->prefix_hash);
    json_add_view(fields, "payload_digest", delta->payload_digest);
    json_add_view(fields, "write_id", delta->write_id);
}

wmbt_status fmt_read_delta(wmbt_view bytes, wmbt_delta *delta, const char **detail)
{
    wmbt_json_error error;
    wmbt_status status = wmbt_delta_read(bytes, room_for(bytes.len), delta, &error);
    *detail = status != WMBT_OK ? describe(&error) : NULL;
    return status;
}

wmbt_status format_read_delta(wmbt_view bytes, struct reading *reading)
{
    wmbt_delta delta;
    wmbt_status status = fmt_read_delta(bytes, &delta, &reading->detail);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("fact %llu at %llu ms", (unsigned long long)delta.seq,
                                  (unsigned long long)delta.epoch_ms);
    if (reading->fields != NULL) {
        fmt_add_delta(reading->fields, &delta);
    }
    return WMBT_OK;
}

/* --- detection ------------------------------------------------------------------------------- */

static bool holds(wmbt_view bytes, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= bytes.len; i++) {
        if (bytes.data[i] == (uint8_t)word[0] && memcmp(bytes.data + i, word, len) == 0) {
            return true;
        }
    }
    return false;
}

static size_t white_space(wmbt_view bytes)
{
    size_t i = 0;
    while (i < bytes.len && strchr(" \t\r\n", bytes.data[i]) != NULL && bytes.data[i] != '\0') {
        i++;
    }
    return i;
}

static bool is_json_object(wmbt_view bytes)
{
    size_t i = white_space(bytes);
    return i < bytes.len && bytes.data[i] == '{';
}

bool fmt_is_document(wmbt_view beginning)
{
    return is_json_object(beginning) || white_space(beginning) == beginning.len;
}

/* A document that is refused is called after the fields that it has. */
bool fmt_is_delta(wmbt_view bytes)
{
    static const char *const words[] = {"\"payload_digest\"", "\"prefix_hash\"", "\"write_id\"",
                                        "\"tenant_id\""};
    wmbt_delta delta;
    const char *detail;
    if (!is_json_object(bytes)) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (holds(bytes, words[i])) {
            return true;
        }
    }
    return fmt_read_delta(bytes, &delta, &detail) == WMBT_OK;
}

bool fmt_is_manifest(wmbt_view bytes)
{
    wmbt_manifest manifest;
    return is_json_object(bytes) &&
           (wmbt_manifest_read(bytes, &manifest, NULL) == WMBT_OK ||
            (!fmt_is_delta(bytes) &&
             (holds(bytes, "\"entries\"") || holds(bytes, "\"schema_version\""))));
}
