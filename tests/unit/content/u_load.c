// SPDX-License-Identifier: Apache-2.0
// Loading into a real PostgreSQL and an engine of the test's.
#include "../../support/stores.h"

#include "base/clock.h"
#include "base/inject.h"
#include "content/batch.h"
#include "content/load.h"
#include "content/source.h"
#include "pg/pg.h"

static const struct record_tree tree = {{"subject1", 8}, {"subject1_hierarchy", 18}};

// Rows 1 to `count` of one leaf, each with a vector.
static void fill(struct batch *batch, struct store *store, int count, const char *title)
{
    batch_init(batch, store, NULL, "supplied");
    for (int i = 0; i < count; i++) {
        struct test_vector vector = test_toward(0.5F, 1 + (unsigned)i);
        float *numbers = arena_alloc(&batch->arena, sizeof vector.numbers);
        assert_non_null(numbers);
        memcpy(numbers, vector.numbers, sizeof vector.numbers);
        batch->records[batch->count++] = (struct record){
            .tree = &tree,
            .branch = text_of("Branch"),
            .limb = text_of("Limb"),
            .leaf = text_of("Leaf"),
            .content_type = text_of("Article"),
            .title = text_of(title),
            .summary = text_of("Summary"),
            .body = text_of("Body"),
            .chunk_number = i + 1,
            .word_count = 1,
            .created_at_us = INT64_MIN,
            .vector = numbers,
        };
    }
}

static enum grove_code write_rows(struct test_stores *stores, int count, const char *title,
                                  struct grove_load_progress *progress, struct grove_error *error)
{
    struct batch *batch = calloc(1, sizeof *batch);
    assert_non_null(batch);
    fill(batch, &stores->store, count, title);
    enum grove_code code = batch_write(batch, progress, error);
    size_t left = batch->count + batch->leaf_count + batch->arena.used_bytes;
    batch_release(batch);
    free(batch);
    assert_int_equal(left, 0); // whatever it answered
    return code;
}

static int64_t count_rows(struct test_stores *stores, const char *table)
{
    return test_sql_int(stores, "SELECT count(*) FROM %s", table);
}

static void the_same_rows_again_change_nothing(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_load_progress first = {0}, second = {0};
    assert_ok(write_rows(stores, 3, "A title", &first, &error), error);
    assert_int_equal(first.rows_inserted, 3);
    assert_int_equal(first.leaves_created, 1);
    assert_int_equal(first.rows_projected, 3);
    assert_int_equal(fake_engine_points(stores->fake), 3);
    const char *before = test_database_digest(stores);
    int64_t revision = test_sql_int(stores, "SELECT last_value FROM grove.revision_seq");
    const char *updated = test_sql_text(stores, "SELECT max(updated_at) FROM content_metadata");
    assert_ok(write_rows(stores, 3, "A title", &second, &error), error);
    assert_int_equal(second.rows_unchanged, 3);
    assert_int_equal(second.rows_inserted + second.rows_updated + second.leaves_created, 0);
    assert_string_equal(test_database_digest(stores), before);
    assert_int_equal(test_sql_int(stores, "SELECT last_value FROM grove.revision_seq"), revision);
    assert_string_equal(test_sql_text(stores, "SELECT max(updated_at) FROM content_metadata"),
                        updated);
    assert_int_equal(fake_engine_calls(stores->fake, ENGINE_UPSERT), 1);
    struct grove_load_progress third = {0};
    assert_ok(write_rows(stores, 3, "Another", &third, &error), error);
    assert_int_equal(third.rows_updated, 3);
    // No id was drawn for what was there: there are two thousand million of them, for all loads.
    assert_int_equal(test_sql_int(stores, "SELECT last_value FROM content_metadata_id_seq"), 3);
}

struct failing {
    enum inject_point point;
    unsigned reached;
};

static enum grove_code fail_there(void *state, enum inject_point point, struct grove_error *error)
{
    struct failing *failing = state;
    if (point != failing->point)
        return GROVE_OK;
    failing->reached++;
    return error_set(error, GROVE_CORRUPT, "it ends here");
}

static void a_batch_is_whole_or_not_there(struct test_stores *stores)
{
    static const enum inject_point before_commit[] = {INJECT_LOAD_BEGUN, INJECT_LOAD_LEAVES,
                                                      INJECT_LOAD_CONTENTS, INJECT_LOAD_BODIES,
                                                      INJECT_LOAD_VECTORS};
    struct grove_error error;
    for (size_t i = 0; i < ARRAY_COUNT(before_commit); i++) {
        struct failing failing = {.point = before_commit[i]};
        struct grove_load_progress progress = {0};
        inject_set_hook(fail_there, &failing);
        assert_int_equal(write_rows(stores, 3, "A title", &progress, &error), GROVE_CORRUPT);
        assert_int_equal(failing.reached, 1);
        assert_int_equal(progress.rows_inserted + progress.leaves_created, 0);
        static const char *const tables[] = {"content_metadata", "grove.body", "grove.embedding",
                                             "grove.outbox", "subject1_hierarchy"};
        for (size_t t = 0; t < ARRAY_COUNT(tables); t++)
            assert_int_equal(count_rows(stores, tables[t]), 0);
    }
}

static void what_is_committed_waits_in_the_outbox(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_load_progress progress = {0};
    fake_engine_fault(stores->fake, &(struct fake_fault){.call = ENGINE_UPSERT, FAKE_UNREACHABLE});
    assert_int_equal(write_rows(stores, 3, "A title", &progress, &error), GROVE_UNAVAILABLE);
    assert_non_null(strstr(error.hint, "grove sync"));
    assert_int_equal(progress.rows_inserted, 3);
    assert_int_equal(progress.rows_projected, 0);
    assert_int_equal(count_rows(stores, "content_metadata"), 3);
    assert_int_equal(count_rows(stores, "grove.outbox"), 3);
    // The same load goes on from there.
    fake_engine_clear_faults(stores->fake);
    assert_ok(write_rows(stores, 3, "A title", &progress, &error), error);
    assert_int_equal(fake_engine_points(stores->fake), 3);
    assert_int_equal(count_rows(stores, "grove.outbox"), 0);
}

// Another projector writes them, and its lease is of a row that says they are gone.
static void lease_as_deleted(struct test_stores *stores)
{
    test_sql(stores, "UPDATE grove.outbox SET deleted = true, lease_owner = 'another/1',"
                     " lease_until = clock_timestamp() + interval '60 seconds'");
}

static void what_another_writes_is_told_whatever_its_row_says(struct test_stores *stores)
{
    struct grove_error error;
    struct grove_load_progress progress = {0};
    TEST_AT(stores, LOAD_COMMITTED, lease_as_deleted);
    assert_ok(write_rows(stores, 3, "A title", &progress, &error), error);
    assert_int_equal(progress.rows_projected, 0);
    assert_int_equal(progress.rows_pending, 3);
}

// --- files ---------------------------------------------------------------------------------------

static void note_bad_line(void *state, const struct grove_bad_line *line)
{
    struct grove_bad_line *last = state;
    *last = *line;
    last->reason = NULL; // belongs to the load
}

static void put_line(FILE *file, int chunk, const char *title)
{
    fprintf(file,
            "{\"tree\":\"subject1\",\"branch\":\"b\",\"limb\":\"l\",\"leaf\":\"f\","
            "\"content_type\":\"t\",\"title\":\"%s\",\"summary\":\"s\",\"chunk_number\":%d}\n",
            title, chunk);
}

// More lines than a batch has, so that a load which has begun has written.
static void a_bad_line_is_told_and_strict_writes_nothing(struct test_stores *stores)
{
    enum { LINES = BATCH_ROWS_MAX + 10 };
    struct grove_error error;
    struct grove_load_progress progress;
    struct grove_bad_line last = {.line = 0};
    char path[] = "/tmp/grove-test-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    for (int i = 1; i < LINES; i++)
        put_line(file, i, "good");
    put_line(file, LINES, "");
    put_line(file, 1, "a duplicate");
    fclose(file);
    const char *files[] = {path};
    struct grove_load_request request = {.files = files,
                                         .file_count = 1,
                                         .strict = true,
                                         .state = &last,
                                         .on_bad_line = note_bad_line};
    enum grove_code strict = load_files(&stores->store, NULL, &request, &progress, &error);
    int64_t written = count_rows(stores, "content_metadata");
    char place[128];
    snprintf(place, sizeof place, "%s:%d: title", path, LINES);
    bool told = strstr(error.message, place) != NULL;
    request.strict = false;
    enum grove_code loose = load_files(&stores->store, NULL, &request, &progress, &error);
    unlink(path);
    assert_int_equal(strict, GROVE_INVALID);
    assert_true(told);
    assert_int_equal(written, 0);
    assert_int_equal(loose, GROVE_OK);
    assert_int_equal(progress.rows_bad, 2);
    assert_int_equal(last.line, LINES + 1);
    assert_int_equal(count_rows(stores, "content_metadata"), LINES - 1);
}

static void add_line(struct strbuf *out, int chunk, const char *title)
{
    strbuf_addf(out,
                "{\"tree\":\"subject1\",\"branch\":\"b\",\"limb\":\"l\",\"leaf\":\"f\","
                "\"content_type\":\"t\",\"title\":\"%s\",\"summary\":\"s\",\"chunk_number\":%d}\n",
                title, chunk);
}

// As from a file: several pieces, several batches, strict and not.
static void rows_in_memory_are_loaded(struct test_stores *stores)
{
    enum { LINES = 3 * BATCH_ROWS_MAX };
    struct grove_error error;
    struct grove_load_progress progress;
    struct grove_bad_line last = {.line = 0};
    struct strbuf rows;
    strbuf_init(&rows, 1 << 20);
    for (int i = 1; i < LINES; i++)
        add_line(&rows, i, "good");
    add_line(&rows, LINES, "");
    assert_true(rows.length > SOURCE_PIECE_BYTES);
    struct grove_load_request request = {.rows = rows.data,
                                         .rows_bytes = rows.length,
                                         .strict = true,
                                         .state = &last,
                                         .on_bad_line = note_bad_line};
    assert_int_equal(load_files(&stores->store, NULL, &request, &progress, &error), GROVE_INVALID);
    assert_non_null(strstr(error.message, "rows:3072: title"));
    assert_int_equal(count_rows(stores, "content_metadata"), 0);
    request.strict = false;
    assert_ok(load_files(&stores->store, NULL, &request, &progress, &error), error);
    assert_int_equal(progress.rows_inserted, LINES - 1);
    assert_int_equal(progress.rows_bad, 1);
    assert_int_equal(last.line, LINES);
    assert_int_equal(progress.bytes_read, rows.length);
    assert_int_equal(count_rows(stores, "content_metadata"), LINES - 1);

    // Nothing is there to load, which is fine; and no file beside it.
    request.rows_bytes = 0;
    assert_ok(load_files(&stores->store, NULL, &request, &progress, &error), error);
    assert_int_equal(progress.rows_read, 0);
    request.files = (const char *const[]){"/dev/null"};
    request.file_count = 1;
    assert_int_equal(load_files(&stores->store, NULL, &request, &progress, &error), GROVE_INVALID);
    strbuf_release(&rows);
}

// A file of the test's, gone from its place at the end.
struct lines {
    char path[32];
    FILE *file;
    const char *files[1];
    struct grove_load_request request;
};

static void begin_lines(struct lines *lines)
{
    *lines = (struct lines){.path = "/tmp/grove-test-XXXXXX"};
    lines->file = fdopen(mkstemp(lines->path), "w");
    assert_non_null(lines->file);
    lines->files[0] = lines->path;
    lines->request =
        (struct grove_load_request){.files = lines->files, .file_count = 1, .state = lines};
}

static void put_whole_line(struct lines *lines, int chunk)
{
    fprintf(lines->file,
            "{\"tree\":\"subject1\",\"branch\":\"b\",\"limb\":\"l\",\"leaf\":\"f\","
            "\"content_type\":\"t\",\"title\":\"x\",\"summary\":\"s\",\"chunk_number\":%d,"
            "\"vector\":[1",
            10000 + chunk);
    for (int i = 1; i < RECORD_VECTOR_SIZE; i++)
        fputs(",0", lines->file);
    fputs("]}\n", lines->file);
}

static enum grove_code load_lines(struct test_stores *stores, struct lines *lines,
                                  struct grove_load_progress *progress, struct grove_error *error)
{
    fclose(lines->file);
    enum grove_code code = load_files(&stores->store, NULL, &lines->request, progress, error);
    unlink(lines->path);
    return code;
}

// 24 MB of lines that are refused, between two that are good.
static void lines_that_are_refused_take_nothing(struct test_stores *stores)
{
    enum { REFUSED = 24, BODY_BYTES = 1 << 20 };
    struct lines lines;
    struct grove_load_progress progress;
    struct grove_error error;
    begin_lines(&lines);
    put_whole_line(&lines, 1);
    for (int i = 0; i < REFUSED; i++) {
        fputs("{\"tree\":\"subject1\",\"branch\":\"b\",\"limb\":\"l\",\"leaf\":\"f\","
              "\"content_type\":\"t\",\"title\":\"x\",\"chunk_number\":0,\"body\":\"",
              lines.file);
        for (int b = 0; b < BODY_BYTES; b++)
            fputc('b', lines.file);
        fputs("\"}\n", lines.file);
    }
    put_whole_line(&lines, 2);
    assert_ok(load_lines(stores, &lines, &progress, &error), error);
    assert_int_equal(progress.rows_read, REFUSED + 2);
    assert_int_equal(progress.rows_bad, REFUSED);
    assert_int_equal(progress.rows_inserted, 2);
}

static void what_is_before_the_break_is_loaded(struct test_stores *stores)
{
    for (int strict = 1; strict >= 0; strict--) {
        struct lines lines;
        struct grove_load_progress progress;
        struct grove_error error;
        begin_lines(&lines);
        for (int i = 1; i <= 3; i++)
            put_whole_line(&lines, i);
        fputs("{\"tree\":\"subj", lines.file);
        lines.request.strict = strict;
        assert_int_equal(load_lines(stores, &lines, &progress, &error), GROVE_CORRUPT);
        assert_non_null(strstr(error.message, "in the middle of line 4"));
        assert_int_equal(progress.rows_read, 3);
        assert_int_equal(progress.rows_bad, 0);
        assert_int_equal(progress.rows_inserted, strict ? 0 : 3);
        assert_int_equal(count_rows(stores, "content_metadata"), strict ? 0 : 3);
        assert_non_null(strstr(error.hint, strict ? "nothing was loaded" : "are loaded"));
    }
}

static void add_a_line(void *state, const struct grove_load_progress *progress)
{
    struct lines *lines = state;
    if (!progress->checking || !lines->file)
        return;
    lines->file = fopen(lines->path, "a");
    assert_non_null(lines->file);
    put_whole_line(lines, 4);
    fclose(lines->file);
    lines->file = NULL;
}

// Checked is what was there; what is there now was not.
static void a_file_that_changes_after_its_check_is_not_loaded(struct test_stores *stores)
{
    struct lines lines;
    struct grove_load_progress progress;
    struct grove_error error;
    begin_lines(&lines);
    put_whole_line(&lines, 1);
    lines.request.strict = true;
    lines.request.on_progress = add_a_line;
    assert_int_equal(load_lines(stores, &lines, &progress, &error), GROVE_CONFLICT);
    assert_non_null(strstr(error.message, "changed while it was checked"));
    assert_int_equal(count_rows(stores, "content_metadata"), 0);
}

static void check_progress(void *state, const struct grove_load_progress *progress)
{
    struct lines *lines = state;
    int64_t rows = progress->rows_inserted + progress->rows_bad;
    // All lines are of one length.
    assert_int_equal(progress->bytes_read * 600, rows * progress->bytes_total);
    // Counts the calls; the load has a request of its own. After a while it reports while it reads.
    if (lines->request.file_count++ < 4)
        clock_sleep_ms(101);
}

static void progress_is_in_bytes_of_what_is_done(struct test_stores *stores)
{
    struct lines lines;
    struct grove_load_progress progress;
    struct grove_error error;
    begin_lines(&lines);
    for (int i = 1; i <= 600; i++)
        put_whole_line(&lines, i);
    lines.request.on_progress = check_progress;
    struct grove_load_request request = lines.request;
    fclose(lines.file);
    enum grove_code code = load_files(&stores->store, NULL, &request, &progress, &error);
    unlink(lines.path);
    assert_ok(code, error);
    assert_true(lines.request.file_count > 4); // at the start, after each batch, at the end
    assert_int_equal(progress.bytes_read, progress.bytes_total);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(the_same_rows_again_change_nothing),
        STORES_TEST(a_batch_is_whole_or_not_there),
        STORES_TEST(what_is_committed_waits_in_the_outbox),
        STORES_TEST(what_another_writes_is_told_whatever_its_row_says),
        STORES_TEST(a_bad_line_is_told_and_strict_writes_nothing),
        STORES_TEST(rows_in_memory_are_loaded),
        STORES_TEST(lines_that_are_refused_take_nothing),
        STORES_TEST(what_is_before_the_break_is_loaded),
        STORES_TEST(a_file_that_changes_after_its_check_is_not_loaded),
        STORES_TEST(progress_is_in_bytes_of_what_is_done),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
