/* SPDX-License-Identifier: Apache-2.0 */
/* Block boundaries. docs/REUSE.md, "Boundaries". */
#include "wombatkv/boundary.h"

#if WMBT_CFG_PLAN

static uint32_t wmbt_boundary_gcd(uint32_t a, uint32_t b)
{
    while (b != 0u) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

bool wmbt_boundary_rule_allows(uint32_t rule, uint32_t block_tokens)
{
    if (block_tokens == 0u) {
        return false;
    }
    if (rule == WMBT_BOUNDARY_DS4) {
        return block_tokens % WMBT_BOUNDARY_DS4_STEP == 0u && block_tokens <= WMBT_BOUNDARY_DS4_MAX;
    }
    if (rule == WMBT_BOUNDARY_M0) {
        return block_tokens == 64u || block_tokens == 128u || block_tokens == 256u;
    }
    return rule == WMBT_BOUNDARY_CORE;
}

wmbt_status wmbt_boundary_step(const wmbt_shape *shape, uint32_t *step)
{
    wmbt_status status = wmbt_shape_check(shape);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t multiple = 1;
    for (uint32_t i = 0; i < shape->layers; i++) {
        uint32_t ratio = shape->layer[i].ratio;
        uint32_t factor = ratio == 0u ? 1u : ratio / wmbt_boundary_gcd(multiple, ratio);
        if (factor > WMBT_BOUNDARY_MAX_POSITION / multiple) {
            return WMBT_TOO_LARGE;
        }
        multiple *= factor;
    }
    *step = multiple;
    return WMBT_OK;
}

wmbt_status wmbt_boundary_block_tokens(uint32_t rule, const wmbt_shape *shape, uint32_t wanted,
                                       uint32_t *block_tokens)
{
    if (rule < WMBT_BOUNDARY_CORE || rule > WMBT_BOUNDARY_M0) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t step;
    wmbt_status status = wmbt_boundary_step(shape, &step);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t size = step;
    if (wanted > step && wmbt_boundary_ceiling(wanted, step, &size) != WMBT_OK) {
        return WMBT_MISSING;
    }
    while (size <= WMBT_SHAPE_MAX_BLOCK_TOKENS) {
        if (wmbt_boundary_rule_allows(rule, size)) {
            *block_tokens = size;
            return WMBT_OK;
        }
        size += step; /* no overflow: both are at most WMBT_SHAPE_MAX_BLOCK_TOKENS */
    }
    return WMBT_MISSING;
}

uint32_t wmbt_boundary_floor(uint32_t position, uint32_t step)
{
    return step == 0u ? position : position - position % step;
}

wmbt_status wmbt_boundary_ceiling(uint32_t position, uint32_t step, uint32_t *out)
{
    uint32_t below = wmbt_boundary_floor(position, step);
    uint32_t more = below == position ? 0u : step;
    if (below > WMBT_BOUNDARY_MAX_POSITION || more > WMBT_BOUNDARY_MAX_POSITION - below) {
        return WMBT_TOO_LARGE;
    }
    *out = below + more;
    return WMBT_OK;
}

uint32_t wmbt_boundary_restorable(uint32_t covered, uint32_t tokens)
{
    if (tokens == 0u) {
        return 0;
    }
    return covered < tokens ? covered : tokens - 1u;
}

uint32_t wmbt_boundary_window_start(uint32_t position, uint32_t window)
{
    uint32_t before = window == 0u ? 0u : window - 1u;
    return position > before ? position - before : 0u;
}

uint32_t wmbt_boundary_window_blocks(uint32_t position, uint32_t window, uint32_t block_tokens)
{
    uint32_t start = wmbt_boundary_window_start(position, window);
    if (start == position) {
        return 0;
    }
    uint32_t size = block_tokens == 0u ? 1u : block_tokens;
    uint32_t last = (position - 1u) / size;
    return last - start / size + 1u;
}

/* Judges two block sizes, and where the first `blocks` blocks of the first size end. */
static wmbt_status wmbt_boundary_check_tiers(uint32_t blocks, uint32_t from_tokens,
                                             uint32_t to_tokens)
{
    if (from_tokens == 0u || to_tokens == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    return blocks > WMBT_BOUNDARY_MAX_POSITION / from_tokens ? WMBT_TOO_LARGE : WMBT_OK;
}

wmbt_status wmbt_boundary_map(uint32_t block, uint32_t from_tokens, uint32_t to_tokens,
                              wmbt_boundary_span *span)
{
    wmbt_status status = wmbt_boundary_check_tiers(block, from_tokens, to_tokens);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t start = block * from_tokens;
    if (from_tokens > WMBT_BOUNDARY_MAX_POSITION - start) {
        return WMBT_TOO_LARGE;
    }
    uint32_t end = start + from_tokens;
    uint32_t first = start / to_tokens;
    uint32_t skip = start - first * to_tokens;
    uint32_t whole_first = skip == 0u ? first : first + 1u;
    uint32_t whole_end = end / to_tokens;
    span->first = first;
    span->count = (end - 1u) / to_tokens - first + 1u;
    span->skip = skip;
    span->whole_first = whole_first;
    span->whole_count = whole_end > whole_first ? whole_end - whole_first : 0u;
    return WMBT_OK;
}

wmbt_status wmbt_boundary_convert(uint32_t blocks, uint32_t from_tokens, uint32_t to_tokens,
                                  uint32_t *out)
{
    wmbt_status status = wmbt_boundary_check_tiers(blocks, from_tokens, to_tokens);
    if (status == WMBT_OK) {
        *out = blocks * from_tokens / to_tokens;
    }
    return status;
}

#endif
