/* SPDX-License-Identifier: Apache-2.0 */
/* Identity contexts, their text forms, their encoding and its hash. docs/FINGERPRINT.md. */
#include "wombatkv/fingerprint.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "base/text.h"

#if WMBT_CFG_FINGERPRINT

/* Kinds of fields. */
#    define WMBT_FINGERPRINT_TEXT 0u
#    define WMBT_FINGERPRINT_DIGEST 1u  /* exactly one */
#    define WMBT_FINGERPRINT_DIGESTS 2u /* one or more */
#    define WMBT_FINGERPRINT_TAG 3u
#    define WMBT_FINGERPRINT_RANGE 4u
#    define WMBT_FINGERPRINT_RANK 5u

/* Every field: name, kind, and whether it can be absent. Two tables are made of it, so that a
 * program that never names a field does not have the names. */
#    define WMBT_FINGERPRINT_LIST(ROW)                        \
        ROW("model_sha256", WMBT_FINGERPRINT_DIGEST, 0)       \
        ROW("weight_quant", WMBT_FINGERPRINT_TEXT, 1)         \
        ROW("tokenizer_sha256", WMBT_FINGERPRINT_DIGEST, 0)   \
        ROW("position", WMBT_FINGERPRINT_TEXT, 1)             \
        ROW("compute_dtype", WMBT_FINGERPRINT_TEXT, 1)        \
        ROW("kv_dtype", WMBT_FINGERPRINT_TEXT, 1)             \
        ROW("kv_scale", WMBT_FINGERPRINT_TEXT, 1)             \
        ROW("layout", WMBT_FINGERPRINT_TAG, 0)                \
        ROW("layers", WMBT_FINGERPRINT_RANGE, 0)              \
        ROW("tp", WMBT_FINGERPRINT_RANK, 0)                   \
        ROW("pp", WMBT_FINGERPRINT_RANK, 0)                   \
        ROW("cp", WMBT_FINGERPRINT_RANK, 0)                   \
        ROW("lora_sha256", WMBT_FINGERPRINT_DIGEST, 1)        \
        ROW("tenant", WMBT_FINGERPRINT_TEXT, 1)               \
        ROW("cache_salt", WMBT_FINGERPRINT_TEXT, 1)           \
        ROW("multimodal_sha256", WMBT_FINGERPRINT_DIGESTS, 1) \
        ROW("served_name", WMBT_FINGERPRINT_TEXT, 1)

#    define WMBT_FINGERPRINT_NAME_ROW(name, kind, none) name,
#    define WMBT_FINGERPRINT_KIND_ROW(name, kind, none) {kind, none},

typedef struct wmbt_fingerprint_kind {
    uint8_t kind;
    uint8_t none; /* 1: can be absent */
} wmbt_fingerprint_kind;

static const wmbt_fingerprint_kind wmbt_fingerprint_kinds[WMBT_FINGERPRINT_FIELDS] = {
    WMBT_FINGERPRINT_LIST(WMBT_FINGERPRINT_KIND_ROW)};

/* Not pointers, so that the table needs no relocation. */
static const char wmbt_fingerprint_names[WMBT_FINGERPRINT_FIELDS][18] = {
    WMBT_FINGERPRINT_LIST(WMBT_FINGERPRINT_NAME_ROW)};

#    define WMBT_FINGERPRINT_DIGEST_BYTES 32u
#    define WMBT_FINGERPRINT_VERSION 1u
#    define WMBT_FINGERPRINT_HEADER_BYTES 6u /* id, state, length */
#    define WMBT_FINGERPRINT_DOMAIN "wombatkv-core identity context"

/* Fields 1 to this are encoded. */
#    define WMBT_FINGERPRINT_ENCODED_FIELDS (WMBT_FINGERPRINT_SERVED_NAME - 1u)

WMBT_STATIC_ASSERT(WMBT_FINGERPRINT_SERVED_NAME == WMBT_FINGERPRINT_FIELDS, "the last one");
WMBT_STATIC_ASSERT(WMBT_FINGERPRINT_ALL == WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_FIELDS + 1u) - 2u,
                   "a bit for every field");
WMBT_STATIC_ASSERT(sizeof WMBT_FINGERPRINT_DOMAIN - 1u + 2u +
                           WMBT_FINGERPRINT_ENCODED_FIELDS * WMBT_FINGERPRINT_HEADER_BYTES +
                           3u * WMBT_FINGERPRINT_DIGEST_BYTES +
                           7u * WMBT_FINGERPRINT_MAX_TEXT_BYTES + WMBT_LAYOUT_TAG_BYTES + 4u * 8u +
                           WMBT_FINGERPRINT_MAX_MULTIMODAL * WMBT_FINGERPRINT_DIGEST_BYTES <=
                       WMBT_FINGERPRINT_MAX_BYTES,
                   "the longest encoding, with its tag");

/* --- names and states ------------------------------------------------------------------------- */

static wmbt_view wmbt_fingerprint_text_of(const char *cstr)
{
    size_t n = 0;
    while (cstr[n] != '\0') {
        n++;
    }
    return wmbt_view_of(cstr, n);
}

static bool wmbt_fingerprint_is_field(uint32_t field)
{
    return field >= 1u && field <= WMBT_FINGERPRINT_FIELDS;
}

static bool wmbt_fingerprint_is_hex(uint32_t field)
{
    uint32_t kind = wmbt_fingerprint_kinds[field - 1u].kind;
    return kind == WMBT_FINGERPRINT_DIGEST || kind == WMBT_FINGERPRINT_DIGESTS;
}

static bool wmbt_fingerprint_is_pair(uint32_t field)
{
    uint32_t kind = wmbt_fingerprint_kinds[field - 1u].kind;
    return kind == WMBT_FINGERPRINT_RANGE || kind == WMBT_FINGERPRINT_RANK;
}

uint32_t wmbt_fingerprint_field_from_name(wmbt_view name)
{
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        if (wmbt_view_equal(name, wmbt_fingerprint_text_of(wmbt_fingerprint_names[field - 1u]))) {
            return field;
        }
    }
    return 0;
}

const char *wmbt_fingerprint_field_name(uint32_t field)
{
    return wmbt_fingerprint_is_field(field) ? wmbt_fingerprint_names[field - 1u] : "unknown";
}

/* What stands for a state in text; empty for unknown, and for values, which have texts of their
 * own. */
static wmbt_view wmbt_fingerprint_word_of(uint32_t state)
{
    static const char words[][11] = {"", "none", "", "replicated", "zero"};
    return state < sizeof words / sizeof words[0] ? wmbt_fingerprint_text_of(words[state])
                                                  : wmbt_view_of(NULL, 0);
}

/* Field by field: a struct that is assigned as a whole may become a call of memcpy. */
static void wmbt_fingerprint_put(wmbt_fingerprint_value *to, const wmbt_fingerprint_value *from)
{
    to->text = from->text;
    to->state = from->state;
    to->first = from->first;
    to->second = from->second;
}

static void wmbt_fingerprint_make(wmbt_fingerprint_value *value, uint32_t state, wmbt_view text)
{
    value->text = text;
    value->state = state;
    value->first = 0;
    value->second = 0;
}

void wmbt_fingerprint_forget(wmbt_fingerprint_context *context, uint32_t field)
{
    if (wmbt_fingerprint_is_field(field)) {
        wmbt_fingerprint_make(&context->values[field - 1u], WMBT_FINGERPRINT_UNKNOWN,
                              wmbt_view_of(NULL, 0));
    }
}

void wmbt_fingerprint_init(wmbt_fingerprint_context *context)
{
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        wmbt_fingerprint_forget(context, field);
    }
}

/* --- text to value ---------------------------------------------------------------------------- */

static bool wmbt_fingerprint_is_blank(uint8_t c)
{
    return c == (uint8_t)' ' || c == (uint8_t)'\t' || c == (uint8_t)'\r';
}

/* In place: some compilers copy a view that is handed on by memcpy. */
static void wmbt_fingerprint_trim(wmbt_view *text)
{
    while (text->len != 0u && wmbt_fingerprint_is_blank(text->data[0])) {
        text->data++;
        text->len--;
    }
    while (text->len != 0u && wmbt_fingerprint_is_blank(text->data[text->len - 1u])) {
        text->len--;
    }
}

/* What stands before the first separator; *rest becomes what stands behind it, or has data NULL if
 * there is no separator. */
static wmbt_view wmbt_fingerprint_part(wmbt_view *rest, char separator)
{
    wmbt_view part = *rest;
    for (size_t i = 0; i < part.len; i++) {
        if (part.data[i] == (uint8_t)separator) {
            *rest = wmbt_view_of(part.data + i + 1u, part.len - i - 1u);
            part.len = i;
            return part;
        }
    }
    *rest = wmbt_view_of(NULL, 0);
    return part;
}

static wmbt_status wmbt_fingerprint_parse_text(wmbt_view text)
{
    if (text.len > WMBT_FINGERPRINT_MAX_TEXT_BYTES) {
        return WMBT_TOO_LARGE;
    }
    if (!wmbt_text_is_utf8_without_nul(text)) {
        return WMBT_BAD_TEXT;
    }
    return WMBT_OK;
}

static wmbt_status wmbt_fingerprint_parse_digest(const wmbt_view *hex)
{
    uint8_t digest[WMBT_FINGERPRINT_DIGEST_BYTES];
    return wmbt_text_unhex(*hex, true, digest, sizeof digest);
}

static wmbt_status wmbt_fingerprint_parse_digests(wmbt_view rest, uint32_t *count)
{
    uint32_t n = 0;
    while (rest.data != NULL) {
        if (n == WMBT_FINGERPRINT_MAX_MULTIMODAL) {
            return WMBT_TOO_LARGE;
        }
        wmbt_view hex = wmbt_fingerprint_part(&rest, ',');
        wmbt_fingerprint_trim(&hex);
        wmbt_status status = wmbt_fingerprint_parse_digest(&hex);
        if (status != WMBT_OK) {
            return status;
        }
        n++;
    }
    *count = n;
    return WMBT_OK;
}

/* Two numbers below 2^32 with a separator between them; the first at most the second less `apart`.
 * */
static wmbt_status wmbt_fingerprint_parse_pair(wmbt_view text, char separator, uint32_t apart,
                                               wmbt_fingerprint_value *value)
{
    wmbt_view rest = text;
    wmbt_view part = wmbt_fingerprint_part(&rest, separator);
    uint64_t first, second;
    if (rest.data == NULL) {
        return WMBT_BAD_SYNTAX;
    }
    if (!wmbt_text_parse_u64(part, false, &first) || !wmbt_text_parse_u64(rest, false, &second) ||
        second > UINT32_MAX || second < apart || first > second - apart) {
        return WMBT_BAD_NUMBER;
    }
    value->first = (uint32_t)first;
    value->second = (uint32_t)second;
    return WMBT_OK;
}

/* Words that are no value. False if `text` is none of them for this kind. */
static bool wmbt_fingerprint_word(const wmbt_fingerprint_kind *kind, wmbt_view text,
                                  uint32_t *state)
{
    for (uint32_t i = WMBT_FINGERPRINT_ABSENT; i <= WMBT_FINGERPRINT_ZERO; i++) {
        bool allowed = i == WMBT_FINGERPRINT_ABSENT       ? kind->none != 0u
                       : i == WMBT_FINGERPRINT_REPLICATED ? kind->kind == WMBT_FINGERPRINT_RANK
                                                          : kind->kind == WMBT_FINGERPRINT_TAG;
        if (allowed && i != WMBT_FINGERPRINT_VALUE &&
            wmbt_view_equal(text, wmbt_fingerprint_word_of(i))) {
            *state = i;
            return true;
        }
    }
    return false;
}

static wmbt_status wmbt_fingerprint_parse_value(uint32_t field, wmbt_view text,
                                                wmbt_fingerprint_value *value)
{
    if (wmbt_fingerprint_is_hex(field)) {
        if (field == WMBT_FINGERPRINT_MULTIMODAL_SHA256) {
            return wmbt_fingerprint_parse_digests(text, &value->first);
        }
        value->first = 1;
        return wmbt_fingerprint_parse_digest(&text);
    }
    if (wmbt_fingerprint_is_pair(field)) {
        return field == WMBT_FINGERPRINT_LAYERS ? wmbt_fingerprint_parse_pair(text, '-', 0, value)
                                                : wmbt_fingerprint_parse_pair(text, '/', 1, value);
    }
    if (field == WMBT_FINGERPRINT_LAYOUT) {
        wmbt_layout_tag tag;
        return wmbt_layout_tag_from_text(text, &tag);
    }
    return wmbt_fingerprint_parse_text(text);
}

static wmbt_status wmbt_fingerprint_parse(uint32_t field, wmbt_view text,
                                          wmbt_fingerprint_value *value)
{
    if (wmbt_view_is_bad(text) || !wmbt_fingerprint_is_field(field)) {
        return WMBT_BAD_ARGUMENT;
    }
    const wmbt_fingerprint_kind *kind = &wmbt_fingerprint_kinds[field - 1u];
    wmbt_fingerprint_make(value, WMBT_FINGERPRINT_VALUE, text);
    if (wmbt_fingerprint_word(kind, text, &value->state)) {
        value->text = wmbt_view_of(NULL, 0);
        return WMBT_OK;
    }
    if (text.len == 0u || (kind->none == 0u && wmbt_view_equal(text, WMBT_VIEW_LITERAL("none")))) {
        return WMBT_BAD_FIELD;
    }
    if (wmbt_fingerprint_is_blank(text.data[0]) ||
        wmbt_fingerprint_is_blank(text.data[text.len - 1u])) {
        return WMBT_BAD_TEXT;
    }
    return wmbt_fingerprint_parse_value(field, text, value);
}

wmbt_status wmbt_fingerprint_set(wmbt_fingerprint_context *context, uint32_t field, wmbt_view text)
{
    wmbt_fingerprint_value value;
    wmbt_status status = wmbt_fingerprint_parse(field, text, &value);
    if (status == WMBT_OK) {
        wmbt_fingerprint_put(&context->values[field - 1u], &value);
    }
    return status;
}

/* --- identity files --------------------------------------------------------------------------- */

/* Leaves a line without its comment and the blanks around. */
static void wmbt_fingerprint_uncomment(wmbt_view *line)
{
    for (size_t i = 0; i < line->len; i++) {
        if (line->data[i] == (uint8_t)'#' &&
            (i == 0u || wmbt_fingerprint_is_blank(line->data[i - 1u]))) {
            line->len = i;
        }
    }
    wmbt_fingerprint_trim(line);
}

/* Takes one line apart: field 0 if there is nothing on it. */
static wmbt_status wmbt_fingerprint_line(wmbt_view line, uint32_t *field,
                                         wmbt_fingerprint_value *value)
{
    *field = 0;
    if (!wmbt_text_is_utf8_without_nul(line)) {
        return WMBT_BAD_TEXT;
    }
    wmbt_fingerprint_uncomment(&line);
    if (line.len == 0u) {
        return WMBT_OK;
    }
    wmbt_view name = wmbt_fingerprint_part(&line, '=');
    if (line.data == NULL) {
        return WMBT_BAD_SYNTAX;
    }
    wmbt_fingerprint_trim(&name);
    wmbt_fingerprint_trim(&line);
    *field = wmbt_fingerprint_field_from_name(name);
    return *field == 0u ? WMBT_BAD_FIELD : wmbt_fingerprint_parse(*field, line, value);
}

/* One pass over a file. Without a context it only checks. */
static wmbt_status wmbt_fingerprint_pass(wmbt_view text, wmbt_fingerprint_context *context,
                                         wmbt_fingerprint_place *place)
{
    uint32_t seen = 0;
    uint32_t number = 0;
    wmbt_view rest = text;
    while (rest.data != NULL) {
        wmbt_fingerprint_value value;
        uint32_t field;
        number++;
        wmbt_status status =
            wmbt_fingerprint_line(wmbt_fingerprint_part(&rest, '\n'), &field, &value);
        if (status == WMBT_OK && (seen & WMBT_FINGERPRINT_BIT(field)) != 0u) {
            status = WMBT_BAD_FIELD;
        }
        if (status != WMBT_OK) {
            place->line = number;
            place->field = field;
            return status;
        }
        if (field != 0u) {
            seen |= WMBT_FINGERPRINT_BIT(field);
            if (context != NULL) {
                wmbt_fingerprint_put(&context->values[field - 1u], &value);
            }
        }
    }
    return WMBT_OK;
}

wmbt_status wmbt_fingerprint_read(wmbt_view text, wmbt_fingerprint_context *context,
                                  wmbt_fingerprint_place *place)
{
    if (wmbt_view_is_bad(text)) {
        place->line = 0;
        place->field = 0;
        return WMBT_BAD_ARGUMENT;
    }
    /* Twice, so that an error leaves the context as it was without a copy of it on the stack. */
    wmbt_status status = wmbt_fingerprint_pass(text, NULL, place);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_fingerprint_init(context);
    status = wmbt_fingerprint_pass(text, context, place);
    if (status != WMBT_OK) { /* the text changed in between */
        wmbt_fingerprint_init(context);
    }
    return status;
}

/* --- value to text ---------------------------------------------------------------------------- */

/* The next digest of a list; false if the text is no longer the one that was checked. */
static bool wmbt_fingerprint_next_digest(wmbt_view *rest,
                                         uint8_t digest[WMBT_FINGERPRINT_DIGEST_BYTES])
{
    wmbt_view hex = wmbt_fingerprint_part(rest, ',');
    wmbt_fingerprint_trim(&hex);
    return wmbt_text_unhex(hex, true, digest, WMBT_FINGERPRINT_DIGEST_BYTES) == WMBT_OK;
}

/* False if a digest is no longer one. */
static bool wmbt_fingerprint_write_value(wmbt_writer *w, uint32_t field,
                                         const wmbt_fingerprint_value *value)
{
    uint8_t digest[WMBT_FINGERPRINT_DIGEST_BYTES];
    wmbt_view rest = value->text;
    if (wmbt_fingerprint_is_hex(field)) {
        for (uint32_t i = 0; i < value->first; i++) {
            if (i != 0u) {
                wmbt_writer_u8(w, (uint8_t)',');
            }
            if (!wmbt_fingerprint_next_digest(&rest, digest)) {
                return false;
            }
            wmbt_writer_hex(w, wmbt_view_of(digest, sizeof digest));
        }
    } else if (wmbt_fingerprint_is_pair(field)) {
        wmbt_writer_decimal(w, value->first, 1);
        wmbt_writer_u8(w, field == WMBT_FINGERPRINT_LAYERS ? (uint8_t)'-' : (uint8_t)'/');
        wmbt_writer_decimal(w, value->second, 1);
    } else {
        wmbt_writer_bytes(w, rest);
    }
    return true;
}

static bool wmbt_fingerprint_write_text(wmbt_writer *w, uint32_t field,
                                        const wmbt_fingerprint_value *value)
{
    if (value->state == WMBT_FINGERPRINT_VALUE) {
        return wmbt_fingerprint_write_value(w, field, value);
    }
    if (value->state == WMBT_FINGERPRINT_WEAK && field == WMBT_FINGERPRINT_WEIGHT_QUANT) {
        wmbt_writer_u8(w, (uint8_t)'q');
        wmbt_writer_decimal(w, value->first, 1);
    } else if (value->state == WMBT_FINGERPRINT_WEAK) {
        wmbt_writer_bytes(w, value->text);
    } else {
        wmbt_writer_bytes(w, wmbt_fingerprint_word_of(value->state));
    }
    return true;
}

wmbt_status wmbt_fingerprint_value_text(const wmbt_fingerprint_context *context, uint32_t field,
                                        wmbt_buf out, size_t *len)
{
    if (wmbt_buf_is_bad(out) || !wmbt_fingerprint_is_field(field)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_writer measure = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    bool good = wmbt_fingerprint_write_text(&measure, field, &context->values[field - 1u]);
    if (good && measure.needed > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    good = good && wmbt_fingerprint_write_text(&w, field, &context->values[field - 1u]);
    if (!good || w.needed != measure.needed) { /* the text changed */
        wmbt_bytes_fill(out.data, 0, out.len);
        return WMBT_BAD_TEXT;
    }
    *len = w.needed;
    return WMBT_OK;
}

/* --- comparison ------------------------------------------------------------------------------- */

/* The next character of a list of digests without its blanks, letters in lower case; or END. */
#    define WMBT_FINGERPRINT_CASE 0x20u /* is set in digits and commas anyway */
#    define WMBT_FINGERPRINT_END 256u

static uint32_t wmbt_fingerprint_next(wmbt_view *rest)
{
    while (rest->len != 0u) {
        uint8_t c = *rest->data++;
        rest->len--;
        if (!wmbt_fingerprint_is_blank(c)) {
            return c | WMBT_FINGERPRINT_CASE;
        }
    }
    return WMBT_FINGERPRINT_END;
}

static bool wmbt_fingerprint_same_digests(wmbt_view a, wmbt_view b)
{
    uint32_t c;
    do {
        c = wmbt_fingerprint_next(&a);
        if (c != wmbt_fingerprint_next(&b)) {
            return false;
        }
    } while (c != WMBT_FINGERPRINT_END);
    return true;
}

bool wmbt_fingerprint_same(const wmbt_fingerprint_context *a, const wmbt_fingerprint_context *b,
                           uint32_t field)
{
    if (!wmbt_fingerprint_is_field(field)) {
        return false;
    }
    const wmbt_fingerprint_value *x = &a->values[field - 1u], *y = &b->values[field - 1u];
    if (x->state != y->state || x->first != y->first || x->second != y->second) {
        return false;
    }
    if (x->state == WMBT_FINGERPRINT_VALUE && wmbt_fingerprint_is_hex(field)) {
        return wmbt_fingerprint_same_digests(x->text, y->text);
    }
    if (x->state == WMBT_FINGERPRINT_VALUE && wmbt_fingerprint_is_pair(field)) {
        return true; /* the numbers are the value, not how they were written */
    }
    return wmbt_view_equal(x->text, y->text);
}

/* --- encoding --------------------------------------------------------------------------------- */

/* Where the encoding goes: into a hash as it is made, or into a buffer. */
typedef struct wmbt_fingerprint_sink {
    wmbt_blake3 *hash; /* NULL: the writer */
    wmbt_writer writer;
    wmbt_status status; /* of the first error */
} wmbt_fingerprint_sink;

static void wmbt_fingerprint_emit(wmbt_fingerprint_sink *sink, const uint8_t *data, size_t len)
{
    if (sink->status != WMBT_OK) {
        return;
    }
    if (sink->hash != NULL) {
        sink->status = wmbt_blake3_update(sink->hash, wmbt_view_of(data, len));
    } else {
        wmbt_writer_bytes(&sink->writer, wmbt_view_of(data, len));
    }
}

static void wmbt_fingerprint_emit_header(wmbt_fingerprint_sink *sink, uint32_t field,
                                         uint32_t state, uint32_t len)
{
    uint8_t header[WMBT_FINGERPRINT_HEADER_BYTES];
    header[0] = (uint8_t)field;
    header[1] = (uint8_t)state;
    wmbt_store_le32(header + 2, len);
    wmbt_fingerprint_emit(sink, header, sizeof header);
}

static void wmbt_fingerprint_emit_digests(wmbt_fingerprint_sink *sink, uint32_t field,
                                          const wmbt_fingerprint_value *value)
{
    uint8_t digest[WMBT_FINGERPRINT_DIGEST_BYTES];
    wmbt_view rest = value->text;
    wmbt_fingerprint_emit_header(sink, field, value->state,
                                 value->first * WMBT_FINGERPRINT_DIGEST_BYTES);
    for (uint32_t i = 0; i < value->first; i++) {
        if (!wmbt_fingerprint_next_digest(&rest, digest)) {
            sink->status = WMBT_BAD_TEXT;
            return;
        }
        wmbt_fingerprint_emit(sink, digest, sizeof digest);
    }
}

static void wmbt_fingerprint_emit_tag(wmbt_fingerprint_sink *sink, uint32_t field,
                                      const wmbt_fingerprint_value *value)
{
    wmbt_layout_tag tag;
    if (wmbt_layout_tag_from_text(value->text, &tag) != WMBT_OK) {
        sink->status = WMBT_BAD_TEXT;
        return;
    }
    wmbt_fingerprint_emit_header(sink, field, value->state, WMBT_LAYOUT_TAG_BYTES);
    wmbt_fingerprint_emit(sink, tag.bytes, WMBT_LAYOUT_TAG_BYTES);
}

static void wmbt_fingerprint_emit_field(wmbt_fingerprint_sink *sink, uint32_t field,
                                        const wmbt_fingerprint_value *value)
{
    uint32_t kind = wmbt_fingerprint_kinds[field - 1u].kind;
    bool weak = value->state == WMBT_FINGERPRINT_WEAK;
    if (value->state != WMBT_FINGERPRINT_VALUE && !weak) {
        wmbt_fingerprint_emit_header(sink, field, value->state, 0);
    } else if (weak && field == WMBT_FINGERPRINT_WEIGHT_QUANT) {
        uint8_t bits[4];
        wmbt_store_le32(bits, value->first);
        wmbt_fingerprint_emit_header(sink, field, value->state, sizeof bits);
        wmbt_fingerprint_emit(sink, bits, sizeof bits);
    } else if (!weak && wmbt_fingerprint_is_hex(field)) {
        wmbt_fingerprint_emit_digests(sink, field, value);
    } else if (!weak && kind == WMBT_FINGERPRINT_TAG) {
        wmbt_fingerprint_emit_tag(sink, field, value);
    } else if (!weak && wmbt_fingerprint_is_pair(field)) {
        uint8_t pair[8];
        wmbt_store_le32(pair, value->first);
        wmbt_store_le32(pair + 4, value->second);
        wmbt_fingerprint_emit_header(sink, field, value->state, sizeof pair);
        wmbt_fingerprint_emit(sink, pair, sizeof pair);
    } else {
        wmbt_fingerprint_emit_header(sink, field, value->state, (uint32_t)value->text.len);
        wmbt_fingerprint_emit(sink, value->text.data, value->text.len);
    }
}

static void wmbt_fingerprint_emit_context(wmbt_fingerprint_sink *sink,
                                          const wmbt_fingerprint_context *context)
{
    uint8_t header[2];
    header[0] = (uint8_t)WMBT_FINGERPRINT_VERSION;
    header[1] = (uint8_t)WMBT_FINGERPRINT_ENCODED_FIELDS;
    wmbt_fingerprint_emit(sink, header, sizeof header);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_ENCODED_FIELDS; field++) {
        wmbt_fingerprint_emit_field(sink, field, &context->values[field - 1u]);
    }
}

uint32_t wmbt_fingerprint_open_fields(const wmbt_fingerprint_context *context,
                                      const wmbt_fingerprint_accept *accept)
{
    uint32_t accepted = accept->unknown & WMBT_FINGERPRINT_ACCEPTABLE;
    uint32_t open = 0;
    for (uint32_t field = WMBT_FINGERPRINT_ENCODED_FIELDS; field >= 1u; field--) {
        uint32_t state = context->values[field - 1u].state;
        open <<= 1;
        if (state == WMBT_FINGERPRINT_ZERO) {
            open |= accept->zero_layout == 1u ? 0u : 1u;
        } else if (state == WMBT_FINGERPRINT_UNKNOWN || state == WMBT_FINGERPRINT_WEAK) {
            open |= ~(accepted >> field) & 1u;
        }
    }
    return open << 1; /* no field has the number 0 */
}

static wmbt_status wmbt_fingerprint_check(const wmbt_fingerprint_context *context,
                                          const wmbt_fingerprint_accept *accept, wmbt_buf buf)
{
    if (wmbt_buf_is_bad(buf) || accept->zero_layout > 1u ||
        (accept->unknown & ~WMBT_FINGERPRINT_ACCEPTABLE) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    return wmbt_fingerprint_open_fields(context, accept) == 0u ? WMBT_OK : WMBT_UNKNOWN_CONTEXT;
}

static void wmbt_fingerprint_sink_of(wmbt_fingerprint_sink *sink, wmbt_blake3 *hash, wmbt_buf out)
{
    sink->hash = hash;
    sink->writer.data = out.data; /* not assigned as a whole, see wmbt_fingerprint_put() */
    sink->writer.capacity = out.len;
    sink->writer.needed = 0;
    sink->status = WMBT_OK;
}

wmbt_status wmbt_fingerprint_compute(const wmbt_fingerprint_context *context,
                                     const wmbt_fingerprint_accept *accept, wmbt_buf memory,
                                     uint8_t out[WMBT_FINGERPRINT_BYTES])
{
    wmbt_blake3 *hash;
    wmbt_status status = wmbt_fingerprint_check(context, accept, memory);
    if (status == WMBT_OK) {
        status = wmbt_blake3_init(memory, &hash);
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_fingerprint_sink sink;
    wmbt_fingerprint_sink_of(&sink, hash, wmbt_buf_of(NULL, 0));
    wmbt_view domain = WMBT_VIEW_LITERAL(WMBT_FINGERPRINT_DOMAIN);
    wmbt_fingerprint_emit(&sink, domain.data, domain.len);
    wmbt_fingerprint_emit_context(&sink, context);
    if (sink.status == WMBT_OK) {
        wmbt_blake3_final(hash, out);
    }
    return sink.status;
}

wmbt_status wmbt_fingerprint_encode(const wmbt_fingerprint_context *context,
                                    const wmbt_fingerprint_accept *accept, wmbt_buf out,
                                    size_t *len)
{
    wmbt_status status = wmbt_fingerprint_check(context, accept, out);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_fingerprint_sink sink;
    wmbt_fingerprint_sink_of(&sink, NULL, wmbt_buf_of(NULL, 0));
    wmbt_fingerprint_emit_context(&sink, context);
    if (sink.status != WMBT_OK) {
        return sink.status;
    }
    if (sink.writer.needed > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_fingerprint_sink_of(&sink, NULL, out);
    wmbt_fingerprint_emit_context(&sink, context);
    if (sink.status != WMBT_OK) { /* a text changed in between */
        wmbt_bytes_fill(out.data, 0, out.len);
        return sink.status;
    }
    *len = sink.writer.needed;
    return WMBT_OK;
}

wmbt_status wmbt_fingerprint_model_digest(const wmbt_fingerprint_context *context,
                                          wmbt_model_digest *digest)
{
    const wmbt_fingerprint_value *value = &context->values[WMBT_FINGERPRINT_MODEL_SHA256 - 1u];
    uint8_t sha256[WMBT_FINGERPRINT_DIGEST_BYTES];
    wmbt_view rest = value->text;
    if (value->state != WMBT_FINGERPRINT_VALUE || !wmbt_fingerprint_next_digest(&rest, sha256)) {
        return WMBT_UNKNOWN_CONTEXT;
    }
    wmbt_model_digest_from_sha256(sha256, digest);
    return WMBT_OK;
}

wmbt_status wmbt_fingerprint_init_ds4(wmbt_fingerprint_context *context, wmbt_view fingerprint,
                                      uint32_t quant_bits)
{
    if (wmbt_view_is_bad(fingerprint)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (fingerprint.len == 0u) {
        return WMBT_BAD_FIELD;
    }
    if (fingerprint.len > WMBT_FINGERPRINT_MAX_TEXT_BYTES) {
        return WMBT_TOO_LARGE;
    }
    if (wmbt_text_has_nul(fingerprint)) {
        return WMBT_BAD_TEXT;
    }
    wmbt_fingerprint_value *values = context->values;
    wmbt_fingerprint_init(context);
    wmbt_fingerprint_make(&values[WMBT_FINGERPRINT_MODEL_SHA256 - 1u], WMBT_FINGERPRINT_WEAK,
                          fingerprint);
    wmbt_fingerprint_make(&values[WMBT_FINGERPRINT_WEIGHT_QUANT - 1u], WMBT_FINGERPRINT_WEAK,
                          wmbt_view_of(NULL, 0));
    values[WMBT_FINGERPRINT_WEIGHT_QUANT - 1u].first = quant_bits;
    wmbt_fingerprint_make(&values[WMBT_FINGERPRINT_LAYOUT - 1u], WMBT_FINGERPRINT_VALUE,
                          WMBT_VIEW_LITERAL("ds4-v1"));
    return WMBT_OK;
}

#endif
