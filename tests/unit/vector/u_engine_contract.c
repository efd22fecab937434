// SPDX-License-Identifier: Apache-2.0
// What vector/engine.h promises, asked of the fake engine of the tests and of the real private one:
// each case runs with both, so that the fake cannot come to differ from what it stands for.
#include "contract.h"

#include "../../support/fault_engine.h"
#include "../../support/trace_engine.h"

#include <float.h>
#include <math.h>

#include "base/clock.h"

// --- writes -------------------------------------------------------------------------------------

static void an_upsert_is_there(struct contract *contract)
{
    struct vector_point points[] = {make_point(contract, 1, 10, 0.9F),
                                    make_point(contract, 2, 11, 0.5F)};
    upsert(contract, points, 2);
    assert_int_equal(revision_of(contract, 1), 10);
    assert_int_equal(revision_of(contract, 2), 11);
    assert_int_equal(revision_of(contract, 3), -1);
    assert_string_equal(found(contract, NULL), "1 2");
}

static void a_higher_revision_replaces(struct contract *contract)
{
    upsert_one(contract, 1, 10, 0.1F);
    upsert_one(contract, 2, 10, 0.5F);
    upsert_one(contract, 1, 11, 0.9F);
    assert_int_equal(revision_of(contract, 1), 11);
    assert_string_equal(found(contract, NULL), "1 2");
}

static void the_same_revision_replaces(struct contract *contract)
{
    upsert_one(contract, 1, 10, 0.1F);
    upsert_one(contract, 2, 10, 0.5F);
    upsert_one(contract, 1, 10, 0.9F);
    assert_string_equal(found(contract, NULL), "1 2");
}

static void a_late_upsert_loses(struct contract *contract)
{
    upsert_one(contract, 1, 11, 0.9F);
    upsert_one(contract, 2, 10, 0.5F);
    upsert_one(contract, 1, 10, 0.1F); // answered with OK all the same
    assert_int_equal(revision_of(contract, 1), 11);
    assert_string_equal(found(contract, NULL), "1 2");
}

static void one_batch_wins_and_loses(struct contract *contract)
{
    upsert_one(contract, 1, 20, 0.9F);
    upsert_one(contract, 2, 5, 0.1F);
    struct vector_point points[] = {make_point(contract, 1, 10, 0.0F),
                                    make_point(contract, 2, 10, 0.5F),
                                    make_point(contract, 3, 10, 0.3F)};
    upsert(contract, points, 3);
    assert_int_equal(revision_of(contract, 1), 20);
    assert_int_equal(revision_of(contract, 2), 10);
    assert_int_equal(revision_of(contract, 3), 10);
    assert_string_equal(found(contract, NULL), "1 2 3");
}

static void a_removal_removes(struct contract *contract)
{
    struct grove_error error;
    const int32_t ids[] = {1, 3, 9}; // 9 was never there
    const int64_t revisions[] = {10, 15, 1};
    for (int32_t id = 1; id <= 3; id++)
        upsert_one(contract, id, 10, 0.5F);
    assert_ok(vector_remove(contract->engine, NULL, ids, revisions, 3, &error), error);
    assert_int_equal(revision_of(contract, 1), -1);
    assert_int_equal(revision_of(contract, 2), 10);
    assert_int_equal(revision_of(contract, 3), -1);
    assert_int_equal(count_points(contract, NULL), 1);
}

static void a_late_removal_loses(struct contract *contract)
{
    struct grove_error error;
    const int32_t ids[] = {1};
    const int64_t revisions[] = {10};
    upsert_one(contract, 1, 11, 0.5F);
    assert_ok(vector_remove(contract->engine, NULL, ids, revisions, 1, &error), error);
    assert_int_equal(revision_of(contract, 1), 11);
}

static void a_removed_point_can_come_again(struct contract *contract)
{
    struct grove_error error;
    const int32_t ids[] = {1};
    const int64_t revisions[] = {10};
    upsert_one(contract, 1, 10, 0.5F);
    assert_ok(vector_remove(contract->engine, NULL, ids, revisions, 1, &error), error);
    upsert_one(contract, 1, 5, 0.5F); // nothing is there to compare with
    assert_int_equal(revision_of(contract, 1), 5);
}

static void what_was_seen_is_evicted(struct contract *contract)
{
    struct grove_error error;
    const struct vector_state seen[] = {
        {1, true, 10}, {2, true, 9}, {3, true, 11}, {4, true, VECTOR_NO_REVISION}, {9, true, 10}};
    for (int32_t id = 1; id <= 5; id++)
        upsert_one(contract, id, 10, 0.5F);
    assert_ok(vector_evict(contract->engine, NULL, seen, ARRAY_COUNT(seen), &error), error);
    assert_int_equal(revision_of(contract, 1), -1);
    for (int32_t id = 2; id <= 5; id++) // others than were seen, and one that nobody named
        assert_int_equal(revision_of(contract, id), 10);
    assert_int_equal(count_points(contract, NULL), 4);
}

static void what_is_no_number_is_refused(struct contract *contract)
{
    struct grove_error error;
    struct vector_point points[] = {make_point(contract, 1, 10, 0.5F),
                                    make_point(contract, 2, 10, 0.5F)};
    contract->vectors[2].numbers[7] = NAN;
    assert_int_equal(vector_upsert(contract->engine, NULL, points, 2, &error), GROVE_INVALID);
    assert_int_equal(count_points(contract, NULL), 0); // all of a call, or nothing
}

static void nothing_to_write_is_fine(struct contract *contract)
{
    struct grove_error error;
    assert_ok(vector_upsert(contract->engine, NULL, NULL, 0, &error), error);
    assert_ok(vector_remove(contract->engine, NULL, NULL, NULL, 0, &error), error);
    assert_ok(vector_evict(contract->engine, NULL, NULL, 0, &error), error);
    assert_ok(vector_states(contract->engine, NULL, NULL, 0, NULL, &error), error);
}

// --- reading ------------------------------------------------------------------------------------

static void hits_come_best_first(struct contract *contract)
{
    upsert_one(contract, 1, 10, -0.5F);
    upsert_one(contract, 2, 11, 0.75F);
    upsert_one(contract, 3, 12, 0.25F);
    struct vector_hits hits = search(contract, &(struct vector_query){.limit = 2});
    assert_string_equal(ids_of(contract, &hits), "2 3");
    assert_float_equal(hits.items[0].score, 0.75F, 1e-5F);
    assert_int_equal(hits.items[0].revision, 11);
    hits = search(contract, &(struct vector_query){.limit = 9, .exact = true});
    assert_string_equal(ids_of(contract, &hits), "2 3 1");
    assert_float_equal(hits.items[2].score, -0.5F, 1e-5F);
    hits = search(contract, &(struct vector_query){.limit = 0});
    assert_int_equal(hits.count, 0);
}

static void lengths_do_not_count(struct contract *contract)
{
    upsert_one(contract, 1, 10, 0.25F);
    struct vector_point point = make_point(contract, 2, 10, 0.75F);
    for (size_t i = 0; i < VECTOR_DIMENSION; i++)
        contract->vectors[2].numbers[i] *= 0.125F;
    upsert(contract, &point, 1);
    struct test_vector query = test_toward(1, 0);
    query.numbers[0] = 5;
    struct vector_hits hits =
        search(contract, &(struct vector_query){.vector = query.numbers, .limit = 2});
    assert_string_equal(ids_of(contract, &hits), "2 1");
    assert_float_equal(hits.items[0].score, 0.75F, 1e-5F);
}

// In [-1, 1), the same in every run.
static float draw(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (float)(*seed >> 8) / 8388608.0F - 1;
}

static double exact_cosine(const float *a, const float *b)
{
    double dot = 0, square_a = 0, square_b = 0;
    for (size_t i = 0; i < VECTOR_DIMENSION; i++) {
        dot += (double)a[i] * (double)b[i];
        square_a += (double)a[i] * (double)a[i];
        square_b += (double)b[i] * (double)b[i];
    }
    return dot / sqrt(square_a) / sqrt(square_b);
}

// Vectors of every length that float32 has: whole numbers of the smallest float, lengths whose
// squares are 0 or infinite in float32, zeros of both signs, single numbers.
enum { EXTREMES = 60 };
static void make_extreme(size_t i, float *ret)
{
    static const float scales[] = {0x1p-149F, 0x1p-147F, 0x1p-140F, 0x1p-126F, 1e-30F,
                                   1e-20F,    1e-10F,    3.4e-4F,   3.5e-4F,   1,
                                   1e10F,     1e19F,     1e30F,     FLT_MAX,   0x1p-149F};
    uint32_t seed = (uint32_t)i + 1;
    float scale = scales[i % ARRAY_COUNT(scales)];
    for (size_t k = 0; k < VECTOR_DIMENSION; k++) {
        float number = draw(&seed);
        // Every second one is sparse, with zeros of both signs, and like all others.
        ret[k] = i % 2 ? number * scale : number > 0.9F ? scale : number > 0 ? 0.0F : -0.0F;
        if (i % 4 == 1 && k % 3 == 0)
            ret[k] = scale;
    }
    ret[i] = scale; // none is all zero
}

static void compare_scores(struct contract *contract, const float *query)
{
    struct vector_hits hits =
        search(contract, &(struct vector_query){.vector = query, .limit = EXTREMES, .exact = true});
    assert_int_equal(hits.count, EXTREMES);
    for (size_t i = 0; i < EXTREMES; i++) {
        int32_t id = hits.items[i].content_id;
        double wanted = exact_cosine(query, contract->vectors[id].numbers);
        if (!(fabs((double)hits.items[i].score - wanted) <= 1e-5))
            fail_msg("vector %d scores %.9g, not %.9g", id, (double)hits.items[i].score, wanted);
    }
}

static void every_length_is_compared(struct contract *contract)
{
    struct vector_point points[EXTREMES];
    for (int32_t i = 0; i < EXTREMES; i++) {
        points[i] = make_point(contract, i + 1, 10, 1);
        make_extreme((size_t)i, contract->vectors[i + 1].numbers);
    }
    upsert(contract, points, EXTREMES);
    for (size_t i = 0; i < EXTREMES; i++) {
        float query[VECTOR_DIMENSION];
        make_extreme(i, query);
        compare_scores(contract, query);
    }
}

static void what_has_no_direction_is_refused(struct contract *contract)
{
    struct grove_error error;
    struct vector_point points[] = {make_point(contract, 1, 10, 0.5F),
                                    make_point(contract, 2, 10, 0.5F)};
    memset(contract->vectors[2].numbers, 0, sizeof contract->vectors[2].numbers);
    contract->vectors[2].numbers[5] = -0.0F;
    assert_int_equal(vector_upsert(contract->engine, NULL, points, 2, &error), GROVE_INVALID);
    assert_non_null(strstr(error.message, "content 2"));
    assert_int_equal(count_points(contract, NULL), 0);
}

// The first has no numbers of branch and limb, as it was written before there were any.
static void filtered_points(struct contract *contract, struct vector_point points[static 6])
{
    const int64_t words[] = {VECTOR_NONE, 0, 10, 20, 30, VECTOR_NONE};
    const int64_t times[] = {VECTOR_NONE, 0, 1000000, 2000000, 3000000, 253402300800000000};
    for (int32_t i = 0; i < 6; i++) {
        points[i] = make_point(contract, i + 1, 1, 0.9F - 0.1F * (float)i);
        points[i].word_count = words[i];
        points[i].created_at_us = times[i];
        points[i].leaf_id = 1 + i % 2;
        points[i].branch_id = i;
        points[i].limb_id = i < 4 ? 0 : 9;
    }
    points[4].hierarchy_table = text_of(TABLE_2);
    points[3].content_type = text_of("Q&A \"x\"");
}

static void filters_hold(struct contract *contract)
{
    struct vector_point points[6];
    filtered_points(contract, points);
    upsert(contract, points, 6);
    const struct text tables[] = {text_of(TABLE_2), text_of("subject9_hierarchy")};
    const struct text table_1[] = {text_of(TABLE_1)};
    const struct text types[] = {text_of("Q&A \"x\""), text_of("none")};
    const int32_t leaves[] = {2, 7};
#define OPEN .created_since_us = VECTOR_NONE, .created_before_us = VECTOR_NONE
#define ANY_WORDS .words_min = VECTOR_NONE, .words_max = VECTOR_NONE
    const struct {
        struct vector_filter filter;
        const char *ids;
    } rows[] = {
        {VECTOR_FILTER_ANY, "1 2 3 4 5 6"},
        {{.hierarchy_tables = tables, .hierarchy_table_count = 2, OPEN, ANY_WORDS}, "5"},
        {{.content_types = types, .content_type_count = 2, OPEN, ANY_WORDS}, "4"},
        {{.hierarchy_tables = table_1,
          .hierarchy_table_count = 1,
          .by_leaf = true,
          .leaf_ids = leaves,
          .leaf_id_count = 2,
          OPEN,
          ANY_WORDS},
         "2 4 6"},
        {{.hierarchy_tables = table_1,
          .hierarchy_table_count = 1,
          .by_leaf = true,
          OPEN,
          ANY_WORDS},
         ""},
        {{.branch_id = 3, OPEN, ANY_WORDS}, "4"},
        {{.branch_id = 7, OPEN, ANY_WORDS}, ""},
        {{.limb_id = 9, OPEN, ANY_WORDS}, "5 6"},
        {{.limb_id = 9, .branch_id = 5, OPEN, ANY_WORDS}, "6"},
        {{OPEN, .words_min = 10, .words_max = VECTOR_NONE}, "3 4 5"},
        {{OPEN, .words_min = VECTOR_NONE, .words_max = 10}, "2 3"}, // none counted is no count
        {{OPEN, .words_min = 20, .words_max = 20}, "4"},
        {{.created_since_us = 1000000, .created_before_us = 3000000, ANY_WORDS}, "3 4"},
        {{.created_since_us = VECTOR_NONE, .created_before_us = 1, ANY_WORDS}, "2"},
        // The year 10000 is not RFC 3339's, and in the range all the same.
        {{.created_since_us = 3000000, .created_before_us = VECTOR_NONE, ANY_WORDS}, "5 6"},
        {{.hierarchy_tables = table_1,
          .hierarchy_table_count = 1,
          .content_types = types,
          .content_type_count = 1,
          .created_since_us = 2000000,
          .created_before_us = VECTOR_NONE,
          .words_min = 20,
          .words_max = 20},
         "4"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *ids = found(contract, &rows[i].filter);
        if (strcmp(ids, rows[i].ids) != 0)
            fail_msg("filter %zu found \"%s\", not \"%s\"", i, ids, rows[i].ids);
    }
#undef OPEN
#undef ANY_WORDS
}

static void states_keep_the_order(struct contract *contract)
{
    struct grove_error error;
    struct vector_state states[4];
    const int32_t ids[] = {3, 9, 1, 3}; // asked for twice, told twice
    upsert_one(contract, 1, 10, 0.5F);
    upsert_one(contract, 3, 30, 0.5F);
    assert_ok(vector_states(contract->engine, NULL, ids, 4, states, &error), error);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(states[i].content_id, ids[i]);
    assert_true(states[0].present && !states[1].present && states[2].present && states[3].present);
    assert_int_equal(states[0].revision, 30);
    assert_int_equal(states[2].revision, 10);
}

// --- points compared besides, and names of graphs -----------------------------------------------

static void points_are_compared_besides(struct contract *contract)
{
    for (int32_t id = 1; id <= 5; id++)
        upsert_one(contract, id, 10, 0.1F * (float)id);
    struct vector_point other = make_point(contract, 6, 10, 0.9F);
    other.hierarchy_table = text_of(TABLE_2);
    upsert(contract, &other, 1);
    const struct text tables[] = {text_of(TABLE_1)};
    struct vector_filter filter = VECTOR_FILTER_ANY;
    filter.hierarchy_tables = tables;
    filter.hierarchy_table_count = 1;
    const int32_t ids[] = {1, 6, 5, 99, 5}; // 6 is not of the table, 99 of nobody
    struct vector_query query = {.filter = &filter, .limit = 50, .also_ids = ids, .also_count = 5};
    struct vector_hits hits = search(contract, &query);
    assert_string_equal(ids_of(contract, &hits), "5 4 3 2 1");
    assert_float_equal(hits.items[0].score, 0.5F, 1e-5F);
    assert_int_equal(hits.items[0].revision, 10);
    query.limit = 2;
    hits = search(contract, &query);
    assert_string_equal(ids_of(contract, &hits), "5 4");
    query.exact = true; // compares all, whatever the list
    query.limit = 4;
    hits = search(contract, &query);
    assert_string_equal(ids_of(contract, &hits), "5 4 3 2");
    query = (struct vector_query){.limit = 2, .also_ids = ids, .also_count = 5};
    hits = search(contract, &query);
    assert_string_equal(ids_of(contract, &hits), "6 5");
}

static void equal_scores_come_by_id(struct contract *contract)
{
    const int32_t ids[] = {4, 2, 9};
    for (int32_t id = 9; id >= 1; id--)
        upsert_one(contract, id, 10, 0.5F);
    struct vector_query query = {.limit = 20, .also_ids = ids, .also_count = 3};
    struct vector_hits hits = search(contract, &query);
    assert_string_equal(ids_of(contract, &hits), "1 2 3 4 5 6 7 8 9");
}

static const char *graph_of(struct contract *contract)
{
    char graph[VECTOR_GRAPH_SIZE];
    struct grove_error error;
    assert_ok(vector_graph(contract->engine, NULL, graph, &error), error);
    const char *copy = arena_strdup(&contract->arena, graph);
    assert_non_null(copy);
    return copy;
}

static void hits_name_their_graph(struct contract *contract)
{
    const int32_t ids[] = {1};
    upsert_one(contract, 1, 10, 0.5F);
    const char *graph = graph_of(contract);
    assert_true(graph[0]);
    struct vector_query query = {.limit = 5, .name_graph = true};
    assert_string_equal(search(contract, &query).graph, graph);
    query.also_ids = ids;
    query.also_count = 1;
    assert_string_equal(search(contract, &query).graph, graph);
    query.exact = true; // no graph answered
    assert_string_equal(search(contract, &query).graph, "");
    query.exact = query.name_graph = false;
    assert_string_equal(search(contract, &query).graph, "");
    upsert_one(contract, 2, 10, 0.5F); // writes leave the graph as it is
    assert_string_equal(graph_of(contract), graph);
}

// As many points as have the real engine build an index at once.
enum { MANY_POINTS = 2000, MANY_ONCE = 1000, FIRST_OF_MANY = 1000, BUILD_WAIT_US = 60000000 };

static void upsert_many(struct contract *contract)
{
    static struct test_vector vectors[MANY_ONCE];
    static struct vector_point points[MANY_ONCE];
    for (int32_t first = 0; first < MANY_POINTS; first += MANY_ONCE) {
        for (int32_t i = 0; i < MANY_ONCE; i++) {
            uint32_t seed = (uint32_t)(first + i);
            for (size_t k = 0; k < VECTOR_DIMENSION; k++)
                vectors[i].numbers[k] = draw(&seed);
            points[i] = make_point(contract, 1, 10, 0);
            points[i].content_id = FIRST_OF_MANY + first + i;
            points[i].vector = vectors[i].numbers;
        }
        upsert(contract, points, MANY_ONCE);
    }
}

// The name of the graph that comes after `before`. Until then there is none, or the old one.
static const char *await_graph(struct contract *contract, const char *before)
{
    int64_t deadline_us = clock_monotonic_us() + BUILD_WAIT_US;
    const char *graph = before;
    while (!graph[0] || strcmp(graph, before) == 0) {
        assert_true(clock_monotonic_us() < deadline_us);
        arena_clear(&contract->arena);
        graph = graph_of(contract);
    }
    return graph;
}

static void a_new_graph_has_a_new_name(struct contract *contract)
{
    struct grove_error error;
    struct fake_ways ways = {.status = "yellow", .short_square_max = FLT_EPSILON};
    char first[VECTOR_GRAPH_SIZE], second[VECTOR_GRAPH_SIZE];
    snprintf(first, sizeof first, "%s", graph_of(contract));
    assert_true(first[0]);
    if (contract->real) {
        upsert_many(contract);
    } else {
        fake_engine_set_ways(contract->fake, &ways);
        assert_string_equal(graph_of(contract), "");
        upsert_many(contract);
        fake_engine_set_graph(contract->fake, "another");
        ways.status[0] = '\0';
        fake_engine_set_ways(contract->fake, &ways);
    }
    snprintf(second, sizeof second, "%s", await_graph(contract, first));
    struct vector_query query = {.limit = 5, .name_graph = true};
    assert_string_equal(search(contract, &query).graph, second);
    lose_collection(contract);
    assert_ok(vector_ensure_collection(contract->engine, NULL, &error), error);
    const char *third = graph_of(contract);
    assert_true(third[0]);
    assert_string_not_equal(third, first);
    assert_string_not_equal(third, second);
}

// --- the collection -----------------------------------------------------------------------------

static void ensuring_changes_nothing(struct contract *contract)
{
    struct grove_error error;
    upsert_one(contract, 1, 10, 0.5F);
    assert_ok(vector_ensure_collection(contract->engine, NULL, &error), error);
    assert_int_equal(revision_of(contract, 1), 10);
}

static void info_tells(struct contract *contract)
{
    struct grove_error error;
    struct vector_info info;
    upsert_one(contract, 1, 10, 0.5F);
    assert_ok(vector_info(contract->engine, NULL, &info, &error), error);
    assert_int_equal(info.points_count, 1);
    assert_true(info.conditional_writes);
    assert_true(info.status[0] && info.version[0]);
}

static void assert_gone(enum grove_code code, const struct grove_error *error)
{
    assert_int_equal(code, GROVE_NOT_FOUND);
    assert_int_equal(error->http_status, 404);
    assert_int_equal(error->origin, GROVE_ORIGIN_QDRANT);
}

static void a_dropped_collection_is_gone(struct contract *contract)
{
    struct grove_error error;
    struct vector_engine *engine = contract->engine;
    struct vector_info info;
    struct vector_state state;
    struct vector_hits hits;
    uint64_t count;
    struct vector_point point = make_point(contract, 1, 10, 0.5F);
    struct vector_query query = {.vector = point.vector, .limit = 1};
    upsert(contract, &point, 1);
    lose_collection(contract);
    assert_gone(vector_info(engine, NULL, &info, &error), &error);
    assert_gone(vector_upsert(engine, NULL, &point, 1, &error), &error);
    assert_gone(vector_remove(engine, NULL, &point.content_id, &point.revision, 1, &error), &error);
    assert_gone(vector_evict(engine, NULL, &(struct vector_state){1, true, 10}, 1, &error), &error);
    assert_gone(vector_search(engine, NULL, &query, &contract->arena, &hits, &error), &error);
    query.also_ids = &point.content_id;
    query.also_count = 1;
    assert_gone(vector_search(engine, NULL, &query, &contract->arena, &hits, &error), &error);
    char graph[VECTOR_GRAPH_SIZE];
    assert_gone(vector_graph(engine, NULL, graph, &error), &error);
    assert_gone(vector_count(engine, NULL, NULL, &count, &error), &error);
    assert_gone(vector_states(engine, NULL, &point.content_id, 1, &state, &error), &error);
    assert_ok(vector_ensure_collection(engine, NULL, &error), error);
    assert_int_equal(count_points(contract, NULL), 0);
}

// --- both engines -------------------------------------------------------------------------------

// --- around the real engine ---------------------------------------------------------------------

static void wrappers_fail_and_record(void **state)
{
    (void)state;
    struct grove_error error;
    struct contract contract = {.real = true};
    struct trace_call call;
    struct vector_engine *real = NULL;
    uint64_t count;
    assert_ok(open_real(COLLECTION, &real, &error), error);
    struct vector_engine *fault = fault_engine_new(real);
    contract.engine = trace_engine_new(fault);
    assert_ok(empty_collection(&contract, &error), error);
    fault_engine_arm(
        fault, &(struct engine_fault){.call = ENGINE_UPSERT, .nth = 1, .code = GROVE_UNAVAILABLE});
    fault_engine_arm(fault,
                     &(struct engine_fault){
                         .call = ENGINE_UPSERT, .nth = 2, .after = true, .code = GROVE_TIMEOUT});
    struct vector_point point = make_point(&contract, 1, 10, 0.5F);
    assert_int_equal(vector_upsert(contract.engine, NULL, &point, 1, &error), GROVE_UNAVAILABLE);
    assert_int_equal(count_points(&contract, NULL), 0); // the real one was not asked
    assert_int_equal(vector_upsert(contract.engine, NULL, &point, 1, &error), GROVE_TIMEOUT);
    assert_ok(vector_count(contract.engine, NULL, NULL, &count, &error), error);
    assert_int_equal(count, 1); // it was, and its answer lost
    upsert_one(&contract, 2, 10, 0.5F);
    assert_int_equal(fault_engine_met(fault), 2);
    assert_int_equal(trace_engine_count(contract.engine, ENGINE_UPSERT), 3);
    assert_int_equal(trace_engine_total(contract.engine), 7);
    assert_true(trace_engine_get(contract.engine, 5, &call));
    assert_int_equal(call.call, ENGINE_UPSERT);
    assert_int_equal(call.code, GROVE_TIMEOUT);
    assert_int_equal(call.content_ids[0], 1);
    vector_engine_free(contract.engine);
}

#define CASES(CASE)                                                                                \
    CASE(an_upsert_is_there)                                                                       \
    CASE(a_higher_revision_replaces)                                                               \
    CASE(the_same_revision_replaces)                                                               \
    CASE(a_late_upsert_loses)                                                                      \
    CASE(one_batch_wins_and_loses)                                                                 \
    CASE(a_removal_removes)                                                                        \
    CASE(a_late_removal_loses)                                                                     \
    CASE(a_removed_point_can_come_again)                                                           \
    CASE(what_was_seen_is_evicted)                                                                 \
    CASE(what_is_no_number_is_refused)                                                             \
    CASE(nothing_to_write_is_fine)                                                                 \
    CASE(hits_come_best_first)                                                                     \
    CASE(lengths_do_not_count)                                                                     \
    CASE(every_length_is_compared)                                                                 \
    CASE(what_has_no_direction_is_refused)                                                         \
    CASE(filters_hold)                                                                             \
    CASE(states_keep_the_order)                                                                    \
    CASE(points_are_compared_besides)                                                              \
    CASE(equal_scores_come_by_id)                                                                  \
    CASE(hits_name_their_graph)                                                                    \
    CASE(a_new_graph_has_a_new_name)                                                               \
    CASE(ensuring_changes_nothing)                                                                 \
    CASE(info_tells)                                                                               \
    CASE(a_dropped_collection_is_gone)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {CASES(CONTRACT_BOTH)
                                           cmocka_unit_test(wrappers_fail_and_record)};
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
