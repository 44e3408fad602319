/* SPDX-License-Identifier: Apache-2.0 */
/* Output that is there whole or not at all. */
#include "base/writing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tool.h"

/* As many links in a row as Linux follows. */
#define MAX_LINKS 40

static bool failed(const char **why)
{
    *why = tool_format("cannot write: %s", strerror(errno));
    return false;
}

/* A name for mkstemp() in the folder of `path`, short whatever the name there is. */
static char *name_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
    return tool_format("%.*s.wombatkv-XXXXXX", folder, path);
}

/* Files are made with the rights that the caller's mask leaves, not with mkstemp's. */
static mode_t usual_mode(mode_t all)
{
    mode_t mask = umask(0);
    umask(mask);
    return all & ~mask;
}

static bool write_all(int fd, wmbt_view bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        ssize_t put = write(fd, bytes.data + at, bytes.len - at);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        at += put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool is_standard_output(const char *path)
{
    struct stat there, ours;
    return stat(path, &there) == 0 && fstat(STDOUT_FILENO, &ours) == 0 &&
           there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/* A device or a pipe is written to; a rename would put a file in its place. */
static bool write_in_place(const char *path, wmbt_view bytes, const char **why)
{
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return failed(why);
    }
    bool good = write_all(fd, bytes) || failed(why);
    return close(fd) == 0 ? good : good && failed(why);
}

static bool write_beside(const char *path, wmbt_view bytes, const char **why)
{
    char *temporary = name_beside(path);
    int fd = mkstemp(temporary);
    if (fd < 0) {
        return failed(why);
    }
    bool good = write_all(fd, bytes) && fchmod(fd, usual_mode(0666)) == 0;
    good = good || failed(why);
    if (close(fd) != 0 && good) {
        good = failed(why);
    }
    if (good && rename(temporary, path) != 0) {
        good = failed(why);
    }
    if (!good) {
        unlink(temporary);
    }
    return good;
}

/* Where a link leads to, link by link, whether or not a file is there yet. NULL: errno says why. */
static const char *follow_links(const char *path)
{
    for (int links = 0; links < MAX_LINKS; links++) {
        char to[PATH_MAX];
        ssize_t len = readlink(path, to, sizeof to - 1);
        if (len < 0) {
            return errno == EINVAL || errno == ENOENT ? path : NULL;
        }
        to[len] = '\0';
        const char *slash = strrchr(path, '/');
        int folder = to[0] != '/' && slash != NULL ? (int)(slash - path) + 1 : 0;
        path = tool_format("%.*s%s", folder, path, to);
    }
    errno = ELOOP;
    return NULL;
}

bool write_file(const char *path, wmbt_view bytes, const char **why)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;
    if (is_there && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return failed(why);
    }
    if (is_there && is_standard_output(path)) {
        return write_all(STDOUT_FILENO, bytes) || failed(why);
    }
    if (is_there && !S_ISREG(st.st_mode)) {
        return write_in_place(path, bytes, why);
    }
    const char *target = follow_links(path);
    return target != NULL ? write_beside(target, bytes, why) : failed(why);
}

/* --- directories ----------------------------------------------------------------------------- */

bool new_folder_begin(struct new_folder *folder, const char *path, const char **why)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    folder->path = tool_copy(path, len);
    folder->temporary = name_beside(folder->path);
    if (mkdtemp(folder->temporary) == NULL) {
        return failed(why);
    }
    if (chmod(folder->temporary, usual_mode(0777)) != 0) {
        failed(why);
        new_folder_abandon(folder);
        return false;
    }
    return true;
}

FILE *new_folder_open(const struct new_folder *folder, const char *name, const char **why)
{
    FILE *file = fopen(tool_format("%s/%s", folder->temporary, name), "wbx");
    if (file == NULL) {
        failed(why);
    }
    return file;
}

bool new_folder_commit(struct new_folder *folder, const char **why)
{
    if (rename(folder->temporary, folder->path) != 0) {
        failed(why);
        new_folder_abandon(folder);
        return false;
    }
    return true;
}

void new_folder_abandon(struct new_folder *folder)
{
    DIR *dir = opendir(folder->temporary);
    for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
        unlinkat(dirfd(dir), e->d_name, 0);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(folder->temporary);
}
