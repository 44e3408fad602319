/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of the daemon's requests and responses, and what stands in their payloads: block
 * operations, key batches and bytes batches. The envelope around a body is envelope.h. Source of
 * the rules: docs/FORMATS.md, "RPC bodies".
 *
 * Readers hand out views into the bytes, copy nothing, and bound every count by the bytes that are
 * there before it is used. They accept and refuse what upstream does, at any alignment of memory.
 * The bytes must stay unchanged while views or lists of them are used; if they do change, texts may
 * no longer be UTF-8, but no view ever leaves the bytes. Work: the length of the input.
 */
#ifndef WOMBATKV_RPC_H
#define WOMBATKV_RPC_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_RPC

WMBT_BEGIN_DECLS

/* Operations. */
#    define WMBT_RPC_PING 1u
#    define WMBT_RPC_PUT 2u
#    define WMBT_RPC_GET 3u
#    define WMBT_RPC_EXISTS 4u
#    define WMBT_RPC_STATS 5u
#    define WMBT_RPC_CLEAR 6u
#    define WMBT_RPC_RESTORE 7u
#    define WMBT_RPC_CLOSE 8u
#    define WMBT_RPC_GET_MANY 9u
#    define WMBT_RPC_LIST 10u
#    define WMBT_RPC_LOOKUP_BLOCK_PREFIX 11u
#    define WMBT_RPC_GET_KV_BLOCKS 12u
#    define WMBT_RPC_PUT_KV_BLOCKS 13u

/* What a response says. */
#    define WMBT_RPC_OK 0u
#    define WMBT_RPC_MISS 1u
#    define WMBT_RPC_TOO_LARGE 2u
#    define WMBT_RPC_ERROR 3u

/* --- requests and responses ------------------------------------------------------------------- */

/** A request. Which operation uses what: docs/FORMATS.md. */
typedef struct wmbt_rpc_request {
    uint64_t id;
    uint8_t op;      /**< any value; those above are known */
    wmbt_view space; /**< the namespace, UTF-8 */
    wmbt_view key;   /**< UTF-8 */
    wmbt_view payload;
} wmbt_rpc_request;

/** A response. */
typedef struct wmbt_rpc_response {
    uint64_t id; /**< that of the request */
    uint8_t op;
    uint8_t status; /**< any value; those above are known */
    wmbt_view payload;
    wmbt_view message; /**< UTF-8 */
} wmbt_rpc_response;

/**
 * Reads a body. Upstream accepts bytes before an archive, and so does this.
 *
 * bad-argument: NULL with a length; truncated: fewer bytes than a root has; bad-offset: something
 * that does not lie before what refers to it and behind what came before it, or is not aligned in
 * the archive; bad-length: a text that should stand in its place; bad-text: not UTF-8. *request and
 * *response are changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_read_request(wmbt_view body,
                                                           wmbt_rpc_request *request);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_read_response(wmbt_view body,
                                                            wmbt_rpc_response *response);

/* --- block operations ------------------------------------------------------------------------- */

/* Payloads of the three last operations. */
#    define WMBT_RPC_LOOKUP_REQUEST 1u  /**< space, hashes */
#    define WMBT_RPC_LOOKUP_RESPONSE 2u /**< number: blocks matched; error */
#    define WMBT_RPC_GET_REQUEST 3u     /**< space, hashes */
#    define WMBT_RPC_GET_RESPONSE 4u    /**< payloads, which may be absent; error */
#    define WMBT_RPC_PUT_REQUEST 5u     /**< space, hashes, payloads: as many as hashes */
#    define WMBT_RPC_PUT_RESPONSE 6u    /**< number: bytes of all payloads; error */

/** A list in an archive. Keep out of the fields but `count`. */
typedef struct wmbt_rpc_list {
    uint32_t count;
    uint32_t texts; /* 1: of texts, 0: of byte lists */
    size_t at;      /* of the first element in the archive */
    wmbt_view archive;
} wmbt_rpc_list;

/** A payload that was read. What its kind does not have is empty, absent or 0. */
typedef struct wmbt_rpc_blocks {
    wmbt_view space;        /**< the namespace, UTF-8 */
    wmbt_rpc_list hashes;   /**< texts; upstream carries any */
    wmbt_rpc_list payloads; /**< byte lists */
    uint64_t number;
    wmbt_view error; /**< UTF-8; data is NULL: no error, which is another thing than an empty one */
    bool has_payloads;
} wmbt_rpc_blocks;

/**
 * Reads a payload of the kind WMBT_RPC_..._REQUEST or _RESPONSE.
 *
 * bad-argument: another kind, or NULL with a length; bad-magic: not the kind's first 16 bytes, or
 * fewer; then as wmbt_rpc_read_request(); bad-tag: neither present nor absent. *blocks is changed
 * only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_read_blocks(wmbt_view payload, uint32_t kind,
                                                          wmbt_rpc_blocks *blocks);

/** Element `index` of a list. end: there is none; bad-offset: the bytes were changed. *element is
 * changed only on ok. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_list_get(const wmbt_rpc_list *list, uint32_t index,
                                                       wmbt_view *element);

/* --- batches ---------------------------------------------------------------------------------- */

/** A batch under way. Keep out of the fields but `count`. */
typedef struct wmbt_rpc_batch {
    uint32_t count; /**< elements in all */
    uint32_t taken;
    wmbt_view lengths; /* of a bytes batch */
    wmbt_view rest;
} wmbt_rpc_batch;

/**
 * Verifies a key batch or a bytes batch; wmbt_rpc_batch_next() then hands out its elements.
 *
 * bad-argument: NULL with a length; bad-magic: not the mark, or fewer bytes; truncated: fewer bytes
 * than count and lengths say; bad-text: a key that is not UTF-8; trailing-bytes: behind the last
 * key; bad-length: a bytes batch whose lengths do not make up what follows them. *batch is changed
 * only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_read_keys(wmbt_view payload, wmbt_rpc_batch *batch);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_read_bytes(wmbt_view payload, wmbt_rpc_batch *batch);

/** The next element. end: there is none; truncated: the bytes were changed. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_batch_next(wmbt_rpc_batch *batch, wmbt_view *element);

/* --- writers ---------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS
/**
 * Write what upstream writes, byte for byte; *needed becomes its length, if it fits or not, and so
 * one call with {NULL, 0} asks for it.
 *
 * bad-argument: NULL with a length or a count; bad-text: a text that is not UTF-8; too-large: a
 * text of 2^30 bytes or more, 2^31 bytes in all or more; bad-count: a put request with another
 * number of payloads than hashes; buffer-too-small. `out` may then be overwritten, and *needed is
 * changed on the last alone. `out` must not overlap the input.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_write_request(const wmbt_rpc_request *request,
                                                            wmbt_buf out, size_t *needed);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_write_response(const wmbt_rpc_response *response,
                                                             wmbt_buf out, size_t *needed);

/** What a payload is written of. Zero it first. */
typedef struct wmbt_rpc_blocks_source {
    wmbt_view space;
    const wmbt_view *hashes;
    uint32_t hash_count;
    const wmbt_view *payloads;
    uint32_t payload_count;
    bool has_payloads; /**< a get response: with payloads */
    uint64_t number;
    wmbt_view error; /**< data is NULL: no error */
} wmbt_rpc_blocks_source;

/** Also bad-argument: another kind, or a number above 2^32 - 1 of blocks matched. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_write_blocks(const wmbt_rpc_blocks_source *source,
                                                           uint32_t kind, wmbt_buf out,
                                                           size_t *needed);

/** A key batch, or a bytes batch, of `count` elements. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_write_keys(const wmbt_view *keys, uint32_t count,
                                                         wmbt_buf out, size_t *needed);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rpc_write_bytes(const wmbt_view *items, uint32_t count,
                                                          wmbt_buf out, size_t *needed);
#    endif

WMBT_END_DECLS

#endif

#endif
