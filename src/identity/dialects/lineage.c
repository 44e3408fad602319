/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamo's positional hashes. */
#include "wombatkv/lineage.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"
#include "identity/dialects/dialect.h"
#include "wombatkv/xxh3.h"

#if WMBT_CFG_DIALECTS

/* The seed of the chain. */
#    define WMBT_LINEAGE_SEED 1337u

/* Shifts by halves: one of 64 bits by a variable is a call of the compiler's on small machines. */
static uint64_t wmbt_lineage_left(uint64_t v, unsigned n)
{
    uint32_t low = (uint32_t)v, high = (uint32_t)(v >> 32);
    if (n >= 32u) {
        return (uint64_t)(low << (n - 32u)) << 32;
    }
    high = high << n | low >> 1 >> (31u - n);
    return (uint64_t)high << 32 | low << n;
}

static uint64_t wmbt_lineage_right(uint64_t v, unsigned n)
{
    uint32_t low = (uint32_t)v, high = (uint32_t)(v >> 32);
    if (n >= 32u) {
        return high >> (n - 32u);
    }
    low = low >> n | high << 1 << (31u - n);
    return (uint64_t)(high >> n) << 32 | low;
}

/* The n lowest bits, n from 1 to 64. */
static uint64_t wmbt_lineage_low(uint64_t v, unsigned n)
{
    return v & wmbt_lineage_right(UINT64_MAX, 64u - n);
}

/* Mode of a position, and bits that stand behind it in the high half. */
static uint32_t wmbt_lineage_mode(uint32_t position)
{
    if (position >= WMBT_LINEAGE_POSITIONS) {
        return 3;
    }
    return position < 0x100u ? 0u : position < 0x10000u ? 1u : 2u;
}

static unsigned wmbt_lineage_behind(uint32_t mode)
{
    static const uint8_t behind[] = {54, 46, 38, 31};
    return behind[mode];
}

static void wmbt_lineage_store(uint32_t position, uint64_t behind, uint64_t low,
                               uint8_t out[WMBT_LINEAGE_BYTES])
{
    const uint32_t mode = wmbt_lineage_mode(position);
    uint64_t high = wmbt_lineage_left(position, wmbt_lineage_behind(mode)) | behind;
    wmbt_engine_store_be64(out, high | (uint64_t)(mode << 30) << 32);
    wmbt_engine_store_be64(out + 8, low);
}

/* Mode and position; *behind: what stands behind them in the high half. */
static void wmbt_lineage_load(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x,
                              uint64_t *behind)
{
    uint64_t high = wmbt_engine_load_be64(in);
    x->mode = (uint32_t)(high >> 62);
    unsigned n = wmbt_lineage_behind(x->mode);
    x->position = (uint32_t)wmbt_lineage_right(high & UINT64_C(0x3FFFFFFFFFFFFFFF), n);
    *behind = wmbt_lineage_low(high, n);
}

/* Position and sequence hash are whole bytes, so all but the mode is written two bits too far to
 * the left, and then moved. */
wmbt_status wmbt_lineage_pack(uint64_t current, const uint64_t *parent, uint32_t position,
                              uint8_t out[WMBT_LINEAGE_BYTES])
{
    const uint32_t mode = wmbt_lineage_mode(position);
    uint8_t bytes[8];
    if (mode == 3u) {
        return WMBT_TOO_LARGE;
    }
    wmbt_engine_store_be64(bytes, parent != NULL ? *parent << 2 : 0u);
    wmbt_bytes_copy(out + 8, bytes, sizeof bytes);
    wmbt_engine_store_be64(out + mode + 1u, current);
    wmbt_engine_store_be64(bytes, position);
    wmbt_bytes_copy(out, bytes + 7u - mode, mode + 1u);
    for (unsigned i = WMBT_LINEAGE_BYTES - 1u; i != 0u; i--) {
        out[i] = (uint8_t)(out[i] >> 2 | out[i - 1u] << 6);
    }
    out[0] = (uint8_t)(mode << 6 | out[0] >> 2);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x)
{
    wmbt_lineage found;
    uint64_t behind, low = wmbt_engine_load_be64(in + 8);
    wmbt_lineage_load(in, &found, &behind);
    if (found.mode == 3u) {
        return WMBT_BAD_FIELD;
    }
    const unsigned n = wmbt_lineage_behind(found.mode);
    x->mode = found.mode;
    x->position = found.position;
    x->current = wmbt_lineage_left(behind, 64u - n) | wmbt_lineage_right(low, n);
    x->fragment = wmbt_lineage_low(low, n);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_extend(const uint8_t in[WMBT_LINEAGE_BYTES], uint64_t block_hash,
                                uint8_t out[WMBT_LINEAGE_BYTES])
{
    wmbt_lineage x;
    wmbt_status status = wmbt_lineage_unpack(in, &x);
    if (status != WMBT_OK) {
        return status;
    }
    if (x.position == WMBT_LINEAGE_POSITIONS - 1u) {
        return WMBT_END;
    }
    uint8_t step[16];
    wmbt_xxh3 hash;
    wmbt_store_le64(step, x.current);
    wmbt_store_le64(step + 8, block_hash);
    wmbt_xxh3_init(&hash, WMBT_LINEAGE_SEED);
    wmbt_xxh3_update(&hash, wmbt_view_of(step, sizeof step));
    return wmbt_lineage_pack(wmbt_xxh3_final64(&hash), &x.current, x.position + 1u, out);
}

wmbt_status wmbt_lineage_child_fragment(const uint8_t in[WMBT_LINEAGE_BYTES], uint64_t *fragment)
{
    wmbt_lineage x;
    wmbt_status status = wmbt_lineage_unpack(in, &x);
    if (status != WMBT_OK) {
        return status;
    }
    if (x.position == WMBT_LINEAGE_POSITIONS - 1u) {
        return WMBT_END;
    }
    *fragment =
        wmbt_lineage_low(x.current, wmbt_lineage_behind(wmbt_lineage_mode(x.position + 1u)));
    return WMBT_OK;
}

/* A number of 8 bytes in base 58, leading zero bytes as the digit 1; returns its length, at most
 * 11. */
static size_t wmbt_lineage_base58(uint64_t v, uint8_t out[11])
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    uint8_t bytes[8];
    uint8_t reversed[11];
    size_t zeros = 0, n = 0;
    wmbt_engine_store_be64(bytes, v);
    while (zeros < 8u && bytes[zeros] == 0u) {
        zeros++;
    }
    for (size_t first = zeros; first < 8u;) {
        uint32_t rest = 0;
        for (size_t i = first; i < 8u; i++) {
            uint32_t part = rest << 8 | bytes[i];
            uint32_t quotient = part * 1130u >> 16; /* exact: part is below 58 x 256 */
            bytes[i] = (uint8_t)quotient;
            rest = part - 58u * quotient;
        }
        reversed[n++] = (uint8_t)digits[rest];
        while (first < 8u && bytes[first] == 0u) {
            first++;
        }
    }
    for (size_t i = 0; i < zeros; i++) {
        out[i] = (uint8_t)digits[0];
    }
    for (size_t i = 0; i < n; i++) {
        out[zeros + i] = reversed[n - 1u - i];
    }
    return zeros + n;
}

wmbt_status wmbt_lineage_text(const uint8_t in[WMBT_LINEAGE_BYTES],
                              uint8_t out[WMBT_LINEAGE_MAX_TEXT_BYTES], size_t *length)
{
    wmbt_lineage x;
    wmbt_status status = wmbt_lineage_unpack(in, &x);
    if (status != WMBT_OK) {
        return status;
    }
    size_t n = wmbt_text_u64(x.position, out); /* at most 8 digits */
    out[n++] = ':';
    n += wmbt_lineage_base58(x.current, out + n);
    if (x.position != 0u) {
        out[n++] = ':';
        n += wmbt_lineage_base58(x.fragment, out + n);
    }
    *length = n;
    return WMBT_OK;
}

/* Bits of each part in the form of 1.2.0. */
static unsigned wmbt_lineage_v1_2_bits(uint32_t mode)
{
    static const uint8_t bits[] = {59, 55, 51, 51};
    return bits[mode];
}

wmbt_status wmbt_lineage_v1_2_pack(uint64_t current, const uint64_t *parent, uint32_t position,
                                   uint8_t out[WMBT_LINEAGE_BYTES])
{
    const uint32_t mode = wmbt_lineage_mode(position);
    if (mode == 3u) {
        return WMBT_TOO_LARGE;
    }
    const unsigned n = wmbt_lineage_v1_2_bits(mode);
    const uint64_t part = parent != NULL ? wmbt_lineage_low(*parent, n) : 0u;
    /* Of its own hash, what the block after this one keeps of its parent. */
    const unsigned own = wmbt_lineage_v1_2_bits(wmbt_lineage_mode(position + 1u));
    wmbt_lineage_store(position, wmbt_lineage_right(part, 64u - n),
                       wmbt_lineage_left(part, n) | wmbt_lineage_low(current, own), out);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_v1_2_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x)
{
    wmbt_lineage found;
    uint64_t behind, low = wmbt_engine_load_be64(in + 8);
    wmbt_lineage_load(in, &found, &behind);
    if (found.mode == 3u) {
        return WMBT_BAD_FIELD;
    }
    const unsigned n = wmbt_lineage_v1_2_bits(found.mode);
    x->mode = found.mode;
    x->position = found.position;
    x->fragment = wmbt_lineage_left(behind, 64u - n) | wmbt_lineage_right(low, n);
    x->current = wmbt_lineage_low(low, n);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_sequence_pack(uint64_t current, uint64_t block_hash, uint32_t position,
                                       uint8_t out[WMBT_LINEAGE_BYTES])
{
    if (position >= WMBT_LINEAGE_SEQUENCE_POSITIONS) {
        return WMBT_TOO_LARGE;
    }
    const unsigned n = wmbt_lineage_behind(wmbt_lineage_mode(position));
    wmbt_lineage_store(position, wmbt_lineage_low(block_hash, n), current, out);
    return WMBT_OK;
}

void wmbt_lineage_sequence_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x)
{
    uint64_t behind;
    x->current = wmbt_engine_load_be64(in + 8);
    wmbt_lineage_load(in, x, &behind);
    x->fragment = behind;
}

#endif
