// SPDX-License-Identifier: Apache-2.0
#include "attach/write.h"

#include "base/check.h"
#include "base/digest.h"
#include "catalog/store.h"

// --- what is there -------------------------------------------------------------------------------

// Of some keys those that have a document.
static enum grove_code find_known(struct writing_rows *writing, const struct text *keys,
                                  size_t count, struct pg_rows *ret, struct grove_error *error)
{
    struct pg_params params = {0};
    pg_add_text(&params, writing->attachment->source);
    pg_add_text_array(&params, writing->arena, keys, count);
    return store_query_on(writing->conn, writing->arena, "documents_known.sql", &params, ret,
                          error);
}

enum grove_code remove_documents(struct writing_rows *writing, const struct text *keys,
                                 size_t count, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, writing->attachment->source);
    pg_add_text_array(&params, writing->arena, keys, count);
    return store_query_on(writing->conn, writing->arena, "documents_remove.sql", &params, &rows,
                          error);
}

static enum grove_code remove_gone(struct writing_rows *writing, struct take_in_report *counts,
                                   struct grove_error *error)
{
    struct text keys[2 * TAKE_IN_ROWS_MAX];
    struct pg_rows known;
    size_t count = 0;
    for (size_t i = 0; i < writing->gone_count; i++)
        keys[count++] = writing->gone[i];
    for (size_t i = 0; i < writing->count; i++)
        if (writing->rows[i].reason)
            keys[count++] = writing->rows[i].key;
    if (count == 0)
        return GROVE_OK;
    enum grove_code code = find_known(writing, keys, count, &known, error);
    if (code != GROVE_OK || known.count == 0)
        return code;
    counts->removed += known.count;
    return remove_documents(writing, keys, count, error);
}

// --- leaves --------------------------------------------------------------------------------------

static enum grove_code note_leaves(struct writing_rows *writing, const struct record_tree *tree,
                                   const struct pg_rows *made, struct take_in_report *counts,
                                   struct grove_error *error)
{
    int32_t ids[TAKE_IN_ROWS_MAX];
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = 0;
    for (int r = 0; r < made->count; r++)
        if (pg_bool(made, r, 2))
            ids[count++] = pg_int4(made, r, 1);
    if (count == 0)
        return GROVE_OK;
    pg_add_int4(&params, writing->attachment->id);
    pg_add_text(&params, tree->hierarchy_table);
    // One id for each row that lies there; once is enough.
    pg_add_int4_array(&params, writing->arena, ids, count);
    enum grove_code code =
        store_query_on(writing->conn, writing->arena, "attached_leaves.sql", &params, &rows, error);
    if (code == GROVE_OK)
        counts->leaves_created += rows.count;
    return code;
}

// The leaves of one tree, made where they are missing; leaf_ids[] as the rows are.
static enum grove_code find_leaves(struct writing_rows *writing, const struct record_tree *tree,
                                   int32_t *leaf_ids, struct take_in_report *counts,
                                   struct grove_error *error)
{
    struct text columns[3][TAKE_IN_ROWS_MAX], none[TAKE_IN_ROWS_MAX] = {0};
    size_t places[TAKE_IN_ROWS_MAX] = {0}, count = 0;
    struct pg_params params = {0};
    struct pg_rows rows;
    for (size_t i = 0; i < writing->count; i++) {
        const struct record *record = &writing->rows[i].record;
        if (writing->rows[i].reason || record->tree != tree)
            continue;
        columns[0][count] = record->branch;
        columns[1][count] = record->limb;
        columns[2][count] = record->leaf;
        places[count++] = i;
    }
    pg_add_text(&params, tree->hierarchy_table);
    for (size_t c = 0; c < ARRAY_COUNT(columns); c++)
        pg_add_text_array(&params, writing->arena, columns[c], count);
    pg_add_text_array(&params, writing->arena, none, count);
    enum grove_code code =
        store_query_on(writing->conn, writing->arena, "leaves_of.sql", &params, &rows, error);
    if (code == GROVE_OK && (size_t)rows.count != count) {
        code = error_set(error, GROVE_CONFLICT, "leaves went while rows were taken in");
        error->retry = GROVE_RETRY_LATER;
    }
    if (code != GROVE_OK)
        return code;
    for (int r = 0; r < rows.count; r++)
        leaf_ids[places[r]] = pg_int4(&rows, r, 1);
    return note_leaves(writing, tree, &rows, counts, error);
}

static enum grove_code find_all_leaves(struct writing_rows *writing, int32_t *leaf_ids,
                                       struct take_in_report *counts, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < writing->count; i++) {
        const struct record_tree *tree = writing->rows[i].record.tree;
        bool first = !writing->rows[i].reason;
        for (size_t j = 0; first && j < i; j++)
            first = writing->rows[j].reason || writing->rows[j].record.tree != tree;
        if (first)
            code = find_leaves(writing, tree, leaf_ids, counts, error);
    }
    return code;
}

// --- new documents of a chunk --------------------------------------------------------------------

// As columns. created INT64_MIN: now.
struct new_documents {
    size_t count;
    const struct record *records[TAKE_IN_ROWS_MAX];
    struct split_chunk chunks[TAKE_IN_ROWS_MAX];
    int32_t leaf_ids[TAKE_IN_ROWS_MAX];
};

struct columns {
    struct text keys[TAKE_IN_ROWS_MAX], titles[TAKE_IN_ROWS_MAX], urls[TAKE_IN_ROWS_MAX];
    struct text metadata[TAKE_IN_ROWS_MAX], bodies[TAKE_IN_ROWS_MAX], digests[TAKE_IN_ROWS_MAX];
    struct text tables[TAKE_IN_ROWS_MAX], types[TAKE_IN_ROWS_MAX], headings[TAKE_IN_ROWS_MAX];
    struct text chunk_titles[TAKE_IN_ROWS_MAX], summaries[TAKE_IN_ROWS_MAX];
    struct text texts[TAKE_IN_ROWS_MAX];
    int64_t created[TAKE_IN_ROWS_MAX];
    int32_t words[TAKE_IN_ROWS_MAX], firsts[TAKE_IN_ROWS_MAX], characters[TAKE_IN_ROWS_MAX];
};

static enum grove_code add_columns(struct arena *arena, const struct new_documents *added,
                                   struct columns *ret, struct grove_error *error)
{
    for (size_t i = 0; i < added->count; i++) {
        const struct record *record = added->records[i];
        const struct split_chunk *chunk = &added->chunks[i];
        unsigned char *digest = arena_alloc(arena, SHA256_BYTES);
        if (!digest || !record_summarise(chunk->text, arena, &ret->summaries[i]))
            return error_no_memory(error, "documents");
        sha256(record->body, digest);
        ret->keys[i] = record->document;
        ret->titles[i] = record->title;
        ret->urls[i] = record->url;
        ret->metadata[i] = record->metadata;
        ret->bodies[i] = record->body;
        ret->digests[i] = (struct text){(const char *)digest, SHA256_BYTES};
        ret->created[i] = record->created_at_us;
        ret->tables[i] = record->tree->hierarchy_table;
        ret->types[i] = record->content_type;
        ret->chunk_titles[i] = chunk->title;
        ret->texts[i] = chunk->text;
        ret->words[i] = (int32_t)text_words(chunk->text);
        ret->headings[i] = chunk->heading.data ? chunk->heading : text_of("");
        ret->firsts[i] = (int32_t)chunk->character + 1;
        ret->characters[i] = (int32_t)chunk->characters;
    }
    return GROVE_OK;
}

static enum grove_code lock_places(struct writing_rows *writing, const struct columns *columns,
                                   const struct new_documents *added, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text_array(&params, writing->arena, columns->tables, added->count);
    pg_add_int4_array(&params, writing->arena, added->leaf_ids, added->count);
    pg_add_text_array(&params, writing->arena, columns->types, added->count);
    return store_query_on(writing->conn, writing->arena, "places_lock.sql", &params, &rows, error);
}

// Of those that brought one.
static enum grove_code insert_vectors(struct writing_rows *writing,
                                      const struct new_documents *added,
                                      const struct pg_rows *contents, struct grove_error *error)
{
    int32_t ids[TAKE_IN_ROWS_MAX];
    struct text vectors[TAKE_IN_ROWS_MAX];
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = 0;
    for (size_t i = 0; i < added->count; i++) {
        const float *vector = added->records[i]->vector;
        if (!vector)
            continue;
        ids[count] = pg_int4(contents, (int)i, 0);
        vectors[count++] = (struct text){(const char *)vector, sizeof *vector * RECORD_VECTOR_SIZE};
    }
    if (count == 0)
        return GROVE_OK;
    pg_add_int4_array(&params, writing->arena, ids, count);
    pg_add_bytea_array(&params, writing->arena, vectors, count);
    pg_add_text(&params, text_of("supplied"));
    return store_query_on(writing->conn, writing->arena, "vectors.sql", &params, &rows, error);
}

static enum grove_code insert_columns(struct writing_rows *writing, const struct columns *columns,
                                      const struct new_documents *added, struct grove_error *error)
{
    struct arena *arena = writing->arena;
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = added->count;
    pg_add_text(&params, writing->attachment->source);
    pg_add_text_array(&params, arena, columns->keys, count);
    pg_add_text_array(&params, arena, columns->titles, count);
    pg_add_text_array(&params, arena, columns->urls, count);
    pg_add_text_array(&params, arena, columns->metadata, count);
    pg_add_text_array(&params, arena, columns->bodies, count);
    pg_add_bytea_array(&params, arena, columns->digests, count);
    pg_add_timestamp_array(&params, arena, columns->created, count);
    pg_add_text_array(&params, arena, columns->tables, count);
    pg_add_int4_array(&params, arena, added->leaf_ids, count);
    pg_add_text_array(&params, arena, columns->types, count);
    pg_add_text_array(&params, arena, columns->chunk_titles, count);
    pg_add_text_array(&params, arena, columns->summaries, count);
    pg_add_text_array(&params, arena, columns->texts, count);
    pg_add_int4_array(&params, arena, columns->words, count);
    pg_add_text_array(&params, arena, columns->headings, count);
    pg_add_int4_array(&params, arena, columns->firsts, count);
    pg_add_int4_array(&params, arena, columns->characters, count);
    enum grove_code code =
        store_query_on(writing->conn, writing->arena, "documents_new.sql", &params, &rows, error);
    if (code == GROVE_OK && (size_t)rows.count == count)
        return insert_vectors(writing, added, &rows, error);
    if (code != GROVE_OK)
        return code;
    error_set(error, GROVE_CONFLICT, "another session takes chunk numbers of the same leaves");
    error->retry = GROVE_RETRY_LATER;
    return GROVE_CONFLICT;
}

static enum grove_code insert_new(struct writing_rows *writing, const struct new_documents *added,
                                  struct grove_error *error)
{
    struct columns *columns = arena_alloc(writing->arena, sizeof *columns);
    if (added->count == 0)
        return GROVE_OK;
    if (!columns)
        return error_no_memory(error, "documents");
    enum grove_code code = add_columns(writing->arena, added, columns, error);
    if (code == GROVE_OK)
        code = lock_places(writing, columns, added, error);
    return code == GROVE_OK ? insert_columns(writing, columns, added, error) : code;
}

// --- all of them ---------------------------------------------------------------------------------

static bool is_known(const struct pg_rows *known, struct text key)
{
    for (int r = 0; r < known->count; r++)
        if (text_equal(pg_text(known, r, 0), key))
            return true;
    return false;
}

static enum grove_code write_alone(struct writing_rows *writing, const struct record *record,
                                   struct take_in_report *counts, struct grove_error *error)
{
    struct grove_load_progress progress = {0};
    enum grove_code code =
        documents_write_within(&writing->documents, writing->conn, record, &progress, error);
    counts->inserted += progress.rows_inserted;
    counts->updated += progress.rows_updated;
    counts->unchanged += progress.rows_unchanged;
    return code;
}

// Sorts out which are new and of a chunk; the others are written here.
static enum grove_code write_each(struct writing_rows *writing, const int32_t *leaf_ids,
                                  const struct pg_rows *known, struct new_documents *ret,
                                  struct take_in_report *counts, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < writing->count; i++) {
        const struct table_row *row = &writing->rows[i];
        struct split_chunk *chunks = NULL;
        size_t count = 0;
        if (row->reason)
            continue;
        bool is_new = !is_known(known, row->key);
        if (is_new)
            code = documents_split(&writing->documents, &row->record, writing->arena, &chunks,
                                   &count, error);
        if (code == GROVE_OK && count == 1) {
            ret->records[ret->count] = &row->record;
            ret->chunks[ret->count] = chunks[0];
            ret->leaf_ids[ret->count++] = leaf_ids[i];
            counts->inserted++;
        } else if (code == GROVE_OK) {
            code = write_alone(writing, &row->record, counts, error);
        }
    }
    return code;
}

// Rows whose vector is null now.
static enum grove_code drop_vectors(struct writing_rows *writing, struct grove_error *error)
{
    struct text keys[TAKE_IN_ROWS_MAX];
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = 0;
    for (size_t i = 0; i < writing->count; i++)
        if (!writing->rows[i].reason && !writing->rows[i].record.vector)
            keys[count++] = writing->rows[i].key;
    if (!writing->attachment->vector.data || count == 0)
        return GROVE_OK;
    pg_add_text(&params, writing->attachment->source);
    pg_add_text_array(&params, writing->arena, keys, count);
    return store_query_on(writing->conn, writing->arena, "vectors_drop.sql", &params, &rows, error);
}

enum grove_code write_rows(struct writing_rows *writing, struct take_in_report *counts,
                           struct grove_error *error)
{
    struct text keys[TAKE_IN_ROWS_MAX];
    int32_t leaf_ids[TAKE_IN_ROWS_MAX] = {0};
    struct new_documents *added = arena_alloc(writing->arena, sizeof *added);
    struct pg_rows known;
    if (!added)
        return error_no_memory(error, "documents");
    added->count = 0;
    enum grove_code code = remove_gone(writing, counts, error);
    if (code == GROVE_OK)
        code = find_all_leaves(writing, leaf_ids, counts, error);
    for (size_t i = 0; i < writing->count; i++)
        keys[i] = writing->rows[i].key;
    if (code == GROVE_OK)
        code = find_known(writing, keys, writing->count, &known, error);
    if (code == GROVE_OK)
        code = write_each(writing, leaf_ids, &known, added, counts, error);
    if (code == GROVE_OK)
        code = drop_vectors(writing, error);
    return code == GROVE_OK ? insert_new(writing, added, error) : code;
}
