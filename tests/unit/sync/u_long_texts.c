// SPDX-License-Identifier: Apache-2.0
// Texts that are longer than the model reads are noted: with their vectors, whoever computes these,
// and those of before some at a time.
#include "projecting.h"

#include "sync/keep.h"

enum { WORDS_LONG = 300, WORDS_SHORT = 200 };

static const char *words(struct test_stores *stores, int count)
{
    char *text = arena_alloc(&stores->arena, (size_t)count * 5 + 1);
    assert_non_null(text);
    for (int i = 0; i < count; i++)
        memcpy(text + i * 5, "word ", 6);
    return text;
}

static int32_t make_text(struct test_stores *stores, int count)
{
    return test_content(stores, &(struct test_content){.body = words(stores, count)});
}

static void set_body(struct test_stores *stores, int32_t id, int count)
{
    test_sql(stores, "UPDATE grove.body SET body = '%s' WHERE content_id = %d",
             words(stores, count), id);
}

// The ids of those that are noted, of the text that their vector is of.
static void assert_noted(struct test_stores *stores, const char *ids)
{
    assert_string_equal(test_sql_text(stores,
                                      "SELECT coalesce(string_agg(content_id::text, ' ' ORDER BY "
                                      "content_id), '') FROM grove.long_text "
                                      "JOIN grove.embedding USING (content_id, text_sha256)"),
                        ids);
}

static int64_t noted_rows(struct test_stores *stores)
{
    return test_sql_int(stores, "SELECT count(*) FROM grove.long_text");
}

static void a_projector_notes_what_it_cuts(struct test_stores *stores)
{
    make_text(stores, WORDS_SHORT);
    int32_t id = make_text(stores, WORDS_LONG);
    assert_int_equal(step(stores).cut, 1);
    assert_noted(stores, "2");
    set_body(stores, id, WORDS_SHORT);
    step(stores);
    assert_int_equal(noted_rows(stores), 0);
    set_body(stores, id, WORDS_LONG);
    step(stores);
    assert_noted(stores, "2");
    set_body(stores, id, WORDS_LONG + 1);
    step(stores);
    assert_noted(stores, "2");
    test_sql(stores, "DELETE FROM content_metadata WHERE id = %d", id);
    assert_int_equal(noted_rows(stores), 0);
}

static void what_a_search_computed_is_noted(struct test_stores *stores)
{
    struct grove_error error;
    struct test_vector vector = test_toward(0.5F, 1);
    int32_t first = make_text(stores, WORDS_SHORT), second = make_text(stores, WORDS_LONG);
    const struct computed_vector computed[] = {
        {.content_id = first, .revision = test_revision(stores, first), .vector = vector.numbers},
        {.content_id = second,
         .revision = test_revision(stores, second),
         .vector = vector.numbers,
         .cut = true}};
    size_t kept;
    assert_ok(keep_vectors(test_session(stores), EMBED_F32, computed, 2, &kept, &error), error);
    assert_int_equal(kept, 2);
    assert_noted(stores, "2");
}

// As the version before left it.
static void come_from_before(struct test_stores *stores)
{
    test_sql(stores, "DELETE FROM grove.long_text; "
                     "UPDATE grove.setting SET value = '-2147483648' WHERE name = 'long_texts'");
    atomic_store(&stores->store.long_texts_known, false);
}

static const char *looked_to(struct test_stores *stores)
{
    return test_sql_text(stores, "SELECT value FROM grove.setting WHERE name = 'long_texts'");
}

static void texts_of_before_are_looked_at(struct test_stores *stores)
{
    for (int i = 0; i < 5; i++)
        make_text(stores, i % 2 ? WORDS_LONG : WORDS_SHORT);
    int32_t supplied = make_text(stores, WORDS_LONG);
    drain(stores);
    test_sql(stores, "UPDATE grove.embedding SET origin = 'supplied' WHERE content_id = %d",
             supplied);
    come_from_before(stores);
    inject_set_knob(INJECT_KNOB_LONG_TEXTS_ROWS, 4);
    assert_false(is_idle(stores));
    assert_string_equal(looked_to(stores), "4");
    assert_noted(stores, "2 4");
    assert_false(is_idle(stores));
    assert_string_equal(looked_to(stores), "6");
    assert_false(is_idle(stores));
    assert_string_equal(looked_to(stores), "all");
    assert_true(is_idle(stores));
    assert_noted(stores, "2 4");
    assert_true(atomic_load(&stores->store.long_texts_known));
    inject_set_knob(INJECT_KNOB_LONG_TEXTS_ROWS, 0);
}

// A text that has changed is noted with the vector that it gets.
static void a_text_that_has_no_vector_yet_is_left_to_it(struct test_stores *stores)
{
    int32_t id = make_text(stores, WORDS_SHORT);
    drain(stores);
    come_from_before(stores);
    set_body(stores, id, WORDS_LONG);
    test_sql(stores, "DELETE FROM grove.outbox");
    drain(stores);
    assert_string_equal(looked_to(stores), "all");
    assert_int_equal(noted_rows(stores), 0);
}

static void change_and_project(struct test_stores *stores)
{
    set_body(stores, stores->id, WORDS_SHORT);
    step(stores);
}

static void remove_text(struct test_stores *stores)
{
    test_sql(stores, "DELETE FROM content_metadata WHERE id = %d", stores->id);
}

static void look_and_come_again(struct test_stores *stores)
{
    assert_false(is_idle(stores));
    assert_string_equal(looked_to(stores), "1");
    test_sql(stores, "DELETE FROM grove.long_text");
}

// What was read is of no use any more, or done: nothing wrong is noted, and nothing fails.
static void what_happens_meanwhile_is_noticed(struct test_stores *stores)
{
    test_function *const acts[] = {change_and_project, remove_text, look_and_come_again};
    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        stores->id = make_text(stores, WORDS_LONG);
        drain(stores);
        come_from_before(stores);
        TEST_AT(stores, LONG_TEXTS_READ, acts[i]);
        step(stores);
        test_at_forget(stores);
        assert_noted(stores, "");
        test_sql(stores, "TRUNCATE content_metadata RESTART IDENTITY CASCADE");
        drain(stores);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_projector_notes_what_it_cuts),
        STORES_TEST(what_a_search_computed_is_noted),
        STORES_TEST(texts_of_before_are_looked_at),
        STORES_TEST(a_text_that_has_no_vector_yet_is_left_to_it),
        STORES_TEST(what_happens_meanwhile_is_noticed),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
