/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boundary between the hashes and the code that does their work. All kernels of one kind have
 * one signature and names of their own; all portable ones are always compiled, a link keeps the one
 * that is called. A kernel for an instruction set is a new file in src/hash/<isa>/, a condition in
 * machine.h, a line here and one in the machine's dispatch.c.
 */
#ifndef WMBT_SRC_HASH_KERNEL_H
#define WMBT_SRC_HASH_KERNEL_H

#include "hash/machine.h"
#include "wombatkv/base.h"

#if WMBT_CFG_CRC32C

/*
 * Feeds n bytes into the CRC register (bit 31 is the coefficient of x^0, no inversion). Copies them
 * to dst as well unless it is NULL; dst may be at or before src. Each byte of src is read once. n
 * is not 0.
 */
typedef uint32_t wmbt_crc32c_kernel(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n);

wmbt_crc32c_kernel wmbt_crc32c_nibble; /* 64 bytes of table */
wmbt_crc32c_kernel wmbt_crc32c_table;  /* 1 KiB */
wmbt_crc32c_kernel wmbt_crc32c_slice8; /* 8 KiB */

/* Of instruction sets; those that machine.h says are there. */
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_sse42;
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_avx2;
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_avx512;
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_armv8;       /* joins streams by shifts */
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_armv8_pmull; /* by carry-less products */
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_zbc;

/* Moves a register forward over n zero bytes: times x^(8n). */
typedef uint32_t wmbt_crc32c_shift_kernel(uint32_t state, uint64_t n);

wmbt_crc32c_shift_kernel wmbt_crc32c_shift_table; /* 124 bytes of table; kernel 1 has none */
WMBT_HIDDEN wmbt_crc32c_shift_kernel wmbt_crc32c_shift_sse42;
WMBT_HIDDEN wmbt_crc32c_shift_kernel wmbt_crc32c_shift_armv8_pmull;
WMBT_HIDDEN wmbt_crc32c_shift_kernel wmbt_crc32c_shift_zbc;

/* The product of two registers, reduced. */
typedef uint32_t wmbt_crc32c_product_kernel(uint32_t a, uint32_t b);

wmbt_crc32c_product_kernel wmbt_crc32c_product_steps; /* 32 of them */
WMBT_HIDDEN wmbt_crc32c_product_kernel wmbt_crc32c_product_sse42;
WMBT_HIDDEN wmbt_crc32c_product_kernel wmbt_crc32c_product_armv8_pmull;
WMBT_HIDDEN wmbt_crc32c_product_kernel wmbt_crc32c_product_zbc;

#    define WMBT_CRC32C_POLYNOMIAL UINT32_C(0x82F63B78)

#    if WMBT_CRC32C_BY_MACHINE && WMBT_CFG_DISPATCH
/* The loader sets them to one of the above (dispatch.c of the machine). */
WMBT_HIDDEN wmbt_crc32c_kernel wmbt_crc32c_loaded;
WMBT_HIDDEN wmbt_crc32c_shift_kernel wmbt_crc32c_shift_loaded;
WMBT_HIDDEN wmbt_crc32c_product_kernel wmbt_crc32c_product_loaded;
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_loaded
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_loaded
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_loaded
#    elif WMBT_CRC32C_AVX512
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_avx512
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_sse42
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_sse42
#    elif WMBT_CRC32C_AVX2
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_avx2
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_sse42
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_sse42
#    elif WMBT_CRC32C_SSE42
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_sse42
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_sse42
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_sse42
#    elif WMBT_CRC32C_ARMV8_PMULL
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_armv8_pmull
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_armv8_pmull
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_armv8_pmull
#    elif WMBT_CRC32C_ARMV8
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_armv8
#    elif WMBT_CRC32C_ZBC
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_zbc
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_zbc
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_zbc
#    elif WMBT_CFG_CRC32C_KERNEL == 1
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_nibble
#    elif WMBT_CFG_CRC32C_KERNEL == 2
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_table
#    elif WMBT_CFG_CRC32C_KERNEL == 4
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_external /* crc32c.h */
#    else
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_slice8
#    endif
#    ifndef WMBT_CRC32C_SHIFT
#        define WMBT_CRC32C_SHIFT wmbt_crc32c_shift_table
#    endif
#    ifndef WMBT_CRC32C_PRODUCT
#        define WMBT_CRC32C_PRODUCT wmbt_crc32c_product_steps
#    endif

#endif

#if WMBT_CFG_BLAKE3

#    define WMBT_BLAKE3_BLOCK_BYTES 64u
#    define WMBT_BLAKE3_CHUNK_BYTES 1024u

/* Flags of a compression. */
#    define WMBT_BLAKE3_CHUNK_START 1u
#    define WMBT_BLAKE3_CHUNK_END 2u
#    define WMBT_BLAKE3_PARENT 4u
#    define WMBT_BLAKE3_ROOT 8u

/* The initial chaining value. */
#    define WMBT_BLAKE3_IV0 UINT32_C(0x6A09E667)
#    define WMBT_BLAKE3_IV1 UINT32_C(0xBB67AE85)
#    define WMBT_BLAKE3_IV2 UINT32_C(0x3C6EF372)
#    define WMBT_BLAKE3_IV3 UINT32_C(0xA54FF53A)
#    define WMBT_BLAKE3_IV4 UINT32_C(0x510E527F)
#    define WMBT_BLAKE3_IV5 UINT32_C(0x9B05688C)
#    define WMBT_BLAKE3_IV6 UINT32_C(0x1F83D9AB)
#    define WMBT_BLAKE3_IV7 UINT32_C(0x5BE0CD19)

/*
 * One compression: cv becomes the first 8 words of the output, which is the new chaining value and,
 * with the flag root, the digest. `block` is 64 bytes of any alignment, block_bytes of them count
 * and the rest are 0. Each byte of it is read once.
 */
typedef void wmbt_blake3_compress_kernel(uint32_t cv[8], const uint8_t *block, uint32_t block_bytes,
                                         uint64_t counter, uint32_t flags);

wmbt_blake3_compress_kernel wmbt_blake3_compress_small; /* rolled */
wmbt_blake3_compress_kernel wmbt_blake3_compress_fast;  /* unrolled */

/*
 * Chunks that the fast kernel hashes side by side, where the compiler says that the machine has
 * vectors; 1 elsewhere (its code would only grow).
 */
#    if !defined(__GNUC__)
#        define WMBT_BLAKE3_LANES 1
#    elif defined(__AVX512F__)
#        define WMBT_BLAKE3_LANES 16
#    elif defined(__AVX2__)
#        define WMBT_BLAKE3_LANES 8
#    elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__ALTIVEC__)
#        define WMBT_BLAKE3_LANES 4
#    else
#        define WMBT_BLAKE3_LANES 1
#    endif

#    if WMBT_BLAKE3_LANES > 1
/*
 * The chaining values of WMBT_BLAKE3_LANES whole chunks, one after the other from `chunks` on, of
 * which the first is number `counter`; none of them is the whole input.
 */
void wmbt_blake3_chunks_fast(const uint8_t *chunks, uint64_t counter,
                             uint32_t cvs[WMBT_BLAKE3_LANES][8]);
#    endif

/*
 * Blocks of several messages: `count` of them, at least 1. A message is the block at head[i], the
 * `blocks` whole blocks from input[i] on and the block at tail[i], in this order; `head` and `tail`
 * may be NULL, `blocks` may be 0, but there is one block at least. cv[i] is the chaining value of
 * message i before and after them. All pointers may have any alignment.
 */
typedef struct wmbt_blake3_run {
    const uint8_t *const *head;
    const uint8_t *const *input;
    const uint8_t *const *tail;
    uint32_t (*cv)[8];
    size_t count;
    size_t blocks;
    uint64_t counter;     /* of the first message */
    bool counts;          /* message i has counter + i; otherwise all the same */
    uint32_t last_bytes;  /* of the last block that count; the others are 0 */
    uint32_t flags;       /* of every block */
    uint32_t flags_first; /* of the first as well */
    uint32_t flags_last;  /* of the last as well */
} wmbt_blake3_run;

typedef void wmbt_blake3_run_kernel(const wmbt_blake3_run *run);

/* The parts of a message: head, input, tail. */
#    define WMBT_BLAKE3_PARTS 3u

/* Where a part of each message is, and how many blocks it has. */
static inline const uint8_t *const *wmbt_blake3_part(const wmbt_blake3_run *run, size_t part,
                                                     size_t *blocks)
{
    const uint8_t *const *ends = part == 0u ? run->head : run->tail;
    *blocks = part == 1u ? run->blocks : ends != NULL ? 1u : 0u;
    return part == 1u ? run->input : ends;
}

/* Blocks of a message. */
static inline size_t wmbt_blake3_run_blocks(const wmbt_blake3_run *run)
{
    return run->blocks + (run->head != NULL ? 1u : 0u) + (run->tail != NULL ? 1u : 0u);
}

#    define WMBT_BLAKE3_RUN_LANES 16u /* no kernel gains by more messages at once */

wmbt_blake3_run_kernel wmbt_blake3_run_portable; /* one after the other */
WMBT_HIDDEN wmbt_blake3_run_kernel wmbt_blake3_run_sse41;
WMBT_HIDDEN wmbt_blake3_run_kernel wmbt_blake3_run_avx2;
WMBT_HIDDEN wmbt_blake3_run_kernel wmbt_blake3_run_avx512;
WMBT_HIDDEN wmbt_blake3_run_kernel wmbt_blake3_run_neon;

#    if WMBT_BLAKE3_BY_MACHINE && WMBT_CFG_DISPATCH && WMBT_ON_X86
/* The loader sets it to one of the above (dispatch.c of the machine). */
WMBT_HIDDEN wmbt_blake3_run_kernel wmbt_blake3_run_loaded;
#        define WMBT_BLAKE3_RUN wmbt_blake3_run_loaded
#    elif WMBT_BLAKE3_AVX512
#        define WMBT_BLAKE3_RUN wmbt_blake3_run_avx512
#    elif WMBT_BLAKE3_AVX2
#        define WMBT_BLAKE3_RUN wmbt_blake3_run_avx2
#    elif WMBT_BLAKE3_SSE41
#        define WMBT_BLAKE3_RUN wmbt_blake3_run_sse41
#    elif WMBT_BLAKE3_NEON
#        define WMBT_BLAKE3_RUN wmbt_blake3_run_neon
#    elif WMBT_CFG_BLAKE3_KERNEL == 1
#        define WMBT_BLAKE3_COMPRESS wmbt_blake3_compress_small
#    else
#        define WMBT_BLAKE3_COMPRESS wmbt_blake3_compress_fast
#        if WMBT_BLAKE3_LANES > 1
#            define WMBT_BLAKE3_CHUNKS wmbt_blake3_chunks_fast
#        endif
#    endif

#endif

#if WMBT_CFG_SHA256

/* Takes `count` blocks of 64 bytes into the hash. Each byte of them is read once. */
typedef void wmbt_sha256_kernel(uint32_t hash[8], const uint8_t *blocks, size_t count);

wmbt_sha256_kernel wmbt_sha256_rolled;
WMBT_HIDDEN wmbt_sha256_kernel wmbt_sha256_shani;
WMBT_HIDDEN wmbt_sha256_kernel wmbt_sha256_armv8;
WMBT_HIDDEN wmbt_sha256_kernel wmbt_sha256_zknh;

extern const uint32_t wmbt_sha256_k[64]; /* the constants of the rounds */

#    if WMBT_SHA256_BY_MACHINE && WMBT_CFG_DISPATCH
WMBT_HIDDEN wmbt_sha256_kernel wmbt_sha256_loaded;
#        define WMBT_SHA256_KERNEL wmbt_sha256_loaded
#    elif WMBT_SHA256_SHANI
#        define WMBT_SHA256_KERNEL wmbt_sha256_shani
#    elif WMBT_SHA256_ARMV8
#        define WMBT_SHA256_KERNEL wmbt_sha256_armv8
#    elif WMBT_SHA256_ZKNH
#        define WMBT_SHA256_KERNEL wmbt_sha256_zknh
#    endif /* not defined: sha256.c's own, a block at a time */

#endif

#endif
