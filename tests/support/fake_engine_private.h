// SPDX-License-Identifier: Apache-2.0
//
// The insides of the fake engine: fake_engine.c answers grove's calls, fake_points.c keeps the
// points and does what tests ask of them.
#ifndef GROVE_TESTS_SUPPORT_FAKE_ENGINE_PRIVATE_H
#define GROVE_TESTS_SUPPORT_FAKE_ENGINE_PRIVATE_H

#include <pthread.h>

#include "fake_engine.h"

enum { FAKE_FAULTS_MAX = 32, FAKE_LATER_MAX = 256 };

// An upsert, a removal or an eviction, with all that it needs.
struct fake_write {
    enum engine_call call;
    bool unconditional; // replaces whatever is there
    size_t count;
    struct fake_point *points; // of what removes: id and revision only
};

struct fake_armed {
    struct fake_fault fault;
    unsigned long calls; // of its kind since it was set
};

struct fake_engine {
    struct vector_engine base; // first
    pthread_mutex_t mutex;     // guards all that follows
    pthread_cond_t changed;
    bool collection;
    struct fake_point *points; // by id
    size_t count, room;
    struct fake_ways ways;
    struct fake_hooks hooks;
    int32_t *hidden, *isolated;
    size_t hidden_count, isolated_count;
    char graph[VECTOR_GRAPH_SIZE];
    unsigned collections;      // made so far: names their first graphs
    struct vector_marks marks; // of the collection
    struct fake_armed faults[FAKE_FAULTS_MAX];
    size_t fault_count;
    struct fake_write later[FAKE_LATER_MAX];
    size_t later_count;
    unsigned long calls[ENGINE_CALLS];
    unsigned waiting;       // answers held back
    unsigned long releases; // of them
    bool let_go;            // none is held back any more
};

extern const struct vector_engine_operations fake_operations;
void fake_engine_free(struct fake_engine *fake);

// The following are called with the mutex held.

// Where there is none.
void fake_make_collection(struct fake_engine *fake);

// Adds it, or takes it away.
void fake_change_mark(struct fake_engine *fake, const struct vector_mark *mark, bool add);

struct fake_point *fake_find(struct fake_engine *fake, int64_t id);

// As the client tells it: VECTOR_NO_REVISION for a point without one.
int64_t fake_shown_revision(int64_t revision);

// To length 1, as the engine does for cosines: but for those that are too short.
void fake_normalise(const struct fake_engine *fake, float vector[static VECTOR_DIMENSION]);

struct fake_write fake_write_new(enum engine_call call, size_t count);
void fake_write_release(struct fake_write *write);

// The first `count` points of it.
void fake_do_write(struct fake_engine *fake, const struct fake_write *write, size_t count);
void fake_keep_for_later(struct fake_engine *fake, const struct fake_write *write);

// --- a call: without the mutex ------------------------------------------------------------------

// Counts the call; *ret is the fault that it meets, if any.
bool fake_begin_call(struct fake_engine *fake, struct call *call, struct engine_event *event,
                     struct fake_fault *ret);
// The answer of a call that has done what it should, or what its fault left of it.
enum grove_code fake_end_call(struct fake_engine *fake, struct call *call,
                              struct engine_event *event, const struct fake_fault *fault,
                              enum grove_code code, struct grove_error *error);
// Whether a call with this fault does anything at all.
bool fake_does_nothing(const struct fake_fault *fault);
// For calls that only read, or that write no points.
bool fake_is_lost(const struct fake_fault *fault);

// A call that reads, or that changes what is no point, from its beginning to its end:
//
//     struct fake_call self;
//     if (fake_enter(&self, engine, call, &event, error)) {
//         // with the mutex, and the collection is there
//         self.code = ...;
//     }
//     return fake_leave(&self, error);
//
struct fake_call {
    struct fake_engine *fake;
    struct call *call;
    struct engine_event *event;
    struct fake_fault met;
    const struct fake_fault *fault; // NULL, or what was met
    bool lost;                      // it finds nothing, and changes nothing
    bool inside;                    // has the mutex
    enum grove_code code;
};
bool fake_enter(struct fake_call *self, struct vector_engine *engine, struct call *call,
                struct engine_event *event, struct grove_error *error);
enum grove_code fake_leave(struct fake_call *self, struct grove_error *error);

bool fake_matches(const struct fake_point *point, const struct vector_filter *filter);

// --- fake_compare.c ------------------------------------------------------------------------------

enum grove_code fake_read(struct vector_engine *engine, struct call *call,
                          const struct vector_range *range, size_t limit, struct arena *arena,
                          struct vector_copies *ret, struct grove_error *error);
enum grove_code fake_read_ids(struct vector_engine *engine, struct call *call,
                              const struct vector_choice *choice, struct arena *arena,
                              struct vector_copy *ret, struct grove_error *error);
enum grove_code fake_digest(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, struct vector_digest *ret,
                            struct grove_error *error);
enum grove_code fake_strangers(struct vector_engine *engine, struct call *call, struct text from,
                               struct arena *arena, struct vector_strangers *ret,
                               struct grove_error *error);
enum grove_code fake_erase(struct vector_engine *engine, struct call *call, const struct text *ids,
                           size_t count, struct grove_error *error);

#endif
