/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian loads and stores, by shifts: any alignment, any byte order of the machine. */
#ifndef WMBT_SRC_BASE_LE_H
#define WMBT_SRC_BASE_LE_H

#include "wombatkv/config.h"

static inline uint16_t wmbt_load_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (uint32_t)p[1] << 8);
}

static inline uint32_t wmbt_load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t wmbt_load_le64(const uint8_t *p)
{
    return (uint64_t)wmbt_load_le32(p) | (uint64_t)wmbt_load_le32(p + 4) << 32;
}

/* The same by one load, where the machine has one for any address. */
static inline uint64_t wmbt_load_any_le64(const uint8_t *p)
{
#ifdef WMBT_UNALIGNED_U64_IS_LE
    typedef WMBT_UNALIGNED_U64 any;
    return *(const any *)p;
#else
    return wmbt_load_le64(p);
#endif
}

static inline void wmbt_store_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void wmbt_store_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline void wmbt_store_le64(uint8_t *p, uint64_t v)
{
    wmbt_store_le32(p, (uint32_t)v);
    wmbt_store_le32(p + 4, (uint32_t)(v >> 32));
}

#endif
