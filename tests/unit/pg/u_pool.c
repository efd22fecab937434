// SPDX-License-Identifier: Apache-2.0
// The pool's counts and places, with a server that knows as much of the protocol as a pool needs.
#include "../test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pg/pool_private.h"

enum { CLIENTS_MAX = 8, MESSAGE_BYTES_MAX = 1024, CANCEL_REQUEST = 80877102 };

struct server {
    char folder[32];
    struct sockaddr_un address;
    int listener;
    int stop[2]; // a pipe: closed to end the thread
    pthread_t thread;
    atomic_bool mute;       // a statement is answered when it is asked to stop
    atomic_bool holds_stop; // who asks for that is not told that it was done
    int waiting;            // the client of such a statement; -1: none
    atomic_int newest;      // the client that came last
    atomic_uint clients;    // how many came
};

static bool read_all(int fd, void *bytes, size_t count)
{
    for (size_t got = 0; got < count;) {
        ssize_t length = read(fd, (char *)bytes + got, count - got);
        if (length <= 0)
            return false;
        got += (size_t)length;
    }
    return true;
}

static bool send_message(int fd, char kind, const void *bytes, uint32_t count)
{
    char message[5 + MESSAGE_BYTES_MAX] = {kind};
    uint32_t length = htonl(count + 4);
    memcpy(message + 1, &length, 4);
    memcpy(message + 5, bytes, count);
    return write(fd, message, 5 + count) == (ssize_t)(5 + count);
}

static bool send_ready(int fd, char status)
{
    return send_message(fd, 'Z', &status, 1);
}

// Stops the statement that waits. True where the connection that asked for it is kept.
static bool stop_waiting(struct server *server)
{
    static const char stopped[] = "SERROR\0VERROR\0C57014\0Mstopped\0";
    if (server->waiting >= 0)
        (void)(send_message(server->waiting, 'E', stopped, sizeof stopped) &&
               send_ready(server->waiting, 'I'));
    server->waiting = -1;
    return atomic_load(&server->holds_stop);
}

// False: nothing more is expected from there.
static bool welcome(struct server *server, int fd)
{
    static const char version[] = "server_version\0"
                                  "16.4";
    uint32_t length, code;
    char startup[MESSAGE_BYTES_MAX];
    if (!read_all(fd, &length, 4) || ntohl(length) - 4 > sizeof startup ||
        !read_all(fd, startup, ntohl(length) - 4))
        return false;
    memcpy(&code, startup, sizeof code);
    if (ntohl(code) == CANCEL_REQUEST)
        return stop_waiting(server);
    atomic_store(&server->newest, fd);
    atomic_fetch_add(&server->clients, 1);
    return send_message(fd, 'R', "\0\0\0\0", 4) && send_message(fd, 'S', version, sizeof version) &&
           send_message(fd, 'K', "\0\0\0\1\0\0\0\2", 8) && send_ready(fd, 'I');
}

// The one row of one text that a statement of the extended protocol is answered with.
static bool answer_row(int fd)
{
    static const char columns[] = "\0\1x\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\1";
    static const char row[] = "\0\1\0\0\0\3yes";
    return send_message(fd, '1', "", 0) && send_message(fd, '2', "", 0) &&
           send_message(fd, 'T', columns, sizeof columns - 1) &&
           send_message(fd, 'D', row, sizeof row - 1) && send_message(fd, 'C', "SELECT 1", 9) &&
           send_ready(fd, 'I');
}

// Takes one message, and answers where a client waits for it. False: the client has gone.
static bool answer(struct server *server, int fd)
{
    char kind, text[MESSAGE_BYTES_MAX];
    uint32_t length;
    if (!read_all(fd, &kind, 1) || !read_all(fd, &length, 4) || kind == 'X' ||
        ntohl(length) - 4 > sizeof text || !read_all(fd, text, ntohl(length) - 4))
        return false;
    if (kind == 'S' && atomic_load(&server->mute)) {
        server->waiting = fd;
        return true;
    }
    if (kind != 'Q')
        return kind != 'S' || answer_row(fd);
    bool begins = strncmp(text, "BEGIN", 5) == 0;
    return send_message(fd, 'C', begins ? "BEGIN" : "SET", begins ? 6 : 4) &&
           send_ready(fd, begins ? 'T' : 'I');
}

static void *serve(void *argument)
{
    struct server *server = argument;
    struct pollfd fds[2 + CLIENTS_MAX] = {{server->stop[0], POLLIN, 0},
                                          {server->listener, POLLIN, 0}};
    nfds_t count = 2;
    while (poll(fds, count, -1) > 0 && fds[0].revents == 0) {
        for (nfds_t i = 2; i < count; i++)
            if (fds[i].revents && !answer(server, fds[i].fd)) {
                close(fds[i].fd);
                fds[i--] = fds[--count];
            }
        if (fds[1].revents && count < 2 + CLIENTS_MAX) {
            int fd = accept(server->listener, NULL, NULL);
            if (fd >= 0 && welcome(server, fd))
                fds[count++] = (struct pollfd){fd, POLLIN, 0};
            else
                close(fd);
        }
    }
    for (nfds_t i = 2; i < count; i++)
        close(fds[i].fd);
    return NULL;
}

static void server_start(struct server *server)
{
    *server = (struct server){.waiting = -1};
    snprintf(server->folder, sizeof server->folder, "/tmp/grove-pool-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    server->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(server->address.sun_path, sizeof server->address.sun_path, "%s/.s.PGSQL.5432",
             server->folder);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(server->listener, (struct sockaddr *)&server->address, sizeof server->address), 0);
    assert_int_equal(listen(server->listener, CLIENTS_MAX), 0);
    assert_int_equal(pipe(server->stop), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    close(server->stop[1]);
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    close(server->listener);
    unlink(server->address.sun_path);
    rmdir(server->folder);
}

static struct pg_pool *open_pool(const struct server *server)
{
    char conninfo[128];
    struct pg_pool *pool;
    struct grove_error error;
    snprintf(conninfo, sizeof conninfo, "host=%s port=5432 user=x dbname=x", server->folder);
    struct pg_pool_options options = {
        .conninfo = conninfo, .connections_max = 3, .take_timeout_ms = 50};
    assert_ok(pg_pool_new(&options, &pool, &error), error);
    return pool;
}

static void assert_counts(const struct pg_pool *pool, unsigned open, unsigned idle, unsigned taken)
{
    assert_null(pg_pool_check(pool));
    assert_int_equal(pool->open_count, open);
    assert_int_equal(pool->idle_count, idle);
    assert_int_equal(pool->taken_count, taken);
    assert_int_equal(pool->connecting_count, 0);
}

static void every_step_leaves_the_pool_whole(void **state)
{
    (void)state;
    struct server server;
    struct pg_conn *conns[4] = {NULL};
    struct grove_error error;
    server_start(&server);
    struct pg_pool *pool = open_pool(&server);
    assert_counts(pool, 0, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(pg_take(pool, NULL, &conns[i], &error), error);
        assert_counts(pool, i + 1, 0, i + 1);
    }
    assert_int_equal(pg_take(pool, NULL, &conns[3], &error), GROVE_LIMIT);
    assert_counts(pool, 3, 0, 3);
    assert_ok(pg_begin(conns[0], &error), error);
    pg_give(&conns[0]); // rolls back
    assert_counts(pool, 3, 1, 2);
    conns[1]->broken = true;
    pg_give(&conns[1]); // closes
    assert_counts(pool, 2, 1, 1);
    assert_ok(pg_take(pool, NULL, &conns[0], &error), error);
    assert_counts(pool, 2, 0, 2);
    pg_give(&conns[0]);
    pg_give(&conns[2]);
    assert_counts(pool, 2, 2, 0);
    server_stop(&server);
    // Both idle ones are closed by the server, and so is whoever comes to ask for a new one.
    assert_int_equal(pg_take(pool, NULL, &conns[0], &error), GROVE_UNAVAILABLE);
    assert_counts(pool, 1, 1, 0);
    pg_pool_free(pool);
}

// What ends a connection may be told before it is done.
static void a_farewell_is_believed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size_bytes;
        bool ends;
    } rows[] = {
        {"SFATAL\0VFATAL\0C57P05\0Mtoo long idle\0", 37, true},
        {"SFATAL\0C08P01\0Mserver closed\0", 30, true}, // as an older pooler has it
        {"SWARNING\0VWARNING\0C01000\0Msoon\0", 32, false},
    };
    struct server server;
    server_start(&server);
    struct pg_pool *pool = open_pool(&server);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pg_conn *conn = NULL;
        struct grove_error error;
        assert_ok(pg_take(pool, NULL, &conn, &error), error);
        unsigned clients = atomic_load(&server.clients);
        pg_give(&conn);
        char kind = rows[i].ends ? 'E' : 'N';
        assert_true(send_message(atomic_load(&server.newest), kind, rows[i].text,
                                 (uint32_t)rows[i].size_bytes));
        assert_ok(pg_take(pool, NULL, &conn, &error), error);
        assert_int_equal(atomic_load(&server.clients) - clients, rows[i].ends);
        pg_give(&conn);
        assert_counts(pool, 1, 1, 0);
    }
    pg_pool_free(pool);
    server_stop(&server);
}

// Not one that must be made, is lost, or is awaited by others.
static void who_takes_an_idle_connection_is_in_nobody_s_way(void **state)
{
    (void)state;
    struct server server;
    struct pg_conn *conn = NULL;
    struct grove_error error;
    struct turn turn = {.since_us = 1};
    struct call call;
    call_init(&call);
    server_start(&server);
    struct pg_pool *pool = open_pool(&server);
    assert_null(pg_take_idle(pool, &call));
    assert_counts(pool, 0, 0, 0);
    assert_ok(pg_take(pool, NULL, &conn, &error), error);
    assert_null(pg_take_idle(pool, &call));
    pg_give(&conn);
    pool->line.first = pool->line.last = &turn;
    assert_null(pg_take_idle(pool, &call));
    pool->line.first = pool->line.last = NULL;
    conn = pg_take_idle(pool, &call);
    assert_non_null(conn);
    assert_counts(pool, 1, 0, 1);
    pg_give(&conn);
    server_stop(&server);
    assert_null(pg_take_idle(pool, &call));
    assert_counts(pool, 0, 0, 0);
    pg_pool_free(pool);
}

// A wish to stop that is still on its way would stop whatever runs there next.
static void a_late_wish_to_stop_costs_the_connection(void **state)
{
    (void)state;
    static const struct pg_statement one = {"", "SELECT 1"};
    for (int late = 0; late < 2; late++) {
        struct server server;
        struct pg_conn *conn = NULL;
        struct pg_rows rows;
        struct grove_error error;
        struct arena arena;
        struct call call;
        arena_init(&arena, 1 << 16);
        server_start(&server);
        struct pg_pool *pool = open_pool(&server);
        assert_ok(pg_take(pool, NULL, &conn, &error), error);
        pg_give(&conn);
        call_init(&call);
        call_within(&call, 100);
        assert_ok(pg_take(pool, &call, &conn, &error), error);
        atomic_store(&server.holds_stop, late);
        atomic_store(&server.mute, true);
        assert_int_equal(pg_query(conn, &arena, &one, NULL, &rows, &error), GROVE_TIMEOUT);
        assert_int_equal(conn->broken, late);
        pg_give(&conn);
        assert_counts(pool, late ? 0 : 1, late ? 0 : 1, 0);
        pg_pool_free(pool);
        server_stop(&server);
        arena_release(&arena);
    }
}

// Each takes a whole pool with two idle connections and breaks one rule of it.
static void lose_the_text(struct pg_pool *pool)
{
    pool->application_name = NULL;
}

static void have_no_most(struct pg_pool *pool)
{
    pool->options.connections_max = 0;
}

static void have_no_room(struct pg_pool *pool)
{
    pool->options.connections_max = PG_CONNECTIONS_MAX + 1;
}

static void open_too_many(struct pg_pool *pool)
{
    pool->open_count = pool->options.connections_max + 1;
    pool->taken_count = pool->open_count - pool->idle_count;
}

static void forget_a_taken_one(struct pg_pool *pool)
{
    pool->open_count++;
}

static void take_less_than_none(struct pg_pool *pool)
{
    pool->taken_count--;
    pool->connecting_count++;
}

static void lose_an_idle_one(struct pg_pool *pool)
{
    pool->idle[1] = NULL;
}

static void be_of_another_pool(struct pg_pool *pool)
{
    pool->idle[0]->pool = NULL;
}

static void break_an_idle_one(struct pg_pool *pool)
{
    pool->idle[1]->broken = true;
}

static void begin(struct pg_pool *pool)
{
    struct grove_error error;
    assert_ok(pg_begin(pool->idle[0], &error), error);
}

static void begin_at_the_server(struct pg_pool *pool)
{
    struct grove_error error;
    assert_ok(pg_exec(pool->idle[0], "BEGIN", &error), error);
}

static void enter_a_pipeline(struct pg_pool *pool)
{
    assert_int_equal(PQenterPipelineMode(pool->idle[0]->link), 1);
}

static void be_stopped(struct pg_pool *pool)
{
    pool->idle[1]->stop.code = GROVE_CANCELLED;
}

static void obey_a_call(struct pg_pool *pool)
{
    static struct call call;
    pool->idle[1]->call = &call;
}

static void prepare_too_much(struct pg_pool *pool)
{
    pool->idle[0]->prepared_count = PG_PREPARED_MAX + 1;
}

static void be_idle_twice(struct pg_pool *pool)
{
    pool->idle[1] = pool->idle[0];
}

static void every_broken_rule_is_told(void **state)
{
    (void)state;
    static const struct {
        void (*breaks)(struct pg_pool *pool);
        const char *rule;
    } rows[] = {
        {lose_the_text, "a text of the options"},   {have_no_most, "the most connections"},
        {have_no_room, "the most connections"},     {open_too_many, "more connections are open"},
        {forget_a_taken_one, "do not add up"},      {take_less_than_none, "than are open"},
        {lose_an_idle_one, "is not there"},         {be_of_another_pool, "another pool"},
        {break_an_idle_one, "a broken connection"}, {begin, "has begun"},
        {begin_at_the_server, "in a transaction"},  {enter_a_pipeline, "in a pipeline"},
        {be_stopped, "is being stopped"},           {obey_a_call, "obeys a call"},
        {prepare_too_much, "more statements"},      {be_idle_twice, "idle twice"},
    };
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pg_pool *pool = open_pool(&server);
        struct pg_conn *conns[2] = {NULL};
        struct grove_error error;
        for (size_t c = 0; c < 2; c++)
            assert_ok(pg_take(pool, NULL, &conns[c], &error), error);
        for (size_t c = 0; c < 2; c++)
            pg_give(&conns[c]);
        assert_null(pg_pool_check(pool));
        // What is freed afterwards is what was there before, whatever was broken.
        struct pg_pool whole = *pool;
        struct pg_conn idle[2] = {*pool->idle[0], *pool->idle[1]};
        rows[i].breaks(pool);
        const char *rule = pg_pool_check(pool);
        if (!rule || !strstr(rule, rows[i].rule))
            fail_msg("row %zu: %s", i, rule ? rule : "nothing was told");
        *pool = whole;
        for (size_t c = 0; c < 2; c++)
            *pool->idle[c] = idle[c];
        pg_pool_free(pool);
    }
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_leaves_the_pool_whole),
        cmocka_unit_test(a_farewell_is_believed),
        cmocka_unit_test(who_takes_an_idle_connection_is_in_nobody_s_way),
        cmocka_unit_test(a_late_wish_to_stop_costs_the_connection),
        cmocka_unit_test(every_broken_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
