/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment objects: keyed blocks, an index, a footer. Source of the rules: docs/FORMATS.md,
 * "Segments".
 *
 * The index is read in one pass, from the whole object or from ranges of it:
 *
 *     whole:   wmbt_segment_open(&index, object, flags)
 *     ranges:  fetch the first 16 and the last 20 bytes (or more);
 *              wmbt_segment_locate() says where the index is; fetch it;
 *              wmbt_segment_open_index(&index, &layout, index_bytes, flags)
 *     then     while ((status = wmbt_segment_next(&index, &entry)) == WMBT_OK) { staged }
 *              end: verified
 *
 * A range of keys: wmbt_segment_select() makes the plan (one window to fetch), and the entries
 * whose keys wmbt_segment_in_range() lie in the window: wmbt_segment_payload(). No checksum covers
 * the payloads.
 *
 * Checks, in this order; the first that fails decides the status:
 *    1. 36 bytes are there                                                      truncated
 *    2. "WMBT_KV_SGV1" at the start                                             bad-magic
 *    3. as many bytes before the footer as the index has                        truncated
 *    4. "WMBT_KV_SEG1" in the footer                                            bad-magic
 *    5. the index does not reach into the header                bad-length, unless compat
 *    6. checksum of the index                                                bad-checksum
 *    7. each entry is there                                                     truncated
 *    8. each payload stands where its block does: the blocks follow each other from byte 16 in
 *       the order of the index (whole object: and begin with the entry's lengths and key)
 *                                                               bad-offset, unless compat
 *    9. the blocks end where the index begins                   bad-offset, unless compat
 *   10. as many entries as the header says                       bad-count, unless compat
 */
#ifndef WOMBATKV_SEGMENT_H
#define WOMBATKV_SEGMENT_H

#include "wombatkv/status.h"

#if WMBT_CFG_SEGMENT

WMBT_BEGIN_DECLS

/** Accept exactly what upstream accepts: checks 5 and 8 to 10 are left out, and bytes after a
 * footer that is read by itself are ignored. */
#    define WMBT_SEGMENT_COMPAT 1u

#    define WMBT_SEGMENT_HEADER_BYTES 16u
#    define WMBT_SEGMENT_FOOTER_BYTES 20u

/** What header and footer say. */
typedef struct wmbt_segment_layout {
    uint64_t object_bytes; /**< of the whole object */
    uint64_t index_offset; /**< of the index, from the start of the object */
    uint32_t index_bytes;  /**< of the index */
    uint32_t checksum;     /**< FNV-1a of the index as stored */
    uint32_t block_count;  /**< as stored; upstream never reads it */
} wmbt_segment_layout;

/** One entry of the index. */
typedef struct wmbt_segment_entry {
    wmbt_view key;           /**< any bytes, at most 65,535; points into the index */
    uint32_t payload_offset; /**< from the start of the object */
    uint32_t payload_bytes;
} wmbt_segment_entry;

/**
 * An index being read. Public struct of fixed size; holds pointers into the object, none into
 * itself: a copy of its bytes is a clone that goes on by itself. `layout` may be read; keep out of
 * the other fields.
 */
typedef struct wmbt_segment_index {
    wmbt_segment_layout layout;
    wmbt_view blocks;
    const uint8_t *data;
    size_t left;
    uint64_t next_block;
    uint32_t entries_read;
    uint32_t sum;
    uint32_t flags;
    wmbt_status status;
} wmbt_segment_index;

/**
 * Checks 1 to 5. `first`: the first 16 bytes of the object or more; `last`: its last 20 bytes or
 * more; they may overlap, and both may be the whole object. `flags`: 0 or WMBT_SEGMENT_COMPAT.
 *
 * Returns ok: fetch layout->index_bytes from layout->index_offset; bad-argument (NULL with a
 * length, another flag, first or last shorter than an object of object_bytes has it, or longer than
 * the object); a status of the list above. *layout is changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_locate(uint64_t object_bytes, wmbt_view first,
                                                         wmbt_view last, uint32_t flags,
                                                         wmbt_segment_layout *layout);

/**
 * Starts an index that was fetched by itself. The blocks' own lengths and keys are not seen, so not
 * checked. `bytes` must stay until the last entry has been used.
 *
 * Returns ok; bad-argument (NULL with a length, another flag); bad-length (not layout->index_bytes
 * bytes). *index is changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_open_index(wmbt_segment_index *index,
                                                             const wmbt_segment_layout *layout,
                                                             wmbt_view bytes, uint32_t flags);

/** Starts the index of a whole object: checks 1 to 5. Returns as wmbt_segment_locate(); *index is
 * changed only on ok. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_open(wmbt_segment_index *index, wmbt_view object,
                                                       uint32_t flags);

/**
 * The next entry, in the order of the index: keys may stand in any order and more than once. Each
 * byte that decides anything is read once.
 *
 * Returns ok: *entry is staged; end: no more, the index is verified; a status of the list above:
 * the object is refused, and each later call says the same. *entry is changed only on ok. Work: the
 * entry's bytes, and its key once more in a whole object; on an error what is left of the index.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_next(wmbt_segment_index *index,
                                                       wmbt_segment_entry *entry);

/** Reads the whole index and throws the entries away. Returns ok (verified, *layout is filled), or
 * as wmbt_segment_open() and wmbt_segment_next(), *layout unchanged. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_verify(wmbt_view object, uint32_t flags,
                                                         wmbt_segment_layout *layout);

/* --- ranges of keys --------------------------------------------------------------------------- */

/** What to fetch for a range of keys: one window that holds all its payloads. */
typedef struct wmbt_segment_window {
    uint64_t offset; /**< from the start of the object */
    uint64_t bytes;  /**< never past the end of the object; 0: fetch nothing */
    uint32_t count;  /**< entries in the range */
} wmbt_segment_window;

/** True if `first` <= key <= `last`, compared as bytes: both ends belong to the range. */
WMBT_API bool wmbt_segment_in_range(wmbt_view key, wmbt_view first, wmbt_view last);

/**
 * Plans a range of keys: reads all that is left of a clone of *index, which stays where it is.
 *
 * Returns ok: the index is verified, and *window is filled (all 0 if no key is in the range);
 * bad-argument (NULL with a length, or first above last: asked before anything is read); a status
 * of the list above. *window is changed only on ok. Work: what is left of the index.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_select(const wmbt_segment_index *index,
                                                         wmbt_view first, wmbt_view last,
                                                         wmbt_segment_window *window);

/**
 * The payload of an entry, in the bytes of the window: `bytes` begins at window->offset. For a
 * whole object use a window of {0, object.len, 0}.
 *
 * Returns ok; bad-argument (NULL with a length); truncated (not all of it lies in the bytes: only
 * in compatible mode, or if the bytes are not the window's). *payload is changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_payload(const wmbt_segment_entry *entry,
                                                          const wmbt_segment_window *window,
                                                          wmbt_view bytes, wmbt_view *payload);

/* --- footer by itself, writer ----------------------------------------------------------------- */

/**
 * Reads a footer and holds it against the index's bytes. In this order: fewer than 20 bytes
 * (truncated), magic (bad-magic), length of the index (bad-length), checksum (bad-checksum), more
 * than 20 bytes (trailing-bytes, unless compat). Also bad-argument (NULL with a length, another
 * flag). The outputs are changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_read_footer(wmbt_view footer, wmbt_view index,
                                                              uint32_t flags, uint32_t *index_bytes,
                                                              uint32_t *checksum);

#    if WMBT_CFG_WRITERS
/** One block to write. */
typedef struct wmbt_segment_block {
    wmbt_view key;     /**< any bytes, at most 65,535 */
    wmbt_view payload; /**< any bytes, at most 2^32 - 1 */
} wmbt_segment_block;

/** Bytes of a segment: all key bytes count twice. */
#        define WMBT_SEGMENT_BYTES(count, key_bytes, payload_bytes) \
            (36u + 16u * (count) + 2u * (key_bytes) + (payload_bytes))

/** Writes the 20 bytes of a footer. */
WMBT_API void wmbt_segment_write_footer(uint32_t index_bytes, uint32_t checksum,
                                        uint8_t out[WMBT_SEGMENT_FOOTER_BYTES]);

/**
 * Writes a segment, blocks and index in the order given (upstream sorts nothing), and its length to
 * *written. Returns ok; bad-argument (NULL with a length or count); too-large (a field above its
 * limit: count, payload, offset, index 2^32 - 1; or all above SIZE_MAX); buffer-too-small. Nothing
 * is written on an error. `out` must not overlap the blocks.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_segment_write(const wmbt_segment_block *blocks,
                                                        size_t count, wmbt_buf out,
                                                        size_t *written);
#    endif

WMBT_END_DECLS

#endif

#endif
