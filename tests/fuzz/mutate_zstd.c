/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes zstd frames as frames, so that fuzzing does not stop at a header: flags of the frame with
 * fields of the size that they announce, blocks that are added, taken out, swapped and turned into
 * another type, the headers of literals and of sequences with the sizes around them put right, the
 * end mark of a bit stream, a checksum that is right. libFuzzer's own changes go into one block.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wombatkv/xxh64.h"
#include "wombatkv/zstd.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define BEFORE 4u /* bytes of the harness, which pick pieces and room */
#define MAX_BLOCKS 64u
#define MAX_CONTENT 70000u

enum { RAW, RLE, COMPRESSED, RESERVED };

typedef struct text {
    uint8_t *bytes;
    size_t len, max;
    uint32_t random;
} text;

typedef struct frame {
    uint8_t descriptor;
    size_t start, header_end, end; /* end: behind the blocks */
    size_t block[MAX_BLOCKS];      /* where their headers are */
    unsigned count;
} frame;

static uint32_t below(text *x, uint32_t n)
{
    x->random ^= x->random << 13;
    x->random ^= x->random >> 17;
    x->random ^= x->random << 5;
    return x->random % n;
}

/* Puts `n` bytes where `old` were; false if there is no room. */
static bool splice(text *x, size_t at, size_t old, const uint8_t *bytes, size_t n)
{
    if (at > x->len || old > x->len - at || x->len - old + n > x->max) {
        return false;
    }
    memmove(x->bytes + at + n, x->bytes + at + old, x->len - at - old);
    if (n != 0u) {
        memcpy(x->bytes + at, bytes, n);
    }
    x->len = x->len - old + n;
    return true;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static uint32_t header_at(const text *x, size_t at)
{
    return x->bytes[at] | (uint32_t)x->bytes[at + 1u] << 8 | (uint32_t)x->bytes[at + 2u] << 16;
}

static void set_header(text *x, size_t at, uint32_t last, uint32_t type, uint32_t size)
{
    uint32_t header = last | type << 1 | size << 3;
    x->bytes[at] = (uint8_t)header;
    x->bytes[at + 1u] = (uint8_t)(header >> 8);
    x->bytes[at + 2u] = (uint8_t)(header >> 16);
}

static uint32_t type_of(uint32_t header)
{
    return header >> 1 & 3u;
}

/* Bytes behind a block's header. */
static size_t stored_of(const text *x, size_t at)
{
    uint32_t header = header_at(x, at);
    return type_of(header) == RLE ? 1u : header >> 3;
}

static size_t header_bytes_of(uint8_t descriptor)
{
    static const uint8_t of_content[] = {0, 2, 4, 8}, of_dictionary[] = {0, 1, 2, 4};
    bool single = (descriptor & 0x20u) != 0u;
    size_t content = descriptor >> 6 == 0u ? single : of_content[descriptor >> 6];
    return 5u + !single + of_dictionary[descriptor & 3u] + content;
}

/* Finds the first frame and its blocks, as many as are whole. */
static bool find_frame(const text *x, frame *f)
{
    static const uint8_t magic[] = {0x28, 0xB5, 0x2F, 0xFD};
    f->start = BEFORE;
    f->count = 0;
    if (x->len < BEFORE + 6u || memcmp(x->bytes + BEFORE, magic, sizeof magic) != 0) {
        return false;
    }
    f->descriptor = x->bytes[BEFORE + 4u];
    f->header_end = f->end = BEFORE + header_bytes_of(f->descriptor);
    bool last = false;
    while (!last && f->count < MAX_BLOCKS && f->end + 3u <= x->len) {
        size_t stored = stored_of(x, f->end);
        if (stored > x->len - f->end - 3u) {
            break;
        }
        last = (header_at(x, f->end) & 1u) != 0u;
        f->block[f->count++] = f->end;
        f->end += 3u + stored;
    }
    return f->count != 0u;
}

/* Only the last block says that it is. */
static void mark_last(text *x)
{
    frame f;
    if (find_frame(x, &f)) {
        for (unsigned i = 0; i < f.count; i++) {
            uint32_t header = header_at(x, f.block[i]);
            set_header(x, f.block[i], i + 1u == f.count, type_of(header), header >> 3);
        }
    }
}

/* --- changes ---------------------------------------------------------------------------------- */

/* An empty frame with a raw block, when there is none. */
static void plant_frame(text *x)
{
    static const uint8_t start[] = {0,    0,    0xFF, 0x10, 0x28, 0xB5, 0x2F, 0xFD, 0x00,
                                    0x58, 0x21, 0x00, 0x00, 'w',  'o',  'm',  'b'};
    x->len = 0;
    (void)splice(x, 0, 0, start, sizeof start);
}

/* Other flags, and the fields that they announce. */
static void change_frame(text *x, const frame *f)
{
    uint8_t header[18] = {0x28, 0xB5, 0x2F, 0xFD};
    uint8_t flags = (uint8_t)(f->descriptor ^ 1u << below(x, 8));
    size_t n = header_bytes_of(flags);
    header[4] = flags;
    for (size_t i = 5; i < n; i++) {
        header[i] = (uint8_t)(below(x, 4) == 0u ? below(x, 256) : 0u);
    }
    if ((flags & 0x20u) == 0u) { /* windows of up to 64 KiB, mostly */
        header[5] = (uint8_t)below(x, below(x, 8) == 0u ? 256 : 56);
    }
    (void)splice(x, f->start, f->header_end - f->start, header, n);
}

static void change_blocks(text *x, const frame *f)
{
    uint8_t copy[4096];
    size_t one = f->block[below(x, f->count)], other = f->block[below(x, f->count)];
    size_t n = 3u + stored_of(x, one);
    uint32_t header = header_at(x, one), kind = below(x, 5);
    if (n > sizeof copy) {
        kind = 2;
    } else {
        memcpy(copy, x->bytes + one, n);
    }
    switch (kind) {
    case 0: (void)splice(x, other, 0, copy, n); break; /* once more */
    case 1: (void)splice(x, one, n, NULL, 0); break;
    case 2: /* another type with the same bytes, or a run of as many */
        set_header(x, one, header & 1u, type_of(header) == RLE ? RAW : RLE, header >> 3);
        if (type_of(header) != RLE && n > 4u) {
            (void)splice(x, one + 4u, n - 4u, NULL, 0);
        }
        break;
    case 3: { /* a run of any length */
        uint8_t run[4] = {0, 0, 0, (uint8_t)below(x, 256)};
        if (splice(x, other, 0, run, sizeof run)) {
            set_header(x, other, 0, RLE, below(x, 3) == 0u ? below(x, 1u << 17) : below(x, 300));
        }
        break;
    }
    default: set_header(x, one, below(x, 2), below(x, 4), header >> 3); break;
    }
    if (below(x, 8) != 0u) {
        mark_last(x);
    }
}

/* libFuzzer's change of one block's bytes. */
static void change_bytes(text *x, const frame *f)
{
    size_t at = f->block[below(x, f->count)], n = stored_of(x, at);
    uint32_t header = header_at(x, at);
    uint8_t room[4096];
    if (n == 0u || n > sizeof room || type_of(header) == RLE) {
        return;
    }
    memcpy(room, x->bytes + at + 3u, n);
    size_t now = LLVMFuzzerMutate(room, n, sizeof room);
    if (splice(x, at + 3u, n, room, now)) {
        set_header(x, at, header & 1u, type_of(header), (uint32_t)now);
    }
}

/* --- inside compressed blocks ----------------------------------------------------------------- */

typedef struct literals {
    uint32_t type, format, count, bytes; /* bytes: that are stored */
    size_t header_bytes;
} literals;

static literals read_literals(const uint8_t *p, size_t n)
{
    static const uint8_t lengths[] = {1, 2, 1, 3, 3, 3, 4, 5};
    literals l = {p[0] & 3u, p[0] >> 2 & 3u, 0, 0, 0};
    bool huffman = l.type >= 2u;
    uint64_t v = 0;
    l.header_bytes = lengths[4u * huffman + l.format];
    for (size_t i = 0; i < l.header_bytes && i < n; i++) {
        v |= (uint64_t)p[i] << 8u * i;
    }
    unsigned bits = huffman ? (l.format < 2u ? 10u : l.format == 2u ? 14u : 18u) : 20u;
    if (!huffman && (l.format & 1u) == 0u) {
        l.count = (uint32_t)(v >> 3);
    } else {
        l.count = (uint32_t)(v >> 4 & ((1u << bits) - 1u));
    }
    l.bytes = huffman ? (uint32_t)(v >> (4u + bits)) : l.type == 1u ? 1u : l.count;
    return l;
}

static size_t write_literals(const literals *l, uint8_t out[5])
{
    static const uint8_t lengths[] = {1, 2, 1, 3, 3, 3, 4, 5};
    bool huffman = l->type >= 2u;
    size_t n = lengths[4u * huffman + l->format];
    unsigned bits = l->format < 2u ? 10u : l->format == 2u ? 14u : 18u;
    uint64_t v = l->type | l->format << 2;
    if (huffman) {
        v |= (uint64_t)(l->count & ((1u << bits) - 1u)) << 4;
        v |= (uint64_t)l->bytes << (4u + bits);
    } else if ((l->format & 1u) == 0u) {
        v = l->type | (l->format & 2u) << 2 | (uint64_t)l->count << 3;
    } else {
        v |= (uint64_t)l->count << 4;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(v >> 8u * i);
    }
    return n;
}

static void change_literals(text *x, size_t at, size_t n)
{
    uint8_t header[5];
    literals l = read_literals(x->bytes + at + 3u, n);
    if (l.header_bytes > n) {
        return;
    }
    size_t old = l.header_bytes;
    switch (below(x, 5)) {
    case 0: l.type = below(x, 4); break;
    case 1: l.format = below(x, 4); break;
    case 2: l.count += below(x, 9) - 4u; break;
    case 3: l.bytes += below(x, 9) - 4u; break;
    default: l.count = below(x, 1u << (1u + below(x, 17))); break;
    }
    size_t now = write_literals(&l, header);
    uint32_t block = header_at(x, at);
    if (splice(x, at + 3u, old, header, now)) {
        set_header(x, at, block & 1u, COMPRESSED, (uint32_t)(n - old + now));
    }
}

static void change_sequences(text *x, size_t at, size_t n)
{
    literals l = read_literals(x->bytes + at + 3u, n);
    uint64_t before = l.header_bytes + (uint64_t)l.bytes;
    if (before + 2u > n) {
        return;
    }
    size_t here = at + 3u + (size_t)before, old = 1;
    uint32_t count = x->bytes[here], block = header_at(x, at);
    if (count >= 128u) {
        old = count == 255u ? 3u : 2u;
        count = count == 255u ? 0x7F00u + x->bytes[here + 1u]
                              : ((count - 128u) << 8) + x->bytes[here + 1u];
    }
    if (below(x, 3) == 0u) { /* the three modes */
        if (before + old < n) {
            x->bytes[here + old] ^= (uint8_t)(1u << (2u + below(x, 6)));
        }
        return;
    }
    count = below(x, 4) == 0u ? below(x, 0x8100) : (count + below(x, 7) + 0x7FFDu) % 0x8000u;
    uint8_t number[3] = {(uint8_t)count, 0, 0};
    size_t now = count < 128u ? 1u : count < 0x7F00u ? 2u : 3u;
    if (now == 2u) {
        number[0] = (uint8_t)((count >> 8) + 128u);
        number[1] = (uint8_t)count;
    } else if (now == 3u) {
        number[0] = 255;
        number[1] = (uint8_t)(count - 0x7F00u);
        number[2] = (uint8_t)((count - 0x7F00u) >> 8);
    }
    if (before + old <= n && splice(x, here, old, number, now)) {
        set_header(x, at, block & 1u, COMPRESSED, (uint32_t)(n - old + now));
    }
}

static void change_compressed(text *x, const frame *f)
{
    size_t at = f->block[below(x, f->count)], n = stored_of(x, at);
    for (unsigned i = 0; i < f->count && type_of(header_at(x, at)) != COMPRESSED; i++) {
        at = f->block[i];
        n = stored_of(x, at);
    }
    if (type_of(header_at(x, at)) != COMPRESSED || n < 2u) {
        return;
    }
    literals l = read_literals(x->bytes + at + 3u, n);
    switch (below(x, 5)) {
    case 0: change_literals(x, at, n); break;
    case 1: change_sequences(x, at, n); break;
    case 2: /* the tree's or the table's first byte */
        if (l.header_bytes < n) {
            x->bytes[at + 3u + l.header_bytes] = (uint8_t)below(x, 256);
        }
        break;
    case 3: /* where a bit stream ends: its last byte has the mark */
        x->bytes[at + 2u + n] = (uint8_t)(1u << below(x, 8) | below(x, 128));
        break;
    default: x->bytes[at + 3u + below(x, (uint32_t)n)] ^= (uint8_t)(1u << below(x, 8)); break;
    }
}

/* A checksum that is right, or none. */
static void change_checksum(text *x, const frame *f)
{
    static _Alignas(WMBT_ZSTD_ALIGN) uint8_t memory[WMBT_ZSTD_WORKSPACE_BYTES];
    static uint8_t content[MAX_CONTENT];
    uint8_t sum[4];
    size_t made;
    if ((f->descriptor & 4u) != 0u) { /* taken away */
        x->bytes[f->start + 4u] ^= 4u;
        (void)splice(x, f->end, x->len - f->end < 4u ? x->len - f->end : 4u, NULL, 0);
        return;
    }
    wmbt_view in = wmbt_view_of(x->bytes + f->start, f->end - f->start);
    if (wmbt_zstd_decode(wmbt_buf_of(memory, sizeof memory), in,
                         wmbt_buf_of(content, sizeof content), &made) != WMBT_OK) {
        return;
    }
    uint64_t hash = wmbt_xxh64_once(wmbt_view_of(content, made), 0);
    for (unsigned i = 0; i < 4u; i++) {
        sum[i] = (uint8_t)(hash >> 8u * i);
    }
    if (splice(x, f->end, 0, sum, sizeof sum)) {
        x->bytes[f->start + 4u] ^= 4u;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    text x = {data, size, max_size, seed * 2654435761u | 1u};
    frame f;
    (void)below(&x, 2);
    if (max_size < 64u || below(&x, 16) == 0u) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (uint32_t times = 1u + below(&x, 3); times != 0u; times--) {
        if (!find_frame(&x, &f)) {
            if (below(&x, 4) == 0u) {
                plant_frame(&x);
                continue;
            }
            return LLVMFuzzerMutate(data, x.len, max_size);
        }
        switch (below(&x, 8)) {
        case 0: change_frame(&x, &f); break;
        case 1: change_blocks(&x, &f); break;
        case 2: change_bytes(&x, &f); break;
        case 3: change_checksum(&x, &f); break;
        case 4: x.bytes[below(&x, BEFORE)] = (uint8_t)below(&x, 256); break;
        default: change_compressed(&x, &f); break;
        }
    }
    return x.len;
}
