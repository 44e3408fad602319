/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: start, input, results. docs/DESIGN.md, "The reader". */
#include "wombatkv/reader.h"

#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

#    define WMBT_READER_FLAGS (WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL | WMBT_READER_NO_TAIL)

static bool wmbt_reader_config_is_good(const wmbt_reader_config *config)
{
    return config->shape != NULL && !wmbt_view_is_bad(config->prefix) &&
           !wmbt_view_is_bad(config->name_space) && !wmbt_buf_is_bad(config->memory) &&
           config->prefix.len != 0u && config->chain.block_tokens != 0u &&
           config->max_blocks - 1u < WMBT_READER_MAX_BLOCKS &&
           config->in_flight - 1u < WMBT_READER_MAX_IN_FLIGHT && config->max_object_bytes != 0u &&
           (config->flags & ~WMBT_READER_FLAGS) == 0u;
}

/* The rows of one layer and kind lie within the memory. */
static wmbt_status wmbt_reader_check_place(const wmbt_reader_config *config, uint32_t layer,
                                           uint32_t kind)
{
    const wmbt_reader_place *place = &config->places[layer * WMBT_EXTENT_KINDS + kind];
    uint32_t bytes = wmbt_reader_place_bytes(config, layer, kind);
    uint64_t room = config->memory.len != 0u ? config->memory.len : UINT64_MAX;
    if (place->wanted > 1u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (place->wanted == 0u || bytes == 0u) {
        return WMBT_OK;
    }
    if (bytes == UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    return place->offset > room || bytes > room - place->offset ? WMBT_BAD_ARGUMENT : WMBT_OK;
}

static wmbt_status wmbt_reader_check(const wmbt_reader_config *config)
{
    if (!wmbt_reader_config_is_good(config)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_shape_check(config->shape);
    if (status != WMBT_OK || config->places == NULL ||
        !wmbt_shape_allows_block_tokens(config->shape, config->chain.block_tokens)) {
        return status; /* without blocks of this size nothing is placed */
    }
    for (uint32_t i = 0; i < config->shape->layers * WMBT_EXTENT_KINDS && status == WMBT_OK; i++) {
        status = wmbt_reader_check_place(config, i / WMBT_EXTENT_KINDS, i % WMBT_EXTENT_KINDS);
    }
    return status;
}

wmbt_status wmbt_reader_init(wmbt_buf memory, const wmbt_reader_config *config, wmbt_reader **r)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_reader_check(config);
    if (status != WMBT_OK) {
        return status;
    }
    /* The limits keep this below 2^32. */
    if (memory.len < WMBT_READER_BYTES(config->max_blocks, config->in_flight)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_READER_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_reader *x = (wmbt_reader *)(void *)memory.data;
    wmbt_reader_record *record = (wmbt_reader_record *)(void *)(memory.data + sizeof *x);
    wmbt_reader_slot *slot = (wmbt_reader_slot *)(void *)(record + 1u + config->max_blocks);
    uint8_t *rest = (uint8_t *)(slot + config->in_flight);
    wmbt_bytes_fill(memory.data, 0, (size_t)(rest - memory.data));
    status = wmbt_chain_init(wmbt_buf_of(rest, memory.len - (size_t)(rest - memory.data)),
                             &config->chain, &x->chain);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_bytes_copy((uint8_t *)&x->config, (const uint8_t *)config, sizeof *config);
    x->record = record;
    x->slot = slot;
    x->max_blocks = config->max_blocks;
    if (config->chain.dialect == WMBT_CHAIN_DS4) {
        x->max_blocks = wmbt_reader_min(config->max_blocks, WMBT_CHAIN_DS4_MAX_BLOCKS);
    }
    wmbt_reader_reset(x);
    *r = x;
    return WMBT_OK;
}

/* Nothing is known of an object but its hash. */
static void wmbt_reader_forget(wmbt_reader_record *record)
{
    record->stored_bytes = 0;
    record->status = WMBT_NEED_MORE;
    record->state = WMBT_RECORD_NEW;
}

void wmbt_reader_reset(wmbt_reader *r)
{
    for (uint32_t i = 0; i < r->config.in_flight; i++) {
        wmbt_reader_enter(&r->slot[i], WMBT_SLOT_FREE, 0); /* its wants become stale */
    }
    r->presence_generation++;
    r->limit = UINT32_MAX;
    wmbt_bytes_fill((uint8_t *)&r->now, 0, sizeof r->now);
    wmbt_reader_forget(wmbt_reader_record_of(r, WMBT_READER_TAIL));
    wmbt_chain_reset(r->chain);
}

/* --- input ------------------------------------------------------------------------------------ */

/* There is one more block; its hash stands in its record. */
static void wmbt_reader_add_block(wmbt_reader *r)
{
    wmbt_reader_forget(wmbt_reader_record_of(r, r->now.blocks));
    r->now.blocks++;
}

wmbt_status wmbt_reader_tokens(wmbt_reader *r, const uint32_t *tokens, size_t count)
{
    if (r->now.input > WMBT_INPUT_TOKENS) {
        return WMBT_BAD_STATE;
    }
    if (tokens == NULL && count != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (count > (uint32_t)INT32_MAX - r->now.tokens) {
        return WMBT_TOO_LARGE;
    }
    r->now.input = WMBT_INPUT_TOKENS;
    r->now.tokens += (uint32_t)count;
    while (count != 0u && r->now.blocks < r->max_blocks) {
        wmbt_block_hash *hash = &wmbt_reader_record_of(r, r->now.blocks)->hash;
        size_t taken = 0;
        /* ok or need-more: there is a next block, and room for it */
        if (wmbt_chain_push(r->chain, tokens, count, &taken, hash) == WMBT_OK) {
            wmbt_reader_add_block(r);
        }
        tokens += taken;
        count -= taken;
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_hash(wmbt_reader *r, const wmbt_block_hash *hash)
{
    if ((r->now.input & ~WMBT_INPUT_HASHES) != 0u) {
        return WMBT_BAD_STATE;
    }
    if (r->now.blocks == r->max_blocks) {
        return WMBT_FULL;
    }
    r->now.input = WMBT_INPUT_HASHES;
    wmbt_bytes_copy(wmbt_reader_record_of(r, r->now.blocks)->hash.bytes, hash->bytes,
                    WMBT_BLOCK_HASH_BYTES);
    wmbt_reader_add_block(r);
    return WMBT_OK;
}

wmbt_status wmbt_reader_end(wmbt_reader *r, uint32_t total_tokens)
{
    if (r->now.input == WMBT_INPUT_ENDED) {
        return WMBT_BAD_STATE;
    }
    bool counted = r->now.input == WMBT_INPUT_TOKENS
                       ? total_tokens == r->now.tokens
                       : total_tokens / r->config.chain.block_tokens >= r->now.blocks;
    if (!counted || total_tokens > (uint32_t)INT32_MAX) {
        return WMBT_BAD_ARGUMENT;
    }
    r->now.input = WMBT_INPUT_ENDED;
    r->now.tokens = total_tokens;
    return WMBT_OK;
}

/* --- results ---------------------------------------------------------------------------------- */

uint32_t wmbt_reader_blocks(const wmbt_reader *r)
{
    return r->now.blocks;
}

uint32_t wmbt_reader_usable_blocks(const wmbt_reader *r)
{
    return r->now.usable;
}

wmbt_status wmbt_reader_block_hash(const wmbt_reader *r, uint32_t block, wmbt_block_hash *hash)
{
    if (block >= r->now.blocks) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_copy(hash->bytes, wmbt_reader_record_of(r, block)->hash.bytes,
                    WMBT_BLOCK_HASH_BYTES);
    return WMBT_OK;
}

wmbt_status wmbt_reader_object_state(const wmbt_reader *r, uint32_t object,
                                     wmbt_reader_object *state)
{
    if (!wmbt_reader_has(r, object)) {
        return WMBT_BAD_ARGUMENT;
    }
    const wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    state->status = record->status;
    state->bytes = record->stored_bytes;
    state->total_tokens = 0;
    state->raw_rows = 0;
    if (object == WMBT_READER_TAIL && r->now.tail_known != 0u) {
        state->total_tokens = r->now.tail.total_tokens;
        state->raw_rows = r->now.tail.raw_rows;
    }
    return WMBT_OK;
}

bool wmbt_reader_in_flight(const wmbt_reader *r, uint32_t object)
{
    return wmbt_reader_has(r, object) &&
           wmbt_reader_record_of(r, object)->state == WMBT_RECORD_IN_FLIGHT;
}

wmbt_status wmbt_reader_plan(const wmbt_reader *r, wmbt_plan *plan)
{
    if (!wmbt_reader_is_done(r)) {
        return WMBT_BAD_STATE;
    }
    wmbt_plan_input input;
    wmbt_bytes_fill((uint8_t *)&input, 0, sizeof input);
    input.shape = r->config.shape;
    input.block_tokens = r->config.chain.block_tokens;
    input.prompt_tokens = r->now.tokens;
    input.usable_blocks = r->now.usable;
    input.flags = (r->config.flags & WMBT_READER_TRUST_TAIL) != 0u ? WMBT_PLAN_TRUST_TAIL : 0u;
    input.blocks_bytes = r->now.usable_bytes;
    const wmbt_reader_record *tail = wmbt_reader_record_of(r, WMBT_READER_TAIL);
    input.tail.status = tail->status != WMBT_NEED_MORE ? tail->status : WMBT_MISSING;
    if (input.tail.status == WMBT_DOES_NOT_FIT && r->now.tail_known != 0u) {
        input.tail.status = WMBT_OK; /* the plan says why it does not */
    } else if (input.tail.status == WMBT_OK) {
        input.tail.rows_agree = 1;
    }
    input.tail.total_tokens = r->now.tail.total_tokens;
    input.tail.raw_rows = r->now.tail.raw_rows;
    input.tail.rows_end = r->now.tail.block_end;
    input.tail.bytes = tail->stored_bytes;
    return wmbt_plan_make(&input, plan);
}

#endif
