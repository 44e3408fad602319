/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: each call and each of its statuses, but for those about bytes (reader_bytes.c): start and
 * limits, input, wants and keys, presence, failures, results. What is refused changes not a byte.
 */
#include "../support/drive.h"
#include "wombatkv/dialects.h"
#include "wombatkv/zstd.h"

#define SHAPE (&wmbt_test_shape)

static drive *make(wmbt_test *t, drive_bucket *x, bool tail, uint32_t flags)
{
    wmbt_test_reset(t);
    drive_fill(t, x, tail, FORM_PLAIN);
    return t->failed ? NULL : drive_config(t, x->b, flags);
}

/* The reader is as it was at the last keep(). */
static void keep(drive *d)
{
    for (size_t i = 0; i < d->memory.len; i++) {
        d->image[i] = d->memory.data[i];
    }
}

static bool is_kept(const drive *d)
{
    return wmbt_test_same(d->memory.data, d->image, d->memory.len);
}

static void start_bare(drive *d)
{
    drive_start(d);
    if (!d->t->failed) {
        drive_prompt(d);
    }
    if (!d->t->failed) {
        keep(d);
    }
}

/* --- init ------------------------------------------------------------------------------------- */

#define TEXT_BYTES (64u << 10)
#define LONG_TENANT (64u << 20)

typedef struct start {
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    wmbt_reader_place places[DRIVE_PLACES + 1u]; /* the last one is none of the shape's */
    wmbt_shape shape;
    wmbt_buf memory;
    uint32_t page;
    uint8_t *room; /* 32 KiB */
    uint8_t *text; /* 64 KiB of letters */
} start;

static const uint8_t not_utf8[] = {'a', 0xC3};
static const uint8_t with_nul[] = {'a', 0};

/* The rows of one layer and kind end with the memory, or `more` bytes behind it. */
static wmbt_status shift(start *s, uint32_t layer, uint32_t kind, uint64_t more)
{
    wmbt_reader_place *p = &s->places[layer * WMBT_EXTENT_KINDS + kind];
    uint64_t room = s->config.memory.len != 0u ? s->config.memory.len : UINT64_MAX;
    p->offset = room - wmbt_reader_place_bytes(&s->config, BUCKET_BLOCK_TOKENS, layer, kind) + more;
    return more == 0u ? WMBT_OK : WMBT_BAD_ARGUMENT;
}

/* Pages of the rows of one layer and kind share a byte, or `less` is 0. */
static wmbt_status stride(start *s, uint32_t layer, uint32_t kind, uint32_t less)
{
    wmbt_reader_config c = s->config;
    c.max_blocks = 0;
    s->config.memory.len = 0;
    s->places[layer * WMBT_EXTENT_KINDS + kind].stride =
        wmbt_reader_place_bytes(&c, BUCKET_BLOCK_TOKENS, layer, kind) - less;
    return less == 0u ? WMBT_OK : WMBT_BAD_ARGUMENT;
}

static const wmbt_shape_layer wide_layers[] = {{1, 0, 0}};
/* A block of 8 tokens has 2^19 bytes of rows. */
static const wmbt_shape wide_shape = {wide_layers, 1, 8192, 0, 8, 1};

/* Spoils one thing. Returns what init() or start() must say; end if there is no such number. */
static wmbt_status spoil_arguments(start *s, uint32_t n)
{
    wmbt_reader_config *c = &s->config;
    wmbt_reader_prompt *q = &s->prompt;
    switch (n) {
    case 0: s->memory.data = NULL; break;
    case 1: c->shape = NULL; break;
    case 2: s->shape.layer = NULL; break;
    case 3: q->prefix.data = NULL; break;
    case 4: q->prefix.len = 0; break;
    case 5: q->name_space.data = NULL; break;
    case 6: c->memory.data = NULL; break;
    case 7: c->max_blocks = 0; break;
    case 8: /* whatever places there are */
        c->max_blocks = WMBT_READER_MAX_BLOCKS + 1u;
        c->places = NULL;
        break;
    case 9: c->in_flight = 0; break;
    case 10: c->in_flight = WMBT_READER_MAX_IN_FLIGHT + 1u; break;
    case 11: c->max_object_bytes = 0; break;
    case 12: q->flags = 16; break;
    case 13: q->flags = 0x80000000u; break;
    case 14: q->chain.block_tokens = 0; break;
    case 15: q->chain.dialect = 0; break;
    case 16: q->chain.fingerprint.len = 31; break;
    case 17: q->chain.fingerprint.data = NULL; break;
    case 18: q->chain.quant_bits = 2; break;
    case 19: q->chain.tenant.len = 1; break;
    case 20: s->places[0].wanted = 2; break; /* also where there are no rows */
    case 21: s->places[WMBT_EXTENT_RAW].wanted = UINT32_MAX; break;
    case 22: return shift(s, 1, WMBT_EXTENT_COMP, 1);
    case 23: return shift(s, 3, WMBT_EXTENT_INDEX, 1);
    case 24: return shift(s, 0, WMBT_EXTENT_RAW, 1);
    case 25: return shift(s, 2, WMBT_EXTENT_STATE_SCORE, 1);
    case 26: return shift(s, 3, WMBT_EXTENT_INDEX_STATE_SCORE, 1);
    case 27: s->places[WMBT_EXTENT_RAW].offset = UINT64_MAX; break;
    case 28: c->memory.len = 0; return shift(s, 1, WMBT_EXTENT_COMP, 1);
    case 29: c->flags = WMBT_READER_AUDIT; break;       /* is the prompt's */
    case 30: q->flags = WMBT_READER_LATE_WRITES; break; /* is the board's */
    case 31: c->runs = WMBT_READER_MAX_RUNS + 1u; break;
    case 32: q->page_count = 1; break; /* of no pages */
    case 33: return stride(s, 1, WMBT_EXTENT_COMP, 1);
    case 34: return stride(s, 3, WMBT_EXTENT_INDEX, 1);
    case 35: s->places[DRIVE_PLACES - 1u].wanted = 2; break; /* the last one */
    case 36: /* the first layer's, where it has some */
        c->shape = &wide_shape;
        for (uint32_t i = 0; i < DRIVE_PLACES; i++) {
            s->places[i].wanted = i == WMBT_EXTENT_COMP ? 1u : 0u;
        }
        break;
    default: return WMBT_END;
    }
    return WMBT_BAD_ARGUMENT;
}

static wmbt_status spoil_rest(start *s, uint32_t n)
{
    wmbt_reader_config *c = &s->config;
    wmbt_reader_prompt *q = &s->prompt;
    switch (n) {
    case 0: s->shape.layers = 0; return WMBT_UNSUPPORTED_SHAPE;
    case 1: s->shape.layers = WMBT_SHAPE_MAX_LAYERS + 1u; return WMBT_UNSUPPORTED_SHAPE;
    case 2: s->shape.window = 0; return WMBT_UNSUPPORTED_SHAPE;
    case 3: s->shape.element_bytes = 9; return WMBT_UNSUPPORTED_SHAPE;
    case 4: q->chain.tenant = wmbt_view_of(not_utf8, 2); return WMBT_BAD_TEXT;
    case 5:
        q->chain.dialect = WMBT_CHAIN_DS4;
        q->chain.block_tokens = 128;
        c->places = NULL;
        q->chain.fingerprint = wmbt_view_of(with_nul, 2);
        return WMBT_BAD_TEXT;
    case 6:
        q->chain.dialect = WMBT_CHAIN_DS4;
        q->chain.block_tokens = 128;
        c->places = NULL;
        q->chain.fingerprint = wmbt_view_of(s->text, 128);
        return WMBT_NOT_REPRESENTABLE;
    case 7: s->memory.len = 0; return WMBT_BUFFER_TOO_SMALL;
    case 8:
        s->memory.len = WMBT_READER_BYTES(c->max_blocks, c->in_flight) - 1u;
        return WMBT_BUFFER_TOO_SMALL;
    default: return WMBT_END;
    }
}

/* What is no fault. */
static wmbt_status spare(start *s, uint32_t n)
{
    wmbt_reader_config *c = &s->config;
    wmbt_reader_prompt *q = &s->prompt;
    switch (n) {
    case 0: q->name_space = wmbt_view_of(NULL, 0); break;
    case 1: c->places = NULL; break;
    case 2: q->flags = 15; break;
    case 3: c->in_flight = 8; break;
    case 4: c->max_object_bytes = UINT32_MAX; break;
    case 5: c->presence_blocks = UINT32_MAX; break;
    case 6: c->memory = wmbt_buf_of(NULL, 0); break;
    case 7:
        q->chain.block_tokens = 16;
        c->max_blocks = 1;
        break;
    case 8: return shift(s, 1, WMBT_EXTENT_COMP, 0);
    case 9: return shift(s, 0, WMBT_EXTENT_RAW, 0);
    case 10: c->memory.len = 0; return shift(s, 3, WMBT_EXTENT_INDEX, 0);
    case 11: q->chain.tenant = wmbt_view_of(s->text, 960); break;
    case 12: q->chain.tenant = wmbt_view_of(s->text, TEXT_BYTES); break;
    case 13: /* rows that are not wanted may lie anywhere */
        s->places[WMBT_EXTENT_RAW].offset = UINT64_MAX;
        s->places[WMBT_EXTENT_RAW].wanted = 0;
        break;
    case 14: /* a region of more than 2^32 bytes */
        c->shape = &wide_shape;
        c->memory = wmbt_buf_of(NULL, 0);
        c->max_blocks = 500;
        s->places[WMBT_EXTENT_COMP].stride = 1u << 24;
        s->memory.len = 30000;
        break;
    case 15: c->flags = WMBT_READER_LATE_WRITES; break;
    case 16: /* with pages no block has a place yet */
        q->pages = &s->page;
        q->page_count = 1;
        return shift(s, 1, WMBT_EXTENT_COMP, 1) == WMBT_OK ? WMBT_END : WMBT_OK;
    case 17: return stride(s, 1, WMBT_EXTENT_COMP, 0);
    case 18: c->runs = 1; break;
    case 19: /* nor is there a place for rows that a layer has not */
        s->places[WMBT_EXTENT_COMP].offset = UINT64_MAX;
        s->places[WMBT_EXTENT_COMP].stride = 1;
        break;
    default: return WMBT_END;
    }
    return WMBT_OK;
}

static bool try_init(wmbt_test *t, const drive *d, start *s,
                     wmbt_status (*change)(start *s, uint32_t n), uint32_t n)
{
    wmbt_reader *none = (wmbt_reader *)(void *)s, *r = none;
    for (uint32_t i = 0; i < DRIVE_PLACES; i++) {
        s->places[i] = d->places[i];
    }
    s->places[DRIVE_PLACES].offset = UINT64_MAX;
    s->places[DRIVE_PLACES].wanted = 2;
    s->config = d->config;
    s->prompt = d->prompt;
    s->shape = wmbt_test_shape;
    s->config.shape = &s->shape;
    s->config.places = s->places;
    s->memory = wmbt_buf_of(s->room, WMBT_READER_BYTES(BUCKET_MAX_BLOCKS, 8));
    wmbt_status want = change(s, n);
    if (want == WMBT_END) {
        return false;
    }
    wmbt_status made = wmbt_reader_init(s->memory, &s->config, 0, &r);
    wmbt_status got = made == WMBT_OK ? wmbt_reader_start(r, &s->prompt) : made;
    if (got != want || (r == none) != (made != WMBT_OK)) {
        t->got = (uint64_t)got;
        t->want = n;
        wmbt_test_fail(t, __FILE__, __LINE__, "it says what is wrong, and init() makes no reader");
    }
    return !t->failed;
}

static void test_init(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    start *s = (start *)(void *)wmbt_test_alloc(t, sizeof *s);
    T_CHECK(t, d != NULL && s != NULL);
    s->room = wmbt_test_alloc(t, 32u << 10);
    s->text = wmbt_test_alloc(t, TEXT_BYTES);
    T_CHECK(t, s->room != NULL && s->text != NULL);
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        s->text[i] = 'x';
    }
    uint32_t n = 0;
    while (try_init(t, d, s, spoil_arguments, n)) {
        n++;
    }
    T_CHECK(t, !t->failed && n == 37u);
    for (n = 0; try_init(t, d, s, spoil_rest, n);) {
        n++;
    }
    T_CHECK(t, !t->failed && n == 9u);
    for (n = 0; try_init(t, d, s, spare, n);) {
        n++;
    }
    T_CHECK(t, !t->failed && n == 20u);
    wmbt_reader *r = NULL;
    size_t size = WMBT_READER_BYTES(BUCKET_MAX_BLOCKS, 1);
    for (size_t off = 1; off < WMBT_READER_ALIGN; off++) {
        T_EQ(t, wmbt_reader_init(wmbt_buf_of(s->room + off, size), &d->config, 0, &r),
             WMBT_BUFFER_MISALIGNED);
    }
    T_CHECK(t, r == NULL);
    T_EQ(t, wmbt_reader_init(wmbt_buf_of(s->room, size), &d->config, 0, &r), WMBT_OK);
}

#if UINTPTR_MAX > 0xFFFFFFFFu /* else there is room for a tenant of any size that can be tried */
/* A tenant that there is no room for, and no more than that is wrong. */
static void test_tenant(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    uint8_t *text = wmbt_test_alloc(t, LONG_TENANT);
    size_t size = WMBT_READER_BYTES(BUCKET_MAX_BLOCKS, 1);
    uint8_t *room = wmbt_test_alloc(t, size + 4096u);
    T_CHECK(t, text != NULL && room != NULL);
    for (size_t i = 0; i < LONG_TENANT; i++) {
        text[i] = 'x';
    }
    wmbt_reader *r = NULL;
    d->prompt.chain.tenant = wmbt_view_of(text, LONG_TENANT);
    T_EQ(t, wmbt_reader_init(wmbt_buf_of(room, size), &d->config, 0, &r), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, &d->prompt), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_reader_tokens(r, NULL, 0), WMBT_BAD_STATE); /* there is no prompt */
    T_EQ(t, wmbt_reader_init(wmbt_buf_of(room, size + 4096u), &d->config, 0, &r), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, &d->prompt), WMBT_OK);
}
#endif

#if WMBT_CFG_DIALECTS
/* What another engine's chain hashes is in no bucket, though a chain could be made of it. */
static void test_engine(wmbt_test *t)
{
    static const wmbt_engine_config engine = {.dialect = &wmbt_dialect_sglang_hicache};
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    wmbt_buf room = wmbt_buf_of(wmbt_test_alloc(t, WMBT_ENGINE_BYTES(0)), WMBT_ENGINE_BYTES(0));
    wmbt_chain *chain = NULL;
    T_CHECK(t, d != NULL && room.data != NULL);
    T_CALL(t, drive_start(d));
    d->prompt.chain.dialect = WMBT_CHAIN_ENGINE;
    d->prompt.chain.engine = &engine;
    d->prompt.chain.fingerprint = wmbt_view_of(NULL, 0);
    T_EQ(t, wmbt_chain_init(room, &d->prompt.chain, &chain), WMBT_OK);
    T_EQ(t, wmbt_reader_start(d->r, &d->prompt), WMBT_BAD_ARGUMENT);
}
#endif

/* --- limits ----------------------------------------------------------------------------------- */

static wmbt_block_hash hash_of(uint32_t i)
{
    wmbt_block_hash hash = {{0}};
    hash.bytes[0] = (uint8_t)i;
    hash.bytes[1] = (uint8_t)(i >> 8);
    hash.bytes[2] = 1;
    return hash;
}

/* `most` blocks and not one more, by hashes and by tokens. */
static void check_most(drive *d, uint32_t most, uint32_t block_tokens)
{
    wmbt_test *t = d->t;
    static const uint32_t tokens[256] = {0};
    for (uint32_t i = 0; i < most; i++) {
        wmbt_block_hash hash = hash_of(i);
        T_EQ(t, wmbt_reader_hash(d->r, &hash), WMBT_OK);
    }
    wmbt_block_hash more = hash_of(most), out;
    keep(d);
    T_EQ(t, wmbt_reader_hash(d->r, &more), WMBT_FULL);
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_blocks(d->r), most);
    T_EQ(t, wmbt_reader_block_hash(d->r, most - 1u, &out), WMBT_OK);
    more = hash_of(most - 1u);
    T_BYTES(t, out.bytes, more.bytes, sizeof more.bytes);
    T_EQ(t, wmbt_reader_block_hash(d->r, most, &out), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_end(d->r, (most + 3u) * block_tokens), WMBT_OK);
    drive_prompt(d);
    for (uint32_t i = 0; i < most + 3u; i++) {
        T_EQ(t, wmbt_reader_tokens(d->r, tokens, block_tokens), WMBT_OK);
        T_EQ(t, wmbt_reader_blocks(d->r), i < most ? i + 1u : most);
    }
    T_EQ(t, wmbt_reader_end(d->r, (most + 3u) * block_tokens - 1u), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_end(d->r, (most + 3u) * block_tokens), WMBT_OK);
}

static void test_max_blocks(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t most = 1; most <= 6u; most++) {
        drive *d = make(t, &x, false, 0);
        T_CHECK(t, d != NULL);
        d->config.max_blocks = most;
        T_CALL(t, start_bare(d));
        T_CALL(t, check_most(d, most, BUCKET_BLOCK_TOKENS));
    }
    /* the rest of the prompt is run */
    drive *d = make(t, &x, false, WMBT_READER_INEXACT);
    T_CHECK(t, d != NULL);
    d->config.max_blocks = 1;
    x.b->blocks = 1;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    T_CALL(t, drive_run(d));
    wmbt_plan plan;
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
    T_EQ(t, plan.load_blocks, 1);
    T_EQ(t, plan.run_from, BUCKET_BLOCK_TOKENS);
    T_EQ(t, plan.run_tokens, x.b->token_count - BUCKET_BLOCK_TOKENS);
}

/* The engine that fills buckets hashes 512 blocks, however many fit. */
static void test_ds4_blocks(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t most = 511; most <= 514u; most++) {
        drive *d = make(t, &x, false, 0);
        T_CHECK(t, d != NULL);
        d->config.max_blocks = most;
        d->config.memory = wmbt_buf_of(NULL, 0);
        d->prompt.chain.dialect = WMBT_CHAIN_DS4;
        d->prompt.chain.block_tokens = 128;
        d->prompt.chain.fingerprint = WMBT_VIEW_LITERAL("model");
        T_CALL(t, start_bare(d));
        T_CALL(t, check_most(d, most < 512u ? most : 512u, 128));
    }
}

static void test_in_flight(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t most = 1; most <= 4u; most++) {
        drive *d = make(t, &x, false, 0);
        T_CHECK(t, d != NULL);
        d->config.in_flight = most;
        T_CALL(t, start_bare(d));
        for (uint32_t i = 0; i < BUCKET_MAX_BLOCKS; i++) {
            wmbt_block_hash hash = hash_of(i);
            T_EQ(t, wmbt_reader_hash(d->r, &hash), WMBT_OK);
        }
        wmbt_want want[4], more = {4711, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        for (uint32_t i = 0; i < most; i++) {
            T_EQ(t, wmbt_reader_next_want(d->r, &want[i]), WMBT_OK);
            T_CHECK(t, want[i].kind == WMBT_WANT_OBJECT && want[i].object == i);
            T_CHECK(t, want[i].id < most && want[i].bytes == WMBT_READER_HEADER_BYTES);
            T_CHECK(t, wmbt_reader_in_flight(d->r, i) && !wmbt_reader_in_flight(d->r, i + 1u));
        }
        keep(d);
        T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE);
        T_CHECK(t, more.serial == 4711 && is_kept(d));
        for (uint32_t i = 0; i < most; i++) { /* each is found by its serial */
            T_EQ(t, wmbt_reader_want_of(d->r, want[i].serial, &more), WMBT_OK);
            T_CHECK(t, more.id == want[i].id && more.object == i);
        }
        T_EQ(t, wmbt_reader_fail(d->r, &want[most - 1u], WMBT_MISSING), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE); /* behind one that failed */
    }
}

static void test_object_bytes(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    d->config.max_object_bytes = 143;
    T_CALL(t, drive_start(d));
    static const uint64_t sizes[] = {144, 145, UINT32_MAX, UINT64_C(0x100000090), UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, 0));
        T_CHECK(t, drive_step(d));
        T_EQ(t, wmbt_reader_found(d->r, &d->want, sizes[i]), WMBT_TOO_LARGE);
        T_EQ(t, drive_status(d, 0), WMBT_TOO_LARGE);
        T_CALL(t, drive_check_stale(d, &d->want));
    }
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, 0));
    T_CHECK(t, drive_step(d));
    T_EQ(t, wmbt_reader_found(d->r, &d->want, 143), WMBT_NEED_MORE);
    /* plain lengths: of a wrapper's claim, and of a manifest */
    static const uint8_t zeros[] = {'W',  'B',  'Z',  '1',  1,    3,   200,  0,    0, 0,
                                    0x28, 0xB5, 0x2F, 0xFD, 0x20, 200, 0x43, 0x06, 0, 0};
    for (uint32_t most = 199; most <= 200u; most++) {
        wmbt_test_reset(t);
        T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
        x.b->object[x.at[0]].bytes = wmbt_view_of(zeros, sizeof zeros);
        T_CHECK(t, (d = drive_config(t, x.b, WMBT_READER_AUDIT)) != NULL);
        d->config.max_object_bytes = most;
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, ~1u));
        drive_run(d);
        T_EQ(t, drive_status(d, 0), most < 200u ? WMBT_TOO_LARGE : WMBT_BAD_MAGIC);
        T_EQ(t, d->raw_lent, most < 200u ? 0u : 200u);
    }
    static const uint32_t forms[] = {FORM_ZSTD, FORM_CHUNK};
    for (size_t i = 0; i < 2u; i++) {
        for (uint32_t most = 143; most <= 166u; most += 23u) {
            wmbt_test_reset(t);
            T_CALL(t, drive_fill(t, &x, false, forms[i]));
            T_CHECK(t, (d = drive_config(t, x.b, WMBT_READER_AUDIT)) != NULL);
            d->config.max_object_bytes = most;
            T_CALL(t, drive_start(d));
            T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
            drive_run(d);
            T_EQ(t, drive_status(d, 0), most < 144u ? WMBT_TOO_LARGE : WMBT_OK);
        }
    }
    /* a value's parts together: less than 2^32 bytes */
    wmbt_test_reset(t);
    T_CALL(t, drive_fill(t, &x, false, FORM_CHUNK));
    T_CHECK(t, (d = drive_config(t, x.b, WMBT_READER_AUDIT)) != NULL);
    d->config.max_object_bytes = UINT32_MAX;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    while (!(d->open && d->want.kind == WMBT_WANT_OBJECT && d->raw_lent != 0u)) {
        T_CHECK(t, drive_step(d));
    }
    uint64_t manifest = x.b->object[x.at[0]].bytes.len;
    T_EQ(t, wmbt_reader_found(d->r, &d->want, UINT32_MAX - manifest + 1u), WMBT_TOO_LARGE);
    T_EQ(t, drive_status(d, 0), WMBT_TOO_LARGE);
}

/* --- input ------------------------------------------------------------------------------------ */

static void test_input(wmbt_test *t)
{
    static const uint32_t tokens[BUCKET_BLOCK_TOKENS] = {0};
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    T_CALL(t, start_bare(d));
    wmbt_block_hash hash = hash_of(0);
    wmbt_reader *r = d->r;
    T_EQ(t, wmbt_reader_tokens(r, NULL, 1), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_tokens(r, tokens, (size_t)INT32_MAX + 1u), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_reader_end(r, (uint32_t)INT32_MAX + 1u), WMBT_BAD_ARGUMENT);
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_tokens(r, tokens, 5), WMBT_OK);
    T_EQ(t, wmbt_reader_tokens(r, tokens, 5), WMBT_OK);
    T_EQ(t, wmbt_reader_tokens(r, NULL, 0), WMBT_OK);
    T_EQ(t, wmbt_reader_blocks(r), 1);
    keep(d);
    T_EQ(t, wmbt_reader_hash(r, &hash), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_tokens(r, tokens, (size_t)INT32_MAX - 9u), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_reader_end(r, 9), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_end(r, 11), WMBT_BAD_ARGUMENT);
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_end(r, 10), WMBT_OK);
    keep(d);
    T_EQ(t, wmbt_reader_end(r, 10), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_tokens(r, tokens, 1), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_tokens(r, NULL, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_hash(r, &hash), WMBT_BAD_STATE);
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_start(r, &d->prompt), WMBT_OK);
    T_EQ(t, wmbt_reader_hash(r, &hash), WMBT_OK);
    T_EQ(t, wmbt_reader_hash(r, &hash), WMBT_OK);
    keep(d);
    T_EQ(t, wmbt_reader_tokens(r, tokens, 1), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_end(r, 15), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_end(r, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_end(r, (uint32_t)INT32_MAX + 1u), WMBT_BAD_ARGUMENT);
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_end(r, (uint32_t)INT32_MAX), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, &d->prompt), WMBT_OK); /* no block at all */
    T_EQ(t, wmbt_reader_end(r, 0), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(r, &d->want), WMBT_END);
    wmbt_plan plan;
    T_EQ(t, wmbt_reader_plan(r, &plan), WMBT_OK);
    T_CHECK(t, plan.load_blocks == 0u && plan.run_from == 0u && plan.run_tokens == 0u);
}

/* 2^31 - 1 tokens, and not one more. Those behind the last block are counted, not read. */
static void test_most_tokens(wmbt_test *t)
{
    static const uint32_t tokens[BUCKET_BLOCK_TOKENS] = {0};
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    d->config.max_blocks = 1;
    T_CALL(t, start_bare(d));
    T_EQ(t, wmbt_reader_tokens(d->r, tokens, BUCKET_BLOCK_TOKENS), WMBT_OK);
    size_t left = (size_t)INT32_MAX - BUCKET_BLOCK_TOKENS;
    T_EQ(t, wmbt_reader_tokens(d->r, tokens, left + 1u), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_reader_tokens(d->r, tokens, left), WMBT_OK);
    T_EQ(t, wmbt_reader_tokens(d->r, tokens, 1), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_reader_end(d->r, (uint32_t)INT32_MAX), WMBT_OK);
}

static void same_plan(wmbt_test *t, const wmbt_plan *a, const wmbt_plan *b)
{
    T_CHECK(t, a->load_blocks == b->load_blocks && a->load_tail == b->load_tail);
    T_CHECK(t, a->run_from == b->run_from && a->run_tokens == b->run_tokens);
    T_CHECK(t, a->exact == b->exact && a->saved_tokens == b->saved_tokens);
    T_CHECK(t, a->load_reason == b->load_reason && a->tail_reason == b->tail_reason);
    T_CHECK(t, a->bytes_to_read == b->bytes_to_read && a->tail_status == b->tail_status);
}

/* Tokens in any split, wants asked for before the end or after it, and ready hashes. */
static void test_tokens_are_hashes(wmbt_test *t)
{
    uint32_t used = 0;
    for (uint32_t seed = 1; seed <= 20u; seed++) {
        uint32_t state = seed * 7919u;
        wmbt_test_reset(t);
        bucket *b = (bucket *)(void *)wmbt_test_alloc(t, sizeof *b);
        T_CHECK(t, b != NULL);
        uint8_t *workspace = wmbt_test_alloc(t, WMBT_ZSTD_WORKSPACE_BYTES);
        b->workspace = wmbt_buf_of(workspace, WMBT_ZSTD_WORKSPACE_BYTES);
        T_CALL(t, bucket_fill(t, b, &state));
        drive *d = drive_config(t, b, WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
        T_CHECK(t, d != NULL);
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        wmbt_plan by_hash, by_token;
        T_CALL(t, drive_run(d));
        T_EQ(t, wmbt_reader_plan(d->r, &by_hash), WMBT_OK);
        used += by_hash.load_blocks;
        for (uint32_t split = 1; split <= b->token_count + 1u; split += 3u) {
            T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
            drive_prompt(d);
            for (uint32_t at = 0, n; at < b->token_count; at += n) {
                n = split < b->token_count - at ? split : b->token_count - at;
                T_EQ(t, wmbt_reader_tokens(d->r, b->tokens + at, n), WMBT_OK);
            }
            T_EQ(t, wmbt_reader_end(d->r, b->token_count), WMBT_OK);
            for (uint32_t i = 0; i < b->blocks; i++) {
                wmbt_block_hash hash;
                T_EQ(t, wmbt_reader_block_hash(d->r, i, &hash), WMBT_OK);
                T_BYTES(t, hash.bytes, b->hash[i].bytes, sizeof hash.bytes);
            }
            T_CALL(t, drive_run(d));
            T_EQ(t, wmbt_reader_plan(d->r, &by_token), WMBT_OK);
            T_CALL(t, same_plan(t, &by_hash, &by_token));
        }
    }
    T_CHECK(t, used > 20u);
}

/* --- wants and keys --------------------------------------------------------------------------- */

static void test_keys(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, true, WMBT_READER_TRUST_TAIL);
    T_CHECK(t, d != NULL);
    d->config.presence_blocks = 1;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    const bucket_object *block = &x.b->object[0], *tail = &x.b->object[1];
    uint8_t key[256] = {0};
    size_t len = 4711;
    wmbt_buf all = wmbt_buf_of(key, sizeof key), less = wmbt_buf_of(key, block->key_len - 1u);
    T_CHECK(t, drive_step(d)); /* a question of presence is about no one object */
    T_EQ(t, d->want.kind, WMBT_WANT_PRESENCE);
    T_EQ(t, wmbt_reader_want_key(d->r, &d->want, all, &len), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_object_key(d->r, 1, all, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_object_key(d->r, WMBT_READER_TAIL, all, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_object_key(d->r, 0, less, &len), WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, len == 4711u && key[0] == 0u);
    T_EQ(t, wmbt_reader_object_key(d->r, 0, all, &len), WMBT_OK);
    T_EQ(t, len, block->key_len);
    T_BYTES(t, key, block->key, len);
    T_CHECK(t, drive_step(d) && drive_step(d));
    T_EQ(t, d->want.kind, WMBT_WANT_OBJECT);
    key[0] = 0;
    len = 4711;
    T_EQ(t, wmbt_reader_want_key(d->r, &d->want, less, &len), WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, len == 4711u && key[0] == 0u);
    T_EQ(t, wmbt_reader_want_key(d->r, &d->want, all, &len), WMBT_OK);
    T_BYTES(t, key, block->key, block->key_len);
    T_CALL(t, drive_run(d));
    T_EQ(t, wmbt_reader_object_key(d->r, WMBT_READER_TAIL, all, &len), WMBT_OK);
    T_EQ(t, len, tail->key_len);
    T_BYTES(t, key, tail->key, len);
    T_EQ(t, wmbt_reader_want_key(d->r, &d->want, all, &len), WMBT_STALE);
}

/* A namespace that is too long for a key, and one that no key can have. */
static void test_no_keys(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t i = 0; i < 2u; i++) {
        drive *d = make(t, &x, false, 0);
        T_CHECK(t, d != NULL);
        uint8_t *text = wmbt_test_alloc(t, 1100);
        T_CHECK(t, text != NULL);
        for (size_t k = 0; k < 1100u; k++) {
            text[k] = i == 0u ? 'n' : 0u;
        }
        d->prompt.name_space = wmbt_view_of(text, i == 0u ? 1100 : 1);
        T_CALL(t, start_bare(d));
        T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[0]), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_OK);
        uint8_t key[1200] = {0};
        size_t len = 4711;
        keep(d);
        wmbt_buf out = wmbt_buf_of(key, sizeof key);
        T_EQ(t, wmbt_reader_want_key(d->r, &d->want, out, &len), WMBT_NOT_REPRESENTABLE);
        T_EQ(t, wmbt_reader_object_key(d->r, 0, out, &len), WMBT_NOT_REPRESENTABLE);
        T_CHECK(t, len == 4711u && key[0] == 0u && is_kept(d));
    }
}

/* --- presence --------------------------------------------------------------------------------- */

static void ask(drive *d, uint32_t blocks, uint32_t presence)
{
    wmbt_test *t = d->t;
    d->config.presence_blocks = presence;
    T_CALL(t, start_bare(d));
    for (uint32_t i = 0; i < blocks; i++) {
        wmbt_block_hash hash = hash_of(i);
        T_EQ(t, wmbt_reader_hash(d->r, &hash), WMBT_OK);
    }
}

static void test_presence(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    d->config.max_blocks = 20;
    d->config.memory = wmbt_buf_of(NULL, 0);
    T_CALL(t, ask(d, 9, 10));
    wmbt_want want, other;
    uint8_t bits[2] = {0xFA, 0x01};                              /* not the first, third, last */
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_NEED_MORE); /* the question is not full */
    wmbt_block_hash hash = hash_of(9);
    T_EQ(t, wmbt_reader_hash(d->r, &hash), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_PRESENCE && want.object == 0u && want.blocks == 10u);
    T_EQ(t, want.id, d->config.in_flight);
    keep(d);
    other = want;
    other.id = 0;
    T_EQ(t, wmbt_reader_presence(d->r, &other, wmbt_view_of(bits, 2)), WMBT_STALE);
    T_EQ(t, wmbt_reader_next_want(d->r, &other), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(bits, 1)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(NULL, 0)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(NULL, 2)), WMBT_BAD_ARGUMENT);
    other = want;
    other.serial++;
    T_CALL(t, drive_check_stale(d, &other));
    other.serial -= 2u;
    T_CALL(t, drive_check_stale(d, &other));
    other = want;
    other.kind = WMBT_WANT_OBJECT;
    T_CALL(t, drive_check_stale(d, &other));
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(bits, 2)), WMBT_OK);
    T_CALL(t, drive_check_stale(d, &want));
    for (uint32_t i = 0; i < 10u; i++) {
        bool gone = i == 0u || i == 2u || i == 9u;
        T_EQ(t, drive_status(d, i), gone ? WMBT_MISSING : WMBT_NEED_MORE);
    }
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_OBJECT && want.object == 1u);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(bits, 2)), WMBT_BAD_STATE);
    /* the rest, once no more can come */
    hash = hash_of(10);
    T_EQ(t, wmbt_reader_hash(d->r, &hash), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &other), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_end(d->r, 88), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &other), WMBT_OK);
    T_CHECK(t, other.kind == WMBT_WANT_PRESENCE && other.object == 10u && other.blocks == 1u);
}

/* What the caller has is there, whatever the answer to an older question says of the bucket. */
static void test_presence_resident(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    T_CALL(t, ask(d, 3, 3));
    wmbt_want want;
    const uint8_t bits = 0x04;
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_PRESENCE && want.object == 0u && want.blocks == 3u);
    T_EQ(t, wmbt_reader_resident(d->r, 1), WMBT_OK);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(&bits, 1)), WMBT_OK);
    T_EQ(t, drive_status(d, 0), WMBT_MISSING);
    T_EQ(t, drive_status(d, 1), WMBT_OK);
    T_EQ(t, drive_status(d, 2), WMBT_NEED_MORE);
    /* once all that it asks about are there it is dead, and nobody asks about those */
    T_CALL(t, ask(d, 6, 3));
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    for (uint32_t i = 0; i < 4u; i++) {
        T_EQ(t, wmbt_reader_want_of(d->r, want.serial, &want), i < 3u ? WMBT_OK : WMBT_STALE);
        T_EQ(t, wmbt_reader_resident(d->r, i), WMBT_OK);
    }
    wmbt_want stop;
    T_EQ(t, wmbt_reader_next_want(d->r, &stop), WMBT_OK);
    T_CHECK(t, stop.kind == WMBT_WANT_STOP && stop.serial == want.serial && stop.id == want.id);
    T_EQ(t, wmbt_reader_end(d->r, 6u * BUCKET_BLOCK_TOKENS), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_PRESENCE && want.object == 4u && want.blocks == 2u);
    T_CHECK(t, want.serial > stop.serial);
    T_EQ(t, wmbt_reader_presence(d->r, &stop, wmbt_view_of(&bits, 1)), WMBT_STALE);
}

/* Policy prefix: a question behind a block that failed is dead, though blocks before that one are
 * still under way. */
static void test_presence_behind(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    d->config.in_flight = 2;
    T_CALL(t, ask(d, 6, 3));
    wmbt_want question, want[2], stop;
    const uint8_t bits = 0x07;
    T_EQ(t, wmbt_reader_next_want(d->r, &question), WMBT_OK);
    T_EQ(t, wmbt_reader_presence(d->r, &question, wmbt_view_of(&bits, 1)), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &question), WMBT_OK);
    T_CHECK(t, question.kind == WMBT_WANT_PRESENCE && question.object == 3u);
    T_EQ(t, wmbt_reader_next_want(d->r, &want[0]), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want[1]), WMBT_OK);
    T_CHECK(t, want[0].object == 0u && want[1].object == 1u);
    T_EQ(t, wmbt_reader_fail(d->r, &want[1], WMBT_MISSING), WMBT_OK);
    T_CALL(t, drive_check_stale(d, &question));
    T_EQ(t, wmbt_reader_next_want(d->r, &stop), WMBT_OK);
    T_CHECK(t, stop.kind == WMBT_WANT_STOP && stop.serial == question.serial);
    T_EQ(t, wmbt_reader_next_want(d->r, &stop), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_want_of(d->r, want[0].serial, &stop), WMBT_OK);
}

/* Blocks of a size that the shape has not: one can neither be had nor be fetched. What lies under
 * its key is damaged, or is another block. */
static void test_size_of_no_block(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t damaged = 0; damaged < 2u; damaged++) {
        drive *d = make(t, &x, false, WMBT_READER_AUDIT);
        T_CHECK(t, d != NULL);
        d->prompt.chain.block_tokens = BUCKET_BLOCK_TOKENS - 1u;
        T_CALL(t, start_bare(d));
        T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[0]), WMBT_OK);
        T_EQ(t, wmbt_reader_resident(d->r, 0), WMBT_BAD_ARGUMENT);
        uint8_t header[WMBT_READER_HEADER_BYTES];
        wmbt_want want;
        size_t taken = 0;
        wmbt_test_copy(header, x.plain.data, sizeof header);
        header[0] ^= damaged != 0u ? 1u : 0u;
        T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
        T_EQ(t, wmbt_reader_found(d->r, &want, x.plain.len), WMBT_NEED_MORE);
        wmbt_status status = damaged != 0u ? WMBT_BAD_MAGIC : WMBT_WRONG_BLOCK;
        T_EQ(t, wmbt_reader_feed(d->r, &want, 0, wmbt_view_of(header, sizeof header), &taken),
             status);
        T_EQ(t, drive_status(d, 0), status);
    }
}

/* Blocks behind one that is not there are not asked for by policy prefix; a question that fails is
 * not asked again, its blocks are asked for. */
static void test_presence_prefix(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    T_CALL(t, ask(d, 6, 3));
    T_EQ(t, wmbt_reader_end(d->r, 48), WMBT_OK);
    wmbt_want want, first;
    const uint8_t bits = 0x05;
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(&bits, 1)), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_OBJECT && want.object == 0u);
    T_EQ(t, wmbt_reader_next_want(d->r, &first), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_fail(d->r, &want, WMBT_MISSING), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_END);
    T_EQ(t, drive_status(d, 1), WMBT_MISSING);
    T_EQ(t, drive_status(d, 2), WMBT_NEED_MORE);
    T_CALL(t, ask(d, 6, 3));
    T_EQ(t, wmbt_reader_next_want(d->r, &first), WMBT_OK);
    T_EQ(t, wmbt_reader_fail(d->r, &first, WMBT_TOO_LARGE), WMBT_OK);
    T_CALL(t, drive_check_stale(d, &first));
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK); /* the next question */
    T_CHECK(t, want.kind == WMBT_WANT_PRESENCE && want.object == 3u && want.blocks == 3u);
    T_EQ(t, wmbt_reader_next_want(d->r, &first), WMBT_OK);
    T_CHECK(t, first.kind == WMBT_WANT_OBJECT && first.object == 0u);
    T_EQ(t, wmbt_reader_fail(d->r, &first, WMBT_MISSING), WMBT_OK); /* nothing is left to ask */
    T_CALL(t, drive_check_stale(d, &want));
    T_EQ(t, wmbt_reader_end(d->r, 48), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &first), WMBT_OK); /* the question is told to be dead */
    T_CHECK(t, first.kind == WMBT_WANT_STOP && first.id == want.id && first.object == 3u);
    T_CHECK(t, first.serial == want.serial);
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_END);
}

/* As many blocks as the bits of a byte: one byte is the answer, no bit behind it counts. */
static void test_presence_of_a_byte(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    d->config.max_blocks = 20;
    d->config.memory = wmbt_buf_of(NULL, 0);
    T_CALL(t, ask(d, 9, 8));
    wmbt_want want;
    const uint8_t bits[2] = {0xFF, 0};
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_OK);
    T_CHECK(t, want.kind == WMBT_WANT_PRESENCE && want.object == 0u && want.blocks == 8u);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(bits, 0)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_presence(d->r, &want, wmbt_view_of(bits, 1)), WMBT_OK);
    for (uint32_t i = 0; i < 9u; i++) {
        T_EQ(t, drive_status(d, i), WMBT_NEED_MORE);
    }
}

/* --- what the caller has, quiet, stop --------------------------------------------------------- */

/* Blocks of the prompt and no other; a resident one has no bytes as stored. */
static void test_resident(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    d->prompt.window_extra = 3;
    T_CALL(t, ask(d, 2, 0));
    keep(d);
    T_EQ(t, wmbt_reader_resident(d->r, 2), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_resident(d->r, WMBT_READER_TAIL), WMBT_BAD_ARGUMENT);
    T_CHECK(t, is_kept(d));
    T_EQ(t, wmbt_reader_resident(d->r, 0), WMBT_OK);
    wmbt_reader_object state;
    T_EQ(t, wmbt_reader_object_state(d->r, 0, &state), WMBT_OK);
    T_CHECK(t, state.status == WMBT_OK && state.bytes == 0u);
    T_EQ(t, wmbt_reader_usable_blocks(d->r), 1);
    wmbt_plan_input input;
    T_EQ(t, wmbt_reader_end(d->r, 2u * BUCKET_BLOCK_TOKENS), WMBT_OK);
    wmbt_reader_stop(d->r); /* no tail is looked for, and nothing is resident any more */
    T_EQ(t, wmbt_reader_resident(d->r, 1), WMBT_BAD_STATE);
    wmbt_want want;
    T_EQ(t, wmbt_reader_next_want(d->r, &want), WMBT_END);
    T_EQ(t, wmbt_reader_plan_input(d->r, &input), WMBT_OK);
    T_CHECK(t, input.usable_blocks == 1u && input.blocks_bytes == 0u);
    T_EQ(t, input.window_extra, 3);
}

/* A block in flight that turns out to be resident ends alone. */
static void test_resident_in_flight(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    d->config.in_flight = 3;
    wmbt_want want[3], open;
    for (uint32_t block = 0; block < 3u; block++) {
        T_CALL(t, ask(d, 3, 0));
        for (uint32_t i = 0; i < 3u; i++) {
            T_EQ(t, wmbt_reader_next_want(d->r, &want[i]), WMBT_OK);
            T_EQ(t, want[i].object, i);
        }
        T_EQ(t, wmbt_reader_resident(d->r, block), WMBT_OK);
        for (uint32_t i = 0; i < 3u; i++) {
            wmbt_status status = i == block ? WMBT_STALE : WMBT_OK;
            T_EQ(t, wmbt_reader_want_of(d->r, want[i].serial, &open), status);
            T_EQ(t, wmbt_reader_in_flight(d->r, i), i != block);
        }
    }
}

/* stop() ends the wants that are open, and takes back no stop that was due. */
static void test_stop(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    d->config.in_flight = 3;
    wmbt_want want[3], more;
    for (uint32_t failed = 0; failed <= 3u; failed++) { /* 3: none */
        T_CALL(t, ask(d, 3, 0));
        T_EQ(t, wmbt_reader_end(d->r, 3u * BUCKET_BLOCK_TOKENS), WMBT_OK);
        for (uint32_t i = 0; i < 3u; i++) {
            T_EQ(t, wmbt_reader_next_want(d->r, &want[i]), WMBT_OK);
        }
        if (failed < 3u) {
            T_EQ(t, wmbt_reader_fail(d->r, &want[failed], WMBT_MISSING), WMBT_OK);
        }
        wmbt_reader_stop(d->r);
        for (uint32_t i = 0; i < 3u; i++) {
            T_CALL(t, drive_check_stale(d, &want[i]));
            T_CHECK(t, !wmbt_reader_in_flight(d->r, i));
        }
        uint32_t seen = 0;
        for (uint32_t i = failed + 1u; i < 3u; i++) {
            T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_OK);
            T_CHECK(t, more.kind == WMBT_WANT_STOP && more.object > failed && more.object < 3u);
            T_EQ(t, more.serial, want[more.object].serial);
            seen |= 1u << more.object;
        }
        T_EQ(t, seen, failed < 3u ? 7u & ~0u << (failed + 1u) : 0u);
        T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_END);
        T_EQ(t, drive_status(d, 0), failed == 0u ? WMBT_MISSING : WMBT_NEED_MORE);
    }
}

/* With late writes what a block was lent stays lent from its end until its slot is quiet, and then
 * too it lies where it lay and was found. A new prompt waits for all slots; behind that a slot that
 * is not quiet keeps no other from its work. */
static void test_lent(wmbt_test *t)
{
    uint32_t pages[3] = {2, 1, 0};
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_NO_TAIL);
    T_CHECK(t, d != NULL);
    d->config.flags = WMBT_READER_LATE_WRITES;
    d->config.in_flight = 3;
    d->prompt.pages = pages;
    d->prompt.page_count = 3;
    wmbt_want want[3], more;
    wmbt_piece first, piece;
    T_CALL(t, ask(d, 3, 0));
    for (uint32_t i = 0; i < 3u; i++) {
        T_EQ(t, wmbt_reader_next_want(d->r, &want[i]), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_found(d->r, &want[2], x.plain.len), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_piece(d->r, 2, 36, NULL, &first), WMBT_OK);
    T_EQ(t, wmbt_reader_fail(d->r, &want[1], WMBT_MISSING), WMBT_OK);
    pages[2] = 3;
    for (uint32_t quiet = 0; quiet < 2u; quiet++) {
        T_CHECK(t,
                wmbt_reader_in_flight(d->r, 1) && wmbt_reader_in_flight(d->r, 2) == (quiet == 0u));
        T_EQ(t, wmbt_reader_piece(d->r, 2, 36, NULL, &piece), WMBT_OK);
        T_EQ(t, piece.place, first.place);
        T_EQ(t, wmbt_reader_resident(d->r, 2), WMBT_BAD_STATE);
        wmbt_reader_quiet(d->r, want[2].id);
    }
    T_CALL(t, drive_prompt(d));
    for (uint32_t i = 0; i < 3u; i++) {
        T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[i]), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE);
    wmbt_reader_quiet(d->r, want[0].id);
    T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE);
    wmbt_reader_quiet(d->r, want[1].id);
    T_EQ(t, wmbt_reader_next_want(d->r, &want[0]), WMBT_OK);
    T_EQ(t, wmbt_reader_retry(d->r, &want[0]), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want[1]), WMBT_OK);
    T_CHECK(t, want[0].object == 0u && want[1].object == 1u && want[1].id != want[0].id);
}

/* With late writes a slot whose want was withdrawn waits for quiet(), and no other does; what was
 * quiet and asked for nothing since owes nothing. */
static void test_quiet(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, 0);
    T_CHECK(t, d != NULL);
    d->config.flags = WMBT_READER_LATE_WRITES;
    d->config.in_flight = 2;
    T_CALL(t, ask(d, 3, 0));
    T_EQ(t, wmbt_reader_end(d->r, 3u * BUCKET_BLOCK_TOKENS), WMBT_OK);
    wmbt_want want[2], more;
    T_EQ(t, wmbt_reader_next_want(d->r, &want[0]), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &want[1]), WMBT_OK);
    T_CHECK(t, want[0].object == 0u && want[1].object == 1u);
    T_EQ(t, wmbt_reader_retry(d->r, &want[1]), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_resident(d->r, 2), WMBT_OK); /* nothing was asked for on its behalf */
    wmbt_reader_quiet(d->r, want[1].id);
    T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_OK);
    T_CHECK(t, more.kind == WMBT_WANT_OBJECT && more.object == 1u && more.id == want[1].id);
    T_EQ(t, wmbt_reader_retry(d->r, &more), WMBT_OK);
    wmbt_reader_quiet(d->r, want[1].id);
    T_EQ(t, wmbt_reader_fail(d->r, &want[0], WMBT_MISSING), WMBT_OK); /* ends block 1 as well */
    T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE);
    wmbt_reader_quiet(d->r, want[0].id);
    T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_END);
}

/* With late writes a stop tells of a slot that ends between two wants: its caller does not know.
 * One whose want the caller withdrew is not told of. */
static void test_quiet_between_wants(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t withdrawn = 0; withdrawn < 2u; withdrawn++) {
        drive *d = make(t, &x, false, 0);
        T_CHECK(t, d != NULL);
        d->config.flags = WMBT_READER_LATE_WRITES;
        d->config.in_flight = 2;
        T_CALL(t, ask(d, 2, 0));
        T_EQ(t, wmbt_reader_end(d->r, 2u * BUCKET_BLOCK_TOKENS), WMBT_OK);
        wmbt_view bytes = x.b->object[0].bytes; /* block 1 */
        wmbt_want want[2], more;
        size_t taken = 0;
        T_EQ(t, wmbt_reader_next_want(d->r, &want[0]), WMBT_OK);
        T_EQ(t, wmbt_reader_next_want(d->r, &want[1]), WMBT_OK);
        if (withdrawn != 0u) {
            T_EQ(t, wmbt_reader_retry(d->r, &want[1]), WMBT_OK);
        } else {
            T_EQ(t, wmbt_reader_found(d->r, &want[1], bytes.len), WMBT_NEED_MORE);
            T_EQ(t, wmbt_reader_feed(d->r, &want[1], 0, bytes, &taken), WMBT_OK);
        }
        T_EQ(t, wmbt_reader_fail(d->r, &want[0], WMBT_MISSING), WMBT_OK);
        wmbt_reader_quiet(d->r, want[0].id);
        if (withdrawn == 0u) {
            T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_OK);
            T_CHECK(t, more.kind == WMBT_WANT_STOP && more.object == 1u);
            T_CHECK(t, more.id == want[1].id && more.serial == want[1].serial);
        }
        T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_NEED_MORE);
        wmbt_reader_quiet(d->r, want[1].id);
        T_EQ(t, wmbt_reader_next_want(d->r, &more), WMBT_END);
    }
}

/* quiet() of a slot that there is not: also where what lies behind the slots is not zero. */
static void test_quiet_of_no_slot(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t slots = 1; slots <= 3u; slots++) {
        drive *d = make(t, &x, false, 0);
        T_CHECK(t, d != NULL);
        d->config.in_flight = slots;
        d->config.places = NULL;
        d->config.memory = wmbt_buf_of(NULL, 0);
        d->prompt.chain.block_tokens = 256;
        T_CALL(t, start_bare(d));
        keep(d);
        wmbt_reader_quiet(d->r, slots);
        wmbt_reader_quiet(d->r, slots + 1u);
        T_CHECK(t, is_kept(d));
    }
}

/* --- failures, results ------------------------------------------------------------------------ */

static void test_fail(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    T_CALL(t, drive_start(d));
    for (int status = -1; status <= 260; status++) {
        bool good = status == WMBT_MISSING || (status >= 16 && status <= 255);
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, 0));
        T_CHECK(t, drive_step(d));
        keep(d);
        T_EQ(t, wmbt_reader_fail(d->r, &d->want, status), good ? WMBT_OK : WMBT_BAD_ARGUMENT);
        T_EQ(t, is_kept(d), !good);
        T_EQ(t, drive_status(d, 0), good ? status : WMBT_NEED_MORE);
        T_EQ(t, wmbt_reader_in_flight(d->r, 0), !good);
    }
    T_EQ(t, wmbt_reader_fail(d->r, &d->want, WMBT_OK), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_fail(d->r, &d->want, 512), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_fail(d->r, &d->want, 128), WMBT_OK);
    for (d->want.kind = 0; d->want.kind <= WMBT_WANT_STOP; d->want.kind++) { /* of any kind */
        T_CALL(t, drive_check_stale(d, &d->want));
    }
}

static void test_results(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, true, WMBT_READER_TRUST_TAIL);
    T_CHECK(t, d != NULL);
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    wmbt_reader_object state = {4711, 1, 2, 3};
    wmbt_plan plan;
    wmbt_block_hash hash = {{9}};
    plan.load_blocks = 4711;
    do {
        T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_BAD_STATE);
        T_EQ(t, wmbt_reader_object_state(d->r, 1, &state), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_reader_object_state(d->r, WMBT_READER_TAIL - 1u, &state), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_reader_block_hash(d->r, 1, &hash), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_reader_block_hash(d->r, WMBT_READER_TAIL, &hash), WMBT_BAD_ARGUMENT);
        T_CHECK(t, plan.load_blocks == 4711u && state.status == 4711 && hash.bytes[0] == 9u);
        T_CHECK(t, !wmbt_reader_in_flight(d->r, 1));
        T_CHECK(t, drive_step(d));
    } while (drive_status(d, WMBT_READER_TAIL) == WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
    T_EQ(t, wmbt_reader_object_state(d->r, WMBT_READER_TAIL, &state), WMBT_OK);
    T_CHECK(t, state.total_tokens == 11u && state.raw_rows == 8u);
    T_EQ(t, state.bytes, x.plain.len);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_COUNTS_TRUSTED);
    T_EQ(t, plan.bytes_to_read, 144u + x.plain.len);
    T_EQ(t, wmbt_reader_usable_blocks(d->r), 1);
    T_CHECK(t, !wmbt_reader_in_flight(d->r, 0) && !wmbt_reader_in_flight(d->r, WMBT_READER_TAIL));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL)); /* of the next prompt's nothing is known */
    for (uint32_t i = 0; i < 2u; i++) {
        T_EQ(t, wmbt_reader_object_state(d->r, i == 0u ? 0u : WMBT_READER_TAIL, &state), WMBT_OK);
        T_CHECK(t, state.status == WMBT_NEED_MORE && state.bytes == 0u);
        T_CHECK(t, state.total_tokens == 0u && state.raw_rows == 0u);
    }
}

/* A block that is verified is no more than that before all is settled. */
static void test_trust_before_the_end(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, false, WMBT_READER_NO_TAIL | WMBT_READER_INEXACT);
    T_CHECK(t, d != NULL);
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    while (drive_status(d, 0) == WMBT_NEED_MORE) {
        T_EQ(t, drive_trust(d, 0), WMBT_TRUST_STAGED);
        T_CHECK(t, drive_step(d));
    }
    T_EQ(t, drive_status(d, 0), WMBT_OK);
    while (drive_status(d, 1) == WMBT_NEED_MORE) {
        T_EQ(t, drive_trust(d, 0), WMBT_TRUST_VERIFIED);
        T_EQ(t, drive_trust(d, 1), WMBT_TRUST_STAGED);
        T_CHECK(t, drive_step(d));
    }
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_trust(d, 0), WMBT_TRUST_USABLE);
    T_EQ(t, drive_trust(d, 1), WMBT_TRUST_USABLE);
}

/* A caller may say of a tail that it does not fit, unseen. */
static void test_tail_said_not_to_fit(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, true, WMBT_READER_TRUST_TAIL);
    wmbt_plan plan;
    T_CHECK(t, d != NULL);
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, 1));
    while (!(d->open && d->want.object == WMBT_READER_TAIL)) {
        T_CHECK(t, drive_step(d));
    }
    T_EQ(t, wmbt_reader_fail(d->r, &d->want, WMBT_DOES_NOT_FIT), WMBT_OK);
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
    T_CHECK(t, plan.load_blocks == 0u && plan.load_tail == 0u);
    T_EQ(t, plan.load_reason, WMBT_PLAN_SAVES_NOTHING);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_REFUSED);
    T_EQ(t, drive_status(d, WMBT_READER_TAIL), WMBT_DOES_NOT_FIT);
}

/* The plan says why an intact tail does not fit: it has 11 tokens, and the prompt ten. */
static void test_tail_past_the_prompt(wmbt_test *t)
{
    drive_bucket x;
    drive *d = make(t, &x, true, WMBT_READER_TRUST_TAIL | WMBT_READER_AUDIT);
    wmbt_plan plan;
    T_CHECK(t, d != NULL);
    x.b->token_count = 10;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, 1));
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_status(d, WMBT_READER_TAIL), WMBT_DOES_NOT_FIT);
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
    T_EQ(t, plan.tail_reason, WMBT_PLAN_TAIL_PAST_PROMPT);
    T_EQ(t, plan.load_tail, 0);
}

/* Without a tail looked for; with one that nobody vouches for, which is read and does not count. */
static void test_tail_flags(wmbt_test *t)
{
    drive_bucket x;
    static const uint32_t flags[] = {WMBT_READER_NO_TAIL, 0, WMBT_READER_TRUST_TAIL};
    static const uint32_t reasons[] = {WMBT_PLAN_TAIL_MISSING, WMBT_PLAN_TAIL_UNPROVEN,
                                       WMBT_PLAN_TAIL_COUNTS_TRUSTED};
    static const uint32_t trusts[] = {WMBT_TRUST_STAGED, WMBT_TRUST_VERIFIED, WMBT_TRUST_USABLE};
    for (uint32_t i = 0; i < 3u; i++) {
        drive *d = make(t, &x, true, flags[i]);
        wmbt_plan plan;
        T_CHECK(t, d != NULL);
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        T_CALL(t, drive_run(d));
        T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
        T_EQ(t, plan.tail_reason, reasons[i]);
        T_EQ(t, drive_trust(d, WMBT_READER_TAIL), trusts[i]);
        /* without a tail the blocks save an exact run nothing */
        T_EQ(t, drive_trust(d, 0), i == 2u ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED);
    }
}

#define ARENA (160u << 10)

static const wmbt_case cases[] = {
    {"init: every reason to refuse", test_init, 256u << 10, NULL},
#if UINTPTR_MAX > 0xFFFFFFFFu
    {"init: a tenant without room", test_tenant, LONG_TENANT + ARENA, NULL},
#endif
#if WMBT_CFG_DIALECTS
    {"start: another engine's chain", test_engine, ARENA, NULL},
#endif
    {"max_blocks", test_max_blocks, ARENA, NULL},
    {"max_blocks: 512 of ds4", test_ds4_blocks, ARENA, NULL},
    {"in_flight", test_in_flight, ARENA, NULL},
    {"max_object_bytes", test_object_bytes, ARENA, NULL},
    {"input: tokens, hash, end", test_input, ARENA, NULL},
    {"input: the most tokens", test_most_tokens, ARENA, NULL},
    {"tokens in any split give the plan of hashes", test_tokens_are_hashes, 1u << 20, NULL},
    {"keys", test_keys, ARENA, NULL},
    {"keys that cannot be", test_no_keys, ARENA, NULL},
    {"presence", test_presence, ARENA, NULL},
    {"presence: a block that is resident", test_presence_resident, ARENA, NULL},
    {"a size that no block has", test_size_of_no_block, ARENA, NULL},
    {"presence: policy prefix, failure", test_presence_prefix, ARENA, NULL},
    {"presence: a byte of blocks", test_presence_of_a_byte, ARENA, NULL},
    {"presence: behind a block that failed", test_presence_behind, ARENA, NULL},
    {"resident: which, and stop", test_resident, ARENA, NULL},
    {"resident: a block in flight ends alone", test_resident_in_flight, ARENA, NULL},
    {"stop: what is open ends, what is due is told", test_stop, ARENA, NULL},
    {"late writes: lent until it is quiet", test_lent, ARENA, NULL},
    {"quiet: who waits, and for what", test_quiet, ARENA, NULL},
    {"quiet: who ends between two wants", test_quiet_between_wants, ARENA, NULL},
    {"quiet of no slot", test_quiet_of_no_slot, ARENA, NULL},
    {"fail: every status", test_fail, ARENA, NULL},
    {"results before and after the end", test_results, ARENA, NULL},
    {"trust before the end and after it", test_trust_before_the_end, ARENA, NULL},
    {"tail: said not to fit, unseen", test_tail_said_not_to_fit, ARENA, NULL},
    {"tail: past the end of the prompt", test_tail_past_the_prompt, ARENA, NULL},
    {"tail: not looked for, unproven, trusted", test_tail_flags, ARENA, NULL},
};
WMBT_SUITE(reader_calls, cases);
