// SPDX-License-Identifier: Apache-2.0
//
// Making a change, phase by phase. Each attempt is a transaction that takes the lock of changes,
// reads how far the subject is there, decides, and does the next phase: what was decided is what is
// there when it is done. See README.md.
#include "subject/subject.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/store.h"
#include "content/load.h"
#include "subject/measure.h"
#include "subject/name.h"
#include "subject/phase.h"
#include "subject/state.h"

enum {
    ARENA_BYTES_MAX = 4 << 20, // of one attempt
    PAUSE_FIRST_MS = 50,       // between attempts; twice as long each time
    PAUSE_MOST_MS = 1000,
    HOLDER_SIZE = 400,
};

enum goal { GOAL_ADD, GOAL_REMOVE, GOAL_RENAME };

struct change {
    struct store *store;
    struct call *call;
    const struct grove_subject_request *request;
    struct grove_subject_report *report;
    enum goal goal;
    struct pg_conn *conn;
    struct arena arena;
    struct state_progress progress;
    enum phase phase;   // that is being tried
    unsigned attempts;  // at it
    int64_t waiting_us; // monotonic: since when it waits; 0: it does not
    const char *what;   // for which
    char holder[HOLDER_SIZE];
};

// --- waiting -------------------------------------------------------------------------------------

// Who has it may have gone meanwhile, or may not be shown to us: then nobody is named.
static void find_holder(struct change *self, const char *table, bool changes)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error ignored;
    pg_add_text(&params, text_of(table));
    pg_add_bool(&params, changes);
    self->holder[0] = '\0';
    if (store_query_on(self->conn, &self->arena, "subject_holders.sql", &params, &rows, &ignored) ==
            GROVE_OK &&
        rows.count == 1)
        text_format(self->holder, sizeof self->holder, "%.*s", TEXT_ARGS(pg_text(&rows, 0, 0)));
}

static unsigned pause_ms(unsigned attempts)
{
    unsigned char chance = 0; // as it is where there is none to be had
    unsigned most_ms = PAUSE_FIRST_MS;
    for (unsigned i = 1; i < attempts && most_ms < PAUSE_MOST_MS; i++)
        most_ms *= 2;
    most_ms = most_ms < PAUSE_MOST_MS ? most_ms : PAUSE_MOST_MS;
    (void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
    return most_ms / 2 + most_ms / 2 * chance / 255;
}

// Outside of a transaction. GROVE_OK: it may be tried again.
static enum grove_code wait_for_others(struct change *self, const char *table, bool changes,
                                       struct grove_error *error)
{
    int64_t now_us = clock_monotonic_us();
    self->waiting_us = self->waiting_us ? self->waiting_us : now_us;
    self->what = changes ? "the lock of changes of subjects" : "a lock on tables";
    find_holder(self, table, changes);
    const struct grove_subject_wait wait = {
        .what = self->what,
        .holder = self->holder,
        .seconds = (double)(now_us - self->waiting_us) / 1e6,
    };
    if (self->request->on_wait)
        self->request->on_wait(self->request->state, &wait);
    bool goes_on = call_pause(self->call, pause_ms(++self->attempts));
    self->report->seconds_waited += (double)(clock_monotonic_us() - now_us) / 1e6;
    return goes_on ? GROVE_OK : call_check(self->call, error);
}

// Whoever ended the call, or gave it too little time, hears what for.
static void tell_wait(const struct change *self, struct grove_error *error)
{
    bool ended = error->code == GROVE_TIMEOUT || error->code == GROVE_CANCELLED;
    if (!ended || self->waiting_us == 0)
        return;
    error_context(error, "waiting for %s%s%s", self->what, self->holder[0] ? " held by " : "",
                  self->holder);
    error_hint(error, "nothing is half done: the same command goes on from here");
}

// PostgreSQL ended the attempt since others have what it locks.
static bool waited_in_vain(const struct grove_error *error)
{
    return strcmp(error->sqlstate, "55P03") == 0 || strcmp(error->sqlstate, "40P01") == 0;
}

// --- one attempt ---------------------------------------------------------------------------------

static enum grove_code ask_for_lock(struct change *self, const char *function, bool *ret_taken,
                                    struct grove_error *error)
{
    char sql[128];
    struct pg_rows rows;
    snprintf(sql, sizeof sql, "-- answers: boolean\nSELECT %s(" PHASE_LOCK_KEY ")", function);
    const struct pg_statement statement = {"", sql};
    enum grove_code code = pg_query(self->conn, &self->arena, &statement, NULL, &rows, error);
    if (code == GROVE_OK)
        *ret_taken = pg_bool(&rows, 0, 0);
    return code;
}

static enum grove_code decide(struct change *self, struct state *ret_state, enum phase *ret,
                              struct grove_error *error)
{
    const struct grove_subject_request *request = self->request;
    struct state other;
    enum grove_code code = state_read(self->conn, &self->arena, request->name, ret_state, error);
    if (code != GROVE_OK)
        return code;
    switch (self->goal) {
    case GOAL_ADD: code = state_next_of_add(ret_state, &self->progress, ret, error); break;
    case GOAL_REMOVE: code = state_next_of_remove(ret_state, &self->progress, ret, error); break;
    case GOAL_RENAME:
        code = state_read(self->conn, &self->arena, request->new_name, &other, error);
        if (code == GROVE_OK)
            code = state_next_of_rename(ret_state, &other, &self->progress, ret, error);
        break;
    }
    self->progress.looked = true;
    return code;
}

static struct phase_names names_of(const struct change *self, const struct state *state,
                                   enum phase phase)
{
    struct phase_names names = state_names(state, phase);
    names.new_name = text_of(self->request->new_name ? self->request->new_name : "");
    return names;
}

static void note_progress(struct change *self, const struct state *state, enum phase phase)
{
    self->progress.entered |= phase == PHASE_ENTER;
    self->progress.settled |= phase == PHASE_SETTLE;
    self->progress.emptied |= phase == PHASE_EMPTY;
    self->progress.renamed |= phase == PHASE_RENAME;
    if (phase == PHASE_EMPTY)
        self->report->contents = state->contents;
}

// `seconds` negative: it is shown, not done.
static enum grove_code tell_phase(struct change *self, const struct state *state, enum phase phase,
                                  double seconds, struct grove_error *error)
{
    struct strbuf sql;
    const struct phase_names names = names_of(self, state, phase);
    if (!self->request->on_phase)
        return GROVE_OK;
    strbuf_init(&sql, PHASE_SQL_MAX);
    strbuf_add(&sql, "BEGIN;\n");
    phase_add_sql(&sql, phase, &names);
    strbuf_add(&sql, "COMMIT;\n");
    double estimated = phase == PHASE_VALIDATE ? self->report->impact.validate_seconds : NAN;
    const struct grove_subject_phase told = {
        .name = phase_name(phase),
        .locks = phase_locks(phase),
        .sql = sql.data,
        .done = seconds >= 0,
        .attempts = self->attempts + 1,
        .seconds = seconds >= 0 ? seconds : estimated,
    };
    enum grove_code code = sql.failed ? error_no_memory(error, "a phase") : GROVE_OK;
    if (code == GROVE_OK)
        self->request->on_phase(self->request->state, &told);
    strbuf_release(&sql);
    return code;
}

// In the transaction that decided on it, which ends in the same message: what is locked is not held
// while we hear that it is, and are late to answer.
static enum grove_code do_phase(struct change *self, const struct state *state, enum phase phase,
                                struct grove_error *error)
{
    struct strbuf sql;
    const struct phase_names names = names_of(self, state, phase);
    strbuf_init(&sql, PHASE_SQL_MAX);
    phase_add_sql(&sql, phase, &names);
    strbuf_add(&sql, "COMMIT;\n");
    enum grove_code code =
        sql.failed ? error_no_memory(error, "a phase") : INJECT(SUBJECT_DECIDED, error);
    if (code == GROVE_OK)
        code = pg_exec(self->conn, sql.data, error);
    strbuf_release(&sql);
    if (code != GROVE_OK)
        return code;
    self->report->phases++;
    note_progress(self, state, phase);
    return INJECT(SUBJECT_COMMITTED, error);
}

static enum grove_code try_phase(struct change *self, const struct state *state, enum phase phase,
                                 struct grove_error *error)
{
    if (phase != self->phase) {
        self->phase = phase;
        self->attempts = 0;
        self->waiting_us = 0;
    }
    int64_t since_us = clock_monotonic_us();
    enum grove_code code = do_phase(self, state, phase, error);
    if (code == GROVE_OK)
        return tell_phase(self, state, phase, (double)(clock_monotonic_us() - since_us) / 1e6,
                          error);
    pg_rollback(self->conn);
    if (waited_in_vain(error))
        return wait_for_others(self, state->table, false, error);
    error_context(error, "in phase \"%s\" of a change of the subject \"%s\"", phase_name(phase),
                  state->name);
    error_hint(error, self->report->phases
                          ? "the phases before it stay; the same command goes on from here"
                          : "nothing was changed by this command, which can be given again");
    return code;
}

static enum grove_code attempt(struct change *self, bool *ret_done, struct grove_error *error)
{
    struct state state;
    enum phase phase = PHASE_NONE;
    bool taken = false;
    arena_clear(&self->arena);
    enum grove_code code = pg_begin(self->conn, error);
    if (code == GROVE_OK)
        code = ask_for_lock(self, "pg_try_advisory_xact_lock", &taken, error);
    if (code == GROVE_OK && taken)
        code = decide(self, &state, &phase, error);
    if (code == GROVE_OK && taken && phase != PHASE_NONE)
        return try_phase(self, &state, phase, error);
    pg_rollback(self->conn);
    if (code == GROVE_OK && !taken)
        return wait_for_others(self, "", true, error);
    *ret_done = code == GROVE_OK;
    return code;
}

// --- a change ------------------------------------------------------------------------------------

// From the first phase to the last, so that two changes do not mix. A connection of a pooler's is
// another one in each transaction: there the lock of each phase must do.
static enum grove_code take_lock(struct change *self, struct grove_error *error)
{
    bool taken = pg_is_pooled(self->conn);
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && !taken) {
        arena_clear(&self->arena);
        code = ask_for_lock(self, "pg_try_advisory_lock", &taken, error);
        if (code == GROVE_OK && !taken)
            code = wait_for_others(self, "", true, error);
    }
    if (code != GROVE_OK)
        return code;
    self->attempts = 0;
    self->waiting_us = 0;
    return GROVE_OK;
}

static enum grove_code make_change(struct change *self, struct grove_error *error)
{
    enum grove_code code = pg_take(self->store->pool, self->call, &self->conn, error);
    if (code == GROVE_OK)
        code = take_lock(self, error);
    for (bool done = false; code == GROVE_OK && !done;)
        code = attempt(self, &done, error);
    if (code != GROVE_OK)
        tell_wait(self, error);
    if (self->conn)
        pg_spoil(self->conn); // the session's lock goes with it, also of a call that is over
    pg_give(&self->conn);
    return code;
}

// As if each phase had done what it does.
static void pretend(struct change *self, struct state *state, enum phase phase)
{
    note_progress(self, state, phase);
    switch (phase) {
    case PHASE_TABLE: state->table_there = state->table_ours = true; break;
    case PHASE_EXTEND: state->next_there = state->next_with = true; break;
    case PHASE_FORBID: state->next_there = state->next_without = true; break;
    case PHASE_VALIDATE: state->next_valid = true; break;
    case PHASE_EMPTY: state->contents = 0; break;
    case PHASE_ENTER:
        state->registered = true;
        state->next_there = state->next_with = false;
        break;
    case PHASE_LEAVE:
    case PHASE_UNDO:
        state->registered = state->table_there = state->next_there = false;
        state->next_with = state->next_without = false;
        break;
    case PHASE_KEEP:
        state->next_there = state->next_without = state->next_same = false;
        state->next_valid = false;
        break;
    default: break; // others change nothing that a decision goes by
    }
}

static enum grove_code show_phases(struct change *self, struct state *state,
                                   struct grove_error *error)
{
    enum phase phase = PHASE_NONE;
    enum grove_code code = decide(self, state, &phase, error);
    while (code == GROVE_OK && phase != PHASE_NONE) {
        code = tell_phase(self, state, phase, -1, error);
        pretend(self, state, phase);
        if (code == GROVE_OK && self->goal == GOAL_ADD)
            code = state_next_of_add(state, &self->progress, &phase, error);
        else if (code == GROVE_OK && self->goal == GOAL_REMOVE)
            code = state_next_of_remove(state, &self->progress, &phase, error);
        else
            phase = phase == PHASE_KEEP ? PHASE_RENAME : PHASE_NONE;
    }
    return code;
}

static enum grove_code show_change(struct change *self, struct grove_error *error)
{
    struct state state;
    enum grove_code code = measure_impact(self->store, self->call, &self->report->impact, error);
    if (code != GROVE_OK)
        return code;
    self->report->has_impact = true;
    code = pg_take(self->store->pool, self->call, &self->conn, error);
    if (code == GROVE_OK)
        code = show_phases(self, &state, error);
    pg_give(&self->conn);
    return code;
}

static enum grove_code run(struct change *self, struct grove_error *error)
{
    int64_t since_us = clock_monotonic_us();
    *self->report =
        (struct grove_subject_report){.discover_ms_before = NAN, .discover_ms_after = NAN};
    self->phase = PHASE_NONE;
    self->progress.with_contents = self->request->with_contents;
    self->progress.may_exist = self->request->sample; // what is missing of that is loaded
    arena_init(&self->arena, ARENA_BYTES_MAX);
    enum grove_code code =
        self->request->dry_run ? show_change(self, error) : make_change(self, error);
    arena_release(&self->arena);
    self->report->seconds = (double)(clock_monotonic_us() - since_us) / 1e6;
    return code;
}

// For grove_validate_subject to compare with. Nobody's failure.
static void keep_time(struct change *self, double milliseconds)
{
    static const struct pg_statement write = {
        "", "INSERT INTO grove.setting (name, value)"
            " SELECT 'subject.' || s.hierarchy_table || '.discover_ms_before', $2::float8::text"
            " FROM grove.subject AS s WHERE s.tree = $1::text"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value"};
    struct pg_conn *conn = NULL;
    struct pg_params params = {0};
    struct pg_rows rows;
    struct grove_error ignored;
    if (isnan(milliseconds))
        return;
    arena_init(&self->arena, ARENA_BYTES_MAX);
    pg_add_text(&params, text_of(self->request->name));
    pg_add_float8(&params, milliseconds);
    if (pg_take(self->store->pool, self->call, &conn, &ignored) == GROVE_OK)
        (void)!pg_query(conn, &self->arena, &write, &params, &rows, &ignored);
    pg_give(&conn);
    arena_release(&self->arena);
}

static enum grove_code load_science(struct change *self, struct grove_load_progress *ret,
                                    struct grove_error *error)
{
    enum grove_code code = load_science_sample(self->store, self->call, ret, error);
    self->report->sample = ret;
    if (code != GROVE_OK)
        error_hint(error, "the subject is there; the same command loads its sample");
    return code;
}

enum grove_code subject_add(struct store *store, struct call *call,
                            const struct grove_subject_request *request, struct subject_report *ret,
                            struct grove_error *error)
{
    struct change change = {
        .store = store, .call = call, .request = request, .report = &ret->report, .goal = GOAL_ADD};
    enum grove_code code = name_check(request->name, error);
    if (code != GROVE_OK)
        return code;
    if (request->sample && strcmp(request->name, "science") != 0) {
        error_set(error, GROVE_INVALID, "there is no sample of \"%s\"", request->name);
        error_hint(error, "there is one of \"science\"; contents of your own: grove load");
        return GROVE_INVALID;
    }
    double before = request->dry_run ? NAN : measure_discover(store, call);
    code = run(&change, error);
    ret->report.discover_ms_before = before;
    if (code == GROVE_OK && change.progress.entered && !request->dry_run)
        keep_time(&change, before);
    if (code == GROVE_OK && request->sample && !request->dry_run)
        code = load_science(&change, &ret->sample, error);
    if (code == GROVE_OK && !request->dry_run)
        ret->report.discover_ms_after = measure_discover(store, call);
    return code;
}

enum grove_code subject_remove(struct store *store, struct call *call,
                               const struct grove_subject_request *request,
                               struct subject_report *ret, struct grove_error *error)
{
    struct change change = {.store = store,
                            .call = call,
                            .request = request,
                            .report = &ret->report,
                            .goal = GOAL_REMOVE};
    enum grove_code code = name_check(request->name, error);
    return code == GROVE_OK ? run(&change, error) : code;
}

enum grove_code subject_rename(struct store *store, struct call *call,
                               const struct grove_subject_request *request,
                               struct subject_report *ret, struct grove_error *error)
{
    struct change change = {.store = store,
                            .call = call,
                            .request = request,
                            .report = &ret->report,
                            .goal = GOAL_RENAME};
    enum grove_code code = name_check(request->name, error);
    if (code == GROVE_OK)
        code = name_check(request->new_name, error);
    return code == GROVE_OK ? run(&change, error) : code;
}
