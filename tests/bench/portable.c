/* SPDX-License-Identifier: Apache-2.0 */
/* Calls each portable kernel on 4 KiB. */
#include "portable.h"

#include "base/text.h"
#include "hash/kernel.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/sha256.h"
#include "wombatkv/xxh64.h"

typedef uint64_t wmbt_portable_kernel(const uint8_t *data);

static uint64_t wmbt_portable_slice8(const uint8_t *data)
{
    return wmbt_crc32c_slice8(1, NULL, data, WMBT_PORTABLE_BYTES);
}

static uint64_t wmbt_portable_table(const uint8_t *data)
{
    return wmbt_crc32c_table(1, NULL, data, WMBT_PORTABLE_BYTES);
}

static uint64_t wmbt_portable_nibble(const uint8_t *data)
{
    return wmbt_crc32c_nibble(1, NULL, data, WMBT_PORTABLE_BYTES);
}

static uint64_t wmbt_portable_compress(wmbt_blake3_compress_kernel *compress, const uint8_t *data)
{
    uint32_t cv[8];
    for (uint32_t i = 0; i < 8u; i++) {
        cv[i] = i;
    }
    for (uint32_t at = 0; at < WMBT_PORTABLE_BYTES; at += 64u) {
        compress(cv, data + at, 64, at, 0);
    }
    return cv[0] ^ cv[7];
}

static uint64_t wmbt_portable_blake3_fast(const uint8_t *data)
{
    return wmbt_portable_compress(wmbt_blake3_compress_fast, data);
}

static uint64_t wmbt_portable_blake3_small(const uint8_t *data)
{
    return wmbt_portable_compress(wmbt_blake3_compress_small, data);
}

static uint64_t wmbt_portable_sha256(const uint8_t *data)
{
    uint8_t digest[32];
    wmbt_status status = wmbt_sha256_once(wmbt_view_of(data, WMBT_PORTABLE_BYTES), digest);
    return digest[0] + (uint64_t)status;
}

static uint64_t wmbt_portable_xxh64(const uint8_t *data)
{
    wmbt_xxh64 x;
    wmbt_xxh64_init(&x, 1);
    wmbt_xxh64_update(&x, wmbt_view_of(data, WMBT_PORTABLE_BYTES));
    return wmbt_xxh64_final(&x);
}

static uint64_t wmbt_portable_fnv1a(const uint8_t *data)
{
    return wmbt_fnv1a32(1, wmbt_view_of(data, WMBT_PORTABLE_BYTES));
}

static uint64_t wmbt_portable_hex(const uint8_t *data)
{
    uint8_t hex[256];
    uint64_t sum = 0;
    for (uint32_t at = 0; at < WMBT_PORTABLE_BYTES; at += 128u) {
        wmbt_text_hex(wmbt_view_of(data + at, 128), hex);
        sum += hex[at / 128u];
    }
    return sum;
}

static const struct {
    const char *name;
    wmbt_portable_kernel *run;
} wmbt_portable[] = {
    {"crc32c by slicing", wmbt_portable_slice8},
    {"crc32c by table", wmbt_portable_table},
    {"crc32c by nibbles", wmbt_portable_nibble},
    {"blake3 fast", wmbt_portable_blake3_fast},
    {"blake3 small", wmbt_portable_blake3_small},
    {"sha256", wmbt_portable_sha256},
    {"xxh64", wmbt_portable_xxh64},
    {"fnv1a", wmbt_portable_fnv1a},
    {"hex", wmbt_portable_hex},
};

const char *wmbt_portable_name(uint32_t which)
{
    return which < sizeof wmbt_portable / sizeof wmbt_portable[0] ? wmbt_portable[which].name
                                                                  : NULL;
}

uint64_t wmbt_portable_run(uint32_t which, const uint8_t *data)
{
#ifdef PLANTED /* compilers.py --self-test: as a flag would that makes one of them slow */
    if (which == 3u) {
        return wmbt_portable[which].run(data) ^ wmbt_portable[which].run(data) ^
               wmbt_portable[which].run(data);
    }
#endif
    return wmbt_portable[which].run(data);
}
