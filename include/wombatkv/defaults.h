/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that upstream's core crate calls its M0 defaults, and the values that it allows.
 * Source of the rules: docs/FORMATS.md, "M0 defaults".
 */
#ifndef WOMBATKV_DEFAULTS_H
#define WOMBATKV_DEFAULTS_H

#include "wombatkv/status.h"

#if WMBT_CFG_DEFAULTS

WMBT_BEGIN_DECLS

/* Labels. Values are pinned, by us. */
#    define WMBT_HASH_BLAKE3 0u
#    define WMBT_HASH_XXHASH3 1u
#    define WMBT_WIRE_MSGPACK 0u
#    define WMBT_WIRE_FLATBUFFERS 1u
#    define WMBT_WIRE_CAPNP 2u

/** Upstream's M0 defaults. What they say of the wire format is not what upstream does. */
typedef struct wmbt_defaults {
    uint32_t block_size_tokens;   /**< 64, 128 or 256 */
    uint32_t hash_function;       /**< WMBT_HASH_... */
    uint32_t wal_chunk_target_mb; /**< 8, 32 or 64 */
    uint32_t wire_format;         /**< WMBT_WIRE_... */
} wmbt_defaults;

/** 128, BLAKE3, 32, MsgPack. */
WMBT_API void wmbt_defaults_init(wmbt_defaults *defaults);

/**
 * Returns ok; in this order: bad-count (block_size_tokens), bad-length (wal_chunk_target_mb),
 * bad-tag (another label, which upstream's types cannot hold).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_defaults_check(const wmbt_defaults *defaults);

WMBT_END_DECLS

#endif

#endif
