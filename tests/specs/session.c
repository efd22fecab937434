// SPDX-License-Identifier: Apache-2.0
//
// Threads that take turns. The mutex guards who runs; everything else of a session belongs to its
// thread while it runs, and to the driver while it does not.
//
// Whether a session waits for a lock is asked of PostgreSQL, which knows each session's connections
// by their application's name: it waits when all whom it waits for stand still, or wait themselves.
#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"

enum { REST_TIMEOUT_MS = 30000, LOOK_AFTER_US = 1000 };

// Who waits for whom, by name. Connections that are nobody's (a vacuum) have a name that no session
// has.
static const char waiting_sql[] =
    "SELECT a.application_name, b.application_name"
    " FROM pg_stat_activity AS a"
    " CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS u (pid)"
    " JOIN pg_stat_activity AS b ON b.pid = u.pid"
    " WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'";

void crew_trace(struct crew *crew, const char *format, ...)
{
    va_list arguments;
    pthread_mutex_lock(&crew->mutex);
    size_t room = sizeof crew->trace - crew->trace_length;
    va_start(arguments, format);
    int length = vsnprintf(crew->trace + crew->trace_length, room, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length + 2 <= room) {
        crew->trace_length += (size_t)length;
        crew->trace[crew->trace_length++] = '\n';
    }
    crew->trace[crew->trace_length] = '\0';
    pthread_mutex_unlock(&crew->mutex);
}

// --- in the session's thread --------------------------------------------------------------------

// With the mutex: says where the session stands.
static void arrive(struct session *session, enum session_state state, const char *name)
{
    session->state = state;
    session->waits = false;
    session->stamp = ++session->crew->stamps;
    snprintf(session->at, sizeof session->at, "%s", name);
    pthread_cond_broadcast(&session->crew->changed);
}

bool session_stop(struct session *session, const char *name)
{
    struct crew *crew = session->crew;
    pthread_mutex_lock(&crew->mutex);
    bool released = crew->released;
    if (!released) {
        arrive(session, SESSION_STANDS, name);
        while (session->state != SESSION_RUNS)
            pthread_cond_wait(&session->wake, &crew->mutex);
        released = crew->released;
    }
    pthread_mutex_unlock(&crew->mutex);
    world_take_time(crew->world);
    return !released;
}

static void *session_main(void *argument)
{
    struct session *session = argument;
    struct crew *crew = session->crew;
    const struct spec_session *spec = session->spec;
    session_current = session;
    const char *end = spec_is_script(spec->kind) ? spec->steps[spec->step_count - 1].name : "end";
    pthread_mutex_lock(&crew->mutex);
    while (!crew->quit) {
        if (session->state != SESSION_RUNS) {
            pthread_cond_wait(&session->wake, &crew->mutex);
            continue;
        }
        pthread_mutex_unlock(&crew->mutex);
        world_take_time(crew->world);
        session_run(session);
        pthread_mutex_lock(&crew->mutex);
        arrive(session, SESSION_ENDED, end);
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

// --- opening ------------------------------------------------------------------------------------

enum grove_code crew_open(struct crew *crew, struct world *world, struct grove_error *error)
{
    pthread_condattr_t attributes;
    *crew = (struct crew){.world = world, .count = world->spec->session_count};
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    session_set_hooks(crew);
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < crew->count; i++) {
        struct session *session = &crew->sessions[i];
        session->spec = &world->spec->sessions[i];
        session->crew = crew;
        pthread_cond_init(&session->wake, NULL);
        code = world_open_store(world, session->spec->name, &session->store, error);
        if (code == GROVE_OK) {
            session->started = true;
            CHECK(pthread_create(&session->thread, NULL, session_main, session) == 0);
        }
    }
    return code;
}

void crew_free(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->quit = true;
    for (size_t i = 0; i < crew->count; i++)
        if (crew->sessions[i].started)
            pthread_cond_signal(&crew->sessions[i].wake);
    pthread_mutex_unlock(&crew->mutex);
    for (size_t i = 0; i < crew->count; i++) {
        if (!crew->sessions[i].started)
            continue;
        pthread_join(crew->sessions[i].thread, NULL);
        world_close_store(&crew->sessions[i].store);
        pthread_cond_destroy(&crew->sessions[i].wake);
    }
    inject_set_hook(NULL, NULL);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->mutex);
}

// --- turns --------------------------------------------------------------------------------------

void crew_begin(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->released = false;
    crew->trace_length = 0;
    crew->trace[0] = '\0';
    for (size_t i = 0; i < crew->count; i++) {
        struct session *session = &crew->sessions[i];
        CHECK(session->state != SESSION_RUNS);
        session->state = SESSION_STANDS;
        session->at[0] = '\0';
        session->checked = session->waits = false;
        world_know_lineage(crew->world, &session->store);
    }
    pthread_mutex_unlock(&crew->mutex);
}

unsigned crew_ready(struct crew *crew, bool *ret_unfinished)
{
    unsigned ready = 0;
    *ret_unfinished = false;
    pthread_mutex_lock(&crew->mutex);
    for (size_t i = 0; i < crew->count; i++) {
        if (crew->sessions[i].state == SESSION_STANDS)
            ready |= 1U << i;
        *ret_unfinished |= crew->sessions[i].state != SESSION_ENDED;
    }
    pthread_mutex_unlock(&crew->mutex);
    return ready;
}

static unsigned running(const struct crew *crew)
{
    unsigned set = 0;
    for (size_t i = 0; i < crew->count; i++)
        if (crew->sessions[i].state == SESSION_RUNS)
            set |= 1U << i;
    return set;
}

static unsigned seen_waiting(const struct crew *crew)
{
    unsigned set = 0;
    for (size_t i = 0; i < crew->count; i++)
        if (crew->sessions[i].waits)
            set |= 1U << i;
    return set;
}

static int find_session(const struct crew *crew, struct text name)
{
    for (size_t i = 0; i < crew->count; i++)
        if (text_equal(name, text_of(crew->sessions[i].spec->name)))
            return (int)i;
    return -1;
}

// Which sessions wait, for whom.
static enum grove_code look_at_locks(struct crew *crew, unsigned *ret_waits,
                                     unsigned ret_for[static SPEC_SESSIONS_MAX],
                                     struct grove_error *error)
{
    struct pg_rows rows;
    arena_clear(&crew->world->arena);
    enum grove_code code = world_ask(crew->world, "spec-waiting", waiting_sql, NULL, &rows, error);
    unsigned by_others = 0;
    *ret_waits = 0;
    memset(ret_for, 0, SPEC_SESSIONS_MAX * sizeof *ret_for);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        int waiter = find_session(crew, pg_text(&rows, r, 0));
        int holder = find_session(crew, pg_text(&rows, r, 1));
        if (waiter < 0)
            continue;
        *ret_waits |= 1U << waiter;
        if (holder < 0)
            by_others |= 1U << waiter;
        else
            ret_for[waiter] |= 1U << holder;
    }
    *ret_waits &= ~by_others;
    return code;
}

static bool is_of_writing_kind(enum spec_kind kind)
{
    return kind == SPEC_WRITER || kind == SPEC_LOADER;
}

// Writers may wait for writers. Nobody else may wait, and nobody may wait for them.
static bool check_waiting(const struct crew *crew, unsigned waits, const unsigned *waits_for,
                          char ret_failure[static CREW_FAILURE_SIZE])
{
    for (size_t i = 0; i < crew->count; i++) {
        const struct spec_session *waiter = crew->sessions[i].spec;
        if (!(waits & 1U << i) || waiter->may_wait)
            continue;
        for (size_t j = 0; j < crew->count; j++) {
            const struct spec_session *holder = crew->sessions[j].spec;
            if (!(waits_for[i] & 1U << j) ||
                (is_of_writing_kind(waiter->kind) && is_of_writing_kind(holder->kind)))
                continue;
            snprintf(ret_failure, CREW_FAILURE_SIZE, "%s waits for a lock of %s", waiter->name,
                     holder->name);
            return false;
        }
    }
    return true;
}

// By the system's clock, which no spec moves.
static struct timespec after_us(int64_t us)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t nanoseconds = at.tv_nsec + us * 1000;
    at.tv_sec += nanoseconds / 1000000000;
    at.tv_nsec = nanoseconds % 1000000000;
    return at;
}

// Waits until every session stands, has ended, or waits for a lock.
static bool come_to_rest(struct crew *crew, char ret_failure[static CREW_FAILURE_SIZE])
{
    struct grove_error error;
    unsigned waits_for[SPEC_SESSIONS_MAX];
    int64_t began_us = clock_monotonic_us();
    for (;;) {
        unsigned waits = 0;
        pthread_mutex_lock(&crew->mutex);
        struct timespec until = after_us(LOOK_AFTER_US);
        while ((running(crew) & ~seen_waiting(crew)) != 0 &&
               pthread_cond_timedwait(&crew->changed, &crew->mutex, &until) != ETIMEDOUT)
            ;
        unsigned runs = running(crew);
        pthread_mutex_unlock(&crew->mutex);
        if (runs == 0)
            return true;
        if (look_at_locks(crew, &waits, waits_for, &error) != GROVE_OK) {
            snprintf(ret_failure, CREW_FAILURE_SIZE, "%s", error.message);
            return false;
        }
        pthread_mutex_lock(&crew->mutex);
        // Where one has come to rest since, it may have been the one that was waited for.
        bool all = running(crew) == runs && (runs & ~waits) == 0;
        for (size_t i = 0; i < crew->count; i++)
            crew->sessions[i].waits = all && (runs & 1U << i);
        pthread_mutex_unlock(&crew->mutex);
        if (all)
            return check_waiting(crew, runs, waits_for, ret_failure);
        if (clock_monotonic_us() - began_us > (int64_t)REST_TIMEOUT_MS * 1000) {
            snprintf(ret_failure, CREW_FAILURE_SIZE, "nothing came to rest within %d s",
                     REST_TIMEOUT_MS / 1000);
            return false;
        }
    }
}

bool crew_step(struct crew *crew, struct session *session,
               char ret_failure[static CREW_FAILURE_SIZE])
{
    pthread_mutex_lock(&crew->mutex);
    CHECK(session->state == SESSION_STANDS);
    session->state = SESSION_RUNS;
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&crew->mutex);
    return come_to_rest(crew, ret_failure);
}

void crew_take_changes(struct crew *crew, struct session *first, struct model *model)
{
    pthread_mutex_lock(&crew->mutex);
    for (struct session *session = first; session;) {
        if (session->committed_count > 0)
            model_apply(model, session->committed, session->committed_count);
        session->committed_count = 0;
        session = NULL;
        for (size_t i = 0; i < crew->count; i++) {
            struct session *other = &crew->sessions[i];
            if (other->committed_count > 0 && (!session || other->stamp < session->stamp))
                session = other;
        }
    }
    pthread_mutex_unlock(&crew->mutex);
}

void crew_release_all(struct crew *crew)
{
    struct timespec until = after_us(INT64_C(60) * 1000000);
    pthread_mutex_lock(&crew->mutex);
    crew->released = true;
    for (size_t i = 0; i < crew->count; i++) {
        struct session *session = &crew->sessions[i];
        if (session->state == SESSION_STANDS && session->at[0]) {
            session->state = SESSION_RUNS;
            pthread_cond_signal(&session->wake);
        } else if (session->state == SESSION_STANDS) {
            session->state = SESSION_ENDED; // it has not begun
        }
    }
    while (running(crew) != 0)
        CHECK(pthread_cond_timedwait(&crew->changed, &crew->mutex, &until) == 0);
    pthread_mutex_unlock(&crew->mutex);
}
