/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of zstd for x86-64 CPUs with BMI and AVX2: shifts that leave the flags alone, copies of
 * 32 bytes. */
#include "format/zstd/sequences_loop.h"
#include "format/zstd/streams_loop.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST && WMBT_ZSTD_AVX2

#    define WMBT_ZSTD_FOR_AVX2 WMBT_TARGET("bmi,bmi2,avx2")

WMBT_ZSTD_FOR_AVX2
wmbt_status wmbt_zstd_sequences_avx2(wmbt_zstd_tables *t, uint32_t count)
{
    return wmbt_zstd_sequences_loop(t, count, true);
}

WMBT_ZSTD_FOR_AVX2
void wmbt_zstd_turns_avx2(const uint16_t *table, wmbt_zstd_lane *lane, uint8_t *const *to,
                          uint32_t turns)
{
    wmbt_zstd_turns_loop(table, lane, to, turns);
}

#endif
