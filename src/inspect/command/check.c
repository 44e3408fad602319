/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv check: every object of a bucket, verified as what its key says that it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "base/hashes.h"
#include "base/json.h"
#include "base/listing.h"
#include "base/out.h"
#include "base/spill.h"
#include "base/tool.h"
#include "format/formats.h"
#include "format/largevalue.h"
#include "format/sequences.h"
#include "format/unwrap.h"
#include "wombatkv/objkey.h"
#include "wombatkv/wal.h"

/* --- kinds of keys --------------------------------------------------------------------------- */

enum kind {
    BLOCK,
    RAW_TAIL,
    CHUNK,
    MANIFEST, /* of a large value, at a key that says nothing: known by its bytes */
    WAL,
    WAL_BATCH,
    SEGMENT,
    FACT_MANIFEST,
    DELTA,
    OTHER,
    KINDS
};

/* Its name, and the format in which the object is read. */
static const struct {
    const char *name;
    const char *format;
} kinds[KINDS] = {
    {"block", "kvblock"},   {"raw-tail", "rawtail"},
    {"chunk", NULL},        {"manifest", NULL},
    {"wal", "wal"},         {"wal-batch", "wal"},
    {"segment", "segment"}, {"fact-manifest", "manifest"},
    {"delta", "delta"},     {"other", NULL},
};

/* True if a folder of this name is above the key, and the key ends so. */
static bool is_below(const char *key, const char *folder, const char *end)
{
    size_t len = strlen(key);
    size_t folder_len = strlen(folder);
    size_t end_len = strlen(end);
    if (len < end_len || strcmp(key + len - end_len, end) != 0) {
        return false;
    }
    for (const char *at = strstr(key, folder); at != NULL; at = strstr(at + 1, folder)) {
        if ((at == key || at[-1] == '/') && at[folder_len] == '/') {
            return true;
        }
    }
    return false;
}

static enum kind kind_of(const char *key)
{
    wmbt_view prefix, id;
    wmbt_objkey object;
    wmbt_wal_key wal;
    if (wmbt_objkey_parse(tool_view(key), wmbt_view_of(NULL, 0), 0, &object) == WMBT_OK) {
        return object.kind == WMBT_OBJKEY_BLOCK ? BLOCK : RAW_TAIL;
    }
    if (large_value_is_chunk(key, &prefix, &id)) {
        return CHUNK;
    }
    if (wmbt_wal_key_guess(tool_view(key), &prefix, &wal) == WMBT_OK) {
        return wal.kind == WMBT_WAL_BATCH ? WAL_BATCH : WAL;
    }
    return is_below(key, "segments", ".bin")     ? SEGMENT
           : is_below(key, "manifests", ".json") ? FACT_MANIFEST
           : is_below(key, "deltas", ".json")    ? DELTA
                                                 : OTHER;
}

/* --- the scrub ------------------------------------------------------------------------------- */

struct scrub {
    struct bucket bucket;
    const char *prefix;
    struct key_list values; /* BASE/ID of manifests whose chunks are accounted for */
    struct key_list chunks; /* BASE/ID of chunks, not each time */
    struct hashes blocks;   /* of a store's that have been seen */
    uint64_t keys;
    uint64_t total; /* 0: not known before all are listed */
    struct sequences sequences;
    uint64_t bytes;
    uint64_t kind[KINDS];
    uint64_t status[UINT8_MAX + 1];
    struct spill findings; /* kind, status; key, detail */
    struct spill notes;    /* kind; key, detail */
};

/* An object under check. */
struct subject {
    const char *key;
    enum kind kind;
    wmbt_status status;
    const char *detail;
};

static void add_note(struct scrub *scrub, const struct subject *s, const char *detail)
{
    const struct spill_row row = {{(uint32_t)s->kind, 0}, {tool_view(s->key), tool_view(detail)}};
    spill_add(&scrub->notes, &row);
}

/* Counts a subject; what is wrong with it is a finding. */
static void settle(struct scrub *scrub, const struct subject *s)
{
    scrub->kind[s->kind]++;
    scrub->status[s->status]++;
    if (s->status == WMBT_OK) {
        return;
    }
    const char *why = format_status_text(s->status);
    const char *detail = s->detail != NULL && why != NULL && s->detail != why
                             ? tool_format("%s: %s", why, s->detail)
                         : s->detail != NULL ? s->detail
                                             : why;
    const struct spill_row row = {{(uint32_t)s->kind, (uint32_t)s->status},
                                  {tool_view(s->key), tool_view(detail)}};
    spill_add(&scrub->findings, &row);
    tool_refuse(s->key, s->status, detail);
}

/* A batch's header must name the numbers of its key, and a record must stand at a record's key. */
static void check_numbers(struct subject *s, wmbt_view bytes)
{
    wmbt_wal_info info;
    wmbt_wal_key key;
    wmbt_view prefix;
    if (wmbt_wal_verify(bytes, 0, &info) != WMBT_OK ||
        wmbt_wal_key_guess(tool_view(s->key), &prefix, &key) != WMBT_OK) {
        return;
    }
    if (info.kind != key.kind) {
        s->status = WMBT_WRONG_BLOCK;
        s->detail = info.kind == WMBT_WAL_BATCH ? "it is a batch" : "it is a single record";
    } else if (info.kind == WMBT_WAL_BATCH &&
               (info.start_seq != key.first_seq || info.end_seq != key.last_seq)) {
        s->status = WMBT_WRONG_BLOCK;
        s->detail =
            tool_format("its header names the numbers %llu to %llu",
                        (unsigned long long)info.start_seq, (unsigned long long)info.end_seq);
    }
}

/* Reads plain bytes as the format of the subject's kind. */
static void check_format(struct subject *s, wmbt_view bytes)
{
    struct reading reading = {0};
    const char *format = kinds[s->kind].format;
    s->status = format != NULL ? format_of_name(format)->read(bytes, &reading) : WMBT_OK;
    s->detail = s->status != WMBT_OK ? reading.detail : NULL;
    if (s->status == WMBT_OK && (s->kind == WAL || s->kind == WAL_BATCH)) {
        check_numbers(s, bytes);
    }
}

/* A manifest, at the key of a block or tail or at any other: the value that it stands for. */
static void check_value(struct scrub *scrub, struct subject *s, wmbt_view text)
{
    wmbt_largevalue manifest;
    struct large_value value;
    s->kind = s->kind == OTHER ? MANIFEST : s->kind;
    s->status = wmbt_largevalue_parse(text, 0, &manifest);
    if (s->status != WMBT_OK) {
        return;
    }
    s->status = large_value_read(&value, &scrub->bucket, s->key, &manifest);
    s->detail = value.detail;
    if (value.base != NULL) {
        const char *folder = tool_format("%s/%.*s", value.base, (int)manifest.id.len,
                                         (const char *)manifest.id.data);
        key_list_add(&scrub->values, tool_keep(folder, strlen(folder)));
    }
    if (s->status == WMBT_OK) {
        check_format(s, wmbt_view_of(value.data, value.len));
    }
    large_value_free(&value);
}

static bool is_manifest(wmbt_view plain)
{
    static const char mark[] = "WMBT_KV_SHM_LARGE_V1\n";
    return plain.len >= sizeof mark - 1 && memcmp(plain.data, mark, sizeof mark - 1) == 0;
}

/* What stands at a key that says nothing is looked at only to see whether it is a manifest. */
static uint64_t other_limit(const void *context, wmbt_view beginning)
{
    wmbt_compressed_info info;
    bool may_be = wmbt_compressed_probe(beginning, true, &info) == WMBT_OK &&
                  info.kind == WMBT_COMPRESSED_WRAPPED &&
                  info.plain_bytes <= WMBT_LARGEVALUE_MAX_TEXT;
    (void)context;
    return may_be || is_manifest(beginning) ? UNWRAP_MAX_BYTES : 0;
}

static struct file_limit limit_of(enum kind kind)
{
    switch (kind) {
    case OTHER: return (struct file_limit){other_limit, NULL};
    case CHUNK: return (struct file_limit){NULL, NULL};
    case BLOCK:
    case RAW_TAIL: return format_limit(NULL);
    default: return format_limit(format_of_name(kinds[kind].format));
    }
}

/* Plain bytes of a chunk, of which only the length can be checked alone. */
static void check_chunk(struct subject *s, wmbt_view plain)
{
    s->status =
        plain.len > WMBT_LARGEVALUE_CHUNK_BYTES || plain.len == 0 ? WMBT_BAD_LENGTH : WMBT_OK;
}

static void check_bytes(struct scrub *scrub, struct subject *s, wmbt_view bytes, bool is_whole)
{
    struct plain plain;
    bool wraps = s->kind == BLOCK || s->kind == RAW_TAIL || s->kind == CHUNK || s->kind == OTHER;
    if (!wraps || !is_whole) {
        check_format(s, bytes);
        return;
    }
    s->status = unwrap(bytes, false, &plain);
    if (s->status != WMBT_OK) {
        /* A value of the user's may begin as a wrapper does: upstream hands it out as it is. */
        s->status = s->kind == OTHER ? WMBT_OK : s->status;
        return;
    }
    if (s->kind == CHUNK) {
        check_chunk(s, plain.is.bytes);
    } else if (is_manifest(plain.is.bytes)) {
        check_value(scrub, s, plain.is.bytes);
    } else {
        check_format(s, plain.is.bytes);
    }
    unwrap_free(&plain);
}

/* --- notes: what healthy buckets have, too ---------------------------------------------------- */

static void note_tail(struct scrub *scrub, const struct subject *s)
{
    static const char sidecar[] = "/sidecar/raw_tail/";
    const char *at = strstr(s->key, sidecar);
    const char *block =
        tool_format("%.*s/block/%s", (int)(at - s->key), s->key, at + sizeof sidecar - 1);
    if (!hashes_have(&scrub->blocks, tool_view(block)) && !bucket_has(&scrub->bucket, block)) {
        add_note(scrub, s, "the block that it continues is not stored");
    }
}

/* Remembers the folder of a chunk. Those of one folder come one after the other. */
static void remember_chunk(struct scrub *scrub, const char *key)
{
    wmbt_view base, id;
    struct key_list *list = &scrub->chunks;
    if (!large_value_is_chunk(key, &base, &id)) {
        return;
    }
    size_t len = (size_t)(id.data - (const uint8_t *)key) + id.len + 1; /* with its '/' */
    if (list->count == 0 || strlen(list->key[list->count - 1]) != len ||
        memcmp(list->key[list->count - 1], key, len) != 0) {
        key_list_add(list, tool_keep(key, len));
    }
}

static void note_chunk(void *context, const char *key)
{
    const struct subject s = {key, CHUNK, WMBT_OK, NULL};
    if (kind_of(key) == CHUNK) {
        add_note(context, &s, "no manifest names it");
    }
}

static void pass_over(void *context, const char *key)
{
    (void)context;
    (void)key;
}

/* Once all manifests are known: the chunks below a folder that none of them names. */
static void note_chunks(struct scrub *scrub)
{
    const struct walker walker = {note_chunk, pass_over, scrub};
    const char *why = NULL;
    key_list_sort(&scrub->values);
    key_list_sort(&scrub->chunks);
    for (size_t i = 0; i < scrub->chunks.count; i++) {
        const char *folder = scrub->chunks.key[i];
        wmbt_view base, id;
        if ((i != 0 && strcmp(folder, scrub->chunks.key[i - 1]) == 0) ||
            !large_value_is_chunk(tool_format("%s00000000", folder), &base, &id)) {
            continue;
        }
        const char *value = tool_format("%.*s/%.*s", (int)base.len, (const char *)base.data,
                                        (int)id.len, (const char *)id.data);
        if (!key_list_has(&scrub->values, value)) {
            (void)bucket_walk(&scrub->bucket, folder, &walker, &why);
        }
    }
}

/* --- objects --------------------------------------------------------------------------------- */

/* A key that has been listed, whose object is not there: it was removed meanwhile, unless the store
 * still lists it. */
static void found_nothing(void *context, const char *key)
{
    struct subject *s = context;
    if (strcmp(s->key, key) == 0) {
        s->status = TOOL_UNREADABLE;
        s->detail = "it is listed, but not there";
    }
}

static void check_missing(struct scrub *scrub, struct subject *s)
{
    const struct walker walker = {found_nothing, found_nothing, s};
    const char *why = NULL;
    s->detail = "it was removed after it had been listed";
    if (bucket_walk(&scrub->bucket, s->key, &walker, &why) != WMBT_OK) {
        s->status = TOOL_UNREADABLE;
        s->detail = why;
    }
}

static void take_number(struct scrub *scrub, const char *key)
{
    wmbt_wal_key wal;
    wmbt_view prefix;
    if (wmbt_wal_key_guess(tool_view(key), &prefix, &wal) == WMBT_OK) {
        sequences_add(&scrub->sequences, prefix, tool_view(key), &wal);
    }
}

/* What a key says beside its object. */
static void take_key(struct scrub *scrub, const struct subject *s)
{
    switch (s->kind) {
    case OTHER: add_note(scrub, s, "its key is none that this tool knows"); break;
    case BLOCK:
        if (scrub->bucket.store != NULL) { /* a directory is quick to ask again */
            hashes_add(&scrub->blocks, tool_view(s->key));
        }
        break;
    case RAW_TAIL: note_tail(scrub, s); break;
    case CHUNK: remember_chunk(scrub, s->key); break;
    case WAL:
    case WAL_BATCH: take_number(scrub, s->key); break;
    default: break;
    }
}

static void check_object(struct scrub *scrub, const char *key)
{
    struct subject s = {key, kind_of(key), WMBT_OK, NULL};
    struct file_limit limit = limit_of(s.kind);
    struct file file;
    s.status = bucket_read(&scrub->bucket, tool_view(key), limit.max_bytes != NULL ? &limit : NULL,
                           &file, &s.detail);
    if (s.status == WMBT_OK || s.status == WMBT_END) {
        scrub->bytes += file.stored_bytes;
        check_bytes(scrub, &s, file_view(&file), s.status == WMBT_OK);
        file_free(&file);
    } else if (s.status == WMBT_MISSING) {
        check_missing(scrub, &s);
    }
    if (s.status == WMBT_MISSING) {
        scrub->kind[s.kind]++;
        scrub->status[s.status]++;
        add_note(scrub, &s, s.detail);
        return;
    }
    settle(scrub, &s);
    take_key(scrub, &s);
}

/* True if the key is the prefix itself or below it: a listing by letters has more. */
static bool is_below_prefix(const struct scrub *scrub, const char *key)
{
    size_t len = strlen(scrub->prefix);
    return len == 0 || scrub->prefix[len - 1] == '/' || key[len] == '/' || key[len] == '\0';
}

static void visit_file(void *context, const char *key)
{
    struct scrub *scrub = context;
    if (is_below_prefix(scrub, key)) {
        out_progress("checking", scrub->keys++, scrub->total);
        check_object(scrub, key);
    }
}

static void visit_other(void *context, const char *key)
{
    struct scrub *scrub = context;
    struct subject s = {key, kind_of(key), TOOL_UNREADABLE, "it is not a regular file"};
    if (is_below_prefix(scrub, key)) {
        scrub->keys++;
        settle(scrub, &s);
    }
}

/* --- the answer ------------------------------------------------------------------------------ */

static void rewind_findings(void *context)
{
    spill_rewind(&((struct scrub *)context)->findings);
}

static void rewind_notes(void *context)
{
    spill_rewind(&((struct scrub *)context)->notes);
}

static bool next_row(struct spill *spill, struct json *row, bool has_status)
{
    struct spill_row from;
    if (!spill_next(spill, &from)) {
        return false;
    }
    json_add_name(row, "key", from.text[0]);
    json_add_text(row, "kind", kinds[from.number[0]].name);
    if (has_status) {
        json_add_text(row, "status", tool_status_name((wmbt_status)from.number[1]));
    }
    json_add_text(row, "detail", (const char *)from.text[1].data);
    return true;
}

static bool next_finding(void *context, struct json *row)
{
    return next_row(&((struct scrub *)context)->findings, row, true);
}

static bool next_note(void *context, struct json *row)
{
    return next_row(&((struct scrub *)context)->notes, row, false);
}

static struct json *report(struct scrub *scrub)
{
    struct json *root = json_object();
    json_add_number(root, "keys", scrub->keys);
    json_add_number(root, "bytes", scrub->bytes);
    struct json *by_kind = json_add_object(root, "kinds");
    for (unsigned i = 0; i < KINDS; i++) {
        if (scrub->kind[i] != 0) {
            json_add_number(by_kind, kinds[i].name, scrub->kind[i]);
        }
    }
    struct json *by_status = json_add_object(root, "statuses");
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        if (scrub->status[i] != 0) {
            json_add_number(by_status, tool_status_name((wmbt_status)i), scrub->status[i]);
        }
    }
    json_add_rows(root, "findings", (struct json_rows){rewind_findings, next_finding, scrub});
    json_add_rows(root, "notes", (struct json_rows){rewind_notes, next_note, scrub});
    sequences_report(&scrub->sequences, root);
    return root;
}

static void print_counts(const struct json *counts)
{
    const char *between = "";
    for (const struct json *m = counts->first; m != NULL; m = m->next) {
        printf("%s%s %s", between, json_cell(m), m->key);
        between = ", ";
    }
}

/* A line a finding, then the summary. */
static void print_report(const struct json *root, const struct scrub *scrub, bool strict)
{
    struct json_walk walk;
    const struct json *row;
    json_walk_begin(&walk, json_get(root, "findings"));
    while ((row = json_walk_next(&walk)) != NULL) {
        printf("%s  %s: %s\n", out_status(json_get_text(row, "status")),
               json_cell(json_get(row, "key")), json_cell(json_get(row, "detail")));
    }
    sequences_print(root);
    json_walk_begin(&walk, json_get(root, "notes"));
    while (strict && (row = json_walk_next(&walk)) != NULL) {
        printf("note  %s: %s\n", json_cell(json_get(row, "key")),
               json_cell(json_get(row, "detail")));
    }
    printf("%s, %s", out_count(scrub->keys, "key", "keys"), out_size(scrub->bytes));
    if (scrub->keys != 0) {
        fputs(": ", stdout);
        print_counts(json_get(root, "kinds"));
        fputs("; ", stdout);
        print_counts(json_get(root, "statuses"));
    }
    printf("; %s\n", out_count(scrub->notes.count, "note", "notes"));
}

/* A line on standard error for what is no object's status. */
static void refuse_numbers(const struct json *root, const struct scrub *scrub, const char *bucket,
                           bool strict)
{
    uint64_t gaps = json_get(root, "gaps")->number;
    uint64_t repeats = json_get(root, "repeats")->number;
    if (gaps != 0 || repeats != 0) {
        tool_refuse_output(bucket, tool_format("%s and %s in the numbers of WAL objects",
                                               out_count(gaps, "gap", "gaps"),
                                               out_count(repeats, "repeat", "repeats")));
    }
    if (strict && scrub->notes.count != 0) {
        tool_refuse_output(bucket, out_count(scrub->notes.count, "note", "notes"));
    }
}

static void free_keys(struct key_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((char *)(uintptr_t)list->key[i]);
    }
    key_list_free(list);
}

static void count_key(void *context, const char *key)
{
    struct scrub *scrub = context;
    scrub->total += is_below_prefix(scrub, key);
}

/* For the progress bar. A directory is quick to list, and a store is not asked twice. */
static void count_keys(struct scrub *scrub)
{
    const struct walker walker = {count_key, count_key, scrub};
    const char *why = NULL;
    if (out_shows_progress() && scrub->bucket.store == NULL) {
        (void)bucket_walk(&scrub->bucket, scrub->prefix, &walker, &why);
    }
}

static int run(const struct args *args)
{
    struct scrub scrub;
    const char *why = NULL;
    memset(&scrub, 0, sizeof scrub);
    unwrap_choose(args);
    args_operands(args, "one bucket directory", 1, 1);
    const char *name = args->operand[0];
    bool strict = args_flag(args, "--strict");
    scrub.prefix = args_value(args, "--prefix");
    scrub.prefix = scrub.prefix != NULL ? scrub.prefix : "";
    wmbt_status status = bucket_open(&scrub.bucket, name, &why);
    if (status == WMBT_OK) {
        const struct walker walker = {visit_file, visit_other, &scrub};
        count_keys(&scrub);
        status = bucket_walk(&scrub.bucket, scrub.prefix, &walker, &why);
        out_progress_end();
        note_chunks(&scrub);
        bucket_close(&scrub.bucket);
    }
    if (status != WMBT_OK) {
        struct subject s = {name, OTHER, status, why};
        settle(&scrub, &s);
        scrub.kind[OTHER]--;
    }
    const struct json *root = report(&scrub);
    refuse_numbers(root, &scrub, name, strict);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        print_report(root, &scrub, strict);
    }
    free_keys(&scrub.values);
    free_keys(&scrub.chunks);
    hashes_free(&scrub.blocks);
    spill_free(&scrub.findings);
    spill_free(&scrub.notes);
    sequences_free(&scrub.sequences);
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"--prefix", "TEXT", false},
    {"--strict", NULL, false},
    UNWRAP_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_check = {
    .name = "check",
    .summary = "every object of a bucket, as what its key says it is",
    .usage = "DIR [--prefix NS] [--strict] [--libzstd]",
    .help =
        "Reads every object of the bucket (or below NS) and verifies it as what its key says that\n"
        "it is; a value in chunks with all of them, and against its id. Prints a line a finding,\n"
        "gaps and repeats in the numbers of WAL objects, and a summary. Notes are what healthy\n"
        "buckets have, too: a tail without its block, a chunk that no manifest names, a key that\n"
        "is none of ours.\n\n"
        "--prefix NS     only the keys below NS\n"
        "--strict        print notes, and let them count: exit status 1\n" UNWRAP_HELP,
    .example = "  wombatkv check bucket --prefix kv/cabi/ds4-metal\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
