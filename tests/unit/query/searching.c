// SPDX-License-Identifier: Apache-2.0
#include "searching.h"

int32_t make_row(struct test_stores *stores, float cosine)
{
    int32_t id = test_content(stores, &(struct test_content){.words = 3});
    test_vector_give(stores, id, test_toward(cosine, (unsigned)id).numbers);
    return id;
}

void project(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    assert_ok(
        projector_drain(&stores->store, NULL, &(struct projector_patience){0}, &report, &error),
        error);
}

void project_behind_the_search(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call != ENGINE_SEARCH)
        return;
    fake_engine_set_hooks(stores->fake, NULL);
    project(stores);
}

static void free_result(void *state)
{
    grove_result_free(state);
}

void keep_result(struct test_stores *stores, struct grove_result *result)
{
    test_at_end(stores, TEST_LAST, free_result, result);
}

const struct grove_result *search_as(struct test_stores *stores,
                                     struct grove_search_request request)
{
    struct grove_result *result;
    struct grove_error error;
    struct test_vector query = test_toward(1, 0);
    request.vector = query.numbers;
    request.explain = true;
    assert_ok(query_search(&stores->store, NULL, &request, &result, &error), error);
    keep_result(stores, result);
    return result;
}

const struct grove_result *search(struct test_stores *stores, unsigned limit)
{
    return search_as(stores, (struct grove_search_request){.limit = limit});
}

void assert_ids(struct test_stores *stores, const struct grove_result *result, const char *wanted)
{
    const char *ids = "";
    for (size_t i = 0; i < result->row_count; i++)
        ids = arena_printf(&stores->arena, "%s%s%d", ids, i > 0 ? " " : "",
                           result->rows[i].content_id);
    assert_string_equal(ids, wanted);
}
