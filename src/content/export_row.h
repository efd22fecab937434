// SPDX-License-Identifier: Apache-2.0
//
// A content, or a document, as a line that grove load reads, or as a line of CSV with the same
// fields.
//
//     struct export_row row;
//     export_row_read(&rows, r, &row);                       // borrows from the rows
//     export_row_add_json(&row, &out);
//     if (!export_row_loads(&row, line, &trees, arena, reason))
//         tell(row.content_id, reason);
//
// A null is left out of JSON, and nothing in CSV. Vectors are written so that the same 32 bits are
// read again.
#ifndef GROVE_CONTENT_EXPORT_ROW_H
#define GROVE_CONTENT_EXPORT_ROW_H

#include "base/strbuf.h"
#include "content/record.h"
#include "pg/pg.h"

struct export_row {
    int32_t content_id;
    struct text tree, branch, limb, leaf;
    struct text content_type;
    struct text title;
    struct text summary;
    struct text body;      // {NULL, 0}: none
    int64_t chunk_number;  // INT64_MIN: null
    int64_t word_count;    // the same
    int64_t created_at_us; // the same
    // A document, which has no number, summary or words; {NULL, 0}: it is none.
    struct text document, source;
    struct text url;          // {NULL, 0}: none
    struct text metadata;     // a JSON object
    const float *vector;      // NULL: none was supplied, or none that can be compared
    const char *vector_fault; // why not; NULL: there is no fault
};

// Of export_rows.sql. Lives as long as the rows.
void export_row_read(const struct pg_rows *rows, int r, struct export_row *ret);

// Without a line feed.
void export_row_add_json(const struct export_row *row, struct strbuf *out);
void export_row_add_csv(const struct export_row *row, struct strbuf *out);
void export_row_add_csv_head(struct strbuf *out);

// Whether a load would take this line for this row, and nothing else; if not, why. The arena has
// the line's record afterwards.
bool export_row_loads(const struct export_row *row, struct text line,
                      const struct record_trees *trees, struct arena *arena,
                      char ret_reason[static RECORD_REASON_SIZE]);

#endif
