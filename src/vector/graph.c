// SPDX-License-Identifier: Apache-2.0
#include "vector/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/strbuf.h"

enum { DIGEST_LETTERS = 32, SEGMENTS_BYTES_MAX = 16 << 20, PATH_SIZE = 256 };

bool graph_told(yyjson_val *result, char ret[static VECTOR_GRAPH_SIZE])
{
    struct text name = json_text(yyjson_obj_get(result, "graph"));
    bool told = name.length > 0 && name.length < VECTOR_GRAPH_SIZE;
    snprintf(ret, VECTOR_GRAPH_SIZE, "%.*s", told ? (int)name.length : 0, told ? name.data : "");
    return told;
}

static bool is_green(yyjson_val *collection)
{
    return text_equal(json_text(yyjson_obj_get(collection, "status")), text_of("green"));
}

// `kind` keeps names that were made in different ways apart.
static void name_by_digest(const char *kind, struct text contents,
                           char ret[static VECTOR_GRAPH_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(contents, hex);
    snprintf(ret, VECTOR_GRAPH_SIZE, "%s-%.*s", kind, DIGEST_LETTERS, hex);
}

static void name_by_counts(yyjson_val *collection, char ret[static VECTOR_GRAPH_SIZE])
{
    char counts[64];
    ret[0] = '\0';
    yyjson_val *segments = yyjson_obj_get(collection, "segments_count");
    yyjson_val *indexed = yyjson_obj_get(collection, "indexed_vectors_count");
    if (!yyjson_is_uint(segments) || !is_green(collection))
        return;
    snprintf(counts, sizeof counts, "%llu %llu", (unsigned long long)yyjson_get_uint(segments),
             (unsigned long long)yyjson_get_uint(indexed));
    name_by_digest("counts", text_of(counts), ret);
}

// --- segments ------------------------------------------------------------------------------------

struct uuids {
    struct text *items; // NULL: they are only counted
    size_t count;
    bool strange; // what was met is no segment
};

static void add_segments(struct uuids *uuids, yyjson_val *segments)
{
    size_t index, count;
    yyjson_val *segment;
    uuids->strange = uuids->strange || !yyjson_is_arr(segments);
    yyjson_arr_foreach (segments, index, count, segment) {
        struct text uuid = json_text(yyjson_obj_get(segment, "uuid"));
        uuids->strange = uuids->strange || uuid.length == 0;
        if (uuids->items)
            uuids->items[uuids->count] = uuid;
        uuids->count++;
    }
}

static void add_optimizations(struct uuids *uuids, yyjson_val *optimizations)
{
    size_t index, count;
    yyjson_val *optimization;
    uuids->strange = uuids->strange || !yyjson_is_arr(optimizations);
    yyjson_arr_foreach (optimizations, index, count, optimization)
        add_segments(uuids, yyjson_obj_get(optimization, "segments"));
}

static void add_all(struct uuids *uuids, yyjson_val *result)
{
    add_optimizations(uuids, yyjson_obj_get(result, "running"));
    add_optimizations(uuids, yyjson_obj_get(result, "queued"));
    add_segments(uuids, yyjson_obj_get(result, "idle_segments"));
}

static int compare_uuids(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    size_t length = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->data, y->data, length);
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

// A segment that is being optimized may be told among the idle ones, too: each counts once.
static enum grove_code name_by_uuids(struct uuids *uuids, char ret[static VECTOR_GRAPH_SIZE],
                                     struct grove_error *error)
{
    qsort(uuids->items, uuids->count, sizeof *uuids->items, compare_uuids);
    struct strbuf whole;
    strbuf_init(&whole, SEGMENTS_BYTES_MAX);
    for (size_t i = 0; i < uuids->count; i++)
        if (i == 0 || !text_equal(uuids->items[i - 1], uuids->items[i]))
            strbuf_addf(&whole, "%.*s\n", TEXT_ARGS(uuids->items[i]));
    bool failed = whole.failed;
    if (!failed)
        name_by_digest("segments", strbuf_text(&whole), ret);
    strbuf_release(&whole);
    return failed ? error_no_memory(error, "the names of segments") : GROVE_OK;
}

struct segments {
    bool told;     // else the answer had no such shape
    bool building; // some are being built, or are to be
    char graph[VECTOR_GRAPH_SIZE];
};

static enum grove_code read_segments(yyjson_val *result, struct segments *ret,
                                     struct grove_error *error)
{
    struct uuids uuids = {.count = 0};
    add_all(&uuids, result);
    if (uuids.strange || uuids.count == 0)
        return GROVE_OK;
    size_t count = uuids.count;
    uuids = (struct uuids){.items = mem_alloc_array(count, sizeof *uuids.items)};
    if (!uuids.items)
        return error_no_memory(error, "the names of segments");
    add_all(&uuids, result);
    CHECK(uuids.count == count);
    enum grove_code code = name_by_uuids(&uuids, ret->graph, error);
    mem_free(uuids.items);
    ret->told = code == GROVE_OK;
    ret->building = yyjson_arr_size(yyjson_obj_get(result, "running")) > 0 ||
                    yyjson_arr_size(yyjson_obj_get(result, "queued")) > 0;
    return code;
}

// --- requests ------------------------------------------------------------------------------------

static enum grove_code get(const struct graph_server *server, struct call *call, const char *suffix,
                           struct http_reply *ret, struct grove_error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/collections/%s%s", server->collection, suffix);
    struct http_request request = {.method = "GET", .path = path, .timeout_ms = server->timeout_ms};
    return http_send(server->client, call, &request, ret, error);
}

// Not told: the server has no such route, or means something else by it.
static enum grove_code ask_segments(const struct graph_server *server, struct call *call,
                                    struct segments *ret, struct grove_error *error)
{
    struct http_reply reply = {NULL};
    *ret = (struct segments){.told = false};
    if (!server->tells_segments)
        return GROVE_OK;
    enum grove_code code =
        get(server, call, "/optimizations?with=queued,idle_segments", &reply, error);
    if (code == GROVE_OK)
        code = read_segments(http_result(&reply), ret, error);
    else if (error->http_status == 400 || error->http_status == 404 || error->http_status == 405)
        code = GROVE_OK;
    http_reply_release(&reply);
    return code;
}

enum grove_code graph_read(const struct graph_server *server, struct call *call,
                           char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    struct segments segments;
    struct http_reply reply = {NULL};
    enum grove_code code = ask_segments(server, call, &segments, error);
    if (code == GROVE_OK && !segments.told)
        code = get(server, call, "", &reply, error);
    if (code == GROVE_OK && !segments.told)
        name_by_counts(http_result(&reply), segments.graph);
    http_reply_release(&reply);
    if (code == GROVE_OK)
        memcpy(ret, segments.graph, sizeof segments.graph);
    return code;
}

enum grove_code graph_read_built(const struct graph_server *server, struct call *call,
                                 char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    struct segments segments = {.told = false};
    struct http_reply reply = {NULL};
    char graph[VECTOR_GRAPH_SIZE] = "";
    enum grove_code code = get(server, call, "", &reply, error);
    yyjson_val *collection = http_result(&reply);
    if (code == GROVE_OK && is_green(collection) && !graph_told(collection, graph)) {
        code = ask_segments(server, call, &segments, error);
        if (code == GROVE_OK && !segments.told)
            name_by_counts(collection, graph);
        else if (code == GROVE_OK && !segments.building)
            memcpy(graph, segments.graph, sizeof graph);
    }
    http_reply_release(&reply);
    if (code == GROVE_OK)
        memcpy(ret, graph, sizeof graph);
    return code;
}
