// SPDX-License-Identifier: Apache-2.0
//
// Whether the vector engine holds what PostgreSQL has, content by content, both ways: verify.md.
//
//     struct verify_report report;
//     struct verify_request request = {.quick = true, .on_difference = tell};
//     code = verify(store, call, &request, &report, error);
//     if (code == GROVE_OK)
//         different = verify_differences(report.kinds) > 0;
//
// Reads, and writes nothing but how far it is. With `mend` what differs is put into the outbox as
// well, and what no content can have is erased where it is told so: projectors do the rest.
//
// Memory: a page of contents, 16 MB at most, whatever there is. Threads, processes: any number.
#ifndef GROVE_SYNC_VERIFY_H
#define GROVE_SYNC_VERIFY_H

#include "catalog/store.h"

// How a content and its point differ. Kept in grove.verification by these numbers: new ones go to
// the end.
enum verify_kind {
    VERIFY_EQUAL,
    VERIFY_MISSING,    // a content without a point
    VERIFY_STALE,      // its point has an earlier revision
    VERIFY_STRANGE,    // its point has a revision that the content has not come to, or none
    VERIFY_PAYLOAD,    // the right revision, and another payload
    VERIFY_VECTOR,     // the same, and another vector
    VERIFY_VECTORLESS, // the database itself has no usable vector of its text
    VERIFY_ORPHAN,     // a point of a content that is gone
    VERIFY_ALIEN,      // a point that nobody can have written from this database
    // No differences, since the outbox knows of them:
    VERIFY_WAITING,
    VERIFY_DEAD,
    VERIFY_KINDS
};

struct verify_difference {
    enum verify_kind kind;
    int32_t content_id;
    struct text point_id;     // of an alien whose id no content can have, as JSON; else {NULL, 0}
    int64_t content_revision; // as its point should have it; VECTOR_NONE: there is no content
    int64_t point_revision;   // VECTOR_NONE: no point, or one without
    const char *detail;       // "": nothing to add
};

// Where; zero-initialised: everywhere.
struct verify_scope {
    const char *path;                   // for the record; NULL: everywhere
    const struct vector_filter *filter; // of the engine
    struct text hierarchy_table;        // {NULL, 0}: any
    const int32_t *place;               // numbers of branch, limb and leaf, as far as it goes
    size_t place_depth;
};

struct verify_progress {
    int64_t contents;
    double fraction;
    double seconds; // also those of before it was broken off
};

struct verify_request {
    struct verify_scope scope;
    bool quick;              // ids and revisions only
    bool resume;             // goes on where the last one of this scope was broken off
    int64_t rows_per_second; // at most; 0: as fast as it goes
    bool mend;
    bool aliens;  // with `mend`: these, too
    bool unnoted; // leaves no record
    // Called for each difference, waiting and dead letters included; may be NULL, both.
    void (*on_difference)(void *state, const struct verify_difference *difference);
    void (*on_progress)(void *state, const struct verify_progress *progress);
    void *state;
};

struct verify_report {
    int64_t contents; // that were looked at
    int64_t points;   // the same; those that a digest stood for included
    int64_t proven;   // contents that digests proved
    int64_t kinds[VERIFY_KINDS];
    int64_t mended; // put into the outbox, or erased
    bool resumed;
    bool noted; // in grove.verification: our role may do so
    double seconds;
};

// Without those that the outbox knows of.
int64_t verify_differences(const int64_t kinds[static VERIFY_KINDS]);

// "missing"
const char *verify_kind_name(enum verify_kind kind);

// GROVE_NOT_FOUND with vector_lacks_collection: there is nothing to compare with. A content that
// changes meanwhile is looked at again, and never told as a difference.
enum grove_code verify(struct store *store, struct call *call, const struct verify_request *request,
                       struct verify_report *ret, struct grove_error *error);

// The same of these contents only, at most VECTOR_BATCH_MAX.
enum grove_code verify_contents(struct store *store, struct call *call,
                                const struct verify_request *request, const int32_t *content_ids,
                                size_t count, struct verify_report *ret, struct grove_error *error);

// What was found last of the store's collection.
struct verify_last {
    bool known;
    bool quick, ended;
    char path[256]; // "": everywhere
    double age_seconds;
    int64_t contents;
    int64_t kinds[VERIFY_KINDS];
    int64_t differences; // without those that the outbox knows of
};
enum grove_code verify_read_last(struct store *store, struct call *call, struct verify_last *ret,
                                 struct grove_error *error);

#endif
