/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C: vectors, every kernel against a bitwise model, copy, combine. */
#include "../support/kernels.h"
#include "../support/test.h"

#include "hash/kernel.h"
#include "wombatkv/crc32c.h"

/* Portable ones, and those for instruction sets that are in this build; wmbt_test_kernel_runs()
 * knows whether this machine has them. */
static const struct {
    const char *name;
    wmbt_crc32c_kernel *kernel;
} kernels[] = {
    {"nibble", wmbt_crc32c_nibble},
    {"table", wmbt_crc32c_table},
    {"slice8", wmbt_crc32c_slice8},
#if WMBT_CRC32C_SSE42
    {"crc32c_sse42", wmbt_crc32c_sse42},
#endif
#if WMBT_CRC32C_AVX2
    {"crc32c_avx2", wmbt_crc32c_avx2},
#endif
#if WMBT_CRC32C_AVX512
    {"crc32c_avx512", wmbt_crc32c_avx512},
#endif
#if WMBT_CRC32C_ARMV8
    {"crc32c_armv8", wmbt_crc32c_armv8},
#endif
#if WMBT_CRC32C_ARMV8_PMULL
    {"crc32c_armv8_pmull", wmbt_crc32c_armv8_pmull},
#endif
#if WMBT_CRC32C_ZBC
    {"crc32c_zbc", wmbt_crc32c_zbc},
#endif
};
#define KERNELS (sizeof kernels / sizeof kernels[0])

static uint32_t by_combine(uint32_t state, uint64_t n)
{
    return wmbt_crc32c_combine(state, 0, n);
}

static const struct {
    const char *name;
    wmbt_crc32c_shift_kernel *kernel;
} shifts[] = {
    {"combine", by_combine},
#if WMBT_CFG_CRC32C_KERNEL != 1
    {"table", wmbt_crc32c_shift_table},
#endif
#if WMBT_CRC32C_SSE42
    {"crc32c_sse42", wmbt_crc32c_shift_sse42},
#endif
#if WMBT_CRC32C_ARMV8_PMULL
    {"crc32c_armv8_pmull", wmbt_crc32c_shift_armv8_pmull},
#endif
#if WMBT_CRC32C_ZBC
    {"crc32c_zbc", wmbt_crc32c_shift_zbc},
#endif
};

static const struct {
    const char *name;
    wmbt_crc32c_product_kernel *kernel;
} products[] = {
    {"steps", wmbt_crc32c_product_steps},
#if WMBT_CRC32C_SSE42
    {"crc32c_sse42", wmbt_crc32c_product_sse42},
#endif
#if WMBT_CRC32C_ARMV8_PMULL
    {"crc32c_armv8_pmull", wmbt_crc32c_product_armv8_pmull},
#endif
#if WMBT_CRC32C_ZBC
    {"crc32c_zbc", wmbt_crc32c_product_zbc},
#endif
};

/* The definition, a bit at a time. */
static uint32_t model_byte(uint32_t state, uint8_t byte)
{
    state ^= byte;
    for (int i = 0; i < 8; i++) {
        state = (state & 1u) != 0u ? state >> 1 ^ UINT32_C(0x82F63B78) : state >> 1;
    }
    return state;
}

static void fill_random(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(wmbt_test_random(&seed) >> 11);
    }
}

/* A message: the value in one piece, in two pieces, from each kernel, and through copying. */
static void check_value(wmbt_test *t, wmbt_view message, uint32_t want)
{
    T_EQ(t, wmbt_crc32c(0, message), want);
    size_t half = message.len / 2u;
    uint32_t first = wmbt_crc32c(0, wmbt_view_of(message.data, half));
    wmbt_view rest = wmbt_view_of(NULL, 0);
    if (message.len != 0u) {
        rest = wmbt_view_of(message.data + half, message.len - half);
    }
    T_EQ(t, wmbt_crc32c(first, rest), want);
    T_EQ(t, wmbt_crc32c_combine(first, wmbt_crc32c(0, rest), rest.len), want);
    for (size_t k = 0; k < KERNELS && message.len != 0u; k++) {
        if (!wmbt_test_kernel_runs(kernels[k].name)) {
            continue;
        }
        T_EQ(t, ~kernels[k].kernel(UINT32_MAX, NULL, message.data, message.len), want);
    }
}

static void test_published(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, "vectors/crc32c.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view message = wmbt_cell_bytes(t, cells[1]);
        T_CALL(t, check_value(t, message, (uint32_t)wmbt_cell_u64(t, cells[2])));
    }
    T_EQ(t, table.row, 6);
}

/* ramp:N, byte i is i mod 251; other forms as in every table. */
static wmbt_view cabi_input(wmbt_test *t, wmbt_view cell)
{
    wmbt_view rest = cell;
    if (!wmbt_test_view_is(wmbt_cell_part(&rest, ':'), "ramp")) {
        return wmbt_cell_bytes(t, cell);
    }
    size_t n = (size_t)wmbt_cell_u64(t, rest);
    uint8_t *p = wmbt_test_alloc(t, n);
    for (size_t i = 0; p != NULL && i < n; i++) {
        p[i] = (uint8_t)(i % 251u);
    }
    return wmbt_view_of(p, n);
}

static void check_append(wmbt_test *t, wmbt_view message, const wmbt_view *cells)
{
    size_t split = (size_t)wmbt_cell_u64(t, cells[3]);
    wmbt_view values = cells[5];
    uint32_t first = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&values, ','));
    uint32_t both = (uint32_t)wmbt_cell_u64(t, values);
    T_CHECK(t, split <= message.len);
    wmbt_view rest = wmbt_view_of(message.data + split, message.len - split);
    T_EQ(t, wmbt_crc32c(0, wmbt_view_of(message.data, split)), first);
    T_EQ(t, wmbt_crc32c(first, rest), both);
    T_EQ(t, wmbt_crc32c_combine(first, wmbt_crc32c(0, rest), rest.len), both);
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    uint32_t whole = 0, append = 0;
    T_CHECK(t, wmbt_test_data(t, "golden/vectors/cabi.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "blake3_64hex")) {
            continue; /* suite blake3 */
        }
        wmbt_view message = cabi_input(t, cells[2]);
        T_EQ(t, message.len, wmbt_cell_u64(t, cells[4]));
        if (wmbt_test_view_is(cells[1], "crc32c")) {
            T_CALL(t, check_value(t, message, (uint32_t)wmbt_cell_u64(t, cells[5])));
            whole++;
        } else {
            T_CHECK(t, wmbt_test_view_is(cells[1], "crc32c_append"));
            T_CALL(t, check_append(t, message, cells));
            append++;
        }
    }
    T_EQ(t, whole, 51);
    T_EQ(t, append, 6);
}

/* Every kernel at every length up to `most`, the alignments of source and copy going round; what is
 * beside the copy stays. */
static void kernels_to(wmbt_test *t, size_t most)
{
    enum { AROUND = 16 };
    uint8_t *src = wmbt_test_alloc(t, most + AROUND);
    uint8_t *dst = wmbt_test_alloc(t, most + 2 * AROUND);
    T_CHECK(t, src != NULL && dst != NULL);
    fill_random(src, most + AROUND, 7);
    for (size_t align = 0; align < 16u; align++) {
        uint32_t want = 0x12345678u + (uint32_t)align;
        uint32_t start = want;
        for (size_t n = 1; n <= most; n++) {
            want = model_byte(want, src[align + n - 1u]);
            for (size_t k = 0; k < KERNELS; k++) {
                wmbt_test_where(t, wmbt_test_text(kernels[k].name));
                if (!wmbt_test_kernel_runs(kernels[k].name)) {
                    continue;
                }
                T_EQ(t, kernels[k].kernel(start, NULL, src + align, n), want);
            }
            if (n % 16u != align && n > 64u) {
                continue; /* copies: each length at one alignment, short ones at all */
            }
            for (size_t k = 0; k < KERNELS; k++) {
                uint8_t *copy = dst + (n + k) % AROUND;
                if (!wmbt_test_kernel_runs(kernels[k].name)) {
                    continue;
                }
                for (size_t i = 0; i < n + 2u; i++) {
                    copy[i] = 0xA5;
                }
                T_EQ(t, kernels[k].kernel(start, copy + 1, src + align, n), want);
                T_BYTES(t, copy + 1, src + align, n);
                T_EQ(t, copy[0], 0xA5);
                T_EQ(t, copy[n + 1u], 0xA5);
            }
        }
    }
}

static void test_kernels_short(wmbt_test *t)
{
    kernels_to(t, 300);
}

/* Whole lengths 0 to 5000: quadratic, so each alignment takes a sixteenth of the lengths. */
static void test_kernels_long(wmbt_test *t)
{
    enum { MOST = 5000 };
    uint8_t *src = wmbt_test_alloc(t, MOST + 16);
    T_CHECK(t, src != NULL);
    fill_random(src, MOST + 16, 99);
    for (size_t align = 0; align < 16u; align++) {
        uint32_t want = UINT32_MAX;
        for (size_t n = 1; n <= MOST; n++) {
            want = model_byte(want, src[align + n - 1u]);
            for (size_t k = 0; k < KERNELS; k++) {
                if (!wmbt_test_kernel_runs(kernels[k].name)) {
                    continue;
                }
                bool chosen = n % 64u <= 1u || n % 64u == 63u || n % 16u == (align + k) % 16u;
                wmbt_test_where(t, wmbt_test_text(kernels[k].name));
                T_CHECK(t, !chosen || kernels[k].kernel(UINT32_MAX, NULL, src + align, n) == want);
            }
        }
    }
}

static void test_splits(wmbt_test *t)
{
    enum { SIZE = 1024 };
    uint8_t *src = wmbt_test_alloc(t, SIZE);
    T_CHECK(t, src != NULL);
    fill_random(src, SIZE, 3);
    uint32_t want = wmbt_crc32c(0, wmbt_view_of(src, SIZE));
    for (size_t i = 0; i <= SIZE; i++) {
        uint32_t a = wmbt_crc32c(0, wmbt_view_of(src, i));
        T_EQ(t, wmbt_crc32c(a, wmbt_view_of(src + i, SIZE - i)), want);
    }
    uint32_t seed = 11;
    for (int round = 0; round < 200; round++) {
        uint32_t crc = 0, joined = 0;
        for (size_t at = 0; at < SIZE;) {
            size_t n = wmbt_test_random(&seed) % 90u;
            n = n < SIZE - at ? n : SIZE - at;
            wmbt_view piece = wmbt_view_of(src + at, n);
            crc = wmbt_crc32c(crc, piece);
            joined = wmbt_crc32c_combine(joined, wmbt_crc32c(0, piece), n);
            at += n;
        }
        T_EQ(t, crc, want);
        T_EQ(t, joined, want);
    }
}

/* Each kernel copies down inside one buffer, from far and near, lengths around its steps. */
static void test_copy_down(wmbt_test *t)
{
    enum { SIZE = 4000 };
    static const size_t downs[] = {0,  1,   3,   7,   8,   9,   16,  31,
                                   64, 100, 127, 128, 200, 256, 300, 1500};
    static const size_t lengths[] = {1, 7, 40, 127, 128, 129, 255, 300, 384, 700, 1100, 2500};
    uint8_t *src = wmbt_test_alloc(t, SIZE);
    uint8_t *work = wmbt_test_alloc(t, SIZE);
    T_CHECK(t, src != NULL && work != NULL);
    fill_random(src, SIZE, 22);
    for (size_t k = 0; k < KERNELS; k++) {
        wmbt_test_where(t, wmbt_test_text(kernels[k].name));
        for (size_t d = 0; d < sizeof downs / sizeof downs[0]; d++) {
            for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                size_t n = lengths[l], down = downs[d];
                if (!wmbt_test_kernel_runs(kernels[k].name)) {
                    continue;
                }
                for (size_t i = 0; i < SIZE; i++) {
                    work[i] = src[i];
                }
                uint32_t want = wmbt_crc32c_nibble(9, NULL, src + down, n);
                T_EQ(t, kernels[k].kernel(9, work, work + down, n), want);
                T_BYTES(t, work, src + down, n);
                T_BYTES(t, work + n + down, src + n + down, SIZE - n - down);
            }
        }
    }
}

/* Copying down inside one buffer, as the contract allows. */
static void test_copy(wmbt_test *t)
{
    enum { SIZE = 300 };
    uint8_t *src = wmbt_test_alloc(t, SIZE);
    uint8_t *work = wmbt_test_alloc(t, SIZE);
    T_CHECK(t, src != NULL && work != NULL);
    fill_random(src, SIZE, 21);
    for (size_t down = 0; down < 20u; down++) {
        for (size_t i = 0; i < SIZE; i++) {
            work[i] = src[i];
        }
        size_t n = SIZE - down;
        uint32_t want = wmbt_crc32c(5, wmbt_view_of(src + down, n));
        T_EQ(t, wmbt_crc32c_copy(5, work, wmbt_view_of(work + down, n)), want);
        T_BYTES(t, work, src + down, n);
        T_BYTES(t, work + n, src + n, down);
    }
}

static void test_arguments(wmbt_test *t)
{
    uint8_t byte = 1;
    uint8_t dst = 9;
    T_EQ(t, wmbt_crc32c(77, wmbt_view_of(NULL, 0)), 77);
    T_EQ(t, wmbt_crc32c(77, wmbt_view_of(&byte, 0)), 77);
    T_EQ(t, wmbt_crc32c(77, wmbt_view_of(NULL, 5)), 77);
    T_EQ(t, wmbt_crc32c_copy(77, NULL, wmbt_view_of(&byte, 1)), 77);
    T_EQ(t, wmbt_crc32c_copy(77, &dst, wmbt_view_of(NULL, 1)), 77);
    T_EQ(t, wmbt_crc32c_copy(77, &dst, wmbt_view_of(&byte, 0)), 77);
    T_EQ(t, dst, 9);
    T_CHECK(t, wmbt_crc32c_copy(77, &dst, wmbt_view_of(&byte, 1)) != 77);
    T_EQ(t, dst, 1);
}

/* Lengths that no memory holds: laws instead of values. */
static void test_combine(wmbt_test *t)
{
    T_EQ(t, wmbt_crc32c_combine(0x1234, 0x5678, 0), 0x1234 ^ 0x5678);
    /* the polynomial is x + 1 times a primitive one of degree 31: x^(2^31 - 1) is 1 */
    T_EQ(t, wmbt_crc32c_combine(0xCAFEBABE, 0, INT32_MAX), 0xCAFEBABE);
    static const uint64_t lengths[] = {1, 63, 65536, UINT64_C(0x123456789ABCDEF),
                                       UINT64_C(1) << 62};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            uint32_t step = wmbt_crc32c_combine(0xDEADBEEF, 0, lengths[i]);
            T_EQ(t, wmbt_crc32c_combine(step, 0, lengths[k]),
                 wmbt_crc32c_combine(0xDEADBEEF, 0, lengths[i] + lengths[k]));
        }
    }
}

/* One product with a shift that was kept is a combination, and unshift takes a shift back. */
static void test_shift(wmbt_test *t)
{
    static const uint64_t lengths[] = {0,          1,           64,         1500,
                                       0x7FFFFFFE, 0x7FFFFFFF,  0x80000000, 0xFFFFFFFE,
                                       0xFFFFFFFF, 0x100000001, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint32_t far = wmbt_crc32c_combine(0xDEADBEEF, 0x1234, lengths[i]);
        uint32_t shift = wmbt_crc32c_shift(lengths[i]);
        T_EQ(t, wmbt_crc32c_combine_shift(0xDEADBEEF, 0x1234, shift), far);
        T_EQ(t, wmbt_crc32c_combine_shift(far ^ 0x1234, 0, wmbt_crc32c_unshift(lengths[i])),
             0xDEADBEEF);
    }
}

/* The definition for any length: x^(8n) by squaring, from the highest bit of n down. */
static uint32_t model_times(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int i = 31; i >= 0; i--) { /* Horner: bit 31 is x^0 */
        product = (product & 1u) != 0u ? product >> 1 ^ UINT32_C(0x82F63B78) : product >> 1;
        product ^= (a >> (31 - i) & 1u) != 0u ? b : 0u;
    }
    return product;
}

static uint32_t model_shift(uint32_t state, uint64_t n)
{
    uint32_t power = UINT32_C(0x80000000);
    for (int i = 63; i >= 0; i--) {
        power = model_times(power, power);
        if ((n >> i & 1u) != 0u) {
            power = model_times(power, UINT32_C(0x00800000));
        }
    }
    return model_times(power, state);
}

/* Moving forward is what that many zero bytes do. */
static void test_shifts(wmbt_test *t)
{
    uint8_t *zeros = wmbt_test_alloc(t, 4096);
    T_CHECK(t, zeros != NULL);
    for (size_t i = 0; i < 4096u; i++) {
        zeros[i] = 0;
    }
    uint32_t seed = 77;
    for (size_t k = 0; k < sizeof shifts / sizeof shifts[0]; k++) {
        wmbt_test_where(t, wmbt_test_text(shifts[k].name));
        if (!wmbt_test_kernel_runs(shifts[k].name)) {
            continue;
        }
        T_EQ(t, shifts[k].kernel(0xABCD1234u, 0), 0xABCD1234u);
        for (size_t n = 1; n <= 4096u; n += 1u + n / 40u) {
            T_EQ(t, shifts[k].kernel(0xABCD1234u, n),
                 wmbt_crc32c_nibble(0xABCD1234u, NULL, zeros, n));
        }
        for (int i = 0; i < 200; i++) {
            uint64_t n = (uint64_t)wmbt_test_random(&seed) << 32 | wmbt_test_random(&seed);
            T_EQ(t, shifts[k].kernel(0x1u + (uint32_t)i, n), model_shift(0x1u + (uint32_t)i, n));
        }
    }
}

/* Products of single bits, whose sums all others are, and of any registers. */
static void test_products(wmbt_test *t)
{
    uint32_t seed = 78;
    for (size_t k = 0; k < sizeof products / sizeof products[0]; k++) {
        wmbt_test_where(t, wmbt_test_text(products[k].name));
        if (!wmbt_test_kernel_runs(products[k].name)) {
            continue;
        }
        for (uint32_t i = 0; i < 32u * 32u; i++) {
            uint32_t a = UINT32_C(1) << i / 32u, b = UINT32_C(1) << i % 32u;
            T_EQ(t, products[k].kernel(a, b), model_times(a, b));
        }
        for (int i = 0; i < 2000; i++) {
            uint32_t a = wmbt_test_random(&seed), b = wmbt_test_random(&seed);
            T_EQ(t, products[k].kernel(a, b), model_times(a, b));
        }
    }
}

static const wmbt_case cases[] = {
    {"published values", test_published, 512, "vectors/crc32c.tsv"},
    {"golden values", test_golden, 132000, "golden/vectors/cabi.tsv"},
    {"kernels, short lengths, all alignments, copying", test_kernels_short, 1024, NULL},
    {"kernels, lengths to 5000", test_kernels_long, 5120, NULL},
    {"every split and random splits, combined too", test_splits, 1024, NULL},
    {"copy to the front of the same buffer", test_copy, 1024, NULL},
    {"each kernel copies down", test_copy_down, 8192, NULL},
    {"moving forward", test_shifts, 4096, NULL},
    {"products", test_products, 0, NULL},
    {"empty and NULL", test_arguments, 0, NULL},
    {"combine: laws for huge lengths", test_combine, 0, NULL},
    {"shift: kept, and taken back", test_shift, 0, NULL},
};
WMBT_SUITE(crc32c, cases);
