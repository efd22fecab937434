// SPDX-License-Identifier: Apache-2.0
//
// What must hold: after every step (check_moment), when a search has answered (check_answer), and
// once all is projected (check_end). check.c begins with the statements.
#ifndef GROVE_TESTS_SPECS_CHECK_H
#define GROVE_TESTS_SPECS_CHECK_H

#include "session.h"

struct check {
    struct world *world;
    struct crew *crew;
    struct model *model;
    int64_t revisions[SPEC_CONTENTS_MAX]; // the highest seen in this order
    bool dead[SPEC_CONTENTS_MAX];         // whether it was a dead letter at the last look
    bool ending;                          // dead letters have been revived
    char failure[1024];                   // what was expected, and what was there
};

void check_begin(struct check *check);

// Each returns false and says in `failure` why.
bool check_moment(struct check *check);
bool check_answer(struct check *check, const struct session *reader);
// All sessions have ended. Projects what is left, as `grove sync` does after hours.
bool check_end(struct check *check);

#endif
