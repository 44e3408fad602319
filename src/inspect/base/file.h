/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files read whole, and buckets: directories that are plain mirrors, object key = path below. What
 * is named s3://... is asked of a store (net/store.h).
 */
#ifndef INSPECT_FILE_H
#define INSPECT_FILE_H

#include <stdbool.h>

#include "wombatkv/base.h"
#include "wombatkv/status.h"

/* Bytes of a file. */
struct file {
    uint8_t *data; /* not NULL, even if there are none */
    size_t len;
    uint64_t stored_bytes; /* of the whole file; `len` if all of it was read */
};

/* What is larger, or has no end, is not read. No format but a segment or an envelope can be so
 * large, and no prompt that `resolve` takes. */
#define FILE_MAX_BYTES ((uint64_t)1 << 32)

/* The beginning of a file that shows what it can be: more than the header of any format. */
#define FILE_BEGINNING_BYTES ((size_t)4096)

/* How large a file that begins so may be. 0: no more of it needs to be read. Asked once, for a file
 * that has more than its beginning. */
struct file_limit {
    uint64_t (*max_bytes)(const void *context, wmbt_view beginning);
    const void *context;
};

/*
 * Reads a file (or pipe) whole, of at most `max_bytes`, which is no more than FILE_MAX_BYTES. ok,
 * missing, too-large, or TOOL_UNREADABLE; *why is then a text or NULL. "-" is a file of that name.
 */
wmbt_status file_read(const char *path, uint64_t max_bytes, struct file *file, const char **why);

/* The same, up to the limit that the file's beginning sets. If that is 0 the answer is `end`: *file
 * has the beginning alone and file->stored_bytes of a regular file its size. */
wmbt_status file_read_limited(const char *path, const struct file_limit *limit, struct file *file,
                              const char **why);

/* Reads standard input whole. */
wmbt_status file_read_stdin(struct file *file, const char **why);

void file_free(struct file *file);

wmbt_view file_view(const struct file *file);

/* An open bucket. */
struct bucket {
    int fd;
    const char *path;
    struct store *store; /* NULL: a directory */
    const char *prefix;  /* of the store's keys, before ours */
};

/* ok, missing or TOOL_UNREADABLE. */
wmbt_status bucket_open(struct bucket *bucket, const char *path, const char **why);
void bucket_close(struct bucket *bucket);

/* The library's own client, if the bucket is a store that it was chosen for; else NULL. */
struct client *bucket_client(const struct bucket *bucket);

/* An open object of a bucket. */
struct bucket_object {
    int fd; /* -1: none is open; INT_MAX: one of a store */
    struct store_object *remote;
    uint64_t bytes;
};

/*
 * Opens an object. The path is walked from the bucket's directory, one component at a time, and no
 * symbolic link is followed, so nothing outside is ever opened. A key that no path below the
 * directory stands for ("..", an empty component, a leading '/') is TOOL_UNREADABLE, as is anything
 * but a regular file. ok, missing, or TOOL_UNREADABLE (*why: text or NULL).
 */
wmbt_status bucket_open_object(const struct bucket *bucket, wmbt_view key,
                               struct bucket_object *object, const char **why);

/* The object will be opened soon. A store is asked for its beginning now, a directory for nothing.
 * bucket_ahead() is for how many that is of use: 0 of a directory. */
void bucket_expect(const struct bucket *bucket, wmbt_view key);
unsigned bucket_ahead(const struct bucket *bucket);

/* The same for files that are named: number `i` of so many will be read next, the others soon. */
void file_expect(const char *const *paths, size_t count, size_t i);

/* True if the bucket has the object. */
bool bucket_has(const struct bucket *bucket, const char *key);

/* Reads `bytes` bytes at an offset. ok, or TOOL_UNREADABLE: an error, or it has become shorter. */
wmbt_status bucket_object_read(const struct bucket_object *object, uint64_t offset, uint8_t *to,
                               size_t bytes, const char **why);

/* Shows bytes at an offset, `bytes` or fewer, at least one: those of a store where they are, others
 * in `room`. Good until the next call. As bucket_object_read(). */
wmbt_status bucket_object_peek(const struct bucket_object *object, uint64_t offset, size_t bytes,
                               uint8_t *room, wmbt_view *view, const char **why);

void bucket_object_close(struct bucket_object *object);

/* True if reading it has failed because a store has another object by now: what came of it is to be
 * forgotten, and it may be opened again, bucket_restarts() times. Files stay as they were opened.
 */
bool bucket_object_has_changed(const struct bucket_object *object);
unsigned bucket_restarts(const struct bucket *bucket);

/* Opens an object and reads it as file_read_limited() does. */
wmbt_status bucket_read(const struct bucket *bucket, wmbt_view key, const struct file_limit *limit,
                        struct file *file, const char **why);

/* Opens a path below `fd`; no component may be a symbolic link. -1: *error says why. */
int file_open_below(int fd, char *path, int *error);

#endif
