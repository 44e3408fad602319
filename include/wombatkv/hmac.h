/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256 (RFC 2104, FIPS 198-1). */
#ifndef WOMBATKV_HMAC_H
#define WOMBATKV_HMAC_H

#include "wombatkv/sha256.h"

#if WMBT_CFG_HMAC

WMBT_BEGIN_DECLS

#    define WMBT_HMAC_BYTES 32u /**< of a code */

/**
 * A code under way: 136 bytes, no pointers. A copy of its bytes is a clone, so a key's pads are
 * computed once: init(), keep the struct, copy it for each message. It holds what the key can be
 * replaced by: wipe it as the key itself. Keep out of its fields.
 */
typedef struct wmbt_hmac {
    wmbt_sha256 inner; /* of the inner pad and the message so far */
    uint32_t outer[8]; /* state behind the outer pad */
} wmbt_hmac;

/**
 * Starts a code with a key of any length.
 * bad-argument: NULL with a length, *x unchanged
 * too-large: a key of 2^61 bytes or more, *x zeroed
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_hmac_init(wmbt_hmac *x, wmbt_view key);

/** As init(), with a key that is `first` and `second` one after the other. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_hmac_init_joined(wmbt_hmac *x, wmbt_view first,
                                                           wmbt_view second);

/** Takes more of the message, in any split. Statuses as wmbt_sha256_update(); the pad counts. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_hmac_update(wmbt_hmac *x, wmbt_view bytes);

/** The code of the message so far. The state is not used up: more can be taken. */
WMBT_API void wmbt_hmac_final(const wmbt_hmac *x, uint8_t out[WMBT_HMAC_BYTES]);

/** Zeroes the state. */
WMBT_API void wmbt_hmac_wipe(wmbt_hmac *x);

/**
 * init, update and final in one call; nothing of the key stays on the stack. `out` may lie inside
 * `key`. Statuses as those of the three; `out` is unchanged on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_hmac_once(wmbt_view key, wmbt_view message,
                                                    uint8_t out[WMBT_HMAC_BYTES]);

WMBT_END_DECLS

#endif

#endif
