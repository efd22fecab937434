// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "sync/lineage.h"

enum { ARENA_BYTES_MAX = 1 << 20, VECTORS = 16, VACUUM_ORDERS = 32, LONGEST_PAUSE_MS = 300000 };

// The specs' own schema. Contents are written as by any client, with one statement; those that
// come with a vector get it in the same transaction, as `grove load` does it.
static const char schema_sql[] =
    "CREATE SCHEMA spec;"
    "CREATE TABLE spec.clock (now timestamptz NOT NULL);"
    "INSERT INTO spec.clock VALUES (clock_timestamp());"
    "CREATE FUNCTION spec.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS"
    " 'BEGIN RETURN (SELECT c.now FROM spec.clock AS c); END';"
    "CREATE TABLE spec.vector (number integer PRIMARY KEY, vector bytea NOT NULL);"
    "INSERT INTO public.subject1_hierarchy (id, branch, limb, leaf)"
    " VALUES (1, 'Spec', 'Spec', 'Spec');"
    "SELECT setval('public.subject1_hierarchy_id_seq', 10);"

    "CREATE FUNCTION spec.give(content integer, number integer, reduced integer) RETURNS void"
    " LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO grove.embedding AS e (content_id, model, text_sha256, origin, vector)"
    " SELECT content, w.model,"
    "        sha256(convert_to(m.title || E'\\n' || m.content_summary, 'UTF8')),"
    "        CASE WHEN reduced IS NULL THEN 'supplied' ELSE 'computed' END, v.vector"
    " FROM (VALUES (CASE WHEN reduced IS NULL"
    "                    THEN (SELECT value FROM grove.setting WHERE name = 'model')"
    "                    ELSE 'all-MiniLM-L6-v2/f32' END, give.number),"
    "              ('all-MiniLM-L6-v2/int8', reduced)) AS w (model, number)"
    " JOIN spec.vector AS v ON v.number = w.number"
    " JOIN public.content_metadata AS m ON m.id = content"
    " ON CONFLICT (content_id, model) DO UPDATE SET text_sha256 = excluded.text_sha256,"
    "    origin = excluded.origin, vector = excluded.vector;"
    " END $$;"

    "CREATE FUNCTION spec.write(content integer, is_new boolean, new_title integer,"
    "                           new_words integer, number integer, reduced integer)"
    " RETURNS integer LANGUAGE plpgsql AS $$ DECLARE done integer; BEGIN"
    " IF is_new THEN"
    "   INSERT INTO public.content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
    "                                        content_summary, chunk_number, word_count,"
    "                                        created_at)"
    "   VALUES (content, 'subject1_hierarchy', 1, 'Spec', 'Title ' || coalesce(new_title, 1),"
    "           'Summary', content, coalesce(new_words, 1), '2026-01-01');"
    " ELSE"
    "   UPDATE public.content_metadata AS m"
    "   SET title = coalesce('Title ' || new_title, m.title),"
    "       word_count = coalesce(new_words, m.word_count)"
    "   WHERE m.id = content;"
    " END IF;"
    " GET DIAGNOSTICS done = ROW_COUNT;"
    " IF done > 0 AND number IS NOT NULL THEN"
    "   PERFORM spec.give(content, number, reduced);"
    "   PERFORM grove.note_changed(ARRAY[content]);"
    " END IF;"
    " RETURN done; END $$;"

    "CREATE FUNCTION spec.revector(content integer, number integer, reduced integer)"
    " RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM spec.give(content, number, reduced);"
    " PERFORM grove.note_changed(ARRAY[content]); RETURN 1; END $$;"

    "CREATE FUNCTION spec.remove(content integer) RETURNS integer"
    " LANGUAGE plpgsql AS $$ DECLARE done integer; BEGIN"
    " DELETE FROM public.content_metadata WHERE id = content;"
    " GET DIAGNOSTICS done = ROW_COUNT; RETURN done; END $$;"

    "CREATE FUNCTION spec.clean() RETURNS void LANGUAGE plpgsql"
    " SET session_replication_role = replica AS $$ BEGIN"
    " DELETE FROM grove.embedding; DELETE FROM grove.outbox; DELETE FROM grove.content_state;"
    " DELETE FROM grove.content_count; DELETE FROM grove.tree_count;"
    " DELETE FROM grove.place_count;"
    " DELETE FROM public.content_metadata;"
    " UPDATE grove.setting SET value = 'all-MiniLM-L6-v2/f32'"
    " WHERE name = 'model' AND value <> 'all-MiniLM-L6-v2/f32';"
    " UPDATE grove.setting SET value = '0' WHERE name = 'generation' AND value <> '0';"
    " UPDATE spec.clock SET now = clock_timestamp() + interval '1 day';"
    " IF EXISTS (SELECT history, epoch, doubt FROM grove.lineage"
    "            EXCEPT SELECT history, epoch, doubt FROM spec.lineage) THEN"
    "     DELETE FROM grove.lineage; INSERT INTO grove.lineage TABLE spec.lineage;"
    // By the transaction that says so, else it is a dump's.
    "     UPDATE grove.lineage SET written = pg_current_xact_id()::xid;"
    "     DELETE FROM grove.setting AS s"
    "     WHERE NOT EXISTS (SELECT FROM spec.setting AS t WHERE t.name = s.name);"
    "     UPDATE grove.setting AS s SET value = t.value FROM spec.setting AS t"
    "     WHERE t.name = s.name AND t.value <> s.value;"
    " END IF;"
    " END $$;"

    // One content of the beginning, as the triggers would leave it; its revision.
    "CREATE FUNCTION spec.put(content integer, new_title integer, new_words integer,"
    "                         number integer, reduced integer, is_pending boolean,"
    "                         new_attempts integer)"
    " RETURNS bigint LANGUAGE plpgsql SET session_replication_role = replica AS $$"
    " DECLARE drawn bigint := nextval('grove.revision_seq'); BEGIN"
    " INSERT INTO public.content_metadata (id, hierarchy_table, leaf_id, content_type, title,"
    "                                      content_summary, chunk_number, word_count, created_at)"
    " VALUES (content, 'subject1_hierarchy', 1, 'Spec', 'Title ' || new_title, 'Summary', content,"
    "         new_words, '2026-01-01');"
    " INSERT INTO grove.content_state VALUES (content, drawn);"
    " INSERT INTO grove.content_count (hierarchy_table, leaf_id, content_type, contents)"
    " VALUES ('subject1_hierarchy', 1, 'Spec', 1);"
    " INSERT INTO grove.tree_count (hierarchy_table, content_type, contents)"
    " VALUES ('subject1_hierarchy', 'Spec', 1);"
    " INSERT INTO grove.place_count (branch_id, limb_id, content_type, contents)"
    " SELECT l.branch_id, p.limb_id, 'Spec', 1 FROM grove.leaf AS l"
    " CROSS JOIN LATERAL (VALUES (l.limb_id), (NULL)) AS p (limb_id)"
    " WHERE l.hierarchy_table = 'subject1_hierarchy' AND l.leaf_id = 1;"
    " IF number IS NOT NULL THEN PERFORM spec.give(content, number, reduced); END IF;"
    " IF is_pending THEN"
    "   INSERT INTO grove.outbox (content_id, revision, deleted, attempts)"
    "   VALUES (content, drawn, false, new_attempts);"
    " END IF;"
    " RETURN drawn; END $$;";

// Planning the driver's own statements anew each time would take most of an order's time.
static const char driver_sql[] = "SET plan_cache_mode = force_generic_plan;"
                                 "SET enable_hashjoin = off; SET enable_mergejoin = off;"
                                 "SET enable_seqscan = off; SET jit = off";

static const char vacuum_sql[] = "VACUUM grove.embedding; VACUUM grove.outbox;"
                                 "VACUUM grove.content_state; VACUUM grove.content_count;"
                                 "VACUUM grove.tree_count; VACUUM grove.place_count;"
                                 "VACUUM public.content_metadata; VACUUM spec.clock";

static const char read_sql[] =
    "SELECT m.title, m.word_count,"
    "       s.revision + (SELECT value::bigint FROM grove.setting WHERE name = 'generation'),"
    "       o.revision, o.deleted, coalesce(o.dead, false),"
    "       coalesce(o.attempts, 0), e.vector, e.text_sha256 = sha256(convert_to(m.title || E'\\n'"
    "                 || coalesce(b.body, m.content_summary), 'UTF8'))"
    " FROM generate_series($1::integer, $2::integer) AS i (id)"
    " LEFT JOIN public.content_metadata AS m ON m.id = i.id"
    " LEFT JOIN grove.content_state AS s ON s.content_id = i.id"
    " LEFT JOIN grove.waiting AS o ON o.content_id = i.id"
    " LEFT JOIN grove.body AS b ON b.content_id = i.id"
    " LEFT JOIN grove.embedding AS e ON e.content_id = i.id"
    "      AND e.model = (SELECT value FROM grove.setting WHERE name = 'model')"
    " ORDER BY i.id";

static const char outbox_sql[] = "SELECT count(*), count(*) FILTER (WHERE dead) FROM grove.waiting";

enum grove_code world_ask(struct world *world, const char *name, const char *sql,
                          const struct pg_params *params, struct pg_rows *ret,
                          struct grove_error *error)
{
    struct pg_statement statement = {name, sql};
    return pg_query(world->conn, &world->arena, &statement, params, ret, error);
}

// --- vectors ------------------------------------------------------------------------------------

// Number n has a cosine of 1 - n/16 to number 0.
void world_vector(int number, float ret_vector[static VECTOR_DIMENSION])
{
    double cosine = 1 - (double)number / (double)VECTORS;
    memset(ret_vector, 0, VECTOR_DIMENSION * sizeof *ret_vector);
    ret_vector[0] = (float)cosine;
    ret_vector[1] = (float)sqrt(1 - cosine * cosine);
}

enum grove_code world_expected_vector(struct world *world, const struct model_state *state,
                                      int content, float ret_vector[static VECTOR_DIMENSION],
                                      struct grove_error *error)
{
    int number = model_vector(state, content), title = state->rows[content].fields.title;
    if (number != SPEC_UNSET) {
        world_vector(number, ret_vector);
        return GROVE_OK;
    }
    CHECK(title >= 0 && title < VECTORS);
    enum embed_precision precision = state->reduced ? EMBED_REDUCED : EMBED_F32;
    enum grove_code code = GROVE_OK;
    if (!world->computed[precision][title].there) {
        struct embedder *embedder;
        char text[64];
        snprintf(text, sizeof text, "Title %d\nSummary", title);
        const struct text one = text_of(text);
        code = store_embedder(&world->store, NULL, precision, &embedder, error);
        if (code == GROVE_OK)
            code = embedder_embed(embedder, &one, 1, world->computed[precision][title].vector, NULL,
                                  error);
        world->computed[precision][title].there = code == GROVE_OK;
    }
    memcpy(ret_vector, world->computed[precision][title].vector,
           VECTOR_DIMENSION * sizeof *ret_vector);
    return code;
}

static enum grove_code write_vectors(struct world *world, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (int number = 0; code == GROVE_OK && number < VECTORS; number++) {
        float vector[VECTOR_DIMENSION];
        struct pg_params params = {0};
        struct pg_rows rows;
        world_vector(number, vector);
        pg_add_int4(&params, number);
        pg_add_bytea(&params, vector, sizeof vector);
        code =
            world_ask(world, "", "INSERT INTO spec.vector VALUES ($1, $2)", &params, &rows, error);
    }
    return code;
}

// --- opening ------------------------------------------------------------------------------------

enum grove_code world_open_store(struct world *world, const char *name, struct store *ret,
                                 struct grove_error *error)
{
    const struct home *home;
    struct pg_pool_options options = {
        .conninfo = world->conninfo, .connections_max = 4, .application_name = name};
    enum grove_code code = test_home(&home, error);
    store_init(ret);
    ret->engine = world->fake ? fake_engine_base(world->fake) : NULL;
    ret->embedder_threads = 1;
    if (code == GROVE_OK && world->spec->embeds)
        snprintf(ret->model_folder, sizeof ret->model_folder, "%s/model", home->assets);
    return code == GROVE_OK ? pg_pool_new(&options, &ret->pool, error) : code;
}

void world_close_store(struct store *store)
{
    store->engine = NULL; // the world's
    store_release(store);
}

// The database is a copy of a template, and says so. All orders begin with the mark that it gets.
static enum grove_code begin_lineage(struct world *world, struct grove_error *error)
{
    struct lineage_comparison unused;
    bool settled = false;
    atomic_store(&world->store.lineage_known_at_us, 0);
    enum grove_code code = lineage_check(&world->store, NULL, error);
    if (code == GROVE_OK)
        code = lineage_settle(&world->store, NULL, &unused, &settled, error);
    CHECK(code != GROVE_OK || settled);
    world->marks = fake_engine_marks(world->fake);
    CHECK(code != GROVE_OK || world->marks.count == 1);
    return code == GROVE_OK ? pg_exec(world->conn,
                                      "CREATE TABLE spec.lineage AS TABLE grove.lineage;"
                                      "CREATE TABLE spec.setting AS TABLE grove.setting",
                                      error)
                            : code;
}

void world_know_lineage(const struct world *world, struct store *store)
{
    int64_t never_us = clock_monotonic_us() + (int64_t)3600 * 1000 * 1000;
    const char *history = world->marks.items[0].history;
    CHECK(world->marks.count == 1);
    pthread_mutex_lock(&store->model_mutex);
    snprintf(store->history, sizeof store->history, "%s", history);
    snprintf(store->projected, sizeof store->projected, "%s", history);
    pthread_mutex_unlock(&store->model_mutex);
    atomic_store(&store->lineage_known_at_us, never_us);
    atomic_store(&store->lineage_looked_at_us, never_us);
}

enum grove_code world_open(struct world *world, const struct spec *spec, struct grove_error *error)
{
    *world = (struct world){.spec = spec, .first_id = 1000};
    arena_init(&world->arena, ARENA_BYTES_MAX);
    world->fake = fake_engine_new();
    enum grove_code code = test_database_new(world->database, error);
    if (code != GROVE_OK)
        return code;
    test_database_conninfo(world->database, world->conninfo);
    code = world_open_store(world, "main", &world->store, error);
    if (code == GROVE_OK)
        code = pg_take(world->store.pool, NULL, &world->conn, error);
    if (code == GROVE_OK)
        code = pg_exec(world->conn, schema_sql, error);
    if (code == GROVE_OK)
        code = pg_exec(world->conn, driver_sql, error);
    if (code == GROVE_OK)
        code = begin_lineage(world, error);
    return code == GROVE_OK ? write_vectors(world, error) : code;
}

void world_release(struct world *world)
{
    pg_give(&world->conn);
    if (world->store.pool)
        store_release(&world->store); // the engine, too
    arena_release(&world->arena);
}

// --- an order -----------------------------------------------------------------------------------

static void add_number(struct pg_params *params, int number)
{
    if (number == SPEC_UNSET)
        pg_add_null(params, 23); // int4
    else
        pg_add_int4(params, number);
}

static void put_point(struct world *world, int content, int64_t revision)
{
    const struct spec_fields *fields = &world->spec->contents[content].fields;
    int32_t id = world->first_id + content;
    struct fake_point point = {.id = id,
                               .revision = revision,
                               .hierarchy_table = "subject1_hierarchy",
                               .leaf_id = 1,
                               .content_type = "Spec",
                               .chunk_number = id,
                               .word_count = fields->words,
                               .created_at_us = WORLD_CREATED_AT_US};
    world_vector(fields->vector, point.vector);
    fake_engine_put(world->fake, &point);
}

static enum grove_code put_content(struct world *world, int content, struct grove_error *error)
{
    const struct spec_content *given = &world->spec->contents[content];
    struct pg_params params = {0};
    struct pg_rows rows;
    if (given->absent)
        return GROVE_OK;
    pg_add_int4(&params, world->first_id + content);
    add_number(&params, given->fields.title);
    add_number(&params, given->fields.words);
    add_number(&params, given->fields.vector);
    add_number(&params, given->fields.reduced);
    pg_add_bool(&params, given->pending);
    pg_add_int4(&params, given->attempts);
    enum grove_code code = world_ask(
        world, "spec-put", "SELECT spec.put($1, $2, $3, $4, $5, $6, $7)", &params, &rows, error);
    world->lost |= given->lost;
    world->lost_written |= given->lost;
    if (code == GROVE_OK && !given->pending && !given->lost)
        put_point(world, content, pg_int8(&rows, 0, 0));
    return code;
}

// The first of a session's contents that is not there at first, from 0; -1: all are.
static int first_absent(const struct spec *spec, const struct spec_session *session)
{
    for (size_t c = 0; c < spec->content_count; c++)
        if ((session->contents >> c & 1U) && spec->contents[c].absent)
            return (int)c;
    return -1;
}

// A loader's new contents take their ids from the sequence; those that are there take none.
static enum grove_code set_sequence(struct world *world, struct grove_error *error)
{
    for (size_t i = 0; i < world->spec->session_count; i++) {
        const struct spec_session *session = &world->spec->sessions[i];
        struct pg_params params = {0};
        struct pg_rows rows;
        int absent = session->kind == SPEC_LOADER ? first_absent(world->spec, session) : -1;
        if (absent < 0)
            continue;
        pg_add_int4(&params, world->first_id + absent - 1);
        return world_ask(world, "spec-sequence",
                         "SELECT setval('public.content_metadata_id_seq', $1)", &params, &rows,
                         error);
    }
    return GROVE_OK;
}

void world_set_fault(struct world *world, const struct fake_fault *given)
{
    struct fake_fault fault = *given;
    if (given->content_id > 0)
        fault.content_id = world->first_id + given->content_id - 1;
    if (given->call != ENGINE_CALLS) {
        fake_engine_fault(world->fake, &fault);
        return;
    }
    for (int call = 0; call < ENGINE_CALLS; call++) {
        fault.call = (enum engine_call)call;
        fake_engine_fault(world->fake, &fault);
    }
}

static void set_faults(struct world *world)
{
    fake_engine_clear_faults(world->fake);
    for (size_t i = 0; i < world->spec->fault_count; i++)
        world_set_fault(world, &world->spec->faults[i]);
}

enum grove_code world_begin(struct world *world, bool conditional, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = GROVE_OK;
    arena_clear(&world->arena);
    if (world->orders++ % VACUUM_ORDERS == 0) {
        char sql[sizeof vacuum_sql];
        memcpy(sql, vacuum_sql, sizeof sql);
        for (char *rest = sql, *one; code == GROVE_OK && (one = strsep(&rest, ";"));)
            code = pg_exec(world->conn, one, error);
    }
    world->first_id += SPEC_CONTENTS_MAX;
    world->conditional = conditional;
    world->lost = world->lost_written = false;
    atomic_store(&world->leases_over, 0);
    world_take_time(world);
    world_know_lineage(world, &world->store);
    fake_engine_forget(world->fake);
    fake_engine_lose_collection(world->fake);
    if (code == GROVE_OK)
        code = vector_ensure_collection(fake_engine_base(world->fake), NULL, error);
    fake_engine_set_mark(world->fake, &world->marks.items[0], true);
    fake_engine_set_ways(world->fake, &(struct fake_ways){.last_writer_wins = !conditional,
                                                          .short_square_max = 0x1p-23F});
    if (code == GROVE_OK)
        code = world_ask(world, "spec-clean", "SELECT spec.clean()", NULL, &rows, error);
    for (size_t i = 0; code == GROVE_OK && i < world->spec->content_count; i++)
        code = put_content(world, (int)i, error);
    set_faults(world);
    return code == GROVE_OK ? set_sequence(world, error) : code;
}

static enum grove_code move_clock(struct world *world, struct pg_conn *conn, int64_t by_ms,
                                  bool noticed, struct grove_error *error)
{
    char sql[128];
    atomic_fetch_add(&world->leases_over, 1);
    if (noticed)
        atomic_fetch_add(&world->skew_us, by_ms * 1000);
    snprintf(sql, sizeof sql, "UPDATE spec.clock SET now = now + interval '%lld milliseconds'",
             (long long)by_ms);
    return pg_exec(conn, sql, error);
}

enum grove_code world_leases_over(struct world *world, struct pg_conn *conn, bool noticed,
                                  struct grove_error *error)
{
    return move_clock(world, conn, WORLD_LEASE_MS, noticed, error);
}

enum grove_code world_all_due(struct world *world, struct grove_error *error)
{
    enum grove_code code = move_clock(world, world->conn, LONGEST_PAUSE_MS + 1000, true, error);
    world_take_time(world);
    return code;
}

// --- reading ------------------------------------------------------------------------------------

static void read_row(struct world *world, const struct pg_rows *rows, int r, struct world_row *ret)
{
    struct text title = pg_text(rows, r, 0), vector = pg_bytea(rows, r, 7);
    *ret = (struct world_row){
        .exists = title.data != NULL,
        .words = pg_is_null(rows, r, 1) ? VECTOR_NONE : pg_int4(rows, r, 1),
        .has_state = !pg_is_null(rows, r, 2),
        .revision = pg_int8(rows, r, 2),
        .pending = !pg_is_null(rows, r, 3),
        .outbox_revision = pg_int8(rows, r, 3),
        .deleted = pg_bool(rows, r, 4),
        .dead = pg_bool(rows, r, 5),
        .attempts = pg_int4(rows, r, 6),
        .embedded = pg_bool(rows, r, 8),
    };
    snprintf(ret->title, sizeof ret->title, "%.*s", TEXT_ARGS(title));
    if (vector.data)
        memcpy(ret->vector, vector.data, sizeof ret->vector);
    ret->in_engine = fake_engine_get(world->fake, world->first_id + r, &ret->point);
}

enum grove_code world_read(struct world *world, struct world_row rows[static SPEC_CONTENTS_MAX],
                           struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows found;
    arena_clear(&world->arena);
    pg_add_int4(&params, world->first_id);
    pg_add_int4(&params, world->first_id + (int32_t)world->spec->content_count - 1);
    enum grove_code code = world_ask(world, "spec-read", read_sql, &params, &found, error);
    for (int r = 0; code == GROVE_OK && r < found.count; r++)
        read_row(world, &found, r, &rows[r]);
    return code;
}

enum grove_code world_read_outbox(struct world *world, struct world_outbox *ret,
                                  struct grove_error *error)
{
    struct pg_rows rows;
    arena_clear(&world->arena);
    enum grove_code code = world_ask(world, "spec-outbox", outbox_sql, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret = (struct world_outbox){pg_int8(&rows, 0, 0), pg_int8(&rows, 0, 1)};
    return code;
}
