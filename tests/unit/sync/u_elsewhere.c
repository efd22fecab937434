// SPDX-License-Identifier: Apache-2.0
// One database and two collections: who comes back to one compares it, and who does not know that
// the database is projected to the other writes nothing. And handles that were open meanwhile.
#include "histories.h"

#include <string.h>

#include "base/clock.h"

// --- helpers -------------------------------------------------------------------------------------

// A handle, and the engine that it was opened with.
struct handle {
    struct fake_engine *fake;
    char collection[32];
    int64_t known_at_us, looked_at_us;
    char history[VECTOR_HISTORY_SIZE], projected[VECTOR_HISTORY_SIZE];
};

static void free_other(void *state)
{
    struct handle *other = state;
    vector_engine_free(fake_engine_base(other->fake));
}

// One at another collection, or at another engine's of the same name.
static void open_other(struct test_stores *stores, struct handle *ret, const char *collection)
{
    *ret = (struct handle){.fake = fake_engine_new()};
    snprintf(ret->collection, sizeof ret->collection, "%s", collection);
    test_at_end(stores, TEST_LAST, free_other, ret);
}

// The other one is at work from now on; `other` is the one that was.
static void turn_to(struct test_stores *stores, struct handle *other)
{
    struct store *store = &stores->store;
    struct handle now = {.fake = stores->fake,
                         .known_at_us = atomic_load(&store->lineage_known_at_us),
                         .looked_at_us = atomic_load(&store->lineage_looked_at_us)};
    snprintf(now.collection, sizeof now.collection, "%s", store->collection);
    memcpy(now.history, store->history, sizeof now.history);
    memcpy(now.projected, store->projected, sizeof now.projected);
    stores->fake = other->fake;
    store->engine = fake_engine_base(other->fake);
    snprintf(store->collection, sizeof store->collection, "%s", other->collection);
    atomic_store(&store->lineage_known_at_us, other->known_at_us);
    atomic_store(&store->lineage_looked_at_us, other->looked_at_us);
    memcpy(store->history, other->history, sizeof now.history);
    memcpy(store->projected, other->projected, sizeof now.projected);
    store->model_read_at_us = 0;
    *other = now;
}

// As "grove sync" begins.
static void project_here(struct test_stores *stores)
{
    check_well(stores);
    drain(stores);
}

// Nobody bears witness: what was projected last is the same in both.
static void forget_the_witness(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.witness SET content_ids = '{}', revisions = '{}'");
}

static void change_projected(struct test_stores *stores)
{
    change_title(stores);
    drain(stores);
    assert_agreed(stores);
    forget_the_witness(stores);
}

static enum grove_code look(struct test_stores *stores, struct grove_error *error)
{
    return lineage_look(&stores->store, NULL, error);
}

static void let_it_be_looked_again(struct test_stores *stores)
{
    atomic_store(&stores->store.lineage_looked_at_us,
                 clock_monotonic_us() - (int64_t)LINEAGE_LOOK_MS * 1000);
}

// --- in turn -------------------------------------------------------------------------------------

static void go_there_and_back(struct test_stores *stores, const char *collection)
{
    static struct handle other;
    make_projected(stores, 0.5F);
    stores->id = make_projected(stores, 0.6F);
    open_other(stores, &other, collection);
    turn_to(stores, &other);
    project_here(stores); // a collection that is empty gets all of them
    assert_agreed(stores);
    change_projected(stores);
    for (int i = 0; i < 3; i++) {
        int32_t id = stores->id;
        turn_to(stores, &other);
        check_well(stores);
        assert_true(is_doubted(stores));
        assert_int_equal(points_written(stores), 1); // what is equal is not
        assert_agreed(stores);
        stores->id = id;
        change_projected(stores);
    }
}

static void who_comes_back_to_a_collection_compares_it(struct test_stores *stores)
{
    go_there_and_back(stores, "another");
}

static void who_comes_back_to_an_engine_compares_it(struct test_stores *stores)
{
    go_there_and_back(stores, "content_vectors");
}

// It has the mark of the one that it was copied from.
static void a_collection_that_was_copied_is_compared(struct test_stores *stores)
{
    static struct handle other;
    stores->id = make_projected(stores, 0.5F);
    struct engine_copy copy = copy_engine(stores);
    struct vector_mark mark = own_mark(stores);
    change_projected(stores);
    open_other(stores, &other, "another");
    turn_to(stores, &other);
    restore_engine(stores, &copy);
    put_mark(stores, &mark);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_int_equal(own_mark(stores).epoch, mark.epoch + 1);
    drain(stores);
    assert_agreed(stores);
}

// The first ones were those of another name.
static void a_collection_of_before_is_compared(struct test_stores *stores)
{
    static struct handle other;
    stores->id = make_projected(stores, 0.5F);
    struct engine_copy copy = copy_engine(stores);
    open_other(stores, &other, "another");
    turn_to(stores, &other);
    restore_engine(stores, &copy);
    check_well(stores);
    assert_true(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

// --- at the same time ----------------------------------------------------------------------------

static void a_projector_that_was_left_writes_nothing(struct test_stores *stores)
{
    static struct handle other;
    stores->id = make_projected(stores, 0.5F);
    open_other(stores, &other, "another");
    turn_to(stores, &other);
    project_here(stores);
    change_title(stores);
    turn_to(stores, &other); // as it was
    struct grove_error error = step_fails(stores, GROVE_CONFLICT);
    assert_non_null(strstr(error.message, "is projected to another collection by now"));
    assert_true(test_outbox(stores, stores->id).present);
    assert_false(test_outbox(stores, stores->id).leased);
    turn_to(stores, &other);
    drain(stores);
    assert_agreed(stores);
}

static void begin_elsewhere(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.lineage SET epoch = epoch + 1, history = grove.new_history(),"
                     " written = pg_current_xact_id()::xid");
}

// It has leased, and written, before the database went elsewhere.
static void what_was_written_elsewhere_is_not_done(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    TEST_AT(stores, PROJECTOR_SEEN, begin_elsewhere);
    step(stores);
    assert_true(test_outbox(stores, stores->id).present);
    assert_false(test_outbox(stores, stores->id).leased);
    assert_int_equal(fake_engine_points(stores->fake), 1);
}

// --- who only asks -------------------------------------------------------------------------------

static void who_only_asks_takes_no_collection(struct test_stores *stores)
{
    static struct handle other;
    struct grove_error error;
    stores->id = make_projected(stores, 0.5F);
    open_other(stores, &other, "another");
    turn_to(stores, &other);
    project_here(stores);
    struct vector_mark mark = own_mark(stores);
    turn_to(stores, &other);
    open_anew(stores);
    assert_int_equal(look(stores, &error), GROVE_UNAVAILABLE);
    assert_true(vector_failed(&error)); // PostgreSQL compares
    assert_non_null(strstr(error.message, "\"content_vectors\""));
    struct vector_mark now = own_mark(stores);
    assert_true(vector_mark_equal(&mark, &now));
    assert_null(test_sql_text(stores, "SELECT doubt FROM grove.lineage"));
    project_here(stores); // who projects does
    assert_ok(look(stores, &error), error);
    assert_agreed(stores);
}

// It was open all the time, and the engines' collections have one name.
static void who_was_left_asks_no_more(struct test_stores *stores)
{
    static struct handle other;
    struct grove_error error;
    make_projected(stores, 0.5F);
    open_other(stores, &other, "content_vectors");
    turn_to(stores, &other);
    project_here(stores);
    turn_to(stores, &other);
    assert_ok(store_refresh_model(&stores->store, NULL, &error), error); // as each search does
    assert_int_equal(look(stores, &error), GROVE_UNAVAILABLE);
    turn_to(stores, &other);
    assert_ok(look(stores, &error), error);
}

// --- a handle that is open -----------------------------------------------------------------------

static void an_open_handle_notices_an_older_engine(struct test_stores *stores)
{
    struct grove_error error;
    make_projected(stores, 0.5F);
    struct engine_copy copy = copy_engine(stores);
    make_projected(stores, 0.6F);
    assert_ok(look(stores, &error), error);
    unsigned long asked = fake_engine_calls(stores->fake, ENGINE_MARKS);
    restore_engine(stores, &copy);
    assert_ok(look(stores, &error), error);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_MARKS), asked); // for some seconds
    let_it_be_looked_again(stores);
    assert_ok(look(stores, &error), error);
    assert_true(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

static void an_open_projector_notices_an_older_engine(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    struct engine_copy copy = copy_engine(stores);
    make_projected(stores, 0.6F);
    restore_engine(stores, &copy);
    make_row(stores, 0.7F);
    let_it_be_looked_again(stores);
    atomic_store(&stores->store.lineage_known_at_us,
                 clock_monotonic_us() - (int64_t)LINEAGE_AGE_MS * 1000);
    drain(stores);
    assert_agreed(stores);
}

static void an_open_handle_notices_who_took_the_collection(struct test_stores *stores)
{
    struct grove_error error;
    struct vector_mark another = own_mark(stores);
    make_projected(stores, 0.5F);
    memset(another.identity, 'a', sizeof another.identity - 1);
    memset(another.place, 'b', sizeof another.place - 1);
    put_mark(stores, &another);
    let_it_be_looked_again(stores);
    assert_int_equal(look(stores, &error), GROVE_CONFLICT);
    assert_int_equal(look(stores, &error), GROVE_CONFLICT); // it stays so
}

// It took another's, and is the same database as before to its own.
static void who_took_anothers_comes_back_and_compares(struct test_stores *stores)
{
    static struct handle other;
    struct grove_error error;
    make_projected(stores, 0.5F);
    struct vector_mark own = own_mark(stores), anothers = own;
    memset(anothers.identity, 'a', sizeof anothers.identity - 1);
    memset(anothers.place, 'b', sizeof anothers.place - 1);
    open_other(stores, &other, "another");
    turn_to(stores, &other);
    put_mark(stores, &anothers);
    assert_ok(lineage_take(&stores->store, NULL, &error), error);
    assert_string_equal(own_mark(stores).identity, own.identity);
    assert_int_equal(own_mark(stores).epoch, own.epoch + 1);
    drain(stores);
    assert_agreed(stores);
    turn_to(stores, &other);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_int_equal(points_written(stores), 0);
    assert_agreed(stores);
}

// --- after a break -------------------------------------------------------------------------------

// A change is lost as the database is put back. What the database makes of the content then has the
// revision that the lost one had; what the collection was with it is in `ret`.
static struct vector_mark lose_a_change(struct test_stores *stores, int epochs,
                                        struct engine_copy *ret)
{
    stores->id = make_projected(stores, 0.5F);
    dump_database(stores);
    for (int i = 0; i < 5; i++)
        change_words(stores);
    int64_t drawn = test_sql_int(stores, "SELECT last_value FROM grove.revision_seq");
    change_words(stores);
    drain(stores);
    struct vector_mark mark = own_mark(stores);
    mark.epoch += epochs;
    if (epochs > 0)
        memset(mark.history, 'f', sizeof mark.history - 1);
    *ret = copy_engine(stores);
    put_mark(stores, &mark);
    restore_database(stores);
    project_here(stores);
    test_sql(stores,
             "SELECT setval('grove.revision_seq', greatest(last_value, %lld))"
             " FROM grove.revision_seq",
             (long long)drawn);
    test_sql(stores, "UPDATE content_metadata SET word_count = 777 WHERE id = %d", stores->id);
    drain(stores);
    assert_int_equal(fake_engine_revision(stores->fake, stores->id), ret->points[0].revision);
    return mark;
}

static void assert_written_over(struct test_stores *stores)
{
    struct fake_point point;
    project_here(stores);
    assert_true(fake_engine_get(stores->fake, stores->id, &point));
    assert_int_equal(point.word_count, 777);
    assert_agreed(stores);
}

static void what_was_lost_is_not_taken_for_what_came_after(struct test_stores *stores)
{
    struct engine_copy lost;
    struct vector_mark mark = lose_a_change(stores, 0, &lost);
    restore_engine(stores, &lost);
    put_mark(stores, &mark);
    assert_written_over(stores);
}

// What was lost had come to more epochs than what was kept.
static void what_was_lost_is_told_by_the_epoch_that_outranks_it(struct test_stores *stores)
{
    struct engine_copy lost;
    struct vector_mark mark = lose_a_change(stores, 5, &lost);
    assert_int_equal(own_mark(stores).epoch, mark.epoch + 1);
    restore_engine(stores, &lost);
    put_mark(stores, &mark);
    assert_written_over(stores);
}

static void a_snapshot_of_what_was_lost_is_written_over(struct test_stores *stores)
{
    struct engine_copy lost;
    struct vector_mark mark = lose_a_change(stores, 0, &lost);
    restore_engine(stores, &lost);
    fake_engine_set_mark(stores->fake, &mark, true); // beside that of now
    open_anew(stores);
    assert_written_over(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(who_comes_back_to_a_collection_compares_it),
        STORES_TEST(who_comes_back_to_an_engine_compares_it),
        STORES_TEST(a_collection_that_was_copied_is_compared),
        STORES_TEST(a_collection_of_before_is_compared),
        STORES_TEST(a_projector_that_was_left_writes_nothing),
        STORES_TEST(what_was_written_elsewhere_is_not_done),
        STORES_TEST(who_only_asks_takes_no_collection),
        STORES_TEST(who_was_left_asks_no_more),
        STORES_TEST(an_open_handle_notices_an_older_engine),
        STORES_TEST(an_open_projector_notices_an_older_engine),
        STORES_TEST(an_open_handle_notices_who_took_the_collection),
        STORES_TEST(who_took_anothers_comes_back_and_compares),
        STORES_TEST(what_was_lost_is_not_taken_for_what_came_after),
        STORES_TEST(what_was_lost_is_told_by_the_epoch_that_outranks_it),
        STORES_TEST(a_snapshot_of_what_was_lost_is_written_over),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
