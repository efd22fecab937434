// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the projector share: steps, rows, what happens meanwhile, and the agreement of
// both stores that all must end in. Acts (struct test_step) are about the content stores->id.
#ifndef GROVE_TESTS_UNIT_SYNC_PROJECTING_H
#define GROVE_TESTS_UNIT_SYNC_PROJECTING_H

#include "../../support/stores.h"

#include "sync/projector.h"

// A content with a vector of its own.
int32_t make_row(struct test_stores *stores, float cosine);

// One step that must succeed, or fail in this way.
struct projector_report step(struct test_stores *stores);
struct grove_error step_fails(struct test_stores *stores, enum grove_code wanted);
// A step that must succeed, and whether there was nothing to do.
bool is_idle(struct test_stores *stores);

// As if the time had come: for rows that were put back for later, and for the ends of leases.
void let_time_pass(struct test_stores *stores);
// Steps, with time passing in between, until nothing is left that is not dead.
void drain(struct test_stores *stores);

int64_t outbox_count(struct test_stores *stores);
void assert_projected(struct test_stores *stores, int32_t id);
// Outside the outbox a content has a vector of its current text.
void assert_vectors_current(struct test_stores *stores);
// The outbox is empty, the engine has the contents that there are at their revisions and nothing
// else, and vectors are current.
void assert_agreed(struct test_stores *stores);

void change_words(struct test_stores *stores);
void change_title(struct test_stores *stores);
void delete_content(struct test_stores *stores);
void lock_row(struct test_stores *stores); // of the outbox, by an open transaction
void lease_for_another(struct test_stores *stores);
// Another projector takes over what the one at the point has leased, and finishes it.
void finish_by_another(struct test_stores *stores);
void change_and_finish(struct test_stores *stores);
void delete_and_finish(struct test_stores *stores);
void insert_again_and_finish(struct test_stores *stores); // the same id
// The only content's, and every other's: the database gets another model, the reduced one.
void set_model(struct test_stores *stores, enum embed_precision precision);
void change_model(struct test_stores *stores);
void change_model_and_finish(struct test_stores *stores);
// The lease of the one at the point is over when it looks at it next.
void use_up_the_lease(struct test_stores *stores);

// For a hook of the engine, once: calls the test_function that stores->other points to.
void act_when_looked(void *state, const struct engine_event *event);
// A step that writes a new row late: something happens between its look at the engine and its
// write. The engine does not compare.
void write_late(struct test_stores *stores, test_function *meanwhile);

#endif
