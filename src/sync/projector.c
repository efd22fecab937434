// SPDX-License-Identifier: Apache-2.0
//
// One step of a projector:
//
//     lease ──► read current state ──► embed ──► write vectors ──► acknowledge
//       │             │                  │            │                │
//       └─ died here, at any of these: the lease runs out and the rows are taken again. Embeddings
//          and vectors already written are found, or written again with the same contents.
//
// Invariants
//  1. An outbox row is removed only after the engine has confirmed the revision that the row
//     still has, or a later one.
//  2. What is written is read after the lease: the outbox holds no contents that could be old.
//  3. No lock in PostgreSQL is held while the model or the engine works; writers wait for neither.
//  4. A projector whose lease is more than half used up hands its rows back instead of writing.
//     A write that is late all the same loses in the engine to a higher revision, and
//     acknowledge.sql puts the row in again where the engine could not compare.
//  5. Memory is bounded by the batch.
//
// A row the engine refuses is found by halving its batch and put back alone with the reason; one
// that keeps failing becomes a dead letter. That it is the row's fault is known only where the
// engine takes others. One that takes none, or is not reachable, is nobody's: the step fails.
#include "sync/projector_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/assets.h"
#include "sync/lineage.h"
#include "vector/direction.h"

enum {
    LEASE_MS = 120000,
    ATTEMPTS_MAX = 8,
    PUT_BACK_MS = 2000, // of a batch that failed
    BATCH_BYTES_MAX = 64 << 20,
    CURRENT_COLUMNS = 15, // of current.sql
};

static_assert((int)PROJECTOR_BATCH_ROWS <= (int)VECTOR_BATCH_MAX,
              "the engine takes a batch at once");
static_assert((int)EMBED_DIMENSION == (int)VECTOR_DIMENSION, "what is computed is what is written");
static_assert(VECTOR_DIMENSION * sizeof(float) == 1536, "grove.embedding checks this size");
static_assert(ATTEMPTS_MAX > 1, "one failure makes no dead letter");

static void name_owner(char ret_owner[static PROJECTOR_OWNER_SIZE])
{
    unsigned long long number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (unsigned long long)clock_monotonic_us();
    int length = snprintf(ret_owner, PROJECTOR_OWNER_SIZE, "%ld/%016llx", (long)getpid(), number);
    CHECK(length > 0);
    CHECK(length < PROJECTOR_OWNER_SIZE); // a name that is cut may be another's
}

static int64_t lease_ms(void)
{
    int64_t milliseconds = KNOB(LEASE_MS, LEASE_MS);
    CHECK(milliseconds > 0);
    CHECK(milliseconds <= INT32_MAX); // lease.sql takes an integer
    return milliseconds;
}

// What a statement took, with the wait for a connection.
static enum grove_code end_run(struct projector_batch *batch, const char *file, int64_t start_us,
                               enum grove_code code, struct grove_error *error)
{
    CHECK(code == GROVE_OK || error->code == code);
    batch->report->seconds_database += (double)(clock_monotonic_us() - start_us) / 1e6;
    if (code != GROVE_OK)
        error_context(error, "running %s of the projector", file);
    return code;
}

enum grove_code projector_run(struct projector_batch *batch, const char *file,
                              const struct pg_params *params, struct pg_rows *ret_rows,
                              struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us();
    enum grove_code code =
        store_query(batch->store, batch->call, &batch->arena, file, params, ret_rows, error);
    return end_run(batch, file, start_us, code, error);
}

// --- lease ------------------------------------------------------------------------------------

static enum grove_code take_leased(struct projector_batch *batch, const struct pg_rows *rows,
                                   struct grove_error *error)
{
    CHECK(batch->count == 0);
    CHECK(rows->columns == 3);
    batch->count = (size_t)rows->count;
    batch->content_ids = arena_alloc_array(&batch->arena, batch->count, sizeof(int32_t));
    batch->revisions = arena_alloc_array(&batch->arena, batch->count, sizeof(int64_t));
    if (!batch->content_ids || !batch->revisions)
        return error_no_memory(error, "a batch of the outbox");
    for (int r = 0; r < rows->count; r++) {
        batch->content_ids[r] = pg_int4(rows, r, 0);
        batch->revisions[r] = pg_int8(rows, r, 1);
        batch->generation = pg_int8(rows, r, 2); // of one statement: the same in all
    }
    CHECK(batch->generation >= 0);
    return GROVE_OK;
}

// A lease names the session that takes it, which the statement is told as well. It is planned anew
// each time: a plan from the time of an empty outbox reads all of it for each row of it.
static enum grove_code run_lease(struct projector_batch *batch, const char *file,
                                 struct pg_params *params, struct pg_rows *ret_rows,
                                 struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us();
    struct pg_conn *conn = NULL;
    enum grove_code code = pg_take(batch->store->pool, batch->call, &conn, error);
    if (code == GROVE_OK) {
        pg_add_int4(params, pg_session_pid(conn));
        code = store_query_planned_on(conn, &batch->arena, file, params, ret_rows, error);
    }
    pg_give(&conn);
    return end_run(batch, file, start_us, code, error);
}

// Leases what is due; with `content_ids` these contents instead, whatever their time.
static enum grove_code lease(struct projector_batch *batch, const int32_t *content_ids,
                             size_t count, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    enum grove_code code = INJECT(PROJECTOR_LEASE, error);
    if (code != GROVE_OK)
        return code;
    CHECK(batch->leased_at_us == 0);
    batch->leased_at_us = clock_monotonic_us();
    if (content_ids)
        pg_add_int4_array(&params, &batch->arena, content_ids, count);
    else
        pg_add_int4(&params, PROJECTOR_BATCH_ROWS);
    pg_add_text(&params, text_of(batch->owner));
    pg_add_int4(&params, (int32_t)lease_ms());
    pg_add_text(&params, text_of(embed_model_id(batch->precision)));
    code = run_lease(batch, content_ids ? "lease_these.sql" : "lease.sql", &params, &rows, error);
    if (code == GROVE_OK)
        code = take_leased(batch, &rows, error);
    CHECK(batch->count <= (content_ids ? count : PROJECTOR_BATCH_ROWS));
    return code == GROVE_OK ? INJECT(PROJECTOR_LEASED, error) : code;
}

// --- read -------------------------------------------------------------------------------------

static int64_t int4_or_none(const struct pg_rows *rows, int row, int column)
{
    return pg_is_null(rows, row, column) ? VECTOR_NONE : pg_int4(rows, row, column);
}

// NULL where there is none of the current text; and where there is one that cannot be compared,
// whoever put it there: then *ret_reason says why.
static const float *read_vector(const struct pg_rows *rows, int r, const char **ret_reason)
{
    *ret_reason = NULL;
    return pg_is_null(rows, r, 9) ? direction_read(pg_bytea(rows, r, 8), ret_reason) : NULL;
}

static void take_point(struct projector_batch *batch, const struct pg_rows *rows, int r)
{
    const char *reason;
    const float *vector = read_vector(rows, r, &reason);
    CHECK(batch->point_count < batch->count);
    if (reason)
        batch->unusable[batch->unusable_count++] = (struct unusable){pg_int4(rows, r, 0), reason};
    batch->texts[batch->point_count] = pg_text(rows, r, 9);
    batch->points[batch->point_count++] = (struct vector_point){
        .content_id = pg_int4(rows, r, 0),
        .revision = pg_int8(rows, r, 1) + batch->generation,
        .hierarchy_table = pg_text(rows, r, 2),
        .leaf_id = pg_int4(rows, r, 3),
        .branch_id = pg_is_null(rows, r, 13) ? 0 : pg_int4(rows, r, 13),
        .limb_id = pg_is_null(rows, r, 14) ? 0 : pg_int4(rows, r, 14),
        .content_type = pg_text(rows, r, 4),
        .chunk_number = int4_or_none(rows, r, 5),
        .word_count = int4_or_none(rows, r, 6),
        .created_at_us = pg_timestamp(rows, r, 7),
        .vector = vector,
    };
}

static enum grove_code query_current(struct projector_batch *batch, const int32_t *useless,
                                     size_t count, struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_int4_array(&params, &batch->arena, batch->content_ids, batch->count);
    pg_add_text(&params, text_of(embed_model_id(batch->precision)));
    pg_add_int4_array(&params, &batch->arena, useless, count);
    enum grove_code code = projector_run(batch, "current.sql", &params, ret, error);
    CHECK(code != GROVE_OK || ret->columns == CURRENT_COLUMNS);
    CHECK(code != GROVE_OK || (size_t)ret->count <= batch->count);
    return code;
}

// Vectors that were supplied under another model, when the database had that one or was just about
// to leave it, are taken over first.
static enum grove_code read_adopted(struct projector_batch *batch, struct pg_rows *ret,
                                    struct grove_error *error)
{
    size_t count = 0;
    int32_t *elsewhere = arena_alloc_array(&batch->arena, batch->count, sizeof *elsewhere);
    if (!elsewhere)
        return error_no_memory(error, "a batch of the outbox");
    enum grove_code code = query_current(batch, elsewhere, 0, ret, error);
    if (code != GROVE_OK)
        return code;
    for (int r = 0; r < ret->count; r++)
        if (pg_bool(ret, r, 12))
            elsewhere[count++] = pg_int4(ret, r, 0);
    if (count == 0)
        return GROVE_OK;
    struct pg_params params = {0};
    struct pg_rows none;
    pg_add_int4_array(&params, &batch->arena, elsewhere, count);
    pg_add_text(&params, text_of(embed_model_id(batch->precision)));
    code = projector_run(batch, "adopt_vectors.sql", &params, &none, error);
    return code == GROVE_OK ? query_current(batch, elsewhere, 0, ret, error) : code;
}

// A vector that was computed, or is a placeholder, and that cannot be compared is computed anew:
// all rows are read again, those with the texts to embed.
static enum grove_code read_rows(struct projector_batch *batch, struct pg_rows *ret,
                                 struct grove_error *error)
{
    size_t count = 0;
    int32_t *useless = arena_alloc_array(&batch->arena, batch->count, sizeof *useless);
    if (!useless)
        return error_no_memory(error, "a batch of the outbox");
    enum grove_code code = read_adopted(batch, ret, error);
    if (code != GROVE_OK)
        return code;
    for (int r = 0; r < ret->count; r++) {
        const char *reason;
        bool usable = read_vector(ret, r, &reason) || !reason;
        if (!usable && !text_equal(pg_text(ret, r, 11), text_of("supplied")))
            useless[count++] = pg_int4(ret, r, 0);
    }
    return count == 0 ? GROVE_OK : query_current(batch, useless, count, ret, error);
}

enum grove_code projector_read_current(struct projector_batch *batch, struct grove_error *error)
{
    CHECK(batch->count > 0);
    CHECK(!batch->points); // once
    struct pg_rows rows = {.count = 0};
    enum grove_code code = read_rows(batch, &rows, error);
    if (code != GROVE_OK)
        return code;
    batch->points = arena_alloc_array(&batch->arena, batch->count, sizeof *batch->points);
    batch->texts = arena_alloc_array(&batch->arena, batch->count, sizeof *batch->texts);
    batch->removed_ids = arena_alloc_array(&batch->arena, batch->count, sizeof(int32_t));
    batch->removed_revisions = arena_alloc_array(&batch->arena, batch->count, sizeof(int64_t));
    batch->unusable = arena_alloc_array(&batch->arena, batch->count, sizeof *batch->unusable);
    if (!batch->points || !batch->texts || !batch->removed_ids || !batch->removed_revisions ||
        !batch->unusable)
        return error_no_memory(error, "a batch of the outbox");

    for (int r = 0; r < rows.count; r++) {
        take_point(batch, &rows, r);
        batch->superseded |= pg_int8(&rows, r, 10) != batch->generation;
    }
    for (size_t i = 0; i < batch->count; i++) {
        size_t p = 0;
        while (p < batch->point_count && batch->points[p].content_id != batch->content_ids[i])
            p++;
        if (p < batch->point_count) {
            batch->revisions[i] = batch->points[p].revision - batch->generation;
            continue;
        }
        batch->removed_ids[batch->removed_count] = batch->content_ids[i];
        batch->removed_revisions[batch->removed_count++] = batch->revisions[i] + batch->generation;
    }
    CHECK(batch->point_count + batch->removed_count == batch->count);
    return GROVE_OK;
}

// --- put back ---------------------------------------------------------------------------------

// attempts_max: after so many that count a row is dead; 0: this one does not count.
static enum grove_code put_back_until(struct projector_batch *batch, const int32_t *content_ids,
                                      size_t count, int attempts_max, const char *reason,
                                      struct grove_error *error)
{
    bool counts = attempts_max > 0;
    CHECK(count <= batch->count);
    CHECK(reason); // of a dead letter it is all that is left
    struct pg_params params = {0};
    pg_add_int4_array(&params, &batch->arena, content_ids, count);
    pg_add_text(&params, text_of(batch->owner));
    pg_add_text(&params, text_of(reason));
    pg_add_bool(&params, counts);
    pg_add_int4(&params, counts ? attempts_max : ATTEMPTS_MAX);
    struct pg_rows rows;
    enum grove_code code = projector_run(batch, "put_back.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK((size_t)rows.count <= count);
    for (int r = 0; r < rows.count; r++) {
        CHECK(counts || !pg_bool(&rows, r, 0)); // only what was counted may end as a dead letter
        batch->report->dead += pg_bool(&rows, r, 0);
    }
    if (counts)
        batch->report->failed += (int64_t)count;
    return GROVE_OK;
}

enum grove_code projector_put_back(struct projector_batch *batch, const int32_t *content_ids,
                                   size_t count, bool counts, const char *reason,
                                   struct grove_error *error)
{
    return put_back_until(batch, content_ids, count, counts ? ATTEMPTS_MAX : 0, reason, error);
}

void projector_forbid(struct projector_batch *batch, int32_t content_id)
{
    size_t found = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->content_ids[i] == content_id) {
            batch->revisions[i] = -1;
            found++;
        }
    CHECK(found == 1);
}

void projector_forget_row(struct projector_batch *batch, int32_t content_id)
{
    size_t kept = 0;
    projector_forbid(batch, content_id);
    for (size_t p = 0; p < batch->point_count; p++) {
        if (batch->points[p].content_id == content_id)
            continue;
        batch->texts[kept] = batch->texts[p];
        batch->points[kept++] = batch->points[p];
    }
    CHECK(kept + 1 == batch->point_count);
    batch->point_count = kept;
}

// A row that no attempt makes another is a dead letter at once, and the others go on.
static enum grove_code give_up(struct projector_batch *batch, int32_t content_id,
                               const char *reason, struct grove_error *error)
{
    snprintf(batch->report->last_error, sizeof batch->report->last_error, "content %d: %s",
             content_id, reason);
    projector_forget_row(batch, content_id);
    return put_back_until(batch, &content_id, 1, 1, reason, error);
}

static enum grove_code give_up_negative(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t p = 0; code == GROVE_OK && p < batch->point_count;) {
        if (batch->points[p].content_id >= 0)
            p++;
        else
            code = give_up(batch, batch->points[p].content_id,
                           "the vector engine has no negative ids: each search has PostgreSQL "
                           "compare it, which costs more than a positive id would",
                           error);
    }
    return code;
}

// A vector that was supplied is somebody's word.
static enum grove_code give_up_unusable(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    char reason[256];
    for (size_t i = 0; code == GROVE_OK && i < batch->unusable_count; i++) {
        const struct unusable *row = &batch->unusable[i];
        snprintf(reason, sizeof reason,
                 "its supplied vector cannot be compared: %s; load the content with another, or "
                 "delete its row of grove.embedding to have one computed, then grove sync "
                 "--retry-dead",
                 row->reason);
        if (row->content_id >= 0) // else it was given up already
            code = give_up(batch, row->content_id, reason, error);
    }
    DCHECK(code != GROVE_OK || projector_batch_check(batch) == NULL);
    return code;
}

// --- write ------------------------------------------------------------------------------------

// But what this batch has leased: that is written afterwards.
static enum grove_code enqueue_all(struct projector_batch *batch, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(batch->owner[0]);
    pg_add_text(&params, text_of(batch->owner));
    return projector_run(batch, "enqueue_all.sql", &params, &rows, error);
}

// The collection is gone, and every point with it. The rows are put into the outbox before the
// collection is made: a death in between leaves no collection, and this is done again.
static enum grove_code restore_collection(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = enqueue_all(batch, error);
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_ENQUEUED, error);
    if (code == GROVE_OK)
        code = vector_ensure_collection(batch->store->engine, batch->call, error);
    if (code != GROVE_OK)
        return code;
    atomic_store(&batch->store->lineage_known_at_us, 0); // its mark has gone with it
    code = lineage_check(batch->store, batch->call, error);
    store_projected(batch->store, batch->history);
    return code;
}

static enum grove_code write_points(struct projector_batch *batch, struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us();
    enum grove_code code = GROVE_OK;
    CHECK(batch->points);
    CHECK(!batch->superseded); // vectors of two models never mix
    if (batch->point_count > 0)
        code = projector_upsert(batch, error);
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_UPSERTED, error);
    if (code == GROVE_OK && batch->removed_count > 0)
        code = vector_remove(batch->store->engine, batch->call, batch->removed_ids,
                             batch->removed_revisions, batch->removed_count, error);
    batch->report->seconds_vectors += (double)(clock_monotonic_us() - start_us) / 1e6;
    return code;
}

static enum grove_code write_or_restore(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = write_points(batch, error);
    if (code == GROVE_OK || !vector_lacks_collection(error))
        return code;
    code = restore_collection(batch, error);
    return code == GROVE_OK ? write_points(batch, error) : code;
}

// The collection may go between the write and the look.
static enum grove_code look_or_restore(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = projector_look(batch, error);
    if (code == GROVE_OK || !vector_lacks_collection(error))
        return code;
    code = restore_collection(batch, error);
    if (code == GROVE_OK)
        code = write_points(batch, error);
    return code == GROVE_OK ? projector_look(batch, error) : code;
}

// --- the step ---------------------------------------------------------------------------------

bool projector_has_time(const struct projector_batch *batch)
{
    CHECK(batch->leased_at_us > 0);
    return clock_monotonic_us() - batch->leased_at_us < lease_ms() * 1000 / 2;
}

static enum grove_code check_lease(const struct projector_batch *batch, struct grove_error *error)
{
    if (projector_has_time(batch))
        return GROVE_OK;
    return error_set(error, GROVE_TIMEOUT, "%zu rows took more than half of their lease",
                     batch->count);
}

static const char EMBEDDED_LATE[] = "embedding took more than half of a lease";

// From what is leased to what is acknowledged.
static enum grove_code bring_up(struct projector_batch *batch, struct grove_error *error)
{
    CHECK(batch->count > 0);
    int64_t embedded = batch->report->embedded;
    enum grove_code code = projector_check_collection(batch, error);
    if (code == GROVE_OK)
        code = projector_read_current(batch, error);
    if (code == GROVE_OK && batch->superseded)
        return projector_put_back(batch, batch->content_ids, batch->count, false,
                                  "the database changed to vectors of another model", error);
    if (code == GROVE_OK)
        code = give_up_negative(batch, error);
    if (code == GROVE_OK)
        code = give_up_unusable(batch, error);
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_READ, error);
    if (code == GROVE_OK)
        code = projector_embed_missing(batch, error);
    // On a slow machine, or beside others. The vectors are kept: whoever is next only writes.
    if (code == GROVE_OK && batch->report->embedded > embedded && !projector_has_time(batch))
        return projector_put_back(batch, batch->content_ids, batch->count, false, EMBEDDED_LATE,
                                  error);
    if (code == GROVE_OK)
        code = check_lease(batch, error);
    if (code == GROVE_OK)
        code = projector_check_collection(batch, error); // that took its time
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_WRITE, error);
    if (code == GROVE_OK)
        code = write_or_restore(batch, error);
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_WRITTEN, error);
    if (code == GROVE_OK)
        code = look_or_restore(batch, error);
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_SEEN, error);
    if (code == GROVE_OK)
        return projector_acknowledge(batch, error);
    // Best effort, in a time of its own: the call may be over. Should this fail too, the lease runs
    // out by itself.
    struct grove_error ignored;
    struct call last;
    call_init(&last);
    call_within(&last, PUT_BACK_MS);
    batch->call = &last;
    if (INJECT(PROJECTOR_PUT_BACK, &ignored) == GROVE_OK)
        (void)!projector_put_back(batch, batch->content_ids, batch->count, false, error->message,
                                  &ignored);
    batch->call = NULL;
    return code;
}

void projector_batch_init(struct projector_batch *batch, struct store *store, struct call *call,
                          struct projector_report *report)
{
    *batch = (struct projector_batch){.store = store, .call = call, .report = report};
    arena_init(&batch->arena, BATCH_BYTES_MAX);
    name_owner(batch->owner);
    batch->precision = store_precision(store);
    CHECK(batch->owner[0]);
    CHECK(batch->report);
}

static enum grove_code project_batch(struct projector_batch *batch, struct grove_error *error)
{
    enum grove_code code = bring_up(batch, error);
    if (code != GROVE_OK || batch->superseded)
        return code;
    code = projector_enqueue_late(batch, error);
    if (code == GROVE_OK)
        code = INJECT(PROJECTOR_ACKNOWLEDGED, error);
    return code == GROVE_OK ? projector_upkeep(batch, error) : code;
}

enum grove_code projector_prepare(struct store *store, struct call *call, struct grove_error *error)
{
    struct vector_info info;
    enum grove_code code = vector_info(store->engine, call, &info, error);
    if (code == GROVE_OK)
        code = lineage_check(store, call, error);
    if (code == GROVE_OK)
        return vector_ensure_collection(store->engine, call, error);
    if (!vector_lacks_collection(error))
        return code;
    struct projector_report report = {0};
    struct projector_batch batch;
    projector_batch_init(&batch, store, call, &report);
    code = restore_collection(&batch, error);
    arena_release(&batch.arena);
    return code;
}

enum grove_code projector_refill(struct store *store, struct call *call, struct grove_error *error)
{
    struct projector_report report = {0};
    struct projector_batch batch;
    char doubt[STORE_DOUBT_SIZE];
    bool lacks = false;
    if (store_is_doubted(store, doubt))
        return GROVE_OK; // the comparison finds what is missing, and leaves what is equal
    projector_batch_init(&batch, store, call, &report);
    enum grove_code code = projector_lacks_points(store, call, &lacks, error);
    if (code == GROVE_OK && lacks)
        code = enqueue_all(&batch, error);
    arena_release(&batch.arena);
    return code;
}

// What is to become contents becomes so first. Where that fails, what are contents already does not
// wait for it: it is told when nothing else is left.
enum grove_code projector_step_unnoted(struct store *store, struct call *call,
                                       struct projector_report *report, bool *ret_idle,
                                       struct grove_error *error)
{
    struct grove_error taking = {.code = GROVE_OK};
    bool settled = false, took = false;
    enum grove_code code = call_check(call, error);
    if (code == GROVE_OK)
        code = projector_settle(store, call, report, &settled, error);
    if (code == GROVE_OK && !settled)
        *ret_idle = true;
    if (code != GROVE_OK || !settled)
        return code;
    projector_take_in(store, call, &took, &taking);
    struct projector_batch batch;
    projector_batch_init(&batch, store, call, report);
    code = lease(&batch, NULL, 0, error);
    if (code == GROVE_OK) {
        *ret_idle = batch.count == 0;
        code = batch.count > 0 ? project_batch(&batch, error)
                               : projector_number(&batch, ret_idle, error);
        if (code == GROVE_OK && *ret_idle)
            code = projector_fill(&batch, ret_idle, error);
        if (code == GROVE_OK && *ret_idle)
            code = projector_find_long(&batch, ret_idle, error);
    }
    arena_release(&batch.arena);
    return projector_end_step(code, took, &taking, ret_idle, error);
}

enum grove_code projector_apply_unnoted(struct store *store, struct call *call,
                                        const int32_t *content_ids, size_t count,
                                        struct projector_report *report, struct grove_error *error)
{
    CHECK(count <= VECTOR_BATCH_MAX);
    CHECK(content_ids || count == 0);
    if (count == 0)
        return GROVE_OK;
    bool settled; // if not, nothing can be leased
    enum grove_code code = projector_settle(store, call, report, &settled, error);
    if (code != GROVE_OK || !settled)
        return code;
    struct projector_batch batch;
    projector_batch_init(&batch, store, call, report);
    code = lease(&batch, content_ids, count, error);
    if (code == GROVE_OK && batch.count > 0)
        code = project_batch(&batch, error);
    arena_release(&batch.arena);
    return code;
}

enum grove_code projector_revive(struct store *store, struct call *call, struct grove_error *error)
{
    struct projector_report unused = {0};
    struct projector_batch batch;
    projector_batch_init(&batch, store, call, &unused);
    struct pg_rows rows;
    enum grove_code code = projector_run(&batch, "revive.sql", NULL, &rows, error);
    arena_release(&batch.arena);
    return code;
}
