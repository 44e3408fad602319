/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: values of two and three chunks of 4 MiB each: sound, plain or in wrappers; a chunk that
 * is missing, too short, too long, in another's place or damaged. And a block of nearly 4 GiB, of
 * which the head is enough; and a manifest in a wrapper of that size.
 */
#include "../support/bucket.h"
#include "reader/state.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/objkey.h"
#include "wombatkv/zstd.h"

#define CHUNK WMBT_LARGEVALUE_CHUNK_BYTES
#define TOKENS 8u
#define MAX_CHUNKS 3u
#define KEY_BYTES 192u

/* A layer of such a block has 2^19 bytes of rows. */
static const wmbt_shape_layer wide_layers[17] = {
    {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0},
    {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0},
    {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0},
};

typedef struct value {
    wmbt_test *t;
    wmbt_shape shape;
    wmbt_reader_prompt prompt;
    wmbt_view plain;
    uint32_t chunks;
    uint8_t key[1u + MAX_CHUNKS][KEY_BYTES]; /* of the manifest and of each chunk */
    size_t key_len[1u + MAX_CHUNKS];
    wmbt_view part[1u + MAX_CHUNKS]; /* what is stored there; data NULL: nothing */
    wmbt_block_hash hash;
    wmbt_reader *r;
    uint8_t *raw, *stored;
    size_t stored_room;
    uint32_t memories; /* questions for memory */
} value;

/* --- making it -------------------------------------------------------------------------------- */

static void make_block(value *v, uint32_t layers)
{
    size_t n = 0;
    v->shape.layer = wide_layers;
    v->shape.layers = layers;
    v->shape.head_dim = 8192;
    v->shape.index_dim = 0;
    v->shape.element_bytes = 8;
    v->shape.window = 1;
    size_t size = 28u + layers * (8u + (1u << 19));
    uint8_t *b = wmbt_test_alloc(v->t, size);
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < size; i += 4099u) {
        b[i] = (uint8_t)(i / 4099u * 7u + 1u);
    }
    T_EQ(v->t, wmbt_kvblock_seal(wmbt_buf_of(b, size), &v->shape, TOKENS, 0, &n), WMBT_OK);
    v->plain = wmbt_view_of(b, n);
    T_CHECK(v->t, n == size);
}

static void make_keys(value *v)
{
    static const uint8_t id[32] = {0x1D};
    wmbt_view prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX),
              space = WMBT_VIEW_LITERAL(BUCKET_NAMESPACE);
    uint8_t *text = wmbt_test_alloc(v->t, WMBT_LARGEVALUE_MAX_TEXT);
    size_t len = 0;
    wmbt_largevalue m;
    T_CHECK(v->t, text != NULL);
    T_EQ(v->t,
         wmbt_largevalue_write(id, v->plain.len, wmbt_buf_of(text, WMBT_LARGEVALUE_MAX_TEXT), &len),
         WMBT_OK);
    v->part[0] = wmbt_view_of(text, len);
    T_EQ(v->t, wmbt_largevalue_parse(v->part[0], 0, &m), WMBT_OK);
    v->chunks = (uint32_t)m.chunks;
    T_CHECK(v->t, v->chunks >= 2u && v->chunks <= MAX_CHUNKS);
    for (uint32_t i = 0; i < v->chunks; i++) {
        T_EQ(v->t,
             wmbt_largevalue_chunk_key(&m, prefix, space, i, wmbt_buf_of(v->key[i + 1u], KEY_BYTES),
                                       &v->key_len[i + 1u]),
             WMBT_OK);
        size_t at = (size_t)i * CHUNK, left = v->plain.len - at;
        v->part[i + 1u] = wmbt_view_of(v->plain.data + at, left < CHUNK ? left : CHUNK);
    }
    wmbt_objkey key = {
        .kind = WMBT_OBJKEY_BLOCK, .prefix = prefix, .name_space = space, .hash = v->hash};
    T_EQ(v->t,
         wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, wmbt_buf_of(v->key[0], KEY_BYTES),
                           &v->key_len[0]),
         WMBT_OK);
}

/* A wrapper with a frame of raw blocks of 128 KiB or less. */
static wmbt_view wrap(wmbt_test *t, wmbt_view plain)
{
    static const uint8_t begin[] = {'W', 'B', 'Z', '1', 1, 3};
    uint8_t *b = wmbt_test_alloc(t, plain.len + 256u);
    if (b == NULL) {
        return plain;
    }
    for (size_t i = 0; i < sizeof begin; i++) {
        b[i] = begin[i];
    }
    wmbt_test_store32(b + 6, (uint32_t)plain.len);
    wmbt_test_store32(b + 10, 0xFD2FB528u);
    b[14] = 0xA0; /* size in 4 bytes, single segment */
    wmbt_test_store32(b + 15, (uint32_t)plain.len);
    size_t n = 19;
    for (size_t at = 0; at < plain.len; at += 1u << 17) {
        uint32_t m = plain.len - at < 1u << 17 ? (uint32_t)(plain.len - at) : 1u << 17;
        wmbt_test_store32(b + n, (at + m == plain.len ? 1u : 0u) | m << 3);
        n += 3u;
        for (uint32_t i = 0; i < m; i++) {
            b[n + i] = plain.data[at + i];
        }
        n += m;
    }
    return wmbt_view_of(b, n);
}

static void make(wmbt_test *t, value *v, uint32_t layers)
{
    v->t = t;
    v->hash.bytes[0] = 1;
    T_CALL(t, make_block(v, layers));
    T_CALL(t, make_keys(v));
    v->raw = wmbt_test_alloc(t, v->plain.len);
    v->stored_room = CHUNK + 65536u;
    v->stored = wmbt_test_alloc(t, v->stored_room);
    wmbt_buf workspace =
        wmbt_buf_of(wmbt_test_alloc(t, WMBT_ZSTD_WORKSPACE_BYTES), WMBT_ZSTD_WORKSPACE_BYTES);
    wmbt_buf *context = (wmbt_buf *)(void *)wmbt_test_alloc(t, sizeof workspace);
    wmbt_reader_config *c = (wmbt_reader_config *)(void *)wmbt_test_alloc(t, sizeof *c);
    size_t size = WMBT_READER_BYTES(1, 1);
    uint8_t *memory = wmbt_test_alloc(t, size);
    T_CHECK(t, v->raw != NULL && v->stored != NULL && context != NULL && c != NULL);
    *context = workspace;
    v->prompt.chain = bucket_chain();
    v->prompt.chain.block_tokens = TOKENS;
    v->prompt.prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX);
    v->prompt.name_space = WMBT_VIEW_LITERAL(BUCKET_NAMESPACE);
    c->shape = &v->shape;
    c->max_blocks = 1;
    c->in_flight = 1;
    c->max_object_bytes = (uint32_t)v->plain.len;
    c->codec.decode = wmbt_zstd_codec;
    c->codec.context = context;
    T_EQ(t, wmbt_reader_init(wmbt_buf_of(memory, size), c, 0, &v->r), WMBT_OK);
}

/* --- reading it ------------------------------------------------------------------------------- */

/* The part that a want is about; MAX_CHUNKS + 1 if there is none of that key. */
static uint32_t part_of(value *v, const wmbt_want *want)
{
    uint8_t key[KEY_BYTES];
    size_t len = 0;
    if (wmbt_reader_want_key(v->r, want, wmbt_buf_of(key, sizeof key), &len) != WMBT_OK) {
        return MAX_CHUNKS + 1u;
    }
    uint32_t i = 0;
    while (i <= v->chunks && !(len == v->key_len[i] && wmbt_test_same(key, v->key[i], len))) {
        i++;
    }
    return i <= v->chunks ? i : MAX_CHUNKS + 1u;
}

/* The answer to a want, whole. */
static wmbt_status answer(value *v, const wmbt_want *want)
{
    if (want->kind == WMBT_WANT_MEMORY) {
        bool first = v->memories++ == 0u;
        if (want->stored_bytes > v->stored_room ||
            want->plain_bytes != (first ? v->plain.len : 0u)) {
            return WMBT_BAD_ARGUMENT;
        }
        return wmbt_reader_memory(v->r, want, wmbt_buf_of(v->raw, want->plain_bytes),
                                  wmbt_buf_of(v->stored, want->stored_bytes));
    }
    uint32_t part = part_of(v, want);
    if (part > MAX_CHUNKS) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_view bytes = v->part[part];
    if (bytes.data == NULL) {
        return wmbt_reader_fail(v->r, want, WMBT_MISSING);
    }
    wmbt_status status = WMBT_NEED_MORE;
    if (want->kind == WMBT_WANT_OBJECT) {
        status = wmbt_reader_found(v->r, want, bytes.len);
    }
    if (status != WMBT_NEED_MORE) {
        return status;
    }
    size_t taken = 0;
    bytes.data += want->offset;
    bytes.len -= want->offset;
    return wmbt_reader_feed(v->r, want, want->offset, bytes, &taken);
}

/* Reads the value; `want` is the status of its block. */
static void check(value *v, wmbt_status want)
{
    wmbt_test *t = v->t;
    wmbt_reader_object state;
    wmbt_want w;
    wmbt_status status, said = WMBT_OK;
    v->memories = 0;
    T_EQ(t, wmbt_reader_start(v->r, &v->prompt), WMBT_OK);
    T_EQ(t, wmbt_reader_hash(v->r, &v->hash), WMBT_OK);
    T_EQ(t, wmbt_reader_end(v->r, TOKENS + 1u), WMBT_OK);
    while ((status = wmbt_reader_next_want(v->r, &w)) == WMBT_OK && w.object == 0u) {
        said = answer(v, &w);
        T_CHECK(t, said != WMBT_BAD_ARGUMENT && said != WMBT_BAD_STATE && said != WMBT_NEED_MORE);
    }
    T_EQ(t, wmbt_reader_object_state(v->r, 0, &state), WMBT_OK);
    T_EQ(t, state.status, want);
    T_EQ(t, wmbt_reader_usable_blocks(v->r), want == WMBT_OK);
    if (want == WMBT_OK) {
        size_t sum = 0;
        for (uint32_t i = 0; i <= v->chunks; i++) {
            sum += v->part[i].len;
        }
        T_EQ(t, said, WMBT_END);
        T_EQ(t, state.bytes, sum);
        T_BYTES(t, v->raw, v->plain.data, v->plain.len);
    }
}

static void check_chunks(value *v)
{
    wmbt_test *t = v->t;
    T_CALL(t, check(v, WMBT_OK));
    for (uint32_t i = 1; i <= v->chunks; i++) {
        wmbt_view sound = v->part[i];
        t->want = i;
        v->part[i] = wmbt_view_of(NULL, 0); /* missing */
        T_CALL(t, check(v, WMBT_TRUNCATED));
        v->part[i] = wmbt_view_of(sound.data, 0);
        T_CALL(t, check(v, WMBT_TRUNCATED));
        v->part[i] = wmbt_view_of(sound.data, sound.len - 1u);
        T_CALL(t, check(v, WMBT_BAD_LENGTH));
        if (i < v->chunks) { /* other bytes of the plain object follow */
            v->part[i] = wmbt_view_of(sound.data, sound.len + 1u);
            T_CALL(t, check(v, WMBT_BAD_LENGTH));
        }
        v->part[i] = sound;
    }
    wmbt_view first = v->part[1];
    v->part[1] = v->part[2]; /* in the wrong place */
    T_CALL(t, check(v, v->chunks == 2u ? WMBT_BAD_LENGTH : WMBT_BAD_MAGIC));
    v->part[1] = first;
    uint8_t *byte = (uint8_t *)(uintptr_t)v->plain.data + v->plain.len - 1000u;
    *byte ^= 1u; /* in the last chunk */
    T_CALL(t, check(v, WMBT_BAD_CHECKSUM));
    *byte ^= 1u;
}

/* Chunks in wrappers, the others plain. */
static void check_wrapped(value *v)
{
    wmbt_test *t = v->t;
    wmbt_view last = v->part[v->chunks];
    v->part[v->chunks] = wrap(t, last);
    T_CALL(t, check(v, WMBT_OK));
    v->part[v->chunks].len--;
    T_CALL(t, check(v, WMBT_TRUNCATED));
    v->part[v->chunks] = last;
    v->part[1] = wrap(t, v->part[1]);
    T_CALL(t, check(v, WMBT_OK));
    v->part[1] = wrap(t, wmbt_view_of(v->plain.data, 4096));
    T_CALL(t, check(v, WMBT_BAD_LENGTH));
}

static void values(wmbt_test *t, uint32_t layers, uint32_t chunks)
{
    value *v = (value *)(void *)wmbt_test_alloc(t, sizeof *v);
    T_CHECK(t, v != NULL);
    T_CALL(t, make(t, v, layers));
    T_EQ(t, v->chunks, chunks);
    T_CALL(t, check_chunks(v));
    check_wrapped(v);
}

static void test_two(wmbt_test *t)
{
    values(t, 9, 2);
}

#if __STDC_HOSTED__ /* emulated boards are slow */
static void test_three(wmbt_test *t)
{
    values(t, 17, 3);
}
#endif

/* --- a block of nearly 4 GiB ------------------------------------------------------------------ */

/* With 4,095 tokens a block, 64 bytes of a compressed row and 64 KiB of an indexer row: a body of
 * 2^32 - 24 bytes, which its 32-bit length can tell, in an object whose length no 32 bits can. */
#define HUGE_LAYERS 31u
static const wmbt_shape_layer huge_layers[HUGE_LAYERS] = {
    {1, 1, 0}, {1, 1, 0}, {1, 1, 0}, {1, 1, 0},   {1, 1, 0}, {1, 1, 0},  {1, 1, 0},    {1, 1, 0},
    {1, 1, 0}, {1, 1, 0}, {1, 1, 0}, {1, 1, 0},   {1, 1, 0}, {1, 1, 0},  {1, 1, 0},    {3, 1, 0},
    {3, 1, 0}, {5, 1, 0}, {9, 1, 0}, {105, 1, 0}, {1, 0, 0}, {65, 0, 0}, {4095, 0, 0}, {0, 0, 0},
    {0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0},   {0, 0, 0}, {0, 0, 0},  {0, 0, 0},
};
static const wmbt_shape huge_shape = {huge_layers, HUGE_LAYERS, 8, 8192, 8, 1};

static void test_huge(wmbt_test *t)
{
    wmbt_kvblock_walk walk;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &huge_shape, 4095), WMBT_OK);
    T_EQ(t, walk.end, UINT64_C(0x100000000));
    wmbt_reader_config c = {0};
    wmbt_reader_prompt prompt = {0};
    c.shape = &huge_shape;
    c.max_blocks = 1;
    c.in_flight = 1;
    c.max_object_bytes = UINT32_MAX;
    prompt.chain = bucket_chain();
    prompt.chain.block_tokens = 4095;
    prompt.prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX);
    size_t size = WMBT_READER_BYTES(1, 1), taken = 0;
    uint8_t *memory = wmbt_test_alloc(t, size), *head = wmbt_test_alloc(t, 128);
    wmbt_reader *r = NULL;
    wmbt_block_hash hash = {{1}};
    wmbt_want want;
    wmbt_reader_object state;
    T_CHECK(t, memory != NULL && head != NULL);
    wmbt_test_store32(head, 0x3142564Bu); /* "KVB1" */
    wmbt_test_store32(head + 4, 2);
    wmbt_test_store32(head + 12, 4095);
    wmbt_test_store32(head + 16, HUGE_LAYERS);
    wmbt_test_store32(head + 20, 0xFFFFFFE8u);
    T_EQ(t, wmbt_reader_init(wmbt_buf_of(memory, size), &c, 0, &r), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, &prompt), WMBT_OK);
    T_EQ(t, wmbt_reader_hash(r, &hash), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(r, &want), WMBT_OK);
    T_EQ(t, wmbt_reader_found(r, &want, UINT32_MAX), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_feed(r, &want, 0, wmbt_view_of(head, 128), &taken), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_reader_object_state(r, 0, &state), WMBT_OK);
    T_EQ(t, state.status, WMBT_TOO_LARGE);
}

/* --- a manifest in a wrapper of 2^32 - 1 bytes ------------------------------------------------ */

static const char long_manifest[] =
    "WMBT_KV_SHM_LARGE_V1\n"
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n100\n1\n";

/* Frames that cannot be looked at: there is only memory for their head. */
static wmbt_status give_manifest(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    (void)context;
    if (frames.len != UINT32_MAX - 10u || out.len != sizeof long_manifest - 1u) {
        return WMBT_BAD_BITSTREAM;
    }
    for (size_t i = 0; i < out.len; i++) {
        out.data[i] = (uint8_t)long_manifest[i];
    }
    *written = out.len;
    return WMBT_OK;
}

/* The phase that asks for memory for the chunk follows one whose bytes end at the last number that
 * there is. It must wait: what stands in the slot is of the object before, which was sound. */
static void test_long_manifest(wmbt_test *t)
{
    static const uint8_t begin[] = {'W', 'B', 'Z', '1', 1, 3, sizeof long_manifest - 1u};
    static const wmbt_shape shape = {wide_layers, 1, 56, 0, 1, 1};
    wmbt_reader_config *c = (wmbt_reader_config *)(void *)wmbt_test_alloc(t, sizeof *c);
    wmbt_reader_prompt *prompt = (wmbt_reader_prompt *)(void *)wmbt_test_alloc(t, sizeof *prompt);
    size_t size = WMBT_READER_BYTES(2, 1), taken = 0;
    uint8_t *memory = wmbt_test_alloc(t, size), *plain = wmbt_test_alloc(t, 128);
    uint8_t *stored = wmbt_test_alloc(t, 128); /* the last: it is said to be longer */
    wmbt_reader *r = NULL;
    wmbt_block_hash hash = {{1}};
    wmbt_want want;
    T_CHECK(t, c != NULL && prompt != NULL && plain != NULL && stored != NULL);
    prompt->chain = bucket_chain();
    prompt->chain.block_tokens = 1;
    prompt->prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX);
    c->shape = &shape;
    c->max_blocks = 2;
    c->in_flight = 1;
    c->max_object_bytes = UINT32_MAX;
    c->codec.decode = give_manifest;
    T_EQ(t, wmbt_reader_init(wmbt_buf_of(memory, size), c, 0, &r), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, prompt), WMBT_OK);
    for (uint32_t i = 0; i < 2u; i++) {
        T_EQ(t, wmbt_reader_hash(r, &hash), WMBT_OK);
    }
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(stored, 128), &shape, 1, 0, &size), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(r, &want), WMBT_OK);
    T_EQ(t, wmbt_reader_found(r, &want, size), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_feed(r, &want, 0, wmbt_view_of(stored, size), &taken), WMBT_END);

    for (uint32_t i = 0; i < 128u; i++) {
        stored[i] = i < sizeof begin ? begin[i] : 0u;
    }
    T_EQ(t, wmbt_reader_next_want(r, &want), WMBT_OK);
    T_EQ(t, wmbt_reader_found(r, &want, UINT32_MAX), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_feed(r, &want, 0, wmbt_view_of(stored, 128), &taken), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(r, &want), WMBT_OK);
    T_EQ(t, want.stored_bytes, UINT32_MAX);
    wmbt_reader_slot_at(r, 0)->run[0].to = UINT32_MAX; /* all have come */
    T_EQ(t,
         wmbt_reader_memory(r, &want, wmbt_buf_of(plain, want.plain_bytes),
                            wmbt_buf_of(stored, UINT32_MAX)),
         WMBT_OK);
    T_EQ(t, wmbt_reader_usable_blocks(r), 1);
    T_EQ(t, wmbt_reader_next_want(r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_MEMORY && want.object == 1u && want.plain_bytes == 100u);
}

static const wmbt_case cases[] = {
    {"two chunks", test_two, 20u << 20, NULL},
#if __STDC_HOSTED__
    {"three chunks", test_three, 30u << 20, NULL},
#endif
    {"a block of nearly 4 GiB", test_huge, 8192, NULL},
    {"a manifest in a wrapper of 2^32 - 1 bytes", test_long_manifest, 8192, NULL},
};
WMBT_SUITE(reader_chunks, cases);
