/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: objects bound to digests that the caller holds. Digests are made of the plain objects by
 * the one-shot call of blake3.h.
 */
#include "../support/drive.h"
#include "wombatkv/blake3.h"

#define DIGESTS 3u

typedef struct bound {
    drive_bucket x;
    drive *d;
    uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES]; /* of the object under test */
    const uint8_t *table[DIGESTS];
} bound;

/* The object under test is bound, all else is not. */
static void make(wmbt_test *t, bound *b, bool tail, uint32_t form)
{
    uint8_t state[WMBT_BLAKE3_BYTES(DRIVE_MAX_BYTES)];
    T_CALL(t, drive_fill(t, &b->x, tail, form));
    b->d = drive_config(t, b->x.b, WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
    uint8_t *hash = wmbt_test_alloc(t, sizeof state);
    size_t bytes = b->d == NULL ? 0u : b->d->config.in_flight * sizeof state;
    T_CHECK(t, b->d != NULL && hash != NULL);
    T_EQ(t, wmbt_blake3_once(wmbt_buf_of(hash, sizeof state), b->x.plain, b->digest), WMBT_OK);
    for (uint32_t i = 0; i < DIGESTS; i++) {
        b->table[i] = NULL;
    }
    b->table[0] = b->digest;
    b->d->config.hashes = wmbt_buf_of(wmbt_test_alloc(t, bytes), bytes);
    b->d->prompt.digest_count = DIGESTS;
    *(tail ? &b->d->prompt.tail_digests : &b->d->prompt.digests) = b->table;
}

static void try_all(wmbt_test *t, bool tail)
{
    bound b;
    for (uint32_t form = 0; form < FORMS; form++) {
        for (uint32_t how = 0; how < DRIVE_HOWS; how++) {
            for (uint32_t step = 0; step < 100u; step += 33u) {
                wmbt_test_reset(t);
                T_CALL(t, make(t, &b, tail, form));
                b.d->config.step_bytes = step;
                T_CALL(t, drive_start(b.d));
                T_CALL(t, drive_reset(b.d, how, DRIVE_ALL));
                T_CALL(t, drive_run(b.d));
                T_EQ(t, drive_trust(b.d, b.x.object), WMBT_TRUST_USABLE);
                T_CALL(t, drive_check_rows(b.d, b.x.object, b.x.plain));
                T_CHECK(t, b.d->full == 0u || how == DRIVE_BACKWARDS || how == DRIVE_SCATTERED);
                T_CHECK(t, b.d->full != 0u || form != FORM_PLAIN || how != DRIVE_BACKWARDS);
                b.digest[how * 31u / (DRIVE_HOWS - 1u)] ^= 0x10u;
                T_CALL(t, drive_reset(b.d, how, ~(tail ? DRIVE_TAIL_BIT : 1u)));
                T_CALL(t, drive_run(b.d));
                T_EQ(t, drive_status(b.d, b.x.object), WMBT_BAD_DIGEST);
                T_EQ(t, wmbt_reader_usable_blocks(b.d->r), tail ? 1u : 0u);
            }
        }
    }
}

static void test_blocks(wmbt_test *t)
{
    try_all(t, false);
}

static void test_tails(wmbt_test *t)
{
    try_all(t, true);
}

/* Another intact object under the key is told by the digest only, a damaged one by its CRC. */
static void test_other_object(wmbt_test *t)
{
    bound b;
    uint32_t state = 4242;
    T_CALL(t, make(t, &b, false, FORM_PLAIN));
    T_CALL(t, drive_start(b.d));
    bucket_object *o = &b.x.b->object[b.x.at[0]];
    wmbt_view right = o->bytes, other = bucket_block(t, 0, &state);
    T_EQ(t, right.len, other.len);
    for (uint32_t how = 0; how < DRIVE_HOWS; how++) {
        o->bytes = other;
        b.table[0] = NULL;
        T_CALL(t, drive_reset(b.d, how, DRIVE_ALL));
        T_CALL(t, drive_run(b.d));
        T_EQ(t, drive_status(b.d, 0), WMBT_OK);
        b.table[0] = b.digest;
        T_CALL(t, drive_reset(b.d, how, 2));
        T_CALL(t, drive_run(b.d));
        T_EQ(t, drive_status(b.d, 0), WMBT_BAD_DIGEST);
    }
    uint8_t *damaged = wmbt_test_alloc(t, right.len);
    T_CHECK(t, damaged != NULL);
    for (size_t i = 0; i < right.len; i++) {
        damaged[i] = right.data[i];
    }
    damaged[40] ^= 1u;
    o->bytes = wmbt_view_of(damaged, right.len);
    T_CALL(t, drive_reset(b.d, DRIVE_WHOLE, 2));
    T_CALL(t, drive_run(b.d));
    T_EQ(t, drive_status(b.d, 0), WMBT_BAD_CHECKSUM);
}

/* An entry is read once; one that is missing binds nothing. */
static void test_table(wmbt_test *t)
{
    static const uint8_t zeros[WMBT_BLAKE3_DIGEST_BYTES];
    bound b;
    T_CALL(t, make(t, &b, false, FORM_PLAIN));
    T_CALL(t, drive_start(b.d));
    b.table[0] = zeros;
    T_CALL(t, drive_reset(b.d, DRIVE_BYTES, 2));
    while (drive_step(b.d) && b.d->want.object != 0u) {
    }
    b.table[0] = NULL;
    T_CALL(t, drive_run(b.d));
    T_EQ(t, drive_status(b.d, 0), WMBT_BAD_DIGEST);
    b.table[0] = zeros;
    b.table[1] = zeros;
    b.d->prompt.digest_count = 1;
    b.d->prompt.flags |= WMBT_READER_AUDIT;
    T_CALL(t, drive_reset(b.d, DRIVE_WHOLE, 2));
    T_CALL(t, drive_run(b.d));
    T_EQ(t, drive_status(b.d, 0), WMBT_BAD_DIGEST);
    T_EQ(t, drive_status(b.d, 1), WMBT_OK);
    /* a restart begins the hash anew */
    b.table[0] = b.digest;
    T_CALL(t, drive_reset(b.d, DRIVE_BYTES, DRIVE_ALL));
    for (uint32_t i = 0; i < 100u; i++) {
        T_CHECK(t, drive_step(b.d));
    }
    T_CHECK(t, b.d->want.object == 0u && b.d->open);
    T_EQ(t, wmbt_reader_restart(b.d->r, &b.d->want), WMBT_OK);
    drive_forget(b.d);
    T_CALL(t, drive_run(b.d));
    T_EQ(t, drive_status(b.d, 0), WMBT_OK);
}

/* Two objects in flight have a hash each, and no byte before or behind them is written. */
static void test_two(wmbt_test *t)
{
    bound b;
    uint8_t state[WMBT_BLAKE3_BYTES(DRIVE_MAX_BYTES)];
    uint8_t second[WMBT_BLAKE3_DIGEST_BYTES];
    wmbt_want want[2];
    T_CALL(t, make(t, &b, false, FORM_PLAIN));
    b.d->config.in_flight = 2;
    b.d->config.first_bytes = UINT32_MAX;
    size_t bytes = 2u * sizeof state;
    uint8_t *hashes = wmbt_test_alloc(t, 3u * bytes);
    T_CHECK(t, hashes != NULL);
    wmbt_test_set(hashes, 0x6B, 3u * bytes);
    b.d->config.hashes = wmbt_buf_of(hashes + bytes, bytes);
    const bucket_object *o[2] = {&b.x.b->object[b.x.at[0]], &b.x.b->object[0]};
    uint8_t *hash = wmbt_test_alloc(t, sizeof state);
    T_CHECK(t, hash != NULL);
    T_EQ(t, wmbt_blake3_once(wmbt_buf_of(hash, sizeof state), o[1]->bytes, second), WMBT_OK);
    b.table[1] = second;
    T_CALL(t, drive_start(b.d));
    T_CALL(t, drive_reset(b.d, DRIVE_WHOLE, DRIVE_ALL));
    for (uint32_t i = 0; i < 2u; i++) {
        T_EQ(t, wmbt_reader_next_want(b.d->r, &want[i]), WMBT_OK);
        T_EQ(t, wmbt_reader_found(b.d->r, &want[i], o[i]->bytes.len), WMBT_NEED_MORE);
    }
    for (uint32_t at = 0; at < o[0]->bytes.len; at++) {
        for (uint32_t i = 0; i < 2u; i++) {
            size_t taken = 0;
            wmbt_status status = wmbt_reader_feed(b.d->r, &want[i], at,
                                                  wmbt_view_of(o[i]->bytes.data + at, 1), &taken);
            T_EQ(t, status, at + 1u < o[i]->bytes.len ? WMBT_NEED_MORE : WMBT_END);
        }
    }
    T_EQ(t, wmbt_reader_usable_blocks(b.d->r), 2);
    for (size_t i = 0; i < bytes; i++) {
        T_CHECK(t, hashes[i] == 0x6Bu && hashes[2u * bytes + i] == 0x6Bu);
    }
}

/* What hardware places is hashed where it lies; where it does not lie in memory, it is fed. */
static void test_without_memory(wmbt_test *t)
{
    bound b;
    wmbt_want want;
    wmbt_piece piece;
    size_t taken = 0;
    T_CALL(t, make(t, &b, false, FORM_PLAIN));
    b.d->config.memory = wmbt_buf_of(NULL, 0);
    T_CALL(t, drive_start(b.d));
    T_CALL(t, drive_reset(b.d, DRIVE_WHOLE, DRIVE_ALL));
    const bucket_object *o = &b.x.b->object[b.x.at[0]];
    T_EQ(t, wmbt_reader_next_want(b.d->r, &want), WMBT_OK);
    T_EQ(t, wmbt_reader_found(b.d->r, &want, o->bytes.len), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_feed(b.d->r, &want, 0, wmbt_view_of(o->bytes.data, 128), &taken), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(b.d->r, &want), WMBT_OK);
    T_EQ(t, wmbt_reader_piece(b.d->r, 0, 128, NULL, &piece), WMBT_OK);
    T_CHECK(t, piece.kind != WMBT_EXTENT_FIELD && piece.has_place == 1u && piece.must_feed == 1u);
    T_EQ(t, wmbt_reader_placed(b.d->r, &want, 128, piece.bytes, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t,
         wmbt_reader_feed(b.d->r, &want, 128,
                          wmbt_view_of(o->bytes.data + 128, o->bytes.len - 128u), &taken),
         WMBT_END);
}

/* The same where there is memory, but rows of this layer are not wanted; wanted ones are placed. */
static void test_not_wanted(wmbt_test *t)
{
    for (uint32_t wanted = 0; wanted < 2u; wanted++) {
        bound b;
        wmbt_piece piece;
        wmbt_test_reset(t);
        T_CALL(t, make(t, &b, false, FORM_PLAIN));
        for (uint32_t i = 0; i < DRIVE_PLACES; i++) {
            b.d->places[i].wanted = wanted;
        }
        T_CALL(t, drive_start(b.d));
        T_CALL(t, drive_reset(b.d, DRIVE_WHOLE, DRIVE_ALL));
        T_EQ(t, wmbt_reader_piece(b.d->r, 0, 128, NULL, &piece), WMBT_OK);
        T_CHECK(t, piece.kind != WMBT_EXTENT_FIELD && piece.has_place == wanted);
        T_EQ(t, piece.must_feed, 1u - wanted);
    }
}

static void test_arguments(wmbt_test *t)
{
    bound b;
    wmbt_reader *r = NULL;
    T_CALL(t, make(t, &b, false, FORM_PLAIN));
    T_CALL(t, drive_start(b.d));
    wmbt_reader_config c = b.d->config;
    uint8_t *room = wmbt_test_alloc(t, 4096);
    T_CHECK(t, room != NULL);
    for (uint32_t k = 0; k < 32u; k++) {
        for (uint32_t more = 0; more < 2u; more++) {
            c.max_object_bytes = (1u << k) + more;
            size_t bytes = WMBT_READER_HASH_BYTES(c.max_object_bytes);
            c.hashes = wmbt_buf_of(room, bytes);
            T_EQ(t, wmbt_reader_init(b.d->memory, &c, 1, &r), WMBT_OK);
            c.hashes.len--;
            T_EQ(t, wmbt_reader_init(b.d->memory, &c, 1, &r), WMBT_BUFFER_TOO_SMALL);
            c.hashes = wmbt_buf_of(room + 1, bytes);
            T_EQ(t, wmbt_reader_init(b.d->memory, &c, 1, &r), WMBT_BUFFER_MISALIGNED);
        }
    }
    c.hashes = wmbt_buf_of(NULL, 1);
    T_EQ(t, wmbt_reader_init(b.d->memory, &c, 1, &r), WMBT_BAD_ARGUMENT);
    c.hashes = wmbt_buf_of(NULL, 0);
    T_EQ(t, wmbt_reader_init(b.d->memory, &c, 1, &r), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, &b.d->prompt), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_init(b.d->memory, &b.d->config, 1, &r), WMBT_OK);
    b.d->prompt.digest_count = 0;
    T_EQ(t, wmbt_reader_start(r, &b.d->prompt), WMBT_BAD_ARGUMENT);
    b.d->prompt.digests = NULL;
    T_EQ(t, wmbt_reader_start(r, &b.d->prompt), WMBT_OK);
    b.d->prompt.digest_count = 1;
    T_EQ(t, wmbt_reader_start(r, &b.d->prompt), WMBT_BAD_ARGUMENT);
}

#define ARENA (128u << 10)

static const wmbt_case cases[] = {
    {"blocks, in every form and order", test_blocks, ARENA, NULL},
    {"tails, in every form and order", test_tails, ARENA, NULL},
    {"another intact object", test_other_object, ARENA, NULL},
    {"the table of digests", test_table, ARENA, NULL},
    {"two objects in flight", test_two, ARENA, NULL},
    {"rows that lie elsewhere", test_without_memory, ARENA, NULL},
    {"rows that are not wanted", test_not_wanted, ARENA, NULL},
    {"memory and arguments", test_arguments, ARENA, NULL},
};
WMBT_SUITE(reader_bound, cases);
