// SPDX-License-Identifier: Apache-2.0
//
// The fake engine's part in comparing both stores: its points as they stand there, and digests.
#include <stdio.h>

#include "base/check.h"
#include "fake_engine_private.h"
#include "vector/fingerprint.h"
#include "vector/point.h"

enum { PAYLOAD_BYTES_MAX = 1 << 16, BYTES_MAX = 64 << 20 };

static struct fake_engine *fake_of(struct vector_engine *engine)
{
    return (struct fake_engine *)engine;
}

static struct vector_point point_of(const struct fake_point *there)
{
    return (struct vector_point){
        .content_id = (int32_t)there->id,
        .revision = fake_shown_revision(there->revision),
        .hierarchy_table = text_of(there->hierarchy_table),
        .leaf_id = there->leaf_id,
        .branch_id = there->branch_id,
        .limb_id = there->limb_id,
        .content_type = text_of(there->content_type),
        .chunk_number = there->chunk_number,
        .word_count = there->word_count,
        .created_at_us = there->created_at_us,
        .vector = there->vector,
    };
}

static bool copy_point(const struct fake_point *there, bool whole, struct arena *arena,
                       struct vector_copy *ret)
{
    struct strbuf payload;
    struct vector_point point = point_of(there);
    *ret = (struct vector_copy){.state = {(int32_t)there->id, true, point.revision}};
    if (!whole)
        return true;
    strbuf_init(&payload, PAYLOAD_BYTES_MAX);
    point_add_payload(&payload, &point);
    const char *text = payload.failed ? NULL : arena_copy(arena, strbuf_text(&payload));
    float *vector = arena_alloc_array(arena, VECTOR_DIMENSION, sizeof *vector);
    ret->payload = (struct text){text, payload.length};
    strbuf_release(&payload);
    if (vector)
        memcpy(vector, there->vector, sizeof there->vector);
    ret->vector = vector;
    return text && vector;
}

static bool is_in(const struct fake_point *point, const struct vector_range *range)
{
    return point->id >= range->first_id && point->id <= range->last_id &&
           fake_matches(point, range->filter);
}

static enum grove_code read_range(const struct fake_engine *fake, const struct vector_range *range,
                                  size_t limit, struct arena *arena, struct vector_copies *ret,
                                  struct grove_error *error)
{
    struct vector_copies copies = {.next_id = VECTOR_NONE};
    copies.items = arena_alloc_array(arena, limit, sizeof *copies.items);
    bool room = copies.items != NULL;
    for (size_t i = 0; room && i < fake->count; i++) {
        if (!is_in(&fake->points[i], range))
            continue;
        if (copies.count == limit) {
            copies.next_id = fake->points[i].id;
            break;
        }
        room = copy_point(&fake->points[i], range->whole, arena, &copies.items[copies.count++]);
    }
    *ret = copies;
    return room ? GROVE_OK : error_no_memory(error, "a page of points");
}

enum grove_code fake_read(struct vector_engine *engine, struct call *call,
                          const struct vector_range *range, size_t limit, struct arena *arena,
                          struct vector_copies *ret, struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_READ, .count = limit};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        if (!self.lost)
            self.code = read_range(fake, range, limit, arena, ret, error);
    }
    return fake_leave(&self, error);
}

enum grove_code fake_read_ids(struct vector_engine *engine, struct call *call,
                              const struct vector_choice *choice, struct arena *arena,
                              struct vector_copy *ret, struct grove_error *error)
{
    struct engine_event event = {
        .call = ENGINE_READ_IDS, .content_ids = choice->content_ids, .count = choice->count};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        for (size_t i = 0; self.code == GROVE_OK && i < choice->count; i++) {
            const struct fake_point *point =
                self.lost ? NULL : fake_find(fake, choice->content_ids[i]);
            ret[i] = (struct vector_copy){.state.content_id = choice->content_ids[i]};
            if (point && !copy_point(point, choice->whole, arena, &ret[i]))
                self.code = error_no_memory(error, "points");
        }
    }
    return fake_leave(&self, error);
}

static enum grove_code digest_range(const struct fake_engine *fake,
                                    const struct vector_range *range, struct vector_digest *ret,
                                    struct grove_error *error)
{
    struct strbuf bytes;
    uint64_t points = 0;
    strbuf_init(&bytes, BYTES_MAX);
    for (size_t i = 0; i < fake->count; i++) {
        if (!is_in(&fake->points[i], range))
            continue;
        struct vector_point point = point_of(&fake->points[i]);
        if (range->whole)
            fingerprint_add_whole(&bytes, &point);
        else
            fingerprint_add(&bytes, point.content_id, point.revision);
        points++;
    }
    bool room = fingerprint_end(&bytes, points, ret);
    strbuf_release(&bytes);
    return room ? GROVE_OK : error_no_memory(error, "a digest");
}

enum grove_code fake_digest(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, struct vector_digest *ret,
                            struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_DIGEST};
    struct fake_call self;
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        if (!self.lost && !fake->ways.no_digests)
            self.code = digest_range(fake, range, ret, error);
    }
    return fake_leave(&self, error);
}

// Above INT32_MAX by their numbers; negative ones stand for those that are texts, and come last.
static enum grove_code list_strangers(const struct fake_engine *fake, struct arena *arena,
                                      struct vector_strangers *ret, struct grove_error *error)
{
    *ret = (struct vector_strangers){.count = 0};
    ret->ids = arena_alloc_array(arena, fake->count + 1, sizeof *ret->ids);
    for (int negative = 0; ret->ids && negative < 2; negative++)
        for (size_t i = 0; i < fake->count; i++) {
            int64_t id = fake->points[i].id;
            if ((id < 0) != negative || (id >= 0 && id <= INT32_MAX))
                continue;
            const char *text =
                id < 0 ? arena_printf(arena, "\"00000000-0000-0000-0000-%012lld\"", (long long)-id)
                       : arena_printf(arena, "%lld", (long long)id);
            CHECK(text);
            ret->ids[ret->count++] = text_of(text);
        }
    return ret->ids ? GROVE_OK : error_no_memory(error, "points");
}

enum grove_code fake_strangers(struct vector_engine *engine, struct call *call, struct text from,
                               struct arena *arena, struct vector_strangers *ret,
                               struct grove_error *error)
{
    struct engine_event event = {.call = ENGINE_STRANGERS};
    struct fake_call self;
    CHECK(!from.data); // it has one page
    if (fake_enter(&self, engine, call, &event, error)) {
        struct fake_engine *fake = self.fake;
        if (!self.lost)
            self.code = list_strangers(fake, arena, ret, error);
    }
    return fake_leave(&self, error);
}

static int64_t id_of(struct text id)
{
    long long number = 0;
    char text[64];
    snprintf(text, sizeof text, "%.*s", TEXT_ARGS(id));
    if (text[0] == '"')
        CHECK(sscanf(text, "\"00000000-0000-0000-0000-%lld\"", &number) == 1);
    else
        CHECK(sscanf(text, "%lld", &number) == 1);
    return text[0] == '"' ? -number : number;
}

enum grove_code fake_erase(struct vector_engine *engine, struct call *call, const struct text *ids,
                           size_t count, struct grove_error *error)
{
    struct fake_engine *fake = fake_of(engine);
    struct engine_event event = {.call = ENGINE_ERASE};
    struct fake_fault met;
    const struct fake_fault *fault = fake_begin_call(fake, call, &event, &met) ? &met : NULL;
    for (size_t i = 0; !fake_does_nothing(fault) && !fake_is_lost(fault) && i < count; i++)
        fake_engine_take(fake, id_of(ids[i]));
    return fake_end_call(fake, call, &event, fault, GROVE_OK, error);
}
