/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: start, input, results. docs/DESIGN.md, "The reader". */
#include "wombatkv/reader.h"

#include "base/bytes.h"
#include "use/reader/state.h"

#if WMBT_CFG_READER

#    define WMBT_READER_FLAGS (WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL | WMBT_READER_NO_TAIL)

static bool wmbt_reader_config_is_good(const wmbt_reader_config *config)
{
    return config->shape != NULL && !wmbt_view_is_bad(config->prefix) &&
           !wmbt_view_is_bad(config->name_space) && !wmbt_buf_is_bad(config->memory) &&
           config->prefix.len != 0u && config->chain.block_tokens != 0u &&
           config->max_blocks != 0u && config->max_blocks <= WMBT_READER_MAX_BLOCKS &&
           config->in_flight != 0u && config->in_flight <= WMBT_READER_MAX_IN_FLIGHT &&
           config->max_object_bytes != 0u && (config->flags & ~WMBT_READER_FLAGS) == 0u;
}

/*
 * The rows of one layer and kind lie within the memory. The tail's partial rows are fewer than a
 * block's, and its states and raw rows are what `rows` counts for those kinds.
 */
static wmbt_status wmbt_reader_check_place(const wmbt_reader_config *config, uint32_t layer,
                                           uint32_t kind)
{
    const wmbt_reader_place *place = &config->places[layer * WMBT_EXTENT_KINDS + kind];
    if (place->wanted > 1u) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t ratio = config->shape->layer[layer].ratio;
    uint32_t row_bytes = wmbt_shape_row_bytes(config->shape, layer, kind);
    uint32_t rows = wmbt_shape_state_rows(config->shape, layer);
    uint32_t times = 1;
    if (kind == WMBT_EXTENT_RAW) {
        rows = config->shape->window;
    } else if (kind == WMBT_EXTENT_COMP || kind == WMBT_EXTENT_INDEX) {
        rows = ratio == 0u ? 0u : config->chain.block_tokens / ratio;
        times = config->max_blocks + 1u;
    }
    if (place->wanted == 0u || rows == 0u || row_bytes == 0u) {
        return WMBT_OK;
    }
    if (rows > UINT32_MAX / row_bytes || times > UINT32_MAX / (rows * row_bytes)) {
        return WMBT_TOO_LARGE;
    }
    uint32_t bytes = rows * row_bytes * times;
    if (place->offset > UINT64_MAX - bytes) {
        return WMBT_BAD_ARGUMENT;
    }
    bool outside = config->memory.len != 0u && (place->offset > config->memory.len ||
                                                bytes > config->memory.len - place->offset);
    return outside ? WMBT_BAD_ARGUMENT : WMBT_OK;
}

static wmbt_status wmbt_reader_check(const wmbt_reader_config *config)
{
    if (!wmbt_reader_config_is_good(config)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_shape_check(config->shape);
    if (status != WMBT_OK || config->places == NULL) {
        return status;
    }
    for (uint32_t layer = 0; layer < config->shape->layers; layer++) {
        for (uint32_t kind = 0; kind < WMBT_EXTENT_KINDS; kind++) {
            status = wmbt_reader_check_place(config, layer, kind);
            if (status != WMBT_OK) {
                return status;
            }
        }
    }
    return WMBT_OK;
}

static void wmbt_reader_configure(wmbt_reader *r, const wmbt_reader_config *config)
{
    r->shape = config->shape;
    r->places = config->places;
    r->prefix = config->prefix;
    r->name_space = config->name_space;
    r->memory = config->memory;
    r->codec = config->codec;
    r->block_tokens = config->chain.block_tokens;
    r->max_blocks = config->max_blocks;
    r->in_flight = config->in_flight;
    r->max_object_bytes = config->max_object_bytes;
    r->presence_blocks = config->presence_blocks;
    r->flags = config->flags;
    r->has_geometry = wmbt_shape_allows_block_tokens(config->shape, r->block_tokens) ? 1u : 0u;
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
    /* Not WMBT_READER_BYTES(): a 32-bit size_t could overflow there. */
    if (memory.len < WMBT_READER_HEADER_BYTES ||
        (memory.len - WMBT_READER_HEADER_BYTES) / sizeof(wmbt_reader_block) < config->max_blocks) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    size_t blocks_bytes = sizeof(wmbt_reader_block) * (size_t)config->max_blocks;
    if ((memory.len - WMBT_READER_HEADER_BYTES - blocks_bytes) / sizeof(wmbt_reader_slot) <
        config->in_flight) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_READER_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_reader *x = (wmbt_reader *)(void *)memory.data;
    size_t slots_at = sizeof *x + blocks_bytes;
    size_t chain_at = slots_at + sizeof(wmbt_reader_slot) * (size_t)config->in_flight;
    wmbt_chain *chain = NULL;
    status = wmbt_chain_init(wmbt_buf_of(memory.data + chain_at, memory.len - chain_at),
                             &config->chain, &chain);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_configure(x, config);
    x->chain = chain;
    x->block = (wmbt_reader_block *)(void *)(memory.data + sizeof *x);
    x->slot = (wmbt_reader_slot *)(void *)(memory.data + slots_at);
    for (uint32_t i = 0; i < x->in_flight; i++) {
        x->slot[i].generation = 0;
    }
    x->presence_generation = 0;
    wmbt_reader_reset(x);
    *r = x;
    return WMBT_OK;
}

void wmbt_reader_reset(wmbt_reader *r)
{
    for (uint32_t i = 0; i < r->in_flight; i++) {
        wmbt_reader_enter(&r->slot[i], WMBT_SLOT_FREE); /* its wants become stale */
    }
    wmbt_chain_reset(r->chain);
    r->input = WMBT_INPUT_NONE;
    r->tokens = 0;
    r->blocks = 0;
    r->limit = UINT32_MAX;
    r->next = 0;
    r->settled = 0;
    r->usable = 0;
    r->asked_to = 0;
    r->presence_open = 0;
    r->presence_generation++;
    r->tail_state = WMBT_BLOCK_NEW;
    r->tail_status = WMBT_NEED_MORE;
    r->tail_bytes = 0;
    r->tail_known = 0;
    r->tail_fits = 0;
    r->tail.total_tokens = 0;
    r->tail.raw_rows = 0;
}

/* --- input --------------------------------------------------------------------------------------
 */

static void wmbt_reader_add_block(wmbt_reader *r, const wmbt_block_hash *hash)
{
    wmbt_reader_block *block = &r->block[r->blocks];
    wmbt_bytes_copy(block->hash.bytes, hash->bytes, WMBT_BLOCK_HASH_BYTES);
    block->stored_bytes = 0;
    block->status = WMBT_NEED_MORE;
    block->state = WMBT_BLOCK_NEW;
    block->slot = 0;
    r->blocks++;
}

wmbt_status wmbt_reader_tokens(wmbt_reader *r, const uint32_t *tokens, size_t count)
{
    if (r->input != WMBT_INPUT_NONE && r->input != WMBT_INPUT_TOKENS) {
        return WMBT_BAD_STATE;
    }
    if (tokens == NULL && count != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (count > (size_t)INT32_MAX - r->tokens) {
        return WMBT_TOO_LARGE;
    }
    r->input = WMBT_INPUT_TOKENS;
    r->tokens += (uint32_t)count;
    while (count != 0u && r->blocks < r->max_blocks) {
        wmbt_block_hash hash;
        size_t taken = 0;
        wmbt_status status = wmbt_chain_push(r->chain, tokens, count, &taken, &hash);
        if (status == WMBT_OK) {
            wmbt_reader_add_block(r, &hash);
        } else if (status != WMBT_NEED_MORE) {
            break; /* end: the dialect hashes no further block */
        }
        tokens += taken;
        count -= taken;
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_hash(wmbt_reader *r, const wmbt_block_hash *hash)
{
    if (r->input != WMBT_INPUT_NONE && r->input != WMBT_INPUT_HASHES) {
        return WMBT_BAD_STATE;
    }
    if (r->blocks == r->max_blocks) {
        return WMBT_FULL;
    }
    r->input = WMBT_INPUT_HASHES;
    wmbt_reader_add_block(r, hash);
    return WMBT_OK;
}

wmbt_status wmbt_reader_end(wmbt_reader *r, uint32_t total_tokens)
{
    if (r->input == WMBT_INPUT_ENDED) {
        return WMBT_BAD_STATE;
    }
    bool counted = r->input == WMBT_INPUT_TOKENS ? total_tokens == r->tokens
                                                 : total_tokens / r->block_tokens >= r->blocks;
    if (!counted || total_tokens > (uint32_t)INT32_MAX) {
        return WMBT_BAD_ARGUMENT;
    }
    r->input = WMBT_INPUT_ENDED;
    r->tokens = total_tokens;
    return WMBT_OK;
}

/* --- results ------------------------------------------------------------------------------------
 */

uint32_t wmbt_reader_blocks(const wmbt_reader *r)
{
    return r->blocks;
}

uint32_t wmbt_reader_usable_blocks(const wmbt_reader *r)
{
    return r->usable;
}

wmbt_status wmbt_reader_block_hash(const wmbt_reader *r, uint32_t block, wmbt_block_hash *hash)
{
    if (block >= r->blocks) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_copy(hash->bytes, r->block[block].hash.bytes, WMBT_BLOCK_HASH_BYTES);
    return WMBT_OK;
}

wmbt_status wmbt_reader_object_state(const wmbt_reader *r, uint32_t object,
                                     wmbt_reader_object *state)
{
    if (object == WMBT_READER_TAIL) {
        state->status = r->tail_status;
        state->bytes = r->tail_bytes;
        state->total_tokens = r->tail_known != 0u ? r->tail.total_tokens : 0u;
        state->raw_rows = r->tail_known != 0u ? r->tail.raw_rows : 0u;
        return WMBT_OK;
    }
    if (object >= r->blocks) {
        return WMBT_BAD_ARGUMENT;
    }
    const wmbt_reader_block *block = &r->block[object];
    state->status = block->state == WMBT_BLOCK_SETTLED ? block->status : WMBT_NEED_MORE;
    state->bytes = block->stored_bytes;
    state->total_tokens = 0;
    state->raw_rows = 0;
    return WMBT_OK;
}

bool wmbt_reader_in_flight(const wmbt_reader *r, uint32_t object)
{
    if (object == WMBT_READER_TAIL) {
        return r->tail_state == WMBT_BLOCK_FLYING;
    }
    return object < r->blocks && r->block[object].state == WMBT_BLOCK_FLYING;
}

wmbt_status wmbt_reader_plan(const wmbt_reader *r, wmbt_plan *plan)
{
    if (!wmbt_reader_is_done(r)) {
        return WMBT_BAD_STATE;
    }
    wmbt_plan_input input;
    wmbt_bytes_fill((uint8_t *)&input, 0, sizeof input);
    input.shape = r->shape;
    input.block_tokens = r->block_tokens;
    input.prompt_tokens = r->tokens;
    input.usable_blocks = r->usable;
    input.flags = (r->flags & WMBT_READER_TRUST_TAIL) != 0u ? WMBT_PLAN_TRUST_TAIL : 0u;
    for (uint32_t i = 0; i < r->usable; i++) {
        input.blocks_bytes += r->block[i].stored_bytes;
    }
    /* A tail that does not fit is intact: the plan says why it does not. */
    input.tail.status = r->tail_status == WMBT_DOES_NOT_FIT ? WMBT_OK : r->tail_status;
    if (r->tail_state != WMBT_BLOCK_SETTLED) {
        input.tail.status = WMBT_MISSING; /* not looked for */
    }
    input.tail.total_tokens = r->tail.total_tokens;
    input.tail.raw_rows = r->tail.raw_rows;
    input.tail.rows_agree = r->tail_status == WMBT_OK ? r->tail_fits : 0u;
    input.tail.rows_end = r->tail.block_end;
    input.tail.bytes = r->tail_bytes;
    return wmbt_plan_make(&input, plan);
}

#endif
