/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that the reader's steps take, under -icount. Each case prints "# count N WHAT";
 * counts.py compares them with docs/COUNTS.md.
 */
#include "../../support/test.h"
#include "../start/semihost.h"

#include "wombatkv/blake3.h"
#include "wombatkv/chain.h"
#include "wombatkv/compressed.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/objkey.h"
#include "wombatkv/sha256.h"
#include "wombatkv/zstd.h"

#define KIB64 65536u
#define BLOCK "golden/engine/b_t128_k0_s0.kvb1"
#define BLOCK_BYTES 1761728u
#define WORKSPACE (WMBT_ZSTD_WORKSPACE_BYTES + 64u) /* and what aligns it */
#define FOLDER "golden/bucket/bucket/kv/cabi/ds4-metal/wombatkv/v1/block/"
#define DENSE FOLDER "b3=4beb4169a7c8256dd5c6afe020abcb3e17e77a462ec8171729d23c04d5446e18"
#define SPARSE FOLDER "b3=330b894d184d3e68bfdc84f383821870816883bb79fec799b6644f0b47b2c79f"

/* Instructions so far. The emulators take a nanosecond for each. */
#if defined(__riscv)

static void start_counter(void)
{
}

static uint32_t now(void)
{
    uintptr_t count;
#    ifdef __clang__
    __asm__ volatile("csrr %0, minstret" : "=r"(count)::"memory");
#    else
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop"
                     : "=r"(count)::"memory");
#    endif
    return (uint32_t)count;
}

#elif defined(__aarch64__)

static void start_counter(void) /* the cycle counter, which has a cycle an instruction */
{
    __asm__ volatile("msr pmcntenset_el0, %0" ::"r"((uint64_t)1 << 31));
    __asm__ volatile("msr pmcr_el0, %0\n\tisb" ::"r"((uint64_t)1));
}

static uint32_t now(void)
{
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, pmccntr_el0" : "=r"(count)::"memory");
    return (uint32_t)count;
}

#else /* Cortex-M: SysTick, of 24 bits, by the board's clock of 25 MHz: to 40 instructions */

#    define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#    define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#    define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)
#    define SYSTICK_INSTRUCTIONS 40u

static void start_counter(void)
{
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 5; /* enabled, the processor's clock */
    while (SYSTICK_VALUE == 0u) {
    }
}

static uint32_t now(void)
{
    return (0xFFFFFFu - SYSTICK_VALUE) * SYSTICK_INSTRUCTIONS;
}

#endif

/* Prints the instructions since `start`; of `bytes` bytes those for 64 KiB. */
static void report(wmbt_test *t, uint32_t start, uint32_t bytes, const char *what)
{
    uint64_t count = now() - start;
    T_CHECK(t, count > 100u && count < UINT32_MAX); /* 0 if nothing counts */
    if (bytes != 0u) {
        count = count * KIB64 / bytes;
    }
    char text[11]; /* 10 digits */
    size_t at = sizeof text - 1u;
    text[at] = '\0';
    for (; count != 0u; count /= 10u) {
        text[--at] = (char)('0' + (char)(count % 10u));
    }
    semihost_write("# count ");
    semihost_write(text + at);
    semihost_write(" ");
    semihost_write(what);
    semihost_write("\n");
}

static void test_chain(wmbt_test *t)
{
    static uint32_t tokens[128];
    static const uint8_t fingerprint[32];
    start_counter();
    for (uint32_t i = 0; i < 128; i++) {
        tokens[i] = i * 1000u;
    }
    static wmbt_chain_config core = {.dialect = WMBT_CHAIN_CORE, .block_tokens = 128};
    core.tenant = wmbt_test_text("tenant");
    core.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    static wmbt_chain_config ds4 = {.dialect = WMBT_CHAIN_DS4, .block_tokens = 128};
    ds4.fingerprint = wmbt_test_text("0123456789abcdef01234567");
    ds4.quant_bits = 4;
    const wmbt_chain_config *const configs[] = {&core, &ds4};
    static const char *const names[] = {"hash a block of 128 tokens, core",
                                        "hash a block of 128 tokens, ds4"};
    for (size_t i = 0; i < 2; i++) {
        wmbt_chain *x = NULL;
        wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, 512), WMBT_CHAIN_BYTES(128));
        T_EQ(t, wmbt_chain_init(memory, configs[i], &x), WMBT_OK);
        wmbt_block_hash hash;
        size_t taken = 0;
        T_EQ(t, wmbt_chain_push(x, tokens, 128, &taken, &hash), WMBT_OK);
        uint32_t start = now();
        wmbt_status status = wmbt_chain_push(x, tokens, 128, &taken, &hash);
        T_CALL(t, report(t, start, 0, names[i]));
        T_EQ(t, status, WMBT_OK);
        T_EQ(t, taken, 128);
    }
}

static void test_crc(wmbt_test *t)
{
    const uint8_t *bytes = wmbt_test_alloc(t, KIB64);
    uint32_t start = now();
    uint32_t crc = wmbt_crc32c(0, wmbt_view_of(bytes, KIB64));
    T_CALL(t, report(t, start, 0, "CRC32C of 64 KiB"));
    T_CHECK(t, crc != 0u);
}

static void test_sha(wmbt_test *t)
{
    const uint8_t *bytes = wmbt_test_alloc(t, 1024);
    uint8_t digest[32];
    uint32_t start = now();
    wmbt_status status = wmbt_sha256_once(wmbt_view_of(bytes, 1024), digest);
    T_CALL(t, report(t, start, 0, "SHA-256 of 1 KiB"));
    T_EQ(t, status, WMBT_OK);
}

static void test_key(wmbt_test *t)
{
    static wmbt_objkey key = {.kind = WMBT_OBJKEY_BLOCK};
    static uint8_t out[256];
    size_t len = 0;
    key.prefix = wmbt_test_text("kv/cabi");
    key.name_space = wmbt_test_text("ds4-metal");
    uint32_t start = now();
    wmbt_status status = wmbt_objkey_build(&key, 0, wmbt_buf_of(out, sizeof out), &len);
    T_CALL(t, report(t, start, 0, "derive an object key"));
    T_EQ(t, status, WMBT_OK);
}

static void test_verify(wmbt_test *t)
{
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, BLOCK, &object));
    T_EQ(t, object.len, BLOCK_BYTES);
    wmbt_kvblock_expect expect = {&wmbt_shape_deepseek_v4_flash, 128, 0, 0};
    wmbt_kvblock_info info;
    uint32_t start = now();
    wmbt_status status = wmbt_kvblock_read(object, &expect, &info);
    T_CALL(t, report(t, start, BLOCK_BYTES, "verify 64 KiB of a block"));
    T_EQ(t, status, WMBT_OK);
}

static void test_bind(wmbt_test *t)
{
    uint8_t *bytes = wmbt_test_alloc(t, KIB64);
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, 512), WMBT_BLAKE3_BYTES(KIB64));
    uint8_t digest[32];
    uint32_t start = now();
    wmbt_status status = wmbt_blake3_once(memory, wmbt_view_of(bytes, KIB64), digest);
    T_CALL(t, report(t, start, 0, "BLAKE3 of 64 KiB"));
    T_EQ(t, status, WMBT_OK);
}

static void inflate(wmbt_test *t, const char *name, const char *what)
{
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, name, &object));
    wmbt_buf workspace =
        wmbt_buf_of(wmbt_test_alloc(t, WMBT_ZSTD_WORKSPACE_BYTES), WMBT_ZSTD_WORKSPACE_BYTES);
    wmbt_buf out = wmbt_buf_of(wmbt_test_alloc(t, BLOCK_BYTES), BLOCK_BYTES);
    wmbt_codec codec = {wmbt_zstd_codec, &workspace, NULL};
    wmbt_compressed_plain plain;
    uint32_t start = now();
    wmbt_status status = wmbt_compressed_unwrap(object, &codec, out, 0, &plain);
    T_CALL(t, report(t, start, BLOCK_BYTES, what));
    T_EQ(t, status, WMBT_OK);
    T_EQ(t, plain.bytes.len, BLOCK_BYTES);
}

static void test_inflate_dense(wmbt_test *t)
{
    inflate(t, DENSE, "inflate 64 KiB, from 87 %");
}

static void test_inflate_sparse(wmbt_test *t)
{
    inflate(t, SPARSE, "inflate 64 KiB, from 1 %");
}

static const wmbt_case cases[] = {
    {"chain", test_chain, 1024, NULL},
    {"crc", test_crc, KIB64, NULL},
    {"sha", test_sha, 1024, NULL},
    {"object key", test_key, 0, NULL},
    {"verify", test_verify, 0, BLOCK},
    {"bind", test_bind, KIB64 + 512u, NULL},
    {"inflate dense", test_inflate_dense, BLOCK_BYTES + WORKSPACE, DENSE},
    {"inflate sparse", test_inflate_sparse, BLOCK_BYTES + WORKSPACE, SPARSE},
};
WMBT_SUITE(counts, cases);
