// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/conninfo.h"

enum { TEXT_MAX = 4096 };

static enum grove_code split(const char *conninfo, struct strbuf *rest, struct strbuf *password,
                             struct grove_error *error)
{
    strbuf_init(rest, TEXT_MAX);
    strbuf_init(password, TEXT_MAX);
    return conninfo_split(conninfo, rest, password, error);
}

static void takes_the_password_out(void **state)
{
    static const struct {
        const char *conninfo, *rest, *password;
    } cases[] = {
        {"", "", ""},
        {"mydb", "mydb", ""},
        {"host=/run/x user=grove dbname=grove", "host=/run/x user=grove dbname=grove", ""},
        {"host=h password=secret dbname=d", "host=h dbname=d", "secret"},
        {"password = 'a b\\'c' host=h", "host=h", "a b'c"},
        {"password=a\\ b", "", "a b"},
        {"password=first password=second", "", "second"}, // libpq, too, takes the last
        {"options='-c x=password=1' host=h", "options='-c x=password=1' host=h", ""},
        {"postgresql://h/d", "postgresql://h/d", ""},
        {"postgres://u@h:5433/d", "postgres://u@h:5433/d", ""},
        {"postgresql://u:p%40ss@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", "p@ss"},
        {"postgresql://:secret@/d", "postgresql://@/d", "secret"},
        {"postgresql://u:a:b@h", "postgresql://u@h", "a:b"},
        {"postgresql://u:p?q@h", "postgresql://u@h", "p?q"},
        {"postgresql:///d?password=x&host=/run", "postgresql:///d?host=/run", "x"},
        {"postgresql://u:old@h/d?pass%77ord=new", "postgresql://u@h/d", "new"},
        {"postgresql://h/d@x:y", "postgresql://h/d@x:y", ""}, // "@" behind "/" is no user
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct strbuf rest, password;
        struct grove_error error = {0};
        assert_int_equal(split(cases[i].conninfo, &rest, &password, &error), GROVE_OK);
        assert_string_equal(rest.data, cases[i].rest);
        assert_string_equal(password.data, cases[i].password);
        strbuf_release(&rest);
        strbuf_release(&password);
    }
}

static void becomes_a_url(void **state)
{
    static const struct {
        const char *conninfo, *url;
    } cases[] = {
        {"", ""},
        {"mydb", "mydb"},
        {"postgresql://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require"},
        {"host='/my home/run' port=5432 user=grove dbname=grove",
         "postgresql://grove@/grove?host=/my%20home/run&port=5432"},
        {"host='/it\\'s/run' dbname=a@b", "postgresql:///a%40b?host=/it%27s/run"},
        {"user = 'a/b:c' host=h", "postgresql://a%2Fb%3Ac@/?host=h"},
        {"options='-c x=1&y'", "postgresql:///?options=-c%20x%3D1%26y"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct strbuf url;
        struct grove_error error = {0};
        strbuf_init(&url, TEXT_MAX);
        assert_int_equal(conninfo_add_url(cases[i].conninfo, &url, &error), GROVE_OK);
        assert_string_equal(url.data, cases[i].url);
        strbuf_release(&url);
    }
}

static void refuses_without_quoting(void **state)
{
    static const struct {
        const char *conninfo;
        enum grove_code code;
    } cases[] = {
        {"postgresql://u:secret%zz@h", GROVE_INVALID},
        {"postgresql://u:secret%4@h", GROVE_INVALID},
        {"postgresql://u:secret%00@h", GROVE_INVALID}, // a NUL would end it early
        {"password='secret", GROVE_INVALID},
        {"host=h secret", GROVE_INVALID},
        {"=secret", GROVE_INVALID},
        {"host=h sslpassword=secret", GROVE_UNSUPPORTED},
        {"postgresql://h/d?sslpassword=secret", GROVE_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct strbuf rest, password;
        struct grove_error error = {0};
        assert_int_equal(split(cases[i].conninfo, &rest, &password, &error), cases[i].code);
        assert_null(strstr(error.message, "secret"));
        assert_null(strstr(error.detail, "secret"));
        assert_null(strstr(error.hint, "secret"));
        strbuf_release(&rest);
        strbuf_release(&password);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_password_out),
        cmocka_unit_test(becomes_a_url),
        cmocka_unit_test(refuses_without_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
