/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of upstream's core crate. docs/FORMATS.md, "M0 defaults". */
#include "wombatkv/defaults.h"

#if WMBT_CFG_DEFAULTS

void wmbt_defaults_init(wmbt_defaults *defaults)
{
    defaults->block_size_tokens = 128;
    defaults->hash_function = WMBT_HASH_BLAKE3;
    defaults->wal_chunk_target_mb = 32;
    defaults->wire_format = WMBT_WIRE_MSGPACK;
}

wmbt_status wmbt_defaults_check(const wmbt_defaults *defaults)
{
    uint32_t tokens = defaults->block_size_tokens;
    uint32_t megabytes = defaults->wal_chunk_target_mb;
    if (tokens != 64u && tokens != 128u && tokens != 256u) {
        return WMBT_BAD_COUNT;
    }
    if (megabytes != 8u && megabytes != 32u && megabytes != 64u) {
        return WMBT_BAD_LENGTH;
    }
    if (defaults->hash_function > WMBT_HASH_XXHASH3 || defaults->wire_format > WMBT_WIRE_CAPNP) {
        return WMBT_BAD_TAG;
    }
    return WMBT_OK;
}

#endif
