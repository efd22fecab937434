// SPDX-License-Identifier: Apache-2.0
//
// What commands answer as JSON. The command prints it with --json, grove_call gives it back, and
// the schema describes it: all three by the shapes here.
//
//     struct answer_listing answer = {.path = path, .listing = *listing};
//     shape_add(&out, &answer_listing_shape, &answer);
//
// Where the JSON is not what the library's struct has, a struct answer_x stands between them: a
// function makes it, and what it points to is borrowed from the library's struct.
#ifndef GROVE_COMMANDS_ANSWERS_H
#define GROVE_COMMANDS_ANSWERS_H

#include "base/arena.h"
#include "commands/shape.h"
#include "grove/attach.h"
#include "grove/contents.h"
#include "grove/grove.h"
#include "grove/stores.h"

// browse, search, similar, discover; grove_result_json writes the first without the hint.
extern const struct shape result_shape; // struct grove_result
struct answer_result {
    struct grove_result result;
    const char *hint; // NULL where there is nothing to say
};
extern const struct shape answer_result_shape;

// ls
struct answer_listing {
    const char *path; // as it was asked for, or NULL
    struct grove_listing listing;
};
extern const struct shape answer_listing_shape;

// show: struct grove_content
extern const struct shape content_shape;

// document: struct grove_document
extern const struct shape document_shape;

// embed
struct answer_vector {
    const int32_t *token_ids;
    size_t token_count;
    const float *vector;
    size_t vector_size;
};
extern const struct shape answer_vector_shape;

// mv, rm: the library's reports
extern const struct shape move_report_shape;
extern const struct shape remove_report_shape;

// attach, attachments, detach: the library's structs
extern const struct shape answer_attach_shape; // struct grove_attach_report
extern const struct shape attachments_shape;
extern const struct shape detach_report_shape;

// version
struct answer_version {
    const char *version;
};
extern const struct shape answer_version_shape;

// load. What was refused is kept: the first of them, as far as there is room.
enum { ANSWER_BAD_LINES_MAX = 100 };
struct answer_bad_line {
    const char *file;
    int64_t line;
    const char *field; // NULL for the line as a whole
    const char *reason;
};
struct answer_load {
    struct grove_load_progress progress;
    int64_t rows_loaded;
    struct answer_bad_line bad_lines[ANSWER_BAD_LINES_MAX];
    const struct answer_bad_line *first_bad_line; // of these
    size_t bad_line_count;
    struct arena texts; // of them
};
extern const struct shape answer_load_shape;
extern const struct shape load_progress_shape; // the same without what was refused

void answer_load_init(struct answer_load *answer);
void answer_load_release(struct answer_load *answer);
void answer_load_refused(struct answer_load *answer, const struct grove_bad_line *bad);
void answer_load_done(struct answer_load *answer, const struct grove_load_progress *done);
// Of the rows that were read, those that are in the database now.
int64_t answer_rows_loaded(const struct grove_load_progress *done);

// An examination of the index: part of the following.
struct answer_index {
    enum grove_index_state state;
    bool examined_now;
    int64_t rows, listed, ef, ef_filtered, queries;
    double recall, recall_worst, seconds;
    const char *reason;
};
extern const struct shape answer_index_shape;
void answer_index_of(const struct grove_index *index, struct answer_index *ret);

// sync
struct answer_sync {
    struct grove_sync_report report;
    bool watches; // then nothing is known of the index
    struct answer_index index;
    const char *compared_for; // why both stores were compared; NULL: they were not
};
extern const struct shape answer_sync_shape;
void answer_sync_of(const struct grove_sync_report *report, bool watches, struct answer_sync *ret);

// status
struct answer_status {
    bool ok;
    const char *home, *model, *next_model;
    struct {
        bool ok, is_private, schema_works;
        const char *where, *version, *error, *identity;
        int64_t schema_version, schema_wanted, bytes, epoch;
    } database;
    struct {
        bool ok, is_private;
        const char *where, *version, *error, *out_reason;
        const char *collection, *collection_status, *collection_of, *doubt;
        int64_t points, points_indexed, out_seconds, retry_seconds;
    } engine;
    struct {
        bool wanted, running;
        int64_t pid;
        const char *error;
    } projector;
    struct {
        const char *outcome; // "never", "equal", "different", "unfinished"
        const char *path;
        bool quick;
        double age_seconds;
        int64_t contents, different;
    } verify;
    int64_t contents, leaves, subjects, embeddings, pending, dead, oldest_pending_seconds;
    int64_t long_texts;
    bool long_texts_exact;
    int64_t next_embedded;
    struct answer_index index;
    const struct grove_attachment *attached;
    size_t attached_count;
    double rows_per_second; // of the projectors that live
    const struct grove_projector *projectors;
    size_t projector_count;
};
extern const struct shape answer_status_shape;
// `attached` and `projectors` may be NULL: they are not known. Texts stay where they are.
void answer_status_of(const struct grove_status *status, const struct grove_attachments *attached,
                      const struct grove_projectors *projectors, struct answer_status *ret);

#endif
