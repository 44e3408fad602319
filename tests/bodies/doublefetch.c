/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a device still writes: whole-object readers read each byte once and decide on what
 * they read. The suite is built with the external CRC kernel. It is called for the header, every
 * number and every run of rows, in their order, and tells where the reader stands; at each such
 * moment each byte of the object is changed in turn. A byte that was read before must not matter
 * any more; one that was not must count as it is then.
 */
#include "../support/objects.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/rawtail.h"

#define BLOCK_BYTES 144u
#define TAIL_BYTES 816u

/* The numbers that a reader handed out: five are enough for both. */
typedef struct outcome {
    wmbt_status status;
    uint32_t numbers[5];
} outcome;

typedef void read_object(wmbt_view object, outcome *out);

static void read_block(wmbt_view object, outcome *out)
{
    const wmbt_kvblock_expect expect = {&wmbt_test_shape, 8, 3, 0};
    wmbt_kvblock_info info = {9, 9, 9, 9};
    out->status = wmbt_kvblock_read(object, &expect, &info);
    out->numbers[0] = info.block_seq;
    out->numbers[1] = info.block_tokens;
    out->numbers[2] = info.body_bytes;
    out->numbers[3] = info.crc;
    out->numbers[4] = 0;
}

static void read_tail(wmbt_view object, outcome *out)
{
    const wmbt_rawtail_expect expect = {&wmbt_test_shape, 0};
    wmbt_rawtail_info info = {9, 9, 9, 9, 9, 9};
    out->status = wmbt_rawtail_read(object, &expect, &info);
    out->numbers[0] = info.total_tokens;
    out->numbers[1] = info.raw_rows;
    out->numbers[2] = info.body_bytes;
    out->numbers[3] = info.crc;
    out->numbers[4] = info.block_end;
}

static bool same(const outcome *a, const outcome *b)
{
    bool numbers = true;
    for (size_t i = 0; i < 5; i++) {
        numbers = numbers && a->numbers[i] == b->numbers[i];
    }
    return numbers && a->status == b->status;
}

/* What the hook works on. */
static struct {
    uint8_t *object;
    size_t len;
    size_t read;      /* bytes of the object that the reader has read */
    uint32_t calls;   /* so far */
    uint32_t at_call; /* the one at which the byte changes; 0: none */
    size_t at_byte;
    uint8_t change;
    size_t read_then; /* `read` when it changed */
} watch;

static void hook(const uint8_t *src, size_t n)
{
    bool of_object = src >= watch.object && src < watch.object + watch.len;
    if (of_object) {
        watch.read = (size_t)(src - watch.object);
    }
    if (++watch.calls == watch.at_call) {
        watch.read_then = watch.read;
        watch.object[watch.at_byte] ^= watch.change;
    }
    if (of_object) {
        watch.read += n;
    }
}

static void run(read_object *reader, outcome *out)
{
    watch.read = 0;
    watch.calls = 0;
    wmbt_test_crc_hook = hook;
    reader(wmbt_view_of(watch.object, watch.len), out);
    wmbt_test_crc_hook = NULL;
}

static void check_byte(wmbt_test *t, read_object *reader, uint32_t calls, const outcome *good)
{
    outcome changed, out;
    watch.at_call = 0;
    watch.object[watch.at_byte] ^= watch.change;
    run(reader, &changed);
    watch.object[watch.at_byte] ^= watch.change;
    for (uint32_t call = 1; call <= calls; call++) {
        watch.at_call = call;
        run(reader, &out);
        watch.object[watch.at_byte] ^= watch.change;
        T_CHECK(t, same(&out, watch.at_byte < watch.read_then ? good : &changed));
    }
}

static void check_reader(wmbt_test *t, read_object *reader, uint8_t *object, size_t len,
                         uint32_t want_calls)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xFF};
    watch.object = object;
    watch.len = len;
    watch.at_call = 0;
    outcome good;
    run(reader, &good);
    T_EQ(t, good.status, WMBT_OK);
    T_EQ(t, watch.calls, want_calls);
    for (size_t byte = 0; byte < len; byte++) {
        for (size_t i = 0; i < 3; i++) {
            watch.at_byte = byte;
            watch.change = changes[i];
            T_CALL(t, check_byte(t, reader, want_calls, &good));
        }
    }
}

/* The header, 14 numbers and runs of rows, the trailer. */
static void test_block(wmbt_test *t)
{
    uint8_t *object = wmbt_test_alloc(t, BLOCK_BYTES);
    T_CHECK(t, object != NULL);
    size_t written = 0;
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(object, BLOCK_BYTES), &wmbt_test_shape, 8, 3, &written),
         WMBT_OK);
    T_EQ(t, written, BLOCK_BYTES);
    T_CALL(t, check_reader(t, read_block, object, BLOCK_BYTES, 16));
}

/* The header, its five numbers once more as they were read, then 24 numbers and runs of rows. */
static void test_tail(wmbt_test *t)
{
    uint8_t *object = wmbt_test_alloc(t, TAIL_BYTES);
    T_CHECK(t, object != NULL);
    size_t written = 0;
    T_EQ(t,
         wmbt_rawtail_seal(wmbt_buf_of(object, TAIL_BYTES), &wmbt_test_shape, 21, 5, 16, &written),
         WMBT_OK);
    T_EQ(t, written, TAIL_BYTES);
    T_CALL(t, check_reader(t, read_tail, object, TAIL_BYTES, 26));
}

static const wmbt_case cases[] = {
    {"block", test_block, 256, NULL},
    {"raw tail", test_tail, 1024, NULL},
};
WMBT_SUITE(doublefetch, cases);
