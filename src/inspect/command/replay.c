/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv replay: delta facts, which of them win, and which conflict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "format/fmt.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/replay.h"

struct facts {
    wmbt_delta *fact; /* texts point into files, which stay */
    size_t count;
    size_t room;
    struct json *refused;
};

static void refuse(struct facts *facts, const char *path, size_t line, wmbt_status status,
                   const char *why)
{
    struct json *row = json_add_object(facts->refused, NULL);
    why = why != NULL ? why : format_status_text(status);
    json_add_path(row, path);
    if (line != 0) {
        json_add_number(row, "line", line);
        why = tool_format("line %zu: %s", line, why != NULL ? why : "");
    } else {
        json_add_null(row, "line");
    }
    json_add_text(row, "status", tool_status_name(status));
    json_add_text(row, "detail", why != NULL ? why : "");
    tool_refuse(path, status, why);
}

static void add_fact(struct facts *facts, const char *path, size_t line, wmbt_view text)
{
    wmbt_delta delta;
    const char *why = NULL;
    wmbt_status status = fmt_read_delta(text, &delta, &why);
    if (status != WMBT_OK) {
        refuse(facts, path, line, status, why);
        return;
    }
    facts->fact = tool_grow(facts->fact, facts->count, &facts->room, sizeof *facts->fact);
    memcpy(&facts->fact[facts->count++], &delta, sizeof delta);
}

/* False if brackets close, or a comma or colon stands, before the end outside of all brackets: if
 * it is JSON at all, then not one value. */
static bool may_be_one_value(wmbt_view text)
{
    size_t depth = 0;
    bool inside = false; /* of a text */
    bool closed = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.data[i];
        if (inside) {
            i += c == '\\';
            inside = c != '"';
        } else if (c == '"') {
            inside = true;
        } else if (c == '{' || c == '[') {
            if (closed) {
                return false;
            }
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                return false;
            }
            depth--;
            closed = depth == 0;
        } else if (depth == 0 && (c == ',' || c == ':')) {
            return false;
        }
    }
    return true;
}

/* True if the text is one JSON value: as an unknown field of a good fact, which the reader of
 * version 1 passes over, whatever its numbers are and however deep it nests. */
static bool is_json(wmbt_view text)
{
    static const char before[] =
        "{\"schema_version\":1,\"epoch_ms\":0,\"seq\":0,\"tenant_id\":\"t\",\"fingerprint\":\"f\","
        "\"prefix_hash\":\"p\",\"payload_digest\":\"d\",\"write_id\":\"w\",\"x\":";
    size_t head = sizeof before - 1, len = head + text.len + 1;
    size_t work = WMBT_JSON_WORK_BYTES(len);
    char *document = may_be_one_value(text) ? malloc(len + work) : NULL;
    if (document == NULL) {
        return false;
    }
    memcpy(document, before, head);
    memcpy(document + head, text.data, text.len);
    document[len - 1] = '}';
    wmbt_delta delta;
    wmbt_json_error error;
    wmbt_status status =
        wmbt_delta_read_v1(wmbt_view_of(document, len), wmbt_buf_of(NULL, 0),
                           wmbt_buf_of((uint8_t *)document + len, work), &delta, &error);
    free(document);
    return status == WMBT_OK;
}

static bool is_blank(wmbt_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\t' && text.data[i] != '\r') {
            return false;
        }
    }
    return true;
}

static void add_file(struct facts *facts, const char *path, struct file *file)
{
    const char *why = NULL;
    wmbt_status status = file_read(path, FILE_MAX_BYTES, file, &why);
    if (status != WMBT_OK) {
        refuse(facts, path, 0, status, why);
        return;
    }
    wmbt_view text = file_view(file);
    if (is_json(text)) {
        add_fact(facts, path, 0, text);
        return;
    }
    for (size_t line = 1; text.len != 0; line++) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
        size_t step = end != NULL ? len + 1 : len;
        if (!is_blank(wmbt_view_of(text.data, len))) {
            add_fact(facts, path, line, wmbt_view_of(text.data, len));
        }
        text = wmbt_view_of(text.data + step, text.len - step);
        out_progress("reading", file->len - text.len, file->len);
    }
}

static void add_conflict(struct json *list, const wmbt_delta *winner, const wmbt_delta *loser)
{
    struct json *row = json_add_object(list, NULL);
    json_add_view(row, "tenant_id", winner->tenant_id);
    json_add_view(row, "fingerprint", winner->fingerprint);
    json_add_view(row, "prefix_hash", winner->prefix_hash);
    json_add_view(row, "winner_digest", winner->payload_digest);
    json_add_view(row, "loser_digest", loser->payload_digest);
    json_add_view(row, "winner_write_id", winner->write_id);
    json_add_view(row, "loser_write_id", loser->write_id);
    json_add_number(row, "winner_epoch_ms", winner->epoch_ms);
    json_add_number(row, "loser_epoch_ms", loser->epoch_ms);
    json_add_number(row, "winner_seq", winner->seq);
    json_add_number(row, "loser_seq", loser->seq);
}

static void replay(struct json *root, const struct facts *facts)
{
    struct json *winners = json_add_array(root, "winners");
    struct json *stats = json_add_object(root, "stats");
    struct json *conflicts = json_add_array(root, "conflicts");
    size_t bytes = WMBT_REPLAY_BYTES(facts->count);
    wmbt_replay replay;
    wmbt_replay_conflict conflict;
    size_t fact;
    size_t position = 0;
    wmbt_status status = wmbt_replay_run(&replay, facts->fact, facts->count,
                                         wmbt_buf_of(tool_alloc(bytes + 1), bytes));
    if (status != WMBT_OK) {
        tool_refuse("replay", status, NULL);
        return;
    }
    for (size_t i = 0; wmbt_replay_winner(&replay, i, &fact) == WMBT_OK; i++) {
        fmt_add_delta(json_add_object(winners, NULL), &facts->fact[fact]);
    }
    while (wmbt_replay_next_conflict(&replay, &position, &conflict) == WMBT_OK) {
        add_conflict(conflicts, &facts->fact[conflict.winner], &facts->fact[conflict.loser]);
    }
    json_add_number(stats, "inputs", replay.count);
    json_add_number(stats, "winners", replay.winners);
    json_add_number(stats, "idempotent", replay.idempotent);
    json_add_number(stats, "conflicts", replay.conflicts);
}

/* Rows of a list, if it has any. Numbers stand on the right. */
static void print_list(const struct json *root, const char *name, unsigned columns,
                       const char *const *column)
{
    const struct json *list = json_get(root, name);
    struct table table;
    if (list->first == NULL) {
        return;
    }
    uint32_t right = 0;
    for (unsigned i = 0; i < columns; i++) {
        right |= json_get(list->first, column[i])->kind == JSON_NUMBER ? 1u << i : 0;
    }
    printf("%s\n", out_bold(name));
    table_begin(&table, columns, right, column);
    for (const struct json *row = list->first; row != NULL; row = row->next) {
        for (unsigned i = 0; i < columns; i++) {
            table_cell(&table, json_cell(json_get(row, column[i])));
        }
    }
    table_print(&table, 2);
    puts("");
}

static void print_replay(const struct json *root)
{
    static const char *const winner[] = {"tenant_id", "fingerprint", "prefix_hash",   "epoch_ms",
                                         "seq",       "write_id",    "payload_digest"};
    static const char *const conflict[] = {"tenant_id",       "fingerprint",    "prefix_hash",
                                           "winner_write_id", "loser_write_id", "winner_digest",
                                           "loser_digest"};
    static const char *const refused[] = {"path", "status", "detail"};
    const struct json *stats = json_get(root, "stats");
    print_list(root, "winners", 7, winner);
    print_list(root, "conflicts", 7, conflict);
    print_list(root, "refused", 3, refused);
    printf("%s: %s, %llu idempotent, %s; %llu refused\n",
           out_count(json_get_number(stats, "inputs"), "fact", "facts"),
           out_count(json_get_number(stats, "winners"), "winner", "winners"),
           (unsigned long long)json_get_number(stats, "idempotent"),
           out_count(json_get_number(stats, "conflicts"), "conflict", "conflicts"),
           (unsigned long long)json_get(root, "refused")->number);
}

static int run(const struct args *args)
{
    struct json *root = json_object();
    struct facts facts;
    args_operands(args, "a file of delta facts", 1, SIZE_MAX);
    memset(&facts, 0, sizeof facts);
    facts.refused = json_array();
    struct file *files = tool_alloc(args->operands * sizeof *files);
    memset(files, 0, args->operands * sizeof *files);
    for (size_t i = 0; i < args->operands; i++) {
        out_progress("reading", i, args->operands);
        add_file(&facts, args->operand[i], &files[i]);
    }
    out_progress_end();
    replay(root, &facts);
    json_add(root, "refused", facts.refused);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        print_replay(root);
    }
    for (size_t i = 0; i < args->operands; i++) {
        file_free(&files[i]);
    }
    free(facts.fact);
    return EXIT_DONE;
}

static const struct args_option options[] = {{NULL, NULL, false}};

const struct command command_replay = {
    .name = "replay",
    .summary = "delta facts: winners and conflicts",
    .usage = "FILE...",
    .help =
        "Reads delta facts (a file that is one JSON document holds one fact, any other one a\n"
        "line) and replays them as upstream does: by time, number and write id; the first fact\n"
        "of each tenant, fingerprint and prefix hash wins.\n",
    .example = "  wombatkv replay bucket/deltas/tenant-a/fp-5f1c0a9b/delta-0*.json\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
