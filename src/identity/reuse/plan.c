/* SPDX-License-Identifier: Apache-2.0 */
/* The restore plan. docs/REUSE.md, "What a restore is worth" and "The raw tail". */
#include "wombatkv/plan.h"

#include "base/min.h"

#include "wombatkv/boundary.h"

#if WMBT_CFG_PLAN

#    define WMBT_PLAN_FLAGS (WMBT_PLAN_TRUST_TAIL | WMBT_PLAN_INEXACT)

/* a - b, but not below 0. */
static uint32_t wmbt_plan_before(uint32_t a, uint32_t b)
{
    return a > b ? a - b : 0u;
}

/*
 * Where a run must start so that the token at `first` and all after it come out exact, with nothing
 * restored but rows up to `boundary`. A layer's output at t depends on its input at positions
 * t - (window - 1) to t, so each layer reaches so much further back. A compressor that overlaps
 * also needs its own input, right, from `ratio` before the boundary on. `extra` raw rows before
 * those of the window must come out right, too.
 */
static uint32_t wmbt_plan_exact_from(const wmbt_shape *shape, uint32_t boundary, uint32_t first,
                                     uint32_t extra)
{
    uint32_t reach = shape->window - 1u;
    uint32_t from = wmbt_plan_before(first, shape->layers * reach); /* below 2^21 by the bounds */
    from = wmbt_plan_before(from, extra);
    for (uint32_t i = 0; i < shape->layers; i++) {
        if (shape->layer[i].overlaps != 0u) {
            uint32_t needed = wmbt_plan_before(boundary, shape->layer[i].ratio + i * reach);
            from = wmbt_min_u32(from, needed);
        }
    }
    return from;
}

/* Every condition is needed (docs/REUSE.md, "The raw tail"); what fails first is the reason. */
static uint32_t wmbt_plan_check_tail(const wmbt_plan_input *input, uint32_t boundary)
{
    const wmbt_plan_tail *tail = &input->tail;
    uint32_t total = tail->total_tokens;
    if (input->usable_blocks == 0u) {
        return WMBT_PLAN_TAIL_NO_BLOCK;
    }
    if (tail->status != WMBT_OK) {
        return tail->status == WMBT_MISSING ? WMBT_PLAN_TAIL_MISSING : WMBT_PLAN_TAIL_REFUSED;
    }
    if (total < boundary) {
        return WMBT_PLAN_TAIL_BELOW_BLOCKS;
    }
    if (total > input->prompt_tokens) {
        return WMBT_PLAN_TAIL_PAST_PROMPT;
    }
    if (total - boundary >= input->block_tokens) {
        return WMBT_PLAN_TAIL_PAST_BLOCK;
    }
    /* The next token brings its own row; the last one, run for its logits, finds it in the tail. */
    uint32_t window = input->shape->window;
    uint32_t seen = total < input->prompt_tokens ? window - 1u : window;
    if (tail->raw_rows < wmbt_min_u32(total, seen) ||
        tail->raw_rows > wmbt_min_u32(total, window)) {
        return WMBT_PLAN_TAIL_RAW_ROWS;
    }
    if (tail->rows_agree == 0u ||
        (tail->rows_end != boundary && wmbt_shape_compresses(input->shape))) {
        return WMBT_PLAN_TAIL_PARTIAL_ROWS;
    }
    if (total != boundary && (input->flags & WMBT_PLAN_TRUST_TAIL) == 0u) {
        return WMBT_PLAN_TAIL_UNPROVEN;
    }
    uint32_t more = wmbt_plan_before(wmbt_min_u32(total, tail->raw_rows), seen);
    if (tail->raw_rows < total && input->window_extra > more) {
        return WMBT_PLAN_TAIL_WINDOW_EXTRA;
    }
    return total == boundary ? WMBT_PLAN_TAIL_COUNTS : WMBT_PLAN_TAIL_COUNTS_TRUSTED;
}

static wmbt_status wmbt_plan_tail_status(const wmbt_plan_input *input, uint32_t reason)
{
    if (reason == WMBT_PLAN_TAIL_NO_BLOCK) {
        return WMBT_MISSING;
    }
    bool misfit = reason >= WMBT_PLAN_TAIL_BELOW_BLOCKS && reason <= WMBT_PLAN_TAIL_PARTIAL_ROWS;
    return misfit ? WMBT_DOES_NOT_FIT : input->tail.status;
}

static wmbt_status wmbt_plan_check(const wmbt_plan_input *input)
{
    if (input->shape == NULL || (input->flags & ~WMBT_PLAN_FLAGS) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_shape_check(input->shape);
    if (status == WMBT_OK && input->usable_blocks != 0u &&
        (!wmbt_shape_allows_block_tokens(input->shape, input->block_tokens) ||
         input->usable_blocks > input->prompt_tokens / input->block_tokens)) {
        status = WMBT_BAD_ARGUMENT;
    }
    return status;
}

/* Stored bytes of what is loaded; 2^64 - 1 if they are more. */
static uint64_t wmbt_plan_bytes(const wmbt_plan_input *input, const wmbt_plan *plan)
{
    uint64_t blocks = plan->load_blocks != 0u ? input->blocks_bytes : 0u;
    uint64_t tail = plan->load_tail != 0u ? input->tail.bytes : 0u;
    return blocks + tail < tail ? UINT64_MAX : blocks + tail;
}

wmbt_status wmbt_plan_make(const wmbt_plan_input *input, wmbt_plan *plan)
{
    wmbt_status status = wmbt_plan_check(input);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t tokens = input->prompt_tokens;
    uint32_t boundary = input->usable_blocks * input->block_tokens;
    uint32_t reason = wmbt_plan_check_tail(input, boundary);
    bool counts = reason == WMBT_PLAN_TAIL_COUNTS || reason == WMBT_PLAN_TAIL_COUNTS_TRUSTED;
    uint32_t covered = counts ? input->tail.total_tokens : boundary;
    uint32_t restored = wmbt_boundary_restorable(covered, tokens);
    uint32_t exact_from = restored;
    if (!counts) {
        exact_from = wmbt_plan_exact_from(input->shape, boundary, restored, input->window_extra);
    }
    uint32_t run_from = (input->flags & WMBT_PLAN_INEXACT) != 0u ? restored : exact_from;
    /* A run from 0 makes every row itself, unless the tail has what the one token needs. */
    bool loads = run_from != 0u || counts;

    plan->run_tokens = tokens - run_from;
    plan->run_from = run_from;
    plan->load_blocks = loads ? input->usable_blocks : 0u;
    plan->load_tail = counts ? 1u : 0u;
    plan->logits_only = counts && covered == tokens ? 1u : 0u;
    plan->exact = run_from == exact_from ? 1u : 0u;
    plan->saved_tokens = run_from;
    plan->load_reason = loads ? WMBT_PLAN_LOADS : WMBT_PLAN_SAVES_NOTHING;
    if (input->usable_blocks == 0u) {
        plan->load_reason = WMBT_PLAN_NO_BLOCKS;
    }
    plan->tail_reason = reason;
    plan->tail_status = wmbt_plan_tail_status(input, reason);
    plan->bytes_to_read = wmbt_plan_bytes(input, plan);
    return WMBT_OK;
}

/* One text and not a table of pointers, which would need relocation. */
static const char wmbt_plan_reasons[] =
    "no-block\0missing\0refused\0below-blocks\0past-prompt\0past-block\0raw-rows\0partial-rows\0"
    "unproven\0counts\0counts-trusted\0window-extra\0unknown";

const char *wmbt_plan_tail_reason_name(uint32_t reason)
{
    const char *name = wmbt_plan_reasons;
    for (uint32_t i = 0; i < reason && i <= WMBT_PLAN_TAIL_WINDOW_EXTRA; i++) {
        while (*name != '\0') {
            name++;
        }
        name++;
    }
    return name;
}

#endif
