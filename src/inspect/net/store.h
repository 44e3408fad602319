/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets behind S3: s3://BUCKET[/KEY or PREFIX]. Requests are signed and answers are read by the
 * library (sigv4.h, s3.h); bytes go over a socket of ours or over libcurl, which is not asked what
 * an answer means. An object is read ahead over several connections, which are kept.
 */
#ifndef INSPECT_STORE_H
#define INSPECT_STORE_H

#include "base/args.h"
#include "wombatkv/s3.h"

struct store;
struct store_object;

/* Options of every command that reads objects; ends with a NULL name. */
extern const struct args_option store_options[];
extern const char store_help[];

/* Remembers the options that were given. Mistakes end the process (EXIT_USAGE). */
void store_setup(const struct args *args);

struct client;

/* True if a path names a bucket or object behind S3. */
bool store_is_url(const char *path);

/* The bucket of a URL, and what stands behind it (no leading '/'; may be empty). A URL without a
 * bucket, or what cannot be asked at all (no credentials, a build without libcurl), ends the
 * process (EXIT_USAGE). The store lives until the process ends. */
struct store *store_open(const char *url, const char **rest);

/* Closes connections, wipes keys. */
void store_close_all(void);

/* The object will be opened soon: its beginning is asked for now. */
void store_expect(struct store *store, wmbt_view key);

/* How many objects it is of use to expect at once. */
unsigned store_ahead(void);

/* ok, missing, or TOOL_UNREADABLE: *why then says what the store said. */
wmbt_status store_object_open(struct store *store, wmbt_view key, struct store_object **object,
                              uint64_t *bytes, const char **why);

/* Reads `bytes` bytes at an offset, which lie inside the object. ok or TOOL_UNREADABLE. */
wmbt_status store_object_read(struct store_object *object, uint64_t offset, uint8_t *to,
                              size_t bytes, const char **why);

/* Shows `bytes` bytes or fewer, at least one, until the next call. */
wmbt_status store_object_peek(struct store_object *object, uint64_t offset, size_t bytes,
                              wmbt_view *view, const char **why);
void store_object_close(struct store_object *object);

/* True if reading it has failed because it is another object by now: open it again, and forget what
 * came. How often an object is worth that: store_restarts(). */
bool store_object_has_changed(const struct store_object *object);
unsigned store_restarts(void);

/* The library's own client (net/client.h) of a store, for prompts; NULL: --client curl. */
struct client *store_client(struct store *store);

/* Calls `add` for each key that begins with `prefix`, and `end_page` behind those of each page. ok
 * or TOOL_UNREADABLE. */
wmbt_status store_list(struct store *store, const char *prefix,
                       void (*add)(void *context, const char *key, size_t len),
                       void (*end_page)(void *context), void *context, const char **why);

/* ok if the store lists a key that begins with `prefix`; missing; or TOOL_UNREADABLE. */
wmbt_status store_has_below(struct store *store, const char *prefix);

#endif
