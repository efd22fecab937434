// SPDX-License-Identifier: Apache-2.0
#include "commands/found.h"

#include <string.h>

#include "base/alloc.h"
#include "base/check.h"

enum { TEXTS_BYTES_MAX = 256 << 20 };

void found_init(struct found *self)
{
    *self = (struct found){.items = NULL};
    arena_init(&self->texts, TEXTS_BYTES_MAX);
}

void found_release(struct found *self)
{
    arena_release(&self->texts);
    mem_free(self->items);
    self->items = NULL;
}

static bool make_room(struct found *self)
{
    if (self->count < self->room)
        return true;
    size_t room = self->room ? self->room * 2 : 64;
    struct answer_difference *items =
        self->count < FOUND_MAX ? mem_alloc_array(room, sizeof *items) : NULL;
    if (!items)
        return false;
    if (self->count > 0)
        memcpy(items, self->items, self->count * sizeof *items);
    mem_free(self->items);
    self->items = items;
    self->room = room;
    return true;
}

void found_add(struct found *self, const struct grove_difference *difference)
{
    CHECK(self->count <= self->room);
    if (!make_room(self)) {
        self->left_out++;
        return;
    }
    struct answer_difference item = {
        .kind = grove_difference_name(difference->kind),
        .content_id = difference->point_id ? GROVE_NULL : difference->content_id,
        .content_revision = difference->content_revision,
        .point_revision = difference->point_revision,
    };
    item.point_id = difference->point_id ? arena_strdup(&self->texts, difference->point_id) : NULL;
    item.detail = difference->detail ? arena_strdup(&self->texts, difference->detail) : NULL;
    if ((difference->point_id && !item.point_id) || (difference->detail && !item.detail))
        self->left_out++;
    else
        self->items[self->count++] = item;
}

struct answer_verify found_answer(const struct found *self, const char *path,
                                  const struct grove_verify_report *report)
{
    return (struct answer_verify){
        .path = path,
        .report = *report,
        .differences = self->items,
        .difference_count = self->count,
        .left_out = self->left_out,
    };
}

int64_t found_to_mend(const struct grove_repair_request *request,
                      const struct grove_verify_report *report)
{
    return report->differences - (request->aliens ? 0 : report->kinds[GROVE_DIFFERENCE_ALIEN]);
}
