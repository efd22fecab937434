// SPDX-License-Identifier: Apache-2.0
//
// What comparing both stores needs of the engine: its points as they stand there, digests of ranges
// of them where the server makes any, and the points whose ids no content can have.
//
// A Qdrant server has no digests: its points are read page by page. The private one tells with the
// collection that it makes them, and then a range of equal points costs an answer of 100 bytes.
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "vector/filter.h"
#include "vector/point.h"
#include "vector/qdrant_private.h"

enum { DIGESTS_UNKNOWN, DIGESTS_NONE, DIGESTS_MADE };
enum { PAYLOAD_BYTES_MAX = 1 << 20, POINT_ID_BYTES_MAX = 40 };

// --- points as they stand there ------------------------------------------------------------------

static void add_selectors(struct strbuf *body, bool whole)
{
    strbuf_add(body, whole ? ",\"with_payload\":true,\"with_vector\":true"
                           : ",\"with_payload\":[\"revision\"],\"with_vector\":false");
}

// NULL where it is no vector of ours: another one then, whatever it is.
static enum grove_code read_vector(yyjson_val *value, struct arena *arena, const float **ret,
                                   struct grove_error *error)
{
    *ret = NULL;
    if (yyjson_arr_size(value) != VECTOR_DIMENSION)
        return GROVE_OK;
    float *numbers = arena_alloc_array(arena, VECTOR_DIMENSION, sizeof *numbers);
    if (!numbers)
        return error_no_memory(error, "a point's vector");
    size_t index, count;
    yyjson_val *number;
    yyjson_arr_foreach (value, index, count, number) {
        if (!yyjson_is_num(number))
            return GROVE_OK;
        numbers[index] = (float)yyjson_get_num(number);
    }
    *ret = numbers;
    return GROVE_OK;
}

static enum grove_code read_payload(yyjson_val *value, struct arena *arena, struct text *ret,
                                    struct grove_error *error)
{
    struct strbuf text;
    strbuf_init(&text, PAYLOAD_BYTES_MAX);
    point_payload_write(value, &text);
    const char *copy = text.failed ? NULL : arena_copy(arena, strbuf_text(&text));
    size_t length = text.length;
    strbuf_release(&text);
    if (!copy)
        return error_no_memory(error, "a point's payload");
    *ret = (struct text){copy, length};
    return GROVE_OK;
}

static enum grove_code read_copy(yyjson_val *point, bool whole, struct arena *arena,
                                 struct vector_copy *ret, struct grove_error *error)
{
    enum grove_code code = GROVE_OK;
    if (whole)
        code = read_payload(yyjson_obj_get(point, "payload"), arena, &ret->payload, error);
    if (code == GROVE_OK && whole)
        code = read_vector(yyjson_obj_get(point, "vector"), arena, &ret->vector, error);
    return code;
}

// Ids that are texts come after all numbers: there no content follows, nor behind INT32_MAX.
static int64_t read_next(yyjson_val *offset, int64_t last_id)
{
    bool follows = yyjson_is_uint(offset) && yyjson_get_uint(offset) <= (uint64_t)last_id;
    return follows ? (int64_t)yyjson_get_uint(offset) : VECTOR_NONE;
}

static enum grove_code read_page(const struct qdrant *qdrant, yyjson_val *result,
                                 const struct vector_range *range, size_t limit,
                                 struct arena *arena, struct vector_copies *ret,
                                 struct grove_error *error)
{
    yyjson_val *points = yyjson_obj_get(result, "points"), *point;
    if (!yyjson_is_arr(points) || yyjson_arr_size(points) > limit)
        return qdrant_not_understood(qdrant, "page of points", error);
    struct vector_copies copies = {
        .next_id = read_next(yyjson_obj_get(result, "next_page_offset"), range->last_id)};
    copies.items = arena_alloc_array(arena, yyjson_arr_size(points) + 1, sizeof *copies.items);
    if (!copies.items)
        return error_no_memory(error, "a page of points");
    size_t index, count;
    int64_t previous = range->first_id - 1;
    yyjson_arr_foreach (points, index, count, point) {
        struct vector_copy *copy = &copies.items[copies.count];
        *copy = (struct vector_copy){.state.present = true};
        if (!point_read(point, &copy->state.content_id, &copy->state.revision))
            continue;
        if (copy->state.content_id <= previous)
            return qdrant_not_understood(qdrant, "points in the order of their ids", error);
        previous = copy->state.content_id;
        if (previous > range->last_id)
            break;
        enum grove_code code = read_copy(point, range->whole, arena, copy, error);
        if (code != GROVE_OK)
            return code;
        copies.count++;
    }
    if (copies.next_id != VECTOR_NONE &&
        (copies.next_id <= previous || copies.next_id <= range->first_id))
        return qdrant_not_understood(qdrant, "next page of points", error);
    *ret = copies;
    return GROVE_OK;
}

enum grove_code qdrant_read(struct vector_engine *engine, struct call *call,
                            const struct vector_range *range, size_t limit, struct arena *arena,
                            struct vector_copies *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_addf(&body, "{\"offset\":%lld,\"limit\":%zu", (long long)range->first_id, limit);
    add_selectors(&body, range->whole);
    filter_add(&body, range->filter);
    strbuf_add_char(&body, '}');
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST", .suffix = "/points/scroll", .body = &body};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code == GROVE_OK)
        code = read_page(qdrant, http_result(&reply), range, limit, arena, ret, error);
    http_reply_release(&reply);
    return code;
}

// --- some of them --------------------------------------------------------------------------------

// A place for each id, in the order asked for; the engine answers in any.
static enum grove_code place_copies(const struct qdrant *qdrant, yyjson_val *result, bool whole,
                                    struct arena *arena, const int32_t *content_ids, size_t wanted,
                                    struct vector_copy *ret, struct grove_error *error)
{
    size_t index, count;
    yyjson_val *point;
    if (!yyjson_is_arr(result))
        return qdrant_not_understood(qdrant, "result", error);
    for (size_t i = 0; i < wanted; i++)
        ret[i] = (struct vector_copy){.state.content_id = content_ids[i]};
    yyjson_arr_foreach (result, index, count, point) {
        struct vector_copy copy = {.state.present = true};
        size_t i = 0;
        if (!point_read(point, &copy.state.content_id, &copy.state.revision))
            return qdrant_not_understood(qdrant, "points that were asked for", error);
        while (i < wanted && content_ids[i] != copy.state.content_id)
            i++;
        if (i == wanted || ret[i].state.present)
            return qdrant_not_understood(qdrant, "points that were asked for, each once,", error);
        enum grove_code code = read_copy(point, whole, arena, &copy, error);
        if (code != GROVE_OK)
            return code;
        ret[i] = copy;
    }
    return GROVE_OK;
}

enum grove_code qdrant_read_ids(struct vector_engine *engine, struct call *call,
                                const struct vector_choice *choice, struct arena *arena,
                                struct vector_copy *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct strbuf body;
    size_t named = 0;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_add(&body, "{\"ids\":[");
    for (size_t i = 0; i < choice->count; i++)
        if (choice->content_ids[i] >= 0) // it has no negative ids, and refuses to be asked for one
            strbuf_addf(&body, "%s%d", named++ > 0 ? "," : "", choice->content_ids[i]);
    strbuf_add_char(&body, ']');
    add_selectors(&body, choice->whole);
    strbuf_add_char(&body, '}');
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST", .suffix = "/points", .body = &body};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code == GROVE_OK)
        code = place_copies(qdrant, http_result(&reply), choice->whole, arena, choice->content_ids,
                            choice->count, ret, error);
    http_reply_release(&reply);
    return code;
}

// --- digests -------------------------------------------------------------------------------------

static enum grove_code ask_digests(struct qdrant *qdrant, struct call *call,
                                   struct grove_error *error)
{
    if (atomic_load(&qdrant->digests) != DIGESTS_UNKNOWN)
        return GROVE_OK;
    struct http_reply reply = {NULL};
    enum grove_code code = qdrant_collection(qdrant, call, &reply, error);
    if (code != GROVE_OK)
        return code;
    bool makes = yyjson_get_bool(yyjson_obj_get(http_result(&reply), "digests"));
    atomic_store(&qdrant->digests, makes ? DIGESTS_MADE : DIGESTS_NONE);
    http_reply_release(&reply);
    return GROVE_OK;
}

static enum grove_code read_digest(const struct qdrant *qdrant, yyjson_val *result,
                                   struct vector_digest *ret, struct grove_error *error)
{
    struct text hex = json_text(yyjson_obj_get(result, "digest"));
    yyjson_val *points = yyjson_obj_get(result, "points");
    if (!yyjson_is_uint(points) || hex.length != sizeof ret->hex - 1)
        return qdrant_not_understood(qdrant, "digest", error);
    ret->known = true;
    ret->points = yyjson_get_uint(points);
    memcpy(ret->hex, hex.data, hex.length);
    ret->hex[hex.length] = '\0';
    return GROVE_OK;
}

enum grove_code qdrant_digest(struct vector_engine *engine, struct call *call,
                              const struct vector_range *range, struct vector_digest *ret,
                              struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    enum grove_code code = ask_digests(qdrant, call, error);
    *ret = (struct vector_digest){.known = false};
    if (code != GROVE_OK || atomic_load(&qdrant->digests) != DIGESTS_MADE)
        return code;
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_addf(&body, "{\"first\":%lld,\"last\":%lld,\"whole\":%s", (long long)range->first_id,
                (long long)range->last_id, range->whole ? "true" : "false");
    filter_add(&body, range->filter);
    strbuf_add_char(&body, '}');
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST", .suffix = "/points/digest", .body = &body};
    code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code == GROVE_OK)
        code = read_digest(qdrant, http_result(&reply), ret, error);
    http_reply_release(&reply);
    return code;
}

// --- ids of no content ---------------------------------------------------------------------------

// As JSON: a number, or a text in quotes.
static enum grove_code read_id(const struct qdrant *qdrant, yyjson_val *id, struct arena *arena,
                               struct text *ret, struct grove_error *error)
{
    const char *text = NULL;
    if (yyjson_is_uint(id))
        text = arena_printf(arena, "%llu", (unsigned long long)yyjson_get_uint(id));
    else if (yyjson_is_str(id) && yyjson_get_len(id) < POINT_ID_BYTES_MAX &&
             strspn(yyjson_get_str(id), "0123456789abcdefABCDEF-") == yyjson_get_len(id))
        text = arena_printf(arena, "\"%s\"", yyjson_get_str(id));
    else
        return qdrant_not_understood(qdrant, "id of a point", error);
    if (!text)
        return error_no_memory(error, "the id of a point");
    *ret = text_of(text);
    return GROVE_OK;
}

static enum grove_code read_strangers(const struct qdrant *qdrant, yyjson_val *result,
                                      struct arena *arena, struct vector_strangers *ret,
                                      struct grove_error *error)
{
    yyjson_val *points = yyjson_obj_get(result, "points"), *point;
    yyjson_val *offset = yyjson_obj_get(result, "next_page_offset");
    if (!yyjson_is_arr(points))
        return qdrant_not_understood(qdrant, "page of points", error);
    *ret = (struct vector_strangers){.next = {NULL, 0}};
    ret->ids = arena_alloc_array(arena, yyjson_arr_size(points) + 1, sizeof *ret->ids);
    if (!ret->ids)
        return error_no_memory(error, "a page of points");
    enum grove_code code = GROVE_OK;
    size_t index, count;
    yyjson_arr_foreach (points, index, count, point)
        if (code == GROVE_OK)
            code =
                read_id(qdrant, yyjson_obj_get(point, "id"), arena, &ret->ids[ret->count++], error);
    if (code == GROVE_OK && offset && !yyjson_is_null(offset))
        code = read_id(qdrant, offset, arena, &ret->next, error);
    return code;
}

enum grove_code qdrant_strangers(struct vector_engine *engine, struct call *call, struct text from,
                                 struct arena *arena, struct vector_strangers *ret,
                                 struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    if (from.data)
        strbuf_addf(&body, "{\"offset\":%.*s", TEXT_ARGS(from));
    else
        strbuf_addf(&body, "{\"offset\":%lld", (long long)INT32_MAX + 1);
    strbuf_addf(&body, ",\"limit\":%d,\"with_payload\":false,\"with_vector\":false}",
                VECTOR_PAGE_MAX);
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST", .suffix = "/points/scroll", .body = &body};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code == GROVE_OK)
        code = read_strangers(qdrant, http_result(&reply), arena, ret, error);
    http_reply_release(&reply);
    return code;
}

enum grove_code qdrant_erase(struct vector_engine *engine, struct call *call,
                             const struct text *ids, size_t count, struct grove_error *error)
{
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_add(&body, "{\"points\":[");
    for (size_t i = 0; i < count; i++)
        strbuf_addf(&body, "%s%.*s", i > 0 ? "," : "", TEXT_ARGS(ids[i]));
    strbuf_add(&body, "]}");
    enum grove_code code =
        qdrant_command(qdrant_of(engine), call, "POST", "/points/delete?wait=true", &body, error);
    strbuf_release(&body);
    return code;
}
