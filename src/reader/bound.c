/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that are bound to a digest of the caller's. A hash takes bytes in order, so a bound
 * object has one run of bytes; they are hashed where they landed: what was placed is what is bound.
 */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER && WMBT_CFG_READER_BOUND

/* WMBT_READER_HASH_BYTES() of a variable. */
static uint32_t wmbt_reader_hash_bytes(const wmbt_reader_config *config)
{
    uint32_t bytes = WMBT_READER_HASH_BYTES(0);
    for (uint32_t chunks = (config->max_object_bytes - 1u) >> 10; chunks != 0u; chunks >>= 1) {
        bytes += 32u;
    }
    return bytes;
}

wmbt_status wmbt_reader_check_hashes(const wmbt_reader_config *config)
{
    if (wmbt_buf_is_bad(config->hashes)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (config->hashes.len == 0u) {
        return WMBT_OK;
    }
    if (config->hashes.len < (size_t)wmbt_reader_hash_bytes(config) * config->in_flight) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    return wmbt_is_aligned(config->hashes.data, WMBT_BLAKE3_ALIGN) ? WMBT_OK
                                                                   : WMBT_BUFFER_MISALIGNED;
}

const uint8_t *wmbt_reader_digest_of(const wmbt_reader *r, uint32_t object)
{
    const uint8_t *const *table = r->digests;
    uint32_t number = object;
    if (object == WMBT_READER_TAIL) {
        table = r->tail_digests;
        number = r->now.usable - 1u; /* the block that it is stored at */
    }
    if (table == NULL || number >= r->digest_count) {
        return NULL;
    }
    return *(const uint8_t *const volatile *)&table[number];
}

/* The hash of a bound object's bytes of run[0], in WMBT_SLOT_PLAIN and _CHECK: init() saw to its
 * memory. It is found anew each time, for a pointer in each slot costs more. */
static wmbt_blake3 *wmbt_reader_hash_of(const wmbt_reader *r, const wmbt_reader_slot *s)
{
    size_t at = (size_t)wmbt_reader_hash_bytes(&r->config) * s->id;
    return (wmbt_blake3 *)(void *)(r->config.hashes.data + at);
}

void wmbt_reader_bound_start(const wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->digest != NULL) {
        wmbt_blake3 *hash = wmbt_reader_hash_of(r, s);
        wmbt_status status = wmbt_blake3_init(
            wmbt_buf_of((uint8_t *)hash, wmbt_reader_hash_bytes(&r->config)), &hash);
        WMBT_ASSERT(status == WMBT_OK);
        (void)status;
    }
}

void wmbt_reader_bound_take(const wmbt_reader *r, const wmbt_reader_slot *s, const uint8_t *bytes,
                            uint32_t n)
{
    if (s->digest != NULL) {
        /* There is room for max_object_bytes. Bytes that were not taken would change the digest. */
        wmbt_status status = wmbt_blake3_update(wmbt_reader_hash_of(r, s), wmbt_view_of(bytes, n));
        WMBT_ASSERT(status == WMBT_OK);
        (void)status;
    }
}

bool wmbt_reader_bound_agrees(const wmbt_reader *r, const wmbt_reader_slot *s)
{
    if (s->digest == NULL) {
        return true;
    }
    uint8_t found[WMBT_BLAKE3_DIGEST_BYTES];
    wmbt_blake3_final(wmbt_reader_hash_of(r, s), found);
    return wmbt_bytes_equal(found, s->digest, sizeof found);
}

#endif
