/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3: vectors, both kernels through a model of the tree, splits, limits, clones. */
#include "../support/test.h"

#include "hash/kernel.h"
#include "wombatkv/blake3.h"

WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(0) == 112, "one chunk");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(1024) == 112, "one chunk");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(1025) == 144, "two chunks");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(2048) == 144, "two chunks");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(64 * 1024) == 304, "64 KiB");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(64 * 1024 + 1) == 336, "64 KiB and a byte");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(128 * 1024) == 336, "128 KiB");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(2 * 1024 * 1024) == 464, "2 MiB");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(128 * 1024 * 1024) == 656, "128 MiB");
WMBT_STATIC_ASSERT(WMBT_BLAKE3_BYTES(UINT64_C(1) << 42) == 112 + 32 * 32, "4 TiB");

static const struct {
    const char *name;
    wmbt_blake3_compress_kernel *compress;
} kernels[] = {
    {"small", wmbt_blake3_compress_small},
    {"fast", wmbt_blake3_compress_fast},
};
#define KERNELS (sizeof kernels / sizeof kernels[0])

static void set_iv(uint32_t cv[8])
{
    static const uint32_t iv[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                   0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
    for (int i = 0; i < 8; i++) {
        cv[i] = iv[i];
    }
}

static void put_words(uint8_t *out, const uint32_t cv[8])
{
    for (int i = 0; i < 32; i++) {
        out[i] = (uint8_t)(cv[i / 4] >> (i % 4 * 8));
    }
}

/* A chunk of at most 1024 bytes, section 2.4 of the BLAKE3 paper. */
static void model_chunk(size_t kernel, uint32_t cv[8], wmbt_view chunk, uint64_t number, bool root)
{
    set_iv(cv);
    for (size_t at = 0; at == 0u || at < chunk.len; at += 64u) {
        uint8_t block[64] = {0};
        size_t n = chunk.len - at < 64u ? chunk.len - at : 64u;
        for (size_t i = 0; i < n; i++) {
            block[i] = chunk.data[at + i];
        }
        bool last = at + 64u >= chunk.len;
        uint32_t flags = (at == 0u ? 1u : 0u) | (last ? 2u : 0u) | (last && root ? 8u : 0u);
        kernels[kernel].compress(cv, block, (uint32_t)n, number, flags);
    }
}

/* The tree as section 2.5 of the paper defines it: the left part is the largest power of two of
 * chunks that leaves a byte for the right. Recursive; 64 KiB at most. */
static void model_tree(size_t kernel, uint32_t cv[8], wmbt_view input, uint64_t number, bool root)
{
    if (input.len <= 1024u) {
        model_chunk(kernel, cv, input, number, root);
        return;
    }
    size_t left = 1024;
    while (left * 2u < input.len) {
        left *= 2u;
    }
    uint8_t block[64];
    model_tree(kernel, cv, wmbt_view_of(input.data, left), number, false);
    put_words(block, cv);
    model_tree(kernel, cv, wmbt_view_of(input.data + left, input.len - left), number + left / 1024u,
               false);
    put_words(block + 32, cv);
    set_iv(cv);
    kernels[kernel].compress(cv, block, 64, 0, 4u | (root ? 8u : 0u));
}

static void model(size_t kernel, wmbt_view input, uint8_t out[32])
{
    uint32_t cv[8];
    model_tree(kernel, cv, input, 0, true);
    put_words(out, cv);
}

static uint8_t *ramp(wmbt_test *t, size_t n)
{
    uint8_t *p = wmbt_test_alloc(t, n);
    for (size_t i = 0; p != NULL && i < n; i++) {
        p[i] = (uint8_t)(i % 251u);
    }
    return p;
}

/* Memory of exactly the size for this input. */
static wmbt_buf memory_for(wmbt_test *t, size_t n)
{
    size_t bytes = WMBT_BLAKE3_BYTES(n);
    return wmbt_buf_of(wmbt_test_alloc(t, bytes), bytes);
}

/* Digest of a message by the library in one piece and in two, and by each kernel's model. */
static void check_digest(wmbt_test *t, wmbt_view message, const uint8_t want[32])
{
    uint8_t digest[32];
    wmbt_blake3 *x;
    wmbt_buf memory = memory_for(t, message.len);
    T_EQ(t, wmbt_blake3_once(memory, message, digest), WMBT_OK);
    T_BYTES(t, digest, want, 32);
    T_EQ(t, wmbt_blake3_init(memory, &x), WMBT_OK);
    T_CHECK(t, (uint8_t *)x == memory.data);
    size_t half = message.len / 2u;
    T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(message.data, half)), WMBT_OK);
    wmbt_blake3_final(x, digest); /* looking changes nothing */
    if (message.len != 0u) {
        wmbt_view rest = wmbt_view_of(message.data + half, message.len - half);
        T_EQ(t, wmbt_blake3_update(x, rest), WMBT_OK);
    }
    wmbt_blake3_final(x, digest);
    T_BYTES(t, digest, want, 32);
    for (size_t k = 0; k < KERNELS; k++) {
        model(k, message, digest);
        T_BYTES(t, digest, want, 32);
    }
}

static void published(wmbt_test *t, size_t least, size_t most, uint32_t want_rows)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    uint32_t rows = 0;
    T_CHECK(t, wmbt_test_data(t, "vectors/blake3.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        size_t n = (size_t)wmbt_cell_u64(t, cells[1]);
        wmbt_test_reset(t);
        if (n < least || n > most) {
            continue;
        }
        wmbt_view want = wmbt_cell_bytes(t, cells[2]);
        T_EQ(t, want.len, 32);
        uint8_t *p = ramp(t, n);
        T_CHECK(t, p != NULL);
        T_CALL(t, check_digest(t, wmbt_view_of(p, n), want.data));
        rows++;
    }
    T_EQ(t, table.row, 35);
    T_EQ(t, rows, want_rows);
}

static void test_published_small(wmbt_test *t)
{
    published(t, 0, 8193, 32);
}

static void test_published_large(wmbt_test *t)
{
    published(t, 8194, SIZE_MAX, 3);
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    uint32_t rows = 0;
    T_CHECK(t, wmbt_test_data(t, "golden/vectors/cabi.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (!wmbt_test_view_is(cells[1], "blake3_64hex")) {
            continue; /* suite crc32c */
        }
        wmbt_view length = cells[2];
        wmbt_view want = wmbt_cell_bytes(t, cells[5]);
        wmbt_view message;
        if (wmbt_test_view_is(wmbt_cell_part(&length, ':'), "ramp")) { /* byte i is i mod 251 */
            size_t n = (size_t)wmbt_cell_u64(t, length);
            message = wmbt_view_of(ramp(t, n), n);
        } else {
            message = wmbt_cell_bytes(t, cells[2]);
        }
        T_EQ(t, want.len, 32);
        T_EQ(t, message.len, wmbt_cell_u64(t, cells[4]));
        T_CALL(t, check_digest(t, message, want.data));
        rows++;
    }
    T_EQ(t, rows, 51);
}

/* Random compressions: all of a kernel's arguments, unaligned blocks. */
static void test_kernels(wmbt_test *t)
{
    uint32_t seed = 17;
    uint8_t bytes[80];
    for (int round = 0; round < 2000; round++) {
        uint32_t cv[KERNELS][8];
        size_t align = wmbt_test_random(&seed) % 16u;
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)(wmbt_test_random(&seed) >> 13);
        }
        for (int i = 0; i < 8; i++) {
            cv[0][i] = cv[1][i] = wmbt_test_random(&seed);
        }
        uint64_t counter = (uint64_t)wmbt_test_random(&seed) << 32 | wmbt_test_random(&seed);
        uint32_t n = wmbt_test_random(&seed) % 65u;
        uint32_t flags = wmbt_test_random(&seed) % 16u;
        for (size_t k = 0; k < KERNELS; k++) {
            kernels[k].compress(cv[k], bytes + align, n, counter, flags);
        }
        for (int i = 0; i < 8; i++) {
            T_EQ(t, cv[1][i], cv[0][i]);
        }
    }
}

/* Chunks side by side against one by one, also where the counter's low half runs over. */
static void test_wide(wmbt_test *t)
{
#if WMBT_BLAKE3_LANES > 1
    static const uint64_t counters[] = {0, 4, UINT64_C(0xFFFFFFFE), UINT64_C(0x123456789ABCDEF0)};
    const size_t n = (size_t)1024 * WMBT_BLAKE3_LANES;
    uint8_t *p = ramp(t, n + 16u);
    T_CHECK(t, p != NULL);
    for (size_t i = 0; i < 16u * sizeof counters / sizeof counters[0]; i++) {
        uint32_t wide[WMBT_BLAKE3_LANES][8];
        uint64_t counter = counters[i / 16u];
        const uint8_t *chunks = p + i % 16u;
        wmbt_blake3_chunks_fast(chunks, counter, wide);
        for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
            uint32_t cv[8];
            wmbt_view chunk = wmbt_view_of(chunks + 1024u * lane, 1024);
            model_chunk(0, cv, chunk, counter + lane, false);
            for (size_t k = 0; k < 8u; k++) {
                T_EQ(t, wide[lane][k], cv[k]);
            }
        }
    }
#else
    (void)t; /* this build has no such kernel */
#endif
}

/* Every length, from memory of every alignment in turn; the library against both models. */
static void lengths_to(wmbt_test *t, size_t most, size_t stride)
{
    uint8_t *p = ramp(t, most + 16u);
    wmbt_buf memory = memory_for(t, most);
    T_CHECK(t, p != NULL && memory.data != NULL);
    for (size_t n = 0; n <= most; n += stride) {
        wmbt_view message = wmbt_view_of(p + n % 16u, n);
        uint8_t digest[32], want[32];
        T_EQ(t, wmbt_blake3_once(memory, message, digest), WMBT_OK);
        for (size_t k = 0; k < KERNELS; k++) {
            wmbt_test_where(t, wmbt_test_text(kernels[k].name));
            model(k, message, want);
            T_BYTES(t, digest, want, 32);
        }
    }
}

static void test_lengths_short(wmbt_test *t)
{
    lengths_to(t, 1100, 1);
}

static void test_lengths(wmbt_test *t)
{
    lengths_to(t, 5000, 1);
}

/* Around each chunk boundary of the largest input for 64 KiB of bound. */
static void test_boundaries(wmbt_test *t)
{
    enum { MOST = 65536 };
    uint8_t *p = ramp(t, MOST);
    T_CHECK(t, p != NULL);
    wmbt_blake3 *x;
    uint8_t digest[32], want[32];
    wmbt_buf memory = memory_for(t, MOST);
    T_EQ(t, wmbt_blake3_init(memory, &x), WMBT_OK);
    for (size_t at = 1024; at <= MOST; at += 1024u) {
        for (size_t n = at - 1u; n <= at + 1u && n <= MOST; n++) {
            wmbt_blake3_reset(x);
            T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, at - 1u)), WMBT_OK);
            for (size_t i = at - 1u; i < n; i++) {
                T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p + i, 1)), WMBT_OK);
            }
            wmbt_blake3_final(x, digest);
            model(1, wmbt_view_of(p, n), want);
            T_BYTES(t, digest, want, 32);
        }
    }
}

/* Each split of 2200 bytes in two, and random splits. */
static void test_splits(wmbt_test *t)
{
    enum { SIZE = 2200 };
    uint8_t *p = ramp(t, SIZE);
    wmbt_blake3 *x;
    uint8_t digest[32], want[32];
    T_CHECK(t, p != NULL);
    T_EQ(t, wmbt_blake3_init(memory_for(t, SIZE), &x), WMBT_OK);
    model(0, wmbt_view_of(p, SIZE), want);
    for (size_t i = 0; i <= SIZE; i++) {
        wmbt_blake3_reset(x);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, i)), WMBT_OK);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(NULL, 0)), WMBT_OK);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p + i, SIZE - i)), WMBT_OK);
        wmbt_blake3_final(x, digest);
        T_BYTES(t, digest, want, 32);
    }
    uint32_t seed = 23;
    for (int round = 0; round < 300; round++) {
        wmbt_blake3_reset(x);
        for (size_t at = 0; at < SIZE;) {
            size_t n = wmbt_test_random(&seed) % (round % 2 == 0 ? 150u : 1500u);
            n = n < SIZE - at ? n : SIZE - at;
            T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p + at, n)), WMBT_OK);
            at += n;
        }
        wmbt_blake3_final(x, digest);
        T_BYTES(t, digest, want, 32);
    }
}

/* The bound: exactly as many bytes as the memory's stack allows, and one more; nothing outside the
 * memory is written. */
static void test_bound(wmbt_test *t)
{
    for (size_t depth = 0; depth <= 3u; depth++) {
        wmbt_test_reset(t);
        size_t most = (size_t)1024 << depth;
        size_t bytes = WMBT_BLAKE3_BYTES(most);
        uint8_t *p = ramp(t, most + 1u);
        uint8_t *block = wmbt_test_alloc(t, bytes + 64u);
        uint8_t *before = wmbt_test_alloc(t, bytes);
        T_CHECK(t, p != NULL && block != NULL && before != NULL);
        for (size_t i = 0; i < 64u; i++) {
            block[bytes + i] = 0xA5;
        }
        wmbt_blake3 *x;
        uint8_t digest[32], want[32];
        T_EQ(t, wmbt_blake3_init(wmbt_buf_of(block, bytes), &x), WMBT_OK);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, most + 1u)), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, 700)), WMBT_OK);
        for (size_t i = 0; i < bytes; i++) {
            before[i] = block[i];
        }
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, most - 699u)), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, SIZE_MAX)), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(NULL, 1)), WMBT_BAD_ARGUMENT);
        T_BYTES(t, before, block, bytes);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p + 700, most - 700u)), WMBT_OK);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, 1)), WMBT_TOO_LARGE);
        wmbt_blake3_final(x, digest);
        model(0, wmbt_view_of(p, most), want);
        T_BYTES(t, digest, want, 32);
        for (size_t i = 0; i < 64u; i++) {
            T_EQ(t, block[bytes + i], 0xA5);
        }
    }
}

static void test_init(wmbt_test *t)
{
    uint8_t *p = wmbt_test_alloc(t, 200);
    uint8_t digest[32];
    wmbt_blake3 *x = NULL;
    T_CHECK(t, p != NULL);
    for (size_t i = 0; i < sizeof digest; i++) {
        digest[i] = 0xA5;
    }
    wmbt_view none = wmbt_view_of(NULL, 0);
    for (size_t n = 0; n < 112u; n++) {
        T_EQ(t, wmbt_blake3_init(wmbt_buf_of(p, n), &x), WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, wmbt_blake3_once(wmbt_buf_of(p, n), none, digest), WMBT_BUFFER_TOO_SMALL);
    }
    for (size_t i = 1; i < 8u; i++) {
        T_EQ(t, wmbt_blake3_init(wmbt_buf_of(p + i, 112), &x), WMBT_BUFFER_MISALIGNED);
    }
    T_EQ(t, wmbt_blake3_init(wmbt_buf_of(NULL, 0), &x), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_blake3_init(wmbt_buf_of(NULL, 112), &x), WMBT_BAD_ARGUMENT);
    T_CHECK(t, x == NULL);
    for (size_t i = 0; i < 200u; i++) {
        T_EQ(t, p[i], 0);
    }
    T_EQ(t, wmbt_blake3_once(wmbt_buf_of(p, 112), wmbt_view_of(p, 1025), digest), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_blake3_once(wmbt_buf_of(p, 112), wmbt_view_of(NULL, 1), digest),
         WMBT_BAD_ARGUMENT);
    for (size_t i = 0; i < sizeof digest; i++) {
        T_EQ(t, digest[i], 0xA5);
    }
    T_EQ(t, wmbt_blake3_init(wmbt_buf_of(p + 8, 143), &x), WMBT_OK); /* a part of a level is none */
    T_CHECK(t, (uint8_t *)x == p + 8);
    T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, 1025)), WMBT_TOO_LARGE);
}

/* A copy of the bytes is a second hash that goes its own way. */
static void test_clone(wmbt_test *t)
{
    enum { SIZE = 4000, STATE = WMBT_BLAKE3_BYTES(SIZE) };
    uint8_t *p = ramp(t, SIZE);
    uint8_t *a = wmbt_test_alloc(t, STATE), *b = wmbt_test_alloc(t, STATE);
    wmbt_blake3 *x, *clone = (wmbt_blake3 *)(void *)b;
    uint8_t digest[32], want[32];
    T_CHECK(t, p != NULL && a != NULL && b != NULL);
    T_EQ(t, wmbt_blake3_init(wmbt_buf_of(a, STATE), &x), WMBT_OK);
    for (size_t split = 0; split <= SIZE; split += 500u) {
        wmbt_blake3_reset(x);
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, split)), WMBT_OK);
        for (size_t i = 0; i < (size_t)STATE; i++) {
            b[i] = a[i];
        }
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(p, 3)), WMBT_OK);
        wmbt_blake3_reset(x);
        T_EQ(t, wmbt_blake3_update(clone, wmbt_view_of(p + split, SIZE - split)), WMBT_OK);
        wmbt_blake3_final(clone, digest);
        model(0, wmbt_view_of(p, SIZE), want);
        T_BYTES(t, digest, want, 32);
    }
}

static const wmbt_case cases[] = {
    {"published digests to 8193 bytes", test_published_small, 9216, "vectors/blake3.tsv"},
    {"published digests to 102400 bytes", test_published_large, 103424, "vectors/blake3.tsv"},
    {"golden digests", test_golden, 132096, "golden/vectors/cabi.tsv"},
    {"kernels agree on random compressions", test_kernels, 0, NULL},
    {"chunks side by side", test_wide, 16512, NULL},
    {"lengths to 1100, all kernels", test_lengths_short, 1408, NULL},
    {"lengths to 5000, all kernels", test_lengths, 5376, NULL},
    {"around each chunk to 64 KiB", test_boundaries, 66048, NULL},
    {"every split and random splits", test_splits, 2560, NULL},
    {"the bound of the memory", test_bound, 10240, NULL},
    {"memory that does not do", test_init, 256, NULL},
    {"a copy of the state", test_clone, 4608, NULL},
};
WMBT_SUITE(blake3, cases);
