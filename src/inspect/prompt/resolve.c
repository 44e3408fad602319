/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the reader: prompts in, its wants answered from the bucket's files. */
#include "prompt/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "format/formats.h"
#include "base/out.h"
#include "base/listing.h"
#include "base/tool.h"
#include "prompt/supply.h"

wmbt_status resolver_open(struct resolver *resolver, const struct args *args)
{
    const char *why = NULL;
    memset(resolver, 0, sizeof *resolver);
    const char *path = args_required(args, "--bucket");
    key_options_read(&resolver->keys, args);
    chain_options_read(&resolver->chain, args);
    unwrap_choose(args);
    resolver->trust_tail = args_flag(args, "--trust-tail");
    resolver->inexact = args_flag(args, "--inexact");
    wmbt_status status = bucket_open(&resolver->bucket, path, &why);
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
        return status;
    }
    resolver->client = bucket_client(&resolver->bucket);
    resolver->serial = 1;
    resolver->key_prefix = resolver->keys.prefix;
    if (resolver->client != NULL) { /* its reader has the keys of the store */
        resolver->key_prefix =
            tool_view(tool_format("%s%.*s", resolver->bucket.prefix, (int)resolver->keys.prefix.len,
                                  (const char *)resolver->keys.prefix.data));
    }
    return WMBT_OK;
}

void resolver_close(struct resolver *resolver)
{
    bucket_close(&resolver->bucket);
    seen_free(&resolver->seen);
    free(resolver->exists_up_to);
}

/* --- plans ----------------------------------------------------------------------------------- */

/* What became of the blocks, for the prompts to come. */
static bool remember(struct resolver *resolver, const struct resolved *result)
{
    for (uint32_t i = 0; i < result->blocks; i++) {
        wmbt_block_hash hash;
        struct seen_block block = {resolved_object(result, i).status, result->found[i].bytes,
                                   result->found[i].why};
        if (wmbt_reader_block_hash(result->reader, i, &hash) != WMBT_OK ||
            !seen_add(&resolver->seen, &hash, &block)) {
            return false;
        }
    }
    return true;
}

/* The plan with other flags. */
static wmbt_status plan_with(const wmbt_plan_input *input, uint32_t inexact, wmbt_plan *plan)
{
    wmbt_plan_input other;
    memcpy(&other, input, sizeof other);
    other.flags = (other.flags & ~WMBT_PLAN_INEXACT) | inexact;
    return wmbt_plan_make(&other, plan);
}

static bool is_all_missing(const struct resolved *result)
{
    uint32_t i = 0;
    while (i < result->blocks && resolved_object(result, i).status == WMBT_MISSING) {
        i++;
    }
    return i == result->blocks && i != 0;
}

/* The longest part of the keys of blocks, up to a '/', below which the bucket has something. NULL
 * if that cannot be told. */
static const char *find_part(struct resolver *resolver)
{
    wmbt_status status = WMBT_MISSING;
    if (resolver->has_looked) {
        return resolver->exists_up_to;
    }
    const char *key = key_of(&resolver->keys, WMBT_OBJKEY_BLOCK, &wmbt_block_hash_zero);
    size_t len = strlen(key);
    while (status == WMBT_MISSING && len != 0) {
        len--;
        while (len != 0 && key[len - 1] != '/') {
            len--;
        }
        status = len != 0 ? bucket_has_below(&resolver->bucket, tool_copy(key, len)) : WMBT_OK;
    }
    resolver->has_looked = true;
    resolver->exists_up_to = status == WMBT_OK ? tool_keep(key, len) : NULL;
    return resolver->exists_up_to;
}

/* All is settled: what comes of it. */
static wmbt_status conclude(const struct supply *supply, struct resolved *result)
{
    wmbt_plan_input input;
    wmbt_plan exact, upstream;
    wmbt_status status = wmbt_reader_plan(result->reader, &result->plan);
    if (status == WMBT_OK) {
        status = wmbt_reader_plan_input(result->reader, &input);
    }
    if (status == WMBT_OK) {
        status = plan_with(&input, 0, &exact);
    }
    if (status == WMBT_OK) {
        status = plan_with(&input, WMBT_PLAN_INEXACT, &upstream);
    }
    if (status != WMBT_OK) {
        return status;
    }
    result->usable = wmbt_reader_usable_blocks(result->reader);
    result->exact_from = exact.run_from;
    result->restored = upstream.run_from;
    result->tail_counts = upstream.load_tail != 0;
    for (uint32_t i = 0; i <= result->blocks; i++) {
        bool read = i < result->usable || (i == result->blocks && result->tail_counts);
        result->bytes_to_read += read ? result->found[i].bytes : 0;
    }
    if (result->plan.tail_status >= WMBT_S3CLIENT_REFUSED) {
        result->plan.tail_status = TOOL_UNREADABLE;
    }
    wmbt_status refused = result->found[result->blocks].refused;
    if (refused != WMBT_OK) {
        result->plan.tail_status = refused;
        result->plan.tail_reason = WMBT_PLAN_TAIL_REFUSED;
    }
    if (is_all_missing(result)) {
        result->exists_up_to = find_part(supply->resolver);
    }
    if (supply->taker != NULL && result->tail_counts) {
        supply_give_rows(supply, WMBT_READER_TAIL);
    }
    return remember(supply->resolver, result) ? WMBT_OK : WMBT_TOO_LARGE;
}

/* --- prompts --------------------------------------------------------------------------------- */

/* The most blocks that a prompt has, at least 1. */
static size_t most_blocks(const struct resolver *resolver, const struct tokens *tokens)
{
    size_t blocks = (size_t)(tokens->count / resolver->chain.block_tokens);
    bool ds4 = resolver->chain.config.dialect == WMBT_CHAIN_DS4;
    blocks = ds4 && blocks > WMBT_CHAIN_DS4_MAX_BLOCKS ? WMBT_CHAIN_DS4_MAX_BLOCKS : blocks;
    return blocks != 0 ? blocks : 1;
}

wmbt_status resolve_read(const struct resolver *resolver, const char *path, struct prompt *prompt,
                         const char **why)
{
    memset(prompt, 0, sizeof *prompt);
    wmbt_status status = tokens_read(path, &prompt->tokens, why);
    if (status == WMBT_OK && (prompt->tokens.count >= WMBT_CHAIN_MAX_BLOCK_TOKENS ||
                              most_blocks(resolver, &prompt->tokens) > WMBT_READER_MAX_BLOCKS)) {
        prompt_free(prompt);
        *why = "more tokens or blocks than this tool takes";
        status = WMBT_TOO_LARGE;
    }
    return status;
}

/* Starts the reader, and gives it the prompt's hashes. */
static wmbt_status start(struct supply *supply, const struct prompt *given, struct resolved *result)
{
    const struct resolver *resolver = supply->resolver;
    uint32_t max_blocks = (uint32_t)most_blocks(resolver, &given->tokens);
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    memset(&config, 0, sizeof config);
    memset(&prompt, 0, sizeof prompt);
    config.shape = RESOLVE_SHAPE;
    config.max_blocks = max_blocks;
    config.in_flight = 1;
    config.runs = WMBT_READER_RUNS;
    config.max_object_bytes = (uint32_t)UNWRAP_MAX_BYTES;
    config.codec = *unwrap_codec();
    prompt.chain = resolver->chain.config;
    prompt.prefix = resolver->key_prefix;
    prompt.name_space = resolver->keys.name_space;
    prompt.flags = WMBT_READER_AUDIT | (resolver->trust_tail ? WMBT_READER_TRUST_TAIL : 0) |
                   (resolver->inexact ? WMBT_READER_INEXACT : 0);
    if (supply->client != NULL && !supply_prepare_client(supply, &config, &prompt)) {
        return WMBT_TOO_LARGE;
    }
    size_t bytes = WMBT_READER_BYTES_RUNS(max_blocks, config.in_flight, config.runs) +
                   chain_bytes(&resolver->chain);
    result->memory = malloc(bytes);
    result->found = calloc((size_t)max_blocks + 1, sizeof *result->found);
    if (result->memory == NULL || result->found == NULL) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status = wmbt_reader_init(wmbt_buf_of(result->memory, bytes), &config,
                                          resolver->serial, &result->reader);
    if (status == WMBT_OK) {
        status = wmbt_reader_start(result->reader, &prompt);
    }
    for (size_t i = 0; status == WMBT_OK && i < given->hashes; i++) {
        status = wmbt_reader_hash(result->reader, &given->hash[i]);
    }
    return status == WMBT_OK ? wmbt_reader_end(result->reader, result->tokens) : status;
}

wmbt_status resolve(struct resolver *resolver, const struct prompt *prompt, struct row_taker *taker,
                    struct resolved *result, const char **why)
{
    struct supply supply = {
        .resolver = resolver, .result = result, .taker = taker, .object.fd = -1};
    supply.client = resolver->client;
    memset(result, 0, sizeof *result);
    *why = "more tokens or blocks than this tool takes";
    result->tokens = (uint32_t)prompt->tokens.count;
    result->key_skip = resolver->key_prefix.len - resolver->keys.prefix.len;
    wmbt_status status = start(&supply, prompt, result);
    if (status == WMBT_OK) {
        result->blocks = wmbt_reader_blocks(result->reader);
        status = supply.client != NULL ? supply_from_client(&supply) : supply_from_bucket(&supply);
    }
    if (status == WMBT_END) {
        status = conclude(&supply, result);
    }
    if (result->reader != NULL) {
        resolver->serial = wmbt_reader_serial(result->reader);
    }
    supply_end(&supply);
    if (status != WMBT_OK) {
        *why = status == WMBT_TOO_LARGE ? *why : NULL;
        resolved_free(result);
    }
    return status;
}

void resolved_free(struct resolved *result)
{
    free(result->memory);
    free(result->found);
    memset(result, 0, sizeof *result);
}

/* --- results --------------------------------------------------------------------------------- */

wmbt_reader_object resolved_object(const struct resolved *result, uint32_t object)
{
    wmbt_reader_object state = {WMBT_MISSING, 0, 0, 0};
    if (wmbt_reader_object_state(result->reader, object, &state) != WMBT_OK) {
        state.status = WMBT_MISSING;
    }
    wmbt_status refused = resolved_found(result, object)->refused;
    state.status = refused != WMBT_OK ? refused : state.status;
    if (state.status >= WMBT_S3CLIENT_REFUSED) { /* the store did not give it */
        state.status = TOOL_UNREADABLE;
    }
    return state;
}

const char *resolved_key(const struct resolved *result, uint32_t object)
{
    char key[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    wmbt_status status =
        wmbt_reader_object_key(result->reader, object, wmbt_buf_of(key, sizeof key), &len);
    return status == WMBT_OK ? tool_copy(key + result->key_skip, len - result->key_skip) : NULL;
}

const struct found *resolved_found(const struct resolved *result, uint32_t object)
{
    return &result->found[object == WMBT_READER_TAIL ? result->blocks : object];
}

static void note(const struct resolved *result, uint32_t object)
{
    wmbt_status status = resolved_object(result, object).status;
    const char *why = resolved_found(result, object)->why;
    if (wmbt_status_is_error(status) && status != WMBT_DOES_NOT_FIT) {
        tool_refuse(resolved_key(result, object), status,
                    why != NULL ? why : format_status_text(status));
    }
}

void resolve_note_damage(const struct resolved *result)
{
    for (uint32_t i = 0; i < result->blocks; i++) {
        note(result, i);
    }
    note(result, WMBT_READER_TAIL);
}
