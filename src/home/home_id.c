// SPDX-License-Identifier: Apache-2.0
//
// Whose an id is.
//
// The id names things outside of the home: /tmp/grove-<id> and /var/lib/grove/<id>. A home that
// was copied with its id file must not find those of the original. So the id file also says which
// file it is, by inode number and time of birth, which a copy cannot have, and where it was. (The
// file and not the folder: overlay file systems number folders anew.)
//
//     4f2a...09                       the id
//     2049 131087 1763888681123456 /home/ann/.local/share/grove
//     device, inode, birth in microseconds, path
//
//     inode and birth as recorded, device or path too        the same home
//     inode and birth as recorded, device or path changed    it moved, or the device was renumbered
//     else, and so for a snapshot mounted elsewhere          another home: a copy, or restored
#include "home/home_private.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <errno.h>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"

enum { RECORD_BYTES_MAX = PATH_MAX + 128 };

enum grove_code home_path(char ret_path[static PATH_MAX], struct grove_error *error,
                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = text_vformat(ret_path, PATH_MAX, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= PATH_MAX)
        return error_set(error, GROVE_INVALID, "path \"%.200s...\" is too long", ret_path);
    return GROVE_OK;
}

static bool parse(struct text text, struct home_record *ret)
{
    struct text id, line, field;
    if (!text_split(&text, '\n', &id) || !text_split(&text, '\n', &line) || id.length != 16)
        return false;
    for (size_t i = 0; i < id.length; i++)
        if (!strchr("0123456789abcdef", id.data[i]) || !id.data[i])
            return false;
    struct home_record record = {0};
    memcpy(record.id, id.data, id.length);
    unsigned long long *const numbers[] = {&record.device, &record.inode, &record.born_us};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        char digits[32];
        if (!text_split(&line, ' ', &field) || field.length == 0 || field.length >= sizeof digits)
            return false;
        memcpy(digits, field.data, field.length);
        digits[field.length] = '\0';
        char *end;
        *numbers[i] = strtoull(digits, &end, 10);
        if (*end)
            return false;
    }
    if (line.length == 0 || line.length >= sizeof record.path)
        return false;
    memcpy(record.path, line.data, line.length);
    *ret = record;
    return true;
}

static bool read_record(const char *path, struct home_record *ret)
{
    char data[RECORD_BYTES_MAX];
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open(path, O_RDONLY | O_NOFOLLOW, 0);
    ssize_t length = fd < 0 ? -1 : read(fd, data, sizeof data);
    return length > 0 && parse((struct text){data, (size_t)length}, ret);
}

bool home_record_read(const char *folder, struct home_record *ret_record)
{
    char path[PATH_MAX];
    return (size_t)snprintf(path, sizeof path, "%s/id", folder) < sizeof path &&
           read_record(path, ret_record);
}

static bool identify(int fd, const char *path, struct home_record *record)
{
    struct statx status;
    if (statx(fd, path, AT_SYMLINK_NOFOLLOW | (path[0] ? 0 : AT_EMPTY_PATH),
              STATX_INO | STATX_BTIME, &status) != 0)
        return false;
    record->device = makedev(status.stx_dev_major, status.stx_dev_minor);
    record->inode = status.stx_ino;
    record->born_us = 0;
    if (status.stx_mask & STATX_BTIME)
        record->born_us =
            (unsigned long long)status.stx_btime.tv_sec * 1000000 + status.stx_btime.tv_nsec / 1000;
    return true;
}

enum home_match home_record_match(const struct home_record *record, const char *path)
{
    char file[PATH_MAX];
    struct home_record now;
    if ((size_t)snprintf(file, sizeof file, "%s/id", path) >= sizeof file ||
        !identify(AT_FDCWD, file, &now))
        return HOME_FOREIGN;
    bool same_device = now.device == record->device, same_path = strcmp(path, record->path) == 0;
    if (now.inode != record->inode || now.born_us != record->born_us ||
        (!same_device && !same_path))
        return HOME_FOREIGN;
    return same_device && same_path ? HOME_SAME : HOME_MOVED;
}

static enum grove_code random_id(char ret_id[static 17], struct grove_error *error)
{
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return error_set_errno(error, errno, "could not get random numbers");
    snprintf(ret_id, 17, "%016" PRIx64, bits);
    return GROVE_OK;
}

static int format_record(const struct home_record *record, char *text, size_t size_bytes)
{
    return snprintf(text, size_bytes, "%s\n%llu %llu %llu %s\n", record->id, record->device,
                    record->inode, record->born_us, record->path);
}

// The file's own inode goes into it, so it cannot be written by file_write.
static enum grove_code write_id_file(int fd, const char *temporary, const char *path,
                                     struct home_record *record, struct grove_error *error)
{
    char text[RECORD_BYTES_MAX];
    if (!identify(fd, "", record))
        return error_set_errno(error, errno, "could not identify \"%s\"", temporary);
    int length = format_record(record, text, sizeof text);
    errno = ENOSPC; // of a short write
    if (file_put(fd, text, (size_t)length, -1) != length || fsync(fd) != 0 ||
        rename(temporary, path) != 0)
        return error_set_errno(error, errno, "could not write file \"%s\"", path);
    return GROVE_OK;
}

enum grove_code home_record_write(const char *path, const char *id, uid_t owner, gid_t group,
                                  struct home_record *ret_record, struct grove_error *error)
{
    struct home_record record = {0};
    char file[PATH_MAX], temporary[PATH_MAX];
    enum grove_code code = home_path(file, error, "%s/id", path);
    if (code == GROVE_OK)
        code = home_path(temporary, error, "%s/id.XXXXXX", path);
    if (code == GROVE_OK)
        code = home_path(record.path, error, "%s", path);
    if (code == GROVE_OK && !id)
        code = random_id(record.id, error);
    if (code != GROVE_OK)
        return code;
    if (id)
        memcpy(record.id, id, sizeof record.id);
    GROVE_CLEANUP(file_close_descriptor) int fd = descriptor_open_temporary(temporary);
    if (fd < 0)
        return error_set_errno(error, errno, "could not create file \"%s\"", file);
    if (geteuid() == 0 && fchown(fd, owner, group) != 0)
        code = error_set_errno(error, errno, "could not change the owner of \"%s\"", file);
    if (code == GROVE_OK)
        code = write_id_file(fd, temporary, file, &record, error);
    if (code != GROVE_OK)
        unlink(temporary);
    else
        *ret_record = record;
    return code;
}

bool home_claim_read(const char *servers, struct home_record *ret_record)
{
    char path[PATH_MAX];
    return (size_t)snprintf(path, sizeof path, "%s/home", servers) < sizeof path &&
           read_record(path, ret_record);
}

enum grove_code home_claim_write(const char *servers, const struct home_record *record,
                                 struct grove_error *error)
{
    char path[PATH_MAX], text[RECORD_BYTES_MAX];
    enum grove_code code = home_path(path, error, "%s/home", servers);
    if (code != GROVE_OK)
        return code;
    int length = format_record(record, text, sizeof text);
    return file_write(path, (struct text){text, (size_t)length}, 0600, error);
}

bool home_record_equal(const struct home_record *a, const struct home_record *b)
{
    return strcmp(a->id, b->id) == 0 && a->inode == b->inode && a->born_us == b->born_us;
}

bool home_record_alive(const struct home_record *record)
{
    struct home_record there;
    return home_record_read(record->path, &there) && home_record_equal(record, &there) &&
           home_record_match(&there, record->path) != HOME_FOREIGN;
}
