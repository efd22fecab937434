// SPDX-License-Identifier: Apache-2.0
// Homes and programs in a folder of the test's own.
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "home/spawn.h"

static char folder[PATH_MAX];

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/grove-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    return chmod(folder, 0755); // under root the servers' account goes through here
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void a_home_keeps_its_id(void **state)
{
    (void)state;
    struct grove_error error;
    struct home first, again, found;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/home", folder);
    assert_int_equal(home_find(path, &found, &error), GROVE_NOT_FOUND);
    assert_ok(home_open(path, &first, &error), error);
    assert_ok(home_open(path, &again, &error), error);
    assert_string_equal(first.id, again.id);
    assert_int_equal(strlen(first.id), 16);
    assert_true(strlen(first.run) < 90);
    assert_ok(home_find(path, &found, &error), error);
    assert_string_equal(first.servers, found.servers);
}

static void a_copied_home_is_another_home(void **state)
{
    (void)state;
    struct grove_error error;
    struct home first, copy;
    char path[PATH_MAX + 16], command[3 * PATH_MAX];
    snprintf(path, sizeof path, "%s/original", folder);
    assert_ok(home_open(path, &first, &error), error);
    snprintf(command, sizeof command, "cp -a '%s' '%s/copy'", path, folder);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/copy", folder);
    assert_ok(home_open(path, &copy, &error), error);
    assert_string_not_equal(first.id, copy.id);
}

static void a_file_is_no_home(void **state)
{
    (void)state;
    struct grove_error error;
    struct home home;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/plain", folder);
    assert_ok(file_write(path, text_of("x"), 0600, &error), error);
    assert_int_not_equal(home_open(path, &home, &error), GROVE_OK);
    assert_string_not_equal(error.hint, "");
}

static void *open_home(void *path)
{
    struct grove_error error;
    struct home *home = calloc(1, sizeof *home);
    if (home && home_open(path, home, &error) != GROVE_OK)
        home->id[0] = '\0';
    return home;
}

static void homes_opened_at_once_agree(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    char path[PATH_MAX + 16], id[17] = "";
    snprintf(path, sizeof path, "%s/raced", folder);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_home, path), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        struct home *home = result;
        assert_non_null(home);
        if (i == 0)
            memcpy(id, home->id, sizeof id);
        assert_int_equal(strlen(home->id), 16);
        assert_string_equal(home->id, id);
        free(home);
    }
}

static void the_lock_excludes(void **state)
{
    (void)state;
    struct grove_error error;
    struct home home;
    struct home_lock lock, second;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/locked", folder);
    assert_ok(home_open(path, &home, &error), error);
    assert_ok(home_lock(&home, 1000, NULL, &lock, &error), error);
    assert_int_equal(home_lock(&home, 50, NULL, &second, &error), GROVE_TIMEOUT);
    atomic_bool cancelled = true;
    struct call call;
    call_init(&call);
    call_within(&call, 50);
    assert_int_equal(home_lock(&home, 60000, &call, &second, &error), GROVE_TIMEOUT);
    call_init(&call);
    call_obey(&call, &cancelled);
    assert_int_equal(home_lock(&home, 60000, &call, &second, &error), GROVE_CANCELLED);
    home_unlock(&lock);
    assert_ok(home_lock(&home, 1000, NULL, &second, &error), error);
    home_unlock(&second);
}

static void programs_run_under_the_account(void **state)
{
    (void)state;
    struct grove_error error;
    struct home home;
    struct arena arena;
    struct text text;
    char path[PATH_MAX + 16], log_path[PATH_MAX + 16], expected[64];
    snprintf(path, sizeof path, "%s/runner", folder);
    assert_ok(home_open(path, &home, &error), error);
    snprintf(log_path, sizeof log_path, "%s/output", home.servers);
    const char *const arguments[] = {"/bin/sh", "-c", "id -u; ls /proc/self/fd | wc -l; exit 7",
                                     NULL};
    int exit_status;
    assert_ok(home_run(&home, &(struct home_program){.arguments = arguments, .log_path = log_path},
                       NULL, &exit_status, &error),
              error);
    assert_int_equal(exit_status, 7);
    arena_init(&arena, 1 << 20);
    assert_ok(file_read(&arena, log_path, 100, &text, &error), error);
    snprintf(expected, sizeof expected, "%u\n4\n", home.uid); // 0, 1, 2 and ls's own
    assert_true(text_equal(text, text_of(expected)));
    arena_release(&arena);
    const char *const missing[] = {"/nowhere/program", NULL};
    assert_ok(home_run(&home, &(struct home_program){.arguments = missing, .log_path = log_path},
                       NULL, &exit_status, &error),
              error);
    assert_int_equal(exit_status, 127);
}

// By the bits of the owner, of the groups, or of all others: whichever the account is.
static void the_account_reaches_what_it_may(void **state)
{
    (void)state;
    static const struct {
        bool own, grouped;
        mode_t mode;
        bool reached;
    } rows[] = {
        {true, false, 0500, true},  {true, false, 0055, false},  {false, true, 0050, true},
        {false, true, 0705, false}, // others may, its group may not
        {false, false, 0705, true}, {false, false, 0750, false}, {false, true, 0755, true},
    };
    struct grove_error error;
    struct home home;
    char path[PATH_MAX + 16], inner[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/reached", folder);
    assert_ok(home_open(path, &home, &error), error);
    if (!home.change_user)
        skip();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0755), 0);
    snprintf(inner, sizeof inner, "%s/inner", path);
    assert_int_equal(mkdir(inner, 0700), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(chown(inner, rows[i].own ? home.uid : 0, rows[i].grouped ? home.gid : 0),
                         0);
        assert_int_equal(chmod(inner, rows[i].mode), 0);
        assert_int_equal(home_reaches(&home, inner, R_OK | X_OK), rows[i].reached);
    }
}

// What a caller has open and in its environment stays its own.
static void programs_inherit_nothing(void **state)
{
    (void)state;
    struct grove_error error;
    struct home home;
    struct arena arena;
    struct text text;
    char path[PATH_MAX + 16], log_path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/heir", folder);
    assert_ok(home_open(path, &home, &error), error);
    snprintf(log_path, sizeof log_path, "%s/output", home.servers);
    int kept = dup2(STDERR_FILENO, 20); // without O_CLOEXEC
    assert_int_equal(kept, 20);
    setenv("PGPASSWORD", "secret", 1);
    setenv("GROVE_PRESENT", "given", 1);
    const char *const arguments[] = {
        "/bin/sh", "-c", "echo $PGPASSWORD,$GROVE_PRESENT,$LC_ALL; ls /proc/self/fd | wc -l", NULL};
    int exit_status;
    assert_ok(home_run(&home, &(struct home_program){.arguments = arguments, .log_path = log_path},
                       NULL, &exit_status, &error),
              error);
    unsetenv("GROVE_PRESENT");
    unsetenv("PGPASSWORD");
    close(kept);
    arena_init(&arena, 1 << 20);
    assert_ok(file_read(&arena, log_path, 100, &text, &error), error);
    assert_true(text_equal(text, text_of(",given,C.UTF-8\n4\n"))); // 0, 1, 2 and ls's own
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_keeps_its_id),
        cmocka_unit_test(a_copied_home_is_another_home),
        cmocka_unit_test(a_file_is_no_home),
        cmocka_unit_test(homes_opened_at_once_agree),
        cmocka_unit_test(the_lock_excludes),
        cmocka_unit_test(programs_run_under_the_account),
        cmocka_unit_test(programs_inherit_nothing),
        cmocka_unit_test(the_account_reaches_what_it_may),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
