// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include "base/check.h"

void model_init(struct model *model, const struct spec *spec)
{
    *model = (struct model){.content_count = spec->content_count, .count = 1};
    for (size_t i = 0; i < spec->content_count; i++)
        model->states[0].rows[i] = (struct model_row){.exists = !spec->contents[i].absent,
                                                      .fields = spec->contents[i].fields};
}

static void change_row(struct model_row *row, const struct model_change *change)
{
    const struct spec_fields *given = &change->fields;
    bool is_new = !row->exists;
    row->exists = change->exists;
    if (!change->exists)
        return;
    if (is_new)
        row->fields = (struct spec_fields){1, 1, SPEC_UNSET, SPEC_UNSET};
    bool new_text = given->title != SPEC_UNSET && given->title != row->fields.title;
    if (given->title != SPEC_UNSET)
        row->fields.title = given->title;
    if (given->words != SPEC_UNSET)
        row->fields.words = given->words;
    if (given->vector != SPEC_UNSET || new_text) {
        row->fields.vector = given->vector;
        row->fields.reduced = given->reduced;
    }
}

void model_apply(struct model *model, const struct model_change *changes, size_t count)
{
    CHECK(model->count < MODEL_STATES_MAX);
    struct model_state *state = &model->states[model->count];
    *state = model->states[model->count - 1];
    model->count++;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].content == MODEL_PRECISION)
            state->reduced = true;
        else
            change_row(&state->rows[changes[i].content], &changes[i]);
    }
}

const struct model_state *model_now(const struct model *model)
{
    return &model->states[model->count - 1];
}

int model_vector(const struct model_state *state, int content)
{
    const struct spec_fields *fields = &state->rows[content].fields;
    return state->reduced && fields->reduced != SPEC_UNSET ? fields->reduced : fields->vector;
}
