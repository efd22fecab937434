// SPDX-License-Identifier: Apache-2.0
// That the engines of the tests do wrong what they are told to, and nothing else: a fault that is
// not met would let a test pass that proves nothing.
#include "../../support/fault_engine.h"
#include "../../support/stores.h"
#include "../../support/thread.h"
#include "../../support/trace_engine.h"

// --- helpers ------------------------------------------------------------------------------------

static enum grove_code upsert(struct test_stores *stores, int32_t id, int64_t revision)
{
    struct grove_error error;
    struct test_vector vector = test_toward(0.5F, (unsigned)id);
    const struct vector_point point = {.content_id = id,
                                       .revision = revision,
                                       .hierarchy_table = text_of("subject1_hierarchy"),
                                       .content_type = text_of("Article"),
                                       .chunk_number = VECTOR_NONE,
                                       .word_count = VECTOR_NONE,
                                       .created_at_us = VECTOR_NONE,
                                       .vector = vector.numbers};
    return vector_upsert(stores->store.engine, NULL, &point, 1, &error);
}

static void fault(struct test_stores *stores, enum fake_fault_kind kind, unsigned long nth)
{
    fake_engine_fault(stores->fake,
                      &(struct fake_fault){.call = ENGINE_UPSERT, .kind = kind, .nth = nth});
}

static const char *hits_of(struct test_stores *stores, bool exact)
{
    struct grove_error error;
    struct vector_hits hits;
    struct test_vector query = test_toward(1, 0);
    const struct vector_query asked = {.vector = query.numbers, .limit = 10, .exact = exact};
    assert_ok(vector_search(stores->store.engine, NULL, &asked, &stores->arena, &hits, &error),
              error);
    const char *ids = "";
    for (size_t i = 0; i < hits.count; i++)
        ids =
            arena_printf(&stores->arena, "%s%s%d", ids, i > 0 ? " " : "", hits.items[i].content_id);
    return ids;
}

// --- faults of writes ---------------------------------------------------------------------------

static void a_refusal_does_nothing(struct test_stores *stores)
{
    struct grove_error error;
    uint64_t count;
    fault(stores, FAKE_REFUSE, 2);
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_int_equal(upsert(stores, 2, 1), GROVE_UNAVAILABLE);
    assert_int_equal(upsert(stores, 3, 1), GROVE_OK);
    assert_int_equal(fake_engine_revision(stores->fake, 2), FAKE_NO_POINT);
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_COUNT,
                                                         .kind = FAKE_REFUSE,
                                                         FAKE_STRICT_MODE,
                                                         .message = "too much"});
    for (int i = 0; i < 2; i++) // nth 0: always
        assert_int_equal(vector_count(stores->store.engine, NULL, NULL, &count, &error),
                         GROVE_INVALID);
    assert_int_equal(error.http_status, 400);
    assert_int_equal(error.origin, GROVE_ORIGIN_QDRANT);
    assert_string_equal(error.message, "too much");
}

static void a_refusal_may_be_of_one_content(struct test_stores *stores)
{
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_UPSERT,
                                                         .kind = FAKE_REFUSE,
                                                         .content_id = 2,
                                                         FAKE_TOO_LARGE});
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_int_equal(upsert(stores, 2, 1), GROVE_INVALID);
}

static void what_is_lost_is_answered_with_ok(struct test_stores *stores)
{
    fault(stores, FAKE_LOSE, 1);
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_int_equal(fake_engine_points(stores->fake), 0);
    assert_int_equal(fake_engine_settle(stores->fake), 0);
}

static void what_is_delayed_comes_later(struct test_stores *stores)
{
    fault(stores, FAKE_DELAY, 1);
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_int_equal(fake_engine_points(stores->fake), 0);
    assert_int_equal(upsert(stores, 1, 2), GROVE_OK);
    assert_int_equal(fake_engine_settle(stores->fake), 1);
    assert_int_equal(fake_engine_revision(stores->fake, 1), 2); // it lost
    fake_engine_clear_faults(stores->fake);
    fault(stores, FAKE_DELAY, 0);
    assert_int_equal(upsert(stores, 1, 3), GROVE_OK);
    assert_int_equal(fake_engine_settle(stores->fake), 1);
    assert_int_equal(fake_engine_revision(stores->fake, 1), 3);
}

static void a_copy_comes_later(struct test_stores *stores)
{
    fault(stores, FAKE_DUPLICATE, 1);
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_int_equal(fake_engine_points(stores->fake), 1);
    fake_engine_take(stores->fake, 1);
    assert_int_equal(fake_engine_settle(stores->fake), 1);
    assert_int_equal(fake_engine_points(stores->fake), 1);
}

static void an_answer_is_lost(struct test_stores *stores)
{
    fault(stores, FAKE_ANSWER_LOST, 1);
    assert_int_equal(upsert(stores, 1, 1), GROVE_UNAVAILABLE);
    assert_int_equal(fake_engine_points(stores->fake), 1);
}

struct writer {
    struct test_stores *stores;
    enum grove_code code;
    atomic_bool answered;
};

static void write_one(void *state)
{
    struct writer *writer = state;
    writer->code = upsert(writer->stores, 1, 1);
    atomic_store(&writer->answered, true);
}

static void answer_late(struct test_stores *stores, enum fake_fault_kind kind, enum grove_code code,
                        size_t points)
{
    struct writer writer = {.stores = stores};
    fault(stores, kind, 1);
    struct test_thread *thread = test_thread_start(stores, write_one, &writer);
    fake_engine_await(stores->fake, 1);
    assert_int_equal(fake_engine_points(stores->fake), points);
    assert_false(atomic_load(&writer.answered));
    fake_engine_release(stores->fake);
    test_thread_join(thread);
    assert_int_equal(writer.code, code);
}

static void an_answer_is_late(struct test_stores *stores)
{
    answer_late(stores, FAKE_ANSWER_LATE, GROVE_OK, 1);
}

static void no_answer_comes_before_the_test_says_so(struct test_stores *stores)
{
    answer_late(stores, FAKE_HANG, GROVE_UNAVAILABLE, 0);
}

// --- ways ---------------------------------------------------------------------------------------

static void write_between(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    (void)event;
    fake_engine_set_hooks(stores->fake, NULL);
    assert_int_equal(upsert(stores, 1, 9), GROVE_OK);
}

static void the_last_writer_wins_on_old_servers(struct test_stores *stores)
{
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.last_writer_wins = true});
    assert_int_equal(upsert(stores, 1, 5), GROVE_OK);
    assert_int_equal(upsert(stores, 1, 4), GROVE_OK); // it looks, and sees a newer one
    assert_int_equal(fake_engine_revision(stores->fake, 1), 5);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.looked = write_between, .state = stores});
    assert_int_equal(upsert(stores, 1, 6), GROVE_OK);
    assert_int_equal(fake_engine_revision(stores->fake, 1), 6); // 9 came between
}

static void a_point_without_a_revision_stays(struct test_stores *stores)
{
    struct grove_error error;
    const int32_t id = 1;
    const int64_t revision = INT32_MAX;
    fake_engine_put(stores->fake, &(struct fake_point){.id = 1, .revision = VECTOR_NONE});
    assert_int_equal(upsert(stores, 1, 7), GROVE_OK);
    assert_ok(vector_remove(stores->store.engine, NULL, &id, &revision, 1, &error), error);
    assert_int_equal(fake_engine_revision(stores->fake, 1), VECTOR_NONE);
}

static void islands_strangers_and_ties(struct test_stores *stores)
{
    const int32_t island[] = {2};
    uint64_t count;
    struct grove_error error;
    for (int32_t id = 1; id <= 3; id++)
        assert_int_equal(upsert(stores, id, 1), GROVE_OK);
    struct fake_point stranger = {.id = (int64_t)INT32_MAX + 1, .revision = VECTOR_NONE};
    stranger.vector[0] = 1;
    fake_engine_put(stores->fake, &stranger);
    assert_string_equal(hits_of(stores, false), "1 2 3");
    fake_engine_hide(stores->fake, island, 1);
    assert_string_equal(hits_of(stores, false), "1 3");
    assert_string_equal(hits_of(stores, true), "1 2 3");
    fake_engine_set_ways(stores->fake,
                         &(struct fake_ways){.ties_backwards = true, .count_off_by = 5});
    assert_string_equal(hits_of(stores, true), "3 2 1");
    assert_ok(vector_count(stores->store.engine, NULL, NULL, &count, &error), error);
    assert_int_equal(count, 4 + 5);
    fake_engine_show_all(stores->fake);
    assert_string_equal(hits_of(stores, false), "3 2 1");
    assert_true(fake_engine_check(stores->fake));
}

static void a_graph_has_the_name_that_the_test_gives(struct test_stores *stores)
{
    const int32_t island[] = {2}, others[] = {7, 2};
    char graph[VECTOR_GRAPH_SIZE];
    struct vector_hits hits;
    struct grove_error error;
    struct test_vector toward = test_toward(1, 0);
    struct vector_query query = {.vector = toward.numbers,
                                 .limit = 10,
                                 .also_ids = others,
                                 .also_count = 1,
                                 .name_graph = true};
    struct vector_engine *engine = stores->store.engine;
    for (int32_t id = 1; id <= 3; id++)
        assert_int_equal(upsert(stores, id, 1), GROVE_OK);
    fake_engine_hide(stores->fake, island, 1);
    fake_engine_set_graph(stores->fake, "examined");
    assert_ok(vector_search(engine, NULL, &query, &stores->arena, &hits, &error), error);
    assert_int_equal(hits.count, 2); // an island that is not listed
    assert_string_equal(hits.graph, "examined");
    query.also_count = 2;
    assert_ok(vector_search(engine, NULL, &query, &stores->arena, &hits, &error), error);
    assert_int_equal(hits.count, 3);
    assert_ok(vector_graph(engine, NULL, graph, &error), error);
    assert_string_equal(graph, "examined");
    fake_engine_fault(
        stores->fake,
        &(struct fake_fault){.call = ENGINE_GRAPH, .kind = FAKE_REFUSE, .nth = 1, FAKE_SILENT});
    assert_int_equal(vector_graph(engine, NULL, graph, &error), GROVE_TIMEOUT);
    fake_engine_set_ways(stores->fake, &(struct fake_ways){.status = "yellow"});
    assert_ok(vector_graph(engine, NULL, graph, &error), error);
    assert_string_equal(graph, "");
    assert_ok(vector_search(engine, NULL, &query, &stores->arena, &hits, &error), error);
    assert_string_equal(hits.graph, "examined"); // it answers meanwhile
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_GRAPH), 3);
}

static void a_digest_sees_every_part(struct test_stores *stores)
{
    char before[SHA256_HEX_SIZE], after[SHA256_HEX_SIZE];
    struct fake_point point, changed;
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_true(fake_engine_get(stores->fake, 1, &point));
    fake_engine_digest(stores->fake, before);
    const struct {
        size_t offset;
    } parts[] = {
        {offsetof(struct fake_point, revision)},     {offsetof(struct fake_point, leaf_id)},
        {offsetof(struct fake_point, content_type)}, {offsetof(struct fake_point, word_count)},
        {offsetof(struct fake_point, chunk_number)}, {offsetof(struct fake_point, created_at_us)},
        {offsetof(struct fake_point, vector)},       {offsetof(struct fake_point, hierarchy_table)},
        {offsetof(struct fake_point, branch_id)},    {offsetof(struct fake_point, limb_id)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        changed = point;
        ((unsigned char *)&changed)[parts[i].offset] ^= 1;
        fake_engine_put(stores->fake, &changed);
        fake_engine_digest(stores->fake, after);
        if (strcmp(before, after) == 0)
            fail_msg("part %zu is not in the digest", i);
    }
    fake_engine_put(stores->fake, &point);
    fake_engine_digest(stores->fake, after);
    assert_string_equal(before, after);
}

// --- the wrappers -------------------------------------------------------------------------------

static void faults_come_from_the_environment(struct test_stores *stores)
{
    struct grove_error error;
    setenv("GROVE_ENGINE_FAULTS", "upsert@2=after:timeout,ensure=before:denied,graph=after:engine",
           1);
    struct fake_engine *fake = fake_engine_new();
    test_stores_use_engine(stores, fault_engine_new(fake_engine_base(fake)));
    unsetenv("GROVE_ENGINE_FAULTS");
    assert_int_equal(upsert(stores, 1, 1), GROVE_OK);
    assert_int_equal(upsert(stores, 2, 1), GROVE_TIMEOUT);
    assert_int_equal(upsert(stores, 3, 1), GROVE_OK);
    assert_int_equal(fake_engine_points(fake), 3);
    assert_int_equal(vector_ensure_collection(stores->store.engine, NULL, &error), GROVE_DENIED);
    char graph[VECTOR_GRAPH_SIZE];
    assert_int_equal(vector_graph(stores->store.engine, NULL, graph, &error), GROVE_ENGINE);
    assert_int_equal(fault_engine_met(stores->store.engine), 3);
    fault_engine_disarm(stores->store.engine);
    assert_ok(vector_ensure_collection(stores->store.engine, NULL, &error), error);
}

static void a_trace_keeps_the_last_calls(struct test_stores *stores)
{
    struct trace_call call;
    test_stores_use_engine(stores, trace_engine_new(fake_engine_base(fake_engine_new())));
    struct vector_engine *engine = stores->store.engine;
    for (int32_t id = 1; id <= TRACE_CALLS_MAX + 1; id++)
        assert_int_equal(upsert(stores, id, id), GROVE_OK);
    hits_of(stores, true);
    assert_int_equal(trace_engine_total(engine), TRACE_CALLS_MAX + 2);
    assert_false(trace_engine_get(engine, 2, &call));
    assert_true(trace_engine_get(engine, 3, &call));
    assert_int_equal(call.content_ids[0], 3);
    assert_true(trace_engine_get(engine, TRACE_CALLS_MAX + 2, &call));
    assert_true(call.call == ENGINE_SEARCH && call.exact);
    assert_int_equal(call.count, 10);
    assert_false(trace_engine_get(engine, TRACE_CALLS_MAX + 3, &call));
    struct grove_error error;
    char graph[VECTOR_GRAPH_SIZE];
    assert_ok(vector_graph(engine, NULL, graph, &error), error);
    assert_true(trace_engine_get(engine, TRACE_CALLS_MAX + 3, &call));
    assert_true(call.call == ENGINE_GRAPH && call.graph[0]);
    assert_string_equal(call.graph, graph);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_refusal_does_nothing),
        STORES_TEST(a_refusal_may_be_of_one_content),
        STORES_TEST(what_is_lost_is_answered_with_ok),
        STORES_TEST(what_is_delayed_comes_later),
        STORES_TEST(a_copy_comes_later),
        STORES_TEST(an_answer_is_lost),
        STORES_TEST(an_answer_is_late),
        STORES_TEST(no_answer_comes_before_the_test_says_so),
        STORES_TEST(the_last_writer_wins_on_old_servers),
        STORES_TEST(a_point_without_a_revision_stays),
        STORES_TEST(islands_strangers_and_ties),
        STORES_TEST(a_graph_has_the_name_that_the_test_gives),
        STORES_TEST(a_digest_sees_every_part),
        STORES_TEST(faults_come_from_the_environment),
        STORES_TEST(a_trace_keeps_the_last_calls),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
