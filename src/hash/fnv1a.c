/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 32 and 64 bits. */
#include "wombatkv/fnv1a.h"

#include "hash/mul64.h"

#if WMBT_CFG_FNV1A

#    define WMBT_FNV1A32_PRIME UINT32_C(16777619)

uint32_t wmbt_fnv1a32(uint32_t state, wmbt_view bytes)
{
    if (bytes.data == NULL) {
        return state;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        state = (state ^ bytes.data[i]) * WMBT_FNV1A32_PRIME;
    }
    return state;
}

#    define WMBT_FNV1A64_PRIME UINT64_C(0x100000001B3)

uint64_t wmbt_fnv1a64(uint64_t state, wmbt_view bytes)
{
    if (bytes.data == NULL) {
        return state;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        state = wmbt_mul64(state ^ bytes.data[i], WMBT_FNV1A64_PRIME);
    }
    return state;
}

#endif
