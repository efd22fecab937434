// SPDX-License-Identifier: Apache-2.0
// What a search reads and holds is bounded, whatever waits and whatever texts are like; and what it
// leaves unread changes no answer.
#include "searching.h"

#include <math.h>

#include "base/digest.h"
#include "catalog/assets.h"

// Contents of this many whose bodies are as long.
static void make_long(struct test_stores *stores, int count, const char *body)
{
    int32_t leaf = test_leaf(stores, "Leaf");
    test_sql(
        stores,
        "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
        " content_summary, chunk_number)"
        " SELECT 'subject1_hierarchy', %d, 'Book', 'Long', '', n FROM generate_series(1, %d) n;"
        "INSERT INTO grove.body SELECT id, %s FROM content_metadata"
        " WHERE content_type = 'Book'",
        leaf, count, body);
}

// --- bytes --------------------------------------------------------------------------------------

static long read_kb(const char *name)
{
    char line[256];
    long kb = -1;
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtol(line + strlen(name), NULL, 10);
    fclose(file);
    assert_true(kb > 0);
    return kb;
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    assert_non_null(file);
    assert_true(fputs("5", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

// 80 MB of texts wait.
static void texts_that_wait_are_not_sent(struct test_stores *stores)
{
    enum { ROWS = 800, TEXTS_MB = ROWS / 10, ROSE_MB_MAX = 16 };
    make_long(stores, ROWS, "repeat('some words ', 9500)");
    search(stores, 10); // the first one opens the model
    forget_peak();
    long before_kb = read_kb("VmRSS:");
    const struct grove_result *result = search(stores, 10);
    long rose_mb = (read_kb("VmHWM:") - before_kb) / 1024;
    assert_int_equal(result->explain->pending, ROWS);
    assert_false(result->complete);
    if (rose_mb > ROSE_MB_MAX)
        fail_msg("it held %ld MB while %d MB of texts waited", rose_mb, TEXTS_MB);
}

// Contents in the leaf Many, with one vector; the first of all is not among them.
static void make_many(struct test_stores *stores, int count)
{
    int32_t first = make_row(stores, 0.5F), leaf = test_leaf(stores, "Many");
    test_sql(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary, chunk_number)"
             " SELECT hierarchy_table, %d, content_type, title, content_summary, n"
             " FROM content_metadata, generate_series(1, %d) AS n;"
             "INSERT INTO grove.embedding (content_id, model, text_sha256, vector)"
             " SELECT m.id, e.model, e.text_sha256, e.vector FROM content_metadata AS m,"
             " grove.embedding AS e WHERE m.id <> %d",
             leaf, count, first);
}

// More than are compared at a time.
static void hits_are_compared_in_portions(struct test_stores *stores)
{
    enum { ROWS = 4200 };
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    make_many(stores, ROWS - 1);
    project(stores);
    const struct grove_discover_request request = {
        .vector = query.numbers, .limit = 5, .depth = ROWS, .explain = true};
    assert_ok(query_discover(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    assert_true(result->complete && !result->degraded);
    assert_int_equal(result->total, ROWS);
    assert_int_equal(result->explain->candidates, ROWS);
    assert_int_equal(result->explain->dropped, 0);
}

// Where PostgreSQL compares, however deep the path, and whatever is on other leaves.
static void all_parts_of_a_place_are_compared(struct test_stores *stores)
{
    enum { ROWS = 4100 }; // three parts
    static const struct {
        const char *path;
        int rows;
    } places[] = {{NULL, ROWS + 3},
                  {"subject1", ROWS + 3},
                  {"subject1/Branch", ROWS + 2},
                  {"subject1/Branch/Limb", ROWS + 2},
                  {"subject1/Branch/Limb/Many", ROWS},
                  {"subject1/Branch/Limb/Leaf", 2}};
    make_many(stores, ROWS);
    int32_t last = test_content(stores, &(struct test_content){.words = 3});
    int32_t other = test_content(stores, &(struct test_content){.words = 3});
    test_vector_give(stores, last, test_toward(0.9F, 1).numbers);
    test_vector_give(stores, other, test_toward(0.95F, 1).numbers);
    test_sql(stores,
             "INSERT INTO subject1_hierarchy (branch, limb, leaf) VALUES ('Other', 'l', 'f');"
             "UPDATE content_metadata SET leaf_id = (SELECT id FROM subject1_hierarchy"
             " WHERE branch = 'Other') WHERE id = %d",
             other);
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        const struct grove_result *result =
            search_as(stores, (struct grove_search_request){.filter = {.path = places[i].path},
                                                            .limit = 1,
                                                            .strategy = GROVE_STRATEGY_RELATIONAL});
        assert_true(result->complete);
        assert_int_equal(result->explain->candidates, places[i].rows);
        if (places[i].rows == ROWS + 2)
            assert_int_equal(result->rows[0].content_id, last);
    }
}

static void make_leaves(struct test_stores *stores, int count)
{
    test_sql(stores,
             "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
             " SELECT 'Branch', 'Wide', 'leaf ' || n FROM generate_series(1, %d) AS n",
             count);
}

static const struct grove_result *browse_as(struct test_stores *stores,
                                            struct grove_browse_request request)
{
    struct grove_result *result;
    struct grove_error error;
    request.explain = true;
    assert_ok(query_browse(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    return result;
}

static const struct grove_result *browse_under(struct test_stores *stores, const char *path)
{
    return browse_as(stores, (struct grove_browse_request){.filter = {.path = path}});
}

// A path is a number however many leaves it has: no statement names one.
static void no_statement_names_leaves(struct test_stores *stores)
{
    make_leaves(stores, 300);
    make_row(stores, 0.9F);
    const struct grove_result *results[] = {browse_under(stores, "subject1/Branch/Wide"),
                                            browse_under(stores, "subject1/Branch")};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        assert_non_null(results[i]->explain->plan);
        assert_null(strstr(results[i]->explain->plan, "ANY ("));
    }
    assert_int_equal(results[0]->row_count, 0);
    assert_int_equal(results[1]->row_count, 1);
}

static void a_tree_is_counted_as_a_whole(struct test_stores *stores)
{
    make_row(stores, 0.9F);
    const char *tree = browse_under(stores, "subject1")->explain->plan;
    const char *branch =
        strstr(browse_under(stores, "subject1/Branch")->explain->plan, "-- browse_totals_branch");
    assert_non_null(branch);
    assert_true(strstr(tree, "tree_count") && !strstr(tree, "content_count"));
    assert_true(strstr(branch, "place_count") && !strstr(branch, "tree_count"));
}

static void a_plan_quotes_no_thousands_of_names(struct test_stores *stores)
{
    enum { TYPES = 64, LINE_MAX_BYTES = 2010 };
    static char names[TYPES][51];
    const char *types[TYPES];
    for (int i = 0; i < TYPES; i++) {
        snprintf(names[i], sizeof names[i], "%050d", i);
        types[i] = names[i];
    }
    make_row(stores, 0.9F);
    const struct grove_result *result =
        browse_as(stores, (struct grove_browse_request){.filter = {.path = "subject1",
                                                                   .content_types = types,
                                                                   .content_type_count = TYPES}});
    assert_non_null(result->explain->plan);
    assert_non_null(strstr(result->explain->plan, "-- browse_tree.sql"));
    size_t longest = 0, at = 0;
    for (const char *c = result->explain->plan; *c; c++) {
        at = *c == '\n' ? 0 : at + 1;
        longest = at > longest ? at : longest;
    }
    assert_true(longest <= LINE_MAX_BYTES);
    assert_non_null(strstr(result->explain->plan, " ...\n"));
}

// --- an engine that is out ----------------------------------------------------------------------

static void put_engine_out(struct test_stores *stores)
{
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){.call = ENGINE_SEARCH, .kind = FAKE_REFUSE, FAKE_UNREACHABLE});
}

static enum grove_code try_search(struct test_stores *stores, struct call *call, const char *path,
                                  struct grove_error *error)
{
    struct grove_result *result;
    struct test_vector query = test_toward(1, 0);
    const struct grove_search_request request = {
        .vector = query.numbers, .limit = 10, .filter = {.path = path}};
    enum grove_code code = query_search(&stores->store, call, &request, &result, error);
    if (code != GROVE_OK)
        return code;
    keep_result(stores, result);
    assert_true(result->degraded && result->complete);
    assert_int_equal(result->row_count, path ? 1 : 10);
    return GROVE_OK;
}

// Each compares thousands of rows: with all of them at once none would be done.
static void few_searches_at_a_time_do_without_the_engine(struct test_stores *stores)
{
    enum { OTHERS = 4, FEW = 5000 };
    struct grove_error error;
    make_many(stores, FEW);
    put_engine_out(stores);
    stores->store.stand_ins = OTHERS;
    assert_int_equal(try_search(stores, NULL, NULL, &error), GROVE_LIMIT);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    assert_int_equal(stores->store.stand_ins, OTHERS);
    // Of few rows nobody is sent away.
    assert_ok(try_search(stores, NULL, "subject1/Branch/Limb/Leaf", &error), error);
    stores->store.stand_ins = OTHERS - 1;
    assert_ok(try_search(stores, NULL, NULL, &error), error);
    assert_int_equal(stores->store.stand_ins, OTHERS - 1);
    stores->store.stand_ins = OTHERS;
    test_sql(stores, "DELETE FROM content_metadata WHERE id = 2");
    assert_ok(try_search(stores, NULL, NULL, &error), error);
    stores->store.stand_ins = 0;
}

static atomic_bool stop;

static void raise_stop(struct test_stores *stores)
{
    (void)stores;
    atomic_store(&stop, true);
}

// With thousands of rows still to be compared; its turn is over, too.
static void comparing_ends_with_the_call(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    make_many(stores, 4200);
    put_engine_out(stores);
    atomic_store(&stop, false);
    call_init(&call);
    call_obey(&call, &stop);
    TEST_AT(stores, SEARCH_PART, raise_stop);
    assert_int_equal(try_search(stores, &call, NULL, &error), GROVE_CANCELLED);
    assert_int_equal(stores->reached[INJECT_SEARCH_PART], 1);
    assert_int_equal(stores->store.stand_ins, 0);
}

// The same of hits: the rows that wait are one part, the first portion of hits is another.
static void comparing_hits_ends_with_the_call(struct test_stores *stores)
{
    struct grove_result *result;
    struct grove_error error;
    struct call call;
    struct test_vector query = test_toward(1, 0);
    const struct grove_discover_request request = {.vector = query.numbers, .depth = 4200};
    make_many(stores, 4199);
    project(stores);
    atomic_store(&stop, false);
    call_init(&call);
    call_obey(&call, &stop);
    test_at(stores, &(struct test_step){INJECT_SEARCH_PART, 2, raise_stop, GROVE_OK});
    assert_int_equal(query_discover(&stores->store, &call, &request, &result, &error),
                     GROVE_CANCELLED);
    assert_int_equal(stores->reached[INJECT_SEARCH_PART], 2);
}

// --- plans --------------------------------------------------------------------------------------

// The statements of places that the connection of the store keeps, and whether it has used a plan
// for any place. No other is open.
static const char *prepared(struct test_stores *stores)
{
    const struct pg_statement statement = {
        "",
        "SELECT coalesce(string_agg(name || CASE WHEN generic_plans > 0 THEN '!' ELSE '' END, ' '"
        " ORDER BY name), '') FROM pg_prepared_statements"
        " WHERE name LIKE 'browse%' OR name IN ('matching.sql', 'matching_ids.sql', "
        "'score_all.sql')"};
    struct pg_conn *conn = NULL;
    struct pg_rows rows;
    struct grove_error error;
    assert_ok(pg_take(stores->store.pool, NULL, &conn, &error), error);
    assert_ok(pg_query(conn, &stores->arena, &statement, NULL, &rows, &error), error);
    const char *names = arena_copy(&stores->arena, pg_text(&rows, 0, 0));
    pg_give(&conn);
    return names;
}

// A plan that is kept for any place cannot know on which side of a join there are fewer rows. A
// whole tree has one side.
static void places_are_planned_for_each_time(struct test_stores *stores)
{
    enum { UNTIL_KEPT = 7 }; // PostgreSQL looks at five plans before it keeps one
    static const enum grove_strategy strategies[] = {GROVE_STRATEGY_RELATIONAL,
                                                     GROVE_STRATEGY_AUTO};
    make_row(stores, 0.9F);
    project(stores);
    for (int i = 0; i < UNTIL_KEPT; i++) {
        browse_under(stores, "subject1/Branch");
        browse_as(stores, (struct grove_browse_request){
                              .filter = {.path = "subject1/Branch", .words_min = 1}});
    }
    assert_string_equal(prepared(stores), "browse_branch.sql browse_counts_branch.sql"
                                          " browse_first_branch.sql! browse_totals_branch.sql");
    browse_under(stores, "subject1");
    for (size_t i = 0; i < ARRAY_COUNT(strategies); i++)
        search_as(stores, (struct grove_search_request){.filter = {.path = "subject1/Branch"},
                                                        .strategy = strategies[i]});
    assert_string_equal(prepared(stores), "browse_branch.sql browse_counts_branch.sql"
                                          " browse_first_branch.sql! browse_totals_branch.sql"
                                          " browse_totals_tree.sql! browse_tree.sql!");
}

static const char *page_of(struct test_stores *stores, const char *path)
{
    struct strbuf ids;
    const struct grove_result *result = browse_under(stores, path);
    strbuf_init(&ids, 4096);
    for (size_t i = 0; i < result->row_count; i++)
        strbuf_addf(&ids, "%d %s ", result->rows[i].content_id, result->rows[i].limb);
    assert_false(ids.failed);
    const char *text = arena_copy(&stores->arena, text_of(ids.data));
    strbuf_release(&ids);
    return text;
}

// Counts are kept row by row until they are folded: of few of them a large place seems small.
static void a_large_place_is_not_read_for_a_page(struct test_stores *stores)
{
    test_sql(stores,
             "INSERT INTO subject1_hierarchy (branch, limb, leaf)"
             " SELECT 'Large', 'limb', n::text FROM generate_series(1, 8) AS n;"
             "DO $$ BEGIN FOR n IN 1..400 LOOP INSERT INTO content_metadata"
             " (hierarchy_table, leaf_id, content_type, title, content_summary, chunk_number)"
             " SELECT 'subject1_hierarchy', id, 'Note', 't', 's', n FROM subject1_hierarchy"
             " WHERE branch = 'Large' AND leaf = (n %% 8 + 1)::text; END LOOP; END $$");
    const struct grove_result *result =
        browse_as(stores, (struct grove_browse_request){.filter = {.path = "subject1/Large"}});
    const char *plan = strstr(result->explain->plan, "-- browse_first_branch.sql");
    assert_non_null(plan);
    const char *place = strstr(plan, "Filter: (NOT so)");
    assert_non_null(place);
    place = strstr(place, "Limit");
    assert_non_null(place);
    size_t line = strcspn(place, "\n");
    assert_non_null(memmem(place, line, "(never executed)", strlen("(never executed)")));
}

// Contents of a limb between those of others: the newest of the tree are a page of it, or are not.
static void first_pages_have_the_newest(struct test_stores *stores)
{
    enum { ROWS = 600 };
    static const struct {
        const char *limb, *is_there; // of content n
    } limbs[] = {{"Half", "n % 2 = 0"},
                 {"Rest", "n % 2 = 1 AND n <= 400"},
                 {"New", "n > 400 AND n % 2 = 1 AND n % 50 <> 1"},
                 {"Few", "n > 400 AND n % 50 = 1"}};
    for (size_t i = 0; i < ARRAY_COUNT(limbs); i++)
        test_sql(stores,
                 "WITH made AS (INSERT INTO subject1_hierarchy (branch, limb, leaf)"
                 " VALUES ('Many', '%s', 'leaf') RETURNING id) INSERT INTO content_metadata"
                 " (hierarchy_table, leaf_id, content_type, title, content_summary, chunk_number,"
                 " created_at) SELECT 'subject1_hierarchy', made.id, 'Note', 't', 's', n,"
                 " CASE WHEN n %% 7 > 0 THEN timestamp '2020-01-01' + n / 3 * interval '1 hour' END"
                 " FROM made, generate_series(1, %d) AS n WHERE %s",
                 limbs[i].limb, ROWS, limbs[i].is_there);
    for (size_t i = 0; i < ARRAY_COUNT(limbs); i++) {
        char path[64];
        snprintf(path, sizeof path, "subject1/Many/%s", limbs[i].limb);
        assert_string_equal(
            page_of(stores, path),
            test_sql_text(stores,
                          "SELECT string_agg(id || ' %1$s ', '' ORDER BY created_at DESC NULLS"
                          " LAST, id DESC) FROM (SELECT m.* FROM content_metadata AS m JOIN"
                          " subject1_hierarchy AS l ON l.id = m.leaf_id WHERE l.limb = '%1$s'"
                          " ORDER BY m.created_at DESC NULLS LAST, m.id DESC LIMIT 20) AS m",
                          limbs[i].limb));
        const struct grove_result *next = browse_as(
            stores,
            (struct grove_browse_request){.filter = {.path = path},
                                          .cursor = browse_under(stores, path)->next_cursor});
        if (next->row_count > 0)
            assert_null(strstr(page_of(stores, path),
                               test_sql_text(stores, "SELECT ' %d '", next->rows[0].content_id)));
    }
    assert_true(strlen(page_of(stores, "subject1/Many")) > 0);
}

// What PostgreSQL does where it has to find a plan for any parameters.
static const char *generic_plan(struct test_stores *stores, const char *file)
{
    return test_sql_text(
        stores,
        "SELECT string_agg(line, E'\\n') FROM grove_test.generic_plan($sql$%s$sql$) AS line",
        query_sql(file));
}

// Contents are looked up by id, once for each row of the outbox or hit, whatever the parameters
// are; texts are behind a condition; leaves are compared as a whole.
static void plans_for_any_parameters_are_good(struct test_stores *stores)
{
    test_sql(stores, "CREATE SCHEMA grove_test;"
                     "CREATE FUNCTION grove_test.generic_plan(statement text) RETURNS SETOF text"
                     " LANGUAGE plpgsql AS $$ BEGIN"
                     " RETURN QUERY EXECUTE 'EXPLAIN (VERBOSE, GENERIC_PLAN) ' || statement;"
                     " END $$");
    static const char *const by_id[] = {"score.sql", "score_pending.sql", "score_pending_in.sql"};
    for (size_t i = 0; i < ARRAY_COUNT(by_id); i++) {
        const char *plan = generic_plan(stores, by_id[i]);
        assert_non_null(strstr(plan, i < 2 ? "using content_metadata_pkey" : "using outbox_pkey"));
        if (i == 2)
            assert_null(strstr(plan, "Seq Scan on grove.outbox"));
        assert_non_null(strstr(plan, "Index Scan using embedding_pkey"));
        assert_null(strstr(plan, "Seq Scan on public.content_metadata"));
        assert_null(strstr(plan, "Seq Scan on grove.embedding"));
        // The text's revision, and the text: read where they are asked for.
        assert_non_null(strstr(plan, i < 2 ? "SubPlan" : "InitPlan"));
    }
    // Of the outbox an index would look up each row, and each dead one.
    test_sql(stores, "VACUUM ANALYZE grove.outbox");
    test_sql(stores, "ALTER FUNCTION grove_test.generic_plan SET enable_seqscan = off");
    assert_null(strstr(generic_plan(stores, "waiting_max.sql"), "Index"));
    assert_null(strstr(generic_plan(stores, "waiting_rows.sql"), "Index"));
}

static const char *pending_file(const struct grove_result *result)
{
    assert_non_null(result->explain->plan);
    bool among = strstr(result->explain->plan, "-- score_pending_in.sql\n");
    assert_int_equal(!among, strstr(result->explain->plan, "-- waiting_rows.sql\n") != NULL);
    return among ? "among places" : "listed";
}

// Thousands wait, of which a path leads to few: these are read, not the outbox.
static void rows_that_wait_are_looked_for_where_they_are_few(struct test_stores *stores)
{
    static const struct {
        const char *path;
        int pending;
        const char *wanted;
    } rows[] = {
        {"subject1/Branch/Limb/Leaf", 1, "among places"},
        {"subject1/Branch/Limb/Gone", 0, "among places"},
        {"subject1/Branch/Limb", 11002, "listed"}, // with the one that was deleted
        {NULL, 11002, "listed"},
    };
    const char *first = rows[0].path;
    make_many(stores, 11000);
    test_leaf(stores, "Gone");
    int32_t deleted = test_content(stores, &(struct test_content){.leaf = "Leaf"});
    test_sql(stores, "DELETE FROM content_metadata WHERE id = %d", deleted); // waits, too
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct grove_result *result =
            search_as(stores, (struct grove_search_request){.filter = {.path = rows[i].path}});
        assert_string_equal(pending_file(result), rows[i].wanted);
        assert_int_equal(result->explain->pending, rows[i].pending);
        assert_true(result->complete);
    }
    assert_ids(stores, search_as(stores, (struct grove_search_request){.filter = {.path = first}}),
               "1");
    // What its row says of it may be out of date.
    test_sql(stores, "UPDATE grove.outbox SET deleted = true WHERE content_id = 1");
    const struct grove_result *result =
        search_as(stores, (struct grove_search_request){.strategy = GROVE_STRATEGY_PUSH_DOWN,
                                                        .filter = {.path = first}});
    assert_string_equal(pending_file(result), "among places");
    assert_ids(stores, result, "1");
    // What is projected is no longer among them.
    test_sql(stores, "DELETE FROM grove.outbox WHERE content_id = 1");
    assert_int_equal(search_as(stores, (struct grove_search_request){.filter = {.path = first}})
                         ->explain->pending,
                     0);
    // The table stays as large as it was.
    test_sql(stores, "DELETE FROM grove.outbox WHERE content_id > 900");
    assert_string_equal(
        pending_file(search_as(stores, (struct grove_search_request){.filter = {.path = first}})),
        "listed");
}

// --- which vectors are current ------------------------------------------------------------------

// A row of cosine 0.9 with a body or without, its vector known to be of its text by its revision
// only: the hash would say no.
static int32_t make_known(struct test_stores *stores, const char *body)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 3, .body = body});
    test_vector_give(stores, id, test_toward(0.9F, 1).numbers);
    test_sql(stores,
             "UPDATE grove.embedding AS e SET revision = s.revision FROM grove.content_state AS s"
             " WHERE s.content_id = e.content_id AND e.content_id = %d;"
             "BEGIN; SET LOCAL session_replication_role = replica;"
             "UPDATE grove.embedding SET text_sha256 = sha256('another') WHERE content_id = %d;"
             "COMMIT",
             id, id);
    return id;
}

static bool has_score(struct test_stores *stores, int32_t id, double score)
{
    const struct grove_result *result = search(stores, 100);
    for (size_t i = 0; i < result->row_count; i++)
        if (result->rows[i].content_id == id)
            return fabs(result->rows[i].score - score) < 1e-6;
    return false;
}

static void a_vector_is_current_as_long_as_the_text_is(struct test_stores *stores)
{
    static const struct {
        const char *body; // NULL: none
        bool current;
        const char *sql; // of the only content
    } rows[] = {
        {NULL, true, "UPDATE content_metadata SET word_count = 4"},
        {NULL, true, "UPDATE content_metadata SET title = title, word_count = 4"},
        {NULL, false, "UPDATE content_metadata SET title = 'Other'"},
        {NULL, false, "UPDATE content_metadata SET content_summary = 'Other'"},
        {"Body", true, "UPDATE content_metadata SET content_summary = 'Other'"},
        {"Body", true, "UPDATE grove.body SET body = 'Body'"},
        {"Body", false, "UPDATE grove.body SET body = 'Other'"},
        {"Body", false, "DELETE FROM grove.body"},
        {NULL, false, "INSERT INTO grove.body SELECT id, 'Other' FROM content_metadata"},
        {NULL, false,
         "UPDATE content_metadata SET title = 'Other';"
         "UPDATE content_metadata SET word_count = 4"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int32_t id = make_known(stores, rows[i].body);
        assert_true(has_score(stores, id, 0.9));
        test_sql(stores, "%s", rows[i].sql);
        if (has_score(stores, id, 0.9) != rows[i].current)
            fail_msg("row %zu: the vector is %s", i, rows[i].current ? "not used" : "still used");
        test_sql(stores, "DELETE FROM content_metadata");
    }
}

// The one that had it has another text now, and nobody changed it.
static void a_body_that_moves_leaves_another_text_behind(struct test_stores *stores)
{
    int32_t id = make_known(stores, "Body");
    int32_t other = test_content(stores, &(struct test_content){.words = 3});
    test_sql(stores, "DELETE FROM grove.outbox");
    test_sql(stores, "UPDATE grove.body SET content_id = %d", other);
    assert_true(test_outbox(stores, id).present);
    assert_true(test_outbox(stores, other).present);
    assert_false(has_score(stores, id, 0.9));
}

// The projector's own vectors say at which revision they were read.
static void computed_vectors_have_a_revision(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.title = "a"});
    project(stores);
    assert_int_equal(test_sql_int(stores, "SELECT revision FROM grove.embedding"),
                     test_revision(stores, id));
}

// Whoever writes another hash beside a revision that he does not know of.
static void a_hash_that_a_hand_wrote_counts(struct test_stores *stores)
{
    int32_t id = make_known(stores, NULL);
    test_sql(stores, "UPDATE grove.embedding SET text_sha256 = sha256('a hand')");
    assert_int_equal(test_sql_int(stores, "SELECT revision FROM grove.embedding"), VECTOR_NONE);
    assert_false(has_score(stores, id, 0.9));
}

// A supplied vector is of the text that is there again, and is not computed over.
static void a_text_that_is_back_has_its_vector(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 3});
    test_vector_give(stores, id, test_toward(0.9F, 1).numbers);
    test_sql(stores, "UPDATE grove.embedding AS e SET revision = s.revision"
                     " FROM grove.content_state AS s WHERE s.content_id = e.content_id;"
                     "UPDATE content_metadata SET title = 'Other';"
                     "UPDATE content_metadata SET title = 'Title'");
    assert_true(has_score(stores, id, 0.9));
    assert_int_equal(
        test_sql_int(stores, "SELECT count(*) FROM grove.embedding WHERE origin = 'supplied'"), 1);
}

// --- texts that are cut -------------------------------------------------------------------------

static int64_t kept(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.embedding");
}

// The vector that a search keeps is that of the whole text, to the bit, and is kept as such.
static void a_long_text_has_the_vector_of_the_whole(struct test_stores *stores)
{
    float wanted[EMBED_DIMENSION];
    char hex[2 * sizeof wanted + 1];
    struct embedder *embedder;
    struct grove_error error;
    make_long(
        stores, 1,
        "(SELECT string_agg('word ' || n || ' of many', ', ') FROM generate_series(1, 5000) n)");
    assert_true(search(stores, 10)->complete);
    assert_int_equal(kept(stores), 1);
    struct text text = text_of(
        test_sql_text(stores, "SELECT title || E'\\n' || body FROM content_metadata, grove.body"));
    assert_true(text.length > 65536);
    assert_ok(store_embedder(&stores->store, NULL, EMBED_F32, &embedder, &error), error);
    assert_ok(embedder_embed(embedder, &text, 1, wanted, NULL, &error), error);
    for (size_t i = 0; i < sizeof wanted; i++)
        snprintf(hex + 2 * i, 3, "%02x", ((const unsigned char *)wanted)[i]);
    assert_int_equal(test_sql_int(stores,
                                  "SELECT count(*) FROM grove.embedding AS e, content_metadata,"
                                  " grove.body WHERE encode(e.vector, 'hex') = '%s' AND"
                                  " e.text_sha256 ="
                                  " sha256(convert_to(title || E'\\n' || body, 'UTF8'))",
                                  hex),
                     1);
}

// Of such a text nobody knows what the model reads of it before it is read to its end.
static void a_text_that_says_too_little_is_the_projectors(struct test_stores *stores)
{
    static const char *const bodies[] = {
        "repeat('x', 20000)",
        "repeat('a few words ', 20) || repeat('x', 20000)",
        "repeat(' ', 20000) || 'words'",
        "repeat('x ', 252) || repeat('x', 20000)",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        make_long(stores, 1, bodies[i]);
        const struct grove_result *result = search(stores, 10);
        if (result->complete || kept(stores) > 0)
            fail_msg("a text of row %zu was embedded", i);
        project(stores);
        assert_true(search(stores, 10)->complete);
        test_sql(stores, "DELETE FROM content_metadata");
        project(stores);
    }
}

// Where rows are left out anyway few texts are embedded: the search waits less.
static void few_long_texts_are_embedded_where_many_wait(struct test_stores *stores)
{
    make_long(stores, 40, "repeat('some words ', 2000)");
    assert_false(search(stores, 10)->complete);
    assert_int_equal(kept(stores), 1);
    assert_false(search(stores, 10)->complete);
    assert_int_equal(kept(stores), 2);
    test_sql(stores, "DELETE FROM content_metadata WHERE id > 18");
    assert_true(search(stores, 10)->complete);
    assert_int_equal(kept(stores), 18);
}

static void commit_something(struct test_stores *stores)
{
    test_session_sql(test_session(stores), "SELECT pg_current_xact_id()");
}

// Nor many bytes read, where they are no tokens: each of these is one word of 64,000. Nor is more
// read once the rows are looked at again.
static void few_bytes_are_read_where_many_wait(struct test_stores *stores)
{
    make_long(stores, 40, "repeat(chr(120169), 16000)");
    TEST_AT(stores, SEARCH_TEXTS, commit_something);
    assert_false(search(stores, 10)->complete);
    assert_int_equal(kept(stores), 5); // what begins within 256 KB
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(texts_that_wait_are_not_sent),
        STORES_TEST(hits_are_compared_in_portions),
        STORES_TEST(all_parts_of_a_place_are_compared),
        STORES_TEST(no_statement_names_leaves),
        STORES_TEST(a_tree_is_counted_as_a_whole),
        STORES_TEST(a_plan_quotes_no_thousands_of_names),
        STORES_TEST(few_searches_at_a_time_do_without_the_engine),
        STORES_TEST(comparing_ends_with_the_call),
        STORES_TEST(comparing_hits_ends_with_the_call),
        STORES_TEST(places_are_planned_for_each_time),
        STORES_TEST(a_large_place_is_not_read_for_a_page),
        STORES_TEST(first_pages_have_the_newest),
        STORES_TEST(plans_for_any_parameters_are_good),
        STORES_TEST(rows_that_wait_are_looked_for_where_they_are_few),
        STORES_TEST(a_vector_is_current_as_long_as_the_text_is),
        STORES_TEST(a_body_that_moves_leaves_another_text_behind),
        STORES_TEST(computed_vectors_have_a_revision),
        STORES_TEST(a_hash_that_a_hand_wrote_counts),
        STORES_TEST(a_text_that_is_back_has_its_vector),
        STORES_TEST(a_long_text_has_the_vector_of_the_whole),
        STORES_TEST(a_text_that_says_too_little_is_the_projectors),
        STORES_TEST(few_long_texts_are_embedded_where_many_wait),
        STORES_TEST(few_bytes_are_read_where_many_wait),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
