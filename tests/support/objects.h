/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of blocks and raw tails share: a small shape, a CRC32C that is not the library's,
 * the engine's verdicts on altered objects, and what holds of both readers.
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

/* Called by the external CRC kernel of the tests with each piece before it is read, and after that;
 * NULL: not. Only in builds with that kernel. */
extern void (*wmbt_test_crc_hook)(const uint8_t *src, size_t n);
extern void (*wmbt_test_crc_after)(const uint8_t *src, size_t n);

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

/* --- both readers by their calls -------------------------------------------------------------- */

/* A format: its push reader, whole reader and walk. */
typedef struct wmbt_test_form {
    size_t info_bytes; /* of 32-bit numbers */
    wmbt_status (*read)(wmbt_view object, const void *expect, void *info);
    wmbt_status (*init)(void *push, const void *expect);
    wmbt_status (*feed)(void *push, wmbt_view bytes, wmbt_buf dst, size_t *taken);
    wmbt_status (*placed)(void *push, uint32_t len, uint32_t crc);
    wmbt_status (*at)(const void *push, wmbt_extent *extent, uint32_t *position);
    uint64_t (*offset)(const void *push);
    wmbt_status (*finish)(void *push, void *info);
    wmbt_status (*walk_next)(void *walk, wmbt_body_part *part);
    wmbt_status (*walk_seek)(void *walk, uint64_t offset, wmbt_body_part *part);
} wmbt_test_form;

#    define WMBT_TEST_PUSH_BYTES 256u /* room for each push reader */
#    define WMBT_TEST_INFO_BYTES 24u  /* room for each info */

/* Defines `form`, for the functions wmbt_NAME_... */
#    define WMBT_TEST_FORM(name)                                                               \
        WMBT_STATIC_ASSERT(sizeof(wmbt_##name##_push) <= WMBT_TEST_PUSH_BYTES, "room");        \
        WMBT_STATIC_ASSERT(sizeof(wmbt_##name##_info) <= WMBT_TEST_INFO_BYTES, "room");        \
        static wmbt_status form_read(wmbt_view object, const void *expect, void *info)         \
        {                                                                                      \
            return wmbt_##name##_read(object, expect, info);                                   \
        }                                                                                      \
        static wmbt_status form_init(void *push, const void *expect)                           \
        {                                                                                      \
            return wmbt_##name##_push_init(push, expect);                                      \
        }                                                                                      \
        static wmbt_status form_feed(void *push, wmbt_view bytes, wmbt_buf dst, size_t *taken) \
        {                                                                                      \
            return wmbt_##name##_push_feed(push, bytes, dst, taken);                           \
        }                                                                                      \
        static wmbt_status form_placed(void *push, uint32_t len, uint32_t crc)                 \
        {                                                                                      \
            return wmbt_##name##_push_placed(push, len, crc);                                  \
        }                                                                                      \
        static wmbt_status form_at(const void *push, wmbt_extent *extent, uint32_t *position)  \
        {                                                                                      \
            return wmbt_##name##_push_at(push, extent, position);                              \
        }                                                                                      \
        static uint64_t form_offset(const void *push)                                          \
        {                                                                                      \
            return wmbt_##name##_push_offset(push);                                            \
        }                                                                                      \
        static wmbt_status form_finish(void *push, void *info)                                 \
        {                                                                                      \
            return wmbt_##name##_push_finish(push, info);                                      \
        }                                                                                      \
        static wmbt_status form_walk_next(void *walk, wmbt_body_part *part)                    \
        {                                                                                      \
            return wmbt_##name##_walk_next(walk, part);                                        \
        }                                                                                      \
        static wmbt_status form_walk_seek(void *walk, uint64_t offset, wmbt_body_part *part)   \
        {                                                                                      \
            return wmbt_##name##_walk_seek(walk, offset, part);                                \
        }                                                                                      \
        static const wmbt_test_form form = {sizeof(wmbt_##name##_info),                        \
                                            form_read,                                         \
                                            form_init,                                         \
                                            form_feed,                                         \
                                            form_placed,                                       \
                                            form_at,                                           \
                                            form_offset,                                       \
                                            form_finish,                                       \
                                            form_walk_next,                                    \
                                            form_walk_seek}

/* Each reads an object and returns the verdict. An error must change neither *info nor *taken. */
wmbt_status wmbt_test_read_whole(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                 const void *expect, void *info);

/* Pushes pieces of 1 to `most` bytes, or all at once if `seed` is 0. Rows land in `shadow` at their
 * offsets, unless that is NULL. */
wmbt_status wmbt_test_read_pushed(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                  const void *expect, uint32_t seed, uint32_t most, uint8_t *shadow,
                                  void *info);

/* Whole, pushed in one piece, byte by byte and in random pieces: the same status and numbers. */
wmbt_status wmbt_test_read_all_ways(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                    const void *expect, void *info);

/* Rows put in place by the caller, in pieces of `step` bytes; numbers are fed. The CRC of the piece
 * with the byte `wrong_at` is wrong. */
wmbt_status wmbt_test_read_placed(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                  const void *expect, uint32_t step, uint64_t wrong_at, void *info);

/* A good object in two pieces, split at every byte: rows land where they belong and nowhere else.
 * `parts` are all of its body. */
void wmbt_test_splits(wmbt_test *t, const wmbt_test_form *f, wmbt_view object, const void *expect,
                      const wmbt_body_part *parts, size_t count);

/* A walk that stands at its first part lists `parts`; then it seeks every `stride`th byte and from
 * there every byte, and goes on behind it. */
void wmbt_test_walk(wmbt_test *t, const wmbt_test_form *f, void *walk, size_t stride,
                    const wmbt_body_part *parts, size_t count);

/* A copy of the object that has only its rows, or NULL. */
uint8_t *wmbt_test_only_rows(wmbt_test *t, const wmbt_test_form *f, void *walk, wmbt_view object);

/* Items as they are written down by hand. */
#    define WMBT_TEST_NUMBER(offset, layer, value, mismatch) \
        {{offset, 4, 0, layer, WMBT_EXTENT_FIELD}, value, mismatch}
#    define WMBT_TEST_ROWS(offset, bytes, rows, layer, kind) \
        {{offset, bytes, rows, layer, kind}, 0, WMBT_OK}

#endif

#endif
