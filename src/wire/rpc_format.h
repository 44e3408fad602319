/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts that the reader and the writer of RPC bodies share. */
#ifndef WMBT_SRC_WIRE_RPC_FORMAT_H
#define WMBT_SRC_WIRE_RPC_FORMAT_H

#include "wombatkv/rpc.h"

#if WMBT_CFG_RPC

/* Roots; the forms of texts and lists, of 8 bytes each; texts that stand in their place. */
#    define WMBT_RPC_REQUEST_BYTES 40u
#    define WMBT_RPC_RESPONSE_BYTES 32u
#    define WMBT_RPC_FORM_BYTES 8u
#    define WMBT_RPC_INLINE_BYTES 8u

/* Marks of batches, with their NUL. */
#    define WMBT_RPC_KEYS_MARK wmbt_view_of("WMBT_KV_KEYS_V1", 16)
#    define WMBT_RPC_BYTES_MARK wmbt_view_of("WMBT_KV_BYTES_V1", 17)

/* Before the archive of a block operation: 12 letters and zeros. */
#    define WMBT_RPC_MARK_BYTES 16u

/* Where the fields of a block operation's root stand. What may be absent has a tag of a byte. */
#    define WMBT_RPC_NONE 0xFFu
typedef struct wmbt_rpc_form {
    char mark[WMBT_RPC_MARK_BYTES];
    uint8_t root;
    uint8_t alignment;
    uint8_t number_bytes; /* of a number at 0, or 0 */
    uint8_t space;
    uint8_t hashes;
    uint8_t payloads_tag;
    uint8_t payloads;
    uint8_t error_tag; /* the text is 4 bytes behind it */
} wmbt_rpc_form;

/* NULL: no such kind. */
const wmbt_rpc_form *wmbt_rpc_form_of(uint32_t kind);

#endif

#endif
