/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: start, input, results. docs/DESIGN.md, "The reader". */
#include "wombatkv/reader.h"

#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

#    define WMBT_READER_PROMPT_FLAGS \
        (WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL | WMBT_READER_NO_TAIL | WMBT_READER_INEXACT)

/* --- start ------------------------------------------------------------------------------------ */

static bool wmbt_reader_config_is_good(const wmbt_reader_config *config)
{
    return config->shape != NULL && !wmbt_buf_is_bad(config->memory) &&
           config->max_blocks - 1u < WMBT_READER_MAX_BLOCKS &&
           config->in_flight - 1u < WMBT_READER_MAX_IN_FLIGHT && config->max_object_bytes != 0u &&
           config->runs <= WMBT_READER_MAX_RUNS && (config->flags & ~WMBT_READER_LATE_WRITES) == 0u;
}

static wmbt_status wmbt_reader_check_config(const wmbt_reader_config *config)
{
    if (!wmbt_reader_config_is_good(config)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_shape_check(config->shape);
#    if WMBT_CFG_READER_BOUND
    if (status == WMBT_OK) {
        status = wmbt_reader_check_hashes(config);
    }
#    endif
    if (status != WMBT_OK || config->places == NULL) {
        return status;
    }
    for (uint32_t i = 0; i < config->shape->layers * WMBT_EXTENT_KINDS; i++) {
        if (config->places[i].wanted > 1u) {
            return WMBT_BAD_ARGUMENT;
        }
    }
    return WMBT_OK;
}

/* The configuration with what its zeros stand for. */
static void wmbt_reader_keep_config(wmbt_reader *x, const wmbt_reader_config *config)
{
    wmbt_bytes_copy((uint8_t *)&x->config, (const uint8_t *)config, sizeof *config);
    if (x->config.runs == 0u) {
        x->config.runs = WMBT_READER_RUNS;
    }
    if (x->config.first_bytes < WMBT_READER_HEADER_BYTES || wmbt_reader_writes_late(x)) {
        x->config.first_bytes = WMBT_READER_HEADER_BYTES;
    }
}

wmbt_status wmbt_reader_init(wmbt_buf memory, const wmbt_reader_config *config,
                             uint64_t first_serial, wmbt_reader **r)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_reader_check_config(config);
    if (status != WMBT_OK) {
        return status;
    }
    /* The parts of WMBT_READER_BYTES_RUNS(); the limits keep it below 2^32. */
    size_t slot_bytes =
        WMBT_READER_OBJECT_BYTES(config->runs != 0u ? config->runs : WMBT_READER_RUNS);
    size_t records = WMBT_READER_RECORD_BYTES(config->max_blocks);
    size_t bytes = records + slot_bytes * config->in_flight;
    if (memory.len < WMBT_READER_FIXED_BYTES + bytes) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_READER_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_reader *x = (wmbt_reader *)(void *)memory.data;
    size_t all = WMBT_READER_FIRST_BYTES + bytes;
    wmbt_bytes_fill(memory.data, 0, all);
    wmbt_reader_keep_config(x, config);
    x->serial = first_serial;
    x->record = (wmbt_reader_record *)(void *)(x + 1);
    x->slots = memory.data + WMBT_READER_FIRST_BYTES + records;
    x->slot_bytes = (uint32_t)slot_bytes;
    x->first = WMBT_SLOT_NONE;
    x->last = WMBT_SLOT_NONE;
    x->inflating = WMBT_SLOT_NONE;
    x->first_free = WMBT_SLOT_NONE;
    for (uint32_t i = config->in_flight; i-- > 0u;) {
        wmbt_reader_slot *s = wmbt_reader_slot_at(x, i);
        s->id = (uint16_t)i;
        s->next = x->first_free;
        x->first_free = s->id;
    }
    x->now.input = WMBT_INPUT_NO_PROMPT;
#    if WMBT_CFG_READER_TOKENS
    x->chain_memory.data = memory.data + all;
    x->chain_memory.len = memory.len - all;
#    endif
    *r = x;
    return WMBT_OK;
}

/* What was before has ended. What is not quiet stays so. */
static void wmbt_reader_drop_prompt(wmbt_reader *r)
{
    for (uint32_t i = 0; i < r->config.in_flight; i++) {
        wmbt_reader_slot *s = wmbt_reader_slot_at(r, i);
        if (s->phase != WMBT_SLOT_FREE) { /* or has ended: no stop tells of it any more */
            wmbt_reader_end_slot(r, s, false);
        }
    }
    r->waiting = r->not_quiet;
    wmbt_bytes_fill((uint8_t *)&r->now, 0, sizeof r->now);
    r->now.input = WMBT_INPUT_NO_PROMPT;
    wmbt_reader_forget(wmbt_reader_record_of(r, WMBT_READER_TAIL));
}

/* Digests, and memory to compare them. */
static bool wmbt_reader_digests_are_good(const wmbt_reader *r, const wmbt_reader_prompt *prompt)
{
#    if WMBT_CFG_READER_BOUND
    bool any = prompt->digests != NULL || prompt->tail_digests != NULL;
    return any ? r->config.hashes.len != 0u && prompt->digest_count != 0u
               : prompt->digest_count == 0u;
#    else
    (void)r;
    (void)prompt;
    return true;
#    endif
}

static bool wmbt_reader_prompt_is_good(const wmbt_reader *r, const wmbt_reader_prompt *prompt)
{
    return !wmbt_view_is_bad(prompt->prefix) && !wmbt_view_is_bad(prompt->name_space) &&
           prompt->prefix.len != 0u && prompt->chain.block_tokens != 0u &&
           prompt->chain.dialect - WMBT_CHAIN_CORE <= WMBT_CHAIN_DS4 - WMBT_CHAIN_CORE &&
           (prompt->pages != NULL || prompt->page_count == 0u) &&
           (prompt->flags & ~WMBT_READER_PROMPT_FLAGS) == 0u &&
           wmbt_reader_digests_are_good(r, prompt) && wmbt_reader_places_are_good(r, prompt);
}

wmbt_status wmbt_reader_start(wmbt_reader *r, const wmbt_reader_prompt *prompt)
{
    wmbt_reader_drop_prompt(r);
    if (!wmbt_reader_prompt_is_good(r, prompt)) {
        return WMBT_BAD_ARGUMENT;
    }
    r->max_blocks = r->config.max_blocks;
#    if WMBT_CFG_READER_TOKENS
    wmbt_status status = wmbt_chain_init(r->chain_memory, &prompt->chain, &r->chain);
    if (status != WMBT_OK) {
        return status;
    }
#    endif
    if (prompt->chain.dialect == WMBT_CHAIN_DS4) {
        r->max_blocks = wmbt_min_u32(r->max_blocks, WMBT_CHAIN_DS4_MAX_BLOCKS);
    }
    wmbt_view_set(&r->prefix, prompt->prefix);
    wmbt_view_set(&r->name_space, prompt->name_space);
    r->pages = prompt->pages;
    r->page_count = prompt->page_count;
#    if WMBT_CFG_READER_BOUND
    r->digests = prompt->digests;
    r->tail_digests = prompt->tail_digests;
    r->digest_count = prompt->digest_count;
#    endif
    r->flags = prompt->flags;
    r->window_extra = prompt->window_extra;
    r->block_tokens = prompt->chain.block_tokens;
    r->now.input = WMBT_INPUT_NONE;
    r->now.limit = UINT32_MAX;
    return WMBT_OK;
}

uint64_t wmbt_reader_serial(const wmbt_reader *r)
{
    return r->serial;
}

/* --- input ------------------------------------------------------------------------------------ */

/* There is one more block; its hash stands in its record. */
static void wmbt_reader_add_block(wmbt_reader *r)
{
    wmbt_reader_forget(wmbt_reader_record_of(r, r->now.blocks));
    r->now.blocks++;
}

#    if WMBT_CFG_READER_TOKENS

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
    size_t taken = 1; /* none: the dialect hashes no further block */
    while (count != 0u && taken != 0u && r->now.blocks < r->max_blocks) {
        wmbt_block_hash *hash = &wmbt_reader_record_of(r, r->now.blocks)->hash;
        taken = 0;
        /* ok or need-more: there is a next block, and room for it */
        if (wmbt_chain_push(r->chain, tokens, count, &taken, hash) == WMBT_OK) {
            wmbt_reader_add_block(r);
        }
        tokens += taken;
        count -= taken;
    }
    return WMBT_OK;
}

#    endif

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
    if (r->now.input >= WMBT_INPUT_ENDED) {
        return WMBT_BAD_STATE;
    }
    bool counted = r->now.input == WMBT_INPUT_TOKENS
                       ? total_tokens == r->now.tokens
                       : total_tokens / r->block_tokens >= r->now.blocks;
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
    if (!wmbt_reader_has(r, object)) {
        return false;
    }
    const wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    return wmbt_reader_state_of(record) == WMBT_RECORD_IN_FLIGHT ||
           (record->state & WMBT_RECORD_LENT) != 0u;
}

wmbt_status wmbt_reader_plan_input(const wmbt_reader *r, wmbt_plan_input *input)
{
    if (!wmbt_reader_is_done(r)) {
        return WMBT_BAD_STATE;
    }
    const wmbt_reader_record *tail = wmbt_reader_record_of(r, WMBT_READER_TAIL);
    wmbt_bytes_fill((uint8_t *)input, 0, sizeof *input);
    input->shape = r->config.shape;
    input->block_tokens = r->block_tokens;
    input->prompt_tokens = r->now.tokens;
    input->usable_blocks = r->now.usable;
    input->flags = ((r->flags & WMBT_READER_TRUST_TAIL) != 0u ? WMBT_PLAN_TRUST_TAIL : 0u) |
                   ((r->flags & WMBT_READER_INEXACT) != 0u ? WMBT_PLAN_INEXACT : 0u);
    input->window_extra = r->window_extra;
    input->blocks_bytes = r->now.usable_bytes;
    input->tail.status = tail->status != WMBT_NEED_MORE ? tail->status : WMBT_MISSING;
    if (input->tail.status == WMBT_DOES_NOT_FIT && r->now.tail_known != 0u) {
        input->tail.status = WMBT_OK; /* the plan says why it does not */
    } else if (input->tail.status == WMBT_OK) {
        input->tail.rows_agree = 1;
    }
    input->tail.total_tokens = r->now.tail.total_tokens;
    input->tail.raw_rows = r->now.tail.raw_rows;
    input->tail.rows_end = r->now.tail.block_end;
    input->tail.bytes = tail->stored_bytes;
    return WMBT_OK;
}

wmbt_status wmbt_reader_plan(const wmbt_reader *r, wmbt_plan *plan)
{
    wmbt_plan_input input;
    wmbt_status status = wmbt_reader_plan_input(r, &input);
    return status == WMBT_OK ? wmbt_plan_make(&input, plan) : status;
}

#endif
