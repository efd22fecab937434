// SPDX-License-Identifier: Apache-2.0
// Which processes and folders are taken for the private servers: what a file says is not believed.
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/inject.h"
#include "home/home.h"
#include "home/process.h"
#include "pg/cluster.h"
#include "vector/private.h"

static char folder[] = "/tmp/grove-test-XXXXXX";
static struct home home;
static pid_t child;
static int life; // its end of the pipe at which the child waits

static int make_home(void **state)
{
    (void)state;
    struct grove_error error;
    char path[64], command[4 * PATH_MAX];
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/home", folder);
    if (home_open(path, &home, &error) != GROVE_OK)
        return -1;
    snprintf(command, sizeof command,
             "mkdir '%s/vector' '%s/pg' && echo 16 >'%s/pg/PG_VERSION' && chmod -R a+rwX '%s'",
             home.servers, home.servers, home.servers, home.servers);
    return system(command);
}

static int remove_home(void **state)
{
    (void)state;
    char command[4 * PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", folder, home.servers);
    return system(command);
}

static int end_child(void **state)
{
    (void)state;
    if (child > 0) {
        close(life);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    child = 0;
    return 0;
}

// A process that waits; with the working folder, the name and the argument given.
static void start_child(const char *working, const char *name, const char *argument)
{
    int ends[2];
    char ready;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int said[2];
    assert_int_equal(pipe(said), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(working) != 0 || prctl(PR_SET_NAME, name) != 0)
            _exit(1);
        dup2(ends[0], 0);
        dup2(said[1], 1);
        if (argument && !argument[0]) // no arguments to show, as one that is ending
            memset(program_invocation_name, 0, strlen(program_invocation_name));
        else if (argument) // a shell that says it is there, then waits
            execl("/bin/sh", "sh", "-c", "echo; read line", "sh", argument, NULL);
        (void)!write(1, "\n", 1);
        (void)!read(0, &ready, 1);
        _exit(0);
    }
    close(ends[0]);
    close(said[1]);
    life = ends[1];
    assert_int_equal(read(said[0], &ready, 1), 1);
    close(said[0]);
}

static void write_file(const char *name, const char *contents)
{
    char path[PATH_MAX + 32];
    struct grove_error error;
    snprintf(path, sizeof path, "%s/%s", home.servers, name);
    assert_ok(file_write(path, text_of(contents), 0644, &error), error);
}

// --- PostgreSQL ----------------------------------------------------------------------------------

static pid_t postmaster_of_file(void)
{
    char contents[32];
    struct cluster_status status;
    struct grove_error error;
    snprintf(contents, sizeof contents, "%d\n", (int)child);
    write_file("pg/postmaster.pid", contents);
    assert_ok(cluster_status(&home, &status, &error), error);
    assert_true(status.created);
    return status.pid;
}

static void a_postmaster_works_in_its_folder(void **state)
{
    (void)state;
    char data[PATH_MAX + 16];
    snprintf(data, sizeof data, "%s/pg", home.servers);
    start_child(data, "postgres", NULL);
    assert_int_equal(postmaster_of_file(), child);
    end_child(NULL);
    start_child("/", "postgres", NULL); // of another cluster
    assert_int_equal(postmaster_of_file(), 0);
    end_child(NULL);
    start_child(data, "sh", NULL); // somebody who looks around there
    assert_int_equal(postmaster_of_file(), 0);
    bool forced;
    struct grove_error error;
    assert_ok(cluster_stop(&home, NULL, &forced, &error), error);
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0); // it lives
}

static enum grove_code die_after_initdb(void *state, enum inject_point point,
                                        struct grove_error *error)
{
    (void)state;
    if (point != INJECT_CLUSTER_INITIALISED)
        return GROVE_OK;
    return error_set(error, GROVE_CORRUPT, "it dies here");
}

// What initdb made is a cluster only when all of it is there.
static void half_a_cluster_is_none(void **state)
{
    (void)state;
    char data[PATH_MAX + 16];
    struct grove_error error;
    struct cluster_status status;
    if (!home.assets[0])
        skip();
    snprintf(data, sizeof data, "rm -r '%s/pg'", home.servers);
    assert_int_equal(system(data), 0);
    inject_set_hook(die_after_initdb, NULL);
    enum grove_code code = cluster_start(&home, NULL, &error);
    inject_set_hook(NULL, NULL);
    assert_int_equal(code, GROVE_CORRUPT);
    assert_ok(cluster_status(&home, &status, &error), error);
    assert_false(status.created);
    snprintf(data, sizeof data, "%s/pg", home.servers);
    assert_false(file_exists(data));
}

struct watch {
    pthread_t thread;
    atomic_bool cancelled; // of the call that is watched
    pid_t initdb;
};

static bool is_initdb(void *state, pid_t pid)
{
    static const char end[] = "/initdb";
    struct watch *watch = state;
    char path[64], line[2 * PATH_MAX] = "";
    process_title(pid, line, sizeof line);
    size_t length = strlen(line);
    if (length < strlen(end) || strcmp(line + length - strlen(end), end) != 0)
        return true;
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    FILE *file = fopen(path, "re");
    length = file ? fread(line, 1, sizeof line, file) : 0;
    if (file)
        fclose(file);
    if (memmem(line, length, home.servers, strlen(home.servers)))
        watch->initdb = pid;
    return watch->initdb == 0;
}

// Stopped, it does not end by itself.
static void *stop_initdb(void *state)
{
    struct watch *watch = state;
    for (int i = 0; i < 3000 && watch->initdb == 0; i++) {
        (void)process_each(is_initdb, watch);
        clock_sleep_ms(10);
    }
    if (watch->initdb > 1)
        kill(watch->initdb, SIGSTOP);
    atomic_store(&watch->cancelled, true);
    return NULL;
}

// Of a call that is cancelled once there is an initdb; or that has so much time, enough for
// one to begin and none to end.
static void end_a_start(unsigned limit_ms, enum grove_code wanted)
{
    struct grove_error error;
    struct cluster_status status;
    struct watch watch = {.initdb = 0};
    struct call call;
    call_init(&call);
    call_within(&call, limit_ms);
    call_obey(&call, limit_ms ? NULL : &watch.cancelled);
    assert_int_equal(pthread_create(&watch.thread, NULL, stop_initdb, &watch), 0);
    enum grove_code code = cluster_start(&home, &call, &error);
    pthread_join(watch.thread, NULL);
    assert_int_equal(code, wanted);
    assert_true(watch.initdb > 1);
    for (int i = 0; i < 500 && process_start_time(watch.initdb) >= 0; i++)
        clock_sleep_ms(10);
    bool ended = process_start_time(watch.initdb) < 0;
    if (!ended)
        kill(watch.initdb, SIGKILL);
    assert_true(ended);
    assert_ok(cluster_status(&home, &status, &error), error);
    assert_false(status.created || status.running);
}

static void an_initdb_ends_with_the_call(void **state)
{
    (void)state;
    char command[PATH_MAX + 32];
    struct grove_error error;
    struct cluster_status status;
    bool forced;
    if (!home.assets[0])
        skip();
    snprintf(command, sizeof command, "rm -rf '%s/pg'", home.servers);
    assert_int_equal(system(command), 0);
    end_a_start(0, GROVE_CANCELLED);
    end_a_start(3000, GROVE_TIMEOUT);
    // Who comes next has to do with nothing of it.
    assert_ok(cluster_start(&home, NULL, &error), error);
    assert_ok(cluster_status(&home, &status, &error), error);
    assert_true(status.created && status.running);
    snprintf(command, sizeof command, "ls -d '%s'/pg.new* 2>/dev/null", home.servers);
    assert_int_not_equal(system(command), 0);
    assert_ok(cluster_stop(&home, NULL, &forced, &error), error);
}

// --- the vector server ---------------------------------------------------------------------------

static long start_time_of(pid_t pid)
{
    char path[64], line[1024] = "", *at;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(line, 1, sizeof line - 1, file) > 0);
    fclose(file);
    at = strrchr(line, ')');
    assert_non_null(at);
    for (int field = 0; field < 20; field++)
        at = strchr(at + 1, ' ');
    return strtol(at, NULL, 10);
}

// Tells the server whose process the file names to stop; the signal that ended the child, or 0.
static int stop_by_file(long began)
{
    char contents[64];
    int status = 0;
    struct grove_error error;
    snprintf(contents, sizeof contents, "%d %ld\n", (int)child, began);
    write_file("vector/pid", contents);
    assert_ok(vector_server_stop(&home, NULL, &error), error);
    if (waitpid(child, &status, WNOHANG) == 0)
        return 0;
    child = 0;
    close(life);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static void a_vector_server_has_its_start_time_and_folder(void **state)
{
    (void)state;
    char data[PATH_MAX + 16];
    snprintf(data, sizeof data, "%s/vector", home.servers);
    start_child("/", "sh", "/elsewhere");
    assert_int_equal(stop_by_file(start_time_of(child)), 0);
    end_child(NULL);
    start_child("/", "sh", data);
    assert_int_equal(stop_by_file(start_time_of(child) - 1), 0); // its number was another's
    assert_int_equal(stop_by_file(start_time_of(child)), SIGTERM);
}

// Its arguments are gone some time before it is: until then it is there.
static void a_vector_server_that_is_ending_is_waited_for(void **state)
{
    (void)state;
    start_child("/", "sh", "");
    assert_int_equal(stop_by_file(start_time_of(child)), SIGTERM);
}

// Stopped for so long that no more connections wait for it: who asks is told so at once.
static void one_that_takes_no_connection_hangs(void **state)
{
    (void)state;
    enum { WAITING_MAX = 64 };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int waiting[WAITING_MAX], count = 0;
    struct grove_error error;
    char path[PATH_MAX];
    vector_server_socket(&home, path);
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), taken;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    for (bool room = true; room && count < WAITING_MAX; count++) {
        waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        room = connect(waiting[count], (struct sockaddr *)&address, sizeof address) == 0;
    }
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = vector_server_start(&home, NULL, &error);
    int64_t took_us = clock_monotonic_us() - began_us;
    while (count > 0)
        close(waiting[--count]);
    while ((taken = accept(listener, NULL, NULL)) >= 0)
        close(taken);
    assert_ok(vector_server_start(&home, NULL, &error), error); // there is room
    close(listener);
    unlink(path);
    assert_int_equal(code, GROVE_UNAVAILABLE);
    assert_in_range(took_us, 0, 500000); // it was asked for seconds
}

// Who is not patient waits for no start but his own.
static void one_that_somebody_else_starts_is_not_waited_for(void **state)
{
    (void)state;
    char data[PATH_MAX + 16], contents[64];
    struct grove_error error;
    struct call call;
    if (!home.assets[0])
        skip();
    snprintf(data, sizeof data, "%s/vector", home.servers);
    start_child("/", "sh", data);
    snprintf(contents, sizeof contents, "%d %ld\n", (int)child, start_time_of(child));
    write_file("vector/pid", contents);
    call_init(&call);
    call_within(&call, 5000);
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(vector_server_start(&home, &call, &error), GROVE_TIMEOUT);
    assert_in_range(clock_monotonic_us() - began_us, 0, 2000000);
    assert_non_null(strstr(error.message, "starting"));
    call_within(&call, 50);
    call.patient = true;
    assert_int_equal(vector_server_start(&home, &call, &error), GROVE_TIMEOUT); // its own limit
    assert_non_null(strstr(error.message, "after"));
}

// Listens from soon on, and never answers.
static void *listen_soon(void *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int *listener = state;
    char path[PATH_MAX];
    vector_server_socket(&home, path);
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    clock_sleep_ms(50);
    if (bind(*listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(*listener, 16) != 0)
        perror("a listener");
    return NULL;
}

// It listens, and does not answer: who waits for it waits no longer than his call may.
static void one_that_does_not_answer_is_waited_for_as_long_as_the_call_lasts(void **state)
{
    (void)state;
    char data[PATH_MAX + 16], contents[64], path[PATH_MAX];
    struct grove_error error;
    struct call call;
    pthread_t thread;
    if (!home.assets[0])
        skip();
    snprintf(data, sizeof data, "%s/vector", home.servers);
    start_child("/", "sh", data);
    snprintf(contents, sizeof contents, "%d %ld\n", (int)child, start_time_of(child));
    write_file("vector/pid", contents);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(pthread_create(&thread, NULL, listen_soon, &listener), 0);
    call_init(&call);
    call_within(&call, 400);
    call.patient = true;
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = vector_server_start(&home, &call, &error);
    int64_t took_us = clock_monotonic_us() - began_us;
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(listener);
    vector_server_socket(&home, path);
    unlink(path);
    assert_int_equal(code, GROVE_TIMEOUT);
    assert_in_range(took_us, 0, 900000);
}

static enum grove_code start_in_a_hurry(struct grove_error *error)
{
    struct call call;
    call_init(&call);
    call_within(&call, 1);
    return vector_server_start(&home, &call, error);
}

// Who has no time to hear why it ended hears it the next time.
static void one_that_cannot_start_is_not_starting_for_ever(void **state)
{
    (void)state;
    struct grove_error error = {.code = GROVE_OK};
    if (!home.assets[0])
        skip();
    write_file("vector/pid", "12345 678 another-boot 1"); // it may have run until then
    write_file("vector/collections", "not a folder");
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(start_in_a_hurry(&error), GROVE_TIMEOUT);
    while (start_in_a_hurry(&error) == GROVE_TIMEOUT)
        assert_in_range(clock_monotonic_us() - began_us, 0, 30000000);
    assert_int_equal(error.code, GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.message, "ended while it was starting"));
    assert_non_null(strstr(error.detail, "cannot serve"));
    assert_ok(vector_server_stop(&home, NULL, &error), error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_postmaster_works_in_its_folder, end_child),
        cmocka_unit_test(half_a_cluster_is_none),
        cmocka_unit_test(an_initdb_ends_with_the_call),
        cmocka_unit_test_teardown(a_vector_server_has_its_start_time_and_folder, end_child),
        cmocka_unit_test_teardown(a_vector_server_that_is_ending_is_waited_for, end_child),
        cmocka_unit_test(one_that_takes_no_connection_hangs),
        cmocka_unit_test_teardown(one_that_somebody_else_starts_is_not_waited_for, end_child),
        cmocka_unit_test_teardown(one_that_does_not_answer_is_waited_for_as_long_as_the_call_lasts,
                                  end_child),
        cmocka_unit_test(one_that_cannot_start_is_not_starting_for_ever),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
