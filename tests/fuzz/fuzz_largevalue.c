/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests of large values: the compatible mode accepts all that the strict one does, the writer
 * gives the text back, and no key leaves its directory.
 */
#include "harness.h"

#include <string.h>

#include "wombatkv/largevalue.h"

static bool same(const wmbt_largevalue *a, const wmbt_largevalue *b)
{
    return a->id.data == b->id.data && a->id.len == b->id.len && a->total_bytes == b->total_bytes &&
           a->chunks == b->chunks;
}

/* PREFIX/NAMESPACE/folder/ID/INDEX: five segments, none of which leads elsewhere. */
static void check_key(const wmbt_largevalue *m, uint64_t index)
{
    static const char start[] = "p/n/__wmbt_kv_shm_large/";
    uint8_t key[WMBT_LARGEVALUE_MAX_KEY + 1u];
    memset(key, 0x5A, sizeof key);
    size_t len = 4711;
    wmbt_status status =
        wmbt_largevalue_chunk_key(m, WMBT_VIEW_LITERAL("p"), WMBT_VIEW_LITERAL("n"), index,
                                  wmbt_buf_of(key, sizeof key), &len);
    check(key[WMBT_LARGEVALUE_MAX_KEY] == 0x5A);
    if (status != WMBT_OK) {
        check(status == WMBT_NOT_REPRESENTABLE && len == 4711u && (m->flags & 1u) != 0u);
        return;
    }
    check(len <= WMBT_LARGEVALUE_MAX_KEY && memcmp(key, start, sizeof start - 1u) == 0);
    size_t slashes = 0;
    for (size_t i = 0; i < len; i++) {
        slashes += key[i] == (uint8_t)'/';
        check(key[i] != 0u && key[i] != (uint8_t)'\\');
    }
    check(slashes == 4u && m->id.len != 0u);
    check(!(m->id.len == 1u && m->id.data[0] == (uint8_t)'.'));
    check(!(m->id.len == 2u && memcmp(m->id.data, "..", 2) == 0));
}

static void check_join(const wmbt_largevalue *m)
{
    wmbt_largevalue_join join;
    if (wmbt_largevalue_join_init(&join, m, (uint64_t)1 << 40, 1000) != WMBT_OK) {
        return;
    }
    wmbt_largevalue_place place;
    uint64_t at = 0, chunks = 0;
    while (wmbt_largevalue_join_next(&join, &place) == WMBT_OK) {
        check(place.index == chunks && place.offset == at && place.bytes <= m->total_bytes - at);
        check(wmbt_largevalue_join_chunk(&join, place.bytes) == WMBT_OK);
        at += place.bytes;
        chunks++;
    }
    check(chunks == m->chunks);
    check(wmbt_largevalue_join_finish(&join) == (at == m->total_bytes ? WMBT_OK : WMBT_BAD_LENGTH));
    check((m->flags & 1u) != 0u || at == m->total_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wmbt_view text = wmbt_view_of(data, size);
    wmbt_largevalue before = {{NULL, 1}, 2, 3, 4}, strict = before, compat = before;
    wmbt_status status = wmbt_largevalue_parse(text, 0, &strict);
    wmbt_status compat_status = wmbt_largevalue_parse(text, WMBT_LARGEVALUE_COMPAT, &compat);
    check(status == WMBT_OK || same(&strict, &before));
    check(compat_status == WMBT_OK || same(&compat, &before));
    check((status == WMBT_BAD_MAGIC) == (compat_status == WMBT_BAD_MAGIC));
    if (compat_status == WMBT_OK) {
        check_join(&compat);
        if (compat.chunks != 0u) {
            check_key(&compat, 0);
            check_key(&compat, compat.chunks - 1u);
        }
    }
    if (status == WMBT_OK) {
        check(compat_status == WMBT_OK && same(&strict, &compat));
        check_join(&strict);
        if (strict.chunks != 0u) {
            check_key(&strict, strict.chunks - 1u);
        }
#if WMBT_CFG_WRITERS
        uint8_t id[32], out[WMBT_LARGEVALUE_MAX_TEXT];
        for (size_t i = 0; i < 32; i++) {
            char digits[3] = {(char)strict.id.data[2 * i], (char)strict.id.data[2 * i + 1], 0};
            id[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        size_t len = 0;
        check(wmbt_largevalue_write(id, strict.total_bytes, wmbt_buf_of(out, sizeof out), &len) ==
              WMBT_OK);
        check(len == size && memcmp(out, data, size) == 0);
#endif
    }
    return 0;
}
