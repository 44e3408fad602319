/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4 with HMAC-SHA256, for requests without a body: the Authorization header
 * and the presigned query. Source of the rules: docs/FORMATS.md, "Signature V4".
 *
 * Nothing is built in memory: what is signed is hashed as it is put together, so the longest key,
 * token or query costs no buffer. Time is an argument. Key material that the library made (copy of
 * the secret in a hash's block, pads, signing key, stack) is zeroed before a function returns.
 *
 * What differs between services is chosen by the service's name. Those that begin with "s3" have
 * their path encoded once and send x-amz-content-sha256; for others the path is encoded twice (the
 * caller removes dot segments first) and that field is not added. "s3express" carries its token in
 * x-amz-s3session-token.
 */
#ifndef WOMBATKV_SIGV4_H
#define WOMBATKV_SIGV4_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_SIGV4

WMBT_BEGIN_DECLS

#    define WMBT_SIGV4_TIME_BYTES 16u      /**< of "20130524T000000Z" */
#    define WMBT_SIGV4_KEY_BYTES 32u       /**< of a signing key */
#    define WMBT_SIGV4_SIGNATURE_BYTES 64u /**< hex digits of a signature */
#    define WMBT_SIGV4_MAX_PAIRS 64u       /**< fields, and pairs of the query, of the caller */
#    define WMBT_SIGV4_MAX_EXPIRES 604800u /**< seconds that a presigned URL may live */

/** Payloads: the SHA-256 of no bytes, and none at all. Or 64 hex digits of a body's SHA-256. */
#    define WMBT_SIGV4_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#    define WMBT_SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

/** A header field, or a name and a value of a query. */
typedef struct wmbt_sigv4_pair {
    wmbt_view name;
    wmbt_view value;
} wmbt_sigv4_pair;

/** Who signs. An empty access key is an anonymous caller: nothing is signed, nothing written. */
typedef struct wmbt_sigv4_credentials {
    wmbt_view access_key;
    wmbt_view secret;
    wmbt_view token; /**< session token, or empty */
} wmbt_sigv4_credentials;

/** When, and for which region and service. */
typedef struct wmbt_sigv4_scope {
    uint64_t time; /**< seconds since 1970-01-01 00:00 UTC, before the year 10000 */
    wmbt_view region;
    wmbt_view service;
} wmbt_sigv4_scope;

/**
 * What is signed. The library adds x-amz-date, x-amz-content-sha256 and the token's field; the
 * caller's list must not hold them.
 */
typedef struct wmbt_sigv4_request {
    wmbt_view method;
    wmbt_view path;                 /**< as sent: percent-encoded, from its first '/' */
    wmbt_view payload;              /**< see above; a presigned query signs UNSIGNED-PAYLOAD */
    const wmbt_sigv4_pair *query;   /**< not encoded, in any order */
    size_t query_count;             /**< at most WMBT_SIGV4_MAX_PAIRS */
    const wmbt_sigv4_pair *headers; /**< fields to sign, "host" (as sent) among them */
    size_t header_count;            /**< at most WMBT_SIGV4_MAX_PAIRS */
} wmbt_sigv4_request;

/** "YYYYMMDDTHHMMSSZ". not-representable: a time in the year 10000 or later; nothing is written. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_time(uint64_t seconds,
                                                     uint8_t out[WMBT_SIGV4_TIME_BYTES]);

/**
 * The signing key of a day, a region and a service. It saves four HMACs a request where it is kept
 * (and given to the functions below instead of NULL) for as long as the day lasts; wipe it then.
 * Statuses as wmbt_sigv4_sign(); `key` is unchanged on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_key(const wmbt_sigv4_credentials *who,
                                                    const wmbt_sigv4_scope *scope,
                                                    uint8_t key[WMBT_SIGV4_KEY_BYTES]);

/**
 * The signature of the header form, in hex. `key` is that of wmbt_sigv4_key(), or NULL.
 *
 * bad-argument: NULL with a length; too many pairs; a path that does not begin with '/'; an empty
 * method, payload, region or service; a field without a name
 * bad-text: a control byte or a line end in a field, the method, the path or the credentials
 * not-representable: the time
 * missing: no access key, so there is no signature
 * too-large: a secret of 2^61 bytes or more
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_sign(const wmbt_sigv4_request *request,
                                                     const wmbt_sigv4_credentials *who,
                                                     const wmbt_sigv4_scope *scope,
                                                     const uint8_t *key,
                                                     uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES]);

/**
 * Writes the value of Authorization, and its length to *written. Statuses as wmbt_sigv4_sign(), and
 * buffer-too-small; `out` is then as it was or zeroed, *written unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_authorization(const wmbt_sigv4_request *request,
                                                              const wmbt_sigv4_credentials *who,
                                                              const wmbt_sigv4_scope *scope,
                                                              const uint8_t *key, wmbt_buf out,
                                                              size_t *written);

/**
 * Writes the lines that belong into the request, CRLF after each: x-amz-content-sha256, x-amz-date,
 * the token's field if there is a token, Authorization. Anonymous: ok and no bytes. Otherwise as
 * wmbt_sigv4_authorization().
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_lines(const wmbt_sigv4_request *request,
                                                      const wmbt_sigv4_credentials *who,
                                                      const wmbt_sigv4_scope *scope,
                                                      const uint8_t *key, wmbt_buf out,
                                                      size_t *written);

/**
 * Writes the whole query of a presigned request, without '?': the caller's pairs in their order,
 * then X-Amz-Algorithm to X-Amz-Signature. `expires`: 1 to WMBT_SIGV4_MAX_EXPIRES seconds, else
 * bad-argument. request->payload is not looked at. Otherwise as wmbt_sigv4_authorization().
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_presign(const wmbt_sigv4_request *request,
                                                        const wmbt_sigv4_credentials *who,
                                                        const wmbt_sigv4_scope *scope,
                                                        uint32_t expires, const uint8_t *key,
                                                        wmbt_buf out, size_t *written);

/* For those who look for the reason of a refused signature: the texts that are hashed and signed.
 * `expires` 0 is the header form. Statuses as wmbt_sigv4_authorization(). */

/** The canonical request. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_canonical(const wmbt_sigv4_request *request,
                                                          const wmbt_sigv4_credentials *who,
                                                          const wmbt_sigv4_scope *scope,
                                                          uint32_t expires, wmbt_buf out,
                                                          size_t *written);

/** The string to sign. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_string_to_sign(const wmbt_sigv4_request *request,
                                                               const wmbt_sigv4_credentials *who,
                                                               const wmbt_sigv4_scope *scope,
                                                               uint32_t expires, wmbt_buf out,
                                                               size_t *written);

/** The names of the signed fields, lower case, with ';' between them. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sigv4_signed_headers(const wmbt_sigv4_request *request,
                                                               const wmbt_sigv4_credentials *who,
                                                               const wmbt_sigv4_scope *scope,
                                                               uint32_t expires, wmbt_buf out,
                                                               size_t *written);

WMBT_END_DECLS

#endif

#endif
