// SPDX-License-Identifier: Apache-2.0
//
// Documents, written one by one: split, compared with what is there, and only what is another is
// written (sql/documents.md). Each is one transaction; their contents are projected together.
//
//     struct documents documents;
//     documents_init(&documents, store, &call);
//     code = documents_write(&documents, &record, progress, error);
//     code = documents_flush(&documents, progress, error); // the last of them
#ifndef GROVE_CONTENT_DOCUMENT_H
#define GROVE_CONTENT_DOCUMENT_H

#include "content/chunk_vectors.h"
#include "content/project.h"
#include "content/record.h"
#include "embed/split.h"

enum { DOCUMENTS_PENDING_MAX = 128 };

struct documents {
    struct store *store;
    struct call *call;
    struct projecting projecting;
    bool keeps_trees; // a document without a source that stands in another tree is another's
    bool sizes_known;
    struct split_options sizes; // of this database; no title
    size_t count;
    int32_t content_ids[DOCUMENTS_PENDING_MAX]; // committed, and to be projected
};

void documents_init(struct documents *documents, struct store *store, struct call *call);

// Writes a document (record->document is its key), or finds that nothing is another: then nothing
// is written. Contents of chunks that are as they were keep ids, numbers and vectors. What it
// counts is added to *progress: a row, and its chunks. On failure before the commit nothing was
// written. Once DOCUMENTS_PENDING_MAX contents have come together they are projected.
enum grove_code documents_write(struct documents *documents, const struct record *record,
                                struct grove_load_progress *progress, struct grove_error *error);

// The same in steps, for whoever has a transaction of his own. First, outside of it:
enum grove_code documents_prepare(struct documents *documents, struct grove_error *error);
// Its chunks, in the arena; of a text that says something at least one.
enum grove_code documents_split(struct documents *documents, const struct record *record,
                                struct arena *arena, struct split_chunk **ret, size_t *ret_count,
                                struct grove_error *error);
// Writes it within the transaction that `conn` has begun. Nothing is projected. A failure that may
// go by, retry LATER, is left to the caller, whose transaction is to begin anew.
enum grove_code documents_write_within(struct documents *documents, struct pg_conn *conn,
                                       const struct record *record,
                                       struct grove_load_progress *progress,
                                       struct grove_error *error);

// A content that is to become a document, as it was read.
struct document_origin {
    int32_t content_id;
    struct text sha256; // of its title, a line feed, and its body or summary
};

// Makes the content a document: it becomes the first chunk, with its id, number and time; others
// come behind it, with their vectors. *ret_changed: it is not any more what was read; nothing was
// written. GROVE_CONFLICT: there is a document of that source and key.
enum grove_code documents_take_over(struct documents *documents,
                                    const struct document_origin *origin,
                                    const struct record *record, bool *ret_changed,
                                    struct grove_load_progress *progress,
                                    struct grove_error *error);

// Projects what is left.
enum grove_code documents_flush(struct documents *documents, struct grove_load_progress *progress,
                                struct grove_error *error);

#endif
