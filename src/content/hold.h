// SPDX-License-Identifier: Apache-2.0
//
// A place that nobody else changes until the transaction ends: its leaves are locked, and are those
// that the path leads to. Whoever adds a content to one of them, or moves one, waits.
//
//     code = pg_begin(conn, error);
//     if (code == GROVE_OK)
//         code = hold_place(conn, &filter, arena, &held, error);
//     ...
//     code = pg_commit(conn, error);
#ifndef GROVE_CONTENT_HOLD_H
#define GROVE_CONTENT_HOLD_H

#include "query/predicate.h"

struct held_place {
    struct predicate predicate; // resolved
    struct predicate_leaves leaves;
    struct pg_params leaf_array; // the same, as statements get them
};

// GROVE_CONFLICT, to be tried again: the leaves became others while they were waited for. Their
// rows are locked in the order of their ids.
enum grove_code hold_place(struct pg_conn *conn, const struct grove_filter *filter,
                           struct arena *arena, struct held_place *ret, struct grove_error *error);

// Keeps one leaf from being changed or removed; others may do the same.
enum grove_code hold_leaf(struct pg_conn *conn, struct text hierarchy_table, int32_t leaf_id,
                          struct arena *arena, struct grove_error *error);

// A statement on the table of a tree: "%s" of the format, which occurs once, becomes its name. The
// text lies in the arena. NULL: out of memory.
const char *hold_table_sql(struct arena *arena, const char *format, struct text hierarchy_table);

// A statement that was just made; it has no name. `sql` may be NULL: out of memory.
enum grove_code hold_query(struct pg_conn *conn, struct arena *arena, const char *sql,
                           const struct pg_params *params, struct pg_rows *ret,
                           struct grove_error *error);

// Of rows with each id that was given, and whether it was there. GROVE_NOT_FOUND, naming one: not
// all were.
enum grove_code hold_check_found(const struct pg_rows *rows, struct grove_error *error);

// Contents that are named by their ids, or, where `document` is not NULL, as the parts of one.
// GROVE_CONFLICT: they are some parts of a document, and not all; or as hold_check_attached_in.
struct held_ids {
    const int32_t *ids;
    size_t count;
};
enum grove_code hold_ids(struct pg_conn *conn, struct arena *arena, const char *document,
                         struct held_ids *ids, struct grove_error *error);

// GROVE_CONFLICT: one of them is the row of an attached table, and stays where and as long as that
// row is: what is done to it alone would be undone when the row changes next.
enum grove_code hold_check_attached_in(struct pg_conn *conn, struct arena *arena,
                                       const struct predicate *predicate,
                                       struct grove_error *error);

#endif
