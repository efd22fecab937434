// SPDX-License-Identifier: Apache-2.0
// Parameters' bytes, errors' classes, connection strings: what needs no server.
#include "../test.h"

#include "pg/conn.h"
#include "pg/memory.h"
#include "pg/types.h"

static void scalars(void **state)
{
    (void)state;
    struct pg_params params = {0};
    pg_add_int4(&params, -2);
    pg_add_int8(&params, 1);
    pg_add_float8(&params, 1.0);
    pg_add_timestamp(&params, PG_EPOCH_US + 5);
    pg_add_timestamp(&params, INT64_MIN);
    pg_add_text(&params, (struct text){NULL, 0});
    pg_add_text(&params, text_of(""));
    pg_add_bool(&params, true);
    assert_int_equal(params.count, 8);
    assert_memory_equal(params.values[0], "\xff\xff\xff\xfe", 4);
    assert_memory_equal(params.values[1], "\0\0\0\0\0\0\0\1", 8);
    assert_memory_equal(params.values[2], "\x3f\xf0\0\0\0\0\0\0", 8);
    assert_memory_equal(params.values[3], "\0\0\0\0\0\0\0\5", 8);
    assert_null(params.values[4]);
    assert_null(params.values[5]);
    assert_non_null(params.values[6]);
    assert_int_equal(params.lengths[6], 0);
    assert_int_equal(params.types[7], PG_BOOL);
}

static void arrays(void **state)
{
    (void)state;
    struct arena arena;
    struct pg_params params = {0};
    const int32_t numbers[] = {7, INT32_MIN}; // no number stands for null: any may be an id
    const struct text texts[] = {text_of("ab"), {NULL, 0}};
    arena_init(&arena, 1 << 20);
    pg_add_int4_array(&params, &arena, numbers, 2);
    pg_add_text_array(&params, &arena, texts, 2);
    pg_add_int4_array(&params, &arena, numbers, 0); // empty
    pg_add_int4_array(&params, &arena, NULL, 0);    // null
    assert_memory_equal(params.values[0],
                        "\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\2\0\0\0\1"
                        "\0\0\0\4\0\0\0\7\0\0\0\4\x80\0\0\0",
                        36);
    assert_int_equal(params.lengths[0], 36);
    assert_int_equal(params.lengths[1], 30);
    assert_memory_equal(params.values[1] + 20, "\0\0\0\2ab\xff\xff\xff\xff", 10);
    assert_memory_equal(params.values[2], "\0\0\0\0", 4);
    assert_int_equal(params.lengths[2], 12);
    assert_null(params.values[3]);
    assert_false(params.failed);
    arena_release(&arena);
}

static void arrays_fail_stickily(void **state)
{
    (void)state;
    struct arena arena;
    struct pg_params params = {0};
    const int64_t numbers[100] = {0};
    arena_init(&arena, 64);
    pg_add_int8_array(&params, &arena, numbers, 100);
    assert_true(params.failed);
    arena_release(&arena);
}

static void sqlstates(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        enum grove_code stopped;
        enum grove_code code;
    } rows[] = {
        {"23505", GROVE_OK, GROVE_CONFLICT},
        {"23502", GROVE_OK, GROVE_INVALID},
        {"22001", GROVE_OK, GROVE_INVALID},
        {"57014", GROVE_OK, GROVE_TIMEOUT},
        {"57014", GROVE_CANCELLED, GROVE_CANCELLED},
        {"57014", GROVE_TIMEOUT, GROVE_TIMEOUT},
        {"55P03", GROVE_CANCELLED, GROVE_TIMEOUT}, // a lock that another holds is not our doing
        {"53100", GROVE_OK, GROVE_IO},
        {"53300", GROVE_OK, GROVE_LIMIT},
        {"57P01", GROVE_OK, GROVE_UNAVAILABLE},
        {"25P03", GROVE_OK, GROVE_UNAVAILABLE}, // the session is gone, as after 57P05
        {"25P04", GROVE_OK, GROVE_UNAVAILABLE},
        {"25006", GROVE_OK, GROVE_DENIED},
        {"08006", GROVE_OK, GROVE_UNAVAILABLE},
        {"42501", GROVE_OK, GROVE_DENIED},
        {"28P01", GROVE_OK, GROVE_DENIED},
        {"42703", GROVE_OK, GROVE_UNSUPPORTED},
        {"42883", GROVE_OK, GROVE_UNSUPPORTED},
        {"42601", GROVE_OK, GROVE_DATABASE},
        {"P0001", GROVE_OK, GROVE_DATABASE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(pg_code_of_sqlstate(rows[i].sqlstate, rows[i].stopped), rows[i].code);
}

static void a_bad_connection_string_stays_secret(void **state)
{
    (void)state;
    struct pg_pool *pool;
    struct grove_error error;
    struct pg_pool_options options = {.conninfo = "postgresql://u:secret@[broken/db"};
    assert_int_equal(pg_pool_new(&options, &pool, &error), GROVE_INVALID);
    assert_null(strstr(error.message, "secret"));
    assert_null(strstr(error.detail, "secret"));
    options.conninfo = "password=secret nonsense";
    assert_int_equal(pg_pool_new(&options, &pool, &error), GROVE_INVALID);
    assert_null(strstr(error.message, "secret"));
    assert_null(strstr(error.detail, "secret"));
}

// libpq would take the end of such a password for the host or the database, and tell it.
static void a_stray_at_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"postgresql://u:pa@ss@host/db",
                                       "postgres://u:pa/ss@host/db"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pg_pool *pool;
        struct grove_error error;
        struct pg_pool_options options = {.conninfo = rows[i]};
        assert_int_equal(pg_pool_new(&options, &pool, &error), GROVE_INVALID);
        assert_null(strstr(error.message, "ss"));
        assert_non_null(strstr(error.hint, "%XX"));
    }
}

static void an_absent_server_is_unavailable(void **state)
{
    (void)state;
    struct pg_pool *pool;
    struct pg_conn *conn = NULL;
    struct grove_error error;
    struct pg_pool_options options = {.conninfo = "host=/nonexistent dbname=x password=secret"};
    assert_ok(pg_pool_new(&options, &pool, &error), error);
    assert_int_equal(pg_take(pool, NULL, &conn, &error), GROVE_UNAVAILABLE);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    assert_null(strstr(error.message, "secret"));
    pg_give(&conn);
    pg_pool_free(pool);
}

static void messages_are_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *message, *text;
    } rows[] = {
        {"", ""},
        {"\n \n", ""},
        {"failed: refused\n\tIs the server running?\n", "failed: refused; Is the server running?"},
        {"one\ntwo\n", "one; two"},
        {"0123456789abcdef", "0123456789abcde"},
        {"0123456789ab\ncdef", "0123456789ab; c"},
        {"0123456789abcd\nef", "0123456789abcd;"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[100];
        pg_one_line(rows[i].message, text, rows[i].message[0] == '0' ? 16 : sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static void memory_is_sensible(void **state)
{
    (void)state;
    assert_true(memory_usable_bytes() > (1 << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(arrays),
        cmocka_unit_test(arrays_fail_stickily),
        cmocka_unit_test(sqlstates),
        cmocka_unit_test(a_bad_connection_string_stays_secret),
        cmocka_unit_test(a_stray_at_is_refused),
        cmocka_unit_test(an_absent_server_is_unavailable),
        cmocka_unit_test(messages_are_one_line),
        cmocka_unit_test(memory_is_sensible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
