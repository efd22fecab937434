// SPDX-License-Identifier: Apache-2.0
//
// A vector engine in memory, for what a test must be able to bring about: every answer that a real
// server gave, or could give, and every state that it could be found in.
//
//     struct fake_engine *fake = fake_engine_new();
//     store.engine = fake_engine_base(fake);       // belongs to whoever frees the engine
//     fake_engine_fault(fake, &(struct fake_fault){.call = ENGINE_UPSERT, .kind = FAKE_LOSE,
//                                                  .nth = 1});
//     ... grove at work ...
//     assert_true(fake_engine_get(fake, id, &point));
//
// Without faults it keeps the contract of vector/engine.h, which
// tests/unit/vector/u_engine_contract.c asks of it and of the real engine alike.
//
// Threads: all functions may be called from any thread, also from hooks.
#ifndef GROVE_TESTS_SUPPORT_FAKE_ENGINE_H
#define GROVE_TESTS_SUPPORT_FAKE_ENGINE_H

#include "base/digest.h"
#include "engine_call.h"

struct fake_engine;

// A fake with a collection and nothing in it, which compares revisions as servers from 1.16 on do.
struct fake_engine *fake_engine_new(void);
struct vector_engine *fake_engine_base(struct fake_engine *fake);

// --- faults --------------------------------------------------------------------------------------

enum fake_fault_kind {
    FAKE_REFUSE,      // nothing is done; answers the error
    FAKE_LOSE,        // nothing is done; answers OK ("acknowledged", and then the server died)
    FAKE_DELAY,       // answers OK; done by fake_engine_settle
    FAKE_HALF,        // the first `half` of its points are done; answers the error
    FAKE_DUPLICATE,   // done, and done again by fake_engine_settle: a late second copy
    FAKE_ANSWER_LATE, // done; answers once fake_engine_release was called
    FAKE_ANSWER_LOST, // done; answers the error
    FAKE_HANG,        // nothing is done; answers the error once fake_engine_release was called
};

struct fake_fault {
    enum engine_call call;
    enum fake_fault_kind kind;
    unsigned long nth;  // 1: the next call of this kind from now on; 0: every one
    int32_t content_id; // only calls that have this id among theirs; 0: any
    size_t half;
    // The error; code 0: UNAVAILABLE. The retry class is the code's usual one, the origin the
    // vector engine, or grove's own client where `ours`; http_status 0: none.
    enum grove_code code;
    bool ours;
    bool in_line; // of ours: the call ended while it waited for a connection
    int http_status;
    const char *message; // NULL: one that names the fault
};

// Faults stay until cleared; of several that fit the one set last decides.
void fake_engine_fault(struct fake_engine *fake, const struct fake_fault *fault);
void fake_engine_clear_faults(struct fake_engine *fake);

// Errors as the client makes them of a server's answers: for struct fake_fault.
#define FAKE_COLLECTION_GONE .code = GROVE_NOT_FOUND, .http_status = 404
#define FAKE_STRICT_MODE .code = GROVE_INVALID, .http_status = 400
#define FAKE_TOO_LARGE .code = GROVE_INVALID, .http_status = 413
#define FAKE_TOO_MANY .code = GROVE_UNAVAILABLE, .http_status = 429
#define FAKE_OVERLOADED .code = GROVE_UNAVAILABLE, .http_status = 503
#define FAKE_UNREACHABLE .code = GROVE_UNAVAILABLE, .http_status = 0
#define FAKE_SILENT .code = GROVE_TIMEOUT, .http_status = 0

// Does what was delayed and the late second copies, in the order in which they came. How many.
size_t fake_engine_settle(struct fake_engine *fake);
// Forgets them instead.
void fake_engine_forget(struct fake_engine *fake);

// Waits until `count` calls wait for their answers to be released.
void fake_engine_await(struct fake_engine *fake, unsigned count);
void fake_engine_release(struct fake_engine *fake);
void fake_engine_let_go(struct fake_engine *fake); // and no answer waits from now on

// --- ways of its own -----------------------------------------------------------------------------

struct fake_ways {
    bool last_writer_wins; // a server before 1.16: grove looks, then writes unconditionally
    bool ties_backwards;   // equal scores by descending id instead of ascending
    int64_t count_off_by;  // added to what count and info say
    bool no_digests;       // as a Qdrant server: points are read one by one
    char status[16];       // "" : "green"
    // Vectors whose squares sum to less are kept as they are, not made length 1.
    float short_square_max; // as made: FLT_EPSILON, which is what the real engine does
    // A search by the graph whose nearest point scores less ends in a wrong place: it shows the
    // farther half of the points only. 0: none does.
    float lost_below;
    // A search by the graph shows so many of the best points, and of those behind them every other
    // one only. 0: all.
    size_t walk_whole;
    unsigned wrong_ef_max; // both with an ef of up to so many only. 0: with any
    int64_t walks_thinned; // of searches whose best point has an id that it divides. 0: of all
};
// As it is made: {.short_square_max = FLT_EPSILON}.
void fake_engine_set_ways(struct fake_engine *fake, const struct fake_ways *ways);

// Points that a search shows only with `exact`, or among its `also_ids`: islands of the graph. Adds
// to those hidden before.
void fake_engine_hide(struct fake_engine *fake, const int32_t *content_ids, size_t count);
// The same of points that find themselves: a search by their own vectors shows them.
void fake_engine_isolate(struct fake_engine *fake, const int32_t *content_ids, size_t count);
void fake_engine_show_all(struct fake_engine *fake);

// Names its graph, as a rebuild would. "": it cannot tell. A new collection's graph has a name that
// none had before. While the status is not "green", vector_graph tells none; searches do.
void fake_engine_set_graph(struct fake_engine *fake, const char *name);

// Called before anything is done, after all was done and before the answer, and between a look
// and a write where the last writer wins. NULL: none.
struct fake_hooks {
    engine_hook *before, *after, *looked;
    void *state;
};
void fake_engine_set_hooks(struct fake_engine *fake, const struct fake_hooks *hooks);

unsigned long fake_engine_calls(struct fake_engine *fake, enum engine_call call);

// --- its points ----------------------------------------------------------------------------------

enum { FAKE_TEXT_SIZE = 64 };

struct fake_point {
    int64_t id;       // above INT32_MAX, or negative: of a stranger, no id of a content
    int64_t revision; // VECTOR_NONE: it has none
    char hierarchy_table[FAKE_TEXT_SIZE];
    int32_t leaf_id;
    int32_t branch_id, limb_id; // 0: it has none
    char content_type[FAKE_TEXT_SIZE];
    int64_t chunk_number;
    int64_t word_count;
    int64_t created_at_us;
    float vector[VECTOR_DIMENSION]; // as the engine keeps it: length 1
};

// Past all calls and faults. Put replaces, whatever the revisions.
bool fake_engine_get(struct fake_engine *fake, int64_t id, struct fake_point *ret);
void fake_engine_put(struct fake_engine *fake, const struct fake_point *point);
void fake_engine_take(struct fake_engine *fake, int64_t id);
size_t fake_engine_points(struct fake_engine *fake);
// FAKE_NO_POINT where there is none.
#define FAKE_NO_POINT INT64_MAX
int64_t fake_engine_revision(struct fake_engine *fake, int64_t id);

// Whether there is a collection; without one there are no points, and calls answer NOT_FOUND.
bool fake_engine_has_collection(struct fake_engine *fake);
void fake_engine_lose_collection(struct fake_engine *fake);

// Its marks, past all calls and faults.
struct vector_marks fake_engine_marks(struct fake_engine *fake);
void fake_engine_set_mark(struct fake_engine *fake, const struct vector_mark *mark, bool add);

// Of all points, by id: equal exactly where all their contents are.
void fake_engine_digest(struct fake_engine *fake, char ret_hex[static SHA256_HEX_SIZE]);

// Whether its own records are in order: ids ascending and finite vectors. For asserts.
bool fake_engine_check(struct fake_engine *fake);

#endif
