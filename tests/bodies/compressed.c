/* SPDX-License-Identifier: Apache-2.0 */
/* Compression wrapper: upstream's verdicts, the sample bucket, codecs that misbehave. */
#include "../support/fault.h"
#include "../support/test.h"

#include "wombatkv/compressed.h"
#include "wombatkv/sha256.h"
#include "wombatkv/zstd.h"

#define PATTERN 0xA5u

/* --- helpers ---------------------------------------------------------------------------------- */

static bool filled(wmbt_view v, uint8_t value)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] != value) {
            return false;
        }
    }
    return true;
}

static wmbt_buf room(wmbt_test *t, size_t n)
{
    return wmbt_buf_of(wmbt_test_alloc(t, n), n);
}

/* zstd with a workspace out of scratch memory. */
static wmbt_codec zstd_codec(wmbt_buf *workspace, wmbt_test *t)
{
    wmbt_codec codec;
    *workspace = room(t, WMBT_ZSTD_WORKSPACE_BYTES);
    codec.decode = wmbt_zstd_codec;
    codec.context = workspace;
    codec.step = NULL;
    return codec;
}

/* --- upstream's verdicts ---------------------------------------------------------------------- */

#define GOLDEN_ROOM 1048576u

/* One decode row: `raw` has data NULL where upstream returned the input. */
static void check_row(wmbt_test *t, wmbt_view object, wmbt_view raw, bool magic, wmbt_buf out)
{
    wmbt_buf workspace;
    wmbt_codec codec = zstd_codec(&workspace, t);
    wmbt_compressed_plain plain = {{NULL, 7}, 7, 7};
    wmbt_compressed_info info = {7, 7, 7, 7};
    wmbt_status probed = wmbt_compressed_probe(object, true, &info);
    bool decoded = raw.len != SIZE_MAX;
    wmbt_test_set(out.data, PATTERN, out.len);
    wmbt_status status = wmbt_compressed_unwrap(object, &codec, out, 0, &plain);
    if (decoded) {
        T_EQ(t, status, WMBT_OK);
        T_EQ(t, info.kind, WMBT_COMPRESSED_WRAPPED);
        T_EQ(t, plain.kind, WMBT_COMPRESSED_WRAPPED);
        T_CHECK(t, plain.bytes.len == raw.len);
        T_BYTES(t, plain.bytes.data, raw.data, raw.len);
        T_CHECK(t, info.algorithm == WMBT_COMPRESSED_NONE || info.plain_bytes == raw.len);
    } else if (!magic) {
        T_EQ(t, status, WMBT_OK);
        T_EQ(t, info.kind, WMBT_COMPRESSED_PLAIN);
        T_EQ(t, plain.kind, WMBT_COMPRESSED_PLAIN);
        T_CHECK(t, plain.bytes.data == object.data && plain.bytes.len == object.len);
    } else {
        T_CHECK(t, wmbt_status_is_error(status) && !wmbt_status_is_caller(status));
        T_CHECK(t, probed == WMBT_OK || probed == status);
        T_CHECK(t, plain.kind == 7u && plain.damage == 7 && plain.bytes.len == 7u);
        for (size_t i = 0; i < out.len; i++) { /* as it was, or zeroed */
            T_CHECK(t, out.data[i] == 0u || out.data[i] == PATTERN);
        }
    }
    T_CHECK(t, status != WMBT_OK || plain.damage == WMBT_OK);
    wmbt_status compatible =
        wmbt_compressed_unwrap(object, &codec, out, WMBT_COMPRESSED_PASS_THROUGH, &plain);
    if (status == WMBT_OK || status == WMBT_TOO_LARGE) {
        T_EQ(t, compatible, status);
        return;
    }
    T_EQ(t, compatible, WMBT_OK);
    T_EQ(t, plain.kind, WMBT_COMPRESSED_PASSED_THROUGH);
    T_EQ(t, plain.damage, status);
    T_CHECK(t, plain.bytes.data == object.data && plain.bytes.len == object.len);
}

/* Rows that need libzstd's support of old formats, which is not there by design. */
static bool is_legacy(wmbt_view name)
{
    wmbt_view prefix = WMBT_VIEW_LITERAL("frame_legacy_");
    return name.len > prefix.len && wmbt_test_same(name.data, prefix.data, prefix.len);
}

/* Without an algorithm the bytes are stored as they are; they may look like a wrapper. */
static void check_unencoded(wmbt_test *t, const wmbt_view *cells, bool magic, wmbt_buf out)
{
    wmbt_view object = wmbt_cell_bytes(t, cells[5]);
    wmbt_view raw = wmbt_cell_bytes(t, cells[4]);
    T_EQ(t, object.len, raw.len);
    T_BYTES(t, object.data, raw.data, raw.len);
    if (!magic) {
        check_row(t, object, wmbt_view_of(NULL, SIZE_MAX), false, out);
    }
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t rows = 0, legacy = 0, unencoded = 0;
    T_CHECK(t, wmbt_test_data(t, "golden/vectors/node_wbz1.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        bool encoded = wmbt_test_view_is(cells[1], "encode");
        if (encoded && wmbt_test_view_is(cells[2], "lz4")) { /* upstream makes none: no bytes */
            T_CHECK(t, wmbt_test_view_is(cells[6], "err:lz4"));
            continue;
        }
        wmbt_buf out = room(t, GOLDEN_ROOM);
        bool magic = wmbt_test_view_is(cells[7], "1");
        if (encoded && wmbt_test_view_is(cells[2], "none")) {
            T_CALL(t, check_unencoded(t, cells, magic, out));
            unencoded++;
            continue;
        }
        wmbt_view object = wmbt_cell_bytes(t, cells[5]); /* what upstream encodes decodes */
        wmbt_view raw = wmbt_view_of(NULL, SIZE_MAX);
        if (encoded || wmbt_test_view_is(cells[6], "decoded")) {
            raw = wmbt_cell_bytes(t, cells[4]);
        }
        if (is_legacy(cells[0])) {
            raw.len = SIZE_MAX;
            legacy++;
        }
        T_CALL(t, check_row(t, object, raw, magic, out));
        rows++;
    }
    T_CALL(t, (void)0);
    T_EQ(t, rows, 1017);
    T_EQ(t, legacy, 2);
    T_EQ(t, unencoded, 34);
}

/* Claims that pass the room of the other case: with room, upstream's answer is ours. */
static void test_large_claim(wmbt_test *t)
{
    static const uint8_t object[] = {0x57, 0x42, 0x5a, 0x31, 0x01, 0x03, 0x00, 0x00, 0x00,
                                     0x04, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x22, 0x85, 0x00,
                                     0x00, 0x50, 0x6d, 0x2c, 0x16, 0xe7, 0xed, 0x2e, 0x1c,
                                     0x5c, 0x67, 0x52, 0x01, 0x00, 0x20, 0x28, 0x02};
    wmbt_buf workspace, out = room(t, 67108864u);
    wmbt_codec codec = zstd_codec(&workspace, t);
    wmbt_compressed_plain plain;
    wmbt_view view = wmbt_view_of(object, sizeof object); /* row raw_len_64M */
    T_EQ(t, wmbt_compressed_unwrap(view, &codec, out, 0, &plain), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_compressed_unwrap(view, &codec, out, WMBT_COMPRESSED_PASS_THROUGH, &plain),
         WMBT_OK);
    T_CHECK(t, plain.bytes.data == object && plain.damage == WMBT_BAD_LENGTH);
    out.len--;
    T_EQ(t, wmbt_compressed_unwrap(view, &codec, out, 0, &plain), WMBT_TOO_LARGE);
}

/* --- the sample bucket ------------------------------------------------------------------------ */

static bool ends_with(wmbt_view v, const char *text)
{
    wmbt_view end = wmbt_test_text(text);
    return v.len >= end.len && wmbt_test_same(v.data + (v.len - end.len), end.data, end.len);
}

static void check_object(wmbt_test *t, const wmbt_view *cells, wmbt_buf out)
{
    char name[512] = "golden/bucket/bucket/";
    size_t at = 21;
    for (size_t i = 0; i < cells[0].len && at + 1u < sizeof name; i++) {
        name[at++] = (char)cells[0].data[i];
    }
    name[at] = 0;
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, name, &object));
    wmbt_buf workspace;
    wmbt_codec codec = zstd_codec(&workspace, t);
    wmbt_compressed_plain plain;
    T_EQ(t, wmbt_compressed_unwrap(object, &codec, out, WMBT_COMPRESSED_PASS_THROUGH, &plain),
         WMBT_OK);
    bool damaged = ends_with(cells[6], "undecodable") || ends_with(cells[6], "algorithm-2");
    bool is_plain = wmbt_test_view_is(cells[6], "plain");
    T_EQ(t, plain.kind,
         damaged    ? WMBT_COMPRESSED_PASSED_THROUGH
         : is_plain ? WMBT_COMPRESSED_PLAIN
                    : WMBT_COMPRESSED_WRAPPED);
    T_EQ(t, plain.bytes.len, wmbt_cell_u64(t, cells[7]));
    uint8_t digest[32];
    T_EQ(t, wmbt_sha256_once(plain.bytes, digest), WMBT_OK);
    T_BYTES(t, digest, wmbt_cell_bytes(t, cells[8]).data, 32);
}

#define BUCKET_ROOM 4194304u

/* Every object that fits: the plain bytes are those that upstream hands out. */
static void test_bucket(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t objects = 0;
    T_CHECK(t, wmbt_test_data(t, "golden/bucket/MANIFEST.tsv", &text));
    wmbt_table_open(&table, text, true);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        /* "-": never stored */
        if (wmbt_test_view_is(cells[1], "-") || wmbt_cell_u64(t, cells[7]) > BUCKET_ROOM) {
            continue;
        }
        T_CALL(t, check_object(t, cells, room(t, BUCKET_ROOM)));
        objects++;
    }
    T_CALL(t, (void)0);
    T_EQ(t, objects, 117);
}

/* --- header ----------------------------------------------------------------------------------- */

static void test_probe_prefixes(wmbt_test *t)
{
    static const uint8_t object[] = {'W', 'B', 'Z', '1', 1, 3, 0x78, 0x56, 0x34, 0x12, 'x'};
    for (size_t n = 0; n <= sizeof object; n++) {
        wmbt_compressed_info info = {7, 7, 7, 7};
        wmbt_status status = wmbt_compressed_probe(wmbt_view_of(object, n), false, &info);
        T_EQ(t, status, n < 10u ? WMBT_NEED_MORE : WMBT_OK);
        T_CHECK(t, n >= 10u || (info.kind == 7u && info.plain_bytes == 7u));
        status = wmbt_compressed_probe(wmbt_view_of(object, n), true, &info);
        T_EQ(t, status, n < 4u ? WMBT_OK : n < 10u ? WMBT_TRUNCATED : WMBT_OK);
        if (n < 4u) {
            T_CHECK(t, info.kind == WMBT_COMPRESSED_PLAIN && info.algorithm == 0u);
            T_CHECK(t, info.level == 0u && info.plain_bytes == 0u);
        } else if (n < 10u) {
            T_CHECK(t, info.kind == 7u && info.plain_bytes == 7u);
        } else {
            T_CHECK(t, info.kind == WMBT_COMPRESSED_WRAPPED && info.algorithm == 1u);
            T_CHECK(t, info.level == 3u && info.plain_bytes == 0x12345678u);
        }
    }
}

static void test_probe_decides_early(wmbt_test *t)
{
    wmbt_compressed_info info = {7, 7, 7, 7};
    T_EQ(t, wmbt_compressed_probe(WMBT_VIEW_LITERAL("WBX"), false, &info), WMBT_OK);
    T_CHECK(t, info.kind == WMBT_COMPRESSED_PLAIN && info.algorithm == 0u);
    T_CHECK(t, info.level == 0u && info.plain_bytes == 0u);
    T_EQ(t, wmbt_compressed_probe(WMBT_VIEW_LITERAL("K"), false, &info), WMBT_OK);
    T_EQ(t, wmbt_compressed_probe(WMBT_VIEW_LITERAL("WBZ1\2\3\0\0\0\0"), false, &info),
         WMBT_UNSUPPORTED_ALGORITHM);
}

static void test_hostile_algorithm(wmbt_test *t)
{
    for (unsigned algorithm = 0; algorithm < 256u; algorithm++) {
        uint8_t object[12] = {'W', 'B', 'Z', '1', (uint8_t)algorithm, 3, 0, 0, 0, 0, 9, 9};
        wmbt_view payload = {NULL, 7};
        wmbt_compressed_info info = {7, 7, 7, 7};
        wmbt_status status = wmbt_compressed_parse(wmbt_view_of(object, 12), &info, &payload);
        T_EQ(t, status, algorithm < 2u ? WMBT_OK : WMBT_UNSUPPORTED_ALGORITHM);
        T_EQ(t, payload.len, algorithm < 2u ? 2 : 7);
        T_EQ(t, info.kind, algorithm < 2u ? 1 : 7);
    }
}

/* --- codecs ----------------------------------------------------------------------------------- */

typedef struct fake {
    unsigned calls;
    wmbt_view frames;
    size_t room;
    size_t writes; /* bytes that it writes */
    size_t says;   /* and says that it wrote */
    wmbt_status status;
    uint8_t *spoil; /* a byte that changes meanwhile */
} fake;

static wmbt_status fake_decode(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    fake *f = context;
    f->calls++;
    f->frames = frames;
    f->room = out.len;
    for (size_t i = 0; i < f->writes; i++) {
        out.data[i] = 0x11;
    }
    if (f->spoil != NULL) {
        *f->spoil = 0xFF;
    }
    if (f->status == WMBT_OK) {
        *written = f->says;
    }
    return f->status;
}

static const uint8_t small[] = {'W', 'B', 'Z', '1', 1, 3, 5, 0, 0, 0, 1, 2, 3};

static wmbt_status unwrap_small(fake *f, wmbt_buf out, uint32_t flags, wmbt_compressed_plain *plain)
{
    wmbt_codec codec = {fake_decode, f, NULL};
    return wmbt_compressed_unwrap(wmbt_view_of(small, sizeof small), &codec, out, flags, plain);
}

static void test_codec_gets_the_claim(wmbt_test *t)
{
    uint8_t memory[9];
    wmbt_buf out = wmbt_buf_of(memory, sizeof memory);
    wmbt_compressed_plain plain;
    fake f = {0, {NULL, 0}, 0, 5, 5, WMBT_OK, NULL};
    wmbt_test_set(out.data, PATTERN, out.len);
    T_EQ(t, unwrap_small(&f, out, 0, &plain), WMBT_OK);
    T_CHECK(t, f.calls == 1u && f.frames.data == small + 10 && f.frames.len == 3u && f.room == 5u);
    T_CHECK(t, plain.bytes.data == memory && plain.bytes.len == 5u && plain.damage == WMBT_OK);
    T_CHECK(t, filled(wmbt_view_of(memory + 5, 4), PATTERN));
}

static void test_hostile_raw_len(wmbt_test *t)
{
    uint8_t memory[8];
    wmbt_compressed_plain plain = {{NULL, 7}, 7, 7};
    fake f = {0, {NULL, 0}, 0, 5, 5, WMBT_OK, NULL};
    for (size_t n = 0; n < 5u; n++) {
        wmbt_test_set(memory, PATTERN, 8);
        T_EQ(t, unwrap_small(&f, wmbt_buf_of(memory, n), 0, &plain), WMBT_TOO_LARGE);
        T_EQ(t, unwrap_small(&f, wmbt_buf_of(memory, n), 1, &plain), WMBT_TOO_LARGE);
        T_CHECK(t, f.calls == 0u && plain.kind == 7u && filled(wmbt_view_of(memory, 8), PATTERN));
    }
    uint8_t object[13];
    for (size_t i = 0; i < sizeof object; i++) {
        object[i] = small[i];
    }
    object[6] = object[7] = object[8] = object[9] = 0xFF; /* 4 GiB less one byte */
    wmbt_codec codec = {fake_decode, &f, NULL};
    T_EQ(t,
         wmbt_compressed_unwrap(wmbt_view_of(object, sizeof object), &codec, wmbt_buf_of(memory, 8),
                                0, &plain),
         WMBT_TOO_LARGE);
    T_EQ(t, f.calls, 0);
}

static void test_codec_of_another_length(wmbt_test *t)
{
    uint8_t memory[8];
    wmbt_buf out = wmbt_buf_of(memory, sizeof memory);
    for (size_t n = 0; n < 5u; n++) {
        wmbt_compressed_plain plain = {{NULL, 7}, 7, 7};
        fake f = {0, {NULL, 0}, 0, n, n, WMBT_OK, NULL};
        wmbt_test_set(out.data, PATTERN, out.len);
        T_EQ(t, unwrap_small(&f, out, 0, &plain), WMBT_BAD_LENGTH);
        T_CHECK(t, plain.kind == 7u && filled(wmbt_view_of(memory, 5), 0));
        T_CHECK(t, filled(wmbt_view_of(memory + 5, 3), PATTERN));
        T_EQ(t, unwrap_small(&f, out, WMBT_COMPRESSED_PASS_THROUGH, &plain), WMBT_OK);
        T_CHECK(t, plain.bytes.data == small && plain.damage == WMBT_BAD_LENGTH);
    }
}

static void test_codec_errors(wmbt_test *t)
{
    static const wmbt_status statuses[][2] = {
        {WMBT_TOO_LARGE, WMBT_BAD_LENGTH}, /* more than the claim */
        {WMBT_BAD_BITSTREAM, WMBT_BAD_BITSTREAM},
        {WMBT_BUFFER_TOO_SMALL, WMBT_BUFFER_TOO_SMALL},
    };
    uint8_t memory[5];
    for (unsigned i = 0; i < 3u; i++) {
        wmbt_compressed_plain plain = {{NULL, 7}, 7, 7};
        fake f = {0, {NULL, 0}, 0, 0, 0, statuses[i][0], NULL};
        T_EQ(t, unwrap_small(&f, wmbt_buf_of(memory, 5), 0, &plain), statuses[i][1]);
        T_EQ(t, plain.kind, 7);
        /* The caller's mistake is not the object's damage. */
        T_EQ(t, unwrap_small(&f, wmbt_buf_of(memory, 5), 1, &plain), i < 2u ? 0 : statuses[i][1]);
        T_EQ(t, plain.kind, i < 2u ? WMBT_COMPRESSED_PASSED_THROUGH : 7u);
    }
}

static void test_no_codec(wmbt_test *t)
{
    wmbt_codec codec = {NULL, NULL, NULL};
    wmbt_compressed_plain plain;
    uint8_t memory[5];
    wmbt_buf out = wmbt_buf_of(memory, 5);
    T_EQ(t, wmbt_compressed_unwrap(wmbt_view_of(small, sizeof small), &codec, out, 0, &plain),
         WMBT_UNSUPPORTED_ALGORITHM);
    T_EQ(t, wmbt_compressed_unwrap(WMBT_VIEW_LITERAL("KVB1"), &codec, out, 0, &plain), WMBT_OK);
    T_EQ(t, plain.kind, WMBT_COMPRESSED_PLAIN);
    T_EQ(t,
         wmbt_compressed_unwrap(WMBT_VIEW_LITERAL("WBZ1\0\3\7\0\0\0abc"), &codec, out, 0, &plain),
         WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(plain.bytes, "abc") && plain.kind == WMBT_COMPRESSED_WRAPPED);
}

/* The header is read once: what it turns into while the codec works changes nothing. */
static void test_changing_object(wmbt_test *t)
{
    for (size_t at = 0; at < 10u; at++) {
        uint8_t object[13], memory[8];
        for (size_t i = 0; i < sizeof object; i++) {
            object[i] = small[i];
        }
        fake f = {0, {NULL, 0}, 0, 5, 5, WMBT_OK, object + at};
        wmbt_codec codec = {fake_decode, &f, NULL};
        wmbt_compressed_plain plain;
        T_EQ(t,
             wmbt_compressed_unwrap(wmbt_view_of(object, sizeof object), &codec,
                                    wmbt_buf_of(memory, 8), 0, &plain),
             WMBT_OK);
        T_CHECK(t, plain.bytes.data == memory && plain.bytes.len == 5u);
    }
}

static void test_bad_arguments(wmbt_test *t)
{
    wmbt_codec codec = {NULL, NULL, NULL};
    wmbt_compressed_plain plain = {{NULL, 7}, 7, 7};
    wmbt_compressed_info info;
    wmbt_view bad = {NULL, 1}, payload, empty = {NULL, 0};
    wmbt_buf none = {NULL, 0}, bad_out = {NULL, 1};
    T_EQ(t, wmbt_compressed_probe(bad, true, &info), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_compressed_parse(bad, &info, &payload), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_compressed_unwrap(bad, &codec, none, 0, &plain), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_compressed_unwrap(empty, &codec, bad_out, 0, &plain), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_compressed_unwrap(empty, &codec, none, 2, &plain), WMBT_BAD_ARGUMENT);
    T_CHECK(t, plain.kind == 7u && plain.bytes.len == 7u);
    T_EQ(t, wmbt_compressed_unwrap(empty, &codec, none, 0, &plain), WMBT_OK);
    T_CHECK(t, plain.bytes.len == 0u && plain.kind == WMBT_COMPRESSED_PLAIN);
}

static const wmbt_case cases[] = {
    {"upstream's verdicts, strict and compatible", test_golden, 4194304,
     "golden/vectors/node_wbz1.tsv"},
    {"a claim of 64 MiB", test_large_claim, 67108864 + 65536, NULL},
    {"the sample bucket", test_bucket, 4194304 + 65536,
     "golden/bucket/MANIFEST.tsv golden/bucket/bucket/**"},
    {"the first bytes", test_probe_prefixes, 0, NULL},
    {"a plain object is known at its first other byte", test_probe_decides_early, 0, NULL},
    {"hostile algorithm", test_hostile_algorithm, 0, NULL},
    {"the codec gets what the header says", test_codec_gets_the_claim, 0, NULL},
    {"hostile raw_len", test_hostile_raw_len, 0, NULL},
    {"a payload of another length", test_codec_of_another_length, 0, NULL},
    {"errors of the codec", test_codec_errors, 0, NULL},
    {"no codec", test_no_codec, 0, NULL},
    {"an object that changes meanwhile", test_changing_object, 0, NULL},
    {"bad arguments", test_bad_arguments, 0, NULL},
};
WMBT_SUITE(compressed, cases);
