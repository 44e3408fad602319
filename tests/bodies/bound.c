/* SPDX-License-Identifier: Apache-2.0 */
/* bound: the engine's objects against their BLAKE3, whole, in pieces of any size and placed. */
#include "wombatkv/bound.h"

#include "../support/objects.h"
#include "../support/test.h"
#include "wombatkv/crc32c.h"

#define FLASH (&wmbt_shape_deepseek_v4_flash)
#define BLOCK "golden/engine/b_t128_k1_s0.kvb1"
#define TAIL "golden/engine/t_r5_n5_k3.rtt1"

/* Enough for either. */
enum { HASH_BYTES = WMBT_BLAKE3_BYTES(64u << 20), ROWS = 2 << 20 };

static const wmbt_kvblock_expect block_expect = {FLASH, 128, 0, 0};
static const wmbt_rawtail_expect tail_expect = {FLASH, 0};

static wmbt_blake3 *hash_of(wmbt_test *t, wmbt_view object, uint8_t digest[32])
{
    wmbt_blake3 *hash = NULL;
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, HASH_BYTES), HASH_BYTES);
    T_ALSO(t, wmbt_blake3_once(memory, object, digest) == WMBT_OK, "hashes");
    T_ALSO(t, wmbt_blake3_init(memory, &hash) == WMBT_OK, "starts");
    return hash;
}

/* Pieces of 1 to `most` bytes; rows are placed by the caller if `placed`. */
static wmbt_status push_block(wmbt_test *t, wmbt_view object, wmbt_blake3 *hash,
                              const uint8_t digest[32], size_t most, bool placed, uint8_t *rows,
                              wmbt_kvblock_info *info)
{
    wmbt_kvblock_push push;
    uint32_t random = 99;
    wmbt_test_fill(&push, sizeof push);
    wmbt_status status = wmbt_kvblock_push_init(&push, &block_expect);
    wmbt_blake3_reset(hash);
    for (size_t at = 0; at < object.len && !wmbt_status_is_error(status);) {
        wmbt_extent extent;
        uint32_t position;
        size_t n = 1u + wmbt_test_random(&random) % most, consumed = 0;
        n = n < object.len - at ? n : object.len - at;
        const bool inside = wmbt_kvblock_push_at(&push, &extent, &position) == WMBT_OK;
        wmbt_view piece = wmbt_view_of(object.data + at, n);
        if (inside && placed) {
            n = n < extent.bytes - position ? n : extent.bytes - position;
            piece.len = n;
            wmbt_test_copy(rows, piece.data, n);
            status = wmbt_kvblock_bound_placed(&push, hash, wmbt_view_of(rows, n),
                                               wmbt_crc32c(0, piece));
            consumed = n;
        } else {
            /* a header and numbers go nowhere, though there is room */
            status =
                wmbt_kvblock_bound_feed(&push, hash, piece, wmbt_buf_of(rows, ROWS), &consumed);
        }
        at += consumed;
    }
    T_ALSO(t, !wmbt_status_is_error(status), "the bytes are taken");
    return wmbt_kvblock_bound_finish(&push, hash, digest, info);
}

static void test_block(wmbt_test *t)
{
    wmbt_view object;
    uint8_t digest[32];
    wmbt_kvblock_info info;
    T_CHECK(t, wmbt_test_data(t, BLOCK, &object));
    wmbt_blake3 *hash = hash_of(t, object, digest);
    uint8_t *rows = wmbt_test_alloc(t, ROWS);
    T_CHECK(t, rows != NULL && !t->failed);
    T_EQ(t, wmbt_kvblock_read_bound(object, &block_expect, hash, digest, &info), WMBT_OK);
    T_EQ(t, info.block_tokens, 128);
    static const size_t most[] = {64, 4096, 3u << 20};
    for (size_t i = 0; i < 3; i++) {
        for (int placed = 0; placed < 2; placed++) {
            wmbt_test_fill(&info, sizeof info);
            T_EQ(t, push_block(t, object, hash, digest, most[i], placed != 0, rows, &info),
                 WMBT_OK);
            T_EQ(t, info.block_seq, 0);
        }
    }
    /* Another digest: intact, and not bound. */
    digest[31] ^= 1u;
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_kvblock_read_bound(object, &block_expect, hash, digest, &info), WMBT_BAD_DIGEST);
    T_EQ(t, push_block(t, object, hash, digest, 4096, false, rows, &info), WMBT_BAD_DIGEST);
    T_EQ(t, push_block(t, object, hash, digest, 4096, true, rows, &info), WMBT_BAD_DIGEST);
    T_CHECK(t, wmbt_test_is_filled(&info, sizeof info));
    /* The format's own checks come first, and a cut object is none. */
    T_EQ(t,
         wmbt_kvblock_read_bound(wmbt_view_of(object.data, object.len - 1), &block_expect, hash,
                                 digest, &info),
         WMBT_TRUNCATED);
    T_EQ(t, wmbt_kvblock_read_bound(wmbt_view_of(NULL, 5), &block_expect, hash, digest, &info),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&info, sizeof info));
}

/* What is placed is what is bound: bytes that change where they landed are found out, though the
 * CRC of the bytes that came is right. */
static void test_changed_where_placed(wmbt_test *t)
{
    wmbt_view object;
    uint8_t digest[32];
    wmbt_kvblock_info info;
    wmbt_kvblock_push push;
    wmbt_extent extent;
    uint32_t position;
    size_t consumed = 0;
    T_CHECK(t, wmbt_test_data(t, BLOCK, &object));
    wmbt_blake3 *hash = hash_of(t, object, digest);
    uint8_t *rows = wmbt_test_alloc(t, ROWS);
    T_CHECK(t, rows != NULL && !t->failed);
    wmbt_test_fill(&push, sizeof push);
    T_EQ(t, wmbt_kvblock_push_init(&push, &block_expect), WMBT_OK);
    T_EQ(t, wmbt_kvblock_bound_feed(&push, hash, object, wmbt_buf_of(NULL, 0), &consumed), WMBT_OK);
    T_EQ(t, wmbt_kvblock_push_at(&push, &extent, &position), WMBT_OK);
    wmbt_test_copy(rows, object.data + consumed, extent.bytes);
    const uint32_t crc = wmbt_crc32c(0, wmbt_view_of(rows, extent.bytes));
    rows[extent.bytes / 2] ^= 0x10u;
    wmbt_status status =
        wmbt_kvblock_bound_placed(&push, hash, wmbt_view_of(rows, extent.bytes), crc);
    T_CHECK(t, !wmbt_status_is_error(status));
    size_t at = consumed + extent.bytes;
    do {
        status =
            wmbt_kvblock_bound_feed(&push, hash, wmbt_view_of(object.data + at, object.len - at),
                                    wmbt_buf_of(NULL, 0), &consumed);
        at += consumed;
    } while (status == WMBT_OK);
    T_EQ(t, status, WMBT_END);
    T_EQ(t, wmbt_kvblock_bound_finish(&push, hash, digest, &info), WMBT_BAD_DIGEST);
}

static void test_tail(wmbt_test *t)
{
    wmbt_view object;
    uint8_t digest[32];
    wmbt_rawtail_info info;
    wmbt_rawtail_push push;
    T_CHECK(t, wmbt_test_data(t, TAIL, &object));
    wmbt_blake3 *hash = hash_of(t, object, digest);
    uint8_t *rows = wmbt_test_alloc(t, ROWS);
    T_CHECK(t, rows != NULL && !t->failed);
    T_EQ(t, wmbt_rawtail_read_bound(object, &tail_expect, hash, digest, &info), WMBT_OK);
    T_EQ(t, info.total_tokens, 5);
    for (int how = 0; how < 3; how++) { /* fed, placed, and with another digest */
        digest[0] ^= how == 2 ? 1u : 0u;
        wmbt_blake3_reset(hash);
        wmbt_test_fill(&push, sizeof push);
        T_EQ(t, wmbt_rawtail_push_init(&push, &tail_expect), WMBT_OK);
        wmbt_status status = WMBT_OK;
        for (size_t at = 0; status == WMBT_OK;) {
            wmbt_extent extent;
            uint32_t position;
            size_t consumed = 0;
            wmbt_view rest = wmbt_view_of(object.data + at, object.len - at);
            if (how == 1 && wmbt_rawtail_push_at(&push, &extent, &position) == WMBT_OK) {
                rest.len = extent.bytes;
                status = wmbt_rawtail_bound_placed(&push, hash, rest, wmbt_crc32c(0, rest));
                status = status == WMBT_NEED_MORE ? WMBT_OK : status;
                consumed = rest.len;
            } else {
                status =
                    wmbt_rawtail_bound_feed(&push, hash, rest, wmbt_buf_of(rows, ROWS), &consumed);
            }
            at += consumed;
        }
        T_EQ(t, status, WMBT_END);
        wmbt_test_fill(&info, sizeof info);
        T_EQ(t, wmbt_rawtail_bound_finish(&push, hash, digest, &info),
             how == 2 ? WMBT_BAD_DIGEST : WMBT_OK);
        T_CHECK(t, how != 2 || wmbt_test_is_filled(&info, sizeof info));
    }
}

#if WMBT_CFG_WRITERS
/* A sealed object of noise, and its digest; the hash has something in it. */
static wmbt_blake3 *seal_small(wmbt_test *t, bool tail, wmbt_view *object, uint8_t digest[32])
{
    uint32_t random = 7;
    uint8_t *b = wmbt_test_alloc(t, 816);
    size_t n = 0;
    for (size_t i = 0; b != NULL && i < 816u; i++) {
        b[i] = (uint8_t)wmbt_test_random(&random);
    }
    wmbt_buf room = wmbt_buf_of(b, 816);
    T_ALSO(t,
           (tail ? wmbt_rawtail_seal(room, &wmbt_test_shape, 21, 5, 16, &n)
                 : wmbt_kvblock_seal(room, &wmbt_test_shape, 8, 3, &n)) == WMBT_OK,
           "seals");
    *object = wmbt_view_of(b, n);
    wmbt_blake3 *hash = hash_of(t, *object, digest);
    T_ALSO(t, wmbt_blake3_update(hash, wmbt_view_of(b, 5)) == WMBT_OK, "hashes");
    return hash;
}

/* In pieces of each size, with memory for rows at any call, as large as it has to be: rows go there
 * and nothing else, and what finish() says is what it says without a hash. */
static void test_small_blocks(wmbt_test *t)
{
    wmbt_view object;
    uint8_t digest[32], rows[816];
    const wmbt_kvblock_expect expect = {&wmbt_test_shape, 8, 3, 0};
    wmbt_kvblock_info want, info;
    wmbt_blake3 *hash = seal_small(t, false, &object, digest);
    T_CHECK(t, !t->failed);
    T_EQ(t, wmbt_kvblock_read(object, &expect, &want), WMBT_OK);
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_kvblock_read_bound(object, &expect, hash, digest, &info), WMBT_OK);
    T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
    for (size_t most = 1; most <= object.len; most++) {
        wmbt_kvblock_push push;
        wmbt_extent extent = {0, 0, 0, 0, 0};
        uint32_t position = 0;
        wmbt_status status = WMBT_OK;
        wmbt_test_fill(&push, sizeof push);
        T_EQ(t, wmbt_kvblock_push_init(&push, &expect), WMBT_OK);
        wmbt_blake3_reset(hash);
        for (size_t at = 0, used = 0; at < object.len; at += used) {
            size_t n = most < object.len - at ? most : object.len - at;
            bool inside = wmbt_kvblock_push_at(&push, &extent, &position) == WMBT_OK;
            size_t room = inside ? extent.bytes - position : sizeof rows;
            wmbt_test_fill(rows, sizeof rows);
            status = wmbt_kvblock_bound_feed(&push, hash, wmbt_view_of(object.data + at, n),
                                             wmbt_buf_of(rows, room), &used);
            T_CHECK(t, !wmbt_status_is_error(status));
            size_t placed = !inside ? 0u : used < room ? used : room;
            T_BYTES(t, rows, object.data + at, placed);
            T_CHECK(t, wmbt_test_is_filled(rows + placed, sizeof rows - placed));
        }
        T_EQ(t, status, WMBT_END);
        wmbt_test_fill(&info, sizeof info);
        T_EQ(t, wmbt_kvblock_bound_finish(&push, hash, digest, &info), WMBT_OK);
        T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
    }
}

static void test_small_tails(wmbt_test *t)
{
    wmbt_view object;
    uint8_t digest[32], rows[816];
    const wmbt_rawtail_expect expect = {&wmbt_test_shape, 0};
    wmbt_rawtail_info want, info;
    wmbt_blake3 *hash = seal_small(t, true, &object, digest);
    T_CHECK(t, !t->failed);
    T_EQ(t, wmbt_rawtail_read(object, &expect, &want), WMBT_OK);
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_rawtail_read_bound(object, &expect, hash, digest, &info), WMBT_OK);
    T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
    for (size_t most = 1; most <= object.len; most += most < 40u ? 1u : 37u) {
        wmbt_rawtail_push push;
        wmbt_extent extent = {0, 0, 0, 0, 0};
        uint32_t position = 0;
        wmbt_status status = WMBT_OK;
        wmbt_test_fill(&push, sizeof push);
        T_EQ(t, wmbt_rawtail_push_init(&push, &expect), WMBT_OK);
        wmbt_blake3_reset(hash);
        for (size_t at = 0, used = 0; at < object.len; at += used) {
            size_t n = most < object.len - at ? most : object.len - at;
            bool inside = wmbt_rawtail_push_at(&push, &extent, &position) == WMBT_OK;
            size_t room = inside ? extent.bytes - position : sizeof rows;
            wmbt_test_fill(rows, sizeof rows);
            status = wmbt_rawtail_bound_feed(&push, hash, wmbt_view_of(object.data + at, n),
                                             wmbt_buf_of(rows, room), &used);
            T_CHECK(t, !wmbt_status_is_error(status));
            size_t placed = !inside ? 0u : used < room ? used : room;
            T_BYTES(t, rows, object.data + at, placed);
            T_CHECK(t, wmbt_test_is_filled(rows + placed, sizeof rows - placed));
        }
        T_EQ(t, status, WMBT_END);
        wmbt_test_fill(&info, sizeof info);
        T_EQ(t, wmbt_rawtail_bound_finish(&push, hash, digest, &info), WMBT_OK);
        T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
    }
}
#endif

/* A hash without room for the object binds nothing. */
static void test_no_room(wmbt_test *t)
{
    wmbt_view object;
    uint8_t digest[32] = {0};
    wmbt_kvblock_info info;
    wmbt_blake3 *hash = NULL;
    T_CHECK(t, wmbt_test_data(t, BLOCK, &object));
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, WMBT_BLAKE3_BYTES(0)), WMBT_BLAKE3_BYTES(0));
    T_EQ(t, wmbt_blake3_init(memory, &hash), WMBT_OK);
    T_EQ(t, wmbt_kvblock_read_bound(object, &block_expect, hash, digest, &info), WMBT_TOO_LARGE);
}

/* What the formats refuse is refused here too, and nothing is hashed of it; placed bytes that no
 * object has; hashes without room, in each form. */
static void test_refusals(wmbt_test *t)
{
    wmbt_view block, tail;
    uint8_t digest[32] = {0}, flipped[64];
    wmbt_kvblock_info info;
    wmbt_rawtail_info tail_info;
    wmbt_kvblock_push push;
    wmbt_rawtail_push tail_push;
    wmbt_kvblock_expect no_tokens = {FLASH, 0, 0, 0};
    wmbt_rawtail_expect no_shape = {NULL, 0};
    wmbt_blake3 *hash = NULL;
    size_t consumed = 99;
    const wmbt_buf none = wmbt_buf_of(NULL, 0);
    T_CHECK(t, wmbt_test_data(t, BLOCK, &block));
    T_CHECK(t, wmbt_test_data(t, TAIL, &tail));
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, WMBT_BLAKE3_BYTES(0)), WMBT_BLAKE3_BYTES(0));
    T_EQ(t, wmbt_blake3_init(memory, &hash), WMBT_OK);
    wmbt_test_fill(&info, sizeof info);
    wmbt_test_fill(&tail_info, sizeof tail_info);
    T_CHECK(t, wmbt_kvblock_read_bound(block, &no_tokens, hash, digest, &info) != WMBT_OK);
    T_CHECK(t, wmbt_rawtail_read_bound(tail, &no_shape, hash, digest, &tail_info) != WMBT_OK);
    T_EQ(t, wmbt_rawtail_read_bound(wmbt_view_of(NULL, 5), &tail_expect, hash, digest, &tail_info),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_read_bound(wmbt_view_of(NULL, 0), &block_expect, hash, digest, &info),
         WMBT_TRUNCATED);
    T_EQ(t, wmbt_rawtail_read_bound(wmbt_view_of(NULL, 0), &tail_expect, hash, digest, &tail_info),
         WMBT_TRUNCATED);
    T_EQ(
        t,
        wmbt_rawtail_read_bound(wmbt_view_of(tail.data, 9), &tail_expect, hash, digest, &tail_info),
        WMBT_TRUNCATED);
    T_EQ(t, wmbt_rawtail_read_bound(tail, &tail_expect, hash, digest, &tail_info), WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_test_is_filled(&info, sizeof info));
    T_CHECK(t, wmbt_test_is_filled(&tail_info, sizeof tail_info));

    wmbt_test_copy(flipped, block.data, sizeof flipped);
    flipped[0] ^= 1u;
    wmbt_view bad = wmbt_view_of(flipped, sizeof flipped);
    wmbt_test_fill(&push, sizeof push);
    T_EQ(t, wmbt_kvblock_push_init(&push, &block_expect), WMBT_OK);
    T_EQ(t, wmbt_kvblock_bound_feed(&push, hash, bad, none, &consumed), WMBT_BAD_MAGIC);
    T_EQ(t, wmbt_kvblock_bound_placed(&push, hash, wmbt_view_of(NULL, 1), 0), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_status_is_error(wmbt_kvblock_bound_placed(&push, hash, bad, 0)));
    wmbt_test_fill(&tail_push, sizeof tail_push);
    T_EQ(t, wmbt_rawtail_push_init(&tail_push, &tail_expect), WMBT_OK);
    T_CHECK(t,
            wmbt_status_is_error(wmbt_rawtail_bound_feed(&tail_push, hash, bad, none, &consumed)));
    T_EQ(t, consumed, 99);
    T_EQ(t, wmbt_rawtail_bound_placed(&tail_push, hash, wmbt_view_of(NULL, 1), 0),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_status_is_error(wmbt_rawtail_bound_placed(&tail_push, hash, bad, 0)));
    T_CHECK(t,
            wmbt_status_is_error(wmbt_rawtail_bound_finish(&tail_push, hash, digest, &tail_info)));
#if SIZE_MAX > UINT32_MAX
    const wmbt_view huge = wmbt_view_of(flipped, (size_t)UINT32_MAX + 1u);
    T_EQ(t, wmbt_kvblock_bound_placed(&push, hash, huge, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_bound_placed(&tail_push, hash, huge, 0), WMBT_BAD_ARGUMENT);
#endif
}

/* Rows that are placed when the hash is full. */
static void test_no_room_placed(wmbt_test *t)
{
    wmbt_view block, tail;
    wmbt_kvblock_push push;
    wmbt_rawtail_push tail_push;
    wmbt_extent extent;
    uint32_t position;
    wmbt_blake3 *hash = NULL;
    wmbt_status status;
    size_t at = 0, consumed = 0;
    T_CHECK(t, wmbt_test_data(t, BLOCK, &block));
    T_CHECK(t, wmbt_test_data(t, TAIL, &tail));
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, WMBT_BLAKE3_BYTES(0)), WMBT_BLAKE3_BYTES(0));
    T_EQ(t, wmbt_blake3_init(memory, &hash), WMBT_OK);
    wmbt_test_fill(&push, sizeof push);
    T_EQ(t, wmbt_kvblock_push_init(&push, &block_expect), WMBT_OK);
    T_EQ(t, wmbt_kvblock_bound_feed(&push, hash, block, wmbt_buf_of(NULL, 0), &consumed), WMBT_OK);
    T_EQ(t, wmbt_kvblock_push_at(&push, &extent, &position), WMBT_OK);
    wmbt_view rows = wmbt_view_of(block.data + consumed, extent.bytes);
    T_CHECK(t, extent.bytes > 1024u);
    T_EQ(t, wmbt_kvblock_bound_placed(&push, hash, rows, wmbt_crc32c(0, rows)), WMBT_TOO_LARGE);
    /* and rows that are copied, with bytes of the next header behind them */
    uint8_t *copied = wmbt_test_alloc(t, ROWS);
    T_CHECK(t, copied != NULL);
    wmbt_blake3_reset(hash);
    wmbt_test_fill(&push, sizeof push);
    T_EQ(t, wmbt_kvblock_push_init(&push, &block_expect), WMBT_OK);
    T_EQ(t, wmbt_kvblock_bound_feed(&push, hash, block, wmbt_buf_of(NULL, 0), &consumed), WMBT_OK);
    T_EQ(t,
         wmbt_kvblock_bound_feed(&push, hash,
                                 wmbt_view_of(block.data + consumed, block.len - consumed),
                                 wmbt_buf_of(copied, ROWS), &consumed),
         WMBT_TOO_LARGE);
    wmbt_blake3_reset(hash);
    wmbt_test_fill(&tail_push, sizeof tail_push);
    T_EQ(t, wmbt_rawtail_push_init(&tail_push, &tail_expect), WMBT_OK);
    do {
        wmbt_view rest = wmbt_view_of(tail.data + at, tail.len - at);
        status = wmbt_rawtail_bound_feed(&tail_push, hash, rest, wmbt_buf_of(NULL, 0), &consumed);
        at += consumed;
    } while (status == WMBT_OK && wmbt_rawtail_push_at(&tail_push, &extent, &position) != WMBT_OK);
    T_EQ(t, status, WMBT_OK);
    T_CHECK(t, extent.bytes > 1024u && extent.bytes <= tail.len - at);
    rows = wmbt_view_of(tail.data + at, extent.bytes);
    T_EQ(t, wmbt_rawtail_bound_placed(&tail_push, hash, rows, wmbt_crc32c(0, rows)),
         WMBT_TOO_LARGE);
}

static const wmbt_case cases[] = {
    {"blocks, whole, in pieces and placed", test_block, ROWS + 4096, BLOCK},
    {"bytes that change where they were placed", test_changed_where_placed, ROWS + 4096, BLOCK},
    {"raw tails", test_tail, ROWS + 4096, TAIL},
#if WMBT_CFG_WRITERS
    {"small blocks, in pieces of each size", test_small_blocks, 8192, NULL},
    {"small tails, in pieces of each size", test_small_tails, 8192, NULL},
#endif
    {"no room in the hash", test_no_room, 4096, BLOCK},
    {"refusals", test_refusals, 4096, BLOCK " " TAIL},
    {"no room in the hash for placed rows", test_no_room_placed, ROWS + 4096, BLOCK " " TAIL},
};
WMBT_SUITE(bound, cases);
