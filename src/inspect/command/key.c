/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv key: object keys, built and taken apart. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "prompt/keys.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/wal.h"

static int build(const struct args *args, uint32_t kind)
{
    struct key_options options;
    struct json *root = json_object();
    struct json *keys = json_add_array(root, "keys");
    key_options_read(&options, args);
    args_operands(args, "a hash", 2, SIZE_MAX);
    for (size_t i = 1; i < args->operands; i++) {
        const char *hex = args->operand[i];
        wmbt_block_hash hash;
        if (wmbt_block_hash_from_hex(wmbt_view_of(hex, strlen(hex)), &hash) != WMBT_OK) {
            tool_usage_error("'%s' is not 64 hex digits", hex);
        }
        json_add_text(keys, NULL, key_of(&options, kind, &hash));
    }
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        for (const struct json *key = keys->first; key != NULL; key = key->next) {
            puts(json_cell(key));
        }
    }
    return EXIT_DONE;
}

static void add_objkey(struct json *row, const wmbt_objkey *key)
{
    json_add_text(row, "kind", key->kind == WMBT_OBJKEY_BLOCK ? "block" : "raw-tail");
    json_add_view(row, "prefix", key->prefix);
    json_add_view(row, "namespace", key->name_space);
    json_add_hex(row, "hash", wmbt_view_of(key->hash.bytes, sizeof key->hash.bytes));
}

static void add_wal_key(struct json *row, wmbt_view prefix, const wmbt_wal_key *key)
{
    json_add_text(row, "kind", key->kind == WMBT_WAL_RECORD ? "wal" : "wal-batch");
    json_add_view(row, "prefix", prefix);
    if (key->layout == WMBT_WAL_CANONICAL) {
        json_add_number(row, "epoch_ms", key->epoch_ms);
    }
    json_add_view(row, "node", key->node);
    json_add_number(row, "first_seq", key->first_seq);
    json_add_number(row, "last_seq", key->last_seq);
    json_add_text(row, "layout", key->layout == WMBT_WAL_CANONICAL ? "canonical" : "legacy");
}

/* What a key is: the members that apply. */
static void parse_one(struct json *row, const char *text)
{
    wmbt_view view = wmbt_view_of(text, strlen(text));
    wmbt_view prefix;
    wmbt_objkey key;
    wmbt_wal_key wal;
    json_add_name(row, "key", view);
    if (wmbt_objkey_parse(view, wmbt_view_of(NULL, 0), 0, &key) == WMBT_OK) {
        add_objkey(row, &key);
    } else if (wmbt_wal_key_guess(view, &prefix, &wal) == WMBT_OK) {
        add_wal_key(row, prefix, &wal);
    } else {
        json_add_text(row, "kind", "other");
    }
}

static int parse(const struct args *args)
{
    struct json *root = json_array();
    if (args_value(args, "--prefix") != NULL || args_value(args, "--namespace") != NULL) {
        tool_usage_error("key parse takes neither --prefix nor --namespace");
    }
    args_operands(args, "a key", 2, SIZE_MAX);
    for (size_t i = 1; i < args->operands; i++) {
        parse_one(json_add_object(root, NULL), args->operand[i]);
    }
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
        return EXIT_DONE;
    }
    for (const struct json *row = root->first; row != NULL; row = row->next) {
        struct table table;
        puts(json_cell(row->first));
        table_begin(&table, 2, 0, NULL);
        for (const struct json *member = row->first->next; member != NULL; member = member->next) {
            table_cell(&table, member->key);
            table_cell(&table, json_cell(member));
        }
        table_print(&table, 2);
    }
    return EXIT_DONE;
}

static int run(const struct args *args)
{
    const char *what = args->operands != 0 ? args->operand[0] : "";
    if (strcmp(what, "block") == 0) {
        return build(args, WMBT_OBJKEY_BLOCK);
    }
    if (strcmp(what, "raw-tail") == 0) {
        return build(args, WMBT_OBJKEY_RAW_TAIL);
    }
    if (strcmp(what, "parse") == 0) {
        return parse(args);
    }
    tool_usage_error("block, raw-tail or parse must follow (--help shows an example)");
}

static const struct args_option options[] = {KEY_OPTIONS, {NULL, NULL, false}};

const struct command command_key = {
    .name = "key",
    .summary = "object keys, built and taken apart",
    .usage = "block|raw-tail HEX... --prefix P --namespace NS\n"
             "       wombatkv key [--json] parse KEY...",
    .help = "block     the key of the block with each hash (64 hex digits)\n"
            "raw-tail  the key of the raw tail of a chain whose last full block has the hash\n"
            "parse     what each key is: block, raw-tail, wal, wal-batch or other\n\n"
            "--prefix P       the bucket's key prefix, such as kv/cabi\n"
            "--namespace NS   the namespace; may be empty\n",
    .example = "  wombatkv key block --prefix kv/cabi --namespace ds4-metal \\\n"
               "      4db8ecd98814a6c5dddfa2f637955a145a6f061a84a410bd0beaad6a1bc25ff0\n",
    .options = options,
    .run = run,
};
