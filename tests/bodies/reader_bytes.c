/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: the calls that bring bytes (found, feed, placed, memory), each of their statuses, holes,
 * codecs that say anything, and memory that changes. What is refused changes not a byte.
 */
#include "../support/drive.h"
#include "wombatkv/rawtail.h"
#include "wombatkv/zstd.h"

#define SHAPE (&wmbt_test_shape)
#define HOLES 7u /* separate runs of bytes besides those from the first on */

static drive *make(wmbt_test *t, drive_bucket *x, bool tail, uint32_t form)
{
    wmbt_test_reset(t);
    drive_fill(t, x, tail, form);
    drive *d = t->failed ? NULL : drive_config(t, x->b, WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL);
    if (d != NULL) {
        drive_start(d);
        drive_reset(d, DRIVE_WHOLE, DRIVE_ALL);
    }
    return t->failed ? NULL : d;
}

/* Goes on until a want of a kind is out for the object; nothing has been said about it. */
static void until(drive *d, uint32_t kind, uint32_t object)
{
    while (!(d->open && d->want.kind == kind && d->want.object == object)) {
        D_CHECK(d, drive_step(d));
    }
}

static void keep(drive *d)
{
    for (size_t i = 0; i < d->memory.len; i++) {
        d->image[i] = d->memory.data[i];
    }
}

static bool is_kept(const drive *d)
{
    return wmbt_test_same(d->memory.data, d->image, d->memory.len);
}

/* Feeds bytes [from, to) of the object that the want is about. */
static wmbt_status feed(drive *d, uint32_t from, uint32_t to, size_t *taken)
{
    *taken = 4711;
    return wmbt_reader_feed(d->r, &d->want, from, wmbt_view_of(d->from + from, to - from), taken);
}

#define FEED(d, from, to, status, took)                           \
    do {                                                          \
        size_t f_taken;                                           \
        wmbt_status f_status = feed((d), (from), (to), &f_taken); \
        T_EQ((d)->t, f_status, (status));                         \
        T_EQ((d)->t, f_taken, (took));                            \
    } while (0)

/* Refused: nothing changes. */
#define REFUSED(d, call, status)        \
    do {                                \
        keep(d);                        \
        T_EQ((d)->t, (call), (status)); \
        T_CHECK((d)->t, is_kept(d));    \
    } while (0)

/* --- found, feed ------------------------------------------------------------------------------ */

static void test_found(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_ZSTD);
    T_CHECK(t, d != NULL);
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
    T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
    REFUSED(d, wmbt_reader_found(d->r, &d->want, d->len), WMBT_BAD_STATE); /* said before */
    d->found = true;
    T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
    REFUSED(d, wmbt_reader_found(d->r, &d->want, d->len), WMBT_BAD_STATE);
    T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
    REFUSED(d, wmbt_reader_found(d->r, &d->want, d->len), WMBT_BAD_STATE);
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 1));
    T_EQ(t, wmbt_reader_found(d->r, &d->want, 0), WMBT_TRUNCATED); /* no bytes at all */
    T_EQ(t, drive_status(d, 1), WMBT_TRUNCATED);
    T_CALL(t, drive_check_stale(d, &d->want));
}

static void test_feed(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_PLAIN);
    T_CHECK(t, d != NULL);
    size_t taken = 4711;
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
    REFUSED(d, feed(d, 0, 10, &taken), WMBT_BAD_STATE); /* found() is missing */
    T_EQ(t, wmbt_reader_found(d->r, &d->want, 144), WMBT_NEED_MORE);
    FEED(d, 0, 0, WMBT_NEED_MORE, 0);
    T_EQ(t, wmbt_reader_feed(d->r, &d->want, UINT32_MAX, wmbt_view_of(NULL, 0), &taken),
         WMBT_NEED_MORE); /* nothing lies nowhere */
    T_EQ(t, taken, 0);
    taken = 4711;
    REFUSED(d, wmbt_reader_feed(d->r, &d->want, 0, wmbt_view_of(NULL, 1), &taken),
            WMBT_BAD_ARGUMENT);
    REFUSED(d, feed(d, 128, 129, &taken), WMBT_BAD_ARGUMENT); /* behind the want */
    REFUSED(d, feed(d, 143, 144, &taken), WMBT_BAD_ARGUMENT);
    FEED(d, 10, 20, WMBT_NEED_MORE, 10);
    REFUSED(d, feed(d, 10, 20, &taken), WMBT_BAD_ARGUMENT); /* came before */
    REFUSED(d, feed(d, 19, 30, &taken), WMBT_BAD_ARGUMENT);
    FEED(d, 5, 30, WMBT_NEED_MORE, 5);     /* up to what came before */
    FEED(d, 20, 144, WMBT_NEED_MORE, 108); /* up to the want's end */
    T_EQ(t, taken, 4711);
    FEED(d, 0, 144, WMBT_OK, 5);
    T_CALL(t, drive_check_stale(d, &d->want));
    drive_forget(d);
    T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
    T_CHECK(t, d->want.offset == 128u && d->want.bytes == 16u);
    REFUSED(d, feed(d, 127, 144, &taken), WMBT_BAD_ARGUMENT); /* before the want */
    T_EQ(t, drive_status(d, 0), WMBT_NEED_MORE);
    FEED(d, 128, 144, WMBT_END, 16);
    T_EQ(t, drive_status(d, 0), WMBT_OK);
    T_CALL(t, drive_check_stale(d, &d->want));
    drive_forget(d);
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 1));
    T_EQ(t, wmbt_reader_found(d->r, &d->want, 144), WMBT_NEED_MORE);
    static const uint8_t wrong[128] = {'K', 'V', 'B', '2'};
    taken = 4711;
    T_EQ(t, wmbt_reader_feed(d->r, &d->want, 0, wmbt_view_of(wrong, 128), &taken), WMBT_BAD_MAGIC);
    T_EQ(t, taken, 4711);
    T_EQ(t, drive_status(d, 1), WMBT_BAD_MAGIC);
    T_CALL(t, drive_check_stale(d, &d->want));
}

/* --- holes ------------------------------------------------------------------------------------ */

/* Single bytes with a hole before each. One too many is put off; what touches others, and the first
 * that is missing, is taken also then. */
static void check_holes(drive *d)
{
    wmbt_test *t = d->t;
    uint32_t at = d->want.offset;
    size_t taken;
    for (uint32_t i = 1; i <= HOLES; i++) {
        FEED(d, at + 2u * i, at + 2u * i + 1u, WMBT_NEED_MORE, 1);
    }
    REFUSED(d, feed(d, at + 30u, at + 31u, &taken), WMBT_FULL);
    REFUSED(d, feed(d, at + 16u, at + 17u, &taken), WMBT_FULL);
    T_EQ(t, taken, 4711);
    FEED(d, at + 15u, at + 16u, WMBT_NEED_MORE, 1); /* behind the last */
    REFUSED(d, feed(d, at + 17u, at + 18u, &taken), WMBT_FULL);
    FEED(d, at, at + 100u, WMBT_NEED_MORE, 2); /* the first hole, and that one is closed */
    REFUSED(d, feed(d, at + 2u, at + 3u, &taken), WMBT_BAD_ARGUMENT);
    FEED(d, at + 17u, at + 18u, WMBT_NEED_MORE, 1);
    REFUSED(d, feed(d, at + 30u, at + 31u, &taken), WMBT_FULL);
    FEED(d, at + 9u, at + 10u, WMBT_NEED_MORE, 1); /* one in the middle */
    FEED(d, at + 30u, at + 31u, WMBT_NEED_MORE, 1);
    REFUSED(d, feed(d, at + 32u, at + 33u, &taken), WMBT_FULL);
    /* what is asked for is the first hole, whatever came */
    T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    uint32_t holes = 0;
    for (; d->want.offset < at + 31u; holes++) {
        T_EQ(t, d->want.kind, WMBT_WANT_RANGE);
        REFUSED(d, feed(d, at + 40u, at + 41u, &taken), WMBT_BAD_ARGUMENT);
        FEED(d, d->want.offset, d->want.offset + 40u, WMBT_OK, d->want.bytes);
        drive_forget(d);
        T_CHECK(t, drive_step(d));
    }
    T_CHECK(t, holes == HOLES && d->want.offset == at + 31u);
}

static void test_holes(wmbt_test *t)
{
    static const uint32_t forms[] = {FORM_PLAIN, FORM_NONE, FORM_CHUNK};
    drive_bucket x;
    for (size_t i = 0; i < 3u; i++) {
        for (uint32_t head = 0; head < 2u; head++) {
            drive *d = make(t, &x, true, forms[i]);
            T_CHECK(t, d != NULL);
            T_CALL(t, until(d, WMBT_WANT_OBJECT, WMBT_READER_TAIL));
            if (head != 0u) {
                T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
                d->found = true;
                T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK);
                drive_forget(d);
            }
            T_CALL(t, until(d, WMBT_WANT_RANGE, WMBT_READER_TAIL));
            T_CALL(t, check_holes(d));
            T_CALL(t, drive_run(d)); /* the rest, as it is asked for */
            T_EQ(t, drive_status(d, WMBT_READER_TAIL), WMBT_OK);
            T_CALL(t, drive_check_rows(d, WMBT_READER_TAIL, x.plain));
        }
    }
}

/* Asked for again, a want is for what is missing: of kind object only until found() was said. */
static void test_retry(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_PLAIN);
    wmbt_want old;
    T_CHECK(t, d != NULL);
    T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
    old = d->want;
    T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    T_CHECK(t, d->want.kind == WMBT_WANT_OBJECT && d->want.serial != old.serial);
    T_CALL(t, drive_check_stale(d, &old));
    T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
    FEED(d, 0, 7, WMBT_NEED_MORE, 7);
    FEED(d, 50, 60, WMBT_NEED_MORE, 10);
    T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    T_CHECK(t, d->want.kind == WMBT_WANT_RANGE && d->want.object == 0u);
    T_CHECK(t, d->want.offset == 7u && d->want.bytes == 43u);
    REFUSED(d, wmbt_reader_found(d->r, &d->want, d->len), WMBT_BAD_STATE);
    FEED(d, 7, 144, WMBT_OK, 43);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    T_CHECK(t, d->want.offset == 60u && d->want.bytes == 68u); /* the head's rest */
    T_EQ(t, wmbt_reader_restart(d->r, &d->want), WMBT_OK);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    T_CHECK(t, d->want.kind == WMBT_WANT_OBJECT && d->want.offset == 0u);
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_OK);
}

/* --- placed ----------------------------------------------------------------------------------- */

static wmbt_status place(drive *d, uint32_t from, uint32_t to)
{
    return wmbt_reader_placed(d->r, &d->want, from, to - from,
                              wmbt_test_crc32c(0, d->from + from, to - from));
}

/* The first run of rows from an offset on. */
static wmbt_piece rows_from(drive *d, uint32_t offset)
{
    wmbt_piece piece = {0, 0, 0, 0, 0, 0, 0, 0};
    while (wmbt_reader_piece(d->r, d->want.object, offset, NULL, &piece) == WMBT_OK &&
           piece.has_place == 0u) {
        offset += piece.bytes;
    }
    return piece;
}

static void test_placed(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, true, FORM_PLAIN);
    T_CHECK(t, d != NULL);
    T_CALL(t, until(d, WMBT_WANT_OBJECT, WMBT_READER_TAIL));
    REFUSED(d, place(d, 0, 8), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_found(d->r, &d->want, d->len), WMBT_NEED_MORE);
    REFUSED(d, place(d, 40, 48), WMBT_BAD_STATE); /* rows, but the head is not there yet */
    d->found = true;
    T_CALL(t, until(d, WMBT_WANT_RANGE, WMBT_READER_TAIL));
    uint32_t begin = d->want.offset, end = begin + d->want.bytes;
    wmbt_piece p = rows_from(d, begin);
    p = rows_from(d, p.offset + p.bytes); /* not cut by the want */
    uint32_t at = p.offset, to = at + p.bytes;
    T_CHECK(t, at > begin && to < end && p.bytes >= 16u);
    /* (the reader remembers the place that it looked at last) */
    T_EQ(t, place(d, at, at), WMBT_BAD_ARGUMENT);      /* no bytes */
    T_EQ(t, place(d, at, to + 1u), WMBT_BAD_ARGUMENT); /* not all of one extent */
    T_EQ(t, place(d, at - 1u, at + 4u), WMBT_BAD_ARGUMENT);
    T_EQ(t, place(d, end - 4u, end), WMBT_BAD_ARGUMENT); /* the marker */
    T_EQ(t, place(d, 100, 104), WMBT_BAD_ARGUMENT);      /* before the want */
    T_EQ(t, wmbt_reader_placed(d->r, &d->want, end, 4, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_placed(d->r, &d->want, at, UINT32_MAX, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_placed(d->r, &d->want, UINT32_MAX, 1, 0), WMBT_BAD_ARGUMENT);
    FEED(d, at + 6u, at + 8u, WMBT_NEED_MORE, 2);
    T_EQ(t, place(d, at, at + 7u), WMBT_BAD_ARGUMENT); /* some came before */
    T_EQ(t, place(d, at + 6u, at + 7u), WMBT_BAD_ARGUMENT);
    T_EQ(t, place(d, at + 7u, at + 12u), WMBT_BAD_ARGUMENT);
    T_EQ(t, place(d, at + 8u, to), WMBT_NEED_MORE);
    T_EQ(t, place(d, at, at + 4u), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_retry(d->r, &d->want), WMBT_OK);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    FEED(d, begin, end, WMBT_OK, at - begin);
    drive_forget(d);
    T_CHECK(t, drive_step(d));
    T_CHECK(t, d->want.offset == at + 4u && d->want.bytes == 2u);
    T_EQ(t, place(d, at + 4u, at + 7u), WMBT_BAD_ARGUMENT); /* more than the want */
    T_EQ(t, place(d, at + 4u, at + 6u), WMBT_OK);           /* a hole closed, more to come */
    drive_forget(d);
    for (uint32_t i = at; i < to; i++) {
        d->rows.data[p.place + i - at] = x.plain.data[i];
    }
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, WMBT_READER_TAIL), WMBT_OK);
    T_CALL(t, drive_check_rows(d, WMBT_READER_TAIL, x.plain));
}

/* The last bytes of an object are rows in place: end, or a checksum. Too many holes. */
static void test_placed_last(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t wrong = 0; wrong < 2u; wrong++) {
        drive *d = make(t, &x, true, FORM_PLAIN);
        T_CHECK(t, d != NULL);
        T_CALL(t, until(d, WMBT_WANT_RANGE, WMBT_READER_TAIL));
        uint32_t begin = d->want.offset, end = begin + d->want.bytes;
        wmbt_piece p = rows_from(d, begin + 100u);
        uint32_t at = p.offset;
        T_CHECK(t, p.bytes >= 2u * HOLES + 3u);
        for (uint32_t i = 0; i < HOLES; i++) {
            T_EQ(t, place(d, at + 2u * i + 1u, at + 2u * i + 2u), WMBT_NEED_MORE);
        }
        REFUSED(d, place(d, at + 2u * HOLES + 1u, at + 2u * HOLES + 2u), WMBT_FULL);
        FEED(d, begin, end, WMBT_NEED_MORE, at + 1u - begin);
        for (uint32_t i = 1; i < HOLES; i++) {
            T_EQ(t, place(d, at + 2u * i, at + 2u * i + 1u), WMBT_NEED_MORE);
        }
        at += 2u * HOLES;
        FEED(d, at + 2u, end, WMBT_NEED_MORE, end - at - 2u);
        uint32_t crc = wmbt_test_crc32c(0, d->from + at, 2) ^ wrong;
        T_EQ(t, wmbt_reader_placed(d->r, &d->want, at, 2, crc),
             wrong != 0u ? WMBT_BAD_CHECKSUM : WMBT_END);
        T_EQ(t, drive_status(d, WMBT_READER_TAIL), wrong != 0u ? WMBT_BAD_CHECKSUM : WMBT_OK);
        T_CALL(t, drive_check_stale(d, &d->want));
    }
}

/* Where rows are collected, or where nobody knows what they are, nothing can be placed. */
static void test_not_placed(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_NONE);
    T_CHECK(t, d != NULL);
    T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
    REFUSED(d, wmbt_reader_placed(d->r, &d->want, 128, 4, 0), WMBT_COLLECTED);
    T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
    REFUSED(d, place(d, 130, 134), WMBT_COLLECTED);
    d = make(t, &x, true, FORM_PLAIN);
    T_CHECK(t, d != NULL);
    x.b->token_count = 10; /* the prompt is shorter than the tail */
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    T_CALL(t, until(d, WMBT_WANT_RANGE, WMBT_READER_TAIL));
    REFUSED(d, place(d, d->want.offset, d->want.offset + 4u), WMBT_BAD_ARGUMENT);
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, WMBT_READER_TAIL), WMBT_DOES_NOT_FIT);
}

/* --- memory ----------------------------------------------------------------------------------- */

static void test_memory(wmbt_test *t)
{
    static const uint32_t forms[] = {FORM_NONE, FORM_ZSTD, FORM_CHUNK};
    drive_bucket x;
    for (size_t i = 0; i < 3u; i++) {
        drive *d = make(t, &x, false, forms[i]);
        T_CHECK(t, d != NULL);
        T_CALL(t, until(d, WMBT_WANT_OBJECT, 0));
        wmbt_buf all = wmbt_buf_of(d->raw, DRIVE_MAX_BYTES), none = wmbt_buf_of(NULL, 0);
        REFUSED(d, wmbt_reader_memory(d->r, &d->want, all, all), WMBT_BAD_STATE);
        T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
        wmbt_want w = d->want;
        uint8_t key[200];
        size_t len = 4711;
        REFUSED(d, wmbt_reader_want_key(d->r, &w, wmbt_buf_of(key, sizeof key), &len),
                WMBT_BAD_STATE);
        T_EQ(t, len, 4711);
        T_EQ(t, w.plain_bytes, 144);
        T_EQ(t, w.stored_bytes, forms[i] == FORM_CHUNK ? 144 + 1 + 64 : d->b->object[1].bytes.len);
        wmbt_buf raw = wmbt_buf_of(d->raw, 144), stored = wmbt_buf_of(d->stored, w.stored_bytes);
        wmbt_buf bad = wmbt_buf_of(NULL, 4096);
        REFUSED(d, wmbt_reader_memory(d->r, &w, bad, stored), WMBT_BAD_ARGUMENT);
        REFUSED(d, wmbt_reader_memory(d->r, &w, raw, bad), WMBT_BAD_ARGUMENT);
        REFUSED(d, wmbt_reader_memory(d->r, &w, none, stored), WMBT_BUFFER_TOO_SMALL);
        REFUSED(d, wmbt_reader_memory(d->r, &w, all, all), WMBT_BAD_ARGUMENT); /* overlap */
        REFUSED(d,
                wmbt_reader_memory(d->r, &w, wmbt_buf_of(d->stored + stored.len - 1u, 144), stored),
                WMBT_BAD_ARGUMENT);
        REFUSED(d, wmbt_reader_memory(d->r, &w, raw, wmbt_buf_of(d->raw + 143, w.stored_bytes)),
                WMBT_BAD_ARGUMENT);
        REFUSED(d, wmbt_reader_memory(d->r, &w, raw, none), WMBT_BUFFER_TOO_SMALL);
        REFUSED(d, wmbt_reader_memory(d->r, &w, wmbt_buf_of(d->raw, 143), stored),
                WMBT_BUFFER_TOO_SMALL);
        REFUSED(d, wmbt_reader_memory(d->r, &w, raw, wmbt_buf_of(d->stored, stored.len - 1u)),
                WMBT_BUFFER_TOO_SMALL);
        w.serial++;
        T_CALL(t, drive_check_stale(d, &w));
        w = d->want;
        w.id++;
        T_CALL(t, drive_check_stale(d, &w));
        w.id = UINT32_MAX;
        T_CALL(t, drive_check_stale(d, &w));
        T_CALL(t, drive_run(d)); /* it stays open */
        T_EQ(t, drive_status(d, 0), WMBT_OK);
        T_BYTES(t, d->raw, x.plain.data, x.plain.len);
    }
}

/* Memory for the plain object and memory for the stored one may touch, either way round. */
static void test_memory_touches(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t stored_first = 0; stored_first < 2u; stored_first++) {
        drive *d = make(t, &x, false, FORM_NONE);
        T_CHECK(t, d != NULL);
        T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
        const uint32_t stored = d->want.stored_bytes, plain = d->want.plain_bytes;
        T_CHECK(t, plain != 0u && stored != 0u && plain + stored <= DRIVE_MAX_BYTES);
        wmbt_buf p = wmbt_buf_of(d->raw + (stored_first != 0u ? stored : 0u), plain);
        wmbt_buf s = wmbt_buf_of(d->raw + (stored_first != 0u ? 0u : plain), stored);
        T_EQ(t, wmbt_reader_memory(d->r, &d->want, p, s), WMBT_OK);
    }
}

/* How many bytes from `at` on are the same. */
static uint32_t same_from(wmbt_view v, size_t at)
{
    uint32_t n = 1;
    while (at + n < v.len && v.data[at + n] == v.data[at]) {
        n++;
    }
    return n;
}

/* A wrapper whose frame has a block for every `size` bytes, or a short one for each run of equal
 * bytes. */
static wmbt_view many_blocks(wmbt_test *t, wmbt_view plain, uint32_t size)
{
    uint8_t *b = wmbt_test_alloc(t, 32u + plain.len * 4u);
    if (b == NULL) {
        return plain;
    }
    static const uint8_t begin[] = {'W', 'B', 'Z', '1', 1, 3};
    size_t n = 0;
    for (; n < sizeof begin; n++) {
        b[n] = begin[n];
    }
    wmbt_test_store32(b + n, (uint32_t)plain.len);
    wmbt_test_store32(b + n + 4u, 0xFD2FB528u);
    b[n + 8u] = 0xA0; /* size in 4 bytes, single segment */
    wmbt_test_store32(b + n + 9u, (uint32_t)plain.len);
    n += 13u;
    for (size_t at = 0; at < plain.len;) {
        uint32_t run = same_from(plain, at), m = 0;
        while (run < 7u && m < size && at + m < plain.len && same_from(plain, at + m) < 7u) {
            m++;
        }
        bool same = m == 0u;
        m = same ? run : m;
        uint32_t last = at + m == plain.len ? 1u : 0u;
        wmbt_test_store32(b + n, last | (same ? 2u : 0u) | m << 3); /* three bytes of it */
        n += 3u;
        for (uint32_t i = 0; i < (same ? 1u : m); i++) {
            b[n++] = plain.data[at + i];
        }
        at += m;
    }
    return wmbt_view_of(b, n);
}

/* A chunk that is longer than its value let expect: more memory for it, and for it alone. */
static void test_long_chunk(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_CHUNK_ZSTD);
    T_CHECK(t, d != NULL);
    bucket_object *chunk = &x.b->object[x.at[1]];
    chunk->bytes = many_blocks(t, x.plain, 2);
    T_CHECK(t, chunk->bytes.len > 209u);
    T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
    T_CHECK(t, d->want.plain_bytes == 144u && d->want.stored_bytes == 209u);
    T_CHECK(t, drive_step(d));
    T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
    T_CHECK(t, d->want.plain_bytes == 0u && d->want.stored_bytes == chunk->bytes.len);
    REFUSED(d, wmbt_reader_memory(d->r, &d->want, wmbt_buf_of(NULL, 0), wmbt_buf_of(d->stored, 9)),
            WMBT_BUFFER_TOO_SMALL);
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_OK);
    T_BYTES(t, d->raw, x.plain.data, x.plain.len);
}

/* A chunk that just fits what was lent needs no more. */
static void test_chunk_that_fits(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_CHUNK_ZSTD);
    T_CHECK(t, d != NULL);
    bucket_object *chunk = &x.b->object[x.at[1]];
    for (uint32_t size = 9; chunk->bytes.len < 211u;
         size--) { /* as much as is asked for, or more */
        chunk->bytes = many_blocks(t, x.plain, size);
    }
    for (uint32_t less = 0; less < 2u; less++) {
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
        size_t room = chunk->bytes.len - less;
        T_CHECK(t, room >= d->want.stored_bytes);
        T_EQ(t,
             wmbt_reader_memory(d->r, &d->want, wmbt_buf_of(d->raw, 144),
                                wmbt_buf_of(d->stored, room)),
             WMBT_OK);
        drive_forget(d);
        T_CHECK(t, drive_step(d) && drive_step(d) && drive_step(d) && drive_step(d));
        T_EQ(t, d->want.kind, less == 0u ? WMBT_WANT_RANGE : WMBT_WANT_MEMORY);
    }
}

/* What is short, wrapped and plain, needs no memory, whatever it is. */
static void test_short_wrapper(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t len = 127; len <= 129u; len++) {
        drive *d = make(t, &x, false, FORM_PLAIN);
        uint8_t *zeros = wmbt_test_alloc(t, len);
        T_CHECK(t, d != NULL && zeros != NULL);
        x.b->object[x.at[0]].bytes = many_blocks(t, wmbt_view_of(zeros, len), len);
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_status(d, 0), WMBT_BAD_MAGIC);
        T_EQ(t, d->raw_lent, len <= WMBT_READER_HEADER_BYTES ? 0u : len);
    }
    for (uint32_t len = 117; len <= 119u; len++) { /* plain, behind ten bytes */
        drive *d = make(t, &x, false, FORM_PLAIN);
        uint8_t *zeros = wmbt_test_alloc(t, len);
        T_CHECK(t, d != NULL && zeros != NULL);
        x.b->object[x.at[0]].bytes = bucket_wrap(t, wmbt_view_of(zeros, len), false);
        T_EQ(t, x.b->object[x.at[0]].bytes.len, len + 10u);
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_status(d, 0), WMBT_BAD_MAGIC);
        T_EQ(t, d->raw_lent, len + 10u <= WMBT_READER_HEADER_BYTES ? 0u : len);
    }
}

/* An object that is all there with its head: memory() answers as the last feed() would. */
static void test_memory_is_last(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t wrong = 0; wrong < 2u; wrong++) {
        drive *d = make(t, &x, false, FORM_PLAIN);
        uint8_t *plain = wmbt_test_alloc(t, 144);
        T_CHECK(t, d != NULL && plain != NULL);
        for (uint32_t i = 0; i < 144u; i++) { /* rows of zeros, which make short blocks */
            bool rows = (i >= 36u && i < 52u) || (i >= 56u && i < 64u) || (i >= 88u && i < 120u) ||
                        (i >= 72u && i < 80u) || (i >= 124u && i < 140u);
            plain[i] = rows ? 0u : x.plain.data[i];
        }
        wmbt_test_store32(plain + 140, wmbt_test_crc32c(0, plain + 24, 116) ^ wrong);
        wmbt_view stored = many_blocks(t, wmbt_view_of(plain, 144), 144);
        T_CHECK(t, stored.len <= WMBT_READER_HEADER_BYTES);
        x.b->object[x.at[0]].bytes = stored;
        T_CALL(t, until(d, WMBT_WANT_MEMORY, 0));
        wmbt_status want = wrong != 0u ? WMBT_BAD_CHECKSUM : WMBT_END;
        T_EQ(t,
             wmbt_reader_memory(d->r, &d->want, wmbt_buf_of(d->raw, 144),
                                wmbt_buf_of(d->stored, stored.len)),
             want);
        T_EQ(t, drive_status(d, 0), wrong != 0u ? WMBT_BAD_CHECKSUM : WMBT_OK);
        T_CALL(t, drive_check_stale(d, &d->want));
    }
}

/* Nothing in a wrapper, or in a value, is an object that is cut off. */
static void test_empty(wmbt_test *t)
{
    static const uint8_t none[] = {'W', 'B', 'Z', '1', 0, 3, 0, 0, 0, 0};
    static const uint8_t zstd[] = {'W',  'B',  'Z',  '1',  1,    3,    0,    0,    0, 0,
                                   0x28, 0xB5, 0x2F, 0xFD, 0x20, 0x00, 0x01, 0x00, 0};
    static const char digits[] = "WMBT_KV_SHM_LARGE_V1\n"
                                 "00000000000000000000000000000000"
                                 "00000000000000000000000000000000\n0\n0\n";
    static const uint8_t long_zstd[WMBT_READER_HEADER_BYTES + 1u] = {'W', 'B', 'Z', '1', 1, 3};
    const wmbt_view empty[] = {wmbt_view_of(none, sizeof none), wmbt_view_of(zstd, sizeof zstd),
                               wmbt_view_of(long_zstd, sizeof long_zstd), wmbt_test_text(digits)};
    for (size_t i = 0; i < 4u; i++) {
        for (uint32_t tail = 0; tail < 2u; tail++) {
            drive_bucket x;
            drive *d = make(t, &x, tail != 0u, FORM_PLAIN);
            T_CHECK(t, d != NULL);
            x.b->object[x.at[0]].bytes = empty[i];
            T_CALL(t, drive_run(d));
            T_EQ(t, drive_status(d, x.object), WMBT_TRUNCATED);
            T_CHECK(t, d->raw_lent == 0u && d->stored_lent == 0u); /* no memory was asked for */
        }
    }
}

/* A manifest with something behind it, more than a manifest can have. */
static void test_long_manifest(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, FORM_CHUNK);
    T_CHECK(t, d != NULL);
    wmbt_view *stored = &x.b->object[x.at[0]].bytes;
    uint8_t *bytes = wmbt_test_alloc(t, 300);
    T_CHECK(t, bytes != NULL);
    uint32_t sound = (uint32_t)stored->len;
    for (uint32_t i = 0; i < sound; i++) {
        bytes[i] = stored->data[i];
    }
    for (uint32_t len = sound; len <= 300u; len++) {
        *stored = wmbt_view_of(bytes, len);
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_status(d, 0), len == sound ? WMBT_OK : WMBT_TRAILING_BYTES);
    }
    bytes[30] = 'g'; /* of the id; seen if all may be a manifest */
    *stored = wmbt_view_of(bytes, WMBT_READER_HEADER_BYTES);
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_BAD_TEXT);
}

/* Tails of a few bytes: what the whole reader says. */
static void test_short_tails(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, true, FORM_PLAIN);
    uint8_t *bytes = wmbt_test_alloc(t, 64);
    T_CHECK(t, d != NULL && bytes != NULL);
    for (uint32_t len = 30; len <= 50u; len++) {
        for (uint32_t body = 0; body <= 40u; body++) {
            for (uint32_t i = 0; i < 64u; i++) {
                bytes[i] = x.plain.data[i];
            }
            wmbt_test_store32(bytes + 8, body < 40u ? body : 0xFFFFFFFFu);
            wmbt_rawtail_expect expect = {SHAPE, 0};
            wmbt_rawtail_info info;
            wmbt_view object = wmbt_view_of(bytes, len);
            wmbt_status want = wmbt_rawtail_read(object, &expect, &info);
            x.b->object[x.at[0]].bytes = object;
            T_CALL(t, drive_reset(d, DRIVE_WHOLE, ~DRIVE_TAIL_BIT));
            T_CALL(t, drive_run(d));
            T_EQ(t, drive_status(d, WMBT_READER_TAIL), want);
            wmbt_reader_object state;
            wmbt_piece piece;
            T_EQ(t, wmbt_reader_object_state(d->r, WMBT_READER_TAIL, &state), WMBT_OK);
            bool known = want != WMBT_TRUNCATED && want != WMBT_BAD_LENGTH; /* its head is good */
            T_CHECK(t, state.total_tokens == (known ? 11u : 0u));
            T_CHECK(t, state.raw_rows == (known ? 8u : 0u));
            T_EQ(t, wmbt_reader_piece(d->r, WMBT_READER_TAIL, 0, NULL, &piece), WMBT_MISSING);
        }
    }
}

/* --- codecs ----------------------------------------------------------------------------------- */

typedef struct odd_codec {
    wmbt_status says;
    size_t written;
} odd_codec;

static wmbt_status say(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    const odd_codec *codec = (const odd_codec *)context;
    (void)frames;
    (void)out;
    if (codec->says == WMBT_OK && codec->written != 0u) {
        *written = codec->written;
    }
    return codec->says;
}

/* What an object is settled with, by what its codec says: an error that a record has room for, and
 * none that a caller would take for one of the call. */
static wmbt_status settled_by(wmbt_status says)
{
    if (says == WMBT_OK || says == WMBT_TOO_LARGE) {
        return WMBT_BAD_LENGTH; /* less, or more, than the wrapper claims */
    }
    if ((says >= 16 && says < 32) || says == WMBT_FULL) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    return says >= 32 && says <= 255 ? says : WMBT_BAD_BITSTREAM;
}

static void test_codec(wmbt_test *t)
{
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, false, FORM_ZSTD));
    drive *d = drive_config(t, x.b, 0);
    odd_codec odd = {WMBT_OK, 143};
    T_CHECK(t, d != NULL);
    d->config.codec.decode = say;
    d->config.codec.context = &odd;
    T_CALL(t, drive_start(d));
    static const wmbt_status far[] = {1000, 0x10000, INT32_MAX, -1, -96, INT32_MIN};
    for (int i = 0; i <= 300 + 5; i++) {
        odd.says = i < 300 ? i : far[i - 300];
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, ~1u));
        T_CALL(t, drive_run(d));
        t->got = (uint64_t)odd.says;
        T_CHECK(t, drive_status(d, 0) == settled_by(odd.says));
        T_EQ(t, d->raw_lent, 144);
    }
    odd.says = WMBT_OK;
    odd.written = 144; /* of bytes that are not a block */
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, ~1u));
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_BAD_MAGIC);
    /* It says ok and not how much it has written: nothing, of one byte. */
    static const uint8_t one[] = {'W', 'B', 'Z', '1', 1, 3, 1, 0, 0, 0, 0x28, 0xB5, 0x2F, 0xFD};
    odd.written = 0;
    x.b->object[x.at[0]].bytes = wmbt_view_of(one, sizeof one);
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, ~1u));
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_BAD_LENGTH);
    wmbt_test_reset(t);
    T_CALL(t, drive_fill(t, &x, false, FORM_ZSTD));
    d = drive_config(t, x.b, 0);
    T_CHECK(t, d != NULL);
    d->config.codec.decode = NULL;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, ~1u));
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, 0), WMBT_UNSUPPORTED_ALGORITHM);
    T_EQ(t, d->raw_lent, 0); /* known from the head */
}

/* --- memory that changes ---------------------------------------------------------------------- */

/* Memory that was lent is written by somebody else, just before the last bytes come. What was
 * decided on the head stays decided; the object passes only if what was read last is it. */
static void test_lent_changes(wmbt_test *t)
{
    static const uint32_t forms[] = {FORM_NONE, FORM_ZSTD, FORM_CHUNK, FORM_CHUNK_ZSTD};
    drive_bucket x;
    for (size_t f = 0; f < 4u; f++) {
        uint32_t passed = 0;
        drive *d = make(t, &x, false, forms[f]);
        T_CHECK(t, d != NULL);
        for (uint32_t bit = 0; bit < 128u * 8u; bit += T_MANY(1u, 19u)) {
            T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
            T_CALL(t, until(d, WMBT_WANT_RANGE, 0));
            uint8_t *lent = forms[f] == FORM_CHUNK ? d->raw : d->stored;
            lent[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
            T_CHECK(t, drive_step(d));
            T_CHECK(t, d->said == WMBT_END || wmbt_status_is_error(d->said));
            if (d->said == WMBT_END) {
                T_BYTES(t, d->raw, x.plain.data, x.plain.len);
                T_CALL(t, drive_check_rows(d, 0, x.plain));
                passed++;
            }
            T_CALL(t, drive_run(d));
        }
        /* nor does the wrapper's header count any more, nor padding of the frame */
        T_CHECK(t, passed <= (forms[f] == FORM_CHUNK ? 0u : 80u + 10u));
    }
}

#define ARENA (160u << 10)

static const wmbt_case cases[] = {
    {"found", test_found, ARENA, NULL},
    {"feed", test_feed, ARENA, NULL},
    {"holes: seven, and the first missing always fits", test_holes, ARENA, NULL},
    {"retry: exactly what is missing", test_retry, ARENA, NULL},
    {"placed", test_placed, ARENA, NULL},
    {"placed: the last bytes, too many holes", test_placed_last, ARENA, NULL},
    {"placed: where there are no rows to place", test_not_placed, ARENA, NULL},
    {"memory", test_memory, ARENA, NULL},
    {"memory: the two may touch", test_memory_touches, ARENA, NULL},
    {"memory: a chunk longer than expected", test_long_chunk, ARENA, NULL},
    {"memory: a chunk that just fits", test_chunk_that_fits, ARENA, NULL},
    {"memory: none for what is short", test_short_wrapper, ARENA, NULL},
    {"memory: the object is all there", test_memory_is_last, ARENA, NULL},
    {"nothing inside is truncated", test_empty, ARENA, NULL},
    {"a manifest and more", test_long_manifest, ARENA, NULL},
    {"short tails", test_short_tails, ARENA, NULL},
    {"a codec says anything", test_codec, ARENA, NULL},
    {"memory lent changes before it is used", test_lent_changes, ARENA, NULL},
};
WMBT_SUITE(reader_bytes, cases);
