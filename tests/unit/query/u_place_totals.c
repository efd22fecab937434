// SPDX-License-Identifier: Apache-2.0
// What statements tell of how much a place has: by what is kept of branches and limbs, or, until
// that is filled in, of their leaves.
#include "searching.h"

#include "catalog/assets.h"

// Branches A (limbs x, y) and B (x), of two leaves each; contents 1 to 24 on them by turns, of two
// types. And one of another tree.
static void make_contents(struct test_stores *stores)
{
    test_sql(stores, "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                     " VALUES ('A', 'x', '1'), ('A', 'x', '2'), ('A', 'y', '3'), ('A', 'y', '4'),"
                     "        ('B', 'x', '5'), ('B', 'x', '6');"
                     "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary, chunk_number) SELECT 'subject1_hierarchy', n %% 6 + 1,"
                     " CASE WHEN n %% 4 = 0 THEN 'Even' ELSE 'Odd' END, 't', 's', n"
                     " FROM generate_series(1, 24) AS n;"
                     "DELETE FROM content_metadata WHERE id IN (1, 2, 7);"
                     "INSERT INTO subject2_hierarchy (branch, limb, leaf) VALUES ('A', 'x', '1');"
                     "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
                     " content_summary) SELECT 'subject2_hierarchy', max(id), 'Even', 't', 's'"
                     " FROM subject2_hierarchy");
}

// As a migration leaves a database that has contents.
static void forget_places(struct test_stores *stores)
{
    test_sql(stores, "DELETE FROM grove.place_count;"
                     "UPDATE grove.setting SET value = 'some' WHERE name = 'counted_places'");
}

// The rows of a statement, with SQL for its parameters.
static const char *rows_of(struct test_stores *stores, const char *file, const char *const values[])
{
    struct strbuf sql;
    strbuf_init(&sql, 1 << 16);
    for (const char *at = query_sql(file); *at; at++)
        if (*at == '$') {
            strbuf_addf(&sql, "(%s)", values[at[1] - '1']);
            at++;
        } else
            strbuf_add_bytes(&sql, at, 1);
    assert_false(sql.failed);
    const char *text =
        test_sql_text(stores, "SELECT string_agg(q::text, ' ') FROM (%s) AS q", sql.data);
    strbuf_release(&sql);
    return text ? text : "";
}

static const struct {
    const char *depth, *tables, *numbers; // SQL
    const char *is_there;                 // a content m on a leaf l
} places[] = {
    {NULL, "NULL::text", "NULL::integer[]", "true"},
    {"tree", "'subject1_hierarchy'::text", "NULL::integer[]",
     "m.hierarchy_table = 'subject1_hierarchy'"},
    {"branch", "'subject1_hierarchy'::text", "'{1}'::integer[]", "l.branch_id = 1"},
    {"branch", "'subject1_hierarchy'::text", "'{2}'::integer[]", "l.branch_id = 2"},
    {"limb", "'subject1_hierarchy'::text", "'{1,2}'::integer[]", "l.limb_id = 2"},
    {"leaf", "'subject1_hierarchy'::text", "'{1,2,3}'::integer[]",
     "m.hierarchy_table = 'subject1_hierarchy' AND l.leaf_id = 3"},
    {"limb", "'subject1_hierarchy'::text", "'{1,99}'::integer[]", "false"},
};
static const char *const types[] = {"NULL::text[]", "'{Even}'::text[]"};

static void assert_totals(struct test_stores *stores, int32_t leaves_max)
{
    for (size_t p = 0; p < ARRAY_COUNT(places); p++)
        for (size_t t = 0; t < ARRAY_COUNT(types); t++) {
            const char *max = arena_printf(&stores->arena, "%d", leaves_max);
            const char *const values[] = {places[p].tables, places[p].numbers, types[t], max};
            const char *here = arena_printf(
                &stores->arena,
                "FROM content_metadata AS m JOIN grove.leaf AS l USING (hierarchy_table, leaf_id)"
                " WHERE (%s) AND (%s IS NULL OR m.content_type = ANY (%s))",
                places[p].is_there, types[t], types[t]);
            const char *wanted =
                test_sql_text(stores, "SELECT concat('(', count(*), ')') %s", here);
            if (leaves_max > 0)
                assert_string_equal(rows_of(stores, "matching_max.sql", values), wanted);
            wanted = test_sql_text(stores,
                                   "SELECT coalesce(string_agg(q::text, ' '), '')"
                                   " FROM (SELECT m.content_type, count(*) %s GROUP BY 1"
                                   " ORDER BY 2 DESC, 1) AS q",
                                   here);
            assert_string_equal(rows_of(stores, "list_types.sql", values), wanted);
            if (places[p].depth)
                assert_string_equal(
                    rows_of(stores,
                            arena_printf(&stores->arena, "browse_totals_%s.sql", places[p].depth),
                            values),
                    wanted);
        }
}

static void totals_are_right_before_and_after_places_are_counted(struct test_stores *stores)
{
    make_contents(stores);
    assert_totals(stores, 100);
    forget_places(stores);
    assert_totals(stores, 100);
}

static void listings_are_right_before_and_after_places_are_counted(struct test_stores *stores)
{
    static const struct {
        const char *tables, *numbers, *types, *level, *rows;
    } listings[] = {
        {"'subject1_hierarchy'::text", "NULL::integer[]", "NULL::text[]", "0",
         "(subject1,,,,2,3,6,21)"},
        {"'subject1_hierarchy'::text", "NULL::integer[]", "NULL::text[]", "1",
         "(subject1,A,,,1,2,4,13) (subject1,B,,,1,1,2,8)"},
        {"'subject1_hierarchy'::text", "NULL::integer[]", "'{Even}'::text[]", "1",
         "(subject1,A,,,1,2,4,4) (subject1,B,,,1,1,2,2)"},
        {"'subject1_hierarchy'::text", "'{1}'::integer[]", "NULL::text[]", "2",
         "(subject1,A,x,,1,1,2,6) (subject1,A,y,,1,1,2,7)"},
        {"'subject1_hierarchy'::text", "'{1,2}'::integer[]", "NULL::text[]", "3",
         "(subject1,A,y,3,1,1,1,3) (subject1,A,y,4,1,1,1,4)"},
        {"'subject1_hierarchy'::text", "'{1,2,3}'::integer[]", "'{Even}'::text[]", "3",
         "(subject1,A,y,3,1,1,1,2)"},
        {"'subject2_hierarchy'::text", "NULL::integer[]", "NULL::text[]", "3",
         "(subject2,A,x,1,1,1,1,1)"},
        {"'subject3_hierarchy'::text", "NULL::integer[]", "NULL::text[]", "0",
         "(subject3,,,,0,0,0,0)"},
        {"'subject3_hierarchy'::text", "NULL::integer[]", "NULL::text[]", "1", ""},
    };
    make_contents(stores);
    for (int counted = 1; counted >= 0; counted--) {
        for (size_t i = 0; i < ARRAY_COUNT(listings); i++) {
            const char *const values[] = {listings[i].tables, listings[i].numbers,
                                          listings[i].types, listings[i].level};
            assert_string_equal(rows_of(stores, "list_places.sql", values), listings[i].rows);
        }
        forget_places(stores);
    }
}

// What is counted is believed: nobody looks at the leaves.
static void counted_places_are_not_added_up(struct test_stores *stores)
{
    static const char *const files[] = {"browse_totals_branch.sql", "browse_totals_limb.sql",
                                        "list_types.sql"};
    static const char *const branch[] = {"'subject1_hierarchy'::text", "'{1,1}'::integer[]",
                                         "'{Even}'::text[]", "0"};
    make_contents(stores);
    test_sql(stores, "UPDATE grove.place_count SET contents = 100 * contents");
    for (size_t i = 0; i < ARRAY_COUNT(files); i++)
        assert_non_null(strstr(rows_of(stores, files[i], branch), "00)"));
    // However many leaves there are.
    assert_non_null(strstr(rows_of(stores, "matching_max.sql", branch), "00)"));
    const char *const level[] = {"'subject1_hierarchy'::text", "'{1}'::integer[]", "NULL::text[]",
                                 "2"};
    assert_string_equal(rows_of(stores, "list_places.sql", level),
                        "(subject1,A,x,,1,1,2,600) (subject1,A,y,,1,1,2,700)");
}

// Too many leaves are not added up for a plan, where places are not counted.
static void too_many_leaves_are_not_added_up(struct test_stores *stores)
{
    static const char *const values[] = {"'subject1_hierarchy'::text", "'{1}'::integer[]",
                                         "NULL::text[]", "3"};
    make_contents(stores);
    assert_string_equal(rows_of(stores, "matching_max.sql", values), "(13)");
    forget_places(stores);
    assert_string_equal(rows_of(stores, "matching_max.sql", values), "()");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(totals_are_right_before_and_after_places_are_counted),
        STORES_TEST(listings_are_right_before_and_after_places_are_counted),
        STORES_TEST(counted_places_are_not_added_up),
        STORES_TEST(too_many_leaves_are_not_added_up),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
