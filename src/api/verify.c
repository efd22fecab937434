// SPDX-License-Identifier: Apache-2.0
//
// The calls of grove/stores.h that compare both stores: the module's functions with a handle, and a
// path that has become numbers.
#include "sync/verify.h"

#include <assert.h>
#include <string.h>

#include "api/handle.h"
#include "api/request.h"
#include "base/clock.h"
#include "grove/stores.h"
#include "query/predicate.h"
#include "sync/lineage.h"

enum { PLACE_BYTES_MAX = 64 << 20, IDS_MAX = 100000, POINT_ID_SIZE = VECTOR_STRANGER_SIZE };

static_assert((int)GROVE_DIFFERENCE_KINDS == (int)VERIFY_KINDS, "one for one");
static_assert((int)GROVE_DIFFERENCE_MISSING == (int)VERIFY_MISSING &&
                  (int)GROVE_DIFFERENCE_ALIEN == (int)VERIFY_ALIEN &&
                  (int)GROVE_DIFFERENCE_DEAD == (int)VERIFY_DEAD,
              "as they are ordered");
// NOLINTNEXTLINE(misc-redundant-expression): two definitions of one number
static_assert(GROVE_NULL == VECTOR_NONE, "no revision");

GROVE_API const char *grove_difference_name(enum grove_difference_kind kind)
{
    return (unsigned)kind < VERIFY_KINDS ? verify_kind_name((enum verify_kind)kind) : "other";
}

// --- what a caller is told -----------------------------------------------------------------------

struct telling {
    void (*on_difference)(void *state, const struct grove_difference *difference);
    void (*on_progress)(void *state, const struct grove_verify_progress *progress);
    void *state;
};

static void on_difference(void *state, const struct verify_difference *difference)
{
    const struct telling *telling = state;
    char point_id[POINT_ID_SIZE];
    struct text id = difference->point_id;
    if (!telling->on_difference)
        return;
    if (id.length > 1 && id.data[0] == '"') // a UUID, without its quotes
        id = (struct text){id.data + 1, id.length - 2};
    size_t length = id.length < sizeof point_id ? id.length : sizeof point_id - 1;
    if (id.data)
        memcpy(point_id, id.data, length);
    point_id[length] = '\0';
    telling->on_difference(telling->state,
                           &(struct grove_difference){
                               .kind = (enum grove_difference_kind)difference->kind,
                               .content_id = difference->content_id,
                               .point_id = id.data ? point_id : NULL,
                               .content_revision = difference->content_revision,
                               .point_revision = difference->point_revision,
                               .detail = difference->detail[0] ? difference->detail : NULL,
                           });
}

static void on_progress(void *state, const struct verify_progress *progress)
{
    const struct telling *telling = state;
    if (telling->on_progress)
        telling->on_progress(telling->state,
                             &(struct grove_verify_progress){.contents = progress->contents,
                                                             .fraction = progress->fraction,
                                                             .seconds = progress->seconds});
}

static void fill_report(const struct verify_request *request, const struct verify_report *report,
                        struct grove_verify_report *ret)
{
    *ret = (struct grove_verify_report){
        .equal = verify_differences(report->kinds) == 0,
        .quick = request->quick,
        .resumed = report->resumed,
        .noted = report->noted,
        .contents = report->contents,
        .points = report->points,
        .proven = report->proven,
        .differences = verify_differences(report->kinds),
        .seconds = report->seconds,
    };
    memcpy(ret->kinds, report->kinds, sizeof ret->kinds);
}

// --- where ---------------------------------------------------------------------------------------

// What a scope borrows from.
struct place {
    struct arena arena;
    struct predicate predicate;
    struct vector_filter filter;
};

static enum grove_code find_place(struct grove *grove, struct call *call, const char *path,
                                  struct place *place, struct verify_scope *ret,
                                  struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    struct grove_filter filter = {.path = path};
    if (!path)
        return GROVE_OK;
    enum grove_code code = predicate_check(&filter, &place->arena, &place->predicate, error);
    if (code == GROVE_OK)
        code = pg_take(grove->store.pool, call, &conn, error);
    if (code == GROVE_OK)
        code = predicate_resolve(&place->predicate, conn, &place->arena, error);
    pg_give(&conn);
    if (code != GROVE_OK)
        return code;
    place->filter = predicate_for_engine(&place->predicate);
    *ret = (struct verify_scope){
        .path = path,
        .filter = &place->filter,
        .hierarchy_table = place->predicate.hierarchy_table,
        .place = place->predicate.place,
        .place_depth = place->predicate.place_depth,
    };
    return GROVE_OK;
}

static enum grove_code hint_at_sync(enum grove_code code, struct grove_error *error)
{
    if (code != GROVE_OK && vector_lacks_collection(error))
        error_hint(error, "nothing can be compared with it; grove sync makes it, and fills it");
    return code;
}

// --- verify --------------------------------------------------------------------------------------

GROVE_API enum grove_code grove_verify_sized(size_t size_bytes, struct grove *grove,
                                             const struct grove_verify_request *request,
                                             struct grove_verify_report *ret,
                                             struct grove_error *error)
{
    struct grove_verify_request copy;
    struct grove_verify_report answer = {.equal = false};
    struct verify_report report = {.contents = 0};
    struct place place = {.predicate = {.has_path = false}};
    struct call call;
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, request, error);
    if (code != GROVE_OK)
        return code;
    struct telling telling = {copy.on_difference, copy.on_progress, copy.state};
    struct verify_request asked = {.quick = copy.quick,
                                   .resume = copy.resume,
                                   .rows_per_second = copy.rows_per_second,
                                   .on_difference = on_difference,
                                   .on_progress = on_progress,
                                   .state = &telling};
    if (copy.rows_per_second < 0)
        return error_set(error, GROVE_INVALID, "fewer than no rows a second");
    arena_init(&place.arena, PLACE_BYTES_MAX);
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &call, error);
    if (code == GROVE_OK)
        code = find_place(grove, &call, copy.path, &place, &asked.scope, error);
    if (code == GROVE_OK)
        code = lineage_look(&grove->store, &call, error);
    if (code == GROVE_OK)
        code = verify(&grove->store, &call, &asked, &report, error);
    fill_report(&asked, &report, &answer);
    arena_release(&place.arena);
    report_give(ret, size_bytes, &answer, sizeof answer);
    return hint_at_sync(handle_failed(grove, &call, code, error), error);
}

// --- repair --------------------------------------------------------------------------------------

struct repairing {
    struct grove *grove;
    struct call call;
    const struct grove_repair_request *request;
    struct verify_request asked;
    struct verify_report found;
    struct grove_repair_report report;
};

static void add_report(struct verify_report *sum, const struct verify_report *part)
{
    sum->contents += part->contents;
    sum->points += part->points;
    sum->mended += part->mended;
    for (int kind = 0; kind < VERIFY_KINDS; kind++)
        sum->kinds[kind] += part->kinds[kind];
}

static enum grove_code repair_ids(struct repairing *self, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    size_t count = self->request->content_id_count;
    for (size_t at = 0; code == GROVE_OK && at < count; at += VECTOR_BATCH_MAX) {
        struct verify_report part = {.contents = 0};
        size_t left = count - at;
        code = verify_contents(
            &self->grove->store, &self->call, &self->asked, self->request->content_ids + at,
            left < VECTOR_BATCH_MAX ? left : (size_t)VECTOR_BATCH_MAX, &part, error);
        add_report(&self->found, &part);
    }
    return code;
}

// What was enqueued is projected; what others project meanwhile is theirs.
static enum grove_code project_mended(struct repairing *self, struct grove_error *error)
{
    struct projector_report done = {.kind = PROJECTOR_REPAIR};
    struct projector_backlog backlog;
    struct store *store = &self->grove->store;
    enum grove_code code = GROVE_OK;
    if (self->found.mended > 0)
        code = projector_drain(store, &self->call, &projector_patient, &done, error);
    if (code == GROVE_OK)
        code = projector_backlog(store, &self->call, &backlog, error);
    if (code == GROVE_OK) {
        self->report.pending = backlog.pending;
        self->report.dead = backlog.dead;
    }
    return code;
}

static enum grove_code repair(struct repairing *self, struct grove_error *error)
{
    struct place place = {.predicate = {.has_path = false}};
    arena_init(&place.arena, PLACE_BYTES_MAX);
    enum grove_code code = find_place(self->grove, &self->call, self->request->path, &place,
                                      &self->asked.scope, error);
    // A collection that is not there is made, and what it should hold goes into the outbox.
    if (code == GROVE_OK)
        code = self->request->dry_run ? lineage_look(&self->grove->store, &self->call, error)
                                      : projector_prepare(&self->grove->store, &self->call, error);
    if (code == GROVE_OK && self->request->content_ids)
        code = repair_ids(self, error);
    else if (code == GROVE_OK)
        code = verify(&self->grove->store, &self->call, &self->asked, &self->found, error);
    arena_release(&place.arena);
    return code == GROVE_OK ? project_mended(self, error) : code;
}

static enum grove_code check_request(const struct grove_repair_request *request,
                                     struct grove_error *error)
{
    if (request->content_ids && request->path)
        return error_set(error, GROVE_INVALID, "contents to repair, and a path as well");
    if (request->content_id_count > IDS_MAX)
        return error_set(error, GROVE_LIMIT, "%zu contents at once, at most %d",
                         request->content_id_count, IDS_MAX);
    if (request->rows_per_second < 0)
        return error_set(error, GROVE_INVALID, "fewer than no rows a second");
    return GROVE_OK;
}

GROVE_API enum grove_code grove_repair_sized(size_t size_bytes, struct grove *grove,
                                             const struct grove_repair_request *request,
                                             struct grove_repair_report *ret,
                                             struct grove_error *error)
{
    struct grove_repair_request copy;
    struct repairing self = {.grove = grove, .request = &copy};
    int64_t began_us = clock_monotonic_us();
    enum grove_code code = OPTIONAL_REQUEST_TAKE(&copy, request, error);
    if (code == GROVE_OK)
        code = check_request(&copy, error);
    if (code != GROVE_OK)
        return code;
    struct telling telling = {copy.on_difference, copy.on_progress, copy.state};
    self.asked = (struct verify_request){.quick = copy.quick,
                                         .rows_per_second = copy.rows_per_second,
                                         .mend = !copy.dry_run,
                                         .aliens = copy.aliens,
                                         .unnoted = true,
                                         .on_difference = on_difference,
                                         .on_progress = on_progress,
                                         .state = &telling};
    code = handle_enter(grove, HANDLE_TASK, &copy.limits, &self.call, error);
    if (code == GROVE_OK)
        code = repair(&self, error);
    fill_report(&self.asked, &self.found, &self.report.found);
    self.report.dry_run = copy.dry_run;
    self.report.mended = self.found.mended;
    self.report.seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    report_give(ret, size_bytes, &self.report, sizeof self.report);
    return hint_at_sync(handle_failed(grove, &self.call, code, error), error);
}
