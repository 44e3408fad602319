/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of blocks and raw tails in an object store:
 *
 *     PREFIX/NAMESPACE/wombatkv/v1/block/b3=HASH
 *     PREFIX/NAMESPACE/wombatkv/v1/sidecar/raw_tail/b3=HASH
 *
 * HASH is 64 lower-case hex digits. An empty namespace has no segment. Source of the rules:
 * docs/FORMATS.md, "Object keys". Keys of the WAL: wal.h.
 */
#ifndef WOMBATKV_OBJKEY_H
#define WOMBATKV_OBJKEY_H

#include "wombatkv/metadata.h"

#if WMBT_CFG_OBJKEY

WMBT_BEGIN_DECLS

/* Kinds of keys. Values are pinned. */
#    define WMBT_OBJKEY_BLOCK 1u
#    define WMBT_OBJKEY_RAW_TAIL 2u

/** Longest key, in bytes: the limit of S3. */
#    define WMBT_OBJKEY_MAX_BYTES 1024u

/** Bytes of a key with a prefix and a namespace of so many bytes: enough for every kind. */
#    define WMBT_OBJKEY_BYTES(prefix_bytes, namespace_bytes) \
        ((prefix_bytes) + (namespace_bytes) + 99u + 54u * WMBT_CFG_EXPERIMENTAL_MODEL_KEYS)

/**
 * Build: allow a prefix and a namespace that the key alone does not tell apart, as upstream does: a
 * namespace with '/' in it, or an empty namespace after a prefix with '/' in it. Two pairs then
 * share a key: kv + a/b and kv/a + b. A reader that knows its prefix can use this.
 *
 * Without the flag, wmbt_objkey_parse() of what was built gives back what it was built from.
 */
#    define WMBT_OBJKEY_COMPAT_SPLIT 1u

/** Parse: accept upper-case hex digits too, as upstream's scan of a bucket does for blocks.
 * Upstream never asks for such a key: its hashes are written in lower case. */
#    define WMBT_OBJKEY_COMPAT_UPPER 2u

/** What a key says. Zero it before filling it for wmbt_objkey_build(). */
typedef struct wmbt_objkey {
    uint32_t kind;        /**< WMBT_OBJKEY_... */
    uint32_t has_model;   /**< 1: with a model digest; only in builds that have such keys */
    wmbt_view prefix;     /**< UTF-8, not empty, no NUL */
    wmbt_view name_space; /**< UTF-8, may be empty, no NUL ("namespace" is a word of C++) */
    wmbt_block_hash hash; /**< of the block; of the chain's last full block for a raw tail */
#    if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
    wmbt_model_digest model; /**< if has_model */
#    endif
} wmbt_objkey;

#    if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
/* The struct is another one: what is compiled without the switch does not link with this. */
#        define wmbt_objkey_build wmbt_objkey_build_with_models
#        define wmbt_objkey_parse wmbt_objkey_parse_with_models
#    endif

/**
 * Writes the key to `out`, without a NUL, and its length to *len. `flags`: 0 or
 * WMBT_OBJKEY_COMPAT_SPLIT. In this order:
 *
 * bad-argument: NULL with a length, another kind or flag, has_model above 1;
 * not-representable: the prefix is empty; a text is not UTF-8 or holds a NUL; has_model where this
 *     build has no such keys, for a raw tail, or with the zero digest; a key above
 *     WMBT_OBJKEY_MAX_BYTES; "/wombatkv/v1/" begins before its place, so that a reader would split
 *     the key there; a pair that the key does not tell apart (see WMBT_OBJKEY_COMPAT_SPLIT);
 * buffer-too-small: `out` is shorter than the key; WMBT_OBJKEY_BYTES(...) bytes are enough.
 *
 * Nothing is written then, and nothing is ever cut off. `out` must not overlap the texts.
 *
 * The hash is the last WMBT_BLOCK_HASH_HEX_BYTES of every key: wmbt_block_hash_to_hex(&hash, out +
 * *len - WMBT_BLOCK_HASH_HEX_BYTES) makes of a key that of another block, in a sixth of the time.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_objkey_build(const wmbt_objkey *key, uint32_t flags,
                                                       wmbt_buf out, size_t *len);

/**
 * Takes a key apart; the views of *key point into `text`. `prefix` is the prefix that the key must
 * have, or empty for none in particular: then the segment before "/wombatkv/v1/" is the namespace
 * and the rest the prefix; a single segment is the prefix, and the namespace is empty. `flags`: 0
 * or WMBT_OBJKEY_COMPAT_UPPER. In this order:
 *
 * bad-argument: NULL with a length, another flag;
 * too-large: above WMBT_OBJKEY_MAX_BYTES;
 * bad-text: not UTF-8, or a NUL;
 * bad-syntax: no "/wombatkv/v1/" (the first one counts), neither a block nor a raw tail after it,
 *     a prefix that is empty or not the one given, an empty last segment before it;
 * bad-length: too many or too few characters after "b3=" (or around the model digest);
 * bad-text: the characters there are not lower-case hex digits, or the model digest is zero.
 *
 * *key is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_objkey_parse(wmbt_view text, wmbt_view prefix,
                                                       uint32_t flags, wmbt_objkey *key);

WMBT_END_DECLS

#endif

#endif
