// SPDX-License-Identifier: Apache-2.0
//
// What verify, repair and dead answer as JSON (answers.h).
#ifndef GROVE_COMMANDS_ANSWERS_STORES_H
#define GROVE_COMMANDS_ANSWERS_STORES_H

#include "commands/shape.h"
#include "grove/stores.h"

struct answer_difference {
    const char *kind;
    int64_t content_id; // or GROVE_NULL
    const char *point_id;
    int64_t content_revision, point_revision;
    const char *detail;
};

struct answer_verify {
    const char *path;
    struct grove_verify_report report;
    const struct answer_difference *differences;
    size_t difference_count;
    int64_t left_out; // of them: there is a bound
};
extern const struct shape answer_verify_shape;

struct answer_repair {
    struct answer_verify found;
    struct grove_repair_report report;
};
extern const struct shape answer_repair_shape;

// dead
struct answer_dead {
    enum { ANSWER_DEAD_LISTED, ANSWER_DEAD_RETRIED, ANSWER_DEAD_DROPPED } action;
    struct grove_dead_letters letters; // listed
    struct grove_dead_report report;   // dropped; retried: the contents alone
};
extern const struct shape answer_dead_shape;

// Part of status: struct grove_projector.
extern const struct shape listed_projector_shape;

#endif
