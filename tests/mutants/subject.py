# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/subject: changes of subjects."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="old-check-goes-before-the-next-is-validated",
        guards=("src/subject/README 1", "src/subject/README 2"),
        file="sql/subject/extend.sql",
        find="ADD CONSTRAINT valid_hierarchy_table_next",
        replace="DROP CONSTRAINT valid_hierarchy_table, ADD CONSTRAINT valid_hierarchy_table_next",
        killer="u_change:an_addition_that_ends_anywhere_is_finished_or_taken_back",
    ),
    Mutant(
        name="check-is-never-validated",
        guards="src/subject/README 2",
        file="src/subject/state.c",
        find=": !state->next_valid ? PHASE_VALIDATE",
        replace=": !state->next_valid && !state ? PHASE_VALIDATE",
        killer="u_change:an_addition_is_as_the_template",
    ),
    Mutant(
        name="changes-of-subjects-mix",
        guards="src/subject/README 3",
        file="src/subject/change.c",
        find="    bool taken = pg_is_pooled(self->conn);",
        replace="    bool taken = pg_is_pooled(self->conn) || self->conn;",
        killer="u_change_waits:two_changes_are_made_one_after_the_other",
    ),
    Mutant(
        name="lock-of-changes-stays-in-the-pool",
        guards="docs/architecture: locks, 4",
        file="src/subject/change.c",
        find="        pg_spoil(self->conn);",
        replace="        (void)pg_is_pooled(self->conn);",
        killer="u_change_waits:no_lock_is_left_behind",
    ),
    Mutant(
        name="strangers-table-is-dropped",
        guards="src/subject/README 4",
        file="src/subject/state.c",
        find="    enum grove_code code = half ? check_place(state, error) : GROVE_OK;",
        replace="    enum grove_code code = half && !state ? check_place(state, error) : GROVE_OK;",
        killer="u_change:a_stranger_s_table_is_never_dropped",
    ),
    Mutant(
        name="strangers-table-is-taken",
        guards="src/subject/README 4",
        file="src/subject/state.c",
        find="state->table_there && !state->table_ours ? state->table : state->alike;",
        replace="state->table_there && !state ? state->table : state->alike;",
        killer="u_change:bad_input_changes_nothing",
    ),
    Mutant(
        name="specified-subject-is-removed",
        guards="src/subject/README 5",
        file="src/subject/state.c",
        find="    if (name_is_specified(state->table)) {",
        replace="    if (name_is_specified(state->table) && !state) {",
        killer="u_change:the_specified_stay",
    ),
    Mutant(
        name="script-is-not-what-is-done",
        guards="src/subject/README 6",
        file="src/subject/script.c",
        find="    without.tables = text_of(NAME_SPECIFIED_TABLES);\n",
        replace="",
        killer="u_change:the_scripts_do_what_the_command_does",
    ),
    Mutant(
        name="name-goes-into-sql-as-it-is",
        guards="src/subject/README 7",
        file="src/subject/name.c",
        find="        if (!is_lower(*c) && !(*c >= '0' && *c <= '9') && *c != '_')\n"
             "            return false;",
        replace="        if (*c == '.')\n            return false;",
        killer="u_change:bad_input_changes_nothing",
    ),
    Mutant(
        name="altered-check-is-replaced",
        guards="src/subject/README 8",
        file="src/subject/state.c",
        find="    if (state->check_sound)\n        return GROVE_OK;",
        replace="    if (state->check_sound || state)\n        return GROVE_OK;",
        killer="u_change:bad_input_changes_nothing",
    ),
    Mutant(
        name="contents-go-unasked",
        guards="src/subject/README 9",
        file="src/subject/state.c",
        find="    if (state->contents > 0 && !progress->with_contents)\n"
             "        return refuse_contents(state, error);",
        replace="    if (state->contents > 0 && !progress->with_contents && !state)\n"
                "        return refuse_contents(state, error);",
        killer="u_change:a_removal_leaves_nothing",
    ),
    Mutant(
        name="content-that-came-meanwhile-goes",
        guards="src/subject/README 9",
        file="src/subject/state.c",
        find="    if (state->contents > 0 && !progress->with_contents)\n        *ret = PHASE_KEEP;",
        replace="    if (state->contents > 0 && !progress->with_contents && !state)\n"
                "        *ret = PHASE_KEEP;",
        killer="u_change:a_removal_without_leave_to_empty_is_taken_back",
    ),
    Mutant(
        name="others-wait-behind-a-change",
        guards="docs/extending: what happens",
        file="src/subject/phase.c",
        find="                PHASE_PATIENT_MS, PHASE_BRIEF_MS);",
        replace="                PHASE_PATIENT_MS, 100 * PHASE_BRIEF_MS);",
        killer="u_state:every_phase_has_its_sql",
    ),
    Mutant(
        name="change-fails-where-it-should-wait",
        guards="docs/extending: what happens",
        file="src/subject/change.c",
        find='strcmp(error->sqlstate, "55P03") == 0 ||',
        replace='strcmp(error->sqlstate, "55P04") == 0 ||',
        killer="u_change_waits:a_change_waits_for_a_long_transaction",
    ),
]
