/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: how much a want asks for and how long a call works. The whole object in one want; work on
 * collected objects in steps, one inflation at a time; lent memory that hardware fills; wants that
 * are named by their serial, of this reader and of no other.
 */
#include "../support/drive.h"
#include "wombatkv/zstd.h"

static drive *make(wmbt_test *t, drive_bucket *x, bool tail, uint32_t form)
{
    wmbt_test_reset(t);
    drive_fill(t, x, tail, form);
    return t->failed
               ? NULL
               : drive_config(t, x->b,
                              WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
}

static void begin(drive *d)
{
    drive_start(d);
    if (!d->t->failed) {
        drive_reset(d, DRIVE_WHOLE, DRIVE_ALL);
    }
}

static void until(drive *d, uint32_t kind, uint32_t object)
{
    while (!(d->open && d->want.kind == kind && d->want.object == object)) {
        D_CHECK(d, drive_step(d));
    }
}

static wmbt_status feed_from(drive *d, uint32_t from, size_t *taken)
{
    *taken = 4711;
    return wmbt_reader_feed(d->r, &d->want, from, wmbt_view_of(d->from + from, d->len - from),
                            taken);
}

/* --- how much a want asks for ----------------------------------------------------------------- */

/* A plain object in one want, whole or by halves in order; behind the header in any order. */
static void test_one_round_trip(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t tail = 0; tail < 2u; tail++) {
        drive *d = make(t, &x, tail != 0u, FORM_PLAIN);
        T_CHECK(t, d != NULL);
        d->config.first_bytes = UINT32_MAX;
        T_CALL(t, begin(d));
        T_CALL(t, until(d, WMBT_WANT_OBJECT, x.object));
        T_EQ(t, d->want.bytes, UINT32_MAX);
        size_t taken = 0;
        T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
        T_EQ(t, feed_from(d, 128, &taken), WMBT_FULL); /* the header comes first */
        T_EQ(t, feed_from(d, 0, &taken), WMBT_END);
        T_EQ(t, taken, d->len);
        T_CALL(t, drive_check_stale(d, &d->want));
        T_EQ(t, drive_status(d, x.object), WMBT_OK);
        T_CALL(t, drive_check_rows(d, x.object, x.plain));

        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL)); /* the end before the middle */
        T_CALL(t, until(d, WMBT_WANT_OBJECT, x.object));
        T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
        wmbt_view head = wmbt_view_of(d->from, 129);
        T_EQ(t, wmbt_reader_feed(d->r, &d->want, 0, head, &taken), WMBT_NEED_MORE);
        T_EQ(t, taken, 129);
        T_EQ(t, feed_from(d, d->len - 3u, &taken), WMBT_NEED_MORE);
        T_EQ(t, feed_from(d, 129, &taken), WMBT_END);
        T_EQ(t, taken, d->len - 3u - 129u);
        T_CALL(t, drive_check_rows(d, x.object, x.plain));

        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL)); /* asked for again in the header */
        T_CALL(t, until(d, WMBT_WANT_OBJECT, x.object));
        T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
        head.len = 100;
        T_EQ(t, wmbt_reader_feed(d->r, &d->want, 0, head, &taken), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_OK);
        T_CHECK(t, d->want.kind == WMBT_WANT_RANGE && d->want.offset == 100u);
        T_EQ(t, d->want.bytes, d->len - 100u);
        T_EQ(t, feed_from(d, 100, &taken), WMBT_END);
    }
}

/* In one want the header's end comes before its beginning, which is followed by all the rest: taken
 * are the bytes up to those that came, and the rest is given again. */
static void test_header_backwards(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t tail = 0; tail < 2u; tail++) {
        for (uint32_t at = 1; at < WMBT_READER_HEADER_BYTES; at += 42u) {
            drive *d = make(t, &x, tail != 0u, FORM_PLAIN);
            T_CHECK(t, d != NULL);
            d->config.first_bytes = UINT32_MAX;
            T_CALL(t, begin(d));
            T_CALL(t, until(d, WMBT_WANT_OBJECT, x.object));
            size_t taken = 0;
            T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
            T_EQ(t, feed_from(d, at, &taken), WMBT_NEED_MORE);
            T_EQ(t, taken, WMBT_READER_HEADER_BYTES - at);
            T_EQ(t, feed_from(d, 0, &taken), WMBT_NEED_MORE);
            T_EQ(t, taken, at);
            T_EQ(t, feed_from(d, at, &taken), WMBT_BAD_ARGUMENT); /* came before */
            T_EQ(t, taken, 4711);
            T_EQ(t, feed_from(d, WMBT_READER_HEADER_BYTES, &taken), WMBT_END);
            T_EQ(t, taken, d->len - WMBT_READER_HEADER_BYTES);
            T_EQ(t, drive_status(d, x.object), WMBT_OK);
            T_CALL(t, drive_check_rows(d, x.object, x.plain));
        }
    }
}

/* Between the header and all of it: the want ends where it says. */
static void test_first_bytes(wmbt_test *t)
{
    drive_bucket x;
    static const uint32_t firsts[] = {0, 1, 127, 128, 129, 140};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        drive *d = make(t, &x, false, FORM_PLAIN);
        T_CHECK(t, d != NULL);
        d->config.first_bytes = firsts[i];
        uint32_t first = firsts[i] < 128u ? 128u : firsts[i];
        T_CALL(t, begin(d));
        T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
        T_EQ(t, d->want.bytes, first);
        size_t taken = 0;
        T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
        T_EQ(t, feed_from(d, 0, &taken), WMBT_OK);
        T_EQ(t, taken, first);
        drive_forget(d);
        T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
        T_CHECK(t, d->want.offset == first && d->want.bytes == 144u - first);
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_status(d, 0), WMBT_OK);
    }
}

/* Of an object that has to be collected, what lies behind the header has no room yet. With writes
 * that may come late nobody asks for it. */
static void test_no_room_yet(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_ZSTD);
    T_CHECK(t, d != NULL);
    d->config.first_bytes = UINT32_MAX;
    T_CALL(t, begin(d));
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
    size_t taken = 0;
    T_EQ(t, d->want.collected, 0);
    T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
    T_EQ(t, feed_from(d, 0, &taken), WMBT_OK);
    T_EQ(t, taken, WMBT_READER_HEADER_BYTES);
    T_CALL(t, drive_check_stale(d, &d->want));
    drive_forget(d);
    T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
    T_CHECK(t, d->want.offset == 128u && d->want.bytes == d->len - 128u);
    T_EQ(t, d->want.collected, 1);
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_OK);
    d = make(t, &x, false, FORM_PLAIN);
    T_CHECK(t, d != NULL);
    d->config.first_bytes = UINT32_MAX;
    d->config.flags = WMBT_READER_LATE_WRITES;
    T_CALL(t, begin(d));
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
    T_EQ(t, d->want.bytes, WMBT_READER_HEADER_BYTES);
}

/* --- memory that hardware fills --------------------------------------------------------------- */

static void test_received(wmbt_test *t)
{
    static const uint32_t forms[] = {FORM_NONE, FORM_ZSTD, FORM_CHUNK, FORM_CHUNK_ZSTD};
    drive_bucket x;
    for (size_t i = 0; i < 4u; i++) {
        drive *d = make(t, &x, true, forms[i]);
        T_CHECK(t, d != NULL);
        T_CALL(t, begin(d));
        T_CALL(t, until(d, WMBT_WANT_OBJECT, WMBT_READER_TAIL));
        wmbt_buf room = wmbt_buf_of(NULL, 4711);
        T_EQ(t, wmbt_reader_room(d->r, &d->want, &room), WMBT_BAD_STATE);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, 0, 1), WMBT_BAD_STATE);
        T_CALL(t, until(d, WMBT_WANT_MEMORY, WMBT_READER_TAIL));
        T_EQ(t, wmbt_reader_received(d->r, &d->want, 0, 1), WMBT_BAD_STATE);
        T_CHECK(t, room.len == 4711u);
        T_CALL(t, until(d, WMBT_WANT_RANGE, WMBT_READER_TAIL));
        T_EQ(t, wmbt_reader_room(d->r, &d->want, &room), WMBT_OK);
        T_EQ(t, room.len, d->want.bytes);
        uint8_t *lent = forms[i] == FORM_CHUNK ? d->raw : d->stored;
        T_CHECK(t, room.data == lent + d->want.offset);
        wmbt_piece piece;
        T_EQ(t, wmbt_reader_piece(d->r, WMBT_READER_TAIL, 0, NULL, &piece), WMBT_COLLECTED);
        uint32_t at = d->want.offset, end = at + d->want.bytes;
        T_EQ(t, wmbt_reader_placed(d->r, &d->want, at, 4, 0), WMBT_COLLECTED);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, at, 0), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, at - 1u, 2), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, end - 1u, 2), WMBT_BAD_ARGUMENT);
        for (uint32_t k = 0; k < d->want.bytes; k++) {
            room.data[k] = d->from[at + k];
        }
        T_EQ(t, wmbt_reader_received(d->r, &d->want, at + 5u, end - at - 5u), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, at + 4u, 2), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, at, 4), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK); /* one byte is missing */
        T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_OK);
        T_CHECK(t, d->want.offset == at + 4u && d->want.bytes == 1u && d->want.collected == 1u);
        T_EQ(t, wmbt_reader_received(d->r, &d->want, at + 4u, 1), WMBT_END);
        T_CALL(t, drive_check_stale(d, &d->want));
        T_EQ(t, drive_status(d, WMBT_READER_TAIL), WMBT_OK);
        T_CALL(t, drive_check_rows(d, WMBT_READER_TAIL, x.plain)); /* no more collected */
    }
}

/* --- steps ------------------------------------------------------------------------------------ */

/* A decoder that hands out so many bytes a call, and sees to it that one is at work at a time. */
typedef struct slow {
    const uint8_t *out; /* of the decoding that is under way */
    wmbt_view plain;
    size_t done;
    uint32_t begins, calls;
    bool broken;
} slow;

static wmbt_status slow_step(void *context, bool begin_it, wmbt_view frames, wmbt_buf out,
                             uint32_t max_bytes, size_t *written)
{
    slow *s = (slow *)context;
    (void)frames;
    s->calls++;
    if (begin_it) {
        s->begins++;
        s->out = out.data;
        s->done = 0;
    }
    s->broken = s->broken || out.data != s->out || out.len != s->plain.len;
    for (uint32_t i = 0; i < max_bytes && s->done < out.len; i++, s->done++) {
        out.data[s->done] = s->plain.data[s->done];
    }
    if (s->done < out.len) {
        return WMBT_NEED_MORE;
    }
    s->out = NULL;
    *written = out.len;
    return WMBT_OK;
}

static wmbt_status no_decode(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    (void)frames;
    (void)out;
    (void)written;
    ((slow *)context)->broken = true;
    return WMBT_BAD_BITSTREAM;
}

/* Inflating and the last check go in steps: so many calls as the bytes take, none that is not asked
 * for, and a want that stays open meanwhile. */
static void test_steps(wmbt_test *t)
{
    static const uint32_t sizes[] = {1, 10, 143, 144, 145, UINT32_MAX};
    drive_bucket x;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        drive *d = make(t, &x, false, FORM_ZSTD);
        T_CHECK(t, d != NULL);
        slow s = {NULL, x.plain, 0, 0, 0, false};
        d->config.step_bytes = sizes[i];
        d->config.codec.decode = sizes[i] == UINT32_MAX ? wmbt_zstd_codec : no_decode;
        d->config.codec.step = slow_step;
        if (sizes[i] != UINT32_MAX) {
            d->config.codec.context = &s;
        }
        T_CALL(t, begin(d));
        T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
        size_t taken;
        T_EQ(t, feed_from(d, 128, &taken), WMBT_OK);
        T_EQ(t, s.calls, 0); /* no work in feed() */
        wmbt_want step, none;
        T_EQ(t, wmbt_reader_next_want(d->r, &step), WMBT_OK);
        T_CHECK(t, step.kind == WMBT_WANT_STEP && step.object == 0u && step.bytes == 0u);
        T_EQ(t, wmbt_reader_next_want(d->r, &none), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_feed(d->r, &step, 0, x.plain, &taken), WMBT_BAD_STATE);
        T_EQ(t, wmbt_reader_memory(d->r, &step, d->rows, d->rows), WMBT_BAD_STATE);
        T_EQ(t, wmbt_reader_placed(d->r, &step, 128, 4, 0), WMBT_COLLECTED);
        uint32_t calls = 1;
        wmbt_status status;
        while ((status = wmbt_reader_step(d->r, &step)) == WMBT_NEED_MORE && calls < 1000u) {
            calls++;
        }
        T_EQ(t, status, WMBT_END);
        uint32_t inflating = (144u + sizes[i] - 1u) / sizes[i];
        uint32_t checking = (16u + sizes[i] - 1u) / sizes[i]; /* the header was checked with it */
        if (sizes[i] != UINT32_MAX) {
            T_EQ(t, calls, inflating + checking);
            T_CHECK(t, !s.broken && s.begins == 1u && s.calls == inflating);
        }
        drive_forget(d);
        T_CALL(t, drive_check_stale(d, &step));
        T_EQ(t, drive_status(d, 0), WMBT_OK);
        T_CALL(t, drive_check_rows(d, 0, x.plain));
    }
}

/* Brings so many blocks so far that all their bytes are there; *step is the first one's work. */
static void collect_all(drive *d, uint32_t blocks, const wmbt_view *stored, uint8_t *const *plain,
                        uint8_t *const *room, wmbt_want *step)
{
    wmbt_test *t = d->t;
    wmbt_want want;
    wmbt_status status;
    uint32_t steps = 0;
    while ((status = wmbt_reader_next_want(d->r, &want)) == WMBT_OK) {
        uint32_t i = want.object;
        size_t taken;
        T_CHECK(t, i < blocks);
        if (want.kind == WMBT_WANT_STEP) {
            *step = want;
            steps++;
            continue;
        }
        if (want.kind == WMBT_WANT_MEMORY) {
            T_EQ(t,
                 wmbt_reader_memory(d->r, &want, wmbt_buf_of(plain[i], want.plain_bytes),
                                    wmbt_buf_of(room[i], want.stored_bytes)),
                 WMBT_OK);
            continue;
        }
        if (want.kind == WMBT_WANT_OBJECT) {
            T_EQ(t, wmbt_reader_found(d->r, &want, stored[i].len), WMBT_NEED_MORE);
        }
        wmbt_view rest = wmbt_view_of(stored[i].data + want.offset, stored[i].len - want.offset);
        T_EQ(t, wmbt_reader_feed(d->r, &want, want.offset, rest, &taken), WMBT_OK);
    }
    T_EQ(t, status, WMBT_NEED_MORE);
    T_EQ(t, steps, 1);
}

/* One object inflates at a time; the other waits, and comes when the first is done, fails, is
 * started over or is dropped. */
static void test_one_at_a_time(wmbt_test *t)
{
    for (uint32_t how = 0; how < 5u; how++) {
        drive_bucket x;
        drive *d = make(t, &x, false, FORM_ZSTD);
        T_CHECK(t, d != NULL);
        const wmbt_view block1 = x.b->object[0].bytes;
        x.b->object[0].bytes = bucket_wrap(t, block1, true);
        d->config.in_flight = 2;
        d->config.step_bytes = 50;
        d->config.codec.step = wmbt_zstd_codec_step;
        T_CALL(t, begin(d));
        wmbt_view stored[2] = {x.b->object[1].bytes, x.b->object[0].bytes};
        uint8_t *plain[2] = {wmbt_test_alloc(t, 144), wmbt_test_alloc(t, 144)};
        uint8_t *room[2] = {wmbt_test_alloc(t, 300), wmbt_test_alloc(t, 300)};
        T_CHECK(t, room[1] != NULL);
        wmbt_want first, second;
        T_CALL(t, collect_all(d, 2, stored, plain, room, &first));
        T_CHECK(t, wmbt_reader_in_flight(d->r, 0) && wmbt_reader_in_flight(d->r, 1));
        if (how == 1u) {
            T_EQ(t, wmbt_reader_retry(d->r, &first), WMBT_OK);
            T_EQ(t, wmbt_reader_next_want(d->r, &second), WMBT_OK); /* the same one again */
            T_CHECK(t, second.kind == WMBT_WANT_STEP && second.object == first.object);
            first = second;
            T_EQ(t, wmbt_reader_next_want(d->r, &second), WMBT_NEED_MORE);
        }
        uint32_t before = first.object;
        if (how == 2u) {
            T_EQ(t, wmbt_reader_fail(d->r, &first, WMBT_TOO_LARGE), WMBT_OK);
        } else if (how == 3u) {
            T_EQ(t, wmbt_reader_restart(d->r, &first), WMBT_OK);
        } else if (how == 4u) {
            T_EQ(t, wmbt_reader_resident(d->r, first.object), WMBT_OK);
        } else { /* the frame's header, and its one block: then the codec is free */
            T_EQ(t, wmbt_reader_step(d->r, &first), WMBT_NEED_MORE);
            T_EQ(t, wmbt_reader_next_want(d->r, &second), WMBT_NEED_MORE);
            T_EQ(t, wmbt_reader_step(d->r, &first), WMBT_NEED_MORE);
        }
        do {
            T_EQ(t, wmbt_reader_next_want(d->r, &second), WMBT_OK);
        } while (second.object == before); /* that was started over */
        T_CHECK(t, second.kind == WMBT_WANT_STEP);
        wmbt_status status;
        while ((status = wmbt_reader_step(d->r, &second)) == WMBT_NEED_MORE) {
        }
        T_EQ(t, status, WMBT_END);
        T_EQ(t, drive_status(d, second.object), WMBT_OK);
        while (how < 2u && (status = wmbt_reader_step(d->r, &first)) == WMBT_NEED_MORE) {
        }
        T_EQ(t, status, WMBT_END);
    }
}

/* Of objects that wait for the codec the first has the next turn; so waits one that is short as
 * stored, whose bytes were all there before it had memory. */
static void test_turns(wmbt_test *t)
{
    for (uint32_t is_short = 0; is_short < 2u; is_short++) {
        drive_bucket x;
        drive *d = make(t, &x, false, FORM_ZSTD);
        T_CHECK(t, d != NULL);
        x.b->blocks = 3; /* the last one under the first one's name: another block */
        x.b->token_count = 3u * BUCKET_BLOCK_TOKENS;
        const wmbt_view block[3] = {x.plain, x.b->object[0].bytes, x.plain};
        wmbt_view stored[3];
        uint8_t *plain[3], *room[3];
        for (uint32_t i = 0; i < 3u; i++) {
            stored[i] = bucket_wrap(t, block[i], true);
            stored[i].len = is_short != 0u && i != 0u ? 40u : stored[i].len;
            plain[i] = wmbt_test_alloc(t, 144);
            room[i] = wmbt_test_alloc(t, 300);
            T_CHECK(t, room[i] != NULL);
        }
        slow s = {NULL, x.plain, 0, 0, 0, false};
        d->config.in_flight = 3;
        d->prompt.flags |= WMBT_READER_NO_TAIL;
        d->config.step_bytes = 100;
        d->config.codec.decode = no_decode;
        d->config.codec.step = slow_step;
        d->config.codec.context = &s;
        T_CALL(t, begin(d));
        wmbt_want step;
        T_CALL(t, collect_all(d, 3, stored, plain, room, &step));
        for (uint32_t i = 0; i < 3u; i++) {
            T_CHECK(t, step.kind == WMBT_WANT_STEP && step.object == i);
            s.plain = block[i];
            wmbt_status status;
            while ((status = wmbt_reader_step(d->r, &step)) == WMBT_NEED_MORE) {
            }
            T_EQ(t, status, i < 2u ? WMBT_END : WMBT_WRONG_BLOCK);
            T_EQ(t, s.begins, i + 1u);
            T_EQ(t, wmbt_reader_next_want(d->r, &step), i < 2u ? WMBT_OK : WMBT_END);
        }
        T_CHECK(t, !s.broken && wmbt_reader_usable_blocks(d->r) == 2u);
    }
}

/* A small wrapped manifest of block 0 comes while block 1 is in the middle of its steps: it waits
 * for the codec, whatever becomes of the two, and block 1 is verified. */
static void test_small_one_waits(wmbt_test *t)
{
    for (uint32_t how = 0; how < 4u; how++) {
        drive_bucket x;
        drive *d = make(t, &x, false, FORM_CHUNK_ZSTD);
        T_CHECK(t, d != NULL);
        wmbt_view small = x.b->object[x.at[0]].bytes, large;
        large = bucket_wrap(t, x.b->object[0].bytes, true);
        uint8_t *own = wmbt_test_alloc(t, small.len), *plain = wmbt_test_alloc(t, 144);
        uint8_t *room = wmbt_test_alloc(t, 300);
        T_CHECK(t, own != NULL && plain != NULL && room != NULL && small.len <= 128u);
        for (size_t i = 0; i < small.len; i++) {
            own[i] = small.data[i];
        }
        own[19] |= how == 1u ? 6u : 0u; /* a block of no type: the frame ends in its middle */
        small.data = own;
        d->config.in_flight = 2;
        d->config.step_bytes = 20;
        d->config.codec.step = wmbt_zstd_codec_step;
        T_CALL(t, begin(d));
        wmbt_want first, step, want;
        wmbt_piece piece;
        size_t taken;
        T_EQ(t, wmbt_reader_next_want(d->r, &first), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
        T_EQ(t, wmbt_reader_found(d->r, &want, large.len), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_feed(d->r, &want, 0, large, &taken), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
        T_EQ(t,
             wmbt_reader_memory(d->r, &want, wmbt_buf_of(plain, 144), wmbt_buf_of(room, large.len)),
             WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
        large = wmbt_view_of(large.data + want.offset, large.len - want.offset);
        T_EQ(t, wmbt_reader_feed(d->r, &want, want.offset, large, &taken), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &step), WMBT_OK);
        T_CHECK(t, step.kind == WMBT_WANT_STEP && step.object == 1u);
        T_EQ(t, wmbt_reader_step(d->r, &step), WMBT_NEED_MORE); /* the frame's header */
        T_EQ(t, wmbt_reader_found(d->r, &first, small.len), WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_feed(d->r, &first, 0, small, &taken), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_NEED_MORE);
        T_CHECK(t, wmbt_reader_in_flight(d->r, 0) && wmbt_reader_in_flight(d->r, 1));
        T_EQ(t, wmbt_reader_piece(d->r, 0, 0, NULL, &piece), WMBT_COLLECTED);
        wmbt_status status = WMBT_NEED_MORE;
        if (how == 2u) {
            T_EQ(t, wmbt_reader_resident(d->r, 0), WMBT_OK);
        } else if (how == 3u) {
            T_EQ(t, wmbt_reader_fail(d->r, &step, WMBT_TOO_LARGE), WMBT_OK);
        }
        while (how < 3u && (status = wmbt_reader_step(d->r, &step)) == WMBT_NEED_MORE) {
        }
        T_EQ(t, status, how == 3u ? WMBT_NEED_MORE : WMBT_END);
        T_EQ(t, drive_status(d, 1), how == 3u ? WMBT_TOO_LARGE : WMBT_OK);
        status = wmbt_reader_next_want(d->r, &want);
        if (how != 2u) { /* its turn: the frame's header, and its one block */
            T_CHECK(t, status == WMBT_OK && want.kind == WMBT_WANT_STEP && want.object == 0u);
            T_EQ(t, wmbt_reader_step(d->r, &want), WMBT_NEED_MORE);
            T_EQ(t, wmbt_reader_step(d->r, &want), how == 1u ? WMBT_BAD_FIELD : WMBT_OK);
        }
        if (how == 0u || how == 3u) { /* it was a manifest */
            T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
            T_CHECK(t, want.kind == WMBT_WANT_MEMORY && want.plain_bytes == 144u);
            d->open = true;
            d->want = want;
            T_CALL(t, drive_run(d));
            T_EQ(t, drive_status(d, 0), WMBT_OK);
            T_CALL(t, drive_check_rows(d, 0, x.plain));
        }
    }
}

/* With steps, too, what is small is inflated at once if the codec is free: a manifest is followed
 * by the question for memory. */
static void test_small_one_at_once(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_CHUNK_ZSTD);
    T_CHECK(t, d != NULL);
    d->config.step_bytes = 1;
    d->config.codec.step = wmbt_zstd_codec_step;
    T_CALL(t, begin(d));
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
    T_CHECK(t, d->len <= WMBT_READER_HEADER_BYTES);
    size_t taken = 0;
    T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
    T_EQ(t, feed_from(d, 0, &taken), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_OK);
    T_CHECK(t, d->want.kind == WMBT_WANT_MEMORY && d->want.object == 0u);
}

/* --- names of wants --------------------------------------------------------------------------- */

static bool same_want(const wmbt_want *a, const wmbt_want *b)
{
    return a->serial == b->serial && a->id == b->id && a->kind == b->kind &&
           a->object == b->object && a->blocks == b->blocks && a->offset == b->offset &&
           a->bytes == b->bytes && a->plain_bytes == b->plain_bytes &&
           a->stored_bytes == b->stored_bytes && a->collected == b->collected;
}

/* At each point of a life the open want is found by its serial, and no other is. */
static void test_want_of(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t form = 0; form < FORMS; form++) {
        drive *d = make(t, &x, false, form);
        T_CHECK(t, d != NULL);
        d->config.presence_blocks = 2;
        T_CALL(t, begin(d));
        uint64_t last = 0;
        do {
            wmbt_want want = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, kept = want;
            if (d->open) {
                T_EQ(t, wmbt_reader_want_of(d->r, d->want.serial, &want), WMBT_OK);
                T_CHECK(t, same_want(&want, &d->want));
                T_CHECK(t, d->want.serial >= last && wmbt_reader_serial(d->r) > d->want.serial);
                last = d->want.serial;
            } else if (d->calls != 0u) {
                T_EQ(t, wmbt_reader_want_of(d->r, d->want.serial, &want), WMBT_STALE);
                T_CHECK(t, same_want(&want, &kept));
            }
            T_EQ(t, wmbt_reader_want_of(d->r, wmbt_reader_serial(d->r), &kept), WMBT_STALE);
        } while (drive_step(d));
        T_EQ(t, d->said, WMBT_END);
    }
}

/* The wants of one reader are dead for another whose serials begin elsewhere, after init() in the
 * same memory and after start(); a serial is compared in all its bits. */
static void test_other_readers(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t bit = 0; bit < 64u; bit++) {
        drive *d = make(t, &x, false, FORM_PLAIN);
        T_CHECK(t, d != NULL);
        T_CALL(t, begin(d));
        T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
        wmbt_want old = d->want, other = d->want;
        other.serial ^= UINT64_C(1) << bit;
        T_CALL(t, drive_check_stale(d, &other));
        other = old;
        other.kind = 0;
        T_CALL(t, drive_check_stale(d, &other));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
        T_CALL(t, drive_check_stale(d, &old));
        old = d->want;
        uint64_t next = bit % 2u == 0u ? wmbt_reader_serial(d->r) : UINT64_MAX - 1u;
        T_EQ(t, wmbt_reader_init(d->memory, &d->config, next, &d->r), WMBT_OK);
        T_EQ(t, wmbt_reader_serial(d->r), next);
        T_CALL(t, drive_check_stale(d, &old)); /* there is no prompt */
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
        T_EQ(t, d->want.serial, next);
        T_CALL(t, drive_check_stale(d, &old));
        T_CALL(t, drive_run(d)); /* over the end of the numbers, too */
        T_EQ(t, drive_status(d, 0), WMBT_OK);
        T_EQ(t, drive_status(d, 1), WMBT_OK);
    }
}

/* What the memory held is no want, whatever it held. */
static void test_used_memory(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t kind = 0; kind <= WMBT_WANT_STOP; kind++) {
        for (uint32_t slots = 1; slots < 4u; slots++) {
            drive *d = make(t, &x, false, FORM_PLAIN);
            T_CHECK(t, d != NULL);
            d->config.in_flight = slots;
            T_CALL(t, drive_start(d));
            wmbt_test_set(d->memory.data, (uint8_t)kind, d->memory.len);
            T_EQ(t, wmbt_reader_init(d->memory, &d->config, 1, &d->r), WMBT_OK);
            wmbt_want want = {kind * UINT64_C(0x0101010101010101), 0, kind, 0, 0, 0, 0, 0, 0, 0};
            for (want.id = 0; want.id < slots + 3u; want.id++) {
                T_CALL(t, drive_check_stale(d, &want));
            }
            T_EQ(t, wmbt_reader_want_of(d->r, want.serial, &want), WMBT_STALE);
        }
    }
}

/* Before a prompt there is nothing to do, and nothing is done. */
static void test_no_prompt(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_PLAIN);
    T_CHECK(t, d != NULL);
    T_CALL(t, drive_start(d));
    static const uint32_t token = 1;
    wmbt_plan plan;
    for (size_t i = 0; i < d->memory.len; i++) {
        d->image[i] = d->memory.data[i];
    }
    T_EQ(t, wmbt_reader_tokens(d->r, &token, 1), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[0]), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_end(d->r, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_resident(d->r, 0), WMBT_BAD_ARGUMENT);
    wmbt_reader_stop(d->r);
    wmbt_reader_quiet(d->r, 0);
    wmbt_reader_quiet(d->r, UINT32_MAX);
    T_CHECK(t, wmbt_reader_blocks(d->r) == 0u && !wmbt_reader_in_flight(d->r, 0));
    T_CHECK(t, wmbt_test_same(d->memory.data, d->image, d->memory.len));
}

#define ARENA (192u << 10)

static const wmbt_case cases[] = {
    {"an object in one want", test_one_round_trip, ARENA, NULL},
    {"the end of a header before its beginning", test_header_backwards, ARENA, NULL},
    {"a first want of any size", test_first_bytes, ARENA, NULL},
    {"bytes for which there is no room yet", test_no_room_yet, ARENA, NULL},
    {"lent memory that hardware fills", test_received, ARENA, NULL},
    {"work in steps", test_steps, ARENA, NULL},
    {"one object inflates at a time", test_one_at_a_time, ARENA, NULL},
    {"the next turn is the first object's", test_turns, ARENA, NULL},
    {"a small one waits for the codec", test_small_one_waits, ARENA, NULL},
    {"a small one needs no step", test_small_one_at_once, ARENA, NULL},
    {"the open want of a serial", test_want_of, ARENA, NULL},
    {"wants of other readers and prompts", test_other_readers, ARENA, NULL},
    {"memory that held something", test_used_memory, ARENA, NULL},
    {"no prompt", test_no_prompt, ARENA, NULL},
};
WMBT_SUITE(reader_steps, cases);
