// SPDX-License-Identifier: Apache-2.0
//
// What both stores should hold: the contents as the committed transactions left them, and all
// states they have been in since the order began, so that a search can be held against those that
// it may have seen.
//
//     model_init(&model, &spec);
//     model_apply(&model, changes, count);          // a transaction has committed
//     const struct model_state *now = model_now(&model);
#ifndef GROVE_TESTS_SPECS_MODEL_H
#define GROVE_TESTS_SPECS_MODEL_H

#include "spec.h"

enum { MODEL_STATES_MAX = 32, MODEL_CHANGES_MAX = 16 };

struct model_row {
    bool exists;
    struct spec_fields fields; // vector SPEC_UNSET: that of its text
};

struct model_state {
    struct model_row rows[SPEC_CONTENTS_MAX];
    bool reduced; // the reduced model's vectors are compared
};

struct model {
    size_t content_count;
    size_t count;
    struct model_state states[MODEL_STATES_MAX]; // the last one is now
};

// What one statement does to a content; unset fields stay, those of a new content are 1.
struct model_change {
    int content; // MODEL_PRECISION: the database's model becomes the reduced one
    bool exists; // afterwards
    struct spec_fields fields;
};
#define MODEL_PRECISION (-1)

void model_init(struct model *model, const struct spec *spec);
void model_apply(struct model *model, const struct model_change *changes, size_t count);
const struct model_state *model_now(const struct model *model);

// The number of the vector that is compared; SPEC_UNSET: that of its text.
int model_vector(const struct model_state *state, int content);

#endif
