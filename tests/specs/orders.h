// SPDX-License-Identifier: Apache-2.0
//
// All orders of a spec's steps: those that respect each session's own order, and in which a session
// that waits for a lock takes no step. They are found by running them: after each step it is known
// who can take the next, and the last choice that has an alternative left is made anew, until none
// has. Nothing is drawn by chance, and no order is left out or run twice.
//
//     orders_init(&orders, &world, &crew);
//     code = orders_run(&orders, conditional, &error);   // orders.failed: orders_print tells
#ifndef GROVE_TESTS_SPECS_ORDERS_H
#define GROVE_TESTS_SPECS_ORDERS_H

#include "check.h"

enum { ORDER_STEPS_MAX = 32, ORDER_NAME_SIZE = 2 * SPEC_NAME_SIZE };

struct order_step {
    unsigned ready;             // sessions that could take it, a bit for each
    int session;                // that took it
    char name[ORDER_NAME_SIZE]; // "p1.leased"; "" while it waits for a lock
};

struct orders {
    struct world *world;
    struct crew *crew;
    struct model model;
    struct check check;
    struct order_step steps[ORDER_STEPS_MAX];
    size_t count;       // steps of the order that was run last
    size_t given;       // steps at its head that were chosen before it began
    const char *replay; // one order as orders_print tells it; NULL: all of them
    int64_t run;        // orders
    bool failed;        // the last one
};

void orders_init(struct orders *orders, struct world *world, struct crew *crew);

// Runs them all, or up to the first that fails. An error: the driver itself could not go on.
enum grove_code orders_run(struct orders *orders, bool conditional, struct grove_error *error);

// The last order: its steps, what failed, the calls of the engine.
void orders_print(const struct orders *orders, const char *path);

#endif
