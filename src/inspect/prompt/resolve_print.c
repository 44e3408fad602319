/* SPDX-License-Identifier: Apache-2.0 */
/* The answer for one prompt, for people: its blocks, then the plan. */
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "prompt/resolve.h"
#include "base/tool.h"

static uint64_t number(const struct json *row, const char *key)
{
    return json_get_number(row, key);
}

/* --- blocks ---------------------------------------------------------------------------------- */

static const char *size_or_dash(const struct json *row)
{
    const struct json *bytes = json_get(row, "bytes");
    return bytes->kind == JSON_NUMBER ? out_size(bytes->number) : "-";
}

static const char *range(uint64_t first, uint64_t end)
{
    return end - first == 1
               ? tool_format("%llu", (unsigned long long)first)
               : tool_format("%llu-%llu", (unsigned long long)first, (unsigned long long)end - 1);
}

/* The last of the blocks from `first` on that have nothing but their hashes to tell them apart. */
static const struct json *last_alike(const struct json *first)
{
    const struct json *last = first;
    const char *status = json_get_text(first, "status");
    while (last->next != NULL && json_get(first, "bytes")->kind == JSON_NULL &&
           json_get(last->next, "bytes")->kind == JSON_NULL &&
           strcmp(json_get_text(last->next, "status"), status) == 0) {
        last = last->next;
    }
    return last;
}

static void add_tail(struct table *table, const struct json *row)
{
    const struct json *tail = json_get(row, "raw_tail");
    const struct json *total = json_get(tail, "total_tokens");
    const char *key = json_get_text(tail, "key");
    table_cell(table, "tail");
    table_cell(table, total->kind == JSON_NUMBER ? tool_format("to %s", json_cell(total)) : "-");
    table_cell(table, out_status(json_get_text(tail, "status")));
    table_cell(table, size_or_dash(tail));
    table_cell(table, strlen(key) > 64 ? key + strlen(key) - 64 : key);
}

static void print_blocks(const struct json *row)
{
    static const char *const heading[] = {"block", "tokens", "status", "stored", "hash"};
    uint64_t tokens = number(row, "block_tokens");
    const struct json *next;
    struct table table;
    table_begin(&table, 5, 1u << 0 | 1u << 1 | 1u << 3, heading);
    for (const struct json *b = json_get(row, "blocks")->first; b != NULL; b = next) {
        const struct json *last = last_alike(b);
        uint64_t first = number(b, "index");
        uint64_t end = number(last, "index") + 1;
        next = last->next;
        table_cell(&table, range(first, end));
        table_cell(&table, range(first * tokens, end * tokens));
        table_cell(&table, out_status(json_get_text(b, "status")));
        table_cell(&table, size_or_dash(b));
        table_cell(&table, end - first == 1
                               ? json_cell(json_get(b, "hash"))
                               : tool_format("(%s)", out_count(end - first, "block", "blocks")));
    }
    if (json_get(row, "raw_tail")->kind == JSON_OBJECT) {
        add_tail(&table, row);
    }
    table_print(&table, 2);
}

/* --- plan ------------------------------------------------------------------------------------ */

/* Why the tail counts or does not, by the name that plan.h gives the reason. */
static const char *tail_words(const struct json *tail)
{
    static const char *const words[][2] = {
        {"missing", "not used: none is stored"},
        {"below-blocks", "not used: it ends before the usable blocks do"},
        {"past-prompt", "not used: it ends behind the end of the prompt"},
        {"past-block", "not used: it ends behind the next block's end"},
        {"raw-rows", "not used: it has not the raw rows that the window needs"},
        {"partial-rows", "not used: its rows do not go on where the usable blocks end"},
        {"unproven", "not used: unproven beyond the blocks (--trust-tail vouches for it)"},
        {"counts", "used: it ends where the blocks do"},
        {"counts-trusted", "used: you vouch for its tokens (--trust-tail)"},
    };
    if (tail->kind != JSON_OBJECT) {
        return "not used: without a usable block there is none to look up";
    }
    const char *reason = json_get_text(tail, "reason");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], reason) == 0) {
            return words[i][1];
        }
    }
    return tool_format("not used: %s", json_get_text(tail, "status"));
}

static const char *prefill_words(const struct json *row)
{
    if (number(row, "logits_only") != 0) {
        return "the last token, for its logits only: nothing of it is to be stored";
    }
    bool whole =
        number(row, "usable_blocks") * number(row, "block_tokens") == number(row, "tokens");
    return whole && number(row, "tokens") != 0 ? "the last token is always run" : "";
}

static const char *exact_words(const struct json *row)
{
    uint64_t exact = number(row, "exact_from");
    if (exact == number(row, "tokens_restored")) {
        return "";
    }
    return exact == 0
               ? "an exact result needs all tokens run: blocks alone do not hold the window"
               : "an exact result needs a run from here: blocks alone do not hold the window";
}

/* What to do, for the plan that was asked for. */
static const char *run_words(const struct json *row)
{
    uint64_t blocks = number(row, "load_blocks");
    if (blocks == 0) {
        return number(row, "usable_blocks") == 0 ? "" : "all: to load the blocks saves nothing";
    }
    return tool_format(
        "from %llu, with %s%s loaded: saves %llu", (unsigned long long)number(row, "run_from"),
        out_count(blocks, "block", "blocks"), number(row, "load_tail") != 0 ? " and the tail" : "",
        (unsigned long long)number(row, "saved_tokens"));
}

static void add_line(struct table *table, const char *label, const struct json *value,
                     const char *words)
{
    table_cell(table, label);
    table_cell(table, json_cell(value));
    table_cell(table, words);
}

static void print_plan(const struct json *row)
{
    const struct json *tail = json_get(row, "raw_tail");
    const struct json *total = tail->kind == JSON_OBJECT ? json_get(tail, "total_tokens") : NULL;
    uint64_t blocks = json_get(row, "blocks")->number;
    uint64_t bytes = number(row, "bytes_to_read");
    struct table table;
    table_begin(&table, 3, 1u << 1, NULL);
    add_line(&table, "usable blocks", json_get(row, "usable_blocks"),
             tool_format("of %llu", (unsigned long long)blocks));
    add_line(&table, "restored tokens", json_get(row, "tokens_restored"), "");
    add_line(&table, "to prefill", json_get(row, "tokens_to_prefill"), prefill_words(row));
    add_line(&table, "raw tail", total, tail_words(tail));
    add_line(&table, "exact from", json_get(row, "exact_from"), exact_words(row));
    add_line(&table, "run tokens", json_get(row, "run_tokens"), run_words(row));
    add_line(&table, "bytes to read", json_get(row, "bytes_to_read"),
             bytes >= 1024 ? out_size(bytes) : "");
    table_print(&table, 2);
}

/* Where no block is stored: how far their keys lead. */
static void print_hint(const struct json *row)
{
    const struct json *part = json_get(row, "exists_up_to");
    if (part == NULL || part->kind != JSON_TEXT) {
        return;
    }
    const char *key = json_get_text(json_get(row, "blocks")->first, "key");
    size_t name = strlen(key) - part->text_len;
    if (part->text_len == 0) {
        printf("\n  The bucket has nothing below %s: another bucket, or another --prefix?\n",
               tool_printable(key, strcspn(key, "/") + 1));
    } else if (memchr(key + part->text_len, '/', name) == NULL) {
        printf("\n  Blocks are stored below %s, but none of these:\n"
               "    another dialect, fingerprint, --quant-bits or --block-tokens, or a prompt that "
               "nobody stored?\n",
               json_cell(part));
    } else {
        printf(
            "\n  The bucket has keys below %s, but no blocks of this --prefix and --namespace.\n",
            json_cell(part));
    }
}

void resolve_print(const struct json *row)
{
    const char *status = json_get_text(row, "status");
    printf("%s  ", out_bold(json_cell(json_get(row, "path"))));
    if (strcmp(status, "ok") != 0) {
        printf("%s\n", out_status(status));
        return;
    }
    printf("%s, blocks of %s\n", out_count(number(row, "tokens"), "token", "tokens"),
           json_cell(json_get(row, "block_tokens")));
    if (json_get(row, "blocks")->first != NULL) {
        print_blocks(row);
        puts("");
    }
    print_plan(row);
    print_hint(row);
}
