# SPDX-License-Identifier: Apache-2.0
"""Mutants of src/query: what a search may say, and of which moment."""

from mutant import Mutant

MUTANTS = [
    Mutant(
        name="scores-depend-on-lengths",
        guards="src/query/README 1",
        file="src/query/ranking.c",
        find="    double score = sum > 0 ? dot / sqrt(sum) : 0;",
        replace="    double score = sum > 0 ? dot / 400 : 0;",
        killer="u_limits:scores_are_cosines_whatever_the_lengths",
    ),
    Mutant(
        name="pending-rows-are-read-after-the-engine",
        guards=("src/query/README 2", "docs/architecture: life of a search"),
        file="src/query/ranking.c",
        find="    size_t id_count;\n    int32_t *ids = union_ids(run, hits, &id_count);\n",
        replace="    size_t id_count;\n"
                "    struct pg_conn *late = NULL;\n"
                "    enum grove_code read = pg_take(run->store->pool, &late, error);\n"
                "    if (read == GROVE_OK)\n"
                "        read = read_pending(run, late, error);\n"
                "    pg_give(&late);\n"
                "    if (read != GROVE_OK)\n"
                "        return read;\n"
                "    int32_t *ids = union_ids(run, hits, &id_count);\n",
        killer="u_search:a_row_projected_once_the_engine_has_answered",
    ),
    Mutant(
        name="ties-in-any-order",
        guards="src/query/README 3",
        file="src/query/ranking.c",
        find="    return (x->content_id > y->content_id) - (x->content_id < y->content_id);",
        replace="    return (x->content_id < y->content_id) - (x->content_id > y->content_id);",
        killer="u_search:odd_ties_change_no_order",
    ),
    Mutant(
        name="1970-is-no-bound",
        guards="src/vector/README 8",
        file="src/query/predicate.c",
        find="given_us == GROVE_1970 ? 0 : given_us;",
        replace="given_us == GROVE_1970 ? 1 : given_us;",
        killer="tests/e2e/test_times.py::test_bounds_are_postgresqls[1970-01-01 00:00:00-grove]",
    ),
    Mutant(
        name="page-begins-at-a-time-that-many-share",
        guards="src/query/README 3",
        file="src/query/browse.c",
        find="pg_timestamp_key(rows, (int)count - 1, CREATED_COLUMN);",
        replace="last->created_at_us == GROVE_NULL ? PG_NO_TIMESTAMP\n"
                "                      : last->created_at_us - 946684800000000;",
        killer="tests/e2e/test_times.py::test_pages_miss_and_repeat_nothing",
    ),
    Mutant(
        name="rows-without-a-time-come-first",
        guards="src/query/README 3",
        file="sql/queries/browse.sql",
        find="ORDER BY m.created_at DESC NULLS LAST, m.id DESC\n",
        replace="ORDER BY m.created_at DESC, m.id DESC\n",
        killer="u_limits:rows_without_a_time_come_last",
    ),
    Mutant(
        name="first-round-is-the-last",
        guards="src/query/README 4",
        file="src/query/ranking.c",
        find="        if (is_settled(run, &hits, reach)) {",
        replace="        if (is_settled(run, &hits, reach) || round == 1) {",
        killer="u_search:better_rows_behind_stale_ones_are_found",
    ),
    Mutant(
        name="shortage-is-not-noticed",
        guards="src/query/README 4",
        file="src/query/ranking.c",
        find="    if (code != GROVE_OK || matching <= known)\n        return code;",
        replace="    if (code != GROVE_OK || matching > -1)\n        return code;",
        killer="u_search:lost_points_degrade_and_are_found",
    ),
    Mutant(
        name="too-few-hits-are-all-there-are",
        guards="src/query/README: control flow",
        file="src/query/ranking.c",
        find="    if (code == GROVE_OK && !query.exact && ret->count < run->request->best_max) {",
        replace="    if (code == GROVE_OK && !query.exact && ret->count > "
                "run->request->best_max) {",
        killer="u_search:islands_are_reached_when_too_few_were_shown",
    ),
    Mutant(
        name="discover-is-approximate",
        guards="src/query/README: strategies",
        file="src/query/discover.c",
        find="                                     .exact = true,\n",
        replace="                                     .exact = false,\n",
        killer="u_search:discoveries_are_exact",
    ),
    Mutant(
        name="scores-and-rows-of-two-moments",
        guards=("src/query/README: what a result says", "docs/architecture: life of a search"),
        file="src/query/ranking.c",
        find="    return code == GROVE_OK ? pg_begin_snapshot(run->ranking->conn, error) : code;",
        replace="    return code == GROVE_OK ? pg_begin(run->ranking->conn, error) : code;",
        killer="u_search:rows_are_shown_as_they_were_compared",
    ),
    Mutant(
        name="engine-hits-are-not-filtered-again",
        guards="src/query/README: control flow",
        file="sql/queries/score.sql",
        find="  AND ($7::integer IS NULL OR m.word_count <= $7)\n",
        replace="  AND ($7::integer IS NULL OR $7 > -1)\n",
        killer="u_limits:a_hit_that_matches_no_more_drops_out",
    ),
    Mutant(
        name="cursor-of-another-query",
        guards="src/query/README 5",
        file="src/query/cursor.c",
        find="    if (query != fingerprint) {",
        replace="    if (query != fingerprint && query == 0) {",
        killer="u_query:cursors_go_round",
    ),
    Mutant(
        name="fingerprint-without-the-text",
        guards="src/query/README 5",
        file="src/query/predicate.c",
        find="    const struct text parts[] = {subject, predicate->path.tree,",
        replace="    const struct text parts[] = {{NULL, 0 * subject.length}, "
                "predicate->path.tree,",
        killer="u_query:a_fingerprint_tells_queries_apart",
    ),
    Mutant(
        name="query-vector-of-endless-numbers",
        guards="src/query/README 6",
        file="src/query/ranking.c",
        find="        if (!isfinite(x))\n",
        replace="        if (!isfinite(x) && i > EMBED_DIMENSION)\n",
        killer="u_limits:nothing_is_asked_about_bad_texts_and_vectors",
    ),
    Mutant(
        name="query-text-of-any-bytes",
        guards="src/query/README 6",
        file="src/query/ranking.c",
        find="        if (text_utf8_error(text) < text.length)\n",
        replace="        if (text_utf8_error(text) > text.length)\n",
        killer="u_limits:nothing_is_asked_about_bad_texts_and_vectors",
    ),
    Mutant(
        name="any-number-of-texts-in-a-query",
        guards="src/query/README 7",
        file="src/query/ranking.c",
        find="            run->unembedded++;\n            continue;\n",
        replace="            continue;\n",
        killer="u_limits:a_search_embeds_no_more_than_sixteen_texts",
    ),
]
