/* SPDX-License-Identifier: Apache-2.0 */
/* SGLang: SHA-256 of the parent and the page's tokens, little-endian. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"
#include "base/le.h"
#include "wombatkv/sha256.h"

#if WMBT_CFG_DIALECTS

/* --- roots ------------------------------------------------------------------------------------ */

/* A part of the namespace: 0, or 1, its length and its bytes. */
static void wmbt_sglang_part(wmbt_engine *x, const wmbt_view *text, bool there)
{
    const uint8_t mark = there;
    wmbt_engine_put(x, &mark, 1);
    if (there) {
        wmbt_engine_put_le64(x, text->len);
        wmbt_engine_put(x, text->data, text->len);
    }
}

/* An empty salt is none; an empty extra key is one. */
static bool wmbt_sglang_root(wmbt_engine *x)
{
    static const char mark[] = "sglang-cache-namespace-v1";
    const wmbt_engine_config *c = x->config;
    const bool key = wmbt_engine_has(c->extra_key), salt = c->salt.len != 0u;
    wmbt_engine_put_view(x, wmbt_view_of(mark, sizeof mark - 1u));
    wmbt_sglang_part(x, &c->extra_key, key);
    wmbt_sglang_part(x, &c->salt, salt);
    return key || salt;
}

static bool wmbt_sglang_root_of_events(wmbt_engine *x)
{
    static const char mark[] = "sglang-cache-salt-v1"; /* with its NUL */
    wmbt_engine_put_view(x, wmbt_view_of(mark, sizeof mark));
    wmbt_engine_put_view(x, x->config->salt);
    return x->config->salt.len != 0u;
}

/* --- pages ------------------------------------------------------------------------------------ */

/* Pairs of neighbours: all tokens but the first and the last stand there twice. */
static void wmbt_sglang_add_pairs(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t at = x->at + (uint32_t)i;
        wmbt_engine_put_le32(x, tokens[i]);
        if (at != 0u && at < x->words) {
            wmbt_engine_put_le32(x, tokens[i]);
        }
    }
}

/* --- wide pages: two hashes at once, until it is known which counts --------------------------- */

typedef struct wmbt_sglang_hashes {
    wmbt_sha256 plain;
    wmbt_sha256 wide;
    uint32_t is_wide; /* a token of the page has more than 32 bits */
    uint32_t reserved;
} wmbt_sglang_hashes;

WMBT_STATIC_ASSERT(sizeof(wmbt_sglang_hashes) % 8u == 0u, "what follows is aligned");
WMBT_STATIC_ASSERT(WMBT_ENGINE_BYTES(0) >= sizeof(wmbt_engine) + sizeof(wmbt_sglang_hashes),
                   "room for both");

static void wmbt_sglang_wide_start(void *state, size_t room, uint64_t seed)
{
    wmbt_sglang_hashes *h = (wmbt_sglang_hashes *)state;
    (void)room;
    (void)seed;
    wmbt_sha256_init(&h->plain);
    wmbt_sha256_init(&h->wide);
    h->is_wide = 0;
}

static void wmbt_sglang_wide_update(void *state, const uint8_t *p, size_t n)
{
    wmbt_sglang_hashes *h = (wmbt_sglang_hashes *)state;
    (void)!wmbt_sha256_update(&h->plain, wmbt_view_of(p, n));
    (void)!wmbt_sha256_update(&h->wide, wmbt_view_of(p, n));
}

static void wmbt_sglang_wide_final(const void *state, uint8_t *digest)
{
    const wmbt_sglang_hashes *h = (const wmbt_sglang_hashes *)state;
    wmbt_sha256_final(h->is_wide != 0u ? &h->wide : &h->plain, digest);
}

static const wmbt_engine_hash wmbt_sglang_wide = {
    sizeof(wmbt_sglang_hashes), WMBT_SHA256_DIGEST_BYTES, NULL,
    wmbt_sglang_wide_start,     wmbt_sglang_wide_update,  wmbt_sglang_wide_final,
};

static void wmbt_sglang_header_wide(wmbt_engine *x)
{
    static const uint8_t mark = 0xFF;
    wmbt_sglang_hashes *h = (wmbt_sglang_hashes *)wmbt_engine_state(x);
    wmbt_engine_put_parent(x);
    (void)!wmbt_sha256_update(&h->wide, wmbt_view_of(&mark, 1));
}

/* A whole token: its low half is what a page of small ones holds. */
static void wmbt_sglang_token_wide(wmbt_engine *x, uint32_t low, uint32_t high)
{
    wmbt_sglang_hashes *h = (wmbt_sglang_hashes *)wmbt_engine_state(x);
    uint8_t bytes[8];
    wmbt_store_le32(bytes, low);
    wmbt_store_le32(bytes + 4, high);
    (void)!wmbt_sha256_update(&h->plain, wmbt_view_of(bytes, 4));
    (void)!wmbt_sha256_update(&h->wide, wmbt_view_of(bytes, 8));
    h->is_wide |= high;
}

static void wmbt_sglang_add_wide(wmbt_engine *x, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t at = x->at + (uint32_t)i;
        if ((at & 1u) == 0u) {
            x->low = words[i];
            continue;
        }
        wmbt_sglang_token_wide(x, x->low, words[i]);
        if (x->dialect->ahead != 0u && at != 1u && at < x->words) {
            wmbt_sglang_token_wide(x, x->low, words[i]);
        }
    }
}

/* --- the dialects ----------------------------------------------------------------------------- */

#    define WMBT_SGLANG_START (WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK)
#    define WMBT_SGLANG_SPACE (WMBT_ENGINE_EXTRA_KEY | WMBT_ENGINE_SALT)

#    define WMBT_SGLANG(constant, text, of_hash, of_root_, of_header, of_add, fields, more, \
                        more_flags)                                                         \
        const wmbt_dialect wmbt_dialect_##constant = {                                      \
            .calls = &wmbt_engine_calls_all,                                                \
            WMBT_DIALECT_NAME(text),                                                        \
            .hash = &(of_hash),                                                             \
            .root = (of_root_),                                                             \
            .header = (of_header),                                                          \
            .add = (of_add),                                                                \
            .may = WMBT_SGLANG_START | (fields),                                            \
            .of_root = (fields),                                                            \
            .hash_bytes = 32,                                                               \
            .parent_bytes = 32,                                                             \
            .ahead = (more),                                                                \
            .flags = WMBT_DIALECT_SHORT_LAST | (more_flags),                                \
        }

WMBT_SGLANG(sglang_hicache, "sglang-hicache", wmbt_engine_sha256, wmbt_sglang_root,
            wmbt_engine_put_parent, wmbt_engine_add_le, WMBT_SGLANG_SPACE, 0, 0);
WMBT_SGLANG(sglang_hicache_bigram, "sglang-hicache-bigram", wmbt_engine_sha256, wmbt_sglang_root,
            wmbt_engine_put_parent, wmbt_sglang_add_pairs, WMBT_SGLANG_SPACE, 1, 0);
WMBT_SGLANG(sglang_hicache_wide, "sglang-hicache-wide", wmbt_sglang_wide, wmbt_sglang_root,
            wmbt_sglang_header_wide, wmbt_sglang_add_wide, WMBT_SGLANG_SPACE, 0, WMBT_DIALECT_WIDE);
WMBT_SGLANG(sglang_hicache_bigram_wide, "sglang-hicache-bigram-wide", wmbt_sglang_wide,
            wmbt_sglang_root, wmbt_sglang_header_wide, wmbt_sglang_add_wide, WMBT_SGLANG_SPACE, 2,
            WMBT_DIALECT_WIDE);
WMBT_SGLANG(sglang_hicache_v0_5_6, "sglang-hicache-0.5.6", wmbt_engine_sha256, NULL,
            wmbt_engine_put_parent, wmbt_engine_add_le, 0, 0, 0);
WMBT_SGLANG(sglang_hicache_bigram_v0_5_6, "sglang-hicache-bigram-0.5.6", wmbt_engine_sha256, NULL,
            wmbt_engine_put_parent, wmbt_sglang_add_pairs, 0, 1, 0);
WMBT_SGLANG(sglang_events, "sglang-events", wmbt_engine_sha256, wmbt_sglang_root_of_events,
            wmbt_engine_put_parent, wmbt_engine_add_le, WMBT_ENGINE_SALT, 0, 0);
WMBT_SGLANG(sglang_events_bigram, "sglang-events-bigram", wmbt_engine_sha256,
            wmbt_sglang_root_of_events, wmbt_engine_put_parent, wmbt_sglang_add_pairs,
            WMBT_ENGINE_SALT, 1, 0);
WMBT_SGLANG(sglang_events_wide, "sglang-events-wide", wmbt_sglang_wide, wmbt_sglang_root_of_events,
            wmbt_sglang_header_wide, wmbt_sglang_add_wide, WMBT_ENGINE_SALT, 0, WMBT_DIALECT_WIDE);
WMBT_SGLANG(sglang_events_bigram_wide, "sglang-events-bigram-wide", wmbt_sglang_wide,
            wmbt_sglang_root_of_events, wmbt_sglang_header_wide, wmbt_sglang_add_wide,
            WMBT_ENGINE_SALT, 2, WMBT_DIALECT_WIDE);

#endif
