// SPDX-License-Identifier: Apache-2.0
//
// What is noted of the model, and of the next one, changes behind one advisory lock: of two wishes
// at once one comes after the other, and each finds what the one before has committed. The contents
// that lack a vector are looked for without it.
#include "catalog/model_change.h"

#include <assert.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"

enum {
    ARENA_BYTES_MAX = 1 << 16,
    LOOK_ROWS = 2048,
    LOOK_COLUMNS = 4, // of next_model_look.sql
    LOOK_MS = 5000,   // whoever wishes for a model looks for so long whether anything lacks
    START = -1,       // contents with negative ids have no point
    PASSES = 4,       // after so many few are few enough:
    LEFT_MAX = 1024,  // so few that searches compare all that wait
    DROP_ROWS = 1024, // of one transaction
};
static_assert((int)LOOK_ROWS > (int)MODEL_LACKING_MAX, "where little lacks a look is a long one");

// Keeps acknowledgments out (acknowledge.sql), which do not wait for it. Those under way are over
// within milliseconds. No writer has a part in it. The statement behind it sees all that left the
// outbox before, and what other changes of the model have committed.
static const char keep_acknowledgments_out_sql[] = "SELECT pg_advisory_xact_lock(7454108921)";

// Keeps changes of the model out, and is beside acknowledgments.
static const char keep_model_sql[] = "SELECT pg_advisory_xact_lock_shared(7454108921)";

static enum grove_code begin_behind(struct pg_conn *conn, const char *lock_sql,
                                    struct grove_error *error)
{
    enum grove_code code = pg_begin(conn, error);
    return code == GROVE_OK ? pg_exec(conn, lock_sql, error) : code;
}

// --- at once -------------------------------------------------------------------------------------

struct set_model {
    enum embed_precision precision;
    bool only_next; // only if it is still noted as the next one
    int64_t queued;
    bool changed;
};

static enum grove_code write_model(struct pg_conn *conn, struct arena *arena,
                                   struct set_model *setting, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, text_of(embed_model_id(setting->precision)));
    pg_add_bool(&params, setting->only_next);
    enum grove_code code = begin_behind(conn, keep_acknowledgments_out_sql, error);
    if (code == GROVE_OK)
        code = INJECT(MODEL_LOCKED, error);
    if (code == GROVE_OK)
        code = store_query_on(conn, arena, "set_model.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    int64_t queued = pg_int8(&rows, 0, 0);
    bool changed = pg_bool(&rows, 0, 1);
    code = INJECT(MODEL_CHANGED, error);
    if (code == GROVE_OK)
        code = pg_commit(conn, error);
    if (code == GROVE_OK) {
        setting->queued = queued;
        setting->changed = changed;
    }
    return code;
}

static enum grove_code set_model(struct store *store, struct call *call, struct set_model *setting,
                                 struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = write_model(conn, &arena, setting, error);
    pg_give(&conn); // rolls back what was not committed
    arena_release(&arena);
    if (code != GROVE_OK)
        return code;
    pthread_mutex_lock(&store->model_mutex);
    if (setting->changed || !setting->only_next) {
        store->precision = setting->precision;
        store->changes = false;
    }
    store->model_read_at_us = 0; // another process may have set it since: whoever asks reads it
    pthread_mutex_unlock(&store->model_mutex);
    return GROVE_OK;
}

enum grove_code store_set_precision(struct store *store, struct call *call,
                                    enum embed_precision precision, int64_t *ret_queued,
                                    struct grove_error *error)
{
    struct set_model setting = {.precision = precision};
    enum grove_code code = set_model(store, call, &setting, error);
    if (code == GROVE_OK)
        *ret_queued = setting.queued;
    return code;
}

// --- how far it is -------------------------------------------------------------------------------

void model_progress_parse(struct text text, struct model_progress *ret)
{
    struct model_progress read;
    int64_t *const numbers[] = {&read.pass, &read.at, &read.found, &read.seen};
    *ret = (struct model_progress){.pass = 1, .at = START, .text = text};
    read.text = text;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        struct text number;
        if (!text_split(&text, ' ', &number) || !text_to_int64(number, numbers[i]))
            return;
    }
    if (read.pass >= 1 && read.at >= START && read.found >= 0 && read.seen >= 0)
        *ret = read;
}

static void format_progress(const struct model_progress *progress,
                            char ret[static MODEL_PROGRESS_SIZE])
{
    CHECK(progress->pass >= 1);
    int length =
        snprintf(ret, MODEL_PROGRESS_SIZE, "%lld %lld %lld %lld", (long long)progress->pass,
                 (long long)progress->at, (long long)progress->found, (long long)progress->seen);
    CHECK(length > 0 && length < MODEL_PROGRESS_SIZE);
}

bool model_progress_after(const struct model_progress *at, const struct model_look *look,
                          struct model_progress *ret)
{
    CHECK(look->to >= at->at);
    struct model_progress after = *at;
    after.at = look->to;
    after.found += (int64_t)look->count;
    if (after.pass == 1)
        after.seen += look->seen;
    bool whole =
        look->all && (after.found == 0 || (after.pass >= PASSES && after.found <= LEFT_MAX));
    if (look->all) {
        after.pass++;
        after.at = START;
        after.found = 0;
    }
    *ret = after;
    return whole;
}

enum grove_code model_change_read(struct store *store, struct call *call, struct arena *arena,
                                  enum embed_precision precision, struct model_progress *ret,
                                  bool *ret_due, struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = store_query(store, call, arena, "next_model.sql", NULL, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count <= 1);
    *ret_due =
        rows.count == 1 && text_equal(pg_text(&rows, 0, 0), text_of(embed_model_id(precision)));
    if (*ret_due)
        model_progress_parse(pg_is_null(&rows, 0, 1) ? text_of("") : pg_text(&rows, 0, 1), ret);
    return GROVE_OK;
}

enum grove_code model_change_move(struct store *store, struct call *call, struct arena *arena,
                                  enum embed_precision precision, const struct model_progress *from,
                                  const struct model_progress *to, bool *ret_moved,
                                  struct grove_error *error)
{
    char after[MODEL_PROGRESS_SIZE];
    struct pg_params params = {0};
    struct pg_rows rows;
    format_progress(to, after);
    pg_add_text(&params, text_of(embed_model_id(precision)));
    pg_add_text(&params, from->text);
    pg_add_text(&params, text_of(after));
    enum grove_code code =
        store_query(store, call, arena, "next_model_move.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret_moved = rows.count == 1;
    return code;
}

// --- what lacks a vector -------------------------------------------------------------------------

static void take_look(const struct pg_rows *rows, struct model_look *ret)
{
    CHECK(rows->count >= 1);
    CHECK(rows->count <= MODEL_LACKING_MAX);
    CHECK(rows->columns == LOOK_COLUMNS);
    *ret = (struct model_look){
        .to = pg_int8(rows, 0, 0), .all = pg_bool(rows, 0, 1), .seen = pg_int8(rows, 0, 2)};
    for (int r = 0; r < rows->count && !pg_is_null(rows, r, 3); r++)
        ret->lacking[ret->count++] = pg_int4(rows, r, 3);
}

// It is planned anew each time: a plan from the time of an empty table reads all of it.
enum grove_code model_change_look(struct store *store, struct call *call, struct arena *arena,
                                  enum embed_precision precision, int64_t at,
                                  struct model_look *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct pg_conn *conn = NULL;
    pg_add_text(&params, text_of(embed_model_id(precision)));
    pg_add_int8(&params, at);
    pg_add_int4(&params, (int32_t)KNOB(NEXT_MODEL_ROWS, LOOK_ROWS));
    pg_add_int4(&params, MODEL_LACKING_MAX);
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = store_query_planned_on(conn, arena, "next_model_look.sql", &params, &rows, error);
    if (code == GROVE_OK)
        take_look(&rows, ret);
    pg_give(&conn);
    return code;
}

// --- the wish ------------------------------------------------------------------------------------

static enum grove_code write_note(struct pg_conn *conn, struct arena *arena,
                                  enum embed_precision precision, bool *ret_has,
                                  struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, text_of(embed_model_id(precision)));
    enum grove_code code = begin_behind(conn, keep_acknowledgments_out_sql, error);
    if (code == GROVE_OK)
        code = store_query_on(conn, arena, "note_model.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    bool has = pg_bool(&rows, 0, 0);
    code = INJECT(MODEL_NOTED, error);
    if (code == GROVE_OK)
        code = pg_commit(conn, error);
    if (code == GROVE_OK)
        *ret_has = has;
    return code;
}

static enum grove_code note_model(struct store *store, struct call *call,
                                  enum embed_precision precision, bool *ret_has,
                                  struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code = write_note(conn, &arena, precision, ret_has, error);
    pg_give(&conn);
    arena_release(&arena);
    return code;
}

// *ret: every content has a vector. False also where that could not be told in time.
static enum grove_code lacks_nothing(struct store *store, struct call *call,
                                     enum embed_precision precision, bool *ret,
                                     struct grove_error *error)
{
    struct model_look look = {.to = START};
    int64_t until_us = clock_monotonic_us() + (int64_t)LOOK_MS * 1000;
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && !look.all && look.count == 0 && clock_monotonic_us() < until_us) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES_MAX);
        code = model_change_look(store, call, &arena, precision, look.to, &look, error);
        arena_release(&arena);
    }
    *ret = code == GROVE_OK && look.all && look.count == 0;
    return code;
}

enum grove_code model_change_wish(struct store *store, struct call *call,
                                  enum embed_precision precision, struct model_wish *ret,
                                  struct grove_error *error)
{
    struct set_model setting = {.precision = precision, .only_next = true};
    bool has = false, whole = false;
    enum grove_code code = note_model(store, call, precision, &has, error);
    if (code == GROVE_OK && !has)
        code = lacks_nothing(store, call, precision, &whole, error);
    if (code == GROVE_OK && whole)
        code = set_model(store, call, &setting, error);
    if (code == GROVE_OK)
        code = store_reread_model(store, call, error); // others may have wished since
    if (code == GROVE_OK)
        *ret = (struct model_wish){.settled = store_precision(store) == precision,
                                   .queued = setting.queued};
    return code;
}

enum grove_code model_change_finish(struct store *store, struct call *call,
                                    enum embed_precision precision, struct grove_error *error)
{
    struct set_model setting = {.precision = precision, .only_next = true};
    enum grove_code code = INJECT(NEXT_MODEL_WHOLE, error);
    return code == GROVE_OK ? set_model(store, call, &setting, error) : code;
}

// --- vectors of before ---------------------------------------------------------------------------

struct drop {
    int32_t content_id; // looked at up to here
    struct text model;
    bool all;
    int64_t dropped;
};

static enum grove_code drop_chunk(struct pg_conn *conn, struct arena *arena, struct drop *drop,
                                  struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, drop->content_id);
    pg_add_text(&params, drop->model);
    pg_add_int4(&params, (int32_t)KNOB(DROP_ROWS, DROP_ROWS));
    enum grove_code code = begin_behind(conn, keep_model_sql, error);
    if (code == GROVE_OK)
        code = store_query_planned_on(conn, arena, "drop_vectors.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = INJECT(VECTORS_DROPPED, error);
    if (code == GROVE_OK)
        code = pg_commit(conn, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    drop->dropped += pg_int8(&rows, 0, 2);
    drop->all = pg_is_null(&rows, 0, 0);
    if (!drop->all) {
        drop->content_id = pg_int4(&rows, 0, 0);
        drop->model = pg_text(&rows, 0, 1);
    }
    return GROVE_OK;
}

enum grove_code model_change_drop_vectors(struct store *store, struct call *call,
                                          int64_t *ret_dropped, struct grove_error *error)
{
    struct drop drop = {.content_id = INT32_MIN, .model = text_of("")};
    struct arena arenas[2]; // the name of the last model is read by the next chunk
    enum grove_code code = GROVE_OK;
    arena_init(&arenas[0], ARENA_BYTES_MAX);
    arena_init(&arenas[1], ARENA_BYTES_MAX);
    for (size_t turn = 0; code == GROVE_OK && !drop.all; turn = 1 - turn) {
        struct pg_conn *conn = NULL;
        arena_clear(&arenas[turn]);
        code = pg_take(store->pool, call, &conn, error);
        if (code == GROVE_OK)
            code = drop_chunk(conn, &arenas[turn], &drop, error);
        pg_give(&conn);
    }
    arena_release(&arenas[0]);
    arena_release(&arenas[1]);
    *ret_dropped = drop.dropped;
    return code;
}
