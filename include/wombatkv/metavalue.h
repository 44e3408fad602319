/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block metadata as the daemon's durable index stores it: two keys for each block, both with the
 * same value. Source of the rules: docs/FORMATS.md, "Metadata values".
 *
 *     h/HASH                                 hash key
 *     t/NAMESPACE/MODEL/SEQ/HASH             topological key
 *     "v001" and an archive of 104 bytes     value
 *
 * The files that hold them are SlateDB's and are not read here.
 */
#ifndef WOMBATKV_METAVALUE_H
#define WOMBATKV_METAVALUE_H

#include "wombatkv/metadata.h"

#if WMBT_CFG_METAVALUE

WMBT_BEGIN_DECLS

/** Accept exactly what upstream accepts: a longer archive, whose last 104 bytes count if they begin
 * at a multiple of 8, and padding that is not zero. */
#    define WMBT_METAVALUE_COMPAT 1u

/** Bytes of a value. */
#    define WMBT_METAVALUE_BYTES 108u

/**
 * Reads a value. `flags`: 0 or WMBT_METAVALUE_COMPAT. In this order:
 *
 * bad-argument: NULL with a length, another flag;
 * truncated: shorter than the tag; unsupported-version: "v" and other three characters; bad-magic:
 *     another tag;
 * truncated: shorter than 108 bytes; trailing-bytes: longer (compat: bad-length if what is more is
 *     not a multiple of 8);
 * bad-field: padding that is not zero (not compat).
 *
 * Every value of every field is legal. *meta is changed only on ok. Each byte is read once.
 * Upstream takes a value that it cannot read for a missing one.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_metavalue_read(wmbt_view value, uint32_t flags,
                                                         wmbt_block_meta *meta);

/* --- keys ------------------------------------------------------------------------------------- */

/* Kinds of keys. Values are pinned. */
#    define WMBT_METAVALUE_KEY_HASH 1u
#    define WMBT_METAVALUE_KEY_TOPOLOGICAL 2u

/** Bytes of a hash key. */
#    define WMBT_METAVALUE_HASH_KEY_BYTES 66u

/** Bytes of a topological key. */
#    define WMBT_METAVALUE_TOPOLOGICAL_KEY_BYTES(namespace_bytes) ((namespace_bytes) + 125u)

/** What a key says. */
typedef struct wmbt_metavalue_key {
    uint32_t kind;                  /**< WMBT_METAVALUE_KEY_... */
    uint32_t block_seq;             /**< topological only, else 0 */
    wmbt_view name_space;           /**< topological only, else empty: UTF-8, not empty, no '/' */
    wmbt_model_digest model_digest; /**< topological only, else zero */
    wmbt_block_hash hash;
} wmbt_metavalue_key;

/**
 * Takes a key apart; the view points into `text`. Hex digits are lower case, as upstream's scan
 * asks.
 *
 * bad-argument: NULL with a length; bad-syntax: neither "h/" nor "t/" in front, or a '/' too few or
 * too many, or an empty namespace; bad-length: a hex field of another length; bad-text: another
 * character in it, or a namespace that is not UTF-8. *key is changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_metavalue_key_parse(wmbt_view text,
                                                              wmbt_metavalue_key *key);

/**
 * Writes a key of the kind named, without a NUL, and its length to *len.
 *
 * bad-argument: NULL with a length, another kind; not-representable: a namespace that is empty, not
 * UTF-8 or holds a '/' (topological only); buffer-too-small. Nothing is written then. `out` must
 * not overlap the namespace.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_metavalue_key_build(const wmbt_metavalue_key *key,
                                                              wmbt_buf out, size_t *len);

#    if WMBT_CFG_WRITERS
/** Writes a value as upstream does. */
WMBT_API void wmbt_metavalue_write(const wmbt_block_meta *meta, uint8_t out[WMBT_METAVALUE_BYTES]);
#    endif

WMBT_END_DECLS

#endif

#endif
