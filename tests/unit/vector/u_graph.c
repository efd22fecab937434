// SPDX-License-Identifier: Apache-2.0
// Points compared besides, and names of graphs: the client against a server that answers what the
// test wants.
#include "canned.h"

#include "vector/qdrant.h"

#define POINT(id, score, revision)                                                                 \
    "{\"id\":" #id ",\"score\":" #score ",\"payload\":{\"revision\":" #revision "}}"
#define FOUND "{\"result\":{\"points\":[" POINT(5, 0.75, 9) "]}}"
#define MODERN "{\"title\":\"qdrant\",\"version\":\"1.18.3\"}"
#define OLDER "{\"title\":\"qdrant\",\"version\":\"1.17.1\"}"
#define SEGMENT(uuid) "{\"uuid\":\"" uuid "\",\"points_count\":7}"
#define OPTIMIZATION(segments) "{\"optimizer\":\"merge\",\"segments\":[" segments "]}"
#define SEGMENTS(running, queued, idle)                                                            \
    "{\"result\":{\"summary\":{},\"running\":[" running "],\"queued\":[" queued                    \
    "],\"idle_segments\":[" idle "]}}"
#define STATUS(status, segments)                                                                   \
    "{\"result\":{\"status\":\"" status "\",\"segments_count\":" segments                          \
    ",\"indexed_vectors_count\":5}}"

// A client of a server with these answers, and what a test asks of it.
struct asked {
    struct canned_server server;
    struct vector_engine *engine;
    struct arena arena;
    struct vector_hits hits;
    char graph[VECTOR_GRAPH_SIZE];
    struct grove_error error;
};

static void ask(struct asked *asked, const struct canned_answer *answers, size_t count)
{
    canned_start(&asked->server, answers, count);
    asked->engine = canned_engine(&asked->server, NULL);
    arena_init(&asked->arena, 1 << 20);
}

static enum grove_code search_asked(struct asked *asked, struct vector_query query)
{
    float vector[VECTOR_DIMENSION] = {1};
    query.vector = vector;
    return vector_search(asked->engine, NULL, &query, &asked->arena, &asked->hits, &asked->error);
}

static const char *hits_graph(struct asked *asked)
{
    assert_ok(search_asked(asked, (struct vector_query){.limit = 3, .name_graph = true}),
              asked->error);
    assert_int_equal(asked->hits.count, 1);
    return asked->hits.graph;
}

static const char *server_graph(struct asked *asked)
{
    assert_ok(vector_graph(asked->engine, NULL, asked->graph, &asked->error), asked->error);
    return asked->graph;
}

// All its answers must have been asked for.
static void end(struct asked *asked)
{
    vector_engine_free(asked->engine);
    arena_release(&asked->arena);
    canned_stop(&asked->server);
    assert_int_equal(asked->server.served, asked->server.count);
}

static void points_besides_are_a_second_search(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK",
         "{\"result\":[{\"points\":[" POINT(5, 0.75, 9) "," POINT(7, 0.5, 1) "," POINT(
             6, 0.25,
             1) "],\"graph\":\"g-3\"},{\"points\":[" POINT(4, 0.5,
                                                           1) "," POINT(5, 0.375,
                                                                        10) "," POINT(3, 0.25,
                                                                                      1) "],"
                                                                                         "\"graph\""
                                                                                         ":\"g-4\"}"
                                                                                         "]}"},
        {"200 OK", "{\"result\":[{\"points\":[]}]}"},
        {"200 OK", "{\"result\":{\"points\":[]}}"},
    };
    const struct text types[] = {text_of("A")};
    const int32_t ids[] = {4, 5, 3}, wanted[] = {4, 7, 5, 3};
    struct vector_filter filter = VECTOR_FILTER_ANY;
    filter.content_types = types;
    filter.content_type_count = 1;
    struct vector_query query = {.filter = &filter,
                                 .limit = 4,
                                 .hnsw_ef = 64,
                                 .also_ids = ids,
                                 .also_count = 3,
                                 .name_graph = true};
    struct asked asked;
    ask(&asked, answers, ARRAY_COUNT(answers));
    assert_ok(search_asked(&asked, query), asked.error);
    assert_int_equal(asked.hits.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(asked.hits.items[i].content_id, wanted[i]);
    assert_true(asked.hits.items[2].revision == 10); // it changed between the two
    assert_string_equal(asked.hits.graph, "g-3");
    assert_int_equal(search_asked(&asked, query), GROVE_ENGINE); // one answer is missing
    query.exact = true;
    assert_ok(search_asked(&asked, query), asked.error);
    const char *sent = asked.server.requests[0];
    assert_non_null(strstr(sent, "POST /collections/content_vectors/points/query/batch HTTP/1.1"));
    assert_non_null(strstr(sent, "],\"filter\":{\"must\":[{\"key\":\"content_type\",\"match\":"
                                 "{\"any\":[\"A\"]}}]},\"limit\":4,\"params\":{\"hnsw_ef\":64}"));
    assert_non_null(strstr(sent, "],\"filter\":{\"must\":[{\"has_id\":[4,5,3]},"
                                 "{\"key\":\"content_type\",\"match\":{\"any\":[\"A\"]}}]},"
                                 "\"limit\":4,\"params\":{\"exact\":true}"));
    assert_non_null(strstr(asked.server.requests[2], "/points/query HTTP/1.1"));
    assert_null(strstr(asked.server.requests[2], "has_id"));
    end(&asked);
}

static void the_private_server_names_its_graph(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", "{\"result\":{\"points\":[" POINT(5, 0.75, 9) "],\"graph\":\"g-3\"}}"},
        {"200 OK", "{\"result\":{\"points\":[" POINT(5, 0.75, 9) "],\"graph\":\"g-3\"}}"},
        {"200 OK", MODERN},
        {"200 OK", "{\"result\":{\"status\":\"green\",\"graph\":\"g-3\"}}"},
        {"200 OK", "{\"result\":{\"status\":\"yellow\",\"graph\":\"g-3\"}}"},
        {"404 Not Found", "{\"status\":{\"error\":\"Not found: Collection doesn't exist!\"}}"},
    };
    struct asked asked;
    ask(&asked, answers, ARRAY_COUNT(answers));
    assert_string_equal(hits_graph(&asked), "g-3");
    assert_ok(search_asked(&asked, (struct vector_query){.limit = 3}), asked.error);
    assert_string_equal(asked.hits.graph, ""); // nobody wanted it
    assert_string_equal(server_graph(&asked), "g-3");
    assert_string_equal(server_graph(&asked), "");
    assert_int_equal(vector_graph(asked.engine, NULL, asked.graph, &asked.error), GROVE_NOT_FOUND);
    end(&asked);
}

static void segments_name_the_graphs(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", FOUND},
        {"200 OK", MODERN},
        {"200 OK", SEGMENTS("", "", SEGMENT("aa") "," SEGMENT("bb"))},
        {"200 OK", STATUS("green", "2")},
        {"200 OK", SEGMENTS("", "", SEGMENT("bb") "," SEGMENT("aa") "," SEGMENT("bb"))},
        {"200 OK", STATUS("green", "2")}, // to be built soon
        {"200 OK", SEGMENTS("", OPTIMIZATION(SEGMENT("aa")), SEGMENT("bb"))},
        {"200 OK", STATUS("green", "2")}, // being built
        {"200 OK", SEGMENTS(OPTIMIZATION(SEGMENT("aa")), "", SEGMENT("bb"))},
        {"200 OK", STATUS("yellow", "2")},
        {"200 OK", FOUND}, // the old graphs answer meanwhile
        {"200 OK", SEGMENTS(OPTIMIZATION(SEGMENT("aa")), OPTIMIZATION(SEGMENT("bb")), "")},
        {"200 OK", FOUND}, // and then the new one
        {"200 OK", SEGMENTS("", "", SEGMENT("bb") "," SEGMENT("cc"))},
    };
    struct asked asked;
    char first[VECTOR_GRAPH_SIZE];
    ask(&asked, answers, ARRAY_COUNT(answers));
    snprintf(first, sizeof first, "%s", hits_graph(&asked));
    assert_true(first[0]);
    assert_string_equal(server_graph(&asked), first);
    assert_string_equal(server_graph(&asked), "");
    assert_string_equal(server_graph(&asked), "");
    assert_string_equal(server_graph(&asked), "");
    assert_string_equal(hits_graph(&asked), first);
    const char *second = hits_graph(&asked);
    assert_true(second[0]);
    assert_string_not_equal(second, first);
    end(&asked);
    assert_non_null(strstr(asked.server.requests[2],
                           "GET /collections/content_vectors/optimizations?"
                           "with=queued,idle_segments HTTP/1.1"));
}

static void counts_name_the_graphs_of_other_servers(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", FOUND},
        {"200 OK", OLDER},
        {"200 OK", STATUS("green", "2")},
        {"200 OK", STATUS("green", "2")}, // one answer tells both
        {"200 OK", STATUS("yellow", "2")},
        {"200 OK", STATUS("green", "3")},
    };
    // A newer one whose route is missing, or answers something else.
    static const struct canned_answer without[] = {
        {"200 OK", FOUND},
        {"200 OK", MODERN},
        {"404 Not Found", "{}"},
        {"200 OK", STATUS("green", "2")},
        {"200 OK", STATUS("green", "2")},
        {"200 OK", "{\"result\":{\"running\":[],\"queued\":[]}}"},
        {"404 Not Found", "{\"status\":{\"error\":\"Not found\"}}"}, // the collection itself
    };
    struct asked asked;
    char first[VECTOR_GRAPH_SIZE];
    ask(&asked, answers, ARRAY_COUNT(answers));
    snprintf(first, sizeof first, "%s", hits_graph(&asked));
    assert_true(first[0]);
    assert_string_equal(server_graph(&asked), first);
    assert_string_equal(server_graph(&asked), "");
    assert_string_not_equal(server_graph(&asked), first);
    end(&asked);
    ask(&asked, without, ARRAY_COUNT(without));
    assert_string_equal(hits_graph(&asked), first);
    assert_string_equal(server_graph(&asked), first);
    assert_int_equal(vector_graph(asked.engine, NULL, asked.graph, &asked.error), GROVE_NOT_FOUND);
    end(&asked);
}

static void hits_stand_without_a_name(void **state)
{
    (void)state;
    static const struct canned_answer answers[] = {
        {"200 OK", FOUND},
        {"500 Internal Server Error", "{}"}, // its version
        {"200 OK", FOUND},
        {"200 OK", MODERN},
        {"503 Service Unavailable", "{}"}, // its segments
        {"200 OK", FOUND},
        {"404 Not Found", "{}"},
        {"404 Not Found", "{}"}, // the collection went meanwhile
    };
    struct asked asked;
    ask(&asked, answers, ARRAY_COUNT(answers));
    for (int i = 0; i < 3; i++)
        assert_string_equal(hits_graph(&asked), "");
    assert_ok(search_asked(&asked, (struct vector_query){.limit = 0, .name_graph = true}),
              asked.error);
    assert_string_equal(asked.hits.graph, "");
    end(&asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_besides_are_a_second_search),
        cmocka_unit_test(the_private_server_names_its_graph),
        cmocka_unit_test(segments_name_the_graphs),
        cmocka_unit_test(counts_name_the_graphs_of_other_servers),
        cmocka_unit_test(hits_stand_without_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
