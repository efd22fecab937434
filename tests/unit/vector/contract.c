// SPDX-License-Identifier: Apache-2.0
#include "contract.h"

#include "../../support/postgres.h"
#include "../../support/trace_engine.h"

#include "vector/http.h"
#include "vector/private.h"
#include "vector/qdrant.h"

void lose_collection(struct contract *contract)
{
    const struct home *home;
    char socket_path[PATH_MAX];
    struct http_client *client;
    struct http_reply reply;
    struct grove_error error;
    if (!contract->real) {
        fake_engine_lose_collection(contract->fake);
        return;
    }
    assert_ok(test_home(&home, &error), error);
    vector_server_socket(home, socket_path);
    assert_ok(
        http_client_new(&(struct qdrant_options){.socket_path = socket_path}, &client, &error),
        error);
    const struct http_request request = {.method = "DELETE", .path = "/collections/" COLLECTION};
    assert_ok(http_send(client, NULL, &request, &reply, &error), error);
    http_reply_release(&reply);
    http_client_free(client);
}

struct vector_point make_point(struct contract *contract, int32_t id, int64_t revision,
                               float cosine)
{
    assert_in_range(id, 1, ARRAY_COUNT(contract->vectors) - 1);
    contract->vectors[id] = test_toward(cosine, (unsigned)id);
    return (struct vector_point){.content_id = id,
                                 .revision = revision,
                                 .hierarchy_table = text_of(TABLE_1),
                                 .leaf_id = 1,
                                 .content_type = text_of("Article"),
                                 .chunk_number = 1,
                                 .word_count = VECTOR_NONE,
                                 .created_at_us = VECTOR_NONE,
                                 .vector = contract->vectors[id].numbers};
}

void upsert(struct contract *contract, const struct vector_point *points, size_t count)
{
    struct grove_error error;
    assert_ok(vector_upsert(contract->engine, NULL, points, count, &error), error);
}

void upsert_one(struct contract *contract, int32_t id, int64_t revision, float cosine)
{
    struct vector_point point = make_point(contract, id, revision, cosine);
    upsert(contract, &point, 1);
}

int64_t count_points(struct contract *contract, const struct vector_filter *filter)
{
    uint64_t count;
    struct grove_error error;
    assert_ok(vector_count(contract->engine, NULL, filter, &count, &error), error);
    return (int64_t)count;
}

int64_t revision_of(struct contract *contract, int32_t id)
{
    struct vector_state state;
    struct grove_error error;
    assert_ok(vector_states(contract->engine, NULL, &id, 1, &state, &error), error);
    assert_int_equal(state.content_id, id);
    return state.present ? state.revision : -1;
}

struct vector_hits search(struct contract *contract, const struct vector_query *query)
{
    struct vector_hits hits;
    struct grove_error error;
    struct test_vector toward = test_toward(1, 0);
    struct vector_query asked = *query;
    if (!asked.vector)
        asked.vector = toward.numbers;
    assert_ok(vector_search(contract->engine, NULL, &asked, &contract->arena, &hits, &error),
              error);
    return hits;
}

const char *ids_of(struct contract *contract, const struct vector_hits *hits)
{
    const char *text = "";
    for (size_t i = 0; i < hits->count; i++)
        text = arena_printf(&contract->arena, "%s%s%d", text, i > 0 ? " " : "",
                            hits->items[i].content_id);
    return text;
}

const char *found(struct contract *contract, const struct vector_filter *filter)
{
    struct vector_hits hits =
        search(contract, &(struct vector_query){.filter = filter, .limit = 50, .exact = true});
    assert_int_equal(count_points(contract, filter), hits.count);
    return ids_of(contract, &hits);
}

enum grove_code open_real(const char *collection, struct vector_engine **ret,
                          struct grove_error *error)
{
    const struct home *home;
    char socket_path[PATH_MAX];
    enum grove_code code = test_home(&home, error);
    if (code == GROVE_OK)
        code = vector_server_start(home, NULL, error);
    if (code != GROVE_OK)
        return code;
    vector_server_socket(home, socket_path);
    return qdrant_open(
        &(struct qdrant_options){.socket_path = socket_path, .collection = collection}, ret, error);
}

enum grove_code empty_collection(struct contract *contract, struct grove_error *error)
{
    int32_t ids[ARRAY_COUNT(contract->vectors)];
    int64_t revisions[ARRAY_COUNT(contract->vectors)];
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        ids[i] = (int32_t)i;
        revisions[i] = INT32_MAX;
    }
    enum grove_code code = vector_ensure_collection(contract->engine, NULL, error);
    return code == GROVE_OK
               ? vector_remove(contract->engine, NULL, ids, revisions, ARRAY_COUNT(ids), error)
               : code;
}

int contract_set_up(void **state)
{
    struct contract *contract = *state;
    struct grove_error error;
    arena_init(&contract->arena, 1 << 20);
    if (!contract->real) {
        contract->fake = fake_engine_new();
        contract->engine = trace_engine_new(fake_engine_base(contract->fake));
        return 0;
    }
    struct vector_engine *engine = NULL;
    enum grove_code code = open_real(COLLECTION, &engine, &error);
    if (code == GROVE_OK) {
        contract->engine = trace_engine_new(engine);
        code = empty_collection(contract, &error);
    }
    if (code != GROVE_OK)
        print_error("no engine: %s; %s\n", error.message, error.detail);
    return code == GROVE_OK ? 0 : -1;
}

void contract_run(void **state)
{
    struct contract *contract = *state;
    contract->ask(contract);
    contract->passed = true;
}

int contract_tear_down(void **state)
{
    struct contract *contract = *state;
    if (contract->engine && !contract->passed)
        trace_engine_print(contract->engine);
    vector_engine_free(contract->engine);
    arena_release(&contract->arena);
    return 0;
}
