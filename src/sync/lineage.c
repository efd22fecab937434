// SPDX-License-Identifier: Apache-2.0
//
// Two rows of words: what PostgreSQL's row grove.lineage says, and what the marks of the collection
// say. lineage.md has the table of what they mean beside each other, and the order of the steps,
// which is such that each may be the last one of a process.
#include "sync/lineage.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "sync/lineage_behind.h"

enum {
    ARENA_BYTES_MAX = 4 << 20,
    SAMPLE_CONTENTS = 256, // that are looked at in both stores
};

#define ENGINE_IS_OLDER "the engine lacks what it has had, as an older copy of it would"
#define WAS_EMPTY "the collection was empty"
#define WAS_TAKEN "the collection was another database's"
#define IS_BEHIND "the database lacks what it has had, as an older copy of it would"
#define WAS_ELSEWHERE "the database was projected to another collection meanwhile"
#define WAS_BEFORE "the collection is that of a database which stood in this one's place"

// The database's row.
struct lineage {
    struct vector_mark mark;
    bool marked;
    bool doubted;
    char broken[16];     // what has happened to the database; "": nothing
    int64_t break_epoch; // began with the last break: of older ones something was lost
    bool elsewhere;      // the collection that was marked last has another name
    char began[32];      // when the server did, if nobody has looked since; "": somebody has
    bool changed;        // something was written of what others read of it
};

static enum grove_code run_statement(struct store *store, struct call *call, const char *file,
                                     const struct pg_params *params, struct arena *arena,
                                     struct pg_rows *ret, struct grove_error *error)
{
    enum grove_code code = store_query(store, call, arena, file, params, ret, error);
    if (code != GROVE_OK)
        error_context(error, "running %s of the lineage", file);
    return code;
}

// For statements whose answer is nothing.
static enum grove_code run_command(struct store *store, struct call *call, const char *file,
                                   const struct pg_params *params, struct grove_error *error)
{
    struct arena arena;
    struct pg_rows rows;
    arena_init(&arena, ARENA_BYTES_MAX);
    enum grove_code code = run_statement(store, call, file, params, &arena, &rows, error);
    arena_release(&arena);
    return code;
}

// --- the database's row --------------------------------------------------------------------------

static void copy_column(const struct pg_rows *rows, int column, char *ret, size_t size)
{
    struct text text =
        pg_is_null(rows, 0, column) ? (struct text){"", 0} : pg_text(rows, 0, column);
    snprintf(ret, size, "%.*s", TEXT_ARGS(text));
}

static enum grove_code take_row(const struct pg_rows *rows, struct lineage *ret,
                                struct grove_error *error)
{
    if (rows->count != 1)
        return error_set(error, GROVE_CORRUPT, "grove.lineage has %d rows, not 1", rows->count);
    copy_column(rows, 0, ret->mark.identity, sizeof ret->mark.identity);
    ret->mark.epoch = pg_int8(rows, 0, 1);
    copy_column(rows, 2, ret->mark.history, sizeof ret->mark.history);
    ret->marked = pg_bool(rows, 0, 3);
    ret->doubted = !pg_is_null(rows, 0, 4);
    copy_column(rows, 5, ret->broken, sizeof ret->broken);
    copy_column(rows, 6, ret->mark.place, sizeof ret->mark.place);
    ret->elsewhere = !pg_is_null(rows, 0, 7) && pg_bool(rows, 0, 7);
    copy_column(rows, 8, ret->began, sizeof ret->began);
    ret->break_epoch = pg_int8(rows, 0, 9);
    CHECK(strlen(ret->mark.identity) == VECTOR_IDENTITY_SIZE - 1);
    CHECK(strlen(ret->mark.history) == VECTOR_HISTORY_SIZE - 1);
    CHECK(strlen(ret->mark.place) == VECTOR_PLACE_SIZE - 1);
    CHECK(ret->mark.epoch > 0);
    return GROVE_OK;
}

static enum grove_code read_row(struct store *store, struct call *call, struct lineage *ret,
                                struct grove_error *error)
{
    struct arena arena;
    struct pg_rows rows;
    arena_init(&arena, ARENA_BYTES_MAX);
    struct pg_params params = {0};
    pg_add_text(&params, text_of(store->collection));
    enum grove_code code = run_statement(store, call, "lineage.sql", &params, &arena, &rows, error);
    if (code == GROVE_OK)
        code = take_row(&rows, ret, error);
    arena_release(&arena);
    return code;
}

// What a statement has begun is there, and the row is another one.
static enum grove_code read_begun(struct store *store, struct call *call, struct lineage *ret,
                                  struct grove_error *error)
{
    enum grove_code code = INJECT(LINEAGE_BEGUN, error);
    CHECK(ret);
    return code == GROVE_OK ? read_row(store, call, ret, error) : code;
}

// Where something has happened to the database a new epoch begins.
static enum grove_code begin_if_broken(struct store *store, struct call *call, struct lineage *ret,
                                       struct grove_error *error)
{
    struct pg_params params = {0};
    if (!ret->broken[0])
        return GROVE_OK;
    pg_add_text(&params, text_of(ret->broken));
    ret->changed = true;
    enum grove_code code = run_command(store, call, "lineage_begin.sql", &params, error);
    return code == GROVE_OK ? read_begun(store, call, ret, error) : code;
}

// As the database is now.
static enum grove_code read_lineage(struct store *store, struct call *call, struct lineage *ret,
                                    struct grove_error *error)
{
    enum grove_code code = read_row(store, call, ret, error);
    return code == GROVE_OK ? begin_if_broken(store, call, ret, error) : code;
}

static enum grove_code note_doubt(struct store *store, struct call *call, struct lineage *lineage,
                                  const char *reason, bool where_any_is_done,
                                  struct grove_error *error)
{
    struct pg_params params = {0};
    CHECK(strlen(reason) < STORE_DOUBT_SIZE);
    pg_add_text(&params, text_of(lineage->mark.history));
    pg_add_text(&params, text_of(reason));
    pg_add_int4(&params, where_any_is_done);
    lineage->doubted = true; // or there is nothing that it could be about
    lineage->changed = true;
    return run_command(store, call, "lineage_doubt.sql", &params, error);
}

// With whose projection an epoch begins: $3 of lineage_move.sql.
enum begins {
    BEGINS_WITH_ITS_OWN,
    BEGINS_WITH_ITS_OWN_OR_NONE,
    BEGINS_WITH_ANOTHERS, // or with what the database has lost
    BEGINS_WITH_A_COPYS,
};

// The same where the collection is to get the database's mark. If another has had it, or this one
// in another state, that is of an older epoch from now on: who comes back to it notices.
static enum grove_code begin_epoch(struct store *store, struct call *call, struct lineage *lineage,
                                   const char *reason, enum begins begins,
                                   struct grove_error *error)
{
    struct pg_params params = {0};
    CHECK(strlen(reason) < STORE_DOUBT_SIZE);
    pg_add_text(&params, text_of(lineage->mark.history));
    pg_add_text(&params, text_of(reason));
    pg_add_int4(&params, (int32_t)begins);
    lineage->changed = true;
    enum grove_code code = run_command(store, call, "lineage_move.sql", &params, error);
    if (code == GROVE_OK)
        code = read_begun(store, call, lineage, error);
    lineage->doubted = true;
    return code;
}

static enum grove_code begin_here(struct store *store, struct call *call, struct lineage *lineage,
                                  const char *reason, bool where_any_is_done,
                                  struct grove_error *error)
{
    if (!lineage->marked)
        return note_doubt(store, call, lineage, reason, where_any_is_done, error);
    enum begins begins = where_any_is_done ? BEGINS_WITH_ITS_OWN_OR_NONE : BEGINS_WITH_ITS_OWN;
    return begin_epoch(store, call, lineage, reason, begins, error);
}

// --- what both stores have -----------------------------------------------------------------------

enum sample { SAMPLE_LAST_DONE, SAMPLE_ENDS };

static void add_sample_params(struct pg_params *params, enum sample sample)
{
    pg_add_int4(params, (int32_t)sample);
    pg_add_int4(params, SAMPLE_CONTENTS);
}

// Whether the engine has it as row `r` of the sample says.
static bool is_as_told(const struct vector_state *state, const struct pg_rows *rows, int r)
{
    bool none = pg_is_null(rows, r, 1), waits = pg_bool(rows, r, 2);
    CHECK(!(none && waits));
    if (none)
        return !state->present;
    int64_t revision = pg_int8(rows, r, 1);
    return waits ? !state->present || state->revision >= revision
                 : state->present && state->revision == revision;
}

// *ret_looked: contents of the sample, and *ret_same: those of them that the engine has as the
// database says.
static enum grove_code compare_rows(struct store *store, struct call *call,
                                    const struct pg_rows *rows, size_t *ret_looked,
                                    size_t *ret_same, struct grove_error *error)
{
    struct vector_state states[SAMPLE_CONTENTS];
    int32_t ids[SAMPLE_CONTENTS];
    enum grove_code code = GROVE_OK;
    *ret_looked = (size_t)rows->count;
    *ret_same = 0;
    CHECK(*ret_looked <= SAMPLE_CONTENTS);
    for (size_t i = 0; i < *ret_looked; i++)
        ids[i] = pg_int4(rows, (int)i, 0);
    if (*ret_looked > 0)
        code = vector_states(store->engine, call, ids, *ret_looked, states, error);
    for (size_t i = 0; code == GROVE_OK && i < *ret_looked; i++)
        *ret_same += is_as_told(&states[i], rows, (int)i);
    return code;
}

static enum grove_code compare_sample(struct store *store, struct call *call, enum sample sample,
                                      size_t *ret_looked, size_t *ret_same,
                                      struct grove_error *error)
{
    struct arena arena;
    struct pg_rows rows = {0};
    struct pg_params params = {0};
    arena_init(&arena, ARENA_BYTES_MAX);
    add_sample_params(&params, sample);
    *ret_looked = *ret_same = 0;
    enum grove_code code =
        run_statement(store, call, "lineage_sample.sql", &params, &arena, &rows, error);
    if (code == GROVE_OK)
        code = compare_rows(store, call, &rows, ret_looked, ret_same, error);
    arena_release(&arena);
    return code;
}

// Where the server has begun to run since somebody looked, its files may be an older copy.
static enum grove_code check_behind(struct store *store, struct call *call, struct lineage *lineage,
                                    struct grove_error *error)
{
    bool behind = false;
    struct pg_params params = {0};
    struct grove_error of_note;
    if (!lineage->began[0])
        return GROVE_OK;
    enum grove_code code = lineage_is_behind(store, call, &behind, error);
    if (code == GROVE_OK && behind)
        code = note_doubt(store, call, lineage, IS_BEHIND, false, error);
    if (code != GROVE_OK)
        return code;
    pg_add_text(&params, text_of(lineage->began));
    pg_add_text(&params, text_of(store->collection));
    if (run_command(store, call, "lineage_began.sql", &params, &of_note) == GROVE_OK ||
        pg_has_denied(&of_note)) // whoever may not note it has looked all the same
        return GROVE_OK;
    *error = of_note;
    return of_note.code;
}

// An engine that is an older copy does not hold what was acknowledged last, as it was read along
// with the row. What changes between the two looks differs, too, but not twice.
static enum grove_code check_witness(struct store *store, struct call *call,
                                     struct lineage *lineage, const struct pg_rows *witness,
                                     struct grove_error *error)
{
    size_t looked, same;
    enum grove_code code = compare_rows(store, call, witness, &looked, &same, error);
    if (code == GROVE_OK && same < looked)
        code = compare_sample(store, call, SAMPLE_LAST_DONE, &looked, &same, error);
    if (code == GROVE_OK && same < looked)
        code = note_doubt(store, call, lineage, ENGINE_IS_OLDER, false, error);
    return code;
}

// --- marks ---------------------------------------------------------------------------------------

static bool is_own(const struct vector_mark *mark, const struct lineage *lineage)
{
    return strcmp(mark->identity, lineage->mark.identity) == 0;
}

// That of a database which is there no more: this one stands in its place.
static bool is_predecessor(const struct vector_mark *mark, const struct lineage *lineage)
{
    return !is_own(mark, lineage) && strcmp(mark->place, lineage->mark.place) == 0;
}

static const struct vector_mark *find_foreign(const struct vector_marks *marks,
                                              const struct lineage *lineage)
{
    for (size_t i = 0; i < marks->count; i++)
        if (!is_own(&marks->items[i], lineage) && !is_predecessor(&marks->items[i], lineage))
            return &marks->items[i];
    return NULL;
}

static bool has_predecessor(const struct vector_marks *marks, const struct lineage *lineage)
{
    for (size_t i = 0; i < marks->count; i++)
        if (is_predecessor(&marks->items[i], lineage))
            return true;
    return false;
}

// The newest of this database's.
static const struct vector_mark *find_own(const struct vector_marks *marks,
                                          const struct lineage *lineage)
{
    const struct vector_mark *own = NULL;
    for (size_t i = 0; i < marks->count; i++)
        if (is_own(&marks->items[i], lineage) && (!own || marks->items[i].epoch > own->epoch))
            own = &marks->items[i];
    return own;
}

static enum grove_code refuse(const struct store *store, const char *why, struct grove_error *error)
{
    error_set(error, GROVE_CONFLICT, "the collection \"%s\" at %s %s", store->collection,
              vector_describe(store->engine), why);
    error_hint(error, LINEAGE_WAYS_OUT);
    return GROVE_CONFLICT;
}

static enum grove_code refuse_mark(const struct store *store, const struct lineage *lineage,
                                   const struct vector_mark *mark, struct grove_error *error)
{
    char why[256];
    bool ours = is_own(mark, lineage);
    CHECK(!vector_mark_equal(mark, &lineage->mark));
    snprintf(why, sizeof why,
             ours ? "was taken by a copy of this database, %s (epoch %lld there, %lld here)"
                  : "is that of another database, %s",
             mark->identity, (long long)mark->epoch, (long long)lineage->mark.epoch);
    enum grove_code code = refuse(store, why, error);
    error_detail(error, "this database is %s", lineage->mark.identity);
    return code;
}

static enum grove_code put_mark(struct store *store, struct call *call,
                                const struct vector_mark *mark, struct grove_error *error)
{
    enum grove_code code = vector_mark(store->engine, call, mark, error);
    CHECK(mark->epoch > 0);
    return code == GROVE_OK ? INJECT(LINEAGE_MARKED, error) : code;
}

// Puts the database's mark in the place of these, and notes that it is there.
static enum grove_code replace_marks(struct store *store, struct call *call,
                                     struct lineage *lineage, const struct vector_marks *old,
                                     struct grove_error *error)
{
    struct pg_params params = {0};
    enum grove_code code = put_mark(store, call, &lineage->mark, error);
    for (size_t i = 0; code == GROVE_OK && i < old->count; i++)
        if (!vector_mark_equal(&old->items[i], &lineage->mark))
            code = vector_unmark(store->engine, call, &old->items[i], error);
    pg_add_text(&params, text_of(lineage->mark.history));
    pg_add_text(&params, text_of(store->collection));
    lineage->changed = true;
    if (code == GROVE_OK)
        code = run_command(store, call, "lineage_marked.sql", &params, error);
    return code;
}

// Two that mark at once see each other's, and both give up.
static enum grove_code mark_first(struct store *store, struct call *call, struct lineage *lineage,
                                  struct grove_error *error)
{
    static const struct vector_marks none = {.count = 0};
    struct vector_marks marks;
    struct grove_error ignored;
    enum grove_code code = put_mark(store, call, &lineage->mark, error);
    if (code == GROVE_OK)
        code = vector_marks(store->engine, call, &marks, error);
    if (code != GROVE_OK)
        return code;
    const struct vector_mark *foreign = find_foreign(&marks, lineage);
    if (!foreign)
        return replace_marks(store, call, lineage, &none, error);
    (void)!vector_unmark(store->engine, call, &lineage->mark, &ignored);
    return refuse_mark(store, lineage, foreign, error);
}

// Nobody has marked it. An empty one is anybody's; one with points is this database's if it holds
// what the database has at the very revisions.
static enum grove_code adopt(struct store *store, struct call *call, struct lineage *lineage,
                             struct grove_error *error)
{
    uint64_t points = 0;
    size_t looked = 0, same = 0;
    enum grove_code code = vector_count(store->engine, call, NULL, &points, error);
    if (code == GROVE_OK && points > 0)
        code = compare_sample(store, call, SAMPLE_ENDS, &looked, &same, error);
    CHECK(same <= looked);
    // One that is being made anew, and filled, has lost its mark with all else.
    bool fills = looked == 0 && lineage->marked;
    if (code == GROVE_OK && points > 0 && !fills && (looked == 0 || same < looked))
        code = refuse(store, "has points that are not this database's", error);
    if (code == GROVE_OK && (points == 0 || lineage->marked))
        code =
            begin_here(store, call, lineage, points == 0 ? WAS_EMPTY : WAS_ELSEWHERE, true, error);
    return code == GROVE_OK ? mark_first(store, call, lineage, error) : code;
}

static enum grove_code outrank(struct store *store, struct call *call, struct lineage *lineage,
                               int64_t epoch, struct grove_error *error)
{
    struct pg_params params = {0};
    CHECK(!lineage->marked); // else another may have it by that number
    CHECK(epoch >= lineage->mark.epoch);
    pg_add_text(&params, text_of(lineage->mark.history));
    pg_add_int8(&params, epoch);
    lineage->changed = true;
    enum grove_code code = run_command(store, call, "lineage_raise.sql", &params, error);
    return code == GROVE_OK ? read_row(store, call, lineage, error) : code;
}

// Whether it may hold what the database has lost: of revisions that were drawn again, maybe, for
// contents that wait for nothing, as they were projected elsewhere.
static bool has_what_was_lost(const struct vector_marks *marks, const struct lineage *lineage)
{
    bool ret = false;
    CHECK(marks->count <= VECTOR_MARKS_MAX);
    for (size_t i = 0; lineage->marked && i < marks->count; i++)
        ret = ret ||
              (is_own(&marks->items[i], lineage) && marks->items[i].epoch < lineage->break_epoch);
    CHECK(!ret || lineage->marked);
    return ret;
}

// It has a mark of this database, and of no other, but not that of its present history.
static enum grove_code catch_up(struct store *store, struct call *call, struct lineage *lineage,
                                const struct vector_marks *marks, const struct vector_mark *own,
                                struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    CHECK(is_own(own, lineage));
    CHECK(!find_foreign(marks, lineage));
    bool same = strcmp(own->history, lineage->mark.history) == 0; // in another place, or copied
    enum begins begins =
        has_what_was_lost(marks, lineage) ? BEGINS_WITH_ANOTHERS : BEGINS_WITH_ITS_OWN;
    if (lineage->marked && lineage->elsewhere && (same || own->epoch < lineage->mark.epoch))
        code = begin_epoch(store, call, lineage, WAS_ELSEWHERE, begins, error);
    else if (own->epoch < lineage->mark.epoch && lineage->marked)
        code = begin_epoch(store, call, lineage, ENGINE_IS_OLDER, begins, error);
    else if (!same && own->epoch >= lineage->mark.epoch && lineage->marked)
        code = refuse_mark(store, lineage, own, error);
    else if (!same && own->epoch >= lineage->mark.epoch)
        code = outrank(store, call, lineage, own->epoch, error);
    return code == GROVE_OK ? replace_marks(store, call, lineage, marks, error) : code;
}

// The collection is that of the database which stood in this one's place. It need not have had its
// history: so all is written.
static enum grove_code succeed(struct store *store, struct call *call, struct lineage *lineage,
                               const struct vector_marks *marks, struct grove_error *error)
{
    CHECK(has_predecessor(marks, lineage));
    CHECK(!find_foreign(marks, lineage));
    enum grove_code code =
        begin_epoch(store, call, lineage, WAS_BEFORE, BEGINS_WITH_ANOTHERS, error);
    return code == GROVE_OK ? replace_marks(store, call, lineage, marks, error) : code;
}

// Whether the collection has the database's present mark, as far as marks tell.
static bool is_here(const struct lineage *lineage, const struct vector_mark *own)
{
    return own && strcmp(own->history, lineage->mark.history) == 0 && !lineage->elsewhere;
}

// The database has its mark on another collection by now than the one that this handle has seen it
// on: it was taken there, and is not taken back by who has not heard of it.
static bool was_left(struct store *store, const struct lineage *lineage)
{
    char seen[VECTOR_HISTORY_SIZE];
    store_projected(store, seen);
    return lineage->marked && seen[0] && strcmp(seen, lineage->mark.history) != 0;
}

// Whoever only asks takes the database nowhere, where it has its mark on a collection of another
// name. Nor does a handle that is left behind.
static enum grove_code check_move(struct store *store, const struct lineage *lineage, bool projects,
                                  struct grove_error *error)
{
    bool left = was_left(store, lineage);
    if (!left && (projects || !lineage->elsewhere))
        return GROVE_OK;
    enum grove_code code = projects ? GROVE_CONFLICT : GROVE_UNAVAILABLE;
    error_set(error, code,
              "the database is projected to another collection by now than \"%s\" at %s",
              store->collection, vector_describe(store->engine));
    if (left && projects)
        error_hint(error, "end this program; one that begins with this collection takes it again");
    else
        error_hint(error, "\"grove sync\" takes this one again");
    if (!projects)
        error->origin = GROVE_ORIGIN_QDRANT; // it is not the one to ask
    return code;
}

static enum grove_code compare_marks(struct store *store, struct call *call,
                                     struct lineage *lineage, const struct vector_marks *marks,
                                     bool projects, struct grove_error *error)
{
    CHECK(marks->count <= VECTOR_MARKS_MAX);
    const struct vector_mark *foreign = find_foreign(marks, lineage);
    const struct vector_mark *own = find_own(marks, lineage);
    if (foreign)
        return refuse_mark(store, lineage, foreign, error);
    enum grove_code code =
        is_here(lineage, own) ? GROVE_OK : check_move(store, lineage, projects, error);
    if (code != GROVE_OK)
        return code;
    if (has_predecessor(marks, lineage))
        return succeed(store, call, lineage, marks, error);
    if (!own)
        return adopt(store, call, lineage, error);
    if (!vector_mark_equal(own, &lineage->mark) || !is_here(lineage, own))
        return catch_up(store, call, lineage, marks, own, error);
    if (marks->count == 1 && lineage->marked)
        return GROVE_OK;
    // The old ones were gone when it was noted that the new one is there: who has brought them back
    // has brought back an older collection.
    if (has_what_was_lost(marks, lineage))
        code = begin_epoch(store, call, lineage, ENGINE_IS_OLDER, BEGINS_WITH_ANOTHERS, error);
    else if (lineage->marked && !lineage->doubted)
        code = note_doubt(store, call, lineage, ENGINE_IS_OLDER, false, error);
    return code == GROVE_OK ? replace_marks(store, call, lineage, marks, error) : code;
}

// --- checking ------------------------------------------------------------------------------------

static bool is_within(int64_t at_us, int milliseconds)
{
    return at_us != 0 && clock_monotonic_us() - at_us < milliseconds * 1000LL;
}

// Whether the engine is to be asked if it has gone back, and the database if it has. One asks,
// others go on with what was known.
static bool is_to_look(struct store *store)
{
    int64_t at_us = atomic_load(&store->lineage_looked_at_us);
    return !is_within(at_us, LINEAGE_LOOK_MS) &&
           atomic_compare_exchange_strong(&store->lineage_looked_at_us, &at_us,
                                          clock_monotonic_us());
}

// What a check asks of the database, in one round trip: its row, what others read of it
// (model.sql), and where it looks the witness.
struct first_look {
    struct arena arena;
    struct pg_rows witness;
    enum grove_code of_model; // what store_take_model said, and why
    struct grove_error model_error;
};

static enum grove_code look_first(struct store *store, struct call *call, bool looks,
                                  struct lineage *ret, struct first_look *ret_look,
                                  struct grove_error *error)
{
    enum { ROW, MODEL, WITNESS, REQUESTS };
    struct pg_statement row = {"lineage.sql", query_sql("lineage.sql")};
    struct pg_statement model = store_model_statement();
    struct pg_statement witness = {"lineage_sample.sql", query_sql("lineage_sample.sql")};
    struct pg_params of_row = {0}, of_witness = {0};
    struct pg_rows rows[REQUESTS] = {0};
    struct pg_conn *conn = NULL;
    pg_add_text(&of_row, text_of(store->collection));
    add_sample_params(&of_witness, SAMPLE_LAST_DONE);
    const struct pg_request requests[REQUESTS] = {
        {&row, &of_row}, {&model, NULL}, {&witness, &of_witness}};
    enum grove_code code = pg_take(store->pool, call, &conn, error);
    if (code == GROVE_OK)
        code =
            pg_pipeline(conn, &ret_look->arena, requests, looks ? REQUESTS : WITNESS, rows, error);
    if (code == GROVE_OK)
        code = take_row(&rows[ROW], ret, error);
    else
        error_context(error, "reading the lineage");
    if (code == GROVE_OK)
        ret_look->of_model =
            store_take_model(store, conn, &rows[MODEL], true, &ret_look->model_error);
    ret_look->witness = rows[WITNESS];
    pg_give(&conn);
    return code;
}

static enum grove_code check_both(struct store *store, struct call *call, struct lineage *lineage,
                                  struct first_look *look, bool looks, bool projects,
                                  struct grove_error *error)
{
    struct vector_marks marks;
    enum grove_code code = look_first(store, call, looks, lineage, look, error);
    if (code == GROVE_OK)
        code = begin_if_broken(store, call, lineage, error);
    if (code == GROVE_OK)
        code = vector_marks(store->engine, call, &marks, error);
    if (code == GROVE_OK)
        code = compare_marks(store, call, lineage, &marks, projects, error);
    if (code == GROVE_OK && looks && !lineage->doubted)
        code = check_witness(store, call, lineage, &look->witness, error);
    if (code == GROVE_OK && looks && !lineage->doubted)
        code = check_behind(store, call, lineage, error);
    return code;
}

// What was read along with the row, or what the check has made of it.
static enum grove_code know_model(struct store *store, struct call *call,
                                  const struct lineage *lineage, const struct first_look *look,
                                  struct grove_error *error)
{
    if (lineage->changed)
        return store_reread_model(store, call, error);
    if (look->of_model != GROVE_OK)
        *error = look->model_error;
    return look->of_model;
}

static enum grove_code check(struct store *store, struct call *call, bool looks, bool projects,
                             struct grove_error *error)
{
    struct lineage lineage = {.marked = false};
    struct first_look look = {.of_model = GROVE_OK};
    arena_init(&look.arena, ARENA_BYTES_MAX);
    enum grove_code code = check_both(store, call, &lineage, &look, looks, projects, error);
    bool seen = code == GROVE_OK;
    if (code == GROVE_OK)
        code = know_model(store, call, &lineage, &look, error);
    arena_release(&look.arena);
    if (code != GROVE_OK && atomic_load(&store->schema_doubted))
        code = GROVE_OK; // whoever works with the schema hears of it, and may mend it
    bool still = seen && store_note_projected(store, lineage.mark.history);
    if (code == GROVE_OK)
        atomic_store(&store->lineage_known_at_us, still ? clock_monotonic_us() : 0);
    else if (looks)
        atomic_store(&store->lineage_looked_at_us, 0);
    return code;
}

enum grove_code lineage_check(struct store *store, struct call *call, struct grove_error *error)
{
    int64_t known_at_us = atomic_load(&store->lineage_known_at_us);
    if (is_within(known_at_us, LINEAGE_AGE_MS))
        return GROVE_OK;
    bool looks = is_to_look(store) || known_at_us == 0;
    return check(store, call, looks, true, error);
}

enum grove_code lineage_look(struct store *store, struct call *call, struct grove_error *error)
{
    if (!is_to_look(store) && atomic_load(&store->lineage_known_at_us) != 0)
        return GROVE_OK;
    enum grove_code code = check(store, call, true, false, error);
    bool unnoted = code != GROVE_OK && pg_has_denied(error);
    if (unnoted)
        atomic_store(&store->lineage_known_at_us, 0);
    atomic_store(&store->doubt_unnoted, unnoted);
    return unnoted ? GROVE_OK : code;
}

enum grove_code lineage_choose(struct store *store, struct call *call, bool only_looks,
                               struct text *ret, struct arena *arena, struct grove_error *error)
{
    struct lineage lineage = {.marked = false};
    struct pg_rows rows;
    enum grove_code code = only_looks ? GROVE_OK : read_lineage(store, call, &lineage, error);
    if (code != GROVE_OK && pg_has_denied(error))
        code = GROVE_OK; // whoever may not note it has the collection of before
    if (code == GROVE_OK)
        code = run_statement(store, call, "lineage_collection.sql", NULL, arena, &rows, error);
    if (code == GROVE_OK)
        *ret = pg_text(&rows, 0, 0);
    return code;
}

// A copy that nobody has noted yet gets an identity of its own: what it has here is its source's.
static const struct vector_mark *find_refused(const struct vector_marks *marks,
                                              const struct lineage *lineage)
{
    bool copied = strcmp(lineage->broken, "copied") == 0;
    const struct vector_mark *own = find_own(marks, lineage);
    if (find_foreign(marks, lineage))
        return find_foreign(marks, lineage);
    if (!own || strcmp(own->history, lineage->mark.history) == 0)
        return copied && own && strcmp(own->place, lineage->mark.place) != 0 ? own : NULL;
    return lineage->marked && !lineage->broken[0] && own->epoch >= lineage->mark.epoch ? own : NULL;
}

enum grove_code lineage_tell(struct store *store, struct call *call, struct lineage_report *ret,
                             struct grove_error *error)
{
    struct lineage lineage = {.marked = false};
    struct vector_marks marks;
    enum grove_code code = read_row(store, call, &lineage, error);
    if (code == GROVE_OK)
        code = vector_marks(store->engine, call, &marks, error);
    if (code != GROVE_OK)
        return code;
    const struct vector_mark *refused = find_refused(&marks, &lineage);
    CHECK(!refused || !vector_mark_equal(refused, &lineage.mark));
    *ret = (struct lineage_report){.epoch = lineage.mark.epoch,
                                   .elsewhere = lineage.marked && lineage.elsewhere};
    memcpy(ret->identity, lineage.mark.identity, sizeof ret->identity);
    if (refused)
        memcpy(ret->owner, refused->identity, sizeof ret->owner);
    return GROVE_OK;
}

enum grove_code lineage_take(struct store *store, struct call *call, struct grove_error *error)
{
    struct lineage lineage = {.marked = false};
    struct vector_marks marks;
    enum grove_code code = read_lineage(store, call, &lineage, error);
    if (code == GROVE_OK)
        code = vector_marks(store->engine, call, &marks, error);
    if (code == GROVE_OK && marks.count == 1 && vector_mark_equal(&marks.items[0], &lineage.mark))
        return GROVE_OK;
    if (code == GROVE_OK) {
        enum begins begins =
            find_own(&marks, &lineage) ? BEGINS_WITH_A_COPYS : BEGINS_WITH_ANOTHERS;
        code = begin_epoch(store, call, &lineage, WAS_TAKEN, begins, error);
    }
    if (code == GROVE_OK)
        code = replace_marks(store, call, &lineage, &marks, error);
    return code == GROVE_OK ? check(store, call, true, true, error) : code;
}
