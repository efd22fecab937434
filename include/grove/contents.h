// SPDX-License-Identifier: Apache-2.0
//
// Contents and the places they are in: what there is, one content as a whole, all of them as a file
// that loads back, taking away, and moving.
//
//     struct grove_error error;
//     struct grove_list_request request = {.path = "religion/Christianity"};
//     struct grove_listing *listing;
//     if (grove_list(grove, &request, &listing, &error) == GROVE_OK) {
//         for (size_t i = 0; i < listing->place_count; i++)
//             printf("%s %lld\n", listing->places[i].path, (long long)listing->places[i].contents);
//         grove_listing_free(listing);
//     }
#ifndef GROVE_CONTENTS_H
#define GROVE_CONTENTS_H

#include <grove/grove.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- what there is -----------------------------------------------------------------------------

enum grove_level {
    GROVE_LEVEL_TREE,
    GROVE_LEVEL_BRANCH,
    GROVE_LEVEL_LIMB,
    GROVE_LEVEL_LEAF,
};

struct grove_place {
    const char *name;
    const char *path; // as filters take it
    int64_t branches; // below it; of a branch 1, itself
    int64_t limbs;    // the same
    int64_t leaves;   // the same
    int64_t contents; // on all of these leaves
};

struct grove_type_count {
    const char *name;
    int64_t contents;
};

// One of a leaf.
struct grove_listed_document {
    int32_t document_id;
    const char *source; // "" where none was given
    const char *key;
    const char *title;
    const char *content_type;
    int64_t chunks;
    int64_t updated_at_us;
    const char *table; // as of struct grove_passage
};

struct grove_listing {
    enum grove_level level; // of the places
    const struct grove_place *places;
    size_t place_count;
    const struct grove_type_count
        *types; // all that there are in the place, the most frequent first
    size_t type_count;
    int64_t contents;
    // Of a leaf that was asked for: what is on it, one level further down.
    const struct grove_listed_document *documents;
    size_t document_count;
    const char *next_cursor; // NULL: these were the last
    int64_t waiting; // at least so many rows of attached tables were not read yet; 0: all were
};

struct grove_list_request {
    size_t size_bytes; // see struct grove_limits
    const char *path;  // NULL: the trees. What is one level below it; of a leaf itself
    bool leaves;       // all leaves below it instead, however far
    const char *const *content_types; // any of these are counted; NULL: all
    size_t content_type_count;
    struct grove_limits limits;
    unsigned document_limit; // of a leaf: documents at most, up to GROVE_LIMIT_MAX; 0: 100
    const char *cursor;      // the page before's next_cursor; NULL: from the first
};

// From the counts that are kept, in one snapshot. Rows of attached tables that were committed
// before are read first, as before a search, and as before what is read and exported below.
// GROVE_NOT_FOUND: no such path. A tree that has no leaf is there all the same.
GROVE_CHECKED enum grove_code grove_list(struct grove *grove,
                                         const struct grove_list_request *request,
                                         struct grove_listing **ret, struct grove_error *error);
GROVE_PUBLIC void grove_listing_free(struct grove_listing *listing); // NULL is fine

// --- one content -------------------------------------------------------------------------------

struct grove_content {
    struct grove_row row;      // its score is NaN
    const char *body;          // NULL: it has none, or none was asked for
    int64_t body_bytes;        // or GROVE_NULL: it has none
    int64_t updated_at_us;     // or GROVE_NULL
    const char *vector_origin; // "computed", "supplied", "placeholder"; NULL: none of its text yet
    bool pending;              // what changed last waits to be written to the vector engine
    const char *dead_reason;   // that was given up on, and why; NULL: it was not
    const struct grove_passage *passage; // which part of which document it is; NULL: of none
};

struct grove_read_request {
    size_t size_bytes;
    int32_t content_id;
    bool body;
    struct grove_limits limits;
};

// GROVE_NOT_FOUND: there is no content with that id.
GROVE_CHECKED enum grove_code grove_read_content(struct grove *grove,
                                                 const struct grove_read_request *request,
                                                 struct grove_content **ret,
                                                 struct grove_error *error);
GROVE_PUBLIC void grove_content_free(struct grove_content *content); // NULL is fine

// --- one document ------------------------------------------------------------------------------

struct grove_chunk {
    int32_t content_id;
    int64_t position; // in the document, from 1
    const char *heading;
    int64_t first_character; // in the document's body, from 1
    int64_t characters;
    int64_t word_count; // or GROVE_NULL
    const char *path;   // as filters take it
    const char *content_type;
};

// A text of any length, known by source and key together.
struct grove_document {
    int32_t document_id;
    const char *source; // "" where none was given
    const char *key;
    const char *title;
    const char *url;      // or NULL
    const char *metadata; // a JSON object
    const char *body;     // NULL: it was not asked for
    int64_t body_bytes;
    int64_t created_at_us;
    int64_t updated_at_us;
    const struct grove_chunk *chunks;
    size_t chunk_count;
    const char *table; // as of struct grove_passage
};

struct grove_read_document_request {
    size_t size_bytes;
    const char *name; // its key, or source/key; of an attached table's row also "table key"
    bool body;
    struct grove_limits limits;
};

// GROVE_NOT_FOUND: there is no document of that name; GROVE_CONFLICT: there are two, whose sources
// and keys are divided at another slash.
GROVE_CHECKED enum grove_code grove_read_document(struct grove *grove,
                                                  const struct grove_read_document_request *request,
                                                  struct grove_document **ret,
                                                  struct grove_error *error);
GROVE_PUBLIC void grove_document_free(struct grove_document *document); // NULL is fine

// --- long contents become documents --------------------------------------------------------------

// Sums; what was done so far.
struct grove_rechunk_progress {
    int64_t contents;  // that were looked at
    int64_t documents; // that were made of them
    int64_t chunks;    // of these
    double fraction;   // of the contents that there are to look at, 0 to 1
    double seconds;
};

struct grove_rechunk_report {
    int64_t contents;  // that were looked at: short ones and chunks need no look
    int64_t documents; // that were made of long ones, or would be
    int64_t chunks;    // that these have
    int64_t supplied;  // long ones that keep the vector that was supplied, and are left as they are
    int64_t refused;   // long ones that cannot be a document: on_refused tells why
    int64_t changed;   // that somebody changed meanwhile: left as they are
    int64_t pending;   // chunks that another projector has leased
    bool dry_run;      // nothing was written
    double seconds;
};

struct grove_rechunk_request {
    size_t size_bytes;
    const char *path; // NULL: all trees
    bool dry_run;
    void (*on_progress)(void *state, const struct grove_rechunk_progress *progress); // may be NULL
    void (*on_refused)(void *state, int32_t content_id, const char *reason);         // may be NULL
    void *state;                                                                     // of both
    struct grove_limits limits;
};

// Makes documents of contents that are longer than the model reads, and not chunks already. A
// text, the title, and in its metadata a summary and a number of words that differ from the text's.
// the id has the beginning; the other chunks are new contents behind it. The document has the whole
// text, the title, and in its metadata a summary and a word count that are not those of the text.
// Its key is "content-ID", its source names the database.
//
// Each is one transaction, in which the chunks get their vectors: searches see the content or the
// document, never part of either. Whoever is ended goes on by the same call. *ret (may be NULL) is
// filled in also on failure.
GROVE_CHECKED enum grove_code grove_rechunk(struct grove *grove,
                                            const struct grove_rechunk_request *request,
                                            struct grove_rechunk_report *ret,
                                            struct grove_error *error);
GROVE_CHECKED enum grove_code grove_rechunk_sized(size_t size_bytes, struct grove *grove,
                                                  const struct grove_rechunk_request *request,
                                                  struct grove_rechunk_report *ret,
                                                  struct grove_error *error);
#define grove_rechunk(...) grove_rechunk_sized(sizeof(struct grove_rechunk_report), __VA_ARGS__)

// --- all of them -------------------------------------------------------------------------------

enum grove_export_format {
    GROVE_EXPORT_JSONL = 0, // as grove_load reads it
    GROVE_EXPORT_CSV,       // the same fields, after a line of their names
};

struct grove_export_report {
    int64_t rows;
    int64_t bytes;
    int64_t rows_misfit; // which a load would not read as they are
    double seconds;
    int64_t waiting; // at least so many rows of attached tables were not read yet; 0: all were
};

struct grove_export_request {
    size_t size_bytes;
    struct grove_filter filter; // nothing: all contents of all trees
    enum grove_export_format format;
    // Takes whole lines, in order. What it answers but GROVE_OK ends the export, and is its error.
    enum grove_code (*write)(void *state, const char *bytes, size_t size_bytes,
                             struct grove_error *error);
    // A row that a load would refuse, or read as another: a title with a tab that some client
    // wrote, a null. It is written all the same. May be NULL.
    void (*on_misfit)(void *state, int32_t content_id, const char *reason);
    void *state; // of both
    struct grove_limits limits;
};

// Writes contents in the order of their places, types and chunk numbers. All are of one snapshot,
// and the memory it takes does not depend on how many there are. A document is one line, where its
// first chunk is, and comes back as one. Bodies, times and vectors that were supplied are as they
// were. Not written are ids, computed vectors, leaves without contents, and descriptions. *ret is
// given back with grove_free; may be NULL.
GROVE_CHECKED enum grove_code grove_export(struct grove *grove,
                                           const struct grove_export_request *request,
                                           struct grove_export_report **ret,
                                           struct grove_error *error);

// --- taking away -------------------------------------------------------------------------------

struct grove_remove_report {
    int64_t contents;
    int64_t leaves;
    bool dry_run; // nothing was removed: this is what there is
    double seconds;
};

// Either ids, a document or a path. A path alone is its contents and its leaves; with anything else
// in the filter only contents go, and leaves stay. A tree itself stays: see grove_remove_subject.
struct grove_remove_request {
    size_t size_bytes;
    const int32_t *content_ids; // at most 100,000
    size_t content_id_count;
    struct grove_filter filter;
    bool dry_run;         // count, change nothing
    int64_t contents_max; // more under the path are GROVE_CONFLICT; 0: any number, -1: none may be
    struct grove_limits limits;
    const char *document; // with all of its parts; its name as grove_read_document has it
};

// All of it, or nothing: in one transaction. GROVE_NOT_FOUND: there is no such path or document, or
// one of the ids is none. GROVE_CONFLICT: the ids are some parts of a document, and not all.
// Searches are without them when it returns, the vector engine follows. *ret is given back with
// grove_free; may be NULL.
GROVE_CHECKED enum grove_code grove_remove(struct grove *grove,
                                           const struct grove_remove_request *request,
                                           struct grove_remove_report **ret,
                                           struct grove_error *error);

// --- moving ------------------------------------------------------------------------------------

struct grove_move_report {
    int64_t contents; // that were moved, or are on the leaves that were
    int64_t leaves;
    int64_t leaves_created;
    bool dry_run; // it can be done, and was not
    double seconds;
};

// Either ids or a document, to a leaf, or a path to another of as many parts.
struct grove_move_request {
    size_t size_bytes;
    const int32_t *content_ids; // at most 100,000
    size_t content_id_count;
    const char *from;
    const char *to; // of ids a leaf, which is made where it is missing; of a path what it is called
                    // then, which must not exist
    bool dry_run;
    struct grove_limits limits;
    const char *document; // with all of its parts; its name as grove_read_document has it
};

// All of it, or nothing: in one transaction. Contents keep their ids, texts and vectors; nothing is
// embedded. GROVE_CONFLICT: the path exists already, or on the leaf there is a content of the same
// type and chunk number; or the ids are some parts of a document, and not all. *ret is given back
// with grove_free; may be NULL.
GROVE_CHECKED enum grove_code grove_move(struct grove *grove,
                                         const struct grove_move_request *request,
                                         struct grove_move_report **ret, struct grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
