/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bound objects: blocks and raw tails that are checked, in the pass that reads them, against a
 * BLAKE3 of the whole plain object which the caller holds. Verified means intact by the format's
 * own checks; bound means that these are the very bytes that were stored: no format stores anything
 * that would say so (docs/API.md).
 *
 *     wmbt_blake3_init(memory of WMBT_BLAKE3_BYTES(the object's bytes), &hash);
 *     wmbt_kvblock_push_init(&push, &expect);
 *     wmbt_kvblock_bound_feed(&push, hash, bytes, dst, &consumed);     instead of push_feed()
 *     wmbt_kvblock_bound_placed(&push, hash, placed, crc);             instead of push_placed()
 *     wmbt_kvblock_bound_finish(&push, hash, digest, &info);           instead of push_finish()
 *
 * What push_feed() and the others promise holds here too. All bytes of an object go through these
 * calls, or its digest is wrong. Bytes that were copied to `dst` are hashed where they landed, so
 * that what was placed is what is bound.
 */
#ifndef WOMBATKV_BOUND_H
#define WOMBATKV_BOUND_H

#include "wombatkv/blake3.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/rawtail.h"

#if WMBT_CFG_BOUND

WMBT_BEGIN_DECLS

/** As wmbt_kvblock_push_feed(), and hashes what it takes. Also too-large: the hash has no room for
 * so many bytes; the object cannot be bound then, finish() says bad-digest. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_bound_feed(wmbt_kvblock_push *push,
                                                             wmbt_blake3 *hash, wmbt_view bytes,
                                                             wmbt_buf dst, size_t *consumed);

/** As wmbt_kvblock_push_placed(), of the bytes where they were put; also too-large, as above. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_bound_placed(wmbt_kvblock_push *push,
                                                               wmbt_blake3 *hash, wmbt_view placed,
                                                               uint32_t crc);

/** As wmbt_kvblock_push_finish(), and bad-digest if the object is intact but not the one of
 * `digest`; *info is then unchanged. */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_kvblock_bound_finish(wmbt_kvblock_push *push, const wmbt_blake3 *hash,
                          const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES], wmbt_kvblock_info *info);

/** As wmbt_kvblock_read(), in one pass, and bad-digest as finish(). Also too-large, as feed(). */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_kvblock_read_bound(wmbt_view object, const wmbt_kvblock_expect *expect, wmbt_blake3 *hash,
                        const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES], wmbt_kvblock_info *info);

/* The same of raw tails. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_bound_feed(wmbt_rawtail_push *push,
                                                             wmbt_blake3 *hash, wmbt_view bytes,
                                                             wmbt_buf dst, size_t *consumed);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_bound_placed(wmbt_rawtail_push *push,
                                                               wmbt_blake3 *hash, wmbt_view placed,
                                                               uint32_t crc);
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_rawtail_bound_finish(wmbt_rawtail_push *push, const wmbt_blake3 *hash,
                          const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES], wmbt_rawtail_info *info);
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_rawtail_read_bound(wmbt_view object, const wmbt_rawtail_expect *expect, wmbt_blake3 *hash,
                        const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES], wmbt_rawtail_info *info);

WMBT_END_DECLS

#endif

#endif
