/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: an index answers a reader's questions. The index lies below the reader and knows nothing
 * of it: the caller connects them, as here. A presence question is answered by wmbt_index_mark()
 * without asking the store, and blocks whose rows lie in memory already are said to be resident, so
 * that they are not fetched; the others are wants as ever.
 */
#include <stdio.h>
#include <string.h>

#include "wombatkv/reader.h"
#include "wombatkv/residency.h"

#define BLOCKS 6u
#define BLOCK_TOKENS 128u
#define TOKENS (BLOCKS * BLOCK_TOKENS)
#define ASK 4u       /* blocks of one presence question */
#define GIVEN_UP 128 /* statuses from 128 to 255 are the caller's own */

static WMBT_MEMORY(reader_memory, WMBT_READER_BYTES(BLOCKS, 1));
static _Alignas(WMBT_INDEX_ALIGN) uint8_t
    index_memory[WMBT_INDEX_BYTES(64, WMBT_RESIDENCY_CONTEXTS)];

static wmbt_reader *reader;
static wmbt_index_writer blocks; /* what is known of blocks, and where they lie */
static uint32_t fetches;         /* objects that the reader asked the store for */

/* Answers one presence question, and says which of its blocks need not be fetched. */
static wmbt_status answer(const wmbt_want *want)
{
    wmbt_block_hash hashes[ASK];
    wmbt_residency entries[ASK];
    wmbt_residency_chain chain;
    uint8_t bits[(ASK + 7u) / 8u];
    if (want->blocks > ASK) {
        return WMBT_BAD_ARGUMENT;
    }
    for (uint32_t i = 0; i < want->blocks; i++) {
        wmbt_status status = wmbt_reader_block_hash(reader, want->object + i, &hashes[i]);
        if (status != WMBT_OK) {
            return status;
        }
    }
    wmbt_status status =
        wmbt_index_mark(&blocks.index, hashes, want->blocks, wmbt_buf_of(bits, sizeof bits));
    if (status == WMBT_OK) {
        status = wmbt_reader_presence(reader, want, wmbt_view_of(bits, sizeof bits));
    }
    wmbt_residency_lookup(&blocks.index, hashes, want->blocks, entries, &chain);
    for (uint32_t i = 0; i < chain.resident && status == WMBT_OK; i++) {
        /* On a board: only if page entries[i].block_index has the rows, verified when they came. */
        if (entries[i].where == WMBT_RESIDENCY_RAM) {
            status = wmbt_reader_resident(reader, want->object + i);
        }
    }
    return status;
}

/* What the reader still wants comes from a store. This example has none. */
static wmbt_status fetch(const wmbt_want *want)
{
    fetches++;
    return wmbt_reader_fail(reader, want, GIVEN_UP);
}

/* Takes a prompt to its plan. */
static wmbt_status restore(const uint32_t *tokens, wmbt_plan *plan)
{
    static const uint8_t fingerprint[32] = {1};
    wmbt_reader_prompt prompt;
    memset(&prompt, 0, sizeof prompt);
    prompt.chain.dialect = WMBT_CHAIN_CORE;
    prompt.chain.tenant = WMBT_VIEW_LITERAL("tenant");
    prompt.chain.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    prompt.chain.block_tokens = BLOCK_TOKENS;
    prompt.prefix = WMBT_VIEW_LITERAL("kv/cabi");
    prompt.flags = WMBT_READER_NO_TAIL;
    wmbt_status status = wmbt_reader_start(reader, &prompt);
    if (status == WMBT_OK) {
        status = wmbt_reader_tokens(reader, tokens, TOKENS);
    }
    if (status == WMBT_OK) {
        status = wmbt_reader_end(reader, TOKENS);
    }
    while (status == WMBT_OK) {
        wmbt_want want;
        status = wmbt_reader_next_want(reader, &want);
        if (status == WMBT_OK) {
            status = want.kind == WMBT_WANT_PRESENCE ? answer(&want) : fetch(&want);
        }
    }
    return status == WMBT_END ? wmbt_reader_plan(reader, plan) : status;
}

/* Says of the prompt's blocks, from the first on, where they lie. */
static wmbt_status tell(const uint32_t where[BLOCKS])
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        wmbt_block_hash hash;
        wmbt_residency entry = {i, where[i]};
        wmbt_status status = wmbt_reader_block_hash(reader, i, &hash);
        if (status == WMBT_OK && where[i] != 0u) {
            status = wmbt_residency_put(&blocks, &hash, &entry);
        }
        if (status != WMBT_OK) {
            return status;
        }
    }
    return WMBT_OK;
}

/* One run; true if so many blocks came out usable and so many objects were asked for. */
static bool run(const uint32_t *tokens, uint32_t usable, uint32_t asked)
{
    wmbt_plan plan;
    fetches = 0;
    wmbt_status status = restore(tokens, &plan);
    uint32_t got = wmbt_reader_usable_blocks(reader);
    (void)printf("%s: %u usable blocks, %u objects asked for\n", wmbt_status_name(status), got,
                 fetches);
    return status == WMBT_OK && got == usable && fetches == asked;
}

int main(void)
{
    static const uint32_t some[BLOCKS] = {
        WMBT_RESIDENCY_RAM, WMBT_RESIDENCY_RAM, WMBT_RESIDENCY_REMOTE, WMBT_RESIDENCY_RAM, 0, 0};
    static const uint32_t more[BLOCKS] = {0, 0, WMBT_RESIDENCY_RAM, 0, 0, 0};
    uint32_t tokens[TOKENS];
    wmbt_reader_config config;
    wmbt_index_config index = {64, WMBT_RESIDENCY_CONTEXTS, 0, false};
    memset(&config, 0, sizeof config);
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.max_blocks = BLOCKS;
    config.in_flight = 1;
    config.max_object_bytes = 64u << 20;
    config.presence_blocks = ASK;
    for (uint32_t i = 0; i < TOKENS; i++) {
        tokens[i] = i;
    }
    if (wmbt_reader_init(wmbt_buf_of(reader_memory, sizeof reader_memory), &config, 1, &reader) !=
            WMBT_OK ||
        wmbt_index_init(wmbt_buf_of(index_memory, sizeof index_memory), &index, &blocks) !=
            WMBT_OK) {
        return 1;
    }
    /* Nothing is known; two blocks lie here and the third in the bucket; the third has come. */
    bool good = run(tokens, 0, 0) && tell(some) == WMBT_OK;
    good = good && run(tokens, 2, 1) && tell(more) == WMBT_OK;
    good = good && run(tokens, 4, 0);
    return good ? 0 : 1;
}
