/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay. Expected values are upstream's (golden/vectors, golden/bucket); larger replays are held
 * against a plain quadratic replay written here from docs/FORMATS.md.
 */
#include "wombatkv/replay.h"

#include "../support/test.h"

/* Emulators are slow. */
#if __STDC_HOSTED__
#    define ROUNDS 4000u
#    define MANY 100000u
#else
#    define ROUNDS 400u
#    define MANY 5000u
#endif

#define MAX_FACTS 64u

/* Empty lists are the word "empty". */
static wmbt_view list_of(wmbt_view cell)
{
    return wmbt_test_view_is(cell, "empty") ? wmbt_view_of(NULL, 0) : cell;
}

/* --- order of facts --------------------------------------------------------------------------- */

static void read_fact(wmbt_test *t, wmbt_view cell, wmbt_fact_ref *fact)
{
    fact->epoch_ms = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    wmbt_view id = wmbt_cell_bytes(t, cell);
    T_EQ(t, id.len, WMBT_WRITE_ID_BYTES);
    for (size_t i = 0; i < WMBT_WRITE_ID_BYTES; i++) {
        fact->write_id[i] = id.data[i];
    }
}

static void check_compare(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_fact_ref a, b;
    T_CALL(t, read_fact(t, cells[2], &a));
    T_CALL(t, read_fact(t, cells[3], &b));
    int want = wmbt_test_view_is(cells[7], "-1") ? -1 : (int)wmbt_cell_u64(t, cells[7]);
    T_CHECK(t, wmbt_fact_compare(&a, &b) == want);
    T_CHECK(t, wmbt_fact_compare(&b, &a) == -want);
}

static void check_pick_winner(wmbt_test *t, const wmbt_view *cells)
{
    static wmbt_fact_ref facts[MAX_FACTS];
    wmbt_view list = list_of(cells[2]);
    size_t n = 0, winner = 77;
    for (; list.data != NULL; n++) {
        T_CHECK(t, n < MAX_FACTS);
        T_CALL(t, read_fact(t, wmbt_cell_part(&list, ','), &facts[n]));
    }
    wmbt_status status = wmbt_fact_pick_winner(facts, n, &winner);
    if (wmbt_test_view_is(cells[7], "none")) {
        T_EQ(t, status, WMBT_MISSING);
        T_EQ(t, winner, 77);
    } else {
        T_EQ(t, status, WMBT_OK);
        T_EQ(t, winner, wmbt_cell_u64(t, cells[7]));
    }
}

static void test_rows(wmbt_test *t)
{
    static const struct {
        const char *op;
        void (*check)(wmbt_test *t, const wmbt_view *cells);
    } ops[] = {
        {"compare", check_compare},
        {"pick_winner", check_pick_winner},
    };
    /* of the suites wal, prefix and defaults; and the name of upstream's package */
    static const char *const others[] = {"wal_chunk_key", "contiguous_prefix", "m0_validate",
                                         "m0_default", "crate_id"};
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, "golden/vectors/core_facts.tsv", &file)) {
        return;
    }
    wmbt_table table;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 8);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        bool known = false;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            known = known || wmbt_test_view_is(cells[1], others[i]);
        }
        for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
            if (wmbt_test_view_is(cells[1], ops[i].op)) {
                T_CALL(t, ops[i].check(t, cells));
                known = true;
            }
        }
        T_CHECK(t, known);
    }
}

static void test_no_facts(wmbt_test *t)
{
    size_t winner = 77;
    T_EQ(t, wmbt_fact_pick_winner(NULL, 1, &winner), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_fact_pick_winner(NULL, 0, &winner), WMBT_MISSING);
    T_EQ(t, winner, 77);
}

/* --- replay against upstream's tables --------------------------------------------------------- */

static uint32_t count_parts(wmbt_view list)
{
    uint32_t n = 0;
    while (list.data != NULL) {
        (void)wmbt_cell_part(&list, ',');
        n++;
    }
    return n;
}

static void read_row_delta(wmbt_test *t, wmbt_view cell, wmbt_delta *d)
{
    d->schema_version = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    d->epoch_ms = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    d->seq = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    d->tenant_id = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ':'));
    d->fingerprint = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ':'));
    d->prefix_hash = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ':'));
    d->payload_digest = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ':'));
    d->write_id = wmbt_cell_bytes(t, cell);
}

static bool same_delta(const wmbt_delta *a, const wmbt_delta *b)
{
    return a->schema_version == b->schema_version && a->epoch_ms == b->epoch_ms &&
           a->seq == b->seq && wmbt_test_same_view(a->tenant_id, b->tenant_id) &&
           wmbt_test_same_view(a->fingerprint, b->fingerprint) &&
           wmbt_test_same_view(a->prefix_hash, b->prefix_hash) &&
           wmbt_test_same_view(a->payload_digest, b->payload_digest) &&
           wmbt_test_same_view(a->write_id, b->write_id);
}

/* tenant:fingerprint:prefix_hash:winner_digest:loser_digest:winner_id:loser_id, hex, then
 * winner_epoch:loser_epoch:winner_seq:loser_seq. */
static void check_conflict(wmbt_test *t, wmbt_view row, const wmbt_delta *w, const wmbt_delta *l)
{
    const wmbt_view texts[7] = {w->tenant_id,      w->fingerprint,    w->prefix_hash,
                                w->payload_digest, l->payload_digest, w->write_id,
                                l->write_id};
    const uint64_t numbers[4] = {w->epoch_ms, l->epoch_ms, w->seq, l->seq};
    T_CHECK(t, wmbt_test_same_view(w->tenant_id, l->tenant_id) &&
                   wmbt_test_same_view(w->fingerprint, l->fingerprint) &&
                   wmbt_test_same_view(w->prefix_hash, l->prefix_hash));
    for (size_t i = 0; i < 7u; i++) {
        T_CHECK(t, wmbt_test_same_view(wmbt_cell_bytes(t, wmbt_cell_part(&row, ':')), texts[i]));
    }
    for (size_t i = 0; i < 4u; i++) {
        T_EQ(t, wmbt_cell_u64(t, wmbt_cell_part(&row, ':')), numbers[i]);
    }
    T_CHECK(t, row.data == NULL);
}

static void check_replay_row(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view list = list_of(cells[1]), winners = list_of(cells[5]), rows = list_of(cells[6]);
    size_t n = count_parts(list);
    wmbt_delta *facts = (wmbt_delta *)(void *)wmbt_test_alloc(t, n * sizeof *facts);
    T_CHECK(t, facts != NULL);
    for (size_t i = 0; i < n; i++) {
        T_CALL(t, read_row_delta(t, wmbt_cell_part(&list, ','), &facts[i]));
    }
    /* exactly the memory that is needed */
    wmbt_buf work = wmbt_buf_of(wmbt_test_alloc(t, WMBT_REPLAY_BYTES(n)), WMBT_REPLAY_BYTES(n));
    wmbt_replay r;
    T_EQ(t, wmbt_replay_run(&r, facts, n, work), WMBT_OK);
    T_EQ(t, r.count, n);
    T_EQ(t, r.winners, wmbt_cell_u64(t, cells[2]));
    T_EQ(t, r.idempotent, wmbt_cell_u64(t, cells[3]));
    T_EQ(t, r.conflicts, wmbt_cell_u64(t, cells[4]));
    T_CHECK(t, wmbt_test_view_is(cells[7], "1"));
    size_t place = 0, fact = SIZE_MAX;
    for (; winners.data != NULL; place++) {
        wmbt_delta want;
        T_CALL(t, read_row_delta(t, wmbt_cell_part(&winners, ','), &want));
        T_EQ(t, wmbt_replay_winner(&r, place, &fact), WMBT_OK);
        T_CHECK(t, fact < n && same_delta(&facts[fact], &want));
    }
    T_EQ(t, place, r.winners);
    fact = 77;
    T_EQ(t, wmbt_replay_winner(&r, place, &fact), WMBT_END);
    T_EQ(t, wmbt_replay_winner(&r, SIZE_MAX, &fact), WMBT_END);
    T_EQ(t, fact, 77);

    size_t position = 0, conflicts = 0;
    wmbt_replay_conflict c;
    for (; rows.data != NULL; conflicts++) {
        T_EQ(t, wmbt_replay_next_conflict(&r, &position, &c), WMBT_OK);
        T_CHECK(t, c.winner < n && c.loser < n);
        T_CALL(t, check_conflict(t, wmbt_cell_part(&rows, ','), &facts[c.winner], &facts[c.loser]));
    }
    T_EQ(t, conflicts, r.conflicts);
    size_t kept = position;
    wmbt_test_fill(&c, sizeof c);
    T_EQ(t, wmbt_replay_next_conflict(&r, &position, &c), WMBT_END);
    T_EQ(t, position, kept);
    T_CHECK(t, wmbt_test_is_filled(&c, sizeof c));
    position = SIZE_MAX;
    T_EQ(t, wmbt_replay_next_conflict(&r, &position, &c), WMBT_END);
}

static void test_replay_rows(wmbt_test *t)
{
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, "golden/vectors/core_replay.tsv", &file)) {
        return;
    }
    wmbt_table table;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 8);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        T_CALL(t, check_replay_row(t, cells));
    }
}

/* In the order of deltas.tsv. */
static void set_delta(wmbt_delta *d, const char *tenant, const char *fingerprint, const char *hash,
                      uint64_t epoch, uint64_t seq, const char *id, const char *digest)
{
    d->schema_version = 1;
    d->epoch_ms = epoch;
    d->seq = seq;
    d->tenant_id = wmbt_test_text(tenant);
    d->fingerprint = wmbt_test_text(fingerprint);
    d->prefix_hash = wmbt_test_text(hash);
    d->payload_digest = wmbt_test_text(digest);
    d->write_id = wmbt_test_text(id);
}

/* delta-conflict-fixture.json and what docs/FORMATS.md says of it. */
static void test_fixture(wmbt_test *t)
{
    wmbt_delta facts[5];
    set_delta(&facts[0], "tenant-b", "fp-2", "h-2", 1700000000201, 1, "w-5", "digest-d");
    set_delta(&facts[1], "tenant-a", "fp-1", "h-1", 1700000000102, 1, "w-3", "digest-b");
    set_delta(&facts[2], "tenant-b", "fp-2", "h-2", 1700000000200, 1, "w-4", "digest-c");
    set_delta(&facts[3], "tenant-a", "fp-1", "h-1", 1700000000101, 1, "w-2", "digest-a");
    set_delta(&facts[4], "tenant-a", "fp-1", "h-1", 1700000000100, 1, "w-1", "digest-a");
    uint32_t work[15];
    wmbt_replay r;
    wmbt_replay_conflict c;
    size_t position = 0, fact = 0;
    T_EQ(t, wmbt_replay_run(&r, facts, 5, wmbt_buf_of(work, sizeof work)), WMBT_OK);
    T_EQ(t, r.winners, 2);
    T_EQ(t, r.idempotent, 1);
    T_EQ(t, r.conflicts, 2);
    T_EQ(t, wmbt_replay_winner(&r, 0, &fact), WMBT_OK);
    T_EQ(t, fact, 4);
    T_EQ(t, wmbt_replay_winner(&r, 1, &fact), WMBT_OK);
    T_EQ(t, fact, 2);
    T_EQ(t, wmbt_replay_next_conflict(&r, &position, &c), WMBT_OK);
    T_EQ(t, c.winner, 4);
    T_EQ(t, c.loser, 1);
    T_EQ(t, wmbt_replay_next_conflict(&r, &position, &c), WMBT_OK);
    T_EQ(t, c.winner, 2);
    T_EQ(t, c.loser, 0);
    T_EQ(t, wmbt_replay_next_conflict(&r, &position, &c), WMBT_END);
}

/* --- the sample bucket ------------------------------------------------------------------------ */

#define FOLDER "golden/bucket/bucket/deltas/tenant-a/fp-5f1c0a9b/"
static const char *const delta_files[] = {
    FOLDER "delta-000.json",        FOLDER "delta-001.json", FOLDER "delta-002.json",
    FOLDER "delta-003.json",        FOLDER "delta-004.json", FOLDER "delta-bad-type.json",
    FOLDER "delta-empty-hash.json",
};
#define DELTA_FILES (sizeof delta_files / sizeof delta_files[0])

typedef struct bucket {
    wmbt_delta facts[DELTA_FILES];
    size_t count;
    wmbt_replay replay;
    uint32_t work[3u * DELTA_FILES];
    size_t winners, conflicts, position;
} bucket;

static bool ends_with(wmbt_view text, wmbt_view end)
{
    return text.len >= end.len &&
           wmbt_test_same(text.data + (text.len - end.len), end.data, end.len);
}

/* delta_read FILE OUTCOME */
static void check_bucket_read(wmbt_test *t, bucket *b, wmbt_view row)
{
    wmbt_view name = wmbt_cell_part(&row, '\t'), text;
    size_t i = 0;
    while (i < DELTA_FILES && !ends_with(wmbt_test_text(delta_files[i]), name)) {
        i++;
    }
    T_CHECK(t, i < DELTA_FILES && wmbt_test_data(t, delta_files[i], &text));
    wmbt_json_error error;
    wmbt_status status = wmbt_delta_read(text, wmbt_buf_of(NULL, 0), &b->facts[b->count], &error);
    uint32_t want = wmbt_test_view_is(row, "ok")     ? WMBT_JSON_NO_ERROR
                    : wmbt_test_view_is(row, "Json") ? WMBT_JSON_DOCUMENT
                                                     : WMBT_JSON_EMPTY_FIELD;
    T_EQ(t, error.kind, want);
    T_CHECK(t, want != WMBT_JSON_EMPTY_FIELD || wmbt_test_view_is(row, "EmptyField"));
    b->count += status == WMBT_OK;
}

/* delta_winner TENANT FINGERPRINT PREFIX_HASH EPOCH SEQ WRITE_ID DIGEST */
static void check_bucket_winner(wmbt_test *t, bucket *b, wmbt_view row)
{
    size_t fact = 0;
    if (b->winners == 0u) {
        T_EQ(t,
             wmbt_replay_run(&b->replay, b->facts, b->count, wmbt_buf_of(b->work, sizeof b->work)),
             WMBT_OK);
    }
    T_EQ(t, wmbt_replay_winner(&b->replay, b->winners++, &fact), WMBT_OK);
    const wmbt_delta *d = &b->facts[fact];
    T_CHECK(t, wmbt_test_same_view(d->tenant_id, wmbt_cell_part(&row, '\t')));
    T_CHECK(t, wmbt_test_same_view(d->fingerprint, wmbt_cell_part(&row, '\t')));
    T_CHECK(t, wmbt_test_same_view(d->prefix_hash, wmbt_cell_part(&row, '\t')));
    T_EQ(t, d->epoch_ms, wmbt_cell_u64(t, wmbt_cell_part(&row, '\t')));
    T_EQ(t, d->seq, wmbt_cell_u64(t, wmbt_cell_part(&row, '\t')));
    T_CHECK(t, wmbt_test_same_view(d->write_id, wmbt_cell_part(&row, '\t')));
    T_CHECK(t, wmbt_test_same_view(d->payload_digest, row));
}

/* delta_conflict TENANT FINGERPRINT PREFIX_HASH WINNER_DIGEST LOSER_DIGEST WINNER_ID LOSER_ID
 * WINNER_EPOCH LOSER_EPOCH WINNER_SEQ LOSER_SEQ */
static void check_bucket_conflict(wmbt_test *t, bucket *b, wmbt_view row)
{
    wmbt_replay_conflict c;
    T_EQ(t, wmbt_replay_next_conflict(&b->replay, &b->position, &c), WMBT_OK);
    const wmbt_delta *w = &b->facts[c.winner], *l = &b->facts[c.loser];
    const wmbt_view texts[7] = {w->tenant_id,      w->fingerprint,    w->prefix_hash,
                                w->payload_digest, l->payload_digest, w->write_id,
                                l->write_id};
    const uint64_t numbers[4] = {w->epoch_ms, l->epoch_ms, w->seq, l->seq};
    for (size_t i = 0; i < 7u; i++) {
        T_CHECK(t, wmbt_test_same_view(wmbt_cell_part(&row, '\t'), texts[i]));
    }
    for (size_t i = 0; i < 4u; i++) {
        T_EQ(t, wmbt_cell_u64(t, wmbt_cell_part(&row, '\t')), numbers[i]);
    }
    b->conflicts++;
}

static void check_bucket_stats(wmbt_test *t, bucket *b, wmbt_view row)
{
    T_EQ(t, b->replay.winners, wmbt_cell_u64(t, wmbt_cell_part(&row, '\t')));
    T_EQ(t, b->replay.idempotent, wmbt_cell_u64(t, wmbt_cell_part(&row, '\t')));
    T_EQ(t, b->replay.conflicts, wmbt_cell_u64(t, row));
}

/* Rows have as many cells as their kind wants, so this is not a wmbt_table. */
static void test_bucket(wmbt_test *t)
{
    static const struct {
        const char *kind;
        void (*check)(wmbt_test *t, bucket *b, wmbt_view row);
    } kinds[] = {
        {"delta_read", check_bucket_read},
        {"delta_winner", check_bucket_winner},
        {"delta_stats", check_bucket_stats},
        {"delta_conflict", check_bucket_conflict},
    };
    wmbt_view file;
    bucket *b = (bucket *)(void *)wmbt_test_alloc(t, sizeof *b);
    if (b == NULL || !wmbt_test_data(t, "golden/bucket/deltas.tsv", &file)) {
        return;
    }
    while (file.data != NULL) {
        wmbt_view row = wmbt_cell_part(&file, '\n');
        if (row.len == 0u || row.data[0] == (uint8_t)'#') {
            continue;
        }
        wmbt_test_where(t, row);
        wmbt_view kind = wmbt_cell_part(&row, '\t');
        bool known = false;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            if (wmbt_test_view_is(kind, kinds[i].kind)) {
                T_CALL(t, kinds[i].check(t, b, row));
                known = true;
            }
        }
        T_CHECK(t, known);
    }
    T_EQ(t, b->count, 5);
    T_EQ(t, b->winners, b->replay.winners);
    T_EQ(t, b->conflicts, b->replay.conflicts);
}

/* --- replay against a plain one --------------------------------------------------------------- */

static int compare_texts(wmbt_view a, wmbt_view b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (a.data[i] != b.data[i]) {
            return a.data[i] < b.data[i] ? -1 : 1;
        }
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

/* True if fact a of the input is replayed before fact b. */
static bool goes_before(const wmbt_delta *facts, size_t a, size_t b)
{
    const wmbt_delta *x = &facts[a], *y = &facts[b];
    if (x->epoch_ms != y->epoch_ms) {
        return x->epoch_ms < y->epoch_ms;
    }
    if (x->seq != y->seq) {
        return x->seq < y->seq;
    }
    int order = compare_texts(x->write_id, y->write_id);
    return order != 0 ? order < 0 : a < b;
}

static int compare_keys(const wmbt_delta *x, const wmbt_delta *y)
{
    int order = compare_texts(x->tenant_id, y->tenant_id);
    order = order != 0 ? order : compare_texts(x->fingerprint, y->fingerprint);
    return order != 0 ? order : compare_texts(x->prefix_hash, y->prefix_hash);
}

/* The winner of a fact's key: the first in the order of replay. */
static size_t plain_winner(const wmbt_delta *facts, size_t n, size_t fact)
{
    size_t best = fact;
    for (size_t i = 0; i < n; i++) {
        if (compare_keys(&facts[i], &facts[fact]) == 0 && goes_before(facts, i, best)) {
            best = i;
        }
    }
    return best;
}

/* Checks a result by what it must be, fact by fact: O(n^2). */
static void check_replay(wmbt_test *t, const wmbt_replay *r, const wmbt_delta *facts, size_t n)
{
    size_t winners = 0, idempotent = 0, conflicts = 0;
    for (size_t i = 0; i < n; i++) {
        size_t w = plain_winner(facts, n, i);
        winners += w == i;
        idempotent +=
            w != i && wmbt_test_same_view(facts[w].payload_digest, facts[i].payload_digest);
        conflicts +=
            w != i && !wmbt_test_same_view(facts[w].payload_digest, facts[i].payload_digest);
    }
    T_EQ(t, r->winners, winners);
    T_EQ(t, r->idempotent, idempotent);
    T_EQ(t, r->conflicts, conflicts);
    size_t last = 0, fact = 0, position = 0;
    for (size_t i = 0; i < winners; i++) {
        T_EQ(t, wmbt_replay_winner(r, i, &fact), WMBT_OK);
        T_EQ(t, plain_winner(facts, n, fact), fact);
        T_CHECK(t, i == 0u || compare_keys(&facts[last], &facts[fact]) < 0);
        last = fact;
    }
    wmbt_replay_conflict c, before = {0, 0};
    for (size_t i = 0; i < conflicts; i++) {
        T_EQ(t, wmbt_replay_next_conflict(r, &position, &c), WMBT_OK);
        T_EQ(t, plain_winner(facts, n, c.loser), c.winner);
        T_CHECK(
            t, !wmbt_test_same_view(facts[c.winner].payload_digest, facts[c.loser].payload_digest));
        T_CHECK(t, i == 0u || goes_before(facts, before.loser, c.loser));
        before = c;
    }
    T_EQ(t, wmbt_replay_next_conflict(r, &position, &c), WMBT_END);
}

/* Small alphabets, so that every sort of tie occurs; every count up to 40. */
static void test_random(wmbt_test *t)
{
    static const char *const texts[] = {"", "a", "ab", "b", "\xC3\xA9"};
    uint32_t state = 2024;
    wmbt_delta *facts = (wmbt_delta *)(void *)wmbt_test_alloc(t, 40u * sizeof *facts);
    uint32_t *work = (uint32_t *)(void *)wmbt_test_alloc(t, WMBT_REPLAY_BYTES(40));
    T_CHECK(t, facts != NULL && work != NULL);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        size_t n = round % 41u;
        uint32_t spread = 1u + wmbt_test_random(&state) % 5u;
        for (size_t i = 0; i < n; i++) {
            uint32_t x = wmbt_test_random(&state);
            set_delta(&facts[i], texts[x % spread], texts[x / 7u % spread], texts[x / 49u % spread],
                      x / 343u % spread, x / 2401u % spread, texts[x / 16807u % spread],
                      texts[x / 117649u % spread]);
        }
        wmbt_replay r;
        T_EQ(t, wmbt_replay_run(&r, facts, n, wmbt_buf_of(work, WMBT_REPLAY_BYTES(n))), WMBT_OK);
        T_CALL(t, check_replay(t, &r, facts, n));
    }
}

/* Orders that are the worst case of one sort or another; far above n log n this would not end. */
static void test_hostile_orders(wmbt_test *t)
{
    static const size_t n = MANY;
    wmbt_delta *facts = (wmbt_delta *)(void *)wmbt_test_alloc(t, n * sizeof *facts);
    wmbt_buf work = wmbt_buf_of(wmbt_test_alloc(t, WMBT_REPLAY_BYTES(n)), WMBT_REPLAY_BYTES(n));
    T_CHECK(t, facts != NULL && work.data != NULL);
    uint32_t state = 5;
    for (uint32_t order = 0; order < 6u; order++) {
        for (size_t i = 0; i < n; i++) {
            size_t at = order == 0u   ? i                                    /* ascending */
                        : order == 1u ? n - i                                /* descending */
                        : order == 2u ? 0u                                   /* all equal */
                        : order == 3u ? (i < n / 2u ? i : n - i)             /* organ pipes */
                        : order == 4u ? (i & 1u) * n + i                     /* saw */
                                      : wmbt_test_random(&state) % (n / 4u); /* noise, with ties */
            set_delta(&facts[i], "t", "f", "h", at / 1000u, at % 1000u, "w",
                      (i & 1u) != 0u ? "x" : "y");
            facts[i].prefix_hash =
                wmbt_view_of((const uint8_t *)&facts[i].seq, order < 3u ? 0u : 2u);
        }
        wmbt_replay r;
        T_EQ(t, wmbt_replay_run(&r, facts, n, work), WMBT_OK);
        T_EQ(t, r.winners + r.idempotent + r.conflicts, n);
        size_t position = 0, conflicts = 0;
        wmbt_replay_conflict c, before = {0, 0};
        while (wmbt_replay_next_conflict(&r, &position, &c) == WMBT_OK) {
            T_CHECK(t, conflicts == 0u || goes_before(facts, before.loser, c.loser));
            before = c;
            conflicts++;
        }
        T_EQ(t, conflicts, r.conflicts);
        if (order < 3u) {
            T_EQ(t, r.winners, 1);
            T_EQ(t, r.conflicts, n / 2u);
        }
    }
}

static void test_replay_arguments(wmbt_test *t)
{
    wmbt_delta facts[3];
    uint32_t work[10];
    uint8_t *bytes = (uint8_t *)work;
    wmbt_replay r;
    for (size_t i = 0; i < 3u; i++) {
        set_delta(&facts[i], "t", "f", "h", 3u - i, 0, "w", "d");
    }
    wmbt_test_fill(&r, sizeof r);
    wmbt_test_fill(work, sizeof work);
    T_EQ(t, wmbt_replay_run(&r, NULL, 1, wmbt_buf_of(work, 36)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_replay_run(&r, facts, 3, wmbt_buf_of(NULL, 36)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_replay_run(&r, facts, 3, wmbt_buf_of(work, 35)), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_replay_run(&r, facts, 1, wmbt_buf_of(NULL, 0)), WMBT_BUFFER_TOO_SMALL);
    for (size_t i = 1; i < _Alignof(uint32_t); i++) {
        T_EQ(t, wmbt_replay_run(&r, facts, 3, wmbt_buf_of(bytes + i, 36)), WMBT_BUFFER_MISALIGNED);
    }
    T_EQ(t, wmbt_replay_run(&r, facts, SIZE_MAX, wmbt_buf_of(work, 36)), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_replay_run(&r, facts, WMBT_REPLAY_MAX_FACTS + (size_t)1, wmbt_buf_of(work, 36)),
         WMBT_TOO_LARGE);
    for (size_t i = 0; i < 15u; i++) {
        wmbt_delta *f = &facts[i / 5u];
        wmbt_view *const views[5] = {&f->tenant_id, &f->fingerprint, &f->prefix_hash,
                                     &f->payload_digest, &f->write_id};
        const uint8_t *kept = views[i % 5u]->data;
        views[i % 5u]->data = NULL;
        T_EQ(t, wmbt_replay_run(&r, facts, 3, wmbt_buf_of(work, 36)), WMBT_BAD_ARGUMENT);
        views[i % 5u]->data = kept;
    }
    T_CHECK(t, wmbt_test_is_filled(&r, sizeof r) && wmbt_test_is_filled(work, sizeof work));
    /* no facts need no memory; more than is needed is left alone */
    T_EQ(t, wmbt_replay_run(&r, NULL, 0, wmbt_buf_of(NULL, 0)), WMBT_OK);
    T_EQ(t, r.winners, 0);
    T_EQ(t, wmbt_replay_run(&r, facts, 3, wmbt_buf_of(work, sizeof work)), WMBT_OK);
    T_CHECK(t, wmbt_test_is_filled(&work[9], 4));
}

static const wmbt_case cases[] = {
    {"upstream's order of facts", test_rows, 8192, "golden/vectors/core_facts.tsv"},
    {"no facts", test_no_facts, 0, NULL},
    {"upstream's replays", test_replay_rows, 400000, "golden/vectors/core_replay.tsv"},
    {"upstream's conflict fixture", test_fixture, 0, NULL},
    {"deltas of the sample bucket", test_bucket, 4096, "golden/bucket/deltas.tsv " FOLDER},
    {"random replays against a plain one", test_random, 8192, NULL},
    {"hostile orders of many facts", test_hostile_orders, (sizeof(wmbt_delta) + 12u) * MANY + 128u,
     NULL},
    {"arguments of a replay", test_replay_arguments, 0, NULL},
};
WMBT_SUITE(replay, cases);
