// SPDX-License-Identifier: Apache-2.0
//
// The database's address as other clients want it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/url.h"

enum { TEXT_MAX = 4096 };

static void addresses_by_client(void **state)
{
    static const struct {
        const char *rest, *password;
        enum url_form form;
        const char *url; // NULL: there is none
    } rows[] = {
        {"postgresql://u@h:5/d", NULL, URL_PSQL, "postgresql://u@h:5/d"},
        {"postgresql://u@h:5/d", "a b&c", URL_PSQL, "postgresql://u@h:5/d?password=a%20b%26c"},
        {"postgres://h/d?sslmode=require", "p", URL_PYTHON,
         "postgres://h/d?sslmode=require&password=p"},
        {"postgres://u@h/d", "p", URL_SQLALCHEMY, "postgresql+psycopg://u@h/d?password=p"},
        {"host=/run/x user=grove dbname=grove", NULL, URL_PSQL,
         "postgresql://grove@/grove?host=/run/x"},
        {"host=/run/x user=grove dbname=grove", NULL, URL_SQLALCHEMY,
         "postgresql+psycopg://grove@/grove?host=/run/x"},
        {"postgresql://u@h:5/d", NULL, URL_JDBC, "jdbc:postgresql://h:5/d?user=u"},
        {"postgresql://h", "p", URL_JDBC, "jdbc:postgresql://h/?password=p"},
        {"postgresql://u@[::1]:5/d", NULL, URL_JDBC, "jdbc:postgresql://[::1]:5/d?user=u"},
        {"postgresql://[::1]/d", NULL, URL_JDBC, "jdbc:postgresql://[::1]/d"},
        {"postgresql://h/d?application_name=a&connect_timeout=3&sslmode=require", "p", URL_JDBC,
         "jdbc:postgresql://h/"
         "d?password=p&ApplicationName=a&connectTimeout=3&sslmode=require"},
        {"postgresql:///d?host=h&port=7&user=u", NULL, URL_JDBC, "jdbc:postgresql://h:7/d?user=u"},
        {"host=h port=7 dbname=d user='a b'", NULL, URL_JDBC, "jdbc:postgresql://h:7/d?user=a%20b"},
        {"host=h1,h2 port=7,8 dbname=d", NULL, URL_PSQL, "postgresql:///d?host=h1%2Ch2&port=7%2C8"},
        // A driver in Java has no Unix sockets, abstract ones neither.
        {"host=/run/x user=grove dbname=grove", NULL, URL_JDBC, NULL},
        {"postgresql:///d", NULL, URL_JDBC, NULL},
        {"postgresql://%2Frun/d", NULL, URL_JDBC, NULL},
        {"postgresql:///d?host=@socket", NULL, URL_JDBC, NULL},
        // What the driver cannot be told is not left out in silence.
        {"postgresql://h/d?gssencmode=disable", NULL, URL_JDBC, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct strbuf url;
        struct grove_error error = {0};
        strbuf_init(&url, TEXT_MAX);
        enum grove_code code = url_add(rows[i].rest, rows[i].password, rows[i].form, &url, &error);
        if (code != (rows[i].url ? GROVE_OK : GROVE_UNSUPPORTED) ||
            (rows[i].url && strcmp(url.data, rows[i].url) != 0))
            fail_msg("row %zu: %d, %s %s", i, code, url.data, error.message);
        strbuf_release(&url);
    }
}

static void a_name_is_completed_from_the_environment(void **state)
{
    struct strbuf url;
    struct grove_error error = {0};
    (void)state;
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGPORT",
                                        "PGUSER", "PGDATABASE", "PGSERVICE"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        unsetenv(names[i]);
    strbuf_init(&url, TEXT_MAX);
    assert_int_equal(url_add("", NULL, URL_PSQL, &url, &error), GROVE_OK);
    assert_string_equal(url.data, "postgresql:///");
    setenv("PGHOST", "h", 1);
    setenv("PGUSER", "o'b\\x", 1);
    strbuf_clear(&url);
    assert_int_equal(url_add("mine", NULL, URL_JDBC, &url, &error), GROVE_OK);
    assert_string_equal(url.data, "jdbc:postgresql://h/mine?user=o%27b%5Cx");
    setenv("PGDATABASE", "other", 1);
    strbuf_clear(&url);
    assert_int_equal(url_add("", "p", URL_JDBC, &url, &error), GROVE_OK);
    assert_string_equal(url.data, "jdbc:postgresql://h/other?user=o%27b%5Cx&password=p");
    strbuf_release(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_by_client),
        cmocka_unit_test(a_name_is_completed_from_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
