// SPDX-License-Identifier: Apache-2.0
#include "vector/states.h"

#include <stdlib.h>

#include "base/check.h"
#include "vector/point.h"

static int compare_slots(const void *a, const void *b)
{
    int32_t x = (*(struct vector_state *const *)a)->content_id;
    int32_t y = (*(struct vector_state *const *)b)->content_id;
    return (x > y) - (x < y);
}

// Notes what one point of the answer says in all states of its id; `slots` are the states by id.
// False: it was not asked for, or the answer has said otherwise before.
static bool note_state(struct vector_state **slots, size_t count, yyjson_val *point)
{
    struct vector_state told = {.present = true};
    if (!point_read(point, &told.content_id, &told.revision))
        return false;
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (slots[middle]->content_id < told.content_id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count || slots[low]->content_id != told.content_id)
        return false;
    if (slots[low]->present)
        return slots[low]->revision == told.revision;
    for (size_t i = low; i < count && slots[i]->content_id == told.content_id; i++)
        *slots[i] = told;
    return true;
}

bool states_note(struct vector_state *states, size_t count, yyjson_val *points)
{
    struct vector_state *slots[VECTOR_BATCH_MAX];
    CHECK(count <= VECTOR_BATCH_MAX);
    for (size_t i = 0; i < count; i++)
        slots[i] = &states[i];
    qsort(slots, count, sizeof *slots, compare_slots);
    size_t index, found;
    yyjson_val *point;
    yyjson_arr_foreach (points, index, found, point)
        if (!note_state(slots, count, point))
            return false;
    return true;
}
