// SPDX-License-Identifier: Apache-2.0
//
// Which contents a document keeps. Its chunks were contents before, in some order; now it has
// others. A chunk whose content is the same (title, summary, body, words) keeps the first such that
// no chunk before it has: so text that was put in, taken out or moved touches nothing else. Those
// that are left over on both sides are paired in their order: a chunk that was edited keeps its id.
// What is left then is new, or goes.
//
//     before   A  B  C  D        now   A  X  C' D  E
//     same     A        D              X, C' are left, and B, C; E is new
//     paired   B -> X, C -> C'
#include "content/document.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/inject.h"
#include "base/strbuf.h"
#include "catalog/store.h"

enum {
    BYTES_MAX = 192 << 20, // of a document with its chunks, and what is sent of it
    ATTEMPTS_MAX = 4,
    CHUNKS_MAX = 100000,
};

void documents_init(struct documents *documents, struct store *store, struct call *call)
{
    *documents =
        (struct documents){.store = store, .call = call, .projecting = projecting_of(store, call)};
}

// --- chunks --------------------------------------------------------------------------------------

// A chunk as it is to be.
struct wanted {
    const struct split_chunk *chunk;
    struct text summary;
    int32_t words;
    unsigned char digest[SHA256_BYTES]; // of summary and body
    int32_t content_id;                 // that it has; 0: none yet
};

// A chunk as it is.
struct present {
    int32_t content_id;
    struct text title, heading;
    int32_t first_character, characters, words;
    struct text digest;
    bool in_place; // on the leaf, of the type and the time that it is to be
    bool taken;
};

struct writing {
    struct documents *documents;
    const struct record *record;
    struct pg_conn *conn;
    struct arena *parts;                // of what is wanted: the same in each try
    struct arena arena;                 // of a try
    unsigned char digest[SHA256_BYTES]; // of the whole body
    struct split_chunk *chunks;
    struct wanted *wanted; // one for each chunk
    size_t wanted_count;
    struct present *present;
    size_t present_count;
    int32_t leaf_id;
    int32_t document_id; // 0: there is none
    bool same;           // but for its chunks
    int64_t leaves_created;
    size_t removed;                       // chunks
    const struct document_origin *origin; // NULL: it comes from elsewhere
    bool origin_changed;
    struct chunk_vectors vectors; // of what has an origin
};

// What is compared to tell whether a content is that of a chunk, as document_chunks.sql makes it.
static enum grove_code digest_chunk(struct wanted *wanted, struct arena *arena,
                                    struct grove_error *error)
{
    struct text body = wanted->chunk->text;
    char *whole = arena_printf(arena, "%.*s\n%.*s", TEXT_ARGS(wanted->summary), TEXT_ARGS(body));
    if (!whole)
        return error_no_memory(error, "a chunk");
    sha256((struct text){whole, wanted->summary.length + 1 + body.length}, wanted->digest);
    return GROVE_OK;
}

static enum grove_code split_record(struct writing *writing, struct grove_error *error)
{
    sha256(writing->record->body, writing->digest);
    enum grove_code code = documents_split(writing->documents, writing->record, writing->parts,
                                           &writing->chunks, &writing->wanted_count, error);
    if (code != GROVE_OK)
        return code;
    CHECK(writing->wanted_count > 0); // a body says something
    if (writing->wanted_count > CHUNKS_MAX)
        return error_set(error, GROVE_LIMIT, "a document of %zu chunks, at most %d",
                         writing->wanted_count, CHUNKS_MAX);
    writing->wanted =
        arena_alloc_array(writing->parts, writing->wanted_count, sizeof *writing->wanted);
    if (!writing->wanted)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; code == GROVE_OK && i < writing->wanted_count; i++) {
        struct wanted *wanted = &writing->wanted[i];
        const struct split_chunk *chunk = &writing->chunks[i];
        size_t words = text_words(chunk->text);
        *wanted = (struct wanted){.chunk = chunk, .words = (int32_t)words};
        CHECK(words <= INT32_MAX);
        if (!record_summarise(chunk->text, writing->parts, &wanted->summary))
            return error_no_memory(error, "a chunk");
        code = digest_chunk(wanted, writing->parts, error);
    }
    return code;
}

// --- what is there -------------------------------------------------------------------------------

static enum grove_code lock_document(struct writing *writing, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, writing->record->source);
    pg_add_text(&params, writing->record->document);
    return store_query_on(writing->conn, &writing->arena, "document_lock.sql", &params, &rows,
                          error);
}

static enum grove_code find_leaf(struct writing *writing, struct grove_error *error)
{
    const struct record *record = writing->record;
    const struct text none = {0};
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, record->tree->hierarchy_table);
    pg_add_text_array(&params, &writing->arena, &record->branch, 1);
    pg_add_text_array(&params, &writing->arena, &record->limb, 1);
    pg_add_text_array(&params, &writing->arena, &record->leaf, 1);
    pg_add_text_array(&params, &writing->arena, &none, 1);
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "leaves_of.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    if (rows.count != 1)
        return error_set(error, GROVE_CONFLICT, "the leaf went while a document was loaded");
    writing->leaf_id = pg_int4(&rows, 0, 1);
    writing->leaves_created = pg_bool(&rows, 0, 2);
    return GROVE_OK;
}

// Files whose rows are numbered from 1 have the same keys. What is imported below one tree, and
// stands in another one, is most likely of another file: it is not overwritten.
static enum grove_code check_tree(const struct writing *writing, const struct pg_rows *rows,
                                  struct grove_error *error)
{
    const struct record *record = writing->record;
    if (!writing->documents->keeps_trees || record->source.length > 0 || rows->count == 0 ||
        text_equal(pg_text(rows, 0, 6), record->tree->hierarchy_table))
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT, "there is a document \"%.*s\" in another tree already, %.*s",
              TEXT_ARGS(record->document), TEXT_ARGS(pg_text(rows, 0, 6)));
    error_hint(error, "--source NAME tells the keys of this file from those of others; where it is "
                      "the same document, move it by \"grove mv\" first, or remove it");
    return GROVE_CONFLICT;
}

static enum grove_code read_present(struct writing *writing, struct grove_error *error)
{
    const struct record *record = writing->record;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, writing->document_id);
    enum grove_code code = store_query_on(writing->conn, &writing->arena, "document_chunks.sql",
                                          &params, &rows, error);
    if (code == GROVE_OK)
        code = check_tree(writing, &rows, error);
    if (code != GROVE_OK)
        return code;
    writing->present_count = (size_t)rows.count;
    writing->present =
        arena_alloc_array(&writing->arena, writing->present_count + 1, sizeof *writing->present);
    if (!writing->present)
        return error_no_memory(error, "chunks");
    for (int r = 0; r < rows.count; r++) {
        int64_t created_us = record->created_at_us;
        writing->present[r] = (struct present){
            .content_id = pg_int4(&rows, r, 0),
            .title = pg_text(&rows, r, 1),
            .heading = pg_text(&rows, r, 2),
            .first_character = pg_int4(&rows, r, 3),
            .characters = pg_int4(&rows, r, 4),
            .words = pg_int4(&rows, r, 5),
            .digest = pg_bytea(&rows, r, 10),
            .in_place = text_equal(pg_text(&rows, r, 6), record->tree->hierarchy_table) &&
                        pg_int4(&rows, r, 7) == writing->leaf_id &&
                        text_equal(pg_text(&rows, r, 8), record->content_type) &&
                        (created_us == INT64_MIN || created_us == pg_timestamp(&rows, r, 9)),
        };
    }
    return GROVE_OK;
}

static enum grove_code read_document(struct writing *writing, struct grove_error *error)
{
    const struct record *record = writing->record;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_text(&params, record->source);
    pg_add_text(&params, record->document);
    pg_add_text(&params, record->title);
    pg_add_text(&params, record->url);
    pg_add_text(&params, record->metadata);
    pg_add_bytea(&params, writing->digest, sizeof writing->digest);
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "document_read.sql", &params, &rows, error);
    writing->document_id = 0;
    writing->present_count = 0;
    if (code != GROVE_OK || rows.count == 0)
        return code;
    int64_t created_us = record->created_at_us;
    writing->document_id = pg_int4(&rows, 0, 0);
    writing->same = pg_bool(&rows, 0, 1) &&
                    (created_us == INT64_MIN || created_us == pg_timestamp(&rows, 0, 2));
    return read_present(writing, error);
}

// --- what it was ---------------------------------------------------------------------------------

// The content that becomes a document is its only chunk so far, and keeps nothing but its place.
static enum grove_code take_origin(struct writing *writing, struct grove_error *error)
{
    const struct document_origin *origin = writing->origin;
    const struct record *record = writing->record;
    struct pg_params lock = {0}, params = {0};
    struct pg_rows rows;
    pg_add_int4(&lock, origin->content_id);
    pg_add_int4(&params, origin->content_id);
    pg_add_text(&params, record->tree->hierarchy_table);
    pg_add_text(&params, record->content_type);
    pg_add_timestamp(&params, record->created_at_us);
    pg_add_bytea(&params, origin->sha256.data, origin->sha256.length);
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "origin_lock.sql", &lock, &rows, error);
    if (code == GROVE_OK)
        code = store_query_on(writing->conn, &writing->arena, "origin_read.sql", &params, &rows,
                              error);
    writing->origin_changed = code == GROVE_OK && rows.count == 0;
    if (code != GROVE_OK || writing->origin_changed)
        return code;
    writing->present = arena_alloc_array(&writing->arena, 1, sizeof *writing->present);
    if (!writing->present)
        return error_no_memory(error, "chunks");
    writing->leaf_id = pg_int4(&rows, 0, 0);
    writing->present[0] = (struct present){.content_id = origin->content_id};
    writing->present_count = 1;
    return GROVE_OK;
}

static enum grove_code check_new(struct writing *writing, struct grove_error *error)
{
    struct present *present = writing->present;
    enum grove_code code = read_document(writing, error);
    if (code == GROVE_OK && writing->document_id != 0)
        code = error_set(error, GROVE_CONFLICT, "there is a document \"%.*s/%.*s\" already",
                         TEXT_ARGS(writing->record->source), TEXT_ARGS(writing->record->document));
    writing->present = present;
    writing->present_count = 1;
    return code;
}

// --- which contents chunks keep ------------------------------------------------------------------

static bool has_content(const struct present *present, const struct wanted *wanted)
{
    return present->words == wanted->words && present->digest.length == SHA256_BYTES &&
           memcmp(present->digest.data, wanted->digest, SHA256_BYTES) == 0 &&
           text_equal(present->title, wanted->chunk->title);
}

// Those that are there, by digest, and equals in their order. `next` of the first of several equals
// is how many of these are behind us.
struct sorted {
    struct present *present;
    size_t next;
};

static int compare_digests(struct text a, const void *b)
{
    return a.length == SHA256_BYTES ? memcmp(a.data, b, SHA256_BYTES) : -1;
}

static int compare_sorted(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    int order = memcmp(x->present->digest.data, y->present->digest.data, SHA256_BYTES);
    return order != 0 ? order : (x->present > y->present) - (x->present < y->present);
}

static size_t find_digest(const struct sorted *sorted, size_t count, const void *digest)
{
    size_t low = 0;
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (compare_digests(sorted[middle].present->digest, digest) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum grove_code keep_same(struct writing *writing, struct grove_error *error)
{
    size_t count = writing->present_count;
    struct sorted *sorted = arena_alloc_array(&writing->arena, count + 1, sizeof *sorted);
    if (!sorted)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct sorted){&writing->present[i], 0};
    qsort(sorted, count, sizeof *sorted, compare_sorted);
    for (size_t w = 0; w < writing->wanted_count; w++) {
        struct wanted *wanted = &writing->wanted[w];
        size_t first = find_digest(sorted, count, wanted->digest);
        wanted->content_id = 0;
        for (size_t i = first < count ? first + sorted[first].next : count;
             i < count && compare_digests(sorted[i].present->digest, wanted->digest) == 0; i++) {
            sorted[first].next = i - first + 1;
            if (!has_content(sorted[i].present, wanted))
                continue;
            sorted[i].present->taken = true;
            wanted->content_id = sorted[i].present->content_id;
            break;
        }
    }
    return GROVE_OK;
}

static void keep_rest(struct writing *writing)
{
    size_t next = 0;
    for (size_t w = 0; w < writing->wanted_count; w++) {
        if (writing->wanted[w].content_id != 0)
            continue;
        while (next < writing->present_count && writing->present[next].taken)
            next++;
        if (next == writing->present_count)
            return;
        writing->present[next].taken = true;
        writing->wanted[w].content_id = writing->present[next].content_id;
    }
}

static bool is_unchanged(const struct writing *writing)
{
    bool same = writing->document_id != 0 && writing->same &&
                writing->present_count == writing->wanted_count;
    for (size_t i = 0; same && i < writing->wanted_count; i++) {
        const struct present *present = &writing->present[i];
        const struct wanted *wanted = &writing->wanted[i];
        same = present->in_place && has_content(present, wanted) &&
               text_equal(present->heading, wanted->chunk->heading) &&
               present->first_character == (int32_t)wanted->chunk->character + 1 &&
               present->characters == (int32_t)wanted->chunk->characters;
    }
    return same;
}

// --- writing -------------------------------------------------------------------------------------

// The chunks that have a content, or those that have none, as columns.
struct columns {
    size_t count;
    int32_t *ids, *words;
    struct text *titles, *summaries;
};

static enum grove_code columns_of(struct writing *writing, bool kept, struct columns *ret,
                                  struct grove_error *error)
{
    size_t most = writing->wanted_count;
    ret->count = 0;
    ret->ids = arena_alloc_array(&writing->arena, most, sizeof *ret->ids);
    ret->words = arena_alloc_array(&writing->arena, most, sizeof *ret->words);
    ret->titles = arena_alloc_array(&writing->arena, most, sizeof *ret->titles);
    ret->summaries = arena_alloc_array(&writing->arena, most, sizeof *ret->summaries);
    if (!ret->ids || !ret->words || !ret->titles || !ret->summaries)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; i < most; i++) {
        const struct wanted *wanted = &writing->wanted[i];
        if ((wanted->content_id != 0) != kept)
            continue;
        ret->ids[ret->count] = wanted->content_id;
        ret->words[ret->count] = wanted->words;
        ret->titles[ret->count] = wanted->chunk->title;
        ret->summaries[ret->count++] = wanted->summary;
    }
    return GROVE_OK;
}

static void add_place(struct writing *writing, struct pg_params *params)
{
    pg_add_text(params, writing->record->tree->hierarchy_table);
    pg_add_int4(params, writing->leaf_id);
    pg_add_text(params, writing->record->content_type);
}

static enum grove_code lock_place(struct writing *writing, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    add_place(writing, &params);
    return store_query_on(writing->conn, &writing->arena, "place_lock.sql", &params, &rows, error);
}

static enum grove_code update_contents(struct writing *writing, struct grove_error *error)
{
    struct columns kept;
    struct pg_params params = {0};
    struct pg_rows rows;
    enum grove_code code = columns_of(writing, true, &kept, error);
    if (code != GROVE_OK || kept.count == 0)
        return code;
    pg_add_int4_array(&params, &writing->arena, kept.ids, kept.count);
    pg_add_text_array(&params, &writing->arena, kept.titles, kept.count);
    pg_add_text_array(&params, &writing->arena, kept.summaries, kept.count);
    pg_add_int4_array(&params, &writing->arena, kept.words, kept.count);
    add_place(writing, &params);
    pg_add_timestamp(&params, writing->record->created_at_us);
    return store_query_on(writing->conn, &writing->arena, "chunks_update.sql", &params, &rows,
                          error);
}

static enum grove_code insert_contents(struct writing *writing, struct grove_error *error)
{
    struct columns added;
    struct pg_params params = {0};
    struct pg_rows rows;
    int next = 0;
    enum grove_code code = columns_of(writing, false, &added, error);
    if (code != GROVE_OK || added.count == 0)
        return code;
    add_place(writing, &params);
    pg_add_text_array(&params, &writing->arena, added.titles, added.count);
    pg_add_text_array(&params, &writing->arena, added.summaries, added.count);
    pg_add_int4_array(&params, &writing->arena, added.words, added.count);
    pg_add_timestamp(&params, writing->record->created_at_us);
    code =
        store_query_on(writing->conn, &writing->arena, "chunks_insert.sql", &params, &rows, error);
    if (code != GROVE_OK)
        return code;
    if ((size_t)rows.count != added.count) {
        error_set(error, GROVE_CONFLICT, "another session takes chunk numbers of the same leaf");
        error->retry = GROVE_RETRY_LATER;
        return GROVE_CONFLICT;
    }
    for (size_t i = 0; i < writing->wanted_count; i++)
        if (writing->wanted[i].content_id == 0)
            writing->wanted[i].content_id = pg_int4(&rows, next++, 0);
    return GROVE_OK;
}

static enum grove_code write_bodies(struct writing *writing, struct grove_error *error)
{
    size_t count = writing->wanted_count;
    int32_t *ids = arena_alloc_array(&writing->arena, count, sizeof *ids);
    struct text *bodies = arena_alloc_array(&writing->arena, count, sizeof *bodies);
    struct pg_params params = {0};
    struct pg_rows rows;
    if (!ids || !bodies)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; i < count; i++) {
        ids[i] = writing->wanted[i].content_id;
        bodies[i] = writing->wanted[i].chunk->text;
    }
    pg_add_int4_array(&params, &writing->arena, ids, count);
    pg_add_text_array(&params, &writing->arena, bodies, count);
    return store_query_on(writing->conn, &writing->arena, "bodies.sql", &params, &rows, error);
}

static enum grove_code write_document(struct writing *writing, struct grove_error *error)
{
    const struct record *record = writing->record;
    struct pg_params params = {0};
    struct pg_rows rows;
    pg_add_int4(&params, writing->document_id);
    pg_add_text(&params, record->source);
    pg_add_text(&params, record->document);
    pg_add_text(&params, record->title);
    pg_add_text(&params, record->url);
    pg_add_text(&params, record->metadata);
    pg_add_text(&params, record->body);
    pg_add_bytea(&params, writing->digest, sizeof writing->digest);
    pg_add_int4(&params, (int32_t)writing->wanted_count);
    pg_add_timestamp(&params, record->created_at_us);
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "document_write.sql", &params, &rows, error);
    if (code == GROVE_OK && rows.count == 0) {
        code = error_set(error, GROVE_CONFLICT, "another session changes the same document");
        error->retry = GROVE_RETRY_LATER;
    }
    if (code == GROVE_OK)
        writing->document_id = pg_int4(&rows, 0, 0);
    return code;
}

static enum grove_code write_chunks(struct writing *writing, struct grove_error *error)
{
    size_t count = writing->wanted_count;
    int32_t *ids = arena_alloc_array(&writing->arena, count, sizeof *ids);
    int32_t *firsts = arena_alloc_array(&writing->arena, count, sizeof *firsts);
    int32_t *characters = arena_alloc_array(&writing->arena, count, sizeof *characters);
    struct text *headings = arena_alloc_array(&writing->arena, count, sizeof *headings);
    struct pg_params params = {0};
    struct pg_rows rows;
    if (!ids || !firsts || !characters || !headings)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; i < count; i++) {
        const struct split_chunk *chunk = writing->wanted[i].chunk;
        ids[i] = writing->wanted[i].content_id;
        firsts[i] = (int32_t)chunk->character + 1;
        characters[i] = (int32_t)chunk->characters;
        headings[i] = chunk->heading.data ? chunk->heading : text_of("");
    }
    pg_add_int4(&params, writing->document_id);
    pg_add_int4_array(&params, &writing->arena, ids, count);
    pg_add_text_array(&params, &writing->arena, headings, count);
    pg_add_int4_array(&params, &writing->arena, firsts, count);
    pg_add_int4_array(&params, &writing->arena, characters, count);
    return store_query_on(writing->conn, &writing->arena, "chunks_write.sql", &params, &rows,
                          error);
}

static enum grove_code store_vectors(struct writing *writing, struct grove_error *error)
{
    int32_t *ids = arena_alloc_array(&writing->arena, writing->wanted_count, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; i < writing->wanted_count; i++)
        ids[i] = writing->wanted[i].content_id;
    return chunk_vectors_store(&writing->vectors, writing->conn, &writing->arena, ids, error);
}

// After the others were written: a document goes with its last chunk.
static enum grove_code remove_contents(struct writing *writing, struct grove_error *error)
{
    struct pg_params params = {0};
    struct pg_rows rows;
    size_t count = 0;
    int32_t *ids = arena_alloc_array(&writing->arena, writing->present_count + 1, sizeof *ids);
    if (!ids)
        return error_no_memory(error, "chunks");
    for (size_t i = 0; i < writing->present_count; i++)
        if (!writing->present[i].taken)
            ids[count++] = writing->present[i].content_id;
    writing->removed = count;
    if (count == 0)
        return GROVE_OK;
    pg_add_int4_array(&params, &writing->arena, ids, count);
    return store_query_on(writing->conn, &writing->arena, "chunks_remove.sql", &params, &rows,
                          error);
}

static enum grove_code write_vector(struct writing *writing, bool *ret_changed,
                                    struct grove_error *error)
{
    const float *vector = writing->record->vector;
    const struct text bytes = {(const char *)vector, sizeof *vector * RECORD_VECTOR_SIZE};
    struct pg_params params = {0};
    struct pg_rows rows;
    CHECK(writing->wanted_count == 1);
    pg_add_int4_array(&params, &writing->arena, &writing->wanted[0].content_id, 1);
    pg_add_bytea_array(&params, &writing->arena, &bytes, 1);
    pg_add_text(&params, text_of("supplied"));
    enum grove_code code =
        store_query_on(writing->conn, &writing->arena, "vectors.sql", &params, &rows, error);
    *ret_changed = code == GROVE_OK && rows.count > 0;
    return code;
}

static enum grove_code write_all(struct writing *writing, struct grove_error *error)
{
    enum grove_code code = lock_place(writing, error);
    if (code == GROVE_OK)
        code = update_contents(writing, error);
    if (code == GROVE_OK)
        code = insert_contents(writing, error);
    if (code == GROVE_OK)
        code = write_bodies(writing, error);
    if (code == GROVE_OK)
        code = write_document(writing, error);
    if (code == GROVE_OK)
        code = write_chunks(writing, error);
    if (code == GROVE_OK && writing->origin)
        code = store_vectors(writing, error);
    if (code == GROVE_OK)
        code = remove_contents(writing, error);
    return code == GROVE_OK ? INJECT(LOAD_DOCUMENT, error) : code;
}

static size_t count_same(const struct writing *writing)
{
    size_t same = 0;
    for (size_t i = 0; i < writing->wanted_count; i++)
        same += writing->wanted[i].content_id != 0;
    return same;
}

static enum grove_code write_changed(struct writing *writing, struct grove_load_progress *counts,
                                     struct grove_error *error)
{
    bool is_new = writing->document_id == 0;
    keep_rest(writing);
    counts->rows_inserted = is_new;
    counts->rows_updated = !is_new;
    counts->leaves_created = writing->leaves_created;
    counts->chunks_written = (int64_t)writing->wanted_count - counts->chunks_kept;
    enum grove_code code = write_all(writing, error);
    counts->chunks_removed = (int64_t)writing->removed;
    return code;
}

// Within a transaction.
static enum grove_code write_in(struct writing *writing, struct grove_load_progress *counts,
                                struct grove_error *error)
{
    bool other = false;
    *counts = (struct grove_load_progress){0};
    enum grove_code code = lock_document(writing, error);
    if (code == GROVE_OK)
        code = writing->origin ? take_origin(writing, error) : find_leaf(writing, error);
    if (code != GROVE_OK || writing->origin_changed)
        return code;
    code = writing->origin ? check_new(writing, error) : read_document(writing, error);
    if (code != GROVE_OK)
        return code;
    code = keep_same(writing, error);
    if (code != GROVE_OK)
        return code;
    counts->chunks_kept = (int64_t)count_same(writing);
    counts->rows_unchanged = is_unchanged(writing);
    if (!counts->rows_unchanged)
        code = write_changed(writing, counts, error);
    if (code == GROVE_OK && writing->record->vector)
        code = write_vector(writing, &other, error);
    if (code == GROVE_OK && other && counts->rows_unchanged) {
        counts->rows_unchanged = 0;
        counts->rows_updated = 1;
    }
    return code;
}

static enum grove_code write_once(struct writing *writing, struct grove_load_progress *counts,
                                  struct grove_error *error)
{
    enum grove_code code = pg_begin(writing->conn, error);
    if (code == GROVE_OK)
        code = write_in(writing, counts, error);
    // Where nothing is another the leaf may have been looked up for nothing.
    if (code == GROVE_OK && (counts->rows_unchanged || writing->origin_changed))
        pg_rollback(writing->conn);
    else if (code == GROVE_OK)
        code = pg_commit(writing->conn, error);
    return code;
}

static void add_counts(struct grove_load_progress *progress,
                       const struct grove_load_progress *counts)
{
    progress->rows_inserted += counts->rows_inserted;
    progress->rows_updated += counts->rows_updated;
    progress->rows_unchanged += counts->rows_unchanged;
    progress->leaves_created += counts->leaves_created;
    progress->chunks_written += counts->chunks_written;
    progress->chunks_kept += counts->chunks_kept;
    progress->chunks_removed += counts->chunks_removed;
    progress->documents++;
}

static enum grove_code write_transaction(struct writing *writing,
                                         struct grove_load_progress *progress,
                                         struct grove_error *error)
{
    struct grove_load_progress counts;
    enum grove_code code;
    for (int attempt = 1;; attempt++) {
        arena_init(&writing->arena, BYTES_MAX);
        code = pg_take(writing->documents->store->pool, writing->documents->call, &writing->conn,
                       error);
        if (code == GROVE_OK)
            code = write_once(writing, &counts, error);
        pg_give(&writing->conn); // rolls back what was not committed
        arena_release(&writing->arena);
        // Where only the answer to the commit was lost, the same again is no change.
        if (code == GROVE_OK || error->retry != GROVE_RETRY_LATER || attempt == ATTEMPTS_MAX ||
            code == GROVE_TIMEOUT)
            break;
    }
    if (code == GROVE_OK && !writing->origin_changed)
        add_counts(progress, &counts);
    return code;
}

// --- all of it -----------------------------------------------------------------------------------

enum grove_code documents_flush(struct documents *documents, struct grove_load_progress *progress,
                                struct grove_error *error)
{
    size_t count = documents->count;
    documents->count = 0;
    return count == 0 ? GROVE_OK
                      : project_contents(&documents->projecting, documents->content_ids, count,
                                         progress, error);
}

static enum grove_code project_later(struct documents *documents, const struct writing *writing,
                                     struct grove_load_progress *progress,
                                     struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    for (size_t i = 0; code == GROVE_OK && i < writing->wanted_count; i++) {
        CHECK(writing->wanted[i].content_id > 0);
        documents->content_ids[documents->count++] = writing->wanted[i].content_id;
        if (documents->count == DOCUMENTS_PENDING_MAX)
            code = documents_flush(documents, progress, error);
    }
    return code;
}

enum grove_code documents_write_within(struct documents *documents, struct pg_conn *conn,
                                       const struct record *record,
                                       struct grove_load_progress *progress,
                                       struct grove_error *error)
{
    struct arena parts;
    struct grove_load_progress counts;
    struct writing writing = {
        .documents = documents, .record = record, .parts = &parts, .conn = conn};
    CHECK(record->document.data);
    arena_init(&parts, BYTES_MAX);
    arena_init(&writing.arena, BYTES_MAX);
    enum grove_code code = split_record(&writing, error);
    if (code == GROVE_OK)
        code = write_in(&writing, &counts, error);
    if (code == GROVE_OK)
        add_counts(progress, &counts);
    arena_release(&writing.arena);
    arena_release(&parts);
    return code;
}

enum grove_code documents_write(struct documents *documents, const struct record *record,
                                struct grove_load_progress *progress, struct grove_error *error)
{
    struct arena parts;
    struct writing writing = {.documents = documents, .record = record, .parts = &parts};
    int64_t start_us = clock_monotonic_us();
    CHECK(record->document.data);
    arena_init(&parts, BYTES_MAX);
    enum grove_code code = documents_prepare(documents, error);
    if (code == GROVE_OK)
        code = split_record(&writing, error);
    if (code == GROVE_OK)
        code = write_transaction(&writing, progress, error);
    progress->seconds_database += (double)(clock_monotonic_us() - start_us) / 1e6;
    if (code == GROVE_OK)
        code = project_later(documents, &writing, progress, error);
    arena_release(&parts);
    return code;
}

enum grove_code documents_take_over(struct documents *documents,
                                    const struct document_origin *origin,
                                    const struct record *record, bool *ret_changed,
                                    struct grove_load_progress *progress, struct grove_error *error)
{
    struct arena parts;
    struct writing writing = {
        .documents = documents, .record = record, .parts = &parts, .origin = origin};
    CHECK(record->document.data);
    CHECK(record->created_at_us != INT64_MIN); // its chunks get its own
    arena_init(&parts, BYTES_MAX);
    enum grove_code code = documents_prepare(documents, error);
    if (code == GROVE_OK)
        code = split_record(&writing, error);
    if (code == GROVE_OK)
        code = chunk_vectors_compute(documents->store, documents->call, writing.chunks,
                                     writing.wanted_count, &parts, &writing.vectors, error);
    if (code == GROVE_OK)
        code = write_transaction(&writing, progress, error);
    if (code == GROVE_OK && !writing.origin_changed)
        code = project_later(documents, &writing, progress, error);
    if (code == GROVE_OK)
        *ret_changed = writing.origin_changed;
    arena_release(&parts);
    return code;
}
