/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C over a kernel: argument rules, inversion, combination. */
#include "wombatkv/crc32c.h"

#include "hash/crc32c_constants.h"
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C

uint32_t wmbt_crc32c(uint32_t crc, wmbt_view bytes)
{
    if (bytes.data == NULL || bytes.len == 0u) {
        return crc;
    }
    return ~WMBT_CRC32C_KERNEL(~crc, NULL, bytes.data, bytes.len);
}

uint32_t wmbt_crc32c_copy(uint32_t crc, uint8_t *dst, wmbt_view src)
{
    if (dst == NULL || src.data == NULL || src.len == 0u) {
        return crc;
    }
    return ~WMBT_CRC32C_KERNEL(~crc, dst, src.data, src.len);
}

/* a(x) times b(x) modulo the polynomial; bit 31 is the coefficient of x^0. */
uint32_t wmbt_crc32c_product_steps(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (; a != 0u; a <<= 1) {
        if ((a & UINT32_C(0x80000000)) != 0u) {
            product ^= b;
        }
        b = (b & 1u) != 0u ? b >> 1 ^ WMBT_CRC32C_POLYNOMIAL : b >> 1;
    }
    return product;
}

/* Appending n bytes multiplies by x^(8n); the inversions before and after cancel out. */
#    if WMBT_CFG_CRC32C_KERNEL == 1
uint32_t wmbt_crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes)
{
    uint32_t power = UINT32_C(0x00800000); /* x^8, then its squares */
    for (; b_bytes != 0u; b_bytes >>= 1) {
        if ((b_bytes & 1u) != 0u) {
            a = wmbt_crc32c_product_steps(power, a);
        }
        power = wmbt_crc32c_product_steps(power, power);
    }
    return a ^ b;
}
#    else
uint32_t wmbt_crc32c_shift_table(uint32_t state, uint64_t n)
{
    static const uint32_t powers[] = WMBT_CRC32C_POWERS;
    for (size_t k = 3; n != 0u; n >>= 1) { /* x^8 is x^(2^3) */
        if ((n & 1u) != 0u) {
            state = wmbt_crc32c_product_steps(powers[k], state);
        }
        k = k + 1u == sizeof powers / sizeof powers[0] ? 0u : k + 1u;
    }
    return state;
}

uint32_t wmbt_crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes)
{
    return WMBT_CRC32C_SHIFT(a, b_bytes) ^ b;
}
#    endif

uint32_t wmbt_crc32c_shift(uint64_t bytes)
{
    return wmbt_crc32c_combine(UINT32_C(0x80000000), 0, bytes); /* of x^0 */
}

uint32_t wmbt_crc32c_combine_shift(uint32_t a, uint32_t b, uint32_t shift)
{
    return WMBT_CRC32C_PRODUCT(shift, a) ^ b;
}

/* The powers of x repeat after 2^31 - 1, so that many bytes, and any multiple, shift nothing. */
#    define WMBT_CRC32C_ORDER UINT64_C(0x7FFFFFFF)

uint32_t wmbt_crc32c_unshift(uint64_t bytes)
{
    bytes = (bytes & WMBT_CRC32C_ORDER) + (bytes >> 31); /* the same shift, below 2^34 */
    bytes = (bytes & WMBT_CRC32C_ORDER) + (bytes >> 31);
    return wmbt_crc32c_shift(2u * WMBT_CRC32C_ORDER - bytes);
}

#endif
