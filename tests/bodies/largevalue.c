/* SPDX-License-Identifier: Apache-2.0 */
/*
 * largevalue. The manifests, chunks and ids are those of the sample bucket (golden/bucket) and of a
 * capture (golden/captures): made by upstream's client. What upstream's parser takes is in
 * docs/FORMATS.md; no table of it exists, so the rows below are written from its source's rules.
 */
#include "wombatkv/largevalue.h"

#include "../support/fault.h"

#define ID "3c1f67b0d8d83d6691b478b0381885f874310289f7cf0f9b1ba2dc5aae240ddf"
#define ID_OVER "754fc0d7f0267e66a3c2088b2aae00d8d18a4e812b798e2f12957d3239f995ab"
#define MARK "WMBT_KV_SHM_LARGE_V1\n"
#define TEXT MARK ID "\n24069920\n6\n"

#if WMBT_CFG_WRITERS
static const uint8_t tail_id[32] = {
    0x3c, 0x1f, 0x67, 0xb0, 0xd8, 0xd8, 0x3d, 0x66, 0x91, 0xb4, 0x78, 0xb0, 0x38, 0x18, 0x85, 0xf8,
    0x74, 0x31, 0x02, 0x89, 0xf7, 0xcf, 0x0f, 0x9b, 0x1b, 0xa2, 0xdc, 0x5a, 0xae, 0x24, 0x0d, 0xdf};
#endif

static const wmbt_largevalue pattern = {{NULL, 4711}, 4712, 4713, 4714};

static bool is_pattern(const wmbt_largevalue *m)
{
    return m->id.data == NULL && m->id.len == 4711u && m->total_bytes == 4712u &&
           m->chunks == 4713u && m->flags == 4714u;
}

static void set_pattern(wmbt_largevalue *m)
{
    m->id.data = pattern.id.data;
    m->id.len = pattern.id.len;
    m->total_bytes = pattern.total_bytes;
    m->chunks = pattern.chunks;
    m->flags = pattern.flags;
}

/* Parses; on an error the output must be untouched. */
static wmbt_status parse(wmbt_test *t, wmbt_view text, uint32_t flags, wmbt_largevalue *m)
{
    set_pattern(m);
    wmbt_status status = wmbt_largevalue_parse(text, flags, m);
    if ((status != WMBT_OK) != is_pattern(m)) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the manifest is changed on ok, and only then");
    }
    return status;
}

/* --- real data -------------------------------------------------------------------------------- */

/* The reply to a get of a chunked raw tail: an envelope of 16 bytes, then the text. */
static void test_capture(wmbt_test *t)
{
    wmbt_view reply;
    T_CHECK(t, wmbt_test_data(t, "golden/captures/59_cold_get_kv_chunked_value.resp.bin", &reply));
    T_CHECK(t, reply.len > 16u + 97u);
    wmbt_view text = wmbt_view_of(reply.data + 16, 97);
    T_CHECK(t, wmbt_test_view_is(text, TEXT));
    for (uint32_t flags = 0; flags < 2; flags++) {
        wmbt_largevalue m;
        T_EQ(t, parse(t, text, flags, &m), WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(m.id, ID));
        T_EQ(t, m.total_bytes, 24069920);
        T_EQ(t, m.chunks, 6);
        T_EQ(t, m.flags, flags);
    }
#if WMBT_CFG_WRITERS
    uint8_t out[WMBT_LARGEVALUE_MAX_TEXT];
    size_t len = 0;
    T_EQ(t, wmbt_largevalue_write(tail_id, 24069920, wmbt_buf_of(out, sizeof out), &len), WMBT_OK);
    T_EQ(t, len, text.len);
    T_BYTES(t, out, text.data, len);
#endif
}

static bool begins_with(wmbt_view text, wmbt_view start)
{
    return text.len >= start.len && wmbt_test_same(text.data, start.data, start.len);
}

/* Every chunk of the bucket has the key and the size that the manifest of its value plans. */
static void check_chunks(wmbt_test *t, const char *text, const char *folder, uint32_t chunks)
{
    wmbt_view table_text;
    T_CHECK(t, wmbt_test_data(t, "golden/bucket/MANIFEST.tsv", &table_text));
    wmbt_largevalue m;
    T_EQ(t, parse(t, wmbt_test_text(text), 0, &m), WMBT_OK);
    T_EQ(t, m.chunks, chunks);
    wmbt_largevalue_join join;
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, m.total_bytes, chunks), WMBT_OK);
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table_open(&table, table_text, true);
    uint32_t bytes_column = wmbt_table_column(t, &table, "value_size");
    uint32_t found = 0;
    while (!t->failed && wmbt_table_next(t, &table, cells)) {
        if (!begins_with(cells[0], wmbt_test_text(folder))) {
            continue;
        }
        uint8_t key[WMBT_LARGEVALUE_KEY_BYTES(13, 7, 64)];
        size_t len = 0;
        T_EQ(t,
             wmbt_largevalue_chunk_key(&m, wmbt_test_text("kv/puffer-shm"),
                                       wmbt_test_text("default"), found,
                                       wmbt_buf_of(key, sizeof key), &len),
             WMBT_OK);
        T_EQ(t, len, cells[0].len);
        T_BYTES(t, key, cells[0].data, len);
        wmbt_largevalue_place place;
        uint64_t bytes = wmbt_cell_u64(t, cells[bytes_column]);
        T_EQ(t, wmbt_largevalue_join_next(&join, &place), WMBT_OK);
        T_EQ(t, place.index, found);
        T_EQ(t, place.offset, (uint64_t)found * WMBT_LARGEVALUE_CHUNK_BYTES);
        T_EQ(t, place.bytes, bytes);
        T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_TRUNCATED);
        T_EQ(t, wmbt_largevalue_join_chunk(&join, bytes), WMBT_OK);
        found++;
    }
    T_EQ(t, found, chunks);
    T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_OK);
}

static void test_bucket(wmbt_test *t)
{
    T_CALL(t, check_chunks(t, TEXT, "kv/puffer-shm/default/__wmbt_kv_shm_large/3c1f67b0", 6));
    T_CALL(t, check_chunks(t, MARK ID_OVER "\n4194033\n2\n",
                           "kv/puffer-shm/default/__wmbt_kv_shm_large/754fc0d7", 2));
}

#if WMBT_CFG_BLAKE3
/* The bucket's chunked tail is the engine's object t_r128_n300_k1, its other chunked value the
 * bytes 7 i mod 256: their ids follow from namespace, key and bytes. */
static void test_id(wmbt_test *t)
{
    wmbt_view tail;
    T_CHECK(t, wmbt_test_data(t, "golden/engine/t_r128_n300_k1.rtt1", &tail));
    uint8_t *memory = wmbt_test_alloc(t, WMBT_BLAKE3_BYTES(1 << 25));
    T_CHECK(t, memory != NULL);
    wmbt_blake3 *x;
    T_EQ(t, wmbt_blake3_init(wmbt_buf_of(memory, WMBT_BLAKE3_BYTES(1 << 25)), &x), WMBT_OK);
    wmbt_largevalue m;
    T_EQ(t, parse(t, wmbt_test_text(TEXT), 0, &m), WMBT_OK);
    wmbt_view key =
        wmbt_test_text("wombatkv/v1/sidecar/raw_tail/b3="
                       "355fb5183c7c61d906566fa01757bdbfc159393557ae49eafdf3e01d8b2fdfb2");
    wmbt_view space = wmbt_test_text("default");
    T_EQ(t, wmbt_largevalue_id_begin(x, space, key, tail.len), WMBT_OK);
    T_EQ(t, wmbt_blake3_update(x, tail), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_is(&m, x), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_begin(x, space, key, tail.len - 1), WMBT_OK);
    T_EQ(t, wmbt_blake3_update(x, tail), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_is(&m, x), WMBT_BAD_DIGEST);

    T_EQ(t, parse(t, wmbt_test_text(MARK ID_OVER "\n4194033\n2\n"), 0, &m), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_begin(x, space, wmbt_test_text("notes/over-limit"), 4194033),
         WMBT_OK);
    uint8_t bytes[256];
    for (uint32_t i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)(7 * i);
    }
    for (uint32_t left = 4194033, n; left != 0; left -= n) {
        n = left < 256 ? left : 256;
        T_EQ(t, wmbt_blake3_update(x, wmbt_view_of(bytes, n)), WMBT_OK);
    }
    T_EQ(t, wmbt_largevalue_id_is(&m, x), WMBT_OK);
    T_EQ(t, parse(t, wmbt_test_text(MARK "x\n4194033\n2\n"), 1, &m), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_is(&m, x), WMBT_BAD_DIGEST);
    T_EQ(t, parse(t, wmbt_test_text(MARK ID_OVER "\n4194033\n2\n"), 0, &m), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_begin(x, wmbt_view_of(NULL, 1), key, 1), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_largevalue_id_begin(x, space, wmbt_view_of(NULL, 1), 1), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_largevalue_id_is(&m, x), WMBT_OK); /* nothing changed */
    /* a state with room for a chunk: 22 bytes of mark, two zeros, a length of 8 */
    const size_t most = 1024u - 22u - 2u - 8u;
    wmbt_view text = wmbt_view_of(wmbt_test_alloc(t, most + 9u), most);
    T_EQ(t, wmbt_blake3_init(wmbt_buf_of(memory, WMBT_BLAKE3_BYTES(1024)), &x), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_begin(x, text, wmbt_view_of(NULL, 0), 1), WMBT_OK);
    T_EQ(t, wmbt_largevalue_id_begin(x, wmbt_view_of(NULL, 0), text, 1), WMBT_OK);
    for (text.len++; text.len <= most + 9u; text.len += 4u) { /* the length, a zero, the text */
        T_EQ(t, wmbt_largevalue_id_begin(x, text, wmbt_view_of(NULL, 0), 1), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_largevalue_id_begin(x, wmbt_view_of(NULL, 0), text, 1), WMBT_TOO_LARGE);
    }
    text.len = 1024;
    T_EQ(t, wmbt_largevalue_id_begin(x, text, wmbt_view_of(NULL, 0), 1), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_largevalue_id_begin(x, wmbt_view_of(NULL, 0), text, 1), WMBT_TOO_LARGE);
}
#endif

/* --- parse ------------------------------------------------------------------------------------ */

/* Text, what we say, what upstream's rules say (the statuses of compatible mode). */
static const struct {
    const char *text;
    wmbt_status strict, compat;
    uint64_t total, chunks; /* if the compatible mode accepts */
    const char *id;
} rows[] = {
    {TEXT, WMBT_OK, WMBT_OK, 24069920, 6, ID},
    {MARK ID "\n0\n0\n", WMBT_OK, WMBT_OK, 0, 0, ID},
    {MARK ID "\n1\n1\n", WMBT_OK, WMBT_OK, 1, 1, ID},
    {MARK ID "\n4190192\n1\n", WMBT_OK, WMBT_OK, 4190192, 1, ID},
    {MARK ID "\n4190193\n2\n", WMBT_OK, WMBT_OK, 4190193, 2, ID},
    {MARK ID "\n18446744073709551615\n4402362486901\n", WMBT_OK, WMBT_OK, UINT64_MAX, 4402362486901,
     ID},
    /* not the mark */
    {"", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"\n", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"WMBT_KV_SHM_LARGE_V", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"WMBT_KV_SHM_LARGE_V2\n" ID "\n1\n1\n", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"WMBT_KV_SHM_LARGE_V1 \n" ID "\n1\n1\n", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"WMBT_KV_SHM_LARGE_V1\r\r\n" ID "\n1\n1\n", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"WMBT_KV_SHM_LARGE_V1\r", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {" " TEXT, WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"wmbt_kv_shm_large_v1\n" ID "\n1\n1\n", WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    {"\xEF\xBB\xBF" TEXT, WMBT_BAD_MAGIC, WMBT_BAD_MAGIC, 0, 0, NULL},
    /* cut off */
    {"WMBT_KV_SHM_LARGE_V1", WMBT_TRUNCATED, WMBT_TRUNCATED, 0, 0, NULL},
    {MARK, WMBT_TRUNCATED, WMBT_TRUNCATED, 0, 0, NULL},
    {MARK ID, WMBT_TRUNCATED, WMBT_TRUNCATED, 0, 0, NULL},
    {MARK ID "\n", WMBT_TRUNCATED, WMBT_TRUNCATED, 0, 0, NULL},
    {MARK ID "\n1", WMBT_TRUNCATED, WMBT_TRUNCATED, 0, 0, NULL},
    {MARK ID "\n1\n", WMBT_TRUNCATED, WMBT_TRUNCATED, 0, 0, NULL},
    {MARK ID "\n1\n1", WMBT_TRUNCATED, WMBT_OK, 1, 1, ID},
    {MARK ID "\n1\n1\r", WMBT_TRUNCATED, WMBT_BAD_NUMBER, 0, 0, NULL},
    /* ids */
    {MARK "\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ""},
    {MARK "..\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ".."},
    {MARK "../../etc/passwd\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, "../../etc/passwd"},
    {MARK ID "0\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ID "0"},
    {MARK ID " \n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ID " "},
    {MARK "3C1f67b0d8d83d6691b478b0381885f874310289f7cf0f9b1ba2dc5aae240ddf\n1\n1\n", WMBT_BAD_TEXT,
     WMBT_OK, 1, 1, "3C1f67b0d8d83d6691b478b0381885f874310289f7cf0f9b1ba2dc5aae240ddf"},
    {MARK "g\xC3\xA9\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, "g\xC3\xA9"},
    {MARK "g\xE9\n1\n1\n", WMBT_BAD_TEXT, WMBT_BAD_TEXT, 0, 0, NULL},
    {MARK ID "\r\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ID},
    {MARK ID "\r\r\n1\n1\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ID "\r"},
    /* numbers */
    {MARK ID "\n\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n1\n\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n+1\n1\n", WMBT_BAD_NUMBER, WMBT_OK, 1, 1, ID},
    {MARK ID "\n1\n+1\n", WMBT_BAD_NUMBER, WMBT_OK, 1, 1, ID},
    {MARK ID "\n+\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n++1\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n-1\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n01\n1\n", WMBT_BAD_NUMBER, WMBT_OK, 1, 1, ID},
    {MARK ID "\n1\n0001\n", WMBT_BAD_NUMBER, WMBT_OK, 1, 1, ID},
    {MARK ID "\n00\n0\n", WMBT_BAD_NUMBER, WMBT_OK, 0, 0, ID},
    {MARK ID "\n 1\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n1 \n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n0x1\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n1_0\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n1\r\n1\n", WMBT_BAD_NUMBER, WMBT_OK, 1, 1, ID},
    {MARK ID "\n1\n1\r\n", WMBT_BAD_NUMBER, WMBT_OK, 1, 1, ID},
    {MARK ID "\n18446744073709551616\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n1\n18446744073709551616\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    {MARK ID "\n99999999999999999999999999\n1\n", WMBT_BAD_NUMBER, WMBT_BAD_NUMBER, 0, 0, NULL},
    /* counts */
    {MARK ID "\n0\n1\n", WMBT_BAD_COUNT, WMBT_OK, 0, 1, ID},
    {MARK ID "\n1\n0\n", WMBT_BAD_COUNT, WMBT_OK, 1, 0, ID},
    {MARK ID "\n1\n2\n", WMBT_BAD_COUNT, WMBT_OK, 1, 2, ID},
    {MARK ID "\n4190192\n2\n", WMBT_BAD_COUNT, WMBT_OK, 4190192, 2, ID},
    {MARK ID "\n4190193\n1\n", WMBT_BAD_COUNT, WMBT_OK, 4190193, 1, ID},
    {MARK ID "\n1\n18446744073709551615\n", WMBT_BAD_COUNT, WMBT_OK, 1, UINT64_MAX, ID},
    {MARK ID "\n1\n4294967297\n", WMBT_BAD_COUNT, WMBT_OK, 1, UINT64_C(4294967297), ID},
    {MARK ID "\n18446744073709551615\n1\n", WMBT_BAD_COUNT, WMBT_OK, UINT64_MAX, 1, ID},
    /* what follows */
    {TEXT "\n", WMBT_TRAILING_BYTES, WMBT_OK, 24069920, 6, ID},
    {TEXT "more", WMBT_TRAILING_BYTES, WMBT_OK, 24069920, 6, ID},
    {TEXT "a\nb\r\nc", WMBT_TRAILING_BYTES, WMBT_OK, 24069920, 6, ID},
    {TEXT "\xFF", WMBT_TRAILING_BYTES, WMBT_BAD_TEXT, 0, 0, NULL},
    /* all of it with CRLF */
    {"WMBT_KV_SHM_LARGE_V1\r\n" ID "\r\n1\r\n1\r\n", WMBT_BAD_TEXT, WMBT_OK, 1, 1, ID},
};

static void test_texts(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_view text = wmbt_test_text(rows[i].text);
        wmbt_test_where(t, text);
        wmbt_largevalue m;
        wmbt_status strict = parse(t, text, 0, &m);
        T_EQ(t, strict, rows[i].strict);
        wmbt_status compat = parse(t, text, WMBT_LARGEVALUE_COMPAT, &m);
        T_EQ(t, compat, rows[i].compat);
        T_CHECK(t, strict != WMBT_OK || compat == WMBT_OK);
        if (compat == WMBT_OK) {
            T_EQ(t, m.total_bytes, rows[i].total);
            T_EQ(t, m.chunks, rows[i].chunks);
            T_CHECK(t, wmbt_test_view_is(m.id, rows[i].id));
        }
    }
    /* a NUL is a character like any other */
    wmbt_largevalue m;
    T_EQ(t, parse(t, WMBT_VIEW_LITERAL(MARK "a\0b\n1\n1\n"), 0, &m), WMBT_BAD_TEXT);
    T_EQ(t, parse(t, WMBT_VIEW_LITERAL(MARK "a\0b\n1\n1\n"), 1, &m), WMBT_OK);
    T_EQ(t, m.id.len, 3);
    T_EQ(t, parse(t, WMBT_VIEW_LITERAL(MARK ID "\n1\0\n1\n"), 1, &m), WMBT_BAD_NUMBER);
    T_EQ(t, parse(t, wmbt_view_of(NULL, 1), 0, &m), WMBT_BAD_ARGUMENT);
    T_EQ(t, parse(t, wmbt_view_of(NULL, 0), 0, &m), WMBT_BAD_MAGIC);
    T_EQ(t, parse(t, wmbt_test_text(TEXT), 2, &m), WMBT_BAD_ARGUMENT);
}

/* Around every multiple of the chunk size, the one right count is accepted. */
static void test_counts(wmbt_test *t)
{
#if WMBT_CFG_WRITERS
    uint32_t state = 17;
    for (uint32_t i = 0; i < 3000; i++) {
        uint64_t chunks = i < 1000 ? i : (uint64_t)wmbt_test_random(&state) << (i % 10);
        for (uint64_t d = 0; d < 3; d++) {
            uint64_t total = chunks * WMBT_LARGEVALUE_CHUNK_BYTES + d - 1u;
            uint64_t want = total == UINT64_MAX ? UINT64_C(4402362486901) : chunks + d / 2u;
            uint8_t out[WMBT_LARGEVALUE_MAX_TEXT];
            size_t len = 0;
            T_EQ(t, wmbt_largevalue_write(tail_id, total, wmbt_buf_of(out, sizeof out), &len),
                 WMBT_OK);
            wmbt_largevalue m;
            T_EQ(t, parse(t, wmbt_view_of(out, len), 0, &m), WMBT_OK);
            T_EQ(t, m.total_bytes, total);
            T_EQ(t, m.chunks, want);
        }
    }
#else
    (void)t;
#endif
}

static void try_cut(wmbt_test *t, void *context, wmbt_view changed, size_t kept)
{
    (void)context;
    wmbt_largevalue m;
    T_EQ(t, parse(t, changed, 0, &m), kept < 20 ? WMBT_BAD_MAGIC : WMBT_TRUNCATED);
    wmbt_status compat = parse(t, changed, WMBT_LARGEVALUE_COMPAT, &m);
    /* upstream takes it without its last line end */
    T_EQ(t, compat, kept < 20 ? WMBT_BAD_MAGIC : kept < 96 ? WMBT_TRUNCATED : WMBT_OK);
}

static void try_flip(wmbt_test *t, void *context, wmbt_view changed, size_t bit)
{
    (void)context;
    wmbt_largevalue m;
    wmbt_status strict = parse(t, changed, 0, &m);
    wmbt_status compat = parse(t, changed, WMBT_LARGEVALUE_COMPAT, &m);
    T_CHECK(t, strict != WMBT_OK || compat == WMBT_OK);
    if (bit < 168) {
        /* the mark's line; LF can become no other line end by one bit */
        T_EQ(t, strict, WMBT_BAD_MAGIC);
        T_EQ(t, compat, WMBT_BAD_MAGIC);
    }
    if (strict == WMBT_OK) { /* another digit of the id, or a total of as many chunks */
        T_CHECK(t, m.id.len == 64u && m.chunks == 6u && m.total_bytes < 6u * 4190192u + 1u);
    }
}

static void test_faults(wmbt_test *t)
{
    wmbt_view text = wmbt_test_text(TEXT);
    T_EQ(t, text.len, 97);
    T_CALL(t, wmbt_fault_truncate(t, text, 1, try_cut, NULL));
    T_CALL(t, wmbt_fault_flip(t, text, 1, try_flip, NULL));
}

/* --- keys ------------------------------------------------------------------------------------- */

static wmbt_status build(wmbt_test *t, const wmbt_largevalue *m, const char *prefix,
                         const char *space, uint64_t index, size_t room, uint8_t *out, size_t *len)
{
    for (size_t i = 0; i < 1100; i++) {
        out[i] = 0x5A;
    }
    *len = 4711;
    wmbt_status status = wmbt_largevalue_chunk_key(m, wmbt_test_text(prefix), wmbt_test_text(space),
                                                   index, wmbt_buf_of(out, room), len);
    bool same = true, zero = true;
    for (size_t i = 0; i < 1100; i++) {
        same = same && out[i] == 0x5A;
        zero = zero && (out[i] == 0 || out[i] == 0x5A);
    }
    if (status != WMBT_OK &&
        !(*len == 4711u && (same || (status == WMBT_NOT_REPRESENTABLE && zero)))) {
        wmbt_test_fail(t, __FILE__, __LINE__, "nothing is left of a key on an error");
    }
    return status;
}

static void test_key_ids(wmbt_test *t)
{
    static const char *const bad[] = {"",     ".",    "..", "/",    "a/b",    "../x",   "x/..",
                                      "/abs", "a\\b", "C:", "a\tb", "a\x7Fz", "a\x1Fz", "..\\x"};
    static const char *const good[] = {"...", ".a", "a..", "g\xC3\xA9", "a b", ID};
    uint8_t out[1100];
    size_t len;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wmbt_largevalue m = {wmbt_test_text(bad[i]), 1, 1, WMBT_LARGEVALUE_COMPAT};
        T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_NOT_REPRESENTABLE);
    }
    wmbt_largevalue nul = {WMBT_VIEW_LITERAL("a\0b"), 1, 1, WMBT_LARGEVALUE_COMPAT};
    T_EQ(t, build(t, &nul, "kv", "n", 0, 1100, out, &len), WMBT_NOT_REPRESENTABLE);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        wmbt_largevalue m = {wmbt_test_text(good[i]), 1, 1, WMBT_LARGEVALUE_COMPAT};
        T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_OK);
        T_EQ(t, len, 2 + 1 + 1 + 1 + 19 + 1 + m.id.len + 1 + 8);
    }
}

static void test_key_forms(wmbt_test *t)
{
    uint8_t out[1100];
    size_t len;
    wmbt_largevalue m = {wmbt_test_text("I"), 1, UINT64_MAX, WMBT_LARGEVALUE_COMPAT};
    static const struct {
        uint64_t index;
        const char *space, *want;
    } keys[] = {
        {0, "n", "kv/a/n/__wmbt_kv_shm_large/I/00000000"},
        {99999999, "n", "kv/a/n/__wmbt_kv_shm_large/I/99999999"},
        {100000000, "n", "kv/a/n/__wmbt_kv_shm_large/I/100000000"},
        {UINT64_MAX - 1u, "", "kv/a/__wmbt_kv_shm_large/I/18446744073709551614"},
        {7, "", "kv/a/__wmbt_kv_shm_large/I/00000007"},
    };
    for (size_t i = 0; i < 5; i++) {
        wmbt_view want = wmbt_test_text(keys[i].want);
        for (size_t room = 0; room <= want.len; room++) {
            T_EQ(t, build(t, &m, "kv/a", keys[i].space, keys[i].index, room, out, &len),
                 room == want.len ? WMBT_OK : WMBT_BUFFER_TOO_SMALL);
        }
        T_EQ(t, len, want.len);
        T_BYTES(t, out, want.data, len);
        T_CHECK(t, len <= WMBT_LARGEVALUE_KEY_BYTES(4, wmbt_test_text(keys[i].space).len, 1));
    }
    T_EQ(t, build(t, &m, "kv", "n", UINT64_MAX, 1100, out, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, build(t, &m, "", "n", 0, 1100, out, &len), WMBT_BAD_ARGUMENT);
    m.chunks = 0;
    T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_BAD_ARGUMENT);
}

/* A key never passes the limit: 1024 bytes are built, 1025 are refused. */
static void test_key_limit(wmbt_test *t)
{
    uint8_t out[1100];
    uint8_t id[1024];
    size_t len;
    for (size_t i = 0; i < sizeof id; i++) {
        id[i] = (uint8_t)'x';
    }
    size_t fixed = 2 + 1 + 1 + 1 + 19 + 1 + 1 + 8;
    wmbt_largevalue m = {wmbt_view_of(id, 1024 - fixed), 1, 1, WMBT_LARGEVALUE_COMPAT};
    T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_OK);
    T_EQ(t, len, 1024);
    m.id.len++;
    T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_NOT_REPRESENTABLE);
    m.id.len = SIZE_MAX; /* lengths that would wrap: refused before a byte is looked at */
    T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_NOT_REPRESENTABLE);
    m.id.data = NULL;
    T_EQ(t, build(t, &m, "kv", "n", 0, 1100, out, &len), WMBT_BAD_ARGUMENT);
    const wmbt_view good = WMBT_VIEW_LITERAL("n"), bad = wmbt_view_of(NULL, 1);
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    m.id = good;
    len = 4711;
    T_EQ(t, wmbt_largevalue_chunk_key(&m, bad, good, 0, room, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_largevalue_chunk_key(&m, good, bad, 0, room, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_largevalue_chunk_key(&m, good, good, 0, wmbt_buf_of(NULL, 1), &len),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, len, 4711);
}

/* --- assembly --------------------------------------------------------------------------------- */

static bool joins_equal(const wmbt_largevalue_join *a, const wmbt_largevalue_join *b)
{
    return a->total_bytes == b->total_bytes && a->chunks == b->chunks && a->index == b->index &&
           a->offset == b->offset && a->flags == b->flags;
}

/* A hostile total or count is known before anything is fetched or written. */
static void test_join_limits(wmbt_test *t)
{
    wmbt_largevalue m = {wmbt_test_text(ID), 10000, 3, 0};
    const wmbt_largevalue_join before = {1, 2, 3, 4, 5};
    wmbt_largevalue_join join = {1, 2, 3, 4, 5};
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, 9999, 3), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, 10000, 2), WMBT_TOO_LARGE);
    m.total_bytes = UINT64_MAX;
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, UINT32_MAX, 3), WMBT_TOO_LARGE);
    T_CHECK(t, joins_equal(&join, &before));
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, UINT64_MAX, 3), WMBT_OK);
}

static void test_join_strict(wmbt_test *t)
{
    wmbt_largevalue m = {wmbt_test_text(ID), 2u * 4190192u + 5u, 3, 0};
    wmbt_largevalue_join join, before;
    wmbt_largevalue_place place = {9, 9, 9};
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, UINT64_MAX, 3), WMBT_OK);
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t bytes = i < 2 ? 4190192 : 5;
        T_EQ(t, wmbt_largevalue_join_next(&join, &place), WMBT_OK);
        T_CHECK(t, place.index == i && place.offset == i * 4190192u && place.bytes == bytes);
        static const uint64_t wrong[] = {0, 4, 6, 4190191, 4190193, UINT64_MAX};
        for (size_t k = 0; k < 6; k++) {
            before.total_bytes = join.total_bytes;
            before.chunks = join.chunks;
            before.index = join.index;
            before.offset = join.offset;
            before.flags = join.flags;
            T_EQ(t, wmbt_largevalue_join_chunk(&join, wrong[k]), WMBT_BAD_LENGTH);
            T_CHECK(t, joins_equal(&join, &before));
        }
        T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_TRUNCATED);
        T_EQ(t, wmbt_largevalue_join_chunk(&join, bytes), WMBT_OK);
    }
    place.bytes = 4711;
    T_EQ(t, wmbt_largevalue_join_next(&join, &place), WMBT_END);
    T_EQ(t, place.bytes, 4711);
    T_EQ(t, wmbt_largevalue_join_chunk(&join, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_OK);
}

/* Upstream joins chunks of any size, and compares their sum at the end. */
static void test_join_compat(wmbt_test *t)
{
    wmbt_largevalue m = {wmbt_test_text("x"), 10, 3, WMBT_LARGEVALUE_COMPAT};
    wmbt_largevalue_join join;
    wmbt_largevalue_place place;
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, 10, 3), WMBT_OK);
    T_EQ(t, wmbt_largevalue_join_chunk(&join, 0), WMBT_OK);
    T_EQ(t, wmbt_largevalue_join_chunk(&join, 7), WMBT_OK);
    T_EQ(t, wmbt_largevalue_join_next(&join, &place), WMBT_OK);
    T_CHECK(t, place.index == 2u && place.offset == 7u && place.bytes == 3u);
    T_EQ(t, wmbt_largevalue_join_chunk(&join, 4), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_largevalue_join_chunk(&join, UINT64_MAX), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_largevalue_join_chunk(&join, 3), WMBT_OK);
    T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_OK);
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, 10, 3), WMBT_OK);
    for (int i = 0; i < 3; i++) {
        T_EQ(t, wmbt_largevalue_join_chunk(&join, 3), WMBT_OK);
    }
    T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_BAD_LENGTH);
    m.chunks = 0;
    m.total_bytes = 0;
    T_EQ(t, wmbt_largevalue_join_init(&join, &m, 0, 0), WMBT_OK);
    T_EQ(t, wmbt_largevalue_join_finish(&join), WMBT_OK);
}

#if WMBT_CFG_WRITERS
static void test_write_room(wmbt_test *t)
{
    uint8_t out[128];
    for (size_t room = 0; room < 97; room++) {
        for (size_t i = 0; i < sizeof out; i++) {
            out[i] = 0x5A;
        }
        size_t len = 4711;
        T_EQ(t, wmbt_largevalue_write(tail_id, 24069920, wmbt_buf_of(out, room), &len),
             WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, len, 4711);
        for (size_t i = 0; i < sizeof out; i++) {
            T_EQ(t, out[i], 0x5A);
        }
    }
    size_t len = 4711;
    T_EQ(t, wmbt_largevalue_write(tail_id, 1, wmbt_buf_of(NULL, 5), &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_largevalue_write(NULL, 1, wmbt_buf_of(out, 128), &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, len, 4711);
    T_EQ(t, wmbt_largevalue_write(tail_id, UINT64_MAX, wmbt_buf_of(out, 128), &len), WMBT_OK);
    T_EQ(t, len, 21 + 65 + 21 + 14);
    T_EQ(t, wmbt_largevalue_write(tail_id, UINT64_MAX, wmbt_buf_of(out, len), &len), WMBT_OK);
    T_EQ(t, len, 21 + 65 + 21 + 14);
}
#endif

static const wmbt_case cases[] = {
    {"manifest of a capture", test_capture, 0,
     "golden/captures/59_cold_get_kv_chunked_value.resp.bin"},
    {"chunks of the sample bucket", test_bucket, 0, "golden/bucket/MANIFEST.tsv"},
#if WMBT_CFG_BLAKE3
    {"ids of the sample bucket", test_id, 4096, "golden/engine/t_r128_n300_k1.rtt1"},
#endif
    {"texts, strict and compatible", test_texts, 0, NULL},
    {"counts fit totals", test_counts, 0, NULL},
    {"faults: truncations and bits", test_faults, 256, NULL},
    {"keys: ids that are paths", test_key_ids, 0, NULL},
    {"keys: forms and room", test_key_forms, 0, NULL},
    {"keys: limit", test_key_limit, 0, NULL},
    {"assembly: limits", test_join_limits, 0, NULL},
    {"assembly: strict", test_join_strict, 0, NULL},
    {"assembly: compatible", test_join_compat, 0, NULL},
#if WMBT_CFG_WRITERS
    {"writer: room", test_write_room, 0, NULL},
#endif
};
WMBT_SUITE(largevalue, cases);
