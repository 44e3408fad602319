/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C (RFC 3720, appendix B.4): Castagnoli, reflected polynomial 0x82F63B78, initial value and
 * final inversion all ones; "123456789" gives 0xE3069283. Which code computes it is
 * WMBT_CFG_CRC32C_KERNEL (config.h).
 */
#ifndef WOMBATKV_CRC32C_H
#define WOMBATKV_CRC32C_H

#include "wombatkv/base.h"

#if WMBT_CFG_CRC32C

WMBT_BEGIN_DECLS

/**
 * Continues a CRC32C over more bytes. Start with 0; every value is final, and
 * wmbt_crc32c(wmbt_crc32c(0, a), b) is the CRC32C of a followed by b.
 *
 * An empty view gives `crc` back, and so does NULL with a length (a caller error elsewhere, but
 * there is no status to say so here).
 */
WMBT_API uint32_t wmbt_crc32c(uint32_t crc, wmbt_view bytes);

/**
 * wmbt_crc32c() that also copies the bytes to `dst`, in one pass: each byte of `src` is read once,
 * so the CRC is that of the bytes which landed, also when a device still writes to `src`.
 *
 * `dst` has room for src.len bytes. The two may overlap only if dst is at or before src.data. If
 * src is empty, or if dst or src.data is NULL, nothing is copied and `crc` comes back.
 */
WMBT_API uint32_t wmbt_crc32c_copy(uint32_t crc, uint8_t *dst, wmbt_view src);

/**
 * The CRC32C of A followed by B, from a = CRC32C of A, b = CRC32C of B and the length of B in
 * bytes: ranges that land out of order are checked as they land and combined afterwards. Costs at
 * most two polynomial products of 32 steps for each bit of b_bytes, whatever the data.
 */
WMBT_API uint32_t wmbt_crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes);

/** What bytes that follow do to a CRC, for wmbt_crc32c_combine_shift(): worth keeping where many
 * pieces have one length. Costs as much as wmbt_crc32c_combine(). */
WMBT_API uint32_t wmbt_crc32c_shift(uint64_t bytes);

/** wmbt_crc32c_combine() with shift = wmbt_crc32c_shift(b_bytes): one product of 32 steps, or one
 * carry-less multiplication where the machine has it (docs/KERNELS.md). */
WMBT_API uint32_t wmbt_crc32c_combine_shift(uint32_t a, uint32_t b, uint32_t shift);

/** The shift that undoes wmbt_crc32c_shift(bytes): with it a CRC can be put together from the last
 * piece to the first, at one product each. */
WMBT_API uint32_t wmbt_crc32c_unshift(uint64_t bytes);

#    if WMBT_CFG_CRC32C_KERNEL == 4
/**
 * Supplied by the integrator when WMBT_CFG_CRC32C_KERNEL is 4 (a CRC instruction or engine); the
 * library then has this one undefined symbol.
 *
 * Feeds n bytes at src into the shift register `state` (bit 31 is the coefficient of x^0; neither
 * inverted before nor after: the library does both) and returns the register. Copies the bytes to
 * dst as well, unless dst is NULL, reading each byte of src once. n is never 0, src never NULL; dst
 * may be at or before src.
 */
extern uint32_t wmbt_crc32c_external(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n);
#    endif

WMBT_END_DECLS

#endif

#endif
