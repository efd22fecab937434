// SPDX-License-Identifier: Apache-2.0
//
// What the tests of vector/engine.h share: each case runs with the fake engine of the tests and
// with the real private one, so that the fake cannot come to differ from what it stands for.
#ifndef GROVE_TESTS_UNIT_VECTOR_CONTRACT_H
#define GROVE_TESTS_UNIT_VECTOR_CONTRACT_H

#include "../../support/fake_engine.h"
#include "../../support/main.h"
#include "../../support/stores.h"

#define TABLE_1 "subject1_hierarchy"
#define TABLE_2 "subject2_hierarchy"
#define COLLECTION "shared"

struct contract {
    void (*ask)(struct contract *contract);
    bool real;
    struct vector_engine *engine;
    struct fake_engine *fake; // within, where it is not real
    struct arena arena;
    struct test_vector vectors[64];
    bool passed;
};

// Of the real engine as its owner would; grove itself never removes one.
void lose_collection(struct contract *contract);
// A point of table 1, leaf 1, type "Article", toward the given cosine.
struct vector_point make_point(struct contract *contract, int32_t id, int64_t revision,
                               float cosine);
void upsert(struct contract *contract, const struct vector_point *points, size_t count);
void upsert_one(struct contract *contract, int32_t id, int64_t revision, float cosine);
int64_t count_points(struct contract *contract, const struct vector_filter *filter);
// -1: no such point.
int64_t revision_of(struct contract *contract, int32_t id);
struct vector_hits search(struct contract *contract, const struct vector_query *query);
// The ids of the hits, in their order, as "3 1 2".
const char *ids_of(struct contract *contract, const struct vector_hits *hits);
const char *found(struct contract *contract, const struct vector_filter *filter);
enum grove_code open_real(const char *collection, struct vector_engine **ret,
                          struct grove_error *error);
// Making a collection takes the real engine a second or two: all cases share one.
enum grove_code empty_collection(struct contract *contract, struct grove_error *error);

int contract_set_up(void **state);
void contract_run(void **state);
int contract_tear_down(void **state);

#define CONTRACT_BOTH(function)                                                                    \
    {"fake_" #function, contract_run, contract_set_up, contract_tear_down,                         \
     &(struct contract){.ask = function}},                                                         \
        {"real_" #function, contract_run, contract_set_up, contract_tear_down,                     \
         &(struct contract){.ask = function, .real = true}},

#endif
