/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FNV-1a of 32 bits: the checksum of WAL and segment objects; of 64 bits: the block hash of llm-d
 * (dialects.h). Finds accidents, not attackers.
 * Source of the rules: draft-eastlake-fnv; docs/FORMATS.md, "WAL".
 */
#ifndef WOMBATKV_FNV1A_H
#define WOMBATKV_FNV1A_H

#include "wombatkv/base.h"

#if WMBT_CFG_FNV1A

WMBT_BEGIN_DECLS

/** The state to start with, and the hash of no bytes. */
#    define WMBT_FNV1A32_INIT UINT32_C(0x811C9DC5)

/**
 * Continues a hash over more bytes; every state is the hash of the bytes so far. An empty view
 * gives `state` back, and so does NULL with a length.
 */
WMBT_API uint32_t wmbt_fnv1a32(uint32_t state, wmbt_view bytes);

/** The same of 64 bits. */
#    define WMBT_FNV1A64_INIT UINT64_C(0xCBF29CE484222325)
WMBT_API uint64_t wmbt_fnv1a64(uint64_t state, wmbt_view bytes);

WMBT_END_DECLS

#endif

#endif
