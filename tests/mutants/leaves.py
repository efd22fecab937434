# SPDX-License-Identifier: Apache-2.0
"""Mutants of grove.leaf: numbers that stay, leaves that move, points that lack numbers."""

from mutant import Mutant

LEAVES = "sql/0013_leaf_table.sql"
POINTS = "sql/0014_numbered_points.sql"

GONE = "sql/0033_contents_that_go.sql"
KILLER = "tests/e2e/test_remove_and_move.py::test_a_content_goes_while_another_changes_it"

MUTANTS = [
    Mutant(
        name="a-content-that-is-gone-gets-a-state",
        guards="sql/README 1",
        file=GONE,
        find="    WHERE s.content_id = ANY (content_ids)\n",
        replace="    WHERE s.content_id = ANY (content_ids) AND false\n",
        killer=f"{KILLER}[moves]",
        limit_seconds=120,
    ),
    Mutant(
        name="what-is-gone-waits-as-if-it-were-there",
        guards="sql/README: An outbox row",
        file=GONE,
        find="    PERFORM grove.note_deleted(array_agg(s.content_id))\n",
        replace="    DELETE FROM grove.content_state AS s\n"
                "    WHERE s.content_id = ANY (content_ids) AND NOT EXISTS (\n"
                "        SELECT FROM public.content_metadata AS m WHERE m.id = s.content_id);\n"
                "    PERFORM count(*)\n",
        killer=f"{KILLER}[moves]",
        limit_seconds=120,
    ),
    Mutant(
        name="a-content-that-is-made-anew-loses-its-state",
        guards="sql/README 1",
        file=GONE,
        find="      AND NOT EXISTS (SELECT FROM public.content_metadata AS m"
             " WHERE m.id = s.content_id)\n    HAVING count(*) > 0;\nEND $$;\n",
        replace="    HAVING count(*) > 0;\nEND $$;\n",
        killer=f"{KILLER}[moves_and_comes]",
        limit_seconds=120,
    ),
    Mutant(
        name="an-older-snapshot-gives-a-state-to-what-is-gone",
        guards="sql/README 1",
        file=GONE,
        find="    IF current_setting('transaction_isolation') <> 'read committed' THEN\n"
             "        PERFORM FROM",
        replace="    IF content_ids IS NULL THEN\n        PERFORM FROM",
        killer=f"{KILLER}[vector_in_an_old_snapshot]",
        limit_seconds=120,
    ),
    Mutant(
        name="path-is-found-in-one-form",
        guards="src/content/README 18",
        file="src/query/predicate.c",
        find="code = read_place_in_form(predicate, PATH_COMPOSED,",
        replace="code = read_place_in_form(predicate, PATH_DECOMPOSED,",
        killer="tests/e2e/test_bad_rows.py::test_each_row_is_refused_or_right[by_load]",
        limit_seconds=120,
    ),
    Mutant(
        name="renamed-branch-is-another-one",
        guards="sql/README 12",
        file=LEAVES,
        find="    WHERE b.branch_id = u.branch_id AND u.name = ANY (free);\n",
        replace="    WHERE b.branch_id = u.branch_id AND u.name = ANY (free) AND false;\n",
        killer="u_leaves:what_is_renamed_keeps_its_number_and_what_moves_is_projected",
    ),
    Mutant(
        name="renamed-limb-is-another-one",
        guards="sql/README 12",
        file=LEAVES,
        find="    WHERE m.limb_id = u.limb_id;\n",
        replace="    WHERE m.limb_id = u.limb_id AND false;\n",
        killer="u_leaves:what_is_renamed_keeps_its_number_and_what_moves_is_projected",
    ),
    Mutant(
        name="part-of-a-branch-renames-it",
        guards="sql/README 12",
        file=LEAVES,
        find="             AND count(*) = (SELECT count(*) FROM grove.leaf AS a "
             "WHERE a.branch_id = l.branch_id)\n",
        replace="",
        killer="u_leaves:what_is_renamed_keeps_its_number_and_what_moves_is_projected",
    ),
    Mutant(
        name="taken-name-renames-a-branch",
        guards="sql/README 12",
        file=LEAVES,
        find=" AND u.name = ANY (free);\n",
        replace=";\n",
        killer="u_leaves:a_rename_to_a_name_that_comes_is_a_move",
    ),
    Mutant(
        name="branch-is-renamed-beside-a-new-leaf",
        guards=("sql/README 12", "sql/README: lock order"),
        file=LEAVES,
        find="          ORDER BY b.branch\n          FOR UPDATE) AS h;\n",
        replace="          ORDER BY b.branch) AS h;\n",
        killer="u_leaves:a_leaf_that_comes_meanwhile_makes_a_rename_a_move",
    ),
    Mutant(
        name="limb-is-renamed-beside-a-new-leaf",
        guards=("sql/README 12", "sql/README: lock order"),
        file=LEAVES,
        find="          ORDER BY m.branch_id, m.limb\n          FOR UPDATE) AS h;\n",
        replace="          ORDER BY m.branch_id, m.limb) AS h;\n",
        killer="u_leaves:a_leaf_that_comes_meanwhile_makes_the_same_of_a_limb",
    ),
    Mutant(
        name="new-leaf-does-not-hold-its-branch",
        guards=("sql/README 12", "sql/README: lock order"),
        file=LEAVES,
        find="              ORDER BY b.branch\n              FOR KEY SHARE) AS h;\n",
        replace="              ORDER BY b.branch) AS h;\n",
        killer="u_leaves:a_leaf_waits_for_a_rename_and_gets_a_new_branch",
    ),
    Mutant(
        name="new-leaf-does-not-hold-its-limb",
        guards=("sql/README 12", "sql/README: lock order"),
        file=LEAVES,
        find="              ORDER BY l.branch_id, l.limb\n              FOR KEY SHARE) AS h;\n",
        replace="              ORDER BY l.branch_id, l.limb) AS h;\n",
        killer="u_leaves:a_leaf_waits_for_a_rename_and_gets_a_new_limb",
    ),
    Mutant(
        name="new-leaf-does-not-hold-its-tree",
        guards=("sql/README 12", "sql/README: lock order"),
        file=LEAVES,
        find="WHERE s.hierarchy_table = leaves FOR KEY SHARE;\n",
        replace="WHERE s.hierarchy_table = leaves;\n",
        killer="u_leaves:a_leaf_that_comes_has_the_name_of_its_renamed_tree",
    ),
    Mutant(
        name="contents-that-move-are-not-projected",
        guards="sql/README 2",
        file=LEAVES,
        find="        WHERE (l.branch_id, l.limb_id) IS DISTINCT FROM (b.branch_id, m.limb_id)\n",
        replace="        WHERE false\n",
        killer="u_leaves:contents_that_come_to_a_leaf_that_moves_are_noted",
    ),
    Mutant(
        name="leaf-moves-in-an-old-snapshot",
        guards="sql/README: failures",
        file=LEAVES,
        find="    IF ids IS NOT NULL THEN\n"
             "        IF current_setting('transaction_isolation') <> 'read committed' THEN\n",
        replace="    IF ids IS NOT NULL THEN\n"
                "        IF current_setting('transaction_isolation') = '' THEN\n",
        killer="u_leaves:an_old_snapshot_moves_nothing",
    ),
    Mutant(
        name="tree-is-truncated-in-an-old-snapshot",
        guards="sql/README: failures",
        file=LEAVES,
        find="    IF current_setting('transaction_isolation') <> 'read committed' THEN\n"
             "        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',\n"
             "            MESSAGE = format('cannot truncate",
        replace="    IF current_setting('transaction_isolation') = '' THEN\n"
                "        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',\n"
                "            MESSAGE = format('cannot truncate",
        killer="u_schema:an_old_snapshot_truncates_nothing",
    ),
    Mutant(
        name="readers-of-the-view-lose-the-table",
        guards="sql/README 9",
        file=LEAVES,
        find="        EXECUTE format('GRANT SELECT ON grove.leaf_filled TO %s%s', "
             "right_of.grantee,\n",
        replace="        PERFORM format('GRANT SELECT ON grove.leaf_filled TO %s%s', "
                "right_of.grantee,\n",
        killer="u_leaves:a_view_becomes_a_table",
    ),
    Mutant(
        name="wrong-leaves-are-not-told",
        guards="sql/README 12",
        file=LEAVES,
        find="            '    OR (m.branch_id, m.limb) IS DISTINCT FROM (l.branch_id, t.limb)', "
             "subject.leaves)\n",
        replace="            '', subject.leaves)\n",
        killer="u_leaves:wrong_leaves_are_told",
    ),
    Mutant(
        name="projector-of-before-keeps-its-lease",
        guards="sql/leaves: points",
        file=POINTS,
        find="UPDATE grove.outbox\nSET lease_owner = NULL, lease_until = NULL,",
        replace="UPDATE grove.outbox\nSET lease_owner = 'x', lease_until = lease_until,",
        killer="u_numbers:a_projector_of_before_ends_nothing",
    ),
    Mutant(
        name="late-write-of-before-wins",
        guards="sql/leaves: points",
        file=POINTS,
        find="WHERE o.lease_owner IS NOT NULL\nHAVING count(*) > 0;\n",
        replace="WHERE false\nHAVING count(*) > 0;\n",
        killer="u_numbers:a_projector_of_before_ends_nothing",
    ),
    Mutant(
        name="projector-of-before-leases-again",
        guards="sql/leaves: points",
        file=POINTS,
        find="CHECK (lease_owner !~ '^[0-9]+-[0-9a-f]{16}$');",
        replace="CHECK (lease_owner !~ '^$');",
        killer="u_numbers:a_projector_of_before_ends_nothing",
    ),
    Mutant(
        name="points-of-before-count-as-numbered",
        guards="sql/leaves: points",
        file=POINTS,
        find="EXISTS (SELECT FROM grove.content_state) THEN",
        replace="EXISTS (SELECT FROM grove.content_state WHERE content_id < 0) THEN",
        killer="u_numbers:points_of_before_get_numbers",
    ),
    Mutant(
        name="points-are-numbered-beside-a-projector-of-before",
        guards="sql/leaves: points",
        file="sql/projector/numbered.sql",
        find="           AND NOT s.changed_at BETWEEN",
        replace="           OR s.changed_at BETWEEN",
        killer="u_numbers:points_of_before_get_numbers",
    ),
    Mutant(
        name="all-points-have-numbers-before-the-last-are-in",
        guards="sql/leaves: points",
        file="sql/projector/number_points.sql",
        find="    SET value = CASE WHEN (SELECT count(*) FROM next) < $1 THEN 'all'\n",
        replace="    SET value = CASE WHEN (SELECT count(*) FROM next) <= $1 THEN 'all'\n",
        killer="u_numbers:points_get_numbers_some_at_a_time",
    ),
    Mutant(
        name="engine-is-asked-for-numbers-that-points-lack",
        guards="sql/leaves: points",
        file="src/query/predicate.c",
        find="    predicate->by_leaves = !pg_bool(rows, 0, 4) &&",
        replace="    predicate->by_leaves = !pg_bool(rows, 0, 4) && !rows &&",
        killer="u_numbers:points_of_before_get_numbers",
    ),
    Mutant(
        name="a-name-is-the-place-it-was",
        guards="src/query/README 2",
        file="sql/queries/same_leaves.sql",
        find="             AND l.hierarchy_table = $5 AND l.branch = $2\n",
        replace="             AND l.hierarchy_table = $5 AND ($2::text IS NOT NULL)\n",
        killer="u_numbers:a_path_may_come_to_name_another_place",
    ),
    Mutant(
        name="contents-of-other-places-match",
        guards="src/query/README 2",
        file="sql/parts/in_place.sql",
        find="l.leaf_id = m.leaf_id))\n",
        replace="l.leaf_id = m.leaf_id) OR true)\n",
        killer="u_numbers:what_has_moved_away_is_not_shown",
    ),
    Mutant(
        name="points-have-no-number-of-their-branch",
        guards="sql/leaves: points",
        file="src/sync/projector.c",
        find="        .branch_id = pg_is_null(rows, r, 13) ?",
        replace="        .branch_id = !pg_is_null(rows, r, 13) ?",
        killer="u_numbers:a_path_is_a_number_for_the_engine",
    ),
    Mutant(
        name="engine-is-not-told-the-branch",
        guards="sql/leaves: points",
        file="src/vector/filter.c",
        find='    add_number(conditions, "branch_id", filter->branch_id);\n',
        replace="",
        killer="u_qdrant:filters",
    ),
]
