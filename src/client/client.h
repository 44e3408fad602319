/* SPDX-License-Identifier: Apache-2.0 */
/* What the client's requests for objects and for listings share. */
#ifndef WMBT_SRC_CLIENT_CLIENT_H
#define WMBT_SRC_CLIENT_CLIENT_H

#include "base/bytes.h"
#include "wombatkv/s3client.h"

#if WMBT_CFG_S3CLIENT

/* The store to ask, with the region that it has named. */
static inline void wmbt_s3client_store(const wmbt_s3client *client, wmbt_s3_store *store)
{
    WMBT_COPY_STRUCT(store, client->config.store);
    if (client->region_len != 0u) {
        wmbt_view_set(&store->region, wmbt_view_of(client->region, client->region_len));
    }
}

/* Answers a question of presence: ask for the objects. Returns need-more; bad-state if it is
 * another reader's. A stale one needs no answer. */
static inline wmbt_status wmbt_s3client_refuse_question(wmbt_reader *reader,
                                                        const wmbt_want *question)
{
    return wmbt_reader_fail(reader, question, WMBT_S3CLIENT_REFUSED) == WMBT_BAD_ARGUMENT
               ? WMBT_BAD_STATE
               : WMBT_NEED_MORE;
}

#endif

#endif
