// SPDX-License-Identifier: Apache-2.0
//
// What the resident projector does:
//
//     look  ──► something is due ──► steps until nothing is ──► look
//      │                                │
//      │ nothing: 1 s                   │ a failure: 1 s, doubled each time, at most 30 s
//      ▼
//     nothing waits: now and then, is there a graph to examine? Between its parts: look, and steps
//
// Looking is one small statement. The model is opened by the first row that needs it and closed
// when nothing was embedded for a while.
//
// Invariants
//  1. One for each home: whoever does not get the lock ends.
//  2. It starts no PostgreSQL, and ends where its own does not run: so what stops the servers needs
//     not look for it. It does start the vector server, as any projector.
//  3. It ends where its home is no longer at its path: both the lock and the home's id must be the
//     files that they were. They are held open, so that no new file has their numbers.
//  4. It says at most one line for each failed attempt, and the same at most once a minute.
#include "sync/resident_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/inject.h"
#include "base/text.h"
#include "catalog/migrate.h"
#include "home/process.h"
#include "pg/cluster.h"
#include "sync/backoff.h"
#include "sync/examine.h"
#include "sync/notes.h"
#include "sync/projector.h"
#include "sync/upgrade.h"

enum {
    TAKE_TIMEOUT_MS = 5000, // for a holder of the lock that is on its way out
    TAKE_PAUSE_MS = 20,
    POLL_MS = 1000,
    GRACE_MS = 1000, // rows due for less are left to whoever wrote them
    SAY_AGAIN_MS = 60000,
    MODEL_IDLE_MS = 300000,
    NICENESS = 5, // searches go first
    LOG_BYTES_MAX = 10 << 20,
    LINE_SIZE = 1024,
};

static_assert(POLL_MS >= 1000, "an idle projector asks for no more than one statement a second");

struct residence {
    const struct home *home;
    struct store *store;
    struct call *call;
    struct resident_paths paths;
    char id_path[PATH_MAX];
    int lock;              // held
    int id;                // of the home
    int64_t worked_at_us;  // monotonic: when something was last projected; 0: never
    int64_t examine_at_us; // monotonic: when to ask whether a graph is to be examined
    bool rows_failed;      // in the last work that was done
    bool failed_at_work;   // not at looking
    int64_t retry_at_us;   // monotonic: when to work again
    struct backoff backoff;
    bool prepared;         // vectors of the next model, in this round: there may be more to do
    bool prepare_failed;   // when that was tried last
    int64_t prepare_at_us; // monotonic: when to do so again
    char last_line[LINE_SIZE];
    int64_t said_at_us;      // monotonic: when the last line was
    struct upgrade *upgrade; // NULL: the schema was never seen to lack anything
};

// --- what it says --------------------------------------------------------------------------------

static void say(struct residence *self, const char *format, ...) GROVE_PRINTF(2, 3);

static void say(struct residence *self, const char *format, ...)
{
    char line[LINE_SIZE], now[CLOCK_RFC3339_SIZE];
    va_list values;
    va_start(values, format);
    text_vformat(line, sizeof line, format, values);
    va_end(values);
    for (char *c = line; *c; c++)
        if (*c == '\n')
            *c = ' ';
    int64_t now_us = clock_monotonic_us();
    if (strcmp(line, self->last_line) == 0 &&
        now_us - self->said_at_us < (int64_t)SAY_AGAIN_MS * 1000)
        return;
    memcpy(self->last_line, line, sizeof line);
    self->said_at_us = now_us;
    struct stat status;
    if (fstat(STDERR_FILENO, &status) == 0 && status.st_size > LOG_BYTES_MAX &&
        ftruncate(STDERR_FILENO, 0) != 0)
        return;
    clock_format_rfc3339(clock_now_us(), now);
    dprintf(STDERR_FILENO, "%s [%ld] %s\n", now, (long)getpid(), line);
}

// Keeps the failure for "grove status"; NULL: it is over.
static void write_failure(const struct residence *self, const char *text)
{
    struct grove_error ignored;
    CHECK(!text || text[0]);
    home_act_as_servers(self->home);
    if (text)
        (void)!file_write(self->paths.failure, text_of(text), 0600, &ignored);
    else
        unlink(self->paths.failure);
    home_act_as_self(self->home);
}

static void note_failure(struct residence *self, const struct grove_error *error)
{
    char text[LINE_SIZE];
    CHECK(error->code != GROVE_OK);
    snprintf(text, sizeof text, "%s%s%s", error->message, error->detail[0] ? ": " : "",
             error->detail);
    bool known = self->backoff.pause_ms != 0 && strstr(self->last_line, text);
    self->retry_at_us = clock_monotonic_us() + (int64_t)backoff_fail(&self->backoff) * 1000;
    say(self, "failed: %s", text);
    if (!known)
        write_failure(self, text);
}

static void note_success(struct residence *self)
{
    if (self->backoff.pause_ms == 0)
        return;
    backoff_clear(&self->backoff);
    say(self, "works again");
    write_failure(self, NULL);
}

// --- being the one of the home -------------------------------------------------------------------

static bool is_at(int fd, const char *path)
{
    struct stat held, there;
    CHECK(fd >= 0);
    CHECK(path[0] == '/');
    return fstat(fd, &held) == 0 && lstat(path, &there) == 0 && held.st_dev == there.st_dev &&
           held.st_ino == there.st_ino;
}

static enum grove_code open_files(struct residence *self, struct grove_error *error)
{
    const struct resident_paths *paths = &self->paths;
    CHECK(self->lock < 0 && self->id < 0); // once
    self->id = descriptor_open(self->id_path, O_RDONLY, 0);
    if (self->id < 0)
        return error_set_errno(error, errno, "could not open \"%s\"", self->id_path);
    home_act_as_servers(self->home);
    enum grove_code code = folder_make(paths->folder, 0700, error);
    const char *lock = paths->service.lock;
    self->lock = code == GROVE_OK ? descriptor_open(lock, O_RDWR | O_CREAT | O_NOFOLLOW, 0600) : -1;
    if (code == GROVE_OK && self->lock < 0)
        code = error_set_errno(error, errno, "could not open \"%s\"", lock);
    home_act_as_self(self->home);
    return code == GROVE_OK ? service_prepare_log(&paths->service, error) : code;
}

// False where another one has it. A holder that does not say who it is may be the one of a home
// that was here before and is on its way out.
static bool take_lock(const struct residence *self)
{
    CHECK(self->lock >= 0);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)TAKE_TIMEOUT_MS * 1000;
    for (;;) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(self->lock, F_OFD_SETLK, &lock) == 0)
            return true;
        struct service_view view;
        service_find(&self->paths.service, &view);
        if (view.state == SERVICE_RUNS || clock_monotonic_us() >= deadline_us)
            return false;
        clock_sleep_ms(TAKE_PAUSE_MS);
    }
}

static enum grove_code introduce(struct residence *self, struct grove_error *error)
{
    char text[PROCESS_TEXT_SIZE];
    const struct service *service = &self->paths.service;
    process_describe_self(text);
    home_act_as_servers(self->home);
    int log = descriptor_open(service->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    int failure = log < 0 ? errno : 0;
    enum grove_code code = file_write(service->pid_file, text_of(text), 0600, error);
    home_act_as_self(self->home);
    if (log < 0)
        return error_set_errno(error, failure, "could not open \"%s\"", service->log);
    if (dup2(log, STDERR_FILENO) < 0)
        code = error_set_errno(error, errno, "could not use \"%s\"", service->log);
    file_close_descriptor(&log);
    return code;
}

// --- reasons to end ------------------------------------------------------------------------------

static bool database_runs(const struct residence *self)
{
    struct cluster_status status;
    struct grove_error ignored;
    return cluster_status(self->home, &status, &ignored) != GROVE_OK || status.running;
}

// NULL: none.
static const char *reason_to_end(const struct residence *self)
{
    if (call_is_cancelled(self->call))
        return "it was told to";
    if (!is_at(self->id, self->id_path))
        return "its home is gone from its place";
    if (!is_at(self->lock, self->paths.service.lock))
        return "its servers' folder is gone from its place";
    return NULL;
}

// --- working -------------------------------------------------------------------------------------

struct look {
    bool due;
    bool waiting; // something is in the outbox, due or not
    bool changes; // the model: vectors of the next one are to be computed
    struct migrate_schema schema;
};

static enum grove_code look(struct residence *self, struct look *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    pg_add_int4(&params, GRACE_MS);
    pg_add_int4(&params, projector_number_delay_ms());
    pg_add_int4(&params, migrate_wanted());
    enum grove_code code =
        store_query(self->store, self->call, &arena, "due.sql", &params, &rows, error);
    CHECK(code != GROVE_OK || (rows.count == 1 && rows.columns == 5));
    enum embed_precision next;
    if (code == GROVE_OK)
        *ret = (struct look){pg_bool(&rows, 0, 0),
                             pg_bool(&rows, 0, 1),
                             !pg_is_null(&rows, 0, 4) &&
                                 embed_precision_of(pg_text(&rows, 0, 4), &next),
                             {pg_int4(&rows, 0, 2), pg_int4(&rows, 0, 3)}};
    arena_release(&arena);
    return code;
}

static bool is_of_others(const struct migrate_schema *schema)
{
    struct grove_error ignored;
    return migrate_judge(schema, "", &ignored) != GROVE_OK;
}

// Asked where looking itself failed: what it looks at may be another version's.
static bool has_other_schema(const struct residence *self)
{
    struct grove_error ignored;
    struct pg_conn *conn = NULL;
    struct migrate_schema schema;
    bool other = pg_take(self->store->pool, self->call, &conn, &ignored) == GROVE_OK &&
                 migrate_read(conn, &schema, &ignored) == GROVE_OK && is_of_others(&schema);
    pg_give(&conn);
    return other;
}

// In a thread of its own. What it tells is said here.
static void bring_up(struct residence *self, const struct migrate_schema *schema)
{
    struct upgrade_outcome outcome;
    struct grove_error ignored; // the next round tries again
    if (!self->upgrade && schema->version < migrate_wanted())
        (void)!upgrade_start(self->store, &self->upgrade, &ignored);
    if (!self->upgrade || !upgrade_told(self->upgrade, &outcome))
        return;
    if (outcome.applied > 0)
        say(self, "brought the schema up to date: %u applied", outcome.applied);
    if (outcome.code != GROVE_OK && outcome.code != GROVE_CANCELLED)
        say(self, "could not bring the schema up to date: %s: %s", outcome.error.context,
            outcome.error.message);
}

// A few contents, and then another round: what is written meanwhile, the schema and the graph do
// not wait for all of them. A failure is one of this alone.
static void prepare_model(struct residence *self)
{
    struct projector_report report = {.kind = PROJECTOR_RESIDENT};
    struct grove_error error;
    bool idle = true;
    if (clock_monotonic_us() < self->prepare_at_us)
        return;
    enum grove_code code = projector_prepare_model(self->store, self->call, &report, &idle, &error);
    self->worked_at_us = clock_monotonic_us();
    self->prepared = code == GROVE_OK && !idle;
    if (code == GROVE_CANCELLED)
        return;
    if (code != GROVE_OK) {
        self->prepare_at_us = clock_monotonic_us() + (int64_t)BACKOFF_MAX_MS * 1000;
        say(self, "could not embed for the next model: %s", error.message);
    }
    if (code != GROVE_OK || self->prepare_failed)
        write_failure(self, code != GROVE_OK ? error.message : NULL);
    self->prepare_failed = code != GROVE_OK;
}

// Steps until nothing is due.
static enum grove_code work(struct residence *self, struct grove_error *error)
{
    struct projector_report report = {.kind = PROJECTOR_RESIDENT};
    bool idle = false;
    enum grove_code code = GROVE_OK;
    while (code == GROVE_OK && !idle && !reason_to_end(self)) {
        code = projector_step(self->store, self->call, &report, &idle, error);
        self->worked_at_us = clock_monotonic_us();
        if (code == GROVE_OK && !idle && projector_turns(self->store))
            prepare_model(self);
    }
    notes_save(self->store); // it may be long until something is due
    if (report.upserted + report.removed > 0)
        self->examine_at_us = 0; // its graph may be another one soon
    if (report.upserted + report.removed + report.failed > 0)
        say(self, "%lld written (%lld embedded), %lld removed, %lld attempts failed%s%s",
            (long long)report.upserted, (long long)report.embedded, (long long)report.removed,
            (long long)report.failed, report.last_error[0] ? ": " : "", report.last_error);
    if (code == GROVE_OK && (report.failed > 0 || self->rows_failed))
        write_failure(self, report.failed > 0 ? report.last_error : NULL);
    self->rows_failed = report.failed > 0;
    return code;
}

static void rest_model(struct residence *self)
{
    int64_t idle_us = clock_monotonic_us() - self->worked_at_us;
    if (self->worked_at_us == 0 || idle_us < KNOB(RESIDENT_MODEL_MS, MODEL_IDLE_MS) * 1000)
        return;
    store_close_models(self->store);
    malloc_trim(0);
    self->worked_at_us = 0;
}

// Between two parts of an examination: rows that are due do not wait for its end.
static bool go_on_examining(void *state, int64_t done, int64_t of)
{
    struct residence *self = state;
    struct look seen;
    struct grove_error error;
    (void)done, (void)of;
    if (reason_to_end(self) || look(self, &seen, &error) != GROVE_OK)
        return false;
    return !seen.due || work(self, &error) == GROVE_OK;
}

// In this thread, which is the one that closes the models.
static enum grove_code examine_graph(struct residence *self, struct grove_error *error)
{
    struct examine_report report;
    if (clock_monotonic_us() < self->examine_at_us)
        return GROVE_OK;
    enum grove_code code =
        examine(self->store, self->call,
                &(struct examine_request){.go_on = go_on_examining, .state = self}, &report, error);
    bool settled = code == GROVE_OK && examine_is_settled(&report);
    int64_t now_us = clock_monotonic_us();
    self->examine_at_us = now_us + examine_pause_ms(settled) * 1000;
    if (code == GROVE_OK && report.outcome == EXAMINE_DONE) {
        self->worked_at_us = now_us;
        say(self, "examined the index: %lld rows looked up, %lld listed, ef %d%s%s, %.1f s",
            (long long)report.rows, (long long)report.listed, report.ef,
            report.reason[0] ? ": " : "", report.reason, report.seconds);
    }
    // What ended it is looked at by the next round.
    return code == GROVE_CANCELLED ? GROVE_OK : code;
}

// One round; *ret_reason where it is the last one.
static enum grove_code round_of(struct residence *self, const char **ret_reason,
                                struct grove_error *error)
{
    struct look seen;
    self->prepared = false;
    enum grove_code code = look(self, &seen, error);
    bool other = code == GROVE_OK ? is_of_others(&seen.schema)
                                  : migrate_is_suspected(error) && has_other_schema(self);
    if (other)
        *ret_reason = "the database has the schema of another version of grove";
    if (other || code != GROVE_OK)
        return code;
    bring_up(self, &seen.schema);
    bool patient = self->failed_at_work && clock_monotonic_us() < self->retry_at_us;
    bool works = seen.due && !patient;
    if (works)
        code = work(self, error);
    else if (!seen.waiting)
        code = examine_graph(self, error);
    if (code == GROVE_OK && !seen.due && seen.changes)
        prepare_model(self);
    if (code == GROVE_OK && !seen.due)
        rest_model(self);
    self->failed_at_work = works ? code != GROVE_OK : self->failed_at_work && seen.waiting;
    if (code == GROVE_OK && !self->failed_at_work)
        note_success(self);
    return code;
}

// A signal ends the pause.
static void pause_for(unsigned milliseconds)
{
    CHECK(milliseconds > 0); // it does not spin
    CHECK(milliseconds <= BACKOFF_MAX_MS);
    poll(NULL, 0, (int)milliseconds);
}

static const char *reside(struct residence *self)
{
    const char *reason = NULL;
    while (!reason && !(reason = reason_to_end(self))) {
        struct grove_error error;
        enum grove_code code = round_of(self, &reason, &error);
        CHECK(code == GROVE_OK || error.code == code);
        if (reason || code == GROVE_CANCELLED)
            continue;
        if (code != GROVE_OK && !database_runs(self))
            reason = "the private PostgreSQL does not run";
        else if (code != GROVE_OK)
            note_failure(self, &error);
        if (!reason && !(code == GROVE_OK && self->prepared))
            pause_for(code == GROVE_OK || self->failed_at_work ? POLL_MS : self->backoff.pause_ms);
    }
    return reason;
}

static enum grove_code settle_in(struct residence *self, bool *ret_taken, struct grove_error *error)
{
    enum grove_code code = open_files(self, error);
    if (code != GROVE_OK)
        return code;
    *ret_taken = take_lock(self);
    if (!*ret_taken)
        return GROVE_OK;
    code = INJECT(RESIDENT_LOCKED, error);
    return code == GROVE_OK ? introduce(self, error) : code;
}

enum grove_code resident_run(const struct home *home, struct store *store, struct call *call,
                             struct grove_error *error)
{
    struct residence self = {.home = home, .store = store, .call = call, .lock = -1, .id = -1};
    bool taken = false;
    enum grove_code code = resident_find_paths(home, &self.paths, error);
    if (snprintf(self.id_path, PATH_MAX, "%s/id", home->path) >= PATH_MAX)
        code = error_set(error, GROVE_INVALID, "the path of grove's folder is too long");
    if (code == GROVE_OK)
        code = settle_in(&self, &taken, error);
    if (code == GROVE_OK && taken) {
        if (nice(NICENESS) < 0)
            errno = 0; // no harm done
        say(&self, "started: grove " GROVE_VERSION);
        write_failure(&self, NULL);
        const char *reason = reside(&self);
        upgrade_stop(self.upgrade);
        say(&self, "ended: %s", reason);
    }
    file_close_descriptor(&self.lock);
    file_close_descriptor(&self.id);
    return code;
}
