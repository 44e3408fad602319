/* SPDX-License-Identifier: Apache-2.0 */
/* What the client's requests for objects and for listings share. */
#ifndef WMBT_SRC_CLIENT_CLIENT_H
#define WMBT_SRC_CLIENT_CLIENT_H

#include "base/bytes.h"
#include "wire/s3/request.h"
#include "wombatkv/s3client.h"

#if WMBT_CFG_S3CLIENT

/* The region to sign for: that which the store has named, or its own. */
static inline void wmbt_s3client_region(const wmbt_s3client *client, wmbt_view *region)
{
    bool named = client->region_len != 0u;
    region->data = named ? client->region : client->config.store->region.data;
    region->len = named ? client->region_len : client->config.store->region.len;
}

/* Answers a question of presence: ask for the objects. A stale one needs no answer. */
static inline void wmbt_s3client_refuse_question(wmbt_reader *reader, const wmbt_want *question)
{
    wmbt_status status = wmbt_reader_fail(reader, question, WMBT_S3CLIENT_REFUSED);
    WMBT_ASSERT(status == WMBT_OK || status == WMBT_STALE);
    (void)status;
}

/* May what failed be asked for once more? Then the attempt is counted, in *attempts and in the
 * client's budget, and *not_before says when: full jitter below a bound that doubles, and what the
 * store asked for. */
bool wmbt_s3client_retries(wmbt_s3client *client, const wmbt_s3_answer *answer, uint32_t *attempts,
                           uint64_t *not_before, const wmbt_s3client_now *now);

/* Clock and region are learned, each once. True: what was signed when the client had learned
 * `learned` times may be answered otherwise now. */
bool wmbt_s3client_mend(wmbt_s3client *client, const wmbt_s3_answer *answer, uint32_t learned,
                        const wmbt_s3client_now *now);

static inline bool wmbt_s3client_is_late(const wmbt_s3client *client, uint64_t now_ms)
{
    return client->deadline != 0u && client->deadline <= now_ms;
}

static inline uint32_t wmbt_s3client_ms(uint64_t ms)
{
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Milliseconds until nothing has come for too long since `heard_ms`, or until the deadline. */
static inline uint32_t wmbt_s3client_until(const wmbt_s3client *client, uint64_t heard_ms,
                                           uint64_t now_ms)
{
    uint64_t due = heard_ms + client->config.timeout_ms;
    if (client->deadline != 0u && client->deadline < due) {
        due = client->deadline;
    }
    return due > now_ms ? wmbt_s3client_ms(due - now_ms) : 0u;
}

#endif

#endif
