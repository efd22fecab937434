// SPDX-License-Identifier: Apache-2.0
//
// A collection's mark, and its points page by page.
//
// The mark is the name of a payload index on a field that no point has:
//
//     grove_lineage_<identity>_<epoch>_<history>_<place>
//
// Every server from 1.10 on tells the indexes of a collection with the collection, keeps them in
// its snapshots, and changes one at a time. It is no point: nothing that is searched, counted or
// listed shows it. Points of their own would be counted by everybody, a second collection is left
// out of snapshots of the first, and metadata of collections are of 1.16 and not restored with one.
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "vector/point.h"
#include "vector/qdrant_private.h"

#define MARK_PREFIX "grove_lineage_"
enum { MARK_NAME_SIZE = 128, INDEX_PATH_SIZE = MARK_NAME_SIZE + 32 };

// --- marks ---------------------------------------------------------------------------------------

static void name_mark(const struct vector_mark *mark, char ret[static MARK_NAME_SIZE])
{
    int length = snprintf(ret, MARK_NAME_SIZE, MARK_PREFIX "%s_%lld_%s_%s", mark->identity,
                          (long long)mark->epoch, mark->history, mark->place);
    CHECK(length > 0 && length < MARK_NAME_SIZE);
}

static bool take_digits(struct text text, size_t wanted, char *ret)
{
    if (text.length != wanted)
        return false;
    for (size_t i = 0; i < wanted; i++)
        if (!strchr("0123456789abcdef", text.data[i]))
            return false;
    memcpy(ret, text.data, wanted);
    ret[wanted] = '\0';
    return true;
}

// False: the field is something else.
static bool read_mark(struct text name, struct vector_mark *ret)
{
    struct text identity, epoch, history, place = name;
    size_t prefix = strlen(MARK_PREFIX);
    if (name.length < prefix || memcmp(name.data, MARK_PREFIX, prefix) != 0)
        return false;
    place.data += prefix;
    place.length -= prefix;
    return text_split(&place, '_', &identity) && text_split(&place, '_', &epoch) &&
           text_split(&place, '_', &history) &&
           take_digits(identity, VECTOR_IDENTITY_SIZE - 1, ret->identity) &&
           take_digits(history, VECTOR_HISTORY_SIZE - 1, ret->history) &&
           take_digits(place, VECTOR_PLACE_SIZE - 1, ret->place) &&
           text_to_int64(epoch, &ret->epoch) && ret->epoch > 0;
}

enum grove_code qdrant_marks(struct vector_engine *engine, struct call *call,
                             struct vector_marks *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct http_reply reply = {NULL};
    enum grove_code code = qdrant_collection(qdrant, call, &reply, error);
    if (code != GROVE_OK)
        return code;
    struct vector_marks marks = {.count = 0};
    yyjson_val *schema = yyjson_obj_get(http_result(&reply), "payload_schema");
    if (!yyjson_is_obj(schema))
        code = qdrant_not_understood(qdrant, "payload schema of the collection", error);
    size_t index, count;
    yyjson_val *field, *value;
    yyjson_obj_foreach (schema, index, count, field, value) {
        if (marks.count < VECTOR_MARKS_MAX &&
            read_mark(json_text(field), &marks.items[marks.count]))
            marks.count++;
    }
    http_reply_release(&reply);
    if (code == GROVE_OK)
        *ret = marks;
    return code;
}

enum grove_code qdrant_mark(struct vector_engine *engine, struct call *call,
                            const struct vector_mark *mark, struct grove_error *error)
{
    char name[MARK_NAME_SIZE];
    name_mark(mark, name);
    return qdrant_create_index(qdrant_of(engine), call, name, QDRANT_NUMBER, error);
}

enum grove_code qdrant_unmark(struct vector_engine *engine, struct call *call,
                              const struct vector_mark *mark, struct grove_error *error)
{
    char name[MARK_NAME_SIZE], suffix[INDEX_PATH_SIZE];
    name_mark(mark, name);
    snprintf(suffix, sizeof suffix, "/index/%s?wait=true", name);
    return qdrant_command(qdrant_of(engine), call, "DELETE", suffix, NULL, error);
}

// --- pages ---------------------------------------------------------------------------------------

// Ids that are texts come after all numbers: there no content follows, nor behind INT32_MAX.
static int64_t read_next(yyjson_val *offset)
{
    bool follows = yyjson_is_uint(offset) && yyjson_get_uint(offset) <= INT32_MAX;
    return follows ? (int64_t)yyjson_get_uint(offset) : VECTOR_NONE;
}

static enum grove_code read_page(const struct qdrant *qdrant, yyjson_val *result, int64_t from_id,
                                 size_t limit, struct vector_page *ret, struct grove_error *error)
{
    yyjson_val *points = yyjson_obj_get(result, "points");
    yyjson_val *offset = yyjson_obj_get(result, "next_page_offset");
    if (!yyjson_is_arr(points) || yyjson_arr_size(points) > limit)
        return qdrant_not_understood(qdrant, "page of points", error);
    size_t index, count;
    yyjson_val *point;
    int64_t previous = from_id - 1;
    ret->count = 0;
    yyjson_arr_foreach (points, index, count, point) {
        struct vector_state state = {.present = true};
        if (!point_read(point, &state.content_id, &state.revision))
            continue;
        if (state.content_id <= previous)
            return qdrant_not_understood(qdrant, "points in the order of their ids", error);
        previous = state.content_id;
        ret->states[ret->count++] = state;
    }
    ret->next_id = read_next(offset);
    if (ret->next_id != VECTOR_NONE && ret->next_id <= previous)
        return qdrant_not_understood(qdrant, "next page of points", error);
    return GROVE_OK;
}

enum grove_code qdrant_scan(struct vector_engine *engine, struct call *call, int64_t from_id,
                            size_t limit, struct vector_page *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_addf(&body,
                "{\"offset\":%lld,\"limit\":%zu,\"with_payload\":[\"revision\"],"
                "\"with_vector\":false}",
                (long long)from_id, limit);
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST", .suffix = "/points/scroll", .body = &body};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code == GROVE_OK)
        code = read_page(qdrant, http_result(&reply), from_id, limit, ret, error);
    http_reply_release(&reply);
    return code;
}
