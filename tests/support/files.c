// SPDX-License-Identifier: Apache-2.0
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { TREE_FOLDERS_OPEN = 16 };

static void act_as_servers(const struct home *home)
{
    if (home)
        home_act_as_servers(home);
}

static void act_as_self(const struct home *home)
{
    if (home)
        home_act_as_self(home);
}

static enum grove_code copy_file(const char *from, const char *to, const struct home *home,
                                 struct grove_error *error)
{
    GROVE_CLEANUP(file_close_descriptor) int source = open(from, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (source < 0 || fstat(source, &status) != 0)
        return error_set_errno(error, errno, "could not read \"%s\"", from);
    act_as_servers(home);
    GROVE_CLEANUP(file_close_descriptor)
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777);
    act_as_self(home);
    if (target < 0)
        return error_set_errno(error, errno, "could not make \"%s\"", to);
    for (off_t left = status.st_size; left > 0;) {
        ssize_t sent = sendfile(target, source, NULL, (size_t)left);
        if (sent <= 0)
            return error_set_errno(error, errno, "could not write \"%s\"", to);
        left -= sent;
    }
    return GROVE_OK;
}

static enum grove_code copy_entry(const char *from, const char *to, const char *name,
                                  const struct home *home, struct grove_error *error)
{
    char source[PATH_MAX], target[PATH_MAX];
    struct stat status;
    if ((size_t)snprintf(source, sizeof source, "%s/%s", from, name) >= sizeof source ||
        (size_t)snprintf(target, sizeof target, "%s/%s", to, name) >= sizeof target)
        return error_set(error, GROVE_INVALID, "a path is too long");
    if (lstat(source, &status) != 0)
        return error_set_errno(error, errno, "could not read \"%s\"", source);
    if (S_ISDIR(status.st_mode))
        return test_tree_copy(source, target, home, error);
    if (S_ISREG(status.st_mode))
        return copy_file(source, target, home, error);
    return GROVE_OK;
}

enum grove_code test_tree_copy(const char *from, const char *to, const struct home *home,
                               struct grove_error *error)
{
    act_as_servers(home);
    int made = mkdir(to, 0700);
    act_as_self(home);
    if (made != 0)
        return error_set_errno(error, errno, "could not make \"%s\"", to);
    DIR *folder = opendir(from);
    if (!folder)
        return error_set_errno(error, errno, "could not read \"%s\"", from);
    enum grove_code code = GROVE_OK;
    for (struct dirent *entry; code == GROVE_OK && (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            code = copy_entry(from, to, entry->d_name, home, error);
    closedir(folder);
    return code;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    (void)!remove(path);
    return 0;
}

void test_tree_remove(const char *path)
{
    nftw(path, remove_entry, TREE_FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}
