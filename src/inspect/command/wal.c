/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv wal: the records of a WAL namespace in replay order, and an audit of its keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "format/formats.h"
#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/wal.h"

struct listing {
    wmbt_wal_entry *entry;
    size_t count;
    struct key_lists keys;
    wmbt_wal_audit audit;
};

static wmbt_view view_of_text(const char *text)
{
    return wmbt_view_of(text, strlen(text));
}

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
        wmbt_view key = view_of_text(listing->keys.files.key[i]);
        if (wmbt_wal_key_belongs(key, view_of_text(prefix), flags)) {
            wmbt_wal_entry_init(&listing->entry[listing->count++], key, view_of_text(prefix));
        }
        wmbt_wal_audit_add(&listing->audit, key, view_of_text(prefix));
    }
    qsort(listing->entry, listing->count, sizeof *listing->entry, compare_entries);
    return status;
}

static void refuse(struct json *refused, const char *object, wmbt_status status, const char *why)
{
    struct json *row = json_add_object(refused, NULL);
    why = why != NULL ? why : format_status_text(status);
    json_add_name(row, "object", view_of_text(object));
    json_add_text(row, "status", tool_status_name(status));
    json_add_text(row, "detail", why != NULL ? why : "");
    tool_refuse(object, status, why);
}

/* The records of one object, only once all of it has been verified. */
static wmbt_status add_records(struct json *records, const char *object, wmbt_view bytes,
                               uint32_t flags)
{
    wmbt_wal_info info;
    wmbt_wal_reader reader;
    wmbt_wal_record record;
    wmbt_status status = wmbt_wal_verify(bytes, flags, &info);
    if (status == WMBT_OK) {
        status = wmbt_wal_open(&reader, bytes, flags);
    }
    for (uint64_t i = 0; status == WMBT_OK; i++) {
        status = wmbt_wal_next(&reader, &record);
        if (status == WMBT_OK) {
            struct json *row = json_add_object(records, NULL);
            json_add_name(row, "object", view_of_text(object));
            json_add_number(row, "index", i);
            json_add_hex(row, "record_key_hex", record.key);
            json_add_hex(row, "meta_hex", record.meta);
            json_add_hex(row, "payload_hex", record.payload);
        }
    }
    return status == WMBT_END ? WMBT_OK : status;
}

static void replay(struct json *root, const struct bucket *bucket, const struct listing *listing,
                   uint32_t flags, struct json *refused)
{
    struct file_limit limit = format_limit(format_of_name("wal"));
    struct json *records = json_add_array(root, "records");
    for (size_t i = 0; i < listing->count; i++) {
        const char *object = (const char *)listing->entry[i].key.data;
        const char *why = NULL;
        struct file file = {0};
        out_progress("reading", i, listing->count);
        wmbt_status status = bucket_read(bucket, listing->entry[i].key, &limit, &file, &why);
        if (status == WMBT_OK || status == WMBT_END) {
            status = add_records(records, object, file_view(&file), flags);
        }
        file_free(&file);
        if (status != WMBT_OK) {
            refuse(refused, object, status, why);
        }
    }
    out_progress_end();
}

/* Objects of the namespace that are no files, and links on the way to it: none is read. */
static void refuse_others(const struct bucket *bucket, const struct listing *listing,
                          const char *prefix, uint32_t flags, struct json *refused)
{
    for (size_t i = 0; i < listing->keys.others.count; i++) {
        const char *object = listing->keys.others.key[i];
        size_t len = strlen(object);
        bool leads =
            strncmp(prefix, object, len) == 0 && (prefix[len] == '/' || prefix[len] == '\0');
        if (leads || wmbt_wal_key_belongs(view_of_text(object), view_of_text(prefix), flags)) {
            const char *why = NULL;
            struct file file = {0};
            wmbt_status status = bucket_read(bucket, view_of_text(object), NULL, &file, &why);
            file_free(&file);
            refuse(refused, object, status != WMBT_OK ? status : TOOL_UNREADABLE, why);
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

static void print_wal(const struct json *root)
{
    static const char *const heading[] = {"object", "index", "key", "meta", "payload"};
    const struct json *audit = json_get(root, "audit");
    struct table table;
    table_begin(&table, 5, 1u << 1 | 1u << 3 | 1u << 4, heading);
    for (const struct json *r = json_get(root, "records")->first; r != NULL; r = r->next) {
        table_cell(&table, json_cell(json_get(r, "object")));
        table_cell(&table, json_cell(json_get(r, "index")));
        table_cell(&table, excerpt(json_get_text(r, "record_key_hex"), 32));
        table_cell(&table, out_size(strlen(json_get_text(r, "meta_hex")) / 2));
        table_cell(&table, out_size(strlen(json_get_text(r, "payload_hex")) / 2));
    }
    table_print(&table, 0);
    for (const struct json *r = json_get(root, "refused")->first; r != NULL; r = r->next) {
        printf("%s  %s\n", out_status(json_get_text(r, "status")),
               json_cell(json_get(r, "object")));
    }
    printf("%s; %s: %llu canonical, %llu legacy, %llu unknown; %llu refused\n",
           out_count(json_get(root, "records")->number, "record", "records"),
           out_count(json_get_number(audit, "total"), "key", "keys"),
           (unsigned long long)json_get_number(audit, "canonical"),
           (unsigned long long)json_get_number(audit, "legacy"),
           (unsigned long long)json_get_number(audit, "unknown"),
           (unsigned long long)json_get(root, "refused")->number);
}

static int run(const struct args *args)
{
    uint32_t flags = args_flag(args, "--compat") ? WMBT_WAL_COMPAT : 0;
    const char *why = NULL;
    struct bucket bucket;
    struct listing listing;
    struct json *root = json_object();
    struct json *refused = json_array();
    memset(&listing, 0, sizeof listing);
    args_operands(args, "one bucket directory", 1, 1);
    const char *prefix = args_required(args, "--prefix");
    size_t prefix_len = strlen(prefix);
    if (flags == 0 && prefix_len > 1 && prefix[prefix_len - 1] == '/') {
        prefix = tool_copy(prefix, prefix_len - 1); /* no path holds a key of such a namespace */
    }
    wmbt_status status = bucket_open(&bucket, args->operand[0], &why);
    if (status == WMBT_OK) {
        status = list_namespace(&listing, &bucket, prefix, flags, &why);
        replay(root, &bucket, &listing, flags, refused);
        refuse_others(&bucket, &listing, prefix, flags, refused);
        bucket_close(&bucket);
    } else {
        json_add_array(root, "records");
    }
    if (status != WMBT_OK) {
        refuse(refused, args->operand[0], status, why);
    }
    struct json *audit = json_add_object(root, "audit");
    json_add_number(audit, "total", listing.audit.total);
    json_add_number(audit, "canonical", listing.audit.canonical);
    json_add_number(audit, "legacy", listing.audit.legacy);
    json_add_number(audit, "unknown", listing.audit.unknown);
    json_add(root, "refused", refused);
    key_lists_free(&listing.keys);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        print_wal(root);
    }
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
        "Prints the records of all its objects in replay order, an audit of its keys, and the\n"
        "objects that were refused.\n\n"
        "--compat  list as upstream does, siblings whose name begins like NS included, and\n"
        "          accept exactly what upstream accepts\n",
    .example = "  wombatkv wal bucket --prefix wal/tenant-a/fp-5f1c0a9b\n",
    .options = options,
    .run = run,
};
