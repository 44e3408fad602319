/* SPDX-License-Identifier: Apache-2.0 */
/* The CHAIN options and the hashes of a prompt. */
#include "prompt/chains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/tool.h"

/* Enough for the block, and for any tenant (chain.h, wmbt_chain_init). */
size_t chain_bytes(const struct chain_options *options)
{
    uint64_t tokens = options->config.tenant.len / 4 + 1;
    tokens = tokens > options->config.block_tokens ? tokens : options->config.block_tokens;
    return (size_t)WMBT_CHAIN_BYTES(tokens);
}

static wmbt_buf chain_memory(const struct chain_options *options)
{
    size_t bytes = chain_bytes(options);
    return wmbt_buf_of(tool_alloc(bytes), bytes);
}

static void refuse_option(const struct args *args, const char *name, const char *dialect)
{
    if (args_value(args, name) != NULL) {
        tool_usage_error("option %s does not belong to the dialect %s", name, dialect);
    }
}

static void read_core(struct chain_options *options, const struct args *args)
{
    const char *fingerprint = args_required(args, "--fingerprint");
    refuse_option(args, "--quant-bits", "core");
    options->config.tenant = tool_view(args_required(args, "--tenant"));
    if (wmbt_block_hash_from_hex(tool_view(fingerprint), &options->fingerprint) != WMBT_OK) {
        tool_usage_error("option --fingerprint: '%s' is not 64 hex digits", fingerprint);
    }
    options->config.fingerprint =
        wmbt_view_of(options->fingerprint.bytes, sizeof options->fingerprint.bytes);
}

static void read_ds4(struct chain_options *options, const struct args *args)
{
    uint64_t bits = 0;
    refuse_option(args, "--tenant", "ds4");
    options->config.fingerprint = tool_view(args_required(args, "--fingerprint"));
    args_required(args, "--quant-bits");
    args_number(args, "--quant-bits", 0, INT32_MAX, &bits);
    options->config.quant_bits = (uint32_t)bits;
    if (options->block_tokens % WMBT_CHAIN_DS4_BLOCK_STEP != 0 ||
        options->block_tokens > WMBT_CHAIN_DS4_MAX_BLOCK_TOKENS) {
        tool_usage_error(
            "option --block-tokens: %llu is not a multiple of %u up to %u, as ds4 needs",
            (unsigned long long)options->block_tokens, WMBT_CHAIN_DS4_BLOCK_STEP,
            WMBT_CHAIN_DS4_MAX_BLOCK_TOKENS);
    }
}

void chain_options_read(struct chain_options *options, const struct args *args)
{
    memset(options, 0, sizeof *options);
    const char *dialect = args_required(args, "--dialect");
    options->config.dialect = wmbt_chain_dialect_from_name(tool_view(dialect));
    args_required(args, "--block-tokens");
    args_number(args, "--block-tokens", 1, UINT64_MAX, &options->block_tokens);
    if (options->config.dialect == WMBT_CHAIN_CORE) {
        read_core(options, args);
    } else if (options->config.dialect == WMBT_CHAIN_DS4) {
        read_ds4(options, args);
    } else {
        tool_usage_error("option --dialect: '%s' is neither core nor ds4", dialect);
    }
    /* A block larger than any chain takes is never full: the tokens do not fit into memory. */
    options->config.block_tokens = options->block_tokens > WMBT_CHAIN_MAX_BLOCK_TOKENS
                                       ? WMBT_CHAIN_MAX_BLOCK_TOKENS
                                       : (uint32_t)options->block_tokens;
    wmbt_chain *chain;
    wmbt_status status = wmbt_chain_init(chain_memory(options), &options->config, &chain);
    if (status == WMBT_NOT_REPRESENTABLE) {
        tool_usage_error("option --fingerprint: too long for ds4 (its seed has at most %u bytes)",
                         WMBT_CHAIN_DS4_MAX_SEED_BYTES);
    }
    if (status == WMBT_BAD_TEXT) {
        tool_usage_error("option --tenant: not UTF-8");
    }
    if (status != WMBT_OK) {
        tool_usage_error("option --fingerprint: %s", tool_status_name(status));
    }
}

static wmbt_block_hash *room_for(size_t hashes)
{
    wmbt_block_hash *memory = malloc((hashes + 1) * sizeof *memory); /* never of no bytes */
    if (memory == NULL) {
        tool_usage_error("not enough memory for %zu hashes", hashes);
    }
    return memory;
}

/* One more block of each prompt that has one. Steps of prompts that end are taken out, so that
 * lanes stay full; `owner` says which prompt a step is of. Returns how many steps are left. */
static size_t push_blocks(struct prompt *prompt, wmbt_chain_step *step, size_t *owner, size_t steps)
{
    size_t left = 0;
    wmbt_chain_push_many(step, steps);
    for (size_t i = 0; i < steps; i++) {
        struct prompt *p = &prompt[owner[i]];
        if (step[i].status != WMBT_OK) {
            continue; /* no full block is left, or the dialect hashes no further one */
        }
        p->hash[p->hashes++] = step[i].hash;
        step[left].chain = step[i].chain;
        step[left].tokens = step[i].tokens + step[i].taken;
        step[left].count = step[i].count - step[i].taken;
        owner[left++] = owner[i];
    }
    return left;
}

void chain_hashes(const struct chain_options *options, struct prompt *prompt, size_t prompts)
{
    struct tool_mark mark = tool_mark();
    wmbt_chain_step *step = tool_alloc(prompts * sizeof *step);
    size_t *owner = tool_alloc(prompts * sizeof *owner);
    size_t steps = 0, longest = 0;
    for (size_t i = 0; i < prompts; i++) {
        struct tokens *tokens = &prompt[i].tokens;
        size_t most = (size_t)(tokens->count / options->block_tokens);
        prompt[i].hash = room_for(most);
        prompt[i].hashes = 0;
        longest = most > longest ? most : longest;
        if (most != 0 && wmbt_chain_init(chain_memory(options), &options->config,
                                         &step[steps].chain) == WMBT_OK) {
            step[steps].tokens = tokens->token;
            step[steps].count = tokens->count;
            owner[steps++] = i;
        }
    }
    for (size_t blocks = 0; steps != 0; blocks++) {
        out_progress("hashing", blocks, longest);
        steps = push_blocks(prompt, step, owner, steps);
    }
    tool_release_to(mark);
}

void prompt_free(struct prompt *prompt)
{
    tokens_free(&prompt->tokens);
    free(prompt->hash);
    memset(prompt, 0, sizeof *prompt);
}
