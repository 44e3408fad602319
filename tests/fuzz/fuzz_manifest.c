/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: the readers agree where they must, the walk finds again what the reader saw, and a
 * walk over a document that changed stays inside it. The first byte picks what changes.
 */
#include "harness.h"

#include <string.h>

#include "wombatkv/manifest.h"

static wmbt_status read_one(wmbt_view text, bool v1, wmbt_buf work, wmbt_manifest *m,
                            wmbt_json_error *e)
{
    wmbt_manifest before;
    memset(m, 0xAB, sizeof *m);
    memset(&before, 0xAB, sizeof before);
    wmbt_status status =
        v1 ? wmbt_manifest_read_v1(text, work, m, e) : wmbt_manifest_read(text, m, e);
    check((status == WMBT_OK) == (e->kind == WMBT_JSON_NO_ERROR));
    check(e->offset <= text.len && e->field <= WMBT_FIELD_WRITE_ID);
    check(status == WMBT_OK || memcmp(m, &before, sizeof before) == 0);
    return status;
}

/* Both walks give the same entries. */
static void check_walks(const wmbt_manifest *v1, wmbt_buf work, const wmbt_manifest *strict,
                        wmbt_buf strict_work)
{
    wmbt_manifest_walk a, b;
    wmbt_manifest_entry x, y;
    uint8_t *room_a = allocate(v1->strings_bytes), *room_b = allocate(v1->strings_bytes);
    wmbt_buf a_buf = wmbt_buf_of(room_a, v1->strings_bytes),
             b_buf = wmbt_buf_of(room_b, v1->strings_bytes);
    wmbt_manifest_walk_init(&a, v1, work);
    wmbt_manifest_walk_init(&b, strict, strict_work);
    check(v1->entry_count == strict->entry_count && v1->strings_bytes == strict->strings_bytes);
    size_t most = 0;
    for (size_t i = 0; i < v1->entry_count; i++) {
        wmbt_json_error e;
        wmbt_status status = wmbt_manifest_walk_next(&a, wmbt_buf_of(NULL, 0), &x, &e);
        check(status == WMBT_OK || status == WMBT_BUFFER_TOO_SMALL);
        if (status == WMBT_BUFFER_TOO_SMALL) {
            most = e.needed > most ? e.needed : most;
            check(wmbt_manifest_walk_next(&a, wmbt_buf_of(room_a, e.needed - 1u), &x, &e) ==
                  status);
            check(wmbt_manifest_walk_next(&a, wmbt_buf_of(room_a, e.needed), &x, &e) == WMBT_OK);
        }
        check(wmbt_manifest_walk_next(&b, b_buf, &y, NULL) == WMBT_OK);
        check(wmbt_test_same_view(x.object_id, y.object_id) &&
              wmbt_test_same_view(x.key_range_start, y.key_range_start) &&
              wmbt_test_same_view(x.key_range_end, y.key_range_end));
        check(x.object_id.len != 0u && x.key_range_start.len != 0u && x.key_range_end.len != 0u);
    }
    check(most == v1->strings_bytes);
    check(wmbt_manifest_walk_next(&a, a_buf, &x, NULL) == WMBT_END);
    check(wmbt_manifest_walk_next(&b, b_buf, &y, NULL) == WMBT_END);
    free(room_a);
    free(room_b);
}

/* Entries that change between steps: each step gives an entry or a refusal. */
static void check_changing_walk(const wmbt_manifest *m, wmbt_buf work, uint8_t *text, size_t size,
                                uint8_t choice)
{
    wmbt_manifest_walk walk;
    wmbt_manifest_entry x;
    uint8_t *room = allocate(m->strings_bytes);
    wmbt_manifest_walk_init(&walk, m, work);
    for (size_t i = 0; i <= m->entry_count; i++) {
        text[(i + 1u) * 7919u * choice % size] = choice;
        wmbt_status status =
            wmbt_manifest_walk_next(&walk, wmbt_buf_of(room, m->strings_bytes), &x, NULL);
        check(status != WMBT_OK || (x.object_id.len != 0u && x.object_id.len <= size));
        if (status != WMBT_OK) {
            break;
        }
    }
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2u) {
        return 0;
    }
    uint8_t choice = data[0];
    size_t n = size - 1u, work_bytes = WMBT_JSON_WORK_BYTES(n);
    uint8_t *bytes = allocate(n), *work = allocate(work_bytes);
    wmbt_buf work_buf = wmbt_buf_of(work, work_bytes);
    memcpy(bytes, data + 1, n);
    wmbt_view text = wmbt_view_of(bytes, n);
    wmbt_manifest v1, strict, limited;
    wmbt_json_error v1_error, strict_error, limited_error;
    wmbt_status v1_status = read_one(text, true, work_buf, &v1, &v1_error);
    wmbt_status strict_status = read_one(text, false, wmbt_buf_of(NULL, 0), &strict, &strict_error);
    wmbt_status limited_status =
        read_one(text, true, wmbt_buf_of(NULL, 0), &limited, &limited_error);
    check(v1_error.kind != WMBT_JSON_CALLER && strict_error.kind != WMBT_JSON_CALLER);
    check(limited_error.kind == v1_error.kind || limited_status == WMBT_TOO_DEEP);
    if (strict_status == WMBT_OK) {
        check(v1_status == WMBT_OK && strict.epoch_ms == v1.epoch_ms &&
              strict.checksum32 == v1.checksum32);
    }
    if (v1_status == WMBT_OK) {
        if (strict_status == WMBT_OK) {
            check_walks(&v1, work_buf, &strict, wmbt_buf_of(NULL, 0));
        } else {
            check_walks(&v1, work_buf, &v1, work_buf);
        }
        check_changing_walk(&v1, work_buf, bytes, n, choice);
    }
    free(bytes);
    free(work);
    return 0;
}
