// SPDX-License-Identifier: Apache-2.0
// A change of the model beside the old one: vectors of the next model are computed first, wherever
// it dies, whoever writes and whoever wishes for something else meanwhile.
#include "projecting.h"

#include "base/call.h"
#include "catalog/model_change.h"

static struct model_wish wish(struct test_stores *stores, enum embed_precision precision)
{
    struct grove_error error;
    struct model_wish wish;
    assert_ok(model_change_wish(&stores->store, NULL, precision, &wish, &error), error);
    return wish;
}

static void forget_what_was_read(struct test_stores *stores)
{
    pthread_mutex_lock(&stores->store.model_mutex);
    stores->store.model_read_at_us = 0; // as if a second had passed
    pthread_mutex_unlock(&stores->store.model_mutex);
}

static struct projector_report report_of; // of the steps of advance()

// *ret: whether there was nothing to do.
static enum grove_code try_advance(struct test_stores *stores, bool *ret, struct grove_error *error)
{
    forget_what_was_read(stores);
    let_time_pass(stores);
    return projector_advance(&stores->store, NULL, &report_of, ret, error);
}

static bool advance(struct test_stores *stores)
{
    struct grove_error error;
    bool idle;
    assert_ok(try_advance(stores, &idle, &error), error);
    return !idle;
}

static void advance_to_the_end(struct test_stores *stores)
{
    for (int steps = 0; steps < 200; steps++)
        if (!advance(stores))
            return;
    fail_msg("there is no end of the change");
}

static const char *setting(struct test_stores *stores, const char *name)
{
    return test_sql_text(
        stores, "SELECT coalesce((SELECT value FROM grove.setting WHERE name = '%s'), '')", name);
}

static void assert_model(struct test_stores *stores, enum embed_precision precision)
{
    assert_string_equal(setting(stores, "model"), embed_model_id(precision));
}

// Contents without a vector of their text under this model.
static int64_t lacking(struct test_stores *stores, enum embed_precision precision)
{
    return test_sql_int(stores,
                        "SELECT count(*) FROM content_metadata AS m"
                        " LEFT JOIN grove.body AS b ON b.content_id = m.id"
                        " WHERE NOT EXISTS (SELECT FROM grove.embedding AS e"
                        "  WHERE e.content_id = m.id AND e.model = '%s' AND e.text_sha256 ="
                        "  sha256(convert_to(m.title || E'\\n' ||"
                        "                    coalesce(b.body, m.content_summary), 'UTF8')))",
                        embed_model_id(precision));
}

// Projected contents without vectors of the next model; stores->id is the last.
static void make_contents(struct test_stores *stores, int count)
{
    for (int i = 0; i < count; i++)
        stores->id = test_content(stores, &(struct test_content){.title = "a"});
    drain(stores);
    assert_agreed(stores);
}

static void wish_for_another(struct test_stores *stores, int count)
{
    make_contents(stores, count);
    assert_false(wish(stores, EMBED_REDUCED).settled);
}

static void nothing_lacks_a_vector(struct test_stores *stores)
{
    assert_int_equal(lacking(stores, EMBED_REDUCED), 0);
}

// --- the change ----------------------------------------------------------------------------------

static void all_is_embedded_before_the_model_changes(struct test_stores *stores)
{
    wish_for_another(stores, 70);
    TEST_AT(stores, NEXT_MODEL_WHOLE, nothing_lacks_a_vector);
    report_of = (struct projector_report){0};
    int steps = 0;
    while (stores->reached[INJECT_NEXT_MODEL_WHOLE] == 0 && steps++ < 20) {
        assert_model(stores, EMBED_F32);
        assert_int_equal(outbox_count(stores), 0); // searches have all
        assert_true(advance(stores));
    }
    assert_model(stores, EMBED_REDUCED);
    assert_string_equal(setting(stores, "next_model"), "");
    assert_string_equal(setting(stores, "next_model_at"), "");
    assert_int_equal(report_of.embedded, 70);
    assert_int_equal(steps, 4); // 32 + 32 + 6, and a pass that finds nothing
    assert_int_equal(outbox_count(stores), 70);
    advance_to_the_end(stores);
    assert_int_equal(report_of.embedded, 70); // nothing was left to embed
    assert_agreed(stores);
}

static void what_waits_is_projected_first(struct test_stores *stores)
{
    wish_for_another(stores, 1);
    change_title(stores);
    assert_true(advance(stores));
    assert_projected(stores, stores->id);
    assert_int_equal(lacking(stores, EMBED_REDUCED), 1);
    assert_string_equal(setting(stores, "next_model_at"), "1 -1 0 0");
    advance_to_the_end(stores);
    assert_model(stores, EMBED_REDUCED);
}

// One change after the other: each step finds something due, and some go on with the model.
static void writers_do_not_keep_it_from_its_turn(struct test_stores *stores)
{
    wish_for_another(stores, 1);
    for (int steps = 0; steps < 40 && stores->store.precision == EMBED_F32; steps++) {
        change_words(stores);
        assert_true(advance(stores));
    }
    assert_model(stores, EMBED_REDUCED);
    advance_to_the_end(stores);
    assert_agreed(stores);
}

// After its text was read: its vector is not kept, and only another pass finds it.
static void what_is_written_meanwhile_is_embedded(struct test_stores *stores)
{
    wish_for_another(stores, 2);
    TEST_AT(stores, PROJECTOR_EMBEDDED, change_title);
    TEST_AT(stores, NEXT_MODEL_WHOLE, nothing_lacks_a_vector);
    advance_to_the_end(stores);
    assert_model(stores, EMBED_REDUCED);
    assert_int_equal(stores->reached[INJECT_NEXT_MODEL_WHOLE], 1);
    assert_agreed(stores);
}

static void change_the_first(struct test_stores *stores)
{
    test_sql(stores, "UPDATE content_metadata SET title = title || '!'"
                     " WHERE id = (SELECT min(id) FROM content_metadata)");
}

// Of those that are embedded ahead, once in a pass.
static void change_all(struct test_stores *stores)
{
    static unsigned passes;
    unsigned moved = stores->reached[INJECT_NEXT_MODEL_MOVED];
    if (moved > passes)
        test_sql(stores, "UPDATE content_metadata SET title = title || '!'");
    passes = moved;
}

// A vector of the text of before is none.
static void what_was_embedded_and_changes_is_embedded_again(struct test_stores *stores)
{
    wish_for_another(stores, 1);
    assert_true(advance(stores));
    assert_int_equal(lacking(stores, EMBED_REDUCED), 0);
    change_the_first(stores);
    TEST_AT(stores, NEXT_MODEL_WHOLE, nothing_lacks_a_vector);
    advance_to_the_end(stores);
    assert_model(stores, EMBED_REDUCED);
    assert_agreed(stores);
}

// Where each pass finds something that was written since, the change ends all the same, and what it
// left is embedded as anything that waits.
static void writers_that_go_on_do_not_keep_it_from_its_end(struct test_stores *stores)
{
    wish_for_another(stores, 2);
    test_at(stores, &(struct test_step){INJECT_PROJECTOR_STORED, 0, change_all, GROVE_OK});
    advance_to_the_end(stores);
    assert_model(stores, EMBED_REDUCED);
    assert_int_equal(stores->reached[INJECT_NEXT_MODEL_MOVED], 4);
    assert_agreed(stores);
}

// --- died, or failed -----------------------------------------------------------------------------

static void wherever_it_dies_the_next_one_goes_on(struct test_stores *stores)
{
    static const enum inject_point points[] = {INJECT_NEXT_MODEL_MOVED, INJECT_PROJECTOR_EMBEDDED,
                                               INJECT_PROJECTOR_STORED, INJECT_NEXT_MODEL_WHOLE,
                                               INJECT_MODEL_LOCKED,     INJECT_MODEL_CHANGED};
    for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
        enum embed_precision from = i % 2 ? EMBED_REDUCED : EMBED_F32;
        enum embed_precision to = i % 2 ? EMBED_F32 : EMBED_REDUCED;
        struct grove_error error;
        bool idle;
        stores->id = test_content(stores, &(struct test_content){.title = "b"});
        drain(stores);
        test_sql(stores, "DELETE FROM grove.embedding WHERE model = '%s'", embed_model_id(to));
        assert_false(wish(stores, to).settled);
        test_at(stores, &(struct test_step){points[i], 1, NULL, GROVE_UNAVAILABLE});
        enum grove_code code = GROVE_OK;
        for (int steps = 0; code == GROVE_OK && steps < 10; steps++)
            code = try_advance(stores, &idle, &error);
        assert_int_equal(code, GROVE_UNAVAILABLE);
        assert_model(stores, from);
        assert_int_equal(outbox_count(stores), 0);
        test_at_forget(stores);
        report_of = (struct projector_report){0};
        while (test_sql_int(stores, "SELECT count(*) FROM grove.setting"
                                    " WHERE name = 'next_model'") > 0)
            assert_true(advance(stores));
        assert_model(stores, to);
        assert_int_equal(lacking(stores, to), 0);
        advance_to_the_end(stores);
        assert_agreed(stores);
    }
}

static void a_wish_is_noted_or_not(struct test_stores *stores)
{
    struct grove_error error;
    struct model_wish unused;
    make_contents(stores, 1);
    TEST_FAIL_AT(stores, MODEL_NOTED, NULL);
    assert_int_equal(model_change_wish(&stores->store, NULL, EMBED_REDUCED, &unused, &error),
                     GROVE_UNAVAILABLE);
    assert_string_equal(setting(stores, "next_model"), "");
    assert_false(advance(stores));
}

// --- wishes --------------------------------------------------------------------------------------

static void the_way_back_is_there_at_once(struct test_stores *stores)
{
    wish_for_another(stores, 3);
    advance_to_the_end(stores);
    struct model_wish back = wish(stores, EMBED_F32);
    assert_true(back.settled);
    assert_int_equal(back.queued, 3);
    assert_model(stores, EMBED_F32);
    report_of = (struct projector_report){0};
    advance_to_the_end(stores);
    assert_int_equal(report_of.embedded, 0);
    assert_agreed(stores);
}

static void without_contents_it_is_there_at_once(struct test_stores *stores)
{
    struct model_wish there = wish(stores, EMBED_REDUCED);
    assert_true(there.settled);
    assert_int_equal(there.queued, 0);
    assert_model(stores, EMBED_REDUCED);
    assert_string_equal(setting(stores, "next_model"), "");
}

static void the_old_model_gives_it_up(struct test_stores *stores)
{
    wish_for_another(stores, 40);
    assert_true(advance(stores));
    assert_true(wish(stores, EMBED_F32).settled);
    assert_string_equal(setting(stores, "next_model"), "");
    assert_string_equal(setting(stores, "next_model_at"), "");
    assert_false(advance(stores));
    assert_model(stores, EMBED_F32);
    assert_agreed(stores);
}

static void the_same_wish_goes_on(struct test_stores *stores)
{
    wish_for_another(stores, 40);
    assert_true(advance(stores));
    assert_string_equal(setting(stores, "next_model_at"), "1 32 32 32");
    assert_false(wish(stores, EMBED_REDUCED).settled);
    assert_string_equal(setting(stores, "next_model_at"), "1 32 32 32");
}

static void wish_for_the_old_one(struct test_stores *stores)
{
    assert_true(wish(stores, EMBED_F32).settled);
}

// A projector has seen that every content has a vector, and the change is given up before it acts.
static void what_is_given_up_is_not_made(struct test_stores *stores)
{
    wish_for_another(stores, 1);
    TEST_AT(stores, NEXT_MODEL_WHOLE, wish_for_the_old_one);
    advance_to_the_end(stores);
    assert_int_equal(stores->reached[INJECT_NEXT_MODEL_WHOLE], 1);
    assert_model(stores, EMBED_F32);
    assert_string_equal(setting(stores, "next_model"), "");
    assert_agreed(stores);
}

// The same of the wish itself, where nothing is to be embedded.
static void a_wish_that_is_overtaken_is_not_made(struct test_stores *stores)
{
    struct model_look look;
    struct grove_error error;
    wish_for_another(stores, 1);
    advance_to_the_end(stores);
    wish_for_the_old_one(stores); // whose vectors are there: that is made at once
    assert_ok(
        model_change_look(&stores->store, NULL, &stores->arena, EMBED_REDUCED, -1, &look, &error),
        error);
    assert_true(look.all && look.count == 0);
    assert_ok(model_change_finish(&stores->store, NULL, EMBED_REDUCED, &error), error);
    assert_model(stores, EMBED_F32); // nobody wishes for it any more
}

static void at_once_ends_what_was_noted(struct test_stores *stores)
{
    struct grove_error error;
    int64_t queued;
    wish_for_another(stores, 3);
    assert_ok(store_set_precision(&stores->store, NULL, EMBED_REDUCED, &queued, &error), error);
    assert_int_equal(queued, 3);
    assert_model(stores, EMBED_REDUCED);
    assert_string_equal(setting(stores, "next_model"), "");
    drain(stores);
    assert_agreed(stores);
}

// Another projector has been here since it was read.
static void a_chunk_is_taken_once(struct test_stores *stores)
{
    struct model_progress at, after = {.pass = 1, .at = 32, .found = 32, .seen = 32};
    struct grove_error error;
    bool due = false, moved = false;
    wish_for_another(stores, 40);
    assert_ok(
        model_change_read(&stores->store, NULL, &stores->arena, EMBED_REDUCED, &at, &due, &error),
        error);
    assert_true(due);
    assert_true(advance(stores));
    assert_ok(model_change_move(&stores->store, NULL, &stores->arena, EMBED_REDUCED, &at, &after,
                                &moved, &error),
              error);
    assert_false(moved);
    // Nor is one of a change that was given up.
    wish_for_the_old_one(stores);
    assert_ok(model_change_move(&stores->store, NULL, &stores->arena, EMBED_REDUCED, &at, &after,
                                &moved, &error),
              error);
    assert_false(moved);
}

// A newer grove has a model that this one lacks: it goes on with what it has.
static void a_model_that_is_not_known_is_left_to_others(struct test_stores *stores)
{
    enum embed_precision unused;
    make_contents(stores, 1);
    test_sql(stores, "INSERT INTO grove.setting (name, value) VALUES ('next_model', 'x/y')");
    assert_false(advance(stores));
    assert_false(store_next_precision(&stores->store, &unused));
    assert_model(stores, EMBED_F32);
}

static void what_a_hand_wrote_begins_anew(struct test_stores *stores)
{
    static const char *const texts[] = {"",         "x",        "1 2 3",   "0 1 1 1",
                                        "1 -2 0 0", "1 1 -1 0", "1 1 1 x", "1 1 1 -1"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct model_progress progress = {.pass = 7};
        model_progress_parse(text_of(texts[i]), &progress);
        assert_int_equal(progress.pass, 1);
        assert_int_equal(progress.at, -1);
        assert_int_equal(progress.found + progress.seen, 0);
    }
    wish_for_another(stores, 1);
    test_sql(stores, "UPDATE grove.setting SET value = 'x' WHERE name = 'next_model_at'");
    advance_to_the_end(stores);
    assert_model(stores, EMBED_REDUCED);
}

static void a_pass_that_found_nothing_is_the_last(struct test_stores *stores)
{
    static const struct {
        struct model_progress at;
        struct model_look look;
        struct model_progress after;
        bool whole;
    } rows[] = {
        {{1, -1, 0, 0}, {.to = 9, .seen = 5, .count = 2}, {1, 9, 2, 5}, false},
        {{1, 9, 2, 5}, {.to = 12, .all = true, .seen = 3}, {2, -1, 0, 8}, false},
        {{2, -1, 0, 8}, {.to = 12, .all = true, .seen = 8}, {3, -1, 0, 8}, true},
        {{2, 9, 1, 8}, {.to = 12, .all = true, .seen = 8}, {3, -1, 0, 8}, false},
        {{4, 9, 1024, 8}, {.to = 12, .all = true}, {5, -1, 0, 8}, true},
        {{4, 9, 1024, 8}, {.to = 12, .all = true, .count = 1}, {5, -1, 0, 8}, false},
        {{4, 9, 0, 8}, {.to = 12}, {4, 12, 0, 8}, false},
    };
    (void)stores;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct model_progress after;
        assert_int_equal(model_progress_after(&rows[i].at, &rows[i].look, &after), rows[i].whole);
        assert_int_equal(after.pass, rows[i].after.pass);
        assert_int_equal(after.at, rows[i].after.at);
        assert_int_equal(after.found, rows[i].after.found);
        assert_int_equal(after.seen, rows[i].after.seen);
    }
}

// --- vectors that were supplied ------------------------------------------------------------------

// They need no embedding, and are taken over when they are projected.
static void supplied_vectors_lack_nothing(struct test_stores *stores)
{
    stores->id = make_row(stores, 0.5F);
    drain(stores);
    struct model_wish there = wish(stores, EMBED_REDUCED);
    assert_true(there.settled);
    assert_int_equal(there.queued, 1);
    drain(stores);
    assert_agreed(stores);
    assert_int_equal(test_sql_int(stores, "SELECT count(*) FROM grove.embedding"
                                          " WHERE origin = 'supplied'"),
                     2);
}

// With a revision it is known without the text; what cannot be compared is none.
static void supplied_vectors_are_judged(struct test_stores *stores)
{
    struct grove_error error;
    struct model_look look;
    stores->id = make_row(stores, 0.5F);
    int32_t spoilt = make_row(stores, 0.25F), changed = make_row(stores, 0.75F);
    test_sql(stores, "UPDATE grove.embedding AS e SET revision = s.revision"
                     " FROM grove.content_state AS s WHERE s.content_id = e.content_id");
    drain(stores);
    test_sql(stores,
             "UPDATE grove.embedding SET vector = decode(repeat('00000080', 384), 'hex')"
             " WHERE content_id = %d",
             spoilt);
    test_sql(stores, "UPDATE content_metadata SET title = 'Another' WHERE id = %d", changed);
    assert_ok(
        model_change_look(&stores->store, NULL, &stores->arena, EMBED_REDUCED, -1, &look, &error),
        error);
    assert_int_equal(look.count, 2);
    assert_int_equal(look.lacking[0], spoilt);
    assert_int_equal(look.lacking[1], changed);
    assert_int_equal(look.to, changed);
    assert_int_equal(look.seen, 3);
    assert_true(look.all);
}

// --- beside writers ------------------------------------------------------------------------------

static const char *const levels[] = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"};

// Who has written, and is not done, is waited for by nobody; and goes on, in any order.
static void embedding_ahead_waits_for_no_writer(struct test_stores *stores)
{
    struct pg_conn *writer = test_session(stores);
    for (size_t l = 0; l < ARRAY_COUNT(levels); l++) {
        enum embed_precision to = l % 2 ? EMBED_F32 : EMBED_REDUCED;
        stores->id = test_content(stores, &(struct test_content){.title = "a", .body = "b"});
        make_contents(stores, 3);
        test_sql(stores, "DELETE FROM grove.embedding WHERE model = '%s'", embed_model_id(to));
        test_session_sql(writer,
                         "BEGIN ISOLATION LEVEL %s; SET LOCAL lock_timeout = '1ms';"
                         "UPDATE content_metadata SET title = title || '!' WHERE id = %d",
                         levels[l], stores->id);
        assert_false(wish(stores, to).settled);
        advance_to_the_end(stores);
        assert_model(stores, to);
        test_session_sql(writer,
                         "UPDATE content_metadata SET title = title || '?';"
                         "UPDATE grove.body SET body = body || '!';"
                         "DELETE FROM content_metadata WHERE id = %d; COMMIT",
                         stores->id);
        advance_to_the_end(stores);
        assert_agreed(stores);
    }
}

// --- afterwards ----------------------------------------------------------------------------------

static int64_t drop(struct test_stores *stores)
{
    struct grove_error error;
    int64_t dropped = -1;
    assert_ok(model_change_drop_vectors(&stores->store, NULL, &dropped, &error), error);
    return dropped;
}

static void old_vectors_are_dropped_in_chunks(struct test_stores *stores)
{
    int32_t supplied = make_row(stores, 0.5F);
    wish_for_another(stores, 7);
    assert_int_equal(drop(stores), 0); // there are none yet
    advance_to_the_end(stores);
    inject_set_knob(INJECT_KNOB_DROP_ROWS, 3);
    TEST_FAIL_AT(stores, VECTORS_DROPPED, NULL);
    struct grove_error error;
    int64_t dropped;
    assert_int_equal(model_change_drop_vectors(&stores->store, NULL, &dropped, &error),
                     GROVE_UNAVAILABLE);
    assert_int_equal(dropped, 0);
    assert_int_equal(lacking(stores, EMBED_F32), 0);
    test_at_forget(stores);
    assert_int_equal(drop(stores), 7);
    inject_set_knob(INJECT_KNOB_DROP_ROWS, 0);
    assert_int_equal(lacking(stores, EMBED_F32), 7); // the one that was supplied stays
    assert_int_equal(test_sql_int(stores,
                                  "SELECT count(*) FROM grove.embedding WHERE content_id = %d",
                                  supplied),
                     2);
    assert_int_equal(lacking(stores, EMBED_REDUCED), 0);
    assert_int_equal(drop(stores), 0);
    assert_agreed(stores); // nothing waits for it
    assert_false(wish(stores, EMBED_F32).settled);
}

// Those of the next model are being made.
static void vectors_of_the_next_model_stay(struct test_stores *stores)
{
    wish_for_another(stores, 40);
    assert_true(advance(stores));
    assert_int_equal(lacking(stores, EMBED_REDUCED), 8);
    assert_int_equal(drop(stores), 0);
    assert_int_equal(lacking(stores, EMBED_REDUCED), 8);
    wish_for_the_old_one(stores);
    assert_int_equal(drop(stores), 32);
}

// The model does not become another one between the look and the commit.
static void dropping_waits_for_a_change_of_the_model(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    int64_t dropped;
    make_contents(stores, 1);
    call_init(&call);
    call_within(&call, 200);
    test_session_sql(test_session(stores), "BEGIN; SELECT pg_advisory_xact_lock(7454108921)");
    assert_int_equal(model_change_drop_vectors(&stores->store, &call, &dropped, &error),
                     GROVE_TIMEOUT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(all_is_embedded_before_the_model_changes),
        STORES_TEST(what_waits_is_projected_first),
        STORES_TEST(writers_do_not_keep_it_from_its_turn),
        STORES_TEST(what_is_written_meanwhile_is_embedded),
        STORES_TEST(what_was_embedded_and_changes_is_embedded_again),
        STORES_TEST(writers_that_go_on_do_not_keep_it_from_its_end),
        STORES_TEST(wherever_it_dies_the_next_one_goes_on),
        STORES_TEST(a_wish_is_noted_or_not),
        STORES_TEST(the_way_back_is_there_at_once),
        STORES_TEST(without_contents_it_is_there_at_once),
        STORES_TEST(the_old_model_gives_it_up),
        STORES_TEST(the_same_wish_goes_on),
        STORES_TEST(what_is_given_up_is_not_made),
        STORES_TEST(a_wish_that_is_overtaken_is_not_made),
        STORES_TEST(at_once_ends_what_was_noted),
        STORES_TEST(a_chunk_is_taken_once),
        STORES_TEST(a_model_that_is_not_known_is_left_to_others),
        STORES_TEST(what_a_hand_wrote_begins_anew),
        STORES_TEST(a_pass_that_found_nothing_is_the_last),
        STORES_TEST(supplied_vectors_lack_nothing),
        STORES_TEST(supplied_vectors_are_judged),
        STORES_TEST(embedding_ahead_waits_for_no_writer),
        STORES_TEST(old_vectors_are_dropped_in_chunks),
        STORES_TEST(vectors_of_the_next_model_stay),
        STORES_TEST(dropping_waits_for_a_change_of_the_model),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
