// SPDX-License-Identifier: Apache-2.0
#include "content/batch.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/inject.h"
#include "catalog/store.h"

enum {
    BATCH_BYTES_MAX = 192 << 20,
    BATCH_BYTES_FULL = 16 << 20, // the rows of a batch are few when they are long
    ATTEMPTS_MAX = 4,
    UNCOUNTED_ROWS = 500,
};

void batch_init(struct batch *batch, struct store *store, struct call *call, const char *origin)
{
    batch->store = store;
    batch->call = call;
    batch->origin = origin;
    batch->count = batch->leaf_count = 0;
    batch->uncounted = 0;
    batch->count_at = UNCOUNTED_ROWS;
    batch->projecting = projecting_of(store, call);
    arena_init(&batch->arena, BATCH_BYTES_MAX);
}

void batch_release(struct batch *batch)
{
    arena_release(&batch->arena);
}

bool batch_full(const struct batch *batch)
{
    return batch->count >= (size_t)KNOB(LOAD_ROWS, BATCH_ROWS_MAX) ||
           batch->arena.used_bytes >= BATCH_BYTES_FULL;
}

static size_t find_or_add_leaf(struct batch *batch, const struct batch_leaf *leaf)
{
    for (size_t i = batch->leaf_count; i-- > 0;) {
        const struct batch_leaf *other = &batch->leaves[i];
        if (other->tree == leaf->tree && text_equal(other->leaf, leaf->leaf) &&
            text_equal(other->limb, leaf->limb) && text_equal(other->branch, leaf->branch))
            return i;
    }
    CHECK(batch->leaf_count < BATCH_ROWS_MAX);
    batch->leaves[batch->leaf_count] = *leaf;
    return batch->leaf_count++;
}

void batch_add_leaf(struct batch *batch, const struct batch_leaf *leaf)
{
    find_or_add_leaf(batch, leaf);
    DCHECK(batch_check(batch) == NULL);
}

// --- one transaction -----------------------------------------------------------------------------

// The parameters of statements, by column. They lie in the arena: the stack is the caller's.
struct leaf_columns {
    struct text names[4][BATCH_ROWS_MAX]; // branches, limbs, leaves, descriptions
    size_t places[BATCH_ROWS_MAX];        // which of the batch's
};

struct content_columns {
    struct text texts[BATCH_ROWS_MAX]; // one column after another
    int32_t leaves[BATCH_ROWS_MAX], chunks[BATCH_ROWS_MAX], words[BATCH_ROWS_MAX];
    int64_t created[BATCH_ROWS_MAX];
};

// What a try of the transaction does; nothing of it outlives a failed one.
struct writing {
    struct batch *batch;
    struct pg_conn *conn;
    struct arena arena;
    struct grove_load_progress counts;
    struct content_columns *columns;
    bool changed[BATCH_ROWS_MAX];
    bool was_there[BATCH_ROWS_MAX];
    struct text chunk_of[BATCH_ROWS_MAX]; // the document that it is a chunk of; {NULL, 0}: none
    bool is_document[BATCH_ROWS_MAX];     // that document has become of this very row
    size_t document_count;
};

// The leaves of one tree.
static enum grove_code write_leaves_of(struct writing *writing, const struct record_tree *tree,
                                       struct grove_error *error)
{
    struct batch *batch = writing->batch;
    struct leaf_columns *columns = arena_alloc(&writing->arena, sizeof *columns);
    size_t count = 0;
    if (!columns)
        return error_no_memory(error, "leaves");
    for (size_t i = 0; i < batch->leaf_count; i++) {
        const struct batch_leaf *leaf = &batch->leaves[i];
        if (leaf->tree != tree)
            continue;
        columns->names[0][count] = leaf->branch;
        columns->names[1][count] = leaf->limb;
        columns->names[2][count] = leaf->leaf;
        columns->names[3][count] = leaf->description;
        columns->places[count++] = i;
    }
    struct pg_params params = {0};
    pg_add_text(&params, tree->hierarchy_table);
    for (size_t c = 0; c < ARRAY_COUNT(columns->names); c++)
        pg_add_text_array(&params, &writing->arena, columns->names[c], count);
    struct pg_rows rows;
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "leaves_of.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    if ((size_t)rows.count != count)
        return error_set(error, GROVE_CONFLICT, "leaves of \"%.*s\" went while they were loaded",
                         TEXT_ARGS(tree->tree));
    for (int r = 0; r < rows.count; r++) {
        batch->leaves[columns->places[r]].id = pg_int4(&rows, r, 1);
        writing->counts.leaves_created += pg_bool(&rows, r, 2);
    }
    return GROVE_OK;
}

static enum grove_code write_leaves(struct writing *writing, struct grove_error *error)
{
    struct batch *batch = writing->batch;
    for (size_t i = 0; i < batch->leaf_count; i++) {
        bool first = true;
        for (size_t j = 0; first && j < i; j++)
            first = batch->leaves[j].tree != batch->leaves[i].tree;
        enum grove_code code =
            first ? write_leaves_of(writing, batch->leaves[i].tree, error) : GROVE_OK;
        if (code != GROVE_OK)
            return code;
    }
    return GROVE_OK;
}

static void add_text_column(struct writing *writing, struct pg_params *params, size_t offset)
{
    struct text *column = writing->columns->texts;
    for (size_t i = 0; i < writing->batch->count; i++)
        memcpy(&column[i], (const char *)&writing->batch->records[i] + offset, sizeof column[i]);
    pg_add_text_array(params, &writing->arena, column, writing->batch->count);
}

static void add_content_params(struct writing *writing, struct pg_params *params)
{
    struct batch *batch = writing->batch;
    struct content_columns *columns = writing->columns;
    for (size_t i = 0; i < batch->count; i++) {
        const struct record *record = &batch->records[i];
        columns->texts[i] = record->tree->hierarchy_table;
        columns->leaves[i] = batch->leaves[batch->leaf_of[i]].id;
        columns->chunks[i] = record->chunk_number;
        columns->words[i] = record->word_count;
        columns->created[i] = record->created_at_us;
    }
    pg_add_text_array(params, &writing->arena, columns->texts, batch->count);
    pg_add_int4_array(params, &writing->arena, columns->leaves, batch->count);
    add_text_column(writing, params, offsetof(struct record, content_type));
    pg_add_int4_array(params, &writing->arena, columns->chunks, batch->count);
    add_text_column(writing, params, offsetof(struct record, title));
    add_text_column(writing, params, offsetof(struct record, summary));
    pg_add_int4_array(params, &writing->arena, columns->words, batch->count);
    pg_add_timestamp_array(params, &writing->arena, columns->created, batch->count);
}

static enum grove_code write_contents(struct writing *writing, struct grove_error *error)
{
    struct batch *batch = writing->batch;
    struct pg_params params = {0};
    struct pg_rows rows;
    add_content_params(writing, &params);
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "contents.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    CHECK((size_t)rows.count == batch->count);
    for (int r = 0; r < rows.count; r++) {
        if (pg_is_null(&rows, r, 0)) {
            error_set(error, GROVE_CONFLICT, "another session loads the same contents");
            error->retry = GROVE_RETRY_LATER;
            return GROVE_CONFLICT;
        }
        batch->content_ids[r] = pg_int4(&rows, r, 0);
        writing->was_there[r] = pg_bool(&rows, r, 1);
        writing->changed[r] = pg_bool(&rows, r, 2);
        writing->chunk_of[r] = pg_text(&rows, r, 3);
    }
    DCHECK(batch_check_written(batch) == NULL);
    return GROVE_OK;
}

static void note_changed(struct writing *writing, const struct pg_rows *rows)
{
    for (int r = 0; r < rows->count; r++)
        for (size_t i = 0; i < writing->batch->count; i++)
            if (writing->batch->content_ids[i] == pg_int4(rows, r, 0))
                writing->changed[i] = true;
}

static enum grove_code write_bodies(struct writing *writing, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4_array(&params, &writing->arena, writing->batch->content_ids, writing->batch->count);
    add_text_column(writing, &params, offsetof(struct record, body));
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "bodies.sql", &params, &rows, error);
    if (code == GROVE_OK)
        note_changed(writing, &rows);
    return code;
}

static enum grove_code write_vectors(struct writing *writing, struct grove_error *error)
{
    struct batch *batch = writing->batch;
    struct text *vectors = writing->columns->texts;
    struct pg_params params = {0};
    struct pg_rows rows;
    for (size_t i = 0; i < batch->count; i++) {
        const float *vector = batch->records[i].vector;
        vectors[i] = vector
                         ? (struct text){(const char *)vector, sizeof(float) * RECORD_VECTOR_SIZE}
                         : (struct text){NULL, 0};
    }
    pg_add_int4_array(&params, &writing->arena, batch->content_ids, batch->count);
    pg_add_bytea_array(&params, &writing->arena, vectors, batch->count);
    pg_add_text(&params, text_of(batch->origin));
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "vectors.sql", &params, &rows, error);
    if (code == GROVE_OK)
        note_changed(writing, &rows);
    return code;
}

static bool changes_chunk(const struct writing *writing, size_t i)
{
    return writing->chunk_of[i].data && writing->changed[i];
}

// What rows_as_documents.sql takes of rows that would change chunks.
struct rows_again {
    size_t count;
    int32_t ids[BATCH_ROWS_MAX], words[BATCH_ROWS_MAX], words_counted[BATCH_ROWS_MAX];
    struct text titles[BATCH_ROWS_MAX], digests[BATCH_ROWS_MAX];
    struct text summaries[BATCH_ROWS_MAX], summaries_made[BATCH_ROWS_MAX];
    int64_t created[BATCH_ROWS_MAX];
};

static enum grove_code add_row_again(struct writing *writing, size_t i, struct rows_again *ret,
                                     struct grove_error *error)
{
    const struct record *record = &writing->batch->records[i];
    struct text text = record->body.data ? record->body : record->summary;
    size_t at = ret->count, words = text_words(text);
    unsigned char *digest = arena_alloc(&writing->arena, SHA256_BYTES);
    ret->summaries_made[at] = record->summary;
    if (!digest ||
        (record->body.data && !record_summarise(text, &writing->arena, &ret->summaries_made[at])))
        return error_no_memory(error, "rows");
    CHECK(words <= INT32_MAX);
    sha256(text, digest);
    ret->ids[at] = writing->batch->content_ids[i];
    ret->titles[at] = record->title;
    ret->digests[at] = (struct text){(const char *)digest, SHA256_BYTES};
    ret->summaries[at] = record->summary;
    ret->words[at] = record->word_count;
    ret->words_counted[at] = (int32_t)words;
    ret->created[at] = record->created_at_us;
    ret->count++;
    return GROVE_OK;
}

static void note_documents(struct writing *writing, const struct pg_rows *rows)
{
    for (int r = 0; r < rows->count; r++)
        for (size_t i = 0; i < writing->batch->count; i++)
            if (writing->batch->content_ids[i] == pg_int4(rows, r, 0))
                writing->is_document[i] = true;
    writing->document_count = (size_t)rows->count;
}

// Which of the rows that would change a chunk are what its content was before it became a document:
// these are loaded already. One with a vector is not.
static enum grove_code find_documents(struct writing *writing, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    enum grove_code code = GROVE_OK;
    struct rows_again *again = arena_alloc(&writing->arena, sizeof *again);
    if (!again)
        return error_no_memory(error, "rows");
    again->count = 0;
    for (size_t i = 0; code == GROVE_OK && i < writing->batch->count; i++)
        if (changes_chunk(writing, i) && !writing->batch->records[i].vector)
            code = add_row_again(writing, i, again, error);
    if (code != GROVE_OK || again->count == 0)
        return code;
    pg_add_int4_array(&params, &writing->arena, again->ids, again->count);
    pg_add_text_array(&params, &writing->arena, again->titles, again->count);
    pg_add_bytea_array(&params, &writing->arena, again->digests, again->count);
    pg_add_text_array(&params, &writing->arena, again->summaries, again->count);
    pg_add_text_array(&params, &writing->arena, again->summaries_made, again->count);
    pg_add_int4_array(&params, &writing->arena, again->words, again->count);
    pg_add_int4_array(&params, &writing->arena, again->words_counted, again->count);
    pg_add_timestamp_array(&params, &writing->arena, again->created, again->count);
    code = store_query_on(writing->conn, &writing->arena, "rows_as_documents.sql", &params, &rows,
                          error);
    if (code == GROVE_OK)
        note_documents(writing, &rows);
    return code;
}

// Only a document changes its chunks. One that is given as it is, as by an export, does no harm.
static enum grove_code check_chunks(const struct writing *writing, struct grove_error *error)
{
    for (size_t i = 0; i < writing->batch->count; i++) {
        const struct record *record = &writing->batch->records[i];
        if (!changes_chunk(writing, i) || writing->is_document[i])
            continue;
        error_set(error, GROVE_CONFLICT,
                  "chunk %d of \"%.*s\" on leaf \"%.*s\" belongs to the document \"%.*s\"",
                  (int)record->chunk_number, TEXT_ARGS(record->content_type),
                  TEXT_ARGS(record->leaf), TEXT_ARGS(writing->chunk_of[i]));
        error_hint(error,
                   "give the row \"%.*s\" a chunk_number that nothing has there, or load it "
                   "as a document, with a key in \"document\"",
                   TEXT_ARGS(record->title));
        return GROVE_CONFLICT;
    }
    return GROVE_OK;
}

static enum grove_code write_once(struct writing *writing, struct grove_error *error)
{
    enum grove_code code = pg_begin(writing->conn, error);
    if (code == GROVE_OK)
        code = INJECT(LOAD_BEGUN, error);
    if (code == GROVE_OK)
        code = write_leaves(writing, error);
    if (code == GROVE_OK)
        code = INJECT(LOAD_LEAVES, error);
    if (code == GROVE_OK && writing->batch->count > 0)
        code = write_contents(writing, error);
    if (code == GROVE_OK)
        code = INJECT(LOAD_CONTENTS, error);
    if (code == GROVE_OK && writing->batch->count > 0)
        code = write_bodies(writing, error);
    if (code == GROVE_OK)
        code = INJECT(LOAD_BODIES, error);
    if (code == GROVE_OK && writing->batch->count > 0)
        code = write_vectors(writing, error);
    if (code == GROVE_OK)
        code = INJECT(LOAD_VECTORS, error);
    if (code == GROVE_OK)
        code = find_documents(writing, error);
    if (code == GROVE_OK)
        code = check_chunks(writing, error);
    // Where there are such rows nothing is committed: the others are written without them.
    if (code == GROVE_OK && writing->document_count == 0)
        code = pg_commit(writing->conn, error);
    return code;
}

static void add_counts(const struct writing *writing, struct grove_load_progress *progress)
{
    progress->leaves_created += writing->counts.leaves_created;
    for (size_t i = 0; i < writing->batch->count; i++) {
        progress->rows_inserted += !writing->was_there[i];
        progress->rows_updated += writing->was_there[i] && writing->changed[i];
        progress->rows_unchanged += writing->was_there[i] && !writing->changed[i];
    }
}

// Takes the rows out of the batch that are loaded already.
static void drop_documents(const struct writing *writing, struct grove_load_progress *progress)
{
    struct batch *batch = writing->batch;
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (writing->is_document[i])
            continue;
        batch->records[kept] = batch->records[i];
        batch->leaf_of[kept++] = batch->leaf_of[i];
    }
    CHECK(batch->count - kept == writing->document_count);
    progress->rows_unchanged += (int64_t)writing->document_count;
    batch->count = kept;
    DCHECK(batch_check_placed(batch) == NULL);
}

static enum grove_code write_transaction(struct batch *batch, struct grove_load_progress *progress,
                                         struct grove_error *error)
{
    enum grove_code code;
    for (int attempt = 1;; attempt++) {
        struct writing writing = {.batch = batch};
        arena_init(&writing.arena, BATCH_BYTES_MAX);
        writing.columns = arena_alloc(&writing.arena, sizeof *writing.columns);
        if (!writing.columns)
            code = error_no_memory(error, "a batch of rows");
        else
            code = pg_take(batch->store->pool, batch->call, &writing.conn, error);
        if (code == GROVE_OK)
            code = write_once(&writing, error);
        pg_give(&writing.conn); // rolls back what was not committed
        size_t documents = code == GROVE_OK ? writing.document_count : 0;
        if (code == GROVE_OK && documents > 0)
            drop_documents(&writing, progress);
        else if (code == GROVE_OK)
            add_counts(&writing, progress);
        arena_release(&writing.arena);
        if (documents > 0)
            continue;
        // A lost connection may have lost the answer to the commit only: the same rows again are
        // no change.
        bool again = code != GROVE_OK && error->retry == GROVE_RETRY_LATER &&
                     attempt < ATTEMPTS_MAX && code != GROVE_TIMEOUT;
        if (!again)
            return code;
    }
}

// --- statistics ----------------------------------------------------------------------------------

// A load into an empty database is over before PostgreSQL counts rows of itself: till then it takes
// any index of contents for as good as the one that has the key, and reads all of a leaf for each
// row. That it does not succeed is no matter.
static void keep_statistics(struct batch *batch, int64_t inserted)
{
    struct grove_error ignored;
    struct pg_params params = {0};
    struct pg_rows rows;
    struct arena arena;
    batch->uncounted += inserted;
    if (batch->uncounted < batch->count_at)
        return;
    arena_init(&arena, 1 << 20);
    pg_add_int8(&params, batch->uncounted);
    batch->count_at = 2 * batch->uncounted;
    enum grove_code code = store_query(batch->store, batch->call, &arena, "statistics_due.sql",
                                       &params, &rows, &ignored);
    if (code == GROVE_OK && pg_bool(&rows, 0, 0)) {
        (void)!store_query(batch->store, batch->call, &arena, "statistics.sql", NULL, &rows,
                           &ignored);
        batch->uncounted = 0;
        batch->count_at = UNCOUNTED_ROWS;
    }
    arena_release(&arena);
}

// --- all of it -----------------------------------------------------------------------------------

enum grove_code batch_commit(struct batch *batch, struct grove_load_progress *progress,
                             size_t *ret_count, struct grove_error *error)
{
    int64_t start_us = clock_monotonic_us(), inserted = progress->rows_inserted;
    for (size_t i = 0; i < batch->count; i++) {
        const struct record *record = &batch->records[i];
        const struct batch_leaf leaf = {.tree = record->tree,
                                        .branch = record->branch,
                                        .limb = record->limb,
                                        .leaf = record->leaf};
        batch->leaf_of[i] = find_or_add_leaf(batch, &leaf);
    }
    DCHECK(batch_check_placed(batch) == NULL);
    enum grove_code code = store_refresh_model(batch->store, batch->call, error);
    if (code == GROVE_OK && batch->leaf_count > 0)
        code = write_transaction(batch, progress, error);
    keep_statistics(batch, progress->rows_inserted - inserted);
    progress->seconds_database += (double)(clock_monotonic_us() - start_us) / 1e6;
    if (code == GROVE_OK)
        code = INJECT(LOAD_COMMITTED, error);
    *ret_count = batch->count;
    batch->count = batch->leaf_count = 0;
    arena_clear(&batch->arena);
    return code;
}

enum grove_code batch_write(struct batch *batch, struct grove_load_progress *progress,
                            struct grove_error *error)
{
    size_t count;
    enum grove_code code = batch_commit(batch, progress, &count, error);
    if (code != GROVE_OK || count == 0)
        return code;
    return project_contents(&batch->projecting, batch->content_ids, count, progress, error);
}
