// SPDX-License-Identifier: Apache-2.0
//
// Tables of the same database that somebody has already, kept in step: each row is a document, from
// the moment of its COMMIT on.
//
//     struct grove_error error;
//     struct grove_attach_request request = {
//         .table = "articles", .text = "body", .path = "wiki/{category}"};
//     if (grove_attach(grove, &request, NULL, &error) != GROVE_OK)
//         die(error.message);
//
// Triggers on the table note the keys of rows that change, in the transaction that changes them.
// Whatever projects reads these rows and splits their texts; a search does so first, so that it
// sees all that was committed before it, or says that it is not complete.
#ifndef GROVE_ATTACH_H
#define GROVE_ATTACH_H

#include <grove/grove.h>

#ifdef __cplusplus
extern "C" {
#endif

// A call waits for others: somebody has the table locked.
struct grove_attach_wait {
    const char *holder; // who, since when, and what for; "" where that cannot be told
    double seconds;     // so far
};

// How far a table is read. Whoever projects reads it as well, and counts here.
struct grove_attach_progress {
    int64_t rows_expected; // an estimate of PostgreSQL's; 0: none
    int64_t rows_read;
    double seconds;
};

// Names of columns and templates are as those of struct grove_import, and so is what is taken where
// one is NULL.
struct grove_attach_request {
    size_t size_bytes; // see struct grove_limits
    const char *table; // as in SQL: "articles", "public.articles"
    const char *path;  // a template: "wiki/{category}"
    const char *type;  // a template
    const char *key;   // columns, with commas between; NULL: those of the primary key
    const char *title;
    const char *text;
    const char *created_at;
    const char *url;
    const char *metadata;
    const char *where; // which rows: a condition in SQL on columns of the table; NULL: all
    bool dry_run;      // tell the statements, change nothing
    void (*on_progress)(void *state, const struct grove_attach_progress *progress);
    void (*on_wait)(void *state, const struct grove_attach_wait *wait);
    void *state; // of both
    struct grove_limits limits;
    // A column of vectors, as grove_load takes them: real[], double precision[], pgvector's vector,
    // or a text or JSON that has them. A row with one is a single chunk, whatever its length, and
    // one that is none refuses the row; of a row where it is null they are computed. NULL: of all.
    const char *vector;
};

struct grove_attach_report {
    const char *table; // with its schema
    const char *sql;   // what was done, or would be
    bool dry_run;
    int64_t documents; // of the table
    int64_t refused;   // rows that cannot be contents
    int64_t waiting;   // rows that others wrote meanwhile, not read yet
    int64_t pending;   // contents that are not in the vector engine yet
    struct grove_attach_progress rows;
};

// Attaches a table, reads all of its rows and has them projected, or goes on with that: rows that
// are there already stay as they are. While it reads, others write. GROVE_NOT_FOUND: no such table,
// column or tree. GROVE_UNSUPPORTED: a view, a foreign table, a table without a key, and the like.
// GROVE_CONFLICT: it is attached in another way. *ret is given back with grove_free; `ret` may be
// NULL.
GROVE_CHECKED enum grove_code grove_attach(struct grove *grove,
                                           const struct grove_attach_request *request,
                                           struct grove_attach_report **ret,
                                           struct grove_error *error);

enum grove_attach_state {
    GROVE_ATTACH_FILLING, // not all rows were read yet
    GROVE_ATTACH_KEPT,
    GROVE_ATTACH_FAILING, // `problem` says why nothing can be read
    GROVE_ATTACH_LEAVING, // it was begun to detach it, and not finished
};

struct grove_attachment {
    const char *table;  // its name now; NULL: it is gone
    const char *source; // of its documents: its name when it was attached
    enum grove_attach_state state;
    const char *key;  // columns, with commas between
    const char *path; // as in the request, and so on; NULL: none
    const char *type;
    const char *title;
    const char *text;
    const char *created_at;
    const char *url;
    const char *metadata;
    const char *where;
    int64_t documents;
    int64_t rows_read; // of the filling, and so on
    int64_t rows_expected;
    int64_t waiting; // rows that were changed, and not read yet
    int64_t refused;
    const char *problem; // NULL: none
    int64_t attached_at_us;
    const char *vector;     // as in the request
    int64_t oldest_seconds; // for which what waits has waited, at most; GROVE_NULL: nothing waits
    const char *failure;    // the last: `problem`, or of a row that was refused; NULL: none
};

// A row that cannot be a content.
struct grove_attach_refused {
    const char *source;
    const char *key;
    const char *reason;
    int64_t noted_at_us;
};

struct grove_attachments {
    const struct grove_attachment *items;
    size_t count;
    const struct grove_attach_refused *refused; // the latest 100
    size_t refused_count;
};

// *ret is given back with grove_free.
GROVE_CHECKED enum grove_code grove_list_attachments(struct grove *grove,
                                                     const struct grove_limits *limits,
                                                     struct grove_attachments **ret,
                                                     struct grove_error *error);

struct grove_detach_request {
    size_t size_bytes;
    const char *table; // its name now, or the one that it was attached by
    bool keep;         // its documents stay, as any others
    bool dry_run;
    void (*on_wait)(void *state, const struct grove_attach_wait *wait);
    void *state;
    struct grove_limits limits;
};

struct grove_detach_report {
    const char *table;
    const char *sql; // what was done, or would be
    bool dry_run;
    int64_t documents; // that went, or would go
    int64_t leaves;    // that were made for them, and are empty
    double seconds;
};

// Takes the triggers off, then the documents away, some at a time, and leaves that were made for
// them and have nothing else. Whatever ends it, the same call goes on. GROVE_NOT_FOUND: no such
// table is attached.
GROVE_CHECKED enum grove_code grove_detach(struct grove *grove,
                                           const struct grove_detach_request *request,
                                           struct grove_detach_report **ret,
                                           struct grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
