/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket in memory, and what a reader of whole objects makes of it. */
#include "bucket.h"

#include "wombatkv/kvblock.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/objkey.h"
#include "wombatkv/zstd.h"

#if WMBT_CFG_READER && WMBT_CFG_READER_TOKENS && WMBT_CFG_READER_COLLECT && WMBT_CFG_WRITERS && \
    WMBT_CFG_ZSTD

#    define SHAPE (&wmbt_test_shape)

wmbt_chain_config bucket_chain(void)
{
    static const uint8_t fingerprint[32] = {7};
    wmbt_chain_config chain = {WMBT_CHAIN_CORE, BUCKET_BLOCK_TOKENS, {NULL, 0}, {NULL, 0}, 0, NULL};
    chain.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    return chain;
}

const bucket_object *bucket_find(const bucket *b, wmbt_view key)
{
    for (uint32_t i = 0; i < b->objects; i++) {
        const bucket_object *o = &b->object[i];
        if (o->key_len == key.len && wmbt_test_same(o->key, key.data, key.len)) {
            return o;
        }
    }
    return NULL;
}

/* --- making objects --------------------------------------------------------------------------- */

static uint8_t *noise(wmbt_test *t, size_t n, uint32_t *state)
{
    uint8_t *b = wmbt_test_alloc(t, n);
    for (size_t i = 0; b != NULL && i < n; i++) {
        b[i] = (uint8_t)(wmbt_test_random(state) >> 7);
    }
    return b;
}

wmbt_view bucket_block(wmbt_test *t, uint32_t seq, uint32_t *state)
{
    wmbt_kvblock_walk walk;
    size_t n = 0;
    if (wmbt_kvblock_walk_init(&walk, SHAPE, BUCKET_BLOCK_TOKENS) == WMBT_OK) {
        n = (size_t)walk.end + WMBT_KVBLOCK_TRAILER_BYTES;
    }
    uint8_t *b = noise(t, n, state);
    if (b == NULL ||
        wmbt_kvblock_seal(wmbt_buf_of(b, n), SHAPE, BUCKET_BLOCK_TOKENS, seq, &n) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a block can be made");
    }
    return wmbt_view_of(b, n);
}

wmbt_view bucket_tail(wmbt_test *t, uint32_t total, uint32_t raw, uint32_t block_end,
                      uint32_t *state)
{
    wmbt_rawtail_walk walk;
    size_t n = 0;
    if (wmbt_rawtail_walk_init(&walk, SHAPE, total, raw, block_end) == WMBT_OK) {
        n = (size_t)walk.end;
    }
    uint8_t *b = noise(t, n, state);
    if (b == NULL ||
        wmbt_rawtail_seal(wmbt_buf_of(b, n), SHAPE, total, raw, block_end, &n) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a tail can be made");
    }
    return wmbt_view_of(b, n);
}

/* "WBZ1", algorithm, level, length; for zstd a frame of one raw block (RFC 8878, 3.1.1). */
wmbt_view bucket_wrap(wmbt_test *t, wmbt_view plain, bool zstd)
{
    size_t n = 10u + (zstd ? 4u + 1u + 4u + 3u : 0u) + plain.len;
    uint8_t *b = wmbt_test_alloc(t, n + 1u); /* a number of three bytes is stored as one of four */
    if (b == NULL) {
        return plain;
    }
    b[0] = 'W';
    b[1] = 'B';
    b[2] = 'Z';
    b[3] = '1';
    b[4] = zstd ? 1 : 0;
    b[5] = 3;
    wmbt_test_store32(b + 6, (uint32_t)plain.len);
    size_t at = 10;
    if (zstd) {
        wmbt_test_store32(b + at, 0xFD2FB528u);
        b[at + 4u] = 0xA0; /* content size in 4 bytes, single segment */
        wmbt_test_store32(b + at + 5u, (uint32_t)plain.len);
        wmbt_test_store32(b + at + 9u, 1u | (uint32_t)plain.len << 3); /* last, raw, size */
        at += 12u;
    }
    for (size_t i = 0; i < plain.len; i++) {
        b[at + i] = plain.data[i];
    }
    return wmbt_view_of(b, n);
}

static wmbt_view copy_of(wmbt_test *t, wmbt_view v, size_t room)
{
    uint8_t *b = wmbt_test_alloc(t, v.len + room);
    for (size_t i = 0; b != NULL && i < v.len; i++) {
        b[i] = v.data[i];
    }
    return wmbt_view_of(b, v.len);
}

/* Damages an object in one of several ways. */
static wmbt_view damage(wmbt_test *t, wmbt_view v, uint32_t *state)
{
    wmbt_view copy = copy_of(t, v, 8);
    uint8_t *b = (uint8_t *)(uintptr_t)copy.data;
    if (b == NULL || v.len == 0u) {
        return v;
    }
    switch (wmbt_test_below(state, 5)) {
    case 0: return wmbt_view_of(b, wmbt_test_below(state, (uint32_t)v.len));
    case 1: return wmbt_view_of(b, v.len + 1u + wmbt_test_below(state, 7));
    case 2:
        b[wmbt_test_below(state, 48) % v.len] ^= (uint8_t)(1u << wmbt_test_below(state, 8));
        break;
    default:
        b[wmbt_test_below(state, (uint32_t)v.len)] ^= (uint8_t)(1u << wmbt_test_below(state, 8));
        break;
    }
    return copy;
}

void bucket_store(wmbt_test *t, bucket *b, wmbt_view key, wmbt_view bytes)
{
    if (b->objects == BUCKET_MAX_OBJECTS || key.len > sizeof b->object[0].key) {
        wmbt_test_fail(t, __FILE__, __LINE__, "room in the bucket");
        return;
    }
    bucket_object *o = &b->object[b->objects++];
    for (size_t i = 0; i < key.len; i++) {
        o->key[i] = key.data[i];
    }
    o->key_len = key.len;
    o->bytes = bytes;
}

/* A manifest, and the key of its one chunk. */
static wmbt_view make_manifest(wmbt_test *t, size_t bytes, const uint8_t id[32], uint8_t key[192],
                               size_t *key_len)
{
    uint8_t *text = wmbt_test_alloc(t, WMBT_LARGEVALUE_MAX_TEXT);
    size_t len = 0;
    wmbt_largevalue manifest;
    if (text == NULL ||
        wmbt_largevalue_write(id, bytes, wmbt_buf_of(text, WMBT_LARGEVALUE_MAX_TEXT), &len) !=
            WMBT_OK ||
        wmbt_largevalue_parse(wmbt_view_of(text, len), 0, &manifest) != WMBT_OK ||
        wmbt_largevalue_chunk_key(&manifest, WMBT_VIEW_LITERAL(BUCKET_PREFIX),
                                  WMBT_VIEW_LITERAL(BUCKET_NAMESPACE), 0, wmbt_buf_of(key, 192),
                                  key_len) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a manifest can be made");
    }
    return wmbt_view_of(text, len);
}

wmbt_view bucket_store_chunk(wmbt_test *t, bucket *b, wmbt_view plain, wmbt_view chunk)
{
    static const uint8_t id[32] = {0x1D};
    uint8_t key[192];
    size_t key_len = 0;
    wmbt_view text = make_manifest(t, plain.len, id, key, &key_len);
    bucket_store(t, b, wmbt_view_of(key, key_len), chunk);
    return text;
}

/* A manifest and its one chunk, in any form. */
static wmbt_view store_large(wmbt_test *t, bucket *b, wmbt_view plain, bool sound, uint32_t *state)
{
    uint8_t id[32], key[192];
    size_t key_len = 0;
    for (size_t i = 0; i < sizeof id; i++) {
        id[i] = (uint8_t)wmbt_test_random(state);
    }
    wmbt_view text = make_manifest(t, plain.len, id, key, &key_len);
    uint32_t how = wmbt_test_below(state, sound ? 6 : 8);
    wmbt_view chunk = how < 3u ? bucket_wrap(t, plain, how != 0u) : plain;
    chunk = how == 7u ? damage(t, chunk, state) : chunk;
    if (how != 6u) { /* 6: the chunk is gone */
        bucket_store(t, b, wmbt_view_of(key, key_len), chunk);
    }
    return text;
}

void bucket_store_at(wmbt_test *t, bucket *b, uint32_t index, bool tail, wmbt_view bytes)
{
    wmbt_objkey key = {.kind = tail ? WMBT_OBJKEY_RAW_TAIL : WMBT_OBJKEY_BLOCK,
                       .prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX),
                       .name_space = WMBT_VIEW_LITERAL(BUCKET_NAMESPACE),
                       .hash = b->hash[index]};
    uint8_t text[192];
    size_t len = 0;
    if (wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, wmbt_buf_of(text, sizeof text), &len) !=
        WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a key can be made");
        return;
    }
    bucket_store(t, b, wmbt_view_of(text, len), bytes);
}

/* Stores an object in one of the ways there are: whole and right if `sound`. */
static void store_somehow(wmbt_test *t, bucket *b, uint32_t index, bool tail, wmbt_view plain,
                          bool sound, uint32_t *state)
{
    uint32_t how = sound ? 31u : wmbt_test_below(state, 32);
    if (how == 0u) {
        return; /* missing */
    }
    plain = how < 5u ? damage(t, plain, state) : plain;
    uint32_t form = wmbt_test_below(state, 8);
    wmbt_view bytes = plain;
    if (form == 0u && plain.len != 0u) {
        bytes = store_large(t, b, plain, sound, state);
        bytes = wmbt_test_below(state, 2) == 0u ? bucket_wrap(t, bytes, true) : bytes;
    } else if (form < 4u) {
        bytes = bucket_wrap(t, plain, form != 1u);
    }
    bytes = how == 5u ? damage(t, bytes, state) : bytes;
    bucket_store_at(t, b, index, tail, bytes);
}

static void fill_tail(wmbt_test *t, bucket *b, uint32_t block, uint32_t *state)
{
    uint32_t boundary = (block + 1u) * BUCKET_BLOCK_TOKENS;
    uint32_t total = boundary + wmbt_test_below(state, BUCKET_BLOCK_TOKENS);
    uint32_t raw = total < SHAPE->window ? total : SHAPE->window;
    uint32_t block_end = boundary;
    switch (wmbt_test_below(state, 10)) {
    case 0: total = boundary + wmbt_test_below(state, 20); break;
    case 1: raw = wmbt_test_below(state, raw + 1u); break;
    case 2: block_end = wmbt_test_below(state, block + 1u) * BUCKET_BLOCK_TOKENS; break;
    case 3: total = boundary; break;
    default: break;
    }
    raw = raw < total ? raw : total;
    store_somehow(t, b, block, true, bucket_tail(t, total, raw, block_end, state),
                  wmbt_test_below(state, 2) == 0u, state);
}

void bucket_fill(wmbt_test *t, bucket *b, uint32_t *state)
{
    b->objects = 0;
    b->blocks = wmbt_test_below(state, BUCKET_MAX_BLOCKS + 1u);
    b->token_count = b->blocks * BUCKET_BLOCK_TOKENS + wmbt_test_below(state, BUCKET_BLOCK_TOKENS);
    for (uint32_t i = 0; i < b->token_count; i++) {
        b->tokens[i] = wmbt_test_random(state);
    }
    WMBT_MEMORY(memory, WMBT_CHAIN_BYTES(BUCKET_BLOCK_TOKENS));
    wmbt_chain_config config = bucket_chain();
    wmbt_chain *chain = NULL;
    if (wmbt_chain_init(wmbt_buf_of(memory, sizeof memory), &config, &chain) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the chain starts");
        return;
    }
    bool sound = wmbt_test_below(state, 3) == 0u; /* a third of the buckets is all well */
    for (uint32_t i = 0; i < b->blocks && !t->failed; i++) {
        size_t taken = 0;
        if (wmbt_chain_push(chain, b->tokens + i * BUCKET_BLOCK_TOKENS, BUCKET_BLOCK_TOKENS, &taken,
                            &b->hash[i]) != WMBT_OK) {
            wmbt_test_fail(t, __FILE__, __LINE__, "a block is hashed");
        }
        uint32_t seq = !sound && wmbt_test_below(state, 40) == 0u ? i + 1u : i;
        store_somehow(t, b, i, false, bucket_block(t, seq, state), sound, state);
        fill_tail(t, b, i, state);
    }
}

/* --- whole objects ---------------------------------------------------------------------------- */

static const bucket_object *fetch(const bucket *b, const wmbt_largevalue *manifest,
                                  const wmbt_objkey *key)
{
    uint8_t text[192];
    size_t len = 0;
    wmbt_status status = manifest != NULL
                             ? wmbt_largevalue_chunk_key(manifest, WMBT_VIEW_LITERAL(BUCKET_PREFIX),
                                                         WMBT_VIEW_LITERAL(BUCKET_NAMESPACE), 0,
                                                         wmbt_buf_of(text, sizeof text), &len)
                             : wmbt_objkey_build(key, WMBT_OBJKEY_COMPAT_SPLIT,
                                                 wmbt_buf_of(text, sizeof text), &len);
    return status == WMBT_OK ? bucket_find(b, wmbt_view_of(text, len)) : NULL;
}

static wmbt_status unwrap(wmbt_test *t, const bucket *b, wmbt_view stored, wmbt_view *plain)
{
    uint8_t *room = wmbt_test_alloc(t, 4096);
    wmbt_buf workspace = b->workspace;
    wmbt_codec codec = {wmbt_zstd_codec, &workspace, NULL};
    wmbt_compressed_plain out;
    if (stored.len == 0u) {
        return WMBT_TRUNCATED;
    }
    wmbt_status status = wmbt_compressed_unwrap(stored, &codec, wmbt_buf_of(room, 4096), 0, &out);
    if (status == WMBT_OK) {
        *plain = out.bytes;
    }
    return status;
}

bucket_truth bucket_read(wmbt_test *t, const bucket *b, uint32_t index, bool tail,
                         wmbt_rawtail_info *info)
{
    bucket_truth truth = {WMBT_MISSING, 0, {NULL, 0}};
    wmbt_objkey key = {.kind = tail ? WMBT_OBJKEY_RAW_TAIL : WMBT_OBJKEY_BLOCK,
                       .prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX),
                       .name_space = WMBT_VIEW_LITERAL(BUCKET_NAMESPACE),
                       .hash = b->hash[index]};
    const bucket_object *o = fetch(b, NULL, &key);
    if (o == NULL) {
        return truth;
    }
    truth.stored_bytes = (uint32_t)o->bytes.len;
    truth.status = unwrap(t, b, o->bytes, &truth.plain);
    wmbt_largevalue manifest;
    wmbt_status large = WMBT_BAD_MAGIC;
    if (truth.status == WMBT_OK) {
        large = wmbt_largevalue_parse(truth.plain, 0, &manifest);
    }
    if (large == WMBT_OK) {
        o = fetch(b, &manifest, NULL);
        truth.status = WMBT_TRUNCATED;
        if (o != NULL) {
            truth.stored_bytes += (uint32_t)o->bytes.len;
            truth.status = unwrap(t, b, o->bytes, &truth.plain);
            if (truth.status == WMBT_OK && truth.plain.len != manifest.total_bytes) {
                truth.status = WMBT_BAD_LENGTH;
            }
        }
    } else if (large != WMBT_BAD_MAGIC) {
        truth.status = large;
    }
    if (truth.status != WMBT_OK) {
        return truth;
    }
    if (tail) {
        wmbt_rawtail_expect expect = {SHAPE, 0};
        truth.status = wmbt_rawtail_read(truth.plain, &expect, info);
    } else {
        wmbt_kvblock_expect expect = {SHAPE, BUCKET_BLOCK_TOKENS, index, 0};
        wmbt_kvblock_info block;
        truth.status = wmbt_kvblock_read(truth.plain, &expect, &block);
    }
    return truth;
}

#endif
