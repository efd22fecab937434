// SPDX-License-Identifier: Apache-2.0
// What processes of a home tell each other of an engine: gates on one file.
#include "../test.h"

#include <fcntl.h>

#include "base/clock.h"
#include "vector/gate.h"

static char path[128];
static const char URL[] = "http://127.0.0.1:6333";

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/grove-u_gate-%d", (int)getpid());
    unlink(path);
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void go_out(struct gate *gate)
{
    for (int i = 0; i < BREAKER_FAILURES_MAX; i++)
        gate_failed(gate, clock_monotonic_us(), "it hung", true);
}

static bool is_out(struct gate *gate)
{
    struct vector_outage outage;
    gate_look(gate, &outage);
    return outage.out;
}

static void one_that_waited_spares_the_others(void **state)
{
    (void)state;
    struct gate first, second, looking;
    gate_init(&first, path, URL, true);
    gate_init(&second, path, URL, true);
    gate_init(&looking, path, URL, false);
    assert_int_equal(gate_ask(&second), BREAKER_PASS);
    second.read_every_us = first.read_every_us = 0;
    go_out(&first);
    assert_int_equal(gate_ask(&second), BREAKER_REFUSE);
    struct vector_outage outage;
    gate_look(&looking, &outage);
    assert_true(outage.out);
    assert_string_equal(outage.reason, "it hung");
    assert_in_range(outage.again_in_ms, 1, BREAKER_PAUSE_MS * 2);
    gate_answered(&second, 0); // by a request of somebody who is patient
    assert_false(is_out(&first));
    assert_false(is_out(&looking));
    assert_int_equal(gate_ask(&first), BREAKER_PASS);
    gate_release(&first);
    gate_release(&second);
    gate_release(&looking);
}

// Each command may have less time than it takes to find out alone.
static void failures_of_all_are_counted(void **state)
{
    (void)state;
    struct gate gate;
    for (int i = 0; i < BREAKER_FAILURES_MAX; i++) {
        gate_init(&gate, path, URL, true);
        assert_int_equal(gate_ask(&gate), BREAKER_PASS);
        gate_failed(&gate, clock_monotonic_us(), "it hung", true);
        gate_release(&gate);
    }
    gate_init(&gate, path, URL, true);
    assert_int_equal(gate_ask(&gate), BREAKER_REFUSE);
    gate_release(&gate);
}

static void an_answer_to_anybody_ends_the_row(void **state)
{
    (void)state;
    struct gate first, second;
    gate_init(&first, path, URL, true);
    gate_init(&second, path, URL, true);
    first.read_every_us = second.read_every_us = 0;
    for (int i = 0; i < 2 * BREAKER_FAILURES_MAX; i++) {
        gate_failed(&first, clock_monotonic_us(), "it was slow", true);
        assert_int_equal(gate_ask(&first), BREAKER_PASS);
        if (i % 2)
            gate_answered(&second, 0);
    }
    gate_release(&first);
    gate_release(&second);
}

// Nobody asked in between; that does not make them one outage.
static void failures_of_long_ago_are_in_no_row(void **state)
{
    (void)state;
    struct gate first, second;
    gate_init(&first, path, URL, true);
    for (int i = 0; i + 1 < BREAKER_FAILURES_MAX; i++)
        gate_failed(&first, clock_monotonic_us(), "it was slow", true);
    first.failed_us -= (int64_t)60 * 1000000;
    gate_tried(&first, false); // there was no trial, but it writes what it knows
    gate_release(&first);
    gate_init(&second, path, URL, true);
    gate_failed(&second, clock_monotonic_us(), "it was slow", true);
    assert_int_equal(gate_ask(&second), BREAKER_PASS);
    gate_release(&second);
}

// Another process is to hear from its own start why there is none. Once one gives up all know.
static void what_one_cannot_start_is_no_row_of_all(void **state)
{
    (void)state;
    struct gate first, second;
    gate_init(&first, path, URL, true);
    gate_failed(&first, clock_monotonic_us(), "it hung", true); // this one is of all
    for (int i = 0; i + 2 < BREAKER_FAILURES_MAX; i++)
        gate_failed(&first, clock_monotonic_us(), "it does not start", false);
    gate_init(&second, path, URL, true);
    gate_failed(&second, clock_monotonic_us(), "it does not start", false);
    assert_int_equal(gate_ask(&second), BREAKER_PASS);
    gate_failed(&first, clock_monotonic_us(), "it does not start", false);
    gate_release(&second);
    gate_init(&second, path, URL, true);
    assert_true(gate_is_out(&first) && gate_is_out(&second));
    gate_release(&second);
    gate_release(&first);
}

static enum breaker_word ask_when_due(struct gate *gate)
{
    enum breaker_word word;
    while ((word = gate_ask(gate)) == BREAKER_REFUSE)
        ; // some 300 ms
    return word;
}

static void one_process_tries_it(void **state)
{
    (void)state;
    struct gate first, second;
    gate_init(&first, path, URL, true);
    gate_init(&second, path, URL, true);
    go_out(&first);
    assert_int_equal(ask_when_due(&first), BREAKER_TRY);
    assert_int_equal(gate_ask(&second), BREAKER_REFUSE);
    gate_tried(&first, true);
    second.read_every_us = 0;
    assert_int_equal(gate_ask(&second), BREAKER_PASS);
    gate_release(&first);
    gate_release(&second);
}

static void write_file(const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

// Damaged at any byte, cut short, empty: nobody is kept from asking.
static void a_damaged_file_says_nothing(void **state)
{
    (void)state;
    static unsigned char whole[65536], damaged[sizeof whole];
    struct gate gate;
    gate_init(&gate, path, URL, true);
    go_out(&gate);
    gate_release(&gate);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, whole, sizeof whole);
    close(fd);
    assert_true(length > 100 && length < (ssize_t)sizeof whole);
    ssize_t begin = 0;
    while (whole[begin] == 0) // other servers' places
        begin++;
    for (ssize_t i = begin; i <= length; i++) {
        memcpy(damaged, whole, sizeof whole);
        if (i < length)
            damaged[i] ^= 0x10;
        write_file(damaged, (size_t)length);
        gate_init(&gate, path, URL, true);
        assert_int_equal(gate_ask(&gate) == BREAKER_PASS, i < length);
        gate_release(&gate);
    }
    write_file(whole, (size_t)(begin + length) / 2);
    gate_init(&gate, path, URL, true);
    assert_int_equal(gate_ask(&gate), BREAKER_PASS);
    gate_release(&gate);
}

// A gate on it whose clock ran differently: the state is of another boot.
static void a_file_of_another_boot_says_nothing(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, path, URL, true);
    go_out(&gate);
    gate.breaker.since_us += 3600 * (int64_t)1000000;
    gate.breaker.next_us += 3600 * (int64_t)1000000;
    gate_tried(&gate, false); // there was no trial, but it writes what it knows
    gate_release(&gate);
    gate_init(&gate, path, URL, true);
    assert_int_equal(gate_ask(&gate), BREAKER_PASS);
    gate_release(&gate);
}

// A server of the same first place as URL's, the next after `port`.
static void open_alike(struct gate *ret, int *port)
{
    struct gate own;
    char url[64];
    gate_init(&own, NULL, URL, false);
    for (;; gate_release(ret)) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d", ++*port);
        gate_init(ret, path, url, true);
        if (ret->server % GATE_SERVERS_MAX == own.server % GATE_SERVERS_MAX)
            break;
    }
    gate_release(&own);
    assert_int_not_equal(ret->server, own.server);
}

// What a process that comes new hears of the server.
static bool is_known_out(uint64_t server)
{
    struct gate gate;
    gate_init(&gate, path, URL, true);
    gate.server = server;
    bool out = is_out(&gate);
    gate_release(&gate);
    return out;
}

// One that hangs says nothing of the others, and is forgotten for none of them that hashes alike.
static void servers_are_told_apart(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, path, URL, true);
    go_out(&gate);
    uint64_t first = gate.server;
    gate_release(&gate);
    for (int i = 1, port = 0; i < 8; i++) {
        open_alike(&gate, &port);
        assert_int_equal(gate_ask(&gate), BREAKER_PASS);
        go_out(&gate);
        assert_int_equal(gate_ask(&gate), BREAKER_REFUSE);
        assert_true(is_known_out(first));
        gate_release(&gate);
    }
}

// Of more that hash alike than there are places for: those that are well, then who went out first.
static void the_oldest_news_gives_way(void **state)
{
    (void)state;
    enum { PLACES = 8 };
    struct gate gate;
    uint64_t servers[PLACES + 1];
    int port = 0;
    open_alike(&gate, &port);
    gate_answered(&gate, 90000); // it is well, and how far away it is has a place, the first
    gate_release(&gate);
    for (size_t out = 0; out < ARRAY_COUNT(servers); out++) {
        open_alike(&gate, &port);
        go_out(&gate);
        servers[out] = gate.server;
        gate_release(&gate);
        for (size_t i = 0; i <= out; i++)
            assert_int_equal(is_known_out(servers[i]), i > 0 || out < PLACES);
    }
}

// Whoever had it does not know, and has news.
static void a_place_that_was_taken_is_left(void **state)
{
    (void)state;
    struct gate well, gate;
    int port = 0;
    open_alike(&well, &port);
    gate_answered(&well, 90000);
    for (int i = 0; i < 8; i++) {
        open_alike(&gate, &port);
        go_out(&gate);
        if (i < 7)
            gate_release(&gate);
    }
    assert_int_equal(gate.place, well.place);
    gate_answered(&well, 5000);
    assert_true(is_known_out(gate.server));
    gate_release(&gate);
    gate_release(&well);
}

// As of another boot, or of a clock that is another's.
static void a_record_of_another_boot_says_nothing(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, path, URL, true);
    gate.boot[0] ^= 1;
    go_out(&gate);
    gate_release(&gate);
    gate_init(&gate, path, URL, true);
    assert_false(is_out(&gate));
    assert_int_equal(gate_ask(&gate), BREAKER_PASS);
    gate_release(&gate);
}

// A trial is waited for as long as the server needed when it was well, as anybody has seen it; and
// seldom longer.
static void a_trial_is_waited_for_as_long_as_the_server_needs(void **state)
{
    (void)state;
    enum { ROUNDS = 24 };
    struct gate first, second, looking;
    unsigned longer = 0;
    gate_init(&first, path, URL, true);
    assert_int_equal(gate_trial_ms(&first), 50);
    gate_answered(&first, 90000);
    gate_answered(&first, 300000); // it had more to do
    gate_answered(&first, 0);      // over a connection that was there
    gate_release(&first);
    gate_init(&second, path, URL, true);
    gate_init(&looking, path, URL, false);
    go_out(&second);
    assert_in_range(gate_trial_ms(&second), 270, 300);
    assert_int_equal(gate_trial_ms(&looking), 500);
    for (int i = 0; i < ROUNDS; i++) {
        second.breaker.state = BREAKER_TRYING;
        longer += gate_trial_ms(&second) == 500;
        gate_tried(&second, false);
    }
    assert_int_equal(longer, ROUNDS / 8);
    gate_answered(&second, 4000); // it is nearer now
    assert_int_equal(gate_trial_ms(&second), 50);
    gate_release(&second);
    gate_release(&looking);
}

// Whoever has it has been stopped: others do without him once he is late.
static void a_lock_that_is_not_let_go_is_passed_over(void **state)
{
    (void)state;
    struct gate gate;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    gate_init(&gate, path, URL, true);
    int holder = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(fcntl(holder, F_OFD_SETLK, &whole), 0);
    go_out(&gate);
    int64_t due_us = gate.breaker.next_us;
    while (clock_monotonic_us() < due_us)
        clock_sleep_ms(10);
    assert_int_equal(gate_ask(&gate), BREAKER_REFUSE);
    gate.breaker.since_us -= 10 * (int64_t)1000000;
    gate.breaker.next_us = gate.breaker.since_us + 1;
    gate_tried(&gate, false); // there was no trial, but it writes what it knows
    assert_int_equal(gate_ask(&gate), BREAKER_TRY);
    close(holder);
    gate_release(&gate);
}

static void without_a_file_each_finds_out(void **state)
{
    (void)state;
    static const char *const paths[] = {NULL, "/proc/none/engine", "/dev/null"};
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        struct gate first, second;
        gate_init(&first, paths[i], URL, true);
        gate_init(&second, paths[i], URL, true);
        go_out(&first);
        assert_int_equal(gate_ask(&first), BREAKER_REFUSE);
        assert_int_equal(gate_ask(&second), BREAKER_PASS);
        gate_release(&first);
        gate_release(&second);
    }
}

static void who_looks_makes_no_file(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, path, URL, false);
    go_out(&gate);
    gate_release(&gate);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_waited_spares_the_others, make_path, remove_path),
        cmocka_unit_test_setup_teardown(failures_of_all_are_counted, make_path, remove_path),
        cmocka_unit_test_setup_teardown(an_answer_to_anybody_ends_the_row, make_path, remove_path),
        cmocka_unit_test_setup_teardown(failures_of_long_ago_are_in_no_row, make_path, remove_path),
        cmocka_unit_test_setup_teardown(one_process_tries_it, make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_damaged_file_says_nothing, make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_file_of_another_boot_says_nothing, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(what_one_cannot_start_is_no_row_of_all, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(servers_are_told_apart, make_path, remove_path),
        cmocka_unit_test_setup_teardown(the_oldest_news_gives_way, make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_place_that_was_taken_is_left, make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_record_of_another_boot_says_nothing, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(a_trial_is_waited_for_as_long_as_the_server_needs,
                                        make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_lock_that_is_not_let_go_is_passed_over, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(without_a_file_each_finds_out, make_path, remove_path),
        cmocka_unit_test_setup_teardown(who_looks_makes_no_file, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
