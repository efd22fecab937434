// SPDX-License-Identifier: Apache-2.0
// Filters as JSON, and the client against a server that answers what the test wants.
#include "canned.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/clock.h"
#include "vector/filter.h"
#include "vector/qdrant.h"

static void filters(void **state)
{
    (void)state;
    const struct text tables[] = {text_of("religion_hierarchy")}, types[] = {text_of("A\"B")};
    const int32_t leaves[] = {3, 4};
    struct vector_filter filter = VECTOR_FILTER_ANY;
    struct strbuf body;
    strbuf_init(&body, 1 << 16);
    filter_add(&body, &filter);
    filter_add(&body, NULL);
    assert_string_equal(body.data, "");
    filter.hierarchy_tables = tables;
    filter.hierarchy_table_count = 1;
    filter.by_leaf = true;
    assert_true(filter_matches_nothing(&filter));
    filter.leaf_ids = leaves;
    filter.leaf_id_count = 2;
    filter.content_types = types;
    filter.content_type_count = 1;
    filter.created_since_us = 0;
    filter.created_before_us = 1;
    filter.words_min = 5;
    assert_false(filter_matches_nothing(&filter));
    filter_add(&body, &filter);
    assert_string_equal(
        body.data, ",\"filter\":{\"must\":["
                   "{\"key\":\"hierarchy_table\",\"match\":{\"any\":[\"religion_hierarchy\"]}},"
                   "{\"key\":\"leaf_id\",\"match\":{\"any\":[3,4]}},"
                   "{\"key\":\"content_type\",\"match\":{\"any\":[\"A\\\"B\"]}},"
                   "{\"key\":\"created_at\",\"range\":{\"gte\":\"1970-01-01T00:00:00.000000Z\","
                   "\"lte\":\"1970-01-01T00:00:00.000000Z\"}},"
                   "{\"key\":\"word_count\",\"range\":{\"gte\":5}}]}");
    struct vector_filter place = VECTOR_FILTER_ANY;
    place.branch_id = 7;
    place.limb_id = 8;
    strbuf_clear(&body);
    filter_add(&body, &place);
    assert_string_equal(body.data, ",\"filter\":{\"must\":["
                                   "{\"key\":\"branch_id\",\"match\":{\"value\":7}},"
                                   "{\"key\":\"limb_id\",\"match\":{\"value\":8}}]}");
    strbuf_release(&body);
}

static void a_search(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK",
         "{\"result\":{\"points\":[{\"id\":5,\"score\":0.75,\"payload\":{\"revision\":9}},"
         "{\"id\":\"b4e0-uuid\",\"score\":0.5,\"payload\":{}},"
         "{\"id\":6,\"score\":0.25,\"payload\":{}}]},\"status\":\"ok\",\"time\":0.1}"},
    };
    struct canned_server server;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, "k3y");
    struct arena arena;
    struct vector_hits hits;
    struct grove_error error;
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_query query = {.vector = vector, .limit = 3};
    arena_init(&arena, 1 << 20);
    assert_ok(vector_search(engine, NULL, &query, &arena, &hits, &error), error);
    assert_int_equal(hits.count, 2); // the one with a UUID is nobody's row
    assert_int_equal(hits.shown, 3);
    assert_int_equal(hits.items[0].content_id, 5);
    assert_true(hits.items[0].revision == 9);
    assert_true(hits.items[1].revision == -1);
    arena_release(&arena);
    vector_engine_free(engine);
    canned_stop(&server);
    assert_non_null(
        strstr(server.requests[0], "POST /collections/content_vectors/points/query HTTP/1.1"));
    assert_non_null(strstr(server.requests[0], "api-key: k3y"));
}

// The private server tells that it reads them; another may have taken its place since.
static void vectors_are_packed_for_who_reads_them(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", "{\"result\":{\"points\":[]}}"},
        {"200 OK", "{\"result\":{\"packs\":true,\"payload_schema\":{}}}"},
        {"200 OK", "{\"result\":{\"points\":[]}}"},
        {"400 Bad Request", "{\"status\":{\"error\":\"what is that?\"}}"},
        {"200 OK", "{\"result\":{\"points\":[]}}"},
    };
    static const bool packed[] = {false, false, true, true, false};
    struct canned_server server;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    struct arena arena;
    struct vector_hits hits;
    struct vector_marks marks;
    struct grove_error error;
    float vector[VECTOR_DIMENSION] = {0, 2}; // of length 1 it is 0, 1
    struct vector_query query = {.vector = vector, .limit = 3};
    arena_init(&arena, 1 << 20);
    assert_ok(vector_search(engine, NULL, &query, &arena, &hits, &error), error);
    assert_ok(vector_marks(engine, NULL, &marks, &error), error);
    assert_ok(vector_search(engine, NULL, &query, &arena, &hits, &error), error);
    assert_int_equal(vector_search(engine, NULL, &query, &arena, &hits, &error), GROVE_INVALID);
    assert_ok(vector_search(engine, NULL, &query, &arena, &hits, &error), error);
    arena_release(&arena);
    vector_engine_free(engine);
    canned_stop(&server);
    for (size_t i = 0; i < ARRAY_COUNT(packed); i++) {
        const char *form = packed[i] ? "{\"query\":{\"nearest\":{\"base64\":\"AAAAAAAAgD8AAAAA"
                                     : "{\"query\":[0.0,1.0,0.0";
        if (i != 1 && !strstr(server.requests[i], form))
            fail_msg("request %zu: %s", i, server.requests[i]);
    }
}

// Its length is what the hits that were asked for can take, not what fits into memory.
static void an_answer_of_any_length(void **state)
{
    enum { BYTES = 200000 };
    (void)state;
    static char body[BYTES + 1];
    memset(body, ' ', BYTES);
    static const char nothing[] = "{\"result\":{\"points\":[]}}";
    memcpy(body, nothing, sizeof nothing - 1);
    const struct canned_answer answers[] = {{"200 OK", body}, {"200 OK", body}};
    struct canned_server server;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    struct arena arena;
    struct vector_hits hits;
    struct grove_error error;
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_query query = {.vector = vector, .limit = 3};
    arena_init(&arena, 1 << 20);
    assert_int_equal(vector_search(engine, NULL, &query, &arena, &hits, &error), GROVE_LIMIT);
    assert_int_equal(error.origin, GROVE_ORIGIN_QDRANT);
    query.limit = 1000;
    assert_ok(vector_search(engine, NULL, &query, &arena, &hits, &error), error);
    arena_release(&arena);
    vector_engine_free(engine);
    canned_stop(&server);
}

static void refusals(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"404 Not Found", "{\"status\":{\"error\":\"Not found: Collection `x` doesn't exist!\"}}"},
        {"403 Forbidden", "{\"status\":{\"error\":\"forbidden\"}}"},
        {"500 Internal Server Error", "oops"},
        {"503 Service Unavailable", "{}"},
        {"200 OK", "<html>"},
        {"200 OK", "{\"result\":{}}"},
    };
    static const enum grove_code codes[] = {GROVE_NOT_FOUND,   GROVE_DENIED, GROVE_ENGINE,
                                            GROVE_UNAVAILABLE, GROVE_ENGINE, GROVE_ENGINE};
    struct canned_server server;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        uint64_t count;
        struct grove_error error;
        assert_int_equal(vector_count(engine, NULL, NULL, &count, &error), codes[i]);
        assert_int_equal(error.origin, GROVE_ORIGIN_QDRANT);
        assert_null(strstr(error.message, "secret"));
    }
    vector_engine_free(engine);
    canned_stop(&server);
}

static void a_cut_request_is_sent_again(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {NULL, NULL},
        {"200 OK", "{\"result\":{\"count\":3}}"},
    };
    struct canned_server server;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    uint64_t count = 0;
    struct grove_error error;
    assert_ok(vector_count(engine, NULL, NULL, &count, &error), error);
    assert_int_equal(count, 3);
    vector_engine_free(engine);
    canned_stop(&server);
}

// A server that accepts and then says nothing: readers are not kept as long as writers.
static void a_server_that_hangs(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    struct qdrant_options options = {.url = url, .read_timeout_ms = 20, .exact_timeout_ms = 60};
    struct vector_engine *engine;
    struct grove_error error;
    assert_ok(qdrant_open(&options, &engine, &error), error);
    struct vector_info info;
    uint64_t count;
    int64_t began_us = clock_monotonic_us();
    assert_int_equal(vector_info(engine, NULL, &info, &error), GROVE_TIMEOUT);
    assert_int_equal(error.retry, GROVE_RETRY_LATER);
    assert_non_null(strstr(error.hint, "QDRANT_URL"));
    assert_int_equal(vector_count(engine, NULL, NULL, &count, &error), GROVE_TIMEOUT);
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_query query = {.vector = vector, .limit = 3};
    struct arena arena;
    struct vector_hits hits;
    arena_init(&arena, 1 << 20);
    assert_int_equal(vector_search(engine, NULL, &query, &arena, &hits, &error), GROVE_TIMEOUT);
    int64_t exact_us = clock_monotonic_us();
    query.exact = query.many = true;
    assert_int_equal(vector_search(engine, NULL, &query, &arena, &hits, &error), GROVE_TIMEOUT);
    assert_true(clock_monotonic_us() - exact_us >= 59000); // libcurl counts whole milliseconds
    assert_true(clock_monotonic_us() - began_us < 10000000);
    arena_release(&arena);
    vector_engine_free(engine);
    close(listener);
}

static void writes_are_conditional(void **state)
{
    (void)state;
    static const struct canned_answer modern[] = {
        {"200 OK", "{\"title\":\"qdrant\",\"version\":\"1.17.0\"}"},
        {"200 OK", "{\"result\":{},\"status\":\"ok\"}"},
    };
    // The older server has a newer revision of point 2: only point 1 is written.
    static const struct canned_answer older[] = {
        {"200 OK", "{\"title\":\"qdrant\",\"version\":\"1.12.5\"}"},
        {"200 OK", "{\"result\":[{\"id\":2,\"payload\":{\"revision\":50}}]}"},
        {"200 OK", "{\"result\":{},\"status\":\"ok\"}"},
    };
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_point points[2];
    for (int i = 0; i < 2; i++)
        points[i] = (struct vector_point){.content_id = i + 1,
                                          .revision = 10,
                                          .vector = vector,
                                          .hierarchy_table = text_of("t"),
                                          .content_type = text_of("c"),
                                          .chunk_number = 1,
                                          .word_count = VECTOR_NONE,
                                          .created_at_us = 0};
    struct canned_server server;
    struct grove_error error;
    canned_start(&server, modern, ARRAY_COUNT(modern));
    struct vector_engine *engine = canned_engine(&server, NULL);
    assert_ok(vector_upsert(engine, NULL, points, 2, &error), error);
    vector_engine_free(engine);
    canned_stop(&server);
    assert_non_null(
        strstr(server.requests[1], "PUT /collections/content_vectors/points?wait=true"));
    assert_non_null(strstr(server.requests[1], "],\"update_filter\":{\"should\":["
                                               "{\"must\":[{\"has_id\":[1]},{\"key\":"
                                               "\"revision\",\"range\":{\"lte\":10}}]},"
                                               "{\"must\":[{\"has_id\":[2]},{\"key\":"
                                               "\"revision\",\"range\":{\"lte\":10}}]}]}}"));
    canned_start(&server, older, ARRAY_COUNT(older));
    engine = canned_engine(&server, NULL);
    assert_ok(vector_upsert(engine, NULL, points, 2, &error), error);
    float bad[VECTOR_DIMENSION] = {(float)(0.0 / 0.0)};
    points[0].vector = bad;
    assert_int_equal(vector_upsert(engine, NULL, points, 1, &error), GROVE_INVALID);
    vector_engine_free(engine);
    canned_stop(&server);
    assert_non_null(strstr(server.requests[2], "{\"points\":[{\"id\":1,"));
    assert_null(strstr(server.requests[2], "{\"id\":2,"));
}

static void removals_are_conditional(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {{"200 OK", "{\"result\":{},\"status\":\"ok\"}"}};
    const int32_t ids[] = {7, 8};
    const int64_t revisions[] = {70, 80};
    struct canned_server server;
    struct grove_error error;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    assert_ok(vector_remove(engine, NULL, ids, revisions, 2, &error), error);
    vector_engine_free(engine);
    canned_stop(&server);
    assert_non_null(
        strstr(server.requests[0], "POST /collections/content_vectors/points/delete?wait=true"));
    assert_non_null(
        strstr(server.requests[0],
               "{\"filter\":{\"should\":["
               "{\"must\":[{\"has_id\":[7]},{\"key\":\"revision\",\"range\":{\"lte\":70}}]},"
               "{\"must\":[{\"has_id\":[8]},{\"key\":\"revision\",\"range\":{\"lte\":80}}]}]}}"));
}

#define VERSION "{\"title\":\"qdrant\",\"version\":\"1.17.0\"}"

// The engine would refuse the whole request for it, and with it the other rows of a batch.
static void negative_ids_are_not_named(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", "{\"result\":{},\"status\":\"ok\"}"},
        {"200 OK", "{\"result\":[{\"id\":7,\"payload\":{\"revision\":70}}]}"},
        {"200 OK", VERSION},
    };
    const int32_t ids[] = {-5, 7};
    const int64_t revisions[] = {50, 70};
    struct vector_state states[2];
    struct vector_point point = {.content_id = -5, .revision = 50};
    float vector[VECTOR_DIMENSION] = {1};
    struct canned_server server;
    struct grove_error error;
    point.vector = vector;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    assert_ok(vector_remove(engine, NULL, ids, revisions, 1, &error), error); // nothing is sent
    assert_ok(vector_remove(engine, NULL, ids, revisions, 2, &error), error);
    assert_ok(vector_states(engine, NULL, ids, 2, states, &error), error);
    assert_false(states[0].present);
    assert_true(states[1].present);
    assert_int_equal(vector_upsert(engine, NULL, &point, 1, &error), GROVE_INVALID);
    assert_non_null(strstr(error.message, "content -5 "));
    vector_engine_free(engine);
    canned_stop(&server);
    assert_non_null(strstr(server.requests[0], "{\"should\":[{\"must\":[{\"has_id\":[7]}"));
    assert_non_null(strstr(server.requests[1], "{\"ids\":[7],"));
}

// --- answers that leave something out -----------------------------------------------------------

static void evictions_are_exact(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {{"200 OK", "{\"result\":{},\"status\":\"ok\"}"}};
    const struct vector_state seen[] = {{7, true, 70}, {8, true, VECTOR_NO_REVISION}};
    struct canned_server server;
    struct grove_error error;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    assert_ok(vector_evict(engine, NULL, seen, 2, &error), error);
    vector_engine_free(engine);
    canned_stop(&server);
    assert_non_null(
        strstr(server.requests[0], "POST /collections/content_vectors/points/delete?wait=true"));
    assert_non_null(strstr(server.requests[0],
                           "{\"filter\":{\"should\":["
                           "{\"must\":[{\"has_id\":[7]},"
                           "{\"key\":\"revision\",\"range\":{\"gte\":70,\"lte\":70}}]},"
                           "{\"must\":[{\"has_id\":[8]}],\"should\":["
                           "{\"must_not\":[{\"key\":\"revision\",\"range\":{\"gte\":1}}]},"
                           "{\"key\":\"revision[]\",\"range\":{\"gte\":1}},"
                           "{\"key\":\"revision\",\"range\":{\"gte\":9223372036854775807}}]}]}}"));
}

// Whatever such an answer says: only what is read afterwards tells.
static void an_answer_to_a_write_is_not_believed(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", VERSION},
        {"200 OK", "{\"result\":{\"operation_id\":1,\"status\":\"completed\"}}"},
        {"200 OK", "{\"result\":[]}"},
        {"200 OK", "{\"result\":{\"operation_id\":2,\"status\":\"acknowledged\"}}"},
        {"200 OK", "{\"result\":[{\"id\":1,\"payload\":{\"revision\":10}}]}"},
    };
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_point point = {.content_id = 1,
                                 .revision = 10,
                                 .vector = vector,
                                 .hierarchy_table = text_of("t"),
                                 .content_type = text_of("c")};
    struct canned_server server;
    struct grove_error error;
    struct vector_state there;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    for (int i = 0; i < 2; i++) {
        assert_ok(vector_upsert(engine, NULL, &point, 1, &error), error);
        assert_ok(vector_states(engine, NULL, &point.content_id, 1, &there, &error), error);
        assert_int_equal(there.present, i);
    }
    vector_engine_free(engine);
    canned_stop(&server);
}

static enum grove_code ask_info(struct vector_engine *engine, struct grove_error *error)
{
    struct vector_info info;
    return vector_info(engine, NULL, &info, error);
}

static enum grove_code ask_count(struct vector_engine *engine, struct grove_error *error)
{
    uint64_t count;
    return vector_count(engine, NULL, NULL, &count, error);
}

static enum grove_code ask_states(struct vector_engine *engine, struct grove_error *error)
{
    const int32_t id = 1;
    struct vector_state there;
    return vector_states(engine, NULL, &id, 1, &there, error);
}

static enum grove_code ask_search(struct vector_engine *engine, struct grove_error *error)
{
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_query query = {.vector = vector, .limit = 3};
    struct arena arena;
    struct vector_hits hits;
    arena_init(&arena, 1 << 20);
    enum grove_code code = vector_search(engine, NULL, &query, &arena, &hits, error);
    arena_release(&arena);
    return code;
}

static enum grove_code ensure(struct vector_engine *engine, struct grove_error *error)
{
    return vector_ensure_collection(engine, NULL, error);
}

static enum grove_code ask_marks(struct vector_engine *engine, struct grove_error *error)
{
    struct vector_marks marks;
    return vector_marks(engine, NULL, &marks, error);
}

static enum grove_code ask_page(struct vector_engine *engine, struct grove_error *error)
{
    struct vector_page page;
    return vector_scan(engine, NULL, 0, 3, &page, error);
}

// "Nothing", "none" and "no such point" are answers; that there is no answer is none of them.
static void what_is_no_answer_is_an_error(void **state)
{
    (void)state;
    static const struct {
        enum grove_code (*ask)(struct vector_engine *engine, struct grove_error *error);
        size_t before; // requests that are answered as they should be
        const char *bodies[8];
    } rows[] = {
        {ask_states, 0, {"{\"result\":{}}", "{\"result\":true}", "{\"result\":{\"points\":[]}}"}},
        {ask_count,
         0,
         {"{\"result\":[]}", "{\"result\":{\"count\":null}}", "{\"result\":{\"count\":-1}}",
          "{\"result\":{\"count\":1.5}}"}},
        {ask_search,
         0,
         {"{\"result\":[]}", "{\"result\":{\"points\":{}}}", "{\"result\":{\"points\":[7]}}",
          "{\"result\":{\"points\":[{\"id\":7}]}}", "{\"result\":{\"points\":[{\"score\":0.5}]}}",
          "{\"result\":{\"points\":[{\"id\":7,\"score\":0.5},{\"id\":8,\"score\":0.75}]}}",
          "{\"result\":{\"points\":[{\"id\":7,\"score\":-1e300}]}}"}},
        {ask_marks,
         0,
         {"{\"result\":[]}", "{\"result\":{}}", "{\"result\":{\"payload_schema\":[]}}"}},
        {ask_page,
         0,
         {"{\"result\":[]}", "{\"result\":{\"points\":{}}}",
          "{\"result\":{\"points\":[{\"id\":7},{\"id\":7}]}}",
          "{\"result\":{\"points\":[{\"id\":8},{\"id\":7}]}}",
          "{\"result\":{\"points\":[{\"id\":7}],\"next_page_offset\":7}}",
          "{\"result\":{\"points\":[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4}]}}"}},
        {ask_info,
         2,
         {"{\"result\":[]}", "{\"result\":{}}", "{\"result\":{\"status\":\"green\"}}",
          "{\"result\":{\"status\":\"green\",\"points_count\":null}}",
          "{\"result\":{\"points_count\":3}}"}},
        {ensure,
         1,
         {"{\"result\":[]}", "{\"result\":{}}", "{\"result\":{\"config\":{\"params\":{}}}}",
          "{\"result\":{\"config\":{\"params\":{\"vectors\":"
          "{\"size\":384,\"distance\":\"Cosine\"}}}}}"}},
    };
    static const char *const nothing[] = {"{}", "{\"result\":null}", "[]", "7"};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (size_t k = 0; k < ARRAY_COUNT(nothing) + ARRAY_COUNT(rows[i].bodies); k++) {
            const char *body =
                k < ARRAY_COUNT(nothing) ? nothing[k] : rows[i].bodies[k - ARRAY_COUNT(nothing)];
            struct canned_answer answers[4];
            struct canned_server server;
            struct grove_error error = {0};
            for (size_t n = 0; n < ARRAY_COUNT(answers); n++)
                answers[n] = (struct canned_answer){"200 OK", n < rows[i].before ? VERSION : body};
            if (!body)
                continue;
            canned_start(&server, answers, ARRAY_COUNT(answers));
            struct vector_engine *engine = canned_engine(&server, NULL);
            enum grove_code code = rows[i].ask(engine, &error);
            if (code != GROVE_ENGINE)
                fail_msg("row %zu, answer %s: %d", i, body, (int)code);
            assert_int_equal(error.origin, GROVE_ORIGIN_QDRANT);
            assert_int_equal(server.served, rows[i].before + 1); // nothing is made of it
            vector_engine_free(engine);
            canned_stop(&server);
        }
}

static void what_points_are_told(void **state)
{
    (void)state;
    // Ids 5, 3 and 9 are asked for; -2: there is no point.
    static const struct {
        const char *points;
        int64_t revisions[3]; // all 0: no answer
    } rows[] = {
        {"", {-2, -2, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":8}}", {-2, 8, -2}},
        {"{\"id\":9,\"payload\":{\"revision\":1}},{\"id\":5,\"payload\":{\"revision\":2}}",
         {2, -2, 1}},
        {"{\"id\":3,\"payload\":{\"revision\":8}},{\"id\":3,\"payload\":{\"revision\":8}}",
         {-2, 8, -2}}, // twice the same, by two shards
        {"{\"id\":3,\"payload\":{\"revision\":8}},{\"id\":3,\"payload\":{\"revision\":7}}", {0}},
        {"{\"id\":4,\"payload\":{\"revision\":8}}", {0}}, // nobody asked
        {"{\"id\":\"5b3a7e1c-8f0e-4a55-9c3e-6a4a7a0f2f11\",\"payload\":{}}", {0}},
        {"{\"id\":4294967299,\"payload\":{\"revision\":8}}", {0}}, // 3, cut to 32 bits
        {"{\"id\":-3,\"payload\":{\"revision\":8}}", {0}},
        {"{\"id\":3.0,\"payload\":{\"revision\":8}}", {0}},
        {"{\"payload\":{\"revision\":8}}", {0}},
        {"null", {0}},
        {"{\"id\":3}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":null}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":null}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":\"8\"}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":8.0}}", {-2, 8, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":8.5}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":1e300}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":[8]}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":true}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":9223372036854775807}}", {-2, INT64_MAX, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":9223372036854775808}}", {-2, -1, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":0}}", {-2, 0, -2}},
        {"{\"id\":3,\"payload\":{\"revision\":-7}}", {-2, -7, -2}},
    };
    const int32_t ids[] = {5, 3, 9};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char body[512];
        snprintf(body, sizeof body, "{\"result\":[%s],\"status\":\"ok\"}", rows[i].points);
        const struct canned_answer answers[] = {{"200 OK", body}};
        struct canned_server server;
        struct grove_error error;
        struct vector_state there[3];
        canned_start(&server, answers, ARRAY_COUNT(answers));
        struct vector_engine *engine = canned_engine(&server, NULL);
        enum grove_code code = vector_states(engine, NULL, ids, 3, there, &error);
        if (code != (rows[i].revisions[0] == 0 ? GROVE_ENGINE : GROVE_OK))
            fail_msg("row %zu: %d", i, (int)code);
        for (size_t k = 0; k < 3 && code == GROVE_OK; k++) {
            int64_t told = there[k].present ? there[k].revision : -2;
            if (there[k].content_id != ids[k] || told != rows[i].revisions[k])
                fail_msg("row %zu, id %d: %lld", i, ids[k], (long long)told);
        }
        vector_engine_free(engine);
        canned_stop(&server);
    }
}

#define COLLECTION(vectors)                                                                        \
    "{\"result\":{\"config\":{\"params\":{\"vectors\":" vectors "}},\"payload_schema\":{"          \
    "\"hierarchy_table\":{},\"content_type\":{},\"leaf_id\":{},\"branch_id\":{},"                  \
    "\"limb_id\":{},\"chunk_number\":{},\"word_count\":{},\"content_id\":{},\"created_at\":{}}}}"

static void a_collection_of_another_kind_is_left_alone(void **state)
{
    (void)state;
    static const char *const vectors[] = {"{\"size\":4,\"distance\":\"Cosine\"}",
                                          "{\"size\":384,\"distance\":\"Dot\"}", "{}"};
    char body[1024];
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        snprintf(body, sizeof body, COLLECTION("%s"), vectors[i]);
        // Whatever else is asked gets an answer, too, and shows.
        const struct canned_answer answers[] = {
            {"200 OK", VERSION}, {"200 OK", body}, {"200 OK", "{}"}};
        struct canned_server server;
        struct grove_error error;
        canned_start(&server, answers, ARRAY_COUNT(answers));
        struct vector_engine *engine = canned_engine(&server, NULL);
        assert_int_equal(vector_ensure_collection(engine, NULL, &error), GROVE_CONFLICT);
        vector_engine_free(engine);
        canned_stop(&server);
        assert_int_equal(server.served, 2);
    }
}

// The answer to a request that makes the collection is lost: sent again, it is there already.
static void a_collection_is_made_once(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", VERSION},
        {"404 Not Found", "{\"status\":{\"error\":\"Not found\"}}"},
        {NULL, NULL},
        {"409 Conflict", "{\"status\":{\"error\":\"already exists\"}}"},
        {"200 OK", COLLECTION("{\"size\":384,\"distance\":\"Cosine\"}")},
        {"200 OK", "{\"result\":{},\"status\":\"ok\"}"},
    };
    struct canned_server server;
    struct grove_error error;
    canned_start(&server, answers, ARRAY_COUNT(answers));
    struct vector_engine *engine = canned_engine(&server, NULL);
    assert_ok(vector_ensure_collection(engine, NULL, &error), error);
    vector_engine_free(engine);
    canned_stop(&server);
    assert_int_equal(server.served, 6);
    assert_string_equal(strstr(server.requests[3], "{\"vectors\""),
                        strstr(server.requests[2], "{\"vectors\""));
    assert_non_null(strstr(server.requests[5], "\"field_name\":\"revision\"")); // it lacked one
}

static void no_leaf_is_asked_about_nowhere(void **state)
{
    (void)state;
    const struct text tables[] = {text_of("religion_hierarchy")};
    struct vector_filter filter = VECTOR_FILTER_ANY;
    filter.hierarchy_tables = tables;
    filter.hierarchy_table_count = 1;
    filter.by_leaf = true;
    float vector[VECTOR_DIMENSION] = {1};
    struct vector_query query = {.vector = vector, .filter = &filter, .limit = 3};
    struct vector_engine *engine;
    struct arena arena;
    struct vector_hits hits = {.count = 99};
    struct grove_error error;
    uint64_t count = 99;
    struct qdrant_options nobody = {.url = "http://127.0.0.1:1", .connect_timeout_ms = 500};
    assert_ok(qdrant_open(&nobody, &engine, &error), error);
    arena_init(&arena, 1 << 16);
    assert_ok(vector_search(engine, NULL, &query, &arena, &hits, &error), error);
    assert_ok(vector_count(engine, NULL, &filter, &count, &error), error);
    assert_int_equal(hits.count, 0);
    assert_int_equal(count, 0);
    arena_release(&arena);
    vector_engine_free(engine);
}

static void an_old_server_is_refused(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {{"200 OK", "{\"version\":\"1.9.7\"}"}};
    struct canned_server server;
    canned_start(&server, answers, 1);
    struct vector_engine *engine = canned_engine(&server, NULL);
    struct grove_error error;
    assert_int_equal(vector_ensure_collection(engine, NULL, &error), GROVE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "1.9.7"));
    vector_engine_free(engine);
    canned_stop(&server);
}

static void bad_addresses(void **state)
{
    (void)state;
    const struct qdrant_options rows[] = {
        {.url = "ftp://host"},
        {.url = "not a url"},
        {.url = "http://h", .collection = "../x"},
        {.url = "http://h", .collection = ""},
        {.url = "http://h", .api_key = "two\nlines"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct vector_engine *engine;
        struct grove_error error;
        assert_int_equal(qdrant_open(&rows[i], &engine, &error), GROVE_INVALID);
    }
    struct vector_engine *engine;
    struct grove_error error;
    uint64_t count;
    struct qdrant_options nobody = {.url = "http://127.0.0.1:1", .connect_timeout_ms = 500};
    assert_ok(qdrant_open(&nobody, &engine, &error), error);
    assert_int_equal(vector_count(engine, NULL, NULL, &count, &error), GROVE_UNAVAILABLE);
    vector_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters),
        cmocka_unit_test(a_search),
        cmocka_unit_test(vectors_are_packed_for_who_reads_them),
        cmocka_unit_test(an_answer_of_any_length),
        cmocka_unit_test(refusals),
        cmocka_unit_test(a_cut_request_is_sent_again),
        cmocka_unit_test(a_server_that_hangs),
        cmocka_unit_test(writes_are_conditional),
        cmocka_unit_test(removals_are_conditional),
        cmocka_unit_test(negative_ids_are_not_named),
        cmocka_unit_test(evictions_are_exact),
        cmocka_unit_test(an_answer_to_a_write_is_not_believed),
        cmocka_unit_test(what_is_no_answer_is_an_error),
        cmocka_unit_test(what_points_are_told),
        cmocka_unit_test(a_collection_of_another_kind_is_left_alone),
        cmocka_unit_test(a_collection_is_made_once),
        cmocka_unit_test(no_leaf_is_asked_about_nowhere),
        cmocka_unit_test(an_old_server_is_refused),
        cmocka_unit_test(bad_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
