/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the keys of a directory or of a store. */
#include "base/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tool.h"
#include "net/store.h"
#include "wombatkv/objkey.h"

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* True if `key` begins with `prefix`, or, for a directory (`key` ends in '/'), could hold such. */
static bool is_wanted(const char *key, const char *prefix, bool directory)
{
    size_t k = strlen(key);
    size_t p = strlen(prefix);
    size_t common = directory && k < p ? k : p;
    return k >= common && memcmp(key, prefix, common) == 0;
}

/* --- a folder -------------------------------------------------------------------------------- */

/* What stands in a folder: the character before a name says what it is. The name of a folder ends
 * in '/', so that names are in the order of keys. */
#define IS_FILE 'f'
#define IS_FOLDER '/'
#define IS_OTHER 'o'

struct folder {
    char *path; /* "" or with a '/' at its end; on the heap, as all of it */
    char *text; /* names with their NUL, each behind its kind */
    size_t len, text_room;
    const char **name; /* into text, in order */
    size_t names, name_room;
    size_t next;
};

static void folder_free(struct folder *folder)
{
    free(folder->path);
    free(folder->text);
    free(folder->name);
}

static char kind_of(mode_t mode)
{
    return S_ISDIR(mode) ? IS_FOLDER : S_ISREG(mode) ? IS_FILE : IS_OTHER;
}

static mode_t mode_of(int fd, const struct dirent *entry)
{
    struct stat st;
    switch (entry->d_type) {
    case DT_REG: return S_IFREG;
    case DT_DIR: return S_IFDIR;
    default: return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode : 0;
    }
}

/* True if it is wanted, or, as what it is or seems to lead to, may have what is. */
static bool is_of_use(const char *key, const char *key_as_folder, mode_t mode, const char *prefix)
{
    if (S_ISDIR(mode)) {
        return strlen(key_as_folder) < WMBT_OBJKEY_MAX_BYTES &&
               is_wanted(key_as_folder, prefix, true);
    }
    return is_wanted(key, prefix, false) ||
           (S_ISLNK(mode) && is_wanted(key_as_folder, prefix, true));
}

static void add_name(struct folder *folder, char kind, const char *name)
{
    size_t len = strlen(name) + (kind == IS_FOLDER ? 3 : 2);
    while (folder->text_room - folder->len < len) {
        folder->text = tool_grow(folder->text, folder->text_room, &folder->text_room, 1);
    }
    char *to = folder->text + folder->len;
    *to++ = kind;
    strcpy(to, name);
    if (kind == IS_FOLDER) {
        strcat(to, "/");
    }
    folder->len += len;
    folder->names++;
}

/* Puts the names in order. They stand one behind the other. */
static void sort_names(struct folder *folder)
{
    const char *at = folder->text;
    size_t count = folder->names;
    folder->name = malloc((count + 1) * sizeof *folder->name);
    folder->names = folder->name != NULL ? count : 0;
    for (size_t i = 0; i < folder->names; i++) {
        folder->name[i] = at + 1;
        at += strlen(at) + 1;
    }
    if (folder->names > 1) {
        qsort(folder->name, folder->names, sizeof *folder->name, compare_keys);
    }
}

/* Reads the folder at folder->path. 0, or what went wrong. */
static int folder_read(struct folder *folder, int root, const char *prefix)
{
    int error = 0;
    struct tool_mark mark = tool_mark();
    size_t len = strlen(folder->path);
    int fd = len == 0 ? dup(root) : file_open_below(root, tool_copy(folder->path, len - 1), &error);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    tool_release_to(mark);
    if (dir == NULL) {
        error = fd < 0 && len != 0 ? error : errno;
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    rewinddir(dir);
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *name = entry->d_name;
        mode_t mode = mode_of(dirfd(dir), entry);
        if (mode != 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            mark = tool_mark();
            const char *key = tool_format("%s%s/", folder->path, name);
            const char *bare = tool_copy(key, strlen(key) - 1);
            if (is_of_use(bare, key, mode, prefix)) {
                add_name(folder, kind_of(mode), name);
            }
            tool_release_to(mark);
        }
        errno = 0;
    }
    error = errno;
    closedir(dir);
    sort_names(folder);
    return error;
}

/* --- a directory ----------------------------------------------------------------------------- */

/* The folders that the walk is in. */
struct levels {
    struct folder *folder;
    size_t count, room;
};

/* Goes into a folder. Its first error that is not that it is gone stays in *why. */
static wmbt_status enter(struct levels *levels, int root, const char *path, const char *prefix,
                         const char **why)
{
    struct folder folder = {0};
    folder.path = tool_keep(path, strlen(path));
    int error = folder_read(&folder, root, prefix);
    levels->folder =
        tool_grow(levels->folder, levels->count, &levels->room, sizeof *levels->folder);
    memcpy(&levels->folder[levels->count++], &folder, sizeof folder);
    if (error == 0 || (error == ENOENT && path[0] != '\0')) {
        return WMBT_OK;
    }
    *why = tool_format("%s: %s", path, strerror(error));
    return TOOL_UNREADABLE;
}

static wmbt_status walk_directory(int root, const char *prefix, const struct walker *walker,
                                  const char **why)
{
    struct levels levels = {0};
    wmbt_status status = enter(&levels, root, "", prefix, why);
    while (levels.count != 0) {
        struct folder *top = &levels.folder[levels.count - 1];
        if (top->next == top->names) {
            folder_free(top);
            levels.count--;
            continue;
        }
        const char *name = top->name[top->next++];
        const char *ignored = NULL;
        struct tool_mark mark = tool_mark();
        const char *key = tool_format("%s%s", top->path, name);
        if (name[-1] == IS_FOLDER) {
            char *path = tool_keep(key, strlen(key));
            tool_release_to(mark);
            wmbt_status entered =
                enter(&levels, root, path, prefix, status == WMBT_OK ? why : &ignored);
            status = status == WMBT_OK ? entered : status;
            free(path);
            continue;
        }
        (name[-1] == IS_FILE ? walker->file : walker->other)(walker->context, key);
        tool_release_to(mark);
    }
    free(levels.folder);
    return status;
}

/* --- a store --------------------------------------------------------------------------------- */

/* A page of its keys, without the prefix that stands for the bucket's directory. */
struct page {
    const struct bucket *bucket;
    const struct walker *walker;
    struct key_list keys; /* on the heap */
    char last[WMBT_S3_MAX_KEY_BYTES + 1];
};

static void add_to_page(void *context, const char *key, size_t len)
{
    struct page *page = context;
    size_t skip = strlen(page->bucket->prefix);
    if (len > skip && len <= WMBT_S3_MAX_KEY_BYTES) {
        key_list_add(&page->keys, tool_keep(key + skip, len - skip));
    }
}

/* A key that appears or goes while pages are asked for can put another one on two of them. */
static void end_page(void *context)
{
    struct page *page = context;
    for (size_t i = 0; i < page->keys.count; i++) {
        struct tool_mark mark = tool_mark();
        key_list_expect(&page->keys, page->bucket, i);
        if (strcmp(page->last, page->keys.key[i]) != 0) {
            page->walker->file(page->walker->context, page->keys.key[i]);
        }
        tool_release_to(mark);
        strcpy(page->last, page->keys.key[i]);
    }
    for (size_t i = 0; i < page->keys.count; i++) {
        free((char *)(uintptr_t)page->keys.key[i]);
    }
    page->keys.count = 0;
}

static wmbt_status walk_store(const struct bucket *bucket, const char *prefix,
                              const struct walker *walker, const char **why)
{
    struct page page = {.bucket = bucket, .walker = walker};
    wmbt_status status = store_list(bucket->store, tool_format("%s%s", bucket->prefix, prefix),
                                    add_to_page, end_page, &page, why);
    key_list_free(&page.keys);
    return status;
}

wmbt_status bucket_walk(const struct bucket *bucket, const char *prefix,
                        const struct walker *walker, const char **why)
{
    return bucket->store != NULL ? walk_store(bucket, prefix, walker, why)
                                 : walk_directory(bucket->fd, prefix, walker, why);
}

wmbt_status bucket_has_below(const struct bucket *bucket, const char *prefix)
{
    size_t len = strlen(prefix);
    int error = 0;
    if (bucket->store != NULL) {
        return store_has_below(bucket->store, tool_format("%s%s", bucket->prefix, prefix));
    }
    int fd = len == 0 ? dup(bucket->fd)
                      : file_open_below(bucket->fd, tool_copy(prefix, len - 1), &error);
    struct stat st;
    bool is_folder = fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (fd >= 0) {
        close(fd);
    }
    return is_folder                                        ? WMBT_OK
           : fd >= 0 || error == ENOENT || error == ENOTDIR ? WMBT_MISSING
                                                            : TOOL_UNREADABLE;
}

/* --- lists ----------------------------------------------------------------------------------- */

void key_list_add(struct key_list *list, const char *key)
{
    list->key = tool_grow(list->key, list->count, &list->room, sizeof *list->key);
    list->key[list->count++] = key;
}

void key_list_sort(struct key_list *list)
{
    if (list->count > 1) {
        qsort(list->key, list->count, sizeof *list->key, compare_keys);
    }
}

bool key_list_has(const struct key_list *list, const char *key)
{
    return list->count != 0 &&
           bsearch(&key, list->key, list->count, sizeof *list->key, compare_keys) != NULL;
}

void key_list_expect(const struct key_list *list, const struct bucket *bucket, size_t i)
{
    size_t ahead = bucket_ahead(bucket);
    for (size_t k = i == 0 ? 1 : i + ahead; k <= i + ahead && k < list->count; k++) {
        bucket_expect(bucket, tool_view(list->key[k]));
    }
}

void key_list_free(struct key_list *list)
{
    free(list->key);
    memset(list, 0, sizeof *list);
}

static void list_file(void *context, const char *key)
{
    struct key_lists *lists = context;
    key_list_add(&lists->files, tool_keep(key, strlen(key)));
}

static void list_other(void *context, const char *key)
{
    struct key_lists *lists = context;
    key_list_add(&lists->others, tool_keep(key, strlen(key)));
}

/* In order also where a store lists in none; each once. */
static void put_in_order(struct key_list *list)
{
    size_t kept = 0;
    key_list_sort(list);
    for (size_t i = 0; i < list->count; i++) {
        if (kept != 0 && strcmp(list->key[kept - 1], list->key[i]) == 0) {
            free((char *)(uintptr_t)list->key[i]);
        } else {
            list->key[kept++] = list->key[i];
        }
    }
    list->count = kept;
}

wmbt_status bucket_list(const struct bucket *bucket, const char *prefix, struct key_lists *lists,
                        const char **why)
{
    const struct walker walker = {list_file, list_other, lists};
    memset(lists, 0, sizeof *lists);
    wmbt_status status = bucket_walk(bucket, prefix, &walker, why);
    put_in_order(&lists->files);
    return status;
}

static void free_keys(struct key_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free((char *)(uintptr_t)list->key[i]);
    }
    key_list_free(list);
}

void key_lists_free(struct key_lists *lists)
{
    free_keys(&lists->files);
    free_keys(&lists->others);
}
