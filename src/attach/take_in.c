// SPDX-License-Identifier: Apache-2.0
//
// One round is one transaction:
//
//     lock ──► keys ──► attachment, statements ──► rows ──► records ──► write ──► note ──► commit
//
// Keys are those that writers have noted, or the next of a table that is being filled. The rows are
// read after their keys, under the lock of whoever takes in: what is written is the state of a
// moment when nobody else writes the same documents, so that none is overwritten by an older one.
//
// Where a round fails for a row's sake, it is tried with half of the keys, down to one: that one is
// refused. A failure of the table's sake (a column is gone) is noted, and the table left alone for
// PROBLEM_MS. What is left is the servers' failure, and the caller's error.
#include "attach/take_in.h"

#include <string.h>

#include "attach/attachment.h"
#include "attach/locked.h"
#include "attach/write.h"
#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "catalog/store.h"
#include "pg/types.h"
#include "content/trees.h"

enum {
    ROUND_BYTES_MAX = 64 << 20,
    LINE_BYTES_MAX = 8 << 20,
    PROBLEM_MS = 10000, // also in sql/parts/attached_ready.sql
    CONFLICTS_MAX = 4,
    LOCK_MS = 100,   // for what others have locked, at each of those tries
    LATER_MS = 1000, // and then others come first
    KEY_SHOWN = 1024,
};

struct round {
    struct store *store;
    struct call *call;
    const struct take_in_options *options;
    struct writing_rows writing; // what write.c is given
    struct arena arena;          // of a try
    struct pg_conn *conn;
    struct attachment attachment; // id 0: none was chosen yet
    struct mapping mapping;
    bool mapped;
    struct attachment_sql sql;
    // Where the keys are from.
    bool filling, again;
    bool parted;                       // it has other partitions than before
    int64_t changes[TAKE_IN_ROWS_MAX]; // all of whose keys are taken
    size_t change_count;
    int64_t part_of, part; // of this change so many keys
    struct text keys[TAKE_IN_ROWS_MAX];
    size_t key_count;
    char first_key[KEY_SHOWN]; // of the last try
    bool ended; // a table that is being filled has no further rows, and no document too many
};

// A statement that was written for a table.
static enum grove_code ask_table(struct round *round, struct text sql,
                                 const struct pg_params *params, struct pg_rows *ret,
                                 struct grove_error *error)
{
    const char *copy = arena_copy(&round->arena, sql);
    if (!copy)
        return error_no_memory(error, "rows of a table");
    const struct pg_statement statement = {"", copy};
    return pg_query(round->conn, &round->arena, &statement, params, ret, error);
}

// --- keys ----------------------------------------------------------------------------------------

static enum grove_code take_changes(struct round *round, size_t limit, int32_t *ret_id,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, (int32_t)limit);
    enum grove_code code =
        store_query_on(round->conn, &round->arena, "attached_take.sql", &params, &rows, error);
    if (code != GROVE_OK || rows.count == 0)
        return code;
    CHECK((size_t)rows.count <= limit);
    *ret_id = pg_int4(&rows, 0, 0);
    for (int r = 0; r < rows.count; r++) {
        int64_t change = pg_int8(&rows, r, 1);
        // One that tells of all rows makes the others needless.
        round->again = round->again || pg_is_null(&rows, r, 2);
        round->keys[round->key_count++] = pg_text(&rows, r, 2);
        if (pg_int8(&rows, r, 3) == pg_int8(&rows, r, 4))
            round->changes[round->change_count++] = change;
        else if (r == rows.count - 1) {
            round->part_of = change;
            round->part = pg_int8(&rows, r, 3);
        }
    }
    return GROVE_OK;
}

// *ret_id stays 0 where there is none; *ret_found says so as well.
static enum grove_code find(struct round *round, const char *file, int32_t *ret_id, bool *ret_found,
                            struct grove_error *error)
{
    struct pg_rows rows;
    enum grove_code code = store_query_on(round->conn, &round->arena, file, NULL, &rows, error);
    *ret_found = code == GROVE_OK && rows.count == 1;
    if (*ret_found)
        *ret_id = pg_int4(&rows, 0, 0);
    return code;
}

static enum grove_code read_next_keys(struct round *round, size_t limit, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_text(&params, round->attachment.filled_to);
    pg_add_int4(&params, (int32_t)limit);
    enum grove_code code = ask_table(round, round->sql.next, &params, &rows, error);
    for (int r = 0; code == GROVE_OK && r < rows.count; r++)
        round->keys[round->key_count++] = pg_text(&rows, r, 0);
    return code;
}

// After the last row: documents that have none. They are found by comparing all, so once.
static enum grove_code remove_rest(struct round *round, struct take_in_report *counts,
                                   struct grove_error *error)
{
    struct text keys[TAKE_IN_ROWS_MAX];
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_text(&params, round->attachment.source);
    pg_add_int4(&params, TAKE_IN_ROWS_MAX);
    enum grove_code code = ask_table(round, round->sql.gone, &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    for (int r = 0; r < rows.count; r++)
        keys[r] = pg_text(&rows, r, 0);
    counts->removed += rows.count;
    round->ended = rows.count < TAKE_IN_ROWS_MAX;
    return rows.count > 0 ? remove_documents(&round->writing, keys, (size_t)rows.count, error)
                          : GROVE_OK;
}

// --- rows ----------------------------------------------------------------------------------------

static bool was_before(const struct round *round, size_t count, struct text key)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(round->writing.rows[i].key, key))
            return true;
    return false;
}

// values[] as the mapping has its columns; those of the row begin at the third.
static enum grove_code judge_row(struct round *round, const struct pg_rows *rows, int r,
                                 struct strbuf *line, struct table_row *ret,
                                 struct grove_error *error)
{
    struct mapping_value values[MAPPING_COLUMNS_MAX];
    struct record_problem problem;
    int column = 2;
    for (size_t i = 0; i < round->mapping.column_count; i++) {
        bool is_key = text_equal(round->mapping.columns[i], text_of(ATTACH_KEY));
        values[i] = (struct mapping_value){.text = is_key ? ret->key : pg_text(rows, r, column)};
        column += !is_key;
    }
    if (!mapping_row(&round->mapping, values, line)) {
        ret->reason = arena_printf(&round->arena, "%s%s%s", round->mapping.column,
                                   round->mapping.column[0] ? ": " : "", round->mapping.reason);
        return ret->reason ? GROVE_OK : error_no_memory(error, "rows of a table");
    }
    switch (record_parse(strbuf_text(line), &round->writing.trees, &round->arena, &ret->record,
                         &problem)) {
    case RECORD_NO_MEMORY: return error_no_memory(error, "rows of a table");
    case RECORD_GOOD: return GROVE_OK;
    case RECORD_BAD: break;
    }
    const char *name = mapping_name(&round->mapping, problem.field);
    ret->reason = arena_printf(&round->arena, "%s%s%s", name, name[0] ? ": " : "", problem.reason);
    return ret->reason ? GROVE_OK : error_no_memory(error, "rows of a table");
}

// A row that is gone, or that the condition leaves out, has no key. Where a key is the same as a
// row's and written otherwise (citext), what is there under the writing that was noted goes.
static enum grove_code take_rows(struct round *round, const struct pg_rows *rows,
                                 struct grove_error *error)
{
    struct writing_rows *writing = &round->writing;
    enum grove_code code = GROVE_OK;
    struct strbuf line;
    strbuf_init(&line, LINE_BYTES_MAX);
    for (int r = 0; code == GROVE_OK && r < rows->count; r++) {
        struct text wanted = pg_text(rows, r, 0);
        struct table_row row = {.key = pg_text(rows, r, 1)};
        if (!text_equal(row.key, wanted))
            writing->gone[writing->gone_count++] = wanted;
        if (!row.key.data || was_before(round, writing->count, row.key))
            continue;
        code = judge_row(round, rows, r, &line, &row, error);
        writing->rows[writing->count++] = row;
    }
    strbuf_release(&line);
    return code;
}

static enum grove_code read_rows(struct round *round, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows = {0};
    pg_add_text_array(&params, &round->arena, round->keys, round->key_count);
    enum grove_code code = ask_table(round, round->sql.read, &params, &rows, error);
    CHECK(code != GROVE_OK || (size_t)rows.count <= 2 * round->key_count);
    return code == GROVE_OK ? take_rows(round, &rows, error) : code;
}

// --- notes ---------------------------------------------------------------------------------------

static enum grove_code note_rows(struct round *round, struct take_in_report *counts,
                                 struct grove_error *error)
{
    const struct writing_rows *writing = &round->writing;
    struct text keys[2 * TAKE_IN_ROWS_MAX], refused[TAKE_IN_ROWS_MAX], reasons[TAKE_IN_ROWS_MAX];
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = 0, refused_count = 0;
    for (size_t i = 0; i < writing->gone_count; i++)
        keys[count++] = writing->gone[i];
    for (size_t i = 0; i < writing->count; i++) {
        keys[count++] = writing->rows[i].key;
        if (!writing->rows[i].reason)
            continue;
        refused[refused_count] = writing->rows[i].key;
        reasons[refused_count++] = text_of(writing->rows[i].reason);
    }
    counts->refused += (int64_t)refused_count;
    pg_add_int4(&params, round->attachment.id);
    pg_add_text_array(&params, &round->arena, keys, count);
    pg_add_text_array(&params, &round->arena, refused, refused_count);
    pg_add_text_array(&params, &round->arena, reasons, refused_count);
    return count > 0 ? store_query_on(round->conn, &round->arena, "attached_note.sql", &params,
                                      &rows, error)
                     : GROVE_OK;
}

static enum grove_code note_progress(struct round *round, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    if (round->filling) {
        pg_add_int4(&params, round->attachment.id);
        pg_add_text(&params, round->key_count > 0 ? round->keys[round->key_count - 1]
                                                  : (struct text){NULL, 0});
        pg_add_int8(&params, (int64_t)round->key_count);
        pg_add_bool(&params, round->ended);
        return store_query_on(round->conn, &round->arena, "attached_filled.sql", &params, &rows,
                              error);
    }
    pg_add_int4(&params, round->attachment.id);
    pg_add_int8_array(&params, &round->arena, round->changes, round->change_count);
    if (round->part_of)
        pg_add_int8(&params, round->part_of);
    else
        pg_add_null(&params, PG_INT8);
    pg_add_int8(&params, round->part);
    return store_query_on(round->conn, &round->arena, "attached_done.sql", &params, &rows, error);
}

static enum grove_code note_problem(struct round *round, struct text problem,
                                    struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, round->attachment.id);
    pg_add_text(&params, problem);
    pg_add_int4(&params, (int32_t)KNOB(ATTACH_PROBLEM_MS, PROBLEM_MS));
    return store_query_on(round->conn, &round->arena, "attached_problem.sql", &params, &rows,
                          error);
}

// --- one round -----------------------------------------------------------------------------------

static enum grove_code choose(struct round *round, size_t limit, struct take_in_report *report,
                              struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    int32_t id = 0;
    pg_add_int4(&params, LOCK_MS);
    enum grove_code code =
        store_query_on(round->conn, &round->arena, "attached_lock.sql", &params, &rows, error);
    report->busy = code == GROVE_OK && !pg_bool(&rows, 0, 0);
    if (code != GROVE_OK || report->busy)
        return code;
    if (clock_monotonic_us() >= atomic_load(&round->store->partitions_left_until_us))
        code = find(round, "attached_parted.sql", &id, &round->parted, error);
    if (code == GROVE_OK && id == 0)
        code = take_changes(round, limit, &id, error);
    if (code == GROVE_OK && id == 0 && round->options->fill)
        code = find(round, "attached_next.sql", &id, &round->filling, error);
    report->idle = code == GROVE_OK && id == 0;
    return code == GROVE_OK && id != 0
               ? attachment_read(round->conn, &round->arena, id, &round->attachment, error)
               : code;
}

static enum grove_code describe_problem(struct round *round, struct grove_error *error)
{
    if (round->attachment.relation == 0)
        return error_set(error, GROVE_NOT_FOUND, ATTACH_GONE);
    enum grove_code code =
        attachment_map(&round->attachment, &round->arena, &round->mapping, error);
    round->mapped = code == GROVE_OK;
    if (code == GROVE_OK)
        code = attachment_render(round->conn, &round->arena, &round->attachment, &round->mapping,
                                 &round->sql, error);
    if (code != GROVE_OK || !round->sql.lacking.data)
        return code;
    for (size_t i = 0; i < round->sql.lacking.length; i++)
        if (round->sql.lacking.data[i] == '\x1f')
            return error_set(error, GROVE_NOT_FOUND, "it has lost columns that are read");
    return error_set(error, GROVE_NOT_FOUND, "it has no column \"%.*s\" any more",
                     TEXT_ARGS(round->sql.lacking));
}

// Triggers stay as they are: they name their function. Writers take the new one at their next call.
static enum grove_code renew_function(struct round *round, struct grove_error *error)
{
    const char *sql = arena_copy(&round->arena, round->sql.function);
    return sql ? pg_exec(round->conn, sql, error) : error_no_memory(error, "triggers");
}

static enum grove_code read_again(struct round *round, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, round->attachment.id);
    return store_query_on(round->conn, &round->arena, "attached_again.sql", &params, &rows, error);
}

// Partitions that have come get their triggers. What they brought, and what those took that have
// gone, nobody has noted.
static enum grove_code watch_partitions(struct round *round, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    const char *sql =
        arena_printf(&round->arena, LOCKED_SQL "%.*s", TEXT_ARGS(round->sql.triggers));
    enum grove_code code =
        sql ? pg_exec(round->conn, sql, error) : error_no_memory(error, "triggers");
    pg_add_int4(&params, round->attachment.id);
    if (code == GROVE_OK)
        code =
            store_query_on(round->conn, &round->arena, "attached_parts.sql", &params, &rows, error);
    return code == GROVE_OK ? read_again(round, error) : code;
}

struct attempt {
    size_t limit;       // keys
    unsigned conflicts; // one after another
    // The only key of the last try is no content's, for this reason; "": there is none.
    char reason[sizeof((struct grove_error *)0)->message];
    char key[KEY_SHOWN]; // the beginning of it
};

// Another may have taken the key in meanwhile: then it is another one.
static bool is_refused(const struct round *round, const struct attempt *attempt)
{
    return attempt->reason[0] && round->key_count == 1 &&
           strcmp(attempt->key, round->first_key) == 0;
}

static enum grove_code bring_in(struct round *round, const struct attempt *attempt,
                                struct take_in_report *counts, struct grove_error *error)
{
    struct writing_rows *writing = &round->writing;
    enum grove_code code = GROVE_OK;
    if (round->filling)
        code = read_next_keys(round, attempt->limit, error);
    if (code != GROVE_OK)
        return code;
    counts->rows += (int64_t)round->key_count;
    if (round->key_count > 0)
        text_format(round->first_key, sizeof round->first_key, "%.*s", TEXT_ARGS(round->keys[0]));
    if (round->key_count == 0)
        code = remove_rest(round, counts, error);
    else if (is_refused(round, attempt))
        writing->rows[writing->count++] =
            (struct table_row){.key = round->keys[0], .reason = attempt->reason};
    else
        code = read_rows(round, error);
    if (code == GROVE_OK)
        code = INJECT(ATTACH_READ, error);
    if (code == GROVE_OK)
        code = write_rows(writing, counts, error);
    if (code == GROVE_OK)
        code = note_rows(round, counts, error);
    if (code == GROVE_OK)
        code = note_progress(round, error);
    if (code == GROVE_OK)
        code = note_problem(round, (struct text){NULL, 0}, error);
    return code;
}

static void begin_try(struct round *round)
{
    arena_init_counting(&round->arena, ROUND_BYTES_MAX);
    round->attachment.id = 0;
    round->first_key[0] = '\0';
    round->mapped = round->filling = round->again = round->ended = round->parted = false;
    round->key_count = round->change_count = 0;
    round->part_of = round->part = 0;
    round->writing.count = round->writing.gone_count = 0;
}

static void end_try(struct round *round)
{
    pg_give(&round->conn); // rolls back what was not committed
    if (round->mapped)
        mapping_release(&round->mapping);
    arena_release(&round->arena);
}

// *ret_table: what fails, fails for the sake of the whole table.
static enum grove_code try_once(struct round *round, const struct attempt *attempt,
                                struct take_in_report *report, bool *ret_table,
                                struct grove_error *error)
{
    struct take_in_report counts = *report;
    *ret_table = false;
    enum grove_code code = pg_take(round->store->pool, round->call, &round->conn, error);
    if (code == GROVE_OK)
        code = pg_begin(round->conn, error);
    if (code == GROVE_OK)
        code = choose(round, attempt->limit, report, error);
    if (code != GROVE_OK || report->busy || report->idle)
        return code;
    round->writing.conn = round->conn;
    round->writing.arena = &round->arena;
    round->writing.attachment = &round->attachment;
    // As the attachment's path has them: nobody renames a subject while its rows are taken in.
    code = trees_read_on(round->conn, &round->arena, &round->writing.trees, error);
    if (code != GROVE_OK)
        return code;
    code = describe_problem(round, error);
    *ret_table = code != GROVE_OK;
    if (code == GROVE_OK && round->sql.stale)
        code = renew_function(round, error);
    // What was written while it could not be read may have been noted by half.
    if (code == GROVE_OK && round->attachment.problem.data)
        round->again = true;
    if (code == GROVE_OK)
        code = round->parted  ? watch_partitions(round, error)
               : round->again ? read_again(round, error)
                              : bring_in(round, attempt, &counts, error);
    if (code == GROVE_OK)
        code = INJECT(ATTACH_WRITTEN, error);
    if (code == GROVE_OK)
        code = pg_commit(round->conn, error);
    if (code == GROVE_OK)
        *report = counts;
    return code;
}

// --- what failed ---------------------------------------------------------------------------------

static bool is_of_class(const struct grove_error *error, const char *class)
{
    return strncmp(error->sqlstate, class, 2) == 0;
}

// Also of a row: what a condition of somebody's raises.
static bool is_of_a_row(const struct grove_error *error)
{
    static const char *const classes[] = {"21", "22", "23", "38", "39", "54", "P0", "XX"};
    if (error->retry == GROVE_RETRY_LATER)
        return false;
    if (!error->sqlstate[0])
        return error->code == GROVE_LIMIT || error->code == GROVE_INVALID ||
               error->code == GROVE_CONFLICT || error->code == GROVE_NO_MEMORY;
    for (size_t i = 0; i < ARRAY_COUNT(classes); i++)
        if (is_of_class(error, classes[i]))
            return true;
    return false;
}

static bool is_of_the_table(const struct grove_error *error, bool table)
{
    return is_of_class(error, "42") || is_of_class(error, "0A") ||
           (table && (error->code == GROVE_NOT_FOUND || error->code == GROVE_INVALID));
}

static enum grove_code note_later(struct round *round, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, round->attachment.id);
    pg_add_int4(&params, LATER_MS);
    return store_query_on(round->conn, &round->arena, "attached_later.sql", &params, &rows, error);
}

// Of the attachment that the last try was about; a problem of NULL: there is none, but later is
// better.
static enum grove_code put_off(struct round *round, const char *problem, struct grove_error *error)
{
    int32_t id = round->attachment.id;
    begin_try(round);
    round->attachment.id = id;
    enum grove_code code = pg_take(round->store->pool, round->call, &round->conn, error);
    if (code == GROVE_OK)
        code = problem ? note_problem(round, text_of(problem), error) : note_later(round, error);
    end_try(round);
    return code;
}

// What was noted of other partitions goes on while one that has come is locked.
static enum grove_code leave_locked(struct round *round, struct grove_error *error)
{
    if (!round->parted)
        return put_off(round, NULL, error);
    atomic_store(&round->store->partitions_left_until_us,
                 clock_monotonic_us() + (int64_t)LATER_MS * 1000);
    return GROVE_OK;
}

// GROVE_OK: it goes on.
static enum grove_code judge_failure(struct round *round, struct attempt *attempt, bool table,
                                     struct grove_error *error)
{
    struct grove_error failure = *error;
    bool locked = locked_is(&failure);
    if (round->attachment.id != 0 && is_of_the_table(&failure, table))
        return put_off(round, failure.message, error);
    if ((locked || (failure.retry == GROVE_RETRY_LATER && failure.code != GROVE_TIMEOUT)) &&
        ++attempt->conflicts < CONFLICTS_MAX)
        return GROVE_OK;
    if (locked && round->attachment.id != 0) {
        *attempt = (struct attempt){.limit = TAKE_IN_ROWS_MAX};
        return leave_locked(round, error);
    }
    bool said = attempt->reason[0] && strcmp(attempt->key, round->first_key) == 0;
    if (round->attachment.id == 0 || !is_of_a_row(&failure) || said)
        return failure.code;
    if (attempt->limit > 1) {
        attempt->limit /= 2;
        return GROVE_OK;
    }
    text_format(attempt->reason, sizeof attempt->reason, "%s", failure.message);
    text_format(attempt->key, sizeof attempt->key, "%s", round->first_key);
    return GROVE_OK;
}

static enum grove_code take_some(struct round *round, struct take_in_report *report,
                                 struct grove_error *error)
{
    struct attempt attempt = {.limit = TAKE_IN_ROWS_MAX};
    int64_t before = report->rows;
    while (report->rows - before < TAKE_IN_ROWS_MAX) {
        bool table;
        begin_try(round);
        enum grove_code code = try_once(round, &attempt, report, &table, error);
        end_try(round);
        if (code == GROVE_OK && (report->busy || report->idle))
            break;
        if (code != GROVE_OK) {
            code = judge_failure(round, &attempt, table, error);
            if (code != GROVE_OK)
                return code;
            continue;
        }
        attempt.reason[0] = '\0';
        attempt.conflicts = 0;
        if (attempt.limit == TAKE_IN_ROWS_MAX)
            break; // all went well
        attempt.limit *= 2;
    }
    if (report->rows > before)
        report->idle = false;
    return GROVE_OK;
}

// One statement, so that whoever steps asks at no cost.
static enum grove_code is_due(struct store *store, struct call *call, bool fill, bool *ret,
                              struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    pg_add_bool(&params, fill);
    enum grove_code code =
        store_query(store, call, &arena, "attached_due.sql", &params, &rows, error);
    *ret = code == GROVE_OK && pg_bool(&rows, 0, 0);
    arena_release(&arena);
    return code;
}

enum grove_code take_in(struct store *store, struct call *call,
                        const struct take_in_options *options, struct take_in_report *report,
                        struct grove_error *error)
{
    bool due = false;
    report->idle = report->busy = false;
    // As last read: whoever steps, and whoever searches, has just done so.
    enum grove_code code = atomic_load(&store->has_attached)
                               ? is_due(store, call, options->fill, &due, error)
                               : GROVE_OK;
    report->idle = code == GROVE_OK && !due;
    if (!due)
        return code;
    struct round *round = mem_zalloc(sizeof *round);
    if (!round)
        return error_no_memory(error, "rows of a table");
    round->store = store;
    round->call = call;
    round->options = options;
    documents_init(&round->writing.documents, store, call);
    code = documents_prepare(&round->writing.documents, error);
    if (code == GROVE_OK)
        code = take_some(round, report, error);
    mem_free(round);
    return code;
}

enum grove_code take_in_retry(struct store *store, struct call *call, struct grove_error *error)
{
    struct pg_rows rows;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    enum grove_code code =
        store_query(store, call, &arena, "attached_retry.sql", NULL, &rows, error);
    arena_release(&arena);
    return code;
}

enum grove_code take_in_step(struct store *store, struct call *call, bool *ret_idle,
                             struct grove_error *error)
{
    struct take_in_report report = {0};
    enum grove_code code =
        take_in(store, call, &(struct take_in_options){.fill = true}, &report, error);
    *ret_idle = code != GROVE_OK || report.idle || report.busy;
    return code;
}
