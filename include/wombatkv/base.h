/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views, buffers and the few macros that every other header uses.
 * Source of the rules: docs/API.md.
 */
#ifndef WOMBATKV_BASE_H
#define WOMBATKV_BASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wombatkv/config.h"
#include "wombatkv/version.h"

#ifdef __cplusplus
#    define WMBT_BEGIN_DECLS extern "C" {
#    define WMBT_END_DECLS }
#    define WMBT_STATIC_ASSERT(condition, message) static_assert(condition, message)
#    define WMBT_ALIGNOF(type) alignof(type)
#    define WMBT_CAST(type, value) static_cast<type>(value)
#    define WMBT_SIZE(n) (::wmbt_size_of_count(n))
#    define WMBT_U64(n) (::wmbt_u64_of(n))
#else
#    define WMBT_BEGIN_DECLS
#    define WMBT_END_DECLS
#    define WMBT_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#    define WMBT_ALIGNOF(type) _Alignof(type)
/* Casts of the headers: strict C++ projects accept no others than their own. */
#    define WMBT_CAST(type, value) ((type)(value))
#    define WMBT_SIZE(n) ((size_t)(n))
#    define WMBT_U64(n) ((uint64_t)(n))
#endif

WMBT_STATIC_ASSERT(CHAR_BIT == 8, "an octet is the unit of every format");

WMBT_BEGIN_DECLS

/** Bytes to read. {NULL, 0} is the empty view; NULL with another length is a caller error. */
typedef struct wmbt_view {
    const uint8_t *data; /**< first byte */
    size_t len;          /**< bytes */
} wmbt_view;

/** Bytes to write. {NULL, 0} is the empty buffer; NULL with another length is a caller error. */
typedef struct wmbt_buf {
    uint8_t *data; /**< first byte */
    size_t len;    /**< bytes of room */
} wmbt_buf;

#ifdef __cplusplus
static inline constexpr size_t wmbt_size_of_count(size_t n)
{
    return n;
}
static inline constexpr uint64_t wmbt_u64_of(uint64_t n)
{
    return n;
}
#endif

/** A view of `len` bytes at `data`. */
static inline wmbt_view wmbt_view_of(const void *data, size_t len)
{
    wmbt_view v;
    v.data = WMBT_CAST(const uint8_t *, data);
    v.len = len;
    return v;
}

/** A buffer of `len` bytes at `data`. */
static inline wmbt_buf wmbt_buf_of(void *data, size_t len)
{
    wmbt_buf b;
    b.data = WMBT_CAST(uint8_t *, data);
    b.len = len;
    return b;
}

/** A view of a string literal, without its NUL, as an expression: f(WMBT_VIEW_LITERAL("kv/a")). C
 * has no expression of a struct that may initialise an object of static duration: see below. */
#define WMBT_VIEW_LITERAL(text) wmbt_view_of((text), sizeof(text "") - 1u)

/** The same as an initialiser, also of objects of static duration (a table of prefixes in ROM):
 * static const wmbt_view prefix = WMBT_VIEW_INIT("kv/a"); */
#define WMBT_VIEW_INIT(text) \
    {WMBT_CAST(const uint8_t *, WMBT_CAST(const void *, text)), sizeof(text "") - 1u}

/** Alignment that every object of the library accepts but an index, whose is WMBT_INDEX_ALIGN. */
#define WMBT_MEMORY_ALIGN 8u

/** Declares memory for an object of the library, an array of `bytes` bytes (a constant expression)
 * with that alignment, where uint64_t may have less: static WMBT_MEMORY(memory,
 * WMBT_READER_BYTES(64, 1)); given as wmbt_buf_of(memory, sizeof memory). */
#ifdef __cplusplus
#    define WMBT_MEMORY(name, bytes) uint8_t name alignas(WMBT_MEMORY_ALIGN)[bytes]
#else
#    define WMBT_MEMORY(name, bytes) _Alignas(WMBT_MEMORY_ALIGN) uint8_t name[bytes]
#endif

WMBT_END_DECLS

#endif
