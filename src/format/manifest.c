/* SPDX-License-Identifier: Apache-2.0 */
/* Manifest snapshots and delta facts. docs/FORMATS.md, "Manifest and delta
 * facts (JSON)". */
#include "wombatkv/manifest.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/min.h"
#include "format/json.h"

#if WMBT_CFG_MANIFEST

WMBT_STATIC_ASSERT(WMBT_JSON_LEVELS == WMBT_JSON_STACK_LEVELS,
                   "the header promises what json.h has");

/* --- fields
 * -----------------------------------------------------------------------------------
 */

#    define WMBT_FIELDS 14u
#    define WMBT_FIELD_NAME_BYTES 16u

/* By number. No table of pointers: that would need relocation. */
static const char wmbt_field_names[WMBT_FIELDS][WMBT_FIELD_NAME_BYTES] = {
    "",
    "schema_version",
    "epoch_ms",
    "checksum32",
    "entries",
    "object_id",
    "key_range_start",
    "key_range_end",
    "seq",
    "tenant_id",
    "fingerprint",
    "prefix_hash",
    "payload_digest",
    "write_id",
};

#    if WMBT_JSON_WINDOW > 0
static const uint8_t wmbt_field_name_bytes[WMBT_FIELDS] = {0,  14, 8, 10, 7,  9,  15,
                                                           13, 3,  9, 11, 11, 14, 8};
#    endif

/* Declaration order: that of arrays, and of which missing field is named. Behind the last one
 * stands none. */
#    define WMBT_MANIFEST_FIELDS 4u
#    define WMBT_ENTRY_FIELDS 3u
#    define WMBT_DELTA_FIELDS 8u
static const uint8_t wmbt_manifest_fields[WMBT_MANIFEST_FIELDS + 1u] = {
    WMBT_FIELD_SCHEMA_VERSION, WMBT_FIELD_EPOCH_MS, WMBT_FIELD_CHECKSUM32,
    WMBT_FIELD_ENTRIES,        WMBT_FIELD_NONE,
};
static const uint8_t wmbt_entry_fields[WMBT_ENTRY_FIELDS + 1u] = {
    WMBT_FIELD_OBJECT_ID,
    WMBT_FIELD_KEY_RANGE_START,
    WMBT_FIELD_KEY_RANGE_END,
    WMBT_FIELD_NONE,
};
static const uint8_t wmbt_delta_fields[WMBT_DELTA_FIELDS + 1u] = {
    WMBT_FIELD_SCHEMA_VERSION, WMBT_FIELD_EPOCH_MS,    WMBT_FIELD_SEQ,
    WMBT_FIELD_TENANT_ID,      WMBT_FIELD_FINGERPRINT, WMBT_FIELD_PREFIX_HASH,
    WMBT_FIELD_PAYLOAD_DIGEST, WMBT_FIELD_WRITE_ID,    WMBT_FIELD_NONE,
};

const char *wmbt_field_name_cstr(uint32_t field)
{
    return wmbt_field_names[field < WMBT_FIELDS ? field : WMBT_FIELD_NONE];
}

/* Texts of one struct, in the order of their fields. */
#    define WMBT_TEXTS 5u

static uint32_t wmbt_field_text(uint32_t field)
{
    return field - (field < WMBT_FIELD_SEQ ? WMBT_FIELD_OBJECT_ID : WMBT_FIELD_TENANT_ID);
}

static bool wmbt_field_is_text(uint32_t field)
{
    return (field >= WMBT_FIELD_OBJECT_ID && field <= WMBT_FIELD_KEY_RANGE_END) ||
           field >= WMBT_FIELD_TENANT_ID;
}

/* Largest value of a field of numbers. */
static uint64_t wmbt_field_max(uint32_t field)
{
    if (field == WMBT_FIELD_SCHEMA_VERSION) {
        return UINT16_MAX;
    }
    return field == WMBT_FIELD_CHECKSUM32 ? UINT32_MAX : UINT64_MAX;
}

/* True if the key just read is the name of `field`. */
#    if WMBT_JSON_WINDOW > 0
static bool wmbt_field_is_key(const wmbt_json *j, uint32_t field)
{
    const uint8_t *name = (const uint8_t *)wmbt_field_names[field];
    uint32_t n = j->key_bytes;
    /* Both have zeros behind them. A key may hold NULs of its own: its last byte
   * is not one. */
    return n != 0u && n < WMBT_FIELD_NAME_BYTES && j->key[n - 1u] != 0u &&
           wmbt_load_le64(j->key) == wmbt_load_le64(name) &&
           wmbt_load_le64(j->key + 8) == wmbt_load_le64(name + 8);
}
#    else
static bool wmbt_field_is_key(const wmbt_json *j, uint32_t field)
{
    const char *name = wmbt_field_names[field];
    for (uint32_t i = 0; i < j->key_bytes; i++) {
        /* Every name has a NUL within its 16 bytes: a longer key differs there at
     * the latest. */
        if (name[i] == '\0' || j->key[i] != (uint8_t)name[i]) {
            return false;
        }
    }
    return name[j->key_bytes] == '\0';
}
#    endif

/* --- one document
 * -----------------------------------------------------------------------------
 */

/* What the last schema_version of the outermost object was. */
#    define WMBT_VERSION_ABSENT 0u
#    define WMBT_VERSION_NEXT 1u /* its key was read, the value comes next */
#    define WMBT_VERSION_WRONG 2u
#    define WMBT_VERSION_FOUND 3u

typedef struct wmbt_document {
    wmbt_json json;
    wmbt_json_error error; /* field, entry and offset: of the refusal that is not json's */
    uint32_t version_state;
    uint32_t version;
    uint64_t epoch_ms;
    uint64_t number; /* seq or checksum32 */
    wmbt_view texts[WMBT_TEXTS];
    size_t entry; /* entries read */
    size_t strings_bytes;
    wmbt_view entries;
    uint32_t empty_field; /* the first empty text, WMBT_FIELD_NONE if there is none */
    size_t empty_entry;
} wmbt_document;

static void wmbt_json_error_clear(wmbt_json_error *error)
{
    error->kind = WMBT_JSON_NO_ERROR;
    error->field = WMBT_FIELD_NONE;
    error->version = 0;
    error->entry = 0;
    error->offset = 0;
    error->needed = 0;
}

/* What a document that is accepted does not set anyway. */
static void wmbt_document_clear(wmbt_document *d)
{
    wmbt_json_error_clear(&d->error);
    d->version_state = WMBT_VERSION_ABSENT;
    d->entry = 0;
    d->strings_bytes = 0;
    d->empty_field = WMBT_FIELD_NONE;
}

/* Fills the error and gives the status back. */
static wmbt_status wmbt_document_fail(wmbt_document *d, wmbt_status status, uint32_t kind,
                                      uint32_t field)
{
    d->error.kind = kind;
    d->error.field = field;
    return status;
}

/* A field is not what it must be. */
static wmbt_status wmbt_document_refuse(wmbt_document *d, wmbt_status status, uint32_t field)
{
    d->error.field = field;
    d->error.offset = wmbt_json_offset(&d->json);
    d->error.entry =
        field >= WMBT_FIELD_OBJECT_ID && field <= WMBT_FIELD_KEY_RANGE_END ? d->entry : 0u;
    return status;
}

/* The next token; keeps an eye on schema_version. */
static wmbt_status wmbt_document_next(wmbt_document *d)
{
    wmbt_json *j = &d->json;
    bool is_version = d->version_state == WMBT_VERSION_NEXT;
    wmbt_status status = wmbt_json_next(j);
    if (status != WMBT_OK) {
        return status;
    }
    if (is_version) {
        bool good = j->token == WMBT_JSON_NUMBER && j->is_u64 &&
                    j->number <= wmbt_field_max(WMBT_FIELD_SCHEMA_VERSION);
        d->version_state = good ? WMBT_VERSION_FOUND : WMBT_VERSION_WRONG;
        d->version = (uint32_t)j->number;
    } else if (j->token == WMBT_JSON_KEY && j->depth == 1u &&
               wmbt_field_is_key(j, WMBT_FIELD_SCHEMA_VERSION)) {
        d->version_state = WMBT_VERSION_NEXT;
    }
    return WMBT_OK;
}

/* Passes over the value that comes next. */
static wmbt_status wmbt_document_skip(wmbt_document *d)
{
    size_t depth = d->json.depth;
    wmbt_status status;
    d->json.quiet = true;
    do {
        status = wmbt_document_next(d);
    } while (status == WMBT_OK && d->json.depth > depth);
    d->json.quiet = false;
    return status;
}

/* --- structs: objects, or arrays of the values in declaration order
 * --------------------------- */

typedef struct wmbt_members {
    const uint8_t *fields;
    uint32_t count;
    uint32_t seen; /* bit i: field i of an object; for an array, how many */
    bool is_array;
} wmbt_members;

/* The token just read must open the struct. */
static wmbt_status wmbt_members_init(wmbt_members *m, wmbt_document *d, const uint8_t *fields,
                                     uint32_t count)
{
    m->fields = fields;
    m->count = count;
    m->seen = 0;
    m->is_array = d->json.token == WMBT_JSON_ARRAY;
    if (!m->is_array && d->json.token != WMBT_JSON_OBJECT) {
        return wmbt_document_refuse(d, WMBT_BAD_FIELD, WMBT_FIELD_NONE);
    }
    return WMBT_OK;
}

/* Reads the first token of a field's value. */
static wmbt_status wmbt_members_value(wmbt_document *d, uint32_t field)
{
    d->json.decode = wmbt_field_is_text(field);
    wmbt_status status = wmbt_document_next(d);
    d->json.decode = false;
    return status;
}

static wmbt_status wmbt_members_next_element(wmbt_members *m, wmbt_document *d, uint32_t *field)
{
    uint32_t wanted = m->fields[m->seen];
    wmbt_status status = wmbt_members_value(d, wanted);
    if (status != WMBT_OK) {
        return status;
    }
    if (d->json.token == WMBT_JSON_CLOSE) {
        return m->seen == m->count ? WMBT_END : wmbt_document_refuse(d, WMBT_BAD_FIELD, wanted);
    }
    if (m->seen == m->count) {
        return wmbt_document_refuse(d, WMBT_BAD_FIELD, WMBT_FIELD_NONE);
    }
    m->seen++;
    *field = wanted;
    return WMBT_OK;
}

/* After the last member: every field must have been there. */
static wmbt_status wmbt_members_finish(const wmbt_members *m, wmbt_document *d)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if ((m->seen >> i & 1u) == 0u) {
            return wmbt_document_refuse(d, WMBT_BAD_FIELD, m->fields[i]);
        }
    }
    return WMBT_END;
}

/* Names in the order that writers of manifests keep, without blanks, are compared as they stand:
 * the field after those seen from the first on. */
static bool wmbt_members_take_next(wmbt_members *m, wmbt_document *d, uint32_t *field)
{
#    if WMBT_JSON_WINDOW > 0
    uint32_t i = 0;
    while ((m->seen >> i & 1u) != 0u) {
        i++;
    }
    if (i == m->count || m->seen >> i != 0u) {
        return false;
    }
    uint32_t next = m->fields[i];
    if (!wmbt_json_take_key(&d->json, wmbt_field_names[next], wmbt_field_name_bytes[next])) {
        return false;
    }
    if (next == WMBT_FIELD_SCHEMA_VERSION) {
        WMBT_ASSERT(d->json.depth == 1u); /* a list of fields that has it is the root's */
        d->version_state = WMBT_VERSION_NEXT;
    }
    m->seen |= (uint32_t)1 << i;
    *field = next;
    return true;
#    else
    (void)m, (void)d, (void)field;
    return false;
#    endif
}

/* The next known field, the first token of its value having been read; or end,
 * or a refusal. */
static wmbt_status wmbt_members_next(wmbt_members *m, wmbt_document *d, uint32_t *field)
{
    if (m->is_array) {
        return wmbt_members_next_element(m, d, field);
    }
    if (wmbt_members_take_next(m, d, field)) {
        return wmbt_members_value(d, *field);
    }
    for (;;) {
        wmbt_status status = wmbt_document_next(d);
        if (status != WMBT_OK) {
            return status;
        }
        if (d->json.token == WMBT_JSON_CLOSE) {
            return wmbt_members_finish(m, d);
        }
        uint32_t i = 0;
        while (i < m->count && !wmbt_field_is_key(&d->json, m->fields[i])) {
            i++;
        }
        if (i < m->count) {
            if ((m->seen >> i & 1u) != 0u) {
                return wmbt_document_refuse(d, WMBT_BAD_FIELD, m->fields[i]);
            }
            m->seen |= (uint32_t)1 << i;
            *field = m->fields[i];
            return wmbt_members_value(d, *field);
        }
        status = wmbt_document_skip(d);
        if (status != WMBT_OK) {
            return status;
        }
    }
}

static wmbt_status wmbt_document_number(wmbt_document *d, uint32_t field)
{
    const wmbt_json *j = &d->json;
    if (j->token != WMBT_JSON_NUMBER) {
        return wmbt_document_refuse(d, WMBT_BAD_FIELD, field);
    }
    if (!j->is_u64 || j->number > wmbt_field_max(field)) {
        return wmbt_document_refuse(d, WMBT_BAD_NUMBER, field);
    }
    if (field == WMBT_FIELD_SCHEMA_VERSION) {
        d->version = (uint32_t)j->number;
    } else if (field == WMBT_FIELD_EPOCH_MS) {
        d->epoch_ms = j->number;
    } else {
        d->number = j->number;
    }
    return WMBT_OK;
}

/* Takes a value that is a number or a text. */
static wmbt_status wmbt_document_value(wmbt_document *d, uint32_t field)
{
    if (!wmbt_field_is_text(field)) {
        return wmbt_document_number(d, field);
    }
    if (d->json.token != WMBT_JSON_STRING) {
        return wmbt_document_refuse(d, WMBT_BAD_FIELD, field);
    }
    wmbt_view_set(&d->texts[wmbt_field_text(field)], d->json.string);
    return WMBT_OK;
}

/* Reads a struct of numbers and texts; the token just read opens it. Of the
 * texts from `first_text` to the last field, notes the first that is empty. */
static wmbt_status wmbt_document_struct(wmbt_document *d, const uint8_t *fields, uint32_t count,
                                        uint32_t first_text)
{
    wmbt_members m;
    uint32_t field = WMBT_FIELD_NONE;
    wmbt_status status = wmbt_members_init(&m, d, fields, count);
    while (status == WMBT_OK) {
        status = wmbt_members_next(&m, d, &field);
        if (status == WMBT_OK) {
            status = wmbt_document_value(d, field);
        }
    }
    if (status != WMBT_END) {
        return status;
    }
    for (uint32_t f = first_text; f <= fields[count - 1u]; f++) {
        if (d->empty_field == WMBT_FIELD_NONE && d->texts[wmbt_field_text(f)].len == 0u) {
            d->empty_field = f;
            d->empty_entry = d->entry;
        }
    }
    return WMBT_OK;
}

/* --- verdict
 * ----------------------------------------------------------------------------------
 */

/* json's own refusal. Only one that speaks of the caller's memory is no verdict
 * on the document. */
static wmbt_status wmbt_document_fail_json(wmbt_document *d)
{
    wmbt_status status = d->json.status;
    bool caller = status == WMBT_TOO_DEEP && !d->json.strict;
    d->error.entry = 0;
    d->error.offset = wmbt_json_offset(&d->json);
    return wmbt_document_fail(d, status, caller ? WMBT_JSON_CALLER : WMBT_JSON_DOCUMENT,
                              WMBT_FIELD_NONE);
}

/* The version is missing or another one. Comes after all syntax: it has no
 * place in the text. */
static wmbt_status wmbt_document_fail_version(wmbt_document *d, wmbt_status status, uint32_t kind)
{
    d->error.offset = 0;
    d->error.entry = 0;
    return wmbt_document_fail(d, status, kind, WMBT_FIELD_SCHEMA_VERSION);
}

static wmbt_status wmbt_document_fail_empty(wmbt_document *d)
{
    d->error.entry = d->empty_entry;
    return wmbt_document_fail(d, WMBT_BAD_FIELD, WMBT_JSON_EMPTY_FIELD, d->empty_field);
}

/* What the document is, `status` being what came of its fields. Reads the rest:
 * after a good struct nothing may follow; after a refused one, the strict
 * reader must still see all of the text. */
static wmbt_status wmbt_document_check(wmbt_document *d, wmbt_status status)
{
    wmbt_json *j = &d->json;
    if (j->strict || status == WMBT_OK) {
        while (wmbt_document_next(d) == WMBT_OK && j->token != WMBT_JSON_DONE) {
        }
    }
    if (j->status != WMBT_OK) {
        return wmbt_document_fail_json(d);
    }
    if (j->strict && d->version_state == WMBT_VERSION_ABSENT) {
        return wmbt_document_fail_version(d, WMBT_BAD_FIELD, WMBT_JSON_MISSING_FIELD);
    }
    if (j->strict && d->version_state == WMBT_VERSION_WRONG) {
        return wmbt_document_fail_version(d, WMBT_BAD_FIELD, WMBT_JSON_WRONG_TYPE);
    }
    if ((j->strict || status == WMBT_OK) && d->version != WMBT_MANIFEST_SCHEMA) {
        d->error.version = d->version;
        return wmbt_document_fail_version(d, WMBT_UNSUPPORTED_VERSION, WMBT_JSON_SCHEMA);
    }
    if (status != WMBT_OK) {
        return wmbt_document_fail(d, status, WMBT_JSON_DOCUMENT, d->error.field);
    }
    return d->empty_field == WMBT_FIELD_NONE ? WMBT_OK : wmbt_document_fail_empty(d);
}

static void wmbt_json_error_store(wmbt_json_error *to, const wmbt_json_error *from)
{
    if (to != NULL) {
        to->kind = from->kind;
        to->field = from->field;
        to->version = from->version;
        to->entry = from->entry;
        to->offset = from->offset;
        to->needed = from->needed;
    }
}

static wmbt_status wmbt_document_check_room(wmbt_document *d)
{
    if (wmbt_writer_fits(&d->json.out)) {
        return WMBT_OK;
    }
    d->error.needed = d->json.out.needed;
    return wmbt_document_fail(d, WMBT_BUFFER_TOO_SMALL, WMBT_JSON_CALLER, WMBT_FIELD_NONE);
}

/* Takes back what was written to `strings`. */
static void wmbt_document_wipe(const wmbt_writer *out)
{
    wmbt_bytes_fill(out->data, 0, wmbt_min_size(out->needed, out->capacity));
}

static wmbt_status wmbt_json_bad_argument(wmbt_json_error *error)
{
    wmbt_json_error e;
    wmbt_json_error_clear(&e);
    e.kind = WMBT_JSON_CALLER;
    wmbt_json_error_store(error, &e);
    return WMBT_BAD_ARGUMENT;
}

/* --- delta facts
 * ------------------------------------------------------------------------------
 */

static wmbt_status wmbt_delta_read_as(wmbt_view text, wmbt_buf strings, wmbt_buf work, bool strict,
                                      wmbt_delta *delta, wmbt_json_error *error)
{
    if (wmbt_view_is_bad(text) || wmbt_buf_is_bad(strings) || wmbt_buf_is_bad(work)) {
        return wmbt_json_bad_argument(error);
    }
    wmbt_document d;
    wmbt_document_clear(&d);
    wmbt_json_init(&d.json, text, work, strings);
    d.json.strict = strict;
    wmbt_status status = wmbt_document_next(&d);
    if (status == WMBT_OK) {
        status =
            wmbt_document_struct(&d, wmbt_delta_fields, WMBT_DELTA_FIELDS, WMBT_FIELD_TENANT_ID);
    }
    status = wmbt_document_check(&d, status);
    if (status == WMBT_OK) {
        status = wmbt_document_check_room(&d);
    }
    if (status == WMBT_OK) {
        delta->schema_version = d.version;
        delta->epoch_ms = d.epoch_ms;
        delta->seq = d.number;
        wmbt_view_set(&delta->tenant_id, d.texts[0]);
        wmbt_view_set(&delta->fingerprint, d.texts[1]);
        wmbt_view_set(&delta->prefix_hash, d.texts[2]);
        wmbt_view_set(&delta->payload_digest, d.texts[3]);
        wmbt_view_set(&delta->write_id, d.texts[4]);
    } else {
        wmbt_document_wipe(&d.json.out);
    }
    wmbt_json_error_store(error, &d.error);
    return status;
}

wmbt_status wmbt_delta_read(wmbt_view text, wmbt_buf strings, wmbt_delta *delta,
                            wmbt_json_error *error)
{
    return wmbt_delta_read_as(text, strings, wmbt_buf_of(NULL, 0), true, delta, error);
}

wmbt_status wmbt_delta_read_v1(wmbt_view text, wmbt_buf strings, wmbt_buf work, wmbt_delta *delta,
                               wmbt_json_error *error)
{
    return wmbt_delta_read_as(text, strings, work, false, delta, error);
}

/* --- manifest snapshots
 * ----------------------------------------------------------------------- */

#    define WMBT_MANIFEST_STRICT 1u /* flag: read by wmbt_manifest_read() */

/* The token just read opens the entry. */
static wmbt_status wmbt_manifest_entry_struct(wmbt_document *d)
{
    return wmbt_document_struct(d, wmbt_entry_fields, WMBT_ENTRY_FIELDS, WMBT_FIELD_OBJECT_ID);
}

/* Entries as writers of manifests write them, without blanks and escapes, are taken whole. */
static bool wmbt_manifest_take_entry(wmbt_document *d)
{
#    if WMBT_JSON_WINDOW > 0
    const uint32_t first = WMBT_FIELD_OBJECT_ID;
    return wmbt_json_take_texts(&d->json, &wmbt_field_names[first], &wmbt_field_name_bytes[first],
                                WMBT_ENTRY_FIELDS, d->texts);
#    else
    (void)d;
    return false;
#    endif
}

/* The token just read opens the entries. */
static wmbt_status wmbt_manifest_entries(wmbt_document *d)
{
    wmbt_json *j = &d->json;
    if (j->token != WMBT_JSON_ARRAY) {
        return wmbt_document_refuse(d, WMBT_BAD_FIELD, WMBT_FIELD_ENTRIES);
    }
    size_t start = wmbt_json_offset(j);
    for (;; d->entry++) {
        if (wmbt_manifest_take_entry(d)) {
            continue;
        }
        wmbt_status status = wmbt_document_next(d);
        if (status != WMBT_OK) {
            return status;
        }
        if (j->token == WMBT_JSON_CLOSE) {
            (void)wmbt_view_slice(j->text, start, wmbt_json_offset(j) - start, &d->entries);
            return WMBT_OK;
        }
        j->out.needed = 0;
        status = wmbt_manifest_entry_struct(d);
        if (status != WMBT_OK) {
            return status;
        }
        d->strings_bytes = j->out.needed > d->strings_bytes ? j->out.needed : d->strings_bytes;
    }
}

/* The token just read opens the manifest. */
static wmbt_status wmbt_manifest_struct(wmbt_document *d)
{
    wmbt_members m;
    uint32_t field = WMBT_FIELD_NONE;
    wmbt_status status = wmbt_members_init(&m, d, wmbt_manifest_fields, WMBT_MANIFEST_FIELDS);
    while (status == WMBT_OK) {
        status = wmbt_members_next(&m, d, &field);
        if (status == WMBT_OK) {
            status = field == WMBT_FIELD_ENTRIES ? wmbt_manifest_entries(d)
                                                 : wmbt_document_number(d, field);
        }
    }
    return status == WMBT_END ? WMBT_OK : status;
}

static wmbt_status wmbt_manifest_read_as(wmbt_view text, wmbt_buf work, bool strict,
                                         wmbt_manifest *manifest, wmbt_json_error *error)
{
    if (wmbt_view_is_bad(text) || wmbt_buf_is_bad(work)) {
        return wmbt_json_bad_argument(error);
    }
    wmbt_document d;
    wmbt_document_clear(&d);
    wmbt_json_init(&d.json, text, work, wmbt_buf_of(NULL, 0));
    d.json.strict = strict;
    wmbt_status status = wmbt_document_next(&d);
    if (status == WMBT_OK) {
        status = wmbt_manifest_struct(&d);
    }
    status = wmbt_document_check(&d, status);
    if (status == WMBT_OK) {
        manifest->epoch_ms = d.epoch_ms;
        manifest->schema_version = d.version;
        manifest->checksum32 = (uint32_t)d.number;
        manifest->entry_count = d.entry;
        manifest->strings_bytes = d.strings_bytes;
        wmbt_view_set(&manifest->entries, d.entries);
        manifest->flags = strict ? WMBT_MANIFEST_STRICT : 0u;
    }
    wmbt_json_error_store(error, &d.error);
    return status;
}

wmbt_status wmbt_manifest_read(wmbt_view text, wmbt_manifest *manifest, wmbt_json_error *error)
{
    return wmbt_manifest_read_as(text, wmbt_buf_of(NULL, 0), true, manifest, error);
}

wmbt_status wmbt_manifest_read_v1(wmbt_view text, wmbt_buf work, wmbt_manifest *manifest,
                                  wmbt_json_error *error)
{
    return wmbt_manifest_read_as(text, work, false, manifest, error);
}

/* --- entries
 * ----------------------------------------------------------------------------------
 */

void wmbt_manifest_walk_init(wmbt_manifest_walk *walk, const wmbt_manifest *manifest, wmbt_buf work)
{
    wmbt_view_set(&walk->entries, manifest->entries);
    walk->work.data = work.data;
    walk->work.len = work.len;
    walk->offset = 0;
    walk->next = 0;
    walk->count = manifest->entry_count;
    walk->flags = manifest->flags;
}

/* What an entry is. The reader has accepted it: only a changed document or a
 * lack of room fails. */
static wmbt_status wmbt_manifest_walk_check(wmbt_document *d, wmbt_status status)
{
    if (d->json.status != WMBT_OK) {
        return wmbt_document_fail_json(d);
    }
    if (status != WMBT_OK) {
        return wmbt_document_fail(d, status, WMBT_JSON_DOCUMENT, d->error.field);
    }
    if (d->empty_field != WMBT_FIELD_NONE) {
        return wmbt_document_fail_empty(d);
    }
    return wmbt_document_check_room(d);
}

wmbt_status wmbt_manifest_walk_next(wmbt_manifest_walk *walk, wmbt_buf strings,
                                    wmbt_manifest_entry *entry, wmbt_json_error *error)
{
    if (wmbt_buf_is_bad(strings) || wmbt_buf_is_bad(walk->work)) {
        return wmbt_json_bad_argument(error);
    }
    wmbt_document d;
    wmbt_view rest = wmbt_view_of(NULL, 0);
    wmbt_document_clear(&d);
    wmbt_json_error_store(error, &d.error);
    if (walk->next == walk->count) {
        return WMBT_END;
    }
    (void)wmbt_view_slice(walk->entries, walk->offset, walk->entries.len - walk->offset, &rest);
    wmbt_json_init_inside(&d.json, rest, walk->work, strings, walk->next != 0u);
    d.json.strict = (walk->flags & WMBT_MANIFEST_STRICT) != 0u;
    d.entry = walk->next;
    wmbt_status status = WMBT_OK;
    if (!wmbt_manifest_take_entry(&d)) {
        status = wmbt_document_next(&d);
        if (status == WMBT_OK) {
            status = wmbt_manifest_entry_struct(&d);
        }
    }
    status = wmbt_manifest_walk_check(&d, status);
    if (status == WMBT_OK) {
        wmbt_view_set(&entry->object_id, d.texts[0]);
        wmbt_view_set(&entry->key_range_start, d.texts[1]);
        wmbt_view_set(&entry->key_range_end, d.texts[2]);
        walk->offset += wmbt_json_offset(&d.json);
        walk->next++;
    } else {
        if (d.error.kind == WMBT_JSON_DOCUMENT || status == WMBT_TOO_DEEP) {
            d.error.offset += walk->offset;
        }
        wmbt_document_wipe(&d.json.out);
    }
    wmbt_json_error_store(error, &d.error);
    return status;
}

#endif
