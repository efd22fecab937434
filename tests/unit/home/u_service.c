// SPDX-License-Identifier: Apache-2.0
// Services: who is taken to run, and how long anybody waits for one. The service is a shell.
#include "../test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/inject.h"
#include "home/service.h"
#include "home/spawn.h"

static char folder[] = "/tmp/grove-test-XXXXXX";
static struct home home;
static struct service service;
static pid_t launched; // by the test

static int make_home(void **state)
{
    (void)state;
    struct grove_error error;
    char path[64];
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/home", folder);
    if (home_open(path, &home, &error) != GROVE_OK)
        return -1;
    inject_set_knob(INJECT_KNOB_SERVICE_APPEAR_MS, 50);
    service = (struct service){.home = &home, .name = "the service"};
    return service_paths(&service, "it.", "it", &error) == GROVE_OK &&
                   service_prepare_log(&service, &error) == GROVE_OK
               ? 0
               : -1;
}

static int remove_home(void **state)
{
    (void)state;
    char command[4 * PATH_MAX];
    inject_set_knob(INJECT_KNOB_SERVICE_APPEAR_MS, 0);
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", folder, home.servers);
    return system(command);
}

static struct service_view find(void)
{
    struct service_view view;
    service_find(&service, &view);
    return view;
}

static pid_t launch(const char *script)
{
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    struct grove_error error;
    pid_t pid = 0;
    assert_ok(service_launch(&service, arguments, &pid, &error), error);
    assert_true(pid > 1);
    launched = pid;
    return pid;
}

static int end_service(void **state)
{
    (void)state;
    struct service_view view = find();
    if (launched > 1 && view.state != SERVICE_GONE)
        kill(launched, SIGKILL);
    launched = 0;
    return service_wait_gone(&service, 10000) ? 0 : -1;
}

static void write_pid_file(const char *contents)
{
    struct grove_error error;
    assert_ok(file_write(service.pid_file, text_of(contents), 0644, &error), error);
}

static void assert_waits(struct service_view view)
{
    struct grove_error error;
    struct service_step step = {SIGKILL, 1000};
    size_t needed;
    assert_int_equal(view.state, SERVICE_UNSEEN);
    assert_int_not_equal(service_stop(&service, &step, 1, NULL, &needed, &error), GROVE_OK);
    assert_int_equal(needed, 0);
}

static void its_lock_says_whether_it_runs(void **state)
{
    (void)state;
    struct grove_error error;
    const char *const arguments[] = {"/bin/true", NULL};
    pid_t second;
    assert_int_equal(find().state, SERVICE_GONE);
    pid_t pid = launch("read line <&-; exec sleep 1000");
    struct service_view view = find();
    assert_int_equal(view.state, SERVICE_RUNS);
    assert_int_equal(view.process.pid, pid);
    assert_int_equal(service_launch(&service, arguments, &second, &error), GROVE_UNAVAILABLE);
    assert_int_equal(find().state, SERVICE_RUNS); // and its pid file is still there
    kill(pid, SIGKILL);
    assert_true(service_wait_gone(&service, 10000));
    // What the file says of a process that is gone is of no account.
    assert_true(file_exists(service.pid_file));
    assert_int_equal(find().state, SERVICE_GONE);
}

static pid_t left; // what the service has left behind

// Has the service start a shell that does this first, and then die.
static void leave_behind(const char *first)
{
    char path[PATH_MAX + 16], script[3 * PATH_MAX];
    snprintf(path, sizeof path, "%s/orphan", home.servers);
    unlink(path);
    snprintf(script, sizeof script, "sh -c '%s echo $$ >%s; exec sleep 1000' & exec sleep 1000",
             first, path);
    pid_t pid = launch(script);
    left = 0;
    for (int i = 0; i < 1000 && left == 0; i++) {
        FILE *file = fopen(path, "re");
        if (file && fscanf(file, "%d", &left) != 1)
            left = 0;
        if (file)
            fclose(file);
        clock_sleep_ms(10);
    }
    assert_true(left > 1);
    kill(pid, SIGKILL);
    for (int i = 0; i < 1000 && find().state == SERVICE_RUNS; i++)
        clock_sleep_ms(10);
}

static int end_left(void **state)
{
    service.may_be_own = NULL;
    if (left > 1)
        kill(left, SIGKILL);
    left = 0;
    return end_service(state);
}

static void what_it_started_outlives_it(void **state)
{
    (void)state;
    leave_behind("");
    pid_t orphan = left;
    assert_int_equal(find().state, SERVICE_ORPHANED);
    assert_false(service_wait_gone(&service, 50));
    kill(orphan, SIGKILL);
    assert_true(service_wait_gone(&service, 10000));
}

static pid_t own;

static bool is_own(const struct service *of, pid_t pid)
{
    assert_ptr_equal(of, &service);
    return pid == own;
}

// A service that runs programs of others is not taken to run since one of them does.
static void a_stranger_may_outlive_it(void **state)
{
    (void)state;
    static const struct service_step step = {SIGKILL, 10000};
    struct grove_error error;
    size_t needed = 9;
    leave_behind("");
    service.may_be_own = is_own;
    own = 0;
    struct service_view view = find();
    assert_int_equal(view.state, SERVICE_GONE);
    assert_true(view.outlived);
    pid_t next = launch("exec sleep 1000");
    assert_int_equal(find().state, SERVICE_RUNS);
    assert_int_equal(kill(left, 0), 0);
    kill(next, SIGKILL);
    assert_true(service_wait_gone(&service, 10000));
    assert_false(find().outlived);
    assert_int_equal(kill(left, 0), 0);
    end_left(NULL);
    // Whoever stops it takes the lock away: from elsewhere the stranger cannot be judged.
    leave_behind("");
    service.may_be_own = is_own;
    assert_true(find().outlived);
    assert_ok(service_stop(&service, &step, 1, NULL, &needed, &error), error);
    assert_int_equal(needed, 0);
    assert_false(file_exists(service.lock));
    assert_int_equal(kill(left, 0), 0);
}

// Only one that is seen to have the lock explains it, and only where nothing else may.
static void what_may_be_its_own_is_no_stranger(void **state)
{
    (void)state;
    struct process process;
    char written[PROCESS_TEXT_SIZE], other[PROCESS_TEXT_SIZE];
    leave_behind("");
    service.may_be_own = is_own;
    own = left;
    assert_int_equal(find().state, SERVICE_ORPHANED);
    own = 1; // which is not even asked after
    assert_int_equal(find().state, SERVICE_GONE);
    // Of another boot, so to speak: nothing is known of where it ran.
    assert_true(process_read(service.pid_file, &process));
    snprintf(written, sizeof written, "%d %lld %s %lld\n", (int)process.pid,
             (long long)process.began, process.boot, (long long)process.space);
    process.boot[0] = process.boot[0] == '0' ? '1' : '0';
    snprintf(other, sizeof other, "%d %lld %s %lld\n", (int)process.pid, (long long)process.began,
             process.boot, (long long)process.space);
    write_pid_file(other);
    assert_int_equal(find().state, SERVICE_ORPHANED);
    write_pid_file(written);
    assert_int_equal(find().state, SERVICE_GONE);
    end_left(NULL);
    leave_behind("exec 9<&4 4<&-;"); // who has it there is not found
    service.may_be_own = is_own;
    own = 0;
    assert_int_equal(find().state, SERVICE_ORPHANED);
}

static void one_that_cannot_be_seen_is_let_be(void **state)
{
    (void)state;
    struct grove_error error;
    struct process process;
    char written[PROCESS_TEXT_SIZE], place[PROCESS_TEXT_SIZE];
    pid_t pid = launch("exec sleep 1000");
    assert_true(process_read(service.pid_file, &process));
    process_place(place);
    snprintf(written, sizeof written, "%d %lld %.60s1\n", (int)pid, (long long)process.began,
             place); // another pid namespace
    write_pid_file(written);
    struct service_view view = find();
    assert_waits(view);
    assert_int_equal(service_refuse(&service, &view, &error), GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "another container"));
    write_pid_file(""); // it has not said yet who it is
    assert_waits(find());
    assert_int_equal(kill(pid, 0), 0);
    snprintf(written, sizeof written, "%d %lld %.60s\n", (int)pid, (long long)process.began, place);
    write_pid_file(written);
    assert_int_equal(find().state, SERVICE_RUNS);
}

static void a_lock_that_cannot_be_asked_is_not_free(void **state)
{
    (void)state;
    struct grove_error error;
    unlink(service.lock);
    assert_int_equal(symlink("/dev/null", service.lock), 0);
    struct service_view view = find();
    assert_waits(view);
    assert_int_not_equal(service_refuse(&service, &view, &error), GROVE_OK);
    assert_non_null(strstr(error.message, service.lock));
    unlink(service.lock);
    assert_int_equal(find().state, SERVICE_GONE);
}

// --- waiting -------------------------------------------------------------------------------------

static enum service_answer answer(void *state, const struct call *call)
{
    (void)call;
    return *(enum service_answer *)state;
}

static enum grove_code wait_for(enum service_answer said, const struct call *call,
                                struct grove_error *error)
{
    struct service_wait wait = {
        .ask = answer, .state = &said, .socket = "/it", .limit_ms = 300, .silent_ms = 100};
    return service_wait(&service, &wait, call, error);
}

static void waiting_ends(void **state)
{
    (void)state;
    struct grove_error error;
    struct call call;
    pid_t pid = launch("exec sleep 1000");
    assert_ok(wait_for(SERVICE_READY, NULL, &error), error);
    assert_int_equal(wait_for(SERVICE_NOT_YET, NULL, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "did not get ready"));
    assert_int_equal(wait_for(SERVICE_SILENT, NULL, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "does not answer"));
    assert_int_equal(wait_for(SERVICE_CUT_OFF, NULL, &error), GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "\"/it\" is gone"));
    call_init(&call);
    call_within(&call, 50);
    assert_int_equal(wait_for(SERVICE_NOT_YET, &call, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "still starting"));
    assert_int_equal(find().process.pid, pid); // it goes on
    atomic_bool cancelled = true;
    call_init(&call);
    call_obey(&call, &cancelled);
    assert_int_equal(wait_for(SERVICE_NOT_YET, &call, &error), GROVE_CANCELLED);
}

static void one_that_ends_tells_why(void **state)
{
    (void)state;
    struct grove_error error;
    launch("echo 'FATAL:  no luck today'; echo 'and that is all'");
    assert_int_equal(wait_for(SERVICE_NOT_YET, NULL, &error), GROVE_UNAVAILABLE);
    assert_string_equal(error.detail, "FATAL:  no luck today");
    assert_non_null(strstr(error.hint, service.log));
    launch("echo 'it: No space left on device'");
    assert_int_equal(wait_for(SERVICE_NOT_YET, NULL, &error), GROVE_IO);
    assert_non_null(strstr(error.message, "the disk is full"));
}

// --- stopping ------------------------------------------------------------------------------------

static void stopping_goes_up_the_ladder(void **state)
{
    (void)state;
    static const struct service_step steps[] = {{SIGTERM, 300}, {SIGKILL, 10000}};
    struct grove_error error;
    size_t needed = 9;
    assert_ok(service_stop(&service, steps, 2, NULL, &needed, &error), error);
    assert_int_equal(needed, 0);
    launch("exec sleep 1000");
    assert_ok(service_stop(&service, steps, 2, NULL, &needed, &error), error);
    assert_int_equal(needed, 1);
    char path[PATH_MAX + 16], script[3 * PATH_MAX];
    snprintf(path, sizeof path, "%s/deaf", home.servers);
    snprintf(script, sizeof script, "trap '' TERM; : >%s; while :; do sleep 0.1; done", path);
    launch(script);
    for (int i = 0; i < 1000 && !file_exists(path); i++)
        clock_sleep_ms(10);
    assert_ok(service_stop(&service, steps, 2, NULL, &needed, &error), error);
    assert_int_equal(needed, 2);
}

// What was told to end is not waited for any longer, nor ended by force.
static void stopping_ends_with_its_call(void **state)
{
    (void)state;
    static const struct service_step steps[] = {{SIGTERM, 60000}, {SIGKILL, 60000}};
    struct grove_error error;
    struct call call;
    atomic_bool cancelled = false;
    size_t needed = 9;
    char path[PATH_MAX + 16], script[3 * PATH_MAX];
    snprintf(path, sizeof path, "%s/deaf too", home.servers);
    snprintf(script, sizeof script, "trap '' TERM; : >'%s'; while :; do sleep 0.1; done", path);
    launch(script);
    for (int i = 0; i < 1000 && !file_exists(path); i++)
        clock_sleep_ms(10);
    call_init(&call);
    call_within(&call, 300);
    enum grove_code late = service_stop(&service, steps, 2, &call, &needed, &error);
    size_t told = needed;
    enum grove_code over = service_stop(&service, steps, 2, &call, &needed, &error);
    call_init(&call);
    call_obey(&call, &cancelled);
    atomic_store(&cancelled, true);
    enum grove_code stopped = service_stop(&service, steps, 2, &call, &needed, &error);
    enum service_state still = find().state;
    assert_ok(service_stop(&service, steps + 1, 1, NULL, &needed, &error), error);
    assert_int_equal(late, GROVE_TIMEOUT);
    assert_int_equal(told, 1);
    assert_int_equal(over, GROVE_TIMEOUT);
    assert_int_equal(stopped, GROVE_CANCELLED);
    assert_int_equal(still, SERVICE_RUNS);
}

// --- starting ------------------------------------------------------------------------------------

// A log that hangs: who opens a fifo to write into it waits for somebody who reads, and the shell
// says nothing.
static void make_fifo(const char *name, char ret_path[static PATH_MAX + 16])
{
    snprintf(ret_path, PATH_MAX + 16, "%s/%s", home.servers, name);
    assert_int_equal(mkfifo(ret_path, 0666), 0);
    assert_int_equal(chmod(ret_path, 0666), 0);
}

static void a_start_that_hangs_has_a_limit(void **state)
{
    (void)state;
    struct grove_error error;
    struct call call;
    pid_t pid;
    int exit_status;
    char fifo[PATH_MAX + 16];
    make_fifo("fifo", fifo);
    const char *const arguments[] = {"/bin/true", NULL};
    struct home_program program = {.arguments = arguments, .log_path = fifo};
    call_init(&call);
    call_within(&call, 100);
    assert_int_equal(home_run(&home, &program, &call, &exit_status, &error), GROVE_TIMEOUT);
    call_init(&call);
    call_within(&call, 100);
    assert_int_equal(home_spawn(&home, &program, &call, &pid, &error), GROVE_TIMEOUT);
    inject_set_knob(INJECT_KNOB_SPAWN_MS, 100);
    assert_int_equal(home_spawn(&home, &program, NULL, &pid, &error), GROVE_TIMEOUT);
    assert_non_null(strstr(error.message, "said nothing"));
    inject_set_knob(INJECT_KNOB_SPAWN_MS, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);           // no child is left
    int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC); // those that hang go on, and end
    assert_true(reader >= 0);
    clock_sleep_ms(100);
    close(reader);
}

// Whoever has opened the log of a program, and has not become it yet.
static pid_t find_shell_of(const char *log_path)
{
    char path[64], line[4096];
    for (;;) {
        DIR *processes = opendir("/proc");
        struct dirent *entry;
        assert_non_null(processes);
        while ((entry = readdir(processes))) {
            pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
            snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
            int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
            ssize_t length = fd >= 0 ? read(fd, line, sizeof line) : 0;
            if (fd >= 0)
                close(fd);
            if (length > 8 && memcmp(line, "/bin/sh", 8) == 0 &&
                memmem(line, (size_t)length, log_path, strlen(log_path))) {
                closedir(processes);
                return pid;
            }
        }
        closedir(processes);
    }
}

static void *kill_shell_of(void *log_path)
{
    assert_int_equal(kill(find_shell_of(log_path), SIGKILL), 0);
    return NULL;
}

// By an administrator, or for want of memory: nothing is wrong with the program.
static void a_start_that_is_killed_may_be_tried_again(void **state)
{
    (void)state;
    struct grove_error error;
    pthread_t killer;
    pid_t pid;
    char fifo[PATH_MAX + 16];
    make_fifo("another", fifo);
    const char *const arguments[] = {"/bin/true", NULL};
    struct home_program program = {.arguments = arguments, .log_path = fifo};
    assert_int_equal(pthread_create(&killer, NULL, kill_shell_of, fifo), 0);
    assert_int_equal(home_spawn(&home, &program, NULL, &pid, &error), GROVE_UNAVAILABLE);
    pthread_join(killer, NULL);
    assert_non_null(strstr(error.message, "was killed"));
}

// --- processes that were written down ------------------------------------------------------------

static void a_process_is_told_by_all_that_was_written(void **state)
{
    (void)state;
    struct process process, other;
    char written[PROCESS_TEXT_SIZE];
    process_describe_self(written);
    write_pid_file(written);
    assert_true(process_read(service.pid_file, &process));
    assert_int_equal(process.pid, getpid());
    assert_int_equal(process_see(&process), PROCESS_LIVES);
    assert_true(process_age_s(&process) < 600);
    other = process;
    other.began++; // the number was another's
    assert_int_equal(process_see(&other), PROCESS_GONE);
    other = process;
    other.boot[0] = other.boot[0] == '0' ? '1' : '0';
    assert_int_equal(process_see(&other), PROCESS_GONE);
    other = process;
    other.space++;
    assert_int_equal(process_see(&other), PROCESS_ELSEWHERE);
    snprintf(written, sizeof written, "%d %lld\n", (int)getpid(), (long long)process.began);
    write_pid_file(written); // as earlier versions wrote it
    assert_true(process_read(service.pid_file, &other));
    assert_int_equal(process_see(&other), PROCESS_LIVES);
    static const char *const nothing[] = {"",     "1 5\n", "-7 5\n",
                                          "12\n", "x 5\n", "99999999999 1\n"};
    for (size_t i = 0; i < ARRAY_COUNT(nothing); i++) {
        write_pid_file(nothing[i]);
        assert_false(process_read(service.pid_file, &other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(its_lock_says_whether_it_runs, end_service),
        cmocka_unit_test_teardown(what_it_started_outlives_it, end_left),
        cmocka_unit_test_teardown(a_stranger_may_outlive_it, end_left),
        cmocka_unit_test_teardown(what_may_be_its_own_is_no_stranger, end_left),
        cmocka_unit_test_teardown(one_that_cannot_be_seen_is_let_be, end_service),
        cmocka_unit_test(a_lock_that_cannot_be_asked_is_not_free),
        cmocka_unit_test_teardown(waiting_ends, end_service),
        cmocka_unit_test_teardown(one_that_ends_tells_why, end_service),
        cmocka_unit_test_teardown(stopping_goes_up_the_ladder, end_service),
        cmocka_unit_test_teardown(stopping_ends_with_its_call, end_service),
        cmocka_unit_test(a_start_that_hangs_has_a_limit),
        cmocka_unit_test(a_start_that_is_killed_may_be_tried_again),
        cmocka_unit_test(a_process_is_told_by_all_that_was_written),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
