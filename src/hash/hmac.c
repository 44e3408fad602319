/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256, RFC 2104: two hashes, each begun with the key under another mask. */
#include "hash/hmac.h"

#include "base/bytes.h"

#if WMBT_CFG_HMAC

#    define WMBT_HMAC_BLOCK_BYTES 64u
#    define WMBT_HMAC_INNER_PAD 0x36u
#    define WMBT_HMAC_OUTER_PAD 0x5Cu

/* Frames of the hash lay on the stack below the caller's: a schedule of 64 bytes, a copy of the
 * state and what a compiler spills of them; each gives a key away. Those of a pad, of an update and
 * of a block are at most 280 bytes on 32-bit machines; on 64-bit ones 420, and 620 where each call
 * keeps 160 bytes for registers. */
#    define WMBT_HMAC_STACK_BYTES (sizeof(void *) > 4u ? 640u : 280u)

/* The fill goes through a hidden pointer (bytes.h), so it is not optimised away. */
static WMBT_NOINLINE void wmbt_hmac_wipe_stack(void)
{
    uint8_t below[WMBT_HMAC_STACK_BYTES];
    wmbt_bytes_fill(below, 0, sizeof below);
}

/* Begins a hash with the block of a key under a mask. A key longer than a block is replaced by its
 * digest. The key has been checked. */
static void wmbt_hmac_pad(wmbt_sha256 *hash, const wmbt_hmac_key *key, unsigned mask)
{
    uint8_t *block = hash->block;
    size_t len = key->first.len + key->second.len; /* if that is no more than a block */
    wmbt_sha256_init(hash);
    if (key->first.len > WMBT_HMAC_BLOCK_BYTES ||
        key->second.len > WMBT_HMAC_BLOCK_BYTES - key->first.len) {
        (void)!wmbt_sha256_update(hash, wmbt_view_of(key->first.data, key->first.len));
        (void)!wmbt_sha256_update(hash, wmbt_view_of(key->second.data, key->second.len));
        wmbt_sha256_finish(hash, block);
        wmbt_sha256_init(hash);
        len = WMBT_SHA256_DIGEST_BYTES;
    } else {
        wmbt_bytes_copy(block, key->first.data, key->first.len);
        wmbt_bytes_copy(block + key->first.len, key->second.data, key->second.len);
    }
    wmbt_bytes_fill(block + len, 0, WMBT_HMAC_BLOCK_BYTES - len);
    for (unsigned i = 0; i < WMBT_HMAC_BLOCK_BYTES; i++) {
        block[i] = (uint8_t)(block[i] ^ mask);
    }
    wmbt_sha256_take_block(hash);
}

static wmbt_status wmbt_hmac_check(const wmbt_hmac_key *key)
{
    uint64_t limit = UINT64_C(1) << 61;
    if (wmbt_view_is_bad(key->first) || wmbt_view_is_bad(key->second)) {
        return WMBT_BAD_ARGUMENT;
    }
    return key->first.len >= limit || key->second.len >= limit - key->first.len ? WMBT_TOO_LARGE
                                                                                : WMBT_OK;
}

static void wmbt_hmac_key_of(wmbt_hmac_key *key, wmbt_view first, wmbt_view second)
{
    wmbt_view_set(&key->first, first);
    wmbt_view_set(&key->second, second);
}

wmbt_status wmbt_hmac_init(wmbt_hmac *x, wmbt_view key)
{
    return wmbt_hmac_init_joined(x, key, wmbt_view_of(NULL, 0));
}

wmbt_status wmbt_hmac_init_joined(wmbt_hmac *x, wmbt_view first, wmbt_view second)
{
    wmbt_hmac_key key;
    wmbt_hmac_key_of(&key, first, second);
    wmbt_status status = wmbt_hmac_check(&key);
    if (status == WMBT_TOO_LARGE) {
        wmbt_hmac_wipe(x);
    }
    if (status == WMBT_OK) {
        wmbt_hmac_pad(&x->inner, &key, WMBT_HMAC_OUTER_PAD);
        wmbt_bytes_copy((uint8_t *)x->outer, (const uint8_t *)x->inner.h, sizeof x->outer);
        wmbt_hmac_pad(&x->inner, &key, WMBT_HMAC_INNER_PAD);
        wmbt_bytes_fill(x->inner.block, 0, sizeof x->inner.block); /* the key, masked */
        wmbt_hmac_wipe_stack();
    }
    return status;
}

wmbt_status wmbt_hmac_update(wmbt_hmac *x, wmbt_view bytes)
{
    return wmbt_sha256_update(&x->inner, bytes);
}

void wmbt_hmac_final(const wmbt_hmac *x, uint8_t out[WMBT_HMAC_BYTES])
{
    wmbt_sha256 hash;
    WMBT_COPY_STRUCT(&hash, &x->inner);
    wmbt_sha256_finish(&hash, hash.block);
    wmbt_bytes_copy((uint8_t *)hash.h, (const uint8_t *)x->outer, sizeof hash.h);
    hash.total = WMBT_HMAC_BLOCK_BYTES + WMBT_SHA256_DIGEST_BYTES; /* the digest is in place */
    wmbt_sha256_finish(&hash, out);
    wmbt_bytes_fill((uint8_t *)&hash, 0, sizeof hash);
    wmbt_hmac_wipe_stack(); /* the code may be a key itself */
}

void wmbt_hmac_wipe(wmbt_hmac *x)
{
    wmbt_bytes_fill((uint8_t *)x, 0, sizeof *x);
}

wmbt_status wmbt_hmac_once(wmbt_view key, wmbt_view message, uint8_t out[WMBT_HMAC_BYTES])
{
    wmbt_hmac_key whole;
    wmbt_hmac_key_of(&whole, key, wmbt_view_of(NULL, 0));
    return wmbt_hmac_of(&whole, message, out);
}

/* --- one hash at a time ----------------------------------------------------------------------- */

wmbt_status wmbt_hmac_begin(wmbt_sha256 *hash, const wmbt_hmac_key *key)
{
    wmbt_status status = wmbt_hmac_check(key);
    if (status == WMBT_OK) {
        wmbt_hmac_pad(hash, key, WMBT_HMAC_INNER_PAD);
        wmbt_hmac_wipe_stack();
    }
    return status;
}

void wmbt_hmac_end(wmbt_sha256 *hash, const wmbt_hmac_key *key, uint8_t out[WMBT_HMAC_BYTES])
{
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_sha256_finish(hash, digest);
    wmbt_hmac_pad(hash, key, WMBT_HMAC_OUTER_PAD);
    wmbt_bytes_copy(hash->block, digest, sizeof digest);
    hash->total += sizeof digest;
    wmbt_sha256_finish(hash, out);
    wmbt_bytes_fill(digest, 0, sizeof digest);
    wmbt_bytes_fill((uint8_t *)hash, 0, sizeof *hash);
    wmbt_hmac_wipe_stack(); /* the code may be a key itself */
}

wmbt_status wmbt_hmac_of(const wmbt_hmac_key *key, wmbt_view message, uint8_t out[WMBT_HMAC_BYTES])
{
    wmbt_sha256 hash;
    wmbt_status status = wmbt_hmac_begin(&hash, key);
    if (status != WMBT_OK) {
        return status;
    }
    status = wmbt_sha256_update(&hash, message);
    if (status == WMBT_OK) {
        wmbt_hmac_end(&hash, key, out);
    } else {
        wmbt_bytes_fill((uint8_t *)&hash, 0, sizeof hash);
    }
    return status;
}

#endif
