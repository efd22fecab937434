// SPDX-License-Identifier: Apache-2.0
// A host that makes it hard for a library: it has signals of its own, forks, has closed its
// standard streams, reads numbers with commas, and calls from 64 threads that it stops midway.
#include "../../support/stores.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../support/thread.h"
#include "base/clock.h"
#include "grove/grove.h"
#include "pg/cluster.h"

#define NOBODY "http://127.0.0.1:1" // searches are PostgreSQL's alone: nothing else is in the way

enum { ROWS = 40, THREADS = 64, CALLS = 12 };

static float query_vector[VECTOR_DIMENSION];

static void fill(struct test_stores *stores)
{
    struct test_vector query = test_toward(1, 0);
    memcpy(query_vector, query.numbers, sizeof query_vector);
    for (int i = 0; i < ROWS; i++) {
        struct test_vector vector = test_toward(1 - 0.01F * (float)i, 1);
        test_vector_give(stores, test_content(stores, &(struct test_content){.words = 1 + i}),
                         vector.numbers);
    }
}

static struct grove *open_host(struct test_stores *stores, struct grove_options options)
{
    static char conninfo[CLUSTER_CONNINFO_SIZE];
    struct grove *grove = NULL;
    struct grove_error error;
    test_database_conninfo(stores->database, conninfo);
    options.database_url = conninfo;
    options.qdrant_url = NOBODY;
    assert_ok(grove_open(&options, &grove, &error), error);
    return grove;
}

static enum grove_code search(struct grove *grove, struct grove_limits limits, size_t *ret_rows)
{
    struct grove_error error;
    struct grove_result *result = NULL;
    const struct grove_search_request request = {.size_bytes = sizeof request,
                                                 .vector = query_vector,
                                                 .limit = 10,
                                                 .explain = true,
                                                 .limits = limits};
    enum grove_code code = grove_search(grove, &request, &result, &error);
    *ret_rows = code == GROVE_OK ? result->row_count : 0;
    char *json = code == GROVE_OK ? grove_result_json(result) : NULL;
    if (json && strstr(json, "\"score\":0,"))
        code = GROVE_INTERNAL; // a comma of the host's locale
    grove_free(json);
    grove_result_free(result);
    return code;
}

// --- threads ------------------------------------------------------------------------------------

struct caller {
    struct grove *grove;
    unsigned number;
    unsigned of_code[GROVE_CODE_COUNT];
    unsigned wrong; // it worked, and not all rows were there
};

static void call_again_and_again(void *state)
{
    struct caller *caller = state;
    for (unsigned i = 0; i < CALLS; i++) {
        size_t rows;
        unsigned kind = (caller->number + i) % 4;
        struct grove_limits limits = {.timeout_ms = kind == 0 ? 1 + i : 0,
                                      .token = kind == 1 ? grove_token_new() : NULL};
        if (kind == 1)
            grove_token_cancel(limits.token);
        if (kind == 2 && i % 3 == 0)
            grove_cancel(caller->grove); // of everybody
        enum grove_code code = search(caller->grove, limits, &rows);
        caller->of_code[code]++;
        caller->wrong += code == GROVE_OK && rows != 10;
        grove_token_free(limits.token);
    }
}

// Whatever is stopped where, each call ends as one of these, and the handle works on.
static void threads_cancel_and_are_late(struct test_stores *stores)
{
    static const enum grove_code expected[] = {GROVE_OK, GROVE_CANCELLED, GROVE_TIMEOUT,
                                               GROVE_LIMIT};
    static struct caller callers[THREADS];
    struct test_thread *threads[THREADS];
    unsigned total[GROVE_CODE_COUNT] = {0}, wrong = 0, known = 0;
    fill(stores);
    struct grove *grove = open_host(stores, (struct grove_options){.connections_max = 8});
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.grove = grove, .number = i};
        threads[i] = test_thread_start(stores, call_again_and_again, &callers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        test_thread_join(threads[i]);
        wrong += callers[i].wrong;
        for (unsigned code = 0; code < GROVE_CODE_COUNT; code++)
            total[code] += callers[i].of_code[code];
    }
    size_t rows;
    enum grove_code afterwards = search(grove, (struct grove_limits){0}, &rows);
    grove_close(grove);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        known += total[expected[i]];
    assert_int_equal(known, THREADS * CALLS);
    assert_int_equal(wrong, 0);
    assert_true(total[GROVE_CANCELLED] >= THREADS * CALLS / 4);
    assert_int_equal(afterwards, GROVE_OK);
    assert_int_equal(rows, 10);
}

// --- signals ------------------------------------------------------------------------------------

static pthread_t handler_thread;
static atomic_int handled;

static void on_signal(int number)
{
    (void)number;
    handler_thread = pthread_self();
    atomic_fetch_add(&handled, 1);
}

// The library's threads run while the only thread of the host that takes the signal has blocked it:
// if one of theirs took it, it would not wait.
static void signals_are_the_hosts(struct test_stores *stores)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigset_t ours, mask;
    sigset_t waiting;
    sigemptyset(&ours);
    sigaddset(&ours, SIGUSR1);
    fill(stores);
    sigaction(SIGUSR1, &action, &before);
    atomic_store(&handled, 0);
    struct grove *grove = open_host(stores, (struct grove_options){.background_sync = true});
    size_t rows;
    enum grove_code code = search(grove, (struct grove_limits){0}, &rows);
    pthread_sigmask(SIG_BLOCK, &ours, &mask);
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 5; i++)
        (void)search(grove, (struct grove_limits){0}, &rows);
    int meanwhile = atomic_load(&handled);
    sigpending(&waiting);
    bool waits = sigismember(&waiting, SIGUSR1) == 1;
    pthread_sigmask(SIG_SETMASK, &mask, NULL); // now it comes, here
    int at_last = atomic_load(&handled);
    bool here = pthread_equal(handler_thread, pthread_self());
    grove_close(grove);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(code, GROVE_OK);
    assert_int_equal(meanwhile, 0);
    assert_true(waits);
    assert_int_equal(at_last, 1);
    assert_true(here);
}

// --- processes ----------------------------------------------------------------------------------

// A child leaves its parent's handle alone, and may have one of its own.
static void a_child_has_a_handle_of_its_own(struct test_stores *stores)
{
    fill(stores);
    struct grove *grove = open_host(stores, (struct grove_options){0});
    size_t rows;
    assert_int_equal(search(grove, (struct grove_limits){0}, &rows), GROVE_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct grove *own = open_host(stores, (struct grove_options){0});
        enum grove_code code = search(own, (struct grove_limits){.timeout_ms = 20000}, &rows);
        grove_close(own);
        _exit(code == GROVE_OK && rows == 10 ? 0 : 1);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    enum grove_code afterwards = search(grove, (struct grove_limits){0}, &rows);
    grove_close(grove);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(afterwards, GROVE_OK);
}

enum { CHILD_FINE, CHILD_CALLED, CHILD_EMBEDDED, CHILD_ASKED };

static int use_parents_handle(struct grove *grove)
{
    struct grove_error error;
    struct grove_status status;
    float vector[VECTOR_DIMENSION];
    size_t rows;
    if (search(grove, (struct grove_limits){0}, &rows) != GROVE_INVALID)
        return CHILD_CALLED;
    if (grove_embed(grove, (const char *const[]){"a"}, 1, vector, &error) != GROVE_INVALID ||
        !strstr(error.message, "forked"))
        return CHILD_EMBEDDED;
    if (grove_get_status(grove, &status, &error) != GROVE_INVALID)
        return CHILD_ASKED;
    grove_close(grove); // waits for no thread, says farewell to no server
    return CHILD_FINE;
}

// Calls are under way in other threads, which are not there in the child; nor are their locks ever
// given back. Each child is refused at once, and the parent's sessions stay.
static void a_child_leaves_its_parents_handle(struct test_stores *stores)
{
    enum { CHILDREN = 20, CALLERS = 4 };
    static struct caller callers[CALLERS];
    struct test_thread *threads[CALLERS];
    unsigned fine = 0, failed = 0;
    size_t rows;
    fill(stores);
    struct grove *grove =
        open_host(stores, (struct grove_options){.background_sync = true, .connections_max = 8});
    assert_int_equal(search(grove, (struct grove_limits){0}, &rows), GROVE_OK);
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.grove = grove, .number = 3 + 4 * i};
        threads[i] = test_thread_start(stores, call_again_and_again, &callers[i]);
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(use_parents_handle(grove));
        int status = -1;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        fine += WIFEXITED(status) && WEXITSTATUS(status) == CHILD_FINE;
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        test_thread_join(threads[i]);
        failed += callers[i].wrong + callers[i].of_code[GROVE_UNAVAILABLE] +
                  callers[i].of_code[GROVE_DATABASE];
    }
    enum grove_code afterwards = search(grove, (struct grove_limits){0}, &rows);
    grove_close(grove);
    assert_int_equal(fine, CHILDREN);
    assert_int_equal(failed, 0);
    assert_int_equal(afterwards, GROVE_OK);
}

// --- standard streams ---------------------------------------------------------------------------

static bool is_open(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0;
}

// The places of streams are held while a thread connects, so that nothing else gets them, and are
// free again when it has.
static bool stays_open(int fd)
{
    static const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    enum { MOMENTS = 500 };
    int moments = 0;
    while (is_open(fd) && moments++ < MOMENTS)
        nanosleep(&moment, NULL);
    return moments > MOMENTS;
}

static void closed_streams_stay_closed(struct test_stores *stores)
{
    int kept[3];
    size_t rows;
    fill(stores);
    for (int fd = 0; fd < 3; fd++) {
        kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        close(fd);
    }
    struct grove *grove = open_host(stores, (struct grove_options){.background_sync = true});
    enum grove_code code = search(grove, (struct grove_limits){0}, &rows);
    bool taken = stays_open(0) || stays_open(1) || stays_open(2);
    grove_close(grove);
    bool left = is_open(0) || is_open(1) || is_open(2);
    for (int fd = 0; fd < 3; fd++)
        if (kept[fd] >= 0) {
            dup2(kept[fd], fd);
            close(kept[fd]);
        }
    assert_int_equal(code, GROVE_OK);
    assert_int_equal(rows, 10);
    assert_false(taken);
    assert_false(left);
}

// --- requests of other versions -----------------------------------------------------------------

// As compiled with a header whose request had one member less, or one more.
static void requests_of_other_versions(struct test_stores *stores)
{
    struct {
        struct grove_search_request request;
        uint64_t more;
    } newer = {.request = {.vector = query_vector, .limit = 3}};
    struct grove_error error;
    struct grove_result *result = NULL;
    fill(stores);
    struct grove *grove = open_host(stores, (struct grove_options){0});
    newer.request.size_bytes = sizeof newer;
    enum grove_code zero = grove_search(grove, &newer.request, &result, &error);
    grove_result_free(result);
    newer.more = 1;
    enum grove_code more = grove_search(grove, &newer.request, &result, &error);
    newer.request.size_bytes = offsetof(struct grove_search_request, limits);
    newer.request.limits.timeout_ms = 1; // is not there
    enum grove_code older = grove_search(grove, &newer.request, &result, &error);
    if (older == GROVE_OK)
        grove_result_free(result);
    newer.request.size_bytes = 1;
    enum grove_code nonsense = grove_search(grove, &newer.request, &result, &error);
    grove_close(grove);
    assert_int_equal(zero, GROVE_OK);
    assert_int_equal(more, GROVE_UNSUPPORTED);
    assert_int_equal(older, GROVE_OK);
    assert_int_equal(nonsense, GROVE_INVALID);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(threads_cancel_and_are_late),
        STORES_TEST(signals_are_the_hosts),
        STORES_TEST(a_child_has_a_handle_of_its_own),
        STORES_TEST(a_child_leaves_its_parents_handle),
        STORES_TEST(closed_streams_stay_closed),
        STORES_TEST(requests_of_other_versions),
    };
    setlocale(LC_ALL, "");
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
