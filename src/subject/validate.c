// SPDX-License-Identifier: Apache-2.0
//
// Is a subject what it should be: in PostgreSQL by the statement that is also a script
// (sql/subject/validation.sql), in the vector engine by counting, and by a query across subjects.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "catalog/assets.h"
#include "query/queries.h"
#include "subject/measure.h"
#include "subject/name.h"
#include "subject/phase.h"
#include "subject/state.h"
#include "subject/subject.h"
#include "vector/engine.h"

enum { ARENA_BYTES_MAX = 4 << 20, TEXT_SIZE = 512, ENGINE_MS = 10000 };

struct validation {
    struct store *store;
    struct call *call;
    void (*on_finding)(void *state, const struct grove_finding *finding);
    void *state;
    struct arena arena;
    struct state subject;
    unsigned failed;
};

static void add_finding(struct validation *self, const char *name, bool ok, bool grave,
                        const char *text, const char *hint)
{
    const struct grove_finding finding = {
        .name = name,
        .verdict = ok      ? GROVE_FINDING_OK
                   : grave ? GROVE_FINDING_FAILED
                           : GROVE_FINDING_WARNING,
        .text = text,
        .hint = ok ? "" : hint,
    };
    self->failed += finding.verdict == GROVE_FINDING_FAILED;
    self->on_finding(self->state, &finding);
}

// --- the database --------------------------------------------------------------------------------

static enum grove_code read_subject(struct validation *self, struct pg_conn *conn, const char *name,
                                    struct grove_error *error)
{
    struct state *subject = &self->subject;
    enum grove_code code = state_read(conn, &self->arena, name, subject, error);
    if (code != GROVE_OK)
        return code;
    if (!subject->registered && !subject->table_ours) {
        error_set(error, GROVE_NOT_FOUND, "there is no subject \"%s\"", name);
        error_hint(error, "grove subject list shows those there are");
        return GROVE_NOT_FOUND;
    }
    if (!subject->table_there)
        return error_set(error, GROVE_CORRUPT, "the table %s of the subject \"%s\" is gone",
                         subject->table, name);
    return name_check_table(subject->table, error);
}

static bool is_grave(const char *name)
{
    return strcmp(name, "projection") != 0 && strcmp(name, "rights") != 0;
}

static const char *hint_of(const struct state *subject, const char *name)
{
    if (strcmp(name, "projection") == 0)
        return "run grove sync";
    if (strcmp(name, "rights") == 0)
        return "GRANT them, if these roles are to use it";
    if (!subject->registered)
        return "it was not added as a whole: grove subject add goes on, remove takes it back";
    if (strcmp(name, "check") == 0 && subject->next_without)
        return "its removal was not finished: grove subject remove goes on, add takes it back";
    return "see docs/extending.md";
}

static enum grove_code check_database(struct validation *self, struct pg_conn *conn,
                                      struct grove_error *error)
{
    struct strbuf sql;
    struct pg_rows rows = {0};
    strbuf_init(&sql, PHASE_SQL_MAX);
    const struct phase_names names = state_names(&self->subject, PHASE_NONE);
    phase_add_template(&sql, "validation.sql", &names);
    const struct pg_statement statement = {"", sql.data};
    enum grove_code code = sql.failed
                               ? error_no_memory(error, "a statement")
                               : pg_query(conn, &self->arena, &statement, NULL, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        const char *name = arena_copy(&self->arena, pg_text(&rows, r, 0));
        const char *text = arena_copy(&self->arena, pg_text(&rows, r, 2));
        if (!name || !text)
            code = error_no_memory(error, "a finding");
        else
            add_finding(self, name, pg_bool(&rows, r, 1), is_grave(name), text,
                        hint_of(&self->subject, name));
    }
    strbuf_release(&sql);
    return code;
}

// A content of the subject, whose text a query across subjects must find.
static enum grove_code read_content(struct validation *self, struct pg_conn *conn, int32_t *ret_id,
                                    const char **ret_title, struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: integer, text\nSELECT id, title FROM public.content_metadata"
            " WHERE hierarchy_table = $1 ORDER BY created_at DESC NULLS LAST, id DESC LIMIT 1"};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, text_of(self->subject.table));
    enum grove_code code = pg_query(conn, &self->arena, &statement, &params, &rows, error);
    *ret_title = NULL;
    if (code != GROVE_OK || rows.count == 0)
        return code;
    *ret_id = pg_int4(&rows, 0, 0);
    *ret_title = arena_copy(&self->arena, pg_text(&rows, 0, 1));
    return *ret_title ? GROVE_OK : error_no_memory(error, "a title");
}

// --- the vector engine, and both -----------------------------------------------------------------

static void check_points(struct validation *self)
{
    const struct text table = text_of(self->subject.table);
    struct vector_filter filter = VECTOR_FILTER_ANY;
    struct grove_error error;
    uint64_t points;
    char text[TEXT_SIZE];
    struct call limited = call_part(self->call);
    call_within(&limited, ENGINE_MS);
    filter.hierarchy_tables = &table;
    filter.hierarchy_table_count = 1;
    enum grove_code code = vector_count(self->store->engine, &limited, &filter, &points, &error);
    call_add_counters(self->call, &limited);
    if (code != GROVE_OK) {
        add_finding(self, "points", false, false, error.message, "run grove doctor");
        return;
    }
    bool same = points == (uint64_t)self->subject.contents;
    snprintf(text, sizeof text, "%" PRIu64 " points in the vector engine, %" PRId64 " contents",
             points, self->subject.contents);
    add_finding(self, "points", same, false, text, "run grove sync");
}

// By its own title it must be among the first: not the first, since others may be called the same.
static void check_discover(struct validation *self, int32_t id, const char *title)
{
    const struct grove_discover_request request = {.text = title, .limit = 20};
    struct grove_result *result = NULL;
    struct grove_error error;
    if (!title) {
        add_finding(self, "discover", true, false, "it has no contents that could be found", "");
        return;
    }
    if (query_discover(self->store, self->call, &request, &result, &error) != GROVE_OK) {
        add_finding(self, "discover", false, true, error.message, error.hint);
        return;
    }
    bool found = false, complete = result->complete;
    for (size_t i = 0; i < result->group_count; i++)
        found |= strcmp(result->groups[i].hierarchy_table, self->subject.table) == 0;
    for (size_t i = 0; i < result->row_count; i++)
        found |= result->rows[i].content_id == id;
    grove_result_free(result);
    add_finding(self, "discover", found, complete,
                found ? "a query across all subjects finds it"
                      : "a query across all subjects does not find its newest content",
                "run grove sync");
}

static void check_times(struct validation *self, double before)
{
    char text[TEXT_SIZE];
    double now = measure_discover(self->store, self->call);
    if (isnan(now))
        text_format(text, sizeof text,
                    "a query across all subjects was not measured: no contents, "
                    "or the vector engine is out");
    else if (isnan(before))
        text_format(text, sizeof text, "a query across all subjects takes %.1f ms", now);
    else
        text_format(text, sizeof text,
                    "a query across all subjects takes %.1f ms; before the subject came, %.1f ms",
                    now, before);
    add_finding(self, "times", true, false, text, "");
}

static enum grove_code read_before(struct validation *self, struct pg_conn *conn, double *ret,
                                   struct grove_error *error)
{
    static const struct pg_statement statement = {
        "", "-- answers: text\nSELECT value FROM grove.setting"
            " WHERE name = 'subject.' || $1::text || '.discover_ms_before'"};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, text_of(self->subject.table));
    *ret = NAN;
    enum grove_code code = pg_query(conn, &self->arena, &statement, &params, &rows, error);
    double value;
    if (code == GROVE_OK && rows.count == 1 && text_to_double(pg_text(&rows, 0, 0), &value))
        *ret = value;
    return code;
}

static enum grove_code validate(struct validation *self, const char *name,
                                struct grove_error *error)
{
    struct pg_conn *conn = NULL;
    int32_t id = 0;
    const char *title = NULL;
    double before = NAN;
    enum grove_code code = pg_take(self->store->pool, self->call, &conn, error);
    if (code == GROVE_OK)
        code = read_subject(self, conn, name, error);
    if (code == GROVE_OK)
        code = check_database(self, conn, error);
    if (code == GROVE_OK)
        code = read_content(self, conn, &id, &title, error);
    if (code == GROVE_OK)
        code = read_before(self, conn, &before, error);
    pg_give(&conn);
    if (code != GROVE_OK)
        return code;
    check_points(self);
    check_discover(self, id, title);
    check_times(self, before);
    return GROVE_OK;
}

enum grove_code subject_validate(struct store *store, struct call *call, const char *name,
                                 void (*on_finding)(void *state,
                                                    const struct grove_finding *finding),
                                 void *state, struct grove_error *error)
{
    struct validation validation = {
        .store = store, .call = call, .on_finding = on_finding, .state = state};
    enum grove_code code = name_check(name, error);
    if (code != GROVE_OK)
        return code;
    arena_init(&validation.arena, ARENA_BYTES_MAX);
    code = validate(&validation, name, error);
    arena_release(&validation.arena);
    if (code == GROVE_OK && validation.failed > 0)
        code = error_set(error, GROVE_CONFLICT, "%u of the checks of \"%s\" failed",
                         validation.failed, name);
    return code;
}
