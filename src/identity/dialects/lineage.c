/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dynamo's positional hashes, as four words of 32 bits, the highest first. All shifts are of words:
 * one of 64 bits by a variable is a call of the compiler's on small machines.
 */
#include "wombatkv/lineage.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"
#include "identity/dialects/dialect.h"
#include "wombatkv/xxh3.h"

#if WMBT_CFG_DIALECTS

/* The seed of the chain. */
#    define WMBT_LINEAGE_SEED 1337u

/* Mode of a position: how many bytes it has, less one; 3: four, without the lowest bit. */
static uint32_t wmbt_lineage_mode(uint32_t position)
{
    if (position >= WMBT_LINEAGE_POSITIONS) {
        return 3;
    }
    return position < 0x100u ? 0u : position < 0x10000u ? 1u : 2u;
}

static uint32_t wmbt_lineage_high(uint64_t v)
{
    return (uint32_t)(v >> 32);
}

/* Of a number the 64 - less lowest bits: their high half, and all of them. */
static uint32_t wmbt_lineage_masked(uint64_t v, uint32_t less)
{
    return wmbt_lineage_high(v) & UINT32_MAX >> less;
}

static uint64_t wmbt_lineage_lowest(uint64_t v, uint32_t less)
{
    return (uint64_t)wmbt_lineage_masked(v, less) << 32 | (uint32_t)v;
}

static void wmbt_lineage_store(const uint32_t word[4], uint8_t out[WMBT_LINEAGE_BYTES])
{
    for (uint32_t i = 0; i < WMBT_LINEAGE_BYTES; i++) {
        out[i] = (uint8_t)(word[i / 4u] >> (24u - 8u * (i % 4u)));
    }
}

/* Mode and position, and the words of a hash. */
static void wmbt_lineage_load(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x,
                              uint32_t word[4])
{
    for (uint32_t i = 0; i < 4u; i++, in += 4) {
        word[i] = (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
    }
    x->mode = word[0] >> 30;
    x->position = (word[0] & 0x3FFFFFFFu) >> (x->mode == 3u ? 0u : 22u - 8u * x->mode);
}

/* The two numbers of a hash: the first has `shift` of its bits in the third word. Bits that stand
 * before it are not masked. */
static void wmbt_lineage_split(const uint32_t word[4], uint32_t shift, uint64_t *first,
                               uint64_t *last)
{
    const uint32_t high = word[0] << shift | word[1] >> (32u - shift);
    const uint32_t low = word[1] << shift | word[2] >> (32u - shift);
    *first = (uint64_t)high << 32 | low;
    *last = (uint64_t)(word[2] & UINT32_MAX >> shift) << 32 | word[3];
}

/* Bits of the low half that are the sequence hash's; all the others are the parent's. */
static uint32_t wmbt_lineage_bits(uint32_t mode)
{
    return 10u + 8u * mode;
}

wmbt_status wmbt_lineage_pack(uint64_t current, const uint64_t *parent, uint32_t position,
                              uint8_t out[WMBT_LINEAGE_BYTES])
{
    if (position >= WMBT_LINEAGE_POSITIONS) {
        return WMBT_TOO_LARGE;
    }
    const uint32_t mode = wmbt_lineage_mode(position), n = wmbt_lineage_bits(mode);
    const uint32_t high = wmbt_lineage_high(current), low = (uint32_t)current;
    const uint64_t before = parent != NULL ? *parent : 0u;
    uint32_t word[4];
    word[0] = mode << 30 | position << (32u - n) | high >> n;
    word[1] = high << (32u - n) | low >> n;
    word[2] = low << (32u - n) | wmbt_lineage_masked(before, n);
    word[3] = (uint32_t)before;
    wmbt_lineage_store(word, out);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x)
{
    wmbt_lineage found;
    uint32_t word[4];
    wmbt_lineage_load(in, &found, word);
    if (found.mode == 3u) {
        return WMBT_BAD_FIELD;
    }
    x->mode = found.mode;
    x->position = found.position;
    wmbt_lineage_split(word, wmbt_lineage_bits(found.mode), &x->current, &x->fragment);
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
    const uint32_t less = wmbt_lineage_bits(wmbt_lineage_mode(x.position + 1u));
    *fragment = wmbt_lineage_lowest(x.current, less);
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

/* In the form of 1.2.0: bits of the low half that are the parent's; the others are of the hash's
 * own. Mode 3 is asked for behind the last position, where nothing changes. */
static uint32_t wmbt_lineage_v1_2_bits(uint32_t mode)
{
    return mode == 3u ? 13u : 5u + 4u * mode;
}

wmbt_status wmbt_lineage_v1_2_pack(uint64_t current, const uint64_t *parent, uint32_t position,
                                   uint8_t out[WMBT_LINEAGE_BYTES])
{
    if (position >= WMBT_LINEAGE_POSITIONS) {
        return WMBT_TOO_LARGE;
    }
    /* Of its own hash, what the block after this one keeps of its parent. */
    const uint32_t own = wmbt_lineage_v1_2_bits(wmbt_lineage_mode(position + 1u));
    const uint32_t mode = wmbt_lineage_mode(position), n = wmbt_lineage_v1_2_bits(mode);
    const uint64_t before = parent != NULL ? *parent : 0u;
    const uint32_t high = wmbt_lineage_masked(before, n), low = (uint32_t)before;
    uint32_t word[4];
    word[0] = mode << 30 | position << (22u - 8u * mode) | high >> n;
    word[1] = high << (32u - n) | low >> n;
    word[2] = low << (32u - n) | wmbt_lineage_masked(current, own);
    word[3] = (uint32_t)current;
    wmbt_lineage_store(word, out);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_v1_2_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x)
{
    wmbt_lineage found;
    uint32_t word[4];
    wmbt_lineage_load(in, &found, word);
    if (found.mode == 3u) {
        return WMBT_BAD_FIELD;
    }
    const uint32_t n = wmbt_lineage_v1_2_bits(found.mode);
    x->mode = found.mode;
    x->position = found.position;
    wmbt_lineage_split(word, n, &x->fragment, &x->current);
    x->fragment = wmbt_lineage_lowest(x->fragment, n);
    return WMBT_OK;
}

wmbt_status wmbt_lineage_sequence_pack(uint64_t current, uint64_t block_hash, uint32_t position,
                                       uint8_t out[WMBT_LINEAGE_BYTES])
{
    if (position >= WMBT_LINEAGE_SEQUENCE_POSITIONS) {
        return WMBT_TOO_LARGE;
    }
    const uint32_t mode = wmbt_lineage_mode(position);
    uint32_t word[4];
    if (mode == 3u) { /* the position's lowest bit is in the second word */
        word[0] = mode << 30 | position >> 1;
        word[1] = position << 31 | ((uint32_t)block_hash & 0x7FFFFFFFu);
    } else {
        word[0] = mode << 30 | position << (22u - 8u * mode) |
                  wmbt_lineage_masked(block_hash, wmbt_lineage_bits(mode));
        word[1] = (uint32_t)block_hash;
    }
    word[2] = wmbt_lineage_high(current);
    word[3] = (uint32_t)current;
    wmbt_lineage_store(word, out);
    return WMBT_OK;
}

void wmbt_lineage_sequence_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x)
{
    uint32_t word[4];
    wmbt_lineage_load(in, x, word);
    x->current = (uint64_t)word[2] << 32 | word[3];
    x->fragment = word[1];
    if (x->mode == 3u) {
        x->position = x->position << 1 | word[1] >> 31;
        x->fragment &= 0x7FFFFFFFu;
    } else {
        const uint32_t high = word[0] & UINT32_MAX >> wmbt_lineage_bits(x->mode);
        x->fragment |= (uint64_t)high << 32;
    }
}

#endif
