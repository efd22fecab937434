// SPDX-License-Identifier: Apache-2.0
#include "stores.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "sync/lineage.h"
#include "trace_engine.h"

enum { SQL_BYTES_MAX = 1 << 20, ARENA_BYTES_MAX = 256 << 20, LOCK_TIMEOUT_MS = 10000 };

// --- opening and closing -------------------------------------------------------------------------

static enum grove_code open_pool(struct test_stores *stores, struct pg_pool **ret,
                                 struct grove_error *error)
{
    char conninfo[CLUSTER_CONNINFO_SIZE];
    test_database_conninfo(stores->database, conninfo);
    return pg_pool_new(&(struct pg_pool_options){.conninfo = conninfo, .connections_max = 16}, ret,
                       error);
}

static enum grove_code open_stores(struct test_stores *stores, struct grove_error *error)
{
    enum grove_code code = test_database_new(stores->database, error);
    if (code == GROVE_OK)
        code = open_pool(stores, &stores->store.pool, error);
    if (code == GROVE_OK)
        code = open_pool(stores, &stores->pool, error);
    if (code == GROVE_OK)
        code = pg_take(stores->pool, NULL, &stores->sessions[0], error);
    if (code != GROVE_OK)
        return code;
    stores->session_count = 1;
    stores->fake = fake_engine_new();
    stores->store.engine = fake_engine_base(stores->fake);
    snprintf(stores->store.collection, sizeof stores->store.collection, "content_vectors");
    stores->store.embedder_threads = 1;
    const struct home *home;
    code = test_home(&home, error);
    if (code == GROVE_OK)
        snprintf(stores->store.model_folder, sizeof stores->store.model_folder, "%s/model",
                 home->assets);
    return code;
}

// A test's database is a copy of a template, and says so: what follows is what its first projector
// would do.
static enum grove_code begin_lineage(struct test_stores *stores, struct grove_error *error)
{
    struct lineage_comparison unused;
    bool settled = false;
    enum grove_code code = lineage_check(&stores->store, NULL, error);
    if (code == GROVE_OK)
        code = lineage_settle(&stores->store, NULL, &unused, &settled, error);
    CHECK(code != GROVE_OK || settled);
    return code;
}

int test_stores_up(void **state)
{
    const struct test_case *wanted = *state;
    struct grove_error error;
    struct test_stores *stores = calloc(1, sizeof *stores);
    if (!stores)
        return -1;
    stores->function = wanted->function;
    arena_init(&stores->arena, ARENA_BYTES_MAX);
    store_init(&stores->store);
    *state = stores;
    if (open_stores(stores, &error) == GROVE_OK && begin_lineage(stores, &error) == GROVE_OK)
        return 0;
    print_error("no stores to test with: %s; %s; %s\n", error.message, error.detail, error.context);
    test_stores_down(state);
    return -1;
}

void test_stores_run(void **state)
{
    struct test_stores *stores = *state;
    stores->function(stores);
    stores->passed = true;
}

static void call_ends(struct test_stores *stores, enum test_turn turn)
{
    for (size_t i = stores->end_count; i-- > 0;)
        if (stores->ends[i].turn == turn)
            stores->ends[i].end(stores->ends[i].state);
}

int test_stores_down(void **state)
{
    struct test_stores *stores = *state;
    inject_set_hook(NULL, NULL);
    for (enum inject_knob knob = 0; knob < INJECT_KNOB_COUNT; knob++)
        inject_set_knob(knob, 0);
    if (stores->fake)
        fake_engine_let_go(stores->fake);
    if (!stores->passed && stores->store.engine)
        trace_engine_print(stores->store.engine);
    for (enum test_turn turn = TEST_FIRST; turn <= TEST_LAST; turn++)
        call_ends(stores, turn);
    for (size_t i = 0; i < stores->session_count; i++)
        pg_give(&stores->sessions[i]);
    pg_pool_free(stores->pool);
    store_release(&stores->store);
    arena_release(&stores->arena);
    if (stores->database[0])
        test_database_drop(stores->database);
    free(stores);
    return 0;
}

void test_at_end(struct test_stores *stores, enum test_turn turn, void (*end)(void *state),
                 void *state)
{
    assert_true(stores->end_count < TEST_ENDS_MAX);
    size_t i = stores->end_count++;
    stores->ends[i].turn = turn;
    stores->ends[i].end = end;
    stores->ends[i].state = state;
}

void test_stores_use_engine(struct test_stores *stores, struct vector_engine *engine)
{
    vector_engine_free(stores->store.engine);
    stores->store.engine = engine;
    stores->fake = NULL;
}

static enum grove_code take_steps(void *state, enum inject_point point, struct grove_error *error)
{
    struct test_stores *stores = state;
    unsigned nth = atomic_fetch_add(&stores->reached[point], 1) + 1;
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; i < stores->step_count; i++) {
        const struct test_step *step = &stores->steps[i];
        if (step->point != point || (step->nth != 0 && step->nth != nth))
            continue;
        if (step->act)
            step->act(stores);
        code = step->code;
    }
    return code == GROVE_OK
               ? code
               : error_set(error, code, "a test had %s fail", inject_point_name(point));
}

void test_at(struct test_stores *stores, const struct test_step *step)
{
    assert_true(stores->step_count < TEST_STEPS_MAX);
    if (stores->step_count == 0)
        test_at_forget(stores); // counts from now on
    stores->steps[stores->step_count++] = *step;
    inject_set_hook(take_steps, stores);
}

void test_at_forget(struct test_stores *stores)
{
    stores->step_count = 0;
    for (size_t i = 0; i < INJECT_POINT_COUNT; i++)
        stores->reached[i] = 0;
}

// --- SQL -----------------------------------------------------------------------------------------

GROVE_PRINTF(2, 0)
static void run(struct pg_conn *conn, const char *format, va_list values)
{
    char *sql = NULL;
    struct grove_error error;
    assert_true(vasprintf(&sql, format, values) >= 0);
    enum grove_code code = pg_exec(conn, sql, &error);
    if (code != GROVE_OK) // the text goes first: fail_msg does not come back
        print_error("%s\n", sql);
    free(sql);
    if (code != GROVE_OK)
        fail_msg("%s: %s", error.message, error.detail);
}

void test_sql(struct test_stores *stores, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    run(stores->sessions[0], format, values);
    va_end(values);
}

void test_session_sql(struct pg_conn *conn, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    run(conn, format, values);
    va_end(values);
}

// What is wanted is cast by the statement: an answer of another type is a CHECK of pg.h.
GROVE_PRINTF(3, 0)
static struct pg_rows ask(struct test_stores *stores, const char *type, const char *format,
                          va_list values)
{
    char *inner = NULL, *sql = NULL;
    struct grove_error error;
    struct pg_rows rows = {0};
    assert_true(vasprintf(&inner, format, values) >= 0);
    assert_true(asprintf(&sql, "WITH asked (value) AS (%s) SELECT value::%s FROM asked LIMIT 1",
                         inner, type) >= 0);
    struct pg_statement statement = {"", sql};
    enum grove_code code =
        pg_query(stores->sessions[0], &stores->arena, &statement, NULL, &rows, &error);
    if (code != GROVE_OK)
        print_error("%s\n", sql);
    free(inner);
    free(sql);
    if (code != GROVE_OK)
        fail_msg("%s: %s", error.message, error.detail);
    return rows;
}

int64_t test_sql_int(struct test_stores *stores, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct pg_rows rows = ask(stores, "bigint", format, values);
    va_end(values);
    return rows.count == 0 || pg_is_null(&rows, 0, 0) ? VECTOR_NONE : pg_int8(&rows, 0, 0);
}

const char *test_sql_text(struct test_stores *stores, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct pg_rows rows = ask(stores, "text", format, values);
    va_end(values);
    if (rows.count == 0 || pg_is_null(&rows, 0, 0))
        return NULL;
    const char *text = arena_copy(&stores->arena, pg_text(&rows, 0, 0));
    assert_non_null(text);
    return text;
}

const char *test_wrong_places(struct test_stores *stores)
{
    return test_sql_text(
        stores, "SELECT string_agg(w::text, '; ')"
                " FROM (SELECT branch_id, limb_id, content_type, sum(contents)"
                "       FROM (SELECT * FROM grove.place_count UNION ALL"
                "             SELECT l.branch_id, p.limb_id, m.content_type, -1"
                "             FROM content_metadata AS m"
                "             JOIN grove.leaf AS l USING (hierarchy_table, leaf_id)"
                "             CROSS JOIN LATERAL (VALUES (l.limb_id), (NULL)) AS p (limb_id)) AS c"
                "       GROUP BY 1, 2, 3 HAVING sum(contents) <> 0) AS w");
}

struct pg_conn *test_session(struct test_stores *stores)
{
    struct grove_error error;
    assert_true(stores->session_count < TEST_SESSIONS_MAX);
    struct pg_conn **place = &stores->sessions[stores->session_count];
    assert_ok(pg_take(stores->pool, NULL, place, &error), error);
    stores->session_count++;
    return *place;
}

void test_wait_for_lock(struct test_stores *stores)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)LOCK_TIMEOUT_MS * 1000;
    while (test_sql_int(stores, "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a"
                                " USING (pid) WHERE NOT l.granted"
                                " AND a.datname = current_database()") == 0)
        if (clock_monotonic_us() > deadline_us)
            fail_msg("nobody waits for a lock");
}

// --- rows ----------------------------------------------------------------------------------------

int32_t test_leaf(struct test_stores *stores, const char *name)
{
    return (int32_t)test_sql_int(
        stores,
        "SELECT leaf_id FROM grove.ensure_leaves('subject1_hierarchy', ARRAY['Branch'],"
        " ARRAY['Limb'], ARRAY['%s'], ARRAY[NULL::text])",
        name);
}

int32_t test_content(struct test_stores *stores, const struct test_content *content)
{
    int32_t leaf = test_leaf(stores, content->leaf ? content->leaf : "Leaf");
    char words[16] = "NULL";
    if (content->words > 0)
        snprintf(words, sizeof words, "%d", content->words);
    // A content and its body in one transaction: one revision less to tell apart.
    test_sql(stores,
             "INSERT INTO content_metadata (hierarchy_table, leaf_id, content_type, title,"
             " content_summary, chunk_number, word_count)"
             " SELECT 'subject1_hierarchy', %d, '%s', '%s', '%s',"
             " coalesce(max(chunk_number), 0) + 1, %s FROM content_metadata",
             leaf, content->type ? content->type : "Article",
             content->title ? content->title : "Title",
             content->summary ? content->summary : "Summary", words);
    int32_t id = (int32_t)test_sql_int(stores, "SELECT max(id) FROM content_metadata");
    if (content->body)
        test_sql(stores, "INSERT INTO grove.body (content_id, body) VALUES (%d, '%s')", id,
                 content->body);
    return id;
}

void test_vector_give(struct test_stores *stores, int32_t content_id, const float *vector)
{
    char hex[VECTOR_DIMENSION * 8 + 1];
    const unsigned char *bytes = (const unsigned char *)vector;
    for (size_t i = 0; i < VECTOR_DIMENSION * sizeof *vector; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    test_sql(stores,
             "INSERT INTO grove.embedding (content_id, model, text_sha256, origin, vector)"
             " SELECT m.id, s.value, sha256(convert_to(m.title || E'\\n' ||"
             " coalesce(b.body, m.content_summary), 'UTF8')), 'supplied', '\\x%s'"
             " FROM grove.setting AS s, content_metadata AS m"
             " LEFT JOIN grove.body AS b ON b.content_id = m.id"
             " WHERE m.id = %d AND s.name = 'model'"
             " ON CONFLICT (content_id, model) DO UPDATE SET vector = excluded.vector,"
             " text_sha256 = excluded.text_sha256, origin = excluded.origin",
             hex, content_id);
}

struct test_vector test_toward(float cosine, unsigned axis)
{
    CHECK(axis < VECTOR_DIMENSION);
    struct test_vector vector = {{0}};
    vector.numbers[axis] = sqrtf(1 - cosine * cosine);
    vector.numbers[0] += cosine;
    return vector;
}

int64_t test_revision(struct test_stores *stores, int32_t content_id)
{
    return test_sql_int(stores, "SELECT revision FROM grove.content_state WHERE content_id = %d",
                        content_id);
}

struct test_outbox test_outbox(struct test_stores *stores, int32_t content_id)
{
    struct test_outbox row = {.present = false};
    struct pg_rows rows;
    struct pg_params params = {0};
    struct grove_error error;
    const struct pg_statement statement = {
        "test_outbox", "SELECT revision, deleted, attempts, lease_owner, dead, last_error,"
                       " extract(epoch FROM not_before - clock_timestamp())::float8"
                       " FROM grove.waiting WHERE content_id = $1"};
    pg_add_int4(&params, content_id);
    assert_ok(pg_query(stores->sessions[0], &stores->arena, &statement, &params, &rows, &error),
              error);
    if (rows.count == 0)
        return row;
    row = (struct test_outbox){.present = true,
                               .revision = pg_int8(&rows, 0, 0),
                               .deleted = pg_bool(&rows, 0, 1),
                               .attempts = pg_int4(&rows, 0, 2),
                               .leased = !pg_is_null(&rows, 0, 3),
                               .dead = pg_bool(&rows, 0, 4),
                               .due_in_seconds = pg_float8(&rows, 0, 6)};
    snprintf(row.owner, sizeof row.owner, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 3)));
    snprintf(row.last_error, sizeof row.last_error, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 5)));
    return row;
}

const char *test_database_digest(struct test_stores *stores)
{
    return test_sql_text(
        stores,
        "SELECT md5(coalesce(string_agg(md5(row(m.id, m.hierarchy_table, m.leaf_id,"
        " m.content_type, m.title, m.content_summary, m.chunk_number, m.word_count, m.created_at,"
        " b.body, s.revision, e.model, e.text_sha256, e.origin, e.vector)::text), ''"
        " ORDER BY s.content_id, e.model), '')) FROM grove.content_state AS s"
        " FULL JOIN content_metadata AS m ON m.id = s.content_id"
        " LEFT JOIN grove.body AS b ON b.content_id = m.id"
        " LEFT JOIN grove.embedding AS e ON e.content_id = m.id");
}

void test_stores_empty(struct test_stores *stores)
{
    // Without triggers: nothing is noted of what goes.
    test_sql(stores, "BEGIN; SET LOCAL session_replication_role = replica;"
                     "DELETE FROM grove.outbox; DELETE FROM grove.content_state;"
                     "DELETE FROM grove.content_count; DELETE FROM grove.tree_count;"
                     "DELETE FROM grove.place_count;"
                     "DELETE FROM grove.embedding;"
                     "DELETE FROM grove.body; DELETE FROM public.content_metadata;"
                     "DELETE FROM public.subject1_hierarchy;"
                     "DELETE FROM grove.leaf; DELETE FROM grove.limb; DELETE FROM grove.branch;"
                     "ALTER TABLE grove.branch ALTER branch_id RESTART;"
                     "ALTER TABLE grove.limb ALTER limb_id RESTART;"
                     "UPDATE grove.setting SET value = CASE name WHEN 'generation' THEN '0'"
                     " WHEN 'counted_places' THEN 'all' ELSE 'all-MiniLM-L6-v2/f32' END"
                     " WHERE name IN ('model', 'generation', 'counted_places');"
                     "ALTER SEQUENCE public.content_metadata_id_seq RESTART;"
                     "ALTER SEQUENCE public.subject1_hierarchy_id_seq RESTART;"
                     "ALTER SEQUENCE grove.revision_seq RESTART; COMMIT");
    pthread_mutex_lock(&stores->store.model_mutex);
    stores->store.model_read_at_us = 0;
    pthread_mutex_unlock(&stores->store.model_mutex);
}
