/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv check: every object of a bucket, verified as what its key says that it is. */
#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "base/json.h"
#include "base/out.h"
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
    struct key_lists keys;
    struct key_list values; /* BASE/ID of manifests whose chunks are accounted for */
    struct sequences sequences;
    uint64_t bytes;
    uint64_t kind[KINDS];
    uint64_t status[UINT8_MAX + 1];
    struct json *findings;
    struct json *notes;
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
    struct json *note = json_add_object(scrub->notes, NULL);
    json_add_name(note, "key", tool_view(s->key));
    json_add_text(note, "kind", kinds[s->kind].name);
    json_add_text(note, "detail", detail);
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
    struct json *finding = json_add_object(scrub->findings, NULL);
    json_add_name(finding, "key", tool_view(s->key));
    json_add_text(finding, "kind", kinds[s->kind].name);
    json_add_text(finding, "status", tool_status_name(s->status));
    json_add_text(finding, "detail", detail != NULL ? detail : "");
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
        key_list_add(&scrub->values, tool_format("%s/%.*s", value.base, (int)manifest.id.len,
                                                 (const char *)manifest.id.data));
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
    if (!key_list_has(&scrub->keys.files, block) && !bucket_has(&scrub->bucket, block)) {
        add_note(scrub, s, "the block that it continues is not stored");
    }
}

static void note_chunk(struct scrub *scrub, const struct subject *s)
{
    wmbt_view base, id;
    if (large_value_is_chunk(s->key, &base, &id) &&
        !key_list_has(&scrub->values,
                      tool_format("%.*s/%.*s", (int)base.len, (const char *)base.data, (int)id.len,
                                  (const char *)id.data))) {
        add_note(scrub, s, "no manifest names it");
    }
}

static void check_object(struct scrub *scrub, const char *key)
{
    struct subject s = {key, kind_of(key), WMBT_OK, NULL};
    struct file_limit limit = limit_of(s.kind);
    struct file file;
    wmbt_wal_key wal;
    wmbt_view prefix;
    s.status = bucket_read(&scrub->bucket, tool_view(key), limit.max_bytes != NULL ? &limit : NULL,
                           &file, &s.detail);
    if (s.status == WMBT_OK || s.status == WMBT_END) {
        scrub->bytes += file.stored_bytes;
        check_bytes(scrub, &s, file_view(&file), s.status == WMBT_OK);
        file_free(&file);
    } else if (s.status == WMBT_MISSING) {
        s.status = TOOL_UNREADABLE;
        s.detail = "it was there when the bucket was listed";
    }
    settle(scrub, &s);
    if (s.kind == OTHER) {
        add_note(scrub, &s, "its key is none that this tool knows");
    } else if (s.kind == RAW_TAIL) {
        note_tail(scrub, &s);
    } else if (s.kind == WAL || s.kind == WAL_BATCH) {
        if (wmbt_wal_key_guess(tool_view(key), &prefix, &wal) == WMBT_OK) {
            sequences_add(&scrub->sequences, prefix, tool_view(key), &wal);
        }
    }
}

/* Objects; then chunks, once all manifests are known. */
static void check_all(struct scrub *scrub)
{
    const struct key_list *files = &scrub->keys.files;
    for (size_t i = 0; i < files->count; i++) {
        out_progress("checking", i, files->count);
        key_list_expect(files, &scrub->bucket, i);
        check_object(scrub, files->key[i]);
    }
    out_progress_end();
    key_list_sort(&scrub->values);
    for (size_t i = 0; i < files->count; i++) {
        struct subject s = {files->key[i], kind_of(files->key[i]), WMBT_OK, NULL};
        if (s.kind == CHUNK) {
            note_chunk(scrub, &s);
        }
    }
    for (size_t i = 0; i < scrub->keys.others.count; i++) {
        struct subject s = {scrub->keys.others.key[i], OTHER, TOOL_UNREADABLE, NULL};
        s.kind = kind_of(s.key);
        s.detail = "it is not a regular file";
        settle(scrub, &s);
    }
}

/* Drops the keys that are not the prefix itself and not below it: a listing by letters has more. */
static void keep_below(struct key_list *list, const char *prefix)
{
    size_t len = strlen(prefix);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        char next = list->key[i][len];
        if (len == 0 || prefix[len - 1] == '/' || next == '/' || next == '\0') {
            list->key[kept++] = list->key[i];
        }
    }
    list->count = kept;
}

/* --- the answer ------------------------------------------------------------------------------ */

static struct json *report(struct scrub *scrub)
{
    struct json *root = json_object();
    json_add_number(root, "keys", scrub->keys.files.count + scrub->keys.others.count);
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
    json_add(root, "findings", scrub->findings);
    json_add(root, "notes", scrub->notes);
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
static void print_report(const struct json *root, bool strict)
{
    for (const struct json *f = json_get(root, "findings")->first; f != NULL; f = f->next) {
        printf("%s  %s: %s\n", out_status(json_get_text(f, "status")),
               json_cell(json_get(f, "key")), json_cell(json_get(f, "detail")));
    }
    sequences_print(root);
    for (const struct json *n = json_get(root, "notes")->first; strict && n != NULL; n = n->next) {
        printf("note  %s: %s\n", json_cell(json_get(n, "key")), json_cell(json_get(n, "detail")));
    }
    uint64_t keys = json_get_number(root, "keys");
    printf("%s, %s", out_count(keys, "key", "keys"), out_size(json_get_number(root, "bytes")));
    if (keys != 0) {
        fputs(": ", stdout);
        print_counts(json_get(root, "kinds"));
        fputs("; ", stdout);
        print_counts(json_get(root, "statuses"));
    }
    printf("; %s\n", out_count(json_get(root, "notes")->number, "note", "notes"));
}

/* A line on standard error for what is no object's status. */
static void refuse_numbers(const struct json *root, const char *bucket, bool strict)
{
    uint64_t gaps = json_get(root, "gaps")->number;
    uint64_t repeats = json_get(root, "repeats")->number;
    uint64_t notes = strict ? json_get(root, "notes")->number : 0;
    if (gaps != 0 || repeats != 0) {
        tool_refuse_output(bucket, tool_format("%s and %s in the numbers of WAL objects",
                                               out_count(gaps, "gap", "gaps"),
                                               out_count(repeats, "repeat", "repeats")));
    }
    if (notes != 0) {
        tool_refuse_output(bucket, out_count(notes, "note", "notes"));
    }
}

static int run(const struct args *args)
{
    struct scrub scrub;
    const char *why = NULL;
    memset(&scrub, 0, sizeof scrub);
    scrub.findings = json_array();
    scrub.notes = json_array();
    unwrap_choose(args);
    args_operands(args, "one bucket directory", 1, 1);
    const char *name = args->operand[0];
    const char *prefix = args_value(args, "--prefix");
    bool strict = args_flag(args, "--strict");
    prefix = prefix != NULL ? prefix : "";
    wmbt_status status = bucket_open(&scrub.bucket, name, &why);
    bool opened = status == WMBT_OK;
    if (opened) {
        status = bucket_list(&scrub.bucket, prefix, &scrub.keys, &why);
        keep_below(&scrub.keys.files, prefix);
        keep_below(&scrub.keys.others, prefix);
        check_all(&scrub);
        bucket_close(&scrub.bucket);
    }
    if (status != WMBT_OK) {
        struct subject s = {name, OTHER, status, why};
        settle(&scrub, &s);
        scrub.kind[OTHER]--;
    }
    const struct json *root = report(&scrub);
    refuse_numbers(root, name, strict);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        print_report(root, strict);
    }
    key_lists_free(&scrub.keys);
    key_list_free(&scrub.values);
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
