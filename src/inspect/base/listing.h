/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a bucket, in ascending order of their bytes: one after the other, or as a list. No
 * symbolic link is followed, and no folder whose path is longer than the longest key of S3 (1,024
 * bytes); folders that are removed meanwhile are passed over.
 */
#ifndef INSPECT_LISTING_H
#define INSPECT_LISTING_H

#include "base/file.h"

/* Who is given the keys, each for as long as the call. */
struct walker {
    void (*file)(void *context, const char *key);
    /* What is neither file nor directory, symbolic links above all, and what leads to wanted keys
     * if it is a link to a directory: reading it is refused. */
    void (*other)(void *context, const char *key);
    void *context;
};

/*
 * Walks over the keys that begin with `prefix`, which need not end at a '/'. Memory: the names of
 * one folder at each level, or a page of a store; objects that come next are expected. A key that a
 * store lists twice is passed over if it follows itself. ok, or TOOL_UNREADABLE (*why names the
 * place) when all that can be listed has been.
 */
wmbt_status bucket_walk(const struct bucket *bucket, const char *prefix,
                        const struct walker *walker, const char **why);

/* ok if a key begins with `prefix`, which ends with a '/' or is empty (of a directory, if there is
 * such a folder); missing; or TOOL_UNREADABLE. */
wmbt_status bucket_has_below(const struct bucket *bucket, const char *prefix);

/* Keys of a bucket. */
struct key_list {
    const char **key; /* NUL-terminated */
    size_t count;
    size_t room;
};

void key_list_add(struct key_list *list, const char *key);
void key_list_sort(struct key_list *list);
/* True if a sorted list has the key. */
bool key_list_has(const struct key_list *list, const char *key);
/* Key number `i` is opened next, those behind it soon: called for each in order. */
void key_list_expect(const struct key_list *list, const struct bucket *bucket, size_t i);
void key_list_free(struct key_list *list);

/* What a bucket holds below a prefix, as a walker is given it. */
struct key_lists {
    struct key_list files;
    struct key_list others;
};

/* The lists of all that bucket_walk() passes; as that one. */
wmbt_status bucket_list(const struct bucket *bucket, const char *prefix, struct key_lists *lists,
                        const char **why);
void key_lists_free(struct key_lists *lists);

#endif
