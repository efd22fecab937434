// SPDX-License-Identifier: Apache-2.0
//
// Of rows in the order of a ranking each document once, by its best row (folding.md). A row of no
// document stands for itself.
//
//     struct folding folding = {.wanted = k, .score_min = -1};
//     code = fold_rows(&folding, conn, arena, rows, count, error);
//     for (size_t i = 0; code == GROVE_OK && i < folding.count; i++)
//         use(folding.items[i], folding.documents[i]);
//
// Which rows are of which document is read in the snapshot in which they were compared, part by
// part, and no further than documents are missing.
#ifndef GROVE_QUERY_FOLD_H
#define GROVE_QUERY_FOLD_H

#include "query/result.h"

// What a row stands for.
struct fold_document {
    int32_t document_id; // 0: a row of no document
    int64_t matched;     // rows of it that were counted, this one as well
};

struct folding {
    size_t wanted;    // at most
    int32_t except;   // a content: neither it nor its document is taken; 0: all are
    double score_min; // rows that score less are not there

    struct result_score *items;      // the best row of each, in their order, in the arena given
    struct fold_document *documents; // beside them
    size_t count;
    size_t rows;    // that were counted: to the best of the last document, or all
    bool below_min; // a row came that scores less than score_min: there are no more documents
};

enum grove_code fold_rows(struct folding *folding, struct pg_conn *conn, struct arena *arena,
                          const struct result_score *rows, size_t count, struct grove_error *error);

#endif
