/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256, RFC 2104: two hashes, each begun with the key under another mask. */
#include "wombatkv/hmac.h"

#include "base/bytes.h"

#if WMBT_CFG_HMAC

#    define WMBT_HMAC_BLOCK_BYTES 64u
#    define WMBT_HMAC_INNER_PAD 0x36u
#    define WMBT_HMAC_OUTER_PAD 0x5Cu

/* Frames of the hash lay on the stack below the caller's: a digest as words, a schedule of 64 bytes
 * and what a compiler spills of them; each gives a key away. Two frames are at most 300 bytes on
 * 32-bit machines; on 64-bit ones 420, and 620 where each call keeps 160 bytes for registers. */
#    define WMBT_HMAC_STACK_BYTES (sizeof(void *) > 4u ? 640u : 304u)

/* The fill goes through a hidden pointer (bytes.h), so it is not optimised away. */
static WMBT_NOINLINE void wmbt_hmac_wipe_stack(void)
{
    uint8_t below[WMBT_HMAC_STACK_BYTES];
    wmbt_bytes_fill(below, 0, sizeof below);
}

/* Starts a hash with the key's block under a mask, and lifts the mask again. */
static wmbt_status wmbt_hmac_begin(wmbt_sha256 *hash, uint8_t block[WMBT_HMAC_BLOCK_BYTES],
                                   unsigned mask)
{
    for (unsigned i = 0; i < WMBT_HMAC_BLOCK_BYTES; i++) {
        block[i] = (uint8_t)(block[i] ^ mask);
    }
    wmbt_sha256_init(hash);
    wmbt_status status = wmbt_sha256_update(hash, wmbt_view_of(block, WMBT_HMAC_BLOCK_BYTES));
    for (unsigned i = 0; i < WMBT_HMAC_BLOCK_BYTES; i++) {
        block[i] = (uint8_t)(block[i] ^ mask);
    }
    return status;
}

/* A key longer than a block is replaced by its digest; x->inner serves for that. */
static wmbt_status wmbt_hmac_long_key(wmbt_hmac *x, wmbt_view first, wmbt_view second,
                                      uint8_t block[WMBT_HMAC_BLOCK_BYTES])
{
    wmbt_sha256_init(&x->inner);
    wmbt_status status = wmbt_sha256_update(&x->inner, first);
    if (status == WMBT_OK) {
        status = wmbt_sha256_update(&x->inner, second);
    }
    if (status == WMBT_OK) {
        wmbt_sha256_final(&x->inner, block);
    }
    return status;
}

wmbt_status wmbt_hmac_init(wmbt_hmac *x, wmbt_view key)
{
    return wmbt_hmac_init_joined(x, key, wmbt_view_of(NULL, 0));
}

wmbt_status wmbt_hmac_init_joined(wmbt_hmac *x, wmbt_view first, wmbt_view second)
{
    uint8_t block[WMBT_HMAC_BLOCK_BYTES];
    wmbt_status status = WMBT_OK;
    if (wmbt_view_is_bad(first) || wmbt_view_is_bad(second)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_fill(block, 0, sizeof block);
    if (first.len > sizeof block || second.len > sizeof block - first.len) {
        status = wmbt_hmac_long_key(x, first, second, block);
    } else {
        wmbt_bytes_copy(block, first.data, first.len);
        wmbt_bytes_copy(block + first.len, second.data, second.len);
    }
    if (status == WMBT_OK) {
        status = wmbt_hmac_begin(&x->inner, block, WMBT_HMAC_INNER_PAD);
    }
    if (status == WMBT_OK) {
        status = wmbt_hmac_begin(&x->outer, block, WMBT_HMAC_OUTER_PAD);
    }
    if (status != WMBT_OK) {
        wmbt_hmac_wipe(x);
    }
    wmbt_bytes_fill(block, 0, sizeof block);
    wmbt_hmac_wipe_stack();
    return status;
}

wmbt_status wmbt_hmac_update(wmbt_hmac *x, wmbt_view bytes)
{
    return wmbt_sha256_update(&x->inner, bytes);
}

void wmbt_hmac_final(const wmbt_hmac *x, uint8_t out[WMBT_HMAC_BYTES])
{
    wmbt_sha256 outer;
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_sha256_final(&x->inner, digest);
    wmbt_bytes_copy((uint8_t *)&outer, (const uint8_t *)&x->outer, sizeof outer);
    wmbt_status status = wmbt_sha256_update(&outer, wmbt_view_of(digest, sizeof digest));
    WMBT_ASSERT(status == WMBT_OK); /* 96 bytes in all: below every limit */
    (void)status;
    wmbt_sha256_final(&outer, out);
    wmbt_bytes_fill(digest, 0, sizeof digest);
    wmbt_bytes_fill((uint8_t *)&outer, 0, sizeof outer);
    wmbt_hmac_wipe_stack(); /* the code may be a key itself */
}

void wmbt_hmac_wipe(wmbt_hmac *x)
{
    wmbt_bytes_fill((uint8_t *)x, 0, sizeof *x);
}

wmbt_status wmbt_hmac_once(wmbt_view key, wmbt_view message, uint8_t out[WMBT_HMAC_BYTES])
{
    wmbt_hmac x;
    wmbt_status status = wmbt_hmac_init(&x, key);
    if (status == WMBT_OK) {
        status = wmbt_hmac_update(&x, message);
    }
    if (status == WMBT_OK) {
        wmbt_hmac_final(&x, out);
    }
    wmbt_hmac_wipe(&x);
    return status;
}

#endif
