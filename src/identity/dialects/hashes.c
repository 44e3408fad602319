/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes behind one signature. None of them can fail with what a block holds. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"
#include "base/le.h"
#include "wombatkv/blake3.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/sha256.h"
#include "wombatkv/xxh3.h"
#include "wombatkv/xxh64.h"

#if WMBT_CFG_DIALECTS

WMBT_STATIC_ASSERT(sizeof(wmbt_sha256) % 8u == 0u && sizeof(wmbt_xxh3) % 8u == 0u &&
                       sizeof(wmbt_xxh64) % 8u == 0u,
                   "what follows is aligned");
WMBT_STATIC_ASSERT(WMBT_ENGINE_BYTES(0) >= sizeof(wmbt_engine) + sizeof(wmbt_xxh3) &&
                       WMBT_ENGINE_BYTES(0) >=
                           sizeof(wmbt_engine) + WMBT_BLAKE3_BYTES(32u + 4u * 16384u),
                   "room for any hash");

/* --- SHA-256 ---------------------------------------------------------------------------------- */

static void wmbt_engine_sha256_start(void *state, size_t room, uint64_t seed)
{
    (void)room;
    (void)seed;
    wmbt_sha256_init((wmbt_sha256 *)state);
}

static void wmbt_engine_sha256_update(void *state, const uint8_t *p, size_t n)
{
    (void)!wmbt_sha256_update((wmbt_sha256 *)state, wmbt_view_of(p, n));
}

static void wmbt_engine_sha256_final(const void *state, uint8_t *digest)
{
    wmbt_sha256_final((const wmbt_sha256 *)state, digest);
}

const wmbt_engine_hash wmbt_engine_sha256 = {
    sizeof(wmbt_sha256),      WMBT_SHA256_DIGEST_BYTES,  NULL,
    wmbt_engine_sha256_start, wmbt_engine_sha256_update, wmbt_engine_sha256_final,
};

/* --- XXH3 ------------------------------------------------------------------------------------- */

static void wmbt_engine_xxh3_start(void *state, size_t room, uint64_t seed)
{
    (void)room;
    wmbt_xxh3_init((wmbt_xxh3 *)state, seed);
}

static void wmbt_engine_xxh3_update(void *state, const uint8_t *p, size_t n)
{
    wmbt_xxh3_update((wmbt_xxh3 *)state, wmbt_view_of(p, n));
}

static void wmbt_engine_xxh3_final64(const void *state, uint8_t *digest)
{
    wmbt_engine_store_be64(digest, wmbt_xxh3_final64((const wmbt_xxh3 *)state));
}

static void wmbt_engine_xxh3_final128(const void *state, uint8_t *digest)
{
    wmbt_xxh3_final128((const wmbt_xxh3 *)state, digest);
}

const wmbt_engine_hash wmbt_engine_xxh3_64 = {
    sizeof(wmbt_xxh3),        8, NULL, wmbt_engine_xxh3_start, wmbt_engine_xxh3_update,
    wmbt_engine_xxh3_final64,
};

const wmbt_engine_hash wmbt_engine_xxh3_128 = {
    sizeof(wmbt_xxh3),      WMBT_XXH3_128_BYTES,     NULL,
    wmbt_engine_xxh3_start, wmbt_engine_xxh3_update, wmbt_engine_xxh3_final128,
};

/* --- XXH64 ------------------------------------------------------------------------------------ */

static void wmbt_engine_xxh64_start(void *state, size_t room, uint64_t seed)
{
    (void)room;
    wmbt_xxh64_init((wmbt_xxh64 *)state, seed);
}

static void wmbt_engine_xxh64_update(void *state, const uint8_t *p, size_t n)
{
    wmbt_xxh64_update((wmbt_xxh64 *)state, wmbt_view_of(p, n));
}

static void wmbt_engine_xxh64_final(const void *state, uint8_t *digest)
{
    wmbt_engine_store_be64(digest, wmbt_xxh64_final((const wmbt_xxh64 *)state));
}

const wmbt_engine_hash wmbt_engine_xxh64 = {
    sizeof(wmbt_xxh64),      8, NULL, wmbt_engine_xxh64_start, wmbt_engine_xxh64_update,
    wmbt_engine_xxh64_final,
};

/* --- FNV-1a ----------------------------------------------------------------------------------- */

static void wmbt_engine_fnv64_start(void *state, size_t room, uint64_t seed)
{
    (void)room;
    (void)seed;
    *(uint64_t *)state = WMBT_FNV1A64_INIT;
}

static void wmbt_engine_fnv64_update(void *state, const uint8_t *p, size_t n)
{
    uint64_t *h = (uint64_t *)state;
    *h = wmbt_fnv1a64(*h, wmbt_view_of(p, n));
}

static void wmbt_engine_fnv64_final(const void *state, uint8_t *digest)
{
    wmbt_engine_store_be64(digest, *(const uint64_t *)state);
}

const wmbt_engine_hash wmbt_engine_fnv64 = {
    8, 8, NULL, wmbt_engine_fnv64_start, wmbt_engine_fnv64_update, wmbt_engine_fnv64_final,
};

/* --- BLAKE3: its state has as many bytes as a block needs ------------------------------------- */

/* Beyond its smallest: 32 bytes for each doubling of 1 KiB. */
static uint32_t wmbt_engine_blake3_room(uint32_t block_tokens)
{
    uint32_t room = 0, chunks = (WMBT_BLOCK_HASH_BYTES + 4u * block_tokens + 1023u) / 1024u;
    for (uint32_t reach = 1; reach < chunks; reach += reach) {
        room += 32u;
    }
    return room;
}

static void wmbt_engine_blake3_start(void *state, size_t room, uint64_t seed)
{
    wmbt_blake3 *x;
    (void)seed;
    (void)!wmbt_blake3_init(wmbt_buf_of(state, room), &x);
}

static void wmbt_engine_blake3_update(void *state, const uint8_t *p, size_t n)
{
    (void)!wmbt_blake3_update((wmbt_blake3 *)state, wmbt_view_of(p, n));
}

static void wmbt_engine_blake3_final(const void *state, uint8_t *digest)
{
    wmbt_blake3_final((const wmbt_blake3 *)state, digest);
}

const wmbt_engine_hash wmbt_engine_blake3 = {
    WMBT_BLAKE3_BYTES(0),     WMBT_BLAKE3_DIGEST_BYTES,  wmbt_engine_blake3_room,
    wmbt_engine_blake3_start, wmbt_engine_blake3_update, wmbt_engine_blake3_final,
};

#endif
