// SPDX-License-Identifier: Apache-2.0
//
// The vector engine's functions as requests of Qdrant's REST API
// (https://api.qdrant.tech/api-reference).
//
// Writes that must lose to newer ones: from 1.16 on the server compares by itself. For each point
// of an upsert its `update_filter` has one branch "this id, and a revision of at most mine", which
// an existing point must satisfy to be replaced. Older servers get only those points of which they
// hold no newer revision; between looking and writing another writer may come, which is the gap
// that the outbox closes (a row is acknowledged only under the revision that was applied).
//
// Of an answer to a write nothing is believed but that the server took it: its status may be
// "completed" and the point have lost, or "acknowledged", "wait_timeout", "clock_rejected" and the
// point be there. The projector looks (vector_states). Of an answer to a question everything must
// be there: a server, or a proxy, that leaves out what was asked for has not said "none".
#include "vector/qdrant.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/inject.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "vector/direction.h"
#include "vector/filter.h"
#include "vector/graph.h"
#include "vector/hits.h"
#include "vector/http.h"
#include "vector/point.h"
#include "vector/qdrant_private.h"
#include "vector/states.h"

enum {
    // Of a search's answer: a hit with its revision, and what is around them.
    HIT_BYTES_MAX = 256,
    ANSWER_BYTES_MAX = 64 << 10,
    PATH_SIZE = QDRANT_COLLECTION_NAME_MAX + 64,
    CONDITIONAL_SINCE = 1016, // 1.16
    OLDEST_VERSION = 1010,    // 1.10
    SEGMENTS_SINCE = 1018,    // 1.18 tells which there are
    READ_TIMEOUT_MS = 3000,
    EXACT_TIMEOUT_MS = 10000,
    HNSW_M = 16,
    HNSW_EF_CONSTRUCT = 200,
};

static const double SCORE_MAX = 1.001; // cosines that were computed in float32

struct payload_index {
    const char *field;
    const char *schema; // as JSON
};

#define KEYWORD "\"keyword\""
#define INTEGER "\"integer\""
#define DATETIME "\"datetime\""
// What filters use, and what grove's own requests look up.
static const struct payload_index payload_indexes[] = {
    {"hierarchy_table", KEYWORD}, {"content_type", KEYWORD},  {"leaf_id", INTEGER},
    {"branch_id", QDRANT_NUMBER}, {"limb_id", QDRANT_NUMBER}, {"chunk_number", INTEGER},
    {"word_count", INTEGER},      {"content_id", INTEGER},    {"created_at", DATETIME},
    {"revision", INTEGER},
};

enum grove_code qdrant_send(struct qdrant *qdrant, struct call *call, const struct request *request,
                            struct http_reply *ret, struct grove_error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/collections/%s%s", qdrant->collection, request->suffix);
    struct http_request sent = {.method = request->method,
                                .path = path,
                                .timeout_ms = request->timeout_ms,
                                .takes_long = request->takes_long,
                                .reply_bytes_max = request->reply_bytes_max};
    if (request->body && request->body->failed)
        return error_no_memory(error, "a request to the vector engine");
    if (request->body)
        sent.body = strbuf_text(request->body);
    enum grove_code code = http_send(qdrant->client, call, &sent, ret, error);
    // A server that another grove has started in its place may read no packed vectors.
    if (code == GROVE_INVALID)
        atomic_store(&qdrant->packs, false);
    return code;
}

// For requests whose answer says nothing but that they worked.
enum grove_code qdrant_command(struct qdrant *qdrant, struct call *call, const char *method,
                               const char *suffix, struct strbuf *body, struct grove_error *error)
{
    struct http_reply reply = {NULL};
    struct request request = {.method = method, .suffix = suffix, .body = body};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    http_reply_release(&reply);
    return code;
}

enum grove_code qdrant_not_understood(const struct qdrant *qdrant, const char *what,
                                      struct grove_error *error)
{
    error_set(error, GROVE_ENGINE, "the vector engine at %s gave no %s in its answer",
              http_describe(qdrant->client), what);
    error->origin = GROVE_ORIGIN_QDRANT;
    return GROVE_ENGINE;
}

// The "result" of a reply; of another kind than `is_kind` says it is no answer.
enum grove_code qdrant_result(const struct qdrant *qdrant, const struct http_reply *reply,
                              bool (*is_kind)(yyjson_val *value), yyjson_val **ret,
                              struct grove_error *error)
{
    yyjson_val *result = http_result(reply);
    if (!is_kind(result))
        return qdrant_not_understood(qdrant, "result", error);
    *ret = result;
    return GROVE_OK;
}

// --- the server ----------------------------------------------------------------------------------

static enum grove_code get_root(struct qdrant *qdrant, struct call *call, struct http_reply *ret,
                                struct grove_error *error)
{
    struct http_request request = {
        .method = "GET", .path = "/", .timeout_ms = qdrant->read_timeout_ms};
    return http_send(qdrant->client, call, &request, ret, error);
}

static int parse_version(struct text text)
{
    struct text major, minor;
    int64_t numbers[2];
    if (!text_split(&text, '.', &major) || !text_split(&text, '.', &minor) ||
        !text_to_int64(major, &numbers[0]) || !text_to_int64(minor, &numbers[1]) ||
        numbers[0] < 0 || numbers[0] > 999 || numbers[1] < 0 || numbers[1] > 999)
        return 0;
    return (int)(numbers[0] * 1000 + numbers[1]);
}

static enum grove_code qdrant_ask_version(struct qdrant *qdrant, struct call *call,
                                          struct grove_error *error)
{
    if (atomic_load_explicit(&qdrant->version, memory_order_acquire) != 0)
        return GROVE_OK;
    struct http_reply reply = {NULL};
    enum grove_code code = get_root(qdrant, call, &reply, error);
    if (code != GROVE_OK)
        return code;
    struct text text = json_text(yyjson_obj_get(yyjson_doc_get_root(reply.document), "version"));
    int version = parse_version(text);
    if (version == 0) {
        code = qdrant_not_understood(qdrant, "version", error);
    } else if (version < OLDEST_VERSION) {
        code = error_set(error, GROVE_UNSUPPORTED,
                         "the server at %s is Qdrant %.*s, grove needs 1.10 or newer",
                         http_describe(qdrant->client), TEXT_ARGS(text));
        error->origin = GROVE_ORIGIN_QDRANT;
    } else {
        atomic_store_explicit(&qdrant->version, version, memory_order_release);
    }
    http_reply_release(&reply);
    return code;
}

// --- the collection ------------------------------------------------------------------------------

enum grove_code qdrant_collection(struct qdrant *qdrant, struct call *call, struct http_reply *ret,
                                  struct grove_error *error)
{
    struct request request = {.method = "GET", .suffix = "", .timeout_ms = qdrant->read_timeout_ms};
    enum grove_code code = qdrant_send(qdrant, call, &request, ret, error);
    if (code == GROVE_OK)
        atomic_store(&qdrant->packs, yyjson_get_bool(yyjson_obj_get(http_result(ret), "packs")));
    return code;
}

static enum grove_code check_collection(const struct qdrant *qdrant, yyjson_val *result,
                                        struct grove_error *error)
{
    yyjson_val *vectors =
        yyjson_obj_get(yyjson_obj_get(yyjson_obj_get(result, "config"), "params"), "vectors");
    if (!yyjson_is_obj(vectors))
        return qdrant_not_understood(qdrant, "vectors of the collection", error);
    if (!yyjson_is_obj(yyjson_obj_get(result, "payload_schema")))
        return qdrant_not_understood(qdrant, "payload schema of the collection", error);
    yyjson_val *size = yyjson_obj_get(vectors, "size");
    const char *distance = yyjson_get_str(yyjson_obj_get(vectors, "distance"));
    if (yyjson_is_uint(size) && yyjson_get_uint(size) == VECTOR_DIMENSION && distance &&
        strcmp(distance, "Cosine") == 0)
        return GROVE_OK;
    error_set(error, GROVE_CONFLICT,
              "the collection \"%s\" has vectors of size %llu and distance %s, grove needs %d and "
              "Cosine",
              qdrant->collection, (unsigned long long)yyjson_get_uint(size),
              distance ? distance : "unknown", VECTOR_DIMENSION);
    error->origin = GROVE_ORIGIN_QDRANT;
    error_hint(error, "name another collection in GROVE_COLLECTION; grove never changes one that "
                      "is not its own");
    return GROVE_CONFLICT;
}

static enum grove_code create_collection(struct qdrant *qdrant, struct call *call,
                                         struct grove_error *error)
{
    struct strbuf body;
    strbuf_init(&body, 4096);
    strbuf_addf(&body,
                "{\"vectors\":{\"size\":%d,\"distance\":\"Cosine\"},"
                "\"hnsw_config\":{\"m\":%d,\"ef_construct\":%d}}",
                VECTOR_DIMENSION, HNSW_M, HNSW_EF_CONSTRUCT);
    enum grove_code code = qdrant_command(qdrant, call, "PUT", "", &body, error);
    strbuf_release(&body);
    // Somebody else just made it.
    return code != GROVE_OK && error->http_status == 409 ? GROVE_OK : code;
}

enum grove_code qdrant_create_index(struct qdrant *qdrant, struct call *call, const char *field,
                                    const char *schema, struct grove_error *error)
{
    struct strbuf body;
    strbuf_init(&body, 4096);
    strbuf_addf(&body, "{\"field_name\":\"%s\",\"field_schema\":%s}", field, schema);
    enum grove_code code = qdrant_command(qdrant, call, "PUT", "/index?wait=true", &body, error);
    strbuf_release(&body);
    if (code != GROVE_OK)
        error_context(error, "making the payload index on \"%s\"", field);
    return code;
}

static enum grove_code ensure_collection(struct vector_engine *engine, struct call *call,
                                         struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct http_reply reply = {NULL};
    enum grove_code code = qdrant_ask_version(qdrant, call, error);
    if (code == GROVE_OK)
        code = qdrant_collection(qdrant, call, &reply, error);
    if (code != GROVE_OK && vector_lacks_collection(error)) {
        code = create_collection(qdrant, call, error);
        if (code == GROVE_OK)
            code = qdrant_collection(qdrant, call, &reply, error);
    }
    if (code != GROVE_OK)
        return code;
    yyjson_val *result = NULL;
    code = qdrant_result(qdrant, &reply, yyjson_is_obj, &result, error);
    if (code == GROVE_OK)
        code = check_collection(qdrant, result, error);
    yyjson_val *schema = yyjson_obj_get(result, "payload_schema");
    for (size_t i = 0; code == GROVE_OK && i < ARRAY_COUNT(payload_indexes); i++)
        if (!yyjson_obj_get(schema, payload_indexes[i].field))
            code = qdrant_create_index(qdrant, call, payload_indexes[i].field,
                                       payload_indexes[i].schema, error);
    http_reply_release(&reply);
    return code;
}

static enum grove_code read_info(const struct qdrant *qdrant, const struct http_reply *server,
                                 const struct http_reply *reply, struct vector_info *ret,
                                 struct grove_error *error)
{
    yyjson_val *result = NULL;
    enum grove_code code = qdrant_result(qdrant, reply, yyjson_is_obj, &result, error);
    if (code != GROVE_OK)
        return code;
    yyjson_val *points = yyjson_obj_get(result, "points_count");
    const char *status = yyjson_get_str(yyjson_obj_get(result, "status"));
    const char *version =
        yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(server->document), "version"));
    if (!yyjson_is_uint(points))
        return qdrant_not_understood(qdrant, "points_count", error);
    if (!status)
        return qdrant_not_understood(qdrant, "status of the collection", error);
    *ret = (struct vector_info){
        .points_count = yyjson_get_uint(points),
        .indexed_vectors_count = yyjson_get_uint(yyjson_obj_get(result, "indexed_vectors_count")),
        .conditional_writes = atomic_load(&qdrant->version) >= CONDITIONAL_SINCE,
    };
    snprintf(ret->status, sizeof ret->status, "%s", status);
    snprintf(ret->version, sizeof ret->version, "%s", version ? version : "");
    return GROVE_OK;
}

static enum grove_code info(struct vector_engine *engine, struct call *call,
                            struct vector_info *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct http_reply server = {NULL}, reply = {NULL};
    enum grove_code code = qdrant_ask_version(qdrant, call, error);
    if (code == GROVE_OK)
        code = get_root(qdrant, call, &server, error);
    if (code == GROVE_OK)
        code = qdrant_collection(qdrant, call, &reply, error);
    if (code == GROVE_OK)
        code = read_info(qdrant, &server, &reply, ret, error);
    http_reply_release(&reply);
    http_reply_release(&server);
    return code;
}

// --- its graphs ----------------------------------------------------------------------------------

static enum grove_code ask_graphs(struct qdrant *qdrant, struct call *call,
                                  struct graph_server *ret, struct grove_error *error)
{
    enum grove_code code = qdrant_ask_version(qdrant, call, error);
    *ret = (struct graph_server){
        .client = qdrant->client,
        .collection = qdrant->collection,
        .timeout_ms = qdrant->read_timeout_ms,
        .tells_segments = atomic_load(&qdrant->version) >= SEGMENTS_SINCE,
    };
    return code;
}

static enum grove_code name_graph(struct vector_engine *engine, struct call *call,
                                  char ret[static VECTOR_GRAPH_SIZE], struct grove_error *error)
{
    struct graph_server server;
    enum grove_code code = ask_graphs(qdrant_of(engine), call, &server, error);
    return code == GROVE_OK ? graph_read_built(&server, call, ret, error) : code;
}

// --- writing -------------------------------------------------------------------------------------

// "Point `id`, with a revision of at most `revision`."
static void add_not_newer(struct strbuf *body, int32_t id, int64_t revision)
{
    strbuf_addf(body,
                "{\"must\":[{\"has_id\":[%d]},"
                "{\"key\":\"revision\",\"range\":{\"lte\":%lld}}]}",
                id, (long long)revision);
}

// The engine refuses a request that names a negative id, and the other points with it. So none is
// named: there is no such point.
static bool can_be_point(int32_t content_id)
{
    return content_id >= 0;
}

static enum grove_code check_point(const struct vector_point *point, struct grove_error *error)
{
    size_t position = 0;
    if (!can_be_point(point->content_id))
        return error_set(error, GROVE_INVALID,
                         "content %d cannot be a point: the vector engine has no negative ids",
                         point->content_id);
    enum direction_verdict verdict = direction_check(point->vector, &position);
    if (verdict == DIRECTION_NOT_FINITE)
        return error_set(error, GROVE_INVALID,
                         "the vector of content %d has no finite number at position %zu",
                         point->content_id, position);
    if (verdict == DIRECTION_ALL_ZERO)
        return error_set(error, GROVE_INVALID, "the vector of content %d is all zero",
                         point->content_id);
    return GROVE_OK;
}

// Of an older server: whether what it holds of each point may be replaced.
static enum grove_code find_stale(struct qdrant *qdrant, struct call *call,
                                  const struct vector_point *points, size_t count, bool *ret_write,
                                  struct grove_error *error)
{
    int32_t ids[VECTOR_BATCH_MAX] = {0};
    struct vector_state states[VECTOR_BATCH_MAX];
    for (size_t i = 0; i < count; i++)
        ids[i] = points[i].content_id;
    enum grove_code code = vector_states(&qdrant->engine, call, ids, count, states, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++)
        ret_write[i] = !states[i].present || states[i].revision <= points[i].revision;
    return code;
}

static size_t add_points(struct strbuf *body, const struct vector_point *points, size_t count,
                         const bool *write, bool packed)
{
    size_t written = 0;
    strbuf_add(body, "{\"points\":[");
    for (size_t i = 0; i < count; i++) {
        if (!write[i])
            continue;
        if (written++ > 0)
            strbuf_add_char(body, ',');
        point_add(body, &points[i], packed);
    }
    strbuf_add_char(body, ']');
    return written;
}

static enum grove_code upsert(struct vector_engine *engine, struct call *call,
                              const struct vector_point *points, size_t count,
                              struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    bool write[VECTOR_BATCH_MAX];
    enum grove_code code = qdrant_ask_version(qdrant, call, error);
    for (size_t i = 0; code == GROVE_OK && i < count; i++) {
        code = check_point(&points[i], error);
        write[i] = true;
    }
    bool conditional = atomic_load(&qdrant->version) >= CONDITIONAL_SINCE;
    if (code == GROVE_OK && !conditional)
        code = find_stale(qdrant, call, points, count, write, error);
    if (code != GROVE_OK)
        return code;
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    size_t written = add_points(&body, points, count, write, atomic_load(&qdrant->packs));
    if (conditional) {
        strbuf_add(&body, ",\"update_filter\":{\"should\":[");
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                strbuf_add_char(&body, ',');
            add_not_newer(&body, points[i].content_id, points[i].revision);
        }
        strbuf_add(&body, "]}");
    }
    strbuf_add_char(&body, '}');
    if (written > 0)
        code = qdrant_command(qdrant, call, "PUT", "/points?wait=true", &body, error);
    strbuf_release(&body);
    return code;
}

// Ends and sends a filter of which each part is for one point; releases it.
static enum grove_code delete_points(struct qdrant *qdrant, struct call *call, struct strbuf *body,
                                     struct grove_error *error)
{
    strbuf_add(body, "]}}");
    enum grove_code code =
        qdrant_command(qdrant, call, "POST", "/points/delete?wait=true", body, error);
    strbuf_release(body);
    return code;
}

static enum grove_code remove_points(struct vector_engine *engine, struct call *call,
                                     const int32_t *content_ids, const int64_t *revisions,
                                     size_t count, struct grove_error *error)
{
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_add(&body, "{\"filter\":{\"should\":[");
    size_t named = 0;
    for (size_t i = 0; i < count; i++) {
        if (!can_be_point(content_ids[i]))
            continue;
        if (named++ > 0)
            strbuf_add_char(&body, ',');
        add_not_newer(&body, content_ids[i], revisions[i]);
    }
    if (named > 0)
        return delete_points(qdrant_of(engine), call, &body, error);
    strbuf_release(&body);
    return GROVE_OK;
}

// "Point `id`, without a revision of ours": no number of 1 or more under that name, a list of such,
// or a number beyond all revisions.
static void add_no_revision(struct strbuf *body, int32_t id)
{
    strbuf_addf(body,
                "{\"must\":[{\"has_id\":[%d]}],\"should\":["
                "{\"must_not\":[{\"key\":\"revision\",\"range\":{\"gte\":1}}]},"
                "{\"key\":\"revision[]\",\"range\":{\"gte\":1}},"
                "{\"key\":\"revision\",\"range\":{\"gte\":%lld}}]}",
                id, (long long)INT64_MAX);
}

// A range, not a match: it holds for 7.0 as for 7.
static void add_revision(struct strbuf *body, int32_t id, int64_t revision)
{
    strbuf_addf(body,
                "{\"must\":[{\"has_id\":[%d]},"
                "{\"key\":\"revision\",\"range\":{\"gte\":%lld,\"lte\":%lld}}]}",
                id, (long long)revision, (long long)revision);
}

static enum grove_code evict(struct vector_engine *engine, struct call *call,
                             const struct vector_state *seen, size_t count,
                             struct grove_error *error)
{
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_add(&body, "{\"filter\":{\"should\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_char(&body, ',');
        if (seen[i].revision == VECTOR_NO_REVISION)
            add_no_revision(&body, seen[i].content_id);
        else
            add_revision(&body, seen[i].content_id, seen[i].revision);
    }
    return delete_points(qdrant_of(engine), call, &body, error);
}

// --- reading -------------------------------------------------------------------------------------

// The usual search, or the exact one of the points to be compared besides.
static void add_query(struct strbuf *body, const struct vector_query *query, bool besides,
                      bool packed)
{
    strbuf_add(body, packed ? "{\"query\":{\"nearest\":" : "{\"query\":");
    point_add_vector(body, query->vector, packed);
    strbuf_add(body, packed ? "}" : "");
    if (besides)
        filter_add_of_ids(body, query->filter, query->also_ids, query->also_count);
    else
        filter_add(body, query->filter);
    strbuf_addf(body, ",\"limit\":%zu", query->limit);
    if (query->exact || besides)
        strbuf_add(body, ",\"params\":{\"exact\":true}");
    else if (query->hnsw_ef > 0)
        strbuf_addf(body, ",\"params\":{\"hnsw_ef\":%u}", query->hnsw_ef);
    strbuf_add(body, ",\"with_payload\":[\"revision\"],\"with_vector\":false}");
}

static void add_both_queries(struct strbuf *body, const struct vector_query *query, bool packed)
{
    strbuf_add(body, "{\"searches\":[");
    add_query(body, query, false, packed);
    strbuf_add_char(body, ',');
    add_query(body, query, true, packed);
    strbuf_add(body, "]}");
}

static enum grove_code read_hits(const struct qdrant *qdrant, yyjson_val *points,
                                 struct arena *arena, struct vector_hits *ret,
                                 struct grove_error *error)
{
    if (!yyjson_is_arr(points))
        return qdrant_not_understood(qdrant, "points", error);
    struct vector_hits hits = {.count = 0};
    hits.items = arena_alloc_array(arena, yyjson_arr_size(points) + 1, sizeof *hits.items);
    if (!hits.items)
        return error_no_memory(error, "hits");
    size_t index, count;
    yyjson_val *point;
    double previous = SCORE_MAX;
    yyjson_arr_foreach (points, index, count, point) {
        struct vector_hit *hit = &hits.items[hits.count];
        yyjson_val *score = yyjson_obj_get(point, "score");
        if (!yyjson_obj_get(point, "id") || !yyjson_is_num(score))
            return qdrant_not_understood(qdrant, "id or score of a point", error);
        // What was not shown is judged by the last score: so it must be a cosine, and the lowest.
        if (yyjson_get_num(score) > previous || yyjson_get_num(score) < -SCORE_MAX)
            return qdrant_not_understood(qdrant, "cosines, best first,", error);
        previous = yyjson_get_num(score);
        if (!point_read(point, &hit->content_id, &hit->revision))
            continue;
        hit->score = (float)yyjson_get_num(score);
        hits.count++;
    }
    hits.shown = hits.found = yyjson_arr_size(points);
    *ret = hits;
    return GROVE_OK;
}

static enum grove_code read_both_hits(const struct qdrant *qdrant, yyjson_val *results,
                                      const struct vector_query *query, struct arena *arena,
                                      struct vector_hits *ret, struct grove_error *error)
{
    struct vector_hits also;
    if (yyjson_arr_size(results) != 2)
        return qdrant_not_understood(qdrant, "two results", error);
    yyjson_val *first = yyjson_arr_get_first(results), *second = yyjson_arr_get_last(results);
    enum grove_code code = read_hits(qdrant, yyjson_obj_get(first, "points"), arena, ret, error);
    if (code == GROVE_OK)
        code = read_hits(qdrant, yyjson_obj_get(second, "points"), arena, &also, error);
    return code == GROVE_OK ? hits_merge(ret, &also, query->limit, arena, ret, error) : code;
}

// After the answer, so that these graphs are those that answered, or newer ones.
static void name_hits(struct qdrant *qdrant, struct call *call, yyjson_val *answer,
                      struct vector_hits *hits)
{
    struct graph_server server;
    struct grove_error ignored;
    if (graph_told(answer, hits->graph))
        return;
    enum grove_code code = ask_graphs(qdrant, call, &server, &ignored);
    if (code == GROVE_OK)
        code = graph_read(&server, call, hits->graph, &ignored);
    if (code != GROVE_OK)
        hits->graph[0] = '\0';
}

static enum grove_code search(struct vector_engine *engine, struct call *call,
                              const struct vector_query *query, struct arena *arena,
                              struct vector_hits *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    if (filter_matches_nothing(query->filter) || query->limit == 0) {
        *ret = (struct vector_hits){.count = 0};
        return GROVE_OK;
    }
    if (direction_check(query->vector, NULL) != DIRECTION_GOOD)
        return error_set(error, GROVE_INVALID, "the vector to search for has no direction");
    bool both = query->also_count > 0 && !query->exact;
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    bool packed = atomic_load(&qdrant->packs);
    if (both)
        add_both_queries(&body, query, packed);
    else
        add_query(&body, query, false, packed);
    struct http_reply reply = {NULL};
    bool takes_long = query->exact && query->many;
    struct request request = {
        .method = "POST",
        .suffix = both ? "/points/query/batch" : "/points/query",
        .body = &body,
        .timeout_ms = takes_long ? qdrant->exact_timeout_ms : qdrant->read_timeout_ms,
        .takes_long = takes_long,
        .reply_bytes_max = (query->limit + query->also_count) * HIT_BYTES_MAX + ANSWER_BYTES_MAX,
    };
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code != GROVE_OK)
        return code;
    yyjson_val *result = http_result(&reply),
               *answer = both ? yyjson_arr_get_first(result) : result;
    struct vector_hits hits;
    code = both ? read_both_hits(qdrant, result, query, arena, &hits, error)
                : read_hits(qdrant, yyjson_obj_get(result, "points"), arena, &hits, error);
    if (code == GROVE_OK && query->name_graph && !query->exact)
        name_hits(qdrant, call, answer, &hits);
    if (code == GROVE_OK)
        *ret = hits;
    http_reply_release(&reply);
    return code;
}

static enum grove_code count_points(struct vector_engine *engine, struct call *call,
                                    const struct vector_filter *filter, uint64_t *ret,
                                    struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    if (filter_matches_nothing(filter)) {
        *ret = 0;
        return GROVE_OK;
    }
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    strbuf_add(&body, "{\"exact\":true");
    filter_add(&body, filter);
    strbuf_add_char(&body, '}');
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST",
                              .suffix = "/points/count",
                              .body = &body,
                              .timeout_ms = qdrant->read_timeout_ms};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code != GROVE_OK)
        return code;
    yyjson_val *count = yyjson_obj_get(http_result(&reply), "count");
    if (yyjson_is_uint(count))
        *ret = yyjson_get_uint(count);
    else
        code = qdrant_not_understood(qdrant, "count", error);
    http_reply_release(&reply);
    return code;
}

static enum grove_code fill_states(const struct qdrant *qdrant, const struct http_reply *reply,
                                   struct vector_state *states, size_t count,
                                   struct grove_error *error)
{
    yyjson_val *result = NULL;
    enum grove_code code = qdrant_result(qdrant, reply, yyjson_is_arr, &result, error);
    if (code == GROVE_OK && !states_note(states, count, result))
        return qdrant_not_understood(qdrant, "points that were asked for, each once,", error);
    return code;
}

static enum grove_code read_states(struct vector_engine *engine, struct call *call,
                                   const int32_t *content_ids, size_t count,
                                   struct vector_state *ret, struct grove_error *error)
{
    struct qdrant *qdrant = qdrant_of(engine);
    struct strbuf body;
    strbuf_init(&body, QDRANT_BODY_BYTES_MAX);
    size_t named = 0;
    strbuf_add(&body, "{\"ids\":[");
    for (size_t i = 0; i < count; i++)
        if (can_be_point(content_ids[i]))
            strbuf_addf(&body, "%s%d", named++ > 0 ? "," : "", content_ids[i]);
    strbuf_add(&body, "],\"with_payload\":[\"revision\"],\"with_vector\":false}");
    struct http_reply reply = {NULL};
    struct request request = {.method = "POST", .suffix = "/points", .body = &body};
    enum grove_code code = qdrant_send(qdrant, call, &request, &reply, error);
    strbuf_release(&body);
    if (code != GROVE_OK)
        return code;
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct vector_state){.content_id = content_ids[i]};
    code = fill_states(qdrant, &reply, ret, count, error);
    http_reply_release(&reply);
    return code;
}

// --- opening -------------------------------------------------------------------------------------

static void free_qdrant(struct vector_engine *engine)
{
    struct qdrant *qdrant = qdrant_of(engine);
    http_client_free(qdrant->client);
    mem_free(qdrant);
}

static const char *describe(const struct vector_engine *engine)
{
    return http_describe(((const struct qdrant *)engine)->client);
}

static void look(struct vector_engine *engine, struct vector_outage *ret)
{
    http_look(qdrant_of(engine)->client, ret);
}

static void wake(struct vector_engine *engine, const struct call *call, unsigned wait_ms)
{
    http_wake(qdrant_of(engine)->client, call, wait_ms);
}

static const struct vector_engine_operations operations = {
    .name = "qdrant",
    .free = free_qdrant,
    .describe = describe,
    .ensure_collection = ensure_collection,
    .info = info,
    .upsert = upsert,
    .remove = remove_points,
    .evict = evict,
    .search = search,
    .graph = name_graph,
    .count = count_points,
    .states = read_states,
    .scan = qdrant_scan,
    .marks = qdrant_marks,
    .mark = qdrant_mark,
    .unmark = qdrant_unmark,
    .read = qdrant_read,
    .read_ids = qdrant_read_ids,
    .digest = qdrant_digest,
    .strangers = qdrant_strangers,
    .erase = qdrant_erase,
    .outage = look,
    .wake = wake,
};

// The name becomes part of a path: only what needs no escaping there.
static bool is_collection_name(const char *name)
{
    size_t length = strlen(name);
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_-.");
    return length > 0 && length < QDRANT_COLLECTION_NAME_MAX && good == length && name[0] != '.';
}

void qdrant_set_collection(struct vector_engine *engine, const char *name)
{
    struct qdrant *qdrant = qdrant_of(engine);
    CHECK(is_collection_name(name));
    snprintf(qdrant->collection, sizeof qdrant->collection, "%s", name);
}

enum grove_code qdrant_open(const struct qdrant_options *options, struct vector_engine **ret,
                            struct grove_error *error)
{
    const char *collection = options->collection ? options->collection : "content_vectors";
    if (!is_collection_name(collection)) {
        error_set(error, GROVE_INVALID, "\"%.64s\" cannot be a collection's name", collection);
        error_hint(error, "use letters, digits, \"_\", \"-\" and \".\", at most %d",
                   QDRANT_COLLECTION_NAME_MAX - 1);
        return GROVE_INVALID;
    }
    struct qdrant *qdrant = mem_zalloc(sizeof *qdrant);
    if (!qdrant)
        return error_no_memory(error, "a vector engine");
    qdrant->engine.operations = &operations;
    snprintf(qdrant->collection, sizeof qdrant->collection, "%s", collection);
    qdrant->read_timeout_ms = options->read_timeout_ms
                                  ? options->read_timeout_ms
                                  : (unsigned)KNOB(ENGINE_READ_MS, READ_TIMEOUT_MS);
    qdrant->exact_timeout_ms =
        options->exact_timeout_ms ? options->exact_timeout_ms : EXACT_TIMEOUT_MS;
    enum grove_code code = http_client_new(options, &qdrant->client, error);
    if (code == GROVE_OK)
        *ret = &qdrant->engine;
    else
        free_qdrant(&qdrant->engine);
    return code;
}
