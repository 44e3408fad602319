/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats; detection; objects in files. */
#include "format/formats.h"

#include <string.h>

#include "format/fmt.h"
#include "base/tool.h"
#include "format/unwrap.h"

/* --- detection ------------------------------------------------------------------------------- */

static bool begins(wmbt_view bytes, const char *mark, size_t len)
{
    return bytes.len >= len && memcmp(bytes.data, mark, len) == 0;
}

#define BEGINS(bytes, literal) begins((bytes), (literal), sizeof(literal) - 1)

static bool is_kvblock(wmbt_view bytes)
{
    return BEGINS(bytes, "KVB1");
}

static bool is_rawtail(wmbt_view bytes)
{
    return BEGINS(bytes, "1TTR");
}

static bool is_compressed(wmbt_view bytes)
{
    return BEGINS(bytes, "WBZ1");
}

/* A zstd frame, or a skippable one. */
static bool is_zstd(wmbt_view bytes)
{
    return BEGINS(bytes, "\x28\xB5\x2F\xFD") || (bytes.len >= 4 && (bytes.data[0] & 0xF0) == 0x50 &&
                                                 memcmp(bytes.data + 1, "\x2A\x4D\x18", 3) == 0);
}

static bool is_wal(wmbt_view bytes)
{
    return BEGINS(bytes, "WMBT_KV_WAL1") || BEGINS(bytes, "WMBT_KV_WB01");
}

static bool is_segment(wmbt_view bytes)
{
    return BEGINS(bytes, "WMBT_KV_SGV1");
}

static bool is_metavalue(wmbt_view bytes)
{
    return BEGINS(bytes, "v001");
}

static bool is_large_manifest(wmbt_view bytes)
{
    return BEGINS(bytes, "WMBT_KV_SHM_LARGE_V1");
}

/* The marks of other formats that begin with "WMBT" go on with '_'. */
static bool is_envelope(wmbt_view bytes)
{
    return BEGINS(bytes, "WMBT") && !BEGINS(bytes, "WMBT_");
}

/* Of blocks and tails: nine times the largest block. The others are bounded by their own fields or
 * by memory. */
#define MAX_ROWS_BYTES UNWRAP_MAX_BYTES

/* Read only where they are named: --as. */
static bool is_never(wmbt_view bytes)
{
    (void)bytes;
    return false;
}

static bool is_any(wmbt_view bytes)
{
    (void)bytes;
    return true;
}

static const struct format formats[] = {
    {"kvblock", is_kvblock, is_kvblock, format_read_kvblock, MAX_ROWS_BYTES},
    {"rawtail", is_rawtail, is_rawtail, format_read_rawtail, MAX_ROWS_BYTES},
    {"compressed", is_compressed, is_compressed, format_read_compressed, FILE_MAX_BYTES},
    {"zstd", is_zstd, is_zstd, format_read_zstd, FILE_MAX_BYTES},
    {"wal", is_wal, is_wal, format_read_wal, FILE_MAX_BYTES},
    {"segment", is_segment, is_segment, format_read_segment, FILE_MAX_BYTES},
    {"manifest", fmt_is_manifest, fmt_is_document, format_read_manifest, MAX_ROWS_BYTES},
    {"delta", fmt_is_delta, fmt_is_document, format_read_delta, MAX_ROWS_BYTES},
    {"envelope", is_envelope, is_envelope, format_read_envelope, FILE_MAX_BYTES},
    {"metavalue", is_metavalue, is_metavalue, format_read_metavalue, 0},
    {"large-manifest", is_large_manifest, is_large_manifest, format_read_large_manifest,
     FILE_MAX_BYTES},
    {"http-response", is_never, is_any, format_read_http_response, FILE_MAX_BYTES},
    {"s3-list", is_never, is_any, format_read_s3_list, FILE_MAX_BYTES},
};

#define FORMATS (sizeof formats / sizeof formats[0])

const char *format_names(void)
{
    const char *names = "";
    for (size_t i = 0; i < FORMATS; i++) {
        names = tool_format("%s%s%s", names, i == 0 ? "" : " ", formats[i].name);
    }
    return names;
}

const struct format *format_of_name(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    tool_usage_error("option --as: '%s' is none of: %s", name, format_names());
}

static const struct format *detect(wmbt_view bytes)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (formats[i].detect(bytes)) {
            return &formats[i];
        }
    }
    return NULL;
}

/* --- objects --------------------------------------------------------------------------------- */

static uint64_t max_bytes(const void *context, wmbt_view beginning)
{
    uint64_t most = 0;
    for (size_t i = 0; i < FORMATS; i++) {
        bool candidate = context == NULL ? formats[i].detect != is_never : context == &formats[i];
        if (candidate && formats[i].begins(beginning) && formats[i].max_bytes > most) {
            most = formats[i].max_bytes;
        }
    }
    return most;
}

struct file_limit format_limit(const struct format *format)
{
    return (struct file_limit){max_bytes, format};
}

/* Checks an object as what its bytes are. */
static void check(struct object *object, wmbt_view bytes, struct reading *reading)
{
    object->format = detect(bytes);
    if (object->format == NULL) {
        object->status = bytes.len == 0 ? WMBT_TRUNCATED : WMBT_BAD_MAGIC;
        object->why = bytes.len == 0 ? "it is empty" : "the bytes are of no known format";
        return;
    }
    if (object->format->detect != is_compressed) {
        object->status = object->format->read(bytes, reading);
        return;
    }
    if (object->wrapped) {
        object->status = WMBT_BAD_MAGIC;
        object->why = "a wrapper inside a wrapper, which no reader takes off";
        return;
    }
    object->wrapped = true;
    object->status = unwrap(bytes, reading->compat, &object->plain);
    if (object->status == WMBT_OK && object->plain.is.kind == WMBT_COMPRESSED_PASSED_THROUGH) {
        object->status = WMBT_BAD_MAGIC;
        object->why = "a damaged wrapper, which upstream hands out as it is";
    } else if (object->status == WMBT_OK) {
        check(object, object->plain.is.bytes, reading);
    }
}

void object_read(struct object *object, const char *path, const struct format *format,
                 struct reading *reading)
{
    memset(object, 0, sizeof *object);
    object->format = format;
    struct file_limit limit = format_limit(format);
    object->status = file_read_limited(path, &limit, &object->file, &object->why);
    if (object->status != WMBT_OK && object->status != WMBT_END) {
        return;
    }
    object->stored_bytes = object->file.stored_bytes;
    if (format != NULL) {
        object->status = format->read(file_view(&object->file), reading);
    } else {
        check(object, file_view(&object->file), reading);
    }
    object->why = object->why != NULL ? object->why : reading->detail;
    if (object->status != WMBT_OK && object->why == NULL) {
        object->why = format_status_text(object->status);
    }
}

void object_close(struct object *object)
{
    unwrap_free(&object->plain);
    file_free(&object->file);
}

/* --- texts ----------------------------------------------------------------------------------- */

const char *format_status_text(wmbt_status status)
{
    static const struct {
        wmbt_status status;
        const char *text;
    } texts[] = {
        {WMBT_MISSING, "not stored"},
        {WMBT_TRUNCATED, "it ends too early"},
        {WMBT_TRAILING_BYTES, "bytes follow its end"},
        {WMBT_BAD_MAGIC, "the mark at its beginning is another"},
        {WMBT_BAD_LENGTH, "a length in it disagrees with its bytes"},
        {WMBT_BAD_COUNT, "a count in it disagrees with its bytes or its shape"},
        {WMBT_BAD_OFFSET, "an offset in it points outside of its area"},
        {WMBT_BAD_ORDER, "elements that must ascend do not"},
        {WMBT_BAD_TEXT, "a text in it has characters that it must not have"},
        {WMBT_BAD_NUMBER, "a number in it has a wrong form or range"},
        {WMBT_BAD_SYNTAX, "its grammar is broken"},
        {WMBT_BAD_FIELD, "a field is missing, twice, empty or of the wrong type"},
        {WMBT_BAD_END_MARKER, "the mark at its end is another"},
        {WMBT_BAD_BITSTREAM, "its compressed data do not decode"},
        {WMBT_BAD_SHAPE, "layers, ratios or dimensions are not the model's"},
        {WMBT_BAD_TAG, "a tag in it is not allowed"},
        {WMBT_TOO_LARGE, "it is larger than this tool allows"},
        {WMBT_TOO_DEEP, "it nests too deep"},
        {WMBT_UNSUPPORTED_VERSION, "its version is not supported"},
        {WMBT_UNSUPPORTED_ALGORITHM, "its compression algorithm is not supported"},
        {WMBT_UNSUPPORTED_WINDOW, "its compression window is not supported"},
        {WMBT_UNSUPPORTED_DICTIONARY, "it needs a dictionary"},
        {WMBT_UNSUPPORTED_SHAPE, "its shape is not supported"},
        {WMBT_BAD_CHECKSUM, "its checksum differs: the bytes are damaged"},
        {WMBT_BAD_DIGEST, "its digest differs"},
        {WMBT_WRONG_BLOCK, "it is intact, but another block"},
        {WMBT_DOES_NOT_FIT, "it is intact, but does not fit here"},
        {TOOL_UNREADABLE, "it cannot be read"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return NULL;
}
