/* SPDX-License-Identifier: Apache-2.0 */
/* Builds an index in passes over the source: one counts, one shows how much room it takes, one
 * fills it. Nothing of the source is kept. */
#include "command/index_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/args.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/image.h"
#include "wombatkv/objkey.h"

/* --- tables ---------------------------------------------------------------------------------- */

/* The next cell of a line, NULL behind the last; ends it with a NUL. */
static char *next_cell(char **rest)
{
    char *cell = *rest;
    if (cell == NULL) {
        return NULL;
    }
    char *tab = strchr(cell, '\t');
    *rest = tab != NULL ? tab + 1 : NULL;
    if (tab != NULL) {
        *tab = '\0';
    }
    return cell;
}

static bool is_empty(const char *cell)
{
    return cell == NULL || *cell == '\0' || strcmp(cell, "-") == 0;
}

static bool read_number(char **rest, uint64_t most, uint64_t *number)
{
    const char *cell = next_cell(rest);
    *number = 0;
    return is_empty(cell) || (args_decimal(cell, number) && *number <= most);
}

static wmbt_status read_tag(const char *cell, wmbt_layout_tag *tag)
{
    size_t digits = strspn(cell, "0123456789abcdefABCDEF");
    if (strlen(cell) != 2 * (size_t)WMBT_LAYOUT_TAG_BYTES) {
        return WMBT_BAD_LENGTH;
    }
    if (digits != 2 * (size_t)WMBT_LAYOUT_TAG_BYTES) {
        return WMBT_BAD_TEXT;
    }
    for (size_t i = 0; i < WMBT_LAYOUT_TAG_BYTES; i++) {
        char byte[3] = {cell[2 * i], cell[2 * i + 1], '\0'};
        tag->bytes[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return WMBT_OK;
}

/* One line: `ok`, `end` for one without an entry, or what is wrong. */
static wmbt_status read_entry(char *line, wmbt_block_hash *hash, wmbt_block_meta *meta)
{
    char *rest = line;
    uint64_t seq, flags;
    memset(meta, 0, sizeof *meta);
    if (*line == '\0' || *line == '#') {
        return WMBT_END;
    }
    const char *cell = next_cell(&rest);
    wmbt_status status = wmbt_block_hash_from_hex(tool_view(cell), hash);
    cell = next_cell(&rest);
    if (status == WMBT_OK && !is_empty(cell)) {
        status = wmbt_block_hash_from_hex(tool_view(cell), &meta->parent_hash);
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (!read_number(&rest, UINT32_MAX, &seq) ||
        !read_number(&rest, UINT64_MAX, &meta->payload_bytes) ||
        !read_number(&rest, UINT64_MAX, &meta->last_access_ns)) {
        return WMBT_BAD_NUMBER;
    }
    cell = next_cell(&rest);
    if (!is_empty(cell)) {
        status = wmbt_model_digest_from_hex(tool_view(cell), &meta->model_digest);
    }
    cell = next_cell(&rest);
    if (status == WMBT_OK && !is_empty(cell)) {
        status = read_tag(cell, &meta->layout_tag);
    }
    if (status == WMBT_OK && !read_number(&rest, UINT32_MAX, &flags)) {
        status = WMBT_BAD_NUMBER;
    }
    meta->block_seq = (uint32_t)seq;
    meta->ext_flags = status == WMBT_OK ? (uint32_t)flags : 0;
    return status == WMBT_OK && rest != NULL ? WMBT_BAD_FIELD : status;
}

/* Takes an entry; `writer` NULL only counts. */
struct sink {
    wmbt_index_writer *writer;
    uint64_t entries;
    uint64_t done, total; /* of the source, for the bar */
};

static wmbt_status take(struct sink *sink, const wmbt_block_hash *hash, const wmbt_block_meta *meta)
{
    sink->entries++;
    if (sink->writer == NULL) {
        return WMBT_OK;
    }
    wmbt_status status = wmbt_index_add(sink->writer, hash, meta);
    return status == WMBT_STALE ? WMBT_OK : status;
}

static const char *text_of(wmbt_status status)
{
    switch (status) {
    case WMBT_BAD_LENGTH: return "a hash, digest or tag of another length";
    case WMBT_BAD_TEXT: return "a character that is no hex digit";
    case WMBT_BAD_NUMBER: return "no decimal number, or a too large one";
    case WMBT_BAD_FIELD: return "more cells than a line has";
    case WMBT_FULL: return "no room for another block or its parent (--capacity)";
    case WMBT_NOT_REPRESENTABLE: return "more than 65535 models, layouts and flags";
    default: return NULL;
    }
}

static wmbt_status read_table(FILE *f, struct sink *sink, const char **why)
{
    char *line = NULL;
    size_t room = 0;
    wmbt_status status = WMBT_OK;
    ssize_t got;
    rewind(f);
    sink->done = 0;
    for (uint64_t number = 1; status == WMBT_OK && (got = getline(&line, &room, f)) >= 0;
         number++) {
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        sink->done += (uint64_t)got;
        out_progress("index", sink->done, sink->total);
        while (got > 0 && (line[got - 1] == '\n' || line[got - 1] == '\r')) {
            line[--got] = '\0';
        }
        status = strlen(line) != (size_t)got ? WMBT_BAD_TEXT : read_entry(line, &hash, &meta);
        if (number == 1 && status != WMBT_OK && strncmp(line, "hash", 4) == 0) {
            status = WMBT_END; /* a line of headings */
        }
        status = status == WMBT_OK    ? take(sink, &hash, &meta)
                 : status == WMBT_END ? WMBT_OK
                                      : status;
        if (status != WMBT_OK) {
            const char *text = text_of(status);
            *why = tool_format("line %llu: %s", (unsigned long long)number,
                               text != NULL ? text : "not an entry");
        }
    }
    if (status == WMBT_OK && ferror(f)) {
        *why = tool_format("%s", strerror(errno));
        status = TOOL_UNREADABLE;
    }
    free(line);
    return status;
}

/* --- buckets --------------------------------------------------------------------------------- */

/* The source, open. */
struct source {
    FILE *table;
    struct bucket bucket;
    struct key_lists keys;
    uint64_t *bytes; /* of each object of the keys, once the first pass has asked */
    bool knows_bytes;
};

static wmbt_status take_key(struct source *source, size_t at, struct sink *sink, const char **why)
{
    wmbt_objkey key;
    wmbt_block_meta meta;
    struct bucket_object object;
    wmbt_view name = tool_view(source->keys.files.key[at]);
    if (wmbt_objkey_parse(name, wmbt_view_of(NULL, 0), 0, &key) != WMBT_OK ||
        key.kind != WMBT_OBJKEY_BLOCK) {
        return WMBT_OK;
    }
    wmbt_status status = WMBT_OK;
    if (!source->knows_bytes) {
        status = bucket_open_object(&source->bucket, name, &object, why);
        if (status != WMBT_OK) {
            return status;
        }
        source->bytes[at] = object.bytes;
        bucket_object_close(&object);
    }
    memset(&meta, 0, sizeof meta);
    meta.payload_bytes = source->bytes[at];
    status = take(sink, &key.hash, &meta);
    *why = status != WMBT_OK ? text_of(status) : NULL;
    return status;
}

static wmbt_status read_listing(struct source *source, struct sink *sink, const char **why)
{
    wmbt_status status = WMBT_OK;
    const size_t count = source->keys.files.count;
    if (source->bytes == NULL) {
        source->bytes = calloc(count + 1, sizeof *source->bytes);
        if (source->bytes == NULL) {
            *why = "not enough memory";
            return TOOL_UNREADABLE;
        }
    }
    for (size_t i = 0; status == WMBT_OK && i < count; i++) {
        struct tool_mark mark = tool_mark();
        out_progress("index", i, count);
        status = take_key(source, i, sink, why);
        if (status == WMBT_OK) {
            tool_release_to(mark);
        }
    }
    source->knows_bytes = source->knows_bytes || status == WMBT_OK;
    return status;
}

/* --- passes ---------------------------------------------------------------------------------- */

static wmbt_status source_open(struct source *source, const struct index_build *build,
                               struct sink *sink, const char **why)
{
    struct stat st;
    memset(source, 0, sizeof *source);
    bool is_table = strncmp(build->from, "s3://", 5) != 0 &&
                    (stat(build->from, &st) != 0 || !S_ISDIR(st.st_mode));
    if (is_table) {
        source->table = fopen(build->from, "rb");
        if (source->table != NULL && fseek(source->table, 0, SEEK_END) == 0) {
            long size = ftell(source->table);
            sink->total = size > 0 ? (uint64_t)size : 0;
            return WMBT_OK;
        }
        *why = errno == ENOENT ? "there is no such file" : tool_format("%s", strerror(errno));
        return errno == ENOENT ? WMBT_MISSING : TOOL_UNREADABLE;
    }
    wmbt_status status = bucket_open(&source->bucket, build->from, why);
    if (status == WMBT_OK) {
        status = bucket_list(&source->bucket, build->prefix, &source->keys, why);
        if (status != WMBT_OK) {
            bucket_close(&source->bucket);
        }
    }
    return status;
}

static void source_close(struct source *source)
{
    if (source->table != NULL) {
        (void)fclose(source->table);
        return;
    }
    free(source->bytes);
    key_lists_free(&source->keys);
    bucket_close(&source->bucket);
}

static wmbt_status source_read(struct source *source, struct sink *sink, const char **why)
{
    sink->entries = 0;
    return source->table != NULL ? read_table(source->table, sink, why)
                                 : read_listing(source, sink, why);
}

/* A new, empty index in place of the one before. */
static wmbt_status restart(struct index_build *build, uint64_t capacity, uint32_t contexts)
{
    index_build_end(build);
    wmbt_index_config config = {0};
    config.capacity =
        capacity < WMBT_INDEX_MAX_CAPACITY ? (uint32_t)capacity : WMBT_INDEX_MAX_CAPACITY;
    config.contexts = contexts;
    build->bytes = WMBT_INDEX_BYTES(config.capacity, contexts);
    build->memory = tool_reserve(build->bytes);
    if (build->memory == NULL) {
        build->why = "not enough memory";
        return TOOL_UNREADABLE;
    }
    return wmbt_index_init(wmbt_buf_of(build->memory, build->bytes), &config, &build->writer);
}

static wmbt_status build_from(struct index_build *build, struct source *source, struct sink *sink)
{
    wmbt_status status = source_read(source, sink, &build->why);
    uint64_t most = build->has_capacity ? build->capacity : 2 * sink->entries;
    if (status == WMBT_OK) {
        status = restart(build, most, WMBT_INDEX_MAX_CONTEXTS);
    }
    if (status == WMBT_OK) {
        sink->writer = &build->writer;
        status = source_read(source, sink, &build->why);
    }
    if (status == WMBT_OK) { /* once more, as large as it has to be */
        const wmbt_index *x = &build->writer.index;
        uint32_t taken = wmbt_image_capacity(x) - wmbt_index_room(x);
        status =
            restart(build, build->has_capacity ? build->capacity : taken, wmbt_index_contexts(x));
    }
    return status == WMBT_OK ? source_read(source, sink, &build->why) : status;
}

wmbt_status index_build(struct index_build *build)
{
    struct source source;
    struct sink sink = {0};
    wmbt_status status = source_open(&source, build, &sink, &build->why);
    if (status == WMBT_OK) {
        status = build_from(build, &source, &sink);
        source_close(&source);
    }
    out_progress_end();
    return status;
}

void index_build_end(struct index_build *build)
{
    if (build->memory != NULL) {
        tool_release(build->memory, build->bytes);
        build->memory = NULL;
    }
}
