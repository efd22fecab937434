# SPDX-License-Identifier: Apache-2.0
"""Guards of the choice how a search is made (src/query/plan.h), and of metadata."""

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
        find="    if (doubt_of(&all) || !are_among_best(facts))\n",
        replace="    if (!are_among_best(facts))\n",
        killer="u_plan:where_most_rows_match_the_graph_is_asked_under_a_filter",
    ),
    Mutant(
        name="what-is-not-kept-is-not-guessed",
        guards="src/query/README: complete",
        file="src/query/planner.c",
        find="    *ret = guess < (double)rows_max ? (int64_t)guess : rows_max;\n",
        replace="    *ret = guess < 0 ? rows_max : 0;\n",
        killer="u_examined:how_many_match_is_guessed",
    ),
    Mutant(
        name="any-guess-is-most",
        guards="src/query/README: complete",
        file="src/query/planner.c",
        find="    *ret = guess < (double)rows_max ? (int64_t)guess : rows_max;\n",
        replace="    *ret = guess >= 0 ? rows_max : 0;\n",
        killer="u_examined:how_many_match_is_guessed",
    ),
    Mutant(
        name="limbs-are-guessed-too",
        guards="src/query/README: complete",
        file="src/query/planner.c",
        find="run->predicate->place_depth > GUESSED_DEPTH",
        replace="run->predicate->place_depth > PREDICATE_LEVELS",
        killer="u_examined:how_many_match_is_guessed",
    ),
    Mutant(
        name="another-plan-looks-as-far-as-the-one-before",
        guards="src/query/README 8",
        file="src/query/ranking.c",
        find="        if (code == GROVE_OK && run->plan.through_all && !run->exactly)\n",
        replace="        if (code != GROVE_OK && run->plan.through_all && !run->exactly)\n",
        killer="u_examined:another_place_is_looked_through_as_far_as_examined",
    ),
    Mutant(
        name="kept-rows-of-the-moment-before-a-move",
        guards="src/query/README 10",
        file="src/query/planner.c",
        find="    kept_give(&run->listed);\n    run->before = run->now;\n",
        replace="    if (!moved)\n        kept_give(&run->listed);\n    run->before = run->now;\n",
        killer="u_examined:a_kept_row_that_changes_while_its_path_moves",
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
        name="near-rows-of-other-places-tell",
        guards="src/query/README: complete",
        file="src/query/ranking.c",
        find="    bool matches = run->plan.through_all && ranking->count >= telling;\n",
        replace="    bool matches = run->plan.through_all && ranking->count < telling;\n",
        killer="u_examined:near_rows_that_do_not_match_say_nothing",
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
    Mutant(
        name="metadata-are-not-asked",
        guards="src/query/metadata: how it is answered",
        file="sql/parts/bounds.sql",
        find="whole.metadata @> $8::jsonb",
        replace="whole.metadata @> '{}' AND $8::jsonb IS NOT NULL",
        killer="u_metadata:either_way_is_whole",
    ),
    Mutant(
        name="page-of-other-metadata-goes-on",
        guards="src/query/README 5",
        file="src/query/predicate.c",
        find="        strbuf_addf(&all, \"/%zu:\", "
             "predicate->metadata.length);\n        strbuf_add_text(&all, "
             "predicate->metadata);\n",
        replace="        strbuf_addf(&all, \"/%d:\", predicate->metadata.length > 0);\n",
        killer="u_metadata:pages_belong_to_their_metadata",
    ),
    Mutant(
        name="kept-counts-are-of-all-metadata",
        guards="src/query/metadata: how it is answered",
        file="src/query/browse.c",
        find="        !predicate->metadata.data) {\n",
        replace="        (!predicate->metadata.data || predicate->has_path)) {\n",
        killer="u_metadata:pages_belong_to_their_metadata",
    ),
    Mutant(
        name="first-page-is-of-all-metadata",
        guards="src/query/metadata: how it is answered",
        file="src/query/predicate.c",
        find="predicate->words_max != VECTOR_NONE || predicate->metadata.data;",
        replace="predicate->words_max != VECTOR_NONE;",
        killer="u_metadata:pages_belong_to_their_metadata",
    ),
    Mutant(
        name="few-of-the-best-are-all-that-have-the-metadata",
        guards="src/query/README 4",
        file="src/query/ranking.c",
        find="    if (run->predicate->metadata.data)\n        return "
             "relational_instead(run, error);\n",
        replace="    if (run->predicate->metadata.data && run->scored == 0)\n        "
                "return relational_instead(run, error);\n",
        killer="u_metadata:beyond_the_reach_postgresql_compares",
    ),
    Mutant(
        name="plan-of-a-moved-path-is-not-followed",
        guards="src/query/metadata: how it is answered",
        file="src/query/ranking.c",
        find="        if (run->plan.method == PLAN_RELATIONAL)\n            return "
             "relational(run, error);\n    }\n",
        replace="        if (run->plan.method == PLAN_RELATIONAL && repeats > 9)\n"
                "            return "
                "relational(run, error);\n    }\n",
        killer="u_metadata:the_path_may_come_to_lead_elsewhere",
    ),
    Mutant(
        name="push-down-is-asked-for-in-vain",
        guards="src/query/metadata: how it is answered",
        file="src/query/plan.c",
        find="        facts->asked != GROVE_STRATEGY_PUSH_DOWN)\n        return "
             "(struct plan){.method = "
             "PLAN_RELATIONAL,\n                             .reason = \"only",
        replace="        facts->asked >= GROVE_STRATEGY_AUTO)\n        return "
                "(struct plan){.method = "
                "PLAN_RELATIONAL,\n                             .reason = \"only",
        killer="u_metadata:push_down_is_what_was_asked_for",
    ),
    Mutant(
        name="member-of-metadata-is-there-twice",
        guards="src/query/metadata: bad input",
        file="src/query/predicate.c",
        find="            if (text_equal(json_text(other), name))\n",
        replace="            if (text_equal(json_text(other), name) && name.length > "
                "100)\n",
        killer="u_metadata:what_is_no_condition_is_told",
    ),
    Mutant(
        name="list-is-compared-as-metadata",
        guards="src/query/metadata: bad input",
        file="src/query/predicate.c",
        find="        if (yyjson_is_ctn(value))\n",
        replace="        if (yyjson_is_ctn(value) && name.length > 100)\n",
        killer="u_metadata:what_is_no_condition_is_told",
    ),
    Mutant(
        name="value-in-quotes-is-a-number",
        guards="docs/cli: --meta",
        file="src/commands/filter.c",
        find="        strbuf_add(object, equals + 1);\n    else\n",
        replace="        strbuf_add(object, equals[1] == '\"' ? \"1\" : equals + "
                "1);\n    else\n",
        killer="tests/e2e/test_metadata.py::test_what_the_metadata_has[options6-wanted6]",
    ),
]
