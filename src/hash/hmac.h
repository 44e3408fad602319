/* SPDX-License-Identifier: Apache-2.0 */
/* A code from one hash at a time: where stack is scarce and a key serves for one message. */
#ifndef WMBT_SRC_HASH_HMAC_H
#define WMBT_SRC_HASH_HMAC_H

#include "wombatkv/hmac.h"

#if WMBT_CFG_SHA256

/* As wmbt_sha256_final(), and the state is used up. `out` may be x->block. */
void wmbt_sha256_finish(wmbt_sha256 *x, uint8_t out[WMBT_SHA256_DIGEST_BYTES]);

/* Takes what stands in x->block, which is a whole block. */
void wmbt_sha256_take_block(wmbt_sha256 *x);

#endif

#if WMBT_CFG_HMAC

/* A key that is two texts, one after the other. */
typedef struct wmbt_hmac_key {
    wmbt_view first;
    wmbt_view second;
} wmbt_hmac_key;

/* Begins a code: then the message goes into the hash. Statuses as wmbt_hmac_init(), nothing is
 * changed on an error. */
wmbt_status wmbt_hmac_begin(wmbt_sha256 *hash, const wmbt_hmac_key *key);

/* Ends it: `out` may lie in the key, which has to be the same. The hash is wiped, and the stack
 * below. */
void wmbt_hmac_end(wmbt_sha256 *hash, const wmbt_hmac_key *key, uint8_t out[WMBT_HMAC_BYTES]);

/* wmbt_hmac_once() with such a key. */
wmbt_status wmbt_hmac_of(const wmbt_hmac_key *key, wmbt_view message, uint8_t out[WMBT_HMAC_BYTES]);

#endif

#endif
