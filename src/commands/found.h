// SPDX-License-Identifier: Apache-2.0
//
// What verify and repair find, kept until it is told.
//
//     struct found found;
//     found_init(&found);
//     found_add(&found, difference);          // for each that on_difference is given
//     struct answer_verify answer = found_answer(&found, path, &report);   // lives as long
//     found_release(&found);
//
// Errors: what there is no memory for is counted. Threads: each its own.
#ifndef GROVE_COMMANDS_FOUND_H
#define GROVE_COMMANDS_FOUND_H

#include "base/arena.h"
#include "commands/answers_stores.h"

// More are counted only.
enum { FOUND_MAX = 1000000 };

struct found {
    struct arena texts;
    struct answer_difference *items;
    size_t count, room;
    int64_t left_out;
};

void found_init(struct found *self);
void found_release(struct found *self);

void found_add(struct found *self, const struct grove_difference *difference);
struct answer_verify found_answer(const struct found *self, const char *path,
                                  const struct grove_verify_report *report);

// How many differences repair would mend.
int64_t found_to_mend(const struct grove_repair_request *request,
                      const struct grove_verify_report *report);

#endif
