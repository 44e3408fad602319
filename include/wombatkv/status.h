/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status values. Every function that can fail returns one; it must be looked at. A contract lists
 * them as "name: when". One that lists only what is wrong returns ok where none of that applies.
 * Values are pinned: a value is never renumbered, new ones are added inside a band.
 */
#ifndef WOMBATKV_STATUS_H
#define WOMBATKV_STATUS_H

#include "wombatkv/base.h"

WMBT_BEGIN_DECLS

/** A status. An int and not an enum: the size of an enum differs between ABIs. */
typedef int wmbt_status;

/* Not errors. */
#define WMBT_OK 0        /**< done */
#define WMBT_NEED_MORE 1 /**< a push decoder took all it was given and waits for more bytes */
#define WMBT_MISSING 2   /**< what was asked for is not there */
#define WMBT_END 3       /**< an iterator has no further element */
#define WMBT_STALE 4     /**< what is named has ended, never was, or changed: nothing was done */

/* Caller: the call itself is wrong, the input was not checked. */
#define WMBT_BAD_ARGUMENT 16 /**< NULL where bytes are needed, a value outside its range */
#define WMBT_BUFFER_TOO_SMALL \
    17 /**< caller memory too small; the contract says how much is needed */
#define WMBT_BUFFER_MISALIGNED 18 /**< caller memory not aligned as the contract says */
#define WMBT_BAD_STATE 19         /**< the call does not fit the object's state */
#define WMBT_NOT_REPRESENTABLE 20 /**< the value has no form in this format or key grammar */
#define WMBT_COLLECTED 21         /**< the object is collected in memory: its bytes are no rows */

/* Malformed: the bytes break the format's grammar. */
#define WMBT_TRUNCATED 32      /**< fewer bytes than the format needs (an empty object included) */
#define WMBT_TRAILING_BYTES 33 /**< bytes after the end of the object */
#define WMBT_BAD_MAGIC 34      /**< leading mark differs */
#define WMBT_BAD_LENGTH 35     /**< a length field disagrees with the bytes */
#define WMBT_BAD_COUNT 36      /**< a count field disagrees with the bytes, the shape or a bound */
#define WMBT_BAD_OFFSET 37     /**< an offset points outside its area */
#define WMBT_BAD_ORDER 38      /**< elements that must ascend do not */
#define WMBT_BAD_TEXT 39       /**< not UTF-8, not hex, or a character outside the grammar */
#define WMBT_BAD_NUMBER 40     /**< a number's form or range */
#define WMBT_BAD_SYNTAX 41     /**< JSON or text grammar */
#define WMBT_BAD_FIELD 42      /**< a field missing, twice, empty or of the wrong type */
#define WMBT_BAD_END_MARKER 43 /**< end mark differs */
#define WMBT_BAD_BITSTREAM 44  /**< entropy-coded data does not decode */
#define WMBT_BAD_SHAPE 45      /**< layers, ratios or dimensions differ from the shape given */
#define WMBT_BAD_TAG 46        /**< a layout tag or type tag that the format does not allow */

/* Limit: larger than the caller or the library allows; nothing is said about the rest. */
#define WMBT_TOO_LARGE 64 /**< a size above the cap given */
#define WMBT_TOO_DEEP 65  /**< nesting above the limit */
#define WMBT_FULL 66      /**< no room left in a structure of fixed capacity */

/* Unsupported: well formed as far as read, but of a kind this build does not read. */
#define WMBT_UNSUPPORTED_VERSION 80    /**< another version of the format */
#define WMBT_UNSUPPORTED_ALGORITHM 81  /**< a compression that this build does not decode */
#define WMBT_UNSUPPORTED_WINDOW 82     /**< zstd: a window beyond what the memory serves */
#define WMBT_UNSUPPORTED_DICTIONARY 83 /**< zstd: a frame that needs a dictionary */
#define WMBT_UNSUPPORTED_SHAPE 84      /**< a shape beyond the bounds of shape.h */

/* Integrity: the bytes are not those that were written. */
#define WMBT_BAD_CHECKSUM 96 /**< a checksum kept by the format differs */
#define WMBT_BAD_DIGEST 97   /**< a digest held by the caller differs */

/* Identity: intact, but not what was asked for. */
#define WMBT_WRONG_BLOCK 112     /**< block number or token count of another block */
#define WMBT_WRONG_MODEL 113     /**< another model digest */
#define WMBT_WRONG_LAYOUT 114    /**< another layout tag */
#define WMBT_WRONG_CONTEXT 115   /**< another identity context */
#define WMBT_UNKNOWN_CONTEXT 116 /**< identity not known: never equal to anything */
#define WMBT_DOES_NOT_FIT 117    /**< intact, but not usable at this place */

/** True for ok, need-more, missing, end and stale. */
static inline bool wmbt_status_is_error(wmbt_status status)
{
    return status >= 16;
}

/** True if the caller used the library wrongly (values 16 to 31). */
static inline bool wmbt_status_is_caller(wmbt_status status)
{
    return status >= 16 && status < 32;
}

/** True if the bytes break the format (values 32 to 63). */
static inline bool wmbt_status_is_malformed(wmbt_status status)
{
    return status >= 32 && status < 64;
}

/** True if a limit was met (values 64 to 79). */
static inline bool wmbt_status_is_limit(wmbt_status status)
{
    return status >= 64 && status < 80;
}

/** True if the kind is not read by this build (values 80 to 95). */
static inline bool wmbt_status_is_unsupported(wmbt_status status)
{
    return status >= 80 && status < 96;
}

/** True if bytes changed since they were written (values 96 to 111). */
static inline bool wmbt_status_is_integrity(wmbt_status status)
{
    return status >= 96 && status < 112;
}

/** True if the bytes belong to something else (values 112 to 127). */
static inline bool wmbt_status_is_identity(wmbt_status status)
{
    return status >= 112 && status < 128;
}

/**
 * The name of a status: lower case, hyphenated, static, NUL-terminated ("bad-magic"). "unknown" for
 * a value that is not listed above. Never NULL. With WMBT_CFG_STATUS_NAMES 0 the texts are left out
 * and every name is "".
 */
WMBT_API const char *wmbt_status_name(wmbt_status status);

WMBT_END_DECLS

#endif
