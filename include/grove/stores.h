// SPDX-License-Identifier: Apache-2.0
//
// Whether PostgreSQL and the vector engine say the same, mending what differs, the contents that
// were given up on, and who projects.
//
//     struct grove_error error;
//     struct grove_verify_request request = {.quick = true};
//     struct grove_verify_report report;
//     if (grove_verify(grove, &request, &report, &error) == GROVE_OK && !report.equal)
//         printf("%lld contents differ\n", (long long)report.differences);
#ifndef GROVE_STORES_H
#define GROVE_STORES_H

#include <grove/grove.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- verify ------------------------------------------------------------------------------------

// How a content and its point in the vector engine differ. More kinds may be added at the end.
enum grove_difference_kind {
    GROVE_DIFFERENCE_NONE = 0,
    GROVE_DIFFERENCE_MISSING, // a content without a point
    GROVE_DIFFERENCE_STALE,   // its point is of an earlier revision
    GROVE_DIFFERENCE_STRANGE, // its point has a revision that the content has not come to, or none
    GROVE_DIFFERENCE_PAYLOAD, // another payload under the right revision
    GROVE_DIFFERENCE_VECTOR,  // the same of the vector
    GROVE_DIFFERENCE_NO_VECTOR, // the database itself has no usable vector of its text
    GROVE_DIFFERENCE_ORPHAN,    // a point of a content that is gone
    GROVE_DIFFERENCE_ALIEN,     // a point that nobody can have written from this database
    // Told as well, and no fault: the outbox knows of them.
    GROVE_DIFFERENCE_WAITING, // it waits to be projected
    GROVE_DIFFERENCE_DEAD,    // it was given up on: see grove_list_dead
    GROVE_DIFFERENCE_KINDS,
};

// "missing", "stale", ...
GROVE_PUBLIC const char *grove_difference_name(enum grove_difference_kind kind);

struct grove_difference {
    enum grove_difference_kind kind;
    int32_t content_id;       // where `point_id` is NULL
    const char *point_id;     // of an alien whose id no content can have: a number, or a UUID
    int64_t content_revision; // that its point should have; GROVE_NULL: there is no content
    int64_t point_revision;   // that it has; GROVE_NULL: there is no point, or it has none
    const char *detail;       // the fields of the payload, say; NULL: nothing to add
};

struct grove_verify_progress {
    int64_t contents;
    double fraction; // 0 to 1
    double seconds;
};

struct grove_verify_request {
    size_t size_bytes;
    const char *path;        // only what is there; NULL: all
    bool quick;              // ids and revisions only
    bool resume;             // goes on where the last one of this path and kind was broken off
    int64_t rows_per_second; // at most; 0: as fast as it goes
    // Both may be NULL. What they are given lives as long as they run.
    void (*on_difference)(void *state, const struct grove_difference *difference);
    void (*on_progress)(void *state, const struct grove_verify_progress *progress);
    void *state;
    struct grove_limits limits;
};

struct grove_verify_report {
    bool equal; // no differences
    bool quick;
    bool resumed;                          // it went on with one that was broken off
    bool noted;                            // grove_get_status tells of it: our role may write that
    int64_t contents;                      // that were compared
    int64_t points;                        // the same
    int64_t proven;                        // contents that were proven equal by digests
    int64_t differences;                   // without those that the outbox knows of
    int64_t kinds[GROVE_DIFFERENCE_KINDS]; // of each kind
    double seconds;
};

// Compares all contents with all points, both ways: ids, revisions, and unless `quick` payloads and
// vectors. Changes nothing, and takes the same memory whatever there is. It may run beside writers
// and projectors: a content that changes meanwhile is looked at again, and is no difference.
// Differences are no error: see `equal`. GROVE_NOT_FOUND: no such path, or there is no collection.
GROVE_CHECKED enum grove_code grove_verify(struct grove *grove,
                                           const struct grove_verify_request *request,
                                           struct grove_verify_report *ret,
                                           struct grove_error *error);
GROVE_CHECKED enum grove_code grove_verify_sized(size_t size_bytes, struct grove *grove,
                                                 const struct grove_verify_request *request,
                                                 struct grove_verify_report *ret,
                                                 struct grove_error *error);
#define grove_verify(...) grove_verify_sized(sizeof(struct grove_verify_report), __VA_ARGS__)

// --- repair ------------------------------------------------------------------------------------

struct grove_repair_request {
    size_t size_bytes;
    const char *path;           // only what is there; NULL: all
    bool quick;                 // finds and mends what ids and revisions tell
    bool aliens;                // erases points of nobody, too
    bool dry_run;               // only tells
    const int32_t *content_ids; // only these, at most 100,000; NULL: all. Not with a path
    size_t content_id_count;
    int64_t rows_per_second; // at most; 0: as fast as it goes
    void (*on_difference)(void *state, const struct grove_difference *difference);
    void (*on_progress)(void *state, const struct grove_verify_progress *progress);
    void *state;
    struct grove_limits limits;
};

struct grove_repair_report {
    struct grove_verify_report found;
    bool dry_run;
    int64_t mended;  // of what was found: put into the outbox, or erased
    int64_t pending; // contents that are not projected yet
    int64_t dead;    // given up on
    double seconds;
};

// Compares as grove_verify does, puts what differs into the outbox, and projects it: nothing is
// written that is equal. Points without a content are taken out by the same way. What was given up
// on stays so. *ret is filled in also on failure, and may be NULL.
GROVE_CHECKED enum grove_code grove_repair(struct grove *grove,
                                           const struct grove_repair_request *request,
                                           struct grove_repair_report *ret,
                                           struct grove_error *error);
GROVE_CHECKED enum grove_code grove_repair_sized(size_t size_bytes, struct grove *grove,
                                                 const struct grove_repair_request *request,
                                                 struct grove_repair_report *ret,
                                                 struct grove_error *error);
#define grove_repair(...) grove_repair_sized(sizeof(struct grove_repair_report), __VA_ARGS__)

// --- dead letters ------------------------------------------------------------------------------

// A content that was given up on: the vector engine refused it eight times, or it cannot be in one.
// Searches find it all the same, in PostgreSQL.
struct grove_dead_letter {
    int32_t content_id;
    bool deleted; // the content was; it is its point that could not be taken out
    int attempts;
    int64_t since_us;
    const char *reason;
    const char *content_type; // "": the content was deleted
    const char *title;        // the same; cut where it is long
};

struct grove_dead_letters {
    const struct grove_dead_letter *items; // by content id
    size_t count;
    bool more; // there are: ask again behind the last one
};

struct grove_dead_request {
    size_t size_bytes;
    const int32_t *content_ids; // of retry and drop, at most 1,000; of retry NULL: all
    size_t content_id_count;
    const int32_t *after_id; // of list: only those of higher ids; NULL: from the first on
    unsigned limit;          // of list, at most 1,000; 0: 100
    bool dry_run;            // of drop: only counts
    struct grove_limits limits;
};

// *ret is given back with grove_free.
GROVE_CHECKED enum grove_code grove_list_dead(struct grove *grove,
                                              const struct grove_dead_request *request,
                                              struct grove_dead_letters **ret,
                                              struct grove_error *error);

// Makes them due again: the resident projector, or grove_sync, tries them. *ret_count (may be
// NULL): how many there were.
GROVE_CHECKED enum grove_code grove_retry_dead(struct grove *grove,
                                               const struct grove_dead_request *request,
                                               int64_t *ret_count, struct grove_error *error);

struct grove_dead_report {
    int64_t contents; // that were removed from the database
    int64_t letters;  // of contents that were gone before, and that ended
    int64_t kept;     // the same, whose points the vector engine still holds
    bool dry_run;     // nothing was done: this is what there is
};

// Gives these up for good: the contents are removed from the database. Ids that were not given up
// on are passed over, and stay. `ret` may be NULL.
GROVE_CHECKED enum grove_code grove_drop_dead(struct grove *grove,
                                              const struct grove_dead_request *request,
                                              struct grove_dead_report *ret,
                                              struct grove_error *error);

// --- projectors --------------------------------------------------------------------------------

enum grove_projector_state {
    GROVE_PROJECTOR_UNKNOWN = 0, // a pooler stands between it and PostgreSQL, say
    GROVE_PROJECTOR_ALIVE,       // at work, or waiting for work
    GROVE_PROJECTOR_ENDED,
    GROVE_PROJECTOR_LOST, // its session is gone, and it did not say that it ends
};

// What one handle of the library, in any process of any host, did in one way. Sums are those since
// it began, as it noted them last: once a second while it works, and when it ends.
struct grove_projector {
    const char *name; // of the handle
    const char *kind; // "resident", "sync", "watch", "load", "attach", "repair", "thread", "call"
    const char *host;
    int process;
    const char *application; // what PostgreSQL was told
    const char *version;     // of the library
    enum grove_projector_state state;
    int64_t began_at_us;
    int64_t worked_at_us; // last: who has nothing to do notes nothing
    int64_t ended_at_us;  // GROVE_NULL: it has not
    double age_seconds;   // since it worked last
    int64_t written;      // points
    int64_t removed;      // the same
    int64_t embedded;     // texts
    int64_t refused;      // rows that were put back for another attempt, or given up on
    int64_t failures;     // batches that failed as a whole
    double seconds_database;
    double seconds_embedding;
    double seconds_vectors;
    // Points a second, written and removed, when it last worked: the average over its time until
    // then, in which a moment counts 1/e of one that is a minute later.
    double rows_per_second;
    const char *failure; // its last; NULL: it had none
    int64_t failed_at_us;
    double failure_age_seconds; // NaN: it had none
};

struct grove_projectors {
    const struct grove_projector *items; // who lives first, then by when they worked last
    size_t count;
    // Of those that live: the sum of these averages as they are now. The time since they worked
    // last counts as time in which nothing was done.
    double rows_per_second;
};

// Who has projected this database: at most 100; those that are gone are forgotten after a day, or
// when they are too many. GROVE_UNSUPPORTED: its schema does not note them yet; grove_init brings
// that. *ret is given back with grove_free.
GROVE_CHECKED enum grove_code grove_list_projectors(struct grove *grove,
                                                    const struct grove_limits *limits,
                                                    struct grove_projectors **ret,
                                                    struct grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
