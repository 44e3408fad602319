/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the reader: prompts in, its wants answered from the bucket's files. */
#include "prompt/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "format/formats.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/rawtail.h"

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
    }
    return status;
}

void resolver_close(struct resolver *resolver)
{
    bucket_close(&resolver->bucket);
    seen_free(&resolver->seen);
}

/* --- answers --------------------------------------------------------------------------------- */

#define PIECE_BYTES ((size_t)1 << 20)

/* What the reader is given; one object at a time. */
struct supply {
    struct resolver *resolver;
    const struct resolved *result;
    struct row_taker *taker;     /* or NULL */
    struct bucket_object object; /* or the chunk of one */
    wmbt_buf raw, stored;        /* lent */
    wmbt_buf kept;               /* a plain object whose rows may be asked for */
};

static void release(wmbt_buf *memory)
{
    tool_release(memory->data, memory->len);
    *memory = wmbt_buf_of(NULL, 0);
}

static wmbt_status fail(const struct supply *supply, const wmbt_want *want, wmbt_status status)
{
    return wmbt_reader_fail(supply->result->reader, want, status);
}

/* A block of an earlier prompt is not fetched again. True if it is one. */
static bool recall(const struct supply *supply, const wmbt_want *want, struct found *found,
                   wmbt_status *status)
{
    wmbt_block_hash hash;
    const struct seen_block *block = NULL;
    if (supply->taker == NULL && want->kind == WMBT_WANT_OBJECT &&
        wmbt_reader_block_hash(supply->result->reader, want->object, &hash) == WMBT_OK) {
        block = seen_find(&supply->resolver->seen, &hash);
    }
    if (block == NULL) {
        return false;
    }
    found->bytes = block->bytes;
    found->why = block->why;
    *status = block->status == WMBT_OK ? wmbt_reader_resident(supply->result->reader, want->object)
                                       : fail(supply, want, block->status);
    return true;
}

/* Blocks behind this one will be wanted as well, but for those of earlier prompts. */
static void expect_blocks(const struct supply *supply, uint32_t block)
{
    const struct resolved *result = supply->result;
    unsigned ahead = bucket_ahead(&supply->resolver->bucket);
    for (uint32_t i = block + 1u; i < result->blocks && i - block <= ahead; i++) {
        char key[WMBT_OBJKEY_MAX_BYTES];
        size_t len = 0;
        wmbt_block_hash hash;
        wmbt_status status =
            wmbt_reader_object_key(result->reader, i, wmbt_buf_of(key, sizeof key), &len);
        if (status == WMBT_OK) {
            status = wmbt_reader_block_hash(result->reader, i, &hash);
        }
        if (status == WMBT_OK &&
            (supply->taker != NULL || seen_find(&supply->resolver->seen, &hash) == NULL)) {
            bucket_expect(&supply->resolver->bucket, wmbt_view_of(key, len));
        }
    }
}

/* Opens the object, or the chunk, that is wanted. */
static wmbt_status find(struct supply *supply, const wmbt_want *want, struct found *found)
{
    char key[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    bucket_object_close(&supply->object);
    if (want->object != WMBT_READER_TAIL) {
        expect_blocks(supply, want->object);
    }
    wmbt_status status =
        wmbt_reader_want_key(supply->result->reader, want, wmbt_buf_of(key, sizeof key), &len);
    if (status == WMBT_OK) {
        status = bucket_open_object(&supply->resolver->bucket, wmbt_view_of(key, len),
                                    &supply->object, &found->why);
    }
    if (status != WMBT_OK) {
        return fail(supply, want, status);
    }
    found->bytes += supply->object.bytes;
    status = wmbt_reader_found(supply->result->reader, want, supply->object.bytes);
    if (!wmbt_reader_settles(status) && supply->taker != NULL && supply->raw.data == NULL) {
        size_t bytes = (size_t)supply->object.bytes; /* at most UNWRAP_MAX_BYTES */
        supply->kept = wmbt_buf_of(tool_reserve(bytes), bytes);
        if (supply->kept.data == NULL) {
            bucket_object_close(&supply->object);
            return fail(supply, want, WMBT_TOO_LARGE);
        }
    }
    return status;
}

/* Gives bytes of the open object until the want is complete. */
static wmbt_status feed(const struct supply *supply, const wmbt_want *want, struct found *found)
{
    static uint8_t piece[PIECE_BYTES];
    uint32_t at = want->offset;
    wmbt_status status = WMBT_NEED_MORE;
    while (status == WMBT_NEED_MORE) {
        uint64_t left = supply->object.bytes - at;
        size_t n = want->bytes - (at - want->offset);
        size_t taken = 0;
        n = n < left ? n : (size_t)left;
        n = n < sizeof piece ? n : sizeof piece;
        wmbt_view view;
        if (supply->kept.data != NULL) {
            view = wmbt_view_of(supply->kept.data + at, n);
            status =
                bucket_object_read(&supply->object, at, supply->kept.data + at, n, &found->why);
        } else {
            status = bucket_object_peek(&supply->object, at, n, piece, &view, &found->why);
        }
        if (status != WMBT_OK) {
            return fail(supply, want, status);
        }
        status = wmbt_reader_feed(supply->result->reader, want, at, view, &taken);
        at += (uint32_t)taken;
    }
    return status;
}

static wmbt_status lend(struct supply *supply, const wmbt_want *want)
{
    release(&supply->kept); /* it is not plain */
    release(&supply->stored);
    supply->stored = wmbt_buf_of(tool_reserve(want->stored_bytes), want->stored_bytes);
    if (want->plain_bytes != 0) {
        supply->raw = wmbt_buf_of(tool_reserve(want->plain_bytes), want->plain_bytes);
    }
    if (supply->stored.data == NULL || (want->plain_bytes != 0 && supply->raw.data == NULL)) {
        return fail(supply, want, WMBT_TOO_LARGE);
    }
    return wmbt_reader_memory(supply->result->reader, want, supply->raw, supply->stored);
}

/* The reader cannot follow the numbers of a tail that does not fit: so it is that.
 * Whether it is intact, the reader of whole tails says. Its bytes are still here. */
static wmbt_status judge_tail(const struct supply *supply)
{
    wmbt_rawtail_expect expect = {RESOLVE_SHAPE, 0};
    wmbt_rawtail_info info;
    const char *why = NULL;
    if (supply->raw.data != NULL) { /* it was wrapped, or a large value */
        return wmbt_rawtail_read(wmbt_view_of(supply->raw.data, supply->raw.len), &expect, &info);
    }
    size_t bytes = (size_t)supply->object.bytes;
    uint8_t *memory = tool_reserve(bytes);
    if (memory == NULL) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status = bucket_object_read(&supply->object, 0, memory, bytes, &why);
    if (status == WMBT_OK) {
        status = wmbt_rawtail_read(wmbt_view_of(memory, bytes), &expect, &info);
    }
    tool_release(memory, bytes);
    return status;
}

/* Hands out the rows of an object that is verified and still here. */
static void give_rows(const struct supply *supply, uint32_t object)
{
    const wmbt_buf *plain = supply->kept.data != NULL ? &supply->kept : &supply->raw;
    uint32_t at = 0;
    wmbt_piece piece;
    while (wmbt_reader_piece(supply->result->reader, object, at, NULL, &piece) == WMBT_OK) {
        if (piece.kind != WMBT_EXTENT_FIELD) {
            supply->taker->take(supply->taker, piece.layer, piece.kind,
                                wmbt_view_of(plain->data + at, piece.bytes));
        }
        at += piece.bytes;
    }
}

static void let_go(struct supply *supply)
{
    bucket_object_close(&supply->object);
    release(&supply->raw);
    release(&supply->stored);
    release(&supply->kept);
}

/* Answers all wants. The reader keeps what became of each object; what is returned is of the last
 * call and says ok or end if none is left. */
static wmbt_status answer_all(struct supply *supply)
{
    const struct resolved *result = supply->result;
    wmbt_reader *reader = result->reader;
    wmbt_want want;
    wmbt_status status;
    while ((status = wmbt_reader_next_want(reader, &want)) == WMBT_OK) {
        bool tail = want.object == WMBT_READER_TAIL;
        struct found *found = &result->found[tail ? result->blocks : want.object];
        out_progress("reading", tail ? result->blocks : want.object, result->blocks);
        if (want.kind == WMBT_WANT_MEMORY) {
            status = lend(supply, &want);
        } else if (!recall(supply, &want, found, &status) &&
                   (want.kind == WMBT_WANT_RANGE ||
                    (find(supply, &want, found) == WMBT_NEED_MORE && supply->object.fd >= 0))) {
            status = feed(supply, &want, found);
        }
        if (tail && status == WMBT_DOES_NOT_FIT) {
            found->refused = judge_tail(supply);
        }
        if (status == WMBT_END && supply->taker != NULL) {
            if (tail) {
                continue; /* the last object: kept until it is known whether it counts */
            }
            if (wmbt_reader_usable_blocks(reader) == want.object + 1u) {
                give_rows(supply, want.object);
            }
        }
        if (!wmbt_reader_in_flight(reader, want.object)) {
            let_go(supply);
        }
    }
    return status;
}

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
    wmbt_status refused = result->found[result->blocks].refused;
    if (refused != WMBT_OK) {
        result->plan.tail_status = refused;
        result->plan.tail_reason = WMBT_PLAN_TAIL_REFUSED;
    }
    if (supply->taker != NULL && result->tail_counts) {
        give_rows(supply, WMBT_READER_TAIL);
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
static wmbt_status start(const struct resolver *resolver, const struct prompt *given,
                         struct resolved *result)
{
    uint32_t max_blocks = (uint32_t)most_blocks(resolver, &given->tokens);
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    memset(&config, 0, sizeof config);
    memset(&prompt, 0, sizeof prompt);
    config.shape = RESOLVE_SHAPE;
    config.max_blocks = max_blocks;
    config.in_flight = 1;
    config.max_object_bytes = (uint32_t)UNWRAP_MAX_BYTES;
    config.codec = *unwrap_codec();
    prompt.chain = resolver->chain.config;
    prompt.prefix = resolver->keys.prefix;
    prompt.name_space = resolver->keys.name_space;
    prompt.flags = WMBT_READER_AUDIT | (resolver->trust_tail ? WMBT_READER_TRUST_TAIL : 0) |
                   (resolver->inexact ? WMBT_READER_INEXACT : 0);
    size_t bytes = WMBT_READER_BYTES(max_blocks, 1) + chain_bytes(&resolver->chain);
    result->memory = malloc(bytes);
    result->found = calloc((size_t)max_blocks + 1, sizeof *result->found);
    if (result->memory == NULL || result->found == NULL) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status =
        wmbt_reader_init(wmbt_buf_of(result->memory, bytes), &config, 1, &result->reader);
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
    memset(result, 0, sizeof *result);
    *why = "more tokens or blocks than this tool takes";
    result->tokens = (uint32_t)prompt->tokens.count;
    wmbt_status status = start(resolver, prompt, result);
    if (status == WMBT_OK) {
        result->blocks = wmbt_reader_blocks(result->reader);
        status = answer_all(&supply);
    }
    if (status == WMBT_END) {
        status = conclude(&supply, result);
    }
    let_go(&supply);
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
    return state;
}

const char *resolved_key(const struct resolved *result, uint32_t object)
{
    char key[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    wmbt_status status =
        wmbt_reader_object_key(result->reader, object, wmbt_buf_of(key, sizeof key), &len);
    return status == WMBT_OK ? tool_copy(key, len) : NULL;
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
