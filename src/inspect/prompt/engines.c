/* SPDX-License-Identifier: Apache-2.0 */
/* Other engines' dialects on the command line. */
#include "prompt/engines.h"

#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/tool.h"

/* The option of each field, in the order of its bits (dialects.h). */
static const char *const option_names[WMBT_ENGINE_FIELDS] = {
    "--seed-text", "--seed",      "--parent",    "--first-block", "--lookahead",
    "--model",     "--lora-name", "--lora-path", "--lora-id",     "--salt",
    "--salt-id",   "--extra-key", "--item",      "--embeds",      "--extras",
};

static const char *option_of_field(uint32_t field)
{
    for (unsigned i = 0; i < WMBT_ENGINE_FIELDS; i++) {
        if (field == UINT32_C(1) << i) {
            return option_names[i];
        }
    }
    return "--block-tokens";
}

/* --- values ----------------------------------------------------------------------------------- */

static wmbt_view text_option(const struct args *args, const char *name)
{
    const char *text = args_value(args, name);
    return text == NULL ? wmbt_view_of(NULL, 0) : wmbt_view_of(text, strlen(text));
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Bytes of hex digits, in memory of the tool. */
static wmbt_view bytes_of_hex(const char *option, const char *text, size_t len)
{
    uint8_t *bytes = tool_alloc(len / 2 + 1);
    for (size_t i = 0; i + 1 < len; i += 2) {
        int high = digit_of(text[i]), low = digit_of(text[i + 1]);
        if (high < 0 || low < 0) {
            tool_usage_error("option %s: '%s' is not hex digits", option, text);
        }
        bytes[i / 2] = (uint8_t)(high * 16 + low);
    }
    if (len % 2 != 0) {
        tool_usage_error("option %s: an odd number of hex digits", option);
    }
    return wmbt_view_of(bytes, len / 2);
}

static wmbt_view hex_option(const struct args *args, const char *name)
{
    const char *text = args_value(args, name);
    return text == NULL ? wmbt_view_of(NULL, 0) : bytes_of_hex(name, text, strlen(text));
}

/* --- items ------------------------------------------------------------------------------------ */

/* The part behind the last colon as a number; *len becomes the length before it. */
static uint64_t last_number(const char *item, size_t *len)
{
    size_t at = *len;
    uint64_t number = 0;
    while (at != 0 && item[at - 1] != ':') {
        at--;
    }
    if (at == 0 || !args_decimal(tool_copy(item + at, *len - at), &number)) {
        tool_usage_error("option --item: '%s' does not end with a colon and a number", item);
    }
    *len = at - 1;
    return number;
}

static void read_item(wmbt_dialect_item *item, uint32_t kind, const char *text)
{
    size_t len = strlen(text);
    if (kind == WMBT_ITEMS_TEXT || kind == WMBT_ITEMS_RUN) {
        item->length = last_number(text, &len);
    }
    item->offset = last_number(text, &len);
    if (kind == WMBT_ITEMS_DIGEST) {
        item->identifier = bytes_of_hex("--item", text, len);
    } else if (kind == WMBT_ITEMS_TEXT) {
        item->identifier = wmbt_view_of(text, len);
    } else if (!args_decimal(tool_copy(text, len), &item->hash)) {
        tool_usage_error("option --item: '%s' does not begin with a number", text);
    }
}

static size_t count_of(const struct args *args, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < args->givens; i++) {
        n += strcmp(args->given[i].option->name, name) == 0;
    }
    return n;
}

static void read_items(struct engine_options *options, const struct args *args)
{
    size_t n = count_of(args, "--item");
    wmbt_dialect_item *items = n == 0 ? NULL : tool_alloc(n * sizeof *items);
    size_t at = 0;
    uint32_t kind = wmbt_dialect_items(options->config.dialect);
    if (n != 0 && kind == 0) {
        tool_usage_error("option --item does not belong to the dialect %s",
                         wmbt_dialect_name(options->config.dialect));
    }
    for (size_t i = 0; i < args->givens; i++) {
        if (strcmp(args->given[i].option->name, "--item") == 0) {
            memset(&items[at], 0, sizeof items[at]);
            read_item(&items[at++], kind, args->given[i].value);
        }
    }
    options->config.items = items;
    options->config.item_count = n;
}

static void read_embeds(struct engine_options *options, const struct args *args)
{
    size_t n = count_of(args, "--embeds"), at = 0;
    uint8_t *all = n == 0 ? NULL : tool_alloc(32 * n);
    for (size_t i = 0; i < args->givens; i++) {
        const char *value = args->given[i].value;
        if (strcmp(args->given[i].option->name, "--embeds") == 0) {
            wmbt_view digest = bytes_of_hex("--embeds", value, strlen(value));
            if (digest.len != 32) {
                tool_usage_error("option --embeds: '%s' is not 64 hex digits", value);
            }
            memcpy(all + 32 * at++, digest.data, 32);
        }
    }
    options->config.embeds = wmbt_view_of(all, 32 * n);
}

/* --- all options ------------------------------------------------------------------------------ */

/* What the library says of the options, as a line that names one. */
static void check_options(const struct engine_options *options)
{
    const char *name = wmbt_dialect_name(options->config.dialect);
    uint32_t field, needed, may = wmbt_dialect_fields(options->config.dialect, &needed);
    wmbt_status status = wmbt_engine_check(&options->config, options->chain.block_tokens, &field);
    if (status == WMBT_OK) {
        return;
    }
    const char *option = option_of_field(field);
    if (field != 0 && (may & field) == 0) {
        tool_usage_error("option %s does not belong to the dialect %s", option, name);
    }
    tool_usage_error("option %s: %s for the dialect %s (missing, not with the others, or a value "
                     "that is not allowed)",
                     option, wmbt_status_name(status), name);
}

void engine_options_read(struct engine_options *options, const wmbt_dialect *dialect,
                         const struct args *args)
{
    static const char *const own[] = {"--tenant", "--fingerprint", "--quant-bits"};
    wmbt_engine_config *c = &options->config;
    uint64_t block_tokens = 0, number = 0;
    memset(options, 0, sizeof *options);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (args_value(args, own[i]) != NULL) {
            tool_usage_error("option %s does not belong to the dialect %s", own[i],
                             wmbt_dialect_name(dialect));
        }
    }
    c->dialect = dialect;
    c->seed_text = text_option(args, "--seed-text");
    args_number(args, "--seed", 0, UINT64_MAX, &c->seed);
    c->parent = hex_option(args, "--parent");
    c->first_block =
        args_number(args, "--first-block", 0, UINT32_MAX, &number) ? (uint32_t)number : 0;
    c->lookahead = args_number(args, "--lookahead", 0, WMBT_ENGINE_MAX_LOOKAHEAD, &number)
                       ? (uint32_t)number
                       : 0;
    c->model = text_option(args, "--model");
    c->lora_name = text_option(args, "--lora-name");
    c->lora_path = text_option(args, "--lora-path");
    c->lora_id =
        args_number(args, "--lora-id", 0, UINT64_MAX, &options->lora_id) ? &options->lora_id : NULL;
    c->salt = text_option(args, "--salt");
    c->salt_id =
        args_number(args, "--salt-id", 0, UINT64_MAX, &options->salt_id) ? &options->salt_id : NULL;
    c->extra_key = text_option(args, "--extra-key");
    c->extras = hex_option(args, "--extras");
    read_items(options, args);
    read_embeds(options, args);
    args_required(args, "--block-tokens");
    args_number(args, "--block-tokens", 1, UINT32_MAX, &block_tokens);
    options->chain.dialect = WMBT_CHAIN_ENGINE;
    options->chain.block_tokens = (uint32_t)block_tokens;
    options->chain.engine = c;
    options->short_last = args_flag(args, "--short-last");
    options->wide = wmbt_dialect_is_wide(dialect);
    if (options->short_last && !wmbt_dialect_hashes_short_last(dialect)) {
        tool_usage_error("option --short-last does not belong to the dialect %s",
                         wmbt_dialect_name(dialect));
    }
    check_options(options);
}

void engine_options_refuse(const struct args *args, const char *dialect)
{
    for (size_t i = 0; i < WMBT_ENGINE_FIELDS; i++) {
        if (args_value(args, option_names[i]) != NULL) {
            tool_usage_error("option %s does not belong to the dialect %s", option_names[i],
                             dialect);
        }
    }
    if (args_flag(args, "--short-last")) {
        tool_usage_error("option --short-last does not belong to the dialect %s", dialect);
    }
}

/* --- hashes ----------------------------------------------------------------------------------- */

/* Where the hashes of a chain go. */
struct hash_lists {
    struct json *hashes;
    struct json *numbers; /* NULL: hashes are longer than a number */
    struct json *block_hashes;
};

static void add_hash(const struct hash_lists *lists, const wmbt_chain *x,
                     const wmbt_block_hash *hash)
{
    json_add_hex(lists->hashes, NULL, wmbt_view_of(hash->bytes, wmbt_chain_hash_bytes(x)));
    if (lists->numbers != NULL) {
        json_add_number(lists->numbers, NULL, wmbt_chain_number(x));
    }
    if (lists->block_hashes != NULL) {
        json_add_number(lists->block_hashes, NULL, wmbt_chain_block_number(x));
    }
}

/* A block that the chain does not hash is a mistake in the options: too few embeddings, say. */
static void refuse_block(const struct engine_options *options, wmbt_status status)
{
    tool_usage_error("the dialect %s: %s", wmbt_dialect_name(options->config.dialect),
                     wmbt_status_name(status));
}

/* What is left behind the full blocks. */
static void last_block(const struct engine_options *options, wmbt_chain *x,
                       const struct tokens *tokens, const struct hash_lists *lists)
{
    const size_t each = options->wide ? 2 : 1;
    const size_t ahead = wmbt_dialect_reads_ahead(options->config.dialect);
    const size_t count = tokens->count / each, size = options->chain.block_tokens;
    const size_t units = count > ahead ? count - ahead : 0;
    const size_t rest = units % size, done = units - rest;
    const size_t at = each * (done == 0 ? 0 : done + ahead);
    wmbt_block_hash hash;
    if (rest == 0) {
        return;
    }
    wmbt_status status = wmbt_chain_begin_block(x, (uint32_t)rest);
    if (status == WMBT_OK) {
        status = wmbt_chain_add(x, tokens->token + at, tokens->count - at);
    }
    if (status == WMBT_OK) {
        status = wmbt_chain_end_block(x, &hash);
    }
    if (status != WMBT_OK) {
        refuse_block(options, status);
    }
    add_hash(lists, x, &hash);
}

/* Words that full blocks read, if what is left is hashed by itself. */
static size_t words_of_full_blocks(const struct engine_options *options,
                                   const struct tokens *tokens)
{
    const size_t each = options->wide ? 2 : 1;
    const size_t ahead = wmbt_dialect_reads_ahead(options->config.dialect);
    const size_t count = tokens->count / each, size = options->chain.block_tokens;
    const size_t full = (count > ahead ? count - ahead : 0) / size;
    return full == 0 ? 0 : each * (full * size + ahead);
}

void engine_hashes(const struct engine_options *options, const struct tokens *tokens,
                   struct json *root)
{
    const wmbt_dialect *d = options->config.dialect;
    size_t bytes = wmbt_engine_bytes(&options->config, options->chain.block_tokens);
    wmbt_chain *x = NULL;
    wmbt_status status =
        wmbt_chain_init(wmbt_buf_of(tool_alloc(bytes), bytes), &options->chain, &x);
    if (status != WMBT_OK) {
        refuse_block(options, status);
    }
    struct hash_lists lists = {NULL, NULL, NULL};
    lists.hashes = json_add_array(root, "hashes");
    lists.numbers = wmbt_dialect_hash_bytes(d) == 8 ? json_add_array(root, "numbers") : NULL;
    lists.block_hashes =
        wmbt_dialect_hashes_blocks(d) ? json_add_array(root, "block_hashes") : NULL;
    size_t end = options->short_last ? words_of_full_blocks(options, tokens) : tokens->count;
    for (size_t at = 0; at < end;) {
        wmbt_block_hash hash;
        size_t taken = 0;
        status = wmbt_chain_push(x, tokens->token + at, end - at, &taken, &hash);
        at += taken;
        if (status == WMBT_OK) {
            add_hash(&lists, x, &hash);
        } else if (status != WMBT_NEED_MORE) {
            refuse_block(options, status);
        }
        out_progress("hashing", at, tokens->count);
    }
    if (options->short_last) {
        last_block(options, x, tokens, &lists);
    }
}

/* --- the list --------------------------------------------------------------------------------- */

static void add_options(struct json *list, uint32_t fields)
{
    for (unsigned i = 0; i < WMBT_ENGINE_FIELDS; i++) {
        if ((fields >> i & 1u) != 0) {
            json_add_text(list, NULL, option_names[i]);
        }
    }
}

struct json *engine_list(void)
{
    struct json *root = json_array();
    static const char *const own[] = {"core", "ds4"};
    for (size_t i = 0; i < 2; i++) {
        struct json *row = json_add_object(root, NULL);
        json_add_text(row, "dialect", own[i]);
        json_add_number(row, "hash_bytes", 32);
        json_add_bool(row, "derived", false);
        struct json *list = json_add_array(row, "options");
        struct json *needed = json_add_array(row, "needed");
        json_add_text(list, NULL, i == 0 ? "--tenant" : "--quant-bits");
        json_add_text(list, NULL, "--fingerprint");
        json_add_text(needed, NULL, i == 0 ? "--tenant" : "--quant-bits");
        json_add_text(needed, NULL, "--fingerprint");
    }
    const wmbt_dialect *d;
    for (size_t i = 0; (d = wmbt_dialect_at(i)) != NULL; i++) {
        uint32_t needed, may = wmbt_dialect_fields(d, &needed);
        struct json *row = json_add_object(root, NULL);
        json_add_text(row, "dialect", wmbt_dialect_name(d));
        json_add_number(row, "hash_bytes", wmbt_dialect_hash_bytes(d));
        json_add_bool(row, "derived", wmbt_dialect_is_derived(d));
        struct json *list = json_add_array(row, "options");
        add_options(list, may);
        if (wmbt_dialect_hashes_short_last(d)) {
            json_add_text(list, NULL, "--short-last");
        }
        add_options(json_add_array(row, "needed"), needed);
    }
    return root;
}
