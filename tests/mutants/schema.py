# SPDX-License-Identifier: Apache-2.0
"""Mutants of the migrations: what triggers keep, whoever writes."""

from mutant import Mutant

TRIGGERS = "sql/0003_triggers.sql"
CHANGES = "sql/0011_outbox_of_changes.sql"
COUNTS = "sql/0005_content_count.sql"
TRUNCATED = "sql/0015_truncated_tables.sql"
TREES = "sql/0017_tree_counts.sql"
HANDS = "sql/0020_rows_that_hands_take.sql"
PLACES = "sql/0032_place_counts.sql"

MUTANTS = [
    Mutant(
        name="deleted-content-keeps-its-state",
        guards="sql/README 1",
        file=CHANGES,
        find="    DELETE FROM grove.content_state WHERE content_id = ANY (content_ids);\n",
        replace="",
        killer="u_schema:what_is_deleted_leaves_an_outbox_row_only",
    ),
    Mutant(
        name="truncate-notes-nothing",
        guards="sql/README 1",
        file=TRIGGERS,
        find="    PERFORM grove.note_deleted(array_agg(content_id)) FROM grove.content_state "
             "HAVING count(*) > 0;\n",
        replace="",
        killer="u_schema:what_is_deleted_leaves_an_outbox_row_only",
    ),
    Mutant(
        name="change-of-a-time-is-not-projected",
        guards="sql/README 2",
        file=TRIGGERS,
        find="           n.chunk_number, n.word_count, n.created_at)\n"
             "          IS DISTINCT FROM\n"
             "          (o.hierarchy_table, o.leaf_id, o.content_type, o.title, "
             "o.content_summary,\n"
             "           o.chunk_number, o.word_count, o.created_at)\n",
        replace="           n.chunk_number, n.word_count)\n"
                "          IS DISTINCT FROM\n"
                "          (o.hierarchy_table, o.leaf_id, o.content_type, o.title, "
                "o.content_summary,\n"
                "           o.chunk_number, o.word_count)\n",
        killer="u_schema:every_change_that_is_projected_takes_a_revision",
    ),
    Mutant(
        name="removed-body-is-not-projected",
        guards="sql/README 2",
        file=TRIGGERS,
        find="    PERFORM grove.note_changed(array_agg(o.content_id))\n"
             "    FROM old_rows AS o\n"
             "    JOIN public.content_metadata AS m ON m.id = o.content_id\n"
             "    HAVING count(*) > 0;\n",
        replace="",
        killer="u_schema:every_change_that_is_projected_takes_a_revision",
    ),
    Mutant(
        name="update-of-nothing-takes-a-revision",
        guards="sql/README: a change",
        file=TRIGGERS,
        find="          IS DISTINCT FROM\n          (o.hierarchy_table, o.leaf_id,",
        replace="          IS NOT DISTINCT FROM\n          (o.hierarchy_table, o.leaf_id,",
        killer="u_triggers:what_no_engine_sees_takes_no_revision",
    ),
    Mutant(
        name="revision-drawn-before-the-lock",
        guards="sql/README 4",
        file=CHANGES,
        find="        ON CONFLICT (content_id) DO UPDATE SET revision = "
             "nextval('grove.revision_seq')\n",
        replace="        ON CONFLICT (content_id) DO UPDATE SET revision = excluded.revision\n",
        killer="u_triggers:revisions_rise_in_the_order_of_commits",
    ),
    Mutant(
        name="states-locked-in-another-order",
        guards=("docs/architecture: locks, 5", "sql/README: lock order"),
        file=CHANGES,
        find="        FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id) ORDER BY u.id)"
             " AS ids\n        ON CONFLICT (content_id) DO UPDATE SET",
        replace="        FROM (SELECT DISTINCT u.id FROM unnest(content_ids) AS u (id)"
                " ORDER BY u.id DESC) AS ids\n        ON CONFLICT (content_id) DO UPDATE SET",
        killer="u_triggers:two_contents_changed_in_opposite_order_lock_nobody_out",
    ),
    Mutant(
        name="writer-changes-a-row-of-the-outbox",
        guards=("sql/README: lock order", "src/sync/README 9"),
        file=CHANGES,
        find="    SELECT c.content_id, c.revision, false\n"
             "    FROM changed AS c\n"
             "    ORDER BY c.content_id;\n",
        replace="    SELECT c.content_id, c.revision, false\n"
                "    FROM changed AS c\n"
                "    ORDER BY c.content_id;\n"
                "    DELETE FROM grove.outbox AS o USING grove.content_state AS s\n"
                "    WHERE o.content_id = ANY (content_ids) AND s.content_id = o.content_id\n"
                "      AND o.revision < s.revision;\n",
        killer="u_writers:whatever_projectors_did_a_writer_goes_on",
    ),
    Mutant(
        name="embeddings-refer-to-contents",
        guards="sql/README: lock order",
        file=CHANGES,
        find="ALTER TABLE grove.embedding DROP CONSTRAINT IF EXISTS embedding_content_id_fkey;\n",
        replace="",
        killer="u_writers:whatever_projectors_did_a_writer_goes_on",
    ),
    Mutant(
        name="contents-go-by-the-rights-of-grove",
        guards="sql/README: failures",
        file=CHANGES,
        find="CREATE OR REPLACE FUNCTION grove.cascade_leaf() RETURNS trigger\n"
             "LANGUAGE plpgsql SET",
        replace="CREATE OR REPLACE FUNCTION grove.cascade_leaf() RETURNS trigger\n"
                "LANGUAGE plpgsql SECURITY DEFINER SET",
        killer="u_schema:a_session_deletes_what_it_may_delete",
    ),
    Mutant(
        name="anybody-makes-triggers-of-grove",
        guards="sql/README: failures",
        file=CHANGES,
        find="        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);\n",
        replace="        NULL;\n",
        killer="u_schema:no_function_does_what_its_caller_may_not",
    ),
    Mutant(
        name="half-a-lease-is-one",
        guards="sql/README 10",
        file="sql/0006_outbox_checks.sql",
        find="    ADD CONSTRAINT outbox_lease_whole CHECK ((lease_owner IS NULL) = "
             "(lease_until IS NULL)),\n",
        replace="",
        killer="tests/e2e/test_schema.py::test_a_row_that_breaks_a_rule_is_refused"
               "[outbox-lease_owner = 'somebody'-outbox_lease_whole]",
    ),
    Mutant(
        name="content-without-a-leaf",
        guards="sql/README 6",
        file=TRIGGERS,
        find="    IF found_leaf IS NULL THEN\n",
        replace="    IF found_leaf IS NULL AND false THEN\n",
        killer="u_schema:contents_lie_on_leaves_that_are_there",
    ),
    Mutant(
        name="leaf-is-not-locked",
        guards="sql/README 6",
        file=TRIGGERS,
        find="WHERE id = $1 FOR KEY SHARE'",
        replace="WHERE id = $1'",
        killer="u_triggers:a_leaf_waits_for_contents_under_way",
    ),
    Mutant(
        name="leaf-in-use-is-deleted",
        guards="sql/README 6",
        file=TRIGGERS,
        find="    IF contents > 0 THEN\n",
        replace="    IF contents < 0 THEN\n",
        killer="u_schema:contents_lie_on_leaves_that_are_there",
    ),
    Mutant(
        name="tree-in-use-is-truncated",
        guards="sql/README 6",
        file=TRIGGERS,
        find="    PERFORM FROM public.content_metadata WHERE hierarchy_table = TG_TABLE_NAME "
             "LIMIT 1;\n"
             "    IF FOUND THEN\n",
        replace="    PERFORM FROM public.content_metadata WHERE hierarchy_table = "
                "TG_TABLE_NAME LIMIT 1;\n"
                "    IF FOUND AND false THEN\n",
        killer="u_schema:contents_lie_on_leaves_that_are_there",
    ),
    Mutant(
        name="leaf-deleted-in-an-old-snapshot",
        guards="sql/README: failures",
        file=TRIGGERS,
        find="    IF current_setting('transaction_isolation') <> 'read committed' THEN\n",
        replace="    IF current_setting('transaction_isolation') = '' THEN\n",
        killer="u_schema:contents_lie_on_leaves_that_are_there",
    ),
    Mutant(
        name="id-of-a-content-changes",
        guards="sql/README: failures",
        file=TRIGGERS,
        find="    IF TG_OP = 'UPDATE' AND NEW.id IS DISTINCT FROM OLD.id THEN\n",
        replace="    IF TG_OP = 'UPDATE' AND NEW.id IS NULL THEN\n",
        killer="u_schema:what_is_deleted_leaves_an_outbox_row_only",
    ),
    Mutant(
        name="moved-content-is-counted-twice",
        guards="sql/README 8",
        file=COUNTS,
        find="              SELECT hierarchy_table, leaf_id, content_type, -1 FROM old_rows) "
             "AS changes\n",
        replace="              SELECT hierarchy_table, leaf_id, content_type, 0 FROM "
                "old_rows) AS changes\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="deleted-content-is-still-counted",
        guards="sql/README 8",
        file=COUNTS,
        find="               CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END\n",
        replace="               CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE 0 END\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="truncated-contents-are-still-counted",
        guards="sql/README 8",
        file=COUNTS,
        find="        TRUNCATE grove.content_count;\n",
        replace="        NULL;\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="trees-are-not-counted",
        guards="sql/README 8",
        file=TREES,
        find="        HAVING sum(contents) <> 0;\n    END IF;\n",
        replace="        HAVING sum(contents) = 0;\n    END IF;\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="deleted-content-is-still-counted-for-its-tree",
        guards="sql/README 8",
        file=TREES,
        find="THEN sum(contents) ELSE -sum(contents) END\n",
        replace="THEN sum(contents) ELSE 0 END\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="truncated-contents-are-still-counted-for-their-tree",
        guards="sql/README 8",
        file=TREES,
        find="        TRUNCATE grove.tree_count;\n",
        replace="        NULL;\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="recount-leaves-trees-as-they-are",
        guards="sql/README 8",
        file=PLACES,
        find="    DELETE FROM grove.tree_count;\n    INSERT",
        replace="    DELETE FROM grove.tree_count WHERE contents = 0;\n    INSERT",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="counts-of-trees-are-never-folded",
        guards="sql/README: nouns",
        file="sql/projector/fold_counts.sql",
        find="    DELETE FROM grove.tree_count\n    WHERE (SELECT so FROM alone)\n",
        replace="    DELETE FROM grove.tree_count\n    WHERE NOT (SELECT so FROM alone)\n",
        killer="u_schema:counts_of_trees_are_folded",
    ),
    Mutant(
        name="contents-are-not-counted-in-their-places",
        guards="sql/README 8",
        file=PLACES,
        find="               CASE TG_OP WHEN 'INSERT' THEN sum(c.contents) ELSE"
             " -sum(c.contents) END\n",
        replace="               CASE TG_OP WHEN 'INSERT' THEN sum(c.contents) ELSE 0 END\n",
        killer="u_place_counts:places_follow_every_change",
    ),
    Mutant(
        name="updated-contents-stay-in-their-places",
        guards="sql/README 8",
        file=PLACES,
        find="                    SELECT leaf_id, hierarchy_table, content_type, -1"
             " FROM old_rows) AS changes\n",
        replace="                    SELECT leaf_id, hierarchy_table, content_type, 0"
                " FROM old_rows) AS changes\n",
        killer="u_place_counts:places_follow_every_change",
    ),
    Mutant(
        name="updates-that-move-nothing-are-counted",
        guards="sql/README 8",
        file=PLACES,
        find="        HAVING sum(c.change) <> 0;\n",
        replace="        HAVING sum(c.change) <> 0 OR true;\n",
        killer="u_place_counts:what_moves_nothing_counts_nothing",
    ),
    Mutant(
        name="truncated-contents-are-still-counted-in-their-places",
        guards="sql/README 8",
        file=PLACES,
        find="        TRUNCATE grove.place_count;\n",
        replace="        NULL;\n",
        killer="u_place_counts:places_follow_every_change",
    ),
    Mutant(
        name="contents-are-counted-before-their-leaf-is-locked",
        guards="sql/README 8",
        file=PLACES,
        find="CREATE OR REPLACE TRIGGER grove_places_inserted AFTER INSERT",
        replace="CREATE OR REPLACE TRIGGER grove_leaves_counted AFTER INSERT",
        killer="u_place_counts:writers_wait_for_a_move",
    ),
    Mutant(
        name="contents-are-counted-out-before-their-state-is-locked",
        guards="sql/README 8",
        file=PLACES,
        find="CREATE OR REPLACE TRIGGER grove_places_deleted AFTER DELETE",
        replace="CREATE OR REPLACE TRIGGER grove_a_deleted AFTER DELETE",
        killer="u_place_counts:writers_wait_for_a_move",
    ),
    Mutant(
        name="contents-are-counted-anew-before-their-state-is-locked",
        guards="sql/README 8",
        file=PLACES,
        find="CREATE OR REPLACE TRIGGER grove_places_updated AFTER UPDATE",
        replace="CREATE OR REPLACE TRIGGER grove_a_updated AFTER UPDATE",
        killer="u_place_counts:writers_wait_for_a_move",
    ),
    Mutant(
        name="counts-stay-where-the-leaf-was",
        guards="sql/README 8",
        file=PLACES,
        find="    HAVING sum(l.change * c.contents) <> 0;\n",
        replace="    HAVING false;\n",
        killer="u_place_counts:places_follow_every_change",
    ),
    Mutant(
        name="leaves-are-looked-for-in-all-of-them",
        guards="sql/README: memory and cost",
        file=PLACES,
        find="                            OFFSET 0) AS l\n"
             "        GROUP BY GROUPING SETS ((l.branch_id, c.content_type),\n"
             "                                (l.branch_id, l.limb_id, c.content_type));\n",
        replace="                            ) AS l\n"
                "        GROUP BY GROUPING SETS ((l.branch_id, c.content_type),\n"
                "                                (l.branch_id, l.limb_id, c.content_type));\n",
        killer="u_place_counts:leaves_are_looked_up_by_their_key",
    ),
    Mutant(
        name="two-count-anew-at-once",
        guards="sql/README 8",
        file=PLACES,
        find="    LOCK TABLE grove.place_count IN SHARE UPDATE EXCLUSIVE MODE;\n",
        replace="",
        killer="u_place_counts:two_who_count_anew_wait_for_each_other",
    ),
    Mutant(
        name="what-is-counted-is-filled-in-once-more",
        guards="sql/README 8",
        file=PLACES,
        find="          SELECT k.branch_id, k.limb_id, k.content_type, -k.contents\n",
        replace="          SELECT k.branch_id, k.limb_id, k.content_type, 0\n",
        killer="u_place_counts:what_changes_meanwhile_is_counted_once",
    ),
    Mutant(
        name="branches-without-leaves-are-not-filled-in",
        guards="sql/README 8",
        file=PLACES,
        find="          WHERE k.branch_id > after AND (up_to IS NULL OR k.branch_id"
             " <= up_to)) AS p\n",
        replace="          WHERE k.branch_id > after AND k.branch_id <= up_to) AS p\n",
        killer="u_place_counts:a_branch_that_loses_all_leaves_is_filled_in",
    ),
    Mutant(
        name="places-are-counted-after-the-first-chunk",
        guards="sql/README 8",
        file=PLACES,
        find="    WHERE s.name = 'counted_places' AND (SELECT f.last IS NULL FROM filled AS f)\n",
        replace="    WHERE s.name = 'counted_places'\n",
        killer="u_place_counts:what_was_there_is_filled_in_by_branches",
    ),
    Mutant(
        name="places-of-before-are-taken-for-counted",
        guards="sql/README 8",
        file=PLACES,
        find="            THEN 'some' ELSE 'all' END\n",
        replace="            THEN 'all' ELSE 'all' END\n",
        killer="u_place_counts:a_database_of_before_is_filled",
    ),
    Mutant(
        name="an-empty-database-is-to-be-filled",
        guards="sql/README 8",
        file=PLACES,
        find="            THEN 'some' ELSE 'all' END\n",
        replace="            THEN 'some' ELSE 'some' END\n",
        killer="u_place_counts:an_empty_database_is_counted",
    ),
    Mutant(
        name="recount-leaves-places-as-they-are",
        guards="sql/README 8",
        file=PLACES,
        find="    SELECT grove.recount_places(0, NULL);\n",
        replace="    SELECT 1;\n",
        killer="u_schema:counts_follow_every_change",
    ),
    Mutant(
        name="counts-of-places-are-truncated-by-hand",
        guards="sql/README: failures",
        file=PLACES,
        find="CREATE OR REPLACE TRIGGER grove_keep_rows BEFORE TRUNCATE ON"
             " grove.place_count\n"
             "    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)",
        replace="CREATE OR REPLACE TRIGGER grove_keep_rows BEFORE TRUNCATE ON"
                " grove.place_count\n"
                "    FOR EACH STATEMENT WHEN (pg_trigger_depth() > 9)",
        killer="u_schema:what_grove_keeps_is_not_truncated",
    ),
    Mutant(
        name="counts-of-places-are-never-folded",
        guards="sql/README: nouns",
        file="sql/projector/fold_counts.sql",
        find="    HAVING count(*) > 1 OR sum(contents) = 0\n",
        replace="    HAVING count(*) > 99\n",
        killer="u_schema:counts_of_places_are_folded",
    ),
    Mutant(
        name="spoilt-vector-is-not-noticed",
        guards="sql/README 3",
        file="sql/0007_directions_and_times.sql",
        find="    WHERE NOT grove.is_direction(n.vector)\n",
        replace="    WHERE false\n",
        killer="u_projection_vectors:a_spoilt_vector_is_noticed",
    ),
    Mutant(
        name="zeros-are-a-direction",
        guards="sql/README 3",
        file="sql/0007_directions_and_times.sql",
        find="                AND encode(vector, 'hex') !~ '^(?:0{6}[08]0)*$'\n",
        replace="                AND encode(vector, 'hex') !~ '^(?:0{8})*$'\n",
        killer="u_projection_vectors:a_spoilt_vector_is_noticed",
    ),
    Mutant(
        name="numbers-need-not-be-finite",
        guards="sql/README 3",
        file="sql/0007_directions_and_times.sql",
        find="                AND encode(vector, 'hex') !~ '^(?:.{8})*.{4}[89a-f].[7f]f', false);",
        replace="                AND encode(vector, 'hex') !~ '^(?:.{8})*.{4}[89a-f].7f', false);",
        killer="u_projection_vectors:a_spoilt_vector_is_noticed",
    ),
    Mutant(
        name="points-without-a-time-stay-so",
        guards="src/vector/README 8",
        file="sql/0007_directions_and_times.sql",
        find="WHERE created_at < '0001-01-01' OR created_at >= '10000-01-01'\n",
        replace="WHERE created_at > '10000-01-01' AND created_at < 'infinity'\n",
        killer="u_projection_vectors:points_of_older_versions_are_written_anew",
    ),
    Mutant(
        name="points-with-short-vectors-stay-so",
        guards="src/vector/README 3",
        file="sql/0007_directions_and_times.sql",
        find="WHERE encode(e.vector, 'hex') ~ '^(?:.{6}(?:[0-289a].|[3b][0-9]))*$'\n",
        replace="WHERE false\n",
        killer="u_projection_vectors:points_of_older_versions_are_written_anew",
    ),
    Mutant(
        name="points-with-long-vectors-stay-so",
        guards="src/vector/README 3",
        file="sql/0007_directions_and_times.sql",
        find="   OR encode(e.vector, 'hex') ~ '^(?:.{8})*.{6}(?:[5d][d-f]|[67ef].)'\n",
        replace="",
        killer="u_projection_vectors:points_of_older_versions_are_written_anew",
    ),
    Mutant(
        name="truncated-in-an-old-snapshot",
        guards="sql/README: failures",
        file=TRUNCATED,
        find="    IF current_setting('transaction_isolation') <> 'read committed' THEN\n",
        replace="    IF current_setting('transaction_isolation') = '' THEN\n",
        killer="u_schema:an_old_snapshot_truncates_nothing",
    ),
    Mutant(
        name="truncated-bodies-are-not-projected",
        guards="sql/README 2",
        file=TRUNCATED,
        find="    PERFORM grove.note_changed(content_ids);\n",
        replace="",
        killer="u_schema:every_change_that_is_projected_takes_a_revision",
    ),
    Mutant(
        name="truncated-bodies-are-still-texts",
        guards="sql/README 11",
        file=TRUNCATED,
        find="    PERFORM grove.note_text_changed(content_ids);\n",
        replace="",
        killer="u_schema:bodies_that_are_truncated_are_no_texts",
    ),
    Mutant(
        name="bodies-are-noted-when-they-are-gone",
        guards="sql/README: a change",
        file=TRUNCATED,
        find="TRIGGER grove_text_truncated BEFORE TRUNCATE",
        replace="TRIGGER grove_text_truncated AFTER TRUNCATE",
        killer="u_schema:every_change_that_is_projected_takes_a_revision",
    ),
    Mutant(
        name="states-that-a-truncate-left-stay",
        guards="sql/README 1",
        file=TRUNCATED,
        find="WHERE NOT EXISTS (SELECT FROM public.content_metadata AS m",
        replace="WHERE false AND NOT EXISTS (SELECT FROM public.content_metadata AS m",
        killer="u_schema:states_of_nothing_go_with_the_migration",
    ),
    Mutant(
        name="contents-of-a-leaf-are-looked-for-in-all",
        guards="sql/README: memory and cost",
        file="sql/0018_leaves_by_index.sql",
        find="'hierarchy_table = TG_TABLE_NAME::text COLLATE \"default\"'",
        replace="'hierarchy_table = TG_TABLE_NAME::text'",
        killer="tests/e2e/test_schema.py::test_the_contents_of_a_leaf_are_looked_up_by_index",
    ),
    Mutant(
        name="a-vector-that-is-deleted-is-not-missed",
        guards="sql/README 3",
        file=HANDS,
        find="    WHERE o.model = (SELECT value",
        replace="    WHERE false AND o.model = (SELECT value",
        killer="u_projection_vectors:a_vector_that_is_taken_is_missed",
    ),
    Mutant(
        name="vectors-of-other-models-are-missed",
        guards="sql/README 3",
        file=HANDS,
        find="    WHERE o.model = (SELECT value FROM grove.setting WHERE name = 'model')\n",
        replace="",
        killer="u_projection_vectors:a_vector_of_another_model_is_not_missed",
    ),
    Mutant(
        name="vectors-that-are-truncated-are-not-missed",
        guards="sql/README 3",
        file=HANDS,
        find="    FOR EACH STATEMENT EXECUTE FUNCTION grove.embedding_truncated();",
        replace="    FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION grove.embedding_truncated();",
        killer="u_projection_vectors:a_vector_that_is_taken_is_missed",
    ),
    Mutant(
        name="a-state-that-is-taken-stays-away",
        guards="sql/README 1",
        file=HANDS,
        find="    IF content_ids IS NOT NULL THEN\n        PERFORM grove.note_changed(",
        replace="    IF content_ids IS NULL THEN\n        PERFORM grove.note_changed(",
        killer="u_projection_vectors:a_state_that_is_taken_comes_back",
    ),
    Mutant(
        name="a-new-state-vouches-for-an-old-vector",
        guards="sql/README 11",
        file=HANDS,
        find="        PERFORM grove.note_text_changed(content_ids);\n    END IF;\n    RETURN NULL;",
        replace="    END IF;\n    RETURN NULL;",
        killer="u_projection_vectors:a_state_that_is_taken_comes_back",
    ),
    Mutant(
        name="the-outbox-is-truncated",
        guards="sql/README 2",
        file=HANDS,
        find="    FOREACH name IN ARRAY ARRAY['subject', 'setting', 'outbox',",
        replace="    FOREACH name IN ARRAY ARRAY['subject', 'setting',",
        killer="u_schema:what_grove_keeps_is_not_truncated",
    ),
    Mutant(
        name="truncate-of-contents-leaves-their-counts",
        guards="sql/README 8",
        file=HANDS,
        find="                       ' FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)'",
        replace="                       ' FOR EACH STATEMENT'",
        killer="u_schema:what_is_deleted_leaves_an_outbox_row_only",
    ),
    Mutant(
        name="a-vector-is-given-to-another-content",
        guards="sql/README 11",
        file=HANDS,
        find="    FOR EACH ROW WHEN ((OLD.content_id, OLD.model) IS DISTINCT FROM",
        replace="    FOR EACH ROW WHEN (false AND (OLD.content_id, OLD.model) IS DISTINCT FROM",
        killer="u_schema:rows_stay_with_their_contents",
    ),
    Mutant(
        name="what-was-taken-before-is-never-missed",
        guards="sql/README 3",
        file=HANDS,
        find="WHERE NOT EXISTS (SELECT FROM grove.outbox AS o WHERE o.content_id = s.content_id)\n",
        replace="WHERE false\n",
        killer="u_projection_vectors:what_was_taken_before_is_missed_by_the_migration",
    ),
    Mutant(
        name="a-vector-that-a-hand-replaced-is-not-projected",
        guards="docs/deviations: triggers",
        file="sql/0029_replaced_vectors.sql",
        find="       OR (o.created_at = n.created_at AND o.vector <> n.vector)\n",
        replace="       OR (o.created_at = n.created_at AND false)\n",
        killer="tests/e2e/test_vectors.py::test_a_hand_replaces_a_vector",
        limit_seconds=240,
    ),
    Mutant(
        name="what-grove-writes-is-noted-twice",
        guards="docs/deviations: triggers",
        file="sql/0029_replaced_vectors.sql",
        find="       OR (o.created_at = n.created_at AND o.vector <> n.vector)\n",
        replace="       OR o.vector <> n.vector\n",
        killer="tests/e2e/test_vectors.py::test_what_grove_writes_is_no_hands",
        limit_seconds=240,
    ),
    Mutant(
        name="vector-in-between-counts-as-of-the-text-that-comes",
        guards="sql/README 11",
        file="sql/0034_noted_once.sql",
        find="                                                AND e.revision = s.revision)\n",
        replace="                                                AND e.revision = 0)\n",
        killer="u_triggers:a_change_that_could_be_missed_is_noted_again",
    ),
    Mutant(
        name="row-of-a-hand-is-taken-for-a-note",
        guards="sql/README 2",
        file="sql/0034_noted_once.sql",
        find="                              AND s.xmin = pg_current_xact_id()::xid\n",
        replace="",
        killer="u_triggers:a_change_that_could_be_missed_is_noted_again",
    ),
    Mutant(
        name="state-of-a-hand-is-taken-for-a-note",
        guards="sql/README 2",
        file="sql/0034_noted_once.sql",
        find="                              AND o.xmin = pg_current_xact_id()::xid\n",
        replace="",
        killer="u_triggers:a_change_that_could_be_missed_is_noted_again",
    ),
    Mutant(
        name="a-row-that-is-leased-stands-for-a-change",
        guards="sql/README: an outbox row",
        file="sql/0034_noted_once.sql",
        find="                              AND o.lease_owner IS NULL AND o.attempts = 0\n",
        replace="                              AND o.attempts = 0\n",
        killer="tests/e2e/test_schema.py::test_every_way_into_and_out_of_death_keeps_the_rules",
    ),
    Mutant(
        name="each-statement-is-a-change",
        guards="sql/README: a change",
        file="sql/0034_noted_once.sql",
        find="                        WHERE w.id IS NOT NULL)\n",
        replace="                        WHERE w.id IS NULL)\n",
        killer="u_triggers:what_a_transaction_does_to_a_content_is_one_change",
    ),
    Mutant(
        name="contents-are-inserted-on-leaves-that-are-not-there",
        guards="sql/README 6",
        file=PLACES,
        find="            EXIT WHEN held = cardinality(ids);\n",
        replace="            EXIT WHEN held >= 0;\n",
        killer="u_triggers:contents_wait_for_a_leaf_that_goes",
    ),
    Mutant(
        name="leaves-of-inserted-contents-are-not-locked",
        guards="sql/README 6",
        file=PLACES,
        find="                           ' ORDER BY t.id FOR KEY SHARE', leaves)\n",
        replace="                           ' ORDER BY t.id', leaves)\n",
        killer="u_triggers:a_leaf_waits_for_contents_under_way",
    ),
    Mutant(
        name="content-made-anew-has-the-vector-of-who-had-its-id",
        guards="sql/README 11",
        file="sql/0034_noted_once.sql",
        find="        SELECT ids.id, ids.number, ids.number\n",
        replace="        SELECT ids.id, ids.number, 0\n",
        killer="u_limits:a_content_made_anew_is_compared_by_its_own_text",
    ),
]
