/* SPDX-License-Identifier: Apache-2.0 */
/* Files and buckets. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tool.h"
#include "net/store.h"
#include "wombatkv/objkey.h"

static wmbt_status from_errno(int error, const char **why)
{
    if (error == ENOENT || error == ENOTDIR) {
        *why = "there is no such file";
        return WMBT_MISSING;
    }
    *why = error == EISDIR ? "it is a directory" : tool_format("%s", strerror(error));
    return TOOL_UNREADABLE;
}

/* --- reading --------------------------------------------------------------------------------- */

#define FIRST_CAPACITY ((size_t)1 << 16)

static wmbt_status too_large(const char **why)
{
    *why = "it is larger than the 4 GiB that this tool reads";
    return WMBT_TOO_LARGE;
}

/* A file that is being read. */
struct reading_file {
    int fd;
    struct store_object *remote; /* or an object of a store */
    uint64_t size;               /* of a regular file; 0: not known */
    const struct file_limit *limit;
    uint64_t max_bytes;
    bool is_limited; /* the beginning has been looked at */
    size_t capacity;
};

/* Looks at the beginning once it is there. `end`: that is all that is needed. */
static wmbt_status apply_limit(struct reading_file *r, const struct file *file, const char **why)
{
    if (!r->is_limited && r->limit != NULL && file->len > FILE_BEGINNING_BYTES) {
        wmbt_view beginning = wmbt_view_of(file->data, FILE_BEGINNING_BYTES);
        r->max_bytes = r->limit->max_bytes(r->limit->context, beginning);
        r->is_limited = true;
    }
    if (r->max_bytes == 0) {
        return WMBT_END;
    }
    if (file->len > r->max_bytes || (r->is_limited && r->size > r->max_bytes)) {
        *why = "it is larger than anything that begins so";
        return r->max_bytes == FILE_MAX_BYTES ? too_large(why) : WMBT_TOO_LARGE;
    }
    return WMBT_OK;
}

/* Makes room for one byte more: all that the size promises and one byte to see the end, or twice
 * as much as before. */
static bool grow(struct reading_file *r, struct file *file)
{
    if (file->len < r->capacity) {
        return true;
    }
    size_t capacity = r->capacity > SIZE_MAX / 2 ? 0 : r->capacity * 2;
    if (r->size > capacity && r->size < SIZE_MAX) {
        capacity = (size_t)r->size + 1;
    }
    uint8_t *grown = capacity != 0 ? realloc(file->data, capacity) : NULL;
    if (grown != NULL) {
        file->data = grown;
        r->capacity = capacity;
    }
    return grown != NULL;
}

/* Reads the next bytes of an object of a store. */
static wmbt_status read_remote(struct reading_file *r, struct file *file, const char **why)
{
    uint64_t left = r->size - file->len;
    size_t room = r->capacity - file->len;
    size_t n = left < room ? (size_t)left : room;
    wmbt_status status = store_object_read(r->remote, file->len, file->data + file->len, n, why);
    file->len += status == WMBT_OK ? n : 0;
    return status;
}

static wmbt_status read_on(struct reading_file *r, struct file *file, const char **why)
{
    for (;;) {
        wmbt_status status = apply_limit(r, file, why);
        if (status != WMBT_OK) {
            return status;
        }
        if (!grow(r, file)) {
            *why = "not enough memory";
            return TOOL_UNREADABLE;
        }
        if (r->remote != NULL) {
            if (file->len == r->size) {
                return WMBT_OK;
            }
            status = read_remote(r, file, why);
            if (status != WMBT_OK) {
                return status;
            }
            continue;
        }
        ssize_t got = read(r->fd, file->data + file->len, r->capacity - file->len);
        if (got == 0) {
            return WMBT_OK;
        }
        if (got < 0 && errno != EINTR) {
            return from_errno(errno, why);
        }
        file->len += got > 0 ? (size_t)got : 0;
    }
}

static wmbt_status read_source(struct reading_file *r, struct file *file, const char **why)
{
    memset(file, 0, sizeof *file);
    if (r->size > FILE_MAX_BYTES) {
        return too_large(why);
    }
    if (r->size > r->max_bytes) {
        *why = tool_format("it is larger than %llu bytes", (unsigned long long)r->max_bytes);
        return WMBT_TOO_LARGE;
    }
    file->data = malloc(r->capacity);
    wmbt_status status = file->data != NULL ? read_on(r, file, why) : TOOL_UNREADABLE;
    file->stored_bytes = status == WMBT_END && r->size > file->len ? r->size : file->len;
    if (status == WMBT_END) {
        file->len = FILE_BEGINNING_BYTES;
    } else if (status != WMBT_OK) {
        file_free(file);
    }
    return status;
}

static wmbt_status read_fd(int fd, const struct file_limit *limit, uint64_t max_bytes,
                           struct file *file, const char **why)
{
    struct stat st;
    memset(file, 0, sizeof *file);
    if (fstat(fd, &st) != 0) {
        return from_errno(errno, why);
    }
    if (S_ISDIR(st.st_mode)) {
        return from_errno(EISDIR, why);
    }
    struct reading_file r = {
        .fd = fd, .limit = limit, .max_bytes = max_bytes, .capacity = FIRST_CAPACITY};
    r.size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return read_source(&r, file, why);
}

static wmbt_status read_key(struct store *store, wmbt_view key, const struct file_limit *limit,
                            uint64_t max_bytes, struct file *file, const char **why)
{
    for (unsigned restarts = 0;; restarts++) {
        struct reading_file r = {
            .fd = -1, .limit = limit, .max_bytes = max_bytes, .capacity = FIRST_CAPACITY};
        memset(file, 0, sizeof *file);
        wmbt_status status = store_object_open(store, key, &r.remote, &r.size, why);
        if (status != WMBT_OK) {
            return status;
        }
        status = read_source(&r, file, why);
        bool again = store_object_has_changed(r.remote) && restarts < store_restarts();
        store_object_close(r.remote);
        if (!again) {
            return status;
        }
    }
}

static wmbt_status read_url(const char *url, const struct file_limit *limit, uint64_t max_bytes,
                            struct file *file, const char **why)
{
    const char *key;
    struct store *store = store_open(url, &key);
    if (key[0] == '\0') {
        *why = "it is a bucket";
        memset(file, 0, sizeof *file);
        return TOOL_UNREADABLE;
    }
    return read_key(store, wmbt_view_of(key, strlen(key)), limit, max_bytes, file, why);
}

static wmbt_status open_and_read(const char *path, const struct file_limit *limit,
                                 uint64_t max_bytes, struct file *file, const char **why)
{
    if (store_is_url(path)) {
        return read_url(path, limit, max_bytes, file, why);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return from_errno(errno, why);
    }
    wmbt_status status = read_fd(fd, limit, max_bytes, file, why);
    close(fd);
    return status;
}

wmbt_status file_read(const char *path, uint64_t max_bytes, struct file *file, const char **why)
{
    return open_and_read(path, NULL, max_bytes, file, why);
}

wmbt_status file_read_limited(const char *path, const struct file_limit *limit, struct file *file,
                              const char **why)
{
    return open_and_read(path, limit, FILE_MAX_BYTES, file, why);
}

wmbt_status file_read_stdin(struct file *file, const char **why)
{
    return read_fd(STDIN_FILENO, NULL, FILE_MAX_BYTES, file, why);
}

void file_free(struct file *file)
{
    free(file->data);
    file->data = NULL;
    file->len = 0;
}

wmbt_view file_view(const struct file *file)
{
    return wmbt_view_of(file->data, file->len);
}

#define REMOTE_FD INT_MAX

/* --- buckets --------------------------------------------------------------------------------- */

wmbt_status bucket_open(struct bucket *bucket, const char *path, const char **why)
{
    bucket->path = path;
    bucket->store = NULL;
    bucket->prefix = "";
    if (store_is_url(path)) {
        bucket->fd = -1;
        bucket->store = store_open(path, &bucket->prefix);
        size_t len = strlen(bucket->prefix);
        if (len != 0 && bucket->prefix[len - 1] != '/') {
            bucket->prefix = tool_format("%s/", bucket->prefix);
        }
        return WMBT_OK;
    }
    bucket->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (bucket->fd >= 0) {
        return WMBT_OK;
    }
    int error = errno;
    if (error == ENOTDIR && access(path, F_OK) == 0) {
        *why = "it is not a directory";
        return TOOL_UNREADABLE;
    }
    return from_errno(error, why);
}

void bucket_close(struct bucket *bucket)
{
    if (bucket->fd >= 0) {
        close(bucket->fd);
    }
    bucket->fd = -1;
}

struct client *bucket_client(const struct bucket *bucket)
{
    return bucket->store != NULL ? store_client(bucket->store) : NULL;
}

/* A key as the store has it. */
static wmbt_view remote_key(const struct bucket *bucket, wmbt_view key)
{
    const char *text = tool_format("%s%.*s", bucket->prefix, (int)key.len, (const char *)key.data);
    return wmbt_view_of(text, strlen(bucket->prefix) + key.len);
}

void bucket_expect(const struct bucket *bucket, wmbt_view key)
{
    if (bucket->store != NULL) {
        store_expect(bucket->store, remote_key(bucket, key));
    }
}

unsigned bucket_ahead(const struct bucket *bucket)
{
    return bucket->store != NULL ? store_ahead() : 0;
}

void file_expect(const char *const *paths, size_t count, size_t i)
{
    size_t ahead = store_ahead();
    for (size_t k = i == 0 ? 1 : i + ahead; k <= i + ahead && k < count; k++) {
        if (store_is_url(paths[k])) {
            const char *key;
            struct store *store = store_open(paths[k], &key);
            store_expect(store, wmbt_view_of(key, strlen(key)));
        }
    }
}

/* True if the key's components are file names: none empty, none "." or "..", no NUL. */
static bool is_path_below(wmbt_view key)
{
    size_t begin = 0;
    for (size_t i = 0; i <= key.len; i++) {
        if (i < key.len && key.data[i] == '\0') {
            return false;
        }
        if (i == key.len || key.data[i] == '/') {
            const uint8_t *name = key.data + begin;
            size_t len = i - begin;
            if (len == 0 || (len == 1 && name[0] == '.') ||
                (len == 2 && name[0] == '.' && name[1] == '.')) {
                return false;
            }
            begin = i + 1;
        }
    }
    return true;
}

int file_open_below(int fd, char *path, int *error)
{
    int at = fd;
    for (char *name = path;;) {
        char *slash = strchr(name, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        int kind = slash != NULL ? O_DIRECTORY : O_NONBLOCK;
        int next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind);
        *error = errno;
        if (next < 0 && slash != NULL && *error == ENOTDIR) {
            struct stat st;
            bool link = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
            *error = link ? ELOOP : ENOTDIR;
        }
        if (at != fd) {
            close(at);
        }
        if (next < 0 || slash == NULL) {
            return next;
        }
        at = next;
        name = slash + 1;
    }
}

wmbt_status bucket_open_object(const struct bucket *bucket, wmbt_view key,
                               struct bucket_object *object, const char **why)
{
    struct stat st;
    int error = 0;
    object->fd = -1;
    if (bucket->store != NULL) {
        wmbt_status status = store_object_open(bucket->store, remote_key(bucket, key),
                                               &object->remote, &object->bytes, why);
        object->fd = status == WMBT_OK ? REMOTE_FD : -1;
        return status;
    }
    if (!is_path_below(key)) {
        *why = "no path inside the directory stands for this key";
        return TOOL_UNREADABLE;
    }
    object->fd = file_open_below(bucket->fd, tool_copy((const char *)key.data, key.len), &error);
    if (object->fd < 0) {
        if (error == ELOOP) {
            *why = "a symbolic link, which is not followed";
            return TOOL_UNREADABLE;
        }
        return error == ENAMETOOLONG ? WMBT_MISSING : from_errno(error, why);
    }
    error = fstat(object->fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (error == 0 && S_ISREG(st.st_mode)) {
        object->bytes = (uint64_t)st.st_size;
        return WMBT_OK;
    }
    bucket_object_close(object);
    if (error != 0) {
        return from_errno(error, why);
    }
    *why = "it is not a regular file";
    return TOOL_UNREADABLE;
}

bool bucket_has(const struct bucket *bucket, const char *key)
{
    struct bucket_object object;
    const char *why = NULL;
    if (bucket_open_object(bucket, wmbt_view_of(key, strlen(key)), &object, &why) != WMBT_OK) {
        return false;
    }
    bucket_object_close(&object);
    return true;
}

wmbt_status bucket_object_read(const struct bucket_object *object, uint64_t offset, uint8_t *to,
                               size_t bytes, const char **why)
{
    if (object->fd == REMOTE_FD) {
        return store_object_read(object->remote, offset, to, bytes, why);
    }
    while (bytes != 0) {
        ssize_t got = pread(object->fd, to, bytes, (off_t)offset);
        if (got == 0) {
            *why = "it changed while it was read";
            return TOOL_UNREADABLE;
        }
        if (got < 0 && errno != EINTR) {
            return from_errno(errno, why);
        }
        size_t n = got > 0 ? (size_t)got : 0;
        offset += n;
        to += n;
        bytes -= n;
    }
    return WMBT_OK;
}

wmbt_status bucket_object_peek(const struct bucket_object *object, uint64_t offset, size_t bytes,
                               uint8_t *room, wmbt_view *view, const char **why)
{
    if (object->fd == REMOTE_FD) {
        return store_object_peek(object->remote, offset, bytes, view, why);
    }
    *view = wmbt_view_of(room, bytes);
    return bucket_object_read(object, offset, room, bytes, why);
}

bool bucket_object_has_changed(const struct bucket_object *object)
{
    return object->fd == REMOTE_FD && store_object_has_changed(object->remote);
}

unsigned bucket_restarts(const struct bucket *bucket)
{
    return bucket->store != NULL ? store_restarts() : 0;
}

void bucket_object_close(struct bucket_object *object)
{
    if (object->fd == REMOTE_FD) {
        store_object_close(object->remote);
    } else if (object->fd >= 0) {
        close(object->fd);
    }
    object->fd = -1;
}

wmbt_status bucket_read(const struct bucket *bucket, wmbt_view key, const struct file_limit *limit,
                        struct file *file, const char **why)
{
    struct bucket_object object;
    if (bucket->store != NULL) {
        return read_key(bucket->store, remote_key(bucket, key), limit, FILE_MAX_BYTES, file, why);
    }
    wmbt_status status = bucket_open_object(bucket, key, &object, why);
    if (status == WMBT_OK) {
        status = read_fd(object.fd, limit, FILE_MAX_BYTES, file, why);
        bucket_object_close(&object);
    }
    return status;
}
