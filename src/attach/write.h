// SPDX-License-Identifier: Apache-2.0
//
// Rows of one attached table, written as documents within a transaction of the caller's. New ones
// of a chunk are written all together, others one by one (content/document.h).
#ifndef GROVE_ATTACH_WRITE_H
#define GROVE_ATTACH_WRITE_H

#include "attach/attachment.h"
#include "attach/take_in.h"
#include "content/document.h"

struct table_row {
    struct text key;
    const char *reason; // why it is no content; NULL: it is one
    struct record record;
};

struct writing_rows {
    struct documents documents;
    struct record_trees trees;
    struct pg_conn *conn;
    struct arena *arena;
    const struct attachment *attachment;
    struct table_row rows[TAKE_IN_ROWS_MAX];
    size_t count;
    struct text gone[TAKE_IN_ROWS_MAX]; // keys without a row
    size_t gone_count;
};

// Rows that are refused have no document afterwards, as those that are gone.
enum grove_code write_rows(struct writing_rows *writing, struct take_in_report *counts,
                           struct grove_error *error);

enum grove_code remove_documents(struct writing_rows *writing, const struct text *keys,
                                 size_t count, struct grove_error *error);

#endif
