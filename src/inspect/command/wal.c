/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv wal: the records of a WAL namespace in replay order, and an audit of its keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "format/formats.h"
#include "format/sequences.h"
#include "base/json.h"
#include "base/listing.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/wal.h"

struct listing {
    wmbt_wal_entry *entry;
    size_t count;
    struct key_lists keys;
    wmbt_wal_audit audit;
    struct sequences sequences;
};

static int compare_entries(const void *a, const void *b)
{
    return wmbt_wal_entry_compare(a, b);
}

/* The objects of the namespace, in replay order. */
static wmbt_status list_namespace(struct listing *listing, const struct bucket *bucket,
                                  const char *prefix, uint32_t flags, const char **why)
{
    memset(listing, 0, sizeof *listing);
    wmbt_status status = bucket_list(bucket, prefix, &listing->keys, why);
    listing->entry = tool_alloc((listing->keys.files.count + 1) * sizeof *listing->entry);
    for (size_t i = 0; i < listing->keys.files.count; i++) {
        wmbt_view key = tool_view(listing->keys.files.key[i]);
        if (wmbt_wal_key_belongs(key, tool_view(prefix), flags)) {
            wmbt_wal_entry_init(&listing->entry[listing->count++], key, tool_view(prefix));
        }
        wmbt_wal_audit_add(&listing->audit, key, tool_view(prefix));
        wmbt_wal_key parsed;
        if (wmbt_wal_key_parse(key, tool_view(prefix), &parsed) == WMBT_OK) {
            sequences_add(&listing->sequences, tool_view(prefix), key, &parsed);
        }
    }
    qsort(listing->entry, listing->count, sizeof *listing->entry, compare_entries);
    return status;
}

/* What is wrong with an object. In memory that no row of records gives back. */
struct finding {
    const char *object; /* its key */
    wmbt_status status; /* ok: its header names the numbers first to last, its key others */
    const char *why;
    uint64_t first;
    uint64_t last;
};

struct findings {
    struct finding *row;
    size_t count;
    size_t capacity;
};

static struct finding *add_finding(struct findings *findings, const char *object)
{
    findings->row =
        tool_grow(findings->row, findings->count, &findings->capacity, sizeof *findings->row);
    struct finding *row = &findings->row[findings->count++];
    memset(row, 0, sizeof *row);
    row->object = object;
    return row;
}

static void refuse(struct findings *refused, const char *object, wmbt_status status,
                   const char *why)
{
    struct finding *row = add_finding(refused, object);
    why = why != NULL ? why : format_status_text(status);
    row->status = status;
    row->why = strdup(why != NULL ? why : "");
    tool_refuse(object, status, why);
}

static void free_findings(struct findings *findings, bool texts)
{
    for (size_t i = 0; texts && i < findings->count; i++) {
        free((void *)(uintptr_t)findings->row[i].why);
    }
    free(findings->row);
}

/* A walk over the records of all objects in replay order; an object's only once all of it has been
 * verified. */
struct replay {
    const struct bucket *bucket;
    const struct listing *listing;
    wmbt_view prefix;
    uint32_t flags;
    size_t noted; /* objects looked at before: what is wrong is noted once */
    struct findings refused;
    struct findings contradictions;
    size_t next;      /* object */
    struct file file; /* the one whose records come now */
    bool is_open;
    uint64_t index; /* of the record in it */
    wmbt_wal_reader reader;
};

/* Notes a batch whose header does not name the numbers of its key. */
static void compare_numbers(struct replay *replay, const char *object, const wmbt_wal_info *info)
{
    wmbt_wal_key key;
    if (info->kind != WMBT_WAL_BATCH ||
        wmbt_wal_key_parse(tool_view(object), replay->prefix, &key) != WMBT_OK ||
        (info->start_seq == key.first_seq && info->end_seq == key.last_seq)) {
        return;
    }
    struct finding *row = add_finding(&replay->contradictions, object);
    row->first = info->start_seq;
    row->last = info->end_seq;
}

/* Opens the next object that is intact. False: there is none. */
static bool open_next(struct replay *replay)
{
    struct file_limit limit = format_limit(format_of_name("wal"));
    while (replay->next < replay->listing->count) {
        wmbt_wal_info info;
        const char *why = NULL;
        wmbt_view key = replay->listing->entry[replay->next++].key;
        const char *object = (const char *)key.data;
        out_progress("reading", replay->next, replay->listing->count);
        wmbt_status status = bucket_read(replay->bucket, key, &limit, &replay->file, &why);
        if (status == WMBT_OK || status == WMBT_END) {
            status = wmbt_wal_verify(file_view(&replay->file), replay->flags, &info);
        }
        if (status == WMBT_OK) {
            status = wmbt_wal_open(&replay->reader, file_view(&replay->file), replay->flags);
        }
        bool is_new = replay->next > replay->noted;
        replay->noted = is_new ? replay->next : replay->noted;
        replay->is_open = status == WMBT_OK;
        replay->index = 0;
        if (replay->is_open) {
            if (is_new) {
                compare_numbers(replay, object, &info);
            }
            return true;
        }
        file_free(&replay->file);
        if (is_new) {
            refuse(&replay->refused, object, status, why);
        }
    }
    return false;
}

static void begin_records(void *context)
{
    struct replay *replay = context;
    file_free(&replay->file);
    replay->is_open = false;
    replay->next = 0;
}

static bool next_record(void *context, struct json *row)
{
    struct replay *replay = context;
    wmbt_wal_record record;
    while (replay->is_open || open_next(replay)) {
        if (wmbt_wal_next(&replay->reader, &record) == WMBT_OK) {
            const wmbt_wal_entry *entry = &replay->listing->entry[replay->next - 1];
            json_add_name(row, "object", entry->key);
            json_add_number(row, "index", replay->index++);
            json_add_hex(row, "record_key_hex", record.key);
            json_add_hex(row, "meta_hex", record.meta);
            json_add_hex(row, "payload_hex", record.payload);
            return true;
        }
        file_free(&replay->file);
        replay->is_open = false;
    }
    out_progress_end();
    return false;
}

/* Objects of the namespace that are no files, and links on the way to it: none is read. */
static void refuse_others(struct replay *replay)
{
    const char *prefix = (const char *)replay->prefix.data;
    for (size_t i = 0; i < replay->listing->keys.others.count; i++) {
        const char *object = replay->listing->keys.others.key[i];
        size_t len = strlen(object);
        bool leads =
            strncmp(prefix, object, len) == 0 && (prefix[len] == '/' || prefix[len] == '\0');
        if (leads || wmbt_wal_key_belongs(tool_view(object), replay->prefix, replay->flags)) {
            const char *why = NULL;
            struct file file = {0};
            wmbt_status status = bucket_read(replay->bucket, tool_view(object), NULL, &file, &why);
            file_free(&file);
            refuse(&replay->refused, object, status != WMBT_OK ? status : TOOL_UNREADABLE, why);
        }
    }
}

/* Bytes as people read them: printable ASCII as it is, up to `most` of them. */
static const char *excerpt(const char *hex, size_t most)
{
    size_t bytes = strlen(hex) / 2;
    size_t shown = bytes < most ? bytes : most;
    char *text = tool_alloc(shown * 4 + 8);
    size_t len = 0;
    for (size_t i = 0; i < shown; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        unsigned long c = strtoul(digits, NULL, 16);
        len += (size_t)sprintf(text + len, c >= 0x20 && c < 0x7F ? "%c" : "\\x%02x", (int)c);
    }
    strcpy(text + len, shown < bytes ? "..." : "");
    return text;
}

#define COLUMNS 5u

static void cells_of(const struct json *r, const char **cells)
{
    cells[0] = json_cell(json_get(r, "object"));
    cells[1] = json_cell(json_get(r, "index"));
    cells[2] = excerpt(json_get_text(r, "record_key_hex"), 32);
    cells[3] = out_size(strlen(json_get_text(r, "meta_hex")) / 2);
    cells[4] = out_size(strlen(json_get_text(r, "payload_hex")) / 2);
}

/* Prints the records; returns how many there are. */
static uint64_t print_records(const struct json *records)
{
    static const char *const heading[COLUMNS] = {"object", "index", "key", "meta", "payload"};
    const char *cells[COLUMNS];
    struct table table;
    struct json_walk walk;
    const struct json *row;
    uint64_t count = 0;
    table_begin(&table, COLUMNS, 1u << 1 | 1u << 3 | 1u << 4, NULL);
    for (unsigned i = 0; i < COLUMNS; i++) {
        cells[i] = out_bold(heading[i]);
    }
    table_measure(&table, cells);
    json_walk_begin(&walk, records);
    while ((row = json_walk_next(&walk)) != NULL) {
        cells_of(row, cells);
        table_measure(&table, cells);
    }
    for (unsigned i = 0; i < COLUMNS; i++) {
        cells[i] = out_bold(heading[i]);
    }
    table_print_row(&table, cells, 0);
    json_walk_begin(&walk, records);
    while ((row = json_walk_next(&walk)) != NULL) {
        cells_of(row, cells);
        table_print_row(&table, cells, 0);
        count++;
    }
    return count;
}

static void add_findings(struct json *root, const struct replay *replay)
{
    struct json *contradictions = json_add_array(root, "contradictions");
    struct json *refused = json_add_array(root, "refused");
    for (size_t i = 0; i < replay->contradictions.count; i++) {
        const struct finding *f = &replay->contradictions.row[i];
        struct json *row = json_add_object(contradictions, NULL);
        json_add_name(row, "object", tool_view(f->object));
        json_add_number(row, "first_seq", f->first);
        json_add_number(row, "last_seq", f->last);
    }
    for (size_t i = 0; i < replay->refused.count; i++) {
        const struct finding *f = &replay->refused.row[i];
        struct json *row = json_add_object(refused, NULL);
        json_add_name(row, "object", tool_view(f->object));
        json_add_text(row, "status", tool_status_name(f->status));
        json_add_text(row, "detail", f->why != NULL ? f->why : "");
    }
}

static void add_audit(struct json *root, const wmbt_wal_audit *counts)
{
    struct json *audit = json_add_object(root, "audit");
    json_add_number(audit, "total", counts->total);
    json_add_number(audit, "canonical", counts->canonical);
    json_add_number(audit, "legacy", counts->legacy);
    json_add_number(audit, "unknown", counts->unknown);
}

static void print_wal(struct json *root, const struct replay *replay)
{
    const wmbt_wal_audit *audit = &replay->listing->audit;
    uint64_t records = print_records(json_get(root, "records"));
    add_findings(root, replay);
    sequences_print(root);
    for (const struct json *r = json_get(root, "contradictions")->first; r != NULL; r = r->next) {
        printf("other numbers in its header, %s to %s: %s\n", json_cell(json_get(r, "first_seq")),
               json_cell(json_get(r, "last_seq")), json_cell(json_get(r, "object")));
    }
    for (const struct json *r = json_get(root, "refused")->first; r != NULL; r = r->next) {
        printf("%s  %s\n", out_status(json_get_text(r, "status")),
               json_cell(json_get(r, "object")));
    }
    printf("%s; %s: %llu canonical, %llu legacy, %llu unknown; %llu refused\n",
           out_count(records, "record", "records"), out_count(audit->total, "key", "keys"),
           (unsigned long long)audit->canonical, (unsigned long long)audit->legacy,
           (unsigned long long)audit->unknown,
           (unsigned long long)json_get(root, "refused")->number);
}

/* One document, whose findings are known once its records have been printed. */
static void print_json(struct json *root, const struct replay *replay)
{
    struct json_printer printer = {stdout, 0};
    for (const struct json *member = root->first; member != NULL; member = member->next) {
        json_printer_member(&printer, member);
    }
    struct json *findings = json_object();
    add_findings(findings, replay);
    for (const struct json *member = findings->first; member != NULL; member = member->next) {
        json_printer_member(&printer, member);
    }
    json_printer_end_object(&printer);
}

static int run(const struct args *args)
{
    const char *why = NULL;
    struct bucket bucket;
    struct listing listing;
    struct replay replay = {.bucket = &bucket, .listing = &listing};
    struct json *root = json_object();
    memset(&listing, 0, sizeof listing);
    replay.flags = args_flag(args, "--compat") ? WMBT_WAL_COMPAT : 0;
    args_operands(args, "one bucket directory", 1, 1);
    const char *prefix = args_required(args, "--prefix");
    size_t prefix_len = strlen(prefix);
    if (replay.flags == 0 && prefix_len > 1 && prefix[prefix_len - 1] == '/') {
        prefix = tool_copy(prefix, prefix_len - 1); /* no path holds a key of such a namespace */
    }
    replay.prefix = tool_view(prefix);
    wmbt_status status = bucket_open(&bucket, args->operand[0], &why);
    bool opened = status == WMBT_OK;
    if (opened) {
        status = list_namespace(&listing, &bucket, prefix, replay.flags, &why);
        refuse_others(&replay);
    }
    if (status != WMBT_OK) {
        refuse(&replay.refused, args->operand[0], status, why);
    }
    json_add_rows(root, "records", (struct json_rows){begin_records, next_record, &replay});
    add_audit(root, &listing.audit);
    sequences_report(&listing.sequences, root);
    if (args_flag(args, "--json")) {
        print_json(root, &replay);
    } else {
        print_wal(root, &replay);
    }
    if (opened) {
        bucket_close(&bucket);
    }
    key_lists_free(&listing.keys);
    sequences_free(&listing.sequences);
    free_findings(&replay.refused, true);
    free_findings(&replay.contradictions, false);
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"--prefix", "TEXT", false},
    {"--compat", NULL, false},
    {NULL, NULL, false},
};

const struct command command_wal = {
    .name = "wal",
    .summary = "records of a WAL namespace in replay order",
    .usage = "DIR --prefix NS [--compat]",
    .help =
        "DIR is the bucket, NS the namespace's full key prefix; a '/' at its end does not count.\n"
        "Prints the records of all its objects in replay order, an audit of its keys, numbers "
        "that\n"
        "are missing or come twice, batches whose header contradicts their key, and the objects\n"
        "that were refused. Records are replayed in the order of their numbers, then keys: of two\n"
        "with one number the later counts. A replay is complete only if no number is missing.\n\n"
        "--compat  list as upstream does, siblings whose name begins like NS included, and\n"
        "          accept exactly what upstream accepts\n",
    .example = "  wombatkv wal bucket --prefix wal/tenant-a/fp-5f1c0a9b\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
