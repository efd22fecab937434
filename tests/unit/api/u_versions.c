// SPDX-License-Identifier: Apache-2.0
// Programs that were compiled with another version of grove/grove.h: what they have no room for is
// not written, what they know and the library does not is zero.
#include "opening.h"

#include <assert.h>

enum { MARK = 0x5A, BEHIND_BYTES = 512 };

static bool is_marked(const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        if (at[i] != MARK)
            return false;
    return true;
}

static bool is_zero(const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        if (at[i])
            return false;
    return true;
}

// --- programs that know no sizes -----------------------------------------------------------------

// As the header had them when it had no sizes yet. Not to be brought up to date.
struct status_of_then {
    bool database_private, database_ok;
    char database[256], database_version[32], database_error[256];
    int schema_version, schema_wanted;
    bool engine_private, engine_ok;
    char engine[256], engine_version[32], engine_error[256];
    char collection[128], collection_status[16];
    int64_t points, points_indexed, contents, leaves, subjects, embeddings, pending, dead;
    int64_t oldest_pending_seconds, database_bytes;
    char model[64], home[4096];
    bool projector_wanted, projector_running;
    int projector_pid;
    char projector_error[256];
    struct {
        int state;
        bool examined_now;
        int64_t rows, listed;
        int ef, ef_filtered;
        int64_t queries;
        double recall, recall_worst, seconds, age_seconds;
        char reason[256];
    } index;
};

struct progress_of_then {
    int64_t rows_read, rows_inserted, rows_updated, rows_unchanged, rows_bad, leaves_created;
    int64_t rows_embedded, rows_projected, rows_pending, bytes_read, bytes_total;
    double seconds, seconds_reading, seconds_database, seconds_embedding, seconds_vectors;
};

static void an_old_program_asks_for_the_status(struct test_stores *stores)
{
    struct {
        struct status_of_then status;
        unsigned char behind[BEHIND_BYTES];
    } room;
    struct grove_error error;
    struct grove *grove = open_handle(stores);
    memset(&room, MARK, sizeof room);
    test_content(stores, &(struct test_content){.title = "a"});
    enum grove_code code = (grove_get_status)(grove, (struct grove_status *)&room, &error);
    grove_close(grove);
    assert_int_equal(code, GROVE_OK);
    assert_true(room.status.database_ok);
    assert_int_equal(room.status.contents, 1);
    assert_int_equal(room.status.pending, 1);
    assert_int_equal(room.status.index.state, GROVE_INDEX_UNKNOWN);
    assert_true(is_zero(room.status.projector_error, 1));
    assert_true(is_marked(room.behind, sizeof room.behind));
}

// There is no engine: what was read is nothing, and all of it is told.
static void an_old_program_loads(struct test_stores *stores)
{
    struct {
        struct progress_of_then progress;
        unsigned char behind[BEHIND_BYTES];
    } room;
    static const char *const files[] = {"/dev/null"};
    const struct grove_load_request request = {.files = files, .file_count = 1};
    struct grove_error error;
    struct grove *grove = open_handle(stores);
    memset(&room, MARK, sizeof room);
    enum grove_code load =
        (grove_load)(grove, &request, (struct grove_load_progress *)&room, &error);
    bool told = is_zero(&room.progress, sizeof room.progress);
    memset(&room.progress, MARK, sizeof room.progress);
    enum grove_code sample =
        (grove_load_sample)(grove, false, (struct grove_load_progress *)&room, &error);
    grove_close(grove);
    assert_int_equal(load, GROVE_UNAVAILABLE);
    assert_int_equal(sample, GROVE_UNAVAILABLE);
    assert_true(told);
    assert_true(is_zero(&room.progress, sizeof room.progress));
    assert_true(is_marked(room.behind, sizeof room.behind));
}

// --- programs that tell their sizes --------------------------------------------------------------

static void a_newer_program_asks_for_the_status(struct test_stores *stores)
{
    struct {
        struct grove_status status;
        unsigned char unknown[BEHIND_BYTES], behind[BEHIND_BYTES];
    } room;
    struct grove_error error;
    struct grove *grove = open_handle(stores);
    memset(&room, MARK, sizeof room);
    enum grove_code newer =
        grove_get_status_sized(offsetof(typeof(room), behind), grove, &room.status, &error);
    bool zero = is_zero(room.unknown, sizeof room.unknown);
    bool whole = room.status.database_ok && !room.status.engine_waits;
    memset(&room, MARK, sizeof room);
    enum grove_code older =
        grove_get_status_sized(offsetof(struct grove_status, points), grove, &room.status, &error);
    grove_close(grove);
    assert_int_equal(newer, GROVE_OK);
    assert_true(zero && whole);
    assert_true(is_marked(room.behind, sizeof room.behind));
    assert_int_equal(older, GROVE_OK);
    assert_true(room.status.database_ok);
    assert_true(is_marked(&room.status.points, sizeof room.status.points));
}

// What a call looks like tells the size of what the program has.
static void a_call_tells_the_size(struct test_stores *stores)
{
    struct grove_status status;
    struct grove_sync_report report;
    struct grove_error error;
    struct grove *grove = open_handle(stores);
    memset(&status, MARK, sizeof status);
    memset(&report, MARK, sizeof report);
    enum grove_code code = grove_get_status(grove, &status, &error);
    enum grove_code sync =
        grove_sync(grove, &(struct grove_sync_request){.retry_dead = true, .on_progress = NULL},
                   &report, &error);
    grove_close(grove);
    assert_int_equal(code, GROVE_OK);
    assert_false(status.database_waits || status.engine_waits);
    assert_int_equal(sync, GROVE_UNAVAILABLE);
    assert_true(is_zero(&report, sizeof report));
}

int main(int argc, char **argv)
{
    static_assert(sizeof(struct status_of_then) == offsetof(struct grove_status, engine_out),
                  "what came later came behind");
    static_assert(sizeof(struct progress_of_then) == offsetof(struct grove_load_progress, checking),
                  "what came later came behind");
    const struct CMUnitTest tests[] = {
        STORES_TEST(an_old_program_asks_for_the_status),
        STORES_TEST(an_old_program_loads),
        STORES_TEST(a_newer_program_asks_for_the_status),
        STORES_TEST(a_call_tells_the_size),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
