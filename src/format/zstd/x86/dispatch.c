/* SPDX-License-Identifier: Apache-2.0 */
/* Which loops of zstd a program uses on x86-64: the loader decides, as hash/x86/dispatch.c says. */
#include "format/zstd/kernels.h"

#if WMBT_CFG_ZSTD

#    if WMBT_CFG_ZSTD_FAST && WMBT_CFG_DISPATCH && WMBT_ON_X86

#        include "hash/x86/features.h"

WMBT_RESOLVER(wmbt_zstd_sequences_choose, wmbt_zstd_sequences_kernel *)
{
    return wmbt_x86_has(WMBT_X86_AVX2 | WMBT_X86_BMI) ? wmbt_zstd_sequences_avx2
                                                      : wmbt_zstd_sequences_portable;
}
wmbt_status wmbt_zstd_sequences_loaded(wmbt_zstd_tables *t, uint32_t count)
    WMBT_RESOLVED_BY("wmbt_zstd_sequences_choose");

WMBT_RESOLVER(wmbt_zstd_one_choose, wmbt_zstd_one_kernel *)
{
    return wmbt_x86_has(WMBT_X86_AVX2 | WMBT_X86_BMI) ? wmbt_zstd_one_avx2 : wmbt_zstd_one_portable;
}
void wmbt_zstd_one_loaded(const uint16_t *table, wmbt_zstd_lane *lane)
    WMBT_RESOLVED_BY("wmbt_zstd_one_choose");

WMBT_RESOLVER(wmbt_zstd_many_choose, wmbt_zstd_many_kernel *)
{
    return wmbt_x86_has(WMBT_X86_AVX2 | WMBT_X86_BMI) ? wmbt_zstd_many_avx2
                                                      : wmbt_zstd_many_portable;
}
void wmbt_zstd_many_loaded(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *lane)
    WMBT_RESOLVED_BY("wmbt_zstd_many_choose");

#    endif

#endif
