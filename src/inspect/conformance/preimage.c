/* SPDX-License-Identifier: Apache-2.0 */
/* Preimages: the library hashes without holding any, so one is right if it has the hash. */
#include "conformance/rows.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/sha256.h"
#include "wombatkv/xxh3.h"
#include "wombatkv/xxh64.h"

static void store_be64(uint8_t out[8], uint64_t v)
{
    for (unsigned i = 8; i-- != 0u; v >>= 8) {
        out[i] = (uint8_t)v;
    }
}

static void hash_blake3(struct kit *k, wmbt_view bytes, uint8_t out[32])
{
    const size_t room = (size_t)WMBT_BLAKE3_BYTES(UINT32_MAX);
    uint8_t *memory = kit_alloc(k, room);
    if (memory != NULL && wmbt_blake3_once(wmbt_buf_of(memory, room), bytes, out) != WMBT_OK) {
        kit_fail(k, KIT_NOT_RUN, "refused by the library");
    }
}

static void hash_bytes(struct kit *k, const struct kit_preimage *how, wmbt_view bytes,
                       uint8_t out[32])
{
    switch (how->digest) {
    case KIT_SHA256:
        if (wmbt_sha256_once(bytes, out) != WMBT_OK) {
            kit_fail(k, KIT_NOT_RUN, "refused by the library");
        }
        return;
    case KIT_BLAKE3: hash_blake3(k, bytes, out); return;
    case KIT_XXH3_128: wmbt_xxh3_once128(bytes, how->seed, out); return;
    case KIT_XXH3_64: store_be64(out, wmbt_xxh3_once64(bytes, how->seed)); return;
    case KIT_XXH64: store_be64(out, wmbt_xxh64_once(bytes, how->seed)); return;
    case KIT_FNV64: store_be64(out, wmbt_fnv1a64(WMBT_FNV1A64_INIT, bytes)); return;
    }
}

/* Has this preimage the hash? */
static bool is_preimage(struct kit *k, const struct kit_preimage *how, wmbt_view cell,
                        wmbt_view hash)
{
    uint8_t digest[32] = {0};
    hash_bytes(k, how, cell.len == 0 ? cell : kit_bytes(k, cell), digest);
    for (size_t i = 0; i < hash.len; i++) {
        if (digest[how->from + i] != hash.data[i]) {
            return false;
        }
    }
    return true;
}

/* What was computed instead of a preimage that is none. */
static void expect_another(struct kit *k, const char *column, wmbt_view hash)
{
    kit_text_begin(k);
    kit_put(k, "a preimage of ");
    kit_put_hex(k, hash.data, hash.len);
    kit_expect(k, column, kit_text_end(k));
}

void kit_expect_preimage(struct kit *k, const char *column, const struct kit_preimage *how,
                         wmbt_view hash)
{
    if (kit_has_column(k, column) && !kit_cell_is(k, column, "none") &&
        !is_preimage(k, how, kit_cell(k, column), hash)) {
        expect_another(k, column, hash);
    }
}

void kit_expect_preimages(struct kit *k, const char *column, const struct kit_preimage *how,
                          const struct kit_hashes *h)
{
    if (!kit_has_column(k, column) || kit_cell_is(k, column, "none")) {
        return;
    }
    wmbt_view list = kit_cell(k, column);
    const size_t shown = h->count < 2 ? h->count : 2;
    if (kit_parts(list, ',') != shown) {
        kit_expect_text(k, column, shown == 0 ? "empty" : "another number of preimages");
        return;
    }
    for (size_t i = 0; i < shown; i++) {
        uint8_t own[8];
        store_be64(own, h->hash[i].block);
        wmbt_view hash = how->of_block ? wmbt_view_of(own, sizeof own)
                                       : wmbt_view_of(h->hash[i].bytes, h->bytes);
        if (!is_preimage(k, how, kit_part(&list, ','), hash)) {
            expect_another(k, column, hash);
        }
    }
}
