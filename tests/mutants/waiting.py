# SPDX-License-Identifier: Apache-2.0
"""Guards of searches where thousands of rows wait (src/query/waiting.h)."""

from mutant import Mutant

FILE = "src/query/waiting.c"
CHANGED = "u_waiting:what_was_kept_of_a_row_that_changed_does_not_count"

MUTANTS = [
    Mutant(
        name="what-is-kept-counts-whatever-its-revision",
        guards="src/query/README 10",
        file=FILE,
        find=" && kept->revisions[at] == row->revision)",
        replace=")",
        killer=CHANGED,
    ),
    Mutant(
        name="the-first-row-of-a-content-counts",
        guards="src/query/README 10",
        file=FILE,
        find="        if (i + 1 == count || self->items[i].id != self->items[i + 1].id)",
        replace="        if (i == 0 || self->items[i].id != self->items[i - 1].id)",
        killer=CHANGED,
    ),
    Mutant(
        name="what-is-kept-counts-whatever-its-model",
        guards="src/query/README 10",
        file=FILE,
        find="    if (self->kept && self->kept->model != (int)self->run->precision)",
        replace="    if (self->kept && self->kept->model > 1000)",
        killer="u_waiting:what_was_kept_of_another_model_does_not_count",
    ),
    Mutant(
        name="a-row-without-a-vector-is-kept",
        guards="src/query/README 10",
        file=FILE,
        find="        row->known = good ? KEPT : VECTORLESS;",
        replace="        row->known = KEPT;",
        killer="u_waiting:a_row_that_had_no_vector_is_read_each_time",
    ),
    Mutant(
        name="one-portion-of-the-near-is-all",
        guards="src/query/README 4",
        file=FILE,
        find="    } while (code == GROVE_OK && portion.count > 0);",
        replace="    } while (code == GROVE_OK && portion.count > FIRST_PORTION);",
        killer="u_waiting:only_what_may_be_among_the_best_is_read",
    ),
    Mutant(
        name="hits-that-wait-are-passed-over-beside-a-list",
        guards="src/query/README 4",
        file="src/query/source_projection.c",
        find="hits_wait = run->by_list || run->waiting.fast ? WAITING_ADDED\n",
        replace="hits_wait = run->waiting.fast ? WAITING_ADDED\n",
        killer=CHANGED,
    ),
    Mutant(
        name="all-that-wait-are-listed",
        guards="src/query/README: memory",
        file=FILE,
        find="    self->too_many = count > listed_max();",
        replace="    self->too_many = count > KEPT_MAX;",
        killer="u_waiting:too_many_are_read_as_they_are",
    ),
    Mutant(
        name="every-search-reads-vectors-to-keep",
        guards="src/query/README: memory",
        file=FILE,
        find="    enum grove_code code = long_lock_take(&store->waiting_lock, self->run->call, "
             "error);",
        replace="    enum grove_code code = GROVE_OK;\n    (void)error;",
        killer="u_waiting:one_search_reads_vectors_at_a_time",
    ),
    Mutant(
        name="who-reads-vectors-to-keep-is-never-done",
        guards="src/query/README: memory",
        file=FILE,
        find="    long_lock_give(&store->waiting_lock);\n",
        replace="",
        killer="u_waiting:one_search_reads_vectors_at_a_time",
    ),
    Mutant(
        name="who-waited-reads-the-same-vectors-again",
        guards="src/query/README: memory",
        file=FILE,
        find="    take_kept(self);\n    if (count_known(self, UNKNOWN) >= WORTH_KEEPING)",
        replace="    if (count_known(self, UNKNOWN) >= WORTH_KEEPING)",
        killer="u_waiting:who_waited_reads_nothing",
    ),
    Mutant(
        name="what-is-kept-of-a-long-table-stays",
        guards="src/query/README: memory",
        file=FILE,
        find="    if (self->count < WORTH_KEEPING)\n        kept_forget(&store->waiting);\n",
        replace="",
        killer="u_waiting:nothing_is_kept_where_few_wait",
    ),
    Mutant(
        name="what-is-kept-of-a-short-table-stays",
        guards="src/query/README: memory",
        file=FILE,
        find="    if (!is_long)\n        kept_forget(&run->store->waiting);\n",
        replace="",
        killer="u_waiting:nothing_is_kept_where_few_wait",
    ),
    Mutant(
        name="kept-vectors-stand-for-no-row-in-a-place",
        guards="src/query/README: control flow",
        file="src/query/plan.c",
        find="kept ? PLAN_ROWS_PER_KEPT : PLAN_ROWS_PER_WAITING;",
        replace="PLAN_ROWS_PER_WAITING;",
        killer="u_plan:what_waits_is_sooner_found_among_few",
    ),
    Mutant(
        name="an-index-tells-how-many-wait",
        guards="src/query/README: control flow",
        file="sql/queries/waiting_max.sql",
        find=" WHERE ctid >= '(0,0)' LIMIT",
        replace=" LIMIT",
        killer="u_bounds:plans_for_any_parameters_are_good",
    ),
    Mutant(
        name="an-index-tells-which-wait",
        guards="src/query/README: control flow",
        file="sql/queries/waiting_rows.sql",
        find=" WHERE ctid >= '(0,0)' LIMIT",
        replace=" LIMIT",
        killer="u_bounds:plans_for_any_parameters_are_good",
    ),
]
