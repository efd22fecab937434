// SPDX-License-Identifier: Apache-2.0
// Requests and their calls: deadlines, cancellations, too many at once, servers that are out, are
// starting, or ask for patience.
#include "canned.h"

#include <sys/socket.h>

#include "base/call.h"
#include "base/clock.h"
#include "vector/breaker.h"
#include "vector/qdrant.h"

#define COUNT_3 "{\"result\":{\"count\":3}}"

// Generous: on a busy machine. What is bounded here waited for seconds before.
enum { SOON_US = 1000000 };

struct asked {
    struct canned_server server;
    struct vector_engine *engine;
    struct call call; // of somebody who is not patient
    struct grove_error error;
    uint64_t count;
};

static void open_engine(struct asked *asked, struct qdrant_options options)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", asked->server.port);
    if (!options.socket_path)
        options.url = url;
    assert_ok(qdrant_open(&options, &asked->engine, &asked->error), asked->error);
    call_init(&asked->call);
}

// Of a server that hangs.
static void begin(struct asked *asked, struct qdrant_options options)
{
    *asked = (struct asked){.count = 0};
    canned_listen(&asked->server);
    open_engine(asked, options);
}

static void end(struct asked *asked)
{
    vector_engine_free(asked->engine);
    canned_stop(&asked->server);
}

static enum grove_code ask(struct asked *asked)
{
    return vector_count(asked->engine, &asked->call, NULL, &asked->count, &asked->error);
}

static void assert_ours(const struct asked *asked, enum grove_code code)
{
    if (asked->error.code != code || asked->error.origin != GROVE_ORIGIN_GROVE)
        fail_msg("%d of %d: %s", asked->error.code, asked->error.origin, asked->error.message);
}

static void assert_engines(const struct asked *asked, enum grove_code code)
{
    if (asked->error.code != code || asked->error.origin != GROVE_ORIGIN_QDRANT)
        fail_msg("%d of %d: %s", asked->error.code, asked->error.origin, asked->error.message);
}

// --- deadlines and cancellations ----------------------------------------------------------------

static void a_deadline_ends_a_request(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 30000});
    int64_t began_us = clock_monotonic_us();
    call_within(&asked.call, 60);
    assert_int_equal(ask(&asked), GROVE_TIMEOUT);
    assert_ours(&asked, GROVE_TIMEOUT);
    assert_in_range(clock_monotonic_us() - began_us, 60000, 60000 + SOON_US);
    assert_int_equal(asked.call.counters.requests, 1);
    assert_int_equal(ask(&asked), GROVE_TIMEOUT); // and none is begun after it
    assert_int_equal(asked.call.counters.requests, 1);
    end(&asked);
}

// The shorter of the two ends it; the engine's own limit is the engine's.
static void the_engine_s_limit_stays(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 40});
    call_within(&asked.call, 30000);
    assert_int_equal(ask(&asked), GROVE_TIMEOUT);
    assert_engines(&asked, GROVE_TIMEOUT);
    end(&asked);
}

// Comparing all of a few takes no longer than a walk over a graph.
static void an_exact_search_of_few_points_has_no_longer_limit(void **state)
{
    (void)state;
    struct asked asked;
    struct arena arena;
    struct vector_hits hits;
    float vector[VECTOR_DIMENSION] = {1};
    const struct vector_query query = {.vector = vector, .limit = 3, .exact = true};
    arena_init(&arena, 1 << 20);
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 40, .exact_timeout_ms = 20000});
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(vector_search(asked.engine, &asked.call, &query, &arena, &hits, &asked.error),
                     GROVE_TIMEOUT);
    assert_engines(&asked, GROVE_TIMEOUT);
    assert_true(clock_monotonic_us() - began_us < SOON_US);
    arena_release(&arena);
    end(&asked);
}

struct asking {
    struct asked *asked;
    struct call call;
    bool compares_many; // it may take long, and does not count
    enum grove_code code;
    struct grove_error error;
    _Atomic int64_t ended_us;
};

static enum grove_code compare_many(struct asking *asking)
{
    struct arena arena;
    struct vector_hits hits;
    float vector[VECTOR_DIMENSION] = {1};
    const struct vector_query query = {.vector = vector, .limit = 3, .exact = true, .many = true};
    arena_init(&arena, 1 << 20);
    enum grove_code code =
        vector_search(asking->asked->engine, &asking->call, &query, &arena, &hits, &asking->error);
    arena_release(&arena);
    return code;
}

static void *ask_in_a_thread(void *state)
{
    struct asking *asking = state;
    uint64_t count;
    asking->code = asking->compares_many ? compare_many(asking)
                                         : vector_count(asking->asked->engine, &asking->call, NULL,
                                                        &count, &asking->error);
    asking->ended_us = clock_monotonic_us();
    return NULL;
}

// Until the request is there: the connection is accepted, and has something to read.
static int await_request(struct canned_server *server)
{
    char byte;
    int fd = accept(server->listener, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1);
    return fd;
}

static void a_cancellation_ends_a_request(void **state)
{
    (void)state;
    struct asked asked;
    atomic_bool stop = false;
    pthread_t thread;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 30000});
    struct asking asking = {.asked = &asked, .call = asked.call};
    call_obey(&asking.call, &stop);
    assert_int_equal(pthread_create(&thread, NULL, ask_in_a_thread, &asking), 0);
    int fd = await_request(&asked.server);
    int64_t stopped_us = clock_monotonic_us();
    stop = true;
    pthread_join(thread, NULL);
    assert_int_equal(asking.code, GROVE_CANCELLED);
    assert_true(asking.ended_us - stopped_us < SOON_US);
    close(fd);
    end(&asked);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// Whoever waits for an answer looks up every 50 ms. The median of some tells: the machine is busy.
static void a_cancellation_is_noticed_within_a_slice(void **state)
{
    (void)state;
    enum { TIMES = 5 };
    struct asked asked;
    int64_t took_us[TIMES];
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 30000});
    for (int i = 0; i < TIMES; i++) {
        atomic_bool stop = false;
        pthread_t thread;
        struct asking asking = {.asked = &asked, .call = asked.call};
        call_obey(&asking.call, &stop);
        assert_int_equal(pthread_create(&thread, NULL, ask_in_a_thread, &asking), 0);
        int fd = await_request(&asked.server);
        // It has sent, and waits: nothing of that is seen. One of libcurl's own timers would wake
        // it after 200 ms.
        clock_sleep_ms(250);
        int64_t stopped_us = clock_monotonic_us();
        stop = true;
        pthread_join(thread, NULL);
        close(fd);
        assert_int_equal(asking.code, GROVE_CANCELLED);
        took_us[i] = asking.ended_us - stopped_us;
    }
    qsort(took_us, TIMES, sizeof *took_us, compare_times);
    assert_in_range(took_us[TIMES / 2], 0, 4 * CALL_SLICE_MS * 1000);
    end(&asked);
}

// --- too many at once ---------------------------------------------------------------------------

static void too_many_at_once_are_told_so(void **state)
{
    (void)state;
    struct asked asked;
    atomic_bool stop = false;
    pthread_t thread;
    begin(&asked, (struct qdrant_options){.connections_max = 1, .read_timeout_ms = 30000});
    struct asking asking = {.asked = &asked, .call = asked.call};
    call_obey(&asking.call, &stop);
    assert_int_equal(pthread_create(&thread, NULL, ask_in_a_thread, &asking), 0);
    int fd = await_request(&asked.server);

    int64_t began_us = clock_monotonic_us();
    assert_int_equal(ask(&asked), GROVE_LIMIT); // of one connection none for 1.6 s
    assert_ours(&asked, GROVE_LIMIT);
    assert_int_equal(asked.error.retry, GROVE_RETRY_LATER);
    assert_in_range(clock_monotonic_us() - began_us, 1600000, 1600000 + SOON_US);
    assert_int_equal(asked.call.counters.requests, 0);

    struct call within = asked.call;
    call_within(&within, 50);
    asked.call = within;
    assert_int_equal(ask(&asked), GROVE_TIMEOUT); // its own deadline is sooner
    assert_ours(&asked, GROVE_TIMEOUT);

    call_init(&asked.call);
    call_within(&asked.call, 1800);
    asked.call.patient = true;
    assert_int_equal(ask(&asked), GROVE_TIMEOUT); // who is patient waits on
    assert_ours(&asked, GROVE_TIMEOUT);
    stop = true;
    pthread_join(thread, NULL);
    close(fd);
    end(&asked);
}

static void many_connections_tell_it_soon(void **state)
{
    (void)state;
    enum { CONNECTIONS = 16 };
    struct asked asked;
    atomic_bool stop = false;
    pthread_t threads[CONNECTIONS];
    struct asking asking[CONNECTIONS];
    int fds[CONNECTIONS];
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 30000});
    for (int i = 0; i < CONNECTIONS; i++) {
        asking[i] = (struct asking){.asked = &asked, .call = asked.call};
        call_obey(&asking[i].call, &stop);
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_a_thread, &asking[i]), 0);
        fds[i] = await_request(&asked.server);
    }
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(ask(&asked), GROVE_LIMIT);
    assert_in_range(clock_monotonic_us() - began_us, 100000, 100000 + SOON_US);
    stop = true;
    for (int i = 0; i < CONNECTIONS; i++) {
        pthread_join(threads[i], NULL);
        close(fds[i]);
    }
    end(&asked);
}

// --- a server that is out -----------------------------------------------------------------------

static const struct canned_answer counts[] = {
    {"200 OK", COUNT_3}, {"200 OK", COUNT_3}, {"200 OK", COUNT_3}, {"200 OK", COUNT_3},
    {"200 OK", COUNT_3}, {"200 OK", COUNT_3}, {"200 OK", COUNT_3}, {"200 OK", COUNT_3},
    {"200 OK", COUNT_3}, {"200 OK", COUNT_3}, {"200 OK", COUNT_3}, {"200 OK", COUNT_3},
};

static void nobody_waits_for_a_server_that_hangs(void **state)
{
    (void)state;
    struct asked asked;
    struct vector_outage outage;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 700});
    int64_t began_us = clock_monotonic_us();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&asked), GROVE_TIMEOUT);
        assert_engines(&asked, GROVE_TIMEOUT);
    }
    assert_true(clock_monotonic_us() - began_us >= 2050000);
    vector_look(asked.engine, &outage);
    assert_true(outage.out);
    assert_non_null(strstr(outage.reason, "in time"));
    // Nor for the trial, which is one request more.
    unsigned requests = asked.call.counters.requests;
    while (asked.call.counters.requests == requests) {
        began_us = clock_monotonic_us();
        assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
        assert_engines(&asked, GROVE_UNAVAILABLE);
        assert_true(clock_monotonic_us() - began_us < 500000);
    }
    // It goes on: whoever asks now begins a trial, and somebody finds it answered.
    canned_serve(&asked.server, counts, ARRAY_COUNT(counts));
    began_us = clock_monotonic_us();
    while (ask(&asked) != GROVE_OK)
        assert_true(clock_monotonic_us() - began_us < 20000000);
    assert_int_equal(asked.count, 3);
    vector_look(asked.engine, &outage);
    assert_false(outage.out);
    end(&asked);
}

// Until a trial was begun by the one who is asked about.
static void ask_until_it_is_tried(struct asked *asked)
{
    unsigned requests = asked->call.counters.requests;
    while (asked->call.counters.requests == requests)
        assert_int_equal(ask(asked), GROVE_UNAVAILABLE);
}

static void put_out(struct asked *asked)
{
    for (int i = 0; i < BREAKER_FAILURES_MAX; i++)
        assert_int_equal(ask(asked), GROVE_TIMEOUT);
}

// Processes that ask once, and end: what one of them has tried in vain keeps the next from nothing
// for long.
static void processes_notice_soon_that_it_is_back(void **state)
{
    (void)state;
    struct asked first, second;
    char path[64];
    snprintf(path, sizeof path, "/tmp/grove-u_http-%d", (int)getpid());
    unlink(path);
    const struct qdrant_options options = {.read_timeout_ms = 20, .outage_path = path};
    begin(&first, options);
    put_out(&first);
    ask_until_it_is_tried(&first);
    vector_engine_free(first.engine);
    second = (struct asked){.server.port = first.server.port};
    canned_serve(&first.server, counts, ARRAY_COUNT(counts));
    struct qdrant_options later = options;
    later.read_timeout_ms = 5000;
    open_engine(&second, later);
    int64_t began_us = clock_monotonic_us();
    while (ask(&second) != GROVE_OK)
        ;
    assert_in_range(clock_monotonic_us() - began_us, 0, 1000000 + SOON_US);
    vector_engine_free(second.engine);
    canned_stop(&first.server);
    unlink(path);
}

// Whoever was waiting when it turned out that the server is silent waits no longer; but for one
// that knew that the answer may take long.
static void who_waits_gives_up_with_the_others(void **state)
{
    (void)state;
    enum { LIMIT_MS = 30000 };
    struct asked asked;
    atomic_bool stop = false;
    pthread_t threads[2];
    struct asking asking[2];
    int fds[2];
    begin(&asked,
          (struct qdrant_options){.read_timeout_ms = LIMIT_MS, .exact_timeout_ms = LIMIT_MS});
    for (int i = 0; i < 2; i++) {
        asking[i] = (struct asking){.asked = &asked, .call = asked.call, .compares_many = i == 1};
        call_obey(&asking[i].call, &stop);
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_a_thread, &asking[i]), 0);
        fds[i] = await_request(&asked.server);
    }
    for (int i = 0; i < BREAKER_FAILURES_MAX; i++) {
        call_init(&asked.call);
        call_within(&asked.call, 300); // long enough to tell something
        assert_int_equal(ask(&asked), GROVE_TIMEOUT);
    }
    int64_t out_us = clock_monotonic_us();
    pthread_join(threads[0], NULL);
    assert_int_equal(asking[0].code, GROVE_TIMEOUT);
    assert_int_equal(asking[0].error.origin, GROVE_ORIGIN_QDRANT);
    assert_true(asking[0].ended_us - out_us < LIMIT_MS / 3 * 1000);
    assert_int_equal(asking[1].ended_us, 0);
    stop = true;
    pthread_join(threads[1], NULL);
    assert_int_equal(asking[1].code, GROVE_CANCELLED);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
    end(&asked);
}

// It answered a trial that nobody looked at any more, and hangs again.
static void an_old_answer_says_nothing_about_now(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 20});
    put_out(&asked);
    ask_until_it_is_tried(&asked);
    canned_serve(&asked.server, counts, BREAKER_FAILURES_MAX + 1);
    assert_true(call_pause(&asked.call, 2100)); // nothing but time makes it old
    assert_int_equal(asked.server.served, BREAKER_FAILURES_MAX + 1);
    unsigned requests = asked.call.counters.requests;
    assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
    assert_int_equal(asked.call.counters.requests, requests + 1); // a trial, and nothing else
    end(&asked);
}

// While it is out, and nobody begins a trial: they are seldom.
static void trials_are_few(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 20});
    unsigned asked_before = 0;
    for (int i = 0; i < 1000; i++) {
        (void)!ask(&asked);
        if (i == 2)
            asked_before = asked.call.counters.requests;
    }
    assert_int_equal(asked_before, 3);
    assert_in_range(asked.call.counters.requests - asked_before, 0, 4);
    end(&asked);
}

static void who_is_patient_asks_all_the_same(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 20});
    for (int i = 0; i < 4; i++)
        (void)!ask(&asked);
    assert_engines(&asked, GROVE_UNAVAILABLE);
    asked.call.patient = true;
    assert_int_equal(ask(&asked), GROVE_TIMEOUT); // it was asked
    assert_engines(&asked, GROVE_TIMEOUT);
    canned_serve(&asked.server, counts, ARRAY_COUNT(counts));
    while (ask(&asked) != GROVE_OK)
        ; // the server still reads what nobody waits for any more
    asked.call.patient = false;
    assert_int_equal(ask(&asked), GROVE_OK); // one that is answered speaks for it
    end(&asked);
}

// Refused connections, what a gateway says, and a deadline that was waited for in vain.
static void what_opens_the_breaker(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        bool opens;
    } rows[] = {
        {"502 Bad Gateway", true},
        {"503 Service Unavailable", true},
        {"504 Gateway Timeout", true},
        {"503 Busy\r\nRetry-After: 1", false},
        {"429 Too Many Requests", false},
        {"400 Bad Request", false},
        {"404 Not Found", false},
        {"401 Unauthorized", false},
        {"500 Internal Server Error", false},
        {"408 Request Timeout", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct canned_answer answers[4];
        struct asked asked;
        struct vector_outage outage;
        for (size_t k = 0; k < ARRAY_COUNT(answers); k++)
            answers[k] = (struct canned_answer){rows[i].status, "{}"};
        begin(&asked, (struct qdrant_options){.read_timeout_ms = 5000});
        canned_serve(&asked.server, answers, ARRAY_COUNT(answers));
        for (size_t k = 0; k < ARRAY_COUNT(answers); k++)
            assert_true(ask(&asked) != GROVE_OK);
        vector_look(asked.engine, &outage);
        if (outage.out != rows[i].opens)
            fail_msg("%s: %s", rows[i].status, outage.out ? "out" : "not out");
        end(&asked);
    }
}

// --- a private server that starts ---------------------------------------------------------------

struct starting {
    enum grove_code code; // what it says once it may not wait any more; OK: it waits
    _Atomic unsigned calls;
    bool was_bounded;
};

static enum grove_code start(void *state, struct call *call, struct grove_error *error)
{
    struct starting *starting = state;
    starting->calls++;
    starting->was_bounded = call->deadline_us != CALL_FOREVER;
    if (starting->code != GROVE_OK)
        return error_set(error, starting->code, "it cannot start");
    if (!starting->was_bounded)
        return error_set(error, GROVE_UNAVAILABLE, "nobody ends it");
    while (call_pause(call, 1000))
        ;
    return call_check(call, error);
}

static void open_private(struct asked *asked, struct starting *starting)
{
    *asked = (struct asked){.count = 0};
    open_engine(asked, (struct qdrant_options){.socket_path = "/tmp/grove-u_http-none/socket",
                                               .starter = {start, starting}});
}

static void nobody_waits_for_a_server_that_starts(void **state)
{
    (void)state;
    struct asked asked;
    struct starting starting = {.code = GROVE_OK};
    open_private(&asked, &starting);
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
    assert_engines(&asked, GROVE_UNAVAILABLE);
    assert_non_null(strstr(asked.error.message, "starting"));
    assert_true(starting.was_bounded);
    assert_true(clock_monotonic_us() - began_us < SOON_US); // once it was 2 s
    for (int i = 0; i < 20; i++) {
        began_us = clock_monotonic_us();
        assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
        assert_true(clock_monotonic_us() - began_us < 500000);
        assert_non_null(strstr(asked.error.message, "is starting"));
    }
    asked.call.patient = true;
    assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
    assert_false(starting.was_bounded); // who is patient waits as long as it takes
    vector_engine_free(asked.engine);
}

// It begins to start while somebody does something else first.
static void one_that_is_woken_begins_to_start(void **state)
{
    (void)state;
    struct asked asked;
    struct starting starting = {.code = GROVE_OK};
    open_private(&asked, &starting);
    int64_t began_us = clock_monotonic_us();
    vector_wake(asked.engine, &asked.call, 0);
    assert_true(clock_monotonic_us() - began_us < SOON_US);
    assert_int_equal(starting.calls, 1);
    assert_true(starting.was_bounded);
    vector_wake(asked.engine, &asked.call, 300);
    assert_true(clock_monotonic_us() - began_us >= 300000);
    call_within(&asked.call, 50);
    began_us = clock_monotonic_us();
    vector_wake(asked.engine, &asked.call, 30000);
    assert_true(clock_monotonic_us() - began_us < SOON_US);
    vector_engine_free(asked.engine);
}

// A search that ends with its own deadline, and not with the starter's patience.
static void a_deadline_ends_a_start(void **state)
{
    (void)state;
    struct asked asked;
    struct starting starting = {.code = GROVE_OK};
    open_private(&asked, &starting);
    call_within(&asked.call, 50);
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(ask(&asked), GROVE_TIMEOUT);
    assert_ours(&asked, GROVE_TIMEOUT);
    assert_true(clock_monotonic_us() - began_us < SOON_US);
    vector_engine_free(asked.engine);
}

static void what_keeps_it_from_starting_is_the_engine_s(void **state)
{
    (void)state;
    static const enum grove_code codes[] = {GROVE_INVALID, GROVE_NOT_FOUND, GROVE_IO,
                                            GROVE_UNSUPPORTED, GROVE_DENIED};
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        struct asked asked;
        struct starting starting = {.code = codes[i]};
        open_private(&asked, &starting);
        assert_int_equal(ask(&asked), codes[i]);
        assert_engines(&asked, codes[i]);
        assert_string_equal(asked.error.message, "it cannot start");
        assert_false(vector_lacks_collection(&asked.error));
        assert_false(vector_refused(&asked.error));
        vector_engine_free(asked.engine);
    }
}

// --- a server that asks for patience ------------------------------------------------------------

static void who_is_patient_waits_as_told(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"503 Service Unavailable\r\nRetry-After: 1", "{}"},
        {"503 Service Unavailable\r\nRetry-After: 1", "{}"},
        {"200 OK", COUNT_3},
        {"429 Too Many Requests\r\nRetry-After: 600", "{}"}, // longer than anybody waits
    };
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 5000});
    canned_serve(&asked.server, answers, ARRAY_COUNT(answers));
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(ask(&asked), GROVE_UNAVAILABLE); // a search does not wait
    assert_engines(&asked, GROVE_UNAVAILABLE);
    assert_true(clock_monotonic_us() - began_us < 900000);
    asked.call.patient = true;
    assert_ok(ask(&asked), asked.error);
    assert_true(clock_monotonic_us() - began_us >= 1000000);
    assert_int_equal(asked.count, 3);
    assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
    end(&asked);
}

// --- who answers --------------------------------------------------------------------------------

// A page that is not there says nothing about the collection.
static void only_the_engine_s_own_word_is_no_collection(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"404 Not Found", "<html>no such page</html>"},
        {"404 Not Found", "{\"status\":{\"error\":\"Not found: Collection `x` doesn't exist!\"}}"},
    };
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 5000});
    canned_serve(&asked.server, answers, ARRAY_COUNT(answers));
    assert_int_equal(ask(&asked), GROVE_ENGINE);
    assert_engines(&asked, GROVE_ENGINE);
    assert_int_equal(ask(&asked), GROVE_NOT_FOUND);
    assert_true(vector_lacks_collection(&asked.error));
    end(&asked);
}

// A proxy's page of sign-on, say, with cookies without end. It is no shortage of memory of ours.
static void an_answer_with_headers_without_end_is_the_engine_s(void **state)
{
    (void)state;
    enum { LENGTH = 500000 };
    static char status[LENGTH + 32];
    int length = snprintf(status, sizeof status, "200 OK\r\nSet-Cookie: ");
    memset(status + length, 'a', LENGTH);
    const struct canned_answer answers[] = {{status, "{}"}};
    struct asked asked;
    begin(&asked, (struct qdrant_options){.read_timeout_ms = 5000});
    canned_serve(&asked.server, answers, ARRAY_COUNT(answers));
    assert_int_equal(ask(&asked), GROVE_UNAVAILABLE);
    assert_engines(&asked, GROVE_UNAVAILABLE);
    assert_non_null(strstr(asked.error.detail, "headers"));
    end(&asked);
}

static void proxies_do_not_catch_this_machine(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "LocalHost", "127.0.0.1"};
    static const char *const variables[] = {"http_proxy", "ALL_PROXY", "all_proxy"};
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        char url[64];
        struct asked asked = {.count = 0};
        canned_start(&asked.server, counts, 1);
        snprintf(url, sizeof url, "http://%s:%u", hosts[i], asked.server.port);
        setenv(variables[i], "http://127.0.0.1:1", 1); // nobody listens there
        struct qdrant_options options = {.url = url};
        assert_ok(qdrant_open(&options, &asked.engine, &asked.error), asked.error);
        call_init(&asked.call);
        assert_ok(ask(&asked), asked.error);
        unsetenv(variables[i]);
        end(&asked);
    }
}

static void ports_that_a_url_leaves_out(void **state)
{
    (void)state;
    static const struct {
        const char *url, *where;
    } rows[] = {
        {"http://qdrant.example", "http://qdrant.example:6333"},
        {"http://qdrant.example/path/", "http://qdrant.example:6333/path"},
        {"https://qdrant.example/path", "https://qdrant.example:443/path"},
        {"https://qdrant.example:6333", "https://qdrant.example:6333"},
        {"HTTPS://user:word@qdrant.example", "https://qdrant.example:443"},
        {"http://[::1]", "http://[::1]:6333"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct vector_engine *engine;
        struct grove_error error;
        struct qdrant_options options = {.url = rows[i].url};
        assert_ok(qdrant_open(&options, &engine, &error), error);
        assert_string_equal(vector_describe(engine), rows[i].where);
        vector_engine_free(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_ends_a_request),
        cmocka_unit_test(the_engine_s_limit_stays),
        cmocka_unit_test(an_exact_search_of_few_points_has_no_longer_limit),
        cmocka_unit_test(a_cancellation_ends_a_request),
        cmocka_unit_test(a_cancellation_is_noticed_within_a_slice),
        cmocka_unit_test(too_many_at_once_are_told_so),
        cmocka_unit_test(many_connections_tell_it_soon),
        cmocka_unit_test(nobody_waits_for_a_server_that_hangs),
        cmocka_unit_test(processes_notice_soon_that_it_is_back),
        cmocka_unit_test(an_old_answer_says_nothing_about_now),
        cmocka_unit_test(trials_are_few),
        cmocka_unit_test(who_waits_gives_up_with_the_others),
        cmocka_unit_test(who_is_patient_asks_all_the_same),
        cmocka_unit_test(what_opens_the_breaker),
        cmocka_unit_test(nobody_waits_for_a_server_that_starts),
        cmocka_unit_test(one_that_is_woken_begins_to_start),
        cmocka_unit_test(a_deadline_ends_a_start),
        cmocka_unit_test(what_keeps_it_from_starting_is_the_engine_s),
        cmocka_unit_test(who_is_patient_waits_as_told),
        cmocka_unit_test(only_the_engine_s_own_word_is_no_collection),
        cmocka_unit_test(an_answer_with_headers_without_end_is_the_engine_s),
        cmocka_unit_test(proxies_do_not_catch_this_machine),
        cmocka_unit_test(ports_that_a_url_leaves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
