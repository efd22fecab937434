# SPDX-License-Identifier: Apache-2.0
"""Guards of documents that are one hit (src/query/folding.md)."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="fewer-documents-are-taken-for-all",
        guards="src/query/folding 3",
        file="src/query/ranking.c",
        find="    return ranking->count < wanted ? -INFINITY :",
        replace="    return ranking->count == 0 ? -INFINITY :",
        killer="u_fold:rows_are_ranked_until_the_documents_are_found",
    ),
    Mutant(
        name="rows-behind-the-last-document-are-counted",
        guards="src/query/folding: matched",
        file="src/query/fold.c",
        find="    return folding->count == folding->wanted || folding->below_min;\n",
        replace="    return folding->count > folding->wanted || folding->below_min;\n",
        killer="u_fold:what_stands_behind_the_last_is_not_counted",
    ),
    Mutant(
        name="a-graph-is-believed-however-far-documents-are-down",
        guards="src/query/folding 6",
        file="src/query/ranking.c",
        find="    if (run->ranking->documents && run->folding.rows > plan->rows_max)\n",
        replace="    if (run->ranking->documents && run->folding.rows > 100 * plan->rows_max)\n",
        killer="u_examined:documents_further_down_are_asked_for_exactly",
    ),
    Mutant(
        name="documents-that-came-meanwhile-are-rows",
        guards="src/query/folding: whether there are documents",
        file="src/query/round.c",
        find="    ranking->chunked = !source->operations->ask || run->now.chunked;\n",
        replace="    ranking->chunked = !source->operations->ask || run->before.chunked;\n",
        killer="u_fold:documents_that_come_meanwhile",
    ),
    Mutant(
        name="rows-that-had-no-room-are-forgotten",
        guards="src/query/folding 3",
        file="src/query/ranking.c",
        find="run->best.more && settled_down_to(run) == -INFINITY",
        replace="run->best.more && settled_down_to(run) == INFINITY",
        killer="u_fold:documents_that_come_meanwhile",
    ),
    Mutant(
        name="a-row-below-the-minimum-counts",
        guards="src/query/folding 4",
        file="src/query/fold.c",
        find="            if (first[i].score < folding->score_min)\n",
        replace="            if (first[i].score < folding->score_min - 1)\n",
        killer="u_fold:a_minimum_score_bounds_what_is_counted",
    ),
    Mutant(
        name="documents-that-are-not-settled-are-shown",
        guards="src/query/folding 5",
        file="src/query/ranking.c",
        find="           run->ranking->items[settled].score > source->bound)\n",
        replace="           run->ranking->items[settled].score > -2)\n",
        killer="u_fold:the_page_ends_where_the_engine_shows_no_more",
    ),
    Mutant(
        name="the-document-of-what-is-similar-stays",
        guards="src/query/folding: similar",
        file="src/query/fold.c",
        find="        if (folding->except && documents[at_hand] != 0)\n",
        replace="        if (folding->except && documents[at_hand] < 0)\n",
        killer="u_fold:similar_leaves_out_its_document",
    ),
    Mutant(
        name="a-discovery-pages-from-rows-to-documents",
        guards="src/query/folding: discover",
        file="src/query/discover.c",
        find=" ^ (request->chunks ? CHUNKS_MARK : 0);",
        replace=";",
        killer="tests/e2e/test_fold.py::test_discovery_folds_and_pages",
        limit_seconds=300,
    ),
    Mutant(
        name="what-the-engine-lost-is-a-matter-of-documents",
        guards="src/query/README 4",
        file="src/query/ranking.c",
        find="               ? run->shown_all && !run->best.more &&",
        replace="               ? run->shown_all && run->best.more &&",
        killer="u_fold:what_the_engine_lost_is_noticed",
    ),
]
