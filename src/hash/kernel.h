/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boundary between the hashes and the code that does their work. All kernels of one kind have
 * one signature and names of their own; all portable ones are always compiled, a link keeps the one
 * that is called. A kernel for an instruction set is a new file in src/hash/<isa>/, a line here and
 * a number in config.h.
 */
#ifndef WMBT_SRC_HASH_KERNEL_H
#define WMBT_SRC_HASH_KERNEL_H

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

#    define WMBT_CRC32C_POLYNOMIAL UINT32_C(0x82F63B78)

#    if WMBT_CFG_CRC32C_KERNEL == 1
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_nibble
#    elif WMBT_CFG_CRC32C_KERNEL == 2
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_table
#    elif WMBT_CFG_CRC32C_KERNEL == 3
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_slice8
#    else
#        define WMBT_CRC32C_KERNEL wmbt_crc32c_external /* crc32c.h */
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

#    if WMBT_CFG_BLAKE3_KERNEL == 1
#        define WMBT_BLAKE3_COMPRESS wmbt_blake3_compress_small
#    else
#        define WMBT_BLAKE3_COMPRESS wmbt_blake3_compress_fast
#        if WMBT_BLAKE3_LANES > 1
#            define WMBT_BLAKE3_CHUNKS wmbt_blake3_chunks_fast
#        endif
#    endif

#endif

#endif
