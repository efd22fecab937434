// SPDX-License-Identifier: Apache-2.0
// What a crash or a failure in file_write leaves behind. The calls that matter go through
// functions of this file (the linker's --wrap), which note them and fail where a test wants it.
#include "../test.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum call { CALL_WRITE, CALL_FSYNC, CALL_RENAME };

static char folder[32], path[64];
static struct {
    enum call calls[16];
    size_t count;
    int failing; // a call, or -1
} seen;

ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

// Returns whether the call is to fail.
static bool note(enum call call)
{
    if (seen.count < ARRAY_COUNT(seen.calls))
        seen.calls[seen.count++] = call;
    errno = EIO;
    return seen.failing == (int)call;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (fd <= STDERR_FILENO) // the test's own words
        return __real_write(fd, bytes, size);
    return note(CALL_WRITE) ? -1 : __real_write(fd, bytes, size);
}

int __wrap_fsync(int fd)
{
    return note(CALL_FSYNC) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return note(CALL_RENAME) ? -1 : __real_rename(from, to);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/grove-test-XXXXXX");
    seen.count = 0;
    seen.failing = -1;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int count_files(void)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, NULL);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return count - 2; // "." and ".."
}

static int tear_down(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

// A file whose new name is on disk before its contents are would be empty after a power cut.
static void contents_are_on_disk_before_the_name(void **state)
{
    (void)state;
    struct grove_error error;
    static const enum call wanted[] = {CALL_WRITE, CALL_FSYNC, CALL_RENAME};
    assert_ok(file_write(path, text_of("contents"), 0600, &error), error);
    assert_int_equal(seen.count, ARRAY_COUNT(wanted));
    assert_memory_equal(seen.calls, wanted, sizeof wanted);
}

static void assert_contents(const char *wanted)
{
    struct arena arena;
    struct text text;
    struct grove_error error;
    arena_init(&arena, 1 << 16);
    assert_ok(file_read(&arena, path, 100, &text, &error), error);
    assert_true(text_equal(text, text_of(wanted)));
    arena_release(&arena);
}

static void what_fails_changes_nothing(void **state)
{
    (void)state;
    struct grove_error error;
    assert_ok(file_write(path, text_of("old"), 0600, &error), error);
    for (seen.failing = CALL_WRITE; seen.failing <= (int)CALL_RENAME; seen.failing++) {
        assert_int_equal(file_write(path, text_of("new"), 0600, &error), GROVE_IO);
        assert_contents("old");
        assert_int_equal(count_files(), 1);
    }
    seen.failing = -1;
    assert_ok(file_write(path, text_of("new"), 0600, &error), error);
    assert_contents("new");
}

static void a_file_is_replaced_and_read(void **state)
{
    (void)state;
    struct grove_error error;
    struct arena arena;
    struct text text;
    struct stat status;
    arena_init(&arena, 1 << 20);
    assert_ok(file_write(path, text_of("first"), 0600, &error), error);
    assert_ok(file_write(path, text_of("second"), 0600, &error), error);
    assert_contents("second");
    assert_int_equal(file_read(&arena, path, 3, &text, &error), GROVE_LIMIT);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/missing", folder);
    assert_int_equal(file_read(&arena, path, 100, &text, &error), GROVE_NOT_FOUND);
    assert_non_null(strstr(error.message, path));
    arena_release(&arena);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

// A host that may write no large files is told so, and goes on: the signal would end it.
static void a_limit_on_files_is_an_error(void **state)
{
    (void)state;
    static const char large[16 << 10] = "x";
    struct sigaction handler = {.sa_handler = count_signal}, before;
    struct rlimit limit, small;
    struct grove_error error = {.code = GROVE_OK};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = limit.rlim_max};
    signals = 0;
    assert_int_equal(sigaction(SIGXFSZ, &handler, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum grove_code code = file_write(path, (struct text){large, sizeof large}, 0600, &error);
    enum grove_code again = file_write(path, (struct text){large, 8}, 0600, &error);
    setrlimit(RLIMIT_FSIZE, &limit);
    sigaction(SIGXFSZ, &before, NULL);
    assert_int_equal(code, GROVE_IO);
    assert_non_null(strstr(error.hint, "ulimit -f"));
    assert_int_equal(again, GROVE_OK); // what was small enough
    assert_int_equal(signals, 0);
    assert_int_equal(count_files(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(contents_are_on_disk_before_the_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_fails_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_replaced_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_on_files_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
