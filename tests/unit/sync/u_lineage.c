// SPDX-License-Identifier: Apache-2.0
// Whose projection a collection is: another's is refused, and where either store was restored both
// are compared. Each case ends in the agreement of both stores, or in a refusal that wrote nothing.
#include "histories.h"

#include <string.h>

#include "base/clock.h"

#define OTHER "0123456789abcdef0123456789abcdef"
static const struct vector_mark another = {OTHER, 1, "00112233aabbccdd", "fedcba9876543210"};

// --- helpers -------------------------------------------------------------------------------------

// As a handle that has just asked, and goes on doing so however long a busy machine takes.
static void believe_what_was_asked(struct test_stores *stores)
{
    int64_t us = clock_monotonic_us() + (int64_t)3600 * 1000 * 1000;
    atomic_store(&stores->store.lineage_known_at_us, us);
    atomic_store(&stores->store.lineage_looked_at_us, us);
    pthread_mutex_lock(&stores->store.model_mutex);
    stores->store.model_read_at_us = us;
    pthread_mutex_unlock(&stores->store.model_mutex);
}

static struct grove_error check_refuses(struct test_stores *stores)
{
    struct grove_error error = {0};
    assert_int_equal(check_lineage(stores, &error), GROVE_CONFLICT);
    return error;
}

static void assert_marked_by(struct test_stores *stores, const struct vector_mark *mark)
{
    struct vector_marks marks = fake_engine_marks(stores->fake);
    assert_int_equal(marks.count, 1);
    assert_true(vector_mark_equal(&marks.items[0], mark));
}

static void assert_marked(struct test_stores *stores)
{
    struct vector_mark own = own_mark(stores);
    assert_marked_by(stores, &own);
}

// --- marks ---------------------------------------------------------------------------------------

static void a_collection_is_marked(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    assert_marked(stores);
    check_well(stores);
    assert_false(is_doubted(stores));
    assert_agreed(stores);
}

// The row, the witness, and what others read of the row. Again where something was noted of it.
static void a_check_asks_the_database_once(struct test_stores *stores)
{
    struct grove_error error;
    struct call call;
    make_projected(stores, 0.5F);
    open_anew(stores);
    assert_ok(lineage_look(&stores->store, NULL, &error), error); // since when it runs is noted
    open_anew(stores);
    call_init(&call);
    assert_ok(lineage_look(&stores->store, &call, &error), error);
    assert_int_equal(call.counters.statements, 1);
    fake_engine_take(stores->fake, 1);
    open_anew(stores);
    call_init(&call);
    assert_ok(lineage_look(&stores->store, &call, &error), error);
    assert_int_equal(call.counters.statements, 4); // and the witness again, the doubt, the model
    assert_true(is_doubted(stores));
}

static void anothers_collection_is_refused(struct test_stores *stores)
{
    int32_t id = make_row(stores, 0.5F);
    put_mark(stores, &another);
    open_anew(stores);
    struct grove_error error = step_fails(stores, GROVE_CONFLICT);
    assert_non_null(strstr(error.message, OTHER));
    assert_non_null(strstr(error.message, "content_vectors"));
    assert_non_null(strstr(error.detail, own_mark(stores).identity));
    assert_non_null(strstr(error.hint, "GROVE_COLLECTION"));
    assert_non_null(strstr(error.hint, "--take-collection"));
    assert_int_equal(fake_engine_points(stores->fake), 0);
    assert_true(test_outbox(stores, id).present && !test_outbox(stores, id).leased);
    assert_marked_by(stores, &another);
}

// Another has taken it since it was asked last.
static void it_is_asked_again(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    put_mark(stores, &another);
    make_row(stores, 0.6F);
    atomic_store(&stores->store.lineage_known_at_us,
                 clock_monotonic_us() - (int64_t)LINEAGE_AGE_MS * 1000);
    step_fails(stores, GROVE_CONFLICT);
    assert_int_equal(fake_engine_points(stores->fake), 1);
}

static void take_it_for_another(struct test_stores *stores)
{
    put_mark(stores, &another);
    atomic_store(&stores->store.lineage_known_at_us, 1);
}

// It is taken by another while texts are read and embedded.
static void it_is_asked_right_before_the_write(struct test_stores *stores)
{
    int32_t id = make_row(stores, 0.5F);
    check_well(stores);
    TEST_AT(stores, PROJECTOR_READ, take_it_for_another);
    step_fails(stores, GROVE_CONFLICT);
    assert_int_equal(fake_engine_points(stores->fake), 0);
    assert_true(test_outbox(stores, id).present && !test_outbox(stores, id).leased);
}

static void a_collection_of_before_is_adopted(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    make_projected(stores, 0.6F);
    make_row(stores, 0.7F); // waits
    put_mark(stores, NULL);
    test_sql(stores, "UPDATE grove.lineage SET marked = false,"
                     " written = pg_current_xact_id()::xid");
    check_well(stores);
    assert_marked(stores);
    assert_false(is_doubted(stores));
}

static void points_of_others_are_not_adopted(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    stores->id = make_projected(stores, 0.6F);
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, stores->id, &point));
    point.revision++;
    fake_engine_put(stores->fake, &point);
    put_mark(stores, NULL);
    struct grove_error error = check_refuses(stores);
    assert_non_null(strstr(error.message, "points that are not this database's"));
    assert_int_equal(fake_engine_marks(stores->fake).count, 0);
}

// Nothing of it can be told by what this database has.
static void a_new_database_adopts_no_points(struct test_stores *stores)
{
    fake_engine_put(stores->fake, &(struct fake_point){.id = 1, .revision = 1, .vector = {1}});
    put_mark(stores, NULL);
    test_sql(stores, "UPDATE grove.lineage SET marked = false,"
                     " written = pg_current_xact_id()::xid");
    check_refuses(stores);
    assert_int_equal(fake_engine_points(stores->fake), 1);
}

static void an_emptied_collection_is_filled(struct test_stores *stores)
{
    int32_t id = make_projected(stores, 0.5F);
    check_well(stores); // nobody looks again whether the database is behind
    fake_engine_take(stores->fake, id);
    put_mark(stores, NULL);
    // Of before witnesses: they would notice, too.
    test_sql(stores, "UPDATE grove.witness SET content_ids = '{}', revisions = '{}'");
    check_well(stores);
    assert_marked(stores);
    assert_true(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

static void mark_for_another(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call == ENGINE_MARK)
        fake_engine_set_mark(stores->fake, &another, true);
}

static void of_two_that_mark_both_give_up(struct test_stores *stores)
{
    put_mark(stores, NULL);
    fake_engine_set_hooks(stores->fake,
                          &(struct fake_hooks){.after = mark_for_another, .state = stores});
    check_refuses(stores);
    assert_marked_by(stores, &another);
}

static void who_takes_a_collection_compares_it(struct test_stores *stores)
{
    struct grove_error error;
    int32_t id = make_projected(stores, 0.5F);
    make_projected(stores, 0.6F);
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    point.revision = 1000000; // as another's first content
    fake_engine_put(stores->fake, &point);
    point.id = 12;
    fake_engine_put(stores->fake, &point);
    put_mark(stores, &another);
    check_refuses(stores);
    assert_ok(lineage_take(&stores->store, NULL, &error), error);
    assert_true(is_doubted(stores));
    assert_int_equal(points_written(stores), 2);
    assert_agreed(stores);
    assert_marked(stores);
}

// What another database wrote for a content of its own, under the id and the revision of ours.
static void put_strangers_point(struct test_stores *stores, int32_t id)
{
    struct fake_point point;
    assert_true(fake_engine_get(stores->fake, id, &point));
    point.word_count = 4711;
    fake_engine_put(stores->fake, &point);
}

static void assert_written_over(struct test_stores *stores, int32_t id)
{
    struct fake_point point;
    assert_projected(stores, id);
    assert_true(fake_engine_get(stores->fake, id, &point));
    assert_int_not_equal(point.word_count, 4711);
}

static void a_strangers_revision_is_none_of_ours(struct test_stores *stores)
{
    struct grove_error error;
    int32_t id = make_projected(stores, 0.5F);
    check_well(stores); // nobody looks again whether the database is behind
    put_strangers_point(stores, id);
    fake_engine_put(stores->fake, &(struct fake_point){.id = 12, .revision = 1, .vector = {1}});
    put_mark(stores, &another);
    check_refuses(stores);
    assert_ok(lineage_take(&stores->store, NULL, &error), error);
    drain(stores);
    assert_written_over(stores, id);
    assert_int_equal(fake_engine_revision(stores->fake, 12), FAKE_NO_POINT);
    assert_agreed(stores);
}

// --- the database restored -----------------------------------------------------------------------

static void a_restored_dump_is_noticed(struct test_stores *stores)
{
    int32_t same = make_projected(stores, 0.5F), changed = make_projected(stores, 0.6F),
            deleted = make_projected(stores, 0.7F);
    dump_database(stores);
    stores->id = changed;
    change_title(stores);
    stores->id = deleted;
    delete_content(stores);
    int32_t added = make_projected(stores, 0.8F);
    struct vector_mark before = own_mark(stores);
    restore_database(stores);
    check_well(stores);
    assert_true(is_doubted(stores));
    struct vector_mark now = own_mark(stores);
    assert_string_equal(now.identity, before.identity);
    assert_int_equal(now.epoch, before.epoch + 1);
    assert_marked(stores);
    assert_int_equal(points_written(stores), 2); // changed, deleted
    assert_false(is_doubted(stores));
    assert_int_equal(fake_engine_revision(stores->fake, added), FAKE_NO_POINT);
    assert_projected(stores, same);
    assert_agreed(stores);
}

// Revisions are drawn again: what the engine has under one is another state than the database's.
// The first write is lost, which is not to be taken for done.
static void a_revision_drawn_twice_is_told(struct test_stores *stores)
{
    stores->id = make_projected(stores, 0.5F);
    dump_database(stores);
    change_words(stores);
    drain(stores);
    struct fake_point before, after;
    assert_true(fake_engine_get(stores->fake, stores->id, &before));
    restore_database(stores);
    test_sql(stores, "UPDATE content_metadata SET word_count = 777 WHERE id = %d", stores->id);
    assert_int_equal(test_revision(stores, stores->id), before.revision);
    fake_engine_fault(stores->fake,
                      &(struct fake_fault){.call = ENGINE_UPSERT, .kind = FAKE_LOSE, .nth = 1});
    open_anew(stores);
    drain(stores);
    assert_true(fake_engine_get(stores->fake, stores->id, &after));
    assert_int_equal(after.word_count, 777);
    assert_agreed(stores);
}

// Nothing is leased from a database that something has happened to, however lately it was asked.
static void nothing_is_projected_before_it_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    dump_database(stores);
    restore_database(stores);
    make_row(stores, 0.6F);
    believe_what_was_asked(stores);
    assert_true(is_idle(stores));
    assert_int_equal(fake_engine_points(stores->fake), 1);
    open_anew(stores);
    drain(stores);
    assert_agreed(stores);
}

// A failover, a moment in time, an upgrade: the server tells another timeline.
static void a_cut_history_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    struct vector_mark before = own_mark(stores);
    test_sql(stores, "UPDATE grove.lineage SET timeline = 'another', "
                     "written = pg_current_xact_id()::xid");
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_int_equal(own_mark(stores).epoch, before.epoch + 1);
    assert_marked(stores);
    assert_int_equal(points_written(stores), 0); // all is as it was
    assert_false(is_doubted(stores));
    assert_agreed(stores);
}

// As if the database had another name, which that which it is copied to has not.
static struct vector_mark mark_elsewhere(struct test_stores *stores)
{
    struct vector_mark mark = own_mark(stores);
    memcpy(mark.place, another.place, sizeof mark.place);
    put_mark(stores, &mark);
    return mark;
}

static void a_copy_is_another_database(struct test_stores *stores)
{
    int32_t id = make_projected(stores, 0.5F);
    struct vector_mark before = mark_elsewhere(stores);
    test_sql(stores, "UPDATE grove.lineage SET written = pg_current_xact_id()::xid,"
                     " database = (SELECT oid FROM pg_database WHERE datname = 'template1')");
    struct grove_error error = check_refuses(stores);
    assert_non_null(strstr(error.message, before.identity));
    assert_string_not_equal(own_mark(stores).identity, before.identity);
    assert_marked_by(stores, &before);
    fake_engine_lose_collection(stores->fake); // in another collection, all is projected
    open_anew(stores);
    drain(stores);
    assert_projected(stores, id);
    assert_agreed(stores);
}

// That of another, which had this one's name on this server.
static struct vector_mark predecessors_mark(struct test_stores *stores)
{
    struct vector_mark mark = another;
    memcpy(mark.place, own_mark(stores).place, sizeof mark.place);
    return mark;
}

// A database was dropped, or renamed, and this one has its name now.
static void who_stands_in_anothers_place_succeeds_it(struct test_stores *stores)
{
    int32_t id = make_projected(stores, 0.5F);
    struct vector_mark before = predecessors_mark(stores);
    put_mark(stores, &before);
    put_strangers_point(stores, id);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_marked(stores);
    assert_int_equal(points_written(stores), 1);
    assert_written_over(stores, id);
    assert_agreed(stores);
}

// It was restored from a dump of a third one, and has been projected nowhere since.
static void who_succeeds_with_anothers_dump_writes_all(struct test_stores *stores)
{
    int32_t id = make_projected(stores, 0.5F);
    struct vector_mark before = predecessors_mark(stores);
    dump_database(stores);
    test_sql(stores, "UPDATE dump.t0 SET database ="
                     " (SELECT oid FROM pg_database WHERE datname = 'template1')");
    put_mark(stores, &before);
    put_strangers_point(stores, id);
    restore_database(stores);
    check_well(stores);
    assert_int_equal(points_written(stores), 1);
    assert_written_over(stores, id);
    assert_agreed(stores);
}

static void a_renamed_database_keeps_its_collection(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    struct vector_mark before = own_mark(stores);
    memcpy(before.place, another.place, sizeof before.place);
    put_mark(stores, &before);
    check_well(stores);
    assert_false(is_doubted(stores));
    assert_marked(stores);
}

// A dump in another database of the server, beside the one that was dumped.
static void a_dump_beside_its_source_is_a_copy(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    dump_database(stores);
    test_sql(stores, "UPDATE dump.t0 SET database ="
                     " (SELECT oid FROM pg_database WHERE datname = 'template1')");
    struct vector_mark before = mark_elsewhere(stores);
    restore_database(stores);
    check_refuses(stores);
    assert_string_not_equal(own_mark(stores).identity, before.identity);
}

// Its own epoch was the second, and that of the dump the first; so is the one that begins now.
static void a_new_epoch_outranks_what_was_lost(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    dump_database(stores);
    test_sql(stores, "UPDATE grove.lineage SET timeline = 'another', "
                     "written = pg_current_xact_id()::xid");
    open_anew(stores);
    drain(stores);
    int64_t epoch = own_mark(stores).epoch;
    restore_database(stores);
    check_well(stores);
    assert_int_equal(own_mark(stores).epoch, epoch + 1);
    assert_marked(stores);
    drain(stores);
    assert_agreed(stores);
}

static void what_another_copy_took_is_refused(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    struct vector_mark mark = own_mark(stores);
    mark.epoch++;
    memcpy(mark.history, another.history, sizeof mark.history);
    put_mark(stores, &mark);
    struct grove_error error = check_refuses(stores);
    assert_non_null(strstr(error.message, "by a copy of this database"));
    assert_marked_by(stores, &mark);
    assert_ok(lineage_take(&stores->store, NULL, &error), error);
    assert_string_not_equal(own_mark(stores).identity, mark.identity);
    drain(stores);
    assert_agreed(stores);
}

// --- the engine restored -------------------------------------------------------------------------

static void an_older_engine_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    int32_t deleted = make_projected(stores, 0.6F);
    check_well(stores); // nobody looks again whether the database is behind
    struct engine_copy copy = copy_engine(stores);
    make_projected(stores, 0.7F);
    stores->id = deleted;
    delete_content(stores);
    drain(stores);
    restore_engine(stores, &copy);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_int_equal(points_written(stores), 1);
    assert_agreed(stores);
}

static struct {
    int looks;
    struct fake_point point;
} missed;

static void miss_once(void *state, const struct engine_event *event)
{
    struct test_stores *stores = state;
    if (event->call != ENGINE_STATES)
        return;
    if (missed.looks++ > 0) {
        fake_engine_put(stores->fake, &missed.point);
        return;
    }
    assert_true(fake_engine_get(stores->fake, stores->id, &missed.point));
    fake_engine_take(stores->fake, stores->id);
}

// As one that was changed, and projected, between the look at the database and that at the engine.
static void what_differs_once_is_no_sign(struct test_stores *stores)
{
    stores->id = make_projected(stores, 0.5F);
    fake_engine_set_hooks(stores->fake, &(struct fake_hooks){.before = miss_once, .state = stores});
    check_well(stores);
    assert_int_equal(missed.looks, 2);
    assert_false(is_doubted(stores));
}

// The last that was done was a removal.
static void an_engine_that_has_a_removed_point_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    stores->id = make_projected(stores, 0.6F);
    check_well(stores); // nobody looks again whether the database is behind
    struct engine_copy copy = copy_engine(stores);
    delete_content(stores);
    drain(stores);
    restore_engine(stores, &copy);
    check_well(stores);
    assert_true(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

// What was acknowledged last has changed since. The engine has lost that, and what came before it.
static void an_older_engine_is_noticed_though_its_witness_waits(struct test_stores *stores)
{
    stores->id = make_projected(stores, 0.5F);
    int32_t other = make_projected(stores, 0.6F);
    struct engine_copy copy = copy_engine(stores);
    test_sql(stores, "UPDATE content_metadata SET word_count = 777 WHERE id = %d", other);
    drain(stores);
    change_title(stores);
    drain(stores);
    change_title(stores);
    restore_engine(stores, &copy);
    check_well(stores);
    assert_true(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

// A content that waits may be anywhere behind what was acknowledged: taken out, or written.
static void what_waits_is_not_taken_for_an_older_engine(struct test_stores *stores)
{
    stores->id = make_projected(stores, 0.5F);
    change_title(stores);
    check_well(stores);
    assert_false(is_doubted(stores));
    fake_engine_take(stores->fake, stores->id);
    check_well(stores);
    assert_false(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

// Of an epoch that is over.
static void an_engine_of_an_older_epoch_is_noticed(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    struct vector_mark before = own_mark(stores);
    test_sql(stores, "UPDATE grove.lineage SET timeline = 'another', "
                     "written = pg_current_xact_id()::xid");
    open_anew(stores);
    drain(stores);
    test_sql(stores, "UPDATE grove.witness SET content_ids = '{}', revisions = '{}'");
    put_mark(stores, &before);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_marked(stores);
    drain(stores);
    assert_agreed(stores);
}

// A server that recovers a snapshot keeps the mark that it has, and takes the snapshot's, too.
static void a_mark_that_is_back_is_noticed(struct test_stores *stores)
{
    stores->id = make_projected(stores, 0.5F);
    struct vector_mark before = own_mark(stores);
    struct engine_copy copy = copy_engine(stores);
    change_title(stores);
    drain(stores);
    test_sql(stores, "UPDATE grove.lineage SET epoch = epoch + 1, history = grove.new_history(), "
                     "marked = false, written = pg_current_xact_id()::xid");
    check_well(stores);
    drain(stores);
    test_sql(stores, "UPDATE grove.witness SET content_ids = '{}', revisions = '{}'");
    restore_engine(stores, &copy);
    fake_engine_set_mark(stores->fake, &before, true);
    check_well(stores);
    assert_true(is_doubted(stores));
    assert_marked(stores);
    drain(stores);
    assert_agreed(stores);
}

// A comparison that found nothing to do leaves those who bear witness.
static void an_older_engine_is_noticed_after_a_comparison(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    struct engine_copy copy = copy_engine(stores);
    make_projected(stores, 0.6F);
    test_sql(stores, "UPDATE grove.lineage SET timeline = 'another', "
                     "written = pg_current_xact_id()::xid");
    open_anew(stores);
    drain(stores);
    restore_engine(stores, &copy);
    check_well(stores);
    assert_true(is_doubted(stores));
    drain(stores);
    assert_agreed(stores);
}

// Both, to different moments; and a point without a revision, and one of nobody.
static void both_restored_are_mended(struct test_stores *stores)
{
    make_projected(stores, 0.1F);
    struct engine_copy copy = copy_engine(stores);
    stores->id = make_projected(stores, 0.2F);
    dump_database(stores);
    change_title(stores);
    make_projected(stores, 0.3F);
    restore_database(stores);
    restore_engine(stores, &copy);
    fake_engine_put(stores->fake,
                    &(struct fake_point){.id = 2, .revision = VECTOR_NONE, .vector = {1}});
    fake_engine_put(stores->fake, &(struct fake_point){.id = 9, .revision = 3, .vector = {1}});
    open_anew(stores);
    drain(stores);
    assert_agreed(stores);
}

// --- the comparison ------------------------------------------------------------------------------

static void doubt(struct test_stores *stores, const char *claimed_by, int milliseconds)
{
    test_sql(stores,
             "UPDATE grove.lineage SET doubt = 'a test', compared_from = 0, claimed_by = '%s', "
             "claimed_until ="
             " clock_timestamp() + %d * interval '1 ms', written = pg_current_xact_id()::xid",
             claimed_by, milliseconds);
    open_anew(stores);
}

static void one_compares_at_a_time(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    make_row(stores, 0.6F);
    doubt(stores, "another", 20000);
    assert_true(is_idle(stores));
    assert_true(is_doubted(stores));
    assert_int_equal(fake_engine_points(stores->fake), 1);
    doubt(stores, "another", -1); // it has died
    drain(stores);
    assert_false(is_doubted(stores));
    assert_agreed(stores);
}

// A library that does not know of doubts does not ask whether there is one.
static void an_older_library_leases_nothing_in_doubt(struct test_stores *stores)
{
    static const char lease[] = "UPDATE grove.outbox SET lease_owner = 'old', attempts = 1,"
                                " lease_until = clock_timestamp() + interval '1 minute'";
    struct grove_error error = {0};
    make_projected(stores, 0.5F);
    make_row(stores, 0.6F);
    doubt(stores, "another", 20000);
    assert_int_equal(pg_exec(stores->sessions[0], lease, &error), GROVE_DATABASE);
    assert_string_equal(error.sqlstate, "55000");
    assert_non_null(strstr(error.message, "compared with the database first"));
    test_sql(stores, "UPDATE grove.outbox SET attempts = 1");
    assert_true(is_idle(stores));
    doubt(stores, "another", -1);
    drain(stores);
    make_row(stores, 0.7F);
    test_sql(stores, "%s", lease);
}

static void count_beat(void *state)
{
    ++*(int *)state;
}

// Pages: the engine has more points than one of them, and contents lie before, between and behind.
// After each whoever listens hears that it gets on.
static void pages_meet(struct test_stores *stores)
{
    struct grove_error error;
    struct projector_report report = {0};
    struct call call;
    bool idle;
    int beats = 0;
    call_init(&call);
    call.on_beat = count_beat;
    call.beat_state = &beats;
    int32_t first = make_projected(stores, 0.5F);
    test_sql(stores, "SELECT setval('content_metadata_id_seq', %d)", VECTOR_PAGE_MAX + 500);
    int32_t last = test_content(stores, &(struct test_content){.title = "last"});
    test_vector_give(stores, last, test_toward(0.6F, 2).numbers);
    drain(stores);
    for (int32_t id = 100; id < 100 + VECTOR_PAGE_MAX + 50; id++)
        fake_engine_put(stores->fake, &(struct fake_point){.id = id, .revision = 1, .vector = {1}});
    fake_engine_take(stores->fake, first);
    fake_engine_take(stores->fake, last);
    doubt(stores, "another", -1);
    assert_ok(projector_step(&stores->store, &call, &report, &idle, &error), error);
    assert_int_equal(beats, 2);
    drain(stores);
    assert_int_equal(fake_engine_points(stores->fake), 2);
    assert_agreed(stores);
    assert_ok(lineage_check(&stores->store, NULL, &error), error);
}

// A claim that was lost while a page was compared ends the comparison, and another ends the doubt.
static void lose_the_claim(struct test_stores *stores)
{
    doubt(stores, "another", 20000);
}

static void who_loses_the_claim_settles_nothing(struct test_stores *stores)
{
    make_projected(stores, 0.5F);
    doubt(stores, "nobody", -1);
    TEST_AT(stores, LINEAGE_COMPARED, lose_the_claim);
    assert_true(is_idle(stores));
    test_at_forget(stores);
    open_anew(stores);
    assert_true(is_idle(stores));
    assert_true(is_doubted(stores));
    assert_non_null(test_sql_text(stores, "SELECT doubt FROM grove.lineage"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORES_TEST(a_collection_is_marked),
        STORES_TEST(a_check_asks_the_database_once),
        STORES_TEST(anothers_collection_is_refused),
        STORES_TEST(it_is_asked_again),
        STORES_TEST(it_is_asked_right_before_the_write),
        STORES_TEST(a_collection_of_before_is_adopted),
        STORES_TEST(points_of_others_are_not_adopted),
        STORES_TEST(a_new_database_adopts_no_points),
        STORES_TEST(an_emptied_collection_is_filled),
        STORES_TEST(of_two_that_mark_both_give_up),
        STORES_TEST(who_takes_a_collection_compares_it),
        STORES_TEST(a_strangers_revision_is_none_of_ours),
        STORES_TEST(a_restored_dump_is_noticed),
        STORES_TEST(a_revision_drawn_twice_is_told),
        STORES_TEST(nothing_is_projected_before_it_is_noticed),
        STORES_TEST(a_cut_history_is_noticed),
        STORES_TEST(a_copy_is_another_database),
        STORES_TEST(who_stands_in_anothers_place_succeeds_it),
        STORES_TEST(who_succeeds_with_anothers_dump_writes_all),
        STORES_TEST(a_renamed_database_keeps_its_collection),
        STORES_TEST(a_dump_beside_its_source_is_a_copy),
        STORES_TEST(a_new_epoch_outranks_what_was_lost),
        STORES_TEST(what_another_copy_took_is_refused),
        STORES_TEST(an_older_engine_is_noticed),
        STORES_TEST(what_differs_once_is_no_sign),
        STORES_TEST(an_engine_that_has_a_removed_point_is_noticed),
        STORES_TEST(an_older_engine_is_noticed_though_its_witness_waits),
        STORES_TEST(what_waits_is_not_taken_for_an_older_engine),
        STORES_TEST(an_engine_of_an_older_epoch_is_noticed),
        STORES_TEST(a_mark_that_is_back_is_noticed),
        STORES_TEST(an_older_engine_is_noticed_after_a_comparison),
        STORES_TEST(both_restored_are_mended),
        STORES_TEST(one_compares_at_a_time),
        STORES_TEST(an_older_library_leases_nothing_in_doubt),
        STORES_TEST(pages_meet),
        STORES_TEST(who_loses_the_claim_settles_nothing),
    };
    return test_main(argc, argv, tests, ARRAY_COUNT(tests));
}
