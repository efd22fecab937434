// SPDX-License-Identifier: Apache-2.0
// What must not happen with connections and rows.
#include "../../support/stores.h"

#include "pg/pg.h"

static void read_first(void *rows)
{
    (void)!pg_int4(rows, 0, 0);
}

static void read_second(void *rows)
{
    (void)!pg_int4(rows, 0, 1);
}

// The second column has as many bytes.
static void a_column_of_another_type_is_a_bug(struct test_stores *stores)
{
    struct pg_rows rows;
    struct grove_error error;
    struct pg_statement statement = {"", "SELECT 7::int4, 7::float4"};
    assert_ok(pg_query(stores->sessions[0], &stores->arena, &statement, NULL, &rows, &error),
              error);
    assert_false(test_fails_a_check(read_first, &rows));
    assert_true(test_fails_a_check(read_second, &rows));
}

// What libpq holds of a statement's rows counts like memory of the arena's own.
static void rows_count_where_an_arena_counts(struct test_stores *stores)
{
    struct pg_rows rows;
    struct grove_error error;
    struct arena arena;
    const struct pg_statement large = {"", "SELECT repeat('x', 3 << 20)"};
    const struct pg_statement small = {"", "SELECT repeat('x', 400 << 10)"};
    const struct pg_request both[] = {{&small, NULL}, {&large, NULL}};
    struct pg_rows answers[2];
    struct pg_conn *conn = stores->sessions[0];
    arena_init(&arena, 1 << 20);
    assert_ok(pg_query(conn, &arena, &large, NULL, &rows, &error), error);
    arena_release(&arena);
    arena_init_counting(&arena, 1 << 20);
    assert_int_equal(pg_query(conn, &arena, &large, NULL, &rows, &error), GROVE_LIMIT);
    assert_int_equal(pg_pipeline(conn, &arena, both, 2, answers, &error), GROVE_LIMIT);
    assert_ok(pg_query(conn, &arena, &small, NULL, &rows, &error), error);
    assert_int_equal(pg_query(conn, &arena, &small, NULL, &rows, &error), GROVE_LIMIT);
    arena_clear(&arena);
    assert_ok(pg_query(conn, &arena, &small, NULL, &rows, &error), error);
    arena_release(&arena);
}

struct nested {
    struct pg_pool *pool;
    unsigned starts;
    enum grove_code inner;
};

// Starting a server takes seconds. Meanwhile others take connections, here this thread itself.
static enum grove_code take_another(void *state, struct call *call, struct grove_error *error)
{
    assert_null(call);
    struct nested *nested = state;
    struct pg_conn *conn = NULL;
    if (nested->starts++ == 0)
        nested->inner = pg_take(nested->pool, NULL, &conn, error);
    pg_give(&conn);
    return error_set(error, GROVE_UNAVAILABLE, "nobody starts here");
}

static void nobody_waits_for_one_who_connects(void **state)
{
    (void)state;
    struct grove_error error;
    struct nested nested = {.inner = GROVE_OK};
    struct pg_conn *conn = NULL;
    struct pg_pool_options options = {.conninfo = "host=/nonexistent dbname=x",
                                      .connections_max = 2,
                                      .starter = {take_another, &nested}};
    assert_ok(pg_pool_new(&options, &nested.pool, &error), error);
    assert_int_equal(pg_take(nested.pool, NULL, &conn, &error), GROVE_UNAVAILABLE);
    assert_int_equal(nested.starts, 2);
    assert_int_equal(nested.inner, GROVE_UNAVAILABLE);
    pg_pool_free(nested.pool); // CHECKs that every place was given up
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_column_of_another_type_is_a_bug),
        STORES_TEST(rows_count_where_an_arena_counts),
        cmocka_unit_test(nobody_waits_for_one_who_connects),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
