// SPDX-License-Identifier: Apache-2.0
#include "content/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/descriptor.h"
#include "base/file.h"

enum {
    DEVICE_MEMORY = 1, // the numbers of /dev/null
    DEVICE_NULL = 3,
    // A pipe with a name is not waited for here: that could not be cancelled.
    OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
};

// Of devices there is sense in a terminal, and in nothing.
static bool is_device(const struct stat *status, int descriptor)
{
    if (S_ISBLK(status->st_mode))
        return true;
    if (!S_ISCHR(status->st_mode) || isatty(descriptor) == 1)
        return false;
    return major(status->st_rdev) != DEVICE_MEMORY || minor(status->st_rdev) != DEVICE_NULL;
}

// --- a copy of what can be read once only --------------------------------------------------------

static enum grove_code write_all(int to, struct text text, const char *name,
                                 struct grove_error *error)
{
    while (text.length > 0) {
        ssize_t written = write(to, text.data, text.length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_set_errno(error, errno, "could not keep a copy of %s", name);
        text = (struct text){text.data + written, text.length - (size_t)written};
    }
    return GROVE_OK;
}

static enum grove_code make_copy_file(int *ret, struct grove_error *error)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    folder = folder && *folder ? folder : "/tmp";
    if ((size_t)snprintf(path, sizeof path, "%s/grove-load-XXXXXX", folder) >= sizeof path)
        return error_set(error, GROVE_INVALID, "TMPDIR is too long");
    *ret = descriptor_open_temporary(path);
    if (*ret < 0) {
        error_set_errno(error, errno, "could not make a temporary file in \"%s\"", folder);
        error_hint(error, "with --strict what comes through a pipe is copied there; TMPDIR names "
                          "another folder");
        return error->code;
    }
    unlink(path);
    return GROVE_OK;
}

// The copy is of the bytes as they are, still packed.
static enum grove_code copy_all(struct input *input, int to, const struct call *call,
                                struct grove_error *error)
{
    struct source source;
    int copy = fcntl(input->descriptor, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return error_set_errno(error, errno, "could not read \"%s\"", input->name);
    source_init(&source, input->name, copy, 0);
    for (;;) {
        struct text piece;
        enum grove_code code = source_next_raw(&source, call, &piece, error);
        if (code == GROVE_OK && piece.length > 0)
            code = write_all(to, piece, input->name, error);
        if (code != GROVE_OK || piece.length == 0) {
            source_release(&source);
            return code;
        }
    }
}

static enum grove_code keep_copy(struct input *input, const struct call *call,
                                 struct grove_error *error)
{
    int descriptor = -1;
    enum grove_code code = make_copy_file(&descriptor, error);
    if (code != GROVE_OK)
        return code;
    CHECK(descriptor >= 0);
    code = copy_all(input, descriptor, call, error);
    file_close_descriptor(&input->descriptor);
    input->descriptor = descriptor;
    if (code == GROVE_OK && fstat(descriptor, &input->status) != 0)
        code = error_set_errno(error, errno, "could not read the copy of %s", input->name);
    return code;
}

// --- opening -------------------------------------------------------------------------------------

static enum grove_code look_at(struct input *input, struct grove_error *error)
{
    if (fstat(input->descriptor, &input->status) != 0)
        return error_set_errno(error, errno, "could not read \"%s\"", input->name);
    if (S_ISDIR(input->status.st_mode))
        return error_set(error, GROVE_INVALID, "\"%s\" is a folder, not a file", input->name);
    if (is_device(&input->status, input->descriptor))
        return error_set(error, GROVE_INVALID, "\"%s\" is a device, not a file", input->name);
    return GROVE_OK;
}

static enum grove_code open_input(const char *path, struct input *ret, struct grove_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    *ret = (struct input){.name = standard ? "standard input" : path, .path = path};
    ret->descriptor =
        standard ? fcntl(0, F_DUPFD_CLOEXEC, 3) : descriptor_open(path, OPEN_FLAGS, 0);
    if (ret->descriptor < 0)
        return error_set_errno(error, errno, "could not open \"%s\"", ret->name);
    enum grove_code code = look_at(ret, error);
    if (code != GROVE_OK || !S_ISREG(ret->status.st_mode))
        return code;
    if (!standard) {
        file_close_descriptor(&ret->descriptor);
        return GROVE_OK;
    }
    off_t at = lseek(ret->descriptor, 0, SEEK_CUR);
    ret->start = at > 0 ? at : 0;
    return GROVE_OK;
}

static bool are_same(const struct input *a, const struct input *b)
{
    return a->status.st_dev == b->status.st_dev && a->status.st_ino == b->status.st_ino;
}

static enum grove_code check_distinct(const struct inputs *inputs, const struct input *input,
                                      struct grove_error *error)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct input *other = &inputs->items[i];
        if (!are_same(input, other))
            continue;
        if (strcmp(input->name, other->name) == 0)
            return error_set(error, GROVE_INVALID, "\"%s\" is given twice", input->name);
        return error_set(error, GROVE_INVALID, "\"%s\" and \"%s\" are the same file", other->name,
                         input->name);
    }
    return GROVE_OK;
}

static enum grove_code add_input(struct inputs *inputs, const char *path, bool twice,
                                 const struct call *call, struct grove_error *error)
{
    struct input *input = &inputs->items[inputs->count];
    enum grove_code code = open_input(path, input, error);
    if (code == GROVE_OK)
        code = check_distinct(inputs, input, error);
    if (code == GROVE_OK && twice && !S_ISREG(input->status.st_mode))
        code = keep_copy(input, call, error);
    inputs->count++; // to be released, whatever became of it
    return code;
}

enum grove_code inputs_open(const char *const *paths, size_t count, bool twice,
                            const struct call *call, struct inputs *ret, struct grove_error *error)
{
    struct inputs inputs = {.items = mem_alloc_array(count, sizeof *inputs.items)};
    if (!inputs.items)
        return error_no_memory(error, "files");
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && inputs.count < count)
        code = add_input(&inputs, paths[inputs.count], twice, call, error);
    bool known = true;
    for (size_t i = 0; i < inputs.count; i++) {
        known = known && S_ISREG(inputs.items[i].status.st_mode);
        inputs.bytes += input_bytes(&inputs.items[i]);
    }
    if (!known)
        inputs.bytes = 0;
    if (code != GROVE_OK) {
        inputs_release(&inputs);
        return code;
    }
    *ret = inputs;
    return GROVE_OK;
}

static enum grove_code inputs_of_one(const struct input *input, struct inputs *ret,
                                     struct grove_error *error)
{
    struct input *copy = mem_alloc(sizeof *copy);
    if (!copy)
        return error_no_memory(error, "rows");
    *copy = *input;
    *ret = (struct inputs){.items = copy, .count = 1, .bytes = input_bytes(copy)};
    return GROVE_OK;
}

enum grove_code inputs_of_memory(struct text memory, struct inputs *ret, struct grove_error *error)
{
    struct input input = {.name = "rows", .descriptor = -1, .memory = memory};
    input.status.st_mode = S_IFREG; // it can be read again, and its length is known
    input.status.st_size = (off_t)memory.length;
    return inputs_of_one(&input, ret, error);
}

enum grove_code inputs_of_query(struct query_rows *query, struct inputs *ret,
                                struct grove_error *error)
{
    return inputs_of_one(&(struct input){.name = "query", .descriptor = -1, .query = query}, ret,
                         error);
}

void inputs_release(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        file_close_descriptor(&inputs->items[i].descriptor);
    mem_free(inputs->items);
    *inputs = (struct inputs){0};
}

enum grove_code input_source(const struct input *input, struct source *ret,
                             struct grove_error *error)
{
    if (input->memory.data) {
        source_init_memory(ret, input->name, input->memory);
        return GROVE_OK;
    }
    int descriptor = input->descriptor >= 0 ? fcntl(input->descriptor, F_DUPFD_CLOEXEC, 3)
                                            : descriptor_open(input->path, OPEN_FLAGS, 0);
    if (descriptor < 0)
        return error_set_errno(error, errno, "could not open \"%s\"", input->name);
    if (input->descriptor >= 0 && S_ISREG(input->status.st_mode) &&
        lseek(descriptor, input->start, SEEK_SET) != input->start) {
        error_set_errno(error, errno, "could not read %s again", input->name);
        file_close_descriptor(&descriptor);
        return error->code;
    }
    source_init(ret, input->name, descriptor, input_bytes(input));
    return GROVE_OK;
}

bool input_is_unchanged(const struct input *input)
{
    struct stat now;
    const struct stat *then = &input->status;
    if (input->memory.data || input->query)
        return true;
    int failed = input->descriptor >= 0 ? fstat(input->descriptor, &now) : stat(input->path, &now);
    return !failed && now.st_dev == then->st_dev && now.st_ino == then->st_ino &&
           now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

int64_t input_bytes(const struct input *input)
{
    int64_t bytes = S_ISREG(input->status.st_mode) ? input->status.st_size - input->start : 0;
    return bytes > 0 ? bytes : 0;
}
