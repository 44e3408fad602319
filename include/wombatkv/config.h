/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every compile-time switch, with its default. Three ways to set one, the first that applies wins:
 *   1. on the compiler's command line (-DWMBT_CFG_ZSTD=0), which is what Meson does;
 *   2. in a header of yours that -DWMBT_CONFIG_FILE='"my_config.h"' names;
 *   3. the default below.
 * The library and its users must be compiled with the same values. A switch is 0 or 1 unless its
 * text says otherwise. A combination that cannot work stops the build at the end of the list.
 */
#ifndef WOMBATKV_CONFIG_H
#define WOMBATKV_CONFIG_H

#include <limits.h>
#include <stdint.h>

#if UINT_MAX < 0xFFFFFFFF || SIZE_MAX < 0xFFFFFFFF
#    error "wombatkv-core needs int and size_t of 32 bits or more"
#endif

#ifdef WMBT_CONFIG_FILE
#    include WMBT_CONFIG_FILE
#endif

/* --- modules ---------------------------------------------------------------------------------- */

/* 0 leaves a module's code out, and its header declares nothing. Names are those of the headers;
 * PLAN is plan.h and boundary.h, REUSE reuse.h and prefix.h. What needs what stands at the end. */

/* hash */
#ifndef WMBT_CFG_BLAKE3
#    define WMBT_CFG_BLAKE3 1
#endif
#ifndef WMBT_CFG_SHA256
#    define WMBT_CFG_SHA256 1
#endif
#ifndef WMBT_CFG_HMAC
#    define WMBT_CFG_HMAC 1
#endif
#ifndef WMBT_CFG_CRC32C
#    define WMBT_CFG_CRC32C 1
#endif
#ifndef WMBT_CFG_FNV1A
#    define WMBT_CFG_FNV1A 1
#endif
#ifndef WMBT_CFG_XXH64
#    define WMBT_CFG_XXH64 1
#endif
#ifndef WMBT_CFG_XXH3
#    define WMBT_CFG_XXH3 1
#endif

/* identity */
#ifndef WMBT_CFG_METADATA
#    define WMBT_CFG_METADATA 1
#endif
#ifndef WMBT_CFG_SHAPE
#    define WMBT_CFG_SHAPE 1
#endif
#ifndef WMBT_CFG_FINGERPRINT
#    define WMBT_CFG_FINGERPRINT 1
#endif
#ifndef WMBT_CFG_CHAIN
#    define WMBT_CFG_CHAIN 1
#endif
#ifndef WMBT_CFG_DIALECTS
#    define WMBT_CFG_DIALECTS 1
#endif
#ifndef WMBT_CFG_OBJKEY
#    define WMBT_CFG_OBJKEY 1
#endif
#ifndef WMBT_CFG_PLAN
#    define WMBT_CFG_PLAN 1
#endif
#ifndef WMBT_CFG_REUSE
#    define WMBT_CFG_REUSE 1
#endif
#ifndef WMBT_CFG_STORE
#    define WMBT_CFG_STORE 1
#endif

/* format */
#ifndef WMBT_CFG_KVBLOCK
#    define WMBT_CFG_KVBLOCK 1
#endif
#ifndef WMBT_CFG_RAWTAIL
#    define WMBT_CFG_RAWTAIL 1
#endif
#ifndef WMBT_CFG_BOUND
#    define WMBT_CFG_BOUND 1
#endif
#ifndef WMBT_CFG_COMPRESSED
#    define WMBT_CFG_COMPRESSED 1
#endif
#ifndef WMBT_CFG_ZSTD
#    define WMBT_CFG_ZSTD 1
#endif
#ifndef WMBT_CFG_LARGEVALUE
#    define WMBT_CFG_LARGEVALUE 1
#endif
#ifndef WMBT_CFG_WAL
#    define WMBT_CFG_WAL 1
#endif
#ifndef WMBT_CFG_SEGMENT
#    define WMBT_CFG_SEGMENT 1
#endif
#ifndef WMBT_CFG_MANIFEST
#    define WMBT_CFG_MANIFEST 1
#endif
#ifndef WMBT_CFG_REPLAY
#    define WMBT_CFG_REPLAY 1
#endif
#ifndef WMBT_CFG_DEFAULTS
#    define WMBT_CFG_DEFAULTS 1
#endif
#ifndef WMBT_CFG_METAVALUE
#    define WMBT_CFG_METAVALUE 1
#endif

/* wire */
#ifndef WMBT_CFG_ENVELOPE
#    define WMBT_CFG_ENVELOPE 1
#endif
#ifndef WMBT_CFG_RPC
#    define WMBT_CFG_RPC 1
#endif
#ifndef WMBT_CFG_SIGV4
#    define WMBT_CFG_SIGV4 1
#endif
#ifndef WMBT_CFG_HTTP
#    define WMBT_CFG_HTTP 1
#endif
#ifndef WMBT_CFG_S3
#    define WMBT_CFG_S3 1
#endif

/* index */
#ifndef WMBT_CFG_INDEX
#    define WMBT_CFG_INDEX 1
#endif
#ifndef WMBT_CFG_RESIDENCY
#    define WMBT_CFG_RESIDENCY 1
#endif
#ifndef WMBT_CFG_EVICT
#    define WMBT_CFG_EVICT 1
#endif
#ifndef WMBT_CFG_PREFETCH
#    define WMBT_CFG_PREFETCH 1
#endif
#ifndef WMBT_CFG_IMAGE
#    define WMBT_CFG_IMAGE 1
#endif

/* reader */
#ifndef WMBT_CFG_READER
#    define WMBT_CFG_READER 1
#endif

/* client */
#ifndef WMBT_CFG_S3CLIENT
#    define WMBT_CFG_S3CLIENT 1
#endif
#ifndef WMBT_CFG_S3PRESENCE
#    define WMBT_CFG_S3PRESENCE 1
#endif

/* --- choices ---------------------------------------------------------------------------------- */

/* Texts of wmbt_status_name(): about 0.7 KB of constants. */
#ifndef WMBT_CFG_STATUS_NAMES
#    define WMBT_CFG_STATUS_NAMES 1
#endif

/* CRC32C kernel: 1 nibble table (64 B), 2 byte table (1 KB), 3 slicing-by-8 (8 KB), 4 supplied by
 * the integrator (crc32c.h says what to define), 5 the best that the machine's instructions allow,
 * 3 where there is none. */
#ifndef WMBT_CFG_CRC32C_KERNEL
#    define WMBT_CFG_CRC32C_KERNEL 5
#endif

/* BLAKE3 kernel: 1 small (rolled, 0.4 KB), 2 fast (unrolled; several chunks side by side where the
 * compiler has vectors for the machine), 3 the best that the machine's instructions allow, 2 where
 * there is none. */
#ifndef WMBT_CFG_BLAKE3_KERNEL
#    define WMBT_CFG_BLAKE3_KERNEL 3
#endif

/* SHA-256 kernel: 1 rolled, 2 the best that the machine's instructions allow, 1 where there is
 * none. */
#ifndef WMBT_CFG_SHA256_KERNEL
#    define WMBT_CFG_SHA256_KERNEL 2
#endif

/* "The machine's instructions" are those that the compiler may use for its target (-march, -mcpu).
 * 1: all that the library has a kernel for are compiled, and the loader of Linux with glibc picks
 * the best for the CPU when the program starts (x86-64 and AArch64). docs/KERNELS.md. */
#ifndef WMBT_CFG_DISPATCH
#    define WMBT_CFG_DISPATCH 0
#endif

/* 1: registers have 64 bits. 0: code for 32, which is smaller and computes the same. */
#ifndef WMBT_WIDE_REGISTERS
#    if UINTPTR_MAX > UINT32_MAX
#        define WMBT_WIDE_REGISTERS 1
#    else
#        define WMBT_WIDE_REGISTERS 0
#    endif
#endif

/* XXH3 and XXH64: 1 small (rolled, whole buffers), 2 fast (straight from the caller's bytes).
 * Without a choice 2 with wide registers, else 1. */
#ifndef WMBT_CFG_XXH_KERNEL
#    if WMBT_WIDE_REGISTERS
#        define WMBT_CFG_XXH_KERNEL 2
#    else
#        define WMBT_CFG_XXH_KERNEL 1
#    endif
#endif

/* zstd: 1 decodes literal streams side by side and copies in wide steps, for 64-bit machines; 0 is
 * the smaller code. Both decode and refuse the same. */
#ifndef WMBT_CFG_ZSTD_FAST
#    if WMBT_WIDE_REGISTERS
#        define WMBT_CFG_ZSTD_FAST 1
#    else
#        define WMBT_CFG_ZSTD_FAST 0
#    endif
#endif

/* The reader takes tokens, and so needs chain; 0: hashes only, without chain and BLAKE3. */
#ifndef WMBT_CFG_READER_TOKENS
#    define WMBT_CFG_READER_TOKENS 1
#endif

/* The reader takes wrapped and chunked objects, which are collected in memory; 0: plain ones only,
 * wrapped ones are unsupported-algorithm. */
#ifndef WMBT_CFG_READER_COLLECT
#    define WMBT_CFG_READER_COLLECT 1
#endif

/* The reader binds objects to digests of the caller's, and so needs blake3; 0: it does not. */
#ifndef WMBT_CFG_READER_BOUND
#    define WMBT_CFG_READER_BOUND 1
#endif

/* Writers (encoders) beside the readers. A reader in firmware can leave them out. */
#ifndef WMBT_CFG_WRITERS
#    define WMBT_CFG_WRITERS 1
#endif

/* Readers of a block index on other cores while one writes (index.h). Needs loads and stores of 32
 * bits that are atomic, with an order, as instructions. */
#ifndef WMBT_CFG_INDEX_ATOMICS
#    define WMBT_CFG_INDEX_ATOMICS 0
#endif

/* Object keys with a model digest before the hash. Experimental: the upstream documents name the
 * form, nothing writes it. */
#ifndef WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
#    define WMBT_CFG_EXPERIMENTAL_MODEL_KEYS 0
#endif

/* --- what needs what -------------------------------------------------------------------------- */

/* 1 for 0 and 1; anything else is pasted to a name that is not defined. */
#define WMBT_IS_SWITCH_0 1
#define WMBT_IS_SWITCH_1 1
#define WMBT_IS_SWITCH_PASTED_(value) WMBT_IS_SWITCH_##value
#define WMBT_IS_SWITCH_(value) WMBT_IS_SWITCH_PASTED_(value)

#if !WMBT_IS_SWITCH_(WMBT_CFG_STATUS_NAMES) || !WMBT_IS_SWITCH_(WMBT_CFG_WRITERS) ||         \
    !WMBT_IS_SWITCH_(WMBT_CFG_ZSTD_FAST) || !WMBT_IS_SWITCH_(WMBT_CFG_INDEX_ATOMICS) ||      \
    !WMBT_IS_SWITCH_(WMBT_CFG_READER_TOKENS) || !WMBT_IS_SWITCH_(WMBT_CFG_READER_COLLECT) || \
    !WMBT_IS_SWITCH_(WMBT_CFG_READER_BOUND) || !WMBT_IS_SWITCH_(WMBT_CFG_EXPERIMENTAL_MODEL_KEYS)
#    error "a switch that is neither 0 nor 1; it is one of the eight above"
#endif
#if WMBT_CFG_CRC32C_KERNEL < 1 || WMBT_CFG_CRC32C_KERNEL > 5
#    error "WMBT_CFG_CRC32C_KERNEL is 1, 2, 3, 4 or 5"
#endif
#if WMBT_CFG_BLAKE3_KERNEL < 1 || WMBT_CFG_BLAKE3_KERNEL > 3
#    error "WMBT_CFG_BLAKE3_KERNEL is 1, 2 or 3"
#endif
#if WMBT_CFG_SHA256_KERNEL < 1 || WMBT_CFG_SHA256_KERNEL > 2
#    error "WMBT_CFG_SHA256_KERNEL is 1 or 2"
#endif
#if WMBT_CFG_XXH_KERNEL < 1 || WMBT_CFG_XXH_KERNEL > 2
#    error "WMBT_CFG_XXH_KERNEL is 1 or 2"
#endif
#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST && !WMBT_WIDE_REGISTERS
#    error "WMBT_CFG_ZSTD_FAST is for machines with 64-bit registers"
#endif

/* Modules. */
#if !WMBT_IS_SWITCH_(WMBT_CFG_BLAKE3)
#    error "WMBT_CFG_BLAKE3 is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_SHA256)
#    error "WMBT_CFG_SHA256 is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_HMAC)
#    error "WMBT_CFG_HMAC is 0 or 1"
#elif WMBT_CFG_HMAC && !WMBT_CFG_SHA256
#    error "hmac needs sha256"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_CRC32C)
#    error "WMBT_CFG_CRC32C is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_FNV1A)
#    error "WMBT_CFG_FNV1A is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_XXH64)
#    error "WMBT_CFG_XXH64 is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_XXH3)
#    error "WMBT_CFG_XXH3 is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_METADATA)
#    error "WMBT_CFG_METADATA is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_SHAPE)
#    error "WMBT_CFG_SHAPE is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_FINGERPRINT)
#    error "WMBT_CFG_FINGERPRINT is 0 or 1"
#elif WMBT_CFG_FINGERPRINT && !(WMBT_CFG_BLAKE3 && WMBT_CFG_METADATA)
#    error "fingerprint needs blake3 and metadata"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_CHAIN)
#    error "WMBT_CFG_CHAIN is 0 or 1"
#elif WMBT_CFG_CHAIN && !(WMBT_CFG_BLAKE3 && WMBT_CFG_METADATA)
#    error "chain needs blake3 and metadata"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_DIALECTS)
#    error "WMBT_CFG_DIALECTS is 0 or 1"
#elif WMBT_CFG_DIALECTS && \
    !(WMBT_CFG_CHAIN && WMBT_CFG_SHA256 && WMBT_CFG_FNV1A && WMBT_CFG_XXH64 && WMBT_CFG_XXH3)
#    error "dialects needs chain, sha256, fnv1a, xxh64 and xxh3"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_OBJKEY)
#    error "WMBT_CFG_OBJKEY is 0 or 1"
#elif WMBT_CFG_OBJKEY && !WMBT_CFG_METADATA
#    error "objkey needs metadata"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_PLAN)
#    error "WMBT_CFG_PLAN is 0 or 1"
#elif WMBT_CFG_PLAN && !WMBT_CFG_SHAPE
#    error "plan needs shape"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_REUSE)
#    error "WMBT_CFG_REUSE is 0 or 1"
#elif WMBT_CFG_REUSE && !WMBT_CFG_FINGERPRINT
#    error "reuse needs fingerprint"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_STORE)
#    error "WMBT_CFG_STORE is 0 or 1"
#elif WMBT_CFG_STORE && !WMBT_CFG_METADATA
#    error "store needs metadata"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_KVBLOCK)
#    error "WMBT_CFG_KVBLOCK is 0 or 1"
#elif WMBT_CFG_KVBLOCK && !(WMBT_CFG_SHAPE && WMBT_CFG_CRC32C)
#    error "kvblock needs shape and crc32c"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_RAWTAIL)
#    error "WMBT_CFG_RAWTAIL is 0 or 1"
#elif WMBT_CFG_RAWTAIL && !(WMBT_CFG_SHAPE && WMBT_CFG_CRC32C)
#    error "rawtail needs shape and crc32c"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_BOUND)
#    error "WMBT_CFG_BOUND is 0 or 1"
#elif WMBT_CFG_BOUND && !(WMBT_CFG_BLAKE3 && WMBT_CFG_KVBLOCK && WMBT_CFG_RAWTAIL)
#    error "bound needs blake3, kvblock and rawtail"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_COMPRESSED)
#    error "WMBT_CFG_COMPRESSED is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_ZSTD)
#    error "WMBT_CFG_ZSTD is 0 or 1"
#elif WMBT_CFG_ZSTD && !WMBT_CFG_XXH64
#    error "zstd needs xxh64"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_LARGEVALUE)
#    error "WMBT_CFG_LARGEVALUE is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_WAL)
#    error "WMBT_CFG_WAL is 0 or 1"
#elif WMBT_CFG_WAL && !WMBT_CFG_FNV1A
#    error "wal needs fnv1a"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_SEGMENT)
#    error "WMBT_CFG_SEGMENT is 0 or 1"
#elif WMBT_CFG_SEGMENT && !WMBT_CFG_FNV1A
#    error "segment needs fnv1a"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_MANIFEST)
#    error "WMBT_CFG_MANIFEST is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_REPLAY)
#    error "WMBT_CFG_REPLAY is 0 or 1"
#elif WMBT_CFG_REPLAY && !WMBT_CFG_MANIFEST
#    error "replay needs manifest"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_DEFAULTS)
#    error "WMBT_CFG_DEFAULTS is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_METAVALUE)
#    error "WMBT_CFG_METAVALUE is 0 or 1"
#elif WMBT_CFG_METAVALUE && !WMBT_CFG_METADATA
#    error "metavalue needs metadata"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_ENVELOPE)
#    error "WMBT_CFG_ENVELOPE is 0 or 1"
#elif WMBT_CFG_ENVELOPE && !WMBT_CFG_CRC32C
#    error "envelope needs crc32c"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_RPC)
#    error "WMBT_CFG_RPC is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_SIGV4)
#    error "WMBT_CFG_SIGV4 is 0 or 1"
#elif WMBT_CFG_SIGV4 && !WMBT_CFG_HMAC
#    error "sigv4 needs hmac"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_HTTP)
#    error "WMBT_CFG_HTTP is 0 or 1"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_S3)
#    error "WMBT_CFG_S3 is 0 or 1"
#elif WMBT_CFG_S3 && !(WMBT_CFG_HTTP && WMBT_CFG_SIGV4)
#    error "s3 needs http and sigv4"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_INDEX)
#    error "WMBT_CFG_INDEX is 0 or 1"
#elif WMBT_CFG_INDEX && !WMBT_CFG_METADATA
#    error "index needs metadata"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_RESIDENCY)
#    error "WMBT_CFG_RESIDENCY is 0 or 1"
#elif WMBT_CFG_RESIDENCY && !WMBT_CFG_INDEX
#    error "residency needs index"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_EVICT)
#    error "WMBT_CFG_EVICT is 0 or 1"
#elif WMBT_CFG_EVICT && !WMBT_CFG_INDEX
#    error "evict needs index"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_PREFETCH)
#    error "WMBT_CFG_PREFETCH is 0 or 1"
#elif WMBT_CFG_PREFETCH && !WMBT_CFG_INDEX
#    error "prefetch needs index"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_IMAGE)
#    error "WMBT_CFG_IMAGE is 0 or 1"
#elif WMBT_CFG_IMAGE && !(WMBT_CFG_INDEX && WMBT_CFG_CRC32C)
#    error "image needs index and crc32c"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_READER)
#    error "WMBT_CFG_READER is 0 or 1"
#elif WMBT_CFG_READER && !(WMBT_CFG_OBJKEY && WMBT_CFG_PLAN && WMBT_CFG_KVBLOCK && \
                           WMBT_CFG_RAWTAIL && WMBT_CFG_COMPRESSED)
#    error "reader needs objkey, plan, kvblock, rawtail and compressed"
#elif WMBT_CFG_READER && WMBT_CFG_READER_TOKENS && !WMBT_CFG_CHAIN
#    error "reader needs chain for reader_tokens"
#elif WMBT_CFG_READER && WMBT_CFG_READER_COLLECT && !WMBT_CFG_LARGEVALUE
#    error "reader needs largevalue for reader_collect"
#elif WMBT_CFG_READER && WMBT_CFG_READER_BOUND && !WMBT_CFG_BLAKE3
#    error "reader needs blake3 for reader_bound"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_S3CLIENT)
#    error "WMBT_CFG_S3CLIENT is 0 or 1"
#elif WMBT_CFG_S3CLIENT && !(WMBT_CFG_READER && WMBT_CFG_S3)
#    error "s3client needs reader and s3"
#endif
#if !WMBT_IS_SWITCH_(WMBT_CFG_S3PRESENCE)
#    error "WMBT_CFG_S3PRESENCE is 0 or 1"
#elif WMBT_CFG_S3PRESENCE && !WMBT_CFG_S3CLIENT
#    error "s3presence needs s3client"
#endif

/* --- the compiler: the only place outside kernels that knows one ------------------------------ */

/* Each of these can be set as a switch can, for compilers that are not known here. */

/* Stands before every public declaration: for a visibility or section attribute of yours. */
#ifndef WMBT_API
#    define WMBT_API
#endif

/* The compiler warns if the result is ignored. */
#ifndef WMBT_MUST_CHECK
#    if defined(__GNUC__)
#        define WMBT_MUST_CHECK __attribute__((warn_unused_result))
#    else
#        define WMBT_MUST_CHECK
#    endif
#endif

/* Hides the value of a pointer from the optimiser. A byte loop with this inside is never recognised
 * as memcpy or memset, so the library calls neither, whatever the flags. `pointer` is a variable;
 * a definition of yours may assign it. */
#ifndef WMBT_HIDE_POINTER
#    if defined(__GNUC__)
#        define WMBT_HIDE_POINTER(pointer) __asm__ __volatile__("" : "+r"(pointer) : : "memory")
#    else
#        define WMBT_HIDE_POINTER(pointer) ((void)(pointer))
#    endif
#endif

/* Stands before a function whose stack frame must not be its caller's. */
#ifndef WMBT_NOINLINE
#    if defined(__GNUC__)
#        define WMBT_NOINLINE __attribute__((noinline))
#    else
#        define WMBT_NOINLINE
#    endif
#endif

/* What must be true where it stands: what a caller promised, what a decoder keeps, what is never
 * reached. Nothing by default: the condition is compiled, not evaluated. Tests set it to something
 * that stops the program (-Dassertions=true). The library never relies on it. */
#ifndef WMBT_ASSERT
#    define WMBT_ASSERT(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

/* Stands in a type that may look at the bytes of any other. */
#ifndef WMBT_MAY_ALIAS
#    if defined(__GNUC__)
#        define WMBT_MAY_ALIAS __attribute__((__may_alias__))
#    else
#        define WMBT_MAY_ALIAS
#    endif
#endif

/* Asks for a line of memory that will be read soon. Controllers without a cache have no use for it:
 * with WMBT_PREFETCHES 0 the code that looks ahead is left out. */
#ifndef WMBT_PREFETCH
#    if defined(__GNUC__) && WMBT_WIDE_REGISTERS
#        define WMBT_PREFETCH(pointer) __builtin_prefetch(pointer)
#    else
#        define WMBT_PREFETCH(pointer) ((void)(pointer))
#        define WMBT_PREFETCHES 0
#    endif
#endif
#ifndef WMBT_PREFETCHES
#    define WMBT_PREFETCHES 1
#endif

/* Byte order of the machine. */
#ifndef WMBT_BIG_ENDIAN
#    if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#        define WMBT_BIG_ENDIAN 1
#    else
#        define WMBT_BIG_ENDIAN 0
#    endif
#endif

/* Words that several cores share (index.h): what another compiler needs for them can be defined in
 * the configuration header. */
#if !defined(WMBT_LOAD_ACQUIRE)
#    if WMBT_CFG_INDEX_ATOMICS
#        if !defined(__GCC_ATOMIC_INT_LOCK_FREE) || __GCC_ATOMIC_INT_LOCK_FREE < 2
#            error "WMBT_CFG_INDEX_ATOMICS: define WMBT_LOAD_ACQUIRE and the two beside it"
#        endif
#        define WMBT_LOAD_RELAXED(pointer) __atomic_load_n(pointer, __ATOMIC_RELAXED)
#        define WMBT_LOAD_ACQUIRE(pointer) __atomic_load_n(pointer, __ATOMIC_ACQUIRE)
#        define WMBT_STORE_RELEASE(pointer, value) \
            __atomic_store_n(pointer, value, __ATOMIC_RELEASE)
#    else
#        define WMBT_LOAD_RELAXED(pointer) (*(pointer))
#        define WMBT_LOAD_ACQUIRE(pointer) (*(pointer))
#        define WMBT_STORE_RELEASE(pointer, value) ((void)(*(pointer) = (value)))
#    endif
#endif

/* Eight bytes at any address, as the machine stores a number: compilers make one instruction of it.
 * Not defined where there is no such type. Who sets it says with WMBT_UNALIGNED_U64_IS_LE whether
 * the machine is little-endian. */
#if !defined(WMBT_UNALIGNED_U64) && defined(__GNUC__) && defined(__BYTE_ORDER__)
#    define WMBT_UNALIGNED_U64 uint64_t __attribute__((__may_alias__, __aligned__(1)))
#    if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#        define WMBT_UNALIGNED_U64_IS_LE 1
#    endif
#endif

/* 0: a product of 64 bits is a call of a helper (no 32 x 32 -> 64 multiply instruction). */
#ifndef WMBT_WIDE_MULTIPLY
#    if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__) || \
        (defined(__riscv) && !defined(__riscv_mul))
#        define WMBT_WIDE_MULTIPLY 0
#    else
#        define WMBT_WIDE_MULTIPLY 1
#    endif
#endif

#endif
