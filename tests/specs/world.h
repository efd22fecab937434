// SPDX-License-Identifier: Apache-2.0
//
// The two stores that the orders of a spec run on: a new database on a private PostgreSQL, and an
// engine in memory. Each order finds the contents of the spec in both, with ids that no order
// before it had, and nothing else.
//
//     code = world_open(&world, &spec, &error);
//     code = world_begin(&world, conditional, &error);           // before each order
//     code = world_read(&world, rows, &error);                   // what both hold now
//     world_release(&world);
//
// Time. grove's statements take the time from the table spec.clock, which stands still until a step
// moves it: linked in front of query_sql is a function that writes spec.clock_timestamp() for
// clock_timestamp(). In front of clock_monotonic_us is one that adds what the thread has been told.
#ifndef GROVE_TESTS_SPECS_WORLD_H
#define GROVE_TESTS_SPECS_WORLD_H

#include "../support/postgres.h"
#include "catalog/store.h"
#include "model.h"

enum { WORLD_LEASE_MS = 121000 };                     // a little longer than a lease
#define WORLD_CREATED_AT_US INT64_C(1767225600000000) // of all contents: 2026-01-01

struct world {
    const struct spec *spec;
    char database[TEST_DATABASE_SIZE];
    char conninfo[CLUSTER_CONNINFO_SIZE];
    struct store store; // of the driver itself; owns the engine
    struct fake_engine *fake;
    struct vector_marks marks; // of its collection, as each order begins
    struct pg_conn *conn;      // of the driver's own statements
    struct arena arena;        // emptied by each statement
    int32_t first_id;          // of the order's contents: first_id + index
    int orders;
    bool conditional;
    bool lost;                    // the collection, or a point, was lost in this order
    bool lost_written;            // and so may be one that was just written, or is not missed
    bool gap;                     // and a row may have been acknowledged all the same
    _Atomic int64_t skew_us;      // how far the monotonic clock was moved
    _Atomic unsigned leases_over; // how often all leases have run out
    struct {
        bool there;
        float vector[VECTOR_DIMENSION];
    } computed[2][16]; // of "Title <n>", by model
};

enum grove_code world_open(struct world *world, const struct spec *spec, struct grove_error *error);
void world_release(struct world *world);

// A store on the same database and engine, as another process would have one.
enum grove_code world_open_store(struct world *world, const char *name, struct store *ret,
                                 struct grove_error *error);
void world_close_store(struct store *store);

// As a handle that is open for long, before each order: whose the collection is it asks only where
// something happens to the collection. What it asks by the clock is no part of an order.
void world_know_lineage(const struct world *world, struct store *store);

enum grove_code world_begin(struct world *world, bool conditional, struct grove_error *error);

// Has all leases run out, by a connection of the caller's; `noticed`: also by the projectors' own
// clocks.
enum grove_code world_leases_over(struct world *world, struct pg_conn *conn, bool noticed,
                                  struct grove_error *error);
// So much that all that was put back is due, too; by the driver.
enum grove_code world_all_due(struct world *world, struct grove_error *error);
// The thread's monotonic clock is moved to where the world's is. Only between two calls of grove.
void world_take_time(struct world *world);

// Sets a fault of the spec, which names contents by their places.
void world_set_fault(struct world *world, const struct fake_fault *fault);

// Of one content, what both stores hold.
struct world_row {
    bool exists;
    char title[32];
    int64_t words;
    bool has_state;
    int64_t revision; // of its point: the generation is part of it
    bool pending;     // it is in the outbox
    bool dead;
    int attempts; // counted ones
    bool deleted; // as the outbox says
    int64_t outbox_revision;
    bool embedded; // has a vector of its current text
    float vector[VECTOR_DIMENSION];
    bool in_engine;
    struct fake_point point;
};
enum grove_code world_read(struct world *world, struct world_row rows[static SPEC_CONTENTS_MAX],
                           struct grove_error *error);

// Rows in the outbox, dead ones among them.
struct world_outbox {
    int64_t pending, dead;
};
enum grove_code world_read_outbox(struct world *world, struct world_outbox *ret,
                                  struct grove_error *error);

// The vector of a number, or of a text.
void world_vector(int number, float ret_vector[static VECTOR_DIMENSION]);
enum grove_code world_expected_vector(struct world *world, const struct model_state *state,
                                      int content, float ret_vector[static VECTOR_DIMENSION],
                                      struct grove_error *error);

// Runs a statement of the driver with parameters; rows live until the next.
enum grove_code world_ask(struct world *world, const char *name, const char *sql,
                          const struct pg_params *params, struct pg_rows *ret,
                          struct grove_error *error);

#endif
