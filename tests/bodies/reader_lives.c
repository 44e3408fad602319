/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: at every point of an object's life it is dropped, started over, asked for again, or its
 * bytes fail to come. What follows gives the right plan; memory that was lent is not touched once
 * its object has let go of it; wants that are gone change nothing.
 */
#include "../support/drive.h"

#define POISON 0xEEu

#define ACT_NONE 0u
#define ACT_RESET 1u
#define ACT_RETRY 2u
#define ACT_RESTART 3u
#define ACT_MISSING 4u
#define ACT_FAIL 5u
#define ACTS 6u

#define OWN_STATUS 200 /* of the caller's own */

typedef struct life {
    wmbt_test *t;
    drive_bucket x;
    drive *d;
    uint32_t how;
    bool raw_poisoned, stored_poisoned; /* memory lent was given back and filled */
    wmbt_want last;                     /* the want before the one at hand */
    bool has_last;
} life;

/* Memory that is the caller's again is used for something else. */
static void poison(life *l)
{
    drive *d = l->d;
    for (uint32_t i = 0; i < d->raw_lent; i++) {
        d->raw[i] = POISON;
    }
    for (uint32_t i = 0; i < d->stored_lent; i++) {
        d->stored[i] = POISON;
    }
    l->raw_poisoned = true;
    l->stored_poisoned = true;
}

static void check_poison(life *l)
{
    drive *d = l->d;
    for (uint32_t i = 0; l->raw_poisoned && i < d->raw_lent; i++) {
        D_CHECK(d, d->raw[i] == POISON);
    }
    for (uint32_t i = 0; l->stored_poisoned && i < d->stored_lent; i++) {
        D_CHECK(d, d->stored[i] == POISON);
    }
}

/* One call, and what it means for memory that is lent, and for the want before it. */
static bool step(life *l)
{
    drive *d = l->d;
    bool was_open = d->open;
    bool more = drive_step(d);
    if (l->t->failed) {
        return false;
    }
    if (!was_open && d->open) {
        if (l->has_last) {
            drive_check_stale(d, &l->last);
        }
        l->last = d->want;
        l->has_last = true;
    }
    if (d->want.kind == WMBT_WANT_MEMORY && was_open) {
        l->raw_poisoned = l->raw_poisoned && d->want.plain_bytes == 0u;
        l->stored_poisoned = false;
    }
    if (d->raw_lent != 0u && !l->raw_poisoned && !wmbt_reader_in_flight(d->r, l->x.object)) {
        if (d->said == WMBT_END && !wmbt_test_same(d->raw, l->x.plain.data, l->x.plain.len)) {
            drive_fail(d, __FILE__, __LINE__, "memory lent holds the plain object");
        }
        poison(l);
    }
    return more;
}

/* The want is about a chunk, or memory for chunks: the manifest is there. */
static bool is_chunk(life *l, const wmbt_want *want)
{
    if (want->kind == WMBT_WANT_MEMORY) {
        return l->x.at[0] != l->x.at[1];
    }
    const bucket_object *chunk = &l->x.b->object[l->x.at[1]];
    uint8_t key[256];
    size_t len = 0;
    return l->x.at[0] != l->x.at[1] &&
           wmbt_reader_want_key(l->d->r, want, wmbt_buf_of(key, sizeof key), &len) == WMBT_OK &&
           len == chunk->key_len && wmbt_test_same(key, chunk->key, len);
}

/* Of a tail that was started over nothing is known. */
static void check_forgotten(life *l, const wmbt_want *want)
{
    drive *d = l->d;
    wmbt_reader_object state;
    wmbt_piece piece;
    if (want->object == WMBT_READER_TAIL) {
        D_CHECK(d, wmbt_reader_object_state(d->r, WMBT_READER_TAIL, &state) == WMBT_OK);
        D_CHECK(d, state.total_tokens == 0u && state.raw_rows == 0u);
        D_CHECK(d, wmbt_reader_piece(d->r, WMBT_READER_TAIL, 0, NULL, &piece) == WMBT_MISSING);
    }
}

/* Does it, and says what the object of the want is to be settled with then; need-more: nothing in
 * particular. */
static wmbt_status act(life *l, uint32_t what)
{
    drive *d = l->d;
    wmbt_want want = d->want;
    bool open = d->open;
    wmbt_status fate = WMBT_NEED_MORE, said = WMBT_OK;
    if (what == ACT_RESET) {
        uint32_t raw = d->raw_lent, stored = d->stored_lent;
        drive_reset(d, l->how, DRIVE_ALL);
        d->raw_lent = raw;
        d->stored_lent = stored;
        poison(l);
    } else if (!open) {
        return WMBT_NEED_MORE;
    } else if (what == ACT_RETRY) {
        said = wmbt_reader_retry(d->r, &want);
    } else if (what == ACT_RESTART) {
        said = wmbt_reader_restart(d->r, &want);
        if (want.object == l->x.object) {
            poison(l);
        }
        check_forgotten(l, &want);
    } else if (what != ACT_NONE) {
        fate = what == ACT_FAIL ? OWN_STATUS : is_chunk(l, &want) ? WMBT_TRUNCATED : WMBT_MISSING;
        said = wmbt_reader_fail(d->r, &want, what == ACT_FAIL ? OWN_STATUS : WMBT_MISSING);
        if (want.kind == WMBT_WANT_PRESENCE) {
            fate = WMBT_NEED_MORE;
        } else if (want.object == l->x.object) {
            poison(l);
        }
    }
    if (said != WMBT_OK) {
        drive_fail(d, __FILE__, __LINE__, "an open want can be answered so");
    }
    if (what != ACT_NONE && open && !l->t->failed) {
        drive_check_stale(d, &want);
    }
    if (what != ACT_NONE) {
        drive_forget(d);
    }
    return fate;
}

/* Of the object, with its chunk. */
static size_t stored_bytes(const life *l)
{
    const bucket_object *o = l->x.b->object;
    size_t own = o[l->x.at[0]].bytes.len;
    return l->x.at[0] == l->x.at[1] ? own : own + o[l->x.at[1]].bytes.len;
}

static void check_end(life *l, uint32_t object, wmbt_status fate)
{
    drive *d = l->d;
    wmbt_test *t = l->t;
    bool tail = l->x.object == WMBT_READER_TAIL;
    wmbt_plan plan;
    T_EQ(t, d->said, WMBT_END);
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
    uint32_t blocks = tail ? 1u : 2u;
    if (fate != WMBT_NEED_MORE) {
        T_EQ(t, drive_status(d, object), fate);
        T_EQ(t, drive_trust(d, object), WMBT_TRUST_STAGED);
        blocks = object < blocks ? object : blocks;
    }
    T_EQ(t, plan.load_blocks, blocks);
    T_EQ(t, plan.load_tail, tail && fate == WMBT_NEED_MORE);
    if (l->x.object != object || fate == WMBT_NEED_MORE) {
        bool usable = tail ? plan.load_tail != 0u : blocks != 0u;
        if (usable) {
            wmbt_reader_object state;
            T_EQ(t, drive_trust(d, l->x.object), WMBT_TRUST_USABLE);
            T_EQ(t, wmbt_reader_object_state(d->r, l->x.object, &state), WMBT_OK);
            T_EQ(t, state.bytes, stored_bytes(l));
            drive_check_rows(d, l->x.object, l->x.plain);
        }
    }
}

/* A life with something done before call number `at`. Returns false if it is over by then. */
static bool live(life *l, uint32_t at, uint32_t what)
{
    drive *d = l->d;
    l->raw_poisoned = false;
    l->stored_poisoned = false;
    l->has_last = false;
    drive_reset(d, l->how, DRIVE_ALL);
    while (d->calls < at) {
        if (!step(l)) {
            return false;
        }
    }
    uint32_t object = d->want.object;
    wmbt_status fate = act(l, what);
    while (step(l)) {
    }
    check_poison(l);
    if (!l->t->failed) {
        check_end(l, object, fate);
    }
    return !l->t->failed;
}

static void lives(wmbt_test *t, bool tail, uint32_t form, uint32_t how, uint32_t presence)
{
    life l;
    l.t = t;
    l.how = how;
    wmbt_test_reset(t);
    T_CALL(t, drive_fill(t, &l.x, tail, form));
    l.d = drive_config(t, l.x.b, WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
    T_CHECK(t, l.d != NULL);
    l.d->config.presence_blocks = presence;
    T_CALL(t, drive_start(l.d));
    for (uint32_t what = 0; what < ACTS; what++) {
        for (uint32_t at = 0; live(&l, at, what); at += how == DRIVE_WHOLE ? 1u : T_MANY(1u, 41u)) {
            t->got = at;
            t->want = what;
        }
        T_CHECK(t, !t->failed);
    }
    T_CHECK(t, l.d->calls >= 8u); /* a life has points */
}

static void all_lives(wmbt_test *t, bool tail)
{
    static const char *const names[FORMS] = {"plain", "wrapped, none",  "wrapped, zstd",
                                             "chunk", "chunk, wrapped", "chunk, zstd"};
    static const uint32_t hows[] = {DRIVE_WHOLE, DRIVE_SCATTERED, DRIVE_PLACED};
    for (uint32_t form = 0; form < FORMS; form++) {
        wmbt_test_where(t, wmbt_test_text(names[form]));
        for (uint32_t i = 0; i < 3u; i++) {
            T_CALL(t, lives(t, tail, form, hows[i], 0));
            T_CALL(t, lives(t, tail, form, hows[i], 2));
        }
    }
}

static void test_block(wmbt_test *t)
{
    all_lives(t, false);
}

static void test_tail(wmbt_test *t)
{
    all_lives(t, true);
}

/* Policy prefix: a block in flight lets go of its memory when one before it turns out unusable. */
static void test_cut(wmbt_test *t)
{
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
    wmbt_view plain = x.b->object[0].bytes; /* block 1 */
    x.b->object[0].bytes = bucket_wrap(t, plain, false);
    drive *d = drive_config(t, x.b, 0);
    T_CHECK(t, d != NULL);
    d->config.in_flight = 2;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, 0));
    wmbt_view stored = x.b->object[0].bytes;
    wmbt_want first, want;
    size_t taken = 0;
    T_EQ(t, wmbt_reader_next_want(d->r, &first), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, first.object == 0 && want.object == 1);
    T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_found(d->r, &want, stored.len), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_feed(d->r, &want, 0, stored, &taken), WMBT_OK);
    T_EQ(t, taken, WMBT_READER_HEADER_BYTES);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_EQ(t, want.kind, WMBT_WANT_MEMORY);
    T_EQ(t,
         wmbt_reader_memory(d->r, &want, wmbt_buf_of(d->raw, want.plain_bytes),
                            wmbt_buf_of(d->stored, want.stored_bytes)),
         WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, wmbt_reader_in_flight(d->r, 0) && wmbt_reader_in_flight(d->r, 1));
    T_EQ(t, wmbt_reader_fail(d->r, &first, WMBT_MISSING), WMBT_OK);
    T_CHECK(t, !wmbt_reader_in_flight(d->r, 0) && !wmbt_reader_in_flight(d->r, 1));
    life l;
    l.t = t;
    l.d = d;
    d->raw_lent = (uint32_t)plain.len;
    d->stored_lent = (uint32_t)stored.len;
    poison(&l);
    T_CALL(t, drive_check_stale(d, &want));
    T_CALL(t, drive_check_stale(d, &first));
    first = want;
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK); /* said once */
    T_CHECK(t, want.kind == WMBT_WANT_STOP && want.object == 1u && want.id == first.id);
    T_CHECK(t, want.serial == first.serial);
    T_CALL(t, drive_check_stale(d, &want));
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_END);
    T_EQ(t, drive_status(d, 1), WMBT_NEED_MORE);
    T_CALL(t, check_poison(&l));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL)); /* and can be used again */
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
}

/* A block is withdrawn whose next want nobody has, and for which no memory is lent: no stop tells
 * of it, though memory was lent in its slot, to the object before, or to itself before it was
 * started over. */
static void test_cut_untold(wmbt_test *t)
{
    for (uint32_t over = 0; over < 2u; over++) {
        drive_bucket x;
        wmbt_test_reset(t);
        T_CALL(t, drive_fill(t, &x, false, FORM_NONE));
        drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL);
        T_CHECK(t, d != NULL);
        d->config.in_flight = 2;
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_prompt(d));
        wmbt_view stored = x.b->object[x.at[0]].bytes; /* block 0, or one that is started over */
        for (uint32_t i = 0; i < 3u; i++) {
            wmbt_block_hash hash = {{(uint8_t)i}};
            T_EQ(t, wmbt_reader_hash(d->r, &hash), WMBT_OK);
        }
        T_EQ(t, wmbt_reader_end(d->r, 3u * BUCKET_BLOCK_TOKENS), WMBT_OK);
        wmbt_want want[2], more;
        size_t taken = 0;
        T_EQ(t, wmbt_reader_next_want(d->r, &want[0]), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &want[1]), WMBT_OK);
        wmbt_want *lends = &want[over], *fails = &want[1u - over];
        T_EQ(t, wmbt_reader_found(d->r, lends, stored.len), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_feed(d->r, lends, 0, stored, &taken), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, lends), WMBT_OK);
        T_EQ(t, lends->kind, WMBT_WANT_MEMORY);
        T_EQ(t,
             wmbt_reader_memory(d->r, lends, wmbt_buf_of(d->raw, lends->plain_bytes),
                                wmbt_buf_of(d->stored, lends->stored_bytes)),
             WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, lends), WMBT_OK);
        if (over != 0u) {
            T_EQ(t, wmbt_reader_restart(d->r, lends), WMBT_OK);
        } else {
            stored = wmbt_view_of(stored.data + lends->offset, stored.len - lends->offset);
            T_EQ(t, wmbt_reader_feed(d->r, lends, lends->offset, stored, &taken), WMBT_END);
            T_EQ(t, wmbt_reader_next_want(d->r, lends), WMBT_OK);
            T_CHECK(t, lends->kind == WMBT_WANT_OBJECT && lends->object == 2u);
            T_EQ(t, wmbt_reader_retry(d->r, lends), WMBT_OK);
        }
        T_EQ(t, wmbt_reader_fail(d->r, fails, WMBT_MISSING), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_END);
        T_EQ(t, wmbt_reader_usable_blocks(d->r), 1u - over);
    }
}

/* Bytes that an earlier prompt's slot was to bring may still come, to any page: no block of the
 * next prompt can be resident before it is quiet. */
static void test_resident_after_start(wmbt_test *t)
{
    for (uint32_t late = 0; late < 2u; late++) {
        drive_bucket x;
        wmbt_test_reset(t);
        T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
        drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL);
        T_CHECK(t, d != NULL);
        d->config.flags = late != 0u ? WMBT_READER_LATE_WRITES : 0u;
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, 0));
        while (!(d->open && d->want.kind == WMBT_WANT_RANGE)) {
            T_CHECK(t, drive_step(d));
        }
        wmbt_want old = d->want, want;
        wmbt_status refused = late != 0u ? WMBT_BAD_STATE : WMBT_OK;
        T_EQ(t, wmbt_reader_start(d->r, &d->prompt), WMBT_OK);
        for (uint32_t i = 0; i < 2u; i++) {
            T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[i]), WMBT_OK);
        }
        T_EQ(t, wmbt_reader_resident(d->r, 1), refused);
        T_EQ(t, wmbt_reader_next_want(d->r, &want), late != 0u ? WMBT_NEED_MORE : WMBT_OK);
        T_EQ(t, wmbt_reader_resident(d->r, 0), refused);
        wmbt_reader_quiet(d->r, old.id + 1u); /* another slot */
        T_EQ(t, wmbt_reader_resident(d->r, 1), WMBT_BAD_STATE);
        wmbt_reader_quiet(d->r, old.id);
        wmbt_status status = late != 0u ? WMBT_OK : WMBT_BAD_STATE; /* settled already */
        T_EQ(t, wmbt_reader_resident(d->r, 0), status);
        T_EQ(t, wmbt_reader_resident(d->r, 1), status);
        T_EQ(t, wmbt_reader_usable_blocks(d->r), 2);
    }
}

#define ARENA (192u << 10)

static const wmbt_case cases[] = {
    {"block: anything at any point of its life", test_block, ARENA, NULL},
    {"tail: anything at any point of its life", test_tail, ARENA, NULL},
    {"a block behind one that failed lets go of its memory", test_cut, ARENA, NULL},
    {"a block of which nobody has anything is cut off untold", test_cut_untold, ARENA, NULL},
    {"resident while an earlier prompt is not quiet", test_resident_after_start, ARENA, NULL},
};
WMBT_SUITE(reader_lives, cases);
