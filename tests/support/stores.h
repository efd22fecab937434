// SPDX-License-Identifier: Apache-2.0
//
// Both stores of a test: a new database on a real PostgreSQL, and an engine that the test owns.
//
//     static void a_row_is_projected(struct test_stores *stores)
//     {
//         int32_t id = test_content(stores, &(struct test_content){.title = "a"});
//         test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
//         ... projector_step(&stores->store, NULL, ...) ...
//         assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.outbox"), 0);
//     }
//     ... STORES_TEST(a_row_is_projected) ... in the table that test_main gets (main.h)
//
// What a test opened through this is closed when it ends, also when it fails; calls of a traced
// engine are printed then. All functions fail the test where something goes wrong: so they are
// called by the test's own thread only.
#ifndef GROVE_TESTS_SUPPORT_STORES_H
#define GROVE_TESTS_SUPPORT_STORES_H

#include <stdatomic.h>

#include "base/inject.h"
#include "catalog/store.h"
#include "fake_engine.h"
#include "main.h"
#include "postgres.h"

enum { TEST_SESSIONS_MAX = 16, TEST_ENDS_MAX = 512, TEST_STEPS_MAX = 16 };

struct test_stores;
typedef void test_function(struct test_stores *stores);

// What happens when grove reaches a point for the nth time.
struct test_step {
    enum inject_point point;
    unsigned nth;                            // from 1; 0: every time
    void (*act)(struct test_stores *stores); // NULL: nothing
    enum grove_code code;                    // what the point then answers
};

// When a test is over, also by failing: waits are ended first, then threads, then the rest.
enum test_turn { TEST_FIRST, TEST_SECOND, TEST_LAST };

struct test_stores {
    struct store store;       // its engine is `fake`, unless the test puts another in its place
    struct fake_engine *fake; // belongs to the store
    struct arena arena;       // what the functions below return
    char database[TEST_DATABASE_SIZE];
    int32_t id;                                   // for acts and hooks: whatever the test says
    void *other;                                  // the same
    _Atomic unsigned reached[INJECT_POINT_COUNT]; // how often, since the first test_at
                                                  // after test_at_forget
    // Private to stores.c.
    test_function *function;
    bool missing; // the assets are not there
    bool passed;
    struct pg_pool *pool; // of the sessions
    struct pg_conn *sessions[TEST_SESSIONS_MAX];
    size_t session_count;
    struct {
        enum test_turn turn;
        void (*end)(void *state);
        void *state;
    } ends[TEST_ENDS_MAX];
    size_t end_count;
    struct test_step steps[TEST_STEPS_MAX];
    size_t step_count;
};

struct test_case {
    test_function *function;
};
#define STORES_TEST(function)                                                                      \
    {                                                                                              \
        #function, test_stores_run, test_stores_up, test_stores_down, &(struct test_case)          \
        {                                                                                          \
            function                                                                               \
        }                                                                                          \
    }
int test_stores_up(void **state);
void test_stores_run(void **state);
int test_stores_down(void **state);

// For programs that run many cases in one test: a database of its own for the test, emptied
// in milliseconds. The engine and the injection hook stay as they are.
void test_stores_empty(struct test_stores *stores);

// Puts another engine in place of the fake, which goes away. It belongs to the store.
void test_stores_use_engine(struct test_stores *stores, struct vector_engine *engine);

// Calls end(state) when the test is over, before the stores are closed.
void test_at_end(struct test_stores *stores, enum test_turn turn, void (*end)(void *state),
                 void *state);

// Acts run in the thread that reaches the point. They may reach points themselves, which count.
void test_at(struct test_stores *stores, const struct test_step *step);
void test_at_forget(struct test_stores *stores);

// The same for the usual: at the first time, TEST_AT(stores, PROJECTOR_LEASED, act).
#define TEST_AT(stores, point, act)                                                                \
    test_at(stores, &(struct test_step){INJECT_##point, 1, act, GROVE_OK})
#define TEST_FAIL_AT(stores, point, act)                                                           \
    test_at(stores, &(struct test_step){INJECT_##point, 1, act, GROVE_UNAVAILABLE})

// --- SQL -----------------------------------------------------------------------------------------

// Statements separated by ";", on the test's own connection.
void test_sql(struct test_stores *stores, const char *format, ...) GROVE_PRINTF(2, 3);
// The first value of the answer: an integer of any size; VECTOR_NONE where it is null or there is
// no row.
int64_t test_sql_int(struct test_stores *stores, const char *format, ...) GROVE_PRINTF(2, 3);
// The same for a text; NULL where it is null or there is no row.
const char *test_sql_text(struct test_stores *stores, const char *format, ...) GROVE_PRINTF(2, 3);

// What branches and limbs are counted to have differs from the contents on their leaves; NULL:
// nothing does.
const char *test_wrong_places(struct test_stores *stores);

// Another connection, for a second transaction at the same time; the test's until it ends.
struct pg_conn *test_session(struct test_stores *stores);
void test_session_sql(struct pg_conn *conn, const char *format, ...) GROVE_PRINTF(2, 3);

// Waits until a session of this database waits for a lock.
void test_wait_for_lock(struct test_stores *stores);

// --- rows ----------------------------------------------------------------------------------------

// The leaf subject1/Branch/Limb/<name>, made where it is missing.
int32_t test_leaf(struct test_stores *stores, const char *name);

struct test_content {
    const char *leaf;    // NULL: "Leaf"
    const char *type;    // NULL: "Article"
    const char *title;   // NULL: "Title"
    const char *summary; // NULL: "Summary"
    const char *body;    // NULL: none
    int words;           // 0: null
};
// Its id. Chunks are numbered by themselves.
int32_t test_content(struct test_stores *stores, const struct test_content *content);

// Gives a content a vector that is current, without a change of its revision.
void test_vector_give(struct test_stores *stores, int32_t content_id, const float *vector);

// A vector of length 1 whose cosine to test_toward(1, 0) is `cosine`; the rest of it goes along
// `axis` (1 to 383).
struct test_vector {
    float numbers[VECTOR_DIMENSION];
};
struct test_vector test_toward(float cosine, unsigned axis);

// The current revision of a content; VECTOR_NONE: it does not exist.
int64_t test_revision(struct test_stores *stores, int32_t content_id);

struct test_outbox {
    bool present; // else nothing else is set
    bool deleted;
    bool leased;
    bool dead;
    int attempts;
    int64_t revision;
    double due_in_seconds; // not_before - now
    char owner[64];        // "" where it is not leased
    char last_error[256];
};
struct test_outbox test_outbox(struct test_stores *stores, int32_t content_id);

// A digest of all contents with their bodies, vectors and revisions, as hexadecimal.
const char *test_database_digest(struct test_stores *stores);

#endif
