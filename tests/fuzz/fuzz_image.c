/* SPDX-License-Identifier: Apache-2.0 */
/* Images of an index: whatever a header is accepted with, every operation stays inside and ends;
 * what the full check accepts can be loaded, read and emptied. */
#include "harness.h"

#include <string.h>

#include "wombatkv/crc32c.h"
#include "wombatkv/image.h"

#define MAX_BYTES 65536u
#define CRC_OFFSET 88u

static void ask(const wmbt_index *x, const uint8_t *data, size_t size)
{
    wmbt_block_hash hashes[8];
    wmbt_block_meta meta;
    uint32_t count = 0;
    for (uint32_t i = 0; i < 8u; i++) {
        memset(hashes[i].bytes, (int)i, 32);
        if (size >= 32u) {
            memcpy(hashes[i].bytes, data + (size - 32u) / 8u * i, 32);
        }
        (void)!wmbt_index_get(x, &hashes[i], &meta);
    }
    for (uint32_t slot = 0; slot < 1000u; slot++) {
        wmbt_block_hash hash;
        if (wmbt_index_at(x, slot, &hash, &meta) == WMBT_OK) {
            (void)wmbt_index_has(x, &hash);
            memcpy(&hashes[slot % 8u], &hash, sizeof hash);
        }
    }
    check(wmbt_index_longest_prefix(x, hashes, 8) <= 8u);
    check(wmbt_index_likely_prefix(x, hashes, 8) <= 8u);
    check(wmbt_index_chain_prefix(x, hashes, 8) <= 8u);
    uint32_t *slots = malloc(4096);
    check(slots != NULL);
    if (wmbt_index_sort(x, slots, 1024, &count) == WMBT_OK) {
        check(count <= 1024u);
    }
    free(slots);
}

static void empty(wmbt_view image, const wmbt_index *x)
{
    uint32_t capacity = wmbt_image_capacity(x);
    size_t bytes = WMBT_INDEX_BYTES(capacity, wmbt_image_contexts(x));
    if (bytes > 1u << 20) {
        return;
    }
    uint8_t *memory = aligned_alloc(64, (bytes + 63u) / 64u * 64u);
    wmbt_index_writer w;
    check(memory != NULL && wmbt_image_load(image, wmbt_buf_of(memory, bytes), &w) == WMBT_OK);
    uint32_t left = wmbt_index_count(&w.index);
    for (uint32_t turn = 0; left != 0u && turn <= capacity; turn++) {
        for (uint32_t slot = 0; slot < capacity; slot++) {
            wmbt_block_hash hash;
            wmbt_block_meta meta;
            if (wmbt_index_at(&w.index, slot, &hash, &meta) == WMBT_OK) {
                check(wmbt_index_has(&w.index, &hash));
                left -= wmbt_index_remove(&w, &hash) == WMBT_OK ? 1u : 0u;
            }
        }
    }
    check(left == 0u && wmbt_index_count(&w.index) == 0u);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MAX_BYTES) {
        return 0;
    }
    uint8_t *copy = aligned_alloc(64, (size + 64u) / 64u * 64u);
    check(copy != NULL);
    memcpy(copy, data, size);
    wmbt_index x;
    wmbt_view image = wmbt_view_of(copy, size);
    for (unsigned pass = 0; pass < 2u; pass++) { /* as it is, and with a good checksum */
        if (wmbt_image_open(image, &x) == WMBT_OK) {
            ask(&x, copy, size);
            if (wmbt_image_check(image) == WMBT_OK) {
                empty(image, &x);
            }
        } else {
            check(wmbt_image_check(image) != WMBT_OK);
        }
        if (size >= CRC_OFFSET + 4u) {
            memset(copy + CRC_OFFSET, 0, 4);
            uint32_t crc = wmbt_crc32c(0, image);
            for (size_t i = 0; i < 4u; i++) {
                copy[CRC_OFFSET + i] = (uint8_t)(crc >> 8u * i);
            }
        }
    }
    free(copy);
    return 0;
}
