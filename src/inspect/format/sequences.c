/* SPDX-License-Identifier: Apache-2.0 */
/* Gaps and repeats in the sequence numbers of WAL objects. */
#include "format/sequences.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tool.h"

/* Longer runs of numbers that repeat are one row, and so many of their keys are named. */
#define MAX_ROWS_A_RUN 1000u
#define MAX_KEYS_A_ROW 100u

/* Owners that were added last are looked at: keys come in order. One may be there twice. */
#define RECENT_OWNERS 64u

static int compare_views(wmbt_view a, wmbt_view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len != 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static wmbt_view keep(wmbt_view text)
{
    return wmbt_view_of(tool_keep((const char *)text.data, text.len), text.len);
}

static void let_go(wmbt_view text)
{
    free((void *)(uintptr_t)text.data);
}

static uint32_t owner_of(struct sequences *sequences, wmbt_view prefix, wmbt_view node)
{
    size_t n = sequences->owners;
    for (size_t i = n; i > 0 && n - i < RECENT_OWNERS; i--) {
        const struct sequence_owner *owner = &sequences->owner[i - 1];
        if (compare_views(owner->node, node) == 0 && compare_views(owner->prefix, prefix) == 0) {
            return (uint32_t)(i - 1);
        }
    }
    sequences->owner =
        tool_grow(sequences->owner, n, &sequences->owner_capacity, sizeof *sequences->owner);
    sequences->owner[n] = (struct sequence_owner){keep(prefix), keep(node)};
    sequences->owners++;
    return (uint32_t)n;
}

/* The text of a row's key, of tool_alloc(). */
static wmbt_view key_of(const struct sequences *sequences, const struct sequence *row)
{
    const struct sequence_owner *owner = &sequences->owner[row->owner];
    if (row->has_text) {
        return tool_view(row->key.text);
    }
    const char *last =
        row->kind == WMBT_WAL_BATCH ? tool_format("-%020llu", (unsigned long long)row->last) : "";
    return tool_view(
        tool_format("%.*s/%020llu/%s-%.*s-%020llu%s.bin", (int)owner->prefix.len,
                    (const char *)owner->prefix.data, (unsigned long long)row->key.epoch_ms,
                    row->kind == WMBT_WAL_BATCH ? "batch" : "chunk", (int)owner->node.len,
                    (const char *)owner->node.data, (unsigned long long)row->first, last));
}

void sequences_add(struct sequences *sequences, wmbt_view prefix, wmbt_view text,
                   const wmbt_wal_key *key)
{
    if (key->first_seq > key->last_seq) {
        return;
    }
    sequences->row =
        tool_grow(sequences->row, sequences->count, &sequences->capacity, sizeof *sequences->row);
    struct sequence *row = &sequences->row[sequences->count++];
    memset(row, 0, sizeof *row);
    row->first = key->first_seq;
    row->last = key->last_seq;
    row->owner = owner_of(sequences, prefix, key->node);
    row->kind = (uint8_t)key->kind;
    row->key.epoch_ms = key->epoch_ms;
    struct tool_mark mark = tool_mark();
    row->has_text = compare_views(key_of(sequences, row), text) != 0;
    tool_release_to(mark);
    if (row->has_text) {
        row->key.text = tool_keep((const char *)text.data, text.len);
    }
}

void sequences_free(struct sequences *sequences)
{
    for (size_t i = 0; i < sequences->count; i++) {
        if (sequences->row[i].has_text) {
            free(sequences->row[i].key.text);
        }
    }
    for (size_t i = 0; i < sequences->owners; i++) {
        let_go(sequences->owner[i].prefix);
        let_go(sequences->owner[i].node);
    }
    free(sequences->row);
    free(sequences->owner);
    memset(sequences, 0, sizeof *sequences);
}

static const struct sequences *sorting;

static int compare_owners(const struct sequence *a, const struct sequence *b)
{
    const struct sequence_owner *left = &sorting->owner[a->owner];
    const struct sequence_owner *right = &sorting->owner[b->owner];
    int order = left != right ? compare_views(left->prefix, right->prefix) : 0;
    return order != 0 || left == right ? order : compare_views(left->node, right->node);
}

static int compare_rows(const void *left, const void *right)
{
    const struct sequence *a = left;
    const struct sequence *b = right;
    int order = compare_owners(a, b);
    order = order != 0 ? order : (a->first > b->first) - (a->first < b->first);
    order = order != 0 ? order : (a->last > b->last) - (a->last < b->last);
    if (order == 0) {
        struct tool_mark mark = tool_mark();
        order = compare_views(key_of(sorting, a), key_of(sorting, b));
        tool_release_to(mark);
    }
    return order;
}

static struct json *add_owner(struct json *list, const struct sequence *of)
{
    struct json *row = json_add_object(list, NULL);
    json_add_name(row, "prefix", sorting->owner[of->owner].prefix);
    json_add_name(row, "node", sorting->owner[of->owner].node);
    return row;
}

static void add_gaps(struct json *gaps, const struct sequence *row, size_t count)
{
    uint64_t covered = row[0].last;
    for (size_t i = 1; i < count; i++) {
        if (row[i].first > covered && row[i].first - covered > 1) {
            struct json *gap = add_owner(gaps, &row[i]);
            json_add_number(gap, "first_missing", covered + 1);
            json_add_number(gap, "last_missing", row[i].first - 1);
        }
        covered = row[i].last > covered ? row[i].last : covered;
    }
}

/* Numbers `first` to `last`, which all of `open` name. */
static void add_run(struct json *repeats, const struct sequence *const *open, size_t opened,
                    uint64_t first, uint64_t last)
{
    bool each = last - first < MAX_ROWS_A_RUN;
    for (uint64_t seq = first;; seq++) {
        struct json *repeat = add_owner(repeats, open[0]);
        json_add_number(repeat, "seq", seq);
        json_add_number(repeat, "last_seq", each ? seq : last);
        struct json *keys = json_add_array(repeat, "keys");
        for (size_t i = 0; i < opened && i < MAX_KEYS_A_ROW; i++) {
            json_add_view(keys, NULL, key_of(sorting, open[i]));
        }
        if (!each || seq == last) {
            return;
        }
    }
}

/* Drops those that end before `at`; returns how many stay. */
static size_t close_before(const struct sequence **open, size_t opened, uint64_t at)
{
    size_t stay = 0;
    for (size_t i = 0; i < opened; i++) {
        if (open[i]->last >= at) {
            open[stay++] = open[i];
        }
    }
    return stay;
}

/* The last number before which nothing opens or closes. */
static uint64_t run_end(const struct sequence *const *open, size_t opened, uint64_t limit)
{
    for (size_t i = 0; i < opened; i++) {
        limit = open[i]->last < limit ? open[i]->last : limit;
    }
    return limit;
}

/* A sweep over one node's rows, which ascend: at each number the rows that name it are open. */
static void add_repeats(struct json *repeats, const struct sequence *row, size_t count)
{
    const struct sequence **open = malloc(count * sizeof *open);
    size_t opened = 0;
    size_t next = 0;
    uint64_t at = row[0].first;
    while (open != NULL && (next < count || opened > 1)) {
        if (opened < 2 && next < count && row[next].first > at) {
            at = row[next].first;
        }
        opened = close_before(open, opened, at);
        while (next < count && row[next].first == at) {
            open[opened++] = &row[next++];
        }
        uint64_t end = run_end(open, opened, next < count ? row[next].first - 1 : UINT64_MAX);
        if (opened > 1) {
            add_run(repeats, open, opened, at, end);
        }
        if (end == UINT64_MAX) {
            break;
        }
        at = end + 1;
        opened = close_before(open, opened, at);
    }
    free(open);
}

uint64_t sequences_report(struct sequences *sequences, struct json *object)
{
    struct json *gaps = json_add_array(object, "gaps");
    struct json *repeats = json_add_array(object, "repeats");
    struct json *first_seq = json_add_array(object, "first_seq");
    sorting = sequences;
    if (sequences->count > 1) {
        qsort(sequences->row, sequences->count, sizeof *sequences->row, compare_rows);
    }
    for (size_t begin = 0, end; begin < sequences->count; begin = end) {
        const struct sequence *row = &sequences->row[begin];
        for (end = begin + 1; end < sequences->count; end++) {
            if (compare_owners(row, &sequences->row[end]) != 0) {
                break;
            }
        }
        add_gaps(gaps, row, end - begin);
        add_repeats(repeats, row, end - begin);
        json_add_number(add_owner(first_seq, row), "seq", row->first);
    }
    return gaps->number + repeats->number;
}

static void print_range(const char *what, const struct json *row, const char *first,
                        const char *last)
{
    printf("%s: node %s, %s", what, json_cell(json_get(row, "node")),
           json_cell(json_get(row, first)));
    if (json_get_number(row, first) != json_get_number(row, last)) {
        printf(" to %s", json_cell(json_get(row, last)));
    }
}

void sequences_print(const struct json *root)
{
    for (const struct json *r = json_get(root, "gaps")->first; r != NULL; r = r->next) {
        print_range("gap", r, "first_missing", "last_missing");
        puts(" missing");
    }
    for (const struct json *r = json_get(root, "repeats")->first; r != NULL; r = r->next) {
        print_range("twice", r, "seq", "last_seq");
        for (const struct json *key = json_get(r, "keys")->first; key != NULL; key = key->next) {
            printf("%s %s", key == json_get(r, "keys")->first ? ":" : ",", json_cell(key));
        }
        putchar('\n');
    }
}
