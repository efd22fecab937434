// SPDX-License-Identifier: Apache-2.0
//
// What the projectors of a store did: added up in memory after each step, and saved in
// grove.projector once in a while (notes.md).
//
// Invariants
//  1. Nobody waits for a note: it takes an idle connection or none, waits 1 ms for a lock, takes
//     NOTE_MS at most, and its commit is not waited for.
//  2. What fails of it fails nothing else.
//  3. Of a store something is saved once in PAUSE_MS; after a failure less often; and at the end.
//  4. Who does nothing writes nothing.
//  5. All sums are saved each time: a row that was lost comes back whole, and what could not be
//     saved comes with the next.
#include "sync/notes.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "pg/types.h"
#include "sync/projector_private.h"

#define LOCK_PATIENCE "1ms"

enum {
    PAUSE_MS = 1000,
    // After a failure so many of these. A role that may not write there leaves a line in the
    // server's log each time.
    FAILED_PAUSES = 5,
    DENIED_PAUSES = 600,
    NOTE_MS = 250,
    NOTE_BYTES_MAX = 1 << 18,
    HOST_SIZE = 65,
};
static_assert((int)PAUSE_MS >= 1000, "a projector notes no more than once a second");
static_assert((int)NOTE_MS < (int)PAUSE_MS, "notes are not all that a projector does");

static const char *const kind_names[] = {
    [PROJECTOR_CALL] = "call",     [PROJECTOR_RESIDENT] = "resident", [PROJECTOR_SYNC] = "sync",
    [PROJECTOR_WATCH] = "watch",   [PROJECTOR_THREAD] = "thread",     [PROJECTOR_LOAD] = "load",
    [PROJECTOR_ATTACH] = "attach", [PROJECTOR_REPAIR] = "repair",
};
static_assert(ARRAY_COUNT(kind_names) == PROJECTOR_KINDS, "each kind has a name");

const char *notes_kind_name(enum projector_kind kind)
{
    CHECK((size_t)kind < ARRAY_COUNT(kind_names));
    CHECK(kind_names[kind]);
    return kind_names[kind];
}

// --- adding up -----------------------------------------------------------------------------------

static double seconds_between(int64_t from_us, int64_t to_us)
{
    CHECK(from_us <= to_us); // of one monotonic clock
    return (double)(to_us - from_us) / 1e6;
}

// With rate r from the beginning on, `recent` comes to r times what it is divided by here.
double notes_rate(const struct store_note *note)
{
    double seconds = seconds_between(note->began_us, note->worked_us);
    double weight = NOTES_RATE_SECONDS * -expm1(-seconds / NOTES_RATE_SECONDS);
    CHECK(note->recent >= 0);
    return weight > 0 ? note->recent / weight : 0;
}

static void note_failure(struct store_note *note, int64_t now_us, const char *text,
                         const char *detail)
{
    int length = snprintf(note->failure, sizeof note->failure, "%s%s%s", text,
                          detail[0] ? ": " : "", detail);
    CHECK(length >= 0);
    // It may have been cut inside a character.
    note->failure[text_utf8_error(text_of(note->failure))] = '\0';
    note->failed_us = now_us;
}

static void add_points(struct store_note *note, int64_t now_us, int64_t points)
{
    double aged = exp(-seconds_between(note->worked_us, now_us) / NOTES_RATE_SECONDS);
    CHECK(points >= 0);
    note->recent = note->recent * aged + (double)points;
    note->worked_us = now_us;
}

struct step {
    int64_t began_us;
    const struct projector_report *before, *after;
    enum grove_code code;
    const struct grove_error *error;
};

// What was put back, or given up on.
static int64_t count_refused(const struct projector_report *report)
{
    return report->failed + report->unseen;
}

// A step that found nothing to do adds nothing.
static void add_step(struct store_note *note, const struct step *step)
{
    const struct projector_report *before = step->before, *after = step->after;
    int64_t now_us = clock_monotonic_us();
    int64_t points = after->upserted + after->removed - before->upserted - before->removed;
    int64_t refused = count_refused(after) - count_refused(before);
    bool failed = step->code != GROVE_OK && step->code != GROVE_CANCELLED;
    CHECK(after->kind == before->kind);
    CHECK(refused >= 0);
    if (points == 0 && refused == 0 && after->embedded == before->embedded && !failed)
        return;
    if (!note->worked)
        *note = (struct store_note){true, .began_us = step->began_us, .worked_us = step->began_us};
    note->unsaved = true;
    note->written += after->upserted - before->upserted;
    note->removed += after->removed - before->removed;
    note->embedded += after->embedded - before->embedded;
    note->refused += refused;
    note->failures += failed;
    note->seconds_database += after->seconds_database - before->seconds_database;
    note->seconds_embedding += after->seconds_embedding - before->seconds_embedding;
    note->seconds_vectors += after->seconds_vectors - before->seconds_vectors;
    add_points(note, now_us, points);
    if (failed)
        note_failure(note, now_us, step->error->message, step->error->detail);
    else if (refused > 0)
        note_failure(note, now_us, after->last_error, "");
}

// --- saving --------------------------------------------------------------------------------------

// "host/process/number"; of the host's name as much as is one.
static void name_store(struct store_notes *notes)
{
    char host[HOST_SIZE];
    unsigned long long number = 0;
    if (gethostname(host, sizeof host) != 0)
        host[0] = '\0';
    host[HOST_SIZE - 1] = '\0';
    for (char *c = host; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '/')
            *c = '?';
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (unsigned long long)clock_monotonic_us();
    int length =
        snprintf(notes->name, sizeof notes->name, "%s/%ld/%016llx", host, (long)getpid(), number);
    CHECK(length > 0);
    CHECK((size_t)length < sizeof notes->name); // a name that is cut may be another's
}

struct saving {
    struct pg_conn *conn;
    struct arena arena;
    const char *name;
    bool first; // the table has no row of this store
    bool ended;
};

static void add_params(struct saving *self, enum projector_kind kind, const struct store_note *note,
                       struct pg_params *params)
{
    int64_t now_us = clock_monotonic_us();
    const int64_t counts[] = {note->written, note->removed, note->embedded, note->refused,
                              note->failures};
    const double seconds[] = {note->seconds_database, note->seconds_embedding,
                              note->seconds_vectors};
    pg_add_text(params, text_of(self->name));
    pg_add_text(params, text_of(notes_kind_name(kind)));
    pg_add_text(params, text_of(GROVE_VERSION));
    pg_add_int8_array(params, &self->arena, counts, ARRAY_COUNT(counts));
    pg_add_int4(params, pg_session_pid(self->conn));
    pg_add_float8_array(params, &self->arena, seconds, ARRAY_COUNT(seconds));
    pg_add_float8(params, notes_rate(note));
    pg_add_float8(params, seconds_between(note->began_us, now_us));
    pg_add_float8(params, seconds_between(note->worked_us, now_us));
    if (note->failed_us > 0)
        pg_add_float8(params, seconds_between(note->failed_us, now_us));
    else
        pg_add_null(params, PG_FLOAT8);
    pg_add_text(params, note->failed_us > 0 ? text_of(note->failure) : (struct text){NULL, 0});
    pg_add_bool(params, self->ended);
}

// One transaction. The first of a store has others go that are gone.
static enum grove_code save_note(struct saving *self, enum projector_kind kind,
                                 const struct store_note *note, struct grove_error *error)
{
    struct pg_statement wait = {"patience.sql", query_sql("patience.sql")};
    struct pg_statement forget = {"projector_forget.sql", query_sql("projector_forget.sql")};
    struct pg_statement write = {"projector_note.sql", query_sql("projector_note.sql")};
    struct pg_params patience = {0}, params = {0};
    struct pg_rows rows[3];
    CHECK(note->worked);
    pg_add_text(&patience, text_of(LOCK_PATIENCE));
    add_params(self, kind, note, &params);
    const struct pg_request with[] = {{&wait, &patience}, {&forget, NULL}, {&write, &params}};
    const struct pg_request without[] = {{&wait, &patience}, {&write, &params}};
    size_t count = self->first ? ARRAY_COUNT(with) : ARRAY_COUNT(without);
    enum grove_code code =
        pg_pipeline(self->conn, &self->arena, self->first ? with : without, count, rows, error);
    if (code == GROVE_OK)
        self->first &= rows[count - 1].affected == 0; // there was no room
    return code;
}

// GROVE_UNAVAILABLE where no connection is idle. *ret_has_row: the table has a row of the store.
static enum grove_code save_all(struct store *store, const struct store_notes *copy, bool ended,
                                bool *ret_has_row, struct grove_error *error)
{
    struct call call;
    struct saving self = {.name = copy->name, .first = !copy->has_row, .ended = ended};
    call_init(&call);
    call_within(&call, NOTE_MS);
    self.conn = pg_take_idle(store->pool, &call);
    if (!self.conn)
        return error_set(error, GROVE_UNAVAILABLE, "no connection is idle");
    arena_init(&self.arena, NOTE_BYTES_MAX);
    enum grove_code code = GROVE_OK;
    for (int kind = 0; kind < PROJECTOR_KINDS && code == GROVE_OK; kind++)
        if (copy->of[kind].unsaved || (ended && copy->of[kind].worked))
            code = save_note(&self, (enum projector_kind)kind, &copy->of[kind], error);
    *ret_has_row = !self.first;
    pg_give(&self.conn);
    arena_release(&self.arena);
    return code;
}

static bool has_something(const struct store_notes *notes, bool ended)
{
    for (int kind = 0; kind < PROJECTOR_KINDS; kind++)
        if (notes->of[kind].unsaved || (ended && notes->of[kind].worked))
            return true;
    return false;
}

enum haste { WHEN_DUE, NOW, AT_THE_END };

static bool is_time(const struct store_notes *notes, enum haste haste, int64_t now_us)
{
    return haste == AT_THE_END ||
           (now_us >= notes->retry_us && (haste == NOW || now_us >= notes->next_us));
}

// Who finds another at it leaves it to the next; so does who comes too early. A copy is saved, so
// that nobody who adds to it waits.
static bool begin_saving(struct store *store, enum haste haste, struct store_notes *ret_copy)
{
    struct store_notes *notes = &store->notes;
    if (atomic_load(&store->schema_version) < NOTES_FIRST_SCHEMA)
        return false;
    pthread_mutex_lock(&notes->mutex);
    bool begins = !notes->saving && has_something(notes, haste == AT_THE_END) &&
                  is_time(notes, haste, clock_monotonic_us());
    if (begins && !notes->name[0])
        name_store(notes);
    if (begins) {
        notes->saving = true;
        memcpy(ret_copy->name, notes->name, sizeof notes->name);
        memcpy(ret_copy->of, notes->of, sizeof notes->of);
        ret_copy->has_row = notes->has_row;
        for (int kind = 0; kind < PROJECTOR_KINDS; kind++)
            notes->of[kind].unsaved = false;
    }
    pthread_mutex_unlock(&notes->mutex);
    return begins;
}

static void save(struct store *store, enum haste haste)
{
    struct store_notes *notes = &store->notes;
    struct store_notes copy;
    struct grove_error error;
    if (!begin_saving(store, haste, &copy))
        return;
    bool has_row = copy.has_row;
    enum grove_code code = save_all(store, &copy, haste == AT_THE_END, &has_row, &error);
    int64_t pauses = code == GROVE_OK ? 0 : pg_has_denied(&error) ? DENIED_PAUSES : FAILED_PAUSES;
    int64_t pause_us = KNOB(NOTES_MS, PAUSE_MS) * 1000;
    int64_t now_us = clock_monotonic_us();
    pthread_mutex_lock(&notes->mutex);
    CHECK(notes->saving);
    notes->saving = false;
    notes->has_row = has_row;
    notes->next_us = now_us + pause_us;
    notes->retry_us = now_us + pauses * pause_us;
    for (int kind = 0; kind < PROJECTOR_KINDS; kind++)
        notes->of[kind].unsaved |= code != GROVE_OK && copy.of[kind].unsaved;
    pthread_mutex_unlock(&notes->mutex);
}

static void note(struct store *store, const struct step *step)
{
    CHECK((size_t)step->after->kind < PROJECTOR_KINDS);
    CHECK(step->error);
    pthread_mutex_lock(&store->notes.mutex);
    add_step(&store->notes.of[step->after->kind], step);
    pthread_mutex_unlock(&store->notes.mutex);
    save(store, WHEN_DUE);
}

void notes_save(struct store *store)
{
    CHECK(store->pool);
    save(store, NOW);
}

void notes_end(struct store *store)
{
    if (store->pool)
        save(store, AT_THE_END);
}

// --- steps ---------------------------------------------------------------------------------------

enum grove_code projector_step(struct store *store, struct call *call,
                               struct projector_report *report, bool *ret_idle,
                               struct grove_error *error)
{
    const struct projector_report before = *report;
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = projector_step_unnoted(store, call, report, ret_idle, error);
    note(store, &(struct step){began_us, &before, report, code, error});
    return code;
}

enum grove_code projector_prepare_model(struct store *store, struct call *call,
                                        struct projector_report *report, bool *ret_idle,
                                        struct grove_error *error)
{
    const struct projector_report before = *report;
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = projector_prepare_model_unnoted(store, call, report, ret_idle, error);
    note(store, &(struct step){began_us, &before, report, code, error});
    return code;
}

enum grove_code projector_apply(struct store *store, struct call *call, const int32_t *content_ids,
                                size_t count, struct projector_report *report,
                                struct grove_error *error)
{
    const struct projector_report before = *report;
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = projector_apply_unnoted(store, call, content_ids, count, report, error);
    note(store, &(struct step){began_us, &before, report, code, error});
    return code;
}
