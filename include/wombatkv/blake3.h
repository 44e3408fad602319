/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE3, hash mode, 32-byte output. The tree's stack comes from the caller and is sized for the
 * longest input, which keeps the state at 304 bytes for 64 KiB. Which code computes it is
 * WMBT_CFG_BLAKE3_KERNEL (config.h). Source of the rules: O'Connor, Aumasson, Neves,
 * Wilcox-O'Hearn, "BLAKE3: one function, fast everywhere".
 */
#ifndef WOMBATKV_BLAKE3_H
#define WOMBATKV_BLAKE3_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_BLAKE3

WMBT_BEGIN_DECLS

#    define WMBT_BLAKE3_DIGEST_BYTES 32u /**< of a digest */

/** Alignment of the state's memory. */
#    define WMBT_BLAKE3_ALIGN WMBT_MEMORY_ALIGN

/**
 * Bytes of memory for inputs of up to `max_input` bytes, a constant expression if max_input is one:
 * 112 for 1 KiB, 304 for 64 KiB, 336 for 128 KiB, 464 for 2 MiB, 656 for 128 MiB; 32 more for each
 * doubling, up to 4 TiB.
 */
#    define WMBT_BLAKE3_BYTES(max_input) (112u + 32u * WMBT_BLAKE3_DEPTH_(max_input))

/* Levels of the tree above the chunks of 1 KiB: the number of doublings of 1 KiB below n. */
#    define WMBT_BLAKE3_DEPTH_(n)                                                               \
        (WMBT_BLAKE3_ABOVE4_(n, 10) + WMBT_BLAKE3_ABOVE4_(n, 14) + WMBT_BLAKE3_ABOVE4_(n, 18) + \
         WMBT_BLAKE3_ABOVE4_(n, 22) + WMBT_BLAKE3_ABOVE4_(n, 26) + WMBT_BLAKE3_ABOVE4_(n, 30) + \
         WMBT_BLAKE3_ABOVE4_(n, 34) + WMBT_BLAKE3_ABOVE4_(n, 38))
#    define WMBT_BLAKE3_ABOVE4_(n, k)                                  \
        (WMBT_BLAKE3_ABOVE_(n, (k)) + WMBT_BLAKE3_ABOVE_(n, (k) + 1) + \
         WMBT_BLAKE3_ABOVE_(n, (k) + 2) + WMBT_BLAKE3_ABOVE_(n, (k) + 3))
/* Is n above 2^k? A shift: compilers warn of a comparison that no 32-bit n can pass. */
#    define WMBT_BLAKE3_ABOVE_(n, k) (WMBT_BLAKE3_LESS1_(n) >> (k) != 0u ? 1u : 0u)
#    define WMBT_BLAKE3_LESS1_(n) (WMBT_U64(n) - (WMBT_U64(n) != 0u ? 1u : 0u))

/** A hash under way. It holds no pointers: a copy of its bytes to aligned memory is a clone. */
typedef struct wmbt_blake3 wmbt_blake3;

/**
 * Starts a hash in `memory`, which it occupies until it is no longer used; *x is that memory. Input
 * is limited to what memory.len has room for (see WMBT_BLAKE3_BYTES).
 *
 * buffer-too-small: less than WMBT_BLAKE3_BYTES(0); buffer-misaligned: not a multiple of
 * WMBT_BLAKE3_ALIGN; bad-argument: NULL with a length. *x is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_blake3_init(wmbt_buf memory, wmbt_blake3 **x);

/** Starts over, with the same limit. */
WMBT_API void wmbt_blake3_reset(wmbt_blake3 *x);

/**
 * Takes more bytes, in any split.
 *
 * too-large: more in all than the memory has room for; bad-argument: NULL with a length. The state
 * is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_blake3_update(wmbt_blake3 *x, wmbt_view bytes);

/** The digest of the bytes so far. The state is not used up: more can be taken. */
WMBT_API void wmbt_blake3_final(const wmbt_blake3 *x, uint8_t out[WMBT_BLAKE3_DIGEST_BYTES]);

/**
 * init, update and final in one call; the memory is free again afterwards. Statuses as theirs;
 * `out` is unchanged on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_blake3_once(wmbt_buf memory, wmbt_view bytes,
                                                      uint8_t out[WMBT_BLAKE3_DIGEST_BYTES]);

WMBT_END_DECLS

#endif

#endif
