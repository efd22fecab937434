// SPDX-License-Identifier: Apache-2.0
#include "sync/projector_private.h"

#include "base/check.h"

// How often the id is among `count` of them; *ret_at: the last place.
static size_t count_id(const int32_t *ids, size_t count, int32_t id, size_t *ret_at)
{
    size_t found = 0;
    CHECK(ids || count == 0);
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id) {
            *ret_at = i;
            found++;
        }
    return found;
}

static size_t count_points(const struct projector_batch *batch, int32_t content_id)
{
    size_t found = 0;
    for (size_t p = 0; p < batch->point_count; p++)
        found += batch->points[p].content_id == content_id;
    CHECK(found <= batch->point_count);
    return found;
}

static const char *check_lease(const struct projector_batch *batch)
{
    CHECK(batch->count > 0);
    if (!batch->content_ids || !batch->revisions)
        return "the leased rows are not there";
    if (!batch->owner[0])
        return "the lease has no owner";
    if (batch->leased_at_us <= 0)
        return "nobody knows when the rows were leased";
    for (size_t i = 0, at; i < batch->count; i++)
        if (count_id(batch->content_ids, batch->count, batch->content_ids[i], &at) > 1)
            return "a content was leased twice";
    return NULL;
}

static const char *check_point(const struct projector_batch *batch, size_t p)
{
    CHECK(batch->points);
    CHECK(p < batch->point_count);
    const struct vector_point *point = &batch->points[p];
    size_t at;
    if (count_id(batch->content_ids, batch->count, point->content_id, &at) == 0)
        return "a row that was not leased lives";
    if (count_points(batch, point->content_id) > 1)
        return "a row lives twice";
    if (batch->revisions[at] + batch->generation != point->revision && batch->revisions[at] != -1)
        return "a row that lives is to be acknowledged at another revision than it was read at";
    if (!point->vector && !batch->texts[p].data)
        return "a row that lives has neither a vector nor a text";
    return NULL;
}

static const char *check_removed(const struct projector_batch *batch, size_t r)
{
    size_t at, ignored;
    int32_t content_id = batch->removed_ids[r];
    CHECK(r < batch->removed_count);
    if (count_id(batch->content_ids, batch->count, content_id, &at) == 0)
        return "a row that was not leased is to be removed";
    if (count_id(batch->removed_ids, batch->removed_count, content_id, &ignored) > 1)
        return "a row is to be removed twice";
    if (count_points(batch, content_id) > 0)
        return "a row lives and is to be removed";
    if (batch->revisions[at] + batch->generation != batch->removed_revisions[r])
        return "a row is to be acknowledged at another revision than it is removed at";
    return NULL;
}

// What was leased is written, removed, or not acknowledged.
static const char *check_rest(const struct projector_batch *batch)
{
    CHECK(batch->points);
    for (size_t i = 0, at; i < batch->count; i++)
        if (batch->revisions[i] != -1 && count_points(batch, batch->content_ids[i]) == 0 &&
            count_id(batch->removed_ids, batch->removed_count, batch->content_ids[i], &at) == 0)
            return "a row is to be acknowledged that neither lives nor is removed";
    return NULL;
}

const char *projector_batch_check(const struct projector_batch *batch)
{
    CHECK(batch);
    if (!batch->store || !batch->report)
        return "the store or the report is not there";
    if (batch->count == 0 || batch->count > VECTOR_BATCH_MAX)
        return "the leased rows are none, or more than the engine takes at once";
    const char *broken = check_lease(batch);
    int arrays = (batch->points != NULL) + (batch->texts != NULL) + (batch->removed_ids != NULL) +
                 (batch->removed_revisions != NULL);
    if (!broken && arrays != 0 && arrays != 4)
        broken = "some of what was read is not there";
    if (!broken && batch->point_count + batch->removed_count > (arrays ? batch->count : 0))
        broken = "more rows were read than were leased";
    for (size_t p = 0; !broken && p < batch->point_count; p++)
        broken = check_point(batch, p);
    for (size_t r = 0; !broken && r < batch->removed_count; r++)
        broken = check_removed(batch, r);
    return !broken && arrays ? check_rest(batch) : broken;
}
