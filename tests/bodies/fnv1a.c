/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a. */
#include "../support/test.h"

#include "wombatkv/fnv1a.h"

static void test_published(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, "vectors/fnv1a32.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view message = wmbt_cell_bytes(t, cells[1]);
        uint64_t want = wmbt_cell_u64(t, cells[2]);
        T_EQ(t, wmbt_fnv1a32(WMBT_FNV1A32_INIT, message), want);
        for (size_t i = 0; i <= message.len && message.len != 0u; i++) {
            uint32_t state = wmbt_fnv1a32(WMBT_FNV1A32_INIT, wmbt_view_of(message.data, i));
            T_EQ(t, wmbt_fnv1a32(state, wmbt_view_of(message.data + i, message.len - i)), want);
        }
    }
    T_EQ(t, table.row, 84);
}

static void test_empty(wmbt_test *t)
{
    uint8_t byte = 3;
    T_EQ(t, wmbt_fnv1a32(WMBT_FNV1A32_INIT, wmbt_view_of(NULL, 0)), 0x811C9DC5);
    T_EQ(t, wmbt_fnv1a32(5, wmbt_view_of(&byte, 0)), 5);
    T_EQ(t, wmbt_fnv1a32(5, wmbt_view_of(NULL, 9)), 5);
    T_EQ(t, wmbt_fnv1a64(5, wmbt_view_of(&byte, 0)), 5);
    T_EQ(t, wmbt_fnv1a64(5, wmbt_view_of(NULL, 9)), 5);
}

static const wmbt_case cases[] = {
    {"published values, every split", test_published, 512, "vectors/fnv1a32.tsv"},
    {"empty and NULL", test_empty, 0, NULL},
};
WMBT_SUITE(fnv1a, cases);
