// SPDX-License-Identifier: Apache-2.0
#include "content/project.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/background.h"
#include "base/check.h"
#include "base/inject.h"
#include "sync/projector.h"
#include "vector/engine.h"

enum {
    PATIENCE_MS = 3000, // of a load, with projectors that have leased its rows
    PAUSE_MS = 50,
    // A batch that was begun is finished, even where the load's time is over by then.
    FINISH_MS = 2000,
};

struct projecting projecting_of(struct store *store, struct call *call)
{
    return (struct projecting){store, call, (unsigned)KNOB(LOAD_PATIENCE_MS, PATIENCE_MS), NULL};
}

static enum grove_code count_pending(struct projecting *projecting, const int32_t *content_ids,
                                     size_t count, int64_t *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    pg_add_int4_array(&params, &arena, content_ids, count);
    enum grove_code code = store_query(projecting->store, projecting->call, &arena,
                                       "pending_of.sql", &params, &rows, error);
    if (code == GROVE_OK)
        *ret = pg_int8(&rows, 0, 0);
    arena_release(&arena);
    return code;
}

// Rows that did not change are projected, too, where they wait in the outbox: a load that was
// killed leaves such. What another projector has leased is its to write; it is waited for, but not
// for as long as a dead one's lease lasts.
static enum grove_code apply(struct projecting *projecting, const int32_t *content_ids,
                             size_t count, struct projector_report *report, int64_t *ret_pending,
                             struct grove_error *error)
{
    for (;;) {
        int64_t written = report->upserted;
        struct call finishing = call_after(projecting->call, FINISH_MS);
        enum grove_code code =
            projector_apply(projecting->store, &finishing, content_ids, count, report, error);
        if (projecting->call)
            call_add_counters(projecting->call, &finishing);
        if (code != GROVE_OK)
            return code;
        *ret_pending = 0;
        if (report->upserted - written < (int64_t)count)
            code = count_pending(projecting, content_ids, count, ret_pending, error);
        if (code != GROVE_OK || *ret_pending == 0 || report->failed + report->dead > 0 ||
            projecting->patience_ms < PAUSE_MS || !call_pause(projecting->call, PAUSE_MS))
            return code;
        projecting->patience_ms -= PAUSE_MS;
    }
}

enum grove_code project_contents(struct projecting *projecting, const int32_t *content_ids,
                                 size_t count, struct grove_load_progress *progress,
                                 struct grove_error *error)
{
    struct projector_report report = {.kind = PROJECTOR_LOAD};
    int64_t pending = 0;
    CHECK(count <= VECTOR_BATCH_MAX);
    enum grove_code code = apply(projecting, content_ids, count, &report, &pending, error);
    progress->rows_embedded += report.embedded;
    progress->rows_cut += report.cut;
    progress->rows_projected += report.upserted;
    progress->rows_pending += pending;
    progress->seconds_database += report.seconds_database;
    progress->seconds_embedding += report.seconds_embedding;
    progress->seconds_vectors += report.seconds_vectors;
    if (code == GROVE_OK && report.failed + report.dead > 0) {
        code = error_set(error, GROVE_ENGINE, "%lld rows could not be made searchable",
                         (long long)(report.failed + report.dead));
        error_detail(error, "%s", report.last_error);
    }
    if (code != GROVE_OK && code != GROVE_CANCELLED)
        error_hint(error, "the rows are in PostgreSQL; \"grove sync\" makes them searchable");
    return code;
}

// --- beside the caller ---------------------------------------------------------------------------

// Its own from the thread's beginning to its end.
struct beside {
    struct projecting projecting;
    struct call call;
    int32_t content_ids[VECTOR_BATCH_MAX];
    size_t count;
    struct grove_load_progress progress;
    struct grove_error error;
    enum grove_code code;
    pthread_t thread;
    bool threaded;
};

static void *project_beside(void *argument)
{
    struct beside *self = argument;
    self->code = project_contents(&self->projecting, self->content_ids, self->count,
                                  &self->progress, &self->error);
    return NULL;
}

enum grove_code project_begin(struct projecting *projecting, const int32_t *content_ids,
                              size_t count, struct grove_error *error)
{
    CHECK(!projecting->beside);
    CHECK(count <= VECTOR_BATCH_MAX);
    struct beside *self = mem_zalloc(sizeof *self);
    if (!self)
        return error_no_memory(error, "rows to make searchable");
    self->call = call_part(projecting->call);
    self->projecting = *projecting;
    self->projecting.call = &self->call;
    self->count = count;
    if (count > 0)
        memcpy(self->content_ids, content_ids, count * sizeof *content_ids);
    projecting->beside = self;
    self->threaded = background_create_thread(&self->thread, false, project_beside, self) == 0;
    if (!self->threaded)
        project_beside(self);
    return GROVE_OK;
}

enum grove_code project_end(struct projecting *projecting, struct grove_load_progress *progress,
                            struct grove_error *error)
{
    struct beside *self = projecting->beside;
    if (!self)
        return GROVE_OK;
    if (self->threaded)
        pthread_join(self->thread, NULL);
    const struct grove_load_progress *did = &self->progress;
    enum grove_code code = self->code;
    progress->rows_embedded += did->rows_embedded;
    progress->rows_cut += did->rows_cut;
    progress->rows_projected += did->rows_projected;
    progress->rows_pending += did->rows_pending;
    progress->seconds_database += did->seconds_database;
    progress->seconds_embedding += did->seconds_embedding;
    progress->seconds_vectors += did->seconds_vectors;
    projecting->patience_ms = self->projecting.patience_ms;
    if (projecting->call)
        call_add_counters(projecting->call, &self->call);
    if (code != GROVE_OK)
        *error = self->error;
    projecting->beside = NULL;
    mem_free(self);
    return code == GROVE_OK ? INJECT(LOAD_PROJECTED, error) : code;
}
