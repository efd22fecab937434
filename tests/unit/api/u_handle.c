// SPDX-License-Identifier: Apache-2.0
// What a handle does with servers that it was given, and when.
#include "../../support/stores.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../../support/thread.h"
#include "api/handle.h"
#include "base/clock.h"
#include "catalog/migrate.h"
#include "grove/grove.h"
#include "pg/cluster.h"
#include "pg/pg.h"

// Nobody listens there.
#define NOBODY "http://127.0.0.1:1"

static struct grove *open_handle(const struct grove_options *options)
{
    struct grove *grove = NULL;
    struct grove_error error;
    assert_ok(grove_open(options, &grove, &error), error);
    return grove;
}

static enum grove_code browse(struct grove *grove, struct grove_error *error)
{
    struct grove_result *result = NULL;
    enum grove_code code = grove_browse(grove, &(struct grove_browse_request){0}, &result, error);
    grove_result_free(result);
    return code;
}

// Opening asks nobody; what does not answer is told by what needs it, and by status in its result.
static void nobody_is_asked_before_there_is_need(void **state)
{
    (void)state;
    struct grove_error error;
    struct grove_status status;
    struct grove *grove = open_handle(&(struct grove_options){
        .database_url = "host=/nonexistent dbname=x user=x", .qdrant_url = NOBODY});
    assert_ok(grove_get_status(grove, &status, &error), error);
    enum grove_code code = browse(grove, &error);
    grove_close(grove);
    assert_false(status.database_ok);
    assert_false(status.engine_ok);
    assert_string_not_equal(status.database_error, "");
    assert_string_not_equal(status.engine_error, "");
    assert_int_equal(code, GROVE_UNAVAILABLE);
}

static void a_database_of_yours_is_not_migrated(struct test_stores *stores)
{
    struct grove_error error;
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_sql(stores, "DROP SCHEMA grove CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    test_database_conninfo(stores->database, conninfo);
    struct grove *grove =
        open_handle(&(struct grove_options){.database_url = conninfo, .qdrant_url = NOBODY});
    enum grove_code code = browse(grove, &error);
    int64_t schemas =
        test_sql_int(stores, "SELECT count(*) FROM pg_namespace WHERE nspname = 'grove'");
    unsigned applied = 0;
    struct grove_error of_init;
    enum grove_code init = grove_init(grove, &applied, &of_init); // said so: now it is
    int64_t versions = test_sql_int(stores, "SELECT version FROM grove.schema_version");
    grove_close(grove);
    assert_int_equal(code, GROVE_NOT_FOUND);
    assert_non_null(strstr(error.hint, "grove init"));
    assert_int_equal(schemas, 0);
    assert_int_equal(init, GROVE_UNAVAILABLE); // there is no engine
    assert_int_equal(versions, migrate_wanted());
}

// Another grove, of a later version, upgrades the database while a handle is open.
static void a_newer_schema_is_noticed(struct test_stores *stores)
{
    struct grove_error error;
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    struct grove *grove =
        open_handle(&(struct grove_options){.database_url = conninfo, .qdrant_url = NOBODY});
    struct grove_result *result = NULL;
    const struct grove_browse_request request = {.filter = {.path = "religion"}};
    enum grove_code before = grove_browse(grove, &request, &result, &error);
    grove_result_free(result);
    test_sql(stores, "INSERT INTO grove.migration VALUES (999, 'later', 'x', now(), 1);"
                     "ALTER TABLE grove.leaf RENAME TO leaf_of_later");
    result = NULL;
    enum grove_code after = grove_browse(grove, &request, &result, &error);
    grove_close(grove);
    assert_int_equal(before, GROVE_OK);
    assert_int_equal(after, GROVE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "999"));
}

// Asks for nothing that would look at the schema by itself, as what reads attached tables does.
static enum grove_code list_types(struct grove *grove, struct grove_error *error)
{
    struct grove_types *types = NULL;
    enum grove_code code = grove_list_types(grove, &types, error);
    grove_free(types);
    return code;
}

// The same, and the call goes as it always did: whoever calls looks, whatever it is for.
static void a_newer_schema_is_noticed_by_whoever_calls(struct test_stores *stores)
{
    struct grove_error error;
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    struct grove *grove =
        open_handle(&(struct grove_options){.database_url = conninfo, .qdrant_url = NOBODY});
    enum grove_code before = list_types(grove, &error), after = GROVE_OK;
    test_sql(stores, "INSERT INTO grove.migration VALUES (999, 'later', 'x', now(), 1)");
    int64_t since_us = clock_monotonic_us();
    while (after == GROVE_OK && clock_monotonic_us() - since_us < 30000000)
        after = list_types(grove, &error);
    grove_close(grove);
    assert_int_equal(before, GROVE_OK);
    assert_int_equal(after, GROVE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "999"));
}

// The same, and nothing that calls ask for has changed: the handle's own projector sees it, and the
// next call tells.
static void a_projector_thread_notices_a_newer_schema(struct test_stores *stores)
{
    struct grove_error error;
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    struct grove *grove = open_handle(&(struct grove_options){
        .database_url = conninfo, .qdrant_url = NOBODY, .background_sync = true});
    const struct grove_browse_request request = {.filter = {.path = "religion"}};
    struct grove_result *result = NULL;
    enum grove_code before = grove_browse(grove, &request, &result, &error), after = GROVE_OK;
    grove_result_free(result);
    test_sql(stores, "INSERT INTO grove.migration VALUES (999, 'later', 'x', now(), 1)");
    int64_t until_us = clock_monotonic_us() + 30000000;
    while (after == GROVE_OK && clock_monotonic_us() < until_us) {
        result = NULL;
        after = grove_browse(grove, &request, &result, &error);
        grove_result_free(result);
        result = NULL;
    }
    test_content(stores, &(struct test_content){.title = "of a later grove"});
    enum grove_code again = grove_browse(grove, &request, &result, &error);
    grove_close(grove);
    assert_int_equal(before, GROVE_OK);
    assert_int_equal(after, GROVE_UNSUPPORTED);
    assert_int_equal(again, GROVE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "999"));
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.outbox"
                                          " WHERE lease_owner IS NULL"),
                     1); // nobody took it
}

static void a_cancellation_ends_what_is_under_way(struct test_stores *stores)
{
    struct grove_error error;
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    struct grove *grove =
        open_handle(&(struct grove_options){.database_url = conninfo, .qdrant_url = NOBODY});
    const char *texts[] = {"one"};
    float vector[VECTOR_DIMENSION];
    struct call before, after;
    assert_ok(handle_begin(grove, HANDLE_TASK, NULL, &before, &error), error);
    grove_cancel(grove);
    assert_ok(handle_begin(grove, HANDLE_TASK, NULL, &after, &error), error);
    enum grove_code later = grove_embed(grove, texts, 1, vector, &error);
    bool over = call_is_cancelled(&before), goes_on = !call_is_cancelled(&after);
    grove_close(grove);
    assert_true(over);
    assert_true(goes_on);
    assert_int_equal(later, GROVE_OK);
}

static void a_token_ends_its_calls(struct test_stores *stores)
{
    struct grove_error error;
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    struct grove_token *token = grove_token_new(), *of_handle = grove_token_new();
    struct grove *grove = open_handle(&(struct grove_options){
        .database_url = conninfo, .qdrant_url = NOBODY, .limits = {.token = of_handle}});
    struct grove_browse_request request = {.filter = {.path = "religion"},
                                           .limits = {.token = token}};
    struct grove_result *result = NULL;
    grove_token_cancel(token);
    enum grove_code cancelled = grove_browse(grove, &request, &result, &error);
    request.limits.token = NULL;
    enum grove_code other = grove_browse(grove, &request, &result, &error);
    grove_result_free(result);
    result = NULL;
    grove_token_cancel(of_handle);
    enum grove_code all = grove_browse(grove, &request, &result, &error);
    grove_close(grove);
    grove_token_free(of_handle);
    grove_token_free(token);
    assert_int_equal(cancelled, GROVE_CANCELLED);
    assert_int_not_equal(other, GROVE_CANCELLED);
    assert_int_equal(all, GROVE_CANCELLED);
}

// --- one call that prepares, and others that wait for it -----------------------------------------

struct preparing {
    struct grove *grove;
    struct grove_token *token;
    enum grove_code code;
    struct grove_error error;
};

static void browse_until_cancelled(void *state)
{
    struct preparing *self = state;
    struct grove_result *result = NULL;
    const struct grove_browse_request request = {.filter = {.path = "religion"},
                                                 .limits = {.token = self->token}};
    self->code = grove_browse(self->grove, &request, &result, &self->error);
}

static bool is_preparing(struct grove *grove)
{
    pthread_mutex_lock(&grove->ready_mutex);
    bool preparing = grove->preparing;
    pthread_mutex_unlock(&grove->ready_mutex);
    return preparing;
}

// The database accepts connections and says nothing. Who waits for the call that waits for it ends
// with its own time, or with its own token, and the other goes on.
static void waiting_for_who_prepares_ends_with_the_call(struct test_stores *stores)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char conninfo[128];
    int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(deaf, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(deaf, 8), 0);
    assert_int_equal(getsockname(deaf, (struct sockaddr *)&address, &length), 0);
    snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%u dbname=x user=x",
             (unsigned)ntohs(address.sin_port));
    struct preparing first = {.grove = open_handle(&(struct grove_options){.database_url = conninfo,
                                                                           .qdrant_url = NOBODY}),
                              .token = grove_token_new()};
    struct preparing other = {.grove = first.grove, .token = grove_token_new()};
    struct grove_browse_request request = {.filter = {.path = "religion"},
                                           .limits = {.timeout_ms = 200}};
    struct grove_result *result = NULL;
    struct grove_error error;
    struct test_thread *thread = test_thread_start(stores, browse_until_cancelled, &first);
    while (!is_preparing(first.grove))
        sched_yield();
    enum grove_code late = grove_browse(first.grove, &request, &result, &error);
    grove_token_cancel(other.token);
    browse_until_cancelled(&other);
    bool goes_on = is_preparing(first.grove);
    grove_token_cancel(first.token);
    test_thread_join(thread);
    grove_close(first.grove);
    grove_token_free(first.token);
    grove_token_free(other.token);
    close(deaf);
    assert_int_equal(late, GROVE_TIMEOUT);
    assert_non_null(strstr(error.context, "another call was getting the servers ready"));
    assert_int_equal(other.code, GROVE_CANCELLED);
    assert_non_null(strstr(other.error.context, "another call was getting the servers ready"));
    assert_true(goes_on);
    assert_int_equal(first.code, GROVE_CANCELLED);
}

// --- a private engine's socket, at which the test listens ----------------------------------------

struct listener {
    int fd;
    char heard[4096]; // all requests
};

// A connection without a request is somebody who looks whether the server runs.
static void *listen_for_requests(void *state)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                 "Connection: close\r\n\r\n{}";
    struct listener *listener = state;
    size_t length = 0;
    for (int fd; (fd = accept(listener->fd, NULL, NULL)) >= 0; close(fd)) {
        ssize_t got = read(fd, listener->heard + length, sizeof listener->heard - 1 - length);
        length += got > 0 ? (size_t)got : 0;
        if (got > 0)
            (void)!send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    }
    return NULL;
}

static void private_data_are_reached_without_a_key(void **state)
{
    (void)state;
    struct home home;
    struct grove_error error;
    struct grove_status status;
    struct listener listener = {.heard = ""};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/grove-test-XXXXXX", path[64], command[4 * PATH_MAX];
    pthread_t thread;
    assert_non_null(mkdtemp(folder));
    chmod(folder, 0755);
    snprintf(path, sizeof path, "%s/home", folder);
    assert_ok(home_open(path, &home, &error), error);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/vectors.sock", home.run);
    listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener.fd, 8), 0);
    assert_int_equal(pthread_create(&thread, NULL, listen_for_requests, &listener), 0);
    struct grove *grove =
        open_handle(&(struct grove_options){.home = path,
                                            .database_url = "host=/nonexistent dbname=x user=x",
                                            .qdrant_api_key = "k3y"});
    assert_ok(grove_get_status(grove, &status, &error), error);
    grove_close(grove);
    shutdown(listener.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener.fd);
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", home.servers, folder);
    assert_int_equal(system(command), 0);
    assert_non_null(strstr(listener.heard, "GET / HTTP/1.1"));
    assert_null(strcasestr(listener.heard, "api-key"));
}

static bool is_there(const struct home *home, const char *name)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%s", home->servers, name);
    return access(path, F_OK) == 0;
}

static void looking_starts_nothing(void **state)
{
    (void)state;
    struct home home;
    struct grove_error error;
    struct vector_info info;
    struct pg_conn *conn = NULL;
    char folder[] = "/tmp/grove-test-XXXXXX", path[64], command[4 * PATH_MAX];
    assert_non_null(mkdtemp(folder));
    chmod(folder, 0755);
    snprintf(path, sizeof path, "%s/home", folder);
    assert_ok(home_open(path, &home, &error), error);
    struct grove *grove =
        open_handle(&(struct grove_options){.home = path, .home_use = GROVE_HOME_LOOK});
    enum grove_code database = handle_database(grove, NULL, &conn, &error);
    enum grove_code engine = vector_info(grove->store.engine, NULL, &info, &error);
    pg_give(&conn);
    grove_close(grove);
    bool made = is_there(&home, "pg") || is_there(&home, "vector");
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", home.servers, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(database, GROVE_UNAVAILABLE);
    assert_int_equal(engine, GROVE_UNAVAILABLE);
    assert_false(made);
}

// Calls that each have the time have not all of them together.
static void all_calls_together_have_their_time(void **state)
{
    (void)state;
    struct grove_error error;
    struct call first, second, third;
    struct grove *grove =
        open_handle(&(struct grove_options){.database_url = "host=/nonexistent dbname=x user=x",
                                            .qdrant_url = NOBODY,
                                            .total_ms = 60000});
    const struct grove_limits shorter = {.timeout_ms = 1000};
    assert_ok(handle_begin(grove, HANDLE_TASK, NULL, &first, &error), error);
    clock_sleep_ms(2);
    assert_ok(handle_begin(grove, HANDLE_TASK, NULL, &second, &error), error);
    assert_ok(handle_begin(grove, HANDLE_QUERY, &shorter, &third, &error), error);
    grove_close(grove);
    assert_true(first.deadline_us == second.deadline_us);
    assert_int_equal(second.limit_ms, 60000);
    assert_true(third.deadline_us < second.deadline_us);
    assert_int_equal(third.limit_ms, 1000);
}

static void without_a_home_what_needs_it_says_so(void **state)
{
    (void)state;
    struct grove_error error;
    struct grove_status status;
    struct grove *grove = NULL;
    char folder[] = "/tmp/grove-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/home", folder);
    struct grove_options options = {.home = path, .home_use = GROVE_HOME_FIND};
    assert_int_equal(grove_open(&options, &grove, &error), GROVE_NOT_FOUND);
    options.home_use = GROVE_HOME_LOOK;
    assert_int_equal(grove_open(&options, &grove, &error), GROVE_NOT_FOUND);
    options.home_use = GROVE_HOME_NEEDLESS;
    grove = open_handle(&options);
    enum grove_code code = browse(grove, &error);
    assert_ok(grove_get_status(grove, &status, &error), error);
    grove_close(grove);
    assert_int_equal(code, GROVE_NOT_FOUND);
    assert_non_null(strstr(status.database_error, "there is no grove home"));
    assert_non_null(strstr(status.engine_error, "there is no grove home"));
    assert_int_equal(rmdir(folder), 0); // still empty
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_asked_before_there_is_need),
        cmocka_unit_test(private_data_are_reached_without_a_key),
        cmocka_unit_test(looking_starts_nothing),
        cmocka_unit_test(all_calls_together_have_their_time),
        cmocka_unit_test(without_a_home_what_needs_it_says_so),
        STORES_TEST(a_database_of_yours_is_not_migrated),
        STORES_TEST(a_newer_schema_is_noticed),
        STORES_TEST(a_newer_schema_is_noticed_by_whoever_calls),
        STORES_TEST(a_projector_thread_notices_a_newer_schema),
        STORES_TEST(a_cancellation_ends_what_is_under_way),
        STORES_TEST(a_token_ends_its_calls),
        STORES_TEST(waiting_for_who_prepares_ends_with_the_call),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
