// SPDX-License-Identifier: Apache-2.0
//
// What sessions do: statements of writers, steps of the clock and of the engine, calls of grove.
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "catalog/model_change.h"
#include "content/batch.h"
#include "query/queries.h"
#include "session.h"
#include "sync/projector.h"

_Thread_local struct session *session_current;

// A transaction has committed.
static void keep_changes(struct session *session)
{
    pthread_mutex_lock(&session->crew->mutex);
    CHECK(session->committed_count + session->open_count <= MODEL_CHANGES_MAX);
    memcpy(session->committed + session->committed_count, session->open,
           session->open_count * sizeof *session->open);
    session->committed_count += session->open_count;
    session->open_count = 0;
    session->in_transaction = false;
    pthread_mutex_unlock(&session->crew->mutex);
}

// --- hooks --------------------------------------------------------------------------------------

static enum grove_code reached(void *state, enum inject_point point, struct grove_error *error)
{
    struct session *session = session_current;
    (void)state;
    (void)error;
    if (!session)
        return GROVE_OK;
    if (point == INJECT_PROJECTOR_LEASED) {
        session->leased_at = atomic_load(&session->crew->world->leases_over);
        session->leased_skew_us = atomic_load(&session->crew->world->skew_us);
    }
    if (point == INJECT_PROJECTOR_WRITE) {
        session->writing = true;
        session->knows_late |=
            atomic_load(&session->crew->world->skew_us) > session->leased_skew_us;
    }
    if (point == INJECT_PROJECTOR_ACKNOWLEDGED)
        session->writing = false;
    if (point == INJECT_LOAD_COMMITTED)
        keep_changes(session);
    if (session->spec->stops[point]) {
        char name[SPEC_NAME_SIZE];
        spec_point_name(session->spec->kind, point, name);
        session_stop(session, name);
    }
    return GROVE_OK;
}

static void looked(void *state, const struct engine_event *event)
{
    (void)state;
    (void)event;
    if (session_current && session_current->spec->stops_at_look)
        session_stop(session_current, "looked");
}

static void called(void *state, const struct engine_event *event)
{
    struct crew *crew = state;
    char points[160] = "";
    size_t length = 0;
    size_t count = event->content_ids ? event->count : 0; // what was read has a number only
    for (size_t i = 0; i < count && length + 40 < sizeof points; i++) {
        int content = (int)(event->content_ids[i] - crew->world->first_id);
        bool known = content >= 0 && (size_t)content < crew->world->spec->content_count;
        length += (size_t)snprintf(points + length, sizeof points - length, " %s",
                                   known ? crew->world->spec->contents[content].name : "?");
        if (event->revisions)
            length += (size_t)snprintf(points + length, sizeof points - length, "@%lld",
                                       (long long)event->revisions[i]);
    }
    crew_trace(crew, "%s: %s%s: %s", session_current ? session_current->spec->name : "driver",
               engine_call_name(event->call), points, grove_code_info(event->code)->name);
}

void session_set_hooks(struct crew *crew)
{
    fake_engine_set_hooks(crew->world->fake,
                          &(struct fake_hooks){.after = called, .looked = looked, .state = crew});
    inject_set_hook(reached, NULL);
}

// --- writers ------------------------------------------------------------------------------------

static void add_number(struct pg_params *params, int number)
{
    if (number == SPEC_UNSET)
        pg_add_null(params, 23); // int4
    else
        pg_add_int4(params, number);
}

static void note_change(struct session *session, const struct spec_step *step)
{
    CHECK(session->open_count < MODEL_CHANGES_MAX);
    session->open[session->open_count++] = (struct model_change){
        .content = step->content, .exists = step->verb != SPEC_DELETE, .fields = step->fields};
}

static enum grove_code write_content(struct session *session, struct pg_conn *conn,
                                     const struct spec_step *step, struct grove_error *error)
{
    struct pg_statement write = {"spec-write", "SELECT spec.write($1, $2, $3, $4, $5, $6)"};
    struct pg_statement remove = {"spec-remove", "SELECT spec.remove($1)"};
    struct pg_statement vector = {"spec-vector", "SELECT spec.revector($1, $2, $3)"};
    struct pg_statement *statement = step->verb == SPEC_DELETE   ? &remove
                                     : step->verb == SPEC_VECTOR ? &vector
                                                                 : &write;
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    pg_add_int4(&params, session->crew->world->first_id + step->content);
    if (statement == &write) {
        pg_add_bool(&params, step->verb == SPEC_INSERT);
        add_number(&params, step->fields.title);
        add_number(&params, step->fields.words);
    }
    if (statement != &remove) {
        add_number(&params, step->fields.vector);
        add_number(&params, step->fields.reduced);
    }
    enum grove_code code = pg_query(conn, &arena, statement, &params, &rows, error);
    if (code == GROVE_OK && pg_int4(&rows, 0, 0) > 0)
        note_change(session, step);
    arena_release(&arena);
    if (code == GROVE_OK && !session->in_transaction)
        keep_changes(session);
    return code;
}

static enum grove_code write_step(struct session *session, struct pg_conn *conn,
                                  const struct spec_step *step, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (step->begins || step->verb == SPEC_BEGIN) {
        session->in_transaction = true;
        code = pg_begin(conn, error);
    }
    if (code != GROVE_OK || step->verb == SPEC_BEGIN)
        return code;
    switch (step->verb) {
    case SPEC_COMMIT:
        code = pg_commit(conn, error);
        if (code == GROVE_OK)
            keep_changes(session);
        return code;
    case SPEC_ROLLBACK:
        pg_rollback(conn);
        session->open_count = 0;
        session->in_transaction = false;
        return GROVE_OK;
    default: return write_content(session, conn, step, error);
    }
}

// --- the clock and the engine -------------------------------------------------------------------

static enum grove_code engine_step(struct session *session, const struct spec_step *step)
{
    struct world *world = session->crew->world;
    switch (step->verb) {
    case SPEC_FAULT: world_set_fault(world, &step->fault); break;
    case SPEC_MEND: fake_engine_clear_faults(world->fake); break;
    case SPEC_LOSE_COLLECTION:
        fake_engine_lose_collection(world->fake);
        world->lost = true;
        for (size_t i = 0; i < session->crew->count; i++)
            world->lost_written |= session->crew->sessions[i].writing;
        break;
    default: fake_engine_settle(world->fake); break;
    }
    return GROVE_OK;
}

static enum grove_code script_step(struct session *session, struct pg_conn *conn,
                                   const struct spec_step *step, struct grove_error *error)
{
    struct world *world = session->crew->world;
    if (session->spec->kind == SPEC_WRITER)
        return write_step(session, conn, step, error);
    if (session->spec->kind == SPEC_CLOCK)
        return world_leases_over(world, conn, step->verb == SPEC_LATE, error);
    return engine_step(session, step);
}

static enum grove_code run_script(struct session *session, struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    const struct spec_session *spec = session->spec;
    enum grove_code code = pg_take(session->store.pool, NULL, &conn, error);
    for (size_t i = 0; code == GROVE_OK && i < spec->step_count; i++) {
        code = script_step(session, conn, &spec->steps[i], error);
        if (code == GROVE_OK && i + 1 < spec->step_count &&
            !session_stop(session, spec->steps[i].name))
            break;
    }
    pg_give(&conn);
    return code;
}

// --- calls of grove -----------------------------------------------------------------------------

static enum grove_code run_projector(struct session *session, struct grove_error *error)
{
    const struct spec_session *spec = session->spec;
    struct projector_report report = {0};
    enum grove_code code = GROVE_OK;
    for (int round = 0; code == GROVE_OK && round < spec->rounds; round++) {
        bool idle;
        if (round > 0 && !session_stop(session, "again"))
            break;
        if (spec->contents == 0) {
            code = projector_step(&session->store, NULL, &report, &idle, error);
            continue;
        }
        int32_t ids[SPEC_CONTENTS_MAX];
        size_t count = 0;
        for (int i = 0; i < SPEC_CONTENTS_MAX; i++)
            if (spec->contents & 1U << i)
                ids[count++] = session->crew->world->first_id + i;
        code = projector_apply(&session->store, NULL, ids, count, &report, error);
    }
    return code;
}

static void take_answer(const struct grove_result *result, struct session_answer *ret)
{
    const char *reason =
        result->incomplete_reason ? result->incomplete_reason : result->degraded_reason;
    *ret = (struct session_answer){.complete = result->complete, .degraded = result->degraded};
    snprintf(ret->reason, sizeof ret->reason, "%s", reason ? reason : "");
    for (size_t i = 0; i < result->row_count && i < ANSWER_ROWS_MAX; i++) {
        ret->rows[i].content_id = result->rows[i].content_id;
        ret->rows[i].words = result->rows[i].word_count;
        ret->rows[i].score = result->rows[i].score;
        snprintf(ret->rows[i].title, sizeof ret->rows[i].title, "%s", result->rows[i].title);
        ret->count++;
    }
}

static enum grove_code run_reader(struct session *session, struct grove_error *error)
{
    const struct spec_session *spec = session->spec;
    float vector[VECTOR_DIMENSION];
    struct grove_result *result;
    world_vector(0, vector);
    struct grove_search_request request = {
        .vector = vector,
        .filter = {.words_min = spec->words_min == SPEC_UNSET ? 0 : spec->words_min},
        .limit = (unsigned)spec->limit,
        .strategy = spec->push_down ? GROVE_STRATEGY_PUSH_DOWN : GROVE_STRATEGY_AUTO,
    };
    enum grove_code code = query_search(&session->store, NULL, &request, &result, error);
    if (code != GROVE_OK)
        return code;
    take_answer(result, &session->answer);
    grove_result_free(result);
    return GROVE_OK;
}

static void add_record(struct session *session, struct batch *batch, int content,
                       const struct record_tree *tree, float *vector)
{
    const struct spec_fields *given = &session->spec->fields;
    int title = given->title == SPEC_UNSET ? 1 : given->title;
    world_vector(given->vector == SPEC_UNSET ? 1 : given->vector, vector);
    batch->records[batch->count++] = (struct record){
        .tree = tree,
        .branch = text_of("Spec"),
        .limb = text_of("Spec"),
        .leaf = text_of("Spec"),
        .content_type = text_of("Spec"),
        .title = text_of(arena_printf(&batch->arena, "Title %d", title)),
        .summary = text_of("Summary"),
        .chunk_number = session->crew->world->first_id + content,
        .word_count = given->words == SPEC_UNSET ? 1 : given->words,
        .created_at_us = WORLD_CREATED_AT_US,
        .vector = vector,
    };
    CHECK(session->open_count < MODEL_CHANGES_MAX);
    session->open[session->open_count++] = (struct model_change){
        .content = content,
        .exists = true,
        .fields = {title, given->words, given->vector == SPEC_UNSET ? 1 : given->vector,
                   SPEC_UNSET}};
}

// Its changes count from LOAD_COMMITTED on: see `reached`.
static enum grove_code run_loader(struct session *session, struct grove_error *error)
{
    const struct record_tree tree = {text_of("subject1"), text_of("subject1_hierarchy")};
    struct grove_load_progress progress = {0};
    float vectors[SPEC_CONTENTS_MAX][VECTOR_DIMENSION];
    struct batch batch;
    batch_init(&batch, &session->store, NULL, "supplied");
    for (int i = 0; i < SPEC_CONTENTS_MAX; i++)
        if (session->spec->contents & 1U << i)
            add_record(session, &batch, i, &tree, vectors[i]);
    enum grove_code code = batch_write(&batch, &progress, error);
    batch_release(&batch);
    return code;
}

static enum grove_code run_set_model(struct session *session, struct grove_error *error)
{
    int64_t queued;
    enum grove_code code =
        store_set_precision(&session->store, NULL, EMBED_REDUCED, &queued, error);
    if (code == GROVE_OK) {
        session->open[session->open_count++] = (struct model_change){.content = MODEL_PRECISION};
        keep_changes(session);
    }
    return code;
}

static enum grove_code run_call(struct session *session, struct grove_error *error)
{
    switch (session->spec->kind) {
    case SPEC_PROJECTOR: return run_projector(session, error);
    case SPEC_READER: return run_reader(session, error);
    case SPEC_LOADER: return run_loader(session, error);
    case SPEC_PREPARE: return projector_prepare(&session->store, NULL, error);
    case SPEC_REFILL: return projector_refill(&session->store, NULL, error);
    case SPEC_REVIVE: return projector_revive(&session->store, NULL, error);
    case SPEC_SET_MODEL: return run_set_model(session, error);
    default: return run_script(session, error);
    }
}

void session_run(struct session *session)
{
    session->open_count = session->committed_count = 0;
    session->in_transaction = session->writing = session->knows_late = false;
    session->answer = (struct session_answer){0};
    // As a process that has just read which model the database has, and folded the counts.
    session->store.precision = EMBED_F32;
    session->store.model_read_at_us = clock_monotonic_us();
    atomic_store(&session->store.counts_folded_at_us, clock_monotonic_us());
    session->code = run_call(session, &session->error);
    session->writing = false;
}
