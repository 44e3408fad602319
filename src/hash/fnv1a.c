/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 32 bits. */
#include "wombatkv/fnv1a.h"

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

#endif
