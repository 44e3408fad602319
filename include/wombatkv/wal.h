/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write-ahead log: objects (one record, or a batch of records), their keys, replay order, audit.
 * Source of the rules: docs/FORMATS.md, "WAL".
 *
 * An object is read in one pass:
 *
 *     status = wmbt_wal_open(&reader, object, flags);
 *     while (status == WMBT_OK) {
 *         status = wmbt_wal_next(&reader, &record);   (ok: `record` is staged)
 *     }
 *     (end: all that was handed out is verified; anything else: the object is refused, drop it)
 *
 * A batch has a checksum of its own, which only the last byte completes. A caller that cannot take
 * back what it used calls wmbt_wal_verify() first.
 *
 * Checks, in this order; the first that fails decides the status:
 *    1. a batch if the object begins with "WMBT_KV_WB01", else one record
 *    record:
 *    2. 24 bytes are there                                                   truncated
 *    3. "WMBT_KV_WAL1"                                                       bad-magic
 *    4. key, meta and payload are there                                      truncated
 *    5. checksum of the three                                             bad-checksum
 *    6. nothing follows                                   trailing-bytes, unless compat
 *    batch:
 *    2. 36 bytes are there                                                   truncated
 *    3. checksum of all that follows                                      bad-checksum
 *    4. last number - first number + 1 is the count, not 0                   bad-count
 *    5. the first is not above the last                        bad-order, unless compat
 *    6. each record, as above, in the bytes that its length gives it; the length is there
 *                                                                            truncated
 *    7. nothing follows the last record                                 trailing-bytes
 */
#ifndef WOMBATKV_WAL_H
#define WOMBATKV_WAL_H

#include "wombatkv/status.h"

#if WMBT_CFG_WAL

WMBT_BEGIN_DECLS

/** Accept exactly what upstream accepts: bytes after a record, a batch of one whose first number is
 * above its last, keys of siblings whose name begins like the prefix, keys that are read otherwise
 * than they were built. */
#    define WMBT_WAL_COMPAT 1u

/* --- objects ---------------------------------------------------------------------------------- */

#    define WMBT_WAL_RECORD_HEADER_BYTES 24u
#    define WMBT_WAL_BATCH_HEADER_BYTES 36u

/* Offsets of fields, little-endian. Of a record, behind its magic of 12 bytes: two numbers of 16
 * bits, two of 32; key, meta and payload follow. Of a batch: two numbers of 64 bits, two of 32. */
#    define WMBT_WAL_RECORD_AT_KEY_BYTES 12u
#    define WMBT_WAL_RECORD_AT_META_BYTES 14u
#    define WMBT_WAL_RECORD_AT_PAYLOAD_BYTES 16u
#    define WMBT_WAL_RECORD_AT_CHECKSUM 20u
#    define WMBT_WAL_BATCH_AT_START_SEQ 12u
#    define WMBT_WAL_BATCH_AT_END_SEQ 20u
#    define WMBT_WAL_BATCH_AT_COUNT 28u
#    define WMBT_WAL_BATCH_AT_CHECKSUM 32u

/* Kinds of objects and of keys. Values are pinned. */
#    define WMBT_WAL_RECORD 1u
#    define WMBT_WAL_BATCH 2u

/** One record. The views point into the object (reading) or to the caller's bytes (writing). */
typedef struct wmbt_wal_record {
    wmbt_view key;     /**< any bytes, at most 65,535 */
    wmbt_view meta;    /**< any bytes, at most 65,535 */
    wmbt_view payload; /**< any bytes, at most 2^32 - 1 */
} wmbt_wal_record;

/** What an object's header says. */
typedef struct wmbt_wal_info {
    uint64_t start_seq;    /**< batch: number of the first record; a record's is in its key: 0 */
    uint64_t end_seq;      /**< batch: number of the last record; else 0 */
    uint32_t kind;         /**< WMBT_WAL_RECORD or WMBT_WAL_BATCH */
    uint32_t record_count; /**< 1 for a record */
    uint32_t checksum;     /**< FNV-1a as stored: of the batch's body, or of the record's */
} wmbt_wal_info;

/**
 * An object being read. Public struct of fixed size; holds a pointer into the object, none into
 * itself: a copy of its bytes is a clone. `info` may be read; keep out of the other fields.
 */
typedef struct wmbt_wal_reader {
    wmbt_wal_info info;
    const uint8_t *data;
    size_t left;
    uint32_t records_read;
    uint32_t sum;
    uint32_t flags;
    wmbt_status status;
    uint8_t header[WMBT_WAL_RECORD_HEADER_BYTES];
} wmbt_wal_reader;

/**
 * Starts an object: reads its header. `flags`: 0 or WMBT_WAL_COMPAT. The object's bytes must stay
 * until the last record has been used.
 *
 * Returns ok; bad-argument (NULL with a length, another flag); a status of the list above that the
 * header decides. *reader is changed only on ok. Work: constant; object.len on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_open(wmbt_wal_reader *reader, wmbt_view object,
                                                   uint32_t flags);

/**
 * The next record, whose own checks have passed. Record i of a batch (from 0) has the number
 * start_seq + i. Each byte that decides anything is read once.
 *
 * Returns ok: *record is staged; end: no more, the object is verified; a status of the list above:
 * the object is refused, and each later call says the same. *record is changed only on ok. Work:
 * the record's bytes; on an error what is left of the object.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_next(wmbt_wal_reader *reader,
                                                   wmbt_wal_record *record);

/** Reads a whole object and throws its records away. Returns ok (verified, *info is filled), or as
 * wmbt_wal_open() and wmbt_wal_next(), *info unchanged. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_verify(wmbt_view object, uint32_t flags,
                                                     wmbt_wal_info *info);

/** Reads exactly one record, checks 2 to 6: an object that is a batch is bad-magic. Returns ok,
 * bad-argument (NULL with a length, another flag) or a status of the list; *record is changed only
 * on ok. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_read_record(wmbt_view bytes, uint32_t flags,
                                                          wmbt_wal_record *record);

#    if WMBT_CFG_WRITERS
/** Bytes of a record. */
#        define WMBT_WAL_RECORD_BYTES(key_bytes, meta_bytes, payload_bytes) \
            (WMBT_WAL_RECORD_HEADER_BYTES + (key_bytes) + (meta_bytes) + (payload_bytes))

/**
 * Writes one record, and its length to *written. Returns ok; bad-argument (NULL with a length);
 * too-large (a field above its limit, or the record above SIZE_MAX); buffer-too-small. Nothing is
 * written on an error. `out` must not overlap the fields.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_write_record(const wmbt_wal_record *record,
                                                           wmbt_buf out, size_t *written);

/**
 * Writes a batch: records[0] has the number start_seq, the next one more. `out` needs 36 bytes and,
 * for each record, 4 and its own. Upstream never writes a batch of one record: it writes the
 * record.
 *
 * Returns ok; bad-argument (NULL with a length, no records); not-representable (a number above
 * 2^64 - 1); too-large (a field above its limit, a record above 2^32 - 1 bytes, a count above
 * 2^32 - 1, all above SIZE_MAX); buffer-too-small. Nothing is written on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_write_batch(uint64_t start_seq,
                                                          const wmbt_wal_record *records,
                                                          size_t count, wmbt_buf out,
                                                          size_t *written);

/**
 * When a group commit writes: upstream's policy, whose defaults are 32 records and 262,144 bytes
 * (and 250 ms, which the caller counts). At most one record or byte means a record at a time. Keep
 * out of the fields but for `records` and `bytes`, what is collected and not yet written.
 */
typedef struct wmbt_wal_group {
    uint64_t max_bytes; /**< of records, without the 4 bytes before each */
    uint64_t bytes;
    uint32_t max_records;
    uint32_t records;
} wmbt_wal_group;

#        define WMBT_WAL_FLUSH_BEFORE 1u /**< write what is collected, then add the record */
#        define WMBT_WAL_FLUSH_AFTER 2u  /**< add the record, then write what is collected */

/** Starts with nothing collected. */
WMBT_API void wmbt_wal_group_init(wmbt_wal_group *group, uint32_t max_records, uint64_t max_bytes);

/**
 * Adds a record of so many bytes; returns what to do with it: 0 (collect it), or
 * WMBT_WAL_FLUSH_BEFORE, WMBT_WAL_FLUSH_AFTER or both. Upstream writes one collected record as a
 * record, more as a batch. A caller that writes for another reason starts again with init.
 */
WMBT_API WMBT_MUST_CHECK uint32_t wmbt_wal_group_add(wmbt_wal_group *group, uint64_t record_bytes);
#    endif

/* --- keys ---------------------------------------------------------------------------------------
 *
 *     PREFIX/EPOCH/chunk-NODE-SEQ.bin           canonical, a record
 *     PREFIX/EPOCH/batch-NODE-FIRST-LAST.bin    canonical, a batch
 *     PREFIX/chunk-NODE-SEQ.bin                 legacy (and batch- likewise)
 *     PREFIX/chunk-SEQ.bin                      legacy, without a node
 *
 * Written numbers have 20 digits; read ones any number of digits, and a '+' in front (not the
 * epoch).
 */

/* Layouts of keys. Values are pinned. */
#    define WMBT_WAL_CANONICAL 1u
#    define WMBT_WAL_LEGACY 2u
#    define WMBT_WAL_LEGACY_NO_NODE 3u

/** What a key says. */
typedef struct wmbt_wal_key {
    wmbt_view node;     /**< points into the key's text; "node-local" (static) if it names none */
    uint64_t epoch_ms;  /**< canonical only, else 0; never used for order */
    uint64_t first_seq; /**< of a batch as stored: not checked to be at most last_seq */
    uint64_t last_seq;  /**< the same as first_seq for a record */
    uint32_t kind;      /**< WMBT_WAL_RECORD or WMBT_WAL_BATCH */
    uint32_t layout;    /**< WMBT_WAL_CANONICAL, ... */
} wmbt_wal_key;

/**
 * True if an object belongs to a namespace prefix: its key begins with the prefix and '/'. With
 * WMBT_WAL_COMPAT the '/' is not asked for, as upstream lists: objects of "fp2" then belong to "fp"
 * too. NULL with a length belongs to nothing.
 */
WMBT_API bool wmbt_wal_key_belongs(wmbt_view text, wmbt_view prefix, uint32_t flags);

/**
 * Takes a key apart. `prefix` is the namespace prefix without the '/' that ends it. Work: text.len.
 *
 * Returns ok; bad-argument (NULL with a length); missing (the key does not begin with prefix and
 * '/': not part of the namespace); bad-text (not UTF-8); bad-syntax (in the namespace, but not a
 * key of the WAL: "unknown" in an audit). *key is changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_key_parse(wmbt_view text, wmbt_view prefix,
                                                        wmbt_wal_key *key);

/**
 * Takes a key apart whose prefix is not known: the last segment is the name; if the one before is a
 * number, it is the epoch and the layout is canonical. What is before is the prefix, which must not
 * be missing. A legacy key in a namespace whose own name ends in a number is taken for canonical.
 *
 * Returns ok; bad-argument; bad-text; bad-syntax (not a key of the WAL). *prefix (a view into
 * `text`) and *key are changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_key_guess(wmbt_view text, wmbt_view *prefix,
                                                        wmbt_wal_key *key);

/** An object's place in a replay: what wmbt_wal_entry_compare() compares. */
typedef struct wmbt_wal_entry {
    wmbt_view key; /**< whole key; keeps the caller's pointer */
    uint64_t first_seq;
    uint32_t known; /**< 1 if the key is one of the WAL; else it sorts behind those */
} wmbt_wal_entry;

/** Fills an entry. Never fails: a key that does not parse is not known, NULL with a length is an
 * empty one. */
WMBT_API void wmbt_wal_entry_init(wmbt_wal_entry *entry, wmbt_view text, wmbt_view prefix);

/**
 * Replay order: known keys first, by first_seq, then by key bytes; the others by key bytes. Numbers
 * are compared across all nodes and epochs, as upstream does. Negative, 0 or positive; 0 only for
 * the same key.
 */
WMBT_API int wmbt_wal_entry_compare(const wmbt_wal_entry *a, const wmbt_wal_entry *b);

/** Counts of an audit. Begin with all zero. */
typedef struct wmbt_wal_audit {
    uint64_t total; /**< keys counted: the sum of the others */
    uint64_t canonical;
    uint64_t legacy;  /**< with and without a node */
    uint64_t unknown; /**< in the namespace, and not a key of the WAL */
} wmbt_wal_audit;

/** Counts one key; keys that do not begin with prefix and '/' are not counted. */
WMBT_API void wmbt_wal_audit_add(wmbt_wal_audit *audit, wmbt_view text, wmbt_view prefix);

/**
 * Makes the next sequence number of a node from the keys that exist: begin with *next = 1 and call
 * this for every key. `node` is as wmbt_wal_node() writes it. Numbers stop at 2^64 - 1.
 */
WMBT_API void wmbt_wal_next_seq_add(uint64_t *next, wmbt_view text, wmbt_view prefix,
                                    wmbt_view node);

/**
 * Makes the node id that stands in keys: each character other than A-Z a-z 0-9 and '-' becomes one
 * '-'; an empty id becomes "node-local". `out` needs at most the larger of id.len and 10 bytes.
 *
 * Returns ok; bad-argument (NULL with a length); bad-text (not UTF-8); buffer-too-small. Nothing is
 * written on an error. `out` must not overlap `id`.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_node(wmbt_view id, wmbt_buf out, size_t *len);

#    if WMBT_CFG_WRITERS
/** Longest key, in bytes: the limit of S3. */
#        define WMBT_WAL_KEY_MAX_BYTES 1024u

/** Bytes of a key with a prefix and a node of so many bytes: enough for both kinds. */
#        define WMBT_WAL_KEY_BYTES(prefix_bytes, node_bytes) ((prefix_bytes) + (node_bytes) + 74u)

/**
 * Writes a canonical key, without a NUL, and its length to *len. key->layout is not looked at;
 * first_seq is the number of a record, last_seq is used for a batch only. `flags`: 0 or
 * WMBT_WAL_COMPAT.
 *
 * Returns ok; bad-argument (NULL with a length, another kind or flag); not-representable, unless
 * compat: the node is not one that wmbt_wal_node() writes, the prefix is not UTF-8, a batch's first
 * number is above its last, the key is longer than WMBT_WAL_KEY_MAX_BYTES; buffer-too-small.
 * Nothing is written on an error. `out` must not overlap the texts.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_key_build(const wmbt_wal_key *key, wmbt_view prefix,
                                                        uint32_t flags, wmbt_buf out, size_t *len);
#    endif

/* --- keys of upstream's core crate ------------------------------------------------------------ */

/** Bytes of a key with texts of so many bytes: enough for every number. */
#    define WMBT_WAL_CHUNK_KEY_BYTES(tenant_bytes, fingerprint_bytes, node_bytes) \
        ((tenant_bytes) + (fingerprint_bytes) + (node_bytes) + 58u)

/**
 * Writes wal/TENANT/FINGERPRINT/EPOCH_MS/chunk-NODE-SEQ.bin, numbers in decimal without padding,
 * and its length to *len. Texts are inserted as they are; a '/' in one makes keys that other texts
 * can make too. (Upstream's store builds the keys above instead.)
 * Returns ok; bad-argument (NULL with a length); not-representable (a text is not UTF-8);
 * buffer-too-small. On an error nothing is written. `out` must not overlap the texts.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_chunk_key(wmbt_view tenant, wmbt_view fingerprint,
                                                        uint64_t epoch_ms, wmbt_view node,
                                                        uint64_t seq, wmbt_buf out, size_t *len);

WMBT_END_DECLS

#endif

#endif
