// SPDX-License-Identifier: Apache-2.0
// The calls of grove/contents.h, as a program makes them; what they refuse.
#include "opening.h"

#include "grove/contents.h"

// Lines that were written so far.
struct written {
    int64_t lines;
    int64_t lines_max; // after which it refuses
};

static enum grove_code count_lines(void *state, const char *bytes, size_t size_bytes,
                                   struct grove_error *error)
{
    struct written *written = state;
    assert_true(size_bytes > 0 && bytes[size_bytes - 1] == '\n'); // whole ones
    for (size_t i = 0; i < size_bytes; i++)
        written->lines += bytes[i] == '\n';
    if (written->lines > written->lines_max) {
        *error = (struct grove_error){.code = GROVE_IO, .message = "it is full"};
        return GROVE_IO;
    }
    return GROVE_OK;
}

static void contents_come_out_move_and_go(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.leaf = "One", .body = "A body."});
    int32_t other = test_content(stores, &(struct test_content){.leaf = "Two", .type = "Note"});
    struct grove *grove = open_handle(stores);
    struct grove_error error;
    struct grove_listing *listing = NULL;
    struct grove_content *content = NULL;
    struct written written = {.lines_max = 100};

    struct grove_list_request list = {.size_bytes = sizeof list, .path = "subject1/Branch/Limb"};
    assert_ok(grove_list(grove, &list, &listing, &error), error);
    assert_int_equal(listing->level, GROVE_LEVEL_LEAF);
    assert_int_equal(listing->place_count, 2);
    assert_string_equal(listing->places[1].path, "subject1/Branch/Limb/Two");
    assert_int_equal(listing->contents, 2);
    grove_listing_free(listing);

    struct grove_read_request read = {.content_id = id, .body = true};
    assert_ok(grove_read_content(grove, &read, &content, &error), error);
    assert_string_equal(content->body, "A body.");
    assert_string_equal(content->row.leaf, "One");
    assert_null(content->vector_origin);
    grove_content_free(content);

    struct grove_export_request export = {.write = count_lines, .state = &written};
    struct grove_export_report *exported = NULL;
    assert_ok(grove_export(grove, &export, &exported, &error), error);
    assert_int_equal(exported->rows, 2);
    assert_int_equal(written.lines, 2);
    grove_free(exported);

    struct grove_move_request move = {
        .content_ids = &other, .content_id_count = 1, .to = "subject2/a/b/c"};
    struct grove_move_report *moved = NULL;
    assert_ok(grove_move(grove, &move, &moved, &error), error);
    assert_int_equal(moved->contents, 1);
    assert_int_equal(moved->leaves_created, 1);
    grove_free(moved);

    struct grove_remove_request remove = {.filter = {.path = "subject1"}};
    struct grove_remove_report *removed = NULL;
    assert_ok(grove_remove(grove, &remove, &removed, &error), error);
    assert_int_equal(removed->contents, 1);
    assert_int_equal(removed->leaves, 2);
    grove_free(removed);
    assert_int_equal(test_sql_int(stores, "SELECT id FROM content_metadata"), other);
    grove_close(grove);
}

static void what_makes_no_sense_is_refused(struct test_stores *stores)
{
    int32_t id = test_content(stores, &(struct test_content){.title = "Stays"});
    struct grove *grove = open_handle(stores);
    struct grove_error error;
    const struct grove_remove_request removals[] = {
        {.dry_run = false}, // everything, by mistake
        {.content_ids = &id, .content_id_count = 1, .filter = {.path = "subject1"}},
        {.content_ids = &id, .content_id_count = 1, .filter = {.words_min = 1}},
        {.filter = {.path = ""}},
        {.size_bytes = 3, .filter = {.path = "subject1"}},
    };
    const struct grove_move_request moves[] = {
        {.to = "subject2/a/b/c"},
        {.content_ids = &id, .content_id_count = 1},
        {.content_ids = &id, .content_id_count = 1, .to = "subject2/a/b/c", .from = "subject1/a"},
        {.content_ids = &id, .content_id_count = 1, .to = "subject2/a/b"},
        {.from = "subject1", .to = "subject2"},
        {.from = "subject1/Branch", .to = "subject1/a/b"},
    };
    const struct grove_export_request exports[] = {
        {.filter = {.path = "subject1"}},
        {.write = count_lines, .format = (enum grove_export_format)7},
        {.write = count_lines, .filter = {.words_min = -1}},
    };
    const struct grove_search_request searches[] = {
        {.similar_to = id, .text = "and a text"},
        {.text = "x", .score_min = 1.5},
        {.text = "x", .score_min = -1.5},
    };
    for (size_t i = 0; i < ARRAY_COUNT(removals); i++)
        assert_int_equal(grove_remove(grove, &removals[i], NULL, &error), GROVE_INVALID);
    for (size_t i = 0; i < ARRAY_COUNT(moves); i++)
        assert_int_equal(grove_move(grove, &moves[i], NULL, &error), GROVE_INVALID);
    for (size_t i = 0; i < ARRAY_COUNT(exports); i++)
        assert_int_equal(grove_export(grove, &exports[i], NULL, &error), GROVE_INVALID);
    for (size_t i = 0; i < ARRAY_COUNT(searches); i++) {
        struct grove_result *result = NULL;
        assert_int_equal(grove_search(grove, &searches[i], &result, &error), GROVE_INVALID);
        assert_null(result);
    }
    struct grove_content *content = NULL;
    assert_int_equal(
        grove_read_content(grove, &(struct grove_read_request){.content_id = -5}, &content, &error),
        GROVE_NOT_FOUND);
    assert_null(content);
    grove_listing_free(NULL);
    grove_content_free(NULL);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM content_metadata"), 1);
    grove_close(grove);
}

static void a_writer_s_error_ends_an_export(struct test_stores *stores)
{
    for (int i = 0; i < 3; i++)
        test_content(stores, &(struct test_content){.title = "A row"});
    struct grove *grove = open_handle(stores);
    struct grove_error error;
    struct written written = {.lines_max = 0};
    struct grove_export_report *report = NULL;
    assert_int_equal(
        grove_export(grove, &(struct grove_export_request){.write = count_lines, .state = &written},
                     &report, &error),
        GROVE_IO);
    assert_string_equal(error.message, "it is full");
    assert_null(report);
    // The connection is as good as new.
    written = (struct written){.lines_max = 100};
    assert_ok(grove_export(grove,
                           &(struct grove_export_request){
                               .write = count_lines, .state = &written, .format = GROVE_EXPORT_CSV},
                           NULL, &error),
              error);
    assert_int_equal(written.lines, 4);
    grove_close(grove);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(contents_come_out_move_and_go),
        STORES_TEST(what_makes_no_sense_is_refused),
        STORES_TEST(a_writer_s_error_ends_an_export),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
