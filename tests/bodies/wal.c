/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal. Tables are upstream's answers; what we refuse and upstream accepts is named in each test and
 * stands under "Differences" in docs/FORMATS.md.
 */
#include "wombatkv/wal.h"

#include "../support/fault.h"
#include "base/bytes.h"
#include "base/le.h"
#include "../support/test.h"

#define RECORDS "golden/vectors/format_wal_record.tsv"
#define BATCHES "golden/vectors/format_wal_batch.tsv"
#define KEYS "golden/vectors/store_wal_keys.tsv"
#define CORE_FACTS "golden/vectors/core_facts.tsv"
#define BUCKET "golden/bucket/wal.tsv"
#define MANIFEST "golden/bucket/MANIFEST.tsv"

#define MAX_RECORDS 40u
#define MAX_KEYS 32u
#define NO_VIEW wmbt_view_of(NULL, 0)

/* The golden batch of formats.md: numbers 1 and 2, records (k1, m1, p1) and (k2, m2, p2). */
static const uint8_t doc_batch[] =
    "WMBT_KV_WB01\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\2\0\0\0\x55\x25\x4d\xc9"
    "\x1e\0\0\0WMBT_KV_WAL1\2\0\2\0\2\0\0\0\x74\x6e\xef\x75k1m1p1"
    "\x1e\0\0\0WMBT_KV_WAL1\2\0\2\0\2\0\0\0\x55\x0e\x27\x45k2m2p2";
/* And its record (k, m, pqr). */
static const uint8_t doc_record[] = "WMBT_KV_WAL1\1\0\1\0\3\0\0\0\x98\x30\x4f\xc5kmpqr";

#define DOC_BATCH_BYTES (sizeof doc_batch - 1u)
#define DOC_RECORD_BYTES (sizeof doc_record - 1u)

/* Reads a whole object: ok or what it was refused with, and the records. */
static wmbt_status read_object(wmbt_test *t, wmbt_view object, uint32_t flags,
                               wmbt_wal_record *records, uint32_t *count)
{
    wmbt_wal_reader reader;
    wmbt_wal_info info;
    *count = 0;
    wmbt_test_fill(&reader, sizeof reader);
    wmbt_test_fill(&info, sizeof info);
    wmbt_status status = wmbt_wal_open(&reader, object, flags);
    T_ALSO(t, status == WMBT_OK || wmbt_test_is_filled(&reader, sizeof reader),
           "an error changes nothing");
    while (status == WMBT_OK) {
        wmbt_wal_record record;
        wmbt_test_fill(&record, sizeof record);
        status = wmbt_wal_next(&reader, &record);
        if (status == WMBT_OK) {
            T_ALSO(t, *count < reader.info.record_count, "not more records than announced");
            if (*count < MAX_RECORDS) {
                wmbt_bytes_copy((uint8_t *)&records[*count], (const uint8_t *)&record,
                                sizeof record);
            }
            ++*count;
        } else {
            T_ALSO(t, wmbt_test_is_filled(&record, sizeof record), "an error changes nothing");
            T_ALSO(t, wmbt_wal_next(&reader, &record) == status, "a refusal is for good");
        }
    }
    wmbt_status whole = wmbt_wal_verify(object, flags, &info);
    T_ALSO(t, whole == (status == WMBT_END ? WMBT_OK : status), "verify says the same");
    T_ALSO(t, (whole == WMBT_OK) != wmbt_test_is_filled(&info, sizeof info),
           "info only if it is good");
    T_ALSO(t, whole != WMBT_OK || info.record_count == *count, "as many records as announced");
    bool batch = object.len >= 12u && wmbt_test_same(object.data, doc_batch, 12);
    T_ALSO(t, whole != WMBT_OK || info.kind == (batch ? WMBT_WAL_BATCH : WMBT_WAL_RECORD),
           "the kind is that of the mark");
    T_ALSO(t,
           whole != WMBT_OK || batch ||
               (info.start_seq == 0u && info.end_seq == 0u && info.record_count == 1u),
           "a record has no numbers");
    return whole;
}

static wmbt_status status_of(wmbt_test *t, wmbt_view outcome, wmbt_status too_large)
{
    static const wmbt_word words[] = {
        {"ok", WMBT_OK},
        {"err:unexpected_eof", WMBT_TRUNCATED},
        {"upstream:alloc", WMBT_TRUNCATED},
        {"err:invalid_magic", WMBT_BAD_MAGIC},
        {"err:checksum", WMBT_BAD_CHECKSUM},
    };
    if (wmbt_test_view_is(outcome, "err:field_too_large")) {
        return too_large;
    }
    return wmbt_cell_status(t, outcome, words, sizeof words / sizeof words[0]);
}

/* --- records ---------------------------------------------------------------------------------- */

static void golden_decode(wmbt_test *t, wmbt_view wire, wmbt_status want, const wmbt_view *cells)
{
    wmbt_wal_record got[MAX_RECORDS], alone;
    uint32_t count;
    wmbt_test_fill(&alone, sizeof alone);
    T_EQ(t, wmbt_wal_read_record(wire, WMBT_WAL_COMPAT, &alone), want);
    T_CHECK(t, want == WMBT_OK || wmbt_test_is_filled(&alone, sizeof alone));
    if (wire.len >= 12u && wmbt_test_same(wire.data, doc_batch, 12)) {
        return; /* the table asks the record reader, an object would be a batch */
    }
    T_EQ(t, read_object(t, wire, WMBT_WAL_COMPAT, got, &count), want);
    if (want != WMBT_OK) {
        T_EQ(t, read_object(t, wire, 0, got, &count), want);
        return;
    }
    T_EQ(t, count, 1);
    T_CHECK(t, wmbt_view_equal(got[0].key, wmbt_cell_bytes(t, cells[4])));
    T_CHECK(t, wmbt_view_equal(got[0].meta, wmbt_cell_bytes(t, cells[5])));
    T_CHECK(t, wmbt_view_equal(got[0].payload, wmbt_cell_bytes(t, cells[6])));
    size_t exact =
        WMBT_WAL_RECORD_HEADER_BYTES + got[0].key.len + got[0].meta.len + got[0].payload.len;
    wmbt_status strict = wire.len > exact ? WMBT_TRAILING_BYTES : WMBT_OK;
    T_EQ(t, read_object(t, wire, 0, got, &count), strict);
    T_EQ(t, wmbt_wal_read_record(wire, 0, &alone), strict);
    T_CHECK(t, wmbt_view_equal(alone.payload, wmbt_cell_bytes(t, cells[6])));
}

static void golden_encode(wmbt_test *t, wmbt_view wire, wmbt_status want, const wmbt_view *cells)
{
#if WMBT_CFG_WRITERS
    wmbt_wal_record record = {wmbt_cell_bytes(t, cells[4]), wmbt_cell_bytes(t, cells[5]),
                              wmbt_cell_bytes(t, cells[6])};
    size_t bytes = WMBT_WAL_RECORD_BYTES(record.key.len, record.meta.len, record.payload.len);
    uint8_t *out = wmbt_test_alloc(t, bytes + 1u);
    T_CHECK(t, out != NULL);
    wmbt_test_fill(out, bytes + 1u);
    size_t written = 99;
    T_EQ(t, wmbt_wal_write_record(&record, wmbt_buf_of(out, bytes), &written), want);
    if (want != WMBT_OK) {
        T_CHECK(t, written == 99 && wmbt_test_is_filled(out, bytes + 1u));
        return;
    }
    T_EQ(t, written, bytes);
    T_CHECK(t, out[bytes] == WMBT_TEST_PATTERN);
    T_BYTES(t, out, wire.data, wire.len); /* some rows give only the header */
    T_CHECK(t, wire.len == bytes || wire.len == WMBT_WAL_RECORD_HEADER_BYTES);
    wmbt_test_fill(out, bytes);
    written = 99;
    T_EQ(t, wmbt_wal_write_record(&record, wmbt_buf_of(out, bytes - 1u), &written),
         WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, written == 99 && wmbt_test_is_filled(out, bytes));
#else
    (void)t, (void)wire, (void)want, (void)cells;
#endif
}

static void test_golden_records(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, RECORDS, &text));
    wmbt_table_open(&table, text, false);
    uint32_t decoded = 0, encoded = 0, sums = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view wire =
            wmbt_test_view_is(cells[2], "none") ? NO_VIEW : wmbt_cell_bytes(t, cells[2]);
        wmbt_status want = status_of(t, cells[3], WMBT_TOO_LARGE);
        if (wmbt_test_view_is(cells[1], "decode")) {
            T_CALL(t, golden_decode(t, wire, want, cells));
            decoded++;
        } else if (wmbt_test_view_is(cells[1], "checksum")) {
            /* the table's sums and the test's own way to compute them agree */
            wmbt_view input = wmbt_cell_bytes(t, cells[6]);
            T_EQ(t, wmbt_test_fnv1a(input.data, input.len), wmbt_load_le32(wire.data));
            sums++;
        } else {
            T_CALL(t, golden_encode(t, wire, want, cells));
            encoded++;
        }
    }
    T_EQ(t, table.row, 606);
    T_CHECK(t, decoded != 0 && encoded != 0 && sums != 0);
}

static void expect_refused(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    (void)at;
    wmbt_wal_record got[MAX_RECORDS];
    uint32_t count;
    wmbt_status status = read_object(t, changed, *(const uint32_t *)context, got, &count);
    T_CHECK(t, wmbt_status_is_error(status));
}

static void test_faults(wmbt_test *t)
{
    const wmbt_view objects[2] = {wmbt_view_of(doc_record, DOC_RECORD_BYTES),
                                  wmbt_view_of(doc_batch, DOC_BATCH_BYTES)};
    for (size_t i = 0; i < 2; i++) {
        for (uint32_t flags = 0; flags < 2; flags++) {
            T_CALL(t, wmbt_fault_truncate(t, objects[i], 1, expect_refused, &flags));
            T_CALL(t, wmbt_fault_flip(t, objects[i], 1, expect_refused, &flags));
        }
    }
}

static void copy_record(uint8_t *out)
{
    wmbt_bytes_copy(out, doc_record, DOC_RECORD_BYTES);
}

static wmbt_status status_with(wmbt_test *t, const uint8_t *object, size_t n, uint32_t flags)
{
    wmbt_wal_record got[MAX_RECORDS];
    uint32_t count;
    return read_object(t, wmbt_view_of(object, n), flags, got, &count);
}

/* A key or meta length from 0 to 65,535: only the true one is right. */
static void hostile_record_length(wmbt_test *t, size_t at)
{
    uint8_t record[DOC_RECORD_BYTES];
    for (uint32_t n = 0; n <= UINT16_MAX; n += n < 300 ? 1 : 251) {
        copy_record(record);
        wmbt_store_le16(record + at, (uint16_t)n);
        wmbt_status want = n == 1 ? WMBT_OK : n > 1 ? WMBT_TRUNCATED : WMBT_BAD_CHECKSUM;
        T_EQ(t, status_with(t, record, sizeof record, 0), want);
        T_EQ(t, status_with(t, record, sizeof record, WMBT_WAL_COMPAT), want);
    }
}

static void test_hostile_key_length(wmbt_test *t)
{
    hostile_record_length(t, 12);
}

static void test_hostile_meta_length(wmbt_test *t)
{
    hostile_record_length(t, 14);
}

static void test_hostile_payload_length(wmbt_test *t)
{
    static const uint32_t lengths[] = {
        0, 1, 2, 3, 4, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFF00, 0xFFFFFFE5, 0xFFFFFFFE, 0xFFFFFFFF};
    uint8_t record[DOC_RECORD_BYTES];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        copy_record(record);
        wmbt_store_le32(record + WMBT_WAL_RECORD_AT_PAYLOAD_BYTES, lengths[i]);
        T_EQ(t, status_with(t, record, sizeof record, 0),
             lengths[i] == 3  ? WMBT_OK
             : lengths[i] > 3 ? WMBT_TRUNCATED
                              : WMBT_BAD_CHECKSUM);
    }
    /* all three at their largest: no sum of them wraps */
    wmbt_store_le16(record + WMBT_WAL_RECORD_AT_KEY_BYTES, UINT16_MAX);
    wmbt_store_le16(record + WMBT_WAL_RECORD_AT_META_BYTES, UINT16_MAX);
    T_EQ(t, status_with(t, record, sizeof record, 0), WMBT_TRUNCATED);
}

static void test_trailing_bytes_of_a_record(wmbt_test *t)
{
    uint8_t two[2 * DOC_RECORD_BYTES];
    copy_record(two);
    copy_record(two + DOC_RECORD_BYTES);
    for (size_t n = DOC_RECORD_BYTES; n <= sizeof two; n++) {
        T_EQ(t, status_with(t, two, n, 0), n == DOC_RECORD_BYTES ? WMBT_OK : WMBT_TRAILING_BYTES);
        T_EQ(t, status_with(t, two, n, WMBT_WAL_COMPAT), WMBT_OK);
    }
}

/* --- batches ---------------------------------------------------------------------------------- */

static void golden_records_are(wmbt_test *t, wmbt_view list, const wmbt_wal_record *got,
                               uint32_t count)
{
    uint32_t n = 0;
    while (list.data != NULL) {
        wmbt_view fields = wmbt_cell_part(&list, ',');
        T_CHECK(t, n < count);
        T_CHECK(t, wmbt_view_equal(got[n].key, wmbt_cell_bytes(t, wmbt_cell_part(&fields, ':'))));
        T_CHECK(t, wmbt_view_equal(got[n].meta, wmbt_cell_bytes(t, wmbt_cell_part(&fields, ':'))));
        T_CHECK(t, wmbt_view_equal(got[n].payload, wmbt_cell_bytes(t, fields)));
        n++;
    }
    T_EQ(t, n, count);
}

/* What upstream wrote, the writer writes. */
static void golden_rewrite(wmbt_test *t, wmbt_view wire, const wmbt_wal_record *records,
                           uint32_t count)
{
#if WMBT_CFG_WRITERS
    uint8_t *out = wmbt_test_alloc(t, wire.len);
    T_CHECK(t, out != NULL);
    size_t written = 99;
    wmbt_status status;
    if (count > 1u) {
        status = wmbt_wal_write_batch(wmbt_load_le64(wire.data + WMBT_WAL_BATCH_AT_START_SEQ),
                                      records, count, wmbt_buf_of(out, wire.len), &written);
    } else {
        status = wmbt_wal_write_record(records, wmbt_buf_of(out, wire.len), &written);
    }
    T_EQ(t, status, WMBT_OK);
    T_EQ(t, written, wire.len);
    T_BYTES(t, out, wire.data, written);
#else
    (void)t, (void)wire, (void)records, (void)count;
#endif
}

static void test_golden_batches(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, BATCHES, &text));
    wmbt_table_open(&table, text, false);
    uint32_t rewritten = 0, trailing = 0, order = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view wire = wmbt_cell_bytes(t, cells[1]);
        wmbt_status want = status_of(t, cells[2], WMBT_BAD_COUNT);
        wmbt_wal_record got[MAX_RECORDS];
        uint32_t count;
        wmbt_status compat = read_object(t, wire, WMBT_WAL_COMPAT, got, &count);
        if (want == WMBT_TRUNCATED && compat == WMBT_TRAILING_BYTES) {
            want = compat; /* upstream has one word for both */
        }
        T_EQ(t, compat, want);
        wmbt_status strict = read_object(t, wire, 0, got, &count);
        if (compat != WMBT_OK) {
            /* the first fault in the order of the header's list: may be one that compat passes */
            T_CHECK(t,
                    strict == compat || strict == WMBT_TRAILING_BYTES || strict == WMBT_BAD_ORDER);
            continue;
        }
        if (strict == WMBT_OK) {
            T_CALL(t, golden_records_are(t, cells[3], got, count));
            if (cells[0].len > 10 &&
                wmbt_test_same(cells[0].data, (const uint8_t *)"published_", 10)) {
                T_CALL(t, golden_rewrite(t, wire, got, count));
                rewritten++;
            }
        } else {
            trailing += strict == WMBT_TRAILING_BYTES ? 1u : 0u;
            order += strict == WMBT_BAD_ORDER ? 1u : 0u;
            T_CHECK(t, strict == WMBT_TRAILING_BYTES || strict == WMBT_BAD_ORDER);
            T_EQ(t, read_object(t, wire, WMBT_WAL_COMPAT, got, &count), WMBT_OK);
            T_CALL(t, golden_records_are(t, cells[3], got, count));
        }
    }
    T_EQ(t, table.row, 1525);
    T_EQ(t, rewritten, 4);
    T_CHECK(t, trailing != 0 && order != 0); /* each difference has a golden row */
}

static void copy_batch(uint8_t *out)
{
    wmbt_bytes_copy(out, doc_batch, DOC_BATCH_BYTES);
}

static void fix_batch_sum(uint8_t *batch, size_t n)
{
    wmbt_store_le32(batch + WMBT_WAL_BATCH_AT_CHECKSUM, wmbt_test_fnv1a(batch + 36, n - 36u));
}

static void test_hostile_record_count(wmbt_test *t)
{
    uint8_t batch[DOC_BATCH_BYTES];
    static const uint32_t counts[] = {0, 1, 2, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        copy_batch(batch);
        wmbt_store_le32(batch + WMBT_WAL_BATCH_AT_COUNT, counts[i]);
        T_EQ(t, status_with(t, batch, sizeof batch, 0), counts[i] == 2 ? WMBT_OK : WMBT_BAD_COUNT);
        /* with numbers that agree, the records run out; fewer leave bytes over */
        wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_START_SEQ, UINT64_C(5));
        wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_END_SEQ, UINT64_C(4) + counts[i]);
        wmbt_status want = counts[i] == 0   ? WMBT_BAD_COUNT
                           : counts[i] == 1 ? WMBT_TRAILING_BYTES
                           : counts[i] == 2 ? WMBT_OK
                                            : WMBT_TRUNCATED;
        T_EQ(t, status_with(t, batch, sizeof batch, 0), want);
        T_EQ(t, status_with(t, batch, sizeof batch, WMBT_WAL_COMPAT), want);
    }
    /* the smallest object that makes upstream reserve 300 GB */
    wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_START_SEQ, 0);
    wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_END_SEQ, UINT64_C(0xFFFFFFFE));
    wmbt_store_le32(batch + WMBT_WAL_BATCH_AT_COUNT, UINT32_MAX);
    fix_batch_sum(batch, 36);
    T_EQ(t, status_with(t, batch, 36, 0), WMBT_TRUNCATED);
}

static void test_hostile_sequence_numbers(wmbt_test *t)
{
    static const struct {
        uint64_t start, end;
        uint32_t count;
        wmbt_status strict, compat;
    } rows[] = {
        {1, 2, 2, WMBT_OK, WMBT_OK},
        {UINT64_MAX - 1, UINT64_MAX, 2, WMBT_OK, WMBT_OK},
        {0, UINT64_MAX, 2, WMBT_BAD_COUNT, WMBT_BAD_COUNT},
        {0, UINT64_MAX, 0, WMBT_BAD_COUNT, WMBT_BAD_COUNT},
        {0, UINT64_C(0x100000001), 2, WMBT_BAD_COUNT, WMBT_BAD_COUNT},
        {2, 1, 2, WMBT_BAD_COUNT, WMBT_BAD_COUNT},
        {2, 1, 1, WMBT_BAD_ORDER, WMBT_TRAILING_BYTES},
        {UINT64_MAX, 0, 1, WMBT_BAD_ORDER, WMBT_TRAILING_BYTES},
        {2, 1, 0, WMBT_BAD_COUNT, WMBT_BAD_COUNT},
    };
    uint8_t batch[DOC_BATCH_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        copy_batch(batch);
        wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_START_SEQ, rows[i].start);
        wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_END_SEQ, rows[i].end);
        wmbt_store_le32(batch + WMBT_WAL_BATCH_AT_COUNT, rows[i].count);
        T_EQ(t, status_with(t, batch, sizeof batch, 0), rows[i].strict);
        T_EQ(t, status_with(t, batch, sizeof batch, WMBT_WAL_COMPAT), rows[i].compat);
        batch[36] ^= 1u; /* the checksum is judged first */
        T_EQ(t, status_with(t, batch, sizeof batch, 0), WMBT_BAD_CHECKSUM);
    }
    /* a batch of one whose numbers descend is upstream's to accept */
    size_t one = 36u + 4u + 30u;
    copy_batch(batch);
    wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_START_SEQ, 9);
    wmbt_store_le64(batch + WMBT_WAL_BATCH_AT_END_SEQ, 3);
    wmbt_store_le32(batch + WMBT_WAL_BATCH_AT_COUNT, 1);
    fix_batch_sum(batch, one);
    T_EQ(t, status_with(t, batch, one, 0), WMBT_BAD_ORDER);
    T_EQ(t, status_with(t, batch, one, WMBT_WAL_COMPAT), WMBT_OK);
}

static void test_hostile_encoded_length(wmbt_test *t)
{
    uint8_t batch[DOC_BATCH_BYTES];
    for (uint32_t n = 0; n < 100; n++) {
        copy_batch(batch);
        wmbt_store_le32(batch + 36, n);
        fix_batch_sum(batch, sizeof batch);
        wmbt_status status = status_with(t, batch, sizeof batch, 0);
        T_EQ(t, status,
             n == 30            ? WMBT_OK
             : n < 30 || n > 64 ? WMBT_TRUNCATED
                                : WMBT_TRAILING_BYTES);
    }
    static const uint32_t large[] = {0x7FFFFFFF, 0x80000000, 0xFFFFFFE2, 0xFFFFFFFC, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        for (size_t at = 36; at <= 70; at += 34) { /* of the first record, and of the last */
            copy_batch(batch);
            wmbt_store_le32(batch + at, large[i]);
            fix_batch_sum(batch, sizeof batch);
            T_EQ(t, status_with(t, batch, sizeof batch, 0), WMBT_TRUNCATED);
            T_EQ(t, status_with(t, batch, sizeof batch, WMBT_WAL_COMPAT), WMBT_TRUNCATED);
        }
    }
}

/* A record that is shorter than the bytes its length gives it. */
static void test_trailing_bytes_in_a_batch(wmbt_test *t)
{
    uint8_t batch[DOC_BATCH_BYTES + 3];
    copy_batch(batch);
    wmbt_test_fill(batch + DOC_BATCH_BYTES, 3);
    fix_batch_sum(batch, sizeof batch);
    T_EQ(t, status_with(t, batch, sizeof batch, 0), WMBT_TRAILING_BYTES); /* behind the last */
    T_EQ(t, status_with(t, batch, sizeof batch, WMBT_WAL_COMPAT), WMBT_TRAILING_BYTES);
    wmbt_store_le32(batch + 70, 33);
    fix_batch_sum(batch, sizeof batch);
    T_EQ(t, status_with(t, batch, sizeof batch, 0), WMBT_TRAILING_BYTES); /* inside the last */
    T_EQ(t, status_with(t, batch, sizeof batch, WMBT_WAL_COMPAT), WMBT_OK);
}

/* The memory changes as soon as it has been read: nothing is read twice to decide on it. */
static void test_bytes_that_change(wmbt_test *t)
{
    uint8_t batch[DOC_BATCH_BYTES];
    wmbt_wal_reader reader;
    wmbt_wal_record record;
    copy_batch(batch);
    T_EQ(t, wmbt_wal_open(&reader, wmbt_view_of(batch, sizeof batch), 0), WMBT_OK);
    wmbt_test_fill(batch, 36);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_OK);
    T_EQ(t, record.payload.len, 2);
    wmbt_test_fill(batch + 36, 34);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_OK);
    wmbt_test_fill(batch + 70, 34);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_END);

    uint8_t object[DOC_RECORD_BYTES];
    copy_record(object);
    T_EQ(t, wmbt_wal_open(&reader, wmbt_view_of(object, sizeof object), 0), WMBT_OK);
    T_EQ(t, reader.info.checksum, 0xC54F3098);
    T_EQ(t, wmbt_load_le32(object + WMBT_WAL_RECORD_AT_CHECKSUM), 0xC54F3098);
    wmbt_test_fill(object, WMBT_WAL_RECORD_HEADER_BYTES);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_OK);
    T_EQ(t, record.payload.len, 3);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_END);

    /* a change ahead of the reader is refused, by the record's own sum or at the end */
    copy_batch(batch);
    T_EQ(t, wmbt_wal_open(&reader, wmbt_view_of(batch, sizeof batch), 0), WMBT_OK);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_OK);
    wmbt_store_le32(batch + 70, 0xFFFFFFFF);
    T_EQ(t, wmbt_wal_next(&reader, &record), WMBT_BAD_CHECKSUM);
}

static void test_arguments(wmbt_test *t)
{
    wmbt_wal_reader reader;
    wmbt_wal_info info;
    wmbt_test_fill(&reader, sizeof reader);
    T_EQ(t, wmbt_wal_open(&reader, wmbt_view_of(NULL, 40), 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_open(&reader, wmbt_view_of(doc_record, DOC_RECORD_BYTES), 2),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_open(&reader, NO_VIEW, 0), WMBT_TRUNCATED);
    wmbt_wal_record record;
    T_EQ(t, wmbt_wal_read_record(wmbt_view_of(NULL, 40), 0, &record), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_read_record(NO_VIEW, 2, &record), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&reader, sizeof reader));
    T_EQ(t, wmbt_wal_verify(wmbt_view_of(doc_batch, DOC_BATCH_BYTES), 0, &info), WMBT_OK);
    T_CHECK(t, info.kind == WMBT_WAL_BATCH && info.start_seq == 1 && info.end_seq == 2);
    T_CHECK(t, info.record_count == 2 && info.checksum == 0xC94D2555);
}

#if WMBT_CFG_WRITERS
/* Each limit is met exactly: it is written with the record that meets it, not before the next. */
static void test_group_limits(wmbt_test *t)
{
    wmbt_wal_group group;
    wmbt_wal_group_init(&group, 100, 60);
    T_EQ(t, wmbt_wal_group_add(&group, 30), 0);
    T_CHECK(t, group.records == 1 && group.bytes == 30);
    T_EQ(t, wmbt_wal_group_add(&group, 30), WMBT_WAL_FLUSH_AFTER);
    T_CHECK(t, group.records == 0 && group.bytes == 0);
    T_EQ(t, wmbt_wal_group_add(&group, 30), 0);
    T_EQ(t, wmbt_wal_group_add(&group, 31), WMBT_WAL_FLUSH_BEFORE);
    T_EQ(t, wmbt_wal_group_add(&group, UINT64_MAX), WMBT_WAL_FLUSH_BEFORE | WMBT_WAL_FLUSH_AFTER);
    wmbt_wal_group_init(&group, 2, 1000);
    T_EQ(t, wmbt_wal_group_add(&group, 24), 0);
    T_EQ(t, wmbt_wal_group_add(&group, 24), WMBT_WAL_FLUSH_AFTER);
}

static void test_writer_limits(wmbt_test *t)
{
    static const uint8_t byte[1] = {0};
    uint8_t out[256];
    size_t written = 99;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    wmbt_wal_record two[2] = {{wmbt_view_of("k", 1), NO_VIEW, NO_VIEW},
                              {wmbt_view_of("k", 1), NO_VIEW, NO_VIEW}};
    wmbt_test_fill(out, sizeof out);
    /* the fields' lengths are judged, their bytes never read */
    two[1].key = wmbt_view_of(byte, 65536);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_wal_write_batch(1, two, 2, room, &written), WMBT_TOO_LARGE);
    two[1].key = NO_VIEW;
    two[1].meta = wmbt_view_of(byte, 65536);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), WMBT_TOO_LARGE);
    two[1].meta = NO_VIEW;
    two[1].payload = wmbt_view_of(byte, SIZE_MAX);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), WMBT_TOO_LARGE);
    /* the largest payload of a record, and the largest record of a batch: only the room is missing
     * */
    const wmbt_status no_room = SIZE_MAX > UINT32_MAX ? WMBT_BUFFER_TOO_SMALL : WMBT_TOO_LARGE;
    two[1].payload = wmbt_view_of(byte, UINT32_MAX);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), no_room);
    two[1].payload = wmbt_view_of(byte, UINT32_MAX - 24u);
    T_EQ(t, wmbt_wal_write_batch(1, two, 2, room, &written), no_room);
    two[1].payload = wmbt_view_of(byte, UINT32_MAX - 23u);
    T_EQ(t, wmbt_wal_write_batch(1, two, 2, room, &written), WMBT_TOO_LARGE);
    two[1].payload = wmbt_view_of(byte, UINT32_MAX); /* with its header it passes 2^32 - 1 */
    T_EQ(t, wmbt_wal_write_batch(1, two, 2, room, &written), WMBT_TOO_LARGE);
    two[1].payload = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_write_batch(1, two, 2, room, &written), WMBT_BAD_ARGUMENT);
    two[1].payload = NO_VIEW;
    two[1].meta = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), WMBT_BAD_ARGUMENT);
    two[1].meta = NO_VIEW;
    two[1].key = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_wal_write_record(&two[1], room, &written), WMBT_BAD_ARGUMENT);
    two[1].key = NO_VIEW;
    T_EQ(t, wmbt_wal_write_batch(UINT64_MAX, two, 2, room, &written), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_wal_write_batch(1, two, 0, room, &written), WMBT_BAD_ARGUMENT);
#    if SIZE_MAX > UINT32_MAX
    T_EQ(t, wmbt_wal_write_batch(1, two, (size_t)UINT32_MAX + 1u, room, &written), WMBT_TOO_LARGE);
#    endif
    T_EQ(t, wmbt_wal_write_batch(1, NULL, 2, room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_write_batch(1, two, 2, wmbt_buf_of(NULL, 9), &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_write_record(two, wmbt_buf_of(NULL, 9), &written), WMBT_BAD_ARGUMENT);
    const size_t exact = 36u + 2u * 28u + 2u - 1u;
    for (size_t n = 0; n < exact; n++) {
        T_EQ(t, wmbt_wal_write_batch(1, two, 2, wmbt_buf_of(out, n), &written),
             WMBT_BUFFER_TOO_SMALL);
    }
    T_CHECK(t, written == 99 && wmbt_test_is_filled(out, sizeof out));
    two[1].key = NO_VIEW;
    T_EQ(t, wmbt_wal_write_batch(UINT64_MAX - 1u, two, 2, wmbt_buf_of(out, exact), &written),
         WMBT_OK);
    T_EQ(t, written, exact);
    T_CHECK(t, out[exact] == WMBT_TEST_PATTERN);
    T_EQ(t, status_with(t, out, exact, 0), WMBT_OK);
}
#endif

/* --- keys ------------------------------------------------------------------------------------- */

static wmbt_wal_audit empty_audit(void)
{
    wmbt_wal_audit a;
    wmbt_bytes_fill((uint8_t *)&a, 0, sizeof a);
    return a;
}

static bool is_empty_list(wmbt_view cell)
{
    return wmbt_test_view_is(cell, "empty");
}

#if WMBT_CFG_WRITERS
static bool is_node(wmbt_view node)
{
    uint8_t out[256];
    size_t len = 0;
    return node.len != 0u && wmbt_wal_node(node, wmbt_buf_of(out, sizeof out), &len) == WMBT_OK &&
           wmbt_view_equal(wmbt_view_of(out, len), node);
}
#endif

static void golden_build(wmbt_test *t, const wmbt_view *cells, uint32_t kind)
{
#if WMBT_CFG_WRITERS
    wmbt_wal_key key;
    uint8_t out[256];
    size_t len = 99;
    wmbt_view prefix = wmbt_cell_bytes(t, cells[2]), want = wmbt_cell_bytes(t, cells[8]);
    wmbt_bytes_fill((uint8_t *)&key, 0, sizeof key);
    key.kind = kind;
    key.node = wmbt_cell_bytes(t, cells[3]);
    key.epoch_ms = wmbt_cell_u64(t, cells[4]);
    key.first_seq = wmbt_cell_u64(t, cells[5]);
    key.last_seq = kind == WMBT_WAL_BATCH ? wmbt_cell_u64(t, cells[6]) : 7u;
    T_CHECK(t, want.len <= WMBT_WAL_KEY_BYTES(prefix.len, key.node.len) && want.len <= sizeof out);
    for (size_t room = 0; room < want.len; room++) {
        wmbt_test_fill(out, want.len);
        T_EQ(t, wmbt_wal_key_build(&key, prefix, WMBT_WAL_COMPAT, wmbt_buf_of(out, room), &len),
             WMBT_BUFFER_TOO_SMALL);
        T_CHECK(t, len == 99 && wmbt_test_is_filled(out, want.len));
    }
    T_EQ(t, wmbt_wal_key_build(&key, prefix, WMBT_WAL_COMPAT, wmbt_buf_of(out, want.len), &len),
         WMBT_OK);
    T_EQ(t, len, want.len);
    T_BYTES(t, out, want.data, len);
    bool strict = is_node(key.node) && (kind == WMBT_WAL_RECORD || key.first_seq <= key.last_seq);
    T_EQ(t, wmbt_wal_key_build(&key, prefix, 0, wmbt_buf_of(out, sizeof out), &len),
         strict ? WMBT_OK : WMBT_NOT_REPRESENTABLE);
    if (strict) { /* and then it comes back */
        wmbt_wal_key back;
        T_EQ(t, wmbt_wal_key_parse(wmbt_view_of(out, len), prefix, &back), WMBT_OK);
        T_CHECK(t, back.kind == kind && back.layout == WMBT_WAL_CANONICAL);
        T_CHECK(t, back.epoch_ms == key.epoch_ms && back.first_seq == key.first_seq);
        T_EQ(t, back.last_seq, kind == WMBT_WAL_BATCH ? key.last_seq : key.first_seq);
        T_CHECK(t, wmbt_view_equal(back.node, key.node));
    }
#else
    (void)t, (void)cells, (void)kind;
#endif
}

static void golden_classify(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view prefix = wmbt_cell_bytes(t, cells[2]), text = wmbt_cell_bytes(t, cells[7]);
    wmbt_wal_key key;
    wmbt_test_fill(&key, sizeof key);
    wmbt_status status = wmbt_wal_key_parse(text, prefix, &key);
    if (wmbt_test_view_is(cells[8], "canonical") || wmbt_test_view_is(cells[8], "legacy")) {
        T_EQ(t, status, WMBT_OK);
        T_EQ(t, key.layout == WMBT_WAL_CANONICAL, wmbt_test_view_is(cells[8], "canonical"));
        T_CHECK(t, key.node.len != 0u && (key.kind == 1u || key.kind == 2u));
        T_CHECK(t, key.kind == WMBT_WAL_BATCH || key.first_seq == key.last_seq);
        return;
    }
    T_CHECK(t, wmbt_test_is_filled(&key, sizeof key));
    T_EQ(t, status, wmbt_test_view_is(cells[8], "outside") ? WMBT_MISSING : WMBT_BAD_SYNTAX);
}

static void golden_audit(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view prefix = wmbt_cell_bytes(t, cells[2]), list = cells[7], want = cells[8];
    wmbt_wal_audit audit = empty_audit();
    while (list.data != NULL && !is_empty_list(cells[7])) {
        wmbt_wal_audit_add(&audit, wmbt_cell_bytes(t, wmbt_cell_part(&list, ',')), prefix);
    }
    T_EQ(t, audit.total, wmbt_cell_u64(t, wmbt_cell_part(&want, ':')));
    T_EQ(t, audit.canonical, wmbt_cell_u64(t, wmbt_cell_part(&want, ':')));
    T_EQ(t, audit.legacy, wmbt_cell_u64(t, wmbt_cell_part(&want, ':')));
    T_EQ(t, audit.unknown, wmbt_cell_u64(t, want));
}

static wmbt_wal_entry *alloc_entries(wmbt_test *t)
{
    void *p = wmbt_test_alloc(t, MAX_KEYS * sizeof(wmbt_wal_entry)); /* aligned for anything */
    return p;
}

/* The keys of `list` that belong to the prefix, in replay order. */
static uint32_t sorted_keys(wmbt_test *t, wmbt_view list, wmbt_view prefix, uint32_t flags,
                            wmbt_wal_entry *entries)
{
    uint32_t n = 0;
    if (is_empty_list(list)) {
        return 0;
    }
    while (list.data != NULL && n < MAX_KEYS) {
        wmbt_view key = wmbt_cell_bytes(t, wmbt_cell_part(&list, ','));
        if (!wmbt_wal_key_belongs(key, prefix, flags)) {
            continue;
        }
        wmbt_wal_entry entry;
        wmbt_wal_entry_init(&entry, key, prefix);
        uint32_t at = n++;
        for (; at != 0u && wmbt_wal_entry_compare(&entry, &entries[at - 1u]) < 0; at--) {
            wmbt_bytes_copy((uint8_t *)&entries[at], (const uint8_t *)&entries[at - 1u],
                            sizeof entry);
        }
        wmbt_bytes_copy((uint8_t *)&entries[at], (const uint8_t *)&entry, sizeof entry);
    }
    return n;
}

static void golden_order(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_wal_entry *compat = alloc_entries(t), *strict = alloc_entries(t);
    T_CHECK(t, compat != NULL && strict != NULL);
    wmbt_view prefix = wmbt_cell_bytes(t, cells[2]), want = cells[8];
    uint32_t n = sorted_keys(t, cells[7], prefix, WMBT_WAL_COMPAT, compat);
    uint32_t strict_count = sorted_keys(t, cells[7], prefix, 0, strict), s = 0;
    for (uint32_t i = 0; i < n; i++) {
        wmbt_view key = wmbt_cell_bytes(t, wmbt_cell_part(&want, ','));
        T_CHECK(t, wmbt_view_equal(compat[i].key, key));
        T_CHECK(t, i == 0u || wmbt_wal_entry_compare(&compat[i], &compat[i - 1u]) > 0);
        T_EQ(t, wmbt_wal_entry_compare(&compat[i], &compat[i]), 0);
        /* by default the same order without the siblings' keys */
        if (key.len > prefix.len && key.data[prefix.len] == (uint8_t)'/') {
            T_CHECK(t, s < strict_count && wmbt_view_equal(strict[s].key, key));
            s++;
        }
    }
    T_CHECK(t, n == 0u ? is_empty_list(want) : want.data == NULL);
    T_EQ(t, s, strict_count);
}

/* The object of the last key is the text "junk": a replay fails if it gets that far. */
static void golden_replay_error(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view prefix = wmbt_cell_bytes(t, cells[2]), list = cells[7], last = NO_VIEW;
    while (list.data != NULL) {
        last = wmbt_cell_bytes(t, wmbt_cell_part(&list, ','));
    }
    T_CHECK(t, wmbt_wal_key_belongs(last, prefix, WMBT_WAL_COMPAT));
    T_EQ(t, status_with(t, (const uint8_t *)"junk", 4, WMBT_WAL_COMPAT),
         status_of(t, cells[8], WMBT_OK));
    T_EQ(t, status_with(t, (const uint8_t *)"junk", 4, 0), WMBT_TRUNCATED);
}

static void golden_next_seq(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view prefix = wmbt_cell_bytes(t, cells[2]), list = cells[7];
    uint8_t node[256];
    size_t len = 0;
    uint64_t next = 1;
    T_EQ(t, wmbt_wal_node(wmbt_cell_bytes(t, cells[3]), wmbt_buf_of(node, sizeof node), &len),
         WMBT_OK);
    while (list.data != NULL && !is_empty_list(cells[7])) {
        wmbt_view key = wmbt_cell_bytes(t, wmbt_cell_part(&list, ','));
        wmbt_wal_next_seq_add(&next, key, prefix, wmbt_view_of(node, len));
    }
    T_EQ(t, next, wmbt_cell_u64(t, cells[8]));
    wmbt_wal_next_seq_add(&next, wmbt_test_text("x"), prefix, wmbt_view_of(NULL, len));
    T_EQ(t, next, wmbt_cell_u64(t, cells[8]));
}

static void golden_node(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view id = wmbt_cell_bytes(t, cells[3]), want = wmbt_cell_bytes(t, cells[8]);
    uint8_t out[256];
    for (size_t room = 0; room <= want.len; room++) {
        size_t len = 99;
        wmbt_test_fill(out, sizeof out);
        bool fits = room == want.len;
        T_EQ(t, wmbt_wal_node(id, wmbt_buf_of(out, room), &len),
             fits ? WMBT_OK : WMBT_BUFFER_TOO_SMALL);
        T_CHECK(t, fits ? len == want.len : len == 99 && wmbt_test_is_filled(out, sizeof out));
    }
    T_BYTES(t, out, want.data, want.len);
}

#if WMBT_CFG_WRITERS
/* Takes one object off the expected list and holds it against a flush of `count` records. */
static void expect_flush(wmbt_test *t, wmbt_view *want, uint64_t first, uint32_t count)
{
    wmbt_view one = wmbt_cell_part(want, ',');
    wmbt_view kind = wmbt_cell_part(&one, ':');
    T_CHECK(t, count != 0u && wmbt_test_view_is(kind, count == 1u ? "chunk" : "batch"));
    T_EQ(t, wmbt_cell_u64(t, wmbt_cell_part(&one, ':')), first);
    T_CHECK(t, count == 1u || wmbt_cell_u64(t, one) == first + count - 1u);
}
#endif

static void golden_group(wmbt_test *t, const wmbt_view *cells)
{
#if WMBT_CFG_WRITERS
    wmbt_wal_group group;
    wmbt_view sizes = cells[7], want = cells[8];
    uint64_t first = 1;
    uint32_t collected = 0;
    wmbt_wal_group_init(&group, (uint32_t)wmbt_cell_u64(t, cells[4]), wmbt_cell_u64(t, cells[5]));
    while (sizes.data != NULL) {
        uint32_t flush = wmbt_wal_group_add(&group, wmbt_cell_u64(t, wmbt_cell_part(&sizes, ',')));
        if ((flush & WMBT_WAL_FLUSH_BEFORE) != 0u) {
            T_CALL(t, expect_flush(t, &want, first, collected));
            first += collected;
            collected = 0;
        }
        collected++;
        if ((flush & WMBT_WAL_FLUSH_AFTER) != 0u) {
            T_CALL(t, expect_flush(t, &want, first, collected));
            first += collected;
            collected = 0;
        }
        T_EQ(t, group.records, collected);
    }
    T_CHECK(t, wmbt_test_view_is(wmbt_cell_part(&want, ':'), "left"));
    T_EQ(t, group.records, wmbt_cell_u64(t, wmbt_cell_part(&want, ':')));
    T_EQ(t, group.bytes, wmbt_cell_u64(t, want));
#else
    (void)t, (void)cells;
#endif
}

static void test_golden_keys(wmbt_test *t)
{
    static const struct {
        const char *op;
        void (*run)(wmbt_test *t, const wmbt_view *cells);
    } ops[] = {
        {"classify", golden_classify},  {"audit", golden_audit},
        {"order", golden_order},        {"replay_error", golden_replay_error},
        {"next_seq", golden_next_seq},  {"node", golden_node},
        {"group_commit", golden_group},
    };
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, KEYS, &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        size_t i = 0;
        if (wmbt_test_view_is(cells[1], "key")) {
            T_CALL(t, golden_build(t, cells, WMBT_WAL_RECORD));
            continue;
        }
        if (wmbt_test_view_is(cells[1], "batch_key")) {
            T_CALL(t, golden_build(t, cells, WMBT_WAL_BATCH));
            continue;
        }
        while (i < sizeof ops / sizeof ops[0] && !wmbt_test_view_is(cells[1], ops[i].op)) {
            i++;
        }
        T_CHECK(t, i < sizeof ops / sizeof ops[0]);
        T_CALL(t, ops[i].run(t, cells));
    }
    T_EQ(t, table.row, 362);
}

/* What the keys say, beyond their class. The golden grammar rows say which are keys. */
static const struct {
    const char *key;
    wmbt_status status;
    uint32_t layout, kind;
    uint64_t epoch_ms, first, last;
    const char *node;
} parses[] = {
    {"ns/00000000001795430688065/chunk-node-a-00000000000000000001.bin", WMBT_OK, 1, 1,
     UINT64_C(1795430688065), 1, 1, "node-a"},
    {"ns/7/batch-b-local-2-5.bin", WMBT_OK, 1, 2, 7, 2, 5, "b-local"},
    {"ns/7/batch-n-5-2.bin", WMBT_OK, 1, 2, 7, 5, 2, "n"},
    {"ns/7/chunk-a/b-5.bin", WMBT_OK, 1, 1, 7, 5, 5, "a/b"},
    {"ns/chunk-b.local-7.bin", WMBT_OK, 2, 1, 0, 7, 7, "b.local"},
    {"ns/batch-x-+1-002.bin", WMBT_OK, 2, 2, 0, 1, 2, "x"},
    {"ns/chunk-5-7.bin", WMBT_OK, 2, 1, 0, 7, 7, "5"},
    {"ns/chunk-x--5.bin", WMBT_OK, 2, 1, 0, 5, 5, "x-"},
    {"ns/chunk-5.bin", WMBT_OK, 3, 1, 0, 5, 5, "node-local"},
    {"ns/chunk-18446744073709551615.bin", WMBT_OK, 3, 1, 0, UINT64_MAX, UINT64_MAX, "node-local"},
    {"ns/chunk--5.bin", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/chunk-18446744073709551616.bin", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/18446744073709551616/chunk-a-1.bin", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/+7/chunk-a-1.bin", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/7/chunk-5.bin", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/7/8/chunk-a-1.bin", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/", WMBT_BAD_SYNTAX, 0, 0, 0, 0, 0, ""},
    {"ns/chunk-\xff-1.bin", WMBT_BAD_TEXT, 0, 0, 0, 0, 0, ""},
    {"ns", WMBT_MISSING, 0, 0, 0, 0, 0, ""},
    {"ns2/7/chunk-a-1.bin", WMBT_MISSING, 0, 0, 0, 0, 0, ""},
    {"", WMBT_MISSING, 0, 0, 0, 0, 0, ""},
};

static void test_parse_table(wmbt_test *t)
{
    wmbt_wal_key key;
    for (size_t i = 0; i < sizeof parses / sizeof parses[0]; i++) {
        wmbt_view text = wmbt_test_text(parses[i].key);
        wmbt_test_where(t, text);
        wmbt_test_fill(&key, sizeof key);
        T_EQ(t, wmbt_wal_key_parse(text, WMBT_VIEW_LITERAL("ns"), &key), parses[i].status);
        if (parses[i].status != WMBT_OK) {
            T_CHECK(t, wmbt_test_is_filled(&key, sizeof key));
            continue;
        }
        T_CHECK(t, key.layout == parses[i].layout && key.kind == parses[i].kind);
        T_EQ(t, key.epoch_ms, parses[i].epoch_ms);
        T_EQ(t, key.first_seq, parses[i].first);
        T_EQ(t, key.last_seq, parses[i].last);
        T_CHECK(t, wmbt_test_view_is(key.node, parses[i].node));
    }
    T_EQ(t, wmbt_wal_key_parse(wmbt_view_of(NULL, 3), NO_VIEW, &key), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_key_parse(NO_VIEW, wmbt_view_of(NULL, 3), &key), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_key_parse(WMBT_VIEW_LITERAL("/chunk-1.bin"), NO_VIEW, &key), WMBT_OK);
}

static const struct {
    const char *key, *prefix; /* prefix NULL: refused */
    uint32_t layout;
} guesses[] = {
    {"wal/tenant-a/fp/00000001795430688065/chunk-node-a-00000000000000000001.bin",
     "wal/tenant-a/fp", WMBT_WAL_CANONICAL},
    {"wal/tenant-a/fp/chunk-node-b.local-7.bin", "wal/tenant-a/fp", WMBT_WAL_LEGACY},
    {"wal/chunk-7.bin", "wal", WMBT_WAL_LEGACY_NO_NODE},
    {"7/chunk-n-7.bin", "7", WMBT_WAL_LEGACY},
    {"wal/7/8/batch-n-7-9.bin", "wal/7", WMBT_WAL_CANONICAL},
    {"wal/18446744073709551616/chunk-n-7.bin", "wal/18446744073709551616", WMBT_WAL_LEGACY},
    {"chunk-n-7.bin", NULL, 0},
    {"wal/7/chunk-7.bin", NULL, 0},
    {"wal/notes.txt", NULL, 0},
    {"", NULL, 0},
    {"/", NULL, 0},
};

static void test_guess(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        wmbt_view text = wmbt_test_text(guesses[i].key), prefix;
        wmbt_wal_key key;
        wmbt_test_where(t, text);
        wmbt_test_fill(&key, sizeof key);
        wmbt_test_fill(&prefix, sizeof prefix);
        wmbt_status status = wmbt_wal_key_guess(text, &prefix, &key);
        if (guesses[i].prefix == NULL) {
            T_EQ(t, status, WMBT_BAD_SYNTAX);
            T_CHECK(t, wmbt_test_is_filled(&key, sizeof key) &&
                           wmbt_test_is_filled(&prefix, sizeof prefix));
            continue;
        }
        T_EQ(t, status, WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(prefix, guesses[i].prefix));
        T_EQ(t, key.layout, guesses[i].layout);
    }
    wmbt_view prefix;
    wmbt_wal_key key;
    T_EQ(t, wmbt_wal_key_guess(wmbt_view_of(NULL, 1), &prefix, &key), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_key_guess(WMBT_VIEW_LITERAL("a/\xff"), &prefix, &key), WMBT_BAD_TEXT);
}

static void test_belongs(wmbt_test *t)
{
    const wmbt_view ns = WMBT_VIEW_LITERAL("wal/fp");
    T_CHECK(t, wmbt_wal_key_belongs(WMBT_VIEW_LITERAL("wal/fp/x"), ns, 0));
    T_CHECK(t, !wmbt_wal_key_belongs(WMBT_VIEW_LITERAL("wal/fp2/x"), ns, 0));
    T_CHECK(t, wmbt_wal_key_belongs(WMBT_VIEW_LITERAL("wal/fp2/x"), ns, WMBT_WAL_COMPAT));
    T_CHECK(t, !wmbt_wal_key_belongs(ns, ns, 0));
    T_CHECK(t, wmbt_wal_key_belongs(ns, ns, WMBT_WAL_COMPAT));
    T_CHECK(t, !wmbt_wal_key_belongs(WMBT_VIEW_LITERAL("wal/f"), ns, WMBT_WAL_COMPAT));
    T_CHECK(t, !wmbt_wal_key_belongs(wmbt_view_of(NULL, 9), ns, WMBT_WAL_COMPAT));
    T_CHECK(t, !wmbt_wal_key_belongs(ns, wmbt_view_of(NULL, 9), WMBT_WAL_COMPAT));
}

/* NULL with a length can be listed, and compared, as an empty key. */
static void test_entry_arguments(wmbt_test *t)
{
    const wmbt_view prefix = WMBT_VIEW_LITERAL("p");
    wmbt_wal_entry bad, empty, good;
    wmbt_wal_entry_init(&bad, wmbt_view_of(NULL, 4), prefix);
    wmbt_wal_entry_init(&empty, NO_VIEW, prefix);
    wmbt_wal_entry_init(&good, WMBT_VIEW_LITERAL("p/chunk-1.bin"), wmbt_view_of(NULL, 1));
    T_CHECK(t, bad.known == 0u && bad.key.len == 0u && good.known == 0u);
    T_EQ(t, wmbt_wal_entry_compare(&bad, &empty), 0);
    T_CHECK(t, wmbt_wal_entry_compare(&bad, &good) < 0);
    T_CHECK(t, wmbt_wal_entry_compare(&good, &bad) > 0);
}

static void test_node_arguments(wmbt_test *t)
{
    uint8_t out[16];
    size_t len = 99;
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_wal_node(WMBT_VIEW_LITERAL("AZ[az{09:@`/"), wmbt_buf_of(out, 16), &len), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, len), "AZ-az-09----"));
    T_CHECK(t, wmbt_test_is_filled(out + len, sizeof out - len));
    len = 99;
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_wal_node(wmbt_view_of(NULL, 1), wmbt_buf_of(out, 16), &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_node(NO_VIEW, wmbt_buf_of(NULL, 1), &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_node(WMBT_VIEW_LITERAL("a\xff"), wmbt_buf_of(out, 16), &len), WMBT_BAD_TEXT);
    T_CHECK(t, len == 99 && wmbt_test_is_filled(out, sizeof out));
}

#if WMBT_CFG_WRITERS
static void test_build_limits(wmbt_test *t)
{
    const size_t out_bytes = WMBT_WAL_KEY_MAX_BYTES + 128u;
    uint8_t *text = wmbt_test_alloc(t, WMBT_WAL_KEY_MAX_BYTES + 1u);
    uint8_t *out = wmbt_test_alloc(t, out_bytes);
    wmbt_wal_key key;
    size_t len = 99;
    T_CHECK(t, text != NULL && out != NULL);
    const wmbt_buf room = wmbt_buf_of(out, out_bytes);
    wmbt_bytes_fill(text, 'p', WMBT_WAL_KEY_MAX_BYTES + 1u);
    wmbt_bytes_fill((uint8_t *)&key, 0, sizeof key);
    wmbt_test_fill(out, out_bytes);
    key.kind = WMBT_WAL_RECORD;
    key.node = WMBT_VIEW_LITERAL("n");
    const size_t rest = sizeof "/00000000000000000000/chunk-n-00000000000000000000.bin" - 1u;
    T_EQ(t,
         wmbt_wal_key_build(&key, wmbt_view_of(text, WMBT_WAL_KEY_MAX_BYTES - rest + 1u), 0, room,
                            &len),
         WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_wal_key_build(&key, wmbt_view_of(text, SIZE_MAX), 0, room, &len),
         WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_wal_key_build(&key, wmbt_view_of(text, SIZE_MAX), WMBT_WAL_COMPAT, room, &len),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_wal_key_build(&key, WMBT_VIEW_LITERAL("\xff"), 0, room, &len),
         WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_wal_key_build(&key, wmbt_view_of(NULL, 1), 0, room, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 2, room, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 0, wmbt_buf_of(NULL, 1), &len), WMBT_BAD_ARGUMENT);
    key.kind = 3;
    T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 0, room, &len), WMBT_BAD_ARGUMENT);
    key.kind = WMBT_WAL_RECORD;
    key.node = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 0, room, &len), WMBT_BAD_ARGUMENT);
    static const char *const nodes[] = {"", "/n", "n/", "n.m", "_"};
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        key.node = wmbt_test_text(nodes[i]);
        T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    }
    T_CHECK(t, len == 99 && wmbt_test_is_filled(out, out_bytes));
    key.node = WMBT_VIEW_LITERAL("n");
    T_EQ(t,
         wmbt_wal_key_build(&key, wmbt_view_of(text, WMBT_WAL_KEY_MAX_BYTES - rest), 0, room, &len),
         WMBT_OK);
    T_EQ(t, len, WMBT_WAL_KEY_MAX_BYTES);
    key.kind = WMBT_WAL_BATCH;
    key.first_seq = 7;
    key.last_seq = 7; /* a batch of one is a batch; one that descends is not */
    T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 0, room, &len), WMBT_OK);
    key.last_seq = 6;
    T_EQ(t, wmbt_wal_key_build(&key, NO_VIEW, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    key.kind = WMBT_WAL_RECORD;
    T_EQ(t,
         wmbt_wal_key_build(&key, wmbt_view_of(text, WMBT_WAL_KEY_MAX_BYTES - rest + 1u),
                            WMBT_WAL_COMPAT, room, &len),
         WMBT_OK);
}
#endif

/* --- the sample bucket ------------------------------------------------------------------------ */

/* Objects of the bucket whose keys begin with the prefix, in replay order. */
static uint32_t bucket_objects(wmbt_test *t, wmbt_view prefix, uint32_t flags,
                               wmbt_wal_entry *entries, wmbt_wal_audit *audit)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t n = 0;
    if (!wmbt_test_data(t, MANIFEST, &text)) {
        return 0;
    }
    wmbt_table_open(&table, text, true);
    *audit = empty_audit();
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_wal_audit_add(audit, cells[0], prefix);
        if (!wmbt_wal_key_belongs(cells[0], prefix, flags) || n == MAX_KEYS) {
            continue;
        }
        wmbt_wal_entry entry;
        wmbt_wal_entry_init(&entry, cells[0], prefix);
        uint32_t at = n++;
        for (; at != 0u && wmbt_wal_entry_compare(&entry, &entries[at - 1u]) < 0; at--) {
            wmbt_bytes_copy((uint8_t *)&entries[at], (const uint8_t *)&entries[at - 1u],
                            sizeof entry);
        }
        wmbt_bytes_copy((uint8_t *)&entries[at], (const uint8_t *)&entry, sizeof entry);
    }
    return n;
}

static bool object_of(wmbt_test *t, wmbt_view key, wmbt_view *object)
{
    static const char folder[] = "golden/bucket/bucket/";
    char name[256];
    size_t n = sizeof folder - 1u;
    if (key.len >= sizeof name - n) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the key is short");
        return false;
    }
    wmbt_bytes_copy((uint8_t *)name, (const uint8_t *)folder, n);
    wmbt_bytes_copy((uint8_t *)name + n, key.data, key.len);
    name[n + key.len] = '\0';
    return wmbt_test_data(t, name, object);
}

/* Replays a namespace and holds each record against the lines of the table that name it. */
static void replay_bucket(wmbt_test *t, wmbt_view table, wmbt_view prefix, uint32_t want_records,
                          wmbt_status want_end)
{
    wmbt_wal_entry *entries = alloc_entries(t);
    wmbt_wal_audit audit;
    T_CHECK(t, entries != NULL);
    uint32_t n = bucket_objects(t, prefix, WMBT_WAL_COMPAT, entries, &audit), records = 0;
    wmbt_status status = WMBT_OK;
    for (uint32_t i = 0; i < n && status == WMBT_OK; i++) {
        wmbt_view object;
        wmbt_wal_reader reader;
        wmbt_wal_record record;
        T_CHECK(t, object_of(t, entries[i].key, &object));
        T_EQ(t, wmbt_wal_verify(object, 0, &reader.info),
             wmbt_wal_verify(object, WMBT_WAL_COMPAT, &reader.info));
        status = wmbt_wal_open(&reader, object, 0);
        while (status == WMBT_OK) {
            status = wmbt_wal_next(&reader, &record);
            if (status != WMBT_OK || want_end != WMBT_OK) {
                continue;
            }
            wmbt_view line, word;
            do { /* the next line "record NAMESPACE ..." */
                T_CHECK(t, table.data != NULL);
                line = wmbt_cell_part(&table, '\n');
                word = wmbt_cell_part(&line, '\t');
            } while (!wmbt_test_view_is(word, "record") ||
                     !wmbt_view_equal(wmbt_cell_part(&line, '\t'), prefix));
            T_EQ(t, wmbt_cell_u64(t, wmbt_cell_part(&line, '\t')), records);
            wmbt_view key = wmbt_cell_bytes(t, wmbt_cell_part(&line, '\t'));
            wmbt_view meta = wmbt_cell_bytes(t, wmbt_cell_part(&line, '\t'));
            T_CHECK(t, wmbt_view_equal(record.key, key) && wmbt_view_equal(record.meta, meta));
            T_CHECK(t, wmbt_view_equal(record.payload, wmbt_cell_bytes(t, line)));
            records++;
        }
        status = status == WMBT_END ? WMBT_OK : status;
    }
    T_EQ(t, status, want_end);
    T_EQ(t, records, want_records);
}

static void test_golden_bucket(wmbt_test *t)
{
    static const struct {
        const char *prefix;
        uint32_t records;
        wmbt_status end;
        uint64_t total, canonical, legacy, unknown;
        uint32_t strict; /* objects that belong by default */
        uint32_t compat; /* and as upstream lists */
    } namespaces[] = {
        {"wal/tenant-a/fp-5f1c0a9b", 19, WMBT_OK, 11, 10, 1, 0, 11, 12},
        {"wal/tenant-a/fp-5f1c0a9b-sibling", 1, WMBT_OK, 1, 1, 0, 0, 1, 1},
        {"wal/tenant-a/stray", 0, WMBT_BAD_MAGIC, 2, 1, 0, 1, 2, 2},
        {"wal/tenant-a/damaged", 0, WMBT_BAD_CHECKSUM, 1, 1, 0, 0, 1, 1},
    };
    wmbt_view table;
    T_CHECK(t, wmbt_test_data(t, BUCKET, &table));
    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++) {
        wmbt_test_reset(t);
        wmbt_view prefix = wmbt_test_text(namespaces[i].prefix);
        wmbt_test_where(t, prefix);
        T_CALL(t, replay_bucket(t, table, prefix, namespaces[i].records, namespaces[i].end));
        wmbt_wal_entry *entries = alloc_entries(t);
        wmbt_wal_audit audit;
        T_CHECK(t, entries != NULL);
        T_EQ(t, bucket_objects(t, prefix, 0, entries, &audit), namespaces[i].strict);
        T_EQ(t, bucket_objects(t, prefix, WMBT_WAL_COMPAT, entries, &audit), namespaces[i].compat);
        T_CHECK(t,
                audit.total == namespaces[i].total && audit.canonical == namespaces[i].canonical &&
                    audit.legacy == namespaces[i].legacy && audit.unknown == namespaces[i].unknown);
    }
}

#define FP "golden/bucket/bucket/wal/tenant-a/fp-5f1c0a9b/"
#define OBJECTS                                                                                    \
    FP "00000001795430688065/chunk-node-a-00000000000000000001.bin " FP                            \
       "00000001795430688071/chunk-node-a-00000000000000000002.bin " FP                            \
       "00000001795430688078/chunk-node-a-00000000000000000003.bin " FP                            \
       "00000001795430688084/chunk-node-a-00000000000000000004.bin " FP                            \
       "00000001795430688093/chunk-node-b-local-00000000000000000001.bin " FP                      \
       "00000001795430688104/batch-node-b-local-00000000000000000002-00000000000000000005.bin " FP \
       "00000001795430688107/batch-node-b-local-00000000000000000006-00000000000000000009.bin " FP \
       "00000001795430688111/chunk-node-b-local-00000000000000000010.bin " FP                      \
       "00000001795430688117/batch-node-a-x-y-00000000000000000001-00000000000000000002.bin " FP   \
       "00000001795430688120/chunk-node-a-x-y-00000000000000000003.bin " FP                        \
       "chunk-node-b.local-7.bin "                                                                 \
       "golden/bucket/bucket/wal/tenant-a/fp-5f1c0a9b-sibling/00000001795430688126/"               \
       "chunk-node-a-00000000000000000001.bin "                                                    \
       "golden/bucket/bucket/wal/tenant-a/stray/00000001795430688134/"                             \
       "chunk-node-a-00000000000000000001.bin "                                                    \
       "golden/bucket/bucket/wal/tenant-a/stray/notes.txt "                                        \
       "golden/bucket/bucket/wal/tenant-a/damaged/00000001795430688143/"                           \
       "batch-node-a-00000000000000000001-00000000000000000002.bin"

/* --- keys of upstream's core crate ------------------------------------------------------------ */

static void check_wal_chunk_key(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view tenant = wmbt_cell_bytes(t, cells[2]), fingerprint = wmbt_cell_bytes(t, cells[3]);
    uint64_t epoch = wmbt_cell_u64(t, cells[4]);
    wmbt_view node = wmbt_cell_bytes(t, cells[5]);
    uint64_t seq = wmbt_cell_u64(t, cells[6]);
    wmbt_view want = wmbt_cell_bytes(t, cells[7]);
    size_t room = WMBT_WAL_CHUNK_KEY_BYTES(tenant.len, fingerprint.len, node.len), len = 77;
    uint8_t *out = wmbt_test_alloc(t, room);
    T_CHECK(t, out != NULL && want.len <= room);
    wmbt_test_fill(out, room);
    T_EQ(t,
         wmbt_wal_chunk_key(tenant, fingerprint, epoch, node, seq, wmbt_buf_of(out, want.len - 1u),
                            &len),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, len, 77);
    T_CHECK(t, wmbt_test_is_filled(out, room));
    T_EQ(
        t,
        wmbt_wal_chunk_key(tenant, fingerprint, epoch, node, seq, wmbt_buf_of(out, want.len), &len),
        WMBT_OK);
    T_EQ(t, len, want.len);
    T_BYTES(t, out, want.data, want.len);
    T_CHECK(t, wmbt_test_is_filled(out + want.len, room - want.len));
}

static void test_chunk_keys(wmbt_test *t)
{
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, CORE_FACTS, &file)) {
        return;
    }
    wmbt_table table;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 8);
    uint32_t rows = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "wal_chunk_key")) {
            T_CALL(t, check_wal_chunk_key(t, cells));
            rows++;
        }
    }
    T_CHECK(t, rows != 0u);
}

static void test_chunk_key_arguments(wmbt_test *t)
{
    static const uint8_t not_utf8[] = {'a', 0xC3};
    uint8_t out[64];
    size_t n = 77;
    wmbt_view bad = wmbt_view_of(NULL, 1), good = wmbt_test_text("a");
    wmbt_view odd = wmbt_view_of(not_utf8, sizeof not_utf8);
    wmbt_buf room = wmbt_buf_of(out, sizeof out);
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_wal_chunk_key(bad, good, 1, good, 1, room, &n), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_chunk_key(good, bad, 1, good, 1, room, &n), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_chunk_key(good, good, 1, bad, 1, room, &n), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_chunk_key(good, good, 1, good, 1, wmbt_buf_of(NULL, 64), &n),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_wal_chunk_key(odd, good, 1, good, 1, room, &n), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_wal_chunk_key(good, odd, 1, good, 1, room, &n), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_wal_chunk_key(good, good, 1, odd, 1, room, &n), WMBT_NOT_REPRESENTABLE);
    T_CHECK(t, wmbt_test_is_filled(out, sizeof out));
    T_EQ(t, n, 77);
}

static const wmbt_case cases[] = {
    {"golden: records", test_golden_records, 512 * 1024, RECORDS},
    {"golden: batches", test_golden_batches, 32 * 1024, BATCHES},
    {"golden: keys", test_golden_keys, 32 * 1024, KEYS},
    {"golden: the sample bucket", test_golden_bucket, 32 * 1024, BUCKET " " MANIFEST " " OBJECTS},
    {"every truncation and bit flip", test_faults, 1024, NULL},
    {"hostile: key length", test_hostile_key_length, 0, NULL},
    {"hostile: meta length", test_hostile_meta_length, 0, NULL},
    {"hostile: payload length", test_hostile_payload_length, 0, NULL},
    {"hostile: record count of a batch", test_hostile_record_count, 0, NULL},
    {"hostile: sequence numbers of a batch", test_hostile_sequence_numbers, 0, NULL},
    {"hostile: record length in a batch", test_hostile_encoded_length, 0, NULL},
    {"bytes after a record", test_trailing_bytes_of_a_record, 0, NULL},
    {"bytes after a record in a batch", test_trailing_bytes_in_a_batch, 0, NULL},
    {"bytes that change while they are read", test_bytes_that_change, 0, NULL},
    {"arguments, what the header says", test_arguments, 0, NULL},
    {"key: what it says", test_parse_table, 0, NULL},
    {"key: prefix not known", test_guess, 0, NULL},
    {"key: belongs to a prefix", test_belongs, 0, NULL},
    {"replay order: arguments", test_entry_arguments, 0, NULL},
    {"node: arguments", test_node_arguments, 0, NULL},
    {"golden: keys of upstream's core crate", test_chunk_keys, 8192, CORE_FACTS},
    {"keys of upstream's core crate: arguments", test_chunk_key_arguments, 0, NULL},
#if WMBT_CFG_WRITERS
    {"writers: limits and arguments", test_writer_limits, 0, NULL},
    {"group commit: limits", test_group_limits, 0, NULL},
    {"key: limits of what is built", test_build_limits, 4096, NULL},
#endif
};
WMBT_SUITE(wal, cases);
