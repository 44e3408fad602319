/* SPDX-License-Identifier: Apache-2.0 */
/* The CHAIN options and the hashes of a prompt. */
#include "prompt/chains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/tool.h"

static wmbt_view view_of_text(const char *text)
{
    return wmbt_view_of(text, strlen(text));
}

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
    options->config.tenant = view_of_text(args_required(args, "--tenant"));
    if (wmbt_block_hash_from_hex(view_of_text(fingerprint), &options->fingerprint) != WMBT_OK) {
        tool_usage_error("option --fingerprint: '%s' is not 64 hex digits", fingerprint);
    }
    options->config.fingerprint =
        wmbt_view_of(options->fingerprint.bytes, sizeof options->fingerprint.bytes);
}

static void read_ds4(struct chain_options *options, const struct args *args)
{
    uint64_t bits = 0;
    refuse_option(args, "--tenant", "ds4");
    options->config.fingerprint = view_of_text(args_required(args, "--fingerprint"));
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
    options->config.dialect = wmbt_chain_dialect_from_name(view_of_text(dialect));
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

wmbt_block_hash *chain_hashes(const struct chain_options *options, const struct tokens *tokens,
                              size_t *count)
{
    size_t most = (size_t)(tokens->count / options->block_tokens);
    wmbt_block_hash *hashes = malloc((most + 1) * sizeof *hashes);
    wmbt_chain *chain;
    *count = 0;
    if (hashes == NULL) {
        tool_usage_error("not enough memory for %zu hashes", most);
    }
    if (wmbt_chain_init(chain_memory(options), &options->config, &chain) != WMBT_OK) {
        return hashes;
    }
    size_t at = 0;
    while (*count < most) {
        size_t taken = 0;
        wmbt_status status =
            wmbt_chain_push(chain, tokens->token + at, tokens->count - at, &taken, &hashes[*count]);
        if (status != WMBT_OK) {
            break; /* the dialect hashes no further block */
        }
        at += taken;
        *count += 1;
        out_progress("hashing", at, tokens->count);
    }
    return hashes;
}
