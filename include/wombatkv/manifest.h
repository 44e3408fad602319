/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifest snapshots and delta facts, JSON, schema version 1.
 * Source of the rules: docs/FORMATS.md, "Manifest and delta facts (JSON)".
 *
 * Both are read as upstream reads them (serde_json), acceptance and refusal alike. Each has two
 * readers: the plain one looks at the version first, as a reader of unknown documents must; the _v1
 * one takes version 1 for granted. They differ in what they accept:
 *
 *                                             wmbt_x_read()          wmbt_x_read_v1()
 *    document is an array of the values       refused                accepted
 *    nesting                                  127 containers         as deep as `work` allows
 *    number above the range of a double,
 *      lone surrogate, in an unknown field    refused                accepted
 *    schema_version 2, fields missing         unsupported-version    bad-field
 *
 * A reader goes through the text once, front to back, and takes a bounded number of steps for each
 * byte, whatever the nesting. It does not recurse.
 *
 * Texts come out as views: into the document where it holds the text as it is, into `strings` where
 * it has escapes. Views are UTF-8 and may hold NUL (from \u0000).
 *
 * Double fetch: a reader decides on each byte as it read it the one time, so numbers, lengths and
 * verdicts agree with each other also in memory that still changes. The characters of a text are
 * those that stand there when its view is looked at (or, with escapes, when it is copied to
 * `strings`). The walk over a manifest's entries reads them again and checks them again.
 */
#ifndef WOMBATKV_MANIFEST_H
#define WOMBATKV_MANIFEST_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_MANIFEST

WMBT_BEGIN_DECLS

/** The only schema version, of manifests and of delta facts. */
#    define WMBT_MANIFEST_SCHEMA 1u
#    define WMBT_DELTA_SCHEMA 1u

/** Containers that may nest without `work`; upstream's dispatching functions take one less. */
#    define WMBT_JSON_LEVELS 128u

/** Bytes of `work` with which no document of so many bytes is too deep for a _v1 reader. */
#    define WMBT_JSON_WORK_BYTES(document_bytes) ((document_bytes) / 16u + 1u)

/* --- what was wrong --------------------------------------------------------------------------- */

/* Upstream's kinds of errors. Values are pinned. */
#    define WMBT_JSON_NO_ERROR 0u
/** Json: not read at all. Status truncated, trailing-bytes, bad-text, bad-number, bad-syntax,
 * too-deep (128 containers, not _v1), or bad-field: a field missing, twice, or of another type. */
#    define WMBT_JSON_DOCUMENT 1u
#    define WMBT_JSON_SCHEMA 2u        /**< UnsupportedSchemaVersion: unsupported-version */
#    define WMBT_JSON_EMPTY_FIELD 3u   /**< EmptyField: bad-field */
#    define WMBT_JSON_MISSING_FIELD 4u /**< MissingField, only of schema_version: bad-field */
#    define WMBT_JSON_WRONG_TYPE 5u    /**< WrongFieldType, only of schema_version: bad-field */
/** Not a verdict on the document: bad-argument; buffer-too-small; too-deep for `work` (_v1). */
#    define WMBT_JSON_CALLER 6u

/* Fields. Values are pinned. */
#    define WMBT_FIELD_NONE 0u
#    define WMBT_FIELD_SCHEMA_VERSION 1u
#    define WMBT_FIELD_EPOCH_MS 2u
#    define WMBT_FIELD_CHECKSUM32 3u
#    define WMBT_FIELD_ENTRIES 4u
#    define WMBT_FIELD_OBJECT_ID 5u
#    define WMBT_FIELD_KEY_RANGE_START 6u
#    define WMBT_FIELD_KEY_RANGE_END 7u
#    define WMBT_FIELD_SEQ 8u
#    define WMBT_FIELD_TENANT_ID 9u
#    define WMBT_FIELD_FINGERPRINT 10u
#    define WMBT_FIELD_PREFIX_HASH 11u
#    define WMBT_FIELD_PAYLOAD_DIGEST 12u
#    define WMBT_FIELD_WRITE_ID 13u

/** Details of a status. Readers fill all of it on every return; with ok (and end) it is zero. */
typedef struct wmbt_json_error {
    uint32_t kind;    /**< WMBT_JSON_... */
    uint32_t field;   /**< WMBT_FIELD_..., if one is concerned */
    uint32_t version; /**< WMBT_JSON_SCHEMA: the version found */
    size_t entry;     /**< number of the manifest's entry that the field is of, else 0 */
    size_t offset;    /**< WMBT_JSON_DOCUMENT and too-deep: how many bytes had been read; else 0 */
    size_t needed;    /**< buffer-too-small: bytes of `strings` that are enough */
} wmbt_json_error;

/** The name of a field as documents spell it, static, NUL-terminated; "" for another number. */
WMBT_API const char *wmbt_field_name_cstr(uint32_t field);

/* --- delta facts ------------------------------------------------------------------------------ */

/** A delta fact. Texts of a fact that was read are not empty; nothing else is known of them. */
typedef struct wmbt_delta {
    uint64_t epoch_ms;   /**< milliseconds since the Unix epoch */
    uint64_t seq;        /**< number of the fact */
    wmbt_view tenant_id; /**< with the next two, the key of what the fact speaks of */
    wmbt_view fingerprint;
    wmbt_view prefix_hash;
    wmbt_view payload_digest; /**< of what is stored there */
    wmbt_view write_id;       /**< of the writer; decides between facts of one time and number */
    uint32_t schema_version;  /**< WMBT_DELTA_SCHEMA */
} wmbt_delta;

/**
 * Reads a delta fact whose version is not known. `strings` takes the texts that hold escapes;
 * text.len bytes are always enough, none are needed without escapes. It must not overlap the text.
 * `error` may be NULL.
 *
 * Checks, in this order:
 *    1. `text` is one JSON value without surplus, at most 127 containers deep, UTF-8, each number
 *       in the range of a double                                          WMBT_JSON_DOCUMENT
 *    2. it is an object with a schema_version (the last one counts)   WMBT_JSON_MISSING_FIELD
 *    3. which is an integer from 0 to 65535                              WMBT_JSON_WRONG_TYPE
 *    4. and 1                                                                WMBT_JSON_SCHEMA
 *    5. every field is there, once, and of its type                        WMBT_JSON_DOCUMENT
 *    6. no text is empty                                                WMBT_JSON_EMPTY_FIELD
 *    7. `strings` is large enough                                            WMBT_JSON_CALLER
 * Returns ok; bad-argument (NULL with a length); or the first check that failed, with the status
 * that stands at its kind above. On an error *delta is unchanged, `strings` unchanged or zeroed.
 * Time: O(text.len).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_delta_read(wmbt_view text, wmbt_buf strings,
                                                     wmbt_delta *delta, wmbt_json_error *error);

/**
 * The same for a fact of version 1. An array of the eight values in the order schema_version,
 * epoch_ms, seq, tenant_id, fingerprint, prefix_hash, payload_digest, write_id is accepted too.
 *
 * `work` remembers containers below level WMBT_JSON_LEVELS, 8 a byte: so many bytes as
 * WMBT_JSON_WORK_BYTES(text.len) are always enough; {NULL, 0} if that depth will do. Afterwards its
 * bytes are unspecified.
 *
 * Checks, in this order: 1 as above, but any depth, and unknown fields are only passed over, and 5,
 * whichever fails first (WMBT_JSON_DOCUMENT; too-deep with WMBT_JSON_CALLER: more `work` is
 * needed); 4; 6; 7.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_delta_read_v1(wmbt_view text, wmbt_buf strings,
                                                        wmbt_buf work, wmbt_delta *delta,
                                                        wmbt_json_error *error);

/* --- manifest snapshots ----------------------------------------------------------------------- */

/** A manifest snapshot. Its entries are listed by wmbt_manifest_walk. */
typedef struct wmbt_manifest {
    uint64_t epoch_ms;       /**< milliseconds since the Unix epoch */
    uint32_t schema_version; /**< WMBT_MANIFEST_SCHEMA */
    uint32_t checksum32;     /**< as stored: nothing upstream computes it, or says of what */
    size_t entry_count;      /**< entries to be listed */
    size_t strings_bytes;    /**< `strings` of so many are enough for each entry of walk_next() */
    wmbt_view entries;       /**< part of the document; for wmbt_manifest_walk_init() */
    uint32_t flags;          /**< private */
} wmbt_manifest;

/** A segment object and the range of keys in it. No text is empty; start <= end is not checked. */
typedef struct wmbt_manifest_entry {
    wmbt_view object_id;       /**< of a segment */
    wmbt_view key_range_start; /**< least key in it */
    wmbt_view key_range_end;   /**< greatest key in it */
} wmbt_manifest_entry;

/**
 * Reads a manifest whose version is not known, entries included. Checks and returns are those of
 * wmbt_delta_read(), without check 7: texts of entries are only handed out by the walk. Check 6
 * goes entry by entry: object_id, key_range_start, key_range_end. On an error *manifest is
 * unchanged. Time: O(text.len).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_manifest_read(wmbt_view text, wmbt_manifest *manifest,
                                                        wmbt_json_error *error);

/**
 * The same for a manifest of version 1, as wmbt_delta_read_v1(). The order of an array's values is
 * schema_version, epoch_ms, checksum32, entries. (Entries may be arrays in both readers.)
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_manifest_read_v1(wmbt_view text, wmbt_buf work,
                                                           wmbt_manifest *manifest,
                                                           wmbt_json_error *error);

/** Lists the entries of a manifest in order. Keep out of the fields. Keeps the view of the document
 * and `work`; both must stay. */
typedef struct wmbt_manifest_walk {
    wmbt_view entries;
    wmbt_buf work;
    size_t offset; /* in `entries`, of the next one */
    size_t next;
    size_t count;
    uint32_t flags;
} wmbt_manifest_walk;

/** Starts at the first entry of a manifest that was read. `work`: as large as for the reader; what
 * is in it between two calls does not matter. */
WMBT_API void wmbt_manifest_walk_init(wmbt_manifest_walk *walk, const wmbt_manifest *manifest,
                                      wmbt_buf work);

/**
 * The next entry. Texts that hold escapes go to `strings`, as in wmbt_delta_read(): the entry
 * before is lost if it is the same memory. `error` may be NULL.
 *
 * Returns ok; end; buffer-too-small (try again: error->needed, or manifest.strings_bytes, bytes);
 * bad-argument. Only if the document changed since it was read: another status of the reader, with
 * error->offset from the start of manifest.entries. On an error, and at the end, nothing changes
 * but `strings`, which is unchanged or zeroed.
 * Time: O(bytes of the entry).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_manifest_walk_next(wmbt_manifest_walk *walk,
                                                             wmbt_buf strings,
                                                             wmbt_manifest_entry *entry,
                                                             wmbt_json_error *error);

WMBT_END_DECLS

#endif

#endif
