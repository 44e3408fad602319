/* SPDX-License-Identifier: Apache-2.0 */
/* What of a prompt can be reused from a bucket: drives the library's reader (wombatkv/reader.h),
 * which judges and plans, and answers its wants from files. */
#ifndef INSPECT_RESOLVE_H
#define INSPECT_RESOLVE_H

#include "prompt/chains.h"
#include "base/file.h"
#include "base/json.h"
#include "prompt/keys.h"
#include "format/unwrap.h"
#include "prompt/seen.h"
#include "wombatkv/reader.h"

#define RESOLVE_SHAPE (&wmbt_shape_deepseek_v4_flash)

/* For the table of a command's options, its usage line and its help. */
#define RESOLVE_OPTIONS                                                                    \
    {"--bucket", "DIR", false}, KEY_OPTIONS, CHAIN_OPTIONS, {"--trust-tail", NULL, false}, \
    {                                                                                      \
        "--inexact", NULL, false                                                           \
    }
#define RESOLVE_USAGE                                     \
    "--bucket DIR --prefix P --namespace NS " CHAIN_USAGE \
    "\n       [--trust-tail] [--inexact] [--libzstd]"
#define RESOLVE_HELP                                                                           \
    "--bucket DIR    a plain mirror: object key = path below DIR; or s3://BUCKET[/PREFIX]\n"   \
    "--prefix P      the bucket's key prefix, such as kv/cabi\n"                               \
    "--namespace NS  the namespace; may be empty\n"                                            \
    "--trust-tail    you vouch that the stored raw tail speaks of these tokens\n"              \
    "--inexact       plan as upstream's engine goes on: the result is another than without a " \
    "cache\n"

/* Where and how to look. */
struct resolver {
    struct bucket bucket;
    struct key_options keys;
    struct chain_options chain;
    bool trust_tail;
    bool inexact;
    bool has_looked;
    char *exists_up_to;    /* once it has looked for it; on the heap, or NULL */
    struct seen seen;      /* blocks of the prompts so far */
    struct client *client; /* NULL: objects are read one at a time, through `bucket` */
    wmbt_view key_prefix;  /* of the keys that the reader makes */
    uint64_t serial;       /* of the next reader's first want */
};

/* Who takes the rows of a prompt: those of the usable blocks in order, then those of the tail if it
 * counts, each once its object is verified. */
struct row_taker {
    void (*take)(struct row_taker *taker, uint32_t layer, uint32_t kind, wmbt_view rows);
};

/* What was found of a block or of the tail. */
struct found {
    uint64_t bytes;      /* as stored, of a large value manifest and chunks together */
    const char *why;     /* words about an object that cannot be read, else NULL */
    wmbt_status refused; /* of a tail that does not fit: not ok if it is not intact, either */
};

/* A prompt's answer, in memory of its own. */
struct resolved {
    wmbt_reader *reader; /* all is settled */
    void *memory;
    size_t key_skip; /* bytes of the reader's keys before the bucket's own */
    uint32_t tokens;
    uint32_t blocks;     /* full ones */
    uint32_t usable;     /* blocks from the first on that are verified */
    struct found *found; /* of each block, then of the tail */
    wmbt_plan plan;      /* as asked for */
    uint32_t exact_from; /* from where an exact result must be run */
    uint32_t restored;   /* tokens, as upstream counts them */
    bool tail_counts;
    const char *exists_up_to; /* if no block is stored: the longest part of their keys that leads
                               * somewhere in the bucket, "" if none of it does; NULL: not so, or it
                               * cannot be told */
    uint64_t bytes_to_read;   /* of the usable blocks, and of the tail if it counts */
};

/* Reads the options and opens the bucket. A mistake ends the process; the bucket's status is ok,
 * missing or TOOL_UNREADABLE (noted). */
wmbt_status resolver_open(struct resolver *resolver, const struct args *args);
void resolver_close(struct resolver *resolver);

/* Reads a prompt's tokens. ok, as tokens_read(), or too-large and then *why. */
wmbt_status resolve_read(const struct resolver *resolver, const char *path, struct prompt *prompt,
                         const char **why);

/* Resolves one prompt, whose blocks are hashed; `taker` may be NULL. Memory: one object at a time,
 * or as many as the client has in flight. ok, or too-large and then *why. */
wmbt_status resolve(struct resolver *resolver, const struct prompt *prompt, struct row_taker *taker,
                    struct resolved *result, const char **why);
void resolved_free(struct resolved *result);

/* What became of block number `object`, or of the tail (WMBT_READER_TAIL). */
wmbt_reader_object resolved_object(const struct resolved *result, uint32_t object);

/* The key of one, of tool_alloc(); NULL: there is no tail, as no block is usable. */
const char *resolved_key(const struct resolved *result, uint32_t object);

const struct found *resolved_found(const struct resolved *result, uint32_t object);

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

#endif
