// SPDX-License-Identifier: Apache-2.0
#include "content/project.h"

#include "base/check.h"
#include "base/inject.h"
#include "sync/projector.h"
#include "vector/engine.h"

enum {
    PATIENCE_MS = 3000, // of a load, with projectors that have leased its rows
    PAUSE_MS = 50,
};

struct projecting projecting_of(struct store *store, struct call *call)
{
    return (struct projecting){store, call, (unsigned)KNOB(LOAD_PATIENCE_MS, PATIENCE_MS)};
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
        enum grove_code code =
            projector_apply(projecting->store, content_ids, count, report, error);
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
    struct projector_report report = {0};
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
