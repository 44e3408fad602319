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
#else
#    define WMBT_BEGIN_DECLS
#    define WMBT_END_DECLS
#    define WMBT_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#    define WMBT_ALIGNOF(type) _Alignof(type)
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

/** A view of `len` bytes at `data`. */
static inline wmbt_view wmbt_view_of(const void *data, size_t len)
{
    wmbt_view v;
    v.data = (const uint8_t *)data;
    v.len = len;
    return v;
}

/** A buffer of `len` bytes at `data`. */
static inline wmbt_buf wmbt_buf_of(void *data, size_t len)
{
    wmbt_buf b;
    b.data = (uint8_t *)data;
    b.len = len;
    return b;
}

/** A view of a string literal, without its NUL: WMBT_VIEW_LITERAL("ds4-v1"). */
#define WMBT_VIEW_LITERAL(text) wmbt_view_of((text), sizeof(text "") - 1u)

WMBT_END_DECLS

#endif
