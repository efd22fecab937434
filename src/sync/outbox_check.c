// SPDX-License-Identifier: Apache-2.0
#include "sync/outbox_check.h"

#include <assert.h>

#include "base/check.h"
#include "base/strbuf.h"
#include "catalog/assets.h"

enum {
    ROWS_TOLD_MAX = 8, // of each rule
    PART_ROWS = VECTOR_BATCH_MAX,
    PART_BYTES_MAX = 1 << 20,
    LOOKS_MAX = 3, // at contents that seem to differ
};

static_assert(PART_ROWS * sizeof(struct vector_state) < PART_BYTES_MAX, "a part's states fit");

extern const struct asset check_files[]; // sql/checks/*.sql

struct findings {
    struct strbuf text; // "content 7: a row has half a lease; ..."
    size_t count;
};

static void findings_init(struct findings *findings)
{
    findings->count = 0;
    strbuf_init(&findings->text, sizeof((struct grove_error){0}.detail) - 1);
}

// What does not fit is left out: the first are told.
static void add_finding(struct findings *findings, struct text content, struct text rule)
{
    CHECK(rule.length > 0);
    findings->count++;
    if (findings->text.length + content.length + rule.length + 20 < findings->text.bytes_max)
        strbuf_addf(&findings->text, "%scontent %.*s: %.*s", findings->text.length > 0 ? "; " : "",
                    TEXT_ARGS(content), TEXT_ARGS(rule));
}

// Ends the findings: the error that they make.
static enum grove_code report(struct findings *findings, const char *what,
                              struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (findings->count > 0) {
        code = error_set(error, GROVE_CORRUPT, "%s: %zu contents or more break a rule", what,
                         findings->count);
        error_detail(error, "%s", findings->text.data);
    }
    CHECK((code == GROVE_OK) == (findings->count == 0));
    strbuf_release(&findings->text);
    return code;
}

static enum grove_code add_broken(struct pg_conn *conn, const struct asset *file,
                                  struct findings *findings, struct grove_error *error)
{
    const struct pg_statement statement = {file->name, file->data};
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, PART_BYTES_MAX);
    pg_add_int4(&params, ROWS_TOLD_MAX);
    enum grove_code code = pg_query(conn, &arena, &statement, &params, &rows, error);
    CHECK(code != GROVE_OK || rows.count <= ROWS_TOLD_MAX);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++) {
        const char *id = pg_is_null(&rows, r, 0)
                             ? "of none"
                             : arena_printf(&arena, "%d", (int)pg_int4(&rows, r, 0));
        if (id)
            add_finding(findings, text_of(id), pg_text(&rows, r, 1));
        else
            code = error_no_memory(error, "a check");
    }
    arena_release(&arena);
    return code;
}

static const struct asset *find_file(const char *name)
{
    const struct asset *file = check_files;
    while (file->name && strcmp(file->name, name) != 0)
        file++;
    CHECK(file->name);
    return file;
}

enum grove_code outbox_check(struct store *store, struct grove_error *error)
{
    static const char *const names[] = {
        "content_states.sql",   "current_embeddings.sql", "existing_leaves.sql", "kept_counts.sql",
        "outbox_revisions.sql", "outbox_rows.sql",        "text_revisions.sql",
    };
    struct findings findings;
    struct pg_conn *conn = NULL;
    findings_init(&findings);
    enum grove_code code = pg_take(store->pool, NULL, &conn, error);
    if (code == GROVE_OK)
        code = pg_begin_snapshot(conn, error);
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(names); i++)
        code = add_broken(conn, find_file(names[i]), &findings, error);
    pg_give(&conn); // ends the snapshot
    if (code != GROVE_OK) {
        strbuf_release(&findings.text);
        return code;
    }
    return report(&findings, "the outbox is not whole", error);
}

// --- projection ---------------------------------------------------------------------------------

struct part {
    struct arena arena;
    struct pg_rows rows;
    struct vector_state *states;
};

static enum grove_code read_part(struct store *store, int32_t after, struct part *ret,
                                 struct grove_error *error)
{
    const struct asset *file = find_file("projected_revisions.sql");
    const struct pg_statement statement = {file->name, file->data};
    struct pg_params params = {0};
    pg_add_int4(&params, after);
    pg_add_int4(&params, PART_ROWS);
    enum grove_code code =
        pg_query_once(store->pool, NULL, &ret->arena, &statement, &params, &ret->rows, error);
    if (code != GROVE_OK || ret->rows.count == 0)
        return code;
    size_t count = (size_t)ret->rows.count;
    CHECK(count <= PART_ROWS);
    int32_t *ids = arena_alloc_array(&ret->arena, count, sizeof *ids);
    ret->states = arena_alloc_array(&ret->arena, count, sizeof *ret->states);
    if (!ids || !ret->states)
        return error_no_memory(error, "a check");
    for (int r = 0; r < ret->rows.count; r++) {
        ids[r] = pg_int4(&ret->rows, r, 0);
        CHECK(ids[r] > (r > 0 ? ids[r - 1] : after));
    }
    return vector_states(store->engine, NULL, ids, count, ret->states, error);
}

static bool differs(const struct part *part, int r)
{
    CHECK(part->states[r].content_id == pg_int4(&part->rows, r, 0));
    return !part->states[r].present || part->states[r].revision != pg_int8(&part->rows, r, 1);
}

static enum grove_code add_differing(struct part *part, struct findings *findings,
                                     struct grove_error *error)
{
    for (int r = 0; r < part->rows.count; r++) {
        const struct vector_state *state = &part->states[r];
        if (!differs(part, r))
            continue;
        char *id = arena_printf(&part->arena, "%d", (int)state->content_id);
        char *rule =
            state->present
                ? arena_printf(&part->arena, "the engine has revision %lld, PostgreSQL %lld",
                               (long long)state->revision, (long long)pg_int8(&part->rows, r, 1))
                : arena_strdup(&part->arena, "the engine has no point");
        if (!id || !rule)
            return error_no_memory(error, "a check");
        add_finding(findings, text_of(id), text_of(rule));
    }
    return GROVE_OK;
}

static size_t count_differing(const struct part *part)
{
    size_t count = 0;
    for (int r = 0; r < part->rows.count; r++)
        count += differs(part, r);
    CHECK(count <= (size_t)part->rows.count);
    return count;
}

// What differs no longer when it is looked at again was projected meanwhile.
static enum grove_code check_part(struct store *store, int32_t *after, int *ret_rows,
                                  struct findings *findings, struct grove_error *error)
{
    struct part part;
    arena_init(&part.arena, PART_BYTES_MAX);
    enum grove_code code = read_part(store, *after, &part, error);
    for (int look = 1; code == GROVE_OK && look < LOOKS_MAX && count_differing(&part) > 0; look++) {
        arena_clear(&part.arena);
        code = read_part(store, *after, &part, error);
    }
    if (code == GROVE_OK)
        code = add_differing(&part, findings, error);
    if (code == GROVE_OK) {
        *ret_rows = part.rows.count;
        if (part.rows.count > 0)
            *after = pg_int4(&part.rows, part.rows.count - 1, 0);
    }
    arena_release(&part.arena);
    return code;
}

enum grove_code outbox_check_projection(struct store *store, struct grove_error *error)
{
    struct findings findings;
    findings_init(&findings);
    enum grove_code code = GROVE_OK;
    int32_t after = INT32_MIN;
    for (int rows = PART_ROWS; code == GROVE_OK && rows == PART_ROWS;)
        code = check_part(store, &after, &rows, &findings, error);
    if (code != GROVE_OK) {
        strbuf_release(&findings.text);
        return code;
    }
    return report(&findings, "the vector engine is not what PostgreSQL says", error);
}
