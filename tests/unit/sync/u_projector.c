// SPDX-License-Identifier: Apache-2.0
// What a projector does with rows, on a real PostgreSQL and an engine that the test owns.
#include "../../support/stores.h"

#include "sync/projector.h"

static void a_row_is_projected(struct test_stores *stores)
{
    struct projector_report report = {0};
    struct grove_error error;
    bool idle;
    int32_t id = test_content(stores, &(struct test_content){.title = "a", .words = 3});
    test_vector_give(stores, id, test_toward(0.5F, 1).numbers);
    assert_ok(projector_step(&stores->store, &report, &idle, &error), error);
    assert_false(idle);
    assert_int_equal(report.upserted, 1);
    assert_int_equal(report.embedded, 0);
    assert_false(test_outbox(stores, id).present);
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    assert_int_equal(point.revision, test_revision(stores, id));
    assert_int_equal(point.word_count, 3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_row_is_projected),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
