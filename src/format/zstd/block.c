/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed blocks of zstd: literals, then sequences. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/state.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_LONG_COUNT 0x7F00u /* added to a number of sequences of three bytes */

/* Number of sequences, in 1 to 3 bytes. */
static bool wmbt_zstd_count_read(wmbt_cursor *in, uint32_t *count)
{
    uint8_t first, second;
    uint16_t more;
    if (!wmbt_cursor_u8(in, &first)) {
        return false;
    }
    *count = first;
    if (first < 128u) {
        return true;
    }
    if (first == 255u) {
        if (!wmbt_cursor_u16(in, &more)) {
            return false;
        }
        *count = more + WMBT_ZSTD_LONG_COUNT;
        return true;
    }
    if (!wmbt_cursor_u8(in, &second)) {
        return false;
    }
    *count = (first - 128u) << 8 | second;
    return true;
}

/* Makes the tables that the byte of modes asks for. */
static wmbt_status wmbt_zstd_tables_read(wmbt_zstd_tables *t, wmbt_cursor *in)
{
    uint8_t modes;
    if (!wmbt_cursor_u8(in, &modes)) {
        return WMBT_BAD_LENGTH;
    }
    if ((modes & 3u) != 0u) {
        return WMBT_BAD_FIELD;
    }
    for (unsigned kind = 0; kind < 3u; kind++) {
        if (!wmbt_zstd_table_make(t, in, kind, modes >> 6)) {
            return WMBT_BAD_BITSTREAM;
        }
        modes = (uint8_t)(modes << 2);
    }
    t->has_sequences = 1;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_block(wmbt_zstd_tables *t, wmbt_cursor *in, size_t *produced)
{
    wmbt_zstd_run *r = &t->run;
    uint32_t count;
    wmbt_status status = wmbt_zstd_literals_read(t, in);
    if (status != WMBT_OK) {
        return status;
    }
    if (t->literals.count > t->target.capacity) {
        return WMBT_FULL;
    }
    if (!wmbt_zstd_count_read(in, &count)) {
        return WMBT_BAD_LENGTH;
    }
    r->to = t->target.window + t->target.at;
    *produced = t->literals.count;
    if (count == 0u) {
        return in->left != 0u ? WMBT_BAD_LENGTH : wmbt_zstd_literals_decode(t, r->to);
    }
    r->spare = t->target.capacity - t->literals.count;
    r->literals_left = t->literals.count;
    r->literals = t->literals.bytes.data;
    if (t->literals.type != WMBT_ZSTD_LITERALS_RAW) {
        r->literals = r->to + r->spare;
        status = wmbt_zstd_literals_decode(t, r->to + r->spare);
    }
    if (status == WMBT_OK) {
        status = wmbt_zstd_tables_read(t, in);
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_zstd_bits_init(&r->bits, in)) {
        return WMBT_BAD_BITSTREAM;
    }
    status = wmbt_zstd_sequences(t, count);
    if (status == WMBT_OK) {
        wmbt_bytes_copy(r->to, r->literals, r->literals_left);
        *produced = t->target.capacity - r->spare;
        WMBT_ASSERT(r->to + r->literals_left == t->target.window + t->target.at + *produced);
    }
    return status;
}

#endif
