// SPDX-License-Identifier: Apache-2.0
//
// An attachment as it is in the database, and its statements, which are written for the table as it
// is now: columns and tables may be renamed, and get other types, at any time.
//
//     code = attachment_read(conn, arena, id, &attachment, error);
//     code = attachment_render(conn, arena, &attachment, &mapping, &sql, error);
//
// Texts are in the arena.
#ifndef GROVE_ATTACH_ATTACHMENT_H
#define GROVE_ATTACH_ATTACHMENT_H

#include "content/mapping.h"
#include "grove/attach.h"
#include "pg/pg.h"

enum {
    ATTACH_COLUMNS_MAX = 22, // that are read of a row, beside the key
    ATTACH_KEYS_MAX = 8,     // columns of a key
    ATTACH_NAMES_MAX = 32,   // columns that count
    ATTACH_SQL_MAX = 1 << 20,
};

// Names between which a statement has put chr(31).
struct names {
    struct text items[ATTACH_NAMES_MAX];
    size_t count;
};

// False: there are more than fit, or the arena is full.
bool names_split(struct text joined, struct names *ret);
bool names_have(const struct names *names, struct text name);
void names_add(struct names *names, struct text name); // once; there must be room

struct attachment {
    int32_t id;
    struct text source;
    int64_t relation;  // 0: the table is gone, or somebody has taken its triggers
    struct text table; // quoted
    struct names key, watched;
    struct text path, content_type;
    struct text title, body, created, url, metadata, condition, vector; // {NULL, 0}: none
    struct text filled_to;
    int64_t filled_rows, rows_expected;
    bool filled, leaving;
    struct text problem;
    int64_t waiting, refused, documents;
    int64_t attached_at_us;
    int64_t oldest_seconds; // for which the oldest of what waits has waited; GROVE_NULL: none does
    struct text failure;    // the last; {NULL, 0}: none
};

// GROVE_NOT_FOUND: there is none.
enum grove_code attachment_read(struct pg_conn *conn, struct arena *arena, int32_t id,
                                struct attachment *ret, struct grove_error *error);
enum grove_code attachments_read(struct pg_conn *conn, struct arena *arena, struct attachment **ret,
                                 size_t *ret_count, struct grove_error *error);

// What is told of it.
enum grove_attach_state attachment_state(const struct attachment *attachment);
struct text attachment_problem(const struct attachment *attachment); // {NULL, 0}: none
struct text attachment_failure(const struct attachment *attachment); // the last; the same

// What its rows become: a mapping whose key is the column ATTACH_KEY, the first. The caller
// releases it.
#define ATTACH_KEY "key of the row"
#define ATTACH_GONE                                                                                \
    "its table is gone, or has lost its triggers; \"grove detach\" takes away what is left"
enum grove_code attachment_map(const struct attachment *attachment, struct arena *arena,
                               struct mapping *ret, struct grove_error *error);

struct attachment_sql {
    struct text function, triggers; // as they are executed and shown
    struct text read, next, gone;   // with "-- answers:"
    struct text lacking;            // columns that are not there; {NULL, 0}: none
    bool stale; // the triggers' function is another: of before, or of a table that was altered
};

// `mapping` has the columns that are read. GROVE_NOT_FOUND: there is no such table any more.
enum grove_code attachment_render(struct pg_conn *conn, struct arena *arena,
                                  const struct attachment *attachment,
                                  const struct mapping *mapping, struct attachment_sql *ret,
                                  struct grove_error *error);

// What takes its function and its triggers away. NULL: no memory.
const char *attachment_undo(struct arena *arena, int32_t id);

#endif
