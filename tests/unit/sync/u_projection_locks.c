// SPDX-License-Identifier: Apache-2.0
// A projector holds no lock in PostgreSQL while the model or the engine works.
#include "projecting.h"

#include "pg/pg.h"

struct writer {
    struct pg_conn *conn;
    enum grove_code code;
};

// Called within the engine's call. A lock that somebody holds would be waited for in vain.
static void write_meanwhile(void *state, const struct engine_event *event)
{
    struct writer *writer = state;
    struct grove_error error;
    if (event->call == ENGINE_UPSERT)
        writer->code =
            pg_exec(writer->conn,
                    "SET lock_timeout = '2s'; UPDATE content_metadata SET title = 'b'", &error);
}

static void a_writer_goes_on_while_the_engine_works(struct test_stores *stores)
{
    struct writer writer = {.conn = test_session(stores), .code = GROVE_INTERNAL};
    test_content(stores, &(struct test_content){.title = "a"}); // its vector is computed and kept
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.before = write_meanwhile, .state = &writer});
    step(stores);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.before = NULL});
    assert_int_equal(writer.code, GROVE_OK);
    drain(stores);
    assert_agreed(stores);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_writer_goes_on_while_the_engine_works),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
