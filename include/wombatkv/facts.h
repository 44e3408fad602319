/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of facts, replay of delta facts, and the small rules of upstream's core crate.
 * Source of the rules: docs/FORMATS.md, "Fact order and replay".
 */
#ifndef WOMBATKV_FACTS_H
#define WOMBATKV_FACTS_H

#include "wombatkv/manifest.h"

#if WMBT_CFG_FACTS

WMBT_BEGIN_DECLS

/* --- facts ------------------------------------------------------------------------------------ */

#    define WMBT_WRITE_ID_BYTES 16u

/** What orders a fact. (Replay orders delta facts in another way, see below.) */
typedef struct wmbt_fact_ref {
    uint64_t epoch_ms;                     /**< milliseconds since the Unix epoch */
    uint8_t write_id[WMBT_WRITE_ID_BYTES]; /**< opaque */
} wmbt_fact_ref;

/** -1, 0 or 1: by epoch_ms, then by write_id as unsigned bytes from the first on. */
WMBT_API int wmbt_fact_compare(const wmbt_fact_ref *a, const wmbt_fact_ref *b);

/**
 * The least of `count` facts, the first of those that are equal. Returns ok; missing if there are
 * none; bad-argument (NULL with a count). *winner, its index, is changed only on ok. Time:
 * O(count).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_fact_pick_winner(const wmbt_fact_ref *facts, size_t count,
                                                           size_t *winner);

/** Bytes of a key with texts of so many bytes: enough for every number. */
#    define WMBT_WAL_CHUNK_KEY_BYTES(tenant_bytes, fingerprint_bytes, node_bytes) \
        ((tenant_bytes) + (fingerprint_bytes) + (node_bytes) + 58u)

/**
 * Writes wal/TENANT/FINGERPRINT/EPOCH_MS/chunk-NODE-SEQ.bin, numbers in decimal without padding,
 * and its length to *len. Texts are inserted as they are; a '/' in one makes keys that other texts
 * can make too. (Upstream's store builds its keys in another way: wal.h.)
 * Returns ok; bad-argument (NULL with a length); not-representable (a text is not UTF-8);
 * buffer-too-small. On an error nothing is written. `out` must not overlap the texts.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_wal_chunk_key(wmbt_view tenant, wmbt_view fingerprint,
                                                        uint64_t epoch_ms, wmbt_view node,
                                                        uint64_t seq, wmbt_buf out, size_t *len);

/** How many bytes at the start of `resident` (one a block, 0: not there) are not 0. Empty for NULL
 * with a length. */
WMBT_API size_t wmbt_contiguous_resident_prefix(wmbt_view resident);

/* --- defaults --------------------------------------------------------------------------------- */

/* Labels. Values are pinned, by us. */
#    define WMBT_HASH_BLAKE3 0u
#    define WMBT_HASH_XXHASH3 1u
#    define WMBT_WIRE_MSGPACK 0u
#    define WMBT_WIRE_FLATBUFFERS 1u
#    define WMBT_WIRE_CAPNP 2u

/** Upstream's M0 defaults. What they say of the wire format is not what upstream does. */
typedef struct wmbt_m0_defaults {
    uint32_t block_size_tokens;   /**< 64, 128 or 256 */
    uint32_t hash_function;       /**< WMBT_HASH_... */
    uint32_t wal_chunk_target_mb; /**< 8, 32 or 64 */
    uint32_t wire_format;         /**< WMBT_WIRE_... */
} wmbt_m0_defaults;

/** 128, BLAKE3, 32, MsgPack. */
WMBT_API void wmbt_m0_defaults_init(wmbt_m0_defaults *defaults);

/**
 * Returns ok; in this order: bad-count (block_size_tokens), bad-length (wal_chunk_target_mb),
 * bad-tag (another label, which upstream's types cannot hold).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_m0_defaults_check(const wmbt_m0_defaults *defaults);

/* --- replay ----------------------------------------------------------------------------------- */

/** Bytes of workspace for a replay of `count` facts; aligned as uint32_t. */
#    define WMBT_REPLAY_BYTES(count) ((size_t)12u * (count))

/** Most facts of one replay. */
#    define WMBT_REPLAY_MAX_FACTS (SIZE_MAX / 12u < UINT32_MAX ? SIZE_MAX / 12u : UINT32_MAX)

/**
 * Result of a replay. Keeps the facts and the workspace; both must stay as they are. Read `count`,
 * `winners`, `idempotent` and `conflicts`; keep out of the rest.
 */
typedef struct wmbt_replay {
    const wmbt_delta *facts;
    uint32_t *order;     /* facts in the order of replay */
    uint32_t *winner_of; /* for each place in `order`: the place of the key's winner */
    uint32_t *by_key;    /* places of the winners in the order of keys */
    size_t count;        /**< facts */
    size_t winners;
    size_t idempotent; /**< facts that lost and carry the winner's payload digest */
    size_t conflicts;  /**< facts that lost and carry another */
} wmbt_replay;

/** A fact that lost against another payload. Numbers are indices of the caller's facts. */
typedef struct wmbt_replay_conflict {
    size_t winner; /**< the fact that won the key */
    size_t loser;  /**< the one with another payload digest */
} wmbt_replay_conflict;

/**
 * Replays delta facts: sorted by (epoch_ms, seq, write_id bytes), equal ones in the order given,
 * the first fact of each (tenant_id, fingerprint, prefix_hash) wins and every later one is compared
 * with it. Texts may be empty and schema_version anything, as upstream.
 *
 * Returns ok; bad-argument (NULL with a count or a length); too-large (above
 * WMBT_REPLAY_MAX_FACTS); buffer-misaligned; buffer-too-small (WMBT_REPLAY_BYTES(count)). On an
 * error *replay and `work` are unchanged. Time: at most 4 x count x (log2(count) + 2) compares of
 * facts; a compare of two texts costs their common start. No recursion.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_replay_run(wmbt_replay *replay, const wmbt_delta *facts,
                                                     size_t count, wmbt_buf work);

/**
 * The fact that won the key at `place`, 0 to winners - 1: winners stand in the order of their keys,
 * texts compared as bytes. Returns ok, or end (*fact unchanged). *fact: index of the caller's
 * facts.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_replay_winner(const wmbt_replay *replay, size_t place,
                                                        size_t *fact);

/**
 * The next conflict, in the order of replay. *position: 0 for the first; each call moves it on.
 * Returns ok, or end (nothing changed). All conflicts together: O(count).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_replay_next_conflict(const wmbt_replay *replay,
                                                               size_t *position,
                                                               wmbt_replay_conflict *conflict);

WMBT_END_DECLS

#endif

#endif
