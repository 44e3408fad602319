/* SPDX-License-Identifier: Apache-2.0 */
/* defaults. Expected values are upstream's (golden/vectors). */
#include "wombatkv/defaults.h"

#include "../support/test.h"

#define CORE_FACTS "golden/vectors/core_facts.tsv"

static void check_defaults(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_defaults d;
    wmbt_status want = WMBT_OK;
    if (!wmbt_test_view_is(cells[7], "ok")) {
        want = wmbt_test_view_is(cells[7], "err:block_size") ? WMBT_BAD_COUNT : WMBT_BAD_LENGTH;
        T_CHECK(t, want == WMBT_BAD_COUNT || wmbt_test_view_is(cells[7], "err:chunk_mb"));
    }
    d.block_size_tokens = (uint32_t)wmbt_cell_u64(t, cells[2]);
    d.hash_function = wmbt_test_view_is(cells[3], "blake3") ? WMBT_HASH_BLAKE3 : WMBT_HASH_XXHASH3;
    d.wal_chunk_target_mb = (uint32_t)wmbt_cell_u64(t, cells[4]);
    d.wire_format = wmbt_test_view_is(cells[5], "msgpack")       ? WMBT_WIRE_MSGPACK
                    : wmbt_test_view_is(cells[5], "flatbuffers") ? WMBT_WIRE_FLATBUFFERS
                                                                 : WMBT_WIRE_CAPNP;
    T_EQ(t, wmbt_defaults_check(&d), want);
}

static void test_rows(wmbt_test *t)
{
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, CORE_FACTS, &file)) {
        return;
    }
    wmbt_table table;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 8);
    uint32_t rows = 0, initial = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "m0_validate")) {
            T_CALL(t, check_defaults(t, cells));
            rows++;
        } else if (wmbt_test_view_is(cells[1], "m0_default")) {
            T_CHECK(t, wmbt_test_view_is(cells[7], "128:blake3:32:msgpack"));
            initial++; /* test_initial() has our side of it */
        }
    }
    T_CHECK(t, rows != 0u && initial == 1u);
}

static void test_initial(wmbt_test *t)
{
    wmbt_defaults d;
    wmbt_test_fill(&d, sizeof d);
    wmbt_defaults_init(&d);
    T_EQ(t, d.block_size_tokens, 128);
    T_EQ(t, d.hash_function, WMBT_HASH_BLAKE3);
    T_EQ(t, d.wal_chunk_target_mb, 32);
    T_EQ(t, d.wire_format, WMBT_WIRE_MSGPACK);
    T_EQ(t, wmbt_defaults_check(&d), WMBT_OK);
    d.hash_function = 2;
    T_EQ(t, wmbt_defaults_check(&d), WMBT_BAD_TAG);
    d.hash_function = 1;
    d.wire_format = 3;
    T_EQ(t, wmbt_defaults_check(&d), WMBT_BAD_TAG);
    d.wal_chunk_target_mb = 16;
    T_EQ(t, wmbt_defaults_check(&d), WMBT_BAD_LENGTH);
    d.block_size_tokens = 65536u + 128u;
    T_EQ(t, wmbt_defaults_check(&d), WMBT_BAD_COUNT);
}

static const wmbt_case cases[] = {
    {"golden: what is allowed", test_rows, 8192, CORE_FACTS},
    {"initial values, unknown labels", test_initial, 0, NULL},
};
WMBT_SUITE(defaults, cases);
