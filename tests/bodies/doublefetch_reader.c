/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader, and memory that somebody else still writes: bytes that are fed, and memory that was lent,
 * are read once. The suite is built with the external CRC kernel, which tells where the reader
 * stands before and after it reads some bytes; at each such moment each byte is changed in turn.
 * A byte that was read before must not matter any more; one that was not must count as it is then.
 * The first 128 bytes, which decide what an object is, are copied before the first call.
 */
#include "../support/drive.h"

static struct {
    uint8_t *base; /* the bytes fed, or collected in memory */
    size_t len;
    uint32_t calls;   /* so far */
    uint32_t at_call; /* the one at which the byte changes; 0: none */
    size_t at_byte;
    size_t read_then; /* bytes that had been read when it changed */
} watch;

/* `done` bytes of those at src have been read, and all before them. */
static void moment(const uint8_t *src, size_t done)
{
    bool inside = src >= watch.base && src < watch.base + watch.len;
    if (++watch.calls == watch.at_call) {
        watch.read_then = inside ? (size_t)(src - watch.base) + done : WMBT_READER_HEADER_BYTES;
        watch.base[watch.at_byte] ^= 0x40u;
    }
}

static void before(const uint8_t *src, size_t n)
{
    (void)n;
    moment(src, 0);
}

static void after(const uint8_t *src, size_t n)
{
    moment(src, n);
}

/* Brings the object up to the want with whose bytes all is known, and gives those. */
static void run(drive *d, const drive_bucket *x, bool from_head, uint32_t at_call, size_t at_byte)
{
    drive_reset(d, DRIVE_WHOLE, DRIVE_ALL);
    uint32_t kind = from_head ? WMBT_WANT_OBJECT : WMBT_WANT_RANGE;
    while (!(d->open && d->want.kind == kind && d->want.object == x->object)) {
        D_CHECK(d, drive_step(d));
    }
    bool lent = d->raw_lent != 0u;
    watch.base = lent ? d->raw : (uint8_t *)(uintptr_t)d->from;
    watch.len = x->plain.len;
    watch.calls = 0;
    watch.at_call = at_call;
    watch.at_byte = at_byte;
    watch.read_then = 0;
    wmbt_test_crc_hook = before;
    wmbt_test_crc_after = after;
    while (drive_status(d, x->object) == WMBT_NEED_MORE && drive_step(d)) {
    }
    wmbt_test_crc_hook = NULL;
    wmbt_test_crc_after = NULL;
    if (!lent && at_call != 0u && watch.calls >= at_call) {
        watch.base[at_byte] ^= 0x40u; /* as it was */
    }
}

static void changes(wmbt_test *t, bool tail, uint32_t form, bool from_head)
{
    drive_bucket x;
    wmbt_test_reset(t);
    T_CALL(t, drive_fill(t, &x, tail, form));
    drive *d = drive_config(t, x.b, WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL);
    T_CHECK(t, d != NULL);
    T_CALL(t, drive_start(d));
    T_CALL(t, run(d, &x, from_head, 0, 0));
    T_EQ(t, drive_status(d, x.object), WMBT_OK);
    uint32_t calls = watch.calls, harmless = 0, harmful = 0;
    T_CHECK(t, calls >= (from_head || form != FORM_PLAIN ? 10u : 2u));
    for (uint32_t call = 1; call <= calls; call++) {
        for (size_t byte = 0; byte < x.plain.len; byte += tail ? 3u : 1u) {
            T_CALL(t, run(d, &x, from_head, call, byte));
            t->got = byte;
            t->want = call;
            bool read = byte < WMBT_READER_HEADER_BYTES || byte < watch.read_then;
            wmbt_status status = drive_status(d, x.object);
            T_CHECK(t, (status == WMBT_OK) == read);
            if (read) { /* and what landed is what was checked */
                T_CALL(t, drive_check_rows(d, x.object, x.plain));
            }
            harmless += read ? 1u : 0u;
            harmful += read ? 0u : 1u;
        }
    }
    T_CHECK(t, harmless > 100u && harmful > 10u);
}

static void test_block(wmbt_test *t)
{
    T_CALL(t, changes(t, false, FORM_PLAIN, true));
    T_CALL(t, changes(t, false, FORM_PLAIN, false));
    for (uint32_t form = FORM_NONE; form < FORMS; form++) {
        T_CALL(t, changes(t, false, form, false));
    }
}

static void test_tail(wmbt_test *t)
{
    T_CALL(t, changes(t, true, FORM_PLAIN, true));
    T_CALL(t, changes(t, true, FORM_PLAIN, false));
    for (uint32_t form = FORM_NONE; form < FORMS; form += 2u) {
        T_CALL(t, changes(t, true, form, false));
    }
}

#define ARENA (160u << 10)

static const wmbt_case cases[] = {
    {"block", test_block, ARENA, NULL},
    {"raw tail", test_tail, ARENA, NULL},
};
WMBT_SUITE(doublefetch_reader, cases);
