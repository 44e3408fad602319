/* SPDX-License-Identifier: Apache-2.0 */
/* What of a prompt can be reused from a bucket: fetches, judges, makes the plan. */
#ifndef INSPECT_RESOLVE_H
#define INSPECT_RESOLVE_H

#include "chains.h"
#include "file.h"
#include "json.h"
#include "keys.h"
#include "unwrap.h"
#include "wombatkv/plan.h"

/* For the table of a command's options, its usage line and its help. */
#define RESOLVE_OPTIONS                                     \
    {"--bucket", "DIR", false}, KEY_OPTIONS, CHAIN_OPTIONS, \
    {                                                       \
        "--trust-tail", NULL, false                         \
    }
#define RESOLVE_USAGE \
    "--bucket DIR --prefix P --namespace NS " CHAIN_USAGE "\n       [--trust-tail] [--libzstd]"
#define RESOLVE_HELP                                                \
    "--bucket DIR    a plain mirror: object key = path below DIR\n" \
    "--prefix P      the bucket's key prefix, such as kv/cabi\n"    \
    "--namespace NS  the namespace; may be empty\n"                 \
    "--trust-tail    you vouch that the stored raw tail speaks of these tokens\n"

/* Where and how to look. */
struct resolver {
    struct bucket bucket;
    struct key_options keys;
    struct chain_options chain;
    bool trust_tail;
};

struct resolved_block {
    wmbt_block_hash hash;
    const char *key;
    wmbt_status status; /* ok, missing, its reader's, TOOL_UNREADABLE */
    uint64_t bytes;     /* as stored */
    const char *why;    /* words about an object that cannot be read, else NULL */
};

struct resolved {
    uint32_t tokens;
    size_t count; /* full blocks */
    struct resolved_block *block;
    const char *tail_key; /* NULL: no usable block, so no tail */
    const char *tail_why; /* as above */
    wmbt_plan_tail tail;
    wmbt_plan plan;
};

/* Reads the options and opens the bucket. A mistake ends the process; the bucket's status is ok,
 * missing or TOOL_UNREADABLE (noted). */
wmbt_status resolver_open(struct resolver *resolver, const struct args *args);
void resolver_close(struct resolver *resolver);

/* Resolves one prompt. */
void resolve(const struct resolver *resolver, const struct tokens *tokens, struct resolved *result);

/* Notes what is damaged, so that the exit status says so. */
void resolve_note_damage(const struct resolved *result);

/*
 * Adds the answer for one prompt to an array, or returns it if `list` is NULL. `result` NULL: the
 * prompt could not be read or the bucket not be opened, as `status` says.
 */
struct json *resolve_json(struct json *list, const struct resolver *resolver, const char *path,
                          wmbt_status status, const struct resolved *result);

/* Prints one prompt's answer for people. */
void resolve_print(const struct json *row);

/* The plain bytes of an object, large values put together. */
struct value {
    wmbt_view bytes;       /* in one of the three below */
    const char *why;       /* words about an object that cannot be read, else NULL */
    uint64_t stored_bytes; /* manifest and chunks of a large value together */
    struct file file;
    struct plain plain;
    uint8_t *joined; /* malloc() */
};

/* ok, missing, TOOL_UNREADABLE, or what unwrapping or putting together said. */
wmbt_status resolve_fetch(const struct resolver *resolver, const char *key, struct value *value);
void resolve_free(struct value *value);

#endif
