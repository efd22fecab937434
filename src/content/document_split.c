// SPDX-License-Identifier: Apache-2.0
//
// The chunks that a document is to have: as large as the database's settings say.
#include "content/document.h"

#include "base/check.h"
#include "catalog/store.h"

static enum grove_code read_sizes(struct documents *documents, struct grove_error *error)
{
    struct pg_rows rows;
    struct arena arena;
    int64_t tokens = 0, overlap = 0;
    if (documents->sizes_known)
        return GROVE_OK;
    arena_init(&arena, 1 << 20);
    enum grove_code code = store_query(documents->store, documents->call, &arena, "chunk_sizes.sql",
                                       NULL, &rows, error);
    if (code == GROVE_OK) {
        bool good =
            pg_is_null(&rows, 0, 0) || (text_to_int64(pg_text(&rows, 0, 0), &tokens) &&
                                        tokens >= SPLIT_TOKENS_LEAST && tokens <= EMBED_TOKENS_MAX);
        good = good && (pg_is_null(&rows, 0, 1) || (text_to_int64(pg_text(&rows, 0, 1), &overlap) &&
                                                    overlap >= 0 && overlap <= EMBED_TOKENS_MAX));
        if (!good)
            code = error_set(error, GROVE_INVALID,
                             "the settings chunk_tokens and chunk_overlap are not %d to %d, and 0 "
                             "to %d",
                             SPLIT_TOKENS_LEAST, EMBED_TOKENS_MAX, EMBED_TOKENS_MAX);
        documents->sizes = (struct split_options){
            .tokens_max = (unsigned)tokens,
            .overlap = pg_is_null(&rows, 0, 1) ? SPLIT_OVERLAP_DEFAULT : (unsigned)overlap};
        documents->sizes_known = code == GROVE_OK;
    }
    arena_release(&arena);
    return code;
}

enum grove_code documents_prepare(struct documents *documents, struct grove_error *error)
{
    enum grove_code code = store_refresh_model(documents->store, documents->call, error);
    return code == GROVE_OK ? read_sizes(documents, error) : code;
}

// What has a vector is one chunk: there is none for a part of it.
static enum grove_code keep_whole(const struct record *record, struct arena *arena,
                                  struct split_chunk **ret, size_t *ret_count,
                                  struct grove_error *error)
{
    struct split_chunk *chunk = arena_alloc(arena, sizeof *chunk);
    if (!chunk)
        return error_no_memory(error, "chunks");
    *chunk = (struct split_chunk){
        .text = record->body, .characters = text_characters(record->body), .title = record->title};
    *ret = chunk;
    *ret_count = 1;
    return GROVE_OK;
}

enum grove_code documents_split(struct documents *documents, const struct record *record,
                                struct arena *arena, struct split_chunk **ret, size_t *ret_count,
                                struct grove_error *error)
{
    struct store *store = documents->store;
    struct embedder *embedder;
    struct split_options options = documents->sizes;
    CHECK(documents->sizes_known);
    if (record->vector)
        return keep_whole(record, arena, ret, ret_count, error);
    options.title = record->title;
    enum grove_code code =
        store_embedder(store, documents->call, store_precision(store), &embedder, error);
    return code == GROVE_OK
               ? embedder_split(embedder, record->body, &options, arena, ret, ret_count, error)
               : code;
}
