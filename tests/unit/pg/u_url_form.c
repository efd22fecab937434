// SPDX-License-Identifier: Apache-2.0
// Connection strings that are meant for other programs: what is told of them, and what is not.
#include "../test.h"

#include <fcntl.h>
#include <pwd.h>

#include "base/error.h"
#include "pg/environment.h"
#include "pg/pg.h"
#include "pg/url_form.h"

static int opened = -1;

// As the C library's, which may ask a service.
__attribute__((visibility("default"))) // libpq is to find it
int getpwuid_r(uid_t uid, struct passwd *account, char *buffer, size_t size,
               struct passwd **ret_account)
{
    (void)uid, (void)account, (void)buffer, (void)size;
    opened = open("/", O_RDONLY | O_CLOEXEC);
    close(opened);
    *ret_account = NULL;
    return 0;
}

// A host has closed its standard input, and prints.
static void whoever_asks_for_the_account_has_no_standard_number(void **state)
{
    (void)state;
    struct grove_error error;
    struct strbuf conninfo;
    error_set(&error, GROVE_INVALID, "it cannot be read");
    strbuf_init(&conninfo, PG_DEAFNESS_BYTES_MAX);
    int kept = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 20);
    close(STDIN_FILENO);
    pg_add_deafness(&conninfo);
    int first = opened;
    opened = -1;
    (void)url_form_hint("postgresql://ann@db/shop?schema=public", &error);
    int second = opened;
    dup2(kept, STDIN_FILENO);
    close(kept);
    strbuf_release(&conninfo);
    assert_true(first > STDERR_FILENO);
    assert_true(second > STDERR_FILENO);
}

static void names_the_form_and_the_right_url(void **state)
{
    static const struct {
        const char *given, *form, *url;
    } cases[] = {
        {"postgresql+psycopg://ann:s3cret@db.example:5433/shop", "SQLAlchemy's",
         "postgresql://ann:PASSWORD@db.example:5433/shop"},
        {"postgres+asyncpg://ann@db/shop?sslmode=require", "SQLAlchemy's",
         "postgresql://ann@db/shop?sslmode=require"},
        {"postgresql+psycopg:///shop?host=/run/pg&password=s3cret&user=ann", "SQLAlchemy's",
         "postgresql://ann:PASSWORD@/shop?host=/run/pg"},
        {"postgresql://ann:s3cret@db:5432/shop?schema=public", "Prisma's",
         "postgresql://ann:PASSWORD@db:5432/shop"},
        {"postgresql://db/shop?sslmode=require&connection_limit=5&schema=public", "Prisma's",
         "postgresql://db/shop?sslmode=require"},
        {"jdbc:postgresql://db/shop?user=ann&password=s3cret&ssl=true", "JDBC's",
         "postgresql://ann:PASSWORD@db/shop?ssl=true"},
        {"jdbc:postgresql://db/shop?user=ann:s3cret&user&&=x", "JDBC's", "postgresql://db/shop"},
        {"jdbc:postgresql://db:5433/shop", "JDBC's", "postgresql://db:5433/shop"},
        {"postgresql://db/shop?currentSchema=x", "JDBC's", "postgresql://db/shop"},
        {"postgresql://db/shop?colour=red", "no parameter \"colour\"", "postgresql://db/shop"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        // Where a pool is opened is where it is told.
        struct pg_pool_options options = {.conninfo = cases[i].given};
        struct pg_pool *pool = NULL;
        struct grove_error error = {0};
        assert_int_equal(pg_pool_new(&options, &pool, &error), GROVE_INVALID);
        if (!strstr(error.hint, cases[i].form) || !strstr(error.hint, cases[i].url))
            fail_msg("of \"%s\": \"%s\"", cases[i].given, error.hint);
        // It ends there: nothing of the parameters left out follows.
        assert_string_equal(strstr(error.hint, cases[i].url), cases[i].url);
        assert_null(strstr(error.hint, "s3cret"));
        assert_null(strstr(error.message, "s3cret"));
    }
}

static void says_nothing_of_what_it_does_not_know(void **state)
{
    static const char *const cases[] = {
        "postgresql://ann:s3@cret@db/shop?schema=public", // whose "@" is it?
        "postgresql+psycopg://ann:s3/cret@db/shop",
        "mysql://ann:s3cret@db/shop",
        "jdbc:mysql://db/shop",
        "postgresqlx://db",
        "s3cret",
        "postgresql://db/shop", // fine as it is
        "",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct grove_error error = {0};
        error_set(&error, GROVE_INVALID, "it cannot be read");
        if (url_form_hint(cases[i], &error) || error.hint[0])
            fail_msg("of \"%s\": \"%s\"", cases[i], error.hint);
    }
}

static void a_long_one_is_no_hint(void **state)
{
    char text[2000];
    struct grove_error error = {0};
    (void)state;
    int length = snprintf(text, sizeof text, "jdbc:postgresql://");
    memset(text + length, 'h', sizeof text - (size_t)length - 1);
    text[sizeof text - 1] = '\0';
    error_set(&error, GROVE_INVALID, "it cannot be read");
    assert_false(url_form_hint(text, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_form_and_the_right_url),
        cmocka_unit_test(says_nothing_of_what_it_does_not_know),
        cmocka_unit_test(a_long_one_is_no_hint),
        cmocka_unit_test(whoever_asks_for_the_account_has_no_standard_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
