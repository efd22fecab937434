// SPDX-License-Identifier: Apache-2.0
//
// The vector engine as the rest of grove sees it: points, filters, searches, behind a table of
// functions, so that a fake, a tracing or a faulting engine can stand in for the real one.
//
//     struct vector_engine *engine;
//     code = qdrant_open(&options, &engine, error);          // src/vector/qdrant.h
//     code = vector_ensure_collection(engine, call, error);
//     code = vector_upsert(engine, call, points, count, error);    // it was told
//     code = vector_states(engine, call, ids, count, states, error);   // what it holds
//     code = vector_search(engine, call, &query, arena, &hits, error);
//     vector_engine_free(engine);
//
// A point's id is its content_metadata.id. Every write carries the row's revision and loses to a
// point of a higher revision already there, so a late write of a dead writer never wins. A write
// that loses is answered like one that wins, and an engine may answer before it has done anything:
// whether it holds what it was given, only vector_states tells.
//
// Threads: an engine may be used from any number of threads at once.
#ifndef GROVE_VECTOR_ENGINE_H
#define GROVE_VECTOR_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/call.h"
#include "base/error.h"
#include "base/text.h"

enum { VECTOR_DIMENSION = 384 };

// Stands for "null" in nullable integers, and for "no bound" in filters.
#define VECTOR_NONE INT64_MIN

// One row of content_metadata with its vector. Texts are borrowed for the call.
struct vector_point {
    int32_t content_id;
    int64_t revision;
    struct text hierarchy_table;
    int32_t leaf_id;
    int32_t branch_id; // of the leaf; 0: not known
    int32_t limb_id;
    struct text content_type;
    int64_t chunk_number;  // or VECTOR_NONE
    int64_t word_count;    // or VECTOR_NONE
    int64_t created_at_us; // UTC, or VECTOR_NONE
    const float *vector;   // VECTOR_DIMENSION finite numbers
};

// What a point must satisfy; all that is given must hold. Zero-initialise, then use the
// VECTOR_FILTER_ANY initialiser for the bounds.
struct vector_filter {
    const struct text *hierarchy_tables; // any of these; count 0: any at all
    size_t hierarchy_table_count;
    // Leaf ids are numbered per hierarchy table: give exactly one table with them.
    // `by_leaf` with a count of 0 matches nothing.
    bool by_leaf;
    const int32_t *leaf_ids;
    size_t leaf_id_count;
    // No two branches of any tables have one number, nor two limbs. 0: any.
    int32_t branch_id;
    int32_t limb_id;
    const struct text *content_types; // any of these; count 0: any at all
    size_t content_type_count;
    int64_t created_since_us;  // inclusive; VECTOR_NONE: no bound
    int64_t created_before_us; // exclusive; VECTOR_NONE: no bound
    int64_t words_min;         // inclusive; VECTOR_NONE: no bound
    int64_t words_max;         // inclusive; VECTOR_NONE: no bound
    int64_t revision_above;    // exclusive; 0: no bound, those without a revision, too
};
#define VECTOR_FILTER_ANY                                                                          \
    {.created_since_us = VECTOR_NONE,                                                              \
     .created_before_us = VECTOR_NONE,                                                             \
     .words_min = VECTOR_NONE,                                                                     \
     .words_max = VECTOR_NONE}

struct vector_query {
    const float *vector; // VECTOR_DIMENSION numbers
    const struct vector_filter *filter;
    size_t limit;
    bool exact;       // score every matching point, use no index
    bool many;        // more than VECTOR_EXACT_POINTS may match: that takes some time
    unsigned hnsw_ef; // 0: the engine's choice
    // Points that are compared exactly besides, where they satisfy the filter: those that the
    // engine's graph is known not to reach. They compete for the same `limit` places.
    const int32_t *also_ids;
    size_t also_count; // at most VECTOR_ALSO_MAX; all is compared where `exact`
    bool name_graph;   // fill in the graph of the hits: it may take a request more
};
enum {
    VECTOR_ALSO_MAX = 4096,
    // Up to so many points, comparing all of them costs about what a walk over a graph does, and
    // misses none.
    VECTOR_EXACT_POINTS = 25000,
};
int64_t vector_exact_points(void); // as above; fewer where a test says so

// Names the graphs that the engine searches right now: when one is built anew the name changes,
// and never comes back. "": the engine cannot tell.
enum { VECTOR_GRAPH_SIZE = 72 };

struct vector_hit {
    int32_t content_id;
    float score;      // cosine similarity as the engine computed it
    int64_t revision; // or VECTOR_NO_REVISION
};

struct vector_hits {
    struct vector_hit *items; // in the caller's arena, best first, each id once
    size_t count;
    size_t shown; // points in the answer: these, and those whose id is no content's
    size_t found; // the same by the graph alone: fewer than were asked for is all that it reached
    // Where `name_graph` asked for it and the search was not exact: the graphs that answered, or
    // newer ones. "": the engine did not tell, which fails no search.
    char graph[VECTOR_GRAPH_SIZE];
};

struct vector_info {
    uint64_t points_count;
    uint64_t indexed_vectors_count;
    char status[16]; // "green", "yellow", "grey", "red"
    char version[32];
    bool conditional_writes; // the server itself compares revisions
};

// Whether an engine is known not to answer. While it is, nobody who is not patient is let to wait
// for it: calls fail at once with GROVE_UNAVAILABLE, and it is tried every now and then.
enum { VECTOR_OUTAGE_REASON_SIZE = 160 };
struct vector_outage {
    bool out;
    int64_t since_ms;
    unsigned again_in_ms; // until it is tried again
    char reason[VECTOR_OUTAGE_REASON_SIZE];
};

// No revision of ours: those are 1 at least.
enum { VECTOR_NO_REVISION = -1 };

// What a point id holds in the engine.
struct vector_state {
    int32_t content_id;
    bool present;
    int64_t revision; // where present; VECTOR_NO_REVISION: it has none, or one that is no integer
};

// Points by ascending id.
enum { VECTOR_PAGE_MAX = 1024 };
struct vector_page {
    size_t count;
    struct vector_state states[VECTOR_PAGE_MAX];
    int64_t next_id; // where the next page begins; VECTOR_NONE: there is none
};

// --- what comparing both stores needs (src/sync/verify.md) ---

// Points by ascending id, from one id to another, both included.
struct vector_range {
    int64_t first_id, last_id;          // 0 to INT32_MAX
    const struct vector_filter *filter; // NULL: all of them
    bool whole;                         // payload and vector, too; else ids and revisions
};

// Points by their ids.
struct vector_choice {
    const int32_t *content_ids; // each once
    size_t count;
    bool whole;
};

// A point as it stands in the engine.
struct vector_copy {
    struct vector_state state;
    struct text payload; // JSON, the fields in order (vector/point.h); {NULL, 0}: not asked for
    const float *vector; // NULL: not asked for, or not of VECTOR_DIMENSION numbers
};
struct vector_copies {
    size_t count;
    struct vector_copy *items;
    int64_t next_id; // where the next page begins; VECTOR_NONE: there is none
};

// Of what a range of points holds (vector/fingerprint.h).
enum { VECTOR_DIGEST_SIZE = 65 };
struct vector_digest {
    bool known; // else the engine makes none, and the points themselves are to be read
    uint64_t points;
    char hex[VECTOR_DIGEST_SIZE];
};

// Points whose ids no content can have, each as JSON: a number, or a text in quotes.
enum { VECTOR_STRANGER_SIZE = 48 };
struct vector_strangers {
    size_t count;
    struct text *ids;
    struct text next; // where the next page begins; {NULL, 0}: there is none
};

// Whose projection a collection is: a database, and a stretch of its history. It is no point: no
// search, no count and no page of points shows it (src/sync/lineage.md).
enum {
    VECTOR_IDENTITY_SIZE = 33,
    VECTOR_HISTORY_SIZE = 17,
    VECTOR_PLACE_SIZE = 17,
    VECTOR_MARKS_MAX = 8
};
struct vector_mark {
    char identity[VECTOR_IDENTITY_SIZE]; // 32 hexadecimal digits in lower case
    int64_t epoch;                       // 1 at least
    char history[VECTOR_HISTORY_SIZE];   // 16 such digits, drawn with the epoch
    char place[VECTOR_PLACE_SIZE];       // the same of the server, and the database's name there
};
struct vector_marks {
    size_t count; // more than one while somebody changes it
    struct vector_mark items[VECTOR_MARKS_MAX];
};
bool vector_mark_equal(const struct vector_mark *a, const struct vector_mark *b);

struct vector_engine;

struct vector_engine_operations {
    const char *name;
    void (*free)(struct vector_engine *engine);
    const char *(*describe)(const struct vector_engine *engine);
    enum grove_code (*ensure_collection)(struct vector_engine *engine, struct call *call,
                                         struct grove_error *error);
    enum grove_code (*info)(struct vector_engine *engine, struct call *call,
                            struct vector_info *ret, struct grove_error *error);
    enum grove_code (*upsert)(struct vector_engine *engine, struct call *call,
                              const struct vector_point *points, size_t count,
                              struct grove_error *error);
    enum grove_code (*remove)(struct vector_engine *engine, struct call *call,
                              const int32_t *content_ids, const int64_t *revisions, size_t count,
                              struct grove_error *error);
    enum grove_code (*evict)(struct vector_engine *engine, struct call *call,
                             const struct vector_state *seen, size_t count,
                             struct grove_error *error);
    enum grove_code (*search)(struct vector_engine *engine, struct call *call,
                              const struct vector_query *query, struct arena *arena,
                              struct vector_hits *ret, struct grove_error *error);
    enum grove_code (*graph)(struct vector_engine *engine, struct call *call,
                             char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error);
    enum grove_code (*count)(struct vector_engine *engine, struct call *call,
                             const struct vector_filter *filter, uint64_t *ret,
                             struct grove_error *error);
    enum grove_code (*states)(struct vector_engine *engine, struct call *call,
                              const int32_t *content_ids, size_t count, struct vector_state *ret,
                              struct grove_error *error);
    enum grove_code (*scan)(struct vector_engine *engine, struct call *call, int64_t from_id,
                            size_t limit, struct vector_page *ret, struct grove_error *error);
    enum grove_code (*marks)(struct vector_engine *engine, struct call *call,
                             struct vector_marks *ret, struct grove_error *error);
    enum grove_code (*mark)(struct vector_engine *engine, struct call *call,
                            const struct vector_mark *mark, struct grove_error *error);
    enum grove_code (*unmark)(struct vector_engine *engine, struct call *call,
                              const struct vector_mark *mark, struct grove_error *error);
    enum grove_code (*read)(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, size_t limit, struct arena *arena,
                            struct vector_copies *ret, struct grove_error *error);
    enum grove_code (*read_ids)(struct vector_engine *engine, struct call *call,
                                const struct vector_choice *choice, struct arena *arena,
                                struct vector_copy *ret, struct grove_error *error);
    enum grove_code (*digest)(struct vector_engine *engine, struct call *call,
                              const struct vector_range *range, struct vector_digest *ret,
                              struct grove_error *error);
    enum grove_code (*strangers)(struct vector_engine *engine, struct call *call, struct text from,
                                 struct arena *arena, struct vector_strangers *ret,
                                 struct grove_error *error);
    enum grove_code (*erase)(struct vector_engine *engine, struct call *call,
                             const struct text *ids, size_t count, struct grove_error *error);
    void (*outage)(struct vector_engine *engine, struct vector_outage *ret); // NULL: never out
    void (*wake)(struct vector_engine *engine, const struct call *call,
                 unsigned wait_ms); // NULL: it is awake
};

// The common part, first member of every engine.
struct vector_engine {
    const struct vector_engine_operations *operations;
};

// NULL is fine.
void vector_engine_free(struct vector_engine *engine);

// Where it is, without credentials: for messages.
const char *vector_describe(const struct vector_engine *engine);

// What is known without asking it.
void vector_look(struct vector_engine *engine, struct vector_outage *ret);

// It will be asked soon: where it is private and not there, it begins to start. Waits so long for
// it, 0: not at all, and tells nothing: whoever asks hears what became of it.
void vector_wake(struct vector_engine *engine, const struct call *call, unsigned wait_ms);

// What a failure of an engine says. A code alone does not: "not found" may be the model's files,
// and "invalid" a folder that a private server cannot start in.
//
// The collection does not exist.
bool vector_lacks_collection(const struct grove_error *error);
// It refused what was in the request: a point, or all that it is given.
bool vector_refused(const struct grove_error *error);
// It failed, or refused, or was not asked: whatever the code, not by our doing.
bool vector_failed(const struct grove_error *error);

// Creates the collection and the payload indexes that are missing. A collection of another size
// or distance is GROVE_CONFLICT: it is never dropped or changed.
enum grove_code vector_ensure_collection(struct vector_engine *engine, struct call *call,
                                         struct grove_error *error);

// GROVE_NOT_FOUND when the collection does not exist.
enum grove_code vector_info(struct vector_engine *engine, struct call *call,
                            struct vector_info *ret, struct grove_error *error);

// Inserts or replaces points, all of a call in one request; asks to be answered when they are
// durable and searchable. A point of a higher revision stays, and so does one without a revision
// where the engine compares. At most VECTOR_BATCH_MAX points.
enum { VECTOR_BATCH_MAX = 1024 };
enum grove_code vector_upsert(struct vector_engine *engine, struct call *call,
                              const struct vector_point *points, size_t count,
                              struct grove_error *error);

// Removes points whose revision is at most the one given; absent ones are fine.
enum grove_code vector_remove(struct vector_engine *engine, struct call *call,
                              const int32_t *content_ids, const int64_t *revisions, size_t count,
                              struct grove_error *error);

// Removes points that are as they were seen: this id, and this very revision or none. Whatever was
// written since has another revision, and stays. For points that no projector can have written.
enum grove_code vector_evict(struct vector_engine *engine, struct call *call,
                             const struct vector_state *seen, size_t count,
                             struct grove_error *error);

enum grove_code vector_search(struct vector_engine *engine, struct call *call,
                              const struct vector_query *query, struct arena *arena,
                              struct vector_hits *ret, struct grove_error *error);

// The name of the graphs that it searches now (see VECTOR_GRAPH_SIZE), and of no others: while it
// is building, GROVE_OK with "".
enum grove_code vector_graph(struct vector_engine *engine, struct call *call,
                             char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error);

// Exact.
enum grove_code vector_count(struct vector_engine *engine, struct call *call,
                             const struct vector_filter *filter, uint64_t *ret,
                             struct grove_error *error);

// Fills ret[count], in the order of the ids. What is not in the engine's answer is absent; an
// answer about points that were not asked for, or that contradicts itself, is GROVE_ENGINE.
enum grove_code vector_states(struct vector_engine *engine, struct call *call,
                              const int32_t *content_ids, size_t count, struct vector_state *ret,
                              struct grove_error *error);

// The points from an id on, in the order of their ids, at most `limit` (VECTOR_PAGE_MAX) of them.
// Those whose id is no content's are left out. What is there during all pages is on one of them.
enum grove_code vector_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                            size_t limit, struct vector_page *ret, struct grove_error *error);

// The points of a range as they stand there, at most `limit` (VECTOR_PAGE_MAX) of them. What is
// there during all pages is on one of them.
enum grove_code vector_read(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, size_t limit, struct arena *arena,
                            struct vector_copies *ret, struct grove_error *error);

// The same of these points; fills ret[count], in the order of the ids.
enum grove_code vector_read_ids(struct vector_engine *engine, struct call *call,
                                const struct vector_choice *choice, struct arena *arena,
                                struct vector_copy *ret, struct grove_error *error);

// A digest of a range, where the engine makes any.
enum grove_code vector_digest(struct vector_engine *engine, struct call *call,
                              const struct vector_range *range, struct vector_digest *ret,
                              struct grove_error *error);

// A page of the points whose ids no content can have; `from` {NULL, 0}: the first one.
enum grove_code vector_strangers(struct vector_engine *engine, struct call *call, struct text from,
                                 struct arena *arena, struct vector_strangers *ret,
                                 struct grove_error *error);

// Removes such points, whatever they hold. At most VECTOR_PAGE_MAX.
enum grove_code vector_erase(struct vector_engine *engine, struct call *call,
                             const struct text *ids, size_t count, struct grove_error *error);

// The marks of the collection, none where it has none.
enum grove_code vector_marks(struct vector_engine *engine, struct call *call,
                             struct vector_marks *ret, struct grove_error *error);

// Adds a mark, or takes one away. To do so twice changes nothing.
enum grove_code vector_mark(struct vector_engine *engine, struct call *call,
                            const struct vector_mark *mark, struct grove_error *error);
enum grove_code vector_unmark(struct vector_engine *engine, struct call *call,
                              const struct vector_mark *mark, struct grove_error *error);

#endif
