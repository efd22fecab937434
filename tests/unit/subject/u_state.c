// SPDX-License-Identifier: Apache-2.0
// What is to be done next, of every state that a subject can be in. Nobody is asked.
#include "../test.h"

#include "subject/name.h"
#include "subject/state.h"

static const struct state nothing = {
    .name = "science",
    .table = "science_hierarchy",
    .check_sound = true,
    .including = "'religion_hierarchy', 'science_hierarchy'",
    .excluding = "'religion_hierarchy'",
    .may_use_table = true,
    .may_alter = true,
    .may_create = true,
};

struct row {
    struct state state;
    struct state_progress progress;
    enum grove_code code;
    enum phase phase;
};

#define SOUND .check_sound = true
#define RIGHTS .may_use_table = true, .may_alter = true, .may_create = true
#define TABLE .table = "science_hierarchy"
#define PLAIN(...) {.name = "science", __VA_ARGS__}
#define STATE(...) PLAIN(TABLE, SOUND, RIGHTS, __VA_ARGS__)

static void of_an_addition(void **unused)
{
    (void)unused;
    const struct row rows[] = {
        {STATE(.contents = 0), {0}, GROVE_OK, PHASE_TABLE},
        {STATE(.table_there = true, .table_ours = true), {0}, GROVE_OK, PHASE_EXTEND},
        {STATE(.table_there = true, .table_ours = true, .next_there = true, .next_with = true),
         {0},
         GROVE_OK,
         PHASE_VALIDATE},
        {STATE(.table_there = true, .table_ours = true, .next_there = true, .next_with = true,
               .next_valid = true),
         {0},
         GROVE_OK,
         PHASE_ENTER},
        {STATE(.registered = true, .table_there = true, .table_ours = true),
         {.looked = true, .entered = true},
         GROVE_OK,
         PHASE_SETTLE},
        {STATE(.registered = true, .table_there = true, .table_ours = true),
         {.looked = true, .entered = true, .settled = true},
         GROVE_OK,
         PHASE_NONE},
        // Another process added it while this one waited.
        {STATE(.registered = true, .table_there = true), {.looked = true}, GROVE_OK, PHASE_NONE},
        {STATE(.registered = true, .table_there = true), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.registered = true, .table_there = true), {.may_exist = true}, GROVE_OK, PHASE_NONE},
        {STATE(.registered = true, .table_there = true, .next_there = true, .next_without = true),
         {0},
         GROVE_OK,
         PHASE_KEEP},
        {STATE(.table_there = true), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.alike = "Science_hierarchy"), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.owner = "nature"), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.reserved = true), {0}, GROVE_INVALID, PHASE_NONE},
        {PLAIN(TABLE, RIGHTS), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.next_there = true), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.next_there = true, .next_change = true, .differs = "x"),
         {0},
         GROVE_CONFLICT,
         PHASE_NONE},
        {STATE(.next_there = true, .next_same = true, .next_without = true),
         {0},
         GROVE_OK,
         PHASE_KEEP},
        {STATE(.registered = true, .table_there = true, .next_there = true, .next_same = true),
         {0},
         GROVE_OK,
         PHASE_KEEP},
        {STATE(.taken = "idx_science_limb"), {0}, GROVE_CONFLICT, PHASE_NONE},
        {PLAIN(TABLE, SOUND, .may_alter = true, .may_create = true, .table_there = true,
               .table_ours = true),
         {0},
         GROVE_DENIED,
         PHASE_NONE},
        {STATE(.taken = "idx_science_limb", .table_there = true, .table_ours = true),
         {0},
         GROVE_OK,
         PHASE_EXTEND},
        {PLAIN(TABLE, SOUND, .may_create = true), {0}, GROVE_DENIED, PHASE_NONE},
        {PLAIN(TABLE, SOUND, .may_alter = true), {0}, GROVE_DENIED, PHASE_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct grove_error error = {0};
        enum phase phase = PHASE_NONE;
        enum grove_code code = state_next_of_add(&rows[i].state, &rows[i].progress, &phase, &error);
        if (code != rows[i].code || phase != rows[i].phase)
            fail_msg("row %zu: %d, phase %d: %s", i, (int)code, (int)phase, error.message);
    }
}

static void of_a_removal(void **unused)
{
    (void)unused;
    const struct row rows[] = {
        {STATE(.registered = true, .table_there = true), {0}, GROVE_OK, PHASE_FORBID},
        {PLAIN(TABLE, SOUND, .may_alter = true, .may_create = true, .registered = true,
               .table_there = true),
         {0},
         GROVE_DENIED,
         PHASE_NONE},
        {STATE(.registered = true, .contents = 3), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.registered = true, .contents = 3), {.with_contents = true}, GROVE_OK, PHASE_FORBID},
        {STATE(.registered = true, .contents = 3, .next_there = true, .next_without = true),
         {.with_contents = true},
         GROVE_OK,
         PHASE_EMPTY},
        {STATE(.registered = true, .contents = 3, .next_there = true, .next_without = true),
         {.with_contents = true, .emptied = true},
         GROVE_CORRUPT,
         PHASE_NONE},
        // Somebody was quicker than "forbid".
        {STATE(.registered = true, .contents = 3, .next_there = true, .next_without = true),
         {.looked = true},
         GROVE_OK,
         PHASE_KEEP},
        {STATE(.registered = true, .next_there = true, .next_without = true),
         {0},
         GROVE_OK,
         PHASE_VALIDATE},
        {STATE(.registered = true, .next_there = true, .next_without = true, .next_valid = true),
         {0},
         GROVE_OK,
         PHASE_LEAVE},
        {STATE(.registered = true, .next_there = true), {0}, GROVE_CONFLICT, PHASE_NONE},
        {STATE(.registered = true, .next_there = true, .next_same = true),
         {0},
         GROVE_OK,
         PHASE_KEEP},
        {PLAIN(TABLE, RIGHTS, .registered = true), {0}, GROVE_CONFLICT, PHASE_NONE},
        {PLAIN(SOUND, RIGHTS, .registered = true, .table = "subject8_hierarchy"),
         {0},
         GROVE_INVALID,
         PHASE_NONE},
        {PLAIN(SOUND, RIGHTS, .registered = true, .table = "Odd_hierarchy"),
         {0},
         GROVE_UNSUPPORTED,
         PHASE_NONE},
        {STATE(.contents = 0), {0}, GROVE_NOT_FOUND, PHASE_NONE},
        {STATE(.contents = 0), {.looked = true}, GROVE_OK, PHASE_NONE},
        {STATE(.table_there = true, .table_ours = true), {0}, GROVE_OK, PHASE_UNDO},
        {STATE(.next_there = true, .next_with = true), {0}, GROVE_OK, PHASE_UNDO},
        {STATE(.table_there = true, .next_there = true, .next_with = true),
         {0},
         GROVE_CONFLICT,
         PHASE_NONE},
        {STATE(.table_there = true), {0}, GROVE_NOT_FOUND, PHASE_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct grove_error error = {0};
        enum phase phase = PHASE_NONE;
        enum grove_code code =
            state_next_of_remove(&rows[i].state, &rows[i].progress, &phase, &error);
        if (code != rows[i].code || phase != rows[i].phase)
            fail_msg("row %zu: %d, phase %d: %s", i, (int)code, (int)phase, error.message);
    }
}

// A template that names what there is not ends the program: each is rendered.
static void every_phase_has_its_sql(void **unused)
{
    (void)unused;
    for (enum phase phase = 0; (int)phase < (int)PHASE_COUNT; phase++) {
        struct strbuf sql;
        struct phase_names names = state_names(&nothing, phase);
        names.new_name = text_of("nature");
        strbuf_init(&sql, PHASE_SQL_MAX);
        phase_add_sql(&sql, phase, &names);
        assert_false(sql.failed);
        assert_non_null(strstr(sql.data, "pg_advisory_xact_lock(7454108920)"));
        assert_null(strstr(sql.data, "%{"));
        assert_null(strstr(sql.data, "SPDX"));
        bool brief = strstr(phase_locks(phase), "10 ms") != NULL;
        assert_int_equal(brief, strstr(sql.data, "lock_timeout = '10ms'") != NULL);
        // For these nobody waits, or only who wants what goes.
        assert_true(brief || phase == PHASE_TABLE || phase == PHASE_VALIDATE ||
                    phase == PHASE_SETTLE || phase == PHASE_EMPTY);
        assert_int_equal(strstr(sql.data, "ADD CONSTRAINT") != NULL,
                         phase == PHASE_EXTEND || phase == PHASE_FORBID);
        assert_int_equal(strstr(sql.data, "NOT VALID") != NULL,
                         phase == PHASE_EXTEND || phase == PHASE_FORBID);
        strbuf_release(&sql);
    }
    struct phase_names with = state_names(&nothing, PHASE_EXTEND);
    struct phase_names without = state_names(&nothing, PHASE_FORBID);
    assert_true(text_equal(with.tables, text_of(nothing.including)));
    assert_true(text_equal(without.tables, text_of(nothing.excluding)));
    assert_true(text_equal(with.stem, text_of("science")));
}

static void the_specified_are_known(void **unused)
{
    (void)unused;
    assert_true(name_is_specified("religion_hierarchy"));
    assert_true(name_is_specified("subject8_hierarchy"));
    assert_false(name_is_specified("subject9_hierarchy"));
    assert_false(name_is_specified("hierarchy"));
    assert_false(name_is_specified(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_an_addition),
        cmocka_unit_test(of_a_removal),
        cmocka_unit_test(every_phase_has_its_sql),
        cmocka_unit_test(the_specified_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
