/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two things that libzstd accepts since 1.5.5 and 1.5.6 and refused before, as Debian's still does:
 * compressed blocks of two bytes, and a number of sequences that is 0 but has two bytes.
 */
#ifndef WMBT_TESTS_ZSTD_OLDER_H
#define WMBT_TESTS_ZSTD_OLDER_H

#include "wombatkv/zstd.h"

/* Bytes of a literals section, 0 if it is cut off. */
static size_t older_literals(const uint8_t *b, size_t n)
{
    static const uint8_t headers[] = {1, 2, 1, 3, 3, 3, 4, 5};
    unsigned type = b[0] & 3u, format = (b[0] >> 2) & 3u;
    size_t header = headers[type < 2u ? format : 4u + format];
    uint64_t v = 0;
    if (header > n) {
        return 0;
    }
    for (size_t i = 0; i < header; i++) {
        v |= (uint64_t)b[i] << (8u * i);
    }
    if (type == 1u) {
        return header + 1u;
    }
    if (type == 0u) {
        return header + (size_t)(v >> (header == 1u ? 3 : 4));
    }
    unsigned bits = 4u * (unsigned)header - 2u;
    return header + (size_t)(v >> (4u + bits));
}

static bool older_block(const uint8_t *b, size_t n)
{
    if (n == 2u) {
        return true;
    }
    size_t at = n == 0u ? 0u : older_literals(b, n);
    return at != 0u && at + 1u < n && b[at] == 0x80u && b[at + 1u] == 0u;
}

/* True if the frames, which decode, have one of the two. */
static bool older_refuses(const uint8_t *p, size_t n)
{
    size_t at = 0;
    wmbt_zstd_header head;
    while (at < n && wmbt_zstd_read_header(wmbt_view_of(p + at, n - at), &head) == WMBT_OK) {
        at += head.header_bytes;
        if ((head.flags & WMBT_ZSTD_IS_SKIPPABLE) != 0u) {
            at += (size_t)head.content_bytes;
            continue;
        }
        bool last = false;
        while (!last && n - at >= 3u) {
            uint32_t h = (uint32_t)p[at] | (uint32_t)p[at + 1u] << 8 | (uint32_t)p[at + 2u] << 16;
            size_t size = (h & 6u) == 2u ? 1u : h >> 3;
            at += 3;
            if ((h & 6u) == 4u && older_block(p + at, size)) {
                return true;
            }
            at += size;
            last = (h & 1u) != 0u;
        }
        at += (head.flags & WMBT_ZSTD_HAS_CHECKSUM) != 0u ? 4u : 0u;
    }
    return false;
}

#endif
