/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RPC envelopes: 16 bytes of header and a body. Source of the rules: docs/FORMATS.md, "RPC
 * envelope".
 *
 * Checks, in this order; the first that fails decides the status:
 *    1. 16 bytes are there                                     truncated
 *    2. "WMBT"                                                 bad-magic
 *    3. version 1                                    unsupported-version
 *    4. the body is at most as long as the caller allows       too-large
 *    5. the body is as long as the header says                bad-length
 *    6. CRC32C of the body                                  bad-checksum
 * The CRC does not cover the header.
 */
#ifndef WOMBATKV_ENVELOPE_H
#define WOMBATKV_ENVELOPE_H

#include "wombatkv/status.h"

#if WMBT_CFG_ENVELOPE

WMBT_BEGIN_DECLS

#    define WMBT_ENVELOPE_HEADER_BYTES 16u

/* Offsets of the header's fields, each a little-endian number of 32 bits. */
#    define WMBT_ENVELOPE_AT_MAGIC 0u
#    define WMBT_ENVELOPE_AT_VERSION 4u
#    define WMBT_ENVELOPE_AT_CRC 8u
#    define WMBT_ENVELOPE_AT_BODY_BYTES 12u
#    define WMBT_ENVELOPE_VERSION 1u

/** A body limit that upstream's TCP transport has: 256 MiB. Any other, to 2^32 - 1, is as good. */
#    define WMBT_ENVELOPE_UPSTREAM_MAX_BODY 268435456u

/** What a header says. */
typedef struct wmbt_envelope_header {
    uint32_t crc;        /**< CRC32C of the body as stored */
    uint32_t body_bytes; /**< length of the body */
} wmbt_envelope_header;

/**
 * Checks 1 to 4 on the first 16 bytes; more bytes are not looked at. `max_body` is the longest body
 * that the caller takes; UINT32_MAX takes all that upstream's decoder does.
 * Returns ok, bad-argument (NULL with a length), or a status of the list. *header is changed only
 * on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_read_header(wmbt_view bytes, uint32_t max_body,
                                                               wmbt_envelope_header *header);

/** Checks 5 and 6 on a body that came by itself. Returns ok, bad-argument (NULL with a length),
 * bad-length or bad-checksum. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_verify(const wmbt_envelope_header *header,
                                                          wmbt_view body);

/**
 * Reads exactly one envelope: missing and extra bytes are both bad-length. *body points into
 * `bytes`; it and *header are changed only on ok. Returns ok, bad-argument (NULL with a length),
 * or a status of the list. Each byte of the header is read once.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_read(wmbt_view bytes, uint32_t max_body,
                                                        wmbt_envelope_header *header,
                                                        wmbt_view *body);

/* --- push ------------------------------------------------------------------------------------- */

/**
 * An envelope whose bytes come in pieces of any size, in order, from a stream. Public struct of
 * fixed size, no pointers: a copy of its bytes is a clone. Keep out of the fields.
 */
typedef struct wmbt_envelope_push {
    wmbt_envelope_header header;
    uint32_t max_body;
    uint32_t have; /* bytes of the header */
    uint32_t left; /* bytes of the body still to come */
    uint32_t crc;
    uint32_t finished;
    wmbt_status status;
    uint8_t bytes[WMBT_ENVELOPE_HEADER_BYTES];
} wmbt_envelope_push;

/** Starts an envelope; bodies above `max_body` are refused as soon as the header is there. */
WMBT_API void wmbt_envelope_push_init(wmbt_envelope_push *push, uint32_t max_body);

/**
 * Takes bytes, none of those after the envelope. Body bytes are copied to `dst` and checksummed in
 * one pass, or only checksummed if `dst` is {NULL, 0}. `dst` begins where the next body byte goes
 * and has room for the smaller of what is left of the body and bytes.len; it is not touched before
 * the body begins. What lands there is staged: use it only after finish() has returned ok.
 *
 * Returns
 *   ok         the header is complete: wmbt_envelope_push_header() tells how much room the body
 *              needs; stopped at the first byte of the body (not if that is empty: end, at once)
 *   need-more  took all, waits for more
 *   end        the envelope is complete and intact; the rest of `bytes` is what follows it
 *   a status of the list above: refused for good, each later call says the same
 *   bad-argument, buffer-too-small: nothing taken, try again
 *   bad-state  after finish()
 * *consumed: bytes taken by this call; changed only on the first three. Work: bytes.len.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_push_feed(wmbt_envelope_push *push,
                                                             wmbt_view bytes, wmbt_buf dst,
                                                             size_t *consumed);

/** The header, as soon as it is complete and has passed checks 2 to 4. Returns ok; missing if it
 * has not come; the status that the envelope was refused with. *header is changed only on ok. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_push_header(const wmbt_envelope_push *push,
                                                               wmbt_envelope_header *header);

/**
 * The input has ended, or feed() has said end. ok, once: every check has passed, the body is
 * verified. Else truncated (in the header), bad-length (in the body), the status of a refusal;
 * bad-state if it was called before.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_push_finish(wmbt_envelope_push *push);

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS
/** Writes the header of a body. Returns ok; bad-argument (NULL with a length); too-large (a body
 * above 2^32 - 1 bytes). Nothing is written on an error. */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_envelope_write_header(wmbt_view body, uint8_t out[WMBT_ENVELOPE_HEADER_BYTES]);

/** Writes header and body, 16 + body.len bytes, and their number to *written. Returns as
 * wmbt_envelope_write_header(), or buffer-too-small. `out` must not overlap `body`. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_envelope_write(wmbt_view body, wmbt_buf out,
                                                         size_t *written);
#    endif

WMBT_END_DECLS

#endif

#endif
