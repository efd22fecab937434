// SPDX-License-Identifier: Apache-2.0
#include "main.h"

#include "postgres.h"

// What a developer has set for a database of theirs must not reach the tests.
static void forget_databases(void)
{
    static const char *const names[] = {"PGHOST",           "PGHOSTADDR",          "PGPORT",
                                        "PGUSER",           "PGOPTIONS",           "PGDATABASE",
                                        "PGSERVICE",        "PGPASSFILE",          "PGSSLMODE",
                                        "PGCHANNELBINDING", "PGTARGETSESSIONATTRS"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        unsetenv(names[i]);
}

int test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < count; i++)
            puts(tests[i].name);
        return 0;
    }
    const char *filter = argc > 1 ? argv[1] : getenv("CMOCKA_TEST_FILTER");
    if (filter && *filter)
        cmocka_set_test_filter(filter);
    forget_databases();
    if (!test_assets_there()) {
        puts("skipped: grove's assets (PostgreSQL, the vector engine, the model) are not there");
        return TEST_SKIPPED;
    }
    const char *slash = strrchr(argv[0], '/');
    int failed = _cmocka_run_group_tests(slash ? slash + 1 : argv[0], tests, count, NULL, NULL);
    test_home_end();
    return failed;
}
