/* SPDX-License-Identifier: Apache-2.0 */
/* Values in chunks: which folder has them, their bytes, their id. */
#include "format/largevalue.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/tool.h"
#include "format/unwrap.h"

#define CHUNKS "/__wmbt_kv_shm_large/"
#define CHUNK_DIGITS 8u

bool large_value_is_chunk(const char *key, wmbt_view *base, wmbt_view *id)
{
    const char *found = strstr(key, CHUNKS);
    if (found == NULL || found == key) {
        return false;
    }
    const char *digits = found + strlen(CHUNKS);
    const char *slash = strchr(digits, '/');
    if (slash == NULL || (size_t)(slash - digits) != WMBT_LARGEVALUE_ID_DIGITS ||
        strlen(slash + 1) < CHUNK_DIGITS || strspn(slash + 1, "0123456789") != strlen(slash + 1)) {
        return false;
    }
    *base = wmbt_view_of(key, (size_t)(found - key));
    *id = wmbt_view_of(digits, WMBT_LARGEVALUE_ID_DIGITS);
    return true;
}

/* The key of a chunk below a folder. NULL: there is no such key. */
static const char *chunk_key(const char *base, const wmbt_largevalue *manifest, uint64_t index)
{
    size_t room = strlen(base) + WMBT_LARGEVALUE_KEY_BYTES(0, 0, manifest->id.len);
    char *text = tool_alloc(room + 1);
    size_t len = 0;
    if (wmbt_largevalue_chunk_key(manifest, wmbt_view_of(base, strlen(base)), wmbt_view_of(NULL, 0),
                                  index, wmbt_buf_of(text, room), &len) != WMBT_OK) {
        return NULL;
    }
    text[len] = '\0';
    return text;
}

/* The longest folder above `key` in which the value has its first chunk. */
static const char *find_base(const struct bucket *bucket, const char *key,
                             const wmbt_largevalue *manifest)
{
    for (const char *slash = strrchr(key, '/'); slash != NULL && slash != key;) {
        const char *base = tool_copy(key, (size_t)(slash - key));
        const char *first = chunk_key(base, manifest, 0);
        if (first != NULL && bucket_has(bucket, first)) {
            return base;
        }
        slash = strrchr(base, '/');
        slash = slash != NULL ? key + (slash - base) : NULL;
    }
    return NULL;
}

/* Takes a chunk's plain bytes. */
static wmbt_status take(struct large_value *value, wmbt_largevalue_join *join,
                        const wmbt_largevalue_place *place, wmbt_view plain)
{
    wmbt_status status = wmbt_largevalue_join_chunk(join, plain.len);
    if (status == WMBT_OK && plain.len != 0) {
        memcpy(value->data + place->offset, plain.data, plain.len);
    }
    return status;
}

static wmbt_status read_chunk(struct large_value *value, const struct bucket *bucket,
                              const char *key, wmbt_largevalue_join *join,
                              const wmbt_largevalue_place *place)
{
    struct file file;
    struct plain plain;
    const char *why = NULL;
    wmbt_status status =
        key != NULL ? bucket_read(bucket, wmbt_view_of(key, strlen(key)), NULL, &file, &why)
                    : WMBT_MISSING;
    if (status != WMBT_OK) {
        value->detail = tool_format("chunk %llu: %s", (unsigned long long)place->index,
                                    tool_status_name(status));
        return status == WMBT_MISSING ? WMBT_TRUNCATED : status;
    }
    status = unwrap(file_view(&file), false, &plain);
    if (status == WMBT_OK) {
        status = take(value, join, place, plain.is.bytes);
        unwrap_free(&plain);
    }
    file_free(&file);
    if (status != WMBT_OK) {
        value->detail = tool_format("chunk %llu", (unsigned long long)place->index);
    }
    return status;
}

/* True if the id is that of these bytes with one of the namespaces that the folder can stand for:
 * its key does not tell prefix and namespace apart. */
static bool id_fits(const struct large_value *value, const char *key,
                    const wmbt_largevalue *manifest)
{
    static alignas(WMBT_BLAKE3_ALIGN) uint8_t memory[WMBT_BLAKE3_BYTES((uint64_t)1 << 31)];
    const char *relative = key + strlen(value->base) + 1;
    const char *end = value->base + strlen(value->base);
    for (const char *begin = end;; begin--) {
        wmbt_blake3 *x;
        if (begin != value->base && begin != end && begin[-1] != '/') {
            continue;
        }
        wmbt_view name = wmbt_view_of(begin, (size_t)(end - begin));
        if (wmbt_blake3_init(wmbt_buf_of(memory, sizeof memory), &x) == WMBT_OK &&
            wmbt_largevalue_id_begin(x, name, wmbt_view_of(relative, strlen(relative)),
                                     value->len) == WMBT_OK &&
            wmbt_blake3_update(x, wmbt_view_of(value->data, value->len)) == WMBT_OK &&
            wmbt_largevalue_id_is(manifest, x) == WMBT_OK) {
            return true;
        }
        if (begin == value->base) {
            return false;
        }
    }
}

wmbt_status large_value_read(struct large_value *value, const struct bucket *bucket,
                             const char *key, const wmbt_largevalue *manifest)
{
    wmbt_largevalue_join join;
    wmbt_largevalue_place place;
    memset(value, 0, sizeof *value);
    wmbt_status status =
        wmbt_largevalue_join_init(&join, manifest, UNWRAP_MAX_BYTES, UNWRAP_MAX_BYTES);
    if (status != WMBT_OK) {
        return status;
    }
    value->base = find_base(bucket, key, manifest);
    if (value->base == NULL) {
        value->detail = "no chunk of it is stored";
        return WMBT_TRUNCATED;
    }
    value->len = (size_t)manifest->total_bytes;
    value->data = tool_reserve(value->len);
    if (value->data == NULL) {
        return WMBT_TOO_LARGE;
    }
    while (status == WMBT_OK && wmbt_largevalue_join_next(&join, &place) == WMBT_OK) {
        const char *chunk = chunk_key(value->base, manifest, place.index);
        status = read_chunk(value, bucket, chunk, &join, &place);
    }
    status = status == WMBT_OK ? wmbt_largevalue_join_finish(&join) : status;
    return status == WMBT_OK && !id_fits(value, key, manifest) ? WMBT_BAD_DIGEST : status;
}

void large_value_free(struct large_value *value)
{
    tool_release(value->data, value->len);
    memset(value, 0, sizeof *value);
}
