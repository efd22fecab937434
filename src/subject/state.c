// SPDX-License-Identifier: Apache-2.0
#include "subject/state.h"

#include <string.h>

#include "base/check.h"
#include "catalog/store.h"
#include "subject/name.h"

static const char *text_at(const struct pg_rows *rows, int column, struct arena *arena,
                           bool *failed)
{
    if (pg_is_null(rows, 0, column))
        return NULL;
    const char *copy = arena_copy(arena, pg_text(rows, 0, column));
    *failed |= !copy;
    return copy;
}

enum grove_code state_read(struct pg_conn *conn, struct arena *arena, const char *name,
                           struct state *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    bool failed = false;
    pg_add_text(&params, text_of(name));
    enum grove_code code = store_query_on(conn, arena, "subject_state.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK(rows.count == 1);
    struct state state = {
        .name = name,
        .table = text_at(&rows, 0, arena, &failed),
        .registered = pg_bool(&rows, 0, 1),
        .table_there = pg_bool(&rows, 0, 2),
        .table_ours = pg_bool(&rows, 0, 3),
        .alike = text_at(&rows, 4, arena, &failed),
        .owner = text_at(&rows, 5, arena, &failed),
        .taken = text_at(&rows, 6, arena, &failed),
        .check_sound = pg_bool(&rows, 0, 7),
        .check = text_at(&rows, 8, arena, &failed),
        .next_there = pg_bool(&rows, 0, 9),
        .next_valid = pg_bool(&rows, 0, 10),
        .next_with = pg_bool(&rows, 0, 11),
        .next_without = pg_bool(&rows, 0, 12),
        .next_same = pg_bool(&rows, 0, 13),
        .next_change = pg_bool(&rows, 0, 14),
        .differs = text_at(&rows, 15, arena, &failed),
        .contents = pg_int8(&rows, 0, 16),
        .including = text_at(&rows, 17, arena, &failed),
        .excluding = text_at(&rows, 18, arena, &failed),
        .may_use_table = pg_bool(&rows, 0, 19),
        .may_alter = pg_bool(&rows, 0, 20),
        .may_create = pg_bool(&rows, 0, 21),
        .reserved = pg_bool(&rows, 0, 22),
        .dependent = text_at(&rows, 23, arena, &failed),
        .attached = text_at(&rows, 24, arena, &failed),
    };
    if (failed)
        return error_no_memory(error, "a subject");
    *ret = state;
    return GROVE_OK;
}

// --- what keeps a change from being made ---------------------------------------------------------

static enum grove_code check_rights(const struct state *state, struct grove_error *error)
{
    if (state->may_alter && state->may_create)
        return GROVE_OK;
    error_set(error, GROVE_DENIED, "this role may not change subjects: it %s",
              state->may_alter ? "may make no tables in schema public, or not write grove.subject"
                               : "does not own content_metadata, or may not act for its owner");
    error_hint(error, "connect as the role that ran \"grove init\", or as one that was granted it "
                      "with INHERIT and SET");
    return GROVE_DENIED;
}

// Before the first phase: the last one needs it.
static enum grove_code check_owner(const struct state *state, struct grove_error *error)
{
    if (state->may_use_table || !state->table_there)
        return GROVE_OK;
    error_set(error, GROVE_DENIED, "the table %s belongs to another role", state->table);
    error_hint(error,
               "its owner, or a superuser, gives it: ALTER TABLE %s OWNER TO the owner of "
               "content_metadata",
               state->table);
    return GROVE_DENIED;
}

// Whoever wrote another CHECK meant something by it.
static enum grove_code check_constraint(const struct state *state, struct grove_error *error)
{
    if (state->check_sound)
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT,
              "the CHECK valid_hierarchy_table of content_metadata is not as grove made it");
    error_detail(error, "it %s", state->check ? state->check : "is another");
    error_hint(error, "it must allow the tables of grove.subject and no others, and be validated; "
                      "docs/extending.md has the statement that puts it back");
    return GROVE_CONFLICT;
}

static enum grove_code refuse_unfinished(const struct state *state, struct grove_error *error)
{
    if (!state->next_change) {
        error_set(
            error, GROVE_CONFLICT,
            "the CHECK valid_hierarchy_table_next of content_metadata is no change of grove's");
        error_hint(error, "somebody made it: ALTER TABLE content_metadata DROP CONSTRAINT "
                          "valid_hierarchy_table_next");
        return GROVE_CONFLICT;
    }
    error_set(error, GROVE_CONFLICT, "the change of another subject was not finished: %s",
              state->differs);
    error_hint(error, "grove subject list shows it; finish it with the same command again, or take "
                      "it back with grove subject add or remove");
    return GROVE_CONFLICT;
}

static enum grove_code check_place(const struct state *state, struct grove_error *error)
{
    if (state->owner) {
        error_set(error, GROVE_CONFLICT, "the table %s belongs to the subject \"%s\"", state->table,
                  state->owner);
        error_hint(error, "a subject that is renamed keeps its table: choose another name");
        return GROVE_CONFLICT;
    }
    const char *taken = state->table_there && !state->table_ours ? state->table : state->alike;
    if (!taken)
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT, "there is a table \"%s\" already, and it is not grove's",
              taken);
    if (strcmp(taken, state->table) != 0)
        error_detail(error, "it differs from \"%s\" in case only", state->table);
    error_hint(error, "rename it, or choose another name; its rows can be loaded afterwards");
    return GROVE_CONFLICT;
}

// PostgreSQL would call a sequence or an index otherwise, or refuse the table.
static enum grove_code check_parts(const struct state *state, struct grove_error *error)
{
    if (state->table_there || !state->taken)
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT, "there is a relation or type \"%s\" already", state->taken);
    error_detail(error, "a part of the table %s would be called so", state->table);
    error_hint(error, "rename it, or choose another name");
    return GROVE_CONFLICT;
}

static enum grove_code refuse_reserved(const struct state *state, struct grove_error *error)
{
    error_set(error, GROVE_INVALID, "the name \"%s\" is reserved: it is a key word of SQL",
              state->name);
    error_hint(error, "for example %s_studies", state->name);
    return GROVE_INVALID;
}

// --- adding --------------------------------------------------------------------------------------

static enum grove_code next_of_registered(const struct state *state,
                                          const struct state_progress *progress, enum phase *ret,
                                          struct grove_error *error)
{
    if (state->next_without || state->next_same) {
        *ret = PHASE_KEEP;
        return GROVE_OK;
    }
    if (!progress->looked && !progress->may_exist)
        return error_set(error, GROVE_CONFLICT, "there is a subject \"%s\" already", state->name);
    *ret = progress->entered && !progress->settled ? PHASE_SETTLE : PHASE_NONE;
    return GROVE_OK;
}

enum grove_code state_next_of_add(const struct state *state, const struct state_progress *progress,
                                  enum phase *ret, struct grove_error *error)
{
    enum grove_code code = check_rights(state, error);
    if (code != GROVE_OK)
        return code;
    if (state->registered)
        return next_of_registered(state, progress, ret, error);
    if (state->reserved)
        return refuse_reserved(state, error);
    code = check_place(state, error);
    if (code == GROVE_OK)
        code = check_owner(state, error);
    if (code == GROVE_OK)
        code = check_parts(state, error);
    if (code == GROVE_OK)
        code = check_constraint(state, error);
    if (code != GROVE_OK)
        return code;
    if (state->next_there && !state->next_with && !state->next_same)
        return refuse_unfinished(state, error);
    *ret = state->next_same      ? PHASE_KEEP
           : !state->table_there ? PHASE_TABLE
           : !state->next_there  ? PHASE_EXTEND
           : !state->next_valid  ? PHASE_VALIDATE
                                 : PHASE_ENTER;
    return GROVE_OK;
}

// --- removing ------------------------------------------------------------------------------------

// Before contents go: the last phase needs it. An attached table would have rows that nothing
// finds, and be taken for one that is kept in step.
static enum grove_code check_unused(const struct state *state, struct grove_error *error)
{
    if (state->attached) {
        error_set(error, GROVE_CONFLICT, "the table \"%s\" is attached to the subject \"%s\"",
                  state->attached, state->name);
        error_hint(error, "\"grove detach '%s'\" takes its rows out of the subject",
                   state->attached);
        return GROVE_CONFLICT;
    }
    if (!state->dependent)
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT, "%s depends on the table %s, which goes with the subject",
              state->dependent, state->table);
    error_hint(error, "drop it first, or what it has of that table");
    return GROVE_CONFLICT;
}

static enum grove_code next_of_unregistered(const struct state *state,
                                            const struct state_progress *progress, enum phase *ret,
                                            struct grove_error *error)
{
    bool half =
        (state->table_there && state->table_ours) || (state->next_there && state->next_with);
    // What stands in the table's place may be somebody's own.
    enum grove_code code = half ? check_place(state, error) : GROVE_OK;
    if (code == GROVE_OK && half)
        code = check_owner(state, error);
    if (code == GROVE_OK && half)
        code = check_unused(state, error);
    if (code != GROVE_OK)
        return code;
    if (half) {
        *ret = PHASE_UNDO;
        return GROVE_OK;
    }
    if (!progress->looked) {
        error_set(error, GROVE_NOT_FOUND, "there is no subject \"%s\"", state->name);
        error_hint(error, "grove subject list shows those there are");
        return GROVE_NOT_FOUND;
    }
    *ret = PHASE_NONE;
    return GROVE_OK;
}

static enum grove_code refuse_contents(const struct state *state, struct grove_error *error)
{
    error_set(error, GROVE_CONFLICT, "the subject \"%s\" has %lld content%s", state->name,
              (long long)state->contents, state->contents == 1 ? "" : "s");
    error_hint(error, "delete or move them first, or remove them with it: --with-contents");
    return GROVE_CONFLICT;
}

static enum grove_code next_of_forbidden(const struct state *state,
                                         const struct state_progress *progress, enum phase *ret,
                                         struct grove_error *error)
{
    if (state->contents > 0 && progress->emptied) {
        error_set(error, GROVE_CORRUPT, "the counts of contents are wrong: of \"%s\" there is none",
                  state->name);
        error_hint(error,
                   "SELECT grove.recount(), behind LOCK TABLE content_metadata IN SHARE MODE");
        return GROVE_CORRUPT;
    }
    if (state->contents > 0 && !progress->with_contents)
        *ret = PHASE_KEEP; // somebody was quicker, or it was begun otherwise; then it is refused
    else if (state->contents > 0)
        *ret = PHASE_EMPTY;
    else
        *ret = state->next_valid ? PHASE_LEAVE : PHASE_VALIDATE;
    return GROVE_OK;
}

enum grove_code state_next_of_remove(const struct state *state,
                                     const struct state_progress *progress, enum phase *ret,
                                     struct grove_error *error)
{
    enum grove_code code = check_rights(state, error);
    if (code != GROVE_OK)
        return code;
    if (!state->registered)
        return next_of_unregistered(state, progress, ret, error);
    if (name_is_specified(state->table)) {
        error_set(error, GROVE_INVALID, "the subject \"%s\" cannot be removed", state->name);
        error_detail(error, "%s is one of the specification's tables", state->table);
        return GROVE_INVALID;
    }
    code = name_check_table(state->table, error);
    if (code == GROVE_OK)
        code = check_owner(state, error);
    if (code == GROVE_OK)
        code = check_constraint(state, error);
    if (code == GROVE_OK)
        code = check_unused(state, error);
    if (code != GROVE_OK)
        return code;
    if (state->next_same) {
        *ret = PHASE_KEEP;
        return GROVE_OK;
    }
    if (state->next_there && !state->next_without)
        return refuse_unfinished(state, error);
    if (state->next_there)
        return next_of_forbidden(state, progress, ret, error);
    if (state->contents > 0 && !progress->with_contents)
        return refuse_contents(state, error);
    *ret = PHASE_FORBID;
    return GROVE_OK;
}

// --- renaming ------------------------------------------------------------------------------------

enum grove_code state_next_of_rename(const struct state *state, const struct state *other,
                                     const struct state_progress *progress, enum phase *ret,
                                     struct grove_error *error)
{
    enum grove_code code = check_rights(state, error);
    if (code != GROVE_OK)
        return code;
    if (progress->renamed) {
        *ret = PHASE_NONE;
        return GROVE_OK;
    }
    if (!state->registered) {
        error_set(error, GROVE_NOT_FOUND, "there is no subject \"%s\"", state->name);
        error_hint(error, "grove subject list shows those there are");
        return GROVE_NOT_FOUND;
    }
    if (other->registered)
        return error_set(error, GROVE_CONFLICT, "there is a subject \"%s\" already", other->name);
    // It would be in the way of that subject when it is removed, or added.
    if (other->table_there && strcmp(other->table, state->table) != 0) {
        error_set(error, GROVE_CONFLICT, "there is a table \"%s\" already", other->table);
        error_hint(error, "choose another name");
        return GROVE_CONFLICT;
    }
    if (other->reserved)
        return refuse_reserved(other, error);
    if (state->next_there && !state->next_same)
        return refuse_unfinished(state, error);
    code = name_check_table(state->table, error);
    if (code == GROVE_OK)
        *ret = state->next_same ? PHASE_KEEP : PHASE_RENAME;
    return code;
}

struct phase_names state_names(const struct state *state, enum phase phase)
{
    size_t suffix = sizeof "_hierarchy" - 1, length = strlen(state->table);
    CHECK(length > suffix);
    return (struct phase_names){
        .stem = {state->table, length - suffix},
        .table = {state->table, length},
        .tables = text_of(phase == PHASE_FORBID ? state->excluding : state->including),
    };
}
