# SPDX-License-Identifier: Apache-2.0
"""Guards of the choice how a search is made (src/query/plan.h)."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="half-as-many-are-looked-through",
        guards="src/query/README: complete",
        file="src/query/plan.c",
        find="share * depth >= 2.0 * (double)facts->best_max",
        replace="share * depth >= 1.0 * (double)facts->best_max",
        killer="u_plan:where_most_rows_match_the_graph_is_asked_under_a_filter",
    ),
    Mutant(
        name="rows-of-a-document-are-looked-through",
        guards="src/query/README: complete",
        file="src/query/plan.c",
        find="facts->rows_likely > 0 && !facts->folds &&",
        replace="facts->rows_likely > 0 &&",
        killer="u_plan:where_most_rows_match_the_graph_is_asked_under_a_filter",
    ),
    Mutant(
        name="a-doubted-graph-is-looked-through",
        guards="src/query/README: complete",
        file="src/query/plan.c",
        find=" || doubt_of(&all))",
        replace=")",
        killer="u_plan:where_most_rows_match_the_graph_is_asked_under_a_filter",
    ),
    Mutant(
        name="exactly-through-all",
        guards="src/query/README: complete",
        file="src/query/source_projection.c",
        find="bool through_all = plan->through_all && !source->exact;",
        replace="bool through_all = plan->through_all;",
        killer="u_examined:where_too_few_of_the_best_match_all_are_compared",
    ),
    Mutant(
        name="more-is-looked-through-than-is-believed",
        guards="src/query/README: complete",
        file="src/query/ranking.c",
        find="        return run->plan.rows_max;\n",
        replace="        return reach_of(run->plan.rows_max);\n",
        killer="u_examined:where_too_few_of_the_best_match_all_are_compared",
    ),
    Mutant(
        name="too-few-are-looked-for-further-down",
        guards="src/query/README: complete",
        file="src/query/ranking.c",
        find="        if (run->plan.through_all && !run->exactly) {\n",
        replace="        if (run->plan.through_all && run->exactly) {\n",
        killer="u_examined:where_too_few_of_the_best_match_all_are_compared",
    ),
    Mutant(
        name="kept-rows-are-not-looked-through",
        guards="src/query/README: complete",
        file="src/query/listed.c",
        find="(predicate_is_filter(run->predicate) && !run->plan.through_all)",
        replace="predicate_is_filter(run->predicate)",
        killer="u_examined:where_most_match_the_best_of_all_are_looked_through",
    ),
    Mutant(
        name="words-have-a-kept-count",
        guards="src/query/README: complete",
        file="src/query/predicate.c",
        find="predicate->place_depth == 0 &&\n           !predicate_has_bounds(&bounds);",
        replace="predicate->place_depth == 0;",
        killer="u_examined:where_most_match_the_best_of_all_are_looked_through",
    ),
    Mutant(
        name="branches-have-a-kept-count",
        guards="src/query/README: complete",
        file="src/query/predicate.c",
        find="predicate_is_filter(predicate) && predicate->place_depth == 0 &&\n",
        replace="predicate_is_filter(predicate) &&\n",
        killer="u_examined:where_most_match_the_best_of_all_are_looked_through",
    ),
    Mutant(
        name="what-does-not-match-was-dropped",
        guards="src/query/README: complete",
        file="src/query/source_projection.c",
        find="    if (source->exact || !run->plan.through_all)\n",
        replace="",
        killer="u_examined:where_most_match_the_best_of_all_are_looked_through",
    ),
]
