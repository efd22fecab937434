// SPDX-License-Identifier: Apache-2.0
// What statements say of their answers, and what happens where a table was altered by hand.
#include "../../support/stores.h"

#include "catalog/assets.h"
#include "pg/conn.h"

static void kinds_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        int count;
        const char *last; // kind
    } rows[] = {
        {"SELECT 1", -1, NULL},
        {"-- answers: integer\nSELECT 1", 1, "integer"},
        {"-- A head.\n--   $1 text  a text\n-- answers: text, integer[]\nSELECT 1", 2, "integer[]"},
        {"-- answers: text, double,\n--          bigint\nSELECT 1", 3, "bigint"},
        // Only the head is the statement's own.
        {"EXPLAIN -- answers: integer\nSELECT 1", -1, NULL},
        {"-- A head.\nSELECT 1\n-- answers: integer", -1, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pg_answer answer;
        pg_answer_read(rows[i].sql, &answer);
        assert_int_equal(answer.count, rows[i].count);
        if (answer.count > 0)
            assert_string_equal(pg_answer_kind_name(&answer, answer.count - 1), rows[i].last);
    }
}

static void read_nonsense(void *sql)
{
    struct pg_answer answer;
    pg_answer_read(sql, &answer);
}

static void an_unknown_kind_is_a_bug(void **state)
{
    (void)state;
    char unknown[] = "-- answers: number\nSELECT 1", none[] = "-- answers:\nSELECT 1";
    assert_true(test_fails_a_check(read_nonsense, unknown));
    assert_true(test_fails_a_check(read_nonsense, none));
}

// Against the schema as the migrations make it. One that says nothing would be read unchecked.
static void every_statement_tells_its_answer(struct test_stores *stores)
{
    PGconn *link = stores->sessions[0]->link;
    for (const struct asset *file = query_files; file->name; file++) {
        struct pg_answer answer;
        pg_answer_read(file->data, &answer);
        PGresult *prepared = PQprepare(link, file->name, file->data, 0, NULL);
        PGresult *described = PQdescribePrepared(link, file->name);
        if (PQresultStatus(described) != PGRES_COMMAND_OK)
            fail_msg("%s: %s", file->name, PQerrorMessage(link));
        int columns = PQnfields(described);
        if (columns != (answer.count < 0 ? 0 : answer.count))
            fail_msg("%s has %d columns, and says %d", file->name, columns, answer.count);
        int misfit = pg_answer_misfit(&answer, described);
        if (misfit >= 0)
            fail_msg("%s: \"%s\" is not %s", file->name, PQfname(described, misfit),
                     pg_answer_kind_name(&answer, misfit));
        PQclear(described);
        PQclear(prepared);
    }
}

static enum grove_code hydrate(struct test_stores *stores, bool in_pipeline, int32_t id,
                               struct pg_rows *rows, struct grove_error *error)
{
    const struct pg_statement statement = {"hydrate.sql", query_sql("hydrate.sql")};
    struct pg_params params = {0};
    pg_add_int4_array(&params, &stores->arena, &id, 1);
    const struct pg_request requests[] = {{&statement, &params}, {&statement, &params}};
    struct pg_rows both[2];
    if (!in_pipeline)
        return pg_query(stores->sessions[0], &stores->arena, &statement, &params, rows, error);
    enum grove_code code =
        pg_pipeline(stores->sessions[0], &stores->arena, requests, 2, both, error);
    *rows = both[0];
    return code;
}

static void an_altered_column_is_told(struct test_stores *stores)
{
    static const struct {
        const char *sql;
        const char *column, *type; // NULL: it goes on working
    } rows[] = {
        {"ALTER COLUMN word_count TYPE bigint", "word_count", "bigint"},
        {"ALTER COLUMN word_count TYPE numeric(6, 2)", "word_count", "numeric"},
        {"ALTER COLUMN word_count TYPE smallint", "word_count", "smallint"},
        {"ALTER COLUMN created_at TYPE date", "created_at", "date"},
        {"ALTER COLUMN content_summary TYPE bytea USING content_summary::bytea", "content_summary",
         "bytea"},
        {"ALTER COLUMN content_summary TYPE char(500)", NULL, NULL},
        {"ALTER COLUMN word_count TYPE few", NULL, NULL}, // a domain over integer
        {"ALTER COLUMN created_at TYPE timestamptz", NULL, NULL},
        {"RENAME COLUMN word_count TO words", "word_count", "does not exist"},
    };
    struct grove_error error;
    struct pg_rows got;
    test_sql(stores, "CREATE DOMAIN few AS integer CHECK (value < 1000)");
    int32_t id = test_content(stores, &(struct test_content){.words = 7});
    for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
        bool in_pipeline = i % 2;
        assert_ok(hydrate(stores, in_pipeline, id, &got, &error), error); // prepared before
        test_sql(stores, "BEGIN");
        test_sql(stores, "ALTER TABLE public.content_metadata %s", rows[i / 2].sql);
        enum grove_code code = hydrate(stores, in_pipeline, id, &got, &error);
        if (code != GROVE_OK && error.retry == GROVE_RETRY_LATER) { // once, in a transaction
            test_sql(stores, "ROLLBACK; BEGIN");
            test_sql(stores, "ALTER TABLE public.content_metadata %s", rows[i / 2].sql);
            code = hydrate(stores, in_pipeline, id, &got, &error);
        }
        assert_int_equal(code, rows[i / 2].column ? GROVE_UNSUPPORTED : GROVE_OK);
        if (rows[i / 2].column && (!strstr(error.message, rows[i / 2].column) ||
                                   !strstr(error.message, rows[i / 2].type) || !error.hint[0]))
            fail_msg("%s: %s", rows[i / 2].sql, error.message);
        test_sql(stores, "ROLLBACK");
    }
}

// PostgreSQL's own advice, to add casts, is for whoever wrote the statement.
static void an_operator_that_is_missing_is_of_an_altered_table(struct test_stores *stores)
{
    struct grove_error error;
    test_content(stores, &(struct test_content){.words = 7});
    test_sql(stores,
             "BEGIN; ALTER TABLE public.content_metadata ALTER COLUMN word_count TYPE text");
    assert_int_equal(
        pg_exec(stores->sessions[0], "SELECT FROM content_metadata WHERE word_count >= 1", &error),
        GROVE_UNSUPPORTED);
    test_sql(stores, "ROLLBACK");
    assert_non_null(strstr(error.message, "operator does not exist"));
    assert_non_null(strstr(error.hint, "was altered"));
    assert_null(strstr(error.hint, "cast"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_read),
        cmocka_unit_test(an_unknown_kind_is_a_bug),
        STORES_TEST(every_statement_tells_its_answer),
        STORES_TEST(an_altered_column_is_told),
        STORES_TEST(an_operator_that_is_missing_is_of_an_altered_table),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
