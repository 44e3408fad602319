/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of facts, and replay of delta facts: which of them win, which conflict.
 * Source of the rules: docs/FORMATS.md, "Fact order and replay".
 */
#ifndef WOMBATKV_REPLAY_H
#define WOMBATKV_REPLAY_H

#include "wombatkv/manifest.h"

#if WMBT_CFG_REPLAY

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

/* --- replay ----------------------------------------------------------------------------------- */

/** Bytes of workspace for a replay of `count` facts; aligned as uint32_t. */
#    define WMBT_REPLAY_BYTES(count) (12u * WMBT_SIZE(count))

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
