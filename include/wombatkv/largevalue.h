/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large values: the shared-memory client stores what does not fit one frame as chunks and, at the
 * value's key, a text manifest of four lines:
 *
 *     WMBT_KV_SHM_LARGE_V1
 *     ID        64 lower-case hex digits
 *     TOTAL     bytes of the value
 *     COUNT     number of chunks
 *
 * Chunk i stands at PREFIX/NAMESPACE/__wmbt_kv_shm_large/ID/i, i with 8 decimal digits or more.
 * Each has WMBT_LARGEVALUE_CHUNK_BYTES bytes, the last the rest. All of them, and the manifest, may
 * be compressed like any object. Source of the rules: docs/FORMATS.md, "Large values".
 */
#ifndef WOMBATKV_LARGEVALUE_H
#define WOMBATKV_LARGEVALUE_H

#include "wombatkv/blake3.h"
#include "wombatkv/status.h"

#if WMBT_CFG_LARGEVALUE

WMBT_BEGIN_DECLS

#    define WMBT_LARGEVALUE_CHUNK_BYTES 4190192u
#    define WMBT_LARGEVALUE_MAX_PLAIN_BYTES 4194032u /**< larger values are chunked */
#    define WMBT_LARGEVALUE_ID_DIGITS 64u
/** Longest text that the reader accepts without compatible mode, and that the writer makes. */
#    define WMBT_LARGEVALUE_MAX_TEXT 128u
/** Longest key: the limit of S3. */
#    define WMBT_LARGEVALUE_MAX_KEY 1024u

/** Parse: what upstream takes for a manifest: any text as ID, any COUNT, numbers with '+' or with
 * leading zeros, CRLF, no line end after COUNT, anything in further lines; all of it UTF-8. */
#    define WMBT_LARGEVALUE_COMPAT 1u

/** What a manifest says. */
typedef struct wmbt_largevalue {
    wmbt_view id;         /**< into the text */
    uint64_t total_bytes; /**< of the value */
    uint64_t chunks;      /**< that it is stored in */
    uint32_t flags;       /**< those of the parse */
} wmbt_largevalue;

/**
 * Reads a manifest. In this order:
 *   bad-argument    NULL with a length, unknown flag
 *   bad-magic       does not begin with the line of the mark: a plain value, not a manifest
 *   bad-text        CRLF after the mark; compatible: the whole is not UTF-8
 *   truncated       ends before the line end after COUNT; compatible: before COUNT
 *   bad-text        ID is not 64 lower-case hex digits (not compatible)
 *   bad-number      TOTAL or COUNT is not a decimal number below 2^64
 *   bad-count       COUNT is not TOTAL / WMBT_LARGEVALUE_CHUNK_BYTES, rounded up (not compatible)
 *   trailing-bytes  bytes follow the fourth line (not compatible)
 * Upstream takes every value for a plain one that is refused here in compatible mode. On an error
 * *manifest is unchanged. Time: text.len. The id stays in the text, where it could still change:
 * wmbt_largevalue_chunk_key() checks what it has copied.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_parse(wmbt_view text, uint32_t flags,
                                                           wmbt_largevalue *manifest);

/** Bytes of a chunk's key, enough for every index. id_bytes is 64, or manifest.id.len in compatible
 * mode. */
#    define WMBT_LARGEVALUE_KEY_BYTES(prefix_bytes, namespace_bytes, id_bytes) \
        ((prefix_bytes) + (namespace_bytes) + (id_bytes) + 43u)

/**
 * Writes the object key of a chunk to `out`, without a NUL, and its length to *len. An empty
 * namespace has no segment. In this order:
 *   bad-argument       NULL with a length, index >= chunks, empty prefix
 *   not-representable  a key above WMBT_LARGEVALUE_MAX_KEY
 *   buffer-too-small   WMBT_LARGEVALUE_KEY_BYTES() bytes are enough
 *   not-representable  an id that is empty, "." or "..", or holds '/', '\', ':' or a control
 *                      character: as a part of a path it could leave its directory
 * `out` is then unchanged, or zeroed if the id is at fault.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_chunk_key(const wmbt_largevalue *manifest,
                                                               wmbt_view prefix,
                                                               wmbt_view name_space, uint64_t index,
                                                               wmbt_buf out, size_t *len);

/* --- assembly --------------------------------------------------------------------------------- */

/** Where chunks go, in order. Public struct of fixed size, no pointers. Keep out of the fields. */
typedef struct wmbt_largevalue_join {
    uint64_t total_bytes;
    uint64_t chunks;
    uint64_t index;
    uint64_t offset;
    uint32_t flags;
} wmbt_largevalue_join;

/** The next chunk. */
typedef struct wmbt_largevalue_place {
    uint64_t index;  /**< number of the chunk, from 0 */
    uint64_t offset; /**< its first byte in the value */
    uint64_t bytes;  /**< what it has; compatible: what it may have at most */
} wmbt_largevalue_place;

/**
 * Starts. Returns ok, or too-large if the value has more than max_bytes bytes or the manifest more
 * than max_chunks chunks: that is known before a chunk is fetched or a byte written. On an error
 * *join is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_join_init(wmbt_largevalue_join *join,
                                                               const wmbt_largevalue *manifest,
                                                               uint64_t max_bytes,
                                                               uint64_t max_chunks);

/** The chunk that comes next. Returns ok, or end after the last (*place unchanged). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_join_next(const wmbt_largevalue_join *join,
                                                               wmbt_largevalue_place *place);

/** The next chunk has so many (plain) bytes. Ask before they are written. Returns ok and goes on,
 * or bad-length (nothing changes), or bad-state after the last. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_join_chunk(wmbt_largevalue_join *join,
                                                                uint64_t bytes);

/** All chunks are in. Returns ok; truncated if chunks are missing; bad-length if their sum is not
 * the total (compatible mode only). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_join_finish(const wmbt_largevalue_join *join);

/* --- id --------------------------------------------------------------------------------------- */

#    if WMBT_CFG_BLAKE3
/**
 * The id is the BLAKE3 of namespace, key, length and bytes of the value, so a reader can check the
 * bytes against it (upstream does not). `key` is the value's key without prefix and namespace.
 * This starts `x` over and takes all that comes before the bytes; feed those by
 * wmbt_blake3_update(), then ask wmbt_largevalue_id_is(). `x` has been made with room for
 * total_bytes + namespace + key + 32 bytes. Returns ok; bad-argument (NULL with a length: nothing
 * changes); too-large (`x` then holds nothing of use).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_id_begin(wmbt_blake3 *x, wmbt_view name_space,
                                                              wmbt_view key, uint64_t total_bytes);

/** Returns ok if the digest is the manifest's id, else bad-digest (an id of another form, too). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_id_is(const wmbt_largevalue *manifest,
                                                           const wmbt_blake3 *x);
#    endif

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS
/** Writes the manifest of a value of total_bytes, `id` being the digest above. *len: bytes written,
 * at most WMBT_LARGEVALUE_MAX_TEXT. Returns ok, bad-argument, buffer-too-small (nothing
 * written). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_largevalue_write(const uint8_t id[32],
                                                           uint64_t total_bytes, wmbt_buf out,
                                                           size_t *len);
#    endif

WMBT_END_DECLS

#endif

#endif
