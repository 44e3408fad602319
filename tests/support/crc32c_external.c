/* SPDX-License-Identifier: Apache-2.0 */
/* An integrator's CRC32C, as the contract in crc32c.h asks for it: linked to every test of a build
 * with the external kernel. A bit at a time, from the definition. */
#include "objects.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_CRC32C_KERNEL == 4

void (*wmbt_test_crc_hook)(const uint8_t *src, size_t n);
void (*wmbt_test_crc_after)(const uint8_t *src, size_t n);

uint32_t wmbt_crc32c_external(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    if (wmbt_test_crc_hook != NULL) {
        wmbt_test_crc_hook(src, n);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = src[i];
        if (dst != NULL) {
            dst[i] = byte;
        }
        state ^= byte;
        for (int bit = 0; bit < 8; bit++) {
            state = (state & 1u) != 0u ? state >> 1 ^ UINT32_C(0x82F63B78) : state >> 1;
        }
    }
    if (wmbt_test_crc_after != NULL) {
        wmbt_test_crc_after(src, n);
    }
    return state;
}

#else
typedef int wmbt_crc32c_external_unused;
#endif
