/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: every check fails in turn. A sound object is stored in one of the forms there are, one
 * thing about it is changed, and the bytes come in every schedule. Whatever the change: the reader
 * says end, calls the object ok, and hands out its pieces above staged, only if whole objects
 * (bucket.c: kvblock, rawtail, compressed, largevalue) say ok; a block or tail that they refuse is
 * not in the plan; and fed in order it gets their status.
 */
#include "../support/drive.h"
#include "wombatkv/kvblock.h"

#define SHAPE (&wmbt_test_shape)

/* The object under change: block 0 of two, or the tail behind one block. */
typedef struct faults {
    wmbt_test *t;
    bucket *b;
    drive *audit, *prefix;
    bool tail;
    uint32_t form;
    uint32_t at;     /* of the stored object that is changed, in b->object */
    uint8_t *bytes;  /* its bytes, may be written */
    size_t len;      /* of them when it is sound */
    wmbt_view plain; /* the sound object */
    uint32_t total;  /* tokens of the tail as it is now, if whole objects say ok */
    uint32_t passed; /* changes that did no harm */
    uint32_t turn;
} faults;

#define EXTRA 8u /* bytes that can be put behind an object */

/* `part` 1 is the chunk, 0 what stands at the object's own key. */
static void set_up(wmbt_test *t, faults *f, bool tail, uint32_t form, uint32_t part)
{
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, tail, form));
    f->t = t;
    f->b = x.b;
    f->tail = tail;
    f->form = form;
    f->at = x.at[part];
    f->plain = x.plain;
    f->passed = 0;
    f->turn = 0;
    wmbt_view sound = f->b->object[f->at].bytes;
    f->len = sound.len;
    f->bytes = wmbt_test_alloc(t, f->len + EXTRA);
    T_CHECK(t, f->bytes != NULL);
    for (size_t i = 0; i < f->len; i++) {
        f->bytes[i] = sound.data[i];
    }
    f->b->object[f->at].bytes = wmbt_view_of(f->bytes, f->len);
    f->audit =
        drive_config(t, f->b, WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
    f->prefix = drive_config(t, f->b, WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
    T_CHECK(t, f->audit != NULL && f->prefix != NULL);
    T_CALL(t, drive_start(f->audit));
    T_CALL(t, drive_start(f->prefix));
}

/* What whole objects say of the object as it is now. */
static wmbt_status truth_of(faults *f)
{
    wmbt_rawtail_info info = {0, 0, 0, 0, 0, 0};
    size_t mark = f->t->arena_used;
    wmbt_status status = bucket_read(f->t, f->b, 0, f->tail, &info).status;
    f->t->arena_used = mark;
    f->total = info.total_tokens;
    if (status == WMBT_OK && f->tail) {
        status = wmbt_rawtail_fits(&info, SHAPE, BUCKET_BLOCK_TOKENS, BUCKET_BLOCK_TOKENS,
                                   f->b->token_count);
    }
    return status;
}

/* Fed in order an object gets the status of its whole reader, but in two cases. */
static bool is_same(const faults *f, wmbt_status got, wmbt_status want)
{
    /* A tail whose rows do not lie where those of a tail that fits do is followed by its CRC alone:
     * it is intact or not, and does not fit; what else is wrong with its numbers is not said. */
    if (f->tail && got == WMBT_DOES_NOT_FIT) {
        return want == WMBT_DOES_NOT_FIT || want == WMBT_BAD_COUNT || want == WMBT_TRUNCATED ||
               want == WMBT_TRAILING_BYTES || want == WMBT_BAD_END_MARKER;
    }
    /* A chunk whose wrapper claims another length than the manifest is refused for that at once. */
    if (FORM_IS_CHUNK(f->form) && got == WMBT_BAD_LENGTH) {
        return want == WMBT_BAD_LENGTH || want == WMBT_TOO_LARGE;
    }
    return got == want;
}

static void check_result(faults *f, drive *d, wmbt_status want)
{
    wmbt_test *t = f->t;
    uint32_t object = f->tail ? WMBT_READER_TAIL : 0u;
    wmbt_status got = drive_status(d, object);
    bool good = want == WMBT_OK;
    bool audit = (d->prompt.flags & WMBT_READER_AUDIT) != 0u;
    wmbt_plan plan;
    T_CHECK(t, d->said == WMBT_END);
    T_EQ(t, got == WMBT_OK, good);
    T_CHECK(t, good || wmbt_status_is_error(got) || got == WMBT_MISSING);
    if (d->how <= DRIVE_BYTES && audit && !is_same(f, got, want)) {
        T_EQ(t, got, want);
    }
    T_EQ(t, wmbt_reader_plan(d->r, &plan), WMBT_OK);
    T_EQ(t, drive_trust(d, object), good ? WMBT_TRUST_USABLE : WMBT_TRUST_STAGED);
    if (f->tail) {
        T_EQ(t, plan.load_tail, good);
        T_EQ(t, plan.load_blocks, 1);
        T_EQ(t, plan.run_from, good ? f->total : BUCKET_BLOCK_TOKENS);
        return;
    }
    T_EQ(t, plan.load_blocks, good ? 2 : 0);
    T_EQ(t, wmbt_reader_usable_blocks(d->r), plan.load_blocks);
    if (!good) { /* the block behind is judged by policy audit only, and is not usable */
        T_EQ(t, drive_trust(d, 1), audit ? WMBT_TRUST_VERIFIED : WMBT_TRUST_STAGED);
        T_EQ(t, drive_status(d, 1), audit ? WMBT_OK : WMBT_NEED_MORE);
    }
    if (good) {
        drive_check_rows(d, object, f->plain);
    }
}

static void judge_as(faults *f, drive *d, uint32_t how, wmbt_status want)
{
    uint32_t changed = f->tail ? DRIVE_TAIL_BIT : 1u;
    T_CALL(f->t, drive_reset(d, how, want == WMBT_OK ? DRIVE_ALL : ~changed));
    T_CALL(f->t, drive_run(d));
    T_CALL(f->t, check_result(f, d, want));
}

/* Feeds the object as it is now: in order, and in another way each time; all ways if `each`. */
static void judge(faults *f, bool each)
{
    wmbt_status want = truth_of(f);
    f->passed += want == WMBT_OK ? 1u : 0u;
    T_CALL(f->t, judge_as(f, f->audit, DRIVE_WHOLE, want));
    for (uint32_t how = 1; how < DRIVE_HOWS; how++) {
        if (each || how == 1u + f->turn % (DRIVE_HOWS - 1u)) {
            T_CALL(f->t, judge_as(f, f->audit, how, want));
            T_CALL(f->t, judge_as(f, f->prefix, each ? how : f->turn % DRIVE_HOWS, want));
        }
    }
    f->turn++;
}

/* --- cases ------------------------------------------------------------------------------------ */

/* Whether the flip of a bit does no harm, by the formats' rules. */
static bool is_harmless(const faults *f, uint32_t part, size_t bit)
{
    bool none = f->form == FORM_NONE || (f->form == FORM_CHUNK_NONE && part == 1u);
    bool zstd = f->form == FORM_ZSTD || f->form == FORM_CHUNK_ZSTD;
    if (none || zstd) {
        size_t plain = f->len - (none ? 10u : 22u);
        return bit / 8u == 5u ||                             /* a wrapper's level */
               (none && bit / 8u >= 6u && bit / 8u < 10u) || /* the length it claims: not needed */
               (zstd && bit == 8u * 14u + 4u) ||             /* RFC 8878 leaves it unused */
               (zstd && bit == 8u * 14u + 7u && plain < 256u);
        /* the last: a size in one byte, not four; the others are an empty block */
    }
    return false;
}

static void flips(wmbt_test *t, bool tail, uint32_t form, uint32_t part, uint32_t stride)
{
    faults f;
    wmbt_test_reset(t);
    T_CALL(t, set_up(t, &f, tail, form, part));
    T_CALL(t, judge(&f, true));
    T_EQ(t, f.passed, 1); /* it is sound before anything is changed */
    for (size_t bit = 0; bit < f.len * 8u; bit += bit < 8u * 64u ? T_MANY(1u, stride) : stride) {
        f.passed = 0;
        f.bytes[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
        t->got = bit;
        T_CALL(t, judge(&f, false));
        f.bytes[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
        T_EQ(t, f.passed, is_harmless(&f, part, bit));
    }
    T_CALL(t, judge(&f, true)); /* and after it: readers that refused all that work on */
}

static void every_form(wmbt_test *t, bool tail, uint32_t stride,
                       void (*run)(wmbt_test *t, bool tail, uint32_t form, uint32_t part,
                                   uint32_t stride))
{
    static const char *const names[FORMS] = {"plain", "wrapped, none",  "wrapped, zstd",
                                             "chunk", "chunk, wrapped", "chunk, zstd"};
    for (uint32_t form = 0; form < FORMS; form++) {
        for (uint32_t part = 0; part < (FORM_IS_CHUNK(form) ? 2u : 1u); part++) {
            wmbt_test_where(t, wmbt_test_text(names[form]));
            T_CALL(t, run(t, tail, form, part, stride));
        }
    }
}

static void test_block_flips(wmbt_test *t)
{
    every_form(t, false, T_MANY(1, 23), flips);
}

static void test_tail_flips(wmbt_test *t)
{
    every_form(t, true, T_MANY(5, 211), flips);
}

static void lengths(wmbt_test *t, bool tail, uint32_t form, uint32_t part, uint32_t stride)
{
    faults f;
    wmbt_test_reset(t);
    T_CALL(t, set_up(t, &f, tail, form, part));
    wmbt_view *stored = &f.b->object[f.at].bytes;
    for (size_t len = 0; len <= f.len + EXTRA; len += stride) {
        stored->len = len;
        t->got = len;
        f.passed = 0;
        T_CALL(t, judge(&f, len < 40u || len + 40u > f.len));
        T_EQ(t, f.passed, len == f.len);
    }
    stored->len = f.len;
    f.passed = 0;
    T_CALL(t, judge(&f, true));
    T_EQ(t, f.passed, 1);
}

static void test_block_lengths(wmbt_test *t)
{
    every_form(t, false, T_MANY(1, 13), lengths);
}

static void test_tail_lengths(wmbt_test *t)
{
    every_form(t, true, T_MANY(1, 67), lengths);
}

/* --- numbers under a right CRC ---------------------------------------------------------------- */

/* A block's CRC follows its body, which begins at 24. A tail's stands at 12, and its body at 16. */
static void fix_crc(const faults *f)
{
    uint32_t n = (uint32_t)f->len;
    if (f->tail) {
        wmbt_test_store32(f->bytes + 12, wmbt_test_crc32c(0, f->bytes + 16, n - 16u));
    } else {
        wmbt_test_store32(f->bytes + n - 4u, wmbt_test_crc32c(0, f->bytes + 24, n - 28u));
    }
}

/* Every number of an object set to others, each time under the right CRC. One does no harm: the
 * tail is then one of 10 tokens, which has as many partial rows as one of 11. */
static void numbers(wmbt_test *t, faults *f, const uint16_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *p = f->bytes + offsets[i];
        uint32_t was = wmbt_test_load32(p);
        const uint32_t others[] = {0,
                                   1,
                                   2,
                                   was + 1u,
                                   was - 1u,
                                   was * 2u,
                                   was / 2u,
                                   was ^ 256u,
                                   0x7FFFFFFF,
                                   0x80000000u,
                                   ~UINT32_C(0),
                                   ~was,
                                   was << 8,
                                   was + (1u << 16)};
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
            if (others[k] == was) {
                continue;
            }
            wmbt_test_store32(p, others[k]);
            fix_crc(f);
            t->got = offsets[i];
            t->want = others[k];
            T_CALL(t, judge(f, T_MANY(true, false)));
            T_EQ(t, f->passed, f->tail && offsets[i] == 32u && others[k] == 10u);
            f->passed = 0;
        }
        wmbt_test_store32(p, was);
        fix_crc(f);
    }
    T_CALL(t, judge(f, true));
    T_EQ(t, f->passed, 1);
}

/* Every two numbers wrong at once, and the CRC, and the length: which status is said first. */
static void pairs(wmbt_test *t, faults *f, const uint16_t *offsets, size_t count)
{
    wmbt_view *stored = &f->b->object[f->at].bytes;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k += T_MANY(1u, 4u)) {
            f->bytes[offsets[i]] ^= 1u;
            f->bytes[offsets[k]] ^= 1u;
            static const size_t longer[] = {0, 1, 4, 5, 6}; /* by as much, less 5 */
            for (size_t n = 0; n < 5u; n++) {
                stored->len = f->len - 5u + longer[n];
                t->got = offsets[i];
                t->want = offsets[k];
                T_CALL(t, judge(f, false));
                T_EQ(t, f->passed, 0);
            }
            f->bytes[offsets[i]] ^= 1u;
            f->bytes[offsets[k]] ^= 1u;
        }
    }
    stored->len = f->len;
    T_CALL(t, judge(f, true));
    T_EQ(t, f->passed, 1);
}

/* Offsets of the small shape's block, by hand: six of the header, then ratio and counts; a row, the
 * CRC. */
#define BLOCK_NUMBERS 15u
static const uint16_t block_offsets[BLOCK_NUMBERS + 2u] = {
    0, 4, 8, 12, 16, 20, 24, 28, 32, 52, 64, 68, 80, 84, 120, 72, 143,
};

static void test_block_numbers(wmbt_test *t)
{
    faults f;
    T_CALL(t, set_up(t, &f, false, FORM_PLAIN, 0));
    T_EQ(t, f.len, 144);
    T_CALL(t, numbers(t, &f, block_offsets, BLOCK_NUMBERS));
    f.passed = 0;
    pairs(t, &f, block_offsets, BLOCK_NUMBERS + 2u);
}

/* A block that is cut off within a number is truncated, whatever the bytes of it that are there. */
static void test_block_cuts(wmbt_test *t)
{
    faults f;
    T_CALL(t, set_up(t, &f, false, FORM_PLAIN, 0));
    for (size_t i = 0; i < BLOCK_NUMBERS; i++) {
        f.bytes[block_offsets[i]] ^= 1u;
        for (uint32_t bytes = 1; bytes <= 4u; bytes++) {
            f.b->object[f.at].bytes.len = block_offsets[i] + bytes;
            t->got = f.b->object[f.at].bytes.len;
            T_CALL(t, judge(&f, true));
            T_EQ(t, f.passed, 0);
        }
        f.bytes[block_offsets[i]] ^= 1u;
    }
}

/* Feeds a block as far as it is there: its header, and then byte by byte. */
static wmbt_status feed_cut(drive *d, wmbt_view block)
{
    const wmbt_block_hash hash = {{1}};
    wmbt_want want;
    size_t taken;
    wmbt_status status;
    if (wmbt_reader_start(d->r, &d->prompt) != WMBT_OK ||
        wmbt_reader_hash(d->r, &hash) != WMBT_OK || wmbt_reader_next_want(d->r, &want) != WMBT_OK ||
        wmbt_reader_found(d->r, &want, block.len) != WMBT_NEED_MORE) {
        return WMBT_BAD_STATE;
    }
    status = wmbt_reader_feed(d->r, &want, 0, wmbt_view_of(block.data, WMBT_READER_HEADER_BYTES),
                              &taken);
    if (status == WMBT_OK) { /* the header is complete */
        status = wmbt_reader_next_want(d->r, &want) == WMBT_OK ? WMBT_NEED_MORE : WMBT_BAD_STATE;
    }
    for (uint32_t i = WMBT_READER_HEADER_BYTES; i < block.len && status == WMBT_NEED_MORE; i++) {
        status = wmbt_reader_feed(d->r, &want, i, wmbt_view_of(block.data + i, 1), &taken);
    }
    return status;
}

/* The same where the number comes in pieces, for it stands behind the header: any byte of it may be
 * wrong. */
static void test_block_cuts_in_pieces(wmbt_test *t)
{
    enum { TOKENS = 4 * BUCKET_BLOCK_TOKENS, ROOM = 1024 };
    drive_bucket x;
    wmbt_kvblock_walk walk;
    wmbt_body_part part;
    uint32_t numbers = 0;
    size_t len = 0;
    T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
    drive *d = drive_config(t, x.b, WMBT_READER_AUDIT | WMBT_READER_NO_TAIL);
    uint8_t *block = wmbt_test_alloc(t, ROOM);
    T_CHECK(t, d != NULL && block != NULL);
    d->config.max_blocks = 1;
    d->config.places = NULL;
    d->config.memory = wmbt_buf_of(NULL, 0);
    d->prompt.chain.block_tokens = TOKENS;
    T_CALL(t, drive_start(d));
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(block, ROOM), SHAPE, TOKENS, 0, &len), WMBT_OK);
    T_EQ(t, feed_cut(d, wmbt_view_of(block, len)), WMBT_END);
    T_EQ(t, wmbt_kvblock_walk_init(&walk, SHAPE, TOKENS), WMBT_OK);
    while (wmbt_kvblock_walk_next(&walk, &part) == WMBT_OK) {
        uint32_t at = (uint32_t)part.extent.offset;
        if (part.mismatch == WMBT_OK || at < WMBT_READER_HEADER_BYTES) {
            continue;
        }
        numbers++;
        for (uint32_t bytes = 1; bytes < 4u; bytes++) {
            for (uint32_t wrong = 0; wrong < bytes; wrong++) {
                block[at + wrong] ^= 1u;
                T_EQ(t, feed_cut(d, wmbt_view_of(block, at + bytes)), WMBT_TRUNCATED);
                block[at + wrong] ^= 1u;
            }
        }
    }
    T_CHECK(t, numbers >= 2u);
}

/* The same of the tail: magic, version, length and the five numbers, counts and marker; a row, the
 * CRC. */
static void test_tail_numbers(wmbt_test *t)
{
    uint16_t offsets[32] = {0, 4, 8, 16, 20, 24, 28, 32};
    size_t count = 8;
    faults f;
    T_CALL(t, set_up(t, &f, true, FORM_PLAIN, 0));
    wmbt_rawtail_walk walk;
    wmbt_body_part part;
    T_EQ(t, wmbt_rawtail_walk_init(&walk, SHAPE, 11, 8, 8), WMBT_OK);
    while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind == WMBT_EXTENT_FIELD) {
            offsets[count++] = (uint16_t)part.extent.offset;
        }
    }
    T_EQ(t, count, 8 + 5 + 1); /* counts of two layers with indexer, of one without; the marker */
    T_CALL(t, numbers(t, &f, offsets, count));
    offsets[count++] = 100;
    offsets[count++] = 12;
    f.passed = 0;
    pairs(t, &f, offsets, count);
}

/* One number behind the header is wrong, under a right CRC. With another count of rows it is a tail
 * that does not fit; without its marker it is damaged. */
static void test_tail_count_or_marker(wmbt_test *t)
{
    faults f;
    wmbt_rawtail_walk walk;
    wmbt_body_part part;
    T_CALL(t, set_up(t, &f, true, FORM_PLAIN, 0));
    T_EQ(t, wmbt_rawtail_walk_init(&walk, SHAPE, 11, 8, 8), WMBT_OK);
    while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind == WMBT_EXTENT_FIELD) {
            uint8_t *number = f.bytes + part.extent.offset;
            bool marker = part.extent.offset == f.len - 4u;
            *number ^= 1u;
            fix_crc(&f);
            for (uint32_t how = DRIVE_WHOLE; how <= DRIVE_BYTES; how++) {
                T_CALL(t, drive_reset(f.audit, how, ~DRIVE_TAIL_BIT));
                T_CALL(t, drive_run(f.audit));
                T_EQ(t, drive_status(f.audit, WMBT_READER_TAIL),
                     marker ? WMBT_BAD_END_MARKER : WMBT_DOES_NOT_FIT);
            }
            *number ^= 1u;
        }
    }
}

/* --- placed ----------------------------------------------------------------------------------- */

/* Rows that hardware put in place, whose CRC is not what it said. */
static void wrong_crcs(wmbt_test *t, bool tail)
{
    faults f;
    T_CALL(t, set_up(t, &f, tail, FORM_PLAIN, 0));
    T_CALL(t, judge_as(&f, f.audit, DRIVE_PLACED, truth_of(&f)));
    uint32_t rows = f.audit->placed; /* a block has one run of rows behind its head */
    T_CHECK(t, tail ? rows > 4u : rows == 2u);
    for (uint32_t i = tail ? 1u : 0u; i < (tail ? rows : 1u); i++) {
        for (uint32_t bit = 0; bit <= 32u; bit++) {
            drive *d = bit % 2u != 0u ? f.prefix : f.audit;
            d->wrong_at = i;
            d->wrong_crc = bit < 32u ? 1u << bit : 0xFFFFFFFFu;
            T_CALL(t, judge_as(&f, d, DRIVE_PLACED, WMBT_BAD_CHECKSUM));
            T_EQ(t, drive_status(d, tail ? WMBT_READER_TAIL : 0u), WMBT_BAD_CHECKSUM);
            d->wrong_at = DRIVE_NEVER;
        }
    }
    T_CALL(t, judge_as(&f, f.audit, DRIVE_PLACED, WMBT_OK));
}

static void test_placed_block(wmbt_test *t)
{
    wrong_crcs(t, false);
}

static void test_placed_tail(wmbt_test *t)
{
    wrong_crcs(t, true);
}

#define ARENA (192u << 10)

static const wmbt_case cases[] = {
    {"block: every bit, in every form", test_block_flips, ARENA, NULL},
    {"tail: every bit, in every form", test_tail_flips, ARENA, NULL},
    {"block: every length", test_block_lengths, ARENA, NULL},
    {"tail: every length", test_tail_lengths, ARENA, NULL},
    {"block: every number under a right CRC", test_block_numbers, ARENA, NULL},
    {"block: cut off within a wrong number", test_block_cuts, ARENA, NULL},
    {"block: cut off within a number that comes in pieces", test_block_cuts_in_pieces, ARENA, NULL},
    {"tail: every number under a right CRC", test_tail_numbers, ARENA, NULL},
    {"tail: a count of rows, and the marker", test_tail_count_or_marker, ARENA, NULL},
    {"block: placed with a wrong CRC", test_placed_block, ARENA, NULL},
    {"tail: placed with a wrong CRC", test_placed_tail, ARENA, NULL},
};
WMBT_SUITE(reader_faults, cases);
