// SPDX-License-Identifier: Apache-2.0
#include "histories.h"

struct vector_mark own_mark(struct test_stores *stores)
{
    struct vector_mark mark = {.epoch = test_sql_int(stores, "SELECT epoch FROM grove.lineage")};
    snprintf(mark.identity, sizeof mark.identity, "%s",
             test_sql_text(stores, "SELECT replace(identity::text, '-', '') FROM grove.lineage"));
    snprintf(mark.history, sizeof mark.history, "%s",
             test_sql_text(stores, "SELECT history FROM grove.lineage"));
    snprintf(mark.place, sizeof mark.place, "%s",
             test_sql_text(stores, "SELECT substr(md5((SELECT system_identifier"
                                   " FROM pg_control_system()) || '/' || current_database()),"
                                   " 1, 16)"));
    return mark;
}

void open_anew(struct test_stores *stores)
{
    atomic_store(&stores->store.lineage_known_at_us, 0);
    atomic_store(&stores->store.lineage_looked_at_us, 0);
    pthread_mutex_lock(&stores->store.model_mutex);
    stores->store.model_read_at_us = 0;
    stores->store.history[0] = '\0';
    stores->store.projected[0] = '\0';
    pthread_mutex_unlock(&stores->store.model_mutex);
}

enum grove_code check_lineage(struct test_stores *stores, struct grove_error *error)
{
    open_anew(stores);
    return lineage_check(&stores->store, NULL, error);
}

void check_well(struct test_stores *stores)
{
    struct grove_error error;
    assert_ok(check_lineage(stores, &error), error);
}

bool is_doubted(struct test_stores *stores)
{
    char doubt[STORE_DOUBT_SIZE];
    return store_is_doubted(&stores->store, doubt);
}

void put_mark(struct test_stores *stores, const struct vector_mark *mark)
{
    struct vector_marks old = fake_engine_marks(stores->fake);
    for (size_t i = 0; i < old.count; i++)
        fake_engine_set_mark(stores->fake, &old.items[i], false);
    if (mark)
        fake_engine_set_mark(stores->fake, mark, true);
}

int32_t make_projected(struct test_stores *stores, float cosine)
{
    int32_t id = make_row(stores, cosine);
    drain(stores);
    return id;
}

static const char *const dumped[] = {"grove.lineage", "grove.witness",          "grove.setting",
                                     "grove.outbox",  "grove.content_state",    "grove.embedding",
                                     "grove.body",    "public.content_metadata"};

void dump_database(struct test_stores *stores)
{
    test_sql(stores, "CREATE SCHEMA dump; CREATE TABLE dump.seq AS SELECT last_value"
                     " FROM grove.revision_seq");
    for (size_t i = 0; i < ARRAY_COUNT(dumped); i++)
        test_sql(stores, "CREATE TABLE dump.t%zu AS TABLE %s", i, dumped[i]);
}

void restore_database(struct test_stores *stores)
{
    test_sql(
        stores,
        "SET session_replication_role = replica; TRUNCATE grove.body, grove.chunk, grove.long_text,"
        " public.content_metadata");
    for (size_t i = 0; i < ARRAY_COUNT(dumped); i++)
        test_sql(stores, "DELETE FROM %s; INSERT INTO %s TABLE dump.t%zu", dumped[i], dumped[i], i);
    test_sql(stores, "RESET session_replication_role;"
                     "SELECT setval('grove.revision_seq', last_value) FROM dump.seq");
}

struct engine_copy copy_engine(struct test_stores *stores)
{
    struct engine_copy copy = {.count = 0};
    for (int32_t id = 1; id <= 16; id++)
        if (fake_engine_get(stores->fake, id, &copy.points[copy.count]))
            copy.count++;
    return copy;
}

void restore_engine(struct test_stores *stores, const struct engine_copy *copy)
{
    for (int32_t id = 1; id <= 16; id++)
        fake_engine_take(stores->fake, id);
    for (size_t i = 0; i < copy->count; i++)
        fake_engine_put(stores->fake, &copy->points[i]);
}

static void count_points(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call == ENGINE_UPSERT)
        stores->id += (int32_t)event->count;
}

int32_t points_written(struct test_stores *stores)
{
    stores->id = 0;
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = count_points, .state = stores});
    drain(stores);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){NULL});
    return stores->id;
}
