/* SPDX-License-Identifier: Apache-2.0 */
/* Order of facts and replay. docs/FORMATS.md, "Fact order and replay". */
#include "wombatkv/replay.h"

#include "base/bytes.h"

#if WMBT_CFG_REPLAY

/* --- facts ------------------------------------------------------------------------------------ */

static int wmbt_compare_u64(uint64_t a, uint64_t b)
{
    if (a == b) {
        return 0;
    }
    return a < b ? -1 : 1;
}

int wmbt_fact_compare(const wmbt_fact_ref *a, const wmbt_fact_ref *b)
{
    int order = wmbt_compare_u64(a->epoch_ms, b->epoch_ms);
    if (order != 0) {
        return order;
    }
    return wmbt_bytes_compare(wmbt_view_of(a->write_id, WMBT_WRITE_ID_BYTES),
                              wmbt_view_of(b->write_id, WMBT_WRITE_ID_BYTES));
}

wmbt_status wmbt_fact_pick_winner(const wmbt_fact_ref *facts, size_t count, size_t *winner)
{
    if (facts == NULL && count != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (count == 0u) {
        return WMBT_MISSING;
    }
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        if (wmbt_fact_compare(&facts[i], &facts[best]) < 0) {
            best = i;
        }
    }
    *winner = best;
    return WMBT_OK;
}

/* --- replay ----------------------------------------------------------------------------------- */

static int wmbt_replay_compare_order(const wmbt_delta *a, const wmbt_delta *b)
{
    int order = wmbt_compare_u64(a->epoch_ms, b->epoch_ms);
    if (order == 0) {
        order = wmbt_compare_u64(a->seq, b->seq);
    }
    return order != 0 ? order : wmbt_bytes_compare(a->write_id, b->write_id);
}

static int wmbt_replay_compare_key(const wmbt_delta *a, const wmbt_delta *b)
{
    int order = wmbt_bytes_compare(a->tenant_id, b->tenant_id);
    if (order == 0) {
        order = wmbt_bytes_compare(a->fingerprint, b->fingerprint);
    }
    return order != 0 ? order : wmbt_bytes_compare(a->prefix_hash, b->prefix_hash);
}

/* What is sorted: indices of facts by the order of replay, or, if `order` is not NULL, places in
 * `order` by key. Equal elements keep the order of their numbers, so no two are equal. */
typedef struct wmbt_replay_sort {
    const wmbt_delta *facts;
    const uint32_t *order;
    uint32_t *elements;
} wmbt_replay_sort;

static bool wmbt_replay_less(const wmbt_replay_sort *s, uint32_t a, uint32_t b)
{
    int order = s->order == NULL
                    ? wmbt_replay_compare_order(&s->facts[a], &s->facts[b])
                    : wmbt_replay_compare_key(&s->facts[s->order[a]], &s->facts[s->order[b]]);
    return order != 0 ? order < 0 : a < b;
}

/* Moves the element at `root` down until no child is greater. Children of i: 2i + 1 and 2i + 2. */
static void wmbt_replay_sift(const wmbt_replay_sort *s, size_t root, size_t count)
{
    uint32_t moved = s->elements[root];
    while (root < count / 2u) {
        size_t child = 2u * root + 1u;
        if (child + 1u < count &&
            wmbt_replay_less(s, s->elements[child], s->elements[child + 1u])) {
            child++;
        }
        if (!wmbt_replay_less(s, moved, s->elements[child])) {
            break;
        }
        s->elements[root] = s->elements[child];
        root = child;
    }
    s->elements[root] = moved;
}

/* Heapsort: no recursion, no memory, and its worst case is n log n too. */
static void wmbt_replay_sort_run(const wmbt_replay_sort *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->elements[i] = (uint32_t)i;
    }
    for (size_t i = count; i != 0u;) { /* those in the second half have no children */
        i--;
        wmbt_replay_sift(s, i, count);
    }
    for (size_t n = count; n > 1u; n--) {
        uint32_t greatest = s->elements[0];
        s->elements[0] = s->elements[n - 1u];
        s->elements[n - 1u] = greatest;
        wmbt_replay_sift(s, 0, n - 1u);
    }
}

/* Finds the winner of each place and counts. In by_key, places of one key stand together, the
 * winner's first; only winners stay there. */
static void wmbt_replay_settle(wmbt_replay *r)
{
    const wmbt_delta *winner = NULL;
    uint32_t winner_place = 0;
    for (size_t i = 0; i < r->count; i++) {
        uint32_t place = r->by_key[i];
        const wmbt_delta *fact = &r->facts[r->order[place]];
        if (winner == NULL || wmbt_replay_compare_key(winner, fact) != 0) {
            winner = fact;
            winner_place = place;
            r->by_key[r->winners++] = place;
        } else if (wmbt_view_equal(winner->payload_digest, fact->payload_digest)) {
            r->idempotent++;
        } else {
            r->conflicts++;
        }
        r->winner_of[place] = winner_place;
    }
}

static bool wmbt_replay_has_bad_view(const wmbt_delta *f)
{
    return wmbt_view_is_bad(f->tenant_id) || wmbt_view_is_bad(f->fingerprint) ||
           wmbt_view_is_bad(f->prefix_hash) || wmbt_view_is_bad(f->payload_digest) ||
           wmbt_view_is_bad(f->write_id);
}

wmbt_status wmbt_replay_run(wmbt_replay *replay, const wmbt_delta *facts, size_t count,
                            wmbt_buf work)
{
    if ((facts == NULL && count != 0u) || wmbt_buf_is_bad(work)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (count > WMBT_REPLAY_MAX_FACTS) {
        return WMBT_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (wmbt_replay_has_bad_view(&facts[i])) {
            return WMBT_BAD_ARGUMENT;
        }
    }
    if (!wmbt_is_aligned(work.data, WMBT_ALIGNOF(uint32_t))) {
        return WMBT_BUFFER_MISALIGNED;
    }
    if (work.len < WMBT_REPLAY_BYTES(count)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    uint32_t *words = (uint32_t *)(void *)work.data;
    replay->facts = facts;
    replay->order = words;
    replay->winner_of = count == 0u ? words : words + count;
    replay->by_key = count == 0u ? words : words + 2u * count;
    replay->count = count;
    replay->winners = 0;
    replay->idempotent = 0;
    replay->conflicts = 0;

    wmbt_replay_sort sort;
    sort.facts = facts;
    sort.order = NULL;
    sort.elements = replay->order;
    wmbt_replay_sort_run(&sort, count);
    sort.order = replay->order;
    sort.elements = replay->by_key;
    wmbt_replay_sort_run(&sort, count);
    wmbt_replay_settle(replay);
    return WMBT_OK;
}

wmbt_status wmbt_replay_winner(const wmbt_replay *replay, size_t place, size_t *fact)
{
    if (place >= replay->winners) {
        return WMBT_END;
    }
    *fact = replay->order[replay->by_key[place]];
    return WMBT_OK;
}

wmbt_status wmbt_replay_next_conflict(const wmbt_replay *replay, size_t *position,
                                      wmbt_replay_conflict *conflict)
{
    for (size_t i = *position; i < replay->count; i++) {
        uint32_t place = replay->winner_of[i];
        const wmbt_delta *winner = &replay->facts[replay->order[place]];
        const wmbt_delta *loser = &replay->facts[replay->order[i]];
        if (place != i && !wmbt_view_equal(winner->payload_digest, loser->payload_digest)) {
            conflict->winner = replay->order[place];
            conflict->loser = replay->order[i];
            *position = i + 1u;
            return WMBT_OK;
        }
    }
    return WMBT_END;
}

#endif
