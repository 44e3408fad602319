/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of blocks and raw tails share: a small shape, a CRC32C that is not the library's,
 * and the engine's verdicts on altered objects.
 */
#ifndef WMBT_TESTS_OBJECTS_H
#define WMBT_TESTS_OBJECTS_H

#include "test.h"
#include "wombatkv/shape.h"

#if WMBT_CFG_SHAPE

/* Four layers of every sort: no rows; ratio 4 with index, overlapping; ratio 8; ratio 2 with index.
 * A block of 8 tokens has 144 bytes. */
extern const wmbt_shape wmbt_test_shape;

/* CRC32C bit by bit: slow, and independent of the library. */
uint32_t wmbt_test_crc32c(uint32_t crc, const uint8_t *p, size_t n);

/* The same with a table, for large objects. */
uint32_t wmbt_test_crc32c_large(const uint8_t *p, size_t n);

/* Called by the external CRC kernel of the tests with each piece before it is read; NULL: not. Only
 * in builds with that kernel. */
extern void (*wmbt_test_crc_hook)(const uint8_t *src, size_t n);

/* Where an object keeps its CRC, for the operation "fixcrc". */
typedef struct wmbt_test_crc_place {
    bool at_end; /* the last 4 bytes; else at `at` */
    uint32_t at;
    uint32_t covered; /* first byte covered; up to the CRC if it is at the end, else to the end */
} wmbt_test_crc_place;

/* Called with an altered object and its row (name, object, ops, reason, status). */
typedef void (*wmbt_test_verdict)(wmbt_test *t, wmbt_view object, const wmbt_view *cells);

#    define WMBT_TEST_VERDICT_OPS 2u
#    define WMBT_TEST_VERDICT_STATUS 4u

/*
 * Applies the operations of every row of a table made by tests/golden/verdicts.py to the object
 * `file`, calls `judge`, and undoes them. Needs scratch memory for the object. Returns the number
 * of rows.
 */
uint32_t wmbt_test_verdicts(wmbt_test *t, const char *table, const char *file,
                            wmbt_test_crc_place place, wmbt_test_verdict judge);

#endif

#endif
